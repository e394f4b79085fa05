//! The bit stream: most significant bit first, nothing aligned.

pub(crate) mod copy;
mod integer;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::{ListShape, Reader};
pub use writer::Writer;
