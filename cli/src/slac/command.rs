//! The command line of `v2g slac`.

use clap::{Args as ClapArgs, Subcommand};

use super::modem::Side;
use super::modem_sim::{self, ModemSimArgs};
use super::role::{self, RoleArgs};
use super::sniff::{self, SniffArgs};
use crate::failure::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g slac evse --iface eth1                    be a charger behind the modem on eth1
  v2g slac ev --iface eth1 --once               be a vehicle, and end as soon as there is a link
  v2g slac sniff --iface eth1                   show every HomePlug frame
  v2g slac modem-sim --evse s0 --ev c0          modems and a line between them, for tests without hardware

Raw packets need CAP_NET_RAW. Without --pilot a vehicle counts as plugged in from the start.
A driver of the pilot listens on a Unix socket and speaks lines of text. It says what it measures, state and duty
cycle, at once and whenever that changes: `pilot B 5` (A to F; off, 5, nominal, invalid). Wanted of it are, by a
charger, `drive 5`, `drive nominal`, `drive off`, `drive E`, `drive F`; by a vehicle, `s2 closed`, `s2 open`.";

#[derive(Debug, ClapArgs)]
pub(crate) struct SlacArgs {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be a charger: answer vehicles and give the one that chooses us the key of our network.
    Evse(RoleArgs),
    /// Be a vehicle: find the charger and join its network.
    Ev(RoleArgs),
    /// Show the HomePlug frames of an interface.
    Sniff(SniffArgs),
    /// Be the modems of several chargers and vehicles, and the line between them.
    ModemSim(ModemSimArgs),
}

/// Runs a role to its end.
pub(crate) fn run(args: &SlacArgs) -> Result<(), Failure> {
    match &args.role {
        Role::Evse(args) => role::run(args, Side::Charger),
        Role::Ev(args) => role::run(args, Side::Vehicle),
        Role::Sniff(args) => sniff::run(args),
        Role::ModemSim(args) => modem_sim::run(args),
    }
}
