//! Integers of any size in decimal notation.

use alloc::string::String;
use alloc::vec::Vec;

use crate::value::Integer;

/// The number in decimal notation.
pub fn integer_to_decimal(value: &Integer<'_>) -> String {
    let mut magnitude = alloc::vec![0; value.len_bytes()];
    // The buffer has the size asked for.
    let _ = value.magnitude_be(&mut magnitude);
    let mut digits = Vec::new();
    while magnitude.iter().any(|&octet| octet != 0) {
        let mut rest = 0_u32;
        for octet in &mut magnitude {
            let part = rest << 8 | u32::from(*octet);
            *octet = (part / 10) as u8;
            rest = part % 10;
        }
        digits.push(b'0' + rest as u8);
    }
    if digits.is_empty() {
        digits.push(b'0');
    }
    let sign = value.is_negative().then_some('-');
    sign.into_iter().chain(digits.into_iter().rev().map(char::from)).collect()
}

/// Magnitude (big-endian) and sign of a number in decimal notation.
pub fn integer_from_decimal(text: &str) -> Option<(Vec<u8>, bool)> {
    let (digits, negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    if digits.is_empty() {
        return None;
    }
    // Least significant octet first while it grows.
    let mut magnitude: Vec<u8> = Vec::new();
    for digit in digits.chars() {
        let mut carry = digit.to_digit(10)?;
        for octet in &mut magnitude {
            let part = u32::from(*octet) * 10 + carry;
            *octet = part as u8;
            carry = part >> 8;
        }
        if carry > 0 {
            magnitude.push(carry as u8);
        }
    }
    magnitude.reverse();
    Some((magnitude, negative))
}
