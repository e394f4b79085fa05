//! What the targets of the PKI share: one right chain, with all that belongs to it.

use std::sync::OnceLock;

use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::status::Evidence;
use v2g_pki::{Anchor, Chain, Curves, Error, Policy, Role, RootKind, Time, Trust, ValidChain};

/// A hierarchy that is made once.
///
/// # Panics
/// P-521 is always built in.
pub fn hierarchy() -> &'static Hierarchy {
    static MADE: OnceLock<Hierarchy> = OnceLock::new();
    MADE.get_or_init(|| Hierarchy::new(Plan::new([1; 32], Time::from_unix(1_767_225_600))).expect("P-521"))
}

/// A day after the hierarchy begins.
#[must_use]
pub fn now() -> Time {
    hierarchy().plan().start.plus(86_400)
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
    let anchors = [RootKind::V2g, RootKind::Mo]
        .map(|kind| Anchor::new(kind, hierarchy().certificate(Entity::Root(kind))));
    then(&Trust {
        anchors: &anchors,
        evidence: Evidence { ocsp, crls, cache: None },
        policy: Policy::default(),
        verifier: &Curves,
        now: now(),
    })
}

/// Good responses for the whole chain of the contract.
pub fn staples() -> &'static [Vec<u8>] {
    static MADE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MADE.get_or_init(|| hierarchy().staples(Entity::Contract(0), hierarchy().plan().start))
}
