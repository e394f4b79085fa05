//! What the tests share: a hierarchy that is made once, and shorthands.
#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod message;

use std::sync::OnceLock;

use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::status::Evidence;
use v2g_pki::{Anchor, Chain, Curves, Error, Policy, Role, RootKind, Time, Trust, ValidChain};

pub(crate) const DAY: i64 = 86_400;

/// 2026-01-01.
pub(crate) fn start() -> Time {
    Time::from_date(2026, 1, 1).expect("a day")
}

/// Ten days later.
pub(crate) fn now() -> Time {
    start().plus(10 * DAY)
}

/// P-521, the edition of 2022, two contracts.
pub(crate) fn hierarchy() -> &'static Hierarchy {
    static MADE: OnceLock<Hierarchy> = OnceLock::new();
    MADE.get_or_init(|| Hierarchy::new(Plan { contracts: 2, ..Plan::new([7; 32], start()) }).expect("a plan"))
}

/// What a validation needs, owned.
pub(crate) struct Setting {
    pub(crate) roots: Vec<(RootKind, Vec<u8>)>,
    pub(crate) ocsp: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) policy: Policy,
    pub(crate) now: Time,
}

impl Setting {
    /// All roots, and good answers about the chain of `entity`.
    pub(crate) fn of(hierarchy: &Hierarchy, entity: Entity) -> Self {
        let kinds = [RootKind::V2g, RootKind::Oem, RootKind::Mo];
        Self {
            roots: kinds.map(|kind| (kind, hierarchy.certificate(Entity::Root(kind)).to_vec())).to_vec(),
            ocsp: hierarchy.staples(entity, now().plus(-DAY)),
            crls: Vec::new(),
            policy: Policy::new(hierarchy.plan().edition),
            now: now(),
        }
    }

    pub(crate) fn with<R>(&self, then: impl FnOnce(&Trust<'_>) -> R) -> R {
        let anchors: Vec<Anchor<'_>> = self.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
        let anchors = anchors.as_slice();
        let ocsp: Vec<&[u8]> = self.ocsp.iter().map(Vec::as_slice).collect();
        let crls: Vec<&[u8]> = self.crls.iter().map(Vec::as_slice).collect();
        then(&Trust {
            anchors: &anchors,
            evidence: Evidence { ocsp: &ocsp, crls: &crls, cache: None },
            policy: self.policy,
            verifier: &Curves,
            now: self.now,
        })
    }

    pub(crate) fn validate<'a>(&self, chain: &[&'a [u8]], role: Role) -> Result<ValidChain<'a>, Error> {
        self.with(|trust| v2g_pki::validate(&Chain::new(chain)?, role, trust))
    }
}

/// A generator for tests: the same bytes every time.
pub(crate) fn random(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), v2g_pki::keystore::KeyError> {
    let mut state = seed | 1;
    move |out: &mut [u8]| {
        for octet in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *octet = (state >> 24) as u8;
        }
        Ok(())
    }
}
