//! Schedules in the form of messages.

use exi_codec::iso20::common_messages::{
    EvPowerProfile, EvpptControlMode, PowerSchedule, PowerScheduleEntry,
};
use exi_codec::{List, Watts};

use super::{SCHEDULE_ENTRIES, Schedule};

/// The entries of a schedule as messages carry them; the parts of messages borrow from here.
///
/// ```
/// use exi_codec::Watts;
/// use iso15118_20::schedule::{PowerCurve, Schedule, WireEntries};
///
/// let schedule = Schedule::flat(1_000, Watts::new(11, 3));
/// let wire = WireEntries::from(&schedule);
/// let sent = wire.power_schedule(Some(Watts::new(100, 0)));
/// assert_eq!(Schedule::within(PowerCurve::from(&sent)), schedule);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WireEntries {
    start: u64,
    entries: [PowerScheduleEntry; SCHEDULE_ENTRIES],
    len: usize,
}

impl WireEntries {
    /// The entries.
    pub fn entries(&self) -> List<'_, PowerScheduleEntry> {
        List::new(self.entries.get(..self.len).unwrap_or_default())
    }

    /// A `PowerSchedule` with this tolerance.
    pub fn power_schedule(&self, tolerance: Option<Watts>) -> PowerSchedule<'_> {
        PowerSchedule {
            time_anchor: self.start,
            power_tolerance: tolerance,
            power_schedule_entries: self.entries(),
            ..PowerSchedule::default()
        }
    }

    /// An `EVPowerProfile`.
    pub fn profile(&self, control_mode: EvpptControlMode) -> EvPowerProfile<'_> {
        EvPowerProfile { time_anchor: self.start, control_mode, ev_power_profile_entries: self.entries() }
    }
}

impl From<&Schedule> for WireEntries {
    fn from(schedule: &Schedule) -> Self {
        let (entries, len) = schedule.wire();
        Self { start: schedule.start(), entries, len }
    }
}
