//! Discovery at both ends, and byte streams.

use v2g::sdp::*;
use v2g::session::v2g_received;
use v2g::stream::*;

use super::charger::holding_one;
use super::input::{Input, zeroed};
use super::memory::{Given, Out, holding, known};
use super::{Kind, Program};

/// An address, most often one of the link.
fn address(input: &mut Input<'_>) -> v2g_address {
    if input.seldom() {
        // SAFETY: it is made of numbers.
        return unsafe { input.filled() };
    }
    let mut ip = [0; 16];
    (ip[0], ip[1], ip[15]) = (0xFE, 0x80, input.byte() & 3);
    v2g_address { ip, scope_id: 0, port: 50000, reserved: 0 }
}

/// Any function of the search and of the responder, which hear each other.
pub(super) fn discovery(program: &mut Program<'_>) {
    let which = program.input.byte() % 14;
    let (search, responder) = (program.handle(Kind::Discovery), program.handle(Kind::Responder));
    let now = program.time();
    let (search_storage, responder_storage) =
        (program.storage(Kind::Discovery), program.storage(Kind::Responder));
    let input = &mut program.input;
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        match which {
            0 => {
                let config: v2g_discovery_config = if input.seldom() { input.filled() } else { zeroed() };
                let (config, out) = (Given::new(config, input), Out::plain(input));
                let (storage, size) = search_storage;
                let status = v2g_discovery_init(storage, size, config.pointer(), out.pointer());
                out.check(status);
                status
            }
            1 => {
                let config: v2g_responder_config = if input.seldom() { input.filled() } else { zeroed() };
                let (config, out) = (Given::new(config, input), Out::plain(input));
                let (storage, size) = responder_storage;
                let status = v2g_responder_init(storage, size, config.pointer(), out.pointer());
                out.check(status);
                status
            }
            2 => v2g_discovery_start(search, now),
            3 => v2g_discovery_handle_timeout(search, now),
            4 => {
                let deadline = Out::plain(input);
                let status = v2g_discovery_poll_timeout(search, deadline.pointer());
                deadline.check(status);
                status
            }
            5 => {
                let event = Out::<v2g_discovery_event>::sized(input);
                let status = v2g_discovery_poll_event(search, event.pointer());
                event.check(status);
                status
            }
            6 => v2g_responder_set_link(responder, u32::from(!input.seldom())),
            7 => {
                let (tls, plain) = (holding_one(&address(input)), holding_one(&address(input)));
                let null = std::ptr::null();
                let (first, second) = match input.byte() & 3 {
                    0 => (tls.start().cast_const().cast(), null),
                    1 => (null, plain.start().cast_const().cast()),
                    2 => (tls.start().cast_const().cast(), plain.start().cast_const().cast()),
                    _ => (null, null),
                };
                v2g_responder_listen(responder, first, second)
            }
            8 => v2g_discovery_deinit(search),
            9 => v2g_responder_deinit(responder),
            10 | 11 => {
                let (length, to) = (Out::<usize>::plain(input), Out::<v2g_address>::plain(input));
                let out = program.buffer(V2G_SDP_DATAGRAM);
                let (start, capacity) = (out.start, out.capacity());
                let status =
                    v2g_discovery_poll_transmit(search, start, capacity, length.pointer(), to.pointer());
                length.check(status);
                to.check(status);
                out.check(status, None);
                let octets = passed_on(program, &out, status, length.value());
                let from = holding_one(&address(&mut program.input));
                let datagram = holding(&octets);
                known(status);
                v2g_responder_handle_input(
                    responder,
                    now,
                    from.start().cast(),
                    datagram.start(),
                    datagram.length(),
                )
            }
            _ => {
                let (length, to) = (Out::<usize>::plain(input), Out::<v2g_address>::plain(input));
                let out = program.buffer(V2G_SDP_DATAGRAM);
                let (start, capacity) = (out.start, out.capacity());
                let status =
                    v2g_responder_poll_transmit(responder, start, capacity, length.pointer(), to.pointer());
                length.check(status);
                to.check(status);
                out.check(status, None);
                let octets = passed_on(program, &out, status, length.value());
                let from = holding_one(&address(&mut program.input));
                let datagram = holding(&octets);
                known(status);
                v2g_discovery_handle_input(
                    search,
                    now,
                    from.start().cast(),
                    datagram.start(),
                    datagram.length(),
                )
            }
        }
    };
    known(status);
}

/// What was written, or what the fuzzer has in its place.
pub(super) fn passed_on(
    program: &mut Program<'_>,
    out: &super::Buffer,
    status: i32,
    length: Option<usize>,
) -> Vec<u8> {
    match length {
        Some(length) if status == v2g::status::V2G_OK && !program.input.seldom() => {
            out.memory.octets().get(..length).expect("no more than there is").to_vec()
        }
        _ => program.input.bytes().to_vec(),
    }
}

/// Any function of a stream.
pub(super) fn stream(program: &mut Program<'_>) {
    let which = program.input.byte() % 8;
    let (storage, size) = program.storage(Kind::Stream);
    let stream = program.handle(Kind::Stream);
    let (buffer, buffer_length) = (program.kept[2].start(), program.kept[2].length());
    let input = &mut program.input;
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        match which {
            0 => {
                let (out, length) = (Out::plain(input), input.length(buffer_length));
                let status = v2g_stream_init(storage, size, buffer, length, out.pointer());
                out.check(status);
                status
            }
            1 => v2g_stream_deinit(stream),
            2 => v2g_stream_reset(stream),
            3 => {
                let types: Vec<u16> = (0..input.byte() % 16)
                    .map(|_| 0x8000 | u16::from(input.byte() & 7) | u16::from(input.byte() & 1) << 8)
                    .collect();
                let types_there = if types.is_empty() { std::ptr::null() } else { types.as_ptr() };
                v2g_stream_accept(stream, types_there, types.len())
            }
            _ => {
                let octets = match input.byte() {
                    0..=0x7F => program.to_charger.clone(),
                    0x80..=0xBF => program.to_vehicle.clone(),
                    _ => input.bytes().to_vec(),
                };
                let bytes = holding(&octets);
                let received = Out::<v2g_received>::sized(&mut program.input);
                let length = program.input.length(bytes.length());
                let status = v2g_stream_handle_input(stream, bytes.start(), length, received.pointer());
                received.check(status);
                if let Some(received) = received.value().filter(|_| status >= 0) {
                    assert!(received.consumed <= length);
                    if received.payload.length > 0 {
                        let payload = received.payload;
                        let payload = std::slice::from_raw_parts(payload.data, payload.length).to_vec();
                        super::codec::received(received.payload_type, &payload);
                    }
                }
                status
            }
        }
    };
    known(status);
}
