//! The trace: everything that both ends see and do, one JSON object per line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use iso15118_20::End;
use serde_json::{Map, Value, json};
use v2g_scenario::scenario::Outcome;

use super::record::{Message, Sample, Seen, Sink};
use super::{meaning, micros, millis};
use crate::failure::Failure;
use crate::input::to_hex;

/// A file of JSON lines.
#[derive(Debug)]
pub(crate) struct Trace {
    path: PathBuf,
    out: BufWriter<File>,
    failure: Option<io::Error>,
}

impl Trace {
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path)
            .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file), failure: None })
    }

    /// Whether all of it could be written.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let error = self.failure.take().or_else(|| self.out.flush().err());
        match error {
            Some(error) => Err(Failure::failed(format!("cannot write {}: {error}", self.path.display()))),
            None => Ok(()),
        }
    }

    fn line(&mut self, seen: Seen, what: &str, rest: Map<String, Value>) {
        let mut line = Map::new();
        line.insert("t".into(), json!(micros(seen.at)));
        line.insert("session".into(), seen.session.into());
        line.insert("side".into(), seen.side.name().into());
        line.insert("what".into(), what.into());
        line.extend(rest);
        // A broken output must not stop a session that moves energy; it is reported at the end.
        if let Err(error) = writeln!(self.out, "{}", Value::Object(line)) {
            self.failure.get_or_insert(error);
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Sink for Trace {
    fn message(&mut self, seen: Seen, message: &Message<'_>) {
        let meaning = meaning::of(message.payload_type, message.payload);
        let mut rest = object(json!({ "dir": message.way.name(), "message": meaning.name }));
        if let Some(latency) = message.latency {
            rest.insert("latency_ms".into(), json!(millis(latency)));
        }
        rest.insert("facts".into(), Value::Object(meaning.facts));
        rest.insert("payload_type".into(), format!("{:04x}", u16::from(message.payload_type)).into());
        rest.insert("exi".into(), to_hex(message.payload).into());
        self.line(seen, "message", rest);
    }

    fn note(&mut self, seen: Seen, name: &str, detail: &str) {
        self.line(seen, "event", object(json!({ "event": name, "detail": detail })));
    }

    fn sample(&mut self, _: Seen, _: &Sample) {}

    fn ended(&mut self, seen: Seen, end: End) {
        let rest = json!({
            "ok": end.is_ok(), "outcome": Outcome::of(end).name(), "stage": end.stage.to_string(),
            "cause": end.cause.to_string(),
        });
        self.line(seen, "end", object(rest));
        // A station may run until somebody ends it: what is over is then on disk.
        if let Err(error) = self.out.flush() {
            self.failure.get_or_insert(error);
        }
    }
}
