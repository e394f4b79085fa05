//! Secrets leave nothing behind: neither in what is printed nor in memory that was theirs.

mod common;

use common::random;
use v2g_pki::Algorithm;
use v2g_pki::keystore::{Blocking as _, KeyHandle, KeyKind, KeyRole, SoftwareStore};

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
