//! The timeline: messages on the standard output, as they pass.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Map, Value, json};
use v2g_scenario::scenario::Side;

use super::meaning;
use super::record::{Message, Seen};
use super::{micros, millis};
use crate::runtime::Secured;
use crate::terminal::{Colour, Paint, Stream};

/// For whom the timeline is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// A line of text for each message.
    People,
    /// A JSON object for each message.
    Programs,
}

impl Audience {
    pub(crate) fn json(json: bool) -> Self {
        if json { Self::Programs } else { Self::People }
    }
}

/// A message on one line.
pub(super) fn line(audience: Audience, seen: Seen, message: &Message<'_>) -> String {
    let meaning = meaning::of(message.payload_type, message.payload);
    let t = micros(seen.at);
    match audience {
        Audience::Programs => {
            let mut line = Map::new();
            line.insert("t".into(), json!(t));
            line.insert("dir".into(), message.way.name().into());
            line.insert("message".into(), meaning.name.into());
            if let Some(latency) = message.latency {
                line.insert("latency_ms".into(), json!(millis(latency)));
            }
            line.extend(meaning.facts);
            Value::Object(line).to_string()
        }
        Audience::People => {
            let paint = Paint::of(Stream::Output);
            let arrow = match message.sender(seen.side) {
                Side::Vehicle => "EV  ->   ",
                Side::Station => "   <- EVSE",
            };
            let facts: Vec<String> = meaning.facts.iter().map(|(name, value)| fact(name, value)).collect();
            let latency = message.latency.map_or(String::new(), |time| format!("  {:.2} ms", millis(time)));
            format!(
                "{} {arrow}  {:<31}  {}{}",
                paint.text(Colour::Dim, &format!("{t:9.3}")),
                paint.text(Colour::Bold, &format!("{:<31}", meaning.name)),
                facts.join("  "),
                paint.text(Colour::Dim, &latency),
            )
        }
    }
}

/// What secures a link.
pub(super) fn link(audience: Audience, seen: Seen, secured: &Secured) -> String {
    let t = micros(seen.at);
    match audience {
        Audience::Programs => json!({ "t": t, "tls": secured.facts() }).to_string(),
        Audience::People => about_link(t, Colour::Dim, &secured.text()),
    }
}

/// What is wrong with a link.
pub(super) fn trouble(audience: Audience, seen: Seen, why: &str) -> String {
    let t = micros(seen.at);
    match audience {
        Audience::Programs => json!({ "t": t, "tls": { "error": why } }).to_string(),
        Audience::People => about_link(t, Colour::Red, &format!("TLS: {why}")),
    }
}

/// What was found out about certificates and contracts.
pub(super) fn finding(audience: Audience, seen: Seen, name: &str, detail: fmt::Arguments<'_>) -> String {
    let t = micros(seen.at);
    match audience {
        Audience::Programs => json!({ "t": t, "event": name, "detail": detail.to_string() }).to_string(),
        Audience::People => about_link(t, Colour::Dim, &format!("{name}: {detail}")),
    }
}

fn about_link(t: f64, colour: Colour, text: &str) -> String {
    let paint = Paint::of(Stream::Output);
    let text = crate::tree::printable(text);
    format!("{}            {}", paint.text(Colour::Dim, &format!("{t:9.3}")), paint.text(colour, &text))
}

/// A value without the marks of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => crate::tree::printable(text),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let fields: Vec<String> =
                map.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            format!("({})", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// `name value`, with the unit that the name ends in.
pub(crate) fn fact(name: &str, value: &Value) -> String {
    let text = plain(value);
    let units = [("_wh", " Wh"), ("_w", " W"), ("_a", " A"), ("_v", " V"), ("_s", " s")];
    match units.iter().find(|(suffix, _)| name.ends_with(suffix)) {
        Some((suffix, unit)) => format!("{} {text}{unit}", name.trim_end_matches(suffix).replace('_', " ")),
        None if name == "code" => text,
        None => format!("{} {text}", name.replace('_', " ")),
    }
}

/// Writes a line at once: a session may be watched as it goes.
pub(super) fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fact;

    #[test]
    fn facts_are_words_with_units() {
        let facts = [
            (fact("charge_w", &json!(40_000)), "charge 40000 W"),
            (fact("code", &json!("OK")), "OK"),
            (fact("services", &json!(["EIM", "PnC"])), "services EIM, PnC"),
            (fact("sets", &json!([{ "id": 1, "Connector": 2 }])), "sets (id 1, Connector 2)"),
            (fact("evcc_id", &json!("\u{1b}[31m")), "evcc id \\u{1b}[31m"),
        ];
        for (fact, words) in facts {
            assert_eq!(fact, words);
        }
    }
}
