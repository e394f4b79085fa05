//! Trees for people: a line for each element, children indented, values in a column.

use super::{Element, Node, Value};
use crate::input::to_hex;

/// Longer binary values are shown by their beginning and length.
const MAX_BINARY: usize = 32;
/// Where values start, unless a name reaches further.
const COLUMN: usize = 44;

/// An element with its simple value, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// How deep it stands, from 0.
    pub(crate) depth: usize,
    /// Empty for text beside elements.
    pub(crate) name: String,
    /// Empty where there are rows below it instead.
    pub(crate) value: String,
}

/// The content of `element`.
pub(crate) fn rows(element: &Element) -> Vec<Row> {
    let mut rows = Vec::new();
    content(element, 0, &mut rows);
    rows
}

/// The content of `element`, each line indented by `indent` spaces.
pub(crate) fn lines(element: &Element, indent: usize) -> Vec<String> {
    rows(element).iter().map(|row| line(&row.name, &row.value, indent + 2 * row.depth)).collect()
}

fn content(element: &Element, depth: usize, rows: &mut Vec<Row>) {
    for (name, value) in &element.attributes {
        rows.push(Row { depth, name: format!("@{}", name.local), value: text(value) });
    }
    for node in &element.content {
        match node {
            Node::Value(value) => rows.push(Row { depth, name: String::new(), value: text(value) }),
            Node::Element(child) => {
                let value = child.value().map(text).or_else(|| child.rational());
                let value = value.filter(|_| child.attributes.is_empty());
                let is_leaf = value.is_some();
                let name = child.name.local.clone();
                rows.push(Row { depth, name, value: value.unwrap_or_default() });
                if !is_leaf {
                    content(child, depth + 1, rows);
                }
            }
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
