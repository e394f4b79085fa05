//! A lot: chargers and vehicles with their modems, and the order of what happens.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use v2g_slac::ev::Ev;
use v2g_slac::evse::{Evse, EvseState};

use super::chance::Chance;
use super::forger::Forger;
use super::place::{Charger, Node, Vehicle};
use super::scenario::{Outcome, Report, Scenario};
use super::watch::Watch;

/// Longest run.
const LONGEST: Duration = Duration::from_mins(4);

#[derive(Debug)]
pub(super) enum Action {
    Frame(Node, Rc<[u8]>),
    Wake(Node),
    Pilot(usize),
    Plug(usize),
    Off(Node),
    On(Node),
    Forge,
}

/// The lot.
pub(crate) struct Lot {
    pub(super) scenario: Scenario,
    pub(super) chance: Chance,
    pub(super) now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    actions: Vec<Option<Action>>,
    pub(super) chargers: Vec<Charger>,
    pub(super) vehicles: Vec<Vehicle>,
    /// dB from vehicle to charger.
    pub(super) attenuation: Vec<Vec<u8>>,
    pub(super) forger: Forger,
    pub(super) disturbed_until: Duration,
    pub(super) slowest_failure: Duration,
    pub(super) frames: u64,
    pub(super) watch: Watch,
}

impl Lot {
    pub(crate) fn new(scenario: Scenario, watch: Watch) -> Self {
        let mut chance = Chance::new(scenario.seed ^ 0x5EED);
        let mut chargers: Vec<_> =
            (0..scenario.chargers).map(|index| Charger::new(index, chance.happens(scenario.mute))).collect();
        let mut vehicles: Vec<_> = (0..scenario.vehicles).map(Vehicle::new).collect();
        // Who does not find a free charger stays away from the cables.
        let mut free: Vec<usize> = (0..chargers.len()).collect();
        for (index, vehicle) in vehicles.iter_mut().enumerate() {
            if free.is_empty() {
                break;
            }
            let charger = free.swap_remove(chance.between(0, free.len() as u64 - 1) as usize);
            vehicle.charger = Some(charger);
            chargers[charger].vehicle = Some(index);
        }
        let attenuation = vehicles
            .iter()
            .map(|vehicle| {
                let variant = scenario.variant;
                let own = variant.own_attenuation(&mut chance);
                (0..chargers.len())
                    .map(|charger| match vehicle.charger {
                        Some(place) if place == charger => own,
                        Some(place) => variant.crosstalk(own, place.abs_diff(charger) as u64, &mut chance),
                        None => u8::MAX,
                    })
                    .collect()
            })
            .collect();
        let mut lot = Self {
            chance,
            now: Duration::ZERO,
            queue: BinaryHeap::new(),
            actions: Vec::new(),
            chargers,
            vehicles,
            attenuation,
            forger: Forger::default(),
            disturbed_until: Duration::ZERO,
            slowest_failure: Duration::ZERO,
            frames: 0,
            scenario,
            watch,
        };
        lot.prepare();
        lot
    }

    fn prepare(&mut self) {
        for index in 0..self.chargers.len() {
            self.switch_on(Node::Charger(index));
        }
        for index in 0..self.vehicles.len() {
            self.switch_on(Node::Vehicle(index));
            if self.vehicles[index].charger.is_some() {
                let at = Duration::from_millis(self.chance.between(500, 6000));
                self.at(at, Action::Plug(index));
            }
        }
        for _ in 0..self.scenario.power_cycles {
            let node = if self.chance.happens(500_000) {
                Node::Charger(self.chance.between(0, self.chargers.len() as u64 - 1) as usize)
            } else {
                Node::Vehicle(self.chance.between(0, self.vehicles.len() as u64 - 1) as usize)
            };
            let off = Duration::from_millis(self.chance.between(1000, 25_000));
            let on = off + Duration::from_millis(self.chance.between(500, 5000));
            self.disturbed_until = self.disturbed_until.max(on);
            self.at(off, Action::Off(node));
            self.at(on, Action::On(node));
        }
        for _ in 0..self.scenario.forgeries {
            let at = Duration::from_millis(self.chance.between(500, 30_000));
            self.disturbed_until = self.disturbed_until.max(at);
            self.at(at, Action::Forge);
        }
    }

    pub(super) fn at(&mut self, at: Duration, action: Action) {
        self.queue.push(Reverse((at, self.actions.len() as u64)));
        self.actions.push(Some(action));
    }

    pub(super) fn after(&mut self, millis: u64, action: Action) {
        self.at(self.now + Duration::from_millis(millis), action);
    }

    /// Runs until everything is decided.
    pub(crate) fn run(mut self) -> Report {
        while let Some(Reverse((at, index))) = self.queue.pop() {
            if at > LONGEST || (at > self.disturbed_until && self.is_decided()) {
                break;
            }
            self.now = at;
            let Some(action) = self.actions[index as usize].take() else { continue };
            self.act(action);
        }
        let outcomes = (0..self.vehicles.len()).filter_map(|index| self.outcome(index)).collect();
        Report { outcomes, slowest_failure: self.slowest_failure, time: self.now, frames: self.frames }
    }

    fn outcome(&self, index: usize) -> Option<Outcome> {
        let vehicle = &self.vehicles[index];
        let own = vehicle.charger?;
        if let Some(outcome) = vehicle.outcome {
            return Some(outcome);
        }
        let mute = self.chargers[own].mute;
        Some(match vehicle.linked {
            Some((charger, at)) if charger == own => {
                Outcome::Own { after: at - vehicle.began, first_go: vehicle.first_go }
            }
            Some(_) => Outcome::Misled,
            None if mute && vehicle.failed.is_some() => Outcome::GaveUp,
            None if mute => Outcome::Undecided,
            None => Outcome::Unmatched,
        })
    }

    fn is_decided(&self) -> bool {
        self.vehicles.iter().enumerate().all(|(index, vehicle)| {
            vehicle.charger.is_none()
                || vehicle.outcome.is_some()
                || matches!(self.outcome(index), Some(Outcome::Own { .. } | Outcome::GaveUp))
                    && self.charger_agrees(index)
        })
    }

    fn charger_agrees(&self, index: usize) -> bool {
        let Some(own) = self.vehicles[index].charger else { return true };
        self.vehicles[index].linked.is_none()
            || self.chargers[own].machine.as_ref().is_some_and(|m| m.state() == EvseState::Matched)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Frame(node, frame) => {
                let now = self.now;
                self.tell_frame(node, "<", &frame);
                match node {
                    Node::Charger(index) => {
                        if let Some(machine) = &mut self.chargers[index].machine {
                            let _ = machine.handle_frame(now, &frame);
                        }
                    }
                    Node::Vehicle(index) => self.vehicle_hears(index, &frame),
                }
                self.drain(node);
            }
            Action::Wake(node) => self.wake(node),
            Action::Pilot(charger) => self.pilot(charger),
            Action::Plug(index) => {
                let vehicle = &mut self.vehicles[index];
                vehicle.plugged = true;
                vehicle.began = self.now;
                if let Some(charger) = vehicle.charger {
                    self.pilot(charger);
                }
            }
            Action::Off(node) => self.switch_off(node),
            Action::On(node) => self.switch_on(node),
            Action::Forge => self.forge(),
        }
    }

    fn wake(&mut self, node: Node) {
        let now = self.now;
        match node {
            Node::Charger(index) => {
                let charger = &mut self.chargers[index];
                if charger.wake_at != now {
                    return;
                }
                charger.wake_at = Duration::MAX;
                if let Some(machine) = &mut charger.machine {
                    machine.handle_timeout(now);
                }
            }
            Node::Vehicle(index) => {
                let vehicle = &mut self.vehicles[index];
                if vehicle.wake_at != now {
                    return;
                }
                vehicle.wake_at = Duration::MAX;
                if let Some(machine) = &mut vehicle.machine {
                    machine.handle_timeout(now);
                }
            }
        }
        self.drain(node);
    }

    /// Fetches everything that a machine has to say.
    pub(super) fn drain(&mut self, node: Node) {
        let mut out = [0; v2g_slac::MAX_FRAME_LEN];
        loop {
            let sent = match node {
                Node::Charger(i) => self.chargers[i].machine.as_mut().map(|m| m.poll_transmit(&mut out)),
                Node::Vehicle(i) => self.vehicles[i].machine.as_mut().map(|m| m.poll_transmit(&mut out)),
            };
            let Some(Some(len)) = sent.map(|sent| sent.expect("the buffer is large enough")) else { break };
            self.send(node, &out[..len]);
        }
        match node {
            Node::Charger(index) => self.charger_events(index),
            Node::Vehicle(index) => self.vehicle_events(index),
        }
        self.schedule(node);
    }

    fn schedule(&mut self, node: Node) {
        let (next, wake_at) = match node {
            Node::Charger(index) => {
                let charger = &mut self.chargers[index];
                (charger.machine.as_ref().and_then(Evse::poll_timeout), &mut charger.wake_at)
            }
            Node::Vehicle(index) => {
                let vehicle = &mut self.vehicles[index];
                (vehicle.machine.as_ref().and_then(Ev::poll_timeout), &mut vehicle.wake_at)
            }
        };
        let Some(next) = next else { return };
        let next = next.max(self.now);
        if *wake_at != next {
            *wake_at = next;
            self.at(next, Action::Wake(node));
        }
    }
}
