//! The request and response of a wired link (0x9000, 0x9001).

use core::net::Ipv6Addr;

use super::{SdpError, Security, Transport};

/// Looks for an SECC (0x9000).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdpRequest {
    /// Security that the vehicle asks for.
    pub security: Security,
    /// Transport that the vehicle asks for.
    pub transport: Transport,
}

impl SdpRequest {
    /// Payload length, bytes; other lengths are refused.
    pub const LEN: usize = 2;

    pub(super) fn parse([security, transport]: [u8; Self::LEN]) -> Result<Self, SdpError> {
        Ok(Self { security: security.try_into()?, transport: transport.try_into()? })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        [self.security.code(), self.transport.code()]
    }
}

/// Tells where an SECC serves (0x9001).
///
/// The address and port are as received; an [`crate::Endpoint`] is one that a session may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdpResponse {
    /// Address of the SECC.
    pub address: Ipv6Addr,
    /// TCP port of the SECC.
    pub port: u16,
    /// Security of the server behind the port.
    pub security: Security,
    /// Transport of the server behind the port.
    pub transport: Transport,
}

impl SdpResponse {
    /// Payload length, bytes; other lengths are refused.
    pub const LEN: usize = 20;

    pub(super) fn parse(body: [u8; Self::LEN]) -> Result<Self, SdpError> {
        let [address @ .., p0, p1, security, transport] = body;
        Ok(Self {
            address: Ipv6Addr::from(address),
            port: u16::from_be_bytes([p0, p1]),
            security: security.try_into()?,
            transport: transport.try_into()?,
        })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut body = [0; Self::LEN];
        body[..16].copy_from_slice(&self.address.octets());
        body[16..18].copy_from_slice(&self.port.to_be_bytes());
        body[18] = self.security.code();
        body[19] = self.transport.code();
        body
    }
}
