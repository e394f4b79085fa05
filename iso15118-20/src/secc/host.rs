//! What the host tells the charger's engine.

use exi_codec::Watts;
use v2gtp::Instant;

use super::{Authorization, Core, Secc, Slot, T};
use crate::power::{Contactor, DcLimits, GridPermit, Measurement};
use crate::schedule::Schedule;
use crate::settings::Timing;

/// The host's word on external authorization (card, app, remote start).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationDecision {
    /// The vehicle may charge.
    Accepted,
    /// It may not. It may ask again.
    Rejected,
    /// The customer has to act: the vehicle is told, and the deadline moves to [`Timing::customer`].
    WaitingForCustomer,
}

/// Result of an isolation test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// The cable is isolated.
    Valid,
    /// It is not, or the test could not be done.
    Fault,
}

/// Meter readings of this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Energy into the vehicle, Wh.
    pub charged: u64,
    /// Energy out of the vehicle, Wh; reported in bidirectional services only.
    pub discharged: Option<u64>,
}

/// How urgently to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No current at once; the vehicle is notified and has so many seconds to end the session.
    Notify {
        /// Seconds until the charger switches off by itself.
        max_delay: u16,
    },
    /// No current and open contactors at once; the next request is refused.
    Emergency,
}

impl Secc<'_> {
    /// What the charger can deliver and take from now on. In the loop only what was announced before counts.
    pub fn set_limits(&mut self, limits: DcLimits) {
        self.core.plant.limits = limits;
        self.core.update_output();
    }

    /// What the site may draw and feed from now on. Without a permit there is no discharge.
    pub fn set_grid_permit(&mut self, permit: GridPermit) {
        self.core.plant.permit = permit;
        self.core.update_output();
    }

    /// Power to exchange where the charger plans (Dynamic), W: positive into the vehicle, negative out of it.
    /// All limits are applied to it.
    pub fn set_dispatch(&mut self, power: Watts) {
        self.core.plant.dispatch = power;
        self.core.update_output();
    }

    /// Schedules to offer where the vehicle plans (Scheduled): into and out of the vehicle. Without them the
    /// charger's limits hold for a day.
    pub fn set_schedule(&mut self, charge: Option<Schedule>, discharge: Option<Schedule>) {
        self.core.plant.schedule = charge;
        self.core.plant.discharge_schedule = discharge;
    }

    /// Meter readings to report.
    pub fn set_meter(&mut self, meter: Meter) {
        self.core.plant.meter = Some(meter);
    }

    /// What is measured at the outlet. Keep it at most a loop round old while there is voltage.
    pub fn measurement(&mut self, now: Instant, measured: Measurement) {
        self.core.now = now;
        self.core.plant.measured = Some(measured);
        self.core.plant_moved();
    }

    /// Decides on authorization, asked for or not.
    pub fn authorize(&mut self, now: Instant, decision: AuthorizationDecision) {
        self.core.now = now;
        self.core.authorize(decision);
    }

    /// Reports the isolation test, or at any later time what the monitor of the isolation says: a fault while there
    /// is voltage stops at once.
    pub fn isolation(&mut self, now: Instant, isolation: Isolation) {
        self.core.now = now;
        self.core.clear(T::Isolation);
        // A result that comes too late does not undo the failure.
        if self.core.plant.isolation != Some(Isolation::Fault) {
            self.core.plant.isolation = Some(isolation);
        }
        self.core.plant_moved();
    }

    /// Reports the contactors. Any report counts: the last one is kept. Contactors that open by themselves in the
    /// charge loop, and faults, stop at once.
    pub fn contactor(&mut self, now: Instant, contactor: Contactor) {
        self.core.now = now;
        self.core.plant.contactor = contactor;
        self.core.plant_moved();
    }

    /// Stops, and wins against everything else.
    pub fn stop(&mut self, now: Instant, stop: Stop) {
        self.core.now = now;
        self.core.stop(stop);
    }
}

impl Core<'_> {
    fn authorize(&mut self, decision: AuthorizationDecision) {
        if self.authorization == Authorization::Granted || self.end.is_some() || self.closed {
            return;
        }
        let again = self.authorization == Authorization::Decided(decision);
        self.authorization = Authorization::Decided(decision);
        match decision {
            // A customer who never comes must not hold the session for ever.
            AuthorizationDecision::WaitingForCustomer if again => {}
            AuthorizationDecision::WaitingForCustomer => {
                self.set(T::Authorization, Timing::before(self.config.settings.timing.customer));
            }
            AuthorizationDecision::Accepted | AuthorizationDecision::Rejected => self.clear(T::Authorization),
        }
    }

    /// A request that waits for the plant goes on when the plant has moved.
    pub(super) fn plant_moved(&mut self) {
        if self.plant_failed() {
            self.stop(Stop::Emergency);
        }
        self.update_output();
        match self.slot {
            Slot::PowerUp { asked, ordered } => self.continue_start(asked, ordered),
            Slot::PowerDown(asked) => self.finish_stop(asked),
            Slot::Idle | Slot::Ready(_) => {}
        }
    }
}
