//! What runs sessions: engines on sockets, with a simulated charger and a simulated car.

mod driver;
mod meaning;
mod observe;
mod plant;
mod station;
mod vehicle;

pub(crate) use driver::{Clock, drive};
pub(crate) use observe::{Audience, Observer, Role, Summary};
pub(crate) use plant::{Cable, Side};
pub(crate) use station::{OFFERS, Station, StationSettings};
pub(crate) use vehicle::{FarEnd, Vehicle, VehicleSettings};

use iso15118_20::service::{ControlMode, Service};

/// `--service`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ServiceChoice {
    /// DC, both directions.
    DcBpt,
    /// DC, charging only.
    Dc,
}

impl ServiceChoice {
    pub(crate) fn service(self) -> Service {
        match self {
            Self::DcBpt => Service::DcBpt,
            Self::Dc => Service::Dc,
        }
    }
}

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ModeChoice {
    /// The charger plans.
    Dynamic,
    /// The vehicle plans, within schedules of the charger.
    Scheduled,
}

impl ModeChoice {
    pub(crate) fn control_mode(self) -> ControlMode {
        match self {
            Self::Dynamic => ControlMode::Dynamic,
            Self::Scheduled => ControlMode::Scheduled,
        }
    }
}
