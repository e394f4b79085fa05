//! Power over time: what a charger allows and what a vehicle plans.
//!
//! [`Schedule`] is kept, [`PowerCurve`] is a view of one or of a message. [`Corridor`] says whether a plan keeps to
//! what was offered, [`Offering`] is how a charger comes to an offer, [`choose`] how a vehicle
//! comes to a plan, and [`cycle`] how it earns money with its battery.

mod choose;
mod corridor;
mod cursor;
mod curve;
mod cycle;
mod energy;
mod merge;
mod offer;
mod plan;
mod timeline;
mod wire;

use exi_codec::iso20::common_messages::PowerScheduleEntry;
use exi_codec::{List, Watts};

pub use choose::{ChargeNeed, Choice, ProfilePolicy, choose};
pub use corridor::{Corridor, Violation};
pub(crate) use cursor::{Cursor, Part, Span};
pub use curve::{Lane, PowerCurve, unix_seconds};
pub use cycle::{Cycle, CycleNeed, cycle};
pub use energy::Energy;
pub(crate) use energy::milliwatts;
use energy::watts;
pub(crate) use merge::merged_down;
pub use offer::{EnergyQuestion, GridCurve, GridStep, OfferShape, Offering, Offers, Site};
pub use wire::WireEntries;

/// Entries that a schedule can hold; also what the vehicle engine says it supports, and the least that
/// the standard lets it say.
pub const SCHEDULE_ENTRIES: usize = 12;

/// Power for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleEntry {
    /// How long, s.
    pub duration: u32,
    /// Most power, W.
    pub power: Watts,
}

/// Consecutive entries from a start time on. After the last one there is no power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Start, Unix time in seconds.
    start: u64,
    entries: [ScheduleEntry; SCHEDULE_ENTRIES],
    len: u8,
}

impl Schedule {
    /// No entries.
    pub(crate) const NONE: Self = Self {
        start: 0,
        entries: [ScheduleEntry { duration: 0, power: Watts::ZERO }; SCHEDULE_ENTRIES],
        len: 0,
    };

    /// A schedule of the entries that fit; what does not fit has no power.
    pub fn new(start: u64, entries: &[ScheduleEntry]) -> Self {
        let mut schedule = Self { start, ..Self::NONE };
        for (place, entry) in schedule.entries.iter_mut().zip(entries) {
            *place = *entry;
            schedule.len += 1;
        }
        schedule
    }

    /// The same power for a day.
    pub fn flat(start: u64, power: Watts) -> Self {
        Self::new(start, &[ScheduleEntry { duration: 86_400, power }])
    }

    /// A schedule that stays within a curve: its entries, and where there are more than fit, neighbours merged to
    /// the smaller power of the two so that the least energy is lost.
    pub fn within(curve: PowerCurve<'_>) -> Self {
        let mut schedule = Self::new(curve.start(), &[]);
        for (duration, power) in curve.steps() {
            let entry = ScheduleEntry { duration, power: watts(power) };
            if schedule.push(entry, SCHEDULE_ENTRIES) == Pushed::Nothing {
                break;
            }
        }
        schedule
    }

    /// Reads the entries of a message, without signs.
    pub(crate) fn read(time_anchor: u64, entries: &List<'_, PowerScheduleEntry>) -> Self {
        let mut schedule = Self::within(PowerCurve::new(time_anchor, *entries));
        for entry in &mut schedule.entries {
            entry.power = entry.power.abs();
        }
        schedule
    }

    /// What both schedules allow.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (a, b) = (PowerCurve::from(self), PowerCurve::from(other));
        let (mut own, mut others) = (a.cursor(), b.cursor());
        let mut time = self.start.min(other.start);
        let mut both = Self::new(time, &[]);
        let end = a.end().min(b.end());
        while time < end {
            let (power, until) = a.milliwatts_at(&mut own, time);
            let (cap, change) = b.milliwatts_at(&mut others, time);
            let until = until.min(change).min(end);
            if both.push_until(&mut time, until, watts(power.min(cap)), SCHEDULE_ENTRIES) == Pushed::Nothing {
                break;
            }
        }
        both
    }

    /// Appends power from `time` to `until`, and moves `time` on.
    fn push_until(&mut self, time: &mut u64, until: u64, power: Watts, most: usize) -> Pushed {
        let Ok(duration) = u32::try_from(until.saturating_sub(*time)) else { return Pushed::Nothing };
        *time = until;
        self.push(ScheduleEntry { duration, power }, most)
    }

    /// Appends an entry, to no more than `most`; see [`within`](Self::within).
    fn push(&mut self, entry: ScheduleEntry, most: usize) -> Pushed {
        if entry.duration == 0 {
            return Pushed::All;
        }
        let len = usize::from(self.len);
        let (used, free) = self.entries.split_at_mut_checked(len).unwrap_or_default();
        if let Some(last) = used.last_mut().filter(|last| last.power == entry.power)
            && let Some(duration) = last.duration.checked_add(entry.duration)
        {
            last.duration = duration;
            return Pushed::All;
        }
        if let Some(place) = free.first_mut().filter(|_| len < most) {
            *place = entry;
            self.len += 1;
            return Pushed::All;
        }
        // The pair that loses the least, the new entry and the last one being a pair too.
        let mut rest = used.iter().skip(1).chain(core::iter::once(&entry));
        let losses =
            used.iter().zip(&mut rest).map(|(a, b)| merged(*a, *b).map_or(i128::MAX, |(_, loss)| loss));
        let Some((index, _)) = losses.enumerate().min_by_key(|(_, loss)| *loss) else {
            return Pushed::Nothing;
        };
        let right = used.get(index + 1).copied().unwrap_or(entry);
        let Some(left) = used.get_mut(index) else { return Pushed::Nothing };
        let Some((one, _)) = merged(*left, right) else { return Pushed::Nothing };
        *left = one;
        // Empty if the new entry was one of the pair.
        let tail = used.get_mut(index + 1..).unwrap_or_default();
        tail.rotate_left(tail.len().min(1));
        if let Some(last) = tail.last_mut() {
            *last = entry;
        }
        Pushed::All
    }

    /// Start, Unix time in seconds.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The entries.
    pub fn entries(&self) -> &[ScheduleEntry] {
        self.entries.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Most power at a Unix time in seconds, W. Before the start the first entry holds.
    pub fn power_at(&self, time: u64) -> Watts {
        power_at(self.start, self.entries(), time)
    }

    /// The entries with power capped.
    #[must_use]
    pub fn capped(mut self, power: Watts) -> Self {
        for entry in &mut self.entries {
            entry.power = entry.power.min(power);
        }
        self
    }

    /// The entries as a message carries them.
    pub(crate) fn wire(&self) -> ([PowerScheduleEntry; SCHEDULE_ENTRIES], usize) {
        let mut wire = [PowerScheduleEntry::default(); SCHEDULE_ENTRIES];
        for (place, entry) in wire.iter_mut().zip(self.entries()) {
            place.duration = entry.duration;
            place.power = entry.power;
        }
        (wire, usize::from(self.len))
    }
}

/// Power of entries from a start on. Before it the first one holds, after the last one there is none.
pub(crate) fn power_at(start: u64, entries: &[ScheduleEntry], time: u64) -> Watts {
    let mut left = time.saturating_sub(start);
    for entry in entries {
        let duration = u64::from(entry.duration);
        if left < duration {
            return entry.power;
        }
        left -= duration;
    }
    Watts::ZERO
}

/// Whether there was room. Once there was none, the schedule ends: what comes later would come too early.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushed {
    All,
    Nothing,
}

/// Two neighbours as one, with the power that is nearer to zero, and the energy that is lost by it in mW·s.
fn merged(a: ScheduleEntry, b: ScheduleEntry) -> Option<(ScheduleEntry, i128)> {
    let duration = a.duration.checked_add(b.duration)?;
    let (power_a, power_b) = (milliwatts(a.power), milliwatts(b.power));
    let power = if power_a.signum() != power_b.signum() {
        Watts::ZERO
    } else if power_a.abs() <= power_b.abs() {
        a.power
    } else {
        b.power
    };
    let kept = milliwatts(power).abs();
    let loss = |entry: ScheduleEntry, power: i64| i128::from(power.abs() - kept) * i128::from(entry.duration);
    Some((ScheduleEntry { duration, power }, loss(a, power_a) + loss(b, power_b)))
}

#[cfg(test)]
mod tests;
