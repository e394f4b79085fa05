//! The reading end of the bit stream, and the operations that generated decoders are made of.
//!
//! Most operations take `lead`: how many zero bits (event codes without alternative) come first. They are read
//! and checked together with what follows, so that a mandatory field costs one load. Reading beyond the end
//! yields zeros and never fails by itself; lists, strings and the end of the message look whether the end was
//! passed, and every error that comes after the end is reported as [`ErrorKind::UnexpectedEnd`].

mod form;
mod list;
#[cfg(feature = "mirror")]
mod mirror;
mod number;
mod text;

use super::copy;
use super::forms::{Forms, Known};
use super::index::Slots;
use crate::document::HEADER;
use crate::error::{Error, ErrorKind, Fault, Name};

#[cfg(feature = "xmldsig-full")]
pub(crate) use list::Items;
pub use list::ListShape;

/// Whether speed comes before size: fused operations are for hosts, firmware takes one field at a time.
pub(super) const HOST: bool = cfg!(target_pointer_width = "64");

/// What a reader knows of the bits before it reads them.
pub trait Mode: Copy + Default + core::fmt::Debug {
    /// True for bits that were decoded before, and were in their one canonical form: nothing is to be checked.
    const TRUSTED: bool;

    /// The forms of items that were learned.
    fn forms(&mut self) -> &mut [Option<Known>] {
        &mut []
    }

    /// Number of items of any list, if it is known.
    fn items(&self) -> Option<u16> {
        None
    }
}

/// Bits that have just arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checked {
    forms: Forms,
}

/// Bits that were decoded before. Only hosts tell the two apart: the same code twice would be flash for firmware.
#[cfg(target_pointer_width = "64")]
#[derive(Debug, Clone, Copy, Default)]
pub struct Trusted;

/// Bits that were decoded before, of an item that ends with a list of so many items.
#[cfg(target_pointer_width = "64")]
#[derive(Debug, Clone, Copy, Default)]
pub struct BeforeList {
    count: u16,
}

/// The list that an item ends with.
#[cfg(target_pointer_width = "64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct InnerList {
    /// The bit behind it, and behind the item.
    pub(crate) end: usize,
    /// Number of its items.
    pub(crate) count: u16,
}

impl Mode for Checked {
    const TRUSTED: bool = false;

    #[inline(always)]
    fn forms(&mut self) -> &mut [Option<Known>] {
        &mut self.forms
    }
}

#[cfg(target_pointer_width = "64")]
impl Mode for Trusted {
    const TRUSTED: bool = true;
}

#[cfg(target_pointer_width = "64")]
impl Mode for BeforeList {
    const TRUSTED: bool = true;

    #[inline(always)]
    fn items(&self) -> Option<u16> {
        Some(self.count)
    }
}

/// Reads an EXI stream. Generated code drives it; users call [`decode`](crate::decode).
#[derive(Debug, Clone)]
pub struct Reader<'a, M: Mode = Checked> {
    data: &'a [u8],
    pos: usize,
    /// The last eight octets, or all there are, left-aligned.
    tail: u64,
    error: Option<Error>,
    canonical: bool,
    /// The index from here on: written while the bits are checked, read when they are trusted.
    slots: Slots<'a>,
    mode: M,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn at(data: &'a [u8], pos: usize) -> Self {
        Self::indexed(data, pos, Slots::none())
    }
}

#[cfg(target_pointer_width = "64")]
impl Reader<'_, Trusted> {
    /// Takes from the index the list that the item at hand ends with.
    #[inline(always)]
    pub(crate) fn take_list(&mut self) -> Option<InnerList> {
        let mut slots = self.slots;
        let extent = slots.take()?.get()?;
        self.slots = slots;
        Some(InnerList { end: extent.end as usize, count: extent.count })
    }
}

#[cfg(target_pointer_width = "64")]
impl<'a> Reader<'a, BeforeList> {
    /// For an item at bit `pos` that ends with a list of so many items.
    #[inline(always)]
    pub(crate) fn before_list(data: &'a [u8], pos: usize, count: u16) -> Self {
        Self { mode: BeforeList { count }, ..Self::indexed(data, pos, Slots::none()) }
    }
}

impl<'a, M: Mode> Reader<'a, M> {
    #[inline]
    pub(crate) fn indexed(data: &'a [u8], pos: usize, slots: Slots<'a>) -> Self {
        Self {
            data,
            pos,
            // Trusted readers read few words at the end: not worth keeping.
            tail: if M::TRUSTED { 0 } else { copy::last_word(data) },
            error: None,
            canonical: true,
            slots,
            mode: M::default(),
        }
    }

    pub(crate) const fn data(&self) -> &'a [u8] {
        self.data
    }

    pub(crate) const fn position(&self) -> usize {
        self.pos
    }

    pub(crate) const fn set_position(&mut self, pos: usize) {
        self.pos = pos;
    }

    /// Whether everything since the last [`start_canonical`](Self::start_canonical) was in its one canonical form.
    pub(crate) const fn is_canonical(&self) -> bool {
        self.canonical
    }

    pub(crate) const fn start_canonical(&mut self) -> bool {
        let before = self.canonical;
        self.canonical = true;
        before
    }

    pub(crate) const fn end_canonical(&mut self, before: bool) {
        self.canonical &= before;
    }

    pub(crate) const fn len_bits(&self) -> usize {
        self.data.len() * 8
    }

    /// The error behind a [`Fault`].
    pub(crate) fn take_error(&mut self, _: Fault) -> Error {
        self.error.take().unwrap_or(Error::new(ErrorKind::UnexpectedEnd, self.pos))
    }

    /// At least 57 bits from the current position, left-aligned.
    #[inline(always)]
    pub(super) fn window(&self) -> u64 {
        self.window_at(self.pos)
    }

    /// At least 57 bits from bit `pos` on, left-aligned.
    #[inline(always)]
    pub(super) fn window_at(&self, pos: usize) -> u64 {
        let index = pos >> 3;
        let word = match copy::full_word(self.data, index) {
            Some(word) => word,
            None if M::TRUSTED => copy::word(self.data, index),
            None => self.tail_word(index),
        };
        word << (pos & 7)
    }

    /// The octets from `index` on, fewer than eight, and zeros.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn tail_word(&self, index: usize) -> u64 {
        let skipped = index - self.data.len().saturating_sub(8);
        if skipped < 8 { self.tail << (8 * skipped) } else { 0 }
    }

    /// Records an error at the current position.
    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, kind: ErrorKind, name: Name) -> Fault {
        self.fail_at(kind, self.pos, name)
    }

    #[cold]
    #[inline(never)]
    fn fail_at(&mut self, kind: ErrorKind, bit: usize, name: Name) -> Fault {
        let end = self.len_bits();
        let ended = bit >= end || self.pos > end;
        let (kind, bit) = if ended { (ErrorKind::UnexpectedEnd, end) } else { (kind, bit) };
        let mut error = Error::new(kind, bit);
        error.within(name);
        self.error = Some(error);
        Fault::recorded()
    }

    /// Adds the enclosing element to the recorded error.
    #[cold]
    #[inline(never)]
    fn within(&mut self, fault: Fault, name: Name) -> Fault {
        if let Some(error) = &mut self.error {
            error.within(name);
        }
        fault
    }

    /// Names the event that stands where `bits` bits hold `lead` zeros and a code below `count`.
    #[cold]
    #[inline(never)]
    fn bad_event(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Fault {
        let word = self.window();
        let zeros = word.leading_zeros();
        // A state with one production has a one-bit code; its only other value is the escape.
        let (at, escape) = if zeros < lead {
            (self.pos + zeros as usize, true)
        } else {
            let code = (word << lead) >> (64 - width);
            (self.pos + lead as usize, code == u64::from(count))
        };
        self.fail_at(if escape { ErrorKind::Deviation } else { ErrorKind::EventCode }, at, name)
    }

    /// Reads the header and the event code of the root, of `width` bits.
    ///
    /// # Errors
    /// There is no input, or it does not start with the header.
    #[inline]
    pub(crate) fn header(&mut self, width: u32) -> Result<u32, Fault> {
        let word = self.window();
        if word >> 56 != u64::from(HEADER) {
            return Err(self.fail_at(ErrorKind::Header, 0, Name::NONE));
        }
        self.pos = 8 + width as usize;
        Ok((word << 8 >> (64 - width)) as u32)
    }

    /// Reads `lead` zeros and an event code of `width` bits with `count` productions.
    ///
    /// # Errors
    /// The event is a deviation (second level) or does not exist.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn event(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Result<u32, Fault> {
        let bits = lead + width;
        let value = (self.window() >> (64 - bits)) as u32;
        // Lead bits that are not zero make the value exceed every count.
        if !M::TRUSTED && value >= count {
            return Err(self.bad_event(lead, width, count, name));
        }
        self.pos += bits as usize;
        Ok(value)
    }

    /// Reads `lead` zeros.
    ///
    /// # Errors
    /// One of the bits is set.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn zeros(&mut self, lead: u32, name: Name) -> Result<(), Fault> {
        if M::TRUSTED {
            self.pos += lead as usize;
            return Ok(());
        }
        self.event(lead - 1, 1, 1, name).map(drop)
    }

    /// Reads a value of `width` bits (a boolean, an enumeration or a bounded integer less its minimum).
    ///
    /// # Errors
    /// A lead bit is set, or the value is not below `count`.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn small(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Result<u32, Fault> {
        let bits = lead + width;
        let value = (self.window() >> (64 - bits)) as u32;
        if !M::TRUSTED && value >= count {
            return Err(self.bad_small(lead, width, name));
        }
        self.pos += bits as usize;
        Ok(value)
    }

    /// Reads booleans that stand in elements one after the other, with three zeros between two of them.
    ///
    /// # Errors
    /// A lead bit or one of the zeros is set.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn bools<const N: usize>(&mut self, lead: u32, names: [Name; N]) -> Result<[bool; N], Fault> {
        // The bit of a value, from the top.
        let at = |index: usize| lead + 4 * index as u32;
        let word = self.window();
        let values = (0..N).fold(0, |bits, index| bits | 1 << 63 >> at(index));
        let bits = at(N - 1) + 1;
        if HOST && (M::TRUSTED || word & !values & !(u64::MAX >> bits) == 0) {
            self.pos += bits as usize;
            return Ok(core::array::from_fn(|index| word << at(index) >> 63 == 1));
        }
        let mut out = [false; N];
        self.each_bool(lead, &names, &mut out)?;
        Ok(out)
    }

    /// [`bools`](Self::bools), one after the other.
    #[inline(never)]
    fn each_bool(&mut self, lead: u32, names: &[Name], out: &mut [bool]) -> Result<(), Fault> {
        let mut lead = lead;
        for (value, name) in out.iter_mut().zip(names) {
            *value = self.small(lead, 1, 2, *name)? == 1;
            lead = 3;
        }
        Ok(())
    }

    /// Reads a value as [`small`](Self::small), the end of its element, and the [`event`](Self::event) after it.
    ///
    /// # Errors
    /// As both.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn small_then(
        &mut self,
        lead: u32,
        (width, values): (u32, u32),
        name: Name,
        event_width: u32,
        count: u32,
    ) -> Result<(u32, u32), Fault> {
        if HOST && let Some(pair) = self.fixed_pair(lead, width, values, event_width, count) {
            return Ok(pair);
        }
        let value = self.small(lead, width, values, name)?;
        Ok((value, self.event(1, event_width, count, Name::NONE)?))
    }

    /// Reads a value as [`enumeration`](Self::enumeration), the end of its element, and the
    /// [`event`](Self::event) after it.
    ///
    /// # Errors
    /// As both.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn enumeration_then(
        &mut self,
        lead: u32,
        (width, values): (u32, u32),
        name: Name,
        event_width: u32,
        count: u32,
    ) -> Result<(u32, u32), Fault> {
        if HOST && let Some(pair) = self.fixed_pair(lead, width, values, event_width, count) {
            return Ok(pair);
        }
        let value = self.enumeration(lead, width, values, name)?;
        Ok((value, self.event(1, event_width, count, Name::NONE)?))
    }

    /// A value and the event code after it, one bit apart; nothing is consumed if either is not what it should be.
    #[inline(always)]
    fn fixed_pair(
        &mut self,
        lead: u32,
        width: u32,
        values: u32,
        event_width: u32,
        count: u32,
    ) -> Option<(u32, u32)> {
        let word = self.window();
        let bits = lead + width;
        let value = (word >> (64 - bits)) as u32;
        let code = (word << bits >> (63 - event_width)) as u32;
        if !M::TRUSTED && (value >= values || code >= count) {
            return None;
        }
        self.pos += (bits + 1 + event_width) as usize;
        Some((value, code))
    }

    #[cold]
    #[inline(never)]
    fn bad_small(&mut self, lead: u32, width: u32, name: Name) -> Fault {
        if self.window().leading_zeros() < lead {
            return self.bad_event(lead, width, 0, name);
        }
        self.pos += lead as usize;
        self.fail(ErrorKind::IntegerRange, name)
    }

    /// Reads an enumeration index.
    ///
    /// # Errors
    /// A lead bit is set, or no literal has this index.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn enumeration(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Result<u32, Fault> {
        let bits = lead + width;
        let value = (self.window() >> (64 - bits)) as u32;
        if !M::TRUSTED && value >= count {
            return Err(self.bad_enumeration(lead, width, name));
        }
        self.pos += bits as usize;
        Ok(value)
    }

    #[cold]
    #[inline(never)]
    fn bad_enumeration(&mut self, lead: u32, width: u32, name: Name) -> Fault {
        if self.window().leading_zeros() < lead {
            return self.bad_event(lead, width, 0, name);
        }
        self.pos += lead as usize;
        self.fail(ErrorKind::Enumeration, name)
    }

    /// Reads the event that ends a fragment, and checks that nothing was read beyond the input.
    #[inline]
    pub(crate) fn end(&mut self, width: u32, end: Option<u32>) -> Result<(), Fault> {
        if let Some(end) = end
            && self.event(0, width, 1 << width, Name::NONE)? != end
        {
            return Err(self.fail(ErrorKind::EventCode, Name::NONE));
        }
        if self.pos > self.len_bits() {
            return Err(self.fail(ErrorKind::UnexpectedEnd, Name::NONE));
        }
        Ok(())
    }

    /// Records a root element that is not one of the set.
    #[cold]
    pub(crate) fn unexpected_root(&mut self) -> Error {
        let fault = self.fail_at(ErrorKind::UnexpectedRoot, 8, Name::NONE);
        self.take_error(fault)
    }

    /// Whether the bits up to the end of the octet are zero.
    pub(crate) fn padding_is_zero(&self) -> bool {
        let padding = self.pos.wrapping_neg() & 7;
        padding == 0 || self.window() >> (64 - padding) == 0
    }
}
