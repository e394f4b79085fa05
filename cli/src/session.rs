//! `v2g session`: both ends in this process, over real sockets.

mod departures;
mod doors;

use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args as ClapArgs;
use iso15118_20::secc::Secc;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{ModeChoice, ServiceChoice};
use v2gtp::Security;

use crate::credentials::{StationCredentials, VehicleCredentials};
use crate::failure::Failure;
use crate::fleet::Garage;
use crate::memory::{self, Memory};
use crate::net::{Link, Server};
use crate::observe::{Ending, Figures, Summary};
use crate::options::Options;
use crate::placement::keep_on_core;
use crate::runtime::{
    Cable, Clock, FarEnd, Menu, Reactor, Station, Wishes, Workspace, station_config, to_and_fro,
};
use crate::trust::{Place, TrustArgs};

pub(crate) use departures::Departures;
use departures::Plugs;
use doors::{Berthed, Doors};

/// Simulated seconds in one second, so that a short session moves energy worth showing.
const LAPSE: u32 = 60;

/// Rounds where nobody says how many.
const ROUNDS: u32 = 20;

#[derive(Debug, ClapArgs)]
pub(crate) struct Session {
    #[command(flatten)]
    options: Options,
    /// Rounds of the charge loop; overrides the scenario. Default: 20.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    loops: Option<u32>,
    /// So many sessions at once. The messages of one are shown, of several the figures.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    #[command(flatten)]
    trust: TrustArgs,
    /// Certificates and curves of laboratories count too.
    #[arg(long, requires = "tls")]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g session                                   charge and discharge over DC, watch every message
  v2g session --service dc --mode scheduled
  v2g session --service acdp-bpt                a bus under a pantograph; also ac, mcs, wpt
  v2g session --loops 100 --json | tail -n 1    figures of a longer session
  v2g session --scenario examples/scenarios/lost-link.toml --trace trace.jsonl
  v2g session --scenario examples/scenarios/pause.toml
  v2g session --loops 200 --report report.html  a page with messages, power and latencies
  v2g session --sessions 2000                   many at once: latencies and memory
  v2g session --tls --pnc --install-contract    TLS 1.3, a contract fetched and shown, in a PKI made for the occasion
  v2g session --tls --pnc --fault revoked-contract";

fn usual(args: &Session) -> Scenario {
    let rounds = args.loops.unwrap_or(ROUNDS);
    let services = vec![args.options.service.unwrap_or(ServiceChoice::DcBpt)];
    let scenario = to_and_fro(services, Some(rounds), rounds.div_ceil(2));
    Scenario { mode: Some(ModeChoice::Dynamic), lapse: LAPSE, name: "to and fro".to_owned(), ..scenario }
}

/// Runs sessions and shows them as the vehicles see them.
pub(crate) fn run(args: &Session) -> Result<(), Failure> {
    let mut scenario = args.options.scenario(|| usual(args))?;
    scenario.vehicle.rounds = args.loops.or(scenario.vehicle.rounds);
    args.trust.expect(&mut scenario);
    memory::allow_files(2 * u64::from(args.sessions) + 64)?;
    let place = if args.lab { Place::Laboratory } else { Place::Street };
    let ring = args.trust.keyring()?;
    let credentials =
        (args.trust.station(&scenario, place, &ring)?, args.trust.vehicle(&scenario, place, &ring)?);
    let tls = args.trust.link(place)?;
    let station_tls = credentials.0.as_ref().map(|own| own.tls(&tls)).transpose()?;
    let vehicle_tls = credentials.1.as_ref().map(|own| own.tls(&tls)).transpose()?;
    let security = if args.trust.is_secured() { Security::Tls } else { Security::Plain };
    let outputs = args.options.outputs(args.sessions)?;
    let memory = Memory::now().filter(|_| args.sessions > 1);
    let clock = Clock::start();
    let server = Server::bind(Link::loopback(), security)?;
    let plugs = Plugs::default();
    let departures = Departures::new(server.link(), clock, args.sessions, outputs.sinks.clone())
        .plugged(plugs.clone())
        .secured(vehicle_tls);
    let stop = AtomicBool::new(false);
    let doors = Doors::new(server, clock, args.sessions, &stop, outputs.sinks.clone(), plugs, &scenario)
        .secured(station_tls);
    let ends = Ends { scenario: &scenario, trust: &args.trust, credentials: &credentials, clock };
    let (figures, endings) = ends.run(args.sessions, doors, departures)?;
    let elapsed = clock.now();
    let summary = Summary {
        endings: &endings,
        figures: &figures,
        expectation: &scenario.expect,
        elapsed,
        memory: memory.map(Memory::with_peak),
    };
    let verdict = summary.finish(args.options.audience());
    outputs.finish(&scenario)?;
    verdict
}

/// What both ends are made of.
struct Ends<'a> {
    scenario: &'a Scenario,
    trust: &'a TrustArgs,
    credentials: &'a (Option<StationCredentials>, Option<VehicleCredentials>),
    clock: Clock,
}

impl Ends<'_> {
    /// Each end has a thread with its own loop.
    fn run(
        &self,
        sessions: u32,
        mut doors: Doors<'_>,
        mut departures: Departures<'_>,
    ) -> Result<(Figures, Vec<Ending>), Failure> {
        let Self { scenario, trust, credentials, clock } = *self;
        let place = |session| Berthed { cable: Cable::new(scenario), session };
        let parking: Vec<Berthed> = (0..sessions).map(place).collect();
        let menu = Menu::new(scenario);
        let (offers, value_added) = (menu.offers(), menu.value_added());
        let wishes = Wishes::new(scenario);
        let mut workspace = Workspace::new(scenario, sessions);
        let mut garage = Garage::new(sessions, scenario, credentials.1.as_ref());

        let mut config = station_config(scenario, &offers, &value_added);
        let offer = trust.offer(credentials.0.as_ref());
        if let Some(offer) = &offer {
            offer.configure(&mut config);
        }
        let stations = workspace.parts().zip(&parking).map(|((buffer, schedules), place)| {
            let engine = Secc::new(&config, buffer)?.with_schedule_memory(schedules);
            Ok(Station::new(engine, place, scenario).trusting(offer))
        });
        let stations: Result<Vec<_>, iso15118_20::secc::ConfigError> = stations.collect();
        let cables = parking.iter().map(|place| place.cable.clone());
        let owner = (trust, credentials.1.as_ref());
        let vehicles = garage.vehicles(cables, FarEnd::Simulated, scenario, &wishes, owner)?;
        let stations = Reactor::new(clock, stations.map_err(Failure::failed)?, scenario.seed)?;
        let vehicles = Reactor::new(clock, vehicles, !scenario.seed)?;

        let stop = doors.stop();
        let figures = std::thread::scope(|scope| {
            let stations = scope.spawn(|| {
                keep_on_core(0);
                stations.run(&mut doors)
            });
            keep_on_core(1);
            let figures = vehicles.run(&mut departures);
            stop.store(true, Ordering::Relaxed);
            stations.join().map_err(|_| Failure::failed("the station's thread broke down"))??;
            figures
        })?;
        departures.endings.append(&mut doors.endings);
        Ok((figures, departures.endings))
    }
}
