//! Who is at the other end.

use rustls::crypto::SupportedKxGroup;
use rustls::{CipherSuite, CommonState, HandshakeKind, NamedGroup};
use sha2::{Digest, Sha512};

/// The peer of a link, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    chain: Vec<Vec<u8>>,
    fingerprint: [u8; 64],
    handshake: Handshake,
    suite: CipherSuite,
    group: Option<NamedGroup>,
}

/// How a link came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handshake {
    /// With certificates from both ends.
    Full,
    /// From a ticket of an earlier full handshake. Not for charging [V2G20-2677].
    Resumed,
}

impl Peer {
    /// The peer of a connection whose handshake is complete.
    pub(crate) fn of(connection: &CommonState) -> Option<Self> {
        let chain: Vec<Vec<u8>> = connection.peer_certificates()?.iter().map(|der| der.to_vec()).collect();
        let handshake = match connection.handshake_kind()? {
            HandshakeKind::Resumed => Handshake::Resumed,
            _ => Handshake::Full,
        };
        Some(Self {
            fingerprint: Sha512::digest(chain.first()?).into(),
            chain,
            handshake,
            suite: connection.negotiated_cipher_suite()?.suite(),
            group: connection.negotiated_key_exchange_group().map(SupportedKxGroup::name),
        })
    }

    /// SHA-512 of the leaf's DER: what sessions are bound to [V2G20-2550, 2613], and what the engines of
    /// `iso15118-20` know as `PeerId`.
    pub const fn fingerprint(&self) -> [u8; 64] {
        self.fingerprint
    }

    /// The chain as it came, leaf first, each as DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The chain as [`Presented`](crate::Presented) wants it, to be examined again.
    pub fn certificates(&self) -> Vec<&[u8]> {
        self.chain.iter().map(Vec::as_slice).collect()
    }

    /// The leaf in DER.
    pub fn leaf(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// How the link came about.
    pub const fn handshake(&self) -> Handshake {
        self.handshake
    }

    /// The suite that protects records.
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// The group of the key exchange.
    pub const fn group(&self) -> Option<NamedGroup> {
        self.group
    }
}
