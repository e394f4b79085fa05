//! The streams beside the main one: each with its own order, its own open request and its own timers.

use core::time::Duration;

use exi_codec::iso20::common_types::{EvseNotification, Processing};
use v2gtp::{Instant, PayloadType};

use super::plan::{charge_parameters_of, step};
use super::{Core, Course, Evcc, Flags, NotAllowed, Pending, Plan, T, Turn};
use crate::deadline::Deadlines;
use crate::end::{Cause, Timer};
use crate::message::{EncodeError, MessageKind as K, Response};
use crate::sequence::{Answered, Asked, Class, Guard, Sequence, Stage, Step, Stream};
use crate::service::Family;
use crate::trace::TraceEvent;
use crate::wire::Transmit;

/// Whether new schedules are negotiated beside the charge loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenegotiationStream {
    /// Beside it (0x8101). If the charger does not answer there, a new profile goes over the main stream.
    #[default]
    Side,
    /// No: a new profile for the old schedule goes over the main stream, as chargers without side streams take it.
    Main,
}

const STREAMS: usize = Stream::SIDE.len();

/// The timers of each side stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Side {
    Message,
    Send,
    Ongoing,
}

const TIMERS: [Side; 3] = [Side::Message, Side::Send, Side::Ongoing];

/// Where the side streams stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    sequences: [Sequence; STREAMS],
    turns: [Turn; STREAMS],
    deadlines: Deadlines<{ STREAMS * TIMERS.len() }>,
    /// The schedule that is being negotiated.
    next: Plan,
    /// The stream that failed last.
    failed: Stream,
    /// What was negotiated means nothing any more, and an answer to it is still to come.
    given_up: bool,
}

const fn place(stream: Stream) -> usize {
    match stream {
        Stream::Main | Stream::ScheduleRenegotiation => 0,
        Stream::MeteringConfirmation => 1,
        Stream::AcdpSystemStatus => 2,
        Stream::Parking => 3,
    }
}

impl Sides {
    pub(super) const fn new(family: Family) -> Self {
        Self {
            sequences: [
                Sequence::on(Stream::ScheduleRenegotiation, family),
                Sequence::on(Stream::MeteringConfirmation, family),
                Sequence::on(Stream::AcdpSystemStatus, family),
                Sequence::on(Stream::Parking, family),
            ],
            turns: [Turn::Nobody; STREAMS],
            deadlines: Deadlines::new(),
            next: Plan::NONE,
            failed: Stream::Main,
            given_up: false,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    pub(super) const fn failed(&self) -> Stream {
        self.failed
    }

    fn timer(stream: Stream, timer: Side) -> usize {
        place(stream) * TIMERS.len() + timer as usize
    }

    fn turn(&self, stream: Stream) -> Turn {
        self.turns.get(place(stream)).copied().unwrap_or(Turn::Nobody)
    }

    fn set_turn(&mut self, stream: Stream, turn: Turn) {
        if let Some(place) = self.turns.get_mut(place(stream)) {
            *place = turn;
        }
    }

    pub(super) fn stage(&self, stream: Stream) -> Stage {
        self.sequences.get(place(stream)).map_or(Stage::Quiet, Sequence::stage)
    }

    fn clear(&mut self, stream: Stream) {
        self.set_turn(stream, Turn::Nobody);
        for timer in TIMERS {
            self.deadlines.clear(Self::timer(stream, timer));
        }
    }
}

impl Evcc<'_> {
    /// Negotiates a new schedule while the charge loop goes on, with the limits and needs of this moment.
    /// [`EvccEvent::Scheduled`](super::EvccEvent::Scheduled) tells that it holds,
    /// [`EvccEvent::SideFailed`](super::EvccEvent::SideFailed) that the old one stays.
    ///
    /// # Errors
    /// Only in the charge loop, and not before the charger has answered what was given up.
    pub fn renegotiate_schedule(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        if self.core.sequence.stage() != Stage::ChargeLoop || self.core.course != Course::Charge {
            return Err(NotAllowed::Stage);
        }
        if self.core.sides.given_up {
            return Err(NotAllowed::Stage);
        }
        self.core.renegotiate_schedule();
        Ok(())
    }
}

impl Core<'_> {
    fn side_set(&mut self, stream: Stream, timer: Side, after: Duration) {
        self.sides.deadlines.set(Sides::timer(stream, timer), self.now.saturating_add(after));
    }

    /// The vehicle has something to say on a side stream.
    pub(super) fn side_send(&mut self, stream: Stream, guard: Guard, after: Duration) {
        if let Some(sequence) = self.sides.sequences.get_mut(place(stream)) {
            sequence.grant(guard);
        }
        if !matches!(self.sides.turn(stream), Turn::Charger(_)) {
            self.sides.set_turn(stream, Turn::Vehicle);
            self.side_set(stream, Side::Send, after);
        }
    }

    pub(super) fn is_confirming(&self) -> bool {
        !matches!(self.sides.turn(Stream::MeteringConfirmation), Turn::Nobody)
    }

    /// The charger wants something that goes over a side stream.
    pub(super) fn side_notified(&mut self, kind: EvseNotification, max_delay: u16) {
        let looping = self.sequence.stage() == Stage::ChargeLoop && self.course == Course::Charge;
        match kind {
            EvseNotification::ScheduleRenegotiation if looping => self.renegotiate_schedule(),
            EvseNotification::MeteringConfirmation if self.meter.is_some() && !self.is_confirming() => {
                self.ask_signature(super::authorize::Subject::Metering);
                let patience = self.config.settings.timing.security;
                self.set(T::Security, patience.min(Duration::from_secs(u64::from(max_delay))));
            }
            _ => {}
        }
    }

    pub(super) fn metering_signed(&mut self) {
        self.side_send(Stream::MeteringConfirmation, Guard::MeteringAsked, Duration::ZERO);
    }

    fn renegotiate_schedule(&mut self) {
        if self.config.renegotiation == RenegotiationStream::Main || self.flags.has(Flags::NO_SIDE) {
            self.flags.set(Flags::REPLAN);
        } else if matches!(self.sides.turn(Stream::ScheduleRenegotiation), Turn::Nobody) {
            self.side_send(Stream::ScheduleRenegotiation, Guard::LoopRuns, Duration::ZERO);
        }
    }

    /// The charger keeps to the schedule that is in force.
    pub(super) fn renegotiation_failed(&mut self) {
        self.flags.clear(Flags::REPLAN);
        self.side_failed(Stream::ScheduleRenegotiation);
    }

    /// Power is about to stop: there is nothing to negotiate about any more.
    pub(super) fn abandon_renegotiation(&mut self) {
        self.give_up_renegotiation();
        self.flags.clear(Flags::REPLAN);
    }

    /// What was negotiated means nothing. A request that is open keeps the stream until it is answered, or its time is
    /// over: a second one would be out of turn.
    fn give_up_renegotiation(&mut self) {
        let stream = Stream::ScheduleRenegotiation;
        let (open, timer) = (self.sides.turn(stream), Sides::timer(stream, Side::Message));
        let until = self.sides.deadlines.get(timer);
        self.sides.clear(stream);
        if let Some(sequence) = self.sides.sequences.get_mut(place(stream)) {
            *sequence = Sequence::on(stream, self.sequence.table().family());
        }
        if let (Turn::Charger(_), Some(until)) = (open, until) {
            self.sides.given_up = true;
            self.sides.set_turn(stream, open);
            self.sides.deadlines.set(timer, until);
        }
    }

    pub(super) fn side_failed(&mut self, stream: Stream) {
        match stream {
            Stream::ScheduleRenegotiation => self.give_up_renegotiation(),
            other => self.sides.clear(other),
        }
        self.sides.failed = stream;
        if stream == Stream::Parking {
            self.parking_failed();
        }
        self.pending.raise(Pending::SIDE_FAILED);
    }

    /// The next request on a side stream, or none.
    fn side_plan(&self, stream: Stream) -> Option<Asked> {
        let stage = self.sides.stage(stream);
        match stream {
            Stream::ScheduleRenegotiation => Some(match stage {
                Stage::RenegotiationSchedule => Asked::plain(K::ScheduleExchangeReq),
                Stage::RenegotiationDelivery => step(K::PowerDeliveryReq, Step::ScheduleRenegotiation),
                _ => Asked::plain(charge_parameters_of(self.family())),
            }),
            Stream::MeteringConfirmation => Some(Asked::plain(K::MeteringConfirmationReq)),
            Stream::Parking => self.parking_plan(stage),
            #[cfg(feature = "acdp")]
            Stream::AcdpSystemStatus => self.system_status_plan(),
            _ => None,
        }
    }

    fn encode_side(&self, stream: Stream, asked: Asked, out: &mut [u8]) -> Result<usize, EncodeError> {
        match asked.kind {
            K::MeteringConfirmationReq => self.encode_metering(out),
            K::VehicleCheckInReq | K::VehicleCheckOutReq => self.encode_parking(asked, out),
            K::ScheduleExchangeReq => self.schedule_exchange().encode_on(stream, out),
            K::PowerDeliveryReq => self.encode_power_delivery(asked, &self.sides.next, stream, out),
            _ => self.encode_family(asked, stream, out),
        }
    }

    /// The next frame of a side stream, if one is due.
    pub(super) fn side_transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        for stream in Stream::SIDE {
            let at = self.sides.deadlines.get(Sides::timer(stream, Side::Send));
            if !matches!(self.sides.turn(stream), Turn::Vehicle) || at.is_some_and(|at| at > self.now) {
                continue;
            }
            let Some(asked) = self.side_plan(stream) else {
                self.sides.clear(stream);
                continue;
            };
            let len = match self.encode_side(stream, asked, out) {
                Ok(len) => len,
                Err(error @ EncodeError::BufferTooSmall { .. }) => return Err(error),
                Err(error) => {
                    self.finish(Cause::Unencodable(error));
                    return Err(error);
                }
            };
            self.sides.deadlines.clear(Sides::timer(stream, Side::Send));
            self.wrote(stream, asked.kind);
            self.sides.set_turn(stream, Turn::Charger(asked));
            self.side_set(stream, Side::Message, self.config.settings.timing.response_to(asked.kind));
            return Ok(Some(Transmit { len, kind: asked.kind, stream }));
        }
        Ok(None)
    }

    pub(super) fn side_receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<K> {
        let stream = Stream::of(payload_type);
        let response = match Response::decode(payload_type, self.family().schema_set(), payload) {
            Ok(response) => response,
            Err(error) => {
                self.finish(Cause::Undecodable(error));
                return None;
            }
        };
        let received = response.kind();
        self.saw(stream, &response);
        let answered = Answered::of(&response);
        match self.sides.turn(stream) {
            Turn::Charger(asked) if asked.kind.response() == received => {
                self.side_answered(stream, asked, &response);
            }
            Turn::Charger(asked) => {
                self.finish(Cause::UnexpectedResponse { expected: asked.kind.response(), received });
            }
            // For the charger the session is over, however late it says so.
            _ if answered.class() == Class::Failed => {
                let cause = Cause::Failed { request: received.request(), code: answered.code };
                self.finish(self.course.fault().unwrap_or(cause));
            }
            // An answer to what was given up meanwhile is no fault of the charger's.
            Turn::Nobody | Turn::Vehicle => {}
        }
        Some(received)
    }

    fn side_answered(&mut self, stream: Stream, asked: Asked, response: &Response<'_>) {
        let answered = Answered::of(response);
        self.sides.deadlines.clear(Sides::timer(stream, Side::Message));
        self.sides.set_turn(stream, Turn::Nobody);
        if response.header().is_some_and(|header| header.session_id != self.session) {
            return self.finish(Cause::ForeignSession);
        }
        let given_up = stream == Stream::ScheduleRenegotiation && core::mem::take(&mut self.sides.given_up);
        if given_up && answered.class() != Class::Failed {
            return;
        }
        match answered.class() {
            Class::Failed => {
                let cause = Cause::Failed { request: asked.kind, code: answered.code };
                return self.finish(self.course.fault().unwrap_or(cause));
            }
            // Not done; the main stream goes on as if nothing had been asked.
            Class::Warning => {
                if let Some(sequence) = self.sides.sequences.get_mut(place(stream)) {
                    *sequence = Sequence::on(stream, self.sequence.table().family());
                }
                return self.side_failed(stream);
            }
            Class::Ok => {}
        }
        let moved = self.sides.sequences.get_mut(place(stream)).map(|s| s.advance(asked, answered).is_ok());
        if moved != Some(true) {
            return self.finish(Cause::InvalidResponse(response.kind()));
        }
        let again = self.side_content(stream, asked, answered, response);
        if self.end.is_some() {
            return;
        }
        let ongoing = Sides::timer(stream, Side::Ongoing);
        if answered.processing == Processing::Finished {
            self.sides.deadlines.clear(ongoing);
        } else {
            let limit = self.config.settings.timing.ongoing_of(asked.kind);
            self.sides.deadlines.start(ongoing, self.now.saturating_add(limit));
        }
        if let Some(pause) = again {
            self.sides.set_turn(stream, Turn::Vehicle);
            self.side_set(stream, Side::Send, pause);
        }
    }

    /// What a response says, and after which pause the vehicle asks again, if it does.
    fn side_content(
        &mut self,
        stream: Stream,
        asked: Asked,
        answered: Answered,
        response: &Response<'_>,
    ) -> Option<Duration> {
        let repeat = self.config.settings.timing.repeat_pause;
        match response {
            Response::ScheduleExchangeRes(_) if answered.processing != Processing::Finished => Some(repeat),
            Response::ScheduleExchangeRes(message) => {
                let Some(plan) = self.choose(message) else {
                    self.leave(Cause::InvalidResponse(K::ScheduleExchangeRes));
                    return None;
                };
                self.sides.next = plan;
                Some(Duration::ZERO)
            }
            Response::PowerDeliveryRes(message) => {
                self.station.plan = self.sides.next;
                self.pending.raise(Pending::SCHEDULED);
                self.update_output();
                self.notified(message.evse_status);
                None
            }
            Response::MeteringConfirmationRes(_) => {
                self.pending.raise(Pending::CONFIRMED);
                None
            }
            Response::VehicleCheckInRes(_) | Response::VehicleCheckOutRes(_) => {
                self.parked(asked, answered, response)
            }
            #[cfg(feature = "acdp")]
            Response::AcdpSystemStatusRes(message) => Some(self.system_status(message)),
            _ => {
                self.family_content(response);
                (stream == Stream::ScheduleRenegotiation).then_some(Duration::ZERO)
            }
        }
    }

    /// Acts on one deadline of the side streams that is over, if there is one.
    pub(super) fn side_expired(&mut self) -> Option<()> {
        let expired = self.sides.deadlines.expire(self.now)?;
        let stream = *Stream::SIDE.get(expired / TIMERS.len())?;
        let timer = *TIMERS.get(expired % TIMERS.len())?;
        self.trace(TraceEvent::EvccExpired(match timer {
            Side::Message => T::SideMessage,
            Side::Send => T::SideSend,
            Side::Ongoing => T::SideOngoing,
        }));
        let asked = match self.sides.turn(stream) {
            Turn::Charger(asked) => asked.kind,
            _ => self.side_plan(stream).map_or(K::PowerDeliveryReq, |asked| asked.kind),
        };
        match (timer, stream) {
            (Side::Send, _) => {}
            // Without word of the device the vehicle does not stay connected to it.
            (Side::Message, Stream::AcdpSystemStatus) => {
                self.sides.clear(stream);
                self.leave(Cause::Timeout(Timer::Message(asked)));
            }
            (Side::Message, Stream::ScheduleRenegotiation) if self.sides.given_up => {
                self.sides.given_up = false;
                self.sides.clear(stream);
            }
            (Side::Message, Stream::ScheduleRenegotiation) => {
                // A charger without side streams says nothing at all.
                self.side_failed(stream);
                self.flags.set(Flags::NO_SIDE);
                self.flags.set(Flags::REPLAN);
            }
            (Side::Message | Side::Ongoing, _) => self.side_failed(stream),
        }
        Some(())
    }
}
