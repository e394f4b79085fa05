//! Where memory of the caller's is touched: pointers, versioned structs, handles.
//!
//! Everything that is exported goes through here. What a pointer can be checked for is checked: null, alignment, length,
//! `size` fields, and for handles the mark of their kind and the place where they were made. What cannot be checked, that
//! there is memory behind it, is the caller's part, said at the top of the header.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr;

use crate::status::{
    V2G_E_ALIGN, V2G_E_BUSY, V2G_E_HANDLE, V2G_E_NULL, V2G_E_SIZE, V2G_E_STORAGE, V2G_E_VALUE, V2G_OK,
};

/// A value, or the status that says why there is none.
pub(crate) type Outcome<T = ()> = Result<T, i32>;

/// The status of an outcome.
pub(crate) fn status(outcome: Outcome<i32>) -> i32 {
    match outcome {
        Ok(status) | Err(status) => status,
    }
}

/// The status of something that was done or not.
pub(crate) fn done(outcome: Outcome) -> i32 {
    status(outcome.map(|()| V2G_OK))
}

#[inline]
fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() || !pointer.is_aligned() { Err(fault(pointer.cast())) } else { Ok(()) }
}

/// What is wrong with a pointer. Apart, so that nothing is prepared for it where none is wrong.
#[cold]
#[inline(never)]
fn fault(pointer: *const c_void) -> i32 {
    if pointer.is_null() { V2G_E_NULL } else { V2G_E_ALIGN }
}

/// The items behind a pointer. Without items the pointer may be null.
///
/// # Safety
/// There are `len` initialised items, and nobody changes them for `'a`.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, len: usize) -> Outcome<&'a [T]> {
    if !fits::<T>(len)? {
        return Ok(&[]);
    }
    check(pointer)?;
    // SAFETY: not null, aligned, of a length that can be; the rest is promised by the caller.
    Ok(unsafe { core::slice::from_raw_parts(pointer, len) })
}

/// The value behind a pointer.
///
/// # Safety
/// There is an initialised value, and nobody changes it for `'a`.
pub(crate) unsafe fn reference<'a, T>(pointer: *const T) -> Outcome<&'a T> {
    check(pointer)?;
    // SAFETY: not null and aligned; the rest is promised by the caller.
    Ok(unsafe { &*pointer })
}

/// The memory behind a pointer, to be written.
///
/// # Safety
/// There is memory for `len` items, which nobody else uses for `'a`.
pub(crate) unsafe fn slice_mut<'a, T>(pointer: *mut T, len: usize) -> Outcome<&'a mut [T]> {
    if !fits::<T>(len)? {
        return Ok(&mut []);
    }
    check(pointer)?;
    // SAFETY: as above.
    Ok(unsafe { core::slice::from_raw_parts_mut(pointer, len) })
}

/// Whether there are items at all. An error if so many cannot be.
#[inline]
fn fits<T>(len: usize) -> Outcome<bool> {
    let most = const { isize::MAX as usize / size_of::<T>() };
    if (1..=most).contains(&len) {
        Ok(true)
    } else if len == 0 {
        Ok(false)
    } else {
        Err(V2G_E_VALUE)
    }
}

/// Whether a value can be written there, as far as it can be known.
pub(crate) fn room<T>(to: *mut T) -> Outcome {
    check(to)
}

/// Writes a value.
///
/// # Safety
/// There is memory for it.
pub(crate) unsafe fn put<T>(to: *mut T, value: T) -> Outcome {
    check(to)?;
    // SAFETY: not null, aligned; that there is memory is promised by the caller.
    unsafe { to.write(value) };
    Ok(())
}

/// A struct whose first field says how much of it the caller knows.
///
/// # Safety
/// The type is `repr(C)`, its first field is `size: u32`, and all zeros are a value of it.
pub(crate) unsafe trait Versioned: Copy {
    /// Size of the first version that was released.
    const FIRST: usize;

    /// The size that a caller gave.
    fn set_size(&mut self, size: u32);
}

/// Declares structs as [`Versioned`].
macro_rules! versioned {
    ($($name:ident $first:expr;)*) => { $(
        // SAFETY: the types are declared as the trait demands; the first assertion is about the first field.
        unsafe impl $crate::border::Versioned for $name {
            const FIRST: usize = $first;

            fn set_size(&mut self, size: u32) {
                self.size = size;
            }
        }
        const _: () = assert!(core::mem::offset_of!($name, size) == 0);
        const _: () = assert!(size_of::<$name>() >= $first);
    )* };
}
pub(crate) use versioned;

/// Largest struct that is believed.
const MAX_STRUCT: usize = 4096;

/// Reads a struct. What an older caller does not know reads as zero; what a newer one says has to be zero where this library
/// does not know it.
///
/// # Safety
/// There is as much as its `size` says.
pub(crate) unsafe fn read<T: Versioned>(from: *const T) -> Outcome<T> {
    check(from)?;
    // SAFETY: the first field is `size`, and the caller has at least that.
    let size = unsafe { from.cast::<u32>().read() } as usize;
    if !(T::FIRST..=MAX_STRUCT).contains(&size) {
        return Err(V2G_E_SIZE);
    }
    // SAFETY: the caller has so many octets.
    let octets = unsafe { core::slice::from_raw_parts(from.cast::<MaybeUninit<u8>>(), size) };
    let (known, unknown) = octets.split_at(size.min(size_of::<T>()));
    for octet in unknown {
        // SAFETY: what lies behind the fields that are known are fields, which the caller has initialised.
        if unsafe { octet.assume_init() } != 0 {
            return Err(V2G_E_SIZE);
        }
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: no more than the size of the type is copied, and the two do not overlap.
    unsafe {
        ptr::copy_nonoverlapping(known.as_ptr(), value.as_mut_ptr().cast::<MaybeUninit<u8>>(), known.len());
    }
    // SAFETY: all zeros are a value, and so is what the caller has put in front.
    Ok(unsafe { value.assume_init() })
}

/// Writes a struct, as much of it as the caller knows.
///
/// # Safety
/// There is as much as the `size` in it says.
pub(crate) unsafe fn write<T: Versioned>(to: *mut T, mut value: T) -> Outcome {
    // SAFETY: promised by the caller.
    let size = unsafe { known_size(to) }?;
    let known = size.min(size_of::<T>());
    value.set_size(size as u32);
    // SAFETY: the caller has `size` octets, and no more than that are written.
    unsafe { ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), to.cast::<u8>(), known) };
    Ok(())
}

/// Whether a struct can be written: before something is done that cannot be told otherwise.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn writable<T: Versioned>(to: *mut T) -> Outcome {
    // SAFETY: promised by the caller.
    unsafe { known_size(to) }.map(|_| ())
}

/// # Safety
/// As [`write`].
unsafe fn known_size<T: Versioned>(to: *mut T) -> Outcome<usize> {
    check(to)?;
    // SAFETY: the first field is `size`, and the caller has at least that.
    let size = unsafe { to.cast::<u32>().read() } as usize;
    if (T::FIRST..=MAX_STRUCT).contains(&size) { Ok(size) } else { Err(V2G_E_SIZE) }
}

/// What stands behind an opaque pointer.
pub(crate) trait Kind: Sized {
    /// Mark of the kind.
    const TAG: u32;
    /// What the machine refers to, and what therefore never moves.
    type Fixed;
    /// The machine itself.
    type Machine;
}

/// A machine in memory of the caller's.
#[repr(C, align(8))]
pub(crate) struct Handle<K: Kind> {
    tag: u32,
    busy: u32,
    /// Where it was made: a copy is none.
    this: usize,
    fixed: MaybeUninit<K::Fixed>,
    machine: MaybeUninit<K::Machine>,
}

/// Puts a machine into `storage`.
///
/// # Safety
/// There are `size` octets that nobody else uses until the handle is given up.
pub(crate) unsafe fn create<K: Kind>(
    storage: *mut c_void,
    size: usize,
    out: *mut *mut K,
    make: impl FnOnce(*mut K::Fixed) -> Outcome<K::Machine>,
) -> Outcome {
    check(out)?;
    let handle = storage.cast::<Handle<K>>();
    check(handle)?;
    if size < size_of::<Handle<K>>() {
        return Err(V2G_E_STORAGE);
    }
    // SAFETY: not null, aligned, and large enough; nothing is read.
    let (fixed, machine) = unsafe {
        ((&raw mut (*handle).fixed).cast::<K::Fixed>(), (&raw mut (*handle).machine).cast::<K::Machine>())
    };
    // SAFETY: as above. Whatever was here is none any more.
    unsafe { (&raw mut (*handle).tag).write(0) };
    let made = make(fixed)?;
    // SAFETY: as above; `out` was checked.
    unsafe {
        machine.write(made);
        (&raw mut (*handle).tag).write(K::TAG);
        (&raw mut (*handle).busy).write(0);
        (&raw mut (*handle).this).write(handle.addr());
        out.write(handle.cast());
    }
    Ok(())
}

/// A machine in use.
pub(crate) struct Guard<K: Kind>(*mut Handle<K>);

/// The machine behind a pointer of the caller's.
///
/// # Safety
/// The pointer is null, or there is memory of the size of a handle behind it; no other thread uses it.
pub(crate) unsafe fn enter<K: Kind>(pointer: *const K) -> Outcome<Guard<K>> {
    let handle = pointer.cast_mut().cast::<Handle<K>>();
    check(handle)?;
    // SAFETY: not null and aligned. The three fields are integers, so whatever is there is a value.
    let (tag, this, busy) = unsafe {
        ((&raw const (*handle).tag).read(), (&raw const (*handle).this).read(), (&raw mut (*handle).busy))
    };
    if tag != K::TAG || this != handle.addr() {
        return Err(V2G_E_HANDLE);
    }
    // SAFETY: the field of a handle that is one.
    unsafe {
        if busy.read() != 0 {
            return Err(V2G_E_BUSY);
        }
        busy.write(1);
    }
    Ok(Guard(handle))
}

/// Gives up a handle: its memory is overwritten and belongs to the caller again.
///
/// # Safety
/// As [`enter`].
pub(crate) unsafe fn destroy<K: Kind>(pointer: *mut K) -> Outcome {
    // SAFETY: promised by the caller.
    let guard = unsafe { enter(pointer) }?;
    let handle = guard.0;
    core::mem::forget(guard);
    // SAFETY: a handle that is one, and nobody is in it. Machines own nothing that would have to be dropped.
    unsafe {
        ptr::drop_in_place((&raw mut (*handle).machine).cast::<K::Machine>());
        ptr::write_bytes(handle.cast::<u8>(), 0, size_of::<Handle<K>>());
    }
    Ok(())
}

impl<K: Kind> Deref for Guard<K> {
    type Target = K::Machine;

    fn deref(&self) -> &K::Machine {
        // SAFETY: initialised by `create`; `busy` keeps everybody else out.
        unsafe { &*(&raw const (*self.0).machine).cast() }
    }
}

impl<K: Kind> DerefMut for Guard<K> {
    fn deref_mut(&mut self) -> &mut K::Machine {
        // SAFETY: as above.
        unsafe { &mut *(&raw mut (*self.0).machine).cast() }
    }
}

impl<K: Kind> Drop for Guard<K> {
    fn drop(&mut self) {
        // SAFETY: the handle outlives the call that it was given to.
        unsafe { (&raw mut (*self.0).busy).write(0) };
    }
}

/// Calls a machine.
///
/// # Safety
/// As [`enter`].
pub(crate) unsafe fn with<K: Kind>(pointer: *mut K, call: impl FnOnce(&mut K::Machine) -> Outcome) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(pointer) }.and_then(|mut machine| call(&mut machine)))
}
