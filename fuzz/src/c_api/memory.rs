//! Memory as C programs have it: so many octets, between others that nobody may touch.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr;

use v2g::status::v2g_status_str;

use super::input::Input;

/// Octets in front of and behind what is handed out.
const GUARD: usize = 64;
/// What is in memory that nobody has written to.
const MARK: u8 = 0xA5;
/// Octets behind a pointer to a struct that says its own size: no library believes a larger one.
const ROOM: usize = 4096;

/// A status, which has to be one that the library explains.
///
/// # Panics
/// If it is not.
pub fn known(status: i32) -> i32 {
    // SAFETY: the text lives for ever.
    let text = unsafe { CStr::from_ptr(v2g_status_str(status)) };
    assert_ne!(text, c"unknown status", "{status}");
    status
}

/// Octets between guards, aligned for anything, with marks in them.
#[derive(Debug)]
pub struct Memory {
    all: *mut u8,
    length: usize,
}

impl Memory {
    /// So many octets.
    pub fn new(length: usize) -> Self {
        let layout = Self::layout(length);
        // SAFETY: the layout is not empty; all of what is allocated is written.
        unsafe {
            let all = alloc(layout);
            if all.is_null() {
                handle_alloc_error(layout);
            }
            all.write_bytes(MARK, layout.size());
            Self { all, length }
        }
    }

    fn layout(length: usize) -> Layout {
        Layout::from_size_align(length + 2 * GUARD, 16).expect("a few KiB")
    }

    /// The first octet, for functions of C's.
    pub fn start(&self) -> *mut u8 {
        // SAFETY: within the allocation.
        unsafe { self.all.add(GUARD) }
    }

    /// The same, as the place of a value.
    fn first<T>(&self) -> *mut T {
        self.start().cast()
    }

    /// How many octets there are.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What is in it now.
    pub fn octets(&self) -> &[u8] {
        // SAFETY: initialised by `new`; nobody writes while this is looked at.
        unsafe { std::slice::from_raw_parts(self.start(), self.length) }
    }

    /// Puts octets at the front.
    pub fn put(&mut self, octets: &[u8]) {
        assert!(octets.len() <= self.length);
        // SAFETY: there is room for them, as just said.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), self.start(), octets.len()) };
    }

    /// Makes all octets the same.
    pub fn fill(&mut self, octet: u8) {
        // SAFETY: within the allocation.
        unsafe { self.start().write_bytes(octet, self.length) };
    }

    /// Nobody has written in front of it or behind it.
    ///
    /// # Panics
    /// If somebody has.
    pub fn check(&self) {
        // SAFETY: the guards are within the allocation and were initialised.
        let (front, behind) = unsafe {
            let behind = self.start().add(self.length);
            (std::slice::from_raw_parts(self.all, GUARD), std::slice::from_raw_parts(behind, GUARD))
        };
        assert!(front.iter().chain(behind).all(|octet| *octet == MARK), "memory of another's was written");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.all, Self::layout(self.length)) };
    }
}

/// Memory with these octets in it.
pub fn holding(octets: &[u8]) -> Memory {
    let mut memory = Memory::new(octets.len());
    memory.put(octets);
    memory
}

/// A struct that a function reads, of any size that it may say of itself.
pub struct Given<T> {
    memory: Memory,
    pointer: *const T,
}

impl<T: Copy> Given<T> {
    /// The struct: most often whole; or as an older or a newer caller has it; or none at all.
    pub fn new(value: T, input: &mut Input<'_>) -> Self {
        let mut memory = Memory::new(ROOM);
        let choice = input.byte();
        memory.fill(u8::from(choice == 0xE1));
        let whole = size_of::<T>() as u32;
        let size = match choice {
            0xE0 | 0xE1 => whole + 8,
            0xE2..=0xEF => input.value(),
            _ => whole,
        };
        // SAFETY: the memory is aligned, and there is room for every struct of the interface.
        unsafe {
            memory.start().cast::<T>().write(value);
            memory.first::<u32>().write(size);
        }
        let pointer = match choice {
            0xFE => ptr::null(),
            // Misaligned, for all structs have numbers in them.
            0xFF => memory.start().wrapping_add(1).cast(),
            _ => memory.start().cast_const().cast(),
        };
        Self { memory, pointer }
    }

    /// For the function.
    pub fn pointer(&self) -> *const T {
        self.pointer
    }
}

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.memory.check();
        }
    }
}

/// Where a function writes a value.
pub struct Out<T> {
    memory: Memory,
    pointer: *mut T,
    /// How much of a struct that says its own size the caller knows.
    size: Option<u32>,
    kind: PhantomData<T>,
}

impl<T: Copy> Out<T> {
    /// A value that is written as a whole or not at all.
    pub fn plain(input: &mut Input<'_>) -> Self {
        let memory = Memory::new(size_of::<T>());
        let pointer = match input.byte() {
            0xFE => ptr::null_mut(),
            0xFF if align_of::<T>() > 1 => memory.start().wrapping_add(1).cast(),
            _ => memory.start().cast(),
        };
        Self { memory, pointer, size: None, kind: PhantomData }
    }

    /// A value that is written for sure, because the pointer is good.
    pub fn good() -> Self {
        let memory = Memory::new(size_of::<T>());
        let pointer = memory.start().cast();
        Self { memory, pointer, size: None, kind: PhantomData }
    }

    /// A struct that says its own size.
    pub fn sized(input: &mut Input<'_>) -> Self {
        let memory = Memory::new(ROOM);
        let choice = input.byte();
        let size = match choice {
            0xE0..=0xE7 => input.value(),
            0xE8..=0xEF => 8 + u32::from(input.byte()),
            _ => size_of::<T>() as u32,
        };
        // SAFETY: aligned, and there is room.
        unsafe { memory.first::<u32>().write(size) };
        let pointer = match choice {
            0xFE => ptr::null_mut(),
            0xFF => memory.start().wrapping_add(1).cast(),
            _ => memory.start().cast(),
        };
        Self { memory, pointer, size: Some(size), kind: PhantomData }
    }

    /// A struct that says its own size, and the right one.
    pub fn whole() -> Self {
        let memory = Memory::new(ROOM);
        // SAFETY: aligned, and there is room.
        unsafe { memory.first::<u32>().write(size_of::<T>() as u32) };
        let pointer = memory.start().cast();
        Self { memory, pointer, size: Some(size_of::<T>() as u32), kind: PhantomData }
    }

    /// For the function.
    pub fn pointer(&self) -> *mut T {
        self.pointer
    }

    fn untouched(&self) -> bool {
        let front = if self.size.is_some() { 4 } else { 0 };
        self.memory.octets().iter().skip(front).all(|octet| *octet == MARK)
    }

    /// After a call that may also write where it fails: not beyond what is known, and the size is what it was.
    ///
    /// # Panics
    /// If it did.
    pub fn wrote(&self) {
        self.memory.check();
        let Some(size) = self.size else { return };
        let written = (size as usize).min(size_of::<T>());
        let behind = self.memory.octets().get(written.max(4)..).unwrap_or_default();
        assert!(behind.iter().all(|octet| *octet == MARK), "more was written than the caller knows");
        // SAFETY: aligned and initialised.
        let now = unsafe { self.memory.first::<u32>().read() };
        assert!(now == size || now == size.min(size_of::<T>() as u32), "{now} instead of {size}");
    }

    /// After a call: where it fails it writes nothing, or all; a pointer that is no good is never `V2G_OK`.
    ///
    /// # Panics
    /// If it is not so.
    pub fn check(&self, status: i32) {
        self.wrote();
        if status < 0 {
            assert!(self.untouched(), "{status}, and something was written");
        }
        if !std::ptr::eq(self.pointer.cast(), self.memory.start()) {
            assert!(self.untouched(), "written where nobody said");
        }
    }

    /// What was written, if the caller knows all of it.
    pub fn value(&self) -> Option<T> {
        let whole = self.size.is_none_or(|size| size as usize >= size_of::<T>());
        let good = std::ptr::eq(self.pointer.cast(), self.memory.start());
        // SAFETY: aligned, and all octets are values of the numbers and pointers of which the structs are made.
        (whole && good).then(|| unsafe { self.memory.start().cast::<T>().read() })
    }
}
