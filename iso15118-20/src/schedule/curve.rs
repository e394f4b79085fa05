//! Power over time as any of its sources has it.

use exi_codec::iso20::common_messages::{
    EvPowerProfile, EvPowerSchedule, EvPowerScheduleEntry, PowerSchedule, PowerScheduleEntry,
};
use exi_codec::{Iter, List, Watts};

use super::cursor::{Cursor, Part};
use super::energy::{Energy, milliwatts, watts};
use super::{Schedule, ScheduleEntry};

/// Beyond this a time anchor cannot be seconds: it would be the year 5138.
const MOST_SECONDS: u64 = 100_000_000_000;

/// A `TimeAnchor` as Unix time in seconds.
///
/// Some peers send microseconds. What is above 10¹¹ is taken for these.
///
/// ```
/// use iso15118_20::schedule::unix_seconds;
/// assert_eq!(unix_seconds(1_700_000_000), 1_700_000_000);
/// assert_eq!(unix_seconds(1_700_000_000_000_000), 1_700_000_000);
/// ```
pub const fn unix_seconds(time_anchor: u64) -> u64 {
    if time_anchor > MOST_SECONDS { time_anchor / 1_000_000 } else { time_anchor }
}

/// Which of the phases a curve is about.
///
/// An entry with `Power_L2` or `Power_L3` says in `Power` what phase L1 carries; without them `Power` is the
/// total of all phases, and each is taken to carry a third.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// All together. The only choice for DC and for one phase.
    #[default]
    Total,
    /// The first phase of three.
    L1,
    /// The second phase of three.
    L2,
    /// The third phase of three.
    L3,
}

/// Power over time: consecutive entries from a start on, positive into the vehicle. A view, cheap to copy.
///
/// Before the start the first entry holds, because clocks differ; after the end there is no power.
#[derive(Clone, Copy, Debug)]
pub struct PowerCurve<'a> {
    start: u64,
    entries: Entries<'a>,
    lane: Lane,
}

#[derive(Clone, Copy, Debug)]
enum Entries<'a> {
    Own(&'a [ScheduleEntry]),
    Wire(List<'a, PowerScheduleEntry>),
    Offer(List<'a, EvPowerScheduleEntry>),
}

impl<'a> PowerCurve<'a> {
    /// A curve of entries as messages have them, from a `TimeAnchor` on.
    pub const fn new(time_anchor: u64, entries: List<'a, PowerScheduleEntry>) -> Self {
        Self { start: unix_seconds(time_anchor), entries: Entries::Wire(entries), lane: Lane::Total }
    }

    /// A curve of entries as engines keep them, from a Unix time in seconds on.
    pub(crate) const fn own(start: u64, entries: &'a [ScheduleEntry]) -> Self {
        Self { start, entries: Entries::Own(entries), lane: Lane::Total }
    }

    /// The same curve for one phase.
    #[must_use]
    pub const fn lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }

    /// Start, Unix time in seconds.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// End, Unix time in seconds.
    pub fn end(&self) -> u64 {
        self.steps().fold(self.start, |end, (duration, _)| end.saturating_add(u64::from(duration)))
    }

    /// Power at a Unix time in seconds.
    pub fn power_at(&self, time: u64) -> Watts {
        watts(self.milliwatts_at(&mut self.cursor(), time).0)
    }

    /// The highest power into the vehicle until a time; zero if there is none.
    pub fn peak(&self, until: u64) -> Watts {
        watts(self.peak_milliwatts(until, 1))
    }

    /// The net energy between two times: what goes in less what comes out.
    ///
    /// ```
    /// use exi_codec::{WattHours, Watts};
    /// use iso15118_20::schedule::{Energy, PowerCurve, Schedule, ScheduleEntry};
    ///
    /// let schedule = Schedule::new(1_000, &[
    ///     ScheduleEntry { duration: 1800, power: Watts::new(11, 3) },
    ///     ScheduleEntry { duration: 1800, power: Watts::new(22, 3) },
    /// ]);
    /// let curve = PowerCurve::from(&schedule);
    /// assert_eq!(curve.energy_between(1_900, 100_000), Energy::from(WattHours::new(13_750, 0)));
    /// ```
    pub fn energy_between(&self, from: u64, until: u64) -> Energy {
        let mut cursor = self.cursor();
        let (mut time, mut sum) = (from, 0);
        while time < until {
            let (power, change) = self.milliwatts_at(&mut cursor, time);
            let change = change.min(until);
            sum += i128::from(power) * i128::from(change - time);
            time = change;
        }
        Energy::from_milliwatt_seconds(sum)
    }

    /// The highest power with the sign given until a time, as a magnitude in mW.
    pub(crate) fn peak_milliwatts(&self, until: u64, sign: i64) -> i64 {
        let (mut from, mut peak) = (self.start, 0);
        for (duration, power) in self.steps() {
            if from >= until {
                break;
            }
            if duration > 0 {
                peak = peak.max(power * sign);
            }
            from = from.saturating_add(u64::from(duration));
        }
        peak
    }

    /// Duration in s and power in mW of each entry.
    pub(crate) fn steps(&self) -> Steps<'a> {
        let inner = match self.entries {
            Entries::Own(entries) => Inner::Own(entries.iter()),
            Entries::Wire(entries) => Inner::Wire(entries.iter()),
            Entries::Offer(entries) => Inner::Offer(entries.iter()),
        };
        Steps { inner, lane: self.lane }
    }

    pub(crate) fn cursor(&self) -> Cursor<i64, Steps<'a>> {
        Cursor::new(self.start, self.steps())
    }

    /// Power in mW at a time, and until when.
    #[allow(clippy::unused_self)]
    pub(crate) fn milliwatts_at(&self, cursor: &mut Cursor<i64, Steps<'a>>, time: u64) -> (i64, u64) {
        let span = cursor.at(time);
        let power = if span.part == Part::After { 0 } else { span.value.unwrap_or(0) };
        (power, span.until)
    }
}

impl<'a> From<&'a Schedule> for PowerCurve<'a> {
    fn from(schedule: &'a Schedule) -> Self {
        Self::own(schedule.start(), schedule.entries())
    }
}

impl<'a> From<&PowerSchedule<'a>> for PowerCurve<'a> {
    fn from(schedule: &PowerSchedule<'a>) -> Self {
        Self::new(schedule.time_anchor, schedule.power_schedule_entries)
    }
}

impl<'a> From<&EvPowerProfile<'a>> for PowerCurve<'a> {
    fn from(profile: &EvPowerProfile<'a>) -> Self {
        Self::new(profile.time_anchor, profile.ev_power_profile_entries)
    }
}

impl<'a> From<&EvPowerSchedule<'a>> for PowerCurve<'a> {
    fn from(schedule: &EvPowerSchedule<'a>) -> Self {
        Self {
            start: unix_seconds(schedule.time_anchor),
            entries: Entries::Offer(schedule.ev_power_schedule_entries),
            lane: Lane::Total,
        }
    }
}

/// Duration in s and power in mW, entry by entry.
pub(crate) struct Steps<'a> {
    inner: Inner<'a>,
    lane: Lane,
}

enum Inner<'a> {
    Own(core::slice::Iter<'a, ScheduleEntry>),
    Wire(Iter<'a, PowerScheduleEntry>),
    Offer(Iter<'a, EvPowerScheduleEntry>),
}

impl Iterator for Steps<'_> {
    type Item = (u32, i64);

    fn next(&mut self) -> Option<(u32, i64)> {
        let (duration, first, phases) = match &mut self.inner {
            Inner::Own(entries) => entries.next().map(|entry| (entry.duration, entry.power, None))?,
            Inner::Offer(entries) => entries.next().map(|entry| (entry.duration, entry.power, None))?,
            Inner::Wire(entries) => {
                let entry = entries.next()?;
                let phases = match (entry.power_l2, entry.power_l3) {
                    (None, None) => None,
                    (l2, l3) => Some((l2.unwrap_or_default(), l3.unwrap_or_default())),
                };
                (entry.duration, entry.power, phases)
            }
        };
        let first = milliwatts(first);
        let power = match (self.lane, phases) {
            (Lane::Total, None) | (Lane::L1, Some(_)) => first,
            (Lane::Total, Some((l2, l3))) => first + milliwatts(l2) + milliwatts(l3),
            (_, None) => first / 3,
            (Lane::L2, Some((l2, _))) => milliwatts(l2),
            (Lane::L3, Some((_, l3))) => milliwatts(l3),
        };
        Some((duration, power))
    }
}
