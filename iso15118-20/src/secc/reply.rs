//! Responses: built and encoded in one go, where they are sent.

use exi_codec::iso20::common_messages::{
    AuthorizationRes, MeteringConfirmationRes, PowerDeliveryRes, ServiceSelectionRes, SessionSetupRes,
    SessionStopRes,
};
use exi_codec::iso20::common_types::{MeterInfo, Processing, Receipt, ResponseCode};
use exi_codec::{Bytes, Str, app_protocol};
use thiserror::Error;

use super::engine::Core;
use super::{Detail, Reply};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind as K, Response, refusal};
use crate::sequence::{Asked, Class, Stream, class_of};
use crate::service::Direction;

/// Why an answer of the host's was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Nothing of the kind is open.
    #[error("no such request is open")]
    NotAsked,
    /// The content is outside the limits of the schema or of the service.
    #[error("the content is outside the limits of the schema or of the service")]
    Content,
    /// It could not be written.
    #[error(transparent)]
    Encode(EncodeError),
}

impl Core<'_> {
    pub(super) fn encode(&self, stream: Stream, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        if let Detail::Protocol(response_code, schema_id) = reply.detail {
            let message = app_protocol::SupportedAppProtocolRes { response_code, schema_id };
            return Response::SupportedAppProtocolRes(message).encode(out);
        }
        if class_of(reply.code) == Class::Failed {
            return refusal(reply.asked.kind, self.header(), reply.code).encode_on(stream, out);
        }
        match reply.asked.kind {
            K::AuthorizationSetupReq => self.encode_authorization_setup(reply, out),
            K::ServiceDiscoveryReq => self.encode_services(reply, out),
            K::ServiceDetailReq => self.encode_service_detail(reply, out),
            K::ScheduleExchangeReq => self.encode_schedule(stream, reply, out),
            #[cfg(feature = "ac")]
            K::AcChargeParameterDiscoveryReq => self.encode_ac_parameters(stream, reply, out),
            #[cfg(feature = "ac")]
            K::AcChargeLoopReq => self.encode_ac_loop(reply, out),
            #[cfg(feature = "dc")]
            K::DcChargeParameterDiscoveryReq
            | K::DcCableCheckReq
            | K::DcPreChargeReq
            | K::DcWeldingDetectionReq => self.encode_dc(stream, reply, out),
            #[cfg(feature = "dc")]
            K::DcChargeLoopReq => self.encode_dc_loop(reply, out),
            #[cfg(feature = "wpt")]
            K::WptFinePositioningSetupReq
            | K::WptFinePositioningReq
            | K::WptPairingReq
            | K::WptChargeParameterDiscoveryReq
            | K::WptAlignmentCheckReq => self.encode_wpt(stream, reply, out),
            #[cfg(feature = "wpt")]
            K::WptChargeLoopReq => self.encode_wpt_loop(reply, out),
            #[cfg(feature = "acdp")]
            K::AcdpVehiclePositioningReq
            | K::AcdpConnectReq
            | K::AcdpDisconnectReq
            | K::AcdpSystemStatusReq => self.encode_acdp(reply, out),
            K::VehicleCheckInReq | K::VehicleCheckOutReq => self.encode_parking(reply, out),
            _ => self.encode_common(stream, reply, out),
        }
    }

    fn encode_common(&self, stream: Stream, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (header, response_code, evse_processing) = (self.header(), reply.code, reply.processing);
        let response = match reply.asked.kind {
            K::SessionSetupReq => Response::SessionSetupRes(SessionSetupRes {
                header,
                response_code,
                evse_id: Str::new(self.config.evse_id),
            }),
            K::AuthorizationReq => {
                Response::AuthorizationRes(AuthorizationRes { header, response_code, evse_processing })
            }
            K::ServiceSelectionReq => {
                Response::ServiceSelectionRes(ServiceSelectionRes { header, response_code })
            }
            K::PowerDeliveryReq => Response::PowerDeliveryRes(PowerDeliveryRes {
                header,
                response_code,
                evse_status: self.evse_status(),
            }),
            K::MeteringConfirmationReq => {
                Response::MeteringConfirmationRes(MeteringConfirmationRes { header, response_code })
            }
            K::SessionStopReq => Response::SessionStopRes(SessionStopRes { header, response_code }),
            // While certificates are fetched the schema still wants some: those of a refusal are none.
            K::CertificateInstallationReq => {
                let mut response = refusal(reply.asked.kind, header, response_code);
                if let Response::CertificateInstallationRes(message) = &mut response {
                    message.evse_processing = evse_processing;
                }
                response
            }
            other => refusal(other, header, response_code),
        };
        response.encode_on(stream, out)
    }

    /// A round of the loop is answered: with the meter where the vehicle wants it, in the first round, and where it
    /// is to be confirmed [V2G20-1081, V2G20-1083, V2G20-1833].
    pub(super) fn answer_round(&mut self, asked: Asked, detail: Detail, violation: Option<ResponseCode>) {
        use super::side::Outcome;
        let metered = matches!(detail, Detail::Meter) || self.notes.meter_due || !self.meter_announced;
        self.meter_announced = true;
        self.notes.meter_due = false;
        let outcome = core::mem::replace(&mut self.notes.renegotiation, Outcome::None);
        let code = match (outcome, violation) {
            (Outcome::Failed, _) => ResponseCode::FailedScheduleRenegotiation,
            (_, Some(code)) => code,
            (Outcome::Unchanged, None) => ResponseCode::WarningScheduleRenegotiationFailed,
            (Outcome::None, None) => ResponseCode::Ok,
        };
        if class_of(code) == Class::Failed {
            let why = if outcome == Outcome::Failed { Refusal::Host } else { Refusal::Content };
            return self.refuse(asked, code, why);
        }
        let detail = if metered { Detail::Meter } else { Detail::None };
        self.answer_with(asked, code, Processing::Finished, detail);
    }

    /// Meter readings and receipt of a round, as far as they are due and known.
    pub(super) fn meter_info(&self, reply: &Reply) -> (Option<MeterInfo<'_>>, Option<Receipt<'_>>) {
        if !matches!(reply.detail, Detail::Meter) {
            return (None, None);
        }
        let detail = self.plant.meter_detail;
        let (bytes, len) = &self.plant.meter_signature;
        let signature = bytes.get(..usize::from(*len)).unwrap_or_default();
        let meter = self.plant.meter.map(|meter| MeterInfo {
            meter_id: Str::new(self.config.meter_id),
            charged_energy_reading_wh: meter.charged,
            bpt_discharged_energy_reading_wh: meter
                .discharged
                .filter(|_| self.direction() == Direction::Bidirectional),
            capacitive_energy_reading_varh: detail.capacitive,
            bpt_inductive_energy_reading_varh: detail
                .inductive
                .filter(|_| self.direction() == Direction::Bidirectional),
            meter_signature: (!signature.is_empty()).then(|| Bytes::new(signature)),
            meter_status: detail.status,
            meter_timestamp: Some(self.unix()),
        });
        let receipt = self.plant.costs.as_ref().map(|costs| costs.receipt(self.unix()));
        (meter, receipt)
    }
}
