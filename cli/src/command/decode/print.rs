//! Messages and notes in the three formats.

use std::io::Write;

use serde_json::{Map, Value as Json, json};
use v2gtp::PayloadType;

use super::certificates::Judged;
use super::meaning::Meaning;
use crate::args::Format;
use crate::capture::{Content, Item, Note, Sender};
use crate::engine::{Set, Step};
use crate::failure::Failure;
use crate::input::to_hex;
use crate::terminal::{Colour, Paint, Stream};
use crate::tree;

/// A message and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// Its place in a capture, if it is from one.
    pub(super) item: Option<&'a Item>,
    /// Its type, if it has a V2GTP header.
    pub(super) payload_type: Option<PayloadType>,
    pub(super) bytes: &'a [u8],
    /// What is said about the certificates in it.
    pub(super) chains: &'a [Judged],
}

/// Writes to `out` in one format.
#[derive(Debug)]
pub(super) struct Printer<W> {
    pub(super) out: W,
    pub(super) format: Format,
    pub(super) paint: Paint,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, format: Format) -> Self {
        Self { out, format, paint: Paint::of(Stream::Output) }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Certificates of one side of a TLS connection.
    pub(super) fn certificates(&mut self, item: &Item, judged: &Judged) -> Result<(), Failure> {
        let heading = heading(item, item.flow.sender);
        match self.format {
            Format::Json => {
                let mut line = place(item, item.flow.sender);
                line.insert("tls_certificates".to_owned(), judged.json());
                writeln!(self.out, "{}", Json::Object(line))?;
            }
            Format::Xml => {
                let lines = judged.lines().join("\n").replace("--", "- -");
                writeln!(self.out, "<!-- {heading}: {}\n{lines}\n-->", judged.title())?;
            }
            Format::Table => {
                writeln!(self.out, "{heading}  {}", self.paint.text(Colour::Bold, &judged.title()))?;
                self.judged_lines(judged)?;
            }
        }
        Ok(())
    }

    fn judged_lines(&mut self, judged: &Judged) -> Result<(), Failure> {
        for line in judged.lines() {
            writeln!(self.out, "    {line}")?;
        }
        Ok(())
    }

    /// `explained`: the events of the coding for each grammar, if they were asked for.
    pub(super) fn message(
        &mut self,
        subject: &Subject<'_>,
        meaning: &Meaning,
        explained: &[(Set, Vec<Step>)],
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json_message(subject, meaning, explained),
            Format::Xml => self.xml_message(subject, meaning, explained),
            Format::Table => self.table_message(subject, meaning, explained),
        }
    }

    pub(super) fn note(&mut self, item: &Item, note: Note) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let mut line = place(item, item.flow.sender);
                line.insert("note".to_owned(), json!(kind(note)));
                line.insert("text".to_owned(), json!(note.to_string()));
                writeln!(self.out, "{}", Json::Object(line))?;
            }
            Format::Xml => writeln!(self.out, "<!-- {}: {note} -->", heading(item, item.flow.sender))?,
            Format::Table => {
                let heading = heading(item, item.flow.sender);
                writeln!(self.out, "{heading}  {}", self.paint.text(Colour::Yellow, &note.to_string()))?;
            }
        }
        Ok(())
    }

    fn json_message(
        &mut self,
        subject: &Subject<'_>,
        meaning: &Meaning,
        explained: &[(Set, Vec<Step>)],
    ) -> Result<(), Failure> {
        let mut line = subject.item.map(|item| place(item, sender(item, meaning))).unwrap_or_default();
        let mut put = |key: &str, value: Json| line.insert(key.to_owned(), value);
        if let Some(payload_type) = subject.payload_type {
            put("payload_type", json!(payload_type.to_string()));
        }
        put("payload_hex", json!(to_hex(subject.bytes)));
        match meaning {
            Meaning::Exi { set, also, root, trailing } => {
                put("set", json!(set.name()));
                if !also.is_empty() {
                    put("also", also.iter().map(|set| set.name()).collect());
                }
                put("message", json!(root.name.local));
                put("content", root.to_json());
                if *trailing > 0 {
                    put("trailing_bytes", json!(trailing));
                }
            }
            Meaning::Sdp(root) => {
                put("message", json!(root.name.local));
                put("content", root.to_json());
            }
            Meaning::Named(name) => {
                put("not_decoded", json!(name));
            }
            Meaning::Undecodable(reasons) => {
                put("error", json!(joined(reasons)));
            }
        }
        if !subject.chains.is_empty() {
            put("certificates", subject.chains.iter().map(Judged::json).collect());
        }
        if !explained.is_empty() {
            let events = |steps: &[Step]| steps.iter().map(json_step).collect::<Vec<_>>();
            let sets = explained.iter().map(|(set, steps)| (set.name().to_owned(), json!(events(steps))));
            put("events", Json::Object(sets.collect()));
        }
        writeln!(self.out, "{}", Json::Object(line))?;
        Ok(())
    }

    fn xml_message(
        &mut self,
        subject: &Subject<'_>,
        meaning: &Meaning,
        explained: &[(Set, Vec<Step>)],
    ) -> Result<(), Failure> {
        // `--` must not stand in a comment.
        let remark = remark(meaning).map(|text| text.replace("--", "- -"));
        match (subject.item, remark) {
            (Some(item), remark) => {
                let remark = remark.map(|text| format!(": {text}")).unwrap_or_default();
                writeln!(self.out, "<!-- {}{remark} -->", heading(item, sender(item, meaning)))?;
            }
            (None, Some(remark)) => writeln!(self.out, "<!-- {remark} -->")?,
            (None, None) => {}
        }
        for judged in subject.chains {
            let lines = judged.lines().join("\n").replace("--", "- -");
            writeln!(self.out, "<!-- {}\n{lines}\n-->", judged.title())?;
        }
        for (_, steps) in explained {
            let lines: Vec<_> = steps.iter().map(|step| text_step(step).replace("--", "- -")).collect();
            writeln!(self.out, "<!--\n{}\n-->", lines.join("\n"))?;
        }
        if let Meaning::Exi { root, .. } | Meaning::Sdp(root) = meaning {
            writeln!(self.out, "{}", root.to_xml())?;
        }
        Ok(())
    }

    fn table_message(
        &mut self,
        subject: &Subject<'_>,
        meaning: &Meaning,
        explained: &[(Set, Vec<Step>)],
    ) -> Result<(), Failure> {
        if let Some(item) = subject.item {
            write!(self.out, "{}  ", heading(item, sender(item, meaning)))?;
        }
        let name = match (meaning.name(), subject.payload_type) {
            (Some(name), _) => self.paint.text(Colour::Bold, name),
            (None, Some(payload_type)) => format!("payload {payload_type}"),
            (None, None) => "EXI".to_owned(),
        };
        let details = match meaning {
            Meaning::Exi { set, .. } => format!("  {}, {} bytes", set.name(), subject.bytes.len()),
            _ => format!("  {} bytes", subject.bytes.len()),
        };
        writeln!(self.out, "{name}{}", self.paint.text(Colour::Dim, &details))?;
        if let Some(remark) = remark(meaning) {
            let colour =
                if matches!(meaning, Meaning::Undecodable(_)) { Colour::Red } else { Colour::Yellow };
            for line in remark.lines() {
                writeln!(self.out, "    {}", self.paint.text(colour, line))?;
            }
        }
        for judged in subject.chains {
            writeln!(self.out, "    {}", self.paint.text(Colour::Yellow, &judged.title()))?;
            self.judged_lines(judged)?;
        }
        for (set, steps) in explained {
            if explained.len() > 1 {
                writeln!(self.out, "    as {}:", set.name())?;
            }
            for step in steps {
                writeln!(self.out, "    {}", text_step(step))?;
            }
        }
        if !explained.is_empty() {
            return Ok(());
        }
        if let Meaning::Exi { root, .. } | Meaning::Sdp(root) = meaning {
            for line in tree::lines(root, 4) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }
}

/// Who sent it: the connection says it, else the kind of message.
fn sender(item: &Item, meaning: &Meaning) -> Sender {
    match (item.flow.sender, meaning.name()) {
        (Sender::Unknown, Some(name)) if name.ends_with("Req") => Sender::Vehicle,
        (Sender::Unknown, Some(name)) if name.ends_with("Res") => Sender::Station,
        (known, _) => known,
    }
}

/// Frame, time and addresses of an item.
fn place(item: &Item, sender: Sender) -> Map<String, Json> {
    let mut place = Map::new();
    place.insert("frame".to_owned(), json!(item.frame));
    place.insert("time".to_owned(), json!((item.time.as_secs_f64() * 1e6).round() / 1e6));
    place.insert("from".to_owned(), json!(item.flow.source.to_string()));
    place.insert("to".to_owned(), json!(item.flow.destination.to_string()));
    let sender = match sender {
        Sender::Vehicle => json!("vehicle"),
        Sender::Station => json!("station"),
        Sender::Unknown => Json::Null,
    };
    place.insert("sender".to_owned(), sender);
    place
}

/// Frame, time and direction of an item.
pub(super) fn heading(item: &Item, sender: Sender) -> String {
    let direction = match sender {
        Sender::Unknown if matches!(item.content, Content::HomePlug(_)) => "host, modem".to_owned(),
        Sender::Vehicle => "EV -> EVSE".to_owned(),
        Sender::Station => "EVSE -> EV".to_owned(),
        Sender::Unknown => format!("{} -> {}", item.flow.source, item.flow.destination),
    };
    format!("{:>6} {:>13.6}  {direction}", item.frame, item.time.as_secs_f64())
}

/// An event on one line: place and bits, what it is, where in the schema, type and value.
fn text_step(step: &Step) -> String {
    let Step { offset, length, code, event, path, type_name, value } = step;
    let type_name = if type_name.is_empty() { String::new() } else { format!("  ({type_name})") };
    let value = value.as_ref().map(|value| format!(" = {}", tree::text(value))).unwrap_or_default();
    format!("@{offset:<6} {length:>5} bits  {code:<9} {event} {path}{value}{type_name}")
}

fn json_step(step: &Step) -> Json {
    let Step { offset, length, code, event, path, type_name, value } = step;
    json!({
        "offset": offset, "bits": length, "code": code, "event": event, "path": path,
        "type": type_name, "value": value.as_ref().map(tree::Value::to_json),
    })
}

/// What is to be said about a message beside its content.
fn remark(meaning: &Meaning) -> Option<String> {
    match meaning {
        Meaning::Exi { also, trailing, .. } => {
            let mut remarks = Vec::new();
            if !also.is_empty() {
                let names: Vec<_> = also.iter().map(|set| set.name()).collect();
                remarks.push(format!("the grammar of {} fits too; --set chooses", names.join(", ")));
            }
            if *trailing > 0 {
                remarks.push(format!("{trailing} bytes behind the end of the message"));
            }
            (!remarks.is_empty()).then(|| remarks.join("\n"))
        }
        Meaning::Sdp(_) => None,
        Meaning::Named(name) => Some(format!("{name}, not decoded")),
        Meaning::Undecodable(reasons) => Some(joined(reasons)),
    }
}

fn joined(reasons: &[(Option<Set>, String)]) -> String {
    let one = |(set, reason): &(Option<Set>, String)| match set {
        Some(set) => format!("not {}: {reason}", set.name()),
        None => reason.clone(),
    };
    reasons.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The kind of a note, for programs.
fn kind(note: Note) -> &'static str {
    match note {
        Note::Gap { .. } => "gap",
        Note::Skipped { .. } => "skipped",
        Note::NoHeader(_) => "no-header",
        Note::TooLong { .. } => "too-long",
        Note::Incomplete { .. } => "incomplete",
        Note::Encrypted => "encrypted",
        Note::EncryptedEnd { .. } => "encrypted-end",
        Note::Opened { .. } => "opened",
        Note::Alert { .. } => "alert",
        Note::Unrecognised { .. } => "unrecognised",
        Note::BadDatagram(_) => "bad-datagram",
    }
}
