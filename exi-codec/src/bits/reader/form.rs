//! Passing over items of a list whose form is known.

use super::{ListShape, Mode, Reader};
#[cfg(target_pointer_width = "64")]
use crate::bits::{form, forms};

/// Items that were found to have the form that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// How many, each with the event after it, which starts another.
    pub(super) followed: u32,
    /// Whether there was one more, with another event after it.
    pub(super) one_more: bool,
}

/// The form of the items of a list.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_pointer_width = "64"), expect(dead_code, reason = "firmware knows none"))]
pub(super) struct Known(Option<usize>);

impl Passed {
    const NONE: Self = Self { followed: 0, one_more: false };
}

#[cfg(target_pointer_width = "64")]
impl<M: Mode> Reader<'_, M> {
    /// Where the form of the items is kept, if they may share one.
    #[inline(always)]
    pub(super) fn known_form(&mut self, shape: &ListShape) -> Known {
        Known(if shape.layout.is_empty() { None } else { forms::find(self.forms.as_mut(), shape.layout) })
    }

    /// Passes over items after the first `count` of the list.
    #[inline(always)]
    pub(super) fn pass(&mut self, known: Known, shape: &ListShape, count: u32) -> Passed {
        match known.0 {
            // The state after the last item is another one.
            Some(known) => self.pass_items(known, shape, u32::from(shape.max) - 1 - count),
            None => Passed::NONE,
        }
    }

    /// Passes over items, at most so many with the event after them.
    #[inline(never)]
    fn pass_items(&mut self, known: usize, shape: &ListShape, limit: u32) -> Passed {
        let mut passed = Passed::NONE;
        let Some(form) = forms::get(self.forms.as_ref(), known) else { return passed };
        let Some(chunks) = form.chunks() else { return passed };
        let (data, mut pos, mut slots) = (self.data, self.pos, self.slots);
        while let Some(rest) = form::after(chunks, data, pos) {
            if let Some(inner) = &form.inner
                && let Some(slot) = slots.take()
            {
                slot.set(inner.at(pos as u32));
            }
            pos += form.bits as usize;
            passed.one_more = passed.followed == limit || rest >> (64 - shape.width) > 0;
            if passed.one_more {
                break;
            }
            passed.followed += 1;
            pos += usize::from(shape.width);
        }
        self.pos = pos;
        self.slots = slots;
        passed
    }

    /// Learns from the item that starts at `start` and is followed by another.
    #[inline(always)]
    pub(super) fn learn(&mut self, known: Known, start: usize) {
        if let Known(Some(known)) = known {
            forms::learn(self.forms.as_mut(), known, self.data, start);
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

    pub(super) const fn pass(&mut self, _: Known, _: &ListShape, _: u32) -> Passed {
        Passed::NONE
    }

    pub(super) const fn learn(&mut self, _: Known, _: usize) {}
}
