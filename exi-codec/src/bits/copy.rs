//! Word-wise access to octets that stand at any bit position.

use super::reader::HOST;

/// Eight octets of `data` from octet `index`, big-endian, if there are as many.
#[inline(always)]
pub(crate) fn full_word(data: &[u8], index: usize) -> Option<u64> {
    // One comparison: callers derive the index from a bit position, so the sum cannot overflow.
    data.get(index..index + 8).and_then(<[u8]>::first_chunk::<8>).map(|octets| u64::from_be_bytes(*octets))
}

/// Eight octets of `data` from octet `index`, big-endian; octets beyond the end read as zero.
#[inline(always)]
pub(crate) fn word(data: &[u8], index: usize) -> u64 {
    match full_word(data, index) {
        Some(word) => word,
        None => tail_word(data, index),
    }
}

/// Sixteen octets of `data` from octet `index`, big-endian, if there are as many.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(super) fn full_words(data: &[u8], index: usize) -> Option<u128> {
    data.get(index..index + 16).and_then(<[u8]>::first_chunk::<16>).map(|octets| u128::from_be_bytes(*octets))
}

/// Sixteen octets of `data` from octet `index`, big-endian; octets beyond the end read as zero.
#[cfg(target_pointer_width = "64")]
#[cold]
#[inline(never)]
pub(super) fn words(data: &[u8], index: usize) -> u128 {
    u128::from(word(data, index)) << 64 | u128::from(word(data, index + 8))
}

/// [`word`] near the end.
#[cold]
#[inline(never)]
fn tail_word(data: &[u8], index: usize) -> u64 {
    last_word(data.get(index..).unwrap_or_default())
}

/// The last eight octets of `data`, or all there are, left-aligned.
#[inline]
pub(crate) fn last_word(data: &[u8]) -> u64 {
    match data.last_chunk::<8>() {
        Some(octets) => u64::from_be_bytes(*octets),
        None => short_word(data),
    }
}

#[inline(never)]
fn short_word(data: &[u8]) -> u64 {
    if HOST && let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        // What both hold is the same.
        let last = u64::from(u32::from_be_bytes(*last)) << (64 - 8 * data.len());
        return u64::from(u32::from_be_bytes(*first)) << 32 | last;
    }
    data.iter().rev().fold(0, |word, octet| word >> 8 | u64::from(*octet) << 56)
}

/// Whether `count` octets that start at bit `bit` of `data` have their high bits clear, and end before its end.
#[inline(always)]
pub(crate) fn are_ascii(data: &[u8], bit: usize, count: usize) -> bool {
    // Each octet of the data holds the high bit of one of those asked for, always at the same place.
    let mask = 0x8080_8080_8080_8080 >> (bit & 7);
    let index = bit >> 3;
    let Some(octets) = data.get(index..index + count) else { return false };
    // The last octet may reach into another.
    if bit + count * 8 > data.len() * 8 {
        return false;
    }
    let all = match octets.last_chunk::<8>() {
        Some(last) => {
            let (words, _) = octets.as_chunks::<8>();
            let last = u64::from_ne_bytes(*last);
            words.iter().fold(last, |all, word| all | u64::from_ne_bytes(*word))
        }
        None => word(data, index) & !(u64::MAX >> (8 * count)),
    };
    all & mask == 0
}

/// Copies octets that start at bit `bit` of `data`; what lies beyond the end reads as zero.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn octets(data: &[u8], bit: usize, out: &mut [u8]) {
    if HOST && out.len() < 8 {
        short(straddling_word(data, bit), out);
    } else {
        long(data, bit, out);
    }
}

/// The first octets of `word`.
#[inline]
fn short(word: u64, out: &mut [u8]) {
    for (to, from) in out.iter_mut().zip(word.to_be_bytes()) {
        *to = from;
    }
}

/// [`octets`], mostly eight and more.
#[cfg_attr(target_pointer_width = "64", inline(never))]
fn long(data: &[u8], bit: usize, out: &mut [u8]) {
    let end = bit + out.len() * 8;
    let source = data.get(bit >> 3..).unwrap_or_default();
    let shift = bit & 7;
    let (to, _) = out.as_chunks_mut::<8>();
    let words = to.len();
    let (from, _) = source.as_chunks::<8>();
    let mut done = 0;
    if shift > 0
        && let Some((first, following)) = from.split_first()
    {
        // Each word of the output takes bits of two words of the input.
        let mut high = u64::from_be_bytes(*first);
        for (to, from) in to.iter_mut().zip(following) {
            let low = u64::from_be_bytes(*from);
            *to = (high << shift | low >> (64 - shift)).to_be_bytes();
            high = low;
        }
        done = to.len().min(following.len());
    }
    let mut bit = bit + done * 64;
    for to in to.iter_mut().skip(done) {
        *to = straddling_word(data, bit).to_be_bytes();
        bit += 64;
    }
    match out.last_chunk_mut::<8>() {
        // The rest, and some of what is there already.
        Some(to) if HOST => *to = straddling_word(data, end - 64).to_be_bytes(),
        _ => short(straddling_word(data, bit), out.get_mut(words * 8..).unwrap_or_default()),
    }
}

/// 64 bits from bit `bit` on; bits beyond the end are zero.
#[inline]
pub(crate) fn straddling_word(data: &[u8], bit: usize) -> u64 {
    let shift = bit & 7;
    let next = data.get((bit >> 3) + 8).copied().unwrap_or(0);
    word(data, bit >> 3) << shift | (u64::from(next) << shift >> 8)
}

/// Compares octets that start at bit `bit` of `data` with `other`.
pub(crate) fn octets_equal(data: &[u8], bit: usize, other: &[u8]) -> bool {
    let mut at = bit;
    other.chunks(64).all(|chunk| {
        let mut buffer = [0; 64];
        let Some(part) = buffer.get_mut(..chunk.len()) else { return false };
        octets(data, at, part);
        at += part.len() * 8;
        part == chunk
    })
}
