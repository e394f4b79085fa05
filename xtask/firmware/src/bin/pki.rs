//! What Plug & Charge needs of the PKI at a station: the contract of an `AuthorizationReq` checked whole, P-521 alone.
#![no_std]
#![no_main]

use core::hint::black_box;

use exi_codec::iso20::common_messages::Message;
use v2g_firmware::entry;
use v2g_pki::status::Evidence;
use v2g_pki::xmlsig::{self, SignedInfoGrammar};
use v2g_pki::{Anchor, Curves, Policy, RootKind, Time, Trust};

#[entry]
fn main() -> ! {
    let (mut input, root, crl, ocsp) = ([0; 64], [0; 64], [0; 64], [0; 64]);
    loop {
        black_box(check(black_box(&input), black_box(&root), black_box(&crl), black_box(&ocsp)));
        black_box(&mut input);
    }
}

/// True if the message is an `AuthorizationReq` with a valid contract.
#[inline(never)]
fn check(message: &[u8], root: &[u8], crl: &[u8], ocsp: &[u8]) -> bool {
    let Ok(Message::AuthorizationReq(request)) = exi_codec::decode(message) else { return false };
    let anchors = [Anchor::new(RootKind::Mo, root)];
    let trust = Trust {
        anchors: &anchors,
        evidence: Evidence { ocsp: &[ocsp], crls: &[crl], cache: None },
        policy: Policy::default(),
        verifier: &Curves,
        now: Time::from_unix(black_box(0)),
    };
    let mut buffer = [0; 6400];
    xmlsig::authorization(&request, black_box(&[0; 16]), SignedInfoGrammar::default(), &trust, &mut buffer)
        .is_ok()
}
