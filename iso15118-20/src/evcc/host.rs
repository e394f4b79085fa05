//! What the host tells the vehicle's engine.

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Amperes, Volts, WattHours};
use v2gtp::Instant;

use super::{Core, Evcc, Turn};
use crate::end::Cause;
use crate::power::{Contactor, DcLimits, Measurement};
use crate::sequence::Stage;

/// Whether energy may leave the battery now: the driver's will, the guard of the minimum state of charge, the
/// state of the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DischargePermit {
    /// No: the vehicle announces discharge limits of zero.
    #[default]
    Forbidden,
    /// Within the limits, if the service is bidirectional.
    Allowed,
}

/// Mobility needs of the driver and the state of the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Seconds until departure.
    pub departure_time: u32,
    /// Energy to the target state of charge, Wh.
    pub target_energy: WattHours,
    /// Energy until full, Wh.
    pub max_energy: WattHours,
    /// Energy to the minimum state of charge, Wh; negative: energy that the vehicle may give away.
    pub min_energy: WattHours,
    /// Band within which the charger may cycle energy, Wh: to its upper and to its lower end. Both or neither
    /// [V2G20-2681].
    pub v2x_energy: Option<(WattHours, WattHours)>,
    /// State of charge, %.
    pub present_soc: Option<PercentValue>,
    /// Least state of charge at departure, %.
    pub minimum_soc: Option<PercentValue>,
    /// State of charge wanted at departure, %.
    pub target_soc: Option<PercentValue>,
    /// Whether the battery has what it wants.
    pub charging_complete: bool,
    /// Capacity of the battery, Wh.
    pub capacity: Option<WattHours>,
}

/// What the battery asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Voltage of the battery now, V: where pre-charge has to go.
    pub battery: Volts,
    /// Target voltage where the vehicle plans (Scheduled), V.
    pub voltage: Volts,
    /// Target current where the vehicle plans (Scheduled), A: positive into the vehicle, negative out of it.
    pub current: Amperes,
}

impl Evcc<'_> {
    /// What the vehicle can take and give from now on.
    pub fn set_limits(&mut self, limits: DcLimits) {
        self.core.plant.limits = limits;
    }

    /// Whether energy may leave the battery from now on.
    pub fn set_discharge_permit(&mut self, permit: DischargePermit) {
        self.core.plant.discharge = permit;
    }

    /// Mobility needs and state of the battery.
    pub fn set_needs(&mut self, needs: Needs) {
        self.core.plant.needs = needs;
    }

    /// What the battery asks for.
    pub fn set_demand(&mut self, demand: Demand) {
        self.core.plant.demand = demand;
    }

    /// What is measured at the inlet.
    pub fn measurement(&mut self, now: Instant, measured: Measurement) {
        self.core.now = now;
        self.core.plant.measured = measured;
        if self.core.sequence.stage() == Stage::ChargeLoop {
            self.core.check_current(measured.current);
        }
    }

    /// Reports the contactors. Any report counts: the last one is kept. Faults, and contactors that open by
    /// themselves in the charge loop, make the vehicle leave.
    pub fn contactor(&mut self, now: Instant, contactor: Contactor) {
        self.core.now = now;
        self.core.plant.contactor = contactor;
        let stage = self.core.sequence.stage();
        if contactor == Contactor::Fault || stage == Stage::ChargeLoop && contactor == Contactor::Open {
            self.core.leave(Cause::ContactorFault);
        }
        if matches!(self.core.turn, Turn::Nobody) && self.core.end.is_none() && !self.core.closed {
            self.core.resume();
        }
    }

    /// Ends the session in good order: power first, then the session.
    pub fn stop(&mut self, now: Instant) {
        self.core.now = now;
        self.core.leave(Cause::Terminated);
    }

    /// Ends the session at once: no current, open contactors, connection closed.
    pub fn emergency_stop(&mut self, now: Instant) {
        self.core.now = now;
        self.core.finish(Cause::EmergencyStop);
    }
}

impl Core<'_> {
    /// Leaves by the next request; the first reason counts.
    pub(super) fn leave(&mut self, cause: Cause) {
        if self.end.is_some() || self.closed || self.leaving.is_some() {
            return;
        }
        self.leaving = Some(cause);
        // Before there is a session there is nothing to say goodbye to.
        if matches!(self.sequence.stage(), Stage::Negotiation | Stage::SessionSetup) {
            return self.finish(cause);
        }
        if !matches!(self.turn, Turn::Charger(_)) {
            self.resume();
        }
    }
}
