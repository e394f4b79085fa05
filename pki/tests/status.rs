//! Revocation: lists, responses, requests, and what is remembered.

mod common;

use common::{DAY, Setting, hierarchy, now, start};
use v2g_pki::issue::{CrlPlan, Entity, Issued, OcspPlan, Signer};
use v2g_pki::status::{self, Evidence, HashData, Status, StatusCache};
use v2g_pki::{Certificate, Role, RootKind, Rule, Subject, Trust};

/// Everything about the contract by lists, as its certificates say.
fn by_lists() -> Setting {
    let hierarchy = hierarchy();
    let path = hierarchy.path(Entity::Contract(0));
    let mut setting = Setting::of(hierarchy, Entity::Contract(0));
    setting.ocsp.clear();
    let issuers = path.iter().map(|entity| entity.issuer(hierarchy.plan().levels));
    setting.crls = issuers
        .filter_map(|issuer| hierarchy.crl(issuer, &[Entity::Contract(1)], now().plus(-DAY)))
        .collect();
    setting
}

fn rule(setting: &Setting) -> (Rule, Subject) {
    let chain = hierarchy().chain(Entity::Contract(0));
    let error = setting.validate(&chain, Role::Contract).expect_err("refused");
    (error.rule(), error.subject())
}

#[test]
fn lists_say_who_is_revoked() {
    let hierarchy = hierarchy();
    let mut setting = by_lists();
    let chain = hierarchy.chain(Entity::Contract(0));
    assert!(setting.validate(&chain, Role::Contract).is_ok());
    let other = hierarchy.chain(Entity::Contract(1));
    let error = setting.validate(&other, Role::Contract).expect_err("revoked");
    assert_eq!((error.rule(), error.subject()), (Rule::Revoked, Subject::Certificate(0)));

    // A list of the wrong authority, or none.
    setting.crls.remove(0);
    assert_eq!(rule(&setting), (Rule::StatusUnknown, Subject::Certificate(0)));
    // Too old, or from the future.
    let mut setting = by_lists();
    setting.now = now().plus(7 * DAY);
    assert_eq!(rule(&setting).0, Rule::StatusStale);
    setting.now = now().plus(-2 * DAY);
    assert_eq!(rule(&setting).0, Rule::StatusStale);
}

#[test]
fn one_statement_of_revocation_outweighs_good_ones() {
    let hierarchy = hierarchy();
    let mut setting = Setting::of(hierarchy, Entity::Contract(0));
    let lower = Entity::Contract(0).issuer(hierarchy.plan().levels);
    setting.crls.extend(hierarchy.crl(lower, &[Entity::Contract(0)], now().plus(-DAY)));
    assert_eq!(rule(&setting), (Rule::Revoked, Subject::Certificate(0)));
}

fn lower() -> &'static Issued {
    let hierarchy = hierarchy();
    hierarchy.get(Entity::Contract(0).issuer(hierarchy.plan().levels)).expect("an authority")
}

#[test]
fn every_flipped_bit_of_a_list_is_refused() {
    let right = by_lists();
    let list = right.crls[0].clone();
    let chain = hierarchy().chain(Entity::Contract(0));
    let mut setting = by_lists();
    for at in 0..list.len() {
        setting.crls[0] = list.clone();
        setting.crls[0][at] ^= 1 << (at % 8);
        assert!(setting.validate(&chain, Role::Contract).is_err(), "octet {at}");
    }
    setting.crls[0] = [list, vec![0]].concat();
    assert_eq!(rule(&setting).0, Rule::TrailingData);
}

#[test]
fn every_flipped_bit_of_a_response_is_refused() {
    let hierarchy = hierarchy();
    let right = Setting::of(hierarchy, Entity::Contract(0));
    let chain = hierarchy.chain(Entity::Contract(0));
    // Of the leaf by a delegate, of the upper authority by its issuer.
    for index in [0, 2] {
        let mut setting = Setting::of(hierarchy, Entity::Contract(0));
        let response = &right.ocsp[index];
        for at in 0..response.len() {
            setting.ocsp[index].clone_from(response);
            setting.ocsp[index][at] ^= 1 << (at % 8);
            assert!(setting.validate(&chain, Role::Contract).is_err(), "response {index}, octet {at}");
        }
    }
}

#[test]
fn responders_are_the_issuer_or_its_delegate() {
    let hierarchy = hierarchy();
    let about = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let issuer = Certificate::parse(&lower().certificate).expect("an authority");
    let plan = OcspPlan {
        status: Status::Good,
        this_update: now().plus(-DAY),
        next_update: Some(now().plus(DAY)),
        nonce: None,
    };
    let mut setting = Setting::of(hierarchy, Entity::Contract(0));
    let mut with = |signer: Signer<'_>| {
        setting.ocsp[0] = plan.sign(&about, &issuer, &signer);
        let chain = hierarchy.chain(Entity::Contract(0));
        setting.validate(&chain, Role::Contract).map(|_| ()).map_err(|error| error.rule())
    };
    let get = |entity| hierarchy.get(entity).expect("issued");
    let delegate = |issued: &'static Issued| Signer::Delegate(&issued.certificate, &issued.key);
    assert_eq!(with(Signer::Issuer(&lower().key)), Ok(()));
    assert_eq!(with(delegate(get(Entity::Responder(v2g_pki::issue::Branch::Mo)))), Ok(()));
    // The responder of another authority, a certificate without the purpose, an authority above.
    let refused = Err(Rule::StatusSigner);
    assert_eq!(with(delegate(get(Entity::Responder(v2g_pki::issue::Branch::Cpo)))), refused);
    assert_eq!(with(delegate(get(Entity::Contract(1)))), refused);
    assert_eq!(with(delegate(get(Entity::Root(RootKind::Mo)))), refused);
}

#[test]
fn responses_are_fresh() {
    let hierarchy = hierarchy();
    let about = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let issuer = Certificate::parse(&lower().certificate).expect("an authority");
    let mut setting = Setting::of(hierarchy, Entity::Contract(0));
    let mut with = |from: i64, until: Option<i64>| {
        let next_update = until.map(|until| now().plus(until));
        let plan = OcspPlan { status: Status::Good, this_update: now().plus(from), next_update, nonce: None };
        setting.ocsp[0] = plan.sign(&about, &issuer, &Signer::Issuer(&lower().key));
        let chain = hierarchy.chain(Entity::Contract(0));
        setting.validate(&chain, Role::Contract).map(|_| ()).map_err(|error| error.rule())
    };
    assert_eq!(with(-DAY, Some(DAY)), Ok(()));
    assert_eq!(with(-DAY, None), Ok(()));
    assert_eq!(with(30, Some(DAY)), Ok(()), "within the skew");
    assert_eq!(with(120, Some(DAY)), Err(Rule::StatusStale));
    assert_eq!(with(-DAY, Some(-1)), Err(Rule::StatusStale));
    // A week is the most, whatever the response says.
    assert_eq!(with(-8 * DAY, Some(DAY)), Err(Rule::StatusStale));
    assert_eq!(with(-8 * DAY, None), Err(Rule::StatusStale));
}

#[test]
fn requests_name_the_certificate() {
    let hierarchy = hierarchy();
    let about = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let issuer = Certificate::parse(&lower().certificate).expect("an authority");
    let data = HashData::new(&about, &issuer);
    let mut out = [0; status::MAX_REQUEST];
    let nonce = [0xA5; 32];
    let request = status::request(&about, &issuer, Some(&nonce), &mut out).expect("fits");
    for part in [&data.issuer_name[..], &data.issuer_key, data.serial, &nonce] {
        assert!(request.windows(part.len()).any(|window| window == part));
    }
    assert!(status::request(&about, &issuer, None, &mut [0; 64]).is_err());
    let mut serial = String::new();
    data.write_serial(&mut serial).expect("a string");
    assert!(!serial.starts_with('0') && serial.len() <= 40);

    let plan =
        OcspPlan { status: Status::Good, this_update: now(), next_update: None, nonce: Some(nonce.to_vec()) };
    let response = plan.sign(&about, &issuer, &Signer::Issuer(&lower().key));
    assert_eq!(status::check_nonce(&response, &nonce), Ok(()));
    assert_eq!(status::check_nonce(&response, &[0; 32]).unwrap_err().rule(), Rule::Nonce);
    let without = OcspPlan { nonce: None, ..plan }.sign(&about, &issuer, &Signer::Issuer(&lower().key));
    assert_eq!(status::check_nonce(&without, &nonce).unwrap_err().rule(), Rule::Nonce);
}

#[test]
fn what_was_learned_counts_without_connection() {
    let hierarchy = hierarchy();
    let setting = Setting::of(hierarchy, Entity::Contract(0));
    let mut cache = StatusCache::<4>::new();
    let levels = hierarchy.plan().levels;
    setting.with(|trust| {
        for entity in hierarchy.path(Entity::Contract(0)) {
            let about = Certificate::parse(hierarchy.certificate(entity)).expect("issued");
            let issuer = Certificate::parse(hierarchy.certificate(entity.issuer(levels))).expect("issued");
            status::learn(&about, &issuer, trust, &mut cache).expect("good");
        }
    });
    let offline = Setting { ocsp: Vec::new(), ..Setting::of(hierarchy, Entity::Contract(0)) };
    let chain = hierarchy.chain(Entity::Contract(0));
    let chain = v2g_pki::Chain::new(&chain).expect("three");
    offline.with(|trust| {
        let evidence = Evidence { cache: Some(&cache), ..trust.evidence };
        let trust = Trust { evidence, ..*trust };
        assert!(v2g_pki::validate(&chain, Role::Contract, &trust).is_ok());
        let later = Trust { now: now().plus(6 * DAY), ..trust };
        let error = v2g_pki::validate(&chain, Role::Contract, &later).expect_err("expired");
        assert_eq!(error.rule(), Rule::StatusUnknown);
    });
}

#[test]
fn lists_of_a_part_or_a_difference_are_refused() {
    // An authority may sign lists only if its certificate says so: here a leaf's key.
    let hierarchy = hierarchy();
    let plan = CrlPlan { revoked: Vec::new(), this_update: start(), next_update: now().plus(DAY), number: 2 };
    let authority = Certificate::parse(&lower().certificate).expect("an authority");
    let mut setting = by_lists();
    let forger = &hierarchy.get(Entity::Contract(1)).expect("a contract").key;
    setting.crls[0] = plan.sign(&authority, forger);
    assert_eq!(rule(&setting), (Rule::StatusSignature, Subject::Crl(0)));
    for (kind, expected) in [
        (v2g_pki::issue::Partial::Delta, Rule::DeltaCrl),
        (v2g_pki::issue::Partial::Scope, Rule::PartialCrl),
        (v2g_pki::issue::Partial::Unknown, Rule::UnknownCriticalExtension),
    ] {
        setting.crls[0] = plan.sign_partial(&authority, &lower().key, kind);
        assert_eq!(rule(&setting), (expected, Subject::Crl(0)));
    }
}
