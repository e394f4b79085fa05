//! A vehicle: the engine, everything that a host can say to it, and a watcher of both.

use std::sync::LazyLock;

use exi_codec::iso20::acdp::{ElectricalChargingDeviceStatus, EvTechnicalStatus};
use exi_codec::{Watt, Watts};
use iso15118_20::evcc::{
    CheckIn, Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, InstallationVerdict, Mobility, Needs,
    Wish, WptDemand, WptResult,
};
use iso15118_20::message::EncodeError;
use iso15118_20::security::{SignatureScheme, Signed};
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{
    AcLimits, AcMeasurement, Connection, Contactor, DcLimits, Instant, Measurement, Phases, WptLimits,
};

use super::duo::SERVICES;
use super::random::Random;
use super::trace::Log;
use super::vehicle_watch::Watch;

/// Everything that the host of a vehicle can say.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    Stop,
    Emergency,
    Pause,
    Standby,
    ExitStandby,
    RenegotiateService,
    /// Other wishes, for the next choice.
    Wishes(Service, ControlMode),
    RenegotiateSchedule,
    Contactor(Contactor),
    Measure(Measurement),
    MeasureAc(AcMeasurement),
    Limits(DcLimits),
    AcLimits(AcLimits),
    WptLimits(WptLimits),
    Demand(Demand),
    AcDemand(Phases<Watt>),
    WptDemand(WptDemand),
    /// Power that arrives over the coil.
    Arrives(Watts),
    Needs(Needs),
    Permit(DischargePermit),
    Sign,
    Installed(InstallationVerdict),
    Positioned(WptResult),
    Paired(WptResult),
    Aligned(WptResult),
    Mobility(Mobility),
    Electrical(ElectricalChargingDeviceStatus),
    Technical(EvTechnicalStatus),
    CheckIn(CheckIn),
    CheckedIn,
    CheckOut(u64),
    ForgetPaused,
    Disconnect,
}

pub struct Vehicle<'a> {
    pub evcc: Evcc<'a>,
    pub watch: Watch,
    pub log: Log,
    pub sent: Vec<Vec<u8>>,
    pub events: Vec<EvccEvent>,
    pub closed: bool,
    demand: WptDemand,
    out: Vec<u8>,
    random: Random,
}

impl<'a> Vehicle<'a> {
    pub fn new(config: &EvccConfig<'a>, buffer: &'a mut [u8], random: Random, log: Log) -> Self {
        Self {
            evcc: Evcc::new(config, buffer).unwrap(),
            watch: Watch::new(config),
            log,
            sent: Vec::new(),
            events: Vec::new(),
            closed: true,
            demand: WptDemand::default(),
            out: vec![0; 32 * 1024],
            random,
        }
    }

    pub fn start(&mut self, now: Instant, connection: &Connection) {
        self.log.line(now, "vehicle", || format!("start {connection:?}"));
        self.evcc.start(now, connection);
        self.closed = false;
        self.watch.start(now, connection);
        self.settle(now);
    }

    pub fn input(&mut self, now: Instant, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let received = self.evcc.handle_input(now, rest);
            let consumed = received.consumed;
            assert!(consumed > 0 && consumed <= rest.len(), "bytes are consumed");
            let message = received.payload_type.map(|kind| (kind, received.payload.to_vec()));
            rest = &rest[consumed..];
            if let Some((payload_type, payload)) = message {
                self.watch.received(now, payload_type, &payload, self.log);
            }
            self.settle(now);
        }
    }

    pub fn timeout(&mut self, now: Instant) {
        self.evcc.handle_timeout(now);
        self.settle(now);
    }

    pub fn disconnected(&mut self, now: Instant) {
        self.log.line(now, "vehicle", || "the connection is gone".into());
        self.evcc.handle_disconnect(now);
        self.watch.must_end();
        self.settle(now);
    }

    fn settle(&mut self, now: Instant) {
        loop {
            let events_first = self.random.percent(50);
            let mut busy = events_first && self.fetch_events(now);
            busy |= self.fetch_frames(now);
            busy |= self.fetch_events(now);
            if !busy {
                break;
            }
        }
        self.watch.check(now, &self.evcc);
    }

    fn fetch_events(&mut self, now: Instant) -> bool {
        let mut busy = false;
        while let Some(event) = self.evcc.poll_event() {
            self.log.line(now, "vehicle", || format!("        event {event:?}"));
            assert!(!self.closed, "no event follows Close: {event:?}");
            self.watch.event(&event);
            self.closed |= event == EvccEvent::Close;
            self.events.push(event);
            busy = true;
        }
        busy
    }

    fn fetch_frames(&mut self, now: Instant) -> bool {
        let mut busy = false;
        loop {
            if self.random.percent(2) {
                match self.evcc.poll_transmit(now, &mut [0; 9]) {
                    Ok(None) | Err(EncodeError::BufferTooSmall { .. }) => {}
                    other => panic!("a request in nine bytes: {other:?}"),
                }
            }
            match self.evcc.poll_transmit(now, &mut self.out) {
                Ok(None) => return busy,
                Ok(Some(sent)) => {
                    let frame = self.out[..sent.len].to_vec();
                    self.watch.sent(now, &frame, &self.evcc, self.log);
                    self.sent.push(frame);
                    busy = true;
                }
                Err(error) => panic!("every request encodes: {error:?}"),
            }
        }
    }

    pub fn say(&mut self, now: Instant, word: Word) {
        self.log.line(now, "vehicle", || format!("    host {word:?}"));
        self.watch.heard(&word);
        let evcc = &mut self.evcc;
        let mut done = true;
        match word {
            Word::Stop => evcc.stop(now),
            Word::Emergency => evcc.emergency_stop(now),
            Word::Pause => done = evcc.pause(now).is_ok(),
            Word::Standby => done = evcc.standby(now).is_ok(),
            Word::ExitStandby => done = evcc.exit_standby(now).is_ok(),
            Word::RenegotiateService => done = evcc.renegotiate_service(now).is_ok(),
            Word::Wishes(service, mode) => {
                evcc.set_wishes(wishes(service, mode)).expect("services of ours");
            }
            Word::RenegotiateSchedule => done = evcc.renegotiate_schedule(now).is_ok(),
            Word::Contactor(contactor) => evcc.contactor(now, contactor),
            Word::Measure(measured) => evcc.measurement(now, measured),
            Word::MeasureAc(measured) => evcc.ac_measurement(now, measured),
            Word::Limits(limits) => evcc.set_limits(limits),
            Word::AcLimits(limits) => evcc.set_ac_limits(limits),
            Word::WptLimits(limits) => evcc.set_wpt_limits(limits),
            Word::Demand(demand) => evcc.set_demand(demand),
            Word::AcDemand(power) => evcc.set_ac_demand(power),
            Word::WptDemand(demand) => {
                self.demand = demand;
                evcc.set_wpt_demand(demand);
            }
            Word::Arrives(output) => {
                self.demand.output = output;
                evcc.set_wpt_demand(self.demand);
            }
            Word::Needs(needs) => evcc.set_needs(needs),
            Word::Permit(permit) => evcc.set_discharge_permit(permit),
            Word::Sign => {
                let mut element = vec![0; 8192];
                evcc.to_be_signed(&mut element).expect("every element encodes");
                evcc.signed(now, Signed::new(SignatureScheme::EcdsaP521Sha512, &[1; 64], &[2; 132]).unwrap());
            }
            Word::Installed(verdict) => evcc.installed(now, verdict),
            Word::Positioned(result) => evcc.positioned(now, result),
            Word::Paired(result) => evcc.paired(now, result, Some(17)),
            Word::Aligned(result) => evcc.aligned(now, result),
            Word::Mobility(mobility) => evcc.set_mobility(mobility),
            Word::Electrical(status) => evcc.set_electrical_status(status),
            Word::Technical(status) => evcc.set_technical_status(status),
            Word::CheckIn(check_in) => done = evcc.check_in(now, check_in).is_ok(),
            Word::CheckedIn => done = evcc.checked_in(now).is_ok(),
            Word::CheckOut(at) => done = evcc.check_out(now, at).is_ok(),
            Word::ForgetPaused => evcc.forget_paused(),
            Word::Disconnect => evcc.handle_disconnect(now),
        }
        if done {
            self.watch.agreed(&word);
        }
        self.settle(now);
    }
}

/// A service, in a control mode or else in the other one. Engines borrow wishes for longer than a step.
fn wishes(service: Service, mode: ControlMode) -> &'static [Wish] {
    const MODES: [ControlMode; 2] = [ControlMode::Scheduled, ControlMode::Dynamic];
    static ALL: LazyLock<Vec<[Wish; 2]>> = LazyLock::new(|| {
        let both = |service, [first, second]: [_; 2]| [Wish::new(service, first), Wish::new(service, second)];
        SERVICES.iter().flat_map(|&s| [both(s, MODES), both(s, [MODES[1], MODES[0]])]).collect()
    });
    let found = ALL.iter().find(|[first, _]| (first.service, first.control_mode) == (service, mode));
    found.expect("one of the services")
}
