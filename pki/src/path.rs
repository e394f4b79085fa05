//! From a leaf to a root: RFC 5280, 6, for chains that come in order, with the rules of V2G.

use core::cell::Cell;

use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;

use crate::anchors::{Anchors, authority};
use crate::cert::Certificate;
use crate::chain::Chain;
use crate::crypto::{Algorithm, KeyInfo, SignatureInfo, Verifier};
use crate::error::{Error, Rule, Subject};
use crate::policy::{Policy, Revocation};
use crate::profile::{self, Role};
use crate::status::{self, Evidence};
use crate::time::Time;

/// The signatures that one validation may check: those of the chain, of evidence, and of roots that share a name.
const BUDGET: u8 = 32;

/// What chains are validated with.
#[derive(Clone, Copy)]
pub struct Trust<'t> {
    /// The roots.
    pub anchors: &'t dyn Anchors,
    /// What says whether certificates are revoked.
    pub evidence: Evidence<'t>,
    /// What is asked of them.
    pub policy: Policy,
    /// Who checks signatures.
    pub verifier: &'t dyn Verifier,
    /// The time, captured once.
    pub now: Time,
}

/// What was seen and did not matter enough to refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// The check character of the identifier is wrong.
    pub check_character: bool,
    /// The key identifier of a contract is longer than the 8 bytes that the wrapping of its key has room for.
    pub long_key_identifier: bool,
    /// The status of a certificate is not known, and the policy lets that pass.
    pub status_unknown: bool,
}

/// A chain that leads to a trusted root and fits its role.
#[derive(Clone, Copy, Debug)]
pub struct ValidChain<'a> {
    leaf: Certificate<'a>,
    role: Role,
    root: u8,
    expires: Time,
    warnings: Warnings,
}

impl<'a> ValidChain<'a> {
    /// The leaf.
    pub const fn leaf(&self) -> &Certificate<'a> {
        &self.leaf
    }

    /// What it was validated for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The root, by its place among the anchors.
    pub const fn root(&self) -> usize {
        self.root as usize
    }

    /// When the first certificate of the chain expires.
    pub const fn expires(&self) -> Time {
        self.expires
    }

    /// True if the chain expires within 14 days, which a station tells the vehicle [V2G20-2218].
    pub const fn expires_soon(&self, now: Time) -> bool {
        now.plus(14 * 86_400).unix() > self.expires.unix()
    }

    /// What was seen and let pass.
    pub const fn warnings(&self) -> Warnings {
        self.warnings
    }

    /// The identifier in the common name of the leaf; of other roles whatever stands there.
    pub fn identity(&self) -> &'a str {
        self.leaf.subject().common_name().unwrap_or_default()
    }

    /// Compares the identity with one that a message claims, such as the EVCCID of SessionSetupReq [V2G20-2598]:
    /// without regard to case and hyphens.
    ///
    /// # Errors
    /// [`Rule::Identity`].
    pub fn is_identity(&self, claimed: &str) -> Result<(), Error> {
        let plain =
            |text: &'a str| text.bytes().filter(|octet| *octet != b'-').map(|o| o.to_ascii_uppercase());
        let claimed = claimed.bytes().filter(|octet| *octet != b'-').map(|o| o.to_ascii_uppercase());
        if !self.identity().is_empty() && plain(self.identity()).eq(claimed) {
            Ok(())
        } else {
            Err(Error::new(Rule::Identity, Subject::Certificate(0)))
        }
    }

    /// SHA-512 of the leaf: what a session is bound to [V2G20-2550, 2613].
    pub fn fingerprint(&self) -> [u8; 64] {
        Sha512::digest(self.leaf.der()).into()
    }

    /// True if the chain is that of this certificate.
    pub(crate) fn is_of(&self, certificate: &[u8]) -> bool {
        self.leaf.der().ct_eq(certificate).into()
    }
}

/// Checks a chain for a role.
///
/// # Errors
/// The first rule violated, in the order that [`Error`] describes.
pub fn validate<'a>(chain: &Chain<'a>, role: Role, trust: &Trust<'_>) -> Result<ValidChain<'a>, Error> {
    let verifier = Budgeted { inner: trust.verifier, left: Cell::new(BUDGET) };
    let path = Path { certificates: chain.certificates(), role, trust, verifier: &verifier };
    path.limits()?;
    path.encoding()?;
    let expires = path.validity()?;
    path.links()?;
    let (root, root_expires) = path.anchor()?;
    let mut warnings = Warnings::default();
    path.profiles(&mut warnings)?;
    path.status(root, &mut warnings)?;
    let leaf = path.certificate(0)?;
    Ok(ValidChain { leaf, role, root, expires: expires.min(root_expires), warnings })
}

/// Checks a chain for a role as far as it goes without a root and without revocation: limits, encoding, validity,
/// links, profiles. Returns the leaf. It says nothing about trust: whoever likes can make such a chain.
///
/// # Errors
/// As [`validate`].
pub fn check_unanchored<'a>(
    chain: &Chain<'a>,
    role: Role,
    trust: &Trust<'_>,
) -> Result<Certificate<'a>, Error> {
    let verifier = Budgeted { inner: trust.verifier, left: Cell::new(BUDGET) };
    let path = Path { certificates: chain.certificates(), role, trust, verifier: &verifier };
    path.limits()?;
    path.encoding()?;
    path.validity()?;
    path.links()?;
    path.profiles(&mut Warnings::default())?;
    path.certificate(0)
}

/// Checks that no certificate of a chain has expired or is not valid yet, and nothing else.
pub(crate) fn check_times(chain: &Chain<'_>, now: Time) -> Result<(), Error> {
    for rule in [Rule::Expired, Rule::NotYetValid] {
        for (index, der) in chain.certificates().iter().enumerate() {
            let certificate = Certificate::read(der).map_err(|flaw| flaw.of(subject(index)))?;
            within(now, &certificate, rule).map_err(|rule| Error::new(rule, subject(index)))?;
        }
    }
    Ok(())
}

/// A validation under way. Certificates are read again at every step: that costs nothing beside a signature, and the
/// stack holds two of them at most.
struct Path<'a, 'p, 't> {
    certificates: &'p [&'a [u8]],
    role: Role,
    trust: &'p Trust<'t>,
    verifier: &'p dyn Verifier,
}

impl<'a> Path<'a, '_, '_> {
    fn certificate(&self, index: usize) -> Result<Certificate<'a>, Error> {
        let der = self.certificates.get(index).copied().unwrap_or_default();
        Certificate::read(der).map_err(|flaw| flaw.of(subject(index)))
    }

    /// Calls a check for every certificate, the leaf first.
    fn each(&self, mut check: impl FnMut(usize, &Certificate<'a>) -> Result<(), Rule>) -> Result<(), Error> {
        (0..self.certificates.len()).try_for_each(|index| {
            check(index, &self.certificate(index)?).map_err(|rule| Error::new(rule, subject(index)))
        })
    }

    fn limits(&self) -> Result<(), Error> {
        let policy = &self.trust.policy;
        if self.certificates.is_empty() {
            return Err(Error::new(Rule::Empty, Subject::Chain));
        }
        if self.role == Role::Other {
            return Ok(());
        }
        if self.certificates.len() > policy.longest() {
            return Err(Error::new(Rule::TooManyCertificates, Subject::Chain));
        }
        match self.certificates.iter().position(|certificate| certificate.len() > policy.largest()) {
            Some(index) => Err(Error::new(Rule::CertificateTooLong, subject(index))),
            None => Ok(()),
        }
    }

    /// Everything is DER, and every key a point of the one curve that the chain uses.
    fn encoding(&self) -> Result<(), Error> {
        let mut chosen = None;
        self.each(|_, certificate| {
            let key = self.verifier.check_key(certificate.key())?;
            if let Some(key) = key {
                if !self.trust.policy.algorithms.allow(key) {
                    return Err(Rule::Algorithm);
                }
                let one = *chosen.get_or_insert(key);
                if one != key || certificate.signature_algorithm().algorithm() != Some(one) {
                    return Err(Rule::MixedAlgorithms);
                }
            }
            Ok(())
        })
    }

    /// Returns when the first certificate expires.
    fn validity(&self) -> Result<Time, Error> {
        let now = self.trust.now;
        self.each(|_, certificate| within(now, certificate, Rule::Expired))?;
        self.each(|_, certificate| within(now, certificate, Rule::NotYetValid))?;
        let mut expires = Time::from_unix(i64::MAX);
        self.each(|_, certificate| {
            expires = expires.min(certificate.validity().not_after);
            Ok(())
        })?;
        Ok(expires)
    }

    /// How many authorities that are not self-issued stand between the leaf and `index`.
    fn below(&self, index: usize) -> Result<usize, Error> {
        (1..index).try_fold(0, |count, i| Ok(count + usize::from(!self.certificate(i)?.is_self_issued())))
    }

    fn links(&self) -> Result<(), Error> {
        self.each(|_, certificate| {
            // A key that certifies itself is a root.
            let own = self.role != Role::Other && certificate.is_self_issued();
            if own { Err(Rule::RootInChain) } else { Ok(()) }
        })?;
        for index in 1..self.certificates.len() {
            let (child, parent) = (self.certificate(index - 1)?, self.certificate(index)?);
            named(&child, &parent).map_err(|rule| Error::new(rule, subject(index - 1)))?;
            self.issues(index, &parent).map_err(|rule| Error::new(rule, subject(index)))?;
            self.nested(&child, &parent).map_err(|rule| Error::new(rule, subject(index - 1)))?;
        }
        for index in 1..self.certificates.len() {
            let (child, parent) = (self.certificate(index - 1)?, self.certificate(index)?);
            signed(&child, &parent, self.verifier).map_err(|rule| Error::new(rule, subject(index - 1)))?;
        }
        Ok(())
    }

    /// An authority, and above no more others than it may be.
    fn issues(&self, index: usize, parent: &Certificate<'_>) -> Result<(), Rule> {
        authority(parent)?;
        let longest = parent.extensions().basic_constraints.and_then(|constraints| constraints.path_length);
        let below = self.below(index).map_err(|error| error.rule())?;
        if longest.is_some_and(|longest| below > usize::from(longest)) {
            Err(Rule::PathLength)
        } else {
            Ok(())
        }
    }

    fn nested(&self, child: &Certificate<'_>, parent: &Certificate<'_>) -> Result<(), Rule> {
        let nested = self.role == Role::Other || parent.validity().contains(&child.validity());
        if nested { Ok(()) } else { Err(Rule::Nesting) }
    }

    /// Finds the root that issued the topmost certificate: by kind, name and signature. Several may share a name.
    fn anchor(&self) -> Result<(u8, Time), Error> {
        let top = self.certificates.len() - 1;
        let child = self.certificate(top)?;
        for &kind in self.role.roots() {
            for index in 0..usize::from(u8::MAX) {
                let Some(anchor) = self.trust.anchors.anchor(index) else { break };
                if anchor.kind() != kind {
                    continue;
                }
                let root_error = |rule: Rule| Error::new(rule, Subject::Root(index as u8));
                // A root that cannot be read certifies nothing.
                let Ok(root) = Certificate::read(anchor.der()) else { continue };
                if named(&child, &root).is_err() {
                    continue;
                }
                match signed(&child, &root, self.verifier) {
                    Ok(()) => {}
                    Err(Rule::Budget) => return Err(Error::new(Rule::Budget, Subject::Chain)),
                    Err(_) => continue,
                }
                within(self.trust.now, &root, Rule::Expired).map_err(root_error)?;
                within(self.trust.now, &root, Rule::NotYetValid).map_err(root_error)?;
                self.issues(top + 1, &root).map_err(root_error)?;
                self.nested(&child, &root).map_err(|rule| Error::new(rule, subject(top)))?;
                return Ok((index as u8, root.validity().not_after));
            }
        }
        Err(Error::new(Rule::UnknownRoot, Subject::Chain))
    }

    fn profiles(&self, warnings: &mut Warnings) -> Result<(), Error> {
        self.each(|index, certificate| match index {
            0 => profile::leaf(certificate, self.role, &self.trust.policy),
            _ => profile::authority(certificate, self.role, &self.trust.policy),
        })?;
        profile::identity(&self.certificate(0)?, self.role, &self.trust.policy, warnings)
            .map_err(|rule| Error::new(rule, subject(0)))
    }

    fn status(&self, root: u8, warnings: &mut Warnings) -> Result<(), Error> {
        let anchor = self.trust.anchors.anchor(usize::from(root));
        let anchor = anchor.ok_or(Error::new(Rule::UnknownRoot, Subject::Chain))?;
        let root = Certificate::read(anchor.der()).map_err(|flaw| flaw.of(Subject::Root(root)))?;
        // From the root down: an authority that is revoked cannot speak for those below it.
        for index in (0..self.certificates.len()).rev() {
            let certificate = self.certificate(index)?;
            let above = self.certificates.get(index + 1).map(|_| self.certificate(index + 1)).transpose()?;
            let issuer = above.as_ref().unwrap_or(&root);
            let question = status::Question { certificate: &certificate, issuer, subject: subject(index) };
            match status::ask(&question, self.trust, self.verifier) {
                Ok(()) => {}
                Err(error)
                    if matches!(error.rule(), Rule::StatusUnknown | Rule::StatusStale)
                        && self.trust.policy.revocation != Revocation::Required =>
                {
                    warnings.status_unknown = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

const fn subject(index: usize) -> Subject {
    Subject::Certificate(index as u8)
}

/// Checks one end of the validity period: the one that `rule` is about.
fn within(now: Time, certificate: &Certificate<'_>, rule: Rule) -> Result<(), Rule> {
    let validity = certificate.validity();
    let wrong = match rule {
        Rule::Expired => now > validity.not_after,
        _ => now < validity.not_before,
    };
    if wrong { Err(rule) } else { Ok(()) }
}

/// The names and key identifiers of a link.
fn named(child: &Certificate<'_>, parent: &Certificate<'_>) -> Result<(), Rule> {
    if parent.subject().is_empty() || !child.issuer().matches(parent.subject()) {
        return Err(Rule::IssuerName);
    }
    match (child.extensions().authority_key, parent.extensions().subject_key) {
        (Some(wanted), Some(found)) if wanted != found => Err(Rule::KeyIdentifier),
        _ => Ok(()),
    }
}

fn signed(child: &Certificate<'_>, parent: &Certificate<'_>, verifier: &dyn Verifier) -> Result<(), Rule> {
    verifier.verify(parent.key(), child.signature_algorithm(), child.tbs(), child.signature())
}

/// A verifier that gives up: signatures cost milliseconds to seconds, and a peer chooses how many there are.
struct Budgeted<'v> {
    inner: &'v dyn Verifier,
    left: Cell<u8>,
}

impl Verifier for Budgeted<'_> {
    fn check_key(&self, key: &KeyInfo<'_>) -> Result<Option<Algorithm>, Rule> {
        self.inner.check_key(key)
    }

    fn verify(
        &self,
        key: &KeyInfo<'_>,
        algorithm: &SignatureInfo<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rule> {
        self.left.set(self.left.get().checked_sub(1).ok_or(Rule::Budget)?);
        self.inner.verify(key, algorithm, message, signature)
    }

    fn verify_fixed(&self, key: &KeyInfo<'_>, message: &[u8], signature: &[u8]) -> Result<(), Rule> {
        self.inner.verify_fixed(key, message, signature)
    }
}
