//! Whole streams: header, root element, end.

use crate::bits::{Index, Reader, Slots, Writer};
use crate::error::{Error, ErrorKind, Fault};
use crate::value::{Element, Place};

/// The EXI header of V2G: distinguishing bits, no options document, final version 1.
pub(crate) const HEADER: u8 = 0x80;

/// The largest input whose bits a `u32` can count.
pub(crate) const MAX_OCTETS: usize = (u32::MAX / 8) as usize;

/// A root: a message, or an enum of all messages (or fragments) of a schema set. Implemented by generated code.
pub trait Document<'a>: Sized {
    /// Width of the root's event code.
    #[doc(hidden)]
    const WIDTH: u32;

    /// Event code that ends a fragment. A document ends by itself.
    #[doc(hidden)]
    const END: Option<u32>;

    #[doc(hidden)]
    fn decode_root(code: u32, r: &mut Reader<'a>) -> Result<Self, Error>;

    #[doc(hidden)]
    fn root_code(&self) -> u32;

    #[doc(hidden)]
    fn encode_root(&self, w: &mut Writer<'_>) -> Result<(), Fault>;
}

/// What to do with data after the end of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trailing {
    /// Ignore padding bits that are not zero; whole octets are reported by [`Decoded::octets`].
    #[default]
    Tolerate,
    /// Refuse both.
    Reject,
}

/// How an empty string or byte string is written. Both forms are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmptyText {
    /// As text of length zero, which every deployed decoder reads.
    #[default]
    AsCharacters,
    /// As the bare end of the element, which Canonical EXI prescribes and the common C codec does not read.
    AsEndElement,
}

/// A decoded message with what is known of its encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decoded<D> {
    /// The message.
    pub message: D,
    /// Octets used, padding included; less than the input if something follows.
    pub octets: usize,
    /// Every integer was minimal and no text was left out: encoding the message gives the same bits.
    pub canonical: bool,
}

/// Decodes a message. Data after its end is ignored.
///
/// # Errors
/// The input is no valid message of the kind asked for; the [`Error`] says what is wrong, and where.
///
/// ```
/// use exi_codec::app_protocol::{ResponseCode, SupportedAppProtocolRes};
///
/// let response: SupportedAppProtocolRes = exi_codec::decode(&[0x80, 0x40, 0x00, 0x40])?;
/// assert_eq!(response.response_code, ResponseCode::OkSuccessfulNegotiation);
/// assert_eq!(response.schema_id, Some(1));
/// # Ok::<(), exi_codec::Error>(())
/// ```
pub fn decode<'a, D: Document<'a>>(input: &'a [u8]) -> Result<D, Error> {
    content(&mut open(input, Slots::none())?)
}

/// Decodes a message and says how it was encoded.
///
/// # Errors
/// As [`decode`], and [`ErrorKind::TrailingData`] if that is to be rejected.
pub fn decode_with<'a, D: Document<'a>>(input: &'a [u8], trailing: Trailing) -> Result<Decoded<D>, Error> {
    let mut reader = open(input, Slots::none())?;
    let message = content(&mut reader)?;
    let octets = reader.position().div_ceil(8);
    if trailing == Trailing::Reject && (octets != input.len() || !reader.padding_is_zero()) {
        return Err(Error::new(ErrorKind::TrailingData, reader.position()));
    }
    Ok(Decoded { message, octets, canonical: reader.is_canonical() })
}

/// Decodes as [`decode`], and notes in `index` where lists end.
///
/// A list is a view whose items are decoded again each time they are visited, and to find the end of an item, the lists in
/// it have to be passed. With an index that takes one step. It is worth lending for messages with lists in
/// lists, `ScheduleExchangeReq`, `ScheduleExchangeRes` and `ServiceDetailRes`, if they are read at all. The message is the same
/// without one.
///
/// # Errors
/// As [`decode`]. An index that is too small is none.
///
/// ```
/// use exi_codec::Index;
/// use exi_codec::app_protocol::{ResponseCode, SupportedAppProtocolRes};
///
/// let mut index = Index::<512>::new();
/// let response: SupportedAppProtocolRes = exi_codec::decode_indexed(&[0x80, 0x40, 0x00, 0x40], &mut index)?;
/// assert_eq!(response.response_code, ResponseCode::OkSuccessfulNegotiation);
/// # Ok::<(), exi_codec::Error>(())
/// ```
pub fn decode_indexed<'a, D: Document<'a>, const N: usize>(
    input: &'a [u8],
    index: &'a mut Index<N>,
) -> Result<D, Error> {
    // Exclusive until now: no view of another message refers to what is written.
    content(&mut open(input, index.slots())?)
}

/// A reader of input that is not too large for it.
#[inline]
fn open<'a>(input: &'a [u8], index: Slots<'a>) -> Result<Reader<'a>, Error> {
    if input.len() > MAX_OCTETS {
        return Err(Error::new(ErrorKind::TooLarge, 0));
    }
    Ok(Reader::indexed(input, 0, index))
}

/// Reads root and content. The result is made once and handed through: messages are not small.
#[inline]
fn content<'a, D: Document<'a>>(reader: &mut Reader<'a>) -> Result<D, Error> {
    let code = match reader.header(D::WIDTH) {
        Ok(code) => code,
        Err(fault) => return Err(reader.take_error(fault)),
    };
    D::decode_root(code, reader)
}

/// Reads the content of a root and the end of the stream. A function for each root keeps their frames apart.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn decode_root<'a, T: Element<'a>, D: Document<'a>>(
    reader: &mut Reader<'a>,
    wrap: impl FnOnce(T) -> D,
) -> Result<D, Error> {
    let root = match T::decode(reader) {
        Ok(root) => root,
        Err(fault) => return Err(reader.take_error(fault)),
    };
    match reader.end(D::WIDTH, D::END) {
        Ok(()) => Ok(wrap(root)),
        Err(fault) => Err(reader.take_error(fault)),
    }
}

/// Encodes a message into `out` and returns its length in octets.
///
/// # Errors
/// A value is outside the limits of the schema, or the buffer is too small: then
/// [`bit_offset`](Error::bit_offset) is the number of bits needed.
///
/// ```
/// use exi_codec::app_protocol::{ResponseCode, SupportedAppProtocolRes};
///
/// let response = SupportedAppProtocolRes {
///     response_code: ResponseCode::OkSuccessfulNegotiation,
///     schema_id: Some(1),
/// };
/// let mut buffer = [0; 16];
/// let length = exi_codec::encode(&response, &mut buffer)?;
/// assert_eq!(&buffer[..length], [0x80, 0x40, 0x00, 0x40]);
/// # Ok::<(), exi_codec::Error>(())
/// ```
#[inline]
pub fn encode<'a, D: Document<'a>>(message: &D, out: &mut [u8]) -> Result<usize, Error> {
    encode_with(message, out, EmptyText::AsCharacters)
}

/// Encodes a message with a choice for empty text.
///
/// # Errors
/// As [`encode`].
pub fn encode_with<'a, D: Document<'a>>(
    message: &D,
    out: &mut [u8],
    empty: EmptyText,
) -> Result<usize, Error> {
    let mut writer = Writer::new(out, empty);
    writer.put(u64::from(HEADER) << D::WIDTH | u64::from(message.root_code()), 8 + D::WIDTH);
    if let Err(fault) = message.encode_root(&mut writer) {
        return Err(writer.take_error(fault));
    }
    if let Some(end) = D::END {
        writer.event(end, D::WIDTH);
    }
    writer.finish()
}

/// Writes a fragment around the received bits of its element.
pub(crate) fn encode_received<'a, D: Document<'a>>(
    fragment: &D,
    place: &Place<'a>,
    out: &mut [u8],
) -> Result<Option<usize>, Error> {
    if !place.is_received() {
        return Ok(None);
    }
    let mut writer = Writer::new(out, EmptyText::AsCharacters);
    writer.put(u64::from(HEADER) << D::WIDTH | u64::from(fragment.root_code()), 8 + D::WIDTH);
    place.write_to(&mut writer);
    if let Some(end) = D::END {
        writer.event(end, D::WIDTH);
    }
    writer.finish().map(Some)
}

/// Hands out, piece by piece, the fragment around the received bits of its element. False if it was not received.
pub(crate) fn stream_received<'a, D: Document<'a>>(
    fragment: &D,
    place: &Place<'a>,
    sink: &mut dyn FnMut(&[u8]),
) -> bool {
    // All but the last piece have so many bits: whole octets, with room for the end event.
    const BITS: u32 = 496;
    let mut start = Some((u64::from(HEADER) << D::WIDTH | u64::from(fragment.root_code()), 8 + D::WIDTH));
    let mut rest = place.bits();
    while place.is_received() {
        let mut piece = [0; 64];
        let mut writer = Writer::new(&mut piece, EmptyText::AsCharacters);
        if let Some((header, bits)) = start.take() {
            writer.put(header, bits);
        }
        let count = rest.len().min(BITS as usize - writer.position()) as u32;
        place.write_part(&mut writer, rest.start..rest.start + count);
        rest.start += count;
        let end = D::END.filter(|_| rest.is_empty());
        if let Some(end) = end {
            writer.event(end, D::WIDTH);
        }
        let Ok(octets) = writer.finish() else { return false };
        sink(piece.get(..octets).unwrap_or_default());
        if rest.is_empty() {
            return true;
        }
    }
    false
}
