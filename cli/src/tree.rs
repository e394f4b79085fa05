//! A message as a tree in the terms of its schema: what every form of input and output has in common.

mod json;
mod table;
mod xml;

use crate::input::to_hex;
pub(crate) use table::{Row, lines, printable, rows, text};

/// Namespace and local name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Empty where the schema leaves a name unqualified, or where the input did not say.
    pub(crate) namespace: String,
    pub(crate) local: String,
}

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: Name,
    pub(crate) attributes: Vec<(Name, Value)>,
    pub(crate) content: Vec<Node>,
}

/// Something inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Value(Value),
}

/// A simple value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Boolean(bool),
    /// Canonical decimal digits, of any length.
    Integer(String),
    /// Strings, enumerations, and whatever an untyped input holds.
    Text(String),
    /// `xs:hexBinary`.
    Hex(Vec<u8>),
    /// `xs:base64Binary`.
    Base64(Vec<u8>),
}

impl Value {
    /// The canonical form of XML Schema.
    pub(crate) fn lexical(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(text) | Self::Text(text) => text.clone(),
            Self::Hex(bytes) => to_hex(bytes).to_uppercase(),
            Self::Base64(bytes) => base64(bytes),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, b| group << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

impl Element {
    /// The value of an element of simple content.
    pub(crate) fn value(&self) -> Option<&Value> {
        match self.content.as_slice() {
            [Node::Value(value)] => Some(value),
            _ => None,
        }
    }

    /// The number that an element with the two children of a rational number stands for, exactly.
    fn rational(&self) -> Option<String> {
        let [Node::Element(exponent), Node::Element(value)] = self.content.as_slice() else { return None };
        let integer = |element: &Element, name| match element.value() {
            Some(Value::Integer(digits)) if element.name.local == name => digits.parse::<i32>().ok(),
            _ => None,
        };
        Some(decimal(integer(value, "Value")?, integer(exponent, "Exponent")?))
    }
}

/// `value` times ten to the power of `exponent`, all digits written out unless they are very many.
fn decimal(value: i32, exponent: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    match exponent {
        _ if value == 0 => "0".to_owned(),
        13.. | ..=-13 => format!("{value}e{exponent}"),
        0.. => format!("{sign}{digits}{}", "0".repeat(exponent as usize)),
        _ => {
            let places = exponent.unsigned_abs() as usize;
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            format!("{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{base64, decimal};

    #[test]
    fn rational_numbers_are_written_exactly() {
        let cases = [
            (4000, -1, "400.0"),
            (-5, 0, "-5"),
            (5, -3, "0.005"),
            (-32768, 2, "-3276800"),
            (0, -128, "0"),
            (7, 127, "7e127"),
            (123, -3, "0.123"),
        ];
        for (value, exponent, text) in cases {
            assert_eq!(decimal(value, exponent), text);
        }
    }

    #[test]
    fn base64_pads_to_four_digits() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\u{7ff}b", "379i")];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
