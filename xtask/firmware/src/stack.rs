//! How much stack a call takes: paint what is free, call, see what lost its colour.
//!
//! The only `unsafe` of the project. There is no safe way to look below one's own stack pointer, and nothing else
//! knows what the compiler made of a call.

use cortex_m::register::msp;

/// As much as is painted; no call that is measured may come near.
const DEPTH: u32 = 64 * 1024;

const COLOUR: u32 = 0xA5C3_3C5A;

/// Octets of stack that `call` used, its own frame included.
#[inline(never)]
pub fn stack_of(call: &mut dyn FnMut()) -> u32 {
    let top = msp::read() & !3;
    let bottom = top - DEPTH;
    for address in (bottom..top).step_by(4) {
        // SAFETY: RAM below the stack pointer, at least 64 KiB above the statics (the linker script gives the
        // stack the whole rest of 4 MiB); nothing lives there, and there are no interrupts.
        unsafe { (address as *mut u32).write_volatile(COLOUR) };
    }
    call();
    // SAFETY: as above; reading what was painted.
    let changed = |address: &u32| unsafe { (*address as *const u32).read_volatile() } != COLOUR;
    top - (bottom..top).step_by(4).find(changed).unwrap_or(top)
}
