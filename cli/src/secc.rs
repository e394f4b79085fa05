//! `v2g secc`: a charging station on a real interface.

use std::time::Duration;

use clap::Args as ClapArgs;
use iso15118_20::secc::{ConfigError, Secc};
use iso15118_20::{Cause, Instant};
use mio::Registry;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{ServiceChoice, Side};

use crate::failure::Failure;
use crate::memory::{self, Memory};
use crate::net::{Interface, Link, Server};
use crate::observe::{Ending, Energy, Figures, Observer, Summary};
use crate::options::{Options, Outputs, require_own_faults};
use crate::runtime::{
    Arrival, Berth, Cable, Clock, Endpoint, Guest, Intake, Menu, Reactor, Site, Station, Workspace,
    station_config, to_and_fro,
};

/// Rounds of the charge loop between two changes of direction.
const SWING: u32 = 5;

#[derive(Debug, ClapArgs)]
pub(crate) struct SeccArgs {
    /// The interface to the vehicle.
    #[arg(long, value_name = "IF")]
    iface: String,
    #[command(flatten)]
    options: Options,
    /// Serve so many vehicles at once. The messages of one are shown, of several the figures.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    /// End after one session, or after as many as --sessions says.
    #[arg(long)]
    once: bool,
    /// Plain TCP, which ISO 15118-20 forbids outside the laboratory.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g secc --iface evse0 --lab --once     serve one vehicle and end
  v2g secc --iface evse0 --lab --json     serve vehicles, one JSON object per message
  v2g secc --iface evse0 --lab --service dc --scenario examples/scenarios/slow-host.toml
  v2g secc --iface evse0 --lab --sessions 100 --trace trace.jsonl

Nothing real is switched: charger and battery are simulated.";

/// Vehicles that are not there always have their contactors and themselves where they should be.
struct Kerb<'a>(&'a Scenario);

impl Site for Kerb<'_> {
    fn berth(&self, _: &str) -> Berth {
        let cable = Cable::new(self.0);
        cable.close(Side::Vehicle);
        cable.roll();
        Berth { cable, session: None, guest: Guest::Foreign }
    }
}

/// Vehicles arrive.
struct Doors<'a> {
    server: Server,
    outputs: &'a Outputs,
    args: &'a SeccArgs,
    scenario: &'a Scenario,
    /// Vehicles that still may come; without an end to it none.
    left: Option<u32>,
    served: u32,
    started: Instant,
    /// Who watches the one session while it is paused.
    paused: Option<Observer>,
    /// How the last session ended.
    verdict: Result<(), Failure>,
    endings: Vec<Ending>,
}

impl Intake<Station<'_>> for Doors<'_> {
    fn register(&mut self, registry: &Registry) -> Result<(), Failure> {
        self.server.register(registry)
    }

    fn ready(&mut self, now: Instant) -> Result<(), Failure> {
        self.server.answer(now)
    }

    fn next(&mut self, now: Instant) -> Result<Option<Arrival>, Failure> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let Some((stream, _)) = self.server.accept()? else { return Ok(None) };
        self.left = self.left.map(|left| left - 1);
        if self.paused.is_none() && (self.args.sessions == 1 || self.served == 0) {
            self.started = now;
        }
        Ok(Some(Arrival { stream, place: None }))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn observer(&mut self, now: Instant, _: usize) -> Observer {
        if let Some(observer) = self.paused.take() {
            return observer;
        }
        self.served += 1;
        Observer::new(Side::Station, self.served - 1, now, self.outputs.sinks.clone())
    }

    fn left(
        &mut self,
        now: Instant,
        _: usize,
        station: &Station<'_>,
        observer: Observer,
        figures: &mut Figures,
    ) {
        let (charged, discharged) = station.energy();
        let end = station.end();
        let paused = end.is_some_and(|end| end.cause == Cause::Paused);
        // The scenario says that the vehicle comes back: the session is not over.
        if paused && self.args.sessions == 1 && self.scenario.vehicle.resume.is_some() {
            self.left = self.left.map(|left| left + 1);
            self.paused = Some(observer);
            return;
        }
        let ending = Ending { end, energy: Energy { charged, discharged }, observer };
        if self.args.sessions > 1 {
            // Where vehicles come for ever, what they leave behind must not grow for ever.
            if self.left.is_some() {
                self.endings.push(ending);
            } else if let Err(failure) = ending.print(self.args.options.audience()) {
                self.verdict = Err(failure);
            }
            return;
        }
        let result =
            summary(&[ending], &std::mem::take(figures), self, now.saturating_sub(self.started), None);
        let result = result.and(self.outputs.finish(self.scenario));
        if let (Err(failure), false) = (&result, self.args.once) {
            eprintln!("{failure}");
        }
        self.verdict = result;
    }

    fn is_done(&self) -> bool {
        self.left == Some(0)
    }
}

fn summary(
    endings: &[Ending],
    figures: &Figures,
    doors: &Doors<'_>,
    elapsed: Duration,
    memory: Option<Memory>,
) -> Result<(), Failure> {
    let expectation = &doors.scenario.expect;
    Summary { endings, figures, expectation, elapsed, memory }.finish(doors.args.options.audience())
}

/// Serves vehicles.
pub(crate) fn run(args: &SeccArgs) -> Result<(), Failure> {
    require_lab(args.lab)?;
    let usual = || to_and_fro(vec![ServiceChoice::DcBpt, ServiceChoice::Dc], None, SWING);
    let scenario = args.options.scenario(usual)?;
    require_own_faults(&scenario, Side::Station)?;
    memory::allow_files(u64::from(args.sessions) + 64)?;
    let memory = Memory::now().filter(|_| args.sessions > 1);
    let clock = Clock::start();
    let server = Server::bind(Link::Interface(Interface::find(&args.iface)?))?;
    let outputs = args.options.outputs(args.sessions)?;
    let mut doors = Doors {
        server,
        outputs: &outputs,
        args,
        scenario: &scenario,
        left: args.once.then_some(args.sessions),
        served: 0,
        paused: None,
        started: Instant::ZERO,
        verdict: Ok(()),
        endings: Vec::new(),
    };
    let menu = Menu::new(&scenario);
    let (offers, value_added) = (menu.offers(), menu.value_added());
    let config = station_config(&scenario, &offers, &value_added);
    let kerb = Kerb(&scenario);
    let mut workspace = Workspace::new(&scenario, args.sessions);
    let stations: Result<Vec<_>, ConfigError> = workspace
        .parts()
        .map(|(buffer, schedules)| {
            let engine = Secc::new(&config, buffer)?.with_schedule_memory(schedules);
            Ok(Station::new(engine, &kerb, &scenario))
        })
        .collect();
    let reactor = Reactor::new(clock, stations.map_err(Failure::failed)?, scenario.seed)?;
    let figures = reactor.run(&mut doors)?;
    if args.sessions == 1 {
        return doors.verdict;
    }
    let elapsed = clock.now().saturating_sub(doors.started);
    let verdict = summary(&doors.endings, &figures, &doors, elapsed, memory.map(Memory::with_peak));
    outputs.finish(&scenario)?;
    verdict
}

/// Plain TCP only on purpose.
pub(crate) fn require_lab(lab: bool) -> Result<(), Failure> {
    if lab {
        return Ok(());
    }
    Err(Failure::usage("ISO 15118-20 needs TLS, which this command does not speak yet")
        .advise("in a laboratory, --lab allows plain TCP"))
}
