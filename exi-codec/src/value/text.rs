//! Strings.

use core::fmt;

use super::{CapacityError, Element};
use crate::bits::{Mode, Reader, Writer, copy};
use crate::error::{Fault, Name};

/// Marks a view that holds a slice rather than a place in a stream.
const SLICE: u32 = u32::MAX;

/// Marks characters that are all known to take one octet. Firmware does without: it saves no time that counts there.
const ASCII: u32 = if cfg!(target_pointer_width = "64") { 1 << 31 } else { 0 };

/// A string: a slice of the sender's, or validated characters in a received message.
#[derive(Clone, Copy)]
pub struct Str<'a> {
    data: &'a [u8],
    /// Where the characters start in `data`, or [`SLICE`] if `data` is UTF-8.
    bit: u32,
    /// Code points (stream) and [`ASCII`], or 0 (slice).
    chars: u32,
}

impl<'a> Str<'a> {
    /// A string to be sent.
    pub const fn new(text: &'a str) -> Self {
        Self { data: text.as_bytes(), bit: SLICE, chars: 0 }
    }

    pub(crate) const fn in_stream(data: &'a [u8], bit: usize, chars: u32) -> Self {
        Self { data, bit: bit as u32, chars }
    }

    /// The same string, all ASCII.
    pub(crate) const fn ascii(mut self) -> Self {
        self.chars |= ASCII;
        self
    }

    /// The slice, if it is one: strings received stand at odd bit positions and have to be copied.
    pub const fn as_str(&self) -> Option<&'a str> {
        if self.bit == SLICE {
            match core::str::from_utf8(self.data) {
                Ok(text) => Some(text),
                Err(_) => None,
            }
        } else {
            None
        }
    }

    /// Number of characters (Unicode code points), which is what the limits of the schema count.
    pub fn len_chars(&self) -> u32 {
        if self.bit == SLICE {
            // Every code point has exactly one octet that is not a continuation.
            self.data.iter().filter(|&&octet| octet & 0xC0 != 0x80).count() as u32
        } else {
            self.in_stream_chars()
        }
    }

    const fn in_stream_chars(&self) -> u32 {
        self.chars & !ASCII
    }

    /// True if there are no characters.
    pub const fn is_empty(&self) -> bool {
        if self.bit == SLICE { self.data.is_empty() } else { self.in_stream_chars() == 0 }
    }

    /// The octets, if they are a slice and all ASCII.
    pub(crate) const fn ascii_slice(&self) -> Option<&'a [u8]> {
        if self.bit == SLICE && self.data.is_ascii() { Some(self.data) } else { None }
    }

    /// The characters.
    pub fn chars(&self) -> Chars<'a> {
        let inner = match self.as_str() {
            Some(text) => CharsInner::Slice(text.chars()),
            None => {
                CharsInner::Stream { data: self.data, bit: self.bit as usize, left: self.in_stream_chars() }
            }
        };
        Chars(inner)
    }

    /// Copies the string into `out` and returns the part used.
    ///
    /// # Errors
    /// `out` is too small; then nothing is to be expected in it.
    #[inline]
    pub fn copy_to<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, CapacityError> {
        utf8(self.copy_octets(out)?)
    }

    /// Copies the string as UTF-8 into `out` and returns the octets used: for those who do not need a `str`, which takes a
    /// second look at each octet.
    ///
    /// # Errors
    /// `out` is too small; then nothing is to be expected in it.
    #[inline]
    #[cfg_attr(
        not(target_pointer_width = "64"),
        expect(clippy::bad_bit_mask, reason = "no string is marked there")
    )]
    pub fn copy_octets<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], CapacityError> {
        let used = if self.bit == SLICE {
            let Some(to) = out.get_mut(..self.data.len()) else {
                return Err(CapacityError { needed: self.data.len() });
            };
            to.copy_from_slice(self.data);
            self.data.len()
        } else if self.chars & ASCII != 0 && self.in_stream_chars() as usize <= out.len() {
            // Octets as they stand.
            let to = out.get_mut(..self.in_stream_chars() as usize).unwrap_or_default();
            copy::octets(self.data, self.bit as usize, to);
            return Ok(to);
        } else {
            self.copy_stream(out)?
        };
        Ok(out.get(..used).unwrap_or_default())
    }

    #[inline(never)]
    fn copy_stream(&self, out: &mut [u8]) -> Result<usize, CapacityError> {
        let count = self.in_stream_chars() as usize;
        // ASCII throughout after all: octets as they stand.
        if let Some(to) = out.get_mut(..count) {
            copy::octets(self.data, self.bit as usize, to);
            if to.is_ascii() {
                return Ok(count);
            }
        }
        let needed = self.chars().map(char::len_utf8).sum();
        if needed > out.len() {
            return Err(CapacityError { needed });
        }
        let mut at = 0;
        for c in self.chars() {
            let Some(to) = out.get_mut(at..at + c.len_utf8()) else { break };
            at += c.encode_utf8(to).len();
        }
        Ok(at)
    }

    pub(crate) fn write_to(&self, w: &mut Writer<'_>) {
        if self.bit != SLICE {
            return self.write_stream(w);
        }
        if self.data.is_ascii() {
            w.octets(self.data);
        } else {
            self.chars().for_each(|c| w.u32(0, 0, u32::from(c)));
        }
    }

    /// Copies runs of ASCII as they stand; other characters may be longer than they need to be.
    fn write_stream(&self, w: &mut Writer<'_>) {
        let mut reader = Reader::at(self.data, self.bit as usize);
        let mut left = self.in_stream_chars();
        while left > 0 {
            let start = reader.position();
            let ascii = reader.ascii_run(left);
            if ascii > 0 {
                w.copy_bits(self.data, start, ascii as usize * 8);
                left -= ascii;
            } else {
                let Ok(c) = reader.u32(0, Name::NONE) else { return };
                w.u32(0, 0, c);
                left -= 1;
            }
        }
    }
}

/// Octets that were validated before.
#[inline(always)]
fn utf8(octets: &[u8]) -> Result<&str, CapacityError> {
    core::str::from_utf8(octets).map_err(|_| CapacityError { needed: 0 })
}

impl Default for Str<'_> {
    fn default() -> Self {
        Self::new("")
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Str<'_> {}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        self.chars().flat_map(char::escape_debug).try_for_each(|c| f.write_char(c))?;
        f.write_char('"')
    }
}

impl<'a> Element<'a> for Str<'a> {
    fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault> {
        r.text(1, 0, u32::MAX, Name::NONE)
    }

    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault> {
        w.text(0, 0, self, (0, u32::MAX), Name::NONE)
    }
}

/// Iterator over the characters of a [`Str`].
#[derive(Debug, Clone)]
pub struct Chars<'a>(CharsInner<'a>);

#[derive(Debug, Clone)]
enum CharsInner<'a> {
    Slice(core::str::Chars<'a>),
    Stream { data: &'a [u8], bit: usize, left: u32 },
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match &mut self.0 {
            CharsInner::Slice(chars) => chars.next(),
            CharsInner::Stream { data, bit, left } => {
                *left = left.checked_sub(1)?;
                let mut reader = Reader::at(data, *bit);
                let c = reader.u32(0, Name::NONE).ok()?;
                *bit = reader.position();
                char::from_u32(c)
            }
        }
    }
}
