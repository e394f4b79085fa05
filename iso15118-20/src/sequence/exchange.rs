//! What of a request and its response decides where the session goes.

use exi_codec::iso20::common_messages::{
    ChargeProgress, ChargingSession, EvCheckInStatus, EvCheckOutStatus, EvseCheckOutStatus,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};

use crate::message::{MessageKind, Request, Response};

/// The intent of a request whose kind alone does not tell where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The kind says it all.
    Plain,
    /// `SessionSetup` that was answered with `OK_OldSessionJoined`.
    Joined,
    /// `PowerDelivery` with `Start`.
    Start,
    /// `PowerDelivery` with `Stop`.
    Stop,
    /// `PowerDelivery` with `Standby`.
    Standby,
    /// `PowerDelivery` with `ScheduleRenegotiation`.
    ScheduleRenegotiation,
    /// `SessionStop` with `Terminate`.
    Terminate,
    /// `SessionStop` with `Pause`.
    Pause,
    /// `SessionStop` with `ServiceRenegotiation`.
    ServiceRenegotiation,
    /// Any request that was answered with `WARNING_WPT`.
    PositionLost,
    /// `VehicleCheckIn` with `CheckIn`, `VehicleCheckOut` with `CheckOut`.
    Begin,
    /// `VehicleCheckIn` or `VehicleCheckOut` with `Processing`.
    Proceed,
    /// `VehicleCheckIn` or `VehicleCheckOut` with `Completed`.
    Complete,
}

/// What of a request matters to the order of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which request.
    pub kind: MessageKind,
    /// What for.
    pub step: Step,
    /// `EVProcessing`; finished where the request has none.
    pub processing: Processing,
}

impl Asked {
    /// A request whose kind says it all.
    pub const fn plain(kind: MessageKind) -> Self {
        Self { kind, step: Step::Plain, processing: Processing::Finished }
    }

    /// What matters of a request.
    pub const fn of(request: &Request<'_>) -> Self {
        let kind = request.kind();
        let (step, processing) = match request {
            Request::PowerDeliveryReq(message) => (
                match message.charge_progress {
                    ChargeProgress::Start => Step::Start,
                    ChargeProgress::Stop => Step::Stop,
                    ChargeProgress::Standby => Step::Standby,
                    ChargeProgress::ScheduleRenegotiation => Step::ScheduleRenegotiation,
                },
                message.ev_processing,
            ),
            Request::SessionStopReq(message) => (
                match message.charging_session {
                    ChargingSession::Terminate => Step::Terminate,
                    ChargingSession::Pause => Step::Pause,
                    ChargingSession::ServiceRenegotiation => Step::ServiceRenegotiation,
                },
                Processing::Finished,
            ),
            #[cfg(feature = "dc")]
            Request::DcPreChargeReq(message) => (Step::Plain, message.ev_processing),
            #[cfg(feature = "dc")]
            Request::DcWeldingDetectionReq(message) => (Step::Plain, message.ev_processing),
            #[cfg(feature = "wpt")]
            Request::WptFinePositioningSetupReq(message) => (Step::Plain, message.ev_processing),
            #[cfg(feature = "wpt")]
            Request::WptFinePositioningReq(message) => (Step::Plain, message.ev_processing),
            #[cfg(feature = "wpt")]
            Request::WptPairingReq(message) => (Step::Plain, message.ev_processing),
            #[cfg(feature = "wpt")]
            Request::WptAlignmentCheckReq(message) => (Step::Plain, message.ev_processing),
            Request::VehicleCheckInReq(message) => (
                match message.ev_check_in_status {
                    EvCheckInStatus::CheckIn => Step::Begin,
                    EvCheckInStatus::Processing => Step::Proceed,
                    EvCheckInStatus::Completed => Step::Complete,
                },
                Processing::Finished,
            ),
            Request::VehicleCheckOutReq(message) => (
                match message.ev_check_out_status {
                    EvCheckOutStatus::CheckOut => Step::Begin,
                    EvCheckOutStatus::Processing => Step::Proceed,
                    EvCheckOutStatus::Completed => Step::Complete,
                },
                Processing::Finished,
            ),
            _ => (Step::Plain, Processing::Finished),
        };
        Self { kind, step, processing }
    }

    pub(super) fn is_ongoing(self) -> bool {
        self.processing != Processing::Finished
    }
}

/// The three classes of response codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Done as asked.
    Ok,
    /// Not done; the session goes on.
    Warning,
    /// Not done; the session is over.
    Failed,
}

/// Class of a response code.
pub const fn class_of(code: ResponseCode) -> Class {
    let index = code as u8;
    if index >= ResponseCode::Failed as u8 {
        Class::Failed
    } else if index >= ResponseCode::WarningAuthorizationSelectionInvalid as u8 {
        Class::Warning
    } else {
        Class::Ok
    }
}

/// What of a response matters to the order of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The response code; a choice of protocol counts as [`ResponseCode::Ok`] or [`ResponseCode::Failed`].
    pub code: ResponseCode,
    /// `EVSEProcessing`; finished where the response has none.
    pub processing: Processing,
}

impl Answered {
    /// An answer that leaves nothing open.
    pub const fn finished(code: ResponseCode) -> Self {
        Self { code, processing: Processing::Finished }
    }

    /// What matters of a response.
    pub fn of(response: &Response<'_>) -> Self {
        use exi_codec::app_protocol::ResponseCode as Negotiation;
        let code = match response {
            Response::SupportedAppProtocolRes(message) => match message.response_code {
                Negotiation::FailedNoNegotiation => ResponseCode::Failed,
                _ => ResponseCode::Ok,
            },
            other => other.code().unwrap_or(ResponseCode::Failed),
        };
        let processing = match response {
            Response::AuthorizationRes(message) => message.evse_processing,
            Response::CertificateInstallationRes(message) => message.evse_processing,
            Response::ScheduleExchangeRes(message) => message.evse_processing,
            #[cfg(feature = "dc")]
            Response::DcCableCheckRes(message) => message.evse_processing,
            #[cfg(feature = "wpt")]
            Response::WptFinePositioningRes(message) => message.evse_processing,
            #[cfg(feature = "wpt")]
            Response::WptPairingRes(message) => message.evse_processing,
            #[cfg(feature = "wpt")]
            Response::WptAlignmentCheckRes(message) => message.evse_processing,
            #[cfg(feature = "acdp")]
            Response::AcdpVehiclePositioningRes(message) => message.evse_processing,
            #[cfg(feature = "acdp")]
            Response::AcdpConnectRes(message) | Response::AcdpDisconnectRes(message) => {
                message.evse_processing
            }
            Response::VehicleCheckOutRes(message)
                if message.evse_check_out_status == EvseCheckOutStatus::Scheduled =>
            {
                Processing::Ongoing
            }
            _ => Processing::Finished,
        };
        Self { code, processing }
    }

    /// The class of the code.
    pub const fn class(self) -> Class {
        class_of(self.code)
    }

    pub(super) fn is_ongoing(self) -> bool {
        self.processing != Processing::Finished
    }

    /// The request as the answer makes it: whether a session is new or continues is the charger's decision, and
    /// so is whether the coils are where they should be.
    pub(super) fn refine(self, asked: Asked) -> Asked {
        match self.code {
            ResponseCode::OkOldSessionJoined => Asked { step: Step::Joined, ..asked },
            ResponseCode::WarningWpt => Asked { step: Step::PositionLost, ..asked },
            _ => asked,
        }
    }
}
