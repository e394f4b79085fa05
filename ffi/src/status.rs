//! What every function returns.

use core::ffi::{CStr, c_char};

/// Done; where something was asked for, it is there.
pub const V2G_OK: i32 = 0;
/// Nothing is there: no event, no frame, no further item. Not an error.
pub const V2G_NONE: i32 = 1;
/// A callback has begun and will complete later; see the function that takes its result. Not an error.
pub const V2G_PENDING: i32 = 2;

/// A pointer that must not be null is null.
pub const V2G_E_NULL: i32 = -1;
/// A pointer is not aligned for what it points to.
pub const V2G_E_ALIGN: i32 = -2;
/// The `size` of a struct is none that this library knows, or fields that it does not know are not zero.
pub const V2G_E_SIZE: i32 = -3;
/// The storage for a handle is too small; the `*_size()` function of the handle says how much is needed.
pub const V2G_E_STORAGE: i32 = -4;
/// Not a handle of this kind, given up already, or a copy of one.
pub const V2G_E_HANDLE: i32 = -5;
/// A value is outside its range, contradicts another, or a reserved field is not zero.
pub const V2G_E_VALUE: i32 = -6;
/// The buffer is too small; the length that was asked back says how much is needed. Nothing has changed.
pub const V2G_E_BUFFER: i32 = -7;
/// Not now: the session or the machine is not where this could be done.
pub const V2G_E_STATE: i32 = -8;
/// This build leaves it out.
pub const V2G_E_UNSUPPORTED: i32 = -9;
/// Header and library do not belong together.
pub const V2G_E_ABI: i32 = -10;
/// A text is not UTF-8.
pub const V2G_E_TEXT: i32 = -11;
/// The handle is in use: it was called from within a callback of its own.
pub const V2G_E_BUSY: i32 = -12;
/// There is no such parameter, item or message.
pub const V2G_E_MISSING: i32 = -13;

/// EXI: the input ends inside the message.
pub const V2G_E_EXI_END: i32 = -20;
/// EXI: the input is larger than bit offsets can address.
pub const V2G_E_EXI_TOO_LARGE: i32 = -21;
/// EXI: the first octet is not 0x80.
pub const V2G_E_EXI_HEADER: i32 = -22;
/// EXI: the root element is none of the messages of the schema set.
pub const V2G_E_EXI_ROOT: i32 = -23;
/// EXI: an event code that the grammar does not have.
pub const V2G_E_EXI_EVENT: i32 = -24;
/// EXI: an element, attribute or text that the schema does not have here.
pub const V2G_E_EXI_DEVIATION: i32 = -25;
/// EXI: something that V2G does not use: type casts, nil, wildcards, mixed content, abstract elements, parts of XML Signature.
pub const V2G_E_EXI_UNSUPPORTED: i32 = -26;
/// EXI: a reference to the string table, which V2G does not have.
pub const V2G_E_EXI_STRING_TABLE: i32 = -27;
/// EXI: a value of an enumeration that does not exist.
pub const V2G_E_EXI_ENUMERATION: i32 = -28;
/// EXI: an integer outside the range of its type.
pub const V2G_E_EXI_RANGE: i32 = -29;
/// EXI: a text or byte string that is too short or too long for its type.
pub const V2G_E_EXI_LENGTH: i32 = -30;
/// EXI: a code point that no character has.
pub const V2G_E_EXI_CHARACTER: i32 = -31;
/// EXI: more items than the schema allows.
pub const V2G_E_EXI_TOO_MANY: i32 = -32;
/// EXI: fewer items than the schema demands.
pub const V2G_E_EXI_TOO_FEW: i32 = -33;
/// EXI: octets after the end of the message.
pub const V2G_E_EXI_TRAILING: i32 = -34;
/// EXI: an error of a kind that is newer than this list.
pub const V2G_E_EXI_OTHER: i32 = -39;

/// V2GTP: the header is none.
pub const V2G_E_FRAME: i32 = -40;
/// V2GTP: the payload is longer than what is accepted.
pub const V2G_E_FRAME_TOO_LONG: i32 = -41;
/// V2GTP: a payload type that carries none of the messages.
pub const V2G_E_PAYLOAD_TYPE: i32 = -42;
/// SDP: the datagram is no message, or not one that is awaited. Ignored; the machine goes on.
pub const V2G_E_SDP_IGNORED: i32 = -43;
/// SDP: the address is not link-local unicast, or the port is 0.
pub const V2G_E_SDP_ENDPOINT: i32 = -44;

/// Session: a response where a request must be, or the reverse.
pub const V2G_E_DIRECTION: i32 = -60;
/// Session: nothing of the kind was asked for.
pub const V2G_E_NOT_ASKED: i32 = -61;
/// Session: not advertised to this vehicle, or not offered by this charger.
pub const V2G_E_NOT_OFFERED: i32 = -62;
/// Session: the content is outside the limits of the schema or of the service.
pub const V2G_E_CONTENT: i32 = -63;
/// Configuration: an identifier is too long.
pub const V2G_E_CONFIG_IDENTIFIER: i32 = -64;
/// Configuration: no service, too many, one twice, or one without or with too many parameter sets.
pub const V2G_E_CONFIG_SERVICES: i32 = -65;
/// Configuration: no way to authorize, or certificates beyond the limits of the schema.
pub const V2G_E_CONFIG_AUTHORIZATION: i32 = -66;
/// Configuration: no way to position, pair or check, or too many.
pub const V2G_E_CONFIG_POSITIONING: i32 = -67;

/// SLAC: the frame is not for this machine, or not now. Ignored; the machine goes on.
pub const V2G_E_SLAC_IGNORED: i32 = -80;

/// Trust: a certificate, a chain, a root or a signature does not hold; a `v2g_fault` says why.
pub const V2G_E_TRUST: i32 = -100;
/// Trust: the key store does not do it.
pub const V2G_E_KEY: i32 = -101;

fn text(status: i32) -> &'static CStr {
    match status {
        V2G_OK => c"ok",
        V2G_NONE => c"nothing there",
        V2G_PENDING => c"pending",
        V2G_E_NULL => c"null pointer",
        V2G_E_ALIGN => c"misaligned pointer",
        V2G_E_SIZE => c"struct of an unknown size",
        V2G_E_STORAGE => c"storage too small",
        V2G_E_HANDLE => c"not a handle of this kind",
        V2G_E_VALUE => c"value out of range",
        V2G_E_BUFFER => c"buffer too small",
        V2G_E_STATE => c"not at this point",
        V2G_E_UNSUPPORTED => c"left out of this build",
        V2G_E_ABI => c"header and library do not belong together",
        V2G_E_TEXT => c"not UTF-8",
        V2G_E_BUSY => c"handle in use",
        V2G_E_MISSING => c"no such thing",
        V2G_E_EXI_END => c"EXI: the input ends inside the message",
        V2G_E_EXI_TOO_LARGE => c"EXI: the input is too large",
        V2G_E_EXI_HEADER => c"EXI: not the header 0x80",
        V2G_E_EXI_ROOT => c"EXI: the root element is no message of this schema set",
        V2G_E_EXI_EVENT => c"EXI: invalid event code",
        V2G_E_EXI_DEVIATION => c"EXI: unexpected element, attribute or text",
        V2G_E_EXI_UNSUPPORTED => c"EXI: not used by V2G",
        V2G_E_EXI_STRING_TABLE => c"EXI: reference to the string table",
        V2G_E_EXI_ENUMERATION => c"EXI: enumeration value out of range",
        V2G_E_EXI_RANGE => c"EXI: integer out of range",
        V2G_E_EXI_LENGTH => c"EXI: length out of range",
        V2G_E_EXI_CHARACTER => c"EXI: invalid character",
        V2G_E_EXI_TOO_MANY => c"EXI: too many items",
        V2G_E_EXI_TOO_FEW => c"EXI: too few items",
        V2G_E_EXI_TRAILING => c"EXI: data after the end of the message",
        V2G_E_EXI_OTHER => c"EXI: invalid message",
        V2G_E_FRAME => c"V2GTP: not a header",
        V2G_E_FRAME_TOO_LONG => c"V2GTP: payload too long",
        V2G_E_PAYLOAD_TYPE => c"V2GTP: payload type without messages",
        V2G_E_SDP_IGNORED => c"SDP: datagram ignored",
        V2G_E_SDP_ENDPOINT => c"SDP: not a link-local address with a port",
        V2G_E_DIRECTION => c"the message goes the other way",
        V2G_E_NOT_ASKED => c"not asked for",
        V2G_E_NOT_OFFERED => c"not offered",
        V2G_E_CONTENT => c"content outside the limits of schema or service",
        V2G_E_CONFIG_IDENTIFIER => c"configuration: identifier too long",
        V2G_E_CONFIG_SERVICES => c"configuration: services or parameter sets",
        V2G_E_CONFIG_AUTHORIZATION => c"configuration: authorization",
        V2G_E_CONFIG_POSITIONING => c"configuration: positioning",
        V2G_E_SLAC_IGNORED => c"SLAC: frame ignored",
        V2G_E_TRUST => c"not trusted",
        V2G_E_KEY => c"the key store failed",
        #[cfg(feature = "hosted")]
        crate::hosted::tls::V2G_E_TLS => c"TLS: the link is over",
        #[cfg(feature = "hosted")]
        crate::hosted::file::V2G_E_FILE => c"a file could not be read or written",
        _ => c"unknown status",
    }
}

/// A status in words, English. Never null; the text lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_status_str(status: i32) -> *const c_char {
    text(status).as_ptr()
}

/// The status of an error of the codec.
pub(crate) fn of_exi(error: &exi_codec::Error) -> i32 {
    use exi_codec::ErrorKind as E;
    match error.kind() {
        E::UnexpectedEnd => V2G_E_EXI_END,
        E::TooLarge => V2G_E_EXI_TOO_LARGE,
        E::Header => V2G_E_EXI_HEADER,
        E::UnexpectedRoot => V2G_E_EXI_ROOT,
        E::EventCode => V2G_E_EXI_EVENT,
        E::Deviation => V2G_E_EXI_DEVIATION,
        E::XsiType | E::XsiNil | E::Wildcard | E::MixedContent | E::AbstractElement | E::Unsupported => {
            V2G_E_EXI_UNSUPPORTED
        }
        E::StringTable => V2G_E_EXI_STRING_TABLE,
        E::Enumeration => V2G_E_EXI_ENUMERATION,
        E::IntegerRange => V2G_E_EXI_RANGE,
        E::Length => V2G_E_EXI_LENGTH,
        E::Character => V2G_E_EXI_CHARACTER,
        E::TooManyItems => V2G_E_EXI_TOO_MANY,
        E::TooFewItems => V2G_E_EXI_TOO_FEW,
        E::BufferTooSmall => V2G_E_BUFFER,
        E::TrailingData => V2G_E_EXI_TRAILING,
        _ => V2G_E_EXI_OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_decades_is_known_or_says_that_it_is_not() {
        assert_eq!(text(V2G_E_STORAGE).to_str(), Ok("storage too small"));
        assert_eq!(text(-99_999).to_str(), Ok("unknown status"));
        let known = (-110..=2).filter(|&status| text(status) != c"unknown status").count();
        assert_eq!(known, 48);
    }
}
