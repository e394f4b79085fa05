//! Limits as messages say them, read a second time and apart from the engines.

use exi_codec::iso20::{ac, dc};
use exi_codec::{Amperes, Quantity, Unit, Watt, WattHours, Watts};
use iso15118_20::service::{ControlMode, Direction};
use iso15118_20::{AcLimits, DcLimits, FlowLimits, Phases};

use Direction::{Bidirectional, ChargeOnly};

fn flow(power: Watts, current: Amperes) -> FlowLimits {
    FlowLimits { max_power: power, max_current: current, ..FlowLimits::default() }
}

fn out(power: Watts, current: Amperes) -> FlowLimits {
    flow(power.abs(), current.abs())
}

/// What a DC vehicle declares.
pub fn dc_vehicle(mode: &dc::DcCpdReqMode) -> (Direction, DcLimits) {
    match mode {
        dc::DcCpdReqMode::Dc(m) => (
            ChargeOnly,
            DcLimits {
                charge: flow(m.ev_maximum_charge_power, m.ev_maximum_charge_current),
                discharge: None,
                max_voltage: m.ev_maximum_voltage,
                min_voltage: m.ev_minimum_voltage,
            },
        ),
        dc::DcCpdReqMode::BptDc(m) => (
            Bidirectional,
            DcLimits {
                charge: flow(m.ev_maximum_charge_power, m.ev_maximum_charge_current),
                discharge: Some(out(m.ev_maximum_discharge_power, m.ev_maximum_discharge_current)),
                max_voltage: m.ev_maximum_voltage,
                min_voltage: m.ev_minimum_voltage,
            },
        ),
    }
}

/// What a DC charger declares.
pub fn dc_station(mode: &dc::DcCpdResMode) -> (Direction, DcLimits) {
    match mode {
        dc::DcCpdResMode::Dc(m) => (
            ChargeOnly,
            DcLimits {
                charge: flow(m.evse_maximum_charge_power, m.evse_maximum_charge_current),
                discharge: None,
                max_voltage: m.evse_maximum_voltage,
                min_voltage: m.evse_minimum_voltage,
            },
        ),
        dc::DcCpdResMode::BptDc(m) => (
            Bidirectional,
            DcLimits {
                charge: flow(m.evse_maximum_charge_power, m.evse_maximum_charge_current),
                discharge: Some(out(m.evse_maximum_discharge_power, m.evse_maximum_discharge_current)),
                max_voltage: m.evse_maximum_voltage,
                min_voltage: m.evse_minimum_voltage,
            },
        ),
    }
}

/// What a vehicle says in a round of the loop.
#[derive(Clone, Copy, Debug)]
pub struct Round<L> {
    pub direction: Direction,
    pub mode: ControlMode,
    pub live: L,
    /// Energy to the minimum.
    pub min_energy: Option<WattHours>,
}

/// A DC round; what is left out stays as declared.
pub fn dc_round(mode: &dc::ClReqControlMode, declared: &DcLimits) -> Round<DcLimits> {
    use dc::ClReqControlMode as M;
    let charge = declared.charge;
    let discharge = declared.discharge.unwrap_or_default();
    match mode {
        M::Dynamic(m) => Round {
            direction: ChargeOnly,
            mode: ControlMode::Dynamic,
            live: DcLimits {
                charge: flow(m.ev_maximum_charge_power, m.ev_maximum_charge_current),
                discharge: None,
                max_voltage: m.ev_maximum_voltage,
                min_voltage: m.ev_minimum_voltage,
            },
            min_energy: Some(m.ev_minimum_energy_request),
        },
        M::BptDynamic(m) => Round {
            direction: Bidirectional,
            mode: ControlMode::Dynamic,
            live: DcLimits {
                charge: flow(m.ev_maximum_charge_power, m.ev_maximum_charge_current),
                discharge: Some(out(m.ev_maximum_discharge_power, m.ev_maximum_discharge_current)),
                max_voltage: m.ev_maximum_voltage,
                min_voltage: m.ev_minimum_voltage,
            },
            min_energy: Some(m.ev_minimum_energy_request),
        },
        M::Scheduled(m) => Round {
            direction: ChargeOnly,
            mode: ControlMode::Scheduled,
            live: DcLimits {
                charge: flow(
                    m.ev_maximum_charge_power.unwrap_or(charge.max_power),
                    m.ev_maximum_charge_current.unwrap_or(charge.max_current),
                ),
                discharge: None,
                max_voltage: m.ev_maximum_voltage.unwrap_or(declared.max_voltage),
                min_voltage: m.ev_minimum_voltage.unwrap_or(declared.min_voltage),
            },
            min_energy: m.ev_minimum_energy_request,
        },
        M::BptScheduled(m) => Round {
            direction: Bidirectional,
            mode: ControlMode::Scheduled,
            live: DcLimits {
                charge: flow(
                    m.ev_maximum_charge_power.unwrap_or(charge.max_power),
                    m.ev_maximum_charge_current.unwrap_or(charge.max_current),
                ),
                discharge: Some(out(
                    m.ev_maximum_discharge_power.unwrap_or(discharge.max_power),
                    m.ev_maximum_discharge_current.unwrap_or(discharge.max_current),
                )),
                max_voltage: m.ev_maximum_voltage.unwrap_or(declared.max_voltage),
                min_voltage: m.ev_minimum_voltage.unwrap_or(declared.min_voltage),
            },
            min_energy: m.ev_minimum_energy_request,
        },
    }
}

fn magnitude(power: Phases<Watt>) -> Phases<Watt> {
    power.map(Quantity::abs)
}

macro_rules! phases {
    ($m:ident, $base:ident $l2:ident $l3:ident) => {
        Phases::read($m.$base, $m.$l2, $m.$l3)
    };
}

macro_rules! optional {
    ($m:ident, $base:ident $l2:ident $l3:ident, $or:expr) => {
        $m.$base.map_or($or, |base| Phases::read(base, $m.$l2, $m.$l3))
    };
}

macro_rules! ev_charge {
    ($m:ident) => {
        AcLimits {
            max_charge: phases!($m, ev_maximum_charge_power ev_maximum_charge_power_l2 ev_maximum_charge_power_l3),
            ..AcLimits::default()
        }
    };
}

macro_rules! ev_discharge {
    ($m:ident) => {
        Some((
            magnitude(phases!($m,
                ev_maximum_discharge_power ev_maximum_discharge_power_l2 ev_maximum_discharge_power_l3)),
            Phases::default(),
        ))
    };
}

/// What an AC vehicle declares.
pub fn ac_vehicle(mode: &ac::AcCpdReqMode) -> (Direction, AcLimits) {
    match mode {
        ac::AcCpdReqMode::Ac(m) => (ChargeOnly, ev_charge!(m)),
        ac::AcCpdReqMode::BptAc(m) => {
            (Bidirectional, AcLimits { discharge: ev_discharge!(m), ..ev_charge!(m) })
        }
    }
}

/// What an AC charger declares.
pub fn ac_station(mode: &ac::AcCpdResMode) -> (Direction, AcLimits) {
    macro_rules! charge {
        ($m:ident) => {
            AcLimits {
                max_charge: phases!($m,
                    evse_maximum_charge_power evse_maximum_charge_power_l2 evse_maximum_charge_power_l3),
                ..AcLimits::default()
            }
        };
    }
    match mode {
        ac::AcCpdResMode::Ac(m) => (ChargeOnly, charge!(m)),
        ac::AcCpdResMode::BptAc(m) => {
            let most = magnitude(phases!(m,
                evse_maximum_discharge_power evse_maximum_discharge_power_l2 evse_maximum_discharge_power_l3));
            (Bidirectional, AcLimits { discharge: Some((most, Phases::default())), ..charge!(m) })
        }
    }
}

/// An AC round; what is left out stays as declared.
pub fn ac_round(mode: &ac::ClReqControlMode, declared: &AcLimits) -> Round<AcLimits> {
    use ac::ClReqControlMode as M;
    let (most_out, _) = declared.discharge.unwrap_or_default();
    macro_rules! scheduled {
        ($m:ident, $direction:expr, $discharge:expr) => {
            Round {
                direction: $direction,
                mode: ControlMode::Scheduled,
                live: AcLimits {
                    max_charge: optional!($m,
                        ev_maximum_charge_power ev_maximum_charge_power_l2 ev_maximum_charge_power_l3,
                        declared.max_charge),
                    discharge: $discharge,
                    ..AcLimits::default()
                },
                min_energy: $m.ev_minimum_energy_request,
            }
        };
    }
    match mode {
        M::Dynamic(m) => Round {
            direction: ChargeOnly,
            mode: ControlMode::Dynamic,
            live: ev_charge!(m),
            min_energy: Some(m.ev_minimum_energy_request),
        },
        M::BptDynamic(m) => Round {
            direction: Bidirectional,
            mode: ControlMode::Dynamic,
            live: AcLimits { discharge: ev_discharge!(m), ..ev_charge!(m) },
            min_energy: Some(m.ev_minimum_energy_request),
        },
        M::Scheduled(m) => scheduled!(m, ChargeOnly, None),
        M::BptScheduled(m) => scheduled!(
            m,
            Bidirectional,
            Some((
                magnitude(optional!(m,
                    ev_maximum_discharge_power ev_maximum_discharge_power_l2 ev_maximum_discharge_power_l3,
                    most_out)),
                Phases::default(),
            ))
        ),
    }
}

/// What an AC charger asks for, and where it plans.
pub fn ac_target(mode: &ac::ClResControlMode) -> (ControlMode, Option<Phases<Watt>>) {
    use ac::ClResControlMode as M;
    macro_rules! target {
        ($m:ident) => {
            phases!($m, evse_target_active_power evse_target_active_power_l2 evse_target_active_power_l3)
        };
    }
    macro_rules! wish {
        ($m:ident) => {
            $m.evse_target_active_power.map(|base| {
                Phases::read(base, $m.evse_target_active_power_l2, $m.evse_target_active_power_l3)
            })
        };
    }
    match mode {
        M::Dynamic(m) => (ControlMode::Dynamic, Some(target!(m))),
        M::BptDynamic(m) => (ControlMode::Dynamic, Some(target!(m))),
        M::Scheduled(m) => (ControlMode::Scheduled, wish!(m)),
        M::BptScheduled(m) => (ControlMode::Scheduled, wish!(m)),
    }
}

/// mW, for exact comparisons of sums.
pub fn milli<U: Unit>(quantity: Quantity<U>) -> i128 {
    i128::from(quantity.to_milli_saturating(exi_codec::Rounding::TowardsZero))
}

pub fn total(power: Phases<Watt>) -> i128 {
    match power {
        Phases::Total(total) => milli(total),
        Phases::Each(phases) => phases.into_iter().map(milli).sum(),
    }
}

/// Whether a power without sign stays within a limit, as a whole and phase by phase where both say so.
pub fn within(power: Phases<Watt>, limit: Phases<Watt>) -> bool {
    let phases = match (power, limit) {
        (Phases::Each(own), Phases::Each(most)) => {
            own.iter().zip(most).all(|(own, most)| milli(*own) <= milli(most).max(0))
        }
        _ => true,
    };
    phases && total(power) <= total(limit.map(|power| power.max(Watts::ZERO)))
}

/// A schedule as a message carries it: start, and seconds with total power.
#[derive(Clone, Debug, Default)]
pub struct Course {
    pub start: u64,
    pub steps: Vec<(u64, i128)>,
}

impl Course {
    pub fn read(schedule: &exi_codec::iso20::common_messages::PowerSchedule<'_>) -> Self {
        let anchor = schedule.time_anchor;
        let steps = schedule.power_schedule_entries.iter().map(|entry| {
            let phases = Phases::read(entry.power, entry.power_l2, entry.power_l3);
            (u64::from(entry.duration), total(phases.map(Quantity::abs)))
        });
        Self {
            start: if anchor > 100_000_000_000 { anchor / 1_000_000 } else { anchor },
            steps: steps.collect(),
        }
    }

    /// Most power, mW. Before the start the first entry holds, after the end nothing.
    pub fn at(&self, time: u64) -> i128 {
        let mut left = time.saturating_sub(self.start);
        for (duration, power) in &self.steps {
            if left < *duration {
                return *power;
            }
            left -= duration;
        }
        0
    }
}
