//! The charger's machine.

use core::ffi::c_void;

use slac::PilotCommand;
use slac::evse::{BasicCharging, Evse, EvseConfig, EvseEvent, Fault, MatchFailure, Supply, Validation};

use super::{
    Random, V2G_SLAC_FAULT_ENTROPY, V2G_SLAC_FAULT_MODEM, address, decibels, link, link_down, network, pilot,
    profile, sent, v2g_random,
};
use crate::border::{
    Handle, Kind, create, destroy, done, enter, put, read, room, slice, slice_mut, status, versioned, with,
    writable, write,
};
use crate::session::{instant, milliseconds};
use crate::status::{V2G_E_SLAC_IGNORED, V2G_E_VALUE, V2G_NONE, V2G_OK};

/// Octets that the charger's machine takes on machines with pointers of 32 bits.
pub const V2G_SLAC_EVSE_SIZE_32: usize = 2304;
/// Octets that the charger's machine takes on machines with pointers of 64 bits.
pub const V2G_SLAC_EVSE_SIZE_64: usize = 2560;

/// What is charged: DC.
pub const V2G_SUPPLY_DC: u32 = 0;
/// What is charged: AC that requires digital communication.
pub const V2G_SUPPLY_AC_DIGITAL: u32 = 1;
/// What is charged: AC that can do without.
pub const V2G_SUPPLY_AC_NOMINAL: u32 = 2;

/// How a charger matches. Zeros are the usual values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_slac_evse_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_PROFILE_*`.
    pub profile: u32,
    /// `V2G_SUPPLY_*`.
    pub supply: u32,
    /// 1: a vehicle that does not match may charge AC by the pilot alone.
    pub basic_charging: u32,
    /// Vehicles that want to be validated: 0 toggles are counted, 1 it is not required, 2 it is not possible.
    pub validation: u32,
    /// The own address, that of the interface to the modem.
    pub mac: [u8; 6],
    /// Added to each group of the attenuation, dB: compensates the receive path.
    pub offset: i8,
    /// Zero.
    pub reserved: u8,
    /// Random numbers.
    pub random: v2g_random,
    /// For `random`.
    pub user: *mut c_void,
}

/// Event: drive the control pilot as `pilot` says.
pub const V2G_SLAC_EVSE_PILOT: u32 = 1;
/// Event: a fault, `reason` is a `V2G_SLAC_FAULT_*`.
pub const V2G_SLAC_EVSE_FAULT: u32 = 2;
/// Event: the modem has a fresh key; vehicles are answered from now on.
pub const V2G_SLAC_EVSE_READY: u32 = 3;
/// Event: the vehicle `peer` begins to sound. It need not be the one at this charger's cable.
pub const V2G_SLAC_EVSE_SOUNDING: u32 = 4;
/// Event: the vehicle `peer` chose this charger and was given the key; `run_id`, `attenuation`. Nothing proves who it is.
pub const V2G_SLAC_EVSE_CHOSEN: u32 = 5;
/// Event: there is a link to `peer`.
pub const V2G_SLAC_EVSE_LINK_UP: u32 = 6;
/// Event: there is no link any more, `reason` is a `V2G_LINK_*`.
pub const V2G_SLAC_EVSE_LINK_DOWN: u32 = 7;
/// Event: no vehicle was matched, `reason` is a `V2G_SLAC_EVSE_NO_*`. It may begin again at any time.
pub const V2G_SLAC_EVSE_FAILED: u32 = 8;
/// Event: the vehicle told how loud the charger may be; the values are in the frame that was handed in last.
pub const V2G_SLAC_EVSE_AMPLITUDE_MAP: u32 = 9;
/// Event: one that is newer than this list.
pub const V2G_SLAC_EVSE_OTHER: u32 = 0xFFFF;

/// The vehicle never asked.
pub const V2G_SLAC_EVSE_NO_REQUEST: u32 = 1;
/// The vehicle began and did not choose this charger.
pub const V2G_SLAC_EVSE_NOT_CHOSEN: u32 = 2;
/// The vehicle chose this charger and there was no link.
pub const V2G_SLAC_EVSE_NO_LINK: u32 = 3;

/// Pilot command: oscillate with 5 %.
pub const V2G_PILOT_FIVE_PERCENT: u32 = 1;
/// Pilot command: oscillate with the duty cycle of the current that is available.
pub const V2G_PILOT_NOMINAL: u32 = 2;
/// Pilot command: hold 12 V without oscillation.
pub const V2G_PILOT_OFF: u32 = 3;
/// Pilot command: hold 0 V.
pub const V2G_PILOT_STATE_E: u32 = 4;
/// Pilot command: hold −12 V.
pub const V2G_PILOT_STATE_F: u32 = 5;

/// What the charger's host hears.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_slac_evse_event {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_SLAC_EVSE_*`, the constants that begin with "Event:".
    pub kind: u32,
    /// `V2G_PILOT_FIVE_PERCENT` and those after it.
    pub pilot: u32,
    /// See the kind.
    pub reason: u32,
    /// How far away the vehicle sounded, dB.
    pub attenuation: u32,
    /// The vehicle, by what it says itself.
    pub peer: [u8; 6],
    /// Zero.
    pub reserved: u16,
    /// The vehicle's name of the attempt.
    pub run_id: [u8; 8],
}

versioned! {
    v2g_slac_evse_config core::mem::offset_of!(v2g_slac_evse_config, user) + size_of::<usize>();
    v2g_slac_evse_event 36;
}

/// The charger's end of SLAC. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_slac_evse_storage memory;
/// v2g_slac_evse_config config = V2G_SLAC_EVSE_CONFIG_INIT;
/// memcpy(config.mac, own_address, 6);
/// config.random = random_octets;
/// v2g_slac_evse *slac;
/// v2g_slac_evse_init(&memory, sizeof memory, &config, &slac);
/// v2g_slac_evse_start(slac, now_ms);
/// ```
///
/// Then report the control pilot, hand in frames, send those that come out, and fetch events.
pub struct v2g_slac_evse {
    _opaque: [u8; 0],
}

impl Kind for v2g_slac_evse {
    const TAG: u32 = 0x536C_4345;
    type Fixed = ();
    type Machine = Evse<'static, Random>;
}

const _: () = assert!(
    size_of::<Handle<v2g_slac_evse>>()
        <= if size_of::<usize>() == 4 { V2G_SLAC_EVSE_SIZE_32 } else { V2G_SLAC_EVSE_SIZE_64 }
);

impl From<EvseEvent> for v2g_slac_evse_event {
    fn from(event: EvseEvent) -> Self {
        let mut out = Self {
            size: 0,
            kind: V2G_SLAC_EVSE_OTHER,
            pilot: 0,
            reason: 0,
            attenuation: 0,
            peer: [0; 6],
            reserved: 0,
            run_id: [0; 8],
        };
        match event {
            EvseEvent::Pilot(command) => {
                out.kind = V2G_SLAC_EVSE_PILOT;
                out.pilot = match command {
                    PilotCommand::FivePercent => V2G_PILOT_FIVE_PERCENT,
                    PilotCommand::Nominal => V2G_PILOT_NOMINAL,
                    PilotCommand::Off => V2G_PILOT_OFF,
                    PilotCommand::StateE => V2G_PILOT_STATE_E,
                    PilotCommand::StateF => V2G_PILOT_STATE_F,
                };
            }
            EvseEvent::Fault(fault) => {
                out.kind = V2G_SLAC_EVSE_FAULT;
                out.reason = match fault {
                    Fault::Modem => V2G_SLAC_FAULT_MODEM,
                    Fault::NoEntropy => V2G_SLAC_FAULT_ENTROPY,
                };
            }
            EvseEvent::Ready => out.kind = V2G_SLAC_EVSE_READY,
            EvseEvent::Sounding { vehicle } => (out.kind, out.peer) = (V2G_SLAC_EVSE_SOUNDING, vehicle.0),
            EvseEvent::Chosen { vehicle, run_id, attenuation } => {
                (out.kind, out.peer, out.run_id) = (V2G_SLAC_EVSE_CHOSEN, vehicle.0, run_id.0);
                out.attenuation = decibels(attenuation);
            }
            EvseEvent::LinkUp { vehicle } => (out.kind, out.peer) = (V2G_SLAC_EVSE_LINK_UP, vehicle.0),
            EvseEvent::LinkDown(reason) => {
                (out.kind, out.reason) = (V2G_SLAC_EVSE_LINK_DOWN, link_down(reason));
            }
            EvseEvent::Failed(reason) => {
                out.kind = V2G_SLAC_EVSE_FAILED;
                out.reason = match reason {
                    MatchFailure::NoRequest => V2G_SLAC_EVSE_NO_REQUEST,
                    MatchFailure::NotChosen => V2G_SLAC_EVSE_NOT_CHOSEN,
                    MatchFailure::NoLink => V2G_SLAC_EVSE_NO_LINK,
                };
            }
            EvseEvent::AmplitudeMap { .. } => out.kind = V2G_SLAC_EVSE_AMPLITUDE_MAP,
            #[allow(unreachable_patterns, reason = "machines may be newer than this list")]
            _ => {}
        }
        out
    }
}

/// Makes a machine without a vehicle, in `storage` of `storage_size` octets. Nothing happens until `v2g_slac_evse_start`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_slac_evse_config,
    machine: *mut *mut v2g_slac_evse,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe {
        create(storage, storage_size, machine, |_| {
            let given = read(config)?;
            let mut config = EvseConfig::new(address(given.mac), profile(given.profile)?);
            config.supply = match given.supply {
                V2G_SUPPLY_DC => Supply::Dc,
                V2G_SUPPLY_AC_DIGITAL => Supply::AcDigital,
                V2G_SUPPLY_AC_NOMINAL => Supply::AcNominal,
                _ => return Err(V2G_E_VALUE),
            };
            if given.basic_charging != 0 {
                config.basic_charging = BasicCharging::Allowed;
            }
            config.validation = match given.validation {
                0 => Validation::Toggles,
                1 => Validation::NotRequired,
                2 => Validation::Unsupported,
                _ => return Err(V2G_E_VALUE),
            };
            config.offset = given.offset;
            Evse::new(config, Random::new(given.random, given.user)?).map_err(|_| V2G_E_VALUE)
        })
    })
}

/// Reports the control pilot, `V2G_PILOT_A` to `V2G_PILOT_F`, as the charger measures it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_report_pilot(
    machine: *mut v2g_slac_evse,
    now_ms: u64,
    state: u32,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.pilot(instant(now_ms), pilot(state)?);
            Ok(())
        })
    }
}

/// AC: the vehicle may charge without digital communication, because it was authorized in another way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_authorized(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.authorized(instant(now_ms));
            Ok(())
        })
    }
}

/// Octets that the machine needs in this build; at most `V2G_SLAC_EVSE_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_slac_evse_size() -> usize {
    size_of::<Handle<v2g_slac_evse>>()
}

/// Gives up a machine. Its storage, with the keys in it, is overwritten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_deinit(machine: *mut v2g_slac_evse) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(machine) })
}

/// Begins: the modem gets a key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_start(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
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
pub unsafe extern "C" fn v2g_slac_evse_handle_frame(
    machine: *mut v2g_slac_evse,
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
pub unsafe extern "C" fn v2g_slac_evse_handle_timeout(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.handle_timeout(instant(now_ms));
            Ok(())
        })
    }
}

/// When to call `v2g_slac_evse_handle_timeout` at the latest; `V2G_NEVER`: not before something else has happened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_poll_timeout(
    machine: *const v2g_slac_evse,
    deadline_ms: *mut u64,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(machine).and_then(|machine| put(deadline_ms, milliseconds(machine.poll_timeout()))) })
}

/// Writes the next frame into `out`, from its addresses on; `V2G_SLAC_FRAME` octets hold any. `V2G_NONE`: there is none.
/// `V2G_E_BUFFER`: `out` is too small, nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_poll_transmit(
    machine: *mut v2g_slac_evse,
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
pub unsafe extern "C" fn v2g_slac_evse_poll_event(
    machine: *mut v2g_slac_evse,
    event: *mut v2g_slac_evse_event,
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
pub unsafe extern "C" fn v2g_slac_evse_nid(machine: *const v2g_slac_evse, nid: *mut u8) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe { enter(machine).and_then(|machine| network(machine.nid(), nid)) })
}

/// What the host knows of the link, where the modem does not say it: 1 up, 0 down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_slac_evse_set_link(machine: *mut v2g_slac_evse, now_ms: u64, up: u32) -> i32 {
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
pub unsafe extern "C" fn v2g_slac_evse_terminate(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
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
pub unsafe extern "C" fn v2g_slac_evse_error(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
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
pub unsafe extern "C" fn v2g_slac_evse_pause(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
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
pub unsafe extern "C" fn v2g_slac_evse_wake(machine: *mut v2g_slac_evse, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(machine, |machine| {
            machine.wake(instant(now_ms));
            Ok(())
        })
    }
}
