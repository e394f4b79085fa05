//! The C interface, called in any order with any values: charger and vehicle in memory of the caller's, and what one says handed to the
//! other, whole, in pieces or damaged.

use std::mem::MaybeUninit;
use std::ptr;

use v2g::config::{v2g_offer, v2g_parameters};
use v2g::evcc::{self, event::v2g_evcc_event, v2g_evcc, v2g_evcc_config, v2g_wish};
use v2g::number::v2g_number;
use v2g::power::{v2g_ac_limits, v2g_dc_limits};
use v2g::secc::offer::v2g_schedules;
use v2g::secc::{self, event::v2g_secc_event, v2g_secc, v2g_secc_config};
use v2g::session::{v2g_connection, v2g_received, v2g_transmit};
use v2g::text::v2g_str;

fn zeroed<T>() -> T {
    // SAFETY: structs of C's are made of integers, pointers and views.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// A struct filled from the input, with its size as its first field.
fn filled<T>(input: &mut &[u8]) -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    let octets = value.as_mut_ptr().cast::<u8>();
    let count = input.len().min(size_of::<T>() - 4);
    let (taken, rest) = input.split_at(count);
    *input = rest;
    // SAFETY: no more than the struct is written; all octets are values of its fields.
    unsafe {
        ptr::copy_nonoverlapping(taken.as_ptr(), octets.add(4), count);
        octets.cast::<u32>().write_unaligned(size_of::<T>() as u32);
        value.assume_init()
    }
}

fn take(input: &mut &[u8]) -> u8 {
    let Some((first, rest)) = input.split_first() else { return 0 };
    *input = rest;
    *first
}

/// One sequence of calls.
#[allow(clippy::too_many_lines, reason = "one arm for each kind of call")]
fn drive(data: &[u8]) {
    let mut input = data;
    let mut memory = [const { MaybeUninit::<[u64; 1024]>::zeroed() }; 2];
    let [of_charger, of_vehicle] = &mut memory;
    let size = size_of::<[u64; 1024]>();
    let mut buffers = [[0_u8; 2048]; 2];
    let [charger_buffer, vehicle_buffer] = &mut buffers;
    let start = take(&mut input);
    let services = [1, 2, 5, 6, 8];
    let service = services[usize::from(start) % services.len()];
    let control_mode = 1 + (start >> 7);
    let set = v2g_parameters { id: 1, control_mode, ..zeroed() };
    let offer = v2g_offer { service, set_count: 1, sets: &raw const set, ..zeroed() };
    let wish = v2g_wish { service, control_mode, ..zeroed() };
    let station = v2g_secc_config {
        size: size_of::<v2g_secc_config>() as u32,
        offers: &raw const offer,
        offer_count: 1,
        buffer: charger_buffer.as_mut_ptr(),
        buffer_size: charger_buffer.len(),
        ..zeroed()
    };
    let vehicle = v2g_evcc_config {
        size: size_of::<v2g_evcc_config>() as u32,
        wishes: &raw const wish,
        wish_count: 1,
        buffer: vehicle_buffer.as_mut_ptr(),
        buffer_size: vehicle_buffer.len(),
        ..zeroed()
    };
    let (mut charger, mut ev): (*mut v2g_secc, *mut v2g_evcc) = (ptr::null_mut(), ptr::null_mut());
    let mut frames = [[0_u8; 2048]; 2];
    let mut lengths = [0_usize; 2];
    let mut now = 0_u64;
    // SAFETY: everything that is pointed to lives to the end of this function.
    unsafe {
        assert_eq!(
            secc::v2g_secc_init(of_charger.as_mut_ptr().cast(), size, &raw const station, &raw mut charger),
            0
        );
        assert_eq!(
            evcc::v2g_evcc_init(of_vehicle.as_mut_ptr().cast(), size, &raw const vehicle, &raw mut ev),
            0
        );
        while !input.is_empty() {
            let step = take(&mut input);
            let value = u32::from(take(&mut input));
            let number = v2g_number { value: value as i16 - 100, exponent: (step >> 5) as i8, present: 1 };
            match step % 30 {
                0 => {
                    let mut link: v2g_connection = filled(&mut input);
                    link.transport = 3;
                    // Where texts are, is what callers promise.
                    let certified: &str = ["", "", "WMIV1234567890ABC"][value as usize % 3];
                    link.evcc_id = v2g_str { data: certified.as_ptr().cast(), length: certified.len() };
                    secc::v2g_secc_start(charger, now, &raw const link, [1; 8].as_ptr(), [2; 16].as_ptr());
                    evcc::v2g_evcc_start(ev, now, &raw const link);
                }
                1..=8 => {
                    let mut sent: v2g_transmit = zeroed();
                    sent.size = size_of::<v2g_transmit>() as u32;
                    let mut taken: v2g_received = zeroed();
                    taken.size = size_of::<v2g_received>() as u32;
                    let [to_vehicle, to_charger] = &mut frames;
                    if secc::v2g_secc_poll_transmit(
                        charger,
                        now,
                        to_vehicle.as_mut_ptr(),
                        2048,
                        &raw mut sent,
                    ) == 0
                    {
                        lengths[0] = sent.length;
                    }
                    if evcc::v2g_evcc_poll_transmit(ev, now, to_charger.as_mut_ptr(), 2048, &raw mut sent)
                        == 0
                    {
                        lengths[1] = sent.length;
                    }
                    let piece = if step & 0x20 == 0 { 2048 } else { value as usize };
                    if step & 0xC0 == 0xC0 {
                        to_charger[value as usize] ^= step;
                        to_vehicle[value as usize] ^= step;
                    }
                    let some = lengths[1].min(piece);
                    let bytes = to_charger.as_ptr();
                    assert_eq!(secc::v2g_secc_handle_input(charger, now, bytes, some, &raw mut taken), 0);
                    assert!(taken.consumed <= some);
                    let some = lengths[0].min(piece);
                    let bytes = to_vehicle.as_ptr();
                    assert_eq!(evcc::v2g_evcc_handle_input(ev, now, bytes, some, &raw mut taken), 0);
                    assert!(taken.consumed <= some);
                    lengths = [0; 2];
                }
                9..=12 => {
                    let mut heard: v2g_secc_event = zeroed();
                    heard.size = [size_of::<v2g_secc_event>() as u32, 16][usize::from(step >> 7)];
                    secc::v2g_secc_poll_event(charger, &raw mut heard);
                    let mut seen: v2g_evcc_event = zeroed();
                    seen.size = size_of::<v2g_evcc_event>() as u32;
                    evcc::v2g_evcc_poll_event(ev, &raw mut seen);
                }
                13 => {
                    now = now.saturating_add(u64::from(value) << (step >> 5));
                    secc::v2g_secc_handle_timeout(charger, now);
                    evcc::v2g_evcc_handle_timeout(ev, now);
                }
                14 => {
                    secc::host::v2g_secc_respond_authorization(charger, now, value % 5);
                    evcc::host::v2g_evcc_set_discharge_permit(ev, value % 3);
                }
                15 => {
                    secc::host::v2g_secc_respond_isolation(charger, now, value % 4);
                }
                16 => {
                    secc::host::v2g_secc_report_contactor(charger, now, value % 5);
                    evcc::host::v2g_evcc_report_contactor(ev, now, value % 5);
                }
                17 => {
                    secc::host::v2g_secc_report_measurement(charger, now, number, number);
                    evcc::host::v2g_evcc_report_measurement(ev, now, number, number);
                }
                18 => {
                    let limits: v2g_dc_limits = filled(&mut input);
                    secc::host::v2g_secc_set_dc_limits(charger, &raw const limits);
                    evcc::host::v2g_evcc_set_dc_limits(ev, &raw const limits);
                }
                19 => {
                    let limits: v2g_ac_limits = filled(&mut input);
                    secc::host::v2g_secc_set_ac_limits(charger, &raw const limits);
                    evcc::host::v2g_evcc_set_ac_limits(ev, &raw const limits);
                }
                20 => {
                    let schedules: v2g_schedules = filled(&mut input);
                    let mut sent: v2g_transmit = zeroed();
                    sent.size = size_of::<v2g_transmit>() as u32;
                    let out = frames[0].as_mut_ptr();
                    secc::offer::v2g_secc_respond_schedule(
                        charger,
                        now,
                        &raw const schedules,
                        out,
                        2048,
                        &raw mut sent,
                    );
                }
                21 => {
                    secc::host::v2g_secc_set_grid_permit(charger, number, number);
                    secc::host::v2g_secc_set_dispatch(charger, number);
                }
                22 => {
                    secc::host::v2g_secc_notify(charger, now, value % 8, u16::from(step));
                }
                23 => {
                    evcc::host::v2g_evcc_pause(ev, now);
                }
                24 => {
                    evcc::host::v2g_evcc_standby(ev, now);
                    evcc::host::v2g_evcc_exit_standby(ev, now);
                }
                25 => {
                    let needs: evcc::host::v2g_needs = filled(&mut input);
                    evcc::host::v2g_evcc_set_needs(ev, &raw const needs);
                }
                26 => {
                    evcc::host::v2g_evcc_stop(ev, now);
                }
                27 => {
                    secc::host::v2g_secc_stop(charger, now, u16::from(step));
                }
                28 => {
                    secc::v2g_secc_handle_disconnect(charger, now);
                }
                _ => {
                    evcc::v2g_evcc_handle_disconnect(ev, now);
                }
            }
            let mut deadline = 0;
            assert_eq!(secc::v2g_secc_poll_timeout(charger, &raw mut deadline), 0);
            assert_eq!(evcc::v2g_evcc_poll_timeout(ev, &raw mut deadline), 0);
        }
        assert_eq!(secc::v2g_secc_deinit(charger), 0);
        assert_eq!(evcc::v2g_evcc_deinit(ev), 0);
    }
}

/// Seeded, so that a find can be repeated.
#[test]
fn calls_in_any_order_with_any_values_are_answered() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..1500 {
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        let mut data: Vec<u8> = (0..400).map(|_| next()).collect();
        // A connection early on, so that there is something to disturb.
        data[1] = 0;
        drive(&data);
    }
}
