//! The hardware of a charger: converter, contactors, coil, connection device, instruments.

use exi_codec::iso20::acdp::{
    ElectricalChargingDeviceStatus, IsolationStatus, MechanicalChargingDeviceStatus,
};
use exi_codec::iso20::wpt::WptSpcChargeDiagnostics;
use exi_codec::{Frequency, Rounding, Watts};
use iso15118_20::secc::{
    AcdpStatus, Device, Isolation, Mobility, PadMeasurement, PilotState, Positioning, SeccEvent,
    VehiclePosition, VehicleStatus,
};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Family};
use iso15118_20::{AcMeasurement, Contactor, Instant};
use v2g_scenario::scenario::{Answer, Side};

use super::{Guest, Observer, Station, after, due};
use crate::runtime::plant::{Converter, DevicePlace, TICK, as_float, power_of, watts};
use crate::runtime::setup::{Bounds, ac_power, costs, percent};

/// What of the power of a coil reaches the battery.
const EFFICIENCY: f64 = 0.93;
/// Power with which the alignment of coils is checked, W.
const PROBE: f64 = 500.0;
/// Frequency of the field, Hz.
const FIELD: Frequency = Frequency::new(85, 3);

/// A step with a wireless vehicle that takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The vehicle has to reach its place.
    Position,
    Pair,
    Align,
}

impl Station<'_> {
    /// A service was selected: what kind of connection it is.
    pub(super) fn selected(&mut self, now: Instant, family: Family) {
        self.state.family = family;
        self.cable.set_family(family);
        if family == Family::Acdp {
            self.report_device(now);
        }
    }

    /// Does what the engine asks of the hardware.
    pub(super) fn operate(&mut self, now: Instant, event: SeccEvent, observer: &mut Observer) {
        let station = &self.scenario.station;
        match event {
            SeccEvent::VehicleLimits(limits) => self.state.vehicle = Bounds::from(&limits),
            SeccEvent::AcVehicleLimits(limits) => self.state.vehicle = Bounds::from(&limits),
            SeccEvent::WptVehicleLimits(limits) => {
                self.state.vehicle = Bounds { charge: power_of(limits.max_power), discharge: 0.0 };
            }
            SeccEvent::IsolationTest { .. } => {
                observer.note(now, "isolation test", format_args!(""));
                self.cable.convert(Converter::Voltage(500.0));
                self.state.isolated_at = after(now, station.isolation);
            }
            SeccEvent::PreCharge { voltage, .. } => {
                observer.note(now, "pre-charge", format_args!("{voltage}"));
                let voltage = as_float(voltage.to_milli_saturating(Rounding::Nearest));
                self.cable.convert(Converter::Voltage(voltage));
            }
            SeccEvent::CloseContactor { .. } => {
                observer.note(now, "close contactor", format_args!(""));
                self.state.closed_at = after(now, station.contactor);
            }
            SeccEvent::Output(output) => {
                observer.note(now, "output", format_args!("{}, {}", output.power, output.current));
                self.state.set_point = power_of(output.power);
                self.cable.convert(Converter::Power(output));
            }
            SeccEvent::AcOutput(output) => {
                let power = output.active.total();
                observer.note(now, "output", format_args!("{power}"));
                self.state.set_point = power_of(power);
                self.lead(power);
            }
            SeccEvent::WptOutput(power) => {
                observer.note(now, "output", format_args!("{power}"));
                self.state.set_point = power_of(power);
                self.cable.close(Side::Station);
                self.cable.convert(Converter::Battery(power_of(power) * EFFICIENCY));
            }
            SeccEvent::OpenContactor => {
                observer.note(now, "open contactor", format_args!(""));
                self.off(now);
            }
            SeccEvent::PowerOff => {
                observer.note(now, "power off", format_args!(""));
                self.off(now);
                (self.state.isolated_at, self.state.closed_at) = (None, None);
                (self.state.step, self.state.step_at) = (None, None);
            }
            event => self.bring_together(now, event, observer),
        }
    }

    /// Brings vehicle and coil, or device, to each other.
    fn bring_together(&mut self, now: Instant, event: SeccEvent, observer: &mut Observer) {
        let takes = self.scenario.station.device;
        let (step, at) = match event {
            SeccEvent::FinePositioning { .. } | SeccEvent::VehiclePositioning { .. } => {
                observer.note(now, "position the vehicle", format_args!("{} mm off", self.cable.offset()));
                (Step::Position, None)
            }
            SeccEvent::Pairing { .. } => {
                observer.note(now, "pair with the vehicle", format_args!(""));
                (Step::Pair, after(now, takes))
            }
            SeccEvent::AlignmentCheck { .. } => {
                observer.note(now, "check the coils", format_args!(""));
                (Step::Align, after(now, takes))
            }
            SeccEvent::ConnectDevice { .. } => {
                observer.note(now, "device goes to the vehicle", format_args!(""));
                return self.move_device(DevicePlace::AtVehicle, takes);
            }
            SeccEvent::DisconnectDevice { .. } => {
                observer.note(now, "device goes home", format_args!(""));
                return self.move_device(DevicePlace::Home, takes);
            }
            SeccEvent::TechnicalStatus(status) => {
                let immobilized = status.ev_immobilized;
                return observer.note(now, "vehicle status", format_args!("immobilized: {immobilized:?}"));
            }
            _ => return,
        };
        (self.state.step, self.state.step_at) = (Some(step), at);
    }

    fn move_device(&self, to: DevicePlace, takes: Answer) {
        if let Answer::After(span) = takes {
            self.cable.move_device(to, span.duration());
        }
    }

    /// A vehicle somewhere else has no converter on this cable: it is given one that does as it was told.
    fn lead(&self, power: Watts) {
        let dynamic = self.engine.selection().map(|selection| selection.parameters.control_mode);
        if self.guest == Guest::Foreign && (dynamic == Some(ControlMode::Dynamic) || power.is_zero()) {
            self.cable.convert(Converter::Battery(power_of(power)));
        }
    }

    /// A vehicle somewhere else that plans itself says what it draws.
    pub(super) fn follow(&self, status: &VehicleStatus) {
        let mode = self.engine.selection().map(|selection| selection.parameters.control_mode);
        let plans = self.state.family == Family::Ac && mode == Some(ControlMode::Scheduled);
        if let Some(power) = status.power.filter(|_| plans && self.guest == Guest::Foreign) {
            // Whatever it says, the fuse of the outlet bounds it.
            let most = self.state.set_point.abs();
            self.cable.convert(Converter::Battery(power_of(power).clamp(-most, most)));
        }
    }

    pub(super) fn off(&mut self, now: Instant) {
        self.state.set_point = 0.0;
        self.cable.convert(Converter::Off);
        self.cable.open(Side::Station);
        if self.state.contactor != Contactor::Fault {
            self.engine.contactor(now, Contactor::Open);
        }
    }

    /// Hardware has moved: what has come to an end, and what the instruments show.
    pub(super) fn drive(&mut self, now: Instant) {
        if due(&mut self.state.isolated_at, now) {
            self.cable.convert(Converter::Off);
            self.state.tested = Some(self.state.isolation);
            self.engine.isolation(now, self.state.isolation);
        }
        if due(&mut self.state.closed_at, now) {
            if self.state.contactor == Contactor::Closed {
                self.cable.close(Side::Station);
            }
            self.engine.contactor(now, self.state.contactor);
        }
        if due(&mut self.state.clear_at, now) {
            self.engine.pad_diagnostics(now, WptSpcChargeDiagnostics::SpcNoIssue);
        }
        self.take_step(now);
        self.engine.set_meter(self.meter());
        match self.state.family {
            Family::Dc => self.engine.measurement(now, self.cable.measure(Side::Station)),
            Family::Acdp => {
                self.engine.measurement(now, self.cable.measure(Side::Station));
                self.report_device(now);
            }
            Family::Ac => {
                let active = ac_power(self.cable.power(), self.scenario.phases);
                self.engine.ac_measurement(now, AcMeasurement { active, ..AcMeasurement::default() });
            }
            Family::Wpt => self.measure_pad(now),
        }
    }

    /// Mobility needs that the charger settles, as they are now.
    pub(super) fn settle_mobility(&mut self, now: Instant) {
        let Some(wanted) = self.state.mobility else { return };
        let left = |at: Instant| at.saturating_sub(now).saturating_mul(self.scenario.lapse).as_secs();
        self.engine.set_mobility(Mobility {
            departure_time: self.state.departs_at.map(|at| u32::try_from(left(at)).unwrap_or(u32::MAX)),
            minimum_soc: wanted.minimum.map(|share| percent(share.part())),
            target_soc: wanted.target.map(|share| percent(share.part())),
        });
    }

    /// What the session has cost so far.
    pub(super) fn bill(&mut self, now: Instant) {
        if let Some(receipt) = &self.scenario.station.receipt {
            let seconds = self.time(now).as_secs_f64();
            self.engine.set_costs(Some(costs(receipt, self.cable.energy(), seconds)));
        }
    }

    /// Looks at the control pilot, which a vehicle somewhere else does not have on this cable. While it wants power and
    /// does not say so yet, it is looked at often.
    pub(super) fn watch_pilot(&mut self, now: Instant) {
        let starting = due(&mut self.state.pilot_at, now);
        if self.guest == Guest::Simulated {
            let pilot = self.cable.pilot();
            self.engine.pilot(now, pilot);
            let waits = self.engine.stage() == Stage::PowerDelivery && pilot == PilotState::B;
            self.state.pilot_at = (starting && waits).then(|| now + TICK);
        }
    }

    fn take_step(&mut self, now: Instant) {
        let done = match self.state.step {
            Some(Step::Position) => self.cable.offset() == 0,
            Some(Step::Pair | Step::Align) => due(&mut self.state.step_at, now),
            None => return,
        };
        if self.state.step == Some(Step::Position) {
            let position = VehiclePosition {
                x: self.cable.offset(),
                y: 0,
                window_x: 100,
                window_y: 100,
                supported: true,
                reached: done,
            };
            self.engine.vehicle_position(now, position);
        }
        let Some(step) = self.state.step.take_if(|_| done) else { return };
        match step {
            Step::Position => self.engine.positioning(now, Positioning::Done),
            Step::Pair => self.engine.pairing(now, Positioning::Done, None),
            Step::Align => self.engine.alignment(now, Positioning::Done),
        }
    }

    fn measure_pad(&mut self, now: Instant) {
        let aligning = self.state.step == Some(Step::Align);
        let input = if aligning { watts(PROBE) } else { watts(power_of(self.cable.power()) / EFFICIENCY) };
        let transmitted = aligning.then(|| watts(PROBE * EFFICIENCY));
        let measured =
            PadMeasurement { input: Some(input), transmitted, coil_current: None, frequency: Some(FIELD) };
        self.engine.pad_measurement(now, measured);
    }

    /// Says where the device is, and that all is well with it.
    fn report_device(&mut self, now: Instant) {
        let (mechanical, electrical) = match self.cable.device() {
            DevicePlace::Home => {
                (MechanicalChargingDeviceStatus::Home, ElectricalChargingDeviceStatus::StateA)
            }
            DevicePlace::Between => {
                (MechanicalChargingDeviceStatus::Moving, ElectricalChargingDeviceStatus::StateA)
            }
            DevicePlace::AtVehicle => {
                (MechanicalChargingDeviceStatus::EndPosition, ElectricalChargingDeviceStatus::StateB)
            }
        };
        self.engine.device(now, Device { mechanical, electrical });
        let isolation = match self.state.tested {
            Some(Isolation::Valid) => IsolationStatus::Safe,
            Some(Isolation::Fault) => IsolationStatus::Fault,
            None => IsolationStatus::Invalid,
        };
        let status = AcdpStatus { ready: true, isolation, associated: true, ..AcdpStatus::default() };
        self.engine.set_acdp_status(now, status);
    }
}
