//! Texts and octets of the caller's, and of ours.

use core::ffi::c_char;

use crate::border::{Outcome, slice};
use crate::status::V2G_E_TEXT;

/// A text, UTF-8, not ended by a zero. `V2G_STR("literal")` makes one.
///
/// In what is given to a function, the text has to live as long as that function says; in what comes back, it lives until the
/// next call of the same handle, unless said otherwise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_str {
    /// First octet; may be null if there are none.
    pub data: *const c_char,
    /// Octets.
    pub length: usize,
}

/// Octets. Lifetimes as with `v2g_str`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_bytes {
    /// First octet; may be null if there are none.
    pub data: *const u8,
    /// Octets.
    pub length: usize,
}

impl v2g_str {
    pub(crate) const fn new(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), length: text.len() }
    }

    /// The text.
    ///
    /// # Safety
    /// There are so many octets, and nobody changes them for `'a`.
    pub(crate) unsafe fn get<'a>(self) -> Outcome<&'a str> {
        // SAFETY: promised by the caller.
        let octets = unsafe { slice(self.data.cast::<u8>(), self.length) }?;
        core::str::from_utf8(octets).map_err(|_| V2G_E_TEXT)
    }
}

impl v2g_bytes {
    pub(crate) const fn new(octets: &[u8]) -> Self {
        Self { data: octets.as_ptr(), length: octets.len() }
    }

    /// The octets.
    ///
    /// # Safety
    /// There are so many, and nobody changes them for `'a`.
    pub(crate) unsafe fn get<'a>(self) -> Outcome<&'a [u8]> {
        // SAFETY: promised by the caller.
        unsafe { slice(self.data, self.length) }
    }
}
