//! V2GTP: messages out of a byte stream, and the header that goes in front of one.

use core::ffi::c_void;

use v2gtp::{Header, PayloadType, PayloadTypes, Reassembler, StreamError};

use crate::border::{
    Handle, Kind, create, destroy, done, enter, slice, slice_mut, status, with, writable, write,
};
use crate::session::v2g_received;
use crate::status::{V2G_E_FRAME, V2G_E_FRAME_TOO_LONG, V2G_E_VALUE, V2G_NONE, V2G_OK};
use crate::text::v2g_bytes;

/// Payload type: supportedAppProtocol, and every message of older protocols.
pub const V2G_PAYLOAD_SAP: u16 = 0x8001;
/// Payload type: CommonMessages.
pub const V2G_PAYLOAD_COMMON: u16 = 0x8002;
/// Payload type: AC.
pub const V2G_PAYLOAD_AC: u16 = 0x8003;
/// Payload type: DC.
pub const V2G_PAYLOAD_DC: u16 = 0x8004;
/// Payload type: automated connection device.
pub const V2G_PAYLOAD_ACDP: u16 = 0x8005;
/// Payload type: wireless.
pub const V2G_PAYLOAD_WPT: u16 = 0x8006;
/// Payload type: schedule renegotiation, beside the main stream.
pub const V2G_PAYLOAD_SCHEDULE_RENEGOTIATION: u16 = 0x8101;
/// Payload type: metering confirmation, beside the main stream.
pub const V2G_PAYLOAD_METERING_CONFIRMATION: u16 = 0x8102;
/// Payload type: system status of automated connection devices, beside the main stream.
pub const V2G_PAYLOAD_ACDP_SYSTEM_STATUS: u16 = 0x8103;
/// Payload type: check-in and check-out, beside the main stream.
pub const V2G_PAYLOAD_PARKING: u16 = 0x8104;

/// Octets of a V2GTP header.
pub const V2G_HEADER_SIZE: usize = 8;

/// Octets that a stream takes on machines with pointers of 32 bits; `V2G_STREAM_SIZE` is the one of the machine.
pub const V2G_STREAM_SIZE_32: usize = 144;
/// Octets that a stream takes on machines with pointers of 64 bits.
pub const V2G_STREAM_SIZE_64: usize = 176;

/// Cuts a byte stream into messages. An opaque handle in storage of the caller's; the engines have one of their own.
///
/// ```c
/// static v2g_stream_storage memory;
/// static uint8_t buffer[8192];
/// v2g_stream *stream;
/// v2g_stream_init(&memory, sizeof memory, buffer, sizeof buffer, &stream);
/// while (length > 0) {
///     v2g_received received = V2G_RECEIVED_INIT;
///     int32_t status = v2g_stream_handle_input(stream, bytes, length, &received);
///     if (status < 0) { break; }
///     if (status == V2G_OK) { use(received.payload_type, received.payload); }
///     bytes += received.consumed;
///     length -= received.consumed;
/// }
/// ```
pub struct v2g_stream {
    _opaque: [u8; 0],
}

impl Kind for v2g_stream {
    const TAG: u32 = 0x5374_7265;
    type Fixed = ();
    type Machine = Reassembler<'static>;
}

const _: () = assert!(
    size_of::<Handle<v2g_stream>>()
        <= if size_of::<usize>() == 4 { V2G_STREAM_SIZE_32 } else { V2G_STREAM_SIZE_64 }
);

/// Octets that a stream needs in this build; at most `V2G_STREAM_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_stream_size() -> usize {
    size_of::<Handle<v2g_stream>>()
}

/// Alignment of the storage, octets.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_stream_align() -> usize {
    align_of::<Handle<v2g_stream>>()
}

/// Makes a stream at its start, in `storage`. `buffer` holds the payload of a message that arrives in pieces, so its size limits
/// the messages that are accepted; it has to live as long as the handle. All EXI types are accepted, up to 64 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_stream_init(
    storage: *mut c_void,
    storage_size: usize,
    buffer: *mut u8,
    buffer_size: usize,
    stream: *mut *mut v2g_stream,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe {
        create(storage, storage_size, stream, |_| Ok(Reassembler::new(slice_mut(buffer, buffer_size)?)))
    })
}

/// Gives up a stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_stream_deinit(stream: *mut v2g_stream) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(stream) })
}

/// Forgets a partial message or an error, for a new connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_stream_reset(stream: *mut v2g_stream) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(stream, |stream| {
            stream.reset();
            Ok(())
        })
    }
}

/// Replaces the payload types that are delivered, from the next frame on; others are skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_stream_accept(stream: *mut v2g_stream, types: *const u16, count: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(stream, |stream| {
            let mut accepted = PayloadTypes::NONE;
            for number in slice(types, count)? {
                match PayloadType::from(*number) {
                    PayloadType::Manufacturer(_) | PayloadType::Reserved(_) => return Err(V2G_E_VALUE),
                    known => accepted = accepted.with(known),
                }
            }
            stream.accept(accepted);
            Ok(())
        })
    }
}

/// Takes octets until a message is complete or none is left, and says in `received` how many, and what the message is.
///
/// `V2G_OK`: a message is complete; its payload lives until the next call of the handle, and as long as the input. `V2G_NONE`:
/// all was consumed, and none is complete. `V2G_E_FRAME`, `V2G_E_FRAME_TOO_LONG`: the stream cannot be followed any further,
/// close the connection; every later call says so again until `v2g_stream_reset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_stream_handle_input(
    stream: *mut v2g_stream,
    bytes: *const u8,
    length: usize,
    received: *mut v2g_received,
) -> i32 {
    // SAFETY: promised by the caller.
    let taken = || unsafe {
        let mut stream = enter(stream)?;
        writable(received)?;
        let mut rest = slice(bytes, length)?;
        let message = stream.poll(&mut rest).map_err(|error| match error {
            StreamError::Frame(_) => V2G_E_FRAME,
            StreamError::TooLong { .. } => V2G_E_FRAME_TOO_LONG,
        })?;
        let consumed = length - rest.len();
        let (payload_type, payload) =
            message.map_or((0, &[][..]), |message| (u16::from(message.payload_type), message.payload));
        let payload = v2g_bytes::new(payload);
        write(received, v2g_received { size: 0, payload_type, kind: 0, consumed, payload })?;
        Ok(if message.is_some() { V2G_OK } else { V2G_NONE })
    };
    status(taken())
}

/// Writes the header of a frame, `V2G_HEADER_SIZE` octets, for a payload of `payload_length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_write_header(payload_type: u16, payload_length: usize, out: *mut u8) -> i32 {
    let header = Header::new(PayloadType::from(payload_type), payload_length).map_err(|_| V2G_E_VALUE);
    // SAFETY: promised by the caller.
    let place = |header: Header| unsafe {
        slice_mut(out, V2G_HEADER_SIZE).map(|out| out.copy_from_slice(&header.to_bytes()))
    };
    done(header.and_then(place))
}
