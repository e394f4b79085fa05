//! What can go wrong while writing, for every representation of this crate.

use thiserror::Error;

/// Why a message could not be written; nothing has been written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmitError {
    /// The output is shorter than the message.
    #[error("the message takes {needed} bytes, the buffer has {available}")]
    BufferTooSmall {
        /// Bytes that the message takes.
        needed: usize,
        /// Bytes that the caller's buffer has.
        available: usize,
    },
    /// The payload does not fit the 32-bit length field of the header.
    #[error("a payload of {0} bytes exceeds the V2GTP length field")]
    PayloadTooLong(usize),
}
