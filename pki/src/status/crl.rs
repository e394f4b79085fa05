//! Full revocation lists (RFC 5280, 5).

use der::Tag;

use crate::asn1::{Cursor, explicit, magnitude};
use crate::cert::each_extension;
use crate::crypto::{SignatureInfo, Verifier};
use crate::error::{Flaw, Rule};
use crate::name::Name;
use crate::oid;
use crate::path::Trust;
use crate::status::{Question, Statement, Status, fresh, signs_lists};
use crate::time::Time;

/// What the list says about a certificate; None if it is another issuer's.
pub(super) fn statement(
    der: &[u8],
    question: &Question<'_>,
    trust: &Trust<'_>,
    verifier: &dyn Verifier,
) -> Result<Option<Statement>, Flaw> {
    let list = List::read(der)?;
    if !list.issuer.matches(question.certificate.issuer()) {
        return Ok(None);
    }
    signs_lists(question.issuer)?;
    verifier
        .verify(question.issuer.key(), &list.algorithm, list.tbs, list.signature)
        .map_err(|rule| if rule == Rule::Budget { rule } else { Rule::StatusSignature })?;
    // Only now is anything of it worth reading.
    if let Some(mut extensions) = list.extensions.clone() {
        each_extension(&mut extensions, |extension| {
            let is = |known| oid::is(extension.oid.value, known);
            match () {
                () if is(&oid::DELTA_CRL_INDICATOR) => Err(extension.oid.flaw(Rule::DeltaCrl)),
                () if is(&oid::ISSUING_DISTRIBUTION_POINT) => Err(extension.oid.flaw(Rule::PartialCrl)),
                () if is(&oid::CRL_NUMBER) || is(&oid::AUTHORITY_KEY_IDENTIFIER) => Ok(()),
                () if extension.critical => Err(extension.oid.flaw(Rule::UnknownCriticalExtension)),
                () => Ok(()),
            }
        })?;
    }
    let status = if list.revokes(question.certificate.serial())? { Status::Revoked } else { Status::Good };
    let statement = Statement { status, this_update: list.this_update, next_update: list.next_update };
    fresh(&statement, &trust.policy, trust.now)?;
    Ok(Some(statement))
}

/// A list as a view of its DER.
pub(super) struct List<'a> {
    tbs: &'a [u8],
    pub(super) issuer: Name<'a>,
    pub(super) this_update: Time,
    pub(super) next_update: Time,
    pub(super) revoked: Option<Cursor<'a>>,
    extensions: Option<Cursor<'a>>,
    algorithm: SignatureInfo<'a>,
    signature: &'a [u8],
}

impl<'a> List<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Flaw> {
        let mut outer = Cursor::new(der, 0)?;
        let mut parts = outer.sequence()?;
        outer.finish()?;
        let tbs = parts.expect(Tag::Sequence)?;
        let algorithm = SignatureInfo::read(&mut parts)?;
        let signature = parts.bit_string()?;
        parts.finish()?;

        let mut fields = tbs.inside()?;
        let version = fields.optional(Tag::Integer)?;
        if version.is_none_or(|version| version.value != [1]) {
            return Err(tbs.flaw(Rule::Version));
        }
        let stated = fields.position();
        if SignatureInfo::read(&mut fields)? != algorithm {
            return Err(Flaw::new(Rule::AlgorithmMismatch, stated));
        }
        let issuer = Name::read(&mut fields)?;
        let this_update = Time::read(&mut fields)?;
        // Every list of RFC 5280 says until when it counts.
        let next_update = Time::read(&mut fields)?;
        let revoked = fields.optional(Tag::Sequence)?.map(|list| list.inside()).transpose()?;
        let extensions = match fields.optional(explicit(0))? {
            Some(tlv) => {
                let mut outer = tlv.inside()?;
                let list = outer.sequence()?;
                outer.finish()?;
                Some(list)
            }
            None => None,
        };
        fields.finish()?;
        let tbs = tbs.whole;
        Ok(Self { tbs, issuer, this_update, next_update, revoked, extensions, algorithm, signature })
    }

    /// Walks the whole list, so that a damaged or indirect entry is seen wherever it stands.
    fn revokes(&self, serial: &[u8]) -> Result<bool, Flaw> {
        let Some(mut entries) = self.revoked.clone() else { return Ok(false) };
        let mut revoked = false;
        while !entries.is_finished() {
            let mut entry = entries.sequence()?;
            revoked |= magnitude(entry.integer()?.value) == serial;
            Time::read(&mut entry)?;
            if let Some(list) = entry.optional(Tag::Sequence)? {
                each_extension(&mut list.inside()?, |extension| {
                    if oid::is(extension.oid.value, &oid::CERTIFICATE_ISSUER) {
                        return Err(extension.oid.flaw(Rule::PartialCrl));
                    }
                    if extension.critical && !oid::is(extension.oid.value, &oid::CRL_REASON) {
                        return Err(extension.oid.flaw(Rule::UnknownCriticalExtension));
                    }
                    Ok(())
                })?;
            }
            entry.finish()?;
        }
        Ok(revoked)
    }
}
