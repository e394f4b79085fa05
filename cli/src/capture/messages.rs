//! V2GTP messages out of one direction of a connection, in step from the start or by searching for a header.

use v2gtp::{FrameError, HEADER_LEN, Header, PayloadType};

use super::Note;
use super::tcp::{Origin, Sink};
use super::tls::{self, Follower, Likeness};

/// Longer payloads are not believed: no schema set yields half of that.
const MAX_PAYLOAD: u32 = 1 << 20;
/// Bytes without a header after which a stream counts as something else.
const MAX_SEARCH: u64 = 1 << 16;
/// A header is believed in the middle of a stream if the first byte of EXI follows.
const EXI_START: u8 = 0x80;

/// What a stream yields, with the packet that completed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yield {
    Message(PayloadType, Vec<u8>),
    Note(Note),
    /// A record of TLS, header included.
    Record(Vec<u8>),
    /// So many bytes of TLS are missing here.
    Missing(u64),
}

#[derive(Debug)]
enum State {
    /// Before the first byte.
    Start,
    /// A header comes next.
    InStep,
    /// The next header has to be found; so many bytes were passed over already.
    Searching {
        passed: u64,
    },
    Tls(Follower),
    /// Neither V2GTP nor TLS; so many bytes.
    Foreign {
        bytes: u64,
    },
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Extractor {
    state: State,
    buffer: Vec<u8>,
    yielded: Vec<(Origin, Yield)>,
    last: Option<Origin>,
    /// Whether V2GTP has been seen, so that what cannot be read is damage and not another protocol.
    familiar: bool,
}

impl Default for Extractor {
    fn default() -> Self {
        Self { state: State::Start, buffer: Vec::new(), yielded: Vec::new(), last: None, familiar: false }
    }
}

impl Sink for Extractor {
    fn bytes(&mut self, origin: Origin, bytes: &[u8]) {
        self.last = Some(origin);
        match &mut self.state {
            State::Tls(follower) => {
                follower.bytes(bytes, |record| self.yielded.push((origin, Yield::Record(record))));
            }
            State::Foreign { bytes: count } => *count += bytes.len() as u64,
            _ => {
                self.buffer.extend_from_slice(bytes);
                while self.advance(origin) {}
            }
        }
    }

    fn gap(&mut self, origin: Origin, missing: u64) {
        match &mut self.state {
            State::Tls(follower) => {
                follower.gap();
                self.yielded.push((origin, Yield::Missing(missing)));
            }
            State::Foreign { .. } => {}
            State::Start | State::InStep | State::Searching { .. } => {
                self.cut_off(origin);
                if missing > 0 && self.familiar {
                    self.note(origin, Note::Gap { bytes: missing });
                }
                self.state = State::Searching { passed: 0 };
            }
        }
    }
}

impl Extractor {
    /// What has been found since the last call.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Origin, Yield)> {
        self.yielded.drain(..)
    }

    /// The TLS records of this direction, if it is TLS.
    pub(crate) fn tls(&self) -> Option<&Follower> {
        if let State::Tls(follower) = &self.state { Some(follower) } else { None }
    }

    /// The last packet that brought bytes.
    pub(crate) fn last(&self) -> Option<Origin> {
        self.last
    }

    /// The stream ends: tells what was left over.
    pub(crate) fn finish(&mut self) {
        let Some(origin) = self.last else { return };
        match self.state {
            State::Foreign { bytes } => self.note(origin, Note::Unrecognised { bytes }),
            State::Start | State::InStep | State::Searching { .. } => self.cut_off(origin),
            State::Tls(_) => {}
        }
        self.state = State::Start;
    }

    /// Gives up the bytes at hand, which do not continue.
    fn cut_off(&mut self, origin: Origin) {
        let have = self.buffer.len();
        match (&self.state, Header::parse(&self.buffer)) {
            (State::InStep, Ok(Header { payload_len, .. })) => {
                let note = Note::Incomplete { have: have - HEADER_LEN, of: payload_len };
                self.note(origin, note);
            }
            (&State::Searching { passed }, _) if passed + have as u64 > 0 => {
                self.passed_over(origin, passed + have as u64);
            }
            _ if have > 0 => self.passed_over(origin, have as u64),
            _ => {}
        }
        self.buffer.clear();
    }

    fn passed_over(&mut self, origin: Origin, bytes: u64) {
        let note = if self.familiar { Note::Skipped { bytes } } else { Note::Unrecognised { bytes } };
        self.note(origin, note);
    }

    fn note(&mut self, origin: Origin, note: Note) {
        self.yielded.push((origin, Yield::Note(note)));
    }

    /// One step; false when more bytes are needed.
    fn advance(&mut self, origin: Origin) -> bool {
        match self.state {
            State::Start => self.first_bytes(origin),
            State::InStep => self.frame(origin),
            State::Searching { passed } => self.search(origin, passed),
            State::Tls(_) | State::Foreign { .. } => false,
        }
    }

    fn first_bytes(&mut self, origin: Origin) -> bool {
        match (Header::parse(&self.buffer), tls::likeness(&self.buffer)) {
            (_, Likeness::Tls) => self.begin_tls(origin),
            (Ok(_), _) => self.state = State::InStep,
            (Err(FrameError::Truncated { .. }), _) | (_, Likeness::Undecided) => return false,
            _ => self.state = State::Searching { passed: 0 },
        }
        true
    }

    fn begin_tls(&mut self, origin: Origin) {
        let mut follower = Follower::default();
        self.note(origin, Note::Encrypted);
        let begun = std::mem::take(&mut self.buffer);
        follower.bytes(&begun, |record| self.yielded.push((origin, Yield::Record(record))));
        self.state = State::Tls(follower);
    }

    fn frame(&mut self, origin: Origin) -> bool {
        let header = match Header::parse(&self.buffer) {
            Ok(header) if header.payload_len <= MAX_PAYLOAD => header,
            Err(FrameError::Truncated { .. }) => return false,
            Ok(header) => {
                return self.out_of_step(origin, Note::TooLong { bytes: header.payload_len });
            }
            Err(error) => return self.out_of_step(origin, Note::NoHeader(error)),
        };
        let end = HEADER_LEN + header.payload_len as usize;
        let Some(payload) = self.buffer.get(HEADER_LEN..end) else { return false };
        let message = Yield::Message(header.payload_type, payload.to_vec());
        self.yielded.push((origin, message));
        self.buffer.drain(..end);
        self.familiar = true;
        !self.buffer.is_empty()
    }

    /// The first byte of what was no header is passed over, so that the search moves on.
    fn out_of_step(&mut self, origin: Origin, note: Note) -> bool {
        self.note(origin, note);
        self.buffer.remove(0);
        self.state = State::Searching { passed: 1 };
        true
    }

    fn search(&mut self, origin: Origin, passed: u64) -> bool {
        match tls::likeness(&self.buffer) {
            Likeness::Tls if passed == 0 => {
                self.begin_tls(origin);
                return false;
            }
            Likeness::Undecided if passed == 0 => return false,
            _ => {}
        }
        let found = (0..self.buffer.len()).find_map(|at| match believable(&self.buffer[at..]) {
            Belief::No => None,
            belief => Some((at, belief)),
        });
        let (at, belief) = found.unwrap_or((self.buffer.len(), Belief::TooShort));
        self.buffer.drain(..at);
        let passed = passed + at as u64;
        match belief {
            Belief::Yes => {
                if passed > 0 {
                    self.note(origin, Note::Skipped { bytes: passed });
                }
                self.state = State::InStep;
                self.familiar = true;
                true
            }
            _ if passed > MAX_SEARCH && !self.familiar => {
                let bytes = passed + self.buffer.len() as u64;
                self.buffer = Vec::new();
                self.state = State::Foreign { bytes };
                false
            }
            _ => {
                self.state = State::Searching { passed };
                false
            }
        }
    }
}

enum Belief {
    Yes,
    No,
    TooShort,
}

/// Whether a message with EXI starts here; stricter than in step, as any bytes may come by.
fn believable(bytes: &[u8]) -> Belief {
    match (Header::parse(bytes), bytes.get(HEADER_LEN)) {
        (Ok(Header { payload_type, payload_len }), first) => {
            let plausible = payload_type.schema_set().is_some() && (1..=MAX_PAYLOAD).contains(&payload_len);
            match first {
                _ if !plausible => Belief::No,
                Some(&EXI_START) => Belief::Yes,
                Some(_) => Belief::No,
                None => Belief::TooShort,
            }
        }
        (Err(FrameError::Truncated { .. }), _) => Belief::TooShort,
        (Err(_), _) => Belief::No,
    }
}

#[cfg(test)]
mod tests;
