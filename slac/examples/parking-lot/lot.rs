//! A parking lot under virtual time: chargers and vehicles with their modems, a line that loses, delays and
//! duplicates, cross-talk, forged frames, power cycles.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use v2g_slac::ev::{Collection, Distant, Ev, EvConfig, EvEvent, Potential, Unvalidated};
use v2g_slac::evse::{Evse, EvseConfig, EvseEvent, EvseState, Restart};
use v2g_slac::{
    Attenuation, DutyCycle, Frame, GROUPS, MacAddr, MmType, Mme, PilotCommand, PilotState, Profile, RunId, S2,
};

use super::chance::Chance;
use super::forger::Forger;
use super::modem::Modem;

/// Signals weaker than this do not arrive, dB.
const REACH: u8 = 60;
/// Longest run.
pub(crate) const LONGEST: Duration = Duration::from_mins(4);

/// How the machines are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The strict profile on both sides: every charger that is not certainly the one is validated.
    Strict,
    /// The limits of the lenient profile, but what is not certain is validated or refused.
    Careful,
    /// The lenient profile as it is: a charger that nothing speaks against is taken.
    Lenient,
}

impl Variant {
    pub(crate) const ALL: [Self; 3] = [Self::Strict, Self::Careful, Self::Lenient];

    fn profile(self) -> Profile {
        match self {
            Self::Strict => Profile::Strict,
            Self::Careful | Self::Lenient => Profile::Lenient,
        }
    }
}

/// What a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) variant: Variant,
    pub(crate) chargers: usize,
    pub(crate) vehicles: usize,
    /// Frames lost on the line, in a million.
    pub(crate) loss: u64,
    /// Frames that arrive twice, in a million.
    pub(crate) duplication: u64,
    /// Longest delay on the line, ms.
    pub(crate) delay: u64,
    /// Forged frames in the first 30 seconds.
    pub(crate) forgeries: u64,
    /// Hosts that lose power for a while in the first 30 seconds.
    pub(crate) power_cycles: u64,
    /// Chargers that only drive the pilot, in a million.
    pub(crate) mute: u64,
}

impl Scenario {
    /// Anything that the brief of the simulation allows.
    pub(crate) fn random(seed: u64, variant: Variant) -> Self {
        let mut chance = Chance::new(seed);
        let (chargers, vehicles) = (chance.between(1, 20) as usize, chance.between(1, 20) as usize);
        Self {
            seed,
            variant,
            chargers,
            vehicles,
            loss: if chance.happens(200_000) { 0 } else { chance.between(0, 200_000) },
            duplication: chance.between(0, 100_000),
            delay: chance.between(1, 25),
            forgeries: if chance.happens(500_000) { chance.between(1, 300) } else { 0 },
            power_cycles: if chance.happens(300_000) { chance.between(1, 3) } else { 0 },
            mute: if chance.happens(300_000) { 100_000 } else { 0 },
        }
    }
}

/// What became of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is linked to the charger at its cable; after so long, at the first go or later.
    Own { after: Duration, first_go: bool },
    /// It is not linked although its charger works.
    Unmatched,
    /// Its charger is mute, and it gave up.
    GaveUp,
    /// Its charger is mute, and it neither gave up nor matched.
    Undecided,
    /// It is linked to, or chose, another's charger although its own had reported.
    Wrong,
    /// It chose another's charger while its own had not been heard.
    Misled,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    /// Longest time from plugging in, or the last disturbance, to the end of all attempts.
    pub(crate) slowest_failure: Duration,
    /// Virtual time at the end.
    pub(crate) time: Duration,
    pub(crate) frames: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Charger(usize),
    Vehicle(usize),
}

#[derive(Debug)]
enum Action {
    Frame(Node, Rc<[u8]>),
    Wake(Node),
    Pilot(usize),
    Plug(usize),
    Off(Node),
    On(Node),
    Forge,
}

struct Charger {
    mac: MacAddr,
    machine: Option<Evse<'static, Chance>>,
    modem: Modem,
    command: PilotCommand,
    mute: bool,
    vehicle: Option<usize>,
    wake_at: Duration,
}

struct Vehicle {
    mac: MacAddr,
    machine: Option<Ev<'static, Chance>>,
    modem: Modem,
    s2: S2,
    charger: Option<usize>,
    plugged: bool,
    began: Duration,
    failed: Option<Duration>,
    linked: Option<(usize, Duration)>,
    run_id: RunId,
    /// Whether its own charger's report has arrived in this attempt.
    own_reported: bool,
    first_go: bool,
    outcome: Option<Outcome>,
    wake_at: Duration,
}

/// The lot.
pub(crate) struct Lot {
    scenario: Scenario,
    chance: Chance,
    now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    actions: Vec<Option<Action>>,
    chargers: Vec<Charger>,
    vehicles: Vec<Vehicle>,
    /// dB from vehicle to charger.
    attenuation: Vec<Vec<u8>>,
    forger: Forger,
    disturbed_until: Duration,
    slowest_failure: Duration,
    frames: u64,
}

fn mac(kind: u8, index: usize) -> MacAddr {
    MacAddr([2, kind, 0, 0, 0, index as u8])
}

impl Lot {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut chance = Chance::new(scenario.seed ^ 0x5EED);
        let mut chargers: Vec<Charger> = (0..scenario.chargers)
            .map(|index| Charger {
                mac: mac(0xC0, index),
                machine: None,
                modem: Modem::new(mac(0xC1, index)),
                command: PilotCommand::FivePercent,
                mute: chance.happens(scenario.mute),
                vehicle: None,
                wake_at: Duration::MAX,
            })
            .collect();
        let mut vehicles: Vec<Vehicle> = (0..scenario.vehicles)
            .map(|index| Vehicle {
                mac: mac(0xE0, index),
                machine: None,
                modem: Modem::new(mac(0xE1, index)),
                s2: S2::Open,
                charger: None,
                plugged: false,
                began: Duration::ZERO,
                failed: None,
                linked: None,
                run_id: RunId([0; 8]),
                own_reported: false,
                first_go: true,
                outcome: None,
                wake_at: Duration::MAX,
            })
            .collect();
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
                let own = own_attenuation(scenario.variant.profile(), &mut chance);
                (0..chargers.len())
                    .map(|charger| match vehicle.charger {
                        Some(place) if place == charger => own,
                        Some(place) => crosstalk(
                            scenario.variant.profile(),
                            own,
                            place.abs_diff(charger) as u64,
                            &mut chance,
                        ),
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

    fn at(&mut self, at: Duration, action: Action) {
        self.queue.push(Reverse((at, self.actions.len() as u64)));
        self.actions.push(Some(action));
    }

    fn after(&mut self, millis: u64, action: Action) {
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

    fn vehicle_hears(&mut self, index: usize, frame: &[u8]) {
        let now = self.now;
        let vehicle = &mut self.vehicles[index];
        let own = vehicle.charger.map(|charger| mac(0xC0, charger));
        if let Ok(view) = Frame::new_checked(frame)
            && Some(view.source()) == own
            && view.mmtype() == MmType::CM_ATTEN_CHAR_IND
            && let Ok(Mme::AttenCharInd(message)) = Mme::parse(&view)
            && message.run_id == vehicle.run_id
        {
            vehicle.own_reported = true;
        }
        if let Some(machine) = &mut vehicle.machine {
            let _ = machine.handle_frame(now, frame);
        }
    }

    fn switch_on(&mut self, node: Node) {
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
                    config.modem.source = Some(charger.modem.mac);
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
                config.modem.source = Some(vehicle.modem.mac);
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

    fn switch_off(&mut self, node: Node) {
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
                vehicle.s2 = S2::Open;
                if let Some(charger) = vehicle.charger {
                    self.pilot(charger);
                }
            }
        }
    }

    /// Both ends see what the pilot is now.
    fn pilot(&mut self, index: usize) {
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
        if let Some(machine) = &mut self.chargers[index].machine {
            machine.pilot(now, state);
        }
        self.drain(Node::Charger(index));
        if let Some(vehicle) = vehicle {
            if let Some(machine) = &mut self.vehicles[vehicle].machine {
                machine.pilot(now, state, duty);
            }
            self.drain(Node::Vehicle(vehicle));
        }
    }

    fn forge(&mut self) {
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

    /// Fetches everything that a machine has to say.
    fn drain(&mut self, node: Node) {
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

    fn charger_events(&mut self, index: usize) {
        while let Some(event) = self.chargers[index].machine.as_mut().and_then(Evse::poll_event) {
            if let EvseEvent::Pilot(command) = event
                && self.chargers[index].command != command
            {
                self.chargers[index].command = command;
                self.after(5, Action::Pilot(index));
            }
        }
    }

    fn vehicle_events(&mut self, index: usize) {
        while let Some(event) = self.vehicles[index].machine.as_mut().and_then(Ev::poll_event) {
            let (now, disturbed_until) = (self.now, self.disturbed_until);
            let vehicle = &mut self.vehicles[index];
            match event {
                EvEvent::S2(s2) => {
                    vehicle.s2 = s2;
                    if let Some(charger) = vehicle.charger {
                        self.after(5, Action::Pilot(charger));
                    }
                }
                EvEvent::Attempt { run_id } => {
                    vehicle.run_id = run_id;
                    vehicle.own_reported = false;
                    vehicle.failed = None;
                }
                EvEvent::Chosen { evse, .. } => {
                    if vehicle.charger.map(|charger| mac(0xC0, charger)) != Some(evse) && evse.0[1] == 0xC0 {
                        let wrong = if vehicle.own_reported { Outcome::Wrong } else { Outcome::Misled };
                        vehicle.outcome = Some(wrong);
                    }
                }
                EvEvent::LinkUp { evse } => vehicle.linked = Some((usize::from(evse.0[5]), now)),
                EvEvent::LinkDown(_) => vehicle.linked = None,
                EvEvent::Failed(_) => {
                    vehicle.failed = Some(now);
                    vehicle.first_go = false;
                    if vehicle.began > disturbed_until || self.scenario.power_cycles == 0 {
                        self.slowest_failure = self.slowest_failure.max(now - vehicle.began);
                    }
                    vehicle.began = now;
                }
                EvEvent::Fault(_) | EvEvent::AmplitudeMap { .. } => {}
            }
        }
    }

    fn send(&mut self, from: Node, frame: &[u8]) {
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
}

/// Through the own cable, dB.
fn own_attenuation(profile: Profile, chance: &mut Chance) -> u8 {
    match profile {
        Profile::Strict if chance.happens(700_000) => chance.between(4, 9) as u8,
        Profile::Strict => chance.between(10, 17) as u8,
        Profile::Lenient => chance.between(8, 33) as u8,
    }
}

/// Between neighbouring cables, dB.
fn crosstalk(profile: Profile, own: u8, distance: u64, chance: &mut Chance) -> u8 {
    let far = match profile {
        // Some neighbours are too near to be told apart by attenuation alone.
        Profile::Strict if chance.happens(100_000) => chance.between(12, 20),
        Profile::Strict => chance.between(18, 30) + 8 * distance,
        Profile::Lenient => u64::from(own) + chance.between(5, 20) + 6 * distance,
    };
    far.min(255) as u8
}
