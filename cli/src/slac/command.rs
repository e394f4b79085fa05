//! The command line of `v2g slac`.

use clap::{Args as ClapArgs, Subcommand};

use super::host::{HostArgs, run_ev, run_evse};
use super::modem_sim::{self, ModemSimArgs};
use super::sniff::{self, SniffArgs};
use crate::failure::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g slac evse --iface eth1                    be a charger behind the modem on eth1
  v2g slac ev --iface eth1 --once               be a vehicle, and end as soon as there is a link
  v2g slac sniff --iface eth1                   show every HomePlug frame
  v2g slac modem-sim --evse s0 --ev c0          modems and a line between them, for tests without hardware

Raw packets need CAP_NET_RAW. There is no control pilot: a vehicle counts as plugged in from the start.";

#[derive(Debug, ClapArgs)]
pub(crate) struct SlacArgs {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be a charger: answer vehicles and give the one that chooses us the key of our network.
    Evse(HostArgs),
    /// Be a vehicle: find the charger and join its network.
    Ev(HostArgs),
    /// Show the HomePlug frames of an interface.
    Sniff(SniffArgs),
    /// Be the modems of several chargers and vehicles, and the line between them.
    ModemSim(ModemSimArgs),
}

/// Runs a role to its end.
pub(crate) fn run(args: &SlacArgs) -> Result<(), Failure> {
    match &args.role {
        Role::Evse(args) => run_evse(args),
        Role::Ev(args) => run_ev(args),
        Role::Sniff(args) => sniff::run(args),
        Role::ModemSim(args) => modem_sim::run(args),
    }
}
