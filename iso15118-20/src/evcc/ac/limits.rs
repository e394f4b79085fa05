//! AC limits and targets as messages carry them.

use exi_codec::iso20::ac::{
    AcCpdReqEnergyTransferMode, AcCpdReqMode, AcCpdResMode, BptAcCpdReqEnergyTransferMode,
    BptDynamicAcClReqControlMode, BptScheduledAcClReqControlMode, ClReqControlMode, ClResControlMode,
    DynamicAcClReqControlMode, ScheduledAcClReqControlMode,
};
use exi_codec::{Quantity, VoltAmpereReactive, Watt, Watts};

use super::super::{Core, Course, StationNeeds};
use super::AcStation;
use crate::power::{AcLimits, Phases};
use crate::service::{ControlMode, Direction};
use crate::settings::DischargeSign;

/// What a response of the loop says.
pub(super) struct Live {
    pub(super) direction: Direction,
    pub(super) mode: ControlMode,
    pub(super) active: Option<Phases<Watt>>,
    pub(super) reactive: Option<Phases<VoltAmpereReactive>>,
    pub(super) needs: Option<StationNeeds>,
    pub(super) ack_max_delay: Option<u16>,
}

impl Core<'_> {
    fn signed_phases(&self, magnitude: Phases<Watt>) -> Phases<Watt> {
        let magnitude = magnitude.map(Quantity::abs);
        match self.config.settings.discharge_sign {
            DischargeSign::Positive => magnitude,
            DischargeSign::Negative => magnitude.map(Quantity::negated),
        }
    }

    /// The limits of the charge parameters, for the selected direction. They bound the whole session, so a permit
    /// that is withheld for now does not count here.
    pub(super) fn ac_parameters(&self) -> AcCpdReqMode {
        let AcLimits { max_charge, min_charge, discharge } = self.plant.ac.limits;
        let (most, most_l2, most_l3) = max_charge.write();
        let (least, least_l2, least_l3) = min_charge.write();
        match self.direction() {
            Direction::ChargeOnly => AcCpdReqMode::Ac(AcCpdReqEnergyTransferMode {
                ev_maximum_charge_power: most,
                ev_maximum_charge_power_l2: most_l2,
                ev_maximum_charge_power_l3: most_l3,
                ev_minimum_charge_power: least,
                ev_minimum_charge_power_l2: least_l2,
                ev_minimum_charge_power_l3: least_l3,
            }),
            Direction::Bidirectional => {
                let (max_out, min_out) = discharge.unwrap_or_default();
                let (out, out_l2, out_l3) = self.signed_phases(max_out).write();
                let (low, low_l2, low_l3) = self.signed_phases(min_out).write();
                AcCpdReqMode::BptAc(BptAcCpdReqEnergyTransferMode {
                    ev_maximum_charge_power: most,
                    ev_maximum_charge_power_l2: most_l2,
                    ev_maximum_charge_power_l3: most_l3,
                    ev_minimum_charge_power: least,
                    ev_minimum_charge_power_l2: least_l2,
                    ev_minimum_charge_power_l3: least_l3,
                    ev_maximum_discharge_power: out,
                    ev_maximum_discharge_power_l2: out_l2,
                    ev_maximum_discharge_power_l3: out_l3,
                    ev_minimum_discharge_power: low,
                    ev_minimum_discharge_power_l2: low_l2,
                    ev_minimum_discharge_power_l3: low_l3,
                })
            }
        }
    }

    /// The limits of this moment: nothing while the vehicle is after something else than energy.
    fn ac_live(&self) -> (Phases<Watt>, Phases<Watt>, Phases<Watt>, Phases<Watt>) {
        let limits = self.plant.ac.limits;
        if self.course != Course::Charge {
            let none = Phases::default();
            return (none, none, none, none);
        }
        let (out, low) = limits.discharge.filter(|_| self.may_discharge()).unwrap_or_default();
        // Who wants to give says so by not charging: the charger's targets are for the one direction or the other.
        let (most, least) = if self.wants_out() {
            (limits.max_charge.map(|_| Watts::ZERO), limits.min_charge.map(|_| Watts::ZERO))
        } else {
            (limits.max_charge, limits.min_charge)
        };
        (most, least, self.signed_phases(out), self.signed_phases(low))
    }

    /// A round of the loop, for the selected direction and control mode.
    pub(super) fn ac_round(&self) -> ClReqControlMode {
        match (self.direction(), self.mode()) {
            (Direction::Bidirectional, ControlMode::Dynamic) => {
                ClReqControlMode::BptDynamic(self.ac_dynamic())
            }
            (Direction::Bidirectional, ControlMode::Scheduled) => {
                ClReqControlMode::BptScheduled(self.ac_scheduled())
            }
            (Direction::ChargeOnly, ControlMode::Dynamic) => {
                let m = self.ac_dynamic();
                ClReqControlMode::Dynamic(DynamicAcClReqControlMode {
                    departure_time: m.departure_time,
                    ev_target_energy_request: m.ev_target_energy_request,
                    ev_maximum_energy_request: m.ev_maximum_energy_request,
                    ev_minimum_energy_request: m.ev_minimum_energy_request,
                    ev_maximum_charge_power: m.ev_maximum_charge_power,
                    ev_maximum_charge_power_l2: m.ev_maximum_charge_power_l2,
                    ev_maximum_charge_power_l3: m.ev_maximum_charge_power_l3,
                    ev_minimum_charge_power: m.ev_minimum_charge_power,
                    ev_minimum_charge_power_l2: m.ev_minimum_charge_power_l2,
                    ev_minimum_charge_power_l3: m.ev_minimum_charge_power_l3,
                    ev_present_active_power: m.ev_present_active_power,
                    ev_present_active_power_l2: m.ev_present_active_power_l2,
                    ev_present_active_power_l3: m.ev_present_active_power_l3,
                    ev_present_reactive_power: m.ev_present_reactive_power,
                    ev_present_reactive_power_l2: m.ev_present_reactive_power_l2,
                    ev_present_reactive_power_l3: m.ev_present_reactive_power_l3,
                })
            }
            (Direction::ChargeOnly, ControlMode::Scheduled) => {
                let m = self.ac_scheduled();
                ClReqControlMode::Scheduled(ScheduledAcClReqControlMode {
                    ev_target_energy_request: m.ev_target_energy_request,
                    ev_maximum_energy_request: m.ev_maximum_energy_request,
                    ev_minimum_energy_request: m.ev_minimum_energy_request,
                    ev_maximum_charge_power: m.ev_maximum_charge_power,
                    ev_maximum_charge_power_l2: m.ev_maximum_charge_power_l2,
                    ev_maximum_charge_power_l3: m.ev_maximum_charge_power_l3,
                    ev_minimum_charge_power: m.ev_minimum_charge_power,
                    ev_minimum_charge_power_l2: m.ev_minimum_charge_power_l2,
                    ev_minimum_charge_power_l3: m.ev_minimum_charge_power_l3,
                    ev_present_active_power: m.ev_present_active_power,
                    ev_present_active_power_l2: m.ev_present_active_power_l2,
                    ev_present_active_power_l3: m.ev_present_active_power_l3,
                    ev_present_reactive_power: m.ev_present_reactive_power,
                    ev_present_reactive_power_l2: m.ev_present_reactive_power_l2,
                    ev_present_reactive_power_l3: m.ev_present_reactive_power_l3,
                })
            }
        }
    }

    fn ac_dynamic(&self) -> BptDynamicAcClReqControlMode {
        let (max_charge, min_charge, max_out, min_out) = self.ac_live();
        let (most, most_l2, most_l3) = max_charge.write();
        let (least, least_l2, least_l3) = min_charge.write();
        let (out, out_l2, out_l3) = max_out.write();
        let (low, low_l2, low_l3) = min_out.write();
        let (active, active_l2, active_l3) = self.plant.ac.measured.active.write();
        let (reactive, reactive_l2, reactive_l3) = self.plant.ac.measured.reactive.write();
        let energy = self.energy();
        BptDynamicAcClReqControlMode {
            departure_time: Some(self.plant.needs.departure_time),
            ev_target_energy_request: energy.target,
            ev_maximum_energy_request: energy.max,
            ev_minimum_energy_request: energy.min,
            ev_maximum_charge_power: most,
            ev_maximum_charge_power_l2: most_l2,
            ev_maximum_charge_power_l3: most_l3,
            ev_minimum_charge_power: least,
            ev_minimum_charge_power_l2: least_l2,
            ev_minimum_charge_power_l3: least_l3,
            ev_present_active_power: active,
            ev_present_active_power_l2: active_l2,
            ev_present_active_power_l3: active_l3,
            ev_present_reactive_power: reactive,
            ev_present_reactive_power_l2: reactive_l2,
            ev_present_reactive_power_l3: reactive_l3,
            ev_maximum_discharge_power: out,
            ev_maximum_discharge_power_l2: out_l2,
            ev_maximum_discharge_power_l3: out_l3,
            ev_minimum_discharge_power: low,
            ev_minimum_discharge_power_l2: low_l2,
            ev_minimum_discharge_power_l3: low_l3,
            ev_maximum_v2x_energy_request: energy.v2x.map(|v| v.0),
            ev_minimum_v2x_energy_request: energy.v2x.map(|v| v.1),
        }
    }

    fn ac_scheduled(&self) -> BptScheduledAcClReqControlMode {
        let m = self.ac_dynamic();
        BptScheduledAcClReqControlMode {
            ev_target_energy_request: Some(m.ev_target_energy_request),
            ev_maximum_energy_request: Some(m.ev_maximum_energy_request),
            ev_minimum_energy_request: Some(m.ev_minimum_energy_request),
            ev_maximum_charge_power: Some(m.ev_maximum_charge_power),
            ev_maximum_charge_power_l2: m.ev_maximum_charge_power_l2,
            ev_maximum_charge_power_l3: m.ev_maximum_charge_power_l3,
            ev_minimum_charge_power: Some(m.ev_minimum_charge_power),
            ev_minimum_charge_power_l2: m.ev_minimum_charge_power_l2,
            ev_minimum_charge_power_l3: m.ev_minimum_charge_power_l3,
            ev_present_active_power: m.ev_present_active_power,
            ev_present_active_power_l2: m.ev_present_active_power_l2,
            ev_present_active_power_l3: m.ev_present_active_power_l3,
            ev_present_reactive_power: Some(m.ev_present_reactive_power),
            ev_present_reactive_power_l2: m.ev_present_reactive_power_l2,
            ev_present_reactive_power_l3: m.ev_present_reactive_power_l3,
            ev_maximum_discharge_power: Some(m.ev_maximum_discharge_power),
            ev_maximum_discharge_power_l2: m.ev_maximum_discharge_power_l2,
            ev_maximum_discharge_power_l3: m.ev_maximum_discharge_power_l3,
            ev_minimum_discharge_power: Some(m.ev_minimum_discharge_power),
            ev_minimum_discharge_power_l2: m.ev_minimum_discharge_power_l2,
            ev_minimum_discharge_power_l3: m.ev_minimum_discharge_power_l3,
        }
    }
}

/// What a charger declares, with the direction that its type stands for.
pub(super) fn declared(mode: &AcCpdResMode) -> (Direction, AcStation) {
    macro_rules! station {
        ($m:ident, $discharge:expr) => {
            AcStation {
                limits: AcLimits {
                    max_charge: Phases::read(
                        $m.evse_maximum_charge_power,
                        $m.evse_maximum_charge_power_l2,
                        $m.evse_maximum_charge_power_l3,
                    ),
                    min_charge: Phases::read(
                        $m.evse_minimum_charge_power,
                        $m.evse_minimum_charge_power_l2,
                        $m.evse_minimum_charge_power_l3,
                    ),
                    discharge: $discharge,
                },
                nominal_frequency: $m.evse_nominal_frequency,
                max_asymmetry: $m.maximum_power_asymmetry,
                power_ramp: $m.evse_power_ramp_limitation,
            }
        };
    }
    match mode {
        AcCpdResMode::Ac(m) => (Direction::ChargeOnly, station!(m, None)),
        AcCpdResMode::BptAc(m) => {
            let most = Phases::read(
                m.evse_maximum_discharge_power,
                m.evse_maximum_discharge_power_l2,
                m.evse_maximum_discharge_power_l3,
            );
            let least = Phases::read(
                m.evse_minimum_discharge_power,
                m.evse_minimum_discharge_power_l2,
                m.evse_minimum_discharge_power_l3,
            );
            let discharge = (most.map(Quantity::abs), least.map(Quantity::abs));
            (Direction::Bidirectional, station!(m, Some(discharge)))
        }
    }
}

/// What a charger asks for in a round of the loop.
pub(super) fn live(mode: &ClResControlMode) -> Live {
    macro_rules! reactive {
        ($m:ident) => {
            $m.evse_target_reactive_power.map(|base| {
                Phases::read(base, $m.evse_target_reactive_power_l2, $m.evse_target_reactive_power_l3)
            })
        };
    }
    macro_rules! scheduled {
        ($m:ident, $direction:ident) => {
            Live {
                direction: Direction::$direction,
                mode: ControlMode::Scheduled,
                active: $m.evse_target_active_power.map(|base| {
                    Phases::read(base, $m.evse_target_active_power_l2, $m.evse_target_active_power_l3)
                }),
                reactive: reactive!($m),
                needs: None,
                ack_max_delay: None,
            }
        };
    }
    macro_rules! dynamic {
        ($m:ident, $direction:ident) => {
            Live {
                direction: Direction::$direction,
                mode: ControlMode::Dynamic,
                active: Some(Phases::read(
                    $m.evse_target_active_power,
                    $m.evse_target_active_power_l2,
                    $m.evse_target_active_power_l3,
                )),
                reactive: reactive!($m),
                needs: Some(StationNeeds {
                    departure_time: $m.departure_time,
                    minimum_soc: $m.minimum_soc,
                    target_soc: $m.target_soc,
                }),
                ack_max_delay: $m.ack_max_delay,
            }
        };
    }
    match mode {
        ClResControlMode::Scheduled(m) => scheduled!(m, ChargeOnly),
        ClResControlMode::BptScheduled(m) => scheduled!(m, Bidirectional),
        ClResControlMode::Dynamic(m) => dynamic!(m, ChargeOnly),
        ClResControlMode::BptDynamic(m) => dynamic!(m, Bidirectional),
    }
}
