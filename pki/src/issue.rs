//! Issuing: certificates, revocation lists, OCSP responses, and whole hierarchies, right ones and ones with a fault.
//!
//! For tools and tests. Everything is made from a seed and a time, so the same plan gives the same bytes. Here private
//! keys do leave their place, as [`PrivateKey`]: whoever keeps authorities in files has keys in files.

mod certificate;
pub(crate) mod der;
mod entity;
mod fault;
mod hierarchy;
mod status;

use alloc::vec::Vec;

use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

pub use certificate::{ExtensionDer, Subject, Template};
pub use entity::{Branch, Entity, IdentifierLength, Levels, Plan};
pub use fault::{Fault, FaultyChain};
pub use hierarchy::{Hierarchy, Issued};
pub use status::{CrlPlan, OcspPlan, Partial, Signer};

use crate::crypto::{Algorithm, Scalar};
use crate::error::Rule;
use crate::keystore::public_key_info;

/// A private key outside of a key store: no `Debug`, no `Clone`, erased when dropped.
pub struct PrivateKey(Scalar);

impl PrivateKey {
    /// The key that a seed has under a label.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] if the algorithm is not built in.
    pub fn from_seed(algorithm: Algorithm, seed: &[u8; 32], label: &str) -> Result<Self, Rule> {
        let mut random = Stream::new(seed, label);
        let made = Scalar::generate(algorithm, |out| {
            random.fill(out);
            Ok::<_, Rule>(())
        })?;
        made.map(Self).ok_or(Rule::Algorithm)
    }

    /// A key that the host keeps. Whoever holds the original erases it.
    ///
    /// # Errors
    /// [`Rule::KeyRange`] if it has not the length of the algorithm or is outside the range of its curve,
    /// [`Rule::Algorithm`] if the algorithm is not built in.
    pub fn from_bytes(algorithm: Algorithm, key: &[u8]) -> Result<Self, Rule> {
        Scalar::from_slice(algorithm, key).map(Self)
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    /// The key itself: a number of fixed length, or the seed of Ed448.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The public key as a certificate has it.
    pub fn public(&self) -> Vec<u8> {
        let mut out = [0; 133];
        self.0.public(&mut out).unwrap_or_default().to_vec()
    }

    /// The SubjectPublicKeyInfo.
    pub fn public_info(&self) -> Vec<u8> {
        let mut out = [0; 160];
        public_key_info(self.algorithm(), &self.public(), &mut out).unwrap_or_default().to_vec()
    }

    /// A signature of fixed form.
    pub fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        let mut out = [0; 132];
        self.0.sign(message, &mut out).unwrap_or_default().to_vec()
    }

    /// A signature as X.509 has it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let fixed = self.sign_fixed(message);
        match self.algorithm() {
            Algorithm::Ed448 => fixed,
            _ => der::signature(&fixed),
        }
    }

    /// The key as PKCS #8 (RFC 5958, RFC 5915, RFC 8410).
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let curve = der::oid(&self.algorithm().curve_oid());
        let (algorithm, key) = if self.algorithm() == Algorithm::Ed448 {
            (der::sequence(&[&curve]), der::octets(self.expose()))
        } else {
            let public = der::explicit(1, &der::bit_string(&self.public()));
            let key = der::sequence(&[&der::small(1), &der::octets(self.expose()), &public]);
            (der::sequence(&[&der::oid(&crate::oid::EC_PUBLIC_KEY), &curve]), key)
        };
        Zeroizing::new(der::sequence(&[&der::small(0), &algorithm, &der::octets(&key)]))
    }
}

/// Bytes that follow from a seed and a label: SHA-512 in counter mode.
pub(crate) struct Stream {
    state: Zeroizing<[u8; 64]>,
    counter: u32,
}

impl Stream {
    pub(crate) fn new(seed: &[u8; 32], label: &str) -> Self {
        let mut hash = Sha512::new();
        hash.update(seed);
        hash.update(label.as_bytes());
        Self { state: Zeroizing::new(hash.finalize().into()), counter: 0 }
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(64) {
            let mut hash = Sha512::new();
            hash.update(self.state.as_slice());
            hash.update(self.counter.to_be_bytes());
            self.counter += 1;
            let block = Zeroizing::new(<[u8; 64]>::from(hash.finalize()));
            chunk.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
        }
    }
}
