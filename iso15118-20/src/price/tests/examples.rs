use super::std::vec::Vec;

use super::std::string::ToString;
use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, AdditionalService, OverstayRule, OverstayRuleList, PriceLevelScheduleEntry,
    PriceRule, PriceRuleStack, TaxRule,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{RationalNumber, Rounding, Str, WattHours, Watts};

use crate::price::*;
use crate::schedule::{Energy, PowerCurve, Schedule, ScheduleEntry};

const T: u64 = 1_700_000_000;
const HOUR: u32 = 3600;

fn id(id: u32) -> NumericId {
    NumericId::new(id).unwrap()
}

fn cents(cents: i16) -> RationalNumber {
    RationalNumber::new(cents, -2)
}

fn kw(kw: i16) -> Watts {
    Watts::new(kw, 3)
}

fn profile(entries: &[(u32, i16)]) -> Schedule {
    let entries: Vec<_> =
        entries.iter().map(|&(duration, power)| ScheduleEntry { duration, power: kw(power) }).collect();
    Schedule::new(T, &entries)
}

fn prices<'a>(algorithm: PriceAlgorithm, stacks: &'a [PriceRuleStack<'a>]) -> AbsolutePriceSchedule<'a> {
    absolute_prices(id(1), T, ("EUR", "en"), algorithm, stacks)
}

/// The cost until a time in seconds after the start.
fn cost(schedule: &AbsolutePriceSchedule<'_>, profile: &Schedule, departure: Option<u32>) -> Cost {
    let departure = departure.map(|seconds| T + u64::from(seconds));
    let tariff = Tariff::new(schedule, Flow::Charge).unwrap();
    tariff.cost(&Stay { power: PowerCurve::from(profile), departure }).unwrap()
}

fn tax(rule: u32, percent: i16) -> TaxRule<'static> {
    TaxRule { tax_rule_id: id(rule), tax_rate: RationalNumber::new(percent, 0), ..TaxRule::default() }
}

/// 30 cents, from 11 kW on 50; an hour later 20 cents.
fn two_bands() -> [PriceRule; 2] {
    [price_rule(Watts::ZERO, cents(30)), price_rule(kw(11), cents(50))]
}

macro_rules! two_stacks {
    ($schedule:ident, $algorithm:expr) => {
        let (first, second) = (two_bands(), [price_rule(Watts::ZERO, cents(20))]);
        let stacks = [
            PriceRuleStack { duration: HOUR, price_rule: (&first).into() },
            PriceRuleStack { duration: HOUR, price_rule: (&second).into() },
        ];
        let $schedule = prices($algorithm, &stacks);
    };
}

#[test]
fn power_prices_by_present_band() {
    two_stacks!(schedule, PriceAlgorithm::Power);
    // 11 kWh at 0.50, 3.5 kWh at 0.30, 11 kWh at 0.20.
    let cost = cost(&schedule, &profile(&[(1800, 22), (1800, 7), (HOUR, 11)]), None);
    assert_eq!(cost.total.to_string(), "8.75");
    assert_eq!(cost.energy, Energy::from(WattHours::new(255, 2)));
    assert_eq!(cost.currency.code(), "EUR");
}

#[test]
fn peak_prices_by_highest_band() {
    two_stacks!(schedule, PriceAlgorithm::PeakPower);
    // 14.5 kWh at 0.50, 11 kWh at 0.20.
    let plan = profile(&[(1800, 7), (1800, 22), (HOUR, 11)]);
    assert_eq!(cost(&schedule, &plan, None).total.to_string(), "9.45");
    // Until the peak is reached its band is not.
    let tariff = Tariff::new(&schedule, Flow::Charge).unwrap().with_peak(PeakScope::SoFar);
    let stay = Stay { power: PowerCurve::from(&plan), departure: None };
    assert_eq!(tariff.cost(&stay).unwrap().total.to_string(), "8.75");
}

#[test]
fn peak_after_departure_does_not_count() {
    two_stacks!(schedule, PriceAlgorithm::PeakPower);
    let plan = profile(&[(1800, 7), (1800, 22)]);
    assert_eq!(cost(&schedule, &plan, Some(1800)).total.to_string(), "1.05");
}

#[test]
fn stacked_splits_energy() {
    two_stacks!(schedule, PriceAlgorithm::StackedEnergy);
    // 5.5 kWh at 0.30, 5.5 at 0.50, 3.5 at 0.30, 11 at 0.20.
    let plan = profile(&[(1800, 22), (1800, 7), (HOUR, 11)]);
    assert_eq!(cost(&schedule, &plan, None).total.to_string(), "7.65");
}

#[test]
fn parking_counts_periods_that_begin() {
    let rule = PriceRule {
        parking_fee: Some(RationalNumber::new(1, 0)),
        parking_fee_period: Some(1800),
        ..price_rule(Watts::ZERO, RationalNumber::ZERO)
    };
    let (rules, costly) = (
        [rule],
        [PriceRule { parking_fee: Some(RationalNumber::new(3, 0)), parking_fee_period: Some(HOUR), ..rule }],
    );
    let plan = profile(&[(HOUR, 11)]);
    let stacks = [PriceRuleStack { duration: 86_400, price_rule: (&rules).into() }];
    let schedule = prices(PriceAlgorithm::Power, &stacks);
    assert_eq!(cost(&schedule, &plan, Some(7200)).parking_periods, 4);
    let longer = cost(&schedule, &plan, Some(7201));
    assert_eq!((longer.parking_periods, longer.total.to_string().as_str()), (5, "5"));

    // The period that began at 1800 lasts until 3600, whatever the stack that begins at 2700 says.
    let stacks = [
        PriceRuleStack { duration: 2700, price_rule: (&rules).into() },
        PriceRuleStack { duration: 86_400, price_rule: (&costly).into() },
    ];
    assert_eq!(cost(&prices(PriceAlgorithm::Power, &stacks), &plan, Some(7200)).parking.to_string(), "5");

    // Without a period: once in each stack.
    let once = [PriceRule { parking_fee_period: None, ..rule }];
    let stacks = [
        PriceRuleStack { duration: 2700, price_rule: (&once).into() },
        PriceRuleStack { duration: 86_400, price_rule: (&once).into() },
    ];
    assert_eq!(cost(&prices(PriceAlgorithm::Power, &stacks), &plan, Some(9000)).parking.to_string(), "2");
}

#[test]
fn overstaying_escalates() {
    let rules = [price_rule(Watts::ZERO, RationalNumber::ZERO)];
    let stacks = [PriceRuleStack { duration: 86_400, price_rule: (&rules).into() }];
    let overstay = [
        OverstayRule {
            start_time: 0,
            overstay_fee: RationalNumber::new(1, 0),
            overstay_fee_period: 300,
            ..OverstayRule::default()
        },
        OverstayRule {
            start_time: 900,
            overstay_fee: RationalNumber::new(5, 0),
            overstay_fee_period: 600,
            ..OverstayRule::default()
        },
    ];
    let mut schedule = prices(PriceAlgorithm::Power, &stacks);
    schedule.overstay_rules = Some(OverstayRuleList {
        overstay_time_threshold: Some(600),
        overstay_power_threshold: Some(kw(2)),
        overstay_rule: (&overstay).into(),
    });
    let plan = profile(&[(HOUR, 11)]);
    assert_eq!(cost(&schedule, &plan, Some(HOUR + 600)).overstay, Money::ZERO);
    assert_eq!(cost(&schedule, &plan, Some(HOUR + 601)).overstay.to_string(), "1");
    // Three periods at 1, three at 5.
    let long = cost(&schedule, &plan, Some(HOUR + 600 + 900 + 1201));
    assert_eq!((long.overstay_periods, long.total.to_string().as_str()), (6, "18"));
    // 2 kW are no charging here; 3 kW are, and begin it anew.
    let trickle = profile(&[(HOUR, 11), (2701, 2)]);
    assert_eq!(cost(&schedule, &trickle, None).overstay.to_string(), "18");
    let again = profile(&[(HOUR, 11), (2701, 0), (60, 3)]);
    assert_eq!(cost(&schedule, &again, None).overstay, Money::ZERO);
    // Nobody is known to overstay whose departure is not known.
    assert_eq!(cost(&schedule, &plan, None).overstay, Money::ZERO);
}

#[test]
fn taxes_in_and_on_top() {
    let rule = PriceRule {
        parking_fee: Some(RationalNumber::new(2, 0)),
        ..price_rule(Watts::ZERO, RationalNumber::new(1, 0))
    };
    let rules = [rule];
    let stacks = [PriceRuleStack { duration: HOUR, price_rule: (&rules).into() }];
    let taxes = [
        TaxRule {
            tax_included_in_price: Some(true),
            applies_to_energy_fee: true,
            applies_to_parking_fee: true,
            ..tax(1, 19)
        },
        TaxRule { applies_to_parking_fee: true, ..tax(2, 10) },
    ];
    let mut schedule = prices(PriceAlgorithm::Power, &stacks);
    schedule.tax_rules = Some((&taxes).into());
    let cost = cost(&schedule, &profile(&[(HOUR, 10)]), None);
    // 10 for energy, 2 for parking; 12·19/119 of it are tax, 2·10/100 come on top.
    assert_eq!(cost.total.to_string(), "12.2");
    let lines: Vec<_> = cost.taxes().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].rule, lines[0].kind), (id(1), TaxKind::Included));
    assert_eq!(lines[0].amount.to_string(), "1.915966386");
    assert_eq!((lines[1].kind, lines[1].amount.to_string().as_str()), (TaxKind::Added, "0.2"));

    let parts = cost.costs();
    let receipt = parts.receipt(T);
    assert_eq!(receipt.energy_costs.unwrap().amount, RationalNumber::new(10, 0));
    assert_eq!(receipt.energy_costs.unwrap().cost_per_unit, RationalNumber::new(1, 0));
    assert_eq!(receipt.occupancy_costs.unwrap().amount, RationalNumber::new(2, 0));
    assert_eq!(receipt.overstay_costs, None);
    let taxes: Vec<_> = receipt.tax_costs.iter().map(|line| line.amount.parts()).collect();
    assert_eq!(taxes, [(1916, -3), (2, -1)]);
}

#[test]
fn included_taxes_divide_the_price_together() {
    let rules = [price_rule(Watts::ZERO, RationalNumber::new(125, -2))];
    let stacks = [PriceRuleStack { duration: HOUR, price_rule: (&rules).into() }];
    let included = |rule, percent| TaxRule {
        tax_included_in_price: Some(true),
        applies_to_energy_fee: true,
        ..tax(rule, percent)
    };
    let taxes = [included(1, 10), included(2, 15)];
    let mut schedule = prices(PriceAlgorithm::Power, &stacks);
    schedule.tax_rules = Some((&taxes).into());
    let cost = cost(&schedule, &profile(&[(HOUR, 10)]), None);
    assert_eq!(cost.total.to_string(), "12.5");
    assert!(cost.taxes().map(|line| line.amount.to_string()).eq(["1", "1.5"]));
}

#[test]
fn bounds_replace_fees_and_are_taxed_by_their_own_rules() {
    let rules = [price_rule(Watts::ZERO, RationalNumber::new(1, 0))];
    let stacks = [PriceRuleStack { duration: HOUR, price_rule: (&rules).into() }];
    let taxes = [
        TaxRule { applies_minimum_maximum_cost: true, ..tax(1, 20) },
        TaxRule { applies_to_energy_fee: true, ..tax(2, 50) },
    ];
    let services = [AdditionalService { service_name: Str::new("carwash"), service_fee: cents(950) }];
    let mut schedule = prices(PriceAlgorithm::Power, &stacks);
    schedule.tax_rules = Some((&taxes).into());
    schedule.minimum_cost = Some(RationalNumber::new(5, 0));
    schedule.maximum_cost = Some(RationalNumber::new(1, 1));
    schedule.additional_selected_services = Some((&services).into());
    let at = |power| cost(&schedule, &profile(&[(HOUR, power)]), None);
    // 2 become 5, plus 1 of tax, plus 9.50; 12 become 10, plus 2; 8 stay, plus 4.
    assert_eq!((at(2).adjustment.to_string(), at(2).total.to_string()), ("3".into(), "15.5".into()));
    assert_eq!((at(12).adjustment.to_string(), at(12).total.to_string()), ("-2".into(), "21.5".into()));
    assert_eq!((at(8).adjustment.to_string(), at(8).total.to_string()), ("0".into(), "21.5".into()));
    assert_eq!(at(8).services.to_string(), "9.5");
}

#[test]
fn feeding_is_paid() {
    let rules =
        [price_rule(Watts::ZERO, cents(30)), price_rule(kw(-1), cents(20)), price_rule(kw(-10), cents(40))];
    let stacks = [PriceRuleStack { duration: 86_400, price_rule: (&rules).into() }];
    let schedule = prices(PriceAlgorithm::Power, &stacks);
    let plan = profile(&[(HOUR, 11), (HOUR, -5), (HOUR, -10)]);
    let stay = Stay { power: PowerCurve::from(&plan), departure: None };
    let paid = Tariff::new(&schedule, Flow::Discharge).unwrap().cost(&stay).unwrap();
    assert_eq!((paid.total.to_string().as_str(), paid.energy), ("-5", Energy::from(WattHours::new(15, 3))));
    assert_eq!(cost(&schedule, &plan, None).total.to_string(), "3.3");
    // Without rules of its own, discharging is priced by magnitude.
    let stacks = [PriceRuleStack { duration: 86_400, price_rule: exi_codec::List::new(&rules[..1]) }];
    let tariff = Tariff::new(&prices(PriceAlgorithm::Power, &stacks), Flow::Discharge).unwrap();
    assert_eq!(tariff.cost(&stay).unwrap().total.to_string(), "-4.5");
}

#[test]
fn emissions_are_known_if_all_of_them_are() {
    let rule = |emission, percent| PriceRule {
        carbon_dioxide_emission: emission,
        renewable_generation_percentage: percent,
        ..price_rule(Watts::ZERO, cents(10))
    };
    let (first, second) = ([rule(Some(400), Some(20))], [rule(Some(100), None)]);
    let stacks = [
        PriceRuleStack { duration: HOUR, price_rule: (&first).into() },
        PriceRuleStack { duration: HOUR, price_rule: (&second).into() },
    ];
    let schedule = prices(PriceAlgorithm::Power, &stacks);
    let one = cost(&schedule, &profile(&[(HOUR, 10)]), None);
    assert_eq!((one.emission, one.renewable), (Some(4000), Some(20)));
    let both = cost(&schedule, &profile(&[(7200, 10)]), None);
    assert_eq!((both.emission, both.renewable), (Some(5000), None));
}

#[test]
fn times_without_a_stack() {
    two_stacks!(schedule, PriceAlgorithm::Power);
    let plan = Schedule::new(T - 3600, &[ScheduleEntry { duration: 4 * HOUR, power: kw(10) }]);
    let stay = Stay { power: PowerCurve::from(&plan), departure: None };
    let tariff = Tariff::new(&schedule, Flow::Charge).unwrap();
    assert_eq!(tariff.cost(&stay).unwrap().total.to_string(), "10");
    assert_eq!(tariff.with_uncovered(Uncovered::Free).cost(&stay).unwrap().total.to_string(), "5");
    let refused = tariff.with_uncovered(Uncovered::Refuse).cost(&stay);
    assert_eq!(refused, Err(PriceError::Uncovered { at: T - 3600 }));
    assert_eq!((tariff.start(), tariff.end()), (T, T + 7200));
}

#[test]
fn microseconds_are_recognised() {
    two_stacks!(schedule, PriceAlgorithm::Power);
    let micros = AbsolutePriceSchedule { time_anchor: T * 1_000_000, ..schedule };
    let plan = profile(&[(7200, 10)]);
    assert_eq!(cost(&micros, &plan, None), cost(&schedule, &plan, None));
}

#[test]
fn errors_are_clear() {
    two_stacks!(schedule, PriceAlgorithm::Power);
    let error = |schedule: &AbsolutePriceSchedule<'_>| Tariff::new(schedule, Flow::Charge).unwrap_err();
    let unknown = AbsolutePriceSchedule { price_algorithm: Str::new("urn:example:4-Guess"), ..schedule };
    assert_eq!(error(&unknown), PriceError::UnknownAlgorithm);
    assert_eq!(error(&AbsolutePriceSchedule { currency: Str::new("E"), ..schedule }), PriceError::Currency);
    let crossed =
        AbsolutePriceSchedule { minimum_cost: Some(cents(2)), maximum_cost: Some(cents(1)), ..schedule };
    assert_eq!(error(&crossed), PriceError::Bounds);
    assert_eq!(
        error(&AbsolutePriceSchedule { price_rule_stacks: (&[]).into(), ..schedule }),
        PriceError::Empty
    );
    let with = |rules: &[PriceRule]| {
        let stacks = [PriceRuleStack { duration: 1, price_rule: rules.into() }];
        error(&AbsolutePriceSchedule { price_rule_stacks: (&stacks).into(), ..schedule })
    };
    assert_eq!(with(&[price_rule(kw(1), cents(1))]), PriceError::NoBaseRule { stack: 0 });
    assert_eq!(with(&[]), PriceError::NoBaseRule { stack: 0 });
    let repeated = [price_rule(kw(0), cents(1)), price_rule(Watts::new(0, 1), cents(1))];
    assert_eq!(with(&repeated), PriceError::BandOrder { stack: 0, rule: 1 });
    assert_eq!(with(&[price_rule(kw(0), RationalNumber::new(1, 127))]), PriceError::Overflow);
    let taxes = [tax(7, -1)];
    let negative = AbsolutePriceSchedule { tax_rules: Some((&taxes).into()), ..schedule };
    assert_eq!(error(&negative), PriceError::TaxRate { rule: 7 });
    let late = OverstayRule { start_time: 5, ..OverstayRule::default() };
    let overstay = [late, late];
    let list = OverstayRuleList { overstay_rule: (&overstay).into(), ..OverstayRuleList::default() };
    let disordered = AbsolutePriceSchedule { overstay_rules: Some(list), ..schedule };
    assert_eq!(error(&disordered), PriceError::OverstayOrder { rule: 1 });
}

#[test]
fn levels_are_checked() {
    let entry = |duration, price_level| PriceLevelScheduleEntry { duration, price_level };
    let entries = [entry(60, 3), entry(0, 0), entry(60, 1)];
    let mut schedule = level_prices(id(1), T * 1_000_000, &entries);
    let levels = PriceLevels::new(&schedule).unwrap();
    assert_eq!((levels.levels(), levels.start()), (4, T));
    let at = |after| levels.level_at(T + after);
    assert_eq!([at(0), at(59), at(60), at(119), at(120)], [Some(3), Some(3), Some(1), Some(1), None]);
    assert_eq!(levels.level_at(T - 1), None);
    schedule.number_of_price_levels = 3;
    assert_eq!(PriceLevels::new(&schedule).unwrap_err(), PriceError::Level { entry: 0 });
    schedule.number_of_price_levels = 0;
    assert!(PriceLevels::new(&schedule).is_ok());
    assert_eq!(PriceLevels::new(&level_prices(id(1), T, &entries[1..2])).unwrap_err(), PriceError::Empty);
    let endless = [entry(u32::MAX, 254)].repeat(1024);
    let levels = PriceLevels::new(&level_prices(id(1), u64::MAX, &endless)).unwrap();
    assert_eq!((levels.level_at(u64::MAX), levels.level_at(0)), (None, None));
}

#[test]
fn currencies_do_not_compare() {
    two_stacks!(schedule, PriceAlgorithm::Power);
    let plan = profile(&[(HOUR, 10)]);
    let euros = cost(&schedule, &plan, None);
    let francs = cost(&AbsolutePriceSchedule { currency: Str::new("chf"), ..schedule }, &plan, None);
    let (eur, chf) = (euros.currency, francs.currency);
    assert_eq!(euros.compare(&francs), Err(PriceError::CurrencyMismatch(eur, chf)));
    assert_eq!(PriceError::CurrencyMismatch(eur, chf).to_string(), "prices are in EUR and in CHF");
    assert_eq!(euros.compare(&euros), Ok(core::cmp::Ordering::Equal));
}

#[test]
fn urns_are_told_apart() {
    for algorithm in PriceAlgorithm::ALL {
        assert_eq!(PriceAlgorithm::from_urn(&Str::new(algorithm.urn())), Some(algorithm));
    }
    assert_eq!(PriceAlgorithm::from_urn(&Str::new("")), None);
}

#[test]
fn money_keeps_what_it_can() {
    let money = |value, exponent| Money::from_rational(RationalNumber::new(value, exponent));
    assert_eq!(money(-15, -1).unwrap().to_string(), "-1.5");
    assert_eq!(money(1, -9), Some(Money::from_nano(1)));
    assert_eq!(money(5, -10), Some(Money::from_nano(1)));
    assert_eq!(money(i16::MAX, -128), Some(Money::ZERO));
    assert_eq!(money(1, 127), None);
    assert_eq!(money(0, 127), Some(Money::ZERO));
    let amount = |nano| Money::from_nano(nano).to_rational(Rounding::Nearest).parts();
    assert_eq!(amount(1_234_567_890_123), (12346, -1));
    assert_eq!(amount(i64::MAX), (9223, 6));
    assert_eq!(amount(i64::MIN), (-9223, 6));
    assert_eq!(amount(0), (0, 0));
    assert_eq!(money(9, 9), Some(Money::from_nano(9_000_000_000_000_000_000)));
    assert_eq!(money(1, 10), None);
    assert_eq!(Money::from_nano(i64::MAX).checked_times(2), None);
    assert_eq!(Money::from_nano(i64::MIN).to_string(), "-9223372036.854775808");
}
