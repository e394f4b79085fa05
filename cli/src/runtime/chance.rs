//! Chance that can be repeated.

use v2g_scenario::scenario::Share;

/// A small generator (SplitMix64): the same seed gives the same faults.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// `stream` separates the generators of one scenario from each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut chance = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        chance.next();
        chance
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True in so many of all cases.
    pub(super) fn happens(&mut self, share: Share) -> bool {
        (self.next() % 100_000) < share.thousandths().unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Share};

    #[test]
    fn the_same_seed_gives_the_same_chance_and_streams_differ() {
        let draw = |seed, stream| {
            let mut chance = Chance::new(seed, stream);
            [chance.next(), chance.next()]
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }

    #[test]
    fn shares_are_kept() {
        let mut chance = Chance::new(1, 0);
        let share = Share::from_thousandths(25_000);
        let hits = (0..10_000).filter(|_| chance.happens(share)).count();
        assert!((2300..2700).contains(&hits), "{hits}");
        assert!(!(0..1000).any(|_| chance.happens(Share::from_thousandths(0))));
        assert!((0..1000).all(|_| chance.happens(Share::from_thousandths(100_000))));
    }
}
