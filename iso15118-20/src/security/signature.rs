//! XML signatures over one element, as headers carry them.

use exi_codec::iso20::common_types::MessageHeader;
use exi_codec::iso20::xmldsig::{
    CanonicalizationMethod, DigestMethod, Fragment, Reference, Signature, SignatureMethod, SignatureValue,
    SignedInfo, Transform,
};
use exi_codec::{Bytes, Lazy, List, Str};

use super::{SignatureScheme, Signed};
use crate::message::EncodeError;

/// `Id` of the element that an engine asks to have signed. There is never more than one in a message.
pub const SIGNED_ID: &str = "id1";

const REFERENCE: &str = "#id1";
const CANONICAL_EXI: &str = "http://www.w3.org/TR/canonical-exi/";
const TRANSFORMS: &[Transform<'static>] = &[Transform { algorithm: Str::new(CANONICAL_EXI), xpath: None }];

impl SignatureScheme {
    /// URI of the signature algorithm [V2G20-2473, V2G20-2474].
    pub const fn signature_uri(self) -> &'static str {
        match self {
            Self::EcdsaP521Sha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
            Self::Ed448Shake256 => "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
            Self::EcdsaP256Sha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        }
    }

    /// URI of the digest algorithm [V2G20-2475, V2G20-2476].
    pub const fn digest_uri(self) -> &'static str {
        match self {
            Self::EcdsaP521Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
            Self::Ed448Shake256 => "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
            Self::EcdsaP256Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        }
    }
}

/// Writes the EXI fragment of the `SignedInfo` over which the signature value goes, and returns its length in
/// octets: the grammar is that of XML Signature alone, as deployed stacks have it.
///
/// `digest` is that of the element's fragment.
///
/// # Errors
/// The buffer is too small; 400 octets do.
pub fn encode_signed_info(
    scheme: SignatureScheme,
    digest: &[u8],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let references = [reference(scheme, digest, REFERENCE)];
    let fragment = Fragment::SignedInfo(signed_info(scheme, &references));
    exi_codec::encode(&fragment, out).map_err(EncodeError::of_payload)
}

fn reference<'a>(scheme: SignatureScheme, digest: &'a [u8], uri: &'a str) -> Reference<'a> {
    Reference {
        uri: Some(Str::new(uri)),
        transforms: Some(List::new(TRANSFORMS)),
        digest_method: DigestMethod { algorithm: Str::new(scheme.digest_uri()) },
        digest_value: Bytes::new(digest),
        ..Reference::default()
    }
}

fn signed_info<'a>(scheme: SignatureScheme, references: &'a [Reference<'a>]) -> SignedInfo<'a> {
    SignedInfo {
        canonicalization_method: CanonicalizationMethod { algorithm: Str::new(CANONICAL_EXI) },
        signature_method: SignatureMethod {
            algorithm: Str::new(scheme.signature_uri()),
            ..SignatureMethod::default()
        },
        reference: List::new(references),
        ..SignedInfo::default()
    }
}

impl Signed {
    /// What the signature refers to. It has to outlive the [`signature`](Self::signature).
    pub(crate) fn references(&self) -> [Reference<'_>; 1] {
        [reference(self.scheme, self.digest(), REFERENCE)]
    }

    /// The signature of a message header.
    pub(crate) fn signature<'a>(&'a self, references: &'a [Reference<'a>]) -> Signature<'a> {
        Signature {
            signed_info: signed_info(self.scheme, references),
            signature_value: SignatureValue { value: Bytes::new(self.value()), ..SignatureValue::default() },
            ..Signature::default()
        }
    }
}

/// Longest ID of an element that somebody else signed, bytes.
pub(crate) const MAX_ID: usize = 63;

/// Calls `then` with the header that carries the signature over the element with the ID `id`.
pub(crate) fn with_signature<R>(
    signed: &Signed,
    header: MessageHeader<'_>,
    id: &str,
    then: impl FnOnce(MessageHeader<'_>) -> R,
) -> R {
    let mut uri = [0; MAX_ID + 1];
    let references = [reference(signed.scheme, signed.digest(), reference_to(id, &mut uri))];
    let signature = signed.signature(&references);
    then(MessageHeader { signature: Some(Lazy::new(&signature)), ..header })
}

/// The reference to an element by its ID, in the caller's memory.
fn reference_to<'u>(id: &str, uri: &'u mut [u8; MAX_ID + 1]) -> &'u str {
    let [hash, rest @ ..] = uri;
    *hash = b'#';
    let len = id.len().min(MAX_ID);
    for (place, byte) in rest.iter_mut().zip(id.bytes()) {
        *place = byte;
    }
    uri.get(..=len).and_then(|uri| str::from_utf8(uri).ok()).unwrap_or_default()
}
