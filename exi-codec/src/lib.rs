#![doc = include_str!("../README.md")]
#![no_std]
// Measured, not guessed: on hosts the operations of the bit stream must melt into the code around them.
#![allow(clippy::inline_always)]

#[cfg(any(feature = "reflect", test))]
extern crate alloc;

pub mod bits;
mod document;
mod error;
// Generated code is uniform rather than idiomatic in places; variants differ in size because nothing is boxed.
#[allow(
    clippy::pedantic,
    clippy::large_enum_variant,
    clippy::derivable_impls,
    unused_qualifications,
    unreachable_pub
)]
mod generated;
#[cfg(feature = "grammar")]
pub mod grammar;
mod macros;
#[cfg(feature = "mirror")]
#[doc(hidden)]
pub mod mirror;
#[cfg(feature = "reflect")]
pub mod reflect;
mod value;

pub use bits::Index;
pub use document::{
    Decoded, Document, EmptyText, Trailing, decode, decode_indexed, decode_with, encode, encode_with,
};
pub use error::{Error, ErrorKind, Fault};
pub use generated::{app_protocol, iso20};
pub use value::{
    Ampere, Amperes, Bytes, CapacityError, Chars, Element, Frequency, Hertz, Integer, Iter, Lazy, List,
    Opaque, Place, Positive, Quantity, Ranged, RationalNumber, Rounding, Str, Unit, Vars, Volt,
    VoltAmpereReactive, Volts, Watt, WattHour, WattHours, Watts,
};
