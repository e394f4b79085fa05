//! What an engine lets one watch.

use core::fmt;

use exi_codec::iso20::common_types::ResponseCode;
use v2gtp::Instant;

use super::SeccTimer;
use super::engine::Core;
use crate::end::Cause;
use crate::message::MessageKind;
use crate::sequence::{Stage, Stream};

/// A function that sees what the engine does, and a word of the host's that it is given.
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
    /// A request was read.
    Received {
        /// On which stream.
        stream: Stream,
        /// The request.
        kind: MessageKind,
    },
    /// A response was sent.
    Sent {
        /// On which stream.
        stream: Stream,
        /// The response.
        kind: MessageKind,
        /// Its code; a choice of protocol counts as OK or FAILED.
        code: ResponseCode,
    },
    /// A deadline has passed.
    Expired(SeccTimer),
    /// The session is over.
    Ended(Cause),
}

impl Core<'_> {
    pub(super) fn trace(&self, event: TraceEvent) {
        if let Some(trace) = self.config.trace {
            (trace.hook)(&TraceRecord { at: self.now, stage: self.sequence.stage(), event }, trace.user);
        }
    }
}
