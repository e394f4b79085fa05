//! What responses say, once framing, codec, session and sequence have passed them.

use exi_codec::iso20::common_messages::{
    ScheduleExchangeRes, SeResControlMode, ServiceDetailRes, ServiceDiscoveryRes,
};
use exi_codec::iso20::common_types::{EvseNotification, EvseStatus, Processing};
use exi_codec::iso20::dc::{DcChargeLoopRes, DcChargeParameterDiscoveryRes};
use exi_codec::{Rounding, Volts};

use super::limits::{declared, live};
use super::request::is_offered;
use super::{Core, Pending, T};
use crate::end::Cause;
use crate::evcc::{Notification, Wish};
use crate::message::{MessageKind as K, Response};
use crate::power::Contactor;
use crate::schedule::Schedule;
use crate::sequence::{Answered, Asked, Class};
use crate::service::{ControlMode, Parameters, Selection, Service};
use crate::text::Text;

impl Core<'_> {
    pub(super) fn content(&mut self, asked: Asked, answered: Answered, response: &Response<'_>) {
        if answered.class() == Class::Warning {
            // In the loop a warning is advice. Elsewhere asking again would get the same answer.
            return match asked.kind {
                K::DcChargeLoopReq => {}
                K::AuthorizationReq => self.leave(Cause::NotAuthorized),
                request => self.leave(Cause::Failed { request, code: answered.code }),
            };
        }
        match response {
            Response::SupportedAppProtocolRes(message) if !is_offered(message.schema_id) => {
                self.finish(Cause::InvalidResponse(K::SupportedAppProtocolRes));
            }
            Response::SessionSetupRes(message) => {
                self.session = message.header.session_id;
                if self.session == [0; 8] {
                    return self.finish(Cause::InvalidResponse(K::SessionSetupRes));
                }
                self.station_id = Text::copied(&message.evse_id);
                self.clear(T::Setup);
                self.pending.raise(Pending::STARTED);
            }
            Response::AuthorizationSetupRes(message) => {
                use exi_codec::iso20::common_messages::Authorization;
                if !message.authorization_services.iter().any(|service| service == Authorization::Eim) {
                    self.leave(Cause::NotAuthorized);
                }
            }
            Response::AuthorizationRes(message)
                if message.evse_processing == Processing::OngoingWaitingForCustomerInteraction =>
            {
                self.pending.raise(Pending::CUSTOMER);
            }
            Response::ServiceDiscoveryRes(message) => self.discovered(message),
            Response::ServiceDetailRes(message) => self.detailed(message),
            Response::ServiceSelectionRes(_) => {
                self.selection = self.best.map(|(_, selection)| selection);
                self.pending.raise(Pending::SELECTED);
            }
            Response::DcChargeParameterDiscoveryRes(message) => self.station_limits(message),
            Response::ScheduleExchangeRes(message) => self.scheduled(message),
            Response::DcPreChargeRes(message) => {
                self.station.status.voltage = message.evse_present_voltage;
                // What the own instruments show decides; the charger's word is for information.
                self.matched = self.is_match(self.plant.measured.voltage);
            }
            Response::PowerDeliveryRes(message) => self.notified(message.evse_status),
            Response::DcChargeLoopRes(message) => self.looped(message),
            Response::DcWeldingDetectionRes(message) => {
                self.station.status.voltage = message.evse_present_voltage;
                let gone = self.plant.measured.voltage.abs() <= self.config.settings.safe_voltage;
                match self.plant.contactor {
                    Contactor::Open if gone => {
                        self.clear(T::Actuation);
                        self.dead = true;
                    }
                    Contactor::Open | Contactor::Closed => {}
                    Contactor::Fault => {
                        self.leaving = Some(Cause::ContactorFault);
                        self.dead = true;
                    }
                }
            }
            _ => {}
        }
    }

    fn is_match(&self, voltage: Volts) -> bool {
        let milli = |v: Volts| v.to_milli_saturating(Rounding::Nearest);
        let apart = milli(voltage).saturating_sub(milli(self.plant.demand.battery)).saturating_abs();
        apart <= milli(self.config.settings.voltage_tolerance)
    }

    /// The first wish whose parameters are still to be asked for.
    pub(super) fn next_unasked(&self) -> Option<&Wish> {
        self.config.wishes.get(self.unasked.trailing_zeros() as usize)
    }

    fn discovered(&mut self, message: &ServiceDiscoveryRes<'_>) {
        self.unasked = 0;
        self.best = None;
        for (index, wish) in self.config.wishes.iter().enumerate() {
            let offered = message
                .energy_transfer_service_list
                .iter()
                .any(|service| service.service_id == wish.service.number());
            let earlier = self.config.wishes.iter().take(index).any(|other| other.service == wish.service);
            if offered && !earlier {
                self.unasked |= 1 << index;
            }
        }
        if self.unasked == 0 {
            self.leave(Cause::NoService);
        }
    }

    fn detailed(&mut self, message: &ServiceDetailRes<'_>) {
        let asked = self.next_unasked().map(|wish| wish.service);
        self.unasked &= self.unasked.wrapping_sub(1);
        let service = Service::from_number(message.service_id).filter(|service| Some(*service) == asked);
        let Some(service) = service else {
            return self.leave(Cause::InvalidResponse(K::ServiceDetailRes));
        };
        for parameters in
            message.service_parameter_list.iter().filter_map(|set| Parameters::read(service, &set))
        {
            let wish = self
                .config
                .wishes
                .iter()
                .position(|wish| wish.service == service && wish.control_mode == parameters.control_mode);
            if let Some(wish) = wish
                && self.best.is_none_or(|(best, _)| wish < best)
            {
                self.best = Some((wish, Selection { service, parameters }));
            }
        }
        if self.unasked == 0 && self.best.is_none() {
            self.leave(Cause::NoService);
        }
    }

    fn station_limits(&mut self, message: &DcChargeParameterDiscoveryRes<'_>) {
        let (direction, limits) = declared(&message.energy_transfer_mode);
        if direction != self.direction() {
            return self.leave(Cause::InvalidResponse(K::DcChargeParameterDiscoveryRes));
        }
        self.station.declared = limits;
        self.pending.raise(Pending::LIMITS);
        if !limits.meets(&self.plant.limits) {
            self.leave(Cause::IncompatibleLimits);
        }
    }

    fn scheduled(&mut self, message: &ScheduleExchangeRes<'_>) {
        // While the charger still plans, what it sends is filling.
        if message.evse_processing != Processing::Finished {
            return;
        }
        let mode = self.selection.map(|selection| selection.parameters.control_mode);
        match (message.control_mode, mode) {
            (SeResControlMode::Dynamic(_), Some(ControlMode::Dynamic)) => {}
            (SeResControlMode::Scheduled(tuples), Some(ControlMode::Scheduled)) => {
                let Some(tuple) = tuples.first() else { return };
                let charge = tuple.charging_schedule.power_schedule;
                self.station.tolerance = charge.power_tolerance.is_some();
                self.station.tuple = tuple.schedule_tuple_id.get();
                self.station.schedule = Schedule::read(charge.time_anchor, &charge.power_schedule_entries);
                if let Some(discharge) = tuple.discharging_schedule {
                    let discharge = discharge.power_schedule;
                    self.station.discharge_schedule =
                        Schedule::read(discharge.time_anchor, &discharge.power_schedule_entries);
                }
            }
            _ => return self.leave(Cause::InvalidResponse(K::ScheduleExchangeRes)),
        }
        self.pending.raise(Pending::SCHEDULED);
    }

    fn looped(&mut self, message: &DcChargeLoopRes<'_>) {
        let (direction, mode, limits) = live(&message.control_mode, &self.station.declared);
        if direction != self.direction()
            || self.selection.is_none_or(|selection| selection.parameters.control_mode != mode)
        {
            return self.leave(Cause::InvalidResponse(K::DcChargeLoopRes));
        }
        let meter = message.meter_info.map(|meter| meter.get());
        self.station.status.voltage = message.evse_present_voltage;
        self.station.status.current = message.evse_present_current;
        self.station.status.limits = limits;
        if let Some(meter) = meter {
            self.station.status.charged = Some(meter.charged_energy_reading_wh);
            self.station.status.discharged = meter.bpt_discharged_energy_reading_wh;
        }
        self.pending.raise(Pending::STATUS);
        self.check_current(message.evse_present_current);
        self.notified(message.evse_status);
    }

    /// The charger wants something. What is not understood is ignored; a pause is answered by an end.
    fn notified(&mut self, status: Option<EvseStatus>) {
        self.station.status.notification = status.map(|status| Notification {
            kind: status.evse_notification,
            max_delay: status.notification_max_delay,
        });
        if let Some(status) = status
            && matches!(status.evse_notification, EvseNotification::Terminate | EvseNotification::Pause)
        {
            self.leave(Cause::Terminated);
        }
    }
}
