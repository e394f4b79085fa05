//! What the host tells the vehicle's engine.

use iso15118_20::evcc::{DischargePermit, Needs, NotAllowed};

use super::v2g_evcc;
use crate::border::{read, versioned, with};
use crate::number::{v2g_maybe_u32, v2g_number};
use crate::power::{v2g_ac_limits, v2g_ac_measurement, v2g_dc_limits, v2g_phases};
use crate::session::{contactor, instant};
use crate::status::{V2G_E_NOT_OFFERED, V2G_E_STATE, V2G_E_VALUE};

/// Mobility needs of the driver and the state of the battery.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_needs {
    /// `sizeof` this struct.
    pub size: u32,
    /// Seconds until departure.
    pub departure_time: u32,
    /// Energy to the target state of charge, Wh.
    pub target_energy: v2g_number,
    /// Energy until full, Wh.
    pub max_energy: v2g_number,
    /// Energy to the minimum state of charge, Wh; negative: energy that the vehicle may give away. While it is positive the
    /// vehicle announces that nothing may be taken from it.
    pub min_energy: v2g_number,
    /// Band within which the charger may cycle energy, Wh: to its upper end. This and the next, or neither.
    pub max_v2x_energy: v2g_number,
    /// To its lower end, Wh.
    pub min_v2x_energy: v2g_number,
    /// State of charge, %. None: nothing is shown.
    pub present_soc: v2g_number,
    /// Least state of charge at departure, %.
    pub minimum_soc: v2g_number,
    /// State of charge wanted at departure, %.
    pub target_soc: v2g_number,
    /// Most state of charge that the battery takes, %.
    pub maximum_soc: v2g_number,
    /// Seconds until the minimum, the target and the maximum.
    pub time_to: [v2g_maybe_u32; 3],
    /// Capacity of the battery, Wh.
    pub capacity: v2g_number,
    /// 0: not said. 1: no. 2: the inlet is too hot for full power.
    pub inlet_hot: u16,
    /// 1: the battery has what it wants.
    pub charging_complete: u16,
}

versioned! { v2g_needs 76; }

impl v2g_needs {
    fn get(&self) -> crate::border::Outcome<Needs> {
        Ok(Needs {
            departure_time: self.departure_time,
            target_energy: self.target_energy.quantity(),
            max_energy: self.max_energy.quantity(),
            min_energy: self.min_energy.quantity(),
            v2x_energy: match (self.max_v2x_energy.maybe(), self.min_v2x_energy.maybe()) {
                (Some(most), Some(least)) => Some((most, least)),
                (None, None) => None,
                _ => return Err(V2G_E_VALUE),
            },
            present_soc: self.present_soc.percent()?,
            minimum_soc: self.minimum_soc.percent()?,
            target_soc: self.target_soc.percent()?,
            maximum_soc: self.maximum_soc.percent()?,
            time_to: self.time_to.map(v2g_maybe_u32::get),
            inlet_hot: match self.inlet_hot {
                0 => None,
                1 => Some(false),
                2 => Some(true),
                _ => return Err(V2G_E_VALUE),
            },
            charging_complete: self.charging_complete != 0,
            capacity: self.capacity.maybe(),
        })
    }
}

fn of_not_allowed(error: NotAllowed) -> i32 {
    match error {
        NotAllowed::NotOffered => V2G_E_NOT_OFFERED,
        _ => V2G_E_STATE,
    }
}

/// The answer of functions of families that are left out, once the handle is known to be one.
///
/// # Safety
/// As every function.
#[cfg(not(all(feature = "ac", feature = "dc")))]
unsafe fn unsupported<T>(evcc: *mut v2g_evcc, _: *const T) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |_| Err(crate::status::V2G_E_UNSUPPORTED)) }
}

/// What the vehicle can take and give over DC from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_dc_limits(evcc: *mut v2g_evcc, limits: *const v2g_dc_limits) -> i32 {
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller, see the top of the header.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_limits(read(limits)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, limits)
    }
}

/// What the battery asks for over DC: its voltage now, which is where pre-charge has to go, V; and where the vehicle plans
/// (Scheduled), target voltage, V, and current, A, positive into the vehicle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_dc_demand(
    evcc: *mut v2g_evcc,
    battery: v2g_number,
    voltage: v2g_number,
    current: v2g_number,
) -> i32 {
    let _ = (battery, voltage, current);
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_demand(iso15118_20::evcc::Demand {
                battery: battery.quantity(),
                voltage: voltage.quantity(),
                current: current.quantity(),
            });
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, &raw const battery)
    }
}

/// What is measured at the DC inlet: V, and A, positive into the vehicle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_report_measurement(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    voltage: v2g_number,
    current: v2g_number,
) -> i32 {
    let _ = (now_ms, voltage, current);
    #[cfg(feature = "dc")]
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            let (voltage, current) = (voltage.quantity(), current.quantity());
            evcc.measurement(instant(now_ms), iso15118_20::Measurement { voltage, current });
            Ok(())
        })
    }
    #[cfg(not(feature = "dc"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, &raw const voltage)
    }
}

/// What the vehicle can take and give over AC from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_ac_limits(evcc: *mut v2g_evcc, limits: *const v2g_ac_limits) -> i32 {
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_ac_limits(read(limits)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, limits)
    }
}

/// Power that the vehicle wants over AC where it plans itself (Scheduled), W: positive into the vehicle, negative out of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_ac_demand(evcc: *mut v2g_evcc, power: *const v2g_phases) -> i32 {
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_ac_demand((*crate::border::reference(power)?).into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, power)
    }
}

/// What is measured at the AC inlet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_report_ac_measurement(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    measured: *const v2g_ac_measurement,
) -> i32 {
    let _ = now_ms;
    #[cfg(feature = "ac")]
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.ac_measurement(instant(now_ms), read(measured)?.into());
            Ok(())
        })
    }
    #[cfg(not(feature = "ac"))]
    // SAFETY: as above.
    unsafe {
        unsupported(evcc, measured)
    }
}

/// Whether energy may leave the battery from now on: 0 no, 1 yes, within the limits and if the service is bidirectional.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_discharge_permit(evcc: *mut v2g_evcc, permit: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_discharge_permit(match permit {
                0 => DischargePermit::Forbidden,
                1 => DischargePermit::Allowed,
                _ => return Err(V2G_E_VALUE),
            });
            Ok(())
        })
    }
}

/// Mobility needs and state of the battery, from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_needs(evcc: *mut v2g_evcc, needs: *const v2g_needs) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_needs(read(needs)?.get()?);
            Ok(())
        })
    }
}

/// Reports the contactors, `V2G_CONTACTOR_*`. Any report counts: the last one is kept. Faults, and contactors that open by
/// themselves in the charge loop, make the vehicle leave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_report_contactor(evcc: *mut v2g_evcc, now_ms: u64, state: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.contactor(instant(now_ms), contactor(state)?);
            Ok(())
        })
    }
}

/// Ends the session in good order: power first, then the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_stop(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.stop(instant(now_ms));
            Ok(())
        })
    }
}

/// Ends the session at once: no current, open contactors, connection closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_emergency_stop(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.emergency_stop(instant(now_ms));
            Ok(())
        })
    }
}

/// Pauses the session: power first, then the connection. It can be resumed with a new one, see `v2g_evcc_start`.
///
/// `V2G_E_STATE`: not now; where the charger plans, only when it has asked for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_pause(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |evcc| evcc.pause(instant(now_ms)).map_err(of_not_allowed)) }
}

/// Goes on with the charge loop, but without power, contactors closed. `V2G_EVCC_STANDBY_BEGUN` tells when the charger has agreed,
/// `V2G_EVCC_STANDBY_REFUSED` that it has not.
///
/// `V2G_E_STATE`: not before or in the charge loop. `V2G_E_NOT_OFFERED`: refused before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_standby(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |evcc| evcc.standby(instant(now_ms)).map_err(of_not_allowed)) }
}

/// Leaves standby, or takes back a wish for it: power again. `V2G_E_STATE`: the vehicle is not in standby.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_exit_standby(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |evcc| evcc.exit_standby(instant(now_ms)).map_err(of_not_allowed)) }
}

/// Chooses the service anew: power off first, then discovery, with the wishes of the configuration. `V2G_E_NOT_OFFERED`: the
/// charger did not offer it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_renegotiate_service(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |evcc| evcc.renegotiate_service(instant(now_ms)).map_err(of_not_allowed)) }
}

/// Asks for a new schedule while the charge loop goes on. `V2G_E_STATE`: it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_renegotiate_schedule(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { with(evcc, |evcc| evcc.renegotiate_schedule(instant(now_ms)).map_err(of_not_allowed)) }
}

/// Asks for the meter readings in the next round of the loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_request_meter(evcc: *mut v2g_evcc) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.request_meter();
            Ok(())
        })
    }
}

/// Forgets a paused session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_forget_paused(evcc: *mut v2g_evcc) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.forget_paused();
            Ok(())
        })
    }
}
