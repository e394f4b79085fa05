//! How a session is to end.

use iso15118_20::{Cause, End};
use serde::Deserialize;

use super::quantity::Energy;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// How a session ended, without the details.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Outcome {
            $($(#[$doc])* $name,)*
        }

        impl Outcome {
            /// The name in scenario files, and in what programs read.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

outcomes! {
    /// The vehicle ended it and the charger agreed.
    Terminated "terminated",
    /// The vehicle paused it and the charger agreed.
    Paused "paused",
    /// The charger refused a request.
    Refused "refused",
    /// A request of the vehicle was refused.
    Failed "failed",
    /// Nothing came in time.
    Timeout "timeout",
    /// The connection broke.
    LinkLost "link-lost",
    /// What arrived is no V2GTP.
    Framing "framing",
    /// What arrived is no message.
    Undecodable "undecodable",
    /// A message could not be written.
    Unencodable "unencodable",
    /// A response did not answer the request.
    UnexpectedResponse "unexpected-response",
    /// A response came from another session.
    ForeignSession "foreign-session",
    /// A message came out of turn.
    OutOfTurn "out-of-turn",
    /// The link is not protected.
    NotSecured "not-secured",
    /// No protocol in common.
    NoProtocol "no-protocol",
    /// No service in common.
    NoService "no-service",
    /// The vehicle may not charge.
    NotAuthorized "not-authorized",
    /// The limits do not meet.
    IncompatibleLimits "incompatible-limits",
    /// A response said what must not be.
    InvalidResponse "invalid-response",
    /// Current flowed against what was agreed.
    UnsafeCurrent "unsafe-current",
    /// A contactor of the vehicle failed.
    ContactorFault "contactor-fault",
    /// The vehicle could not be brought into position, recognised or aligned.
    PositioningFailed "positioning-failed",
    /// The charger said that it is out of order.
    StationFault "station-fault",
    /// The end stopped at once.
    EmergencyStop "emergency-stop",
}

impl Outcome {
    /// The outcome of an end.
    pub const fn of(end: End) -> Self {
        match end.cause {
            Cause::Terminated => Self::Terminated,
            Cause::Paused => Self::Paused,
            Cause::Refused { .. } => Self::Refused,
            Cause::Failed { .. } => Self::Failed,
            Cause::Timeout(_) => Self::Timeout,
            Cause::LinkLost => Self::LinkLost,
            Cause::Framing(_) => Self::Framing,
            Cause::Undecodable(_) => Self::Undecodable,
            Cause::Unencodable(_) => Self::Unencodable,
            Cause::UnexpectedResponse { .. } => Self::UnexpectedResponse,
            Cause::ForeignSession => Self::ForeignSession,
            Cause::OutOfTurn => Self::OutOfTurn,
            Cause::NotSecured => Self::NotSecured,
            Cause::NoProtocol => Self::NoProtocol,
            Cause::NoService => Self::NoService,
            Cause::NotAuthorized => Self::NotAuthorized,
            Cause::IncompatibleLimits => Self::IncompatibleLimits,
            Cause::InvalidResponse(_) => Self::InvalidResponse,
            Cause::UnsafeCurrent => Self::UnsafeCurrent,
            Cause::ContactorFault => Self::ContactorFault,
            Cause::PositioningFailed => Self::PositioningFailed,
            Cause::StationFault => Self::StationFault,
            Cause::EmergencyStop => Self::EmergencyStop,
        }
    }
}

/// How a session is to end: the outcomes of both ends that are right, and energy that must have flowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// Right for the charger; empty: terminated or paused.
    pub station: Vec<Outcome>,
    /// Right for the vehicle; empty: terminated or paused.
    pub vehicle: Vec<Outcome>,
    /// At least so much energy into the vehicle.
    pub charged: Option<Energy>,
    /// At least so much energy out of the vehicle.
    pub discharged: Option<Energy>,
}
