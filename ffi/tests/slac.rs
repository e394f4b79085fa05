//! A whole matching through C's functions: vehicle and charger, each with a modem that does what modems do.

use core::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;

use slac::mme::{AttenProfileInd, SetKeyCnf};
use slac::{Envelope, Frame, GROUPS, Groups, MacAddr, Mme};
use v2g::slac::charger::*;
use v2g::slac::vehicle::*;
use v2g::slac::{V2G_PILOT_A, V2G_PILOT_B, V2G_SLAC_FRAME, V2G_SLAC_NID};
use v2g::status::{V2G_E_BUFFER, V2G_E_NULL, V2G_E_SLAC_IGNORED, V2G_E_VALUE, V2G_NONE, V2G_OK};

const EV: [u8; 6] = [2, 0xE0, 0, 0, 0, 1];
const EVSE: [u8; 6] = [2, 0xC0, 0, 0, 0, 1];
const MODEM: [u8; 6] = [2, 0xC1, 0, 0, 0, 1];

/// Numbers that differ, and whose source is what `user` points to.
unsafe extern "C" fn random(user: *mut c_void, out: *mut u8, length: usize) -> i32 {
    // SAFETY: the tests pass a counter, and the library as much memory as it says.
    unsafe {
        let counter = &mut *user.cast::<u8>();
        for octet in std::slice::from_raw_parts_mut(out, length) {
            *counter = counter.wrapping_add(37);
            *octet = *counter;
        }
    }
    0
}

unsafe extern "C" fn no_random(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
    -1
}

fn frame(destination: [u8; 6], source: [u8; 6], message: &Mme<'_>) -> Vec<u8> {
    let version = message.version();
    let envelope = Envelope { destination: MacAddr(destination), source: MacAddr(source), version };
    let mut out = vec![0; message.buffer_len(version)];
    message.emit(envelope, &mut out).expect("room for it");
    out
}

/// What a modem says when it is given a key.
fn key_is_set(host: [u8; 6]) -> Vec<u8> {
    let message =
        SetKeyCnf { result: 0, my_nonce: 9, your_nonce: 0, pid: 4, prn: 0, pmn: 255, cco_capability: 0 };
    frame(host, MODEM, &Mme::SetKeyCnf(message))
}

fn zeroed<T>() -> T {
    // SAFETY: structs of C's are made of integers and pointers.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

struct Pair {
    charger: *mut v2g_slac_evse,
    vehicle: *mut v2g_slac_ev,
    now: u64,
    events: Vec<String>,
    keys: [u32; 2],
    linked: bool,
}

impl Pair {
    /// Lets both talk until nothing is left to say, then to the next deadline.
    fn step(&mut self) -> bool {
        let mut out = [0; V2G_SLAC_FRAME];
        let mut length = 0;
        // SAFETY: live handles, pointers to locals.
        unsafe {
            loop {
                let mut moved = false;
                while v2g_slac_evse_poll_transmit(self.charger, out.as_mut_ptr(), out.len(), &raw mut length)
                    == V2G_OK
                {
                    self.deliver(&out[..length], true);
                    moved = true;
                }
                while v2g_slac_ev_poll_transmit(self.vehicle, out.as_mut_ptr(), out.len(), &raw mut length)
                    == V2G_OK
                {
                    self.deliver(&out[..length], false);
                    moved = true;
                }
                moved |= self.hear();
                if !moved {
                    break;
                }
            }
            let (mut first, mut second) = (0, 0);
            assert_eq!(v2g_slac_evse_poll_timeout(self.charger, &raw mut first), V2G_OK);
            assert_eq!(v2g_slac_ev_poll_timeout(self.vehicle, &raw mut second), V2G_OK);
            let next = first.min(second);
            if next > self.now + 60_000 {
                return false;
            }
            self.now = next.max(self.now);
            assert_eq!(v2g_slac_evse_handle_timeout(self.charger, self.now), V2G_OK);
            assert_eq!(v2g_slac_ev_handle_timeout(self.vehicle, self.now), V2G_OK);
        }
        true
    }

    /// What modems do with a frame: they take keys, and they hear sounds.
    fn deliver(&mut self, bytes: &[u8], of_charger: bool) {
        let parsed = Frame::new_checked(bytes).expect("a frame");
        match Mme::parse(&parsed).expect("a message") {
            Mme::SetKeyReq(_) => {
                self.keys[usize::from(of_charger)] += 1;
                self.give(&key_is_set(if of_charger { EVSE } else { EV }), of_charger);
                // Once the vehicle's modem has the key of the charger, the modems see each other.
                self.linked |= !of_charger && self.events.iter().any(|event| event == "charger chosen");
            }
            Mme::MnbcSoundInd(_) => {
                let groups = [7; GROUPS];
                let heard = AttenProfileInd { pev_mac: MacAddr(EV), groups: Groups::new(&groups) };
                self.give(bytes, true);
                self.give(&frame(EVSE, MODEM, &Mme::AttenProfileInd(heard)), true);
            }
            _ if parsed.destination() == MacAddr::LOCAL_MODEM => {}
            _ => self.give(bytes, !of_charger),
        }
    }

    fn give(&mut self, bytes: &[u8], to_charger: bool) {
        // SAFETY: live handles, a slice.
        let status = unsafe {
            if to_charger {
                v2g_slac_evse_handle_frame(self.charger, self.now, bytes.as_ptr(), bytes.len())
            } else {
                v2g_slac_ev_handle_frame(self.vehicle, self.now, bytes.as_ptr(), bytes.len())
            }
        };
        assert!(status == V2G_OK || status == V2G_E_SLAC_IGNORED, "{status}");
    }

    fn hear(&mut self) -> bool {
        let (mut charger, mut vehicle): (v2g_slac_evse_event, v2g_slac_ev_event) = (zeroed(), zeroed());
        charger.size = size_of_val(&charger) as u32;
        vehicle.size = size_of_val(&vehicle) as u32;
        let mut heard = false;
        // SAFETY: live handles, pointers to locals.
        unsafe {
            while v2g_slac_evse_poll_event(self.charger, &raw mut charger) == V2G_OK {
                heard = true;
                match charger.kind {
                    V2G_SLAC_EVSE_CHOSEN => {
                        assert_eq!((charger.peer, charger.attenuation), (EV, 7));
                        self.events.push("charger chosen".into());
                    }
                    V2G_SLAC_EVSE_LINK_UP => self.events.push("charger up".into()),
                    V2G_SLAC_EVSE_LINK_DOWN => self.events.push(format!("charger down {}", charger.reason)),
                    V2G_SLAC_EVSE_FAULT => self.events.push(format!("charger fault {}", charger.reason)),
                    _ => {}
                }
            }
            while v2g_slac_ev_poll_event(self.vehicle, &raw mut vehicle) == V2G_OK {
                heard = true;
                match vehicle.kind {
                    V2G_SLAC_EV_CHOSEN => {
                        assert_eq!((vehicle.peer, vehicle.attenuation), (EVSE, 7));
                        self.events.push(format!("vehicle chose {}", vehicle.reason));
                    }
                    V2G_SLAC_EV_LINK_UP => self.events.push("vehicle up".into()),
                    V2G_SLAC_EV_LINK_DOWN => self.events.push(format!("vehicle down {}", vehicle.reason)),
                    _ => {}
                }
            }
            if std::mem::take(&mut self.linked) {
                assert_eq!(v2g_slac_evse_set_link(self.charger, self.now, 1), V2G_OK);
                assert_eq!(v2g_slac_ev_set_link(self.vehicle, self.now, 1), V2G_OK);
            }
        }
        heard
    }
}

#[test]
fn a_vehicle_and_a_charger_match() {
    let mut memory = [const { MaybeUninit::<[u64; 512]>::zeroed() }; 2];
    let [first, second] = &mut memory;
    let mut counters = [1_u8, 101];
    let [charger_random, vehicle_random] = &mut counters;
    let mut charger_config: v2g_slac_evse_config = zeroed();
    charger_config.size = size_of::<v2g_slac_evse_config>() as u32;
    charger_config.mac = EVSE;
    charger_config.user = ptr::from_mut(charger_random).cast();
    let mut vehicle_config: v2g_slac_ev_config = zeroed();
    vehicle_config.size = size_of::<v2g_slac_ev_config>() as u32;
    vehicle_config.mac = EV;
    vehicle_config.random = Some(random);
    vehicle_config.user = ptr::from_mut(vehicle_random).cast();
    let (mut charger, mut vehicle) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: pointers to locals, large enough.
    unsafe {
        let init = |config: &v2g_slac_evse_config, place: &mut MaybeUninit<[u64; 512]>, out| {
            v2g_slac_evse_init(place.as_mut_ptr().cast(), size_of::<[u64; 512]>(), config, out)
        };
        assert_eq!(init(&charger_config, first, &raw mut charger), V2G_E_NULL);
        charger_config.random = Some(random);
        charger_config.mac = [1, 0, 0, 0, 0, 0];
        assert_eq!(init(&charger_config, first, &raw mut charger), V2G_E_VALUE);
        charger_config.mac = EVSE;
        assert_eq!(init(&charger_config, first, &raw mut charger), V2G_OK);
        let size = size_of::<[u64; 512]>();
        let made =
            v2g_slac_ev_init(second.as_mut_ptr().cast(), size, &raw const vehicle_config, &raw mut vehicle);
        assert_eq!(made, V2G_OK);
        assert_eq!(v2g_slac_evse_nid(charger, [0; V2G_SLAC_NID].as_mut_ptr()), V2G_NONE);
        assert_eq!(v2g_slac_evse_nid(charger, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_slac_evse_start(charger, 0), V2G_OK);
        assert_eq!(v2g_slac_ev_start(vehicle, 0), V2G_OK);
    }
    let mut pair = Pair { charger, vehicle, now: 0, events: Vec::new(), keys: [0; 2], linked: false };
    for _ in 0..20 {
        pair.step();
    }
    // SAFETY: live handles.
    unsafe {
        assert_eq!(v2g_slac_ev_report_pilot(vehicle, pair.now, V2G_PILOT_B, 101), V2G_E_VALUE);
        assert_eq!(v2g_slac_evse_report_pilot(charger, pair.now, V2G_PILOT_B), V2G_OK);
        assert_eq!(v2g_slac_ev_report_pilot(vehicle, pair.now, V2G_PILOT_B, 5), V2G_OK);
    }
    for _ in 0..400 {
        if !pair.step() || pair.events.iter().filter(|event| event.ends_with("up")).count() == 2 {
            break;
        }
    }
    assert_eq!(pair.events, ["charger chosen", "vehicle chose 1", "charger up", "vehicle up"]);
    assert!(pair.keys[0] >= 1 && pair.keys[1] >= 1);
    let mut networks = [[0; V2G_SLAC_NID], [1; V2G_SLAC_NID]];
    // SAFETY: live handles.
    unsafe {
        assert_eq!(v2g_slac_evse_nid(charger, networks[0].as_mut_ptr()), V2G_OK);
        assert_eq!(v2g_slac_ev_nid(vehicle, networks[1].as_mut_ptr()), V2G_OK);
        assert_eq!(networks[0], networks[1]);
        assert_eq!(v2g_slac_evse_report_pilot(charger, pair.now, V2G_PILOT_A), V2G_OK);
        assert_eq!(v2g_slac_ev_report_pilot(vehicle, pair.now, V2G_PILOT_A, 100), V2G_OK);
        pair.hear();
        assert_eq!(pair.events[4..], ["charger down 2", "vehicle down 2"]);
        // A frame stays until there is room for it.
        let mut length = 1;
        assert_eq!(v2g_slac_evse_poll_transmit(charger, ptr::null_mut(), 0, &raw mut length), V2G_E_BUFFER);
        assert_eq!(v2g_slac_evse_deinit(charger), V2G_OK);
        assert_eq!(v2g_slac_ev_deinit(vehicle), V2G_OK);
    }
}

#[test]
fn without_random_numbers_there_is_no_key() {
    let mut memory = MaybeUninit::<[u64; 512]>::zeroed();
    let mut config: v2g_slac_evse_config = zeroed();
    config.size = size_of::<v2g_slac_evse_config>() as u32;
    config.mac = EVSE;
    config.random = Some(no_random);
    let mut event: v2g_slac_evse_event = zeroed();
    event.size = size_of_val(&event) as u32;
    let mut charger = ptr::null_mut();
    // SAFETY: pointers to locals, large enough.
    unsafe {
        let size = size_of::<[u64; 512]>();
        let made = v2g_slac_evse_init(memory.as_mut_ptr().cast(), size, &raw const config, &raw mut charger);
        assert_eq!(made, V2G_OK);
        assert_eq!(v2g_slac_evse_start(charger, 0), V2G_OK);
        let mut kinds = Vec::new();
        while v2g_slac_evse_poll_event(charger, &raw mut event) == V2G_OK {
            kinds.push((event.kind, event.reason));
        }
        assert!(kinds.contains(&(V2G_SLAC_EVSE_FAULT, v2g::slac::V2G_SLAC_FAULT_ENTROPY)), "{kinds:?}");
        assert_eq!(v2g_slac_evse_poll_event(charger, &raw mut event), V2G_NONE);
        assert_eq!(v2g_slac_evse_deinit(charger), V2G_OK);
    }
}
