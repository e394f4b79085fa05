//! Physical values as a scenario writes them: a number and its unit, such as `"22 kW"`.

use std::fmt;
use std::time::Duration;

use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// Units with what one of them is in thousandths of the base unit.
type Units = &'static [(&'static str, i128)];

const MAX: i128 = 1_000_000_000_000;

/// Why a text is no value.
fn wrong(text: &str, what: &str, example: &str, units: Units) -> String {
    let units: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    format!(
        "`{text}` is no {what}: write a number and its unit ({}), such as \"{example}\"",
        units.join(", ")
    )
}

/// A decimal number and a unit, in thousandths of the base unit. None if it is something else, finer than a
/// thousandth or beyond all reason.
fn thousandths(text: &str, units: Units) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_')))?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = whole.chars().chain(fraction.chars()).filter(|c| *c != '_').collect();
    if whole.is_empty() || all.len() > 15 || !all.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let places = fraction.chars().filter(|c| *c != '_').count() as u32;
    let (scaled, divisor) = (all.parse::<i128>().ok()? * factor, 10_i128.pow(places));
    let value = if scaled % divisor == 0 { scaled / divisor } else { return None };
    let value = if value > MAX { return None } else { value as i64 };
    Some(if negative { -value } else { value })
}

/// Reads text by `parse`; `expected` is what the error for anything but text says.
pub(super) fn from_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<T>(&'static str, fn(&str) -> Result<T, String>);
    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(expected, parse))
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident by $read:path, $what:literal, $example:literal, [$($unit:literal = $factor:literal),*]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(i64);

        impl $name {
            const UNITS: Units = &[$(($unit, $factor)),*];

            /// A value in thousandths of the base unit.
            pub const fn from_thousandths(thousandths: i64) -> Self {
                Self(thousandths)
            }

            /// The value in thousandths of the base unit.
            pub const fn thousandths(self) -> i64 {
                self.0
            }

            /// The value in the base unit, as a simulation computes with it.
            #[allow(clippy::cast_precision_loss, reason = "a simulation is no more exact than that")]
            pub fn as_f64(self) -> f64 {
                self.0 as f64 / 1000.0
            }

            fn parse(text: &str) -> Result<Self, String> {
                thousandths(text, Self::UNITS)
                    .map(Self)
                    .ok_or_else(|| wrong(text, $what, $example, Self::UNITS))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let expected = concat!("a ", $what, " with its unit in quotes, such as \"", $example, "\"");
                from_text(deserializer, expected, $read)
            }
        }
    };
}

quantity!(
    /// A power, W; negative out of the vehicle.
    Power by Power::parse, "power", "22 kW", ["W" = 1000, "kW" = 1_000_000, "MW" = 1_000_000_000]
);
quantity!(
    /// A current, A; negative out of the vehicle.
    Current by Current::parse, "current", "125 A", ["A" = 1000, "mA" = 1, "kA" = 1_000_000]
);
quantity!(
    /// A voltage, V.
    Voltage by Voltage::parse, "voltage", "400 V", ["V" = 1000, "kV" = 1_000_000]
);
quantity!(
    /// An energy, Wh.
    Energy by Energy::parse, "energy", "60 kWh", ["Wh" = 1000, "kWh" = 1_000_000, "MWh" = 1_000_000_000]
);
quantity!(
    /// A part of a whole, %.
    Share by Share::of_whole, "share", "80 %", ["%" = 1000]
);
quantity!(
    /// A length of time, s.
    Span by Span::not_negative, "length of time", "300 ms", ["ms" = 1, "s" = 1000, "min" = 60_000, "h" = 3_600_000]
);

impl Power {
    /// As messages carry it.
    pub fn watts(self) -> Watts {
        Watts::from_milli(self.0, Rounding::TowardsZero)
    }
}

impl Current {
    /// As messages carry it.
    pub fn amperes(self) -> Amperes {
        Amperes::from_milli(self.0, Rounding::TowardsZero)
    }
}

impl Voltage {
    /// As messages carry it.
    pub fn volts(self) -> Volts {
        Volts::from_milli(self.0, Rounding::TowardsZero)
    }
}

impl Energy {
    /// As messages carry it.
    pub fn watt_hours(self) -> WattHours {
        WattHours::from_milli(self.0, Rounding::TowardsZero)
    }
}

/// Reads a limit or another value that is never negative.
pub(super) fn magnitude<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de> + Default + PartialOrd,
{
    let value = T::deserialize(deserializer)?;
    if value < T::default() {
        return Err(de::Error::custom(
            "this is a magnitude: write it without a sign; its name says the direction",
        ));
    }
    Ok(Some(value))
}

impl Share {
    fn of_whole(text: &str) -> Result<Self, String> {
        Self::parse(text).and_then(|share| {
            if (0..=100_000).contains(&share.0) {
                Ok(share)
            } else {
                Err(format!("`{text}`: a share is 0 % to 100 %"))
            }
        })
    }

    /// 0 for nothing, 1 for the whole.
    pub fn part(self) -> f64 {
        self.as_f64() / 100.0
    }
}

impl Span {
    pub(super) fn not_negative(text: &str) -> Result<Self, String> {
        Self::parse(text).and_then(|span| {
            if span.0 < 0 { Err(format!("`{text}`: time does not run backwards")) } else { Ok(span) }
        })
    }

    pub(super) fn positive(text: &str) -> Result<Self, String> {
        Self::not_negative(text)
            .and_then(|span| if span.0 == 0 { Err(format!("`{text}` is no time at all")) } else { Ok(span) })
    }

    /// The length, which is never negative: see [`Scenario::parse`](super::Scenario::parse).
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::{Current, Energy, Power, Share, Span};

    #[test]
    fn numbers_with_units_are_exact() {
        for (text, thousandths) in [
            ("22 kW", 22_000_000),
            ("22kW", 22_000_000),
            ("-7.4 kW", -7_400_000),
            ("+1_000 W", 1_000_000),
            ("1.25 MW", 1_250_000_000),
            (" 0.001 W ", 1),
        ] {
            assert_eq!(Power::parse(text).map(Power::thousandths), Ok(thousandths), "{text}");
        }
        assert_eq!(Span::parse("1.5 min").unwrap().duration().as_secs(), 90);
        assert_eq!(Energy::parse("60 kWh").unwrap().watt_hours().to_string(), "60000 Wh");
        assert!((Share::parse("12.5 %").unwrap().part() - 0.125).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_quantity_is_said_with_an_example() {
        for text in [
            "",
            "kW",
            "22",
            "22 kA",
            ".5 kW",
            "1.2.3 W",
            "0.0001 W",
            "--1 W",
            "9999999999 MW",
            "1e3 W",
            "१ W",
        ] {
            let error = Power::parse(text).unwrap_err();
            assert!(
                error.contains(&format!("`{text}` is no power")) && error.contains("\"22 kW\""),
                "{error}"
            );
        }
        assert!(Current::parse("1 V").unwrap_err().contains("A, mA, kA"));
    }
}
