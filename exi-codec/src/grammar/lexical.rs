//! Writing values of simple types from their text form in XML.

use super::ErrorKind;
use super::bits::BitWriter;
use super::data::{BinaryText, Kind, Simple};
use super::simple::{IntegerCode, check_length, check_range, integer_code};
use super::state::code_width;

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Writes the value that `text` stands for.
pub(super) fn write(bits: &mut BitWriter<'_>, simple: &Simple, text: &str) -> Result<(), ErrorKind> {
    let token = text.trim_matches(is_space);
    match simple.kind {
        Kind::Boolean => match token {
            "true" | "1" => bits.bit(true),
            "false" | "0" => bits.bit(false),
            _ => Err(ErrorKind::Lexical),
        },
        Kind::Integer { min, max } => integer(bits, token, min, max),
        Kind::Enumeration(literals) => {
            let index = literals.iter().position(|literal| *literal == text).ok_or(ErrorKind::Lexical)?;
            bits.number(index as u64, code_width(literals.len()))
        }
        Kind::String { min, max } => {
            let length = u32::try_from(text.chars().count()).map_err(|_| ErrorKind::Length)?;
            check_length(length, min, max)?;
            bits.unsigned(u128::from(length) + 2)?;
            text.chars().try_for_each(|c| bits.unsigned(u128::from(u32::from(c))))
        }
        Kind::Binary { text: form, min, max } => {
            let length = match form {
                BinaryText::Hex => hex(token).try_fold(0u32, count)?,
                BinaryText::Base64 => base64(text).try_fold(0u32, count)?,
            };
            check_length(length, min, max)?;
            bits.unsigned(u128::from(length))?;
            let mut octet = |octet: Result<u8, ErrorKind>| bits.number(u64::from(octet?), 8);
            match form {
                BinaryText::Hex => hex(token).try_for_each(&mut octet),
                BinaryText::Base64 => base64(text).try_for_each(&mut octet),
            }
        }
    }
}

fn count(sum: u32, octet: Result<u8, ErrorKind>) -> Result<u32, ErrorKind> {
    octet?;
    sum.checked_add(1).ok_or(ErrorKind::Length)
}

/// Sign and digits of an integer, without leading zeros.
fn decimal(token: &str) -> Result<(bool, &str), ErrorKind> {
    let (negative, digits) = match token.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(ErrorKind::Lexical);
    }
    let digits = digits.trim_start_matches('0');
    Ok((negative && !digits.is_empty(), digits))
}

fn integer(
    bits: &mut BitWriter<'_>,
    token: &str,
    min: Option<i128>,
    max: Option<i128>,
) -> Result<(), ErrorKind> {
    let (negative, digits) = decimal(token)?;
    // 38 digits always fit, more than any machine integer needs.
    let small = (digits.len() <= 38).then(|| {
        let magnitude = digits.bytes().fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        if negative { -magnitude } else { magnitude }
    });
    match small {
        Some(value) => check_range(value, min, max)?,
        None if negative && min.is_some() || !negative && max.is_some() => {
            return Err(ErrorKind::IntegerRange);
        }
        None => {}
    }
    match (integer_code(min, max), small) {
        (IntegerCode::Fixed { min, width, .. }, Some(value)) => bits.number((value - min) as u64, width),
        (IntegerCode::Groups { signed, .. }, Some(value)) => {
            if signed {
                bits.bit(negative)?;
            }
            bits.unsigned((if negative { -1 - value } else { value }) as u128)
        }
        (IntegerCode::Groups { signed, .. }, None) => {
            if signed {
                bits.bit(negative)?;
            }
            long_magnitude(bits, digits, negative)
        }
        (IntegerCode::Fixed { .. }, None) => Err(ErrorKind::IntegerRange),
    }
}

/// Converts many digits into groups of seven bits, in place in the output: no other memory is needed.
fn long_magnitude(bits: &mut BitWriter<'_>, digits: &str, negative: bool) -> Result<(), ErrorKind> {
    let start = bits.position();
    let mut groups = 0;
    for digit in digits.bytes() {
        let mut carry = u32::from(digit - b'0');
        for group in 0..groups {
            let at = start + 8 * group;
            carry += u32::from(bits.octet_at(at)) * 10;
            bits.replace_octet(at, carry as u8 & 0x7F);
            carry >>= 7;
        }
        while carry > 0 {
            bits.number(u64::from(carry & 0x7F), 8)?;
            groups += 1;
            carry >>= 7;
        }
    }
    if negative {
        // The magnitude of a negative value is one less; the number is not zero.
        for group in 0..groups {
            let at = start + 8 * group;
            let octet = bits.octet_at(at);
            bits.replace_octet(at, octet.wrapping_sub(1) & 0x7F);
            if octet != 0 {
                break;
            }
        }
    }
    while groups > 1 && bits.octet_at(start + 8 * (groups - 1)) == 0 {
        groups -= 1;
        bits.truncate(start + 8 * groups);
    }
    for group in 0..groups.saturating_sub(1) {
        let at = start + 8 * group;
        let octet = bits.octet_at(at);
        bits.replace_octet(at, octet | 0x80);
    }
    Ok(())
}

fn hex(token: &str) -> impl Iterator<Item = Result<u8, ErrorKind>> + '_ {
    token.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => match ((*high as char).to_digit(16), (*low as char).to_digit(16)) {
            (Some(high), Some(low)) => Ok((high << 4 | low) as u8),
            _ => Err(ErrorKind::Lexical),
        },
        _ => Err(ErrorKind::Lexical),
    })
}

fn base64(text: &str) -> impl Iterator<Item = Result<u8, ErrorKind>> + '_ {
    let mut characters = text.chars().filter(|c| !is_space(*c)).peekable();
    let mut pending: (u32, u32) = (0, 0);
    let mut failed = false;
    core::iter::from_fn(move || {
        while !failed {
            let (value, width) = pending;
            if width >= 8 {
                pending = (value & ((1 << (width - 8)) - 1), width - 8);
                return Some(Ok((value >> (width - 8)) as u8));
            }
            let digit = match characters.next() {
                Some(c) => match digit64(c) {
                    Some(digit) => digit,
                    None if c == '=' && padding_ends(width, value, &mut characters) => {
                        failed = true;
                        return None;
                    }
                    None => {
                        failed = true;
                        return Some(Err(ErrorKind::Lexical));
                    }
                },
                None if width == 0 => return None,
                None => {
                    failed = true;
                    return Some(Err(ErrorKind::Lexical));
                }
            };
            pending = (value << 6 | digit, width + 6);
        }
        None
    })
}

/// True if `=` may stand after `width` left-over bits, and nothing but the rest of the padding follows.
fn padding_ends(width: u32, value: u32, rest: &mut impl Iterator<Item = char>) -> bool {
    let more = match width {
        4 => rest.next() == Some('='),
        2 => true,
        _ => false,
    };
    more && value == 0 && rest.next().is_none()
}

fn digit64(c: char) -> Option<u32> {
    Some(match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '+' => 62,
        '/' => 63,
        _ => return None,
    })
}
