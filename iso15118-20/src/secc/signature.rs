//! Signatures in headers, from what the host signed.

use exi_codec::iso20::common_types::MessageHeader;
use exi_codec::iso20::xmldsig::{
    CanonicalizationMethod, DigestMethod, Reference, Signature, SignatureMethod, SignatureValue, SignedInfo,
    Transform,
};
use exi_codec::{Bytes, Lazy, List, Str};

use crate::security::{SignatureScheme, Signed};

/// Canonicalisation, and the only transform.
const CANONICAL_EXI: &str = "http://www.w3.org/TR/canonical-exi/";

/// Longest ID of an element that is signed here, bytes.
pub(super) const MAX_ID: usize = 63;

/// Calls `then` with the header that carries the signature over the element with the ID `id`.
pub(super) fn with_signature<R>(
    signed: &Signed,
    header: MessageHeader<'_>,
    id: &str,
    then: impl FnOnce(MessageHeader<'_>) -> R,
) -> R {
    let mut uri = [0; MAX_ID + 1];
    let uri = reference_to(id, &mut uri);
    let transforms = [Transform { algorithm: Str::new(CANONICAL_EXI), xpath: None }];
    let (method, digest) = algorithms(signed.scheme);
    let references = [Reference {
        id: None,
        r#type: None,
        uri: Some(Str::new(uri)),
        transforms: Some(List::new(&transforms)),
        digest_method: DigestMethod { algorithm: Str::new(digest) },
        digest_value: Bytes::new(signed.digest()),
    }];
    let signature = Signature {
        id: None,
        signed_info: SignedInfo {
            id: None,
            canonicalization_method: CanonicalizationMethod { algorithm: Str::new(CANONICAL_EXI) },
            signature_method: SignatureMethod { algorithm: Str::new(method), hmac_output_length: None },
            reference: List::new(&references),
            ..SignedInfo::default()
        },
        signature_value: SignatureValue { id: None, value: Bytes::new(signed.value()) },
        key_info: None,
        object: None,
    };
    then(MessageHeader { signature: Some(Lazy::new(&signature)), ..header })
}

/// URIs of the signature and of the digest.
const fn algorithms(scheme: SignatureScheme) -> (&'static str, &'static str) {
    match scheme {
        SignatureScheme::EcdsaP521Sha512 => {
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512")
        }
        SignatureScheme::Ed448Shake256 => (
            "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
            "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
        ),
        SignatureScheme::EcdsaP256Sha256 => {
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
        }
    }
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
