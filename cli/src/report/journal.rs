//! What is kept of a session for its report.

use std::time::Duration;

use iso15118_20::End;
use iso15118_20::message::MessageKind;
use v2g_scenario::scenario::Side;
use v2gtp::PayloadType;

use crate::observe::{Message, Sample, Seen, Sink};

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Duration,
    pub(super) sender: Side,
    pub(super) kind: Option<MessageKind>,
    pub(super) payload_type: PayloadType,
    pub(super) payload: Vec<u8>,
    pub(super) latency: Option<Duration>,
}

/// Something that an end did or that happened to it.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) at: Duration,
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) detail: String,
}

/// How an end saw the session end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) at: Duration,
    pub(super) side: Side,
    pub(super) end: End,
}

/// What one end tells.
#[derive(Debug, Default)]
struct Story {
    messages: Vec<Entry>,
    samples: Vec<(Duration, Sample)>,
}

/// What is kept of a session. Where both ends tell, the vehicle is believed on messages and the station on what
/// flows: it alone knows what its converter was to do.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    station: Story,
    vehicle: Story,
    pub(super) notes: Vec<Note>,
    pub(super) ends: Vec<Ended>,
}

impl Journal {
    fn story(&mut self, side: Side) -> &mut Story {
        match side {
            Side::Station => &mut self.station,
            Side::Vehicle => &mut self.vehicle,
        }
    }

    pub(super) fn messages(&self) -> &[Entry] {
        let [first, second] = [&self.vehicle.messages, &self.station.messages];
        if first.is_empty() { second } else { first }
    }

    pub(super) fn samples(&self) -> &[(Duration, Sample)] {
        let [first, second] = [&self.station.samples, &self.vehicle.samples];
        if first.is_empty() { second } else { first }
    }
}

impl Sink for Journal {
    fn message(&mut self, seen: Seen, message: &Message<'_>) {
        let entry = Entry {
            at: seen.at,
            sender: message.sender(seen.side),
            kind: message.kind,
            payload_type: message.payload_type,
            payload: message.payload.to_vec(),
            latency: message.latency,
        };
        self.story(seen.side).messages.push(entry);
    }

    fn note(&mut self, seen: Seen, name: &str, detail: &str) {
        let (name, detail) = (name.to_owned(), detail.to_owned());
        self.notes.push(Note { at: seen.at, side: seen.side, name, detail });
    }

    fn sample(&mut self, seen: Seen, sample: &Sample) {
        self.story(seen.side).samples.push((seen.at, *sample));
    }

    fn ended(&mut self, seen: Seen, end: End) {
        self.ends.push(Ended { at: seen.at, side: seen.side, end });
    }
}
