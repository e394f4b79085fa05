//! Decisions, taken from the octets of the fuzzer.

use std::mem::MaybeUninit;
use std::ptr;

use v2g::number::v2g_number;

/// Takes decisions from the octets of the fuzzer; zeros, the usual decision everywhere, when they are used up.
#[derive(Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All decisions.
    pub fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Whether there are decisions left.
    pub fn has_more(&self) -> bool {
        !self.0.is_empty()
    }

    /// One octet.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    /// So many octets as the first one says.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Something that is seldom done.
    pub fn seldom(&mut self) -> bool {
        self.byte() >= 0xF0
    }

    /// A number, most often a small one, as choices are.
    pub fn value(&mut self) -> u32 {
        match self.byte() {
            small @ 0..=0xEF => u32::from(small),
            large @ 0xF0..=0xF7 => u32::MAX - u32::from(large & 7),
            _ => u32::from_le_bytes(self.array()),
        }
    }

    /// A choice of so many that there are, counted from 1, or seldom another number.
    pub fn choice(&mut self, count: u32) -> u32 {
        match self.byte() {
            usual @ 0..=0xEF => 1 + u32::from(usual) % count,
            _ => self.value(),
        }
    }

    /// A large number.
    pub fn large(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// A length of memory of which there is so much; most often all of it.
    pub fn length(&mut self, most: usize) -> usize {
        match self.byte() {
            0..=0xBF => most,
            0xC0..=0xDF => usize::from(self.byte()).min(most),
            _ => usize::from(u16::from_le_bytes(self.array())).min(most),
        }
    }

    /// A number of the interface's: any of them.
    pub fn number(&mut self) -> v2g_number {
        match self.byte() {
            0..=0x7F => v2g_number { value: i16::from(self.byte()) * 10, exponent: 0, present: 1 },
            0x80..=0x9F => v2g_number { value: 0, exponent: 0, present: 0 },
            _ => {
                let [low, high, exponent, present] = self.array();
                v2g_number { value: i16::from_le_bytes([low, high]), exponent: exponent as i8, present }
            }
        }
    }

    /// A struct of numbers, filled with octets; zeros behind them.
    ///
    /// # Safety
    /// All octets are values of it.
    pub unsafe fn filled<T: Copy>(&mut self) -> T {
        let octets = self.bytes();
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: no more than the struct is written; all octets are values, as the caller promises.
        unsafe {
            let count = octets.len().min(size_of::<T>());
            ptr::copy_nonoverlapping(octets.as_ptr(), value.as_mut_ptr().cast(), count);
            value.assume_init()
        }
    }
}

/// A struct of C's that is all zeros.
pub fn zeroed<T: Copy>() -> T {
    // SAFETY: structs of C's are made of numbers, pointers and functions that may be null.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
