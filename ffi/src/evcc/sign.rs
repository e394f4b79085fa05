//! What the vehicle has to sign, and what came of it.

use iso15118_20::evcc::InstallationVerdict;
use iso15118_20::security::{SignatureScheme, Signed, encode_signed_info};

use super::v2g_evcc;
use crate::border::{Outcome, done, enter, put, slice_mut, status, with};
use crate::session::{instant, of_encode};
use crate::status::{V2G_E_BUFFER, V2G_E_VALUE, V2G_NONE, V2G_OK};
use crate::text::v2g_bytes;

/// Signature scheme: ECDSA on P-521 with SHA-512; signatures of 132 octets, digests of 64.
pub const V2G_SCHEME_ECDSA_P521: u32 = 1;
/// Signature scheme: Ed448 with SHAKE256; signatures of 114 octets, digests of 64.
pub const V2G_SCHEME_ED448: u32 = 2;
/// Signature scheme: ECDSA on P-256 with SHA-256, which ISO 15118-20 does not have and deployed peers use.
pub const V2G_SCHEME_ECDSA_P256: u32 = 3;

pub(crate) fn scheme(number: u32) -> Outcome<SignatureScheme> {
    Ok(match number {
        V2G_SCHEME_ECDSA_P521 => SignatureScheme::EcdsaP521Sha512,
        V2G_SCHEME_ED448 => SignatureScheme::Ed448Shake256,
        V2G_SCHEME_ECDSA_P256 => SignatureScheme::EcdsaP256Sha256,
        _ => return Err(V2G_E_VALUE),
    })
}

/// Writes the EXI fragment of the element to be signed, after a `V2G_EVCC_SIGN_*` event. Its digest goes into
/// `v2g_signed_info`, what that writes is what the key signs, and both go into `v2g_evcc_respond_signature`.
///
/// `V2G_NONE`: nothing is to be signed. `V2G_E_BUFFER`: `capacity` is too small, 8 KiB do for any chain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_to_be_signed(
    evcc: *const v2g_evcc,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    let written = || unsafe {
        let evcc = enter(evcc)?;
        put(length, 0)?;
        match evcc.to_be_signed(slice_mut(out, capacity)?) {
            Ok(None) => Ok(V2G_NONE),
            Ok(Some(used)) => put(length, used).map(|()| V2G_OK),
            Err(error) => needed(error, length),
        }
    };
    status(written())
}

/// Writes the EXI fragment of the `SignedInfo` around the digest of an element's fragment: this is what the key signs.
///
/// `V2G_E_BUFFER`: `capacity` is too small, 400 octets do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_signed_info(
    signature_scheme: u32,
    digest: v2g_bytes,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let written = || unsafe {
        put(length, 0)?;
        let (scheme, digest) = (scheme(signature_scheme)?, digest.get()?);
        match encode_signed_info(scheme, digest, slice_mut(out, capacity)?) {
            Ok(used) => put(length, used).map(|()| V2G_OK),
            Err(error) => needed(error, length),
        }
    };
    status(written())
}

/// # Safety
/// As [`put`].
unsafe fn needed(error: iso15118_20::message::EncodeError, length: *mut usize) -> Outcome<i32> {
    if let iso15118_20::message::EncodeError::BufferTooSmall { needed } = error {
        // SAFETY: promised by the caller.
        unsafe { put(length, needed) }?;
        return Err(V2G_E_BUFFER);
    }
    Err(of_encode(error))
}

/// Delivers the signature that a `V2G_EVCC_SIGN_*` event asked for: with which scheme (`V2G_SCHEME_*`), the digest of the
/// element, and the signature. Without one before the deadline the vehicle goes another way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_respond_signature(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    signature_scheme: u32,
    digest: v2g_bytes,
    signature: v2g_bytes,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            let signed = Signed::new(scheme(signature_scheme)?, digest.get()?, signature.get()?);
            evcc.signed(instant(now_ms), signed.ok_or(V2G_E_VALUE)?);
            Ok(())
        })
    }
}

/// Says what became of the contract that was delivered: 1 it is stored, 2 it does not hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_respond_installed(evcc: *mut v2g_evcc, now_ms: u64, verdict: u32) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(evcc) }.and_then(|mut evcc| {
        evcc.installed(
            instant(now_ms),
            match verdict {
                1 => InstallationVerdict::Accepted,
                2 => InstallationVerdict::Refused,
                _ => return Err(V2G_E_VALUE),
            },
        );
        Ok(())
    }))
}
