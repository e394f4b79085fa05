//! Measures, by semihosting, the stack that the check of a contract takes. The message and what belongs to it come
//! from `cargo xtask sizes`.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_semihosting::{debug, hprintln};
use exi_codec::iso20::common_messages::Message;
use v2g_firmware::{entry, stack_of};
use v2g_pki::status::Evidence;
use v2g_pki::xmlsig::{self, SignedInfoGrammar};
use v2g_pki::{Anchor, Curves, Policy, RootKind, Time, Trust};

/// Length (32 bits, little-endian) and octets of: the message, the root, three OCSP responses.
static INPUT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pki.bin"));

#[entry]
fn main() -> ! {
    static mut CERTIFICATES: [u8; 6400] = [0; 6400];

    let mut rest = INPUT;
    let mut next = || {
        let (length, after) = rest.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize).unwrap_or_default();
        rest = after;
        part
    };
    let (message, root) = (next(), next());
    let ocsp = [next(), next(), next()];
    let mut valid = false;
    let used = stack_of(&mut || valid = check(message, root, &ocsp, CERTIFICATES));
    hprintln!("contract {} {}", used, valid);
    debug::exit(debug::EXIT_SUCCESS);
    loop {
        cortex_m::asm::wfi();
    }
}

#[inline(never)]
fn check(message: &[u8], root: &[u8], ocsp: &[&[u8]], buffer: &mut [u8]) -> bool {
    let Ok(Message::AuthorizationReq(request)) = exi_codec::decode(black_box(message)) else { return false };
    let anchors = [Anchor::new(RootKind::Mo, root)];
    let trust = Trust {
        anchors: &anchors,
        evidence: Evidence { ocsp, crls: &[], cache: None },
        policy: Policy::default(),
        verifier: &Curves,
        // Ten days after the hierarchy of the input begins.
        now: Time::from_unix(1_767_225_600 + 10 * 86_400),
    };
    let challenge = b"0123456789abcdef";
    xmlsig::authorization(&request, challenge, SignedInfoGrammar::default(), &trust, buffer).is_ok()
}
