//! Chains of certificates, checked for a role.

use core::ffi::c_void;
use core::mem::offset_of;

use crate::border::{Outcome, status, versioned};
use crate::text::v2g_bytes;
use crate::trust::device::v2g_verify;
use crate::trust::store::v2g_trust_store;

/// Role: a station as TLS server.
pub const V2G_ROLE_SECC: u32 = 1;
/// Role: a vehicle as TLS client.
pub const V2G_ROLE_VEHICLE: u32 = 2;
/// Role: a contract, which signs `AuthorizationReq`.
pub const V2G_ROLE_CONTRACT: u32 = 3;
/// Role: a vehicle that asks for a contract.
pub const V2G_ROLE_PROVISIONING: u32 = 4;
/// Role: a certificate provisioning service.
pub const V2G_ROLE_CPS: u32 = 5;
/// Role: any other; RFC 5280 without a profile.
pub const V2G_ROLE_OTHER: u32 = 6;

/// Root: of V2G; may certify every role.
pub const V2G_ROOT_V2G: u32 = 1;
/// Root: of a vehicle manufacturer.
pub const V2G_ROOT_OEM: u32 = 2;
/// Root: of a mobility operator.
pub const V2G_ROOT_MO: u32 = 3;
/// Root: a private one of a depot or home, for stations.
pub const V2G_ROOT_PRIVATE: u32 = 4;

/// Rules of ISO 15118-20:2022.
pub const V2G_EDITION_2022: u32 = 0;
/// Rules of ISO 15118-20 with Amendment 1.
pub const V2G_EDITION_AMD1: u32 = 1;
/// Rules of ISO 15118-2, for mixed fleets.
pub const V2G_EDITION_ISO2: u32 = 2;

/// Revocation: a chain of whose certificates something does not say that they are good is refused.
pub const V2G_REVOCATION_REQUIRED: u32 = 0;
/// Revocation: such a chain is accepted for the time being, with `V2G_WARNING_STATUS_UNKNOWN`.
pub const V2G_REVOCATION_DEFERRED: u32 = 1;
/// Revocation: such a chain is accepted, with `V2G_WARNING_STATUS_UNKNOWN`. For laboratories.
pub const V2G_REVOCATION_SOFT_FAIL: u32 = 2;

/// P-256 counts too, and what profiles demand beyond safety is not asked for. For laboratories.
pub const V2G_TRUST_LAB: u32 = 1;
/// A chain may be longer by a certificate that one root issued for another.
pub const V2G_TRUST_CROSS_CERTIFICATES: u32 = 2;

/// Warning: the check character of the identifier is wrong.
pub const V2G_WARNING_CHECK_CHARACTER: u32 = 1;
/// Warning: the key identifier of a contract is longer than the wrapping of its key has room for.
pub const V2G_WARNING_LONG_KEY_IDENTIFIER: u32 = 2;
/// Warning: the status of a certificate is not known.
pub const V2G_WARNING_STATUS_UNKNOWN: u32 = 4;
/// Warning: the chain expires within 14 days.
pub const V2G_WARNING_EXPIRES_SOON: u32 = 8;

/// What violates a rule: the chain as a whole.
pub const V2G_SUBJECT_CHAIN: u32 = 1;
/// What violates a rule: a certificate of the chain, `index` counts from the leaf.
pub const V2G_SUBJECT_CERTIFICATE: u32 = 2;
/// What violates a rule: a root, by `index`; those of the trust store follow those of the caller's.
pub const V2G_SUBJECT_ROOT: u32 = 3;
/// What violates a rule: a revocation list, by `index`.
pub const V2G_SUBJECT_CRL: u32 = 4;
/// What violates a rule: an OCSP response, by `index`.
pub const V2G_SUBJECT_OCSP: u32 = 5;
/// What violates a rule: the signature of a message, or the element it is about.
pub const V2G_SUBJECT_SIGNATURE: u32 = 6;
/// What violates a rule: a contract key on its way to the vehicle.
pub const V2G_SUBJECT_CONTRACT_KEY: u32 = 7;
/// What violates a rule: the stored set of roots.
pub const V2G_SUBJECT_TRUST_STORE: u32 = 8;
/// What violates a rule: the clock.
pub const V2G_SUBJECT_CLOCK: u32 = 9;

/// Statements about revocation of one kind that are looked at, at most.
pub const V2G_TRUST_EVIDENCE: usize = 8;

/// A root certificate that the caller trusts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_root {
    /// `V2G_ROOT_*`: whose it is.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Its DER.
    pub certificate: v2g_bytes,
}

/// What chains are checked with. All of it is read during the call and not kept.
///
/// Zeros are the strict rules of ISO 15118-20:2022 (P-521; everything needs a statement that it is not revoked).
///
/// ```c
/// v2g_trust trust = V2G_TRUST_INIT;
/// trust.unix_seconds = now;
/// trust.roots = roots;
/// trust.root_count = 1;
/// trust.crls = lists;
/// trust.crl_count = 3;
/// v2g_verified verified = V2G_VERIFIED_INIT;
/// v2g_fault fault;
/// if (v2g_trust_verify(&trust, V2G_ROLE_CONTRACT, chain, 3, &verified, &fault) == V2G_E_TRUST) {
///     log(v2g_rule_str(fault.rule), fault.subject, fault.index);
/// }
/// ```
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_trust {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_EDITION_*`.
    pub edition: u32,
    /// `V2G_REVOCATION_*`.
    pub revocation: u32,
    /// `V2G_TRUST_LAB`, `V2G_TRUST_CROSS_CERTIFICATES`.
    pub flags: u32,
    /// The time of day, Unix time in seconds.
    pub unix_seconds: i64,
    /// Roots in memory of the caller's.
    pub roots: *const v2g_root,
    /// How many.
    pub root_count: usize,
    /// Full revocation lists, DER.
    pub crls: *const v2g_bytes,
    /// How many, at most `V2G_TRUST_EVIDENCE`.
    pub crl_count: usize,
    /// OCSP responses, DER.
    pub ocsp: *const v2g_bytes,
    /// How many, at most `V2G_TRUST_EVIDENCE`.
    pub ocsp_count: usize,
    /// More roots; may be null.
    pub store: *const v2g_trust_store,
    /// Checks signatures in the library's place; null: the library does.
    pub verify: v2g_verify,
    /// Handed to `verify`.
    pub verify_user: *mut c_void,
}

/// Why something is not trusted. Of several reasons always the same one is reported.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct v2g_fault {
    /// `V2G_RULE_*`; 0: nothing is wrong.
    pub rule: u32,
    /// `V2G_SUBJECT_*`.
    pub subject: u32,
    /// Which of them.
    pub index: u32,
    /// The octet of it at which this was seen; 0 where the whole is meant.
    pub position: u32,
}

/// A chain that holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_verified {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_WARNING_*`.
    pub warnings: u32,
    /// When the first certificate of the chain expires, Unix time in seconds.
    pub expires: i64,
    /// The root, by its place; those of the trust store follow those of the caller's.
    pub root: u32,
    /// Zero.
    pub reserved: u32,
    /// SHA-512 of the leaf: the `peer` of a `v2g_connection`.
    pub fingerprint: [u8; 64],
}

versioned! {
    v2g_trust offset_of!(v2g_trust, store) + size_of::<usize>();
    v2g_verified offset_of!(v2g_verified, fingerprint) + 64;
}

/// Checks a chain for a role (`V2G_ROLE_*`): limits, encoding, validity, links, a root that may certify the role, the profile of
/// its certificates, and revocation.
///
/// `certificates` are DER, the leaf first, without a root. `V2G_E_TRUST`: it does not hold, `fault` says why; it may be null.
/// `V2G_PENDING`: a device checks signatures, see `v2g_verify`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_verify(
    trust: *const v2g_trust,
    role: u32,
    certificates: *const v2g_bytes,
    count: usize,
    verified: *mut v2g_verified,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { verify(trust, role, certificates, count, verified, fault) })
}

#[cfg(not(feature = "trust"))]
unsafe fn verify(
    _: *const v2g_trust,
    _: u32,
    _: *const v2g_bytes,
    _: usize,
    _: *mut v2g_verified,
    _: *mut v2g_fault,
) -> Outcome<i32> {
    Err(crate::status::V2G_E_UNSUPPORTED)
}

#[cfg(feature = "trust")]
use with_trust::verify;
#[cfg(feature = "trust")]
pub(crate) use with_trust::{NOT_THERE, kind, refused, report, with_trust};

#[cfg(feature = "trust")]
mod with_trust {
    use core::cell::Cell;

    use v2g_pki::status::Evidence;
    use v2g_pki::{
        Algorithm, Anchor, Anchors, Chain, Conformance, CrossCertificates, Curves, Edition, Error, Policy,
        Revocation, Role, RootKind, Rule, Subject, Time, Trust, validate,
    };

    use super::{
        Outcome, V2G_EDITION_2022, V2G_EDITION_AMD1, V2G_EDITION_ISO2, V2G_REVOCATION_DEFERRED,
        V2G_REVOCATION_REQUIRED, V2G_REVOCATION_SOFT_FAIL, V2G_ROLE_CONTRACT, V2G_ROLE_CPS, V2G_ROLE_OTHER,
        V2G_ROLE_PROVISIONING, V2G_ROLE_SECC, V2G_ROLE_VEHICLE, V2G_SUBJECT_CERTIFICATE, V2G_SUBJECT_CHAIN,
        V2G_SUBJECT_CLOCK, V2G_SUBJECT_CONTRACT_KEY, V2G_SUBJECT_CRL, V2G_SUBJECT_OCSP, V2G_SUBJECT_ROOT,
        V2G_SUBJECT_SIGNATURE, V2G_SUBJECT_TRUST_STORE, V2G_TRUST_CROSS_CERTIFICATES, V2G_TRUST_EVIDENCE,
        V2G_TRUST_LAB, V2G_WARNING_CHECK_CHARACTER, V2G_WARNING_EXPIRES_SOON,
        V2G_WARNING_LONG_KEY_IDENTIFIER, V2G_WARNING_STATUS_UNKNOWN, v2g_bytes, v2g_fault, v2g_root,
        v2g_trust, v2g_verified,
    };
    use crate::border::{enter, put, read, room, slice, writable, write};
    use crate::status::{V2G_E_BUFFER, V2G_E_TRUST, V2G_E_VALUE, V2G_OK, V2G_PENDING};
    use crate::trust::device::device;
    use crate::trust::rule;

    /// Certificates of a chain that are looked at; a longer one is refused by its length.
    const MAX_CHAIN: usize = 8;

    /// Roots of the caller's and of a store, in this order.
    struct Roots<'a> {
        own: &'a [v2g_root],
        store: Option<&'a dyn Anchors>,
    }

    impl Anchors for Roots<'_> {
        fn anchor(&self, index: usize) -> Option<Anchor<'_>> {
            match self.own.get(index) {
                Some(root) => {
                    // SAFETY: was read once without an error; that it stays is promised by the caller.
                    let der = unsafe { root.certificate.get() }.ok()?;
                    Some(Anchor::new(kind(root.kind).ok()?, der))
                }
                None => self.store?.anchor(index - self.own.len()),
            }
        }
    }

    /// Whose a root is.
    pub(crate) fn kind(number: u32) -> Outcome<RootKind> {
        u8::try_from(number).ok().and_then(RootKind::from_number).ok_or(V2G_E_VALUE)
    }

    fn role(number: u32) -> Outcome<Role> {
        Ok(match number {
            V2G_ROLE_SECC => Role::Secc,
            V2G_ROLE_VEHICLE => Role::Vehicle,
            V2G_ROLE_CONTRACT => Role::Contract,
            V2G_ROLE_PROVISIONING => Role::Provisioning,
            V2G_ROLE_CPS => Role::Cps,
            V2G_ROLE_OTHER => Role::Other,
            _ => return Err(V2G_E_VALUE),
        })
    }

    fn policy(given: &v2g_trust) -> Outcome<Policy> {
        let mut policy = Policy::new(match given.edition {
            V2G_EDITION_2022 => Edition::Y2022,
            V2G_EDITION_AMD1 => Edition::Amd1,
            V2G_EDITION_ISO2 => Edition::Iso2,
            _ => return Err(V2G_E_VALUE),
        });
        policy.revocation = match given.revocation {
            V2G_REVOCATION_REQUIRED => Revocation::Required,
            V2G_REVOCATION_DEFERRED => Revocation::Deferred,
            V2G_REVOCATION_SOFT_FAIL => Revocation::SoftFail,
            _ => return Err(V2G_E_VALUE),
        };
        if given.flags & !(V2G_TRUST_LAB | V2G_TRUST_CROSS_CERTIFICATES) != 0 {
            return Err(V2G_E_VALUE);
        }
        if given.flags & V2G_TRUST_LAB != 0 {
            policy.conformance = Conformance::Lab;
            policy.algorithms = policy.algorithms.and(Algorithm::P256).and(Algorithm::P521);
        }
        if given.flags & V2G_TRUST_CROSS_CERTIFICATES != 0 {
            policy.cross = CrossCertificates::Allowed;
        }
        Ok(policy)
    }

    /// Calls `then` with what a caller trusts. What comes of it counts only if a device had an answer to all that it was asked;
    /// otherwise the status is `V2G_PENDING`.
    ///
    /// # Safety
    /// `trust` is null or a struct of the caller's, and what it points to is there.
    pub(crate) unsafe fn with_trust<R>(
        trust: *const v2g_trust,
        then: impl FnOnce(&Trust<'_>) -> Outcome<R>,
    ) -> Outcome<R> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let given = unsafe { read(trust) }?;
        let policy = policy(&given)?;
        // SAFETY: as above.
        let own = unsafe { slice(given.roots, given.root_count) }?;
        for root in own {
            kind(root.kind)?;
            // SAFETY: as above.
            unsafe { root.certificate.get() }?;
        }
        // SAFETY: as above.
        let store = if given.store.is_null() { None } else { Some(unsafe { enter(given.store) }?) };
        let (mut crls, mut ocsp): ([&[u8]; V2G_TRUST_EVIDENCE], [&[u8]; V2G_TRUST_EVIDENCE]) =
            ([&[]; V2G_TRUST_EVIDENCE], [&[]; V2G_TRUST_EVIDENCE]);
        // SAFETY: as above.
        let (crls, ocsp) = unsafe {
            (all(given.crls, given.crl_count, &mut crls)?, all(given.ocsp, given.ocsp_count, &mut ocsp)?)
        };
        let anchors = Roots { own, store: store.as_ref().map(|store| store.anchors()) };
        // SAFETY: as above.
        let pending = Cell::new(false);
        // SAFETY: as above.
        let device = unsafe { device(&given, &pending) };
        let result = then(&Trust {
            anchors: &anchors,
            evidence: Evidence { ocsp, crls, cache: None },
            policy,
            verifier: if given.verify.is_some() { &device } else { &Curves },
            now: Time::from_unix(given.unix_seconds),
        });
        if pending.get() { Err(V2G_PENDING) } else { result }
    }

    /// # Safety
    /// As [`slice`], for each of the items too.
    unsafe fn all<'a, 'm>(
        items: *const v2g_bytes,
        count: usize,
        memory: &'m mut [&'a [u8]],
    ) -> Outcome<&'m [&'a [u8]]> {
        // SAFETY: promised by the caller.
        let items = unsafe { slice(items, count) }?;
        let memory = memory.get_mut(..count).ok_or(V2G_E_VALUE)?;
        for (place, item) in memory.iter_mut().zip(items) {
            // SAFETY: as above.
            *place = unsafe { item.get() }?;
        }
        Ok(memory)
    }

    /// A reason in C's terms.
    pub(crate) fn report(error: Error) -> v2g_fault {
        let (subject, index) = match error.subject() {
            Subject::Chain => (V2G_SUBJECT_CHAIN, 0),
            Subject::Certificate(index) => (V2G_SUBJECT_CERTIFICATE, index),
            Subject::Root(index) => (V2G_SUBJECT_ROOT, index),
            Subject::Crl(index) => (V2G_SUBJECT_CRL, index),
            Subject::Ocsp(index) => (V2G_SUBJECT_OCSP, index),
            Subject::Signature => (V2G_SUBJECT_SIGNATURE, 0),
            Subject::ContractKey => (V2G_SUBJECT_CONTRACT_KEY, 0),
            Subject::TrustStore => (V2G_SUBJECT_TRUST_STORE, 0),
            Subject::Clock => (V2G_SUBJECT_CLOCK, 0),
        };
        let rule = rule::number(error.rule());
        v2g_fault { rule, subject, index: index.into(), position: error.position() }
    }

    /// The reason where what is asked about is not in the message at all.
    pub(crate) const NOT_THERE: v2g_fault = v2g_fault {
        rule: rule::V2G_RULE_NOT_CANONICAL,
        subject: V2G_SUBJECT_SIGNATURE,
        index: 0,
        position: 0,
    };

    /// Tells a reason, where somebody wants to know, and becomes the status.
    ///
    /// # Safety
    /// `fault` is null or can be written.
    pub(crate) unsafe fn refused(error: Error, fault: *mut v2g_fault) -> i32 {
        if !fault.is_null() {
            // SAFETY: promised by the caller.
            if let Err(status) = unsafe { put(fault, report(error)) } {
                return status;
            }
        }
        if error.rule() == Rule::BufferTooSmall { V2G_E_BUFFER } else { V2G_E_TRUST }
    }

    /// # Safety
    /// As [`v2g_trust_verify`](super::v2g_trust_verify).
    pub(super) unsafe fn verify(
        trust: *const v2g_trust,
        number: u32,
        certificates: *const v2g_bytes,
        count: usize,
        verified: *mut v2g_verified,
        fault: *mut v2g_fault,
    ) -> Outcome<i32> {
        let role = role(number)?;
        // SAFETY: promised by the caller; the same holds for each block below.
        unsafe {
            writable(verified)?;
            if !fault.is_null() {
                room(fault)?;
            }
            let found = with_trust(trust, |trust| {
                let mut memory = [&[][..]; MAX_CHAIN];
                let certificates = all(certificates, count, &mut memory)?;
                Ok(Chain::new(certificates).and_then(|chain| judged(&chain, role, trust)))
            })?;
            let said = found.map_err(|error| refused(error, fault))?;
            write(verified, said).map(|()| V2G_OK)
        }
    }

    /// What is said of a chain that holds.
    fn judged(chain: &Chain<'_>, role: Role, trust: &Trust<'_>) -> Result<v2g_verified, Error> {
        let valid = validate(chain, role, trust)?;
        let seen = valid.warnings();
        let flag = |seen, flag| if seen { flag } else { 0 };
        Ok(v2g_verified {
            size: 0,
            warnings: flag(seen.check_character, V2G_WARNING_CHECK_CHARACTER)
                | flag(seen.long_key_identifier, V2G_WARNING_LONG_KEY_IDENTIFIER)
                | flag(seen.status_unknown, V2G_WARNING_STATUS_UNKNOWN)
                | flag(valid.expires_soon(trust.now), V2G_WARNING_EXPIRES_SOON),
            expires: valid.expires().unix(),
            root: valid.root() as u32,
            reserved: 0,
            fingerprint: valid.fingerprint(),
        })
    }
}
