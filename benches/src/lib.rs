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

/// Whether benchmarks measure: under `cargo bench`. Under `cargo test` they do everything once, which says nothing about time.
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
