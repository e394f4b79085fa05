//! Integers: those of any size, and those of a small range.

use core::fmt;
use core::num::NonZeroU32;

use super::CapacityError;
use crate::bits::Writer;
use crate::bits::copy;

/// An integer without bounds (`xs:integer`), such as the serial number of a certificate: a big-endian magnitude
/// of the sender's, or the groups of a received message. Its full value is kept, whatever its size.
#[derive(Clone, Copy)]
pub struct Integer<'a> {
    data: &'a [u8],
    source: Source,
    negative: bool,
}

#[derive(Clone, Copy)]
enum Source {
    /// `data` is the magnitude, big-endian.
    Magnitude,
    /// `octets` groups of seven bits from bit `bit` of `data`; negative numbers are stored as −v−1.
    Groups { bit: u32, octets: u32 },
}

impl<'a> Integer<'a> {
    /// A non-negative integer, big-endian; leading zeros do no harm.
    pub const fn from_be_bytes(magnitude: &'a [u8]) -> Self {
        Self { data: magnitude, source: Source::Magnitude, negative: false }
    }

    /// The integer −`magnitude`. Zero is not negative.
    pub fn negative_from_be_bytes(magnitude: &'a [u8]) -> Self {
        let negative = magnitude.iter().any(|&octet| octet != 0);
        Self { data: magnitude, source: Source::Magnitude, negative }
    }

    pub(crate) const fn in_stream(data: &'a [u8], bit: usize, octets: u32, negative: bool) -> Self {
        Self { data, source: Source::Groups { bit: bit as u32, octets }, negative }
    }

    /// True below zero.
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// Octet `index` of the stored number, least significant first: the magnitude (slice) or, for negative
    /// numbers of a stream, the magnitude less one.
    fn stored(&self, index: usize) -> u8 {
        match self.source {
            Source::Magnitude => {
                self.data.len().checked_sub(index + 1).and_then(|i| self.data.get(i)).copied().unwrap_or(0)
            }
            Source::Groups { bit, octets } => {
                // Octet i holds bits 8i..8i+8, which lie in groups (8i)/7 and the one after.
                let group = |i: usize| {
                    if i < octets as usize {
                        copy::word(self.data, (bit as usize + i * 8) >> 3) << (bit & 7) >> 56 & 0x7F
                    } else {
                        0
                    }
                };
                let first = index * 8 / 7;
                let shift = index * 8 % 7;
                (group(first) >> shift | group(first + 1) << (7 - shift)) as u8
            }
        }
    }

    /// An upper bound of the magnitude's octets.
    fn capacity(&self) -> usize {
        match self.source {
            Source::Magnitude => self.data.len(),
            // One octet more for the carry of a negative number.
            Source::Groups { octets, .. } => (octets as usize * 7).div_ceil(8) + 1,
        }
    }

    /// The magnitude, least significant octet first, with zeros at the end.
    fn magnitude(&self) -> impl Iterator<Item = u8> + '_ {
        let mut carry = matches!(self.source, Source::Groups { .. }) && self.negative;
        (0..self.capacity()).map(move |index| {
            let (octet, overflow) = self.stored(index).overflowing_add(u8::from(carry));
            carry = overflow;
            octet
        })
    }

    /// Octets of the magnitude without leading zeros; 0 for zero.
    pub fn len_bytes(&self) -> usize {
        self.magnitude().enumerate().filter(|(_, octet)| *octet != 0).last().map_or(0, |(index, _)| index + 1)
    }

    /// Copies the magnitude, big-endian without leading zeros (none for zero), and returns the part used.
    ///
    /// # Errors
    /// `out` is too small.
    pub fn magnitude_be<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], CapacityError> {
        let needed = self.len_bytes();
        let Some(to) = out.get_mut(..needed) else { return Err(CapacityError { needed }) };
        for (to, octet) in to.iter_mut().rev().zip(self.magnitude()) {
            *to = octet;
        }
        Ok(to)
    }

    pub(crate) fn write_to(&self, w: &mut Writer<'_>) {
        match self.source {
            Source::Groups { bit, octets } => {
                // Without groups that a shorter encoding would not have.
                let group =
                    |i: u32| copy::word(self.data, (bit as usize >> 3) + i as usize) << (bit & 7) >> 56;
                let used = (1..octets).rev().find(|&i| group(i) & 0x7F != 0).map_or(1, |i| i + 1);
                for i in 0..used {
                    let more = if i + 1 < used { 0x80 } else { 0 };
                    w.put(group(i) & 0x7F | more, 8);
                }
            }
            Source::Magnitude => {
                let mut borrow = self.negative;
                let mut pending: u32 = 0;
                let mut bits = 0;
                let len = self.len_bytes();
                let mut index = 0;
                loop {
                    while bits < 7 && index < len {
                        let (octet, under) = self.stored(index).overflowing_sub(u8::from(borrow));
                        borrow = under;
                        pending |= u32::from(octet) << bits;
                        bits += 8;
                        index += 1;
                    }
                    let group = pending & 0x7F;
                    pending >>= 7;
                    bits -= bits.min(7);
                    let more = pending != 0 || self.any_from(index, borrow);
                    w.put(u64::from(group | if more { 0x80 } else { 0 }), 8);
                    if !more {
                        return;
                    }
                }
            }
        }
    }

    /// Whether octets from `index` on are not all zero once a borrow is taken.
    fn any_from(&self, index: usize, borrow: bool) -> bool {
        let mut borrow = borrow;
        (index..self.len_bytes()).any(|i| {
            let (octet, under) = self.stored(i).overflowing_sub(u8::from(borrow));
            borrow = under;
            octet != 0
        })
    }
}

impl Default for Integer<'_> {
    fn default() -> Self {
        Self::from_be_bytes(&[])
    }
}

impl PartialEq for Integer<'_> {
    fn eq(&self, other: &Self) -> bool {
        let len = self.len_bytes();
        self.negative == other.negative
            && len == other.len_bytes()
            && self.magnitude().take(len).eq(other.magnitude().take(len))
    }
}

impl Eq for Integer<'_> {}

impl fmt::Debug for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str("0x")?;
        let len = self.len_bytes();
        (0..len).rev().try_for_each(|index| write!(f, "{:02x}", self.magnitude().nth(index).unwrap_or(0)))
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ranged<const MIN: u16, const MAX: u16>(u16);

impl<const MIN: u16, const MAX: u16> Ranged<MIN, MAX> {
    /// The smallest value.
    pub const MIN: Self = Self(MIN);
    /// The largest value.
    pub const MAX: Self = Self(MAX);

    /// The value, if it is in range.
    pub const fn new(value: u16) -> Option<Self> {
        if value >= MIN && value <= MAX { Some(Self(value)) } else { None }
    }

    /// The value that is nearest in range.
    pub const fn clamped(value: u16) -> Self {
        if value < MIN {
            Self::MIN
        } else if value > MAX {
            Self::MAX
        } else {
            Self(value)
        }
    }

    /// The value.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// From what stands on the wire, which is the value less the minimum and was checked against the range.
    #[doc(hidden)]
    pub const fn from_offset(offset: u32) -> Self {
        Self(MIN + offset as u16)
    }

    #[doc(hidden)]
    pub const fn offset(self) -> u32 {
        (self.0 - MIN) as u32
    }
}

impl<const MIN: u16, const MAX: u16> Default for Ranged<MIN, MAX> {
    fn default() -> Self {
        Self::MIN
    }
}

impl<const MIN: u16, const MAX: u16> fmt::Display for Ranged<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An integer from 1 to 2³²−1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Positive(NonZeroU32);

impl Positive {
    /// One.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// The value, if it is not zero.
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The value.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl Default for Positive {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Display for Positive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
