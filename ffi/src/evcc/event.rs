//! What the vehicle's engine tells its host.

use iso15118_20::Instant;
use iso15118_20::evcc::{EvccEvent, Notification, StationNeeds, StationStatus};

use crate::border::versioned;
use crate::kinds::stream;
use crate::number::{v2g_maybe_u32, v2g_maybe_u64, v2g_number};
use crate::power::{v2g_ac_limits, v2g_ac_output, v2g_dc_limits};
use crate::secc::notification;
use crate::session::{milliseconds, response_code, v2g_end, v2g_selection};

/// Event: at once and whatever else was asked for, draw and feed nothing, open the contactors. Raised at every end of a session.
pub const V2G_EVCC_POWER_OFF: u32 = 1;
/// Event: there is a session; `v2g_evcc_station_id` is known.
pub const V2G_EVCC_SESSION_STARTED: u32 = 2;
/// Event: the paused session goes on, with the service that was selected in it.
pub const V2G_EVCC_SESSION_RESUMED: u32 = 3;
/// Event: the charger waits for the customer to authorize.
pub const V2G_EVCC_CUSTOMER_AWAITED: u32 = 4;
/// Event: sign the request for authorization: `v2g_evcc_to_be_signed`, then `v2g_evcc_respond_signature`. After the deadline the
/// vehicle tries another way.
pub const V2G_EVCC_SIGN_AUTHORIZATION: u32 = 5;
/// Event: sign the request for a contract, in the same way. After the deadline the vehicle goes on without.
pub const V2G_EVCC_SIGN_INSTALLATION: u32 = 6;
/// Event: sign the meter readings, in the same way. After the deadline they are not confirmed.
pub const V2G_EVCC_SIGN_METERING: u32 = 7;
/// Event: the charger did not accept an authorization, or had no contract, `response_code`. The engine goes another way by itself.
pub const V2G_EVCC_AUTHORIZATION_REFUSED: u32 = 8;
/// Event: the contract that was accepted expires soon.
pub const V2G_EVCC_CONTRACT_EXPIRES_SOON: u32 = 9;
/// Event: a contract has come: it is in the message that `v2g_evcc_handle_input` returned. Check and store it, then call
/// `v2g_evcc_respond_installed`. After the deadline it counts as refused. `remaining` is how many the charger still has.
pub const V2G_EVCC_INSTALLATION_RECEIVED: u32 = 10;
/// Event: a service was selected, `selection`.
pub const V2G_EVCC_SERVICE_SELECTED: u32 = 11;
/// Event: the charger declared its limits, `dc_limits`.
pub const V2G_EVCC_STATION_LIMITS: u32 = 12;
/// Event: the AC charger declared its limits, `ac_station`.
pub const V2G_EVCC_AC_STATION_LIMITS: u32 = 13;
/// Event: the schedules are known.
pub const V2G_EVCC_SCHEDULED: u32 = 14;
/// Event: the charger settled the mobility needs itself, as was agreed on, `needs`.
pub const V2G_EVCC_NEEDS_CHANGED: u32 = 15;
/// Event: the charger tests the isolation: there may be voltage at the inlet. Keep the plug locked.
pub const V2G_EVCC_CABLE_CHECK: u32 = 16;
/// Event: the charger adjusts its voltage. Keep `v2g_evcc_report_measurement` up to date.
pub const V2G_EVCC_PRE_CHARGE: u32 = 17;
/// Event: the voltages match: close the contactors and call `v2g_evcc_report_contactor`. After the deadline the vehicle ends the
/// session.
pub const V2G_EVCC_CLOSE_CONTACTOR: u32 = 18;
/// Event, AC: power was asked for. State C (or D) of the control pilot is due within 250 ms; the charger closes its contactors.
pub const V2G_EVCC_REQUEST_POWER: u32 = 19;
/// Event: what the AC converter is to do from now on, `ac_output`.
pub const V2G_EVCC_AC_OUTPUT: u32 = 20;
/// Event: a round of the loop has brought `status`.
pub const V2G_EVCC_STATION_STATUS: u32 = 21;
/// Event: the charger wants something new, `notification`. The engine follows by itself.
pub const V2G_EVCC_NOTIFIED: u32 = 22;
/// Event: the vehicle is in standby.
pub const V2G_EVCC_STANDBY_BEGUN: u32 = 23;
/// Event: the charger does not let the vehicle stand by.
pub const V2G_EVCC_STANDBY_REFUSED: u32 = 24;
/// Event: bring the vehicle over the coil; wireless.
pub const V2G_EVCC_POSITION: u32 = 25;
/// Event: make sure whose coil it is; wireless.
pub const V2G_EVCC_PAIR: u32 = 26;
/// Event: check that the coils face each other; wireless.
pub const V2G_EVCC_ALIGN: u32 = 27;
/// Event: the wireless charger declared its limits.
pub const V2G_EVCC_WPT_STATION_LIMITS: u32 = 28;
/// Event: a round of the wireless loop.
pub const V2G_EVCC_WPT_STATUS: u32 = 29;
/// Event: where the vehicle stands under the connection device.
pub const V2G_EVCC_ACDP_POSITION: u32 = 30;
/// Event: the connection device moves: do not move.
pub const V2G_EVCC_DEVICE_MOVES: u32 = 31;
/// Event: state of the connection device.
pub const V2G_EVCC_ACDP_STATUS: u32 = 32;
/// Event: where the parking vehicle is to go, `guide`.
pub const V2G_EVCC_PARKING_GUIDE: u32 = 33;
/// Event: check-in or check-out is complete.
pub const V2G_EVCC_PARKED: u32 = 34;
/// Event: the meter readings are confirmed.
pub const V2G_EVCC_METERING_CONFIRMED: u32 = 35;
/// Event: what was asked for on a side stream was refused, or came to nothing, `stream`. The session goes on.
pub const V2G_EVCC_SIDE_FAILED: u32 = 36;
/// Event: power is over: open the contactors (over AC: state B of the control pilot) and call `v2g_evcc_report_contactor`. After
/// the deadline, if there is one, they count as faulty.
pub const V2G_EVCC_OPEN_CONTACTOR: u32 = 37;
/// Event: the session is over, `end`.
pub const V2G_EVCC_ENDED: u32 = 38;
/// Event: close the connection. No event follows.
pub const V2G_EVCC_CLOSE: u32 = 39;
/// Event: one that is newer than this list.
pub const V2G_EVCC_OTHER: u32 = 0xFFFF;

/// What an AC charger declares.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_ac_station {
    /// Its limits.
    pub limits: v2g_ac_limits,
    /// Nominal frequency, Hz.
    pub nominal_frequency: v2g_number,
    /// Largest difference of two phases, W.
    pub max_asymmetry: v2g_number,
    /// Ramp of power, %/s of the maximum.
    pub power_ramp: v2g_number,
}

/// What the charger wants the vehicle to do.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_notification {
    /// `V2G_NOTIFY_*`; 0: nothing.
    pub kind: u32,
    /// Seconds left to do it.
    pub max_delay: u32,
}

/// What the charger says of itself in the charge loop.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_station_status {
    /// Voltage at the outlet, V; DC only.
    pub voltage: v2g_number,
    /// Current, A: positive into the vehicle, negative out of it; DC only.
    pub current: v2g_number,
    /// The limits of this moment, never beyond those declared; DC only.
    pub limits: v2g_dc_limits,
    /// What the charger wants the vehicle to do.
    pub notification: v2g_notification,
    /// Seconds that the vehicle has to follow a change of what the charger wants (Dynamic).
    pub ack_max_delay: v2g_maybe_u32,
    /// Energy into the vehicle by the charger's meter, Wh.
    pub charged: v2g_maybe_u64,
    /// Energy out of the vehicle by the charger's meter, Wh.
    pub discharged: v2g_maybe_u64,
}

/// Mobility needs that the charger settled.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_station_needs {
    /// Seconds until departure.
    pub departure_time: v2g_maybe_u32,
    /// Least state of charge at departure, %.
    pub minimum_soc: v2g_number,
    /// State of charge at departure, %.
    pub target_soc: v2g_number,
}

/// Where a parking vehicle is to go; whole numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_parking_guide {
    /// `ParkingSpace`.
    pub space: v2g_number,
    /// `DeviceLocation`.
    pub device: v2g_number,
    /// `TargetDistance`.
    pub distance: v2g_number,
}

/// What an event says besides its kind; which member, stands with the kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub union v2g_evcc_event_data {
    /// `V2G_EVCC_AUTHORIZATION_REFUSED`: `V2G_EXI_COMMON_TYPES_RESPONSE_CODE_*` of v2g_exi.h.
    pub response_code: u32,
    /// `V2G_EVCC_INSTALLATION_RECEIVED`.
    pub remaining: u32,
    /// `V2G_EVCC_SERVICE_SELECTED`.
    pub selection: v2g_selection,
    /// `V2G_EVCC_STATION_LIMITS`.
    pub dc_limits: v2g_dc_limits,
    /// `V2G_EVCC_AC_STATION_LIMITS`.
    pub ac_station: v2g_ac_station,
    /// `V2G_EVCC_NEEDS_CHANGED`.
    pub needs: v2g_station_needs,
    /// `V2G_EVCC_AC_OUTPUT`.
    pub ac_output: v2g_ac_output,
    /// `V2G_EVCC_STATION_STATUS`.
    pub status: v2g_station_status,
    /// `V2G_EVCC_NOTIFIED`.
    pub notification: v2g_notification,
    /// `V2G_EVCC_PARKING_GUIDE`.
    pub guide: v2g_parking_guide,
    /// `V2G_EVCC_SIDE_FAILED`: `V2G_STREAM_*`.
    pub stream: u32,
    /// `V2G_EVCC_ENDED`.
    pub end: v2g_end,
}

/// Something for the host to do or to know.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and a safe one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_evcc_event {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_EVCC_*`, the constants that begin with "Event".
    pub kind: u32,
    /// When the answer is made without the host, or `V2G_NEVER`.
    pub deadline_ms: u64,
    /// The rest.
    pub data: v2g_evcc_event_data,
}

versioned! { v2g_evcc_event 16; }

impl From<Notification> for v2g_notification {
    fn from(wanted: Notification) -> Self {
        Self { kind: notification(wanted.kind), max_delay: u32::from(wanted.max_delay) }
    }
}

impl From<StationStatus> for v2g_station_status {
    fn from(status: StationStatus) -> Self {
        Self {
            voltage: status.voltage.into(),
            current: status.current.into(),
            limits: status.limits.into(),
            notification: status.notification.map_or(v2g_notification { kind: 0, max_delay: 0 }, Into::into),
            ack_max_delay: status.ack_max_delay.map(u32::from).into(),
            charged: status.charged.into(),
            discharged: status.discharged.into(),
        }
    }
}

impl From<StationNeeds> for v2g_station_needs {
    fn from(needs: StationNeeds) -> Self {
        Self {
            departure_time: needs.departure_time.into(),
            minimum_soc: v2g_number::of_percent(needs.minimum_soc),
            target_soc: v2g_number::of_percent(needs.target_soc),
        }
    }
}

impl From<EvccEvent> for v2g_evcc_event {
    fn from(event: EvccEvent) -> Self {
        use v2g_evcc_event_data as D;
        const NOTHING: D = D { remaining: 0 };
        let plain = |kind| (kind, None, NOTHING);
        let due = |kind, deadline: Option<Instant>| (kind, deadline, NOTHING);
        let (kind, deadline, data) = match event {
            EvccEvent::PowerOff => plain(V2G_EVCC_POWER_OFF),
            EvccEvent::SessionStarted => plain(V2G_EVCC_SESSION_STARTED),
            EvccEvent::SessionResumed => plain(V2G_EVCC_SESSION_RESUMED),
            EvccEvent::CustomerAwaited => plain(V2G_EVCC_CUSTOMER_AWAITED),
            EvccEvent::SignAuthorization { deadline } => due(V2G_EVCC_SIGN_AUTHORIZATION, deadline),
            EvccEvent::SignInstallation { deadline } => due(V2G_EVCC_SIGN_INSTALLATION, deadline),
            EvccEvent::SignMetering { deadline } => due(V2G_EVCC_SIGN_METERING, deadline),
            EvccEvent::AuthorizationRefused(code) => {
                let response_code = u32::from(response_code(code));
                (V2G_EVCC_AUTHORIZATION_REFUSED, None, D { response_code })
            }
            EvccEvent::ContractExpiresSoon => plain(V2G_EVCC_CONTRACT_EXPIRES_SOON),
            EvccEvent::InstallationReceived { remaining, deadline } => {
                (V2G_EVCC_INSTALLATION_RECEIVED, deadline, D { remaining: u32::from(remaining) })
            }
            EvccEvent::ServiceSelected(selection) => {
                (V2G_EVCC_SERVICE_SELECTED, None, D { selection: selection.into() })
            }
            EvccEvent::StationLimits(limits) => {
                (V2G_EVCC_STATION_LIMITS, None, D { dc_limits: limits.into() })
            }
            #[cfg(feature = "ac")]
            EvccEvent::AcStationLimits(station) => {
                let number = |number: Option<exi_codec::RationalNumber>| {
                    number.map_or(v2g_number::NONE, v2g_number::of)
                };
                let ac_station = v2g_ac_station {
                    limits: station.limits.into(),
                    nominal_frequency: station.nominal_frequency.into(),
                    max_asymmetry: number(station.max_asymmetry),
                    power_ramp: number(station.power_ramp),
                };
                (V2G_EVCC_AC_STATION_LIMITS, None, D { ac_station })
            }
            EvccEvent::Scheduled => plain(V2G_EVCC_SCHEDULED),
            EvccEvent::NeedsChanged(needs) => (V2G_EVCC_NEEDS_CHANGED, None, D { needs: needs.into() }),
            EvccEvent::CableCheck => plain(V2G_EVCC_CABLE_CHECK),
            EvccEvent::PreCharge => plain(V2G_EVCC_PRE_CHARGE),
            EvccEvent::CloseContactor { deadline } => due(V2G_EVCC_CLOSE_CONTACTOR, deadline),
            EvccEvent::RequestPower => plain(V2G_EVCC_REQUEST_POWER),
            #[cfg(feature = "ac")]
            EvccEvent::AcOutput(output) => (V2G_EVCC_AC_OUTPUT, None, D { ac_output: output.into() }),
            EvccEvent::StationStatus(status) => (V2G_EVCC_STATION_STATUS, None, D { status: status.into() }),
            EvccEvent::Notified(wanted) => (V2G_EVCC_NOTIFIED, None, D { notification: wanted.into() }),
            EvccEvent::Standby => plain(V2G_EVCC_STANDBY_BEGUN),
            EvccEvent::StandbyRefused => plain(V2G_EVCC_STANDBY_REFUSED),
            EvccEvent::ParkingGuide(guide) => {
                let guide = v2g_parking_guide {
                    space: v2g_number::of_i16(guide.space),
                    device: v2g_number::of_i16(guide.device),
                    distance: v2g_number::of_i16(guide.distance),
                };
                (V2G_EVCC_PARKING_GUIDE, None, D { guide })
            }
            EvccEvent::Parked => plain(V2G_EVCC_PARKED),
            EvccEvent::MeteringConfirmed => plain(V2G_EVCC_METERING_CONFIRMED),
            EvccEvent::SideFailed(on) => (V2G_EVCC_SIDE_FAILED, None, D { stream: u32::from(stream(on)) }),
            EvccEvent::OpenContactor { deadline } => due(V2G_EVCC_OPEN_CONTACTOR, deadline),
            EvccEvent::Ended(end) => (V2G_EVCC_ENDED, None, D { end: end.into() }),
            EvccEvent::Close => plain(V2G_EVCC_CLOSE),
            #[allow(unreachable_patterns, reason = "events of families that are left out")]
            other => beside(&other),
        };
        Self { size: 0, kind, deadline_ms: milliseconds(deadline), data }
    }
}

/// Events of wireless vehicles and connection devices.
fn beside(event: &EvccEvent) -> (u32, Option<Instant>, v2g_evcc_event_data) {
    const NOTHING: v2g_evcc_event_data = v2g_evcc_event_data { remaining: 0 };
    match *event {
        #[cfg(feature = "wpt")]
        EvccEvent::Position { deadline, .. } => (V2G_EVCC_POSITION, deadline, NOTHING),
        #[cfg(feature = "wpt")]
        EvccEvent::Pair { deadline, .. } => (V2G_EVCC_PAIR, deadline, NOTHING),
        #[cfg(feature = "wpt")]
        EvccEvent::Align { deadline, .. } => (V2G_EVCC_ALIGN, deadline, NOTHING),
        #[cfg(feature = "wpt")]
        EvccEvent::WptStationLimits(_) => (V2G_EVCC_WPT_STATION_LIMITS, None, NOTHING),
        #[cfg(feature = "wpt")]
        EvccEvent::WptStatus(_) => (V2G_EVCC_WPT_STATUS, None, NOTHING),
        #[cfg(feature = "acdp")]
        EvccEvent::AcdpPosition(_) => (V2G_EVCC_ACDP_POSITION, None, NOTHING),
        #[cfg(feature = "acdp")]
        EvccEvent::DeviceMoves => (V2G_EVCC_DEVICE_MOVES, None, NOTHING),
        #[cfg(feature = "acdp")]
        EvccEvent::AcdpStatus(_) => (V2G_EVCC_ACDP_STATUS, None, NOTHING),
        _ => (V2G_EVCC_OTHER, None, NOTHING),
    }
}
