//! Algorithms by their names in XML Signature.

use sha2::{Digest as _, Sha256, Sha512};

use crate::crypto::Algorithm;

/// Canonicalization and the only transform.
pub(super) const CANONICAL_EXI: &str = "http://www.w3.org/TR/canonical-exi/";

/// The names of a signature algorithm and of the digest that goes with it.
pub(super) struct Names {
    pub(super) signature: &'static str,
    pub(super) digest: &'static str,
    algorithm: Algorithm,
}

impl Names {
    /// None for an algorithm that no edition signs with.
    pub(super) const fn of(algorithm: Algorithm) -> Option<Self> {
        let (signature, digest) = match algorithm {
            // [V2G20-2473, 2475]
            Algorithm::P521 => (
                "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
                "http://www.w3.org/2001/04/xmlenc#sha512",
            ),
            // [V2G20-2474, 2476]
            Algorithm::Ed448 if cfg!(feature = "curve448") => (
                "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
                "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
            ),
            // ISO 15118-2
            Algorithm::P256 => (
                "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                "http://www.w3.org/2001/04/xmlenc#sha256",
            ),
            Algorithm::Ed448 | Algorithm::P384 => return None,
        };
        Some(Self { signature, digest, algorithm })
    }

    pub(super) fn hash(&self) -> Hash {
        match self.algorithm {
            Algorithm::P256 => Hash::Sha256(Sha256::new()),
            #[cfg(feature = "curve448")]
            Algorithm::Ed448 => Hash::Shake256(shake::Shake256::default()),
            _ => Hash::Sha512(Sha512::new()),
        }
    }
}

/// A digest being computed.
pub(super) enum Hash {
    Sha256(Sha256),
    Sha512(Sha512),
    /// With 64 bytes of output.
    #[cfg(feature = "curve448")]
    Shake256(shake::Shake256),
}

/// A digest of 32 or 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct DigestValue {
    bytes: [u8; 64],
    len: u8,
}

impl DigestValue {
    fn new(bytes: &[u8]) -> Self {
        let mut value = Self { bytes: [0; 64], len: bytes.len() as u8 };
        value.bytes.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        value
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Hash {
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(piece),
            Self::Sha512(hash) => hash.update(piece),
            #[cfg(feature = "curve448")]
            Self::Shake256(hash) => shake::Update::update(hash, piece),
        }
    }

    pub(super) fn finish(self) -> DigestValue {
        match self {
            Self::Sha256(hash) => DigestValue::new(&hash.finalize()),
            Self::Sha512(hash) => DigestValue::new(&hash.finalize()),
            #[cfg(feature = "curve448")]
            Self::Shake256(hash) => {
                use shake::{ExtendableOutput as _, XofReader as _};
                let mut bytes = [0; 64];
                hash.finalize_xof().read(&mut bytes);
                DigestValue::new(&bytes)
            }
        }
    }
}
