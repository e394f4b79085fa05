//! What the back end of a scenario's charger announces: schedules and prices.

use exi_codec::iso20::common_messages::{
    PowerScheduleEntry, PriceLevelScheduleEntry, PriceRule, PriceRuleStack, PriceSchedule,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{RationalNumber, Watts};
use iso15118_20::price::{absolute_prices, level_prices, price_rule};
use iso15118_20::schedule::{EnergyQuestion, GridCurve, GridStep, Offering, Schedule, Site};
use iso15118_20::secc::{Announcement, SCHEDULE_SLOTS, ScheduleOffer, TupleOffer, VehicleNeeds};
use iso15118_20::service::{ControlMode, Direction, Selection};
use iso15118_20::{GridPermit, SCHEDULE_ENTRIES, ScheduleEntry};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{Grid, Plan, Price, Span};

use super::super::BUFFER;
use super::limits::{Bounds, permit};
use crate::runtime::plant::watts;

/// How long the last step of a list lasts, s.
const DAY: u32 = 86_400;

/// The price schedule of energy out of the vehicle, where it is another one.
const FEED_IN: NumericId = NumericId::new(2).unwrap();

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

fn price_stacks(stacks: &[(u32, Vec<PriceRule>)]) -> Vec<PriceRuleStack<'_>> {
    let stacks = stacks.iter();
    stacks
        .map(|(duration, rules)| PriceRuleStack { duration: *duration, price_rule: rules.as_slice().into() })
        .collect()
}

fn entries(schedule: &Schedule) -> Vec<PowerScheduleEntry> {
    let entries = schedule.entries().iter();
    entries
        .map(|e| PowerScheduleEntry { duration: e.duration, power: e.power, ..PowerScheduleEntry::default() })
        .collect()
}

/// A start, Unix time in seconds, and what holds from then on.
type Entries = (u64, Vec<PowerScheduleEntry>);

/// One direction of what the grid permits, an entry for each step.
fn step_by_step(
    start: u64,
    end: u64,
    steps: &[GridStep],
    most: Watts,
    of: fn(GridPermit) -> Watts,
) -> Entries {
    let next = steps.iter().skip(1).map(|step| step.from).chain([end]);
    let entry = |(step, next): (&GridStep, u64)| PowerScheduleEntry {
        duration: u32::try_from(next.min(end).saturating_sub(step.from.max(start))).unwrap_or(0),
        power: of(step.permit).min(most),
        ..PowerScheduleEntry::default()
    };
    let mut entries: Vec<_> = steps.iter().zip(next).map(entry).filter(|entry| entry.duration > 0).collect();
    if entries.is_empty() {
        entries.push(PowerScheduleEntry { duration: 1, ..PowerScheduleEntry::default() });
    }
    (start, entries)
}

/// Entries of memory that a charger needs for the schedules of a scenario, besides its own.
fn room(scenario: &Scenario) -> usize {
    let steps = scenario.station.plan.as_ref().map_or(0, |plan| plan.grid.len());
    if steps > SCHEDULE_ENTRIES { steps * SCHEDULE_SLOTS } else { 0 }
}

/// Memory for chargers: for messages that arrive in pieces and for long schedules.
#[derive(Debug)]
pub(crate) struct Workspace {
    buffers: Vec<u8>,
    schedules: Vec<ScheduleEntry>,
    room: usize,
}

impl Workspace {
    pub(crate) fn new(scenario: &Scenario, chargers: u32) -> Self {
        let (chargers, room) = (chargers as usize, room(scenario));
        Self {
            buffers: vec![0; BUFFER * chargers],
            schedules: vec![ScheduleEntry::default(); room * chargers],
            room,
        }
    }

    /// The memory of each charger.
    pub(crate) fn parts(&mut self) -> impl Iterator<Item = (&mut [u8], &mut [ScheduleEntry])> {
        let (room, mut rest) = (self.room, self.schedules.as_mut_slice());
        self.buffers.chunks_exact_mut(BUFFER).map(move |buffer| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(room);
            rest = others;
            (buffer, own)
        })
    }
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
    fn stacks(&self, prices: &[Price]) -> Vec<(u32, Vec<PriceRule>)> {
        let chunks: Vec<&[Price]> = prices.chunk_by(|a, b| a.from == b.from).collect();
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

    /// Schedules into and out of the vehicle: some to choose from, or where the grid has more steps than these can have,
    /// all that it permits until departure.
    fn offers(
        &mut self,
        question: &Question,
        steps: &[GridStep],
        most: GridPermit,
    ) -> (Vec<Entries>, Option<Entries>) {
        let departure = question.needs.departure_time.map(|seconds| (seconds / self.lapse).max(1));
        if steps.len() > SCHEDULE_ENTRIES {
            let end = question.now + u64::from(departure.unwrap_or(DAY));
            let all = |of: fn(GridPermit) -> Watts| step_by_step(question.now, end, steps, of(most), of);
            return (vec![all(|permit| permit.charge)], Some(all(|permit| permit.discharge)));
        }
        let site = Site { grid: GridCurve::new(steps), most };
        let asked = EnergyQuestion {
            departure,
            energy: question.needs.target_energy.or(question.needs.max_energy),
            points: question.needs.max_entries.min(SCHEDULE_ENTRIES as u16),
            direction: question.selection.service.direction(),
        };
        let offers = self.offering.answer(question.now, &site, &asked);
        let charge = offers.tuples().map(|(_, schedule)| (schedule.start(), entries(schedule))).collect();
        (charge, offers.discharge().map(|schedule| (schedule.start(), entries(schedule))))
    }

    /// Hands the announcement to `then`.
    pub(in crate::runtime) fn announce<R>(
        &mut self,
        question: &Question,
        then: impl FnOnce(&Announcement<'_>) -> R,
    ) -> R {
        let prices = self.plan.prices.as_ref();
        let [energy, feed_in] = [prices.map(|p| &p.energy), prices.map(|p| &p.feed_in)]
            .map(|prices| self.stacks(prices.map_or(&[], Vec::as_slice)));
        let (energy, feed_in) = (price_stacks(&energy), price_stacks(&feed_in));
        let levels = self.levels();
        let absolute = |id, stacks| {
            prices.map(|prices| {
                let (language, algorithm) = ((prices.currency.as_str(), "en"), prices.algorithm.algorithm());
                PriceSchedule::AbsolutePrice(absolute_prices(id, self.start, language, algorithm, stacks))
            })
        };
        let level = || {
            (!levels.is_empty())
                .then(|| PriceSchedule::PriceLevel(level_prices(NumericId::ONE, self.start, &levels)))
        };
        let price = absolute(NumericId::ONE, &energy).or_else(level);
        let paid = if feed_in.is_empty() { price } else { absolute(FEED_IN, &feed_in) };
        if question.selection.parameters.control_mode == ControlMode::Dynamic {
            return then(&Announcement { price, ..Announcement::default() });
        }
        let steps = self.grid();
        let direction = question.selection.service.direction();
        let most =
            GridPermit { charge: watts(question.bounds.charge), discharge: watts(question.bounds.discharge) };
        let (charge, discharge) = self.offers(question, &steps, most);
        let discharge = discharge.filter(|_| direction == Direction::Bidirectional);
        let tuples: Vec<TupleOffer<'_>> = charge
            .iter()
            .map(|(start, entries)| TupleOffer {
                charge: ScheduleOffer { start: *start, entries, price, ..ScheduleOffer::default() },
                discharge: discharge.as_ref().map(|(start, entries)| ScheduleOffer {
                    start: *start,
                    entries,
                    price: paid,
                    ..ScheduleOffer::default()
                }),
            })
            .collect();
        then(&Announcement { tuples: &tuples, ..Announcement::default() })
    }
}

#[cfg(test)]
mod tests {
    use exi_codec::{Rounding, WattHours, Watts};
    use iso15118_20::service::{Parameters, Service};
    use v2g_scenario::Scenario;

    use super::{Bounds, ControlMode, PriceSchedule, Question, Selection, Tariff, VehicleNeeds, rational};

    const PLAN: &str = r#"
        lapse = 2
        [station.plan]
        grid = [{ from = "0 s", charge = "7 kW", discharge = "0 W" }, { from = "1 h", charge = "50 kW", discharge = "3 kW" }]
        prices = { currency = "EUR", energy = [
            { from = "0 s", per-kwh = "0.30" }, { from = "0 s", above = "11 kW", per-kwh = "0.40" },
            { from = "2 h", per-kwh = "0.20" },
        ] }
    "#;

    fn question(mode: ControlMode) -> Question {
        Question {
            now: 1000,
            needs: VehicleNeeds {
                max_entries: 12,
                departure_time: Some(14_400),
                target_energy: Some(WattHours::new(90, 3)),
                ..VehicleNeeds::default()
            },
            selection: Selection { service: Service::DcBpt, parameters: Parameters::new(1, mode) },
            bounds: Bounds { charge: 22_000.0, discharge: 5_000.0 },
        }
    }

    #[test]
    fn schedules_keep_to_the_grid_and_carry_prices() {
        let scenario = Scenario::parse(PLAN).unwrap();
        let mut tariff = Tariff::new(scenario.station.plan.as_ref().unwrap(), scenario.lapse, 1000);
        tariff.announce(&question(ControlMode::Scheduled), |announced| {
            let charge = announced.tuples[0].charge;
            let power: Vec<Watts> = charge.entries.iter().map(|entry| entry.power).collect();
            assert_eq!((charge.start, power), (1000, vec![Watts::new(7, 3), Watts::new(22, 3)]));
            // An hour of the scenario is half an hour of the clock.
            assert_eq!(charge.entries[0].duration, 1800);
            let discharge = announced.tuples[0].discharge.unwrap();
            assert_eq!(discharge.entries.last().map(|entry| entry.power), Some(Watts::new(3, 3)));
            let Some(PriceSchedule::AbsolutePrice(prices)) = charge.price else { panic!("no prices") };
            let stacks: Vec<(u32, usize)> = prices
                .price_rule_stacks
                .iter()
                .map(|stack| (stack.duration, stack.price_rule.len()))
                .collect();
            assert_eq!(stacks, [(3600, 2), (86_400, 1)]);
        });
    }

    #[test]
    fn where_the_charger_plans_there_are_prices_and_no_schedules() {
        let scenario = Scenario::parse(PLAN).unwrap();
        let mut tariff = Tariff::new(scenario.station.plan.as_ref().unwrap(), scenario.lapse, 1000);
        tariff.announce(&question(ControlMode::Dynamic), |announced| {
            assert!(announced.tuples.is_empty() && announced.price.is_some());
        });
    }

    #[test]
    fn prices_are_exact_while_they_fit() {
        for (ten_thousandths, milli) in [(2955, 295), (-15_000, -1500), (12_345_678, 1_234_500)] {
            assert_eq!(rational(ten_thousandths).to_milli(Rounding::TowardsZero), Some(milli));
        }
    }
}
