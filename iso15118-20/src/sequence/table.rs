//! The tables themselves.

use core::fmt;

use super::{Stage, Step};
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
}

impl Guard {
    pub(super) const fn bit(self) -> u8 {
        match self {
            Self::None => 0,
            Self::InstallationOffered => 1,
            Self::RenegotiationOffered => 2,
            Self::PreChargeMatched => 4,
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

/// The order of messages of one family.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    family: Family,
    parts: &'static [&'static [Transition]],
}

impl Table {
    /// The table of a family.
    ///
    /// AC ends where a table without cable check, pre-charge and welding detection ends. Wireless and automated
    /// connection share only what all families share so far.
    pub const fn of(family: Family) -> &'static Self {
        match family {
            Family::Ac => &AC,
            Family::Dc => &DC,
            Family::Wpt => &WPT,
            Family::Acdp => &ACDP,
        }
    }

    /// The family.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static Transition> + use<> {
        self.parts.iter().flat_map(|part| part.iter())
    }
}

/// A state diagram in the notation of Mermaid.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "stateDiagram-v2")?;
        writeln!(f, "    [*] --> {}", Stage::Negotiation)?;
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
        writeln!(f, "    {} --> [*]", Stage::Ended)
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

use MessageKind as K;
use Stage as S;

/// From the first byte to the selection of a service, and the end: the same for every family.
const COMMON: &[Transition] = &[
    row(S::Negotiation, K::SupportedAppProtocolReq, S::SessionSetup),
    row(S::SessionSetup, K::SessionSetupReq, S::AuthorizationSetup),
    step(S::SessionSetup, K::SessionSetupReq, Step::Joined, S::ChargeParameters),
    row(S::AuthorizationSetup, K::AuthorizationSetupReq, S::Authorization),
    row(S::Authorization, K::AuthorizationReq, S::ServiceDiscovery),
    guarded(
        row(S::Authorization, K::CertificateInstallationReq, S::Authorization),
        Guard::InstallationOffered,
    ),
    row(S::ServiceDiscovery, K::ServiceDiscoveryReq, S::ServiceDetail),
    row(S::ServiceDetail, K::ServiceDetailReq, S::ServiceSelection),
    row(S::ServiceSelection, K::ServiceDetailReq, S::ServiceSelection),
    row(S::ServiceSelection, K::ServiceSelectionReq, S::ChargeParameters),
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
    step(S::SessionStop, K::SessionStopReq, Step::Pause, S::Ended),
    guarded(
        step(S::SessionStop, K::SessionStopReq, Step::ServiceRenegotiation, S::ServiceDiscovery),
        Guard::RenegotiationOffered,
    ),
    // A vehicle that changes its plan without a side stream does so here.
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::ScheduleRenegotiation, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Standby, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Start, S::ChargeLoop),
    step(S::PowerDelivery, K::PowerDeliveryReq, Step::Start, S::ChargeLoop),
];

const DC_PART: &[Transition] = &[
    row(S::ChargeParameters, K::DcChargeParameterDiscoveryReq, S::ScheduleExchange),
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::CableCheck),
    row(S::CableCheck, K::DcCableCheckReq, S::PreCharge),
    row(S::PreCharge, K::DcPreChargeReq, S::PowerDelivery),
    guarded(step(S::PreCharge, K::PowerDeliveryReq, Step::Start, S::ChargeLoop), Guard::PreChargeMatched),
    terminate(S::CableCheck),
    terminate(S::PreCharge),
    row(S::ChargeLoop, K::DcChargeLoopReq, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Stop, S::WeldingDetection),
    step(S::PowerDelivery, K::PowerDeliveryReq, Step::Stop, S::WeldingDetection),
    row(S::WeldingDetection, K::DcWeldingDetectionReq, S::SessionStop),
    // Vehicles that skip or shorten welding detection are common.
    terminate(S::WeldingDetection),
    step(S::WeldingDetection, K::SessionStopReq, Step::Pause, S::Ended),
];

const AC_PART: &[Transition] = &[
    row(S::ChargeParameters, K::AcChargeParameterDiscoveryReq, S::ScheduleExchange),
    row(S::ScheduleExchange, K::ScheduleExchangeReq, S::PowerDelivery),
    row(S::ChargeLoop, K::AcChargeLoopReq, S::ChargeLoop),
    step(S::ChargeLoop, K::PowerDeliveryReq, Step::Stop, S::SessionStop),
    step(S::PowerDelivery, K::PowerDeliveryReq, Step::Stop, S::SessionStop),
];

static AC: Table = Table { family: Family::Ac, parts: &[COMMON, AC_PART] };
static DC: Table = Table { family: Family::Dc, parts: &[COMMON, DC_PART] };
static WPT: Table = Table { family: Family::Wpt, parts: &[COMMON] };
static ACDP: Table = Table { family: Family::Acdp, parts: &[COMMON] };
