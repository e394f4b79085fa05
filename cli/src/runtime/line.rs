//! The wire between an engine and its socket, with what goes wrong on it.

use std::collections::VecDeque;
use std::time::Duration;

use iso15118_20::Instant;
use v2g_scenario::scenario::{FaultKind, Portion};

use super::chance::Chance;

/// Between two pieces of a message that comes in pieces.
const GAP: Duration = Duration::from_millis(1);

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It goes out now, as it is.
    Through,
    /// It goes out otherwise than it is; in words.
    Altered(String),
    /// It is lost; in words.
    Lost(&'static str),
}

/// The outgoing half of a connection.
#[derive(Clone, Debug)]
pub(super) struct Line {
    faults: Vec<FaultKind>,
    chance: Chance,
    queue: VecDeque<(Instant, Vec<u8>)>,
    /// Until when nothing is sent; the end of time for ever.
    silent: Option<Instant>,
}

impl Line {
    pub(super) fn new(chance: Chance) -> Self {
        Self { faults: Vec::new(), chance, queue: VecDeque::new(), silent: None }
    }

    /// Lets something go wrong from now on.
    pub(super) fn arm(&mut self, now: Instant, fault: FaultKind) {
        match fault {
            FaultKind::Garbage(bytes) => {
                let garbage = (0..bytes).map(|_| self.chance.next() as u8).collect();
                self.queue.push_back((now, garbage));
            }
            FaultKind::Silence(lasting) => {
                self.silent = Some(lasting.map_or(Instant::MAX, |lasting| now + lasting.duration()));
            }
            _ => self.faults.push(fault),
        }
    }

    /// Decides on a frame. What is not [`Passage::Through`] has been taken care of.
    pub(super) fn pass(&mut self, now: Instant, frame: &[u8]) -> Passage {
        if self.silent.is_some_and(|until| now < until) {
            return Passage::Lost("silence");
        }
        self.silent = None;
        if self.faults.is_empty() && self.queue.is_empty() {
            return Passage::Through;
        }
        let mut bytes = frame.to_vec();
        let mut delay = Duration::ZERO;
        let mut piece = usize::MAX;
        let mut words = Vec::new();
        for index in 0..self.faults.len() {
            if !self.strikes(index) {
                continue;
            }
            match self.faults[index] {
                FaultKind::Drop(_) => {
                    self.forget_spent();
                    return Passage::Lost("dropped");
                }
                FaultKind::Delay(_, by) => {
                    delay += by.duration();
                    words.push(format!("delayed by {} ms", by.duration().as_millis()));
                }
                FaultKind::Fragment(_, size) => {
                    piece = size as usize;
                    words.push(format!("in pieces of {size} bytes"));
                }
                FaultKind::Corrupt(_, bits) => {
                    self.flip(&mut bytes, bits);
                    words.push(format!("{bits} bits flipped"));
                }
                _ => {}
            }
        }
        self.forget_spent();
        if words.is_empty() && self.queue.is_empty() {
            return Passage::Through;
        }
        // Streams keep their order.
        let mut at = self.queue.back().map_or(now, |(at, _)| now.max(*at)).max(now + delay);
        for piece in bytes.chunks(piece) {
            self.queue.push_back((at, piece.to_vec()));
            at += GAP;
        }
        Passage::Altered(if words.is_empty() {
            "after what came before it".to_owned()
        } else {
            words.join(", ")
        })
    }

    /// Whether a fault strikes now; if it is counted, it is counted down.
    fn strikes(&mut self, index: usize) -> bool {
        let (FaultKind::Drop(portion)
        | FaultKind::Delay(portion, _)
        | FaultKind::Fragment(portion, _)
        | FaultKind::Corrupt(portion, _)) = &mut self.faults[index]
        else {
            return false;
        };
        match portion {
            Portion::Count(0) => false,
            Portion::Count(left) => {
                *left -= 1;
                true
            }
            Portion::Chance(share) => self.chance.happens(*share),
        }
    }

    fn forget_spent(&mut self) {
        self.faults.retain(|fault| {
            !matches!(
                fault,
                FaultKind::Drop(Portion::Count(0))
                    | FaultKind::Delay(Portion::Count(0), _)
                    | FaultKind::Fragment(Portion::Count(0), _)
                    | FaultKind::Corrupt(Portion::Count(0), _)
            )
        });
    }

    /// Behind the V2GTP header, so that it is the message that is damaged and not the framing.
    fn flip(&mut self, frame: &mut [u8], bits: u32) {
        let Some((_, payload)) = frame.split_at_mut_checked(v2gtp::HEADER_LEN) else { return };
        for _ in 0..bits {
            let at = self.chance.below(payload.len() * 8);
            if let Some(byte) = payload.get_mut(at / 8) {
                *byte ^= 0x80 >> (at % 8);
            }
        }
    }

    /// Bytes that are to go out by now.
    pub(super) fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.queue.front().is_some_and(|(at, _)| *at <= now) {
            self.queue.pop_front().map(|(_, bytes)| bytes)
        } else {
            None
        }
    }

    /// When the next bytes are to go out.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.front().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use v2g_scenario::scenario::{Share, Span};

    use super::{Chance, Duration, FaultKind, Instant, Line, Passage, Portion};

    const FRAME: &[u8] = &[1, 0xfe, 0x80, 1, 0, 0, 0, 2, 0x80, 0x40];
    const ONE: Portion = Portion::Count(1);

    fn line() -> Line {
        Line::new(Chance::new(3, 0))
    }

    fn ms(ms: u64) -> Instant {
        Duration::from_millis(ms)
    }

    fn all(line: &mut Line, until: Instant) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| line.due(until)).collect()
    }

    #[test]
    fn without_faults_frames_go_through() {
        let mut line = line();
        assert_eq!(line.pass(ms(1), FRAME), Passage::Through);
        assert_eq!(line.next(), None);
    }

    #[test]
    fn what_is_counted_strikes_so_often() {
        let mut line = line();
        line.arm(ms(0), FaultKind::Drop(Portion::Count(2)));
        let lost = (0..4).filter(|_| matches!(line.pass(ms(1), FRAME), Passage::Lost(_))).count();
        assert_eq!(lost, 2);
    }

    #[test]
    fn a_late_frame_holds_back_the_next_one() {
        let mut line = line();
        line.arm(ms(0), FaultKind::Delay(ONE, Span::from_thousandths(50)));
        assert_eq!(line.pass(ms(10), FRAME), Passage::Altered("delayed by 50 ms".into()));
        assert!(matches!(line.pass(ms(20), &[7]), Passage::Altered(_)));
        assert_eq!((line.next(), all(&mut line, ms(59)).len()), (Some(ms(60)), 0));
        assert_eq!(all(&mut line, ms(61)), [FRAME.to_vec(), vec![7]]);
        assert_eq!(line.pass(ms(62), FRAME), Passage::Through);
    }

    #[test]
    fn pieces_make_up_the_frame() {
        let mut line = line();
        line.arm(ms(0), FaultKind::Fragment(ONE, 4));
        line.pass(ms(0), FRAME);
        assert_eq!(all(&mut line, ms(0)).concat(), FRAME[..4]);
        assert_eq!(all(&mut line, ms(9)).concat(), FRAME[4..]);
    }

    #[test]
    fn damage_spares_the_header_and_repeats_by_its_seed() {
        let damaged = || {
            let mut line = line();
            line.arm(ms(0), FaultKind::Corrupt(Portion::Chance(Share::from_thousandths(100_000)), 1));
            line.pass(ms(0), FRAME);
            line.due(ms(0)).unwrap()
        };
        let bytes = damaged();
        assert_eq!(bytes[..8], FRAME[..8]);
        let flipped: u32 = bytes.iter().zip(FRAME).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!((flipped, bytes.len()), (1, FRAME.len()));
        assert_eq!(bytes, damaged());
    }

    #[test]
    fn silence_ends_or_does_not() {
        let mut line = line();
        line.arm(ms(0), FaultKind::Silence(Some(Span::from_thousandths(100))));
        assert_eq!(line.pass(ms(99), FRAME), Passage::Lost("silence"));
        assert_eq!(line.pass(ms(100), FRAME), Passage::Through);
        line.arm(ms(100), FaultKind::Silence(None));
        assert_eq!(line.pass(ms(10_000_000), FRAME), Passage::Lost("silence"));
    }

    #[test]
    fn garbage_comes_before_what_follows() {
        let mut line = line();
        line.arm(ms(5), FaultKind::Garbage(9));
        line.pass(ms(6), FRAME);
        let sent = all(&mut line, ms(6));
        assert_eq!((sent[0].len(), &sent[1][..]), (9, FRAME));
    }
}
