//! AC: power by phase.

use exi_codec::{Frequency, Quantity, Rounding, Unit, VoltAmpereReactive, Watt, Watts};

use super::GridPermit;
use crate::service::Direction;

/// A quantity of an AC connection: as a whole, or of each of three phases.
///
/// On the wire the first number is the whole where it stands alone, and phase 1 where the others stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phases<U: Unit> {
    /// All phases together, or the only one.
    Total(Quantity<U>),
    /// Phase by phase.
    Each([Quantity<U>; 3]),
}

impl<U: Unit> Default for Phases<U> {
    fn default() -> Self {
        Self::Total(Quantity::ZERO)
    }
}

impl<U: Unit> Phases<U> {
    /// From the three elements of a message. What is missing beside a phase counts as zero.
    pub fn read(base: Quantity<U>, l2: Option<Quantity<U>>, l3: Option<Quantity<U>>) -> Self {
        match (l2, l3) {
            (None, None) => Self::Total(base),
            _ => Self::Each([base, l2.unwrap_or_default(), l3.unwrap_or_default()]),
        }
    }

    /// The three elements of a message.
    pub fn write(self) -> (Quantity<U>, Option<Quantity<U>>, Option<Quantity<U>>) {
        match self {
            Self::Total(total) => (total, None, None),
            Self::Each([l1, l2, l3]) => (l1, Some(l2), Some(l3)),
        }
    }

    /// The quantity of all phases together.
    pub fn total(self) -> Quantity<U> {
        match self {
            Self::Total(total) => total,
            Self::Each(phases) => sum(phases),
        }
    }

    /// Every number changed by `change`.
    #[must_use]
    pub fn map(self, change: impl Fn(Quantity<U>) -> Quantity<U>) -> Self {
        match self {
            Self::Total(total) => Self::Total(change(total)),
            Self::Each(phases) => Self::Each(phases.map(change)),
        }
    }

    /// True if every number is zero.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Total(total) => total.is_zero(),
            Self::Each(phases) => phases.iter().all(|phase| phase.is_zero()),
        }
    }

    /// The quantity, no phase and no sum of which exceeds `most`; both without sign. The form stays.
    #[must_use]
    pub fn capped(self, most: Self) -> Self {
        match (self, most) {
            (Self::Total(own), most) => Self::Total(own.min(most.total())),
            (Self::Each(own), Self::Each(most)) => {
                let [l1, l2, l3] = own;
                let [most_l1, most_l2, most_l3] = most;
                Self::Each([l1.min(most_l1), l2.min(most_l2), l3.min(most_l3)])
            }
            // Shares of a third each: never more than the whole, whatever the phases are.
            (own @ Self::Each(phases), Self::Total(most)) if exact_sum(phases) > milli(most) => {
                let third = Quantity::from_milli(milli(most) / 3, Rounding::TowardsZero);
                own.map(|phase| phase.min(third))
            }
            (own, _) => own,
        }
    }
}

/// Limits of one AC charger or vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcLimits {
    /// Most power into the vehicle, W.
    pub max_charge: Phases<Watt>,
    /// Least power into the vehicle at which energy flows at all, W.
    pub min_charge: Phases<Watt>,
    /// Most and least power out of the vehicle, W, as magnitudes. None: never.
    pub discharge: Option<(Phases<Watt>, Phases<Watt>)>,
}

impl AcLimits {
    /// What both allow: the smaller maxima, phase by phase if either says so. The minima are kept. Discharge needs
    /// both.
    #[must_use]
    pub fn narrowed(self, by: &Self) -> Self {
        Self {
            max_charge: both(self.max_charge, by.max_charge),
            min_charge: self.min_charge,
            discharge: match (self.discharge, by.discharge) {
                (Some((most, least)), Some((other, _))) => {
                    Some((both(most.map(Quantity::abs), other.map(Quantity::abs)), least))
                }
                _ => None,
            },
        }
    }

    /// The limits with power capped in both directions.
    #[must_use]
    pub fn permitted(self, permit: GridPermit) -> Self {
        self.limited(permit.charge, permit.discharge)
    }

    /// The limits with the sum of the phases capped in both directions, W.
    #[must_use]
    pub fn limited(mut self, charge: Watts, discharge: Watts) -> Self {
        let positive = |power: Watts| Phases::Total(power.max(Watts::ZERO));
        self.max_charge = both(self.max_charge, positive(charge));
        self.discharge =
            self.discharge.map(|(most, least)| (most.map(Quantity::abs).capped(positive(discharge)), least));
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

    /// Whether any power satisfies both: neither's least is above the other's most.
    pub fn meets(&self, other: &Self) -> bool {
        self.min_charge.total() <= other.max_charge.total()
            && other.min_charge.total() <= self.max_charge.total()
    }

    /// A power in the form of the limits: as a whole, or for each phase.
    #[cfg(feature = "ac")]
    pub(crate) fn shape(&self, power: Watts) -> Phases<Watt> {
        match self.max_charge {
            Phases::Total(_) => Phases::Total(power),
            Phases::Each(_) => Phases::Each([power; 3]),
        }
    }

    /// The power nearest to a wish that the limits allow: positive into the vehicle, negative out of it.
    pub fn clamp(&self, wish: Phases<Watt>) -> Phases<Watt> {
        if wish.total().is_negative() {
            let (most, _) = self.discharge.unwrap_or_default();
            // A phase that goes the other way than the whole gets nothing.
            let out = wish.map(|power| power.negated().max(Watts::ZERO));
            out.capped(most.map(Quantity::abs)).map(Quantity::negated)
        } else {
            // A limit below zero, which a vehicle may send, turns nothing round.
            let most = self.max_charge.map(|power| power.max(Watts::ZERO));
            wish.map(|power| power.max(Watts::ZERO)).capped(most)
        }
    }
}

/// The grid behind an AC charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcGrid {
    /// `EVSENominalFrequency`, Hz.
    pub frequency: Frequency,
    /// `MaximumPowerAsymmetry`: largest difference of power between two phases, W.
    pub asymmetry: Option<Watts>,
}

impl AcGrid {
    /// 50 Hz, phases loaded as one likes.
    pub const DEFAULT: Self = Self { frequency: Frequency::new(50, 0), asymmetry: None };
}

impl Default for AcGrid {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What an AC charger asks of the vehicle's converter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcOutput {
    /// Active power, W: positive into the vehicle, negative out of it.
    pub active: Phases<Watt>,
    /// Reactive power, var: positive absorbing, negative injecting.
    pub reactive: Option<Phases<VoltAmpereReactive>>,
    /// Frequency to keep, Hz, where the vehicle forms a grid.
    pub frequency: Option<Frequency>,
}

impl AcOutput {
    /// Nothing flows.
    pub const ZERO: Self = Self { active: Phases::Total(Watts::ZERO), reactive: None, frequency: None };
}

/// What is measured at an AC inlet or outlet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcMeasurement {
    /// Active power, W: positive into the vehicle, negative out of it.
    pub active: Phases<Watt>,
    /// Reactive power, var.
    pub reactive: Phases<VoltAmpereReactive>,
}

/// What both allow. A whole forgets no phase that the other limits, and less than nothing is nothing.
fn both(a: Phases<Watt>, b: Phases<Watt>) -> Phases<Watt> {
    let [a, b] = [a, b].map(|limit| limit.map(|power| power.max(Watts::ZERO)));
    match a {
        Phases::Total(_) => b.capped(a),
        Phases::Each(_) => a.capped(b),
    }
}

fn milli<U: Unit>(quantity: Quantity<U>) -> i64 {
    quantity.to_milli_saturating(Rounding::TowardsZero)
}

fn sum<U: Unit>(phases: [Quantity<U>; 3]) -> Quantity<U> {
    Quantity::from_milli(exact_sum(phases), Rounding::TowardsZero)
}

/// Thousandths: the sum may have more digits than a quantity.
fn exact_sum<U: Unit>(phases: [Quantity<U>; 3]) -> i64 {
    phases.into_iter().map(milli).fold(0, i64::saturating_add)
}
