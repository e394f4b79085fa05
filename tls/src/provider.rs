//! The cryptography that rustls lacks and what else it needs: a provider made of RustCrypto alone.

mod aead;
#[cfg(feature = "curve448")]
mod curve448;
mod exchange;
mod hash;
mod suites;
pub(crate) mod verify;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SupportedKxGroup};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;

use crate::profile::Profile;

/// The provider for a profile.
pub(crate) fn new(profile: Profile) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![suites::AES_256_GCM_SHA384, suites::CHACHA20_POLY1305_SHA256],
        kx_groups: groups(profile),
        signature_verification_algorithms: verify::ALGORITHMS,
        secure_random: &OperatingSystem,
        key_provider: &NoKeys,
    }
}

/// Key exchange groups, preferred first; for the first one a key share is sent [V2G20-1634, 2460].
fn groups(profile: Profile) -> Vec<&'static dyn SupportedKxGroup> {
    let mut groups: Vec<&'static dyn SupportedKxGroup> = vec![&exchange::Secp521r1];
    #[cfg(feature = "curve448")]
    groups.push(&curve448::X448);
    if profile == Profile::Lab {
        groups.push(&exchange::Secp256r1);
    }
    groups
}

/// The random number generator of the operating system [V2G20-835].
#[derive(Debug)]
struct OperatingSystem;

impl SecureRandom for OperatingSystem {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(buf).map_err(|_| GetRandomFailed)
    }
}

/// Refuses private keys: they stay in the key store.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("private keys stay in the key store; give a Signer".into()))
    }
}

#[cfg(test)]
mod tests;
