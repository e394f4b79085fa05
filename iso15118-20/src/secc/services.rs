//! Services: what is listed, described, and selected.

use exi_codec::iso20::common_messages::{
    Parameter, ParameterSet, ParameterValue, Service, ServiceDetailRes, ServiceDiscoveryReq,
    ServiceDiscoveryRes, ServiceSelectionReq,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::{List, Str};

use super::engine::Core;
use super::{Detail, Pending, Reply};
use crate::end::Refusal;
use crate::message::{EncodeError, Response, refusal};
use crate::sequence::{Asked, Guard};
use crate::service::{
    Fee, MAX_OFFERS, MAX_PARAMETER_SETS, MAX_VALUE_ADDED, Offer, Selection, Service as Energy, ValueAdded,
    ValueAddedSet,
};

/// Whether renegotiation of services was advertised: the first answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advertised {
    NotYet,
    Yes,
    No,
}

/// What the vehicle knows of the services.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) advertised: Advertised,
    /// Whether services were announced, and of which offers the parameters (one bit each).
    discovered: bool,
    detailed: u8,
    value_added: u8,
    /// What was selected before the pause.
    pub(super) resumed: Option<Selection>,
}

impl Known {
    pub(super) const NONE: Self = Self {
        advertised: Advertised::NotYet,
        discovered: false,
        detailed: 0,
        value_added: 0,
        resumed: None,
    };
}

impl<'a> Core<'a> {
    /// After a pause, where renegotiation was not advertised, nothing but what was selected then is on offer.
    fn is_bound(&self) -> Option<Selection> {
        self.services.resumed.filter(|_| self.services.advertised != Advertised::Yes)
    }

    fn offers(&self) -> impl Iterator<Item = (usize, &'a Offer<'a>)> + use<'a> {
        let (family, bound) = (self.family(), self.is_bound().map(|selection| selection.service));
        let mine =
            move |service: Energy| service.family() == family && bound.is_none_or(|only| only == service);
        self.config.offers.iter().enumerate().filter(move |(_, offer)| mine(offer.service))
    }

    fn offer(&self, service_id: u16) -> Option<(usize, &'a Offer<'a>)> {
        let service = Energy::from_number(service_id)?;
        self.config
            .offers
            .iter()
            .enumerate()
            .find(|(_, offer)| offer.service == service && service.family() == self.family())
    }

    fn value_added_offer(&self, service_id: u16) -> Option<usize> {
        let service = ValueAdded::from_number(service_id)?;
        self.config.value_added.iter().position(|offer| offer.service == service)
    }

    /// [V2G20-1248]: value-added services are listed as far as the vehicle supports them.
    pub(super) fn discovery(&mut self, asked: Asked, message: &ServiceDiscoveryReq<'_>) {
        self.services.discovered = true;
        self.services.detailed = 0;
        self.services.value_added = 0;
        if self.services.advertised == Advertised::NotYet {
            self.services.advertised = if self.config.service_renegotiation.is_offered() {
                self.sequence.grant(Guard::RenegotiationOffered);
                Advertised::Yes
            } else {
                Advertised::No
            };
        }
        let mut listed = 0;
        for (index, offer) in self.config.value_added.iter().enumerate() {
            let number = offer.service.number();
            if message.supported_service_ids.is_none_or(|ids| ids.iter().any(|id| id == number)) {
                listed |= 1 << index;
            }
        }
        self.answer_with(asked, ResponseCode::Ok, Processing::Finished, Detail::Services(listed));
    }

    pub(super) fn encode_services(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Detail::Services(listed) = reply.detail else {
            return refusal(reply.asked.kind, self.header(), reply.code).encode(out);
        };
        let entry = |service_id, fee| Service { service_id, free_service: fee == Fee::Free };
        let mut services = [Service::default(); MAX_OFFERS];
        let mut count = 0;
        for (place, (_, offer)) in services.iter_mut().zip(self.offers()) {
            *place = entry(offer.service.number(), offer.fee);
            count += 1;
        }
        let mut extras = [Service::default(); MAX_VALUE_ADDED];
        let mut extra = 0;
        let wanted = self.config.value_added.iter().enumerate().filter(|(index, _)| listed & 1 << index != 0);
        for (place, (_, offer)) in extras.iter_mut().zip(wanted) {
            *place = entry(offer.service.number(), offer.fee);
            extra += 1;
        }
        Response::ServiceDiscoveryRes(ServiceDiscoveryRes {
            header: self.header(),
            response_code: reply.code,
            service_renegotiation_supported: self.services.advertised == Advertised::Yes,
            energy_transfer_service_list: List::new(services.get(..count).unwrap_or_default()),
            vas_list: (extra > 0).then(|| List::new(extras.get(..extra).unwrap_or_default())),
        })
        .encode(out)
    }

    pub(super) fn service_detail(&mut self, asked: Asked, service_id: u16) {
        let discovered = self.services.discovered;
        let energy = self.offers().find(|(_, offer)| offer.service.number() == service_id);
        if let Some((index, _)) = energy.filter(|_| discovered) {
            self.services.detailed |= 1 << index;
            return self.answer_with(asked, ResponseCode::Ok, Processing::Finished, Detail::Offer(index));
        }
        match self.value_added_offer(service_id).filter(|_| discovered) {
            Some(index) => {
                self.services.value_added |= 1 << index;
                self.answer_with(asked, ResponseCode::Ok, Processing::Finished, Detail::ValueAdded(index));
            }
            // [V2G20-464]
            None => self.refuse(asked, ResponseCode::FailedServiceIdInvalid, Refusal::Content),
        }
    }

    pub(super) fn encode_service_detail(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        match reply.detail {
            Detail::Offer(index) => self.encode_energy_detail(reply, index, out),
            Detail::ValueAdded(index) => self.encode_value_added_detail(reply, index, out),
            _ => refusal(reply.asked.kind, self.header(), reply.code).encode(out),
        }
    }

    fn encode_energy_detail(
        &self,
        reply: &Reply,
        index: usize,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let Some(offer) = self.config.offers.get(index) else {
            return refusal(reply.asked.kind, self.header(), reply.code).encode(out);
        };
        let bound = self.is_bound().map(|selection| selection.parameters.id);
        let sets = offer.sets.iter().filter(|set| bound.is_none_or(|only| only == set.id));
        let mut parameters = [const { None }; MAX_PARAMETER_SETS];
        let mut count = 0;
        for (place, set) in parameters.iter_mut().zip(sets) {
            *place = Some((set.id, set.write(offer.service)));
            count += 1;
        }
        let mut list = NO_SETS;
        for (place, set) in list.iter_mut().zip(&parameters) {
            if let Some((id, (all, count))) = set {
                let parameter = List::new(all.get(..*count).unwrap_or_default());
                *place = ParameterSet { parameter_set_id: *id, parameter };
            }
        }
        self.encode_sets(reply, offer.service.number(), list.get(..count).unwrap_or_default(), out)
    }

    fn encode_value_added_detail(
        &self,
        reply: &Reply,
        index: usize,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let Some(offer) = self.config.value_added.get(index) else {
            return refusal(reply.asked.kind, self.header(), reply.code).encode(out);
        };
        let none = Parameter { name: Str::new(""), value: ParameterValue::IntValue(0) };
        let mut parameters = [[none; 2]; MAX_PARAMETER_SETS];
        for (place, set) in parameters.iter_mut().zip(offer.sets) {
            *place = set.write();
        }
        let mut list = NO_SETS;
        for ((place, set), all) in list.iter_mut().zip(offer.sets).zip(&parameters) {
            *place = ParameterSet { parameter_set_id: set.id(), parameter: List::new(all) };
        }
        let count = offer.sets.len().min(MAX_PARAMETER_SETS);
        self.encode_sets(reply, offer.service.number(), list.get(..count).unwrap_or_default(), out)
    }

    fn encode_sets(
        &self,
        reply: &Reply,
        service_id: u16,
        sets: &[ParameterSet<'_>],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        Response::ServiceDetailRes(ServiceDetailRes {
            header: self.header(),
            response_code: reply.code,
            service_id,
            service_parameter_list: List::new(sets),
        })
        .encode(out)
    }

    pub(super) fn service_selection(&mut self, asked: Asked, message: &ServiceSelectionReq<'_>) {
        let wanted = message.selected_energy_transfer_service;
        if let Some(bound) = self.is_bound()
            && (wanted.service_id, wanted.parameter_set_id) != (bound.service.number(), bound.parameters.id)
        {
            // [V2G20-1956]
            let code = ResponseCode::FailedNoServiceRenegotiationSupported;
            return self.refuse(asked, code, Refusal::Content);
        }
        let Some((index, offer)) = self.offer(wanted.service_id) else {
            return self.refuse(asked, ResponseCode::FailedNoEnergyTransferServiceSelected, Refusal::Content);
        };
        let detailed = self.services.detailed & 1 << index != 0;
        let set = offer.sets.iter().find(|set| detailed && set.id == wanted.parameter_set_id);
        let (Some(parameters), Some(extras)) = (set, self.selected_extras(message)) else {
            return self.refuse(asked, ResponseCode::FailedServiceSelectionInvalid, Refusal::Content);
        };
        self.forget_service();
        self.selection = Some(Selection { service: offer.service, parameters: *parameters });
        self.value_added = extras;
        self.pending.raise(Pending::SELECTED);
        if extras.iter().any(Option::is_some) {
            self.pending.raise(Pending::VALUE_ADDED);
        }
        self.ok(asked);
    }

    /// The value-added services selected; none if any of them is not on offer with that set.
    fn selected_extras(
        &self,
        message: &ServiceSelectionReq<'_>,
    ) -> Option<[Option<ValueAddedSet>; MAX_VALUE_ADDED]> {
        let mut extras = [None; MAX_VALUE_ADDED];
        for wanted in message.selected_vas_list.iter().flat_map(List::iter) {
            let index = self.value_added_offer(wanted.service_id)?;
            let known = self.services.value_added & 1 << index != 0;
            let offer = self.config.value_added.get(index).filter(|_| known)?;
            let set = offer.sets.iter().find(|set| set.id() == wanted.parameter_set_id)?;
            *extras.get_mut(index)? = Some(*set);
        }
        Some(extras)
    }

    /// The services are open again: nothing of the old selection counts, authorization stays [V2G20-1477].
    pub(super) fn forget_service_and_ask(&mut self) {
        self.forget_service();
        self.services.resumed = None;
        self.sequence.revoke(Guard::Resumed);
    }

    /// Whether the vehicle may use the side stream of parking.
    pub(super) fn may_park(&self) -> bool {
        self.family() == crate::service::Family::Acdp
            || self.value_added.iter().flatten().any(|set| set.service() == ValueAdded::ParkingStatus)
    }
}

/// Filled in as far as needed.
const NO_SETS: [ParameterSet<'static>; MAX_PARAMETER_SETS] =
    [const { ParameterSet { parameter_set_id: 0, parameter: List::new(&[]) } }; MAX_PARAMETER_SETS];
