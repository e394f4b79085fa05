//! Reading DER: the `der` crate's strict reader, with positions in the whole structure.

mod write;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber};

pub(crate) use write::Backward;

use crate::error::{Flaw, Rule};

/// An element: its tag, its value, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: Tag,
    pub(crate) value: &'a [u8],
    /// The whole element, header included.
    pub(crate) whole: &'a [u8],
    /// Where the value starts.
    pub(crate) at: u32,
}

impl<'a> Tlv<'a> {
    /// What is inside a constructed element.
    pub(crate) fn inside(&self) -> Result<Cursor<'a>, Flaw> {
        Cursor::new(self.value, self.at)
    }

    fn expect(self, tag: Tag) -> Result<Self, Flaw> {
        if self.tag == tag { Ok(self) } else { Err(Flaw::new(Rule::Structure, self.at)) }
    }

    pub(crate) const fn flaw(&self, rule: Rule) -> Flaw {
        Flaw::new(rule, self.at)
    }
}

/// Elements one after the other.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    reader: Option<SliceReader<'a>>,
    data: &'a [u8],
    base: u32,
}

impl<'a> Cursor<'a> {
    /// Elements of `data`, which starts at byte `base` of the structure.
    pub(crate) fn new(data: &'a [u8], base: u32) -> Result<Self, Flaw> {
        // The reader of the crate refuses empty input.
        let reader = if data.is_empty() {
            None
        } else {
            Some(SliceReader::new(data).map_err(|_| Flaw::new(Rule::Der, base))?)
        };
        Ok(Self { reader, data, base })
    }

    fn offset(&self) -> usize {
        self.reader.as_ref().map_or(0, |reader| u32::from(reader.position()) as usize)
    }

    pub(crate) fn position(&self) -> u32 {
        self.base + self.offset() as u32
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.reader.as_ref().is_none_or(der::Reader::is_finished)
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>, Flaw> {
        let start = self.offset();
        let at = self.position();
        let Some(reader) = &mut self.reader else { return Err(Flaw::new(Rule::Structure, at)) };
        let any = AnyRef::decode(reader).map_err(|_| Flaw::new(Rule::Der, at))?;
        let end = u32::from(reader.position()) as usize;
        let whole = self.data.get(start..end).unwrap_or_default();
        let value = any.value();
        let tag = der::Tagged::tag(&any);
        Ok(Tlv { tag, value, whole, at: at + (whole.len() - value.len()) as u32 })
    }

    /// The next element, which has this tag.
    pub(crate) fn expect(&mut self, tag: Tag) -> Result<Tlv<'a>, Flaw> {
        if self.is_finished() {
            return Err(Flaw::new(Rule::Structure, self.position()));
        }
        self.any()?.expect(tag)
    }

    /// The next element, if it has this tag.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Tlv<'a>>, Flaw> {
        match &self.reader {
            Some(reader) if !reader.is_finished() => match Tag::peek(reader) {
                Ok(found) if found == tag => self.any().map(Some),
                Ok(_) => Ok(None),
                Err(_) => Err(Flaw::new(Rule::Der, self.position())),
            },
            _ => Ok(None),
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Flaw> {
        self.expect(Tag::Sequence)?.inside()
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self) -> Result<(), Flaw> {
        if self.is_finished() { Ok(()) } else { Err(Flaw::new(Rule::TrailingData, self.position())) }
    }

    pub(crate) fn oid(&mut self) -> Result<Tlv<'a>, Flaw> {
        let oid = self.expect(Tag::ObjectIdentifier)?;
        ObjectIdentifier::from_bytes(oid.value).map_err(|_| oid.flaw(Rule::Der))?;
        Ok(oid)
    }

    /// An integer in its shortest form, as it stands: two's complement.
    pub(crate) fn integer(&mut self) -> Result<Tlv<'a>, Flaw> {
        let integer = self.expect(Tag::Integer)?;
        match integer.value {
            [] | [0, 0..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(integer.flaw(Rule::Der)),
            _ => Ok(integer),
        }
    }

    /// A non-negative integer below 256.
    pub(crate) fn small(&mut self) -> Result<u8, Flaw> {
        let integer = self.integer()?;
        match *integer.value {
            [value @ 0..=0x7F] | [0, value] => Ok(value),
            _ => Err(integer.flaw(Rule::Structure)),
        }
    }

    /// An optional boolean whose default is false, which DER does not write.
    pub(crate) fn flag(&mut self) -> Result<bool, Flaw> {
        match self.optional(Tag::Boolean)? {
            None => Ok(false),
            Some(Tlv { value: [0xFF], .. }) => Ok(true),
            Some(tlv) => Err(tlv.flaw(Rule::Der)),
        }
    }

    /// A bit string of whole octets.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Flaw> {
        let bits = self.expect(Tag::BitString)?;
        match bits.value {
            [0, octets @ ..] => Ok(octets),
            _ => Err(bits.flaw(Rule::Der)),
        }
    }

    pub(crate) fn octets(&mut self) -> Result<Tlv<'a>, Flaw> {
        self.expect(Tag::OctetString)
    }
}

/// Context-specific, constructed.
pub(crate) const fn explicit(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// Context-specific, primitive.
pub(crate) const fn implicit(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// The value of an integer without the sign octet.
pub(crate) fn magnitude(value: &[u8]) -> &[u8] {
    match value {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => value,
    }
}

/// Named bits: bit 0 is the highest of the first octet. DER leaves out trailing zeros.
pub(crate) fn named_bits(bits: &Tlv<'_>) -> Result<u16, Flaw> {
    match *bits.value {
        [0] => Ok(0),
        [unused @ 0..=7, high] if high.trailing_zeros() == u32::from(unused) => Ok(u16::from(high) << 8),
        [unused @ 0..=7, high, low] if low.trailing_zeros() == u32::from(unused) => {
            Ok(u16::from(high) << 8 | u16::from(low))
        }
        _ => Err(bits.flaw(Rule::Der)),
    }
}
