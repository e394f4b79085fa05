//! What both engines have in common: connections, bytes, events, ends.

use core::time::Duration;

use exi_codec::iso20::common_types::ResponseCode;
use iso15118_20::message::{DecodeError, EncodeError};
use iso15118_20::security::PeerId;
use iso15118_20::service::Selection;
use iso15118_20::{
    Cause, Connection, Contactor, End, Instant, Received, Refusal, Timer, Transmit, Transport,
};
use v2gtp::StreamError;

use crate::border::{Outcome, read, versioned};
use crate::config::v2g_parameters;
use crate::kinds::{message, stage, stream};
use crate::status::{
    V2G_E_BUFFER, V2G_E_DIRECTION, V2G_E_FRAME, V2G_E_FRAME_TOO_LONG, V2G_E_PAYLOAD_TYPE, V2G_E_VALUE, of_exi,
};
use crate::text::{v2g_bytes, v2g_str};

/// "No deadline", where a time is asked for.
pub const V2G_NEVER: u64 = u64::MAX;

/// Transport: TLS 1.3, both ends with certificates.
pub const V2G_TRANSPORT_SECURED: u32 = 1;
/// Transport: plain TCP, or TLS below 1.3. The charger agrees to nothing, the vehicle offers nothing.
pub const V2G_TRANSPORT_PLAIN: u32 = 2;
/// Transport: plain TCP in a laboratory, on purpose. Anyone on the link can read and forge everything.
pub const V2G_TRANSPORT_INSECURE_LAB: u32 = 3;

/// Contactors: all open.
pub const V2G_CONTACTOR_OPEN: u32 = 1;
/// Contactors: all closed.
pub const V2G_CONTACTOR_CLOSED: u32 = 2;
/// Contactors: welded, or not as commanded.
pub const V2G_CONTACTOR_FAULT: u32 = 3;

/// What is known of a new connection.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_connection {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_TRANSPORT_*`.
    pub transport: u32,
    /// Time of day, Unix time in seconds.
    pub unix_seconds: u64,
    /// 1: `peer` is set.
    pub has_peer: u32,
    /// Zero.
    pub reserved: u32,
    /// SHA-512 of the DER of the peer's leaf certificate, where the link is secured.
    pub peer: [u8; 64],
    /// For a charger, the EVCCID that the vehicle's certificate names, its common name: the vehicle has to call itself so
    /// [V2G20-2598]. Copied; at most 64 octets. Empty: it may call itself as it likes.
    pub evcc_id: v2g_str,
}

/// Longest common name of a certificate (RFC 5280, ub-common-name).
const LONGEST_NAME: usize = 64;

/// What a call of a `handle_input` function has taken.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_received {
    /// `sizeof` this struct.
    pub size: u32,
    /// V2GTP payload type of the message that was completed; 0 if none was.
    pub payload_type: u16,
    /// `V2G_MSG_*` of it; 0 if there is none, or it could not be read.
    pub kind: u16,
    /// Octets taken from the front of the input. The rest belongs to the next message.
    pub consumed: usize,
    /// The EXI of the message that was completed. It lives until the next call of the handle, and as long as the input.
    pub payload: v2g_bytes,
}

/// A frame that was written.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_transmit {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_MSG_*`.
    pub kind: u16,
    /// `V2G_STREAM_*`.
    pub stream: u16,
    /// Octets of the frame; with `V2G_E_BUFFER`, how many it needs.
    pub length: usize,
}

/// A service and one of its parameter sets.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_selection {
    /// `V2G_SERVICE_*`.
    pub service: u16,
    /// Zero.
    pub reserved: u16,
    /// The parameter set.
    pub parameters: v2g_parameters,
}

/// Cause of an end: the vehicle ended the session, and the charger agreed. A good end.
pub const V2G_CAUSE_TERMINATED: u16 = 1;
/// Cause of an end: paused; the session may be resumed over a new connection. A good end.
pub const V2G_CAUSE_PAUSED: u16 = 2;
/// Cause of an end: this charger refused a request; `request`, `response_code`, `why`.
pub const V2G_CAUSE_REFUSED: u16 = 3;
/// Cause of an end: the charger refused a request of this vehicle; `request`, `response_code`.
pub const V2G_CAUSE_FAILED: u16 = 4;
/// Cause of an end: nothing came in time; `timer`, and with some timers `request`.
pub const V2G_CAUSE_TIMEOUT: u16 = 5;
/// Cause of an end: the connection broke.
pub const V2G_CAUSE_LINK_LOST: u16 = 6;
/// Cause of an end: what arrived is no V2GTP; `status`.
pub const V2G_CAUSE_FRAMING: u16 = 7;
/// Cause of an end: what arrived is no message; `status`, `bit_offset`, `path`.
pub const V2G_CAUSE_UNDECODABLE: u16 = 8;
/// Cause of an end: a message could not be written, because a value of the host's is outside the limits of the schema.
pub const V2G_CAUSE_UNENCODABLE: u16 = 9;
/// Cause of an end: a response that does not answer the request; `request` is what was awaited, `received` what came.
pub const V2G_CAUSE_UNEXPECTED_RESPONSE: u16 = 10;
/// Cause of an end: a response of another session.
pub const V2G_CAUSE_FOREIGN_SESSION: u16 = 11;
/// Cause of an end: a message out of turn.
pub const V2G_CAUSE_OUT_OF_TURN: u16 = 12;
/// Cause of an end: the link is not secured, and the host did not say that this is a laboratory.
pub const V2G_CAUSE_NOT_SECURED: u16 = 13;
/// Cause of an end: no protocol in common.
pub const V2G_CAUSE_NO_PROTOCOL: u16 = 14;
/// Cause of an end: no service in common.
pub const V2G_CAUSE_NO_SERVICE: u16 = 15;
/// Cause of an end: the charger does not let this vehicle charge.
pub const V2G_CAUSE_NOT_AUTHORIZED: u16 = 16;
/// Cause of an end: the limits of charger and vehicle do not meet.
pub const V2G_CAUSE_INCOMPATIBLE_LIMITS: u16 = 17;
/// Cause of an end: a response says what it must not; `received`.
pub const V2G_CAUSE_INVALID_RESPONSE: u16 = 18;
/// Cause of an end: current flows the wrong way or beyond its limits.
pub const V2G_CAUSE_UNSAFE_CURRENT: u16 = 19;
/// Cause of an end: the vehicle's contactors did not do as commanded.
pub const V2G_CAUSE_CONTACTOR_FAULT: u16 = 20;
/// Cause of an end: the vehicle was not positioned.
pub const V2G_CAUSE_POSITIONING_FAILED: u16 = 21;
/// Cause of an end: the charger reports a fault.
pub const V2G_CAUSE_STATION_FAULT: u16 = 22;
/// Cause of an end: the host stopped at once.
pub const V2G_CAUSE_EMERGENCY_STOP: u16 = 23;

/// Cause of an end: one that is newer than this list.
pub const V2G_CAUSE_OTHER: u16 = 0xFFFF;

/// Reason of a refusal: what the response code says.
pub const V2G_WHY_CONTENT: u16 = 1;
/// Reason of a refusal: the host said so, or had said stop.
pub const V2G_WHY_HOST: u16 = 2;
/// Reason of a refusal: the host did not answer in time.
pub const V2G_WHY_HOST_SILENT: u16 = 3;
/// Reason of a refusal: the hardware is not where it has to be.
pub const V2G_WHY_PLANT: u16 = 4;

/// Timer that ran out: connection to session.
pub const V2G_TIMER_SETUP: u16 = 1;
/// Timer that ran out: `request` to its response.
pub const V2G_TIMER_MESSAGE: u16 = 2;
/// Timer that ran out: first unfinished response to `request` to the finished one.
pub const V2G_TIMER_ONGOING: u16 = 3;
/// Timer that ran out: response to the next request.
pub const V2G_TIMER_SEQUENCE: u16 = 4;
/// Timer that ran out: notification to the vehicle's reaction.
pub const V2G_TIMER_NOTIFICATION: u16 = 5;
/// Timer that ran out: command to the plant to its confirmation.
pub const V2G_TIMER_ACTUATION: u16 = 6;
/// Timer: set-point of the charger to the power of the vehicle (`AckMaxDelay`).
pub const V2G_TIMER_ACKNOWLEDGE: u16 = 7;
/// Timer that ran out: one that is newer than this list.
pub const V2G_TIMER_OTHER: u16 = 0xFFFF;

/// How a session ended, and where. Fields that a cause does not name are zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_end {
    /// 1: it ended as sessions should. 0: it did not.
    pub is_ok: u32,
    /// `V2G_CAUSE_*`.
    pub cause: u16,
    /// `V2G_STAGE_*` where the session stood.
    pub stage: u16,
    /// `V2G_MSG_*`.
    pub request: u16,
    /// `V2G_MSG_*`.
    pub received: u16,
    /// `V2G_EXI_COMMON_TYPES_RESPONSE_CODE_*` of v2g_exi.h.
    pub response_code: u16,
    /// `V2G_WHY_*`.
    pub why: u16,
    /// `V2G_TIMER_*`.
    pub timer: u16,
    /// Elements in `path`, outermost first.
    pub path_length: u16,
    /// `V2G_E_*` of framing and codec.
    pub status: i32,
    /// Offset of the fault in bits from the start of the EXI stream.
    pub bit_offset: u32,
    /// XML names of the innermost elements around the fault. They live for ever.
    pub path: [v2g_str; 5],
    /// Requirement of the standard that the end rests on, such as "V2G20-443"; empty if it is not known. It lives for ever.
    pub requirement: v2g_str,
}

versioned! {
    v2g_connection 88;
    v2g_received 8 + 3 * size_of::<usize>();
    v2g_transmit 8 + size_of::<usize>();
}

/// A point in time of the caller's.
pub(crate) const fn instant(milliseconds: u64) -> Instant {
    Duration::from_millis(milliseconds)
}

/// A deadline in milliseconds, rounded up: who wakes then does not wake too early.
pub(crate) fn milliseconds(deadline: Option<Instant>) -> u64 {
    match deadline {
        None => V2G_NEVER,
        Some(at) => {
            let whole = at.as_secs().saturating_mul(1000);
            whole.saturating_add(u64::from(at.subsec_nanos().div_ceil(1_000_000)))
        }
    }
}

/// The connection behind a pointer.
///
/// # Safety
/// There is one.
pub(crate) unsafe fn connection(pointer: *const v2g_connection) -> Outcome<Connection> {
    // SAFETY: promised by the caller.
    let given = unsafe { read(pointer) }?;
    let transport = match given.transport {
        V2G_TRANSPORT_SECURED => Transport::Secured,
        V2G_TRANSPORT_PLAIN => Transport::Plain,
        V2G_TRANSPORT_INSECURE_LAB => Transport::InsecureLab,
        _ => return Err(V2G_E_VALUE),
    };
    // SAFETY: promised by the caller.
    let evcc_id = unsafe { given.evcc_id.get() }?;
    let mut connection = Connection::new(transport, given.unix_seconds);
    if given.has_peer != 0 {
        connection = connection.with_peer(PeerId(given.peer));
    }
    match evcc_id.len() {
        0 => Ok(connection),
        1..=LONGEST_NAME => Ok(connection.with_evcc_id(evcc_id)),
        _ => Err(V2G_E_VALUE),
    }
}

pub(crate) fn contactor(contactor: u32) -> Outcome<Contactor> {
    Ok(match contactor {
        V2G_CONTACTOR_OPEN => Contactor::Open,
        V2G_CONTACTOR_CLOSED => Contactor::Closed,
        V2G_CONTACTOR_FAULT => Contactor::Fault,
        _ => return Err(V2G_E_VALUE),
    })
}

impl From<Received<'_>> for v2g_received {
    fn from(received: Received<'_>) -> Self {
        Self {
            size: 0,
            payload_type: received.payload_type.map_or(0, u16::from),
            kind: received.kind.map_or(0, message),
            consumed: received.consumed,
            payload: v2g_bytes::new(received.payload),
        }
    }
}

impl From<Transmit> for v2g_transmit {
    fn from(sent: Transmit) -> Self {
        Self { size: 0, kind: message(sent.kind), stream: stream(sent.stream), length: sent.len }
    }
}

impl v2g_transmit {
    /// No frame, but a need for so many octets.
    pub(crate) const fn needed(length: usize) -> Self {
        Self { size: 0, kind: 0, stream: 0, length }
    }
}

impl From<Selection> for v2g_selection {
    fn from(selection: Selection) -> Self {
        Self { service: selection.service.number(), reserved: 0, parameters: selection.parameters.into() }
    }
}

/// The number of a response code, counted as the schema does, from 1 on.
pub(crate) const fn response_code(code: ResponseCode) -> u16 {
    code as u16 + 1
}

pub(crate) fn of_encode(error: EncodeError) -> i32 {
    match error {
        EncodeError::BufferTooSmall { .. } => V2G_E_BUFFER,
        EncodeError::Value(error) => of_exi(&error),
    }
}

impl From<End> for v2g_end {
    fn from(end: End) -> Self {
        let mut out = Self {
            is_ok: u32::from(end.is_ok()),
            cause: 0,
            stage: stage(end.stage),
            request: 0,
            received: 0,
            response_code: 0,
            why: 0,
            timer: 0,
            path_length: 0,
            status: 0,
            bit_offset: 0,
            path: [v2g_str::new(""); 5],
            requirement: v2g_str::new(end.cause.requirement().unwrap_or_default()),
        };
        out.cause = match end.cause {
            Cause::Terminated => V2G_CAUSE_TERMINATED,
            Cause::Paused => V2G_CAUSE_PAUSED,
            Cause::Refused { request, code, why } => {
                out.request = message(request);
                out.response_code = response_code(code);
                out.why = match why {
                    Refusal::Content => V2G_WHY_CONTENT,
                    Refusal::Host => V2G_WHY_HOST,
                    Refusal::HostSilent => V2G_WHY_HOST_SILENT,
                    Refusal::Plant => V2G_WHY_PLANT,
                };
                V2G_CAUSE_REFUSED
            }
            Cause::Failed { request, code } => {
                out.request = message(request);
                out.response_code = response_code(code);
                V2G_CAUSE_FAILED
            }
            Cause::Timeout(timer) => {
                out.time_out(timer);
                V2G_CAUSE_TIMEOUT
            }
            Cause::LinkLost => V2G_CAUSE_LINK_LOST,
            Cause::Framing(error) => {
                out.status = match error {
                    StreamError::Frame(_) => V2G_E_FRAME,
                    StreamError::TooLong { .. } => V2G_E_FRAME_TOO_LONG,
                };
                V2G_CAUSE_FRAMING
            }
            Cause::Undecodable(error) => {
                match error {
                    DecodeError::PayloadType(_) => out.status = V2G_E_PAYLOAD_TYPE,
                    DecodeError::Exi(error) => out.exi(&error),
                    DecodeError::Direction(kind) => {
                        out.status = V2G_E_DIRECTION;
                        out.received = message(kind);
                    }
                }
                V2G_CAUSE_UNDECODABLE
            }
            Cause::Unencodable(error) => {
                if let EncodeError::Value(error) = error {
                    out.exi(&error);
                }
                out.status = of_encode(error);
                V2G_CAUSE_UNENCODABLE
            }
            Cause::UnexpectedResponse { expected, received } => {
                out.request = message(expected);
                out.received = message(received);
                V2G_CAUSE_UNEXPECTED_RESPONSE
            }
            Cause::ForeignSession => V2G_CAUSE_FOREIGN_SESSION,
            Cause::OutOfTurn => V2G_CAUSE_OUT_OF_TURN,
            Cause::NotSecured => V2G_CAUSE_NOT_SECURED,
            Cause::NoProtocol => V2G_CAUSE_NO_PROTOCOL,
            Cause::NoService => V2G_CAUSE_NO_SERVICE,
            Cause::NotAuthorized => V2G_CAUSE_NOT_AUTHORIZED,
            Cause::IncompatibleLimits => V2G_CAUSE_INCOMPATIBLE_LIMITS,
            Cause::InvalidResponse(kind) => {
                out.received = message(kind);
                V2G_CAUSE_INVALID_RESPONSE
            }
            Cause::UnsafeCurrent => V2G_CAUSE_UNSAFE_CURRENT,
            Cause::ContactorFault => V2G_CAUSE_CONTACTOR_FAULT,
            Cause::PositioningFailed => V2G_CAUSE_POSITIONING_FAILED,
            Cause::StationFault => V2G_CAUSE_STATION_FAULT,
            Cause::EmergencyStop => V2G_CAUSE_EMERGENCY_STOP,
            #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
            _ => V2G_CAUSE_OTHER,
        };
        out
    }
}

impl v2g_end {
    fn time_out(&mut self, timer: Timer) {
        self.timer = match timer {
            Timer::CommunicationSetup => V2G_TIMER_SETUP,
            Timer::Message(kind) => {
                self.request = message(kind);
                V2G_TIMER_MESSAGE
            }
            Timer::Ongoing(kind) => {
                self.request = message(kind);
                V2G_TIMER_ONGOING
            }
            Timer::Sequence => V2G_TIMER_SEQUENCE,
            Timer::Notification => V2G_TIMER_NOTIFICATION,
            Timer::Actuation => V2G_TIMER_ACTUATION,
            Timer::Acknowledge => V2G_TIMER_ACKNOWLEDGE,
            #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
            _ => V2G_TIMER_OTHER,
        };
    }

    fn exi(&mut self, error: &exi_codec::Error) {
        self.status = of_exi(error);
        self.bit_offset = error.bit_offset();
        for (place, name) in self.path.iter_mut().zip(error.path()) {
            *place = v2g_str::new(name);
            self.path_length += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_never_too_early() {
        assert_eq!(milliseconds(None), V2G_NEVER);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1_000_000_001))), 1001);
        assert_eq!(milliseconds(Some(Duration::from_millis(1500))), 1500);
        assert_eq!(milliseconds(Some(Duration::MAX)), V2G_NEVER);
    }
}
