//! The tables themselves.

use core::fmt;

use super::{Stage, Step, Stream};
use crate::message::MessageKind;
use crate::service::Family;

/// A condition without which a row does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// No condition.
    None,
    /// The charger advertised `CertificateInstallationService`.
    InstallationOffered,
    /// The charger advertised `ServiceRenegotiationSupported` in its first answer to service discovery.
    RenegotiationOffered,
    /// The vehicle goes on without saying that pre-charge is finished, the voltages match, and that is tolerated.
    PreChargeMatched,
    /// The contract with which the vehicle was authorized expires soon: it may fetch another one.
    ContractExpires,
    /// The main stream is in the charge loop.
    LoopRuns,
    /// The charger asked for a confirmation of its meter readings.
    MeteringAsked,
    /// The vehicle selected parking, or an automated connection device is in use.
    ParkingSelected,
    /// The session continues one that was paused: the vehicle may look at the services again.
    Resumed,
}

impl Guard {
    pub(super) const fn bit(self) -> u8 {
        match self {
            Self::None => 0,
            Self::InstallationOffered => 1,
            Self::RenegotiationOffered => 2,
            Self::PreChargeMatched => 4,
            Self::ContractExpires => 8,
            Self::LoopRuns => 16,
            Self::MeteringAsked => 32,
            Self::ParkingSelected => 64,
            Self::Resumed => 128,
        }
    }
}

/// One row: from this stage this request, answered without reserve, leads to that stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where the session stands.
    pub from: Stage,
    /// What is asked.
    pub request: MessageKind,
    /// What for.
    pub step: Step,
    /// What the row depends on.
    pub guard: Guard,
    /// Where the session goes.
    pub to: Stage,
}

/// The order of messages of one family, or of one side stream.
#[derive(PartialEq, Eq)]
pub struct Table {
    family: Family,
    stream: Stream,
    parts: &'static [&'static [Transition]],
}

impl Table {
    /// The table of the main stream of a family.
    pub const fn of(family: Family) -> &'static Self {
        match family {
            Family::Ac => &AC,
            Family::Dc => &DC,
            Family::Wpt => &WPT,
            Family::Acdp => &ACDP,
        }
    }

    /// The table of a stream.
    pub const fn on(stream: Stream, family: Family) -> &'static Self {
        match (stream, family) {
            (Stream::Main, family) => Self::of(family),
            (Stream::ScheduleRenegotiation, Family::Ac) => &RENEGOTIATION_AC,
            (Stream::ScheduleRenegotiation, Family::Dc) => &RENEGOTIATION_DC,
            (Stream::ScheduleRenegotiation, Family::Wpt) => &RENEGOTIATION_WPT,
            (Stream::ScheduleRenegotiation, Family::Acdp) => &RENEGOTIATION_ACDP,
            (Stream::MeteringConfirmation, _) => &METERING,
            (Stream::AcdpSystemStatus, _) => &STATUS,
            (Stream::Parking, _) => &PARKING,
        }
    }

    /// The family. Side streams other than schedule renegotiation are the same for all and name one of them.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The stream.
    pub const fn stream(&self) -> Stream {
        self.stream
    }

    /// The stage at which the table is entered.
    pub const fn start(&self) -> Stage {
        match self.stream {
            Stream::Main => Stage::Negotiation,
            _ => Stage::Quiet,
        }
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static Transition> + use<> {
        self.parts.iter().flat_map(|part| part.iter())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({:?}, {:?})", self.stream, self.family)
    }
}

/// A state diagram in the notation of Mermaid.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "stateDiagram-v2")?;
        writeln!(f, "    [*] --> {}", self.start())?;
        for row in self.rows() {
            write!(f, "    {} --> {} : {}", row.from, row.to, row.request)?;
            if row.step != Step::Plain {
                write!(f, "({:?})", row.step)?;
            }
            if row.guard != Guard::None {
                write!(f, " [{:?}]", row.guard)?;
            }
            writeln!(f)?;
        }
        match self.stream {
            Stream::Main => writeln!(f, "    {} --> [*]", Stage::Ended),
            _ => Ok(()),
        }
    }
}

const fn row(from: Stage, request: MessageKind, to: Stage) -> Transition {
    step(from, request, Step::Plain, to)
}

const fn step(from: Stage, request: MessageKind, step: Step, to: Stage) -> Transition {
    Transition { from, request, step, guard: Guard::None, to }
}

const fn guarded(transition: Transition, guard: Guard) -> Transition {
    Transition { guard, ..transition }
}

const fn terminate(from: Stage) -> Transition {
    step(from, K::SessionStopReq, Step::Terminate, S::Ended)
}

const fn pause(from: Stage) -> Transition {
    step(from, K::SessionStopReq, Step::Pause, S::Ended)
}

const fn renegotiate(from: Stage) -> Transition {
    guarded(
        step(from, K::SessionStopReq, Step::ServiceRenegotiation, S::ServiceDiscovery),
        Guard::RenegotiationOffered,
    )
}

const fn stop(from: Stage, to: Stage) -> Transition {
    step(from, K::PowerDeliveryReq, Step::Stop, to)
}

const fn main(family: Family, parts: &'static [&'static [Transition]]) -> Table {
    Table { family, stream: Stream::Main, parts }
}

const fn side(stream: Stream, family: Family, parts: &'static [&'static [Transition]]) -> Table {
    Table { family, stream, parts }
}

use MessageKind as K;
use Stage as S;

/// The first message and, once there is a session, the way to a selected service: the same for every family.
const COMMON: &[Transition] = &[
    row(S::Negotiation, K::SupportedAppProtocolReq, S::SessionSetup),
    step(S::SessionSetup, K::SessionSetupReq, Step::Joined, S::ChargeParameters),
    row(S::AuthorizationSetup, K::AuthorizationSetupReq, S::Authorization),
    row(S::Authorization, K::AuthorizationReq, S::ServiceDiscovery),
    guarded(
        row(S::Authorization, K::CertificateInstallationReq, S::Authorization),
        Guard::InstallationOffered,
    ),
    row(S::ServiceDiscovery, K::ServiceDiscoveryReq, S::ServiceDetail),
    // [V2G20-2221]: a contract that expires soon may be replaced at once.
    guarded(
        row(S::ServiceDiscovery, K::CertificateInstallationReq, S::ServiceDiscovery),
        Guard::ContractExpires,
    ),
    row(S::ServiceDetail, K::ServiceDetailReq, S::ServiceSelection),
    row(S::ServiceSelection, K::ServiceDetailReq, S::ServiceSelection),
    row(S::ServiceSelection, K::ServiceSelectionReq, S::ChargeParameters),
    // [V2G20-1644, V2G20-1956]: after a pause too, within what renegotiation allows.
    guarded(row(S::ChargeParameters, K::ServiceDiscoveryReq, S::ServiceDetail), Guard::Resumed),
    // [V2G20-2644, V2G20-2645]: a vehicle may give up at any time before power.
    terminate(S::AuthorizationSetup),
    terminate(S::Authorization),
    terminate(S::ServiceDiscovery),
    terminate(S::ServiceDetail),
    terminate(S::ServiceSelection),
    terminate(S::ChargeParameters),
    terminate(S::ScheduleExchange),
    terminate(S::PowerDelivery),
    terminate(S::SessionStop),
    pause(S::PowerDelivery),
    pause(S::SessionStop),
    renegotiate(S::SessionStop),
    step(S::PowerDelivery, K::PowerDeliveryReq, Step::Start, S::ChargeLoop),
    step(S::PowerDelivery, K::PowerDeliveryReq, Step::Standby, S::Standby),
    // A vehicle that changes its plan without a side stream does so here.
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::ScheduleRenegotiation, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Start, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Standby, S::Standby),
    step(S::Standby, K::PowerDeliveryReq, Step::Standby, S::Standby),
    step(S::Standby, K::PowerDeliveryReq, Step::Start, S::ChargeLoop),
];

/// AC and DC need no positioning.
const WIRED: &[Transition] = &[row(S::SessionSetup, K::SessionSetupReq, S::AuthorizationSetup)];

const AC_PART: &[Transition] = &[
    row(S::ChargeParameters, K::AcChargeParameterDiscoveryReq, S::ScheduleExchange),
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::PowerDelivery),
    row(S::ChargeLoop, K::AcChargeLoopReq, S::ChargeLoop),
    row(S::Standby, K::AcChargeLoopReq, S::Standby),
    stop(S::PowerDelivery, S::SessionStop),
    stop(S::ChargeLoop, S::SessionStop),
    stop(S::Standby, S::SessionStop),
];

/// From the isolation test to the contactors, over whatever cable.
const DC_POWER: &[Transition] = &[
    row(S::ChargeParameters, K::DcChargeParameterDiscoveryReq, S::ScheduleExchange),
    row(S::CableCheck, K::DcCableCheckReq, S::PreCharge),
    row(S::PreCharge, K::DcPreChargeReq, S::PowerDelivery),
    guarded(step(S::PreCharge, K::PowerDeliveryReq, Step::Start, S::ChargeLoop), Guard::PreChargeMatched),
    terminate(S::CableCheck),
    // The schedule may come with the request to pause: nothing has to be tested for that.
    pause(S::CableCheck),
    terminate(S::PreCharge),
    row(S::ChargeLoop, K::DcChargeLoopReq, S::ChargeLoop),
    row(S::Standby, K::DcChargeLoopReq, S::Standby),
    stop(S::PowerDelivery, S::WeldingDetection),
    stop(S::ChargeLoop, S::WeldingDetection),
    stop(S::Standby, S::WeldingDetection),
];

const DC_PART: &[Transition] = &[
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::CableCheck),
    row(S::WeldingDetection, K::DcWeldingDetectionReq, S::SessionStop),
    // Vehicles that skip or shorten welding detection are common.
    terminate(S::WeldingDetection),
    pause(S::WeldingDetection),
    renegotiate(S::WeldingDetection),
];

const WPT_PART: &[Transition] = &[
    row(S::SessionSetup, K::SessionSetupReq, S::FinePositioningSetup),
    row(S::FinePositioningSetup, K::WptFinePositioningSetupReq, S::FinePositioning),
    row(S::FinePositioning, K::WptFinePositioningReq, S::Pairing),
    row(S::Pairing, K::WptPairingReq, S::AuthorizationSetup),
    step(S::Pairing, K::WptPairingReq, Step::PositionLost, S::FinePositioning),
    row(S::ChargeParameters, K::WptChargeParameterDiscoveryReq, S::AlignmentCheck),
    row(S::AlignmentCheck, K::WptAlignmentCheckReq, S::ScheduleExchange),
    step(S::AlignmentCheck, K::WptAlignmentCheckReq, Step::PositionLost, S::Repositioning),
    row(S::Repositioning, K::WptFinePositioningReq, S::AlignmentCheck),
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::PowerDelivery),
    row(S::ChargeLoop, K::WptChargeLoopReq, S::ChargeLoop),
    row(S::Standby, K::WptChargeLoopReq, S::Standby),
    stop(S::PowerDelivery, S::SessionStop),
    stop(S::ChargeLoop, S::SessionStop),
    stop(S::Standby, S::SessionStop),
    terminate(S::FinePositioningSetup),
    terminate(S::FinePositioning),
    terminate(S::Pairing),
    terminate(S::AlignmentCheck),
    terminate(S::Repositioning),
];

const ACDP_PART: &[Transition] = &[
    row(S::SessionSetup, K::SessionSetupReq, S::VehiclePositioning),
    row(S::VehiclePositioning, K::AcdpVehiclePositioningReq, S::AuthorizationSetup),
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::Connect),
    row(S::Connect, K::AcdpConnectReq, S::CableCheck),
    row(S::WeldingDetection, K::DcWeldingDetectionReq, S::Disconnect),
    row(S::Disconnect, K::AcdpDisconnectReq, S::SessionStop),
    terminate(S::VehiclePositioning),
    terminate(S::Connect),
    pause(S::Connect),
];

static AC: Table = main(Family::Ac, &[COMMON, WIRED, AC_PART]);
static DC: Table = main(Family::Dc, &[COMMON, WIRED, DC_POWER, DC_PART]);
static WPT: Table = main(Family::Wpt, &[COMMON, WPT_PART]);
static ACDP: Table = main(Family::Acdp, &[COMMON, DC_POWER, ACDP_PART]);

/// New limits, new schedule, new profile, while the loop goes on.
const RENEGOTIATION: &[Transition] = &[
    row(S::RenegotiationSchedule, K::ScheduleExchangeReq, S::RenegotiationDelivery),
    step(S::RenegotiationDelivery, K::PowerDeliveryReq, Step::ScheduleRenegotiation, S::Quiet),
];

const fn begin(request: MessageKind) -> [Transition; 3] {
    let open = guarded(row(S::Quiet, request, S::RenegotiationSchedule), Guard::LoopRuns);
    // Whoever has given up half-way begins again.
    [
        open,
        Transition { from: S::RenegotiationSchedule, ..open },
        Transition { from: S::RenegotiationDelivery, ..open },
    ]
}

const BEGIN_AC: &[Transition] = &begin(K::AcChargeParameterDiscoveryReq);
const BEGIN_DC: &[Transition] = &begin(K::DcChargeParameterDiscoveryReq);
const BEGIN_WPT: &[Transition] = &begin(K::WptChargeParameterDiscoveryReq);

static RENEGOTIATION_AC: Table = side(Stream::ScheduleRenegotiation, Family::Ac, &[BEGIN_AC, RENEGOTIATION]);
static RENEGOTIATION_DC: Table = side(Stream::ScheduleRenegotiation, Family::Dc, &[BEGIN_DC, RENEGOTIATION]);
static RENEGOTIATION_WPT: Table =
    side(Stream::ScheduleRenegotiation, Family::Wpt, &[BEGIN_WPT, RENEGOTIATION]);
static RENEGOTIATION_ACDP: Table =
    side(Stream::ScheduleRenegotiation, Family::Acdp, &[BEGIN_DC, RENEGOTIATION]);

static METERING: Table = side(
    Stream::MeteringConfirmation,
    Family::Dc,
    &[&[guarded(row(S::Quiet, K::MeteringConfirmationReq, S::Quiet), Guard::MeteringAsked)]],
);

static STATUS: Table =
    side(Stream::AcdpSystemStatus, Family::Acdp, &[&[row(S::Quiet, K::AcdpSystemStatusReq, S::Quiet)]]);

static PARKING: Table = side(Stream::Parking, Family::Dc, &[PARKING_PART]);

const PARKING_PART: &[Transition] = &[
    guarded(step(S::Quiet, K::VehicleCheckInReq, Step::Begin, S::CheckingIn), Guard::ParkingSelected),
    step(S::CheckingIn, K::VehicleCheckInReq, Step::Begin, S::CheckingIn),
    step(S::CheckingIn, K::VehicleCheckInReq, Step::Proceed, S::CheckingIn),
    step(S::CheckingIn, K::VehicleCheckInReq, Step::Complete, S::Quiet),
    guarded(step(S::Quiet, K::VehicleCheckOutReq, Step::Begin, S::CheckingOut), Guard::ParkingSelected),
    step(S::CheckingOut, K::VehicleCheckOutReq, Step::Begin, S::CheckingOut),
    step(S::CheckingOut, K::VehicleCheckOutReq, Step::Proceed, S::CheckingOut),
    step(S::CheckingOut, K::VehicleCheckOutReq, Step::Complete, S::Quiet),
];
