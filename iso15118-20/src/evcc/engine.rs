//! The vehicle's engine behind its public face: turns, timers, and the way of a message.

#[cfg(feature = "ac")]
use super::AcStation;
#[cfg(feature = "ac")]
use super::ac;
#[cfg(feature = "acdp")]
use super::acdp;
use super::authorize::Auth;
use super::course::Course;
#[cfg(feature = "dc")]
use super::dc;
use super::discovery::Search;
use super::event::Pending;
use super::flags::Flags;
use super::meter::Meter;
use super::parking::Parking;
use super::profile::Plan;
use super::resume::Paused;
use super::side::Sides;
#[cfg(feature = "wpt")]
use super::wpt;
use super::{
    DischargePermit, EvccConfig, EvccTimer as T, MAX_VALUE_ADDED_WISHES, Needs, StationNeeds, StationStatus,
    Wish,
};
use exi_codec::iso20::common_messages::EvEnergyOffer;
use exi_codec::iso20::common_types::{MessageHeader, Processing};
use v2gtp::{Instant, PayloadType};

use crate::deadline::{Calendar, Deadlines};
use crate::end::{Cause, End, Timer};
use crate::message::{EncodeError, MessageKind, Response};
use crate::power::Contactor;
use crate::price::Costs;
use crate::security::PeerId;
use crate::sequence::{Answered, Asked, Class, Sequence, Stage, Stream};
use crate::service::{Family, Selection, ValueAddedSet};
use crate::settings::{CustomerWait, Transport};
use crate::text::Text;
use crate::trace::{Trace, TraceEvent};
use crate::wire::{Connection, Transmit};

/// Messages that are remembered.
pub(super) const HISTORY: usize = 8;

pub(super) const TIMERS: [T; 9] = [
    T::Setup,
    T::Message,
    T::Ongoing,
    T::Actuation,
    T::Send,
    T::Course,
    T::Security,
    T::Ramp,
    T::Acknowledge,
];

/// Whose move it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// Nobody's: there is no session, or the host has to act first.
    Nobody,
    /// The vehicle's, once the pause (if any) is over.
    Vehicle,
    /// The charger's.
    Charger(Asked),
}

/// What the host knows of the vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plant {
    pub(super) discharge: DischargePermit,
    pub(super) needs: Needs,
    pub(super) contactor: Option<Contactor>,
    #[cfg(feature = "dc")]
    pub(super) dc: dc::Plant,
    #[cfg(feature = "ac")]
    pub(super) ac: ac::Plant,
    #[cfg(feature = "wpt")]
    pub(super) wpt: wpt::Plant,
    #[cfg(feature = "acdp")]
    pub(super) acdp: acdp::Plant,
}

impl Plant {
    /// What holds for the vehicle, without what was said in an earlier session.
    pub(super) fn fresh(self) -> Self {
        Self {
            #[cfg(feature = "ac")]
            ac: self.ac.fresh(),
            #[cfg(feature = "wpt")]
            wpt: self.wpt.fresh(),
            #[cfg(feature = "acdp")]
            acdp: self.acdp.fresh(),
            ..self
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.contactor == Some(Contactor::Closed)
    }
}

/// What the charger said of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Station {
    pub(super) status: StationStatus,
    pub(super) needs: StationNeeds,
    pub(super) plan: Plan,
    #[cfg(feature = "dc")]
    pub(super) dc: crate::power::DcLimits,
    #[cfg(feature = "ac")]
    pub(super) ac: AcStation,
}

impl Station {
    pub(super) const NONE: Self = Self {
        status: StationStatus::NONE,
        needs: StationNeeds::NONE,
        plan: Plan::NONE,
        #[cfg(feature = "dc")]
        dc: dc::NO_LIMITS,
        #[cfg(feature = "ac")]
        ac: AcStation::NONE,
    };
}

#[derive(Debug)]
pub(super) struct Core<'a> {
    pub(super) config: EvccConfig<'a>,
    pub(super) calendar: Calendar,
    pub(super) now: Instant,
    pub(super) transport: Transport,
    pub(super) peer: Option<PeerId>,
    pub(super) session: [u8; 8],
    pub(super) sequence: Sequence,
    pub(super) deadlines: Deadlines<{ TIMERS.len() }>,
    pub(super) turn: Turn,
    pub(super) pending: Pending,
    pub(super) flags: Flags,
    pub(super) course: Course,
    pub(super) plant: Plant,
    pub(super) station: Station,
    pub(super) station_id: Text<64>,
    pub(super) auth: Auth,
    pub(super) search: Search,
    /// The wishes of the next choice; those of the configuration are the ones of the last.
    pub(super) wishes: &'a [Wish],
    pub(super) selection: Option<Selection>,
    pub(super) value_added: [Option<ValueAddedSet>; MAX_VALUE_ADDED_WISHES],
    /// Warnings in a row that power exceeds the profile.
    pub(super) violations: u8,
    /// The last messages of either direction, the latest first.
    pub(super) history: [Option<MessageKind>; HISTORY],
    pub(super) energy_offer: Option<EvEnergyOffer<'a>>,
    pub(super) meter: Option<Meter>,
    /// What the session has cost by the charger's last receipt.
    pub(super) costs: Option<Costs>,
    pub(super) parking: Parking,
    pub(super) sides: Sides,
    pub(super) paused: Option<Paused>,
    pub(super) end: Option<End>,
    pub(super) closed: bool,
}

impl<'a> Core<'a> {
    pub(super) fn new(config: &EvccConfig<'a>) -> Self {
        Self {
            config: *config,
            calendar: Calendar::default(),
            now: Instant::ZERO,
            transport: Transport::Plain,
            peer: None,
            session: [0; 8],
            sequence: Sequence::new(Family::Dc),
            deadlines: Deadlines::new(),
            turn: Turn::Nobody,
            pending: Pending::NONE,
            flags: Flags::NONE,
            course: Course::Charge,
            plant: Plant::default(),
            station: Station::NONE,
            station_id: Text::EMPTY,
            auth: Auth::NONE,
            search: Search::NONE,
            wishes: config.wishes,
            selection: None,
            value_added: [None; MAX_VALUE_ADDED_WISHES],
            violations: 0,
            history: [None; HISTORY],
            energy_offer: None,
            meter: None,
            costs: None,
            parking: Parking::default(),
            sides: Sides::new(Family::Dc),
            paused: None,
            end: None,
            closed: true,
        }
    }

    pub(super) fn start(&mut self, now: Instant, connection: &Connection) {
        // In place, field by field: a second engine on the stack would be one too many.
        let Self {
            config,
            wishes,
            energy_offer: _,
            calendar,
            now: at,
            transport,
            peer,
            session,
            sequence,
            deadlines,
            turn,
            pending,
            flags,
            course,
            plant,
            station,
            station_id,
            auth,
            search,
            selection,
            value_added,
            violations,
            history,
            meter,
            costs,
            parking,
            sides,
            paused,
            end,
            closed,
        } = self;
        config.wishes = wishes;
        *calendar = Calendar::new(now, connection.unix_seconds);
        *at = now;
        *transport = connection.transport;
        *peer = connection.peer;
        *paused = paused.filter(|paused| paused.may_be_with(connection.peer));
        *session = paused.map_or([0; 8], |paused| paused.session);
        *sequence = Sequence::new(Family::Dc);
        *deadlines = Deadlines::new();
        *turn = Turn::Vehicle;
        *pending = Pending::NONE;
        *flags = Flags::NONE;
        *course = Course::Charge;
        *plant = plant.fresh();
        *station = Station::NONE;
        *station_id = Text::EMPTY;
        *auth = Auth::NONE;
        *search = Search::NONE;
        *selection = None;
        *value_added = [None; MAX_VALUE_ADDED_WISHES];
        *violations = 0;
        *history = [None; HISTORY];
        *meter = None;
        *costs = None;
        *parking = Parking::default();
        *sides = Sides::new(Family::Dc);
        *end = None;
        *closed = false;
        if self.transport == Transport::Plain {
            return self.finish(Cause::NotSecured);
        }
        self.set(T::Setup, self.config.settings.timing.communication_setup);
        self.set(T::Send, core::time::Duration::ZERO);
    }

    pub(super) fn set(&mut self, timer: T, after: core::time::Duration) {
        self.deadlines.set(timer as usize, self.now.saturating_add(after));
    }

    pub(super) fn start_timer(&mut self, timer: T, after: core::time::Duration) {
        self.deadlines.start(timer as usize, self.now.saturating_add(after));
    }

    pub(super) fn clear(&mut self, timer: T) {
        self.deadlines.clear(timer as usize);
    }

    pub(super) fn deadline(&self, timer: T) -> Option<Instant> {
        self.deadlines.get(timer as usize)
    }

    pub(super) fn family(&self) -> Family {
        self.sequence.table().family()
    }

    pub(super) fn header(&self) -> MessageHeader<'static> {
        MessageHeader { session_id: self.session, time_stamp: self.calendar.at(self.now), signature: None }
    }

    /// Framing is done: codec, session, sequence and content follow, once each and in this order.
    pub(super) fn receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<MessageKind> {
        if Stream::of(payload_type) != Stream::Main {
            return self.side_receive(payload_type, payload);
        }
        let response = match Response::decode(payload_type, self.family().schema_set(), payload) {
            Ok(response) => response,
            Err(error) => {
                self.finish(Cause::Undecodable(error));
                return None;
            }
        };
        let received = response.kind();
        self.saw(Stream::Main, &response);
        match self.turn {
            Turn::Charger(asked) if asked.kind.response() == received => {
                self.clear(T::Message);
                self.turn = Turn::Nobody;
                self.answered(asked, &response);
            }
            Turn::Charger(asked) => {
                self.finish(Cause::UnexpectedResponse { expected: asked.kind.response(), received });
            }
            Turn::Nobody | Turn::Vehicle => self.finish(Cause::OutOfTurn),
        }
        Some(received)
    }

    pub(super) fn trace(&self, event: TraceEvent) {
        Trace::record(self.config.trace, self.now, self.sequence.stage(), event);
    }

    fn remember(&mut self, kind: MessageKind) {
        self.history.rotate_right(1);
        if let Some(place) = self.history.first_mut() {
            *place = Some(kind);
        }
    }

    pub(super) fn saw(&mut self, stream: Stream, response: &Response<'_>) {
        let kind = response.kind();
        self.remember(kind);
        self.trace(TraceEvent::Received { stream, kind, code: Some(Answered::of(response).code) });
    }

    pub(super) fn wrote(&mut self, stream: Stream, kind: MessageKind) {
        self.remember(kind);
        self.trace(TraceEvent::Sent { stream, kind, code: None });
    }

    fn answered(&mut self, asked: Asked, response: &Response<'_>) {
        let answered = Answered::of(response);
        if answered.class() == Class::Failed {
            // The rest of a failed response means nothing.
            let cause = match asked.kind {
                MessageKind::SupportedAppProtocolReq => Cause::NoProtocol,
                request => Cause::Failed { request, code: answered.code },
            };
            // A vehicle that was on its way out had a reason before this one.
            return self.finish(self.course.fault().unwrap_or(cause));
        }
        if let (Some(header), true) = (response.header(), asked.kind != MessageKind::SessionSetupReq)
            && header.session_id != self.session
        {
            return self.finish(Cause::ForeignSession);
        }
        let stage = self.sequence.stage();
        if self.sequence.advance(asked, answered).is_err() {
            return self.finish(Cause::InvalidResponse(response.kind()));
        }
        self.watch_progress(asked, answered);
        self.content(asked, answered, response);
        if self.end.is_none() {
            if self.sequence.stage() == Stage::Ended {
                self.finish_at(stage, self.course.cause());
            } else {
                self.move_on(asked, answered);
            }
        }
    }

    /// Runs the timer of answers that do not finish.
    fn watch_progress(&mut self, asked: Asked, answered: Answered) {
        let timing = self.config.settings.timing;
        let waiting = answered.processing == Processing::OngoingWaitingForCustomerInteraction
            && self.config.settings.customer_wait == CustomerWait::Extends;
        let open = answered.processing != Processing::Finished || asked.processing != Processing::Finished;
        if !open {
            self.clear(T::Ongoing);
        } else if waiting && !self.flags.has(Flags::PATIENT) {
            // As long as a customer may take; extended once.
            self.flags.set(Flags::PATIENT);
            self.set(T::Ongoing, timing.customer);
        } else {
            self.start_timer(T::Ongoing, timing.ongoing_of(asked.kind));
        }
    }

    pub(super) fn is_due(&self) -> bool {
        matches!(self.turn, Turn::Vehicle) && self.deadline(T::Send).is_none_or(|at| at <= self.now)
    }

    pub(super) fn transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        let asked = if self.is_due() { self.plan() } else { return self.side_transmit(out) };
        let Some(asked) = asked else {
            self.wait_for_host();
            return self.side_transmit(out);
        };
        let len = match self.encode(asked, out) {
            Ok(len) => len,
            Err(error @ EncodeError::BufferTooSmall { .. }) => return Err(error),
            Err(error) => {
                self.finish(Cause::Unencodable(error));
                return Err(error);
            }
        };
        self.wrote(Stream::Main, asked.kind);
        self.clear(T::Send);
        self.turn = Turn::Charger(asked);
        self.set(T::Message, self.config.settings.timing.response_to(asked.kind));
        self.sent(asked);
        Ok(Some(Transmit { len, kind: asked.kind, stream: Stream::Main }))
    }

    pub(super) fn expired(&mut self, timer: T) {
        match timer {
            T::Setup => self.finish(Cause::Timeout(Timer::CommunicationSetup)),
            T::Message => {
                if let Turn::Charger(asked) = self.turn {
                    self.finish(Cause::Timeout(Timer::Message(asked.kind)));
                }
            }
            T::Ongoing => self.ongoing_expired(),
            T::Actuation => self.actuation_expired(),
            T::Course => self.flags.set(Flags::OVERDUE),
            T::Security => self.security_expired(),
            T::Ramp => self.update_output(),
            T::Acknowledge => self.acknowledge_expired(),
            // The pause is over; the next call of `poll_transmit` has something to send.
            T::Send | T::SideMessage | T::SideSend | T::SideOngoing => {}
        }
    }

    /// Ends the session, once: no current from here on, whatever comes. The connection is to be closed.
    pub(super) fn finish(&mut self, cause: Cause) {
        self.finish_at(self.sequence.stage(), cause);
    }

    pub(super) fn finish_at(&mut self, stage: Stage, cause: Cause) {
        if self.end.is_some() || self.closed {
            return;
        }
        if cause == Cause::Paused {
            self.keep_paused();
        }
        self.end = Some(End { stage, cause });
        self.closed = true;
        self.auth.subject = None;
        self.flags = Flags::NONE;
        self.sequence.end();
        self.turn = Turn::Nobody;
        self.deadlines.clear_all();
        self.sides = Sides::new(self.family());
        self.trace(TraceEvent::Ended(cause));
        self.pending.power_off();
        self.pending.raise(Pending::ENDED);
        self.pending.raise(Pending::CLOSE);
    }
}
