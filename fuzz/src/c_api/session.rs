//! Charger and vehicle together: a session as hosts lead it that know what they do, or not quite.

use v2g::evcc::event::*;
use v2g::evcc::host::*;
use v2g::evcc::*;
use v2g::kinds::{
    V2G_MSG_AUTHORIZATION_REQ, V2G_MSG_CERTIFICATE_INSTALLATION_REQ, V2G_MSG_METERING_CONFIRMATION_REQ,
};
use v2g::number::v2g_number;
use v2g::power::{v2g_ac_limits, v2g_ac_measurement, v2g_dc_limits, v2g_flow_limits, v2g_phases};
use v2g::secc::event::*;
use v2g::secc::host::*;
use v2g::secc::*;
use v2g::session::*;
use v2g::status::{V2G_E_BUFFER, V2G_NONE, V2G_OK};

use super::input::zeroed;
use super::memory::{Out, holding, known};
use super::{Kind, Program, charger, codec, trust, vehicle};

/// Time of day of all sessions: when the certificates are valid.
pub(super) fn unix_seconds() -> u64 {
    crate::pki::now().unix() as u64
}

const fn number(value: i16, exponent: i8) -> v2g_number {
    v2g_number { value, exponent, present: 1 }
}

const NONE: v2g_number = v2g_number { value: 0, exponent: 0, present: 0 };

/// How the vehicle is authorized, unless the fuzzer says otherwise.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ways {
    /// From outside.
    External,
    /// By a contract that it has.
    Contract,
    /// By a contract that it fetches.
    Installation,
}

/// Makes both engines, says what they can do, and connects them. All is well unless the fuzzer says otherwise.
pub(super) fn begin(program: &mut Program<'_>) {
    let choice = program.input.byte();
    let service = 1 + u16::from(choice & 0x0F) % 9;
    let mode = if choice & 0x40 == 0 { 2 } else { 1 };
    let ways = match choice & 0x30 {
        0x10 => Ways::Contract,
        0x20 => Ways::Installation,
        _ => Ways::External,
    };
    charger::init(program, service, mode, ways);
    vehicle::init(program, service, mode, ways);
    abilities(program);
    let transport = if choice & 0x80 == 0 { V2G_TRANSPORT_INSECURE_LAB } else { V2G_TRANSPORT_SECURED };
    charger::start(program, transport);
    vehicle::start(program, transport);
    program.to_charger.clear();
    program.to_vehicle.clear();
}

fn abilities(program: &Program<'_>) {
    let (secc, evcc) = (program.own(Kind::Secc), program.own(Kind::Evcc));
    let flow = v2g_flow_limits {
        max_power: number(22, 3),
        min_power: number(0, 0),
        max_current: number(60, 0),
        min_current: number(0, 0),
    };
    let dc = v2g_dc_limits {
        size: size_of::<v2g_dc_limits>() as u32,
        has_discharge: 1,
        charge: flow,
        discharge: flow,
        max_voltage: number(500, 0),
        min_voltage: number(200, 0),
    };
    let whole = |power| v2g_phases { each: 0, phase: [power, NONE, NONE] };
    let ac = v2g_ac_limits {
        size: size_of::<v2g_ac_limits>() as u32,
        has_discharge: 1,
        max_charge: whole(number(11, 3)),
        min_charge: whole(number(0, 0)),
        max_discharge: whole(number(11, 3)),
        min_discharge: whole(number(0, 0)),
    };
    let needs = v2g_needs {
        size: size_of::<v2g_needs>() as u32,
        departure_time: 3600,
        target_energy: number(10, 3),
        max_energy: number(30, 3),
        min_energy: number(-20, 3),
        present_soc: number(55, 0),
        ..zeroed()
    };
    // SAFETY: whether the engines live or not, there is memory.
    unsafe {
        known(v2g_secc_set_dc_limits(secc, &raw const dc));
        known(v2g_evcc_set_dc_limits(evcc, &raw const dc));
        known(v2g_secc_set_ac_limits(secc, &raw const ac));
        known(v2g_evcc_set_ac_limits(evcc, &raw const ac));
        known(v2g_secc_set_grid_permit(secc, number(22, 3), number(22, 3)));
        known(v2g_secc_set_dispatch(secc, number(-5, 3)));
        known(v2g_evcc_set_discharge_permit(evcc, 1));
        known(v2g_evcc_set_dc_demand(evcc, number(400, 0), number(420, 0), number(20, 0)));
        known(v2g_evcc_set_ac_demand(evcc, &raw const ac.max_charge));
        known(v2g_evcc_set_needs(evcc, &raw const needs));
    }
}

/// How the hosts act for a while.
#[derive(Clone, Copy)]
struct Manner {
    /// They answer events as they should.
    good: bool,
    /// Octets that arrive at once.
    piece: usize,
}

/// Lets both talk, and their hosts act, for some rounds.
pub(super) fn go_on(program: &mut Program<'_>) {
    let (rounds, manner) = (program.input.byte(), program.input.byte());
    let piece = if manner & 0x40 == 0 { usize::MAX } else { 1 + usize::from(program.input.byte()) };
    let manner = Manner { good: manner & 0x80 == 0, piece };
    for _ in 0..=rounds & 0x3F {
        program.steps += 1;
        let mut moved = hear_charger(program, manner) | hear_vehicle(program, manner);
        moved |= talk(program, manner);
        if !moved && !sleep(program) {
            break;
        }
    }
}

/// Something happens to what is under way between the two.
pub(super) fn under_way(program: &mut Program<'_>) {
    let choice = program.input.byte();
    let (place, with) = (usize::from(program.input.byte()), program.input.byte());
    let new = if choice & 0x7F == 3 { program.input.bytes().to_vec() } else { Vec::new() };
    let line = if choice & 0x80 == 0 { &mut program.to_charger } else { &mut program.to_vehicle };
    match choice & 0x7F {
        0 => line.clear(),
        1 => line.truncate(place),
        2 => line.extend_from_within(..),
        3 => line.extend(new),
        _ => {
            if let Some(octet) = line.get_mut(place) {
                *octet ^= with;
            }
        }
    }
    line.truncate(32 * 1024);
}

/// Until the next deadline of either.
fn sleep(program: &mut Program<'_>) -> bool {
    let (first, second) = (Out::<u64>::good(), Out::<u64>::good());
    let (secc, evcc) = (program.own(Kind::Secc), program.own(Kind::Evcc));
    // SAFETY: whether the engines live or not, there is memory.
    unsafe {
        first.check(known(v2g_secc_poll_timeout(secc, first.pointer())));
        second.check(known(v2g_evcc_poll_timeout(evcc, second.pointer())));
        // Of those that do not live there are marks, which are late.
        let next = first.value().into_iter().chain(second.value()).min().unwrap_or(u64::MAX);
        if next > program.now.saturating_add(86_400_000) {
            return false;
        }
        program.now = program.now.max(next);
        known(v2g_secc_handle_timeout(secc, program.now));
        known(v2g_evcc_handle_timeout(evcc, program.now));
    }
    true
}

fn talk(program: &mut Program<'_>, manner: Manner) -> bool {
    let (secc, evcc) = (program.own::<v2g_secc>(Kind::Secc), program.own::<v2g_evcc>(Kind::Evcc));
    let now = program.now;
    let mut moved = false;
    if program.to_vehicle.is_empty() {
        // SAFETY: whether the engine lives or not, there is memory.
        let line =
            fetched(|out, capacity, sent| unsafe { v2g_secc_poll_transmit(secc, now, out, capacity, sent) });
        moved |= !line.is_empty();
        program.to_vehicle = line;
    }
    if program.to_charger.is_empty() {
        // SAFETY: as above.
        let line =
            fetched(|out, capacity, sent| unsafe { v2g_evcc_poll_transmit(evcc, now, out, capacity, sent) });
        moved |= !line.is_empty();
        program.to_charger = line;
    }
    if !program.to_charger.is_empty() {
        moved = true;
        let line = std::mem::take(&mut program.to_charger);
        // SAFETY: as above.
        let (received, taken) = delivered(&line, manner, |bytes, length, received| unsafe {
            v2g_secc_handle_input(secc, now, bytes, length, received)
        });
        program.to_charger = line[taken..].to_vec();
        if let Some((received, payload)) = received {
            if matches!(
                received.kind,
                V2G_MSG_AUTHORIZATION_REQ
                    | V2G_MSG_CERTIFICATE_INSTALLATION_REQ
                    | V2G_MSG_METERING_CONFIRMATION_REQ
            ) {
                program.request.clone_from(&payload);
            }
            codec::received(received.payload_type, &payload);
        }
    }
    if !program.to_vehicle.is_empty() {
        moved = true;
        let line = std::mem::take(&mut program.to_vehicle);
        // SAFETY: as above.
        let (received, taken) = delivered(&line, manner, |bytes, length, received| unsafe {
            v2g_evcc_handle_input(evcc, now, bytes, length, received)
        });
        program.to_vehicle = line[taken..].to_vec();
        if let Some((received, payload)) = received {
            codec::received(received.payload_type, &payload);
            program.response = payload;
        }
    }
    moved
}

/// A frame, fetched into memory that is first too small.
fn fetched(fetch: impl Fn(*mut u8, usize, *mut v2g_transmit) -> i32) -> Vec<u8> {
    let sent = Out::<v2g_transmit>::whole();
    let mut status = known(fetch(std::ptr::null_mut(), 0, sent.pointer()));
    sent.wrote();
    if status != V2G_E_BUFFER {
        return Vec::new();
    }
    let need = sent.value().map_or(0, |sent| sent.length);
    assert!((1..64 * 1024).contains(&need), "{need} octets");
    let frame = super::memory::Memory::new(need);
    status = known(fetch(frame.start(), need, sent.pointer()));
    frame.check();
    sent.wrote();
    if status != V2G_OK {
        return Vec::new();
    }
    let length = sent.value().map_or(0, |sent| sent.length);
    frame.octets().get(..length).expect("no more than there is").to_vec()
}

/// Hands in a piece, and says what came of it and how much was taken.
fn delivered(
    line: &[u8],
    manner: Manner,
    hand: impl FnOnce(*const u8, usize, *mut v2g_received) -> i32,
) -> (Option<(v2g_received, Vec<u8>)>, usize) {
    let piece = holding(line.get(..manner.piece).unwrap_or(line));
    let received = Out::<v2g_received>::whole();
    let status = known(hand(piece.start(), piece.length(), received.pointer()));
    piece.check();
    received.check(status);
    if status < 0 {
        // No engine: what was sent is lost.
        return (None, line.len());
    }
    let received = received.value().expect("all of it is known");
    assert!(received.consumed <= piece.length());
    let payload = match received.payload.length {
        0 => Vec::new(),
        // SAFETY: it lives until the next call of the handle, and as long as the input.
        length => unsafe { std::slice::from_raw_parts(received.payload.data, length) }.to_vec(),
    };
    // Nothing taken and nothing understood would go on for ever.
    let taken =
        if received.consumed == 0 && received.payload_type == 0 { line.len() } else { received.consumed };
    (Some((received, payload)), taken)
}

/// Whether the host acts well on an event; if not, it does something else, or nothing.
fn well(program: &mut Program<'_>, manner: Manner) -> bool {
    manner.good || program.input.byte() < 0x80
}

fn hear_charger(program: &mut Program<'_>, manner: Manner) -> bool {
    let event = Out::<v2g_secc_event>::whole();
    let secc = program.own(Kind::Secc);
    // SAFETY: whether the engine lives or not, there is memory.
    let status = known(unsafe { v2g_secc_poll_event(secc, event.pointer()) });
    event.check(status);
    if status != V2G_OK {
        return false;
    }
    if well(program, manner) {
        station_acts(program, &event.value().expect("all of it is known"));
    } else {
        charger::call(program);
    }
    true
}

fn station_acts(program: &mut Program<'_>, event: &v2g_secc_event) {
    let (secc, now) = (program.own(Kind::Secc), program.now);
    // SAFETY: the engine lives, and the kind says which member of the union is set.
    let status = unsafe {
        match event.kind {
            V2G_SECC_AUTHORIZATION_WANTED => v2g_secc_respond_authorization(secc, now, 1),
            V2G_SECC_CONTRACT_WANTED => trust::judge(program),
            V2G_SECC_INSTALLATION_WANTED | V2G_SECC_INSTALLATION_OPEN => trust::provide(program),
            V2G_SECC_METERING_CONFIRMED => v2g_secc_respond_metering(secc, now, 1),
            V2G_SECC_SCHEDULE_WANTED => v2g_secc_defer_schedule(secc, now),
            V2G_SECC_ISOLATION_TEST => v2g_secc_respond_isolation(secc, now, 1),
            V2G_SECC_PRE_CHARGE => v2g_secc_report_measurement(secc, now, event.data.voltage, NONE),
            V2G_SECC_CLOSE_CONTACTOR => v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_CLOSED),
            V2G_SECC_OUTPUT => {
                let power = event.data.output.power;
                v2g_secc_report_measurement(secc, now, number(400, 0), number(power.value.signum() * 12, 0))
            }
            V2G_SECC_AC_OUTPUT => {
                let size = size_of::<v2g_ac_measurement>() as u32;
                let active = event.data.ac_output.active;
                let measured = v2g_ac_measurement { size, active, ..zeroed() };
                v2g_secc_report_ac_measurement(secc, now, &raw const measured)
            }
            V2G_SECC_CHECK_OUT => v2g_secc_set_release(secc, 1),
            V2G_SECC_POWER_OFF | V2G_SECC_OPEN_CONTACTOR => {
                known(v2g_secc_report_measurement(secc, now, NONE, NONE));
                v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_OPEN)
            }
            _ => V2G_NONE,
        }
    };
    known(status);
}

fn hear_vehicle(program: &mut Program<'_>, manner: Manner) -> bool {
    let event = Out::<v2g_evcc_event>::whole();
    let evcc = program.own(Kind::Evcc);
    // SAFETY: whether the engine lives or not, there is memory.
    let status = known(unsafe { v2g_evcc_poll_event(evcc, event.pointer()) });
    event.check(status);
    if status != V2G_OK {
        return false;
    }
    if well(program, manner) {
        vehicle_acts(program, &event.value().expect("all of it is known"));
    } else {
        vehicle::call(program);
    }
    true
}

fn vehicle_acts(program: &mut Program<'_>, event: &v2g_evcc_event) {
    let (evcc, now) = (program.own(Kind::Evcc), program.now);
    // SAFETY: the engine lives, and the kind says which member of the union is set.
    let status = unsafe {
        match event.kind {
            V2G_EVCC_SIGN_AUTHORIZATION | V2G_EVCC_SIGN_INSTALLATION | V2G_EVCC_SIGN_METERING => {
                trust::sign(program)
            }
            V2G_EVCC_INSTALLATION_RECEIVED => v2g::evcc::sign::v2g_evcc_respond_installed(evcc, now, 1),
            V2G_EVCC_PRE_CHARGE => v2g_evcc_report_measurement(evcc, now, number(400, 0), NONE),
            V2G_EVCC_CLOSE_CONTACTOR => v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_CLOSED),
            V2G_EVCC_AC_OUTPUT => {
                let size = size_of::<v2g_ac_measurement>() as u32;
                let active = event.data.ac_output.active;
                let measured = v2g_ac_measurement { size, active, ..zeroed() };
                v2g_evcc_report_ac_measurement(evcc, now, &raw const measured)
            }
            V2G_EVCC_POWER_OFF | V2G_EVCC_OPEN_CONTACTOR => {
                known(v2g_evcc_report_measurement(evcc, now, NONE, NONE));
                v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_OPEN)
            }
            _ => V2G_NONE,
        }
    };
    known(status);
}
