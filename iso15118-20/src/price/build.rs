//! Price schedules to be sent, from plain data.

use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, PriceLevelSchedule, PriceLevelScheduleEntry, PriceRule, PriceRuleStack,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{RationalNumber, Str, Watts};

use super::PriceAlgorithm;

/// A price per kWh from a power on. What else the rule can say is added with `PriceRule { parking_fee: .., ..rule }`.
pub const fn price_rule(from: Watts, fee_per_kwh: RationalNumber) -> PriceRule {
    PriceRule {
        energy_fee: fee_per_kwh,
        parking_fee: None,
        parking_fee_period: None,
        carbon_dioxide_emission: None,
        renewable_generation_percentage: None,
        power_range_start: from,
    }
}

/// A price schedule of consecutive stacks from a Unix time on. `(currency, language)` are the codes of ISO 4217
/// and ISO 639. Taxes, bounds and the rest are added by struct update.
pub fn absolute_prices<'a>(
    id: NumericId,
    start: u64,
    (currency, language): (&'a str, &'a str),
    algorithm: PriceAlgorithm,
    stacks: &'a [PriceRuleStack<'a>],
) -> AbsolutePriceSchedule<'a> {
    AbsolutePriceSchedule {
        time_anchor: start,
        price_schedule_id: id,
        currency: Str::new(currency),
        language: Str::new(language),
        price_algorithm: Str::new(algorithm.urn()),
        price_rule_stacks: stacks.into(),
        ..AbsolutePriceSchedule::default()
    }
}

/// A schedule of price levels from a Unix time on; level 0 is the cheapest. The number of levels is one more than
/// the highest that occurs, which so can be 254 at most.
pub fn level_prices(
    id: NumericId,
    start: u64,
    entries: &[PriceLevelScheduleEntry],
) -> PriceLevelSchedule<'_> {
    let highest = entries.iter().map(|entry| entry.price_level).max().unwrap_or(0);
    PriceLevelSchedule {
        time_anchor: start,
        price_schedule_id: id,
        number_of_price_levels: highest.saturating_add(1),
        price_level_schedule_entries: entries.into(),
        ..PriceLevelSchedule::default()
    }
}
