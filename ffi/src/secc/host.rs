//! What the host tells the charger's engine.

use exi_codec::iso20::common_types::EvseNotification;
use iso15118_20::GridPermit;
use iso15118_20::secc::{
    AuthorizationDecision, Meter, MeteringVerdict, Mobility, NotifyError, ParkingSpot, Release, Stop,
};
use iso15118_20::security::{ContractFault, ContractVerdict};

use super::v2g_secc;
use crate::border::{Outcome, with};
use crate::number::{v2g_maybe_u32, v2g_maybe_u64, v2g_number};
use crate::power::{v2g_ac_grid, v2g_ac_limits, v2g_ac_measurement, v2g_ac_output, v2g_dc_limits};
use crate::session::{contactor, instant};
use crate::status::{V2G_E_NOT_OFFERED, V2G_E_STATE, V2G_E_VALUE};

/// Authorization: the vehicle may charge.
pub const V2G_AUTHORIZATION_ACCEPTED: u32 = 1;
/// Authorization: it may not. It may ask again.
pub const V2G_AUTHORIZATION_REJECTED: u32 = 2;
/// Authorization: the customer has to act; the vehicle is told.
pub const V2G_AUTHORIZATION_WAITING: u32 = 3;

/// Verdict: it holds.
pub const V2G_VERDICT_VALID: u32 = 1;
/// Verdict: it holds, and not much longer.
pub const V2G_VERDICT_EXPIRES_SOON: u32 = 2;
/// Verdict: the signature is wrong.
pub const V2G_VERDICT_BAD_SIGNATURE: u32 = 3;
/// Verdict: a certificate has expired.
pub const V2G_VERDICT_EXPIRED: u32 = 4;
/// Verdict: a certificate is not valid yet.
pub const V2G_VERDICT_NOT_YET_VALID: u32 = 5;
/// Verdict: a certificate is revoked.
pub const V2G_VERDICT_REVOKED: u32 = 6;
/// Verdict: a chain does not hold.
pub const V2G_VERDICT_INVALID: u32 = 7;
/// Verdict: the challenge is not the one that was given.
pub const V2G_VERDICT_CHALLENGE: u32 = 8;
/// Verdict: the provider is not known.
pub const V2G_VERDICT_PROVIDER_UNKNOWN: u32 = 9;
/// Verdict: refused for another reason.
pub const V2G_VERDICT_REFUSED: u32 = 10;

/// Notification: pause.
pub const V2G_NOTIFY_PAUSE: u32 = 1;
/// Notification: leave standby.
pub const V2G_NOTIFY_EXIT_STANDBY: u32 = 2;
/// Notification: end the session.
pub const V2G_NOTIFY_TERMINATE: u32 = 3;
/// Notification: renegotiate the schedule.
pub const V2G_NOTIFY_SCHEDULE_RENEGOTIATION: u32 = 4;
/// Notification: renegotiate the service.
pub const V2G_NOTIFY_SERVICE_RENEGOTIATION: u32 = 5;
/// Notification: confirm the meter readings.
pub const V2G_NOTIFY_METERING_CONFIRMATION: u32 = 6;

/// What a DC charger can deliver and take from now on. In the loop only what was announced before counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_dc_limits(secc: *mut v2g_secc, limits: *const v2g_dc_limits) -> i32 {
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller, see the top of the header.
    unsafe {
        with(secc, |secc| {
            secc.set_limits(crate::border::read(limits)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, limits)
    }
}

/// What an AC outlet can deliver and take from now on. In the loop only what was announced before counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_ac_limits(secc: *mut v2g_secc, limits: *const v2g_ac_limits) -> i32 {
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_ac_limits(crate::border::read(limits)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, limits)
    }
}

/// The grid behind an AC outlet. Before this is said: 50 Hz, phases loaded as one likes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_ac_grid(secc: *mut v2g_secc, grid: *const v2g_ac_grid) -> i32 {
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_ac_grid(crate::border::read(grid)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, grid)
    }
}

/// What the vehicle's AC converter should do where the charger plans (Dynamic), phase by phase if need be. All limits are
/// applied to it. `v2g_secc_set_dispatch` says the same of a total.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_ac_dispatch(
    secc: *mut v2g_secc,
    dispatch: *const v2g_ac_output,
) -> i32 {
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_ac_dispatch(crate::border::read(dispatch)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, dispatch)
    }
}

/// What is measured at an AC outlet. Keep it at most a loop round old while power flows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_report_ac_measurement(
    secc: *mut v2g_secc,
    now_ms: u64,
    measured: *const v2g_ac_measurement,
) -> i32 {
    let _ = now_ms;
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.ac_measurement(instant(now_ms), crate::border::read(measured)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, measured)
    }
}

/// What is measured at a DC outlet: V, and A, positive into the vehicle. Keep it at most a loop round old while there is
/// voltage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_report_measurement(
    secc: *mut v2g_secc,
    now_ms: u64,
    voltage: v2g_number,
    current: v2g_number,
) -> i32 {
    let _ = (now_ms, voltage, current);
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let (voltage, current) = (voltage.quantity(), current.quantity());
            secc.measurement(instant(now_ms), iso15118_20::Measurement { voltage, current });
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, &raw const voltage)
    }
}

/// Reports the isolation test, or at any later time what the monitor of the isolation says: 1 valid, 2 a fault. A fault while
/// there is voltage stops at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_isolation(secc: *mut v2g_secc, now_ms: u64, isolation: u32) -> i32 {
    let _ = (now_ms, isolation);
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let isolation = match isolation {
                1 => iso15118_20::secc::Isolation::Valid,
                2 => iso15118_20::secc::Isolation::Fault,
                _ => return Err(V2G_E_VALUE),
            };
            secc.isolation(instant(now_ms), isolation);
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(secc, &raw const isolation)
    }
}

/// The answer of functions of families that are left out, once the handle is known to be one.
///
/// # Safety
/// As every function.
#[cfg(not(all(feature = "ac", feature = "dc")))]
unsafe fn unsupported<T>(secc: *mut v2g_secc, _: *const T) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(secc, |_| Err(crate::status::V2G_E_UNSUPPORTED)) }
}

/// What the site may draw for, and take from, vehicles from now on, W. Without a permit there is no discharge; before this is
/// said, nothing of the grid's limits charging.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_grid_permit(
    secc: *mut v2g_secc,
    charge: v2g_number,
    discharge: v2g_number,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_grid_permit(GridPermit { charge: charge.quantity(), discharge: discharge.quantity() });
            Ok(())
        })
    }
}

/// Power to exchange where the charger plans (Dynamic), W: positive into the vehicle, negative out of it. All limits are applied
/// to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_dispatch(secc: *mut v2g_secc, power: v2g_number) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_dispatch(power.quantity());
            Ok(())
        })
    }
}

/// How fast power may change, W per second. Limits that fall, and stops, take effect at once all the same. None: as fast as it
/// likes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_ramp(secc: *mut v2g_secc, ramp: v2g_number) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_ramp(ramp.maybe());
            Ok(())
        })
    }
}

/// Mobility needs that the charger settles from now on, until the end of the session: seconds until departure, least state of
/// charge and target, %. Each may be none: then the vehicle's own holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_mobility(
    secc: *mut v2g_secc,
    departure_time: v2g_maybe_u32,
    minimum_soc: v2g_number,
    target_soc: v2g_number,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_mobility(Mobility {
                departure_time: departure_time.get(),
                minimum_soc: minimum_soc.percent()?,
                target_soc: target_soc.percent()?,
            });
            Ok(())
        })
    }
}

/// Meter readings of this session to report, Wh: into the vehicle, and out of it (in bidirectional services only). A signature
/// over earlier ones is void.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_meter(
    secc: *mut v2g_secc,
    charged: u64,
    discharged: v2g_maybe_u64,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_meter(Meter { charged, discharged: discharged.get() });
            Ok(())
        })
    }
}

/// Decides on external authorization, asked for or not: `V2G_AUTHORIZATION_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_authorization(
    secc: *mut v2g_secc,
    now_ms: u64,
    decision: u32,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let decision = match decision {
                V2G_AUTHORIZATION_ACCEPTED => AuthorizationDecision::Accepted,
                V2G_AUTHORIZATION_REJECTED => AuthorizationDecision::Rejected,
                V2G_AUTHORIZATION_WAITING => AuthorizationDecision::WaitingForCustomer,
                _ => return Err(V2G_E_VALUE),
            };
            secc.authorize(instant(now_ms), decision);
            Ok(())
        })
    }
}

/// The verdict over a contract as a number of C's.
pub(crate) fn verdict(number: u32) -> Outcome<ContractVerdict> {
    let refused = |fault| Ok(ContractVerdict::Refused(fault));
    match number {
        V2G_VERDICT_VALID => Ok(ContractVerdict::Valid),
        V2G_VERDICT_EXPIRES_SOON => Ok(ContractVerdict::ExpiresSoon),
        V2G_VERDICT_BAD_SIGNATURE => Ok(ContractVerdict::BadSignature),
        V2G_VERDICT_EXPIRED => refused(ContractFault::Expired),
        V2G_VERDICT_NOT_YET_VALID => refused(ContractFault::NotYetValid),
        V2G_VERDICT_REVOKED => refused(ContractFault::Revoked),
        V2G_VERDICT_INVALID => refused(ContractFault::Invalid),
        V2G_VERDICT_CHALLENGE => refused(ContractFault::Challenge),
        V2G_VERDICT_PROVIDER_UNKNOWN => refused(ContractFault::ProviderUnknown),
        V2G_VERDICT_REFUSED => refused(ContractFault::General),
        _ => Err(V2G_E_VALUE),
    }
}

/// What came out of checking the contract that `V2G_SECC_CONTRACT_WANTED` told of: `V2G_VERDICT_*`. Without a check under way
/// nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_contract(secc: *mut v2g_secc, now_ms: u64, outcome: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.contract(instant(now_ms), verdict(outcome)?);
            Ok(())
        })
    }
}

/// What came out of checking the signature over meter readings: `V2G_VERDICT_VALID` or `V2G_VERDICT_BAD_SIGNATURE`, which ends
/// the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_metering(secc: *mut v2g_secc, now_ms: u64, outcome: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let verdict = match outcome {
                V2G_VERDICT_VALID => MeteringVerdict::Valid,
                V2G_VERDICT_BAD_SIGNATURE => MeteringVerdict::Invalid,
                _ => return Err(V2G_E_VALUE),
            };
            secc.metering(instant(now_ms), verdict);
            Ok(())
        })
    }
}

/// Reports the contactors, `V2G_CONTACTOR_*`. Any report counts: the last one is kept. Contactors that open by themselves in the
/// charge loop, and faults, stop at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_report_contactor(secc: *mut v2g_secc, now_ms: u64, state: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.contactor(instant(now_ms), contactor(state)?);
            Ok(())
        })
    }
}

/// No current at once; the vehicle is notified and has `max_delay` seconds to end the session. Loss of the grid is a stop with 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_stop(secc: *mut v2g_secc, now_ms: u64, max_delay: u16) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.stop(instant(now_ms), Stop::Notify { max_delay });
            Ok(())
        })
    }
}

/// No current and open contactors at once; the next request is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_emergency_stop(secc: *mut v2g_secc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.stop(instant(now_ms), Stop::Emergency);
            Ok(())
        })
    }
}

/// A notification as a number of C's, in the order of the schema.
pub(crate) const fn notification(kind: EvseNotification) -> u32 {
    match kind {
        EvseNotification::Pause => V2G_NOTIFY_PAUSE,
        EvseNotification::ExitStandby => V2G_NOTIFY_EXIT_STANDBY,
        EvseNotification::Terminate => V2G_NOTIFY_TERMINATE,
        EvseNotification::ScheduleRenegotiation => V2G_NOTIFY_SCHEDULE_RENEGOTIATION,
        EvseNotification::ServiceRenegotiation => V2G_NOTIFY_SERVICE_RENEGOTIATION,
        EvseNotification::MeteringConfirmation => V2G_NOTIFY_METERING_CONFIRMATION,
    }
}

/// Tells the vehicle in the next rounds of the charge loop to do something (`V2G_NOTIFY_*`) within `max_delay` seconds; 0: the
/// time of the settings.
///
/// `V2G_E_STATE`: the vehicle cannot follow now. `V2G_E_NOT_OFFERED`: not advertised to this vehicle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_notify(secc: *mut v2g_secc, now_ms: u64, what: u32, max_delay: u16) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let known = EvseNotification::ALL.iter().find(|kind| notification(**kind) == what);
            let kind = *known.ok_or(V2G_E_VALUE)?;
            let delay = if max_delay == 0 { secc.usual_delay() } else { max_delay };
            secc.notify(instant(now_ms), kind, delay).map_err(|error| match error {
                NotifyError::NotNow => V2G_E_STATE,
                NotifyError::NotOffered => V2G_E_NOT_OFFERED,
            })
        })
    }
}

/// Schedules take longer than one request waits: the vehicle is told that they are being made, and asks again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_defer_schedule(secc: *mut v2g_secc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.defer_schedule(instant(now_ms));
            Ok(())
        })
    }
}

/// What a vehicle that checks in is told from now on: `ParkingSpace`, `DeviceLocation`, `TargetDistance`, whole numbers or none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_parking_spot(
    secc: *mut v2g_secc,
    space: v2g_number,
    device: v2g_number,
    distance: v2g_number,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_parking_spot(ParkingSpot {
                space: space.i16()?,
                device: device.i16()?,
                distance: distance.i16()?,
            });
            Ok(())
        })
    }
}

/// Whether a vehicle that checks out may leave: 0 not yet, 1 it may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_release(secc: *mut v2g_secc, release: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_release(match release {
                0 => Release::Scheduled,
                1 => Release::Completed,
                _ => return Err(V2G_E_VALUE),
            });
            Ok(())
        })
    }
}

/// Forgets a paused session: the cable was unplugged, or the operator's time is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_forget_paused(secc: *mut v2g_secc) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.forget_paused();
            Ok(())
        })
    }
}
