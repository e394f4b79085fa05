//! Errors of the interpreter.

/// Why a stream could not be decoded or encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside an event.
    #[error("the input ends inside the message")]
    EndOfInput,
    /// The first octet is not 0x80.
    #[error("not the EXI header 0x80")]
    Header,
    /// The root element is not declared by the set.
    #[error("unknown root element")]
    UnknownRoot,
    /// A fragment that does not hold exactly one element.
    #[error("a fragment must hold one element")]
    FragmentContent,
    /// An event code that the state does not have.
    #[error("invalid event code")]
    EventCode,
    /// A string table hit; V2G uses literals only.
    #[error("string table hit")]
    StringTableHit,
    /// An enumeration index beyond the last value.
    #[error("enumeration index out of range")]
    EnumerationIndex,
    /// An integer outside the range of its type.
    #[error("integer out of range")]
    IntegerRange,
    /// An integer with more octets than its type can need.
    #[error("integer too long")]
    IntegerLength,
    /// A string or binary value that is too short or too long.
    #[error("length out of range")]
    Length,
    /// A surrogate or a number above U+10FFFF.
    #[error("invalid character")]
    Character,
    /// An element that is abstract or has an abstract type.
    #[error("abstract element")]
    AbstractElement,
    /// `xsi:type`.
    #[error("xsi:type is not supported")]
    XsiType,
    /// `xsi:nil`.
    #[error("xsi:nil is not supported")]
    XsiNil,
    /// An attribute that the schema does not declare here.
    #[error("undeclared attribute")]
    UndeclaredAttribute,
    /// A declared attribute with a value that its type does not have.
    #[error("attribute value of the wrong type")]
    UntypedAttribute,
    /// An element that the schema does not declare here.
    #[error("undeclared element")]
    UndeclaredElement,
    /// Text that the schema does not declare here.
    #[error("undeclared text")]
    UndeclaredText,
    /// The element ends although something mandatory is missing.
    #[error("content is missing")]
    MissingContent,
    /// An element where the schema has a wildcard.
    #[error("wildcard content is not supported")]
    Wildcard,
    /// Text between the children of an element.
    #[error("mixed content is not supported")]
    MixedContent,
    /// More open elements than [`MAX_DEPTH`](crate::grammar::MAX_DEPTH).
    #[error("elements are nested too deeply")]
    Depth,
    /// Padding bits that are not zero.
    #[error("padding is not zero")]
    Padding,
    /// Octets after the end.
    #[error("octets after the end of the message")]
    TrailingOctets,
    /// The output buffer is full.
    #[error("the buffer is too small")]
    BufferFull,
    /// Text that is no value of the type.
    #[error("text is not a value of the type")]
    Lexical,
    /// An event after the end of the document, or the end before all elements are closed.
    #[error("event out of order")]
    Order,
}

/// Something is wrong at a bit of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at bit {offset}{}{}", if element.is_some() { " in " } else { "" }, element.unwrap_or_default())]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset of the event in bits from the start of the stream; when encoding, bits written so far.
    pub offset: usize,
    /// Innermost open element.
    pub element: Option<&'static str>,
}
