//! Bytes to OCSP responses: none but a signed one says anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, staples, validate};
use v2g_pki::issue::Entity;
use v2g_pki::status;

fuzz_target!(|input: &[u8]| {
    let _ = status::check_nonce(input, &[0; 16]);
    let chain = hierarchy().chain(Entity::Contract(0));
    let mut ocsp: Vec<&[u8]> = staples().iter().map(Vec::as_slice).collect();
    let right = ocsp[0];
    ocsp[0] = input;
    assert_eq!(validate(&chain, &[], &ocsp).is_ok(), input == right);
});
