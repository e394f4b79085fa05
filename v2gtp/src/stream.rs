//! Messages out of a TCP byte stream, reassembled in the caller's memory.

use thiserror::Error;

use crate::{FrameError, HEADER_LEN, Header, PayloadType, PayloadTypes};

/// Largest payload that is accepted unless the caller says otherwise, bytes.
///
/// A certificate installation response outgrows 8 KiB, a power profile with 2048 entries more than that;
/// caps below 16 KiB refuse legitimate messages.
pub const DEFAULT_CAP: u32 = 64 * 1024;

/// Why a byte stream cannot be followed any further. The connection must be closed and power stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StreamError {
    /// The bytes where a frame must start are no V2GTP header.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The announced payload exceeds the cap or the reassembly buffer; none of it was buffered.
    #[error("payload {payload_type} of {announced} bytes, at most {limit} are accepted")]
    TooLong {
        /// Type of the refused payload.
        payload_type: PayloadType,
        /// Length that the header announces, bytes.
        announced: u32,
        /// Length that would have been accepted for this type, bytes.
        limit: usize,
    },
}

/// One complete message, borrowed from the input where it arrived in one piece, else from the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What the payload is; always one of the accepted types.
    pub payload_type: PayloadType,
    /// The whole payload, without the header. May be empty.
    pub payload: &'a [u8],
}

/// What a [`Reassembler`] has seen since it was made. The counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounters {
    /// Messages delivered.
    pub messages: u64,
    /// Bytes of complete headers, and of payloads as far as they came, skipped ones included.
    pub bytes: u64,
    /// Frames skipped because their type is reserved or not accepted.
    pub skipped: u64,
    /// Payload bytes of skipped frames.
    pub skipped_bytes: u64,
    /// Streams given up with a [`StreamError`]; at most one between two calls of [`Reassembler::reset`].
    pub errors: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header { bytes: [u8; HEADER_LEN], have: usize },
    Payload { payload_type: PayloadType, len: usize, have: usize },
    Skip { left: u32 },
    Failed(StreamError),
}

impl State {
    const BOUNDARY: Self = Self::Header { bytes: [0; HEADER_LEN], have: 0 };
}

/// Cuts a byte stream into messages, however the bytes are split or joined on their way.
///
/// Frames of a type that is reserved or not accepted are skipped without being buffered, and the stream
/// stays in step. Work is proportional to the bytes consumed.
#[derive(Debug)]
pub struct Reassembler<'buf> {
    buffer: &'buf mut [u8],
    cap: u32,
    accepted: PayloadTypes,
    state: State,
    counters: StreamCounters,
}

impl<'buf> Reassembler<'buf> {
    /// A stream at its start, with [`DEFAULT_CAP`] and every EXI type accepted.
    ///
    /// `buffer` holds the payload of a message that arrives in pieces, so its length limits the payloads
    /// that can be accepted, also those that happen to arrive in one piece.
    pub fn new(buffer: &'buf mut [u8]) -> Self {
        Self {
            buffer,
            cap: DEFAULT_CAP,
            accepted: PayloadTypes::EXI,
            state: State::BOUNDARY,
            counters: StreamCounters::default(),
        }
    }

    /// Replaces the largest payload length that is tolerated, delivered or skipped, bytes.
    #[must_use]
    pub fn with_cap(mut self, cap: u32) -> Self {
        self.cap = cap;
        self
    }

    /// Replaces the types that are delivered, from the next frame on.
    pub fn accept(&mut self, accepted: PayloadTypes) {
        self.accepted = accepted;
    }

    /// Consumes bytes from the front of `input` until a message is complete or no byte is left.
    ///
    /// Call it again with the rest until it returns `None`; then all bytes are consumed.
    ///
    /// # Errors
    /// A [`StreamError`] is final: every later call returns it again and consumes nothing.
    pub fn poll<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Result<Option<Message<'m>>, StreamError> {
        loop {
            match self.state {
                State::Failed(error) => return Err(error),
                State::Header { mut bytes, have } => {
                    let piece = take(input, HEADER_LEN - have);
                    let have_now = have + piece.len();
                    bytes[have..have_now].copy_from_slice(piece);
                    self.state = match Header::parse(&bytes[..have_now]) {
                        Ok(header) => {
                            count(&mut self.counters.bytes, HEADER_LEN);
                            self.begin(header)
                        }
                        Err(FrameError::Truncated { .. }) => {
                            self.state = State::Header { bytes, have: have_now };
                            return Ok(None);
                        }
                        Err(error) => self.fail(error.into()),
                    };
                }
                State::Skip { left } => {
                    let piece = take(input, usize::try_from(left).unwrap_or(usize::MAX));
                    count(&mut self.counters.bytes, piece.len());
                    count(&mut self.counters.skipped_bytes, piece.len());
                    let left = left - piece.len() as u32;
                    if left > 0 {
                        self.state = State::Skip { left };
                        return Ok(None);
                    }
                    self.state = State::BOUNDARY;
                }
                State::Payload { payload_type, len, have } => {
                    let piece = take(input, len - have);
                    count(&mut self.counters.bytes, piece.len());
                    let payload = if piece.len() == len {
                        piece
                    } else {
                        let have_now = have + piece.len();
                        self.buffer[have..have_now].copy_from_slice(piece);
                        if have_now < len {
                            self.state = State::Payload { payload_type, len, have: have_now };
                            return Ok(None);
                        }
                        &self.buffer[..len]
                    };
                    self.state = State::BOUNDARY;
                    count(&mut self.counters.messages, 1);
                    return Ok(Some(Message { payload_type, payload }));
                }
            }
        }
    }

    /// Whether the stream stands between two frames: an end of file elsewhere cuts a message off.
    pub fn is_at_boundary(&self) -> bool {
        matches!(self.state, State::Header { have: 0, .. })
    }

    /// Forgets a partial message or an error, for a new connection. Settings and counters stay.
    pub fn reset(&mut self) {
        self.state = State::BOUNDARY;
    }

    /// What has been seen so far.
    pub fn counters(&self) -> StreamCounters {
        self.counters
    }

    fn begin(&mut self, header: Header) -> State {
        let Header { payload_type, payload_len } = header;
        let cap = usize::try_from(self.cap).unwrap_or(usize::MAX);
        let accepted = self.accepted.contains(payload_type);
        let limit = if accepted { cap.min(self.buffer.len()) } else { cap };
        match usize::try_from(payload_len).ok().filter(|len| *len <= limit) {
            None => self.fail(StreamError::TooLong { payload_type, announced: payload_len, limit }),
            Some(len) if accepted => State::Payload { payload_type, len, have: 0 },
            Some(_) => {
                count(&mut self.counters.skipped, 1);
                State::Skip { left: payload_len }
            }
        }
    }

    fn fail(&mut self, error: StreamError) -> State {
        count(&mut self.counters.errors, 1);
        State::Failed(error)
    }
}

fn take<'i>(input: &mut &'i [u8], at_most: usize) -> &'i [u8] {
    let (piece, rest) = input.split_at(at_most.min(input.len()));
    *input = rest;
    piece
}

fn count(counter: &mut u64, by: usize) {
    *counter = counter.saturating_add(by as u64);
}
