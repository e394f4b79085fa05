//! Signatures that a device of the host's checks.

use core::ffi::c_void;

use crate::text::v2g_bytes;

/// A signature to be checked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_verify_request {
    /// `V2G_SCHEME_*`.
    pub scheme: u32,
    /// Zero.
    pub reserved: u32,
    /// The public key: an uncompressed point, or as Ed448 has it. Whether it is a point of its curve is the device's to find out.
    pub key: v2g_bytes,
    /// The message.
    pub message: v2g_bytes,
    /// Its digest, for devices that check those: SHA-512 with P-521, SHA-256 with P-256; none with Ed448.
    pub digest: v2g_bytes,
    /// r and s of equal length (P-521: 132 octets), or as Ed448 has it.
    pub signature: v2g_bytes,
}

/// Checks a signature: `V2G_OK` if it holds. All of the request lives during the call.
///
/// `V2G_PENDING`: the device has begun, on copies of what it was given. The function that asked returns `V2G_PENDING` and has done
/// nothing. Call it again with the same arguments once the answer is there: it begins anew and asks for the same signatures, of
/// which the device remembers those that it has checked. Anything else: the signature does not hold, or cannot be checked.
pub type v2g_verify =
    Option<unsafe extern "C" fn(user: *mut c_void, request: *const v2g_verify_request) -> i32>;

#[cfg(feature = "trust")]
pub(crate) use with_trust::device;

#[cfg(feature = "trust")]
mod with_trust {
    use core::cell::Cell;

    use sha2::{Digest as _, Sha256, Sha512};
    use v2g_pki::Algorithm;
    use v2g_pki::device::{Answer, Device, Question};

    use super::v2g_verify_request;
    use crate::evcc::sign::{V2G_SCHEME_ECDSA_P256, V2G_SCHEME_ECDSA_P521, V2G_SCHEME_ED448};
    use crate::status::{V2G_OK, V2G_PENDING};
    use crate::text::v2g_bytes;
    use crate::trust::verify::v2g_trust;

    /// The host's device; without one, one for which nothing holds. `pending` becomes true where it takes its time.
    ///
    /// # Safety
    /// `verify` may be called with `verify_user` as long as the device lives.
    pub(crate) unsafe fn device<'p>(
        given: &v2g_trust,
        pending: &'p Cell<bool>,
    ) -> Device<impl Fn(&Question<'_>) -> Answer + use<'p>> {
        let (verify, user) = (given.verify, given.verify_user);
        Device(move |question: &Question<'_>| {
            let (long, short): ([u8; 64], [u8; 32]);
            let (scheme, digest): (u32, &[u8]) = match question.algorithm {
                Algorithm::P521 => {
                    long = Sha512::digest(question.message).into();
                    (V2G_SCHEME_ECDSA_P521, &long)
                }
                Algorithm::P256 => {
                    short = Sha256::digest(question.message).into();
                    (V2G_SCHEME_ECDSA_P256, &short)
                }
                Algorithm::Ed448 => (V2G_SCHEME_ED448, &[]),
                Algorithm::P384 => return Answer::Fails,
            };
            let request = v2g_verify_request {
                scheme,
                reserved: 0,
                key: v2g_bytes::new(question.key),
                message: v2g_bytes::new(question.message),
                digest: v2g_bytes::new(digest),
                signature: v2g_bytes::new(question.signature),
            };
            // SAFETY: promised by the caller; what the request points to lives during the call.
            match verify.map(|verify| unsafe { verify(user, &raw const request) }) {
                Some(V2G_OK) => Answer::Holds,
                Some(V2G_PENDING) => {
                    pending.set(true);
                    Answer::Fails
                }
                _ => Answer::Fails,
            }
        })
    }
}
