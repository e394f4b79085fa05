//! Word-wise access to octets that stand at any bit position.

/// Eight octets of `data` from octet `index`, big-endian; octets beyond the end read as zero.
#[inline]
pub(crate) fn word(data: &[u8], index: usize) -> u64 {
    match data.get(index..).and_then(<[u8]>::first_chunk::<8>) {
        Some(octets) => u64::from_be_bytes(*octets),
        None => tail_word(data, index),
    }
}

#[cold]
#[inline(never)]
fn tail_word(data: &[u8], index: usize) -> u64 {
    let mut octets = [0; 8];
    for (to, from) in octets.iter_mut().zip(data.get(index..).unwrap_or_default()) {
        *to = *from;
    }
    u64::from_be_bytes(octets)
}

/// The low word of `high:low << shift`, for a shift of 0 to 7 bits.
#[inline]
const fn funnel(high: u64, low: u64, shift: usize) -> u64 {
    (high << shift) | ((low >> 1) >> (63 - shift))
}

/// Copies octets that start at bit `bit` of `data`; what lies beyond the end reads as zero.
pub(crate) fn octets(data: &[u8], bit: usize, out: &mut [u8]) {
    let shift = bit & 7;
    let mut source = data.get(bit >> 3..).unwrap_or_default();
    let mut chunks = out.chunks_exact_mut(8);
    // One octet more than the chunk itself is needed, hence the look at the following word.
    let mut high = word(source, 0);
    for to in &mut chunks {
        source = source.get(8..).unwrap_or_default();
        let low = word(source, 0);
        to.copy_from_slice(&funnel(high, low, shift).to_be_bytes());
        high = low;
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let low = word(source, 8);
        for (to, from) in rest.iter_mut().zip(funnel(high, low, shift).to_be_bytes()) {
            *to = from;
        }
    }
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
