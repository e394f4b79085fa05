//! OCSP: questions and answers (RFC 6960).

use der::Tag;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::asn1::{Backward, Cursor, Tlv, explicit, implicit, magnitude};
use crate::cert::{Certificate, Purpose, Usage, each_extension};
use crate::crypto::{SignatureInfo, Verifier};
use crate::error::{Error, Flaw, Rule, Subject};
use crate::name::Name;
use crate::oid;
use crate::path::Trust;
use crate::status::{MAX_AGE, Question, Statement, Status, fresh};
use crate::time::Time;

/// A buffer of this size holds any request with a nonce of up to 32 bytes.
pub const MAX_REQUEST: usize = 256;

/// What names a certificate to a responder or a back end: OCSP's CertID and OCPP's hash data, by SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashData<'a> {
    /// SHA-256 of the issuer's name as DER.
    pub issuer_name: [u8; 32],
    /// SHA-256 of the issuer's public key, the bits alone.
    pub issuer_key: [u8; 32],
    /// The serial number, big-endian without leading zeros.
    pub serial: &'a [u8],
    /// Where the responder answers, if the certificate says so.
    pub responder: Option<&'a str>,
}

impl<'a> HashData<'a> {
    /// The data of a certificate and its issuer.
    pub fn new(certificate: &Certificate<'a>, issuer: &Certificate<'_>) -> Self {
        Self {
            issuer_name: Sha256::digest(certificate.issuer().der()).into(),
            issuer_key: Sha256::digest(issuer.key().bits()).into(),
            serial: certificate.serial(),
            responder: certificate.extensions().ocsp_uri,
        }
    }

    /// The serial number as OCPP wants it: hexadecimal without leading zeros.
    ///
    /// # Errors
    /// `out` cannot take it.
    pub fn write_serial(&self, out: &mut impl core::fmt::Write) -> core::fmt::Result {
        for (index, octet) in self.serial.iter().enumerate() {
            if index == 0 { write!(out, "{octet:x}")? } else { write!(out, "{octet:02x}")? }
        }
        out.write_str("")
    }
}

/// Builds a request about one certificate. A nonce (16 to 32 random bytes) ties the answer to it, where the
/// responder supports that (RFC 9654).
///
/// # Errors
/// [`Rule::BufferTooSmall`].
pub fn request<'o>(
    certificate: &Certificate<'_>,
    issuer: &Certificate<'_>,
    nonce: Option<&[u8]>,
    out: &'o mut [u8],
) -> Result<&'o [u8], Error> {
    let data = HashData::new(certificate, issuer);
    write_request(&data, nonce, out).map_err(|rule| Error::new(rule, Subject::Ocsp(0)))
}

fn write_request<'o>(data: &HashData<'_>, nonce: Option<&[u8]>, out: &'o mut [u8]) -> Result<&'o [u8], Rule> {
    let mut w = Backward::new(out);
    if let Some(nonce) = nonce {
        w.element(0x04, nonce)?;
        w.wrap(0x04, 0)?;
        w.element(0x06, oid::OCSP_NONCE.as_bytes())?;
        w.wrap(0x30, 0)?;
        w.wrap(0x30, 0)?;
        w.wrap(0xA2, 0)?;
    }
    let mark = w.len();
    let serial = w.len();
    w.octets(data.serial)?;
    if data.serial.first().is_some_and(|first| first & 0x80 != 0) {
        w.octets(&[0])?;
    }
    w.wrap(0x02, serial)?;
    w.element(0x04, &data.issuer_key)?;
    w.element(0x04, &data.issuer_name)?;
    let algorithm = w.len();
    w.element(0x05, &[])?;
    w.element(0x06, oid::SHA256.as_bytes())?;
    w.wrap(0x30, algorithm)?;
    // CertID, Request, requestList.
    w.wrap(0x30, mark)?;
    w.wrap(0x30, mark)?;
    w.wrap(0x30, mark)?;
    // TBSRequest, OCSPRequest.
    w.wrap(0x30, 0)?;
    w.wrap(0x30, 0)?;
    Ok(w.finish())
}

/// Checks that a response repeats the nonce of the request. Responses made in advance, such as staples, have none.
///
/// # Errors
/// [`Rule::Nonce`], or the response cannot be read.
pub fn check_nonce(response: &[u8], nonce: &[u8]) -> Result<(), Error> {
    let check = || {
        let response = Response::read(response)?;
        let mut found = false;
        if let Some(mut extensions) = response.extensions.clone() {
            each_extension(&mut extensions, |extension| {
                if oid::is(extension.oid.value, &oid::OCSP_NONCE) {
                    let mut inside = Cursor::new(extension.value.value, extension.value.at)?;
                    found = inside.octets()?.value.ct_eq(nonce).into();
                }
                Ok(())
            })?;
        }
        if found { Ok(()) } else { Err(Flaw::from(Rule::Nonce)) }
    };
    check().map_err(|flaw| flaw.of(Subject::Ocsp(0)))
}

/// What the response says about a certificate; None if it is about others.
pub(super) fn statement(
    der: &[u8],
    question: &Question<'_>,
    trust: &Trust<'_>,
    verifier: &dyn Verifier,
) -> Result<Option<Statement>, Flaw> {
    let response = Response::read(der)?;
    let Some(single) = response.about(question)? else { return Ok(None) };
    response.signed(question, trust, verifier)?;
    if let Some(mut extensions) = response.extensions.clone() {
        each_extension(&mut extensions, |extension| {
            let known = oid::is(extension.oid.value, &oid::OCSP_NONCE);
            let refused = extension.critical && !known;
            if refused { Err(extension.oid.flaw(Rule::UnknownCriticalExtension)) } else { Ok(()) }
        })?;
    }
    let statement = single.statement()?;
    fresh(&statement, &trust.policy, trust.now)?;
    Ok(Some(statement))
}

/// A basic response as a view of its DER.
pub(super) struct Response<'a> {
    tbs: &'a [u8],
    /// The responder, if it is given by name.
    pub(super) name: Option<Name<'a>>,
    pub(super) responses: Cursor<'a>,
    extensions: Option<Cursor<'a>>,
    algorithm: SignatureInfo<'a>,
    signature: &'a [u8],
    certificates: Option<Cursor<'a>>,
}

impl<'a> Response<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Flaw> {
        let mut outer = Cursor::new(der, 0)?;
        let mut parts = outer.sequence()?;
        outer.finish()?;
        let status = parts.expect(Tag::Enumerated)?;
        if status.value != [0] {
            return Err(status.flaw(Rule::ResponderError));
        }
        let mut bytes = parts.expect(explicit(0))?.inside()?;
        parts.finish()?;
        let mut typed = bytes.sequence()?;
        bytes.finish()?;
        let kind = typed.oid()?;
        if !oid::is(kind.value, &oid::OCSP_BASIC) {
            return Err(kind.flaw(Rule::Structure));
        }
        let basic = typed.octets()?;
        typed.finish()?;

        let mut outer = basic.inside()?;
        let mut parts = outer.sequence()?;
        outer.finish()?;
        let tbs = parts.expect(Tag::Sequence)?;
        let algorithm = SignatureInfo::read(&mut parts)?;
        let signature = parts.bit_string()?;
        let certificates = inner_sequence(parts.optional(explicit(0))?)?;
        parts.finish()?;

        let mut fields = tbs.inside()?;
        if let Some(version) = fields.optional(explicit(0))? {
            // Version 1 is the default, which DER does not write.
            return Err(version.flaw(Rule::Version));
        }
        let responder = fields.any()?;
        let name = match responder.tag {
            tag if tag == explicit(1) => {
                let mut inside = responder.inside()?;
                let name = Name::read(&mut inside)?;
                inside.finish()?;
                Some(name)
            }
            // The SHA-1 of its key: the signature says more.
            tag if tag == explicit(2) => None,
            _ => return Err(responder.flaw(Rule::Structure)),
        };
        let produced = fields.any()?;
        Time::generalized(&produced)?;
        let responses = fields.sequence()?;
        let extensions = inner_sequence(fields.optional(explicit(1))?)?;
        fields.finish()?;
        let tbs = tbs.whole;
        Ok(Self { tbs, name, responses, extensions, algorithm, signature, certificates })
    }

    /// The one answer about a certificate.
    fn about(&self, question: &Question<'_>) -> Result<Option<Single<'a>>, Flaw> {
        let mut list = self.responses.clone();
        let mut found = None;
        while !list.is_finished() {
            let single = Single::read(&mut list)?;
            if found.is_none() && single.matches(question) {
                found = Some(single);
            }
        }
        Ok(found)
    }

    /// The signer is the issuer, or whom the issuer made a responder (RFC 6960, 4.2.2.2).
    fn signed(
        &self,
        question: &Question<'_>,
        trust: &Trust<'_>,
        verifier: &dyn Verifier,
    ) -> Result<(), Flaw> {
        let issuer = question.issuer;
        let named =
            |certificate: &Certificate<'_>| self.name.is_none_or(|name| name.matches(certificate.subject()));
        let verify = |certificate: &Certificate<'_>| {
            verifier
                .verify(certificate.key(), &self.algorithm, self.tbs, self.signature)
                .map_err(|rule| if rule == Rule::Budget { rule } else { Rule::StatusSignature })
        };
        let mut failure = Rule::StatusSigner;
        if named(issuer) {
            match verify(issuer) {
                Ok(()) => return Ok(()),
                Err(rule) => failure = rule,
            }
        }
        // Only the first certificate is looked at; the others would have to lead to the issuer, who is known.
        let Some(mut certificates) = self.certificates.clone() else { return Err(failure.into()) };
        let tlv = certificates.any()?;
        let delegate =
            Certificate::read(tlv.whole).map_err(|flaw| Flaw::new(flaw.rule, tlv.at + flaw.position))?;
        if !named(&delegate) {
            return Err(tlv.flaw(Rule::StatusSigner));
        }
        delegated(&delegate, issuer, trust, verifier).map_err(|rule| tlv.flaw(rule))?;
        verify(&delegate).map_err(Flaw::from)
    }
}

/// Checks that the issuer made `delegate` a responder.
fn delegated(
    delegate: &Certificate<'_>,
    issuer: &Certificate<'_>,
    trust: &Trust<'_>,
    verifier: &dyn Verifier,
) -> Result<(), Rule> {
    let extensions = delegate.extensions();
    let signer = Err(Rule::StatusSigner);
    if !delegate.issuer().matches(issuer.subject()) {
        return signer;
    }
    if !extensions.extended_key_usage.is_some_and(|usage| usage.allows(Purpose::OcspSigning)) {
        return signer;
    }
    if !extensions.key_usage.is_none_or(|usage| usage.allows(Usage::DigitalSignature)) {
        return signer;
    }
    if extensions.basic_constraints.is_some_and(|constraints| constraints.authority) {
        return signer;
    }
    let validity = delegate.validity();
    if trust.now < validity.not_before || trust.now > validity.not_after {
        return signer;
    }
    if let Some(algorithm) = verifier.check_key(delegate.key())?
        && issuer.key().algorithm() != Ok(algorithm)
    {
        return Err(Rule::MixedAlgorithms);
    }
    verifier
        .verify(issuer.key(), delegate.signature_algorithm(), delegate.tbs(), delegate.signature())
        .map_err(|rule| match rule {
            Rule::Budget => rule,
            _ => Rule::StatusSigner,
        })
}

/// The answer about one certificate.
pub(super) struct Single<'a> {
    hash: &'a [u8],
    name: &'a [u8],
    key: &'a [u8],
    pub(super) serial: &'a [u8],
    status: Tlv<'a>,
    pub(super) this_update: Time,
    pub(super) next_update: Option<Time>,
}

impl<'a> Single<'a> {
    pub(super) fn read(list: &mut Cursor<'a>) -> Result<Self, Flaw> {
        let mut fields = list.sequence()?;
        let mut id = fields.sequence()?;
        let mut algorithm = id.sequence()?;
        let hash = algorithm.oid()?.value;
        if !algorithm.is_finished() {
            algorithm.expect(Tag::Null)?;
        }
        algorithm.finish()?;
        let (name, key) = (id.octets()?.value, id.octets()?.value);
        let serial = magnitude(id.integer()?.value);
        id.finish()?;

        let status = fields.any()?;
        let this_update = Time::generalized(&fields.any()?)?;
        let next_update = match fields.optional(explicit(0))? {
            Some(tlv) => Some(Time::generalized(&tlv.inside()?.any()?)?),
            None => None,
        };
        if let Some(mut extensions) = inner_sequence(fields.optional(explicit(1))?)? {
            each_extension(&mut extensions, |extension| {
                let refused = extension.critical;
                if refused { Err(extension.oid.flaw(Rule::UnknownCriticalExtension)) } else { Ok(()) }
            })?;
        }
        fields.finish()?;
        Ok(Self { hash, name, key, serial, status, this_update, next_update })
    }

    /// By the hashes of V2G; what is named by others, such as SHA-1, is not known to be this certificate.
    fn matches(&self, question: &Question<'_>) -> bool {
        let (name, key) = (question.certificate.issuer().der(), question.issuer.key().bits());
        let same = if oid::is(self.hash, &oid::SHA256) {
            self.name == Sha256::digest(name).as_slice() && self.key == Sha256::digest(key).as_slice()
        } else if oid::is(self.hash, &oid::SHA512) {
            self.name == Sha512::digest(name).as_slice() && self.key == Sha512::digest(key).as_slice()
        } else {
            false
        };
        same && self.serial == question.certificate.serial()
    }

    pub(super) fn statement(&self) -> Result<Statement, Flaw> {
        let status = match self.status.tag {
            tag if tag == implicit(0) && self.status.value.is_empty() => Status::Good,
            tag if tag == explicit(1) => {
                let mut revoked = self.status.inside()?;
                Time::generalized(&revoked.any()?)?;
                revoked.optional(explicit(0))?;
                revoked.finish()?;
                Status::Revoked
            }
            tag if tag == implicit(2) => return Err(self.status.flaw(Rule::StatusUnknown)),
            _ => return Err(self.status.flaw(Rule::Structure)),
        };
        // At most a week old, whatever the response says [V2G20-1021].
        let oldest = self.this_update.plus(MAX_AGE);
        let next_update = self.next_update.map_or(oldest, |next| next.min(oldest));
        Ok(Statement { status, this_update: self.this_update, next_update })
    }
}

/// The sequence inside an explicit tag.
fn inner_sequence(tlv: Option<Tlv<'_>>) -> Result<Option<Cursor<'_>>, Flaw> {
    let Some(tlv) = tlv else { return Ok(None) };
    let mut outer = tlv.inside()?;
    let inside = outer.sequence()?;
    outer.finish()?;
    Ok(Some(inside))
}
