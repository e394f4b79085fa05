//! Whether certificates are revoked: revocation lists, OCSP, and what is remembered of them.

mod cache;
mod crl;
mod ocsp;
mod view;

pub use cache::{Remembered, StatusCache};
pub use ocsp::{HashData, MAX_REQUEST, check_nonce, request};
pub use view::{OcspAnswer, OcspResponse, RevocationList};

use crate::cert::{Certificate, Usage};
use crate::crypto::Verifier;
use crate::error::{Error, Flaw, Rule, Subject};
use crate::path::Trust;
use crate::policy::Policy;
use crate::time::Time;

/// The oldest OCSP response that counts, seconds [V2G20-1021].
pub(crate) const MAX_AGE: i64 = 7 * 86_400;

/// What says whether certificates are revoked. Nothing of it is trusted before it was checked.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'e> {
    /// OCSP responses as DER, such as TLS staples.
    pub ocsp: &'e [&'e [u8]],
    /// Full revocation lists as DER.
    pub crls: &'e [&'e [u8]],
    /// What was learned before, for when there is no connection.
    pub cache: Option<&'e dyn Remembered>,
}

/// Which certificate is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Question<'q> {
    pub(crate) certificate: &'q Certificate<'q>,
    pub(crate) issuer: &'q Certificate<'q>,
    pub(crate) subject: Subject,
}

/// What a signed statement says about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Revoked or not.
    pub status: Status,
    /// When it was true.
    pub this_update: Time,
    /// Until when it counts.
    pub next_update: Time,
}

/// Revoked or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
}

/// Looks for statements about one certificate. One that says revoked outweighs all others; a forged one is reported
/// unless another says that all is well.
pub(crate) fn ask(question: &Question<'_>, trust: &Trust<'_>, verifier: &dyn Verifier) -> Result<(), Error> {
    match find(question, trust, verifier)? {
        Statement { status: Status::Good, .. } => Ok(()),
        Statement { status: Status::Revoked, .. } => Err(Error::new(Rule::Revoked, question.subject)),
    }
}

fn find(question: &Question<'_>, trust: &Trust<'_>, verifier: &dyn Verifier) -> Result<Statement, Error> {
    let Evidence { ocsp, crls, cache } = trust.evidence;
    let mut found: Option<Statement> = None;
    let mut failure: Option<Error> = None;
    let mut take = |statement: Result<Option<Statement>, Flaw>, subject: Subject| match statement {
        Ok(None) => {}
        Ok(Some(statement)) => {
            // The latest of those that say good, for the cache.
            let better = match found {
                None => true,
                Some(Statement { status: Status::Revoked, .. }) => false,
                Some(old) => statement.status == Status::Revoked || statement.next_update > old.next_update,
            };
            if better {
                found = Some(statement);
            }
        }
        Err(flaw) if flaw.rule == Rule::DeltaCrl => failure = Some(flaw.of(subject)),
        Err(flaw) => failure = failure.or(Some(flaw.of(subject))),
    };
    for (index, der) in ocsp.iter().enumerate() {
        take(ocsp::statement(der, question, trust, verifier), Subject::Ocsp(index as u8));
    }
    for (index, der) in crls.iter().enumerate() {
        take(crl::statement(der, question, trust, verifier), Subject::Crl(index as u8));
    }
    let remembered = || cache?.recall(&cache::key(question.certificate, question.issuer), trust.now);
    match (found.or_else(remembered), failure) {
        // There is something newer than the full list, and it is not understood.
        (_, Some(error)) if error.rule() == Rule::DeltaCrl => Err(error),
        (Some(statement), _) => Ok(statement),
        (None, Some(error)) => Err(error),
        (None, None) => Err(Error::new(Rule::StatusUnknown, question.subject)),
    }
}

/// Finds and checks what the evidence says about a certificate, to be remembered.
///
/// # Errors
/// Nothing says anything, or what does is forged or stale.
pub fn learn<const N: usize>(
    certificate: &Certificate<'_>,
    issuer: &Certificate<'_>,
    trust: &Trust<'_>,
    cache: &mut StatusCache<N>,
) -> Result<Statement, Error> {
    let question = Question { certificate, issuer, subject: Subject::Certificate(0) };
    let statement = find(&question, trust, trust.verifier)?;
    cache.remember(&cache::key(certificate, issuer), statement, trust.now);
    Ok(statement)
}

/// Checks that a statement counts now.
fn fresh(statement: &Statement, policy: &Policy, now: Time) -> Result<(), Rule> {
    let early = statement.this_update > now.plus(i64::from(policy.skew));
    if early || now > statement.next_update { Err(Rule::StatusStale) } else { Ok(()) }
}

/// May sign lists.
fn signs_lists(issuer: &Certificate<'_>) -> Result<(), Rule> {
    match issuer.extensions().key_usage {
        Some(usage) if !usage.allows(Usage::CrlSign) => Err(Rule::NoCrlSign),
        _ => Ok(()),
    }
}
