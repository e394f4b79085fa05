//! The result of an evaluation.

use core::cmp::Ordering;

use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, Receipt};
use exi_codec::{List, Rounding};

use super::tax::{TaxKind, TaxLine};
use super::{Currency, Money, PriceError};
use crate::schedule::Energy;

/// Tax rules that a price schedule can have.
const TAXES: usize = 10;

/// What a stay costs, item by item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The energy that was priced.
    pub energy: Energy,
    /// Fees for energy. Negative where the customer is paid.
    pub energy_cost: Money,
    /// Fees for parking.
    pub parking: Money,
    /// Parking periods that began.
    pub parking_periods: u64,
    /// Fees for overstaying.
    pub overstay: Money,
    /// Overstay periods that began.
    pub overstay_periods: u64,
    /// Fees for additional services.
    pub services: Money,
    /// What `MinimumCost` adds to the fees or `MaximumCost` takes away.
    pub adjustment: Money,
    /// What is to be paid, taxes included.
    pub total: Money,
    /// Carbon dioxide in g, if it is known for all of the energy.
    pub emission: Option<u64>,
    /// Share of renewable energy in percent, if it is known for all of the energy.
    pub renewable: Option<u8>,
    taxes: [Option<TaxLine>; TAXES],
}

impl Cost {
    pub(super) const fn nothing(currency: Currency) -> Self {
        Self {
            currency,
            energy: Energy::ZERO,
            energy_cost: Money::ZERO,
            parking: Money::ZERO,
            parking_periods: 0,
            overstay: Money::ZERO,
            overstay_periods: 0,
            services: Money::ZERO,
            adjustment: Money::ZERO,
            total: Money::ZERO,
            emission: None,
            renewable: None,
            taxes: [None; TAXES],
        }
    }

    /// What each tax rule amounts to, in the order of the rules.
    pub fn taxes(&self) -> impl Iterator<Item = TaxLine> + '_ {
        self.taxes.iter().flatten().copied()
    }

    /// Notes a tax and adds it to the total unless the prices include it.
    pub(super) fn tax(&mut self, line: TaxLine) -> Result<(), PriceError> {
        if line.kind == TaxKind::Added {
            self.total = self.total.checked_add(line.amount).ok_or(PriceError::Overflow)?;
        }
        // The schema allows no more than there are places.
        let place = self.taxes.iter_mut().find(|place| place.is_none()).ok_or(PriceError::Overflow)?;
        *place = Some(line);
        Ok(())
    }

    /// Compares what is to be paid.
    ///
    /// # Errors
    /// The currencies differ.
    pub fn compare(&self, other: &Self) -> Result<Ordering, PriceError> {
        if self.currency == other.currency {
            Ok(self.total.cmp(&other.total))
        } else {
            Err(PriceError::CurrencyMismatch(self.currency, other.currency))
        }
    }

    /// The cost in the form of a receipt's parts.
    pub fn receipt_parts(&self) -> ReceiptParts {
        let mut lines = [DetailedTax::default(); TAXES];
        let mut count = 0;
        for (place, line) in lines.iter_mut().zip(self.taxes()) {
            place.tax_rule_id = line.rule;
            place.amount = line.amount.to_rational(Rounding::Nearest);
            count += 1;
        }
        let detail = |amount: Money, units: i128, per: i64| {
            (amount != Money::ZERO).then(|| DetailedCost {
                amount: amount.to_rational(Rounding::Nearest),
                cost_per_unit: amount
                    .checked_share(per, units)
                    .unwrap_or_default()
                    .to_rational(Rounding::Nearest),
            })
        };
        ReceiptParts {
            energy: detail(self.energy_cost, self.energy.milliwatt_seconds(), 3_600_000_000),
            parking: detail(self.parking, i128::from(self.parking_periods), 1),
            services: detail(self.services, 1, 1),
            overstay: detail(self.overstay, i128::from(self.overstay_periods), 1),
            lines,
            count,
        }
    }
}

/// The parts of a receipt, which borrows its list of taxes from here.
///
/// Amounts are rounded to what a message can carry. The cost per unit is the average: of a kWh, a parking period,
/// an overstay period, all services. A receipt has no place for a bound of the cost, nor for a total.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptParts {
    energy: Option<DetailedCost>,
    parking: Option<DetailedCost>,
    services: Option<DetailedCost>,
    overstay: Option<DetailedCost>,
    lines: [DetailedTax; TAXES],
    count: usize,
}

impl ReceiptParts {
    /// The receipt, with the Unix time in seconds at which it was drawn up.
    pub fn receipt(&self, time_anchor: u64) -> Receipt<'_> {
        Receipt {
            time_anchor,
            energy_costs: self.energy,
            occupancy_costs: self.parking,
            additional_services_costs: self.services,
            overstay_costs: self.overstay,
            tax_costs: List::new(self.lines.get(..self.count).unwrap_or_default()),
        }
    }
}
