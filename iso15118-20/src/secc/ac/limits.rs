//! The limits of this moment, and how AC messages carry them.

use exi_codec::iso20::ac::{
    AcCpdReqEnergyTransferMode, AcCpdReqMode, AcCpdResEnergyTransferMode, AcCpdResMode,
    BptAcCpdReqEnergyTransferMode, BptAcCpdResEnergyTransferMode, BptDynamicAcClReqControlMode,
    BptDynamicAcClResControlMode, BptScheduledAcClReqControlMode, BptScheduledAcClResControlMode,
    ClReqControlMode, ClResControlMode, DynamicAcClReqControlMode, DynamicAcClResControlMode,
    ScheduledAcClReqControlMode, ScheduledAcClResControlMode,
};
use exi_codec::{Quantity, Watt, WattHours, Watts};

use super::super::engine::Core;
use crate::power::{AcLimits, Phases};
use crate::service::{ControlMode, Direction};

type Power = Phases<Watt>;

/// One of three elements of a message; the first is there or nothing is.
fn optional(base: Option<Watts>, l2: Option<Watts>, l3: Option<Watts>) -> Option<Power> {
    base.map(|base| Phases::read(base, l2, l3))
}

fn magnitude(power: Power) -> Power {
    power.map(Quantity::abs)
}

impl Core<'_> {
    /// What the charger allows now: hardware, announcement, grid and schedule.
    fn ac_own_limits(&self) -> AcLimits {
        let limits = self
            .ac
            .limits
            .narrowed(&self.ac.announced)
            .permitted(self.plant.permit)
            .directed(self.direction());
        if self.mode() == Some(ControlMode::Scheduled) {
            let (charge, discharge) = self.plan.power_at(self.unix());
            return limits.limited(charge, discharge);
        }
        limits
    }

    /// What charger and vehicle both allow now.
    pub(in super::super) fn ac_joint_limits(&self) -> AcLimits {
        let joint = self.ac_own_limits().narrowed(&self.ac.declared).narrowed(&self.ac.live);
        if self.may_discharge() { joint } else { joint.directed(Direction::ChargeOnly) }
    }

    fn ac_signed(&self, power: Power) -> Power {
        use crate::settings::DischargeSign;
        match self.config.settings.discharge_sign {
            DischargeSign::Positive => magnitude(power),
            DischargeSign::Negative => magnitude(power).map(Quantity::negated),
        }
    }

    /// The most that the vehicle declared in either direction.
    fn ac_vehicle_power(&self) -> Watts {
        let (out, _) = self.ac.declared.discharge.unwrap_or_default();
        self.ac.declared.max_charge.total().max(out.total())
    }

    /// The limits of the charge parameters, for the selected direction.
    pub(super) fn ac_charge_parameters(&self) -> AcCpdResMode {
        let AcLimits { max_charge, min_charge, discharge } = self.ac.announced;
        let (max, max_l2, max_l3) = max_charge.write();
        let (min, min_l2, min_l3) = min_charge.write();
        let present = self.ac.measured.map(|measured| measured.active.write());
        let plain = AcCpdResEnergyTransferMode {
            evse_maximum_charge_power: max,
            evse_maximum_charge_power_l2: max_l2,
            evse_maximum_charge_power_l3: max_l3,
            evse_minimum_charge_power: min,
            evse_minimum_charge_power_l2: min_l2,
            evse_minimum_charge_power_l3: min_l3,
            evse_nominal_frequency: self.ac.grid.frequency,
            maximum_power_asymmetry: self.ac.grid.asymmetry.map(Watts::number),
            evse_power_ramp_limitation: self.ramp_limitation(self.ac_vehicle_power()),
            evse_present_active_power: present.map(|(base, ..)| base),
            evse_present_active_power_l2: present.and_then(|(_, l2, _)| l2),
            evse_present_active_power_l3: present.and_then(|(_, _, l3)| l3),
        };
        if self.direction() == Direction::ChargeOnly {
            return AcCpdResMode::Ac(plain);
        }
        let (most, least) = discharge.unwrap_or_default();
        let (out, out_l2, out_l3) = self.ac_signed(most).write();
        let (least, least_l2, least_l3) = self.ac_signed(least).write();
        AcCpdResMode::BptAc(BptAcCpdResEnergyTransferMode {
            evse_maximum_charge_power: max,
            evse_maximum_charge_power_l2: max_l2,
            evse_maximum_charge_power_l3: max_l3,
            evse_minimum_charge_power: min,
            evse_minimum_charge_power_l2: min_l2,
            evse_minimum_charge_power_l3: min_l3,
            evse_nominal_frequency: plain.evse_nominal_frequency,
            maximum_power_asymmetry: plain.maximum_power_asymmetry,
            evse_power_ramp_limitation: plain.evse_power_ramp_limitation,
            evse_present_active_power: plain.evse_present_active_power,
            evse_present_active_power_l2: plain.evse_present_active_power_l2,
            evse_present_active_power_l3: plain.evse_present_active_power_l3,
            evse_maximum_discharge_power: out,
            evse_maximum_discharge_power_l2: out_l2,
            evse_maximum_discharge_power_l3: out_l3,
            evse_minimum_discharge_power: least,
            evse_minimum_discharge_power_l2: least_l2,
            evse_minimum_discharge_power_l3: least_l3,
        })
    }

    /// Which way a vehicle that plans is going. One that would not charge now, and could give, is about to: a target
    /// the other way would keep it from turning.
    pub(in super::super) fn ac_heads_out(&self) -> bool {
        let gives =
            self.vehicle.status.power.is_some_and(|power| power < self.config.settings.open_power.negated());
        let live = &self.ac.live;
        let able = live.discharge.is_some_and(|(most, _)| !most.is_zero());
        gives || able && live.max_charge.total() <= Watts::ZERO
    }

    /// Where the vehicle plans it needs to hear of a target only where that is below its schedule, and below what
    /// it can do anyway: a target in the one direction would keep it from turning to the other.
    fn scheduled_target(&self) -> Option<Power> {
        let (charge, discharge) = self.plan.power_at(self.unix());
        let own = self.ac.declared.narrowed(&self.ac.live);
        let (planned, able) = if self.ac_heads_out() {
            (discharge, own.discharge.unwrap_or_default().0.total())
        } else {
            (charge, own.max_charge.total())
        };
        let active = self.ac.output.active;
        (active.total().abs() < planned.abs().min(able.abs())).then_some(active)
    }

    /// The targets of a round of the loop, for the selected direction and control mode.
    pub(super) fn ac_targets(&self) -> ClResControlMode {
        let mode = self.mode().unwrap_or(ControlMode::Dynamic);
        let output = self.ac.output;
        let present = self.ac.measured.map(|measured| measured.active.write());
        let reactive = output.reactive.map(Phases::write);
        let target = match mode {
            ControlMode::Dynamic => Some(output.active),
            ControlMode::Scheduled => self.scheduled_target(),
        };
        let active = target.map(Phases::write);
        let mobility = self.mobility();
        let evse_present_active_power = present.map(|(base, ..)| base);
        let evse_present_active_power_l2 = present.and_then(|(_, l2, _)| l2);
        let evse_present_active_power_l3 = present.and_then(|(_, _, l3)| l3);
        let evse_target_reactive_power = reactive.map(|(base, ..)| base);
        let evse_target_reactive_power_l2 = reactive.and_then(|(_, l2, _)| l2);
        let evse_target_reactive_power_l3 = reactive.and_then(|(_, _, l3)| l3);
        let base = active.map(|(base, ..)| base);
        let evse_target_active_power_l2 = active.and_then(|(_, l2, _)| l2);
        let evse_target_active_power_l3 = active.and_then(|(_, _, l3)| l3);

        macro_rules! dynamic {
            ($type:ident) => {
                $type {
                    departure_time: mobility.departure_time,
                    minimum_soc: mobility.minimum_soc,
                    target_soc: mobility.target_soc,
                    ack_max_delay: self.config.ack_max_delay,
                    evse_target_active_power: base.unwrap_or_default(),
                    evse_target_active_power_l2,
                    evse_target_active_power_l3,
                    evse_target_reactive_power,
                    evse_target_reactive_power_l2,
                    evse_target_reactive_power_l3,
                    evse_present_active_power,
                    evse_present_active_power_l2,
                    evse_present_active_power_l3,
                }
            };
        }
        macro_rules! scheduled {
            ($type:ident) => {
                $type {
                    evse_target_active_power: base,
                    evse_target_active_power_l2,
                    evse_target_active_power_l3,
                    evse_target_reactive_power,
                    evse_target_reactive_power_l2,
                    evse_target_reactive_power_l3,
                    evse_present_active_power,
                    evse_present_active_power_l2,
                    evse_present_active_power_l3,
                }
            };
        }
        match (self.direction(), mode) {
            (Direction::ChargeOnly, ControlMode::Dynamic) => {
                ClResControlMode::Dynamic(dynamic!(DynamicAcClResControlMode))
            }
            (Direction::Bidirectional, ControlMode::Dynamic) => {
                ClResControlMode::BptDynamic(dynamic!(BptDynamicAcClResControlMode))
            }
            (Direction::ChargeOnly, ControlMode::Scheduled) => {
                ClResControlMode::Scheduled(scheduled!(ScheduledAcClResControlMode))
            }
            (Direction::Bidirectional, ControlMode::Scheduled) => {
                ClResControlMode::BptScheduled(scheduled!(BptScheduledAcClResControlMode))
            }
        }
    }
}

/// The limits into the vehicle, the same in every type of message.
macro_rules! charge {
    ($m:expr) => {
        AcLimits {
            max_charge: Phases::read(
                $m.ev_maximum_charge_power,
                $m.ev_maximum_charge_power_l2,
                $m.ev_maximum_charge_power_l3,
            ),
            min_charge: Phases::read(
                $m.ev_minimum_charge_power,
                $m.ev_minimum_charge_power_l2,
                $m.ev_minimum_charge_power_l3,
            ),
            discharge: None,
        }
    };
}

/// The limits out of the vehicle.
macro_rules! discharge {
    ($m:expr) => {
        Some((
            magnitude(Phases::read(
                $m.ev_maximum_discharge_power,
                $m.ev_maximum_discharge_power_l2,
                $m.ev_maximum_discharge_power_l3,
            )),
            magnitude(Phases::read(
                $m.ev_minimum_discharge_power,
                $m.ev_minimum_discharge_power_l2,
                $m.ev_minimum_discharge_power_l3,
            )),
        ))
    };
}

/// What a vehicle declares, with the direction that its type stands for.
pub(super) fn declared(mode: &AcCpdReqMode) -> (Direction, AcLimits) {
    match mode {
        AcCpdReqMode::Ac(m) => (Direction::ChargeOnly, plain(m)),
        AcCpdReqMode::BptAc(m) => (Direction::Bidirectional, bidirectional(m)),
    }
}

fn plain(m: &AcCpdReqEnergyTransferMode) -> AcLimits {
    charge!(m)
}

fn bidirectional(m: &BptAcCpdReqEnergyTransferMode) -> AcLimits {
    AcLimits { discharge: discharge!(m), ..charge!(m) }
}

/// What a vehicle says in a round of the loop.
pub(super) struct Round {
    pub(super) direction: Direction,
    pub(super) mode: ControlMode,
    pub(super) live: AcLimits,
    pub(super) present: Power,
    pub(super) energy: [Option<WattHours>; 3],
    pub(super) v2x: [Option<WattHours>; 2],
    pub(super) departure_time: Option<u32>,
}

macro_rules! dynamic_round {
    ($m:expr, $direction:expr, $live:expr, $v2x:expr) => {
        Round {
            direction: $direction,
            mode: ControlMode::Dynamic,
            live: $live,
            present: Phases::read(
                $m.ev_present_active_power,
                $m.ev_present_active_power_l2,
                $m.ev_present_active_power_l3,
            ),
            energy: [
                Some($m.ev_target_energy_request),
                Some($m.ev_maximum_energy_request),
                Some($m.ev_minimum_energy_request),
            ],
            v2x: $v2x,
            departure_time: $m.departure_time,
        }
    };
}

macro_rules! scheduled_round {
    ($m:expr, $direction:expr, $declared:expr, $discharge:expr) => {
        Round {
            direction: $direction,
            mode: ControlMode::Scheduled,
            live: AcLimits {
                max_charge: optional(
                    $m.ev_maximum_charge_power,
                    $m.ev_maximum_charge_power_l2,
                    $m.ev_maximum_charge_power_l3,
                )
                .unwrap_or($declared.max_charge),
                min_charge: optional(
                    $m.ev_minimum_charge_power,
                    $m.ev_minimum_charge_power_l2,
                    $m.ev_minimum_charge_power_l3,
                )
                .unwrap_or($declared.min_charge),
                discharge: $discharge,
            },
            present: Phases::read(
                $m.ev_present_active_power,
                $m.ev_present_active_power_l2,
                $m.ev_present_active_power_l3,
            ),
            energy: [$m.ev_target_energy_request, $m.ev_maximum_energy_request, $m.ev_minimum_energy_request],
            v2x: [None; 2],
            departure_time: None,
        }
    };
}

/// Reads a round; limits that are left out stay as declared.
pub(super) fn round(mode: &ClReqControlMode, declared: &AcLimits) -> Round {
    match mode {
        ClReqControlMode::Dynamic(m) => dynamic(m),
        ClReqControlMode::BptDynamic(m) => bpt_dynamic(m),
        ClReqControlMode::Scheduled(m) => scheduled(m, declared),
        ClReqControlMode::BptScheduled(m) => bpt_scheduled(m, declared),
    }
}

fn dynamic(m: &DynamicAcClReqControlMode) -> Round {
    dynamic_round!(m, Direction::ChargeOnly, charge!(m), [None; 2])
}

fn bpt_dynamic(m: &BptDynamicAcClReqControlMode) -> Round {
    let live = AcLimits { discharge: discharge!(m), ..charge!(m) };
    let v2x = [m.ev_maximum_v2x_energy_request, m.ev_minimum_v2x_energy_request];
    dynamic_round!(m, Direction::Bidirectional, live, v2x)
}

fn scheduled(m: &ScheduledAcClReqControlMode, declared: &AcLimits) -> Round {
    scheduled_round!(m, Direction::ChargeOnly, declared, None)
}

fn bpt_scheduled(m: &BptScheduledAcClReqControlMode, declared: &AcLimits) -> Round {
    let (most, least) = declared.discharge.unwrap_or_default();
    let most = optional(
        m.ev_maximum_discharge_power,
        m.ev_maximum_discharge_power_l2,
        m.ev_maximum_discharge_power_l3,
    )
    .map_or(most, magnitude);
    let least = optional(
        m.ev_minimum_discharge_power,
        m.ev_minimum_discharge_power_l2,
        m.ev_minimum_discharge_power_l3,
    )
    .map_or(least, magnitude);
    scheduled_round!(m, Direction::Bidirectional, declared, Some((most, least)))
}
