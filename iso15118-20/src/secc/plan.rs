//! Schedules: what is offered, what the vehicle makes of it, and whether it keeps to it.

mod profile;
mod store;

use exi_codec::iso20::common_messages::{
    ChannelSelection, ChargingSchedule, DynamicSeResControlMode, PowerSchedule, PowerScheduleEntry,
    PriceSchedule, ScheduleExchangeReq, ScheduleExchangeRes, ScheduleTuple, SeReqControlMode,
    SeResControlMode,
};
use exi_codec::iso20::common_types::{MessageHeader, NumericId, Processing, ResponseCode};
use exi_codec::{List, Rounding, WattHours, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::reply::AnswerError;
use super::{Detail, Pending, Reply, ScheduleSource, Secc, SeccTimer as T, Slot, VehicleNeeds};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind, Response};
use crate::schedule::{SCHEDULE_ENTRIES, Schedule, ScheduleEntry, merged_down};
use crate::security::{MAX_ID, Signed, with_signature};
use crate::sequence::{Asked, Stream};
use crate::service::{ControlMode, Direction, Family, MobilityNeeds};
use crate::settings::{AnchorUnit, Timing};
use crate::wire::Transmit;

pub use store::SCHEDULE_SLOTS;
use store::{Store, Way};

/// Schedules that one answer can offer.
const TUPLES: usize = 3;

/// Entries of a schedule, by the schema.
const MOST_ENTRIES: usize = 1024;

/// One direction of a schedule, as the host offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScheduleOffer<'a> {
    /// Start, Unix time in seconds.
    pub start: u64,
    /// Consecutive entries, 1 to 1024. The engine holds the vehicle to them, as far as it can remember them
    /// ([`Secc::with_schedule_memory`]) and the vehicle can take them ([`VehicleNeeds::max_entries`]): more are merged to
    /// [`SCHEDULE_ENTRIES`](crate::SCHEDULE_ENTRIES), neighbours to the smaller power of the two, so that nothing is
    /// offered that the host did not allow.
    pub entries: &'a [PowerScheduleEntry],
    /// Energy that is available within the schedule, Wh.
    pub available_energy: Option<WattHours>,
    /// How far the vehicle may be off, W. It has to agree.
    pub tolerance: Option<Watts>,
    /// Prices.
    pub price: Option<PriceSchedule<'a>>,
}

/// One schedule of those that the vehicle may choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TupleOffer<'a> {
    /// Into the vehicle.
    pub charge: ScheduleOffer<'a>,
    /// Out of the vehicle, as magnitudes; with bidirectional services only.
    pub discharge: Option<ScheduleOffer<'a>>,
}

/// What comes with the schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Announcement<'a> {
    /// Schedules where the vehicle plans (Scheduled), 1 to 3; they get the IDs 1, 2, 3. Else none.
    pub tuples: &'a [TupleOffer<'a>],
    /// Prices where the charger plans (Dynamic).
    pub price: Option<PriceSchedule<'a>>,
    /// Signature of the mobility operator over a price schedule, by the `Id` of that, at most 63 bytes.
    pub signed: Option<(&'a str, Signed)>,
    /// `GoToPause`: there is no power for now, and the vehicle may pause.
    pub go_to_pause: bool,
}

/// What was offered, and what holds.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    store: Store<'a>,
    /// Whether the vehicle plans no power at all.
    pub(super) idle: bool,
    /// Whether the host wants more time than one request leaves.
    deferred: bool,
    pub(super) asked_on: Stream,
    pub(super) channel: Option<ChannelSelection>,
}

impl Plan<'_> {
    pub(super) fn new() -> Self {
        Self { store: Store::new(), idle: false, deferred: false, asked_on: Stream::Main, channel: None }
    }

    pub(super) fn reset(&mut self) {
        self.store.reset();
        self.idle = false;
        self.deferred = false;
        self.asked_on = Stream::Main;
        self.channel = None;
    }

    /// The side stream on which schedules were asked for begins anew.
    pub(super) fn forget_question(&mut self) {
        self.deferred = false;
    }

    pub(super) const fn respond_timer(&self) -> T {
        match self.asked_on {
            Stream::Main => T::Respond,
            _ => T::SideRespond,
        }
    }

    /// Most power into and out of the vehicle now, W.
    pub(super) fn power_at(&self, time: u64) -> (Watts, Watts) {
        self.store.power_at(time)
    }
}

impl<'a> Secc<'a> {
    /// The engine with memory for longer schedules: so many [`SCHEDULE_SLOTS`] as each may have entries. A day of quarter
    /// hours takes 96 times as many, 6 KiB. Without it a schedule has [`SCHEDULE_ENTRIES`].
    ///
    /// For an engine that was just made: what it remembers is forgotten.
    #[must_use]
    pub fn with_schedule_memory(mut self, memory: &'a mut [ScheduleEntry]) -> Self {
        self.core.plan.store.lend(memory);
        self
    }
}

impl Secc<'_> {
    /// Answers the request for schedules that is open, right into `out`: only what the vehicle has to be held to is
    /// kept. The frame counts as sent.
    ///
    /// # Errors
    /// [`AnswerError::NotAsked`]: no such request is open. [`AnswerError::Content`]: no tuple or too many, an empty
    /// one or one longer than the schema allows, or a discharge schedule in a service without discharge. With a buffer that is too small
    /// nothing has changed.
    pub fn answer_schedule(
        &mut self,
        now: Instant,
        announcement: &Announcement<'_>,
        out: &mut [u8],
    ) -> Result<Transmit, AnswerError> {
        self.core.now = now;
        self.core.answer_schedule(announcement, out)
    }

    /// Schedules take longer than one request waits: the vehicle is told that they are being made, and asks again.
    /// After [`Timing::ongoing`] the engine answers by itself.
    pub fn defer_schedule(&mut self, now: Instant) {
        self.core.now = now;
        let asked_on = self.core.plan.asked_on;
        if matches!(*self.core.slot_of(asked_on), Slot::Deferred(_)) {
            self.core.plan.deferred = true;
        }
    }

    /// Which channel the vehicle wants to use, where charge and discharge have one each.
    pub fn channel(&self) -> Option<ChannelSelection> {
        self.core.plan.channel
    }
}

impl Core<'_> {
    pub(super) fn mode(&self) -> Option<ControlMode> {
        self.selection.map(|selection| selection.parameters.control_mode)
    }

    pub(super) fn direction(&self) -> Direction {
        self.selection.map_or(Direction::ChargeOnly, |selection| selection.service.direction())
    }

    /// Whether the charger may settle mobility needs, and does.
    pub(super) fn mobility(&self) -> super::Mobility {
        let may = |selection: crate::service::Selection| {
            selection.parameters.mobility_needs == MobilityNeeds::VehicleOrCharger
        };
        if self.selection.is_some_and(may) { self.plant.mobility } else { super::Mobility::NONE }
    }

    pub(super) fn schedule_exchange(
        &mut self,
        stream: Stream,
        asked: Asked,
        message: &ScheduleExchangeReq<'_>,
    ) {
        let max_entries = message.maximum_supporting_points.get();
        let (mode, needs) = match message.control_mode {
            SeReqControlMode::Dynamic(m) => (
                ControlMode::Dynamic,
                VehicleNeeds {
                    max_entries,
                    departure_time: Some(m.departure_time),
                    minimum_soc: m.minimum_soc,
                    target_soc: m.target_soc,
                    target_energy: Some(m.ev_target_energy_request),
                    max_energy: Some(m.ev_maximum_energy_request),
                    min_energy: Some(m.ev_minimum_energy_request),
                    max_v2x_energy: m.ev_maximum_v2x_energy_request,
                    min_v2x_energy: m.ev_minimum_v2x_energy_request,
                },
            ),
            SeReqControlMode::Scheduled(m) => (
                ControlMode::Scheduled,
                VehicleNeeds {
                    max_entries,
                    departure_time: m.departure_time,
                    target_energy: m.ev_target_energy_request,
                    max_energy: m.ev_maximum_energy_request,
                    min_energy: m.ev_minimum_energy_request,
                    ..VehicleNeeds::default()
                },
            ),
        };
        // [V2G20-1600]
        if Some(mode) != self.mode() {
            return self.refuse_on(stream, asked, ResponseCode::Failed, Refusal::Content);
        }
        self.vehicle.needs = needs;
        self.plan.asked_on = stream;
        let repeated = self.plan.deferred && self.runs(T::Schedule);
        if self.config.schedules == ScheduleSource::Engine || self.plan.deferred && !repeated {
            return self.schedule_by_engine(stream, asked);
        }
        *self.slot_of(stream) = Slot::Deferred(asked);
        self.set(self.plan.respond_timer(), self.timing().respond);
        if repeated {
            self.pending.raise(Pending::SCHEDULE_OPEN);
        } else {
            self.set(T::Schedule, Timing::before(self.timing().ongoing));
            self.pending.raise(Pending::SCHEDULE);
        }
    }

    /// Most power of the announced limits that the grid permits now, into and out of the vehicle, W.
    #[allow(unreachable_patterns, reason = "families that this build leaves out")]
    fn announced_power(&self) -> (Watts, Watts) {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.ac_announced_power(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.dc_announced_power(),
            #[cfg(feature = "wpt")]
            Family::Wpt => (self.wpt_announced_power(), Watts::ZERO),
            _ => (Watts::ZERO, Watts::ZERO),
        }
    }

    fn schedule_by_engine(&mut self, stream: Stream, asked: Asked) {
        let now = self.unix();
        let (charge, discharge) = self.announced_power();
        let flat = |own: Option<Schedule>, most| match own {
            Some(schedule) => schedule.capped(most),
            None => Schedule::flat(now, most),
        };
        let (charge, discharge) =
            (flat(self.plant.schedule, charge), flat(self.plant.discharge_schedule, discharge));
        self.plan.store.begin();
        if let Some(place) = self.plan.store.add(None, Watts::ZERO) {
            self.plan.store.put_schedule(place, Way::In, &charge);
            self.plan.store.put_schedule(place, Way::Out, &discharge);
        }
        self.plan.deferred = false;
        self.clear(T::Schedule);
        *self.slot_of(stream) = Slot::Ready(finished(asked));
    }

    /// The host has not said anything about the request that is open.
    pub(super) fn respond_expired(&mut self, stream: Stream) {
        let Slot::Deferred(asked) = *self.slot_of(stream) else { return };
        if asked.kind == MessageKind::CertificateInstallationReq {
            return self.ongoing(asked);
        }
        if self.plan.deferred && self.runs(T::Schedule) {
            let reply = Reply { processing: Processing::Ongoing, ..finished(asked) };
            *self.slot_of(stream) = Slot::Ready(reply);
        } else {
            self.late(T::Schedule);
            self.schedule_by_engine(stream, asked);
        }
    }

    fn anchor(&self, seconds: u64) -> u64 {
        match self.config.settings.anchor_unit {
            AnchorUnit::Seconds => seconds,
            AnchorUnit::Microseconds => seconds.saturating_mul(1_000_000),
        }
    }

    /// The engine's own schedule, or filling while it is not finished: the schema wants a tuple always.
    pub(super) fn encode_schedule(
        &self,
        stream: Stream,
        reply: &Reply,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let kept = |way| {
            if reply.processing == Processing::Finished {
                return self.plan.store.wire(way);
            }
            let nothing = Schedule::flat(self.unix(), Watts::ZERO);
            let (wire, len) = nothing.wire();
            (nothing.start(), wire, len)
        };
        let (charge_start, charge_entries, charge_len) = kept(Way::In);
        let (discharge_start, discharge_entries, discharge_len) = kept(Way::Out);
        let charging = |start, entries| ChargingSchedule {
            power_schedule: PowerSchedule {
                time_anchor: self.anchor(start),
                power_schedule_entries: List::new(entries),
                ..PowerSchedule::default()
            },
            price_schedule: None,
        };
        let tuples = [ScheduleTuple {
            schedule_tuple_id: NumericId::ONE,
            charging_schedule: charging(charge_start, charge_entries.get(..charge_len).unwrap_or_default()),
            discharging_schedule: (self.direction() == Direction::Bidirectional).then(|| {
                charging(discharge_start, discharge_entries.get(..discharge_len).unwrap_or_default())
            }),
        }];
        let control_mode = match self.mode() {
            Some(ControlMode::Scheduled) => SeResControlMode::Scheduled(List::new(&tuples)),
            _ => SeResControlMode::Dynamic(self.dynamic_answer(None)),
        };
        encode_exchange(stream, reply, self.header(), None, &control_mode, out)
    }

    fn dynamic_answer<'p>(&self, price_schedule: Option<&PriceSchedule<'p>>) -> DynamicSeResControlMode<'p> {
        let mobility = self.mobility();
        DynamicSeResControlMode {
            departure_time: mobility.departure_time,
            minimum_soc: mobility.minimum_soc,
            target_soc: mobility.target_soc,
            price_schedule: price_schedule.copied(),
        }
    }

    fn answer_schedule(
        &mut self,
        announcement: &Announcement<'_>,
        out: &mut [u8],
    ) -> Result<Transmit, AnswerError> {
        let stream = self.plan.asked_on;
        let asked = match *self.slot_of(stream) {
            Slot::Deferred(asked) if asked.kind == MessageKind::ScheduleExchangeReq => asked,
            _ => return Err(AnswerError::NotAsked),
        };
        let scheduled = self.mode() == Some(ControlMode::Scheduled);
        let offers = announcement.tuples;
        let fits = |offer: &ScheduleOffer<'_>| (1..=MOST_ENTRIES).contains(&offer.entries.len());
        let sound = offers.iter().all(|tuple| {
            let out = tuple.discharge.as_ref();
            let allowed = out.is_none() || self.direction() == Direction::Bidirectional;
            fits(&tuple.charge) && out.is_none_or(fits) && allowed
        });
        let counted = if scheduled { (1..=TUPLES).contains(&offers.len()) } else { offers.is_empty() };
        let referred = announcement.signed.is_none_or(|(id, _)| (1..=MAX_ID).contains(&id.len()));
        if !(sound && counted && referred) {
            return Err(AnswerError::Content);
        }
        let reply = finished(asked);
        // What is too long is merged into these.
        let most = self.plan.store.room().min(usize::from(self.vehicle.needs.max_entries));
        let mut few = [[PowerScheduleEntry::default(); SCHEDULE_ENTRIES]; 2 * TUPLES];
        let mut lists: [&[PowerScheduleEntry]; 2 * TUPLES] = [&[]; 2 * TUPLES];
        let schedules = offers.iter().flat_map(|offer| [Some(&offer.charge), offer.discharge.as_ref()]);
        for ((place, few), schedule) in lists.iter_mut().zip(&mut few).zip(schedules) {
            *place = schedule.map_or(&[], |schedule| shortened(schedule.entries, most, few));
        }
        let empty = ScheduleTuple { schedule_tuple_id: NumericId::ONE, ..ScheduleTuple::default() };
        let mut tuples = [empty; TUPLES];
        for (((place, offer), lists), id) in tuples.iter_mut().zip(offers).zip(lists.as_chunks().0).zip(1..) {
            let [charge, discharge] = lists;
            *place = ScheduleTuple {
                schedule_tuple_id: NumericId::new(id).unwrap_or(NumericId::ONE),
                charging_schedule: self.offered_schedule(&offer.charge, charge),
                discharging_schedule: offer
                    .discharge
                    .as_ref()
                    .map(|offer| self.offered_schedule(offer, discharge)),
            };
        }
        let control_mode = if scheduled {
            SeResControlMode::Scheduled(List::new(tuples.get(..offers.len()).unwrap_or_default()))
        } else {
            SeResControlMode::Dynamic(self.dynamic_answer(announcement.price.as_ref()))
        };
        let pause = announcement.go_to_pause.then_some(true);
        let result = match &announcement.signed {
            None => encode_exchange(stream, &reply, self.header(), pause, &control_mode, out),
            Some((id, signed)) => with_signature(signed, self.header(), id, |header| {
                encode_exchange(stream, &reply, header, pause, &control_mode, out)
            }),
        };
        let sent = self.encoded(stream, &reply, result).map_err(AnswerError::Encode)?;
        self.plan.store.begin();
        for (offer, [charge, discharge]) in offers.iter().zip(lists.as_chunks().0) {
            let slack = rounded_off(charge).max(rounded_off(discharge));
            let Some(place) = self.plan.store.add(offer.charge.tolerance, slack) else { break };
            self.plan.store.put(place, Way::In, offer.charge.start, charge.iter().map(kept));
            let start = offer.discharge.as_ref().map_or(0, |offer| offer.start);
            self.plan.store.put(place, Way::Out, start, discharge.iter().map(kept));
        }
        self.plan.deferred = false;
        self.notes.pause_invited |= announcement.go_to_pause;
        self.clear(T::Schedule);
        self.clear(self.plan.respond_timer());
        Ok(sent)
    }

    fn offered_schedule<'p>(
        &self,
        offer: &ScheduleOffer<'p>,
        entries: &'p [PowerScheduleEntry],
    ) -> ChargingSchedule<'p> {
        ChargingSchedule {
            power_schedule: PowerSchedule {
                time_anchor: self.anchor(offer.start),
                available_energy: offer.available_energy,
                power_tolerance: offer.tolerance,
                power_schedule_entries: List::new(entries),
            },
            price_schedule: offer.price,
        }
    }
}

fn encode_exchange(
    stream: Stream,
    reply: &Reply,
    header: MessageHeader<'_>,
    go_to_pause: Option<bool>,
    control_mode: &SeResControlMode<'_>,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    Response::ScheduleExchangeRes(ScheduleExchangeRes {
        header,
        response_code: reply.code,
        evse_processing: reply.processing,
        go_to_pause,
        control_mode: *control_mode,
    })
    .encode_on(stream, out)
}

fn finished(asked: Asked) -> Reply {
    Reply { asked, code: ResponseCode::Ok, processing: Processing::Finished, detail: Detail::None }
}

/// What is remembered of an entry: all phases together, without a sign.
fn kept(entry: &PowerScheduleEntry) -> ScheduleEntry {
    let power = match (entry.power_l2, entry.power_l3) {
        (None, None) => entry.power.abs(),
        _ => Watts::from_milli(total(entry).saturating_abs(), Rounding::TowardsZero),
    };
    ScheduleEntry { duration: entry.duration, power }
}

/// Entries of an offer that are no more than `most`, or else as many as every vehicle and every engine can take.
fn shortened<'p>(
    entries: &'p [PowerScheduleEntry],
    most: usize,
    few: &'p mut [PowerScheduleEntry; SCHEDULE_ENTRIES],
) -> &'p [PowerScheduleEntry] {
    if entries.len() <= most {
        return entries;
    }
    let len = merged_down(entries, few);
    few.get(..len).unwrap_or_default()
}

fn milli(power: Watts) -> i64 {
    power.to_milli_saturating(Rounding::TowardsZero)
}

/// All phases of an entry together, mW.
fn total(entry: &PowerScheduleEntry) -> i64 {
    let phases = [Some(entry.power), entry.power_l2, entry.power_l3];
    phases.into_iter().flatten().map(milli).fold(0, i64::saturating_add)
}

/// By how much what is remembered of entries is less than they are: the sum of phases may have more digits than a power.
fn rounded_off(entries: &[PowerScheduleEntry]) -> Watts {
    let lost = |entry| total(entry).saturating_abs().saturating_sub(milli(kept(entry).power));
    Watts::from_milli(entries.iter().map(lost).max().unwrap_or(0), Rounding::Up)
}
