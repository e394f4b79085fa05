//! Schedules of the host's.

use exi_codec::iso20::common_messages::PowerScheduleEntry;
use iso15118_20::secc::{Announcement, AnswerError, ScheduleOffer, TupleOffer};
use iso15118_20::{SCHEDULE_ENTRIES, Schedule, ScheduleEntry};

use super::v2g_secc;
use crate::border::{Outcome, enter, read, slice_mut, status, versioned, with, write};
use crate::number::v2g_number;
use crate::session::{instant, of_encode, v2g_transmit};
use crate::status::{V2G_E_CONTENT, V2G_E_NOT_ASKED, V2G_E_VALUE, V2G_OK};

/// Entries of a schedule, at most.
pub const V2G_SCHEDULE_ENTRIES: usize = 12;
/// Schedules that a vehicle may choose from, at most.
pub const V2G_SCHEDULE_TUPLES: usize = 3;

const _: () = assert!(V2G_SCHEDULE_ENTRIES <= SCHEDULE_ENTRIES);

/// Power for a while.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_schedule_entry {
    /// How long, s.
    pub duration: u32,
    /// Most power, W.
    pub power: v2g_number,
}

/// Consecutive entries from a start time on. After the last one there is no power.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_schedule {
    /// Start, Unix time in seconds.
    pub start: u64,
    /// Entries in use, at most `V2G_SCHEDULE_ENTRIES`. 0: no schedule.
    pub count: u32,
    /// How far the vehicle may be off, W. It has to agree. With `v2g_secc_respond_schedule` only.
    pub tolerance: v2g_number,
    /// The entries.
    pub entries: [v2g_schedule_entry; V2G_SCHEDULE_ENTRIES],
}

/// One schedule of those that the vehicle may choose from.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_schedule_tuple {
    /// Into the vehicle.
    pub charge: v2g_schedule,
    /// Out of the vehicle, as magnitudes; with bidirectional services only. Without entries: none.
    pub discharge: v2g_schedule,
}

/// What the vehicle is offered.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_schedules {
    /// `sizeof` this struct.
    pub size: u32,
    /// Where the vehicle plans (Scheduled): how many there are to choose from, 1 to `V2G_SCHEDULE_TUPLES`. Else 0.
    pub count: u32,
    /// 1: there is no power for now, and the vehicle may pause.
    pub go_to_pause: u32,
    /// Zero.
    pub reserved: u32,
    /// The schedules; they get the IDs 1, 2, 3.
    pub tuples: [v2g_schedule_tuple; V2G_SCHEDULE_TUPLES],
}

versioned! { v2g_schedules 16; }

impl v2g_schedule {
    fn entries(&self) -> Outcome<&[v2g_schedule_entry]> {
        self.entries.get(..self.count as usize).ok_or(V2G_E_VALUE)
    }

    /// A schedule of the engine's; none if it is empty.
    fn get(&self) -> Outcome<Option<Schedule>> {
        let mut entries = [ScheduleEntry::default(); V2G_SCHEDULE_ENTRIES];
        let used = self.entries()?;
        for (place, entry) in entries.iter_mut().zip(used) {
            *place = ScheduleEntry { duration: entry.duration, power: entry.power.quantity() };
        }
        let used = entries.get(..used.len()).unwrap_or_default();
        Ok((!used.is_empty()).then(|| Schedule::new(self.start, used)))
    }

    fn offer<'a>(
        &self,
        memory: &'a mut [PowerScheduleEntry; V2G_SCHEDULE_ENTRIES],
    ) -> Outcome<Option<ScheduleOffer<'a>>> {
        let used = self.entries()?;
        for (place, entry) in memory.iter_mut().zip(used) {
            place.duration = entry.duration;
            place.power = entry.power.quantity();
        }
        let entries = memory.get(..used.len()).unwrap_or_default();
        let offer = ScheduleOffer {
            start: self.start,
            entries,
            tolerance: self.tolerance.maybe(),
            ..ScheduleOffer::default()
        };
        Ok((!entries.is_empty()).then_some(offer))
    }
}

/// Schedules to offer where the vehicle plans (Scheduled) and the engine makes the offer: into and out of the vehicle. Null or
/// without entries: the charger's limits hold for a day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_set_schedule(
    secc: *mut v2g_secc,
    charge: *const v2g_schedule,
    discharge: *const v2g_schedule,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    let given = |schedule: *const v2g_schedule| unsafe {
        if schedule.is_null() { Ok(None) } else { crate::border::reference(schedule)?.get() }
    };
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.set_schedule(given(charge)?, given(discharge)?);
            Ok(())
        })
    }
}

/// Answers the request for schedules that is open (`V2G_SECC_SCHEDULE_WANTED`), right into `out`. The frame counts as sent.
///
/// `V2G_E_NOT_ASKED`: none is open. `V2G_E_CONTENT`: no schedule or too many, or one out of the vehicle where the service has
/// none. `V2G_E_BUFFER`: `out` is too small, nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_schedule(
    secc: *mut v2g_secc,
    now_ms: u64,
    schedules: *const v2g_schedules,
    out: *mut u8,
    capacity: usize,
    sent: *mut v2g_transmit,
) -> i32 {
    // SAFETY: promised by the caller.
    let answer = || unsafe {
        let mut secc = enter(secc)?;
        let given = read(schedules)?;
        crate::border::writable(sent)?;
        let out = slice_mut(out, capacity)?;
        let count = given.count as usize;
        let used = given.tuples.get(..count).ok_or(V2G_E_VALUE)?;
        let mut memory = [[[PowerScheduleEntry::default(); V2G_SCHEDULE_ENTRIES]; 2]; V2G_SCHEDULE_TUPLES];
        let mut tuples = [TupleOffer::default(); V2G_SCHEDULE_TUPLES];
        for ((place, tuple), [charge, discharge]) in tuples.iter_mut().zip(used).zip(&mut memory) {
            place.charge = tuple.charge.offer(charge)?.ok_or(V2G_E_CONTENT)?;
            place.discharge = tuple.discharge.offer(discharge)?;
        }
        let announcement = Announcement {
            tuples: tuples.get(..count).unwrap_or_default(),
            go_to_pause: given.go_to_pause != 0,
            ..Announcement::default()
        };
        let frame = secc.answer_schedule(instant(now_ms), &announcement, out).map_err(of_answer)?;
        write(sent, frame.into())?;
        Ok(V2G_OK)
    };
    status(answer())
}

pub(crate) fn of_answer(error: AnswerError) -> i32 {
    match error {
        AnswerError::NotAsked => V2G_E_NOT_ASKED,
        AnswerError::Content => V2G_E_CONTENT,
        AnswerError::Encode(error) => of_encode(error),
    }
}
