//! Value-added services: what a charger offers besides energy.

use exi_codec::Str;
use exi_codec::iso20::common_messages::{Parameter, ParameterSet, ParameterValue};

use super::Fee;
use super::parameters::integer;

/// Value-added services that one station can offer.
pub const MAX_VALUE_ADDED: usize = 2;

numbered! {
    /// A value-added service, by its service ID.
    ValueAdded: u16 {
        /// Internet access over the cable.
        Internet = 65,
        /// Check-in and check-out of a parking vehicle.
        ParkingStatus = 66,
    }
}

numbered! {
    /// Protocol of a parameter set of [`ValueAdded::Internet`], by its parameter set ID.
    InternetProtocol: u16 {
        /// FTP, data.
        FtpData = 1,
        /// FTP, control.
        FtpControl = 2,
        /// HTTP.
        Http = 3,
        /// HTTPS.
        Https = 4,
    }
}

impl InternetProtocol {
    /// `Protocol` and `Port`.
    pub const fn endpoint(self) -> (&'static str, u16) {
        match self {
            Self::FtpData => ("ftp", 20),
            Self::FtpControl => ("ftp", 21),
            Self::Http => ("http", 80),
            Self::Https => ("https", 443),
        }
    }
}

numbered! {
    /// `IntendedService` of [`ValueAdded::ParkingStatus`].
    ParkingService: i32 {
        /// The vehicle arrives.
        CheckIn = 1,
        /// The vehicle leaves.
        CheckOut = 2,
    }
}

numbered! {
    /// `ParkingStatusType` of [`ValueAdded::ParkingStatus`].
    ParkingKind: i32 {
        /// The vehicle parks itself, guided from within.
        AutoInternal = 1,
        /// The vehicle parks itself, guided from outside.
        AutoExternal = 2,
        /// The driver parks, guided from within.
        ManualInternal = 3,
        /// The driver parks, guided from outside.
        ManualExternal = 4,
    }
}

/// One parameter set of a value-added service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueAddedSet {
    /// Of [`ValueAdded::Internet`]; the protocol is the ID of the set.
    Internet(InternetProtocol),
    /// Of [`ValueAdded::ParkingStatus`].
    Parking {
        /// `ParameterSetID`, unique within the service.
        id: u16,
        /// What for.
        service: ParkingService,
        /// How.
        kind: ParkingKind,
    },
}

/// A value-added service that a station offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueAddedOffer<'a> {
    /// The service.
    pub service: ValueAdded,
    /// Whether it costs money.
    pub fee: Fee,
    /// Its parameter sets, 1 to [`MAX_PARAMETER_SETS`](super::MAX_PARAMETER_SETS).
    pub sets: &'a [ValueAddedSet],
}

/// Parameters in one set of a value-added service.
const PARAMETERS: usize = 2;

impl ValueAddedSet {
    /// `ParameterSetID`.
    pub const fn id(self) -> u16 {
        match self {
            Self::Internet(protocol) => protocol.number(),
            Self::Parking { id, .. } => id,
        }
    }

    /// The service that the set belongs to.
    pub const fn service(self) -> ValueAdded {
        match self {
            Self::Internet(_) => ValueAdded::Internet,
            Self::Parking { .. } => ValueAdded::ParkingStatus,
        }
    }

    pub(crate) fn write(self) -> [Parameter<'static>; PARAMETERS] {
        let int = |name, value| Parameter { name: Str::new(name), value: ParameterValue::IntValue(value) };
        match self {
            Self::Internet(protocol) => {
                let (name, port) = protocol.endpoint();
                [
                    Parameter {
                        name: Str::new("Protocol"),
                        value: ParameterValue::FiniteString(Str::new(name)),
                    },
                    int("Port", i32::from(port)),
                ]
            }
            Self::Parking { service, kind, .. } => {
                [int("IntendedService", service.number()), int("ParkingStatusType", kind.number())]
            }
        }
    }

    #[allow(dead_code, reason = "for the vehicle")]
    /// Reads a set of the peer's, if it says what this crate knows.
    pub(crate) fn read(service: ValueAdded, set: &ParameterSet<'_>) -> Option<Self> {
        let id = set.parameter_set_id;
        match service {
            ValueAdded::Internet => InternetProtocol::from_number(id).map(Self::Internet),
            ValueAdded::ParkingStatus => Some(Self::Parking {
                id,
                service: ParkingService::from_number(integer(&set.parameter, "IntendedService")?)?,
                kind: ParkingKind::from_number(integer(&set.parameter, "ParkingStatusType")?)?,
            }),
        }
    }
}
