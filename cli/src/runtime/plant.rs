//! A charger, a cable and a battery, simulated well enough to see what the messages do.

mod approach;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use iso15118_20::secc::PilotState;
use iso15118_20::service::Family;
use iso15118_20::{Instant, Measurement, Output};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{PhaseCount, Side};

use approach::Approach;
pub(super) use approach::DevicePlace;

/// How fast a converter raises the voltage, V/s.
const VOLTAGE_RAMP: f64 = 1500.0;
/// How fast a converter changes the current, A/s at least, and A/s for each kWh of the battery: what is built for
/// more moves more.
const CURRENT_RAMP: f64 = 400.0;
const CURRENT_RAMP_PER_KWH: f64 = 5.0;
/// How fast the voltage of an open outlet falls, V/s.
const BLEED: f64 = 3000.0;
/// Inner resistance of the battery, Ω.
const RESISTANCE: f64 = 0.05;
/// Voltage of a phase against neutral, V.
const PHASE: f64 = 230.0;
/// Longest step of the simulation while something moves, and while nothing does.
const STEP: Duration = Duration::from_millis(5);
const QUIET_STEP: Duration = Duration::from_millis(50);
/// How often what moves is looked at.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// What a converter is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Converter {
    Off,
    /// Bringing the outlet to a voltage.
    Voltage(f64),
    /// Exchanging energy.
    Power(Output),
    /// Somewhere else; it is known to exchange this current, A.
    Foreign(f64),
    /// At the battery, or on the other side of a field: this power reaches the battery, W.
    Battery(f64),
}

#[derive(Debug)]
struct State {
    /// Simulated seconds in one second.
    lapse: f64,
    /// Voltage of the battery at half charge, V.
    nominal: f64,
    /// Capacity of the battery, Wh.
    capacity: f64,
    at: Option<Instant>,
    /// Something has not yet reached where it goes.
    moving: bool,
    converter: Converter,
    /// What kind of connection it is.
    family: Family,
    phases: PhaseCount,
    approach: Approach,
    station_closed: bool,
    vehicle_closed: bool,
    pilot: PilotState,
    outlet: f64,
    current: f64,
    soc: f64,
    charged: f64,
    discharged: f64,
}

impl State {
    /// Voltage of the battery without load.
    fn battery(&self) -> f64 {
        self.nominal * (0.875 + 0.25 * self.soc)
    }

    /// Whether the contactors of an end are closed.
    fn contactor(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Station => &mut self.station_closed,
            Side::Vehicle => &mut self.vehicle_closed,
        }
    }

    fn connected(&self) -> bool {
        self.station_closed && self.vehicle_closed
    }

    fn step(&mut self, seconds: f64) {
        let wanted = match self.converter {
            Converter::Power(output) if self.connected() => self.wanted_current(output),
            Converter::Foreign(current) if self.connected() => current,
            Converter::Battery(power) if self.connected() => self.current_of(power),
            _ => 0.0,
        };
        let ramp = CURRENT_RAMP.max(CURRENT_RAMP_PER_KWH * self.capacity / 1000.0) * seconds;
        self.current += (wanted - self.current).clamp(-ramp, ramp);
        if !self.connected() || self.converter == Converter::Off {
            self.current = 0.0;
        }
        self.moving =
            self.connected() && self.converter != Converter::Off && (wanted - self.current).abs() > 0.01;
        self.outlet = match self.converter {
            _ if self.connected() => self.battery() + self.current * RESISTANCE,
            Converter::Off => {
                self.moving = self.outlet > 0.0;
                (self.outlet - BLEED * seconds).max(0.0)
            }
            Converter::Voltage(target) => {
                self.moving = (target - self.outlet).abs() > 0.01;
                self.outlet + (target - self.outlet).clamp(-BLEED * seconds, VOLTAGE_RAMP * seconds)
            }
            Converter::Power(_) | Converter::Foreign(_) | Converter::Battery(_) => self.outlet,
        };
        self.approach.step(seconds);
        self.moving |= self.approach.is_moving();
        let energy = self.outlet * self.current * seconds * self.lapse / 3600.0;
        if energy >= 0.0 {
            self.charged += energy;
        } else {
            self.discharged -= energy;
        }
        self.soc = (self.soc + energy / self.capacity).clamp(0.0, 1.0);
    }

    /// The current with which this power reaches the terminals of the battery.
    fn current_of(&self, power: f64) -> f64 {
        let battery = self.battery();
        let root = (battery * battery + 4.0 * RESISTANCE * power).max(0.0).sqrt();
        (root - battery) / (2.0 * RESISTANCE)
    }

    fn power(&self) -> f64 {
        self.outlet * self.current
    }

    /// The current at which the first of the three bounds is reached.
    fn wanted_current(&self, output: Output) -> f64 {
        let power = as_float(output.power.to_milli_saturating(Rounding::TowardsZero));
        let most = as_float(output.current.to_milli_saturating(Rounding::TowardsZero));
        let voltage = as_float(output.voltage.to_milli_saturating(Rounding::TowardsZero));
        let by_power = power / self.battery().max(1.0);
        if power < 0.0 {
            by_power.max(most)
        } else {
            let by_voltage = (voltage - self.battery()) / RESISTANCE;
            by_power.min(most).min(by_voltage.max(0.0))
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a simulation is no more exact than that")]
pub(crate) fn as_float(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

/// What a person with instruments would read off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// At the outlet, V; over AC of each phase.
    pub(crate) voltage: f64,
    /// Into the vehicle, A; over AC in each phase.
    pub(crate) current: f64,
    /// State of charge, 0 to 1.
    pub(crate) soc: f64,
}

/// The cable with what hangs on both ends of it; handles to it share it.
#[derive(Clone, Debug)]
pub(crate) struct Cable(Arc<Mutex<State>>);

impl Cable {
    /// Charger off, all contactors open, battery as the vehicle arrives.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let Scenario { vehicle, lapse, phases, .. } = scenario;
        Self(Arc::new(Mutex::new(State {
            lapse: f64::from(*lapse),
            nominal: vehicle.battery.as_f64(),
            capacity: vehicle.capacity.as_f64(),
            at: None,
            moving: false,
            converter: Converter::Off,
            family: Family::Dc,
            phases: *phases,
            approach: Approach::new(),
            station_closed: false,
            vehicle_closed: false,
            pilot: PilotState::B,
            outlet: 0.0,
            current: 0.0,
            soc: vehicle.soc.part(),
            charged: 0.0,
            discharged: 0.0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the simulation catch up with the time.
    pub(crate) fn advance(&self, now: Instant) {
        let mut state = self.state();
        let from = *state.at.get_or_insert(now);
        let mut left = now.saturating_sub(from);
        while !left.is_zero() {
            let step = left.min(if state.moving { STEP } else { QUIET_STEP });
            state.step(step.as_secs_f64());
            left -= step;
        }
        state.at = Some(now.max(from));
    }

    pub(crate) fn convert(&self, converter: Converter) {
        let mut state = self.state();
        state.converter = converter;
        state.moving = true;
    }

    /// Up to when the simulation has come.
    pub(super) fn time(&self) -> Instant {
        self.state().at.unwrap_or_default()
    }

    /// Whether something is on its way, so that a look is worth while soon.
    pub(super) fn is_moving(&self) -> bool {
        self.state().moving
    }

    /// Somebody pulls the plug: nothing connects both ends any more.
    pub(super) fn unplug(&self) {
        let mut state = self.state();
        (state.station_closed, state.vehicle_closed) = (false, false);
        state.pilot = PilotState::A;
        (state.converter, state.moving) = (Converter::Off, true);
    }

    /// The vehicle says by the control pilot whether it wants power.
    pub(super) fn set_pilot(&self, pilot: PilotState) {
        self.state().pilot = pilot;
    }

    /// The state of the control pilot.
    pub(super) fn pilot(&self) -> PilotState {
        self.state().pilot
    }

    /// What kind of connection it is.
    pub(super) fn set_family(&self, family: Family) {
        self.state().family = family;
    }

    /// The vehicle rolls to where it can charge.
    pub(crate) fn roll(&self) {
        let mut state = self.state();
        state.approach.roll();
        state.moving = true;
    }

    /// How far the vehicle is from where it can charge, mm.
    pub(super) fn offset(&self) -> i16 {
        self.state().approach.offset()
    }

    /// Lets the connection device move, in so long.
    pub(super) fn move_device(&self, to: DevicePlace, time: Duration) {
        let mut state = self.state();
        state.approach.move_device(to, time);
        state.moving = true;
    }

    /// Where the connection device is.
    pub(super) fn device(&self) -> DevicePlace {
        self.state().approach.device()
    }

    /// Power into the battery, W.
    pub(super) fn power(&self) -> Watts {
        watts(self.state().power())
    }

    pub(crate) fn close(&self, side: Side) {
        let mut state = self.state();
        *state.contactor(side) = true;
        state.moving = true;
    }

    pub(crate) fn open(&self, side: Side) {
        let mut state = self.state();
        *state.contactor(side) = false;
        state.moving = true;
    }

    /// What a person with instruments would read off.
    pub(super) fn reading(&self) -> Reading {
        let state = self.state();
        let (voltage, current) = match (state.family, state.station_closed) {
            (Family::Ac, true) => {
                let phases = f64::from(state.phases.count());
                (PHASE, state.power() / (PHASE * phases))
            }
            (Family::Ac, false) => (0.0, 0.0),
            _ => (state.outlet, state.current),
        };
        Reading { voltage, current, soc: state.soc }
    }

    /// What the instruments of an end show.
    pub(crate) fn measure(&self, side: Side) -> Measurement {
        let state = self.state();
        let voltage = match side {
            Side::Vehicle if state.vehicle_closed => state.battery() + state.current * RESISTANCE,
            _ => state.outlet,
        };
        Measurement {
            voltage: Volts::from_milli(thousandths(voltage), Rounding::Nearest),
            current: Amperes::from_milli(thousandths(state.current), Rounding::Nearest),
        }
    }

    /// Voltage of the battery, V.
    pub(crate) fn battery_voltage(&self) -> Volts {
        Volts::from_milli(thousandths(self.state().battery()), Rounding::Nearest)
    }

    /// Voltage of the battery, V, as the simulation computes.
    pub(crate) fn battery_volts(&self) -> f64 {
        self.state().battery()
    }

    /// State of charge, 0 to 1.
    pub(crate) fn soc(&self) -> f64 {
        self.state().soc
    }

    /// Energy into and out of the battery, Wh.
    pub(crate) fn energy(&self) -> (f64, f64) {
        let state = self.state();
        (state.charged, state.discharged)
    }

    /// Energy that the battery can still take, Wh, up to a state of charge.
    pub(crate) fn room(&self, soc: f64) -> f64 {
        let state = self.state();
        (soc - state.soc) * state.capacity
    }

    /// Capacity of the battery, Wh.
    pub(super) fn capacity(&self) -> WattHours {
        WattHours::from_milli(thousandths(self.state().capacity), Rounding::TowardsZero)
    }
}

pub(crate) fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

/// Power of the simulation as messages have it.
pub(super) fn watts(value: f64) -> Watts {
    Watts::from_milli(thousandths(value), Rounding::TowardsZero)
}

/// Power of a message as the simulation computes.
pub(super) fn power_of(watts: Watts) -> f64 {
    as_float(watts.to_milli_saturating(Rounding::Nearest))
}
