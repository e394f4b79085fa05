//! What the vehicle does next.

use core::time::Duration;

use exi_codec::iso20::common_types::Processing;

use super::{Core, Course, Flags, Pending, T, Turn};
use crate::end::{Cause, Timer};
use crate::message::MessageKind as K;
use crate::sequence::{Answered, Asked, Stage, Step};
use crate::service::{Direction, Family};

/// A request with an intent.
pub(super) const fn step(kind: K, step: Step) -> Asked {
    Asked { step, ..Asked::plain(kind) }
}

/// A request that is not, or is, the last of its kind.
pub(super) const fn until(kind: K, finished: bool) -> Asked {
    let processing = if finished { Processing::Finished } else { Processing::Ongoing };
    Asked { processing, ..Asked::plain(kind) }
}

impl Core<'_> {
    /// The next request, or none while the host has to act.
    pub(super) fn plan(&self) -> Option<Asked> {
        let stage = self.sequence.stage();
        if self.is_departing(stage) {
            return Some(self.way_out(stage));
        }
        Some(match stage {
            Stage::Negotiation => Asked::plain(K::SupportedAppProtocolReq),
            Stage::SessionSetup => Asked::plain(K::SessionSetupReq),
            Stage::AuthorizationSetup => Asked::plain(K::AuthorizationSetupReq),
            Stage::Authorization => return self.authorization_plan(None),
            Stage::ServiceDiscovery => return self.authorization_plan(Some(K::ServiceDiscoveryReq)),
            Stage::ServiceDetail => Asked::plain(K::ServiceDetailReq),
            Stage::ServiceSelection if self.has_unasked() => Asked::plain(K::ServiceDetailReq),
            Stage::ServiceSelection => Asked::plain(K::ServiceSelectionReq),
            Stage::ChargeParameters => Asked::plain(charge_parameters_of(self.family())),
            Stage::ScheduleExchange => Asked::plain(K::ScheduleExchangeReq),
            Stage::PowerDelivery if !self.is_ready() => return None,
            Stage::PowerDelivery => step(K::PowerDeliveryReq, Step::Start),
            Stage::Standby if self.course != Course::Standby => step(K::PowerDeliveryReq, Step::Start),
            Stage::ChargeLoop if self.flags.has(Flags::REPLAN) => {
                step(K::PowerDeliveryReq, Step::ScheduleRenegotiation)
            }
            Stage::ChargeLoop if self.course == Course::Standby && self.may_stand_by() => {
                step(K::PowerDeliveryReq, Step::Standby)
            }
            Stage::ChargeLoop | Stage::Standby => Asked::plain(round_of(self.family())),
            stage => return self.family_plan(stage),
        })
    }

    /// What only one family has.
    fn family_plan(&self, stage: Stage) -> Option<Asked> {
        match (self.family(), stage) {
            #[cfg(feature = "dc")]
            (Family::Dc, stage) => self.dc_plan(stage),
            #[cfg(feature = "wpt")]
            (Family::Wpt, stage) => self.wpt_plan(stage),
            #[cfg(feature = "acdp")]
            (Family::Acdp, stage) => self.acdp_plan(stage),
            _ => None,
        }
    }

    /// Whether the vehicle is on its way out at this stage. Pause and renegotiation begin where power would.
    pub(super) fn is_departing(&self, stage: Stage) -> bool {
        match stage {
            Stage::WeldingDetection | Stage::Disconnect | Stage::SessionStop => true,
            Stage::PowerDelivery | Stage::ChargeLoop | Stage::Standby => {
                matches!(self.course, Course::Leave(_) | Course::Pause | Course::Renegotiate)
            }
            Stage::CableCheck | Stage::Connect if self.course == Course::Pause => {
                self.flags.has(Flags::GO_TO_PAUSE)
            }
            _ => self.course.is_leaving(),
        }
    }

    /// The shortest legal way to the end, the pause or the other service.
    fn way_out(&self, stage: Stage) -> Asked {
        let stop = match self.course {
            Course::Pause => Step::Pause,
            Course::Renegotiate => Step::ServiceRenegotiation,
            _ => Step::Terminate,
        };
        match stage {
            // Who plans and pauses on its own says 0 W first [V2G20-1195].
            Stage::ChargeLoop if self.pauses_uninvited() && !self.flags.has(Flags::ZERO_PROFILE) => {
                step(K::PowerDeliveryReq, Step::ScheduleRenegotiation)
            }
            // Deployed chargers await a round behind a new profile.
            Stage::ChargeLoop if self.pauses_uninvited() && !self.flags.has(Flags::ZERO_ROUND) => {
                Asked::plain(round_of(self.family()))
            }
            Stage::ChargeLoop | Stage::Standby => step(K::PowerDeliveryReq, Step::Stop),
            Stage::PowerDelivery
                if self.pauses_uninvited()
                    || self.course == Course::Renegotiate
                    || self.family() == Family::Acdp =>
            {
                step(K::PowerDeliveryReq, Step::Stop)
            }
            Stage::WeldingDetection => until(K::DcWeldingDetectionReq, self.flags.has(Flags::DEAD)),
            Stage::Disconnect => Asked::plain(K::AcdpDisconnectReq),
            _ => step(K::SessionStopReq, stop),
        }
    }

    pub(super) fn pauses_uninvited(&self) -> bool {
        self.course == Course::Pause && !self.flags.has(Flags::INVITED)
    }

    fn may_stand_by(&self) -> bool {
        self.is_quiet() || self.flags.has(Flags::OVERDUE)
    }

    /// Whether the vehicle's hardware is ready for power.
    fn is_ready(&self) -> bool {
        match self.family() {
            // Over DC the vehicle closes before the charger delivers.
            Family::Dc | Family::Acdp => self.plant.is_closed(),
            Family::Ac | Family::Wpt => true,
        }
    }

    /// After an answer: what the host has to do, and how long to pause.
    pub(super) fn move_on(&mut self, asked: Asked, answered: Answered) {
        let timing = self.config.settings.timing;
        let stage = self.sequence.stage();
        let open = answered.processing != Processing::Finished || asked.processing != Processing::Finished;
        self.entered(stage, asked);
        let Some(next) = self.plan() else { return self.wait_for_host() };
        let round = round_of(self.family());
        let pause = if open {
            timing.repeat_pause
        } else if asked.kind == round && next.kind == round {
            // The next request is what acknowledges a set-point.
            let most = self.station.status.ack_max_delay.map(|seconds| Duration::from_secs(seconds.into()));
            timing.loop_pause.min(most.unwrap_or(Duration::MAX))
        } else {
            Duration::ZERO
        };
        self.turn = Turn::Vehicle;
        self.set(T::Send, pause);
    }

    /// A stage was reached by the answer to a request: what the host has to do there.
    fn entered(&mut self, stage: Stage, asked: Asked) {
        match (self.family(), stage) {
            // Power has stopped, and nobody said what for.
            (_, Stage::WeldingDetection | Stage::SessionStop) if asked.kind == K::PowerDeliveryReq => {
                if matches!(self.course, Course::Charge | Course::Standby) {
                    self.leave_for(Cause::Terminated);
                }
                self.pending.raise(Pending::OPEN_CONTACTOR);
            }
            _ => {}
        }
        match self.family() {
            #[cfg(feature = "dc")]
            Family::Dc => self.dc_entered(stage, asked),
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt_entered(stage, asked),
            #[cfg(feature = "acdp")]
            Family::Acdp => self.acdp_entered(stage, asked),
            _ => {}
        }
    }

    /// A request was sent that changes what the hardware is to do.
    pub(super) fn sent(&mut self, asked: Asked) {
        #[cfg(feature = "ac")]
        if asked.kind == K::AcChargeLoopReq {
            self.ac_announced();
        }
        if asked.kind == K::PowerDeliveryReq {
            match asked.step {
                Step::Start if matches!(self.family(), Family::Ac | Family::Dc) => {
                    self.pending.raise(Pending::REQUEST_POWER);
                }
                Step::Stop | Step::Standby => self.abandon_renegotiation(),
                _ => {}
            }
        }
    }

    /// Nothing can be sent before the host acts. There is always a deadline to it.
    pub(super) fn wait_for_host(&mut self) {
        self.turn = Turn::Nobody;
        self.clear(T::Send);
        if self.deadline(T::Actuation).is_none() && self.deadline(T::Security).is_none() {
            self.set(T::Actuation, self.config.settings.timing.actuation);
            // Only DC waits for the vehicle's contactors.
            #[cfg(feature = "dc")]
            if self.sequence.stage() == Stage::PowerDelivery {
                self.ask_to_close();
            }
        }
    }

    /// The host has acted: on with it, if that was what the vehicle waited for.
    pub(super) fn resume(&mut self) {
        if !self.closed && self.plan().is_some() {
            if self.sequence.stage() == Stage::PowerDelivery {
                self.clear(T::Actuation);
            }
            self.turn = Turn::Vehicle;
            self.set(T::Send, Duration::ZERO);
        }
    }

    /// The charger kept the vehicle waiting for too long.
    pub(super) fn ongoing_expired(&mut self) {
        let request = self.plan().map_or(K::SessionStopReq, |asked| asked.kind);
        let cause = Cause::Timeout(Timer::Ongoing(request));
        match self.sequence.stage() {
            Stage::WeldingDetection => {
                self.leave_for(cause);
                self.flags.set(Flags::DEAD);
            }
            // There is no other way out of these.
            Stage::Disconnect => self.finish(cause),
            _ => self.leave(cause),
        }
    }

    /// The contactors did not answer in time.
    pub(super) fn actuation_expired(&mut self) {
        match self.sequence.stage() {
            Stage::PowerDelivery => self.leave(Cause::ContactorFault),
            Stage::WeldingDetection => {
                // On with the session, but not in the belief that all is well.
                self.leave_for(Cause::ContactorFault);
                self.flags.set(Flags::DEAD);
            }
            _ if matches!(self.turn, Turn::Nobody) => self.leave(Cause::Timeout(Timer::Actuation)),
            _ => {}
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.selection.map_or(Direction::ChargeOnly, |selection| selection.service.direction())
    }

    pub(super) fn is_bidirectional(&self) -> bool {
        self.direction() == Direction::Bidirectional
    }
}

/// The request of the charge loop.
pub(super) const fn round_of(family: Family) -> K {
    match family {
        Family::Ac => K::AcChargeLoopReq,
        Family::Dc | Family::Acdp => K::DcChargeLoopReq,
        Family::Wpt => K::WptChargeLoopReq,
    }
}

/// The request that declares limits.
pub(super) const fn charge_parameters_of(family: Family) -> K {
    match family {
        Family::Ac => K::AcChargeParameterDiscoveryReq,
        Family::Dc | Family::Acdp => K::DcChargeParameterDiscoveryReq,
        Family::Wpt => K::WptChargeParameterDiscoveryReq,
    }
}
