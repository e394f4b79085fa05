//! DC: isolation, pre-charge, contactors, the charge loop and welding detection.

mod limits;

use exi_codec::iso20::dc::{
    DcCableCheckReq, DcChargeLoopReq, DcChargeLoopRes, DcChargeParameterDiscoveryReq,
    DcChargeParameterDiscoveryRes, DcPreChargeReq, DcWeldingDetectionReq,
};
use exi_codec::{Amperes, Rounding, Volts, Watts};
use v2gtp::Instant;

use super::plan::until;
use super::{Core, Demand, Evcc, Flags, Pending, T, Turn};
use crate::end::Cause;
use crate::message::{MessageKind as K, Request, Response};
use crate::power::{Contactor, DcLimits, FlowLimits, Measurement};
use crate::sequence::{Asked, Stage};

/// What the host knows of a DC vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plant {
    pub(super) limits: DcLimits,
    pub(super) demand: Demand,
    pub(super) measured: Measurement,
}

const NO_FLOW: FlowLimits = FlowLimits {
    max_power: Watts::ZERO,
    min_power: Watts::ZERO,
    max_current: Amperes::ZERO,
    min_current: Amperes::ZERO,
};

pub(super) const NO_LIMITS: DcLimits =
    DcLimits { charge: NO_FLOW, discharge: None, max_voltage: Volts::ZERO, min_voltage: Volts::ZERO };

impl Evcc<'_> {
    /// What the vehicle can take and give over DC from now on.
    pub fn set_limits(&mut self, limits: DcLimits) {
        self.core.plant.dc.limits = limits;
    }

    /// What the battery asks for over DC.
    pub fn set_demand(&mut self, demand: Demand) {
        self.core.plant.dc.demand = demand;
    }

    /// What is measured at the DC inlet.
    pub fn measurement(&mut self, now: Instant, measured: Measurement) {
        self.core.now = now;
        self.core.plant.dc.measured = measured;
        if self.core.sequence.stage() == Stage::ChargeLoop {
            self.core.check_current(measured.current);
        }
        self.core.close_late();
    }
}

impl Core<'_> {
    pub(super) fn dc_plan(&self, stage: Stage) -> Option<Asked> {
        Some(match stage {
            Stage::CableCheck => Asked::plain(K::DcCableCheckReq),
            Stage::PreCharge => until(K::DcPreChargeReq, self.flags.has(Flags::MATCHED)),
            _ => return None,
        })
    }

    pub(super) fn dc_request(&self, asked: Asked) -> Option<Request<'static>> {
        let header = self.header();
        let ev_processing = asked.processing;
        Some(match asked.kind {
            K::DcChargeParameterDiscoveryReq => {
                Request::DcChargeParameterDiscoveryReq(DcChargeParameterDiscoveryReq {
                    header,
                    energy_transfer_mode: self.charge_parameters(),
                })
            }
            K::DcCableCheckReq => Request::DcCableCheckReq(DcCableCheckReq { header }),
            K::DcPreChargeReq => Request::DcPreChargeReq(DcPreChargeReq {
                header,
                ev_processing,
                ev_present_voltage: self.plant.dc.measured.voltage,
                ev_target_voltage: self.plant.dc.demand.battery,
            }),
            K::DcChargeLoopReq => Request::DcChargeLoopReq(DcChargeLoopReq {
                header,
                display_parameters: self.display(),
                meter_info_requested: self.flags.has(Flags::METER_WANTED),
                ev_present_voltage: self.plant.dc.measured.voltage,
                control_mode: self.round(),
            }),
            K::DcWeldingDetectionReq => {
                Request::DcWeldingDetectionReq(DcWeldingDetectionReq { header, ev_processing })
            }
            _ => return None,
        })
    }

    pub(super) fn dc_content(&mut self, response: &Response<'_>) {
        match response {
            Response::DcChargeParameterDiscoveryRes(message) => self.station_limits(message),
            Response::DcPreChargeRes(message) => {
                self.station.status.voltage = message.evse_present_voltage;
                // What the own instruments show decides; the charger's word is for information.
                if self.is_match(self.plant.dc.measured.voltage) {
                    self.flags.set(Flags::MATCHED);
                } else {
                    self.flags.clear(Flags::MATCHED);
                }
            }
            Response::DcChargeLoopRes(message) => self.dc_looped(message),
            Response::DcWeldingDetectionRes(message) => {
                self.station.status.voltage = message.evse_present_voltage;
                self.welding_checked();
            }
            _ => {}
        }
    }

    pub(super) fn dc_entered(&mut self, stage: Stage, asked: Asked) {
        let timing = self.config.settings.timing;
        match (stage, asked.kind) {
            (Stage::CableCheck, K::ScheduleExchangeReq | K::AcdpConnectReq) if !self.is_departing(stage) => {
                self.pending.raise(Pending::CABLE_CHECK);
                self.set(T::Ongoing, timing.cable_check);
            }
            (Stage::PreCharge, K::DcCableCheckReq) => {
                self.flags.clear(Flags::MATCHED);
                self.pending.raise(Pending::PRE_CHARGE);
                self.set(T::Ongoing, timing.pre_charge);
            }
            (Stage::PowerDelivery, K::DcPreChargeReq)
                if !self.plant.is_closed() && !self.is_departing(stage) =>
            {
                self.ask_to_close();
                self.set(T::Actuation, timing.actuation);
            }
            (Stage::WeldingDetection, K::PowerDeliveryReq) => {
                self.set(T::Actuation, timing.actuation);
                self.set(T::Ongoing, timing.welding);
            }
            _ => {}
        }
    }

    /// Asks the host to close the contactors. Voltages that have moved apart since pre-charge are not connected:
    /// then the host is asked when they meet again, if they do before the deadline.
    pub(super) fn ask_to_close(&mut self) {
        if self.is_match(self.plant.dc.measured.voltage) {
            self.flags.set(Flags::MATCHED);
            self.pending.raise(Pending::CLOSE_CONTACTOR);
        } else {
            self.flags.clear(Flags::MATCHED);
        }
    }

    fn close_late(&mut self) {
        let waits = self.sequence.stage() == Stage::PowerDelivery && matches!(self.turn, Turn::Nobody);
        if waits && !self.plant.is_closed() && !self.flags.has(Flags::MATCHED) {
            self.ask_to_close();
        }
    }

    fn is_match(&self, voltage: Volts) -> bool {
        let milli = |v: Volts| v.to_milli_saturating(Rounding::Nearest);
        let apart = milli(voltage).saturating_sub(milli(self.plant.dc.demand.battery)).saturating_abs();
        apart <= milli(self.config.settings.voltage_tolerance)
    }

    fn station_limits(&mut self, message: &DcChargeParameterDiscoveryRes<'_>) {
        let (direction, limits) = limits::declared(&message.energy_transfer_mode);
        if !self.fits(direction, K::DcChargeParameterDiscoveryRes) {
            return;
        }
        self.station.dc = limits;
        self.pending.raise(Pending::LIMITS);
        if !limits.meets(&self.plant.dc.limits) {
            self.leave(Cause::IncompatibleLimits);
        }
    }

    fn dc_looped(&mut self, message: &DcChargeLoopRes<'_>) {
        let live = limits::live(&message.control_mode, &self.station.dc);
        if !self.fits(live.direction, K::DcChargeLoopRes) {
            return;
        }
        if live.mode != self.mode() {
            return self.leave(Cause::InvalidResponse(K::DcChargeLoopRes));
        }
        self.station.status.voltage = message.evse_present_voltage;
        self.station.status.current = message.evse_present_current;
        // In standby the rest means nothing [V2G20-2113].
        if self.sequence.stage() == Stage::ChargeLoop {
            self.station.status.limits = live.limits;
            self.station.status.ack_max_delay = live.ack_max_delay;
            self.station_needs(live.needs);
            self.check_current(message.evse_present_current);
        }
        self.round_done(message.evse_status, message.meter_info, message.receipt);
    }

    fn welding_checked(&mut self) {
        let gone = self.plant.dc.measured.voltage.abs() <= self.config.settings.safe_voltage;
        match self.plant.contactor.unwrap_or(Contactor::Open) {
            Contactor::Open if gone => {
                self.clear(T::Actuation);
                self.flags.set(Flags::DEAD);
            }
            Contactor::Open | Contactor::Closed => {}
            Contactor::Fault => {
                self.leave_for(Cause::ContactorFault);
                self.flags.set(Flags::DEAD);
            }
        }
    }

    /// Leaves when current flows that must not. Small currents are measurement error, and a permit just
    /// withdrawn takes effect with the next round only: the charger learns of it from the announced limits.
    fn check_current(&mut self, current: Amperes) {
        let milli = |a: Amperes| a.to_milli_saturating(Rounding::Nearest);
        let slack = milli(self.config.settings.open_current);
        let limits = self.plant.dc.limits.directed(self.direction());
        let most = milli(limits.charge.max_current);
        let least = -milli(limits.discharge.unwrap_or_default().max_current.abs());
        let tolerance = |limit: i64| limit.saturating_abs() / 20 + slack;
        let current = milli(current);
        if current > most.saturating_add(tolerance(most)) || current < least.saturating_sub(tolerance(least))
        {
            self.leave(Cause::UnsafeCurrent);
        }
    }
}
