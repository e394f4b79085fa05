//! Reads XML Schema files into a [`Model`].
//!
//! Understood is what V2G schemas use (and a little more); anything else is an error that names the file and the
//! line, because a construct that is silently skipped would change the grammar.

mod builder;
mod complex;
mod error;
mod particle;
mod simple;
mod source;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::{Error, Problem};

use crate::Model;

/// Reads the schema set whose main file is `main_xsd`.
///
/// # Errors
///
/// [`Error`] with the place of whatever cannot be read, resolved or is not supported.
pub fn load(main_xsd: &Path) -> Result<Model, Error> {
    let texts = source::collect(main_xsd)?;
    let files = source::parse(&texts)?;
    builder::Builder::new(&files)?.build()
}
