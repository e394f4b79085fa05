//! Requests: session, sequence, content, in this order.

use exi_codec::app_protocol::{self, SupportedAppProtocolReq};
use exi_codec::iso20::common_messages::{
    self as common, AReqAuthorizationMode, AuthorizationReq, EvpptControlMode, PowerDeliveryReq,
    ScheduleExchangeReq, SeReqControlMode, ServiceSelectionReq,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::iso20::dc::{DcChargeLoopReq, DcChargeParameterDiscoveryReq, DcPreChargeReq};

use super::limits::{declared, round};
use super::{Authorization, AuthorizationDecision, Core, Detail, Isolation, Pending, T, VehicleStatus};
use crate::end::{Cause, Refusal};
use crate::message::{MessageKind, Request};
use crate::schedule::Schedule;
use crate::sequence::{Asked, Guard, Stage, Step};
use crate::service::{ControlMode, Family, Selection, Service};
use crate::settings::{PreChargeEnd, PreChargeTarget, Timing, Transport};
use crate::text::Text;

/// The only schedule tuple on offer.
pub(super) const TUPLE: u32 = 1;

impl Core<'_> {
    pub(super) fn handle(&mut self, asked: Asked, request: &Request<'_>) {
        if let Some(header) = request.header() {
            // All zero is no exception: only a session setup may come without the session's ID [V2G20-460].
            if asked.kind != MessageKind::SessionSetupReq && header.session_id != self.session {
                return self.refuse(asked, ResponseCode::FailedUnknownSession, Refusal::Content);
            }
        }
        self.update_guards();
        if self.sequence.check(asked).is_err() {
            let code = match (self.sequence.stage(), asked.step) {
                (Stage::SessionStop, Step::ServiceRenegotiation) => {
                    ResponseCode::FailedNoServiceRenegotiationSupported
                }
                _ => ResponseCode::FailedSequenceError,
            };
            return self.refuse(asked, code, Refusal::Content);
        }
        if self.is_barred(asked) {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Host);
        }
        self.content(asked, request);
    }

    fn update_guards(&mut self) {
        let tolerated = self.config.settings.pre_charge_end == PreChargeEnd::VoltageMatches;
        if tolerated && self.voltages_match() {
            self.sequence.grant(Guard::PreChargeMatched);
        } else {
            self.sequence.revoke(Guard::PreChargeMatched);
        }
    }

    fn content(&mut self, asked: Asked, request: &Request<'_>) {
        match request {
            Request::SupportedAppProtocolReq(message) => self.negotiate(asked, message),
            Request::SessionSetupReq(message) => {
                self.vehicle_id = Text::copied(&message.evcc_id);
                self.answer(asked, ResponseCode::OkNewSessionEstablished, Processing::Finished);
            }
            Request::AuthorizationReq(message) => self.authorization(asked, message),
            Request::ServiceDiscoveryReq(_) => {
                self.discovered = true;
                self.ok(asked);
            }
            Request::ServiceDetailReq(message) => self.service_detail(asked, message.service_id),
            Request::ServiceSelectionReq(message) => self.service_selection(asked, message),
            Request::DcChargeParameterDiscoveryReq(message) => self.charge_parameters_asked(asked, message),
            Request::ScheduleExchangeReq(message) => self.schedule_exchange(asked, message),
            Request::DcCableCheckReq(_) => self.cable_check(asked),
            Request::DcPreChargeReq(message) => self.pre_charge(asked, message),
            Request::PowerDeliveryReq(message) => self.power_delivery(asked, message),
            Request::DcChargeLoopReq(message) => self.charge_loop(asked, message),
            Request::SessionStopReq(_) if asked.step == Step::Pause => {
                // Pausing needs an invitation in Dynamic and a profile of 0 W in Scheduled; neither is given.
                self.refuse(asked, ResponseCode::FailedPauseNotAllowed, Refusal::Content);
            }
            // Nothing in these can be wrong: the sequence has spoken.
            Request::AuthorizationSetupReq(_)
            | Request::DcWeldingDetectionReq(_)
            | Request::SessionStopReq(_) => {
                self.ok(asked);
            }
            // Kinds without a row in the table of this family do not come this far.
            _ => self.refuse(asked, ResponseCode::FailedSequenceError, Refusal::Content),
        }
    }

    fn negotiate(&mut self, asked: Asked, message: &SupportedAppProtocolReq<'_>) {
        use app_protocol::ResponseCode as Negotiation;
        // Priorities run from 1; of equal ones the first wins.
        let best = message
            .app_protocol
            .iter()
            .filter(|entry| {
                entry.version_number_major == 1 && entry.protocol_namespace == *Family::Dc.namespace()
            })
            .min_by_key(|entry| entry.priority.get());
        let (choice, cause) = match (self.transport, best) {
            (Transport::Plain, _) => (None, Cause::NotSecured),
            (_, best) => (best, Cause::NoProtocol),
        };
        let (code, detail) = match choice {
            Some(entry) if entry.version_number_minor == 0 => (
                ResponseCode::Ok,
                Detail::Protocol(Negotiation::OkSuccessfulNegotiation, Some(entry.schema_id)),
            ),
            Some(entry) => (
                ResponseCode::Ok,
                Detail::Protocol(
                    Negotiation::OkSuccessfulNegotiationWithMinorDeviation,
                    Some(entry.schema_id),
                ),
            ),
            None => (ResponseCode::Failed, Detail::Protocol(Negotiation::FailedNoNegotiation, None)),
        };
        self.answer_with(asked, code, Processing::Finished, detail);
        if choice.is_none() {
            self.finish(cause);
        }
    }

    fn authorization(&mut self, asked: Asked, message: &AuthorizationReq<'_>) {
        let external = message.selected_authorization_service == common::Authorization::Eim
            && matches!(message.authorization_mode, AReqAuthorizationMode::Eim);
        if !external {
            let code = ResponseCode::WarningAuthorizationSelectionInvalid;
            return self.answer(asked, code, Processing::Finished);
        }
        match self.authorization {
            Authorization::Decided(AuthorizationDecision::Accepted) | Authorization::Granted => {
                self.authorization = Authorization::Granted;
                self.clear(T::Authorization);
                self.ok(asked);
            }
            Authorization::Decided(AuthorizationDecision::Rejected) => {
                // The vehicle may ask again, and the host is asked again then.
                self.authorization = Authorization::Open;
                self.answer(asked, ResponseCode::WarningEimAuthorizationFailure, Processing::Finished);
            }
            Authorization::Decided(AuthorizationDecision::WaitingForCustomer) => {
                self.answer(asked, ResponseCode::Ok, Processing::OngoingWaitingForCustomerInteraction);
            }
            Authorization::Open => {
                if self.deadlines.get(T::Authorization as usize).is_none() {
                    self.set(T::Authorization, self.config.settings.timing.authorization);
                    self.pending.raise(Pending::AUTHORIZATION);
                }
                self.answer(asked, ResponseCode::Ok, Processing::Ongoing);
            }
        }
    }

    fn offer(&self, service_id: u16) -> Option<usize> {
        let service = Service::from_number(service_id)?;
        self.config.offers.iter().position(|offer| offer.service == service)
    }

    fn service_detail(&mut self, asked: Asked, service_id: u16) {
        match self.offer(service_id).filter(|_| self.discovered) {
            Some(index) => {
                self.detailed |= 1 << index;
                self.answer_with(asked, ResponseCode::Ok, Processing::Finished, Detail::Offer(index));
            }
            None => self.refuse(asked, ResponseCode::FailedServiceIdInvalid, Refusal::Content),
        }
    }

    fn service_selection(&mut self, asked: Asked, message: &ServiceSelectionReq<'_>) {
        let wanted = message.selected_energy_transfer_service;
        let Some(index) = self.offer(wanted.service_id) else {
            return self.refuse(asked, ResponseCode::FailedNoEnergyTransferServiceSelected, Refusal::Content);
        };
        let detailed = self.detailed & (1 << index) != 0;
        let offer = self.config.offers.get(index).filter(|_| detailed && message.selected_vas_list.is_none());
        let selection = offer.and_then(|offer| {
            let parameters = offer.sets.iter().find(|set| set.id == wanted.parameter_set_id)?;
            Some(Selection { service: offer.service, parameters: *parameters })
        });
        match selection {
            Some(selection) => {
                self.selection = Some(selection);
                self.plant.isolation = None;
                self.vehicle.pre_charge = None;
                self.pending.raise(Pending::SELECTED);
                self.ok(asked);
            }
            None => self.refuse(asked, ResponseCode::FailedServiceSelectionInvalid, Refusal::Content),
        }
    }

    fn charge_parameters_asked(&mut self, asked: Asked, message: &DcChargeParameterDiscoveryReq<'_>) {
        let (direction, limits) = declared(&message.energy_transfer_mode);
        self.announced = self.plant.limits.directed(self.direction());
        if direction != self.direction() || !limits.meets(&self.announced) {
            return self.refuse(asked, ResponseCode::FailedWrongChargeParameter, Refusal::Content);
        }
        self.vehicle.declared = limits;
        self.vehicle.live = limits;
        self.pending.raise(Pending::LIMITS);
        self.ok(asked);
    }

    fn mode(&self) -> Option<ControlMode> {
        self.selection.map(|selection| selection.parameters.control_mode)
    }

    fn schedule_exchange(&mut self, asked: Asked, message: &ScheduleExchangeReq<'_>) {
        let mode = match message.control_mode {
            SeReqControlMode::Dynamic(_) => ControlMode::Dynamic,
            SeReqControlMode::Scheduled(_) => ControlMode::Scheduled,
        };
        if Some(mode) != self.mode() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        let now = self.calendar.at(self.now);
        let limits = self.announced.permitted(self.plant.permit);
        let discharge = limits.discharge.unwrap_or_default().max_power;
        self.schedule = match self.plant.schedule {
            Some(schedule) => schedule.capped(limits.charge.max_power),
            None => Schedule::flat(now, limits.charge.max_power),
        };
        self.discharge_schedule = match self.plant.discharge_schedule {
            Some(schedule) => schedule.capped(discharge),
            None => Schedule::flat(now, discharge),
        };
        self.ok(asked);
    }

    fn cable_check(&mut self, asked: Asked) {
        match self.plant.isolation {
            Some(Isolation::Valid) => self.ok(asked),
            Some(Isolation::Fault) => self.refuse(asked, ResponseCode::Failed, Refusal::Plant),
            None => {
                if self.deadlines.get(T::Isolation as usize).is_none() {
                    self.set(T::Isolation, Timing::before(self.config.settings.timing.cable_check));
                    self.pending.raise(Pending::ISOLATION);
                }
                self.answer(asked, ResponseCode::Ok, Processing::Ongoing);
            }
        }
    }

    fn pre_charge(&mut self, asked: Asked, message: &DcPreChargeReq<'_>) {
        let wanted = message.ev_target_voltage;
        let target = wanted.min(self.announced.max_voltage).min(self.vehicle.declared.max_voltage);
        let beyond = wanted > target && self.config.settings.pre_charge_target == PreChargeTarget::Refuse;
        if beyond || wanted.is_negative() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        if self.vehicle.pre_charge != Some(target) {
            self.vehicle.pre_charge = Some(target);
            self.start_timer(T::PreCharge, self.config.settings.timing.pre_charge);
            self.pending.raise(Pending::PRE_CHARGE);
        }
        if asked.processing == Processing::Finished {
            self.clear(T::PreCharge);
        }
        self.ok(asked);
    }

    fn power_delivery(&mut self, asked: Asked, message: &PowerDeliveryReq<'_>) {
        // A vehicle that is not ready yet gets OK, and nothing of what it says counts [V2G20-2007].
        if asked.processing != Processing::Finished {
            return self.ok(asked);
        }
        match asked.step {
            Step::Standby => {
                return self.answer(asked, ResponseCode::WarningStandbyNotAllowed, Processing::Finished);
            }
            Step::Stop => return self.begin_stop(asked),
            _ => {}
        }
        if let Err(code) = self.check_profile(message) {
            return self.refuse(asked, code, Refusal::Content);
        }
        self.clear(T::PreCharge);
        // In the loop a start is a repetition: contactors are closed, nothing happens twice.
        if self.sequence.stage() == Stage::ChargeLoop { self.ok(asked) } else { self.begin_start(asked) }
    }

    /// A profile binds only where the vehicle plans.
    fn check_profile(&self, message: &PowerDeliveryReq<'_>) -> Result<(), ResponseCode> {
        if self.mode() != Some(ControlMode::Scheduled) {
            return Ok(());
        }
        let Some(profile) = message.ev_power_profile else {
            return Err(ResponseCode::FailedEvPowerProfileInvalid);
        };
        match profile.control_mode {
            EvpptControlMode::Scheduled(choice) if choice.selected_schedule_tuple_id.get() == TUPLE => {
                if self.schedule.covers(profile.time_anchor, &profile.ev_power_profile_entries) {
                    Ok(())
                } else {
                    Err(ResponseCode::FailedEvPowerProfileInvalid)
                }
            }
            EvpptControlMode::Scheduled(_) => Err(ResponseCode::FailedScheduleSelectionInvalid),
            EvpptControlMode::Dynamic => Err(ResponseCode::FailedEvPowerProfileInvalid),
        }
    }

    fn charge_loop(&mut self, asked: Asked, message: &DcChargeLoopReq<'_>) {
        let round = round(&message.control_mode, &self.vehicle.declared);
        if round.direction != self.direction() || Some(round.mode) != self.mode() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        let display = message.display_parameters.unwrap_or_default();
        let [target_energy, max_energy, min_energy] = round.energy;
        self.vehicle.live = round.live;
        self.vehicle.wish = round.wish;
        self.vehicle.status = VehicleStatus {
            voltage: message.ev_present_voltage,
            soc: display.present_soc,
            minimum_soc: display.minimum_soc,
            target_energy,
            max_energy,
            min_energy,
            departure_time: round.departure_time,
        };
        self.pending.raise(Pending::STATUS);
        self.update_output();
        let metered = message.meter_info_requested || !self.meter_announced;
        self.meter_announced = true;
        let detail = if metered { Detail::Meter } else { Detail::None };
        self.answer_with(asked, ResponseCode::Ok, Processing::Finished, detail);
    }
}
