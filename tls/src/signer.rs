//! The seam towards the key store: a key is something that signs, never bytes.

use core::fmt::Debug;
use std::error::Error as StdError;
use std::sync::Arc;

use rustls::sign::SigningKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use thiserror::Error;

use crate::scheme::Scheme;

/// A private key in its store: software, PKCS#11, a TPM, a secure element. Only signatures come out.
///
/// rustls waits for the signature. A token that is slow holds up the thread that runs the handshake, and nothing
/// else.
pub trait Signer: Debug + Send + Sync {
    /// The one scheme with which the key signs.
    fn scheme(&self) -> Scheme;

    /// Signs a message, which the store hashes: Ed448 has no prehash. Returns the signature in fixed form, r and s as
    /// wide as the order of the curve, or as Ed448 has it.
    ///
    /// # Errors
    /// The store cannot, or will not, sign.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// The key store did not sign.
#[derive(Debug, Error)]
#[error("the key store did not sign: {0}")]
pub struct SignError(#[source] Box<dyn StdError + Send + Sync>);

impl SignError {
    /// With the reason of the store.
    pub fn new(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// A [`Signer`] as rustls wants it.
#[derive(Clone, Debug)]
pub(crate) struct Handle(pub(crate) Arc<dyn Signer>);

impl SigningKey for Handle {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered.contains(&self.0.scheme().to_rustls()).then(|| Box::new(self.clone()) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.scheme() {
            Scheme::EcdsaP521Sha512 | Scheme::EcdsaP256Sha256 => SignatureAlgorithm::ECDSA,
            Scheme::Ed448 => SignatureAlgorithm::ED448,
        }
    }
}

impl rustls::sign::Signer for Handle {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let failed = |reason: String| rustls::Error::General(reason);
        let fixed = self.0.sign(message).map_err(|e| failed(e.to_string()))?;
        self.0.scheme().to_tls(&fixed).map_err(|e| failed(e.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme().to_rustls()
    }
}
