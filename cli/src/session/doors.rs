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

/// The place of one vehicle, which connects to the station of that place.
pub(super) struct Berthed {
    pub(super) cable: Cable,
    pub(super) session: u32,
}

impl Site for Berthed {
    fn berth(&self, _: &str) -> Berth {
        Berth { cable: self.cable.clone(), session: Some(self.session), guest: Guest::Simulated }
    }
}

/// Vehicles arrive at the stations' door.
pub(super) struct Doors<'a> {
    server: Server,
    tls: Option<v2g_tls::Station>,
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
        Self { server, tls: None, clock, left: sessions, stop, sinks, plugs, scenario, paused, endings }
    }

    /// The stations speak TLS.
    pub(super) fn secured(self, tls: Option<v2g_tls::Station>) -> Self {
        Self { tls, ..self }
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
        let Some((stream, from)) = self.server.accept()? else { return Ok(None) };
        let link = self.tls.as_ref().map(|tls| tls.link(None)).transpose().map_err(Failure::failed)?;
        Ok(Some(Arrival { stream, link, place: self.plugs.place(from) }))
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
        let end = observer.end(station.end());
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
