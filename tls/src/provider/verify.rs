//! Checking signatures.

use p521::ecdsa::signature::Verifier;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use crate::scheme::Scheme;

/// Checks a signature in the form of TLS with a public key as its certificate has it: an uncompressed point, or the
/// 57 bytes of Ed448.
pub(crate) fn verify(
    scheme: Scheme,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let fixed = scheme.to_fixed(signature).map_err(|_| InvalidSignature)?;
    match scheme {
        Scheme::EcdsaP521Sha512 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(uncompressed(public_key)?);
            let signature = p521::ecdsa::Signature::from_slice(&fixed).map_err(|_| InvalidSignature)?;
            key.and_then(|key| key.verify(message, &signature)).map_err(|_| InvalidSignature)
        }
        Scheme::EcdsaP256Sha256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(uncompressed(public_key)?);
            let signature = p256::ecdsa::Signature::from_slice(&fixed).map_err(|_| InvalidSignature)?;
            key.and_then(|key| key.verify(message, &signature)).map_err(|_| InvalidSignature)
        }
        #[cfg(feature = "curve448")]
        Scheme::Ed448 => {
            let key = <&[u8; 57]>::try_from(public_key).map_err(|_| InvalidSignature)?;
            canonical(key)?;
            canonical(fixed.first_chunk().ok_or(InvalidSignature)?)?;
            let key = ed448_goldilocks::VerifyingKey::from_bytes(key).map_err(|_| InvalidSignature)?;
            let signature =
                ed448_goldilocks::Signature::try_from(fixed.as_slice()).map_err(|_| InvalidSignature)?;
            key.verify_raw(&signature, message).map_err(|_| InvalidSignature)
        }
        #[cfg(not(feature = "curve448"))]
        Scheme::Ed448 => Err(InvalidSignature),
    }
}

/// The point, unless it is compressed.
fn uncompressed(point: &[u8]) -> Result<&[u8], InvalidSignature> {
    if point.first() == Some(&4) { Ok(point) } else { Err(InvalidSignature) }
}

/// Refuses a point of Ed448 with bits set that say nothing (RFC 8032, 5.2.3): the crate ignores them, and a signature
/// would have more than one form.
#[cfg(feature = "curve448")]
fn canonical(point: &[u8; 57]) -> Result<(), InvalidSignature> {
    let [.., last] = point;
    if last & !0x80 == 0 { Ok(()) } else { Err(InvalidSignature) }
}

/// The same for whoever validates with webpki.
pub(super) const ALGORITHMS: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: ALL, mapping: MAPPING };

#[cfg(not(feature = "curve448"))]
const ALL: &[&dyn SignatureVerificationAlgorithm] = &[P521, P256];
#[cfg(feature = "curve448")]
const ALL: &[&dyn SignatureVerificationAlgorithm] = &[P521, ED448, P256];

#[cfg(not(feature = "curve448"))]
const MAPPING: &[(SignatureScheme, &[&dyn SignatureVerificationAlgorithm])] =
    &[(Scheme::EcdsaP521Sha512.to_rustls(), &[P521]), (Scheme::EcdsaP256Sha256.to_rustls(), &[P256])];
#[cfg(feature = "curve448")]
const MAPPING: &[(SignatureScheme, &[&dyn SignatureVerificationAlgorithm])] = &[
    (Scheme::EcdsaP521Sha512.to_rustls(), &[P521]),
    (Scheme::Ed448.to_rustls(), &[ED448]),
    (Scheme::EcdsaP256Sha256.to_rustls(), &[P256]),
];

const P521: &dyn SignatureVerificationAlgorithm =
    &Algorithm { scheme: Scheme::EcdsaP521Sha512, key: alg_id::ECDSA_P521, signature: alg_id::ECDSA_SHA512 };
const P256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { scheme: Scheme::EcdsaP256Sha256, key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA256 };
#[cfg(feature = "curve448")]
const ED448: &dyn SignatureVerificationAlgorithm =
    &Algorithm { scheme: Scheme::Ed448, key: alg_id::ED448, signature: alg_id::ED448 };

#[derive(Debug)]
struct Algorithm {
    scheme: Scheme,
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        verify(self.scheme, public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
