//! Whether the vehicle follows what the charger sets where that plans (`AckMaxDelay`).
//!
//! It is the vehicle's converter that has to follow. Over DC and a coil the converter is the charger's, the next request
//! is all that a vehicle acknowledges with, and the time of the loop is shorter than any `AckMaxDelay`.

use core::time::Duration;

use super::super::SeccTimer as T;
use super::super::engine::Core;
use crate::power::follows;
use crate::sequence::Stage;
use crate::service::ControlMode;

impl Core<'_> {
    /// How long the vehicle may take, if the charger says so: its time, and the round that tells it.
    fn time_to_follow(&self) -> Option<Duration> {
        let leads = self.mode() == Some(ControlMode::Dynamic) && self.sequence.stage() == Stage::ChargeLoop;
        let seconds = self.config.ack_max_delay.filter(|_| leads && self.stopping.is_none())?;
        Some(Duration::from_secs(u64::from(seconds)).saturating_add(self.timing().loop_sequence))
    }

    /// A response of the loop is on its way, and what it says is what the vehicle is held to from now on.
    pub(in super::super) fn set_point_told(&mut self) {
        self.ac.told = self.ac.output.active.total();
        self.watch_set_point();
    }

    /// The time of a vehicle runs while more flows than it was told, or the other way; when it is over, power is
    /// switched off. Less is no fault. The own meter is the better witness.
    pub(in super::super) fn watch_set_point(&mut self) {
        let flow = match (self.ac.measured, self.vehicle.status.power) {
            (Some(measured), _) => measured.active.total(),
            (None, Some(power)) => power,
            (None, None) => return,
        };
        match self.time_to_follow() {
            Some(time) if !follows(flow, self.ac.told, self.config.settings.profile_margin) => {
                self.start_timer(T::Acknowledge, time);
            }
            _ => self.clear(T::Acknowledge),
        }
    }
}
