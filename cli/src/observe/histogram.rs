//! How long things took: a histogram of a fixed size, exact to about three per cent.

use std::time::Duration;

/// Buckets in each doubling.
const STEPS: u64 = 32;
const STEP_BITS: u32 = STEPS.ilog2();
/// From a nanosecond to some minutes.
const BUCKETS: usize = 36 * STEPS as usize;

/// Times, counted by size.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    buckets: Box<[u32]>,
    count: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS].into(), count: 0, max: Duration::ZERO }
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEP_BITS;
    let index = u64::from(shift + 1) * STEPS + ((nanos >> shift) - STEPS);
    (index as usize).min(BUCKETS - 1)
}

/// The upper end of a bucket, ns.
fn ceiling(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    ((STEPS + bucket % STEPS + 1) << shift) - 1
}

impl Histogram {
    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let place = &mut self.buckets[bucket(nanos)];
        *place = place.saturating_add(1);
        self.count += 1;
        self.max = self.max.max(time);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (own, other) in self.buckets.iter_mut().zip(&other.buckets) {
            *own = own.saturating_add(*other);
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The time that so many of a thousand did not exceed. None without times.
    pub(crate) fn permille(&self, permille: u64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = (self.count * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        Some(found.map_or(self.max, |bucket| Duration::from_nanos(ceiling(bucket)).min(self.max)))
    }

    pub(crate) fn max(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Duration, Histogram, bucket, ceiling};

    #[test]
    fn buckets_are_in_order_and_narrow() {
        let mut before = 0;
        for nanos in (0..5_000).chain((13..37).map(|bit| 1 << bit)).chain((13..37).map(|bit| (1 << bit) - 1))
        {
            let place = bucket(nanos);
            let (least, most) = (place.checked_sub(1).map_or(0, |b| ceiling(b) + 1), ceiling(place));
            assert!(least <= nanos && nanos <= most, "{nanos}: {least} to {most}");
            assert!(most - least <= nanos / 32, "{nanos}: {least} to {most}");
            if nanos < 5_000 {
                assert!(place >= before);
                before = place;
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.permille(500), histogram.max()), (None, None));
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        for (permille, micros) in [(500, 500), (900, 900), (990, 990), (1000, 1000), (0, 1)] {
            let exact = Duration::from_micros(micros);
            for found in [histogram.permille(permille).unwrap(), twice.permille(permille).unwrap()] {
                assert!(found >= exact && found <= exact.mul_f64(1.04), "{permille}: {found:?}");
            }
        }
        assert_eq!((twice.count(), twice.max()), (2000, Some(Duration::from_millis(1))));
    }
}
