//! The reading end of the bit stream, and the operations that generated decoders are made of.
//!
//! Most operations take `lead`: how many zero bits (event codes without alternative) come first. They are read
//! and checked together with what follows, so that a mandatory field costs one load. Reading beyond the end
//! yields zeros and never fails by itself; lists, strings and the end of the message look whether the end was
//! passed, and every error that comes after the end is reported as [`ErrorKind::UnexpectedEnd`].

use super::{Usual, copy, integer};
use crate::document::HEADER;
use crate::error::{Error, ErrorKind, Fault, Name};
use crate::value::{Bytes, Element, Integer, List, Positive, RationalNumber, Str};

/// Whether speed comes before size: fused operations are for hosts, firmware takes one field at a time.
const HOST: bool = cfg!(target_pointer_width = "64");

/// The event codes in the first 14 bits of a rational number: 00 eeeeeeee 0 00 s.
const EVENTS: u64 = 0b11_0000_0000_1110 << 50;

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

/// An integer of one or two octets in its minimal form after `lead` zeros, and the bits up to its end.
#[inline(always)]
fn short_groups(word: u64, lead: u32) -> Option<(u32, u32)> {
    let head = word << lead;
    // The lead and the high bit of the first octet, then that of the second.
    let first = !(u64::MAX >> 1 >> lead);
    let second = 1 << (55 - lead);
    if word & first == 0 {
        return Some(((head >> 56) as u32, lead + 8));
    }
    if word & (first | second) == 1 << (63 - lead) {
        let value = (head >> 56 & 0x7F | (head >> 41 & 0x3F80)) as u32;
        if value >= 0x80 {
            return Some((value, lead + 16));
        }
    }
    None
}

/// A rational number with a magnitude of one or two octets in minimal form, and the bits up to its end, lead
/// included. As nearly always, all event codes are then at known places, and one comparison checks them together
/// with the length of the integer.
#[inline(always)]
fn short_rational(word: u64, lead: u32) -> Option<(RationalNumber, u32)> {
    const ONE: u64 = EVENTS | 1 << 49 | 0b11 << 40;
    const TWO: u64 = EVENTS | 1 << 49 | 1 << 41 | 0b11 << 32;
    let head = word << lead;
    let zeros = !(u64::MAX >> lead);
    let (magnitude, used) = if word & (zeros | TWO >> lead) == 1 << (49 - lead) {
        ((head >> 42 & 0x7F | (head >> 27 & 0x3F80)) as i16, 32)
    } else if word & (zeros | ONE >> lead) == 0 {
        ((head >> 42 & 0x7F) as i16, 24)
    } else {
        return None;
    };
    if used == 32 && magnitude < 0x80 {
        return None;
    }
    let sign = -((head >> 50) as i16 & 1);
    Some((RationalNumber::new(magnitude ^ sign, ((head >> 54) as u8 ^ 0x80) as i8), lead + used))
}

/// Reads an EXI stream. Generated code drives it; users call [`decode`](crate::decode).
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    /// The last eight octets, or all there are, left-aligned.
    tail: u64,
    error: Option<Error>,
    canonical: bool,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn at(data: &'a [u8], pos: usize) -> Self {
        Self { data, pos, tail: copy::last_word(data), error: None, canonical: true }
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
    fn window(&self) -> u64 {
        let index = self.pos >> 3;
        let word = match copy::full_word(self.data, index) {
            Some(word) => word,
            None => self.tail_word(index),
        };
        word << (self.pos & 7)
    }

    /// The octets from `index` on, fewer than eight, and zeros.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn tail_word(&self, index: usize) -> u64 {
        let skipped = index - self.data.len().saturating_sub(8);
        if skipped < 8 { self.tail << (8 * skipped) } else { 0 }
    }

    /// Remembers an integer that is longer than it needs to be.
    #[inline(always)]
    fn note(&mut self, groups: integer::Groups) {
        if !groups.is_minimal() {
            self.canonical = false;
        }
    }

    /// Records an error at the current position.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, kind: ErrorKind, name: Name) -> Fault {
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
        if value >= count {
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
        if value >= count {
            return Err(self.bad_small(lead, width, name));
        }
        self.pos += bits as usize;
        Ok(value)
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
        if value >= values || code >= count {
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
        if value >= count {
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

    /// [`short_groups`] at the current position; consumes nothing if there is no such integer.
    #[inline(always)]
    fn short_groups(&mut self, lead: u32) -> Option<u32> {
        if !HOST {
            return None;
        }
        let (value, used) = short_groups(self.window(), lead)?;
        self.pos += used as usize;
        Some(value)
    }

    /// Reads `lead` zeros and an integer of at most `octets` octets and at most `max`, in any form.
    #[inline(never)]
    fn groups(&mut self, lead: u32, octets: u32, max: u64, name: Name) -> Result<u64, Fault> {
        let word = self.window();
        if word >> 1 >> (63 - lead) != 0 {
            return Err(self.bad_event(lead, 1, 1, name));
        }
        match integer::parse(word << lead, octets) {
            Some(groups) if groups.value <= max => {
                self.note(groups);
                self.pos += (lead + groups.octets * 8) as usize;
                Ok(groups.value)
            }
            _ => {
                self.pos += lead as usize;
                Err(self.fail(ErrorKind::IntegerRange, name))
            }
        }
    }

    /// Reads an `xs:unsignedShort`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 16 bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn u16(&mut self, lead: u32, name: Name) -> Result<u16, Fault> {
        match self.short_groups(lead) {
            Some(value) => Ok(value as u16),
            None => self.groups(lead, 3, u64::from(u16::MAX), name).map(|v| v as u16),
        }
    }

    /// Reads an `xs:unsignedInt`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 32 bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn u32(&mut self, lead: u32, name: Name) -> Result<u32, Fault> {
        match self.short_groups(lead) {
            Some(value) => Ok(value),
            None => self.groups(lead, 5, u64::from(u32::MAX), name).map(|v| v as u32),
        }
    }

    /// Reads an `xs:unsignedInt` that is not zero.
    ///
    /// # Errors
    /// A lead bit is set, or the value is zero or exceeds 32 bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn positive(&mut self, lead: u32, name: Name) -> Result<Positive, Fault> {
        let value = self.u32(lead, name)?;
        Positive::new(value).ok_or_else(|| self.fail(ErrorKind::IntegerRange, name))
    }

    /// Reads an `xs:unsignedLong`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 64 bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn u64(&mut self, lead: u32, name: Name) -> Result<u64, Fault> {
        // Times of this century take five octets.
        const FIVE: u64 = 0x80_8080_8080 << 24;
        let word = self.window();
        let head = word << lead;
        let zeros = !(u64::MAX >> lead);
        if HOST && word & (zeros | FIVE >> lead) == 0x80_8080_8000 << 24 >> lead {
            let group = |index: u32| head >> (56 - 8 * index) & 0x7F;
            let last = group(4);
            if last > 0 {
                self.pos += (lead + 40) as usize;
                return Ok(group(0) | group(1) << 7 | group(2) << 14 | group(3) << 21 | last << 28);
            }
        }
        match self.short_groups(lead) {
            Some(value) => Ok(u64::from(value)),
            None => self.u64_long(lead, name),
        }
    }

    #[inline(never)]
    fn u64_long(&mut self, lead: u32, name: Name) -> Result<u64, Fault> {
        // Five octets are in the window, whatever the lead.
        let word = self.window();
        if word >> 1 >> (63 - lead) == 0
            && let Some(groups) = integer::parse(word << lead, 5)
        {
            self.note(groups);
            self.pos += (lead + groups.octets * 8) as usize;
            return Ok(groups.value);
        }
        if lead > 0 {
            self.zeros(lead, name)?;
        }
        let start = self.pos;
        let mut value = 0;
        for group in 0..10 {
            let octet = self.window() >> 56;
            self.pos += 8;
            if group == 9 && octet > 1 {
                break;
            }
            value |= (octet & 0x7F) << (7 * group);
            if octet < 0x80 {
                self.canonical &= group == 0 || octet != 0;
                return Ok(value);
            }
        }
        Err(self.fail_at(ErrorKind::IntegerRange, start, name))
    }

    /// Sign and magnitude of an EXI Integer of at most `octets` octets whose magnitude is at most `max`.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn signed(&mut self, lead: u32, octets: u32, max: u32, name: Name) -> Result<i32, Fault> {
        let negative = self.small(lead, 1, 2, name)?;
        let magnitude = match self.short_groups(0) {
            Some(value) => value as i32,
            None => self.groups(0, octets, u64::from(max), name)? as i32,
        };
        Ok(if negative == 0 { magnitude } else { !magnitude })
    }

    /// Reads an `xs:short`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 16 bits.
    #[inline]
    pub fn i16(&mut self, lead: u32, name: Name) -> Result<i16, Fault> {
        self.signed(lead, 3, 0x7FFF, name).map(|v| v as i16)
    }

    /// Reads an `xs:int`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 32 bits.
    #[inline]
    pub fn i32(&mut self, lead: u32, name: Name) -> Result<i32, Fault> {
        self.signed(lead, 5, 0x7FFF_FFFF, name)
    }

    /// Reads the content of an element of type `RationalNumberType`, its end included: 14 bits of event codes,
    /// exponent and sign, one to three octets of magnitude, two end events.
    ///
    /// # Errors
    /// An event code is not zero, or the value exceeds 16 bits.
    #[inline]
    pub fn rational<T: From<RationalNumber>>(&mut self, lead: u32, name: Name) -> Result<T, Fault> {
        self.number(lead, name).map(T::from)
    }

    /// [`rational`](Self::rational) and the [`event`](Self::event) after it.
    ///
    /// # Errors
    /// As both.
    #[inline]
    pub fn rational_then<T: From<RationalNumber>>(
        &mut self,
        lead: u32,
        name: Name,
        width: u32,
        count: u32,
    ) -> Result<(T, u32), Fault> {
        self.number_then(lead, name, width, count).map(|(number, code)| (number.into(), code))
    }

    // Not generic, so that firmware holds it once and not once for every unit.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn number(&mut self, lead: u32, name: Name) -> Result<RationalNumber, Fault> {
        if HOST && let Some((number, used)) = short_rational(self.window(), lead) {
            self.pos += used as usize;
            return Ok(number);
        }
        self.long_rational(lead, name)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn number_then(
        &mut self,
        lead: u32,
        name: Name,
        width: u32,
        count: u32,
    ) -> Result<(RationalNumber, u32), Fault> {
        let word = self.window();
        if HOST && let Some((number, used)) = short_rational(word, lead) {
            let code = (word << used >> (64 - width)) as u32;
            if code < count {
                self.pos += (used + width) as usize;
                return Ok((number, code));
            }
        }
        let number = self.number(lead, name)?;
        Ok((number, self.event(0, width, count, Name::NONE)?))
    }

    /// An [`u32`](Self::u32) element, a [`rational`](Self::rational) element right after it (two zeros between
    /// the values), and the [`event`](Self::event) after both.
    ///
    /// # Errors
    /// As all three.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn u32_rational_then<T: From<RationalNumber>>(
        &mut self,
        lead: u32,
        names: (Name, Name),
        width: u32,
        count: u32,
    ) -> Result<(u32, T, u32), Fault> {
        let word = self.window();
        // 2 + 16 + 34 + 4 bits at most: all of it is in the window.
        if HOST
            && lead <= 2
            && let Some((value, first)) = short_groups(word, lead)
            && let Some((number, second)) = short_rational(word << first, 2)
        {
            let code = (word << first << second >> (64 - width)) as u32;
            if code < count {
                self.pos += (first + second + width) as usize;
                return Ok((value, number.into(), code));
            }
        }
        let value = self.u32(lead, names.0)?;
        let (number, code) = self.rational_then(2, names.1, width, count)?;
        Ok((value, number, code))
    }

    /// [`rational`](Self::rational) in any form.
    #[inline(never)]
    fn long_rational(&mut self, lead: u32, name: Name) -> Result<RationalNumber, Fault> {
        let word = self.window();
        let head = word << lead;
        if word >> 1 >> (63 - lead) != 0 || head & EVENTS != 0 {
            return Err(self.bad_rational(lead, name));
        }
        let Some(groups) = integer::parse(head << 14, 3) else { return Err(self.bad_rational(lead, name)) };
        let used = 14 + groups.octets * 8;
        if groups.value > 0x7FFF || (head << used) >> 62 != 0 {
            return Err(self.bad_rational(lead, name));
        }
        self.note(groups);
        self.pos += (lead + used + 2) as usize;
        let sign = -((head >> 50) as i16 & 1);
        Ok(RationalNumber::new(groups.value as i16 ^ sign, ((head >> 54) as u8 ^ 0x80) as i8))
    }

    /// Goes through a rational number field by field to find the bit that is wrong.
    #[cold]
    #[inline(never)]
    fn bad_rational(&mut self, lead: u32, name: Name) -> Fault {
        use crate::generated::names::{EXPONENT, VALUE};
        let walk = |r: &mut Self| {
            if lead > 0 {
                r.zeros(lead, name)?;
            }
            r.small(2, 8, 256, EXPONENT)?;
            r.i16(3, VALUE)?;
            r.zeros(2, name)
        };
        match walk(self) {
            Ok(()) => self.fail(ErrorKind::UnexpectedEnd, name),
            Err(fault) => self.within(fault, name),
        }
    }

    /// Reads a byte string of exactly `N` octets; the lead includes the event of the text.
    ///
    /// # Errors
    /// A lead bit is set, or the length is another.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn array<const N: usize>(&mut self, lead: u32, name: Name) -> Result<[u8; N], Fault> {
        let word = self.window();
        if word >> (56 - lead) != N as u64 {
            return self.array_in_any_form(lead, name);
        }
        self.pos += (lead + 8) as usize;
        let mut out = [0; N];
        if N == 8 {
            out.copy_from_slice(&copy::straddling_word(self.data, self.pos).to_be_bytes());
        } else {
            copy::octets(self.data, self.pos, &mut out);
        }
        self.pos += N * 8;
        Ok(out)
    }

    /// [`array`](Self::array) with a length that is padded, or wrong.
    #[cold]
    fn array_in_any_form<const N: usize>(&mut self, lead: u32, name: Name) -> Result<[u8; N], Fault> {
        let octets = self.binary(lead, N as u32, N as u32, name)?;
        let mut out = [0; N];
        // The length is that of the buffer.
        let _ = octets.copy_to(&mut out);
        Ok(out)
    }

    /// Whether the last of the lead bits, the event of the text, is the escape to the bare end of the element.
    #[inline]
    fn ends_before_text(&mut self, lead: u32) -> bool {
        self.window() >> (64 - lead) == 1 && self.empty_element(lead, 1, 3)
    }

    /// Whether an element with text ends before its text: the event code `escape` of a state of `width` bits
    /// and the first event of the second level (`second` bits wide), EE. Consumes them if so.
    #[cold]
    #[inline(never)]
    fn empty_element(&mut self, lead: u32, escape: u64, second: u32) -> bool {
        let bits = lead + second;
        if self.window() >> (64 - bits) == escape << second && self.pos + bits as usize <= self.len_bits() {
            self.pos += bits as usize;
            self.canonical = false;
            return true;
        }
        false
    }

    /// Reads the text of a string element and the end of the element. The last lead bit is the event of the text.
    ///
    /// # Errors
    /// A lead bit is set, the length is out of range, a character does not exist, or the input ends.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn text(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        if self.ends_before_text(lead) {
            return if min == 0 { Ok(Str::default()) } else { Err(self.fail(ErrorKind::Length, name)) };
        }
        let value = self.string(lead, min, max, name)?;
        self.zeros(1, name)?;
        Ok(value)
    }

    /// Reads a string: an attribute, or the text of an element without its end.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn string(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        let start = self.pos + lead as usize;
        let length = self.u32(lead, name)?;
        let chars = length.wrapping_sub(2);
        if length < 2 || chars < min || chars > max {
            return Err(self.bad_string(start, length, name));
        }
        let bit = self.pos;
        // A character takes an octet at least.
        if bit + chars as usize * 8 > self.len_bits() {
            return Err(self.fail_at(ErrorKind::UnexpectedEnd, self.len_bits(), name));
        }
        let ascii = self.ascii_run(chars);
        if ascii < chars {
            self.characters(chars - ascii, name)?;
        }
        Ok(Str::in_stream(self.data, bit, chars))
    }

    #[cold]
    #[inline(never)]
    fn bad_string(&mut self, start: usize, length: u32, name: Name) -> Fault {
        self.fail_at(if length < 2 { ErrorKind::StringTable } else { ErrorKind::Length }, start, name)
    }

    /// Passes over at most `limit` consecutive ASCII characters and returns their number.
    #[inline]
    pub(crate) fn ascii_run(&mut self, limit: u32) -> u32 {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let mut left = limit;
        // 57 bits of the window are valid: seven characters.
        while left >= 7 {
            let high = self.window() & HIGH << 8;
            if high != 0 {
                return self.ascii_rest(limit, left, high);
            }
            self.pos += 56;
            left -= 7;
        }
        let high = self.window() & !(u64::MAX >> (8 * left)) & HIGH;
        self.ascii_rest(limit, left, high)
    }

    /// The end of [`ascii_run`](Self::ascii_run): `high` has the high bits of at most `left` characters.
    #[inline]
    fn ascii_rest(&mut self, limit: u32, left: u32, high: u64) -> u32 {
        let ascii = (high.leading_zeros() / 8).min(left);
        self.pos += ascii as usize * 8;
        limit - left + ascii
    }

    /// Validates `count` characters, the first of which is not ASCII.
    #[inline(never)]
    fn characters(&mut self, count: u32, name: Name) -> Result<(), Fault> {
        let mut left = count;
        while left > 0 {
            match integer::parse(self.window(), 3) {
                Some(groups) if char::from_u32(groups.value as u32).is_some() => {
                    self.note(groups);
                    self.pos += groups.octets as usize * 8;
                }
                _ => return Err(self.fail(ErrorKind::Character, name)),
            }
            left -= 1;
            left -= self.ascii_run(left);
        }
        if self.pos > self.len_bits() {
            return Err(self.fail(ErrorKind::UnexpectedEnd, name));
        }
        Ok(())
    }

    /// Reads the octets of a binary element and the end of the element. The last lead bit is the event of the
    /// text.
    ///
    /// # Errors
    /// A lead bit is set, the length is out of range, or the input ends.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn bytes(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Bytes<'a>, Fault> {
        if self.ends_before_text(lead) {
            return if min == 0 { Ok(Bytes::default()) } else { Err(self.fail(ErrorKind::Length, name)) };
        }
        let value = self.binary(lead, min, max, name)?;
        self.zeros(1, name)?;
        Ok(value)
    }

    /// Reads octets without the end of their element.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn binary(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Bytes<'a>, Fault> {
        let start = self.pos + lead as usize;
        let length = self.u32(lead, name)?;
        let bit = self.pos;
        if bit + length as usize * 8 > self.len_bits() {
            return Err(self.fail_at(ErrorKind::UnexpectedEnd, self.len_bits(), name));
        }
        if length < min || length > max {
            return Err(self.fail_at(ErrorKind::Length, start, name));
        }
        self.pos += length as usize * 8;
        Ok(Bytes::in_stream(self.data, bit, length))
    }

    /// Reads an event code in an element of simple content that has attributes. The code `count` stands for an
    /// element that ends before its text: the escape, then the first of the second-level events.
    ///
    /// # Errors
    /// The event is another deviation or does not exist.
    #[inline]
    pub fn text_event(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Result<u32, Fault> {
        if (self.window() >> (64 - lead - width)) as u32 == count
            && self.empty_element(lead + width, u64::from(count), 3)
        {
            return Ok(count);
        }
        self.event(lead, width, count, name)
    }

    /// Reads an integer without bounds (`xs:integer`).
    ///
    /// # Errors
    /// A lead bit is set, or the input ends.
    #[inline(never)]
    pub fn integer(&mut self, lead: u32, name: Name) -> Result<Integer<'a>, Fault> {
        let negative = self.small(lead, 1, 2, name)? == 1;
        let bit = self.pos;
        loop {
            let octet = self.window() >> 56;
            self.pos += 8;
            if self.pos > self.len_bits() {
                return Err(self.fail(ErrorKind::UnexpectedEnd, name));
            }
            if octet < 0x80 {
                let octets = (self.pos - bit) / 8;
                self.canonical &= octets == 1 || octet != 0;
                return Ok(Integer::in_stream(self.data, bit, octets as u32, negative));
            }
        }
    }

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
