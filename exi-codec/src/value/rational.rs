//! Exact decimal numbers of the wire format, and the physical quantities made of them.

use core::cmp::Ordering;
use core::fmt;
use core::marker::PhantomData;

/// Where a conversion goes if the number cannot be kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards negative infinity.
    Down,
    /// Towards positive infinity.
    Up,
    /// Towards zero: the safe side for a limit.
    TowardsZero,
    /// To the nearest, halves away from zero.
    Nearest,
}

/// Fills the padding of [`RationalNumber`] with a known value, so that `Option` needs no room of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Present {
    Yes = 1,
}

/// `RationalNumberType`: `value · 10^exponent`, exactly.
///
/// Equality and order compare the value: 16·10² equals 1600·10⁰. [`parts`](Self::parts) tells the two apart.
/// Every exponent (−128 to 127) is harmless: nothing here computes more than it needs or overflows.
#[derive(Clone, Copy)]
pub struct RationalNumber {
    value: i16,
    exponent: i8,
    _present: Present,
}

const _: () = assert!(size_of::<Option<RationalNumber>>() == 4);

impl RationalNumber {
    /// Zero.
    pub const ZERO: Self = Self::new(0, 0);

    /// `value · 10^exponent`.
    pub const fn new(value: i16, exponent: i8) -> Self {
        Self { value, exponent, _present: Present::Yes }
    }

    /// Value and exponent as they stand on the wire.
    pub const fn parts(self) -> (i16, i8) {
        (self.value, self.exponent)
    }

    /// True for zero with any exponent.
    pub const fn is_zero(self) -> bool {
        self.value == 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.value < 0
    }

    /// The number without its sign. −32768 becomes 3277·10¹, the nearest number that exists.
    #[must_use]
    pub const fn abs(self) -> Self {
        match self.value {
            i16::MIN => Self::new(3277, self.exponent.saturating_add(1)),
            value => Self::new(value.abs(), self.exponent),
        }
    }

    /// The number with the other sign, with the exception of [`abs`](Self::abs).
    #[must_use]
    pub const fn negated(self) -> Self {
        match self.value {
            i16::MIN => self.abs(),
            value => Self::new(-value, self.exponent),
        }
    }

    /// The number in thousandths, rounded. None if it does not fit.
    ///
    /// ```
    /// use exi_codec::{RationalNumber, Rounding};
    /// assert_eq!(RationalNumber::new(4012, -1).to_milli(Rounding::Down), Some(401_200));
    /// assert_eq!(RationalNumber::new(1, 127).to_milli(Rounding::Down), None);
    /// assert_eq!(RationalNumber::new(1, -128).to_milli(Rounding::Up), Some(1));
    /// ```
    pub const fn to_milli(self, rounding: Rounding) -> Option<i64> {
        let value = self.value as i64;
        let shift = self.exponent as i32 + 3;
        if value == 0 {
            return Some(0);
        }
        if shift >= 0 {
            return match 10_i64.checked_pow(shift as u32) {
                Some(scale) => value.checked_mul(scale),
                None => None,
            };
        }
        // Below 10^-5 of a 16-bit value everything is a fraction; the exact size no longer matters.
        let digits = if shift < -6 { 6 } else { -shift };
        let scale = 10_i64.pow(digits as u32);
        Some(divide(value, scale, rounding))
    }

    /// [`to_milli`](Self::to_milli), with what does not fit replaced by the nearest number that does.
    pub const fn to_milli_saturating(self, rounding: Rounding) -> i64 {
        match self.to_milli(rounding) {
            Some(milli) => milli,
            None if self.value < 0 => i64::MIN,
            None => i64::MAX,
        }
    }

    /// The number that is nearest to `milli` thousandths in the direction of `rounding`, as precise as 16 bits
    /// allow, with trailing zeros behind the decimal point removed.
    ///
    /// ```
    /// use exi_codec::{RationalNumber, Rounding};
    /// assert_eq!(RationalNumber::from_milli(400_000, Rounding::Down).parts(), (400, 0));
    /// assert_eq!(RationalNumber::from_milli(-1_500, Rounding::Down).parts(), (-15, -1));
    /// assert_eq!(RationalNumber::from_milli(123_456_789, Rounding::Up).parts(), (12346, 1));
    /// ```
    pub const fn from_milli(milli: i64, rounding: Rounding) -> Self {
        let mut exponent = -3_i8;
        let mut scale = 1_i64;
        let mut value = milli;
        while value < i16::MIN as i64 || value > i16::MAX as i64 {
            exponent += 1;
            // Always from the original, so that roundings do not add up.
            if scale <= i64::MAX / 10 {
                scale *= 10;
                value = divide(milli, scale, rounding);
            } else {
                value = divide(value, 10, rounding);
            }
        }
        while exponent < 0 && value % 10 == 0 {
            value /= 10;
            exponent += 1;
        }
        Self::new(value as i16, exponent)
    }

    /// The number that is nearest to `whole` in the direction of `rounding`.
    pub const fn from_integer(whole: i32, rounding: Rounding) -> Self {
        Self::from_milli(whole as i64 * 1000, rounding)
    }

    const fn compare(self, other: Self) -> Ordering {
        let (a, b) = (self.value as i64, other.value as i64);
        let (x, y) = (self.exponent as i32, other.exponent as i32);
        if a == 0 || b == 0 || (a < 0) != (b < 0) {
            return order(a, b);
        }
        // Five decimal places exceed what 16 bits can make up for.
        let digits = if x >= y { x - y } else { y - x };
        let scale = 10_i64.pow(if digits > 5 { 5 } else { digits as u32 });
        if x >= y { order(a * scale, b) } else { order(a, b * scale) }
    }
}

const fn order(a: i64, b: i64) -> Ordering {
    if a < b {
        Ordering::Less
    } else if a > b {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// `value / scale` for a positive scale.
const fn divide(value: i64, scale: i64, rounding: Rounding) -> i64 {
    let quotient = value / scale;
    let rest = value % scale;
    let away = if value < 0 { -1 } else { 1 };
    let adjust = match rounding {
        Rounding::TowardsZero => false,
        Rounding::Down => rest < 0,
        Rounding::Up => rest > 0,
        Rounding::Nearest => rest.unsigned_abs() >= (scale as u64).div_ceil(2),
    };
    if adjust { quotient + away } else { quotient }
}

impl Default for RationalNumber {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for RationalNumber {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

impl Eq for RationalNumber {}

impl PartialOrd for RationalNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RationalNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(*other)
    }
}

impl fmt::Display for RationalNumber {
    /// Decimal notation for everyday exponents, else with the exponent: `401.2`, `-15000`, `1e40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, exponent) = (i64::from(self.value), self.exponent);
        match exponent {
            _ if value == 0 => f.write_str("0"),
            0..=12 => write!(f, "{}", value * 10_i64.pow(u32::from(exponent.unsigned_abs()))),
            -6..=-1 => {
                let digits = usize::from(exponent.unsigned_abs());
                let scale = 10_i64.pow(digits as u32);
                let sign = if value < 0 { "-" } else { "" };
                let (whole, mut rest) = ((value / scale).abs(), (value % scale).abs());
                let mut width = digits;
                if rest == 0 {
                    return write!(f, "{sign}{whole}");
                }
                while rest % 10 == 0 {
                    rest /= 10;
                    width -= 1;
                }
                write!(f, "{sign}{whole}.{rest:0width$}")
            }
            _ => write!(f, "{value}e{exponent}"),
        }
    }
}

impl fmt::Debug for RationalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}e{}", self.value, self.exponent)
    }
}

/// A physical unit: the type argument of [`Quantity`].
pub trait Unit: Copy + 'static {
    /// SI symbol (or the usual one) of the unit.
    const SYMBOL: &'static str;
}

/// A [`RationalNumber`] with a unit.
pub struct Quantity<U>(RationalNumber, PhantomData<U>);

impl<U: Unit> Quantity<U> {
    /// Zero.
    pub const ZERO: Self = Self(RationalNumber::ZERO, PhantomData);

    /// `value · 10^exponent` units.
    pub const fn new(value: i16, exponent: i8) -> Self {
        Self(RationalNumber::new(value, exponent), PhantomData)
    }

    /// See [`RationalNumber::from_milli`].
    pub const fn from_milli(milli: i64, rounding: Rounding) -> Self {
        Self(RationalNumber::from_milli(milli, rounding), PhantomData)
    }

    /// See [`RationalNumber::from_integer`].
    pub const fn from_integer(whole: i32, rounding: Rounding) -> Self {
        Self(RationalNumber::from_integer(whole, rounding), PhantomData)
    }

    /// See [`RationalNumber::to_milli`].
    pub const fn to_milli(self, rounding: Rounding) -> Option<i64> {
        self.0.to_milli(rounding)
    }

    /// See [`RationalNumber::to_milli_saturating`].
    pub const fn to_milli_saturating(self, rounding: Rounding) -> i64 {
        self.0.to_milli_saturating(rounding)
    }

    /// The number without its unit.
    pub const fn number(self) -> RationalNumber {
        self.0
    }

    /// True for zero with any exponent.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0.is_negative()
    }

    /// See [`RationalNumber::abs`].
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs(), PhantomData)
    }

    /// See [`RationalNumber::negated`].
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.negated(), PhantomData)
    }
}

impl<U> Clone for Quantity<U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U> Copy for Quantity<U> {}

impl<U> Default for Quantity<U> {
    fn default() -> Self {
        Self(RationalNumber::ZERO, PhantomData)
    }
}

impl<U> PartialEq for Quantity<U> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<U> Eq for Quantity<U> {}

impl<U> PartialOrd for Quantity<U> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<U> Ord for Quantity<U> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<U> From<RationalNumber> for Quantity<U> {
    fn from(number: RationalNumber) -> Self {
        Self(number, PhantomData)
    }
}

impl<U> From<Quantity<U>> for RationalNumber {
    fn from(quantity: Quantity<U>) -> Self {
        quantity.0
    }
}

impl<U: Unit> fmt::Display for Quantity<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, U::SYMBOL)
    }
}

impl<U: Unit> fmt::Debug for Quantity<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.0, U::SYMBOL)
    }
}

macro_rules! units {
    ($($unit:ident $alias:ident $symbol:literal $what:literal;)*) => {$(
        #[doc = concat!("The unit of ", $what, ": ", $symbol, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $unit {}

        impl Unit for $unit {
            const SYMBOL: &'static str = $symbol;
        }

        #[doc = concat!("A ", $what, " in ", $symbol, ".")]
        pub type $alias = Quantity<$unit>;
    )*};
}

units! {
    Watt Watts "W" "power";
    VoltAmpereReactive Vars "var" "reactive power";
    Volt Volts "V" "voltage";
    Ampere Amperes "A" "current";
    WattHour WattHours "Wh" "energy";
    Hertz Frequency "Hz" "frequency";
}
