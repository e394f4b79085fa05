//! What the charger's engine tells its host.

use exi_codec::iso20::common_types::DisplayParameters;
use iso15118_20::Instant;
use iso15118_20::secc::{CheckIn, CheckOut, SeccEvent, VehicleNeeds, VehicleStatus};

use crate::border::versioned;
use crate::kinds::{secc_timer, stream};
use crate::number::{v2g_maybe_u32, v2g_number};
use crate::power::{v2g_ac_limits, v2g_ac_output, v2g_dc_limits, v2g_output};
use crate::session::{V2G_NEVER, milliseconds, v2g_end, v2g_selection};

/// Event: at once and whatever else was asked for, no current, contactors open. Raised at every end of a session.
pub const V2G_SECC_POWER_OFF: u32 = 1;
/// Event: there is a session; `v2g_secc_vehicle_id` is known.
pub const V2G_SECC_SESSION_STARTED: u32 = 2;
/// Event: the paused session goes on; `selection` is what was selected then.
pub const V2G_SECC_SESSION_RESUMED: u32 = 3;
/// Event: call `v2g_secc_respond_authorization`. After the deadline the answer is no.
pub const V2G_SECC_AUTHORIZATION_WANTED: u32 = 4;
/// Event: the vehicle shows a contract. Check the message that `v2g_secc_handle_input` just returned and call
/// `v2g_secc_respond_contract`. After the deadline the answer is no.
pub const V2G_SECC_CONTRACT_WANTED: u32 = 5;
/// Event: the vehicle wants contract certificates. Forward the message that `v2g_secc_handle_input` just returned, and call
/// `v2g_secc_respond_installation` or `v2g_secc_refuse_installation`. After the deadline there are none.
pub const V2G_SECC_INSTALLATION_WANTED: u32 = 6;
/// Event: the vehicle asks for its certificates again; an answer that is ready can go out now.
pub const V2G_SECC_INSTALLATION_OPEN: u32 = 7;
/// Event: the vehicle selected a service, `selection`.
pub const V2G_SECC_SERVICE_SELECTED: u32 = 8;
/// Event: the vehicle selected value-added services with it.
pub const V2G_SECC_VALUE_ADDED_SELECTED: u32 = 9;
/// Event: the vehicle declared its limits, `dc_limits`.
pub const V2G_SECC_VEHICLE_LIMITS: u32 = 10;
/// Event: an AC vehicle declared its limits, `ac_limits`.
pub const V2G_SECC_AC_VEHICLE_LIMITS: u32 = 11;
/// Event: a wireless vehicle declared its limits.
pub const V2G_SECC_WPT_VEHICLE_LIMITS: u32 = 12;
/// Event: the vehicle waits for schedules, `needs`. Call `v2g_secc_respond_schedule`, or `v2g_secc_defer_schedule` to be given
/// more time. After the deadline the engine answers by itself.
pub const V2G_SECC_SCHEDULE_WANTED: u32 = 13;
/// Event: the vehicle asks for schedules again after they were deferred, `stream`.
pub const V2G_SECC_SCHEDULE_OPEN: u32 = 14;
/// Event: test the isolation of the cable and call `v2g_secc_respond_isolation`. After the deadline the test counts as failed.
pub const V2G_SECC_ISOLATION_TEST: u32 = 15;
/// Event: bring the outlet to `voltage` at no more than pre-charge current, and keep `v2g_secc_report_measurement` up to date.
/// After the deadline the session is given up.
pub const V2G_SECC_PRE_CHARGE: u32 = 16;
/// Event: close the contactors and call `v2g_secc_report_contactor`. After the deadline power delivery is refused.
pub const V2G_SECC_CLOSE_CONTACTOR: u32 = 17;
/// Event: what the DC converter is to do from now on, `output`.
pub const V2G_SECC_OUTPUT: u32 = 18;
/// Event: what the vehicle's converter is asked to do from now on, `ac_output`; where the vehicle plans, the most it may do.
pub const V2G_SECC_AC_OUTPUT: u32 = 19;
/// Event: power to transmit from now on, `power`; wireless.
pub const V2G_SECC_WPT_OUTPUT: u32 = 20;
/// Event: the vehicle reported in the charge loop, `status`.
pub const V2G_SECC_VEHICLE_STATUS: u32 = 21;
/// Event: the vehicle pauses in the loop: no power, contactors stay closed.
pub const V2G_SECC_STANDBY_BEGUN: u32 = 22;
/// Event: power is over and the current is low: open the contactors.
pub const V2G_SECC_OPEN_CONTACTOR: u32 = 23;
/// Event: find the vehicle, or say where it is; wireless.
pub const V2G_SECC_FINE_POSITIONING: u32 = 24;
/// Event: make sure that it is the right vehicle, `code` is what it saw; wireless.
pub const V2G_SECC_PAIRING: u32 = 25;
/// Event: transmit little, and say whether it arrives, `current` is what the vehicle wants in the coil; wireless.
pub const V2G_SECC_ALIGNMENT_CHECK: u32 = 26;
/// Event: the vehicle moves under the connection device.
pub const V2G_SECC_VEHICLE_POSITIONING: u32 = 27;
/// Event: move the connection device to the vehicle and report it.
pub const V2G_SECC_CONNECT_DEVICE: u32 = 28;
/// Event: move the connection device home and report it.
pub const V2G_SECC_DISCONNECT_DEVICE: u32 = 29;
/// Event: a vehicle at a connection device reported on the side.
pub const V2G_SECC_TECHNICAL_STATUS: u32 = 30;
/// Event: the vehicle confirms its meter readings. Check the message that `v2g_secc_handle_input` just returned and call
/// `v2g_secc_respond_metering`. After the deadline the signature counts as wrong.
pub const V2G_SECC_METERING_CONFIRMED: u32 = 31;
/// Event: the vehicle agreed to a new schedule.
pub const V2G_SECC_SCHEDULE_RENEGOTIATED: u32 = 32;
/// Event: the vehicle checks in, `check_in`.
pub const V2G_SECC_CHECK_IN: u32 = 33;
/// Event: the vehicle checks out, `check_out`: call `v2g_secc_set_release` when it may go.
pub const V2G_SECC_CHECK_OUT: u32 = 34;
/// Event: something was not done in time, and the session goes on without it; `timer`, a `V2G_SECC_TIMER_*`.
pub const V2G_SECC_OVERDUE: u32 = 35;
/// Event: the session is over, `end`.
pub const V2G_SECC_ENDED: u32 = 36;
/// Event: close the connection. No event follows.
pub const V2G_SECC_CLOSE: u32 = 37;
/// Event: one that is newer than this list.
pub const V2G_SECC_OTHER: u32 = 0xFFFF;

/// What the vehicle shows, for display only.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_display {
    /// State of charge, %.
    pub present_soc: v2g_number,
    /// Least state of charge to keep, %.
    pub minimum_soc: v2g_number,
    /// State of charge to reach, %.
    pub target_soc: v2g_number,
    /// Most state of charge that the battery takes, %.
    pub maximum_soc: v2g_number,
    /// Seconds until the minimum.
    pub time_to_minimum: v2g_maybe_u32,
    /// Seconds until the target.
    pub time_to_target: v2g_maybe_u32,
    /// Seconds until the maximum.
    pub time_to_maximum: v2g_maybe_u32,
    /// Capacity of the battery, Wh.
    pub capacity: v2g_number,
    /// 0: not said. 1: no. 2: the battery has what it wants.
    pub charging_complete: u16,
    /// 0: not said. 1: no. 2: the inlet is too hot for full power.
    pub inlet_hot: u16,
}

/// What the vehicle says of itself in the charge loop.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_vehicle_status {
    /// Voltage that the vehicle measures, V; DC only.
    pub voltage: v2g_number,
    /// Active power that the vehicle measures, W: positive into it; not with DC.
    pub power: v2g_number,
    /// Energy to the target state of charge, Wh.
    pub target_energy: v2g_number,
    /// Energy until full, Wh.
    pub max_energy: v2g_number,
    /// Energy to the minimum, Wh; negative: energy that the vehicle may give away.
    pub min_energy: v2g_number,
    /// Energy to the upper end of the band for discharge and recharge, Wh.
    pub max_v2x_energy: v2g_number,
    /// Energy to the lower end of that band, Wh.
    pub min_v2x_energy: v2g_number,
    /// Seconds until departure.
    pub departure_time: v2g_maybe_u32,
    /// For display only.
    pub display: v2g_display,
}

/// What the vehicle wants, as it says it before schedules are made.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_vehicle_needs {
    /// Schedule entries that the vehicle can take, 12 to 1024.
    pub max_entries: u16,
    /// `V2G_STREAM_*` that it asks on.
    pub stream: u16,
    /// Seconds until departure.
    pub departure_time: v2g_maybe_u32,
    /// Least state of charge to keep, %.
    pub minimum_soc: v2g_number,
    /// State of charge to reach, %.
    pub target_soc: v2g_number,
    /// Energy to the target, Wh.
    pub target_energy: v2g_number,
    /// Energy until full, Wh.
    pub max_energy: v2g_number,
    /// Energy to the minimum, Wh.
    pub min_energy: v2g_number,
    /// Energy to the upper end of the band for discharge and recharge, Wh.
    pub max_v2x_energy: v2g_number,
    /// Energy to the lower end of that band, Wh.
    pub min_v2x_energy: v2g_number,
}

/// A vehicle checks in. Numbers are whole.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_check_in {
    /// How far it is: 1 it begins, 2 it is under way, 3 complete.
    pub status: u16,
    /// Who parks: 1 the vehicle, 2 a driver who is guided, 3 a driver.
    pub method: u16,
    /// `VehicleFrame`.
    pub frame: v2g_number,
    /// `DeviceOffset`.
    pub offset: v2g_number,
    /// `VehicleTravel`.
    pub travel: v2g_number,
}

/// A vehicle checks out.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_check_out {
    /// When it wants to leave, Unix time in seconds.
    pub time: u64,
    /// How far it is: 1 it begins, 2 it is under way, 3 complete.
    pub status: u32,
    /// Zero.
    pub reserved: u32,
}

/// What an event says besides its kind; which member, stands with the kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub union v2g_secc_event_data {
    /// `V2G_SECC_SERVICE_SELECTED`, `V2G_SECC_SESSION_RESUMED`.
    pub selection: v2g_selection,
    /// `V2G_SECC_VEHICLE_LIMITS`.
    pub dc_limits: v2g_dc_limits,
    /// `V2G_SECC_AC_VEHICLE_LIMITS`.
    pub ac_limits: v2g_ac_limits,
    /// `V2G_SECC_SCHEDULE_WANTED`.
    pub needs: v2g_vehicle_needs,
    /// `V2G_SECC_SCHEDULE_OPEN`.
    pub stream: u32,
    /// `V2G_SECC_PRE_CHARGE`, V.
    pub voltage: v2g_number,
    /// `V2G_SECC_OUTPUT`.
    pub output: v2g_output,
    /// `V2G_SECC_AC_OUTPUT`.
    pub ac_output: v2g_ac_output,
    /// `V2G_SECC_WPT_OUTPUT`, W.
    pub power: v2g_number,
    /// `V2G_SECC_ALIGNMENT_CHECK`, A.
    pub current: v2g_number,
    /// `V2G_SECC_PAIRING`.
    pub code: v2g_maybe_u32,
    /// `V2G_SECC_VEHICLE_STATUS`.
    pub status: v2g_vehicle_status,
    /// `V2G_SECC_CHECK_IN`.
    pub check_in: v2g_check_in,
    /// `V2G_SECC_CHECK_OUT`.
    pub check_out: v2g_check_out,
    /// `V2G_SECC_OVERDUE`.
    pub timer: u32,
    /// `V2G_SECC_ENDED`.
    pub end: v2g_end,
}

/// Something for the host to do or to know.
///
/// A host that ignores events does not hang the session: where one has a deadline, its passing is an answer, and a safe one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_secc_event {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_SECC_*`, the constants that begin with "Event:".
    pub kind: u32,
    /// When the answer is made without the host, or `V2G_NEVER`.
    pub deadline_ms: u64,
    /// The rest.
    pub data: v2g_secc_event_data,
}

versioned! { v2g_secc_event 16; }

/// No, yes, or not said.
pub(crate) const fn answer(flag: Option<bool>) -> u16 {
    match flag {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

impl From<DisplayParameters> for v2g_display {
    fn from(display: DisplayParameters) -> Self {
        Self {
            present_soc: v2g_number::of_percent(display.present_soc),
            minimum_soc: v2g_number::of_percent(display.minimum_soc),
            target_soc: v2g_number::of_percent(display.target_soc),
            maximum_soc: v2g_number::of_percent(display.maximum_soc),
            time_to_minimum: display.remaining_time_to_minimum_soc.into(),
            time_to_target: display.remaining_time_to_target_soc.into(),
            time_to_maximum: display.remaining_time_to_maximum_soc.into(),
            capacity: display.battery_energy_capacity.into(),
            charging_complete: answer(display.charging_complete),
            inlet_hot: answer(display.inlet_hot),
        }
    }
}

impl From<VehicleStatus> for v2g_vehicle_status {
    fn from(status: VehicleStatus) -> Self {
        Self {
            voltage: status.voltage.into(),
            power: status.power.into(),
            target_energy: status.target_energy.into(),
            max_energy: status.max_energy.into(),
            min_energy: status.min_energy.into(),
            max_v2x_energy: status.max_v2x_energy.into(),
            min_v2x_energy: status.min_v2x_energy.into(),
            departure_time: status.departure_time.into(),
            display: status.display.into(),
        }
    }
}

fn needs(needs: VehicleNeeds, stream: u16) -> v2g_vehicle_needs {
    v2g_vehicle_needs {
        max_entries: needs.max_entries,
        stream,
        departure_time: needs.departure_time.into(),
        minimum_soc: v2g_number::of_percent(needs.minimum_soc),
        target_soc: v2g_number::of_percent(needs.target_soc),
        target_energy: needs.target_energy.into(),
        max_energy: needs.max_energy.into(),
        min_energy: needs.min_energy.into(),
        max_v2x_energy: needs.max_v2x_energy.into(),
        min_v2x_energy: needs.min_v2x_energy.into(),
    }
}

impl From<CheckIn> for v2g_check_in {
    fn from(check_in: CheckIn) -> Self {
        Self {
            status: check_in.status as u16 + 1,
            method: check_in.method as u16 + 1,
            frame: v2g_number::of_i16(check_in.frame),
            offset: v2g_number::of_i16(check_in.offset),
            travel: v2g_number::of_i16(check_in.travel),
        }
    }
}

impl From<CheckOut> for v2g_check_out {
    fn from(check_out: CheckOut) -> Self {
        Self { time: check_out.time, status: check_out.status as u32 + 1, reserved: 0 }
    }
}

impl From<SeccEvent> for v2g_secc_event {
    fn from(event: SeccEvent) -> Self {
        use v2g_secc_event_data as D;
        const NOTHING: D = D { timer: 0 };
        let plain = |kind| (kind, None, NOTHING);
        let due = |kind, deadline: Option<Instant>| (kind, deadline, NOTHING);
        let (kind, deadline, data) = match event {
            SeccEvent::PowerOff => plain(V2G_SECC_POWER_OFF),
            SeccEvent::SessionStarted => plain(V2G_SECC_SESSION_STARTED),
            SeccEvent::SessionResumed(selection) => {
                (V2G_SECC_SESSION_RESUMED, None, D { selection: selection.into() })
            }
            SeccEvent::AuthorizationWanted { deadline } => due(V2G_SECC_AUTHORIZATION_WANTED, deadline),
            SeccEvent::ContractWanted { deadline } => due(V2G_SECC_CONTRACT_WANTED, deadline),
            SeccEvent::InstallationWanted { deadline } => due(V2G_SECC_INSTALLATION_WANTED, deadline),
            SeccEvent::InstallationOpen => plain(V2G_SECC_INSTALLATION_OPEN),
            SeccEvent::ServiceSelected(selection) => {
                (V2G_SECC_SERVICE_SELECTED, None, D { selection: selection.into() })
            }
            SeccEvent::ValueAddedSelected(_) => plain(V2G_SECC_VALUE_ADDED_SELECTED),
            #[cfg(feature = "dc")]
            SeccEvent::VehicleLimits(limits) => {
                (V2G_SECC_VEHICLE_LIMITS, None, D { dc_limits: limits.into() })
            }
            #[cfg(feature = "ac")]
            SeccEvent::AcVehicleLimits(limits) => {
                (V2G_SECC_AC_VEHICLE_LIMITS, None, D { ac_limits: limits.into() })
            }
            SeccEvent::ScheduleWanted { stream: on, needs: wanted, deadline } => {
                (V2G_SECC_SCHEDULE_WANTED, deadline, D { needs: needs(wanted, stream(on)) })
            }
            SeccEvent::ScheduleOpen(on) => {
                (V2G_SECC_SCHEDULE_OPEN, None, D { stream: u32::from(stream(on)) })
            }
            #[cfg(feature = "dc")]
            SeccEvent::IsolationTest { deadline } => due(V2G_SECC_ISOLATION_TEST, deadline),
            #[cfg(feature = "dc")]
            SeccEvent::PreCharge { voltage, deadline } => {
                (V2G_SECC_PRE_CHARGE, deadline, D { voltage: voltage.into() })
            }
            SeccEvent::CloseContactor { deadline } => due(V2G_SECC_CLOSE_CONTACTOR, deadline),
            #[cfg(feature = "dc")]
            SeccEvent::Output(output) => (V2G_SECC_OUTPUT, None, D { output: output.into() }),
            #[cfg(feature = "ac")]
            SeccEvent::AcOutput(output) => (V2G_SECC_AC_OUTPUT, None, D { ac_output: output.into() }),
            SeccEvent::VehicleStatus(status) => (V2G_SECC_VEHICLE_STATUS, None, D { status: status.into() }),
            SeccEvent::Standby => plain(V2G_SECC_STANDBY_BEGUN),
            SeccEvent::OpenContactor => plain(V2G_SECC_OPEN_CONTACTOR),
            SeccEvent::MeteringConfirmed { deadline } => due(V2G_SECC_METERING_CONFIRMED, deadline),
            SeccEvent::ScheduleRenegotiated => plain(V2G_SECC_SCHEDULE_RENEGOTIATED),
            SeccEvent::CheckIn(check_in) => (V2G_SECC_CHECK_IN, None, D { check_in: check_in.into() }),
            SeccEvent::CheckOut(check_out) => (V2G_SECC_CHECK_OUT, None, D { check_out: check_out.into() }),
            SeccEvent::Overdue(timer) => (V2G_SECC_OVERDUE, None, D { timer: u32::from(secc_timer(timer)) }),
            SeccEvent::Ended(end) => (V2G_SECC_ENDED, None, D { end: end.into() }),
            SeccEvent::Close => plain(V2G_SECC_CLOSE),
            #[allow(
                unreachable_patterns,
                reason = "events of families that are left out, or that C does not have yet"
            )]
            other => beside(&other),
        };
        Self { size: 0, kind, deadline_ms: deadline.map_or(V2G_NEVER, |at| milliseconds(Some(at))), data }
    }
}

/// Events of wireless chargers and connection devices.
fn beside(event: &SeccEvent) -> (u32, Option<Instant>, v2g_secc_event_data) {
    use v2g_secc_event_data as D;
    const NOTHING: D = D { timer: 0 };
    match *event {
        #[cfg(feature = "wpt")]
        SeccEvent::WptVehicleLimits(_) => (V2G_SECC_WPT_VEHICLE_LIMITS, None, NOTHING),
        #[cfg(feature = "wpt")]
        SeccEvent::WptOutput(power) => (V2G_SECC_WPT_OUTPUT, None, D { power: power.into() }),
        #[cfg(feature = "wpt")]
        SeccEvent::FinePositioning { deadline, .. } => (V2G_SECC_FINE_POSITIONING, deadline, NOTHING),
        #[cfg(feature = "wpt")]
        SeccEvent::Pairing { observed, deadline } => {
            (V2G_SECC_PAIRING, deadline, D { code: observed.into() })
        }
        #[cfg(feature = "wpt")]
        SeccEvent::AlignmentCheck { current, deadline } => {
            (V2G_SECC_ALIGNMENT_CHECK, deadline, D { current: current.into() })
        }
        #[cfg(feature = "acdp")]
        SeccEvent::VehiclePositioning { deadline, .. } => (V2G_SECC_VEHICLE_POSITIONING, deadline, NOTHING),
        #[cfg(feature = "acdp")]
        SeccEvent::ConnectDevice { deadline } => (V2G_SECC_CONNECT_DEVICE, deadline, NOTHING),
        #[cfg(feature = "acdp")]
        SeccEvent::DisconnectDevice { deadline } => (V2G_SECC_DISCONNECT_DEVICE, deadline, NOTHING),
        #[cfg(feature = "acdp")]
        SeccEvent::TechnicalStatus(_) => (V2G_SECC_TECHNICAL_STATUS, None, NOTHING),
        _ => (V2G_SECC_OTHER, None, NOTHING),
    }
}
