//! Word-wise access to octets that stand at any bit position.

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
    data.iter().rev().fold(0, |word, octet| word >> 8 | u64::from(*octet) << 56)
}

/// Copies octets that start at bit `bit` of `data`; what lies beyond the end reads as zero.
pub(crate) fn octets(data: &[u8], bit: usize, out: &mut [u8]) {
    let source = data.get(bit >> 3..).unwrap_or_default();
    let shift = bit & 7;
    let (to, rest) = out.as_chunks_mut::<8>();
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
    for (to, from) in rest.iter_mut().zip(straddling_word(data, bit).to_be_bytes()) {
        *to = from;
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
