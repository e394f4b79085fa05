//! Passing over items of a list whose form is known.

use super::{ListShape, Mode, Reader};
#[cfg(target_pointer_width = "64")]
use crate::bits::form::Run;
#[cfg(target_pointer_width = "64")]
use crate::bits::forms;
#[cfg(target_pointer_width = "64")]
use crate::bits::index::{Extent, Inner};

/// Items that a list may have at least to be called long.
#[cfg(target_pointer_width = "64")]
const LONG: u32 = 64;

/// Items that were found to have the form that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// How many, each with the event after it, which starts another.
    pub(super) followed: u32,
    /// Whether there was one more, with another event after it.
    pub(super) one_more: bool,
    /// Whether all items of the list have one form, and end with a list of which the index has the first only.
    pub(super) alike: bool,
}

/// The form of the items of a list.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_pointer_width = "64"), expect(dead_code, reason = "firmware knows none"))]
pub(super) struct Known(Option<usize>);

impl Passed {
    const NONE: Self = Self { followed: 0, one_more: false, alike: false };
}

/// What is known of the items of a list before those at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// There are none.
    Nothing,
    /// There is one, of the form that is known.
    Alike,
    /// There is some other.
    Other,
}

#[cfg(target_pointer_width = "64")]
impl<M: Mode> Reader<'_, M> {
    /// Where the form of the items is kept, if they may share one.
    #[inline(always)]
    pub(super) fn known_form(&mut self, shape: &ListShape) -> Known {
        Known(if shape.layout.is_empty() {
            None
        } else {
            forms::find(self.mode.forms(), shape.layout, shape.width)
        })
    }

    /// Passes over items after the first `count` of the list.
    #[inline(always)]
    pub(super) fn pass(&mut self, known: Known, shape: &ListShape, count: u32, before: Before) -> Passed {
        match known.0 {
            // The state after the last item is another one.
            Some(known) => self.pass_items(known, shape, u32::from(shape.max) - 1 - count, before),
            None => Passed::NONE,
        }
    }

    /// Passes over items, at most so many with the event after them.
    #[inline(never)]
    fn pass_items(&mut self, known: usize, shape: &ListShape, limit: u32, before: Before) -> Passed {
        let (data, start) = (self.data, self.pos);
        // Long lists have more than one item: their first is worth a lesson before it is read.
        if limit >= LONG && forms::get(self.mode.forms(), known).is_none() {
            forms::learn(self.mode.forms(), known, data, start);
        }
        let Some(form) = forms::get(self.mode.forms(), known) else { return Passed::NONE };
        let Some(Run { followed, one_more }) = form.run(data, start, limit) else { return Passed::NONE };
        let (step, inner) = (form.step as usize, form.inner);
        // Without the event after the last.
        let bits = step - usize::from(shape.width);
        self.pos = start + followed as usize * step + if one_more { bits } else { 0 };
        let Some(count) = inner else { return Passed { followed, one_more, alike: false } };
        let alike = one_more && before != Before::Other;
        let slots = match before {
            _ if !alike => followed + u32::from(one_more),
            Before::Nothing => 1,
            _ => 0,
        };
        let mut end = start + bits;
        for _ in 0..slots {
            let Some(slot) = self.slots.take() else { break };
            slot.set(Extent { end: end as u32, count, inner: Inner::Slots(0), next: 0 });
            end += step;
        }
        Passed { followed, one_more, alike }
    }

    /// Learns from the item that starts at `start` and is followed by another. False if nothing was learned.
    #[inline(always)]
    pub(super) fn learn(&mut self, known: Known, start: usize) -> bool {
        match known.0 {
            Some(known) => forms::learn(self.mode.forms(), known, self.data, start),
            None => false,
        }
    }
}

/// Firmware reads all items field by field.
#[cfg(not(target_pointer_width = "64"))]
#[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "as on hosts")]
impl<M: Mode> Reader<'_, M> {
    pub(super) const fn known_form(&mut self, _: &ListShape) -> Known {
        Known(None)
    }

    pub(super) const fn pass(&mut self, _: Known, _: &ListShape, _: u32, _: Before) -> Passed {
        Passed::NONE
    }

    pub(super) const fn learn(&mut self, _: Known, _: usize) -> bool {
        false
    }
}
