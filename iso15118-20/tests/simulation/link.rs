//! The connection: slow, in pieces, and now and then broken.

use std::time::Duration;

use iso15118_20::Instant;
use v2gtp::SchemaSet;

use super::hostile::spoilt;
use super::random::Random;

/// What is wrong with a connection, in percent of the frames unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Longest delay of a frame, ms.
    pub latency: u64,
    /// Frames with a delay of most of a second.
    pub spikes: u64,
    pub split: u64,
    pub twice: u64,
    pub garbage: u64,
    pub flip: u64,
    pub spoil: u64,
    /// Frame after which the connection is lost.
    pub lost_after: Option<u64>,
    /// Frame after which nothing arrives any more, and nobody notices.
    pub silent_after: Option<u64>,
}

impl Faults {
    pub fn of(random: &mut Random) -> Self {
        let mut faults = Self {
            latency: random.pick(&[0, 5, 30, 80]),
            split: random.pick(&[0, 0, 20, 100]),
            ..Self::default()
        };
        if random.percent(45) {
            return faults;
        }
        for _ in 0..random.between(1, 2) {
            match random.below(8) {
                0 => faults.spikes = random.pick(&[1, 5, 30]),
                1 => faults.twice = random.pick(&[1, 5]),
                2 => faults.garbage = random.pick(&[1, 4]),
                3 => faults.flip = random.pick(&[1, 4]),
                4 | 5 => faults.spoil = random.pick(&[2, 10, 40]),
                6 => faults.lost_after = Some(random.below(120)),
                _ => faults.silent_after = Some(random.below(120)),
            }
        }
        faults
    }
}

/// One direction.
#[derive(Clone, Debug)]
pub struct Link {
    faults: Faults,
    random: Random,
    frames: u64,
    /// Bytes stay in order: nothing arrives before this.
    last: Instant,
}

/// Bytes on their way.
pub struct Delivery {
    pub at: Instant,
    pub bytes: Vec<u8>,
}

impl Link {
    pub fn new(faults: Faults, random: Random) -> Self {
        Self { faults, random, frames: 0, last: Instant::ZERO }
    }

    pub fn is_lost(&self) -> bool {
        self.faults.lost_after.is_some_and(|after| self.frames > after)
    }

    pub fn is_silent(&self) -> bool {
        self.faults.silent_after.is_some_and(|after| self.frames > after)
    }

    pub fn carry(&mut self, now: Instant, frame: &[u8], family: SchemaSet) -> Vec<Delivery> {
        self.frames += 1;
        if self.is_silent() {
            return Vec::new();
        }
        let Self { faults, random, .. } = self;
        let mut bytes = frame.to_vec();
        if random.percent(faults.spoil)
            && let Some(other) = spoilt(frame, family, random)
        {
            bytes = other;
        }
        if random.percent(faults.flip) {
            for _ in 0..random.between(1, 3) {
                let place = random.below(bytes.len() as u64) as usize;
                bytes[place] ^= 1 << random.below(8);
            }
        }
        if random.percent(faults.twice) {
            bytes.extend_from_within(..);
        }
        if random.percent(faults.garbage) {
            let garbage: Vec<u8> = (0..random.between(1, 60)).map(|_| random.next() as u8).collect();
            let place = random.below(bytes.len() as u64 + 1) as usize;
            bytes.splice(place..place, garbage);
        }
        let mut at = now + random.millis(0, faults.latency);
        if random.percent(faults.spikes) {
            at += random.millis(300, 2500);
        }
        at = at.max(self.last);
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let whole = !random.percent(faults.split);
            let take = if whole { bytes.len() } else { random.between(1, bytes.len() as u64) as usize };
            let rest = bytes.split_off(take);
            pieces.push(Delivery { at, bytes });
            bytes = rest;
            at += if random.percent(50) { Duration::ZERO } else { random.millis(0, 3) };
        }
        self.last = at;
        pieces
    }
}
