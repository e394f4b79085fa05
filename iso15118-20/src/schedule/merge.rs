//! Schedules of messages with more entries than can be taken.

use core::iter::once;

use exi_codec::Watts;
use exi_codec::iso20::common_messages::PowerScheduleEntry;

use super::SCHEDULE_ENTRIES;
use super::energy::{milliwatts, watts};

/// The entries merged downward until they are few: neighbours get the power, phase by phase, that is nearer to zero, those
/// first that lose the least energy. What is left never allows what was not allowed. Returns how many are left.
pub(crate) fn merged_down(
    entries: &[PowerScheduleEntry],
    into: &mut [PowerScheduleEntry; SCHEDULE_ENTRIES],
) -> usize {
    let mut len = 0;
    for entry in entries.iter().filter(|entry| entry.duration > 0) {
        if let Some(place) = into.get_mut(len) {
            *place = *entry;
            len += 1;
            continue;
        }
        let rights = into.iter().skip(1).chain(once(entry));
        let losses = into.iter().zip(rights).map(|(a, b)| merged(a, b).1);
        let Some((index, _)) = losses.enumerate().min_by_key(|(_, loss)| *loss) else { return len };
        let right = into.get(index + 1).copied().unwrap_or(*entry);
        if let Some(left) = into.get_mut(index) {
            *left = merged(left, &right).0;
        }
        // Empty if the new entry was one of the pair.
        let tail = into.get_mut(index + 1..).unwrap_or_default();
        tail.rotate_left(tail.len().min(1));
        if let Some(last) = tail.last_mut() {
            *last = *entry;
        }
    }
    len
}

/// Two neighbours as one, and the energy that is lost by it in mW·s.
fn merged(a: &PowerScheduleEntry, b: &PowerScheduleEntry) -> (PowerScheduleEntry, i128) {
    let by_phase = [a, b].iter().any(|entry| entry.power_l2.is_some() || entry.power_l3.is_some());
    let duration = a.duration.saturating_add(b.duration);
    let one = if by_phase {
        let ([a1, a2, a3], [b1, b2, b3]) = (phases(a), phases(b));
        PowerScheduleEntry {
            duration,
            power: nearer(a1, b1),
            power_l2: Some(nearer(a2, b2)),
            power_l3: Some(nearer(a3, b3)),
        }
    } else {
        PowerScheduleEntry { duration, power: nearer(a.power, b.power), ..*a }
    };
    let kept = total(&one).abs();
    let loss = |entry: &PowerScheduleEntry| {
        i128::from(total(entry).abs().saturating_sub(kept)) * i128::from(entry.duration)
    };
    (one, loss(a) + loss(b))
}

/// What each phase carries: of a whole a third each, which none of its users exceeds on any.
fn phases(entry: &PowerScheduleEntry) -> [Watts; 3] {
    match (entry.power_l2, entry.power_l3) {
        (None, None) => [watts(milliwatts(entry.power) / 3); 3],
        (l2, l3) => [entry.power, l2.unwrap_or_default(), l3.unwrap_or_default()],
    }
}

fn total(entry: &PowerScheduleEntry) -> i64 {
    [Some(entry.power), entry.power_l2, entry.power_l3].into_iter().flatten().map(milliwatts).sum()
}

fn nearer(a: Watts, b: Watts) -> Watts {
    let (milli_a, milli_b) = (milliwatts(a), milliwatts(b));
    if milli_a.signum() != milli_b.signum() {
        Watts::ZERO
    } else if milli_a.abs() <= milli_b.abs() {
        a
    } else {
        b
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use exi_codec::iso20::common_messages::PowerScheduleEntry;
    use exi_codec::{List, Watts};
    use proptest::prelude::*;

    use super::{SCHEDULE_ENTRIES, merged_down};
    use crate::schedule::{Corridor, Lane, PowerCurve};

    fn entry(duration: u32, power: i16, others: Option<(i16, i16)>) -> PowerScheduleEntry {
        let watts = |value| Watts::new(value, 2);
        PowerScheduleEntry {
            duration,
            power: watts(power),
            power_l2: others.map(|(l2, _)| watts(l2)),
            power_l3: others.map(|(_, l3)| watts(l3)),
        }
    }

    #[test]
    fn what_loses_nothing_is_merged_first() {
        let day: Vec<_> = (0..96).map(|quarter| entry(900, [110, 40][quarter / 24 % 2], None)).collect();
        let mut few = [PowerScheduleEntry::default(); SCHEDULE_ENTRIES];
        let len = merged_down(&day, &mut few);
        let energy = |entries: &[PowerScheduleEntry]| {
            let curve = PowerCurve::new(0, List::new(entries));
            curve.energy_between(0, 86_400)
        };
        assert_eq!(energy(&few[..len]), energy(&day), "four steps of six hours fit into twelve entries");
    }

    proptest! {
        #[test]
        fn what_is_left_allows_no_more_than_there_was(
            day in proptest::collection::vec((0u32..4000, 0i16..300, proptest::option::of((0i16..300, 0i16..300))), 0..60)
        ) {
            let day: Vec<_> = day.into_iter().map(|(d, p, others)| entry(d, p, others)).collect();
            let mut few = [PowerScheduleEntry::default(); SCHEDULE_ENTRIES];
            let len = merged_down(&day, &mut few);
            let (all, few) = (List::new(&day), List::new(&few[..len]));
            for lane in [Lane::Total, Lane::L1, Lane::L2, Lane::L3] {
                let corridor = Corridor::charging(PowerCurve::new(1000, all).lane(lane));
                prop_assert_eq!(corridor.check(PowerCurve::new(1000, few).lane(lane)), Ok(()));
            }
            let seconds = |list: List<'_, PowerScheduleEntry>| list.iter().map(|e| u64::from(e.duration)).sum::<u64>();
            prop_assert_eq!(seconds(all), seconds(few));
        }
    }
}
