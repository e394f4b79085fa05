//! Repeated and deferred elements.

use core::fmt;

use super::Element;
use crate::bits::{ListShape, Reader, Writer};
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
    /// Items that are followed by a one-bit code, because another must come.
    min: u8,
    /// Width of the code after the others.
    width: u8,
}

impl<'a, T> List<'a, T> {
    /// Items to be sent.
    pub const fn new(items: &'a [T]) -> Self {
        Self { repr: Repr::Slice(items) }
    }

    #[inline]
    pub(crate) const fn in_stream(data: &'a [u8], bit: usize, count: u32, shape: &ListShape) -> Self {
        Self {
            repr: Repr::Stream(Span {
                data,
                bit: bit as u32,
                count: count as u16,
                min: shape.min as u8,
                width: shape.width,
            }),
        }
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
            Repr::Slice(items) => Iter(IterInner::Slice(items.iter())),
            Repr::Stream(span) => {
                Iter(IterInner::Stream { reader: Reader::at(span.data, span.bit as usize), index: 0, span })
            }
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
pub struct Iter<'a, T>(IterInner<'a, T>);

enum IterInner<'a, T> {
    Slice(core::slice::Iter<'a, T>),
    Stream { reader: Reader<'a>, index: u16, span: Span<'a> },
}

impl<'a, T: Element<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            IterInner::Slice(items) => items.next().copied(),
            IterInner::Stream { reader, index, span } => {
                if *index == span.count {
                    return None;
                }
                if *index > 0 {
                    let width = if *index < u16::from(span.min) { 1 } else { span.width };
                    reader.set_position(reader.position() + usize::from(width));
                }
                *index += 1;
                // Validated when the message was decoded.
                T::decode(reader).ok()
            }
        }
    }

    /// Internal iteration keeps the place in the stream in registers: `for_each` is faster than `for`.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        match self.0 {
            IterInner::Slice(items) => items.copied().fold(init, f),
            IterInner::Stream { mut reader, index, span } => {
                let mut value = init;
                for index in index..span.count {
                    if index > 0 {
                        let width = if index < u16::from(span.min) { 1 } else { span.width };
                        reader.set_position(reader.position() + usize::from(width));
                    }
                    match T::decode(&mut reader) {
                        Ok(item) => value = f(value, item),
                        Err(_) => break,
                    }
                }
                value
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            IterInner::Slice(items) => items.len(),
            IterInner::Stream { index, span, .. } => usize::from(span.count - index),
        };
        (left, Some(left))
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
    fn decode(r: &mut Reader<'a>) -> Result<Self, Fault> {
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
    fn decode(r: &mut Reader<'a>) -> Result<Self, Fault> {
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
