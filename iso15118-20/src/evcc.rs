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
mod engine;
mod event;
mod flags;
mod host;
mod meter;
mod needs;
mod parking;
mod plan;
mod power;
mod profile;
mod providers;
mod request;
mod response;
mod resume;
mod side;
#[cfg(feature = "wpt")]
mod wpt;

use v2gtp::{Instant, Reassembler};

use crate::end::{Cause, End};
use crate::message::{EncodeError, MessageKind};
use crate::schedule::Schedule;
use crate::sequence::Stage;
use crate::service::{Selection, ValueAddedSet};
use crate::trace::TraceEvent;
use crate::wire::{ALL_STREAMS, Connection, Received, Transmit};

#[cfg(feature = "ac")]
pub use ac::AcStation;
#[cfg(feature = "acdp")]
pub use acdp::{AcdpPosition, AcdpStatus, Mobility};
pub use authorize::{
    AuthorizationPolicy, Contract, InstallWhen, Installation, InstallationVerdict, MAX_CONTRACTS,
    SignatureSubject, SignatureWanted,
};
pub use config::{
    EvccConfig, EvccConfigError, MAX_VALUE_ADDED_WISHES, MAX_WISHES, PauseReaction, PowerTolerance,
    ValueAddedWish, Wish,
};
pub use course::NotAllowed;
pub use event::{EvccEvent, Notification, StationStatus};
pub use host::{Demand, DischargePermit};
pub use needs::{Needs, StationNeeds};
pub use parking::{CheckIn, ParkingGuide};
pub use side::RenegotiationStream;
#[cfg(feature = "wpt")]
pub use wpt::{WptAgreement, WptDemand, WptMethods, WptResult, WptStatus, alternatives};

use EvccTimer as T;
use course::Course;
use engine::{Core, TIMERS, Turn};
use event::Pending;
use flags::Flags;
use profile::Plan;
use side::Sides;

/// The timers of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum EvccTimer {
    /// Connection to session.
    Setup,
    /// Request to response.
    Message,
    /// First unfinished answer to the finished one.
    Ongoing,
    /// Command to the contactors to their report.
    Actuation,
    /// Pause before the next request.
    Send,
    /// A change of course that waits for the current to go.
    Course,
    /// Question to the holder of keys and certificates to its answer.
    Security,
    /// Next step of a power ramp.
    Ramp,
    /// A set-point of the charger's to the vehicle's being there.
    Acknowledge,
    /// Request to response on a side stream.
    SideMessage,
    /// Pause before the next request on a side stream.
    SideSend,
    /// First unfinished answer to the finished one on a side stream.
    SideOngoing,
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
                self.core.trace(TraceEvent::EvccExpired(*timer));
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

    /// The last messages, the latest first: what was received and what was sent, for a report.
    pub fn last_messages(&self) -> [Option<MessageKind>; engine::HISTORY] {
        self.core.history
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
    pub fn value_added(&self) -> [Option<ValueAddedSet>; MAX_VALUE_ADDED_WISHES] {
        if self.core.selection.is_some() { self.core.value_added } else { [None; MAX_VALUE_ADDED_WISHES] }
    }

    /// The schedules in force, once the charger has offered them: what the vehicle plans to take of the one into it, and
    /// what it may give by the one out of it. A plan with exchanges ([`EvccConfig::round_trip`]) is all in the first one,
    /// negative where energy is to leave the vehicle.
    pub fn schedules(&self) -> (&Schedule, &Schedule) {
        (&self.core.station.plan.charge, &self.core.station.plan.discharge)
    }
}
