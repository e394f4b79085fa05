//! The hardware of a car: battery, contactors, converter, coil, brakes, instruments.

use exi_codec::iso20::acdp::EvTechnicalStatus;
use exi_codec::{Frequency, Rounding, WattHours};
use iso15118_20::evcc::{
    Demand, DischargePermit, EvccEvent, Mobility, Needs, StationStatus, WptDemand, WptResult,
};
use iso15118_20::secc::PilotState;
use iso15118_20::service::Family;
use iso15118_20::{AcMeasurement, Contactor, Instant};
use v2g_scenario::scenario::{Answer, Discharge, Side};

use super::{FarEnd, Obedience, Observer, Vehicle};
use crate::runtime::plant::{Converter, as_float, power_of, thousandths};
use crate::runtime::setup::{Bounds, ac_power, percent};
use crate::runtime::station::{after, due};

/// Frequency of the field, Hz.
const FIELD: Frequency = Frequency::new(85, 3);

/// A step under or over the charger that takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The car rolls to where it can charge.
    Position,
    Pair,
    Align,
}

fn watt_hours(value: f64) -> WattHours {
    WattHours::from_milli(thousandths(value), Rounding::TowardsZero)
}

impl Vehicle<'_> {
    /// A service was selected: what kind of connection it is.
    pub(super) fn selected(&mut self, family: Family) {
        self.state.family = family;
        self.cable.set_family(family);
    }

    /// Does what the engine asks of the hardware.
    pub(super) fn operate(&mut self, now: Instant, event: EvccEvent, observer: &mut Observer) {
        let contactor = self.scenario.vehicle.contactor;
        match event {
            EvccEvent::StationLimits(limits) => self.state.station = Bounds::from(&limits),
            EvccEvent::AcStationLimits(station) => self.state.station = Bounds::from(&station.limits),
            EvccEvent::WptStationLimits(pad) => {
                self.state.station = Bounds { charge: power_of(pad.max_power), discharge: 0.0 };
            }
            EvccEvent::CloseContactor { .. } => {
                observer.note(now, "close contactor", format_args!(""));
                self.state.closed_at = after(now, contactor);
            }
            EvccEvent::RequestPower => {
                self.cable.set_pilot(PilotState::C);
                if self.state.family == Family::Ac {
                    observer.note(now, "close contactor", format_args!(""));
                    self.state.closed_at = after(now, contactor);
                }
            }
            EvccEvent::CableCheck => observer.note(now, "cable check", format_args!("")),
            EvccEvent::PreCharge => self.follow(Converter::Voltage(self.cable.battery_volts())),
            EvccEvent::StationStatus(status) => self.round(now, &status, observer),
            EvccEvent::WptStatus(status) => {
                let (most, _) = status.limits;
                self.state.station = Bounds { charge: power_of(most), discharge: 0.0 };
            }
            EvccEvent::AcOutput(output) if self.state.converter == Obedience::Stuck => {
                observer.note(now, "converter", format_args!("not {}", output.active.total()));
            }
            EvccEvent::AcOutput(output) => {
                let power = output.active.total();
                observer.note(now, "converter", format_args!("{power}"));
                self.follow(Converter::Off);
                self.cable.convert(Converter::Battery(power_of(power)));
            }
            EvccEvent::OpenContactor { .. } => {
                observer.note(now, "open contactor", format_args!(""));
                self.cable.set_pilot(PilotState::B);
                self.follow(Converter::Off);
                self.state.opened_at = after(now, contactor);
            }
            EvccEvent::PowerOff => {
                observer.note(now, "power off", format_args!(""));
                self.cable.set_pilot(PilotState::B);
                self.state.closed_at = None;
                (self.state.step, self.state.step_at) = (None, None);
                self.cable.open(Side::Vehicle);
                if self.state.contactor != Contactor::Fault {
                    self.engine.contactor(now, Contactor::Open);
                }
            }
            event => self.approach(now, event, observer),
        }
    }

    /// Goes where the car can charge, and makes sure that it is the right place.
    fn approach(&mut self, now: Instant, event: EvccEvent, observer: &mut Observer) {
        let takes = Answer::After(v2g_scenario::scenario::Span::from_thousandths(120));
        match event {
            EvccEvent::Position { .. } => {
                observer.note(now, "position", format_args!("{} mm to go", self.cable.offset()));
                self.cable.roll();
                self.state.step = Some(Step::Position);
            }
            EvccEvent::Pair { .. } => {
                observer.note(now, "pair", format_args!(""));
                (self.state.step, self.state.step_at) = (Some(Step::Pair), after(now, takes));
            }
            EvccEvent::Align { .. } => {
                observer.note(now, "align", format_args!(""));
                (self.state.step, self.state.step_at) = (Some(Step::Align), after(now, takes));
            }
            EvccEvent::AcdpPosition(position) => {
                if self.cable.offset() > 0 {
                    observer.note(now, "position", format_args!("{} mm to go", position.deviation.0));
                    self.cable.roll();
                } else if position.in_position {
                    observer.note(now, "in position", format_args!("immobilized"));
                    self.engine.set_mobility(Mobility::Immobilized);
                }
            }
            EvccEvent::DeviceMoves => observer.note(now, "device moves", format_args!("")),
            EvccEvent::AcdpStatus(status) => {
                observer.note(now, "device", format_args!("{}", status.mechanical.as_str()));
            }
            _ => {}
        }
    }

    /// What the charger says of itself in the loop.
    pub(super) fn heard(&mut self, status: &StationStatus) {
        if matches!(self.state.family, Family::Dc | Family::Acdp) {
            self.state.station = Bounds::from(&status.limits);
            let current = as_float(status.current.to_milli_saturating(Rounding::Nearest));
            self.follow(Converter::Foreign(current));
        }
    }

    /// A charger somewhere else has no hardware on this cable: it is given one that does as it should.
    fn follow(&self, converter: Converter) {
        if self.far_end == FarEnd::Foreign {
            self.cable.close(Side::Station);
            self.cable.convert(converter);
        }
    }

    /// Hardware has moved: what has come to an end.
    pub(super) fn drive(&mut self, now: Instant) {
        if due(&mut self.state.closed_at, now) {
            if self.state.contactor == Contactor::Closed {
                self.cable.close(Side::Vehicle);
            }
            self.engine.contactor(now, self.state.contactor);
        }
        if due(&mut self.state.opened_at, now) && self.state.contactor != Contactor::Fault {
            self.cable.open(Side::Vehicle);
            self.engine.contactor(now, Contactor::Open);
        }
        let done = match self.state.step {
            Some(Step::Position) => self.cable.offset() == 0,
            Some(Step::Pair | Step::Align) => due(&mut self.state.step_at, now),
            None => return,
        };
        match self.state.step.take_if(|_| done) {
            Some(Step::Position) => self.engine.positioned(now, WptResult::Success),
            Some(Step::Pair) => self.engine.paired(now, WptResult::Success, None),
            Some(Step::Align) => {
                // Behind the coil there is a rectifier, and nothing to open.
                self.cable.close(Side::Vehicle);
                self.engine.aligned(now, WptResult::Success);
            }
            None => {}
        }
    }

    fn needs(&self, now: Instant) -> Needs {
        let (target, least) = (self.state.target.part(), self.state.minimum.part());
        let room = |part| watt_hours(self.cable.room(part));
        Needs {
            departure_time: u32::try_from(self.left(now).as_secs()).unwrap_or(u32::MAX),
            target_energy: room(target),
            max_energy: room(1.0),
            min_energy: room(least),
            v2x_energy: Some((room(target), room(least))),
            present_soc: Some(percent(self.cable.soc())),
            minimum_soc: Some(percent(least)),
            target_soc: Some(percent(target)),
            charging_complete: self.cable.room(target) <= 0.0,
            capacity: Some(self.cable.capacity()),
            ..Needs::default()
        }
    }

    /// The battery guards itself, whatever anybody plans.
    fn permit(&self) -> DischargePermit {
        let enough = self.cable.soc() > self.state.minimum.part();
        if self.state.discharge == Discharge::Allowed && enough {
            DischargePermit::Allowed
        } else {
            DischargePermit::Forbidden
        }
    }

    /// What the instruments show, and what the battery wants.
    pub(super) fn report(&mut self, now: Instant) {
        self.engine.set_needs(self.needs(now));
        self.engine.set_discharge_permit(self.permit());
        let demand = self.state.demand;
        let power = demand.power.unwrap_or_default().watts();
        match self.state.family {
            Family::Ac => {
                self.engine.set_ac_demand(ac_power(power, self.scenario.phases));
                let active = ac_power(self.cable.power(), self.scenario.phases);
                self.engine.ac_measurement(now, AcMeasurement { active, ..AcMeasurement::default() });
            }
            Family::Wpt => {
                let output = self.cable.power();
                let frequency = Some(FIELD);
                self.engine.set_wpt_demand(WptDemand { power, output, frequency, ..WptDemand::default() });
            }
            Family::Dc | Family::Acdp => {
                self.engine.set_demand(Demand {
                    battery: self.cable.battery_voltage(),
                    voltage: demand.voltage.unwrap_or_default().volts(),
                    current: demand.current.unwrap_or_default().amperes(),
                });
                self.engine.measurement(now, self.cable.measure(Side::Vehicle));
            }
        }
        if self.state.family == Family::Acdp {
            self.engine.set_technical_status(EvTechnicalStatus {
                ev_ready_to_charge: true,
                ev_immobilized: Some(self.cable.offset() == 0),
                ev_soc: Some(percent(self.cable.soc())),
                ..EvTechnicalStatus::default()
            });
        }
    }
}
