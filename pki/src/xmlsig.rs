//! Signatures of messages: XML Signature over EXI fragments (ISO 15118-20, 7.9.2.4).
//!
//! A signature is checked over the very bits that arrived and is bound to the element that is used: the reference has
//! to name it, and it is the only one. What comes out is [`Signed`], an element with the certificate that signed it, and
//! from that [`Verified`] once the certificate's chain is valid. There is no other way to make one.

mod algorithm;
mod message;
mod sign;

use exi_codec::Str;
use exi_codec::iso20::common_messages::{
    Fragment, PncAReqAuthorizationMode, SignedCertificateChain, SignedInstallationData, SignedMeteringData,
};
use exi_codec::iso20::xmldsig::{self, Reference, Signature, SignedInfo};
use subtle::ConstantTimeEq as _;

pub use message::{
    Installation, authorization, installation, installation_request, installation_request_signature, metering,
};
pub use sign::{Produced, ToSign, signature};

use self::algorithm::{CANONICAL_EXI, Names};
use crate::cert::Certificate;
use crate::crypto::{KeyInfo, Verifier};
use crate::error::{Error, Rule, Subject};
use crate::path::ValidChain;

/// An element of a message that can be signed.
pub trait Signable<'m>: Copy {
    /// Its `Id`.
    fn id(&self) -> Str<'m>;

    /// It as a fragment, which is what the digest covers.
    fn fragment(&self) -> Fragment<'m>;
}

macro_rules! signable {
    ($($name:ident)*) => {
        $(impl<'m> Signable<'m> for $name<'m> {
            fn id(&self) -> Str<'m> {
                self.id
            }

            fn fragment(&self) -> Fragment<'m> {
                Fragment::from(*self)
            }
        })*
    };
}

signable! { PncAReqAuthorizationMode SignedCertificateChain SignedInstallationData SignedMeteringData }

/// Which grammar the sender may have written `SignedInfo` in, for the signature value. The content is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SignedInfoGrammar {
    /// That of XML Signature alone, which is tried first, or that of CommonMessages, which one deployed vehicle uses.
    #[default]
    Either,
    /// That of XML Signature alone.
    StandAlone,
}

/// An element whose signature holds, by a certificate of which nothing is known yet.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'c, T> {
    element: T,
    certificate: &'c [u8],
}

/// An element that was signed by the leaf of a valid chain.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'c, T> {
    element: T,
    chain: ValidChain<'c>,
}

impl<'c, T> Signed<'c, T> {
    /// The element.
    pub const fn element(&self) -> &T {
        &self.element
    }

    /// The certificate that signed it, in DER.
    pub const fn certificate(&self) -> &'c [u8] {
        self.certificate
    }

    /// Goes on with the chain of the certificate that signed.
    ///
    /// # Errors
    /// [`Rule::SignerMismatch`] if it is another certificate's chain.
    pub fn by(self, chain: ValidChain<'c>) -> Result<Verified<'c, T>, Error> {
        if chain.is_of(self.certificate) {
            Ok(Verified { element: self.element, chain })
        } else {
            Err(Error::new(Rule::SignerMismatch, Subject::Signature))
        }
    }
}

impl<'c, T> Verified<'c, T> {
    /// The element.
    pub const fn element(&self) -> &T {
        &self.element
    }

    /// The chain of who signed it.
    pub const fn chain(&self) -> &ValidChain<'c> {
        &self.chain
    }
}

/// Checks the signature of a received element with the key of `certificate`.
///
/// # Errors
/// The first rule violated: structure, algorithms, digest, value.
pub fn verify<'m, 'c, T: Signable<'m>>(
    signature: Option<&Signature<'_>>,
    element: T,
    certificate: &Certificate<'c>,
    grammar: SignedInfoGrammar,
    verifier: &dyn Verifier,
) -> Result<Signed<'c, T>, Error> {
    let check = || {
        let signature = signature.ok_or(Rule::SignatureMissing)?;
        // The algorithm is that of the key. What the message says has to agree with it and decides nothing.
        verifier.check_key(certificate.key())?;
        let algorithm = certificate.key().algorithm()?;
        let names = Names::of(algorithm).ok_or(Rule::SignatureAlgorithm)?;
        let reference = structure(signature, element.id(), &names)?;
        if !signature.signed_info.place.is_canonical() || !element.fragment().place().is_canonical() {
            return Err(Rule::NotCanonical);
        }
        digest(&element.fragment(), &reference, &names)?;
        value(signature, certificate.key(), grammar, verifier)
    };
    check().map_err(|rule| Error::new(rule, Subject::Signature))?;
    Ok(Signed { element, certificate: certificate.der() })
}

/// Everything is there once, nothing is there that V2G forbids [V2G20-771], and the reference is to this element.
fn structure<'s>(signature: &Signature<'s>, id: Str<'_>, names: &Names) -> Result<Reference<'s>, Rule> {
    let Signature { id: own_id, signed_info, signature_value, key_info, object } = signature;
    let forbidden = key_info.is_some()
        || object.is_some()
        || signature_value.id.is_some()
        || signed_info.id.is_some()
        || signed_info.signature_method.hmac_output_length.is_some();
    if forbidden {
        return Err(Rule::SignatureContent);
    }
    if signed_info.canonicalization_method.algorithm != CANONICAL_EXI {
        return Err(Rule::Transform);
    }
    if signed_info.signature_method.algorithm != names.signature {
        return Err(Rule::SignatureAlgorithm);
    }
    let mut references = signed_info.reference.iter();
    let (Some(reference), None) = (references.next(), references.next()) else {
        return Err(Rule::ReferenceCount);
    };
    if reference.r#type.is_some() {
        return Err(Rule::SignatureContent);
    }
    let uri = reference.uri.ok_or(Rule::ReferenceTarget)?;
    if id.is_empty() || !uri.chars().eq(core::iter::once('#').chain(id.chars())) {
        return Err(Rule::ReferenceTarget);
    }
    // Two elements with one Id: the reference would be to either.
    if [*own_id, reference.id].into_iter().flatten().any(|other| other == id) {
        return Err(Rule::ReferenceTarget);
    }
    let transforms = reference.transforms.ok_or(Rule::Transform)?;
    let mut transforms = transforms.iter();
    match (transforms.next(), transforms.next()) {
        (Some(only), None) if only.algorithm == CANONICAL_EXI && only.xpath.is_none() => {}
        _ => return Err(Rule::Transform),
    }
    if reference.digest_method.algorithm != names.digest {
        return Err(Rule::SignatureAlgorithm);
    }
    Ok(reference)
}

fn digest(fragment: &Fragment<'_>, reference: &Reference<'_>, names: &Names) -> Result<(), Rule> {
    let mut hash = names.hash();
    if !fragment.stream_received(&mut |piece| hash.update(piece)) {
        return Err(Rule::NotCanonical);
    }
    let mut buffer = [0; 64];
    let stated = reference.digest_value.copy_to(&mut buffer).map_err(|_| Rule::DigestValue)?;
    let computed = hash.finish();
    if computed.as_slice().ct_eq(stated).into() { Ok(()) } else { Err(Rule::DigestValue) }
}

fn value(
    signature: &Signature<'_>,
    key: &KeyInfo<'_>,
    grammar: SignedInfoGrammar,
    verifier: &dyn Verifier,
) -> Result<(), Rule> {
    let mut buffer = [0; 132];
    let value = signature.signature_value.value.copy_to(&mut buffer).map_err(|_| Rule::SignatureValue)?;
    let info: SignedInfo<'_> = signature.signed_info;
    let mut text = Collected::new();
    if !xmldsig::Fragment::from(info).stream_received(&mut |piece| text.push(piece)) {
        return Err(Rule::NotCanonical);
    }
    match (verifier.verify_fixed(key, text.get()?, value), grammar) {
        (Err(Rule::SignatureValue), SignedInfoGrammar::Either) => {
            text = Collected::new();
            Fragment::from(info).stream_received(&mut |piece| text.push(piece));
            verifier.verify_fixed(key, text.get()?, value)
        }
        (result, _) => result,
    }
}

/// The longest fragment of a `SignedInfo`: with one reference it has some 260 bytes.
const MAX_SIGNED_INFO: usize = 512;

/// A fragment of a `SignedInfo`, which is signed as a whole: Ed448 has no digest of it.
struct Collected {
    bytes: [u8; MAX_SIGNED_INFO],
    len: usize,
}

impl Collected {
    const fn new() -> Self {
        Self { bytes: [0; MAX_SIGNED_INFO], len: 0 }
    }

    fn push(&mut self, piece: &[u8]) {
        if let Some(to) = self.bytes.get_mut(self.len..self.len + piece.len()) {
            to.copy_from_slice(piece);
        }
        self.len += piece.len();
    }

    fn get(&self) -> Result<&[u8], Rule> {
        self.bytes.get(..self.len).ok_or(Rule::SignatureContent)
    }
}
