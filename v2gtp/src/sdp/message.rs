//! One SDP datagram: header and exactly one message.

use thiserror::Error;

use super::{EmspRequest, EmspResponse, SdpRequest, SdpResponse, WirelessRequest, WirelessResponse};
use crate::{EmitError, Frame, FrameError, HEADER_LEN, Header, PayloadType};

/// Why a datagram is no SDP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SdpError {
    /// It does not hold a complete V2GTP frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The payload is none of SDP.
    #[error("payload type {0} is not SDP")]
    NotSdp(PayloadType),
    /// Bytes follow the frame.
    #[error("{0} bytes after the frame")]
    TrailingBytes(usize),
    /// The payload has a length that its type does not allow.
    #[error("payload {payload_type} of {len} bytes")]
    PayloadLength {
        /// Type of the payload.
        payload_type: PayloadType,
        /// Its length, bytes.
        len: usize,
    },
    /// Unknown code for [`crate::Security`].
    #[error("security {0:#04x}")]
    Security(u8),
    /// Unknown code for [`crate::Transport`].
    #[error("transport {0:#04x}")]
    Transport(u8),
    /// Unknown code for [`crate::Coupling`].
    #[error("coupling {0:#04x}")]
    Coupling(u8),
    /// Unknown code for [`crate::DiagStatus`].
    #[error("diagnosis status {0:#04x}")]
    DiagStatus(u8),
}

/// Any SDP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpMessage<'a> {
    /// 0x9000.
    Request(SdpRequest),
    /// 0x9001.
    Response(SdpResponse),
    /// 0x9002.
    WirelessRequest(WirelessRequest),
    /// 0x9003.
    WirelessResponse(WirelessResponse),
    /// 0x9004.
    EmspRequest(EmspRequest<'a>),
    /// 0x9005.
    EmspResponse(EmspResponse<'a>),
}

impl<'a> SdpMessage<'a> {
    /// Reads a whole datagram.
    ///
    /// Some senders count up to two bytes of padding after a wireless response in the header, and not all
    /// of those send the padding. Both is accepted; the message is emitted without.
    ///
    /// # Errors
    /// See [`SdpError`].
    pub fn parse(datagram: &'a [u8]) -> Result<Self, SdpError> {
        let header = Header::parse(datagram)?;
        if header.payload_type == PayloadType::SdpWirelessResponse {
            return parse_padded(header, &datagram[HEADER_LEN..]);
        }
        let frame = Frame::new_checked(datagram)?;
        if !frame.rest().is_empty() {
            return Err(SdpError::TrailingBytes(frame.rest().len()));
        }
        let payload_type = frame.payload_type();
        let body = frame.payload();
        let wrong_length = SdpError::PayloadLength { payload_type, len: body.len() };
        match payload_type {
            PayloadType::SdpRequest => {
                SdpRequest::parse(body.try_into().map_err(|_| wrong_length)?).map(Self::Request)
            }
            PayloadType::SdpResponse => {
                SdpResponse::parse(body.try_into().map_err(|_| wrong_length)?).map(Self::Response)
            }
            PayloadType::SdpWirelessRequest => {
                WirelessRequest::parse(body.try_into().map_err(|_| wrong_length)?).map(Self::WirelessRequest)
            }
            PayloadType::SdpEmspRequest => Ok(Self::EmspRequest(EmspRequest { ids: body })),
            PayloadType::SdpEmspResponse => {
                EmspResponse::parse(body).map(Self::EmspResponse).ok_or(wrong_length)
            }
            _ => Err(SdpError::NotSdp(payload_type)),
        }
    }

    /// The payload type of the message.
    pub fn payload_type(&self) -> PayloadType {
        match self {
            Self::Request(_) => PayloadType::SdpRequest,
            Self::Response(_) => PayloadType::SdpResponse,
            Self::WirelessRequest(_) => PayloadType::SdpWirelessRequest,
            Self::WirelessResponse(_) => PayloadType::SdpWirelessResponse,
            Self::EmspRequest(_) => PayloadType::SdpEmspRequest,
            Self::EmspResponse(_) => PayloadType::SdpEmspResponse,
        }
    }

    /// Length of the datagram, bytes.
    pub fn buffer_len(&self) -> usize {
        HEADER_LEN.saturating_add(self.payload_len())
    }

    /// Writes the datagram to the start of `out` and returns its length.
    ///
    /// # Errors
    /// See [`EmitError`]; `out` is untouched then.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize, EmitError> {
        let header = Header::new(self.payload_type(), self.payload_len())?;
        let needed = self.buffer_len();
        let available = out.len();
        let Some(out) = out.get_mut(..needed) else {
            return Err(EmitError::BufferTooSmall { needed, available });
        };
        let (head, body) = out.split_at_mut(HEADER_LEN);
        head.copy_from_slice(&header.to_bytes());
        match self {
            Self::Request(message) => body.copy_from_slice(&message.to_bytes()),
            Self::Response(message) => body.copy_from_slice(&message.to_bytes()),
            Self::WirelessRequest(message) => body.copy_from_slice(&message.to_bytes()),
            Self::WirelessResponse(message) => body.copy_from_slice(&message.to_bytes()),
            Self::EmspRequest(message) => body.copy_from_slice(message.ids),
            Self::EmspResponse(message) => {
                let (head, ids) = body.split_at_mut(EmspResponse::MIN_LEN);
                head.copy_from_slice(&message.head());
                ids.copy_from_slice(message.ids);
            }
        }
        Ok(needed)
    }

    fn payload_len(&self) -> usize {
        match self {
            Self::Request(_) => SdpRequest::LEN,
            Self::Response(_) => SdpResponse::LEN,
            Self::WirelessRequest(_) => WirelessRequest::LEN,
            Self::WirelessResponse(_) => WirelessResponse::LEN,
            Self::EmspRequest(message) => message.ids.len(),
            Self::EmspResponse(message) => EmspResponse::MIN_LEN.saturating_add(message.ids.len()),
        }
    }
}

fn parse_padded<'a>(header: Header, body: &[u8]) -> Result<SdpMessage<'a>, SdpError> {
    let legal = WirelessResponse::LEN..=WirelessResponse::PADDED_LEN;
    let announced = header.frame_len()? - HEADER_LEN;
    let wrong_length = |len| SdpError::PayloadLength { payload_type: header.payload_type, len };
    if !legal.contains(&announced) {
        return Err(wrong_length(announced));
    }
    match body.first_chunk() {
        Some(message) if legal.contains(&body.len()) => {
            WirelessResponse::parse(*message).map(SdpMessage::WirelessResponse)
        }
        _ => Err(wrong_length(body.len())),
    }
}
