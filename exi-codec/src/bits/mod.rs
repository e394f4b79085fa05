//! The bit stream: most significant bit first, nothing aligned.

pub(crate) mod copy;
#[cfg(target_pointer_width = "64")]
mod form;
mod forms;
mod index;
mod integer;
mod layout;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use forms::Known;
pub use index::Index;
pub(crate) use index::Slots;
#[cfg(target_pointer_width = "64")]
pub(crate) use layout::ends_with_list;
pub use layout::{Layout, Part};
#[cfg(target_pointer_width = "64")]
pub(crate) use reader::InnerList;
#[cfg(feature = "xmldsig-full")]
pub(crate) use reader::Items;
#[cfg(target_pointer_width = "64")]
pub use reader::{BeforeList, Trusted};
pub use reader::{Checked, ListShape, Mode, Reader};
pub use writer::Writer;

/// Width of the event code of a state: one value more than productions, for the escape.
const fn width(count: u8) -> u32 {
    u8::BITS - count.leading_zeros()
}
