//! The curves in software.

use crate::asn1::{Cursor, magnitude};
use crate::crypto::{Algorithm, KeyInfo, SignatureInfo, Verifier};
use crate::error::{Flaw, Rule};

/// The curves of V2G in software, by the RustCrypto crates. P-521 is always there, the others behind features; what
/// is left out is refused with [`Rule::Algorithm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Curves;

/// What a NIST curve offers, over its own crate.
macro_rules! nist {
    ($name:ident, $krate:ident, $digest:ident, $len:literal) => {
        pub(crate) mod $name {
            use sha2::{Digest as _, $digest};
            use $krate::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
            use $krate::ecdsa::{Signature, SigningKey, VerifyingKey};
            use $krate::elliptic_curve::sec1::ToSec1Point as _;
            use $krate::{PublicKey, SecretKey};

            use crate::crypto::Secret;
            use crate::error::Rule;

            pub(crate) fn check(point: &[u8]) -> Result<(), Rule> {
                PublicKey::from_sec1_bytes(point).map(|_| ()).map_err(|_| Rule::PublicKey)
            }

            pub(crate) fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Rule> {
                let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Rule::PublicKey)?;
                let signature = Signature::from_slice(signature).map_err(|_| Rule::SignatureValue)?;
                key.verify_prehash(&$digest::digest(message), &signature).map_err(|_| Rule::SignatureValue)
            }

            pub(crate) fn public(scalar: &[u8], out: &mut [u8]) -> Result<(), Rule> {
                let secret = SecretKey::from_slice(scalar).map_err(|_| Rule::KeyRange)?;
                let point = secret.public_key().to_sec1_point(false);
                out.get_mut(..point.as_bytes().len())
                    .ok_or(Rule::BufferTooSmall)?
                    .copy_from_slice(point.as_bytes());
                Ok(())
            }

            /// Deterministic (RFC 6979): no randomness that could fail or repeat.
            pub(crate) fn sign(scalar: &[u8], message: &[u8], out: &mut [u8]) -> Result<(), Rule> {
                let key = SigningKey::from_slice(scalar).map_err(|_| Rule::KeyRange)?;
                let signature: Signature =
                    key.sign_prehash(&$digest::digest(message)).map_err(|_| Rule::SignatureValue)?;
                out.get_mut(..$len * 2).ok_or(Rule::BufferTooSmall)?.copy_from_slice(&signature.to_bytes());
                Ok(())
            }

            /// The x coordinate, leading zeros kept. The peer's point is checked to be on the curve.
            pub(crate) fn agree(scalar: &[u8], point: &[u8]) -> Result<Secret, Rule> {
                let peer = PublicKey::from_sec1_bytes(point).map_err(|_| Rule::EphemeralKey)?;
                let secret = SecretKey::from_slice(scalar).map_err(|_| Rule::KeyRange)?;
                Secret::from_slice(secret.diffie_hellman(&peer).raw_secret_bytes())
                    .ok_or(Rule::BufferTooSmall)
            }
        }
    };
}

nist!(secp521, p521, Sha512, 66);
#[cfg(feature = "p384")]
nist!(secp384, p384, Sha384, 48);
#[cfg(feature = "p256")]
nist!(secp256, p256, Sha256, 32);

#[cfg(feature = "curve448")]
pub(crate) mod goldilocks {
    //! Ed448 and X448 (RFC 8032, RFC 7748).

    use ed448_goldilocks::{Signature, SigningKey, VerifyingKey};
    use subtle::ConstantTimeEq as _;
    use zeroize::Zeroizing;

    use crate::crypto::Secret;
    use crate::error::Rule;

    fn key(bytes: &[u8]) -> Result<VerifyingKey, Rule> {
        let bytes: &[u8; 57] = bytes.try_into().map_err(|_| Rule::PublicKey)?;
        if bytes.last().is_none_or(|last| last & 0x7F != 0) {
            return Err(Rule::PublicKey);
        }
        VerifyingKey::from_bytes(bytes).map_err(|_| Rule::PublicKey)
    }

    pub(crate) fn check(bytes: &[u8]) -> Result<(), Rule> {
        key(bytes).map(|_| ())
    }

    /// The last octet of point and number has one bit and none (RFC 8032, 5.2.7), and the crate does not look: there
    /// would be several encodings of one signature.
    pub(crate) fn verify(bytes: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Rule> {
        let surplus = |at: usize, bits: u8| signature.get(at).is_none_or(|octet| octet & bits != 0);
        if surplus(56, 0x7F) || surplus(113, 0xFF) {
            return Err(Rule::SignatureValue);
        }
        let signature = Signature::from_slice(signature).map_err(|_| Rule::SignatureValue)?;
        key(bytes)?.verify_raw(&signature, message).map_err(|_| Rule::SignatureValue)
    }

    fn signing(seed: &[u8]) -> Result<SigningKey, Rule> {
        SigningKey::try_from(seed).map_err(|_| Rule::KeyRange)
    }

    pub(crate) fn public(seed: &[u8], out: &mut [u8]) -> Result<(), Rule> {
        let public = signing(seed)?.verifying_key();
        out.get_mut(..57).ok_or(Rule::BufferTooSmall)?.copy_from_slice(&public.to_bytes());
        Ok(())
    }

    pub(crate) fn sign(seed: &[u8], message: &[u8], out: &mut [u8]) -> Result<(), Rule> {
        let signature = signing(seed)?.sign_raw(message);
        out.get_mut(..114).ok_or(Rule::BufferTooSmall)?.copy_from_slice(&signature.to_bytes());
        Ok(())
    }

    /// X448; a result of zeros is refused. The crate refuses points of low order in one of their encodings alone.
    pub(crate) fn agree(secret: &[u8; 56], public: &[u8; 56]) -> Result<Secret, Rule> {
        let shared = Zeroizing::new(x448::x448(*secret, *public).ok_or(Rule::EphemeralKey)?);
        if shared.ct_eq(&[0; 56]).into() {
            return Err(Rule::EphemeralKey);
        }
        Secret::from_slice(shared.as_slice()).ok_or(Rule::BufferTooSmall)
    }

    pub(crate) fn x448_public(secret: &[u8; 56]) -> Result<[u8; 56], Rule> {
        x448::x448(*secret, x448::X448_BASEPOINT_BYTES).ok_or(Rule::KeyRange)
    }
}

#[cfg(not(feature = "p256"))]
pub(crate) use missing as secp256;
#[cfg(not(feature = "p384"))]
pub(crate) use missing as secp384;
#[cfg(not(feature = "curve448"))]
pub(crate) use missing as goldilocks;

/// A curve whose feature is off.
#[cfg(not(all(feature = "p256", feature = "p384", feature = "curve448")))]
pub(crate) mod missing {
    #[cfg(not(all(feature = "p256", feature = "p384")))]
    use crate::crypto::Secret;
    use crate::error::Rule;

    pub(crate) fn check(_: &[u8]) -> Result<(), Rule> {
        Err(Rule::Algorithm)
    }

    pub(crate) fn verify(_: &[u8], _: &[u8], _: &[u8]) -> Result<(), Rule> {
        Err(Rule::Algorithm)
    }

    pub(crate) fn public(_: &[u8], _: &mut [u8]) -> Result<(), Rule> {
        Err(Rule::Algorithm)
    }

    pub(crate) fn sign(_: &[u8], _: &[u8], _: &mut [u8]) -> Result<(), Rule> {
        Err(Rule::Algorithm)
    }

    #[cfg(not(all(feature = "p256", feature = "p384")))]
    pub(crate) fn agree(_: &[u8], _: &[u8]) -> Result<Secret, Rule> {
        Err(Rule::Algorithm)
    }
}

impl Verifier for Curves {
    fn check_key(&self, key: &KeyInfo<'_>) -> Result<Option<Algorithm>, Rule> {
        let algorithm = key.algorithm()?;
        let check = match algorithm {
            Algorithm::P521 => secp521::check,
            Algorithm::P384 => secp384::check,
            Algorithm::P256 => secp256::check,
            Algorithm::Ed448 => goldilocks::check,
        };
        check(key.bits())?;
        Ok(Some(algorithm))
    }

    fn verify(
        &self,
        key: &KeyInfo<'_>,
        algorithm: &SignatureInfo<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rule> {
        let found = key.algorithm()?;
        if algorithm.algorithm() != Some(found) {
            return Err(Rule::Algorithm);
        }
        let mut fixed = [0; MAX_SIGNATURE];
        let signature = match found {
            Algorithm::Ed448 => signature,
            _ => from_der(signature, found.signature_len(), &mut fixed)
                .map_err(|_| Rule::CertificateSignature)?,
        };
        match self.verify_fixed(key, message, signature) {
            Err(Rule::SignatureValue) => Err(Rule::CertificateSignature),
            other => other,
        }
    }

    fn verify_fixed(&self, key: &KeyInfo<'_>, message: &[u8], signature: &[u8]) -> Result<(), Rule> {
        let algorithm = key.algorithm()?;
        if signature.len() != algorithm.signature_len() {
            return Err(Rule::SignatureValue);
        }
        let verify = match algorithm {
            Algorithm::P521 => secp521::verify,
            Algorithm::P384 => secp384::verify,
            Algorithm::P256 => secp256::verify,
            Algorithm::Ed448 => goldilocks::verify,
        };
        verify(key.bits(), message, signature)
    }
}

/// The longest signature of fixed form.
pub(crate) const MAX_SIGNATURE: usize = 132;

/// r and s from `ECDSA-Sig-Value` (RFC 3279) into fixed form. Strict: one encoding for one signature.
pub(crate) fn from_der<'o>(
    der: &[u8],
    length: usize,
    out: &'o mut [u8; MAX_SIGNATURE],
) -> Result<&'o [u8], Flaw> {
    let mut outer = Cursor::new(der, 0)?;
    let mut parts = outer.sequence()?;
    outer.finish()?;
    let out = out.get_mut(..length).unwrap_or_default();
    for half in out.chunks_exact_mut(length / 2) {
        let integer = parts.integer()?;
        let value = magnitude(integer.value);
        let negative = integer.value.first().is_none_or(|first| first & 0x80 != 0);
        let start = half.len().checked_sub(value.len()).filter(|_| !negative);
        let to = start.and_then(|start| half.get_mut(start..)).ok_or(integer.flaw(Rule::Der))?;
        to.copy_from_slice(value);
    }
    parts.finish()?;
    Ok(out)
}
