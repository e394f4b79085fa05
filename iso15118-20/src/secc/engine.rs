//! The engine without its byte stream: what comes in, what goes out, when, and how it ends.

use core::time::Duration;

use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use v2gtp::{Instant, PayloadType};

use super::pause::{Paused, VehicleKey};
use super::plan::Plan;
use super::state::{Access, Grant, HISTORY, Plant, Side, Vehicle, remember};
use super::{Detail, Pending, Reply, SeccConfig, SeccTimer as T, Slot, Stop};
use crate::deadline::{Calendar, Deadlines};
use crate::end::{Cause, End, Refusal, Timer};
use crate::message::{EncodeError, MessageKind, Request};
use crate::sequence::{Answered, Asked, Class, Sequence, Stage, Step, Stream, class_of};
use crate::service::{Family, MAX_VALUE_ADDED, Selection, ValueAddedSet};
use crate::settings::{Timing, Transport};
use crate::text::Text;
use crate::trace::TraceEvent;
use crate::wire::{Connection, Transmit};

/// Everything but the byte stream, so that a message can be borrowed from that while this changes.
#[derive(Debug)]
pub(super) struct Core<'a> {
    pub(super) config: SeccConfig<'a>,
    pub(super) connection: Connection,
    pub(super) calendar: Calendar,
    pub(super) now: Instant,
    pub(super) session: [u8; 8],
    pub(super) challenge: [u8; 16],
    pub(super) sequence: Sequence,
    pub(super) sides: [Side; 4],
    pub(super) deadlines: Deadlines<{ T::ALL.len() }>,
    pub(super) slot: Slot,
    pub(super) pending: Pending,
    pub(super) plant: Plant,
    pub(super) vehicle: Vehicle,
    pub(super) vehicle_id: Text<64>,
    pub(super) access: Access,
    pub(super) selection: Option<Selection>,
    pub(super) value_added: [Option<ValueAddedSet>; MAX_VALUE_ADDED],
    pub(super) services: super::services::Known,
    pub(super) plan: Plan<'a>,
    pub(super) notes: super::notice::Notes,
    pub(super) side: super::side::Heard,
    pub(super) paused: Option<Paused>,
    #[cfg(feature = "ac")]
    pub(super) ac: super::ac::State,
    #[cfg(feature = "dc")]
    pub(super) dc: super::dc::State,
    #[cfg(feature = "wpt")]
    pub(super) wpt: super::wpt::State,
    #[cfg(feature = "acdp")]
    pub(super) acdp: super::acdp::State,
    pub(super) meter_announced: bool,
    pub(super) stopping: Option<Stop>,
    /// When the output last moved, for ramps.
    pub(super) moved_at: Instant,
    /// What was not done in time and is not yet told, one bit for each timer.
    pub(super) overdue: u32,
    pub(super) history: [Option<MessageKind>; HISTORY],
    pub(super) end: Option<End>,
    pub(super) closed: bool,
}

const fn sides(family: Family) -> [Side; 4] {
    let [a, b, c, d] = Stream::SIDE;
    [Side::new(a, family), Side::new(b, family), Side::new(c, family), Side::new(d, family)]
}

impl<'a> Core<'a> {
    pub(super) fn new(config: &SeccConfig<'a>) -> Self {
        Self {
            config: *config,
            connection: Connection::new(Transport::Plain, 0),
            calendar: Calendar::default(),
            now: Instant::ZERO,
            session: [0; 8],
            challenge: [0; 16],
            sequence: Sequence::new(config.first_family()),
            sides: sides(config.first_family()),
            deadlines: Deadlines::new(),
            slot: Slot::Idle,
            pending: Pending::NONE,
            plant: Plant::NEW,
            vehicle: Vehicle::default(),
            vehicle_id: Text::EMPTY,
            access: Access::NEW,
            selection: None,
            value_added: [None; MAX_VALUE_ADDED],
            services: super::services::Known::NONE,
            plan: Plan::new(),
            notes: super::notice::Notes::NONE,
            side: super::side::Heard::NONE,
            paused: None,
            #[cfg(feature = "ac")]
            ac: super::ac::State::default(),
            #[cfg(feature = "dc")]
            dc: super::dc::State::default(),
            #[cfg(feature = "wpt")]
            wpt: super::wpt::State::default(),
            #[cfg(feature = "acdp")]
            acdp: super::acdp::State::default(),
            meter_announced: false,
            stopping: None,
            moved_at: Instant::ZERO,
            overdue: 0,
            history: [None; HISTORY],
            end: None,
            closed: true,
        }
    }

    /// Begins anew in place, field by field: a second engine on the stack would be one too many.
    pub(super) fn start(
        &mut self,
        now: Instant,
        connection: &Connection,
        session: [u8; 8],
        challenge: [u8; 16],
    ) {
        let family = self.config.first_family();
        self.connection = *connection;
        self.calendar = Calendar::new(now, connection.unix_seconds);
        self.now = now;
        self.session = session;
        self.challenge = challenge;
        self.sequence = Sequence::new(family);
        self.sides = sides(family);
        self.deadlines.clear_all();
        self.slot = Slot::Idle;
        self.pending = Pending::NONE;
        self.plant.meter = None;
        self.plant.meter_signature.1 = 0;
        self.plant.costs = None;
        self.plant.mobility = super::Mobility::NONE;
        self.vehicle_id = Text::EMPTY;
        self.access = Access::NEW;
        self.services = super::services::Known::NONE;
        self.side = super::side::Heard::NONE;
        self.stopping = None;
        self.overdue = 0;
        self.history = [None; HISTORY];
        self.end = None;
        self.closed = false;
        self.plant.release = super::Release::Scheduled;
        self.forget_service();
        #[cfg(feature = "acdp")]
        self.acdp.forget_vehicle();
        #[cfg(feature = "dc")]
        {
            self.dc.measured = None;
        }
        #[cfg(feature = "ac")]
        {
            self.ac.measured = None;
        }
        let setup = self.config.settings.timing.communication_setup;
        self.set(T::Setup, Timing::before(setup));
    }

    /// What a selection of a service brought about is void: a new one starts from nothing.
    pub(super) fn forget_service(&mut self) {
        self.selection = None;
        self.value_added = [None; MAX_VALUE_ADDED];
        self.vehicle = Vehicle::default();
        self.plan.reset();
        self.notes = super::notice::Notes::NONE;
        self.meter_announced = false;
        for timer in super::notice::TIMERS {
            self.clear(timer);
        }
        self.clear(T::Schedule);
        self.clear(T::Renegotiation);
        self.clear(T::Acknowledge);
        #[cfg(feature = "ac")]
        self.ac.forget();
        #[cfg(feature = "dc")]
        self.dc.forget();
        #[cfg(feature = "wpt")]
        self.wpt.forget();
        #[cfg(feature = "acdp")]
        self.acdp.forget();
    }

    pub(super) fn family(&self) -> Family {
        self.sequence.table().family()
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.config.settings.timing
    }

    pub(super) fn set(&mut self, timer: T, after: Duration) {
        self.deadlines.set(timer as usize, self.now.saturating_add(after));
    }

    pub(super) fn start_timer(&mut self, timer: T, after: Duration) {
        self.deadlines.start(timer as usize, self.now.saturating_add(after));
    }

    pub(super) fn clear(&mut self, timer: T) {
        self.deadlines.clear(timer as usize);
    }

    pub(super) fn deadline(&self, timer: T) -> Option<Instant> {
        self.deadlines.get(timer as usize)
    }

    pub(super) fn runs(&self, timer: T) -> bool {
        self.deadline(timer).is_some()
    }

    pub(super) fn unix(&self) -> u64 {
        self.calendar.at(self.now)
    }

    pub(super) fn header(&self) -> MessageHeader<'static> {
        MessageHeader { session_id: self.session, time_stamp: self.unix(), signature: None }
    }

    /// What tells this vehicle from others: its certificate, or in a laboratory its name. Over a secured link
    /// without a certificate nothing does.
    pub(super) fn vehicle_key(&self) -> Option<VehicleKey> {
        match (self.connection.transport, self.connection.peer) {
            (Transport::Secured, Some(peer)) => Some(VehicleKey::Certificate(peer)),
            (Transport::InsecureLab, _) => Some(VehicleKey::Name(self.vehicle_id)),
            _ => None,
        }
    }

    pub(super) fn slot_of(&mut self, stream: Stream) -> &mut Slot {
        match stream.side_index() {
            Some(index) => match self.sides.get_mut(index) {
                Some(side) => &mut side.slot,
                None => &mut self.slot,
            },
            None => &mut self.slot,
        }
    }

    /// Framing is done: codec, sequence and content follow, once each and in this order.
    pub(super) fn receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<MessageKind> {
        let request = match Request::decode(payload_type, self.family().schema_set(), payload) {
            Ok(request) => request,
            Err(error) => {
                self.finish(Cause::Undecodable(error));
                self.close();
                return None;
            }
        };
        let asked = Asked::of(&request);
        let stream = Stream::of(payload_type);
        remember(&mut self.history, asked.kind);
        self.trace(TraceEvent::Received { stream, kind: asked.kind, code: None });
        if !matches!(*self.slot_of(stream), Slot::Idle) {
            self.refuse_out_of_turn(stream, asked);
        } else if stream == Stream::Main {
            // An answer that nobody fetches must not hold the session.
            self.set(T::Sequence, self.timing().sequence);
            self.handle(asked, &request);
        } else {
            self.handle_side(stream, asked, &request);
        }
        Some(asked.kind)
    }

    pub(super) fn transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        let ready = |slot: &Slot| match slot {
            Slot::Ready(reply) => Some(*reply),
            _ => None,
        };
        let main = ready(&self.slot).map(|reply| (Stream::Main, reply));
        let side = || {
            let mut sides = Stream::SIDE.into_iter().zip(&self.sides);
            sides.find_map(|(stream, side)| ready(&side.slot).map(|reply| (stream, reply)))
        };
        let Some((stream, reply)) = main.or_else(side) else { return Ok(None) };
        let encoded = self.encode(stream, &reply, out);
        self.encoded(stream, &reply, encoded).map(Some)
    }

    /// What an attempt to write a response leads to.
    pub(super) fn encoded(
        &mut self,
        stream: Stream,
        reply: &Reply,
        result: Result<usize, EncodeError>,
    ) -> Result<Transmit, EncodeError> {
        match result {
            Ok(len) => {
                *self.slot_of(stream) = Slot::Idle;
                let kind = reply.asked.kind.response();
                remember(&mut self.history, kind);
                self.sent(stream, reply);
                self.trace(TraceEvent::Sent { stream, kind, code: Some(reply.code) });
                Ok(Transmit { len, kind, stream })
            }
            Err(error @ EncodeError::BufferTooSmall { .. }) => Err(error),
            Err(error) => {
                *self.slot_of(stream) = Slot::Idle;
                self.finish(Cause::Unencodable(error));
                self.close();
                Err(error)
            }
        }
    }

    /// The response is on its way: now the sequence moves and the vehicle's time runs.
    fn sent(&mut self, stream: Stream, reply: &Reply) {
        // A vehicle that waits for its release is checking out nevertheless.
        let processing = match reply.asked.step {
            Step::Begin | Step::Proceed => Processing::Finished,
            _ => reply.processing,
        };
        let answered = Answered { code: reply.code, processing };
        if self.end.is_some() {
            self.sequence.end();
            self.set(T::Linger, self.config.settings.timing.linger);
            return;
        }
        if stream != Stream::Main {
            return self.sent_aside(stream, reply.asked, answered);
        }
        let stage = self.sequence.stage();
        if let Err(error) = self.sequence.advance(reply.asked, answered) {
            // Requests are checked before they are answered; a stage that changed since then is a stop.
            self.finish(Cause::Refused {
                request: error.request,
                code: ResponseCode::FailedSequenceError,
                why: Refusal::Content,
            });
            return;
        }
        let timing = self.config.settings.timing;
        match self.sequence.stage() {
            Stage::Ended => return self.left(stage, reply.asked),
            Stage::ChargeLoop => {
                self.set(T::Sequence, timing.sequence_after(reply.asked.kind));
                #[cfg(feature = "ac")]
                if reply.asked.kind == MessageKind::AcChargeLoopReq {
                    self.set_point_told();
                }
            }
            _ => self.set(T::Sequence, timing.sequence),
        }
        match reply.asked.kind {
            MessageKind::SessionSetupReq => {
                self.clear(T::Setup);
                let joined = reply.code == ResponseCode::OkOldSessionJoined;
                self.pending.raise(if joined { Pending::RESUMED } else { Pending::STARTED });
            }
            // The session goes on with another service.
            MessageKind::SessionStopReq => self.forget_service_and_ask(),
            _ => {}
        }
        self.update_output();
    }

    pub(super) fn pass_time(&mut self) {
        while let Some(timer) = self.deadlines.expire(self.now) {
            if let Some(timer) = T::ALL.get(timer) {
                if *timer != T::Ramp {
                    self.trace(TraceEvent::SeccExpired(*timer));
                }
                self.expired(*timer);
            }
        }
    }

    fn expired(&mut self, timer: T) {
        match timer {
            T::Setup => self.time_out(Timer::CommunicationSetup),
            T::Sequence => self.time_out(Timer::Sequence),
            T::Authorization | T::Contract => self.authorization_expired(timer),
            T::Installation => self.installation_expired(),
            T::Schedule => self.late(timer),
            T::Respond => self.respond_expired(Stream::Main),
            T::SideRespond => self.respond_expired(Stream::ScheduleRenegotiation),
            T::Isolation => {
                #[cfg(feature = "dc")]
                {
                    self.dc.isolation = Some(super::Isolation::Fault);
                }
                self.late(timer);
            }
            T::PreCharge => {
                self.late(timer);
                self.power_off_and_refuse_next();
            }
            T::Actuation => self.actuation_expired(),
            T::Positioning => {
                self.late(timer);
                #[cfg(feature = "wpt")]
                self.wpt.fail_step();
                #[cfg(feature = "acdp")]
                self.acdp.get_stuck();
            }
            T::Ramp => self.update_output(),
            T::Pilot => self.pilot_expired(),
            T::Acknowledge | T::Terminate | T::Pause => self.notification_expired(timer),
            T::ExitStandby | T::ServiceRenegotiation | T::ScheduleRenegotiation | T::MeteringConfirmation => {
                self.notice_ignored(timer);
            }
            T::Renegotiation => self.renegotiation_failed(),
            T::Metering => self.metering_expired(),
            T::Linger => self.close(),
        }
    }

    /// The host, or the vehicle, was not in time, and the session goes on.
    pub(super) fn late(&mut self, timer: T) {
        self.overdue |= 1 << timer as u32;
        self.pending.raise(Pending::OVERDUE);
    }

    pub(super) fn time_out(&mut self, timer: Timer) {
        self.finish(Cause::Timeout(timer));
        self.close();
    }

    pub(super) fn answer(&mut self, asked: Asked, code: ResponseCode, processing: Processing) {
        self.answer_with(asked, code, processing, Detail::None);
    }

    pub(super) fn answer_with(
        &mut self,
        asked: Asked,
        code: ResponseCode,
        processing: Processing,
        detail: Detail,
    ) {
        self.slot = Slot::Ready(Reply { asked, code, processing, detail });
    }

    pub(super) fn ok(&mut self, asked: Asked) {
        self.answer(asked, ResponseCode::Ok, Processing::Finished);
    }

    pub(super) fn ongoing(&mut self, asked: Asked) {
        self.answer(asked, ResponseCode::Ok, Processing::Ongoing);
    }

    pub(super) fn warn(&mut self, asked: Asked, code: ResponseCode) {
        debug_assert!(class_of(code) == Class::Warning);
        self.answer(asked, code, Processing::Finished);
    }

    /// Answers with a failure, which ends the session.
    pub(super) fn refuse(&mut self, asked: Asked, code: ResponseCode, why: Refusal) {
        self.refuse_on(Stream::Main, asked, code, why);
    }

    pub(super) fn refuse_on(&mut self, stream: Stream, asked: Asked, code: ResponseCode, why: Refusal) {
        debug_assert!(class_of(code) == Class::Failed);
        *self.slot_of(stream) =
            Slot::Ready(Reply { asked, code, processing: Processing::Finished, detail: Detail::None });
        self.finish(Cause::Refused { request: asked.kind, code, why });
    }

    /// A second request before the first was answered.
    fn refuse_out_of_turn(&mut self, stream: Stream, asked: Asked) {
        let code = ResponseCode::FailedSequenceError;
        *self.slot_of(stream) =
            Slot::Ready(Reply { asked, code, processing: Processing::Finished, detail: Detail::None });
        self.finish(Cause::OutOfTurn);
    }

    /// Ends the session, once: no current from here on, whatever comes.
    pub(super) fn finish(&mut self, cause: Cause) {
        self.finish_at(self.sequence.stage(), cause);
    }

    pub(super) fn finish_at(&mut self, stage: Stage, cause: Cause) {
        if self.end.is_some() || self.closed {
            return;
        }
        self.end = Some(End { stage, cause });
        self.deadlines.clear_all();
        self.zero_output();
        self.pending.power_off();
        self.pending.raise(Pending::ENDED);
        let sides = self.sides.iter_mut().map(|side| &mut side.slot);
        for slot in [&mut self.slot].into_iter().chain(sides) {
            if !matches!(slot, Slot::Ready(_)) {
                *slot = Slot::Idle;
            }
        }
        self.set(T::Linger, self.config.settings.timing.linger);
        self.trace(TraceEvent::Ended(cause));
    }

    /// The connection may be closed.
    pub(super) fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.slot = Slot::Idle;
            for side in &mut self.sides {
                side.slot = Slot::Idle;
            }
            self.sequence.end();
            self.deadlines.clear_all();
            self.pending.raise(Pending::CLOSE);
        }
    }

    pub(super) fn is_authorized(&self) -> bool {
        self.access.grant == Grant::Granted
    }
}
