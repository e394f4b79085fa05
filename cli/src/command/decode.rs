//! `v2g decode`: messages, streams and captures in readable form.

mod discovery;
mod homeplug;
mod meaning;
mod print;

use std::io::{BufWriter, Write};

use v2gtp::{Frame, FrameError, PayloadType};

use crate::args::{Decode, Detail, SetChoice};
use crate::capture::{Capture, Content};
use crate::engine::{self, Coding, Engine, EngineKind, Set};
use crate::failure::Failure;
use crate::input::{self, Input, Source};
use crate::terminal::Progress;
use crate::tree::{self, Row};
use meaning::Meaning;
use print::{Printer, Subject};

pub(crate) fn run(args: &Decode) -> Result<(), Failure> {
    let input = input::open(args.input.as_deref())?;
    let out = BufWriter::new(std::io::stdout().lock());
    let mut session = Session {
        engine: engine::of(EngineKind::Grammar),
        detail: args.detail(),
        printer: Printer::new(out, args.format),
        messages: 0,
        failures: 0,
        notes: 0,
    };
    match input {
        Input::Capture(capture, length) => session.capture(*capture, length)?,
        Input::Bytes(messages) => {
            for bytes in messages {
                session.bytes(args, &bytes)?;
            }
        }
    }
    session.end()
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
            match &item.content {
                Content::Message { payload_type, payload } => {
                    let meaning = Meaning::of_payload(self.engine.as_ref(), *payload_type, payload);
                    let subject =
                        Subject { item: Some(&item), payload_type: Some(*payload_type), bytes: payload };
                    self.message(&subject, &meaning, Coding::Document)?;
                }
                Content::HomePlug(frame) => {
                    self.messages += 1;
                    self.printer.homeplug(&item, frame)?;
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
            return self.message(&Subject { item: None, payload_type: None, bytes }, &meaning, args.coding());
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
            let subject = Subject { item: None, payload_type: Some(payload_type), bytes: payload };
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
