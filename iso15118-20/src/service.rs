//! Energy transfer services and what their parameter sets say.

#[macro_use]
mod numbered;
mod parameters;
mod value_added;

use v2gtp::SchemaSet;

pub use parameters::{AcConnector, BptParameters, Parameters};
pub use value_added::{
    InternetProtocol, MAX_VALUE_ADDED, ParkingKind, ParkingService, ValueAdded, ValueAddedOffer,
    ValueAddedSet,
};

numbered! {
    /// An energy transfer service, by its service ID.
    Service: u16 {
        /// AC, charging only.
        Ac = 1,
        /// DC, charging only.
        Dc = 2,
        /// Wireless power transfer.
        Wpt = 3,
        /// DC over an automated connection device, charging only.
        DcAcdp = 4,
        /// AC, both directions.
        AcBpt = 5,
        /// DC, both directions.
        DcBpt = 6,
        /// DC over an automated connection device, both directions.
        DcAcdpBpt = 7,
        /// Megawatt charging, charging only (DC messages).
        Mcs = 8,
        /// Megawatt charging, both directions (DC messages).
        McsBpt = 9,
        /// AC with IEC grid codes (Amendment 1), both directions.
        AcDerIec = 10,
        /// AC with SAE grid codes (Amendment 1), both directions.
        AcDerSae = 11,
    }
}

/// Services that share messages and their order; fixed by the protocol that the vehicle and the charger agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// AC, with and without discharge.
    Ac,
    /// DC and MCS, with and without discharge.
    Dc,
    /// Wireless.
    Wpt,
    /// DC over an automated connection device.
    Acdp,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::Ac, Self::Dc, Self::Wpt, Self::Acdp];

    /// Namespace that stands for the family in the offer of protocols.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Ac => "urn:iso:std:iso:15118:-20:AC",
            Self::Dc => "urn:iso:std:iso:15118:-20:DC",
            Self::Wpt => "urn:iso:std:iso:15118:-20:WPT",
            Self::Acdp => "urn:iso:std:iso:15118:-20:ACDP",
        }
    }

    /// The family that a namespace stands for.
    pub fn from_namespace(namespace: &exi_codec::Str<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|family| *namespace == *family.namespace())
    }

    /// Whether the code of the family is part of this build: families are cargo features.
    pub const fn is_built(self) -> bool {
        match self {
            Self::Ac => cfg!(feature = "ac"),
            Self::Dc => cfg!(feature = "dc"),
            Self::Wpt => cfg!(feature = "wpt"),
            Self::Acdp => cfg!(feature = "acdp"),
        }
    }

    /// Schema set of the messages of the charge loop.
    pub const fn schema_set(self) -> SchemaSet {
        match self {
            Self::Ac => SchemaSet::Ac,
            Self::Dc | Self::Acdp => SchemaSet::Dc,
            Self::Wpt => SchemaSet::Wpt,
        }
    }
}

/// Which way energy may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Into the vehicle only.
    ChargeOnly,
    /// Both ways.
    Bidirectional,
}

impl Service {
    /// The family whose messages the service uses.
    pub const fn family(self) -> Family {
        match self {
            Self::Ac | Self::AcBpt | Self::AcDerIec | Self::AcDerSae => Family::Ac,
            Self::Dc | Self::DcBpt | Self::Mcs | Self::McsBpt => Family::Dc,
            Self::Wpt => Family::Wpt,
            Self::DcAcdp | Self::DcAcdpBpt => Family::Acdp,
        }
    }

    /// Which way energy may flow.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Ac | Self::Dc | Self::Wpt | Self::DcAcdp | Self::Mcs => Direction::ChargeOnly,
            Self::AcBpt | Self::DcBpt | Self::DcAcdpBpt | Self::McsBpt | Self::AcDerIec | Self::AcDerSae => {
                Direction::Bidirectional
            }
        }
    }
}

numbered! {
    /// Who plans the charging.
    ControlMode: i32 {
        /// The vehicle, within schedules of the charger.
        Scheduled = 1,
        /// The charger, from the mobility needs of the vehicle.
        Dynamic = 2,
    }
}

numbered! {
    /// Who settles the mobility needs (departure time, state of charge).
    MobilityNeeds: i32 {
        /// The vehicle.
        Vehicle = 1,
        /// The vehicle or the charger; with [`ControlMode::Dynamic`] only [V2G20-2663].
        VehicleOrCharger = 2,
    }
}

numbered! {
    /// Price information that comes with schedules.
    Pricing: i32 {
        /// None.
        None = 0,
        /// Absolute prices.
        Absolute = 1,
        /// Price levels.
        Levels = 2,
    }
}

numbered! {
    /// Where energy leaves the vehicle.
    BptChannel: i32 {
        /// Where it enters.
        Unified = 1,
        /// Through contacts of its own.
        Separated = 2,
    }
}

numbered! {
    /// How a bidirectional system behaves towards the grid.
    GeneratorMode: i32 {
        /// It follows voltage and frequency of the grid.
        GridFollowing = 1,
        /// It forms them.
        GridForming = 2,
    }
}

numbered! {
    /// How a bidirectional AC system notices that the grid is gone.
    IslandingDetection: i32 {
        /// It disturbs the grid a little and watches the answer.
        Active = 1,
        /// It watches only.
        Passive = 2,
    }
}

/// Parameter sets that one [`Offer`] can hold.
pub const MAX_PARAMETER_SETS: usize = 4;

/// Services that one station can offer.
pub const MAX_OFFERS: usize = 8;

/// Whether energy costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// It is free.
    Free,
    /// It is paid for.
    Paid,
}

/// A service that a station offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The service.
    pub service: Service,
    /// Whether it costs money.
    pub fee: Fee,
    /// Its parameter sets, 1 to [`MAX_PARAMETER_SETS`].
    pub sets: &'a [Parameters],
}

/// What the vehicle selected: a service and one of its parameter sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The service.
    pub service: Service,
    /// The parameter set.
    pub parameters: Parameters,
}
