//! From a typed message to a tree.

use exi_codec::Opaque;
use exi_codec::reflect::{self, Root, Text, Visitor, integer_to_decimal};

use super::super::EngineError;
use super::forbidden;
use crate::tree::{Element, Name, Node, Value};

/// The tree of a message, without namespaces.
pub(super) fn tree<'a>(message: &impl Root<'a>) -> Result<Element, EngineError> {
    let mut builder = Builder { open: vec![element("")], error: None };
    message.walk(&mut builder);
    let mut open = builder.open.into_iter();
    let root = open.next().and_then(|mut outside| outside.content.pop());
    match (builder.error, root) {
        (Some(error), _) => Err(error),
        (None, Some(Node::Element(root))) => Ok(root),
        _ => Err(EngineError("a message without a root element".to_owned())),
    }
}

fn element(local: &str) -> Element {
    Element { name: name(local), attributes: Vec::new(), content: Vec::new() }
}

fn name(local: &str) -> Name {
    Name { namespace: String::new(), local: local.to_owned() }
}

struct Builder {
    /// The open elements, within one that stands for the document.
    open: Vec<Element>,
    error: Option<EngineError>,
}

impl Builder {
    fn push(&mut self, node: Node) {
        if let Some(parent) = self.open.last_mut() {
            parent.content.push(node);
        }
    }
}

impl Visitor for Builder {
    fn start(&mut self, name: &'static str) {
        self.open.push(element(name));
    }

    fn end(&mut self) {
        if let Some(element) = self.open.pop() {
            self.push(Node::Element(element));
        }
    }

    fn attribute(&mut self, local: &'static str, value: reflect::Value<'_>) {
        if let Some(element) = self.open.last_mut() {
            element.attributes.push((name(local), owned(value)));
        }
    }

    fn text(&mut self, value: reflect::Value<'_>) {
        self.push(Node::Value(owned(value)));
    }

    fn opaque(&mut self, name: &'static str, value: &Opaque<'_>) {
        match forbidden::trees(name, value) {
            Ok(elements) => elements.into_iter().for_each(|element| self.push(Node::Element(element))),
            Err(error) => self.error = Some(error),
        }
    }
}

fn owned(value: reflect::Value<'_>) -> Value {
    match value {
        reflect::Value::Boolean(value) => Value::Boolean(value),
        reflect::Value::Unsigned(value) => Value::Integer(value.to_string()),
        reflect::Value::Signed(value) => Value::Integer(value.to_string()),
        reflect::Value::Integer(value) => Value::Integer(integer_to_decimal(&value)),
        reflect::Value::Text(text) => Value::Text(text.chars().collect()),
        reflect::Value::Binary(bytes, Text::Hex) => Value::Hex(bytes.iter().collect()),
        reflect::Value::Binary(bytes, Text::Base64) => Value::Base64(bytes.iter().collect()),
        reflect::Value::Literal(literal) => Value::Text(literal.to_owned()),
    }
}
