//! Contracts, and how a vehicle gets one.

mod common;

use std::time::Duration;

use common::NOW;
use common::script::{SESSION, authorization, authorization_setup, discovery, header, refused};
use common::station::{CHALLENGE, Station, config, ended, signature, signed, with};
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, AsResAuthorizationMode, Authorization, AuthorizationReq,
    CertificateInstallationReq, ContractCertificateChain, PncAReqAuthorizationMode, SignedCertificateChain,
};
use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode as C};
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Bytes, Integer, List, Str};
use iso15118_20::message::{EncodeError, MessageKind as K, Request, Response};
use iso15118_20::secc::{
    AnswerError, AuthorizationDecision, AuthorizationOffer, EncryptedKey, Installation, InstallationFault,
    SeccConfig, SeccEvent as E, SeccTimer, Support,
};
use iso15118_20::security::{Chain, ContractFault, ContractVerdict, SignatureScheme, Signed};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Connection, Refusal, Transport};

static PROVIDERS: [Str<'static>; 2] = [Str::new("DE8AA"), Str::new("FR999")];
static SUBS: [Bytes<'static>; 1] = [Bytes::new(&[0x30, 0x01])];

fn offering(external: Support) -> SeccConfig<'static> {
    let authorization = AuthorizationOffer {
        external,
        contract: Support::Offered,
        installation: Support::Offered,
        providers: &PROVIDERS,
    };
    SeccConfig { authorization, ..config() }
}

fn both() -> SeccConfig<'static> {
    offering(Support::Offered)
}

fn contract<'a>(header: MessageHeader<'a>, certificate: &'a [u8], gen_challenge: [u8; 16]) -> Request<'a> {
    Request::AuthorizationReq(AuthorizationReq {
        header,
        selected_authorization_service: Authorization::Pnc,
        authorization_mode: AReqAuthorizationMode::Pnc(PncAReqAuthorizationMode {
            id: "id1".into(),
            gen_challenge,
            contract_certificate_chain: ContractCertificateChain {
                certificate: Bytes::new(certificate),
                sub_certificates: List::new(&SUBS),
            },
            ..Default::default()
        }),
    })
}

/// Shows a contract.
fn show(s: &mut Station<'_>, certificate: &[u8]) -> (C, Processing) {
    let signature = signature();
    match s.ask(&contract(signed(&signature), certificate, CHALLENGE)) {
        Response::AuthorizationRes(m) => (m.response_code, m.evse_processing),
        other => panic!("{other:?}"),
    }
}

const ONGOING: (C, Processing) = (C::Ok, Processing::Ongoing);
const DONE: (C, Processing) = (C::Ok, Processing::Finished);

fn to_authorization(config: &SeccConfig<'_>, test: impl FnOnce(&mut Station<'_>)) {
    with(config, Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::Authorization);
        test(s);
    });
}

#[test]
fn what_is_offered_depends_on_the_link() {
    let (eim, pnc) = (Authorization::Eim, Authorization::Pnc);
    for (external, transport, services) in [
        (Support::Offered, Transport::Secured, vec![eim, pnc]),
        (Support::Absent, Transport::Secured, vec![pnc]),
        (Support::Offered, Transport::InsecureLab, vec![eim]),
        (Support::Absent, Transport::InsecureLab, vec![eim]),
    ] {
        with(&offering(external), Service::Ac, ControlMode::Dynamic, |s| {
            s.connect(&Connection::new(transport, NOW));
            s.walk_to(Stage::AuthorizationSetup);
            let Response::AuthorizationSetupRes(m) = s.ask(&authorization_setup()) else { panic!() };
            assert_eq!(m.authorization_services.iter().collect::<Vec<_>>(), services);
            let secured = transport == Transport::Secured;
            assert_eq!(m.certificate_installation_service, secured);
            match m.authorization_mode {
                AsResAuthorizationMode::Pnc(m) => {
                    assert!(secured);
                    assert_eq!(m.gen_challenge, CHALLENGE);
                    assert_eq!(m.supported_providers.map(|list| list.len()), Some(2));
                }
                AsResAuthorizationMode::Eim => assert!(!secured),
            }
        });
    }
}

#[test]
fn a_contract_is_checked_once_and_then_holds() {
    to_authorization(&both(), |s| {
        assert_eq!(show(s, &[1]), ONGOING);
        assert_eq!(show(s, &[1]), ONGOING);
        assert_eq!(s.saw(|e| matches!(e, E::ContractWanted { .. })), 1);
        s.secc.contract(s.now, ContractVerdict::Valid);
        assert_eq!(show(s, &[1]), DONE);
        assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
        s.walk_to(Stage::ChargeLoop);
    });
}

#[test]
fn every_fault_of_a_contract_has_its_code_and_leaves_other_ways() {
    for (fault, code) in [
        (ContractFault::Expired, C::WarningCertificateExpired),
        (ContractFault::NotYetValid, C::WarningCertificateNotYetValid),
        (ContractFault::Revoked, C::WarningCertificateRevoked),
        (ContractFault::Invalid, C::WarningCertificateValidationError),
        (ContractFault::Challenge, C::WarningChallengeInvalid),
        (ContractFault::ProviderUnknown, C::WarningEmspUnknown),
        (ContractFault::General, C::WarningGeneralpncAuthorizationError),
    ] {
        to_authorization(&both(), |s| {
            show(s, &[1]);
            s.secc.contract(s.now, ContractVerdict::Refused(fault));
            assert_eq!(show(s, &[1]), (code, Processing::Finished));
            assert_eq!(s.secc.stage(), Stage::Authorization);
            // Another contract is another check.
            assert_eq!(show(s, &[2]), ONGOING);
            s.secc.contract(s.now, ContractVerdict::Refused(fault));
            assert_eq!(show(s, &[2]), (code, Processing::Finished));
            // And there is the card.
            s.secc.authorize(s.now, AuthorizationDecision::Accepted);
            s.ok(&authorization());
            assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
        });
    }
}

#[test]
fn a_verdict_never_hits_another_contract() {
    to_authorization(&both(), |s| {
        show(s, &[1]);
        s.secc.contract(s.now, ContractVerdict::Valid);
        assert_eq!(show(s, &[2]), ONGOING);
        assert_eq!(s.saw(|e| matches!(e, E::ContractWanted { .. })), 2);
    });
    to_authorization(&both(), |s| {
        show(s, &[1]);
        let signature = signature();
        let request = contract(signed(&signature), &[2], CHALLENGE);
        assert_eq!(s.code(&request), C::FailedSequenceError);
    });
    to_authorization(&both(), |s| {
        show(s, &[1]);
        // The card in between: the check is given up, and a late verdict with it.
        s.ok(&authorization());
        s.secc.contract(s.now, ContractVerdict::Valid);
        assert_eq!(show(s, &[1]), ONGOING);
    });
    to_authorization(&both(), |s| {
        s.secc.contract(s.now, ContractVerdict::Valid);
        assert_eq!(show(s, &[1]), ONGOING);
    });
}

#[test]
fn signatures_and_challenges_must_be_right() {
    to_authorization(&both(), |s| {
        assert_eq!(s.code(&contract(header(), &[1], CHALLENGE)), C::FailedSignatureError);
        ended(s, refused(K::AuthorizationReq, C::FailedSignatureError, Refusal::Content));
    });
    to_authorization(&both(), |s| {
        show(s, &[1]);
        s.secc.contract(s.now, ContractVerdict::BadSignature);
        assert_eq!(show(s, &[1]).0, C::FailedSignatureError);
    });
    to_authorization(&both(), |s| {
        let signature = signature();
        assert_eq!(s.code(&contract(signed(&signature), &[1], [1; 16])), C::WarningChallengeInvalid);
        assert_eq!(s.saw(|e| matches!(e, E::ContractWanted { .. })), 0);
    });
}

#[test]
fn what_was_not_offered_is_not_taken() {
    to_authorization(&offering(Support::Absent), |s| {
        s.secc.authorize(s.now, AuthorizationDecision::Accepted);
        assert_eq!(s.code(&authorization()), C::WarningAuthorizationSelectionInvalid);
    });
    to_authorization(&config(), |s| {
        assert_eq!(show(s, &[1]).0, C::WarningAuthorizationSelectionInvalid);
    });
}

#[test]
fn a_silent_checker_means_no() {
    to_authorization(&both(), |s| {
        show(s, &[1]);
        s.wait(Duration::from_secs(10));
        assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Contract)), 1);
        assert_eq!(show(s, &[1]).0, C::WarningGeneralpncAuthorizationError);
    });
}

#[test]
fn a_contract_that_ends_soon_may_be_replaced() {
    to_authorization(&both(), |s| {
        show(s, &[1]);
        s.secc.contract(s.now, ContractVerdict::ExpiresSoon);
        assert_eq!(show(s, &[1]).0, C::OkCertificateExpiresSoon);
        assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
        install(s, 0);
        assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
        s.ok(&discovery());
    });
}

fn installation(header: MessageHeader<'_>) -> Request<'_> {
    static ROOTS: [X509IssuerSerial<'static>; 1] = [X509IssuerSerial {
        x509_issuer_name: Str::new("CN=V2G"),
        x509_serial_number: Integer::from_be_bytes(&[7]),
    }];
    Request::CertificateInstallationReq(CertificateInstallationReq {
        header,
        oem_provisioning_certificate_chain: SignedCertificateChain {
            id: "id1".into(),
            certificate: Bytes::new(&[0x30]),
            ..Default::default()
        },
        list_of_root_certificate_ids: List::new(&ROOTS),
        maximum_contract_certificate_chains: 2,
        prioritized_emaids: None,
    })
}

fn want(s: &mut Station<'_>) {
    let signature = signature();
    s.send(&installation(signed(&signature)));
}

fn content<'a>(remaining: u8, signed: Signed) -> Installation<'a> {
    Installation {
        provisioning: Chain { leaf: &[1, 2, 3], subs: &SUBS },
        id: "id7",
        contract: Chain { leaf: &[4, 5, 6], subs: &SUBS },
        public_key: &[5; 133],
        key: EncryptedKey::P521(&[6; 94]),
        remaining,
        signed,
    }
}

fn signed_by_service() -> Signed {
    Signed::new(SignatureScheme::EcdsaP521Sha512, &[8; 64], &[9; 132]).unwrap()
}

/// A whole installation.
fn install(s: &mut Station<'_>, remaining: u8) {
    want(s);
    assert!(s.answer().is_none());
    let content = content(remaining, signed_by_service());
    let answer = s.host(|secc, now, out| secc.answer_installation(now, &content, out).unwrap().len);
    let Response::CertificateInstallationRes(m) = answer else { panic!("{answer:?}") };
    assert_eq!((m.response_code, m.evse_processing), DONE);
    assert_eq!(m.remaining_contract_certificate_chains, remaining);
    assert_eq!(m.header.session_id, SESSION);
    let signature = m.header.signature.unwrap().get();
    let reference = signature.signed_info.reference.first().unwrap();
    assert_eq!(reference.uri.unwrap(), *"#id7");
    assert_eq!(reference.digest_value, Bytes::new(&[8; 64]));
    assert_eq!(signature.signature_value.value, Bytes::new(&[9; 132]));
}

#[test]
fn certificates_are_installed_one_chain_after_the_other() {
    to_authorization(&both(), |s| {
        install(s, 1);
        install(s, 0);
        assert_eq!(s.secc.stage(), Stage::Authorization);
        assert_eq!(s.saw(|e| matches!(e, E::InstallationWanted { .. })), 2);
        // [V2G20-1581]
        want(s);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedSequenceError));
    });
    to_authorization(&both(), |s| {
        install(s, 0);
        show(s, &[1]);
        s.secc.contract(s.now, ContractVerdict::Refused(ContractFault::Expired));
        show(s, &[1]);
        // [V2G20-2221]
        install(s, 0);
    });
}

#[test]
fn a_slow_service_keeps_the_vehicle_waiting_but_is_asked_once() {
    to_authorization(&both(), |s| {
        for round in 0..3 {
            want(s);
            assert!(s.answer().is_none());
            s.wait(Duration::from_secs(4));
            let Some(Response::CertificateInstallationRes(m)) = s.answer() else { panic!() };
            assert_eq!((m.response_code, m.evse_processing), ONGOING);
            assert_eq!(s.saw(|e| *e == E::InstallationOpen), round);
        }
        let content = content(0, signed_by_service());
        let mut out = [0; 4096];
        assert_eq!(s.secc.answer_installation(s.now, &content, &mut out), Err(AnswerError::NotAsked));
        want(s);
        let small = s.secc.answer_installation(s.now, &content, &mut out[..100]);
        assert!(matches!(small, Err(AnswerError::Encode(EncodeError::BufferTooSmall { .. }))));
        assert!(s.secc.answer_installation(s.now, &content, &mut out).is_ok());
        assert_eq!(s.saw(|e| matches!(e, E::InstallationWanted { .. })), 1);
    });
}

#[test]
fn a_service_that_never_answers_has_no_certificate() {
    to_authorization(&both(), |s| {
        for _ in 0..14 {
            want(s);
            s.wait(Duration::from_secs(4));
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
        }
        want(s);
        s.wait(Duration::from_secs(2));
        let Some(Response::CertificateInstallationRes(m)) = s.answer() else { panic!() };
        assert_eq!(
            (m.response_code, m.evse_processing),
            (C::WarningNoCertificateAvailable, Processing::Finished)
        );
        assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Installation)), 1);
        assert_eq!(s.secc.stage(), Stage::Authorization);
    });
}

#[test]
fn every_refusal_of_an_installation_has_its_code() {
    for (fault, code) in [
        (InstallationFault::NoCertificate, C::WarningNoCertificateAvailable),
        (InstallationFault::NoContract, C::WarningNoContractMatchingPcidFound),
        (InstallationFault::Expired, C::WarningCertificateExpired),
        (InstallationFault::NotYetValid, C::WarningCertificateNotYetValid),
        (InstallationFault::Revoked, C::WarningCertificateRevoked),
        (InstallationFault::Invalid, C::WarningCertificateValidationError),
        (InstallationFault::ProviderUnknown, C::WarningEmspUnknown),
        (InstallationFault::BadSignature, C::FailedSignatureError),
    ] {
        to_authorization(&both(), |s| {
            want(s);
            s.secc.refuse_installation(s.now, fault);
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(code));
            let over = fault == InstallationFault::BadSignature;
            assert_eq!(s.secc.end().is_some(), over);
        });
        // The refusal comes while the vehicle is between two requests.
        to_authorization(&both(), |s| {
            want(s);
            s.wait(Duration::from_secs(4));
            s.answer().unwrap();
            s.secc.refuse_installation(s.now, fault);
            want(s);
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(code));
        });
    }
}

#[test]
fn an_installation_needs_an_offer_and_a_signature() {
    to_authorization(&config(), |s| {
        want(s);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedSequenceError));
    });
    to_authorization(&both(), |s| {
        assert_eq!(s.code(&installation(header())), C::FailedSignatureError);
    });
}
