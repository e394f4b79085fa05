//! Typed messages by their XML names: walk one as a tree, build one from a tree.
//!
//! Tools and tests live on this; firmware leaves the feature `reflect` off. A [`Visitor`] receives elements in the
//! order of the schema, a [`Source`] hands them out in that order. Both see exactly what the typed codec sees:
//! what the generated code confuses, they would show.

mod decimal;
pub(crate) mod kind;
mod scalar;

use alloc::vec::Vec;

pub use decimal::{integer_from_decimal, integer_to_decimal};
pub(crate) use scalar::Scalar;

use crate::value::{Bytes, Integer, Opaque, Str};

/// Text form of a byte string in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// `xs:base64Binary`.
    Base64,
    /// `xs:hexBinary`.
    Hex,
}

/// A value of a simple type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'v> {
    /// `xs:boolean`.
    Boolean(bool),
    /// An integer that is never negative.
    Unsigned(u64),
    /// An integer that may be negative.
    Signed(i64),
    /// An integer without bounds.
    Integer(Integer<'v>),
    /// A string.
    Text(Str<'v>),
    /// A byte string.
    Binary(Bytes<'v>, Text),
    /// A literal of an enumeration.
    Literal(&'static str),
}

/// Receives a message as a tree.
pub trait Visitor {
    /// An element begins.
    fn start(&mut self, name: &'static str);
    /// The element that began last ends.
    fn end(&mut self);
    /// An attribute of the element that began last.
    fn attribute(&mut self, name: &'static str, value: Value<'_>);
    /// The text of the element that began last.
    fn text(&mut self, value: Value<'_>);
    /// One or more elements that V2G forbids.
    fn opaque(&mut self, name: &'static str, value: &Opaque<'_>);
}

/// Hands out a tree, and keeps what the message borrows.
pub trait Source<'a> {
    /// What is wrong with the tree.
    type Error;

    /// Goes into the next child of the current element, if that is its name.
    ///
    /// # Errors
    /// As the source sees fit.
    fn enter(&mut self, name: &'static str) -> Result<bool, Self::Error>;
    /// Returns to the parent of the current element.
    ///
    /// # Errors
    /// The element has children that were not entered.
    fn leave(&mut self) -> Result<(), Self::Error>;
    /// An attribute of the current element.
    fn attribute(&mut self, name: &'static str) -> Option<&'a str>;
    /// The text of the current element.
    ///
    /// # Errors
    /// The element has children.
    fn text(&mut self) -> Result<&'a str, Self::Error>;
    /// Elements of this name that V2G forbids, encoded; none if the next child has another name.
    ///
    /// # Errors
    /// They cannot be encoded.
    fn opaque(&mut self, name: &'static str) -> Result<Option<Opaque<'a>>, Self::Error>;
    /// Ends the current element.
    ///
    /// # Errors
    /// It has attributes or children that nobody asked for.
    fn finish(&mut self) -> Result<(), Self::Error>;
    /// The error for a mandatory part that is missing.
    fn missing(&self, name: &'static str) -> Self::Error;
    /// The error for text that is no value of its type.
    fn invalid(&self, text: &str) -> Self::Error;
    /// The error for a root that the set does not have.
    fn unknown_root(&self, known: &'static [&'static str]) -> Self::Error;
    /// Keeps the items of a list.
    fn keep<T: Copy>(&self, items: Vec<T>) -> &'a [T];
}

/// An element's content that can be walked and built. Implemented by generated code.
pub trait Reflect<'a>: Sized {
    /// Walks attributes and content.
    fn walk(&self, v: &mut dyn Visitor);

    /// Builds the value from the current element.
    ///
    /// # Errors
    /// The element does not have the attributes and children of the type.
    fn build<S: Source<'a>>(s: &mut S) -> Result<Self, S::Error>;
}

/// A choice between elements. Implemented by generated code.
pub trait Choice<'a>: Sized {
    /// Names of the elements.
    const NAMES: &'static [&'static str];

    /// Walks the element that is there.
    fn walk(&self, v: &mut dyn Visitor);

    /// Builds the value from the next child, if it is one of the choice.
    ///
    /// # Errors
    /// The child does not have the content of its type.
    fn build<S: Source<'a>>(s: &mut S) -> Result<Option<Self>, S::Error>;
}

/// All messages or fragments of a set. Implemented by generated code.
pub trait Root<'a>: Sized {
    /// Walks the root element.
    fn walk(&self, v: &mut dyn Visitor);

    /// Builds the message from the current element, whose name is `name`.
    ///
    /// # Errors
    /// The set does not have this root, or its content is not that of its type.
    fn build<S: Source<'a>>(name: &str, s: &mut S) -> Result<Self, S::Error>;
}
