//! What engines do, shown to the host while they do it.

use core::ffi::c_void;
use core::ptr;

use iso15118_20::evcc::EvccTimer;
use iso15118_20::{End, Trace, TraceEvent, TraceRecord};

use crate::kinds::{V2G_KIND_OTHER, message, secc_timer, stage, stream};
use crate::session::{milliseconds, response_code, v2g_end};

/// Trace: a message was read.
pub const V2G_TRACE_RECEIVED: u16 = 1;
/// Trace: a message was sent.
pub const V2G_TRACE_SENT: u16 = 2;
/// Trace: a deadline has passed.
pub const V2G_TRACE_EXPIRED: u16 = 3;
/// Trace: the session is over.
pub const V2G_TRACE_ENDED: u16 = 4;

/// Timer of the vehicle: connection to session.
pub const V2G_EVCC_TIMER_SETUP: u16 = 1;
/// Timer of the vehicle: request to response.
pub const V2G_EVCC_TIMER_MESSAGE: u16 = 2;
/// Timer of the vehicle: first unfinished answer to the finished one.
pub const V2G_EVCC_TIMER_ONGOING: u16 = 3;
/// Timer of the vehicle: command to the contactors to their report.
pub const V2G_EVCC_TIMER_ACTUATION: u16 = 4;
/// Timer of the vehicle: pause before the next request.
pub const V2G_EVCC_TIMER_SEND: u16 = 5;
/// Timer of the vehicle: a change of course that waits for the current to go.
pub const V2G_EVCC_TIMER_COURSE: u16 = 6;
/// Timer of the vehicle: question to the holder of keys and certificates to its answer.
pub const V2G_EVCC_TIMER_SECURITY: u16 = 7;
/// Timer of the vehicle: next step of a power ramp.
pub const V2G_EVCC_TIMER_RAMP: u16 = 8;
/// Timer of the vehicle: a set-point of the charger's to the vehicle's being there.
pub const V2G_EVCC_TIMER_ACKNOWLEDGE: u16 = 9;
/// Timer of the vehicle: request to response on a side stream.
pub const V2G_EVCC_TIMER_SIDE_MESSAGE: u16 = 10;
/// Timer of the vehicle: pause before the next request on a side stream.
pub const V2G_EVCC_TIMER_SIDE_SEND: u16 = 11;
/// Timer of the vehicle: first unfinished answer to the finished one on a side stream.
pub const V2G_EVCC_TIMER_SIDE_ONGOING: u16 = 12;

/// One thing that an engine did. What does not apply is zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct v2g_trace_record {
    /// Size of this struct in the library, which may be more than the caller knows.
    pub size: u32,
    /// `V2G_TRACE_*`.
    pub event: u16,
    /// `V2G_STAGE_*` where the session stands, after it happened.
    pub stage: u16,
    /// When: the time that the call was given, ms.
    pub at_ms: u64,
    /// `V2G_STREAM_*` of the message.
    pub stream: u16,
    /// `V2G_MSG_*`.
    pub message: u16,
    /// `V2G_EXI_COMMON_TYPES_RESPONSE_CODE_*` of a response; a choice of protocol counts as OK or FAILED.
    pub response_code: u16,
    /// `V2G_SECC_TIMER_*` or `V2G_EVCC_TIMER_*` that has passed.
    pub timer: u16,
    /// `V2G_CAUSE_*` of the end.
    pub cause: u16,
    /// Zeros.
    pub reserved: [u16; 3],
}

/// Sees what an engine does. It is called inside the calls of the engine, which is busy meanwhile (`V2G_E_BUSY`), and has to return
/// soon. The record lives during the call.
///
/// ```c
/// static void trace(void *user, const v2g_trace_record *record)
/// {
///     if (record->event == V2G_TRACE_SENT) {
///         log(user, record->at_ms, v2g_message_name(record->message));
///     }
/// }
/// ```
pub type v2g_trace = Option<unsafe extern "C" fn(user: *mut c_void, record: *const v2g_trace_record)>;

/// The host's function, where the engine keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Tracer {
    call: v2g_trace,
    user: *mut c_void,
}

impl Tracer {
    pub(crate) const fn new(call: v2g_trace, user: *mut c_void) -> Self {
        Self { call, user }
    }

    /// As engines take it; `self` stays where it is.
    pub(crate) fn watch(&'static self) -> Option<Trace> {
        self.call?;
        Some(Trace { hook: Self::hook, user: ptr::from_ref(self).expose_provenance() })
    }

    fn hook(record: &TraceRecord, this: usize) {
        // SAFETY: `watch` gave the address of one that stays, and exposed it.
        let this = unsafe { &*ptr::with_exposed_provenance::<Self>(this) };
        if let Some(call) = this.call {
            let record = v2g_trace_record::from(*record);
            // SAFETY: the caller of the engine promised that it can be called with this word; the record lives.
            unsafe { call(this.user, &raw const record) }
        }
    }
}

impl From<TraceRecord> for v2g_trace_record {
    fn from(record: TraceRecord) -> Self {
        let seen = Self {
            size: size_of::<Self>() as u32,
            stage: stage(record.stage),
            at_ms: milliseconds(Some(record.at)),
            ..Self::default()
        };
        match record.event {
            TraceEvent::Received { stream: on, kind, code } | TraceEvent::Sent { stream: on, kind, code } => {
                Self {
                    event: match record.event {
                        TraceEvent::Received { .. } => V2G_TRACE_RECEIVED,
                        _ => V2G_TRACE_SENT,
                    },
                    stream: stream(on),
                    message: message(kind),
                    response_code: code.map_or(0, response_code),
                    ..seen
                }
            }
            TraceEvent::SeccExpired(timer) => {
                Self { event: V2G_TRACE_EXPIRED, timer: secc_timer(timer), ..seen }
            }
            TraceEvent::EvccExpired(timer) => {
                Self { event: V2G_TRACE_EXPIRED, timer: evcc_timer(timer), ..seen }
            }
            TraceEvent::Ended(cause) => {
                let end = v2g_end::from(End { stage: record.stage, cause });
                Self { event: V2G_TRACE_ENDED, cause: end.cause, ..seen }
            }
        }
    }
}

/// The number of a timer of the vehicle.
const fn evcc_timer(timer: EvccTimer) -> u16 {
    match timer {
        EvccTimer::Setup => V2G_EVCC_TIMER_SETUP,
        EvccTimer::Message => V2G_EVCC_TIMER_MESSAGE,
        EvccTimer::Ongoing => V2G_EVCC_TIMER_ONGOING,
        EvccTimer::Actuation => V2G_EVCC_TIMER_ACTUATION,
        EvccTimer::Send => V2G_EVCC_TIMER_SEND,
        EvccTimer::Course => V2G_EVCC_TIMER_COURSE,
        EvccTimer::Security => V2G_EVCC_TIMER_SECURITY,
        EvccTimer::Ramp => V2G_EVCC_TIMER_RAMP,
        EvccTimer::Acknowledge => V2G_EVCC_TIMER_ACKNOWLEDGE,
        EvccTimer::SideMessage => V2G_EVCC_TIMER_SIDE_MESSAGE,
        EvccTimer::SideSend => V2G_EVCC_TIMER_SIDE_SEND,
        EvccTimer::SideOngoing => V2G_EVCC_TIMER_SIDE_ONGOING,
        #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
        _ => V2G_KIND_OTHER,
    }
}
