//! `v2g slac`: which charger is this cable in.

mod command;
mod describe;
// `host::match_ev` and `host::match_evse` are what runs before the discovery of a session.
pub(crate) mod host;
mod modem;
mod modem_sim;
mod port;
mod sniff;

pub(crate) use command::{EXAMPLES, SlacArgs, run};
pub(crate) use describe::{describe, sender};
