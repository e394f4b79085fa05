//! A charger around the engine.

mod deed;
mod hardware;
mod trust;

use std::collections::VecDeque;
use std::time::Duration;

use exi_codec::Watts;
use iso15118_20::message::{EncodeError, MessageKind};
use iso15118_20::secc::{
    AuthorizationDecision, Isolation, Meter, MeteringVerdict, Release, Secc, SeccEvent, VehicleNeeds,
};
use iso15118_20::service::Family;
use iso15118_20::{Connection, Contactor, End, Instant, Received, Transmit, Transport};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    Answer, FaultKind, Grid, Limits, Mobility, Power, Side, StationChange, Verdict,
};

use super::endpoint::{Endpoint, Flow};
use super::plant::{Cable, TICK};
use super::script::Script;
use super::secure::Secured;
use super::setup::{Bounds, Question, Tariff, bounds, permit};
use super::{random, unix_time};
use crate::failure::Failure;
use crate::observe::{Observer, Sample};
use trust::Trust;
pub(crate) use trust::{Decision, Trustworthy};

/// A request for schedules that waits longer than this for the back end is told to come again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where vehicles come from.
pub(crate) trait Site {
    /// Where a vehicle stands that has said its name; an empty name: that has just connected.
    fn berth(&self, vehicle_id: &str) -> Berth;
}

/// Whose end of the cable the vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// It hangs on the same simulated cable.
    Simulated,
    /// It is somewhere else: its messages say what it does.
    Foreign,
}

/// Where a vehicle stands.
#[derive(Clone, Debug)]
pub(crate) struct Berth {
    /// The cable to it.
    pub(crate) cable: Cable,
    /// Which of several sessions this is, if the vehicle's name says it.
    pub(crate) session: Option<u32>,
    pub(crate) guest: Guest,
}

/// The charger: engine, converter, contactors, meter.
pub(crate) struct Station<'a> {
    engine: Secc<'a>,
    site: &'a (dyn Site + Sync),
    scenario: &'a Scenario,
    script: Script<StationChange>,
    cable: Cable,
    guest: Guest,
    tariff: Option<Tariff<'a>>,
    trust: Option<Trust<'a>>,
    state: State,
}

/// What is new with each vehicle.
#[derive(Debug)]
struct State {
    start: Instant,
    /// Unix time at the start, s.
    unix: u64,
    family: Family,
    limits: Limits,
    grid: Grid,
    dispatch: Watts,
    ramp: Option<Power>,
    mobility: Option<Mobility>,
    /// When the vehicle is to leave, if the charger says so.
    departs_at: Option<Instant>,
    vehicle: Bounds,
    /// Power that the converter is to exchange, W.
    set_point: f64,
    rounds: u32,
    /// When the back end says that the customer has to act, and when it decides.
    customer_at: Option<Instant>,
    authorize_at: Option<Instant>,
    /// When the control pilot is looked at again.
    pilot_at: Option<Instant>,
    isolated_at: Option<Instant>,
    closed_at: Option<Instant>,
    /// When pairing, or the check of the coils, is done.
    step_at: Option<Instant>,
    step: Option<hardware::Step>,
    /// When the foreign object is gone.
    clear_at: Option<Instant>,
    schedule_at: Option<Instant>,
    schedule: Schedule,
    needs: VehicleNeeds,
    /// What the isolation test will say, and what it has said.
    isolation: Isolation,
    tested: Option<Isolation>,
    /// What the contactors will do.
    contactor: Contactor,
    wire: VecDeque<FaultKind>,
}

/// Where the back end's schedules are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schedule {
    /// Nobody waits for them.
    Unasked,
    /// They are being made.
    Pending,
    /// They are made, and go out when the vehicle asks.
    Ready,
}

impl State {
    fn new(now: Instant, scenario: &Scenario) -> Self {
        Self {
            start: now,
            unix: unix_time(),
            family: scenario.services[0].service().family(),
            limits: scenario.station.limits,
            grid: scenario.station.grid,
            dispatch: scenario.station.dispatch.watts(),
            ramp: scenario.station.ramp,
            mobility: scenario.station.mobility,
            departs_at: scenario.station.mobility.and_then(|m| departs_at(now, m, scenario.lapse)),
            vehicle: Bounds::NONE,
            set_point: 0.0,
            rounds: 0,
            customer_at: None,
            authorize_at: None,
            pilot_at: None,
            isolated_at: None,
            closed_at: None,
            step_at: None,
            step: None,
            clear_at: None,
            schedule_at: None,
            schedule: Schedule::Unasked,
            needs: VehicleNeeds::default(),
            isolation: Isolation::Valid,
            tested: None,
            contactor: Contactor::Closed,
            wire: VecDeque::new(),
        }
    }
}

/// When an answer comes.
pub(super) fn after(now: Instant, answer: Answer) -> Option<Instant> {
    match answer {
        Answer::After(span) => Some(now + span.duration()),
        Answer::Never => None,
    }
}

/// Takes a time that has come.
pub(super) fn due(at: &mut Option<Instant>, now: Instant) -> bool {
    at.take_if(|at| *at <= now).is_some()
}

fn departs_at(now: Instant, mobility: Mobility, lapse: u32) -> Option<Instant> {
    mobility.departure.map(|span| now + span.duration() / lapse)
}

impl<'a> Station<'a> {
    pub(crate) fn new(engine: Secc<'a>, site: &'a (dyn Site + Sync), scenario: &'a Scenario) -> Self {
        let changes = scenario.station.change.iter().map(|change| (change.when, *change));
        let script = Script::new(Side::Station, changes, &scenario.events, &scenario.faults);
        let state = State::new(Instant::ZERO, scenario);
        let Berth { cable, guest, .. } = site.berth("");
        Self { engine, site, scenario, script, cable, guest, tariff: None, trust: None, state }
    }

    /// With keys and certificates.
    pub(crate) fn trusting(self, with: Option<Trustworthy<'a>>) -> Self {
        Self { trust: with.map(Trust::new), ..self }
    }

    /// Energy into and out of the vehicle, Wh.
    pub(crate) fn energy(&self) -> (f64, f64) {
        self.cable.energy()
    }

    /// What the meter shows. A reading that has never moved is left out: some peers do not know it.
    fn meter(&self) -> Meter {
        let (charged, discharged) = self.cable.energy();
        let discharged = Some(discharged as u64).filter(|energy| *energy > 0);
        Meter { charged: charged as u64, discharged }
    }

    /// Time of the scenario.
    fn time(&self, now: Instant) -> Duration {
        now.saturating_sub(self.state.start).saturating_mul(self.scenario.lapse)
    }

    /// A session of its own begins; nothing of an earlier one counts.
    fn begin(&mut self, now: Instant) {
        self.state = State::new(now, self.scenario);
        self.script.rewind();
        if let Some(trust) = &mut self.trust {
            trust.begin();
        }
        let plan = self.scenario.station.plan.as_ref();
        self.tariff = plan.map(|plan| Tariff::new(plan, self.scenario.lapse, self.state.unix));
        self.selected(now, self.state.family);
        self.apply();
    }

    fn own_bounds(&self) -> Bounds {
        let own = bounds(self.state.limits, Side::Station, self.state.family, &self.scenario.vehicle);
        own.and(permit(self.state.grid).into())
    }

    fn wanted(&mut self, now: Instant, needs: VehicleNeeds) {
        let Some(plan) = &self.scenario.station.plan else { return };
        self.state.needs = needs;
        self.state.schedule = Schedule::Pending;
        self.state.schedule_at = after(now, plan.answer);
        match plan.answer {
            Answer::After(span) if span.duration() <= PATIENCE => {}
            Answer::After(_) => self.engine.defer_schedule(now),
            // A host that never answers says nothing at all.
            Answer::Never => {}
        }
    }

    /// Answers the request for schedules, if there is one and an answer to it.
    fn announce(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        if self.state.schedule != Schedule::Ready {
            return None;
        }
        let selection = self.engine.selection()?;
        let elapsed = now.saturating_sub(self.state.start).as_secs();
        let question = Question {
            now: self.state.unix + elapsed,
            needs: self.state.needs,
            selection,
            bounds: self.own_bounds().and(self.state.vehicle),
        };
        let engine = &mut self.engine;
        let tariff = self.tariff.as_mut()?;
        let sent = tariff.announce(&question, |content| engine.answer_schedule(now, content, out));
        // Whatever is wrong with an answer, the engine has one of its own when the time is over.
        if !matches!(sent, Err(iso15118_20::secc::AnswerError::NotAsked)) {
            self.state.schedule = Schedule::Unasked;
        }
        sent.ok()
    }

    fn event(&mut self, now: Instant, event: SeccEvent, observer: &mut Observer) {
        let (back_end, meter) = (self.scenario.station.authorization, self.meter());
        let Self { trust, engine, .. } = self;
        if let Some(trust) = trust
            && trust.event(now, &event, engine, back_end, meter, observer)
        {
            return;
        }
        match event {
            SeccEvent::AuthorizationWanted { .. } => {
                observer.note(now, "authorization wanted", format_args!(""));
                let station = &self.scenario.station;
                self.state.customer_at = station.customer.map(|span| now + span.duration());
                self.state.authorize_at = after(now, station.authorization);
            }
            SeccEvent::VehicleStatus(status) => {
                self.follow(&status);
                self.round(now, observer);
            }
            SeccEvent::SessionStarted => {
                if self.engine_was_paused(now) {
                    observer.note(now, "session", format_args!("a new one: the paused one is over"));
                }
                let berth = self.site.berth(self.engine.vehicle_id());
                self.cable = berth.cable;
                if let Some(session) = berth.session {
                    observer.rename(session);
                }
                observer.note(now, "session", format_args!("{}", self.engine.vehicle_id()));
            }
            SeccEvent::SessionResumed(selection) => {
                observer.note(now, "session resumed", format_args!("{:?}", selection.service));
                self.selected(now, selection.service.family());
            }
            SeccEvent::ServiceSelected(selection) => {
                let mode = selection.parameters.control_mode;
                observer.note(now, "service", format_args!("{:?}, {mode:?}", selection.service));
                self.selected(now, selection.service.family());
            }
            SeccEvent::ValueAddedSelected(sets) => {
                for set in sets.into_iter().flatten() {
                    observer.note(now, "value-added service", format_args!("{set:?}"));
                }
            }
            SeccEvent::ScheduleWanted { needs, .. } => {
                observer.note(now, "schedules wanted", format_args!(""));
                self.wanted(now, needs);
            }
            SeccEvent::ScheduleRenegotiated => observer.note(now, "schedule renegotiated", format_args!("")),
            SeccEvent::MeteringConfirmed { .. } => {
                // The laboratory has no keys: what was signed is believed.
                observer.note(now, "meter confirmed", format_args!("signature not checked"));
                self.engine.metering(now, MeteringVerdict::Valid);
            }
            SeccEvent::CheckIn(check_in) => {
                observer.note(now, "check-in", format_args!("{:?}", check_in.status));
            }
            SeccEvent::CheckOut(check_out) => {
                observer.note(now, "check-out", format_args!("{:?}", check_out.status));
                self.engine.set_release(Release::Completed);
            }
            SeccEvent::Overdue(timer) => observer.note(now, "overdue", format_args!("{timer:?}")),
            SeccEvent::Standby => observer.note(now, "standby", format_args!("")),
            SeccEvent::Ended(end) => observer.ended(now, end),
            event => self.operate(now, event, observer),
        }
    }

    /// Whether the state is still that of a paused session, which this one is not. It is forgotten.
    fn engine_was_paused(&mut self, now: Instant) -> bool {
        let was = self.state.start != now && self.state.rounds > 0;
        if was {
            self.begin(now);
        }
        was
    }
}

impl Endpoint for Station<'_> {
    fn start(&mut self, now: Instant, secured: Option<&Secured>) -> Result<(), Failure> {
        let mut connection = Connection::new(Transport::InsecureLab, unix_time());
        if let Some(secured) = secured {
            connection = Connection { transport: Transport::Secured, ..connection }.with_peer(secured.peer);
            // Names of laboratories are what they are.
            if self.trust.as_ref().is_some_and(|trust| trust.with.credentials.trusted.is_strict()) {
                connection = connection.with_evcc_id(&secured.name);
            }
        }
        if self.engine.paused().is_none() {
            let Berth { cable, guest, .. } = self.site.berth("");
            (self.cable, self.guest) = (cable, guest);
            self.begin(now);
        }
        self.engine.start(now, &connection, random()?, random()?);
        self.engine.contactor(now, Contactor::Open);
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
        let delivered = self.trust.as_mut().and_then(|trust| trust.deliver(now, &mut self.engine, out));
        match delivered.or_else(|| self.announce(now, out)) {
            Some(sent) => Ok(Some(sent)),
            None => self.engine.poll_transmit(now, out),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let state = &self.state;
        let script = self.script.next_time().map(|time| state.start + time / self.scenario.lapse);
        let moving = self.cable.is_moving().then(|| self.cable.time() + TICK);
        let own = [state.customer_at, state.authorize_at, state.pilot_at, state.isolated_at, state.closed_at];
        let later =
            [self.engine.poll_timeout(), script, moving, state.step_at, state.clear_at, state.schedule_at];
        let trust = self.trust.as_ref().map(Trust::poll_timeout).unwrap_or_default();
        own.into_iter().chain(later).chain(trust).flatten().min()
    }

    fn poll_events(&mut self, now: Instant, observer: &mut Observer) -> Flow {
        while let Some(event) = self.engine.poll_event() {
            if event == SeccEvent::Close {
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
        if due(&mut self.state.customer_at, now) {
            observer.note(now, "customer", format_args!("has to act"));
            self.engine.authorize(now, AuthorizationDecision::WaitingForCustomer);
        }
        if due(&mut self.state.authorize_at, now) {
            let verdict = match self.scenario.station.verdict {
                Verdict::Accepted => AuthorizationDecision::Accepted,
                Verdict::Rejected => AuthorizationDecision::Rejected,
            };
            self.engine.authorize(now, verdict);
        }
        if let Some(trust) = &mut self.trust {
            trust.tick(now, &mut self.engine, self.scenario.station.verdict, observer);
        }
        if due(&mut self.state.schedule_at, now) {
            self.state.schedule = Schedule::Ready;
        }
        self.drive(now);
        self.settle_mobility(now);
        self.bill(now);
        self.watch_pilot(now);
    }

    fn passed(&mut self, now: Instant, kind: MessageKind, observer: &mut Observer) {
        // The vehicle says by the pilot too that it wants power, and may do so a little later.
        if kind == MessageKind::PowerDeliveryReq && self.guest == Guest::Simulated {
            self.state.pilot_at = Some(now);
        }
        for deed in self.script.message(kind) {
            self.perform(now, deed, observer);
        }
    }

    fn poll_fault(&mut self) -> Option<FaultKind> {
        self.state.wire.pop_front()
    }

    fn sample(&self) -> Sample {
        let joint = self.own_bounds().and(self.state.vehicle);
        Sample {
            reading: self.cable.reading(),
            set_point: Some(self.state.set_point),
            charge_limit: joint.charge,
            discharge_limit: joint.discharge,
        }
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}
