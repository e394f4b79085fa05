//! How long records are.

/// The most content in one record that this end sends.
///
/// ISO 15118-20 wants the extension `max_fragment_length` (RFC 6066), 512 bytes included [V2G20-2446, 2447]. rustls
/// neither sends nor answers it. A station honours what a vehicle asks for as far as its own records go, without saying
/// so; records that are received may always have 16 kB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaxFragment {
    /// 512 bytes.
    Bytes512,
    /// 1024 bytes.
    Bytes1024,
    /// 2048 bytes.
    Bytes2048,
    /// 4096 bytes.
    Bytes4096,
    /// What TLS allows: 16384 bytes.
    #[default]
    Full,
}

impl MaxFragment {
    /// The value with this code in the extension.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Bytes512),
            2 => Some(Self::Bytes1024),
            3 => Some(Self::Bytes2048),
            4 => Some(Self::Bytes4096),
            _ => None,
        }
    }

    /// The number in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bytes512 => 512,
            Self::Bytes1024 => 1024,
            Self::Bytes2048 => 2048,
            Self::Bytes4096 => 4096,
            Self::Full => 16384,
        }
    }

    /// As rustls counts: with the header of the record.
    pub(crate) const fn to_rustls(self) -> Option<usize> {
        match self {
            Self::Full => None,
            _ => Some(self.bytes() + 5),
        }
    }
}
