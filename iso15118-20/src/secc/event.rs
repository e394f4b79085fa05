//! What the charger's engine tells its host.

#[cfg(feature = "wpt")]
use exi_codec::Amperes;
#[cfg(feature = "acdp")]
use exi_codec::iso20::acdp::EvTechnicalStatus;
use exi_codec::iso20::common_types::{DisplayParameters, PercentValue};
#[cfg(feature = "wpt")]
use exi_codec::iso20::wpt::WptEvResult;
use exi_codec::{Volts, WattHours, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::{CheckIn, CheckOut, SeccTimer as T};
use crate::end::End;
#[cfg(feature = "wpt")]
use crate::power::WptLimits;
#[cfg(feature = "ac")]
use crate::power::{AcLimits, AcOutput};
#[cfg(feature = "dc")]
use crate::power::{DcLimits, Output};
use crate::sequence::Stream;
use crate::service::{MAX_VALUE_ADDED, Selection, ValueAddedSet};

/// What the vehicle says of itself in the charge loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VehicleStatus {
    /// Voltage that the vehicle measures, V; DC only.
    pub voltage: Volts,
    /// Active power that the vehicle measures, W, all phases together: positive into it; not with DC.
    pub power: Option<Watts>,
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
    /// Energy to the upper end of the band in which the vehicle takes part in discharge and recharge, Wh.
    pub max_v2x_energy: Option<WattHours>,
    /// Energy to the lower end of that band, Wh; negative while there is something to give.
    pub min_v2x_energy: Option<WattHours>,
    /// Seconds until departure.
    pub departure_time: Option<u32>,
    /// Everything that the vehicle shows, for display only.
    pub display: DisplayParameters,
}

/// What the vehicle wants, as it says it before schedules are made. All of it is optional where the vehicle plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VehicleNeeds {
    /// Schedule entries that the vehicle can take, 12 to 1024.
    pub max_entries: u16,
    /// Seconds until departure.
    pub departure_time: Option<u32>,
    /// Least state of charge to keep, %.
    pub minimum_soc: Option<PercentValue>,
    /// State of charge to reach, %.
    pub target_soc: Option<PercentValue>,
    /// Energy to the target, Wh.
    pub target_energy: Option<WattHours>,
    /// Energy until full, Wh.
    pub max_energy: Option<WattHours>,
    /// Energy to the minimum, Wh.
    pub min_energy: Option<WattHours>,
    /// Energy to the upper end of the band for discharge and recharge, Wh.
    pub max_v2x_energy: Option<WattHours>,
    /// Energy to the lower end of that band, Wh.
    pub min_v2x_energy: Option<WattHours>,
}

/// Something for the host to do or to know, by urgency.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and
/// a safe one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeccEvent {
    /// At once and whatever else was asked for: no current, contactors open. Raised at every end of a session.
    PowerOff,
    /// There is a session; [`Secc::vehicle_id`](super::Secc::vehicle_id) is known.
    SessionStarted,
    /// The paused session goes on, with the service that was selected then.
    SessionResumed(Selection),
    /// The vehicle waits to be authorized: call [`Secc::authorize`](super::Secc::authorize). After the deadline
    /// the answer is no.
    AuthorizationWanted {
        /// When the answer becomes no.
        deadline: Option<Instant>,
    },
    /// The vehicle shows a contract: check the message that [`Secc::handle_input`](super::Secc::handle_input) just
    /// returned and call [`Secc::contract`](super::Secc::contract). After the deadline the answer is
    /// `WARNING_GeneralPnCAuthorizationError`.
    ContractWanted {
        /// When the answer becomes no.
        deadline: Option<Instant>,
    },
    /// The vehicle wants contract certificates: forward the message that
    /// [`Secc::handle_input`](super::Secc::handle_input) just returned, and call
    /// [`Secc::answer_installation`](super::Secc::answer_installation) or
    /// [`Secc::refuse_installation`](super::Secc::refuse_installation).
    InstallationWanted {
        /// When the answer becomes `WARNING_NoCertificateAvailable`.
        deadline: Option<Instant>,
    },
    /// The vehicle asks for its certificates again: an answer that is ready can go out now.
    InstallationOpen,
    /// The vehicle selected a service.
    ServiceSelected(Selection),
    /// The vehicle selected value-added services with it.
    ValueAddedSelected([Option<ValueAddedSet>; MAX_VALUE_ADDED]),
    /// The vehicle declared its limits.
    #[cfg(feature = "dc")]
    VehicleLimits(DcLimits),
    /// An AC vehicle declared its limits.
    #[cfg(feature = "ac")]
    AcVehicleLimits(AcLimits),
    /// A wireless vehicle declared its limits.
    #[cfg(feature = "wpt")]
    WptVehicleLimits(WptLimits),
    /// The vehicle waits for schedules: call [`Secc::answer_schedule`](super::Secc::answer_schedule), or
    /// [`Secc::defer_schedule`](super::Secc::defer_schedule) to be given more time. After the deadline the engine
    /// answers by itself.
    ScheduleWanted {
        /// On which stream.
        stream: Stream,
        /// What the vehicle wants.
        needs: VehicleNeeds,
        /// When the engine answers.
        deadline: Option<Instant>,
    },
    /// The vehicle asks for schedules again after they were deferred: an answer that is ready can go out now.
    ScheduleOpen(Stream),
    /// Test the isolation of the cable and call [`Secc::isolation`](super::Secc::isolation). After the deadline
    /// the test counts as failed.
    #[cfg(feature = "dc")]
    IsolationTest {
        /// When the test counts as failed.
        deadline: Option<Instant>,
    },
    /// Bring the outlet to this voltage at no more than pre-charge current, and keep
    /// [`Secc::measurement`](super::Secc::measurement) up to date.
    #[cfg(feature = "dc")]
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
    #[cfg(feature = "dc")]
    Output(Output),
    /// What the vehicle's converter is asked to do from now on; where the vehicle plans, the most it may do.
    #[cfg(feature = "ac")]
    AcOutput(AcOutput),
    /// Power to transmit from now on, W.
    #[cfg(feature = "wpt")]
    WptOutput(Watts),
    /// The vehicle reported in the charge loop.
    VehicleStatus(VehicleStatus),
    /// The vehicle pauses in the loop: no power, contactors stay closed.
    Standby,
    /// Power is over and the current is low: open the contactors.
    OpenContactor,
    /// Find the vehicle, or say where it is: [`Secc::positioning`](super::Secc::positioning).
    #[cfg(feature = "wpt")]
    FinePositioning {
        /// What the vehicle makes of it.
        result: WptEvResult,
        /// When the attempt counts as failed.
        deadline: Option<Instant>,
    },
    /// Make sure that it is the right vehicle: [`Secc::pairing`](super::Secc::pairing).
    #[cfg(feature = "wpt")]
    Pairing {
        /// The code that the vehicle saw.
        observed: Option<u32>,
        /// When the attempt counts as failed.
        deadline: Option<Instant>,
    },
    /// Transmit little, and say whether it arrives: [`Secc::alignment`](super::Secc::alignment).
    #[cfg(feature = "wpt")]
    AlignmentCheck {
        /// Current that the vehicle wants in the coil, A.
        current: Option<Amperes>,
        /// When the attempt counts as failed.
        deadline: Option<Instant>,
    },
    /// The vehicle moves under the device: [`Secc::vehicle_position`](super::Secc::vehicle_position).
    #[cfg(feature = "acdp")]
    VehiclePositioning {
        /// `EVMobilityStatus`.
        mobility: bool,
        /// `EVPositioningSupport`: the vehicle helps.
        support: bool,
        /// When the session is given up.
        deadline: Option<Instant>,
    },
    /// Move the device to the vehicle and report it: [`Secc::device`](super::Secc::device).
    #[cfg(feature = "acdp")]
    ConnectDevice {
        /// When the session is given up.
        deadline: Option<Instant>,
    },
    /// Move the device home and report it: [`Secc::device`](super::Secc::device).
    #[cfg(feature = "acdp")]
    DisconnectDevice {
        /// When the session is given up.
        deadline: Option<Instant>,
    },
    /// An automated connection vehicle reported on the side.
    #[cfg(feature = "acdp")]
    TechnicalStatus(EvTechnicalStatus),
    /// The vehicle confirms its meter readings: check the message that
    /// [`Secc::handle_input`](super::Secc::handle_input) just returned and call
    /// [`Secc::metering`](super::Secc::metering). After the deadline the signature counts as wrong.
    MeteringConfirmed {
        /// When the signature counts as wrong.
        deadline: Option<Instant>,
    },
    /// The vehicle agreed to a new schedule.
    ScheduleRenegotiated,
    /// The vehicle checks in.
    CheckIn(CheckIn),
    /// The vehicle checks out: call [`Secc::set_release`](super::Secc::set_release) when it may go.
    CheckOut(CheckOut),
    /// Something was not done in time, and the session goes on without it. Each timer waits once: what runs out again before
    /// this is fetched is told together with it.
    Overdue(T),
    /// The session is over.
    Ended(End),
    /// Close the connection. No event follows.
    Close,
}

/// Events that wait, one bit each in the order of their urgency. What they say is read when they are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending(u32);

macro_rules! pending {
    ($($name:ident),* $(,)?) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, dead_code, reason = "numbers the bits below")]
        enum Place { $($name),* }

        #[allow(dead_code, reason = "events of families that this build leaves out")]
        impl Pending {
            pub(super) const NONE: Self = Self(0);
            $(pub(super) const $name: Self = Self(1 << Place::$name as u32);)*
        }
    };
}

pending! {
    POWER_OFF, STARTED, RESUMED, AUTHORIZATION, CONTRACT, INSTALLATION, INSTALLATION_OPEN, SELECTED, VALUE_ADDED,
    LIMITS, SCHEDULE, SCHEDULE_OPEN, ISOLATION, PRE_CHARGE, CLOSE_CONTACTOR, OUTPUT, STATUS, STANDBY,
    OPEN_CONTACTOR, POSITIONING, CONNECT, DISCONNECT, TECHNICAL, METERING, RENEGOTIATED, CHECK_IN, CHECK_OUT,
    OVERDUE, ENDED, CLOSE,
}

impl Pending {
    pub(super) fn raise(&mut self, event: Self) {
        self.0 |= event.0;
    }

    /// Nothing that energises or moves may follow the order to switch off.
    pub(super) fn power_off(&mut self) {
        let energising = Self::ISOLATION.0
            | Self::PRE_CHARGE.0
            | Self::CLOSE_CONTACTOR.0
            | Self::OUTPUT.0
            | Self::POSITIONING.0
            | Self::CONNECT.0;
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
            let next = self.pending.take()?;
            let event = self.event(next);
            if event.is_some() {
                return event;
            }
        }
    }

    fn event(&mut self, next: Pending) -> Option<SeccEvent> {
        let deadline = |timer| self.deadline(timer);
        Some(match next {
            Pending::POWER_OFF => SeccEvent::PowerOff,
            Pending::STARTED => SeccEvent::SessionStarted,
            Pending::RESUMED => return self.selection.map(SeccEvent::SessionResumed),
            Pending::AUTHORIZATION => SeccEvent::AuthorizationWanted { deadline: deadline(T::Authorization) },
            Pending::CONTRACT => SeccEvent::ContractWanted { deadline: deadline(T::Contract) },
            Pending::INSTALLATION => SeccEvent::InstallationWanted { deadline: deadline(T::Installation) },
            Pending::INSTALLATION_OPEN => SeccEvent::InstallationOpen,
            Pending::SELECTED => return self.selection.map(SeccEvent::ServiceSelected),
            Pending::VALUE_ADDED => SeccEvent::ValueAddedSelected(self.value_added),
            Pending::SCHEDULE => SeccEvent::ScheduleWanted {
                stream: self.plan.asked_on,
                needs: self.vehicle.needs,
                deadline: deadline(self.plan.respond_timer()),
            },
            Pending::SCHEDULE_OPEN => SeccEvent::ScheduleOpen(self.plan.asked_on),
            #[cfg(feature = "dc")]
            Pending::ISOLATION => SeccEvent::IsolationTest { deadline: deadline(T::Isolation) },
            #[cfg(feature = "dc")]
            Pending::PRE_CHARGE => {
                let deadline = deadline(T::PreCharge);
                return self.dc.pre_charge.map(|voltage| SeccEvent::PreCharge { voltage, deadline });
            }
            Pending::CLOSE_CONTACTOR => SeccEvent::CloseContactor { deadline: deadline(T::Actuation) },
            Pending::LIMITS => return self.limits_event(),
            Pending::OUTPUT => return self.output_event(),
            Pending::STATUS => SeccEvent::VehicleStatus(self.vehicle.status),
            Pending::STANDBY => SeccEvent::Standby,
            Pending::OPEN_CONTACTOR => SeccEvent::OpenContactor,
            #[cfg(any(feature = "wpt", feature = "acdp"))]
            Pending::POSITIONING => return self.positioning_event(),
            #[cfg(feature = "acdp")]
            Pending::CONNECT => SeccEvent::ConnectDevice { deadline: deadline(T::Positioning) },
            #[cfg(feature = "acdp")]
            Pending::DISCONNECT => SeccEvent::DisconnectDevice { deadline: deadline(T::Positioning) },
            #[cfg(feature = "acdp")]
            Pending::TECHNICAL => return self.acdp.technical.map(SeccEvent::TechnicalStatus),
            Pending::METERING => SeccEvent::MeteringConfirmed { deadline: deadline(T::Metering) },
            Pending::RENEGOTIATED => SeccEvent::ScheduleRenegotiated,
            Pending::CHECK_IN => return self.side.check_in.map(SeccEvent::CheckIn),
            Pending::CHECK_OUT => return self.side.check_out.map(SeccEvent::CheckOut),
            Pending::OVERDUE => return self.overdue_event(),
            Pending::ENDED => return self.end.map(SeccEvent::Ended),
            Pending::CLOSE => SeccEvent::Close,
            _ => return None,
        })
    }

    /// One of the timers that ran out, in the order of their table.
    fn overdue_event(&mut self) -> Option<SeccEvent> {
        let first = self.overdue.trailing_zeros();
        self.overdue &= self.overdue.wrapping_sub(1);
        if self.overdue != 0 {
            self.pending.raise(Pending::OVERDUE);
        }
        T::ALL.get(first as usize).map(|timer| SeccEvent::Overdue(*timer))
    }

    fn limits_event(&self) -> Option<SeccEvent> {
        use crate::service::Family;
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => Some(SeccEvent::AcVehicleLimits(self.ac.declared)),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => Some(SeccEvent::VehicleLimits(self.dc.declared)),
            #[cfg(feature = "wpt")]
            Family::Wpt => Some(SeccEvent::WptVehicleLimits(self.wpt.declared)),
            #[allow(unreachable_patterns, reason = "families that this build leaves out")]
            _ => None,
        }
    }

    fn output_event(&self) -> Option<SeccEvent> {
        use crate::service::Family;
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => Some(SeccEvent::AcOutput(self.ac.output)),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => Some(SeccEvent::Output(self.dc.output)),
            #[cfg(feature = "wpt")]
            Family::Wpt => Some(SeccEvent::WptOutput(self.wpt.output)),
            #[allow(unreachable_patterns, reason = "families that this build leaves out")]
            _ => None,
        }
    }

    #[cfg(any(feature = "wpt", feature = "acdp"))]
    fn positioning_event(&self) -> Option<SeccEvent> {
        use crate::sequence::Stage;
        let deadline = self.deadline(T::Positioning);
        match self.sequence.stage() {
            #[cfg(feature = "acdp")]
            Stage::VehiclePositioning => {
                let [mobility, support] = self.acdp.vehicle;
                Some(SeccEvent::VehiclePositioning { mobility, support, deadline })
            }
            #[cfg(feature = "wpt")]
            Stage::FinePositioning | Stage::Repositioning => {
                Some(SeccEvent::FinePositioning { result: self.wpt.result, deadline })
            }
            #[cfg(feature = "wpt")]
            Stage::Pairing => Some(SeccEvent::Pairing { observed: self.wpt.observed, deadline }),
            #[cfg(feature = "wpt")]
            Stage::AlignmentCheck => {
                Some(SeccEvent::AlignmentCheck { current: self.wpt.coil_current, deadline })
            }
            _ => None,
        }
    }
}
