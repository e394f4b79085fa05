//! What the charger's back end announces: schedules from what the grid permits over time, and prices.

use iso15118_20::price::{MAX_TAXES, PriceAlgorithm};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::ends::Answer;
use super::quantity::{Power, Share, Span, magnitude};

/// Steps of a list at most: as many as a schedule can have in a message.
const MOST_STEPS: usize = 1024;

/// What the back end announces when the vehicle asks for schedules.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    /// How long it takes.
    pub answer: Answer,
    /// What the grid permits over time; empty: always all that the charger can do.
    pub grid: Vec<Step>,
    /// What energy costs; with `levels` empty.
    pub prices: Option<Prices>,
    /// How dear energy is, where nobody says it in money.
    pub levels: Vec<Level>,
}

impl Default for Plan {
    fn default() -> Self {
        let answer = Answer::After(Span::from_thousandths(200));
        Self { answer, grid: Vec::new(), prices: None, levels: Vec::new() }
    }
}

/// What the grid permits from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// From when on, in the time of the scenario.
    pub from: Span,
    /// Most power into the vehicle. None: all.
    #[serde(default, deserialize_with = "magnitude")]
    pub charge: Option<Power>,
    /// Most power out of the vehicle. None: all.
    #[serde(default, deserialize_with = "magnitude")]
    pub discharge: Option<Power>,
}

/// How prices apply to energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// All energy at the price of the band that its power is in.
    #[default]
    Power,
    /// All energy at the price of the band that the highest power is in.
    PeakPower,
    /// What is drawn within each band at its price.
    StackedEnergy,
}

impl Algorithm {
    /// The algorithm as messages name it.
    pub fn algorithm(self) -> PriceAlgorithm {
        match self {
            Self::Power => PriceAlgorithm::Power,
            Self::PeakPower => PriceAlgorithm::PeakPower,
            Self::StackedEnergy => PriceAlgorithm::StackedEnergy,
        }
    }
}

/// What energy costs over time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prices {
    /// Three letters of ISO 4217.
    #[serde(deserialize_with = "currency")]
    pub currency: String,
    /// How prices apply.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// The prices; several from one time on are bands of power.
    pub energy: Vec<Price>,
    /// What is paid for energy out of the vehicle. Empty: as much as for energy into it.
    #[serde(default)]
    pub feed_in: Vec<Price>,
}

/// A price from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Price {
    /// From when on, in the time of the scenario.
    pub from: Span,
    /// From which power on.
    #[serde(default, deserialize_with = "magnitude")]
    pub above: Option<Power>,
    /// Of a kWh, in ten thousandths of the currency.
    #[serde(deserialize_with = "price")]
    pub per_kwh: i32,
    /// Grams of carbon dioxide of a kWh.
    #[serde(default)]
    pub co2: Option<u16>,
    /// Share of renewable energy, %.
    #[serde(default)]
    pub renewable: Option<u8>,
}

/// What the session costs, as its receipt says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Receipt {
    /// Of a kWh into the vehicle, in ten thousandths of the currency.
    #[serde(deserialize_with = "some_price")]
    pub per_kwh: Option<i32>,
    /// Paid for a kWh out of it.
    #[serde(deserialize_with = "some_price")]
    pub feed_in: Option<i32>,
    /// Of an hour in the parking space, each that has begun.
    #[serde(deserialize_with = "some_price")]
    pub per_hour: Option<i32>,
    /// Of additional services, once.
    #[serde(deserialize_with = "some_price")]
    pub services: Option<i32>,
    /// Taxes on all of it.
    pub taxes: Vec<Tax>,
}

/// A tax of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tax {
    /// Its number, from 1.
    pub rule: std::num::NonZeroU32,
    /// Its share of what is taxed.
    pub rate: Share,
}

impl Receipt {
    pub(super) fn check(&self) -> Result<(), String> {
        match self.taxes.len() {
            0..=MAX_TAXES => Ok(()),
            many => Err(format!("`taxes` has {many} lines: {MAX_TAXES} at most")),
        }
    }
}

/// A price level from a time on: the lower, the cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Level {
    /// From when on, in the time of the scenario.
    pub from: Span,
    /// The level.
    pub level: u8,
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let code = String::deserialize(deserializer)?;
    if code.len() == 3 && code.bytes().all(|c| c.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(D::Error::custom("a currency is three capital letters, such as \"EUR\""))
    }
}

/// Ten thousandths of a unit of currency, from text such as `"0.2950"`.
fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let wrong =
        || D::Error::custom("a price is a number in quotes with up to four decimals, such as \"0.295\"");
    let text = String::deserialize(deserializer)?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || whole.len() > 5 || part.len() > 4 || !plain(whole) || !plain(part) {
        return Err(wrong());
    }
    format!("{whole}{part:0<4}").parse::<i32>().map(|value| sign * value).map_err(|_| wrong())
}

fn some_price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    price(deserializer).map(Some)
}

fn ascending(name: &str, times: impl Iterator<Item = Span>, repeat: Repeat) -> Result<(), String> {
    let times: Vec<i64> = times.map(Span::thousandths).collect();
    if times.len() > MOST_STEPS {
        return Err(format!("`{name}` has {} steps: {MOST_STEPS} at most", times.len()));
    }
    let right = |pair: &[i64]| pair[0] < pair[1] || repeat == Repeat::Allowed && pair[0] == pair[1];
    if times.first().is_some_and(|first| *first != 0) || !times.windows(2).all(right) {
        return Err(format!("the steps of `{name}` begin at \"0 s\" and each comes after the one before"));
    }
    Ok(())
}

/// Whether two entries may begin at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Allowed,
    Refused,
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), String> {
        ascending("grid", self.grid.iter().map(|step| step.from), Repeat::Refused)?;
        ascending("levels", self.levels.iter().map(|level| level.from), Repeat::Refused)?;
        if let Some(prices) = &self.prices {
            if !self.levels.is_empty() {
                return Err("either `prices` or `levels`".to_owned());
            }
            if prices.energy.is_empty() {
                return Err("`energy` of `prices` is empty".to_owned());
            }
            ascending("energy", prices.energy.iter().map(|price| price.from), Repeat::Allowed)?;
            ascending("feed-in", prices.feed_in.iter().map(|price| price.from), Repeat::Allowed)?;
        }
        Ok(())
    }
}
