//! A vehicle shows its contract over C: keys behind a callback, checked by the charger.

#[path = "../../pki/tests/common/mod.rs"]
mod common;
mod slow;

use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr;

use common::{Setting, hierarchy};
use slow::slow;
use v2g::config::{v2g_offer, v2g_parameters};
use v2g::evcc::event::{
    V2G_EVCC_AUTHORIZATION_REFUSED, V2G_EVCC_INSTALLATION_RECEIVED, V2G_EVCC_SIGN_AUTHORIZATION,
    V2G_EVCC_SIGN_INSTALLATION,
};
use v2g::evcc::sign::{V2G_SCHEME_ECDSA_P521, v2g_evcc_respond_installed};
use v2g::evcc::{
    v2g_contract, v2g_evcc, v2g_evcc_config, v2g_evcc_event, v2g_evcc_handle_input, v2g_evcc_handle_timeout,
    v2g_evcc_init, v2g_evcc_poll_event, v2g_evcc_poll_transmit, v2g_evcc_start, v2g_wish,
};
use v2g::kinds::{
    V2G_MSG_AUTHORIZATION_REQ, V2G_MSG_CERTIFICATE_INSTALLATION_REQ, V2G_MSG_CERTIFICATE_INSTALLATION_RES,
};
use v2g::secc::event::{
    V2G_SECC_AUTHORIZATION_WANTED, V2G_SECC_CONTRACT_WANTED, V2G_SECC_INSTALLATION_WANTED,
};
use v2g::secc::host::{V2G_VERDICT_BAD_SIGNATURE, V2G_VERDICT_VALID, v2g_secc_respond_contract};
use v2g::secc::{
    V2G_AUTHORIZE_CONTRACT, V2G_AUTHORIZE_EXTERNAL, V2G_AUTHORIZE_INSTALL, v2g_secc, v2g_secc_config,
    v2g_secc_event, v2g_secc_handle_input, v2g_secc_handle_timeout, v2g_secc_init, v2g_secc_poll_event,
    v2g_secc_poll_transmit, v2g_secc_start,
};
use v2g::session::{V2G_TRANSPORT_SECURED, v2g_connection, v2g_received, v2g_transmit};
use v2g::status::{
    V2G_E_CONTENT, V2G_E_NOT_ASKED, V2G_E_STORAGE, V2G_E_TRUST, V2G_E_VALUE, V2G_NONE, V2G_OK, V2G_PENDING,
};
use v2g::text::{v2g_bytes, v2g_str};
use v2g::trust::contract::{
    V2G_DECIDE_BACK_END, V2G_DECIDE_STATION, V2G_QUESTION_AUTHORIZATION, V2G_QUESTION_DEVICE,
    v2g_contract_checked, v2g_contract_terms, v2g_secc_check_contract, v2g_secc_check_installation,
};
use v2g::trust::contracts::{V2G_CONTRACTS_SIZE, v2g_evcc_set_contracts};
use v2g::trust::delivery::{
    V2G_INSTALLATION_SIZE, V2G_KDF_SP800_56A, V2G_KDF_X963, v2g_delivery, v2g_delivery_check,
    v2g_delivery_open, v2g_installation, v2g_root_name,
};
use v2g::trust::device::v2g_verify_request;
use v2g::trust::installation::{
    V2G_INSTALLATION_NO_CONTRACT, v2g_secc_refuse_installation, v2g_secc_respond_installation,
};
use v2g::trust::keys::{
    V2G_NO_CONTRACT, V2G_SIGN_AUTHORIZATION, V2G_SIGN_INSTALLATION, v2g_evcc_complete_signature,
    v2g_evcc_sign, v2g_sign_request, v2g_signing,
};
use v2g::trust::metering::{v2g_readings, v2g_secc_check_metering};
use v2g::trust::rule::{
    V2G_RULE_CHALLENGE, V2G_RULE_SIGNATURE_VALUE, V2G_RULE_UNKNOWN_ROOT, V2G_RULE_WRAPPED_TAG,
};
use v2g::trust::verify::{v2g_fault, v2g_root, v2g_trust};
use v2g_pki::Algorithm;
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{Blocking as _, KeyKind, KeyRole, SoftwareStore};
use v2g_pki::provision::Kdf;

fn bytes(octets: &[u8]) -> v2g_bytes {
    v2g_bytes { data: octets.as_ptr(), length: octets.len() }
}

fn text(text: &str) -> v2g_str {
    v2g_str { data: text.as_ptr().cast(), length: text.len() }
}

/// A struct of which nothing but its size is set.
fn sized<T>() -> T {
    // SAFETY: the structs of C that begin with their size may all be zero.
    let mut value: T = unsafe { zeroed() };
    // SAFETY: the size is their first field.
    unsafe { (&raw mut value).cast::<u32>().write(size_of::<T>() as u32) };
    value
}

/// A device with the contract's key.
struct Device {
    slow: Slow,
    damage: u8,
    signed: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Slow {
    No,
    Yes,
}

unsafe extern "C" fn sign(
    user: *mut c_void,
    request: *const v2g_sign_request,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the test gave its device, and the request lives.
    let (device, request) = unsafe { (&mut *user.cast::<Device>(), &*request) };
    let entity = match (request.subject, request.contract) {
        (V2G_SIGN_AUTHORIZATION, 0) => Entity::Contract(0),
        (V2G_SIGN_INSTALLATION, V2G_NO_CONTRACT) => Entity::Provisioning,
        other => panic!("nobody signs {other:?}"),
    };
    assert_eq!((request.digest.length, capacity), (64, 132));
    // SAFETY: as above.
    let message = unsafe { std::slice::from_raw_parts(request.message.data, request.message.length) };
    let key = &hierarchy().get(entity).unwrap().key;
    device.signed = key.sign_fixed(message);
    device.signed[100] ^= device.damage;
    if device.slow == Slow::Yes {
        return V2G_PENDING;
    }
    // SAFETY: there is memory for it.
    unsafe {
        ptr::copy_nonoverlapping(device.signed.as_ptr(), out, device.signed.len());
        length.write(device.signed.len());
    }
    V2G_OK
}

const NOW: u64 = 1000;

/// A vehicle with the contract, or with how it fetches one.
fn engines(installation: Option<&v2g_installation>) -> (*mut v2g_secc, *mut v2g_evcc) {
    let sets = [v2g_parameters { id: 1, control_mode: 2, ..sized_zero() }];
    let offers = [v2g_offer { service: 2, set_count: 1, sets: sets.as_ptr(), ..sized_zero() }];
    let chain = hierarchy().chain(Entity::Contract(0));
    let mut subs = [bytes(&[]); 3];
    for (place, der) in subs.iter_mut().zip(&chain[1..]) {
        *place = bytes(der);
    }
    let contracts = [v2g_contract { emaid: text(""), leaf: bytes(chain[0]), subs }];
    let wishes = [v2g_wish { service: 2, control_mode: 2, ..sized_zero() }];
    let buffer = || Vec::leak(vec![0_u8; 16 * 1024]).as_mut_ptr();
    let station = v2g_secc_config {
        authorization: V2G_AUTHORIZE_EXTERNAL | V2G_AUTHORIZE_CONTRACT | V2G_AUTHORIZE_INSTALL,
        evse_id: text("DE*V2G*E1"),
        meter_id: text("M1"),
        offers: offers.as_ptr(),
        offer_count: 1,
        buffer: buffer(),
        buffer_size: 16 * 1024,
        ..sized()
    };
    let vehicle = v2g_evcc_config {
        evcc_id: text("WMIV1234567890ABCDEX"),
        wishes: wishes.as_ptr(),
        wish_count: 1,
        contracts: contracts.as_ptr(),
        contract_count: usize::from(installation.is_none()),
        installation: installation.map_or(ptr::null(), ptr::from_ref),
        buffer: buffer(),
        buffer_size: 16 * 1024,
        ..sized()
    };
    let memory = || Vec::leak(vec![0_u64; 1024]).as_mut_ptr().cast();
    let (mut secc, mut evcc) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: what has to live does.
    unsafe {
        assert_eq!(v2g_secc_init(memory(), 8192, &raw const station, &raw mut secc), V2G_OK);
        assert_eq!(v2g_evcc_init(memory(), 8192, &raw const vehicle, &raw mut evcc), V2G_OK);
        let connection = v2g_connection {
            transport: V2G_TRANSPORT_SECURED,
            unix_seconds: common::now().unix() as u64,
            has_peer: 1,
            peer: [7; 64],
            ..sized()
        };
        let challenge = [9; 16];
        let id = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(v2g_secc_start(secc, NOW, &raw const connection, id.as_ptr(), challenge.as_ptr()), V2G_OK);
        assert_eq!(v2g_evcc_start(evcc, NOW, &raw const connection), V2G_OK);
    }
    (secc, evcc)
}

fn sized_zero<T>() -> T {
    // SAFETY: structs of numbers and pointers.
    unsafe { zeroed() }
}

/// What became of the contract.
struct Outcome {
    status: i32,
    checked: v2g_contract_checked,
    /// How often a device was waited for.
    waits: usize,
    /// The charger asked for a card after all.
    card: bool,
    refused: bool,
}

/// A session until the charger has decided about the contract and what it said has arrived.
fn shown(device: &mut Device, trust: &v2g_trust, terms: &v2g_contract_terms) -> Outcome {
    let (secc, evcc) = engines(None);
    let mut outcome = Outcome { status: -1, checked: sized(), waits: 0, card: false, refused: false };
    let (mut frame, mut request, mut buffer, mut scratch) =
        (vec![0; 16 * 1024], Vec::new(), vec![0; 6400], vec![0; 8192]);
    // SAFETY: all of it lives.
    unsafe {
        for round in 0..60 {
            let now = NOW + round * 50;
            assert_eq!(v2g_secc_handle_timeout(secc, now), V2G_OK);
            assert_eq!(v2g_evcc_handle_timeout(evcc, now), V2G_OK);
            let (mut sent, mut received): (v2g_transmit, v2g_received) = (sized(), sized());
            if v2g_evcc_poll_transmit(evcc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent) == V2G_OK {
                let status = v2g_secc_handle_input(secc, now, frame.as_ptr(), sent.length, &raw mut received);
                assert_eq!((status, received.consumed), (V2G_OK, sent.length));
                if received.kind == V2G_MSG_AUTHORIZATION_REQ {
                    let payload = received.payload;
                    request = std::slice::from_raw_parts(payload.data, payload.length).to_vec();
                }
            }
            let mut event: v2g_secc_event = sized();
            while v2g_secc_poll_event(secc, &raw mut event) == V2G_OK {
                outcome.card |= event.kind == V2G_SECC_AUTHORIZATION_WANTED;
                if event.kind != V2G_SECC_CONTRACT_WANTED {
                    continue;
                }
                loop {
                    outcome.status = v2g_secc_check_contract(
                        secc,
                        now,
                        trust,
                        terms,
                        bytes(&request),
                        buffer.as_mut_ptr(),
                        buffer.len(),
                        &raw mut outcome.checked,
                    );
                    if outcome.checked.question != V2G_QUESTION_DEVICE {
                        break;
                    }
                    assert_eq!((outcome.status, outcome.checked.verdict), (V2G_PENDING, 0));
                    outcome.waits += 1;
                }
                let leaf = outcome.checked.leaf;
                if outcome.checked.verdict == V2G_VERDICT_VALID {
                    let leaf = std::slice::from_raw_parts(leaf.data, leaf.length);
                    assert_eq!(leaf, hierarchy().certificate(Entity::Contract(0)));
                } else {
                    assert_eq!(leaf.length, 0);
                }
                if outcome.status == V2G_PENDING {
                    assert_eq!(v2g_secc_respond_contract(secc, now, outcome.checked.verdict), V2G_OK);
                }
            }
            if v2g_secc_poll_transmit(secc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent) == V2G_OK {
                let status = v2g_evcc_handle_input(evcc, now, frame.as_ptr(), sent.length, &raw mut received);
                assert_eq!((status, received.consumed), (V2G_OK, sent.length));
            }
            let mut event: v2g_evcc_event = sized();
            while v2g_evcc_poll_event(evcc, &raw mut event) == V2G_OK {
                outcome.refused |= event.kind == V2G_EVCC_AUTHORIZATION_REFUSED;
                if event.kind == V2G_EVCC_SIGN_AUTHORIZATION {
                    signs(evcc, now, device, &mut scratch);
                }
            }
        }
    }
    outcome
}

fn signs(evcc: *mut v2g_evcc, now: u64, device: &mut Device, scratch: &mut [u8]) {
    let slow = device.slow;
    let user = ptr::from_mut(device);
    let mut signing: v2g_signing = sized();
    let mut start = || {
        let (memory, length) = (scratch.as_mut_ptr(), scratch.len());
        let scheme = V2G_SCHEME_ECDSA_P521;
        // SAFETY: all of it lives.
        unsafe { v2g_evcc_sign(evcc, now, scheme, Some(sign), user.cast(), memory, length, &raw mut signing) }
    };
    if slow == Slow::No {
        assert_eq!(start(), V2G_OK);
        assert_eq!(start(), V2G_NONE);
        return;
    }
    assert_eq!(start(), V2G_PENDING);
    // SAFETY: as above.
    unsafe {
        let value = (*user).signed.clone();
        let done = |signing| v2g_evcc_complete_signature(evcc, now, signing, bytes(&value));
        let other = v2g_signing { contract: 1, ..signing };
        assert_eq!(done(&raw const other), V2G_E_NOT_ASKED);
        assert_eq!(done(&raw const signing), V2G_OK);
        assert_eq!(done(&raw const signing), V2G_E_NOT_ASKED);
    }
}

/// What a check needs that asks for no root.
fn trusting_time() -> v2g_trust {
    v2g_trust { unix_seconds: common::now().unix(), ..sized() }
}

/// Calls `then` with the roots of these kinds, and good statements about the contract.
fn trusting<R>(kinds: &[RootKind], then: impl FnOnce(&v2g_trust) -> R) -> R {
    let setting = Setting::of(hierarchy(), Entity::Contract(0));
    let root = |kind: &RootKind| v2g_root {
        kind: *kind as u32,
        reserved: 0,
        certificate: bytes(hierarchy().certificate(Entity::Root(*kind))),
    };
    let roots: Vec<v2g_root> = kinds.iter().map(root).collect();
    let ocsp: Vec<v2g_bytes> = setting.ocsp.iter().map(|der| bytes(der)).collect();
    then(&v2g_trust {
        unix_seconds: setting.now.unix(),
        roots: roots.as_ptr(),
        root_count: roots.len(),
        ocsp: ocsp.as_ptr(),
        ocsp_count: ocsp.len(),
        ..sized()
    })
}

fn device(slow: Slow, damage: u8) -> Device {
    Device { slow, damage, signed: Vec::new() }
}

#[test]
fn a_contract_is_signed_checked_and_accepted() {
    for (slow, decide) in [(Slow::No, V2G_DECIDE_STATION), (Slow::Yes, V2G_DECIDE_BACK_END)] {
        let terms = v2g_contract_terms { decide, ..sized() };
        let outcome = trusting(&[RootKind::Mo], |trust| shown(&mut device(slow, 0), trust, &terms));
        let asks = decide == V2G_DECIDE_BACK_END;
        assert_eq!(outcome.status, if asks { V2G_PENDING } else { V2G_OK });
        assert_eq!(outcome.checked.question, if asks { V2G_QUESTION_AUTHORIZATION } else { 0 });
        assert_eq!(outcome.checked.verdict, V2G_VERDICT_VALID);
        assert_eq!(outcome.checked.fault.rule, 0);
        assert!(outcome.checked.emaid_length >= 14);
        assert!(!outcome.card && !outcome.refused);
    }
}

#[test]
fn a_forged_signature_and_a_foreign_root_are_refused() {
    let terms = v2g_contract_terms { decide: V2G_DECIDE_STATION, ..sized() };
    let outcome = trusting(&[RootKind::Mo], |trust| shown(&mut device(Slow::No, 1), trust, &terms));
    assert_eq!((outcome.status, outcome.checked.verdict), (V2G_OK, V2G_VERDICT_BAD_SIGNATURE));
    assert_eq!(outcome.checked.fault.rule, V2G_RULE_SIGNATURE_VALUE);

    let outcome = trusting(&[RootKind::Oem], |trust| shown(&mut device(Slow::No, 0), trust, &terms));
    assert_eq!((outcome.status, outcome.checked.fault.rule), (V2G_OK, V2G_RULE_UNKNOWN_ROOT));
    // The vehicle is told, and goes another way.
    assert!(outcome.refused && outcome.card);
}

#[test]
fn a_device_that_checks_signatures_may_take_its_time() {
    let mut known: Vec<Vec<u8>> = Vec::new();
    let verify_user = ptr::from_mut(&mut known).cast();
    let terms = v2g_contract_terms { decide: V2G_DECIDE_STATION, ..sized() };
    let outcome = trusting(&[RootKind::Mo], |trust| {
        let trust = v2g_trust { verify: Some(slow), verify_user, ..*trust };
        shown(&mut device(Slow::No, 0), &trust, &terms)
    });
    assert_eq!((outcome.status, outcome.checked.verdict), (V2G_OK, V2G_VERDICT_VALID));
    // The message, and the three certificates of the chain at least.
    assert!(outcome.waits >= 4 && !outcome.card && !outcome.refused);

    let trust = v2g_trust { verify: Some(slow), verify_user, ..trusting_time() };
    let (secc, _) = engines(None);
    let (mut readings, mut buffer) = (sized::<v2g_readings>(), vec![0; 6400]);
    let leaf = hierarchy().certificate(Entity::Contract(0));
    let (metering, delivery) =
        (common::message::metering(hierarchy()), common::message::delivery(hierarchy(), Kdf::default()));
    let provided = common::message::installation(hierarchy(), &delivery);
    let mut check = || {
        let mut fault = v2g_fault::default();
        // SAFETY: all of it lives.
        let status = unsafe {
            let (trust, readings) = (&raw const trust, &raw mut readings);
            v2g_secc_check_metering(secc, NOW, trust, bytes(leaf), bytes(&metering), readings, &raw mut fault)
        };
        (status, fault.rule)
    };
    assert_eq!(check(), (V2G_PENDING, 0));
    assert_eq!(check(), (V2G_E_TRUST, V2G_RULE_CHALLENGE), "of another session, but checked");
    let pcid = common::message::pcid(hierarchy());
    let (mut given, mut fault): (v2g_delivery, _) = (sized(), v2g_fault::default());
    let memory = (buffer.as_mut_ptr(), vec![0; 6400].leak().as_mut_ptr());
    // SAFETY: as above.
    let status = unsafe {
        v2g_delivery_check(
            &raw const trust,
            text(pcid.as_str()),
            bytes(&provided),
            memory.0,
            memory.1,
            6400,
            &raw mut given,
            &raw mut fault,
        )
    };
    assert_eq!((status, fault.rule, given.emaid_length), (V2G_PENDING, 0, 0));
}

#[test]
fn confirmed_readings_are_checked_with_the_contract() {
    let (secc, _) = engines(None);
    let request = common::message::metering(hierarchy());
    let leaf = hierarchy().certificate(Entity::Contract(0));
    let connection =
        v2g_connection { transport: V2G_TRANSPORT_SECURED, has_peer: 1, peer: [7; 64], ..sized() };
    let check_with = |trust: &v2g_trust, leaf: &[u8], request: &[u8]| {
        let (mut readings, mut fault) = (sized::<v2g_readings>(), v2g_fault::default());
        // SAFETY: all of it lives.
        let status = unsafe {
            let (readings, fault) = (&raw mut readings, &raw mut fault);
            v2g_secc_check_metering(secc, NOW, trust, bytes(leaf), bytes(request), readings, fault)
        };
        (status, readings, fault.rule)
    };
    let check = |leaf: &[u8], request: &[u8]| check_with(&sized(), leaf, request);
    let (status, _, rule) = check(leaf, &request);
    assert_eq!((status, rule), (V2G_E_TRUST, V2G_RULE_CHALLENGE), "of another session");
    // SAFETY: as above.
    unsafe {
        let (id, challenge) = ([1; 8], [9; 16]);
        assert_eq!(v2g_secc_start(secc, NOW, &raw const connection, id.as_ptr(), challenge.as_ptr()), V2G_OK);
    }
    let (status, readings, _) = check(leaf, &request);
    assert_eq!(status, V2G_OK);
    assert_eq!(readings.meter_id.get(..readings.meter_id_length as usize), Some(b"meter".as_slice()));
    let foreign = hierarchy().certificate(Entity::Contract(1));
    assert_eq!(check(foreign, &request).2, V2G_RULE_SIGNATURE_VALUE);
    assert_eq!(check(leaf, &common::message::authorization(hierarchy())).0, V2G_E_TRUST);
    assert_eq!(check(&[], &request).0, V2G_E_TRUST);
    assert_eq!(check(&[0; 1601], &request).0, V2G_E_VALUE);
    // A device's word counts in the library's place.
    let ((status, _, rule), asked) = judged(V2G_OK, |trust| check_with(trust, foreign, &request));
    assert_eq!((status, asked, rule), (V2G_OK, 1, 0));
    let ((status, _, rule), asked) = judged(-1, |trust| check_with(trust, leaf, &request));
    // SignedInfo may have either of two forms.
    assert_eq!((status, asked, rule), (V2G_E_TRUST, 2, V2G_RULE_SIGNATURE_VALUE));
}

/// How often a device was asked whether a signature holds, and what it answers.
struct Judge {
    answer: i32,
    asked: usize,
}

unsafe extern "C" fn judge(user: *mut c_void, _: *const v2g_verify_request) -> i32 {
    // SAFETY: the test gave its judge.
    let judge = unsafe { &mut *user.cast::<Judge>() };
    judge.asked += 1;
    judge.answer
}

/// Calls `then` with a device that answers so; says too how often it was asked.
fn judged<R>(answer: i32, then: impl FnOnce(&v2g_trust) -> R) -> (R, usize) {
    let mut own = Judge { answer, asked: 0 };
    let verify_user = ptr::from_mut(&mut own).cast();
    let unix_seconds = common::now().unix();
    let result = then(&v2g_trust { unix_seconds, verify: Some(judge), verify_user, ..sized() });
    (result, own.asked)
}

/// A session until the vehicle has what it asked for, or was refused. `act` is what the charger does about the request.
fn fetched(act: impl Fn(*mut v2g_secc, u64, &[u8], &mut [u8], &mut v2g_transmit)) -> (Option<Vec<u8>>, bool) {
    let chain = hierarchy().chain(Entity::Provisioning);
    let mut subs = [bytes(&[]); 3];
    subs.iter_mut().zip(&chain[1..]).for_each(|(place, der)| *place = bytes(der));
    let roots = [v2g_root_name { issuer: text("CN=V2G root"), serial: bytes(&[1]) }];
    let memory = Vec::leak(vec![0_u64; V2G_INSTALLATION_SIZE / 8]);
    let installation = v2g_installation {
        leaf: bytes(chain[0]),
        subs,
        roots: roots.as_ptr(),
        root_count: 1,
        memory: memory.as_mut_ptr().cast(),
        memory_size: V2G_INSTALLATION_SIZE,
        ..sized()
    };
    let (secc, evcc) = engines(Some(&installation));
    let mut device = device(Slow::Yes, 0);
    let (mut frame, mut request, mut response, mut scratch) =
        (vec![0; 16 * 1024], Vec::new(), Vec::new(), vec![0; 8192]);
    let mut refused = false;
    // SAFETY: all of it lives.
    unsafe {
        for round in 0..60 {
            let now = NOW + round * 50;
            assert_eq!(v2g_secc_handle_timeout(secc, now), V2G_OK);
            assert_eq!(v2g_evcc_handle_timeout(evcc, now), V2G_OK);
            let (mut sent, mut received): (v2g_transmit, v2g_received) = (sized(), sized());
            if v2g_evcc_poll_transmit(evcc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent) == V2G_OK {
                let status = v2g_secc_handle_input(secc, now, frame.as_ptr(), sent.length, &raw mut received);
                assert_eq!((status, received.consumed), (V2G_OK, sent.length));
                if received.kind == V2G_MSG_CERTIFICATE_INSTALLATION_REQ {
                    let payload = received.payload;
                    request = std::slice::from_raw_parts(payload.data, payload.length).to_vec();
                }
            }
            sent = sized();
            let mut event: v2g_secc_event = sized();
            while v2g_secc_poll_event(secc, &raw mut event) == V2G_OK {
                if event.kind == V2G_SECC_INSTALLATION_WANTED {
                    act(secc, now, &request, &mut frame, &mut sent);
                }
            }
            let polled = sent.length > 0
                || v2g_secc_poll_transmit(secc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent)
                    == V2G_OK;
            if polled {
                let status = v2g_evcc_handle_input(evcc, now, frame.as_ptr(), sent.length, &raw mut received);
                assert_eq!((status, received.consumed), (V2G_OK, sent.length));
                if received.kind == V2G_MSG_CERTIFICATE_INSTALLATION_RES {
                    let payload = received.payload;
                    response = std::slice::from_raw_parts(payload.data, payload.length).to_vec();
                }
            }
            let mut event: v2g_evcc_event = sized();
            while v2g_evcc_poll_event(evcc, &raw mut event) == V2G_OK {
                refused |= event.kind == V2G_EVCC_AUTHORIZATION_REFUSED;
                if event.kind == V2G_EVCC_SIGN_INSTALLATION {
                    signs(evcc, now, &mut device, &mut scratch);
                }
                if event.kind == V2G_EVCC_INSTALLATION_RECEIVED {
                    let chain = hierarchy().chain(Entity::Contract(0));
                    let mut subs = [bytes(&[]); 3];
                    subs.iter_mut().zip(&chain[1..]).for_each(|(place, der)| *place = bytes(der));
                    let contracts = [v2g_contract { emaid: text(""), leaf: bytes(chain[0]), subs }];
                    let memory = Vec::leak(vec![0_u64; V2G_CONTRACTS_SIZE / 8]);
                    let mut set = |size| {
                        let memory = memory.as_mut_ptr().cast();
                        v2g_evcc_set_contracts(evcc, contracts.as_ptr(), 1, memory, size)
                    };
                    assert_eq!(set(V2G_CONTRACTS_SIZE - 1), V2G_E_STORAGE);
                    assert_eq!(set(V2G_CONTRACTS_SIZE), V2G_OK);
                    assert_eq!(v2g_evcc_respond_installed(evcc, now, 1), V2G_OK);
                }
                // The vehicle shows what it was given.
                if event.kind == V2G_EVCC_SIGN_AUTHORIZATION {
                    signs(evcc, now, &mut device, &mut scratch);
                    return (Some(response), refused);
                }
            }
        }
    }
    (None, refused)
}

/// What the provisioning key and a peer's agree on.
fn agreed(peer: &[u8]) -> Vec<u8> {
    let mut store: SoftwareStore<_, 2> = SoftwareStore::new(common::random(3));
    let mut key = hierarchy().get(Entity::Provisioning).unwrap().key.expose().to_vec();
    let key = store.load(KeyKind::Signing(Algorithm::P521), KeyRole::Ephemeral, &mut key).unwrap();
    store.agree(key, peer).unwrap().expose().to_vec()
}

#[test]
fn a_contract_goes_from_the_provider_through_the_charger_into_the_vehicle() {
    let provided =
        common::message::installation(hierarchy(), &common::message::delivery(hierarchy(), Kdf::default()));
    let (response, refused) = fetched(|secc, now, request, out, sent| {
        let mut buffer = vec![0; 6400];
        let mut fault = v2g_fault::default();
        // SAFETY: all of it lives.
        unsafe {
            let memory = (buffer.as_mut_ptr(), buffer.len());
            let (checked, asked) = judged(V2G_OK, |trust| {
                let request = bytes(request);
                v2g_secc_check_installation(secc, now, trust, request, memory.0, memory.1, &raw mut fault)
            });
            assert_eq!(checked, V2G_OK);
            assert_eq!(asked, 1, "about the message; the chain is for the provider to check");
            let mut known: Vec<Vec<u8>> = Vec::new();
            let verify_user = ptr::from_mut(&mut known).cast();
            let trust = v2g_trust { verify: Some(slow), verify_user, ..trusting_time() };
            for expected in [V2G_PENDING, V2G_OK] {
                let request = bytes(request);
                let (start, size) = memory;
                let checked = v2g_secc_check_installation(
                    secc,
                    now,
                    &raw const trust,
                    request,
                    start,
                    size,
                    &raw mut fault,
                );
                assert_eq!((checked, fault.rule), (expected, 0));
            }
            let checked = v2g_secc_check_installation(
                secc,
                now,
                &trusting_time(),
                bytes(request),
                memory.0,
                memory.1,
                &raw mut fault,
            );
            assert_eq!(checked, V2G_OK);
            let mut answer = |response: &[u8]| {
                let (memory, length) = (out.as_mut_ptr(), out.len());
                v2g_secc_respond_installation(secc, now, bytes(response), memory, length, sent)
            };
            assert_eq!(answer(request), V2G_E_CONTENT);
            assert_eq!(answer(&provided), V2G_OK);
        }
    });
    assert!(!refused);
    let response = response.expect("a contract");

    let setting = Setting::of(hierarchy(), Entity::Cps);
    let ocsp: Vec<v2g_bytes> = setting.ocsp.iter().map(|der| bytes(der)).collect();
    let root = hierarchy().certificate(Entity::Root(RootKind::V2g));
    let roots = [v2g_root { kind: 1, reserved: 0, certificate: bytes(root) }];
    let trust = v2g_trust {
        unix_seconds: setting.now.unix(),
        roots: roots.as_ptr(),
        root_count: 1,
        ocsp: ocsp.as_ptr(),
        ocsp_count: ocsp.len(),
        ..sized()
    };
    let pcid = common::message::pcid(hierarchy());
    let (mut provider, mut contract) = (vec![0; 6400], vec![0; 6400]);
    let (mut delivery, mut fault): (v2g_delivery, _) = (sized(), v2g_fault::default());
    let mut check = |response: &[u8]| {
        let memory = (provider.as_mut_ptr(), contract.as_mut_ptr());
        // SAFETY: all of it lives.
        let status = unsafe {
            v2g_delivery_check(
                &raw const trust,
                text(pcid.as_str()),
                bytes(response),
                memory.0,
                memory.1,
                6400,
                &raw mut delivery,
                &raw mut fault,
            )
        };
        (status, delivery, fault)
    };
    let (status, delivery, fault) = check(&response);
    assert_eq!((status, fault.rule), (V2G_OK, 0));
    assert_eq!(delivery.leaf.length, hierarchy().certificate(Entity::Contract(0)).len());

    let secret = agreed(&delivery.ephemeral);
    let (mut key, mut why) = ([0; 66], v2g_fault::default());
    let mut open = |kdf, secret: &[u8]| {
        // SAFETY: as above.
        unsafe {
            v2g_delivery_open(&raw const delivery, kdf, bytes(secret), key.as_mut_ptr(), 66, &raw mut why)
        }
    };
    assert_eq!(open(V2G_KDF_X963, &secret), V2G_E_TRUST);
    assert_eq!(open(V2G_KDF_SP800_56A, &secret), V2G_OK);
    assert_eq!(why.rule, V2G_RULE_WRAPPED_TAG);
    assert_eq!(key.as_slice(), hierarchy().get(Entity::Contract(0)).unwrap().key.expose());
}

#[test]
fn a_vehicle_without_a_contract_is_told() {
    let (response, refused) = fetched(|secc, now, _, _, _| {
        // SAFETY: the engine lives.
        let status = unsafe { v2g_secc_refuse_installation(secc, now, V2G_INSTALLATION_NO_CONTRACT) };
        assert_eq!(status, V2G_OK);
    });
    assert!(response.is_none() && refused);
}

/// Found by the fuzz target `c_api`: the refusal of what is no such request at all gave no reason.
#[test]
fn a_request_that_is_none_is_refused_with_a_reason() {
    let (secc, _) = engines(None);
    let (mut buffer, mut fault) = (vec![0; 6400], v2g_fault::default());
    let memory = (buffer.as_mut_ptr(), buffer.len());
    let (trust, request) = (trusting_time(), bytes(&[0x80]));
    // SAFETY: all of it lives.
    let status = unsafe {
        v2g_secc_check_installation(secc, NOW, &raw const trust, request, memory.0, memory.1, &raw mut fault)
    };
    assert_eq!(status, V2G_E_TRUST);
    assert_ne!((fault.rule, fault.subject), (0, 0));
}
