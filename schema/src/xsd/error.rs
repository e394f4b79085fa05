//! What can be wrong with a schema, and where.

use std::path::PathBuf;

use crate::QName;

/// A schema could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {problem}", file.display())]
pub struct Error {
    /// File.
    pub file: PathBuf,
    /// Line, counted from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// What is wrong there.
    pub problem: Problem,
}

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is no well-formed XML.
    #[error("not well-formed: {0}")]
    Xml(roxmltree::Error),
    /// The root element is not `xs:schema`.
    #[error("not an XML schema")]
    NotASchema,
    /// An element that this reader does not know, at least not here.
    #[error("<{0}> is not supported here")]
    UnsupportedElement(String),
    /// An attribute that this reader does not know, at least not here.
    #[error("attribute `{0}` is not supported here")]
    UnsupportedAttribute(String),
    /// A built-in type without an EXI representation in this compiler.
    #[error("built-in type `{0}` is not supported")]
    UnsupportedBuiltIn(String),
    /// A required attribute is missing.
    #[error("attribute `{0}` is missing")]
    MissingAttribute(&'static str),
    /// A required child is missing.
    #[error("content is missing: {0}")]
    MissingContent(&'static str),
    /// An attribute value is not what it should be.
    #[error("`{value}` is no valid value of `{attribute}`")]
    BadValue {
        /// Attribute.
        attribute: &'static str,
        /// Its text.
        value: String,
    },
    /// A prefix without a namespace declaration.
    #[error("prefix `{0}` is not declared")]
    UnknownPrefix(String),
    /// A reference to something that the set does not define.
    #[error("{what} `{{{}}}{}` is not defined", name.ns, name.local)]
    Undefined {
        /// Kind of component.
        what: &'static str,
        /// Its name.
        name: QName,
    },
    /// Two components of the same name.
    #[error("{what} `{{{}}}{}` is defined twice", name.ns, name.local)]
    Duplicate {
        /// Kind of component.
        what: &'static str,
        /// Its name.
        name: QName,
    },
    /// A type or a substitution group depends on itself.
    #[error("circular definition")]
    Circular,
    /// A simple type where a complex one is needed, or the reverse.
    #[error("the base type has the wrong kind")]
    WrongBase,
    /// A facet that does not go with the base type.
    #[error("facet `{0}` does not apply to this type")]
    FacetMismatch(String),
}
