//! The codec: what is decoded is read, and goes out again as it came; what the program makes up goes out or is refused.

use v2g::codec::{v2g_exi_error, v2g_exi_text};
use v2g::generated::{ac::*, acdp::*, app_protocol::*, common_messages::*, common_types::*, dc::*, wpt::*};
use v2g::status::{V2G_E_BUFFER, V2G_E_EXI_OTHER, V2G_E_NULL, V2G_OK};
use v2g::stream::*;

use super::input::{Input, zeroed};
use super::memory::{Memory, Out, holding, known};
use super::reading::{Content, Reader};
use super::{Program, charger::holding_one};

type Decode<C> = unsafe extern "C" fn(*const u8, usize, *mut C, *mut v2g_exi_error) -> i32;
type Encode<C> = unsafe extern "C" fn(*const C, *mut u8, usize, *mut usize, *mut v2g_exi_error) -> i32;

/// A message that an engine or a stream has returned.
pub(super) fn received(payload_type: u16, payload: &[u8]) {
    match payload_type {
        V2G_PAYLOAD_SAP => {
            same(v2g_exi_app_protocol_decode, v2g_exi_app_protocol_encode, payload);
        }
        V2G_PAYLOAD_AC => same(v2g_exi_ac_decode, v2g_exi_ac_encode, payload),
        V2G_PAYLOAD_DC => same(v2g_exi_dc_decode, v2g_exi_dc_encode, payload),
        V2G_PAYLOAD_ACDP | V2G_PAYLOAD_ACDP_SYSTEM_STATUS => {
            same(v2g_exi_acdp_decode, v2g_exi_acdp_encode, payload);
        }
        V2G_PAYLOAD_WPT => same(v2g_exi_wpt_decode, v2g_exi_wpt_encode, payload),
        _ => same(v2g_exi_common_messages_decode, v2g_exi_common_messages_encode, payload),
    }
}

/// Octets of the fuzzer's, or a message that it makes up.
pub(super) fn call(program: &mut Program<'_>) {
    match program.input.byte() % 8 {
        0 => charge_loop(program),
        1 => meter(program),
        2 => services(program),
        3 => {
            let payload = program.response.clone();
            received(program.input.byte().into(), &payload);
        }
        which => {
            let payload_type = V2G_PAYLOAD_SAP + u16::from(program.input.byte() % 6);
            let length = program.input.byte();
            let mut octets = vec![0x80];
            octets.extend(
                (0..u16::from(length) << (which & 3))
                    .map_while(|_| program.input.has_more().then(|| program.input.byte())),
            );
            received(payload_type, &octets);
        }
    }
}

/// Decodes, reads, and encodes again.
fn same<C: Content + Copy>(decode: Decode<C>, encode: Encode<C>, payload: &[u8]) {
    let payload = holding(payload);
    let (message, error) = (Out::<C>::good(), Out::<v2g_exi_error>::good());
    // SAFETY: there is memory for all; what was decoded from stays.
    unsafe {
        let (bytes, length) = (payload.start().cast_const(), payload.length());
        let status = known(decode(bytes, length, message.pointer(), error.pointer()));
        message.wrote();
        error.wrote();
        if status != V2G_OK {
            let why = error.value().expect("a good pointer");
            assert!((V2G_E_EXI_OTHER..0).contains(&status) && why.status == status, "{status}");
            assert!(why.bit_offset as usize <= length * 8 && why.path_length <= 5 && why.reserved == 0);
            return;
        }
        error.check(-1);
        (*message.pointer()).read(&mut Reader::new());
        let need = encoded(message.pointer(), encode, length * 2 + 16).expect("what was decoded encodes");
        let short = Memory::new(need - 1);
        let wanted = Out::<usize>::good();
        let (out, error) = (short.start(), error.pointer());
        let message = message.pointer();
        let status = encode(message, out, need - 1, wanted.pointer(), error);
        short.check();
        assert_eq!((status, wanted.value()), (V2G_E_BUFFER, Some(need)));
    }
    payload.check();
}

/// Encodes, and says how long it is.
///
/// # Safety
/// The message is one, and what it refers to is there.
unsafe fn encoded<C>(message: *const C, encode: Encode<C>, capacity: usize) -> Option<usize> {
    let (out, length) = (Memory::new(capacity), Out::<usize>::good());
    let error = Out::<v2g_exi_error>::good();
    // SAFETY: promised by the caller; there is memory for all.
    let status = known(unsafe { encode(message, out.start(), capacity, length.pointer(), error.pointer()) });
    out.check();
    error.wrote();
    assert_ne!(status, V2G_E_NULL);
    let length = length.value().expect("a good pointer");
    assert!(status != V2G_OK || (1..=capacity).contains(&length));
    (status == V2G_OK).then_some(length)
}

/// A text that stays, most often a short one.
fn text(program: &mut Program<'_>) -> v2g_exi_text {
    let given = program.text("M1");
    v2g_exi_text { data: given.data, length: given.length, ..zeroed() }
}

fn header(input: &mut Input<'_>) -> v2g_exi_message_header {
    v2g_exi_message_header { session_id: [input.byte(); 8], time_stamp: input.large(), ..zeroed() }
}

/// A request of the charge loop with any numbers.
fn charge_loop(program: &mut Program<'_>) {
    let input = &mut program.input;
    let mut message: v2g_exi_dc_message = zeroed();
    message.kind = if input.seldom() { input.value() } else { V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ };
    // SAFETY: what is filled is made of numbers; for other kinds than this one the rest is zeros, or numbers in place of numbers.
    unsafe {
        if message.kind == V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ {
            message.value.dc_charge_loop_req = v2g_exi_dc_charge_loop_req {
                header: header(input),
                display_parameters: input.filled(),
                has_display_parameters: input.byte(),
                control_mode: input.filled(),
                ev_present_voltage: input.number(),
                ..zeroed()
            };
        }
        encoded(&raw const message, v2g_exi_dc_encode, 512);
    }
}

/// A response of the charge loop with its meter, which is deferred.
fn meter(program: &mut Program<'_>) {
    let meter_id = text(program);
    let input = &mut program.input;
    let meter = v2g_exi_meter_info { meter_id, charged_energy_reading_wh: input.large(), ..zeroed() };
    let meter = holding_one(&meter);
    let mut message: v2g_exi_dc_message = zeroed();
    message.kind = V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_RES;
    // SAFETY: what is filled is made of numbers.
    unsafe {
        let mut response = v2g_exi_dc_charge_loop_res {
            header: header(input),
            response_code: input.byte(),
            evse_present_current: input.number(),
            evse_present_voltage: input.number(),
            control_mode: input.filled(),
            ..zeroed()
        };
        response.meter_info.value = meter.start().cast();
        message.value.dc_charge_loop_res = response;
        encoded(&raw const message, v2g_exi_dc_encode, 512);
    }
}

/// A response with lists in a list.
fn services(program: &mut Program<'_>) {
    let names: Vec<v2g_exi_text> = (0..program.input.byte() % 4).map(|_| text(program)).collect();
    let input = &mut program.input;
    let parameters: Vec<v2g_exi_parameter> = names
        .iter()
        .map(|name| {
            let mut parameter: v2g_exi_parameter = zeroed();
            parameter.name = *name;
            parameter.value.kind = input.choice(6);
            if parameter.value.kind == V2G_EXI_PARAMETER_VALUE_FINITE_STRING {
                parameter.value.value.finite_string = *name;
            } else {
                parameter.value.value.int_value = input.value() as i32;
            }
            parameter
        })
        .collect();
    let mut sets = [zeroed::<v2g_exi_parameter_set>(); 3];
    for set in &mut sets {
        set.parameter_set_id = input.value() as u16;
        set.parameter.items =
            if parameters.is_empty() { std::ptr::null() } else { parameters.as_ptr().cast() };
        set.parameter.count = parameters.len();
    }
    let mut message: v2g_exi_common_messages_message = zeroed();
    message.kind = V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DETAIL_RES;
    let mut response: v2g_exi_service_detail_res = zeroed();
    response.header = header(input);
    response.response_code = input.choice(40) as u8;
    response.service_id = input.value() as u16;
    response.service_parameter_list.items = sets.as_ptr().cast();
    response.service_parameter_list.count = usize::from(input.byte()) % 4;
    message.value.service_detail_res = response;
    // SAFETY: the message is whole, and what it refers to is there.
    unsafe { encoded(&raw const message, v2g_exi_common_messages_encode, 4096) };
}
