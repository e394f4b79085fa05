//! The timeline: what was said, by whom, and how fast it was answered.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use iso15118_20::message::MessageKind;
use iso15118_20::{End, Instant};
use serde_json::{Map, Value, json};
use v2gtp::PayloadType;

use super::meaning;
use crate::failure::Failure;
use crate::terminal::{Colour, Paint, Stream};

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Secc,
    Evcc,
}

/// For whom the timeline is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// A line of text for each message.
    People,
    /// A JSON object for each message.
    Programs,
    /// Only figures are kept.
    Nobody,
}

impl Audience {
    pub(crate) fn json(json: bool) -> Self {
        if json { Self::Programs } else { Self::People }
    }
}

/// Watches one connection from one end.
#[derive(Debug)]
pub(crate) struct Observer {
    role: Role,
    audience: Audience,
    paint: Paint,
    start: Instant,
    last_request: Option<Instant>,
    messages: u32,
    rounds: u32,
    /// Time from request to response of the rounds of the loop.
    latencies: Vec<Duration>,
    failure: Option<io::ErrorKind>,
}

/// The figures of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) end: Option<End>,
    pub(crate) charged: f64,
    pub(crate) discharged: f64,
}

impl Observer {
    pub(crate) fn new(role: Role, audience: Audience, start: Instant) -> Self {
        Self {
            role,
            audience,
            paint: Paint::of(Stream::Output),
            start,
            last_request: None,
            messages: 0,
            rounds: 0,
            latencies: Vec::new(),
            failure: None,
        }
    }

    pub(super) fn sent(&mut self, now: Instant, payload_type: PayloadType, payload: &[u8]) {
        self.record(now, "sent", payload_type, payload);
    }

    pub(super) fn received(&mut self, now: Instant, payload_type: PayloadType, payload: &[u8]) {
        self.record(now, "received", payload_type, payload);
    }

    fn record(&mut self, now: Instant, direction: &str, payload_type: PayloadType, payload: &[u8]) {
        let meaning = meaning::of(payload_type, payload);
        self.messages += 1;
        let latency = if meaning.is_request {
            self.last_request = Some(now);
            None
        } else {
            self.last_request.take().map(|asked| now.saturating_sub(asked))
        };
        if meaning.name == MessageKind::DcChargeLoopRes.name() {
            self.rounds += 1;
            self.latencies.extend(latency);
        }
        let t = (now.saturating_sub(self.start).as_secs_f64() * 1e6).round() / 1e6;
        let line = match self.audience {
            Audience::Nobody => return,
            Audience::Programs => {
                let mut line = Map::new();
                line.insert("t".into(), json!(t));
                line.insert("dir".into(), direction.into());
                line.insert("message".into(), meaning.name.into());
                if let Some(latency) = latency {
                    line.insert("latency_ms".into(), json!(millis(latency)));
                }
                line.extend(meaning.facts);
                Value::Object(line).to_string()
            }
            Audience::People => {
                let arrow = match (self.role, direction) {
                    (Role::Evcc, "sent") | (Role::Secc, "received") => "EV  ->   ",
                    _ => "   <- EVSE",
                };
                let facts: Vec<String> =
                    meaning.facts.iter().map(|(name, value)| fact(name, value)).collect();
                let latency = latency.map_or(String::new(), |latency| format!("  {:.2} ms", millis(latency)));
                format!(
                    "{} {arrow}  {:<31}  {}{}",
                    self.paint.text(Colour::Dim, &format!("{t:9.3}")),
                    self.paint.text(Colour::Bold, &format!("{:<31}", meaning.name)),
                    facts.join("  "),
                    self.paint.text(Colour::Dim, &latency),
                )
            }
        };
        self.print(&line);
    }

    /// The session is over: prints its summary, and fails if it did not end as it should.
    pub(crate) fn finish(mut self, now: Instant, summary: &Summary) -> Result<(), Failure> {
        let ok = summary.end.is_some_and(|end| end.is_ok());
        let reason = summary.end.map_or_else(|| "no session".to_owned(), |end| end.to_string());
        let seconds = now.saturating_sub(self.start).as_secs_f64();
        self.latencies.sort_unstable();
        let middle = self.latencies.get(self.latencies.len() / 2).copied();
        let most = self.latencies.last().copied();
        match self.audience {
            Audience::Nobody => {}
            Audience::Programs => {
                let line = json!({
                    "ok": ok,
                    "reason": reason,
                    "messages": self.messages,
                    "rounds": self.rounds,
                    "seconds": (seconds * 1e3).round() / 1e3,
                    "loop_latency_ms": { "median": middle.map(millis), "max": most.map(millis) },
                    "charged_wh": (summary.charged * 10.0).round() / 10.0,
                    "discharged_wh": (summary.discharged * 10.0).round() / 10.0,
                });
                self.print(&line.to_string());
            }
            Audience::People => {
                let colour = if ok { Colour::Bold } else { Colour::Red };
                let verdict = self.paint.text(colour, &reason);
                let mut text = format!(
                    "\n{verdict}: {} messages, {} rounds of the charge loop, {seconds:.2} s\n\
                     energy: {:.1} Wh charged, {:.1} Wh discharged",
                    self.messages, self.rounds, summary.charged, summary.discharged
                );
                if let (Some(middle), Some(most)) = (middle, most) {
                    let (middle, most) = (millis(middle), millis(most));
                    let _ = write!(text, "\nloop latency: median {middle:.2} ms, max {most:.2} ms");
                }
                self.print(&text);
            }
        }
        if let Some(kind) = self.failure {
            return Err(io::Error::from(kind).into());
        }
        if ok {
            Ok(())
        } else {
            Err(Failure::failed(format!("the session did not end as it should: {reason}")))
        }
    }

    /// A broken output must not stop a session that moves energy; it is reported at the end.
    fn print(&mut self, line: &str) {
        let mut out = io::stdout().lock();
        if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
            self.failure.get_or_insert(error.kind());
        }
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}

/// `name value` without the quotes of JSON, with the unit that the name ends in.
fn fact(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let units = [("_wh", " Wh"), ("_w", " W"), ("_a", " A"), ("_v", " V"), ("_s", " s")];
    match units.iter().find(|(suffix, _)| name.ends_with(suffix)) {
        Some((suffix, unit)) => format!("{} {text}{unit}", name.trim_end_matches(suffix).replace('_', " ")),
        None if name == "code" => text,
        None => format!("{} {text}", name.replace('_', " ")),
    }
}
