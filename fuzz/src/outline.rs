//! A message as a list of what is in it, by either executor.

use exi_codec::grammar::{self, BigInteger, Decoder, Element, Event, EventKind, Set};
use exi_codec::reflect::{Root, Value, Visitor};
use exi_codec::{Integer, Opaque};

const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Something in a message. Values are in the form that both executors can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Start(&'static str),
    End,
    Attribute(&'static str, Content),
    Text(Content),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Boolean(bool),
    Number(i128),
    /// Sign and magnitude, big-endian.
    Large(bool, Vec<u8>),
    Octets(Vec<u8>),
}

/// What the interpreter sees, and how many octets it used.
pub(crate) fn interpreted(
    set: &'static Set,
    coding: grammar::Root,
    input: &[u8],
) -> Result<(Vec<Item>, usize), grammar::Error> {
    let mut decoder = Decoder::new(set, coding, input);
    let mut items = Vec::new();
    while let Some(event) = decoder.next()? {
        push(&mut items, event);
    }
    Ok((items, input.len() - decoder.trailing_octets()))
}

fn push(items: &mut Vec<Item>, event: Event<'_>) {
    match event.kind {
        EventKind::StartElement(element) => items.push(Item::Start(element.name.local)),
        EventKind::Attribute { attribute, value } => {
            items.push(Item::Attribute(attribute.name.local, interpreted_value(value)));
        }
        EventKind::Characters { value, .. } => items.push(Item::Text(interpreted_value(value))),
        EventKind::EndElement(_) => {
            // Empty text that is not there.
            if event.code.second.is_some() {
                items.push(Item::Text(Content::Octets(Vec::new())));
            }
            items.push(Item::End);
        }
        EventKind::EndDocument => {}
    }
}

fn interpreted_value(value: grammar::Value<'_>) -> Content {
    match value {
        grammar::Value::Boolean(value) => Content::Boolean(value),
        grammar::Value::Integer(value) => Content::Number(value),
        grammar::Value::BigInteger(value) => large(&value),
        grammar::Value::Enumeration { literal, .. } => Content::Octets(literal.into()),
        grammar::Value::String(text) => Content::Octets(text.chars().collect::<String>().into_bytes()),
        grammar::Value::Binary { octets, .. } => Content::Octets(octets.bytes().collect()),
    }
}

/// The magnitude from groups of seven bits, least significant first; a negative number stands one off zero.
fn large(value: &BigInteger<'_>) -> Content {
    let mut magnitude = Vec::new();
    let (mut pending, mut bits) = (0_u32, 0);
    for group in value.groups() {
        pending |= u32::from(group) << bits;
        bits += 7;
        while bits >= 8 {
            magnitude.push(pending as u8);
            pending >>= 8;
            bits -= 8;
        }
    }
    magnitude.extend([pending as u8, 0]);
    if value.is_negative() {
        for octet in &mut magnitude {
            let (sum, carry) = octet.overflowing_add(1);
            *octet = sum;
            if !carry {
                break;
            }
        }
    }
    let used = magnitude.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    magnitude.truncate(used);
    magnitude.reverse();
    Content::Large(value.is_negative(), magnitude)
}

/// What the typed codec sees.
pub(crate) fn typed<'a>(message: &impl Root<'a>) -> Vec<Item> {
    let mut outline = Outline(Vec::new());
    message.walk(&mut outline);
    outline.0
}

struct Outline(Vec<Item>);

impl Visitor for Outline {
    fn start(&mut self, name: &'static str) {
        self.0.push(Item::Start(name));
    }

    fn end(&mut self) {
        self.0.push(Item::End);
    }

    fn attribute(&mut self, name: &'static str, value: Value<'_>) {
        self.0.push(Item::Attribute(name, typed_value(value)));
    }

    fn text(&mut self, value: Value<'_>) {
        self.0.push(Item::Text(typed_value(value)));
    }

    /// Carried as bits by the typed codec, which the interpreter has to read.
    fn opaque(&mut self, name: &'static str, value: &Opaque<'_>) {
        let declaration: &'static Element = Set::by_key("xmldsig")
            .and_then(|set| set.element(XMLDSIG, name))
            .expect("what is carried is declared");
        // The event code between two elements.
        let separator = if name == "XPath" { 3 } else { 2 };
        let (mut at, end) = (value.bits().start as usize, value.bits().end as usize);
        while at < end {
            self.0.push(Item::Start(name));
            let mut decoder = Decoder::element(declaration, value.stream(), at).expect("validated");
            while let Some(event) = decoder.next().expect("validated") {
                push(&mut self.0, event);
            }
            at = decoder.bits_consumed() + separator;
        }
    }
}

fn typed_value(value: Value<'_>) -> Content {
    match value {
        Value::Boolean(value) => Content::Boolean(value),
        Value::Unsigned(value) => Content::Number(value.into()),
        Value::Signed(value) => Content::Number(value.into()),
        Value::Integer(value) => typed_large(&value),
        Value::Text(text) => Content::Octets(text.chars().collect::<String>().into_bytes()),
        Value::Binary(octets, _) => Content::Octets(octets.iter().collect()),
        Value::Literal(literal) => Content::Octets(literal.into()),
    }
}

fn typed_large(value: &Integer<'_>) -> Content {
    let mut magnitude = vec![0; value.len_bytes()];
    let used = value.magnitude_be(&mut magnitude).expect("as long as it says").len();
    assert_eq!(used, magnitude.len());
    Content::Large(value.is_negative(), magnitude)
}
