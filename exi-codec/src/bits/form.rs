//! The form that items of a list share.
//!
//! The items of a long list mostly have the same form: the same options are there, and each number takes as many octets as
//! in the item before. Then all event codes and all continuation bits of integers stand at the same places, and a few
//! comparisons tell that a whole item is valid, whatever its numbers are. Anything else is read field by field.

mod learner;
#[cfg(test)]
mod tests;
mod window;

use self::learner::Learner;
use self::window::{Chunk, Window};
use super::Layout;

/// Windows that a form may take.
const WINDOWS: usize = 3;

/// The form of an item and of the event code after it, which is zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    chunks: [Chunk; WINDOWS],
    used: usize,
    /// Width of the event code after the item.
    code: u32,
    /// Bits from an item to the next.
    pub(super) step: u32,
    /// Number of items of the list that the item ends with, if there is one.
    pub(super) inner: Option<u16>,
}

/// Items of a form that were found one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// How many, each followed by another item.
    pub(super) followed: u32,
    /// Whether there was one more.
    pub(super) one_more: bool,
}

impl Form {
    /// No form, for items that are followed by an event code of so many bits.
    #[inline(always)]
    pub(super) const fn none(code: u32) -> Self {
        Self { chunks: [Chunk::NONE; WINDOWS], used: 0, code, step: 0, inner: None }
    }

    /// Takes the form that an item with this layout has if it starts as the one at bit `start` does. Takes none if the item is
    /// longer than is worth it.
    #[inline(always)]
    pub(super) fn learn(&mut self, layout: Layout, data: &[u8], start: usize) {
        (self.used, self.step, self.inner) = (0, 0, None);
        if Learner::new(self, data, start).item(layout).is_none() {
            self.used = 0;
        }
    }

    /// Whether there is none.
    #[inline(always)]
    pub(super) const fn is_none(&self) -> bool {
        self.used == 0
    }

    /// Items of this form from bit `pos` on, at most so many that are followed by another.
    #[inline(always)]
    pub(super) fn run(&self, data: &[u8], pos: usize, limit: u32) -> Option<Run> {
        let (last, first) = self.chunks.get(..self.used)?.split_last()?;
        // Before the event code.
        let bits = last.bits() - self.code;
        let step = self.step as usize;
        if let Some(last) = last.short().filter(|_| first.is_empty()) {
            return Some(run(pos, step, limit, bits, |pos| last.difference(data, pos)));
        }
        if first.is_empty() {
            return Some(run(pos, step, limit, bits, |pos| last.difference(data, pos)));
        }
        Some(run(pos, step, limit, bits, |pos| {
            let mut pos = pos;
            for chunk in first {
                if chunk.difference(data, pos) != 0 {
                    return u128::MAX;
                }
                pos += chunk.bits() as usize;
            }
            last.difference(data, pos)
        }))
    }
}

/// The items in `step` bits each of which nothing differs. The one after them may be followed by another event: by something that
/// differs from bit `bits` on.
#[inline(always)]
fn run<W: Window>(start: usize, step: usize, limit: u32, bits: u32, difference: impl Fn(usize) -> W) -> Run {
    let (mut pos, mut followed) = (start, 0);
    loop {
        let different = difference(pos);
        if different != W::NONE || followed == limit {
            return Run { followed, one_more: different.leading_zeros() >= bits };
        }
        followed += 1;
        pos += step;
    }
}
