//! Certificates, trust stores, contracts and signatures, right and damaged.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use v2g::evcc::{V2G_EVCC_CONTRACTS, v2g_contract, v2g_evcc};
use v2g::secc::v2g_secc;
use v2g::session::v2g_transmit;
use v2g::status::{V2G_E_TRUST, V2G_OK, V2G_PENDING};
use v2g::text::v2g_bytes;
use v2g::trust::certificate::*;
use v2g::trust::contract::*;
use v2g::trust::contracts::*;
use v2g::trust::delivery::*;
use v2g::trust::device::v2g_verify_request;
use v2g::trust::installation::*;
use v2g::trust::keys::*;
use v2g::trust::metering::*;
use v2g::trust::verify::*;
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

use super::input::zeroed;
use super::memory::{Given, Memory, Out, holding, known};
use super::{Kind, Program, store};
use crate::pki::{hierarchy, now, pcid, staples_of_signers};

/// Messages that somebody signed, of another session.
const SIGNED: [&[u8]; 4] = [
    include_bytes!("../../seeds/pki_signature/installation"),
    include_bytes!("../../seeds/pki_signature/authorization"),
    include_bytes!("../../seeds/pki_signature/installation_request"),
    include_bytes!("../../seeds/pki_signature/metering"),
];
/// Most that certificates of one chain take.
const CERTIFICATES: usize = 6400;

fn chain(program: &mut Program<'_>, entity: Entity) -> (v2g_bytes, [v2g_bytes; 3]) {
    let chain = hierarchy().chain(entity);
    let mut subs = [v2g_bytes { data: ptr::null(), length: 0 }; 3];
    let leaf = program.octets(chain.first().expect("a leaf"));
    for (place, der) in subs.iter_mut().zip(chain.iter().skip(1)) {
        *place = program.octets(der);
    }
    (leaf, subs)
}

/// The provisioning certificate and those above it.
pub(super) fn provisioning(program: &mut Program<'_>) -> (v2g_bytes, [v2g_bytes; 3]) {
    chain(program, Entity::Provisioning)
}

/// A contract of the vehicle's.
pub(super) fn contract(program: &mut Program<'_>) -> v2g_contract {
    let emaid = program.text("");
    let which = u16::from(program.input.byte() & 1);
    let (leaf, subs) = chain(program, Entity::Contract(which));
    v2g_contract { emaid, leaf, subs }
}

/// What chains are checked with, and the memory of it.
struct Trust {
    given: Given<v2g_trust>,
    _roots: Vec<v2g_root>,
    _evidence: [Vec<v2g_bytes>; 2],
}

fn trust(program: &mut Program<'_>) -> Trust {
    let roots: Vec<v2g_root> = [RootKind::V2g, RootKind::Oem, RootKind::Mo]
        .into_iter()
        .map(|kind| {
            let certificate = program.octets(hierarchy().certificate(Entity::Root(kind)));
            let kind = if program.input.seldom() { program.input.value() } else { kind as u32 };
            v2g_root { kind, reserved: 0, certificate }
        })
        .collect();
    let ocsp: Vec<v2g_bytes> = staples_of_signers().iter().take(8).map(|der| program.octets(der)).collect();
    let crls = vec![program.octets(include_bytes!("../../seeds/pki_crl/good")); 3];
    let store = if program.input.seldom() { program.handle(Kind::TrustStore) } else { ptr::null_mut() };
    let input = &mut program.input;
    let given = v2g_trust {
        edition: u32::from(input.byte() >> 6),
        revocation: u32::from(input.byte() >> 6),
        flags: if input.seldom() { input.value() } else { 0 },
        unix_seconds: if input.seldom() { input.large() as i64 } else { now().unix() },
        roots: roots.as_ptr(),
        root_count: input.length(roots.len()),
        crls: crls.as_ptr(),
        crl_count: usize::from(input.byte() >> 6),
        ocsp: ocsp.as_ptr(),
        ocsp_count: input.length(ocsp.len()),
        store,
        verify: input.seldom().then_some(accepts as _),
        ..zeroed()
    };
    Trust { given: Given::new(given, input), _roots: roots, _evidence: [ocsp, crls] }
}

/// A device that checks signatures, for which all of some kinds hold and others take time.
unsafe extern "C" fn accepts(user: *mut c_void, request: *const v2g_verify_request) -> i32 {
    // SAFETY: the request lives.
    let request = unsafe { &*request };
    assert!(user.is_null() && (1..=3).contains(&request.scheme) && request.reserved == 0);
    assert!(matches!(request.digest.length, 0 | 32 | 64) && request.key.length > 0);
    match (request.signature.length % 4, request.message.length % 8) {
        (0, 0) => V2G_PENDING,
        (0, _) => V2G_OK,
        _ => 1,
    }
}

/// What a device with keys does: it signs nothing that would hold, takes its time, or fails.
unsafe extern "C" fn device(
    user: *mut c_void,
    request: *const v2g_sign_request,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: `sign` gave its decisions, and the request lives.
    let (choice, request) = unsafe { (user.cast::<u8>().read(), &*request) };
    assert!((1..=3).contains(&request.subject) && capacity >= 132);
    assert!(matches!(request.digest.length, 0 | 32 | 64) && !request.message.data.is_null());
    let count = match choice {
        0..=0x5F => 132,
        0x60..=0x6F => 64,
        0x70..=0x7F => usize::from(choice),
        0x80..=0x8F => capacity + 1,
        0x90..=0xDF => return V2G_PENDING,
        _ => return -i32::from(choice),
    };
    // SAFETY: there is as much memory as is said.
    unsafe {
        out.write_bytes(choice | 1, count.min(capacity));
        length.write(count);
    }
    V2G_OK
}

/// Lets the device sign what the engine wants to be signed.
pub(super) fn sign(program: &mut Program<'_>) -> i32 {
    let (evcc, time) = (program.handle::<v2g_evcc>(Kind::Evcc), program.time());
    let choice = holding(&[program.input.byte()]);
    let scratch = program.buffer(8192);
    let input = &mut program.input;
    let scheme = input.choice(3);
    let function: v2g_sign = (!input.seldom()).then_some(device);
    let signing = Out::<v2g_signing>::sized(input);
    let (start, capacity) = (scratch.start, scratch.capacity());
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        v2g_evcc_sign(evcc, time, scheme, function, choice.start().cast(), start, capacity, signing.pointer())
    };
    signing.check(status);
    scratch.check(status, None);
    if status == V2G_PENDING {
        program.signing = signing.value();
    }
    status
}

/// Gives the engine a signature that took its time.
pub(super) fn complete(program: &mut Program<'_>, evcc: *mut v2g_evcc) -> i32 {
    let mut begun: v2g_signing = match program.signing {
        Some(begun) if !program.input.seldom() => begun,
        // SAFETY: it is made of numbers.
        _ => unsafe { program.input.filled() },
    };
    if program.input.seldom() {
        begun.digest_length = program.input.value();
    }
    let value = program.octets(&[6; 132]);
    let signing = Given::new(begun, &mut program.input);
    let time = program.time();
    // SAFETY: there is memory for all.
    unsafe { v2g_evcc_complete_signature(evcc, time, signing.pointer(), value) }
}

/// Other contracts than those that the engine has.
pub(super) fn contracts(program: &mut Program<'_>, evcc: *mut v2g_evcc) -> i32 {
    let count =
        if program.input.seldom() { V2G_EVCC_CONTRACTS + 1 } else { usize::from(program.input.byte() >> 6) };
    let contracts: Vec<v2g_contract> = (0..count).map(|_| contract(program)).collect();
    let memory = &program.contracts[1];
    let size = program.input.length(memory.length());
    let from = if contracts.is_empty() { ptr::null() } else { contracts.as_ptr() };
    // SAFETY: what has to live does, and the memory is not that of the call before.
    let status = unsafe { v2g_evcc_set_contracts(evcc, from, count, memory.start().cast(), size) };
    memory.check();
    if status == V2G_OK {
        program.contracts.swap(0, 1);
    }
    status
}

/// The request that the charger got last, or one of another session.
fn request(program: &mut Program<'_>, other: &[u8]) -> v2g_bytes {
    let own = program.request.clone();
    let other = program.input.seldom().then_some(other);
    program.octets(other.unwrap_or(&own))
}

/// What the station says of the contract that is shown: what it finds out, or just something.
pub(super) fn judge(program: &mut Program<'_>) -> i32 {
    if program.checks == 0 || program.input.byte() < 0x80 {
        let (secc, time) = (program.own(Kind::Secc), program.now);
        let verdict = program.input.choice(10);
        // SAFETY: whether the engine lives or not, there is memory.
        return unsafe { v2g::secc::host::v2g_secc_respond_contract(secc, time, verdict) };
    }
    program.checks -= 1;
    let trust = trust(program);
    let request = request(program, SIGNED[1]);
    let (secc, time) = (program.handle::<v2g_secc>(Kind::Secc), program.time());
    let providers = [program.text("DE8AA"); 9];
    let buffer = program.buffer(CERTIFICATES);
    let input = &mut program.input;
    let terms = v2g_contract_terms {
        decide: u32::from(input.byte() >> 6),
        stand_alone: u32::from(input.byte() >> 7),
        providers: providers.as_ptr(),
        provider_count: if input.seldom() { usize::from(input.byte()) % 10 } else { 0 },
        ..zeroed()
    };
    let terms = Given::new(terms, input);
    let checked = Out::<v2g_contract_checked>::sized(input);
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        v2g_secc_check_contract(
            secc,
            time,
            trust.given.pointer(),
            terms.pointer(),
            request,
            buffer.start,
            buffer.capacity(),
            checked.pointer(),
        )
    };
    checked.check(status);
    buffer.check(status, None);
    if let Some(checked) = checked.value().filter(|_| status >= 0) {
        let known = if checked.question == V2G_QUESTION_DEVICE { 0..=0 } else { 1..=10 };
        assert!(known.contains(&checked.verdict) && checked.emaid_length <= 16);
    }
    status
}

/// What the station does about a vehicle that wants a contract.
pub(super) fn provide(program: &mut Program<'_>) -> i32 {
    let (secc, time) = (program.handle::<v2g_secc>(Kind::Secc), program.time());
    match program.input.byte() % 3 {
        0 => {
            let response = program.octets(SIGNED[0]);
            let out = program.buffer(12 * 1024);
            let sent = Out::<v2g_transmit>::sized(&mut program.input);
            let (start, capacity) = (out.start, out.capacity());
            // SAFETY: there is memory for all, as much as is said.
            let status = unsafe {
                v2g_secc_respond_installation(secc, time, response, start, capacity, sent.pointer())
            };
            sent.wrote();
            out.check(status, None);
            if let (V2G_OK, Some(sent)) = (status, sent.value()) {
                let frame = out.memory.octets().get(..sent.length).expect("no more than there is");
                program.to_vehicle = frame.to_vec();
            }
            status
        }
        1 if program.checks > 0 => {
            program.checks -= 1;
            let request = request(program, SIGNED[2]);
            let buffer = program.buffer(CERTIFICATES);
            let fault = Out::<v2g_fault>::plain(&mut program.input);
            let (start, capacity) = (buffer.start, buffer.capacity());
            let trust = trust(program);
            let given = trust.given.pointer();
            // SAFETY: as above.
            let status = unsafe {
                v2g_secc_check_installation(secc, time, given, request, start, capacity, fault.pointer())
            };
            why(&fault, status);
            buffer.check(status, None);
            status
        }
        _ => {
            let fault = program.input.choice(8);
            // SAFETY: as above.
            unsafe { v2g_secc_refuse_installation(secc, time, fault) }
        }
    }
}

/// A reason is given where something is not trusted, and only there.
pub(super) fn why(fault: &Out<v2g_fault>, status: i32) {
    fault.wrote();
    if status == V2G_E_TRUST
        && let Some(fault) = fault.value()
    {
        assert!(fault.rule != 0 && fault.subject <= V2G_SUBJECT_CLOCK);
    }
}

/// Functions without an engine, or with a store.
pub(super) fn call(program: &mut Program<'_>) {
    let status = match program.input.byte() % 12 {
        0 => parse(program),
        1 | 2 => verify(program),
        3 => check_delivery(program),
        4 => open_delivery(program),
        5 => judge(program),
        6 => provide(program),
        7 => metering(program),
        _ => store::call(program),
    };
    known(status);
}

/// What the station makes of meter readings that are confirmed.
pub(super) fn metering(program: &mut Program<'_>) -> i32 {
    if program.checks == 0 {
        return V2G_OK;
    }
    program.checks -= 1;
    let (secc, time) = (program.handle::<v2g_secc>(Kind::Secc), program.time());
    let leaf = program.octets(hierarchy().certificate(Entity::Contract(0)));
    let request = request(program, SIGNED[3]);
    let trust = trust(program);
    let input = &mut program.input;
    let (readings, fault) = (Out::<v2g_readings>::sized(input), Out::<v2g_fault>::plain(input));
    let (given, why) = (trust.given.pointer(), fault.pointer());
    // SAFETY: there is memory for all.
    let status =
        unsafe { v2g_secc_check_metering(secc, time, given, leaf, request, readings.pointer(), why) };
    readings.check(status);
    // Readings of another session are refused without a rule.
    fault.wrote();
    if let Some(readings) = readings.value().filter(|_| status == V2G_OK) {
        assert!(readings.meter_id_length <= 32);
    }
    status
}

fn parse(program: &mut Program<'_>) -> i32 {
    let der = match program.input.byte() % 3 {
        0 => program.octets(hierarchy().certificate(Entity::Provisioning)),
        1 => program.octets(hierarchy().certificate(Entity::Root(RootKind::Mo))),
        _ => program.octets(hierarchy().certificate(Entity::Contract(0))),
    };
    let input = &mut program.input;
    let (certificate, fault) = (Out::<v2g_certificate>::sized(input), Out::<v2g_fault>::plain(input));
    // SAFETY: there is memory for all.
    let status = unsafe { v2g_certificate_parse(der, certificate.pointer(), fault.pointer()) };
    certificate.check(status);
    why(&fault, status);
    if let Some(said) = certificate.value().filter(|_| status == V2G_OK) {
        // SAFETY: the DER is there, and what is said are views of it.
        let given = unsafe { std::slice::from_raw_parts(der.data, der.length) }.as_ptr_range();
        for view in [said.serial, said.subject_der, said.issuer_der, said.public_key] {
            let end = view.data.wrapping_add(view.length);
            assert!(view.length == 0 || (given.contains(&view.data) && end <= given.end));
        }
    }
    status
}

fn verify(program: &mut Program<'_>) -> i32 {
    if program.checks == 0 {
        return V2G_OK;
    }
    program.checks -= 1;
    let trust = trust(program);
    let (leaf, [first, second, third]) = chain(program, Entity::Contract(0));
    let certificates = [leaf, first, second, third];
    let input = &mut program.input;
    let count = if input.seldom() { usize::from(input.byte()) % 5 } else { 3 };
    let role = if input.seldom() { input.value() } else { V2G_ROLE_CONTRACT };
    let (verified, fault) = (Out::<v2g_verified>::sized(input), Out::<v2g_fault>::plain(input));
    // SAFETY: there is memory for all.
    let status = unsafe {
        let (out, fault) = (verified.pointer(), fault.pointer());
        v2g_trust_verify(trust.given.pointer(), role, certificates.as_ptr(), count, out, fault)
    };
    verified.check(status);
    why(&fault, status);
    status
}

fn check_delivery(program: &mut Program<'_>) -> i32 {
    static PCID: OnceLock<String> = OnceLock::new();
    if program.checks == 0 {
        return V2G_OK;
    }
    program.checks -= 1;
    let name = PCID.get_or_init(|| pcid().as_str().to_owned());
    let trust = trust(program);
    let (name, response) = (program.text(name), program.octets(SIGNED[0]));
    let capacity = program.input.length(CERTIFICATES);
    let (provider, contract) = (Memory::new(capacity), Memory::new(capacity));
    let input = &mut program.input;
    let (delivery, fault) = (Out::<v2g_delivery>::sized(input), Out::<v2g_fault>::plain(input));
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        v2g_delivery_check(
            trust.given.pointer(),
            name,
            response,
            provider.start(),
            contract.start(),
            capacity,
            delivery.pointer(),
            fault.pointer(),
        )
    };
    provider.check();
    contract.check();
    delivery.check(status);
    why(&fault, status);
    status
}

fn open_delivery(program: &mut Program<'_>) -> i32 {
    let (leaf, subs) = chain(program, Entity::Contract(0));
    let secret = program.octets(&[3; 66]);
    let out = program.buffer(66);
    let input = &mut program.input;
    let mut delivery: v2g_delivery = zeroed();
    (delivery.leaf, delivery.subs) = (leaf, subs);
    let name = pcid();
    for (place, octet) in delivery.pcid.iter_mut().zip(name.as_str().bytes()) {
        *place = octet;
    }
    delivery.pcid_length = if input.seldom() { input.byte() } else { name.as_str().len() as u8 };
    delivery.aad_length = input.byte();
    delivery.wrapped = [input.byte(); 94];
    let (given, fault) = (Given::new(delivery, input), Out::<v2g_fault>::plain(input));
    let kdf = u32::from(input.byte() >> 6);
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        v2g_delivery_open(given.pointer(), kdf, secret, out.start, out.capacity(), fault.pointer())
    };
    out.check(status, None);
    why(&fault, status);
    status
}
