//! What an offer has to give, as slots of constant power and constant worth.

use exi_codec::List;
use exi_codec::iso20::common_messages::{PriceRule, PriceSchedule};

use super::PowerCurve;
use super::choose::ProfilePolicy;
use super::cursor::{Part, Span};
use super::energy::{milliwatts, watts};
use crate::price::{Flow, Money, PriceLevels, Tariff};

/// A time with constant power, and what it is worth: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Seconds after the begin of the timeline.
    pub start: u32,
    pub seconds: u32,
    pub milliwatts: i64,
    pub key: i64,
}

impl Slot {
    pub(super) const EMPTY: Self = Self { start: 0, seconds: 0, milliwatts: 0, key: 0 };

    /// Seconds after the begin of the timeline.
    pub(super) fn end(&self) -> u32 {
        self.start.saturating_add(self.seconds)
    }

    /// mW·s.
    pub(super) fn energy(&self) -> i128 {
        i128::from(self.milliwatts) * i128::from(self.seconds)
    }
}

/// Prices of an offer that can be used.
#[derive(Clone, Copy)]
pub(super) enum Prices<'a> {
    /// There are none, or none that make sense.
    None,
    Absolute(Tariff<'a>),
    Levels(PriceLevels<'a>),
}

impl<'a> Prices<'a> {
    pub(super) fn new(schedule: Option<&PriceSchedule<'a>>) -> Self {
        match schedule {
            Some(PriceSchedule::AbsolutePrice(schedule)) => {
                Tariff::new(schedule, Flow::Charge).map_or(Self::None, Self::Absolute)
            }
            Some(PriceSchedule::PriceLevel(schedule)) => {
                PriceLevels::new(schedule).map_or(Self::None, Self::Levels)
            }
            None => Self::None,
        }
    }
}

/// The slots of an offer within a time and under a cap.
pub(super) struct Timeline<'a> {
    pub power: PowerCurve<'a>,
    pub prices: &'a Prices<'a>,
    pub policy: ProfilePolicy,
    /// Unix time, s.
    pub from: u64,
    /// Unix time, s: no more than 32 bits of seconds later.
    pub until: u64,
    /// Most power of the vehicle, mW.
    pub cap: i64,
    /// Least power of the vehicle, mW.
    pub least: i64,
}

impl Timeline<'_> {
    /// Calls `each` with slots in the order of time, those without power included. Neighbours differ.
    pub(super) fn each(&self, mut each: impl FnMut(Slot)) {
        let mut powers = self.power.cursor();
        let mut stacks = match self.prices {
            Prices::Absolute(tariff) if self.policy != ProfilePolicy::Earliest => {
                Some((tariff, tariff.cursor()))
            }
            _ => None,
        };
        let mut levels = match self.prices {
            Prices::Levels(levels) if self.policy == ProfilePolicy::Cheapest => Some(levels.cursor()),
            _ => None,
        };
        let mut pending: Option<Slot> = None;
        let mut time = self.from;
        while time < self.until {
            let span = powers.at(time);
            let power = if span.part == Part::Within { span.value.unwrap_or(0).abs() } else { 0 };
            let mut until = span.until.min(self.until);
            // What a message can carry.
            let mut power = milliwatts(watts(power.min(self.cap)));
            if power < self.least {
                power = 0;
            }
            let mut key = 0;
            if let Some((tariff, stacks)) = &mut stacks {
                let span = stacks.at(time);
                until = until.min(span.until);
                key = self.key(tariff, &span, time, power);
            }
            if let Some(levels) = &mut levels {
                let span = levels.at(time);
                until = until.min(span.until);
                key = i64::from(span.value.unwrap_or(u8::MAX));
            }
            let seconds = u32::try_from(until - time).unwrap_or(u32::MAX);
            let start = u32::try_from(time - self.from).unwrap_or(u32::MAX);
            match &mut pending {
                Some(slot) if slot.milliwatts == power && (slot.key == key || power == 0) => {
                    slot.seconds = slot.seconds.saturating_add(seconds);
                }
                _ => {
                    let next = Slot { start, seconds, milliwatts: power, key };
                    if let Some(slot) = pending.replace(next) {
                        each(slot);
                    }
                }
            }
            time = until;
        }
        if let Some(slot) = pending {
            each(slot);
        }
    }

    fn key<'t>(&self, tariff: &Tariff<'t>, span: &Span<List<'t, PriceRule>>, time: u64, power: i64) -> i64 {
        let Ok(Some(bands)) = tariff.bands(span, time) else { return i64::MAX };
        if self.policy == ProfilePolicy::Cheapest {
            return tariff.fee(&bands, power, self.cap).map_or(i64::MAX, Money::nano);
        }
        // Carbon dioxide first; where it is unknown, or the same, the share of renewable energy decides.
        let rule = bands.of(power).map(|band| band.rule).unwrap_or_default();
        let emission = rule.carbon_dioxide_emission.unwrap_or(u16::MAX);
        let renewable = rule.renewable_generation_percentage.unwrap_or(0).min(100);
        i64::from(emission) * 128 + i64::from(100 - renewable)
    }
}
