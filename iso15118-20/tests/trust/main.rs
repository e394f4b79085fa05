//! The engines with real keys and certificates: contracts shown, checked, refused and fetched.

#[path = "../common/mod.rs"]
mod common;
mod keeper;
#[path = "../../../pki/tests/common/mod.rs"]
mod pki_common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{BUFFER, NOW, Pair, station::PEER};
use exi_codec::iso20::common_types::{EvseNotification, ResponseCode as C};
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Integer, Str};
use iso15118_20::evcc::{
    AuthorizationPolicy, EvccConfig, EvccEvent as E, InstallWhen, Installation, SignatureSubject, Wish,
};
use iso15118_20::message::MessageKind as K;
use iso15118_20::secc::{AuthorizationOffer, Meter, SeccConfig, SeccEvent as S, Support};
use iso15118_20::security::{ContractFault, ContractVerdict};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::trust::{
    BackEndAnswer, ContractCheck, DecidedBy, Judgement, Offline, Question, Signing, TrustError, UnknownRoot,
    WantedContracts, sign,
};
use iso15118_20::{Cause, Connection, Settings, Transport};
use keeper::{Log, Trustee, chain, signs};
use v2g_pki::ids::Emaid;
use v2g_pki::issue::{Entity, Fault, Hierarchy};
use v2g_pki::keystore::{KeyRole, KeyStore as _};
use v2g_pki::status::{Status, StatusCache};
use v2g_pki::xmlsig::SignedInfoGrammar;
use v2g_pki::{Certificate, Policy, RootKind, Rule};

/// What the tests of the PKI share.
mod pki {
    pub(crate) use crate::pki_common::message::{CHALLENGE, authorization, pcid};
    pub(crate) use crate::pki_common::{DAY, Setting, hierarchy, now, random};
}

const SETS: &[Parameters] = &[Parameters::new(1, ControlMode::Dynamic)];
const OFFERS: &[Offer<'static>] = &[Offer { service: Service::Ac, fee: Fee::Paid, sets: SETS }];
const WISHES: [Wish; 1] = [Wish::new(Service::Ac, ControlMode::Dynamic)];
static OTHERS: [Str<'static>; 1] = [Str::new("FR123")];
const ID: &str = "WMIV1234567890ABCDEX";

fn station() -> SeccConfig<'static> {
    SeccConfig {
        authorization: AuthorizationOffer {
            contract: Support::Offered,
            installation: Support::Offered,
            ..AuthorizationOffer::EXTERNAL
        },
        ..SeccConfig::new("DE*V2G*E1", "M1", OFFERS, Settings::default())
    }
}

fn vehicle(trustee: &Trustee<'static>) -> EvccConfig<'static> {
    EvccConfig { contracts: trustee.contracts.clone().leak(), ..EvccConfig::new(ID, &WISHES) }
}

fn fetching(trustee: &Trustee<'static>) -> EvccConfig<'static> {
    let roots = [X509IssuerSerial {
        x509_issuer_name: Str::new("CN=V2G root"),
        x509_serial_number: Integer::from_be_bytes(&[1]),
    }];
    EvccConfig {
        installation: Some(Installation {
            chain: chain(trustee.hierarchy, Entity::Provisioning),
            roots: Box::leak(Box::new(roots)),
            emaids: &[],
            max_chains: 1,
            when: InstallWhen::Needed,
        }),
        ..vehicle(trustee)
    }
}

/// A whole session of a vehicle with these hosts.
fn session(
    trustee: Trustee<'static>,
    config: &EvccConfig<'static>,
    link: &Connection,
    test: impl FnOnce(&mut Pair<'_>, &Rc<RefCell<Log>>),
) {
    let log = Rc::clone(&trustee.log);
    let mut buffers = Box::new(([0; BUFFER], [0; BUFFER]));
    let mut pair = Pair::with(&mut buffers, &station(), config);
    pair.keeper = Some(Box::new(trustee));
    pair.connect_with(link);
    test(&mut pair, &log);
}

fn secured() -> Connection {
    Connection::new(Transport::Secured, NOW).with_peer(PEER).with_evcc_id(ID)
}

fn refusals(pair: &Pair<'_>) -> Vec<C> {
    let codes = pair.evcc_events.iter().filter_map(|event| match event {
        E::AuthorizationRefused(code) => Some(*code),
        _ => None,
    });
    codes.collect()
}

fn ends_well(pair: &mut Pair<'_>) {
    let (secc, evcc) = pair.run();
    assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated));
    assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated));
}

fn by_contract(pair: &Pair<'_>) -> bool {
    !pair.secc_events.iter().any(|event| matches!(event, S::AuthorizationWanted { .. }))
}

#[test]
fn a_contract_is_fetched_shown_and_confirms_the_meter() {
    for slowness in [0, 3] {
        let trustee = Trustee::new(pki::hierarchy(), slowness);
        let config = fetching(&trustee);
        session(trustee, &config, &secured(), |pair, log| {
            pair.secc.set_meter(Meter { charged: 1000, discharged: None });
            pair.run_to_round(2);
            pair.secc.notify(pair.now, EvseNotification::MeteringConfirmation, 10).unwrap();
            ends_well(pair);
            assert!(by_contract(pair));
            for kind in [K::CertificateInstallationReq, K::MeteringConfirmationReq] {
                assert_eq!(pair.count(kind), 1);
            }
            assert_eq!(pair.evcc_events.iter().filter(|event| **event == E::MeteringConfirmed).count(), 1);
            let log = log.borrow();
            let subjects = [
                SignatureSubject::Installation,
                SignatureSubject::Authorization { contract: 0 },
                SignatureSubject::Metering { contract: Some(0) },
            ];
            assert_eq!(log.subjects, subjects);
            assert_eq!((&log.signing[..], &log.delivered[..]), (&[Ok(()); 3][..], &[Ok(())][..]));
            assert_eq!(log.confirmed, [Ok(true)]);
            let [checked] = &log.checked[..] else { panic!() };
            assert_eq!(checked.judgement, Judgement::Ask(Question::Authorization));
            let emaid = checked.contract.as_ref().and_then(|contract| contract.emaid().copied());
            assert_eq!(emaid, Emaid::parse("DE8AA0000000006"));
        });
    }
}

/// What a station has to find, and what the vehicle is told; it charges without the contract then.
#[test]
fn contracts_that_do_not_hold_are_refused_and_the_card_pays() {
    type Change = fn(&mut Trustee<'static>);
    let cases: [(Change, C, Option<Rule>); 8] = [
        (
            |t| {
                let lower = Entity::Lower(v2g_pki::issue::Branch::Mo);
                let list = t.hierarchy.crl(lower, &[Entity::Contract(0)], pki::now().plus(-pki::DAY));
                t.station.crls.extend(list);
            },
            C::WarningCertificateRevoked,
            Some(Rule::Revoked),
        ),
        (
            |t| t.station.now = pki::now().plus(3 * 365 * pki::DAY),
            C::WarningCertificateExpired,
            Some(Rule::Expired),
        ),
        (
            |t| t.station.now = pki::now().plus(-20 * pki::DAY),
            C::WarningCertificateNotYetValid,
            Some(Rule::NotYetValid),
        ),
        (
            |t| t.station.roots.retain(|(kind, _)| *kind != RootKind::Mo),
            C::WarningEmspUnknown,
            Some(Rule::UnknownRoot),
        ),
        (|t| t.station.ocsp.clear(), C::WarningCertificateValidationError, Some(Rule::StatusUnknown)),
        (|t| t.providers = &OTHERS, C::WarningEmspUnknown, None),
        (|t| t.answer = BackEndAnswer::ContractCancelled, C::WarningGeneralpncAuthorizationError, None),
        (
            |t| t.decided_by = DecidedBy::Station(Offline::Denied),
            C::WarningGeneralpncAuthorizationError,
            None,
        ),
    ];
    for (change, code, rule) in cases {
        let mut trustee = Trustee::new(pki::hierarchy(), 0).holding(0);
        change(&mut trustee);
        let config = vehicle(&trustee);
        session(trustee, &config, &secured(), |pair, log| {
            ends_well(pair);
            assert_eq!(refusals(pair), [code]);
            assert!(!by_contract(pair), "{code:?}");
            assert_eq!(log.borrow().checked[0].reason.map(|reason| reason.rule()), rule);
        });
    }
}

#[test]
fn a_contract_that_is_refused_is_replaced_by_one_that_is_fetched() {
    let mut trustee = Trustee::new(pki::hierarchy(), 0).holding(1);
    trustee.station = pki::Setting::of(pki::hierarchy(), Entity::Contract(0));
    trustee.station.ocsp.extend(pki::hierarchy().ocsp(
        Entity::Contract(1),
        Status::Revoked,
        pki::now().plus(-pki::DAY),
    ));
    let config = fetching(&trustee);
    session(trustee, &config, &secured(), |pair, log| {
        ends_well(pair);
        assert_eq!(refusals(pair), [C::WarningCertificateRevoked]);
        assert_eq!((pair.count(K::CertificateInstallationReq), by_contract(pair)), (1, true));
        assert_eq!(log.borrow().checked.len(), 2);
    });
}

fn check(message: &[u8], challenge: &[u8; 16], change: impl FnOnce(&mut pki::Setting)) -> Judgement {
    let mut setting = pki::Setting::of(pki::hierarchy(), Entity::Contract(0));
    change(&mut setting);
    let mut buffer = [0; 6400];
    setting.with(|trust| {
        let rules = ContractCheck {
            trust: *trust,
            grammar: SignedInfoGrammar::StandAlone,
            providers: &[],
            decided_by: DecidedBy::BackEnd(UnknownRoot::Forwarded),
        };
        rules.check(message, challenge, &mut buffer).judgement
    })
}

#[test]
fn what_is_wrong_is_found_in_the_order_of_the_standard() {
    const fn refused(fault: ContractFault) -> Judgement {
        Judgement::Verdict(ContractVerdict::Refused(fault))
    }
    let right = pki::authorization(pki::hierarchy());
    let mut forged = right.clone();
    // A bit of the signature value, which stands right before the signed element.
    let at = forged.windows(16).position(|window| window == pki::CHALLENGE).unwrap_or(300) - 60;
    forged[at] ^= 1;
    let late = |s: &mut pki::Setting| s.now = pki::now().plus(4 * 365 * pki::DAY);
    let revoked = |s: &mut pki::Setting| {
        let revoked = pki::hierarchy().ocsp(Entity::Contract(0), Status::Revoked, pki::now().plus(-pki::DAY));
        s.ocsp.extend(revoked);
    };
    let (challenge, other) = (&pki::CHALLENGE, &[0; 16]);
    assert_eq!(check(&right, challenge, |_| ()), Judgement::Ask(Question::Authorization));
    assert_eq!(check(&forged, other, late), refused(ContractFault::Challenge));
    assert_eq!(check(&forged, challenge, late), Judgement::Verdict(ContractVerdict::BadSignature));
    let both = |s: &mut pki::Setting| {
        late(s);
        revoked(s);
    };
    assert_eq!(check(&right, challenge, both), refused(ContractFault::Expired));
    assert_eq!(check(&right, challenge, revoked), refused(ContractFault::Revoked));
    // Without the root nothing is known of revocation: the back end is asked about all of it.
    let foreign = |s: &mut pki::Setting| {
        revoked(s);
        s.roots.clear();
    };
    assert_eq!(check(&right, challenge, foreign), Judgement::Ask(Question::Chain));
    assert_eq!(
        check(&forged, challenge, |s| s.roots.clear()),
        Judgement::Verdict(ContractVerdict::BadSignature)
    );
    // Another message is no contract.
    assert_eq!(check(&[0x80, 0x04], challenge, |_| ()), refused(ContractFault::General));
}

#[test]
fn faults_of_chains_have_the_code_of_their_rule() {
    for fault in [Fault::ContractWithEku, Fault::WrongAnchor, Fault::CrossRoot] {
        let faulty = fault.chain(pki::hierarchy());
        let code = match faulty.rule {
            Rule::UnknownRoot => C::WarningEmspUnknown,
            _ => C::WarningCertificateValidationError,
        };
        let error = pki::Setting {
            roots: faulty.roots,
            ocsp: faulty.ocsp,
            crls: Vec::new(),
            policy: faulty.policy,
            now: faulty.now,
        }
        .validate(&faulty.chain.iter().map(Vec::as_slice).collect::<Vec<_>>(), faulty.role)
        .unwrap_err();
        assert_eq!((error.rule(), error.authorization_code()), (faulty.rule, code));
    }
}

#[test]
fn offline_a_station_decides_by_what_it_has_kept() {
    let hierarchy = pki::hierarchy();
    let message = pki::authorization(hierarchy);
    // What was learned while there was a connection.
    let online = pki::Setting::of(hierarchy, Entity::Contract(0));
    let mut cache = StatusCache::<4>::new();
    let mut path = hierarchy.path(Entity::Contract(0));
    path.push(Entity::Root(RootKind::Mo));
    online.with(|trust| {
        for pair in path.windows(2) {
            let [child, issuer] = [pair[0], pair[1]].map(|entity| hierarchy.certificate(entity));
            let (child, issuer) = (Certificate::parse(child).unwrap(), Certificate::parse(issuer).unwrap());
            v2g_pki::status::learn(&child, &issuer, trust, &mut cache).unwrap();
        }
    });
    let listed = [Emaid::parse("DE-8AA-000000000").unwrap()];
    let others = [Emaid::parse("DE-8AA-000000001").unwrap()];
    let offline = pki::Setting { ocsp: Vec::new(), ..online };
    let judge = |offline_rule: Offline<'_>, days: i64| {
        let setting = pki::Setting { now: pki::now().plus(days * pki::DAY), ..clone(&offline) };
        setting.with(|trust| {
            let mut trust = *trust;
            trust.evidence.cache = Some(&cache);
            let (grammar, mut buffer) = (SignedInfoGrammar::default(), [0; 6400]);
            let decided_by = DecidedBy::Station(offline_rule);
            let rules = ContractCheck { trust, grammar, providers: &[], decided_by };
            rules.check(&message, &pki::CHALLENGE, &mut buffer)
        })
    };
    let valid = Judgement::Verdict(ContractVerdict::Valid);
    let general = Judgement::Verdict(ContractVerdict::Refused(ContractFault::General));
    assert_eq!(judge(Offline::default(), 0).judgement, general);
    assert_eq!(judge(Offline::Listed(&listed), 0).judgement, valid);
    assert_eq!(judge(Offline::Listed(&others), 0).judgement, general);
    assert_eq!(judge(Offline::Valid, 0).judgement, valid);
    // What was kept expires: then nothing says that the contract was not revoked.
    let old = judge(Offline::Valid, 10);
    assert_eq!(old.reason.map(|reason| reason.rule()), Some(Rule::StatusUnknown));
    assert!(old.contract.is_none());
}

fn clone(setting: &pki::Setting) -> pki::Setting {
    pki::Setting {
        roots: setting.roots.clone(),
        ocsp: setting.ocsp.clone(),
        crls: setting.crls.clone(),
        policy: setting.policy,
        now: setting.now,
    }
}

#[test]
fn a_back_end_does_not_outweigh_what_the_station_has_found() {
    let message = pki::authorization(pki::hierarchy());
    let setting = pki::Setting { ocsp: Vec::new(), ..pki::Setting::of(pki::hierarchy(), Entity::Secc) };
    let mut buffer = [0; 6400];
    let checked = setting.with(|trust| {
        let decided_by = DecidedBy::BackEnd(UnknownRoot::Forwarded);
        let grammar = SignedInfoGrammar::default();
        ContractCheck { trust: *trust, grammar, providers: &[], decided_by }.check(
            &message,
            &pki::CHALLENGE,
            &mut buffer,
        )
    });
    let invalid = ContractVerdict::Refused(ContractFault::Invalid);
    assert_eq!(checked.answered(BackEndAnswer::Accepted), invalid);
    for (answer, fault) in [
        (BackEndAnswer::SignatureError, ContractFault::Invalid),
        (BackEndAnswer::CertChainError, ContractFault::Invalid),
        (BackEndAnswer::NoCertificateAvailable, ContractFault::Invalid),
        (BackEndAnswer::CertificateExpired, ContractFault::Expired),
        (BackEndAnswer::CertificateRevoked, ContractFault::Revoked),
        (BackEndAnswer::ContractCancelled, ContractFault::General),
        (BackEndAnswer::Unknown, ContractFault::ProviderUnknown),
    ] {
        assert_eq!(answer.verdict(), ContractVerdict::Refused(fault));
    }
}

#[test]
fn deliveries_that_do_not_hold_are_discarded_and_the_old_contract_stays() {
    type Change = fn(&mut Trustee<'static>);
    let cases: [(Change, &str); 6] = [
        (|t| t.damage = 1, "the key store: the wrapped key was not made for this vehicle"),
        (|t| t.vehicle.roots.clear(), "no root that may certify this role"),
        (
            |t| {
                let revoked = t.hierarchy.ocsp(Entity::Cps, Status::Revoked, pki::now().plus(-pki::DAY));
                t.vehicle.ocsp.extend(revoked);
            },
            "leaf certificate: the certificate is revoked",
        ),
        (
            |t| t.vehicle.now = pki::now().plus(100 * pki::DAY),
            "leaf certificate: the certificate has expired",
        ),
        (|t| t.wanted = WantedContracts::Only(&[]), "none of those that were asked for"),
        (
            |t| {
                let other = t.store.load(t.hierarchy, Entity::Vehicle, KeyRole::Provisioning);
                // Signs as the vehicle did, but opens with another key.
                t.store.slowness = 0;
                t.delivery_key = Some(other);
            },
            "the wrapped key was not made for this vehicle",
        ),
    ];
    for (change, words) in cases {
        let mut trustee = Trustee::new(pki::hierarchy(), 0).holding(1);
        trustee.station.ocsp.extend(pki::hierarchy().ocsp(
            Entity::Contract(1),
            Status::Revoked,
            pki::now().plus(-pki::DAY),
        ));
        change(&mut trustee);
        let config = fetching(&trustee);
        session(trustee, &config, &secured(), |pair, log| {
            ends_well(pair);
            assert!(!by_contract(pair));
            let log = log.borrow();
            let [Err(error)] = log.delivered[..] else { panic!("{words}") };
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(log.still_signs, [true], "{words}");
        });
    }
}

#[test]
fn a_signature_that_comes_late_is_not_taken_for_another() {
    let trustee = Trustee::new(pki::hierarchy(), 0).holding(0).holding(1);
    let config = EvccConfig { authorization: AuthorizationPolicy::ContractOnly, ..vehicle(&trustee) };
    let mut store = trustee.store;
    let keys = trustee.keys.clone();
    store.slowness = 2;
    let mut buffers = Box::new(([0; BUFFER], [0; BUFFER]));
    let mut pair = Pair::with(&mut buffers, &station(), &config);
    pair.connect_with(&secured());
    let mut scratch = [0; 8192];
    pair.settle();
    while pair.evcc.signature_wanted().is_none() {
        pair.step();
    }
    let first = pair.evcc.signature_wanted().unwrap();
    assert_eq!(first.subject, SignatureSubject::Authorization { contract: 0 });
    let signing = sign(&mut pair.evcc, pair.now, &mut store, keys[0], &mut scratch).unwrap();
    let Signing::Pending(pending) = signing else { panic!() };
    // The time for it passes, and the engine goes on to the next contract.
    while pair.evcc.signature_wanted() == Some(first) {
        pair.step_message();
    }
    let second = pair.evcc.signature_wanted().unwrap();
    assert_eq!(second.subject, SignatureSubject::Authorization { contract: 1 });
    let mut late = pending.poll(&mut pair.evcc, pair.now, &mut store);
    while let Ok(Signing::Pending(pending)) = late {
        late = pending.poll(&mut pair.evcc, pair.now, &mut store);
    }
    assert_eq!(late.map(drop), Err(TrustError::NotWanted));
    assert_eq!(pair.evcc.signature_wanted(), Some(second), "the engine still waits");
    assert_eq!(pair.count(K::AuthorizationReq), 0);
    assert!(signs(&mut store, keys[1]) && store.public(keys[1], &mut [0; 133]).is_ok());
}

#[test]
fn a_vehicle_calls_itself_what_its_certificate_says() {
    for (certificate, right) in [("wmi-v1234567890abcdex", true), ("WMIV1234567890ABCDE7", false)] {
        let trustee = Trustee::new(pki::hierarchy(), 0).holding(0);
        let config = vehicle(&trustee);
        let link = Connection::new(Transport::Secured, NOW).with_peer(PEER).with_evcc_id(certificate);
        session(trustee, &config, &link, |pair, _| {
            if right {
                return ends_well(pair);
            }
            let (_, evcc) = pair.run();
            let failed = Cause::Failed { request: K::SessionSetupReq, code: C::Failed };
            assert_eq!(evcc.map(|end| end.cause), Some(failed));
        });
    }
}

#[test]
fn algorithms_that_the_rules_do_not_allow_are_refused() {
    let laboratory = Policy::lab(v2g_pki::Edition::Y2022);
    let p256 = Hierarchy::new(v2g_pki::issue::Plan {
        algorithm: v2g_pki::Algorithm::P256,
        ..v2g_pki::issue::Plan::new([9; 32], pki::now().plus(-10 * pki::DAY))
    });
    let p256: &'static Hierarchy = Box::leak(Box::new(p256.unwrap()));
    for (policy, refused) in [(laboratory, None), (Policy::default(), Some(Rule::Algorithm))] {
        let mut trustee = Trustee::new(p256, 0).holding(0);
        trustee.station.policy = policy;
        let config = vehicle(&trustee);
        session(trustee, &config, &secured(), |pair, log| {
            ends_well(pair);
            assert_eq!(log.borrow().checked[0].reason.map(|reason| reason.rule()), refused);
            assert_eq!(by_contract(pair), refused.is_none());
        });
    }
}
