//! The way to a selected service: protocols, services, parameter sets.

use exi_codec::app_protocol::{AppProtocol, SupportedAppProtocolReq};
use exi_codec::iso20::common_messages::{
    SelectedService, ServiceDetailReq, ServiceDetailRes, ServiceDiscoveryReq, ServiceDiscoveryRes,
    ServiceSelectionReq,
};
use exi_codec::{List, Ranged, Str};

use super::config::check_wishes;
use super::{Core, Evcc, EvccConfigError, Flags, MAX_VALUE_ADDED_WISHES, MAX_WISHES, Pending, Sides, Wish};
use crate::end::Cause;
use crate::message::{EncodeError, MessageKind as K, Request};
use crate::sequence::Guard;
use crate::service::{Family, Parameters, Selection, Service, ValueAdded, ValueAddedSet};

/// Where the search for a service stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Wishes whose service is offered and whose parameters are still to be asked for, one bit each.
    unasked: u16,
    /// The same for value-added services, by wish.
    unasked_extra: u8,
    /// The best parameter set so far, with the place of its wish.
    best: Option<(usize, Selection)>,
}

impl Search {
    pub(super) const NONE: Self = Self { unasked: 0, unasked_extra: 0, best: None };
}

/// Service IDs without repetition.
struct Ids {
    ids: [u16; MAX_WISHES],
    len: usize,
}

impl Ids {
    fn add(&mut self, id: u16) {
        if !self.as_slice().contains(&id)
            && let Some(place) = self.ids.get_mut(self.len)
        {
            *place = id;
            self.len += 1;
        }
    }

    fn as_slice(&self) -> &[u16] {
        self.ids.get(..self.len).unwrap_or_default()
    }
}

impl<'a> Evcc<'a> {
    /// What to select from the next choice of a service on, best first; in place of the wishes of the configuration.
    /// A choice is made in every new session, and after [`renegotiate_service`](Self::renegotiate_service) and its like
    /// in the family of services that the session began with.
    ///
    /// # Errors
    /// [`EvccConfigError::Wishes`] and [`EvccConfigError::Family`]: nothing has changed.
    pub fn set_wishes(&mut self, wishes: &'a [Wish]) -> Result<(), EvccConfigError> {
        check_wishes(wishes)?;
        self.core.wishes = wishes;
        Ok(())
    }
}

impl Core<'_> {
    /// The families of the wishes, best first. A paused session goes before all.
    fn families(&self) -> ([Family; Family::ALL.len()], usize) {
        let mut families = [Family::Dc; Family::ALL.len()];
        let mut len = 0;
        let paused = self.paused.map(|paused| paused.selection.service);
        let wished = self.config.wishes.iter().map(|wish| wish.service);
        for family in paused.into_iter().chain(wished).map(Service::family) {
            if !families.iter().take(len).any(|known| *known == family)
                && let Some(place) = families.get_mut(len)
            {
                *place = family;
                len += 1;
            }
        }
        (families, len)
    }

    pub(super) fn encode_offer(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (families, len) = self.families();
        let mut index = 0;
        let offer = families.map(|family| {
            index += 1;
            AppProtocol {
                protocol_namespace: Str::new(family.namespace()),
                version_number_major: 1,
                version_number_minor: 0,
                schema_id: index,
                priority: Ranged::clamped(u16::from(index)),
            }
        });
        let app_protocol = List::new(offer.get(..len).unwrap_or_default());
        Request::SupportedAppProtocolReq(SupportedAppProtocolReq { app_protocol }).encode(out)
    }

    /// Follows the charger's choice. A minor version that deviates is no obstacle.
    pub(super) fn negotiated(&mut self, schema_id: Option<u8>) {
        let (families, len) = self.families();
        let index = schema_id.and_then(|id| usize::from(id).checked_sub(1)).filter(|index| *index < len);
        let Some(family) = index.and_then(|index| families.get(index)) else {
            return self.finish(Cause::InvalidResponse(K::SupportedAppProtocolRes));
        };
        self.sequence.set_family(*family);
        self.sides = Sides::new(*family);
        if self.paused.is_some_and(|paused| paused.selection.service.family() != *family) {
            self.begin_anew();
        }
    }

    pub(super) fn encode_discovery(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let mut ids = Ids { ids: [0; MAX_WISHES], len: 0 };
        let family = self.family();
        for wish in self.config.wishes.iter().filter(|wish| wish.service.family() == family) {
            ids.add(wish.service.number());
        }
        for wish in self.config.value_added {
            ids.add(wish.service().number());
        }
        Request::ServiceDiscoveryReq(ServiceDiscoveryReq {
            header: self.header(),
            // Wishes may have changed to other families: then there is nothing to name, and nothing will be found.
            supported_service_ids: (ids.len > 0).then(|| List::new(ids.as_slice())),
        })
        .encode(out)
    }

    pub(super) fn discovered(&mut self, message: &ServiceDiscoveryRes<'_>) {
        // Only the first answer counts [V2G20-1477].
        if !self.flags.has(Flags::DISCOVERED) && message.service_renegotiation_supported {
            self.flags.set(Flags::RENEGOTIABLE);
            self.sequence.grant(Guard::RenegotiationOffered);
        }
        self.flags.set(Flags::DISCOVERED);
        self.search = Search::NONE;
        self.value_added = [None; MAX_VALUE_ADDED_WISHES];
        let family = self.family();
        let wishes = self.config.wishes;
        for (index, wish) in wishes.iter().enumerate() {
            let mut offered = message.energy_transfer_service_list.iter();
            let offered = offered.any(|service| service.service_id == wish.service.number());
            let earlier = wishes.iter().take(index).any(|other| other.service == wish.service);
            if offered && !earlier && wish.service.family() == family {
                self.search.unasked |= 1 << index;
            }
        }
        let wishes = self.config.value_added;
        for (index, wish) in wishes.iter().enumerate() {
            let offered = message
                .vas_list
                .is_some_and(|list| list.iter().any(|service| service.service_id == wish.service().number()));
            let earlier = wishes.iter().take(index).any(|other| other.service() == wish.service());
            if offered && !earlier {
                self.search.unasked_extra |= 1 << index;
            }
        }
        if self.search.unasked == 0 {
            self.leave(Cause::NoService);
        }
    }

    /// The first service whose parameters are still to be asked for.
    fn next_unasked(&self) -> Option<u16> {
        let wish = self.config.wishes.get(self.search.unasked.trailing_zeros() as usize);
        let extra = self.config.value_added.get(self.search.unasked_extra.trailing_zeros() as usize);
        wish.map(|wish| wish.service.number()).or(extra.map(|wish| wish.service().number()))
    }

    pub(super) fn has_unasked(&self) -> bool {
        self.next_unasked().is_some()
    }

    pub(super) fn detail_request(&self) -> Request<'static> {
        let service_id = self.next_unasked().unwrap_or_default();
        Request::ServiceDetailReq(ServiceDetailReq { header: self.header(), service_id })
    }

    pub(super) fn detailed(&mut self, message: &ServiceDetailRes<'_>) {
        if self.next_unasked() != Some(message.service_id) {
            return self.leave(Cause::InvalidResponse(K::ServiceDetailRes));
        }
        if self.search.unasked == 0 {
            self.search.unasked_extra &= self.search.unasked_extra.wrapping_sub(1);
            return self.extra_detailed(message);
        }
        self.search.unasked &= self.search.unasked.wrapping_sub(1);
        let Some(service) = Service::from_number(message.service_id) else { return };
        for set in message.service_parameter_list {
            let Some(parameters) = Parameters::read(service, &set) else { continue };
            let mut wishes = self.config.wishes.iter();
            let wish = wishes.position(|wish| wish.service == service && wish.accepts(&parameters));
            if let Some(wish) = wish
                && self.search.best.is_none_or(|(best, _)| wish < best)
            {
                self.search.best = Some((wish, Selection { service, parameters }));
            }
        }
        if self.search.unasked == 0 && self.search.best.is_none() {
            self.leave(Cause::NoService);
        }
    }

    fn extra_detailed(&mut self, message: &ServiceDetailRes<'_>) {
        let Some(service) = ValueAdded::from_number(message.service_id) else { return };
        for set in message.service_parameter_list {
            let Some(set) = ValueAddedSet::read(service, &set) else { continue };
            let wishes = self.config.value_added.iter().zip(&mut self.value_added);
            for (_, place) in wishes.filter(|(wish, _)| wish.accepts(set)) {
                *place = place.or(Some(set));
            }
        }
    }

    pub(super) fn encode_selection(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let selected = |id: u16, set: u16| SelectedService { service_id: id, parameter_set_id: set };
        let energy = self.search.best.map_or(SelectedService::default(), |(_, best)| {
            selected(best.service.number(), best.parameters.id)
        });
        let mut extras = [SelectedService::default(); MAX_VALUE_ADDED_WISHES];
        let mut len = 0;
        for (place, set) in extras.iter_mut().zip(self.value_added.iter().flatten()) {
            *place = selected(set.service().number(), set.id());
            len += 1;
        }
        let extras = extras.get(..len).unwrap_or_default();
        Request::ServiceSelectionReq(ServiceSelectionReq {
            header: self.header(),
            selected_energy_transfer_service: energy,
            selected_vas_list: (!extras.is_empty()).then_some(List::new(extras)),
        })
        .encode(out)
    }

    pub(super) fn service_selected(&mut self) {
        self.selection = self.search.best.map(|(_, selection)| selection);
        self.pending.raise(Pending::SELECTED);
    }

    /// Back at the choice of a service: what belonged to the last one is forgotten, the authorization stays.
    pub(super) fn renegotiated(&mut self) {
        self.config.wishes = self.wishes;
        self.search = Search::NONE;
        self.selection = None;
        self.flags.forget_service();
    }
}
