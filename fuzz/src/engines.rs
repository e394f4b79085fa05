//! Engines in any state, fed with anything, and watched as the simulation watches them.
//!
//! An input begins with a service, a control mode, a profile, and how many answers of a real peer bring the session
//! to where it begins. What follows is a list of steps, see [`step`].

#![allow(dead_code, reason = "not all of the simulation is needed")]

#[path = "../../iso15118-20/tests/simulation/duo.rs"]
mod duo;
#[path = "../../iso15118-20/tests/simulation/limits.rs"]
mod limits;
#[path = "../../iso15118-20/tests/simulation/random.rs"]
mod random;
#[path = "../../iso15118-20/tests/simulation/station.rs"]
mod station;
#[path = "../../iso15118-20/tests/simulation/station_host.rs"]
mod station_host;
#[path = "../../iso15118-20/tests/simulation/station_output.rs"]
mod station_output;
#[path = "../../iso15118-20/tests/simulation/station_watch.rs"]
mod station_watch;
#[path = "../../iso15118-20/tests/simulation/trace.rs"]
mod trace;
#[path = "../../iso15118-20/tests/simulation/vehicle.rs"]
mod vehicle;
#[path = "../../iso15118-20/tests/simulation/vehicle_host.rs"]
mod vehicle_host;
#[path = "../../iso15118-20/tests/simulation/vehicle_watch.rs"]
mod vehicle_watch;

use std::time::Duration;

use iso15118_20::Profile;
use iso15118_20::service::{ControlMode, Service};

use duo::{Duo, duo};
use random::Random;
use trace::Log;

const SERVICES: [Service; 9] = [
    Service::Ac,
    Service::AcBpt,
    Service::Dc,
    Service::DcBpt,
    Service::Mcs,
    Service::McsBpt,
    Service::Wpt,
    Service::DcAcdp,
    Service::DcAcdpBpt,
];

/// Payload types that an engine reads; the last one it skips.
const TYPES: [u16; 12] =
    [0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x8006, 0x8101, 0x8102, 0x8103, 0x8104, 0x8010, 0xA000];

/// Which end is fed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The charger.
    Station,
    /// The vehicle.
    Vehicle,
}

/// The input, byte by byte; zeros after its end.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn take(&mut self, len: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// Feeds an engine.
///
/// # Panics
/// If it does not keep to the rules.
pub fn feed(end: End, input: &[u8]) {
    let mut input = Input(input);
    let kind = input.byte();
    let service = SERVICES[usize::from(kind) % SERVICES.len()];
    let mode = if kind & 0x40 == 0 { ControlMode::Scheduled } else { ControlMode::Dynamic };
    let profile = if kind & 0x80 == 0 { Profile::Lenient } else { Profile::Strict };
    let answers = input.byte() % 64;
    duo(service, mode, profile, Log::Silent, |duo| {
        for _ in 0..answers {
            let Some(frame) = duo.next_answer() else { return };
            duo.vehicle.input(duo.now, &frame);
        }
        while !input.0.is_empty() {
            step(end, duo, &mut input);
        }
        silence(end, duo);
    });
}

fn give(end: End, duo: &mut Duo<'_>, bytes: &[u8]) {
    match end {
        End::Station => duo.station.input(duo.now, bytes),
        End::Vehicle => duo.vehicle.input(duo.now, bytes),
    }
}

fn step(end: End, duo: &mut Duo<'_>, input: &mut Input<'_>) {
    match input.byte() % 8 {
        // A frame of any content.
        0 | 1 => {
            let payload_type = TYPES[usize::from(input.byte()) % TYPES.len()];
            let len = usize::from(input.byte());
            let payload = input.take(len);
            let mut frame = vec![0x01, 0xFE];
            frame.extend(payload_type.to_be_bytes());
            frame.extend((payload.len() as u32).to_be_bytes());
            frame.extend(payload);
            give(end, duo, &frame);
        }
        // Bytes that need be no frame.
        2 => {
            let len = usize::from(input.byte() % 32);
            let bytes = input.take(len);
            give(end, duo, bytes);
        }
        // What the peer has to say, with some bits changed.
        3 | 4 => {
            let mut frames = match end {
                End::Station => std::mem::take(&mut duo.vehicle.sent),
                End::Vehicle => duo.pending(),
            };
            for frame in &mut frames {
                for _ in 0..input.byte() % 3 {
                    let (place, bits) = (input.byte(), input.byte());
                    let place = usize::from(place) % frame.len();
                    frame[place] ^= bits;
                }
                give(end, duo, frame);
            }
        }
        // The straight way goes on.
        5 => {
            for _ in 0..input.byte() % 4 {
                if let Some(frame) = duo.next_answer() {
                    duo.vehicle.input(duo.now, &frame);
                }
            }
        }
        // A host says something.
        6 => {
            let mut random = Random::new(u64::from_be_bytes([0, 0, 0, 0, 0, 0, input.byte(), input.byte()]));
            match end {
                End::Station => {
                    let unix = duo.station.watch.unix(duo.now);
                    duo.station.say(duo.now, station_host::anything(&mut random, unix));
                }
                End::Vehicle => duo.vehicle.say(duo.now, vehicle_host::anything(&mut random)),
            }
        }
        // Time passes.
        _ => {
            let steps = [1, 50, 300, 600, 1500, 3000, 12_000, 61_000];
            let after = Duration::from_millis(steps[usize::from(input.byte()) % steps.len()]);
            pass(end, duo, after);
        }
    }
}

/// Lets time pass, with every deadline on the way.
fn pass(end: End, duo: &mut Duo<'_>, after: Duration) {
    let goal = duo.now + after;
    loop {
        let next = match end {
            End::Station => duo.station.secc.poll_timeout(),
            End::Vehicle => duo.vehicle.evcc.poll_timeout(),
        };
        duo.now = duo.now.max(next.map_or(goal, |next| next.min(goal)));
        match end {
            End::Station => duo.station.timeout(duo.now),
            End::Vehicle => duo.vehicle.timeout(duo.now),
        }
        if duo.now >= goal {
            return;
        }
    }
}

/// Nothing comes any more: there must be an end.
fn silence(end: End, duo: &mut Duo<'_>) {
    match end {
        End::Station => {
            pass(end, duo, Duration::from_secs(80));
            assert!(duo.station.closed, "the charger does not end");
        }
        End::Vehicle => {
            pass(end, duo, Duration::from_secs(25));
            assert!(duo.vehicle.closed, "the vehicle does not end");
        }
    }
}
