//! What sessions can be about: services, modes, profiles.

use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Profile, Settings};
use serde::Deserialize;

/// An energy transfer service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceChoice {
    /// AC, charging only.
    Ac,
    /// AC, both directions.
    AcBpt,
    /// DC, charging only.
    Dc,
    /// DC, both directions.
    DcBpt,
    /// Megawatt charging, charging only.
    Mcs,
    /// Megawatt charging, both directions.
    McsBpt,
    /// Wireless.
    Wpt,
    /// DC over an automated connection device (pantograph), charging only.
    Acdp,
    /// DC over an automated connection device (pantograph), both directions.
    AcdpBpt,
}

impl ServiceChoice {
    /// Every service.
    pub const ALL: [Self; 9] = [
        Self::Ac,
        Self::AcBpt,
        Self::Dc,
        Self::DcBpt,
        Self::Mcs,
        Self::McsBpt,
        Self::Wpt,
        Self::Acdp,
        Self::AcdpBpt,
    ];

    /// The service as messages number it.
    pub fn service(self) -> Service {
        match self {
            Self::Ac => Service::Ac,
            Self::AcBpt => Service::AcBpt,
            Self::Dc => Service::Dc,
            Self::DcBpt => Service::DcBpt,
            Self::Mcs => Service::Mcs,
            Self::McsBpt => Service::McsBpt,
            Self::Wpt => Service::Wpt,
            Self::Acdp => Service::DcAcdp,
            Self::AcdpBpt => Service::DcAcdpBpt,
        }
    }

    /// The name on the command line and in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ac => "ac",
            Self::AcBpt => "ac-bpt",
            Self::Dc => "dc",
            Self::DcBpt => "dc-bpt",
            Self::Mcs => "mcs",
            Self::McsBpt => "mcs-bpt",
            Self::Wpt => "wpt",
            Self::Acdp => "acdp",
            Self::AcdpBpt => "acdp-bpt",
        }
    }
}

/// Who plans the charging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ModeChoice {
    /// The charger plans.
    Dynamic,
    /// The vehicle plans, within schedules of the charger.
    Scheduled,
}

impl ModeChoice {
    /// The mode as messages number it.
    pub fn control_mode(self) -> ControlMode {
        match self {
            Self::Dynamic => ControlMode::Dynamic,
            Self::Scheduled => ControlMode::Scheduled,
        }
    }
}

/// How exactly the standard is followed where deployed peers do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileChoice {
    /// To the letter.
    Strict,
    /// With the tolerances that deployed peers need.
    #[default]
    Lenient,
}

impl ProfileChoice {
    /// The settings of both engines.
    pub fn settings(self) -> Settings {
        Settings::new(match self {
            Self::Strict => Profile::Strict,
            Self::Lenient => Profile::Lenient,
        })
    }
}

/// An end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The charger.
    Station,
    /// The vehicle.
    Vehicle,
}

impl Side {
    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Vehicle => "vehicle",
        }
    }
}
