//! What the engines let one watch.

use core::fmt;

use exi_codec::iso20::common_types::ResponseCode;
use v2gtp::Instant;

use crate::end::Cause;
use crate::evcc::EvccTimer;
use crate::message::MessageKind;
use crate::secc::SeccTimer;
use crate::sequence::{Stage, Stream};

/// A function that sees what an engine does, and a word of the host's that it is given.
///
/// It is called inside the calls of the host, must return soon, and cannot change anything.
#[derive(Clone, Copy)]
pub struct Trace {
    /// The function.
    pub hook: fn(&TraceRecord, usize),
    /// The word.
    pub user: usize,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("user", &self.user).finish_non_exhaustive()
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRecord {
    /// When.
    pub at: Instant,
    /// Where the session stands, after it happened.
    pub stage: Stage,
    /// What happened.
    pub event: TraceEvent,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// A message was read.
    Received {
        /// On which stream.
        stream: Stream,
        /// The message.
        kind: MessageKind,
        /// Its code, if it is a response; a choice of protocol counts as OK or FAILED.
        code: Option<ResponseCode>,
    },
    /// A message was sent.
    Sent {
        /// On which stream.
        stream: Stream,
        /// The message.
        kind: MessageKind,
        /// Its code, if it is a response; a choice of protocol counts as OK or FAILED.
        code: Option<ResponseCode>,
    },
    /// A deadline of the charger's has passed.
    SeccExpired(SeccTimer),
    /// A deadline of the vehicle's has passed.
    EvccExpired(EvccTimer),
    /// The session is over.
    Ended(Cause),
}

impl Trace {
    pub(crate) fn record(this: Option<Self>, at: Instant, stage: Stage, event: TraceEvent) {
        if let Some(trace) = this {
            (trace.hook)(&TraceRecord { at, stage, event }, trace.user);
        }
    }
}
