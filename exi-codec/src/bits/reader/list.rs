//! Children and lists of them.

use super::{HOST, Reader};
use crate::bits::Usual;
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
    /// The usual form of an item.
    pub usual: Option<&'static Usual>,
}

impl ListShape {
    /// A term that occurs `min` to `max` times (0: unbounded), with `alternatives` productions of which `code` is
    /// the element's, and with `last_count` productions in the state after it.
    pub(crate) const fn new(min: u16, max: u16, code: u8, alternatives: u8, last_count: u8) -> Self {
        let count = alternatives + last_count;
        Self {
            min,
            max,
            code,
            width: width(count),
            count,
            last_width: width(last_count),
            last_count,
            alternatives,
            usual: None,
        }
    }

    /// The same, with items that are usually of this form.
    pub(crate) const fn usually(mut self, usual: &'static Usual) -> Self {
        if HOST {
            self.usual = Some(usual);
        }
        self
    }
}

/// Width of the event code of a state: one value more than productions, for the escape.
const fn width(count: u8) -> u8 {
    (u8::BITS - count.leading_zeros()) as u8
}

impl<'a> Reader<'a> {
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
        mut item: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<(List<'a, T>, u32), Fault> {
        let start = self.pos;
        let mut count: u32 = 0;
        let next = loop {
            if HOST
                && let Some(usual) = shape.usual
                && shape.min <= 1
                && shape.code == 0
            {
                // The item after which the state is another one is left to the code below.
                while count + 1 < u32::from(shape.max)
                    && let Some(bits) = usual.followed(self.window(), u32::from(shape.width))
                {
                    self.pos += bits as usize;
                    count += 1;
                }
            }
            item(self)?;
            count += 1;
            // Also keeps an unbounded list from reading zeros for ever.
            if self.pos > self.len_bits() || (shape.max == 0 && count > u32::from(u16::MAX)) {
                return Err(self.fail(ErrorKind::TooManyItems, name));
            }
            if count < u32::from(shape.min) {
                self.zeros(1, name)?;
                continue;
            }
            if count == u32::from(shape.max) {
                break self.event(0, u32::from(shape.last_width), u32::from(shape.last_count), name)?;
            }
            let next = self.event(0, u32::from(shape.width), u32::from(shape.count), name)?;
            if next == u32::from(shape.code) {
                continue;
            }
            match next.checked_sub(u32::from(shape.alternatives)) {
                Some(next) => break next,
                None => return Err(self.fail(ErrorKind::Wildcard, name)),
            }
        };
        Ok((List::in_stream(self.data, start, count, shape), next))
    }
}
