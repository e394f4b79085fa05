//! The vehicles' end: they leave for the station one after the other, and come back after a pause.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iso15118_20::Instant;
use mio::Registry;
use v2g_scenario::scenario::Side;
use v2gtp::Security;

use crate::failure::Failure;
use crate::net::{self, Link};
use crate::observe::{Ending, Energy, Figures, Observer, Sinks};
use crate::runtime::{Arrival, Clock, Endpoint, Intake, Vehicle};
use crate::slac::Association;

/// Between the arrivals of two vehicles.
const ARRIVALS: Duration = Duration::from_millis(1);

/// Where each vehicle is plugged in, by the address it connects from: known before its connection is accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plugs(Arc<Mutex<HashMap<SocketAddr, usize>>>);

impl Plugs {
    fn map(&self) -> MutexGuard<'_, HashMap<SocketAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plug(&self, from: SocketAddr, place: usize) {
        self.map().insert(from, place);
    }

    /// The place of who connects from there.
    pub(super) fn place(&self, from: SocketAddr) -> Option<usize> {
        self.map().remove(&from)
    }
}

/// Vehicles leave for the station.
pub(crate) struct Departures<'a> {
    link: Link,
    /// The link, where it was made first.
    association: Option<&'a Association>,
    clock: Clock,
    station: Option<SocketAddr>,
    tls: Option<v2g_tls::Vehicle>,
    next_at: Instant,
    vehicles: usize,
    started: usize,
    /// Vehicles that come back after a pause, with who watches them.
    returning: Vec<(Instant, usize)>,
    paused: HashMap<usize, Observer>,
    plugs: Plugs,
    pub(crate) sinks: Sinks,
    pub(crate) endings: Vec<Ending>,
}

impl<'a> Departures<'a> {
    pub(crate) fn new(link: Link, clock: Clock, vehicles: u32, sinks: Sinks) -> Self {
        Self {
            link,
            association: None,
            clock,
            station: None,
            tls: None,
            next_at: Instant::ZERO,
            vehicles: vehicles as usize,
            started: 0,
            returning: Vec::new(),
            paused: HashMap::new(),
            plugs: Plugs::default(),
            sinks,
            endings: Vec::new(),
        }
    }

    /// The stations are in this process, and learn who is plugged in where.
    pub(super) fn plugged(self, plugs: Plugs) -> Self {
        Self { plugs, ..self }
    }

    /// The vehicles speak TLS.
    pub(crate) fn secured(self, tls: Option<v2g_tls::Vehicle>) -> Self {
        Self { tls, ..self }
    }

    /// Where the charger is, if nobody has to search for it.
    pub(crate) fn known(self, station: Option<SocketAddr>) -> Self {
        Self { station, ..self }
    }

    /// The link is one that SLAC made, and watches.
    pub(crate) fn over(self, association: Option<&'a Association>) -> Self {
        Self { association, ..self }
    }

    /// The vehicle that leaves now.
    fn due(&mut self, now: Instant) -> Result<Option<usize>, Failure> {
        if let Some(index) = self.returning.iter().position(|(at, _)| *at <= now) {
            self.association.map_or(Ok(()), Association::resume)?;
            return Ok(Some(self.returning.swap_remove(index).1));
        }
        if self.started == self.vehicles || now < self.next_at {
            return Ok(None);
        }
        self.started += 1;
        Ok(Some(self.started - 1))
    }
}

impl Intake<Vehicle<'_>> for Departures<'_> {
    fn register(&mut self, _: &Registry) -> Result<(), Failure> {
        Ok(())
    }

    fn ready(&mut self, _: Instant) -> Result<(), Failure> {
        Ok(())
    }

    fn next(&mut self, now: Instant) -> Result<Option<Arrival>, Failure> {
        let Some(place) = self.due(now)? else { return Ok(None) };
        let station = if let Some(station) = self.station {
            station
        } else {
            let security = if self.tls.is_some() { Security::Tls } else { Security::Plain };
            *self.station.insert(net::discover(&self.link, security, &self.clock)?)
        };
        let link = self.tls.as_ref().map(|tls| tls.link(station.ip())).transpose();
        let stream = net::connect(station, |own| self.plugs.plug(own, place))?;
        if let Some(association) = self.association {
            association.carries(&stream);
        }
        self.next_at = self.clock.now() + ARRIVALS;
        Ok(Some(Arrival { stream, link: link.map_err(Failure::failed)?, place: Some(place) }))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let first = (self.started < self.vehicles).then_some(self.next_at);
        first.into_iter().chain(self.returning.iter().map(|(at, _)| *at)).min()
    }

    fn observer(&mut self, now: Instant, place: usize) -> Observer {
        let fresh = || Observer::new(Side::Vehicle, place as u32, now, self.sinks.clone());
        self.paused.remove(&place).unwrap_or_else(fresh)
    }

    fn left(
        &mut self,
        now: Instant,
        place: usize,
        vehicle: &Vehicle<'_>,
        observer: Observer,
        _: &mut Figures,
    ) {
        if let Some(association) = self.association {
            association.ended(vehicle.end().map(|end| end.cause));
            if vehicle.returns_at(now).is_none() {
                association.fall_silent();
            }
        }
        if let Some(at) = vehicle.returns_at(now).filter(|_| observer.refusal().is_none()) {
            self.returning.push((at, place));
            self.paused.insert(place, observer);
            return;
        }
        let (charged, discharged) = vehicle.energy();
        let end = observer.end(vehicle.end());
        self.endings.push(Ending { end, energy: Energy { charged, discharged }, observer });
    }

    fn is_done(&self) -> bool {
        self.started == self.vehicles && self.returning.is_empty()
    }
}
