//! A profile of few entries out of many slots, in fixed memory.

use core::iter::once;

use super::energy::watts;
use super::timeline::{Slot, Timeline};
use super::{SCHEDULE_ENTRIES, Schedule, ScheduleEntry};

/// The best slots that are kept in one pass: eight hours in quarters. They can be more than a profile has entries,
/// because those that adjoin become one.
const KEPT: usize = 32;

/// Slots of the coarse view: one entry is left for a slot that is used in part.
const COARSE: usize = SCHEDULE_ENTRIES - 1;

/// What a plan comes to.
pub(super) struct Planned {
    pub profile: Schedule,
    /// mW·s.
    pub energy: i128,
    /// Sum of key times mW·s, saturating.
    pub score: i128,
    /// When the last energy flows, Unix time in seconds.
    pub end: u64,
}

/// How much a plan is to reach, and what it must not exceed, mW·s.
#[derive(Clone, Copy)]
pub(super) struct Goal {
    pub wanted: i128,
    pub most: i128,
}

impl Goal {
    fn target(self) -> i128 {
        self.wanted.min(self.most)
    }
}

/// The best profile that fits: slots by worth, the earlier one of two equals first.
///
/// If the best slots do not reach the goal because they are too short or too scattered for the entries of a
/// profile, neighbouring slots are merged to the smaller power of the two and tried again.
pub(super) fn plan(timeline: &Timeline<'_>, goal: Goal) -> Planned {
    let (mut filling, enough) = fine(timeline, goal);
    if !enough {
        let other = coarse(timeline, goal);
        if other.energy > filling.energy {
            filling = other;
        }
    }
    let rest = u32::try_from(timeline.until.saturating_sub(timeline.from)).unwrap_or(u32::MAX);
    filling.planned(rest)
}

/// From the best slots as they are; and whether more is not to be had. Like the next, a function of its own so that
/// their memory is not needed at the same time.
#[inline(never)]
fn fine(timeline: &Timeline<'_>, goal: Goal) -> (Filling, bool) {
    let mut best = Best::<KEPT>::EMPTY;
    timeline.each(|slot| best.add(slot));
    let mut filling = Filling::new(timeline.from);
    let all = filling.fill(best.slots(), goal);
    let enough = filling.energy >= goal.target() || (all && !best.dropped);
    (filling, enough)
}

/// From all slots, merged until there are few.
#[inline(never)]
fn coarse(timeline: &Timeline<'_>, goal: Goal) -> Filling {
    let mut few = Coarse::EMPTY;
    timeline.each(|slot| few.add(slot));
    let mut best = Best::<COARSE>::EMPTY;
    few.slots.iter().take(few.len).for_each(|slot| best.add(*slot));
    let mut filling = Filling::new(timeline.from);
    filling.fill(best.slots(), goal);
    filling
}

/// The best slots of one pass, the best of them first.
struct Best<const N: usize> {
    slots: [Slot; N],
    len: usize,
    dropped: bool,
}

impl<const N: usize> Best<N> {
    const EMPTY: Self = Self { slots: [Slot::EMPTY; N], len: 0, dropped: false };

    /// Slots come in the order of time, so that an equal one goes behind.
    fn add(&mut self, slot: Slot) {
        if slot.milliwatts <= 0 {
            return;
        }
        let before = self.len;
        if before < N {
            self.len += 1;
        } else {
            self.dropped = true;
        }
        let place = self.slots.iter().take(before).take_while(|other| other.key <= slot.key).count();
        let tail = self.slots.get_mut(place..self.len).unwrap_or_default();
        if let Some(last) = tail.last_mut() {
            *last = slot;
        }
        tail.rotate_right(tail.len().min(1));
    }

    fn slots(&self) -> &[Slot] {
        self.slots.get(..self.len).unwrap_or_default()
    }
}

/// All slots, neighbours merged where there are too many.
struct Coarse {
    slots: [Slot; COARSE],
    len: usize,
}

impl Coarse {
    const EMPTY: Self = Self { slots: [Slot::EMPTY; COARSE], len: 0 };

    fn add(&mut self, slot: Slot) {
        if let Some(place) = self.slots.get_mut(self.len) {
            *place = slot;
            self.len += 1;
            return;
        }
        let rights = self.slots.iter().skip(1).chain(once(&slot));
        let losses = self.slots.iter().zip(rights).map(|(a, b)| merged(*a, *b).1);
        let Some((index, _)) = losses.enumerate().min_by_key(|(_, loss)| *loss) else { return };
        let right = self.slots.get(index + 1).copied().unwrap_or(slot);
        if let Some(left) = self.slots.get_mut(index) {
            *left = merged(*left, right).0;
        }
        if let Some(tail) = self.slots.get_mut(index + 1..).filter(|tail| !tail.is_empty()) {
            tail.rotate_left(1);
            if let Some(last) = tail.last_mut() {
                *last = slot;
            }
        }
    }
}

/// Two neighbours as one; what is lost by it is energy first, and how much their worth differs second.
fn merged(a: Slot, b: Slot) -> (Slot, (i128, i128)) {
    let milliwatts = a.milliwatts.min(b.milliwatts);
    let seconds = a.seconds.saturating_add(b.seconds);
    let weigh = |slot: Slot| i128::from(slot.key) * i128::from(slot.seconds);
    let key = (weigh(a) + weigh(b)) / i128::from(seconds.max(1));
    let one = Slot { start: a.start, seconds, milliwatts, key: key as i64 };
    let lost = a.energy() + b.energy() - one.energy();
    let blurred = (i128::from(a.key) - i128::from(b.key)).abs() * i128::from(a.seconds.min(b.seconds));
    (one, (lost, blurred))
}

/// Slots in the order of time; those that adjoin with the same power are one.
#[derive(Clone, Copy)]
pub(super) struct Used {
    slots: [Slot; SCHEDULE_ENTRIES],
    len: usize,
}

impl Used {
    pub(super) const NONE: Self = Self { slots: [Slot::EMPTY; SCHEDULE_ENTRIES], len: 0 };

    pub(super) fn get(&self) -> &[Slot] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    /// Appends a slot; none if there is no room.
    pub(super) fn push(&mut self, slot: Slot) -> Option<()> {
        let last = self.len.checked_sub(1).and_then(|last| self.slots.get_mut(last));
        match last {
            Some(last) if last.end() == slot.start && last.milliwatts == slot.milliwatts => {
                last.seconds += slot.seconds;
            }
            _ => {
                *self.slots.get_mut(self.len)? = slot;
                self.len += 1;
            }
        }
        Some(())
    }

    /// With one slot more; none if a profile has no entries for it.
    pub(super) fn with(&self, slot: Slot) -> Option<Self> {
        let place = self.get().iter().take_while(|other| other.start < slot.start).count();
        let (before, after) = self.get().split_at_checked(place)?;
        let mut with = Self::NONE;
        for slot in before.iter().chain(once(&slot)).chain(after) {
            with.push(*slot)?;
        }
        (with.entries().count() <= SCHEDULE_ENTRIES).then_some(with)
    }

    /// Seconds and mW of the entries of a profile: pauses between slots are entries too.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, i64)> + '_ {
        let mut time = 0;
        self.get().iter().flat_map(move |slot| {
            let pause = slot.start.saturating_sub(time);
            time = slot.end();
            (pause > 0).then_some((pause, 0)).into_iter().chain(once((slot.seconds, slot.milliwatts)))
        })
    }
}

/// A plan in the making.
struct Filling {
    from: u64,
    used: Used,
    energy: i128,
    score: i128,
}

impl Filling {
    fn new(from: u64) -> Self {
        Self { from, used: Used::NONE, energy: 0, score: 0 }
    }

    /// Takes slots until the goal is reached. False if some were of no use because entries ran out.
    fn fill(&mut self, slots: &[Slot], goal: Goal) -> bool {
        let mut all = true;
        for slot in slots {
            let left = goal.target() - self.energy;
            if left <= 0 {
                break;
            }
            let power = i128::from(slot.milliwatts);
            if power <= 0 {
                continue;
            }
            // The goal is reached, if need be by less than a second's energy more than was wanted.
            let room = goal.most - self.energy;
            let seconds = ((left + power - 1) / power).min(i128::from(slot.seconds));
            let seconds = if seconds * power > room { room / power } else { seconds };
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            if seconds == 0 {
                continue;
            }
            let early = Slot { seconds, ..*slot };
            let late = Slot { start: slot.start.saturating_add(slot.seconds - seconds), ..early };
            all &= self.take(early) || self.take(late);
        }
        all
    }

    /// Takes a slot if there are entries for it.
    fn take(&mut self, slot: Slot) -> bool {
        let Some(used) = self.used.with(slot) else { return false };
        self.used = used;
        self.energy += slot.energy();
        self.score = self.score.saturating_add(i128::from(slot.key).saturating_mul(slot.energy()));
        true
    }

    /// The plan. One that gives nothing says so for `rest` seconds: a profile has at least one entry.
    fn planned(&self, rest: u32) -> Planned {
        let mut profile = Schedule::new(self.from, &[]);
        for (duration, milliwatts) in self.used.entries() {
            profile.push(ScheduleEntry { duration, power: watts(milliwatts) }, SCHEDULE_ENTRIES);
        }
        let end = self.used.get().last().map_or(0, Slot::end);
        if end == 0 {
            profile
                .push(ScheduleEntry { duration: rest.max(1), ..ScheduleEntry::default() }, SCHEDULE_ENTRIES);
        }
        let end = self.from.saturating_add(u64::from(end));
        Planned { profile, energy: self.energy, score: self.score, end }
    }
}
