//! What the firmware programs share.
#![no_std]

mod stack;

use core::hint::black_box;
use core::panic::PanicInfo;

use exi_codec::{Document, Error};

pub use cortex_m_rt::entry;
pub use stack::stack_of;

/// Nothing in these programs panics; that the linker leaves this out is part of what is measured.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Receives, decodes, encodes and sends one message. Nothing is known to the optimizer about octets or lengths,
/// so that all of the decoder and all of the encoder is needed.
///
/// # Errors
/// The message is invalid or does not fit.
#[inline(never)]
pub fn pass_on<'a, M: Document<'a>>(input: &'a [u8], out: &mut [u8]) -> Result<usize, Error> {
    exi_codec::encode(&exi_codec::decode::<M>(black_box(input))?, black_box(out))
}

/// A program that passes on messages and fragments of the sets named.
#[macro_export]
macro_rules! program {
    ($($root:ty),*) => {
        #[$crate::entry]
        fn main() -> ! {
            let (input, mut out) = ([0; 64], [0; 64]);
            loop {
                $(let _ = core::hint::black_box($crate::pass_on::<$root>(&input, &mut out));)*
                core::hint::black_box((&input, &mut out));
            }
        }
    };
}
