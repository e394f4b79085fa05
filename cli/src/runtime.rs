//! What runs sessions: engines on sockets, with a simulated charger and a simulated car.

mod chance;
mod clock;
mod connection;
mod endpoint;
mod line;
mod plant;
mod reactor;
mod script;
mod secure;
mod setup;
mod station;
mod vehicle;

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::Failure;

pub(crate) use clock::Clock;
pub(crate) use endpoint::Endpoint;
pub(crate) use plant::{Cable, Reading};
pub(crate) use reactor::{Arrival, Intake, Reactor};
pub(crate) use secure::Secured;
pub(crate) use setup::{
    Menu, Wishes, Workspace, station_config, to_and_fro, value_added_wishes, vehicle_config,
};
pub(crate) use station::{Berth, Decision, Guest, Site, Station, Trustworthy};
pub(crate) use vehicle::{Contracts, FarEnd, Trust, Vehicle};

/// Memory for a message that arrives in pieces. What is never needed never takes real memory.
pub(crate) const BUFFER: usize = 16 * 1024;

/// Seconds since 1970.
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Octets that nobody can guess; never all zero, which as a session ID would mean none.
fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut octets = [0; N];
    let random = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut octets));
    random.map_err(|error| Failure::failed(format!("no random numbers: {error}")))?;
    octets[0] |= 1;
    Ok(octets)
}
