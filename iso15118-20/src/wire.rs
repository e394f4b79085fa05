//! What goes in and out of an engine besides events.

use v2gtp::{PayloadType, PayloadTypes};

use crate::message::MessageKind;

/// What the main stream carries. Side streams are skipped: nothing here answers them, and their messages must not
/// be taken for messages of the main stream.
pub(crate) const MAIN_STREAM: PayloadTypes = PayloadTypes::NONE
    .with(PayloadType::SapOrLegacy)
    .with(PayloadType::Common)
    .with(PayloadType::Ac)
    .with(PayloadType::Dc)
    .with(PayloadType::Acdp)
    .with(PayloadType::Wpt);

/// What a call of `handle_input` consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Received<'i> {
    /// Bytes taken from the front of the input. The rest belongs to the next message.
    pub consumed: usize,
    /// The payload type, if a message was completed.
    pub payload_type: Option<PayloadType>,
    /// The message, if one was completed and could be read.
    pub kind: Option<MessageKind>,
    /// The EXI of the message that was completed; else empty.
    pub payload: &'i [u8],
}

impl Received<'_> {
    pub(crate) fn ignored(bytes: &[u8]) -> Self {
        Self { consumed: bytes.len(), payload_type: None, kind: None, payload: &[] }
    }
}

/// A frame that was written into the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Length of the frame, bytes.
    pub len: usize,
    /// The message in it.
    pub kind: MessageKind,
}
