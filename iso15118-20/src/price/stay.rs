//! The evaluation of a stay: one walk along power and stacks together.

use exi_codec::Rounding;
use exi_codec::iso20::common_messages::PriceRule;

use super::band::Band;
use super::cost::Cost;
use super::tariff::money;
use super::tax::{self, Taxed};
use super::{Flow, Money, PeakScope, PriceAlgorithm, PriceError, Tariff};
use crate::price::divide;
use crate::schedule::{Energy, PowerCurve, milliwatts};

/// mW·s in a kWh.
const KWH: i128 = 3_600_000_000;

/// What a cost is computed for.
#[derive(Clone, Copy, Debug)]
pub struct Stay<'a> {
    /// Power over time, planned or measured. The stay begins with it.
    pub power: PowerCurve<'a>,
    /// When the vehicle leaves, Unix time in seconds. None: when the curve ends.
    pub departure: Option<u64>,
}

/// What is summed up on the way. Sums of products stay exact; they are divided once, at the end.
#[derive(Default)]
struct Sums {
    /// 10⁻⁹ per kWh times mW·s.
    energy_fee: i128,
    energy: i128,
    /// g per kWh times mW·s.
    emission: i128,
    emission_of: i128,
    /// Percent times mW·s.
    renewable: i128,
    renewable_of: i128,
    parking: Money,
    parking_periods: u64,
    peak: i64,
}

impl Sums {
    /// Energy in mW·s that a rule prices.
    fn draw(&mut self, band: &Band, energy: i128) -> Result<(), PriceError> {
        let fee = i128::from(band.fee()?.nano()).checked_mul(energy).ok_or(PriceError::Overflow)?;
        self.energy_fee = self.energy_fee.checked_add(fee).ok_or(PriceError::Overflow)?;
        if let Some(emission) = band.rule.carbon_dioxide_emission {
            self.emission += i128::from(emission) * energy;
            self.emission_of += energy;
        }
        if let Some(percent) = band.rule.renewable_generation_percentage {
            self.renewable += i128::from(percent.min(100)) * energy;
            self.renewable_of += energy;
        }
        Ok(())
    }

    /// Parking periods at the fee of a rule.
    fn occupy(&mut self, band: &Band, periods: u64) -> Result<(), PriceError> {
        let fee = money(band.rule.parking_fee)?.unwrap_or_default();
        self.parking_periods = self.parking_periods.saturating_add(periods);
        self.parking = fee
            .checked_times(periods)
            .and_then(|fee| self.parking.checked_add(fee))
            .ok_or(PriceError::Overflow)?;
        Ok(())
    }
}

/// The clock of parking fees.
struct Parking {
    /// When the next period begins.
    due: u64,
    /// Where the stack begins that was paid for once and for all.
    paid: Option<u64>,
}

impl Parking {
    /// Parking from a time until another, in the stack that begins at `stack`: how often the fee is due.
    fn park(&mut self, rule: &PriceRule, (from, until): (u64, u64), stack: u64) -> u64 {
        let due = self.due.max(from);
        if rule.parking_fee.is_none() || due >= until || self.paid == Some(stack) {
            return 0;
        }
        let Some(period @ 1..) = rule.parking_fee_period.map(u64::from) else {
            self.paid = Some(stack);
            return 1;
        };
        let periods = (until - due).div_ceil(period);
        self.due = due.saturating_add(periods.saturating_mul(period));
        periods
    }
}

impl Tariff<'_> {
    /// What a stay costs.
    ///
    /// - **Energy**: only that of the tariff's direction. Fees are per kWh; a power belongs to the last band that
    ///   starts at or below it.
    /// - **Parking** (`Charge` only): `ParkingFee` for each `ParkingFeePeriod` that begins during the stay, the
    ///   first one with the stay. The fee is that of the rule for the power at that moment; a period that has
    ///   begun lasts, also into the next stack. Without a period the fee is due once in each stack.
    /// - **Overstaying** (`Charge` only): begins when the power has been at or below `OverstayPowerThreshold` (or
    ///   zero) for `OverstayTimeThreshold` and stays there until departure. From then on the rule with the latest
    ///   `StartTime` that has passed holds, `OverstayFee` for each `OverstayFeePeriod` that begins.
    /// - **Bounds** (`Charge` only): below `MinimumCost` or above `MaximumCost` the bound replaces the sum of the
    ///   three above, before taxes that are added. Then rules with `AppliesMinimumMaximumCost` tax the bound, and
    ///   no rule taxes the fees that it replaces.
    /// - **Taxes**: percentages of the fees that a rule applies to. Those included in a price divide it together.
    /// - **Services** (`Charge` only) are added as they are: no tax rule can apply to them.
    ///
    /// # Errors
    /// A sum is beyond all reason, or no price holds at some time and [`Uncovered::Refuse`](super::Uncovered) was
    /// chosen.
    pub fn cost(&self, stay: &Stay<'_>) -> Result<Cost, PriceError> {
        let from = stay.power.start();
        let end = stay.departure.unwrap_or_else(|| stay.power.end()).max(from);
        let sign = if self.flow == Flow::Charge { 1 } else { -1 };
        let threshold = self.overstay.and_then(|list| list.overstay_power_threshold);
        let threshold = threshold.map_or(0, |power| milliwatts(power).saturating_abs());

        let mut sums = Sums::default();
        if self.algorithm == PriceAlgorithm::PeakPower && self.peak == PeakScope::Profile {
            sums.peak = stay.power.peak_milliwatts(end, sign);
        }
        let (mut powers, mut stacks) = (stay.power.cursor(), self.cursor());
        let (mut time, mut active_until) = (from, from);
        let mut parking = Parking { due: from, paid: None };
        while time < end {
            let (power, change) = stay.power.milliwatts_at(&mut powers, time);
            let stack = stacks.at(time);
            let until = change.min(stack.until).min(end);
            if power.saturating_abs() > threshold {
                active_until = until;
            }
            let power = power.saturating_mul(sign).max(0);
            sums.peak = sums.peak.max(power);
            let seconds = i128::from(until - time);
            sums.energy += i128::from(power) * seconds;
            if let Some(bands) = self.bands(&stack, time)? {
                let band = bands.of(power);
                match (self.algorithm, band) {
                    _ if power == 0 => {}
                    (PriceAlgorithm::StackedEnergy, _) => {
                        bands.split(power, |band, part| sums.draw(&band, i128::from(part) * seconds))?;
                    }
                    (PriceAlgorithm::PeakPower, _) => {
                        if let Some(band) = bands.of(sums.peak) {
                            sums.draw(&band, i128::from(power) * seconds)?;
                        }
                    }
                    (PriceAlgorithm::Power, Some(band)) => sums.draw(&band, i128::from(power) * seconds)?,
                    (PriceAlgorithm::Power, None) => {}
                }
                if let (Flow::Charge, Some(band)) = (self.flow, band) {
                    let periods = parking.park(&band.rule, (time, until), stack.since);
                    sums.occupy(&band, periods)?;
                }
            }
            time = until;
        }
        self.settle(&sums, active_until, end)
    }

    /// From sums to amounts.
    fn settle(&self, sums: &Sums, active_until: u64, end: u64) -> Result<Cost, PriceError> {
        let overflow = PriceError::Overflow;
        let mut cost = Cost::nothing(self.currency);
        cost.energy = Energy::from_milliwatt_seconds(sums.energy);
        cost.energy_cost =
            Money::narrowed(divide(sums.energy_fee, KWH, Rounding::Nearest)).ok_or(overflow)?;
        if self.flow == Flow::Discharge {
            cost.energy_cost = Money::ZERO.checked_sub(cost.energy_cost).ok_or(overflow)?;
        }
        if sums.energy > 0 && sums.emission_of == sums.energy {
            cost.emission = u64::try_from(divide(sums.emission, KWH, Rounding::Nearest)).ok();
        }
        if sums.energy > 0 && sums.renewable_of == sums.energy {
            cost.renewable = u8::try_from(divide(sums.renewable, sums.energy, Rounding::Nearest)).ok();
        }
        cost.parking = sums.parking;
        cost.parking_periods = sums.parking_periods;
        if self.flow == Flow::Charge {
            self.overstay(&mut cost, active_until, end)?;
            for service in &self.services {
                let fee = money(Some(service.service_fee))?.unwrap_or_default();
                cost.services = cost.services.checked_add(fee).ok_or(overflow)?;
            }
        }
        let fees = cost.energy_cost.checked_add(cost.parking).and_then(|sum| sum.checked_add(cost.overstay));
        let fees = fees.ok_or(overflow)?;
        let bound = match (self.flow, self.minimum, self.maximum) {
            (Flow::Charge, Some(minimum), _) if fees < minimum => Some(minimum),
            (Flow::Charge, _, Some(maximum)) if fees > maximum => Some(maximum),
            _ => None,
        };
        let taxed = match bound {
            Some(bound) => Taxed { energy: Money::ZERO, parking: Money::ZERO, overstay: Money::ZERO, bound },
            None => Taxed {
                energy: cost.energy_cost,
                parking: cost.parking,
                overstay: cost.overstay,
                bound: Money::ZERO,
            },
        };
        let due = bound.unwrap_or(fees);
        cost.adjustment = due.checked_sub(fees).ok_or(overflow)?;
        cost.total = due.checked_add(cost.services).ok_or(overflow)?;
        let included = tax::included(self.taxes.iter())?;
        for rule in &self.taxes {
            cost.tax(tax::line(&rule, &taxed, &included)?)?;
        }
        Ok(cost)
    }

    fn overstay(&self, cost: &mut Cost, active_until: u64, end: u64) -> Result<(), PriceError> {
        let Some(list) = self.overstay else { return Ok(()) };
        let wait = u64::from(list.overstay_time_threshold.unwrap_or(0));
        let trigger = active_until.saturating_add(wait);
        let mut rules = list.overstay_rule.iter().peekable();
        while let Some(rule) = rules.next() {
            let begin = |start: u32| trigger.saturating_add(u64::from(start));
            let from = begin(rule.start_time);
            let until = rules.peek().map_or(end, |next| begin(next.start_time).min(end));
            if from >= until {
                continue;
            }
            let periods = match rule.overstay_fee_period {
                0 => 1,
                period => (until - from).div_ceil(u64::from(period)),
            };
            let fee = money(Some(rule.overstay_fee))?.unwrap_or_default();
            cost.overstay = fee
                .checked_times(periods)
                .and_then(|fee| cost.overstay.checked_add(fee))
                .ok_or(PriceError::Overflow)?;
            cost.overstay_periods = cost.overstay_periods.saturating_add(periods);
        }
        Ok(())
    }
}
