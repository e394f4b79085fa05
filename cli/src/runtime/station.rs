//! A charger around the engine.

use std::collections::VecDeque;
use std::time::Duration;

use exi_codec::{Rounding, Watts};
use iso15118_20::message::{EncodeError, MessageKind};
use iso15118_20::secc::{AuthorizationDecision, Isolation, Meter, Secc, SeccEvent, Stop};
use iso15118_20::{
    Connection, Contactor, DcLimits, End, GridPermit, Instant, Output, Received, Transmit, Transport,
};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{Action, Answer, FaultKind, Grid, Limits, Side, Span, StationChange, Verdict};

use super::endpoint::{Endpoint, Flow};
use super::plant::{Cable, Converter, TICK, as_float};
use super::script::{Deed, Script};
use super::setup::{dc_limits, permit, usual_limits};
use super::{random, unix_time};
use crate::failure::Failure;
use crate::observe::{Observer, Sample};

/// Where vehicles come from.
pub(crate) trait Site {
    /// Where a vehicle stands that has said its name; an empty name: that has just connected.
    fn berth(&self, vehicle_id: &str) -> Berth;
}

/// Where a vehicle stands.
#[derive(Clone, Debug)]
pub(crate) struct Berth {
    /// The cable to it.
    pub(crate) cable: Cable,
    /// Which of several sessions this is, if the vehicle's name says it.
    pub(crate) session: Option<u32>,
}

/// The charger: engine, converter, contactors, meter.
pub(crate) struct Station<'a> {
    engine: Secc<'a>,
    site: &'a (dyn Site + Sync),
    scenario: &'a Scenario,
    script: Script<StationChange>,
    cable: Cable,
    state: State,
}

/// What is new with each vehicle.
#[derive(Debug)]
struct State {
    start: Instant,
    limits: Limits,
    grid: Grid,
    dispatch: Watts,
    vehicle: Option<DcLimits>,
    output: Output,
    rounds: u32,
    authorize_at: Option<Instant>,
    isolated_at: Option<Instant>,
    closed_at: Option<Instant>,
    /// What the isolation test will say.
    isolation: Isolation,
    /// What the contactors will do.
    contactor: Contactor,
    wire: VecDeque<FaultKind>,
}

impl State {
    fn new(now: Instant, scenario: &Scenario) -> Self {
        Self {
            start: now,
            limits: scenario.station.limits.or(usual_limits(Side::Station, &scenario.vehicle)),
            grid: scenario.station.grid,
            dispatch: scenario.station.dispatch.watts(),
            vehicle: None,
            output: Output::ZERO,
            rounds: 0,
            authorize_at: None,
            isolated_at: None,
            closed_at: None,
            isolation: Isolation::Valid,
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

impl<'a> Station<'a> {
    pub(crate) fn new(engine: Secc<'a>, site: &'a (dyn Site + Sync), scenario: &'a Scenario) -> Self {
        let changes = scenario.station.change.iter().map(|change| (change.when, *change));
        let script = Script::new(Side::Station, changes, &scenario.events, &scenario.faults);
        let state = State::new(Instant::ZERO, scenario);
        Self { engine, site, scenario, script, cable: site.berth("").cable, state }
    }

    /// Energy into and out of the vehicle, Wh.
    pub(crate) fn energy(&self) -> (f64, f64) {
        self.cable.energy()
    }

    fn apply(&mut self) {
        self.engine.set_limits(dc_limits(self.state.limits));
        self.engine.set_grid_permit(permit(self.state.grid));
        self.engine.set_dispatch(self.state.dispatch);
    }

    /// Time of the scenario.
    fn time(&self, now: Instant) -> Duration {
        now.saturating_sub(self.state.start).saturating_mul(self.scenario.lapse)
    }

    fn perform(&mut self, now: Instant, deed: Deed<StationChange>, observer: &mut Observer) {
        match deed {
            Deed::Change(change) => self.change(now, &change, observer),
            Deed::Act(action, within) => self.act(now, action, within, observer),
            Deed::Fault(fault) => self.fail(now, fault, observer),
        }
    }

    fn change(&mut self, now: Instant, change: &StationChange, observer: &mut Observer) {
        let state = &mut self.state;
        state.limits = change.limits.or(state.limits);
        state.grid.charge = change.grid.charge.or(state.grid.charge);
        state.grid.discharge = change.grid.discharge.or(state.grid.discharge);
        if let Some(power) = change.dispatch {
            state.dispatch = power.watts();
            observer.note(now, "dispatch", format_args!("{}", state.dispatch));
        }
        if change.limits != Limits::default() || change.grid != Grid::default() {
            observer.note(now, "limits", format_args!("changed"));
        }
        self.apply();
    }

    fn act(&mut self, now: Instant, action: Action, within: Span, observer: &mut Observer) {
        observer.note(now, "station", format_args!("{}", action.name()));
        match action {
            Action::Stop => {
                let max_delay = u16::try_from(within.duration().as_secs()).unwrap_or(u16::MAX);
                self.engine.stop(now, Stop::Notify { max_delay });
            }
            Action::EmergencyStop => {
                // The hardware comes first.
                self.cable.convert(Converter::Off);
                self.engine.stop(now, Stop::Emergency);
            }
            // `require_engine` has refused the others.
            _ => {}
        }
    }

    fn fail(&mut self, now: Instant, fault: FaultKind, observer: &mut Observer) {
        match fault {
            FaultKind::Isolation => {
                observer.note(now, "fault", format_args!("isolation"));
                self.state.isolation = Isolation::Fault;
                if self.state.isolated_at.is_none() && self.engine.selection().is_some() {
                    self.engine.isolation(now, Isolation::Fault);
                }
            }
            FaultKind::Contactor => {
                observer.note(now, "fault", format_args!("contactor of the station"));
                self.state.contactor = Contactor::Fault;
                self.cable.open(Side::Station);
                self.engine.contactor(now, Contactor::Fault);
            }
            FaultKind::Islanding => {
                observer.note(now, "fault", format_args!("islanding: the grid is gone"));
                self.engine.set_grid_permit(GridPermit::NOTHING);
                self.engine.stop(now, Stop::Notify { max_delay: 0 });
            }
            FaultKind::Unplug => {
                self.cable.unplug();
                self.state.wire.push_back(fault);
            }
            _ => self.state.wire.push_back(fault),
        }
    }

    fn off(&mut self, now: Instant) {
        self.state.output = Output::ZERO;
        self.cable.convert(Converter::Off);
        self.cable.open(Side::Station);
        if self.state.contactor != Contactor::Fault {
            self.engine.contactor(now, Contactor::Open);
        }
    }

    fn round(&mut self, now: Instant, observer: &mut Observer) {
        self.state.rounds += 1;
        while let Some(deed) = self.script.round(self.state.rounds) {
            self.perform(now, deed, observer);
        }
    }

    fn event(&mut self, now: Instant, event: SeccEvent, observer: &mut Observer) {
        let station = &self.scenario.station;
        match event {
            SeccEvent::AuthorizationWanted { .. } => {
                observer.note(now, "authorization wanted", format_args!(""));
                self.state.authorize_at = after(now, station.authorization);
            }
            SeccEvent::IsolationTest { .. } => {
                observer.note(now, "isolation test", format_args!(""));
                self.cable.convert(Converter::Voltage(500.0));
                self.state.isolated_at = after(now, station.isolation);
            }
            SeccEvent::PreCharge { voltage, .. } => {
                observer.note(now, "pre-charge", format_args!("{voltage}"));
                self.cable
                    .convert(Converter::Voltage(as_float(voltage.to_milli_saturating(Rounding::Nearest))));
            }
            SeccEvent::CloseContactor { .. } => {
                observer.note(now, "close contactor", format_args!(""));
                self.state.closed_at = after(now, station.contactor);
            }
            SeccEvent::Output(output) => {
                observer.note(now, "output", format_args!("{}, {}", output.power, output.current));
                self.state.output = output;
                self.cable.convert(Converter::Power(output));
            }
            SeccEvent::VehicleStatus(_) => self.round(now, observer),
            SeccEvent::OpenContactor => {
                observer.note(now, "open contactor", format_args!(""));
                self.off(now);
            }
            SeccEvent::PowerOff => {
                observer.note(now, "power off", format_args!(""));
                self.off(now);
                (self.state.isolated_at, self.state.closed_at) = (None, None);
            }
            SeccEvent::SessionStarted => {
                let berth = self.site.berth(self.engine.vehicle_id());
                self.cable = berth.cable;
                if let Some(session) = berth.session {
                    observer.rename(session);
                }
                observer.note(now, "session", format_args!("{}", self.engine.vehicle_id()));
            }
            SeccEvent::ServiceSelected(selection) => {
                let mode = selection.parameters.control_mode;
                observer.note(now, "service", format_args!("{:?}, {mode:?}", selection.service));
            }
            SeccEvent::VehicleLimits(limits) => self.state.vehicle = Some(limits),
            SeccEvent::Ended(end) => observer.ended(now, end),
            _ => {}
        }
    }
}

impl Endpoint for Station<'_> {
    fn start(&mut self, now: Instant) -> Result<(), Failure> {
        self.state = State::new(now, self.scenario);
        self.script.rewind();
        self.cable = self.site.berth("").cable;
        let connection = Connection::new(Transport::InsecureLab, unix_time());
        self.engine.start(now, &connection, random()?, random()?);
        self.apply();
        self.engine.contactor(now, Contactor::Open);
        Ok(())
    }

    fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i> {
        self.engine.handle_input(now, bytes)
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
        let moving = self.cable.is_moving().then(|| self.cable.time() + TICK);
        [self.engine.poll_timeout(), script, moving, state.authorize_at, state.isolated_at, state.closed_at]
            .into_iter()
            .flatten()
            .min()
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
        if due(&mut self.state.authorize_at, now) {
            self.engine.authorize(
                now,
                match self.scenario.station.verdict {
                    Verdict::Accepted => AuthorizationDecision::Accepted,
                    Verdict::Rejected => AuthorizationDecision::Rejected,
                },
            );
        }
        if due(&mut self.state.isolated_at, now) {
            self.cable.convert(Converter::Off);
            self.engine.isolation(now, self.state.isolation);
        }
        if due(&mut self.state.closed_at, now) {
            if self.state.contactor == Contactor::Closed {
                self.cable.close(Side::Station);
            }
            self.engine.contactor(now, self.state.contactor);
        }
        let (charged, discharged) = self.cable.energy();
        // A reading that has never moved is left out: some peers do not know it.
        let discharged = Some(discharged as u64).filter(|energy| *energy > 0);
        self.engine.set_meter(Meter { charged: charged as u64, discharged });
        self.engine.measurement(now, self.cable.measure(Side::Station));
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
        let power = |watts: Watts| as_float(watts.to_milli_saturating(Rounding::Nearest));
        let own = dc_limits(self.state.limits).permitted(permit(self.state.grid));
        let joint = self.state.vehicle.map_or(own, |vehicle| own.narrowed(&vehicle));
        Sample {
            reading: self.cable.reading(),
            set_point: Some(power(self.state.output.power)),
            charge_limit: power(joint.charge.max_power),
            discharge_limit: power(joint.discharge.unwrap_or_default().max_power),
        }
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}
