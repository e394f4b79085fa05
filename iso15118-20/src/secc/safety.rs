//! What keeps people and hardware safe: interlocks, output, stopping.

use core::time::Duration;

#[cfg(any(feature = "ac", feature = "dc"))]
use exi_codec::RationalNumber;
#[cfg(feature = "ac")]
use exi_codec::Rounding;
use exi_codec::Watts;
use exi_codec::iso20::common_types::ResponseCode;

#[cfg(feature = "dc")]
use super::Isolation;
use super::engine::Core;
use super::{Pending, SeccTimer as T, Slot, Stop};
use crate::end::Refusal;
use crate::power::Contactor;
#[cfg(feature = "dc")]
use crate::power::Output;
#[cfg(any(feature = "ac", feature = "dc"))]
use crate::power::ramp::limitation;
use crate::power::ramp::{RAMP_STEP, Ramped, ramped};
#[cfg(feature = "ac")]
use crate::power::{AcOutput, Phases};
use crate::sequence::{Stage, Step};
#[cfg(any(feature = "ac", feature = "dc"))]
use crate::service::ControlMode;
use crate::service::Family;

#[allow(unreachable_patterns, reason = "families that this build leaves out")]
impl Core<'_> {
    /// Whether any energy may flow at this moment.
    fn may_energise(&self) -> bool {
        self.end.is_none()
            && self.stopping.is_none()
            && self.is_authorized()
            && self.is_prepared()
            && (self.plant.contactor == Contactor::Closed || !self.has_contactor())
            && self.pilot_is_ready()
            && self.sequence.stage() == Stage::ChargeLoop
            && !matches!(self.slot, Slot::PowerDown(_))
    }

    /// Whether the hardware is in the state that voltage at the outlet, or a field over the pad, needs.
    pub(super) fn is_prepared(&self) -> bool {
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc => self.dc.isolation == Some(Isolation::Valid),
            #[cfg(feature = "acdp")]
            Family::Acdp => self.dc.isolation == Some(Isolation::Valid) && self.acdp.is_connected(),
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt.is_clear(),
            #[cfg(feature = "ac")]
            Family::Ac => true,
            _ => false,
        }
    }

    /// Wireless chargers have no contactor of the vehicle's to wait for.
    pub(super) fn has_contactor(&self) -> bool {
        self.family() != Family::Wpt
    }

    /// Whether the contactors may close, as far as voltages say it. After a standby they are closed.
    pub(super) fn voltages_match(&self) -> bool {
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => {
                let closed = self.plant.contactor == Contactor::Closed;
                closed && self.sequence.stage() == Stage::Standby || self.dc_voltages_match()
            }
            _ => true,
        }
    }

    /// Whether contactors may open, as far as the current says it.
    pub(super) fn current_is_low(&self) -> bool {
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => {
                self.dc.measured.unwrap_or_default().current.abs() <= self.config.settings.open_current
            }
            #[cfg(feature = "ac")]
            Family::Ac => {
                let active = self.ac.measured.unwrap_or_default().active;
                active.map(exi_codec::Quantity::abs).total() <= self.config.settings.open_power
            }
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt.output.is_zero(),
            _ => true,
        }
    }

    /// Whether the hardware has left the state that voltage at the outlet needs.
    pub(super) fn plant_failed(&self) -> bool {
        let stage = self.sequence.stage();
        let live = match self.family() {
            Family::Dc | Family::Acdp => {
                matches!(stage, Stage::PreCharge | Stage::PowerDelivery | Stage::ChargeLoop | Stage::Standby)
            }
            _ => matches!(stage, Stage::ChargeLoop | Stage::Standby),
        };
        // The contactors may be open before the answer to the stop is fetched.
        let leaving = match &self.slot {
            Slot::PowerDown(asked) => asked.step == Step::Stop,
            Slot::Ready(reply) => reply.asked.step == Step::Stop,
            _ => false,
        };
        let stopped = matches!(self.stopping, Some(Stop::Emergency)) || leaving;
        let contactor = match stage {
            Stage::ChargeLoop => self.plant.contactor != Contactor::Closed && self.has_contactor(),
            Stage::Standby => self.plant.contactor == Contactor::Fault,
            _ => false,
        };
        live && !stopped && (contactor || self.pilot_is_lost() || self.protection_tripped())
    }

    fn protection_tripped(&self) -> bool {
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc => self.dc.isolation == Some(Isolation::Fault),
            #[cfg(feature = "acdp")]
            Family::Acdp => self.dc.isolation == Some(Isolation::Fault) || !self.acdp.is_connected(),
            _ => false,
        }
    }

    #[cfg(any(feature = "ac", feature = "dc"))]
    /// Whether the battery may give: a vehicle at its minimum, or at the lower end of its band, does not. The
    /// vehicle guards its battery; where it says that it is there, the charger does not try it.
    pub(super) fn may_discharge(&self) -> bool {
        let status = &self.vehicle.status;
        let least = [status.minimum_soc, self.vehicle.needs.minimum_soc, self.mobility().minimum_soc];
        let empty =
            status.soc.is_some_and(|soc| least.into_iter().flatten().max().is_some_and(|least| soc <= least));
        let owed = status.min_energy.is_some_and(|energy| !energy.is_negative() && !energy.is_zero());
        let band = status.min_v2x_energy.is_some_and(|energy| !energy.is_negative());
        !(empty || owed || band)
    }

    /// The one place where an output is decided.
    pub(super) fn update_output(&mut self) {
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.update_dc(),
            #[cfg(feature = "ac")]
            Family::Ac => self.update_ac(),
            #[cfg(feature = "wpt")]
            Family::Wpt => self.update_wpt(),
            _ => {}
        }
    }

    #[cfg(feature = "dc")]
    fn update_dc(&mut self) {
        let output = match self.mode() {
            Some(mode) if self.may_energise() => {
                let wish = match mode {
                    ControlMode::Scheduled => self.dc.wish,
                    ControlMode::Dynamic => self.dc_dispatched(),
                };
                let limits = self.dc_joint_limits();
                let (from, to) = (self.dc.output, limits.clamp(wish));
                let power = self.ramped(from.power, to.power);
                if power == to.power {
                    to
                } else {
                    let current = if to.current.is_zero() {
                        from.current
                    } else if to.current.is_negative() == power.is_negative() {
                        to.current
                    } else {
                        to.current.negated()
                    };
                    limits.clamp(Output { current, power, ..to })
                }
            }
            _ => Output::ZERO,
        };
        if output != self.dc.output {
            self.dc.output = output;
            self.pending.raise(Pending::OUTPUT);
        }
    }

    #[cfg(feature = "ac")]
    fn update_ac(&mut self) {
        let output = match self.mode() {
            Some(mode) if self.may_energise() => {
                let limits = self.ac_joint_limits();
                match mode {
                    ControlMode::Dynamic => {
                        let to = limits.clamp(self.ac.dispatch.active);
                        let active = limits.clamp(self.ramped_phases(self.ac.output.active, to));
                        AcOutput { active, ..self.ac.dispatch }
                    }
                    // The vehicle plans: this is how far it may go in the direction that it has.
                    ControlMode::Scheduled => {
                        let out = self.ac_heads_out();
                        let most = Watts::new(if out { i16::MIN } else { i16::MAX }, 3);
                        AcOutput { active: limits.clamp(limits.shape(most)), ..AcOutput::ZERO }
                    }
                }
            }
            _ => AcOutput::ZERO,
        };
        if output != self.ac.output {
            self.ac.output = output;
            self.pending.raise(Pending::OUTPUT);
        }
    }

    #[cfg(feature = "ac")]
    fn ramped_phases(
        &mut self,
        from: Phases<exi_codec::Watt>,
        to: Phases<exi_codec::Watt>,
    ) -> Phases<exi_codec::Watt> {
        let total = self.ramped(from.total(), to.total());
        if total == to.total() {
            return to;
        }
        match to {
            Phases::Total(_) => Phases::Total(total),
            // A third each: what matters to the grid is the whole.
            Phases::Each(_) => {
                let third = total.to_milli_saturating(Rounding::TowardsZero) / 3;
                let third = Watts::from_milli(third, Rounding::TowardsZero);
                Phases::Each([third; 3])
            }
        }
    }

    #[cfg(feature = "wpt")]
    fn update_wpt(&mut self) {
        let output = if self.may_energise() && self.mode().is_some() {
            // What the vehicle asks for less of, it gets less of at once.
            let most = self.wpt_joint_power().min(self.wpt.wish).max(Watts::ZERO);
            self.ramped(self.wpt.output, most).min(most).max(Watts::ZERO)
        } else {
            Watts::ZERO
        };
        if output != self.wpt.output {
            self.wpt.output = output;
            self.pending.raise(Pending::OUTPUT);
        }
    }

    /// Moves from one power towards another no faster than the ramp allows, and comes back for the rest.
    fn ramped(&mut self, from: Watts, to: Watts) -> Watts {
        let Some(rate) = self.plant.ramp else { return to };
        match ramped(from, to, rate, self.now.saturating_sub(self.moved_at)) {
            Ramped::Arrived => {
                self.clear(T::Ramp);
                if from != to {
                    self.moved_at = self.now;
                }
                to
            }
            Ramped::Moved(power) => {
                self.start_timer(T::Ramp, RAMP_STEP);
                self.moved_at = self.now;
                power
            }
            Ramped::Waiting => {
                self.start_timer(T::Ramp, RAMP_STEP);
                from
            }
        }
    }

    /// The ramp as the charge parameters announce it to a vehicle of this power.
    #[cfg(any(feature = "ac", feature = "dc"))]
    pub(super) fn ramp_limitation(&self, vehicle: Watts) -> Option<RationalNumber> {
        self.plant.ramp.and_then(|rate| limitation(rate, vehicle))
    }

    /// Nothing flows, and nobody needs to be told: the order to switch off says more.
    pub(super) fn zero_output(&mut self) {
        #[cfg(feature = "dc")]
        {
            self.dc.output = Output::ZERO;
        }
        #[cfg(feature = "ac")]
        {
            self.ac.output = AcOutput::ZERO;
        }
        #[cfg(feature = "wpt")]
        {
            self.wpt.output = Watts::ZERO;
        }
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        if self.end.is_some() || self.closed {
            return;
        }
        match stop {
            Stop::Emergency => self.power_off_and_refuse_next(),
            Stop::Notify { max_delay } => {
                // The first notice counts: repeating it must not prolong the vehicle's time.
                if self.stopping.is_none() {
                    self.stopping = Some(stop);
                    if matches!(self.sequence.stage(), Stage::ChargeLoop | Stage::Standby) {
                        let delay = Duration::from_secs(u64::from(max_delay));
                        self.set(T::Terminate, delay.saturating_add(self.grace()));
                    }
                    self.update_output();
                }
            }
        }
        let waiting = match self.slot {
            Slot::PowerUp { asked, .. } => Some((asked, ResponseCode::FailedPowerDeliveryNotApplied)),
            Slot::Deferred(asked) => Some((asked, ResponseCode::Failed)),
            Slot::Idle | Slot::PowerDown(_) | Slot::Ready(_) => None,
        };
        if let Some((asked, code)) = waiting {
            self.refuse(asked, code, Refusal::Host);
        }
    }

    pub(super) fn power_off_and_refuse_next(&mut self) {
        self.stopping = Some(Stop::Emergency);
        self.settle_notices(&super::notice::TIMERS);
        for timer in [T::Ramp, T::Acknowledge, T::Pilot] {
            self.clear(timer);
        }
        self.zero_output();
        self.pending.power_off();
    }

    /// The vehicle was asked to stop or to pause, or to follow a set-point, and did not.
    pub(super) fn notification_expired(&mut self, timer: T) {
        self.late(timer);
        self.power_off_and_refuse_next();
    }
}
