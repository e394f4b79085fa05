//! Which message is legal when, as data, for both ends of the cable.
//!
//! The order of messages stands in one [`Table`] for each [`Family`], and in one for each side [`Stream`]. Both
//! roles move through it on the *response*: a request that was answered with `Ongoing` or a warning moves nobody,
//! and a failure ends the session on both sides. Print a table to see it as a state diagram.

mod exchange;
mod side;
mod table;

use core::fmt;

use thiserror::Error;

use crate::message::MessageKind;
use crate::service::Family;

pub use exchange::{Answered, Asked, Class, Step, class_of};
pub use side::Stream;
pub use table::{Guard, Table, Transition};

/// Where a session stands: what the next request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stage {
    /// The connection is new; the offer of protocols comes first.
    Negotiation,
    /// A protocol is agreed on.
    SessionSetup,
    /// There is a wireless session; the ways to find the coil are to be agreed on.
    FinePositioningSetup,
    /// The vehicle moves over the coil.
    FinePositioning,
    /// The vehicle stands; charger and vehicle make sure that they mean each other.
    Pairing,
    /// There is a session with an automated connection device; the vehicle moves under it.
    VehiclePositioning,
    /// There is a session.
    AuthorizationSetup,
    /// The ways to authorize are known.
    Authorization,
    /// Authorized.
    ServiceDiscovery,
    /// The services are known, their parameters are not.
    ServiceDetail,
    /// The parameters of at least one service are known.
    ServiceSelection,
    /// A service is selected.
    ChargeParameters,
    /// The limits of a wireless pair are known; the coils are to be checked.
    AlignmentCheck,
    /// The coils had moved apart after the vehicle was authorized.
    Repositioning,
    /// The limits of both sides are known.
    ScheduleExchange,
    /// The schedule is settled; the automated connection device moves to the vehicle.
    Connect,
    /// The schedule is settled; DC is to be tested for isolation.
    CableCheck,
    /// Isolated; the voltages are to be matched.
    PreCharge,
    /// Ready for power.
    PowerDelivery,
    /// Power may flow.
    ChargeLoop,
    /// The loop goes on without power.
    Standby,
    /// Power has stopped; the contactors are to be checked.
    WeldingDetection,
    /// Power has stopped; the automated connection device moves away.
    Disconnect,
    /// Nothing is left to do but stop.
    SessionStop,
    /// On a side stream: nothing is under way.
    Quiet,
    /// On the side stream of schedule renegotiation: the limits are known.
    RenegotiationSchedule,
    /// On the side stream of schedule renegotiation: the new schedule is known.
    RenegotiationDelivery,
    /// On the side stream of parking: the vehicle is checking in.
    CheckingIn,
    /// On the side stream of parking: the vehicle is checking out.
    CheckingOut,
    /// The session is over, for good or ill.
    Ended,
}

impl Stage {
    /// Every stage, in the order of a session; those of side streams last.
    pub const ALL: [Self; 30] = [
        Self::Negotiation,
        Self::SessionSetup,
        Self::FinePositioningSetup,
        Self::FinePositioning,
        Self::Pairing,
        Self::VehiclePositioning,
        Self::AuthorizationSetup,
        Self::Authorization,
        Self::ServiceDiscovery,
        Self::ServiceDetail,
        Self::ServiceSelection,
        Self::ChargeParameters,
        Self::AlignmentCheck,
        Self::Repositioning,
        Self::ScheduleExchange,
        Self::Connect,
        Self::CableCheck,
        Self::PreCharge,
        Self::PowerDelivery,
        Self::ChargeLoop,
        Self::Standby,
        Self::WeldingDetection,
        Self::Disconnect,
        Self::SessionStop,
        Self::Quiet,
        Self::RenegotiationSchedule,
        Self::RenegotiationDelivery,
        Self::CheckingIn,
        Self::CheckingOut,
        Self::Ended,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A request that is not legal where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{request} is not legal at the stage {stage}")]
pub struct SequenceError {
    /// Where the session stands.
    pub stage: Stage,
    /// What was asked.
    pub request: MessageKind,
}

/// The place of one session in its table.
///
/// ```
/// use exi_codec::iso20::common_types::ResponseCode;
/// use iso15118_20::message::MessageKind;
/// use iso15118_20::sequence::{Answered, Asked, Sequence, Stage};
/// use iso15118_20::service::Family;
///
/// let mut sequence = Sequence::new(Family::Dc);
/// let offer = Asked::plain(MessageKind::SupportedAppProtocolReq);
/// assert!(sequence.check(Asked::plain(MessageKind::SessionSetupReq)).is_err());
/// sequence.advance(offer, Answered::finished(ResponseCode::Ok))?;
/// assert_eq!(sequence.stage(), Stage::SessionSetup);
/// # Ok::<(), iso15118_20::sequence::SequenceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    table: &'static Table,
    stage: Stage,
    granted: u8,
}

impl Sequence {
    /// A session at its start. The family is settled by the first exchange and may be replaced until then.
    pub const fn new(family: Family) -> Self {
        Self { table: Table::of(family), stage: Stage::Negotiation, granted: 0 }
    }

    /// A side stream on which nothing has happened. The main stream has [`new`](Self::new).
    pub const fn on(stream: Stream, family: Family) -> Self {
        match stream {
            Stream::Main => Self::new(family),
            side => Self { table: Table::on(side, family), stage: Stage::Quiet, granted: 0 },
        }
    }

    /// Where the session stands.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The table in force.
    pub const fn table(&self) -> &'static Table {
        self.table
    }

    /// Replaces the table of the main stream, once the protocol is agreed on. The stage stays.
    pub const fn set_family(&mut self, family: Family) {
        self.table = Table::of(family);
    }

    /// Opens the rows behind a guard.
    pub const fn grant(&mut self, guard: Guard) {
        self.granted |= guard.bit();
    }

    /// Closes the rows behind a guard.
    pub const fn revoke(&mut self, guard: Guard) {
        self.granted &= !guard.bit();
    }

    /// The requests that are legal now, with repetitions where one request can lead to several stages.
    pub fn legal(&self) -> impl Iterator<Item = &'static Transition> + '_ {
        self.table.rows().filter(|row| row.from == self.stage && self.is_open(row.guard))
    }

    /// Whether the request may be asked here.
    ///
    /// # Errors
    /// It may not; nothing has changed.
    pub fn check(&self, asked: Asked) -> Result<(), SequenceError> {
        self.asked_row(asked).map(|_| ())
    }

    /// Moves on the answer to a request and returns the stage reached.
    ///
    /// # Errors
    /// The request was not legal; nothing has changed.
    pub fn advance(&mut self, asked: Asked, answered: Answered) -> Result<Stage, SequenceError> {
        let row = match answered.class() {
            // A refusal ends the session whatever was asked.
            Class::Failed => {
                self.stage = Stage::Ended;
                return Ok(self.stage);
            }
            Class::Warning => {
                self.asked_row(asked)?;
                // The one warning that moves: the coils of a wireless pair are not over each other.
                self.row(answered.refine(asked)).ok().filter(|row| row.step == Step::PositionLost)
            }
            Class::Ok if asked.is_ongoing() || answered.is_ongoing() => {
                self.asked_row(asked)?;
                None
            }
            Class::Ok => {
                self.asked_row(asked)?;
                Some(self.row(answered.refine(asked))?)
            }
        };
        if let Some(row) = row {
            self.stage = row.to;
        }
        Ok(self.stage)
    }

    /// Ends the session from outside: link lost, timer, decision of the host.
    pub const fn end(&mut self) {
        self.stage = Stage::Ended;
    }

    /// The row of a request as the vehicle sent it: some steps are the answer's alone.
    fn asked_row(&self, asked: Asked) -> Result<&'static Transition, SequenceError> {
        match asked.step {
            Step::Joined | Step::PositionLost => {
                Err(SequenceError { stage: self.stage, request: asked.kind })
            }
            _ => self.row(asked),
        }
    }

    fn row(&self, asked: Asked) -> Result<&'static Transition, SequenceError> {
        self.legal()
            .find(|row| row.request == asked.kind && row.step == asked.step)
            .ok_or(SequenceError { stage: self.stage, request: asked.kind })
    }

    const fn is_open(&self, guard: Guard) -> bool {
        self.granted & guard.bit() == guard.bit()
    }
}

#[cfg(test)]
mod tests;
