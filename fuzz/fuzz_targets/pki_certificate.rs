//! Bytes to certificates, alone and as the leaf of a chain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, staples, validate};
use v2g_pki::issue::Entity;
use v2g_pki::{Certificate, Curves, Verifier as _};

fuzz_target!(|input: &[u8]| {
    if let Ok(certificate) = Certificate::parse(input) {
        assert_eq!(certificate.der(), input);
        assert!(certificate.serial().len() <= 20);
        let _ = Curves.check_key(certificate.key());
        let _ = format!("{certificate:?}");
        assert!(certificate.subject().matches(certificate.subject()));
    }
    let mut chain = hierarchy().chain(Entity::Contract(0));
    let right = chain[0];
    chain[0] = input;
    let ocsp: Vec<&[u8]> = staples().iter().map(Vec::as_slice).collect();
    assert_eq!(validate(&chain, &[], &ocsp).is_ok(), input == right);
});
