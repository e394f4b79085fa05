//! Writing DER without an allocator: from the end to the start, so that every length is known when it is written.

use crate::error::Rule;

/// Writes backwards into a buffer.
pub(crate) struct Backward<'b> {
    buffer: &'b mut [u8],
    start: usize,
}

impl<'b> Backward<'b> {
    pub(crate) const fn new(buffer: &'b mut [u8]) -> Self {
        let start = buffer.len();
        Self { buffer, start }
    }

    /// Octets written so far: a mark for [`wrap`](Self::wrap).
    pub(crate) const fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub(crate) fn octets(&mut self, octets: &[u8]) -> Result<(), Rule> {
        let start = self.start.checked_sub(octets.len()).ok_or(Rule::BufferTooSmall)?;
        self.buffer.get_mut(start..self.start).ok_or(Rule::BufferTooSmall)?.copy_from_slice(octets);
        self.start = start;
        Ok(())
    }

    /// Puts tag and length before what was written since `mark`, at most 65535 octets.
    pub(crate) fn wrap(&mut self, tag: u8, mark: usize) -> Result<(), Rule> {
        let length = self.len() - mark;
        match length {
            0..=0x7F => self.octets(&[tag, length as u8]),
            0x80..=0xFF => self.octets(&[tag, 0x81, length as u8]),
            _ => self.octets(&[tag, 0x82, (length >> 8) as u8, length as u8]),
        }
    }

    pub(crate) fn element(&mut self, tag: u8, value: &[u8]) -> Result<(), Rule> {
        let mark = self.len();
        self.octets(value)?;
        self.wrap(tag, mark)
    }

    /// What was written.
    pub(crate) fn finish(self) -> &'b [u8] {
        let (_, written) = self.buffer.split_at_mut_checked(self.start).unwrap_or_default();
        written
    }
}
