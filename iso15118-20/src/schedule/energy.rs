//! Exact energy, and powers as whole milliwatts.

use core::fmt;

use exi_codec::{Rounding, WattHours, Watts};

use crate::price::divide;

/// A terawatt in mW. More is no power of a vehicle, and the bound keeps all sums far from overflow.
const MOST: i64 = 1_000_000_000_000_000;

/// A power in mW: what is finer is cut off, what is beyond a terawatt is a terawatt.
pub(crate) fn milliwatts(power: Watts) -> i64 {
    power.to_milli_saturating(Rounding::TowardsZero).clamp(-MOST, MOST)
}

/// The nearest power that a message can carry and that is not further from zero.
pub(crate) const fn watts(milliwatts: i64) -> Watts {
    Watts::from_milli(milliwatts, Rounding::TowardsZero)
}

/// An amount of energy, exact: a count of mW·s. [`WattHours`] has no more than 16 bits of precision.
///
/// ```
/// use exi_codec::{Rounding, WattHours, Watts};
/// use iso15118_20::schedule::Energy;
///
/// let energy = Energy::of(Watts::new(11, 3), 1800);
/// assert_eq!(energy, Energy::from(WattHours::new(5500, 0)));
/// assert_eq!(energy.to_watt_hours(Rounding::Down), WattHours::new(55, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Energy(i128);

impl Energy {
    /// None.
    pub const ZERO: Self = Self(0);

    /// A count of mW·s.
    pub const fn from_milliwatt_seconds(count: i128) -> Self {
        Self(count)
    }

    /// What a power amounts to in so many seconds. Power counts in whole mW and up to a terawatt.
    pub fn of(power: Watts, seconds: u64) -> Self {
        Self(i128::from(milliwatts(power)) * i128::from(seconds))
    }

    /// The count of mW·s.
    pub const fn milliwatt_seconds(self) -> i128 {
        self.0
    }

    /// The energy in Wh, rounded to what a message can carry.
    pub fn to_watt_hours(self, rounding: Rounding) -> WattHours {
        let milli = divide(self.0, 3600, rounding);
        let milli = i64::try_from(milli).unwrap_or(if milli < 0 { i64::MIN } else { i64::MAX });
        WattHours::from_milli(milli, rounding)
    }

    /// The sum; beyond the range the largest amount there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How much more than `other` this is; zero if it is less.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        let rest = self.0.saturating_sub(other.0);
        Self(if rest < 0 { 0 } else { rest })
    }
}

impl From<WattHours> for Energy {
    /// Counted in whole mWh; what exceeds 64 bits of them is the largest number that does not.
    fn from(energy: WattHours) -> Self {
        Self(i128::from(energy.to_milli_saturating(Rounding::TowardsZero)) * 3600)
    }
}

impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_watt_hours(Rounding::Nearest).fmt(f)
    }
}
