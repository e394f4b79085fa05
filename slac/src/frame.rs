//! The HomePlug AV frame around a management message.

use thiserror::Error;

use crate::{MacAddr, MmType};

/// EtherType of HomePlug AV management messages; big-endian, unlike everything behind it.
pub const ETHERTYPE: u16 = 0x88E1;
/// Shortest frame that may be sent, bytes without the frame check sequence.
pub const MIN_FRAME_LEN: usize = 60;

/// 802.1Q: copies with a VLAN tag turn up in captures and behind some switches.
const ETHERTYPE_VLAN: u16 = 0x8100;

/// Management message version: which edition of HomePlug AV a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// 0: AV 1.0, whose messages have no fragmentation fields. Most vendor messages.
    Av10,
    /// 1: AV 1.1. Everything that SLAC sends.
    Av11,
    /// 2: AV 2.0.
    Av20,
}

impl Version {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Av10 => 0,
            Self::Av11 => 1,
            Self::Av20 => 2,
        }
    }

    /// Bytes before the payload: addresses, EtherType, version, type, and fragmentation from AV 1.1 on.
    pub const fn header_len(self) -> usize {
        match self {
            Self::Av10 => 17,
            Self::Av11 | Self::Av20 => 19,
        }
    }
}

/// Why bytes are no HomePlug management frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The bytes end before the header does.
    #[error("the header needs {needed} bytes, there are {available}")]
    Truncated {
        /// Bytes that the header takes.
        needed: usize,
        /// Bytes at hand.
        available: usize,
    },
    /// The frame is of another protocol.
    #[error("EtherType {0:#06x} instead of 0x88e1")]
    EtherType(u16),
    /// The message is of an edition that nobody knows.
    #[error("management message version {0}")]
    Version(u8),
    /// The message is one of several parts. Nothing that SLAC needs is ever fragmented.
    #[error("part {index} of a message in {count} parts")]
    Fragmented {
        /// Which part, from 0.
        index: u8,
        /// How many there are.
        count: u8,
    },
}

/// The buffer for a frame is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the frame needs {needed} bytes, there are {available}")]
pub struct EmitError {
    /// Bytes needed.
    pub needed: usize,
    /// Bytes at hand.
    pub available: usize,
}

/// From whom to whom, and in which edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Who shall get the frame.
    pub destination: MacAddr,
    /// Who sends it.
    pub source: MacAddr,
    /// Edition of the message.
    pub version: Version,
}

impl Envelope {
    /// Writes the header to the start of `out`, whose length must be sufficient.
    pub(crate) fn write(self, mmtype: MmType, out: &mut [u8]) {
        let [t0, t1] = mmtype.0.to_le_bytes();
        let [e0, e1] = ETHERTYPE.to_be_bytes();
        let parts = [&self.destination.0[..], &self.source.0, &[e0, e1, self.version.code(), t0, t1]];
        let mut at = out.iter_mut();
        for byte in parts.into_iter().flatten() {
            if let Some(place) = at.next() {
                *place = *byte;
            }
        }
    }
}

/// Checked view of a frame with one whole management message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    envelope: Envelope,
    mmtype: MmType,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks the header. A VLAN tag is stripped.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn new_checked(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let available = bytes.len();
        let truncated = |needed| FrameError::Truncated { needed, available };
        let short = truncated(Version::Av10.header_len());
        let (destination, rest) = bytes.split_first_chunk().ok_or(short)?;
        let (source, rest) = rest.split_first_chunk().ok_or(short)?;
        let (mut ethertype, mut rest) = rest.split_first_chunk().ok_or(short)?;
        if u16::from_be_bytes(*ethertype) == ETHERTYPE_VLAN {
            let untagged = rest.get(2..).ok_or(short)?;
            (ethertype, rest) = untagged.split_first_chunk().ok_or(short)?;
        }
        match u16::from_be_bytes(*ethertype) {
            ETHERTYPE => {}
            other => return Err(FrameError::EtherType(other)),
        }
        let ([version, t0, t1], rest) = rest.split_first_chunk().ok_or(short)?;
        let (version, payload) = match *version {
            0 => (Version::Av10, rest),
            code @ (1 | 2) => {
                let version = if code == 1 { Version::Av11 } else { Version::Av20 };
                let ([parts, _], payload) =
                    rest.split_first_chunk().ok_or_else(|| truncated(version.header_len()))?;
                if *parts != 0 {
                    return Err(FrameError::Fragmented { index: parts & 0x0F, count: (parts >> 4) + 1 });
                }
                (version, payload)
            }
            other => return Err(FrameError::Version(other)),
        };
        Ok(Self {
            envelope: Envelope { destination: MacAddr(*destination), source: MacAddr(*source), version },
            mmtype: MmType(u16::from_le_bytes([*t0, *t1])),
            payload,
        })
    }

    /// Addresses and edition.
    pub fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// Who shall get the frame.
    pub fn destination(&self) -> MacAddr {
        self.envelope.destination
    }

    /// Who sent the frame.
    pub fn source(&self) -> MacAddr {
        self.envelope.source
    }

    /// Edition of the message.
    pub fn version(&self) -> Version {
        self.envelope.version
    }

    /// Type of the message.
    pub fn mmtype(&self) -> MmType {
        self.mmtype
    }

    /// Everything behind the header: the message, and padding of any length.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
