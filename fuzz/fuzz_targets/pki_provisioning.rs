//! Bytes to wrapped keys: ephemeral key, then wrapped key. None is installed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::pki::hierarchy;
use v2g_pki::ids::Pcid;
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{Blocking as _, ImportContract, KeyError, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::provision::{Aad, Kdf, Wrapped};
use v2g_pki::{Algorithm, Certificate};

fuzz_target!(|input: &[u8]| {
    let Some((ephemeral, wrapped)) = input.split_at_checked(133) else { return };
    let leaf = Certificate::parse(hierarchy().certificate(Entity::Contract(0))).expect("a leaf");
    let aad = Aad::new(&Pcid::parse("WMIPROV12345678905").expect("a PCID"), &leaf).expect("an identifier");
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
            kdf: Kdf::default(),
            contract: *leaf.key(),
            replaces: None,
        };
        assert!(store.import_contract(import).is_err());
    };
    if let Some(wrapped) = wrapped.first_chunk() {
        import(Wrapped::Secp521(wrapped));
    }
    if let Some(wrapped) = wrapped.first_chunk() {
        import(Wrapped::X448(wrapped));
    }
});
