//! AC: the vehicle's converter follows the charger's targets, or its own plan.

mod limits;

use core::time::Duration;

use exi_codec::iso20::ac::{AcChargeLoopReq, AcChargeLoopRes, AcChargeParameterDiscoveryReq};
use exi_codec::{Frequency, RationalNumber, Rounding, Watt, Watts};
use v2gtp::Instant;

use super::{Core, Course, Evcc, Flags, Pending, StationNeeds, T};
use crate::end::{Cause, Timer};
use crate::message::{MessageKind as K, Request, Response};
use crate::power::ramp::{RAMP_STEP, Ramped, ramped, rate};
use crate::power::{AcLimits, AcMeasurement, AcOutput, Phases, follows};
use crate::sequence::{Asked, Stage};
use crate::service::ControlMode;

/// Power below which a measurement counts as nothing.
const SLACK: Watts = Watts::new(300, 0);

/// What a converter is given at least to follow an order.
const LEAST_DELAY: Duration = Duration::from_millis(500);

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
    /// Which way the charger takes the vehicle to be going: its targets are for this one.
    heading: Heading,
    /// The same, as the last request said it.
    announced: Heading,
    /// Where a ramp has got to, and when.
    ramp: (Watts, Instant),
}

/// Which way energy goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heading {
    #[default]
    In,
    Out,
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
    /// `EVSEPowerRampLimitation`, %/min of the most power that the vehicle can take or give; zero: none.
    pub power_ramp: Option<RationalNumber>,
}

impl Plant {
    /// What the charger asked for before power was interrupted says nothing about afterwards.
    pub(super) fn forget_target(&mut self) {
        self.target = Target::default();
        self.heading = Heading::In;
    }

    /// What holds for the vehicle, without what was said in an earlier session.
    pub(super) fn fresh(self) -> Self {
        Self { limits: self.limits, demand: self.demand, measured: self.measured, ..Self::default() }
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
        self.core.watch_set_point();
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
            self.plant.ac.heading = self.plant.ac.announced;
            self.plant.ac.target = Target {
                active: live.active,
                output: AcOutput {
                    active: Phases::default(),
                    reactive: live.reactive,
                    frequency: message.evse_target_frequency,
                },
            };
        }
        self.round_done(message.evse_status, message.meter_info, message.receipt);
        self.update_ac_output();
    }

    /// Whether a vehicle that plans wants to give energy now.
    pub(super) fn wants_out(&self) -> bool {
        self.mode() == ControlMode::Scheduled && self.wants_discharge()
    }

    /// What a vehicle that plans wants: what its plan says is to be given, or else what the host asks for.
    fn ac_wish(&self) -> Phases<Watt> {
        match (self.exchanged(), self.plant.ac.limits.max_charge) {
            (None, _) => self.plant.ac.demand,
            (Some(power), Phases::Total(_)) => Phases::Total(power.negated()),
            (Some(power), Phases::Each(_)) => {
                let third = Watts::from_milli(milli(power) / 3, Rounding::TowardsZero);
                Phases::Each([third.negated(); 3])
            }
        }
    }

    /// Whether the charger does not know yet that the vehicle goes the way that it wants to.
    fn is_turning(&self) -> bool {
        let wish = if self.ac_wish().total().is_negative() { Heading::Out } else { Heading::In };
        self.is_bidirectional() && wish != self.plant.ac.heading
    }

    /// A round was sent, and said which way the vehicle goes; the charger's engine reads it in the same way.
    pub(super) fn ac_announced(&mut self) {
        let gives = self.plant.ac.measured.active.total() < self.config.settings.open_power.negated();
        self.plant.ac.announced = if gives || self.wants_out() { Heading::Out } else { Heading::In };
    }

    /// The converter's orders, if they have changed.
    pub(super) fn update_ac_output(&mut self) {
        let output = self.ramped_output();
        if output != self.plant.ac.output {
            self.plant.ac.output = output;
            if !self.closed {
                self.pending.raise(Pending::OUTPUT);
            }
        }
        self.watch_set_point();
    }

    /// Runs the time that the charger leaves the vehicle to follow its set-point (`AckMaxDelay`) while more flows than
    /// that, or the other way. Less is no fault: a battery takes what it can.
    fn watch_set_point(&mut self) {
        let led = self.mode() == ControlMode::Dynamic && !self.is_powerless();
        let limit = self.station.status.ack_max_delay.filter(|_| led);
        let (order, flow) = (self.plant.ac.output.active.total(), self.plant.ac.measured.active.total());
        match limit {
            Some(seconds) if !follows(flow, order, SLACK) => {
                self.start_timer(T::Acknowledge, Duration::from_secs(u64::from(seconds)).max(LEAST_DELAY));
            }
            _ => self.clear(T::Acknowledge),
        }
    }

    /// The converter did not follow: the vehicle stops in good order before the charger has to.
    pub(super) fn ac_set_point_missed(&mut self) {
        self.leave(Cause::Timeout(Timer::Acknowledge));
    }

    /// The orders on the way from what they were. A vehicle that plans keeps to the charger's ramp; a set-point of the
    /// charger's outranks it, and so does everything that takes power away.
    fn ramped_output(&mut self) -> AcOutput {
        let to = self.ac_output();
        let own = self.plant.ac.limits;
        let most = if to.active.total().is_negative() {
            own.discharge.unwrap_or_default().0.total().abs()
        } else {
            own.max_charge.total()
        };
        let led = self.mode() == ControlMode::Dynamic || self.plant.ac.target.active.is_some();
        let limitation = self.station.ac.power_ramp.filter(|_| !led && !self.is_powerless());
        let (from, moved_at) = self.plant.ac.ramp;
        let moved = match limitation.and_then(|limitation| rate(limitation, most)) {
            Some(rate) => ramped(from, to.active.total(), rate, self.now.saturating_sub(moved_at)),
            None => Ramped::Arrived,
        };
        let total = match moved {
            Ramped::Arrived => {
                self.clear(T::Ramp);
                self.plant.ac.ramp = (to.active.total(), self.now);
                return to;
            }
            Ramped::Moved(total) => total,
            Ramped::Waiting => from,
        };
        self.start_timer(T::Ramp, RAMP_STEP);
        let shape = match to.active {
            Phases::Total(_) => Phases::Total(total),
            Phases::Each(_) => Phases::Each([Watts::from_milli(milli(total) / 3, Rounding::TowardsZero); 3]),
        };
        let active = self.ac_bounds().clamp(shape);
        if moved != Ramped::Waiting {
            self.plant.ac.ramp = (active.total(), self.now);
        }
        AcOutput { active: self.at_least(active), ..to }
    }

    /// Less than the vehicle's least does not flow at all.
    fn at_least(&self, active: Phases<Watt>) -> Phases<Watt> {
        let own = self.plant.ac.limits;
        let least = if active.total().is_negative() {
            own.discharge.map_or(Watts::ZERO, |(_, least)| least.total().abs())
        } else {
            own.min_charge.total()
        };
        if active.total().abs() < least { Phases::default() } else { active }
    }

    /// Whether nothing may flow, whatever anybody wishes.
    fn is_powerless(&self) -> bool {
        self.closed || self.course != Course::Charge || self.sequence.stage() != Stage::ChargeLoop
    }

    /// What service, permit, schedule and the limits of both ends leave.
    fn ac_bounds(&self) -> AcLimits {
        let mut limits = self.plant.ac.limits.narrowed(&self.station.ac.limits).directed(self.direction());
        limits.discharge = limits.discharge.filter(|_| self.may_discharge());
        let charge = self.corrected(self.planned_power());
        let discharge = self.corrected(self.planned_discharge());
        limits.limited(charge, discharge)
    }

    /// What the converter is to do: what the charger asks for where it plans, what the vehicle wants where that
    /// plans; within the limits of both, the service, the permit and the schedule.
    fn ac_output(&self) -> AcOutput {
        if self.is_powerless() {
            return AcOutput::ZERO;
        }
        let target = self.plant.ac.target;
        let wish = match (self.mode(), target.active) {
            (ControlMode::Dynamic, target) => target.unwrap_or_default(),
            // Round by round: what the charger says of one direction says nothing of the other.
            (ControlMode::Scheduled, _) if self.is_turning() => Phases::default(),
            (ControlMode::Scheduled, None) => self.ac_wish(),
            (ControlMode::Scheduled, Some(target)) => toned_down(self.ac_wish(), target),
        };
        let active = self.ac_bounds().clamp(wish);
        if self.at_least(active) != active {
            return AcOutput::ZERO;
        }
        AcOutput { active, ..target.output }
    }

    pub(super) fn ac_is_quiet(&self) -> bool {
        self.plant.ac.measured.active.total().abs() <= SLACK
    }

    /// Leaves when power flows that must not. A twentieth and a little are measurement error.
    fn check_ac_power(&mut self) {
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

fn milli(power: Watts) -> i64 {
    power.to_milli_saturating(Rounding::TowardsZero)
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
