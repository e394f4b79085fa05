//! Two hosts, two engines, one cable, one connection, and a clock that jumps.

use std::time::Duration;

use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus;
use exi_codec::{Amperes, Watts};
use iso15118_20::evcc::{DischargePermit, EvccEvent};
use iso15118_20::secc::{PilotState, SCHEDULE_SLOTS, SeccEvent, Support};
use iso15118_20::security::PeerId;
use iso15118_20::{
    AcMeasurement, Cause, Connection, GridPermit, Instant, Measurement, ScheduleEntry, Transport,
};

use super::duo::{self, carried, good_needs, pad};
use super::link::{Faults, Link};
use super::random::Random;
use super::scenario::{Scenario, roots};
use super::station::{self, Station};
use super::station_host;
use super::trace::Log;
use super::vehicle::{self, Vehicle};
use super::vehicle_host::{self, DEAD};

const NOW: u64 = 1_700_000_000;
const BUFFER: usize = 16 * 1024;
/// A session that lasts longer than this is cut off from its peer.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long an engine may take to close when its peer says nothing.
const STATION_ENDS: Duration = Duration::from_secs(80);
const VEHICLE_ENDS: Duration = Duration::from_secs(25);

/// What happens at its time.
enum Task {
    Station(station::Word),
    Vehicle(vehicle::Word),
    ToStation(Vec<u8>),
    ToVehicle(Vec<u8>),
    StationGone,
    VehicleGone,
    /// What flows and what is measured changes.
    Cable(Measurement),
    CableAc(AcMeasurement),
    CableWpt(Watts),
    /// Nothing arrives any more.
    Cut,
}

/// What came of a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub exchanges: u64,
    pub sessions: u64,
    pub rounds: u64,
    pub good: u64,
    pub resumed: u64,
    pub powered: u64,
    pub fed: u64,
}

struct World<'a, 'e> {
    scenario: &'a Scenario,
    random: Random,
    now: Instant,
    station: Station<'e>,
    vehicle: Vehicle<'e>,
    tasks: Vec<(Instant, u64, Task)>,
    count: u64,
    up: Link,
    down: Link,
    cut: Option<Instant>,
    rounds: u64,
    outcome: Outcome,
    vehicle_closed: bool,
}

/// Plays the session of a seed. Panics if anything is not as it must be.
pub fn play(seed: u64, log: Log) -> Outcome {
    let mut random = Random::new(seed);
    let scenario = Scenario::of(&mut random);
    log.line(Instant::ZERO, "seed", || format!("{seed}: {scenario:#?}"));
    let roots = roots();
    let mut buffers = (vec![0; BUFFER], vec![0; BUFFER]);
    let mut memory = vec![ScheduleEntry::default(); scenario.room * SCHEDULE_SLOTS];
    let config = scenario.station_config();
    let station = Station::new(&config, &mut buffers.0, &mut memory, random.fork(), log);
    let vehicle = Vehicle::new(&scenario.vehicle_config(&roots), &mut buffers.1, random.fork(), log);
    let mut world = World {
        scenario: &scenario,
        now: Instant::from_secs(100),
        station,
        vehicle,
        tasks: Vec::new(),
        count: 0,
        up: Link::new(scenario.faults, random.fork()),
        down: Link::new(scenario.faults, random.fork()),
        cut: None,
        rounds: 0,
        outcome: Outcome::default(),
        vehicle_closed: false,
        random,
    };
    world.prepare();
    let mut peer = 1;
    for connection in 0..3 {
        world.connect(connection, peer);
        world.run();
        let paused = world.vehicle.evcc.end().is_some_and(|end| end.cause == Cause::Paused);
        if !paused || world.random.percent(15) {
            break;
        }
        // Most come back; some are another vehicle that has heard the ID, some another charger.
        peer = if world.random.percent(80) { peer } else { peer + 1 };
        world.now += world.random.millis(0, 60_000);
    }
    world.outcome.exchanges = world.station.watch.exchanges;
    world.outcome
}

impl World<'_, '_> {
    fn prepare(&mut self) {
        let random = &mut self.random;
        let wild = random.percent(30);
        let dc = if wild { random.dc_limits() } else { duo::dc(30, 75) };
        let ac = random.ac_limits();
        let words = [
            station::Word::Limits(dc),
            station::Word::AcLimits(ac),
            station::Word::Pad(if wild { random.pad() } else { pad(11) }),
            station::Word::Permit(if wild { random.permit() } else { GridPermit::UNLIMITED }),
            station::Word::Dispatch(random.power()),
            station::Word::Ramp(random.maybe(20, |r| r.whole(100, 9000))),
        ];
        let dc = if random.percent(20) { random.dc_limits() } else { duo::dc(25, 100) };
        let needs = if random.percent(50) { vehicle_host::needs(random) } else { good_needs() };
        let vehicle_words = [
            vehicle::Word::Limits(dc),
            vehicle::Word::AcLimits(random.ac_limits()),
            vehicle::Word::WptLimits(random.wpt_limits()),
            vehicle::Word::Demand(vehicle_host::demand(random)),
            vehicle::Word::AcDemand(random.phases(|r| r.whole(-9000, 9000))),
            vehicle::Word::WptDemand(vehicle_host::wpt_demand(random)),
            vehicle::Word::Needs(needs),
            vehicle::Word::Permit(random.pick(&[DischargePermit::Allowed, DischargePermit::Forbidden])),
        ];
        for word in words {
            self.station.say(self.now, word);
        }
        for word in vehicle_words {
            self.vehicle.say(self.now, word);
        }
    }

    fn connect(&mut self, connection: u64, peer: u8) {
        self.tasks.clear();
        self.cut = None;
        self.rounds = 0;
        self.vehicle_closed = false;
        // Bytes on the way belonged to the old connection; faults may come again, and differ.
        let faults = if connection == 0 { self.scenario.faults } else { Faults::of(&mut self.random) };
        self.up = Link::new(faults, self.random.fork());
        self.down = Link::new(faults, self.random.fork());
        self.station.sent.clear();
        self.vehicle.sent.clear();
        let transport = self.scenario.transport;
        let link = |peer: u8| {
            let connection = Connection::new(transport, NOW + connection * 1000);
            if transport == Transport::Secured {
                connection.with_peer(PeerId([peer; 64]))
            } else {
                connection
            }
        };
        self.outcome.sessions += 1;
        self.station.start(self.now, &link(peer), [7 + connection as u8; 8]);
        let charger = if self.random.percent(10) { 200 + peer } else { 100 };
        self.vehicle.start(self.now, &link(charger));
        self.at(PATIENCE, Task::Cut);
        if self.scenario.pilot == Support::Offered {
            self.station.say(self.now, station::Word::Pilot(PilotState::B));
        }
        // The device of the last vehicle has gone home.
        self.station.say(self.now, station::Word::Device(MechanicalChargingDeviceStatus::Home));
        self.collect();
    }

    fn at(&mut self, after: Duration, task: Task) {
        self.count += 1;
        self.tasks.push((self.now + after, self.count, task));
    }

    fn run(&mut self) {
        for _ in 0..80_000 {
            if self.station.closed && self.vehicle.closed {
                return;
            }
            if let Some(cut) = self.cut {
                let waited = self.now.saturating_sub(cut);
                assert!(
                    self.station.closed || waited <= STATION_ENDS,
                    "the charger does not end: {waited:?}"
                );
                assert!(
                    self.vehicle.closed || waited <= VEHICLE_ENDS,
                    "the vehicle does not end: {waited:?}"
                );
            }
            let task = self.tasks.iter().map(|(at, count, _)| (*at, *count)).min();
            let timers = [self.station.secc.poll_timeout(), self.vehicle.evcc.poll_timeout()];
            let timer = timers.into_iter().flatten().min();
            let next = task.map(|(at, _)| at).into_iter().chain(timer).min().expect("something to wait for");
            self.now = self.now.max(next);
            if let Some((at, count)) = task
                && at <= self.now
            {
                let place = self.tasks.iter().position(|(_, c, _)| *c == count).unwrap();
                let (_, _, task) = self.tasks.swap_remove(place);
                self.perform(task);
            } else {
                // Hosts are not always on time.
                if self.random.percent(5) {
                    self.now += self.random.millis(1, 40);
                }
                self.station.timeout(self.now);
                self.vehicle.timeout(self.now);
            }
            self.collect();
        }
        panic!("a session without end: {:?} {:?}", self.station.secc.stage(), self.vehicle.evcc.stage());
    }

    fn perform(&mut self, task: Task) {
        let now = self.now;
        match task {
            Task::Station(word) => self.station.say(now, word),
            Task::Vehicle(word) => self.vehicle.say(now, word),
            Task::ToStation(bytes) => self.station.input(now, &bytes),
            Task::ToVehicle(bytes) => self.vehicle.input(now, &bytes),
            Task::StationGone if !self.station.closed => self.station.disconnected(now),
            Task::VehicleGone if !self.vehicle.closed => self.vehicle.disconnected(now),
            Task::StationGone | Task::VehicleGone => {}
            Task::Cable(measured) => {
                self.station.say(now, station::Word::Measure(measured));
                self.vehicle.say(now, vehicle::Word::Measure(measured));
            }
            Task::CableAc(measured) => {
                self.station.say(now, station::Word::MeasureAc(measured));
                self.vehicle.say(now, vehicle::Word::MeasureAc(measured));
            }
            Task::CableWpt(power) => self.vehicle.say(now, vehicle::Word::Arrives(power)),
            Task::Cut => self.silence(),
        }
    }

    fn silence(&mut self) {
        if self.cut.is_none() {
            self.station.log.line(self.now, "link", || "nothing arrives any more".into());
            self.cut = Some(self.now);
            self.tasks.retain(|(_, _, task)| !matches!(task, Task::ToStation(_) | Task::ToVehicle(_)));
        }
    }

    /// Carries what was sent, and lets the hosts react to what they were told.
    fn collect(&mut self) {
        let family = self.scenario.family().schema_set();
        for frame in std::mem::take(&mut self.vehicle.sent) {
            self.carry(&frame, family, Direction::Up);
            self.unasked();
        }
        for frame in std::mem::take(&mut self.station.sent) {
            self.carry(&frame, family, Direction::Down);
        }
        for event in std::mem::take(&mut self.station.events) {
            self.station_event(&event);
        }
        for event in std::mem::take(&mut self.vehicle.events) {
            self.vehicle_event(&event);
        }
    }

    fn carry(&mut self, frame: &[u8], family: v2gtp::SchemaSet, direction: Direction) {
        if self.cut.is_some() {
            return;
        }
        let link = if direction == Direction::Up { &mut self.up } else { &mut self.down };
        let (now, deliveries) = (self.now, link.carry(self.now, frame, family));
        let (silent, lost) = (link.is_silent(), link.is_lost());
        for delivery in deliveries {
            let task = match direction {
                Direction::Up => Task::ToStation(delivery.bytes),
                Direction::Down => Task::ToVehicle(delivery.bytes),
            };
            self.at(delivery.at.saturating_sub(now), task);
        }
        if silent {
            self.silence();
        } else if lost {
            let (one, other) = (self.random.millis(0, 50), self.random.millis(0, 50));
            self.at(one, Task::StationGone);
            self.at(other, Task::VehicleGone);
            self.silence();
        }
    }

    /// Now and then a host says something that nobody asked for.
    fn unasked(&mut self) {
        let Scenario { words, wild, .. } = *self.scenario;
        let after = self.random.millis(0, 400);
        if self.random.percent(words) {
            let unix = self.station.watch.unix(self.now);
            let word = if self.random.percent(wild) {
                station_host::anything(&mut self.random, unix)
            } else {
                station_host::likely(&mut self.random, unix)
            };
            self.at(after, Task::Station(word));
        }
        if self.random.percent(words) {
            let word = if self.random.percent(wild) {
                vehicle_host::anything(&mut self.random)
            } else {
                vehicle_host::likely(&mut self.random)
            };
            self.at(after, Task::Vehicle(word));
        }
    }

    fn station_event(&mut self, event: &SeccEvent) {
        let temper = self.scenario.station;
        if let Some(word) = station_host::reaction(event, temper, &mut self.random)
            && let Some(delay) = temper.delay(&mut self.random)
        {
            self.at(delay, Task::Station(word));
        }
        let soon = self.random.millis(5, 150);
        match event {
            SeccEvent::PreCharge { voltage, .. } => {
                let measured = Measurement { voltage: *voltage, current: Amperes::ZERO };
                if !self.random.percent(temper.silent) {
                    self.at(soon, Task::Cable(measured));
                }
            }
            SeccEvent::Output(output) => {
                self.flows(output.power);
                self.at(soon, Task::Cable(carried(*output)));
            }
            SeccEvent::AcOutput(output) => self.flows(output.active.total()),
            SeccEvent::WptOutput(power) => {
                self.flows(*power);
                self.at(soon, Task::CableWpt(*power));
            }
            SeccEvent::OpenContactor | SeccEvent::PowerOff => {
                self.at(soon, Task::Cable(DEAD));
                self.at(soon, Task::CableAc(AcMeasurement::default()));
                self.at(soon, Task::CableWpt(Watts::ZERO));
            }
            SeccEvent::Close => self.at(soon, Task::VehicleGone),
            SeccEvent::SessionResumed(_) => self.outcome.resumed += 1,
            _ => {}
        }
    }

    fn flows(&mut self, power: Watts) {
        self.outcome.powered += u64::from(!power.is_zero() && !power.is_negative());
        self.outcome.fed += u64::from(power.is_negative());
    }

    fn vehicle_event(&mut self, event: &EvccEvent) {
        let temper = self.scenario.vehicle;
        if let Some(word) = vehicle_host::reaction(event, temper, &mut self.random)
            && let Some(delay) = temper.delay(&mut self.random)
        {
            self.at(delay, Task::Vehicle(word));
        }
        match event {
            EvccEvent::AcOutput(output) => {
                let measured = AcMeasurement { active: output.active, ..AcMeasurement::default() };
                let soon = self.random.millis(5, 150);
                self.at(soon, Task::CableAc(measured));
            }
            EvccEvent::RequestPower | EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff
                if self.scenario.pilot == Support::Offered && !self.random.percent(temper.silent) =>
            {
                let wants = *event == EvccEvent::RequestPower;
                let most = if self.random.percent(temper.late) { 900 } else { 200 };
                let soon = self.random.millis(0, most);
                let pilot = if wants { PilotState::C } else { PilotState::B };
                self.at(soon, Task::Station(station::Word::Pilot(pilot)));
            }
            EvccEvent::StationStatus(_) => {
                self.rounds += 1;
                self.outcome.rounds += 1;
                if self.rounds == self.scenario.rounds {
                    self.at(Duration::ZERO, Task::Vehicle(vehicle::Word::Stop));
                }
            }
            EvccEvent::Ended(end) => self.outcome.good += u64::from(end.is_ok()),
            EvccEvent::Close => {
                let soon = self.random.millis(0, 50);
                self.at(soon, Task::StationGone);
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Outcome {
    pub fn add(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        self.sessions += other.sessions;
        self.rounds += other.rounds;
        self.good += other.good;
        self.resumed += other.resumed;
        self.powered += other.powered;
        self.fed += other.fed;
    }
}
