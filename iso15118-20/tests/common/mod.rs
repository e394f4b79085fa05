//! Both engines in one process under virtual time, with a plant on either side.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

pub mod charger;
pub mod script;
pub mod station;

use std::time::Duration;

use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus;
use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use iso15118_20::evcc::{
    Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Mobility, Needs, Wish, WptDemand, WptResult,
};
use iso15118_20::message::MessageKind;
use iso15118_20::secc::{
    AuthorizationDecision, Isolation, Meter, MeteringVerdict, Positioning, Secc, SeccConfig, SeccEvent,
    VehiclePosition,
};
use iso15118_20::security::ContractVerdict;
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{
    AcMeasurement, Connection, Contactor, DcLimits, End, FlowLimits, GridPermit, Instant, Measurement,
    Output, Phases, Settings, Transmit, Transport, WptLimits,
};

pub const BUFFER: usize = 16 * 1024;
pub const NOW: u64 = 1_700_000_000;

const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];
pub const OFFERS: &[Offer<'static>] = &[
    Offer { service: Service::Dc, fee: Fee::Paid, sets: SETS },
    Offer { service: Service::DcBpt, fee: Fee::Paid, sets: SETS },
];

pub fn secc_config(settings: &Settings) -> SeccConfig<'static> {
    SeccConfig::new("DE*V2G*E1", "M1", OFFERS, *settings)
}

pub fn limits(kilowatts: i16, amperes: i16) -> DcLimits {
    let flow = FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        min_power: Watts::ZERO,
        max_current: Amperes::new(amperes, 0),
        min_current: Amperes::ZERO,
    };
    DcLimits {
        charge: flow,
        discharge: Some(flow),
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::new(150, 0),
    }
}

fn is_round(kind: MessageKind) -> bool {
    use MessageKind as K;
    matches!(kind, K::DcChargeLoopRes | K::AcChargeLoopRes | K::WptChargeLoopRes)
}

/// How the host of a charger behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StationHost {
    pub authorization: Option<AuthorizationDecision>,
    pub isolation: Option<Isolation>,
    pub contactor: Option<Contactor>,
    pub converter: bool,
}

pub const GOOD_STATION: StationHost = StationHost {
    authorization: Some(AuthorizationDecision::Accepted),
    isolation: Some(Isolation::Valid),
    contactor: Some(Contactor::Closed),
    converter: true,
};

/// Keys and certificates of both ends, in the place of hosts that believe everything.
pub trait Keeper<'a> {
    /// The vehicle was asked; false: it was not about trust.
    fn vehicle(&mut self, now: Instant, evcc: &mut Evcc<'a>, event: EvccEvent) -> bool;
    /// The charger was asked; false: it was not about trust.
    fn station(&mut self, now: Instant, secc: &mut Secc<'a>, event: SeccEvent) -> bool;
    /// The vehicle received a message.
    fn to_vehicle(&mut self, kind: MessageKind, payload: &[u8]);
    /// The charger received a message.
    fn to_station(&mut self, kind: MessageKind, payload: &[u8]);
    /// A response that the charger's host writes itself.
    fn answer(&mut self, now: Instant, secc: &mut Secc<'a>, out: &mut [u8]) -> Option<Transmit>;
}

pub struct Pair<'a> {
    pub now: Instant,
    pub keeper: Option<Box<dyn Keeper<'a> + 'a>>,
    pub secc: Secc<'a>,
    pub evcc: Evcc<'a>,
    pub station: StationHost,
    /// Whether the vehicle's contactors obey.
    pub vehicle_contactor: bool,
    /// Rounds after which the vehicle stops.
    pub rounds: usize,
    pub secc_events: Vec<SeccEvent>,
    pub evcc_events: Vec<EvccEvent>,
    pub messages: Vec<MessageKind>,
    /// Every output that the converter was given.
    pub outputs: Vec<Output>,
    /// Every power over AC or without contact.
    pub powers: Vec<Watts>,
    pub metering: MeteringVerdict,
    pub measured: Measurement,
    to_secc: Vec<u8>,
    to_evcc: Vec<u8>,
    /// Bytes that one delivery carries at most.
    pub chunk: usize,
    pub mute_secc: bool,
    pub mute_evcc: bool,
    /// Message to damage, offset in it, bits to flip.
    pub damage: Option<(usize, usize, u8)>,
}

impl<'a> Pair<'a> {
    pub fn new(
        buffers: &'a mut ([u8; BUFFER], [u8; BUFFER]),
        wishes: &'a [Wish],
        settings: &Settings,
    ) -> Self {
        let evcc = EvccConfig { settings: *settings, ..EvccConfig::new("WMIV1234567890ABCDEX", wishes) };
        Self::with(buffers, &secc_config(settings), &evcc)
    }

    pub fn with(
        buffers: &'a mut ([u8; BUFFER], [u8; BUFFER]),
        secc: &SeccConfig<'a>,
        evcc: &EvccConfig<'a>,
    ) -> Self {
        let secc = Secc::new(secc, &mut buffers.0).unwrap();
        let evcc = Evcc::new(evcc, &mut buffers.1).unwrap();
        let mut pair = Self {
            now: Instant::from_secs(100),
            keeper: None,
            secc,
            evcc,
            station: GOOD_STATION,
            vehicle_contactor: true,
            rounds: 10,
            secc_events: Vec::new(),
            evcc_events: Vec::new(),
            messages: Vec::new(),
            outputs: Vec::new(),
            powers: Vec::new(),
            metering: MeteringVerdict::Valid,
            measured: Measurement::default(),
            to_secc: Vec::new(),
            to_evcc: Vec::new(),
            chunk: usize::MAX,
            mute_secc: false,
            mute_evcc: false,
            damage: None,
        };
        pair.secc.set_limits(limits(30, 75));
        pair.secc.set_grid_permit(GridPermit::UNLIMITED);
        pair.secc.set_dispatch(Watts::new(20, 3));
        pair.secc.set_ac_limits(station::ac_limits(22));
        pair.secc.set_wpt_pad(station::pad());
        pair.evcc.set_ac_limits(charger::ACS);
        pair.evcc.set_ac_demand(Phases::Total(Watts::new(6, 3)));
        pair.evcc.set_wpt_limits(WptLimits {
            max_power: Watts::new(10, 3),
            max_clearance: 200,
            min_clearance: 150,
            ..WptLimits::default()
        });
        pair.evcc.set_wpt_demand(WptDemand { power: Watts::new(7, 3), ..WptDemand::default() });
        pair.evcc.set_limits(limits(25, 100));
        pair.evcc.set_discharge_permit(DischargePermit::Allowed);
        pair.evcc.set_demand(Demand {
            battery: Volts::new(380, 0),
            voltage: Volts::new(420, 0),
            current: Amperes::new(50, 0),
        });
        pair.evcc.set_needs(Needs {
            departure_time: 3600,
            target_energy: WattHours::new(20, 3),
            max_energy: WattHours::new(40, 3),
            min_energy: WattHours::new(-5, 3),
            ..Needs::default()
        });
        pair
    }

    pub fn connect(&mut self) {
        self.connect_over(Transport::InsecureLab);
    }

    pub fn connect_over(&mut self, transport: Transport) {
        let link = Connection::new(transport, NOW);
        let link = if transport == Transport::Secured { link.with_peer(station::PEER) } else { link };
        self.connect_with(&link);
    }

    pub fn connect_with(&mut self, link: &Connection) {
        self.secc.start(self.now, link, [7; 8], [9; 16]);
        self.evcc.start(self.now, link);
    }

    pub fn rounds_done(&self) -> usize {
        self.messages.iter().filter(|kind| is_round(**kind)).count()
    }

    pub fn count(&self, kind: MessageKind) -> usize {
        self.messages.iter().filter(|k| **k == kind).count()
    }

    /// Everything that happens without time passing.
    pub fn settle(&mut self) {
        loop {
            let mut busy = self.pump_evcc();
            busy |= self.pump_secc();
            if !busy {
                return;
            }
        }
    }

    /// Runs until both have ended and closed, or nothing is left to wait for.
    pub fn run(&mut self) -> (Option<End>, Option<End>) {
        for _ in 0..100_000 {
            self.settle();
            let next = [self.secc.poll_timeout(), self.evcc.poll_timeout()].into_iter().flatten().min();
            let Some(next) = next else { return (self.secc.end(), self.evcc.end()) };
            self.now = self.now.max(next);
            self.secc.handle_timeout(self.now);
            self.evcc.handle_timeout(self.now);
        }
        panic!("the session does not end: {:?} {:?}", self.secc.stage(), self.evcc.stage());
    }

    /// Runs until the vehicle has made so many rounds.
    pub fn run_to_round(&mut self, round: usize) {
        while self.rounds_done() < round {
            self.settle();
            self.step();
            assert!(self.evcc.end().is_none(), "{:?}", self.evcc.end());
        }
    }

    /// Lets the next timer pass.
    pub fn step(&mut self) {
        self.settle();
        let next = [self.secc.poll_timeout(), self.evcc.poll_timeout()].into_iter().flatten().min();
        self.now = self.now.max(next.expect("a timer"));
        self.secc.handle_timeout(self.now);
        self.evcc.handle_timeout(self.now);
        self.settle();
    }

    /// Goes on until one more message was sent, or a timer has passed.
    pub fn step_message(&mut self) {
        let before = self.messages.len();
        for _ in 0..4 {
            self.pump_evcc();
            if self.messages.len() > before {
                return;
            }
            self.pump_secc();
            if self.messages.len() > before {
                return;
            }
        }
        let next = [self.secc.poll_timeout(), self.evcc.poll_timeout()].into_iter().flatten().min();
        self.now = self.now.max(next.unwrap_or(self.now));
        self.secc.handle_timeout(self.now);
        self.evcc.handle_timeout(self.now);
    }

    /// Hands out events without moving bytes.
    pub fn drain_events(&mut self) {
        self.to_secc.clear();
        self.to_evcc.clear();
        (self.mute_secc, self.mute_evcc) = (true, true);
        self.settle();
    }

    fn pump_evcc(&mut self) -> bool {
        let mut busy = false;
        let mut out = [0; 8192];
        while let Some(sent) = self.evcc.poll_transmit(self.now, &mut out).unwrap() {
            busy = true;
            self.harm(&mut out[..sent.len]);
            self.messages.push(sent.kind);
            if !self.mute_evcc {
                self.to_secc.extend_from_slice(&out[..sent.len]);
            }
        }
        while let Some(event) = self.evcc.poll_event() {
            busy = true;
            self.evcc_events.push(event);
            let now = self.now;
            if !self.keeper.as_mut().is_some_and(|keeper| keeper.vehicle(now, &mut self.evcc, event)) {
                self.evcc_host(event);
            }
        }
        if !self.to_evcc.is_empty() {
            busy = true;
            let take = self.chunk.min(self.to_evcc.len());
            let received = self.evcc.handle_input(self.now, &self.to_evcc[..take]);
            let consumed = received.consumed;
            if let (Some(keeper), Some(kind)) = (&mut self.keeper, received.kind) {
                keeper.to_vehicle(kind, received.payload);
            }
            self.to_evcc.drain(..consumed);
        }
        busy
    }

    fn pump_secc(&mut self) -> bool {
        let mut busy = false;
        let mut out = [0; 8192];
        while let Some(sent) = self.answer(&mut out) {
            busy = true;
            self.harm(&mut out[..sent.len]);
            self.messages.push(sent.kind);
            if !self.mute_secc {
                self.to_evcc.extend_from_slice(&out[..sent.len]);
            }
        }
        while let Some(event) = self.secc.poll_event() {
            busy = true;
            self.secc_events.push(event);
            let now = self.now;
            if !self.keeper.as_mut().is_some_and(|keeper| keeper.station(now, &mut self.secc, event)) {
                self.secc_host(event);
            }
        }
        if !self.to_secc.is_empty() {
            busy = true;
            let take = self.chunk.min(self.to_secc.len());
            let received = self.secc.handle_input(self.now, &self.to_secc[..take]);
            let consumed = received.consumed;
            if let (Some(keeper), Some(kind)) = (&mut self.keeper, received.kind) {
                keeper.to_station(kind, received.payload);
            }
            self.to_secc.drain(..consumed);
        }
        busy
    }

    fn answer(&mut self, out: &mut [u8]) -> Option<Transmit> {
        let own = self.keeper.as_mut().and_then(|keeper| keeper.answer(self.now, &mut self.secc, out));
        own.or_else(|| self.secc.poll_transmit(self.now, out).unwrap())
    }

    fn harm(&self, frame: &mut [u8]) {
        if let Some((message, offset, bits)) = self.damage
            && message == self.messages.len()
        {
            let offset = offset % frame.len();
            frame[offset] ^= bits;
        }
    }

    fn evcc_host(&mut self, event: EvccEvent) {
        match event {
            EvccEvent::CloseContactor { .. } if self.vehicle_contactor => {
                self.evcc.contactor(self.now, Contactor::Closed);
            }
            EvccEvent::Position { .. } => self.evcc.positioned(self.now, WptResult::Success),
            EvccEvent::Pair { .. } => self.evcc.paired(self.now, WptResult::Success, Some(7)),
            EvccEvent::Align { .. } => self.evcc.aligned(self.now, WptResult::Success),
            EvccEvent::AcdpPosition(_) => self.evcc.set_mobility(Mobility::Immobilized),
            EvccEvent::AcOutput(output) => {
                let measured = AcMeasurement { active: output.active, ..AcMeasurement::default() };
                self.powers.push(output.active.total());
                self.secc.ac_measurement(self.now, measured);
                self.evcc.ac_measurement(self.now, measured);
            }
            EvccEvent::OpenContactor { .. } if self.vehicle_contactor => {
                self.measure(Volts::ZERO, Amperes::ZERO);
                self.secc.ac_measurement(self.now, AcMeasurement::default());
                self.evcc.ac_measurement(self.now, AcMeasurement::default());
                self.evcc.contactor(self.now, Contactor::Open);
            }
            EvccEvent::StationStatus(_) if self.rounds_done() >= self.rounds => self.evcc.stop(self.now),
            _ => {}
        }
    }

    fn secc_host(&mut self, event: SeccEvent) {
        match event {
            SeccEvent::AuthorizationWanted { .. } => {
                if let Some(decision) = self.station.authorization {
                    self.secc.authorize(self.now, decision);
                }
            }
            SeccEvent::IsolationTest { .. } => {
                if let Some(isolation) = self.station.isolation {
                    self.secc.isolation(self.now, isolation);
                }
            }
            SeccEvent::PreCharge { voltage, .. } if self.station.converter => {
                self.measure(voltage, Amperes::ZERO);
            }
            SeccEvent::CloseContactor { .. } => {
                if let Some(contactor) = self.station.contactor {
                    self.secc.contactor(self.now, contactor);
                }
            }
            SeccEvent::Output(output) => {
                self.outputs.push(output);
                if self.station.converter {
                    self.deliver(output);
                }
            }
            SeccEvent::FinePositioning { .. } => self.secc.positioning(self.now, Positioning::Done),
            SeccEvent::Pairing { .. } => self.secc.pairing(self.now, Positioning::Done, Some(7)),
            SeccEvent::AlignmentCheck { .. } => self.secc.alignment(self.now, Positioning::Done),
            SeccEvent::VehiclePositioning { .. } => {
                let reached = VehiclePosition { reached: true, ..VehiclePosition::default() };
                self.secc.vehicle_position(self.now, reached);
            }
            SeccEvent::ConnectDevice { .. } => {
                self.secc.device(self.now, station::device(MechanicalChargingDeviceStatus::EndPosition));
            }
            SeccEvent::DisconnectDevice { .. } => {
                self.secc.device(self.now, station::device(MechanicalChargingDeviceStatus::Home));
            }
            SeccEvent::WptOutput(power) => self.powers.push(power),
            SeccEvent::ContractWanted { .. } => self.secc.contract(self.now, ContractVerdict::Valid),
            SeccEvent::MeteringConfirmed { .. } => self.secc.metering(self.now, self.metering),
            SeccEvent::OpenContactor => self.secc.contactor(self.now, Contactor::Open),
            SeccEvent::PowerOff => {
                self.outputs.push(Output::ZERO);
                self.measure(Volts::ZERO, Amperes::ZERO);
                self.secc.contactor(self.now, Contactor::Open);
            }
            _ => {}
        }
    }

    /// A battery of 380 V takes what the converter gives.
    fn deliver(&mut self, output: Output) {
        let power = output.power.to_milli_saturating(Rounding::TowardsZero);
        let cap = output.current.to_milli_saturating(Rounding::TowardsZero);
        let current = power / 380;
        let current = if power < 0 { current.max(cap) } else { current.min(cap) };
        self.measure(Volts::new(380, 0), Amperes::from_milli(current, Rounding::Nearest));
    }

    pub fn measure(&mut self, voltage: Volts, current: Amperes) {
        self.measured = Measurement { voltage, current };
        self.secc.measurement(self.now, self.measured);
        self.evcc.measurement(self.now, self.measured);
        self.secc.set_meter(Meter { charged: 1000, discharged: Some(10) });
    }

    pub fn wait(&mut self, time: Duration) {
        self.now += time;
        self.secc.handle_timeout(self.now);
        self.evcc.handle_timeout(self.now);
        self.settle();
    }
}
