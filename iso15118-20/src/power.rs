//! Limits of both ends, and what may flow between them.

mod ac;
pub(crate) mod ramp;
mod wpt;

use exi_codec::{Amperes, Volts, Watts};

use crate::service::Direction;

pub use ac::{AcGrid, AcLimits, AcMeasurement, AcOutput, Phases};
pub use wpt::{WptLimits, WptPad};

/// Limits of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowLimits {
    /// Most power, W.
    pub max_power: Watts,
    /// Least power at which energy flows at all, W.
    pub min_power: Watts,
    /// Most current, A.
    pub max_current: Amperes,
    /// Least current at which energy flows at all, A.
    pub min_current: Amperes,
}

impl FlowLimits {
    /// The limits without their signs: peers disagree on the sign of discharge limits.
    pub(crate) fn abs(self) -> Self {
        Self {
            max_power: self.max_power.abs(),
            min_power: self.min_power.abs(),
            max_current: self.max_current.abs(),
            min_current: self.min_current.abs(),
        }
    }

    /// The smaller of each maximum. The minima are kept.
    pub(crate) fn capped(self, by: Self) -> Self {
        Self {
            max_power: self.max_power.min(by.max_power),
            max_current: self.max_current.min(by.max_current),
            ..self
        }
    }

    /// True if no energy may flow.
    pub fn is_zero(self) -> bool {
        self.max_power <= Watts::ZERO || self.max_current <= Amperes::ZERO
    }
}

/// Limits of a DC charger or vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DcLimits {
    /// Into the vehicle.
    pub charge: FlowLimits,
    /// Out of the vehicle, as magnitudes. None: never.
    pub discharge: Option<FlowLimits>,
    /// Highest voltage, V.
    pub max_voltage: Volts,
    /// Lowest voltage, V.
    pub min_voltage: Volts,
}

impl DcLimits {
    /// What both allow: the smaller maxima, the narrower window of voltage. Discharge needs both.
    #[must_use]
    pub fn narrowed(self, by: &Self) -> Self {
        Self {
            charge: self.charge.capped(by.charge),
            discharge: match (self.discharge, by.discharge) {
                (Some(own), Some(other)) => Some(own.abs().capped(other.abs())),
                _ => None,
            },
            max_voltage: self.max_voltage.min(by.max_voltage),
            min_voltage: self.min_voltage.max(by.min_voltage),
        }
    }

    /// The limits with power capped in both directions.
    #[must_use]
    pub fn permitted(mut self, permit: GridPermit) -> Self {
        self.charge.max_power = self.charge.max_power.min(permit.charge).max(Watts::ZERO);
        self.discharge = self.discharge.map(|flow| {
            let flow = flow.abs();
            FlowLimits { max_power: flow.max_power.min(permit.discharge).max(Watts::ZERO), ..flow }
        });
        self
    }

    /// The limits without discharge where the service forbids it.
    #[must_use]
    pub fn directed(self, direction: Direction) -> Self {
        match direction {
            Direction::ChargeOnly => Self { discharge: None, ..self },
            Direction::Bidirectional => self,
        }
    }

    /// Whether the windows of voltage meet, which they must for any energy to flow.
    pub fn meets(&self, other: &Self) -> bool {
        self.min_voltage <= other.max_voltage && other.min_voltage <= self.max_voltage
    }

    /// The current and the power nearest to a wish that the limits allow.
    ///
    /// A wish that needs discharge where there is none is granted as zero.
    pub fn clamp(&self, wish: Output) -> Output {
        let out = wish.current.is_negative() || wish.power.is_negative();
        let flow = if out { self.discharge.unwrap_or_default().abs() } else { self.charge };
        let power = wish.power.abs().min(flow.max_power).max(Watts::ZERO);
        let current = wish.current.abs().min(flow.max_current).max(Amperes::ZERO);
        if power.is_zero() || current.is_zero() {
            return Output { voltage: wish.voltage.min(self.max_voltage), ..Output::ZERO };
        }
        Output {
            voltage: wish.voltage.min(self.max_voltage),
            current: if out { current.negated() } else { current },
            power: if out { power.negated() } else { power },
        }
    }
}

/// How much power the site may draw and feed at this moment. It outranks everything but a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridPermit {
    /// Most power into vehicles, W.
    pub charge: Watts,
    /// Most power out of vehicles, W. Zero: no discharge.
    pub discharge: Watts,
}

impl GridPermit {
    /// Charging without a cap of the grid's, no discharge.
    pub const CHARGE_ONLY: Self = Self { charge: Watts::new(i16::MAX, 3), discharge: Watts::ZERO };
    /// No cap of the grid's in either direction.
    pub const UNLIMITED: Self = Self { discharge: Watts::new(i16::MAX, 3), ..Self::CHARGE_ONLY };
    /// Nothing may flow.
    pub const NOTHING: Self = Self { charge: Watts::ZERO, discharge: Watts::ZERO };
}

/// What a converter is to do. All three bounds hold; the one that is reached first decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Highest voltage at the vehicle, V.
    pub voltage: Volts,
    /// Current, A: positive into the vehicle, negative out of it.
    pub current: Amperes,
    /// Power, W, with the sign of the current.
    pub power: Watts,
}

impl Output {
    /// Nothing flows.
    pub const ZERO: Self = Self { voltage: Volts::ZERO, current: Amperes::ZERO, power: Watts::ZERO };

    /// True if nothing flows.
    pub fn is_zero(self) -> bool {
        self.current.is_zero() || self.power.is_zero()
    }
}

/// What is measured at the vehicle's inlet or the charger's outlet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// Voltage, V.
    pub voltage: Volts,
    /// Current, A: positive into the vehicle, negative out of it.
    pub current: Amperes,
}

/// Whether a power is at a set-point as far as it matters: not beyond it, nor the other way, by more than a slack.
/// Less is no fault.
#[cfg(feature = "ac")]
pub(crate) fn follows(power: Watts, set_point: Watts, slack: Watts) -> bool {
    let milli = |power: Watts| power.to_milli_saturating(exi_codec::Rounding::Nearest);
    let (power, set_point, slack) = (milli(power), milli(set_point), milli(slack));
    let (least, most) = (set_point.min(0).saturating_sub(slack), set_point.max(0).saturating_add(slack));
    (least..=most).contains(&power)
}

/// Where the contactors of an end are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contactor {
    /// All open.
    Open,
    /// All closed.
    Closed,
    /// Welded, or not as commanded.
    Fault,
}

#[cfg(test)]
mod tests;
