//! The peer's codec, one set at a time.

use iso15118::exi::ExiDocument;
use iso15118::iso20;

/// A message of a set, as the peer has it.
pub(crate) trait Peer {
    /// Decodes a benchmark message.
    fn decode(octets: &[u8]) -> Self;

    /// Encodes the message and returns its length.
    fn encode(&self, out: &mut [u8]) -> usize;
}

macro_rules! peers {
    ($($set:ident)*) => {
        $(impl Peer for iso20::$set::Document {
            fn decode(octets: &[u8]) -> Self {
                Self::from_bytes(octets).expect("a valid message")
            }

            fn encode(&self, out: &mut [u8]) -> usize {
                self.to_slice(out).expect("a valid message")
            }
        })*
    };
}

peers! { messages dc ac }
