//! Byte strings.

use core::fmt;

use super::{CapacityError, Element};
use crate::bits::{Mode, Reader, Writer, copy};
use crate::error::{Fault, Name};

/// Marks a view that holds a slice rather than a place in a stream.
const SLICE: u32 = u32::MAX;

/// Octets (`xs:hexBinary`, `xs:base64Binary`): a slice of the sender's, or a place in a received message.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    data: &'a [u8],
    /// Where the octets start in `data`, or [`SLICE`].
    bit: u32,
    /// Octets (stream), or 0 (slice).
    len: u32,
}

impl<'a> Bytes<'a> {
    /// Octets to be sent.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { data: octets, bit: SLICE, len: 0 }
    }

    pub(crate) const fn in_stream(data: &'a [u8], bit: usize, len: u32) -> Self {
        Self { data, bit: bit as u32, len }
    }

    /// The slice, if the octets are one or happen to stand at an octet boundary.
    pub fn as_slice(&self) -> Option<&'a [u8]> {
        if self.bit == SLICE {
            Some(self.data)
        } else if self.bit.is_multiple_of(8) {
            let start = self.bit as usize / 8;
            self.data.get(start..start + self.len as usize)
        } else {
            None
        }
    }

    /// Number of octets.
    pub const fn len(&self) -> usize {
        if self.bit == SLICE { self.data.len() } else { self.len as usize }
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets, one by one; [`copy_to`](Self::copy_to) is the fast way.
    pub fn iter(&self) -> impl Iterator<Item = u8> + 'a {
        let view = *self;
        (0..self.len()).map(move |index| {
            let mut octet = [0];
            view.read(index, &mut octet);
            let [octet] = octet;
            octet
        })
    }

    /// Copies octets from `offset` on; what lies beyond the end reads as zero.
    fn read(&self, offset: usize, out: &mut [u8]) {
        let bit = if self.bit == SLICE { 0 } else { self.bit as usize };
        copy::octets(self.data, bit + offset * 8, out);
    }

    /// Copies the octets into `out` and returns the part used.
    ///
    /// # Errors
    /// `out` is too small; then it is unchanged.
    #[inline]
    pub fn copy_to<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], CapacityError> {
        let needed = self.len();
        let Some(to) = out.get_mut(..needed) else { return Err(CapacityError { needed }) };
        self.read(0, to);
        Ok(to)
    }

    pub(crate) fn write_to(&self, w: &mut Writer<'_>) {
        if self.bit == SLICE {
            w.octets(self.data);
        } else {
            w.copy_bits(self.data, self.bit as usize, self.len as usize * 8);
        }
    }
}

impl Default for Bytes<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> From<&'a [u8]> for Bytes<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self::new(octets)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Bytes<'a> {
    fn from(octets: &'a [u8; N]) -> Self {
        Self::new(octets)
    }
}

impl PartialEq<[u8]> for Bytes<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        let bit = if self.bit == SLICE { 0 } else { self.bit as usize };
        self.len() == other.len() && copy::octets_equal(self.data, bit, other)
    }
}

impl PartialEq for Bytes<'_> {
    fn eq(&self, other: &Self) -> bool {
        match other.as_slice() {
            Some(octets) => self == octets,
            None => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Bytes<'_> {}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl<'a> Element<'a> for Bytes<'a> {
    fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault> {
        r.bytes(1, 0, u32::MAX, Name::NONE)
    }

    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault> {
        w.bytes(0, 0, self, (0, u32::MAX), Name::NONE)
    }
}
