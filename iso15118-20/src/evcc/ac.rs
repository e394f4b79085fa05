//! AC: the vehicle's converter follows the charger's targets, or its own plan.

mod limits;

use exi_codec::iso20::ac::{AcChargeLoopReq, AcChargeLoopRes, AcChargeParameterDiscoveryReq};
use exi_codec::{Frequency, RationalNumber, Rounding, Watt, Watts};
use v2gtp::Instant;

use super::{Core, Course, Evcc, Flags, Pending, StationNeeds};
use crate::end::Cause;
use crate::message::{MessageKind as K, Request, Response};
use crate::power::{AcLimits, AcMeasurement, AcOutput, Phases};
use crate::sequence::{Asked, Stage};
use crate::service::ControlMode;

/// Power below which a measurement counts as nothing.
const SLACK: Watts = Watts::new(300, 0);

/// What the host knows of an AC vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plant {
    pub(super) limits: AcLimits,
    pub(super) demand: Phases<Watt>,
    pub(super) measured: AcMeasurement,
    /// What the converter was told last.
    pub(super) output: AcOutput,
    /// What the charger asked for last.
    target: Target,
}

/// What the charger asks the converter for. Where the vehicle plans, it need not ask for anything.
#[derive(Clone, Copy, Debug, Default)]
struct Target {
    active: Option<Phases<Watt>>,
    output: AcOutput,
}

/// What an AC charger declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcStation {
    /// Its limits.
    pub limits: AcLimits,
    /// `EVSENominalFrequency`, Hz.
    pub nominal_frequency: Frequency,
    /// `MaximumPowerAsymmetry`, W: largest difference of two phases.
    pub max_asymmetry: Option<RationalNumber>,
    /// `EVSEPowerRampLimitation`, %/s of the maximum power.
    pub power_ramp: Option<RationalNumber>,
}

impl Plant {
    /// What the charger asked for before power was interrupted says nothing about afterwards.
    pub(super) fn forget_target(&mut self) {
        self.target = Target::default();
    }

    /// What holds for the vehicle, without what was said in an earlier session.
    pub(super) fn fresh(self) -> Self {
        Self { output: AcOutput::ZERO, target: Target::default(), ..self }
    }
}

impl AcStation {
    pub(super) const NONE: Self = Self {
        limits: AcLimits {
            max_charge: Phases::Total(Watts::ZERO),
            min_charge: Phases::Total(Watts::ZERO),
            discharge: None,
        },
        nominal_frequency: Frequency::ZERO,
        max_asymmetry: None,
        power_ramp: None,
    };
}

impl Evcc<'_> {
    /// What the vehicle can take and give over AC from now on.
    pub fn set_ac_limits(&mut self, limits: AcLimits) {
        self.core.plant.ac.limits = limits;
        self.core.update_output();
    }

    /// Power that the vehicle wants over AC where it plans itself (Scheduled), W: positive into the vehicle,
    /// negative out of it.
    pub fn set_ac_demand(&mut self, power: Phases<Watt>) {
        self.core.plant.ac.demand = power;
        self.core.update_output();
    }

    /// What is measured at the AC inlet.
    pub fn ac_measurement(&mut self, now: Instant, measured: AcMeasurement) {
        self.core.now = now;
        self.core.plant.ac.measured = measured;
        if self.core.sequence.stage() == Stage::ChargeLoop {
            self.core.check_ac_power();
        }
    }
}

impl Core<'_> {
    pub(super) fn ac_request(&self, asked: Asked) -> Option<Request<'static>> {
        let header = self.header();
        Some(match asked.kind {
            K::AcChargeParameterDiscoveryReq => {
                Request::AcChargeParameterDiscoveryReq(AcChargeParameterDiscoveryReq {
                    header,
                    energy_transfer_mode: self.ac_parameters(),
                })
            }
            K::AcChargeLoopReq => Request::AcChargeLoopReq(AcChargeLoopReq {
                header,
                display_parameters: self.display(),
                meter_info_requested: self.flags.has(Flags::METER_WANTED),
                control_mode: self.ac_round(),
            }),
            _ => return None,
        })
    }

    pub(super) fn ac_content(&mut self, response: &Response<'_>) {
        match response {
            Response::AcChargeParameterDiscoveryRes(message) => {
                let (direction, station) = limits::declared(&message.energy_transfer_mode);
                if !self.fits(direction, K::AcChargeParameterDiscoveryRes) {
                    return;
                }
                self.station.ac = station;
                self.pending.raise(Pending::LIMITS);
                if !station.limits.meets(&self.plant.ac.limits) {
                    self.leave(Cause::IncompatibleLimits);
                }
                // They may come in the middle of the loop.
                self.update_ac_output();
            }
            Response::AcChargeLoopRes(message) => self.ac_looped(message),
            _ => {}
        }
    }

    fn ac_looped(&mut self, message: &AcChargeLoopRes<'_>) {
        let live = limits::live(&message.control_mode);
        if !self.fits(live.direction, K::AcChargeLoopRes) {
            return;
        }
        if live.mode != self.mode() {
            return self.leave(Cause::InvalidResponse(K::AcChargeLoopRes));
        }
        // In standby the rest means nothing [V2G20-2113].
        if self.sequence.stage() == Stage::ChargeLoop {
            self.station_needs(live.needs.unwrap_or(StationNeeds::NONE));
            self.station.status.ack_max_delay = live.ack_max_delay;
            self.plant.ac.target = Target {
                active: live.active,
                output: AcOutput {
                    active: Phases::default(),
                    reactive: live.reactive,
                    frequency: message.evse_target_frequency,
                },
            };
        }
        self.round_done(message.evse_status, message.meter_info);
        self.update_ac_output();
    }

    /// The converter's orders, if they have changed.
    pub(super) fn update_ac_output(&mut self) {
        let output = self.ac_output();
        if output != self.plant.ac.output {
            self.plant.ac.output = output;
            if !self.closed {
                self.pending.raise(Pending::OUTPUT);
            }
        }
    }

    /// What the converter is to do: what the charger asks for where it plans, what the vehicle wants where that
    /// plans; within the limits of both, the service, the permit and the schedule.
    fn ac_output(&self) -> AcOutput {
        if self.closed || self.course != Course::Charge || self.sequence.stage() != Stage::ChargeLoop {
            return AcOutput::ZERO;
        }
        let own = self.plant.ac.limits;
        let target = self.plant.ac.target;
        let wish = match (self.mode(), target.active) {
            (ControlMode::Dynamic, target) => target.unwrap_or_default(),
            (ControlMode::Scheduled, None) => self.plant.ac.demand,
            (ControlMode::Scheduled, Some(target)) => toned_down(self.plant.ac.demand, target),
        };
        let mut limits = own.narrowed(&self.station.ac.limits).directed(self.direction());
        limits.discharge = limits.discharge.filter(|_| self.may_discharge());
        let charge = self.corrected(self.planned_power());
        let discharge = self.corrected(self.planned_discharge());
        let active = limits.limited(charge, discharge).clamp(wish);
        let least = if active.total().is_negative() {
            own.discharge.map_or(Watts::ZERO, |(_, least)| least.total().abs())
        } else {
            own.min_charge.total()
        };
        // Less than the least does not flow at all.
        if active.total().abs() < least {
            return AcOutput::ZERO;
        }
        AcOutput { active, ..target.output }
    }

    pub(super) fn ac_is_quiet(&self) -> bool {
        self.plant.ac.measured.active.total().abs() <= SLACK
    }

    /// Leaves when power flows that must not. A twentieth and a little are measurement error.
    fn check_ac_power(&mut self) {
        let milli = |power: Watts| power.to_milli_saturating(Rounding::Nearest);
        let limits = self.plant.ac.limits.directed(self.direction());
        let most = milli(limits.max_charge.total());
        let least = -milli(limits.discharge.map_or(Watts::ZERO, |(most, _)| most.total().abs()));
        let tolerance = |limit: i64| limit.saturating_abs() / 20 + milli(SLACK);
        let active = milli(self.plant.ac.measured.active.total());
        if active > most.saturating_add(tolerance(most)) || active < least.saturating_sub(tolerance(least)) {
            self.leave(Cause::UnsafeCurrent);
        }
    }
}

/// The vehicle's own wish where the charger asks for something else: less of it, never more, never the other way.
fn toned_down(wish: Phases<Watt>, target: Phases<Watt>) -> Phases<Watt> {
    // A phase that goes the other way than the whole counts as nothing: else the rest could turn the whole round.
    let into = |power: Phases<Watt>| power.map(|phase| phase.max(Watts::ZERO));
    let out = |power: Phases<Watt>| into(power.map(exi_codec::Quantity::negated));
    match (wish.total().is_negative(), target.total().is_negative()) {
        (false, false) => into(wish).capped(into(target)),
        (true, true) => out(wish).capped(out(target)).map(exi_codec::Quantity::negated),
        _ => Phases::default(),
    }
}
