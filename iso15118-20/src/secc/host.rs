//! What the host tells the charger's engine, whatever the family.

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Quantity, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::state::Grant;
use super::{AnswerError, Secc, SeccTimer as T, Slot};
use crate::power::{Contactor, GridPermit};
use crate::price::Costs;
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

/// What a meter shows besides energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterDetail {
    /// Capacitive reactive energy, varh.
    pub capacitive: Option<u64>,
    /// Inductive reactive energy, varh; reported in bidirectional services only.
    pub inductive: Option<u64>,
    /// `MeterStatus`.
    pub status: Option<i16>,
}

/// Longest signature of a meter over its readings, bytes.
pub const MAX_METER_SIGNATURE: usize = 64;

/// Mobility needs that the charger settles; sent where the selected parameters let it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mobility {
    /// Seconds until departure.
    pub departure_time: Option<u32>,
    /// Least state of charge to keep, %. At most the target [V2G20-1640].
    pub minimum_soc: Option<PercentValue>,
    /// State of charge to reach, %.
    pub target_soc: Option<PercentValue>,
}

impl Mobility {
    /// The vehicle's own needs hold.
    pub const NONE: Self = Self { departure_time: None, minimum_soc: None, target_soc: None };
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
    /// What the site may draw and feed from now on. Without a permit there is no discharge.
    pub fn set_grid_permit(&mut self, permit: GridPermit) {
        self.core.plant.permit = permit;
        self.core.update_output();
    }

    /// Power to exchange where the charger plans (Dynamic), W: positive into the vehicle, negative out of it.
    /// All limits are applied to it.
    pub fn set_dispatch(&mut self, power: Watts) {
        self.core.plant.dispatch = power;
        #[cfg(feature = "ac")]
        self.core.ac.dispatch_total(power);
        self.core.update_output();
    }

    /// How fast power may change, W per second: kept, and announced as `EVSEPowerRampLimitation` in %/min of what the
    /// vehicle can do. Limits that fall, and stops, take effect at once all the same. None, or zero: as fast as it
    /// likes.
    pub fn set_ramp(&mut self, ramp: Option<Watts>) {
        self.core.plant.ramp = ramp.map(Quantity::abs).filter(|ramp| !ramp.is_zero());
        self.core.update_output();
    }

    /// Schedules to offer where the vehicle plans (Scheduled): into and out of the vehicle. Without them the
    /// charger's limits hold for a day.
    pub fn set_schedule(&mut self, charge: Option<Schedule>, discharge: Option<Schedule>) {
        self.core.plant.schedule = charge;
        self.core.plant.discharge_schedule = discharge;
    }

    /// Mobility needs that the charger settles from now on, until the end of the session.
    pub fn set_mobility(&mut self, mobility: Mobility) {
        let target = mobility.target_soc;
        let minimum_soc = mobility.minimum_soc.map(|least| target.map_or(least, |target| least.min(target)));
        self.core.plant.mobility = Mobility { minimum_soc, ..mobility };
    }

    /// Meter readings to report. A signature over earlier ones is void.
    pub fn set_meter(&mut self, meter: Meter) {
        self.core.plant.meter = Some(meter);
        self.core.plant.meter_signature.1 = 0;
    }

    /// What the meter shows besides, reported with the readings.
    pub fn set_meter_detail(&mut self, detail: MeterDetail) {
        self.core.plant.meter_detail = detail;
    }

    /// The meter's own signature over its latest readings, reported with them.
    ///
    /// # Errors
    /// [`AnswerError::Content`]: it is longer than [`MAX_METER_SIGNATURE`]; there is none then.
    pub fn set_meter_signature(&mut self, signature: &[u8]) -> Result<(), AnswerError> {
        let (bytes, len) = &mut self.core.plant.meter_signature;
        *len = 0;
        let place = bytes.get_mut(..signature.len()).ok_or(AnswerError::Content)?;
        place.copy_from_slice(signature);
        *len = signature.len() as u8;
        Ok(())
    }

    /// Costs to report, as a receipt beside the meter readings. None: no receipt.
    pub fn set_costs(&mut self, costs: Option<Costs>) {
        self.core.plant.costs = costs;
    }

    /// Decides on external authorization, asked for or not.
    pub fn authorize(&mut self, now: Instant, decision: AuthorizationDecision) {
        self.core.now = now;
        self.core.authorize(decision);
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

    /// The grid is gone, or its protection says so: nothing leaves the vehicle from this moment on. The vehicle is
    /// told to terminate at once, and a start that is under way is refused.
    pub fn islanded(&mut self, now: Instant) {
        self.stop(now, Stop::Notify { max_delay: 0 });
    }
}

impl Core<'_> {
    fn authorize(&mut self, decision: AuthorizationDecision) {
        if self.access.grant == Grant::Granted || self.end.is_some() || self.closed {
            return;
        }
        let again = self.access.external == Some(decision);
        self.access.external = Some(decision);
        match decision {
            // A customer who never comes must not hold the session for ever.
            AuthorizationDecision::WaitingForCustomer if again => {}
            AuthorizationDecision::WaitingForCustomer => {
                self.set(T::Authorization, Timing::before(self.timing().customer));
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
            Slot::PowerUp { asked, code, ordered } => self.continue_start(asked, code, ordered),
            Slot::PowerDown(asked) => self.finish_stop(asked),
            Slot::Idle | Slot::Deferred(_) | Slot::Ready(_) => {}
        }
    }
}
