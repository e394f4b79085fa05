//! What charging costs: price schedules of either kind, evaluated for a power profile.
//!
//! Pure functions of messages and plans; nothing here influences power or safety. Amounts are exact to 10⁻⁹ of
//! a currency unit, without floating point, and the work is bounded by the entries of the messages.
//!
//! ```
//! use exi_codec::iso20::common_messages::PriceRuleStack;
//! use exi_codec::iso20::common_types::NumericId;
//! use exi_codec::{RationalNumber, Watts};
//! use iso15118_20::price::{Flow, PriceAlgorithm, Stay, Tariff, absolute_prices, price_rule};
//! use iso15118_20::schedule::{PowerCurve, Schedule, ScheduleEntry};
//!
//! // 30 cents for each kWh, 50 where the power is 11 kW or more.
//! let rules = [
//!     price_rule(Watts::ZERO, RationalNumber::new(30, -2)),
//!     price_rule(Watts::new(11, 3), RationalNumber::new(50, -2)),
//! ];
//! let stacks = [PriceRuleStack { duration: 86_400, price_rule: (&rules).into() }];
//! let id = NumericId::new(1).unwrap();
//! let schedule = absolute_prices(id, 1_000, ("EUR", "en"), PriceAlgorithm::Power, &stacks);
//!
//! let profile = Schedule::new(1_000, &[ScheduleEntry { duration: 3600, power: Watts::new(22, 3) }]);
//! let tariff = Tariff::new(&schedule, Flow::Charge)?;
//! let cost = tariff.cost(&Stay { power: PowerCurve::from(&profile), departure: None })?;
//! assert_eq!(cost.total.to_string(), "11");
//! # Ok::<(), iso15118_20::price::PriceError>(())
//! ```

mod band;
mod build;
mod cost;
mod level;
mod money;
mod receipt;
mod stay;
mod tariff;
mod tax;

use core::fmt;

use exi_codec::Str;

pub use build::{absolute_prices, level_prices, price_rule};
pub use cost::Cost;
pub use level::PriceLevels;
pub use money::Money;
pub(crate) use money::divide;
pub use receipt::{Costs, MAX_TAXES, Taxes};
pub use stay::Stay;
pub use tariff::{PeakScope, Tariff, Uncovered};
pub use tax::{TaxKind, TaxLine};

/// `PriceAlgorithm`: how the price bands of a stack apply to energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PriceAlgorithm {
    /// All energy at the price of the band that its power is in.
    Power,
    /// All energy at the price of the band that the highest power is in, see [`PeakScope`].
    PeakPower,
    /// What is drawn within each band at the price of that band.
    StackedEnergy,
}

impl PriceAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Power, Self::PeakPower, Self::StackedEnergy];

    /// The name in messages.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Power => "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
            Self::PeakPower => "urn:iso:std:iso:15118:-20:PriceAlgorithm:2-PeakPower",
            Self::StackedEnergy => "urn:iso:std:iso:15118:-20:PriceAlgorithm:3-StackedEnergy",
        }
    }

    /// The algorithm of that name, if it is one of the standard's.
    pub fn from_urn(urn: &Str<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| urn.chars().eq(algorithm.urn().chars()))
    }
}

/// A currency: the three letters of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency of that code; none if it is not three ASCII letters. Lower case is accepted.
    pub fn from_code(code: &Str<'_>) -> Option<Self> {
        let mut letters = [0; 3];
        let mut chars = code.chars();
        for place in &mut letters {
            let letter = chars.next().filter(char::is_ascii_alphabetic)?;
            *place = letter.to_ascii_uppercase() as u8;
        }
        if chars.next().is_some() { None } else { Some(Self(letters)) }
    }

    /// The code.
    pub fn code(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Whose energy is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// What the vehicle draws, by the price of a `ChargingSchedule`: with everything else that a stay costs.
    Charge,
    /// What the vehicle feeds, by the price of a `DischargingSchedule`: a fee above zero is paid to the
    /// customer, so that the cost is negative. Energy and its taxes only.
    Discharge,
}

/// Why a price schedule cannot be evaluated. Stacks, rules and entries count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The algorithm is not one of [`PriceAlgorithm`].
    #[error("the price algorithm is unknown")]
    UnknownAlgorithm,
    /// The currency is not three letters.
    #[error("the currency is not three letters")]
    Currency,
    /// Two prices are in different currencies.
    #[error("prices are in {0} and in {1}")]
    CurrencyMismatch(Currency, Currency),
    /// There is nothing that lasts.
    #[error("the price schedule is empty")]
    Empty,
    /// No rule of a stack starts at zero power.
    #[error("stack {stack} has no rule from zero power on")]
    NoBaseRule {
        /// The stack.
        stack: u16,
    },
    /// The rules of a stack, or the rules for overstaying, are not in ascending order.
    #[error("rule {rule} of stack {stack} does not start above the one before")]
    BandOrder {
        /// The stack.
        stack: u16,
        /// The rule.
        rule: u8,
    },
    /// An overstay rule does not start later than the one before.
    #[error("overstay rule {rule} does not start after the one before")]
    OverstayOrder {
        /// The rule.
        rule: u8,
    },
    /// A tax rate is below zero or beyond all reason.
    #[error("tax rule {rule} has an impossible rate")]
    TaxRate {
        /// `TaxRuleID`.
        rule: u32,
    },
    /// The minimum cost is above the maximum cost.
    #[error("the minimum cost is above the maximum cost")]
    Bounds,
    /// A price level is not below the number of levels.
    #[error("entry {entry} has a level that does not exist")]
    Level {
        /// The entry.
        entry: u16,
    },
    /// No price holds at that Unix time, and [`Uncovered::Refuse`] was chosen.
    #[error("no price holds at {at}")]
    Uncovered {
        /// Unix time, s.
        at: u64,
    },
    /// A number, or a sum, is beyond all reason.
    #[error("an amount is out of range")]
    Overflow,
}

#[cfg(test)]
mod tests;
