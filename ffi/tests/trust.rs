//! Certificates over C: chains for roles, roots on storage, what a certificate says.

#[path = "../../pki/tests/common/mod.rs"]
mod common;
mod slow;

use std::ffi::c_void;
use std::ptr;

use sha2::Digest as _;
use slow::slow;
use v2g::evcc::sign::V2G_SCHEME_ECDSA_P521;

use common::{DAY, Setting, hierarchy, now};
use v2g::status::{V2G_E_MISSING, V2G_E_NULL, V2G_E_TRUST, V2G_E_VALUE, V2G_OK, V2G_PENDING};
use v2g::text::v2g_bytes;
use v2g::trust::certificate::{V2G_IDENTIFIER_EMAID, V2G_KEY_P521, v2g_certificate, v2g_certificate_parse};
use v2g::trust::device::v2g_verify_request;
use v2g::trust::rule::{
    V2G_RULE_CERTIFICATE_SIGNATURE, V2G_RULE_DER, V2G_RULE_EXPIRED, V2G_RULE_NO_SUCH_ENTRY,
    V2G_RULE_STATUS_UNKNOWN, V2G_RULE_STORAGE, V2G_RULE_UNKNOWN_ROOT,
};
use v2g::trust::store::{
    V2G_SOURCE_BACKEND, V2G_TRUST_STORE_SIZE_64, v2g_stored_root, v2g_trust_store, v2g_trust_store_add,
    v2g_trust_store_config, v2g_trust_store_generation, v2g_trust_store_init, v2g_trust_store_remove,
    v2g_trust_store_root,
};
use v2g::trust::verify::{
    V2G_REVOCATION_SOFT_FAIL, V2G_ROLE_CONTRACT, V2G_ROLE_SECC, V2G_ROOT_MO, V2G_ROOT_V2G,
    V2G_SUBJECT_CERTIFICATE, V2G_WARNING_STATUS_UNKNOWN, v2g_fault, v2g_root, v2g_trust, v2g_trust_verify,
    v2g_verified,
};
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

fn bytes(octets: &[u8]) -> v2g_bytes {
    v2g_bytes { data: octets.as_ptr(), length: octets.len() }
}

/// A struct of which nothing but its size is set.
fn sized<T>() -> T {
    // SAFETY: the structs of C that begin with their size may all be zero.
    let mut value: T = unsafe { std::mem::zeroed() };
    // SAFETY: the size is their first field.
    unsafe { (&raw mut value).cast::<u32>().write(size_of::<T>() as u32) };
    value
}

/// What a caller in C would have: the contract's chain, roots and evidence.
struct Given {
    setting: Setting,
    chain: Vec<v2g_bytes>,
    roots: Vec<v2g_root>,
    ocsp: Vec<v2g_bytes>,
}

impl Given {
    fn new() -> Self {
        let setting = Setting::of(hierarchy(), Entity::Contract(0));
        let roots = setting.roots.iter().map(|(kind, der)| v2g_root {
            kind: *kind as u32,
            reserved: 0,
            certificate: bytes(der),
        });
        let (roots, ocsp) = (roots.collect(), setting.ocsp.iter().map(|der| bytes(der)).collect());
        let chain = hierarchy().chain(Entity::Contract(0)).into_iter().map(bytes).collect();
        Self { setting, chain, roots, ocsp }
    }

    fn trust(&self) -> v2g_trust {
        v2g_trust {
            unix_seconds: self.setting.now.unix(),
            roots: self.roots.as_ptr(),
            root_count: self.roots.len(),
            ocsp: self.ocsp.as_ptr(),
            ocsp_count: self.ocsp.len(),
            ..sized()
        }
    }

    fn verify(&self, trust: &v2g_trust, role: u32) -> (i32, v2g_verified, v2g_fault) {
        let (mut verified, mut fault) = (sized(), v2g_fault::default());
        // SAFETY: all of it lives.
        let status = unsafe {
            v2g_trust_verify(
                trust,
                role,
                self.chain.as_ptr(),
                self.chain.len(),
                &raw mut verified,
                &raw mut fault,
            )
        };
        (status, verified, fault)
    }
}

#[test]
fn a_chain_holds_for_its_role_alone() {
    let given = Given::new();
    let (status, verified, fault) = given.verify(&given.trust(), V2G_ROLE_CONTRACT);
    assert_eq!((status, fault), (V2G_OK, v2g_fault::default()));
    assert_eq!((verified.warnings, verified.root), (0, 2));
    assert!(verified.expires > now().unix());
    let chain = hierarchy().chain(Entity::Contract(0));
    let expected = given.setting.validate(&chain, v2g_pki::Role::Contract).map(|valid| valid.fingerprint());
    assert_eq!(Ok(verified.fingerprint), expected);

    assert_eq!(given.verify(&given.trust(), V2G_ROLE_SECC).0, V2G_E_TRUST);
    assert_eq!(given.verify(&given.trust(), 0).0, V2G_E_VALUE);
}

#[test]
fn a_refusal_names_certificate_and_rule() {
    let given = Given::new();
    let silent = v2g_trust { ocsp_count: 0, ..given.trust() };
    let (status, _, fault) = given.verify(&silent, V2G_ROLE_CONTRACT);
    assert_eq!((status, fault.rule, fault.subject), (V2G_E_TRUST, V2G_RULE_STATUS_UNKNOWN, 2));
    let (status, verified, _) =
        given.verify(&v2g_trust { revocation: V2G_REVOCATION_SOFT_FAIL, ..silent }, V2G_ROLE_CONTRACT);
    assert_eq!((status, verified.warnings), (V2G_OK, V2G_WARNING_STATUS_UNKNOWN));

    let late = v2g_trust { unix_seconds: now().unix() + 20_000 * DAY, ..given.trust() };
    let (status, _, fault) = given.verify(&late, V2G_ROLE_CONTRACT);
    assert_eq!(status, V2G_E_TRUST);
    assert_eq!((fault.rule, fault.subject, fault.index), (V2G_RULE_EXPIRED, V2G_SUBJECT_CERTIFICATE, 0));

    let rootless = v2g_trust { root_count: 1, ..given.trust() };
    assert_eq!(given.verify(&rootless, V2G_ROLE_CONTRACT).2.rule, V2G_RULE_UNKNOWN_ROOT);
}

/// What a device answers, and how often it was asked.
struct Device {
    answer: i32,
    asked: usize,
}

unsafe extern "C" fn device(user: *mut c_void, request: *const v2g_verify_request) -> i32 {
    // SAFETY: the test gave its device, and the request lives.
    let (device, request) = unsafe { (&mut *user.cast::<Device>(), &*request) };
    // SAFETY: as above.
    let octets = |bytes: v2g_bytes| unsafe { std::slice::from_raw_parts(bytes.data, bytes.length) };
    assert_eq!(request.scheme, V2G_SCHEME_ECDSA_P521);
    assert_eq!((octets(request.key).len(), octets(request.signature).len()), (133, 132));
    assert_eq!(octets(request.digest), sha2::Sha512::digest(octets(request.message)).as_slice());
    device.asked += 1;
    device.answer
}

#[test]
fn the_word_of_a_device_counts() {
    let given = Given::new();
    for (answer, expected) in [(V2G_OK, V2G_OK), (-1, V2G_E_TRUST), (1, V2G_E_TRUST)] {
        let mut own = Device { answer, asked: 0 };
        let trust =
            v2g_trust { verify: Some(device), verify_user: ptr::from_mut(&mut own).cast(), ..given.trust() };
        let (status, _, fault) = given.verify(&trust, V2G_ROLE_CONTRACT);
        assert_eq!(status, expected);
        assert_eq!(fault.rule, if expected == V2G_OK { 0 } else { V2G_RULE_CERTIFICATE_SIGNATURE });
        assert!(own.asked >= if expected == V2G_OK { given.chain.len() } else { 1 });
    }
}

#[test]
fn a_device_may_take_its_time() {
    let given = Given::new();
    let mut known: Vec<Vec<u8>> = Vec::new();
    let trust =
        v2g_trust { verify: Some(slow), verify_user: ptr::from_mut(&mut known).cast(), ..given.trust() };
    let mut waits = 0;
    let verified = loop {
        let (status, verified, fault) = given.verify(&trust, V2G_ROLE_CONTRACT);
        assert_eq!(fault, v2g_fault::default());
        if status == V2G_OK {
            break verified;
        }
        assert_eq!((status, verified.expires), (V2G_PENDING, 0));
        waits += 1;
        assert!(waits < 20, "it is asked for the same again");
    };
    assert!(waits >= given.chain.len());
    assert_eq!(verified.fingerprint, given.verify(&given.trust(), V2G_ROLE_CONTRACT).1.fingerprint);
}

#[test]
fn a_certificate_says_what_it_is() {
    let der = hierarchy().certificate(Entity::Contract(0));
    let (mut said, mut fault) = (sized::<v2g_certificate>(), v2g_fault::default());
    // SAFETY: all of it lives.
    let status = unsafe { v2g_certificate_parse(bytes(der), &raw mut said, &raw mut fault) };
    assert_eq!((status, said.algorithm, said.authority), (V2G_OK, V2G_KEY_P521, 0));
    assert_eq!(said.identifiers & V2G_IDENTIFIER_EMAID, V2G_IDENTIFIER_EMAID);
    assert!(said.not_before <= now().unix() && now().unix() <= said.not_after);
    assert_eq!((said.public_key.length, said.subject_key.length > 0), (133, true));
    // A view of what was given.
    assert!(der.as_ptr_range().contains(&said.subject.data.cast::<u8>()));
    // SAFETY: as above.
    let status = unsafe { v2g_certificate_parse(bytes(&der[..50]), &raw mut said, &raw mut fault) };
    assert_eq!((status, fault.rule), (V2G_E_TRUST, V2G_RULE_DER));
    // SAFETY: as above.
    let status = unsafe { v2g_certificate_parse(bytes(der), ptr::null_mut(), &raw mut fault) };
    assert_eq!(status, V2G_E_NULL);
}

/// Storage as a host has it.
#[derive(Default)]
struct Slots {
    images: [Vec<u8>; 2],
    broken: bool,
}

unsafe extern "C" fn read(
    user: *mut c_void,
    slot: u32,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the test gave its slots, which live.
    let slots = unsafe { &*user.cast::<Slots>() };
    let image = &slots.images[slot as usize];
    assert!(image.len() <= capacity);
    // SAFETY: there is memory for it.
    unsafe {
        ptr::copy_nonoverlapping(image.as_ptr(), out, image.len());
        length.write(image.len());
    }
    0
}

unsafe extern "C" fn write(user: *mut c_void, slot: u32, image: *const u8, length: usize) -> i32 {
    // SAFETY: as above.
    let (slots, image) = unsafe { (&mut *user.cast::<Slots>(), std::slice::from_raw_parts(image, length)) };
    if slots.broken {
        slots.images[slot as usize] = image[..length / 2].to_vec();
        return -1;
    }
    slots.images[slot as usize] = image.to_vec();
    0
}

fn opened(slots: &mut Slots) -> *mut v2g_trust_store {
    let memory = Vec::leak(vec![0_u64; V2G_TRUST_STORE_SIZE_64 / 8]);
    let buffer = Vec::leak(vec![0_u8; 8192]);
    let config = v2g_trust_store_config {
        buffer: buffer.as_mut_ptr(),
        buffer_size: buffer.len(),
        read: Some(read),
        write: Some(write),
        user: ptr::from_mut(slots).cast(),
        ..sized()
    };
    let mut store = ptr::null_mut();
    // SAFETY: all of it lives.
    let status = unsafe {
        v2g_trust_store_init(
            memory.as_mut_ptr().cast(),
            V2G_TRUST_STORE_SIZE_64,
            &raw const config,
            &raw mut store,
        )
    };
    assert_eq!(status, V2G_OK);
    store
}

#[test]
fn roots_survive_a_restart_and_half_a_write() {
    let given = Given::new();
    let mut slots = Slots::default();
    let root = |kind: RootKind| bytes(hierarchy().certificate(Entity::Root(kind)));
    let mut fault = v2g_fault::default();
    let fault = &raw mut fault;
    // SAFETY: all of it lives; the same holds for each block below.
    let add = |store, kind, certificate| unsafe {
        v2g_trust_store_add(store, kind, V2G_SOURCE_BACKEND, 5, certificate, fault)
    };
    let store = opened(&mut slots);
    assert_eq!(add(store, V2G_ROOT_V2G, root(RootKind::V2g)), V2G_OK);
    assert_eq!(add(store, V2G_ROOT_V2G, root(RootKind::V2g)), V2G_E_TRUST);
    // SAFETY: as above.
    assert_eq!(unsafe { fault.read().rule }, V2G_RULE_NO_SUCH_ENTRY);
    assert_eq!(add(store, V2G_ROOT_MO, given.chain[0]), V2G_E_TRUST);
    assert_eq!(add(store, 9, root(RootKind::Mo)), V2G_E_VALUE);
    slots.broken = true;
    assert_eq!(add(store, V2G_ROOT_MO, root(RootKind::Mo)), V2G_E_TRUST);
    // SAFETY: as above.
    assert_eq!(unsafe { fault.read().rule }, V2G_RULE_STORAGE);
    slots.broken = false;

    let store = opened(&mut slots);
    let mut generation = 0;
    // SAFETY: as above.
    assert_eq!(unsafe { v2g_trust_store_generation(store, &raw mut generation) }, V2G_OK);
    assert_eq!(generation, 1);
    let trust = v2g_trust { roots: ptr::null(), root_count: 0, store, ..given.trust() };
    assert_eq!(given.verify(&trust, V2G_ROLE_CONTRACT).2.rule, V2G_RULE_UNKNOWN_ROOT);
    assert_eq!(add(store, V2G_ROOT_MO, root(RootKind::Mo)), V2G_OK);
    let (status, verified, _) = given.verify(&trust, V2G_ROLE_CONTRACT);
    assert_eq!((status, verified.root), (V2G_OK, 1));
    // Behind roots of the caller's.
    let both = v2g_trust { root_count: 1, roots: given.roots.as_ptr(), ..trust };
    assert_eq!(given.verify(&both, V2G_ROLE_CONTRACT).1.root, 2);

    // SAFETY: as above.
    unsafe {
        let mut stored: v2g_stored_root = std::mem::zeroed();
        assert_eq!(v2g_trust_store_root(store, 1, &raw mut stored), V2G_OK);
        assert_eq!((stored.kind, stored.source, stored.added), (V2G_ROOT_MO, V2G_SOURCE_BACKEND, 5));
        assert_eq!(v2g_trust_store_root(store, 2, &raw mut stored), V2G_E_MISSING);
        assert_eq!(v2g_trust_store_remove(store, V2G_ROOT_MO, root(RootKind::Mo), fault), V2G_OK);
    }
    assert_eq!(given.verify(&trust, V2G_ROLE_CONTRACT).0, V2G_E_TRUST);
}
