//! Where the vehicle stands, and where the connection device is.

use std::time::Duration;

/// How far away the vehicle stops, mm.
const START: f64 = 400.0;
/// How fast it then creeps, mm/s.
const CREEP: f64 = 1600.0;

/// Where a connection device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum DevicePlace {
    Home,
    Between,
    AtVehicle,
}

/// Vehicle and device on their ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Approach {
    /// How far the vehicle is from where it can charge, mm.
    offset: f64,
    rolling: bool,
    /// How much of its way the device has gone, 0 to 1.
    device: f64,
    goal: f64,
    /// Parts of the way in a second.
    pace: f64,
}

impl Approach {
    /// The vehicle is not yet there, the device at home.
    pub(super) fn new() -> Self {
        Self { offset: START, rolling: false, device: 0.0, goal: 0.0, pace: 1.0 }
    }

    pub(super) fn roll(&mut self) {
        self.rolling = self.offset > 0.0;
    }

    pub(super) fn offset(&self) -> i16 {
        self.offset.ceil() as i16
    }

    pub(super) fn move_device(&mut self, to: DevicePlace, time: Duration) {
        self.goal = if to == DevicePlace::AtVehicle { 1.0 } else { 0.0 };
        self.pace = 1.0 / time.as_secs_f64().max(1e-3);
    }

    pub(super) fn device(&self) -> DevicePlace {
        if self.device <= 0.0 {
            DevicePlace::Home
        } else if self.device >= 1.0 {
            DevicePlace::AtVehicle
        } else {
            DevicePlace::Between
        }
    }

    pub(super) fn is_moving(&self) -> bool {
        self.rolling || (self.goal - self.device).abs() > 0.0
    }

    pub(super) fn step(&mut self, seconds: f64) {
        if self.rolling {
            self.offset = (self.offset - CREEP * seconds).max(0.0);
            self.rolling = self.offset > 0.0;
        }
        let step = self.pace * seconds;
        self.device += (self.goal - self.device).clamp(-step, step);
    }
}

#[cfg(test)]
mod tests {
    use super::{Approach, DevicePlace, Duration};

    #[test]
    fn the_vehicle_rolls_when_told_and_stops_where_it_can_charge() {
        let mut approach = Approach::new();
        approach.step(1.0);
        assert_eq!(approach.offset(), 400);
        approach.roll();
        approach.step(0.125);
        assert_eq!((approach.offset(), approach.is_moving()), (200, true));
        approach.step(1.0);
        assert_eq!((approach.offset(), approach.is_moving()), (0, false));
    }

    #[test]
    fn the_device_goes_and_comes_back_in_its_time() {
        let mut approach = Approach::new();
        let time = Duration::from_millis(200);
        approach.move_device(DevicePlace::AtVehicle, time);
        approach.step(0.1);
        assert_eq!((approach.device(), approach.is_moving()), (DevicePlace::Between, true));
        approach.step(0.11);
        assert_eq!((approach.device(), approach.is_moving()), (DevicePlace::AtVehicle, false));
        approach.move_device(DevicePlace::Home, time);
        approach.step(0.3);
        assert_eq!(approach.device(), DevicePlace::Home);
    }
}
