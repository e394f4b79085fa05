//! What went wrong, where, and in which element.

use core::fmt;

/// Longest element path that an [`Error`] keeps: the innermost elements.
const DEPTH: usize = 5;

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[repr(u8)]
pub enum ErrorKind {
    /// The input ends inside the message.
    #[error("the input ends inside the message")]
    UnexpectedEnd,
    /// The input is larger than the 512 MiB that bit offsets can address.
    #[error("the input is too large")]
    TooLarge,
    /// The first octet is not 0x80 (cookie, options document, other version, or not EXI at all).
    #[error("this is not the EXI header 0x80")]
    Header,
    /// The root element is none of the messages (or fragments) of the schema set.
    #[error("the root element is not a message of this schema set")]
    UnexpectedRoot,
    /// An event code that the grammar does not have.
    #[error("invalid event code")]
    EventCode,
    /// The schema set requires another element here: an encoder error of the peer or the wrong schema set.
    #[error("unexpected element, attribute or text (second-level event)")]
    Deviation,
    /// `xsi:type`: V2G selects types by substitution group only.
    #[error("xsi:type is not used by V2G")]
    XsiType,
    /// `xsi:nil`: no V2G element is nillable.
    #[error("xsi:nil is not used by V2G")]
    XsiNil,
    /// An element where the schema has a wildcard.
    #[error("wildcard content is not used by V2G")]
    Wildcard,
    /// Text between the children of an element.
    #[error("mixed content is not used by V2G")]
    MixedContent,
    /// An element of abstract type.
    #[error("abstract element")]
    AbstractElement,
    /// An element of XML Signature that V2G forbids (`KeyInfo`, `Object`, `XPath`, `HMACOutputLength`).
    #[error("this part of XML Signature is not used by V2G")]
    Unsupported,
    /// A string given as a hit in the string table, which V2G sets to capacity 0.
    #[error("reference to the string table, which V2G does not have")]
    StringTable,
    /// An enumeration index beyond the last value.
    #[error("enumeration value out of range")]
    Enumeration,
    /// An integer outside the range of its type.
    #[error("integer out of range")]
    IntegerRange,
    /// A string or byte string that is too short or too long for its type.
    #[error("length out of range")]
    Length,
    /// A code point that no character has.
    #[error("invalid character")]
    Character,
    /// More items than the schema allows.
    #[error("too many items")]
    TooManyItems,
    /// Fewer items than the schema demands.
    #[error("too few items")]
    TooFewItems,
    /// The message does not fit into the buffer.
    #[error("the buffer is too small")]
    BufferTooSmall,
    /// Octets after the end of the message, or padding bits that are not zero.
    #[error("data after the end of the message")]
    TrailingData,
}

/// A refused message: the [kind](Error::kind) of fault, its [place](Error::bit_offset) and the
/// [path](Error::path) of the innermost elements around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error {
    bit: u32,
    path: [u16; DEPTH],
    kind: ErrorKind,
    depth: u8,
}

const _: () = assert!(size_of::<Error>() <= 16);

impl Error {
    pub(crate) const fn new(kind: ErrorKind, bit: usize) -> Self {
        Self { bit: bit as u32, path: [0; DEPTH], kind, depth: 0 }
    }

    /// Adds the next element outwards; elements beyond the depth kept are counted, not named.
    pub(crate) fn within(&mut self, name: Name) {
        if name == Name::NONE {
            return;
        }
        if let Some(slot) = self.path.get_mut(usize::from(self.depth)) {
            *slot = name.0;
        }
        self.depth = self.depth.saturating_add(1);
    }

    /// What is wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Offset in bits from the start of the EXI stream, the header octet included.
    ///
    /// When encoding: how many bits had been written. For [`ErrorKind::BufferTooSmall`]: how many bits the
    /// whole message needs.
    pub const fn bit_offset(&self) -> u32 {
        self.bit
    }

    /// XML names of the elements (or the attribute) around the fault, outermost first; at most the five
    /// innermost ones.
    pub fn path(&self) -> impl Iterator<Item = &'static str> + '_ {
        let kept = usize::from(self.depth).min(DEPTH);
        self.path.iter().take(kept).rev().map(|&id| Name(id).as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at bit {}", self.kind, self.bit)?;
        if self.depth > 0 {
            f.write_str(" in ")?;
            if usize::from(self.depth) > DEPTH {
                f.write_str("…/")?;
            }
            for (i, name) in self.path().enumerate() {
                if i > 0 {
                    f.write_str("/")?;
                }
                f.write_str(name)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl core::error::Error for Error {}

/// Index of an element or attribute name in the generated name table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name(pub(crate) u16);

impl Name {
    /// No name: the fault lies with the enclosing element.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn as_str(self) -> &'static str {
        crate::generated::names::NAMES.get(usize::from(self.0)).copied().unwrap_or("?")
    }
}

/// Proof that an [`Error`] was recorded in the reader or writer at hand.
///
/// Carrying the error itself through every return value would push small results out of registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(());

impl Fault {
    pub(crate) const fn recorded() -> Self {
        Self(())
    }
}
