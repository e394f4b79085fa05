//! `v2g evcc`: a vehicle on a real interface.

use std::time::Duration;

use bumpalo::Bump;
use clap::Args as ClapArgs;
use iso15118_20::evcc::Evcc;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::Side;

use crate::failure::Failure;
use crate::net::{Interface, Link};
use crate::observe::Summary;
use crate::options::{Options, require_own_faults};
use crate::runtime::{
    BUFFER, Cable, Clock, FarEnd, Reactor, Trust, Vehicle, Wishes, to_and_fro, value_added_wishes,
    vehicle_config,
};
use crate::secc::require_link;
use crate::session::Departures;
use crate::slac::{Association, SlacOptions};
use crate::trust::{Place, TrustArgs};

/// Rounds where nobody says how many.
const ROUNDS: u32 = 10;

#[derive(Debug, ClapArgs)]
pub(crate) struct EvccArgs {
    /// The interface to the charger.
    #[arg(long, value_name = "IF")]
    iface: String,
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
  v2g evcc --iface eth1 --slac --service dc-bpt --lab    find the charger behind a powerline modem first

Nothing real is switched: the battery is simulated.";

/// Charges once.
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
    let clock = Clock::start();
    let audience = args.options.audience();
    let association = args.slac.associate(Side::Vehicle, &args.iface, scenario.profile, audience, clock)?;
    let verdict = association
        .as_ref()
        .map_or(Ok(()), |association| association.wait(Duration::from_secs(args.slac_timeout)));
    let verdict = verdict.and_then(|()| charge(args, &scenario, place, clock, association.as_ref()));
    if let Some(association) = association {
        association.leave();
    }
    verdict
}

/// One session with the charger of the link.
fn charge(
    args: &EvccArgs,
    scenario: &Scenario,
    place: Place,
    clock: Clock,
    association: Option<&Association>,
) -> Result<(), Failure> {
    let link = Link::Interface(Interface::find(&args.iface)?);
    let outputs = args.options.outputs(1)?;
    let wishes = Wishes::new(scenario);
    let mut buffer = vec![0; BUFFER];
    let added = value_added_wishes(scenario);
    let credentials = args.trust.vehicle(scenario, place, &args.trust.keyring()?)?;
    let tls = args.trust.link(place)?;
    let tls = credentials.as_ref().map(|own| own.tls(&tls)).transpose()?;
    // A vehicle that shows a certificate calls itself by its name.
    let id = credentials.as_ref().and_then(|own| own.vehicle.name()).unwrap_or("WMIV2G00000000001");
    let mut config = vehicle_config(scenario, id, wishes.at_first(), &added);
    let arena = Bump::new();
    let trust = credentials.as_ref().map(|own| {
        let trust = Trust::new(own, &arena, args.trust.contracts());
        trust.configure(&mut config, args.trust.contracts());
        trust
    });
    let engine = Evcc::new(&config, &mut buffer).map_err(Failure::failed)?;
    let cable = Cable::new(scenario);
    let vehicle = Vehicle::new(engine, cable, FarEnd::Foreign, scenario, &wishes).trusting(trust);
    let mut departures =
        Departures::new(link, clock, 1, outputs.sinks.clone()).over(association).secured(tls);
    let figures = Reactor::new(clock, vec![vehicle], scenario.seed)?.run(&mut departures)?;
    let summary = Summary {
        endings: &departures.endings,
        figures: &figures,
        expectation: &scenario.expect,
        elapsed: clock.now(),
        memory: None,
    };
    let verdict = summary.finish(args.options.audience());
    outputs.finish(scenario)?;
    verdict
}
