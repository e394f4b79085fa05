//! Writes what a microcontroller needs for a session with a contract as a C header: certificates, OCSP responses, challenge, and
//! the signature that the vehicle's key makes: `contract-data FILE`. The key stays here: it is in no header.
//!
//! A vehicle that has the same identity and gets the same challenge signs the same message.

#[path = "../../pki/tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::ffi::c_void;
use std::fmt::Write as _;
use std::mem::zeroed;
use std::ptr;

use common::hierarchy;
use v2g::config::{V2G_CONTROL_DYNAMIC, V2G_SERVICE_DC_BPT, v2g_offer, v2g_parameters};
use v2g::evcc::event::{V2G_EVCC_SIGN_AUTHORIZATION, v2g_evcc_event};
use v2g::evcc::sign::V2G_SCHEME_ECDSA_P521;
use v2g::evcc::{
    v2g_contract, v2g_evcc, v2g_evcc_config, v2g_evcc_handle_input, v2g_evcc_init, v2g_evcc_poll_event,
    v2g_evcc_poll_transmit, v2g_evcc_start, v2g_wish,
};
use v2g::secc::{
    V2G_AUTHORIZE_CONTRACT, v2g_secc, v2g_secc_config, v2g_secc_event, v2g_secc_handle_input, v2g_secc_init,
    v2g_secc_poll_event, v2g_secc_poll_transmit, v2g_secc_start,
};
use v2g::session::{V2G_TRANSPORT_SECURED, v2g_connection, v2g_received, v2g_transmit};
use v2g::status::{V2G_OK, V2G_PENDING};
use v2g::text::{v2g_bytes, v2g_str};
use v2g::trust::keys::{v2g_evcc_sign, v2g_sign_request, v2g_signing};
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

const BUFFER: usize = 16 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: contract-data FILE")?;
    let hierarchy = hierarchy();
    let mut signed = Vec::new();
    let (secc, evcc) = engines();
    exchange(secc, evcc, &mut signed)?;
    let key = &hierarchy.get(Entity::Contract(0)).ok_or("a contract")?.key;
    let chain = hierarchy.chain(Entity::Contract(0));
    let mut out =
        String::from("/* Made by contract-data: a contract, and what proves it. */\n#include <stdint.h>\n");
    for (name, octets) in [
        ("challenge_octets", common::message::CHALLENGE.as_slice()),
        ("root", hierarchy.certificate(Entity::Root(RootKind::Mo))),
        ("signature", &key.sign_fixed(&signed)),
    ] {
        array(&mut out, name, octets)?;
    }
    for (index, der) in chain.iter().enumerate() {
        array(&mut out, &format!("certificate_{index}"), der)?;
    }
    for (index, der) in
        hierarchy.staples(Entity::Contract(0), common::now().plus(-common::DAY)).iter().enumerate()
    {
        array(&mut out, &format!("ocsp_{index}"), der)?;
    }
    writeln!(out, "#define CONTRACT_UNIX_SECONDS {}", common::now().unix())?;
    Ok(std::fs::write(file, out)?)
}

fn array(out: &mut String, name: &str, octets: &[u8]) -> std::fmt::Result {
    let numbers: Vec<String> = octets.iter().map(u8::to_string).collect();
    writeln!(out, "static const uint8_t contract_{name}[{}] = {{ {} }};", octets.len(), numbers.join(", "))
}

/// A struct of C's in which nothing is said.
fn zero<T>() -> T {
    // SAFETY: they are made of numbers and pointers.
    unsafe { zeroed() }
}

/// The same, with its size.
fn sized<T>() -> T {
    let mut value: T = zero();
    // SAFETY: the size is the first field of structs that have one.
    unsafe { (&raw mut value).cast::<u32>().write(size_of::<T>() as u32) };
    value
}

fn bytes(octets: &[u8]) -> v2g_bytes {
    v2g_bytes { data: octets.as_ptr(), length: octets.len() }
}

fn text(text: &str) -> v2g_str {
    v2g_str { data: text.as_ptr().cast(), length: text.len() }
}

/// Both ends, connected. They live as long as the program.
fn engines() -> (*mut v2g_secc, *mut v2g_evcc) {
    let set = v2g_parameters { id: 1, control_mode: V2G_CONTROL_DYNAMIC, ..zero() };
    let offer = v2g_offer { service: V2G_SERVICE_DC_BPT, set_count: 1, sets: &raw const set, ..zero() };
    let wish = v2g_wish { service: V2G_SERVICE_DC_BPT, control_mode: V2G_CONTROL_DYNAMIC, ..zero() };
    let chain = hierarchy().chain(Entity::Contract(0));
    let mut subs = [bytes(&[]); 3];
    for (place, der) in subs.iter_mut().zip(chain.iter().skip(1)) {
        *place = bytes(der);
    }
    let contract = v2g_contract { emaid: text(""), leaf: bytes(chain[0]), subs };
    let buffer = || Vec::leak(vec![0_u8; BUFFER]).as_mut_ptr();
    let station = v2g_secc_config {
        authorization: V2G_AUTHORIZE_CONTRACT,
        evse_id: text("DE*V2G*E1"),
        meter_id: text("M1"),
        offers: &raw const offer,
        offer_count: 1,
        buffer: buffer(),
        buffer_size: BUFFER,
        ..sized()
    };
    let vehicle = v2g_evcc_config {
        evcc_id: text("WMIV1234567890ABC"),
        wishes: &raw const wish,
        wish_count: 1,
        contracts: &raw const contract,
        contract_count: 1,
        buffer: buffer(),
        buffer_size: BUFFER,
        ..sized()
    };
    let connection = v2g_connection {
        transport: V2G_TRANSPORT_SECURED,
        unix_seconds: common::now().unix().cast_unsigned(),
        has_peer: 1,
        peer: [7; 64],
        ..sized()
    };
    let memory = || Vec::leak(vec![0_u64; 1024]).as_mut_ptr().cast();
    let (mut secc, mut evcc) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: what is kept is leaked.
    unsafe {
        assert_eq!(v2g_secc_init(memory(), 8192, &raw const station, &raw mut secc), V2G_OK);
        assert_eq!(v2g_evcc_init(memory(), 8192, &raw const vehicle, &raw mut evcc), V2G_OK);
        let (id, challenge) = ([1; 8], common::message::CHALLENGE);
        assert_eq!(v2g_secc_start(secc, 0, &raw const connection, id.as_ptr(), challenge.as_ptr()), V2G_OK);
        assert_eq!(v2g_evcc_start(evcc, 0, &raw const connection), V2G_OK);
    }
    (secc, evcc)
}

/// Takes a copy of what is to be signed.
unsafe extern "C" fn sign(
    user: *mut c_void,
    request: *const v2g_sign_request,
    _: *mut u8,
    _: usize,
    _: *mut usize,
) -> i32 {
    // SAFETY: `user` is what `exchange` gave, and the request lives as long as this call.
    unsafe {
        let message = (*request).message;
        (*user.cast::<Vec<u8>>()).extend(std::slice::from_raw_parts(message.data, message.length));
    }
    V2G_PENDING
}

/// Lets both talk until the vehicle wants something signed.
fn exchange(secc: *mut v2g_secc, evcc: *mut v2g_evcc, signed: &mut Vec<u8>) -> Result<(), &'static str> {
    let (mut frame, mut scratch) = (vec![0; BUFFER], vec![0; 8192]);
    let (mut sent, mut received): (v2g_transmit, v2g_received) = (sized(), sized());
    // SAFETY: engines that live, slices and locals.
    unsafe {
        for now in 0..20 {
            if v2g_evcc_poll_transmit(evcc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent) == V2G_OK {
                v2g_secc_handle_input(secc, now, frame.as_ptr(), sent.length, &raw mut received);
            }
            let mut event: v2g_secc_event = sized();
            while v2g_secc_poll_event(secc, &raw mut event) == V2G_OK {}
            if v2g_secc_poll_transmit(secc, now, frame.as_mut_ptr(), frame.len(), &raw mut sent) == V2G_OK {
                v2g_evcc_handle_input(evcc, now, frame.as_ptr(), sent.length, &raw mut received);
            }
            let mut event: v2g_evcc_event = sized();
            while v2g_evcc_poll_event(evcc, &raw mut event) == V2G_OK {
                if event.kind == V2G_EVCC_SIGN_AUTHORIZATION {
                    let mut signing: v2g_signing = sized();
                    v2g_evcc_sign(
                        evcc,
                        now,
                        V2G_SCHEME_ECDSA_P521,
                        Some(sign),
                        ptr::from_mut(signed).cast(),
                        scratch.as_mut_ptr(),
                        scratch.len(),
                        &raw mut signing,
                    );
                    return Ok(());
                }
            }
        }
    }
    Err("the vehicle signs nothing")
}
