//! Values: what the fields of messages are made of.
//!
//! A value that came off the wire is a view: a place in the received bits that was validated while decoding.
//! A value that is to be sent holds a slice. Reading does not tell the two apart.

mod bytes;
mod integer;
mod list;
mod opaque;
mod rational;
#[cfg(test)]
mod rational_tests;
mod signed;
mod text;

pub use bytes::Bytes;
pub use integer::{Integer, Positive, Ranged};
pub use list::{Iter, Lazy, List};
pub use opaque::Opaque;
pub use rational::{
    Ampere, Amperes, Frequency, Hertz, Quantity, RationalNumber, Rounding, Unit, Vars, Volt,
    VoltAmpereReactive, Volts, Watt, WattHour, WattHours, Watts,
};
pub use signed::Place;
pub use text::{Chars, Str};

use crate::bits::{Layout, Mode, Reader, Writer};
use crate::error::Fault;

/// The value does not fit into the buffer; `needed` octets would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the buffer is too small: {needed} octets are needed")]
pub struct CapacityError {
    /// Octets needed.
    pub needed: usize,
}

/// The content of an element, from behind its start event to its end event. Implemented by generated code.
pub trait Element<'a>: Copy {
    /// What the content is made of, if items of a list may share a form.
    #[doc(hidden)]
    const LAYOUT: Layout = &[];

    /// Reads the content.
    ///
    /// # Errors
    /// The content does not conform to the schema; the reader knows the details.
    fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault>;

    /// Writes the content.
    ///
    /// # Errors
    /// A value is outside its facets; the writer knows the details.
    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault>;
}
