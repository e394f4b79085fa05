//! What the vehicle's engine tells its host.

use exi_codec::iso20::common_types::EvseNotification;
use exi_codec::{Amperes, Volts};
use v2gtp::Instant;

use super::{Core, T};
use crate::end::End;
use crate::power::DcLimits;
use crate::service::Selection;

/// What the charger wants the vehicle to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What to do.
    pub kind: EvseNotification,
    /// Seconds left to do it.
    pub max_delay: u16,
}

/// What the charger says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationStatus {
    /// Voltage at the outlet, V.
    pub voltage: Volts,
    /// Current, A: positive into the vehicle, negative out of it.
    pub current: Amperes,
    /// The limits of this moment.
    pub limits: DcLimits,
    /// What the charger wants the vehicle to do.
    pub notification: Option<Notification>,
    /// Energy into the vehicle by the charger's meter, Wh.
    pub charged: Option<u64>,
    /// Energy out of the vehicle by the charger's meter, Wh.
    pub discharged: Option<u64>,
}

/// Something for the host to do or to know, by urgency.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and
/// a safe one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvccEvent {
    /// At once and whatever else was asked for: draw and feed nothing, open the contactors. Raised at every end
    /// of a session.
    PowerOff,
    /// There is a session; [`Evcc::station_id`](super::Evcc::station_id) is known.
    SessionStarted,
    /// The charger waits for the customer to authorize.
    CustomerAwaited,
    /// A service was selected.
    ServiceSelected(Selection),
    /// The charger declared its limits.
    StationLimits(DcLimits),
    /// The schedules are known: [`Evcc::schedules`](super::Evcc::schedules).
    Scheduled,
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
    /// A round of the loop has brought this.
    StationStatus(StationStatus),
    /// Power is over: open the contactors and call [`Evcc::contactor`](super::Evcc::contactor). After the
    /// deadline they count as faulty.
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
pub(super) struct Pending(u16);

impl Pending {
    pub(super) const NONE: Self = Self(0);
    pub(super) const POWER_OFF: Self = Self(1);
    pub(super) const STARTED: Self = Self(1 << 1);
    pub(super) const CUSTOMER: Self = Self(1 << 2);
    pub(super) const SELECTED: Self = Self(1 << 3);
    pub(super) const LIMITS: Self = Self(1 << 4);
    pub(super) const SCHEDULED: Self = Self(1 << 5);
    pub(super) const CABLE_CHECK: Self = Self(1 << 6);
    pub(super) const PRE_CHARGE: Self = Self(1 << 7);
    pub(super) const CLOSE_CONTACTOR: Self = Self(1 << 8);
    pub(super) const STATUS: Self = Self(1 << 9);
    pub(super) const OPEN_CONTACTOR: Self = Self(1 << 10);
    pub(super) const ENDED: Self = Self(1 << 11);
    pub(super) const CLOSE: Self = Self(1 << 12);

    pub(super) fn raise(&mut self, event: Self) {
        self.0 |= event.0;
    }

    /// Nothing that energises may follow the order to switch off.
    pub(super) fn power_off(&mut self) {
        self.0 = self.0 & !(Self::PRE_CHARGE.0 | Self::CLOSE_CONTACTOR.0) | Self::POWER_OFF.0;
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
            let deadline = self.deadlines.get(T::Actuation as usize);
            let event = match self.pending.take()? {
                Pending::POWER_OFF => Some(EvccEvent::PowerOff),
                Pending::STARTED => Some(EvccEvent::SessionStarted),
                Pending::CUSTOMER => Some(EvccEvent::CustomerAwaited),
                Pending::SELECTED => self.selection.map(EvccEvent::ServiceSelected),
                Pending::LIMITS => Some(EvccEvent::StationLimits(self.station.declared)),
                Pending::SCHEDULED => Some(EvccEvent::Scheduled),
                Pending::CABLE_CHECK => Some(EvccEvent::CableCheck),
                Pending::PRE_CHARGE => Some(EvccEvent::PreCharge),
                Pending::CLOSE_CONTACTOR => Some(EvccEvent::CloseContactor { deadline }),
                Pending::STATUS => Some(EvccEvent::StationStatus(self.station.status)),
                Pending::OPEN_CONTACTOR => Some(EvccEvent::OpenContactor { deadline }),
                Pending::ENDED => self.end.map(EvccEvent::Ended),
                _ => Some(EvccEvent::Close),
            };
            if event.is_some() {
                return event;
            }
        }
    }
}
