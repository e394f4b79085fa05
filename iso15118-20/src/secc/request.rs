//! Requests of the main stream: session, sequence, content, in this order.

use exi_codec::app_protocol::{self, SupportedAppProtocolReq};
use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::engine::Core;
use super::{Detail, Stop};
use crate::end::{Cause, Refusal};
use crate::message::{MessageKind, Request};
use crate::sequence::{Asked, Stage, Step, Stream};
use crate::service::Family;
use crate::settings::Transport;

impl Core<'_> {
    pub(super) fn handle(&mut self, asked: Asked, request: &Request<'_>) {
        if let Some(header) = request.header() {
            // All zero is no exception: only a session setup may come without the session's ID [V2G20-460].
            if asked.kind != MessageKind::SessionSetupReq && header.session_id != self.session {
                return self.refuse(asked, ResponseCode::FailedUnknownSession, Refusal::Content);
            }
        }
        #[cfg(feature = "dc")]
        self.update_pre_charge_guard();
        if self.sequence.check(asked).is_err() {
            let code = match (self.sequence.stage(), asked.step) {
                (Stage::SessionStop | Stage::WeldingDetection, Step::ServiceRenegotiation) => {
                    ResponseCode::FailedNoServiceRenegotiationSupported
                }
                _ => ResponseCode::FailedSequenceError,
            };
            return self.refuse(asked, code, Refusal::Content);
        }
        if self.is_barred(asked) {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Host);
        }
        self.content(asked, request);
    }

    fn content(&mut self, asked: Asked, request: &Request<'_>) {
        match request {
            Request::SupportedAppProtocolReq(message) => self.negotiate(asked, message),
            Request::SessionSetupReq(message) => self.session_setup(asked, message),
            Request::AuthorizationSetupReq(_) => self.authorization_setup(asked),
            Request::AuthorizationReq(message) => self.authorization(asked, message),
            Request::CertificateInstallationReq(message) => {
                self.installation(asked, message);
            }
            Request::ServiceDiscoveryReq(message) => self.discovery(asked, message),
            Request::ServiceDetailReq(message) => self.service_detail(asked, message.service_id),
            Request::ServiceSelectionReq(message) => self.service_selection(asked, message),
            Request::ScheduleExchangeReq(message) => self.schedule_exchange(Stream::Main, asked, message),
            Request::PowerDeliveryReq(message) => self.power_delivery(asked, message),
            Request::SessionStopReq(_) => self.session_stop(asked),
            #[cfg(feature = "ac")]
            Request::AcChargeParameterDiscoveryReq(message) => {
                self.ac_parameters(Stream::Main, asked, message);
            }
            #[cfg(feature = "ac")]
            Request::AcChargeLoopReq(message) => self.ac_loop(asked, message),
            #[cfg(feature = "dc")]
            Request::DcChargeParameterDiscoveryReq(message) => {
                self.dc_parameters(Stream::Main, asked, message);
            }
            #[cfg(feature = "dc")]
            Request::DcCableCheckReq(_) => self.cable_check(asked),
            #[cfg(feature = "dc")]
            Request::DcPreChargeReq(message) => self.pre_charge(asked, message),
            #[cfg(feature = "dc")]
            Request::DcChargeLoopReq(message) => self.dc_loop(asked, message),
            #[cfg(feature = "dc")]
            Request::DcWeldingDetectionReq(_) => self.ok(asked),
            #[cfg(feature = "wpt")]
            Request::WptFinePositioningSetupReq(message) => self.positioning_setup(asked, message),
            #[cfg(feature = "wpt")]
            Request::WptFinePositioningReq(message) => self.fine_positioning(asked, message),
            #[cfg(feature = "wpt")]
            Request::WptPairingReq(message) => self.pair(asked, message),
            #[cfg(feature = "wpt")]
            Request::WptChargeParameterDiscoveryReq(message) => {
                self.wpt_parameters(Stream::Main, asked, message);
            }
            #[cfg(feature = "wpt")]
            Request::WptAlignmentCheckReq(message) => self.alignment_check(asked, message),
            #[cfg(feature = "wpt")]
            Request::WptChargeLoopReq(message) => self.wpt_loop(asked, message),
            #[cfg(feature = "acdp")]
            Request::AcdpVehiclePositioningReq(message) => self.position_vehicle(asked, message),
            #[cfg(feature = "acdp")]
            Request::AcdpConnectReq(_) => self.connect_device(asked),
            #[cfg(feature = "acdp")]
            Request::AcdpDisconnectReq(_) => self.disconnect_device(asked),
            // Kinds without a row in the table of this family do not come this far.
            _ => self.refuse(asked, ResponseCode::FailedSequenceError, Refusal::Content),
        }
    }

    /// Of what both can, the vehicle's favourite [V2G20-167, V2G20-169].
    fn negotiate(&mut self, asked: Asked, message: &SupportedAppProtocolReq<'_>) {
        use app_protocol::ResponseCode as Negotiation;
        // Priorities run from 1; of equal ones the first wins.
        let best = message
            .app_protocol
            .iter()
            .filter(|entry| entry.version_number_major == 1)
            .filter_map(|entry| Some((Family::from_namespace(&entry.protocol_namespace)?, entry)))
            .filter(|(family, _)| self.config.offers_family(*family))
            .min_by_key(|(_, entry)| entry.priority.get());
        let (choice, cause) = match (self.connection.transport, best) {
            (Transport::Plain, _) => (None, Cause::NotSecured),
            (_, best) => (best, Cause::NoProtocol),
        };
        let Some((family, entry)) = choice else {
            let detail = Detail::Protocol(Negotiation::FailedNoNegotiation, None);
            self.answer_with(asked, ResponseCode::Failed, Processing::Finished, detail);
            return self.finish(cause);
        };
        self.settle_family(family);
        let code = match entry.version_number_minor {
            0 => Negotiation::OkSuccessfulNegotiation,
            _ => Negotiation::OkSuccessfulNegotiationWithMinorDeviation,
        };
        let detail = Detail::Protocol(code, Some(entry.schema_id));
        self.answer_with(asked, ResponseCode::Ok, Processing::Finished, detail);
    }

    fn session_stop(&mut self, asked: Asked) {
        match asked.step {
            Step::Pause if !self.may_pause() => {
                self.refuse(asked, ResponseCode::FailedPauseNotAllowed, Refusal::Content);
            }
            // Whoever was told to stop does not begin again with another service.
            Step::ServiceRenegotiation if self.stopping.is_some() => {
                self.refuse(asked, ResponseCode::Failed, Refusal::Host);
            }
            _ => self.ok(asked),
        }
    }

    /// Whether a stop of the host's forbids this request, whatever it says.
    ///
    /// An orderly stop lets the vehicle leave by itself: out of the loop, and anything that ends.
    fn is_barred(&self, asked: Asked) -> bool {
        use MessageKind as K;
        let leaving =
            matches!(asked.kind, K::SessionStopReq | K::DcWeldingDetectionReq | K::AcdpDisconnectReq)
                || (asked.kind == K::PowerDeliveryReq && asked.step == Step::Stop);
        let looping = matches!(self.sequence.stage(), Stage::ChargeLoop | Stage::Standby);
        match self.stopping {
            None => false,
            Some(Stop::Emergency) => !leaving,
            Some(Stop::Notify { .. }) => !leaving && !looping,
        }
    }
}
