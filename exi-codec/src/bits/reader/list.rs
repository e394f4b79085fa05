//! Children and lists of them.

use super::form::Before;
use super::{HOST, Mode, Reader};
use crate::bits::index::{Extent, Inner, Slot, Slots};
use crate::bits::{Layout, width};
use crate::error::{ErrorKind, Fault, Name};
use crate::value::{Element, List};

/// Widths and limits of a repeated element: what its states look like.
#[derive(Debug, Clone, Copy)]
pub struct ListShape {
    /// `minOccurs`.
    pub min: u16,
    /// `maxOccurs`, 0 when unbounded.
    pub max: u16,
    /// Code of the element itself in the state between minimum and maximum.
    pub code: u8,
    /// Event code width between minimum and maximum.
    pub width: u8,
    /// Productions between minimum and maximum.
    pub count: u8,
    /// Event code width after the last allowed item.
    pub last_width: u8,
    /// Productions after the last allowed item.
    pub last_count: u8,
    /// Productions that the repeated term has in a state: more than one if it may also be a wildcard.
    pub alternatives: u8,
    /// What an item is made of, if items may share a form.
    #[cfg(target_pointer_width = "64")]
    pub(super) layout: Layout,
}

impl ListShape {
    /// A term that occurs `min` to `max` times (0: unbounded), with `alternatives` productions of which `code` is
    /// the element's, and with `last_count` productions in the state after it.
    pub const fn new(min: u16, max: u16, code: u8, alternatives: u8, last_count: u8) -> Self {
        let count = alternatives + last_count;
        Self {
            min,
            max,
            code,
            width: width(count) as u8,
            count,
            last_width: width(last_count) as u8,
            last_count,
            alternatives,
            #[cfg(target_pointer_width = "64")]
            layout: &[],
        }
    }

    /// The same, with items that are made of this.
    ///
    /// # Panics
    /// For generated code, when it is compiled: a list of none or without end, or whose code is not 0.
    #[cfg(target_pointer_width = "64")]
    #[must_use]
    pub const fn of(mut self, layout: Layout) -> Self {
        // The last: the index has four bits for the event after a list.
        assert!(
            self.min <= 1
                && self.max > 0
                && self.code == 0
                && self.alternatives == 1
                && self.last_count <= 16
        );
        self.layout = layout;
        self
    }

    /// The same: firmware reads field by field.
    #[cfg(not(target_pointer_width = "64"))]
    #[must_use]
    pub const fn of(self, _: Layout) -> Self {
        self
    }
}

/// The items of a list, and the event after them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items {
    count: u32,
    /// Its code.
    pub(crate) next: u32,
    /// See [`Passed::alike`](super::form::Passed::alike).
    alike: bool,
}

impl<'a, M: Mode> Reader<'a, M> {
    /// Reads an element that holds nothing but a list.
    ///
    /// # Errors
    /// Whatever is wrong inside.
    #[inline]
    pub fn wrapped<T>(
        &mut self,
        lead: u32,
        shape: &ListShape,
        name: Name,
        item_name: Name,
        item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<List<'a, T>, Fault> {
        // The first item is mandatory, so its start is a zero as well.
        self.zeros(lead + 1, name)?;
        match self.list(shape, item_name, item) {
            Ok((list, _)) => Ok(list),
            Err(fault) => Err(self.within(fault, name)),
        }
    }

    /// Reads an element of complex type: the lead ends with the event that starts it.
    ///
    /// # Errors
    /// Whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn child<T: Element<'a>>(&mut self, lead: u32, name: Name) -> Result<T, Fault> {
        if lead > 0 {
            self.zeros(lead, name)?;
        }
        match T::decode(self) {
            Ok(value) => Ok(value),
            Err(fault) => Err(self.within(fault, name)),
        }
    }

    /// Validates a repeated element, of which the first start event was read, and the event after it.
    ///
    /// Returns the view and the code of the following event, counted from the first production after the
    /// element itself.
    ///
    /// # Errors
    /// Whatever is wrong inside, or too many items.
    #[inline]
    pub fn list<T>(
        &mut self,
        shape: &ListShape,
        name: Name,
        item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<(List<'a, T>, u32), Fault> {
        let start = self.pos;
        if let Some(count) = self.mode.items() {
            return Ok((List::in_stream(self.data, start, u32::from(count), shape, Slots::none()), 0));
        }
        let slot = self.slots.take();
        let inner = self.slots;
        if M::TRUSTED
            && let Some(extent) = slot.and_then(Slot::get)
        {
            self.pos = extent.end as usize;
            self.slots.skip(extent.inner.slots());
            let list = List::in_stream(self.data, start, u32::from(extent.count), shape, inner);
            let list = if extent.inner == Inner::Alike { list.alike() } else { list };
            return Ok((list, u32::from(extent.next)));
        }
        if M::TRUSTED {
            let (count, next, pos, slots) = Self::items_again(self.data, start, inner, shape, item)?;
            self.pos = pos;
            self.slots = slots;
            return Ok((List::in_stream(self.data, start, count, shape, inner), next));
        }
        if !HOST {
            let Items { count, next, .. } = self.items(shape, name, item)?;
            return Ok((List::in_stream(self.data, start, count, shape, inner), next));
        }
        let before = self.start_canonical();
        let Items { count, next, alike } = self.items(shape, name, item)?;
        // Without a slot for its list, the first item can tell nothing about the others.
        let alike = alike && inner.first().is_some();
        if let Some(slot) = slot {
            slot.set(Extent {
                end: self.pos as u32,
                count: count as u16,
                inner: if alike {
                    Inner::Alike
                } else {
                    Inner::Slots(u16::try_from(self.slots.taken(inner)).unwrap_or(u16::MAX))
                },
                next: next as u8,
            });
        }
        let list = List::in_stream(self.data, start, count, shape, inner);
        let list = if alike { list.alike() } else { list };
        let list = if self.is_canonical() { list } else { list.padded() };
        self.end_canonical(before);
        Ok((list, next))
    }

    /// [`items`](Self::items) of a list that is not in the index. By a reader of its own, so that the one around can stay in
    /// registers.
    #[inline(never)]
    fn items_again<T>(
        data: &'a [u8],
        pos: usize,
        slots: Slots<'a>,
        shape: &ListShape,
        item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<(u32, u32, usize, Slots<'a>), Fault> {
        let mut again = Self::indexed(data, pos, slots);
        let Items { count, next, .. } = again.items(shape, Name::NONE, item)?;
        Ok((count, next, again.pos, again.slots))
    }

    /// The items of a [`list`](Self::list), and the event after them.
    #[inline]
    pub(crate) fn items<T>(
        &mut self,
        shape: &ListShape,
        name: Name,
        mut item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Items, Fault> {
        let mut count: u32 = 0;
        let known = self.known_form(shape);
        let mut before = Before::Nothing;
        loop {
            let passed = self.pass(known, shape, count, before);
            count += passed.followed;
            let start = self.pos;
            if !passed.one_more {
                item(self)?;
            }
            count += 1;
            // Also keeps an unbounded list from reading zeros for ever.
            if !M::TRUSTED && self.pos > self.len_bits() || (shape.max == 0 && count > u32::from(u16::MAX)) {
                return Err(self.fail(ErrorKind::TooManyItems, name));
            }
            if count < u32::from(shape.min) {
                self.zeros(1, name)?;
                continue;
            }
            if count == u32::from(shape.max) {
                let next = self.event(0, u32::from(shape.last_width), u32::from(shape.last_count), name)?;
                return Ok(Items { count, next, alike: passed.alike });
            }
            let next = self.event(0, u32::from(shape.width), u32::from(shape.count), name)?;
            if next == u32::from(shape.code) {
                let learned = self.learn(known, start);
                before = if learned && count == 1 { Before::Alike } else { Before::Other };
                continue;
            }
            return match next.checked_sub(u32::from(shape.alternatives)) {
                Some(next) => Ok(Items { count, next, alike: passed.alike }),
                None => Err(self.fail(ErrorKind::Wildcard, name)),
            };
        }
    }
}
