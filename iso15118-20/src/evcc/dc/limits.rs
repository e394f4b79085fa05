//! The limits of both ends as messages carry them.

use exi_codec::iso20::dc::{
    BptDcCpdReqEnergyTransferMode, BptDcCpdResEnergyTransferMode, BptDynamicDcClReqControlMode,
    BptScheduledDcClReqControlMode, ClReqControlMode, ClResControlMode, DcCpdReqEnergyTransferMode,
    DcCpdReqMode, DcCpdResEnergyTransferMode, DcCpdResMode, DynamicDcClReqControlMode,
    ScheduledDcClReqControlMode,
};
use exi_codec::{Amperes, Quantity, Rounding, Unit, Volts, Watts};

use super::super::{Core, Course, StationNeeds};
use crate::power::{DcLimits, FlowLimits};
use crate::service::{ControlMode, Direction};
use crate::settings::DischargeSign;

impl Core<'_> {
    fn signed_limit<U: Unit>(&self, magnitude: Quantity<U>) -> Quantity<U> {
        match self.config.settings.discharge_sign {
            DischargeSign::Positive => magnitude.abs(),
            DischargeSign::Negative => magnitude.abs().negated(),
        }
    }

    /// The limits of this moment: no discharge without a permit, nothing at all while the vehicle is after something
    /// else than energy.
    fn dc_live(&self) -> DcLimits {
        let limits = self.plant.dc.limits;
        if self.course != Course::Charge {
            return DcLimits { charge: FlowLimits::default(), discharge: None, ..limits };
        }
        DcLimits { discharge: limits.discharge.filter(|_| self.may_discharge()), ..limits }
    }

    /// The limits of the charge parameters, for the selected direction. They bound the whole session, so a
    /// permit that is withheld for now does not count here.
    pub(super) fn charge_parameters(&self) -> DcCpdReqMode {
        let DcLimits { charge, discharge, max_voltage, min_voltage } = self.plant.dc.limits;
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
                    ev_maximum_discharge_power: self.signed_limit(discharge.max_power),
                    ev_minimum_discharge_power: self.signed_limit(discharge.min_power),
                    ev_maximum_discharge_current: self.signed_limit(discharge.max_current),
                    ev_minimum_discharge_current: self.signed_limit(discharge.min_current),
                })
            }
        }
    }

    /// A round of the loop, for the selected direction and control mode.
    pub(super) fn round(&self) -> ClReqControlMode {
        match (self.direction(), self.mode()) {
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
        let DcLimits { charge, discharge, max_voltage, min_voltage } = self.dc_live();
        let discharge = discharge.unwrap_or_default();
        let energy = self.energy();
        BptDynamicDcClReqControlMode {
            departure_time: Some(self.plant.needs.departure_time),
            ev_target_energy_request: energy.target,
            ev_maximum_energy_request: energy.max,
            ev_minimum_energy_request: energy.min,
            ev_maximum_charge_power: charge.max_power,
            ev_minimum_charge_power: charge.min_power,
            ev_maximum_charge_current: charge.max_current,
            ev_maximum_voltage: max_voltage,
            ev_minimum_voltage: min_voltage,
            ev_maximum_discharge_power: self.signed_limit(discharge.max_power),
            ev_minimum_discharge_power: self.signed_limit(discharge.min_power),
            ev_maximum_discharge_current: self.signed_limit(discharge.max_current),
            ev_maximum_v2x_energy_request: energy.v2x.map(|v| v.0),
            ev_minimum_v2x_energy_request: energy.v2x.map(|v| v.1),
        }
    }

    fn scheduled_round(&self) -> BptScheduledDcClReqControlMode {
        let limits = self.dc_live();
        let DcLimits { charge, discharge, max_voltage, min_voltage } = limits;
        let discharge = discharge.unwrap_or_default();
        let energy = self.energy();
        BptScheduledDcClReqControlMode {
            ev_target_energy_request: Some(energy.target),
            ev_maximum_energy_request: Some(energy.max),
            ev_minimum_energy_request: Some(energy.min),
            ev_target_current: self.wanted_current(&limits),
            ev_target_voltage: self.plant.dc.demand.voltage.min(max_voltage),
            ev_maximum_charge_power: Some(charge.max_power),
            ev_minimum_charge_power: Some(charge.min_power),
            ev_maximum_charge_current: Some(charge.max_current),
            ev_maximum_voltage: Some(max_voltage),
            ev_minimum_voltage: Some(min_voltage),
            ev_maximum_discharge_power: Some(self.signed_limit(discharge.max_power)),
            ev_minimum_discharge_power: Some(self.signed_limit(discharge.min_power)),
            ev_maximum_discharge_current: Some(self.signed_limit(discharge.max_current)),
        }
    }

    /// The battery's demand within the vehicle's own limits and the schedule; never discharge without a permit.
    fn wanted_current(&self, limits: &DcLimits) -> Amperes {
        let exchanged = self.exchanged().map(|power| self.carried_by(power).negated());
        let wish = exchanged.unwrap_or(self.plant.dc.demand.current);
        if wish.is_negative() {
            let most = limits.discharge.unwrap_or_default().abs().max_current;
            let most = most.min(self.carried_by(self.planned_discharge()));
            wish.max(most.max(Amperes::ZERO).negated())
        } else {
            // Limits below zero turn nothing round.
            let most = limits.charge.max_current.min(self.carried_by(self.planned_power()));
            wish.min(most.max(Amperes::ZERO))
        }
    }

    /// The current that carries a power at the voltage of the battery.
    fn carried_by(&self, power: Watts) -> Amperes {
        let milli = |voltage: Volts| voltage.to_milli_saturating(Rounding::Up);
        let voltage = milli(self.plant.dc.measured.voltage.max(self.plant.dc.demand.battery));
        let power = self.corrected(power).to_milli_saturating(Rounding::TowardsZero);
        match power.saturating_mul(1000).checked_div(voltage) {
            Some(current) => Amperes::from_milli(current, Rounding::TowardsZero),
            // Without a voltage there is no power to exceed.
            None => Amperes::new(i16::MAX, 3),
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

/// What a response of the loop says.
pub(super) struct Live {
    pub(super) direction: Direction,
    pub(super) mode: ControlMode,
    pub(super) limits: DcLimits,
    pub(super) needs: StationNeeds,
    pub(super) ack_max_delay: Option<u16>,
}

/// What a charger allows in a round of the loop; limits that are left out stay as declared, and none goes beyond.
pub(super) fn live(mode: &ClResControlMode, declared: &DcLimits) -> Live {
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
    let (direction, control, charge, discharge, (max_voltage, min_voltage)) = match mode {
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
    let limits = DcLimits { charge, discharge, max_voltage, min_voltage }.narrowed(declared);
    let (needs, ack_max_delay) = match mode {
        ClResControlMode::Dynamic(m) => (
            StationNeeds {
                departure_time: m.departure_time,
                minimum_soc: m.minimum_soc,
                target_soc: m.target_soc,
            },
            m.ack_max_delay,
        ),
        ClResControlMode::BptDynamic(m) => (
            StationNeeds {
                departure_time: m.departure_time,
                minimum_soc: m.minimum_soc,
                target_soc: m.target_soc,
            },
            m.ack_max_delay,
        ),
        ClResControlMode::Scheduled(_) | ClResControlMode::BptScheduled(_) => (StationNeeds::NONE, None),
    };
    Live { direction, mode: control, limits, needs, ack_max_delay }
}
