//! The key of the own certificate: in memory, or behind a callback.

use core::ffi::c_void;
use core::fmt;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use sha2::{Digest as _, Sha256, Sha512};
use v2g_pki::keystore::{KeyError, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::{Algorithm, Certificate};
use v2g_tls::{Scheme, SignError, Signer, StoreSigner};

use super::config::V2G_SIGN_TLS;
use crate::border::Outcome;
use crate::evcc::sign::{V2G_SCHEME_ECDSA_P256, V2G_SCHEME_ECDSA_P521, V2G_SCHEME_ED448};
use crate::status::{V2G_E_KEY, V2G_OK};
use crate::text::v2g_bytes;
use crate::trust::keys::{V2G_NO_CONTRACT, v2g_sign, v2g_sign_request};

/// A store for the one key of a handle. It makes no keys, so that nothing is random.
type Store = SoftwareStore<fn(&mut [u8]) -> Result<(), KeyError>, 1>;

fn no_random(_: &mut [u8]) -> Result<(), KeyError> {
    Err(KeyError::NoRandomness)
}

/// The algorithm of a leaf's key, if TLS signs with it.
fn algorithm(leaf: &[u8]) -> Outcome<(Algorithm, Scheme)> {
    let leaf = Certificate::parse(leaf).map_err(|_| V2G_E_KEY)?;
    let algorithm = leaf.key().algorithm().map_err(|_| V2G_E_KEY)?;
    let scheme = match algorithm {
        Algorithm::P521 => Scheme::EcdsaP521Sha512,
        Algorithm::Ed448 => Scheme::Ed448,
        Algorithm::P256 => Scheme::EcdsaP256Sha256,
        Algorithm::P384 => return Err(V2G_E_KEY),
    };
    Ok((algorithm, scheme))
}

/// A key from its number. The copy that is made of it is overwritten when the signer is dropped.
pub(super) fn in_memory(leaf: &[u8], role: KeyRole, number: &[u8]) -> Outcome<Arc<dyn Signer>> {
    let (algorithm, _) = algorithm(leaf)?;
    let mut store = Store::new(no_random);
    // The store overwrites what it is given.
    let key = store.load(KeyKind::Signing(algorithm), role, &mut number.to_vec()).map_err(|_| V2G_E_KEY)?;
    let signer = StoreSigner::new(Arc::new(Mutex::new(store)), key).map_err(|_| V2G_E_KEY)?;
    Ok(Arc::new(signer))
}

/// A key behind a function of the host's.
pub(super) fn behind(leaf: &[u8], sign: v2g_sign, user: *mut c_void) -> Outcome<Arc<dyn Signer>> {
    let (_, scheme) = algorithm(leaf)?;
    Ok(Arc::new(Callback { sign, user, scheme }))
}

struct Callback {
    sign: v2g_sign,
    user: *mut c_void,
    scheme: Scheme,
}

// SAFETY: a signer is called from within calls of its handle alone, which one thread at a time makes; that the handle may go to
// another thread, and `user` with it, is said where handles are made.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Signer for Callback {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let sign = self.sign.ok_or_else(|| SignError::new("there is no function"))?;
        let (long, short): ([u8; 64], [u8; 32]);
        let (scheme, digest): (u32, &[u8]) = match self.scheme {
            Scheme::EcdsaP521Sha512 => {
                long = Sha512::digest(message).into();
                (V2G_SCHEME_ECDSA_P521, &long)
            }
            Scheme::EcdsaP256Sha256 => {
                short = Sha256::digest(message).into();
                (V2G_SCHEME_ECDSA_P256, &short)
            }
            Scheme::Ed448 => (V2G_SCHEME_ED448, &[]),
        };
        let request = v2g_sign_request {
            subject: V2G_SIGN_TLS,
            contract: V2G_NO_CONTRACT,
            scheme,
            reserved: 0,
            message: v2g_bytes::new(message),
            digest: v2g_bytes::new(digest),
        };
        let mut value = std::vec![0; self.scheme.signature_len()];
        let mut length = 0;
        // SAFETY: the caller gave the function for this; what it gets lives during the call.
        let status =
            unsafe { sign(self.user, &raw const request, value.as_mut_ptr(), value.len(), &raw mut length) };
        // TLS waits for the signature, so one that is pending is none. Its length is checked where it is used.
        if status != V2G_OK || length > value.len() {
            return Err(SignError::new("the key does not sign"));
        }
        value.truncate(length);
        Ok(value)
    }
}
