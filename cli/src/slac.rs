//! `v2g slac`: which charger is this cable in.

mod association;
mod command;
mod describe;
mod host;
mod machine;
mod modem;
mod modem_sim;
mod pilot;
mod pilot_sim;
mod port;
mod role;
mod sniff;
mod teller;

pub(crate) use association::{Association, SlacOptions};
pub(crate) use command::{EXAMPLES, SlacArgs, run};
pub(crate) use describe::{describe, sender};
