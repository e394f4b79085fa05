//! Calls of a vehicle's engine.

use std::ptr;

use v2g::evcc::event::v2g_evcc_event;
use v2g::evcc::host::*;
use v2g::evcc::sign::*;
use v2g::evcc::*;
use v2g::power::{v2g_ac_limits, v2g_ac_measurement, v2g_dc_limits, v2g_phases};
use v2g::session::{v2g_end, v2g_received, v2g_selection, v2g_transmit};
use v2g::trust::delivery::{V2G_INSTALLATION_SIZE, v2g_installation, v2g_root_name};

use super::charger::{connection, holding_one, settings, watch};
use super::input::zeroed;
use super::memory::{Given, Memory, Out, holding, known};
use super::session::Ways;
use super::{Kind, Program, trust};

/// Makes an engine that wants a service, and seldom others.
pub(super) fn init(program: &mut Program<'_>, service: u16, mode: u8, ways: Ways) {
    let (storage, size) = program.storage(Kind::Evcc);
    let evcc_id = program.text("WMIV1234567890ABCDEX");
    let contract_count = match program.input.byte() {
        0..=0xEF => usize::from(ways == Ways::Contract),
        _ => usize::from(program.input.byte()) % 6,
    };
    let contracts: Vec<v2g_contract> = (0..contract_count).map(|_| trust::contract(program)).collect();
    let installs = program.input.seldom() ^ (ways == Ways::Installation);
    let installation = installs.then(|| installation(program));
    let input = &mut program.input;
    let count = if input.seldom() { usize::from(input.byte()) % 10 } else { 1 };
    let wishes: Vec<v2g_wish> = (0..count)
        .map(|index| {
            if input.seldom() {
                // SAFETY: it is made of numbers.
                return unsafe { input.filled() };
            }
            let service = if index == 0 { service } else { input.choice(9) as u16 };
            v2g_wish { service, control_mode: mode, ..zeroed() }
        })
        .collect();
    let settings = input.seldom().then(|| Given::new(settings(input), input));
    let seldom = |input: &mut super::Input<'_>| if input.seldom() { input.value() } else { 0 };
    let buffer = &program.kept[1];
    let config = v2g_evcc_config {
        flags: seldom(input),
        authorization: seldom(input),
        on_pause: u32::from(input.byte() >> 6),
        plan: u32::from(input.byte() >> 6),
        evcc_id,
        wishes: if wishes.is_empty() { ptr::null() } else { wishes.as_ptr() },
        wish_count: wishes.len(),
        contracts: if contracts.is_empty() { ptr::null() } else { contracts.as_ptr() },
        contract_count: contracts.len(),
        settings: settings.as_ref().map_or(ptr::null(), Given::pointer),
        buffer: buffer.start(),
        buffer_size: input.length(buffer.length()),
        installation: installation.as_ref().map_or(ptr::null(), Given::pointer),
        trace: Some(watch),
        ..zeroed()
    };
    let (config, out) = (Given::new(config, input), Out::plain(input));
    // SAFETY: what has to live does.
    out.check(known(unsafe { v2g_evcc_init(storage, size, config.pointer(), out.pointer()) }));
}

/// How contracts are fetched. What it refers to stays.
fn installation(program: &mut Program<'_>) -> Given<v2g_installation> {
    let (leaf, subs) = trust::provisioning(program);
    let (issuer, emaid) = (program.text("CN=V2G root"), program.text("DE8AA1A2B3C4D5"));
    let serial = program.octets(&[1]);
    let memory = Memory::new(V2G_INSTALLATION_SIZE);
    let roots = holding_one(&[v2g_root_name { issuer, serial }; 9]);
    let emaids = holding_one(&[emaid; 9]);
    let input = &mut program.input;
    let installation = v2g_installation {
        when: u32::from(input.byte() >> 6),
        max_chains: if input.seldom() { input.value() } else { 0 },
        leaf,
        subs,
        roots: roots.start().cast(),
        root_count: if input.seldom() { usize::from(input.byte()) % 10 } else { 1 },
        emaids: emaids.start().cast(),
        emaid_count: if input.seldom() { usize::from(input.byte()) % 10 } else { 0 },
        memory: memory.start().cast(),
        memory_size: input.length(memory.length()),
        ..zeroed()
    };
    program.kept.extend([memory, roots, emaids]);
    Given::new(installation, &mut program.input)
}

/// The charger is connected.
pub(super) fn start(program: &mut Program<'_>, transport: u32) {
    let (evcc, now) = (program.handle(Kind::Evcc), program.time());
    let link = connection(&mut program.input, transport);
    // SAFETY: there is memory for all.
    known(unsafe { v2g_evcc_start(evcc, now, link.pointer()) });
}

/// Any function of the engine's.
#[allow(clippy::too_many_lines, reason = "one arm for each function")]
pub(super) fn call(program: &mut Program<'_>) {
    let which = program.input.byte() % 40;
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
    let (evcc, now) = (program.handle::<v2g_evcc>(Kind::Evcc), program.time());
    let input = &mut program.input;
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        match which {
            2 => v2g_evcc_deinit(evcc),
            3 => {
                let limits = Given::new(input.filled::<v2g_dc_limits>(), input);
                v2g_evcc_set_dc_limits(evcc, limits.pointer())
            }
            4 => v2g_evcc_set_dc_demand(evcc, input.number(), input.number(), input.number()),
            5 => v2g_evcc_report_measurement(evcc, now, input.number(), input.number()),
            6 => {
                let limits = Given::new(input.filled::<v2g_ac_limits>(), input);
                v2g_evcc_set_ac_limits(evcc, limits.pointer())
            }
            7 => {
                let power = holding_one(&input.filled::<v2g_phases>());
                v2g_evcc_set_ac_demand(evcc, power.start().cast())
            }
            8 => {
                let measured = Given::new(input.filled::<v2g_ac_measurement>(), input);
                v2g_evcc_report_ac_measurement(evcc, now, measured.pointer())
            }
            9 => v2g_evcc_set_discharge_permit(evcc, input.value()),
            10 => {
                let needs = Given::new(input.filled::<v2g_needs>(), input);
                v2g_evcc_set_needs(evcc, needs.pointer())
            }
            11 => v2g_evcc_report_contactor(evcc, now, input.choice(3)),
            12 => v2g_evcc_stop(evcc, now),
            13 => v2g_evcc_emergency_stop(evcc, now),
            14 | 15 => v2g_evcc_pause(evcc, now),
            16 => v2g_evcc_standby(evcc, now),
            17 => v2g_evcc_exit_standby(evcc, now),
            18 => v2g_evcc_renegotiate_service(evcc, now),
            19 => v2g_evcc_renegotiate_schedule(evcc, now),
            20 => v2g_evcc_request_meter(evcc),
            21 => v2g_evcc_forget_paused(evcc),
            22 => {
                let (length, out) = (Out::plain(input), program.buffer(8192));
                let status = v2g_evcc_to_be_signed(evcc, out.start, out.capacity(), length.pointer());
                length.wrote();
                out.check(status, length.value());
                status
            }
            23 => {
                let digest = program.octets(&[5; 64]);
                let (length, out) = (Out::plain(&mut program.input), program.buffer(512));
                let scheme = program.input.choice(3);
                let (start, capacity) = (out.start, out.capacity());
                let status = v2g_signed_info(scheme, digest, start, capacity, length.pointer());
                length.wrote();
                out.check(status, length.value());
                status
            }
            24 => {
                let (digest, signature) = (program.octets(&[5; 64]), program.octets(&[6; 132]));
                v2g_evcc_respond_signature(evcc, now, program.input.choice(3), digest, signature)
            }
            25 => v2g_evcc_respond_installed(evcc, now, input.choice(2)),
            26 | 27 => {
                let octets = if program.to_vehicle.is_empty() || program.input.seldom() {
                    program.input.bytes().to_vec()
                } else {
                    std::mem::take(&mut program.to_vehicle)
                };
                let bytes = holding(&octets);
                let received = Out::<v2g_received>::sized(&mut program.input);
                let length = program.input.length(bytes.length());
                let status = v2g_evcc_handle_input(evcc, now, bytes.start(), length, received.pointer());
                received.check(status);
                if let Some(received) = received.value().filter(|_| status >= 0) {
                    assert!(received.consumed <= length);
                }
                status
            }
            28 => v2g_evcc_handle_timeout(evcc, now),
            29 => v2g_evcc_handle_disconnect(evcc, now),
            30 => {
                let sent = Out::<v2g_transmit>::sized(input);
                let out = program.buffer(4096);
                let status = v2g_evcc_poll_transmit(evcc, now, out.start, out.capacity(), sent.pointer());
                sent.wrote();
                let length = sent.value().map(|sent| sent.length);
                out.check(status, length);
                if let (v2g::status::V2G_OK, Some(length)) = (status, length) {
                    program.to_charger = out.memory.octets().get(..length).unwrap_or_default().to_vec();
                }
                status
            }
            31 => {
                let event = Out::<v2g_evcc_event>::sized(input);
                let status = v2g_evcc_poll_event(evcc, event.pointer());
                event.check(status);
                status
            }
            32 => {
                let deadline = Out::plain(input);
                let status = v2g_evcc_poll_timeout(evcc, deadline.pointer());
                deadline.check(status);
                status
            }
            33 => {
                let (stage, end) = (Out::plain(input), Out::<v2g_end>::plain(input));
                let status = known(v2g_evcc_stage(evcc, stage.pointer()));
                stage.check(status);
                let status = v2g_evcc_end(evcc, end.pointer());
                end.check(status);
                status
            }
            34 => {
                let (length, out) = (Out::plain(input), program.buffer(64));
                let status = v2g_evcc_station_id(evcc, out.start, out.capacity(), length.pointer());
                length.wrote();
                out.check(status, length.value());
                status
            }
            35 => {
                let selection = Out::<v2g_selection>::plain(input);
                let status = v2g_evcc_selection(evcc, selection.pointer());
                selection.check(status);
                status
            }
            36 => trust::contracts(program, evcc),
            37 => trust::complete(program, evcc),
            _ => trust::sign(program),
        }
    };
    known(status);
}
