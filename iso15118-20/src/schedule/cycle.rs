//! The vehicle's side: energy that is taken where it is cheap and given back where it is dear.

use exi_codec::iso20::common_messages::{PriceSchedule, ScheduleTuple};
use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{WattHours, Watts};

use super::cursor::{Part, Span};
use super::energy::{Energy, milliwatts, watts};
use super::plan::Used;
use super::timeline::Slot;
use super::{ChargeNeed, Choice, PowerCurve, SCHEDULE_ENTRIES, Schedule, ScheduleEntry};
use crate::price::{Flow, Money, Stay, Tariff};

/// Times that are considered for each direction: more than a profile has entries for.
const CANDIDATES: usize = 8;

/// Exchanges that are tried.
const ATTEMPTS: usize = 24;

/// Shortest time that is worth switching for, s.
const SHORTEST: i128 = 60;

/// What of its battery a vehicle lets work for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CycleNeed {
    /// Most power out of the vehicle.
    pub max_power: Watts,
    /// Least power out of the vehicle at which energy flows at all.
    pub min_power: Watts,
    /// Energy from now to the upper end of the band, Wh.
    pub upper: WattHours,
    /// Energy from now to the lower end of the band, Wh; negative while there is something to give.
    pub lower: WattHours,
    /// How much of what is taken can be given back.
    pub efficiency: PercentValue,
}

/// A profile with exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The plan, negative where energy leaves the vehicle. In the end the battery has what it has without exchanges.
    pub profile: Schedule,
    /// What the exchanges earn until departure.
    pub gain: Money,
}

/// Adds exchanges to a choice of [`choose`](super::choose) where they earn money: energy is taken at a cheap time and given
/// at a dear one, in this order or the other, within the schedules of the tuple that was chosen, the power of the vehicle
/// and the band of its battery. None, if nothing is gained by it; without absolute prices in one currency for both
/// directions nothing is, for price levels do not say how much.
///
/// Exchanges take place while the choice leaves the vehicle idle. Every one of them is held against the exact cost of the
/// whole stay. The work is a fixed number of passes over the message, and the memory is fixed; so the exchanges found are
/// good ones, not always the best that there are.
pub fn cycle(
    tuple: &ScheduleTuple<'_>,
    need: &ChargeNeed,
    band: &CycleNeed,
    choice: &Choice,
) -> Option<Cycle> {
    let offer = Offer::new(tuple, need, band, choice)?;
    let (mut takes, mut gives) = (Best::EMPTY, Best::EMPTY);
    offer.each(|take, give| {
        takes.add(take);
        gives.add(give);
    });
    let mut plan = Used::of(&choice.profile)?;
    let before = offer.cost(&choice.profile)?;
    let mut cost = before;
    for _ in 0..ATTEMPTS {
        let Some((take, give)) = best_pair(&takes, &gives, offer.efficiency) else { break };
        let next = offer.exchange(&plan, takes.slot(take)?, gives.slot(give)?);
        let next = next.and_then(|(next, taken, given)| {
            let less = offer.cost(&next.schedule(offer.from)).filter(|total| *total < cost)?;
            Some((next, taken, given, less))
        });
        match next {
            Some((next, taken, given, less)) => {
                (plan, cost) = (next, less);
                for used in [taken, given] {
                    takes.shorten(used);
                    gives.shorten(used);
                }
            }
            None => takes.bar(take, give),
        }
    }
    let gain = before.checked_sub(cost)?;
    (gain > Money::ZERO).then(|| Cycle { profile: plan.schedule(offer.from), gain })
}

/// The parts of a tuple that exchanges are made from.
struct Offer<'a> {
    charge: PowerCurve<'a>,
    discharge: PowerCurve<'a>,
    prices: [Tariff<'a>; 2],
    idle: PowerCurve<'a>,
    from: u64,
    until: u64,
    departure: Option<u64>,
    /// Most and least power in each direction, mW.
    charge_power: (i64, i64),
    discharge_power: (i64, i64),
    /// mW·s from now on.
    upper: i128,
    lower: i128,
    /// Percent.
    efficiency: i128,
}

impl<'a> Offer<'a> {
    fn new(
        tuple: &ScheduleTuple<'a>,
        need: &ChargeNeed,
        band: &CycleNeed,
        choice: &'a Choice,
    ) -> Option<Self> {
        let out = tuple.discharging_schedule?;
        let tariff = |schedule: Option<PriceSchedule<'a>>, flow| match schedule? {
            PriceSchedule::AbsolutePrice(schedule) => Tariff::new(&schedule, flow).ok(),
            PriceSchedule::PriceLevel(_) => None,
        };
        let prices = [
            tariff(tuple.charging_schedule.price_schedule, Flow::Charge)?,
            tariff(out.price_schedule, Flow::Discharge)?,
        ];
        let [buy, sell] = &prices;
        if buy.currency() != sell.currency() {
            return None;
        }
        let charge = PowerCurve::from(&tuple.charging_schedule.power_schedule);
        let discharge = PowerCurve::from(&out.power_schedule);
        let from = choice.profile.start();
        let until = need.departure.unwrap_or_else(|| charge.end().min(discharge.end()));
        let power = |most, least| (milliwatts(most).abs(), milliwatts(least).abs());
        let energy = |energy| Energy::from(energy).milliwatt_seconds();
        Some(Self {
            charge,
            discharge,
            prices,
            idle: PowerCurve::from(&choice.profile),
            from,
            until: until.clamp(from, from.saturating_add(u64::from(u32::MAX))),
            departure: need.departure,
            charge_power: power(need.max_power, need.min_power),
            discharge_power: power(band.max_power, band.min_power),
            upper: energy(band.upper),
            lower: energy(band.lower),
            efficiency: i128::from(band.efficiency.get().clamp(1, 100)),
        })
    }

    /// What a profile costs in both directions together.
    fn cost(&self, profile: &Schedule) -> Option<Money> {
        let stay = Stay { power: PowerCurve::from(profile), departure: self.departure };
        let [buy, sell] = &self.prices;
        buy.cost(&stay).ok()?.total.checked_add(sell.cost(&stay).ok()?.total)
    }

    /// Calls `each` with the times at which the choice leaves the vehicle idle: what it could take, at which price, and
    /// what it could give. A slot without power is none.
    fn each(&self, mut each: impl FnMut(Slot, Slot)) {
        let [buy, sell] = &self.prices;
        let (mut charges, mut discharges, mut plan) =
            (self.charge.cursor(), self.discharge.cursor(), self.idle.cursor());
        let (mut buys, mut sells) = (buy.cursor(), sell.cursor());
        let within = |span: Span<i64>, (most, least): (i64, i64)| {
            let power = if span.part == Part::Within { span.value.unwrap_or(0).abs() } else { 0 };
            let power = milliwatts(watts(power.min(most)));
            if power < least { 0 } else { power }
        };
        let mut time = self.from;
        while time < self.until {
            let (charge, discharge, planned) = (charges.at(time), discharges.at(time), plan.at(time));
            let (bought, sold) = (buys.at(time), sells.at(time));
            let until = [charge.until, discharge.until, planned.until, bought.until, sold.until]
                .into_iter()
                .fold(self.until, u64::min);
            let busy = planned.part == Part::Within && planned.value.is_some_and(|power| power != 0);
            let slot = |power: i64, key: Option<Money>| Slot {
                start: u32::try_from(time - self.from).unwrap_or(u32::MAX),
                seconds: u32::try_from(until - time).unwrap_or(u32::MAX),
                milliwatts: if busy || key.is_none() { 0 } else { power },
                key: key.map_or(0, Money::nano),
            };
            let fee = |tariff: &Tariff<'a>, span, power, most| {
                let bands = tariff.bands(&span, time).ok().flatten()?;
                tariff.fee(&bands, power, most).ok()
            };
            let take = within(charge, self.charge_power);
            let give = within(discharge, self.discharge_power);
            let dear = fee(sell, sold, give, self.discharge_power.0);
            each(
                slot(take, fee(buy, bought, take, self.charge_power.0)),
                // The dearest first.
                slot(give, dear.and_then(|fee| Money::ZERO.checked_sub(fee))),
            );
            time = until;
        }
    }

    /// The plan with one exchange more, and what it uses of the two slots. None if the battery, or a profile, has no room
    /// for it.
    fn exchange(&self, plan: &Used, take: Slot, give: Slot) -> Option<(Used, Slot, Slot)> {
        let first = take.start < give.start;
        let (begin, end) = if first { (take.start, give.end()) } else { (give.start, take.end()) };
        let (low, high) = self.extremes(plan, begin, end);
        // What was taken is given again, or what was given is taken again: until then the battery is fuller, or emptier.
        let room = if first {
            let stays = self.battery(plan, end) >= self.lower;
            if stays { self.upper - high } else { 0 }
        } else {
            low - self.lower
        };
        let (power_in, power_out) = (i128::from(take.milliwatts), i128::from(give.milliwatts));
        let most_in = take.energy();
        // The battery loses more than what arrives at the other end.
        let most_out = give.energy() * 100 / self.efficiency;
        let energy = room.min(most_in).min(most_out);
        let seconds_in = energy / power_in;
        let seconds_out = energy * self.efficiency / 100 / power_out;
        if seconds_in < SHORTEST || seconds_out < SHORTEST {
            return None;
        }
        let part = |slot: Slot, seconds: i128, sign: i64| {
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).min(slot.seconds);
            let early = Slot { seconds, milliwatts: sign * slot.milliwatts, ..slot };
            [early, Slot { start: slot.end() - seconds, ..early }]
        };
        let (takes, gives) = (part(take, seconds_in, 1), part(give, seconds_out, -1));
        let pairs = takes.iter().flat_map(|take| gives.iter().map(move |give| (*take, *give)));
        pairs.into_iter().find_map(|(take, give)| Some((plan.with(take)?.with(give)?, take, give)))
    }

    /// Energy in the battery at a time, from now on.
    fn battery(&self, plan: &Used, time: u32) -> i128 {
        plan.get().iter().map(|slot| self.stored(slot, time)).sum()
    }

    /// The least and the most energy in the battery between two times. It turns where slots begin and end.
    fn extremes(&self, plan: &Used, begin: u32, end: u32) -> (i128, i128) {
        let turns = plan.get().iter().flat_map(|slot| [slot.start, slot.end()]);
        let turns = turns.filter(|turn| (begin..=end).contains(turn)).chain([begin, end]);
        turns
            .map(|turn| self.battery(plan, turn))
            .fold((i128::MAX, i128::MIN), |(low, high), energy| (low.min(energy), high.max(energy)))
    }

    /// What a slot brings into the battery until a time.
    fn stored(&self, slot: &Slot, time: u32) -> i128 {
        let seconds = time.saturating_sub(slot.start).min(slot.seconds);
        let energy = i128::from(slot.milliwatts) * i128::from(seconds);
        // Rounded away from zero: the battery never has less than it is thought to have.
        if energy < 0 { (energy * 100 - (self.efficiency - 1)) / self.efficiency } else { energy }
    }
}

/// The best times of one direction, the best first.
struct Best {
    slots: [Slot; CANDIDATES],
    /// Which of the other direction's are of no use with each, one bit each.
    barred: [u8; CANDIDATES],
    len: usize,
}

impl Best {
    const EMPTY: Self = Self { slots: [Slot::EMPTY; CANDIDATES], barred: [0; CANDIDATES], len: 0 };

    fn add(&mut self, slot: Slot) {
        if slot.milliwatts <= 0 {
            return;
        }
        let before = self.len;
        self.len = (before + 1).min(CANDIDATES);
        let place = self.slots.iter().take(before).take_while(|other| other.key <= slot.key).count();
        let tail = self.slots.get_mut(place..self.len).unwrap_or_default();
        if let Some(last) = tail.last_mut() {
            *last = slot;
        }
        tail.rotate_right(tail.len().min(1));
    }

    fn slot(&self, index: usize) -> Option<Slot> {
        self.slots.get(..self.len)?.get(index).copied()
    }

    fn bar(&mut self, index: usize, other: usize) {
        if let Some(barred) = self.barred.get_mut(index) {
            *barred |= 1 << other;
        }
    }

    fn is_barred(&self, index: usize, other: usize) -> bool {
        self.barred.get(index).is_none_or(|barred| barred & 1 << other != 0)
    }

    /// What was used of a time is gone, in either direction.
    fn shorten(&mut self, used: Slot) {
        for slot in self.slots.iter_mut().take(self.len) {
            if used.start <= slot.start && used.end() > slot.start {
                let rest = slot.end().saturating_sub(used.end());
                (slot.start, slot.seconds) = (used.end().min(slot.end()), rest);
            } else if used.start > slot.start && used.start < slot.end() {
                slot.seconds = used.start - slot.start;
            }
        }
    }
}

/// The two times between which an exchange earns the most for each unit of energy.
fn best_pair(takes: &Best, gives: &Best, efficiency: i128) -> Option<(usize, usize)> {
    let mut best: Option<(i128, (usize, usize))> = None;
    for (t, take) in takes.slots.iter().take(takes.len).enumerate() {
        for (g, give) in gives.slots.iter().take(gives.len).enumerate() {
            // The key of what is given is what it earns, negated.
            let gain = -i128::from(give.key) * efficiency / 100 - i128::from(take.key);
            let apart = take.end() <= give.start || give.end() <= take.start;
            let usable = take.seconds > 0 && give.seconds > 0 && apart && !takes.is_barred(t, g);
            if usable && gain > 0 && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, (t, g)));
            }
        }
    }
    best.map(|(_, pair)| pair)
}

impl Used {
    /// The slots of a profile. None if it has too many.
    fn of(profile: &Schedule) -> Option<Self> {
        let (mut used, mut start) = (Self::NONE, 0_u32);
        for entry in profile.entries() {
            let slot = Slot { start, seconds: entry.duration, milliwatts: milliwatts(entry.power), key: 0 };
            if slot.milliwatts != 0 {
                used.push(slot)?;
            }
            start = start.saturating_add(entry.duration);
        }
        Some(used)
    }

    /// The profile.
    fn schedule(&self, from: u64) -> Schedule {
        let mut entries = [ScheduleEntry::default(); SCHEDULE_ENTRIES];
        let mut len = 0;
        for (place, (duration, power)) in entries.iter_mut().zip(self.entries()) {
            *place = ScheduleEntry { duration, power: watts(power) };
            len += 1;
        }
        Schedule::new(from, entries.get(..len).unwrap_or_default())
    }
}
