//! Bytes to revocation lists: none but a signed one says anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, staples, validate};
use v2g_pki::issue::Entity;

fuzz_target!(|input: &[u8]| {
    let chain = hierarchy().chain(Entity::Contract(0));
    let mut ocsp: Vec<&[u8]> = staples().iter().map(Vec::as_slice).collect();
    ocsp.remove(0);
    let lower = Entity::Contract(0).issuer(hierarchy().plan().levels);
    let right = hierarchy().crl(lower, &[], hierarchy().plan().start);
    let accepted = validate(&chain, &[input], &ocsp).is_ok();
    assert!(!accepted || right.as_deref() == Some(input));
});
