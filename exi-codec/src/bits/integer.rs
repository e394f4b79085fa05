//! EXI Unsigned Integer: groups of seven bits, least significant first, the high bit of each octet meaning
//! "more follows".

use super::reader::HOST;

/// A value with the octets that it takes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) value: u64,
    pub(crate) octets: u32,
}

impl Groups {
    /// False if a shorter encoding exists: the last group is zero although it is not the only one.
    #[inline(always)]
    pub(crate) const fn is_minimal(self) -> bool {
        self.octets == 1 || self.value >> (7 * (self.octets - 1)) != 0
    }
}

/// Reads at most `limit` octets (1 to 8) from the top of `word`. None if the integer goes on beyond them.
#[inline(always)]
pub(crate) fn parse(word: u64, limit: u32) -> Option<Groups> {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let first = word >> 56;
    if first < 0x80 {
        return Some(Groups { value: first, octets: 1 });
    }
    let second = word >> 48 & 0xFF;
    if second < 0x80 && limit >= 2 {
        return Some(Groups { value: first & 0x7F | second << 7, octets: 2 });
    }
    let third = word >> 40 & 0xFF;
    if HOST && third < 0x80 && limit >= 3 {
        return Some(Groups { value: first & 0x7F | (second & 0x7F) << 7 | third << 14, octets: 3 });
    }
    // The first octet without its high bit set is the last.
    let octets = (!word & MORE).leading_zeros() / 8 + 1;
    if octets > limit {
        return None;
    }
    let mut value = 0;
    let mut rest = word >> (64 - 8 * octets);
    for _ in 0..octets {
        value = value << 7 | rest & 0x7F;
        rest >>= 8;
    }
    Some(Groups { value, octets })
}

/// The octets of `value` at the low end of a word, with their number of bits: 8 to 64 for values below 2^56.
#[inline(always)]
pub(crate) fn emit(value: u64) -> (u64, u32) {
    if value < 0x80 {
        return (value, 8);
    }
    if value < 0x4000 {
        return ((value & 0x7F | 0x80) << 8 | value >> 7, 16);
    }
    let mut rest = value >> 14;
    let mut word = (value & 0x7F | 0x80) << 8 | value >> 7 & 0x7F | 0x80;
    let mut bits = 16;
    while rest >= 0x80 {
        word = word << 8 | 0x80 | rest & 0x7F;
        rest >>= 7;
        bits += 8;
    }
    (word << 8 | rest, bits + 8)
}
