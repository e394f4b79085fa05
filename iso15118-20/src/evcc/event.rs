//! What the vehicle's engine tells its host.

use exi_codec::iso20::common_types::{EvseNotification, ResponseCode};
#[cfg(feature = "wpt")]
use exi_codec::iso20::wpt::{WptAlignmentCheckMethod, WptFinePositioningMethod, WptPairingMethod};
use exi_codec::{Amperes, Volts, Watts};
use v2gtp::Instant;

#[cfg(feature = "ac")]
use super::AcStation;
#[cfg(feature = "wpt")]
use super::WptStatus;
#[cfg(feature = "acdp")]
use super::{AcdpPosition, AcdpStatus};
use super::{Core, ParkingGuide, StationNeeds, T};
use crate::end::End;
#[cfg(feature = "ac")]
use crate::power::AcOutput;
#[cfg(feature = "wpt")]
use crate::power::WptPad;
use crate::power::{DcLimits, FlowLimits};
use crate::price::Costs;
use crate::sequence::Stream;
use crate::service::Selection;

/// What the charger wants the vehicle to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What to do.
    pub kind: EvseNotification,
    /// Seconds left to do it.
    pub max_delay: u16,
}

/// What the charger says of itself in the charge loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationStatus {
    /// Voltage at the outlet, V; DC only.
    pub voltage: Volts,
    /// Current, A: positive into the vehicle, negative out of it; DC only.
    pub current: Amperes,
    /// The limits of this moment, never beyond those declared; DC only.
    pub limits: DcLimits,
    /// What the charger wants the vehicle to do.
    pub notification: Option<Notification>,
    /// Energy into the vehicle by the charger's meter, Wh.
    pub charged: Option<u64>,
    /// Energy out of the vehicle by the charger's meter, Wh.
    pub discharged: Option<u64>,
    /// Seconds that the vehicle has to follow a change of what the charger wants (Dynamic).
    pub ack_max_delay: Option<u16>,
}

impl StationStatus {
    pub(super) const NONE: Self = Self {
        voltage: Volts::ZERO,
        current: Amperes::ZERO,
        limits: DcLimits {
            charge: NO_FLOW,
            discharge: None,
            max_voltage: Volts::ZERO,
            min_voltage: Volts::ZERO,
        },
        notification: None,
        charged: None,
        discharged: None,
        ack_max_delay: None,
    };
}

const NO_FLOW: FlowLimits = FlowLimits {
    max_power: Watts::ZERO,
    min_power: Watts::ZERO,
    max_current: Amperes::ZERO,
    min_current: Amperes::ZERO,
};

/// Something for the host to do or to know, by urgency.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and
/// a safe one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EvccEvent {
    /// At once and whatever else was asked for: draw and feed nothing, open the contactors. Raised at every end
    /// of a session.
    PowerOff,
    /// There is a session; [`Evcc::station_id`](super::Evcc::station_id) is known.
    SessionStarted,
    /// The paused session goes on, with the service that was selected in it.
    SessionResumed,
    /// The charger waits for the customer to authorize.
    CustomerAwaited,
    /// Sign the request for authorization: [`Evcc::to_be_signed`](super::Evcc::to_be_signed), then
    /// [`Evcc::signed`](super::Evcc::signed). After the deadline the vehicle tries another way.
    SignAuthorization {
        /// When the vehicle tries another way.
        deadline: Option<Instant>,
    },
    /// Sign the request for a contract, in the same way. After the deadline the vehicle goes on without.
    SignInstallation {
        /// When the vehicle goes on without.
        deadline: Option<Instant>,
    },
    /// Sign the meter readings, in the same way. After the deadline they are not confirmed.
    SignMetering {
        /// When they are not confirmed.
        deadline: Option<Instant>,
    },
    /// The charger did not accept an authorization, or had no contract. The engine goes another way by itself.
    AuthorizationRefused(ResponseCode),
    /// The contract that was accepted expires soon.
    ContractExpiresSoon,
    /// A contract has come: it is in the `CertificateInstallationRes` that
    /// [`Evcc::handle_input`](super::Evcc::handle_input) returned. Check and store it, then call
    /// [`Evcc::installed`](super::Evcc::installed). After the deadline it counts as refused.
    InstallationReceived {
        /// Contracts that the charger still has.
        remaining: u8,
        /// When it counts as refused.
        deadline: Option<Instant>,
    },
    /// A service was selected.
    ServiceSelected(Selection),
    /// The charger declared its limits.
    StationLimits(DcLimits),
    /// The AC charger declared its limits.
    #[cfg(feature = "ac")]
    AcStationLimits(AcStation),
    /// The schedules are known: [`Evcc::schedules`](super::Evcc::schedules).
    Scheduled,
    /// The charger settled the mobility needs itself, as was agreed on.
    NeedsChanged(StationNeeds),
    /// The charger tests the isolation: there may be voltage at the inlet. Keep the plug locked.
    CableCheck,
    /// The charger adjusts its voltage. Keep [`Evcc::measurement`](super::Evcc::measurement) up to date.
    PreCharge,
    /// The voltages match: close the contactors and call [`Evcc::contactor`](super::Evcc::contactor). After the
    /// deadline the vehicle ends the session.
    CloseContactor {
        /// When the vehicle gives up.
        deadline: Option<Instant>,
    },
    /// Over a cable: power was asked for. State C (or D) of the control pilot is due within 250 ms [V2G20-1617]; over AC
    /// the charger closes its contactors then.
    RequestPower,
    /// What the AC converter is to do from now on.
    #[cfg(feature = "ac")]
    AcOutput(AcOutput),
    /// A round of the loop has brought this.
    StationStatus(StationStatus),
    /// What the session has cost so far, by the charger's receipt; raised when that says something new.
    Receipt(Costs),
    /// The charger does not know the vehicle that it is paired with, and names others nearby that may:
    /// `AlternativeSECCList` of the `WPT_PairingRes` that [`Evcc::handle_input`](super::Evcc::handle_input) returned,
    /// see [`alternatives`](super::alternatives).
    #[cfg(feature = "wpt")]
    AlternativeStations,
    /// The charger wants something new. The engine follows by itself.
    Notified(Notification),
    /// The vehicle is in standby.
    Standby,
    /// The charger does not let the vehicle stand by.
    StandbyRefused,
    /// Bring the vehicle over the coil and call [`Evcc::positioned`](super::Evcc::positioned). After the deadline the
    /// vehicle leaves.
    #[cfg(feature = "wpt")]
    Position {
        /// How, as agreed on.
        method: WptFinePositioningMethod,
        /// When the vehicle leaves.
        deadline: Option<Instant>,
    },
    /// Make sure whose coil it is and call [`Evcc::paired`](super::Evcc::paired). After the deadline the vehicle
    /// leaves.
    #[cfg(feature = "wpt")]
    Pair {
        /// How, as agreed on.
        method: WptPairingMethod,
        /// When the vehicle leaves.
        deadline: Option<Instant>,
    },
    /// Check that the coils face each other and call [`Evcc::aligned`](super::Evcc::aligned). After the deadline the
    /// vehicle leaves.
    #[cfg(feature = "wpt")]
    Align {
        /// How, as agreed on.
        method: WptAlignmentCheckMethod,
        /// Power that the charger transmits for it, W.
        transmitted: Option<Watts>,
        /// When the vehicle leaves.
        deadline: Option<Instant>,
    },
    /// The wireless charger declared its limits.
    #[cfg(feature = "wpt")]
    WptStationLimits(WptPad),
    /// A round of the wireless loop has brought this.
    #[cfg(feature = "wpt")]
    WptStatus(WptStatus),
    /// Where the vehicle stands under the connection device. Bring it into position and immobilise it,
    /// [`Evcc::set_mobility`](super::Evcc::set_mobility).
    #[cfg(feature = "acdp")]
    AcdpPosition(AcdpPosition),
    /// The connection device moves to the vehicle or away from it: do not move.
    #[cfg(feature = "acdp")]
    DeviceMoves,
    /// State of the connection device and its charger.
    #[cfg(feature = "acdp")]
    AcdpStatus(AcdpStatus),
    /// Where the parking vehicle is to go.
    ParkingGuide(ParkingGuide),
    /// Check-in or check-out is complete.
    Parked,
    /// The meter readings are confirmed.
    MeteringConfirmed,
    /// What was asked for on a side stream was refused, or came to nothing. The session goes on.
    SideFailed(Stream),
    /// Power is over: open the contactors, go back to state B of the control pilot, and call
    /// [`Evcc::contactor`](super::Evcc::contactor). After the deadline, if there is one, they count as faulty.
    OpenContactor {
        /// When the contactors count as faulty.
        deadline: Option<Instant>,
    },
    /// The session is over.
    Ended(End),
    /// Close the connection. No event follows.
    Close,
}

/// Events that wait, one bit each in the order of their urgency. What they say is read when they are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending(u64);

impl Pending {
    pub(super) const NONE: Self = Self(0);
    pub(super) const POWER_OFF: Self = Self(1);
    pub(super) const STARTED: Self = Self(1 << 1);
    pub(super) const RESUMED: Self = Self(1 << 2);
    pub(super) const CUSTOMER: Self = Self(1 << 3);
    pub(super) const SIGN_AUTHORIZATION: Self = Self(1 << 4);
    pub(super) const SIGN_INSTALLATION: Self = Self(1 << 5);
    pub(super) const INSTALLATION: Self = Self(1 << 6);
    pub(super) const REFUSED: Self = Self(1 << 7);
    pub(super) const CONTRACT_EXPIRES: Self = Self(1 << 12);
    pub(super) const SIGN_METERING: Self = Self(1 << 13);
    pub(super) const SELECTED: Self = Self(1 << 8);
    pub(super) const LIMITS: Self = Self(1 << 9);
    pub(super) const SCHEDULED: Self = Self(1 << 10);
    pub(super) const NEEDS: Self = Self(1 << 11);
    pub(super) const CABLE_CHECK: Self = Self(1 << 16);
    pub(super) const PRE_CHARGE: Self = Self(1 << 17);
    pub(super) const CLOSE_CONTACTOR: Self = Self(1 << 18);
    pub(super) const REQUEST_POWER: Self = Self(1 << 19);
    pub(super) const OUTPUT: Self = Self(1 << 20);
    pub(super) const STATUS: Self = Self(1 << 21);
    pub(super) const NOTIFIED: Self = Self(1 << 22);
    pub(super) const STANDBY: Self = Self(1 << 23);
    pub(super) const STANDBY_REFUSED: Self = Self(1 << 24);
    pub(super) const SIDE_FAILED: Self = Self(1 << 25);
    pub(super) const CONFIRMED: Self = Self(1 << 26);
    pub(super) const PARKING_GUIDE: Self = Self(1 << 27);
    pub(super) const PARKED: Self = Self(1 << 28);
    #[cfg(feature = "wpt")]
    pub(super) const POSITION: Self = Self(1 << 29);
    #[cfg(feature = "wpt")]
    pub(super) const PAIR: Self = Self(1 << 30);
    #[cfg(feature = "wpt")]
    pub(super) const ALIGN: Self = Self(1 << 31);
    #[cfg(feature = "wpt")]
    pub(super) const WPT_STATUS: Self = Self(1 << 32);
    #[cfg(feature = "acdp")]
    pub(super) const ACDP_POSITION: Self = Self(1 << 33);
    #[cfg(feature = "acdp")]
    pub(super) const DEVICE_MOVES: Self = Self(1 << 34);
    #[cfg(feature = "acdp")]
    pub(super) const ACDP_STATUS: Self = Self(1 << 35);
    pub(super) const RECEIPT: Self = Self(1 << 36);
    #[cfg(feature = "wpt")]
    pub(super) const ALTERNATIVES: Self = Self(1 << 37);
    pub(super) const OPEN_CONTACTOR: Self = Self(1 << 40);
    pub(super) const ENDED: Self = Self(1 << 41);
    pub(super) const CLOSE: Self = Self(1 << 42);

    pub(super) fn raise(&mut self, event: Self) {
        self.0 |= event.0;
    }

    /// Nothing that energises may follow the order to switch off.
    pub(super) fn power_off(&mut self) {
        let energising =
            Self::PRE_CHARGE.0 | Self::CLOSE_CONTACTOR.0 | Self::REQUEST_POWER.0 | Self::OUTPUT.0;
        self.0 = self.0 & !energising | Self::POWER_OFF.0;
    }

    fn take(&mut self) -> Option<Self> {
        let first = Self(self.0 & self.0.wrapping_neg());
        self.0 &= !first.0;
        (first != Self::NONE).then_some(first)
    }
}

impl Core<'_> {
    pub(super) fn poll_event(&mut self) -> Option<EvccEvent> {
        loop {
            let event = self.pending.take()?;
            if let Some(event) = self.event(event) {
                return Some(event);
            }
        }
    }

    fn event(&self, event: Pending) -> Option<EvccEvent> {
        let deadline = self.deadline(T::Actuation);
        Some(match event {
            Pending::POWER_OFF => EvccEvent::PowerOff,
            Pending::STARTED => EvccEvent::SessionStarted,
            Pending::RESUMED => EvccEvent::SessionResumed,
            Pending::CUSTOMER => EvccEvent::CustomerAwaited,
            Pending::SIGN_AUTHORIZATION => {
                EvccEvent::SignAuthorization { deadline: self.deadline(T::Security) }
            }
            Pending::SIGN_INSTALLATION => {
                EvccEvent::SignInstallation { deadline: self.deadline(T::Security) }
            }
            Pending::SIGN_METERING => EvccEvent::SignMetering { deadline: self.deadline(T::Security) },
            Pending::REFUSED => EvccEvent::AuthorizationRefused(self.auth.last().0),
            Pending::CONTRACT_EXPIRES => EvccEvent::ContractExpiresSoon,
            Pending::INSTALLATION => EvccEvent::InstallationReceived {
                remaining: self.auth.last().1,
                deadline: self.deadline(T::Security),
            },
            Pending::SELECTED => EvccEvent::ServiceSelected(self.selection?),
            Pending::LIMITS => return self.limits_event(),
            Pending::SCHEDULED => EvccEvent::Scheduled,
            Pending::NEEDS => EvccEvent::NeedsChanged(self.station.needs),
            Pending::CABLE_CHECK => EvccEvent::CableCheck,
            Pending::PRE_CHARGE => EvccEvent::PreCharge,
            Pending::CLOSE_CONTACTOR => EvccEvent::CloseContactor { deadline },
            Pending::REQUEST_POWER => EvccEvent::RequestPower,
            #[cfg(feature = "ac")]
            Pending::OUTPUT => EvccEvent::AcOutput(self.plant.ac.output),
            Pending::STATUS => EvccEvent::StationStatus(self.station.status),
            Pending::NOTIFIED => EvccEvent::Notified(self.station.status.notification?),
            Pending::STANDBY => EvccEvent::Standby,
            Pending::STANDBY_REFUSED => EvccEvent::StandbyRefused,
            Pending::SIDE_FAILED => EvccEvent::SideFailed(self.sides.failed()),
            Pending::CONFIRMED => EvccEvent::MeteringConfirmed,
            Pending::PARKING_GUIDE => EvccEvent::ParkingGuide(self.parking.guide),
            Pending::PARKED => EvccEvent::Parked,
            #[cfg(feature = "wpt")]
            Pending::POSITION => EvccEvent::Position {
                method: self.plant.wpt.agreement.positioning,
                deadline: self.deadline(T::Ongoing),
            },
            #[cfg(feature = "wpt")]
            Pending::PAIR => EvccEvent::Pair {
                method: self.plant.wpt.agreement.pairing,
                deadline: self.deadline(T::Ongoing),
            },
            #[cfg(feature = "wpt")]
            Pending::ALIGN => EvccEvent::Align {
                method: self.plant.wpt.agreement.alignment,
                transmitted: self.plant.wpt.transmitted,
                deadline: self.deadline(T::Ongoing),
            },
            #[cfg(feature = "wpt")]
            Pending::WPT_STATUS => EvccEvent::WptStatus(self.plant.wpt.status),
            #[cfg(feature = "acdp")]
            Pending::ACDP_POSITION => EvccEvent::AcdpPosition(self.plant.acdp.position),
            #[cfg(feature = "acdp")]
            Pending::DEVICE_MOVES => EvccEvent::DeviceMoves,
            #[cfg(feature = "acdp")]
            Pending::ACDP_STATUS => EvccEvent::AcdpStatus(self.plant.acdp.status),
            Pending::RECEIPT => EvccEvent::Receipt(self.costs?),
            #[cfg(feature = "wpt")]
            Pending::ALTERNATIVES => EvccEvent::AlternativeStations,
            Pending::OPEN_CONTACTOR => EvccEvent::OpenContactor { deadline },
            Pending::ENDED => EvccEvent::Ended(self.end?),
            _ => EvccEvent::Close,
        })
    }

    fn limits_event(&self) -> Option<EvccEvent> {
        use crate::service::Family;
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => Some(EvccEvent::AcStationLimits(self.station.ac)),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => Some(EvccEvent::StationLimits(self.station.dc)),
            #[cfg(feature = "wpt")]
            Family::Wpt => Some(EvccEvent::WptStationLimits(self.plant.wpt.pad)),
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => None,
        }
    }
}
