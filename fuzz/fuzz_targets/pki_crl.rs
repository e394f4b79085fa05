//! Bytes to revocation lists: none but a signed one says anything.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, staples, validate, yesterday};
use v2g_pki::issue::Entity;

/// The list that says that the contract is good.
fn right() -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    let issuer = Entity::Contract(0).issuer(hierarchy().plan().levels);
    MADE.get_or_init(|| hierarchy().crl(issuer, &[], yesterday()).expect("an authority"))
}

fuzz_target!(|input: &[u8]| {
    let chain = hierarchy().chain(Entity::Contract(0));
    let ocsp: Vec<&[u8]> = staples().iter().skip(1).map(Vec::as_slice).collect();
    assert_eq!(validate(&chain, &[input], &ocsp).is_ok(), input == right());
});
