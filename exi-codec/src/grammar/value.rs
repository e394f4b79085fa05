//! Values as views of the stream they were read from.

use super::bits::BitReader;
use super::data::BinaryText;

/// A value of a simple type.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// `xs:boolean`.
    Boolean(bool),
    /// An integer of a type with bounds.
    Integer(i128),
    /// An integer of a type that is unbounded on some side.
    BigInteger(BigInteger<'a>),
    /// An enumerated string.
    Enumeration {
        /// Index in the schema.
        index: usize,
        /// The string.
        literal: &'static str,
    },
    /// A string.
    String(Text<'a>),
    /// Octets.
    Binary {
        /// The octets.
        octets: Octets<'a>,
        /// How they are written in XML.
        text: BinaryText,
    },
}

/// A string in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    pub(super) at: BitReader<'a>,
    pub(super) length: u32,
}

impl<'a> Text<'a> {
    /// Length in code points.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The characters.
    pub fn chars(&self) -> TextChars<'a> {
        TextChars { at: self.at, left: self.length }
    }
}

/// Characters of a [`Text`].
#[derive(Debug, Clone)]
pub struct TextChars<'a> {
    at: BitReader<'a>,
    left: u32,
}

impl Iterator for TextChars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.left = self.left.checked_sub(1)?;
        // The decoder has read these characters before: none fails.
        let code = self.at.unsigned(super::simple::CHARACTER_OCTETS).ok()?;
        char::from_u32(u32::try_from(code).ok()?)
    }
}

/// Octets in the stream, in general not at an octet boundary.
#[derive(Debug, Clone, Copy)]
pub struct Octets<'a> {
    pub(super) at: BitReader<'a>,
    pub(super) length: u32,
}

impl<'a> Octets<'a> {
    /// Number of octets.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The octets.
    pub fn bytes(&self) -> OctetsBytes<'a> {
        OctetsBytes { at: self.at, left: self.length }
    }
}

/// The octets of [`Octets`].
#[derive(Debug, Clone)]
pub struct OctetsBytes<'a> {
    at: BitReader<'a>,
    left: u32,
}

impl Iterator for OctetsBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        self.at.octet().ok()
    }
}

/// An integer of any length: sign and magnitude.
#[derive(Debug, Clone, Copy)]
pub struct BigInteger<'a> {
    pub(super) at: BitReader<'a>,
    /// Octets up to and including the last group that is not zero, at least one.
    pub(super) groups: usize,
    pub(super) negative: bool,
}

impl<'a> BigInteger<'a> {
    /// True for a negative value: it is `-1 - magnitude`.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The magnitude as groups of seven bits, least significant first.
    pub fn groups(&self) -> Groups<'a> {
        Groups { at: self.at, left: self.groups }
    }

    /// The value, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        // 18 groups are 126 bits.
        if self.groups > 18 {
            return None;
        }
        let magnitude =
            self.groups().zip(0..).fold(0, |sum, (group, index)| sum | i128::from(group) << (7 * index));
        Some(if self.negative { -1 - magnitude } else { magnitude })
    }
}

/// Seven-bit groups of a [`BigInteger`].
#[derive(Debug, Clone)]
pub struct Groups<'a> {
    at: BitReader<'a>,
    left: usize,
}

impl Iterator for Groups<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        self.at.octet().ok().map(|octet| octet & 0x7F)
    }
}
