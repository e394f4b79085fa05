//! Parking lots under virtual time.

mod cable;
mod chance;
mod forger;
mod hosts;
mod line;
mod lot;
mod modem;
mod place;
mod scenario;
mod tally;
mod watch;

pub(crate) use lot::Lot;
pub(crate) use scenario::{Outcome, Scenario, Variant};
pub(crate) use tally::Tally;
pub(crate) use watch::Watch;
