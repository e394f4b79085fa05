//! Reading values of simple types, with their facets.

use super::ErrorKind;
use super::bits::BitReader;
use super::data::{Kind, Simple};
use super::state::code_width;
use super::value::{BigInteger, Octets, Text, Value};

/// Octets that a code point may take: 21 bits.
pub(super) const CHARACTER_OCTETS: u32 = 3;

/// Octets that a length may take: 32 bits.
const LENGTH_OCTETS: u32 = 5;

/// How an integer type is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegerCode {
    /// Offset from the smallest value in a fixed number of bits.
    Fixed { min: i128, max: i128, width: u32 },
    /// Groups of seven bits, at most as many octets as the machine integer that holds the type can need.
    Groups { signed: bool, octets: Option<u32> },
}

/// Bits of the smallest machine integer that holds `value`, less the sign bit.
fn machine_bits(value: i128, signed: bool) -> u32 {
    let magnitude = if value < 0 { -1 - value } else { value };
    let needed = 128 - magnitude.leading_zeros() + u32::from(signed);
    needed.next_power_of_two().max(8) - u32::from(signed)
}

/// The coding of an integer type with these bounds.
pub(super) fn integer_code(min: Option<i128>, max: Option<i128>) -> IntegerCode {
    match (min, max) {
        (Some(min), Some(max)) if (0..4096).contains(&(max - min)) => {
            IntegerCode::Fixed { min, max, width: code_width((max - min + 1) as usize) }
        }
        _ => {
            let signed = min.is_none_or(|min| min < 0);
            let octets = match (min, max) {
                (Some(min), Some(max)) => {
                    Some(machine_bits(min, signed).max(machine_bits(max, signed)).div_ceil(7))
                }
                _ => None,
            };
            IntegerCode::Groups { signed, octets }
        }
    }
}

/// Refuses a value outside of the bounds.
pub(super) fn check_range(value: i128, min: Option<i128>, max: Option<i128>) -> Result<(), ErrorKind> {
    if min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max) {
        return Err(ErrorKind::IntegerRange);
    }
    Ok(())
}

/// Refuses a length outside of the bounds.
pub(super) fn check_length(length: u32, min: u32, max: Option<u32>) -> Result<(), ErrorKind> {
    if length < min || max.is_some_and(|max| length > max) {
        return Err(ErrorKind::Length);
    }
    Ok(())
}

/// True if the empty text is a value of the type as far as its kind goes, whatever the facets.
pub(super) fn may_be_empty(kind: Kind) -> bool {
    matches!(kind, Kind::String { .. } | Kind::Binary { .. })
}

/// Checks that the empty text is a value of the type.
pub(super) fn check_empty(kind: Kind) -> Result<(), ErrorKind> {
    match kind {
        Kind::String { min, max } | Kind::Binary { min, max, .. } => check_length(0, min, max),
        _ => Err(ErrorKind::MissingContent),
    }
}

/// Reads a value.
pub(super) fn read<'a>(bits: &mut BitReader<'a>, simple: &Simple) -> Result<Value<'a>, ErrorKind> {
    match simple.kind {
        Kind::Boolean => bits.bit().map(Value::Boolean),
        Kind::Integer { min, max } => integer(bits, min, max),
        Kind::Enumeration(literals) => {
            let index = bits.number(code_width(literals.len()))? as usize;
            let literal = literals.get(index).copied().ok_or(ErrorKind::EnumerationIndex)?;
            Ok(Value::Enumeration { index, literal })
        }
        Kind::String { min, max } => {
            let length = length(bits)?.checked_sub(2).ok_or(ErrorKind::StringTableHit)?;
            check_length(length, min, max)?;
            let at = *bits;
            for _ in 0..length {
                let code = bits.unsigned(CHARACTER_OCTETS).map_err(|kind| match kind {
                    ErrorKind::IntegerLength => ErrorKind::Character,
                    other => other,
                })?;
                u32::try_from(code).ok().and_then(char::from_u32).ok_or(ErrorKind::Character)?;
            }
            Ok(Value::String(Text { at, length }))
        }
        Kind::Binary { text, min, max } => {
            let length = length(bits)?;
            check_length(length, min, max)?;
            let octets = Octets { at: *bits, length };
            for _ in 0..length {
                bits.octet()?;
            }
            Ok(Value::Binary { octets, text })
        }
    }
}

fn length(bits: &mut BitReader<'_>) -> Result<u32, ErrorKind> {
    u32::try_from(bits.unsigned(LENGTH_OCTETS)?).map_err(|_| ErrorKind::IntegerLength)
}

fn integer<'a>(
    bits: &mut BitReader<'a>,
    min: Option<i128>,
    max: Option<i128>,
) -> Result<Value<'a>, ErrorKind> {
    match integer_code(min, max) {
        IntegerCode::Fixed { min, max, width } => {
            let value = min + i128::from(bits.number(width)?);
            check_range(value, Some(min), Some(max))?;
            Ok(Value::Integer(value))
        }
        IntegerCode::Groups { signed, octets: Some(octets) } => {
            let negative = signed && bits.bit()?;
            // At most ten octets: 70 bits.
            let magnitude = bits.unsigned(octets)? as i128;
            let value = if negative { -1 - magnitude } else { magnitude };
            check_range(value, min, max)?;
            Ok(Value::Integer(value))
        }
        IntegerCode::Groups { signed, octets: None } => {
            let negative = signed && bits.bit()?;
            let at = *bits;
            let mut groups = 1;
            for index in 1.. {
                let octet = bits.octet()?;
                if octet & 0x7F != 0 {
                    groups = index;
                }
                if octet & 0x80 == 0 {
                    break;
                }
            }
            let value = BigInteger { at, groups, negative };
            match value.to_i128() {
                Some(small) => check_range(small, min, max)?,
                // Beyond any bound on its side.
                None if negative && min.is_some() || !negative && max.is_some() => {
                    return Err(ErrorKind::IntegerRange);
                }
                None => {}
            }
            Ok(Value::BigInteger(value))
        }
    }
}
