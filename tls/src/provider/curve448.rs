//! x448 (RFC 7748, RFC 8446 4.2.8.2). The crate is a pre-release and unaudited.

use ed448_goldilocks::elliptic_curve::Generate;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x448::{EphemeralSecret, PublicKey};

/// x448 [V2G20-2460].
#[derive(Debug)]
pub(super) struct X448;

impl SupportedKxGroup for X448 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = EphemeralSecret::try_generate().map_err(|_| GetRandomFailed)?;
        Ok(Box::new(Exchange::with(secret)))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X448
    }
}

/// Our half of an exchange. The secret is erased when this is dropped.
pub(super) struct Exchange {
    secret: EphemeralSecret,
    public: PublicKey,
}

impl Exchange {
    pub(super) fn with(secret: EphemeralSecret) -> Self {
        let public = PublicKey::from(&secret);
        Self { secret, public }
    }
}

impl ActiveKeyExchange for Exchange {
    /// A point of low order is refused, and with it a secret of zeros (RFC 8446, 7.4.2).
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        let peer = PublicKey::from_bytes(peer_pub_key).ok_or(PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&peer);
        if shared.as_bytes().iter().all(|byte| *byte == 0) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(shared.as_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X448
    }
}
