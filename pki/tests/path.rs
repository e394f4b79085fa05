//! Chains: right ones of every role, edition and algorithm, and every fault.

mod common;

use common::{DAY, Setting, hierarchy, now, start};
use v2g_pki::issue::{Entity, Fault, Hierarchy, Levels, Plan};
use v2g_pki::{
    Algorithm, Algorithms, Anchor, Chain, Conformance, CrossCertificates, Edition, Policy, Revocation, Role,
    RootKind, Rule, Subject, Trust, Verifier, validate,
};

const ROLES: [Role; 5] = [Role::Secc, Role::Vehicle, Role::Contract, Role::Provisioning, Role::Cps];

fn accepts_all(hierarchy: &Hierarchy, roles: &[Role], policy: Policy) {
    for &role in roles {
        let leaf = Entity::leaf(role).expect("a leaf");
        let setting = Setting { policy, ..Setting::of(hierarchy, leaf) };
        let valid = setting.validate(&hierarchy.chain(leaf), role);
        let valid = valid.unwrap_or_else(|error| panic!("{role:?}: {error}"));
        assert_eq!(valid.role(), role);
        assert_eq!(valid.warnings(), v2g_pki::Warnings::default(), "{role:?}");
    }
}

#[test]
fn every_role_is_accepted() {
    accepts_all(hierarchy(), &ROLES, Policy::new(Edition::Y2022));
}

#[test]
fn every_edition_and_algorithm_is_accepted() {
    let plan = Plan::new([1; 32], start());
    for edition in [Edition::Y2022, Edition::Amd1] {
        for algorithm in [Algorithm::P521, Algorithm::P256, Algorithm::P384, Algorithm::Ed448] {
            for levels in [Levels::One, Levels::Two] {
                let plan = Plan { edition, algorithm, levels, ..plan.clone() };
                let Ok(hierarchy) = Hierarchy::new(plan) else {
                    assert!(cfg!(not(feature = "curve448")) && algorithm == Algorithm::Ed448);
                    continue;
                };
                let policy = Policy { algorithms: Algorithms::only(algorithm), ..Policy::new(edition) };
                accepts_all(&hierarchy, &ROLES, policy);
            }
        }
    }
}

#[test]
fn chains_of_iso_15118_2_are_accepted() {
    let plan = Plan { edition: Edition::Iso2, algorithm: Algorithm::P256, ..Plan::new([2; 32], start()) };
    let hierarchy = Hierarchy::new(plan).expect("P-256");
    let roles = [Role::Secc, Role::Contract, Role::Provisioning, Role::Cps];
    accepts_all(&hierarchy, &roles, Policy::new(Edition::Iso2));
    let setting = Setting::of(&hierarchy, Entity::Vehicle);
    let refused = setting.validate(&hierarchy.chain(Entity::Vehicle), Role::Vehicle).unwrap_err();
    assert_eq!(refused.rule(), Rule::RoleUnknown);
}

/// A device gets what software gets, in the form that devices know, and its word counts.
#[test]
fn a_device_may_check_signatures() {
    use p521::ecdsa::signature::Verifier as _;
    use p521::ecdsa::{Signature, VerifyingKey};
    use v2g_pki::device::{Answer, Device, Question};

    let asked = std::cell::Cell::new(0);
    let works = Device(|question: &Question<'_>| {
        asked.set(asked.get() + 1);
        assert_eq!(question.algorithm, Algorithm::P521);
        let key = VerifyingKey::from_sec1_bytes(question.key).expect("a point");
        let signature = Signature::from_slice(question.signature).expect("two numbers");
        let holds = key.verify(question.message, &signature).is_ok();
        if holds { Answer::Holds } else { Answer::Fails }
    });
    let broken = Device(|_: &Question<'_>| Answer::Fails);
    let chain = hierarchy().chain(Entity::Contract(0));
    Setting::of(hierarchy(), Entity::Contract(0)).with(|trust| {
        let parsed = Chain::new(&chain).expect("a chain");
        let with = |verifier: &dyn Verifier| validate(&parsed, Role::Contract, &Trust { verifier, ..*trust });
        assert!(with(&works).is_ok());
        assert!(asked.get() >= chain.len(), "{} questions", asked.get());
        assert_eq!(with(&broken).unwrap_err().rule(), Rule::CertificateSignature);
        let mut forged = chain[0].to_vec();
        *forged.last_mut().expect("octets") ^= 1;
        let forged: Vec<&[u8]> =
            std::iter::once(forged.as_slice()).chain(chain[1..].iter().copied()).collect();
        let parsed = Chain::new(&forged).expect("a chain");
        let refused = validate(&parsed, Role::Contract, &Trust { verifier: &works, ..*trust });
        assert_eq!(refused.unwrap_err().rule(), Rule::CertificateSignature);
    });
}

#[test]
fn every_fault_is_refused_by_its_rule() {
    let hierarchy = hierarchy();
    for fault in Fault::ALL {
        let faulty = fault.chain(hierarchy);
        let setting = Setting {
            roots: faulty.roots,
            ocsp: faulty.ocsp,
            crls: Vec::new(),
            policy: faulty.policy,
            now: faulty.now,
        };
        let chain: Vec<&[u8]> = faulty.chain.iter().map(Vec::as_slice).collect();
        let error = setting.validate(&chain, faulty.role).expect_err(fault.name());
        assert_eq!(
            (error.rule(), error.subject()),
            (faulty.rule, faulty.subject),
            "{}: {error}",
            fault.name()
        );
        assert_eq!(Fault::from_name(fault.name()), Some(*fault));
    }
}

#[test]
fn no_chain_passes_for_another_role() {
    let hierarchy = hierarchy();
    for role in ROLES {
        let leaf = Entity::leaf(role).expect("a leaf");
        let setting = Setting::of(hierarchy, leaf);
        for other in ROLES.into_iter().filter(|other| *other != role) {
            assert!(setting.validate(&hierarchy.chain(leaf), other).is_err(), "{role:?} as {other:?}");
        }
    }
}

#[test]
fn a_longer_chain_needs_the_switch() {
    // The V2G root is certified by another root: a fourth certificate below that.
    let hierarchy = hierarchy();
    let faulty = Fault::FourthCertificate.chain(hierarchy);
    let chain: Vec<&[u8]> = faulty.chain.iter().map(Vec::as_slice).collect();
    let mut setting = Setting::of(hierarchy, Entity::Secc);
    assert_eq!(setting.validate(&chain, Role::Secc).unwrap_err().rule(), Rule::TooManyCertificates);
    setting.policy.cross = CrossCertificates::Allowed;
    // Not a cross certificate but the root itself, which is never accepted from the peer.
    assert_eq!(setting.validate(&chain, Role::Secc).unwrap_err().rule(), Rule::RootInChain);
}

#[test]
fn several_roots_of_one_name_are_tried() {
    let hierarchy = hierarchy();
    let twin = Fault::TwinRoot.chain(hierarchy).roots;
    let mut setting = Setting::of(hierarchy, Entity::Secc);
    setting.roots = twin.into_iter().chain(setting.roots).collect();
    let valid = setting.validate(&hierarchy.chain(Entity::Secc), Role::Secc).expect("the second root");
    assert_eq!(valid.root(), 1);
}

#[test]
fn expired_outranks_not_yet_valid_and_everything_after() {
    let hierarchy = hierarchy();
    let early = Fault::NotYetValid.chain(hierarchy).chain;
    let late = Fault::ExpiredAuthority.chain(hierarchy).chain;
    let setting = Setting::of(hierarchy, Entity::Secc);
    let error = setting.validate(&[&early[0], &late[1], &late[2]], Role::Secc).unwrap_err();
    assert_eq!((error.rule(), error.subject()), (Rule::Expired, Subject::Certificate(1)));
    let error = setting.validate(&[&early[0], &early[0], &late[2]], Role::Secc).unwrap_err();
    assert_eq!((error.rule(), error.subject()), (Rule::NotYetValid, Subject::Certificate(0)));
}

#[test]
fn without_status_only_lax_policies_accept() {
    let hierarchy = hierarchy();
    let chain = hierarchy.chain(Entity::Vehicle);
    let mut setting = Setting::of(hierarchy, Entity::Vehicle);
    setting.ocsp.clear();
    assert_eq!(setting.validate(&chain, Role::Vehicle).unwrap_err().rule(), Rule::StatusUnknown);
    for revocation in [Revocation::Deferred, Revocation::SoftFail] {
        setting.policy.revocation = revocation;
        assert!(setting.validate(&chain, Role::Vehicle).expect("lax").warnings().status_unknown);
    }
    // Forged is not missing.
    setting.ocsp = Fault::ForgedStatus.chain(hierarchy).ocsp;
    let chain = hierarchy.chain(Entity::Secc);
    assert_eq!(setting.validate(&chain, Role::Secc).unwrap_err().rule(), Rule::StatusSignature);
}

#[test]
fn the_laboratory_lets_missing_things_pass_and_no_wrong_ones() {
    let hierarchy = hierarchy();
    for fault in Fault::ALL {
        let faulty = fault.chain(hierarchy);
        let mut setting = Setting::of(hierarchy, Entity::Secc);
        (setting.roots, setting.ocsp) = (faulty.roots, faulty.ocsp);
        setting.policy = Policy { conformance: Conformance::Lab, ..faulty.policy };
        let chain: Vec<&[u8]> = faulty.chain.iter().map(Vec::as_slice).collect();
        let passes = setting.validate(&chain, faulty.role).is_ok();
        let may = matches!(
            fault,
            Fault::WrongRole
                | Fault::WrongAuthority
                | Fault::MissingEku
                | Fault::KeyUsageNotCritical
                | Fault::CommonName
        );
        // The staples of another authority's leaf are missing there.
        assert!(passes == may || *fault == Fault::WrongAuthority, "{}", fault.name());
    }
}

#[test]
fn identities_are_compared() {
    let hierarchy = hierarchy();
    let setting = Setting::of(hierarchy, Entity::Vehicle);
    let valid = setting.validate(&hierarchy.chain(Entity::Vehicle), Role::Vehicle).expect("valid");
    assert_eq!(valid.identity(), "WMIV1234567890ABCDEX");
    assert_eq!(valid.is_identity("wmi-V1234567890ABCDE-x"), Ok(()));
    assert_eq!(valid.is_identity("WMIV1234567890ABCDE1").unwrap_err().rule(), Rule::Identity);
    assert!(!valid.expires_soon(now()) && valid.expires_soon(valid.expires().plus(-13 * DAY)));
}

#[test]
fn roots_are_checked_when_they_are_configured() {
    let hierarchy = hierarchy();
    let root = hierarchy.certificate(Entity::Root(RootKind::V2g));
    assert!(Anchor::checked(RootKind::V2g, root, &v2g_pki::Curves).is_ok());
    let chain = hierarchy.chain(Entity::Secc);
    for other in chain {
        let error = Anchor::checked(RootKind::V2g, other, &v2g_pki::Curves).unwrap_err();
        assert_eq!(error.rule(), Rule::NotSelfSigned);
    }
    let mut damaged = root.to_vec();
    *damaged.last_mut().expect("bytes") ^= 1;
    assert_eq!(
        Anchor::checked(RootKind::V2g, &damaged, &v2g_pki::Curves).unwrap_err().rule(),
        Rule::NotSelfSigned
    );
}

/// Whatever bit of a chain is flipped, it is refused: every one is covered by a signature, or is a signature.
#[test]
fn every_flipped_bit_is_refused() {
    let hierarchy = hierarchy();
    let setting = Setting::of(hierarchy, Entity::Secc);
    let chain = hierarchy.chain(Entity::Secc);
    // Signatures take time: one bit of every second octet, another one in each.
    for (index, certificate) in chain.iter().enumerate() {
        for at in (0..certificate.len()).step_by(2) {
            let mut damaged = certificate.to_vec();
            damaged[at] ^= 1 << (at / 2 % 8);
            let mut chain = chain.clone();
            chain[index] = &damaged;
            setting.with(|trust| {
                let chain = Chain::new(&chain).expect("three");
                assert!(validate(&chain, Role::Secc, trust).is_err(), "certificate {index}, octet {at}");
            });
        }
    }
}
