//! The interpreter of the grammar as data.

use exi_codec::EmptyText;
use exi_codec::grammar::{
    self, BigInteger, BinaryText, Content, Decoder, EmptyValue, Encoder, ErrorKind, Event, EventCode,
    EventKind, Kind, Octets, QName, Root, Text,
};

use super::{Coding, Decoded, Engine, EngineError, Set};
use crate::tree::{Element, Name, Node, Value};

/// Longer messages than this no set yields.
const MAX_LENGTH: usize = 1 << 24;
/// Groups of a serial number that is shown; 4096 bits are more than any authority uses.
const MAX_GROUPS: usize = 4096 / 7;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interpreter;

impl Engine for Interpreter {
    fn decode(&self, set: Set, coding: Coding, exi: &[u8]) -> Result<Decoded, EngineError> {
        let mut decoder = Decoder::new(tables(set), root(coding), exi);
        let root = Builder::default().finish(&mut decoder)?;
        Ok(Decoded { root, consumed: exi.len() - decoder.trailing_octets() })
    }

    fn encode(
        &self,
        set: Set,
        coding: Coding,
        element: &Element,
        empty: EmptyText,
    ) -> Result<Vec<u8>, EngineError> {
        encode(set, coding, element, empty)
    }
}

/// Writes a stream.
pub(super) fn encode(
    set: Set,
    coding: Coding,
    element: &Element,
    empty: EmptyText,
) -> Result<Vec<u8>, EngineError> {
    let empty = match empty {
        EmptyText::AsCharacters => EmptyValue::AsCharacters,
        EmptyText::AsEndElement => EmptyValue::AsEndElement,
    };
    let mut buffer = vec![0; 1 << 12];
    loop {
        let mut encoder = Encoder::new(tables(set), root(coding), &mut buffer).empty_value(empty);
        let result = encode_element(&mut encoder, tables(set), element).and_then(|()| encoder.finish());
        match result {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(error) if error.kind == ErrorKind::BufferFull && buffer.len() < MAX_LENGTH => {
                buffer.resize(buffer.len() * 8, 0);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The element whose start has been read, from a decoder of its content.
pub(super) fn content(
    element: &'static grammar::Element,
    decoder: &mut Decoder<'_>,
) -> Result<Element, EngineError> {
    let mut builder = Builder::default();
    builder.start(element);
    builder.finish(decoder)
}

impl From<grammar::Error> for EngineError {
    fn from(error: grammar::Error) -> Self {
        Self(error.to_string())
    }
}

fn tables(set: Set) -> &'static grammar::Set {
    grammar::Set::by_key(set.name()).expect("every set has its tables")
}

fn root(coding: Coding) -> Root {
    match coding {
        Coding::Document => Root::Document,
        Coding::Fragment => Root::Fragment,
    }
}

/// Puts events together to a tree.
#[derive(Debug, Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Builder {
    /// Reads the rest of the events.
    fn finish(mut self, decoder: &mut Decoder<'_>) -> Result<Element, EngineError> {
        while let Some(event) = decoder.next()? {
            self.event(&event)?;
        }
        self.root.ok_or_else(disorder)
    }

    fn start(&mut self, element: &grammar::Element) {
        self.open.push(Element { name: owned(element.name), attributes: Vec::new(), content: Vec::new() });
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), EngineError> {
        match event.kind {
            EventKind::StartElement(element) => self.start(element),
            EventKind::Attribute { attribute, value } => {
                let value = owned_value(value)?;
                self.open.last_mut().ok_or_else(disorder)?.attributes.push((owned(attribute.name), value));
            }
            EventKind::Characters { value, .. } => {
                let value = owned_value(value)?;
                self.open.last_mut().ok_or_else(disorder)?.content.push(Node::Value(value));
            }
            EventKind::EndElement(declaration) => {
                let mut element = self.open.pop().ok_or_else(disorder)?;
                // The one deviation that is accepted: an empty value of which nothing is written.
                if event.code.second.is_some() {
                    element.content.push(Node::Value(empty(declaration)));
                }
                match self.open.last_mut() {
                    Some(parent) => parent.content.push(Node::Element(element)),
                    None => self.root = Some(element),
                }
            }
            EventKind::EndDocument => {}
        }
        Ok(())
    }
}

fn empty(declaration: &grammar::Element) -> Value {
    match declaration.content {
        Content::Simple(simple) if matches!(simple.kind, Kind::String { .. }) => Value::Text(String::new()),
        Content::Simple(simple) if matches!(simple.kind, Kind::Binary { text: BinaryText::Hex, .. }) => {
            Value::Hex(Vec::new())
        }
        // A complex type with text is binary: SignatureValue.
        _ => Value::Base64(Vec::new()),
    }
}

fn disorder() -> EngineError {
    EngineError("events that make no element".to_owned())
}

fn owned(name: QName) -> Name {
    Name { namespace: name.ns.to_owned(), local: name.local.to_owned() }
}

fn owned_value(value: grammar::Value<'_>) -> Result<Value, EngineError> {
    Ok(match value {
        grammar::Value::Boolean(value) => Value::Boolean(value),
        grammar::Value::Integer(value) => Value::Integer(value.to_string()),
        grammar::Value::BigInteger(value) => Value::Integer(decimal(&value)?),
        grammar::Value::Enumeration { literal, .. } => Value::Text(literal.to_owned()),
        grammar::Value::String(text) => Value::Text(Text::chars(&text).collect()),
        grammar::Value::Binary { octets, text } => binary(octets, text),
    })
}

fn binary(octets: Octets<'_>, text: BinaryText) -> Value {
    let bytes = octets.bytes().collect();
    match text {
        BinaryText::Hex => Value::Hex(bytes),
        BinaryText::Base64 => Value::Base64(bytes),
    }
}

/// The decimal digits of an integer of any length.
fn decimal(value: &BigInteger<'_>) -> Result<String, EngineError> {
    const BASE: u64 = 1_000_000_000;
    if let Some(small) = value.to_i128() {
        return Ok(small.to_string());
    }
    let groups: Vec<u8> = value.groups().take(MAX_GROUPS + 1).collect();
    if groups.len() > MAX_GROUPS {
        return Err(EngineError(format!("an integer of more than {} bits is not shown", MAX_GROUPS * 7)));
    }
    // Nine decimal digits each, least significant first. A negative value is one below the negated magnitude.
    let mut digits: Vec<u64> = Vec::new();
    let negated = u64::from(value.is_negative());
    let add = |digits: &mut Vec<u64>, factor: u64, mut carry: u64| {
        for digit in digits.iter_mut() {
            let sum = *digit * factor + carry;
            (*digit, carry) = (sum % BASE, sum / BASE);
        }
        if carry > 0 {
            digits.push(carry);
        }
    };
    for group in groups.iter().rev() {
        add(&mut digits, 128, u64::from(*group));
    }
    add(&mut digits, 1, negated);
    let mut text = if value.is_negative() { "-".to_owned() } else { String::new() };
    let mut rest = digits.iter().rev();
    text.push_str(&rest.next().copied().unwrap_or(0).to_string());
    text.extend(rest.map(|digit| format!("{digit:09}")));
    Ok(text)
}

fn encode_element(
    encoder: &mut Encoder<'_>,
    set: &grammar::Set,
    element: &Element,
) -> Result<(), grammar::Error> {
    let start =
        |encoder: &mut Encoder<'_>, namespace: &str| encoder.start_element(namespace, &element.name.local);
    try_namespaces(set, &element.name, encoder, start)?;
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_by(|(a, _), (b, _)| (&a.local, &a.namespace).cmp(&(&b.local, &b.namespace)));
    for (name, value) in attributes {
        let text = value.lexical();
        try_namespaces(set, name, encoder, |encoder, namespace| {
            encoder.attribute(namespace, &name.local, &text)
        })?;
    }
    for node in &element.content {
        match node {
            Node::Element(child) => encode_element(encoder, set, child)?,
            Node::Value(value) => encoder.characters(&value.lexical())?,
        }
    }
    encoder.end_element()
}

/// JSON does not say namespaces: then the one is taken that the schema has at this place.
fn try_namespaces<'a>(
    set: &grammar::Set,
    name: &Name,
    encoder: &mut Encoder<'a>,
    mut write: impl FnMut(&mut Encoder<'a>, &str) -> Result<(), grammar::Error>,
) -> Result<(), grammar::Error> {
    let mut result = write(encoder, &name.namespace);
    if name.namespace.is_empty() {
        for namespace in set.namespaces {
            use ErrorKind::{UndeclaredAttribute, UndeclaredElement, UnknownRoot};
            match result {
                Err(error) if matches!(error.kind, UndeclaredAttribute | UndeclaredElement | UnknownRoot) => {
                    result = write(encoder, namespace.uri);
                }
                _ => break,
            }
        }
    }
    result
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Bits from the start of the stream.
    pub(crate) offset: usize,
    /// Bits of event code and value.
    pub(crate) length: usize,
    /// The event code in binary digits; nothing where there is no choice.
    pub(crate) code: String,
    /// What happens.
    pub(crate) event: &'static str,
    /// Where in the schema, from the root.
    pub(crate) path: String,
    /// The type of the element or value.
    pub(crate) type_name: &'static str,
    pub(crate) value: Option<Value>,
}

/// The events of a stream, up to its end or to what is wrong with it.
pub(crate) fn explain(set: Set, coding: Coding, exi: &[u8]) -> Vec<Step> {
    let mut decoder = Decoder::new(tables(set), root(coding), exi);
    let mut path: Vec<&'static str> = Vec::new();
    let mut steps = Vec::new();
    while let Ok(Some(event)) = decoder.next() {
        let here = |path: &[&str], last: &str| format!("/{}{last}", path.join("/"));
        let (name, place, type_name, value) = match event.kind {
            EventKind::StartElement(element) => {
                path.push(element.name.local);
                ("SE", here(&path, ""), element.content.type_name(), None)
            }
            EventKind::Attribute { attribute, value } => {
                let place = here(&path, &format!("/@{}", attribute.name.local));
                ("AT", place, attribute.content.name, owned_value(value).ok())
            }
            EventKind::Characters { content, value } => {
                ("CH", here(&path, ""), content.name, owned_value(value).ok())
            }
            EventKind::EndElement(element) => {
                let place = here(&path, "");
                path.pop();
                ("EE", place, element.content.type_name(), None)
            }
            EventKind::EndDocument => ("ED", "/".to_owned(), "", None),
        };
        steps.push(Step {
            offset: event.offset,
            length: event.length,
            code: digits(event.code),
            event: name,
            path: place,
            type_name,
            value,
        });
    }
    steps
}

fn digits(EventCode { value, width, second }: EventCode) -> String {
    let binary = |value: u32, width: u32| match width {
        0 => String::new(),
        _ => format!("{value:0width$b}", width = width as usize),
    };
    match second {
        None => binary(value, width),
        Some((second, second_width)) => format!("{}.{}", binary(value, width), binary(second, second_width)),
    }
}
