//! One direction of a TCP connection: segments in any order in, the byte stream out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::frame::Segment;

/// Bytes that wait for an earlier segment; when more wait, that segment counts as lost.
const MAX_WAITING: usize = 1 << 18;
/// What keeping a segment costs beside its bytes.
const OVERHEAD: usize = 64;
/// No receive window is wider; what lies further away belongs to another connection.
const MAX_WINDOW: u64 = 1 << 30;

/// The packet that something came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Number of the packet in the file, from 1.
    pub(crate) frame: u64,
    /// As [`super::file::Packet::time`].
    pub(crate) time: Duration,
}

/// What takes the byte stream.
pub(crate) trait Sink {
    /// The next bytes, and the packet that brought them.
    fn bytes(&mut self, origin: Origin, bytes: &[u8]);
    /// So many bytes were sent but not captured; `origin` is the packet behind them.
    fn gap(&mut self, origin: Origin, missing: u64);
}

/// Puts the segments of one direction in order.
///
/// Positions are sequence numbers widened to 64 bits, so they never wrap.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// `None` before the first segment.
    stream: Option<Stream>,
    /// The receiver has everything before this position.
    acknowledged: u64,
    waiting: BTreeMap<u64, (Origin, Vec<u8>)>,
    waiting_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    beginning: Beginning,
    /// Position of the first byte.
    start: u64,
    /// Position of the next byte to deliver.
    next: u64,
}

/// Whether a connection was seen from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// With its first segment.
    Seen,
    /// The capture started later.
    Missed,
}

impl Reassembly {
    /// Whether `segment` opens another connection between the same two sockets.
    pub(crate) fn is_reopened_by(&self, segment: &Segment<'_>) -> bool {
        let first = segment.sequence.wrapping_add(1);
        segment.syn
            && self
                .stream
                .is_some_and(|s| s.beginning == Beginning::Missed || widen(first, s.next) != s.start)
    }

    /// Takes one segment and delivers what has become contiguous.
    pub(crate) fn push(&mut self, origin: Origin, segment: &Segment<'_>, sink: &mut impl Sink) {
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        let start = BASE | u64::from(first);
        let beginning = if segment.syn { Beginning::Seen } else { Beginning::Missed };
        let opened = Stream { beginning, start, next: start };
        let mut position = widen(first, self.stream.get_or_insert(opened).next);
        if self.stream.is_some_and(|s| position.abs_diff(s.next) > MAX_WINDOW) {
            // Numbers from nowhere: another connection whose beginning was not captured.
            self.flush(sink);
            sink.gap(origin, 0);
            *self = Self { stream: Some(opened), ..Self::default() };
            position = start;
        }
        if !segment.data.is_empty() {
            self.wait(position, origin, segment.data);
        }
        self.deliver(sink);
    }

    /// The other side has everything before `sequence`: what is still missing will not come.
    pub(crate) fn acknowledge(&mut self, sequence: u32, sink: &mut impl Sink) {
        let Some(Stream { next, .. }) = self.stream else { return };
        let position = widen(sequence, next);
        if position.abs_diff(next) <= MAX_WINDOW {
            self.acknowledged = self.acknowledged.max(position);
            self.deliver(sink);
        }
    }

    /// Delivers all that waits, with its gaps: nothing more will come.
    pub(crate) fn flush(&mut self, sink: &mut impl Sink) {
        self.acknowledged = u64::MAX;
        self.deliver(sink);
    }

    fn wait(&mut self, position: u64, origin: Origin, data: &[u8]) {
        let entry = self.waiting.entry(position).or_insert_with(|| {
            self.waiting_bytes += OVERHEAD;
            (origin, Vec::new())
        });
        // The first copy stays, as it was delivered first; a longer one adds its tail.
        if let Some(tail) = data.get(entry.1.len()..) {
            self.waiting_bytes += tail.len();
            entry.1.extend_from_slice(tail);
        }
    }

    fn deliver(&mut self, sink: &mut impl Sink) {
        let Some(stream) = &mut self.stream else { return };
        while let Some(first) = self.waiting.first_entry() {
            let position = *first.key();
            let patient = self.waiting_bytes <= MAX_WAITING;
            if position > stream.next && self.acknowledged <= stream.next && patient {
                break;
            }
            let (origin, data) = first.remove();
            self.waiting_bytes -= data.len() + OVERHEAD;
            if position > stream.next {
                sink.gap(origin, position - stream.next);
                stream.next = position;
            }
            let known = usize::try_from(stream.next - position).unwrap_or(usize::MAX);
            if let Some(fresh) = data.get(known..).filter(|fresh| !fresh.is_empty()) {
                sink.bytes(origin, fresh);
                stream.next += fresh.len() as u64;
            }
        }
    }
}

/// Positions start here rather than at zero, so that earlier ones exist.
const BASE: u64 = 1 << 40;

/// The position next to `near` whose lower half is `sequence`.
fn widen(sequence: u32, near: u64) -> u64 {
    let distance = sequence.wrapping_sub(near as u32) as i32;
    near.saturating_add_signed(i64::from(distance))
}

#[cfg(test)]
mod tests;
