//! The charger's end of a session.

mod config;
mod event;
mod host;
mod limits;
mod reply;
mod request;
mod safety;

use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use v2gtp::{Instant, PayloadType, Reassembler};

use crate::deadline::{Calendar, Deadlines};
use crate::end::{Cause, End, Refusal, Timer};
use crate::message::{EncodeError, MessageKind, Request};
use crate::power::{Contactor, DcLimits, GridPermit, Measurement, Output};
use crate::schedule::Schedule;
use crate::sequence::{Answered, Asked, Class, Sequence, Stage, Stream, class_of};
use crate::service::{Family, Selection};
use crate::settings::{Timing, Transport};
use crate::text::Text;
use crate::wire::{MAIN_STREAM, Received, Transmit};

pub use config::{ConfigError, SeccConfig};
pub use event::{SeccEvent, VehicleStatus};
pub use host::{AuthorizationDecision, Isolation, Meter, Stop};

use event::Pending;

/// The timers of the charger, by their place in the table of deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum T {
    Setup,
    Sequence,
    Authorization,
    Isolation,
    PreCharge,
    Actuation,
    Notification,
    Linger,
}

const TIMERS: [T; 8] = [
    T::Setup,
    T::Sequence,
    T::Authorization,
    T::Isolation,
    T::PreCharge,
    T::Actuation,
    T::Notification,
    T::Linger,
];

/// An answer that is settled but not yet sent. The message is built where it is sent.
#[derive(Clone, Copy, Debug)]
struct Reply {
    asked: Asked,
    code: ResponseCode,
    processing: Processing,
    detail: Detail,
}

#[derive(Clone, Copy, Debug)]
enum Detail {
    None,
    /// Choice of protocol: the entry and how exactly its version fits.
    Protocol(exi_codec::app_protocol::ResponseCode, Option<u8>),
    /// Index of the offer whose parameters were asked for.
    Offer(usize),
    /// Charge loop: the vehicle wants the meter.
    Meter,
}

/// The one request that may be open.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Idle,
    /// The voltages have to match and the contactors to close before there is an answer. `ordered`: the host
    /// was told to close them.
    PowerUp {
        asked: Asked,
        ordered: bool,
    },
    /// The current has to fall before there is an answer.
    PowerDown(Asked),
    Ready(Reply),
}

/// What the host knows of the charger.
#[derive(Clone, Copy, Debug)]
struct Plant {
    limits: DcLimits,
    permit: GridPermit,
    dispatch: exi_codec::Watts,
    measured: Option<Measurement>,
    isolation: Option<Isolation>,
    contactor: Contactor,
    meter: Option<Meter>,
    schedule: Option<Schedule>,
    discharge_schedule: Option<Schedule>,
}

/// What the vehicle said of itself.
#[derive(Clone, Copy, Debug, Default)]
struct Vehicle {
    /// In the charge parameters.
    declared: DcLimits,
    /// In the last round of the loop.
    live: DcLimits,
    /// What it asks for, where it plans.
    wish: Output,
    /// Voltage to pre-charge to.
    pre_charge: Option<exi_codec::Volts>,
    status: VehicleStatus,
}

/// How far authorization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Authorization {
    Open,
    Decided(AuthorizationDecision),
    Granted,
}

/// The charger's engine: bytes of the vehicle in, bytes for the vehicle and events for the host out.
///
/// It owns no socket, clock, randomness or heap. The contract: after every call of a `handle_*` method or of one
/// that tells the engine something, fetch [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event) until both are empty, then sleep until bytes arrive or
/// [`poll_timeout`](Self::poll_timeout) has passed.
#[derive(Debug)]
pub struct Secc<'a> {
    stream: Reassembler<'a>,
    core: Core<'a>,
}

/// Everything but the byte stream, so that a message can be borrowed from that while this changes.
#[derive(Debug)]
struct Core<'a> {
    config: SeccConfig<'a>,
    transport: Transport,
    calendar: Calendar,
    now: Instant,
    session: [u8; 8],
    sequence: Sequence,
    deadlines: Deadlines<{ TIMERS.len() }>,
    slot: Slot,
    pending: Pending,
    plant: Plant,
    vehicle: Vehicle,
    vehicle_id: Text<64>,
    authorization: Authorization,
    /// Whether services were announced, and of which offers the parameters (one bit each).
    discovered: bool,
    detailed: u8,
    selection: Option<Selection>,
    /// Limits as announced in the charge parameters: the loop must not exceed them.
    announced: DcLimits,
    schedule: Schedule,
    discharge_schedule: Schedule,
    meter_announced: bool,
    stopping: Option<Stop>,
    output: Output,
    end: Option<End>,
    closed: bool,
}

impl<'a> Secc<'a> {
    /// An engine without a connection. `buffer` holds a message that arrives in pieces; 16 KiB take everything
    /// that a vehicle may send to a charger of this scope, and longer messages end the session.
    ///
    /// # Errors
    /// The configuration contradicts itself or the schema.
    pub fn new(config: &SeccConfig<'a>, buffer: &'a mut [u8]) -> Result<Self, ConfigError> {
        config.check()?;
        let mut stream = Reassembler::new(buffer);
        stream.accept(MAIN_STREAM);
        Ok(Self { stream, core: Core::new(config) })
    }

    /// A vehicle has connected. Everything of an earlier session is forgotten; limits, permits and schedules of
    /// the charger stay.
    ///
    /// `session` becomes the ID of the session: not zero, from a cryptographic random generator, never used
    /// before [V2G20-2621]. `unix_seconds` is the time of day that message headers carry.
    pub fn start(&mut self, now: Instant, transport: Transport, session: [u8; 8], unix_seconds: u64) {
        self.stream.reset();
        self.core.start(now, transport, session, unix_seconds);
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
                core.close();
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
        self.core.close();
    }

    /// Writes the next frame into `out`, if there is one, and tells its length and kind.
    ///
    /// One frame is one whole V2GTP message: it can be recorded or replaced before it is sent. Once it is
    /// fetched it counts as sent: timers start and the sequence moves.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`]: nothing has changed, call again with a larger buffer (2 KiB do).
    pub fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        self.core.now = now;
        self.core.transmit(out)
    }

    /// The next event. Urgent events come first; of several of one kind only the latest is kept.
    pub fn poll_event(&mut self) -> Option<SeccEvent> {
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

    /// The EVCCID, once the vehicle has sent it; at most 64 bytes of it.
    pub fn vehicle_id(&self) -> &str {
        self.core.vehicle_id.as_str()
    }

    /// What the vehicle selected, once it has.
    pub fn selection(&self) -> Option<Selection> {
        self.core.selection
    }
}

impl<'a> Core<'a> {
    fn new(config: &SeccConfig<'a>) -> Self {
        Self {
            config: *config,
            transport: Transport::Plain,
            calendar: Calendar::default(),
            now: Instant::ZERO,
            session: [0; 8],
            sequence: Sequence::new(Family::Dc),
            deadlines: Deadlines::new(),
            slot: Slot::Idle,
            pending: Pending::NONE,
            plant: Plant {
                limits: DcLimits::default(),
                permit: GridPermit::CHARGE_ONLY,
                dispatch: exi_codec::Watts::ZERO,
                measured: None,
                isolation: None,
                contactor: Contactor::Open,
                meter: None,
                schedule: None,
                discharge_schedule: None,
            },
            vehicle: Vehicle::default(),
            vehicle_id: Text::EMPTY,
            authorization: Authorization::Open,
            discovered: false,
            detailed: 0,
            selection: None,
            announced: DcLimits::default(),
            schedule: Schedule::new(0, &[]),
            discharge_schedule: Schedule::new(0, &[]),
            meter_announced: false,
            stopping: None,
            output: Output::ZERO,
            end: None,
            closed: true,
        }
    }

    fn start(&mut self, now: Instant, transport: Transport, session: [u8; 8], unix_seconds: u64) {
        let plant = Plant { measured: None, isolation: None, meter: None, ..self.plant };
        *self = Self {
            transport,
            now,
            session,
            calendar: Calendar::new(now, unix_seconds),
            plant,
            closed: false,
            ..Self::new(&self.config)
        };
        let setup = self.config.settings.timing.communication_setup;
        self.set(T::Setup, Timing::before(setup));
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

    /// Framing is done: codec, sequence and content follow, once each and in this order.
    fn receive(&mut self, payload_type: PayloadType, payload: &[u8]) -> Option<MessageKind> {
        let family = self.sequence.table().family().schema_set();
        let request = match Request::decode(payload_type, family, payload) {
            Ok(request) => request,
            Err(error) => {
                self.finish(Cause::Undecodable(error));
                self.close();
                return None;
            }
        };
        let asked = Asked::of(&request);
        if matches!(self.slot, Slot::Idle) {
            self.clear(T::Sequence);
            self.handle(asked, &request);
        } else {
            self.refuse_out_of_turn(asked);
        }
        Some(asked.kind)
    }

    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        let Slot::Ready(reply) = self.slot else { return Ok(None) };
        let len = match self.encode(&reply, out) {
            Ok(len) => len,
            Err(error @ EncodeError::BufferTooSmall { .. }) => return Err(error),
            Err(error) => {
                self.slot = Slot::Idle;
                self.finish(Cause::Unencodable(error));
                self.close();
                return Err(error);
            }
        };
        self.slot = Slot::Idle;
        self.sent(&reply);
        Ok(Some(Transmit { len, kind: reply.asked.kind.response(), stream: Stream::Main }))
    }

    /// The response is on its way: now the sequence moves and the vehicle's time runs.
    fn sent(&mut self, reply: &Reply) {
        let answered = Answered { code: reply.code, processing: reply.processing };
        let timing = self.config.settings.timing;
        if self.end.is_some() {
            self.sequence.end();
            self.set(T::Linger, timing.linger);
            return;
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
        match self.sequence.stage() {
            Stage::Ended => self.finish_at(stage, Cause::Terminated),
            Stage::ChargeLoop => self.set(T::Sequence, timing.sequence_after(reply.asked.kind)),
            _ => self.set(T::Sequence, timing.sequence),
        }
        if reply.asked.kind == MessageKind::SessionSetupReq {
            self.clear(T::Setup);
            self.pending.raise(Pending::STARTED);
        }
        self.update_output();
    }

    fn expired(&mut self, timer: T) {
        match timer {
            T::Setup => self.time_out(Timer::CommunicationSetup),
            T::Sequence => self.time_out(Timer::Sequence),
            T::Authorization => {
                self.authorization = Authorization::Decided(AuthorizationDecision::Rejected);
            }
            T::Isolation => self.plant.isolation = Some(Isolation::Fault),
            T::PreCharge => self.power_off_and_refuse_next(),
            T::Actuation => self.actuation_expired(),
            T::Notification => self.notification_expired(),
            T::Linger => self.close(),
        }
    }

    fn time_out(&mut self, timer: Timer) {
        self.finish(Cause::Timeout(timer));
        self.close();
    }

    fn answer(&mut self, asked: Asked, code: ResponseCode, processing: Processing) {
        self.answer_with(asked, code, processing, Detail::None);
    }

    fn answer_with(&mut self, asked: Asked, code: ResponseCode, processing: Processing, detail: Detail) {
        self.slot = Slot::Ready(Reply { asked, code, processing, detail });
    }

    fn ok(&mut self, asked: Asked) {
        self.answer(asked, ResponseCode::Ok, Processing::Finished);
    }

    /// Answers with a failure, which ends the session.
    fn refuse(&mut self, asked: Asked, code: ResponseCode, why: Refusal) {
        debug_assert!(class_of(code) == Class::Failed);
        self.answer(asked, code, Processing::Finished);
        self.finish(Cause::Refused { request: asked.kind, code, why });
    }

    /// Ends the session, once: no current from here on, whatever comes.
    fn finish(&mut self, cause: Cause) {
        self.finish_at(self.sequence.stage(), cause);
    }

    fn finish_at(&mut self, stage: Stage, cause: Cause) {
        if self.end.is_some() || self.closed {
            return;
        }
        self.end = Some(End { stage, cause });
        self.deadlines.clear_all();
        self.output = Output::ZERO;
        self.pending.power_off();
        self.pending.raise(Pending::ENDED);
        if !matches!(self.slot, Slot::Ready(_)) {
            self.slot = Slot::Idle;
        }
        self.set(T::Linger, self.config.settings.timing.linger);
    }

    /// The connection may be closed.
    fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.slot = Slot::Idle;
            self.sequence.end();
            self.deadlines.clear_all();
            self.pending.raise(Pending::CLOSE);
        }
    }
}
