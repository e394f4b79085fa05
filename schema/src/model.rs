//! The component model of a schema set: what an XSD says after references are resolved, and nothing about EXI.
//!
//! Everything is stored in declaration order or sorted explicitly, never in hash order, so that whatever is
//! generated from a model is the same on every machine.

/// An expanded XML name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QName {
    /// Local part. First, so that the derived order is the one EXI sorts by: local name, then namespace.
    pub local: String,
    /// Namespace URI, empty when the name is in none.
    pub ns: String,
}

/// Index into [`Model::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub usize);

/// Index into [`Model::elements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub usize);

/// A schema set: a message schema with everything that it imports.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// All named and anonymous types, built-in ones included where they are used.
    pub types: Vec<Type>,
    /// All element declarations, global and local, each distinct declaration once.
    pub elements: Vec<Element>,
    /// The global elements, sorted by [`QName`].
    pub globals: Vec<ElementId>,
    /// Target namespaces of the set, sorted.
    pub namespaces: Vec<String>,
}

/// An element declaration.
#[derive(Debug, Clone)]
pub struct Element {
    /// Qualified name as it stands in an instance.
    pub name: QName,
    /// Declared type.
    pub type_id: TypeId,
    /// True for a top-level declaration.
    pub global: bool,
    /// `abstract="true"`.
    pub is_abstract: bool,
    /// Head of the substitution group that this element belongs to.
    pub substitutes: Option<ElementId>,
    /// All transitive members of the group that this element heads, itself included, sorted by [`QName`];
    /// just the element itself when it heads none.
    pub alternatives: Vec<ElementId>,
}

/// A type definition.
#[derive(Debug, Clone)]
pub enum Type {
    /// Text.
    Simple(SimpleType),
    /// Attributes and children.
    Complex(ComplexType),
}

/// A simple type with its effective facets (those of the bases included).
#[derive(Debug, Clone)]
pub struct SimpleType {
    /// Name of the type; XML Schema namespace for built-in ones, none when anonymous.
    pub name: Option<QName>,
    /// Value space and facets.
    pub kind: SimpleKind,
}

/// The value spaces that V2G schemas use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimpleKind {
    /// `xs:boolean`.
    Boolean,
    /// Any integer type; bounds are inclusive, absent when the type is unbounded on that side.
    Integer {
        /// Smallest value.
        min: Option<i128>,
        /// Largest value.
        max: Option<i128>,
    },
    /// `xs:enumeration` values in XSD order.
    Enumeration(Vec<String>),
    /// Any string type (`xs:string`, `xs:anyURI`, `xs:ID`, ...); lengths in code points.
    String {
        /// `minLength` or `length`.
        min_length: u32,
        /// `maxLength` or `length`.
        max_length: Option<u32>,
    },
    /// `xs:hexBinary` or `xs:base64Binary`; lengths in octets.
    Binary {
        /// Text form in XML.
        encoding: BinaryEncoding,
        /// `minLength` or `length`.
        min_length: u32,
        /// `maxLength` or `length`.
        max_length: Option<u32>,
    },
}

/// Text form of a binary value in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryEncoding {
    /// `xs:hexBinary`.
    Hex,
    /// `xs:base64Binary`.
    Base64,
}

/// A complex type with its effective content: what the bases contribute comes first.
#[derive(Debug, Clone)]
pub struct ComplexType {
    /// Name of the type, none when anonymous.
    pub name: Option<QName>,
    /// Base type when derived by extension.
    pub base: Option<TypeId>,
    /// `abstract="true"`.
    pub is_abstract: bool,
    /// `mixed="true"`: text may stand between the children.
    pub mixed: bool,
    /// Attributes, sorted by [`QName`].
    pub attributes: Vec<Attribute>,
    /// `xs:anyAttribute` present.
    pub any_attribute: bool,
    /// Children or text.
    pub content: Content,
}

/// An attribute use.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Qualified name (qualified only if the schema says so).
    pub name: QName,
    /// Simple type.
    pub type_id: TypeId,
    /// `use="required"`.
    pub required: bool,
}

/// Content of a complex type.
#[derive(Debug, Clone)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Text of a simple type.
    Simple(TypeId),
    /// Children.
    Particle(Particle),
}

/// A term with its occurrences.
#[derive(Debug, Clone)]
pub struct Particle {
    /// `minOccurs`.
    pub min: u32,
    /// `maxOccurs`, none when unbounded.
    pub max: Option<u32>,
    /// What occurs.
    pub term: Term,
}

/// A term of a content model.
#[derive(Debug, Clone)]
pub enum Term {
    /// An element; a reference to a group head stands for all of [`Element::alternatives`].
    Element {
        /// The declaration.
        element: ElementId,
        /// True if written as `ref=`, so that substitution applies.
        by_reference: bool,
    },
    /// `xs:sequence`.
    Sequence(Vec<Particle>),
    /// `xs:choice`.
    Choice(Vec<Particle>),
    /// `xs:any`, whatever its namespace constraint.
    Any,
}
