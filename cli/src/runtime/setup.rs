//! A scenario in the terms of the engines.

mod limits;
mod receipt;
mod schedule;

use exi_codec::iso20::common_types::PercentValue;
use iso15118_20::SCHEDULE_ENTRIES;
use iso15118_20::evcc::{EvccConfig, PauseReaction, RenegotiationStream, ValueAddedWish, Wish};
use iso15118_20::secc::{ScheduleSource, SeccConfig, Support};
use iso15118_20::service::{
    BptParameters, ControlMode, Direction, Family, Fee, MobilityNeeds, Offer, Parameters, Pricing, Service,
    ValueAdded, ValueAddedOffer, ValueAddedSet,
};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{
    ChannelChoice, Current, Demand, GeneratorChoice, Grid, IslandingChoice, Limits, MobilityChoice,
    ModeChoice, OnPause, PhaseCount, PolicyChoice, Power, PricingChoice, Renegotiation, ServiceChoice, Span,
    StationChange, VehicleChange, When,
};

pub(super) use limits::{
    Bounds, ac_limits, ac_power, bounds, dc_limits, pad, permit, usual_demand, wpt_limits,
};
pub(super) use receipt::costs;
pub(crate) use schedule::Workspace;
pub(super) use schedule::{Question, Tariff};

/// What the simulated charger calls itself.
const EVSE_ID: &str = "DE*V2G*E0001*1";
pub(super) const METER_ID: &str = "SIMULATED-1";

/// Everything that a charger of a scenario offers.
#[derive(Debug)]
pub(crate) struct Menu {
    services: Vec<(Service, Vec<Parameters>)>,
    internet: Vec<ValueAddedSet>,
    parking: Vec<ValueAddedSet>,
}

impl Menu {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let own = &scenario.station.offers;
        let services = if own.is_empty() { &scenario.services } else { own };
        let added = scenario.station.value_added.iter().map(|choice| choice.set(scenario.parking));
        let (internet, parking) = added.partition(|set| set.service() == ValueAdded::Internet);
        let sets = |choice: &ServiceChoice| (choice.service(), sets(choice.service(), scenario));
        Self { services: services.iter().map(sets).collect(), internet, parking }
    }

    pub(crate) fn offers(&self) -> Vec<Offer<'_>> {
        let services = self.services.iter();
        services.map(|(service, sets)| Offer { service: *service, fee: Fee::Free, sets }).collect()
    }

    pub(crate) fn value_added(&self) -> Vec<ValueAddedOffer<'_>> {
        let all = [(ValueAdded::Internet, &self.internet), (ValueAdded::ParkingStatus, &self.parking)];
        all.into_iter()
            .filter(|(_, sets)| !sets.is_empty())
            .map(|(service, sets)| ValueAddedOffer { service, fee: Fee::Free, sets })
            .collect()
    }
}

/// The parameter sets of a service, best first.
fn sets(service: Service, scenario: &Scenario) -> Vec<Parameters> {
    let station = &scenario.station;
    let pricing = match &station.plan {
        Some(plan) if plan.prices.is_some() => Pricing::Absolute,
        Some(plan) if !plan.levels.is_empty() => Pricing::Levels,
        _ => Pricing::None,
    };
    let connector = match (service.family(), scenario.phases) {
        (Family::Ac, PhaseCount::One) => 1,
        _ => 2,
    };
    let mut bpt: Vec<BptParameters> = station.bpt.iter().map(|choice| choice.parameters()).collect();
    if bpt.is_empty() {
        bpt.push(BptParameters::DEFAULT);
    }
    if service.direction() == Direction::ChargeOnly {
        bpt.truncate(1);
    }
    let mut sets = Vec::new();
    for bpt in bpt {
        for mode in modes(scenario) {
            let needs: &[MobilityNeeds] = match mode {
                ControlMode::Dynamic if station.mobility.is_some() => {
                    &[MobilityNeeds::VehicleOrCharger, MobilityNeeds::Vehicle]
                }
                _ => &[MobilityNeeds::Vehicle],
            };
            for needs in needs {
                let id = sets.len() as u16 + 1;
                let set = Parameters::new(id, *mode).with_pricing(pricing).with_connector(connector);
                sets.push(set.with_mobility_needs(*needs).with_bpt(bpt));
            }
        }
    }
    sets
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
        ack_max_delay: scenario.station.ack_max_delay.map(whole_seconds),
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
        round_trip: Some(percent(scenario.vehicle.round_trip.part())).filter(|share| share.get() > 0),
        schedule_points: scenario.vehicle.schedule_points.unwrap_or(SCHEDULE_ENTRIES as u16),
        settings: scenario.profile.settings(),
        ..EvccConfig::new(evcc_id, wishes)
    }
}

/// A share of a whole as messages have it.
pub(super) fn percent(part: f64) -> PercentValue {
    PercentValue::clamped((part * 100.0).round() as u16)
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
#[derive(Debug)]
pub(crate) struct Wishes {
    at_first: Vec<Wish>,
    /// Services that it changes to.
    later: Vec<(ServiceChoice, Vec<Wish>)>,
}

impl Wishes {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let vehicle = &scenario.vehicle;
        let of = |services: &[ServiceChoice]| -> Vec<Wish> {
            let wish = |service: &ServiceChoice, mode: &ControlMode| Wish {
                mobility_needs: vehicle.mobility_needs.map(MobilityChoice::needs),
                pricing: vehicle.pricing.map(PricingChoice::pricing),
                channel: vehicle.bpt.channel.map(ChannelChoice::channel),
                generator: vehicle.bpt.generator.map(GeneratorChoice::generator),
                islanding: vehicle.bpt.islanding.map(IslandingChoice::islanding),
                ..Wish::new(service.service(), *mode)
            };
            services
                .iter()
                .flat_map(|service| modes(scenario).iter().map(move |mode| wish(service, mode)))
                .collect()
        };
        let later = vehicle.change.iter().filter_map(|change| change.service);
        let later = later.map(|service| (service, of(&[service]))).collect();
        Self { at_first: of(&scenario.services), later }
    }

    pub(crate) fn at_first(&self) -> &[Wish] {
        &self.at_first
    }

    /// The wishes of a vehicle that changes to a service.
    pub(super) fn of(&self, service: ServiceChoice) -> &[Wish] {
        let later = self.later.iter().find(|(other, _)| *other == service);
        later.map_or(&self.at_first, |(_, wishes)| wishes)
    }
}

/// Value-added services that the vehicle would take.
pub(crate) fn value_added_wishes(scenario: &Scenario) -> Vec<ValueAddedWish> {
    scenario.vehicle.value_added.iter().map(|choice| choice.wish(scenario.parking)).collect()
}

fn whole_seconds(span: Span) -> u16 {
    u16::try_from(span.duration().as_secs()).unwrap_or(u16::MAX)
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
            let (mobility, ramp) = (None, None);
            scenario.station.change.push(StationChange { when, limits, grid, dispatch, mobility, ramp });
            let demand =
                Demand { current: Some(current(amperes)), power: Some(power(kilowatts)), voltage: None };
            let (discharge, target, departure, service) = (None, None, None, None);
            scenario.vehicle.change.push(VehicleChange {
                when,
                limits,
                demand,
                discharge,
                target,
                departure,
                service,
            });
        }
    }
    scenario
}
