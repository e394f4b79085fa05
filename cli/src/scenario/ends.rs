//! The two ends of the cable: what they are, can and want, and how that changes.

use serde::de::{self, Deserialize, Deserializer};

use super::choice::{
    BptChoice, MobilityChoice, PolicyChoice, PricingChoice, ServiceChoice, ValueAddedChoice,
};
use super::plan::{Plan, Receipt};
use super::quantity::{Current, Energy, Power, Share, Span, Voltage, from_text, magnitude};
use super::when::When;

/// How long the host of an engine takes to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// So long.
    After(Span),
    /// For ever.
    Never,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a length of time in quotes, such as \"300 ms\", or \"never\"", |text| {
            if text == "never" { Ok(Self::Never) } else { Span::not_negative(text).map(Self::After) }
        })
    }
}

impl Answer {
    const fn millis(millis: i64) -> Self {
        Self::After(Span::from_thousandths(millis))
    }
}

/// Limits of an end; what is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Most power into the vehicle.
    #[serde(deserialize_with = "magnitude")]
    pub charge_power: Option<Power>,
    /// Most power out of the vehicle.
    #[serde(deserialize_with = "magnitude")]
    pub discharge_power: Option<Power>,
    /// Most current into the vehicle.
    #[serde(deserialize_with = "magnitude")]
    pub charge_current: Option<Current>,
    /// Most current out of the vehicle.
    #[serde(deserialize_with = "magnitude")]
    pub discharge_current: Option<Current>,
    /// Highest voltage.
    #[serde(deserialize_with = "magnitude")]
    pub max_voltage: Option<Voltage>,
    /// Lowest voltage.
    #[serde(deserialize_with = "magnitude")]
    pub min_voltage: Option<Voltage>,
}

impl Limits {
    /// These limits where they say something, else `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            charge_power: self.charge_power.or(other.charge_power),
            discharge_power: self.discharge_power.or(other.discharge_power),
            charge_current: self.charge_current.or(other.charge_current),
            discharge_current: self.discharge_current.or(other.discharge_current),
            max_voltage: self.max_voltage.or(other.max_voltage),
            min_voltage: self.min_voltage.or(other.min_voltage),
        }
    }

    fn check(&self) -> Result<(), String> {
        match (self.min_voltage, self.max_voltage) {
            (Some(least), Some(most)) if least > most => {
                Err("`min-voltage` is above `max-voltage`".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// How much power the site may draw and feed; what is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grid {
    /// Most power into vehicles. None: no cap.
    #[serde(deserialize_with = "magnitude")]
    pub charge: Option<Power>,
    /// Most power out of vehicles. None: no cap.
    #[serde(deserialize_with = "magnitude")]
    pub discharge: Option<Power>,
}

/// What the back end says of a vehicle that wants to charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may.
    #[default]
    Accepted,
    /// It may not.
    Rejected,
}

/// The charger.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Station {
    /// Services that it offers, best first. Empty: those of the scenario.
    pub offers: Vec<ServiceChoice>,
    /// How long the back end takes to authorize.
    pub authorization: Answer,
    /// What it then says.
    pub verdict: Verdict,
    /// How long it takes until it says that the customer has to act. None: it does not.
    pub customer: Option<Span>,
    /// How long an isolation test takes.
    pub isolation: Answer,
    /// How long its contactors take to close.
    pub contactor: Answer,
    /// How long a connection device takes to the vehicle, and pairing and the check of coils take.
    pub device: Answer,
    /// Value-added services that it offers.
    pub value_added: Vec<ValueAddedChoice>,
    /// What its bidirectional services say on top, each of it a parameter set. Empty: the usual.
    pub bpt: Vec<BptChoice>,
    /// Mobility needs that it settles. None: it leaves them to the vehicle.
    pub mobility: Option<Mobility>,
    /// How fast its power may change in a second. None: as fast as it likes.
    #[serde(deserialize_with = "magnitude")]
    pub ramp: Option<Power>,
    /// How long a vehicle has to follow a set-point. None: it is not said.
    pub ack_max_delay: Option<Span>,
    /// What the session costs. None: it says nothing of it.
    pub receipt: Option<Receipt>,
    /// Schedules and prices by the host. None: the engine makes schedules.
    pub plan: Option<Plan>,
    /// What it can do.
    pub limits: Limits,
    /// What the site may draw and feed.
    pub grid: Grid,
    /// Power to exchange where it plans.
    pub dispatch: Power,
    /// What changes.
    pub change: Vec<StationChange>,
}

impl Default for Station {
    fn default() -> Self {
        Self {
            offers: Vec::new(),
            authorization: Answer::millis(150),
            verdict: Verdict::Accepted,
            customer: None,
            isolation: Answer::millis(400),
            contactor: Answer::millis(60),
            device: Answer::millis(250),
            value_added: Vec::new(),
            bpt: Vec::new(),
            mobility: None,
            ramp: None,
            ack_max_delay: None,
            receipt: None,
            plan: None,
            limits: Limits::default(),
            grid: Grid::default(),
            dispatch: Power::from_thousandths(22_000_000),
            change: Vec::new(),
        }
    }
}

/// What changes at the charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StationChange {
    /// When.
    pub when: When,
    /// What it can do from then on.
    #[serde(default)]
    pub limits: Limits,
    /// What the site may draw and feed from then on.
    #[serde(default)]
    pub grid: Grid,
    /// Power to exchange from then on.
    pub dispatch: Option<Power>,
    /// Mobility needs that it settles from then on.
    pub mobility: Option<Mobility>,
    /// How fast its power may change in a second from then on.
    #[serde(default, deserialize_with = "magnitude")]
    pub ramp: Option<Power>,
}

/// Mobility needs that a charger settles; what is not said is the vehicle's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mobility {
    /// Time from then to departure.
    pub departure: Option<Span>,
    /// State of charge wanted at departure.
    pub target: Option<Share>,
    /// Least state of charge.
    pub minimum: Option<Share>,
}

/// Whether energy may leave the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discharge {
    /// Down to the minimum state of charge.
    #[default]
    Allowed,
    /// Not at all.
    Forbidden,
}

/// What the vehicle asks for where it plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Demand {
    /// Current over DC, negative out of the vehicle.
    pub current: Option<Current>,
    /// Power over AC or a coil, negative out of the vehicle.
    pub power: Option<Power>,
    /// Highest voltage.
    #[serde(deserialize_with = "magnitude")]
    pub voltage: Option<Voltage>,
}

/// What a vehicle does that is asked to pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnPause {
    /// It pauses.
    #[default]
    Pause,
    /// It stands by.
    Standby,
    /// It leaves.
    Leave,
}

/// How a vehicle asks for a new schedule in the charge loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renegotiation {
    /// Beside the loop.
    #[default]
    Side,
    /// On the main stream, with a new profile for the old schedule, as chargers without side streams take it.
    Main,
}

/// The vehicle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vehicle {
    /// Capacity of its battery.
    pub capacity: Energy,
    /// Voltage of its battery at half charge.
    pub battery: Voltage,
    /// State of charge on arrival.
    pub soc: Share,
    /// State of charge wanted at departure.
    pub target: Share,
    /// Least state of charge.
    pub minimum: Share,
    /// Time from arrival to departure.
    pub departure: Span,
    /// Rounds of the charge loop before it leaves, if it does not leave earlier.
    pub rounds: Option<u32>,
    /// How long its contactors take to move.
    pub contactor: Answer,
    /// How long a pause lasts, after which it comes back. None: it does not.
    pub resume: Option<Span>,
    /// What it does when it is asked to pause.
    pub on_pause: OnPause,
    /// How it asks for a new schedule in the charge loop.
    pub renegotiation: Renegotiation,
    /// What it makes of the schedules that it is offered. None: it takes the first.
    pub policy: Option<PolicyChoice>,
    /// How much of the energy that it takes it can give back, for a plan that exchanges energy where it pays.
    pub round_trip: Share,
    /// Entries of a schedule that it can take. None: the fewest.
    #[serde(deserialize_with = "points")]
    pub schedule_points: Option<u16>,
    /// Who is to settle the mobility needs. None: as the charger likes.
    pub mobility_needs: Option<MobilityChoice>,
    /// What prices are to come with schedules. None: as the charger likes.
    pub pricing: Option<PricingChoice>,
    /// What bidirectional services are to say on top.
    pub bpt: BptChoice,
    /// Value-added services that it wants.
    pub value_added: Vec<ValueAddedChoice>,
    /// Whether energy may leave the battery.
    pub discharge: Discharge,
    /// What it can do.
    pub limits: Limits,
    /// What it asks for where it plans.
    pub demand: Demand,
    /// What changes.
    pub change: Vec<VehicleChange>,
}

impl Default for Vehicle {
    fn default() -> Self {
        Self {
            capacity: Energy::from_thousandths(60_000_000),
            battery: Voltage::from_thousandths(400_000),
            soc: Share::from_thousandths(50_000),
            target: Share::from_thousandths(80_000),
            minimum: Share::from_thousandths(20_000),
            departure: Span::from_thousandths(7_200_000),
            rounds: None,
            contactor: Answer::millis(60),
            resume: None,
            on_pause: OnPause::Pause,
            renegotiation: Renegotiation::Side,
            policy: None,
            round_trip: Share::from_thousandths(85_000),
            schedule_points: None,
            mobility_needs: None,
            pricing: None,
            bpt: BptChoice::default(),
            value_added: Vec::new(),
            discharge: Discharge::Allowed,
            limits: Limits::default(),
            demand: Demand::default(),
            change: Vec::new(),
        }
    }
}

/// What changes at the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VehicleChange {
    /// When.
    pub when: When,
    /// What it can do from then on.
    #[serde(default)]
    pub limits: Limits,
    /// What it asks for from then on.
    #[serde(default)]
    pub demand: Demand,
    /// Whether energy may leave the battery from then on.
    pub discharge: Option<Discharge>,
    /// State of charge wanted from then on.
    pub target: Option<Share>,
    /// Time from arrival to departure, as it is known from then on.
    pub departure: Option<Span>,
    /// What it charges with from the next choice of a service on.
    pub service: Option<ServiceChoice>,
}

/// Entries of a schedule, within the bounds of the message that announces them.
fn points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match u16::deserialize(deserializer)? {
        points @ 12..=1024 => Ok(Some(points)),
        points => Err(de::Error::custom(format!("`schedule-points` is {points}: 12 to 1024 entries"))),
    }
}

/// What contradicts itself.
pub(super) trait Check {
    /// The contradiction in words.
    fn check(&self) -> Result<(), String>;
}

impl Check for Station {
    fn check(&self) -> Result<(), String> {
        self.limits.check()?;
        if let Some(plan) = &self.plan {
            plan.check()?;
        }
        if let Some(receipt) = &self.receipt {
            receipt.check()?;
        }
        if self.bpt.iter().enumerate().any(|(index, bpt)| self.bpt[..index].contains(bpt)) {
            return Err("`bpt` says the same twice".to_owned());
        }
        let wanted = self.change.iter().filter_map(|change| change.mobility).chain(self.mobility);
        for mobility in wanted {
            if mobility.minimum.zip(mobility.target).is_some_and(|(least, target)| least > target) {
                return Err("`minimum` of `mobility` is above `target`".to_owned());
            }
        }
        if self.mobility.is_none() && self.change.iter().any(|change| change.mobility.is_some()) {
            return Err("a change of `mobility` needs `mobility` from the beginning, or = {}".to_owned());
        }
        self.change.iter().try_for_each(|change| change.limits.check())
    }
}

impl Check for Vehicle {
    fn check(&self) -> Result<(), String> {
        self.limits.check()?;
        self.change.iter().try_for_each(|change| change.limits.check())?;
        if self.minimum > self.target {
            return Err("`minimum` is above `target`: the vehicle wants less than it needs".to_owned());
        }
        if self.rounds == Some(0) {
            return Err("`rounds` is 0: leave it out, or let there be one".to_owned());
        }
        if self.capacity < Energy::from_thousandths(1_000_000) {
            return Err("`capacity` is below 1 kWh: no battery to charge".to_owned());
        }
        if !(50_000..=1_500_000).contains(&self.battery.thousandths()) {
            return Err("`battery` is outside 50 V to 1500 V".to_owned());
        }
        Ok(())
    }
}

/// Reads a part of a scenario and checks it, so that an error names its place.
pub(super) fn checked<'de, D: Deserializer<'de>, T: Deserialize<'de> + Check>(
    deserializer: D,
) -> Result<T, D::Error> {
    let part = T::deserialize(deserializer)?;
    part.check().map_err(de::Error::custom)?;
    Ok(part)
}
