//! SLAC: which charger a cable is in, for both ends.

pub mod charger;
pub mod vehicle;

use core::ffi::c_void;

use slac::{
    Attenuation, DutyCycle, EmitError, Entropy, LinkDown, LinkState, MacAddr, Nid, NoEntropy, PilotState,
    Profile,
};

use crate::border::{Outcome, put, room, slice_mut};
use crate::config::{V2G_PROFILE_LENIENT, V2G_PROFILE_STRICT};
use crate::status::{V2G_E_BUFFER, V2G_E_VALUE, V2G_NONE, V2G_OK};

/// EtherType of HomePlug management messages.
pub const V2G_SLAC_ETHERTYPE: u16 = 0x88E1;
/// Octets of the longest frame that these machines send.
pub const V2G_SLAC_FRAME: usize = 129;
/// Octets of a network identifier (NID).
pub const V2G_SLAC_NID: usize = 7;

const _: () = assert!(slac::MAX_FRAME_LEN <= V2G_SLAC_FRAME);

/// Control pilot: 12 V, no vehicle.
pub const V2G_PILOT_A: u32 = 1;
/// Control pilot: 9 V, a vehicle that is not ready.
pub const V2G_PILOT_B: u32 = 2;
/// Control pilot: 6 V, a vehicle that is ready.
pub const V2G_PILOT_C: u32 = 3;
/// Control pilot: 3 V, the same, and it wants ventilation.
pub const V2G_PILOT_D: u32 = 4;
/// Control pilot: 0 V, none.
pub const V2G_PILOT_E: u32 = 5;
/// Control pilot: −12 V, the charger has a fault.
pub const V2G_PILOT_F: u32 = 6;

/// Link down: the modem says so, or says nothing any more.
pub const V2G_LINK_LOST: u32 = 1;
/// Link down: the cable was unplugged.
pub const V2G_LINK_UNPLUGGED: u32 = 2;
/// Link down: the control pilot went to E or F.
pub const V2G_LINK_PILOT: u32 = 3;
/// Link down: the host ended it.
pub const V2G_LINK_TERMINATED: u32 = 4;
/// Link down: the host ended it because of an error.
pub const V2G_LINK_ERROR: u32 = 5;
/// Link down: it did not come back after a pause.
pub const V2G_LINK_NOT_RESUMED: u32 = 6;
/// Link down: for a reason that is newer than this list.
pub const V2G_LINK_OTHER: u32 = 0xFFFF;

/// Fault: the modem does not take a key. It is tried again.
pub const V2G_SLAC_FAULT_MODEM: u32 = 1;
/// Fault: there are no random numbers.
pub const V2G_SLAC_FAULT_ENTROPY: u32 = 2;

/// Fills `length` octets with random numbers that nobody can predict. Returns 0, or anything else where there are none now. It is
/// called from within functions of the handle that it was given to, and must not call them.
pub type v2g_random = Option<unsafe extern "C" fn(user: *mut c_void, out: *mut u8, length: usize) -> i32>;

/// The callback of the caller's.
pub struct Random {
    fill: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32,
    user: *mut c_void,
}

impl Random {
    pub(crate) fn new(fill: v2g_random, user: *mut c_void) -> Outcome<Self> {
        Ok(Self { fill: fill.ok_or(crate::status::V2G_E_NULL)?, user })
    }
}

impl Entropy for Random {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        // SAFETY: the caller gave the function for this, with the pointer that it wants.
        let status = unsafe { (self.fill)(self.user, out.as_mut_ptr(), out.len()) };
        if status == 0 { Ok(()) } else { Err(NoEntropy) }
    }
}

pub(crate) fn profile(number: u32) -> Outcome<Profile> {
    match number {
        V2G_PROFILE_LENIENT => Ok(Profile::Lenient),
        V2G_PROFILE_STRICT => Ok(Profile::Strict),
        _ => Err(V2G_E_VALUE),
    }
}

pub(crate) fn pilot(number: u32) -> Outcome<PilotState> {
    Ok(match number {
        V2G_PILOT_A => PilotState::A,
        V2G_PILOT_B => PilotState::B,
        V2G_PILOT_C => PilotState::C,
        V2G_PILOT_D => PilotState::D,
        V2G_PILOT_E => PilotState::E,
        V2G_PILOT_F => PilotState::F,
        _ => return Err(V2G_E_VALUE),
    })
}

pub(crate) fn duty(percent: u32) -> Outcome<DutyCycle> {
    match u8::try_from(percent) {
        Ok(percent) if percent <= 100 => Ok(DutyCycle::of_percent(percent)),
        _ => Err(V2G_E_VALUE),
    }
}

pub(crate) fn link(up: u32) -> Outcome<LinkState> {
    match up {
        0 => Ok(LinkState::Down),
        1 => Ok(LinkState::Up),
        _ => Err(V2G_E_VALUE),
    }
}

pub(crate) const fn link_down(reason: LinkDown) -> u32 {
    match reason {
        LinkDown::Lost => V2G_LINK_LOST,
        LinkDown::Unplugged => V2G_LINK_UNPLUGGED,
        LinkDown::Pilot => V2G_LINK_PILOT,
        LinkDown::Terminated => V2G_LINK_TERMINATED,
        LinkDown::Error => V2G_LINK_ERROR,
        LinkDown::NotResumed => V2G_LINK_NOT_RESUMED,
        #[allow(unreachable_patterns, reason = "machines may be newer than this list")]
        _ => V2G_LINK_OTHER,
    }
}

/// Whole decibels.
pub(crate) const fn decibels(attenuation: Attenuation) -> u32 {
    attenuation.whole_decibels() as u32
}

pub(crate) const fn address(mac: [u8; 6]) -> MacAddr {
    MacAddr(mac)
}

/// Hands out the length of a frame that was written.
///
/// # Safety
/// As [`put`].
pub(crate) unsafe fn sent(written: Result<Option<usize>, EmitError>, length: *mut usize) -> Outcome<i32> {
    room(length)?;
    // SAFETY: promised by the caller.
    unsafe {
        match written {
            Ok(None) => put(length, 0).map(|()| V2G_NONE),
            Ok(Some(used)) => put(length, used).map(|()| V2G_OK),
            Err(_) => Err(V2G_E_BUFFER),
        }
    }
}

/// Copies the identifier of a network.
///
/// # Safety
/// There is memory for `V2G_SLAC_NID` octets.
pub(crate) unsafe fn network(nid: Option<Nid>, out: *mut u8) -> Outcome<i32> {
    // SAFETY: promised by the caller.
    let out = unsafe { slice_mut(out, V2G_SLAC_NID) }?;
    Ok(match nid {
        None => V2G_NONE,
        Some(nid) => {
            out.copy_from_slice(&nid.0);
            V2G_OK
        }
    })
}
