//! Scratch memory for what a message refers to while it is written.

use core::mem::MaybeUninit;

use crate::border::Outcome;
use crate::status::V2G_E_STORAGE;

/// Memory that is handed out from the front.
pub struct Memory<'a> {
    free: &'a mut [MaybeUninit<u8>],
}

impl<'a> Memory<'a> {
    pub(crate) const fn new(free: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { free }
    }

    /// Room for `count` values.
    fn room<T>(&mut self, count: usize) -> Outcome<&'a mut [MaybeUninit<T>]> {
        let free = core::mem::take(&mut self.free);
        let before = free.as_ptr().align_offset(align_of::<T>());
        let octets = count.checked_mul(size_of::<T>()).and_then(|octets| octets.checked_add(before));
        let Some((taken, rest)) = octets.and_then(|octets| free.split_at_mut_checked(octets)) else {
            return Err(V2G_E_STORAGE);
        };
        self.free = rest;
        let start = taken.get_mut(before..).ok_or(V2G_E_STORAGE)?;
        // SAFETY: aligned, large enough, borrowed for as long; nothing is read before it is written.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.as_mut_ptr().cast(), count) })
    }

    /// Values that are made one after the other.
    pub(crate) fn keep<T: Copy>(
        &mut self,
        count: usize,
        mut make: impl FnMut(usize, &mut Self) -> Outcome<T>,
    ) -> Outcome<&'a [T]> {
        let room = self.room::<T>(count)?;
        for (index, place) in room.iter_mut().enumerate() {
            place.write(make(index, self)?);
        }
        // SAFETY: every one was written.
        Ok(unsafe { core::slice::from_raw_parts(room.as_ptr().cast(), count) })
    }
}
