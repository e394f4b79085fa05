//! A charger, a cable and a battery, simulated well enough to see what the messages do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exi_codec::{Amperes, Rounding, Volts};
use iso15118_20::{Instant, Measurement, Output};

/// How fast a converter raises the voltage, V/s.
const VOLTAGE_RAMP: f64 = 1500.0;
/// How fast a converter changes the current, A/s.
const CURRENT_RAMP: f64 = 400.0;
/// How fast the voltage of an open outlet falls, V/s.
const BLEED: f64 = 3000.0;
/// Inner resistance of the battery, Ω.
const RESISTANCE: f64 = 0.05;
/// Capacity of the battery, Wh.
const CAPACITY: f64 = 60_000.0;
/// State of charge at first.
const INITIAL_SOC: f64 = 0.5;

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
}

/// Which end's instruments are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Station,
    Vehicle,
}

#[derive(Debug)]
struct State {
    /// Simulated seconds in one second.
    lapse: f64,
    at: Option<Instant>,
    converter: Converter,
    station_closed: bool,
    vehicle_closed: bool,
    outlet: f64,
    current: f64,
    soc: f64,
    charged: f64,
    discharged: f64,
}

impl State {
    /// Voltage of the battery without load.
    fn battery(&self) -> f64 {
        350.0 + 100.0 * self.soc
    }

    fn connected(&self) -> bool {
        self.station_closed && self.vehicle_closed
    }

    fn step(&mut self, seconds: f64) {
        let wanted = match self.converter {
            Converter::Power(output) if self.connected() => self.wanted_current(output),
            Converter::Foreign(current) if self.connected() => current,
            _ => 0.0,
        };
        let ramp = CURRENT_RAMP * seconds;
        self.current += (wanted - self.current).clamp(-ramp, ramp);
        if !self.connected() || self.converter == Converter::Off {
            self.current = 0.0;
        }
        self.outlet = match self.converter {
            _ if self.connected() => self.battery() + self.current * RESISTANCE,
            Converter::Off => (self.outlet - BLEED * seconds).max(0.0),
            Converter::Voltage(target) => {
                self.outlet + (target - self.outlet).clamp(-BLEED * seconds, VOLTAGE_RAMP * seconds)
            }
            Converter::Power(_) | Converter::Foreign(_) => self.outlet,
        };
        let energy = self.outlet * self.current * seconds * self.lapse / 3600.0;
        if energy >= 0.0 {
            self.charged += energy;
        } else {
            self.discharged -= energy;
        }
        self.soc = (self.soc + energy / CAPACITY).clamp(0.0, 1.0);
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

/// The cable with what hangs on both ends of it; handles to it share it.
#[derive(Clone, Debug)]
pub(crate) struct Cable(Arc<Mutex<State>>);

impl Cable {
    /// Charger off, all contactors open, battery half full.
    pub(crate) fn new(lapse: f64) -> Self {
        Self(Arc::new(Mutex::new(State {
            lapse,
            at: None,
            converter: Converter::Off,
            station_closed: false,
            vehicle_closed: false,
            outlet: 0.0,
            current: 0.0,
            soc: INITIAL_SOC,
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
            let step = left.min(Duration::from_millis(5));
            state.step(step.as_secs_f64());
            left -= step;
        }
        state.at = Some(now.max(from));
    }

    pub(crate) fn convert(&self, converter: Converter) {
        self.state().converter = converter;
    }

    pub(crate) fn close(&self, side: Side) {
        match side {
            Side::Station => self.state().station_closed = true,
            Side::Vehicle => self.state().vehicle_closed = true,
        }
    }

    pub(crate) fn open(&self, side: Side) {
        match side {
            Side::Station => self.state().station_closed = false,
            Side::Vehicle => self.state().vehicle_closed = false,
        }
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
        (soc - self.state().soc) * CAPACITY
    }

    /// Capacity of the battery, Wh.
    pub(crate) const CAPACITY: f64 = CAPACITY;
}

pub(crate) fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}
