//! Bytes to signed messages: what is accepted has the content that was signed.
#![no_main]

use exi_codec::iso20::common_messages::{AReqAuthorizationMode, Message};
use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, staples_of_signers, validate, with_trust};
use v2g_pki::issue::Entity;
use v2g_pki::xmlsig::{self, SignedInfoGrammar};

/// The messages that somebody signed.
fn signed(name: &'static [u8]) -> Message<'static> {
    exi_codec::decode(name).expect("a seed is a message")
}

fuzz_target!(|input: &[u8]| {
    let ocsp: Vec<&[u8]> = staples_of_signers().iter().map(Vec::as_slice).collect();
    let grammar = SignedInfoGrammar::default();
    let (mut one, mut other) = ([0; 6400], [0; 6400]);
    with_trust(&[], &ocsp, |trust| match exi_codec::decode::<Message<'_>>(input) {
        Ok(Message::AuthorizationReq(request)) => {
            let challenge = match request.authorization_mode {
                AReqAuthorizationMode::Pnc(mode) => mode.gen_challenge,
                AReqAuthorizationMode::Eim => [0; 16],
            };
            if xmlsig::authorization(&request, &challenge, grammar, trust, &mut one).is_ok() {
                let right = signed(include_bytes!("../seeds/pki_signature/authorization"));
                assert!(matches!(right, Message::AuthorizationReq(right)
                    if right.authorization_mode == request.authorization_mode));
            }
        }
        Ok(Message::CertificateInstallationReq(request))
            if xmlsig::installation_request(&request, grammar, trust, &mut one).is_ok() =>
        {
            let right = signed(include_bytes!("../seeds/pki_signature/installation_request"));
            assert!(matches!(right, Message::CertificateInstallationReq(right)
                if right.oem_provisioning_certificate_chain == request.oem_provisioning_certificate_chain));
        }
        Ok(Message::CertificateInstallationRes(response))
            if xmlsig::installation(&response, grammar, trust, [&mut one, &mut other]).is_ok() =>
        {
            let right = signed(include_bytes!("../seeds/pki_signature/installation"));
            assert!(matches!(right, Message::CertificateInstallationRes(right)
                if right.signed_installation_data == response.signed_installation_data));
        }
        Ok(Message::MeteringConfirmationReq(request)) => {
            let chain = hierarchy().chain(Entity::Contract(0));
            let contract = validate(&chain, &[], &ocsp).expect("the contract is good");
            if xmlsig::metering(&request, &contract, grammar, trust).is_ok() {
                let right = signed(include_bytes!("../seeds/pki_signature/metering"));
                assert!(matches!(right, Message::MeteringConfirmationReq(right)
                    if right.signed_metering_data == request.signed_metering_data));
            }
        }
        _ => {}
    });
});
