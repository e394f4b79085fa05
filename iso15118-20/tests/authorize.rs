//! The vehicle authorizes: by contract, outside, or with a contract that it fetches first.

mod common;

use std::time::Duration;

use common::BUFFER;
use common::charger::{Charger, header};
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, AsResAuthorizationMode, Authorization, AuthorizationSetupRes,
    CertificateInstallationRes, Fragment, PncAsResAuthorizationMode,
};
use exi_codec::iso20::common_types::ResponseCode as C;
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Bytes, Integer, List, Str};
use iso15118_20::evcc::{
    AuthorizationPolicy, Contract, EvccConfig, EvccConfigError, EvccEvent as E, InstallWhen, Installation,
    InstallationVerdict, Wish,
};
use iso15118_20::message::{MessageKind as K, Request, Response, refusal};
use iso15118_20::security::{Chain, SIGNED_ID, SignatureScheme, Signed, encode_signed_info};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode as Mode, Service};
use iso15118_20::{Cause, Connection, Transport};

const WISHES: [Wish; 1] = [Wish::new(Service::Dc, Mode::Dynamic)];
const SUBS: &[Bytes<'static>] = &[Bytes::new(&[4, 5])];
const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

const fn contract(emaid: &'static str) -> Contract<'static> {
    Contract { chain: Chain { leaf: &[1, 2, 3], subs: SUBS }, emaid }
}

const TWO: &[Contract<'static>] = &[contract("DE-AAA-C12345678-9"), contract("FR-BBB-C12345678-9")];

fn roots() -> [X509IssuerSerial<'static>; 1] {
    [X509IssuerSerial {
        x509_issuer_name: Str::new("CN=Root"),
        x509_serial_number: Integer::from_be_bytes(&[1, 2, 3]),
    }]
}

fn signed() -> Signed {
    Signed::new(SignatureScheme::EcdsaP521Sha512, &[7; 64], &[9; 132]).unwrap()
}

fn run(config: &EvccConfig<'_>, test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, config);
    charger.connect();
    test(&mut charger);
}

fn base() -> EvccConfig<'static> {
    EvccConfig { contracts: TWO, ..EvccConfig::new("EV", &WISHES) }
}

/// Offers both ways and installation, with the providers that are served.
fn offer(c: &mut Charger<'_>, install: bool, providers: Option<&[Str<'_>]>) {
    c.walk_to(Stage::AuthorizationSetup);
    assert_eq!(c.request(), K::AuthorizationSetupReq);
    let response = AuthorizationSetupRes {
        header: header(),
        response_code: C::Ok,
        authorization_services: List::new(&[Authorization::Eim, Authorization::Pnc]),
        certificate_installation_service: install,
        authorization_mode: AsResAuthorizationMode::Pnc(PncAsResAuthorizationMode {
            gen_challenge: CHALLENGE,
            supported_providers: providers.map(List::new),
        }),
    };
    c.reply(&Response::AuthorizationSetupRes(response));
}

fn way(c: &Charger<'_>) -> Authorization {
    c.see(|request| match request {
        Request::AuthorizationReq(m) => m.selected_authorization_service,
        other => panic!("{other:?}"),
    })
}

fn to_be_signed(c: &Charger<'_>) -> Vec<u8> {
    let mut out = [0; 8192];
    let len = c.evcc.to_be_signed(&mut out).unwrap().expect("something to sign");
    out[..len].to_vec()
}

#[test]
fn a_contract_is_signed_and_sent_with_its_chain() {
    run(&base(), |c| {
        offer(c, false, None);
        assert_eq!(c.poll(), None);
        assert_eq!(c.saw(|e| matches!(e, E::SignAuthorization { deadline: Some(_) })), 1);
        let fragment = to_be_signed(c);
        match exi_codec::decode(&fragment).unwrap() {
            Fragment::PncAReqAuthorizationMode(m) => {
                assert_eq!((m.gen_challenge, m.id == *SIGNED_ID), (CHALLENGE, true));
            }
            other => panic!("{other:?}"),
        }
        // The worked example of the codec: the same element, byte by byte.
        let known = "804b815a590c410000102030405060708090a0b0c0d0e0f003010203002040524680";
        let known =
            (0..known.len() / 2).map(|at| u8::from_str_radix(&known[2 * at..2 * at + 2], 16).unwrap());
        assert!(fragment.iter().copied().eq(known));
        c.evcc.signed(c.now, signed());
        for _ in 0..2 {
            assert_eq!(c.request(), K::AuthorizationReq);
            c.see(|request| {
                let signature = request.header().unwrap().signature.unwrap().get();
                let reference = signature.signed_info.reference.first().unwrap();
                assert!(reference.uri.unwrap() == *"#id1");
                assert!(reference.digest_value == Bytes::new(&[7; 64]));
                assert!(signature.signature_value.value == Bytes::new(&[9; 132]));
                assert!(
                    signature.signed_info.signature_method.algorithm
                        == *"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
                );
                match request {
                    Request::AuthorizationReq(m) => match m.authorization_mode {
                        AReqAuthorizationMode::Pnc(block) => {
                            let chain = block.contract_certificate_chain;
                            assert!(chain.certificate == Bytes::new(&[1, 2, 3]));
                            // The message carries the very element that was signed.
                            let mut out = [0; 64];
                            let part = Fragment::PncAReqAuthorizationMode(block);
                            let len = part.encode_received(&mut out).unwrap().unwrap();
                            assert_eq!(&out[..len], &fragment[..]);
                        }
                        AReqAuthorizationMode::Eim => panic!("external"),
                    },
                    other => panic!("{other:?}"),
                }
            });
            // Not finished: the same again.
            let response = match refusal(K::AuthorizationReq, header(), C::Ok) {
                Response::AuthorizationRes(m) => exi_codec::iso20::common_messages::AuthorizationRes {
                    evse_processing: exi_codec::iso20::common_types::Processing::Ongoing,
                    ..m
                },
                other => panic!("{other:?}"),
            };
            c.reply(&Response::AuthorizationRes(response));
        }
        c.pass();
        assert_eq!(c.evcc.stage(), Stage::ServiceDiscovery);
        assert_eq!(c.pass(), K::ServiceDiscoveryReq);
        assert!(c.evcc.to_be_signed(&mut []).unwrap().is_none());
    });
}

#[test]
fn signed_info_is_that_of_the_message() {
    let mut out = [0; 512];
    let len = encode_signed_info(SignatureScheme::EcdsaP521Sha512, &[7; 64], &mut out).unwrap();
    assert_eq!(out[0..2], [0x80, 0x81]);
    let fragment: exi_codec::iso20::xmldsig::Fragment<'_> = exi_codec::decode(&out[..len]).unwrap();
    assert_eq!(fragment.name(), "SignedInfo");
    assert!(encode_signed_info(SignatureScheme::EcdsaP521Sha512, &[7; 64], &mut [0; 8]).is_err());
}

#[test]
fn a_contract_is_not_shown_to_a_link_that_is_not_secured() {
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &base());
    c.connect_over(&Connection::new(Transport::InsecureLab, 0));
    offer(&mut c, true, None);
    assert_eq!(c.request(), K::AuthorizationReq);
    assert_eq!(way(&c), Authorization::Eim);
}

#[test]
fn without_a_signature_in_time_the_vehicle_goes_another_way() {
    run(&base(), |c| {
        offer(c, false, None);
        // Both contracts wait for their signature in vain.
        let from = c.now;
        assert_eq!(c.request(), K::AuthorizationReq);
        assert_eq!(way(c), Authorization::Eim);
        assert_eq!(c.now.saturating_sub(from), Duration::from_secs(20));
        assert_eq!(c.saw(|e| matches!(e, E::SignAuthorization { .. })), 2);
        // A signature that comes too late is nothing.
        c.evcc.signed(c.now, signed());
        c.ok();
        assert_eq!(c.pass(), K::ServiceDiscoveryReq);
    });
    run(&EvccConfig { authorization: AuthorizationPolicy::ContractOnly, ..base() }, |c| {
        offer(c, false, None);
        assert_eq!(c.finish(), Cause::NotAuthorized);
        assert_eq!(c.count(K::AuthorizationReq), 0);
    });
}

#[test]
fn refusals_lead_to_the_next_contract_then_outside_then_away() {
    run(&base(), |c| {
        offer(c, false, None);
        for code in [C::WarningCertificateRevoked, C::WarningGeneralpncAuthorizationError] {
            c.evcc.signed(c.now, signed());
            assert_eq!(c.request(), K::AuthorizationReq);
            assert_eq!(way(c), Authorization::Pnc);
            c.code = code;
            c.ok();
            assert_eq!(c.events.iter().filter(|e| **e == E::AuthorizationRefused(code)).count(), 1);
        }
        assert_eq!(c.request(), K::AuthorizationReq);
        assert_eq!(way(c), Authorization::Eim);
        c.code = C::WarningEimAuthorizationFailure;
        c.ok();
        assert_eq!(c.finish(), Cause::NotAuthorized);
        assert_eq!(c.count(K::ServiceDiscoveryReq), 0);
    });
    run(&base(), |c| {
        offer(c, false, None);
        c.evcc.signed(c.now, signed());
        c.code = C::FailedSignatureError;
        c.pass();
        let cause = Cause::Failed { request: K::AuthorizationReq, code: C::FailedSignatureError };
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(cause));
    });
}

#[test]
fn contracts_of_providers_that_are_not_served_are_not_tried() {
    run(&base(), |c| {
        offer(c, false, Some(&[Str::new("FRBBB"), Str::new("ITCCC")]));
        match exi_codec::decode(&to_be_signed(c)).unwrap() {
            Fragment::PncAReqAuthorizationMode(_) => {}
            other => panic!("{other:?}"),
        }
        c.evcc.signed(c.now, signed());
        c.code = C::WarningEmspUnknown;
        c.pass();
        // The other one is not of theirs.
        assert_eq!(c.request(), K::AuthorizationReq);
        assert_eq!(way(c), Authorization::Eim);
    });
}

#[test]
fn contracts_that_come_later_are_held_against_the_list_of_providers_too() {
    static LATE: [Contract<'static>; 2] = [
        contract("DE-AAA-C12345678-9"),
        Contract { chain: Chain { leaf: &[7, 7], subs: SUBS }, emaid: "fr*bbb*c12345678*9" },
    ];
    run(&installing(leaked(), InstallWhen::Needed), |c| {
        offer(c, true, Some(&[Str::new("FRBBB")]));
        c.evcc.signed(c.now, signed());
        deliver(c, 0);
        c.evcc.set_contracts(&LATE);
        c.evcc.installed(c.now, InstallationVerdict::Accepted);
        match exi_codec::decode(&to_be_signed(c)).unwrap() {
            Fragment::PncAReqAuthorizationMode(m) => {
                assert!(m.contract_certificate_chain.certificate == Bytes::new(&[7, 7]), "of FRBBB");
            }
            other => panic!("{other:?}"),
        }
    });
}

fn installing(roots: &'static [X509IssuerSerial<'static>], when: InstallWhen) -> EvccConfig<'static> {
    EvccConfig {
        installation: Some(Installation {
            chain: Chain { leaf: &[8, 8], subs: SUBS },
            roots,
            emaids: &[],
            max_chains: 2,
            when,
        }),
        ..EvccConfig::new("EV", &WISHES)
    }
}

fn leaked() -> &'static [X509IssuerSerial<'static>] {
    Box::leak(Box::new(roots()))
}

fn deliver(c: &mut Charger<'_>, remaining: u8) {
    assert_eq!(c.request(), K::CertificateInstallationReq);
    let Response::CertificateInstallationRes(message) =
        refusal(K::CertificateInstallationReq, header(), C::Ok)
    else {
        panic!()
    };
    c.reply(&Response::CertificateInstallationRes(CertificateInstallationRes {
        remaining_contract_certificate_chains: remaining,
        ..message
    }));
}

#[test]
fn a_vehicle_without_a_contract_fetches_them_one_by_one() {
    run(&installing(leaked(), InstallWhen::Needed), |c| {
        offer(c, true, None);
        assert_eq!(c.saw(|e| matches!(e, E::SignInstallation { .. })), 1);
        match exi_codec::decode(&to_be_signed(c)).unwrap() {
            Fragment::OemProvisioningCertificateChain(chain) => {
                assert!(chain.certificate == Bytes::new(&[8, 8]));
            }
            other => panic!("{other:?}"),
        }
        c.evcc.signed(c.now, signed());
        assert_eq!(c.request(), K::CertificateInstallationReq);
        c.see(|request| match request {
            Request::CertificateInstallationReq(m) => {
                assert_eq!(m.maximum_contract_certificate_chains, 2);
                assert_eq!(m.list_of_root_certificate_ids.len(), 1);
                assert!(m.header.signature.is_some());
            }
            other => panic!("{other:?}"),
        });
        deliver_now(c, 3);
        assert_eq!(c.saw(|e| matches!(e, E::InstallationReceived { remaining: 3, .. })), 1);
        assert_eq!(c.poll(), None);
        c.evcc.installed(c.now, InstallationVerdict::Accepted);
        deliver(c, 2);
        // No more than were wanted.
        c.evcc.set_contracts(&TWO[..1]);
        c.evcc.installed(c.now, InstallationVerdict::Accepted);
        c.drain();
        assert_eq!(c.saw(|e| matches!(e, E::SignAuthorization { .. })), 1);
        c.evcc.signed(c.now, signed());
        assert_eq!(c.request(), K::AuthorizationReq);
        assert_eq!(way(c), Authorization::Pnc);
        assert_eq!(c.count(K::CertificateInstallationReq), 2);
    });
}

fn deliver_now(c: &mut Charger<'_>, remaining: u8) {
    let Response::CertificateInstallationRes(message) =
        refusal(K::CertificateInstallationReq, header(), C::Ok)
    else {
        panic!()
    };
    c.reply(&Response::CertificateInstallationRes(CertificateInstallationRes {
        remaining_contract_certificate_chains: remaining,
        ..message
    }));
}

#[test]
fn no_contract_no_signature_and_no_verdict_all_end_outside() {
    for case in 0..4 {
        run(&installing(leaked(), InstallWhen::Needed), |c| {
            offer(c, case != 3, None);
            if case == 1 || case == 2 {
                c.evcc.signed(c.now, signed());
                if case == 1 {
                    c.request();
                    c.code = C::WarningNoCertificateAvailable;
                    c.ok();
                } else {
                    deliver(c, 1);
                }
            }
            assert_eq!(c.request(), K::AuthorizationReq, "{case}");
            assert_eq!(way(c), Authorization::Eim);
        });
    }
}

#[test]
fn a_contract_that_expires_soon_is_replaced_before_the_services() {
    let config = EvccConfig { contracts: TWO, ..installing(leaked(), InstallWhen::Needed) };
    run(&config, |c| {
        offer(c, true, None);
        c.evcc.signed(c.now, signed());
        c.code = C::OkCertificateExpiresSoon;
        c.pass();
        assert_eq!(c.evcc.stage(), Stage::ServiceDiscovery);
        assert_eq!(c.saw(|e| *e == E::ContractExpiresSoon), 1);
        c.evcc.signed(c.now, signed());
        deliver(c, 0);
        c.evcc.installed(c.now, InstallationVerdict::Refused);
        assert_eq!(c.pass(), K::ServiceDiscoveryReq);
        c.walk_to(Stage::ChargeLoop);
    });
    let config = EvccConfig { contracts: TWO, ..installing(leaked(), InstallWhen::Offered) };
    run(&config, |c| {
        offer(c, true, None);
        assert_eq!(c.saw(|e| matches!(e, E::SignInstallation { .. })), 1);
    });
}

#[test]
fn a_stop_while_keys_are_busy_is_followed() {
    run(&base(), |c| {
        offer(c, false, None);
        assert_eq!(c.poll(), None);
        c.evcc.stop(c.now);
        assert_eq!(c.poll(), Some(K::SessionStopReq));
        c.ok();
        c.evcc.signed(c.now, signed());
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::Terminated));
        assert_eq!(c.evcc.poll_timeout(), None);
    });
}

#[test]
fn certificates_beyond_the_schema_are_refused() {
    let contracts = [Contract { chain: Chain { leaf: &[1], subs: &[] }, emaid: "" }];
    let config = EvccConfig { contracts: &contracts, ..EvccConfig::new("EV", &WISHES) };
    let mut buffer = [0; 16];
    let evcc = iso15118_20::evcc::Evcc::new(&config, &mut buffer);
    assert_eq!(evcc.err(), Some(EvccConfigError::Certificates));
}
