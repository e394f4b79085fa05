//! What sessions can be about: services, modes, profiles.

use iso15118_20::evcc::ValueAddedWish;
use iso15118_20::schedule::ProfilePolicy;
use iso15118_20::service::{
    BptChannel, BptParameters, ControlMode, GeneratorMode, InternetProtocol, IslandingDetection,
    MobilityNeeds, ParkingKind, ParkingService, Pricing, Service, ValueAddedSet,
};
use iso15118_20::{Profile, Settings};
use serde::Deserialize;

/// An energy transfer service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(feature = "program", derive(clap::ValueEnum))]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "program", derive(clap::ValueEnum))]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "program", derive(clap::ValueEnum))]
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

/// Phases of an AC connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum PhaseCount {
    /// One.
    One,
    /// Three.
    #[default]
    Three,
}

impl PhaseCount {
    /// How many.
    pub const fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

impl TryFrom<u8> for PhaseCount {
    type Error = String;

    fn try_from(count: u8) -> Result<Self, String> {
        match count {
            1 => Ok(Self::One),
            3 => Ok(Self::Three),
            _ => Err(format!("`phases` is {count}: 1 or 3")),
        }
    }
}

/// What a vehicle makes of the schedules that it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyChoice {
    /// To be done soon.
    Earliest,
    /// To pay little.
    Cheapest,
    /// To cause little carbon dioxide.
    Greenest,
}

impl PolicyChoice {
    /// The policy of the engine.
    pub fn policy(self) -> ProfilePolicy {
        match self {
            Self::Earliest => ProfilePolicy::Earliest,
            Self::Cheapest => ProfilePolicy::Cheapest,
            Self::Greenest => ProfilePolicy::Greenest,
        }
    }
}

/// A value-added service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueAddedChoice {
    /// Internet access by FTP, data.
    FtpData,
    /// Internet access by FTP, control.
    FtpControl,
    /// Internet access by HTTP.
    Http,
    /// Internet access by HTTPS.
    Https,
    /// Check-in of a parking vehicle.
    CheckIn,
    /// Check-out of a parking vehicle.
    CheckOut,
}

impl ValueAddedChoice {
    /// The parameter set of a charger that offers it.
    pub fn set(self, parking: ParkingChoice) -> ValueAddedSet {
        let parked = |id, service| ValueAddedSet::Parking { id, service, kind: parking.kind() };
        match self {
            Self::FtpData => ValueAddedSet::Internet(InternetProtocol::FtpData),
            Self::FtpControl => ValueAddedSet::Internet(InternetProtocol::FtpControl),
            Self::Http => ValueAddedSet::Internet(InternetProtocol::Http),
            Self::Https => ValueAddedSet::Internet(InternetProtocol::Https),
            Self::CheckIn => parked(1, ParkingService::CheckIn),
            Self::CheckOut => parked(2, ParkingService::CheckOut),
        }
    }

    /// The wish of a vehicle that wants it.
    pub fn wish(self, parking: ParkingChoice) -> ValueAddedWish {
        match self.set(parking) {
            ValueAddedSet::Internet(protocol) => ValueAddedWish::Internet(protocol),
            ValueAddedSet::Parking { service, kind, .. } => ValueAddedWish::Parking(service, kind),
        }
    }
}

/// Who parks the vehicle, and guided from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParkingChoice {
    /// The vehicle itself, guided from within.
    AutoInternal,
    /// The vehicle itself, guided from outside.
    AutoExternal,
    /// The driver, guided from within.
    ManualInternal,
    /// The driver, guided from outside.
    #[default]
    ManualExternal,
}

impl ParkingChoice {
    fn kind(self) -> ParkingKind {
        match self {
            Self::AutoInternal => ParkingKind::AutoInternal,
            Self::AutoExternal => ParkingKind::AutoExternal,
            Self::ManualInternal => ParkingKind::ManualInternal,
            Self::ManualExternal => ParkingKind::ManualExternal,
        }
    }
}

/// Who settles the mobility needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MobilityChoice {
    /// The vehicle.
    Vehicle,
    /// The charger may, too.
    Charger,
}

impl MobilityChoice {
    /// The mode as messages number it.
    pub fn needs(self) -> MobilityNeeds {
        match self {
            Self::Vehicle => MobilityNeeds::Vehicle,
            Self::Charger => MobilityNeeds::VehicleOrCharger,
        }
    }
}

/// What prices come with schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PricingChoice {
    /// None.
    None,
    /// In money.
    Absolute,
    /// By level.
    Levels,
}

impl PricingChoice {
    /// The pricing as messages number it.
    pub fn pricing(self) -> Pricing {
        match self {
            Self::None => Pricing::None,
            Self::Absolute => Pricing::Absolute,
            Self::Levels => Pricing::Levels,
        }
    }
}

/// Where energy leaves the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelChoice {
    /// Where it enters.
    Unified,
    /// Through contacts of its own.
    Separated,
}

impl ChannelChoice {
    /// The channel as messages number it.
    pub fn channel(self) -> BptChannel {
        match self {
            Self::Unified => BptChannel::Unified,
            Self::Separated => BptChannel::Separated,
        }
    }
}

/// How a bidirectional system behaves towards the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorChoice {
    /// It follows voltage and frequency of the grid.
    GridFollowing,
    /// It forms them.
    GridForming,
}

impl GeneratorChoice {
    /// The behaviour as messages number it.
    pub fn generator(self) -> GeneratorMode {
        match self {
            Self::GridFollowing => GeneratorMode::GridFollowing,
            Self::GridForming => GeneratorMode::GridForming,
        }
    }
}

/// How a bidirectional AC system notices that the grid is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IslandingChoice {
    /// It disturbs the grid a little and watches the answer.
    Active,
    /// It watches only.
    Passive,
}

impl IslandingChoice {
    /// The way as messages number it.
    pub fn islanding(self) -> IslandingDetection {
        match self {
            Self::Active => IslandingDetection::Active,
            Self::Passive => IslandingDetection::Passive,
        }
    }
}

/// What bidirectional services say on top; what is left out is usual, or as the other end likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BptChoice {
    /// Where energy leaves the vehicle. Usual: where it enters.
    pub channel: Option<ChannelChoice>,
    /// How the system behaves towards the grid. Usual: it follows.
    pub generator: Option<GeneratorChoice>,
    /// How an AC system notices that the grid is gone. Usual: actively.
    pub islanding: Option<IslandingChoice>,
}

impl BptChoice {
    /// The parameters of a charger that offers it.
    pub fn parameters(self) -> BptParameters {
        let usual = BptParameters::DEFAULT;
        BptParameters {
            channel: self.channel.map_or(usual.channel, ChannelChoice::channel),
            generator: self.generator.map_or(usual.generator, GeneratorChoice::generator),
            islanding: self.islanding.map_or(usual.islanding, IslandingChoice::islanding),
        }
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
