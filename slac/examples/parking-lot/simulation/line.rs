//! What goes over the line, and what modems make of it.

use std::rc::Rc;
use std::time::Duration;

use v2g_slac::{Frame, GROUPS, MacAddr, MmType, Mme};

use super::lot::{Action, Lot};
use super::place::Node;

/// Signals weaker than this do not arrive, dB.
const REACH: u8 = 60;

impl Lot {
    pub(super) fn send(&mut self, from: Node, frame: &[u8]) {
        self.frames += 1;
        let view = Frame::new_checked(frame).expect("a machine sends frames");
        if view.destination() == MacAddr::LOCAL_MODEM {
            self.ask_modem(from, &view);
            return;
        }
        if self.scenario.forgeries > 0 {
            let mut chance = self.chance.fork();
            self.forger.hears(frame, &mut chance);
        }
        self.tell_frame(from, ">", frame);
        let frame: Rc<[u8]> = frame.into();
        match from {
            Node::Vehicle(vehicle) => {
                let sound = view.mmtype() == MmType::CM_MNBC_SOUND_IND;
                for charger in 0..self.chargers.len() {
                    let unicast = view.destination() != MacAddr::BROADCAST;
                    if unicast && view.destination() != self.chargers[charger].mac {
                        continue;
                    }
                    let attenuation = self.attenuation[vehicle][charger];
                    if sound && attenuation < REACH && !self.chance.happens(self.scenario.loss) {
                        self.measure(vehicle, charger, attenuation);
                    }
                    self.over_the_line(Node::Charger(charger), attenuation, &frame);
                }
            }
            Node::Charger(charger) => {
                for vehicle in 0..self.vehicles.len() {
                    if view.destination() == self.vehicles[vehicle].mac {
                        let attenuation = self.attenuation[vehicle][charger];
                        self.over_the_line(Node::Vehicle(vehicle), attenuation, &frame);
                    }
                }
            }
        }
    }

    fn over_the_line(&mut self, to: Node, attenuation: u8, frame: &Rc<[u8]>) {
        if attenuation >= REACH {
            return;
        }
        let copies = 1 + u64::from(self.chance.happens(self.scenario.duplication));
        for _ in 0..copies {
            if !self.chance.happens(self.scenario.loss) {
                let delay = self.chance.between(1, self.scenario.delay);
                self.after(delay, Action::Frame(to, frame.clone()));
            }
        }
    }

    /// The charger's modem tells its host how much it heard of a sound.
    fn measure(&mut self, vehicle: usize, charger: usize, attenuation: u8) {
        let mut groups = [0; GROUPS];
        for group in &mut groups {
            *group = (u64::from(attenuation) + self.chance.between(0, 2)).saturating_sub(1) as u8;
        }
        let (mac, place) = (self.vehicles[vehicle].mac, &self.chargers[charger]);
        let frame = place.modem.profile(place.mac, mac, &groups).into();
        self.after(2, Action::Frame(Node::Charger(charger), frame));
    }

    fn ask_modem(&mut self, from: Node, view: &Frame<'_>) {
        let now = self.now;
        let message = Mme::parse(view).expect("a machine sends messages");
        let joins_at = now + Duration::from_millis(self.chance.between(2000, 5000));
        let answer = match from {
            Node::Charger(index) => {
                let up = self.vehicles.iter().enumerate().any(|(vehicle, v)| {
                    self.attenuation[vehicle][index] < REACH
                        && v.modem.is_linked(&self.chargers[index].modem, now)
                });
                let charger = &mut self.chargers[index];
                charger.modem.answer(charger.mac, &message, up, now)
            }
            Node::Vehicle(index) => {
                let up = self.chargers.iter().enumerate().any(|(charger, c)| {
                    self.attenuation[index][charger] < REACH
                        && c.modem.is_linked(&self.vehicles[index].modem, now)
                });
                let vehicle = &mut self.vehicles[index];
                vehicle.modem.answer(vehicle.mac, &message, up, joins_at)
            }
        };
        if let Some(answer) = answer {
            self.after(1, Action::Frame(from, answer.into()));
        }
    }

    pub(super) fn forge(&mut self) {
        let vehicle = self.chance.between(0, self.vehicles.len() as u64 - 1) as usize;
        let evse = self.chance.between(0, self.chargers.len() as u64 - 1) as usize;
        let (vehicle, run_id) = (self.vehicles[vehicle].mac, self.vehicles[vehicle].run_id);
        let evse = self.chargers[evse].mac;
        let frame: Rc<[u8]> = self.forger.forge(vehicle, run_id, evse, &mut self.chance).into();
        for index in 0..self.chargers.len() {
            self.after(1, Action::Frame(Node::Charger(index), frame.clone()));
        }
        for index in 0..self.vehicles.len() {
            self.after(1, Action::Frame(Node::Vehicle(index), frame.clone()));
        }
    }
}
