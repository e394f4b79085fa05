use super::std::vec::Vec;

use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, OverstayRule, OverstayRuleList, PriceRule, PriceRuleStack, TaxRule,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{RationalNumber, Rounding, Str, Watts};
use proptest::prelude::*;

use crate::price::*;
use crate::schedule::{PowerCurve, Schedule, ScheduleEntry};

const T: u64 = 1_000_000;

fn rational() -> impl Strategy<Value = RationalNumber> {
    prop_oneof![
        (any::<i16>(), any::<i8>()).prop_map(|(value, exponent)| RationalNumber::new(value, exponent)),
        (any::<i16>(), -3i8..4).prop_map(|(value, exponent)| RationalNumber::new(value, exponent)),
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(u32::MAX), any::<u32>(), 0u32..10_000]
}

fn anchor() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), T..T + 1000]
}

fn rule() -> impl Strategy<Value = PriceRule> {
    let parking = (prop::option::of(0i16..500), prop::option::of(0u32..30));
    let source = (prop::option::of(0u16..900), prop::option::of(0u8..=100));
    (0i16..100, parking, source).prop_map(|(fee, (parking, period), (emission, renewable))| PriceRule {
        parking_fee: parking.map(|fee| RationalNumber::new(fee, -2)),
        parking_fee_period: period,
        carbon_dioxide_emission: emission,
        renewable_generation_percentage: renewable,
        ..price_rule(Watts::ZERO, RationalNumber::new(fee, -2))
    })
}

/// Rules in ascending order from zero on.
fn rules() -> impl Strategy<Value = Vec<PriceRule>> {
    prop::collection::vec((rule(), 1i16..15), 1..4).prop_map(|steps| {
        let mut from = 0;
        let mut rules = Vec::new();
        for (rule, step) in steps {
            rules.push(PriceRule { power_range_start: Watts::new(from, 3), ..rule });
            from += step;
        }
        rules
    })
}

fn stacks() -> impl Strategy<Value = Vec<(u32, Vec<PriceRule>)>> {
    prop::collection::vec((0u32..60, rules()), 1..5)
        .prop_filter("something lasts", |stacks| stacks.iter().any(|(duration, _)| *duration > 0))
}

fn entries() -> impl Strategy<Value = Vec<ScheduleEntry>> {
    let entry = (0u32..60, -200i16..300)
        .prop_map(|(duration, power)| ScheduleEntry { duration, power: Watts::new(power, 2) });
    prop::collection::vec(entry, 0..6)
}

fn overstay() -> impl Strategy<Value = (u32, i16, Vec<(u32, i16, u32)>)> {
    (0u32..30, 0i16..50, prop::collection::vec((1u32..30, 1i16..100, 0u32..20), 1..4))
}

/// The stack that holds in a second, and its place.
fn stack_at(stacks: &[(u32, Vec<PriceRule>)], start: u64, time: u64) -> (usize, &[PriceRule]) {
    let lasting = || stacks.iter().enumerate().filter(|(_, (duration, _))| *duration > 0);
    let mut end = start;
    for (index, (duration, rules)) in lasting() {
        end += u64::from(*duration);
        if time < end {
            return (index, rules);
        }
    }
    let (index, (_, rules)) = lasting().next_back().unwrap();
    (index, rules)
}

fn band(rules: &[PriceRule], milliwatts: i64) -> PriceRule {
    let from = |rule: &PriceRule| rule.power_range_start.to_milli(Rounding::Down).unwrap();
    *rules.iter().rfind(|rule| from(rule) <= milliwatts).unwrap()
}

fn nano(number: RationalNumber) -> i128 {
    let (value, exponent) = number.parts();
    i128::from(value) * 10_i128.pow((i32::from(exponent) + 9) as u32)
}

fn nearest(value: i128) -> i128 {
    (2 * value + 3_600_000_000) / 7_200_000_000
}

proptest! {
    #[test]
    fn agrees_with_going_second_by_second(
        stacks in stacks(),
        shift in 0u64..40,
        entries in entries(),
        stay in 0u64..400,
        known in any::<bool>(),
        algorithm in prop::sample::select(PriceAlgorithm::ALL.to_vec()),
        scope in prop::sample::select([PeakScope::Profile, PeakScope::SoFar].to_vec()),
        (wait, threshold, overstay) in overstay(),
    ) {
        let profile = Schedule::new(T, &entries);
        let total: u64 = entries.iter().map(|entry| u64::from(entry.duration)).sum();
        let departure = known.then_some(T + stay);
        let end = departure.unwrap_or(T + total);
        let start = T + 20 - shift;

        let list: Vec<_> = stacks
            .iter()
            .map(|(duration, rules)| PriceRuleStack { duration: *duration, price_rule: rules[..].into() })
            .collect();
        let mut begin = 0;
        let overstay_rules: Vec<_> = overstay
            .iter()
            .map(|&(step, fee, period)| {
                begin += step;
                OverstayRule {
                    start_time: begin,
                    overstay_fee: RationalNumber::new(fee, -2),
                    overstay_fee_period: period,
                    ..OverstayRule::default()
                }
            })
            .collect();
        let mut schedule = absolute_prices(NumericId::new(1).unwrap(), start, ("EUR", "en"), algorithm, &list);
        schedule.overstay_rules = Some(OverstayRuleList {
            overstay_time_threshold: Some(wait),
            overstay_power_threshold: Some(Watts::new(threshold, 2)),
            overstay_rule: overstay_rules[..].into(),
        });

        // The model.
        let power_at = |time: u64| {
            let mut until = T;
            for entry in &entries {
                until += u64::from(entry.duration);
                if time < until {
                    return entry.power.to_milli(Rounding::Down).unwrap();
                }
            }
            0
        };
        let mut peak = 0;
        if scope == PeakScope::Profile {
            peak = (T..end).map(power_at).max().unwrap_or(0).max(0);
        }
        let (mut fees, mut energy, mut parking, mut grams, mut all) = (0_i128, 0_i128, 0_i128, 0_i128, true);
        let (mut due, mut paid, mut active) = (T, None, T);
        for time in T..end {
            let signed = power_at(time);
            if signed.abs() > i64::from(threshold) * 100_000 {
                active = time + 1;
            }
            let power = signed.max(0);
            peak = peak.max(power);
            energy += i128::from(power);
            let (index, rules) = stack_at(&stacks, start, time);
            if algorithm == PriceAlgorithm::StackedEnergy {
                for (i, rule) in rules.iter().enumerate() {
                    let from = rule.power_range_start.to_milli(Rounding::Down).unwrap();
                    let to = rules
                        .get(i + 1)
                        .map_or(i64::MAX, |next| next.power_range_start.to_milli(Rounding::Down).unwrap());
                    let part = i128::from((power.min(to) - from).max(0));
                    fees += nano(rule.energy_fee) * part;
                    grams += i128::from(rule.carbon_dioxide_emission.unwrap_or(0)) * part;
                    all &= part == 0 || rule.carbon_dioxide_emission.is_some();
                }
            } else {
                let rule = band(rules, if algorithm == PriceAlgorithm::Power { power } else { peak });
                fees += nano(rule.energy_fee) * i128::from(power);
                grams += i128::from(rule.carbon_dioxide_emission.unwrap_or(0)) * i128::from(power);
                all &= power == 0 || rule.carbon_dioxide_emission.is_some();
            }
            let rule = band(rules, power);
            if let Some(fee) = rule.parking_fee.filter(|_| time >= due && paid != Some(index)) {
                parking += nano(fee);
                match rule.parking_fee_period {
                    Some(period @ 1..) => due = time + u64::from(period),
                    _ => paid = Some(index),
                }
            }
        }
        let trigger = active + u64::from(wait);
        let mut over = 0;
        for (i, rule) in overstay_rules.iter().enumerate() {
            let from = trigger + u64::from(rule.start_time);
            let next = overstay_rules.get(i + 1);
            let until = next.map_or(end, |next| end.min(trigger + u64::from(next.start_time)));
            for second in from..until {
                let period = u64::from(rule.overstay_fee_period);
                if second == from || (period > 0 && (second - from) % period == 0) {
                    over += nano(rule.overstay_fee);
                }
            }
        }

        let tariff = Tariff::new(&schedule, Flow::Charge).unwrap().with_peak(scope);
        let cost = tariff.cost(&Stay { power: PowerCurve::from(&profile), departure }).unwrap();
        prop_assert_eq!(cost.energy.milliwatt_seconds(), energy);
        prop_assert_eq!(i128::from(cost.energy_cost.nano()), nearest(fees));
        prop_assert_eq!(i128::from(cost.parking.nano()), parking);
        prop_assert_eq!(i128::from(cost.overstay.nano()), over);
        prop_assert_eq!(cost.emission, (all && energy > 0).then(|| nearest(grams) as u64));
        prop_assert_eq!(i128::from(cost.total.nano()), nearest(fees) + parking + over);
    }

    #[test]
    fn survives_anything(
        numbers in prop::collection::vec((rational(), rational(), rational(), number(), number()), 1..20),
        anchors in (anchor(), anchor(), prop::option::of(anchor())),
        bounds in (prop::option::of(rational()), prop::option::of(rational())),
        flags in any::<[bool; 5]>(),
        ascending in any::<bool>(),
        algorithm in prop::sample::select(PriceAlgorithm::ALL.to_vec()),
        flow in prop::sample::select([Flow::Charge, Flow::Discharge].to_vec()),
    ) {
        let mut rules: Vec<_> = numbers
            .iter()
            .take(8)
            .map(|&(fee, from, parking, period, _)| PriceRule {
                parking_fee: Some(parking),
                parking_fee_period: Some(period),
                carbon_dioxide_emission: Some(u16::MAX),
                renewable_generation_percentage: Some(u8::MAX),
                ..price_rule(from.into(), fee)
            })
            .collect();
        if ascending {
            // What passes the checks is what can still go wrong.
            for (rule, from) in rules.iter_mut().zip(0i16..) {
                rule.power_range_start = Watts::new(from, (from as i8) * 2);
            }
        }
        let stacks: Vec<_> = numbers
            .iter()
            .map(|&(.., duration)| PriceRuleStack { duration, price_rule: rules[..].into() })
            .collect();
        let taxes: Vec<_> = numbers
            .iter()
            .take(10)
            .map(|&(rate, ..)| TaxRule {
                tax_rate: rate,
                tax_included_in_price: Some(flags[4]),
                applies_to_energy_fee: flags[0],
                applies_to_parking_fee: flags[1],
                applies_to_overstay_fee: flags[2],
                applies_minimum_maximum_cost: flags[3],
                ..TaxRule::default()
            })
            .collect();
        let mut start = 0;
        let overstay: Vec<_> = numbers
            .iter()
            .take(5)
            .map(|&(fee, .., period)| {
                start += 1;
                OverstayRule {
                    start_time: start,
                    overstay_fee: fee,
                    overstay_fee_period: period,
                    ..OverstayRule::default()
                }
            })
            .collect();
        let schedule = AbsolutePriceSchedule {
            time_anchor: anchors.0,
            currency: Str::new("EUR"),
            price_algorithm: Str::new(algorithm.urn()),
            minimum_cost: bounds.0,
            maximum_cost: bounds.1,
            tax_rules: Some(taxes[..].into()),
            price_rule_stacks: stacks[..].into(),
            overstay_rules: Some(OverstayRuleList {
                overstay_power_threshold: Some(numbers[0].1.into()),
                overstay_time_threshold: Some(numbers[0].3),
                overstay_rule: overstay[..].into(),
            }),
            ..AbsolutePriceSchedule::default()
        };
        let entries: Vec<_> = numbers
            .iter()
            .take(12)
            .map(|&(_, power, _, duration, _)| ScheduleEntry { duration, power: power.into() })
            .collect();
        let profile = Schedule::new(anchors.1, &entries);
        let tax_free = AbsolutePriceSchedule { tax_rules: None, ..schedule };
        for schedule in [schedule, tax_free] {
            if let Ok(tariff) = Tariff::new(&schedule, flow) {
                let stay = Stay { power: PowerCurve::from(&profile), departure: anchors.2 };
                if let Ok(cost) = tariff.cost(&stay) {
                    let _ = cost.costs().receipt(0);
                }
            }
        }
    }
}
