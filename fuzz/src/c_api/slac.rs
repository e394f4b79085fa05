//! SLAC at both ends, with modems that hear what the fuzzer wants.

use std::ffi::c_void;

use v2g::slac::V2G_SLAC_FRAME;
use v2g::slac::charger::*;
use v2g::slac::vehicle::*;
use v2g::status::V2G_OK;
use v2g_slac::MacAddr;

use super::input::{Input, zeroed};
use super::links::passed_on;
use super::memory::{Given, Out, holding, known};
use super::{Kind, Program};
use crate::slac::{Input as Decisions, frame, message};

const EVSE: [u8; 6] = [2, 0xC0, 0, 0, 0, 1];
const EV: [u8; 6] = [2, 0xE0, 0, 0, 0, 1];

/// Numbers that are always the same, so that the messages that are made up fit; none at all where `user` is not null.
unsafe extern "C" fn random(user: *mut c_void, out: *mut u8, length: usize) -> i32 {
    if !user.is_null() {
        return -1;
    }
    // SAFETY: there is as much memory as the library says.
    unsafe { out.write_bytes(crate::slac::RUN.0[0], length) };
    0
}

fn user(input: &mut Input<'_>) -> *mut c_void {
    if input.seldom() { std::ptr::dangling_mut::<u8>().cast() } else { std::ptr::null_mut() }
}

fn address(input: &mut Input<'_>, own: [u8; 6]) -> [u8; 6] {
    if input.seldom() { [input.byte(), 0, 0, 0, 0, 0] } else { own }
}

fn init_evse(program: &mut Program<'_>) -> i32 {
    let (storage, size) = program.storage(Kind::SlacEvse);
    let input = &mut program.input;
    let config = v2g_slac_evse_config {
        profile: u32::from(input.byte() >> 6),
        supply: u32::from(input.byte() >> 6),
        basic_charging: u32::from(input.byte() >> 6),
        validation: u32::from(input.byte() >> 6),
        mac: address(input, EVSE),
        offset: input.byte() as i8,
        random: (!input.seldom()).then_some(random),
        user: user(input),
        ..zeroed()
    };
    let (config, out) = (Given::new(config, input), Out::plain(input));
    // SAFETY: there is memory for all.
    let status = unsafe { v2g_slac_evse_init(storage, size, config.pointer(), out.pointer()) };
    out.check(status);
    status
}

fn init_ev(program: &mut Program<'_>) -> i32 {
    let (storage, size) = program.storage(Kind::SlacEv);
    let input = &mut program.input;
    let config = v2g_slac_ev_config {
        profile: u32::from(input.byte() >> 6),
        direct: if input.seldom() { input.value() } else { 0 },
        indirect: if input.seldom() { input.value() } else { 0 },
        mac: address(input, EV),
        random: (!input.seldom()).then_some(random),
        user: user(input),
        ..zeroed()
    };
    let (config, out) = (Given::new(config, input), Out::plain(input));
    // SAFETY: there is memory for all.
    let status = unsafe { v2g_slac_ev_init(storage, size, config.pointer(), out.pointer()) };
    out.check(status);
    status
}

/// A frame of a modem's, or of somebody's.
fn made_up(input: &mut Input<'_>, to: [u8; 6]) -> Vec<u8> {
    let kind = input.byte();
    let mut decisions = Decisions::new(input.bytes());
    let said = message(kind, MacAddr(EV), MacAddr(EVSE), &mut decisions);
    let from = if kind & 0x40 == 0 { [2, 0xC1, 0, 0, 0, 1] } else { EV };
    let mut octets = frame(MacAddr(to), MacAddr(from), &said);
    if input.seldom() {
        octets.truncate(usize::from(input.byte()));
    }
    octets
}

/// Frames go from one to the other until none is left, and time passes.
fn both(program: &mut Program<'_>) -> i32 {
    let (evse, ev) = (program.own(Kind::SlacEvse), program.own(Kind::SlacEv));
    let now = program.now;
    for _ in 0..8 {
        let out = super::Memory::new(V2G_SLAC_FRAME);
        let length = Out::<usize>::good();
        // SAFETY: whether the machines live or not, there is memory.
        unsafe {
            if known(v2g_slac_evse_poll_transmit(evse, out.start(), V2G_SLAC_FRAME, length.pointer()))
                == V2G_OK
            {
                let used = length.value().unwrap_or(0);
                known(v2g_slac_ev_handle_frame(ev, now, out.start(), used));
            }
            if known(v2g_slac_ev_poll_transmit(ev, out.start(), V2G_SLAC_FRAME, length.pointer())) == V2G_OK {
                let used = length.value().unwrap_or(0);
                known(v2g_slac_evse_handle_frame(evse, now, out.start(), used));
            }
        }
        out.check();
    }
    V2G_OK
}

/// Any function of both machines.
#[allow(clippy::too_many_lines, reason = "one arm for each function")]
pub(super) fn call(program: &mut Program<'_>) {
    let which = program.input.byte() % 34;
    let status = match which {
        0 => init_evse(program),
        1 => init_ev(program),
        2..=5 => both(program),
        _ => {
            let (evse, ev) = (program.handle(Kind::SlacEvse), program.handle(Kind::SlacEv));
            let now = program.time();
            one(program, which, (evse, ev), now)
        }
    };
    known(status);
}

#[allow(clippy::too_many_lines, reason = "one arm for each function")]
fn one(
    program: &mut Program<'_>,
    which: u8,
    (evse, ev): (*mut v2g_slac_evse, *mut v2g_slac_ev),
    now: u64,
) -> i32 {
    let input = &mut program.input;
    // SAFETY: there is memory for all, as much as is said.
    unsafe {
        match which {
            6 => v2g_slac_evse_start(evse, now),
            7 => v2g_slac_ev_start(ev, now),
            8 => v2g_slac_evse_report_pilot(evse, now, input.choice(6)),
            9 => v2g_slac_ev_report_pilot(ev, now, input.choice(6), input.value()),
            10 => v2g_slac_evse_authorized(evse, now),
            11 | 12 => {
                let octets = made_up(input, EVSE);
                let there = holding(&octets);
                v2g_slac_evse_handle_frame(evse, now, there.start(), there.length())
            }
            13 | 14 => {
                let octets = made_up(input, EV);
                let there = holding(&octets);
                v2g_slac_ev_handle_frame(ev, now, there.start(), there.length())
            }
            15 => v2g_slac_evse_handle_timeout(evse, now),
            16 => v2g_slac_ev_handle_timeout(ev, now),
            17 => {
                let deadline = Out::plain(input);
                let status = v2g_slac_evse_poll_timeout(evse, deadline.pointer());
                deadline.check(status);
                status
            }
            18 => {
                let deadline = Out::plain(input);
                let status = v2g_slac_ev_poll_timeout(ev, deadline.pointer());
                deadline.check(status);
                status
            }
            19 => {
                let event = Out::<v2g_slac_evse_event>::sized(input);
                let status = v2g_slac_evse_poll_event(evse, event.pointer());
                event.check(status);
                status
            }
            20 => {
                let event = Out::<v2g_slac_ev_event>::sized(input);
                let status = v2g_slac_ev_poll_event(ev, event.pointer());
                event.check(status);
                status
            }
            21 => {
                let (length, out) = (Out::<usize>::plain(input), program.buffer(V2G_SLAC_FRAME));
                let status = v2g_slac_evse_poll_transmit(evse, out.start, out.capacity(), length.pointer());
                length.check(status);
                out.check(status, None);
                let octets = passed_on(program, &out, status, length.value());
                let there = holding(&octets);
                known(status);
                v2g_slac_ev_handle_frame(ev, now, there.start(), there.length())
            }
            22 => {
                let (length, out) = (Out::<usize>::plain(input), program.buffer(V2G_SLAC_FRAME));
                let status = v2g_slac_ev_poll_transmit(ev, out.start, out.capacity(), length.pointer());
                length.check(status);
                out.check(status, None);
                let octets = passed_on(program, &out, status, length.value());
                let there = holding(&octets);
                known(status);
                v2g_slac_evse_handle_frame(evse, now, there.start(), there.length())
            }
            23 => v2g_slac_evse_set_link(evse, now, u32::from(input.byte() >> 6)),
            24 => v2g_slac_ev_set_link(ev, now, u32::from(input.byte() >> 6)),
            25 => v2g_slac_evse_terminate(evse, now),
            26 => v2g_slac_ev_terminate(ev, now),
            27 => v2g_slac_evse_error(evse, now),
            28 => v2g_slac_ev_error(ev, now),
            29 => v2g_slac_evse_pause(evse, now),
            30 => v2g_slac_ev_pause(ev, now),
            31 => known(v2g_slac_evse_wake(evse, now)).max(v2g_slac_ev_wake(ev, now)),
            32 => v2g_slac_evse_deinit(evse),
            _ => v2g_slac_ev_deinit(ev),
        }
    }
}
