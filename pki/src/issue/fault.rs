//! Chains with one thing wrong each, and what a validation has to say about them.

use alloc::borrow::ToOwned as _;
use alloc::vec;
use alloc::vec::Vec;

use ::der::asn1::ObjectIdentifier;

use super::certificate::{Critical, ExtensionDer, Template};
use super::entity::{Branch, Entity};
use super::status::{OcspPlan, Signer};
use super::{Hierarchy, PrivateKey, der};
use crate::anchors::RootKind;
use crate::cert::{Certificate, Purpose, Usage};
use crate::crypto::Algorithm;
use crate::error::{Rule, Subject as At};
use crate::oid;
use crate::policy::{Edition, Policy};
use crate::profile::Role;
use crate::status::Status;
use crate::time::Time;

/// A chain with all that its validation needs, and the verdict it has to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultyChain {
    /// What it pretends to be for.
    pub role: Role,
    /// The certificates, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The roots configured.
    pub roots: Vec<(RootKind, Vec<u8>)>,
    /// The OCSP responses at hand.
    pub ocsp: Vec<Vec<u8>>,
    /// When it is validated.
    pub now: Time,
    /// Under which rules.
    pub policy: Policy,
    /// The rule it violates.
    pub rule: Rule,
    /// By what.
    pub subject: At,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// Something wrong with a chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[$doc])* $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name for people and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

faults! {
    /// The leaf has expired.
    Expired "expired",
    /// The lower authority has expired.
    ExpiredAuthority "expired-authority",
    /// The leaf is not valid yet.
    NotYetValid "not-yet-valid",
    /// The leaf is revoked.
    Revoked "revoked",
    /// The lower authority is revoked.
    RevokedAuthority "revoked-authority",
    /// The leaf outlives its issuer.
    WrongNesting "wrong-nesting",
    /// The leaf has the domain component of no role.
    WrongRole "wrong-role",
    /// The authority of another role issued the leaf.
    WrongAuthority "wrong-authority",
    /// The leaf has the purpose of another role.
    WrongEku "wrong-eku",
    /// The leaf has no purpose.
    MissingEku "missing-eku",
    /// A contract has a purpose.
    ContractWithEku "contract-with-eku",
    /// The leaf has no key usage.
    MissingKeyUsage "missing-key-usage",
    /// The key usage is not critical.
    KeyUsageNotCritical "key-usage-not-critical",
    /// The leaf may sign certificates.
    LeafSignsCertificates "leaf-signs-certificates",
    /// The upper authority may have no other below it.
    PathLength "path-length",
    /// A leaf issued the leaf.
    LeafIssuesLeaf "leaf-issues-leaf",
    /// The configured root has the name of the right one, and another key.
    TwinRoot "twin-root",
    /// The root is not configured.
    CrossRoot "cross-root",
    /// The root is configured for another role.
    WrongAnchor "wrong-anchor",
    /// The lower authority has a key of another curve.
    MixedAlgorithms "mixed-algorithms",
    /// The leaf is longer than allowed.
    Oversized "oversized",
    /// The root is sent as fourth certificate.
    FourthCertificate "fourth-certificate",
    /// The leaf has a critical extension that nobody knows.
    UnknownCritical "unknown-critical",
    /// The leaf has an extension twice.
    DuplicateExtension "duplicate-extension",
    /// The authority constrains names.
    NameConstraints "name-constraints",
    /// The common name has not the form of the identifier.
    CommonName "common-name",
    /// A byte follows the leaf.
    TrailingData "trailing-data",
    /// The signature of the leaf is damaged.
    BadSignature "bad-signature",
    /// The chain has the authority of another role in its middle.
    WrongIssuer "wrong-issuer",
    /// There is no status.
    NoStatus "no-status",
    /// The status is too old.
    StaleStatus "stale-status",
    /// Somebody else signed the status.
    ForgedStatus "forged-status",
}

/// An identifier that means nothing.
const NOBODY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.55555.1");

impl Fault {
    /// The fault with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// A role in whose chain it shows.
    pub const fn role(self) -> Role {
        match self {
            Self::ContractWithEku | Self::WrongAnchor | Self::CrossRoot => Role::Contract,
            Self::WrongAuthority => Role::Cps,
            _ => Role::Secc,
        }
    }

    /// A chain of `hierarchy`, which has two levels, with this fault in it and nothing else.
    pub fn chain(self, hierarchy: &Hierarchy) -> FaultyChain {
        let role = self.role();
        let leaf = Entity::leaf(role).unwrap_or(Entity::Secc);
        let path = hierarchy.path(leaf);
        let now = hierarchy.plan().start.plus(10 * DAY);
        let mut faulty = FaultyChain {
            role,
            chain: hierarchy.chain(leaf).into_iter().map(<[u8]>::to_vec).collect(),
            roots: [RootKind::V2g, RootKind::Oem, RootKind::Mo]
                .map(|kind| (kind, hierarchy.certificate(Entity::Root(kind)).to_vec()))
                .to_vec(),
            ocsp: hierarchy.staples(leaf, now.plus(-DAY)),
            now,
            policy: Policy {
                algorithms: crate::policy::Algorithms::only(hierarchy.plan().algorithm),
                ..Policy::new(hierarchy.plan().edition)
            },
            rule: Rule::Der,
            subject: At::Certificate(0),
        };
        let (rule, subject) = self.apply(hierarchy, &path, &mut faulty);
        faulty.rule = rule;
        faulty.subject = subject;
        faulty
    }

    /// Makes the fault and says what it violates.
    fn apply(self, hierarchy: &Hierarchy, path: &[Entity], faulty: &mut FaultyChain) -> (Rule, At) {
        let start = hierarchy.plan().start;
        let lower = path.get(1).copied().unwrap_or(Entity::Lower(Branch::Cpo));
        let leaf = path.first().copied().unwrap_or(Entity::Secc);
        let mut change = |index: usize, edit: &dyn Fn(&mut Template)| {
            let entity = path.get(index).copied().unwrap_or(leaf);
            put(&mut faulty.chain, index, &hierarchy.again(entity, |template| edit(template)));
        };
        let rule = match self {
            Self::Expired => {
                change(0, &|template| template.validity.not_after = start.plus(5 * DAY));
                Rule::Expired
            }
            Self::ExpiredAuthority => {
                change(1, &|template| template.validity.not_after = start.plus(5 * DAY));
                return (Rule::Expired, At::Certificate(1));
            }
            Self::NotYetValid => {
                change(0, &|template| template.validity.not_before = start.plus(20 * DAY));
                Rule::NotYetValid
            }
            Self::WrongNesting => {
                change(0, &|template| template.validity.not_after = start.plus(20 * 365 * DAY));
                Rule::Nesting
            }
            Self::WrongRole => {
                change(0, &|template| template.subject.domain_components = vec!["NONE".to_owned()]);
                Rule::DomainComponent
            }
            Self::WrongEku => {
                change(0, &|template| {
                    replace(template, &ExtensionDer::purpose(Critical::Yes, Purpose::ClientAuth));
                });
                Rule::ExtendedKeyUsage
            }
            Self::MissingEku => {
                change(0, &|template| remove(template, &oid::EXTENDED_KEY_USAGE));
                Rule::ExtendedKeyUsage
            }
            Self::ContractWithEku => {
                change(0, &|template| {
                    template.extensions.push(ExtensionDer::purpose(Critical::Yes, Purpose::ClientAuth));
                });
                Rule::ExtendedKeyUsageForbidden
            }
            Self::MissingKeyUsage => {
                change(0, &|template| remove(template, &oid::KEY_USAGE));
                Rule::KeyUsageMissing
            }
            Self::KeyUsageNotCritical => {
                change(0, &|template| {
                    let usages = [Usage::DigitalSignature, Usage::KeyAgreement];
                    replace(template, &ExtensionDer::key_usage(Critical::No, &usages));
                });
                Rule::NotCritical
            }
            Self::LeafSignsCertificates => {
                change(0, &|template| {
                    let usages = [Usage::DigitalSignature, Usage::KeyAgreement, Usage::KeyCertSign];
                    replace(template, &ExtensionDer::key_usage(Critical::Yes, &usages));
                });
                Rule::KeyUsageForbidden
            }
            Self::PathLength => {
                change(2, &|template| replace(template, &ExtensionDer::authority(Some(0))));
                return (Rule::PathLength, At::Certificate(2));
            }
            Self::UnknownCritical => {
                change(0, &|template| {
                    template.extensions.push(ExtensionDer::new(&NOBODY, Critical::Yes, &der::null()));
                });
                Rule::UnknownCriticalExtension
            }
            Self::DuplicateExtension => {
                change(0, &|template| template.extensions.extend(template.extensions.last().cloned()));
                Rule::DuplicateExtension
            }
            Self::NameConstraints => {
                change(1, &|template| {
                    let value = der::sequence(&[&der::explicit(0, &der::sequence(&[]))]);
                    let constraints = ExtensionDer::new(&oid::NAME_CONSTRAINTS, Critical::Yes, &value);
                    template.extensions.push(constraints);
                });
                return (Rule::UnsupportedConstraint, At::Certificate(1));
            }
            Self::CommonName => {
                change(0, &|template| "somebody".clone_into(&mut template.subject.common_name));
                Rule::CommonName
            }
            Self::Oversized => {
                change(0, &|template| {
                    let padding = ExtensionDer::new(&NOBODY, Critical::No, &der::octets(&[0; 1000]));
                    template.extensions.push(padding);
                });
                Rule::CertificateTooLong
            }
            _ => return self.rearrange(hierarchy, (leaf, lower), faulty),
        };
        (rule, At::Certificate(0))
    }

    /// Faults of the chain rather than of one certificate.
    fn rearrange(
        self,
        hierarchy: &Hierarchy,
        (leaf, lower): (Entity, Entity),
        faulty: &mut FaultyChain,
    ) -> (Rule, At) {
        match self {
            Self::WrongAuthority => {
                // Another authority under the same root issues what it must not.
                let other = Entity::Lower(Branch::Cpo);
                let path = hierarchy.path(other);
                faulty.chain = vec![hierarchy.again_by(leaf, other, |_| {})];
                faulty.chain.extend(path.iter().map(|entity| hierarchy.certificate(*entity).to_vec()));
                (Rule::DomainComponent, At::Certificate(1))
            }
            Self::LeafIssuesLeaf => {
                let issued = hierarchy.again_by(Entity::Vehicle, leaf, |_| {});
                faulty.chain.insert(0, issued);
                faulty.chain.truncate(3);
                (Rule::NotAuthority, At::Certificate(1))
            }
            Self::TwinRoot => {
                let plan = hierarchy.plan();
                let key = PrivateKey::from_seed(plan.algorithm, &plan.seed, &Entity::TwinRoot.label());
                if let Ok(key) = key {
                    let template = Entity::TwinRoot.template(plan, &key.public(), &key.public());
                    // Without key identifiers that would tell the two apart.
                    let template = without_identifiers(template);
                    let twin = template.sign(&key.public_info(), &template.subject.to_der(), &key);
                    faulty.roots = vec![(RootKind::V2g, twin)];
                }
                (Rule::UnknownRoot, At::Chain)
            }
            Self::CrossRoot => {
                faulty.roots.retain(|(kind, _)| *kind != RootKind::Mo);
                (Rule::UnknownRoot, At::Chain)
            }
            Self::WrongAnchor => {
                for (kind, _) in &mut faulty.roots {
                    if *kind == RootKind::Mo {
                        *kind = RootKind::Oem;
                    }
                }
                (Rule::UnknownRoot, At::Chain)
            }
            Self::MixedAlgorithms => {
                let plan = hierarchy.plan();
                let other = if plan.algorithm == Algorithm::P521 { Algorithm::P256 } else { Algorithm::P521 };
                faulty.policy.algorithms = faulty.policy.algorithms.and(other);
                let key = PrivateKey::from_seed(other, &plan.seed, "other");
                let issuer = hierarchy.get(lower.issuer(plan.levels));
                if let (Ok(key), Some(issuer)) = (key, issuer) {
                    let template = lower.template(plan, &key.public(), &issuer.key.public());
                    let name = Certificate::parse(&issuer.certificate).map(|it| it.subject().der().to_vec());
                    let name = name.unwrap_or_default();
                    put(&mut faulty.chain, 1, &template.sign(&key.public_info(), &name, &issuer.key));
                }
                (Rule::MixedAlgorithms, At::Certificate(1))
            }
            Self::FourthCertificate => {
                faulty.chain.push(hierarchy.certificate(Entity::Root(RootKind::V2g)).to_vec());
                (Rule::TooManyCertificates, At::Chain)
            }
            Self::TrailingData => {
                faulty.chain.iter_mut().take(1).for_each(|leaf| leaf.push(0));
                (Rule::TrailingData, At::Certificate(0))
            }
            Self::BadSignature => {
                if let Some(octet) = faulty.chain.first_mut().and_then(|leaf| leaf.last_mut()) {
                    *octet ^= 1;
                }
                (Rule::CertificateSignature, At::Certificate(0))
            }
            Self::WrongIssuer => {
                let other = hierarchy.certificate(Entity::Lower(Branch::Cps)).to_vec();
                put(&mut faulty.chain, 1, &other);
                (Rule::IssuerName, At::Certificate(0))
            }
            _ => self.status(hierarchy, (leaf, lower), faulty),
        }
    }

    /// Faults of revocation.
    fn status(
        self,
        hierarchy: &Hierarchy,
        (leaf, lower): (Entity, Entity),
        faulty: &mut FaultyChain,
    ) -> (Rule, At) {
        let yesterday = faulty.now.plus(-DAY);
        match self {
            Self::RevokedAuthority => {
                faulty.ocsp.extend(hierarchy.ocsp(lower, Status::Revoked, yesterday));
                (Rule::Revoked, At::Certificate(1))
            }
            Self::NoStatus => {
                faulty.ocsp.remove(0);
                (Rule::StatusUnknown, At::Certificate(0))
            }
            Self::StaleStatus => {
                let stale = hierarchy.ocsp(leaf, Status::Good, faulty.now.plus(-8 * DAY));
                put(&mut faulty.ocsp, 0, &stale.unwrap_or_default());
                (Rule::StatusStale, At::Ocsp(0))
            }
            Self::ForgedStatus => {
                let (own, issuer) = (hierarchy.get(leaf), hierarchy.get(lower));
                if let (Some(own), Some(issuer)) = (own, issuer) {
                    let plan = OcspPlan {
                        status: Status::Good,
                        this_update: yesterday,
                        next_update: Some(faulty.now.plus(DAY)),
                        nonce: None,
                    };
                    let read =
                        (Certificate::parse(&own.certificate), Certificate::parse(&issuer.certificate));
                    if let (Ok(about), Ok(issuer)) = read {
                        put(&mut faulty.ocsp, 0, &plan.sign(&about, &issuer, &Signer::Issuer(&own.key)));
                    }
                }
                (Rule::StatusSignature, At::Ocsp(0))
            }
            // The only one that is left.
            _ => {
                faulty.ocsp.extend(hierarchy.ocsp(leaf, Status::Revoked, yesterday));
                (Rule::Revoked, At::Certificate(0))
            }
        }
    }

    /// Whether it can be made in an edition.
    pub const fn exists_in(self, edition: Edition) -> bool {
        !matches!(
            (self, edition),
            (Self::WrongEku | Self::MissingEku | Self::ContractWithEku | Self::CommonName, Edition::Iso2)
        )
    }
}

const DAY: i64 = 86_400;

fn put(list: &mut [Vec<u8>], index: usize, value: &[u8]) {
    list.iter_mut().skip(index).take(1).for_each(|slot| value.clone_into(slot));
}

/// The object identifier of an extension.
fn is(extension: &ExtensionDer, oid: &ObjectIdentifier) -> bool {
    let encoded = der::oid(oid);
    extension.0.iter().skip(2).take(encoded.len()).eq(encoded.iter())
}

fn remove(template: &mut Template, oid: &ObjectIdentifier) {
    template.extensions.retain(|extension| !is(extension, oid));
}

/// Puts an extension in the place of the one of its kind.
fn replace(template: &mut Template, new: &ExtensionDer) {
    // The header of an extension is two octets unless it is long, and those here are not.
    let kind: Vec<u8> = new.0.iter().skip(2).take(5).copied().collect();
    for extension in &mut template.extensions {
        if extension.0.iter().skip(2).take(5).eq(kind.iter()) {
            extension.clone_from(new);
        }
    }
}

fn without_identifiers(mut template: Template) -> Template {
    remove(&mut template, &oid::SUBJECT_KEY_IDENTIFIER);
    remove(&mut template, &oid::AUTHORITY_KEY_IDENTIFIER);
    template
}
