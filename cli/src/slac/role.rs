//! `v2g slac evse` and `v2g slac ev`: a machine and nothing above it.

use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::json;
use v2g_slac::Profile;

use super::host::{Host, Place};
use super::machine::{News, Told};
use super::modem::Side;
use super::pilot::PilotChoice;
use super::teller::Teller;
use crate::failure::Failure;
use crate::observe::Audience;
use crate::runtime::Clock;

#[derive(Debug, ClapArgs)]
pub(crate) struct RoleArgs {
    /// The interface to the modem.
    #[arg(long, value_name = "IF")]
    iface: String,
    /// The control pilot: assume-connected, or unix:PATH of its driver.
    #[arg(long, value_name = "PILOT", default_value_t = PilotChoice::AssumeConnected)]
    pilot: PilotChoice,
    /// End as soon as there is a link, and stay in the network.
    #[arg(long)]
    once: bool,
    /// Follow the standard to the letter, instead of what deployed peers do.
    #[arg(long)]
    strict: bool,
    /// One JSON object per event and line.
    #[arg(long)]
    json: bool,
    /// Give up after so many seconds without a link.
    #[arg(long, value_name = "S")]
    timeout: Option<u64>,
}

/// Matches, and goes on to match, or ends with the first link.
pub(super) fn run(args: &RoleArgs, side: Side) -> Result<(), Failure> {
    let clock = Clock::start();
    let profile = if args.strict { Profile::Strict } else { Profile::Lenient };
    let place = Place { side, iface: &args.iface, pilot: &args.pilot, profile };
    let (mut host, _inputs) = Host::open(&place, clock)?;
    let teller = Teller::new(Audience::json(args.json));
    let mut give_up = args.timeout.map(|timeout| clock.now() + Duration::from_secs(timeout));
    loop {
        for happening in host.turn(give_up)? {
            teller.tell(clock.now(), &happening.told)?;
            let Some(News::Up(peer)) = happening.news else { continue };
            give_up = None;
            if args.once {
                let network = host.nid().map(|nid| nid.to_string()).unwrap_or_default();
                let json = json!({ "event": "end", "peer": peer.to_string(), "nid": network });
                let text = format!("in network {network} with {peer}");
                return teller.tell(clock.now(), &Told { text, json });
            }
        }
        if give_up.is_some_and(|at| at <= clock.now()) {
            return Err(Failure::failed("no link in the time that was given")
                .advise("`v2g slac sniff` shows what is on the line"));
        }
    }
}
