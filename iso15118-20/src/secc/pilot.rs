//! The control pilot: whether the vehicle is there, and wants power.

use exi_codec::iso20::common_types::ResponseCode;
use v2gtp::Instant;

use super::engine::Core;
use super::{Secc, SeccTimer as T, Slot};
use crate::end::Refusal;
use crate::service::Family;

/// States of the control pilot (IEC 61851-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PilotState {
    /// No vehicle.
    A,
    /// A vehicle that wants no power.
    B,
    /// A vehicle that wants power.
    C,
    /// A vehicle that wants power and ventilation.
    D,
    /// No pilot: a fault, or no grid.
    E,
    /// The charger cannot be used.
    F,
}

impl Secc<'_> {
    /// Reports the control pilot. The last level is kept, so that an early report is as good as one in time.
    ///
    /// A vehicle has to be in state C or D soon after it asked for power, or the start is refused; without these
    /// states nothing flows; in the states A, E and F a charger that may have voltage at its outlet switches off at
    /// once. A host without a pilot reports nothing, and nothing of this applies, as it does not over a coil or an
    /// automated connection device.
    pub fn pilot(&mut self, now: Instant, pilot: PilotState) {
        self.core.now = now;
        self.core.plant.pilot = Some(pilot);
        self.core.plant_moved();
    }
}

impl Core<'_> {
    fn pilot(&self) -> Option<PilotState> {
        self.plant.pilot.filter(|_| matches!(self.family(), Family::Ac | Family::Dc))
    }

    /// Whether the vehicle wants power, as far as it is known.
    pub(super) fn pilot_is_ready(&self) -> bool {
        matches!(self.pilot(), None | Some(PilotState::C | PilotState::D))
    }

    /// Whether the vehicle is gone, or the pilot faulty.
    pub(super) fn pilot_is_lost(&self) -> bool {
        matches!(self.pilot(), Some(PilotState::A | PilotState::E | PilotState::F))
    }

    /// The vehicle asked for power and did not say so by the pilot in time [V2G20-1617].
    pub(super) fn pilot_expired(&mut self) {
        if let Slot::PowerUp { asked, .. } = self.slot
            && !self.pilot_is_ready()
        {
            self.late(T::Pilot);
            self.refuse(asked, ResponseCode::FailedPowerDeliveryNotApplied, Refusal::Content);
        }
    }
}
