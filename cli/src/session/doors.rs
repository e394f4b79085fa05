//! The stations' end: vehicles arrive, each at its own place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use iso15118_20::{Cause, Instant};
use mio::Registry;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::Side;

use super::departures::Plugs;
use crate::failure::Failure;
use crate::net::Server;
use crate::observe::{Ending, Energy, Figures, Observer, Sinks};
use crate::runtime::{Arrival, Berth, Cable, Clock, Endpoint, Guest, Intake, Site, Station};

/// A name from which the session follows.
pub(super) fn vehicle_id(session: u32) -> String {
    format!("WMIV2G{:011}", session + 1)
}

/// The places of all vehicles.
pub(super) struct Parking(pub(super) Vec<Cable>);

impl Site for Parking {
    fn berth(&self, vehicle_id: &str) -> Berth {
        let number = vehicle_id.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches("2G");
        let session = number.parse::<u32>().ok().and_then(|number| number.checked_sub(1));
        let session = session.filter(|session| (*session as usize) < self.0.len());
        let cable = self.0[session.unwrap_or(0) as usize].clone();
        Berth { cable, session, guest: Guest::Simulated }
    }
}

/// Vehicles arrive at the stations' door.
pub(super) struct Doors<'a> {
    server: Server,
    clock: Clock,
    /// Sessions that are not over.
    left: u32,
    /// No vehicle comes any more.
    stop: &'a AtomicBool,
    sinks: Sinks,
    plugs: Plugs,
    /// Whether a vehicle that pauses comes back.
    scenario: &'a Scenario,
    /// Who watches sessions that are paused.
    paused: HashMap<usize, Observer>,
    pub(super) endings: Vec<Ending>,
}

impl<'a> Doors<'a> {
    pub(super) fn new(
        server: Server,
        clock: Clock,
        sessions: u32,
        stop: &'a AtomicBool,
        sinks: Sinks,
        plugs: Plugs,
        scenario: &'a Scenario,
    ) -> Self {
        let (paused, endings) = (HashMap::new(), Vec::new());
        Self { server, clock, left: sessions, stop, sinks, plugs, scenario, paused, endings }
    }

    pub(super) fn stop(&self) -> &'a AtomicBool {
        self.stop
    }
}

impl Intake<Station<'_>> for Doors<'_> {
    fn register(&mut self, registry: &Registry) -> Result<(), Failure> {
        self.server.register(registry)
    }

    fn ready(&mut self, now: Instant) -> Result<(), Failure> {
        self.server.answer(now)
    }

    fn next(&mut self, _: Instant) -> Result<Option<Arrival>, Failure> {
        let accepted = self.server.accept()?;
        Ok(accepted.map(|(stream, from)| Arrival { stream, place: self.plugs.place(from) }))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // Now and then it is asked whether vehicles still come.
        (self.left > 0).then(|| self.clock.now() + Duration::from_millis(200))
    }

    fn observer(&mut self, now: Instant, place: usize) -> Observer {
        let fresh = || Observer::new(Side::Station, place as u32, now, self.sinks.unwatched());
        self.paused.remove(&place).unwrap_or_else(fresh)
    }

    fn left(&mut self, _: Instant, place: usize, station: &Station<'_>, observer: Observer, _: &mut Figures) {
        let end = station.end();
        let paused = end.is_some_and(|end| end.cause == Cause::Paused);
        if paused && self.scenario.vehicle.resume.is_some() {
            self.paused.insert(place, observer);
            return;
        }
        self.left = self.left.saturating_sub(1);
        let (charged, discharged) = station.energy();
        self.endings.push(Ending { end, energy: Energy { charged, discharged }, observer });
    }

    fn is_done(&self) -> bool {
        self.left == 0 || self.stop.load(Ordering::Relaxed)
    }
}
