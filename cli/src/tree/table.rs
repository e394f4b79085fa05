//! Trees for people: a line for each element, children indented, values in a column.

use super::{Element, Node, Value};
use crate::input::to_hex;

/// Longer binary values are shown by their beginning and length.
const MAX_BINARY: usize = 32;
/// Where values start, unless a name reaches further.
const COLUMN: usize = 44;

/// The content of `element`, each line indented by `indent` spaces.
pub(crate) fn lines(element: &Element, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    content(element, indent, &mut lines);
    lines
}

fn content(element: &Element, indent: usize, lines: &mut Vec<String>) {
    for (name, value) in &element.attributes {
        lines.push(line(&format!("@{}", name.local), &text(value), indent));
    }
    for node in &element.content {
        match node {
            Node::Value(value) => lines.push(line("", &text(value), indent)),
            Node::Element(child) => match (child.value().map(text), child.rational()) {
                (Some(value), _) | (None, Some(value)) if child.attributes.is_empty() => {
                    lines.push(line(&child.name.local, &value, indent));
                }
                _ => {
                    lines.push(line(&child.name.local, "", indent));
                    content(child, indent + 2, lines);
                }
            },
        }
    }
}

fn line(name: &str, value: &str, indent: usize) -> String {
    let name = format!("{:indent$}{name}", "");
    if value.is_empty() { name } else { format!("{name:COLUMN$} {value}") }
}

/// A value, shortened where it is long and binary.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(digits) => digits.clone(),
        Value::Text(text) if text.is_empty() => "\"\"".to_owned(),
        Value::Text(text) => printable(text),
        Value::Hex(bytes) | Value::Base64(bytes) if bytes.len() > MAX_BINARY => {
            format!("{}… ({} bytes)", to_hex(&bytes[..MAX_BINARY]), bytes.len())
        }
        Value::Hex(bytes) | Value::Base64(bytes) => to_hex(bytes),
    }
}

/// Control characters are escaped, as they would let a message command the terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::{Name, Value};
    use super::{Element, Node, lines};

    fn element(name: &str, content: Vec<Node>) -> Element {
        let name = Name { namespace: String::new(), local: name.to_owned() };
        Element { name, attributes: Vec::new(), content }
    }

    fn leaf(name: &str, value: Value) -> Node {
        Node::Element(element(name, vec![Node::Value(value)]))
    }

    #[test]
    fn numbers_of_two_parts_are_one_number_and_text_is_harmless() {
        let voltage =
            vec![leaf("Exponent", Value::Integer("-1".into())), leaf("Value", Value::Integer("4000".into()))];
        let id = leaf("EVSEID", Value::Text("a\u{1b}[31m".into()));
        let long = leaf("Certificate", Value::Base64(vec![7; 40]));
        let chain = element("Chain", vec![long]);
        let root = element(
            "Res",
            vec![
                Node::Element(element("EVPresentVoltage", voltage)),
                id,
                Node::Element(chain),
                leaf("Empty", Value::Text(String::new())),
            ],
        );
        let expected = [
            format!("  {:42} 400.0", "EVPresentVoltage"),
            format!("  {:42} a\\u{{1b}}[31m", "EVSEID"),
            "  Chain".to_owned(),
            format!("    {:40} {}… (40 bytes)", "Certificate", "07".repeat(32)),
            format!("  {:42} \"\"", "Empty"),
        ];
        assert_eq!(lines(&root, 2), expected);
    }
}
