//! Learning a form.

use super::{Chunk, Form, Window};
use crate::bits::{Layout, Part, copy};

/// Bits of event codes that are collected.
const MOST_EVENTS: u32 = 16;

/// Some bits of an item, the last of them lowest.
#[derive(Debug, Clone, Copy)]
struct Bits {
    /// How many, fewer than 64.
    count: u32,
    /// Which of them are always the same.
    known: u64,
    /// What they are. The high bit of the last octet of an integer of several octets, which is zero, is set here and not above.
    value: u64,
}

impl Bits {
    const NONE: Self = Self { count: 0, known: 0, value: 0 };

    /// Followed by an event code.
    #[inline(always)]
    const fn then_event(self, width: u32, code: u64) -> Self {
        let mut bits = self.then(width, (1 << width) - 1);
        bits.value |= code;
        bits
    }

    /// Followed by so many bits, of which some are always zero.
    #[inline(always)]
    const fn then(self, count: u32, zeros: u64) -> Self {
        Self { count: self.count + count, known: self.known << count | zeros, value: self.value << count }
    }

    /// Followed by an integer of as many octets as the one that `word` starts with, at most so many.
    #[inline(always)]
    fn then_integer(self, word: u64, limit: u32) -> Option<Self> {
        const MORE: u64 = 0x8080_8080_8080_8080;
        let octets = (!word & MORE).leading_zeros() / 8 + 1;
        if octets > limit {
            return None;
        }
        if octets == 1 {
            return Some(self.then(8, 0x80));
        }
        let Self { count, known, value } = self.then(octets * 8, 0);
        let high = MORE >> (64 - octets * 8);
        Some(Self { count, known: known | high & !0xFF, value: value | high })
    }
}

/// Goes through an item.
pub(super) struct Learner<'f, 'a> {
    form: &'f mut Form,
    data: &'a [u8],
    /// How far the item was looked at.
    pos: usize,
    /// What was seen since the last window ended, as in [`Bits`].
    count: u32,
    known: u128,
    value: u128,
}

impl<'f, 'a> Learner<'f, 'a> {
    #[inline(always)]
    pub(super) const fn new(form: &'f mut Form, data: &'a [u8], pos: usize) -> Self {
        Self { form, data, pos, count: 0, known: 0, value: 0 }
    }

    /// Makes the form that an item of this layout has if it starts as the one at hand does. It is a valid one, whatever the
    /// bits are; what is not valid does not have it.
    #[inline(always)]
    pub(super) fn item(&mut self, layout: Layout) -> Option<()> {
        let (mut parts, mut index) = (layout, 0);
        // Items that the inner list may have.
        let mut max = 0;
        let mut items = 0;
        // Events since the last number.
        let mut events = Bits::NONE;
        loop {
            if events.count > MOST_EVENTS {
                self.push(events)?;
                events = Bits::NONE;
            }
            if let Some(&(productions, _)) = parts.get(index) {
                let width = u32::BITS - productions.leading_zeros();
                let word = self.word(events);
                let code = word >> (64 - width);
                if code >= u64::from(productions) {
                    return None;
                }
                index += code as usize;
                events = events.then_event(width, code);
                let content = word << width;
                let number = match parts.get(index) {
                    // Exponent and magnitude, with their events and ends.
                    Some((_, Part::Decimal)) => {
                        events.then(14, 0b11_0000_0000_1110).then_integer(content << 14, 2)?.then(2, 0b11)
                    }
                    Some((_, Part::Integer(octets))) => {
                        events.then(1, 1).then_integer(content << 1, *octets)?.then(1, 1)
                    }
                    Some((_, Part::Bits(bits))) => events.then(bits + 2, 1 << (bits + 1) | 1),
                    // A list in a list in the item is more than is worth a form.
                    Some((_, Part::List(..))) if max > 0 => return None,
                    Some((_, Part::List(limit, inner))) => {
                        (max, parts, index) = (*limit, inner, 0);
                        continue;
                    }
                    None => Bits::NONE,
                };
                if number.count > 0 {
                    self.push(number)?;
                    events = Bits::NONE;
                    index += 1;
                    continue;
                }
            } else {
                events = events.then_event(1, 0);
            }
            // The content of an item has ended.
            if max == 0 {
                break;
            }
            items += 1;
            index = 0;
            let more = items < max && self.word(events) >> 62 == 0;
            events =
                if items < max { events.then_event(2, u64::from(!more)) } else { events.then_event(1, 0) };
            if !more {
                self.form.inner = Some(items);
                break;
            }
        }
        self.push(events.then_event(self.form.code, 0))?;
        self.cut()
    }

    /// What comes after some events.
    #[inline(always)]
    fn word(&self, events: Bits) -> u64 {
        let pos = self.pos + events.count as usize;
        copy::word(self.data, pos >> 3) << (pos & 7)
    }

    #[inline(always)]
    fn push(&mut self, bits: Bits) -> Option<()> {
        if self.count + bits.count > <u128 as Window>::BITS {
            self.cut()?;
        }
        let shift = bits.count & 63;
        self.known = self.known << shift | u128::from(bits.known);
        self.value = self.value << shift | u128::from(bits.value);
        self.count += bits.count;
        self.pos += bits.count as usize;
        Some(())
    }

    /// Ends a window.
    #[inline(always)]
    fn cut(&mut self) -> Option<()> {
        let chunk = self.form.chunks.get_mut(self.form.used)?;
        *chunk = Chunk::new(self.count, self.known, self.value);
        self.form.used += 1;
        self.form.step += self.count;
        (self.count, self.known, self.value) = (0, 0, 0);
        Some(())
    }
}
