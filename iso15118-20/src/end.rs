//! How a session ended, and where.

use exi_codec::iso20::common_types::ResponseCode;
use thiserror::Error;
use v2gtp::StreamError;

use crate::message::{DecodeError, EncodeError, MessageKind};
use crate::sequence::Stage;

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{cause} (at {stage})")]
pub struct End {
    /// Where the session stood.
    pub stage: Stage,
    /// Why it ended.
    pub cause: Cause,
}

impl End {
    /// Whether the session ended as sessions should: by a session stop that was answered with OK.
    pub const fn is_ok(&self) -> bool {
        matches!(self.cause, Cause::Terminated | Cause::Paused)
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// The vehicle ended it and the charger agreed.
    #[error("terminated")]
    Terminated,
    /// The vehicle paused it and the charger agreed; it may be resumed over a new connection.
    #[error("paused")]
    Paused,
    /// This charger refused a request.
    #[error("refused {request} with {code}")]
    Refused {
        /// The request.
        request: MessageKind,
        /// The refusal.
        code: ResponseCode,
        /// What lies behind it, as far as the code does not say it.
        why: Refusal,
    },
    /// The charger refused a request of this vehicle.
    #[error("the charger answered {request} with {code}")]
    Failed {
        /// The request.
        request: MessageKind,
        /// The refusal.
        code: ResponseCode,
    },
    /// Nothing came in time.
    #[error("{0}")]
    Timeout(Timer),
    /// The connection broke.
    #[error("the connection broke")]
    LinkLost,
    /// What arrived is no V2GTP.
    #[error(transparent)]
    Framing(StreamError),
    /// What arrived is no message.
    #[error(transparent)]
    Undecodable(DecodeError),
    /// A message could not be written: a value of the host's is outside the limits of the schema.
    #[error(transparent)]
    Unencodable(EncodeError),
    /// A response that does not answer the request.
    #[error("{received} instead of {expected}")]
    UnexpectedResponse {
        /// What was awaited.
        expected: MessageKind,
        /// What came.
        received: MessageKind,
    },
    /// A response from another session.
    #[error("a response of another session")]
    ForeignSession,
    /// A response while none was awaited, or a second request before the first was answered.
    #[error("a message out of turn")]
    OutOfTurn,
    /// The link is not protected, and the host did not ask for a laboratory.
    #[error("the link is not secured")]
    NotSecured,
    /// No protocol in common.
    #[error("no protocol in common")]
    NoProtocol,
    /// The charger offers none of the services and control modes wanted.
    #[error("no service in common")]
    NoService,
    /// The charger does not let this vehicle charge.
    #[error("authorization was rejected")]
    NotAuthorized,
    /// The limits of the charger do not meet those of the vehicle.
    #[error("the limits of charger and vehicle do not meet")]
    IncompatibleLimits,
    /// A response says what must not be.
    #[error("{0} says what it must not")]
    InvalidResponse(MessageKind),
    /// Current flows against what was agreed.
    #[error("current flows the wrong way or beyond its limits")]
    UnsafeCurrent,
    /// The vehicle's contactors did not do as commanded.
    #[error("contactor fault")]
    ContactorFault,
    /// The vehicle was not brought to where it can charge.
    #[error("the vehicle was not positioned")]
    PositioningFailed,
    /// The charger reports an emergency, a fault or a loss of isolation.
    #[error("the charger reports a fault")]
    StationFault,
    /// The host stopped at once.
    #[error("emergency stop")]
    EmergencyStop,
}

impl Cause {
    /// The requirement of the standard that the end rests on, where it is known.
    pub const fn requirement(&self) -> Option<&'static str> {
        use crate::message::MessageKind as K;
        Some(match self {
            Self::Refused { code, request, .. } | Self::Failed { code, request } => match (code, request) {
                (ResponseCode::FailedUnknownSession, _) => "V2G20-460",
                (ResponseCode::FailedSequenceError, _) => "V2G20-459",
                (ResponseCode::FailedServiceIdInvalid, _) => "V2G20-464",
                (ResponseCode::FailedWrongChargeParameter, _) => "V2G20-2272",
                (ResponseCode::FailedScheduleSelectionInvalid, _) => "V2G20-1260",
                (ResponseCode::FailedEvPowerProfileInvalid, _) => "V2G20-478",
                (ResponseCode::FailedEvPowerProfileViolation, _) => "V2G20-1864",
                (ResponseCode::FailedPauseNotAllowed, _) => "V2G20-1195",
                (ResponseCode::FailedNoServiceRenegotiationSupported, K::ServiceSelectionReq) => "V2G20-1956",
                (ResponseCode::FailedNoServiceRenegotiationSupported, _) => "V2G20-1477",
                _ => return None,
            },
            Self::Timeout(Timer::Sequence) => "V2G20-443",
            Self::NotSecured => "V2G20-2356",
            Self::NoProtocol => "V2G20-167",
            _ => return None,
        })
    }
}

/// What lies behind a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What the code says.
    Content,
    /// The host said so, or had said stop.
    Host,
    /// The host did not answer in time.
    HostSilent,
    /// The hardware is not where it has to be.
    Plant,
}

/// A timer that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Timer {
    /// Connection to session.
    #[error("no session in time")]
    CommunicationSetup,
    /// Request to response.
    #[error("no response to {0} in time")]
    Message(MessageKind),
    /// First unfinished response to the finished one.
    #[error("{0} did not finish in time")]
    Ongoing(MessageKind),
    /// Response to the next request.
    #[error("no request in time")]
    Sequence,
    /// Notification to the vehicle's reaction.
    #[error("the vehicle did not react to a notification in time")]
    Notification,
    /// Command to the plant to its confirmation.
    #[error("the plant did not confirm in time")]
    Actuation,
    /// Set-point of the charger to the vehicle's being there (`AckMaxDelay`).
    #[error("the vehicle did not follow a set-point in time")]
    Acknowledge,
}
