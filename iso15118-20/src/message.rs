//! One typed view over the schema sets: which grammar reads a payload, and what it says.

mod kind;
mod refusal;
mod view;

#[cfg(feature = "ac")]
use exi_codec::iso20::ac;
#[cfg(feature = "acdp")]
use exi_codec::iso20::acdp;
use exi_codec::iso20::common_messages;
#[cfg(feature = "dc")]
use exi_codec::iso20::dc;
#[cfg(feature = "wpt")]
use exi_codec::iso20::wpt;
use exi_codec::{Error, ErrorKind, app_protocol};
use thiserror::Error as ThisError;
use v2gtp::{HEADER_LEN, Header, PayloadType, SchemaSet};

use crate::sequence::Stream;

pub use kind::MessageKind;
pub use refusal::refusal;
pub use view::{Request, Response};

/// Why a payload is no message of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum DecodeError {
    /// The payload type carries none of the messages of ISO 15118-20.
    #[error("payload type {0} carries no message")]
    PayloadType(PayloadType),
    /// The payload is no valid message of its schema set.
    #[error(transparent)]
    Exi(#[from] Error),
    /// A response where a request must be, or the reverse.
    #[error("{0} goes the other way")]
    Direction(MessageKind),
}

/// Why a message could not be put into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum EncodeError {
    /// The buffer is too small; nothing in it is of use.
    #[error("the buffer is too small: {needed} bytes are needed")]
    BufferTooSmall {
        /// Bytes of the whole frame.
        needed: usize,
    },
    /// A value is outside the limits of the schema.
    #[error(transparent)]
    Value(Error),
}

impl EncodeError {
    /// The error of a payload that stands alone.
    pub(crate) fn of_payload(error: Error) -> Self {
        match error.kind() {
            ErrorKind::BufferTooSmall => {
                Self::BufferTooSmall { needed: (error.bit_offset() as usize).div_ceil(8) }
            }
            _ => Self::Value(error),
        }
    }
}

/// A message of any set, either direction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum AnyMessage<'a> {
    Request(Request<'a>),
    Response(Response<'a>),
}

/// What a payload says; `family` settles which grammar reads the payloads that several sets share.
fn decode(
    payload_type: PayloadType,
    family: SchemaSet,
    payload: &[u8],
) -> Result<AnyMessage<'_>, DecodeError> {
    match payload_type.schema_set().ok_or(DecodeError::PayloadType(payload_type))? {
        SchemaSet::Mixed => mixed(payload_type, family, payload),
        set => decode_set(payload_type, set, payload),
    }
}

/// Schedule renegotiation: two kinds of CommonMessages, else the charge parameters of the family.
fn mixed(
    payload_type: PayloadType,
    family: SchemaSet,
    payload: &[u8],
) -> Result<AnyMessage<'_>, DecodeError> {
    use MessageKind as K;
    match decode_set(payload_type, SchemaSet::CommonMessages, payload) {
        Ok(message) if matches!(message.kind().request(), K::ScheduleExchangeReq | K::PowerDeliveryReq) => {
            Ok(message)
        }
        _ => decode_set(payload_type, family, payload),
    }
}

fn decode_set(
    payload_type: PayloadType,
    set: SchemaSet,
    payload: &[u8],
) -> Result<AnyMessage<'_>, DecodeError> {
    Ok(match set {
        SchemaSet::AppProtocol => exi_codec::decode::<app_protocol::Message>(payload)?.into(),
        SchemaSet::CommonMessages => exi_codec::decode::<common_messages::Message>(payload)?.into(),
        #[cfg(feature = "ac")]
        SchemaSet::Ac => exi_codec::decode::<ac::Message>(payload)?.into(),
        #[cfg(feature = "dc")]
        SchemaSet::Dc => exi_codec::decode::<dc::Message>(payload)?.into(),
        #[cfg(feature = "wpt")]
        SchemaSet::Wpt => exi_codec::decode::<wpt::Message>(payload)?.into(),
        #[cfg(feature = "acdp")]
        SchemaSet::Acdp => exi_codec::decode::<acdp::Message>(payload)?.into(),
        // Grid codes of Amendment 1, and families that this build leaves out.
        _ => return Err(DecodeError::PayloadType(payload_type)),
    })
}

impl<'a> Request<'a> {
    /// Reads a payload that a vehicle sent.
    ///
    /// `family` is the set of the selected energy service ([`SchemaSet::Dc`] before there is one): the side
    /// stream of schedule renegotiation carries messages of several sets.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        payload_type: PayloadType,
        family: SchemaSet,
        payload: &'a [u8],
    ) -> Result<Self, DecodeError> {
        match decode(payload_type, family, payload)? {
            AnyMessage::Request(request) => Ok(request),
            AnyMessage::Response(response) => Err(DecodeError::Direction(response.kind())),
        }
    }

    /// Writes the message with its V2GTP header to the start of `out` and returns the length of the frame, bytes.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_on(Stream::Main, out)
    }

    /// Writes the message as [`encode`](Self::encode) does, for a stream that need not be its usual one: schedule
    /// renegotiation sends messages of the main stream on the side.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode_on(&self, stream: Stream, out: &mut [u8]) -> Result<usize, EncodeError> {
        let payload_type = stream.payload_type().unwrap_or(self.kind().payload_type());
        frame(payload_type, out, |payload| self.encode_payload(payload))
    }
}

impl<'a> Response<'a> {
    /// Reads a payload that a charger sent; see [`Request::decode`].
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        payload_type: PayloadType,
        family: SchemaSet,
        payload: &'a [u8],
    ) -> Result<Self, DecodeError> {
        match decode(payload_type, family, payload)? {
            AnyMessage::Response(response) => Ok(response),
            AnyMessage::Request(request) => Err(DecodeError::Direction(request.kind())),
        }
    }

    /// Writes the message with its V2GTP header to the start of `out` and returns the length of the frame, bytes.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_on(Stream::Main, out)
    }

    /// Writes the message as [`encode`](Self::encode) does, for a stream that need not be its usual one: schedule
    /// renegotiation sends messages of the main stream on the side.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode_on(&self, stream: Stream, out: &mut [u8]) -> Result<usize, EncodeError> {
        let payload_type = stream.payload_type().unwrap_or(self.kind().payload_type());
        frame(payload_type, out, |payload| self.encode_payload(payload))
    }
}

fn frame(
    payload_type: PayloadType,
    out: &mut [u8],
    encode: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
) -> Result<usize, EncodeError> {
    let (header, payload) = match out.split_first_chunk_mut::<HEADER_LEN>() {
        Some((header, payload)) => (Some(header), payload),
        None => (None, <&mut [u8]>::default()),
    };
    let len = match encode(payload) {
        Ok(len) => len,
        Err(error) if error.kind() == ErrorKind::BufferTooSmall => {
            let needed = HEADER_LEN + (error.bit_offset() as usize).div_ceil(8);
            return Err(EncodeError::BufferTooSmall { needed });
        }
        Err(error) => return Err(EncodeError::Value(error)),
    };
    match (header, Header::new(payload_type, len)) {
        (Some(place), Ok(header)) => {
            *place = header.to_bytes();
            Ok(HEADER_LEN + len)
        }
        _ => Err(EncodeError::BufferTooSmall { needed: HEADER_LEN + len }),
    }
}

#[cfg(test)]
mod tests;
