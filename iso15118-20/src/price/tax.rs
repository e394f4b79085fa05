//! Taxes.

use exi_codec::iso20::common_messages::TaxRule;
use exi_codec::iso20::common_types::NumericId;

use super::{Money, PriceError};

/// The whole, where a rate counts 10⁻⁹ percent.
const WHOLE: i64 = 100 * 1_000_000_000;

/// Whether a tax is part of the prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxKind {
    /// Prices contain it.
    Included,
    /// It comes on top. So is a tax that does not say, for no customer is to pay more than was computed.
    Added,
}

/// What one tax rule amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// `TaxRuleID`.
    pub rule: NumericId,
    /// The tax.
    pub amount: Money,
    /// Whether it is in the prices.
    pub kind: TaxKind,
}

/// What is taxed. Where a bound of the cost replaces the fees, only that is.
pub(super) struct Taxed {
    pub energy: Money,
    pub parking: Money,
    pub overstay: Money,
    pub bound: Money,
}

impl Taxed {
    fn parts(&self) -> [Money; 4] {
        [self.energy, self.parking, self.overstay, self.bound]
    }
}

fn applies(rule: &TaxRule<'_>) -> [bool; 4] {
    [
        rule.applies_to_energy_fee,
        rule.applies_to_parking_fee,
        rule.applies_to_overstay_fee,
        rule.applies_minimum_maximum_cost,
    ]
}

pub(super) fn kind(rule: &TaxRule<'_>) -> TaxKind {
    if rule.tax_included_in_price == Some(true) { TaxKind::Included } else { TaxKind::Added }
}

/// The rate in 10⁻⁹ percent.
pub(super) fn rate(rule: &TaxRule<'_>) -> Result<i64, PriceError> {
    let wrong = PriceError::TaxRate { rule: rule.tax_rule_id.get() };
    let rate = Money::from_rational(rule.tax_rate).ok_or(wrong)?.nano();
    // A thousand times the price.
    if (0..=1000 * WHOLE).contains(&rate) { Ok(rate) } else { Err(wrong) }
}

/// The rates of the taxes that each part includes: they divide it together.
pub(super) fn included<'a>(rules: impl Iterator<Item = TaxRule<'a>>) -> Result<[i64; 4], PriceError> {
    let mut sums = [0; 4];
    for rule in rules.filter(|rule| kind(rule) == TaxKind::Included) {
        let rate = rate(&rule)?;
        for (sum, _) in sums.iter_mut().zip(applies(&rule)).filter(|(_, applies)| *applies) {
            *sum += rate;
        }
    }
    Ok(sums)
}

/// What a rule amounts to.
pub(super) fn line(rule: &TaxRule<'_>, taxed: &Taxed, included: &[i64; 4]) -> Result<TaxLine, PriceError> {
    let (rate, kind) = (rate(rule)?, kind(rule));
    let mut amount = Money::ZERO;
    for ((part, applies), included) in taxed.parts().into_iter().zip(applies(rule)).zip(included) {
        if !applies {
            continue;
        }
        let whole = match kind {
            TaxKind::Included => WHOLE + included,
            TaxKind::Added => WHOLE,
        };
        let share = part.checked_share(rate, i128::from(whole)).ok_or(PriceError::Overflow)?;
        amount = amount.checked_add(share).ok_or(PriceError::Overflow)?;
    }
    Ok(TaxLine { rule: rule.tax_rule_id, amount, kind })
}
