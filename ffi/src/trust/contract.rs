//! Contracts that vehicles show, checked for a charger.

use core::mem::offset_of;

use crate::border::{Outcome, status, versioned};
use crate::secc::v2g_secc;
use crate::text::{v2g_bytes, v2g_str};
use crate::trust::verify::{v2g_fault, v2g_trust};

/// Whether a contract that holds may charge is the back end's to say; one under a root that is not known here is refused.
pub const V2G_DECIDE_BACK_END: u32 = 0;
/// The same; about one under a root that is not known here the back end is asked too, which has more roots.
pub const V2G_DECIDE_BACK_END_ROOTS: u32 = 1;
/// Nobody can be asked: every contract that holds may charge.
pub const V2G_DECIDE_STATION: u32 = 2;

/// The back end is asked whether the contract may charge. Signature, chain and status hold.
pub const V2G_QUESTION_AUTHORIZATION: u32 = 1;
/// The back end is asked whether the chain holds at all. Only challenge and signature were checked.
pub const V2G_QUESTION_CHAIN: u32 = 2;
/// Nobody else is asked: a device checks signatures, see `v2g_verify`. Check again when it has.
pub const V2G_QUESTION_DEVICE: u32 = 3;

/// How a charger checks contracts. Zeros are the usual values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_contract_terms {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_DECIDE_*`.
    pub decide: u32,
    /// 1: only signatures over the form of XML Signature alone count. 0: also the one that a deployed vehicle writes.
    pub stand_alone: u32,
    /// Zero.
    pub reserved: u32,
    /// Providers whose contracts count. None: all.
    pub providers: *const v2g_str,
    /// How many, at most `V2G_SECC_PROVIDERS`.
    pub provider_count: usize,
}

/// What came of a check.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_contract_checked {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_VERDICT_*`: what the engine was told. With `V2G_PENDING` what it is to be told if the back end agrees.
    pub verdict: u32,
    /// With `V2G_PENDING`: `V2G_QUESTION_*`.
    pub question: u32,
    /// Octets of `emaid`.
    pub emaid_length: u32,
    /// Why the contract is refused, or what the back end has to decide on.
    pub fault: v2g_fault,
    /// The eMAID in capitals without hyphens, where the contract is not refused.
    pub emaid: [u8; 16],
    /// The contract's certificate, DER, in the memory for the certificates: what the meter readings of the session will be checked
    /// with. None where the contract is refused.
    pub leaf: v2g_bytes,
}

versioned! {
    v2g_contract_terms offset_of!(v2g_contract_terms, provider_count) + size_of::<usize>();
    v2g_contract_checked offset_of!(v2g_contract_checked, emaid) + 16;
}

/// Checks the contract that `V2G_SECC_CONTRACT_WANTED` told of, and tells the engine: the challenge of the session, the signature
/// over the bits that arrived, the chain up to a root of mobility operators or of V2G, revocation, eMAID and provider.
///
/// `request` is a copy of the message that `v2g_secc_handle_input` returned before the event. `buffer` takes its certificates; 6400
/// octets hold any. `V2G_OK`: the engine was told, `checked` says what. `V2G_PENDING`: ask the back end, and call
/// `v2g_secc_respond_contract` with `checked->verdict`, or with the verdict of a refusal; where `checked->question` is
/// `V2G_QUESTION_DEVICE`, check again when the device has its answer. `V2G_E_BUFFER`: `capacity` is too small; the engine was not told.
///
/// It takes as long as up to eight signatures take to check; the engine's deadlines go on meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_check_contract(
    secc: *mut v2g_secc,
    now_ms: u64,
    trust: *const v2g_trust,
    terms: *const v2g_contract_terms,
    request: v2g_bytes,
    buffer: *mut u8,
    capacity: usize,
    checked: *mut v2g_contract_checked,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { check(secc, now_ms, trust, terms, request, (buffer, capacity), checked) })
}

/// Checks the request that `V2G_SECC_INSTALLATION_WANTED` told of before it is handed on: the signature, and the validity of the
/// vehicle's chain. Everything else is the provider's to check: of `trust` nothing counts but the time and what checks signatures.
///
/// `request` and `buffer` as with `v2g_secc_check_contract`. `V2G_OK`: hand it on. `V2G_E_TRUST`: the engine was told to refuse,
/// `fault` says why; it may be null. `V2G_PENDING`: a device checks signatures, see `v2g_verify`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_check_installation(
    secc: *mut v2g_secc,
    now_ms: u64,
    trust: *const v2g_trust,
    request: v2g_bytes,
    buffer: *mut u8,
    capacity: usize,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe { installation(secc, now_ms, trust, request, (buffer, capacity), fault) })
}

#[cfg(not(feature = "trust"))]
unsafe fn check(
    secc: *mut v2g_secc,
    _: u64,
    _: *const v2g_trust,
    _: *const v2g_contract_terms,
    _: v2g_bytes,
    _: (*mut u8, usize),
    _: *mut v2g_contract_checked,
) -> Outcome<i32> {
    // SAFETY: promised by the caller.
    unsafe { crate::border::enter(secc) }.and(Err(crate::status::V2G_E_UNSUPPORTED))
}

#[cfg(not(feature = "trust"))]
unsafe fn installation(
    secc: *mut v2g_secc,
    _: u64,
    _: *const v2g_trust,
    _: v2g_bytes,
    _: (*mut u8, usize),
    _: *mut v2g_fault,
) -> Outcome<i32> {
    // SAFETY: promised by the caller.
    unsafe { crate::border::enter(secc) }.and(Err(crate::status::V2G_E_UNSUPPORTED))
}

#[cfg(feature = "trust")]
use with_trust::{check, installation};

#[cfg(feature = "trust")]
mod with_trust {
    use exi_codec::Str;
    use iso15118_20::security::{ContractFault, ContractVerdict};
    use iso15118_20::trust::{
        ContractCheck, DecidedBy, Judgement, Offline, Question, UnknownRoot, check_installation_request,
    };
    use v2g_pki::Rule;
    use v2g_pki::xmlsig::SignedInfoGrammar;

    use super::{
        Outcome, V2G_DECIDE_BACK_END, V2G_DECIDE_BACK_END_ROOTS, V2G_DECIDE_STATION,
        V2G_QUESTION_AUTHORIZATION, V2G_QUESTION_CHAIN, V2G_QUESTION_DEVICE, v2g_bytes, v2g_contract_checked,
        v2g_contract_terms, v2g_fault, v2g_secc, v2g_trust,
    };
    use crate::border::{enter, put, read, room, slice, slice_mut, writable, write};
    use crate::secc::V2G_SECC_PROVIDERS;
    use crate::secc::host::{
        V2G_VERDICT_BAD_SIGNATURE, V2G_VERDICT_CHALLENGE, V2G_VERDICT_EXPIRED, V2G_VERDICT_EXPIRES_SOON,
        V2G_VERDICT_INVALID, V2G_VERDICT_NOT_YET_VALID, V2G_VERDICT_PROVIDER_UNKNOWN, V2G_VERDICT_REFUSED,
        V2G_VERDICT_REVOKED, V2G_VERDICT_VALID,
    };
    use crate::session::instant;
    use crate::status::{V2G_E_BUFFER, V2G_E_TRUST, V2G_E_VALUE, V2G_OK, V2G_PENDING};
    use crate::trust::verify::{NOT_THERE, report, with_trust};

    const fn number(verdict: ContractVerdict) -> u32 {
        match verdict {
            ContractVerdict::Valid => V2G_VERDICT_VALID,
            ContractVerdict::ExpiresSoon => V2G_VERDICT_EXPIRES_SOON,
            ContractVerdict::BadSignature => V2G_VERDICT_BAD_SIGNATURE,
            ContractVerdict::Refused(ContractFault::Expired) => V2G_VERDICT_EXPIRED,
            ContractVerdict::Refused(ContractFault::NotYetValid) => V2G_VERDICT_NOT_YET_VALID,
            ContractVerdict::Refused(ContractFault::Revoked) => V2G_VERDICT_REVOKED,
            ContractVerdict::Refused(ContractFault::Invalid) => V2G_VERDICT_INVALID,
            ContractVerdict::Refused(ContractFault::Challenge) => V2G_VERDICT_CHALLENGE,
            ContractVerdict::Refused(ContractFault::ProviderUnknown) => V2G_VERDICT_PROVIDER_UNKNOWN,
            ContractVerdict::Refused(ContractFault::General) => V2G_VERDICT_REFUSED,
        }
    }

    /// # Safety
    /// As [`v2g_secc_check_contract`](super::v2g_secc_check_contract).
    pub(super) unsafe fn check(
        secc: *mut v2g_secc,
        now_ms: u64,
        trust: *const v2g_trust,
        terms: *const v2g_contract_terms,
        request: v2g_bytes,
        buffer: (*mut u8, usize),
        checked: *mut v2g_contract_checked,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (mut secc, terms, request, buffer) = unsafe {
            let secc = enter(secc)?;
            writable(checked)?;
            (secc, read(terms)?, request.get()?, slice_mut(buffer.0, buffer.1)?)
        };
        let decided_by = match terms.decide {
            V2G_DECIDE_BACK_END => DecidedBy::BackEnd(UnknownRoot::Refused),
            V2G_DECIDE_BACK_END_ROOTS => DecidedBy::BackEnd(UnknownRoot::Forwarded),
            V2G_DECIDE_STATION => DecidedBy::Station(Offline::Valid),
            _ => return Err(V2G_E_VALUE),
        };
        let grammar = match terms.stand_alone {
            0 => SignedInfoGrammar::Either,
            1 => SignedInfoGrammar::StandAlone,
            _ => return Err(V2G_E_VALUE),
        };
        let mut providers = [Str::new(""); V2G_SECC_PROVIDERS];
        // SAFETY: as above.
        let given = unsafe { slice(terms.providers, terms.provider_count) }?;
        let providers = providers.get_mut(..given.len()).ok_or(V2G_E_VALUE)?;
        for (place, provider) in providers.iter_mut().zip(given) {
            // SAFETY: as above.
            *place = Str::new(unsafe { provider.get() }?);
        }
        let challenge = *secc.challenge();
        // The leaf comes first.
        let memory: *const u8 = buffer.as_ptr();
        let check = |trust: &v2g_pki::Trust<'_>| {
            let check = ContractCheck { trust: *trust, grammar, providers, decided_by };
            Ok(check.check(request, &challenge, buffer))
        };
        // SAFETY: as above.
        let found = match unsafe { with_trust(trust, check) } {
            Ok(found) => found,
            Err(V2G_PENDING) => {
                let said = v2g_contract_checked {
                    size: 0,
                    verdict: 0,
                    question: V2G_QUESTION_DEVICE,
                    emaid_length: 0,
                    fault: v2g_fault::default(),
                    emaid: [0; 16],
                    leaf: v2g_bytes::new(&[]),
                };
                // SAFETY: as above.
                return unsafe { write(checked, said) }.map(|()| V2G_PENDING);
            }
            Err(status) => return Err(status),
        };
        if found.reason.is_some_and(|reason| reason.rule() == Rule::BufferTooSmall) {
            return Err(V2G_E_BUFFER);
        }
        let (verdict, question) = match found.judgement {
            Judgement::Verdict(verdict) => (verdict, 0),
            Judgement::Ask(question) => {
                let agreed = found.answered(iso15118_20::trust::BackEndAnswer::Accepted);
                let question = match question {
                    Question::Authorization => V2G_QUESTION_AUTHORIZATION,
                    Question::Chain => V2G_QUESTION_CHAIN,
                };
                (agreed, question)
            }
        };
        let name = found.contract.as_ref().and_then(|contract| contract.emaid());
        let name = name.map_or("", |emaid| emaid.as_str()).as_bytes();
        let mut emaid = [0; 16];
        for (place, octet) in emaid.iter_mut().zip(name) {
            *place = *octet;
        }
        let said = v2g_contract_checked {
            size: 0,
            verdict: number(verdict),
            question,
            emaid_length: name.len() as u32,
            fault: found.reason.map_or(v2g_fault::default(), report),
            emaid,
            leaf: found.contract.as_ref().map_or(v2g_bytes::new(&[]), |contract| v2g_bytes {
                data: memory,
                length: contract.leaf().len(),
            }),
        };
        // SAFETY: as above.
        unsafe { write(checked, said) }?;
        if question != 0 {
            return Ok(V2G_PENDING);
        }
        secc.contract(instant(now_ms), verdict);
        Ok(V2G_OK)
    }

    /// # Safety
    /// As [`v2g_secc_check_installation`](super::v2g_secc_check_installation).
    pub(super) unsafe fn installation(
        secc: *mut v2g_secc,
        now_ms: u64,
        trust: *const v2g_trust,
        request: v2g_bytes,
        buffer: (*mut u8, usize),
        fault: *mut v2g_fault,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (mut secc, request, buffer) = unsafe {
            let secc = enter(secc)?;
            if !fault.is_null() {
                room(fault)?;
            }
            (secc, request.get()?, slice_mut(buffer.0, buffer.1)?)
        };
        let check = |trust: &v2g_pki::Trust<'_>| {
            let grammar = SignedInfoGrammar::Either;
            Ok(check_installation_request(request, grammar, trust.verifier, trust.now, buffer))
        };
        // SAFETY: as above.
        let Err(refused) = unsafe { with_trust(trust, check) }? else {
            return Ok(V2G_OK);
        };
        if refused.reason.is_some_and(|reason| reason.rule() == Rule::BufferTooSmall) {
            return Err(V2G_E_BUFFER);
        }
        if !fault.is_null() {
            // SAFETY: as above.
            unsafe { put(fault, refused.reason.map_or(NOT_THERE, report)) }?;
        }
        secc.refuse_installation(instant(now_ms), refused.fault);
        Err(V2G_E_TRUST)
    }
}
