//! Wireless power: limits of the pair of coils.

use exi_codec::iso20::wpt::WptPowerClass;
use exi_codec::{Amperes, Frequency, Watts};

/// Limits of a wireless vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WptLimits {
    /// `EVPCMaxReceivablePower`, W.
    pub max_power: Watts,
    /// Largest ground clearance, mm.
    pub max_clearance: u16,
    /// Smallest ground clearance, mm.
    pub min_clearance: u16,
    /// `EVPCNaturalFrequency`, Hz.
    pub frequency: Frequency,
}

/// What a wireless charger is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WptPad {
    /// `PDInputPowerClass`.
    pub class: WptPowerClass,
    /// Most output power, W.
    pub max_power: Watts,
    /// Least output power, W.
    pub min_power: Watts,
    /// Largest ground clearance that is supported, mm.
    pub max_clearance: u16,
    /// Smallest ground clearance that is supported, mm.
    pub min_clearance: u16,
    /// Most current in the coil, A.
    pub max_current: Amperes,
    /// Least current in the coil, A.
    pub min_current: Amperes,
}

impl WptPad {
    /// Whether pad and vehicle can exchange any energy: clearances overlap, and there is power that both allow.
    pub fn meets(&self, vehicle: &WptLimits) -> bool {
        self.min_clearance <= vehicle.max_clearance
            && vehicle.min_clearance <= self.max_clearance
            && self.min_power <= vehicle.max_power
    }
}
