//! A car around the engine.

use std::collections::VecDeque;
use std::time::Duration;

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Rounding, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccEvent, Needs, StationStatus};
use iso15118_20::message::{EncodeError, MessageKind};
use iso15118_20::{Connection, Contactor, DcLimits, End, Instant, Received, Transmit, Transport};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    Action, Demand as Asked, Discharge, FaultKind, Limits, Share, Side, Span, VehicleChange,
};

use super::endpoint::{Endpoint, Flow};
use super::plant::{Cable, Converter, TICK, as_float, thousandths};
use super::script::{Deed, Script};
use super::setup::{dc_limits, usual_demand, usual_limits};
use super::station::{after, due};
use super::unix_time;
use crate::failure::Failure;
use crate::observe::{Observer, Sample};

/// Where the charger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// On the same simulated cable.
    Simulated,
    /// Somewhere else: its messages say what it does.
    Foreign,
}

/// The car: engine, battery, contactors.
#[derive(Debug)]
pub(crate) struct Vehicle<'a> {
    engine: Evcc<'a>,
    cable: Cable,
    far_end: FarEnd,
    scenario: &'a Scenario,
    script: Script<VehicleChange>,
    state: State,
}

/// What is new with each session.
#[derive(Debug)]
struct State {
    start: Instant,
    limits: Limits,
    demand: Asked,
    discharge: Discharge,
    target: Share,
    departure: Span,
    station: Option<DcLimits>,
    rounds: u32,
    closed_at: Option<Instant>,
    opened_at: Option<Instant>,
    /// What the contactors will do.
    contactor: Contactor,
    leaving: bool,
    wire: VecDeque<FaultKind>,
}

impl State {
    fn new(now: Instant, scenario: &Scenario) -> Self {
        let vehicle = &scenario.vehicle;
        let usual = usual_demand(vehicle);
        Self {
            start: now,
            limits: vehicle.limits.or(usual_limits(Side::Vehicle, vehicle)),
            demand: Asked {
                current: vehicle.demand.current.or(usual.current),
                voltage: vehicle.demand.voltage.or(usual.voltage),
            },
            discharge: vehicle.discharge,
            target: vehicle.target,
            departure: vehicle.departure,
            station: None,
            rounds: 0,
            closed_at: None,
            opened_at: None,
            contactor: Contactor::Closed,
            leaving: false,
            wire: VecDeque::new(),
        }
    }
}

fn watt_hours(value: f64) -> WattHours {
    WattHours::from_milli(thousandths(value), Rounding::TowardsZero)
}

fn percent(part: f64) -> PercentValue {
    PercentValue::clamped((part * 100.0).round() as u16)
}

impl<'a> Vehicle<'a> {
    pub(crate) fn new(engine: Evcc<'a>, cable: Cable, far_end: FarEnd, scenario: &'a Scenario) -> Self {
        let changes = scenario.vehicle.change.iter().map(|change| (change.when, *change));
        let script = Script::new(Side::Vehicle, changes, &scenario.events, &scenario.faults);
        Self { engine, cable, far_end, scenario, script, state: State::new(Instant::ZERO, scenario) }
    }

    /// Energy into and out of the vehicle, Wh.
    pub(crate) fn energy(&self) -> (f64, f64) {
        self.cable.energy()
    }

    /// Time of the scenario.
    fn time(&self, now: Instant) -> Duration {
        now.saturating_sub(self.state.start).saturating_mul(self.scenario.lapse)
    }

    fn perform(&mut self, now: Instant, deed: Deed<VehicleChange>, observer: &mut Observer) {
        match deed {
            Deed::Change(change) => self.change(now, &change, observer),
            Deed::Act(Action::EmergencyStop, _) => {
                observer.note(now, "vehicle", format_args!("emergency-stop"));
                self.engine.emergency_stop(now);
            }
            Deed::Act(Action::Stop, _) => {
                observer.note(now, "vehicle", format_args!("stop"));
                self.engine.stop(now);
            }
            // `require_engine` has refused the others.
            Deed::Act(..) => {}
            Deed::Fault(fault) => self.fail(now, fault, observer),
        }
    }

    fn change(&mut self, now: Instant, change: &VehicleChange, observer: &mut Observer) {
        observer.note(now, "vehicle", format_args!("limits or wishes change"));
        let state = &mut self.state;
        state.limits = change.limits.or(state.limits);
        state.demand.current = change.demand.current.or(state.demand.current);
        state.demand.voltage = change.demand.voltage.or(state.demand.voltage);
        state.discharge = change.discharge.unwrap_or(state.discharge);
        state.target = change.target.unwrap_or(state.target);
        state.departure = change.departure.unwrap_or(state.departure);
        self.engine.set_limits(dc_limits(self.state.limits));
    }

    fn fail(&mut self, now: Instant, fault: FaultKind, observer: &mut Observer) {
        match fault {
            FaultKind::Contactor => {
                observer.note(now, "fault", format_args!("contactor of the vehicle"));
                self.state.contactor = Contactor::Fault;
                self.engine.contactor(now, Contactor::Fault);
            }
            FaultKind::Unplug => {
                self.cable.unplug();
                self.state.wire.push_back(fault);
            }
            _ => self.state.wire.push_back(fault),
        }
    }

    fn round(&mut self, now: Instant, status: &StationStatus, observer: &mut Observer) {
        self.state.rounds += 1;
        self.state.station = Some(status.limits);
        self.follow(Converter::Foreign(as_float(status.current.to_milli_saturating(Rounding::Nearest))));
        while let Some(deed) = self.script.round(self.state.rounds) {
            self.perform(now, deed, observer);
        }
        let enough = self.scenario.vehicle.rounds.is_some_and(|rounds| self.state.rounds >= rounds);
        if (enough || self.left(now).is_zero()) && !self.state.leaving {
            self.state.leaving = true;
            observer.note(now, "vehicle", format_args!("leaves"));
            self.engine.stop(now);
        }
    }

    /// A charger somewhere else has no hardware on this cable: it is given one that does as it should.
    fn follow(&self, converter: Converter) {
        if self.far_end == FarEnd::Foreign {
            self.cable.close(Side::Station);
            self.cable.convert(converter);
        }
    }

    /// Time of the scenario until departure.
    fn left(&self, now: Instant) -> Duration {
        self.state.departure.duration().saturating_sub(self.time(now))
    }

    fn needs(&self, now: Instant) -> Needs {
        let (target, least) = (self.state.target.part(), self.scenario.vehicle.minimum.part());
        let room = |part| watt_hours(self.cable.room(part));
        Needs {
            departure_time: u32::try_from(self.left(now).as_secs()).unwrap_or(u32::MAX),
            target_energy: room(target),
            max_energy: room(1.0),
            min_energy: room(least),
            v2x_energy: Some((room(target), room((least + 0.1).min(target)))),
            present_soc: Some(percent(self.cable.soc())),
            minimum_soc: Some(percent(least)),
            target_soc: Some(percent(target)),
            charging_complete: self.cable.room(target) <= 0.0,
            capacity: Some(self.cable.capacity()),
        }
    }

    fn demand(&self) -> Demand {
        Demand {
            battery: self.cable.battery_voltage(),
            voltage: self.state.demand.voltage.unwrap_or_default().volts(),
            current: self.state.demand.current.unwrap_or_default().amperes(),
        }
    }

    /// The battery guards itself, whatever anybody plans.
    fn permit(&self) -> DischargePermit {
        let enough = self.cable.soc() > self.scenario.vehicle.minimum.part();
        if self.state.discharge == Discharge::Allowed && enough {
            DischargePermit::Allowed
        } else {
            DischargePermit::Forbidden
        }
    }

    fn report(&mut self, now: Instant) {
        self.engine.set_needs(self.needs(now));
        self.engine.set_demand(self.demand());
        self.engine.set_discharge_permit(self.permit());
        self.engine.measurement(now, self.cable.measure(Side::Vehicle));
    }

    fn event(&mut self, now: Instant, event: EvccEvent, observer: &mut Observer) {
        match event {
            EvccEvent::CloseContactor { .. } => {
                observer.note(now, "close contactor", format_args!(""));
                self.state.closed_at = after(now, self.scenario.vehicle.contactor);
            }
            EvccEvent::PreCharge => self.follow(Converter::Voltage(self.cable.battery_volts())),
            EvccEvent::StationStatus(status) => self.round(now, &status, observer),
            EvccEvent::OpenContactor { .. } => {
                observer.note(now, "open contactor", format_args!(""));
                self.follow(Converter::Off);
                self.state.opened_at = after(now, self.scenario.vehicle.contactor);
            }
            EvccEvent::PowerOff => {
                observer.note(now, "power off", format_args!(""));
                self.state.closed_at = None;
                self.cable.open(Side::Vehicle);
                if self.state.contactor != Contactor::Fault {
                    self.engine.contactor(now, Contactor::Open);
                }
            }
            EvccEvent::SessionStarted => {
                observer.note(now, "session", format_args!("{}", self.engine.station_id()));
            }
            EvccEvent::CustomerAwaited => observer.note(now, "customer awaited", format_args!("")),
            EvccEvent::ServiceSelected(selection) => {
                let mode = selection.parameters.control_mode;
                observer.note(now, "service", format_args!("{:?}, {mode:?}", selection.service));
            }
            EvccEvent::StationLimits(limits) => self.state.station = Some(limits),
            EvccEvent::Scheduled => observer.note(now, "scheduled", format_args!("")),
            EvccEvent::CableCheck => observer.note(now, "cable check", format_args!("")),
            EvccEvent::Ended(end) => observer.ended(now, end),
            _ => {}
        }
    }
}

impl Endpoint for Vehicle<'_> {
    fn start(&mut self, now: Instant) -> Result<(), Failure> {
        self.state = State::new(now, self.scenario);
        self.script.rewind();
        self.engine.start(now, &Connection::new(Transport::InsecureLab, unix_time()));
        self.engine.set_limits(dc_limits(self.state.limits));
        self.report(now);
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
        // The charger looks after what it moves itself.
        let moving = self.far_end == FarEnd::Foreign && self.cable.is_moving();
        let moving = moving.then(|| self.cable.time() + TICK);
        [self.engine.poll_timeout(), script, moving, state.closed_at, state.opened_at]
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
        if due(&mut self.state.closed_at, now) {
            if self.state.contactor == Contactor::Closed {
                self.cable.close(Side::Vehicle);
            }
            self.engine.contactor(now, self.state.contactor);
        }
        if due(&mut self.state.opened_at, now) && self.state.contactor != Contactor::Fault {
            self.cable.open(Side::Vehicle);
            self.engine.contactor(now, Contactor::Open);
        }
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
        let power = |watts: Watts| as_float(watts.to_milli_saturating(Rounding::Nearest));
        let own = dc_limits(self.state.limits);
        let joint = self.state.station.map_or(own, |station| own.narrowed(&station));
        Sample {
            reading: self.cable.reading(),
            set_point: None,
            charge_limit: power(joint.charge.max_power),
            discharge_limit: power(joint.discharge.unwrap_or_default().max_power),
        }
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}
