//! Which interface this is.

use core::ffi::c_char;

use crate::border::done;
use crate::status::V2G_E_ABI;

/// Version of the interface that this header describes. It changes when a caller that was compiled with an older header
/// would no longer work: structs that only grow at their end, and new functions, do not change it.
pub const V2G_ABI_VERSION: u32 = 2;

/// Checks that the header that the caller was compiled with belongs to the library that it was linked with. Call it once, as
/// `v2g_abi_check(V2G_ABI_VERSION, (uint32_t)sizeof(void *))`, before anything else.
///
/// `V2G_E_ABI` if it does not: nothing else may be called then.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_abi_check(abi_version: u32, pointer_size: u32) -> i32 {
    let same = abi_version == V2G_ABI_VERSION && pointer_size as usize == size_of::<*const ()>();
    done(if same { Ok(()) } else { Err(V2G_E_ABI) })
}

/// Version of the library, such as "0.1.0". It lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::V2G_OK;

    #[test]
    fn another_version_or_another_machine_is_refused() {
        let pointer = size_of::<usize>() as u32;
        assert_eq!(v2g_abi_check(V2G_ABI_VERSION, pointer), V2G_OK);
        assert_eq!(v2g_abi_check(V2G_ABI_VERSION + 1, pointer), V2G_E_ABI);
        assert_eq!(v2g_abi_check(V2G_ABI_VERSION, pointer + 1), V2G_E_ABI);
    }
}
