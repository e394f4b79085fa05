//! The form that items of a list share.
//!
//! The items of a long list mostly have the same form: the same options are there, and each number takes as many octets as
//! in the item before. Then all event codes and all continuation bits of integers stand at the same places, and a few
//! comparisons tell that a whole item is valid, whatever its numbers are. Anything else is read field by field.

use super::copy;
use super::index::Extent;
use super::layout::{Layout, Part};

/// Bits that a window has at least.
const WINDOW: u32 = 57;

/// Bits of them that are for the event code that comes after an item.
const CODE: u32 = 3;

/// Windows that a form may take.
const WINDOWS: usize = 4;

/// A part of an item that one window shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    /// Bits that are known.
    mask: u64,
    /// What they are.
    value: u64,
    /// Last octets of longer integers, without their high bits, which are zero: if one is zero, the integer is longer than it
    /// needs to be.
    last: u64,
    /// Their high bits.
    guard: u64,
    bits: u32,
}

/// A list in an item, which has a slot of its own in the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inner {
    /// Bits from the start of the item to behind the event after the list.
    end: u32,
    /// Number of items.
    count: u16,
}

impl Inner {
    /// The extent of the list in an item that starts at bit `start`.
    #[inline(always)]
    pub(super) const fn at(self, start: u32) -> Extent {
        Extent { end: start + self.end, count: self.count, inner: 0, next: 0 }
    }
}

/// The form of an item, learned from one that was read field by field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    chunks: [Chunk; WINDOWS],
    used: usize,
    /// At most one list, which ends with the item.
    pub(super) inner: Option<Inner>,
    /// Length of the item.
    pub(super) bits: u32,
}

impl Form {
    /// The form of the item that starts at bit `start`, if it is short enough.
    #[inline(never)]
    pub(super) fn of(layout: Layout, data: &[u8], start: usize) -> Option<Self> {
        let mut learner = Learner { data, start, bits: 0, known: [0; WORDS], last: [0; WORDS], inner: None };
        learner.content(layout)?;
        learner.form()
    }

    /// The windows, of which there is one at least.
    #[inline(always)]
    pub(super) fn chunks(&self) -> Option<(&Chunk, &[Chunk])> {
        self.chunks.get(..self.used)?.split_first()
    }
}

/// What comes after the item at bit `pos`, left-aligned, if that has the form.
#[inline(always)]
pub(super) fn after((first, others): (&Chunk, &[Chunk]), data: &[u8], pos: usize) -> Option<u64> {
    let rest = first.after(data, pos)?;
    // Nearly all forms take one window or two.
    let Some((second, others)) = others.split_first() else { return Some(rest) };
    let mut at = pos + first.bits as usize;
    let mut rest = second.after(data, at)?;
    at += second.bits as usize;
    for chunk in others {
        rest = chunk.after(data, at)?;
        at += chunk.bits as usize;
    }
    Some(rest)
}

impl Chunk {
    /// What comes after this part of an item, if it has the form.
    #[inline(always)]
    fn after(&self, data: &[u8], pos: usize) -> Option<u64> {
        let word = match copy::full_word(data, pos >> 3) {
            Some(word) => word,
            None if pos + self.bits as usize <= data.len() * 8 => copy::word(data, pos >> 3),
            None => return None,
        } << (pos & 7);
        let carried = (word & self.last).wrapping_add(self.last);
        (word & self.mask == self.value && carried & self.guard == self.guard).then_some(word << self.bits)
    }
}

/// Words that hold the bits of a form, and one more.
const WORDS: usize = WINDOWS + 1;

struct Learner<'a> {
    data: &'a [u8],
    start: usize,
    /// Bits of the item that have been looked at.
    bits: u32,
    /// Which of them are known.
    known: [u64; WORDS],
    /// See [`Chunk::last`].
    last: [u64; WORDS],
    inner: Option<Inner>,
}

impl Learner<'_> {
    /// What stands at a bit of the item.
    #[inline(always)]
    fn word_at(&self, bit: u32) -> u64 {
        let pos = self.start + bit as usize;
        copy::word(self.data, pos >> 3) << (pos & 7)
    }

    /// What comes next.
    #[inline(always)]
    fn word(&self) -> u64 {
        self.word_at(self.bits)
    }

    /// Takes bits, of which those in `known` are known, and those in `last` are not all zero.
    #[inline(always)]
    fn push(&mut self, bits: u32, known: u64, last: u64) -> Option<()> {
        let (word, shift) = (self.bits as usize / 64, self.bits % 64);
        let put = |words: &mut [u64; WORDS], value: u64| {
            let value = value << (64 - bits);
            let [high, low] = words.get_mut(word..)?.first_chunk_mut::<2>()?;
            *high |= value >> shift;
            *low |= value << 1 << (63 - shift);
            Some(())
        };
        put(&mut self.known, known)?;
        if last > 0 {
            put(&mut self.last, last)?;
        }
        self.bits += bits;
        Some(())
    }

    /// Cuts what was learned into windows.
    fn form(&self) -> Option<Form> {
        let chunk = Chunk { mask: 0, value: 0, last: 0, guard: 0, bits: 0 };
        let mut form = Form { chunks: [chunk; WINDOWS], used: 0, inner: self.inner, bits: self.bits };
        let mut at = 0;
        loop {
            let bits = (self.bits - at).min(WINDOW);
            let last = bits_at(&self.last, at)?;
            // An octet of which one bit must be set, and the bit before it, are not cut in two.
            let cut = (last << bits >> 63) as u32;
            let bits = bits - cut * ((last >> 1 >> (63 - bits)).trailing_ones() + 1);
            let shown = !(u64::MAX >> bits);
            let (mask, last) = (bits_at(&self.known, at)? & shown, last & shown);
            let value = self.word_at(at) & mask;
            *form.chunks.get_mut(form.used)? = Chunk { mask, value, last, guard: last << 1 & !last, bits };
            form.used += 1;
            at += bits;
            if at == self.bits && bits + CODE <= WINDOW {
                return Some(form);
            }
        }
    }

    /// The content of an item, its end included.
    fn content(&mut self, layout: Layout) -> Option<()> {
        let mut index = 0;
        while let Some((width, _)) = layout.get(index) {
            let word = self.word();
            index += (word >> (64 - width)) as usize;
            let known = u64::MAX >> (64 - width);
            match layout.get(index) {
                None => return self.push(*width, known, 0),
                // 2 + 8 + 3 + 1 bits, the magnitude, 2 bits.
                Some((_, Part::Decimal)) => {
                    let (octets, mask, last) = integer(word << width << 14, 2)?;
                    let events = known << 14 | 0b11_0000_0000_1110;
                    self.push(width + 16 + octets, (events << octets | mask) << 2 | 0b11, last << 2)?;
                }
                Some((_, Part::Integer(limit))) => {
                    let (octets, mask, last) = integer(word << width << 1, *limit)?;
                    let events = known << 1 | 1;
                    self.push(width + 2 + octets, (events << octets | mask) << 1 | 1, last << 1)?;
                }
                Some((_, Part::Bits(bits))) => {
                    self.push(width + 2 + bits, (known << 1 | 1) << (bits + 1) | 1, 0)?;
                }
                Some((_, Part::List(max, items))) => {
                    self.push(*width, known, 0)?;
                    return self.list(*max, items);
                }
            }
            index += 1;
        }
        self.push(1, 1, 0)
    }

    /// Items, of which the first has been started, and the end of the item that they are in.
    fn list(&mut self, max: u16, items: Layout) -> Option<()> {
        // A list in a list in the item is more than is worth a form.
        if self.inner.is_some() {
            return None;
        }
        let mut count = 0;
        loop {
            self.content(items)?;
            count += 1;
            let width = if count == max { 1 } else { 2 };
            let ends = count == max || self.word() >> 62 > 0;
            self.push(width, u64::MAX >> (64 - width), 0)?;
            if ends {
                break;
            }
        }
        self.inner = Some(Inner { end: self.bits, count });
        Some(())
    }
}

/// What stands at a bit of so many words.
#[inline(always)]
fn bits_at(words: &[u64; WORDS], bit: u32) -> Option<u64> {
    let [high, low] = words.get(bit as usize / 64..)?.first_chunk::<2>()?;
    Some(high << (bit % 64) | low >> 1 >> (63 - bit % 64))
}

/// The bits of an integer of at most so many octets; which of them are known; and those of the last octet if there are more.
#[inline(always)]
fn integer(word: u64, limit: u32) -> Option<(u32, u64, u64)> {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let octets = (!word & MORE).leading_zeros() / 8 + 1;
    let bits = octets * 8;
    (octets <= limit).then_some((bits, MORE >> (64 - bits), if octets > 1 { 0x7F } else { 0 }))
}
