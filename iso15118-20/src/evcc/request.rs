//! Requests that all families have: built and encoded in one go, where they are sent.

use exi_codec::Str;
use exi_codec::iso20::common_messages::{
    AuthorizationSetupReq, ChargingSession, SessionSetupReq, SessionStopReq,
};

use super::Core;
use crate::end::Cause;
use crate::message::{EncodeError, MessageKind as K, Request};
use crate::sequence::{Asked, Step, Stream};
use crate::service::Family;

impl Core<'_> {
    pub(super) fn encode(&self, asked: Asked, out: &mut [u8]) -> Result<usize, EncodeError> {
        let header = self.header();
        let request = match asked.kind {
            K::SupportedAppProtocolReq => return self.encode_offer(out),
            K::SessionSetupReq => {
                Request::SessionSetupReq(SessionSetupReq { header, evcc_id: Str::new(self.config.evcc_id) })
            }
            K::AuthorizationSetupReq => Request::AuthorizationSetupReq(AuthorizationSetupReq { header }),
            K::AuthorizationReq => return self.encode_authorization(out),
            K::CertificateInstallationReq => return self.encode_installation(out),
            K::ServiceDiscoveryReq => return self.encode_discovery(out),
            K::ServiceDetailReq => self.detail_request(),
            K::ServiceSelectionReq => return self.encode_selection(out),
            K::ScheduleExchangeReq => self.schedule_exchange(),
            K::PowerDeliveryReq => {
                return self.encode_power_delivery(asked, &self.station.plan, Stream::Main, out);
            }
            K::SessionStopReq => Request::SessionStopReq(SessionStopReq {
                header,
                charging_session: match asked.step {
                    Step::Pause => ChargingSession::Pause,
                    Step::ServiceRenegotiation => ChargingSession::ServiceRenegotiation,
                    _ => ChargingSession::Terminate,
                },
                ev_termination_code: self.course.fault().and_then(termination_code).map(Str::new),
                ev_termination_explanation: None,
            }),
            _ => return self.encode_family(asked, Stream::Main, out),
        };
        request.encode(out)
    }

    /// What differs by family.
    pub(super) fn encode_family(
        &self,
        asked: Asked,
        stream: Stream,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let request = match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.ac_request(asked),
            #[cfg(feature = "dc")]
            Family::Dc => self.dc_request(asked),
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt_request(asked),
            #[cfg(feature = "acdp")]
            Family::Acdp => self.acdp_request(asked),
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => None,
        };
        // The vehicle plans nothing else; a goodbye is never wrong.
        let goodbye = SessionStopReq { header: self.header(), ..SessionStopReq::default() };
        request.unwrap_or(Request::SessionStopReq(goodbye)).encode_on(stream, out)
    }
}

/// Why the vehicle leaves, for the record of the charger.
const fn termination_code(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::NoService => Some("NoService"),
        Cause::NotAuthorized => Some("NotAuthorized"),
        Cause::IncompatibleLimits => Some("IncompatibleLimits"),
        Cause::InvalidResponse(_) => Some("InvalidResponse"),
        Cause::UnsafeCurrent => Some("UnsafeCurrent"),
        Cause::ContactorFault => Some("ContactorFault"),
        Cause::PositioningFailed => Some("PositioningFailed"),
        Cause::StationFault => Some("StationFault"),
        Cause::Timeout(_) => Some("Timeout"),
        _ => None,
    }
}
