//! Some of the bits of an item, compared at once.

use core::ops::{BitAnd, BitOr, BitXor, Not, Shl};

use crate::bits::copy;

/// A word of the stream.
pub(super) trait Window:
    Copy
    + PartialEq
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<usize, Output = Self>
{
    /// Bits that it shows at least, wherever it starts.
    const BITS: u32;

    /// No bit.
    const NONE: Self;

    /// The octets from `index` on, if there are enough.
    fn full(data: &[u8], index: usize) -> Option<Self>;

    /// The octets from `index` on, and zeros.
    fn rest(data: &[u8], index: usize) -> Self;

    /// The difference, whatever is borrowed.
    fn minus(self, other: Self) -> Self;

    /// Zeros before the first bit that is set.
    fn leading_zeros(self) -> u32;
}

macro_rules! windows {
    ($($word:ident $bits:literal $full:ident $rest:ident,)*) => {
        $(impl Window for $word {
            const BITS: u32 = $bits;
            const NONE: Self = 0;

            #[inline(always)]
            fn full(data: &[u8], index: usize) -> Option<Self> {
                copy::$full(data, index)
            }

            #[inline(always)]
            fn rest(data: &[u8], index: usize) -> Self {
                copy::$rest(data, index)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn leading_zeros(self) -> u32 {
                $word::leading_zeros(self)
            }
        })*
    };
}

windows! {
    u64 57 full_word word,
    u128 121 full_words words,
}

/// What a window is to show of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<W = u128> {
    /// Bits that are known.
    mask: W,
    /// What they are.
    value: W,
    /// Last octets of longer integers, without their high bits, which are zero: if one is zero, the integer is longer than it
    /// needs to be.
    last: W,
    /// Their lowest bits.
    one: W,
    /// Their high bits.
    guard: W,
    bits: u32,
}

impl<W: Window> Chunk<W> {
    /// Length.
    #[inline(always)]
    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }

    /// In what the bits from `pos` on differ. In all if there are not as many.
    #[inline(always)]
    pub(super) fn difference(&self, data: &[u8], pos: usize) -> W {
        let word = match W::full(data, pos >> 3) {
            Some(word) => word,
            None if pos + self.bits as usize <= data.len() * 8 => W::rest(data, pos >> 3),
            None => return !W::NONE,
        } << (pos & 7);
        // Borrows of the high bit if all is zero.
        let less = (word & self.last).minus(self.one);
        (word & self.mask) ^ self.value | less & self.guard
    }
}

impl Chunk {
    pub(super) const NONE: Self = Self { mask: 0, value: 0, last: 0, one: 0, guard: 0, bits: 0 };

    /// So many bits, right-aligned. Those in `known` are what they are in `value`; others in `value` are the high bits of last
    /// octets.
    #[inline(always)]
    pub(super) const fn new(bits: u32, known: u128, value: u128) -> Self {
        let free = u128::BITS - bits;
        let (known, value) = (known << free, value << free);
        let guard = value & !known;
        let one = guard >> 7;
        Self { mask: known | guard, value: value & known, last: guard - one, one, guard, bits }
    }

    /// The same for a smaller window, if that is enough.
    #[inline(always)]
    pub(super) fn short(&self) -> Option<Chunk<u64>> {
        let half = |word: u128| (word >> 64) as u64;
        (self.bits <= <u64 as Window>::BITS).then(|| Chunk {
            mask: half(self.mask),
            value: half(self.value),
            last: half(self.last),
            one: half(self.one),
            guard: half(self.guard),
            bits: self.bits,
        })
    }
}
