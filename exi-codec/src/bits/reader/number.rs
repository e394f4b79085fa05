//! Integers and decimal numbers.

use super::{HOST, Mode, Reader};
use crate::bits::integer;
use crate::error::{ErrorKind, Fault, Name};
use crate::value::{Integer, Positive, RationalNumber};

/// The event codes in the first 14 bits of a rational number: 00 eeeeeeee 0 00 s.
const EVENTS: u64 = 0b11_0000_0000_1110 << 50;

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

/// An integer of at most five octets after `lead` zeros that is known to be valid, and the bits up to its end.
#[inline(always)]
fn known_groups(word: u64, lead: u32) -> (u32, u32) {
    let head = word << lead;
    if head >> 63 == 0 {
        ((head >> 56) as u32, lead + 8)
    } else if head >> 55 & 1 == 0 {
        ((head >> 56 & 0x7F | head >> 41 & 0x3F80) as u32, lead + 16)
    } else {
        let groups = known_long(head);
        (groups as u32, lead + (groups >> 32) as u32)
    }
}

/// An integer of three to five octets in the low half, and its bits in the high half.
#[inline(never)]
fn known_long(head: u64) -> u64 {
    let octets = ((!head & 0x8080_8080_8080_8080).leading_zeros() / 8 + 1).min(5);
    let value = (0..octets).fold(0, |value, index| value | (head >> (56 - 8 * index) & 0x7F) << (7 * index));
    u64::from(octets) << 35 | value & u64::from(u32::MAX)
}

/// A rational number that is known to be valid, and the bits up to its end, lead included.
#[inline(always)]
fn known_rational(word: u64, lead: u32) -> (RationalNumber, u32) {
    let head = word << lead;
    let (magnitude, used) = if head >> 49 & 1 == 0 {
        (head >> 42 & 0x7F, 24)
    } else {
        // The third octet has the two bits that are left of sixteen.
        let third = head >> 41 & 1;
        let magnitude = head >> 42 & 0x7F | head >> 27 & 0x3F80;
        if third == 0 { (magnitude, 32) } else { (magnitude | head >> 12 & 0xC000, 40) }
    };
    let sign = -((head >> 50) as i16 & 1);
    (RationalNumber::new(magnitude as i16 ^ sign, ((head >> 54) as u8 ^ 0x80) as i8), lead + used)
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

impl<'a, M: Mode> Reader<'a, M> {
    /// Remembers an integer that is longer than it needs to be.
    #[inline(always)]
    pub(super) fn note(&mut self, groups: integer::Groups) {
        if !groups.is_minimal() {
            self.canonical = false;
        }
    }

    #[inline(always)]
    fn short_integer(word: u64, lead: u32) -> Option<(u32, u32)> {
        if M::TRUSTED { Some(known_groups(word, lead)) } else { short_groups(word, lead) }
    }

    #[inline(always)]
    fn short_rational(word: u64, lead: u32) -> Option<(RationalNumber, u32)> {
        if M::TRUSTED { Some(known_rational(word, lead)) } else { short_rational(word, lead) }
    }

    /// [`short_groups`] at the current position; consumes nothing if there is no such integer.
    #[inline(always)]
    fn short_groups(&mut self, lead: u32) -> Option<u32> {
        if !HOST {
            return None;
        }
        let (value, used) = Self::short_integer(self.window(), lead)?;
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
        // Not what is known of shorter integers: this one may take ten octets.
        if HOST && let Some((value, used)) = short_groups(word, lead) {
            self.pos += used as usize;
            return Ok(u64::from(value));
        }
        self.u64_long(lead, name)
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
        let word = self.window();
        if HOST
            && (M::TRUSTED || word >> 1 >> (63 - lead) == 0)
            && let Some((magnitude, used)) = Self::short_integer(word << (lead + 1), 0)
        {
            self.pos += (lead + 1 + used) as usize;
            let magnitude = magnitude as i32;
            return Ok(if word << lead >> 63 == 0 { magnitude } else { !magnitude });
        }
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
        if HOST && let Some((number, used)) = Self::short_rational(self.window(), lead) {
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
        if HOST && let Some((number, used)) = Self::short_rational(word, lead) {
            let code = (word << used >> (64 - width)) as u32;
            if M::TRUSTED || code < count {
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
        // 2 + 16 + 34 + 4 bits if both are short: all of it is in the window.
        if HOST
            && lead <= 2
            && let Some((value, first)) = Self::short_integer(word, lead)
            && let Some((number, second)) = Self::short_rational(word << first, 2)
        {
            let code = (word << first << second >> (64 - width)) as u32;
            if if M::TRUSTED { first + second + width <= 57 } else { code < count } {
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
}
