//! The EXI grammars as data, with an interpreter: the second executor.
//!
//! The tables are derived from the XSDs and compared, state by state, with those of the reference implementation.
//! [`Decoder`] turns a stream into [`Event`]s, [`Encoder`] turns events into a stream. Both are made to be obvious,
//! not fast: one bit at a time, one production at a time, nothing shared with the generated codec, so that the two
//! can be held against each other. Firmware does not need them.
//!
//! Neither allocates nor panics; depth is bounded by [`MAX_DEPTH`] and work by the length of the input.

mod bits;
mod data;
mod decoder;
mod encoder;
mod error;
mod lexical;
mod set;
mod simple;
mod state;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use data::table;
pub use data::{Attribute, BinaryText, Complex, Content, Element, Kind, Namespace, QName, Set, Simple};
pub use decoder::{Decoder, Event, EventCode, EventKind, skip_element};
pub use encoder::{EmptyValue, Encoder};
pub use error::{Error, ErrorKind};
pub use set::Root;
pub use state::MAX_DEPTH;
pub use value::{BigInteger, Groups, Octets, OctetsBytes, Text, TextChars, Value};

/// How the rest of the last octet and what follows it are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trailing {
    /// Anything may follow; [`Decoder::trailing_octets`] tells how much.
    #[default]
    Tolerate,
    /// Padding must be zero and nothing may follow.
    Refuse,
}
