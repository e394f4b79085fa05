//! The streams of one connection: the main one, and those beside it.

use v2gtp::PayloadType;

/// A stream of messages. Each has its own order, its own open request and its own timers; all share one
/// connection and one session ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The session itself.
    Main,
    /// A new schedule while the charge loop goes on (0x8101).
    ScheduleRenegotiation,
    /// The vehicle confirms meter readings (0x8102).
    MeteringConfirmation,
    /// State of an automated connection device and its vehicle (0x8103).
    AcdpSystemStatus,
    /// Check-in and check-out of a parking vehicle (0x8104).
    Parking,
}

impl Stream {
    /// The streams beside the main one.
    pub const SIDE: [Self; 4] =
        [Self::ScheduleRenegotiation, Self::MeteringConfirmation, Self::AcdpSystemStatus, Self::Parking];

    /// Place of a side stream in [`SIDE`](Self::SIDE).
    pub(crate) const fn side_index(self) -> Option<usize> {
        match self {
            Self::Main => None,
            Self::ScheduleRenegotiation => Some(0),
            Self::MeteringConfirmation => Some(1),
            Self::AcdpSystemStatus => Some(2),
            Self::Parking => Some(3),
        }
    }

    /// The stream that a payload type belongs to.
    pub const fn of(payload_type: PayloadType) -> Self {
        match payload_type {
            PayloadType::ScheduleRenegotiation => Self::ScheduleRenegotiation,
            PayloadType::MeteringConfirmation => Self::MeteringConfirmation,
            PayloadType::AcdpSystemStatus => Self::AcdpSystemStatus,
            PayloadType::Parking => Self::Parking,
            _ => Self::Main,
        }
    }

    /// The payload type of a side stream. On the main stream each message has its own.
    pub const fn payload_type(self) -> Option<PayloadType> {
        match self {
            Self::Main => None,
            Self::ScheduleRenegotiation => Some(PayloadType::ScheduleRenegotiation),
            Self::MeteringConfirmation => Some(PayloadType::MeteringConfirmation),
            Self::AcdpSystemStatus => Some(PayloadType::AcdpSystemStatus),
            Self::Parking => Some(PayloadType::Parking),
        }
    }
}
