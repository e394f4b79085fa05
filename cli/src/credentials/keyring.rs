//! Where private keys are: in the memory of the program, or on a token that gives none of them out.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use v2g_pkcs11::TokenStore;
use v2g_pki::Algorithm;
use v2g_pki::keystore::{KeyError, KeyHandle, KeyKind, KeyRole, KeyStore, SoftwareStore};

use super::material::Secret;
use crate::failure::Failure;

/// A key store that engine and TLS share.
pub(super) type Store = dyn KeyStore + Send;

/// A key store, whatever is behind it.
#[derive(Clone)]
pub(crate) struct Keys(pub(super) Arc<Mutex<Store>>);

impl Keys {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Keys of one end in memory: those of the link, and as many contracts as come.
type Memory = SoftwareStore<fn(&mut [u8]) -> Result<(), KeyError>, 256>;

/// A place for the keys of one end.
#[derive(Clone)]
pub(crate) enum Keyring {
    /// In memory, from wherever they come.
    Memory(Arc<Mutex<Memory>>),
    /// On a token, where they were made or put.
    Token(Arc<Mutex<TokenStore>>),
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory",
            Self::Token(_) => "Token",
        })
    }
}

impl Keyring {
    /// An empty one in memory.
    pub(crate) fn memory() -> Self {
        fn fill(out: &mut [u8]) -> Result<(), KeyError> {
            getrandom::fill(out).map_err(|_| KeyError::NoRandomness)
        }
        Self::Memory(Arc::new(Mutex::new(SoftwareStore::new(fill))))
    }

    pub(crate) fn token(store: TokenStore) -> Self {
        Self::Token(Arc::new(Mutex::new(store)))
    }

    pub(crate) fn keys(&self) -> Keys {
        match self {
            Self::Memory(store) => Keys(store.clone()),
            Self::Token(store) => Keys(store.clone()),
        }
    }

    /// Puts a key into memory, also where others are on a token: what is known already is not hidden by moving it.
    pub(super) fn load(&self, secret: &Secret, role: KeyRole) -> Result<(Keys, KeyHandle), Failure> {
        let ring = match self {
            Self::Memory(store) => store.clone(),
            Self::Token(_) => return Self::memory().load(secret, role),
        };
        let mut number = secret.number.clone();
        let kind = KeyKind::Signing(secret.algorithm);
        let loaded = ring.lock().unwrap_or_else(PoisonError::into_inner).load(kind, role, &mut number);
        Ok((self.keys(), loaded.map_err(Failure::failed)?))
    }

    /// The key of a token with this label, in its role.
    pub(super) fn named(&self, label: &str, role: KeyRole) -> Result<(Keys, KeyHandle), Failure> {
        let Self::Token(store) = self else {
            return Err(Failure::usage(format!("the key {label} is on a token"))
                .advise("--pkcs11 names the library of its maker, and --token the token"));
        };
        let adopted = store.lock().unwrap_or_else(PoisonError::into_inner).adopt(label, role);
        let key =
            adopted.map_err(|error| Failure::failed(format!("the key {label} of the token: {error}")))?;
        Ok((self.keys(), key))
    }

    /// A key of the token with this label, made there if there is none yet. None where keys are in memory.
    pub(super) fn own(
        &self,
        label: &str,
        role: KeyRole,
        algorithm: Algorithm,
    ) -> Result<Option<KeyHandle>, Failure> {
        let Self::Token(store) = self else { return Ok(None) };
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let known = store.find(label, role);
        let made = known.map_or_else(|| store.generate(algorithm, role, label), Ok);
        made.map(Some).map_err(|error| Failure::failed(format!("the key {label} of the token: {error}")))
    }
}
