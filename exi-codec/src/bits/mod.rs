//! The bit stream: most significant bit first, nothing aligned.

pub(crate) mod copy;
mod form;
mod forms;
mod index;
mod integer;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use form::{Layout, Part};
pub use index::Index;
pub(crate) use index::Slots;
pub(crate) use reader::Trusted;
pub use reader::{Checked, ListShape, Mode, Reader};
pub use writer::Writer;

/// Width of the event code of a state: one value more than productions, for the escape.
const fn width(count: u8) -> u32 {
    u8::BITS - count.leading_zeros()
}
