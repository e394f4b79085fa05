//! The bit stream: most significant bit first, nothing aligned.

pub(crate) mod copy;
mod integer;
mod reader;
#[cfg(test)]
mod tests;
mod usual;
mod writer;

pub use reader::{ListShape, Reader};
pub use usual::Usual;
pub use writer::Writer;
