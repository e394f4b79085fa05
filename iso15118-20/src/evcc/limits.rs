//! The limits of both ends as messages carry them.

use exi_codec::iso20::dc::{
    BptDcCpdReqEnergyTransferMode, BptDcCpdResEnergyTransferMode, BptDynamicDcClReqControlMode,
    BptScheduledDcClReqControlMode, ClReqControlMode, ClResControlMode, DcCpdReqEnergyTransferMode,
    DcCpdReqMode, DcCpdResEnergyTransferMode, DcCpdResMode, DynamicDcClReqControlMode,
    ScheduledDcClReqControlMode,
};
use exi_codec::{Amperes, Quantity, Unit, Volts, Watts};

use super::Core;
use crate::power::{DcLimits, FlowLimits};
use crate::service::{ControlMode, Direction};
use crate::settings::DischargeSign;

impl Core<'_> {
    fn signed<U: Unit>(&self, magnitude: Quantity<U>) -> Quantity<U> {
        match self.config.settings.discharge_sign {
            DischargeSign::Positive => magnitude.abs(),
            DischargeSign::Negative => magnitude.abs().negated(),
        }
    }

    /// Discharge limits of this moment: zero without a permit.
    fn discharge(&self) -> FlowLimits {
        self.plant.limits.discharge.filter(|_| self.may_discharge()).unwrap_or_default().abs()
    }

    /// The limits of the charge parameters, for the selected direction. They bound the whole session, so a
    /// permit that is withheld for now does not count here.
    pub(super) fn charge_parameters(&self) -> DcCpdReqMode {
        let DcLimits { charge, discharge, max_voltage, min_voltage } = self.plant.limits;
        let target_soc = self.plant.needs.target_soc;
        match self.direction() {
            Direction::ChargeOnly => DcCpdReqMode::Dc(DcCpdReqEnergyTransferMode {
                ev_maximum_charge_power: charge.max_power,
                ev_minimum_charge_power: charge.min_power,
                ev_maximum_charge_current: charge.max_current,
                ev_minimum_charge_current: charge.min_current,
                ev_maximum_voltage: max_voltage,
                ev_minimum_voltage: min_voltage,
                target_soc,
            }),
            Direction::Bidirectional => {
                let discharge = discharge.unwrap_or_default();
                DcCpdReqMode::BptDc(BptDcCpdReqEnergyTransferMode {
                    ev_maximum_charge_power: charge.max_power,
                    ev_minimum_charge_power: charge.min_power,
                    ev_maximum_charge_current: charge.max_current,
                    ev_minimum_charge_current: charge.min_current,
                    ev_maximum_voltage: max_voltage,
                    ev_minimum_voltage: min_voltage,
                    target_soc,
                    ev_maximum_discharge_power: self.signed(discharge.max_power),
                    ev_minimum_discharge_power: self.signed(discharge.min_power),
                    ev_maximum_discharge_current: self.signed(discharge.max_current),
                    ev_minimum_discharge_current: self.signed(discharge.min_current),
                })
            }
        }
    }

    /// A round of the loop, for the selected direction and control mode.
    pub(super) fn round(&self) -> ClReqControlMode {
        let mode = self.selection.map_or(ControlMode::Dynamic, |selection| selection.parameters.control_mode);
        match (self.direction(), mode) {
            (Direction::Bidirectional, ControlMode::Dynamic) => ClReqControlMode::BptDynamic(self.dynamic()),
            (Direction::ChargeOnly, ControlMode::Dynamic) => {
                let m = self.dynamic();
                ClReqControlMode::Dynamic(DynamicDcClReqControlMode {
                    departure_time: m.departure_time,
                    ev_target_energy_request: m.ev_target_energy_request,
                    ev_maximum_energy_request: m.ev_maximum_energy_request,
                    ev_minimum_energy_request: m.ev_minimum_energy_request,
                    ev_maximum_charge_power: m.ev_maximum_charge_power,
                    ev_minimum_charge_power: m.ev_minimum_charge_power,
                    ev_maximum_charge_current: m.ev_maximum_charge_current,
                    ev_maximum_voltage: m.ev_maximum_voltage,
                    ev_minimum_voltage: m.ev_minimum_voltage,
                })
            }
            (Direction::Bidirectional, ControlMode::Scheduled) => {
                ClReqControlMode::BptScheduled(self.scheduled_round())
            }
            (Direction::ChargeOnly, ControlMode::Scheduled) => {
                let m = self.scheduled_round();
                ClReqControlMode::Scheduled(ScheduledDcClReqControlMode {
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
                })
            }
        }
    }

    fn dynamic(&self) -> BptDynamicDcClReqControlMode {
        let DcLimits { charge, max_voltage, min_voltage, .. } = self.plant.limits;
        let needs = self.plant.needs;
        let discharge = self.discharge();
        let v2x = needs.v2x_energy.filter(|_| self.may_discharge());
        BptDynamicDcClReqControlMode {
            departure_time: Some(needs.departure_time),
            ev_target_energy_request: needs.target_energy,
            ev_maximum_energy_request: needs.max_energy,
            ev_minimum_energy_request: needs.min_energy,
            ev_maximum_charge_power: charge.max_power,
            ev_minimum_charge_power: charge.min_power,
            ev_maximum_charge_current: charge.max_current,
            ev_maximum_voltage: max_voltage,
            ev_minimum_voltage: min_voltage,
            ev_maximum_discharge_power: self.signed(discharge.max_power),
            ev_minimum_discharge_power: self.signed(discharge.min_power),
            ev_maximum_discharge_current: self.signed(discharge.max_current),
            ev_maximum_v2x_energy_request: v2x.map(|v| v.0),
            ev_minimum_v2x_energy_request: v2x.map(|v| v.1),
        }
    }

    fn scheduled_round(&self) -> BptScheduledDcClReqControlMode {
        let DcLimits { charge, max_voltage, min_voltage, .. } = self.plant.limits;
        let needs = self.plant.needs;
        let discharge = self.discharge();
        BptScheduledDcClReqControlMode {
            ev_target_energy_request: Some(needs.target_energy),
            ev_maximum_energy_request: Some(needs.max_energy),
            ev_minimum_energy_request: Some(needs.min_energy),
            ev_target_current: self.wanted_current(),
            ev_target_voltage: self.plant.demand.voltage.min(max_voltage),
            ev_maximum_charge_power: Some(charge.max_power),
            ev_minimum_charge_power: Some(charge.min_power),
            ev_maximum_charge_current: Some(charge.max_current),
            ev_maximum_voltage: Some(max_voltage),
            ev_minimum_voltage: Some(min_voltage),
            ev_maximum_discharge_power: Some(self.signed(discharge.max_power)),
            ev_minimum_discharge_power: Some(self.signed(discharge.min_power)),
            ev_maximum_discharge_current: Some(self.signed(discharge.max_current)),
        }
    }

    /// The battery's demand within the vehicle's own limits; never discharge without a permit.
    fn wanted_current(&self) -> Amperes {
        let current = self.plant.demand.current;
        if current.is_negative() {
            current.max(self.discharge().max_current.negated())
        } else {
            current.min(self.plant.limits.charge.max_current)
        }
    }
}

/// What a charger declares, with the direction that its type stands for.
pub(super) fn declared(mode: &DcCpdResMode) -> (Direction, DcLimits) {
    match mode {
        DcCpdResMode::Dc(DcCpdResEnergyTransferMode {
            evse_maximum_charge_power,
            evse_minimum_charge_power,
            evse_maximum_charge_current,
            evse_minimum_charge_current,
            evse_maximum_voltage,
            evse_minimum_voltage,
            evse_power_ramp_limitation: _,
        }) => (
            Direction::ChargeOnly,
            DcLimits {
                charge: FlowLimits {
                    max_power: *evse_maximum_charge_power,
                    min_power: *evse_minimum_charge_power,
                    max_current: *evse_maximum_charge_current,
                    min_current: *evse_minimum_charge_current,
                },
                discharge: None,
                max_voltage: *evse_maximum_voltage,
                min_voltage: *evse_minimum_voltage,
            },
        ),
        DcCpdResMode::BptDc(BptDcCpdResEnergyTransferMode {
            evse_maximum_charge_power,
            evse_minimum_charge_power,
            evse_maximum_charge_current,
            evse_minimum_charge_current,
            evse_maximum_voltage,
            evse_minimum_voltage,
            evse_power_ramp_limitation: _,
            evse_maximum_discharge_power,
            evse_minimum_discharge_power,
            evse_maximum_discharge_current,
            evse_minimum_discharge_current,
        }) => (
            Direction::Bidirectional,
            DcLimits {
                charge: FlowLimits {
                    max_power: *evse_maximum_charge_power,
                    min_power: *evse_minimum_charge_power,
                    max_current: *evse_maximum_charge_current,
                    min_current: *evse_minimum_charge_current,
                },
                discharge: Some(
                    FlowLimits {
                        max_power: *evse_maximum_discharge_power,
                        min_power: *evse_minimum_discharge_power,
                        max_current: *evse_maximum_discharge_current,
                        min_current: *evse_minimum_discharge_current,
                    }
                    .abs(),
                ),
                max_voltage: *evse_maximum_voltage,
                min_voltage: *evse_minimum_voltage,
            },
        ),
    }
}

/// What a charger allows in a round of the loop; limits that are left out stay as declared.
pub(super) fn live(mode: &ClResControlMode, declared: &DcLimits) -> (Direction, ControlMode, DcLimits) {
    let charge = |power: Option<Watts>, least: Option<Watts>, current: Option<Amperes>| FlowLimits {
        max_power: power.unwrap_or(declared.charge.max_power),
        min_power: least.unwrap_or(declared.charge.min_power),
        max_current: current.unwrap_or(declared.charge.max_current),
        min_current: declared.charge.min_current,
    };
    let discharge = |power: Option<Watts>, least: Option<Watts>, current: Option<Amperes>| {
        let declared = declared.discharge.unwrap_or_default();
        let live = FlowLimits {
            max_power: power.unwrap_or(declared.max_power),
            min_power: least.unwrap_or(declared.min_power),
            max_current: current.unwrap_or(declared.max_current),
            min_current: declared.min_current,
        };
        Some(live.abs())
    };
    let voltage = |most: Option<Volts>, least: Option<Volts>| {
        (most.unwrap_or(declared.max_voltage), least.unwrap_or(declared.min_voltage))
    };
    let (direction, mode, charge, discharge, (max_voltage, min_voltage)) = match mode {
        ClResControlMode::Dynamic(m) => (
            Direction::ChargeOnly,
            ControlMode::Dynamic,
            charge(
                Some(m.evse_maximum_charge_power),
                Some(m.evse_minimum_charge_power),
                Some(m.evse_maximum_charge_current),
            ),
            None,
            voltage(Some(m.evse_maximum_voltage), None),
        ),
        ClResControlMode::BptDynamic(m) => (
            Direction::Bidirectional,
            ControlMode::Dynamic,
            charge(
                Some(m.evse_maximum_charge_power),
                Some(m.evse_minimum_charge_power),
                Some(m.evse_maximum_charge_current),
            ),
            discharge(
                Some(m.evse_maximum_discharge_power),
                Some(m.evse_minimum_discharge_power),
                Some(m.evse_maximum_discharge_current),
            ),
            voltage(Some(m.evse_maximum_voltage), Some(m.evse_minimum_voltage)),
        ),
        ClResControlMode::Scheduled(m) => (
            Direction::ChargeOnly,
            ControlMode::Scheduled,
            charge(m.evse_maximum_charge_power, m.evse_minimum_charge_power, m.evse_maximum_charge_current),
            None,
            voltage(m.evse_maximum_voltage, None),
        ),
        ClResControlMode::BptScheduled(m) => (
            Direction::Bidirectional,
            ControlMode::Scheduled,
            charge(m.evse_maximum_charge_power, m.evse_minimum_charge_power, m.evse_maximum_charge_current),
            discharge(
                m.evse_maximum_discharge_power,
                m.evse_minimum_discharge_power,
                m.evse_maximum_discharge_current,
            ),
            voltage(m.evse_maximum_voltage, m.evse_minimum_voltage),
        ),
    };
    (direction, mode, DcLimits { charge, discharge, max_voltage, min_voltage })
}
