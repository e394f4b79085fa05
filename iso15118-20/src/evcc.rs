//! The vehicle's end of a session.

mod config;
mod event;
mod host;
mod limits;
mod plan;
mod request;
mod response;

use exi_codec::iso20::common_types::{MessageHeader, Processing};
use v2gtp::{Instant, PayloadType, Reassembler};

use crate::deadline::{Calendar, Deadlines};
use crate::end::{Cause, End, Timer};
use crate::message::{EncodeError, MessageKind, Response};
use crate::power::{Contactor, DcLimits, Measurement};
use crate::schedule::Schedule;
use crate::sequence::{Answered, Asked, Sequence, Stage, Stream};
use crate::service::{Family, Selection};
use crate::settings::{CustomerWait, Transport};
use crate::text::Text;
use crate::wire::{MAIN_STREAM, Received, Transmit};

pub use config::{EvccConfig, EvccConfigError, MAX_WISHES, Wish};
pub use event::{EvccEvent, Notification, StationStatus};
pub use host::{Demand, DischargePermit, Needs};

use event::Pending;

/// The timers of the vehicle, by their place in the table of deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum T {
    Setup,
    Message,
    Ongoing,
    Actuation,
    Send,
}

const TIMERS: [T; 5] = [T::Setup, T::Message, T::Ongoing, T::Actuation, T::Send];

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

/// How long the vehicle waits for its authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Usual,
    /// As long as a customer may take; extended once.
    Extended,
}

/// What the host knows of the vehicle.
#[derive(Clone, Copy, Debug)]
struct Plant {
    limits: DcLimits,
    discharge: DischargePermit,
    needs: Needs,
    demand: Demand,
    measured: Measurement,
    contactor: Contactor,
}

/// What the charger said of itself.
#[derive(Clone, Copy, Debug)]
struct Station {
    declared: DcLimits,
    status: StationStatus,
    tuple: u32,
    /// The schedule came with a power tolerance, which the vehicle has to accept or not.
    tolerance: bool,
    schedule: Schedule,
    discharge_schedule: Schedule,
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
    session: [u8; 8],
    sequence: Sequence,
    deadlines: Deadlines<{ TIMERS.len() }>,
    turn: Turn,
    pending: Pending,
    plant: Plant,
    station: Station,
    station_id: Text<64>,
    /// Wishes whose service is offered and whose parameters are still to be asked for, one bit each.
    unasked: u8,
    /// The best parameter set so far, with the place of its wish.
    best: Option<(usize, Selection)>,
    selection: Option<Selection>,
    /// At the last pre-charge answer the inlet had the voltage of the battery.
    matched: bool,
    patience: Patience,
    /// Welding detection has seen what it wanted.
    dead: bool,
    /// The vehicle is on its way out, and why.
    leaving: Option<Cause>,
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
        stream.accept(MAIN_STREAM);
        Ok(Self { stream, core: Core::new(config) })
    }

    /// The charger is connected. Everything of an earlier session is forgotten; what the host said of the
    /// vehicle stays. `unix_seconds` is the time of day that message headers carry.
    ///
    /// On a link that is not protected the session ends here ([`Cause::NotSecured`]).
    pub fn start(&mut self, now: Instant, transport: Transport, unix_seconds: u64) {
        self.stream.reset();
        self.core.start(now, transport, unix_seconds);
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
    /// [`EncodeError::BufferTooSmall`]: nothing has changed, call again with a larger buffer (2 KiB do).
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
        self.core.deadlines.next()
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

    /// The schedules that the charger offered, into and out of the vehicle, once it has.
    pub fn schedules(&self) -> (&Schedule, &Schedule) {
        (&self.core.station.schedule, &self.core.station.discharge_schedule)
    }
}

impl<'a> Core<'a> {
    fn new(config: &EvccConfig<'a>) -> Self {
        Self {
            config: *config,
            calendar: Calendar::default(),
            now: Instant::ZERO,
            session: [0; 8],
            sequence: Sequence::new(Family::Dc),
            deadlines: Deadlines::new(),
            turn: Turn::Nobody,
            pending: Pending::NONE,
            plant: Plant {
                limits: DcLimits::default(),
                discharge: DischargePermit::Forbidden,
                needs: Needs::default(),
                demand: Demand::default(),
                measured: Measurement::default(),
                contactor: Contactor::Open,
            },
            station: Station {
                declared: DcLimits::default(),
                status: StationStatus::default(),
                tuple: 1,
                tolerance: false,
                schedule: Schedule::new(0, &[]),
                discharge_schedule: Schedule::new(0, &[]),
            },
            station_id: Text::EMPTY,
            unasked: 0,
            best: None,
            selection: None,
            matched: false,
            patience: Patience::Usual,
            dead: false,
            leaving: None,
            end: None,
            closed: true,
        }
    }

    fn start(&mut self, now: Instant, transport: Transport, unix_seconds: u64) {
        *self = Self {
            now,
            calendar: Calendar::new(now, unix_seconds),
            plant: self.plant,
            closed: false,
            ..Self::new(&self.config)
        };
        if transport == Transport::Plain {
            return self.finish(Cause::NotSecured);
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

    fn header(&self) -> MessageHeader<'static> {
        MessageHeader { session_id: self.session, time_stamp: self.calendar.at(self.now), signature: None }
    }

    /// Framing is done: codec, session, sequence and content follow, once each and in this order.
    fn receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<MessageKind> {
        let family = self.sequence.table().family().schema_set();
        let response = match Response::decode(payload_type, family, payload) {
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
            let earlier = self.leaving.filter(|cause| *cause != Cause::Terminated);
            return self.finish(earlier.unwrap_or(cause));
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
                self.finish_at(stage, self.leaving.unwrap_or(Cause::Terminated));
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
        } else if waiting && self.patience == Patience::Usual {
            self.patience = Patience::Extended;
            self.set(T::Ongoing, timing.customer);
        } else {
            self.start_timer(T::Ongoing, timing.ongoing_of(asked.kind));
        }
    }

    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        let due = match self.deadlines.get(T::Send as usize) {
            Some(at) => at <= self.now,
            None => true,
        };
        if !matches!(self.turn, Turn::Vehicle) || !due {
            return Ok(None);
        }
        let Some(asked) = self.plan() else {
            self.turn = Turn::Nobody;
            return Ok(None);
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
        self.end = Some(End { stage, cause });
        self.closed = true;
        self.sequence.end();
        self.turn = Turn::Nobody;
        self.deadlines.clear_all();
        self.pending.power_off();
        self.pending.raise(Pending::ENDED);
        self.pending.raise(Pending::CLOSE);
    }
}
