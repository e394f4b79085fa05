//! What a session remembers.

use exi_codec::Watts;
use exi_codec::app_protocol;
use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::{
    AuthorizationDecision, MAX_METER_SIGNATURE, Meter, MeterDetail, Mobility, ParkingSpot, PilotState,
    Release, VehicleNeeds, VehicleStatus,
};
use crate::message::MessageKind;
use crate::power::{Contactor, GridPermit};
use crate::price::Costs;
use crate::schedule::Schedule;
use crate::security::ContractVerdict;
use crate::sequence::{Asked, Sequence, Stream};
use crate::service::Family;

/// How many messages a report of the end goes back.
pub(super) const HISTORY: usize = 4;

/// The timers of the charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SeccTimer {
    /// Connection to session.
    Setup,
    /// Response to the next request.
    Sequence,
    /// Wait for the word on external authorization.
    Authorization,
    /// Wait for the word on a contract.
    Contract,
    /// Wait for contract certificates, over all repetitions of the request.
    Installation,
    /// Wait for schedules, over all repetitions of the request.
    Schedule,
    /// Wait of one request for what the host may supply.
    Respond,
    /// The same on the side stream of schedule renegotiation.
    SideRespond,
    /// Isolation test.
    Isolation,
    /// Pre-charge.
    PreCharge,
    /// Contactors, or current that has to fall.
    Actuation,
    /// Positioning, pairing, alignment, or a move of the connection device.
    Positioning,
    /// Next step of a power ramp.
    Ramp,
    /// The vehicle was told a set-point that it has to follow.
    Acknowledge,
    /// State C or D of the control pilot after a start.
    Pilot,
    /// The vehicle was told to terminate.
    Terminate,
    /// The vehicle was invited to pause.
    Pause,
    /// The vehicle was told to leave standby.
    ExitStandby,
    /// The vehicle was told to renegotiate the service.
    ServiceRenegotiation,
    /// The vehicle was told to renegotiate the schedule.
    ScheduleRenegotiation,
    /// The vehicle was told to confirm its meter readings.
    MeteringConfirmation,
    /// Response to the next request on the side stream of schedule renegotiation.
    Renegotiation,
    /// Wait for the word on a signature over meter readings.
    Metering,
    /// Last response to the end of the connection.
    Linger,
}

impl SeccTimer {
    /// Every timer, by its place in the table of deadlines.
    pub(super) const ALL: [Self; 24] = [
        Self::Setup,
        Self::Sequence,
        Self::Authorization,
        Self::Contract,
        Self::Installation,
        Self::Schedule,
        Self::Respond,
        Self::SideRespond,
        Self::Isolation,
        Self::PreCharge,
        Self::Actuation,
        Self::Positioning,
        Self::Ramp,
        Self::Acknowledge,
        Self::Pilot,
        Self::Terminate,
        Self::Pause,
        Self::ExitStandby,
        Self::ServiceRenegotiation,
        Self::ScheduleRenegotiation,
        Self::MeteringConfirmation,
        Self::Renegotiation,
        Self::Metering,
        Self::Linger,
    ];
}

/// An answer that is settled but not yet sent. The message is built where it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    pub(super) asked: Asked,
    pub(super) code: ResponseCode,
    pub(super) processing: Processing,
    pub(super) detail: Detail,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Detail {
    None,
    /// Choice of protocol: the entry and how exactly its version fits.
    Protocol(app_protocol::ResponseCode, Option<u8>),
    /// Which of the value-added services are listed, one bit each.
    Services(u8),
    /// Index of the offer whose parameters were asked for.
    Offer(usize),
    /// The same of a value-added service.
    ValueAdded(usize),
    /// Charge loop: the vehicle wants the meter.
    Meter,
}

/// The one request of a stream that may be open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Idle,
    /// The voltages have to match and the contactors to close before there is an answer. `ordered`: the host
    /// was told to close them. `code` is the answer then.
    PowerUp {
        asked: Asked,
        code: ResponseCode,
        ordered: bool,
    },
    /// The current has to fall before there is an answer.
    PowerDown(Asked),
    /// The host may supply the content of the answer.
    Deferred(Asked),
    Ready(Reply),
}

/// A stream beside the main one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) sequence: Sequence,
    pub(super) slot: Slot,
}

impl Side {
    pub(super) const fn new(stream: Stream, family: Family) -> Self {
        Self { sequence: Sequence::on(stream, family), slot: Slot::Idle }
    }
}

/// What the host says of the charger, whatever the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plant {
    pub(super) permit: GridPermit,
    pub(super) dispatch: Watts,
    pub(super) ramp: Option<Watts>,
    pub(super) contactor: Contactor,
    pub(super) pilot: Option<PilotState>,
    pub(super) meter: Option<Meter>,
    pub(super) meter_detail: MeterDetail,
    pub(super) meter_signature: ([u8; MAX_METER_SIGNATURE], u8),
    pub(super) costs: Option<Costs>,
    pub(super) mobility: Mobility,
    pub(super) schedule: Option<Schedule>,
    pub(super) discharge_schedule: Option<Schedule>,
    pub(super) spot: ParkingSpot,
    pub(super) release: Release,
}

impl Plant {
    pub(super) const NEW: Self = Self {
        permit: GridPermit::CHARGE_ONLY,
        dispatch: Watts::ZERO,
        ramp: None,
        contactor: Contactor::Open,
        pilot: None,
        meter: None,
        meter_detail: MeterDetail { capacitive: None, inductive: None, status: None },
        meter_signature: ([0; MAX_METER_SIGNATURE], 0),
        costs: None,
        mobility: Mobility::NONE,
        schedule: None,
        discharge_schedule: None,
        spot: ParkingSpot::NONE,
        release: Release::Scheduled,
    };
}

/// What the vehicle says of itself, whatever the family.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Vehicle {
    pub(super) status: VehicleStatus,
    pub(super) needs: VehicleNeeds,
}

/// How far authorization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Missing,
    Granted,
}

/// The check of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    None,
    Running,
    Done(ContractVerdict),
}

/// The search for new contract certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    None,
    Running,
    Failed(ResponseCode),
}

/// Everything about who may charge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) grant: Grant,
    pub(super) external: Option<AuthorizationDecision>,
    pub(super) contract: Check,
    /// Tells one contract certificate from another.
    pub(super) fingerprint: u64,
    pub(super) search: Search,
}

impl Access {
    pub(super) const NEW: Self = Self {
        grant: Grant::Missing,
        external: None,
        contract: Check::None,
        fingerprint: 0,
        search: Search::None,
    };
}

/// Remembers a message, the latest first.
pub(super) fn remember(history: &mut [Option<MessageKind>; HISTORY], kind: MessageKind) {
    history.rotate_right(1);
    if let Some(first) = history.first_mut() {
        *first = Some(kind);
    }
}
