//! A scenario in the terms of the engines.

mod limits;
mod schedule;

use iso15118_20::evcc::{EvccConfig, PauseReaction, RenegotiationStream, ValueAddedWish, Wish};
use iso15118_20::secc::{ScheduleSource, SeccConfig, Support};
use iso15118_20::service::{
    ControlMode, Direction, Family, Fee, Offer, Parameters, Pricing, ValueAdded, ValueAddedOffer,
    ValueAddedSet,
};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    Current, Demand, Grid, Limits, ModeChoice, OnPause, PhaseCount, PolicyChoice, Power, Renegotiation,
    ServiceChoice, StationChange, VehicleChange, When,
};

pub(super) use limits::{
    Bounds, ac_limits, ac_power, bounds, dc_limits, pad, permit, usual_demand, wpt_limits,
};
pub(super) use schedule::{Question, Tariff};

/// What the simulated charger calls itself.
const EVSE_ID: &str = "DE*V2G*E0001*1";
pub(super) const METER_ID: &str = "SIMULATED-1";

/// Everything that a charger of a scenario offers.
#[derive(Debug)]
pub(crate) struct Menu {
    services: Vec<ServiceChoice>,
    ac: Vec<Parameters>,
    others: Vec<Parameters>,
    internet: Vec<ValueAddedSet>,
    parking: Vec<ValueAddedSet>,
}

impl Menu {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let station = &scenario.station;
        let pricing = match &station.plan {
            Some(plan) if plan.prices.is_some() => Pricing::Absolute,
            Some(plan) if !plan.levels.is_empty() => Pricing::Levels,
            _ => Pricing::None,
        };
        let modes = modes(scenario).iter();
        let sets: Vec<Parameters> =
            (1..).zip(modes).map(|(id, mode)| Parameters::new(id, *mode).with_pricing(pricing)).collect();
        let connector = match scenario.phases {
            PhaseCount::One => 1,
            PhaseCount::Three => 2,
        };
        let added = station.value_added.iter().map(|choice| choice.set());
        let (internet, parking) = added.partition(|set| set.service() == ValueAdded::Internet);
        let own = &station.offers;
        Self {
            services: if own.is_empty() { scenario.services.clone() } else { own.clone() },
            ac: sets.iter().map(|set| set.with_connector(connector)).collect(),
            others: sets,
            internet,
            parking,
        }
    }

    pub(crate) fn offers(&self) -> Vec<Offer<'_>> {
        let sets = |service: &ServiceChoice| match service.service().family() {
            Family::Ac => &self.ac,
            _ => &self.others,
        };
        let services = self.services.iter();
        services.map(|s| Offer { service: s.service(), fee: Fee::Free, sets: sets(s) }).collect()
    }

    pub(crate) fn value_added(&self) -> Vec<ValueAddedOffer<'_>> {
        let all = [(ValueAdded::Internet, &self.internet), (ValueAdded::ParkingStatus, &self.parking)];
        all.into_iter()
            .filter(|(_, sets)| !sets.is_empty())
            .map(|(service, sets)| ValueAddedOffer { service, fee: Fee::Free, sets })
            .collect()
    }
}

/// The charger of a scenario.
pub(crate) fn station_config<'a>(
    scenario: &Scenario,
    offers: &'a [Offer<'a>],
    value_added: &'a [ValueAddedOffer<'a>],
) -> SeccConfig<'a> {
    SeccConfig {
        value_added,
        schedules: match scenario.station.plan {
            Some(_) => ScheduleSource::Host,
            None => ScheduleSource::Engine,
        },
        standby: Support::Offered,
        service_renegotiation: Support::Offered,
        ..SeccConfig::new(EVSE_ID, METER_ID, offers, scenario.profile.settings())
    }
}

/// The vehicle of a scenario.
pub(crate) fn vehicle_config<'a>(
    scenario: &Scenario,
    evcc_id: &'a str,
    wishes: &'a [Wish],
    value_added: &'a [ValueAddedWish],
) -> EvccConfig<'a> {
    EvccConfig {
        value_added,
        on_pause: match scenario.vehicle.on_pause {
            OnPause::Pause => PauseReaction::Pause,
            OnPause::Standby => PauseReaction::Standby,
            OnPause::Leave => PauseReaction::Leave,
        },
        renegotiation: match scenario.vehicle.renegotiation {
            Renegotiation::Side => RenegotiationStream::Side,
            Renegotiation::Main => RenegotiationStream::Main,
        },
        policy: scenario.vehicle.policy.map(PolicyChoice::policy),
        settings: scenario.profile.settings(),
        ..EvccConfig::new(evcc_id, wishes)
    }
}

/// Who may plan, best first.
fn modes(scenario: &Scenario) -> &'static [ControlMode] {
    match scenario.mode {
        Some(ModeChoice::Dynamic) => &[ControlMode::Dynamic],
        Some(ModeChoice::Scheduled) => &[ControlMode::Scheduled],
        None => &[ControlMode::Dynamic, ControlMode::Scheduled],
    }
}

/// What the vehicle would take, best first.
pub(crate) fn wishes(scenario: &Scenario) -> Vec<Wish> {
    let modes = modes(scenario);
    let services = scenario.services.iter();
    services.flat_map(|service| modes.iter().map(|mode| Wish::new(service.service(), *mode))).collect()
}

/// Value-added services that the vehicle would take.
pub(crate) fn value_added_wishes(scenario: &Scenario) -> Vec<ValueAddedWish> {
    scenario.vehicle.value_added.iter().map(|choice| choice.wish()).collect()
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
            let demand =
                Demand { current: Some(current(amperes)), power: Some(power(kilowatts)), voltage: None };
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
