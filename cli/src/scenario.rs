//! What happens in a charging session: services, both ends and what changes at them, events, faults, and how the
//! session is to end.
//!
//! ```
//! let text = r#"
//!     services = ["dc-bpt"]
//!     [vehicle]
//!     rounds = 10
//!     [[station.change]]
//!     when = "round 5"
//!     dispatch = "-11 kW"
//! "#;
//! let scenario = v2g_scenario::Scenario::parse(text)?;
//! assert_eq!(scenario.vehicle.rounds, Some(10));
//!
//! let error = v2g_scenario::Scenario::parse("lapse = 60\n[station]\ndispatch = \"22 kA\"").unwrap_err();
//! assert_eq!((error.line(), error.column()), (3, 12));
//! # Ok::<(), v2g_scenario::ScenarioError>(())
//! ```

mod choice;
mod deed;
mod ends;
mod error;
mod expect;
mod plan;
mod quantity;
mod when;

use iso15118_20::service::MAX_PARAMETER_SETS;
use serde::Deserialize;

pub use choice::{
    BptChoice, ChannelChoice, GeneratorChoice, IslandingChoice, MobilityChoice, ModeChoice, ParkingChoice,
    PhaseCount, PolicyChoice, PricingChoice, ProfileChoice, ServiceChoice, Side, ValueAddedChoice,
};
pub use deed::{Action, Event, Fault, FaultKind, Portion};
pub use ends::{
    Answer, Demand, Discharge, Grid, Limits, Mobility, OnPause, Renegotiation, Station, StationChange,
    Vehicle, VehicleChange, Verdict,
};
pub use error::ScenarioError;
pub use expect::{Expectation, Outcome};
pub use plan::{Algorithm, Level, Plan, Price, Prices, Receipt, Step, Tax};
pub use quantity::{Current, Energy, Power, Share, Span, Voltage};
pub use when::When;

/// What happens in a charging session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// What the vehicle would take, best first.
    pub services: Vec<ServiceChoice>,
    /// Who is to plan. None: the vehicle takes what it gets.
    pub mode: Option<ModeChoice>,
    /// Phases of an AC connection.
    pub phases: PhaseCount,
    /// Who parks the vehicle, and guided from where.
    pub parking: ParkingChoice,
    /// How exactly the standard is followed.
    pub profile: ProfileChoice,
    /// Seconds of the scenario in one second of the clock, 1 to 100 000.
    #[serde(deserialize_with = "lapse")]
    pub lapse: u32,
    /// Where chance starts.
    pub seed: u64,
    /// The charger.
    #[serde(deserialize_with = "ends::checked")]
    pub station: Station,
    /// The vehicle.
    #[serde(deserialize_with = "ends::checked")]
    pub vehicle: Vehicle,
    /// What the ends do on purpose.
    #[serde(rename = "event")]
    pub events: Vec<Event>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
    /// How the session is to end.
    pub expect: Expectation,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            services: vec![ServiceChoice::DcBpt],
            mode: None,
            phases: PhaseCount::default(),
            parking: ParkingChoice::default(),
            profile: ProfileChoice::default(),
            lapse: 1,
            seed: 1,
            station: Station::default(),
            vehicle: Vehicle::default(),
            events: Vec::new(),
            faults: Vec::new(),
            expect: Expectation::default(),
        }
    }
}

fn lapse<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        lapse @ 1..=100_000 => Ok(lapse),
        lapse => Err(serde::de::Error::custom(format!(
            "`lapse` is {lapse}: 1 to 100000 seconds of the scenario in one second"
        ))),
    }
}

/// Services that one vehicle can wish for, in two control modes each.
const MOST_SERVICES: usize = 4;

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// It is no TOML, has a field that is unknown, a value that is none, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let at = |name: &str| {
            text.match_indices(name).map(|(at, _)| at).find(|at| text[..*at].ends_with('\n') || *at == 0)
        };
        let scenario: Self = toml::from_str(text).map_err(|error| {
            ScenarioError::new(text, error.span().map(|span| span.start), error.message())
        })?;
        let services = &scenario.services;
        if services.is_empty() || services.len() > MOST_SERVICES {
            let message =
                format!("`services` needs 1 to {MOST_SERVICES} services, such as [\"dc-bpt\", \"dc\"]");
            return Err(ScenarioError::new(text, at("services"), &message));
        }
        let twice = |services: &[ServiceChoice]| {
            services.iter().enumerate().any(|(index, service)| services[..index].contains(service))
        };
        if twice(services) || twice(&scenario.station.offers) {
            return Err(ScenarioError::new(text, at("services"), "one service is named twice"));
        }
        let modes = if scenario.mode.is_some() { 1 } else { 2 };
        let settled = scenario.mode != Some(ModeChoice::Scheduled) && scenario.station.mobility.is_some();
        let sets = (modes + usize::from(settled)) * scenario.station.bpt.len().max(1);
        if sets > MAX_PARAMETER_SETS {
            let message = format!(
                "the station would offer {sets} parameter sets of a service: {MAX_PARAMETER_SETS} at most. Say `mode`, \
                 or less in `bpt`"
            );
            return Err(ScenarioError::new(text, at("[station]"), &message));
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests;
