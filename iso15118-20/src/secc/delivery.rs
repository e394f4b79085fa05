//! Power delivery: start, stop, standby, and a new plan on the way.

use exi_codec::iso20::common_messages::PowerDeliveryReq;
use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::engine::Core;
use super::{Pending, SeccTimer as T, Slot};
use crate::end::Refusal;
use crate::power::Contactor;
use crate::sequence::{Asked, Class, Stage, Step, class_of};

impl Core<'_> {
    pub(super) fn power_delivery(&mut self, asked: Asked, message: &PowerDeliveryReq<'_>) {
        // A vehicle that is not ready yet gets OK, and nothing of what it says counts [V2G20-2007].
        if asked.processing != Processing::Finished {
            return self.ok(asked);
        }
        match asked.step {
            Step::Standby => return self.begin_standby(asked),
            Step::Stop => return self.begin_stop(asked),
            _ => {}
        }
        let stage = self.sequence.stage();
        let under_way = matches!(stage, Stage::ChargeLoop | Stage::Standby);
        let code = if under_way && asked.step == Step::Start && message.ev_power_profile.is_none() {
            // The plan that was agreed on goes on.
            ResponseCode::Ok
        } else {
            match self.check_profile(message) {
                Ok(agreed) => self.adopt(&agreed),
                Err(code) if class_of(code) == Class::Warning => return self.warn(asked, code),
                Err(code) => return self.refuse(asked, code, Refusal::Content),
            }
        };
        self.clear(T::PreCharge);
        if asked.step == Step::ScheduleRenegotiation {
            self.settle_notices(&[T::ScheduleRenegotiation]);
            self.pending.raise(Pending::RENEGOTIATED);
        }
        // In the loop a start is a repetition: contactors are closed, nothing happens twice.
        if stage == Stage::ChargeLoop {
            self.answer(asked, code, Processing::Finished);
        } else {
            self.begin_start(asked, code);
        }
    }

    /// Power delivery starts: voltages match, contactors close, once. Either may take a moment.
    fn begin_start(&mut self, asked: Asked, code: ResponseCode) {
        if self.stopping.is_some() {
            return self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Host);
        }
        if !self.is_prepared() {
            return self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Plant);
        }
        self.settle_notices(&[T::ExitStandby]);
        self.set(T::Actuation, self.timing().actuation);
        if !self.pilot_is_ready() {
            self.set(T::Pilot, self.timing().pilot);
        }
        self.slot = Slot::PowerUp { asked, code, ordered: false };
        self.continue_start(asked, code, false);
    }

    pub(super) fn continue_start(&mut self, asked: Asked, code: ResponseCode, ordered: bool) {
        match self.plant.contactor {
            Contactor::Fault => self.refuse(asked, ResponseCode::FailedContactorError, Refusal::Plant),
            _ if !self.has_contactor() => self.started(asked, code),
            _ if !self.pilot_is_ready() || !self.voltages_match() => {}
            Contactor::Closed => self.started(asked, code),
            Contactor::Open if ordered => {}
            Contactor::Open => {
                self.slot = Slot::PowerUp { asked, code, ordered: true };
                self.pending.raise(Pending::CLOSE_CONTACTOR);
            }
        }
    }

    fn started(&mut self, asked: Asked, code: ResponseCode) {
        self.clear(T::Actuation);
        self.clear(T::Pilot);
        self.answer(asked, code, Processing::Finished);
    }

    /// Power delivery stops: current first, contactors after.
    fn begin_stop(&mut self, asked: Asked) {
        self.settle_notices(&[T::Terminate, T::Pause, T::ExitStandby, T::ServiceRenegotiation]);
        self.settle_notices(&[T::ScheduleRenegotiation, T::MeteringConfirmation]);
        self.reset_renegotiation();
        self.power_down(asked);
    }

    /// The loop goes on without power, the contactors stay closed.
    fn begin_standby(&mut self, asked: Asked) {
        if !self.config.standby.is_offered() || self.stopping.is_some() {
            return self.warn(asked, ResponseCode::WarningStandbyNotAllowed);
        }
        self.settle_notices(&[T::Pause]);
        self.reset_renegotiation();
        if self.sequence.stage() == Stage::Standby {
            return self.ok(asked);
        }
        self.power_down(asked);
    }

    fn power_down(&mut self, asked: Asked) {
        self.clear(T::Acknowledge);
        self.slot = Slot::PowerDown(asked);
        self.update_output();
        self.set(T::Actuation, self.timing().actuation);
        self.finish_stop(asked);
    }

    pub(super) fn finish_stop(&mut self, asked: Asked) {
        if !self.current_is_low() {
            return;
        }
        self.clear(T::Actuation);
        self.pending.raise(match asked.step {
            Step::Standby => Pending::STANDBY,
            _ => Pending::OPEN_CONTACTOR,
        });
        self.ok(asked);
    }

    /// The plant did not confirm in time.
    pub(super) fn actuation_expired(&mut self) {
        let not_applied = ResponseCode::FailedPowerDeliveryNotApplied;
        match self.slot {
            Slot::PowerUp { asked, ordered: true, .. } => {
                self.refuse(asked, ResponseCode::FailedContactorError, Refusal::HostSilent);
            }
            Slot::PowerUp { asked, ordered: false, .. } => self.refuse(asked, not_applied, Refusal::Plant),
            Slot::PowerDown(asked) => self.refuse(asked, not_applied, Refusal::HostSilent),
            Slot::Idle | Slot::Deferred(_) | Slot::Ready(_) => {}
        }
    }
}
