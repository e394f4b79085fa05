//! The charger at every stage it can reach, asked everything there is to ask.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use exi_codec::app_protocol::AppProtocol;
use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus as Place;
use exi_codec::iso20::common_messages::{
    ChargeProgress, ChargingSession, EvCheckInStatus, EvCheckOutStatus, EvpptControlMode,
    MeteringConfirmationReq, PowerDeliveryReq, SeReqControlMode, VehicleCheckInReq, VehicleCheckOutReq,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::iso20::wpt::{WptEvResult, WptPairingReq};
use exi_codec::{Amperes, Volts};
use iso15118_20::message::Request;
use iso15118_20::secc::{
    AuthorizationDecision, AuthorizationOffer, Isolation, Positioning, SeccConfig, Support, VehiclePosition,
};
use iso15118_20::security::PeerId;
use iso15118_20::sequence::{Stage, Stream, Table};
use iso15118_20::service::{ControlMode, Direction, Family, Fee, Offer, Parameters, Service};
use iso15118_20::{
    AcLimits, AcMeasurement, Connection, Contactor, DcLimits, GridPermit, Instant, Measurement, Profile,
    Settings, Transport,
};

use super::common::script::{self, SESSION, header};
use super::common::{self, station as requests};
use super::duo::SERVICES;
use super::limits::{ac_round, ac_vehicle, dc_round, dc_vehicle};
use super::random::Random;
use super::station::{Station, Word};
use super::trace::Log;

const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];

fn plain(service: Service) -> Service {
    match service.direction() {
        Direction::ChargeOnly => Service::Dc,
        Direction::Bidirectional => Service::DcBpt,
    }
}

fn parameters(service: Service) -> Request<'static> {
    match service.family() {
        Family::Ac => requests::ac_parameters(service),
        Family::Wpt => requests::wpt_parameters(11),
        _ => script::charge_parameters(plain(service)),
    }
}

fn round(service: Service, mode: ControlMode) -> Request<'static> {
    match service.family() {
        Family::Ac => requests::ac_round(service, mode, 4000),
        Family::Wpt => requests::wpt_round(4),
        _ => script::round(plain(service), mode, 10),
    }
}

/// Every request, with every intent, finished and not.
fn everything(service: Service, mode: ControlMode) -> Vec<Request<'static>> {
    let mut all = vec![
        script::session_setup(),
        script::authorization_setup(),
        script::authorization(),
        script::discovery(),
        script::detail(service.number()),
        script::detail(60_000),
        script::selection(service.number(), 1),
        script::selection(service.number(), 9),
        script::selection(60_000, 1),
        parameters(service),
        requests::ac_parameters(Service::AcBpt),
        requests::wpt_parameters(5),
        script::charge_parameters(Service::Dc),
        script::schedule_exchange(ControlMode::Scheduled),
        script::schedule_exchange(ControlMode::Dynamic),
        script::cable_check(),
        script::pre_charge(400, Processing::Ongoing),
        script::pre_charge(400, Processing::Finished),
        script::start(mode, 5),
        script::start(mode, 60),
        script::start_with(mode, 3, 5),
        round(service, ControlMode::Scheduled),
        round(service, ControlMode::Dynamic),
        requests::ac_round(Service::AcBpt, mode, -3000),
        requests::wpt_round(4),
        script::round(Service::Dc, mode, 10),
        script::welding(),
        requests::positioning_setup(),
        requests::vehicle_positioning(),
        requests::connect(),
        requests::disconnect(),
        requests::system_status(),
        Request::MeteringConfirmationReq(MeteringConfirmationReq { header: header(), ..Default::default() }),
    ];
    all.extend(ChargingSession::ALL.iter().map(|session| script::session_stop(*session)));
    for progress in ChargeProgress::ALL {
        all.push(script::power(*progress));
        all.push(Request::PowerDeliveryReq(PowerDeliveryReq {
            header: header(),
            ev_processing: Processing::Ongoing,
            charge_progress: *progress,
            ..Default::default()
        }));
    }
    for result in WptEvResult::ALL {
        all.push(requests::positioning(*result));
        all.push(requests::alignment(*result));
        all.push(Request::WptPairingReq(WptPairingReq {
            header: header(),
            ev_processing: Processing::Ongoing,
            ev_result_code: *result,
            ..Default::default()
        }));
        all.push(requests::pairing(*result));
    }
    all.extend(EvCheckInStatus::ALL.iter().map(|status| {
        Request::VehicleCheckInReq(VehicleCheckInReq {
            header: header(),
            ev_check_in_status: *status,
            ..Default::default()
        })
    }));
    all.extend(EvCheckOutStatus::ALL.iter().map(|status| {
        Request::VehicleCheckOutReq(VehicleCheckOutReq {
            header: header(),
            ev_check_out_status: *status,
            ..Default::default()
        })
    }));
    all
}

/// What a legal request is refused with for its content, if it is.
fn refusal(service: Service, mode: ControlMode, request: &Request<'_>) -> Option<ResponseCode> {
    use ResponseCode as C;
    let scheduled = mode == ControlMode::Scheduled;
    match request {
        Request::ServiceDetailReq(m) if m.service_id != service.number() => Some(C::FailedServiceIdInvalid),
        Request::ServiceSelectionReq(m) => {
            let selected = m.selected_energy_transfer_service;
            if selected.service_id == service.number() {
                (selected.parameter_set_id > 2).then_some(C::FailedServiceSelectionInvalid)
            } else {
                Some(C::FailedNoEnergyTransferServiceSelected)
            }
        }
        Request::DcChargeParameterDiscoveryReq(m) => (dc_vehicle(&m.energy_transfer_mode).0
            != service.direction())
        .then_some(C::FailedWrongChargeParameter),
        Request::AcChargeParameterDiscoveryReq(m) => (ac_vehicle(&m.energy_transfer_mode).0
            != service.direction())
        .then_some(C::FailedWrongChargeParameter),
        Request::ScheduleExchangeReq(m) => {
            let asked = matches!(m.control_mode, SeReqControlMode::Scheduled(_));
            (asked != scheduled).then_some(C::Failed)
        }
        Request::DcChargeLoopReq(m) => {
            let round = dc_round(&m.control_mode, &DcLimits::default());
            ((round.direction, round.mode) != (service.direction(), mode)).then_some(C::Failed)
        }
        Request::AcChargeLoopReq(m) => {
            let round = ac_round(&m.control_mode, &AcLimits::default());
            ((round.direction, round.mode) != (service.direction(), mode)).then_some(C::Failed)
        }
        Request::PowerDeliveryReq(m)
            if scheduled
                && m.ev_processing == Processing::Finished
                && matches!(
                    m.charge_progress,
                    ChargeProgress::Start | ChargeProgress::ScheduleRenegotiation
                ) =>
        {
            let Some(profile) = m.ev_power_profile else {
                // In the loop the plan that was agreed on goes on.
                return (m.charge_progress != ChargeProgress::Start)
                    .then_some(C::FailedEvPowerProfileInvalid);
            };
            let EvpptControlMode::Scheduled(choice) = profile.control_mode else { panic!("{profile:?}") };
            let most = profile.ev_power_profile_entries.iter().map(|entry| entry.power).max();
            if choice.selected_schedule_tuple_id.get() > 1 {
                Some(C::FailedScheduleSelectionInvalid)
            } else {
                (most > Some(exi_codec::Watts::new(30, 3))).then_some(C::FailedEvPowerProfileInvalid)
            }
        }
        Request::MeteringConfirmationReq(_) => Some(C::FailedMeteringSignatureNotValid),
        _ => None,
    }
}

/// A charger of one service, and a vehicle that does what the walk wants.
struct Walk<'a> {
    station: Station<'a>,
    now: Instant,
    service: Service,
    mode: ControlMode,
}

impl Walk<'_> {
    fn say(&mut self, word: Word) {
        self.station.say(self.now, word);
    }

    fn send(&mut self, stream: Stream, request: &Request<'_>) {
        let mut frame = [0; 4096];
        let len = request.encode_on(stream, &mut frame).expect("it encodes");
        self.station.input(self.now, &frame[..len]);
    }

    /// One exchange on the straight way, or aside towards a stage that is off it.
    fn step(&mut self, goal: Stage) {
        let (service, mode) = (self.service, self.mode);
        let set = if mode == ControlMode::Scheduled { 1 } else { 2 };
        let request = match self.station.secc.stage() {
            Stage::Negotiation => {
                let namespace = service.family().namespace();
                let entry =
                    AppProtocol { protocol_namespace: namespace.into(), ..script::protocol(1, 0, 5, 1) };
                return self.send(Stream::Main, &script::offer(&[entry]));
            }
            Stage::SessionSetup => script::session_setup(),
            Stage::FinePositioningSetup => requests::positioning_setup(),
            Stage::FinePositioning | Stage::Repositioning => {
                self.say(Word::Positioning(Positioning::Done));
                requests::positioning(WptEvResult::EvResultSuccess)
            }
            Stage::Pairing => {
                self.say(Word::Pairing(Positioning::Done));
                requests::pairing(WptEvResult::EvResultSuccess)
            }
            Stage::AlignmentCheck => {
                let lost = goal == Stage::Repositioning;
                self.say(Word::Alignment(if lost { Positioning::Failed } else { Positioning::Done }));
                requests::alignment(WptEvResult::EvResultSuccess)
            }
            Stage::VehiclePositioning => {
                self.say(Word::Position(VehiclePosition { reached: true, ..Default::default() }));
                requests::vehicle_positioning()
            }
            Stage::AuthorizationSetup => script::authorization_setup(),
            Stage::Authorization => {
                self.say(Word::Authorize(AuthorizationDecision::Accepted));
                script::authorization()
            }
            Stage::ServiceDiscovery => script::discovery(),
            Stage::ServiceDetail => script::detail(service.number()),
            Stage::ServiceSelection => script::selection(service.number(), set),
            Stage::ChargeParameters => parameters(service),
            Stage::ScheduleExchange => script::schedule_exchange(mode),
            Stage::Connect => {
                self.say(Word::Device(Place::EndPosition));
                requests::connect()
            }
            Stage::CableCheck => {
                self.say(Word::Isolation(Isolation::Valid));
                script::cable_check()
            }
            Stage::PreCharge => {
                let measured = Measurement { voltage: Volts::new(400, 0), current: Amperes::ZERO };
                self.say(Word::Measure(measured));
                script::pre_charge(400, Processing::Finished)
            }
            Stage::PowerDelivery => {
                self.say(Word::Contactor(Contactor::Closed));
                script::start(mode, 5)
            }
            Stage::ChargeLoop if goal == Stage::Standby => script::power(ChargeProgress::Standby),
            Stage::ChargeLoop | Stage::Standby => {
                self.say(Word::MeasureAc(AcMeasurement::default()));
                script::power(ChargeProgress::Stop)
            }
            Stage::WeldingDetection => script::welding(),
            Stage::Disconnect => {
                self.say(Word::Device(Place::Home));
                requests::disconnect()
            }
            other => panic!("no way on from {other}"),
        };
        self.send(Stream::Main, &request);
    }

    fn walk_to(&mut self, goal: Stage) {
        for _ in 0..40 {
            if self.station.secc.stage() == goal {
                return;
            }
            self.step(goal);
        }
        panic!("{goal} is not reached");
    }

    /// The vehicle says nothing more: the charger must come to an end by itself.
    fn wait_for_the_end(&mut self) {
        let begin = self.now;
        while !self.station.closed {
            self.now = self.now.max(self.station.secc.poll_timeout().expect("a deadline"));
            self.station.timeout(self.now);
            assert!(self.now.saturating_sub(begin) < Duration::from_secs(80), "it does not end");
        }
    }
}

fn walk(service: Service, mode: ControlMode, profile: Profile, log: Log, act: impl FnOnce(&mut Walk<'_>)) {
    let offers = [Offer { service, fee: Fee::Paid, sets: SETS }];
    let config = SeccConfig {
        standby: Support::Offered,
        service_renegotiation: Support::Offered,
        authorization: AuthorizationOffer {
            contract: Support::Offered,
            installation: Support::Offered,
            ..AuthorizationOffer::EXTERNAL
        },
        ..SeccConfig::new("E1", "M1", &offers, Settings::new(profile))
    };
    let mut buffer = vec![0; common::BUFFER];
    let station = Station::new(&config, &mut buffer, &mut [], Random::new(1), log);
    let mut walk = Walk { station, now: Instant::from_secs(1000), service, mode };
    walk.say(Word::Limits(common::limits(30, 75)));
    walk.say(Word::AcLimits(requests::ac_limits(22)));
    walk.say(Word::Pad(requests::pad()));
    walk.say(Word::Permit(GridPermit::UNLIMITED));
    walk.say(Word::Dispatch(exi_codec::Watts::new(5, 3)));
    let connection = Connection::new(Transport::Secured, common::NOW).with_peer(PeerId([3; 64]));
    walk.station.start(walk.now, &connection, SESSION);
    act(&mut walk);
}

/// Every stage of a family that one walk reaches.
fn stages(family: Family) -> Vec<Stage> {
    let table = Table::of(family);
    let is_row = |stage: Stage| table.rows().any(|row| row.from == stage);
    Stage::ALL.into_iter().filter(|stage| is_row(*stage)).collect()
}

#[test]
fn a_charger_is_asked_everything_at_every_stage() {
    let mut asked = 0;
    for (number, service) in SERVICES.into_iter().enumerate() {
        for (turn, (mode, profile, streams)) in [
            (ControlMode::Dynamic, Profile::Lenient, &[Stream::Main][..]),
            (ControlMode::Scheduled, Profile::Strict, &[Stream::Main][..]),
            (ControlMode::Dynamic, Profile::Strict, &Stream::SIDE[..]),
        ]
        .into_iter()
        .enumerate()
        {
            // Without optimization each service takes its turn with one of them.
            if cfg!(debug_assertions) && number % 3 != turn {
                continue;
            }
            let requests = everything(service, mode);
            for stage in stages(service.family()) {
                for stream in streams {
                    for request in &requests {
                        let ask = |log| {
                            walk(service, mode, profile, log, |walk| {
                                walk.walk_to(stage);
                                walk.station.watch.answered = None;
                                walk.send(*stream, request);
                                if *stream == Stream::Main
                                    && let Some(answered) = walk.station.watch.answered
                                    && let Some(code) = refusal(service, mode, request)
                                {
                                    assert_eq!(answered.code, code);
                                }
                                walk.wait_for_the_end();
                            });
                        };
                        if catch_unwind(AssertUnwindSafe(|| ask(Log::Silent))).is_err() {
                            eprintln!(
                                "{service:?} {mode:?} {profile:?}, at {stage} on {stream:?}: {request:?}"
                            );
                            ask(Log::Printed);
                        }
                        asked += 1;
                    }
                }
            }
        }
    }
    println!("{asked} requests");
    assert!(asked > 10_000, "{asked}");
}
