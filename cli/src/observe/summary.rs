//! How sessions ended, whether that is right, and the figures.

use std::fmt::Write as _;
use std::time::Duration;

use iso15118_20::End;
use serde_json::{Value, json};
use v2g_scenario::scenario::{Expectation, Outcome, Side};

use super::figures::{Figures, columns};
use super::observer::Observer;
use super::timeline::{self, Audience};
use super::{diagnosis, millis};
use crate::failure::Failure;
use crate::memory::Memory;
use crate::terminal::{Colour, Paint, Stream};

/// Diagnoses that are printed of many sessions.
const DIAGNOSES: usize = 3;

/// Energy into and out of the vehicle, Wh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Energy {
    pub(crate) charged: f64,
    pub(crate) discharged: f64,
}

/// One end of a session that is over.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) end: Option<End>,
    pub(crate) energy: Energy,
    pub(crate) observer: Observer,
}

impl Ending {
    /// How it ended, without the details; without a link there is no session.
    fn outcome(&self) -> Option<Outcome> {
        let refused = self.observer.refusal().map(|_| Outcome::NotSecured);
        self.end.map(Outcome::of).or(refused)
    }

    /// For programs; None if there was nothing.
    fn json(&self) -> Option<Value> {
        let outcome = self.outcome()?.name();
        let Some(end) = self.end else {
            return Some(json!({ "outcome": outcome, "cause": self.observer.refusal() }));
        };
        let mut side = json!({
            "outcome": outcome, "stage": end.stage.to_string(), "cause": end.cause.to_string(),
            "requirement": diagnosis::advice(end).0,
        });
        if let Some(why) = self.observer.broken() {
            side["link"] = why.into();
        }
        Some(side)
    }

    /// How it ended, in words.
    fn reason(&self) -> String {
        match (self.end, self.observer.refusal(), self.observer.broken()) {
            (Some(end), _, Some(why)) => format!("{end}: {why}"),
            (Some(end), _, None) => end.to_string(),
            (None, Some(why), _) => format!("no link: {why}"),
            (None, None, _) => "no session".to_owned(),
        }
    }

    /// Prints one line, for who serves many vehicles for a long time.
    pub(crate) fn print(&self, audience: Audience) -> Result<(), Failure> {
        let session = self.observer.session();
        let reason = self.reason();
        let ok = self.end.is_some_and(|end| end.is_ok());
        let line = match audience {
            Audience::Programs => json!({ "session": session, "ok": ok, "reason": reason }).to_string(),
            Audience::People => format!("session {session:>5}  {reason}"),
        };
        Ok(timeline::print(&line)?)
    }
}

/// What is wrong with an end, if something is.
pub(crate) fn judge(expectation: &Expectation, ending: &Ending) -> Option<String> {
    let side = ending.observer.side();
    let right = match side {
        Side::Station => &expectation.station,
        Side::Vehicle => &expectation.vehicle,
    };
    let Some(outcome) = ending.outcome() else { return Some("no session".to_owned()) };
    if right.is_empty() && !ending.end.is_some_and(|end| end.is_ok()) {
        return Some(ending.reason());
    }
    if !right.is_empty() && !right.contains(&outcome) {
        let names: Vec<&str> = right.iter().map(|outcome| outcome.name()).collect();
        let reason = ending.reason();
        return Some(format!("{reason}: {} instead of {}", outcome.name(), names.join(" or ")));
    }
    let Energy { charged, discharged } = ending.energy;
    for (what, least, flowed) in
        [("charged", expectation.charged, charged), ("discharged", expectation.discharged, discharged)]
    {
        if let Some(least) = least.map(v2g_scenario::scenario::Energy::as_f64)
            && flowed < least
        {
            return Some(format!("{flowed:.0} Wh {what} instead of {least:.0} Wh or more"));
        }
    }
    None
}

/// Everything that there is to say at the end.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) endings: &'a [Ending],
    pub(crate) figures: &'a Figures,
    pub(crate) expectation: &'a Expectation,
    pub(crate) elapsed: Duration,
    pub(crate) memory: Option<Memory>,
}

impl Summary<'_> {
    /// Prints it, and fails if a session did not end as it should.
    pub(crate) fn finish(&self, audience: Audience) -> Result<(), Failure> {
        let faults: Vec<(&Ending, String)> = self
            .endings
            .iter()
            .filter_map(|ending| judge(self.expectation, ending).map(|fault| (ending, fault)))
            .collect();
        let text = match audience {
            Audience::Programs => self.json(&faults).to_string(),
            Audience::People => self.text(&faults),
        };
        timeline::print(&text)?;
        let failure = self.endings.iter().find_map(|ending| ending.observer.failure());
        if let Some(kind) = failure {
            return Err(std::io::Error::from(kind).into());
        }
        match faults.as_slice() {
            [] if self.endings.is_empty() => Err(Failure::failed("no session")),
            [] => Ok(()),
            [(_, fault)] | [(_, fault), _] if self.sessions() <= 1 => {
                Err(Failure::failed(format!("the session did not end as it should: {fault}")))
            }
            _ => {
                let failed = Self::failed(&faults);
                Err(Failure::failed(format!(
                    "{failed} of {} sessions did not end as they should",
                    self.sessions()
                )))
            }
        }
    }

    fn sessions(&self) -> usize {
        let vehicles = self.endings.iter().filter(|e| e.observer.side() == Side::Vehicle).count();
        vehicles.max(self.endings.len() - vehicles)
    }

    fn failed(faults: &[(&Ending, String)]) -> usize {
        let mut sessions: Vec<u32> = faults.iter().map(|(ending, _)| ending.observer.session()).collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions.len()
    }

    fn energy(&self) -> Energy {
        // Both ends hang on the same cable: one of them is asked.
        let side = self.endings.first().map(|ending| ending.observer.side());
        let own = self.endings.iter().filter(|ending| Some(ending.observer.side()) == side);
        own.fold(Energy::default(), |sum, ending| Energy {
            charged: sum.charged + ending.energy.charged,
            discharged: sum.discharged + ending.energy.discharged,
        })
    }

    /// What went wrong first, or how it ended.
    fn reason(&self, faults: &[(&Ending, String)]) -> String {
        match (faults.first(), self.endings.first()) {
            (Some((_, fault)), _) => fault.clone(),
            (None, Some(ending)) => ending.reason(),
            (None, None) => "no session".to_owned(),
        }
    }

    fn json(&self, faults: &[(&Ending, String)]) -> Value {
        let (rounds, _) = self.figures.overall();
        let energy = self.energy();
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let mut line = json!({
            "ok": faults.is_empty() && !self.endings.is_empty(),
            "reason": self.reason(faults),
            "messages": self.figures.messages(),
            "rounds": self.figures.rounds(),
            "seconds": (self.elapsed.as_secs_f64() * 1e3).round() / 1e3,
            "loop_latency_ms": { "median": rounds.permille(500).map(millis), "max": rounds.max().map(millis) },
            "latency_ms": self.figures.json(),
            "charged_wh": tenth(energy.charged),
            "discharged_wh": tenth(energy.discharged),
        });
        if self.sessions() > 1 {
            line["sessions"] = self.sessions().into();
            line["failed"] = Self::failed(faults).into();
            line["peak"] = self.figures.peak().into();
        } else {
            for ending in self.endings {
                if let Some(mut side) = ending.json() {
                    let observer = &ending.observer;
                    if let Some(secured) = observer.link() {
                        side["tls"] = secured.facts().into();
                    }
                    if !observer.findings().is_empty() {
                        side["findings"] = observer.findings().into();
                    }
                    line[ending.observer.side().name()] = side;
                }
            }
        }
        if let Some(memory) = self.memory {
            line["memory_kib"] = json!({
                "peak": memory.peak, "per_session": memory.per_session(self.sessions()),
            });
        }
        line
    }

    fn text(&self, faults: &[(&Ending, String)]) -> String {
        let paint = Paint::of(Stream::Output);
        let (messages, rounds) = (self.figures.messages(), self.figures.rounds());
        let seconds = self.elapsed.as_secs_f64();
        let mut text = String::new();
        let many = self.sessions() > 1;
        let verdict = if many {
            format!(
                "{} of {} sessions as they should",
                self.sessions() - Self::failed(faults),
                self.sessions()
            )
        } else {
            self.reason(faults)
        };
        let colour = if faults.is_empty() { Colour::Bold } else { Colour::Red };
        let _ = write!(
            text,
            "\n{}: {messages} messages, {rounds} rounds of the charge loop, {seconds:.2} s",
            paint.text(colour, &verdict)
        );
        let energy = self.energy();
        let _ = write!(
            text,
            "\nenergy: {:.1} Wh charged, {:.1} Wh discharged",
            energy.charged, energy.discharged
        );
        let (loops, _) = self.figures.overall();
        if loops.count() > 0 {
            let [p50, _, p99, max] = columns(&loops);
            let _ = write!(text, "\nloop latency: median {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms");
        }
        if many {
            let _ = write!(text, "\nat once: {}", self.figures.peak());
        }
        if let Some(memory) = self.memory {
            let per_session = memory.per_session(self.sessions());
            let _ = write!(text, "\nmemory: {} KiB at most, {per_session:.1} KiB per session", memory.peak);
        }
        for ending in self.endings.iter().filter(|_| !many) {
            for finding in ending.observer.findings() {
                let finding = crate::tree::printable(finding);
                let _ = write!(text, "\n{}: {finding}", ending.observer.side().name());
            }
        }
        let _ = write!(text, "\n\n{}", self.figures.table());
        // Of one session every end that is none of the usual ones, expected or not.
        let unusual = self.endings.iter().filter(|ending| {
            !many && (ending.end.is_some_and(|end| !end.is_ok()) || ending.observer.refusal().is_some())
        });
        let unusual: Vec<&Ending> = unusual.collect();
        let wrong = faults.iter().map(|(ending, _)| *ending).filter(|e| many || e.outcome().is_none());
        for ending in unusual.into_iter().chain(wrong.take(DIAGNOSES)) {
            let verdict = match faults.iter().find(|(other, _)| std::ptr::eq(*other, ending)) {
                Some((_, fault)) => fault.as_str(),
                None => "as expected",
            };
            let _ = write!(text, "\n\n{}", diagnosis::text(&ending.observer, ending.end, verdict));
        }
        text
    }
}
