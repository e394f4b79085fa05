//! What a session costs, as the receipt of a scenario's charger says it.

use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, NumericId};
use exi_codec::{RationalNumber, Rounding};
use iso15118_20::price::{Costs, Money, Taxes};
use v2g_scenario::scenario::Receipt;

/// Ten thousandths of the currency as money counts.
const NANO: f64 = 100_000.0;

fn money(nano: f64) -> RationalNumber {
    Money::from_nano(nano.round() as i64).to_rational(Rounding::Nearest)
}

/// The costs of so many Wh into and out of the vehicle, and of so many seconds of the scenario.
pub(in crate::runtime) fn costs(receipt: &Receipt, (charged, discharged): (f64, f64), seconds: f64) -> Costs {
    let nano = |ten_thousandths: i32| f64::from(ten_thousandths) * NANO;
    let detail = |rate: Option<i32>, units: f64| {
        rate.map(|rate| {
            (
                nano(rate) * units,
                DetailedCost { amount: money(nano(rate) * units), cost_per_unit: money(nano(rate)) },
            )
        })
    };
    let mut energy = detail(receipt.per_kwh, charged / 1000.0);
    if let Some(paid) = receipt.feed_in {
        let (amount, detail) = energy
            .unwrap_or((0.0, DetailedCost { cost_per_unit: money(nano(paid)), ..DetailedCost::default() }));
        let amount = amount - nano(paid) * discharged / 1000.0;
        energy = Some((amount, DetailedCost { amount: money(amount), ..detail }));
    }
    let occupancy = detail(receipt.per_hour, (seconds / 3600.0).ceil().max(1.0));
    let services = detail(receipt.services, 1.0);
    let sum: f64 = [energy, occupancy, services].iter().flatten().map(|(amount, _)| amount).sum();
    let taxes: Vec<DetailedTax> = receipt
        .taxes
        .iter()
        .map(|tax| DetailedTax {
            tax_rule_id: NumericId::new(tax.rule.get()).unwrap_or(NumericId::ONE),
            amount: money(sum * tax.rate.part()),
        })
        .collect();
    let cost = |of: Option<(f64, DetailedCost)>| of.map(|(_, detail)| detail);
    Costs {
        energy: cost(energy),
        occupancy: cost(occupancy),
        services: cost(services),
        overstay: None,
        taxes: Taxes::new(&taxes).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use exi_codec::RationalNumber;
    use v2g_scenario::Scenario;

    use super::costs;

    #[test]
    fn energy_stay_and_services_are_taxed_together() {
        let text = r#"
            [station]
            receipt = { per-kwh = "0.40", feed-in = "0.10", per-hour = "1.50", services = "0.25",
                        taxes = [{ rule = 1, rate = "19 %" }, { rule = 7, rate = "1 %" }] }
        "#;
        let scenario = Scenario::parse(text).unwrap();
        let costs = costs(scenario.station.receipt.as_ref().unwrap(), (10_000.0, 5_000.0), 3700.0);
        let number = |value, exponent| RationalNumber::new(value, exponent);
        // Ten bought at 0.40, five sold at 0.10; two hours have begun.
        assert_eq!(costs.energy.unwrap().amount, number(35, -1));
        assert_eq!(costs.occupancy.unwrap().amount, number(3, 0));
        assert_eq!(costs.services.unwrap().amount, number(25, -2));
        let taxes: Vec<_> =
            costs.taxes.lines().iter().map(|tax| (tax.tax_rule_id.get(), tax.amount)).collect();
        assert_eq!(taxes, [(1, number(12_825, -4)), (7, number(675, -4))]);
    }
}
