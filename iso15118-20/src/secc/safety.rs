//! What keeps people and hardware safe: interlocks, output, stopping.

use core::time::Duration;

use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::{Amperes, Rounding, Volts};

use super::{Asked, Authorization, Core, Pending, Slot, Stop, T};
use crate::end::{Cause, Refusal};
use crate::message::MessageKind as K;
use crate::power::{Contactor, Output};
use crate::secc::Isolation;
use crate::sequence::{Stage, Step};
use crate::service::ControlMode;

impl Core<'_> {
    /// Whether any current may flow at this moment.
    fn may_energise(&self) -> bool {
        self.end.is_none()
            && self.stopping.is_none()
            && self.authorization == Authorization::Granted
            && self.plant.isolation == Some(Isolation::Valid)
            && self.plant.contactor == Contactor::Closed
            && self.sequence.stage() == Stage::ChargeLoop
            && !matches!(self.slot, Slot::PowerDown(_))
    }

    /// Whether the hardware has left the state that voltage at the outlet needs.
    pub(super) fn plant_failed(&self) -> bool {
        let live =
            matches!(self.sequence.stage(), Stage::PreCharge | Stage::PowerDelivery | Stage::ChargeLoop);
        let stopped =
            matches!(self.stopping, Some(Stop::Emergency)) || matches!(self.slot, Slot::PowerDown(_));
        live && !stopped
            && (self.plant.isolation == Some(Isolation::Fault)
                || self.sequence.stage() == Stage::ChargeLoop && self.plant.contactor != Contactor::Closed)
    }

    /// The one place where an output is decided.
    pub(super) fn update_output(&mut self) {
        let output = match self.selection {
            Some(selection) if self.may_energise() => {
                let wish = match selection.parameters.control_mode {
                    ControlMode::Scheduled => self.vehicle.wish,
                    ControlMode::Dynamic => self.dispatched(),
                };
                self.joint_limits().clamp(wish)
            }
            _ => Output::ZERO,
        };
        if output != self.output {
            self.output = output;
            self.pending.raise(Pending::OUTPUT);
        }
    }

    /// The host's dispatch as a wish: all the current there is, at the voltage that the vehicle allows.
    fn dispatched(&self) -> Output {
        let power = self.plant.dispatch;
        let current = Amperes::new(i16::MAX, 0);
        Output {
            voltage: self.vehicle.live.max_voltage,
            current: if power.is_negative() { current.negated() } else { current },
            power,
        }
    }

    pub(super) fn measured_voltage(&self) -> Volts {
        self.plant.measured.unwrap_or_default().voltage
    }

    /// Whether the outlet has the voltage that the vehicle asked for.
    pub(super) fn voltages_match(&self) -> bool {
        let tolerance = self.config.settings.voltage_tolerance;
        match (self.vehicle.pre_charge, self.plant.measured) {
            (Some(target), Some(measured)) => apart(target, measured.voltage) <= milli_volts(tolerance),
            _ => false,
        }
    }

    /// Power delivery starts: voltages match, contactors close, once. Either may take a moment.
    pub(super) fn begin_start(&mut self, asked: Asked) {
        if self.stopping.is_some() {
            return self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Host);
        }
        if self.plant.isolation != Some(Isolation::Valid) {
            return self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Plant);
        }
        self.set(T::Actuation, self.config.settings.timing.actuation);
        self.slot = Slot::PowerUp { asked, ordered: false };
        self.continue_start(asked, false);
    }

    pub(super) fn continue_start(&mut self, asked: Asked, ordered: bool) {
        match self.plant.contactor {
            Contactor::Fault => self.refuse(asked, ResponseCode::FailedContactorError, Refusal::Plant),
            _ if !self.voltages_match() => {}
            Contactor::Closed => {
                self.clear(T::Actuation);
                self.ok(asked);
            }
            Contactor::Open if ordered => {}
            Contactor::Open => {
                self.slot = Slot::PowerUp { asked, ordered: true };
                self.pending.raise(Pending::CLOSE_CONTACTOR);
            }
        }
    }

    /// Power delivery stops: current first, contactors after.
    pub(super) fn begin_stop(&mut self, asked: Asked) {
        self.slot = Slot::PowerDown(asked);
        self.clear(T::Notification);
        self.update_output();
        self.set(T::Actuation, self.config.settings.timing.actuation);
        self.finish_stop(asked);
    }

    pub(super) fn finish_stop(&mut self, asked: Asked) {
        let current = self.plant.measured.unwrap_or_default().current.abs();
        if current <= self.config.settings.open_current {
            self.clear(T::Actuation);
            self.pending.raise(Pending::OPEN_CONTACTOR);
            self.ok(asked);
        }
    }

    /// The plant did not confirm in time.
    pub(super) fn actuation_expired(&mut self) {
        match self.slot {
            Slot::PowerUp { asked, ordered: true } => {
                self.refuse(asked, ResponseCode::FailedContactorError, Refusal::HostSilent);
            }
            Slot::PowerUp { asked, ordered: false } => {
                self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Plant);
            }
            Slot::PowerDown(asked) => {
                self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::HostSilent);
            }
            Slot::Idle | Slot::Ready(_) => {}
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
                    if self.sequence.stage() == Stage::ChargeLoop {
                        let delay = Duration::from_secs(u64::from(max_delay));
                        self.set(T::Notification, delay.saturating_add(self.grace()));
                    }
                    self.update_output();
                }
            }
        }
        if let Slot::PowerUp { asked, .. } = self.slot {
            self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Host);
        }
    }

    pub(super) fn power_off_and_refuse_next(&mut self) {
        self.stopping = Some(Stop::Emergency);
        self.clear(T::Notification);
        self.output = Output::ZERO;
        self.pending.power_off();
    }

    /// The vehicle was asked to stop and did not.
    pub(super) fn notification_expired(&mut self) {
        self.power_off_and_refuse_next();
    }

    /// Whether a stop of the host's forbids this request, whatever it says.
    ///
    /// An orderly stop lets the vehicle leave by itself: out of the loop, and anything that ends.
    pub(super) fn is_barred(&self, asked: Asked) -> bool {
        let leaving = asked.kind == K::SessionStopReq
            || asked.kind == K::DcWeldingDetectionReq
            || (asked.kind == K::PowerDeliveryReq && asked.step == Step::Stop);
        match self.stopping {
            None => false,
            Some(Stop::Emergency) => !leaving,
            Some(Stop::Notify { .. }) => !leaving && self.sequence.stage() != Stage::ChargeLoop,
        }
    }

    /// A second request before the first was answered.
    pub(super) fn refuse_out_of_turn(&mut self, asked: Asked) {
        self.slot = Slot::Idle;
        self.answer(asked, ResponseCode::FailedSequenceError, Processing::Finished);
        self.finish(Cause::OutOfTurn);
    }

    /// Seconds left of a notification, while there is one.
    pub(super) fn notification(&self) -> Option<u16> {
        self.stopping?;
        let until = self.deadlines.get(T::Notification as usize)?.saturating_sub(self.grace());
        u16::try_from(until.saturating_sub(self.now).as_secs()).ok()
    }

    /// A delay of zero still leaves the vehicle the round that tells it and its very next request.
    fn grace(&self) -> Duration {
        let round = self.config.settings.timing.loop_sequence;
        round.saturating_add(round)
    }
}

fn milli_volts(voltage: Volts) -> i64 {
    voltage.to_milli_saturating(Rounding::Nearest)
}

fn apart(a: Volts, b: Volts) -> i64 {
    milli_volts(a).saturating_sub(milli_volts(b)).saturating_abs()
}
