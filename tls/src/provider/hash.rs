//! Hashes and HMAC. HKDF is what rustls makes of HMAC (RFC 5869).

use core::marker::PhantomData;

use hmac::{EagerHash, KeyInit, Mac};
use rustls::crypto::hash::{self, HashAlgorithm};
use rustls::crypto::hmac as seam;
use sha2::{Digest, Sha256, Sha384};

pub(super) static SHA256: Hash<Sha256> = Hash(HashAlgorithm::SHA256, PhantomData);
pub(super) static SHA384: Hash<Sha384> = Hash(HashAlgorithm::SHA384, PhantomData);
pub(super) static HMAC_SHA256: Hmac<Sha256> = Hmac(PhantomData);
pub(super) static HMAC_SHA384: Hmac<Sha384> = Hmac(PhantomData);

/// A hash by type.
pub(super) struct Hash<D>(HashAlgorithm, PhantomData<fn() -> D>);

/// A hash under way.
struct Running<D>(D);

impl<D: Digest + Clone + Send + Sync + 'static> hash::Hash for Hash<D> {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Running(D::new()))
    }

    fn hash(&self, data: &[u8]) -> hash::Output {
        hash::Output::new(&D::digest(data))
    }

    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0
    }
}

impl<D: Digest + Clone + Send + Sync + 'static> hash::Context for Running<D> {
    fn fork_finish(&self) -> hash::Output {
        hash::Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> hash::Output {
        hash::Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

/// HMAC by the type of its hash.
pub(super) struct Hmac<D>(PhantomData<fn() -> D>);

/// HMAC with its key in the state of the hash.
struct Keyed<D: EagerHash>(hmac::Hmac<D>);

impl<D> seam::Hmac for Hmac<D>
where
    D: EagerHash + Digest + 'static,
    hmac::Hmac<D>: Clone + Send + Sync,
{
    fn with_key(&self, key: &[u8]) -> Box<dyn seam::Key> {
        Box::new(Keyed(hmac::Hmac::<D>::new_from_slice(key).expect("HMAC takes a key of any length")))
    }

    fn hash_output_len(&self) -> usize {
        <D as Digest>::output_size()
    }
}

impl<D> seam::Key for Keyed<D>
where
    D: EagerHash + Digest + 'static,
    hmac::Hmac<D>: Clone + Send + Sync,
{
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> seam::Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        seam::Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        <D as Digest>::output_size()
    }
}
