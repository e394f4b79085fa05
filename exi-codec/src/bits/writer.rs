//! The writing end of the bit stream, and the operations that generated encoders are made of.
//!
//! Most operations take `code` and `bits`: the event codes that come first, already merged into one field by
//! the generator. A writer whose buffer is full goes on counting, so that the error can say how much is needed.

#[cfg(feature = "mirror")]
mod mirror;

use super::reader::HOST;
use super::{ListShape, copy, integer};
use crate::document::EmptyText;
use crate::error::{Error, ErrorKind, Fault, Name};
use crate::value::{Bytes, Element, Integer, List, RationalNumber, Str};

/// Writes an EXI stream. Generated code drives it; users call [`encode`](crate::encode).
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut [u8],
    /// Octets before the accumulator, also beyond the end of `out`.
    flushed: usize,
    /// Bits not flushed yet, left-aligned.
    word: u64,
    /// Number of bits in `word`, 0 to 63.
    used: u32,
    error: Option<Error>,
    empty: EmptyText,
}

impl<'b> Writer<'b> {
    pub(crate) const fn new(out: &'b mut [u8], empty: EmptyText) -> Self {
        Self { out, flushed: 0, word: 0, used: 0, error: None, empty }
    }

    /// Bits written so far.
    pub(crate) const fn position(&self) -> usize {
        self.flushed * 8 + self.used as usize
    }

    pub(crate) fn take_error(&mut self, _: Fault) -> Error {
        self.error.take().unwrap_or(Error::new(ErrorKind::BufferTooSmall, self.position()))
    }

    /// Pads the last octet with zeros and returns the length in octets.
    pub(crate) fn finish(self) -> Result<usize, Error> {
        let bits = self.position();
        let octets = (self.used as usize).div_ceil(8);
        let total = self.flushed + octets;
        if total > self.out.len() {
            return Err(Error::new(ErrorKind::BufferTooSmall, bits));
        }
        let rest = self.out.get_mut(self.flushed..total).unwrap_or_default();
        for (to, from) in rest.iter_mut().zip(self.word.to_be_bytes()) {
            *to = from;
        }
        Ok(total)
    }

    /// Moves the accumulator to the output.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn flush(&mut self) {
        let end = self.flushed + 8;
        match self.out.get_mut(self.flushed..end).and_then(<[u8]>::first_chunk_mut::<8>) {
            Some(chunk) => *chunk = self.word.to_be_bytes(),
            None => self.flush_tail(),
        }
        self.flushed = end;
    }

    /// Moves as much of the accumulator to the output as fits.
    #[cold]
    #[inline(never)]
    fn flush_tail(&mut self) {
        let tail = self.out.get_mut(self.flushed..).unwrap_or_default();
        for (to, from) in tail.iter_mut().zip(self.word.to_be_bytes()) {
            *to = from;
        }
    }

    /// Appends the low `bits` bits of `value` (1 to 64; higher bits are zero).
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn put(&mut self, value: u64, bits: u32) {
        let free = 64 - self.used;
        if bits < free {
            self.word |= value << (free - bits);
            self.used += bits;
        } else {
            let over = bits - free;
            self.word |= value >> over;
            self.flush();
            self.used = over;
            self.word = if over == 0 { 0 } else { value << (64 - over) };
        }
    }

    /// Records an error at the current position.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, kind: ErrorKind, name: Name) -> Fault {
        let mut error = Error::new(kind, self.position());
        error.within(name);
        self.error = Some(error);
        Fault::recorded()
    }

    #[cold]
    #[inline(never)]
    fn within(&mut self, fault: Fault, name: Name) -> Fault {
        if let Some(error) = &mut self.error {
            error.within(name);
        }
        fault
    }

    /// Appends event codes.
    #[inline]
    pub fn event(&mut self, code: u32, bits: u32) {
        self.put(u64::from(code), bits);
    }

    /// Appends event codes and a value of `width` bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn small(&mut self, code: u32, bits: u32, value: u32, width: u32) {
        self.put(u64::from(code) << width | u64::from(value), bits + width);
    }

    /// Appends event codes and an EXI Unsigned Integer below 2^32.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn u32(&mut self, code: u32, bits: u32, value: u32) {
        let (groups, width) = integer::emit(u64::from(value));
        // At most 40 bits, so there is room for 24 bits of event codes.
        self.put(u64::from(code) << width | groups, bits + width);
    }

    /// Appends event codes and an EXI Unsigned Integer.
    #[inline]
    pub fn u64(&mut self, code: u32, bits: u32, value: u64) {
        if value >> 42 == 0 {
            let (groups, width) = integer::emit(value);
            self.put(u64::from(code) << width | groups, bits + width);
        } else {
            self.u64_long(code, bits, value);
        }
    }

    #[inline(never)]
    fn u64_long(&mut self, code: u32, bits: u32, value: u64) {
        if bits > 0 {
            self.event(code, bits);
        }
        let mut rest = value;
        while rest >= 0x80 {
            self.put(rest & 0x7F | 0x80, 8);
            rest >>= 7;
        }
        self.put(rest, 8);
    }

    /// Appends event codes and an EXI Integer of at most 32 bits.
    #[inline]
    pub fn i32(&mut self, code: u32, bits: u32, value: i32) {
        let sign = u32::from(value < 0);
        let magnitude = (if value < 0 { !value } else { value }) as u32;
        self.u32(code << 1 | sign, bits + 1, magnitude);
    }

    /// Appends event codes and the content of an element of type `RationalNumberType`, its end included.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn rational(&mut self, code: u32, bits: u32, value: RationalNumber) {
        let (mantissa, exponent) = value.parts();
        let sign = u64::from(mantissa < 0);
        let magnitude = if mantissa < 0 { !mantissa } else { mantissa } as u64;
        let (groups, width) = integer::emit(magnitude);
        let head = u64::from(code) << 14 | u64::from(exponent as u8 ^ 0x80) << 4 | sign;
        self.put((head << width | groups) << 2, bits + 14 + width + 2);
    }

    /// Appends event codes, the event of the text, the characters, and the end of the element.
    ///
    /// # Errors
    /// The length is out of range.
    pub fn text(
        &mut self,
        code: u32,
        bits: u32,
        value: &Str<'_>,
        limits: (u32, u32),
        name: Name,
    ) -> Result<(), Fault> {
        if self.empty == EmptyText::AsEndElement && value.is_empty() && limits.0 == 0 {
            self.event(code << 4 | 0b1000, bits + 4);
            return Ok(());
        }
        self.string(code << 1, bits + 1, value, limits, name)?;
        self.event(0, 1);
        Ok(())
    }

    /// Appends event codes and a string: an attribute, or text without the end of its element.
    ///
    /// # Errors
    /// The length is out of range.
    #[inline(never)]
    pub fn string(
        &mut self,
        code: u32,
        bits: u32,
        value: &Str<'_>,
        (min, max): (u32, u32),
        name: Name,
    ) -> Result<(), Fault> {
        if HOST && let Some(text) = value.ascii_slice() {
            let chars = text.len() as u64;
            if chars < u64::from(min) || chars > u64::from(max) {
                return Err(self.fail(ErrorKind::Length, name));
            }
            let (groups, width) = integer::emit(chars + 2);
            self.put(u64::from(code) << width | groups, bits + width);
            self.octets(text);
            return Ok(());
        }
        let chars = value.len_chars();
        if chars < min || chars > max {
            return Err(self.fail(ErrorKind::Length, name));
        }
        self.u64(code, bits, u64::from(chars) + 2);
        value.write_to(self);
        Ok(())
    }

    /// Appends event codes, the event of the text, a byte string of a length that the schema fixes (less than
    /// 128), and nothing else.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn array(&mut self, code: u32, bits: u32, value: &[u8]) {
        self.u32(code << 1, bits + 1, value.len() as u32);
        match value.first_chunk::<8>() {
            Some(octets) if value.len() == 8 => self.put(u64::from_be_bytes(*octets), 64),
            _ => self.octets(value),
        }
    }

    /// Appends event codes, the event of the text, the octets, and the end of the element.
    ///
    /// # Errors
    /// The length is out of range.
    pub fn bytes(
        &mut self,
        code: u32,
        bits: u32,
        value: &Bytes<'_>,
        limits: (u32, u32),
        name: Name,
    ) -> Result<(), Fault> {
        if self.empty == EmptyText::AsEndElement && value.is_empty() && limits.0 == 0 {
            self.event(code << 4 | 0b1000, bits + 4);
            return Ok(());
        }
        self.binary(code << 1, bits + 1, value, limits, name)?;
        self.event(0, 1);
        Ok(())
    }

    /// Appends event codes and octets without the end of their element.
    ///
    /// # Errors
    /// The length is out of range.
    #[inline(never)]
    pub fn binary(
        &mut self,
        code: u32,
        bits: u32,
        value: &Bytes<'_>,
        (min, max): (u32, u32),
        name: Name,
    ) -> Result<(), Fault> {
        let length = value.len();
        if length < min as usize || length > max as usize {
            return Err(self.fail(ErrorKind::Length, name));
        }
        self.u64(code, bits, length as u64);
        value.write_to(self);
        Ok(())
    }

    /// Appends the octets after optional attributes and the end of the element; `code` is the event of the text.
    ///
    /// # Errors
    /// The length is out of range.
    pub fn octets_or_end(
        &mut self,
        code: u32,
        bits: u32,
        value: &Bytes<'_>,
        limits: (u32, u32),
        name: Name,
    ) -> Result<(), Fault> {
        if self.empty == EmptyText::AsEndElement && value.is_empty() && limits.0 == 0 {
            // The text is the last production; the escape comes after it.
            self.event((code + 1) << 3, bits + 3);
            return Ok(());
        }
        self.binary(code, bits, value, limits, name)?;
        self.event(0, 1);
        Ok(())
    }

    /// Appends a repeated element. Returns code and width of the state after it: the event codes due next.
    ///
    /// # Errors
    /// Too few or too many items, or whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn list<'a, T: Element<'a>>(
        &mut self,
        code: u32,
        bits: u32,
        shape: &ListShape,
        list: &List<'a, T>,
        name: Name,
        mut item: impl FnMut(&mut Self, &T) -> Result<(), Fault>,
    ) -> Result<(u32, u32), Fault> {
        let count = list.len();
        if count < usize::from(shape.min) {
            return Err(self.fail(ErrorKind::TooFewItems, name));
        }
        if shape.max > 0 && count > usize::from(shape.max) {
            return Err(self.fail(ErrorKind::TooManyItems, name));
        }
        let mut due = (code + u32::from(shape.code), bits);
        let mut written = 0;
        let mut write = |w: &mut Self, value: &T| {
            w.event(due.0, due.1);
            written += 1;
            // Known at compile time of nearly all lists, where lists are inlined.
            let must_follow = !(HOST && shape.min <= 1) && written < shape.min;
            let width = if must_follow { 1 } else { u32::from(shape.width) };
            due = (u32::from(shape.code), width);
            item(w, value)
        };
        match list.as_slice() {
            Some(items) => items.iter().try_for_each(|value| write(self, value))?,
            None if HOST => again(list, self, write)?,
            None => list.iter().try_for_each(|value| write(self, &value))?,
        }
        Ok(if count == 0 {
            (code + u32::from(shape.alternatives), bits)
        } else if count == usize::from(shape.max) {
            (0, u32::from(shape.last_width))
        } else {
            (u32::from(shape.alternatives), u32::from(shape.width))
        })
    }

    /// Appends an element that holds nothing but a list.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "what the generator knows about a list")]
    pub fn wrapped<'a, T: Element<'a>>(
        &mut self,
        code: u32,
        bits: u32,
        shape: &ListShape,
        list: &List<'a, T>,
        name: Name,
        item_name: Name,
        item: impl FnMut(&mut Self, &T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self.list(code << 1, bits + 1, shape, list, item_name, item) {
            Ok((code, bits)) => {
                self.event(code, bits);
                Ok(())
            }
            Err(fault) => Err(self.within(fault, name)),
        }
    }

    /// Appends event codes and an integer without bounds.
    #[inline(never)]
    pub fn integer(&mut self, code: u32, bits: u32, value: &Integer<'_>) {
        self.event(code << 1 | u32::from(value.is_negative()), bits + 1);
        value.write_to(self);
    }

    /// Appends octets at the current bit position.
    pub(crate) fn octets(&mut self, source: &[u8]) {
        let (words, rest) = source.as_chunks::<8>();
        let room = self.out.get_mut(self.flushed..).unwrap_or_default();
        let (slots, _) = room.as_chunks_mut::<8>();
        let used = self.used;
        let done = if used > 0 { words.len().min(slots.len()) } else { 0 };
        // Each word of the output takes what is pending and bits of one word of the input.
        for (slot, octets) in slots.iter_mut().zip(words).take(done) {
            let word = u64::from_be_bytes(*octets);
            *slot = (self.word | word >> used).to_be_bytes();
            self.word = word << (64 - used);
        }
        self.flushed += done * 8;
        for octets in words.iter().skip(done) {
            self.put(u64::from_be_bytes(*octets), 64);
        }
        for octet in rest {
            self.put(u64::from(*octet), 8);
        }
    }

    /// Appends `count` bits that start at bit `from` of `data`.
    pub(crate) fn copy_bits(&mut self, data: &[u8], from: usize, count: usize) {
        let mut at = from;
        let mut left = count;
        while left >= 56 {
            self.put(copy::word(data, at >> 3) << (at & 7) >> 8, 56);
            at += 56;
            left -= 56;
        }
        if left > 0 {
            self.put(copy::word(data, at >> 3) << (at & 7) >> (64 - left), left as u32);
        }
    }

    /// Appends event codes and an element of complex type.
    ///
    /// # Errors
    /// Whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn child<'a, T: Element<'a>>(
        &mut self,
        code: u32,
        bits: u32,
        value: &T,
        name: Name,
    ) -> Result<(), Fault> {
        if bits > 0 {
            self.event(code, bits);
        }
        match value.encode(self) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.within(fault, name)),
        }
    }
}

/// Writes received items. Apart, so that the loop for items to be sent stays small.
#[inline(never)]
fn again<'a, 'b, T: Element<'a>>(
    list: &List<'a, T>,
    w: &mut Writer<'b>,
    mut write: impl FnMut(&mut Writer<'b>, &T) -> Result<(), Fault>,
) -> Result<(), Fault> {
    list.iter().try_for_each(|value| write(w, &value))
}
