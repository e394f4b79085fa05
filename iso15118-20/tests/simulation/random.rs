//! Reproducible randomness: a small generator, and what is made of its numbers.

use std::time::Duration;

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Amperes, Quantity, Ranged, Unit, Volts, WattHours, Watts};
use iso15118_20::{
    AcLimits, Contactor, DcLimits, FlowLimits, GridPermit, Phases, Schedule, ScheduleEntry, WptLimits, WptPad,
};

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Another generator, so that what one part draws does not change what another does.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.between(from, to))
    }

    pub fn maybe<T>(&mut self, of_hundred: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.percent(of_hundred).then(|| make(self))
    }

    pub fn kilo<U: Unit>(&mut self, most: i16) -> Quantity<U> {
        Quantity::new(self.below(u64::from(most.unsigned_abs()) + 1) as i16, 3)
    }

    pub fn whole<U: Unit>(&mut self, from: i16, to: i16) -> Quantity<U> {
        let width = u64::from((i32::from(to) - i32::from(from)).unsigned_abs()) + 1;
        Quantity::new((i32::from(from) + self.below(width) as i32) as i16, 0)
    }

    /// A number that no sound peer sends.
    pub fn extreme<U: Unit>(&mut self) -> Quantity<U> {
        let value = self.pick(&[0, 1, -1, i16::MAX, i16::MIN, i16::MIN + 1, 1000, -1000, 32, 7]);
        let exponent = self.pick(&[0, 1, 3, -3, 15, 30, 127, -128, -20, 2]);
        Quantity::new(value, exponent)
    }

    pub fn soc(&mut self) -> PercentValue {
        Ranged::clamped(self.below(101) as u16)
    }

    pub fn contactor(&mut self) -> Contactor {
        self.pick(&[Contactor::Open, Contactor::Closed, Contactor::Closed, Contactor::Fault])
    }

    fn flow(&mut self) -> FlowLimits {
        FlowLimits {
            max_power: self.kilo(50),
            min_power: if self.percent(80) { Watts::ZERO } else { self.whole(0, 3000) },
            max_current: self.whole(0, 200),
            min_current: Amperes::ZERO,
        }
    }

    pub fn dc_limits(&mut self) -> DcLimits {
        DcLimits {
            charge: self.flow(),
            discharge: self.maybe(80, Self::flow),
            max_voltage: if self.percent(90) { Volts::new(500, 0) } else { self.whole(0, 1000) },
            min_voltage: if self.percent(90) { Volts::new(150, 0) } else { self.whole(0, 400) },
        }
    }

    pub fn phases<U: Unit>(&mut self, make: impl Fn(&mut Self) -> Quantity<U>) -> Phases<U> {
        if self.percent(60) {
            Phases::Total(make(self))
        } else {
            Phases::Each([make(self), make(self), make(self)])
        }
    }

    pub fn ac_limits(&mut self) -> AcLimits {
        AcLimits {
            max_charge: self.phases(|r| r.kilo(22)),
            min_charge: if self.percent(70) { Phases::default() } else { self.phases(|r| r.whole(0, 900)) },
            discharge: self.maybe(80, |r| (r.phases(|r| r.kilo(15)), r.phases(|r| r.whole(0, 200)))),
        }
    }

    pub fn pad(&mut self) -> WptPad {
        WptPad {
            max_power: self.kilo(15),
            min_power: self.whole(0, 200),
            max_clearance: 250,
            min_clearance: 100,
            max_current: Amperes::new(50, 0),
            ..WptPad::default()
        }
    }

    pub fn wpt_limits(&mut self) -> WptLimits {
        WptLimits { max_power: self.kilo(15), max_clearance: 200, min_clearance: 150, ..WptLimits::default() }
    }

    pub fn permit(&mut self) -> GridPermit {
        match self.below(4) {
            0 => GridPermit::UNLIMITED,
            1 => GridPermit::CHARGE_ONLY,
            2 => GridPermit { charge: self.kilo(30), discharge: self.kilo(30) },
            _ => GridPermit { charge: self.whole(-500, 3000), discharge: self.whole(-500, 3000) },
        }
    }

    /// Signed power in the range of real chargers.
    pub fn power(&mut self) -> Watts {
        Watts::new(self.between(0, 80) as i16 - 40, 3)
    }

    pub fn energy(&mut self) -> WattHours {
        WattHours::new(self.between(0, 60) as i16 - 20, 3)
    }

    pub fn schedule(&mut self, now: u64) -> Schedule {
        let mut entries = [ScheduleEntry::default(); 12];
        let len = self.between(1, 12) as usize;
        for entry in &mut entries[..len] {
            *entry = ScheduleEntry { duration: self.between(1, 60) as u32, power: self.kilo(30) };
        }
        entries[len - 1].duration = 86_400;
        Schedule::new(now - self.below(3), &entries[..len])
    }
}
