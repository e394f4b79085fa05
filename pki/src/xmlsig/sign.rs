//! Making signatures.

use exi_codec::iso20::xmldsig::{
    self, CanonicalizationMethod, DigestMethod, Reference, Signature, SignatureMethod, SignatureValue,
    SignedInfo, Transform,
};
use exi_codec::{Bytes, List, Place, Str};

use super::algorithm::{CANONICAL_EXI, DigestValue, Names};
use super::{MAX_SIGNED_INFO, Signable};
use crate::crypto::Algorithm;
use crate::error::{Error, Rule, Subject};
use crate::keystore;

/// The longest `Id`, bytes.
const MAX_ID: usize = 64;

/// An element that is ready to be signed: hand [`message`](Self::message) to the key store and the signature to
/// [`finish`](Self::finish). The two may be far apart.
#[derive(Clone, Debug)]
pub struct ToSign {
    algorithm: Algorithm,
    digest: DigestValue,
    info: [u8; MAX_SIGNED_INFO],
    len: usize,
}

impl ToSign {
    /// Writes the fragment of `element` to `scratch` (the buffer of the message will do), hashes it, and writes the
    /// `SignedInfo` in the grammar of XML Signature alone.
    ///
    /// # Errors
    /// [`Rule::SignatureAlgorithm`] for an algorithm that V2G does not sign with, [`Rule::BufferTooSmall`],
    /// [`Rule::ReferenceTarget`] if the element has no usable `Id`, [`Rule::NotCanonical`] if it cannot be encoded.
    pub fn new<'m, T: Signable<'m>>(
        element: &T,
        algorithm: Algorithm,
        scratch: &mut [u8],
    ) -> Result<Self, Error> {
        Self::prepare(element, algorithm, scratch).map_err(|rule| Error::new(rule, Subject::Signature))
    }

    fn prepare<'m, T: Signable<'m>>(
        element: &T,
        algorithm: Algorithm,
        scratch: &mut [u8],
    ) -> Result<Self, Rule> {
        let length = exi_codec::encode(&element.fragment(), scratch).map_err(|error| match error.kind() {
            exi_codec::ErrorKind::BufferTooSmall => Rule::BufferTooSmall,
            _ => Rule::NotCanonical,
        })?;
        Self::digested(scratch.get(..length).unwrap_or_default(), element.id(), algorithm)
    }

    /// As [`new`](Self::new), for an element whose fragment is written already and has the `Id` `id`.
    ///
    /// # Errors
    /// [`Rule::SignatureAlgorithm`] for an algorithm that V2G does not sign with, [`Rule::ReferenceTarget`] if the
    /// `Id` is not usable.
    pub fn of_fragment(fragment: &[u8], id: Str<'_>, algorithm: Algorithm) -> Result<Self, Error> {
        Self::digested(fragment, id, algorithm).map_err(|rule| Error::new(rule, Subject::Signature))
    }

    fn digested(fragment: &[u8], id: Str<'_>, algorithm: Algorithm) -> Result<Self, Rule> {
        let mut hash = Names::of(algorithm).ok_or(Rule::SignatureAlgorithm)?.hash();
        hash.update(fragment);
        let digest = hash.finish();
        let mut info = [0; MAX_SIGNED_INFO];
        let len = with_info(algorithm, id, digest.as_slice(), |signed_info| {
            exi_codec::encode(&xmldsig::Fragment::from(signed_info), &mut info)
        })?
        .map_err(|_| Rule::ReferenceTarget)?;
        Ok(Self { algorithm, digest, info, len })
    }

    /// What the key store signs.
    pub fn message(&self) -> &[u8] {
        self.info.get(..self.len).unwrap_or_default()
    }

    /// The signature of the key store makes it complete.
    pub const fn finish(&self, value: keystore::SignatureValue) -> Produced {
        Produced { algorithm: self.algorithm, digest: self.digest, value }
    }
}

/// What a message needs to carry a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Produced {
    algorithm: Algorithm,
    digest: DigestValue,
    value: keystore::SignatureValue,
}

impl Produced {
    /// With what it was signed.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest of the element.
    pub fn digest(&self) -> &[u8] {
        self.digest.as_slice()
    }

    /// The signature value.
    pub fn value(&self) -> &[u8] {
        self.value.as_bytes()
    }
}

/// Calls `then` with the `Signature` for the header of the message whose element has this `Id`.
///
/// # Errors
/// [`Rule::ReferenceTarget`] if the `Id` is empty or too long.
pub fn signature<R>(
    id: Str<'_>,
    produced: &Produced,
    then: impl FnOnce(&Signature<'_>) -> R,
) -> Result<R, Error> {
    with_info(produced.algorithm, id, produced.digest(), |signed_info| {
        let signature_value = SignatureValue { id: None, value: Bytes::new(produced.value()) };
        then(&Signature { id: None, signed_info, signature_value, key_info: None, object: None })
    })
    .map_err(|rule| Error::new(rule, Subject::Signature))
}

fn with_info<R>(
    algorithm: Algorithm,
    id: Str<'_>,
    digest: &[u8],
    then: impl FnOnce(SignedInfo<'_>) -> R,
) -> Result<R, Rule> {
    let names = Names::of(algorithm).ok_or(Rule::SignatureAlgorithm)?;
    let mut uri = [b'#'; MAX_ID + 1];
    let (_, rest) = uri.split_first_mut().ok_or(Rule::ReferenceTarget)?;
    let length = id.copy_to(rest).map_err(|_| Rule::ReferenceTarget)?.len();
    if length == 0 {
        return Err(Rule::ReferenceTarget);
    }
    let uri = uri.get(..=length).and_then(|uri| core::str::from_utf8(uri).ok());
    let transforms = [Transform { algorithm: CANONICAL_EXI.into(), xpath: None }];
    let references = [Reference {
        id: None,
        r#type: None,
        uri: uri.map(Str::new),
        transforms: Some(List::new(&transforms)),
        digest_method: DigestMethod { algorithm: names.digest.into() },
        digest_value: Bytes::new(digest),
    }];
    Ok(then(SignedInfo {
        id: None,
        canonicalization_method: CanonicalizationMethod { algorithm: CANONICAL_EXI.into() },
        signature_method: SignatureMethod { algorithm: names.signature.into(), hmac_output_length: None },
        reference: List::new(&references),
        place: Place::default(),
    }))
}
