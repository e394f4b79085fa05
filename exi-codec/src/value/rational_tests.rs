//! Exactness of decimal numbers, against 128-bit arithmetic and by example.

use alloc::string::ToString;

use proptest::prelude::*;

use super::{RationalNumber, Rounding, Volts, Watts};

/// The number times 10^6, for exponents from −6 to 12.
fn exact(number: RationalNumber) -> i128 {
    let (value, exponent) = number.parts();
    i128::from(value) * 10_i128.pow((i32::from(exponent) + 6) as u32)
}

proptest! {
    #[test]
    fn order_is_that_of_the_values(a in any::<i16>(), x in -6_i8..=12, b in any::<i16>(), y in -6_i8..=12) {
        let (a, b) = (RationalNumber::new(a, x), RationalNumber::new(b, y));
        prop_assert_eq!(a.cmp(&b), exact(a).cmp(&exact(b)));
        prop_assert_eq!(a == b, exact(a) == exact(b));
    }

    #[test]
    fn order_is_total_for_every_exponent(
        a in any::<i16>(), x in any::<i8>(), b in any::<i16>(), y in any::<i8>(), c in any::<i16>(), z in any::<i8>(),
    ) {
        let (a, b, c) = (RationalNumber::new(a, x), RationalNumber::new(b, y), RationalNumber::new(c, z));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn milli_rounds_as_told(value in any::<i16>(), exponent in -6_i8..=12) {
        let number = RationalNumber::new(value, exponent);
        let (down, up) = (exact(number).div_euclid(1000), -(-exact(number)).div_euclid(1000));
        prop_assert_eq!(number.to_milli(Rounding::Down).map(i128::from), i64::try_from(down).ok().map(i128::from));
        prop_assert_eq!(number.to_milli(Rounding::Up).map(i128::from), i64::try_from(up).ok().map(i128::from));
        let zero = if value < 0 { up } else { down };
        prop_assert_eq!(number.to_milli(Rounding::TowardsZero).map(i128::from), i64::try_from(zero).ok().map(i128::from));
    }

    #[test]
    fn from_milli_is_on_the_side_asked_for_and_close(milli in any::<i64>()) {
        let exact_milli = i128::from(milli);
        let scaled = |number: RationalNumber| {
            let (value, exponent) = number.parts();
            i128::from(value) * 10_i128.pow((i32::from(exponent) + 3) as u32)
        };
        let (down, up) = (RationalNumber::from_milli(milli, Rounding::Down), RationalNumber::from_milli(milli, Rounding::Up));
        prop_assert!(scaled(down) <= exact_milli);
        prop_assert!(scaled(up) >= exact_milli);
        // 16 bits keep four digits at least.
        let close = exact_milli.abs() / 3000 + 1;
        prop_assert!(scaled(up) - scaled(down) <= close);
        prop_assert!((scaled(RationalNumber::from_milli(milli, Rounding::Nearest)) - exact_milli).abs() <= close);
    }

    #[test]
    fn milli_comes_back_if_it_fits(value in any::<i16>(), exponent in -3_i8..=12) {
        let number = RationalNumber::new(value, exponent);
        if let Some(milli) = number.to_milli(Rounding::Down) {
            prop_assert_eq!(RationalNumber::from_milli(milli, Rounding::Down), number);
        }
    }

    #[test]
    fn nothing_overflows(value in any::<i16>(), exponent in any::<i8>()) {
        let number = RationalNumber::new(value, exponent);
        for rounding in [Rounding::Down, Rounding::Up, Rounding::TowardsZero, Rounding::Nearest] {
            let milli = number.to_milli_saturating(rounding);
            prop_assert!(value == 0 || milli == 0 || (milli < 0) == (value < 0));
        }
        prop_assert!(!number.abs().is_negative());
        prop_assert_eq!(number.negated().negated().is_negative(), number.is_negative());
        prop_assert!(!number.to_string().is_empty());
    }
}

#[test]
fn equal_values_are_equal_in_every_notation() {
    assert_eq!(RationalNumber::new(16, 2), RationalNumber::new(1600, 0));
    assert_ne!(RationalNumber::new(16, 2).parts(), RationalNumber::new(1600, 0).parts());
    assert_eq!(RationalNumber::new(0, 127), RationalNumber::new(0, -128));
    assert!(RationalNumber::new(1, 127) > RationalNumber::new(i16::MAX, 4));
    assert!(RationalNumber::new(-1, 127) < RationalNumber::new(i16::MIN, 120));
}

#[test]
fn hostile_exponents_round_like_tiny_and_huge_numbers() {
    let tiny = RationalNumber::new(-7, -128);
    assert_eq!(tiny.to_milli(Rounding::Down), Some(-1));
    assert_eq!(tiny.to_milli(Rounding::Up), Some(0));
    assert_eq!(tiny.to_milli(Rounding::Nearest), Some(0));
    let huge = RationalNumber::new(-7, 127);
    assert_eq!(huge.to_milli(Rounding::Down), None);
    assert_eq!(huge.to_milli_saturating(Rounding::Down), i64::MIN);
}

#[test]
fn halves_go_away_from_zero() {
    assert_eq!(RationalNumber::new(5, -4).to_milli(Rounding::Nearest), Some(1));
    assert_eq!(RationalNumber::new(-5, -4).to_milli(Rounding::Nearest), Some(-1));
    assert_eq!(RationalNumber::new(4, -4).to_milli(Rounding::Nearest), Some(0));
}

#[test]
fn the_most_negative_value_has_a_magnitude() {
    assert_eq!(RationalNumber::new(i16::MIN, 0).abs().parts(), (3277, 1));
    assert_eq!(RationalNumber::new(i16::MIN, 0).negated().parts(), (3277, 1));
}

#[test]
fn numbers_are_shown_in_decimal() {
    assert_eq!(RationalNumber::new(4012, -1).to_string(), "401.2");
    assert_eq!(RationalNumber::new(-5, -2).to_string(), "-0.05");
    assert_eq!(RationalNumber::new(-15, 3).to_string(), "-15000");
    assert_eq!(RationalNumber::new(40, -1).to_string(), "4");
    assert_eq!(RationalNumber::new(1, 40).to_string(), "1e40");
    assert_eq!(Watts::new(11, 3).to_string(), "11000 W");
    assert_eq!(Volts::from_milli(400_500, Rounding::Down).to_string(), "400.5 V");
}
