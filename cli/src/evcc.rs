//! `v2g evcc`: a vehicle on a real interface.

use clap::Args as ClapArgs;
use iso15118_20::evcc::Evcc;
use v2g_scenario::scenario::Side;

use crate::failure::Failure;
use crate::net::{Interface, Link};
use crate::observe::Summary;
use crate::options::{Options, require_own_faults};
use crate::runtime::{
    BUFFER, Cable, Clock, FarEnd, Reactor, Vehicle, Wishes, to_and_fro, value_added_wishes, vehicle_config,
};
use crate::secc::require_lab;
use crate::session::Departures;

/// Rounds where nobody says how many.
const ROUNDS: u32 = 10;

#[derive(Debug, ClapArgs)]
pub(crate) struct EvccArgs {
    /// The interface to the charger.
    #[arg(long, value_name = "IF")]
    iface: String,
    #[command(flatten)]
    options: Options,
    /// Rounds of the charge loop; overrides the scenario. Default: 10.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    loops: Option<u32>,
    /// Plain TCP, which ISO 15118-20 forbids outside the laboratory.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g evcc --iface ev0 --service dc-bpt --lab
  v2g evcc --iface ev0 --service dc --mode scheduled --loops 50 --lab --json
  v2g evcc --iface ev0 --service ac --mode scheduled --lab
  v2g evcc --iface ev0 --scenario examples/scenarios/dc-bpt-arbitrage.toml --lab --report report.html

Nothing real is switched: the battery is simulated.";

/// Charges once.
pub(crate) fn run(args: &EvccArgs) -> Result<(), Failure> {
    require_lab(args.lab)?;
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
    let clock = Clock::start();
    let link = Link::Interface(Interface::find(&args.iface)?);
    let outputs = args.options.outputs(1)?;
    let wishes = Wishes::new(&scenario);
    let mut buffer = vec![0; BUFFER];
    let added = value_added_wishes(&scenario);
    let config = vehicle_config(&scenario, "WMIV2G00000000001", wishes.at_first(), &added);
    let engine = Evcc::new(&config, &mut buffer).map_err(Failure::failed)?;
    let cable = Cable::new(&scenario);
    let vehicle = Vehicle::new(engine, cable, FarEnd::Foreign, &scenario, &wishes);
    let mut departures = Departures::new(link, clock, 1, outputs.sinks.clone());
    let figures = Reactor::new(clock, vec![vehicle], scenario.seed)?.run(&mut departures)?;
    let summary = Summary {
        endings: &departures.endings,
        figures: &figures,
        expectation: &scenario.expect,
        elapsed: clock.now(),
        memory: None,
    };
    let verdict = summary.finish(args.options.audience());
    outputs.finish(&scenario)?;
    verdict
}
