//! Rust modules from a [`Model`](crate::Model): one struct per complex type, one enum per choice, and straight-line code that
//! reads and writes them.
//!
//! The generator names no element of any schema: what is special to a family of schemas (the words of its
//! vocabulary, units, which elements are messages) comes in through a [`Profile`].

mod c;
mod decode;
mod encode;
mod ir;
mod items;
mod layout;
mod lower;
mod module;
mod naming;
mod profile;
mod reflect;

pub use c::generate_c;
pub use ir::CodegenError;
pub use module::{GeneratedFile, generate};
pub use profile::{ChoiceName, Profile, SetModule, UnitRule};
