//! How structs of C's are written: field by field where they stand, with no copy in between.

use core::num::NonZeroI32;

use exi_codec::mirror::{ListShape, Name, Writer};
use exi_codec::{Bytes, Element, Fault, Integer, Lazy, List, RationalNumber, Str};

use super::view::{INTEGER, LAZY, LIST, OCTETS, TEXT};
use super::{Mirrored, v2g_exi_integer, v2g_exi_lazy, v2g_exi_list, v2g_exi_octets, v2g_exi_text};
use crate::border::{Outcome, reference, slice};
use crate::number::v2g_number;
use crate::status::{V2G_E_MISSING, V2G_E_VALUE};
use crate::text::{v2g_bytes, v2g_str};

/// Why a struct cannot be written: a status, or a fault that the writer knows.
#[derive(Clone, Copy)]
pub struct Stop(NonZeroI32);

/// Something mandatory is absent.
pub(crate) const MISSING: Stop = Stop::of(V2G_E_MISSING);
/// A value is none of its type.
pub(crate) const VALUE: Stop = Stop::of(V2G_E_VALUE);
/// The writer knows; no status is above zero.
const FAULT: Stop = Stop::of(1);

impl Stop {
    const fn of(status: i32) -> Self {
        match NonZeroI32::new(status) {
            Some(status) => Self(status),
            None => Self(NonZeroI32::MAX),
        }
    }

    /// The status; none if the writer knows what is wrong.
    pub(crate) const fn status(self) -> Option<i32> {
        if self.0.get() > 0 { None } else { Some(self.0.get()) }
    }
}

impl From<Fault> for Stop {
    fn from(_: Fault) -> Self {
        FAULT
    }
}

impl From<i32> for Stop {
    fn from(status: i32) -> Self {
        Self::of(status)
    }
}

/// What writing comes to.
pub type Written<T = ()> = Result<T, Stop>;

/// A struct of C's, as content of an element.
pub trait Encoded {
    /// Writes the content.
    ///
    /// # Safety
    /// What it points to is there.
    ///
    /// # Errors
    /// Something mandatory is absent, a value is none, or outside the limits of the schema.
    unsafe fn encode(&self, w: &mut Writer<'_>) -> Written;
}

/// Event codes that come first, and their width.
type Due = (u32, u32);

/// A value of an enumeration that counts from one on, as its index.
#[inline]
pub(crate) fn index(number: u8, count: u8) -> Written<u32> {
    let index = number.wrapping_sub(1);
    if index < count { Ok(u32::from(index)) } else { Err(no_choice(u32::from(number))) }
}

/// Why a number stands for no alternative.
#[cold]
pub(crate) const fn no_choice(number: u32) -> Stop {
    if number == 0 { MISSING } else { VALUE }
}

/// Whether all mandatory numbers of a struct are there: `present` of each, and-ed. One test instead of one for each.
#[inline]
pub(crate) fn complete(present: u8) -> Written {
    if present & 1 == 0 { Err(MISSING) } else { Ok(()) }
}

/// A number that is there. By reference: what is passed by value is packed into a word, and unpacked.
#[inline]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "see above")]
pub(crate) fn rational(number: &v2g_number) -> RationalNumber {
    RationalNumber::new(number.value, number.exponent)
}

/// A mandatory number that is not zero.
#[inline]
pub(crate) fn positive(number: u32) -> Written<u32> {
    if number == 0 { Err(MISSING) } else { Ok(number) }
}

impl v2g_exi_text {
    /// # Safety
    /// What it points to is there; so in all functions below.
    #[inline]
    unsafe fn with(&self, write: impl FnOnce(&Str<'_>) -> Result<(), Fault>) -> Written {
        // SAFETY: promised by the caller; views with this mark are of this type.
        let written = unsafe {
            if !self.data.is_null() {
                let text = v2g_str { data: self.data, length: self.length }.get()?;
                write(&Str::new(text))
            } else if let Some(text) = self.received.peek(TEXT)? {
                write(text)
            } else {
                write(&Str::default())
            }
        };
        Ok(written?)
    }

    /// An element's.
    pub(crate) unsafe fn text(
        &self,
        w: &mut Writer<'_>,
        due: Due,
        limits: (u32, u32),
        name: Name,
    ) -> Written {
        // SAFETY: promised by the caller.
        unsafe { self.with(|text| w.text(due.0, due.1, text, limits, name)) }
    }

    /// An attribute's.
    pub(crate) unsafe fn attribute(
        &self,
        w: &mut Writer<'_>,
        due: Due,
        limits: (u32, u32),
        name: Name,
    ) -> Written {
        // SAFETY: promised by the caller.
        unsafe { self.with(|text| w.string(due.0, due.1, text, limits, name)) }
    }
}

impl v2g_exi_octets {
    #[inline]
    unsafe fn with(&self, write: impl FnOnce(&Bytes<'_>) -> Result<(), Fault>) -> Written {
        // SAFETY: promised by the caller; views with this mark are of this type.
        let written = unsafe {
            if !self.data.is_null() {
                write(&Bytes::new(v2g_bytes { data: self.data, length: self.length }.get()?))
            } else if let Some(octets) = self.received.peek(OCTETS)? {
                write(octets)
            } else {
                write(&Bytes::default())
            }
        };
        Ok(written?)
    }

    pub(crate) unsafe fn bytes(
        &self,
        w: &mut Writer<'_>,
        due: Due,
        limits: (u32, u32),
        name: Name,
    ) -> Written {
        // SAFETY: promised by the caller.
        unsafe { self.with(|octets| w.bytes(due.0, due.1, octets, limits, name)) }
    }

    /// Those after optional attributes.
    pub(crate) unsafe fn octets_or_end(&self, w: &mut Writer<'_>, due: Due, limits: (u32, u32)) -> Written {
        let name = exi_codec::mirror::names::NONE;
        // SAFETY: promised by the caller.
        unsafe { self.with(|octets| w.octets_or_end(due.0, due.1, octets, limits, name)) }
    }
}

impl v2g_exi_integer {
    pub(crate) unsafe fn integer(&self, w: &mut Writer<'_>, due: Due) -> Written {
        // SAFETY: promised by the caller; views with this mark are of this type.
        unsafe {
            if self.data.is_null() {
                match self.received.peek(INTEGER)? {
                    Some(integer) => w.integer(due.0, due.1, integer),
                    None => w.integer(due.0, due.1, &Integer::from_be_bytes(&[])),
                }
            } else {
                w.integer(due.0, due.1, &self.load()?);
            }
        }
        Ok(())
    }
}

impl v2g_exi_list {
    /// `again` writes a received item, `item` one of C's.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[allow(clippy::inline_always, reason = "as the operation of the codec that it stands for")]
    pub(crate) unsafe fn write<'a, T, A, I>(
        &self,
        w: &mut Writer<'_>,
        due: Due,
        shape: &ListShape,
        name: Name,
        again: A,
        item: I,
    ) -> Written<Due>
    where
        T: Mirrored<'a> + Element<'a> + 'a,
        A: FnMut(&mut Writer<'_>, &T) -> Result<(), Fault>,
        I: FnMut(&mut Writer<'_>, &T::C) -> Written,
    {
        // SAFETY: promised by the caller; views with this mark are of this type.
        unsafe {
            let items = if self.items.is_null() {
                if let Some(list) = self.received.peek::<List<'a, T>>(LIST | T::TAG)? {
                    return Ok(w.list(due.0, due.1, shape, list, name, again)?);
                }
                &[]
            } else {
                slice(self.items.cast::<T::C>(), self.count)?
            };
            w.items(due.0, due.1, shape, items, name, item)
        }
    }

    /// An element that holds nothing but the list.
    #[inline]
    pub(crate) unsafe fn wrapped<'a, T, A, I>(
        &self,
        w: &mut Writer<'_>,
        due: Due,
        shape: &ListShape,
        names: (Name, Name),
        again: A,
        item: I,
    ) -> Written
    where
        T: Mirrored<'a> + Element<'a> + 'a,
        A: FnMut(&mut Writer<'_>, &T) -> Result<(), Fault>,
        I: FnMut(&mut Writer<'_>, &T::C) -> Written,
    {
        w.element(0, 0, names.0, |w| {
            // SAFETY: promised by the caller.
            let (code, bits) =
                unsafe { self.write::<T, A, I>(w, (due.0 << 1, due.1 + 1), shape, names.1, again, item) }?;
            w.event(code, bits);
            Ok(())
        })
    }
}

impl v2g_exi_lazy {
    #[inline]
    pub(crate) unsafe fn write<'a, T>(&self, w: &mut Writer<'_>, due: Due, name: Name) -> Written
    where
        T: Mirrored<'a, C: Encoded> + Element<'a> + Default + 'a,
    {
        // SAFETY: promised by the caller; views with this mark are of this type.
        unsafe {
            if self.value.is_null() {
                let element = self.received.peek::<Lazy<'a, T>>(LAZY | T::TAG)?.ok_or(VALUE)?;
                return Ok(w.child(due.0, due.1, element, name)?);
            }
            let value: Outcome<&T::C> = reference(self.value.cast());
            let value = value?;
            w.element(due.0, due.1, name, |w| value.encode(w))
        }
    }
}
