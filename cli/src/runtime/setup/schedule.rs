//! What the back end of a scenario's charger announces: schedules and prices.

use exi_codec::RationalNumber;
use exi_codec::iso20::common_messages::{
    PowerScheduleEntry, PriceLevelScheduleEntry, PriceRule, PriceRuleStack, PriceSchedule,
};
use exi_codec::iso20::common_types::NumericId;
use iso15118_20::price::{absolute_prices, level_prices, price_rule};
use iso15118_20::schedule::{EnergyQuestion, GridCurve, GridStep, Offering, Schedule, Site};
use iso15118_20::secc::{Announcement, ScheduleOffer, TupleOffer, VehicleNeeds};
use iso15118_20::service::{ControlMode, Direction, Selection};
use iso15118_20::{GridPermit, SCHEDULE_ENTRIES};
use v2g_scenario::scenario::{Grid, Plan, Price, Span};

use super::limits::{Bounds, permit};
use crate::runtime::plant::watts;

/// How long the last step of a list lasts, s.
const DAY: u32 = 86_400;

/// The back end with what it remembers.
#[derive(Debug)]
pub(in crate::runtime) struct Tariff<'a> {
    plan: &'a Plan,
    /// Seconds of the scenario in one second.
    lapse: u32,
    offering: Offering,
    /// Unix time of the beginning of the scenario, s.
    start: u64,
}

/// What it is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Question {
    /// Unix time, s.
    pub(in crate::runtime) now: u64,
    pub(in crate::runtime) needs: VehicleNeeds,
    pub(in crate::runtime) selection: Selection,
    /// What charger and vehicle can do.
    pub(in crate::runtime) bounds: Bounds,
}

/// A price in ten thousandths as messages have it.
fn rational(ten_thousandths: i32) -> RationalNumber {
    let mut exponent = -4;
    let mut value = ten_thousandths;
    while i16::try_from(value).is_err() {
        (value, exponent) = (value / 10, exponent + 1);
    }
    RationalNumber::new(value as i16, exponent)
}

fn rule(price: &Price) -> PriceRule {
    PriceRule {
        carbon_dioxide_emission: price.co2,
        renewable_generation_percentage: price.renewable,
        ..price_rule(price.above.unwrap_or_default().watts(), rational(price.per_kwh))
    }
}

fn entries(schedule: &Schedule) -> Vec<PowerScheduleEntry> {
    let entries = schedule.entries().iter();
    entries
        .map(|e| PowerScheduleEntry { duration: e.duration, power: e.power, ..PowerScheduleEntry::default() })
        .collect()
}

impl<'a> Tariff<'a> {
    pub(in crate::runtime) fn new(plan: &'a Plan, lapse: u32, start: u64) -> Self {
        Self { plan, lapse, offering: Offering::default(), start }
    }

    /// A time of the scenario in seconds of the clock.
    fn seconds(&self, span: Span) -> u64 {
        span.duration().as_secs() / u64::from(self.lapse)
    }

    /// How long a step lasts that is followed by another one, or by none.
    fn lasting(&self, from: Span, next: Option<Span>) -> u32 {
        let until = next.map(|next| self.seconds(next).saturating_sub(self.seconds(from)).max(1));
        until.map_or(DAY, |seconds| u32::try_from(seconds).unwrap_or(DAY))
    }

    fn grid(&self) -> Vec<GridStep> {
        let step = |from, grid| GridStep { from, permit: permit(grid) };
        if self.plan.grid.is_empty() {
            return vec![GridStep { from: 0, permit: GridPermit::UNLIMITED }];
        }
        let steps = self.plan.grid.iter();
        steps
            .map(|s| {
                let grid = Grid { charge: s.charge, discharge: s.discharge };
                step(self.start + self.seconds(s.from), grid)
            })
            .collect()
    }

    /// Rules and durations of the price stacks: prices from the same time on are one.
    fn stacks(&self) -> Vec<(u32, Vec<PriceRule>)> {
        let Some(prices) = &self.plan.prices else { return Vec::new() };
        let chunks: Vec<&[Price]> = prices.energy.chunk_by(|a, b| a.from == b.from).collect();
        let next = |index: usize| chunks.get(index + 1).map(|chunk| chunk[0].from);
        let stack = |(index, chunk): (usize, &&[Price])| {
            (self.lasting(chunk[0].from, next(index)), chunk.iter().map(rule).collect())
        };
        chunks.iter().enumerate().map(stack).collect()
    }

    fn levels(&self) -> Vec<PriceLevelScheduleEntry> {
        let levels = &self.plan.levels;
        let next = |index: usize| levels.get(index + 1).map(|level| level.from);
        let entry = |(index, level): (usize, &v2g_scenario::scenario::Level)| PriceLevelScheduleEntry {
            duration: self.lasting(level.from, next(index)),
            price_level: level.level,
        };
        levels.iter().enumerate().map(entry).collect()
    }

    /// Hands the announcement to `then`.
    pub(in crate::runtime) fn announce<R>(
        &mut self,
        question: &Question,
        then: impl FnOnce(&Announcement<'_>) -> R,
    ) -> R {
        let stacks = self.stacks();
        let stacks: Vec<PriceRuleStack<'_>> = stacks
            .iter()
            .map(|(duration, rules)| PriceRuleStack {
                duration: *duration,
                price_rule: rules.as_slice().into(),
            })
            .collect();
        let levels = self.levels();
        let price = match &self.plan.prices {
            Some(prices) => Some(PriceSchedule::AbsolutePrice(absolute_prices(
                NumericId::ONE,
                self.start,
                (&prices.currency, "en"),
                prices.algorithm.algorithm(),
                &stacks,
            ))),
            None if levels.is_empty() => None,
            None => Some(PriceSchedule::PriceLevel(level_prices(NumericId::ONE, self.start, &levels))),
        };
        if question.selection.parameters.control_mode == ControlMode::Dynamic {
            return then(&Announcement { price, ..Announcement::default() });
        }
        let steps = self.grid();
        let direction = question.selection.service.direction();
        let most =
            GridPermit { charge: watts(question.bounds.charge), discharge: watts(question.bounds.discharge) };
        let site = Site { grid: GridCurve::new(&steps), most };
        let asked = EnergyQuestion {
            departure: question.needs.departure_time.map(|seconds| (seconds / self.lapse).max(1)),
            energy: question.needs.target_energy.or(question.needs.max_energy),
            points: question.needs.max_entries.min(SCHEDULE_ENTRIES as u16),
            direction,
        };
        let offers = *self.offering.answer(question.now, &site, &asked);
        let charge: Vec<(u64, Vec<PowerScheduleEntry>)> =
            offers.tuples().map(|(_, schedule)| (schedule.start(), entries(schedule))).collect();
        let discharge = offers.discharge().filter(|_| direction == Direction::Bidirectional);
        let discharge = discharge.map(|schedule| (schedule.start(), entries(schedule)));
        let tuples: Vec<TupleOffer<'_>> = charge
            .iter()
            .map(|(start, entries)| TupleOffer {
                charge: ScheduleOffer { start: *start, entries, price, ..ScheduleOffer::default() },
                discharge: discharge.as_ref().map(|(start, entries)| ScheduleOffer {
                    start: *start,
                    entries,
                    price,
                    ..ScheduleOffer::default()
                }),
            })
            .collect();
        then(&Announcement { tuples: &tuples, ..Announcement::default() })
    }
}
