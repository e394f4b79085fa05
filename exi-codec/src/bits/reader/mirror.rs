//! Operations for generated code that reads into values of other types than ours.

use super::{Mode, Reader, Slots};
use crate::document::MAX_OCTETS;
use crate::error::{Error, ErrorKind, Fault, Name};

impl<'a> Reader<'a> {
    /// Reads a stream: its header, and what `root` reads, which is handed the code of the root of `width` bits.
    ///
    /// # Errors
    /// What is wrong, and where.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn stream(
        input: &'a [u8],
        width: u32,
        root: impl FnOnce(u32, &mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if input.len() > MAX_OCTETS {
            return Err(Error::new(ErrorKind::TooLarge, 0));
        }
        // In its place from the beginning: it is not small.
        let mut reader = Self::indexed(input, 0, Slots::none());
        match reader.header(width) {
            Ok(code) => root(code, &mut reader),
            Err(fault) => Err(reader.take_error(fault)),
        }
    }

    /// Reads the root with `content`, and the end of the stream.
    ///
    /// # Errors
    /// What is wrong, and where.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn whole(&mut self, content: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Error> {
        match content(self).and_then(|()| self.end(0, None)) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.take_error(fault)),
        }
    }

    /// The root is none.
    pub fn no_root(&mut self) -> Error {
        self.unexpected_root()
    }
}

impl<M: Mode> Reader<'_, M> {
    /// Reads an element of complex type, as [`child`](Self::child), with `content`.
    ///
    /// # Errors
    /// Whatever is wrong inside.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn element(
        &mut self,
        lead: u32,
        name: Name,
        content: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if lead > 0 {
            self.zeros(lead, name)?;
        }
        match content(self) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.within(fault, name)),
        }
    }
}
