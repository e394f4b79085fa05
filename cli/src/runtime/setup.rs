//! A scenario in the terms of the engines.

use exi_codec::Watts;
use iso15118_20::evcc::Wish;
use iso15118_20::service::{ControlMode, Direction, Family, Fee, Offer, Parameters};
use iso15118_20::{DcLimits, FlowLimits, GridPermit};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    Action, Current, Demand, Grid, Limits, ModeChoice, Power, ServiceChoice, Side, StationChange, Vehicle,
    VehicleChange, Voltage, When,
};

use crate::failure::Failure;

/// The parameter sets of every offer.
const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Dynamic), Parameters::new(2, ControlMode::Scheduled)];

/// What the charger offers.
pub(crate) fn offers(scenario: &Scenario) -> Vec<Offer<'static>> {
    let own = &scenario.station.offers;
    let services = if own.is_empty() { &scenario.services } else { own };
    services.iter().map(|service| Offer { service: service.service(), fee: Fee::Free, sets: SETS }).collect()
}

/// What the vehicle would take, best first.
pub(crate) fn wishes(scenario: &Scenario) -> Vec<Wish> {
    let modes: &[ControlMode] = match scenario.mode {
        Some(ModeChoice::Dynamic) => &[ControlMode::Dynamic],
        Some(ModeChoice::Scheduled) => &[ControlMode::Scheduled],
        None => &[ControlMode::Dynamic, ControlMode::Scheduled],
    };
    let services = scenario.services.iter();
    services.flat_map(|service| modes.iter().map(|mode| Wish::new(service.service(), *mode))).collect()
}

/// Refuses what the engines cannot do yet.
pub(crate) fn require_engine(scenario: &Scenario) -> Result<(), Failure> {
    let services = scenario.services.iter().chain(&scenario.station.offers);
    if let Some(service) = services.into_iter().find(|service| service.service().family() != Family::Dc) {
        return Err(Failure::failed(format!("the engines do not speak {} yet", service.name()))
            .advise("dc, dc-bpt, mcs and mcs-bpt work"));
    }
    let missing =
        scenario.events.iter().find(|event| !matches!(event.action, Action::Stop | Action::EmergencyStop));
    match missing {
        Some(event) => Err(Failure::failed(format!(
            "the engine of the {} does not know `{}` yet",
            event.side.name(),
            event.action.name()
        ))
        .advise("stop and emergency-stop work")),
        None => Ok(()),
    }
}

/// What charger and vehicle can do where the scenario does not say it.
pub(super) fn usual_limits(side: Side, vehicle: &Vehicle) -> Limits {
    let kilowatts = |value: i64| Some(Power::from_thousandths(value * 1_000_000));
    let amperes = |value: i64| Some(Current::from_thousandths(value * 1000));
    let battery = vehicle.battery.thousandths();
    match side {
        Side::Station => Limits {
            charge_power: kilowatts(50),
            discharge_power: kilowatts(30),
            charge_current: amperes(125),
            discharge_current: amperes(125),
            max_voltage: Some(Voltage::from_thousandths(920_000.max(battery * 6 / 5))),
            min_voltage: Some(Voltage::from_thousandths(150_000.min(battery / 2))),
        },
        Side::Vehicle => Limits {
            charge_power: kilowatts(40),
            discharge_power: kilowatts(11),
            charge_current: amperes(100),
            discharge_current: amperes(30),
            max_voltage: Some(Voltage::from_thousandths(battery * 115 / 100)),
            min_voltage: Some(Voltage::from_thousandths(battery * 75 / 100)),
        },
    }
}

/// What the vehicle asks for where the scenario does not say it.
pub(super) fn usual_demand(vehicle: &Vehicle) -> Demand {
    Demand {
        current: Some(Current::from_thousandths(60_000)),
        voltage: Some(Voltage::from_thousandths(vehicle.battery.thousandths() * 9 / 8)),
    }
}

/// Limits as the engines take them. A limit that is not said is zero.
pub(super) fn dc_limits(limits: Limits) -> DcLimits {
    let flow = |power: Option<Power>, current: Option<Current>| FlowLimits {
        max_power: power.unwrap_or_default().watts(),
        min_power: Watts::ZERO,
        max_current: current.unwrap_or_default().amperes(),
        min_current: exi_codec::Amperes::ZERO,
    };
    DcLimits {
        charge: flow(limits.charge_power, limits.charge_current),
        discharge: Some(flow(limits.discharge_power, limits.discharge_current)),
        max_voltage: limits.max_voltage.unwrap_or_default().volts(),
        min_voltage: limits.min_voltage.unwrap_or_default().volts(),
    }
}

/// The permit of the site.
pub(super) fn permit(grid: Grid) -> GridPermit {
    GridPermit {
        charge: grid.charge.map_or(GridPermit::UNLIMITED.charge, Power::watts),
        discharge: grid.discharge.map_or(GridPermit::UNLIMITED.discharge, Power::watts),
    }
}

/// A scenario of its own for who gives no file: energy goes to and fro where it may.
pub(crate) fn to_and_fro(services: Vec<ServiceChoice>, rounds: Option<u32>, swing: u32) -> Scenario {
    let swing = swing.max(1);
    let mut scenario = Scenario { services, ..Scenario::default() };
    scenario.vehicle.rounds = rounds;
    let both = scenario.services.iter().any(|s| s.service().direction() == Direction::Bidirectional);
    if both {
        let when = |first| When::Round { first, every: Some(2 * swing) };
        let power = |kilowatts: i64| Power::from_thousandths(kilowatts * 1_000_000);
        let current = |amperes: i64| Current::from_thousandths(amperes * 1000);
        for (first, kilowatts, amperes) in [(swing, -11, -25), (2 * swing, 22, 60)] {
            let dispatch = Some(power(kilowatts));
            let when = when(first);
            let (limits, grid) = (Limits::default(), Grid::default());
            scenario.station.change.push(StationChange { when, limits, grid, dispatch });
            let demand = Demand { current: Some(current(amperes)), voltage: None };
            let (discharge, target, departure) = (None, None, None);
            scenario.vehicle.change.push(VehicleChange {
                when,
                limits,
                demand,
                discharge,
                target,
                departure,
            });
        }
    }
    scenario
}
