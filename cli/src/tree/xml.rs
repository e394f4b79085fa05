//! Trees as XML in one fixed form, so that documents can be compared as text.
//!
//! Fixed prefixes, all declarations on the root in the order of their prefixes, attributes in the order of
//! namespace and name, no white space that is not content, no empty-element tags.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Element, Name, Node, Value};

const PREFIXES: [(&str, &str); 9] = [
    ("urn:iso:15118:2:2010:AppProtocol", "ap"),
    ("urn:iso:std:iso:15118:-20:AC", "ac"),
    ("urn:iso:std:iso:15118:-20:ACDP", "acdp"),
    ("urn:iso:std:iso:15118:-20:CommonMessages", "cm"),
    ("urn:iso:std:iso:15118:-20:CommonTypes", "ct"),
    ("urn:iso:std:iso:15118:-20:DC", "dc"),
    ("http://www.w3.org/2000/09/xmldsig#", "ds"),
    ("urn:iso:std:iso:15118:-20:WPT", "wpt"),
    ("http://www.w3.org/2001/XMLSchema-instance", "xsi"),
];
/// The parser takes what is nested deeper for an attack.
const MAX_DEPTH: usize = 64;

/// Namespaces in use, by prefix.
#[derive(Debug, Default)]
struct Prefixes<'a> {
    used: BTreeMap<String, &'a str>,
}

impl<'a> Prefixes<'a> {
    fn qualify(&mut self, name: &'a Name, out: &mut String) {
        if !name.namespace.is_empty() {
            let known = PREFIXES.iter().find(|(namespace, _)| *namespace == name.namespace);
            let prefix = match known {
                Some((_, prefix)) => (*prefix).to_owned(),
                None => self.foreign(&name.namespace),
            };
            out.push_str(&prefix);
            out.push(':');
            self.used.insert(prefix, &name.namespace);
        }
        out.push_str(&name.local);
    }

    fn foreign(&self, namespace: &str) -> String {
        let numbered = |(prefix, used): (&String, &&str)| (*used == namespace).then(|| prefix.clone());
        self.used.iter().find_map(numbered).unwrap_or_else(|| {
            let others =
                self.used.keys().filter(|prefix| prefix.starts_with('x') && *prefix != "xsi").count();
            format!("x{others}")
        })
    }
}

impl Element {
    /// The document with this root.
    pub(crate) fn to_xml(&self) -> String {
        let mut prefixes = Prefixes::default();
        let mut body = String::new();
        write_element(self, &mut prefixes, &mut body);
        let name_end = body.find([' ', '>']).unwrap_or(body.len());
        let mut xml = body[..name_end].to_owned();
        for (prefix, namespace) in &prefixes.used {
            // Writing to a string cannot fail.
            let _ = write!(xml, " xmlns:{prefix}=\"{}\"", escape(namespace, Place::Attribute));
        }
        xml.push_str(&body[name_end..]);
        xml
    }

    /// Reads a document. White space between child elements is layout; every value is untyped text.
    pub(crate) fn from_xml(xml: &str) -> Result<Self, String> {
        let document = roxmltree::Document::parse(xml).map_err(|e| format!("not well-formed XML: {e}"))?;
        read_element(document.root_element(), 0)
    }
}

fn write_element<'a>(element: &'a Element, prefixes: &mut Prefixes<'a>, out: &mut String) {
    out.push('<');
    let start = out.len();
    prefixes.qualify(&element.name, out);
    let name = out[start..].to_owned();
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_by(|(a, _), (b, _)| (&a.namespace, &a.local).cmp(&(&b.namespace, &b.local)));
    for (name, value) in attributes {
        out.push(' ');
        prefixes.qualify(name, out);
        let _ = write!(out, "=\"{}\"", escape(&value.lexical(), Place::Attribute));
    }
    out.push('>');
    for node in &element.content {
        match node {
            Node::Element(child) => write_element(child, prefixes, out),
            Node::Value(value) => out.push_str(&escape(&value.lexical(), Place::Content)),
        }
    }
    let _ = write!(out, "</{name}>");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Content,
    Attribute,
}

fn escape(text: &str, place: Place) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match (c, place) {
            ('&', _) => escaped.push_str("&amp;"),
            ('<', _) => escaped.push_str("&lt;"),
            ('>', _) => escaped.push_str("&gt;"),
            ('"', Place::Attribute) => escaped.push_str("&quot;"),
            ('\t', Place::Attribute) => escaped.push_str("&#9;"),
            ('\n', Place::Attribute) => escaped.push_str("&#10;"),
            ('\r', _) => escaped.push_str("&#13;"),
            (c, _) => escaped.push(if is_xml(c) { c } else { char::REPLACEMENT_CHARACTER }),
        }
    }
    escaped
}

/// What XML can hold at all; EXI strings can hold any character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn read_element(node: roxmltree::Node<'_, '_>, depth: usize) -> Result<Element, String> {
    if depth > MAX_DEPTH {
        return Err("elements are nested too deeply".to_owned());
    }
    let named = |namespace: Option<&str>, local: &str| Name {
        namespace: namespace.unwrap_or_default().to_owned(),
        local: local.to_owned(),
    };
    let attributes = node
        .attributes()
        .map(|a| (named(a.namespace(), a.name()), Value::Text(a.value().to_owned())))
        .collect();
    let has_elements = node.children().any(|child| child.is_element());
    let mut content = Vec::new();
    for child in node.children() {
        if child.is_element() {
            content.push(Node::Element(read_element(child, depth + 1)?));
        } else if let Some(text) = child.text().filter(|_| child.is_text()) {
            let layout = has_elements && text.chars().all(|c| c.is_ascii_whitespace());
            match content.last_mut() {
                _ if layout => {}
                // Character data of one element can come in several nodes.
                Some(Node::Value(Value::Text(before))) => before.push_str(text),
                _ => content.push(Node::Value(Value::Text(text.to_owned()))),
            }
        }
    }
    Ok(Element { name: named(node.tag_name().namespace(), node.tag_name().name()), attributes, content })
}

#[cfg(test)]
mod tests {
    use super::{Element, is_xml};

    #[test]
    fn the_fixed_form_comes_back_as_it_was() {
        let documents = [
            "<ap:supportedAppProtocolRes xmlns:ap=\"urn:iso:15118:2:2010:AppProtocol\"><ResponseCode>OK&amp;&#13;\"</ResponseCode><SchemaID></SchemaID></ap:supportedAppProtocolRes>",
            "<cm:A xmlns:cm=\"urn:iso:std:iso:15118:-20:CommonMessages\" xmlns:x0=\"urn:a\" xmlns:x1=\"urn:b\" Id=\"&quot;&#9;\" x0:z=\"\" cm:Id=\"1\"><x1:b>text<cm:c></cm:c>tail</x1:b></cm:A>",
        ];
        for xml in documents {
            assert_eq!(Element::from_xml(xml).unwrap().to_xml(), xml);
        }
    }

    #[test]
    fn layout_and_prefixes_do_not_matter() {
        let xml = "<?xml version=\"1.0\"?><r xmlns=\"urn:iso:std:iso:15118:-20:DC\">\n  <a> 1 </a>\n <!-- x --> <b/>\n</r>";
        let fixed = "<dc:r xmlns:dc=\"urn:iso:std:iso:15118:-20:DC\"><dc:a> 1 </dc:a><dc:b></dc:b></dc:r>";
        assert_eq!(Element::from_xml(xml).unwrap().to_xml(), fixed);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
        assert!(Element::from_xml(&deep).is_err());
    }

    #[test]
    fn characters_that_xml_lacks_are_known() {
        assert!(is_xml('\n') && is_xml('\u{fffd}') && is_xml('\u{1f600}'));
        assert!(!is_xml('\0') && !is_xml('\u{b}') && !is_xml('\u{fffe}') && !is_xml('\u{ffff}'));
    }
}
