//! Keys of the vehicle's, which stay where the host has them.

use core::ffi::c_void;
use core::mem::offset_of;

use crate::border::{Outcome, done, status, versioned};
use crate::evcc::v2g_evcc;
use crate::text::v2g_bytes;

/// To be signed: the request for authorization, with the key of contract `contract`.
pub const V2G_SIGN_AUTHORIZATION: u32 = 1;
/// To be signed: the request for a contract, with the key of the provisioning certificate.
pub const V2G_SIGN_INSTALLATION: u32 = 2;
/// To be signed: meter readings, with the key of contract `contract`.
pub const V2G_SIGN_METERING: u32 = 3;

/// `contract` where the session was not authorized by one.
pub const V2G_NO_CONTRACT: u32 = u32::MAX;

/// What a key is to sign.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_sign_request {
    /// `V2G_SIGN_*`: which key.
    pub subject: u32,
    /// The contract, by its place in the list.
    pub contract: u32,
    /// `V2G_SCHEME_*`, as the caller said.
    pub scheme: u32,
    /// Zero.
    pub reserved: u32,
    /// The message. It lives during the call.
    pub message: v2g_bytes,
    /// Its digest, for devices that sign those: SHA-512 with P-521, SHA-256 with P-256; none with Ed448.
    pub digest: v2g_bytes,
}

/// Signs: writes r and s of equal length (P-521: 132 octets), or as Ed448 has it, to `out` and their length to `length`, and returns
/// `V2G_OK`. `V2G_PENDING`: it has begun, on copies of what it was given, and `v2g_evcc_complete_signature` brings the result. Anything
/// else: it cannot. It is called from within a call of the engine, which must not be called from it.
pub type v2g_sign = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const v2g_sign_request,
        out: *mut u8,
        capacity: usize,
        length: *mut usize,
    ) -> i32,
>;

/// A signature that is being made. What is in it is the library's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_signing {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_SIGN_*`.
    pub subject: u32,
    /// The contract, by its place in the list.
    pub contract: u32,
    /// `V2G_SCHEME_*`.
    pub scheme: u32,
    /// Octets of `digest`.
    pub digest_length: u32,
    /// Zero.
    pub reserved: u32,
    /// Digest of the element.
    pub digest: [u8; 64],
}

versioned! {
    v2g_signing offset_of!(v2g_signing, digest) + 64;
}

/// Signs what a `V2G_EVCC_SIGN_*` event asked for, through `sign`, and gives it to the engine. `scratch` takes the element; 8 KiB
/// hold any.
///
/// `V2G_NONE`: nothing is to be signed. `V2G_PENDING`: the key takes its time; keep `signing` until the signature is there.
/// `V2G_E_KEY`: the key does not sign; the engine goes another way when its deadline passes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_sign(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    signature_scheme: u32,
    sign: v2g_sign,
    user: *mut c_void,
    scratch: *mut u8,
    capacity: usize,
    signing: *mut v2g_signing,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { start(evcc, now_ms, signature_scheme, (sign, user), (scratch, capacity), signing) })
}

/// Gives the engine a signature that took its time.
///
/// `V2G_E_NOT_ASKED`: the engine does not wait for it any more. `V2G_E_VALUE`: it is too long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_complete_signature(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    signing: *const v2g_signing,
    signature: v2g_bytes,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { complete(evcc, now_ms, signing, signature) })
}

#[cfg(not(feature = "trust"))]
unsafe fn start(
    evcc: *mut v2g_evcc,
    _: u64,
    _: u32,
    _: (v2g_sign, *mut c_void),
    _: (*mut u8, usize),
    _: *mut v2g_signing,
) -> Outcome<i32> {
    // SAFETY: promised by the caller.
    unsafe { crate::border::enter(evcc) }.and(Err(crate::status::V2G_E_UNSUPPORTED))
}

#[cfg(not(feature = "trust"))]
unsafe fn complete(evcc: *mut v2g_evcc, _: u64, _: *const v2g_signing, _: v2g_bytes) -> Outcome {
    // SAFETY: promised by the caller.
    unsafe { crate::border::enter(evcc) }.and(Err(crate::status::V2G_E_UNSUPPORTED))
}

#[cfg(feature = "trust")]
use with_trust::{complete, start};

#[cfg(feature = "trust")]
mod with_trust {
    use iso15118_20::evcc::{Evcc, SignatureSubject};
    use iso15118_20::message::EncodeError;
    use iso15118_20::security::{MAX_SIGNATURE, SIGNED_ID, SignatureScheme, Signed};
    use sha2::{Digest as _, Sha256, Sha512};
    use v2g_pki::Algorithm;
    use v2g_pki::keystore::SignatureValue;
    use v2g_pki::xmlsig::ToSign;

    use super::{
        Outcome, V2G_NO_CONTRACT, V2G_SIGN_AUTHORIZATION, V2G_SIGN_INSTALLATION, V2G_SIGN_METERING, c_void,
        v2g_bytes, v2g_evcc, v2g_sign, v2g_sign_request, v2g_signing,
    };
    use crate::border::{enter, read, slice_mut, writable, write};
    use crate::evcc::sign::scheme;
    use crate::session::{instant, of_encode};
    use crate::status::{
        V2G_E_BUFFER, V2G_E_KEY, V2G_E_NOT_ASKED, V2G_E_NULL, V2G_E_VALUE, V2G_NONE, V2G_OK, V2G_PENDING,
    };

    /// Which signature the engine waits for: subject and contract.
    fn wanted(evcc: &Evcc<'_>) -> Option<(u32, u32)> {
        Some(match evcc.signature_wanted()?.subject {
            SignatureSubject::Authorization { contract } => (V2G_SIGN_AUTHORIZATION, contract as u32),
            SignatureSubject::Installation => (V2G_SIGN_INSTALLATION, V2G_NO_CONTRACT),
            SignatureSubject::Metering { contract } => {
                (V2G_SIGN_METERING, contract.map_or(V2G_NO_CONTRACT, |contract| contract as u32))
            }
        })
    }

    /// # Safety
    /// As [`v2g_evcc_sign`](super::v2g_evcc_sign).
    pub(super) unsafe fn start(
        evcc: *mut v2g_evcc,
        now_ms: u64,
        number: u32,
        (sign, user): (v2g_sign, *mut c_void),
        scratch: (*mut u8, usize),
        signing: *mut v2g_signing,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (mut evcc, scratch) = unsafe {
            let evcc = enter(evcc)?;
            writable(signing)?;
            (evcc, slice_mut(scratch.0, scratch.1)?)
        };
        let sign = sign.ok_or(V2G_E_NULL)?;
        let scheme = scheme(number)?;
        let Some((subject, contract)) = wanted(&evcc) else { return Ok(V2G_NONE) };
        let length = evcc.to_be_signed(scratch).map_err(|error| match error {
            EncodeError::BufferTooSmall { .. } => V2G_E_BUFFER,
            error @ EncodeError::Value(_) => of_encode(error),
        })?;
        let Some(length) = length else { return Ok(V2G_NONE) };
        let fragment = scratch.get(..length).unwrap_or_default();
        let algorithm = match scheme {
            SignatureScheme::EcdsaP521Sha512 => Algorithm::P521,
            SignatureScheme::Ed448Shake256 => Algorithm::Ed448,
            SignatureScheme::EcdsaP256Sha256 => Algorithm::P256,
        };
        let to_sign = ToSign::of_fragment(fragment, SIGNED_ID.into(), algorithm).map_err(|_| V2G_E_VALUE)?;
        let (long, short): ([u8; 64], [u8; 32]) =
            (Sha512::digest(to_sign.message()).into(), Sha256::digest(to_sign.message()).into());
        let digest: &[u8] = match algorithm {
            Algorithm::P521 => &long,
            Algorithm::P256 => &short,
            Algorithm::Ed448 | Algorithm::P384 => &[],
        };
        let request = v2g_sign_request {
            subject,
            contract,
            scheme: number,
            reserved: 0,
            message: v2g_bytes::new(to_sign.message()),
            digest: v2g_bytes::new(digest),
        };
        let (mut value, mut length) = ([0; MAX_SIGNATURE], 0);
        // SAFETY: as above; the function was given for this, and what it gets lives during the call.
        let status =
            unsafe { sign(user, &raw const request, value.as_mut_ptr(), value.len(), &raw mut length) };
        let value = match status {
            V2G_OK => value.get(..length).ok_or(V2G_E_KEY)?,
            V2G_PENDING => &[],
            _ => return Err(V2G_E_KEY),
        };
        let value = SignatureValue::new(value).ok_or(V2G_E_KEY)?;
        let signed = Signed::of(&to_sign.finish(value)).ok_or(V2G_E_VALUE)?;
        if status == V2G_OK {
            evcc.signed(instant(now_ms), signed);
            return Ok(V2G_OK);
        }
        let mut digest = [0; 64];
        for (place, octet) in digest.iter_mut().zip(signed.digest()) {
            *place = *octet;
        }
        let begun = v2g_signing {
            size: 0,
            subject,
            contract,
            scheme: number,
            digest_length: signed.digest().len() as u32,
            reserved: 0,
            digest,
        };
        // SAFETY: as above.
        unsafe { write(signing, begun) }.map(|()| V2G_PENDING)
    }

    /// # Safety
    /// As [`v2g_evcc_complete_signature`](super::v2g_evcc_complete_signature).
    pub(super) unsafe fn complete(
        evcc: *mut v2g_evcc,
        now_ms: u64,
        signing: *const v2g_signing,
        signature: v2g_bytes,
    ) -> Outcome {
        // SAFETY: promised by the caller.
        let (mut evcc, begun, signature) = unsafe { (enter(evcc)?, read(signing)?, signature.get()?) };
        let digest = begun.digest.get(..begun.digest_length as usize).ok_or(V2G_E_VALUE)?;
        let signed = Signed::new(scheme(begun.scheme)?, digest, signature).ok_or(V2G_E_VALUE)?;
        // One that comes late must not be taken for that of another contract.
        if wanted(&evcc) != Some((begun.subject, begun.contract)) {
            return Err(V2G_E_NOT_ASKED);
        }
        evcc.signed(instant(now_ms), signed);
        Ok(())
    }
}
