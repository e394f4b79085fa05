//! `v2g decode`: messages, streams and captures in readable form.

mod certificates;
mod discovery;
mod homeplug;
mod meaning;
mod print;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use v2g_pki::{Role, RootKind, Time};
use v2gtp::{Frame, FrameError, PayloadType};

use crate::args::{Decode, Detail, SetChoice};
use crate::capture::{Capture, Content, Sender};
use crate::credentials;
use crate::engine::{self, Coding, Engine, EngineKind, Set};
use crate::failure::Failure;
use crate::input::{self, Input, Source};
use crate::terminal::Progress;
use crate::tree::{self, Row};
use certificates::Judge;
use meaning::Meaning;
use print::{Printer, Subject};

pub(crate) fn run(args: &Decode) -> Result<(), Failure> {
    let input = input::open(args.input.as_deref())?;
    let out = BufWriter::new(std::io::stdout().lock());
    let mut session = Session {
        engine: engine::of(EngineKind::Grammar),
        detail: args.detail(),
        printer: Printer::new(out, args.format),
        judge: Judge { roots: roots(args)? },
        messages: 0,
        failures: 0,
        notes: 0,
    };
    match input {
        Input::Capture(mut capture, length) => {
            if let Some(path) = &args.keylog {
                learn(&mut capture, path)?;
            }
            session.capture(*capture, length)?;
        }
        Input::Bytes(_) if args.keylog.is_some() => {
            return Err(Failure::usage("--keylog opens captures, and this is none"));
        }
        Input::Bytes(messages) => {
            for bytes in messages {
                session.bytes(args, &bytes)?;
            }
        }
    }
    session.end()
}

/// Reads the secrets of TLS sessions.
fn learn(capture: &mut Capture<Source>, path: &Path) -> Result<(), Failure> {
    let lines = std::fs::read(path)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    if capture.learn(&lines) == 0 {
        return Err(Failure::failed(format!("{} has no secrets of TLS 1.3 sessions", path.display()))
            .advise(
                "a line is a label such as CLIENT_TRAFFIC_SECRET_0, the client's random, and the secret",
            ));
    }
    Ok(())
}

/// The roots by which certificates are judged.
fn roots(args: &Decode) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
    args.pki.as_deref().map_or(Ok(Vec::new()), credentials::roots)
}

/// What a payload says, a row for each element, or why it cannot be read.
pub(crate) fn content(payload_type: PayloadType, payload: &[u8]) -> Result<Vec<Row>, String> {
    let engine = engine::of(EngineKind::Typed);
    match Meaning::of_payload(engine.as_ref(), payload_type, payload) {
        Meaning::Exi { root, .. } | Meaning::Sdp(root) => Ok(tree::rows(&root)),
        Meaning::Named(name) => Err(name.to_owned()),
        Meaning::Undecodable(reasons) => {
            Err(reasons.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>().join("; "))
        }
    }
}

struct Session<W: Write> {
    engine: Box<dyn Engine>,
    detail: Detail,
    printer: Printer<W>,
    judge: Judge,
    messages: u64,
    failures: u64,
    notes: u64,
}

impl<W: Write> Session<W> {
    fn capture(&mut self, mut capture: Capture<Source>, length: Option<u64>) -> Result<(), Failure> {
        let mut progress = Progress::new(length);
        // What comes through a pipe may be a capture under way: show each message at once.
        let live = length.is_none();
        while let Some(item) = capture.next() {
            let item = match item {
                Ok(item) => item,
                Err(error) => {
                    drop(progress);
                    self.printer.flush()?;
                    return Err(Failure::failed(error));
                }
            };
            // Certificates are judged by the time at which they were shown.
            let at = capture.started().map_or(Duration::ZERO, |started| started + item.time);
            let at = Time::from_unix(at.as_secs() as i64);
            match &item.content {
                Content::Message { payload_type, payload } => {
                    let meaning = Meaning::of_payload(self.engine.as_ref(), *payload_type, payload);
                    let chains = match payload_type {
                        PayloadType::Common => self.judge.of_message(payload, at),
                        _ => Vec::new(),
                    };
                    let (payload_type, bytes) = (Some(*payload_type), payload.as_slice());
                    let subject = Subject { item: Some(&item), payload_type, bytes, chains: &chains };
                    self.message(&subject, &meaning, Coding::Document)?;
                }
                Content::HomePlug(frame) => {
                    self.messages += 1;
                    self.printer.homeplug(&item, frame)?;
                }
                Content::Certificates(found) => {
                    let role = match item.flow.sender {
                        Sender::Station => Role::Secc,
                        Sender::Vehicle => Role::Vehicle,
                        Sender::Unknown => Role::Other,
                    };
                    let judged = self.judge.look(role, &found.chain, &found.staples, at);
                    self.printer.certificates(&item, &judged)?;
                }
                Content::Note(note) => {
                    self.notes += 1;
                    self.printer.note(&item, *note)?;
                }
            }
            if live {
                self.printer.flush()?;
            }
            progress.update(capture.bytes_read());
        }
        Ok(())
    }

    /// One V2GTP message after the other, or EXI.
    fn bytes(&mut self, args: &Decode, bytes: &[u8]) -> Result<(), Failure> {
        if !matches!(bytes, [v2gtp::VERSION, v2gtp::INVERSE_VERSION, ..]) {
            let sets = match args.set {
                SetChoice::Is(set) => vec![set],
                SetChoice::Auto if args.coding() == Coding::Document => Set::OF_MESSAGES.to_vec(),
                SetChoice::Auto => vec![Set::Common, Set::Xmldsig],
            };
            let meaning = Meaning::of_exi(self.engine.as_ref(), &sets, args.coding(), bytes);
            return self.message(
                &Subject { item: None, payload_type: None, bytes, chains: &[] },
                &meaning,
                args.coding(),
            );
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let place = bytes.len() - rest.len();
            let frame = Frame::new_checked(rest).map_err(|error| {
                let failure = Failure::failed(format!("no V2GTP message at byte {place}: {error}"));
                match error {
                    FrameError::Truncated { .. } => failure.advise("Its end is missing."),
                    _ => failure,
                }
            });
            let frame = match frame {
                Ok(frame) => frame,
                Err(failure) => {
                    self.printer.flush()?;
                    return Err(failure);
                }
            };
            let (payload_type, payload) = (frame.payload_type(), frame.payload());
            let meaning = Meaning::of_payload(self.engine.as_ref(), payload_type, payload);
            let subject =
                Subject { item: None, payload_type: Some(payload_type), bytes: payload, chains: &[] };
            self.message(&subject, &meaning, Coding::Document)?;
            rest = frame.rest();
        }
        Ok(())
    }

    fn message(&mut self, subject: &Subject<'_>, meaning: &Meaning, coding: Coding) -> Result<(), Failure> {
        self.messages += 1;
        self.failures += u64::from(matches!(meaning, Meaning::Undecodable { .. }));
        let explained = match self.detail {
            Detail::Content => Vec::new(),
            Detail::EventCodes => meaning.explain(coding, subject.bytes),
        };
        self.printer.message(subject, meaning, &explained)
    }

    fn end(mut self) -> Result<(), Failure> {
        self.printer.flush()?;
        match (self.messages, self.failures) {
            (0, _) if self.notes == 0 => Err(Failure::failed("there is no V2G message in it")
                .advise("The reader looks for HomePlug, for SDP on UDP port 15118 and for V2GTP in every TCP connection.")),
            (_, 0) => Ok(()),
            (1, _) => Err(Failure::failed("the message cannot be decoded")),
            (all, failed) => Err(Failure::failed(format!("{failed} of {all} messages cannot be decoded"))),
        }
    }
}
