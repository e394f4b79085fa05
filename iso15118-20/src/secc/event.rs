//! What the charger's engine tells its host.

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Volts, WattHours};
use v2gtp::Instant;

use super::{Core, T};
use crate::end::End;
use crate::power::{DcLimits, Output};
use crate::service::Selection;

/// What the vehicle says of itself in the charge loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VehicleStatus {
    /// Voltage that the vehicle measures, V.
    pub voltage: Volts,
    /// State of charge, %. For display; the engine takes it as a reason against discharge, never for anything.
    pub soc: Option<PercentValue>,
    /// Least state of charge that the vehicle wants to keep, %.
    pub minimum_soc: Option<PercentValue>,
    /// Energy to the target state of charge, Wh.
    pub target_energy: Option<WattHours>,
    /// Energy until full, Wh.
    pub max_energy: Option<WattHours>,
    /// Energy to the minimum state of charge, Wh; negative: energy that the vehicle may give away.
    pub min_energy: Option<WattHours>,
    /// Seconds until departure.
    pub departure_time: Option<u32>,
}

/// Something for the host to do or to know, by urgency.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and
/// a safe one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeccEvent {
    /// At once and whatever else was asked for: no current, contactors open. Raised at every end of a session.
    PowerOff,
    /// There is a session; [`Secc::vehicle_id`](super::Secc::vehicle_id) is known.
    SessionStarted,
    /// The vehicle waits to be authorized: call [`Secc::authorize`](super::Secc::authorize). After the deadline
    /// the answer is no.
    AuthorizationWanted {
        /// When the answer becomes no.
        deadline: Option<Instant>,
    },
    /// The vehicle selected a service.
    ServiceSelected(Selection),
    /// The vehicle declared its limits.
    VehicleLimits(DcLimits),
    /// Test the isolation of the cable and call [`Secc::isolation`](super::Secc::isolation). After the deadline
    /// the test counts as failed.
    IsolationTest {
        /// When the test counts as failed.
        deadline: Option<Instant>,
    },
    /// Bring the outlet to this voltage at no more than pre-charge current, and keep
    /// [`Secc::measurement`](super::Secc::measurement) up to date.
    PreCharge {
        /// Voltage, V.
        voltage: Volts,
        /// When the session is given up.
        deadline: Option<Instant>,
    },
    /// Close the contactors and call [`Secc::contactor`](super::Secc::contactor). After the deadline power
    /// delivery is refused.
    CloseContactor {
        /// When power delivery is refused.
        deadline: Option<Instant>,
    },
    /// What the converter is to do from now on.
    Output(Output),
    /// The vehicle reported in the charge loop.
    VehicleStatus(VehicleStatus),
    /// Power is over and the current is low: open the contactors.
    OpenContactor,
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
    pub(super) const AUTHORIZATION: Self = Self(1 << 2);
    pub(super) const SELECTED: Self = Self(1 << 3);
    pub(super) const LIMITS: Self = Self(1 << 4);
    pub(super) const ISOLATION: Self = Self(1 << 5);
    pub(super) const PRE_CHARGE: Self = Self(1 << 6);
    pub(super) const CLOSE_CONTACTOR: Self = Self(1 << 7);
    pub(super) const OUTPUT: Self = Self(1 << 8);
    pub(super) const STATUS: Self = Self(1 << 9);
    pub(super) const OPEN_CONTACTOR: Self = Self(1 << 10);
    pub(super) const ENDED: Self = Self(1 << 11);
    pub(super) const CLOSE: Self = Self(1 << 12);

    pub(super) fn raise(&mut self, event: Self) {
        self.0 |= event.0;
    }

    /// Nothing that energises may follow the order to switch off.
    pub(super) fn power_off(&mut self) {
        let energising = Self::ISOLATION.0 | Self::PRE_CHARGE.0 | Self::CLOSE_CONTACTOR.0 | Self::OUTPUT.0;
        self.0 = self.0 & !energising | Self::POWER_OFF.0;
    }

    fn take(&mut self) -> Option<Self> {
        let first = Self(self.0 & self.0.wrapping_neg());
        self.0 &= !first.0;
        (first != Self::NONE).then_some(first)
    }
}

impl Core<'_> {
    pub(super) fn poll_event(&mut self) -> Option<SeccEvent> {
        loop {
            let deadline = |timer| self.deadlines.get(timer as usize);
            let event = match self.pending.take()? {
                Pending::POWER_OFF => Some(SeccEvent::PowerOff),
                Pending::STARTED => Some(SeccEvent::SessionStarted),
                Pending::AUTHORIZATION => {
                    Some(SeccEvent::AuthorizationWanted { deadline: deadline(T::Authorization) })
                }
                Pending::SELECTED => self.selection.map(SeccEvent::ServiceSelected),
                Pending::LIMITS => Some(SeccEvent::VehicleLimits(self.vehicle.declared)),
                Pending::ISOLATION => Some(SeccEvent::IsolationTest { deadline: deadline(T::Isolation) }),
                Pending::PRE_CHARGE => {
                    let deadline = deadline(T::PreCharge);
                    self.vehicle.pre_charge.map(|voltage| SeccEvent::PreCharge { voltage, deadline })
                }
                Pending::CLOSE_CONTACTOR => {
                    Some(SeccEvent::CloseContactor { deadline: deadline(T::Actuation) })
                }
                Pending::OUTPUT => Some(SeccEvent::Output(self.output)),
                Pending::STATUS => Some(SeccEvent::VehicleStatus(self.vehicle.status)),
                Pending::OPEN_CONTACTOR => Some(SeccEvent::OpenContactor),
                Pending::ENDED => self.end.map(SeccEvent::Ended),
                _ => Some(SeccEvent::Close),
            };
            if event.is_some() {
                return event;
            }
        }
    }
}
