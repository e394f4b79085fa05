//! A car around the engine.

use std::time::Duration;

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccEvent, Needs, StationStatus};
use iso15118_20::message::EncodeError;
use iso15118_20::service::Direction;
use iso15118_20::{Contactor, DcLimits, End, FlowLimits, Instant, Received, Transmit};

use super::driver::{Engine, Flow};
use super::plant::{Cable, Converter, Side, as_float, thousandths};

/// How the simulated car behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VehicleSettings {
    /// Rounds of the charge loop before it stops.
    pub(crate) rounds: u32,
    /// Rounds between two changes of direction, where the vehicle plans.
    pub(crate) swing: u32,
    /// How long contactors take.
    pub(crate) contactor: Duration,
    /// Whether the charger hangs on the same simulated cable, or only its messages are known.
    pub(crate) far_end: FarEnd,
}

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
    settings: VehicleSettings,
    rounds: u32,
    closed_at: Option<Instant>,
    opened_at: Option<Instant>,
}

/// What the car can do.
fn limits() -> DcLimits {
    let flow = |kilowatts, amperes| FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        min_power: Watts::ZERO,
        max_current: Amperes::new(amperes, 0),
        min_current: Amperes::ZERO,
    };
    DcLimits {
        charge: flow(40, 100),
        discharge: Some(flow(11, 30)),
        max_voltage: Volts::new(460, 0),
        min_voltage: Volts::new(300, 0),
    }
}

fn watt_hours(value: f64) -> WattHours {
    WattHours::from_milli(thousandths(value), Rounding::TowardsZero)
}

fn percent(part: f64) -> PercentValue {
    PercentValue::clamped((part * 100.0).round() as u16)
}

impl<'a> Vehicle<'a> {
    pub(crate) fn new(mut engine: Evcc<'a>, cable: Cable, settings: VehicleSettings) -> Self {
        engine.set_limits(limits());
        engine.set_discharge_permit(DischargePermit::Allowed);
        Self { engine, cable, settings, rounds: 0, closed_at: None, opened_at: None }
    }

    fn round(&mut self, now: Instant, status: &StationStatus) {
        self.rounds += 1;
        self.follow(Converter::Foreign(as_float(status.current.to_milli_saturating(Rounding::Nearest))));
        if self.rounds >= self.settings.rounds {
            self.engine.stop(now);
        }
    }

    /// A charger somewhere else has no hardware on this cable: it is given one that does as it should.
    fn follow(&self, converter: Converter) {
        if self.settings.far_end == FarEnd::Foreign {
            self.cable.close(Side::Station);
            self.cable.convert(converter);
        }
    }

    /// The driver wants 80 % and never less than 20 %.
    fn needs(&self) -> Needs {
        Needs {
            departure_time: 7200,
            target_energy: watt_hours(self.cable.room(0.8)),
            max_energy: watt_hours(self.cable.room(1.0)),
            min_energy: watt_hours(self.cable.room(0.2)),
            v2x_energy: Some((watt_hours(self.cable.room(0.8)), watt_hours(self.cable.room(0.3)))),
            present_soc: Some(percent(self.cable.soc())),
            minimum_soc: Some(percent(0.2)),
            target_soc: Some(percent(0.8)),
            charging_complete: self.cable.room(0.8) <= 0.0,
            capacity: Some(watt_hours(Cable::CAPACITY)),
        }
    }

    fn demand(&self) -> Demand {
        let bidirectional =
            self.engine.selection().is_some_and(|s| s.service.direction() == Direction::Bidirectional);
        let out = bidirectional && (self.rounds / self.settings.swing.max(1)) % 2 == 1;
        Demand {
            battery: self.cable.battery_voltage(),
            voltage: Volts::new(450, 0),
            current: if out { Amperes::new(-25, 0) } else { Amperes::new(60, 0) },
        }
    }
}

impl Engine for Vehicle<'_> {
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
        self.engine.poll_timeout()
    }

    fn poll_events(&mut self, now: Instant) -> Flow {
        while let Some(event) = self.engine.poll_event() {
            match event {
                EvccEvent::CloseContactor { .. } => self.closed_at = Some(now + self.settings.contactor),
                EvccEvent::PreCharge => self.follow(Converter::Voltage(self.cable.battery_volts())),
                EvccEvent::StationStatus(status) => self.round(now, &status),
                EvccEvent::OpenContactor { .. } => {
                    self.follow(Converter::Off);
                    self.opened_at = Some(now + self.settings.contactor);
                }
                EvccEvent::PowerOff => {
                    self.closed_at = None;
                    self.cable.open(Side::Vehicle);
                    self.engine.contactor(now, Contactor::Open);
                }
                EvccEvent::Close => return Flow::Close,
                EvccEvent::SessionStarted
                | EvccEvent::CustomerAwaited
                | EvccEvent::ServiceSelected(_)
                | EvccEvent::StationLimits(_)
                | EvccEvent::Scheduled
                | EvccEvent::CableCheck
                | EvccEvent::Ended(_) => {}
            }
        }
        Flow::Continue
    }

    fn tick(&mut self, now: Instant) {
        self.cable.advance(now);
        if self.closed_at.is_some_and(|at| at <= now) {
            self.closed_at = None;
            self.cable.close(Side::Vehicle);
            self.engine.contactor(now, Contactor::Closed);
        }
        if self.opened_at.is_some_and(|at| at <= now) {
            self.opened_at = None;
            self.cable.open(Side::Vehicle);
            self.engine.contactor(now, Contactor::Open);
        }
        self.engine.set_needs(self.needs());
        self.engine.set_demand(self.demand());
        self.engine.measurement(now, self.cable.measure(Side::Vehicle));
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}
