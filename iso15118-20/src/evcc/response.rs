//! What responses say, once framing, codec, session and sequence have passed them.

use exi_codec::Lazy;
use exi_codec::iso20::common_messages::PowerDeliveryRes;
use exi_codec::iso20::common_types::{EvseStatus, MeterInfo, Processing, Receipt, ResponseCode};

use super::plan::round_of;
use super::{Core, Course, Flags, Pending};
use crate::end::Cause;
use crate::message::{MessageKind as K, Response};
use crate::sequence::{Answered, Asked, Class, Step};
#[cfg(any(feature = "ac", feature = "dc"))]
use crate::service::Direction;
use crate::service::Family;

impl Core<'_> {
    pub(super) fn content(&mut self, asked: Asked, answered: Answered, response: &Response<'_>) {
        if answered.class() == Class::Warning {
            self.warned(asked, answered.code);
            // What the charger wants counts with any answer.
            if let Response::PowerDeliveryRes(message) = response {
                self.notified(message.evse_status);
            }
            #[cfg(feature = "wpt")]
            if let Response::WptPairingRes(message) = response
                && message.alternative_secc_list.is_some()
            {
                self.pending.raise(Pending::ALTERNATIVES);
            }
            // In the loop a warning is advice, and the rest of the answer counts.
            if asked.kind != round_of(self.family()) {
                return;
            }
        } else {
            self.violations = 0;
        }
        match response {
            Response::SupportedAppProtocolRes(message) => self.negotiated(message.schema_id),
            Response::SessionSetupRes(message) => self.session_set_up(message),
            Response::AuthorizationSetupRes(message) => self.authorization_offered(message),
            Response::AuthorizationRes(message) => match message.evse_processing {
                Processing::Finished => self.authorized(message.response_code),
                Processing::Ongoing => {}
                Processing::OngoingWaitingForCustomerInteraction => self.pending.raise(Pending::CUSTOMER),
            },
            Response::CertificateInstallationRes(message) => self.installation_received(message),
            Response::ServiceDiscoveryRes(message) => self.discovered(message),
            Response::ServiceDetailRes(message) => self.detailed(message),
            Response::ServiceSelectionRes(_) => self.service_selected(),
            Response::ScheduleExchangeRes(message) => self.scheduled(message),
            Response::PowerDeliveryRes(message) => self.power_delivered(asked, message),
            Response::SessionStopRes(_) if asked.step == Step::ServiceRenegotiation => {
                self.course = Course::Charge;
                self.renegotiated();
            }
            _ => self.family_content(response),
        }
    }

    /// What differs by family.
    pub(super) fn family_content(&mut self, response: &Response<'_>) {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.ac_content(response),
            #[cfg(feature = "dc")]
            Family::Dc => self.dc_content(response),
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt_content(response),
            #[cfg(feature = "acdp")]
            Family::Acdp => self.acdp_content(response),
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => {}
        }
    }

    /// Not done, and the session goes on.
    fn warned(&mut self, asked: Asked, code: ResponseCode) {
        use ResponseCode as C;
        let round = asked.kind == round_of(self.family());
        match (asked.kind, code) {
            // Less with every round in which the charger still says so.
            (_, C::WarningEvPowerProfileViolation) if round => {
                self.violations = self.violations.saturating_add(1);
            }
            (_, C::WarningScheduleRenegotiationFailed) if round => self.renegotiation_failed(),
            (_, _) if round => {}
            (K::PowerDeliveryReq, C::WarningStandbyNotAllowed) if asked.step == Step::Standby => {
                self.standby_refused();
            }
            (K::PowerDeliveryReq, C::WarningPowerToleranceNotConfirmed)
                if !self.flags.has(Flags::TOLERANT) =>
            {
                self.flags.set(Flags::TOLERANT);
            }
            (K::AuthorizationReq, code) => self.authorization_refused(code),
            (K::CertificateInstallationReq, code) => self.installation_refused(code),
            #[cfg(feature = "wpt")]
            (_, C::WarningWpt) if self.family() == Family::Wpt => self.position_lost(asked, code),
            // Asking again would get the same answer.
            (request, code) => self.leave(Cause::Failed { request, code }),
        }
    }

    fn power_delivered(&mut self, asked: Asked, message: &PowerDeliveryRes<'_>) {
        match asked.step {
            Step::Start => {
                self.flags.clear(Flags::ZERO_PROFILE);
                self.flags.clear(Flags::ZERO_ROUND);
                self.flags.clear(Flags::INVITED);
            }
            Step::Standby => {
                self.deadlines.clear(super::T::Course as usize);
                self.pending.raise(Pending::STANDBY);
            }
            Step::ScheduleRenegotiation => {
                self.flags.clear(Flags::REPLAN);
                if self.course == Course::Pause {
                    self.flags.set(Flags::ZERO_PROFILE);
                }
            }
            _ => {}
        }
        #[cfg(feature = "ac")]
        if asked.step != Step::ScheduleRenegotiation {
            self.plant.ac.forget_target();
        }
        self.update_output();
        self.notified(message.evse_status);
    }

    /// What every response of the loop has.
    pub(super) fn round_done(
        &mut self,
        status: Option<EvseStatus>,
        meter: Option<Lazy<'_, MeterInfo<'_>>>,
        receipt: Option<Lazy<'_, Receipt<'_>>>,
    ) {
        self.metered(meter);
        self.billed(receipt);
        if self.flags.has(Flags::ZERO_PROFILE) {
            self.flags.set(Flags::ZERO_ROUND);
        }
        self.pending.raise(Pending::STATUS);
        self.notified(status);
    }

    /// Whether the type of a response fits the service.
    #[cfg(any(feature = "ac", feature = "dc"))]
    pub(super) fn fits(&mut self, direction: Direction, kind: K) -> bool {
        let fits = direction == self.direction();
        if !fits {
            self.leave(Cause::InvalidResponse(kind));
        }
        fits
    }
}
