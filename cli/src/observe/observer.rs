//! Watches one connection from one end.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iso15118_20::message::MessageKind;
use iso15118_20::{End, Instant};
use v2g_scenario::scenario::Side;
use v2gtp::PayloadType;

use super::figures::Figures;
use super::record::{Message, Sample, Seen, Sink, Way};
use super::timeline::{self, Audience};
use crate::runtime::Secured;

/// Messages that are kept for a diagnosis.
const KEPT: usize = 8;
/// Findings that are kept.
const FINDINGS: usize = 16;
/// Samples are no closer together than this.
const SAMPLING: Duration = Duration::from_millis(20);

/// Where records go. Clones share the same places.
#[derive(Clone, Default)]
pub(crate) struct Sinks {
    /// Who watches; at one end of one session only.
    pub(crate) timeline: Option<Audience>,
    sinks: Vec<Arc<Mutex<dyn Sink>>>,
}

impl Sinks {
    pub(crate) fn new(timeline: Option<Audience>) -> Self {
        Self { timeline, sinks: Vec::new() }
    }

    /// Adds a place; the handle that comes back shares it.
    pub(crate) fn add<S: Sink + 'static>(&mut self, sink: S) -> Arc<Mutex<S>> {
        let shared = Arc::new(Mutex::new(sink));
        self.sinks.push(Arc::clone(&shared) as Arc<Mutex<dyn Sink>>);
        shared
    }

    /// The same places, but nobody who watches.
    pub(crate) fn unwatched(&self) -> Self {
        Self { timeline: None, sinks: self.sinks.clone() }
    }

    fn tell(&self, mut to: impl FnMut(&mut dyn Sink)) {
        for sink in &self.sinks {
            to(&mut *sink.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").field("timeline", &self.timeline).finish_non_exhaustive()
    }
}

/// A message that is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) at: Duration,
    way: Way,
    kind: Option<MessageKind>,
    payload_type: PayloadType,
    payload: Vec<u8>,
    latency: Option<Duration>,
}

impl Kept {
    pub(super) fn message(&self) -> Message<'_> {
        Message {
            way: self.way,
            kind: self.kind,
            payload_type: self.payload_type,
            payload: &self.payload,
            latency: self.latency,
        }
    }
}

/// Watches one connection from one end.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    side: Side,
    session: u32,
    start: Instant,
    asked: Option<Instant>,
    sampled: Option<Instant>,
    kept: VecDeque<Kept>,
    sinks: Sinks,
    failure: Option<io::ErrorKind>,
    secured: Option<Secured>,
    /// Why there is no link, so that there was no session.
    refused: Option<String>,
    /// What the link said when it broke.
    trouble: Option<String>,
    /// What was found out about certificates and contracts.
    findings: Vec<String>,
}

impl Observer {
    pub(crate) fn new(side: Side, session: u32, start: Instant, sinks: Sinks) -> Self {
        Self {
            side,
            session,
            start,
            asked: None,
            sampled: None,
            kept: VecDeque::new(),
            sinks,
            failure: None,
            secured: None,
            refused: None,
            trouble: None,
            findings: Vec::new(),
        }
    }

    /// It turned out which session this is.
    pub(crate) fn rename(&mut self, session: u32) {
        self.session = session;
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn session(&self) -> u32 {
        self.session
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = (Seen, &Kept)> {
        self.kept.iter().map(|kept| (Seen { session: self.session, side: self.side, at: kept.at }, kept))
    }

    /// What is known of the link, if it was secured.
    pub(crate) fn link(&self) -> Option<&Secured> {
        self.secured.as_ref()
    }

    /// Why there is no link, if there is none.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// What the link said when it broke, if it did.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What was found out about certificates and contracts.
    pub(crate) fn findings(&self) -> &[String] {
        &self.findings
    }

    /// How the session ended by the word of the engine, which knows nothing of a link that never came about.
    pub(crate) fn end(&self, engine: Option<End>) -> Option<End> {
        engine.filter(|_| self.refused.is_none())
    }

    /// Why the timeline could not be written, if so.
    pub(crate) fn failure(&self) -> Option<io::ErrorKind> {
        self.failure
    }

    pub(crate) fn sent(
        &mut self,
        now: Instant,
        kind: MessageKind,
        payload_type: PayloadType,
        payload: &[u8],
        figures: &mut Figures,
    ) {
        self.message(now, Way::Sent, Some(kind), payload_type, payload, figures);
    }

    pub(crate) fn received(
        &mut self,
        now: Instant,
        kind: Option<MessageKind>,
        payload_type: PayloadType,
        payload: &[u8],
        figures: &mut Figures,
    ) {
        self.message(now, Way::Received, kind, payload_type, payload, figures);
    }

    fn message(
        &mut self,
        now: Instant,
        way: Way,
        kind: Option<MessageKind>,
        payload_type: PayloadType,
        payload: &[u8],
        figures: &mut Figures,
    ) {
        let latency = if kind.is_some_and(MessageKind::is_request) {
            self.asked = Some(now);
            None
        } else {
            self.asked.take().map(|asked| now.saturating_sub(asked))
        };
        figures.message(kind, latency);
        let seen = self.seen(now);
        let message = Message { way, kind, payload_type, payload, latency };
        self.keep(seen.at, &message);
        self.sinks.tell(|sink| sink.message(seen, &message));
        self.print(now, |audience, seen| timeline::line(audience, seen, &message));
    }

    fn seen(&self, now: Instant) -> Seen {
        Seen { session: self.session, side: self.side, at: now.saturating_sub(self.start) }
    }

    /// Keeps the last few messages, in memory that is used again and again.
    fn keep(&mut self, at: Duration, message: &Message<'_>) {
        let mut payload = if self.kept.len() < KEPT {
            Vec::new()
        } else {
            self.kept.pop_front().map(|kept| kept.payload).unwrap_or_default()
        };
        payload.clear();
        payload.extend_from_slice(message.payload);
        let Message { way, kind, payload_type, latency, .. } = *message;
        self.kept.push_back(Kept { at, way, kind, payload_type, payload, latency });
    }

    /// The link is secured.
    pub(crate) fn secured(&mut self, now: Instant, secured: &Secured) {
        self.note(now, "tls", format_args!("{}", secured.text()));
        self.print(now, |audience, seen| timeline::link(audience, seen, secured));
        self.secured = Some(secured.clone());
    }

    /// There is no link.
    pub(crate) fn refused(&mut self, now: Instant, why: String) {
        self.note(now, "tls", format_args!("no link: {why}"));
        self.print(now, |audience, seen| timeline::trouble(audience, seen, &why));
        self.refused = Some(why);
    }

    /// The link broke.
    pub(crate) fn trouble(&mut self, now: Instant, why: String) {
        self.note(now, "tls", format_args!("{why}"));
        self.print(now, |audience, seen| timeline::trouble(audience, seen, &why));
        self.trouble = Some(why);
    }

    /// Something was found out about certificates and contracts.
    pub(crate) fn found(&mut self, now: Instant, name: &str, detail: fmt::Arguments<'_>) {
        self.note(now, name, detail);
        self.print(now, |audience, seen| timeline::finding(audience, seen, name, detail));
        if self.findings.len() < FINDINGS {
            self.findings.push(format!("{name}: {detail}"));
        }
    }

    fn print(&mut self, now: Instant, line: impl FnOnce(Audience, Seen) -> String) {
        if let Some(audience) = self.sinks.timeline
            && let Err(error) = timeline::print(&line(audience, self.seen(now)))
        {
            // A broken output must not stop a session that moves energy; it is reported at the end.
            self.failure.get_or_insert(error.kind());
        }
    }

    /// Something that the end does or that happens to it.
    pub(crate) fn note(&mut self, now: Instant, name: &str, detail: fmt::Arguments<'_>) {
        if !self.sinks.sinks.is_empty() {
            let (seen, detail) = (self.seen(now), detail.to_string());
            self.sinks.tell(|sink| sink.note(seen, name, &detail));
        }
    }

    /// What flows now. Asked for only where somebody wants to know, and not too often.
    pub(crate) fn sample(&mut self, now: Instant, sample: impl FnOnce() -> Sample) {
        let due = self.sampled.is_none_or(|before| now.saturating_sub(before) >= SAMPLING);
        if due && !self.sinks.sinks.is_empty() {
            self.sampled = Some(now);
            let (seen, sample) = (self.seen(now), sample());
            self.sinks.tell(|sink| sink.sample(seen, &sample));
        }
    }

    /// The session is over.
    pub(crate) fn ended(&mut self, now: Instant, end: End) {
        let seen = self.seen(now);
        self.sinks.tell(|sink| sink.ended(seen, end));
    }
}
