//! What goes in and out of an engine besides events.

use exi_codec::Str;
use v2gtp::{PayloadType, PayloadTypes};

use crate::message::MessageKind;
use crate::security::PeerId;
use crate::sequence::Stream;
use crate::settings::Transport;
use crate::text::Text;

/// What the main stream carries. Families that this build leaves out are skipped like any other type.
pub(crate) const MAIN_STREAM: PayloadTypes = {
    let mut types = PayloadTypes::NONE.with(PayloadType::SapOrLegacy).with(PayloadType::Common);
    if cfg!(feature = "ac") {
        types = types.with(PayloadType::Ac);
    }
    if cfg!(feature = "dc") {
        types = types.with(PayloadType::Dc);
    }
    if cfg!(feature = "acdp") {
        types = types.with(PayloadType::Acdp);
    }
    if cfg!(feature = "wpt") {
        types = types.with(PayloadType::Wpt);
    }
    types
};

/// The main stream and every stream beside it. Other types are skipped.
pub(crate) const ALL_STREAMS: PayloadTypes = {
    let types = MAIN_STREAM
        .with(PayloadType::ScheduleRenegotiation)
        .with(PayloadType::MeteringConfirmation)
        .with(PayloadType::Parking);
    if cfg!(feature = "acdp") { types.with(PayloadType::AcdpSystemStatus) } else { types }
};

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
    /// The stream it goes out on.
    pub stream: Stream,
}

/// What is known of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What lies below.
    pub transport: Transport,
    /// The peer's leaf certificate, where the link is secured.
    pub peer: Option<PeerId>,
    /// The EVCCID that the vehicle's certificate names, for a charger: the vehicle has to call itself so
    /// [V2G20-2598]. None: it may call itself as it likes.
    pub evcc_id: Option<Text<64>>,
    /// The time of day that message headers carry, Unix time in seconds.
    pub unix_seconds: u64,
}

impl Connection {
    /// A connection to a peer without a certificate.
    pub const fn new(transport: Transport, unix_seconds: u64) -> Self {
        Self { transport, peer: None, evcc_id: None, unix_seconds }
    }

    /// The connection with what the link knows of its peer.
    #[must_use]
    pub const fn with_peer(self, peer: PeerId) -> Self {
        Self { peer: Some(peer), ..self }
    }

    /// The connection with the EVCCID that the vehicle's certificate names.
    #[must_use]
    pub fn with_evcc_id(self, evcc_id: &str) -> Self {
        Self { evcc_id: Some(Text::copied(&Str::new(evcc_id))), ..self }
    }
}
