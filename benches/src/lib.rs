//! What the measurements share: the benchmark messages, and "read every value" for the messages among them.

mod messages;
mod read;
mod sets;
mod value;

pub use messages::{Case, Set, cases};
pub use read::{decode_and_read, decode_and_read_indexed, encode};
pub use value::{Sink, Value};
