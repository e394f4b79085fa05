//! The names of algorithms on either side of the seam.

use v2g_pki::Algorithm;
use v2g_pki::xmlsig::Produced;

use crate::security::{SignatureScheme, Signed};

impl SignatureScheme {
    /// The scheme of messages that keys of an algorithm sign with; none for one that no message is signed with.
    pub const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::P521 => Some(Self::EcdsaP521Sha512),
            Algorithm::Ed448 => Some(Self::Ed448Shake256),
            Algorithm::P256 => Some(Self::EcdsaP256Sha256),
            Algorithm::P384 => None,
        }
    }
}

impl Signed {
    /// A signature that `v2g-pki` made; none of an algorithm that no message is signed with.
    pub fn of(produced: &Produced) -> Option<Self> {
        Self::new(SignatureScheme::of(produced.algorithm())?, produced.digest(), produced.value())
    }
}
