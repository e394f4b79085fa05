//! Amounts of money, exact to a billionth.

use core::fmt;

use exi_codec::{RationalNumber, Rounding};

/// 10^-9: the finest part of a currency that is kept.
const DIGITS: i32 = 9;

/// An amount of money: a count of 10⁻⁹ units of a currency, which is known from the context.
///
/// Up to 9.2·10⁹ units either way: no currency needs more for a vehicle's charge, and what claims more is an error.
///
/// ```
/// use exi_codec::{RationalNumber, Rounding};
/// use iso15118_20::price::Money;
///
/// let fee = Money::from_rational(RationalNumber::new(35, -2)).unwrap();
/// assert_eq!(fee.to_string(), "0.35");
/// assert_eq!(fee.to_rational(Rounding::Nearest).parts(), (35, -2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A count of 10⁻⁹ units.
    pub const fn from_nano(count: i64) -> Self {
        Self(count)
    }

    /// The count of 10⁻⁹ units.
    pub const fn nano(self) -> i64 {
        self.0
    }

    /// An amount of a message, rounded to the nearest 10⁻⁹. None if it is out of range.
    pub const fn from_rational(amount: RationalNumber) -> Option<Self> {
        let (value, exponent) = amount.parts();
        let (value, shift) = (value as i64, exponent as i32 + DIGITS);
        if value == 0 {
            return Some(Self(0));
        }
        if shift >= 0 {
            return match 10_i64.checked_pow(shift as u32) {
                Some(scale) => match value.checked_mul(scale) {
                    Some(nano) => Some(Self(nano)),
                    None => None,
                },
                None => None,
            };
        }
        // Six places are more than 16 bits can make up for.
        let places = if shift < -6 { 6 } else { -shift };
        Self::narrowed(divide(value as i128, 10_i128.pow(places as u32), Rounding::Nearest))
    }

    /// A count of 10⁻⁹ units. None if it is out of range.
    pub(crate) const fn narrowed(count: i128) -> Option<Self> {
        let narrow = count as i64;
        if narrow as i128 == count { Some(Self(narrow)) } else { None }
    }

    /// The nearest amount in the direction of `rounding` that a message can carry: 16 bits, hence cents up to
    /// 327.67 only.
    pub const fn to_rational(self, rounding: Rounding) -> RationalNumber {
        let (mut value, mut scale, mut exponent) = (self.0, 1_i64, -DIGITS as i8);
        // Fifteen divisions bring any 64-bit number below 16 bits.
        while value < i16::MIN as i64 || value > i16::MAX as i64 {
            scale *= 10;
            exponent += 1;
            value = divide(self.0 as i128, scale as i128, rounding) as i64;
        }
        while exponent < 0 && value % 10 == 0 {
            value /= 10;
            exponent += 1;
        }
        RationalNumber::new(value as i16, exponent)
    }

    /// The sum, unless it overflows.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, unless it overflows.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// So many times the amount, unless it overflows.
    pub const fn checked_times(self, times: u64) -> Option<Self> {
        match (self.0 as i128).checked_mul(times as i128) {
            Some(product) => Self::narrowed(product),
            None => None,
        }
    }

    /// `self · numerator / denominator`, rounded to the nearest, unless it overflows or divides by less than one.
    pub(crate) const fn checked_share(self, numerator: i64, denominator: i128) -> Option<Self> {
        if denominator <= 0 {
            return None;
        }
        Self::narrowed(divide(self.0 as i128 * numerator as i128, denominator, Rounding::Nearest))
    }
}

/// `value / by` for `by` above zero; by anything else it is zero.
pub(crate) const fn divide(value: i128, by: i128, rounding: Rounding) -> i128 {
    if by <= 0 {
        return 0;
    }
    let (quotient, rest) = (value / by, value % by);
    let adjust = match rounding {
        Rounding::TowardsZero => false,
        Rounding::Down => rest < 0,
        Rounding::Up => rest > 0,
        Rounding::Nearest => rest.unsigned_abs() >= by.unsigned_abs().div_ceil(2),
    };
    match (adjust, value < 0) {
        (false, _) => quotient,
        (true, true) => quotient - 1,
        (true, false) => quotient + 1,
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, mut rest) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let mut width = 9;
        while rest % 10 == 0 {
            rest /= 10;
            width -= 1;
        }
        write!(f, "{sign}{whole}.{rest:0width$}")
    }
}
