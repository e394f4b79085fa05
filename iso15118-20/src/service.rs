//! Energy transfer services and what their parameter sets say.

use exi_codec::iso20::common_messages::{Parameter, ParameterSet, ParameterValue};
use exi_codec::{List, Str};
use v2gtp::SchemaSet;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident: $repr:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr($repr)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $number,)*
        }

        impl $name {
            /// The number on the wire.
            pub const fn number(self) -> $repr {
                self as $repr
            }

            /// The value with a number on the wire, if there is one.
            pub const fn from_number(number: $repr) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

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

/// What a parameter set of a bidirectional service says on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BptParameters {
    /// `BPTChannel`.
    pub channel: BptChannel,
    /// `GeneratorMode`.
    pub generator: GeneratorMode,
}

impl Default for BptParameters {
    fn default() -> Self {
        Self { channel: BptChannel::Unified, generator: GeneratorMode::GridFollowing }
    }
}

/// One parameter set of a DC or MCS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DcParameters {
    /// `ParameterSetID`, unique within the service.
    pub id: u16,
    /// `Connector`: DC 1 Core, 2 Extended, 3 Dual2, 4 Dual4; MCS 1 MCS, 2 ChaoJi and more.
    pub connector: i32,
    /// `ControlMode`.
    pub control_mode: ControlMode,
    /// `MobilityNeedsMode`.
    pub mobility_needs: MobilityNeeds,
    /// `Pricing`.
    pub pricing: Pricing,
    /// `BPTChannel` and `GeneratorMode`; sent and read with bidirectional services only.
    pub bpt: BptParameters,
}

/// Parameters in one set of a DC service at most.
pub(crate) const DC_PARAMETERS: usize = 6;

impl DcParameters {
    /// A set with the extended connector, mobility needs of the vehicle and no prices.
    pub const fn new(id: u16, control_mode: ControlMode) -> Self {
        Self {
            id,
            connector: 2,
            control_mode,
            mobility_needs: MobilityNeeds::Vehicle,
            pricing: Pricing::None,
            bpt: BptParameters { channel: BptChannel::Unified, generator: GeneratorMode::GridFollowing },
        }
    }

    /// The set as parameters; how many there are depends on the direction.
    pub(crate) fn parameters(&self, direction: Direction) -> ([Parameter<'static>; DC_PARAMETERS], usize) {
        let int = |name, value| Parameter { name: Str::new(name), value: ParameterValue::IntValue(value) };
        let all = [
            int("Connector", self.connector),
            int("ControlMode", self.control_mode.number()),
            int("MobilityNeedsMode", self.mobility_needs.number()),
            int("Pricing", self.pricing.number()),
            int("BPTChannel", self.bpt.channel.number()),
            int("GeneratorMode", self.bpt.generator.number()),
        ];
        (all, if direction == Direction::Bidirectional { DC_PARAMETERS } else { DC_PARAMETERS - 2 })
    }

    /// Reads a set of the peer's. Unknown parameters are ignored, missing ones get what a set without them
    /// means; without a control mode there is nothing to agree on.
    pub(crate) fn read(set: &ParameterSet<'_>) -> Option<Self> {
        let find = |name: &str| integer(&set.parameter, name);
        let control_mode = ControlMode::from_number(find("ControlMode")?)?;
        let read = |name, default| find(name).unwrap_or(default);
        Some(Self {
            id: set.parameter_set_id,
            connector: read("Connector", 1),
            control_mode,
            mobility_needs: MobilityNeeds::from_number(read("MobilityNeedsMode", 1))?,
            pricing: Pricing::from_number(read("Pricing", 0))?,
            bpt: BptParameters {
                channel: BptChannel::from_number(read("BPTChannel", 1))?,
                generator: GeneratorMode::from_number(read("GeneratorMode", 1))?,
            },
        })
    }
}

fn integer(parameters: &List<'_, Parameter<'_>>, name: &str) -> Option<i32> {
    parameters.iter().find(|parameter| parameter.name == *name).and_then(|parameter| match parameter.value {
        ParameterValue::IntValue(value) => Some(value),
        ParameterValue::ShortValue(value) => Some(i32::from(value)),
        ParameterValue::ByteValue(value) => Some(i32::from(value)),
        _ => None,
    })
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
    /// The service; one of the DC family.
    pub service: Service,
    /// Whether it costs money.
    pub fee: Fee,
    /// Its parameter sets, 1 to [`MAX_PARAMETER_SETS`].
    pub sets: &'a [DcParameters],
}

/// What the vehicle selected: a service and one of its parameter sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The service.
    pub service: Service,
    /// The parameter set.
    pub parameters: DcParameters,
}
