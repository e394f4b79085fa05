//! `v2g secc`: a charging station on a real interface.

use std::time::Duration;

use clap::Args as ClapArgs;
use iso15118_20::secc::{ConfigError, Secc};
use iso15118_20::{Cause, Instant};
use mio::{Registry, Token, Waker};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{ServiceChoice, Side};
use v2gtp::Security;

use crate::failure::Failure;
use crate::memory::{self, Memory};
use crate::net::{Link, Server};
use crate::observe::{Ending, Energy, Figures, Observer, Summary};
use crate::options::{Options, Outputs, require_own_faults};
use crate::runtime::{
    Arrival, Berth, Cable, Clock, Endpoint, Guest, Intake, Menu, Reactor, Site, Station, Workspace,
    station_config, to_and_fro,
};
use crate::slac::{Association, SlacOptions};
use crate::trust::{Place, TrustArgs};

/// What tells the event loop that the link has changed.
const WAKER: Token = Token(2);

/// Rounds of the charge loop between two changes of direction.
const SWING: u32 = 5;

#[derive(Debug, ClapArgs)]
pub(crate) struct SeccArgs {
    /// The interface to the vehicle.
    #[arg(long, value_name = "IF")]
    iface: String,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    slac: SlacOptions,
    /// Serve so many vehicles at once. The messages of one are shown, of several the figures.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    /// End after one session, or after as many as --sessions says.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    trust: TrustArgs,
    /// Without --tls: plain TCP, which ISO 15118-20 forbids outside the laboratory. With it: certificates and curves of
    /// laboratories count too.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g secc --iface evse0 --lab --once     serve one vehicle and end
  v2g secc --iface evse0 --lab --json     serve vehicles, one JSON object per message
  v2g secc --iface evse0 --lab --service dc --scenario examples/scenarios/slow-host.toml
  v2g secc --iface evse0 --lab --sessions 100 --trace trace.jsonl
  v2g secc --iface eth1 --slac --lab      wait at a powerline modem for the vehicle at the own cable

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
    tls: Option<v2g_tls::Station>,
    /// The link, where it has to be made first.
    association: Option<&'a Association>,
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
        if let Some(association) = self.association {
            let waker = Waker::new(registry, WAKER);
            association
                .wake_through(waker.map_err(|error| Failure::failed(format!("no event loop: {error}")))?);
        }
        self.server.register(registry)
    }

    fn ready(&mut self, now: Instant) -> Result<(), Failure> {
        if self.is_linked()? { self.server.answer(now) } else { Ok(()) }
    }

    fn next(&mut self, now: Instant) -> Result<Option<Arrival>, Failure> {
        if self.left == Some(0) || !self.is_linked()? {
            return Ok(None);
        }
        let Some((stream, _)) = self.server.accept()? else { return Ok(None) };
        if let Some(association) = self.association {
            association.carries(&stream);
        }
        self.left = self.left.map(|left| left - 1);
        if self.paused.is_none() && (self.args.sessions == 1 || self.served == 0) {
            self.started = now;
        }
        let link = self.tls.as_ref().map(|tls| tls.link(None)).transpose().map_err(Failure::failed)?;
        Ok(Some(Arrival { stream, link, place: None }))
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
        let end = observer.end(station.end());
        if let Some(association) = self.association {
            association.ended(end.map(|end| end.cause));
        }
        let paused = end.is_some_and(|end| end.cause == Cause::Paused);
        // The scenario says that the vehicle comes back: the session is not over.
        if paused && self.args.sessions == 1 && self.scenario.vehicle.resume.is_some() {
            self.left = self.left.map(|left| left + 1);
            self.paused = Some(observer);
            return;
        }
        if let (Some(association), true) = (self.association, self.is_done()) {
            association.fall_silent();
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

impl Doors<'_> {
    /// Whether a vehicle can be there at all.
    fn is_linked(&self) -> Result<bool, Failure> {
        self.association.map_or(Ok(true), Association::is_linked)
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
    let place = require_link(&args.trust, args.lab)?;
    let usual = || to_and_fro(vec![ServiceChoice::DcBpt, ServiceChoice::Dc], None, SWING);
    let mut scenario = args.options.scenario(usual)?;
    args.trust.expect(&mut scenario);
    let scenario = scenario;
    require_own_faults(&scenario, Side::Station)?;
    if args.slac.is_wanted() && args.sessions > 1 {
        return Err(Failure::usage("one cable has one vehicle: --slac serves one at a time"));
    }
    memory::allow_files(u64::from(args.sessions) + 64)?;
    let memory = Memory::now().filter(|_| args.sessions > 1);
    let clock = Clock::start();
    let audience = args.options.audience();
    let association = args.slac.associate(Side::Station, &args.iface, scenario.profile, audience, clock)?;
    let link = Link::on(&args.iface)?;
    let credentials = args.trust.station(&scenario, place, &args.trust.keyring()?)?;
    let tls = args.trust.link(place)?;
    let tls = credentials.as_ref().map(|own| own.tls(&tls)).transpose()?;
    let server = Server::bind(link, if tls.is_some() { Security::Tls } else { Security::Plain })?;
    let outputs = args.options.outputs(args.sessions)?;
    let mut doors = Doors {
        server,
        tls,
        association: association.as_ref(),
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
    let mut config = station_config(&scenario, &offers, &value_added);
    let offer = args.trust.offer(credentials.as_ref());
    if let Some(offer) = &offer {
        offer.configure(&mut config);
    }
    let kerb = Kerb(&scenario);
    let mut workspace = Workspace::new(&scenario, args.sessions);
    let stations: Result<Vec<_>, ConfigError> = workspace
        .parts()
        .map(|(buffer, schedules)| {
            let engine = Secc::new(&config, buffer)?.with_schedule_memory(schedules);
            Ok(Station::new(engine, &kerb, &scenario).trusting(offer))
        })
        .collect();
    let reactor = Reactor::new(clock, stations.map_err(Failure::failed)?, scenario.seed)?;
    let figures = reactor.run(&mut doors);
    if args.sessions == 1 {
        let verdict = figures.and(doors.verdict);
        if let Some(association) = association {
            association.leave();
        }
        return verdict;
    }
    let figures = figures?;
    let elapsed = clock.now().saturating_sub(doors.started);
    let verdict = summary(&doors.endings, &figures, &doors, elapsed, memory.map(Memory::with_peak));
    outputs.finish(&scenario)?;
    verdict
}

/// Plain TCP, and certificates of laboratories, only on purpose.
pub(crate) fn require_link(trust: &TrustArgs, lab: bool) -> Result<Place, Failure> {
    match (trust.is_secured(), lab) {
        (_, true) => Ok(Place::Laboratory),
        (true, false) if trust.is_made() => {
            Err(Failure::usage("without --pki the keys follow from a seed that everybody knows")
                .advise("--pki takes a folder of your own; in a laboratory, --lab takes the seed"))
        }
        (true, false) => Ok(Place::Street),
        (false, false) => Err(Failure::usage("ISO 15118-20 needs TLS")
            .advise("--tls takes it; in a laboratory, --lab allows plain TCP")),
    }
}
