//! The request and response that name e-mobility service providers (0x9004, 0x9005).
//!
//! They carry no security and transport bytes: contract-based charging implies TLS over TCP.

use core::net::Ipv6Addr;

const HEAD_LEN: usize = 18;

/// Looks for an SECC that serves one of these providers (0x9004).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmspRequest<'a> {
    /// The list of provider ids as it stands on the wire, possibly empty. The sources that this crate
    /// rests on do not tell how the ids are separated.
    pub ids: &'a [u8],
}

/// Tells where an SECC serves and which providers it knows (0x9005).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmspResponse<'a> {
    /// Address of the SECC.
    pub address: Ipv6Addr,
    /// TCP port of the SECC, TLS implied.
    pub port: u16,
    /// The list of provider ids, see [`EmspRequest::ids`].
    pub ids: &'a [u8],
}

impl<'a> EmspResponse<'a> {
    /// Payload length in front of the list, bytes.
    pub const MIN_LEN: usize = HEAD_LEN;

    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        let (head, ids) = body.split_first_chunk::<HEAD_LEN>()?;
        let [address @ .., p0, p1] = *head;
        Some(Self { address: Ipv6Addr::from(address), port: u16::from_be_bytes([p0, p1]), ids })
    }

    pub(super) fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[..16].copy_from_slice(&self.address.octets());
        head[16..].copy_from_slice(&self.port.to_be_bytes());
        head
    }
}
