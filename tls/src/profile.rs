//! What is offered and accepted: versions are not a choice, suites, groups and signature schemes are one.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::provider;
use crate::scheme::Scheme;

/// Suites, groups and signature schemes as one coupled choice: nothing "extra compatible" joins them
/// ([V2G20-1634], [V2G20-1667], [V2G20-2458]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// ISO 15118-20: secp521r1 with ECDSA on P-521 and SHA-512, and with the feature `curve448` x448 with Ed448 as
    /// the alternative.
    #[default]
    V2g20,
    /// What [`Profile::V2g20`] has and, after it, secp256r1 with ECDSA on P-256 and SHA-256, which deployed test
    /// systems use under the name of -20. Not for the street.
    Lab,
}

impl Profile {
    /// The signature schemes, preferred first.
    pub const fn schemes(self) -> &'static [Scheme] {
        #[cfg(not(feature = "curve448"))]
        const V2G20: &[Scheme] = &[Scheme::EcdsaP521Sha512];
        #[cfg(feature = "curve448")]
        const V2G20: &[Scheme] = &[Scheme::EcdsaP521Sha512, Scheme::Ed448];
        #[cfg(not(feature = "curve448"))]
        const LAB: &[Scheme] = &[Scheme::EcdsaP521Sha512, Scheme::EcdsaP256Sha256];
        #[cfg(feature = "curve448")]
        const LAB: &[Scheme] = &[Scheme::EcdsaP521Sha512, Scheme::Ed448, Scheme::EcdsaP256Sha256];
        match self {
            Self::V2g20 => V2G20,
            Self::Lab => LAB,
        }
    }

    /// The provider of rustls with these suites and groups, for whoever builds configurations without the rest of
    /// this crate. It loads no private keys: keys stay behind a [`Signer`](crate::Signer).
    pub fn provider(self) -> Arc<CryptoProvider> {
        Arc::new(provider::new(self))
    }
}
