//! Where a signed element stood.

use core::fmt;

use crate::bits::{Mode, Reader, Writer};

/// The place of a received element that a signature may refer to, from behind its start event to its end event.
///
/// The digest of a signature covers the EXI fragment of the element. Between start and end event, a fragment has
/// the very bits of the message, merely shifted; so a signature is checked over what arrived, not over what this
/// codec would have sent. An element that is built has no place: two places always compare equal, so that they do
/// not make equal content unequal.
#[derive(Clone, Copy, Default)]
pub struct Place<'a> {
    data: &'a [u8],
    start: u32,
    end: u32,
    canonical: bool,
}

impl<'a> Place<'a> {
    #[doc(hidden)]
    pub fn start<M: Mode>(r: &mut Reader<'a, M>) -> (usize, bool) {
        (r.position(), r.start_canonical())
    }

    #[doc(hidden)]
    pub fn end<M: Mode>(r: &mut Reader<'a, M>, (start, before): (usize, bool)) -> Self {
        let place = Self {
            data: r.data(),
            start: start as u32,
            end: r.position() as u32,
            canonical: r.is_canonical(),
        };
        r.end_canonical(before);
        place
    }

    /// True for an element that was received.
    pub const fn is_received(&self) -> bool {
        self.end > 0
    }

    /// True if the element was received in its one canonical form. Anything else must not pass a signature
    /// check: a sender that signs does not pad integers or leave out empty text.
    pub const fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// Offsets in bits of the content in the received stream: from behind the start event to behind the end
    /// event.
    pub const fn bits(&self) -> core::ops::Range<u32> {
        self.start..self.end
    }

    pub(crate) fn write_to(&self, w: &mut Writer<'_>) {
        self.write_part(w, self.bits());
    }

    /// Writes some of [`bits`](Self::bits).
    pub(crate) fn write_part(&self, w: &mut Writer<'_>, part: core::ops::Range<u32>) {
        w.copy_bits(self.data, part.start as usize, part.len());
    }
}

impl PartialEq for Place<'_> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}
