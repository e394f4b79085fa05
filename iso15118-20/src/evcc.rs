//! The vehicle's end of a session.

#[cfg(feature = "ac")]
mod ac;
#[cfg(feature = "acdp")]
mod acdp;
mod authorize;
mod config;
mod course;
#[cfg(feature = "dc")]
mod dc;
mod discovery;
mod event;
mod flags;
mod host;
mod meter;
mod needs;
mod parking;
mod plan;
mod power;
mod profile;
mod request;
mod response;
mod resume;
mod side;
#[cfg(feature = "wpt")]
mod wpt;

use exi_codec::iso20::common_types::{MessageHeader, Processing};
use v2gtp::{Instant, PayloadType, Reassembler};

use crate::deadline::{Calendar, Deadlines};
use crate::end::{Cause, End, Timer};
use crate::message::{EncodeError, MessageKind, Response};
use crate::power::Contactor;
use crate::schedule::Schedule;
use crate::security::PeerId;
use crate::sequence::{Answered, Asked, Sequence, Stage, Stream};
use crate::service::{Family, Selection, ValueAddedSet};
use crate::settings::{CustomerWait, Transport};
use crate::text::Text;
use crate::wire::{ALL_STREAMS, Connection, Received, Transmit};

#[cfg(feature = "ac")]
pub use ac::AcStation;
#[cfg(feature = "acdp")]
pub use acdp::{AcdpPosition, AcdpStatus, Mobility};
pub use authorize::{
    AuthorizationPolicy, Contract, InstallWhen, Installation, InstallationVerdict, MAX_CONTRACTS,
};
pub use config::{
    EvccConfig, EvccConfigError, MAX_VALUE_ADDED_WISHES, MAX_WISHES, PauseReaction, ValueAddedWish, Wish,
};
pub use course::NotAllowed;
pub use event::{EvccEvent, Notification, StationStatus};
pub use host::{Demand, DischargePermit};
pub use needs::{Needs, StationNeeds};
pub use parking::{CheckIn, ParkingGuide};
pub use side::RenegotiationStream;
#[cfg(feature = "wpt")]
pub use wpt::{WptAgreement, WptDemand, WptMethods, WptResult, WptStatus};

use authorize::Auth;
use course::Course;
use discovery::Search;
use event::Pending;
use flags::Flags;
use meter::Meter;
use parking::Parking;
use profile::Plan;
use resume::Paused;
use side::Sides;

/// The timers of the vehicle, by their place in the table of deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum T {
    Setup,
    Message,
    Ongoing,
    Actuation,
    Send,
    /// A change of course that waits for something.
    Course,
    /// The holder of the keys has something to do.
    Security,
}

const TIMERS: [T; 7] = [T::Setup, T::Message, T::Ongoing, T::Actuation, T::Send, T::Course, T::Security];

/// Whose move it is.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Nobody's: there is no session, or the host has to act first.
    Nobody,
    /// The vehicle's, once the pause (if any) is over.
    Vehicle,
    /// The charger's.
    Charger(Asked),
}

/// What the host knows of the vehicle.
#[derive(Clone, Copy, Debug, Default)]
struct Plant {
    discharge: DischargePermit,
    needs: Needs,
    contactor: Option<Contactor>,
    #[cfg(feature = "dc")]
    dc: dc::Plant,
    #[cfg(feature = "ac")]
    ac: ac::Plant,
    #[cfg(feature = "wpt")]
    wpt: wpt::Plant,
    #[cfg(feature = "acdp")]
    acdp: acdp::Plant,
}

impl Plant {
    /// What holds for the vehicle, without what was said in an earlier session.
    fn fresh(self) -> Self {
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

    fn is_closed(&self) -> bool {
        self.contactor == Some(Contactor::Closed)
    }
}

/// What the charger said of itself.
#[derive(Clone, Copy, Debug)]
struct Station {
    status: StationStatus,
    needs: StationNeeds,
    plan: Plan,
    #[cfg(feature = "dc")]
    dc: crate::power::DcLimits,
    #[cfg(feature = "ac")]
    ac: AcStation,
}

impl Station {
    const NONE: Self = Self {
        status: StationStatus::NONE,
        needs: StationNeeds::NONE,
        plan: Plan::NONE,
        #[cfg(feature = "dc")]
        dc: dc::NO_LIMITS,
        #[cfg(feature = "ac")]
        ac: AcStation::NONE,
    };
}

/// The vehicle's engine: bytes of the charger in, bytes for the charger and events for the host out.
///
/// It owns no socket, clock, randomness or heap. The contract: after every call of a `handle_*` method or of one
/// that tells the engine something, fetch [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event) until both are empty, then sleep until bytes arrive or
/// [`poll_timeout`](Self::poll_timeout) has passed.
#[derive(Debug)]
pub struct Evcc<'a> {
    stream: Reassembler<'a>,
    core: Core<'a>,
}

#[derive(Debug)]
struct Core<'a> {
    config: EvccConfig<'a>,
    calendar: Calendar,
    now: Instant,
    transport: Transport,
    peer: Option<PeerId>,
    session: [u8; 8],
    sequence: Sequence,
    deadlines: Deadlines<{ TIMERS.len() }>,
    turn: Turn,
    pending: Pending,
    flags: Flags,
    course: Course,
    plant: Plant,
    station: Station,
    station_id: Text<64>,
    auth: Auth,
    search: Search,
    selection: Option<Selection>,
    value_added: [Option<ValueAddedSet>; MAX_VALUE_ADDED_WISHES],
    /// Warnings in a row that power exceeds the profile.
    violations: u8,
    meter: Option<Meter>,
    parking: Parking,
    sides: Sides,
    paused: Option<Paused>,
    end: Option<End>,
    closed: bool,
}

impl<'a> Evcc<'a> {
    /// An engine without a connection. `buffer` holds a message that arrives in pieces; longer messages end the
    /// session. 16 KiB take every schedule within the limits that the engine announces.
    ///
    /// # Errors
    /// The configuration contradicts itself or the schema.
    pub fn new(config: &EvccConfig<'a>, buffer: &'a mut [u8]) -> Result<Self, EvccConfigError> {
        config.check()?;
        let mut stream = Reassembler::new(buffer);
        stream.accept(ALL_STREAMS);
        Ok(Self { stream, core: Core::new(config) })
    }

    /// The charger is connected. Everything of an earlier session is forgotten, unless it was
    /// [paused](Cause::Paused) with this charger: then the vehicle asks to resume it. What the host said of the
    /// vehicle stays.
    ///
    /// On a link that is not protected the session ends here ([`Cause::NotSecured`]).
    pub fn start(&mut self, now: Instant, connection: &Connection) {
        self.stream.reset();
        self.core.start(now, connection);
    }

    /// Takes bytes of the connection, up to the end of one message.
    ///
    /// Call it again with the rest, after draining the output, until all is consumed. What was received can be
    /// recorded from the return value. After the end of the session everything is consumed and ignored.
    pub fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i> {
        let Self { stream, core } = self;
        core.now = now;
        if core.end.is_some() {
            return Received::ignored(bytes);
        }
        let mut rest = bytes;
        match stream.poll(&mut rest) {
            Ok(None) => Received::ignored(bytes),
            Ok(Some(message)) => {
                let kind = core.receive(message.payload_type, message.payload);
                Received {
                    consumed: bytes.len() - rest.len(),
                    payload_type: Some(message.payload_type),
                    kind,
                    payload: message.payload,
                }
            }
            Err(error) => {
                core.finish(Cause::Framing(error));
                Received::ignored(bytes)
            }
        }
    }

    /// Time has passed: acts on every deadline that is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.now = now;
        while let Some(timer) = self.core.deadlines.expire(now) {
            if let Some(timer) = TIMERS.get(timer) {
                self.core.expired(*timer);
            }
        }
        while self.core.side_expired().is_some() {}
    }

    /// The connection is gone, whoever closed it. Before the end of the session this means: no current.
    pub fn handle_disconnect(&mut self, now: Instant) {
        self.core.now = now;
        self.core.finish(Cause::LinkLost);
    }

    /// Writes the next frame into `out`, if it is due, and tells its length and kind.
    ///
    /// One frame is one whole V2GTP message. Once it is fetched it counts as sent: its timer starts.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`]: nothing has changed, call again with a larger buffer (2 KiB do without
    /// certificates, 8 KiB with them).
    pub fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        self.core.now = now;
        self.core.transmit(out)
    }

    /// The next event. Urgent events come first; of several of one kind only the latest is kept.
    pub fn poll_event(&mut self) -> Option<EvccEvent> {
        self.core.poll_event()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.core.deadlines.next(), self.core.sides.next_deadline()].into_iter().flatten().min()
    }

    /// Where the session stands.
    pub fn stage(&self) -> Stage {
        self.core.sequence.stage()
    }

    /// How the session ended, once it has.
    pub fn end(&self) -> Option<End> {
        self.core.end
    }

    /// The EVSEID, once the charger has sent it; at most 64 bytes of it.
    pub fn station_id(&self) -> &str {
        self.core.station_id.as_str()
    }

    /// What this vehicle selected, once it has.
    pub fn selection(&self) -> Option<Selection> {
        self.core.selection
    }

    /// The value-added services that this vehicle selected, in the order of its wishes.
    pub fn value_added(&self) -> impl Iterator<Item = ValueAddedSet> + '_ {
        let selected = self.core.selection.is_some();
        self.core.value_added.iter().flatten().copied().filter(move |_| selected)
    }

    /// The schedules in force, into and out of the vehicle, once the charger has offered them.
    pub fn schedules(&self) -> (&Schedule, &Schedule) {
        (&self.core.station.plan.charge, &self.core.station.plan.discharge)
    }
}

impl<'a> Core<'a> {
    fn new(config: &EvccConfig<'a>) -> Self {
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
            selection: None,
            value_added: [None; MAX_VALUE_ADDED_WISHES],
            violations: 0,
            meter: None,
            parking: Parking::default(),
            sides: Sides::new(Family::Dc),
            paused: None,
            end: None,
            closed: true,
        }
    }

    fn start(&mut self, now: Instant, connection: &Connection) {
        *self = Self {
            now,
            calendar: Calendar::new(now, connection.unix_seconds),
            transport: connection.transport,
            peer: connection.peer,
            plant: self.plant.fresh(),
            paused: self.paused.filter(|paused| paused.may_be_with(connection.peer)),
            closed: false,
            ..Self::new(&self.config)
        };
        if self.transport == Transport::Plain {
            return self.finish(Cause::NotSecured);
        }
        if let Some(paused) = self.paused {
            self.session = paused.session;
        }
        self.set(T::Setup, self.config.settings.timing.communication_setup);
        self.turn = Turn::Vehicle;
        self.set(T::Send, core::time::Duration::ZERO);
    }

    fn set(&mut self, timer: T, after: core::time::Duration) {
        self.deadlines.set(timer as usize, self.now.saturating_add(after));
    }

    fn start_timer(&mut self, timer: T, after: core::time::Duration) {
        self.deadlines.start(timer as usize, self.now.saturating_add(after));
    }

    fn clear(&mut self, timer: T) {
        self.deadlines.clear(timer as usize);
    }

    fn deadline(&self, timer: T) -> Option<Instant> {
        self.deadlines.get(timer as usize)
    }

    fn family(&self) -> Family {
        self.sequence.table().family()
    }

    fn header(&self) -> MessageHeader<'static> {
        MessageHeader { session_id: self.session, time_stamp: self.calendar.at(self.now), signature: None }
    }

    /// Framing is done: codec, session, sequence and content follow, once each and in this order.
    fn receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<MessageKind> {
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

    fn answered(&mut self, asked: Asked, response: &Response<'_>) {
        use crate::sequence::Class;
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

    fn is_due(&self) -> bool {
        matches!(self.turn, Turn::Vehicle) && self.deadline(T::Send).is_none_or(|at| at <= self.now)
    }

    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
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
        self.clear(T::Send);
        self.turn = Turn::Charger(asked);
        self.set(T::Message, self.config.settings.timing.response_to(asked.kind));
        self.sent(asked);
        Ok(Some(Transmit { len, kind: asked.kind, stream: Stream::Main }))
    }

    fn expired(&mut self, timer: T) {
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
            // The pause is over; the next call of `poll_transmit` has something to send.
            T::Send => {}
        }
    }

    /// Ends the session, once: no current from here on, whatever comes. The connection is to be closed.
    fn finish(&mut self, cause: Cause) {
        self.finish_at(self.sequence.stage(), cause);
    }

    fn finish_at(&mut self, stage: Stage, cause: Cause) {
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
        self.pending.power_off();
        self.pending.raise(Pending::ENDED);
        self.pending.raise(Pending::CLOSE);
    }
}
