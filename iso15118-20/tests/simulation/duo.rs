//! Both engines on the straight way, with hosts that do as they are told.

use std::collections::VecDeque;
use std::time::Duration;

use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use iso15118_20::evcc::{DischargePermit, EvccConfig, EvccEvent, Needs, Wish};
use iso15118_20::message::Request;
use iso15118_20::secc::{SeccConfig, SeccEvent, Support};
use iso15118_20::sequence::{Asked, Stream};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{
    AcLimits, AcMeasurement, Connection, DcLimits, FlowLimits, GridPermit, Instant, Measurement, Output,
    Phases, Profile, Settings, Transport, WptPad,
};
use v2gtp::{Frame, SchemaSet};

use super::random::Random;
use super::station::{self, Station};
use super::station_host::{self, Temper};
use super::trace::Log;
use super::vehicle::{self, Vehicle};
use super::vehicle_host::{self, BATTERY, DEAD};

/// Every service of the engines.
pub const SERVICES: [Service; 9] = [
    Service::Ac,
    Service::AcBpt,
    Service::Dc,
    Service::DcBpt,
    Service::Mcs,
    Service::McsBpt,
    Service::Wpt,
    Service::DcAcdp,
    Service::DcAcdpBpt,
];

const BUFFER: usize = 16 * 1024;
const NOW: u64 = 1_700_000_000;
const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];
pub const SESSION: [u8; 8] = [7; 8];
const CALM: Temper = Temper { late: 0, silent: 0, contrary: 0 };

/// Both ends, with hosts that do as they are told.
pub struct Duo<'a> {
    pub station: Station<'a>,
    pub vehicle: Vehicle<'a>,
    random: Random,
    pub now: Instant,
    family: SchemaSet,
    answers: VecDeque<Vec<u8>>,
    rounds: usize,
    /// The request of the main stream that is open.
    pub asked: Option<Asked>,
}

impl Duo<'_> {
    fn asked(&self, frame: &[u8]) -> Option<Asked> {
        let frame = Frame::new_checked(frame).ok()?;
        let main = Stream::of(frame.payload_type()) == Stream::Main;
        let request = Request::decode(frame.payload_type(), self.family, frame.payload()).ok()?;
        main.then(|| Asked::of(&request))
    }

    /// The next answer of the charger, however long it takes; none when both have closed.
    pub fn next_answer(&mut self) -> Option<Vec<u8>> {
        loop {
            self.hosts();
            for frame in std::mem::take(&mut self.vehicle.sent) {
                self.asked = self.asked(&frame).or(self.asked);
                self.station.input(self.now, &frame);
            }
            self.hosts();
            self.answers.extend(std::mem::take(&mut self.station.sent));
            if let Some(frame) = self.answers.pop_front() {
                return Some(frame);
            }
            if !self.vehicle.sent.is_empty() {
                continue;
            }
            let timers = [self.station.secc.poll_timeout(), self.vehicle.evcc.poll_timeout()];
            self.now = self.now.max(timers.into_iter().flatten().min()?);
            self.station.timeout(self.now);
            self.vehicle.timeout(self.now);
        }
    }

    /// What the charger has answered and the vehicle has not heard.
    #[allow(dead_code, reason = "for the fuzz targets")]
    pub fn pending(&mut self) -> Vec<Vec<u8>> {
        self.answers.extend(std::mem::take(&mut self.station.sent));
        self.answers.drain(..).collect()
    }

    fn measure(&mut self, measured: Measurement) {
        self.station.say(self.now, station::Word::Measure(measured));
        self.vehicle.say(self.now, vehicle::Word::Measure(measured));
    }

    fn hosts(&mut self) {
        while !(self.station.events.is_empty() && self.vehicle.events.is_empty()) {
            for event in std::mem::take(&mut self.station.events) {
                match event {
                    SeccEvent::PreCharge { voltage, .. } => {
                        self.measure(Measurement { voltage, current: Amperes::ZERO });
                    }
                    SeccEvent::Output(output) => self.measure(carried(output)),
                    SeccEvent::OpenContactor => self.measure(DEAD),
                    _ => {}
                }
                if let Some(word) = station_host::reaction(&event, CALM, &mut self.random) {
                    self.station.say(self.now, word);
                }
            }
            for event in std::mem::take(&mut self.vehicle.events) {
                match event {
                    EvccEvent::AcOutput(output) => {
                        let active = output.active;
                        let measured = AcMeasurement { active, ..AcMeasurement::default() };
                        self.station.say(self.now, station::Word::MeasureAc(measured));
                    }
                    EvccEvent::StationStatus(_) => {
                        self.rounds += 1;
                        match self.rounds {
                            2 => self.vehicle.say(self.now, vehicle::Word::Standby),
                            4 => self.vehicle.say(self.now, vehicle::Word::ExitStandby),
                            6 => self.vehicle.say(self.now, vehicle::Word::Stop),
                            _ => {}
                        }
                    }
                    _ => {}
                }
                if let Some(word) = vehicle_host::reaction(&event, CALM, &mut self.random) {
                    self.vehicle.say(self.now, word);
                }
            }
        }
    }

    /// The charger says nothing more.
    pub fn wait_for_the_end(&mut self) {
        let begin = self.now;
        while !self.vehicle.closed {
            self.now = self.now.max(self.vehicle.evcc.poll_timeout().expect("a deadline"));
            self.vehicle.timeout(self.now);
            self.vehicle.sent.clear();
            for event in std::mem::take(&mut self.vehicle.events) {
                if let Some(word) = vehicle_host::reaction(&event, CALM, &mut self.random) {
                    self.vehicle.say(self.now, word);
                }
            }
            assert!(self.now.saturating_sub(begin) < Duration::from_secs(25), "it does not end");
        }
    }
}

pub fn duo(service: Service, mode: ControlMode, profile: Profile, log: Log, act: impl FnOnce(&mut Duo<'_>)) {
    let offers = [Offer { service, fee: Fee::Paid, sets: SETS }];
    let wishes = [Wish::new(service, mode)];
    let settings = Settings::new(profile);
    let charger = SeccConfig { standby: Support::Offered, ..SeccConfig::new("E1", "M1", &offers, settings) };
    let vehicle = EvccConfig { settings, ..EvccConfig::new("EV1", &wishes) };
    let mut buffers = (vec![0; BUFFER], vec![0; BUFFER]);
    let mut duo = Duo {
        station: Station::new(&charger, &mut buffers.0, &mut [], Random::new(1), log),
        vehicle: Vehicle::new(&vehicle, &mut buffers.1, Random::new(2), log),
        random: Random::new(3),
        now: Instant::from_secs(1000),
        family: service.family().schema_set(),
        answers: VecDeque::new(),
        rounds: 0,
        asked: None,
    };
    for word in [
        station::Word::Limits(dc(30, 75)),
        station::Word::AcLimits(ac(22)),
        station::Word::Pad(pad(11)),
        station::Word::Permit(GridPermit::UNLIMITED),
        station::Word::Dispatch(Watts::new(5, 3)),
    ] {
        duo.station.say(duo.now, word);
    }
    let mut random = Random::new(4);
    for word in [
        vehicle::Word::Limits(dc(25, 100)),
        vehicle::Word::AcLimits(ac(11)),
        vehicle::Word::WptLimits(random.wpt_limits()),
        vehicle::Word::Demand(vehicle_host::demand(&mut random)),
        vehicle::Word::AcDemand(Phases::Total(Watts::new(6, 3))),
        vehicle::Word::WptDemand(vehicle_host::wpt_demand(&mut random)),
        vehicle::Word::Needs(good_needs()),
        vehicle::Word::Permit(DischargePermit::Allowed),
    ] {
        duo.vehicle.say(duo.now, word);
    }
    let connection = Connection::new(Transport::InsecureLab, NOW);
    duo.station.start(duo.now, &connection, SESSION);
    duo.vehicle.start(duo.now, &connection);
    act(&mut duo);
}

/// A battery takes what the converter gives.
pub fn carried(output: Output) -> Measurement {
    let power = output.power.to_milli_saturating(Rounding::TowardsZero);
    let cap = output.current.to_milli_saturating(Rounding::TowardsZero);
    let current = power / i64::from(BATTERY);
    let current = if power < 0 { current.max(cap) } else { current.min(cap) };
    Measurement { voltage: Volts::new(BATTERY, 0), current: Amperes::from_milli(current, Rounding::Nearest) }
}

pub fn dc(kilowatts: i16, amperes: i16) -> DcLimits {
    let flow = FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        max_current: Amperes::new(amperes, 0),
        ..Default::default()
    };
    DcLimits {
        charge: flow,
        discharge: Some(flow),
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::new(150, 0),
    }
}

pub fn pad(kilowatts: i16) -> WptPad {
    WptPad {
        max_power: Watts::new(kilowatts, 3),
        max_clearance: 250,
        min_clearance: 100,
        ..Default::default()
    }
}

pub fn good_needs() -> Needs {
    Needs {
        departure_time: 3600,
        target_energy: WattHours::new(20, 3),
        max_energy: WattHours::new(40, 3),
        min_energy: WattHours::new(-5, 3),
        ..Default::default()
    }
}

/// Limits of an AC charger or vehicle.
fn ac(kilowatts: i16) -> AcLimits {
    let most = Phases::Total(Watts::new(kilowatts, 3));
    AcLimits { max_charge: most, min_charge: Phases::default(), discharge: Some((most, Phases::default())) }
}
