//! `v2g evcc`: a vehicle on a real interface.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::Side;

use crate::failure::Failure;
use crate::fleet::Garage;
use crate::memory::{self, Memory};
use crate::net::Link;
use crate::observe::Summary;
use crate::options::{Options, require_own_faults};
use crate::runtime::{Cable, Clock, FarEnd, Reactor, Wishes, to_and_fro};
use crate::secc::require_link;
use crate::session::Departures;
use crate::slac::{Association, SlacOptions};
use crate::trust::{Place, TrustArgs};

/// Rounds where nobody says how many.
const ROUNDS: u32 = 10;

#[derive(Debug, ClapArgs)]
pub(crate) struct EvccArgs {
    /// The interface to the charger.
    #[arg(long, value_name = "IF", required_unless_present = "connect")]
    iface: Option<String>,
    /// A charger whose socket is known, such as one behind a serial line: nothing is searched for.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["iface", "slac"])]
    connect: Option<SocketAddr>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    slac: SlacOptions,
    /// Give up after so many seconds without a link.
    #[arg(long, value_name = "S", requires = "slac", default_value_t = 60)]
    slac_timeout: u64,
    /// Rounds of the charge loop; overrides the scenario. Default: 10.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    loops: Option<u32>,
    /// So many vehicles at one charger, each with a connection of its own. The messages of one are shown, of several the
    /// figures.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    #[command(flatten)]
    trust: TrustArgs,
    /// Without --tls: plain TCP, which ISO 15118-20 forbids outside the laboratory. With it: certificates and curves of
    /// laboratories count too.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g evcc --iface ev0 --service dc-bpt --lab
  v2g evcc --iface ev0 --service dc --mode scheduled --loops 50 --lab --json
  v2g evcc --iface ev0 --service ac --mode scheduled --lab
  v2g evcc --iface ev0 --scenario examples/scenarios/dc-bpt-arbitrage.toml --lab --report report.html
  v2g evcc --iface lo --service dc --sessions 2000 --lab    many at a charger of this machine, `v2g secc --iface lo`
  v2g evcc --iface eth1 --slac --service dc-bpt --lab    find the charger behind a powerline modem first
  v2g evcc --connect '[::1]:6000' --service dc --lab    a charger without discovery

Nothing real is switched: the battery is simulated.";

/// Charges.
pub(crate) fn run(args: &EvccArgs) -> Result<(), Failure> {
    let place = require_link(&args.trust, args.lab)?;
    if args.options.service.is_none() && args.options.scenario.is_none() {
        return Err(Failure::usage("what is the vehicle to charge with?")
            .advise("--service says it, such as --service dc-bpt; or --scenario"));
    }
    let mut scenario = args.options.scenario(|| {
        let rounds = args.loops.unwrap_or(ROUNDS);
        to_and_fro(args.options.service.into_iter().collect(), Some(rounds), rounds.div_ceil(2))
    })?;
    scenario.vehicle.rounds = args.loops.or(scenario.vehicle.rounds);
    require_own_faults(&scenario, Side::Vehicle)?;
    args.trust.expect(&mut scenario);
    if args.slac.is_wanted() && args.sessions > 1 {
        return Err(Failure::usage("one cable has one vehicle: --slac goes with one session"));
    }
    memory::allow_files(u64::from(args.sessions) + 64)?;
    let clock = Clock::start();
    let audience = args.options.audience();
    let association = match &args.iface {
        Some(iface) => args.slac.associate(Side::Vehicle, iface, scenario.profile, audience, clock)?,
        None => None,
    };
    let verdict = association
        .as_ref()
        .map_or(Ok(()), |association| association.wait(Duration::from_secs(args.slac_timeout)));
    let verdict = verdict.and_then(|()| charge(args, &scenario, place, clock, association.as_ref()));
    if let Some(association) = association {
        association.leave();
    }
    verdict
}

/// Sessions with the charger of the link.
fn charge(
    args: &EvccArgs,
    scenario: &Scenario,
    place: Place,
    clock: Clock,
    association: Option<&Association>,
) -> Result<(), Failure> {
    let link = args.iface.as_deref().map_or_else(|| Ok(Link::loopback()), Link::on)?;
    let outputs = args.options.outputs(args.sessions)?;
    let wishes = Wishes::new(scenario);
    let credentials = args.trust.vehicle(scenario, place, &args.trust.keyring()?)?;
    let tls = args.trust.link(place)?;
    let tls = credentials.as_ref().map(|own| own.tls(&tls)).transpose()?;
    let memory = Memory::now().filter(|_| args.sessions > 1);
    let mut garage = Garage::new(args.sessions, scenario, credentials.as_ref());
    let cables = (0..args.sessions).map(|_| Cable::new(scenario));
    let owner = (&args.trust, credentials.as_ref());
    let vehicles = garage.vehicles(cables, FarEnd::Foreign, scenario, &wishes, owner)?;
    let mut departures = Departures::new(link, clock, args.sessions, outputs.sinks.clone())
        .known(args.connect)
        .over(association)
        .secured(tls);
    let figures = Reactor::new(clock, vehicles, scenario.seed)?.run(&mut departures)?;
    let summary = Summary {
        endings: &departures.endings,
        figures: &figures,
        expectation: &scenario.expect,
        elapsed: clock.now(),
        memory: memory.map(Memory::with_peak),
    };
    let verdict = summary.finish(args.options.audience());
    outputs.finish(scenario)?;
    verdict
}
