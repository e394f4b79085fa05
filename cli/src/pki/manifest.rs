//! What a PKI in a folder says about itself: `pki.json`.

use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use v2g_pki::{Algorithm, Algorithms, Edition, Policy, Time};

use super::files::{self, Access};
use crate::failure::Failure;

/// `--algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Curve {
    /// ECDSA on secp521r1 with SHA-512, which ISO 15118-20 prefers.
    #[default]
    P521,
    /// Ed448, its alternative.
    Ed448,
    /// ECDSA on secp256r1 with SHA-256: ISO 15118-2 and laboratories.
    P256,
}

impl Curve {
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P521 => Algorithm::P521,
            Self::Ed448 => Algorithm::Ed448,
            Self::P256 => Algorithm::P256,
        }
    }
}

/// `--edition`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Profiles {
    /// ISO 15118-20:2022.
    #[default]
    #[value(name = "2022")]
    #[serde(rename = "2022")]
    Y2022,
    /// ISO 15118-20 with Amendment 1.
    Amd1,
    /// ISO 15118-2.
    Iso2,
}

impl Profiles {
    pub(crate) const fn edition(self) -> Edition {
        match self {
            Self::Y2022 => Edition::Y2022,
            Self::Amd1 => Edition::Amd1,
            Self::Iso2 => Edition::Iso2,
        }
    }
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Whose profiles the certificates have.
    pub(crate) edition: Profiles,
    /// The algorithm of all keys.
    pub(crate) algorithm: Curve,
    /// Algorithms that are allowed beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Curve>,
    /// The day for which lists and faults were made, `YYYY-MM-DD`.
    pub(crate) day: String,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Wrong>,
}

/// One thing that is wrong, and what a validation has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrong {
    /// Its name.
    pub(crate) name: String,
    /// In whose chain.
    pub(crate) role: String,
    /// What is violated, by what.
    pub(crate) verdict: String,
}

const NAME: &str = "pki.json";

impl Manifest {
    /// What a folder says; the default for one that says nothing.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        if !path.is_file() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&files::read(&path)?)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).map_err(Failure::failed)?;
        text.push('\n');
        files::write(&folder.join(NAME), text.as_bytes(), Access::Public)
    }

    /// The strict rules for these certificates.
    pub(crate) fn policy(&self) -> Policy {
        let only = Algorithms::only(self.algorithm.algorithm());
        let algorithms = self.also.iter().fold(only, |all, curve| all.and(curve.algorithm()));
        Policy { algorithms, ..Policy::new(self.edition.edition()) }
    }
}

/// The start of a day in UTC, `YYYY-MM-DD`.
pub(crate) fn parse_day(text: &str) -> Result<Time, String> {
    let mut parts = text.splitn(3, '-').map(str::parse::<u16>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else {
        return Err("a day looks like 2026-01-31".to_owned());
    };
    let (month, day) = (u8::try_from(month).unwrap_or(0), u8::try_from(day).unwrap_or(0));
    let time = Time::from_date(year.into(), month, day);
    time.filter(|_| (1970..9900).contains(&year)).ok_or_else(|| "there is no such day".to_owned())
}

/// A day as `parse_day` reads it.
pub(crate) fn day_text(time: Time) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// The time that it is.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time::from_unix(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(parse_day("2026-02-28").map(day_text), Ok("2026-02-28".to_owned()));
        for wrong in ["2026-02-29", "2026-13-01", "yesterday", "2026-1", "2026-01-300"] {
            assert!(parse_day(wrong).is_err(), "{wrong}");
        }
    }
}
