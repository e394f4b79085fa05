//! A turn of a charger's charge loop (bytes of a request in, events answered, bytes of the response out), through Rust and through
//! C, each in a function of its own for callgrind.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;

use iso15118_20::Instant;
use iso15118_20::message::MessageKind;
use iso15118_20::secc::Secc;
use v2g::config::{V2G_CONTROL_DYNAMIC, V2G_SERVICE_DC_BPT, v2g_offer, v2g_parameters};
use v2g::number::v2g_number;
use v2g::power::{v2g_dc_limits, v2g_flow_limits};
use v2g::secc::event::{
    V2G_SECC_AUTHORIZATION_WANTED, V2G_SECC_CLOSE_CONTACTOR, V2G_SECC_ISOLATION_TEST,
    V2G_SECC_OPEN_CONTACTOR, V2G_SECC_OUTPUT, V2G_SECC_POWER_OFF, V2G_SECC_PRE_CHARGE, v2g_secc_event,
};
use v2g::secc::host::{
    V2G_AUTHORIZATION_ACCEPTED, v2g_secc_report_contactor, v2g_secc_report_measurement,
    v2g_secc_respond_authorization, v2g_secc_respond_isolation, v2g_secc_set_dc_limits,
    v2g_secc_set_dispatch, v2g_secc_set_grid_permit,
};
use v2g::secc::{
    v2g_secc, v2g_secc_config, v2g_secc_handle_input, v2g_secc_init, v2g_secc_poll_event,
    v2g_secc_poll_transmit, v2g_secc_size, v2g_secc_start,
};
use v2g::session::{
    V2G_CONTACTOR_CLOSED, V2G_CONTACTOR_OPEN, V2G_TRANSPORT_INSECURE_LAB, v2g_connection, v2g_received,
    v2g_transmit,
};
use v2g::text::v2g_str;
use v2g_benches::session::{BUFFER, SESSION, charger, run, serve};

/// Times that each is done.
const ROUNDS: usize = 16;

fn main() {
    let mut requests: Vec<(MessageKind, Vec<u8>)> = Vec::new();
    let mut buffers = Box::new([[0; BUFFER]; 2]);
    run(&mut buffers, 3, |kind, request, _| requests.push((kind, request.to_vec())));
    let last = requests.iter().rposition(|(kind, _)| *kind == MessageKind::DcChargeLoopReq);
    let last = last.expect("a round of the loop");
    let (before, round) = (&requests[..last], &requests[last].1);
    let mut out = [0; 1024];

    let [first, second] = &mut *buffers;
    let mut ours = charger(first);
    let mut storage: Box<[MaybeUninit<u64>]> = Box::new_uninit_slice(v2g_secc_size().div_ceil(8));
    let theirs = c_charger(&mut storage, second);
    for (_, request) in before {
        let answer = exchange(&mut ours, request, &mut out);
        let expected = out;
        assert_eq!(c_exchange(theirs, request, &mut out), answer);
        assert_eq!(out.get(..answer), expected.get(..answer), "both say the same");
    }
    for _ in 0..ROUNDS {
        let answer = black_box(rust_turn(&mut ours, black_box(round), &mut out));
        assert_eq!(black_box(c_turn(theirs, black_box(round), &mut out)), answer);
    }
}

#[inline(never)]
fn rust_turn(secc: &mut Secc<'_>, request: &[u8], out: &mut [u8]) -> usize {
    exchange(secc, request, out)
}

fn exchange(secc: &mut Secc<'_>, request: &[u8], out: &mut [u8]) -> usize {
    let _ = secc.handle_input(Instant::ZERO, request);
    serve(secc, Instant::ZERO);
    let sent = secc.poll_transmit(Instant::ZERO, out).expect("an answer that fits");
    serve(secc, Instant::ZERO);
    sent.expect("an answer at once").len
}

#[inline(never)]
fn c_turn(secc: *mut v2g_secc, request: &[u8], out: &mut [u8]) -> usize {
    c_exchange(secc, request, out)
}

fn c_exchange(secc: *mut v2g_secc, request: &[u8], out: &mut [u8]) -> usize {
    let mut received = v2g_received { size: size_of::<v2g_received>() as u32, ..zeroed() };
    let mut sent = v2g_transmit { size: size_of::<v2g_transmit>() as u32, ..zeroed() };
    // SAFETY: an engine that lives, slices and locals.
    unsafe {
        assert_eq!(v2g_secc_handle_input(secc, 0, request.as_ptr(), request.len(), &raw mut received), 0);
        c_serve(secc);
        assert_eq!(v2g_secc_poll_transmit(secc, 0, out.as_mut_ptr(), out.len(), &raw mut sent), 0);
        c_serve(secc);
    }
    sent.length
}

/// As [`serve`].
unsafe fn c_serve(secc: *mut v2g_secc) {
    let mut event = v2g_secc_event { size: size_of::<v2g_secc_event>() as u32, ..zeroed() };
    // SAFETY: promised by the caller; what is read of an event is what its kind has.
    unsafe {
        while v2g_secc_poll_event(secc, &raw mut event) == 0 {
            let status = match event.kind {
                V2G_SECC_AUTHORIZATION_WANTED => {
                    v2g_secc_respond_authorization(secc, 0, V2G_AUTHORIZATION_ACCEPTED)
                }
                V2G_SECC_ISOLATION_TEST => v2g_secc_respond_isolation(secc, 0, 1),
                V2G_SECC_PRE_CHARGE => v2g_secc_report_measurement(secc, 0, event.data.voltage, of(0, 0)),
                V2G_SECC_CLOSE_CONTACTOR => v2g_secc_report_contactor(secc, 0, V2G_CONTACTOR_CLOSED),
                V2G_SECC_OUTPUT => {
                    let output = event.data.output;
                    let current = if output.power.value == 0 { of(0, 0) } else { output.current };
                    v2g_secc_report_measurement(secc, 0, of(400, 0), current)
                }
                V2G_SECC_OPEN_CONTACTOR | V2G_SECC_POWER_OFF => {
                    v2g_secc_report_measurement(secc, 0, of(0, 0), of(0, 0));
                    v2g_secc_report_contactor(secc, 0, V2G_CONTACTOR_OPEN)
                }
                _ => 0,
            };
            assert_eq!(status, 0);
        }
    }
}

/// As [`charger`].
fn c_charger(storage: &mut [MaybeUninit<u64>], buffer: &mut [u8]) -> *mut v2g_secc {
    let set = v2g_parameters { id: 1, control_mode: V2G_CONTROL_DYNAMIC, ..zeroed() };
    let offer =
        v2g_offer { service: V2G_SERVICE_DC_BPT, paid: 1, set_count: 1, sets: &raw const set, ..zeroed() };
    let config = v2g_secc_config {
        size: size_of::<v2g_secc_config>() as u32,
        evse_id: v2g_str { data: c"DE*V2G*E0001*1".as_ptr().cast(), length: 14 },
        meter_id: v2g_str { data: c"METER-1".as_ptr().cast(), length: 7 },
        offers: &raw const offer,
        offer_count: 1,
        buffer: buffer.as_mut_ptr(),
        buffer_size: buffer.len(),
        ..zeroed()
    };
    let flow = v2g_flow_limits {
        max_power: of(30, 3),
        min_power: of(0, 0),
        max_current: of(75, 0),
        min_current: of(0, 0),
    };
    let limits = v2g_dc_limits {
        size: size_of::<v2g_dc_limits>() as u32,
        has_discharge: 1,
        charge: flow,
        discharge: flow,
        max_voltage: of(500, 0),
        min_voltage: of(150, 0),
    };
    let link = v2g_connection {
        size: size_of::<v2g_connection>() as u32,
        transport: V2G_TRANSPORT_INSECURE_LAB,
        unix_seconds: 1_700_000_000,
        ..zeroed()
    };
    let mut secc = ptr::null_mut();
    // SAFETY: slices and locals; the engine keeps storage and buffer alone, which outlive it.
    unsafe {
        let size = size_of_val(storage);
        assert_eq!(v2g_secc_init(storage.as_mut_ptr().cast(), size, &raw const config, &raw mut secc), 0);
        assert_eq!(v2g_secc_set_dc_limits(secc, &raw const limits), 0);
        assert_eq!(v2g_secc_set_grid_permit(secc, of(10, 6), of(10, 6)), 0);
        assert_eq!(v2g_secc_set_dispatch(secc, of(-8, 3)), 0);
        assert_eq!(v2g_secc_start(secc, 0, &raw const link, SESSION.as_ptr(), [1; 16].as_ptr()), 0);
    }
    secc
}

const fn of(value: i16, exponent: i8) -> v2g_number {
    v2g_number { value, exponent, present: 1 }
}

/// A struct of C's in which nothing is said.
fn zeroed<T: Copy>() -> T {
    // SAFETY: they are made of numbers and pointers.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
