//! Power over time: what a charger allows and what a vehicle plans.

use exi_codec::iso20::common_messages::PowerScheduleEntry;
use exi_codec::{List, Watts};

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
        let mut schedule = Self { start, entries: [ScheduleEntry::default(); SCHEDULE_ENTRIES], len: 0 };
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

    /// Reads the entries of a message.
    pub(crate) fn read(start: u64, entries: &List<'_, PowerScheduleEntry>) -> Self {
        let mut schedule = Self::new(start, &[]);
        for (place, entry) in schedule.entries.iter_mut().zip(entries.iter()) {
            *place = ScheduleEntry { duration: entry.duration, power: entry.power.abs() };
            schedule.len += 1;
        }
        schedule
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
        let mut left = time.saturating_sub(self.start);
        for entry in self.entries() {
            let duration = u64::from(entry.duration);
            if left < duration {
                return entry.power;
            }
            left -= duration;
        }
        Watts::ZERO
    }

    /// The entries with power capped.
    #[must_use]
    pub fn capped(mut self, power: Watts) -> Self {
        for entry in &mut self.entries {
            entry.power = entry.power.min(power);
        }
        self
    }

    /// Whether `plan` stays at or below this schedule wherever one of the two changes.
    pub(crate) fn covers(&self, plan_start: u64, plan: &List<'_, PowerScheduleEntry>) -> bool {
        let mut from = plan_start;
        for entry in plan {
            let until = from.saturating_add(u64::from(entry.duration));
            let mut at = from;
            while at < until {
                // Direction is none of the schedule's business: a plan to discharge is bounded by its own.
                if !entry.power.is_negative() && entry.power > self.power_at(at) {
                    return false;
                }
                at = self.next_change(at).unwrap_or(until);
            }
            from = until;
        }
        true
    }

    /// The next time after `time` at which the power changes.
    fn next_change(&self, time: u64) -> Option<u64> {
        let mut edge = self.start;
        for entry in self.entries() {
            edge = edge.saturating_add(u64::from(entry.duration));
            if edge > time {
                return Some(edge);
            }
        }
        None
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
