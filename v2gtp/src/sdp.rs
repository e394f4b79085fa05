//! SECC discovery protocol: the datagrams and the two machines that exchange them.

mod discovery;
mod emsp;
mod endpoint;
mod fields;
mod message;
mod responder;
mod search;
mod serving;
mod wired;
mod wireless;

use core::net::{Ipv6Addr, SocketAddrV6};

pub use discovery::{
    Answer, Discovery, DiscoveryConfig, DiscoveryCounters, DiscoveryEvent, Rejection, SearchFailure,
    TlsDowngrade,
};
pub use emsp::{EmspRequest, EmspResponse};
pub use endpoint::{Endpoint, EndpointError};
pub use fields::{Coupling, DiagStatus, FixedId, IdError, PositioningDevices, Security, Transport};
pub use message::{SdpError, SdpMessage};
pub use responder::{Ignored, Listeners, Mismatch, Responder, ResponderConfig, ResponderCounters};
pub use search::{Search, WirelessEvse, WirelessVehicle};
pub use serving::{Diagnosis, Serving};
pub use wired::{SdpRequest, SdpResponse};
pub use wireless::{WirelessRequest, WirelessResponse};

use thiserror::Error;

use crate::HEADER_LEN;

/// UDP port that an SECC listens on for SDP requests.
pub const SDP_PORT: u16 = 15118;

/// Multicast address that an EVCC sends SDP requests to: all nodes of the charging link.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 1);

/// Why a configuration of [`Discovery`] or [`Responder`] was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Requests closer together than [`DiscoveryConfig::MIN_RESEND_AFTER`].
    #[error("SDP requests must be at least 250 ms apart")]
    ResendTooSoon,
    /// No request at all or more than [`DiscoveryConfig::MAX_REQUESTS`].
    #[error("1 to 50 SDP requests may be sent, not {0}")]
    RequestCount(u8),
    /// A rate limit without any time between answers.
    #[error("the rate limit needs a time between answers")]
    RateLimit,
}

/// A UDP datagram to send from the machine that produced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    destination: SocketAddrV6,
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Transmit {
    /// The longest message that the machines send.
    const CAPACITY: usize = HEADER_LEN + WirelessRequest::LEN;

    fn new(destination: SocketAddrV6, message: SdpMessage<'_>) -> Option<Self> {
        let mut bytes = [0; Self::CAPACITY];
        let len = message.emit(&mut bytes).ok()?;
        Some(Self { destination, bytes, len })
    }

    /// Where to send it; the scope id is the interface that the machine knows.
    pub fn destination(&self) -> SocketAddrV6 {
        self.destination
    }

    /// The whole datagram.
    pub fn datagram(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
