//! What the host tells the vehicle's engine.

use exi_codec::iso20::common_messages::EvEnergyOffer;
use exi_codec::{Amperes, Volts};
use v2gtp::Instant;

use super::{Core, Evcc, Needs, Turn};
use crate::end::Cause;
use crate::power::Contactor;
use crate::sequence::Stage;

/// Whether energy may leave the battery now: the driver's will, the guard of the minimum state of charge, the
/// state of the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DischargePermit {
    /// No: the vehicle announces discharge limits of zero.
    #[default]
    Forbidden,
    /// Within the limits, if the service is bidirectional.
    Allowed,
}

/// What the battery asks for over DC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Voltage of the battery now, V: where pre-charge has to go.
    pub battery: Volts,
    /// Target voltage where the vehicle plans (Scheduled), V.
    pub voltage: Volts,
    /// Target current where the vehicle plans (Scheduled), A: positive into the vehicle, negative out of it.
    pub current: Amperes,
}

impl<'a> Evcc<'a> {
    /// What the vehicle offers to give, and at which price, where it plans itself (Scheduled). It goes with every
    /// schedule exchange from now on.
    pub fn set_energy_offer(&mut self, offer: Option<EvEnergyOffer<'a>>) {
        self.core.energy_offer = offer;
    }

    /// Whether energy may leave the battery from now on.
    pub fn set_discharge_permit(&mut self, permit: DischargePermit) {
        self.core.plant.discharge = permit;
        self.core.update_output();
    }

    /// Mobility needs and state of the battery.
    pub fn set_needs(&mut self, needs: Needs) {
        self.core.plant.needs = needs;
        self.core.update_output();
    }

    /// Reports the contactors. Any report counts: the last one is kept. Faults, and contactors that open by
    /// themselves in the charge loop, make the vehicle leave.
    pub fn contactor(&mut self, now: Instant, contactor: Contactor) {
        self.core.now = now;
        self.core.contactor(contactor);
    }
}

impl Core<'_> {
    fn contactor(&mut self, contactor: Contactor) {
        self.plant.contactor = Some(contactor);
        let running = matches!(self.sequence.stage(), Stage::ChargeLoop | Stage::Standby);
        if contactor == Contactor::Fault || running && contactor == Contactor::Open {
            self.leave(Cause::ContactorFault);
        }
        if matches!(self.turn, Turn::Nobody) && self.end.is_none() && !self.closed {
            self.resume();
        }
    }
}
