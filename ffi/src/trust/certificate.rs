//! What is in a certificate.

use core::mem::offset_of;

use crate::border::{Outcome, status, versioned};
use crate::text::{v2g_bytes, v2g_str};
use crate::trust::verify::v2g_fault;

/// Algorithm of a key: P-521.
pub const V2G_KEY_P521: u32 = 1;
/// Algorithm of a key: Ed448.
pub const V2G_KEY_ED448: u32 = 2;
/// Algorithm of a key: P-256.
pub const V2G_KEY_P256: u32 = 3;
/// Algorithm of a key: P-384.
pub const V2G_KEY_P384: u32 = 4;

/// The common name is a contract's identifier (eMAID).
pub const V2G_IDENTIFIER_EMAID: u32 = 1;
/// The common name is the identifier of a vehicle that asks for contracts (PCID).
pub const V2G_IDENTIFIER_PCID: u32 = 2;
/// The common name is a vehicle's identifier (EVCCID).
pub const V2G_IDENTIFIER_EVCC: u32 = 4;
/// The common name is a station's identifier (SECCID).
pub const V2G_IDENTIFIER_SECC: u32 = 8;

/// What a certificate says of itself: views of its DER, which has to stay. Nothing of it is trusted before `v2g_trust_verify`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_certificate {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_KEY_*`; 0: another algorithm.
    pub algorithm: u32,
    /// `V2G_IDENTIFIER_*`, all whose form the common name has.
    pub identifiers: u32,
    /// 1: it says that it is an authority.
    pub authority: u32,
    /// From when it is valid, Unix time in seconds.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// Common name of the subject: of leaves, the identifier.
    pub subject: v2g_str,
    /// Organization of the subject.
    pub organization: v2g_str,
    /// Common name of the issuer.
    pub issuer: v2g_str,
    /// The serial number, big-endian without leading zeros.
    pub serial: v2g_bytes,
    /// The subject, DER.
    pub subject_der: v2g_bytes,
    /// The issuer, DER.
    pub issuer_der: v2g_bytes,
    /// The public key: a point, or as Ed448 has it.
    pub public_key: v2g_bytes,
    /// SubjectKeyIdentifier.
    pub subject_key: v2g_bytes,
    /// AuthorityKeyIdentifier.
    pub authority_key: v2g_bytes,
    /// Where its status is asked for.
    pub ocsp_uri: v2g_str,
}

versioned! {
    v2g_certificate offset_of!(v2g_certificate, ocsp_uri) + size_of::<v2g_str>();
}

/// Reads a certificate, DER. `V2G_E_TRUST`: it is none that V2G could have, `fault` says why; it may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_certificate_parse(
    der: v2g_bytes,
    certificate: *mut v2g_certificate,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { parse(der, certificate, fault) })
}

#[cfg(not(feature = "trust"))]
unsafe fn parse(_: v2g_bytes, _: *mut v2g_certificate, _: *mut v2g_fault) -> Outcome<i32> {
    Err(crate::status::V2G_E_UNSUPPORTED)
}

/// # Safety
/// As [`v2g_certificate_parse`].
#[cfg(feature = "trust")]
unsafe fn parse(der: v2g_bytes, out: *mut v2g_certificate, fault: *mut v2g_fault) -> Outcome<i32> {
    use v2g_pki::ids::{Emaid, EvccId, Pcid, SeccId};
    use v2g_pki::{Algorithm, Certificate};

    use crate::border::{room, writable, write};
    use crate::status::V2G_OK;
    use crate::trust::verify::refused;

    // SAFETY: promised by the caller; the same holds for each block below.
    let der = unsafe {
        writable(out)?;
        if !fault.is_null() {
            room(fault)?;
        }
        der.get()?
    };
    // SAFETY: as above.
    let certificate = Certificate::parse(der).map_err(|error| unsafe { refused(error, fault) })?;
    let algorithm = match certificate.key().algorithm() {
        Ok(Algorithm::P521) => V2G_KEY_P521,
        Ok(Algorithm::Ed448) => V2G_KEY_ED448,
        Ok(Algorithm::P256) => V2G_KEY_P256,
        Ok(Algorithm::P384) => V2G_KEY_P384,
        Err(_) => 0,
    };
    let name = certificate.subject().common_name().unwrap_or_default();
    let forms = [
        (Emaid::parse(name).is_some(), V2G_IDENTIFIER_EMAID),
        (Pcid::parse(name).is_some(), V2G_IDENTIFIER_PCID),
        (EvccId::parse(name).is_some(), V2G_IDENTIFIER_EVCC),
        (SeccId::parse(name).is_some(), V2G_IDENTIFIER_SECC),
    ];
    let identifiers = forms.iter().filter(|(has, _)| *has).map(|(_, form)| form).sum();
    let text = |text: Option<&str>| v2g_str::new(text.unwrap_or_default());
    let octets = |octets: Option<&[u8]>| v2g_bytes::new(octets.unwrap_or_default());
    let extensions = certificate.extensions();
    let validity = certificate.validity();
    let said = v2g_certificate {
        size: 0,
        algorithm,
        identifiers,
        authority: extensions.basic_constraints.is_some_and(|constraints| constraints.authority).into(),
        not_before: validity.not_before.unix(),
        not_after: validity.not_after.unix(),
        subject: v2g_str::new(name),
        organization: text(certificate.subject().organization()),
        issuer: text(certificate.issuer().common_name()),
        serial: v2g_bytes::new(certificate.serial()),
        subject_der: v2g_bytes::new(certificate.subject().der()),
        issuer_der: v2g_bytes::new(certificate.issuer().der()),
        public_key: v2g_bytes::new(certificate.key().bits()),
        subject_key: octets(extensions.subject_key),
        authority_key: octets(extensions.authority_key),
        ocsp_uri: text(extensions.ocsp_uri),
    };
    // SAFETY: as above.
    unsafe { write(out, said) }.map(|()| V2G_OK)
}
