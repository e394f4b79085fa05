//! The limits of this moment, and how DC messages carry them.

use exi_codec::iso20::dc::{
    BptDcCpdReqEnergyTransferMode, BptDcCpdResEnergyTransferMode, BptDynamicDcClReqControlMode,
    BptDynamicDcClResControlMode, BptScheduledDcClReqControlMode, BptScheduledDcClResControlMode,
    ClReqControlMode, ClResControlMode, DcCpdReqEnergyTransferMode, DcCpdReqMode, DcCpdResEnergyTransferMode,
    DcCpdResMode, DynamicDcClReqControlMode, DynamicDcClResControlMode, ScheduledDcClReqControlMode,
    ScheduledDcClResControlMode,
};
use exi_codec::{Quantity, Unit, WattHours, Watts};

use super::super::engine::Core;
use crate::power::{DcLimits, FlowLimits, Output};
use crate::service::{ControlMode, Direction};
use crate::settings::DischargeSign;

impl Core<'_> {
    /// What the charger allows now: hardware, announcement, grid and schedule.
    pub(in super::super) fn dc_own_limits(&self) -> DcLimits {
        let mut limits = self
            .dc
            .limits
            .narrowed(&self.dc.announced)
            .permitted(self.plant.permit)
            .directed(self.direction());
        if self.mode() == Some(ControlMode::Scheduled) {
            let (charge, discharge) = self.plan.power_at(self.unix());
            limits.charge.max_power = limits.charge.max_power.min(charge);
            if let Some(flow) = &mut limits.discharge {
                flow.max_power = flow.max_power.min(discharge);
            }
        }
        limits
    }

    /// What charger and vehicle both allow now.
    pub(in super::super) fn dc_joint_limits(&self) -> DcLimits {
        let joint = self.dc_own_limits().narrowed(&self.dc.declared).narrowed(&self.dc.live);
        if self.may_discharge() { joint } else { joint.directed(Direction::ChargeOnly) }
    }

    pub(in super::super) fn signed<U: Unit>(&self, magnitude: Quantity<U>) -> Quantity<U> {
        match self.config.settings.discharge_sign {
            DischargeSign::Positive => magnitude.abs(),
            DischargeSign::Negative => magnitude.abs().negated(),
        }
    }

    /// The most that the vehicle declared in either direction.
    fn dc_vehicle_power(&self) -> Watts {
        let DcLimits { charge, discharge, .. } = self.dc.declared;
        charge.max_power.max(discharge.unwrap_or_default().max_power)
    }

    /// The limits of the charge parameters, for the selected direction.
    pub(super) fn dc_charge_parameters(&self) -> DcCpdResMode {
        let DcLimits { charge, discharge, max_voltage, min_voltage } = self.dc.announced;
        match self.direction() {
            Direction::ChargeOnly => DcCpdResMode::Dc(DcCpdResEnergyTransferMode {
                evse_maximum_charge_power: charge.max_power,
                evse_minimum_charge_power: charge.min_power,
                evse_maximum_charge_current: charge.max_current,
                evse_minimum_charge_current: charge.min_current,
                evse_maximum_voltage: max_voltage,
                evse_minimum_voltage: min_voltage,
                evse_power_ramp_limitation: self.ramp_limitation(self.dc_vehicle_power()),
            }),
            Direction::Bidirectional => {
                let discharge = discharge.unwrap_or_default();
                DcCpdResMode::BptDc(BptDcCpdResEnergyTransferMode {
                    evse_maximum_charge_power: charge.max_power,
                    evse_minimum_charge_power: charge.min_power,
                    evse_maximum_charge_current: charge.max_current,
                    evse_minimum_charge_current: charge.min_current,
                    evse_maximum_voltage: max_voltage,
                    evse_minimum_voltage: min_voltage,
                    evse_power_ramp_limitation: self.ramp_limitation(self.dc_vehicle_power()),
                    evse_maximum_discharge_power: self.signed(discharge.max_power),
                    evse_minimum_discharge_power: self.signed(discharge.min_power),
                    evse_maximum_discharge_current: self.signed(discharge.max_current),
                    evse_minimum_discharge_current: self.signed(discharge.min_current),
                })
            }
        }
    }

    /// The limits of a round of the loop, for the selected direction and control mode.
    pub(super) fn dc_loop_limits(&self) -> ClResControlMode {
        let DcLimits { charge, discharge, max_voltage, min_voltage } = self.dc_own_limits();
        let discharge = discharge.unwrap_or_default();
        let mode = self.mode().unwrap_or(ControlMode::Dynamic);
        let mobility = self.mobility();
        match (self.direction(), mode) {
            (Direction::ChargeOnly, ControlMode::Dynamic) => {
                ClResControlMode::Dynamic(DynamicDcClResControlMode {
                    departure_time: mobility.departure_time,
                    minimum_soc: mobility.minimum_soc,
                    target_soc: mobility.target_soc,
                    ack_max_delay: self.config.ack_max_delay,
                    evse_maximum_charge_power: charge.max_power,
                    evse_minimum_charge_power: charge.min_power.min(charge.max_power),
                    evse_maximum_charge_current: charge.max_current,
                    evse_maximum_voltage: max_voltage,
                })
            }
            (Direction::Bidirectional, ControlMode::Dynamic) => {
                ClResControlMode::BptDynamic(BptDynamicDcClResControlMode {
                    departure_time: mobility.departure_time,
                    minimum_soc: mobility.minimum_soc,
                    target_soc: mobility.target_soc,
                    ack_max_delay: self.config.ack_max_delay,
                    evse_maximum_charge_power: charge.max_power,
                    evse_minimum_charge_power: charge.min_power.min(charge.max_power),
                    evse_maximum_charge_current: charge.max_current,
                    evse_maximum_voltage: max_voltage,
                    evse_maximum_discharge_power: self.signed(discharge.max_power),
                    evse_minimum_discharge_power: self.signed(discharge.min_power.min(discharge.max_power)),
                    evse_maximum_discharge_current: self.signed(discharge.max_current),
                    evse_minimum_voltage: min_voltage,
                })
            }
            (Direction::ChargeOnly, ControlMode::Scheduled) => {
                ClResControlMode::Scheduled(ScheduledDcClResControlMode {
                    evse_maximum_charge_power: Some(charge.max_power),
                    evse_minimum_charge_power: Some(charge.min_power.min(charge.max_power)),
                    evse_maximum_charge_current: Some(charge.max_current),
                    evse_maximum_voltage: Some(max_voltage),
                })
            }
            (Direction::Bidirectional, ControlMode::Scheduled) => {
                ClResControlMode::BptScheduled(BptScheduledDcClResControlMode {
                    evse_maximum_charge_power: Some(charge.max_power),
                    evse_minimum_charge_power: Some(charge.min_power.min(charge.max_power)),
                    evse_maximum_charge_current: Some(charge.max_current),
                    evse_maximum_voltage: Some(max_voltage),
                    evse_maximum_discharge_power: Some(self.signed(discharge.max_power)),
                    evse_minimum_discharge_power: Some(
                        self.signed(discharge.min_power.min(discharge.max_power)),
                    ),
                    evse_maximum_discharge_current: Some(self.signed(discharge.max_current)),
                    evse_minimum_voltage: Some(min_voltage),
                })
            }
        }
    }
}

/// What a vehicle declares, with the direction that its type stands for.
pub(super) fn declared(mode: &DcCpdReqMode) -> (Direction, DcLimits) {
    match mode {
        DcCpdReqMode::Dc(DcCpdReqEnergyTransferMode {
            ev_maximum_charge_power,
            ev_minimum_charge_power,
            ev_maximum_charge_current,
            ev_minimum_charge_current,
            ev_maximum_voltage,
            ev_minimum_voltage,
            target_soc: _,
        }) => (
            Direction::ChargeOnly,
            DcLimits {
                charge: FlowLimits {
                    max_power: *ev_maximum_charge_power,
                    min_power: *ev_minimum_charge_power,
                    max_current: *ev_maximum_charge_current,
                    min_current: *ev_minimum_charge_current,
                },
                discharge: None,
                max_voltage: *ev_maximum_voltage,
                min_voltage: *ev_minimum_voltage,
            },
        ),
        DcCpdReqMode::BptDc(BptDcCpdReqEnergyTransferMode {
            ev_maximum_charge_power,
            ev_minimum_charge_power,
            ev_maximum_charge_current,
            ev_minimum_charge_current,
            ev_maximum_voltage,
            ev_minimum_voltage,
            target_soc: _,
            ev_maximum_discharge_power,
            ev_minimum_discharge_power,
            ev_maximum_discharge_current,
            ev_minimum_discharge_current,
        }) => (
            Direction::Bidirectional,
            DcLimits {
                charge: FlowLimits {
                    max_power: *ev_maximum_charge_power,
                    min_power: *ev_minimum_charge_power,
                    max_current: *ev_maximum_charge_current,
                    min_current: *ev_minimum_charge_current,
                },
                discharge: Some(
                    FlowLimits {
                        max_power: *ev_maximum_discharge_power,
                        min_power: *ev_minimum_discharge_power,
                        max_current: *ev_maximum_discharge_current,
                        min_current: *ev_minimum_discharge_current,
                    }
                    .abs(),
                ),
                max_voltage: *ev_maximum_voltage,
                min_voltage: *ev_minimum_voltage,
            },
        ),
    }
}

/// What a vehicle says in a round of the loop.
pub(super) struct Round {
    pub(super) direction: Direction,
    pub(super) mode: ControlMode,
    pub(super) live: DcLimits,
    pub(super) wish: Output,
    pub(super) energy: [Option<WattHours>; 3],
    pub(super) v2x: [Option<WattHours>; 2],
    pub(super) departure_time: Option<u32>,
}

/// Reads a round; limits that are left out stay as declared.
pub(super) fn round(mode: &ClReqControlMode, declared: &DcLimits) -> Round {
    match mode {
        ClReqControlMode::Dynamic(m) => dynamic(Direction::ChargeOnly, &widened(m), declared),
        ClReqControlMode::BptDynamic(m) => dynamic(Direction::Bidirectional, m, declared),
        ClReqControlMode::Scheduled(m) => scheduled(Direction::ChargeOnly, &widened_scheduled(m), declared),
        ClReqControlMode::BptScheduled(m) => scheduled(Direction::Bidirectional, m, declared),
    }
}

fn dynamic(direction: Direction, m: &BptDynamicDcClReqControlMode, declared: &DcLimits) -> Round {
    Round {
        direction,
        mode: ControlMode::Dynamic,
        live: DcLimits {
            charge: FlowLimits {
                max_power: m.ev_maximum_charge_power,
                min_power: m.ev_minimum_charge_power,
                max_current: m.ev_maximum_charge_current,
                min_current: declared.charge.min_current,
            },
            discharge: Some(
                FlowLimits {
                    max_power: m.ev_maximum_discharge_power,
                    min_power: m.ev_minimum_discharge_power,
                    max_current: m.ev_maximum_discharge_current,
                    ..FlowLimits::default()
                }
                .abs(),
            ),
            max_voltage: m.ev_maximum_voltage,
            min_voltage: m.ev_minimum_voltage,
        }
        .directed(direction),
        wish: Output::ZERO,
        energy: [
            Some(m.ev_target_energy_request),
            Some(m.ev_maximum_energy_request),
            Some(m.ev_minimum_energy_request),
        ],
        v2x: [m.ev_maximum_v2x_energy_request, m.ev_minimum_v2x_energy_request],
        departure_time: m.departure_time,
    }
}

fn scheduled(direction: Direction, m: &BptScheduledDcClReqControlMode, declared: &DcLimits) -> Round {
    let discharge = declared.discharge.unwrap_or_default();
    let current = m.ev_target_current;
    let most = Watts::new(i16::MAX, 3);
    Round {
        direction,
        mode: ControlMode::Scheduled,
        live: DcLimits {
            charge: FlowLimits {
                max_power: m.ev_maximum_charge_power.unwrap_or(declared.charge.max_power),
                min_power: m.ev_minimum_charge_power.unwrap_or(declared.charge.min_power),
                max_current: m.ev_maximum_charge_current.unwrap_or(declared.charge.max_current),
                min_current: declared.charge.min_current,
            },
            discharge: Some(
                FlowLimits {
                    max_power: m.ev_maximum_discharge_power.unwrap_or(discharge.max_power),
                    min_power: m.ev_minimum_discharge_power.unwrap_or(discharge.min_power),
                    max_current: m.ev_maximum_discharge_current.unwrap_or(discharge.max_current),
                    min_current: discharge.min_current,
                }
                .abs(),
            ),
            max_voltage: m.ev_maximum_voltage.unwrap_or(declared.max_voltage),
            min_voltage: m.ev_minimum_voltage.unwrap_or(declared.min_voltage),
        }
        .directed(direction),
        wish: Output {
            voltage: m.ev_target_voltage,
            current,
            power: if current.is_negative() { most.negated() } else { most },
        },
        energy: [m.ev_target_energy_request, m.ev_maximum_energy_request, m.ev_minimum_energy_request],
        v2x: [None; 2],
        departure_time: None,
    }
}

fn widened(m: &DynamicDcClReqControlMode) -> BptDynamicDcClReqControlMode {
    BptDynamicDcClReqControlMode {
        departure_time: m.departure_time,
        ev_target_energy_request: m.ev_target_energy_request,
        ev_maximum_energy_request: m.ev_maximum_energy_request,
        ev_minimum_energy_request: m.ev_minimum_energy_request,
        ev_maximum_charge_power: m.ev_maximum_charge_power,
        ev_minimum_charge_power: m.ev_minimum_charge_power,
        ev_maximum_charge_current: m.ev_maximum_charge_current,
        ev_maximum_voltage: m.ev_maximum_voltage,
        ev_minimum_voltage: m.ev_minimum_voltage,
        ..Default::default()
    }
}

fn widened_scheduled(m: &ScheduledDcClReqControlMode) -> BptScheduledDcClReqControlMode {
    BptScheduledDcClReqControlMode {
        ev_target_energy_request: m.ev_target_energy_request,
        ev_maximum_energy_request: m.ev_maximum_energy_request,
        ev_minimum_energy_request: m.ev_minimum_energy_request,
        ev_target_current: m.ev_target_current,
        ev_target_voltage: m.ev_target_voltage,
        ev_maximum_charge_power: m.ev_maximum_charge_power,
        ev_minimum_charge_power: m.ev_minimum_charge_power,
        ev_maximum_charge_current: m.ev_maximum_charge_current,
        ev_maximum_voltage: m.ev_maximum_voltage,
        ev_minimum_voltage: m.ev_minimum_voltage,
        ..Default::default()
    }
}
