//! What is remembered of schedules: what a vehicle has to be held to.

use exi_codec::Watts;
use exi_codec::iso20::common_messages::PowerScheduleEntry;

use super::TUPLES;
use crate::schedule::{Corridor, PowerCurve, SCHEDULE_ENTRIES, Schedule, ScheduleEntry, power_at};

/// Tuples that are remembered: those on offer, and the one that holds while others are negotiated.
const KEPT: usize = TUPLES + 1;

/// Schedules that an engine remembers: as many entries each as there is memory for.
pub const SCHEDULE_SLOTS: usize = 2 * KEPT;

/// Which way the energy of a schedule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// The place of a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u8);

/// Schedules in memory of the engine's, or in more that was lent to it.
#[derive(Debug)]
pub(super) struct Store<'a> {
    own: [ScheduleEntry; SCHEDULE_SLOTS * SCHEDULE_ENTRIES],
    lent: &'a mut [ScheduleEntry],
    /// When schedules begin, Unix time, s. Beside their lengths, since pairs of both would be half padding.
    starts: [u64; SCHEDULE_SLOTS],
    lengths: [u16; SCHEDULE_SLOTS],
    tolerances: [Option<Watts>; KEPT],
    /// By how much tuples were rounded off, W.
    slacks: [Watts; KEPT],
    /// Where the tuples on offer are, in the order of their IDs.
    offered: [Place; TUPLES],
    count: u8,
    active: Option<Place>,
}

impl<'a> Store<'a> {
    pub(super) fn new() -> Self {
        Self {
            own: [ScheduleEntry { duration: 0, power: Watts::ZERO }; SCHEDULE_SLOTS * SCHEDULE_ENTRIES],
            lent: &mut [],
            starts: [0; SCHEDULE_SLOTS],
            lengths: [0; SCHEDULE_SLOTS],
            tolerances: [None; KEPT],
            slacks: [Watts::ZERO; KEPT],
            offered: [Place(0); TUPLES],
            count: 0,
            active: None,
        }
    }

    /// Uses memory from now on, if there is more of it than the engine has. Nothing of before is remembered.
    pub(super) fn lend(&mut self, memory: &'a mut [ScheduleEntry]) {
        self.reset();
        self.lent = memory;
    }

    pub(super) fn reset(&mut self) {
        self.count = 0;
        self.active = None;
    }

    /// Entries that a schedule can have.
    pub(super) fn room(&self) -> usize {
        (self.lent.len() / SCHEDULE_SLOTS).max(SCHEDULE_ENTRIES)
    }

    /// Whether it is the lent memory that is used.
    fn memory(&self) -> &[ScheduleEntry] {
        if self.lent.len() / SCHEDULE_SLOTS > SCHEDULE_ENTRIES { self.lent } else { &self.own }
    }

    fn slot(place: Place, way: Way) -> usize {
        2 * usize::from(place.0) + usize::from(way == Way::Out)
    }

    fn schedule(&self, place: Place, way: Way) -> (u64, &[ScheduleEntry]) {
        let slot = Self::slot(place, way);
        let (Some(&start), Some(&len)) = (self.starts.get(slot), self.lengths.get(slot)) else {
            return (0, &[]);
        };
        let from = slot * self.room();
        (start, self.memory().get(from..from + usize::from(len)).unwrap_or_default())
    }

    fn curve(&self, place: Place, way: Way) -> PowerCurve<'_> {
        let (start, entries) = self.schedule(place, way);
        PowerCurve::own(start, entries)
    }

    /// Whether the profile of a vehicle stays within a tuple.
    pub(super) fn covers(&self, place: Place, profile: PowerCurve<'_>, both_ways: BothWays) -> bool {
        let corridor = Corridor {
            charge: self.curve(place, Way::In),
            discharge: (both_ways == BothWays::Allowed).then(|| self.curve(place, Way::Out)),
            slack: self.slacks.get(usize::from(place.0)).copied().unwrap_or_default(),
        };
        corridor.check(profile).is_ok()
    }

    /// Most power into and out of the vehicle now, W.
    pub(super) fn power_at(&self, time: u64) -> (Watts, Watts) {
        let Some(place) = self.active else { return (Watts::ZERO, Watts::ZERO) };
        let at = |way| {
            let (start, entries) = self.schedule(place, way);
            power_at(start, entries, time)
        };
        (at(Way::In), at(Way::Out))
    }

    /// The tolerance of the schedule in force.
    pub(super) fn active_tolerance(&self) -> Option<Watts> {
        self.active.and_then(|place| self.tolerance(place))
    }

    pub(super) fn tolerance(&self, place: Place) -> Option<Watts> {
        self.tolerances.get(usize::from(place.0)).copied().flatten()
    }

    /// The tuple with the ID that a vehicle selected.
    pub(super) fn offered(&self, id: u32) -> Option<Place> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        self.offered.get(..usize::from(self.count))?.get(index).copied()
    }

    /// A tuple of those on offer holds from now on.
    pub(super) fn adopt(&mut self, place: Place) {
        self.active = Some(place);
    }

    /// New offers follow, in the places that the schedule in force leaves.
    pub(super) fn begin(&mut self) {
        self.count = 0;
    }

    /// Adds an offer, which is less than what was sent by no more than `slack`. There is room for as many as a message can
    /// carry.
    pub(super) fn add(&mut self, tolerance: Option<Watts>, slack: Watts) -> Option<Place> {
        let taken = |place: &Place| {
            self.active == Some(*place)
                || self.offered.iter().take(usize::from(self.count)).any(|other| other == place)
        };
        let place = (0..KEPT as u8).map(Place).find(|place| !taken(place))?;
        *self.offered.get_mut(usize::from(self.count))? = place;
        self.count += 1;
        *self.tolerances.get_mut(usize::from(place.0))? = tolerance;
        *self.slacks.get_mut(usize::from(place.0))? = slack;
        for way in [Way::In, Way::Out] {
            self.put(place, way, 0, core::iter::empty());
        }
        Some(place)
    }

    /// Writes one direction of an offer, as far as there is room.
    pub(super) fn put(
        &mut self,
        place: Place,
        way: Way,
        start: u64,
        entries: impl Iterator<Item = ScheduleEntry>,
    ) {
        let (slot, room) = (Self::slot(place, way), self.room());
        let lent = self.lent.len() / SCHEDULE_SLOTS > SCHEDULE_ENTRIES;
        let memory = if lent { &mut *self.lent } else { &mut self.own[..] };
        let free = memory.get_mut(slot * room..(slot + 1) * room).unwrap_or_default();
        let mut len = 0;
        for (place, entry) in free.iter_mut().zip(entries) {
            *place = entry;
            len += 1;
        }
        if let (Some(known), Some(count)) = (self.starts.get_mut(slot), self.lengths.get_mut(slot)) {
            (*known, *count) = (start, len);
        }
    }

    /// Writes one direction of an offer of the engine's.
    pub(super) fn put_schedule(&mut self, place: Place, way: Way, schedule: &Schedule) {
        self.put(place, way, schedule.start(), schedule.entries().iter().copied());
    }

    /// The beginning of the first offer's schedule, as a message carries it: all of one of the engine's.
    pub(super) fn wire(&self, way: Way) -> (u64, [PowerScheduleEntry; SCHEDULE_ENTRIES], usize) {
        let mut wire = [PowerScheduleEntry::default(); SCHEDULE_ENTRIES];
        let (start, entries) = self.offered(1).map_or((0, &[][..]), |place| self.schedule(place, way));
        for (place, entry) in wire.iter_mut().zip(entries) {
            place.duration = entry.duration;
            place.power = entry.power;
        }
        (start, wire, entries.len().min(SCHEDULE_ENTRIES))
    }
}

/// Whether energy may leave the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BothWays {
    Allowed,
    Refused,
}
