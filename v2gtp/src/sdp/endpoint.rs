//! Addresses that a V2G session may connect to.

use core::net::{Ipv6Addr, SocketAddrV6};

use thiserror::Error;

/// Why an address and port are no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Port 0 cannot be connected to.
    #[error("port 0")]
    PortZero,
    /// The address is `::`.
    #[error("unspecified address")]
    Unspecified,
    /// The address names a group, not a host.
    #[error("multicast address")]
    Multicast,
    /// The address lies outside fe80::/10, so it may not be on the charging link.
    #[error("address is not link-local")]
    NotLinkLocal,
}

/// Address and port of a TCP server on the charging link: link-local unicast, port not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    address: Ipv6Addr,
    port: u16,
}

impl Endpoint {
    /// Checks an address and port.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub const fn new(address: Ipv6Addr, port: u16) -> Result<Self, EndpointError> {
        if port == 0 {
            Err(EndpointError::PortZero)
        } else if address.is_unspecified() {
            Err(EndpointError::Unspecified)
        } else if address.is_multicast() {
            Err(EndpointError::Multicast)
        } else if !address.is_unicast_link_local() {
            Err(EndpointError::NotLinkLocal)
        } else {
            Ok(Self { address, port })
        }
    }

    /// The link-local address.
    pub const fn address(self) -> Ipv6Addr {
        self.address
    }

    /// The port, not 0. SECCs use 49152 to 65535.
    pub const fn port(self) -> u16 {
        self.port
    }

    /// The address to connect to through interface `scope_id`.
    pub const fn socket_addr(self, scope_id: u32) -> SocketAddrV6 {
        SocketAddrV6::new(self.address, self.port, 0, scope_id)
    }
}
