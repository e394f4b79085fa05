//! Keys in a key store of `v2g-pki`.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use v2g_pki::Algorithm;
use v2g_pki::keystore::{Blocking as _, KeyError, KeyHandle, KeyKind, KeyStore};

use crate::scheme::Scheme;
use crate::signer::{SignError, Signer};

/// A key in a [`KeyStore`], which may be software, PKCS#11 or whatever implements the trait. The store is shared: the
/// engine's other keys may live in it too.
pub struct StoreSigner<K: ?Sized> {
    store: Arc<Mutex<K>>,
    key: KeyHandle,
    scheme: Scheme,
}

impl<K: KeyStore + Send + ?Sized> StoreSigner<K> {
    /// A key by its handle.
    ///
    /// # Errors
    /// There is no such key, or it signs with no scheme of TLS.
    pub fn new(store: Arc<Mutex<K>>, key: KeyHandle) -> Result<Self, KeyError> {
        let kind = store.lock().unwrap_or_else(PoisonError::into_inner).kind(key)?;
        let scheme = match kind {
            KeyKind::Signing(algorithm) => Scheme::of(algorithm).ok_or(KeyError::Unsupported)?,
            KeyKind::X448 => return Err(KeyError::Unsupported),
        };
        Ok(Self { store, key, scheme })
    }
}

impl Scheme {
    /// The scheme that keys of an algorithm sign with, if TLS has it for V2G.
    pub(crate) const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::P521 => Some(Self::EcdsaP521Sha512),
            Algorithm::Ed448 => Some(Self::Ed448),
            Algorithm::P256 => Some(Self::EcdsaP256Sha256),
            Algorithm::P384 => None,
        }
    }
}

impl<K: KeyStore + Send + ?Sized> Signer for StoreSigner<K> {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.sign(self.key, message).map(|signature| signature.as_bytes().to_vec()).map_err(SignError::new)
    }
}

impl<K: ?Sized> fmt::Debug for StoreSigner<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSigner")
            .field("key", &self.key)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
