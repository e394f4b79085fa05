//! Power of the hosts, and the control pilots between them.

use v2g_slac::ev::{Collection, Distant, Ev, EvConfig, Potential, Unvalidated};
use v2g_slac::evse::{Evse, EvseConfig, Restart};
use v2g_slac::{Attenuation, DutyCycle, PilotCommand, PilotState, S2};

use super::lot::Lot;
use super::place::Node;
use super::scenario::Variant;

impl Lot {
    pub(super) fn switch_on(&mut self, node: Node) {
        let now = self.now;
        match node {
            Node::Charger(index) => {
                let random = self.chance.fork();
                let charger = &mut self.chargers[index];
                if charger.machine.is_some() {
                    return;
                }
                charger.command = PilotCommand::FivePercent;
                if !charger.mute {
                    let mut config = EvseConfig::new(charger.mac, self.scenario.variant.profile());
                    config.restart = Restart::AcAndDc;
                    let mut machine = Evse::new(config, random).expect("the settings are right");
                    machine.start(now);
                    charger.machine = Some(machine);
                }
                self.drain(node);
                self.pilot(index);
            }
            Node::Vehicle(index) => {
                let random = self.chance.fork();
                let vehicle = &mut self.vehicles[index];
                if vehicle.machine.is_some() {
                    return;
                }
                let mut config = EvConfig::new(vehicle.mac, self.scenario.variant.profile());
                config.parameter_copies = 2;
                config.collection = Collection::WholeTime;
                if self.scenario.variant == Variant::Careful {
                    config.direct = Attenuation::decibels(12);
                    config.potential = Potential::Validate;
                    config.distant = Distant::Refuse;
                    config.unvalidated = Unvalidated::Refuse;
                }
                let mut machine = Ev::new(config, random).expect("the settings are right");
                machine.start(now);
                vehicle.machine = Some(machine);
                vehicle.began = now;
                let charger = vehicle.charger;
                self.drain(node);
                if let Some(charger) = charger {
                    self.pilot(charger);
                }
            }
        }
    }

    pub(super) fn switch_off(&mut self, node: Node) {
        match node {
            Node::Charger(index) => {
                self.chargers[index].machine = None;
                self.chargers[index].command = PilotCommand::StateE;
                self.pilot(index);
            }
            Node::Vehicle(index) => {
                let vehicle = &mut self.vehicles[index];
                vehicle.machine = None;
                vehicle.linked = None;
                vehicle.failed = None;
                vehicle.ready = None;
                vehicle.s2 = S2::Open;
                if let Some(charger) = vehicle.charger {
                    self.pilot(charger);
                }
            }
        }
    }

    /// Both ends see what the pilot is now.
    pub(super) fn pilot(&mut self, index: usize) {
        let charger = &self.chargers[index];
        let vehicle = charger.vehicle.filter(|vehicle| self.vehicles[*vehicle].plugged);
        let closed = vehicle.is_some_and(|vehicle| self.vehicles[vehicle].s2 == S2::Closed);
        let state = match (charger.command, vehicle) {
            (PilotCommand::StateE, _) => PilotState::E,
            (PilotCommand::StateF, _) => PilotState::F,
            (_, None) => PilotState::A,
            _ if closed => PilotState::C,
            _ => PilotState::B,
        };
        let duty = match charger.command {
            PilotCommand::FivePercent => DutyCycle::FivePercent,
            PilotCommand::Nominal => DutyCycle::Nominal,
            _ => DutyCycle::Off,
        };
        let now = self.now;
        self.tell(Node::Charger(index), format_args!("pilot {state:?} {duty:?}"));
        if let Some(machine) = &mut self.chargers[index].machine {
            machine.pilot(now, state);
        }
        self.drain(Node::Charger(index));
        if let Some(vehicle) = vehicle {
            let allowed = state.is_connected() && duty.allows_matching();
            let ready = self.vehicles[vehicle].ready.get_or_insert(now);
            self.vehicles[vehicle].ready = allowed.then_some(*ready);
            if let Some(machine) = &mut self.vehicles[vehicle].machine {
                machine.pilot(now, state, duty);
            }
            self.drain(Node::Vehicle(vehicle));
        }
    }
}
