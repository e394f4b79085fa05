//! A charger: the engine, everything that a host can say to it, and a watcher of both.

use exi_codec::Watts;
use exi_codec::iso20::acdp::{ElectricalChargingDeviceStatus, MechanicalChargingDeviceStatus};
use exi_codec::iso20::common_messages::{PowerScheduleEntry, PriceRuleStack, PriceSchedule};
use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, EvseNotification, NumericId};
use exi_codec::iso20::wpt::WptSpcChargeDiagnostics;
use exi_codec::{Bytes, RationalNumber};
use iso15118_20::message::EncodeError;
use iso15118_20::price::{Costs, PriceAlgorithm, Taxes, absolute_prices, price_rule};
use iso15118_20::secc::{
    AcdpStatus, Announcement, AnswerError, AuthorizationDecision, Device, EncryptedKey, Installation,
    InstallationFault, Isolation, Meter, MeteringVerdict, Mobility, PadMeasurement, ParkingSpot, PilotState,
    Positioning, Release, ScheduleOffer, Secc, SeccConfig, SeccEvent, Stop, TupleOffer, VehiclePosition,
};
use iso15118_20::security::{Chain, ContractVerdict, SignatureScheme, Signed};
use iso15118_20::service::ControlMode;
use iso15118_20::{
    AcLimits, AcMeasurement, AcOutput, Connection, Contactor, DcLimits, GridPermit, Instant, Measurement,
    Schedule, ScheduleEntry, WptPad,
};

use super::random::Random;
use super::station_watch::Watch;
use super::trace::Log;

/// Everything that the host of a charger can say.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    Authorize(AuthorizationDecision),
    Contract(ContractVerdict),
    AnswerInstallation(u8),
    RefuseInstallation(InstallationFault),
    Isolation(Isolation),
    Contactor(Contactor),
    Pilot(PilotState),
    Measure(Measurement),
    MeasureAc(AcMeasurement),
    MeasurePad(PadMeasurement),
    Diagnostics(WptSpcChargeDiagnostics),
    Limits(DcLimits),
    AcLimits(AcLimits),
    Pad(WptPad),
    Permit(GridPermit),
    Dispatch(Watts),
    AcDispatch(AcOutput),
    Ramp(Option<Watts>),
    Schedule(Option<Schedule>, Option<Schedule>),
    /// With randomness for the content.
    AnswerSchedule(u64),
    DeferSchedule,
    Mobility(Mobility),
    Meter(Meter),
    Costs(RationalNumber),
    Stop(Stop),
    Islanded,
    Notify(EvseNotification, u16),
    Positioning(Positioning),
    Pairing(Positioning),
    Alignment(Positioning),
    Position(VehiclePosition),
    Device(MechanicalChargingDeviceStatus),
    Status(AcdpStatus),
    Spot(ParkingSpot),
    Release(Release),
    Metering(MeteringVerdict),
    KeepSchedule,
    GiveUpSchedule,
    ForgetPaused,
    Disconnect,
}

pub struct Station<'a> {
    pub secc: Secc<'a>,
    pub watch: Watch,
    pub log: Log,
    /// Frames that are ready for the wire.
    pub sent: Vec<Vec<u8>>,
    /// Events that the host has not looked at.
    pub events: Vec<SeccEvent>,
    pub closed: bool,
    out: Vec<u8>,
    random: Random,
}

impl<'a> Station<'a> {
    pub fn new(
        config: &SeccConfig<'a>,
        buffer: &'a mut [u8],
        memory: &'a mut [ScheduleEntry],
        random: Random,
        log: Log,
    ) -> Self {
        Self {
            secc: Secc::new(config, buffer).unwrap().with_schedule_memory(memory),
            watch: Watch::new(&config.settings, config.ack_max_delay, config.offers[0].service.family()),
            log,
            sent: Vec::new(),
            events: Vec::new(),
            closed: true,
            out: vec![0; 32 * 1024],
            random,
        }
    }

    pub fn start(&mut self, now: Instant, connection: &Connection, session: [u8; 8]) {
        self.log.line(now, "station", || format!("start {connection:?}"));
        self.secc.start(now, connection, session, [9; 16]);
        self.closed = false;
        self.watch.start(now, connection, session);
        self.settle(now);
    }

    pub fn input(&mut self, now: Instant, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let received = self.secc.handle_input(now, rest);
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
        self.secc.handle_timeout(now);
        self.settle(now);
    }

    pub fn disconnected(&mut self, now: Instant) {
        self.log.line(now, "station", || "the connection is gone".into());
        self.secc.handle_disconnect(now);
        self.watch.disconnected();
        self.settle(now);
    }

    /// Fetches everything, in either order, and looks whether all is well.
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
        self.watch.check(now, &self.secc);
    }

    fn fetch_events(&mut self, now: Instant) -> bool {
        let mut busy = false;
        while let Some(event) = self.secc.poll_event() {
            self.log.line(now, "station", || format!("        event {event:?}"));
            assert!(!self.closed, "no event follows Close: {event:?}");
            self.watch.event(&event);
            self.closed |= event == SeccEvent::Close;
            self.events.push(event);
            busy = true;
        }
        busy
    }

    fn fetch_frames(&mut self, now: Instant) -> bool {
        let mut busy = false;
        loop {
            // A buffer that is too small changes nothing.
            if self.random.percent(2) {
                match self.secc.poll_transmit(now, &mut [0; 9]) {
                    Ok(None) | Err(EncodeError::BufferTooSmall { .. }) => {}
                    other => panic!("a response in nine bytes: {other:?}"),
                }
            }
            match self.secc.poll_transmit(now, &mut self.out) {
                Ok(None) => return busy,
                Ok(Some(sent)) => {
                    let frame = self.out[..sent.len].to_vec();
                    self.transmitted(now, frame);
                    busy = true;
                }
                Err(error) => panic!("every response encodes: {error:?}"),
            }
        }
    }

    fn transmitted(&mut self, now: Instant, frame: Vec<u8>) {
        self.watch.sent(now, &frame, &self.secc, self.log);
        self.sent.push(frame);
    }

    pub fn say(&mut self, now: Instant, word: Word) {
        self.log.line(now, "station", || format!("    host {word:?}"));
        self.watch.heard(&word, self.secc.end().is_some() || self.closed);
        let secc = &mut self.secc;
        match word {
            Word::Authorize(decision) => secc.authorize(now, decision),
            Word::Contract(verdict) => secc.contract(now, verdict),
            Word::AnswerInstallation(remaining) => self.answer_installation(now, remaining),
            Word::RefuseInstallation(fault) => secc.refuse_installation(now, fault),
            Word::Isolation(isolation) => secc.isolation(now, isolation),
            Word::Contactor(contactor) => secc.contactor(now, contactor),
            Word::Pilot(pilot) => secc.pilot(now, pilot),
            Word::Measure(measured) => secc.measurement(now, measured),
            Word::MeasureAc(measured) => secc.ac_measurement(now, measured),
            Word::MeasurePad(measured) => secc.pad_measurement(now, measured),
            Word::Diagnostics(diagnostics) => secc.pad_diagnostics(now, diagnostics),
            Word::Limits(limits) => secc.set_limits(limits),
            Word::AcLimits(limits) => secc.set_ac_limits(limits),
            Word::Pad(pad) => secc.set_wpt_pad(pad),
            Word::Permit(permit) => secc.set_grid_permit(permit),
            Word::Dispatch(power) => secc.set_dispatch(power),
            Word::AcDispatch(output) => secc.set_ac_dispatch(output),
            Word::Ramp(ramp) => secc.set_ramp(ramp),
            Word::Schedule(charge, discharge) => secc.set_schedule(charge, discharge),
            Word::AnswerSchedule(content) => self.answer_schedule(now, content),
            Word::DeferSchedule => secc.defer_schedule(now),
            Word::Mobility(mobility) => secc.set_mobility(mobility),
            Word::Meter(meter) => secc.set_meter(meter),
            Word::Costs(amount) => {
                let cost = DetailedCost { amount, cost_per_unit: amount };
                let taxes = [DetailedTax { tax_rule_id: NumericId::ONE, amount }; 10];
                let taxes = Taxes::new(&taxes[..usize::from(amount.parts().0.unsigned_abs() % 11)]).unwrap();
                let (energy, overstay) = (Some(cost), Some(cost));
                secc.set_costs(Some(Costs { energy, overstay, taxes, ..Costs::default() }));
            }
            Word::Stop(stop) => secc.stop(now, stop),
            Word::Islanded => secc.islanded(now),
            Word::Notify(notification, delay) => {
                let done = secc.notify(now, notification, delay);
                self.watch.notified(notification, done.is_ok());
            }
            Word::Positioning(result) => secc.positioning(now, result),
            Word::Pairing(result) => secc.pairing(now, result, Some(17)),
            Word::Alignment(result) => secc.alignment(now, result),
            Word::Position(position) => secc.vehicle_position(now, position),
            Word::Device(mechanical) => {
                secc.device(now, Device { mechanical, electrical: ElectricalChargingDeviceStatus::StateB });
            }
            Word::Status(status) => secc.set_acdp_status(now, status),
            Word::Spot(spot) => secc.set_parking_spot(spot),
            Word::Release(release) => secc.set_release(release),
            Word::Metering(verdict) => secc.metering(now, verdict),
            Word::KeepSchedule => secc.keep_schedule(now),
            Word::GiveUpSchedule => secc.give_up_schedule(now),
            Word::ForgetPaused => secc.forget_paused(),
            Word::Disconnect => secc.handle_disconnect(now),
        }
        self.settle(now);
    }

    fn answer_installation(&mut self, now: Instant, remaining: u8) {
        let subs = [Bytes::new(&[2, 2])];
        let chain = Chain { leaf: &[1; 700], subs: &subs };
        let signed = Signed::new(SignatureScheme::EcdsaP521Sha512, &[3; 64], &[4; 132]).unwrap();
        let installation = Installation {
            provisioning: chain,
            id: "id1",
            contract: chain,
            public_key: &[4; 133],
            key: EncryptedKey::P521(&[5; 94]),
            remaining,
            signed,
        };
        match self.secc.answer_installation(now, &installation, &mut self.out) {
            Ok(sent) => {
                let frame = self.out[..sent.len].to_vec();
                self.transmitted(now, frame);
            }
            Err(AnswerError::NotAsked) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    fn answer_schedule(&mut self, now: Instant, content: u64) {
        let mut random = Random::new(content);
        let scheduled =
            self.secc.selection().is_some_and(|s| s.parameters.control_mode == ControlMode::Scheduled);
        let start = self.watch.unix(now);
        // Mostly few entries, and now and then a day of them.
        let most = random.pick(&[6, 6, 6, 12, 40, 120]);
        let mut entries = || -> Vec<PowerScheduleEntry> {
            let count = random.between(1, most);
            let entry = |_| {
                let by_phase = random.percent(5);
                PowerScheduleEntry {
                    duration: random.between(1, 4000) as u32,
                    power: if random.percent(2) { random.extreme() } else { random.kilo(25) },
                    power_l2: by_phase.then(|| random.kilo(8)),
                    power_l3: by_phase.then(|| random.kilo(8)),
                }
            };
            (0..count).map(entry).collect()
        };
        let entries: [[Vec<PowerScheduleEntry>; 2]; 3] =
            std::array::from_fn(|_| std::array::from_fn(|_| entries()));
        let rules: Vec<_> = (0..random.between(1, 20))
            .map(|_| [price_rule(Watts::ZERO, RationalNumber::new(random.between(0, 90) as i16 - 10, -2))])
            .collect();
        let stacks: Vec<_> = rules
            .iter()
            .map(|rules| PriceRuleStack {
                duration: random.between(1, 4000) as u32,
                price_rule: rules.as_slice().into(),
            })
            .collect();
        let algorithm = random.pick(&PriceAlgorithm::ALL);
        let prices = absolute_prices(NumericId::ONE, start, ("EUR", "en"), algorithm, &stacks);
        let price = random.percent(60).then_some(PriceSchedule::AbsolutePrice(prices));
        let offer = |entries| ScheduleOffer { start, entries, price, ..ScheduleOffer::default() };
        let tolerance = random.maybe(30, |r| r.whole(0, 2000));
        let both = self.watch.is_bidirectional();
        let tuples = entries.each_ref().map(|[charge, discharge]| TupleOffer {
            charge: ScheduleOffer { tolerance, ..offer(charge) },
            discharge: both.then(|| offer(discharge)),
        });
        let count = if scheduled { random.between(1, 3) as usize } else { 0 };
        let announcement = Announcement {
            tuples: &tuples[..count],
            price: None,
            go_to_pause: random.percent(10),
            ..Announcement::default()
        };
        match self.secc.answer_schedule(now, &announcement, &mut self.out) {
            Ok(sent) => {
                let frame = self.out[..sent.len].to_vec();
                self.transmitted(now, frame);
            }
            Err(AnswerError::NotAsked | AnswerError::Content) => {}
            Err(error @ AnswerError::Encode(_)) => panic!("{error:?}"),
        }
    }
}
