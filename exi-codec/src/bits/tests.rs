//! The word-wide reader and writer against a slow model: a vector of bits.

use alloc::vec;
use alloc::vec::Vec;

use bitvec::prelude::{BitVec, Msb0};
use proptest::prelude::*;

use super::{Reader, Writer, copy};
use crate::document::EmptyText;
use crate::error::{ErrorKind, Name};
use crate::value::{Bytes, Integer, RationalNumber, Str};

type Bits = BitVec<u8, Msb0>;

/// Appends the low `width` bits of `value`.
fn model_put(bits: &mut Bits, value: u64, width: u32) {
    for index in (0..width).rev() {
        bits.push(value >> index & 1 == 1);
    }
}

fn model_unsigned(bits: &mut Bits, value: u64) {
    let mut rest = value;
    loop {
        let more = rest >> 7 != 0;
        model_put(bits, rest & 0x7F | if more { 0x80 } else { 0 }, 8);
        rest >>= 7;
        if !more {
            return;
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Put { value: u64, width: u32 },
    U32(u32),
    U64(u64),
    I32(i32),
    Rational { value: i16, exponent: i8 },
    Text(alloc::string::String),
    Octets(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (any::<u64>(), 1_u32..=32)
            .prop_map(|(value, width)| Op::Put { value: value & ((1 << width) - 1), width }),
        any::<u32>().prop_map(Op::U32),
        any::<u64>().prop_map(Op::U64),
        (0_u64..1 << 36).prop_map(Op::U64),
        any::<i32>().prop_map(Op::I32),
        (any::<i16>(), any::<i8>()).prop_map(|(value, exponent)| Op::Rational { value, exponent }),
        "[ -~]{0,40}|\\PC{0,12}".prop_map(Op::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Op::Octets),
    ]
}

fn model(ops: &[Op]) -> Bits {
    let mut bits = Bits::new();
    for op in ops {
        match op {
            Op::Put { value, width } => model_put(&mut bits, *value, *width),
            Op::U32(value) => model_unsigned(&mut bits, u64::from(*value)),
            Op::U64(value) => model_unsigned(&mut bits, *value),
            Op::I32(value) => {
                bits.push(*value < 0);
                model_unsigned(&mut bits, u64::from(if *value < 0 { !*value } else { *value } as u32));
            }
            Op::Rational { value, exponent } => {
                model_put(&mut bits, 0, 2);
                model_put(&mut bits, (i64::from(*exponent) + 128) as u64, 8);
                model_put(&mut bits, 0, 3);
                bits.push(*value < 0);
                model_unsigned(&mut bits, u64::from(if *value < 0 { !*value } else { *value } as u16));
                model_put(&mut bits, 0, 2);
            }
            Op::Text(text) => {
                bits.push(false);
                model_unsigned(&mut bits, text.chars().count() as u64 + 2);
                for c in text.chars() {
                    model_unsigned(&mut bits, u64::from(u32::from(c)));
                }
                bits.push(false);
            }
            Op::Octets(octets) => {
                bits.push(false);
                model_unsigned(&mut bits, octets.len() as u64);
                for octet in octets {
                    model_put(&mut bits, u64::from(*octet), 8);
                }
                bits.push(false);
            }
        }
    }
    bits
}

fn write(ops: &[Op], w: &mut Writer<'_>) {
    for op in ops {
        match op {
            Op::Put { value, width } => w.put(*value, *width),
            Op::U32(value) => w.u32(0, 0, *value),
            Op::U64(value) => w.u64(0, 0, *value),
            Op::I32(value) => w.i32(0, 0, *value),
            Op::Rational { value, exponent } => w.rational(0, 0, RationalNumber::new(*value, *exponent)),
            Op::Text(text) => w.text(0, 0, &Str::new(text), (0, u32::MAX), Name::NONE).unwrap(),
            Op::Octets(octets) => w.bytes(0, 0, &Bytes::new(octets), (0, u32::MAX), Name::NONE).unwrap(),
        }
    }
}

proptest! {
    #[test]
    fn writer_writes_what_the_model_writes(ops in prop::collection::vec(op(), 0..40)) {
        let bits = model(&ops);
        let expected = bits.as_raw_slice().to_vec();
        let mut out = vec![0; expected.len()];
        let mut w = Writer::new(&mut out, EmptyText::AsCharacters);
        write(&ops, &mut w);
        prop_assert_eq!(w.position(), bits.len());
        prop_assert_eq!(w.finish().unwrap(), expected.len());
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn a_short_buffer_tells_the_need(ops in prop::collection::vec(op(), 1..20), missing in 1_usize..20) {
        let bits = model(&ops);
        let mut out = vec![0; bits.as_raw_slice().len().saturating_sub(missing)];
        let mut w = Writer::new(&mut out, EmptyText::AsCharacters);
        write(&ops, &mut w);
        let error = w.finish().unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::BufferTooSmall);
        prop_assert_eq!(error.bit_offset() as usize, bits.len());
    }

    #[test]
    fn reader_reads_what_the_model_wrote(ops in prop::collection::vec(op(), 0..40), slack in 0_usize..12) {
        let bits = model(&ops);
        let mut data = bits.as_raw_slice().to_vec();
        data.resize(data.len() + slack, 0xFF);
        let mut r = Reader::at(&data, 0);
        for op in &ops {
            match op {
                Op::Put { value, width } => {
                    for index in (0..*width).rev() {
                        prop_assert_eq!(u64::from(r.small(0, 1, 2, Name::NONE).unwrap()), value >> index & 1);
                    }
                }
                Op::U32(value) => prop_assert_eq!(r.u32(0, Name::NONE).unwrap(), *value),
                Op::U64(value) => prop_assert_eq!(r.u64(0, Name::NONE).unwrap(), *value),
                Op::I32(value) => prop_assert_eq!(r.i32(0, Name::NONE).unwrap(), *value),
                Op::Rational { value, exponent } => {
                    prop_assert_eq!(r.rational::<RationalNumber>(0, Name::NONE).unwrap().parts(), (*value, *exponent));
                }
                Op::Text(text) => {
                    let view = r.text(1, 0, u32::MAX, Name::NONE).unwrap();
                    prop_assert_eq!(view, text.as_str());
                    let mut copied = vec![0; text.len()];
                    prop_assert_eq!(view.copy_to(&mut copied).unwrap(), text.as_str());
                    prop_assert_eq!(view.len_chars() as usize, text.chars().count());
                }
                Op::Octets(octets) => {
                    let view = r.bytes(1, 0, u32::MAX, Name::NONE).unwrap();
                    prop_assert_eq!(&view, octets.as_slice());
                    let mut copied = vec![0; octets.len()];
                    prop_assert_eq!(view.copy_to(&mut copied).unwrap(), octets.as_slice());
                    prop_assert!(view.iter().eq(octets.iter().copied()));
                }
            }
        }
        prop_assert!(r.is_canonical());
        prop_assert_eq!(r.position(), bits.len());
    }

    #[test]
    fn views_are_written_as_the_slices_they_show(
        text in "[ -~]{0,40}|\\PC{0,12}",
        octets in prop::collection::vec(any::<u8>(), 0..100),
        shift in 0_u32..8,
    ) {
        let ops = [Op::Put { value: 0, width: shift + 1 }, Op::Text(text), Op::Octets(octets)];
        let bits = model(&ops);
        let mut r = Reader::at(bits.as_raw_slice(), shift as usize + 1);
        let view = r.text(1, 0, u32::MAX, Name::NONE).unwrap();
        let bytes = r.bytes(1, 0, u32::MAX, Name::NONE).unwrap();
        let mut out = vec![0; bits.as_raw_slice().len()];
        let mut w = Writer::new(&mut out, EmptyText::AsCharacters);
        w.put(0, shift + 1);
        w.text(0, 0, &view, (0, u32::MAX), Name::NONE).unwrap();
        w.bytes(0, 0, &bytes, (0, u32::MAX), Name::NONE).unwrap();
        w.finish().unwrap();
        prop_assert_eq!(out.as_slice(), bits.as_raw_slice());
    }

    #[test]
    fn copies_at_any_shift(data in prop::collection::vec(any::<u8>(), 0..80), bit in 0_usize..200, len in 0_usize..60) {
        let bits = Bits::from_slice(&data);
        let mut expected = Bits::new();
        for index in bit..bit + len * 8 {
            expected.push(bits.get(index).is_some_and(|b| *b));
        }
        let mut out = vec![0xAA; len];
        copy::octets(&data, bit, &mut out);
        prop_assert_eq!(out.as_slice(), expected.as_raw_slice());
        prop_assert!(copy::octets_equal(&data, bit, &out));
    }

    #[test]
    fn integers_of_any_size_keep_their_value(magnitude in prop::collection::vec(any::<u8>(), 0..40), negate in any::<bool>()) {
        let value = if negate {
            Integer::negative_from_be_bytes(&magnitude)
        } else {
            Integer::from_be_bytes(&magnitude)
        };
        let mut out = vec![0; magnitude.len() * 2 + 4];
        let mut w = Writer::new(&mut out, EmptyText::AsCharacters);
        w.integer(0, 0, &value);
        w.finish().unwrap();
        let mut r = Reader::at(&out, 0);
        let read = r.integer(0, Name::NONE).unwrap();
        prop_assert_eq!(read, value);
        prop_assert!(r.is_canonical());
        let mut buffer = vec![0; magnitude.len()];
        let start = magnitude.iter().position(|&octet| octet != 0).unwrap_or(magnitude.len());
        prop_assert_eq!(read.magnitude_be(&mut buffer).unwrap(), &magnitude[start..]);
        let mut again = vec![0; out.len()];
        let mut w = Writer::new(&mut again, EmptyText::AsCharacters);
        w.integer(0, 0, &read);
        w.finish().unwrap();
        prop_assert_eq!(again, out);
    }

    #[test]
    fn any_bits_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..40), bit in 0_usize..64) {
        let reader = || Reader::at(&data, bit.min(data.len() * 8));
        let _ = reader().u16(2, Name::NONE);
        let _ = reader().u64(1, Name::NONE);
        let _ = reader().rational::<RationalNumber>(3, Name::NONE);
        let _ = reader().integer(1, Name::NONE);
        if let Ok(text) = reader().text(1, 0, u32::MAX, Name::NONE) {
            prop_assert_eq!(text.chars().count(), text.len_chars() as usize);
        }
        if let Ok(bytes) = reader().bytes(1, 0, u32::MAX, Name::NONE) {
            prop_assert!(bytes.len() <= data.len());
        }
    }
}

/// Reads with `read`, which must fail with `kind` at `bit`.
fn refused<'a, T: core::fmt::Debug>(
    data: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, crate::Fault>,
    kind: ErrorKind,
    bit: u32,
) {
    let mut r = Reader::at(data, 0);
    let fault = read(&mut r).map(|_| ()).unwrap_err();
    let error = r.take_error(fault);
    assert_eq!((error.kind(), error.bit_offset()), (kind, bit));
}

#[test]
fn faults_name_kind_and_place() {
    let n = Name::NONE;
    // The third of three lead zeros is set.
    refused(&[0b0010_0000, 0, 0], |r| r.u16(3, n), ErrorKind::Deviation, 2);
    refused(&[0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0], |r| r.u16(0, n), ErrorKind::IntegerRange, 0);
    refused(&[0x80, 0x80, 0x80, 0x01], |r| r.u16(0, n), ErrorKind::IntegerRange, 0);
    refused(&[0b0110_0000], |r| r.event(0, 3, 2, n), ErrorKind::EventCode, 0);
    refused(&[0b0100_0000], |r| r.event(0, 3, 2, n), ErrorKind::Deviation, 0);
    refused(&[0b1110_0000, 0], |r| r.enumeration(0, 3, 5, n), ErrorKind::Enumeration, 0);
    refused(&[0x01, 0x41], |r| r.string(0, 0, 9, n), ErrorKind::StringTable, 0);
    refused(&[0x05, 0x41, 0x41, 0x41], |r| r.string(0, 0, 2, n), ErrorKind::Length, 0);
    refused(&[0x05, 0x41, 0x41], |r| r.string(0, 0, 9, n), ErrorKind::UnexpectedEnd, 24);
    // A surrogate, U+D800.
    refused(&[0x03, 0x80, 0xB0, 0x03, 0], |r| r.string(0, 0, 9, n), ErrorKind::Character, 8);
    refused(&[0x04, 1, 2, 3], |r| r.binary(0, 0, 9, n), ErrorKind::UnexpectedEnd, 32);
    refused(&[0x07, 1, 2, 3, 4, 5, 6, 7, 8], |r| r.array::<8>(0, n), ErrorKind::Length, 0);
    // The second event inside a rational number, bit 10, is not zero.
    refused(&[0x20, 0x20, 0, 0, 0], |r| r.rational::<RationalNumber>(0, n), ErrorKind::Deviation, 10);
    refused(&[0x7F, 0xFF], |r| r.integer(0, n), ErrorKind::UnexpectedEnd, 16);
}

#[test]
fn padded_integers_are_read_and_noticed() {
    for (data, value) in [(&[0x81_u8, 0x00][..], 1_u64), (&[0x81, 0x80, 0x80, 0x80, 0x80, 0x00], 1)] {
        let mut r = Reader::at(data, 0);
        assert_eq!(r.u64(0, Name::NONE), Ok(value));
        assert!(!r.is_canonical());
    }
}
