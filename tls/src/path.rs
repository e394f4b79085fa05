//! Path validation by `v2g-pki`.

use std::sync::{PoisonError, RwLock};

use v2g_pki::status::{self, Evidence, Statement, StatusCache};
use v2g_pki::{
    Anchor, Certificate, Chain, Curves, Error, Policy, Revocation, Role, RootKind, Rule, Subject, Time,
    Trust, ValidChain, validate,
};

use crate::refusal::{Alert, Refusal};
use crate::verifier::{PeerRole, Presented, Verifier};

/// Certificates whose status is remembered.
const REMEMBERED: usize = 64;

/// What happens if nothing says whether an authority between root and leaf is revoked.
///
/// ISO 15118-20 has a staple for every certificate of a chain [V2G20-2388]. rustls sends and hands on that of the leaf
/// alone, so that the status of the others has to come from revocation lists, or from OCSP responses that the host
/// fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AuthorityStatus {
    /// As [`Policy::revocation`] says for the leaf too.
    #[default]
    AsLeaf,
    /// The chain is accepted for the time being if the status of its leaf is known. The host asks for that of the
    /// authorities, hands the answer to [`PathVerifier::set_evidence`], and has the chain of
    /// [`Peer`](crate::Peer) [examined](PathVerifier::examine) again under [`Revocation::Required`] before the session
    /// matters.
    Deferred,
}

/// A [`Verifier`] with roots, rules and revocation of `v2g-pki`.
#[derive(Debug)]
pub struct PathVerifier {
    roots: Vec<(RootKind, Vec<u8>)>,
    policy: Policy,
    authorities: AuthorityStatus,
    evidence: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    ocsp: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    cache: StatusCache<REMEMBERED>,
}

impl PathVerifier {
    /// A verifier with roots, each as DER.
    ///
    /// # Errors
    /// One of them is no root.
    pub fn new(roots: Vec<(RootKind, Vec<u8>)>, policy: Policy) -> Result<Self, Error> {
        roots.iter().try_for_each(|(kind, der)| Anchor::checked(*kind, der, &Curves).map(drop))?;
        Ok(Self { roots, policy, authorities: AuthorityStatus::default(), evidence: RwLock::default() })
    }

    /// The same, with another rule about authorities.
    #[must_use]
    pub fn authorities(mut self, status: AuthorityStatus) -> Self {
        self.authorities = status;
        self
    }

    /// Replaces what is known about revocation beside the staples: OCSP responses and full lists, each as DER. Nothing
    /// of it is trusted before it is checked.
    pub fn set_evidence(&self, ocsp: Vec<Vec<u8>>, crls: Vec<Vec<u8>>) {
        let mut known = self.evidence.write().unwrap_or_else(PoisonError::into_inner);
        known.ocsp = ocsp;
        known.crls = crls;
    }

    /// Remembers what staple, responses and lists say about a valid chain, until they expire: for resumed sessions,
    /// which have no staple, and for when there is no connection.
    ///
    /// # Errors
    /// The chain is not valid; nothing is remembered then.
    pub fn learn(&self, presented: &Presented<'_>) -> Result<(), Error> {
        let mut root = 0;
        self.examine(presented, self.policy, |valid| root = valid.root())?;
        let root = self.roots.get(root).map(|(_, der)| der.as_slice());
        let chain: Vec<&[u8]> = presented.chain.iter().copied().chain(root).collect();
        // What is not known is not learned: the policy may have let it pass.
        self.remember(presented, &chain, |_| Ok(()))
    }

    /// Remembers what is said about each certificate of a valid path but the last, which issued the one before it.
    fn remember(
        &self,
        presented: &Presented<'_>,
        path: &[&[u8]],
        judge: impl Fn(Result<Statement, Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut cache = self.evidence.read().unwrap_or_else(PoisonError::into_inner).cache.clone();
        self.with(presented, self.policy, |trust| {
            path.windows(2).try_for_each(|pair| {
                let [child, issuer] = pair else { return Ok(()) };
                let (child, issuer) = (Certificate::parse(child)?, Certificate::parse(issuer)?);
                judge(status::learn(&child, &issuer, trust, &mut cache))
            })
        })?;
        self.evidence.write().unwrap_or_else(PoisonError::into_inner).cache = cache;
        Ok(())
    }

    /// Validates a chain and hands the result on: identity, expiry, warnings.
    ///
    /// # Errors
    /// The first rule violated.
    pub fn examine<R>(
        &self,
        presented: &Presented<'_>,
        policy: Policy,
        then: impl FnOnce(&ValidChain<'_>) -> R,
    ) -> Result<R, Error> {
        let chain = Chain::new(presented.chain)?;
        self.with(presented, policy, |trust| {
            validate(&chain, presented.role.into(), trust).map(|valid| then(&valid))
        })
    }

    fn with<R>(&self, presented: &Presented<'_>, policy: Policy, then: impl FnOnce(&Trust<'_>) -> R) -> R {
        let known = self.evidence.read().unwrap_or_else(PoisonError::into_inner);
        let anchors: Vec<Anchor<'_>> = self.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
        let ocsp: Vec<&[u8]> =
            presented.staple.into_iter().chain(known.ocsp.iter().map(Vec::as_slice)).collect();
        let crls: Vec<&[u8]> = known.crls.iter().map(Vec::as_slice).collect();
        then(&Trust {
            anchors: &anchors.as_slice(),
            evidence: Evidence { ocsp: &ocsp, crls: &crls, cache: Some(&known.cache) },
            policy,
            verifier: &Curves,
            now: Time::from_unix(i64::try_from(presented.now).unwrap_or(i64::MAX)),
        })
    }

    fn check(&self, presented: &Presented<'_>) -> Result<(), Error> {
        let error = match self.examine(presented, self.policy, |_| ()) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let about_authority = matches!(error.subject(), Subject::Certificate(1..));
        let unknown = matches!(error.rule(), Rule::StatusUnknown | Rule::StatusStale);
        if self.authorities == AuthorityStatus::AsLeaf || !about_authority || !unknown {
            return Err(error);
        }
        let deferred = Policy { revocation: Revocation::Deferred, ..self.policy };
        self.examine(presented, deferred, |_| ())?;
        // That passes without any status. The leaf has to have one, which is needed again when the host looks again.
        let [leaf, issuer, ..] = presented.chain else { return Err(error) };
        self.remember(presented, &[leaf, issuer], |learned| learned.map(drop))
    }
}

impl Verifier for PathVerifier {
    fn verify(&self, presented: &Presented<'_>) -> Result<(), Refusal> {
        self.check(presented).map_err(|error| Refusal::new(alert(error.rule(), presented.role), error))
    }

    fn root_names(&self, role: PeerRole) -> Vec<Vec<u8>> {
        let kinds = Role::from(role).roots();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let fitting = self.roots.iter().filter(|(kind, _)| kinds.contains(kind));
        for name in fitting
            .filter_map(|(_, der)| Certificate::parse(der).ok())
            .map(|root| root.subject().der().to_vec())
        {
            // Several roots may share a name.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl From<PeerRole> for Role {
    fn from(role: PeerRole) -> Self {
        match role {
            PeerRole::Station => Self::Secc,
            PeerRole::Vehicle => Self::Vehicle,
        }
    }
}

/// What the peer is told about the rule that its chain violates (RFC 8446, 6.2).
fn alert(rule: Rule, role: PeerRole) -> Alert {
    use Rule as R;
    match rule {
        R::Expired | R::NotYetValid => Alert::CertificateExpired,
        R::UnknownRoot => Alert::UnknownCa,
        R::Revoked => Alert::CertificateRevoked,
        R::StatusUnknown | R::StatusStale | R::StatusSignature | R::StatusSigner => match role {
            // Stations are asked to staple, vehicles are not.
            PeerRole::Station => Alert::BadStatusResponse,
            PeerRole::Vehicle => Alert::CertificateUnknown,
        },
        R::Algorithm
        | R::RoleUnknown
        | R::SubjectAttribute
        | R::DomainComponent
        | R::KeyUsageMissing
        | R::KeyUsageLacking
        | R::KeyUsageForbidden
        | R::ExtendedKeyUsage
        | R::ExtendedKeyUsageForbidden
        | R::BasicConstraintsMissing
        | R::LeafIsAuthority
        | R::NotCritical
        | R::ExtensionForbidden
        | R::KeyIdentifierLength
        | R::UnknownCriticalExtension
        | R::UnsupportedConstraint
        | R::CommonName => Alert::UnsupportedCertificate,
        R::NoTime | R::Budget | R::Identity => Alert::CertificateUnknown,
        _ => Alert::BadCertificate,
    }
}
