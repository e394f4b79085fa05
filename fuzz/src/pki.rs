//! What the targets of the PKI share: one right chain, with all that belongs to it.

use std::sync::OnceLock;

use v2g_pki::ids::Pcid;
use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::status::Evidence;
use v2g_pki::{Anchor, Certificate, Chain, Curves, Error, Policy, Role, RootKind, Time, Trust, ValidChain};

/// A hierarchy that is made once: that of the crate's tests, from which the seeds come.
///
/// # Panics
/// P-521 is always built in.
pub fn hierarchy() -> &'static Hierarchy {
    static MADE: OnceLock<Hierarchy> = OnceLock::new();
    let plan = || Plan { contracts: 2, ..Plan::new([7; 32], Time::from_unix(1_767_225_600)) };
    MADE.get_or_init(|| Hierarchy::new(plan()).expect("P-521"))
}

/// Ten days after the hierarchy begins.
#[must_use]
pub fn now() -> Time {
    hierarchy().plan().start.plus(10 * 86_400)
}

/// A day before, when lists and responses were made.
#[must_use]
pub fn yesterday() -> Time {
    now().plus(-86_400)
}

/// Validates the chain of the contract, with some certificates, lists and responses in place of its own.
///
/// # Errors
/// As [`v2g_pki::validate`].
pub fn validate<'a>(chain: &[&'a [u8]], crls: &[&[u8]], ocsp: &[&[u8]]) -> Result<ValidChain<'a>, Error> {
    with_trust(crls, ocsp, |trust| v2g_pki::validate(&Chain::new(chain)?, Role::Contract, trust))
}

/// Calls `then` with the roots of the hierarchy and this evidence.
pub fn with_trust<R>(crls: &[&[u8]], ocsp: &[&[u8]], then: impl FnOnce(&Trust<'_>) -> R) -> R {
    let anchors = [RootKind::V2g, RootKind::Oem, RootKind::Mo]
        .map(|kind| Anchor::new(kind, hierarchy().certificate(Entity::Root(kind))));
    then(&Trust {
        anchors: &anchors,
        evidence: Evidence { ocsp, crls, cache: None },
        policy: Policy::default(),
        verifier: &Curves,
        now: now(),
    })
}

/// The name under which the vehicle gets contracts.
///
/// # Panics
/// It is a good one.
#[must_use]
pub fn pcid() -> Pcid {
    let leaf = Certificate::parse(hierarchy().certificate(Entity::Provisioning)).expect("a leaf");
    Pcid::parse(leaf.subject().common_name().expect("a name")).expect("a PCID")
}

/// Good responses for the whole chain of the contract.
pub fn staples() -> &'static [Vec<u8>] {
    static MADE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MADE.get_or_init(|| hierarchy().staples(Entity::Contract(0), yesterday()))
}

/// Good responses for the chains of all who sign messages.
pub fn staples_of_signers() -> &'static [Vec<u8>] {
    static MADE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MADE.get_or_init(|| {
        let signers = [Entity::Contract(0), Entity::Provisioning, Entity::Cps];
        signers.into_iter().flat_map(|signer| hierarchy().staples(signer, yesterday())).collect()
    })
}
