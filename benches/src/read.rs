//! The operations that are measured.

use std::hint::black_box;

use exi_codec::{Document, Error, Index};

use crate::value::{Sink, Value};

/// Decodes a message and reads every value of it.
///
/// # Errors
/// The message is invalid.
#[inline(never)]
pub fn decode_and_read<'a, M: Document<'a> + Value>(octets: &'a [u8], sink: &mut Sink) -> Result<(), Error> {
    read(&exi_codec::decode::<M>(octets), sink)
}

/// The same for a set with lists in lists, for which whoever reads all of them lends an index.
///
/// # Errors
/// The message is invalid.
#[inline(never)]
pub fn decode_and_read_indexed<'a, M: Document<'a> + Value>(
    octets: &'a [u8],
    index: &'a mut Index<512>,
    sink: &mut Sink,
) -> Result<(), Error> {
    read(&exi_codec::decode_indexed::<M, _>(octets, index), sink)
}

#[inline]
fn read<M: Value>(decoded: &Result<M, Error>, sink: &mut Sink) -> Result<(), Error> {
    // A whole message in memory, as an application has it; read where it was decoded.
    match black_box(decoded) {
        Ok(message) => message.read(sink),
        Err(error) => return Err(*error),
    }
    black_box(sink.sum());
    Ok(())
}

/// Encodes a message.
///
/// # Errors
/// The message is invalid or does not fit.
#[inline(never)]
pub fn encode<'a, M: Document<'a>>(message: &M, out: &mut [u8]) -> Result<usize, Error> {
    exi_codec::encode(message, out)
}
