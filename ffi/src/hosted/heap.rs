//! Handles that the library allocates, because what is in them allocates anyway.

use core::mem::MaybeUninit;
use std::boxed::Box;

use crate::border::{Handle, Kind, Outcome, create, destroy};

/// Puts a machine on the heap.
///
/// # Safety
/// `out` is null, or a pointer can be written there.
pub(super) unsafe fn new<K: Kind>(out: *mut *mut K, make: impl FnOnce() -> Outcome<K::Machine>) -> Outcome {
    let place = Box::into_raw(Box::new(MaybeUninit::<Handle<K>>::uninit()));
    // SAFETY: the memory was allocated for a handle, and nobody else knows of it; the rest is promised by the caller.
    let made = unsafe { create(place.cast(), size_of::<Handle<K>>(), out, |_| make()) };
    if made.is_err() {
        // SAFETY: it came from a box and nobody was told of it.
        drop(unsafe { Box::from_raw(place) });
    }
    made
}

/// Gives up a machine and its memory.
///
/// # Safety
/// The pointer is null, or a handle that [`new`] made and that was not freed; no other thread uses it.
pub(super) unsafe fn free<K: Kind>(pointer: *mut K) -> Outcome {
    // SAFETY: promised by the caller.
    unsafe { destroy(pointer) }?;
    // SAFETY: it was a handle, and those of this kind come from a box.
    drop(unsafe { Box::from_raw(pointer.cast::<MaybeUninit<Handle<K>>>()) });
    Ok(())
}
