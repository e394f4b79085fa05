//! What a session has cost, in the terms of a receipt.

use exi_codec::List;
use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, Receipt};

/// Tax lines that a receipt can have, by the schema.
pub const MAX_TAXES: usize = 10;

/// The tax lines of a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taxes {
    lines: [DetailedTax; MAX_TAXES],
    len: u8,
}

impl Taxes {
    /// These lines; none if there are more than [`MAX_TAXES`].
    pub fn new(lines: &[DetailedTax]) -> Option<Self> {
        let mut taxes = Self::default();
        taxes.lines.get_mut(..lines.len())?.copy_from_slice(lines);
        taxes.len = lines.len() as u8;
        Some(taxes)
    }

    /// The lines of an iterator, as far as there is room.
    pub(crate) fn collect(lines: impl Iterator<Item = DetailedTax>) -> Self {
        let mut taxes = Self::default();
        for (place, line) in taxes.lines.iter_mut().zip(lines) {
            *place = line;
            taxes.len += 1;
        }
        taxes
    }

    /// The lines.
    pub fn lines(&self) -> &[DetailedTax] {
        self.lines.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What a session has cost so far, as its receipt says it.
///
/// A receipt has no place for a bound of the cost, nor for a total.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Of energy; per kWh.
    pub energy: Option<DetailedCost>,
    /// Of the parking space; per parking period.
    pub occupancy: Option<DetailedCost>,
    /// Of additional services; per service.
    pub services: Option<DetailedCost>,
    /// Of overstaying; per overstay period.
    pub overstay: Option<DetailedCost>,
    /// What is tax of it, or on top of it, by tax rule.
    pub taxes: Taxes,
}

impl Costs {
    /// The receipt, with the Unix time in seconds at which it was drawn up.
    pub fn receipt(&self, time_anchor: u64) -> Receipt<'_> {
        Receipt {
            time_anchor,
            energy_costs: self.energy,
            occupancy_costs: self.occupancy,
            additional_services_costs: self.services,
            overstay_costs: self.overstay,
            tax_costs: List::new(self.taxes.lines()),
        }
    }
}

impl From<&Receipt<'_>> for Costs {
    fn from(receipt: &Receipt<'_>) -> Self {
        Self {
            energy: receipt.energy_costs,
            occupancy: receipt.occupancy_costs,
            services: receipt.additional_services_costs,
            overstay: receipt.overstay_costs,
            taxes: Taxes::collect(receipt.tax_costs.iter()),
        }
    }
}
