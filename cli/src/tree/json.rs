//! Trees as JSON: names become keys, repeated elements an array, `@` marks attributes, binary values are text as
//! in XML.

use serde_json::{Map, Number, Value as Json};

use super::{Element, Name, Node, Value};

/// Integers up to here survive in programs that keep numbers as floats; larger ones become strings.
const MAX_EXACT: i64 = 1 << 53;
/// The key of text beside child elements or attributes.
const TEXT: &str = "#text";

impl Element {
    /// The content, without the name of the element itself.
    pub(crate) fn to_json(&self) -> Json {
        if self.attributes.is_empty() {
            match self.content.as_slice() {
                [] => return Json::Object(Map::new()),
                [Node::Value(value)] => return value.to_json(),
                _ => {}
            }
        }
        let mut object = Map::new();
        for (name, value) in &self.attributes {
            object.insert(format!("@{}", name.local), value.to_json());
        }
        for node in &self.content {
            let (key, json) = match node {
                Node::Element(element) => (element.name.local.as_str(), element.to_json()),
                Node::Value(value) => (TEXT, value.to_json()),
            };
            match object.get_mut(key) {
                None => {
                    object.insert(key.to_owned(), json);
                }
                Some(Json::Array(items)) => items.push(json),
                Some(single) => *single = Json::Array(vec![single.take(), json]),
            }
        }
        Json::Object(object)
    }
}

impl Element {
    /// Reads `{"Name": content}`, or a line of `v2g decode --format json`. Names come without namespace and values
    /// without type.
    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
        let Json::Object(mut object) = json else { return Err("not a JSON object".to_owned()) };
        if let (Some(Json::String(name)), Some(content)) =
            (object.get("message").cloned(), object.remove("content"))
        {
            return element(&name, content);
        }
        let mut entries = object.into_iter();
        match (entries.next(), entries.next()) {
            (Some((name, content)), None) => element(&name, content),
            _ => Err("a message is an object with one key, its name".to_owned()),
        }
    }
}

fn name(local: &str) -> Name {
    Name { namespace: String::new(), local: local.to_owned() }
}

fn element(local: &str, content: Json) -> Result<Element, String> {
    let mut element = Element { name: name(local), attributes: Vec::new(), content: Vec::new() };
    let Json::Object(object) = content else {
        element.content.push(Node::Value(value(local, content)?));
        return Ok(element);
    };
    for (key, json) in object {
        if let Some(attribute) = key.strip_prefix('@') {
            element.attributes.push((name(attribute), value(&key, json)?));
            continue;
        }
        let items = if let Json::Array(items) = json { items } else { vec![json] };
        for item in items {
            element.content.push(match key.as_str() {
                TEXT => Node::Value(value(&key, item)?),
                _ => Node::Element(self::element(&key, item)?),
            });
        }
    }
    Ok(element)
}

fn value(key: &str, json: Json) -> Result<Value, String> {
    match json {
        Json::Bool(value) => Ok(Value::Text(value.to_string())),
        Json::Number(number) => Ok(Value::Text(number.to_string())),
        Json::String(text) => Ok(Value::Text(text)),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(format!("`{key}` has no simple value")),
    }
}

impl Value {
    /// Numbers and booleans as such, the rest as text.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Boolean(value) => Json::Bool(*value),
            Self::Integer(digits) => match digits.parse::<i64>() {
                Ok(number) if number.abs() <= MAX_EXACT => Json::Number(Number::from(number)),
                _ => Json::String(digits.clone()),
            },
            Self::Text(_) | Self::Hex(_) | Self::Base64(_) => Json::String(self.lexical()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Element, Value};

    const MESSAGE: &str = r#"{"A":{"@Id":"x","Flag":true,"Count":-7,"Item":[{"Name":"a"},{"Name":"b"}],"Large":"18446744073709551615","Empty":{}}}"#;

    #[test]
    fn json_there_and_back() {
        let root = Element::from_json(MESSAGE).unwrap();
        let line = format!("{{\"frame\":7,\"message\":\"A\",\"content\":{}}}", root.to_json());
        assert_eq!(Element::from_json(&line).unwrap(), root);
        let keys: Vec<_> = root.to_json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["@Id", "Flag", "Count", "Item", "Large", "Empty"]);
    }

    #[test]
    fn integers_that_floats_cannot_hold_are_strings() {
        let json = |digits: &str| Value::Integer(digits.to_owned()).to_json().to_string();
        assert_eq!(json("9007199254740992"), "9007199254740992");
        assert_eq!(json("9007199254740993"), "\"9007199254740993\"");
        assert_eq!(json("-123456789012345678901234567890"), "\"-123456789012345678901234567890\"");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in ["[]", "{}", r#"{"A":1,"B":2}"#, r#"{"A":{"B":null}}"#, r#"{"A":{"B":[[1]]}}"#, "{"] {
            assert!(Element::from_json(text).is_err(), "{text}");
        }
    }
}
