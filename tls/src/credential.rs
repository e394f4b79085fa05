//! A certificate chain with the handle of its key, and its staple.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use thiserror::Error;
use v2g_pki::Certificate;

use crate::hint::{self, Fit};
use crate::provider::verify::verify;
use crate::scheme::{Scheme, SignatureForm};
use crate::signer::{Handle, SignError, Signer};

/// What a handle signs to show that it belongs to its certificate. A handshake never signs this: what it signs
/// begins with 64 spaces (RFC 8446, 4.4.3).
const PROBE: &[u8] = b"v2g-tls: does this key belong to this certificate?";

/// Why chain and key are no credential.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// There is no certificate.
    #[error("the chain has no certificate")]
    Empty,
    /// A certificate cannot be read.
    #[error("certificate {index} of the chain (0 is the leaf) cannot be read: {reason}")]
    Certificate {
        /// Its place; 0 is the leaf.
        index: usize,
        /// What is wrong.
        reason: v2g_pki::Error,
    },
    /// The key of the leaf is for another scheme than the handle.
    #[error("the key of the leaf is for {leaf:?}, the handle signs with {handle:?}")]
    Scheme {
        /// What the leaf's key is for; none if that is no scheme of ours.
        leaf: Option<Scheme>,
        /// What the handle signs with.
        handle: Scheme,
    },
    /// The store does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What the store returns is no signature.
    #[error("the key store returns no signature: {0}")]
    Form(#[from] SignatureForm),
    /// The handle is that of another key.
    #[error("the handle is not that of the leaf's key")]
    KeyMismatch,
}

/// A chain (leaf first, without the root), the handle of the leaf's key, and the OCSP response that is stapled.
#[derive(Debug)]
pub struct Credential {
    current: RwLock<Arc<CertifiedKey>>,
    scheme: Scheme,
    /// The name of the root: who issued the topmost certificate.
    root: Vec<u8>,
}

impl Credential {
    /// Puts a chain and a handle together. The handle signs once, to show that it is that of the leaf's key.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub fn new(chain: Vec<Vec<u8>>, signer: Arc<dyn Signer>) -> Result<Self, CredentialError> {
        let handle = signer.scheme();
        let read = |(index, der): (usize, &'_ Vec<u8>)| match Certificate::parse(der) {
            Ok(certificate) => Ok(certificate.issuer().der().to_vec()),
            Err(reason) => Err(CredentialError::Certificate { index, reason }),
        };
        let issuers = chain.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let (Some(leaf), Some(root)) = (chain.first(), issuers.last()) else {
            return Err(CredentialError::Empty);
        };
        let leaf =
            Certificate::parse(leaf).map_err(|reason| CredentialError::Certificate { index: 0, reason })?;
        let scheme = leaf.key().algorithm().ok().and_then(Scheme::of);
        if scheme != Some(handle) {
            return Err(CredentialError::Scheme { leaf: scheme, handle });
        }
        let signature = handle.to_tls(&signer.sign(PROBE)?)?;
        verify(handle, leaf.key().bits(), PROBE, &signature).map_err(|_| CredentialError::KeyMismatch)?;
        let root = root.clone();
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let current = RwLock::new(Arc::new(CertifiedKey::new(chain, Arc::new(Handle(signer)))));
        Ok(Self { current, scheme: handle, root })
    }

    /// Replaces the OCSP response for the leaf, in DER, also while the station runs. It is stapled for clients that
    /// ask [V2G20-2388]; refresh it at a quarter of its life.
    pub fn set_staple(&self, response: Option<Vec<u8>>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut key = CertifiedKey::clone(&current);
        key.ocsp = response;
        *current = Arc::new(key);
    }

    /// What its key signs with.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name of its root in DER.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The chain with its key and staple as they are now.
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How well it leads to one of the roots that a peer lists.
    pub(crate) fn fit<'n>(&self, roots: impl Iterator<Item = &'n [u8]>) -> Option<Fit> {
        roots.filter_map(|name| hint::fit(&self.root, name)).min()
    }
}
