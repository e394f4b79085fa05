use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, ChargingSchedule, Message, PowerSchedule, PowerScheduleEntry,
    PriceLevelScheduleEntry, PriceRule, PriceRuleStack, PriceSchedule, ScheduleExchangeRes, ScheduleTuple,
    SeResControlMode,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{RationalNumber, Rounding, Str, WattHours, Watts};
use proptest::prelude::*;

use super::std::string::ToString;
use super::std::vec::Vec;
use super::std::{format, vec};
use crate::price::{PriceAlgorithm, absolute_prices, level_prices, price_rule};
use crate::schedule::*;

const T: u64 = 1_700_000_000;

fn id(id: u32) -> NumericId {
    NumericId::new(id).unwrap()
}

fn kw(kw: i16) -> Watts {
    Watts::new(kw, 3)
}

fn wire(duration: u32, power: i16) -> PowerScheduleEntry {
    PowerScheduleEntry { duration, power: kw(power), ..PowerScheduleEntry::default() }
}

fn rule(cents: i16) -> PriceRule {
    price_rule(Watts::ZERO, RationalNumber::new(cents, -2))
}

fn tuple<'a>(
    number: u32,
    entries: &'a [PowerScheduleEntry],
    price_schedule: impl Into<Option<PriceSchedule<'a>>>,
) -> ScheduleTuple<'a> {
    let power_schedule =
        PowerSchedule { time_anchor: T, power_schedule_entries: entries.into(), ..PowerSchedule::default() };
    ScheduleTuple {
        schedule_tuple_id: id(number),
        charging_schedule: ChargingSchedule { power_schedule, price_schedule: price_schedule.into() },
        discharging_schedule: None,
    }
}

fn absolute<'a>(stacks: &'a [PriceRuleStack<'a>]) -> AbsolutePriceSchedule<'a> {
    absolute_prices(id(1), T, ("EUR", "en"), PriceAlgorithm::Power, stacks)
}

fn need(hours: u64, watt_hours: i16) -> ChargeNeed {
    ChargeNeed {
        now: T,
        departure: Some(T + hours * 3600),
        energy: WattHours::new(watt_hours, 0),
        max_power: kw(22),
        min_power: Watts::ZERO,
    }
}

fn pairs(choice: &Choice) -> Vec<(u32, Watts)> {
    choice.profile.entries().iter().map(|entry| (entry.duration, entry.power)).collect()
}

fn total(choice: &Choice) -> super::std::string::String {
    choice.cost.unwrap().total.to_string()
}

#[test]
fn each_policy_has_its_hours() {
    let green = |cents, grams| [PriceRule { carbon_dioxide_emission: Some(grams), ..rule(cents) }];
    let hours = [green(40, 300), green(20, 500), green(30, 100)];
    let stacks = hours.each_ref().map(|rules| PriceRuleStack { duration: 3600, price_rule: rules.into() });
    let power = [wire(10_800, 11)];
    let tuples = [tuple(1, &power, Some(PriceSchedule::AbsolutePrice(absolute(&stacks))))];
    let by = |policy| choose(&(&tuples).into(), &need(3, 16_500), policy).unwrap();

    let early = by(ProfilePolicy::Earliest);
    assert_eq!(pairs(&early), [(5400, kw(11))]);
    // 11 kWh at 0.40, 5.5 at 0.20.
    assert_eq!((total(&early).as_str(), early.end), ("5.5", T + 5400));
    assert_eq!((early.shortfall, early.energy), (Energy::ZERO, Energy::from(WattHours::new(16_500, 0))));

    let cheap = by(ProfilePolicy::Cheapest);
    assert_eq!(pairs(&cheap), [(3600, kw(0)), (5400, kw(11))]);
    assert_eq!(total(&cheap), "3.85");

    let green = by(ProfilePolicy::Greenest);
    assert_eq!(pairs(&green), [(1800, kw(11)), (5400, kw(0)), (3600, kw(11))]);
    // 5.5 kWh with 300 g each, 11 kWh with 100 g.
    assert_eq!(green.cost.unwrap().emission, Some(2750));
}

#[test]
fn less_power_can_be_cheaper() {
    let rules = [rule(20), price_rule(kw(11), RationalNumber::new(50, -2))];
    let stacks = [PriceRuleStack { duration: 86_400, price_rule: (&rules).into() }];
    let power = [wire(86_400, 22)];
    for algorithm in PriceAlgorithm::ALL {
        let mut schedule = absolute(&stacks);
        schedule.price_algorithm = Str::new(algorithm.urn());
        let tuples = [tuple(1, &power, Some(PriceSchedule::AbsolutePrice(schedule)))];
        let by = |hours, policy| choose(&(&tuples).into(), &need(hours, 10_000), policy).unwrap();
        let slow = by(2, ProfilePolicy::Cheapest);
        assert_eq!(slow.profile.power_at(T), Watts::new(10_999, 0));
        assert!(total(&slow).starts_with("2.000"), "{}", total(&slow));
        assert_eq!(by(2, ProfilePolicy::Earliest).profile.power_at(T), kw(22));
        // There is no time for it: the energy comes first.
        let hurried = ChargeNeed { departure: Some(T + 1800), ..need(0, 10_000) };
        let fast = choose(&(&tuples).into(), &hurried, ProfilePolicy::Cheapest).unwrap();
        assert_eq!((fast.profile.power_at(T), fast.shortfall), (kw(22), Energy::ZERO));
    }
}

#[test]
fn the_better_offer_is_chosen() {
    let (dear, cheap, tiny) = ([rule(40)], [rule(20)], [rule(1)]);
    let stacks =
        [&dear, &cheap, &tiny].map(|rules| [PriceRuleStack { duration: 86_400, price_rule: rules.into() }]);
    let power = [wire(7200, 11)];
    let strong = [wire(7200, 22)];
    let price = |stacks| Some(PriceSchedule::AbsolutePrice(absolute(stacks)));
    let foreign = AbsolutePriceSchedule { currency: Str::new("JPY"), ..absolute(&stacks[2]) };
    let broken = AbsolutePriceSchedule { price_algorithm: Str::new("?"), ..absolute(&stacks[1]) };
    let tuples = [
        tuple(1, &power, price(&stacks[0])),
        tuple(2, &power, price(&stacks[1])),
        tuple(3, &strong, None),
        tuple(4, &power, Some(PriceSchedule::AbsolutePrice(foreign))),
        tuple(5, &power, Some(PriceSchedule::AbsolutePrice(broken))),
    ];
    let pick = |range: core::ops::Range<usize>, need, policy| {
        choose(&tuples[range].into(), &need, policy).unwrap().tuple.get()
    };
    assert_eq!(pick(0..5, need(2, 10_000), ProfilePolicy::Cheapest), 2);
    assert_eq!(pick(0..5, need(2, 10_000), ProfilePolicy::Earliest), 3);
    assert_eq!(pick(0..5, need(2, 30_000), ProfilePolicy::Cheapest), 3);
    assert_eq!(pick(0..1, need(2, 10_000), ProfilePolicy::Cheapest), 1);
    // Yen are not compared with euros, and what makes no sense is no price.
    assert_eq!(pick(1..5, need(2, 10_000), ProfilePolicy::Cheapest), 2);
    assert_eq!(pick(3..5, need(2, 10_000), ProfilePolicy::Cheapest), 4);
    assert_eq!(pick(4..5, need(2, 10_000), ProfilePolicy::Cheapest), 5);
    assert!(choose(&(&[]).into(), &need(2, 1), ProfilePolicy::Cheapest).is_none());
}

#[test]
fn levels_order_time_and_renewables_break_ties() {
    let levels = [3, 1, 0].map(|price_level| PriceLevelScheduleEntry { duration: 3600, price_level });
    let power = [wire(10_800, 10)];
    let tuples = [tuple(1, &power, Some(PriceSchedule::PriceLevel(level_prices(id(1), T, &levels))))];
    let cheap = choose(&(&tuples).into(), &need(3, 15_000), ProfilePolicy::Cheapest).unwrap();
    assert_eq!(pairs(&cheap), [(3600, kw(0)), (1800, kw(10)), (1800, kw(0)), (3600, kw(10))]);
    assert_eq!(cheap.cost, None);

    let share = |percent| [PriceRule { renewable_generation_percentage: Some(percent), ..rule(1) }];
    let hours = [share(10), share(90)];
    let stacks = hours.each_ref().map(|rules| PriceRuleStack { duration: 3600, price_rule: rules.into() });
    let tuples = [tuple(1, &power, Some(PriceSchedule::AbsolutePrice(absolute(&stacks))))];
    let green = choose(&(&tuples).into(), &need(2, 10_000), ProfilePolicy::Greenest).unwrap();
    assert_eq!(pairs(&green), [(3600, kw(0)), (3600, kw(10))]);
}

#[test]
fn limits_of_offer_and_vehicle_hold() {
    let power = [wire(3600, 3), wire(3600, 11)];
    let mut tuples = [tuple(1, &power, None)];
    tuples[0].charging_schedule.power_schedule.power_tolerance = Some(Watts::new(100, 0));
    let early =
        |tuples: &[ScheduleTuple<'_>], need| choose(&tuples.into(), &need, ProfilePolicy::Earliest).unwrap();
    // It does not charge below 4 kW, and not above 7.
    let picky = ChargeNeed { max_power: kw(7), min_power: kw(4), departure: None, ..need(0, 30_000) };
    let choice = early(&tuples, picky);
    assert_eq!(pairs(&choice), [(3600, kw(0)), (3600, kw(7))]);
    assert_eq!(choice.shortfall, Energy::from(WattHours::new(23_000, 0)));
    assert_eq!(choice.tolerance, Some(Watts::new(100, 0)));
    // No more than is available.
    tuples[0].charging_schedule.power_schedule.available_energy = Some(WattHours::new(1, 3));
    let choice = early(&tuples, need(2, 5_000));
    assert_eq!(pairs(&choice), [(1200, kw(3))]);
    assert_eq!(choice.shortfall, Energy::from(WattHours::new(4, 3)));
    tuples[0].charging_schedule.power_schedule.available_energy = Some(WattHours::new(7, 0));
    // 8.4 s at 3 kW.
    assert_eq!(pairs(&early(&tuples, need(2, 5_000))), [(8, kw(3))]);
    tuples[0].charging_schedule.power_schedule.available_energy = None;
    // Nothing wanted: a profile that says so.
    let none = early(&tuples, need(2, 0));
    assert_eq!((pairs(&none), none.energy), (vec![(7200, kw(0))], Energy::ZERO));
    // An offer for later is for later; one a moment ahead is a clock.
    tuples[0].charging_schedule.power_schedule.time_anchor = T + 30;
    assert_eq!(early(&tuples, need(2, 500)).profile.start(), T + 30);
    tuples[0].charging_schedule.power_schedule.time_anchor = T + 300;
    assert_eq!(pairs(&early(&tuples, need(2, 500))), [(300, kw(0)), (600, kw(3))]);
}

#[test]
fn quarters_that_adjoin_are_one_entry() {
    // A day in quarters of an hour, each with a price of its own: cheap from 2 to 7 h and from 13 to 15 h.
    let cents = |quarter| match quarter {
        8..28 => 10 + quarter % 5,
        52..60 => 20 - quarter % 5,
        _ => 50 + quarter % 5,
    };
    let rules: Vec<_> = (0..96_i16).map(|quarter| [rule(cents(quarter))]).collect();
    let stacks: Vec<_> =
        rules.iter().map(|rules| PriceRuleStack { duration: 900, price_rule: rules.into() }).collect();
    let power = [wire(86_400, 10)];
    let tuples = [tuple(1, &power, Some(PriceSchedule::AbsolutePrice(absolute(&stacks))))];
    let choice = choose(&(&tuples).into(), &need(24, 30_000), ProfilePolicy::Cheapest).unwrap();
    // Three hours are needed: the twelve cheapest quarters, which stand in four groups.
    assert_eq!(choice.shortfall, Energy::ZERO);
    let mut prices: Vec<_> = (0..96).map(cents).collect();
    prices.sort_unstable();
    let least: i64 = prices.iter().take(12).map(|&cents| i64::from(cents) * 25_000_000).sum();
    assert_eq!(choice.cost.unwrap().total.nano(), least);
}

#[test]
fn worth_is_that_of_a_kilowatt_hour() {
    let rules = [[rule(30)], [rule(10)]];
    let stacks = rules.each_ref().map(|rules| PriceRuleStack { duration: 3600, price_rule: rules.into() });
    let power = [wire(3600, 5), wire(3600, 22)];
    for algorithm in PriceAlgorithm::ALL {
        let schedule =
            AbsolutePriceSchedule { price_algorithm: Str::new(algorithm.urn()), ..absolute(&stacks) };
        let tuples = [tuple(1, &power, PriceSchedule::AbsolutePrice(schedule))];
        let choice = choose(&(&tuples).into(), &need(2, 5_500), ProfilePolicy::Cheapest).unwrap();
        assert_eq!(pairs(&choice), [(3600, kw(0)), (900, kw(22))]);
    }
}

#[test]
fn more_slots_than_are_kept() {
    let rules: Vec<_> = (1..1000).map(|cents| [rule(cents)]).collect();
    let stacks: Vec<_> =
        rules.iter().map(|rules| PriceRuleStack { duration: 60, price_rule: rules.into() }).collect();
    let power = [wire(86_400, 10)];
    let tuples = [tuple(1, &power, PriceSchedule::AbsolutePrice(absolute(&stacks)))];
    let choice = choose(&(&tuples).into(), &need(16, 30_000), ProfilePolicy::Cheapest).unwrap();
    assert_eq!((choice.shortfall, choice.end <= T + 8 * 3600), (Energy::ZERO, true));
}

#[test]
fn the_last_slot_is_used_where_there_are_entries_for_it() {
    let cents = |hour| {
        if hour == 0 {
            2
        } else if hour % 2 == 1 {
            1
        } else {
            9
        }
    };
    let rules: Vec<_> = (0..12_i16).map(|hour| [rule(cents(hour))]).collect();
    let stacks: Vec<_> =
        rules.iter().map(|rules| PriceRuleStack { duration: 3600, price_rule: rules.into() }).collect();
    let power = [wire(43_200, 1)];
    let tuples = [tuple(1, &power, PriceSchedule::AbsolutePrice(absolute(&stacks)))];
    let choice = choose(&(&tuples).into(), &need(12, 6_500), ProfilePolicy::Cheapest).unwrap();
    // Six hours with pauses between them take all entries: half of the first hour adjoins the second.
    assert_eq!(pairs(&choice)[..2], [(1800, kw(0)), (5400, kw(1))]);
    assert_eq!((choice.profile.entries().len(), total(&choice).as_str()), (12, "0.07"));
}

#[test]
fn long_messages_are_planned_where_they_stand() {
    let power: Vec<_> = (0..1024).map(|i| wire(60, 5 + i % 7)).collect();
    let rules: Vec<_> = (0..1024_i16).map(|i| [rule(20 + i % 50 * 37 % 50)]).collect();
    let stacks: Vec<_> =
        rules.iter().map(|rules| PriceRuleStack { duration: 60, price_rule: rules.into() }).collect();
    let price = Some(PriceSchedule::AbsolutePrice(absolute(&stacks)));
    let tuples = [tuple(1, &power, price), tuple(2, &power, None), tuple(3, &power, price)];
    let message = ScheduleExchangeRes {
        control_mode: SeResControlMode::Scheduled((&tuples).into()),
        ..ScheduleExchangeRes::default()
    };
    let mut buffer = vec![0; 200_000];
    let len = exi_codec::encode(&Message::ScheduleExchangeRes(message), &mut buffer).unwrap();
    let decoded = exi_codec::decode(&buffer[..len]).unwrap();
    let Message::ScheduleExchangeRes(message) = decoded else { panic!() };
    let SeResControlMode::Scheduled(received) = message.control_mode else { panic!() };
    for policy in [ProfilePolicy::Earliest, ProfilePolicy::Cheapest, ProfilePolicy::Greenest] {
        let choice = choose(&received, &need(17, 30_000), policy).unwrap();
        assert_eq!(choice.shortfall, Energy::ZERO, "{policy:?}");
        let offered = PowerCurve::new(T, power[..].into());
        assert_eq!(Corridor::charging(offered).check(PowerCurve::from(&choice.profile)), Ok(()));
        assert_eq!(choose(&(&tuples).into(), &need(17, 30_000), policy), Some(choice));
    }
}

proptest! {
    #[test]
    fn plans_keep_what_they_promise(
        power in prop::collection::vec((0u32..300, 0i16..20), 1..20),
        prices in prop::collection::vec((1u32..300, 0i16..100), 1..20),
        (wanted, max, min) in (0i16..2000, 1i16..30, 0i16..6),
        (now, stay) in (0u64..200, prop::option::of(0u64..3000)),
        policy in prop::sample::select(
            [ProfilePolicy::Earliest, ProfilePolicy::Cheapest, ProfilePolicy::Greenest].to_vec(),
        ),
    ) {
        let entries: Vec<_> = power.iter().map(|&(duration, power)| wire(duration, power)).collect();
        let rules: Vec<_> = prices.iter().map(|&(_, cents)| [rule(cents)]).collect();
        let stacks: Vec<_> = prices
            .iter()
            .zip(&rules)
            .map(|(&(duration, _), rules)| PriceRuleStack { duration, price_rule: rules.into() })
            .collect();
        let tuples = [tuple(1, &entries, Some(PriceSchedule::AbsolutePrice(absolute(&stacks))))];
        let need = ChargeNeed {
            now: T + now,
            departure: stay.map(|stay| T + now + stay),
            energy: WattHours::new(wanted, 0),
            max_power: kw(max),
            min_power: kw(min),
        };
        let choice = choose(&(&tuples).into(), &need, policy).unwrap();
        let offered = PowerCurve::new(T, entries[..].into());
        let plan = PowerCurve::from(&choice.profile);
        prop_assert_eq!(Corridor::charging(offered).check(plan), Ok(()));
        prop_assert!(!choice.profile.entries().is_empty());
        for entry in choice.profile.entries() {
            prop_assert!(entry.power.is_zero() || (entry.power <= kw(max) && entry.power >= kw(min)));
        }
        let end = need.departure.unwrap_or(u64::MAX);
        prop_assert_eq!(plan.energy_between(plan.start(), end), choice.energy);
        let wanted = Energy::from(need.energy);
        prop_assert_eq!(choice.shortfall, wanted.beyond(choice.energy));
        prop_assert!(choice.energy.beyond(wanted) < Energy::of(kw(max), 1));

        // What could be had, by the second: its worth and power.
        let end = end.min(offered.end());
        let mut seconds: Vec<_> = (T + now..end)
            .filter_map(|time| {
                let power = offered.power_at(time).min(kw(max));
                let mut until = T;
                let price = prices.iter().find(|(duration, _)| {
                    until += u64::from(*duration);
                    time < until
                });
                let cents = price.or(prices.last()).unwrap().1;
                let power = power.to_milli(Rounding::Down).unwrap();
                (power > 0 && power >= i64::from(min) * 1_000_000).then_some((cents, power))
            })
            .collect();
        let available = Energy::from_milliwatt_seconds(seconds.iter().map(|second| i128::from(second.1)).sum());
        // With few changes the entries suffice for everything.
        if power.len() + prices.len() <= 5 {
            prop_assert!(choice.energy >= wanted.min(available), "{:?} of {:?}", choice.energy, available);
            if policy == ProfilePolicy::Cheapest && wanted <= available {
                seconds.sort_unstable();
                let (mut left, mut least) = (wanted.milliwatt_seconds(), 0);
                for (cents, power) in seconds {
                    let take = left.min(i128::from(power));
                    least += take * i128::from(cents) * 10_000_000;
                    left -= take;
                }
                let least = least / 3_600_000_000;
                // The last second is taken whole: up to 30 kW for a second at 99 cents.
                let most = least + 30_000_000 * 990_000_000 / 3_600_000_000 + 1;
                let paid = i128::from(choice.cost.unwrap().total.nano());
                prop_assert!((least..=most).contains(&paid), "{}", format!("{least} {paid} {most}"));
            }
        }
    }

    #[test]
    fn nothing_hostile_does_harm(
        numbers in prop::collection::vec(
            (any::<i16>(), any::<i8>(), prop_oneof![Just(u32::MAX), any::<u32>(), 0u32..1000]),
            1..40,
        ),
        (now, departure, anchor) in (any::<u64>(), prop::option::of(any::<u64>()), any::<u64>()),
        policy in prop::sample::select(
            [ProfilePolicy::Earliest, ProfilePolicy::Cheapest, ProfilePolicy::Greenest].to_vec(),
        ),
        small in any::<bool>(),
    ) {
        let anchor = if small { now / 1_000_000 } else { anchor };
        let power = |value, exponent: i8| Watts::new(value, if small { exponent % 3 } else { exponent });
        let entries: Vec<_> = numbers
            .iter()
            .map(|&(value, exponent, duration)| PowerScheduleEntry {
                duration,
                power: power(value, exponent),
                power_l2: small.then(|| power(value, exponent)),
                power_l3: None,
            })
            .collect();
        let rules: Vec<_> = numbers
            .iter()
            .map(|&(value, exponent, _)| {
                let fee = RationalNumber::new(value, exponent / 5);
                [price_rule(Watts::ZERO, fee), price_rule(Watts::new(i16::MAX, exponent.saturating_abs()), fee)]
            })
            .collect();
        let stacks: Vec<_> = numbers
            .iter()
            .zip(&rules)
            .map(|(&(.., duration), rules)| PriceRuleStack { duration, price_rule: rules.into() })
            .collect();
        let price = AbsolutePriceSchedule { time_anchor: anchor, ..absolute(&stacks) };
        let mut tuples = [tuple(1, &entries, Some(PriceSchedule::AbsolutePrice(price))), tuple(2, &entries, None)];
        for tuple in &mut tuples {
            tuple.charging_schedule.power_schedule.time_anchor = anchor;
        }
        let (value, exponent, _) = numbers[0];
        let need = ChargeNeed {
            now,
            departure,
            energy: WattHours::new(value, exponent),
            max_power: Watts::new(value, exponent),
            min_power: Watts::new(value, exponent.saturating_sub(1)),
        };
        prop_assert!(choose(&(&tuples).into(), &need, policy).is_some());
    }
}
