//! What the plan of power needs to know, whatever the family.

use exi_codec::{Rounding, Watts};

use super::{Core, DischargePermit};
use crate::service::Family;

impl Core<'_> {
    /// Whether energy may leave the battery now: service, permit, limits, and the minimum state of charge.
    pub(super) fn may_discharge(&self) -> bool {
        let needs = self.plant.needs;
        let below = needs.min_energy > exi_codec::WattHours::ZERO
            || matches!((needs.present_soc, needs.minimum_soc), (Some(now), Some(least)) if now <= least);
        self.is_bidirectional()
            && self.plant.discharge == DischargePermit::Allowed
            && self.has_discharge()
            && !below
    }

    fn has_discharge(&self) -> bool {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.plant.ac.limits.discharge.is_some(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.plant.dc.limits.discharge.is_some(),
            _ => false,
        }
    }

    /// Most power that the vehicle can take, W.
    pub(super) fn most_power(&self) -> Watts {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.plant.ac.limits.max_charge.total(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.plant.dc.limits.charge.max_power,
            #[cfg(feature = "wpt")]
            Family::Wpt => self.plant.wpt.limits.max_power,
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => Watts::ZERO,
        }
    }

    /// Least power at which the vehicle charges at all, W.
    #[cfg(feature = "planner")]
    pub(super) fn least_power(&self) -> Watts {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.plant.ac.limits.min_charge.total(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.plant.dc.limits.charge.min_power,
            _ => Watts::ZERO,
        }
    }

    /// Most and least power that the vehicle can give, W, as magnitudes.
    #[cfg(feature = "planner")]
    pub(super) fn discharge_power(&self) -> (Watts, Watts) {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => {
                let (most, least) = self.plant.ac.limits.discharge.unwrap_or_default();
                (most.total().abs(), least.total().abs())
            }
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => {
                let flow = self.plant.dc.limits.discharge.unwrap_or_default();
                (flow.max_power.abs(), flow.min_power.abs())
            }
            _ => (Watts::ZERO, Watts::ZERO),
        }
    }

    /// Most power that the charger declared, W.
    pub(super) fn station_power(&self) -> Watts {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.station.ac.limits.max_charge.total(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.station.dc.charge.max_power,
            #[cfg(feature = "wpt")]
            Family::Wpt => self.plant.wpt.pad.max_power,
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => Watts::ZERO,
        }
    }

    /// Whether the vehicle's own plan is to give energy away.
    pub(super) fn wants_discharge(&self) -> bool {
        #[cfg(any(feature = "ac", feature = "dc"))]
        if self.exchanged().is_some() {
            return true;
        }
        let wants = match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.plant.ac.demand.total().is_negative(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => self.plant.dc.demand.current.is_negative(),
            _ => false,
        };
        wants && self.may_discharge()
    }

    /// Whether next to nothing flows.
    pub(super) fn is_quiet(&self) -> bool {
        match self.family() {
            #[cfg(feature = "ac")]
            Family::Ac => self.ac_is_quiet(),
            #[cfg(feature = "dc")]
            Family::Dc | Family::Acdp => {
                self.plant.dc.measured.current.abs() <= self.config.settings.open_current
            }
            #[cfg(feature = "wpt")]
            Family::Wpt => self.wpt_is_quiet(),
            #[allow(unreachable_patterns, reason = "families can be left out")]
            _ => true,
        }
    }

    /// Power after warnings of the charger that it is too much: a tenth less for each in a row, down to a half.
    pub(super) fn corrected(&self, power: Watts) -> Watts {
        match self.violations {
            0 => power,
            many => {
                let tenths = 10 - i64::from(many.min(5));
                let milli = power.to_milli_saturating(Rounding::TowardsZero);
                Watts::from_milli(milli / 10 * tenths, Rounding::TowardsZero)
            }
        }
    }

    /// The course or a limit has changed: so may what the vehicle's own converter is to do.
    #[cfg_attr(
        not(feature = "ac"),
        allow(clippy::unused_self, reason = "only AC vehicles have a converter to lead")
    )]
    pub(super) fn update_output(&mut self) {
        #[cfg(feature = "ac")]
        if self.family() == Family::Ac {
            self.update_ac_output();
        }
    }

    /// What the charger set was not followed in time.
    #[cfg_attr(
        not(feature = "ac"),
        allow(clippy::unused_self, reason = "only AC vehicles have a converter to lead")
    )]
    pub(super) fn acknowledge_expired(&mut self) {
        #[cfg(feature = "ac")]
        if self.family() == Family::Ac {
            self.ac_set_point_missed();
        }
    }

    /// The vehicle is after something else than energy: nothing flows from here on, as far as it is its doing.
    pub(super) fn quieten(&mut self) {
        self.update_output();
    }
}
