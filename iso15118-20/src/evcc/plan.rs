//! What the vehicle does next.

use core::time::Duration;

use exi_codec::iso20::common_types::Processing;
use exi_codec::{Amperes, Rounding};

use super::{Core, DischargePermit, Pending, T, Turn};
use crate::end::{Cause, Timer};
use crate::message::MessageKind as K;
use crate::power::Contactor;
use crate::sequence::{Answered, Asked, Stage, Step};
use crate::service::Direction;

impl Core<'_> {
    /// The next request, or none while the host has to act.
    pub(super) fn plan(&self) -> Option<Asked> {
        if self.leaving.is_some() {
            return Some(self.way_out());
        }
        Some(match self.sequence.stage() {
            Stage::Negotiation => Asked::plain(K::SupportedAppProtocolReq),
            Stage::SessionSetup => Asked::plain(K::SessionSetupReq),
            Stage::AuthorizationSetup => Asked::plain(K::AuthorizationSetupReq),
            Stage::Authorization => Asked::plain(K::AuthorizationReq),
            Stage::ServiceDiscovery => Asked::plain(K::ServiceDiscoveryReq),
            Stage::ServiceDetail => Asked::plain(K::ServiceDetailReq),
            Stage::ServiceSelection if self.unasked != 0 => Asked::plain(K::ServiceDetailReq),
            Stage::ServiceSelection => Asked::plain(K::ServiceSelectionReq),
            Stage::ChargeParameters => Asked::plain(K::DcChargeParameterDiscoveryReq),
            Stage::ScheduleExchange => Asked::plain(K::ScheduleExchangeReq),
            Stage::CableCheck => Asked::plain(K::DcCableCheckReq),
            Stage::PreCharge => Asked {
                processing: if self.matched { Processing::Finished } else { Processing::Ongoing },
                ..Asked::plain(K::DcPreChargeReq)
            },
            Stage::PowerDelivery if self.plant.contactor != Contactor::Closed => return None,
            Stage::PowerDelivery => Asked { step: Step::Start, ..Asked::plain(K::PowerDeliveryReq) },
            Stage::ChargeLoop => Asked::plain(K::DcChargeLoopReq),
            Stage::WeldingDetection | Stage::SessionStop => self.way_out(),
            // The rest belongs to families that this vehicle does not offer.
            _ => return None,
        })
    }

    /// The shortest legal way to the end.
    fn way_out(&self) -> Asked {
        match self.sequence.stage() {
            Stage::ChargeLoop => Asked { step: Step::Stop, ..Asked::plain(K::PowerDeliveryReq) },
            Stage::WeldingDetection => Asked {
                processing: if self.dead { Processing::Finished } else { Processing::Ongoing },
                ..Asked::plain(K::DcWeldingDetectionReq)
            },
            _ => Asked { step: Step::Terminate, ..Asked::plain(K::SessionStopReq) },
        }
    }

    /// After an answer: what the host has to do, and how long to pause.
    pub(super) fn move_on(&mut self, asked: Asked, answered: Answered) {
        let timing = self.config.settings.timing;
        let open = answered.processing != Processing::Finished || asked.processing != Processing::Finished;
        let pause = match self.sequence.stage() {
            Stage::ChargeLoop if asked.kind == K::DcChargeLoopReq && self.leaving.is_none() => {
                timing.loop_pause
            }
            _ if open => timing.repeat_pause,
            _ => Duration::ZERO,
        };
        match (self.sequence.stage(), asked.kind) {
            (Stage::CableCheck, K::ScheduleExchangeReq) => {
                self.pending.raise(Pending::CABLE_CHECK);
                self.set(T::Ongoing, timing.cable_check);
            }
            (Stage::PreCharge, K::DcCableCheckReq) => {
                self.pending.raise(Pending::PRE_CHARGE);
                self.set(T::Ongoing, timing.pre_charge);
            }
            (Stage::PowerDelivery, K::DcPreChargeReq)
                if self.plant.contactor != Contactor::Closed && self.leaving.is_none() =>
            {
                self.pending.raise(Pending::CLOSE_CONTACTOR);
                self.set(T::Actuation, timing.actuation);
            }
            (Stage::WeldingDetection, K::PowerDeliveryReq) => {
                self.leaving = self.leaving.or(Some(Cause::Terminated));
                self.pending.raise(Pending::OPEN_CONTACTOR);
                self.set(T::Actuation, timing.actuation);
                self.set(T::Ongoing, timing.welding);
            }
            _ => {}
        }
        self.turn = Turn::Vehicle;
        self.set(T::Send, pause);
        if self.plan().is_none() {
            self.turn = Turn::Nobody;
            self.clear(T::Send);
        }
    }

    /// The host has acted: on with it, if that was what the vehicle waited for.
    pub(super) fn resume(&mut self) {
        if self.plan().is_some() {
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
        if self.sequence.stage() == Stage::WeldingDetection {
            self.leaving = Some(cause);
            self.dead = true;
        } else {
            self.leave(cause);
        }
    }

    /// The contactors did not answer in time.
    pub(super) fn actuation_expired(&mut self) {
        match self.sequence.stage() {
            Stage::PowerDelivery => self.leave(Cause::ContactorFault),
            Stage::WeldingDetection => {
                // On with the session, but not in the belief that all is well.
                self.leaving = Some(Cause::ContactorFault);
                self.dead = true;
            }
            _ => {}
        }
    }

    /// Whether energy may leave the battery now.
    pub(super) fn may_discharge(&self) -> bool {
        self.direction() == Direction::Bidirectional
            && self.plant.discharge == DischargePermit::Allowed
            && self.plant.limits.discharge.is_some()
    }

    pub(super) fn direction(&self) -> Direction {
        self.selection.map_or(Direction::ChargeOnly, |selection| selection.service.direction())
    }

    /// Leaves when current flows that must not. Small currents are measurement error, and a permit just
    /// withdrawn takes effect with the next round only: the charger learns of it from the announced limits.
    pub(super) fn check_current(&mut self, current: Amperes) {
        let milli = |a: Amperes| a.to_milli_saturating(Rounding::Nearest);
        let slack = milli(self.config.settings.open_current);
        let bidirectional = self.direction() == Direction::Bidirectional;
        let discharge = self.plant.limits.discharge.filter(|_| bidirectional).unwrap_or_default();
        let most = milli(self.plant.limits.charge.max_current);
        let least = -milli(discharge.max_current.abs());
        let tolerance = |limit: i64| limit.saturating_abs() / 20 + slack;
        let current = milli(current);
        if current > most.saturating_add(tolerance(most)) || current < least.saturating_sub(tolerance(least))
        {
            self.leave(Cause::UnsafeCurrent);
        }
    }
}
