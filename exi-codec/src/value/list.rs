//! Repeated and deferred elements.

use core::fmt;

use super::Element;
#[cfg(not(target_pointer_width = "64"))]
use crate::bits::Checked;
#[cfg(target_pointer_width = "64")]
use crate::bits::{InnerList, Trusted, ends_with_list};
use crate::bits::{ListShape, Mode, Reader, Slots, Writer};
use crate::error::{Fault, Name};

/// A repeated element: a slice of the sender's, or validated items in a received message.
pub struct List<'a, T> {
    repr: Repr<'a, T>,
}

enum Repr<'a, T> {
    Slice(&'a [T]),
    Stream(Span<'a>),
}

/// Where the items stand. Between two items there is one event code.
#[derive(Clone, Copy)]
struct Span<'a> {
    data: &'a [u8],
    bit: u32,
    count: u16,
    /// Width of the code between two items.
    code: u8,
    /// [`PADDED`], [`PAIR`] and [`ALIKE`].
    unusual: u8,
    /// The index for the lists in the items.
    slots: Slots<'a>,
}

/// Set if something in the items was not in its one canonical form: then they are checked again whenever they are read, to
/// find what it was.
const PADDED: u8 = 1;

/// Set if the code after the first item is of one bit, because another must come.
const PAIR: u8 = 2;

/// Set if all items have one form, and end with a list: then the index has the first of these lists only.
const ALIKE: u8 = 4;

impl Span<'_> {
    /// Width of the code before an item.
    const fn code_before(&self, index: usize) -> u8 {
        match index {
            0 => 0,
            1 if self.unusual & PAIR > 0 => 1,
            _ => self.code,
        }
    }
}

#[cfg(target_pointer_width = "64")]
impl Span<'_> {
    /// What is known of all items, if they are alike and nothing else is unusual about them.
    #[inline(always)]
    fn row(&self) -> Option<Row> {
        if self.unusual != ALIKE {
            return None;
        }
        let first = self.slots.first()?;
        Some(Row { bits: first.end - self.bit, count: first.count })
    }
}

impl<'a, T> List<'a, T> {
    /// Items to be sent.
    pub const fn new(items: &'a [T]) -> Self {
        Self { repr: Repr::Slice(items) }
    }

    #[inline]
    pub(crate) const fn in_stream(
        data: &'a [u8],
        bit: usize,
        count: u32,
        shape: &ListShape,
        slots: Slots<'a>,
    ) -> Self {
        Self {
            repr: Repr::Stream(Span {
                data,
                bit: bit as u32,
                count: count as u16,
                code: shape.width,
                unusual: if shape.min > 1 { PAIR } else { 0 },
                slots,
            }),
        }
    }

    /// The same list, with items that are not in their canonical form.
    pub(crate) const fn padded(mut self) -> Self {
        if let Repr::Stream(span) = &mut self.repr {
            span.unusual |= PADDED;
        }
        self
    }

    /// The same list, with items that all have the form of the first, and end with a list.
    #[inline(always)]
    pub(crate) const fn alike(mut self) -> Self {
        if let Repr::Stream(span) = &mut self.repr {
            span.unusual |= ALIKE;
        }
        self
    }

    /// Number of items.
    pub const fn len(&self) -> usize {
        match &self.repr {
            Repr::Slice(items) => items.len(),
            Repr::Stream(span) => span.count as usize,
        }
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items, if they are a slice.
    pub(crate) const fn as_slice(&self) -> Option<&'a [T]> {
        match self.repr {
            Repr::Slice(items) => Some(items),
            Repr::Stream(_) => None,
        }
    }
}

impl<'a, T: Element<'a>> List<'a, T> {
    /// The items, each decoded where it stands.
    #[inline]
    pub fn iter(&self) -> Iter<'a, T> {
        match self.repr {
            Repr::Slice(items) => Iter {
                reader: Reader::indexed(&[], 0, Slots::none()),
                left: items.len(),
                code: 0,
                unusual: true,
                #[cfg(target_pointer_width = "64")]
                row: None,
                list: *self,
            },
            Repr::Stream(span) => Iter {
                reader: Reader::indexed(span.data, span.bit as usize, span.slots),
                left: usize::from(span.count),
                code: span.code,
                unusual: span.unusual & !ALIKE > 0,
                #[cfg(target_pointer_width = "64")]
                row: if const { ends_with_list(T::LAYOUT) } { span.row() } else { None },
                list: *self,
            },
        }
    }

    /// The first item.
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Repr<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Repr<'_, T> {}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self::new(items)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self::new(items)
    }
}

impl<'a, T: Element<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Element<'a>> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Element<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Element<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterator over the items of a [`List`].
pub struct Iter<'a, T> {
    reader: Reader<'a, Again>,
    left: usize,
    /// Width of the code after an item.
    code: u8,
    /// Whether the items are not what they nearly always are: in a message, in their canonical form, with codes of one width.
    unusual: bool,
    /// What is known of all items.
    #[cfg(target_pointer_width = "64")]
    row: Option<Row>,
    list: List<'a, T>,
}

/// Items that all have one form, and end with a list.
#[cfg(target_pointer_width = "64")]
#[derive(Clone, Copy)]
struct Row {
    /// Length of an item.
    bits: u32,
    /// Number of items of the list in it.
    count: u16,
}

/// Firmware checks all items again: one decoder for each type is enough there.
const HOST: bool = cfg!(target_pointer_width = "64");

/// How items are read that were checked when the message was decoded.
#[cfg(target_pointer_width = "64")]
type Again = Trusted;
#[cfg(not(target_pointer_width = "64"))]
type Again = Checked;

/// An item of an unusual list, and where it ends. Without the index, which is for those who do not check; and apart, with nothing
/// that refers to the iterator, so that all of that stays in registers.
#[cold]
#[inline(never)]
fn aside<'a, T: Element<'a>>(data: &'a [u8], position: usize) -> Option<(T, usize)> {
    let mut reader = Reader::at(data, position);
    let item = T::decode(&mut reader).ok()?;
    Some((item, reader.position()))
}

impl<'a, T: Element<'a>> Iter<'a, T> {
    /// What is known of the list that the next item ends with.
    #[cfg(target_pointer_width = "64")]
    #[inline(always)]
    fn inner(&mut self) -> Option<InnerList> {
        if const { !ends_with_list(T::LAYOUT) } {
            return None;
        }
        match self.row {
            Some(row) => {
                Some(InnerList { end: self.reader.position() + row.bits as usize, count: row.count })
            }
            None if self.unusual => None,
            None => self.reader.take_list(),
        }
    }

    /// The next item of any list, with one call of its decoder.
    #[inline]
    fn next_in_place(&mut self) -> Option<T> {
        let index = self.list.len() - self.left - 1;
        match &self.list.repr {
            Repr::Slice(items) => items.get(index).copied(),
            Repr::Stream(span) => {
                self.reader.set_position(self.reader.position() + usize::from(span.code_before(index)));
                T::decode(&mut self.reader).ok()
            }
        }
    }
}

impl<'a, T: Element<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        if !HOST {
            return self.next_in_place();
        }
        #[cfg(target_pointer_width = "64")]
        if let Some(InnerList { end, count }) = self.inner() {
            let start = self.reader.position();
            self.reader.set_position(end + usize::from(self.code));
            return T::decode(&mut Reader::before_list(self.reader.data(), start, count)).ok();
        }
        if self.unusual {
            let index = self.list.len() - self.left - 1;
            return match self.list.repr {
                Repr::Slice(items) => items.get(index).copied(),
                Repr::Stream(span) => {
                    let position = self.reader.position() + usize::from(span.code_before(index));
                    let (item, position) = aside(span.data, position)?;
                    self.reader.set_position(position);
                    Some(item)
                }
            };
        }
        // Validated when the message was decoded.
        let item = T::decode(&mut self.reader).ok()?;
        self.reader.set_position(self.reader.position() + usize::from(self.code));
        Some(item)
    }

    /// Internal iteration keeps the place in the stream in registers: `for_each` is faster than `for`.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[allow(clippy::while_let_on_iterator, reason = "the loop of a `for` is this function")]
    fn fold<B, F: FnMut(B, T) -> B>(mut self, init: B, mut f: F) -> B {
        let mut value = init;
        while let Some(item) = self.next() {
            value = f(value, item);
        }
        value
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, T: Element<'a>> ExactSizeIterator for Iter<'a, T> {}

/// A large optional element: a reference of the sender's, or a validated place in a received message.
///
/// Keeps the message around it small; [`get`](Self::get) decodes it when it is wanted.
pub struct Lazy<'a, T> {
    repr: LazyRepr<'a, T>,
}

enum LazyRepr<'a, T> {
    Ref(&'a T),
    Stream { data: &'a [u8], bit: u32 },
}

impl<'a, T> Lazy<'a, T> {
    /// An element to be sent.
    pub const fn new(value: &'a T) -> Self {
        Self { repr: LazyRepr::Ref(value) }
    }
}

impl<'a, T: Element<'a> + Default> Lazy<'a, T> {
    /// The element.
    #[inline]
    pub fn get(&self) -> T {
        match self.repr {
            LazyRepr::Ref(value) => *value,
            // Validated when the message was decoded.
            LazyRepr::Stream { data, bit } => {
                T::decode(&mut Reader::at(data, bit as usize)).unwrap_or_default()
            }
        }
    }
}

impl<T> Clone for Lazy<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Lazy<'_, T> {}

impl<T> Clone for LazyRepr<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for LazyRepr<'_, T> {}

impl<'a, T> From<&'a T> for Lazy<'a, T> {
    fn from(value: &'a T) -> Self {
        Self::new(value)
    }
}

impl<'a, T: Element<'a> + Default + PartialEq> PartialEq for Lazy<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<'a, T: Element<'a> + Default + fmt::Debug> fmt::Debug for Lazy<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<'a, T: Element<'a> + Default> Element<'a> for Lazy<'a, T> {
    #[inline]
    fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault> {
        let bit = r.position() as u32;
        T::decode(r)?;
        Ok(Self { repr: LazyRepr::Stream { data: r.data(), bit } })
    }

    #[inline]
    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault> {
        match self.repr {
            LazyRepr::Ref(value) => value.encode(w),
            LazyRepr::Stream { .. } => self.get().encode(w),
        }
    }
}

impl<'a> Element<'a> for u16 {
    fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault> {
        let value = r.u16(1, Name::NONE)?;
        r.zeros(1, Name::NONE)?;
        Ok(value)
    }

    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault> {
        w.u32(0, 1, u32::from(*self));
        w.event(0, 1);
        Ok(())
    }
}
