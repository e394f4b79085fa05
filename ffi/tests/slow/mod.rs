//! A device that checks signatures and takes its time.

use std::ffi::c_void;

use v2g::status::{V2G_OK, V2G_PENDING};
use v2g::trust::device::v2g_verify_request;

/// A device that begins when it is asked, and knows the answer when it is asked again.
pub unsafe extern "C" fn slow(user: *mut c_void, request: *const v2g_verify_request) -> i32 {
    // SAFETY: the test gave what is known, and the request lives.
    let (known, signature) = unsafe { (&mut *user.cast::<Vec<Vec<u8>>>(), (*request).signature) };
    // SAFETY: as above.
    let signature = unsafe { std::slice::from_raw_parts(signature.data, signature.length) };
    if known.iter().any(|other| other == signature) {
        return V2G_OK;
    }
    known.push(signature.to_vec());
    V2G_PENDING
}
