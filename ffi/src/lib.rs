#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod border;
pub mod codec;
pub mod config;
pub mod evcc;
pub mod generated;
#[cfg(feature = "hosted")]
pub mod hosted;
pub mod kinds;
pub mod number;
pub mod power;
pub mod sdp;
pub mod secc;
pub mod session;
pub mod slac;
pub mod status;
pub mod stream;
pub mod text;
pub mod trace;
pub mod trust;
pub mod version;

/// Panics are bugs: nothing that a peer or a caller does causes one. This one says where, and never returns.
#[cfg(all(feature = "panic-handler", not(feature = "std"), not(test)))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn v2g_platform_panic(file: *const core::ffi::c_char, length: usize, line: u32) -> !;
    }
    let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
    // SAFETY: the platform supplies this function with this signature, see v2g_platform.h; the text lives for ever.
    unsafe { v2g_platform_panic(file.as_ptr().cast(), file.len(), line) }
}

/// The precompiled parts of the language refer to this on machines with an operating system. Nothing unwinds here, so nobody calls
/// it.
#[cfg(all(feature = "panic-handler", not(feature = "std"), not(test), not(target_os = "none")))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
