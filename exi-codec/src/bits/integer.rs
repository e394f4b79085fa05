//! EXI Unsigned Integer: groups of seven bits, least significant first, the high bit of each octet meaning
//! "more follows".

/// A value with the octets that it takes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) value: u64,
    pub(crate) octets: u32,
    /// False if a shorter encoding exists: the last group is zero although it is not the only one.
    pub(crate) minimal: bool,
}

/// Reads at most `limit` octets (1 to 8) from the top of `word`. None if the integer goes on beyond them.
#[inline]
pub(crate) fn parse(word: u64, limit: u32) -> Option<Groups> {
    let mut rest = word;
    let mut octet = rest >> 56;
    if octet < 0x80 {
        return Some(Groups { value: octet, octets: 1, minimal: true });
    }
    let mut value = octet & 0x7F;
    let mut octets = 1;
    while octets < limit {
        rest <<= 8;
        octet = rest >> 56;
        value |= (octet & 0x7F) << (7 * octets);
        octets += 1;
        if octet < 0x80 {
            return Some(Groups { value, octets, minimal: octet != 0 });
        }
    }
    None
}

/// The octets of `value` at the low end of a word, with their number: 1 to 8 for values below 2^56.
#[inline]
pub(crate) fn emit(value: u64) -> (u64, u32) {
    if value < 0x80 {
        return (value, 8);
    }
    let mut rest = value;
    let mut word = 0;
    let mut bits = 0;
    while rest >= 0x80 {
        word = word << 8 | 0x80 | rest & 0x7F;
        rest >>= 7;
        bits += 8;
    }
    (word << 8 | rest, bits + 8)
}
