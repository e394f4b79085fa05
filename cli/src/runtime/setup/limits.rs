//! Limits of a scenario as each family has them.

use exi_codec::{Amperes, Frequency, Quantity, Rounding, Watt, Watts};
use iso15118_20::{AcLimits, DcLimits, FlowLimits, GridPermit, Phases, WptLimits, WptPad};
use v2g_scenario::scenario::{Current, Demand, Grid, Limits, PhaseCount, Power, Side, Vehicle, Voltage};

use crate::runtime::plant::power_of;

/// Most power into and out of the vehicle, W.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::runtime) struct Bounds {
    pub(in crate::runtime) charge: f64,
    pub(in crate::runtime) discharge: f64,
}

impl Bounds {
    /// Nothing is known of any limit.
    pub(in crate::runtime) const NONE: Self = Self { charge: f64::INFINITY, discharge: f64::INFINITY };

    /// What both allow.
    pub(in crate::runtime) fn and(self, other: Self) -> Self {
        Self { charge: self.charge.min(other.charge), discharge: self.discharge.min(other.discharge) }
    }
}

impl From<&DcLimits> for Bounds {
    fn from(limits: &DcLimits) -> Self {
        let discharge = limits.discharge.unwrap_or_default().max_power;
        Self { charge: power_of(limits.charge.max_power), discharge: power_of(discharge).abs() }
    }
}

impl From<&AcLimits> for Bounds {
    fn from(limits: &AcLimits) -> Self {
        let (discharge, _) = limits.discharge.unwrap_or_default();
        Self { charge: power_of(limits.max_charge.total()), discharge: power_of(discharge.total()).abs() }
    }
}

impl From<GridPermit> for Bounds {
    fn from(permit: GridPermit) -> Self {
        Self { charge: power_of(permit.charge), discharge: power_of(permit.discharge) }
    }
}

const fn kilowatts(value: i64) -> Power {
    Power::from_thousandths(value * 1_000_000)
}

/// What charger and vehicle can do over DC where the scenario does not say it.
fn usual_dc(side: Side, vehicle: &Vehicle) -> Limits {
    let amperes = |value: i64| Some(Current::from_thousandths(value * 1000));
    let battery = vehicle.battery.thousandths();
    match side {
        Side::Station => Limits {
            charge_power: Some(kilowatts(50)),
            discharge_power: Some(kilowatts(30)),
            charge_current: amperes(125),
            discharge_current: amperes(125),
            max_voltage: Some(Voltage::from_thousandths(920_000.max(battery * 6 / 5))),
            min_voltage: Some(Voltage::from_thousandths(150_000.min(battery / 2))),
        },
        Side::Vehicle => Limits {
            charge_power: Some(kilowatts(40)),
            discharge_power: Some(kilowatts(11)),
            charge_current: amperes(100),
            discharge_current: amperes(30),
            max_voltage: Some(Voltage::from_thousandths(battery * 115 / 100)),
            min_voltage: Some(Voltage::from_thousandths(battery * 75 / 100)),
        },
    }
}

/// What charger and vehicle can do over AC or a coil where the scenario does not say it.
fn usual_ac(side: Side) -> Limits {
    let charge_power = Some(match side {
        Side::Station => kilowatts(22),
        Side::Vehicle => kilowatts(11),
    });
    Limits { charge_power, discharge_power: charge_power, ..Limits::default() }
}

/// What the vehicle asks for where the scenario does not say it.
pub(in crate::runtime) fn usual_demand(vehicle: &Vehicle) -> Demand {
    Demand {
        current: Some(Current::from_thousandths(60_000)),
        power: Some(kilowatts(11)),
        voltage: Some(Voltage::from_thousandths(vehicle.battery.thousandths() * 9 / 8)),
    }
}

/// Limits over DC.
pub(in crate::runtime) fn dc_limits(said: Limits, side: Side, vehicle: &Vehicle) -> DcLimits {
    let limits = said.or(usual_dc(side, vehicle));
    let flow = |power: Option<Power>, current: Option<Current>| FlowLimits {
        max_power: power.unwrap_or_default().watts(),
        min_power: Watts::ZERO,
        max_current: current.unwrap_or_default().amperes(),
        min_current: Amperes::ZERO,
    };
    DcLimits {
        charge: flow(limits.charge_power, limits.charge_current),
        discharge: Some(flow(limits.discharge_power, limits.discharge_current)),
        max_voltage: limits.max_voltage.unwrap_or_default().volts(),
        min_voltage: limits.min_voltage.unwrap_or_default().volts(),
    }
}

/// Power of an AC connection: a third in each of three phases.
pub(in crate::runtime) fn ac_power(power: Watts, phases: PhaseCount) -> Phases<Watt> {
    match phases {
        PhaseCount::One => Phases::Total(power),
        PhaseCount::Three => {
            let third = power.to_milli_saturating(Rounding::TowardsZero) / 3;
            Phases::Each([Quantity::from_milli(third, Rounding::TowardsZero); 3])
        }
    }
}

/// Limits over AC.
pub(in crate::runtime) fn ac_limits(said: Limits, side: Side, phases: PhaseCount) -> AcLimits {
    let limits = said.or(usual_ac(side));
    let all = |power: Option<Power>| ac_power(power.unwrap_or_default().watts(), phases);
    let none = ac_power(Watts::ZERO, phases);
    AcLimits {
        max_charge: all(limits.charge_power),
        min_charge: none,
        discharge: Some((all(limits.discharge_power), none)),
    }
}

/// The charger's coil.
pub(in crate::runtime) fn pad(said: Limits) -> WptPad {
    WptPad {
        max_power: said.or(usual_ac(Side::Station)).charge_power.unwrap_or_default().watts(),
        min_power: Watts::ZERO,
        max_clearance: 250,
        min_clearance: 100,
        max_current: Amperes::new(75, 0),
        min_current: Amperes::ZERO,
        ..WptPad::default()
    }
}

/// The vehicle's coil.
pub(in crate::runtime) fn wpt_limits(said: Limits) -> WptLimits {
    WptLimits {
        max_power: said.or(usual_ac(Side::Vehicle)).charge_power.unwrap_or_default().watts(),
        max_clearance: 210,
        min_clearance: 140,
        frequency: Frequency::new(85, 3),
    }
}

/// Most power of an end, for a family.
pub(in crate::runtime) fn bounds(
    said: Limits,
    side: Side,
    family: iso15118_20::service::Family,
    vehicle: &Vehicle,
) -> Bounds {
    use iso15118_20::service::Family;
    match family {
        Family::Ac => Bounds::from(&ac_limits(said, side, PhaseCount::One)),
        Family::Dc | Family::Acdp => Bounds::from(&dc_limits(said, side, vehicle)),
        Family::Wpt => {
            let charge = said.or(usual_ac(side)).charge_power.unwrap_or_default();
            Bounds { charge: power_of(charge.watts()), discharge: 0.0 }
        }
    }
}

/// The permit of the site.
pub(in crate::runtime) fn permit(grid: Grid) -> GridPermit {
    GridPermit {
        charge: grid.charge.map_or(GridPermit::UNLIMITED.charge, Power::watts),
        discharge: grid.discharge.map_or(GridPermit::UNLIMITED.discharge, Power::watts),
    }
}
