//! Writing DER with an allocator.

use alloc::vec::Vec;

use der::asn1::ObjectIdentifier;

use crate::time::Time;

/// An element with this tag octet.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let mut out = Vec::with_capacity(length + 4);
    out.push(tag);
    match length {
        0..=0x7F => out.push(length as u8),
        0x80..=0xFF => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(value);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

pub(crate) fn octets(value: &[u8]) -> Vec<u8> {
    tlv(0x04, value)
}

pub(crate) fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], octets].concat())
}

/// Named bits, bit 0 highest.
pub(crate) fn named_bits(bits: u16) -> Vec<u8> {
    let [high, low] = bits.to_be_bytes();
    let last = if low == 0 { high } else { low };
    let unused = if last == 0 { 0 } else { last.trailing_zeros() as u8 };
    match (high, low) {
        (0, 0) => tlv(0x03, &[0]),
        (_, 0) => tlv(0x03, &[unused, high]),
        _ => tlv(0x03, &[unused, high, low]),
    }
}

pub(crate) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, oid.as_bytes())
}

/// A non-negative integer from its magnitude.
pub(crate) fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|octet| **octet == 0).count();
    let trimmed = magnitude.get(zeros..).unwrap_or_default();
    match trimmed.first() {
        None => tlv(0x02, &[0]),
        Some(0x80..) => tlv(0x02, &[&[0], trimmed].concat()),
        Some(_) => tlv(0x02, trimmed),
    }
}

pub(crate) fn small(value: u8) -> Vec<u8> {
    unsigned(&[value])
}

pub(crate) fn flag() -> Vec<u8> {
    tlv(0x01, &[0xFF])
}

pub(crate) fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

/// Context-specific, constructed.
pub(crate) fn explicit(number: u8, value: &[u8]) -> Vec<u8> {
    tlv(0xA0 | number, value)
}

/// `ECDSA-Sig-Value` from r and s.
pub(crate) fn signature(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    sequence(&[&unsigned(r), &unsigned(s)])
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5).
pub(crate) fn time(time: Time) -> Vec<u8> {
    let (year, ..) = time.date();
    if (1950..2050).contains(&year) {
        let text = generalized_text(time);
        tlv(0x17, text.get(2..).unwrap_or_default())
    } else {
        generalized(time)
    }
}

pub(crate) fn generalized(time: Time) -> Vec<u8> {
    tlv(0x18, &generalized_text(time))
}

fn generalized_text(time: Time) -> Vec<u8> {
    let (year, month, day) = time.date();
    let second = time.unix().rem_euclid(86_400);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    alloc::format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{:02}Z", second % 60).into_bytes()
}
