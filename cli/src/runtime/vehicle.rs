//! A car around the engine.

mod deed;
mod hardware;
mod trust;

use std::collections::VecDeque;
use std::time::Duration;

use exi_codec::RationalNumber;
use exi_codec::iso20::common_types::PercentValue;
use iso15118_20::evcc::{Evcc, EvccEvent, StationNeeds};
use iso15118_20::message::{EncodeError, MessageKind};
use iso15118_20::price::{Costs, Money};
use iso15118_20::security::{SignatureScheme, Signed};
use iso15118_20::service::Family;
use iso15118_20::{Connection, Contactor, End, Instant, Received, Transmit, Transport};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    Demand as Asked, Discharge, FaultKind, Limits, Share, Side, Span, VehicleChange,
};

use super::endpoint::{Endpoint, Flow};
use super::plant::{Cable, TICK};
use super::script::Script;
use super::secure::Secured;
use super::setup::{Bounds, Wishes, bounds, usual_demand};
use super::unix_time;
use crate::failure::Failure;
use crate::observe::{Observer, Sample};
pub(crate) use trust::{Contracts, Trust};

/// Where the charger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// On the same simulated cable.
    Simulated,
    /// Somewhere else: its messages say what it does.
    Foreign,
}

/// What a converter makes of its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obedience {
    Follows,
    /// It stays at what it does.
    Stuck,
}

/// The car: engine, battery, contactors.
#[derive(Debug)]
pub(crate) struct Vehicle<'a> {
    engine: Evcc<'a>,
    cable: Cable,
    far_end: FarEnd,
    scenario: &'a Scenario,
    wishes: &'a Wishes,
    script: Script<VehicleChange>,
    trust: Option<Trust<'a>>,
    state: State,
}

/// What is new with each session.
#[derive(Debug)]
struct State {
    start: Instant,
    family: Family,
    limits: Limits,
    demand: Asked,
    discharge: Discharge,
    target: Share,
    minimum: Share,
    departure: Span,
    station: Bounds,
    rounds: u32,
    closed_at: Option<Instant>,
    opened_at: Option<Instant>,
    /// When pairing, or the check of the coils, is done.
    step_at: Option<Instant>,
    step: Option<hardware::Step>,
    /// What the contactors will do.
    contactor: Contactor,
    /// Whether the converter does as it is told.
    converter: Obedience,
    leaving: bool,
    wire: VecDeque<FaultKind>,
}

impl State {
    fn new(now: Instant, scenario: &Scenario) -> Self {
        let vehicle = &scenario.vehicle;
        let usual = usual_demand(vehicle);
        Self {
            start: now,
            family: scenario.services[0].service().family(),
            limits: vehicle.limits,
            demand: Asked {
                current: vehicle.demand.current.or(usual.current),
                power: vehicle.demand.power.or(usual.power),
                voltage: vehicle.demand.voltage.or(usual.voltage),
            },
            discharge: vehicle.discharge,
            target: vehicle.target,
            minimum: vehicle.minimum,
            departure: vehicle.departure,
            station: Bounds::NONE,
            rounds: 0,
            closed_at: None,
            opened_at: None,
            step_at: None,
            step: None,
            contactor: Contactor::Closed,
            converter: Obedience::Follows,
            leaving: false,
            wire: VecDeque::new(),
        }
    }
}

impl<'a> Vehicle<'a> {
    pub(crate) fn new(
        engine: Evcc<'a>,
        cable: Cable,
        far_end: FarEnd,
        scenario: &'a Scenario,
        wishes: &'a Wishes,
    ) -> Self {
        let changes = scenario.vehicle.change.iter().map(|change| (change.when, *change));
        let script = Script::new(Side::Vehicle, changes, &scenario.events, &scenario.faults);
        let state = State::new(Instant::ZERO, scenario);
        Self { engine, cable, far_end, scenario, wishes, script, trust: None, state }
    }

    /// With keys and certificates.
    pub(crate) fn trusting(self, trust: Option<Trust<'a>>) -> Self {
        Self { trust, ..self }
    }

    /// Energy into and out of the vehicle, Wh.
    pub(crate) fn energy(&self) -> (f64, f64) {
        self.cable.energy()
    }

    /// When a vehicle that has paused comes back.
    pub(crate) fn returns_at(&self, now: Instant) -> Option<Instant> {
        self.engine.paused()?;
        let pause = self.scenario.vehicle.resume?.duration() / self.scenario.lapse;
        Some(now + pause)
    }

    /// Time of the scenario.
    fn time(&self, now: Instant) -> Duration {
        now.saturating_sub(self.state.start).saturating_mul(self.scenario.lapse)
    }

    /// Time of the scenario until departure.
    fn left(&self, now: Instant) -> Duration {
        self.state.departure.duration().saturating_sub(self.time(now))
    }

    /// The laboratory has no keys: what is to be signed gets a signature of zeros.
    fn sign(&mut self, now: Instant) {
        if let Some(signed) = Signed::new(SignatureScheme::EcdsaP521Sha512, &[0; 64], &[0; 132]) {
            self.engine.signed(now, signed);
        }
    }

    /// The charger has settled the needs, as was agreed on.
    fn adopt(&mut self, now: Instant, needs: StationNeeds) {
        let state = &mut self.state;
        let share = |soc: PercentValue| Share::from_thousandths(i64::from(soc.get()) * 1000);
        state.target = needs.target_soc.map_or(state.target, share);
        state.minimum = needs.minimum_soc.map_or(state.minimum, share);
        if let Some(seconds) = needs.departure_time {
            let passed = i64::try_from(self.time(now).as_millis()).unwrap_or(i64::MAX);
            self.state.departure = Span::from_thousandths(passed.saturating_add(i64::from(seconds) * 1000));
        }
    }

    fn event(&mut self, now: Instant, event: EvccEvent, observer: &mut Observer) {
        if let Some(trust) = &mut self.trust
            && trust.event(now, &event, &mut self.engine, observer)
        {
            return;
        }
        match event {
            EvccEvent::SessionStarted => {
                observer.note(now, "session", format_args!("{}", self.engine.station_id()));
            }
            EvccEvent::SessionResumed => {
                observer.note(now, "session resumed", format_args!("{}", self.engine.station_id()));
                if let Some(selection) = self.engine.selection() {
                    self.selected(selection.service.family());
                }
            }
            EvccEvent::CustomerAwaited => observer.note(now, "customer awaited", format_args!("")),
            EvccEvent::ServiceSelected(selection) => {
                let mode = selection.parameters.control_mode;
                observer.note(now, "service", format_args!("{:?}, {mode:?}", selection.service));
                for set in self.engine.value_added().into_iter().flatten() {
                    observer.note(now, "value-added service", format_args!("{set:?}"));
                }
                self.selected(selection.service.family());
            }
            EvccEvent::Scheduled => {
                let (charge, _) = self.engine.schedules();
                observer.note(now, "scheduled", format_args!("{} entries", charge.entries().len()));
            }
            EvccEvent::NeedsChanged(needs) => {
                observer.note(now, "needs changed", format_args!("{needs:?}"));
                self.adopt(now, needs);
            }
            EvccEvent::Receipt(costs) => observer.note(now, "receipt", format_args!("{}", receipt(&costs))),
            EvccEvent::AlternativeStations => observer.note(now, "other chargers", format_args!("named")),
            EvccEvent::Notified(notification) => {
                let seconds = notification.max_delay;
                observer.note(now, "notified", format_args!("{:?} within {seconds} s", notification.kind));
            }
            EvccEvent::Standby => observer.note(now, "standby", format_args!("")),
            EvccEvent::StandbyRefused => observer.note(now, "standby refused", format_args!("")),
            EvccEvent::SignMetering { .. } => {
                observer.note(now, "meter", format_args!("confirmed without a key"));
                self.sign(now);
            }
            EvccEvent::MeteringConfirmed => observer.note(now, "metering confirmed", format_args!("")),
            EvccEvent::SideFailed(stream) => {
                observer.note(now, "side stream failed", format_args!("{stream:?}"));
            }
            EvccEvent::ParkingGuide(guide) => {
                observer.note(now, "parking guide", format_args!("{guide:?}"));
                self.park(now);
            }
            EvccEvent::Parked => observer.note(now, "parked", format_args!("")),
            EvccEvent::AuthorizationRefused(code) => {
                observer.found(now, "authorization refused", format_args!("{}", code.as_str()));
            }
            EvccEvent::Ended(end) => observer.ended(now, end),
            event => self.operate(now, event, observer),
        }
    }
}

impl Endpoint for Vehicle<'_> {
    fn start(&mut self, now: Instant, secured: Option<&Secured>) -> Result<(), Failure> {
        if self.engine.paused().is_none() {
            self.state = State::new(now, self.scenario);
            self.script.rewind();
            self.selected(self.state.family);
        }
        let connection = match secured {
            Some(secured) => Connection::new(Transport::Secured, unix_time()).with_peer(secured.peer),
            None => Connection::new(Transport::InsecureLab, unix_time()),
        };
        self.engine.start(now, &connection);
        self.apply();
        self.report(now);
        Ok(())
    }

    fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i> {
        let received = self.engine.handle_input(now, bytes);
        if let (Some(trust), Some(kind)) = (&mut self.trust, received.kind) {
            trust.received(kind, received.payload);
        }
        received
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.engine.handle_timeout(now);
    }

    fn handle_disconnect(&mut self, now: Instant) {
        self.engine.handle_disconnect(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        self.engine.poll_transmit(now, out)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let state = &self.state;
        let script = self.script.next_time().map(|time| state.start + time / self.scenario.lapse);
        // The charger looks after what it moves itself.
        let own = self.far_end == FarEnd::Foreign || state.step.is_some() || state.family == Family::Ac;
        let moving = (own && self.cable.is_moving()).then(|| self.cable.time() + TICK);
        let trust = self.trust.as_ref().and_then(Trust::poll_timeout);
        [self.engine.poll_timeout(), script, moving, state.closed_at, state.opened_at, state.step_at, trust]
            .into_iter()
            .flatten()
            .min()
    }

    fn poll_events(&mut self, now: Instant, observer: &mut Observer) -> Flow {
        while let Some(event) = self.engine.poll_event() {
            if event == EvccEvent::Close {
                return Flow::Close;
            }
            self.event(now, event, observer);
        }
        Flow::Continue
    }

    fn tick(&mut self, now: Instant, observer: &mut Observer) {
        while let Some(deed) = self.script.at(self.time(now)) {
            self.perform(now, deed, observer);
        }
        self.cable.advance(now);
        if let Some(trust) = &mut self.trust {
            trust.tick(now, &mut self.engine, observer);
        }
        self.drive(now);
        self.report(now);
    }

    fn passed(&mut self, now: Instant, kind: MessageKind, observer: &mut Observer) {
        for deed in self.script.message(kind) {
            self.perform(now, deed, observer);
        }
    }

    fn poll_fault(&mut self) -> Option<FaultKind> {
        self.state.wire.pop_front()
    }

    fn sample(&self) -> Sample {
        let own = bounds(self.state.limits, Side::Vehicle, self.state.family, &self.scenario.vehicle);
        let joint = own.and(self.state.station);
        Sample {
            reading: self.cable.reading(),
            set_point: None,
            charge_limit: joint.charge,
            discharge_limit: joint.discharge,
        }
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}

/// What a receipt says, in words.
fn receipt(costs: &Costs) -> String {
    let parts = [
        ("energy", costs.energy),
        ("parking", costs.occupancy),
        ("services", costs.services),
        ("overstay", costs.overstay),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter_map(|(name, cost)| cost.map(|cost| format!("{name} {}", amount(cost.amount))))
        .collect();
    let taxes = costs.taxes.lines().iter();
    words.extend(taxes.map(|tax| format!("tax {} {}", tax.tax_rule_id.get(), amount(tax.amount))));
    words.join(", ")
}

fn amount(amount: RationalNumber) -> String {
    Money::from_rational(amount).map_or_else(|| amount.to_string(), |money| money.to_string())
}
