//! Numbers as the wire has them.

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Quantity, RationalNumber, Rounding, Unit};

use crate::border::{Outcome, done, put};
use crate::status::V2G_E_VALUE;

/// A decimal number, `value · 10^exponent`, exactly as messages carry it; the field that holds it says the unit.
///
/// `V2G_NUMBER(22, 3)` is 22 000. All zeros is "none": a field that may be absent is then left out, any other counts as 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct v2g_number {
    /// Digits.
    pub value: i16,
    /// Power of ten, −128 to 127. Every one of them is harmless.
    pub exponent: i8,
    /// 1: there is a number. 0: there is none. No other value.
    pub present: u8,
}

/// A whole number that may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct v2g_maybe_u32 {
    /// The number.
    pub value: u32,
    /// 1: there is one. 0: there is none.
    pub present: u32,
}

/// A large whole number that may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct v2g_maybe_u64 {
    /// The number.
    pub value: u64,
    /// 1: there is one. 0: there is none.
    pub present: u32,
    /// Zero.
    pub reserved: u32,
}

/// Rounding: towards negative infinity.
pub const V2G_ROUND_DOWN: u32 = 1;
/// Rounding: towards positive infinity.
pub const V2G_ROUND_UP: u32 = 2;
/// Rounding: towards zero, the safe side for a limit.
pub const V2G_ROUND_TO_ZERO: u32 = 3;
/// Rounding: to the nearest, halves away from zero.
pub const V2G_ROUND_NEAREST: u32 = 4;

impl v2g_number {
    pub(crate) const fn of(number: RationalNumber) -> Self {
        let (value, exponent) = number.parts();
        Self { value, exponent, present: 1 }
    }

    pub(crate) const NONE: Self = Self { value: 0, exponent: 0, present: 0 };

    /// The number; none is zero.
    pub(crate) const fn rational(self) -> RationalNumber {
        if self.present == 0 { RationalNumber::ZERO } else { RationalNumber::new(self.value, self.exponent) }
    }

    /// The number with the unit that its field has; none is zero.
    pub(crate) const fn quantity<U: Unit>(self) -> Quantity<U> {
        if self.present == 0 { Quantity::ZERO } else { Quantity::new(self.value, self.exponent) }
    }

    pub(crate) fn maybe<U: Unit>(self) -> Option<Quantity<U>> {
        (self.present != 0).then(|| self.quantity())
    }

    /// A percentage, rounded down. An error if it is none.
    pub(crate) fn percent(self) -> Outcome<Option<PercentValue>> {
        if self.present == 0 {
            return Ok(None);
        }
        let milli = self.rational().to_milli(Rounding::Down);
        let whole = milli.and_then(|milli| u16::try_from(milli / 1000).ok()).and_then(PercentValue::new);
        whole.map(Some).ok_or(V2G_E_VALUE)
    }

    pub(crate) fn of_percent(value: Option<PercentValue>) -> Self {
        value.map_or(Self::NONE, |value| Self { value: value.get() as i16, exponent: 0, present: 1 })
    }

    pub(crate) fn of_i16(value: Option<i16>) -> Self {
        value.map_or(Self::NONE, |value| Self { value, exponent: 0, present: 1 })
    }

    /// A whole number of 16 bits. An error if it is none.
    pub(crate) fn i16(self) -> Outcome<Option<i16>> {
        match self {
            Self { present: 0, .. } => Ok(None),
            Self { value, exponent: 0, .. } => Ok(Some(value)),
            _ => Err(V2G_E_VALUE),
        }
    }
}

impl<U: Unit> From<Quantity<U>> for v2g_number {
    fn from(quantity: Quantity<U>) -> Self {
        Self::of(quantity.number())
    }
}

impl<U: Unit> From<Option<Quantity<U>>> for v2g_number {
    fn from(quantity: Option<Quantity<U>>) -> Self {
        quantity.map_or(Self::NONE, Self::from)
    }
}

impl From<Option<u32>> for v2g_maybe_u32 {
    fn from(value: Option<u32>) -> Self {
        Self { value: value.unwrap_or(0), present: u32::from(value.is_some()) }
    }
}

impl v2g_maybe_u32 {
    pub(crate) fn get(self) -> Option<u32> {
        (self.present != 0).then_some(self.value)
    }
}

impl From<Option<u64>> for v2g_maybe_u64 {
    fn from(value: Option<u64>) -> Self {
        Self { value: value.unwrap_or(0), present: u32::from(value.is_some()), reserved: 0 }
    }
}

impl v2g_maybe_u64 {
    pub(crate) fn get(self) -> Option<u64> {
        (self.present != 0).then_some(self.value)
    }
}

fn rounding(rounding: u32) -> Outcome<Rounding> {
    Ok(match rounding {
        V2G_ROUND_DOWN => Rounding::Down,
        V2G_ROUND_UP => Rounding::Up,
        V2G_ROUND_TO_ZERO => Rounding::TowardsZero,
        V2G_ROUND_NEAREST => Rounding::Nearest,
        _ => return Err(V2G_E_VALUE),
    })
}

/// The number that is nearest to `milli` thousandths in the direction of `rounding` (`V2G_ROUND_*`), as precise as 16 bits
/// allow: 400 000 thousandths become 400·10^0, −1 500 become −15·10^−1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_number_from_milli(milli: i64, direction: u32, out: *mut v2g_number) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(rounding(direction).and_then(|direction| unsafe {
        put(out, v2g_number::of(RationalNumber::from_milli(milli, direction)))
    }))
}

/// A number in thousandths, rounded in the direction of `rounding` (`V2G_ROUND_*`). None counts as 0.
///
/// `V2G_E_VALUE` if it does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_number_to_milli(number: v2g_number, direction: u32, out: *mut i64) -> i32 {
    let milli =
        rounding(direction).and_then(|direction| number.rational().to_milli(direction).ok_or(V2G_E_VALUE));
    // SAFETY: promised by the caller.
    done(milli.and_then(|milli| unsafe { put(out, milli) }))
}

/// Compares two numbers by value, whatever their exponents: −1 if `a` is the smaller one, 0 if they are equal, 1 if `b` is.
/// 16·10^2 equals 1600·10^0. None counts as 0.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_number_compare(a: v2g_number, b: v2g_number) -> i32 {
    a.rational().cmp(&b.rational()) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{V2G_E_NULL, V2G_OK};

    #[test]
    fn numbers_go_to_thousandths_and_back() {
        let mut number = v2g_number::NONE;
        // SAFETY: pointers to locals.
        let status = unsafe { v2g_number_from_milli(-1500, V2G_ROUND_NEAREST, &raw mut number) };
        assert_eq!((status, number), (V2G_OK, v2g_number { value: -15, exponent: -1, present: 1 }));
        let mut milli = 0;
        // SAFETY: as above.
        let status = unsafe { v2g_number_to_milli(number, V2G_ROUND_DOWN, &raw mut milli) };
        assert_eq!((status, milli), (V2G_OK, -1500));
        let vast = v2g_number { value: 1, exponent: 127, present: 1 };
        // SAFETY: as above.
        assert_eq!(unsafe { v2g_number_to_milli(vast, V2G_ROUND_DOWN, &raw mut milli) }, V2G_E_VALUE);
        // SAFETY: as above.
        assert_eq!(unsafe { v2g_number_to_milli(number, 9, &raw mut milli) }, V2G_E_VALUE);
        // SAFETY: null is checked for.
        let status = unsafe { v2g_number_from_milli(0, V2G_ROUND_UP, core::ptr::null_mut()) };
        assert_eq!(status, V2G_E_NULL);
    }

    #[test]
    fn order_is_that_of_the_values() {
        let number = |value, exponent| v2g_number { value, exponent, present: 1 };
        assert_eq!(v2g_number_compare(number(16, 2), number(1600, 0)), 0);
        assert_eq!(v2g_number_compare(number(-1, 3), v2g_number::NONE), -1);
        assert_eq!(v2g_number_compare(number(1, 127), number(i16::MAX, 2)), 1);
    }

    #[test]
    fn percentages_have_a_range() {
        assert_eq!(v2g_number { value: 805, exponent: -1, present: 1 }.percent(), Ok(PercentValue::new(80)));
        assert_eq!(v2g_number { value: 101, exponent: 0, present: 1 }.percent(), Err(V2G_E_VALUE));
        assert_eq!(v2g_number { value: -1, exponent: 0, present: 1 }.percent(), Err(V2G_E_VALUE));
        assert_eq!(v2g_number::NONE.percent(), Ok(None));
    }
}
