//! `v2g session`: both ends in this process, over real sockets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args as ClapArgs;
use iso15118_20::Instant;
use iso15118_20::evcc::{Evcc, EvccConfig};
use iso15118_20::secc::{Secc, SeccConfig};
use mio::Registry;
use mio::net::TcpStream;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{ModeChoice, ServiceChoice, Side};

use crate::failure::Failure;
use crate::memory::{self, Memory};
use crate::net::{self, Link, Server};
use crate::observe::{Ending, Energy, Figures, Observer, Sinks, Summary};
use crate::options::Options;
use crate::runtime::{
    BUFFER, Berth, Cable, Clock, Endpoint, FarEnd, Intake, Reactor, Site, Station, Vehicle, offers,
    to_and_fro, wishes,
};
use crate::secc::{EVSE_ID, METER_ID};

/// Simulated seconds in one second, so that a short session moves energy worth showing.
const LAPSE: u32 = 60;

/// Rounds where nobody says how many.
const ROUNDS: u32 = 20;

/// Between the arrivals of two vehicles.
const ARRIVALS: Duration = Duration::from_millis(1);

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
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g session                                   charge and discharge over DC, watch every message
  v2g session --service dc --mode scheduled
  v2g session --loops 100 --json | tail -n 1    figures of a longer session
  v2g session --scenario examples/scenarios/lost-link.toml --trace trace.jsonl
  v2g session --loops 200 --report report.html  a page with messages, power and latencies
  v2g session --sessions 2000                   many at once: latencies and memory";

/// A name from which the session follows.
fn vehicle_id(session: u32) -> String {
    format!("WMIV2G{:011}", session + 1)
}

/// The places of all vehicles.
struct Parking(Vec<Cable>);

impl Site for Parking {
    fn berth(&self, vehicle_id: &str) -> Berth {
        let number = vehicle_id.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches("2G");
        let session = number.parse::<u32>().ok().and_then(|number| number.checked_sub(1));
        let session = session.filter(|session| (*session as usize) < self.0.len());
        Berth { cable: self.0[session.unwrap_or(0) as usize].clone(), session }
    }
}

/// Vehicles arrive at the station's door.
struct Doors<'a> {
    server: Server,
    clock: Clock,
    left: u32,
    /// No vehicle comes any more.
    stop: &'a AtomicBool,
    sinks: Sinks,
    endings: Vec<Ending>,
}

impl Intake<Station<'_>> for Doors<'_> {
    fn register(&mut self, registry: &Registry) -> Result<(), Failure> {
        self.server.register(registry)
    }

    fn ready(&mut self, now: Instant) -> Result<(), Failure> {
        self.server.answer(now)
    }

    fn next(&mut self, _: Instant) -> Result<Option<TcpStream>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let stream = self.server.accept()?;
        self.left -= u32::from(stream.is_some());
        Ok(stream)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // Now and then it is asked whether vehicles still come.
        (self.left > 0).then(|| self.clock.now() + Duration::from_millis(200))
    }

    fn observer(&mut self, now: Instant, place: usize) -> Observer {
        Observer::new(Side::Station, place as u32, now, self.sinks.unwatched())
    }

    fn left(&mut self, _: Instant, _: usize, station: &Station<'_>, observer: Observer, _: &mut Figures) {
        let (charged, discharged) = station.energy();
        self.endings.push(Ending { end: station.end(), energy: Energy { charged, discharged }, observer });
    }

    fn is_done(&self) -> bool {
        self.left == 0 || self.stop.load(Ordering::Relaxed)
    }
}

/// Vehicles leave for the station, one after the other.
pub(crate) struct Departures {
    link: Link,
    clock: Clock,
    station: Option<std::net::SocketAddr>,
    next_at: Instant,
    left: u32,
    pub(crate) sinks: Sinks,
    pub(crate) endings: Vec<Ending>,
}

impl Departures {
    pub(crate) fn new(link: Link, clock: Clock, vehicles: u32, sinks: Sinks) -> Self {
        Self {
            link,
            clock,
            station: None,
            next_at: Instant::ZERO,
            left: vehicles,
            sinks,
            endings: Vec::new(),
        }
    }
}

impl Intake<Vehicle<'_>> for Departures {
    fn register(&mut self, _: &Registry) -> Result<(), Failure> {
        Ok(())
    }

    fn ready(&mut self, _: Instant) -> Result<(), Failure> {
        Ok(())
    }

    fn next(&mut self, now: Instant) -> Result<Option<TcpStream>, Failure> {
        if self.left == 0 || now < self.next_at {
            return Ok(None);
        }
        let station = match self.station {
            Some(station) => station,
            None => *self.station.insert(net::discover(&self.link, &self.clock)?),
        };
        let stream = net::connect(station)?;
        self.left -= 1;
        self.next_at = self.clock.now() + ARRIVALS;
        Ok(Some(stream))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (self.left > 0).then_some(self.next_at)
    }

    fn observer(&mut self, now: Instant, place: usize) -> Observer {
        Observer::new(Side::Vehicle, place as u32, now, self.sinks.clone())
    }

    fn left(&mut self, _: Instant, _: usize, vehicle: &Vehicle<'_>, observer: Observer, _: &mut Figures) {
        let (charged, discharged) = vehicle.energy();
        self.endings.push(Ending { end: vehicle.end(), energy: Energy { charged, discharged }, observer });
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }
}

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
    memory::allow_files(2 * u64::from(args.sessions) + 64)?;
    let outputs = args.options.outputs(args.sessions)?;
    let memory = Memory::now().filter(|_| args.sessions > 1);
    let clock = Clock::start();
    let server = Server::bind(Link::loopback())?;
    let departures = Departures::new(server.link(), clock, args.sessions, outputs.sinks.clone());
    let stop = AtomicBool::new(false);
    let doors = Doors {
        server,
        clock,
        left: args.sessions,
        stop: &stop,
        sinks: outputs.sinks.clone(),
        endings: Vec::new(),
    };
    let (figures, endings) = both_ends(&scenario, args.sessions, clock, doors, departures)?;
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

/// Each end has a thread with its own loop.
fn both_ends(
    scenario: &Scenario,
    sessions: u32,
    clock: Clock,
    mut doors: Doors<'_>,
    mut departures: Departures,
) -> Result<(Figures, Vec<Ending>), Failure> {
    let parking = Parking((0..sessions).map(|_| Cable::new(&scenario.vehicle, scenario.lapse)).collect());
    let parking = &parking;
    let (offers, wishes) = (offers(scenario), wishes(scenario));
    let settings = scenario.profile.settings();
    let ids: Vec<String> = (0..sessions).map(vehicle_id).collect();
    let mut memory = vec![0; BUFFER * 2 * sessions as usize];
    let (for_stations, for_vehicles) = memory.split_at_mut(BUFFER * sessions as usize);

    let config = SeccConfig::new(EVSE_ID, METER_ID, &offers, settings);
    let stations = for_stations
        .chunks_exact_mut(BUFFER)
        .map(|buffer| Ok(Station::new(Secc::new(&config, buffer)?, parking, scenario)));
    let stations: Result<Vec<_>, iso15118_20::secc::ConfigError> = stations.collect();
    let vehicles =
        for_vehicles.chunks_exact_mut(BUFFER).zip(&ids).zip(&parking.0).map(|((buffer, id), cable)| {
            let config = EvccConfig { settings, ..EvccConfig::new(id, &wishes) };
            Ok(Vehicle::new(Evcc::new(&config, buffer)?, cable.clone(), FarEnd::Simulated, scenario))
        });
    let vehicles: Result<Vec<_>, iso15118_20::evcc::EvccConfigError> = vehicles.collect();
    let stations = Reactor::new(clock, stations.map_err(Failure::failed)?, scenario.seed)?;
    let vehicles = Reactor::new(clock, vehicles.map_err(Failure::failed)?, !scenario.seed)?;

    let stop = doors.stop;
    let figures = std::thread::scope(|scope| {
        let stations = scope.spawn(|| stations.run(&mut doors));
        let figures = vehicles.run(&mut departures);
        stop.store(true, Ordering::Relaxed);
        stations.join().map_err(|_| Failure::failed("the station's thread broke down"))??;
        figures
    })?;
    departures.endings.append(&mut doors.endings);
    Ok((figures, departures.endings))
}
