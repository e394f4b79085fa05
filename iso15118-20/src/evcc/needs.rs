//! What the driver and the battery need, and what the charger makes of it.

use exi_codec::WattHours;
use exi_codec::iso20::common_types::{DisplayParameters, PercentValue};

use super::{Core, Pending};
use crate::service::{ControlMode, MobilityNeeds};

/// Mobility needs of the driver and the state of the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Seconds until departure.
    pub departure_time: u32,
    /// Energy to the target state of charge, Wh.
    pub target_energy: WattHours,
    /// Energy until full, Wh.
    pub max_energy: WattHours,
    /// Energy to the minimum state of charge, Wh; negative: energy that the vehicle may give away. While it is
    /// positive the vehicle announces that nothing may be taken from it.
    pub min_energy: WattHours,
    /// Band within which the charger may cycle energy, Wh: to its upper and to its lower end. Both or neither
    /// [V2G20-2681].
    pub v2x_energy: Option<(WattHours, WattHours)>,
    /// State of charge, %.
    pub present_soc: Option<PercentValue>,
    /// Least state of charge at departure, %.
    pub minimum_soc: Option<PercentValue>,
    /// State of charge wanted at departure, %.
    pub target_soc: Option<PercentValue>,
    /// Most state of charge that the battery takes, %.
    pub maximum_soc: Option<PercentValue>,
    /// Seconds until the minimum, the target and the maximum state of charge, as the vehicle reckons.
    pub time_to: [Option<u32>; 3],
    /// Whether the inlet is too hot for full power.
    pub inlet_hot: Option<bool>,
    /// Whether the battery has what it wants.
    pub charging_complete: bool,
    /// Capacity of the battery, Wh.
    pub capacity: Option<WattHours>,
}

/// Mobility needs that the charger settled instead of the vehicle (`MobilityNeedsMode` 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationNeeds {
    /// Seconds until departure.
    pub departure_time: Option<u32>,
    /// Least state of charge at departure, %.
    pub minimum_soc: Option<PercentValue>,
    /// State of charge at departure, %.
    pub target_soc: Option<PercentValue>,
}

impl StationNeeds {
    pub(super) const NONE: Self = Self { departure_time: None, minimum_soc: None, target_soc: None };
}

/// Energy requests as messages carry them, with the band to cycle within.
pub(super) struct Energy {
    pub(super) target: WattHours,
    pub(super) max: WattHours,
    pub(super) min: WattHours,
    pub(super) v2x: Option<(WattHours, WattHours)>,
}

impl Core<'_> {
    pub(super) fn energy(&self) -> Energy {
        let needs = self.plant.needs;
        Energy {
            target: needs.target_energy,
            max: needs.max_energy,
            min: needs.min_energy,
            v2x: needs.v2x_energy.filter(|_| self.may_discharge()),
        }
    }

    /// The charger may settle the needs where that was agreed on; elsewhere it is not heard.
    pub(super) fn station_needs(&mut self, needs: StationNeeds) {
        let agreed = self.selection.is_some_and(|selection| {
            selection.parameters.control_mode == ControlMode::Dynamic
                && selection.parameters.mobility_needs == MobilityNeeds::VehicleOrCharger
        });
        if !agreed || needs == StationNeeds::NONE || needs == self.station.needs {
            return;
        }
        self.station.needs = needs;
        let own = &mut self.plant.needs;
        own.departure_time = needs.departure_time.unwrap_or(own.departure_time);
        own.minimum_soc = needs.minimum_soc.or(own.minimum_soc);
        own.target_soc = needs.target_soc.or(own.target_soc);
        self.pending.raise(Pending::NEEDS);
    }

    pub(super) fn display(&self) -> Option<DisplayParameters> {
        let needs = self.plant.needs;
        let [to_minimum, to_target, to_maximum] = needs.time_to;
        needs.present_soc.map(|soc| DisplayParameters {
            present_soc: Some(soc),
            minimum_soc: needs.minimum_soc,
            target_soc: needs.target_soc,
            maximum_soc: needs.maximum_soc,
            remaining_time_to_minimum_soc: to_minimum,
            remaining_time_to_target_soc: to_target,
            remaining_time_to_maximum_soc: to_maximum,
            charging_complete: Some(needs.charging_complete),
            battery_energy_capacity: needs.capacity,
            inlet_hot: needs.inlet_hot,
        })
    }
}
