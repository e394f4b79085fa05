//! Energy that is taken where it is cheap and given back where it is dear.

use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, ChargingSchedule, PowerSchedule, PowerScheduleEntry, PriceLevelScheduleEntry,
    PriceRule, PriceRuleStack, PriceSchedule, ScheduleTuple,
};
use exi_codec::iso20::common_types::{NumericId, PercentValue};
use exi_codec::{RationalNumber, WattHours, Watts};
use proptest::prelude::*;

use super::std::vec::Vec;
use crate::price::{Flow, Money, PriceAlgorithm, Stay, Tariff, absolute_prices, level_prices, price_rule};
use crate::schedule::*;

const T: u64 = 1_700_000_000;
const HOUR: u64 = 3600;

fn kw(kilowatts: i16) -> Watts {
    Watts::new(kilowatts, 3)
}

fn kwh(kilowatt_hours: i16) -> WattHours {
    WattHours::new(kilowatt_hours, 3)
}

fn hours(powers: &[i16]) -> Vec<PowerScheduleEntry> {
    let entry = |power: &i16| PowerScheduleEntry {
        duration: 3600,
        power: kw(*power),
        ..PowerScheduleEntry::default()
    };
    powers.iter().map(entry).collect()
}

fn cents(fees: &[i16]) -> Vec<[PriceRule; 1]> {
    fees.iter().map(|fee| [price_rule(Watts::ZERO, RationalNumber::new(*fee, -2))]).collect()
}

fn stacks(rules: &[[PriceRule; 1]]) -> Vec<PriceRuleStack<'_>> {
    rules.iter().map(|rules| PriceRuleStack { duration: 3600, price_rule: rules.into() }).collect()
}

fn absolute<'a>(stacks: &'a [PriceRuleStack<'a>], currency: &'a str) -> AbsolutePriceSchedule<'a> {
    absolute_prices(NumericId::ONE, T, (currency, "en"), PriceAlgorithm::Power, stacks)
}

fn both<'a>(
    charge: &'a [PowerScheduleEntry],
    discharge: &'a [PowerScheduleEntry],
    prices: &[Option<PriceSchedule<'a>>; 2],
) -> ScheduleTuple<'a> {
    let schedule = |entries: &'a [PowerScheduleEntry], price_schedule| ChargingSchedule {
        power_schedule: PowerSchedule {
            time_anchor: T,
            power_schedule_entries: entries.into(),
            ..PowerSchedule::default()
        },
        price_schedule,
    };
    let [buy, sell] = *prices;
    ScheduleTuple {
        schedule_tuple_id: NumericId::ONE,
        charging_schedule: schedule(charge, buy),
        discharging_schedule: Some(schedule(discharge, sell)),
    }
}

fn need(hours: u64, kilowatt_hours: i16) -> ChargeNeed {
    ChargeNeed {
        now: T,
        departure: Some(T + hours * HOUR),
        energy: kwh(kilowatt_hours),
        max_power: kw(10),
        min_power: Watts::ZERO,
    }
}

fn band(upper: i16, lower: i16) -> CycleNeed {
    CycleNeed {
        max_power: kw(10),
        min_power: Watts::ZERO,
        upper: kwh(upper),
        lower: kwh(lower),
        efficiency: PercentValue::clamped(80),
    }
}

fn plan(tuple: &ScheduleTuple<'_>, need: &ChargeNeed, band: &CycleNeed) -> (Choice, Option<Cycle>) {
    let tuples = [*tuple];
    let choice = choose(&(&tuples).into(), need, ProfilePolicy::Cheapest).unwrap();
    let cycle = cycle(tuple, need, band, &choice);
    (choice, cycle)
}

fn powers(cycle: &Cycle) -> Vec<(u32, Watts)> {
    cycle.profile.entries().iter().map(|entry| (entry.duration, entry.power)).collect()
}

/// Four hours: dear, cheap, dear, cheap.
const FEES: [i16; 4] = [30, 10, 50, 20];

fn planned(need: &ChargeNeed, band: &CycleNeed) -> (Choice, Option<Cycle>) {
    let (power, rules) = (hours(&[10; 4]), cents(&FEES));
    let stacks = stacks(&rules);
    let price = PriceSchedule::AbsolutePrice(absolute(&stacks, "EUR"));
    plan(&both(&power, &power, &[Some(price); 2]), need, band)
}

#[test]
fn energy_is_bought_cheap_and_sold_dear() {
    // Room for ten kilowatt-hours, nothing to give at first: buy in the second hour, sell in the third. The battery
    // loses ten, eight arrive.
    let (_, cycle) = planned(&need(4, 0), &band(10, 0));
    let cycle = cycle.unwrap();
    assert_eq!(powers(&cycle), [(3600, kw(0)), (3600, kw(10)), (2880, kw(-10))]);
    // Ten at 0.10, eight at 0.50.
    assert_eq!(cycle.gain, Money::from_nano(3_000_000_000));
}

#[test]
fn what_the_battery_has_can_be_sold_before_it_is_bought_again() {
    // Ten to give, no room above: sell in the third hour and buy in the fourth, sell in the first and buy in the second.
    let (_, cycle) = planned(&need(4, 0), &band(0, -10));
    let cycle = cycle.unwrap();
    assert_eq!(
        powers(&cycle),
        [(2880, kw(-10)), (720, kw(0)), (3600, kw(10)), (2880, kw(-10)), (720, kw(0)), (3600, kw(10))]
    );
    // 2.40 - 1.00 and 4.00 - 2.00.
    assert_eq!(cycle.gain, Money::from_nano(3_400_000_000));
}

#[test]
fn without_a_gain_a_band_or_prices_that_say_how_much_nothing_is_exchanged() {
    assert_eq!(planned(&need(4, 0), &band(0, 0)).1, None, "no room in the battery");
    assert_eq!(planned(&need(4, 0), &band(-5, 10)).1, None, "a band that is none");
    let wasteful = CycleNeed { efficiency: PercentValue::clamped(19), ..band(10, 0) };
    assert_eq!(planned(&need(4, 0), &wasteful).1, None, "more is lost than gained");
    let weak = CycleNeed { max_power: Watts::ZERO, ..band(10, 0) };
    assert_eq!(planned(&need(4, 0), &weak).1, None, "no power out");
    let sluggish = CycleNeed { min_power: kw(11), ..band(10, 0) };
    assert_eq!(planned(&need(4, 0), &sluggish).1, None, "less power than the least");

    let (power, rules) = (hours(&[10; 4]), cents(&FEES));
    let stacks = stacks(&rules);
    let levels = [3, 0, 5, 1].map(|price_level| PriceLevelScheduleEntry { duration: 3600, price_level });
    let level = PriceSchedule::PriceLevel(level_prices(NumericId::ONE, T, &levels));
    let euro = PriceSchedule::AbsolutePrice(absolute(&stacks, "EUR"));
    let franc = PriceSchedule::AbsolutePrice(absolute(&stacks, "CHF"));
    for prices in [[None, None], [Some(euro), None], [Some(level), Some(level)], [Some(euro), Some(franc)]] {
        assert_eq!(plan(&both(&power, &power, &prices), &need(4, 0), &band(10, -10)).1, None);
    }
    let one_way = ScheduleTuple { discharging_schedule: None, ..both(&power, &power, &[Some(euro); 2]) };
    assert_eq!(plan(&one_way, &need(4, 0), &band(10, -10)).1, None);
}

#[test]
fn what_the_vehicle_needs_comes_first() {
    let (choice, cycle) = planned(&need(4, 15), &band(30, 0));
    let cycle = cycle.unwrap();
    // The cheap hours are for the need; what is left of the second one is sold.
    assert_eq!(choice.shortfall, Energy::ZERO);
    let (base, with) = (PowerCurve::from(&choice.profile), PowerCurve::from(&cycle.profile));
    for time in (T..T + 4 * HOUR).step_by(60) {
        assert!(base.power_at(time) <= Watts::ZERO || with.power_at(time) == base.power_at(time));
    }
    // No exchange after departure.
    let (_, short) = planned(&need(2, 0), &band(10, 0));
    assert_eq!(short, None);
}

/// Energy of the battery minute by minute, in mW·s.
fn battery(profile: &Schedule, efficiency: i128, until: u64) -> Vec<(u64, i128)> {
    let (mut energy, mut course) = (0, Vec::new());
    let mut time = profile.start();
    for entry in profile.entries() {
        let change = Energy::of(entry.power, u64::from(entry.duration)).milliwatt_seconds();
        energy += if change < 0 { change * 100 / efficiency } else { change };
        time += u64::from(entry.duration);
        course.push((time.min(until), energy));
    }
    course
}

proptest! {
    #[test]
    fn exchanges_keep_to_schedules_and_battery_and_earn_what_they_say(
        charge in proptest::collection::vec(0i16..12, 1..30),
        discharge in proptest::collection::vec(0i16..12, 1..30),
        buy in proptest::collection::vec(-20i16..80, 1..30),
        sell in proptest::collection::vec(-20i16..80, 1..30),
        wanted in 0i16..60,
        upper in -5i16..60,
        lower in -60i16..5,
        efficiency in 50u16..=100,
        algorithm in 0usize..3,
        stay in 1u64..30,
    ) {
        let (charge, discharge) = (hours(&charge), hours(&discharge));
        let (buy, sell) = (cents(&buy), cents(&sell));
        let (buy, sell) = (stacks(&buy), stacks(&sell));
        let urn = PriceAlgorithm::ALL[algorithm].urn();
        let price = |stacks| AbsolutePriceSchedule { price_algorithm: urn.into(), ..absolute(stacks, "EUR") };
        let (buy, sell) = (price(&buy), price(&sell));
        let prices = [Some(PriceSchedule::AbsolutePrice(buy)), Some(PriceSchedule::AbsolutePrice(sell))];
        let tuple = both(&charge, &discharge, &prices);
        let band = CycleNeed { efficiency: PercentValue::clamped(efficiency), ..band(upper, lower) };
        let need = need(stay, wanted);
        let (choice, cycle) = plan(&tuple, &need, &band);
        if let Some(cycle) = cycle {
            let corridor = Corridor {
                charge: PowerCurve::new(T, (&charge[..]).into()),
                discharge: Some(PowerCurve::new(T, (&discharge[..]).into())),
                slack: Watts::ZERO,
            };
            let curve = PowerCurve::from(&cycle.profile);
            prop_assert_eq!(corridor.check(curve), Ok(()));
            let until = T + stay * HOUR;
            prop_assert!(curve.end() <= until.max(choice.end));
            // The need is met as without exchanges, and the battery does not end with less.
            let efficiency = i128::from(efficiency);
            let with = battery(&cycle.profile, efficiency, until);
            let base = PowerCurve::from(&choice.profile).energy_between(T, u64::MAX).milliwatt_seconds();
            let last = with.last().map_or(0, |(_, energy)| *energy);
            // An exchange is planned in whole seconds.
            let slack = 6 * 12_000_000 * 2;
            prop_assert!(last + slack >= base, "{} of {}", last, base);
            // Out of the band only where the need itself leads.
            let (mut energy, bound) = (0, Energy::from(band.upper).milliwatt_seconds());
            for ((_, next), entry) in with.iter().zip(cycle.profile.entries()) {
                if entry.power.is_negative() {
                    prop_assert!(*next >= Energy::from(band.lower).milliwatt_seconds() - slack);
                    prop_assert!(energy <= bound.max(base) + slack, "{} above {}", energy, bound);
                }
                energy = *next;
            }
            let cost = |profile: &Schedule| {
                let stay = Stay { power: PowerCurve::from(profile), departure: need.departure };
                let of = |schedule, flow| Tariff::new(schedule, flow).unwrap().cost(&stay).unwrap().total.nano();
                of(&buy, Flow::Charge) + of(&sell, Flow::Discharge)
            };
            prop_assert_eq!(cycle.gain.nano(), cost(&choice.profile) - cost(&cycle.profile));
            prop_assert!(cycle.gain > Money::ZERO);
        }
    }
}
