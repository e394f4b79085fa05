//! Meter readings that vehicles confirm, checked for a charger.

use core::mem::offset_of;

use crate::border::{Outcome, status, versioned};
use crate::number::v2g_maybe_u64;
use crate::secc::v2g_secc;
use crate::text::v2g_bytes;
use crate::trust::verify::{v2g_fault, v2g_trust};

/// What a vehicle has signed. Whether its meter is the charger's, and showed as much, is for the host to compare.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_readings {
    /// `sizeof` this struct.
    pub size: u32,
    /// Octets of `meter_id`.
    pub meter_id_length: u32,
    /// `MeterID`, UTF-8.
    pub meter_id: [u8; 32],
    /// Energy into the vehicle, Wh.
    pub charged: u64,
    /// Energy out of it, Wh.
    pub discharged: v2g_maybe_u64,
}

versioned! {
    v2g_readings offset_of!(v2g_readings, discharged) + size_of::<v2g_maybe_u64>();
}

/// Checks the confirmation that `V2G_SECC_METERING_CONFIRMED` told of, and tells the engine: the signature over the bits that arrived,
/// by the contract that authorized the session, and that it is for this session.
///
/// `leaf` is a copy of the contract's certificate, `leaf` of `v2g_contract_checked`; `request` a copy of the message that
/// `v2g_secc_handle_input` returned before the event. `V2G_OK`: the engine was told that it holds, `readings` says what was
/// signed. `V2G_E_TRUST`: it was told that it does not, `fault` says why (`V2G_RULE_CHALLENGE`: it is for another session); it may be
/// null. `V2G_PENDING`: a device checks signatures, see `v2g_verify`. Of `trust` nothing else counts: the contract was judged when it
/// authorized the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_check_metering(
    secc: *mut v2g_secc,
    now_ms: u64,
    trust: *const v2g_trust,
    leaf: v2g_bytes,
    request: v2g_bytes,
    readings: *mut v2g_readings,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { check(secc, now_ms, trust, (leaf, request), readings, fault) })
}

#[cfg(not(feature = "trust"))]
unsafe fn check(
    secc: *mut v2g_secc,
    _: u64,
    _: *const v2g_trust,
    _: (v2g_bytes, v2g_bytes),
    _: *mut v2g_readings,
    _: *mut v2g_fault,
) -> Outcome<i32> {
    // SAFETY: promised by the caller.
    unsafe { crate::border::enter(secc) }.and(Err(crate::status::V2G_E_UNSUPPORTED))
}

#[cfg(feature = "trust")]
use with_trust::check;

#[cfg(feature = "trust")]
mod with_trust {
    use iso15118_20::secc::MeteringVerdict;
    use iso15118_20::trust::{AuthorizedContract, TrustError};
    use v2g_pki::Trust;
    use v2g_pki::xmlsig::SignedInfoGrammar;

    use super::{Outcome, v2g_bytes, v2g_fault, v2g_readings, v2g_secc, v2g_trust};
    use crate::border::{enter, put, room, writable, write};
    use crate::session::instant;
    use crate::status::{V2G_E_TRUST, V2G_E_VALUE, V2G_OK};
    use crate::trust::rule::V2G_RULE_CHALLENGE;
    use crate::trust::verify::{NOT_THERE, report, with_trust};

    /// # Safety
    /// As [`v2g_secc_check_metering`](super::v2g_secc_check_metering).
    pub(super) unsafe fn check(
        secc: *mut v2g_secc,
        now_ms: u64,
        trust: *const v2g_trust,
        (leaf, request): (v2g_bytes, v2g_bytes),
        readings: *mut v2g_readings,
        fault: *mut v2g_fault,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (mut secc, leaf, request) = unsafe {
            let secc = enter(secc)?;
            writable(readings)?;
            if !fault.is_null() {
                room(fault)?;
            }
            (secc, leaf.get()?, request.get()?)
        };
        let contract = AuthorizedContract::of_leaf(leaf).ok_or(V2G_E_VALUE)?;
        let session = secc.session_id();
        let check = |trust: &Trust<'_>| {
            Ok(contract.check_metering(request, SignedInfoGrammar::Either, trust.verifier))
        };
        // SAFETY: as above.
        let found = unsafe { with_trust(trust, check) }?;
        let (verdict, why, result) = match found {
            Ok(read) if read.session == session => {
                let name = read.meter_id.as_str().as_bytes();
                let mut meter_id = [0; 32];
                meter_id.iter_mut().zip(name).for_each(|(place, octet)| *place = *octet);
                let said = v2g_readings {
                    size: 0,
                    meter_id_length: name.len() as u32,
                    meter_id,
                    charged: read.meter.charged,
                    discharged: read.meter.discharged.into(),
                };
                // SAFETY: as above.
                unsafe { write(readings, said) }?;
                (MeteringVerdict::Valid, v2g_fault::default(), Ok(V2G_OK))
            }
            // Somebody signed it, for a session that this one is not.
            Ok(_) => {
                let why = v2g_fault { rule: V2G_RULE_CHALLENGE, ..NOT_THERE };
                (MeteringVerdict::Invalid, why, Err(V2G_E_TRUST))
            }
            Err(TrustError::Refused(error)) => (MeteringVerdict::Invalid, report(error), Err(V2G_E_TRUST)),
            _ => (MeteringVerdict::Invalid, NOT_THERE, Err(V2G_E_TRUST)),
        };
        if !fault.is_null() {
            // SAFETY: as above.
            unsafe { put(fault, why) }?;
        }
        secc.metering(instant(now_ms), verdict);
        result
    }
}
