//! Secrets leave nothing behind: neither in what is printed nor in memory that was theirs.

mod common;

use common::message::pcid;
use common::{hierarchy, random};
use v2g_pki::Algorithm;
use v2g_pki::Certificate;
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{Blocking as _, ImportContract, KeyHandle, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::provision::{Aad, ContractKey, Kdf, Unwrapping, Wrapped, wrap};

/// True if a type has a trait: where the bound holds, the inherent function is found before that of the trait.
macro_rules! has {
    ($ty:ty, $bound:path) => {{
        #[allow(dead_code, reason = "not used where the bound holds")]
        trait Otherwise {
            fn has(&self) -> bool {
                false
            }
        }
        impl<T: ?Sized> Otherwise for std::marker::PhantomData<T> {}
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        impl<T: ?Sized> std::ops::Deref for Probe<T> {
            type Target = std::marker::PhantomData<T>;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
        #[allow(dead_code, clippy::unused_self, reason = "that it does not exist is the point")]
        impl<T: ?Sized + $bound> Probe<T> {
            fn has(&self) -> bool {
                true
            }
        }
        Probe::<$ty>(std::marker::PhantomData).has()
    }};
}

type Store = SoftwareStore<fn(&mut [u8]) -> Result<(), v2g_pki::keystore::KeyError>, 2>;

#[test]
fn secrets_are_neither_printed_nor_copied() {
    assert!(has!(KeyHandle, Clone) && has!(KeyHandle, std::fmt::Debug), "the test can tell");
    assert!(!has!(v2g_pki::Secret, Clone) && !has!(v2g_pki::Secret, std::fmt::Debug));
    assert!(!has!(v2g_pki::issue::PrivateKey, Clone) && !has!(v2g_pki::issue::PrivateKey, std::fmt::Debug));
    assert!(!has!(ContractKey, Clone));
    assert!(!has!(ContractKey, std::fmt::Debug));
    assert!(!has!(Store, Clone) && !has!(Store, std::fmt::Debug));
}

#[test]
fn loading_overwrites_the_copy_of_the_host_also_when_it_fails() {
    let mut store = SoftwareStore::<_, 1>::new(random(1));
    for (key, fits) in [([0xFF_u8; 66], false), ([0; 66], false), ([1; 66], true), ([1; 66], false)] {
        let mut copy = key;
        let loaded = store.load(KeyKind::Signing(Algorithm::P521), KeyRole::Contract, &mut copy);
        assert_eq!(loaded.is_ok(), fits);
        assert_eq!(copy, [0; 66]);
    }
}

/// What stands in this memory: the kernel reads it, so that no rule of the language is broken.
fn memory(start: usize, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    let file = std::fs::File::open("/proc/self/mem").expect("Linux");
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut out, start as u64).expect("own memory");
    out
}

/// Looks where a key stood after it was deleted, replaced, and dropped with its store.
#[test]
#[cfg(target_os = "linux")]
fn deleted_keys_are_gone_from_memory() {
    let pattern: [u8; 66] = std::array::from_fn(|index| if index == 0 { 0 } else { index as u8 ^ 0x5A });
    let new = || Box::new(SoftwareStore::<_, 2>::new(random(1)));
    let mut store = new();
    let (start, length) = (&raw const *store as usize, size_of_val(&*store));
    let holds = || memory(start, length).windows(66).any(|window| window == pattern);
    let kind = KeyKind::Signing(Algorithm::P521);

    let loaded = store.load(kind, KeyRole::Contract, &mut { pattern }).expect("in range");
    assert!(holds(), "the test can tell");
    store.delete(loaded).expect("there");
    assert!(!holds(), "deleted");
    store.load(kind, KeyRole::Contract, &mut { pattern }).expect("in range");
    assert!(holds(), "the test can tell");
    drop(store);
    assert!(!holds(), "dropped");
}

/// A secret on the heap is erased where it stood when it is dropped.
#[test]
#[cfg(target_os = "linux")]
fn shared_secrets_and_contract_keys_are_gone_from_memory() {
    let pattern: [u8; 66] = std::array::from_fn(|index| index as u8 ^ 0x35);
    let secret = Box::new(v2g_pki::Secret::from_slice(&pattern).expect("66 octets"));
    let (start, length) = (&raw const *secret as usize, size_of_val(&*secret));
    let holds = |pattern: &[u8]| memory(start, length).windows(pattern.len()).any(|window| window == pattern);
    assert!(holds(&pattern), "the test can tell");
    drop(secret);
    assert!(!holds(&pattern), "dropped");

    let issued = hierarchy().get(Entity::Contract(0)).expect("a contract");
    let certificate = Certificate::parse(&issued.certificate).expect("a leaf");
    let import = ImportContract {
        provisioning: KeyHandle::new(0),
        ephemeral: &[],
        wrapped: Wrapped::Secp521(&[0; 94]),
        aad: &Aad::new(&pcid(hierarchy()), &certificate).expect("an identifier"),
        unwrapping: Unwrapping::default(),
        contract: *certificate.key(),
        replaces: None,
    };
    let key = Box::new(ContractKey::opened(issued.key.expose(), &import).expect("its key"));
    let (start, length) = (&raw const *key as usize, size_of_val(&*key));
    let holds = || memory(start, length).windows(66).any(|window| window == issued.key.expose());
    assert!(holds(), "the test can tell");
    drop(key);
    assert!(!holds(), "dropped");
}

/// What is delivered stands in the store alone, and nowhere after a delivery that failed; a replaced key is gone.
#[test]
#[cfg(target_os = "linux")]
fn failed_and_replaced_deliveries_leave_nothing_in_the_store() {
    let issued = hierarchy().get(Entity::Contract(0)).expect("a contract");
    let vehicle = hierarchy().get(Entity::Provisioning).expect("a vehicle");
    let foreign = hierarchy().get(Entity::Vehicle).expect("a vehicle");
    let certificate = Certificate::parse(&issued.certificate).expect("a certificate");
    let aad = Aad::new(&pcid(hierarchy()), &certificate).expect("identifiers");
    let mut store = Box::new(SoftwareStore::<_, 3>::new(random(7)));
    let (start, length) = (&raw const *store as usize, size_of_val(&*store));
    let holds = |key: &[u8]| memory(start, length).windows(key.len()).filter(|window| *window == key).count();
    let kind = KeyKind::Signing(Algorithm::P521);
    let provisioning =
        store.load(kind, KeyRole::Provisioning, &mut vehicle.key.expose().to_vec()).expect("a key");
    let mut deliver = |key: &[u8], change: u8, replaces| {
        let public = vehicle.key.public();
        let mut made = wrap(key, &public, &aad, Kdf::default(), &mut random(8)).expect("wrapped");
        made.wrapped[30] ^= change;
        store.import_contract(ImportContract {
            provisioning,
            ephemeral: &made.ephemeral,
            wrapped: Wrapped::Secp521(&made.wrapped),
            aad: &aad,
            unwrapping: Unwrapping::default(),
            contract: *certificate.key(),
            replaces,
        })
    };
    deliver(issued.key.expose(), 1, None).expect_err("changed");
    deliver(foreign.key.expose(), 0, None).expect_err("of another certificate");
    assert_eq!((holds(issued.key.expose()), holds(foreign.key.expose())), (0, 0));
    let first = deliver(issued.key.expose(), 0, None).expect("good");
    assert_eq!(holds(issued.key.expose()), 1, "the test can tell");
    let second = deliver(issued.key.expose(), 0, Some(first)).expect("good");
    assert_eq!(holds(issued.key.expose()), 1, "it took the place of the first");
    store.delete(second).expect("there");
    assert_eq!(holds(issued.key.expose()), 0);
    assert_eq!(holds(vehicle.key.expose()), 1, "the provisioning key stays");
}
