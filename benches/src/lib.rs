//! What the measurements share: the benchmark messages, "read every value" for the messages among them, and a
//! session of both engines.

mod messages;
mod read;
pub mod session;
mod sets;
mod value;

pub use messages::{Case, Set, cases};
pub use read::{decode_and_read, decode_and_read_indexed, encode};
pub use value::{Sink, Value};
