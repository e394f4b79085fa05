//! The reading end of the bit stream, and the operations that generated decoders are made of.
//!
//! Most operations take `lead`: how many zero bits (event codes without alternative) come first. They are read
//! and checked together with what follows, so that a mandatory field costs one load. Reading beyond the end
//! yields zeros and never fails by itself; lists, strings and the end of the message look whether the end was
//! passed, and every error that comes after the end is reported as [`ErrorKind::UnexpectedEnd`].

use super::copy;
use super::integer;
use crate::error::{Error, ErrorKind, Fault, Name};
use crate::value::{Bytes, Element, Integer, List, Positive, RationalNumber, Str};

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
        }
    }
}

/// Width of the event code of a state: one value more than productions, for the escape.
const fn width(count: u8) -> u8 {
    (u8::BITS - count.leading_zeros()) as u8
}

/// Reads an EXI stream. Generated code drives it; users call [`decode`](crate::decode).
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    error: Option<Error>,
    canonical: bool,
}

impl<'a> Reader<'a> {
    pub(crate) const fn at(data: &'a [u8], pos: usize) -> Self {
        Self { data, pos, error: None, canonical: true }
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
    #[inline]
    fn window(&self) -> u64 {
        copy::word(self.data, self.pos >> 3) << (self.pos & 7)
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

    /// Reads `lead` zeros and an event code of `width` bits with `count` productions.
    ///
    /// # Errors
    /// The event is a deviation (second level) or does not exist.
    #[inline]
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
    #[inline]
    pub fn zeros(&mut self, lead: u32, name: Name) -> Result<(), Fault> {
        self.event(lead - 1, 1, 1, name).map(drop)
    }

    /// Reads a value of `width` bits (a boolean, an enumeration or a bounded integer less its minimum).
    ///
    /// # Errors
    /// A lead bit is set, or the value is not below `count`.
    #[inline]
    pub fn small(&mut self, lead: u32, width: u32, count: u32, name: Name) -> Result<u32, Fault> {
        let bits = lead + width;
        let value = (self.window() >> (64 - bits)) as u32;
        if value >= count {
            return Err(self.bad_small(lead, width, name));
        }
        self.pos += bits as usize;
        Ok(value)
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
    #[inline]
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

    #[inline]
    fn groups(&mut self, lead: u32, octets: u32, max: u64, name: Name) -> Result<u64, Fault> {
        let word = self.window();
        if word >> 1 >> (63 - lead) != 0 {
            return Err(self.bad_event(lead, 1, 1, name));
        }
        match integer::parse(word << lead, octets) {
            Some(groups) if groups.value <= max => {
                self.canonical &= groups.minimal;
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
    #[inline]
    pub fn u16(&mut self, lead: u32, name: Name) -> Result<u16, Fault> {
        self.groups(lead, 3, u64::from(u16::MAX), name).map(|v| v as u16)
    }

    /// Reads an `xs:unsignedInt`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 32 bits.
    #[inline]
    pub fn u32(&mut self, lead: u32, name: Name) -> Result<u32, Fault> {
        self.groups(lead, 5, u64::from(u32::MAX), name).map(|v| v as u32)
    }

    /// Reads an `xs:unsignedInt` that is not zero.
    ///
    /// # Errors
    /// A lead bit is set, or the value is zero or exceeds 32 bits.
    #[inline]
    pub fn positive(&mut self, lead: u32, name: Name) -> Result<Positive, Fault> {
        let value = self.u32(lead, name)?;
        Positive::new(value).ok_or_else(|| self.fail(ErrorKind::IntegerRange, name))
    }

    /// Reads an `xs:unsignedLong`.
    ///
    /// # Errors
    /// A lead bit is set, or the value exceeds 64 bits.
    #[inline]
    pub fn u64(&mut self, lead: u32, name: Name) -> Result<u64, Fault> {
        let word = self.window();
        if word >> 1 >> (63 - lead) == 0
            && let Some(groups) = integer::parse(word << lead, 5)
        {
            self.canonical &= groups.minimal;
            self.pos += (lead + groups.octets * 8) as usize;
            return Ok(groups.value);
        }
        self.u64_long(lead, name)
    }

    #[inline(never)]
    fn u64_long(&mut self, lead: u32, name: Name) -> Result<u64, Fault> {
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
    #[inline]
    fn signed(&mut self, lead: u32, octets: u32, max: u32, name: Name) -> Result<i32, Fault> {
        let negative = self.small(lead, 1, 2, name)?;
        let magnitude = self.groups(0, octets, u64::from(max), name)? as i32;
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
    pub fn rational(&mut self, lead: u32, name: Name) -> Result<RationalNumber, Fault> {
        // After the lead: 00 eeeeeeee 0 00 s, where the five event codes are zero.
        const EVENTS: u64 = 0b11_0000_0000_1110 << 50;
        let word = self.window();
        let head = word << lead;
        if word >> 1 >> (63 - lead) != 0 || head & EVENTS != 0 {
            return Err(self.bad_rational(lead, name));
        }
        let exponent = ((head >> 54) as u8 ^ 0x80) as i8;
        let Some(groups) = integer::parse(head << 14, 3) else { return Err(self.bad_rational(lead, name)) };
        let used = 14 + groups.octets * 8;
        if groups.value > 0x7FFF || (head << used) >> 62 != 0 {
            return Err(self.bad_rational(lead, name));
        }
        self.canonical &= groups.minimal;
        let magnitude = groups.value as i16;
        let sign = -((head >> 50) as i16 & 1);
        self.pos += (lead + used + 2) as usize;
        Ok(RationalNumber::new(magnitude ^ sign, exponent))
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
    #[inline]
    pub fn array<const N: usize>(&mut self, lead: u32, name: Name) -> Result<[u8; N], Fault> {
        let length = self.small(lead, 8, 256, name)?;
        if length as usize != N {
            self.pos -= 8;
            return Err(self.fail(ErrorKind::Length, name));
        }
        let mut out = [0; N];
        copy::octets(self.data, self.pos, &mut out);
        self.pos += N * 8;
        Ok(out)
    }

    /// Reads a length field, and refuses what the rest of the input cannot hold.
    #[inline]
    fn length(&mut self, lead: u32, name: Name) -> Result<usize, Fault> {
        let length = self.groups(lead, 5, u64::from(u32::MAX), name)? as usize;
        if length > (self.len_bits().saturating_sub(self.pos)) / 8 + 2 {
            return Err(self.fail_at(ErrorKind::UnexpectedEnd, self.len_bits(), name));
        }
        Ok(length)
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
    #[inline]
    pub fn text(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        let value = if self.window() >> (64 - lead) == 0 {
            let value = self.string(lead, min, max, name)?;
            self.zeros(1, name)?;
            value
        } else if self.empty_element(lead, 1, 3) {
            if min > 0 {
                return Err(self.fail(ErrorKind::Length, name));
            }
            Str::default()
        } else {
            return Err(self.bad_event(lead, 1, 1, name));
        };
        Ok(value)
    }

    /// Reads a string: an attribute, or the text of an element without its end.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    #[inline(never)]
    pub fn string(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        let start = self.pos + lead as usize;
        let length = self.length(lead, name)?;
        if length < 2 {
            return Err(self.fail_at(ErrorKind::StringTable, start, name));
        }
        let chars = (length - 2) as u32;
        if chars < min || chars > max {
            return Err(self.fail_at(ErrorKind::Length, start, name));
        }
        let bit = self.pos;
        self.characters(chars, name)?;
        Ok(Str::in_stream(self.data, bit, chars))
    }

    /// Validates `count` characters, eight ASCII ones at a time.
    fn characters(&mut self, count: u32, name: Name) -> Result<(), Fault> {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let mut left = count;
        while left > 0 {
            let high = self.window();
            // 57 bits of the window are valid: seven characters.
            let ascii = ((high & HIGH).leading_zeros() / 8).min(7).min(left);
            if ascii > 0 {
                left -= ascii;
                self.pos += ascii as usize * 8;
            } else {
                match integer::parse(high, 3) {
                    Some(groups) if char::from_u32(groups.value as u32).is_some() => {
                        self.canonical &= groups.minimal;
                        self.pos += groups.octets as usize * 8;
                        left -= 1;
                    }
                    _ => return Err(self.fail(ErrorKind::Character, name)),
                }
            }
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
    #[inline]
    pub fn bytes(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Bytes<'a>, Fault> {
        if self.window() >> (64 - lead) != 0 {
            if self.empty_element(lead, 1, 3) {
                if min > 0 {
                    return Err(self.fail(ErrorKind::Length, name));
                }
                return Ok(Bytes::default());
            }
            return Err(self.bad_event(lead, 1, 1, name));
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
        let length = self.length(lead, name)?;
        if length < min as usize || length > max as usize {
            return Err(self.fail_at(ErrorKind::Length, start, name));
        }
        let bit = self.pos;
        self.pos += length * 8;
        if self.pos > self.len_bits() {
            return Err(self.fail(ErrorKind::UnexpectedEnd, name));
        }
        Ok(Bytes::in_stream(self.data, bit, length as u32))
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

    /// Records a root element that is not one of the set.
    #[cold]
    pub(crate) fn unexpected_root(&mut self) -> Fault {
        self.fail_at(ErrorKind::UnexpectedRoot, 8, Name::NONE)
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
    #[inline]
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
        loop {
            item(self)?;
            count += 1;
            if self.pos > self.len_bits() {
                return Err(self.fail(ErrorKind::UnexpectedEnd, name));
            }
            if count > u32::from(u16::MAX) {
                return Err(self.fail(ErrorKind::TooManyItems, name));
            }
            if count < u32::from(shape.min) {
                self.zeros(1, name)?;
                continue;
            }
            let list = List::in_stream(self.data, start, count, shape);
            if count == u32::from(shape.max) {
                let next = self.event(0, u32::from(shape.last_width), u32::from(shape.last_count), name)?;
                return Ok((list, next));
            }
            let next = self.event(0, u32::from(shape.width), u32::from(shape.count), name)?;
            if next == u32::from(shape.code) {
                continue;
            }
            let Some(next) = next.checked_sub(u32::from(shape.alternatives)) else {
                return Err(self.fail(ErrorKind::Wildcard, name));
            };
            return Ok((list, next));
        }
    }
}
