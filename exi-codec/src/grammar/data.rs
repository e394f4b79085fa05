//! The form of the tables. They are generated; this is what they are made of.

/// A schema set: a message schema with what it imports.
#[derive(Debug)]
pub struct Set {
    /// Short name.
    pub key: &'static str,
    /// Target namespaces of the set.
    pub namespaces: &'static [&'static Namespace],
}

/// A target namespace with its element declarations.
#[derive(Debug)]
pub struct Namespace {
    /// URI.
    pub uri: &'static str,
    /// Customary prefix.
    pub prefix: &'static str,
    /// All element declarations, global and local, sorted by name.
    pub elements: &'static [&'static Element],
}

/// An expanded name. The derived order is the one EXI sorts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QName {
    /// Local part.
    pub local: &'static str,
    /// Namespace URI, empty for none.
    pub ns: &'static str,
}

/// An element declaration.
#[derive(Debug)]
pub struct Element {
    /// Name in an instance.
    pub name: QName,
    /// Type.
    pub content: Content,
    /// True if declared at the top level: it may be a document root.
    pub global: bool,
}

/// The type of an element.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Text.
    Simple(&'static Simple),
    /// Attributes and children or text.
    Complex(&'static Complex),
}

/// A complex type as position automaton.
#[derive(Debug)]
pub struct Complex {
    /// Name of the type, or of its element when the type has none.
    pub name: &'static str,
    /// True if no element of this type may appear.
    pub is_abstract: bool,
    /// Places where something may stand, in the order of event codes. At most 64.
    pub(super) positions: &'static [Position],
    /// Bit sets of positions: those that may come first, then for each position those that may follow it.
    pub(super) follow: &'static [u64],
}

/// A place of a content model.
#[derive(Debug)]
pub(crate) struct Position {
    pub(super) step: Step,
    /// Smallest number of occurrences once the first has come.
    pub(super) min: u32,
    /// Largest number of occurrences; one for all that are not counted.
    pub(super) max: u32,
}

/// What stands at a position.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Attribute(&'static Attribute),
    Element(&'static Element),
    AnyElement,
    End,
    Text(&'static Simple),
    MixedText,
}

/// An attribute declaration.
#[derive(Debug)]
pub struct Attribute {
    /// Name in an instance.
    pub name: QName,
    /// Type.
    pub content: &'static Simple,
}

/// A simple type.
#[derive(Debug)]
pub struct Simple {
    /// Name of the type.
    pub name: &'static str,
    /// Value space.
    pub kind: Kind,
}

/// A value space with its facets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// An integer; bounds are inclusive.
    Integer {
        /// Smallest value, if there is one.
        min: Option<i128>,
        /// Largest value, if there is one.
        max: Option<i128>,
    },
    /// One of these, in the order of the schema.
    Enumeration(&'static [&'static str]),
    /// A string; lengths in code points.
    String {
        /// Smallest length.
        min: u32,
        /// Largest length, if there is one.
        max: Option<u32>,
    },
    /// Octets.
    Binary {
        /// How they are written in XML.
        text: BinaryText,
        /// Smallest length.
        min: u32,
        /// Largest length, if there is one.
        max: Option<u32>,
    },
}

/// Text form of a binary value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryText {
    /// `xs:hexBinary`.
    Hex,
    /// `xs:base64Binary`.
    Base64,
}

impl Content {
    /// Name of the type.
    pub fn type_name(self) -> &'static str {
        match self {
            Content::Simple(simple) => simple.name,
            Content::Complex(complex) => complex.name,
        }
    }
}

/// Constructors that keep the generated tables short.
pub(crate) mod table {
    pub(crate) use super::{Attribute, Complex, Element, Namespace, Simple};
    use super::{BinaryText, Content, Kind, Position, QName, Step};

    pub(crate) const fn text(local: &'static str, ns: &'static str, content: &'static Simple) -> Element {
        Element { name: QName { local, ns }, content: Content::Simple(content), global: false }
    }

    pub(crate) const fn tree(local: &'static str, ns: &'static str, content: &'static Complex) -> Element {
        Element { name: QName { local, ns }, content: Content::Complex(content), global: false }
    }

    impl Element {
        pub(crate) const fn global(mut self) -> Self {
            self.global = true;
            self
        }
    }

    pub(crate) const fn complex(
        name: &'static str,
        positions: &'static [Position],
        follow: &'static [u64],
    ) -> Complex {
        assert!(positions.len() <= 64 && follow.len() == positions.len() + 1);
        Complex { name, is_abstract: false, positions, follow }
    }

    pub(crate) const fn no_instance(
        name: &'static str,
        positions: &'static [Position],
        follow: &'static [u64],
    ) -> Complex {
        Complex { is_abstract: true, ..complex(name, positions, follow) }
    }

    const fn once(step: Step) -> Position {
        Position { step, min: 1, max: 1 }
    }

    pub(crate) const fn el(element: &'static Element) -> Position {
        once(Step::Element(element))
    }

    /// An element that may be repeated, with the bounds that hold once the first is there.
    pub(crate) const fn many(element: &'static Element, min: u32, max: u32) -> Position {
        Position { step: Step::Element(element), min, max }
    }

    pub(crate) const fn at(attribute: &'static Attribute) -> Position {
        once(Step::Attribute(attribute))
    }

    pub(crate) const fn chars(content: &'static Simple) -> Position {
        once(Step::Text(content))
    }

    pub(crate) const ANY: Position = once(Step::AnyElement);
    pub(crate) const END: Position = once(Step::End);
    pub(crate) const MIXED: Position = once(Step::MixedText);

    pub(crate) const fn attribute(
        local: &'static str,
        ns: &'static str,
        content: &'static Simple,
    ) -> Attribute {
        Attribute { name: QName { local, ns }, content }
    }

    pub(crate) const fn boolean(name: &'static str) -> Simple {
        Simple { name, kind: Kind::Boolean }
    }

    pub(crate) const fn integer(name: &'static str, min: Option<i128>, max: Option<i128>) -> Simple {
        Simple { name, kind: Kind::Integer { min, max } }
    }

    pub(crate) const fn enumeration(name: &'static str, literals: &'static [&'static str]) -> Simple {
        Simple { name, kind: Kind::Enumeration(literals) }
    }

    pub(crate) const fn string(name: &'static str, min: u32, max: Option<u32>) -> Simple {
        Simple { name, kind: Kind::String { min, max } }
    }

    pub(crate) const fn hex(name: &'static str, min: u32, max: Option<u32>) -> Simple {
        Simple { name, kind: Kind::Binary { text: BinaryText::Hex, min, max } }
    }

    pub(crate) const fn base64(name: &'static str, min: u32, max: Option<u32>) -> Simple {
        Simple { name, kind: Kind::Binary { text: BinaryText::Base64, min, max } }
    }
}
