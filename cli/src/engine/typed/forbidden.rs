//! What xmldsig allows and V2G forbids: the typed codec carries it as bits, the interpreter reads and writes these.

use std::ops::Range;

use exi_codec::grammar::{self, Decoder, skip_element};
use exi_codec::{EmptyText, Opaque};

use super::super::{Coding, EngineError, Set, grammar as interpreter};
use super::namespaces::XMLDSIG;
use crate::tree::Element;

/// Bits in front of the content of a fragment: header and event code of its element.
const CONTENT: usize = 8 + 6;

/// Bits of the event code between two elements in a row. It is always zero: another one.
fn separator(name: &str) -> usize {
    if name == "XPath" { 3 } else { 2 }
}

fn declaration(name: &str) -> Result<&'static grammar::Element, EngineError> {
    let set = grammar::Set::by_key(Set::Xmldsig.name());
    let found = set.and_then(|set| set.element(XMLDSIG, name));
    found.ok_or_else(|| EngineError(format!("{name} is not declared by xmldsig")))
}

/// The elements that `value` holds.
pub(super) fn trees(name: &str, value: &Opaque<'_>) -> Result<Vec<Element>, EngineError> {
    let declaration = declaration(name)?;
    let Range { start, end } = value.bits();
    let (mut at, end) = (start as usize, end as usize);
    let mut elements = Vec::new();
    loop {
        let mut decoder = Decoder::element(declaration, value.stream(), at)?;
        elements.push(interpreter::content(declaration, &mut decoder)?);
        at = decoder.bits_consumed() + separator(name);
        if at >= end {
            return Ok(elements);
        }
    }
}

/// A stream with the elements, and the bits where they stand in it.
pub(super) fn encode(
    name: &str,
    elements: &[&Element],
    empty: EmptyText,
) -> Result<(Vec<u8>, Range<u32>), EngineError> {
    let declaration = declaration(name)?;
    let mut bits: Vec<bool> = Vec::new();
    for element in elements {
        if !bits.is_empty() {
            bits.extend(std::iter::repeat_n(false, separator(name)));
        }
        let fragment = interpreter::encode(Set::Xmldsig, Coding::Fragment, element, empty)?;
        let end = skip_element(declaration, &fragment, CONTENT)?;
        bits.extend((CONTENT..end).map(|bit| fragment[bit / 8] << (bit % 8) & 0x80 != 0));
    }
    let octets = bits
        .chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |octet, (i, bit)| octet | u8::from(*bit) << (7 - i)));
    Ok((octets.collect(), 0..bits.len() as u32))
}
