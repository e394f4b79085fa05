//! Calls of a charger's engine.

use std::ffi::c_void;

use v2g::config::{v2g_offer, v2g_parameters, v2g_settings};
use v2g::kinds::{V2G_STAGE_ENDED, V2G_STAGE_NEGOTIATION};
use v2g::number::{v2g_maybe_u32, v2g_maybe_u64};
use v2g::power::{v2g_ac_grid, v2g_ac_limits, v2g_ac_measurement, v2g_ac_output, v2g_dc_limits};
use v2g::secc::event::v2g_secc_event;
use v2g::secc::host::*;
use v2g::secc::offer::*;
use v2g::secc::*;
use v2g::session::{v2g_connection, v2g_end, v2g_received, v2g_selection, v2g_transmit};
use v2g::text::v2g_str;
use v2g::trace::*;

use super::input::{Input, zeroed};
use super::memory::{Given, Out, holding, known};
use super::session::{Ways, unix_seconds};
use super::{Kind, Program};

/// One parameter set, most often a good one.
fn set(input: &mut Input<'_>, id: u16, control_mode: u8) -> v2g_parameters {
    if input.seldom() {
        // SAFETY: it is made of numbers.
        return unsafe { input.filled() };
    }
    let pricing = if input.seldom() { input.byte() % 4 } else { 0 };
    v2g_parameters { id, control_mode, pricing, ..zeroed() }
}

/// Settings, most often those of a profile.
pub(super) fn settings(input: &mut Input<'_>) -> v2g_settings {
    let mut settings: v2g_settings = if input.seldom() {
        // SAFETY: they are made of numbers.
        unsafe { input.filled() }
    } else {
        zeroed()
    };
    settings.profile = u32::from(input.byte() >> 6) & 1;
    settings
}

/// Makes an engine that offers a service, and seldom others.
pub(super) fn init(program: &mut Program<'_>, service: u16, mode: u8, ways: Ways) {
    let (storage, size) = program.storage(Kind::Secc);
    let (evse_id, meter_id) = (program.text("DE*V2G*E1"), program.text("M1"));
    let provider = program.text("DE8AA");
    let input = &mut program.input;
    let mut sets = Vec::new();
    let mut offers: Vec<v2g_offer> = Vec::new();
    let count = if input.seldom() { usize::from(input.byte()) % 10 } else { 1 };
    for index in 0..count.max(1) * 5 {
        sets.push(set(input, 1 + (index % 5) as u16, mode));
    }
    for index in 0..count {
        let service = if index == 0 && !input.seldom() { service } else { input.choice(9) as u16 };
        let set_count = if input.seldom() { input.byte() % 6 } else { 1 };
        let paid = input.byte() & 1;
        let given = if input.seldom() { std::ptr::null() } else { sets[index * 5..].as_ptr() };
        offers.push(v2g_offer { service, paid, set_count, reserved: 0, sets: given });
    }
    let providers = vec![provider; 9];
    let providers_memory = {
        // They have to live as long as the engine.
        // SAFETY: plain octets of an array.
        let octets = unsafe {
            std::slice::from_raw_parts(providers.as_ptr().cast::<u8>(), size_of_val(providers.as_slice()))
        };
        holding(octets)
    };
    let settings = input.seldom().then(|| Given::new(settings(input), input));
    let authorization = match (input.seldom(), ways) {
        (true, _) => input.value(),
        (false, Ways::External) => V2G_AUTHORIZE_EXTERNAL,
        _ => V2G_AUTHORIZE_EXTERNAL | V2G_AUTHORIZE_CONTRACT | V2G_AUTHORIZE_INSTALL,
    };
    let flags = if input.seldom() { input.value() } else { u32::from(input.byte() >> 4) & 7 };
    let provider_count = if input.seldom() { usize::from(input.byte()) % 10 } else { 0 };
    let buffer = &program.kept[0];
    let config = v2g_secc_config {
        flags,
        authorization,
        ack_max_delay_plus_one: if input.seldom() { input.value() } else { 0 },
        evse_id,
        meter_id,
        offers: if offers.is_empty() { std::ptr::null() } else { offers.as_ptr() },
        offer_count: offers.len(),
        providers: providers_memory.start().cast(),
        provider_count,
        settings: settings.as_ref().map_or(std::ptr::null(), Given::pointer),
        buffer: buffer.start(),
        buffer_size: input.length(buffer.length()),
        trace: Some(watch),
        ..zeroed()
    };
    let (config, out) = (Given::new(config, input), Out::plain(input));
    // SAFETY: what has to live does.
    out.check(known(unsafe { v2g_secc_init(storage, size, config.pointer(), out.pointer()) }));
    program.kept.push(providers_memory);
}

/// What engines let one see makes sense.
pub(super) unsafe extern "C" fn watch(user: *mut c_void, record: *const v2g_trace_record) {
    // SAFETY: the record lives.
    let record = unsafe { &*record };
    assert!(user.is_null() && record.size as usize == size_of::<v2g_trace_record>());
    assert!((V2G_STAGE_NEGOTIATION..=V2G_STAGE_ENDED).contains(&record.stage));
    let (message, timer, cause) = (record.message != 0, record.timer != 0, record.cause != 0);
    assert!(match record.event {
        V2G_TRACE_RECEIVED | V2G_TRACE_SENT => message && !timer && !cause && record.stream != 0,
        V2G_TRACE_EXPIRED => timer && !message && !cause,
        V2G_TRACE_ENDED => cause && !message && !timer,
        _ => false,
    });
}

/// A vehicle connects.
pub(super) fn start(program: &mut Program<'_>, transport: u32) {
    let (secc, now) = (program.handle(Kind::Secc), program.time());
    let link = connection(&mut program.input, transport);
    let session = holding(&[1 + program.input.byte() / 2, 2, 3, 4, 5, 6, 7, 8]);
    let challenge = holding(&[9; 16]);
    // SAFETY: there is memory for all.
    known(unsafe { v2g_secc_start(secc, now, link.pointer(), session.start(), challenge.start()) });
}

/// What is known of a connection.
pub(super) fn connection(input: &mut Input<'_>, transport: u32) -> Given<v2g_connection> {
    let transport = if input.seldom() { input.value() } else { transport };
    let unix_seconds = if input.seldom() { input.large() } else { unix_seconds() };
    let peer = input.byte();
    let has_peer = u32::from(peer < 0x80);
    // The name in the certificate: that of the vehicle, another, or none that is known.
    let certified = match peer % 8 {
        1 => "WMIV1234567890ABCDEX",
        2 => "WMIV0000000000000000",
        _ => "",
    };
    let evcc_id = v2g_str { data: certified.as_ptr().cast(), length: certified.len() };
    let connection =
        v2g_connection { size: 0, transport, unix_seconds, has_peer, reserved: 0, peer: [7; 64], evcc_id };
    Given::new(connection, input)
}

/// One schedule, of any numbers or of a few good entries.
fn schedule(input: &mut Input<'_>) -> v2g_schedule {
    if input.seldom() {
        // SAFETY: it is made of numbers.
        return unsafe { input.filled() };
    }
    let mut schedule: v2g_schedule = zeroed();
    schedule.start = unix_seconds();
    schedule.count = u32::from(input.byte()) % 14;
    schedule.tolerance = input.number();
    for entry in &mut schedule.entries {
        *entry = v2g_schedule_entry { duration: 60 * (1 + u32::from(input.byte())), power: input.number() };
    }
    schedule
}

/// Any function of the engine's.
#[allow(clippy::too_many_lines, reason = "one arm for each function")]
pub(super) fn call(program: &mut Program<'_>) {
    let which = program.input.byte() % 44;
    match which {
        0 => {
            let service = program.input.choice(9) as u16;
            let mode = program.input.choice(2) as u8;
            return init(program, service, mode, Ways::Contract);
        }
        1 => {
            let transport = program.input.choice(3);
            return start(program, transport);
        }
        _ => {}
    }
    let (secc, now) = (program.handle::<v2g_secc>(Kind::Secc), program.time());
    let input = &mut program.input;
    let sent = Out::<v2g_transmit>::sized(input);
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        match which {
            2 => v2g_secc_deinit(secc),
            3 => {
                let limits = Given::new(input.filled::<v2g_dc_limits>(), input);
                v2g_secc_set_dc_limits(secc, limits.pointer())
            }
            4 => {
                let limits = Given::new(input.filled::<v2g_ac_limits>(), input);
                v2g_secc_set_ac_limits(secc, limits.pointer())
            }
            5 => {
                let grid = Given::new(input.filled::<v2g_ac_grid>(), input);
                v2g_secc_set_ac_grid(secc, grid.pointer())
            }
            6 => {
                let dispatch = Given::new(input.filled::<v2g_ac_output>(), input);
                v2g_secc_set_ac_dispatch(secc, dispatch.pointer())
            }
            7 => {
                let measured = Given::new(input.filled::<v2g_ac_measurement>(), input);
                v2g_secc_report_ac_measurement(secc, now, measured.pointer())
            }
            8 => v2g_secc_report_measurement(secc, now, input.number(), input.number()),
            9 => v2g_secc_respond_isolation(secc, now, input.choice(2)),
            10 => v2g_secc_set_grid_permit(secc, input.number(), input.number()),
            11 => v2g_secc_set_dispatch(secc, input.number()),
            12 => v2g_secc_set_ramp(secc, input.number()),
            13 => {
                let departure = v2g_maybe_u32 { value: input.value(), present: u32::from(input.byte()) };
                v2g_secc_set_mobility(secc, departure, input.number(), input.number())
            }
            14 => {
                let present = u32::from(input.byte());
                let discharged = v2g_maybe_u64 { value: input.large(), present, reserved: 0 };
                v2g_secc_set_meter(secc, input.large(), discharged)
            }
            15 => v2g_secc_respond_authorization(secc, now, input.choice(3)),
            16 => v2g_secc_respond_contract(secc, now, input.choice(10)),
            17 => v2g_secc_respond_metering(secc, now, input.choice(10)),
            18 => v2g_secc_report_contactor(secc, now, input.choice(3)),
            19 => v2g_secc_stop(secc, now, input.value() as u16),
            20 => v2g_secc_emergency_stop(secc, now),
            21..=24 => v2g_secc_notify(secc, now, input.choice(6), input.value() as u16),
            25 => v2g_secc_defer_schedule(secc, now),
            26 => v2g_secc_set_parking_spot(secc, input.number(), input.number(), input.number()),
            27 => v2g_secc_set_release(secc, input.value()),
            28 => v2g_secc_forget_paused(secc),
            29 => {
                let charge = holding_one(&schedule(input));
                let discharge = holding_one(&schedule(input));
                let charge = if input.seldom() { std::ptr::null() } else { charge.start().cast() };
                v2g_secc_set_schedule(secc, charge, discharge.start().cast())
            }
            30..=32 => {
                let schedules = v2g_schedules {
                    count: if input.seldom() { input.value() } else { u32::from(input.byte() & 3) },
                    go_to_pause: u32::from(input.seldom()),
                    tuples: std::array::from_fn(|_| v2g_schedule_tuple {
                        charge: schedule(input),
                        discharge: if input.seldom() { schedule(input) } else { zeroed() },
                    }),
                    ..zeroed()
                };
                let schedules = Given::new(schedules, input);
                let out = program.buffer(8192);
                let (start, capacity) = (out.start, out.capacity());
                let status = v2g_secc_respond_schedule(
                    secc,
                    now,
                    schedules.pointer(),
                    start,
                    capacity,
                    sent.pointer(),
                );
                out.check(known(status), None);
                keep_frame(program, &out, &sent, status);
                status
            }
            33 | 34 => {
                let octets = if program.to_charger.is_empty() || program.input.seldom() {
                    program.input.bytes().to_vec()
                } else {
                    std::mem::take(&mut program.to_charger)
                };
                let bytes = holding(&octets);
                let received = Out::<v2g_received>::sized(&mut program.input);
                let length = program.input.length(bytes.length());
                let status = v2g_secc_handle_input(secc, now, bytes.start(), length, received.pointer());
                received.check(status);
                if let Some(received) = received.value().filter(|_| status >= 0) {
                    assert!(received.consumed <= length);
                }
                status
            }
            35 => v2g_secc_handle_timeout(secc, now),
            36 => v2g_secc_handle_disconnect(secc, now),
            37 => {
                let out = program.buffer(4096);
                let status = v2g_secc_poll_transmit(secc, now, out.start, out.capacity(), sent.pointer());
                out.check(status, sent.value().map(|sent| sent.length));
                keep_frame(program, &out, &sent, status);
                status
            }
            38 => {
                let event = Out::<v2g_secc_event>::sized(input);
                let status = v2g_secc_poll_event(secc, event.pointer());
                event.check(status);
                status
            }
            39 => {
                let deadline = Out::plain(input);
                let status = v2g_secc_poll_timeout(secc, deadline.pointer());
                deadline.check(status);
                status
            }
            40 => {
                let (stage, end) = (Out::plain(input), Out::<v2g_end>::plain(input));
                let status = known(v2g_secc_stage(secc, stage.pointer()));
                stage.check(status);
                let status = v2g_secc_end(secc, end.pointer());
                end.check(status);
                status
            }
            41 => {
                let (length, out) = (Out::plain(input), program.buffer(64));
                let status = v2g_secc_vehicle_id(secc, out.start, out.capacity(), length.pointer());
                length.wrote();
                out.check(status, length.value());
                status
            }
            42 => {
                let id = Out::<[u8; 8]>::plain(input);
                let status = v2g_secc_session_id(secc, id.pointer().cast());
                id.check(status);
                status
            }
            _ => {
                let selection = Out::<v2g_selection>::plain(input);
                let status = v2g_secc_selection(secc, selection.pointer());
                selection.check(status);
                status
            }
        }
    };
    known(status);
    sent.wrote();
}

/// A struct in memory of exactly its size.
pub(super) fn holding_one<T: Copy>(value: &T) -> super::Memory {
    // SAFETY: the octets of a struct without padding, or whose padding nobody looks at.
    holding(unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) })
}

fn keep_frame(program: &mut Program<'_>, out: &super::Buffer, sent: &Out<v2g_transmit>, status: i32) {
    if status != v2g::status::V2G_OK {
        return;
    }
    if let Some(frame) = sent.value().and_then(|sent| out.memory.octets().get(..sent.length)) {
        program.to_vehicle = frame.to_vec();
    }
}
