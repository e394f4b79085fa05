//! Strings and byte strings.

use super::{HOST, Mode, Reader};
use crate::bits::{copy, integer};
use crate::error::{ErrorKind, Fault, Name};
use crate::value::{Bytes, Str};

impl<'a, M: Mode> Reader<'a, M> {
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
        if HOST && let Some(value) = self.short_text(lead, min, max) {
            self.zeros(1, name)?;
            return Ok(value);
        }
        if !M::TRUSTED && self.ends_before_text(lead) {
            return if min == 0 { Ok(Str::default()) } else { Err(self.fail(ErrorKind::Length, name)) };
        }
        let value = self.any_string(lead, min, max, name)?;
        self.zeros(1, name)?;
        Ok(value)
    }

    /// Reads a string: an attribute, or the text of an element without its end.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn string(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        if HOST && let Some(value) = self.short_text(lead, min, max) {
            return Ok(value);
        }
        self.any_string(lead, min, max, name)
    }

    /// A string of less than 126 characters, all ASCII; nothing is consumed if it is another.
    #[inline(always)]
    fn short_text(&mut self, lead: u32, min: u32, max: u32) -> Option<Str<'a>> {
        // Zeros, then an octet that is not the first of several.
        let chars = (self.window() >> (56 - lead)).wrapping_sub(2);
        if chars >= 126 || chars < u64::from(min) || chars > u64::from(max) {
            return None;
        }
        let bit = self.pos + lead as usize + 8;
        if !copy::are_ascii(self.data, bit, chars as usize) {
            return None;
        }
        self.pos = bit + chars as usize * 8;
        Some(Str::in_stream(self.data, bit, chars as u32).ascii())
    }

    /// [`string`](Self::string) of any length and any characters.
    #[inline(never)]
    fn any_string(&mut self, lead: u32, min: u32, max: u32, name: Name) -> Result<Str<'a>, Fault> {
        let start = self.pos + lead as usize;
        let length = self.u32(lead, name)?;
        let chars = length.wrapping_sub(2);
        if !M::TRUSTED && (length < 2 || chars < min || chars > max) {
            return Err(self.bad_string(start, length, name));
        }
        let bit = self.pos;
        // A character takes an octet at least.
        if !M::TRUSTED && bit + chars as usize * 8 > self.len_bits() {
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
        if !M::TRUSTED && self.ends_before_text(lead) {
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
}
