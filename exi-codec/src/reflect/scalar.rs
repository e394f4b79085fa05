//! Simple types as text.

use alloc::vec::Vec;
use core::str::FromStr;

use super::{Reflect, Source, Text, Value, Visitor, integer_from_decimal, kind};
use crate::value::{Bytes, Element, Integer, Lazy, Positive, Quantity, Ranged, RationalNumber, Str, Unit};

/// A value of a simple type. Implemented by generated code.
pub(crate) trait Scalar<'a>: Sized {
    /// The value.
    fn value(&self, form: Text) -> Value<'_>;

    /// The value with this text, if there is one.
    fn parse<S: Source<'a>>(text: &'a str, form: Text, s: &S) -> Option<Self>;
}

/// Elements of a simple type have text and nothing else.
macro_rules! element_of_text {
    ($([$($generics:tt)*] $ty:ty),*) => {$(
        impl<'a, $($generics)*> Reflect<'a> for $ty {
            fn walk(&self, v: &mut dyn Visitor) {
                v.text(self.value(Text::Base64));
            }

            fn build<S: Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
                kind::text::build(s, "")
            }
        }
    )*};
}

macro_rules! integers {
    ($($ty:ty => $variant:ident),*) => {$(
        impl<'a> Scalar<'a> for $ty {
            fn value(&self, _: Text) -> Value<'_> {
                Value::$variant((*self).into())
            }

            fn parse<S: Source<'a>>(text: &'a str, _: Text, _: &S) -> Option<Self> {
                number(text)
            }
        }

        element_of_text!([] $ty);
    )*};
}

integers!(u8 => Unsigned, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned, i8 => Signed, i16 => Signed, i32 => Signed);

impl<'a> Scalar<'a> for bool {
    fn value(&self, _: Text) -> Value<'_> {
        Value::Boolean(*self)
    }

    fn parse<S: Source<'a>>(text: &'a str, _: Text, _: &S) -> Option<Self> {
        match token(text) {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl<'a> Scalar<'a> for Str<'a> {
    fn value(&self, _: Text) -> Value<'_> {
        Value::Text(*self)
    }

    fn parse<S: Source<'a>>(text: &'a str, _: Text, _: &S) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl<'a> Scalar<'a> for Bytes<'a> {
    fn value(&self, form: Text) -> Value<'_> {
        Value::Binary(*self, form)
    }

    fn parse<S: Source<'a>>(text: &'a str, form: Text, s: &S) -> Option<Self> {
        Some(Self::new(s.keep(octets(text, form)?)))
    }
}

impl<'a, const N: usize> Scalar<'a> for [u8; N] {
    fn value(&self, form: Text) -> Value<'_> {
        Value::Binary(Bytes::new(self), form)
    }

    fn parse<S: Source<'a>>(text: &'a str, form: Text, _: &S) -> Option<Self> {
        octets(text, form)?.try_into().ok()
    }
}

impl<'a> Scalar<'a> for Integer<'a> {
    fn value(&self, _: Text) -> Value<'_> {
        Value::Integer(*self)
    }

    fn parse<S: Source<'a>>(text: &'a str, _: Text, s: &S) -> Option<Self> {
        let (magnitude, negative) = integer_from_decimal(token(text))?;
        let magnitude = s.keep(magnitude);
        Some(if negative { Self::negative_from_be_bytes(magnitude) } else { Self::from_be_bytes(magnitude) })
    }
}

impl<'a, const MIN: u16, const MAX: u16> Scalar<'a> for Ranged<MIN, MAX> {
    fn value(&self, _: Text) -> Value<'_> {
        Value::Unsigned(self.get().into())
    }

    fn parse<S: Source<'a>>(text: &'a str, _: Text, _: &S) -> Option<Self> {
        Self::new(number(text)?)
    }
}

impl<'a> Scalar<'a> for Positive {
    fn value(&self, _: Text) -> Value<'_> {
        Value::Unsigned(self.get().into())
    }

    fn parse<S: Source<'a>>(text: &'a str, _: Text, _: &S) -> Option<Self> {
        Self::new(number(text)?)
    }
}

element_of_text!(
    [] bool,
    [] Str<'a>,
    [] Bytes<'a>,
    [] Integer<'a>,
    [] Positive,
    [const N: usize] [u8; N],
    [const MIN: u16, const MAX: u16] Ranged<MIN, MAX>
);

impl<'a> Reflect<'a> for RationalNumber {
    fn walk(&self, v: &mut dyn Visitor) {
        let (value, exponent) = self.parts();
        kind::element::walk(v, "Exponent", &exponent);
        kind::element::walk(v, "Value", &value);
    }

    fn build<S: Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
        let exponent = kind::element::build(s, "Exponent")?;
        let value = kind::element::build(s, "Value")?;
        s.finish()?;
        Ok(Self::new(value, exponent))
    }
}

impl<'a, U: Unit> Reflect<'a> for Quantity<U> {
    fn walk(&self, v: &mut dyn Visitor) {
        self.number().walk(v);
    }

    fn build<S: Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
        RationalNumber::build(s).map(Self::from)
    }
}

impl<'a, T: Reflect<'a> + Element<'a> + Default> Reflect<'a> for Lazy<'a, T> {
    fn walk(&self, v: &mut dyn Visitor) {
        self.get().walk(v);
    }

    fn build<S: Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
        let value = T::build(s)?;
        match s.keep(alloc::vec![value]) {
            [kept] => Ok(Self::new(kept)),
            _ => Err(s.missing("")),
        }
    }
}

/// White space of XML.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The text without white space around it, which only strings and enumerations keep.
fn token(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A number; unsigned ones have a zero with a sign too.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let token = token(text);
    let zero = token.strip_prefix('-').filter(|digits| digits.bytes().all(|digit| digit == b'0'));
    zero.unwrap_or(token).parse().ok()
}

fn octets(text: &str, form: Text) -> Option<Vec<u8>> {
    match form {
        Text::Base64 => {
            use base64ct::{Base64, Encoding};
            let digits: Vec<u8> = text.bytes().filter(|&octet| !is_space(char::from(octet))).collect();
            Base64::decode_vec(core::str::from_utf8(&digits).ok()?).ok()
        }
        Text::Hex => {
            let digits = token(text).as_bytes();
            if !digits.len().is_multiple_of(2) {
                return None;
            }
            let digit = |octet: u8| char::from(octet).to_digit(16);
            digits
                .chunks_exact(2)
                .map(|pair| match pair {
                    [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
                    _ => None,
                })
                .collect()
        }
    }
}
