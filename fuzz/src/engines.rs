//! Engines in any state, fed with anything, and watched as the simulation watches them.
//!
//! An input is a list of steps. First comes what happens on the straight way of a session, between two real
//! engines, and what is changed in it: hosts say something, frames are damaged, replaced, repeated or lost, time
//! passes.

#[path = "../../iso15118-20/tests/simulation/hostile.rs"]
mod hostile;
#[path = "../../iso15118-20/tests/simulation/limits.rs"]
mod limits;
#[path = "../../iso15118-20/tests/simulation/link.rs"]
mod link;
#[path = "../../iso15118-20/tests/simulation/random.rs"]
mod random;
#[path = "../../iso15118-20/tests/simulation/scenario.rs"]
mod scenario;
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
