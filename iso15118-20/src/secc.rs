//! The charger's end of a session.

#[cfg(feature = "ac")]
mod ac;
mod access;
#[cfg(feature = "acdp")]
mod acdp;
mod config;

#[cfg(feature = "dc")]
mod dc;
mod delivery;
mod engine;
mod event;
mod host;
mod installation;
mod notice;
mod pause;
mod pilot;
mod plan;
mod reply;
mod request;
mod safety;
mod services;
mod side;
mod state;
mod trace;
#[cfg(feature = "wpt")]
mod wpt;

use v2gtp::{Instant, Reassembler};

use crate::end::{Cause, End};
use crate::message::{EncodeError, MessageKind};
use crate::sequence::Stage;
use crate::service::{MAX_VALUE_ADDED, Selection, ValueAddedSet};
use crate::wire::{ALL_STREAMS, Connection, Received, Transmit};

#[cfg(feature = "acdp")]
pub use acdp::{AcdpStatus, Device, VehiclePosition};
pub use config::{AuthorizationOffer, ConfigError, ScheduleSource, SeccConfig, Support, WptMethods};
pub use event::{SeccEvent, VehicleNeeds, VehicleStatus};
pub use host::{AuthorizationDecision, Isolation, MAX_METER_SIGNATURE, Meter, MeterDetail, Mobility, Stop};
pub use installation::{EncryptedKey, Installation, InstallationFault};
pub use notice::NotifyError;
pub use pilot::PilotState;
pub use plan::{Announcement, SCHEDULE_SLOTS, ScheduleOffer, TupleOffer};
pub use reply::AnswerError;
pub use side::{CheckIn, CheckOut, MeteringVerdict, ParkingSpot, Release};
pub use state::SeccTimer;
#[cfg(feature = "wpt")]
pub use wpt::{PadMeasurement, Positioning};

use engine::Core;
use event::Pending;
use state::{Detail, Reply, Slot};

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

impl<'a> Secc<'a> {
    /// An engine without a connection. `buffer` holds a message that arrives in pieces; 16 KiB take everything
    /// but the longest power profiles, and longer messages end the session.
    ///
    /// # Errors
    /// The configuration contradicts itself or the schema.
    pub fn new(config: &SeccConfig<'a>, buffer: &'a mut [u8]) -> Result<Self, ConfigError> {
        config.check()?;
        let mut stream = Reassembler::new(buffer);
        stream.accept(ALL_STREAMS);
        Ok(Self { stream, core: Core::new(config) })
    }

    /// A vehicle has connected. Everything of an earlier session is forgotten but one that was paused; limits,
    /// permits and schedules of the charger stay.
    ///
    /// `session` becomes the ID of the session: not zero, never used before [V2G20-2621]. `challenge` is what a
    /// vehicle signs that authorizes by contract [V2G20-697]. Both come from a cryptographic random generator.
    pub fn start(&mut self, now: Instant, connection: &Connection, session: [u8; 8], challenge: [u8; 16]) {
        self.stream.reset();
        self.core.start(now, connection, session, challenge);
    }

    /// Takes bytes of the connection, up to the end of one message.
    ///
    /// Call it again with the rest, after draining the output, until all is consumed. What was received can be
    /// recorded from the return value, and signatures are checked over it. After the end of the session everything
    /// is consumed and ignored.
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
        self.core.pass_time();
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

    /// The last messages, the latest first: what was received and what was sent, for a report.
    pub fn last_messages(&self) -> [Option<MessageKind>; state::HISTORY] {
        self.core.history
    }

    /// The EVCCID, once the vehicle has sent it; at most 64 bytes of it.
    pub fn vehicle_id(&self) -> &str {
        self.core.vehicle_id.as_str()
    }

    /// The ID of the session; the one that was given, or that of the session which was resumed.
    pub fn session_id(&self) -> [u8; 8] {
        self.core.session
    }

    /// What a vehicle that authorizes by contract has to sign in this session.
    pub fn challenge(&self) -> &[u8; 16] {
        &self.core.challenge
    }

    /// What the vehicle selected, once it has.
    pub fn selection(&self) -> Option<Selection> {
        self.core.selection
    }

    /// The value-added services that the vehicle selected with it.
    pub fn value_added(&self) -> [Option<ValueAddedSet>; MAX_VALUE_ADDED] {
        self.core.value_added
    }
}
