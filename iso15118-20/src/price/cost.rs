//! The result of an evaluation.

use core::cmp::Ordering;

use exi_codec::Rounding;
use exi_codec::iso20::common_types::{DetailedCost, DetailedTax};

use super::receipt::{Costs, MAX_TAXES, Taxes};
use super::tax::{TaxKind, TaxLine};
use super::{Currency, Money, PriceError};
use crate::schedule::Energy;

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
    taxes: [Option<TaxLine>; MAX_TAXES],
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
            taxes: [None; MAX_TAXES],
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

    /// The cost in the terms of a receipt.
    ///
    /// Amounts are rounded to what a message can carry. The cost per unit is the average: of a kWh, a parking period,
    /// an overstay period, all services.
    pub fn costs(&self) -> Costs {
        let detail = |amount: Money, units: i128, per: i64| {
            (amount != Money::ZERO).then(|| DetailedCost {
                amount: amount.to_rational(Rounding::Nearest),
                cost_per_unit: amount
                    .checked_share(per, units)
                    .unwrap_or_default()
                    .to_rational(Rounding::Nearest),
            })
        };
        Costs {
            energy: detail(self.energy_cost, self.energy.milliwatt_seconds(), 3_600_000_000),
            occupancy: detail(self.parking, i128::from(self.parking_periods), 1),
            services: detail(self.services, 1, 1),
            overstay: detail(self.overstay, i128::from(self.overstay_periods), 1),
            taxes: Taxes::collect(self.taxes().map(|line| DetailedTax {
                tax_rule_id: line.rule,
                amount: line.amount.to_rational(Rounding::Nearest),
            })),
        }
    }
}
