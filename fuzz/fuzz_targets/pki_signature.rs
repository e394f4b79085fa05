//! Bytes to signed messages. Nothing is signed here, so nothing is accepted.
#![no_main]

use exi_codec::iso20::common_messages::Message;
use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{staples, with_trust};
use v2g_pki::xmlsig::{self, SignedInfoGrammar};

fuzz_target!(|input: &[u8]| {
    let ocsp: Vec<&[u8]> = staples().iter().map(Vec::as_slice).collect();
    let grammar = SignedInfoGrammar::default();
    let (mut one, mut other) = ([0; 6400], [0; 6400]);
    with_trust(&[], &ocsp, |trust| match exi_codec::decode::<Message<'_>>(input) {
        Ok(Message::AuthorizationReq(request)) => {
            let challenge = match request.authorization_mode {
                exi_codec::iso20::common_messages::AReqAuthorizationMode::Pnc(mode) => mode.gen_challenge,
                exi_codec::iso20::common_messages::AReqAuthorizationMode::Eim => [0; 16],
            };
            assert!(xmlsig::authorization(&request, &challenge, grammar, trust, &mut one).is_err());
        }
        Ok(Message::CertificateInstallationReq(request)) => {
            assert!(xmlsig::installation_request(&request, grammar, trust, &mut one).is_err());
        }
        Ok(Message::CertificateInstallationRes(response)) => {
            assert!(xmlsig::installation(&response, grammar, trust, [&mut one, &mut other]).is_err());
        }
        _ => {}
    });
});
