//! Bytes to wrapped keys: ephemeral key, then wrapped key. None is installed but the seed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::{hierarchy, pcid};
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{Blocking as _, ImportContract, KeyError, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::provision::{Aad, Ed448Fit, Unwrapping, Wrapped};
use v2g_pki::{Algorithm, Certificate};

/// What the provider delivers.
const RIGHT: &[u8] = include_bytes!("../seeds/pki_provisioning/right");

fuzz_target!(|input: &[u8]| {
    let Some((ephemeral, wrapped)) = input.split_at_checked(133) else { return };
    let leaf = Certificate::parse(hierarchy().certificate(Entity::Contract(0))).expect("a leaf");
    let aad = Aad::new(&pcid(), &leaf).expect("an identifier");
    let mut store = SoftwareStore::<_, 2>::new(|_: &mut [u8]| Err(KeyError::NoRandomness));
    let vehicle = &hierarchy().get(Entity::Provisioning).expect("a vehicle").key;
    let key =
        store.load(KeyKind::Signing(Algorithm::P521), KeyRole::Provisioning, &mut vehicle.expose().to_vec());
    let mut import = |wrapped| {
        let import = ImportContract {
            provisioning: key.expect("in range"),
            ephemeral,
            wrapped,
            aad: &aad,
            unwrapping: Unwrapping { ed448: Ed448Fit::LastIsZero, ..Unwrapping::default() },
            contract: *leaf.key(),
            replaces: None,
        };
        store.import_contract(import).is_ok()
    };
    if let Some(wrapped) = wrapped.first_chunk() {
        let taken = import(Wrapped::Secp521(wrapped));
        assert_eq!(taken, input.get(..RIGHT.len()) == Some(RIGHT));
    }
    if let Some(wrapped) = wrapped.first_chunk() {
        assert!(!import(Wrapped::X448(wrapped)));
    }
});
