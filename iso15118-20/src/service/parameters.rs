//! Parameter sets of energy transfer services.

use exi_codec::iso20::common_messages::{Parameter, ParameterSet, ParameterValue};
use exi_codec::{List, RationalNumber, Rounding, Str};

use super::{
    BptChannel, ControlMode, Direction, Family, GeneratorMode, IslandingDetection, MobilityNeeds, Pricing,
    Service,
};

/// What a parameter set of a bidirectional service says on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BptParameters {
    /// `BPTChannel`.
    pub channel: BptChannel,
    /// `GeneratorMode`.
    pub generator: GeneratorMode,
    /// `GridCodeIslandingDetectionMethod`; AC only.
    pub islanding: IslandingDetection,
}

impl BptParameters {
    /// One channel, following the grid, active detection of islands.
    pub const DEFAULT: Self = Self {
        channel: BptChannel::Unified,
        generator: GeneratorMode::GridFollowing,
        islanding: IslandingDetection::Active,
    };
}

impl Default for BptParameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How many phases an AC outlet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcConnector {
    /// One.
    SinglePhase,
    /// Three. Deployed peers number it 2 or 3: both are understood.
    ThreePhase,
}

impl AcConnector {
    /// The connector with a number on the wire, if there is one.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::SinglePhase),
            2 | 3 => Some(Self::ThreePhase),
            _ => None,
        }
    }
}

/// One parameter set of an energy transfer service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// `ParameterSetID`, unique within the service.
    pub id: u16,
    /// `Connector`: AC 1 single phase, 2 (or 3) three phases, see [`AcConnector`]; DC 1 Core, 2 Extended, 3 Dual2,
    /// 4 Dual4; MCS 1 MCS, 2 ChaoJi and more. Not sent with wireless services.
    pub connector: i32,
    /// `ControlMode`.
    pub control_mode: ControlMode,
    /// `MobilityNeedsMode`.
    pub mobility_needs: MobilityNeeds,
    /// `Pricing`.
    pub pricing: Pricing,
    /// `EVSENominalVoltage`, phase to neutral, V, at most 500; sent and read with AC services only.
    pub nominal_voltage: u16,
    /// What bidirectional services say on top.
    pub bpt: BptParameters,
}

/// Parameters in one set at most.
pub(crate) const PARAMETERS: usize = 8;

impl Parameters {
    /// A set with connector 2, mobility needs of the vehicle, no prices, and 230 V.
    pub const fn new(id: u16, control_mode: ControlMode) -> Self {
        Self {
            id,
            connector: 2,
            control_mode,
            mobility_needs: MobilityNeeds::Vehicle,
            pricing: Pricing::None,
            nominal_voltage: 230,
            bpt: BptParameters::DEFAULT,
        }
    }

    /// The set with another connector.
    #[must_use]
    pub const fn with_connector(self, connector: i32) -> Self {
        Self { connector, ..self }
    }

    /// The set with prices.
    #[must_use]
    pub const fn with_pricing(self, pricing: Pricing) -> Self {
        Self { pricing, ..self }
    }

    /// The set with mobility needs that the charger may settle too.
    #[must_use]
    pub const fn with_mobility_needs(self, mobility_needs: MobilityNeeds) -> Self {
        Self { mobility_needs, ..self }
    }

    /// The set with what bidirectional services say on top.
    #[must_use]
    pub const fn with_bpt(self, bpt: BptParameters) -> Self {
        Self { bpt, ..self }
    }

    /// The set as parameters of `service`, and how many there are.
    pub(crate) fn write(&self, service: Service) -> ([Parameter<'static>; PARAMETERS], usize) {
        let int = |name, value| Parameter { name: Str::new(name), value: ParameterValue::IntValue(value) };
        let mut all =
            [const { Parameter { name: Str::new(""), value: ParameterValue::IntValue(0) } }; PARAMETERS];
        let family = service.family();
        let bidirectional = service.direction() == Direction::Bidirectional;
        let present = [
            (family != Family::Wpt).then(|| int("Connector", self.connector)),
            Some(int("ControlMode", self.control_mode.number())),
            (family == Family::Ac).then(|| int("EVSENominalVoltage", i32::from(self.nominal_voltage))),
            Some(int("MobilityNeedsMode", self.mobility_needs.number())),
            Some(int("Pricing", self.pricing.number())),
            bidirectional.then(|| int("BPTChannel", self.bpt.channel.number())),
            bidirectional.then(|| int("GeneratorMode", self.bpt.generator.number())),
            (bidirectional && family == Family::Ac)
                .then(|| int("GridCodeIslandingDetectionMethod", self.bpt.islanding.number())),
        ];
        let mut count = 0;
        for (place, parameter) in all.iter_mut().zip(present.into_iter().flatten()) {
            *place = parameter;
            count += 1;
        }
        (all, count)
    }

    /// Reads a set of the peer's. Unknown parameters are ignored, missing ones get what a set without them
    /// means. Without a control mode there is nothing to agree on, except over a wireless link, where the
    /// vehicle then plans.
    pub(crate) fn read(service: Service, set: &ParameterSet<'_>) -> Option<Self> {
        let find = |name: &str| integer(&set.parameter, name);
        let control_mode = match find("ControlMode") {
            Some(number) => ControlMode::from_number(number)?,
            None if service.family() == Family::Wpt => ControlMode::Scheduled,
            None => return None,
        };
        let read = |name, default| find(name).unwrap_or(default);
        let mobility_needs = MobilityNeeds::from_number(read("MobilityNeedsMode", 1))?;
        if mobility_needs == MobilityNeeds::VehicleOrCharger && control_mode == ControlMode::Scheduled {
            return None;
        }
        Some(Self {
            id: set.parameter_set_id,
            connector: read("Connector", 1),
            control_mode,
            mobility_needs,
            pricing: Pricing::from_number(read("Pricing", 0))?,
            nominal_voltage: u16::try_from(read("EVSENominalVoltage", 230)).ok()?,
            bpt: BptParameters {
                channel: BptChannel::from_number(read("BPTChannel", 1))?,
                generator: GeneratorMode::from_number(read("GeneratorMode", 1))?,
                islanding: IslandingDetection::from_number(read("GridCodeIslandingDetectionMethod", 1))?,
            },
        })
    }
}

/// The first parameter of that name as an integer. Peers send whole numbers as rational ones too.
pub(super) fn integer(parameters: &List<'_, Parameter<'_>>, name: &str) -> Option<i32> {
    parameters.iter().find(|parameter| parameter.name == *name).and_then(|parameter| match parameter.value {
        ParameterValue::IntValue(value) => Some(value),
        ParameterValue::ShortValue(value) => Some(i32::from(value)),
        ParameterValue::ByteValue(value) => Some(i32::from(value)),
        ParameterValue::RationalNumber(value) => whole(value),
        _ => None,
    })
}

fn whole(value: RationalNumber) -> Option<i32> {
    let milli = value.to_milli(Rounding::Nearest)?;
    if milli % 1000 == 0 { i32::try_from(milli / 1000).ok() } else { None }
}
