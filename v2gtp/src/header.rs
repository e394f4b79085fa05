//! The eight-byte header in front of every V2GTP message.

use thiserror::Error;

use crate::{EmitError, PayloadType};

/// Length of the V2GTP header, bytes.
pub const HEADER_LEN: usize = 8;
/// The only protocol version, first byte of every message.
pub const VERSION: u8 = 0x01;
/// Bitwise inverse of [`VERSION`], second byte of every message.
pub const INVERSE_VERSION: u8 = !VERSION;

/// Why bytes are not a V2GTP frame.
///
/// Only [`FrameError::Truncated`] can be cured by more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The bytes end before the header or the announced payload does.
    #[error("the frame needs {needed} bytes, there are {available}")]
    Truncated {
        /// Bytes needed to get any further: the header first, the whole frame once the header is there.
        needed: usize,
        /// Bytes at hand.
        available: usize,
    },
    /// The first byte is not [`VERSION`].
    #[error("V2GTP version {0:#04x} instead of 0x01")]
    Version(u8),
    /// The second byte is not [`INVERSE_VERSION`].
    #[error("inverse V2GTP version {0:#04x} instead of 0xfe")]
    InverseVersion(u8),
    /// Header and announced payload together exceed the address space of this machine.
    #[error("a payload of {0} bytes cannot be addressed")]
    Unaddressable(u32),
}

/// Representation of a V2GTP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Length of the payload after the header, bytes. The whole 32-bit range is legal on the wire.
    pub payload_len: u32,
}

impl Header {
    /// Header for a payload of `payload_len` bytes.
    ///
    /// # Errors
    /// [`EmitError::PayloadTooLong`] from 2³² bytes on.
    pub fn new(payload_type: PayloadType, payload_len: usize) -> Result<Self, EmitError> {
        match u32::try_from(payload_len) {
            Ok(payload_len) => Ok(Self { payload_type, payload_len }),
            Err(_) => Err(EmitError::PayloadTooLong(payload_len)),
        }
    }

    /// Reads the header at the start of `bytes`; what follows it is not looked at.
    ///
    /// # Errors
    /// Wrong version bytes are reported as soon as they are there, before [`FrameError::Truncated`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        match *bytes {
            [version, ..] if version != VERSION => Err(FrameError::Version(version)),
            [_, inverse, ..] if inverse != INVERSE_VERSION => Err(FrameError::InverseVersion(inverse)),
            [_, _, t0, t1, l0, l1, l2, l3, ..] => Ok(Self {
                payload_type: PayloadType::from(u16::from_be_bytes([t0, t1])),
                payload_len: u32::from_be_bytes([l0, l1, l2, l3]),
            }),
            _ => Err(FrameError::Truncated { needed: HEADER_LEN, available: bytes.len() }),
        }
    }

    /// The header as it goes over the wire.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [t0, t1] = u16::from(self.payload_type).to_be_bytes();
        let [l0, l1, l2, l3] = self.payload_len.to_be_bytes();
        [VERSION, INVERSE_VERSION, t0, t1, l0, l1, l2, l3]
    }

    /// Writes the header to the start of `out`; the payload belongs right behind it.
    ///
    /// # Errors
    /// [`EmitError::BufferTooSmall`] below [`HEADER_LEN`] bytes.
    pub fn emit(self, out: &mut [u8]) -> Result<(), EmitError> {
        let available = out.len();
        let Some(place) = out.first_chunk_mut::<HEADER_LEN>() else {
            return Err(EmitError::BufferTooSmall { needed: HEADER_LEN, available });
        };
        *place = self.to_bytes();
        Ok(())
    }

    /// Length of header and payload together, bytes.
    ///
    /// # Errors
    /// [`FrameError::Unaddressable`] where `usize` cannot hold it.
    pub fn frame_len(self) -> Result<usize, FrameError> {
        usize::try_from(self.payload_len)
            .ok()
            .and_then(|len| len.checked_add(HEADER_LEN))
            .ok_or(FrameError::Unaddressable(self.payload_len))
    }
}

/// Checked view of bytes that start with one complete frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    header: Header,
    payload: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks the header and that its payload is there.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn new_checked(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let header = Header::parse(bytes)?;
        let needed = header.frame_len()?;
        let Some((frame, rest)) = bytes.split_at_checked(needed) else {
            return Err(FrameError::Truncated { needed, available: bytes.len() });
        };
        Ok(Self { header, payload: &frame[HEADER_LEN..], rest })
    }

    /// The header's representation.
    pub fn header(&self) -> Header {
        self.header
    }

    /// What the payload is.
    pub fn payload_type(&self) -> PayloadType {
        self.header.payload_type
    }

    /// Exactly the announced payload.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// What follows the frame: the next one, or nothing.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
