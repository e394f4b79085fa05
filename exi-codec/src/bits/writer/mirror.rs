//! Operations for generated code that writes values of other types than ours, and has reasons of its own to stop.

use super::{HOST, ListShape, Writer};
use crate::document::{EmptyText, HEADER};
use crate::error::{Error, ErrorKind, Fault, Name};

impl<'b> Writer<'b> {
    /// Begins a stream.
    #[inline]
    pub const fn begin(out: &'b mut [u8]) -> Self {
        Self::new(out, EmptyText::AsCharacters)
    }

    /// Starts with the header and the code of the root. The first of all operations.
    #[inline]
    pub const fn root(&mut self, code: u32, width: u32) {
        self.word = ((HEADER as u64) << width | code as u64) << (56 - width);
        self.used = 8 + width;
    }

    /// Ends the stream and returns its length in octets. Behind it up to seven octets may be zeros then.
    ///
    /// # Errors
    /// The buffer is too small.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn close(&mut self) -> Result<usize, Error> {
        let total = self.flushed + (self.used as usize).div_ceil(8);
        if total > self.out.len() {
            return Err(Error::new(ErrorKind::BufferTooSmall, self.position()));
        }
        self.flush();
        Ok(total)
    }

    /// What was wrong.
    pub fn error(&mut self) -> Error {
        self.take_error(Fault::recorded())
    }

    /// Adds a name to what was wrong, if that is known here.
    #[cold]
    #[inline(never)]
    fn around(&mut self, name: Name) {
        if let Some(error) = &mut self.error {
            error.within(name);
        }
    }

    /// Appends event codes and an element of complex type.
    ///
    /// # Errors
    /// Whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn element<E>(
        &mut self,
        code: u32,
        bits: u32,
        name: Name,
        content: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if bits > 0 {
            self.event(code, bits);
        }
        let written = content(self);
        if written.is_err() {
            self.around(name);
        }
        written
    }

    /// Appends a repeated element, as [`list`](Self::list); `item` writes one.
    ///
    /// # Errors
    /// Too few or too many items, or whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn items<T, E: From<Fault>>(
        &mut self,
        code: u32,
        bits: u32,
        shape: &ListShape,
        items: &[T],
        name: Name,
        mut item: impl FnMut(&mut Self, &T) -> Result<(), E>,
    ) -> Result<(u32, u32), E> {
        let count = items.len();
        if count < usize::from(shape.min) {
            return Err(self.fail(ErrorKind::TooFewItems, name).into());
        }
        if shape.max > 0 && count > usize::from(shape.max) {
            return Err(self.fail(ErrorKind::TooManyItems, name).into());
        }
        let mut due = (code + u32::from(shape.code), bits);
        for (index, value) in items.iter().enumerate() {
            self.event(due.0, due.1);
            let must_follow = !(HOST && shape.min <= 1) && index + 1 < usize::from(shape.min);
            due = (u32::from(shape.code), if must_follow { 1 } else { u32::from(shape.width) });
            item(self, value)?;
        }
        Ok(if count == 0 {
            (code + u32::from(shape.alternatives), bits)
        } else if count == usize::from(shape.max) {
            (0, u32::from(shape.last_width))
        } else {
            (u32::from(shape.alternatives), u32::from(shape.width))
        })
    }
}
