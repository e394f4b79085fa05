//! What one end of TLS is made of.

use core::ffi::c_void;
use core::mem::offset_of;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use v2g_pki::keystore::KeyRole;
use v2g_pki::{Anchor, Certificate, Curves, Policy, RootKind};
use v2g_tls::rustls::pki_types::UnixTime;
use v2g_tls::rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use v2g_tls::{AuthorityStatus, Config, Credential, CredentialError, PathVerifier, Profile};

use super::key;
use crate::border::{Outcome, put, read, slice, versioned};
use crate::status::{V2G_E_KEY, V2G_E_TRUST, V2G_E_UNSUPPORTED, V2G_E_VALUE};
use crate::text::v2g_bytes;
use crate::trust::keys::v2g_sign;
use crate::trust::verify::{
    V2G_SUBJECT_CERTIFICATE, V2G_SUBJECT_ROOT, report, v2g_fault, v2g_trust, with_trust,
};

/// TLS as ISO 15118-20 has it: TLS 1.3, secp521r1, ECDSA on P-521.
pub const V2G_TLS_STRICT: u32 = 0;
/// What `V2G_TLS_STRICT` has, and P-256 after it. For laboratories.
pub const V2G_TLS_LAB: u32 = 1;

/// Where nothing says whether an authority between root and leaf is revoked, the chain is accepted for the time being if the status of
/// its leaf is known. Stations staple that of their leaf alone; the host asks for the rest, and has the chain of `v2g_tls_certificate`
/// checked by `v2g_trust_verify` before the session matters.
pub const V2G_TLS_AUTHORITIES_DEFERRED: u32 = 1;

/// To be signed: a handshake of TLS, with the key of the own certificate; and once, when the handle is made, a text that shows that it
/// is that key. In the terms of `v2g_sign_request`; `contract` is `V2G_NO_CONTRACT`.
pub const V2G_SIGN_TLS: u32 = 4;

/// What one end of TLS is made of. All of it is copied: it has to live during the call alone, except `user`.
///
/// Zeros are the strict profile of ISO 15118-20. The key is either `key` or `sign`, not both.
///
/// ```c
/// v2g_trust trust = V2G_TRUST_INIT;
/// trust.revocation = V2G_REVOCATION_DEFERRED;
/// trust.store = roots;
/// v2g_tls_config config = V2G_TLS_CONFIG_INIT;
/// config.chain = chain;
/// config.chain_count = 3;
/// config.key = v2g_bytes_of(number, sizeof number);
/// config.staple = v2g_bytes_of(response, response_length);
/// config.trust = &trust;
/// v2g_tls *tls;
/// v2g_fault fault;
/// int32_t status = v2g_tls_station_new(&config, &tls, &fault);
/// ```
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_tls_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_TLS_STRICT` or `V2G_TLS_LAB`.
    pub profile: u32,
    /// `V2G_TLS_AUTHORITIES_DEFERRED`.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The own certificates, DER, the leaf first, without a root.
    pub chain: *const v2g_bytes,
    /// How many.
    pub chain_count: usize,
    /// The private key of the leaf, the number, big-endian: 66 octets with P-521, 32 with P-256. Overwrite it afterwards; the copy of
    /// the library is overwritten when the handle is freed.
    pub key: v2g_bytes,
    /// Or who signs with it. It blocks the call that it is called from, so `V2G_PENDING` is a failure. Signatures as with
    /// `v2g_evcc_sign`.
    pub sign: v2g_sign,
    /// For `sign`. It is used by whatever thread uses the handle.
    pub user: *mut c_void,
    /// OCSP response about the own leaf, DER, which a station staples; may be empty.
    pub staple: v2g_bytes,
    /// How peers are checked: edition, revocation, roots, lists, responses. `unix_seconds` is the time of day now, and is kept by the
    /// clock that does not go back; 0: that of the system. TLS checks signatures itself: with a `verify` it is `V2G_E_UNSUPPORTED`.
    pub trust: *const v2g_trust,
}

versioned! {
    v2g_tls_config offset_of!(v2g_tls_config, trust) + size_of::<usize>();
}

/// What is copied of what a caller trusts.
struct Trusted {
    roots: Vec<(RootKind, Vec<u8>)>,
    ocsp: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    policy: Policy,
    unix_seconds: i64,
}

impl Trusted {
    /// # Safety
    /// As [`with_trust`].
    unsafe fn of(trust: *const v2g_trust) -> Outcome<Self> {
        let owned = |all: &[&[u8]]| all.iter().map(|der| der.to_vec()).collect();
        // SAFETY: promised by the caller.
        unsafe {
            with_trust(trust, |trust| {
                let anchors = (0..).map_while(|index| trust.anchors.anchor(index));
                Ok(Self {
                    roots: anchors.map(|anchor| (anchor.kind(), anchor.der().to_vec())).collect(),
                    ocsp: owned(trust.evidence.ocsp),
                    crls: owned(trust.evidence.crls),
                    policy: trust.policy,
                    unix_seconds: trust.now.unix(),
                })
            })
        }
    }
}

/// A time that the host gave, kept by the clock that does not go back.
#[derive(Debug)]
struct Since {
    given: Duration,
    at: Instant,
}

impl TimeProvider for Since {
    fn current_time(&self) -> Option<UnixTime> {
        self.given.checked_add(self.at.elapsed()).map(UnixTime::since_unix_epoch)
    }
}

/// The configuration behind a pointer. Of certificates and roots that cannot be used, `fault` says why.
///
/// # Safety
/// What is given is there, and `fault` is null or can be written.
pub(super) unsafe fn of(
    given: *const v2g_tls_config,
    role: KeyRole,
    fault: *mut v2g_fault,
) -> Outcome<Config> {
    // SAFETY: promised by the caller; the same holds for each block below.
    let given = unsafe { read(given) }?;
    let profile = match given.profile {
        V2G_TLS_STRICT => Profile::V2g20,
        V2G_TLS_LAB => Profile::Lab,
        _ => return Err(V2G_E_VALUE),
    };
    let authorities = match given.flags {
        0 => AuthorityStatus::AsLeaf,
        V2G_TLS_AUTHORITIES_DEFERRED => AuthorityStatus::Deferred,
        _ => return Err(V2G_E_VALUE),
    };
    // SAFETY: as above.
    let (chain, number, staple, trusted) = unsafe {
        let chain = slice(given.chain, given.chain_count)?.iter().map(|der| der.get().map(<[u8]>::to_vec));
        let chain: Vec<Vec<u8>> = chain.collect::<Outcome<_>>()?;
        (chain, given.key.get()?, given.staple.get()?, Trusted::of(given.trust)?)
    };
    // SAFETY: as above.
    if unsafe { read(given.trust) }?.verify.is_some() {
        return Err(V2G_E_UNSUPPORTED);
    }
    let seconds = u64::try_from(trusted.unix_seconds).map_err(|_| V2G_E_VALUE)?;
    let leaf = chain.first().ok_or(V2G_E_VALUE)?;
    if given.reserved != 0 || given.sign.is_some() != number.is_empty() {
        return Err(V2G_E_VALUE);
    }
    for (index, der) in chain.iter().enumerate() {
        if let Err(error) = Certificate::parse(der) {
            // SAFETY: as above.
            return Err(unsafe { refused(error, (V2G_SUBJECT_CERTIFICATE, index), fault) });
        }
    }
    let signer = match given.sign {
        Some(_) => key::behind(leaf, given.sign, given.user)?,
        None => key::in_memory(leaf, role, number)?,
    };
    let credential = Credential::new(chain, signer).map_err(|error| match error {
        CredentialError::Empty => V2G_E_VALUE,
        _ => V2G_E_KEY,
    })?;
    credential.set_staple((!staple.is_empty()).then(|| staple.to_vec()));

    let verifier = PathVerifier::new(trusted.roots.clone(), trusted.policy).map_err(|error| {
        let bad = |(kind, der): &(RootKind, Vec<u8>)| Anchor::checked(*kind, der, &Curves).is_err();
        let index = trusted.roots.iter().position(bad).unwrap_or_default();
        // SAFETY: as above.
        unsafe { refused(error, (V2G_SUBJECT_ROOT, index), fault) }
    })?;
    verifier.set_evidence(trusted.ocsp, trusted.crls);
    let time: Arc<dyn TimeProvider> = match seconds {
        0 => Arc::new(DefaultTimeProvider),
        _ => Arc::new(Since { given: Duration::from_secs(seconds), at: Instant::now() }),
    };
    let verifier = Arc::new(verifier.authorities(authorities));
    Ok(Config { profile, time, ..Config::new(std::vec![Arc::new(credential)], verifier) })
}

/// Tells why a certificate of the configuration cannot be used, and becomes the status.
///
/// # Safety
/// `fault` is null or can be written.
unsafe fn refused(error: v2g_pki::Error, (subject, index): (u32, usize), fault: *mut v2g_fault) -> i32 {
    if fault.is_null() {
        return V2G_E_TRUST;
    }
    // SAFETY: promised by the caller.
    let told = unsafe { put(fault, v2g_fault { subject, index: index as u32, ..report(error) }) };
    told.err().unwrap_or(V2G_E_TRUST)
}
