//! The vehicle's machine.

use core::ffi::c_void;

use slac::S2;
use slac::ev::{Ev, EvConfig, EvEvent, EvFailure, EvFault, Finding};

use super::{
    Random, V2G_SLAC_FAULT_ENTROPY, V2G_SLAC_FAULT_MODEM, address, decibels, duty, link, link_down, network,
    pilot, profile, sent, v2g_random,
};
use crate::border::{
    Handle, Kind, create, destroy, done, enter, put, read, room, slice, slice_mut, status, versioned, with,
    writable, write,
};
use crate::session::{instant, milliseconds};
use crate::status::{V2G_E_SLAC_IGNORED, V2G_E_VALUE, V2G_NONE, V2G_OK};

/// Octets that the vehicle's machine takes on machines with pointers of 32 bits.
pub const V2G_SLAC_EV_SIZE_32: usize = 1792;
/// Octets that the vehicle's machine takes on machines with pointers of 64 bits.
pub const V2G_SLAC_EV_SIZE_64: usize = 2048;

/// How a vehicle matches. Zeros are the usual values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_slac_ev_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_PROFILE_*`. The strict one has the limits of the standard, which would refuse most chargers that are deployed.
    pub profile: u32,
    /// A charger as near as this is certainly the one, dB. 0: that of the profile.
    pub direct: u32,
    /// A charger as near as this may be the one, dB. 0: that of the profile.
    pub indirect: u32,
    /// The own address, that of the interface to the modem.
    pub mac: [u8; 6],
    /// Zero.
    pub reserved: u16,
    /// Random numbers.
    pub random: v2g_random,
    /// For `random`.
    pub user: *mut c_void,
}

/// Event: switch S2 on the pilot, `s2` is 1 for open (state B), 2 for closed (state C).
pub const V2G_SLAC_EV_S2: u32 = 1;
/// Event: a fault, `reason` is a `V2G_SLAC_FAULT_*`.
pub const V2G_SLAC_EV_FAULT: u32 = 2;
/// Event: an attempt begins, `run_id`.
pub const V2G_SLAC_EV_ATTEMPT: u32 = 3;
/// Event: the charger `peer` was chosen, `attenuation`, `reason` is a `V2G_SLAC_EV_BY_*`.
pub const V2G_SLAC_EV_CHOSEN: u32 = 4;
/// Event: there is a link to `peer`.
pub const V2G_SLAC_EV_LINK_UP: u32 = 5;
/// Event: there is no link any more, `reason` is a `V2G_LINK_*`.
pub const V2G_SLAC_EV_LINK_DOWN: u32 = 6;
/// Event: all attempts failed, `reason` is a `V2G_SLAC_EV_NO_*` and says why the last one did.
pub const V2G_SLAC_EV_FAILED: u32 = 7;
/// Event: the charger told how loud the vehicle may be; the values are in the frame that was handed in last.
pub const V2G_SLAC_EV_AMPLITUDE_MAP: u32 = 8;
/// Event: one that is newer than this list.
pub const V2G_SLAC_EV_OTHER: u32 = 0xFFFF;

/// Chosen by its attenuation alone.
pub const V2G_SLAC_EV_BY_ATTENUATION: u32 = 1;
/// Chosen by its attenuation, because nothing spoke for another.
pub const V2G_SLAC_EV_BY_POTENTIAL: u32 = 2;
/// Chosen by toggles of the pilot that it saw.
pub const V2G_SLAC_EV_BY_VALIDATION: u32 = 3;
/// Chosen because it is the only one, although too far.
pub const V2G_SLAC_EV_BY_SINGLE: u32 = 4;
/// Chosen because it is the nearest of those that could not be validated.
pub const V2G_SLAC_EV_BY_NEAREST: u32 = 5;

/// No charger answered.
pub const V2G_SLAC_EV_NO_CHARGER: u32 = 1;
/// None of those that answered reported.
pub const V2G_SLAC_EV_NO_REPORT: u32 = 2;
/// All are too far away, or it is not clear which is the one.
pub const V2G_SLAC_EV_NOT_FOUND: u32 = 3;
/// None that might be the one could be validated.
pub const V2G_SLAC_EV_NOT_VALIDATED: u32 = 4;
/// The one that was chosen does not answer.
pub const V2G_SLAC_EV_NO_ANSWER: u32 = 5;
/// There was no link.
pub const V2G_SLAC_EV_NO_LINK: u32 = 6;

/// What the vehicle's host hears.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_slac_ev_event {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_SLAC_EV_*`, the constants that begin with "Event:".
    pub kind: u32,
    /// 1: open S2. 2: close it.
    pub s2: u32,
    /// See the kind.
    pub reason: u32,
    /// How far away the charger reported to be, dB.
    pub attenuation: u32,
    /// The charger, by what it says itself.
    pub peer: [u8; 6],
    /// Zero.
    pub reserved: u16,
    /// Name of the attempt.
    pub run_id: [u8; 8],
}

versioned! {
    v2g_slac_ev_config core::mem::offset_of!(v2g_slac_ev_config, user) + size_of::<usize>();
    v2g_slac_ev_event 36;
}

/// The vehicle's end of SLAC. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_slac_ev_storage memory;
/// v2g_slac_ev_config config = V2G_SLAC_EV_CONFIG_INIT;
/// memcpy(config.mac, own_address, 6);
/// config.random = random_octets;
/// v2g_slac_ev *slac;
/// v2g_slac_ev_init(&memory, sizeof memory, &config, &slac);
/// v2g_slac_ev_start(slac, now_ms);
/// ```
///
/// Then report the control pilot, hand in frames, send those that come out, and fetch events.
pub struct v2g_slac_ev {
    _opaque: [u8; 0],
}

impl Kind for v2g_slac_ev {
    const TAG: u32 = 0x536C_4556;
    type Fixed = ();
    type Machine = Ev<'static, Random>;
}

const _: () = assert!(
    size_of::<Handle<v2g_slac_ev>>()
        <= if size_of::<usize>() == 4 { V2G_SLAC_EV_SIZE_32 } else { V2G_SLAC_EV_SIZE_64 }
);

impl From<EvEvent> for v2g_slac_ev_event {
    fn from(event: EvEvent) -> Self {
        let mut out = Self {
            size: 0,
            kind: V2G_SLAC_EV_OTHER,
            s2: 0,
            reason: 0,
            attenuation: 0,
            peer: [0; 6],
            reserved: 0,
            run_id: [0; 8],
        };
        match event {
            EvEvent::S2(switch) => {
                out.kind = V2G_SLAC_EV_S2;
                out.s2 = match switch {
                    S2::Open => 1,
                    S2::Closed => 2,
                };
            }
            EvEvent::Fault(fault) => {
                out.kind = V2G_SLAC_EV_FAULT;
                out.reason = match fault {
                    EvFault::Modem => V2G_SLAC_FAULT_MODEM,
                    EvFault::NoEntropy => V2G_SLAC_FAULT_ENTROPY,
                };
            }
            EvEvent::Attempt { run_id } => (out.kind, out.run_id) = (V2G_SLAC_EV_ATTEMPT, run_id.0),
            EvEvent::Chosen { evse, attenuation, finding } => {
                (out.kind, out.peer) = (V2G_SLAC_EV_CHOSEN, evse.0);
                out.attenuation = decibels(attenuation);
                out.reason = match finding {
                    Finding::Direct => V2G_SLAC_EV_BY_ATTENUATION,
                    Finding::Potential => V2G_SLAC_EV_BY_POTENTIAL,
                    Finding::Validated => V2G_SLAC_EV_BY_VALIDATION,
                    Finding::Single => V2G_SLAC_EV_BY_SINGLE,
                    Finding::Nearest => V2G_SLAC_EV_BY_NEAREST,
                };
            }
            EvEvent::LinkUp { evse } => (out.kind, out.peer) = (V2G_SLAC_EV_LINK_UP, evse.0),
            EvEvent::LinkDown(reason) => (out.kind, out.reason) = (V2G_SLAC_EV_LINK_DOWN, link_down(reason)),
            EvEvent::Failed(reason) => {
                out.kind = V2G_SLAC_EV_FAILED;
                out.reason = match reason {
                    EvFailure::NoCharger => V2G_SLAC_EV_NO_CHARGER,
                    EvFailure::NoReport => V2G_SLAC_EV_NO_REPORT,
                    EvFailure::NotFound => V2G_SLAC_EV_NOT_FOUND,
                    EvFailure::NotValidated => V2G_SLAC_EV_NOT_VALIDATED,
                    EvFailure::NoAnswer => V2G_SLAC_EV_NO_ANSWER,
                    EvFailure::NoLink => V2G_SLAC_EV_NO_LINK,
                };
            }
            EvEvent::AmplitudeMap { .. } => out.kind = V2G_SLAC_EV_AMPLITUDE_MAP,
            #[allow(unreachable_patterns, reason = "machines may be newer than this list")]
            _ => {}
        }
        out
    }
}

/// Makes a machine without a charger, in `storage` of `storage_size` octets. Nothing happens until `v2g_slac_ev_start`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_slac_ev_config,
    machine: *mut *mut v2g_slac_ev,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe {
        create(storage, storage_size, machine, |_| {
            let given = read(config)?;
            let mut config = EvConfig::new(address(given.mac), profile(given.profile)?);
            for (place, limit) in [(&mut config.direct, given.direct), (&mut config.indirect, given.indirect)]
            {
                if limit != 0 {
                    *place = slac::Attenuation::decibels(u8::try_from(limit).map_err(|_| V2G_E_VALUE)?);
                }
            }
            Ev::new(config, Random::new(given.random, given.user)?).map_err(|_| V2G_E_VALUE)
        })
    })
}

/// Reports the control pilot as the vehicle sees it: `V2G_PILOT_A` to `V2G_PILOT_F`, and the duty cycle, %; 100: no oscillation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_report_pilot(
    machine: *mut v2g_slac_ev,
    now_ms: u64,
    state: u32,
    duty_cycle: u32,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.pilot(instant(now_ms), pilot(state)?, duty(duty_cycle)?);
            Ok(())
        })
    }
}

/// Octets that the machine needs in this build; at most `V2G_SLAC_EV_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_slac_ev_size() -> usize {
    size_of::<Handle<v2g_slac_ev>>()
}

/// Gives up a machine. Its storage, with the keys in it, is overwritten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_deinit(machine: *mut v2g_slac_ev) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(machine) })
}

/// Begins: the modem gets a key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_start(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.start(instant(now_ms));
            Ok(())
        })
    }
}

/// Takes an Ethernet frame of the EtherType `V2G_SLAC_ETHERTYPE`, from its addresses on.
///
/// `V2G_E_SLAC_IGNORED`: it is not for this machine, or not now. Nothing needs to be done about it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_handle_frame(
    machine: *mut v2g_slac_ev,
    now_ms: u64,
    frame: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            let frame = slice(frame, length)?;
            machine.handle_frame(instant(now_ms), frame).map_err(|_| V2G_E_SLAC_IGNORED)
        })
    }
}

/// Acts on every deadline that is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_handle_timeout(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.handle_timeout(instant(now_ms));
            Ok(())
        })
    }
}

/// When to call `v2g_slac_ev_handle_timeout` at the latest; `V2G_NEVER`: not before something else has happened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_poll_timeout(machine: *const v2g_slac_ev, deadline_ms: *mut u64) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(machine).and_then(|machine| put(deadline_ms, milliseconds(machine.poll_timeout()))) })
}

/// Writes the next frame into `out`, from its addresses on; `V2G_SLAC_FRAME` octets hold any. `V2G_NONE`: there is none.
/// `V2G_E_BUFFER`: `out` is too small, nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_poll_transmit(
    machine: *mut v2g_slac_ev,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(machine).and_then(|mut machine| {
            room(length)?;
            let out = slice_mut(out, capacity)?;
            sent(machine.poll_transmit(out), length)
        })
    })
}

/// Fetches the next event. `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_poll_event(
    machine: *mut v2g_slac_ev,
    event: *mut v2g_slac_ev_event,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(machine).and_then(|mut machine| {
            writable(event)?;
            match machine.poll_event() {
                None => Ok(V2G_NONE),
                Some(next) => write(event, next.into()).map(|()| V2G_OK),
            }
        })
    })
}

/// Identifier of the network that the modem is in or will be, `V2G_SLAC_NID` octets. `V2G_NONE`: there is none yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_nid(machine: *const v2g_slac_ev, nid: *mut u8) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe { enter(machine).and_then(|machine| network(machine.nid(), nid)) })
}

/// What the host knows of the link, where the modem does not say it: 1 up, 0 down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_set_link(machine: *mut v2g_slac_ev, now_ms: u64, up: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.link(instant(now_ms), link(up)?);
            Ok(())
        })
    }
}

/// The session is over: the link is given up (D-LINK_TERMINATE).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_terminate(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.terminate(instant(now_ms));
            Ok(())
        })
    }
}

/// The session failed: the link is made anew (D-LINK_ERROR).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_error(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.error(instant(now_ms));
            Ok(())
        })
    }
}

/// The session is paused: the link sleeps (D-LINK_PAUSE).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_pause(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.pause(instant(now_ms));
            Ok(())
        })
    }
}

/// Ends a pause.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_ev_wake(machine: *mut v2g_slac_ev, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.wake(instant(now_ms));
            Ok(())
        })
    }
}
