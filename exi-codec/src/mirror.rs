//! What generated code of the C interface is made of: the operations and the names that generated code here uses.

pub use crate::bits::{ListShape, Reader, Writer};
pub use crate::error::Name;
pub use crate::generated::names;
