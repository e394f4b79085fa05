//! Whatever vehicles and hosts of any family do: no panic, no power that must not be, always a way to the end.

mod common;

use std::time::Duration;

use common::script::{
    self, authorization, authorization_setup, cable_check, detail, discovery, pre_charge, schedule_exchange,
    session_setup, session_stop, start, welding,
};
use common::station::{
    Station, ac_parameters, ac_round, alignment, config, connect, device, disconnect, pairing, positioning,
    positioning_setup, system_status, vehicle_positioning, with, wpt_parameters, wpt_round,
};
use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus as M;
use exi_codec::iso20::common_messages::{ChargeProgress, ChargingSession};
use exi_codec::iso20::common_types::{EvseNotification, Processing};
use exi_codec::iso20::wpt::{WptEvResult as R, WptSpcChargeDiagnostics as D};
use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::message::Request;
use iso15118_20::secc::{
    AuthorizationDecision, Isolation, Positioning, ScheduleSource, SeccConfig, SeccEvent as E, Stop, Support,
    VehiclePosition,
};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode, Direction, Service};
use iso15118_20::{Contactor, GridPermit, Measurement};
use proptest::prelude::*;

/// Something that happens to a charger.
#[derive(Clone, Copy, Debug)]
enum Word {
    /// The vehicle does what comes next.
    Step,
    Round,
    Ask(usize),
    Aside(usize),
    /// The host leaves the answer in the engine.
    Unfetched(usize),
    Authorize(AuthorizationDecision),
    Isolation(Isolation),
    Contactor(Contactor),
    Measure(i16, i16),
    MeasureAc(i16),
    Dispatch(i16),
    Permit(i16, i16),
    Ramp(i16),
    Notify(EvseNotification, u16),
    Emergency,
    Positioning(Positioning),
    Device(M),
    Position(bool),
    Diagnostics(D),
    Defer,
    Keep,
    Wait(u16),
    Reconnect,
}

fn requests(s: &Station<'_>) -> Vec<Request<'static>> {
    let (service, mode) = (s.service, s.mode);
    vec![
        session_setup(),
        authorization_setup(),
        authorization(),
        discovery(),
        detail(service.number()),
        script::selection(service.number(), s.set),
        s.parameters(),
        ac_parameters(service),
        wpt_parameters(5),
        schedule_exchange(mode),
        cable_check(),
        pre_charge(400, Processing::Ongoing),
        pre_charge(400, Processing::Finished),
        start(mode, 3),
        script::power(ChargeProgress::Stop),
        script::power(ChargeProgress::Standby),
        script::power(ChargeProgress::ScheduleRenegotiation),
        s.round(),
        ac_round(service, mode, -3000),
        wpt_round(3),
        welding(),
        session_stop(ChargingSession::Terminate),
        session_stop(ChargingSession::Pause),
        session_stop(ChargingSession::ServiceRenegotiation),
        positioning_setup(),
        positioning(R::EvResultSuccess),
        pairing(R::EvResultFailed),
        alignment(R::EvResultSuccess),
        vehicle_positioning(),
        connect(),
        disconnect(),
        system_status(),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    let contactor = prop_oneof![Just(Contactor::Open), Just(Contactor::Closed), Just(Contactor::Fault)];
    let decision = prop_oneof![
        Just(AuthorizationDecision::Accepted),
        Just(AuthorizationDecision::Rejected),
        Just(AuthorizationDecision::WaitingForCustomer)
    ];
    let notification = prop::sample::select(EvseNotification::ALL);
    prop_oneof![
        6 => Just(Word::Step),
        4 => Just(Word::Round),
        2 => (0usize..32).prop_map(Word::Ask),
        1 => (0usize..32).prop_map(Word::Aside),
        1 => (0usize..32).prop_map(Word::Unfetched),
        1 => decision.prop_map(Word::Authorize),
        1 => prop_oneof![Just(Isolation::Valid), Just(Isolation::Fault)].prop_map(Word::Isolation),
        1 => contactor.prop_map(Word::Contactor),
        1 => (0i16..600, -150i16..150).prop_map(|(v, a)| Word::Measure(v, a)),
        1 => (-12_000i16..12_000).prop_map(Word::MeasureAc),
        1 => (-200i16..200).prop_map(Word::Dispatch),
        1 => (0i16..60, 0i16..60).prop_map(|(c, d)| Word::Permit(c, d)),
        1 => (0i16..20).prop_map(Word::Ramp),
        1 => (notification, 0u16..20).prop_map(|(n, d)| Word::Notify(n, d)),
        1 => Just(Word::Emergency),
        1 => prop_oneof![Just(Positioning::Done), Just(Positioning::Failed)].prop_map(Word::Positioning),
        1 => prop::sample::select(M::ALL).prop_map(Word::Device),
        1 => any::<bool>().prop_map(Word::Position),
        1 => prop::sample::select(D::ALL).prop_map(Word::Diagnostics),
        1 => Just(Word::Defer),
        1 => Just(Word::Keep),
        2 => (0u16..3000).prop_map(Word::Wait),
        1 => Just(Word::Reconnect),
    ]
}

/// Sends what may come out of turn, and fetches what is ready.
fn send(s: &mut Station<'_>, stream: Stream, request: &Request<'_>, fetch: bool) {
    let mut frame = [0; 4096];
    let Ok(len) = request.encode_on(stream, &mut frame) else { return };
    let _ = s.secc.handle_input(s.now, &frame[..len]);
    if fetch {
        let mut out = [0; 4096];
        while s.secc.poll_transmit(s.now, &mut out).unwrap().is_some() {
            s.drain();
        }
    }
}

fn say(s: &mut Station<'_>, word: Word) {
    let now = s.now;
    let all = requests(s);
    match word {
        Word::Step => {
            let next = next(s, &all);
            send(s, Stream::Main, &next, true);
        }
        Word::Round => send(s, Stream::Main, &s.round(), true),
        Word::Ask(which) => send(s, Stream::Main, &all[which % all.len()], true),
        Word::Unfetched(which) => send(s, Stream::Main, &all[which % all.len()], false),
        Word::Aside(which) => {
            let stream = Stream::SIDE[which % 4];
            send(s, stream, &all[which % all.len()], true);
        }
        Word::Authorize(decision) => s.secc.authorize(now, decision),
        Word::Isolation(isolation) => s.secc.isolation(now, isolation),
        Word::Contactor(contactor) => s.secc.contactor(now, contactor),
        Word::Measure(volts, amperes) => s.secc.measurement(
            now,
            Measurement { voltage: Volts::new(volts, 0), current: Amperes::new(amperes, 0) },
        ),
        Word::MeasureAc(watts) => s.measure_ac(watts),
        Word::Dispatch(kilowatts) => s.secc.set_dispatch(Watts::new(kilowatts, 3)),
        Word::Permit(charge, discharge) => s.secc.set_grid_permit(GridPermit {
            charge: Watts::new(charge, 3),
            discharge: Watts::new(discharge, 3),
        }),
        Word::Ramp(kilowatts) => s.secc.set_ramp((kilowatts > 0).then(|| Watts::new(kilowatts, 3))),
        Word::Notify(notification, delay) => {
            let _ = s.secc.notify(now, notification, delay);
        }
        Word::Emergency => s.secc.stop(now, Stop::Emergency),
        Word::Positioning(result) => {
            s.secc.positioning(now, result);
            s.secc.pairing(now, result, None);
            s.secc.alignment(now, result);
        }
        Word::Device(place) => s.secc.device(now, device(place)),
        Word::Position(reached) => {
            s.secc.vehicle_position(now, VehiclePosition { reached, ..VehiclePosition::default() });
        }
        Word::Diagnostics(found) => s.secc.pad_diagnostics(now, found),
        Word::Defer => s.secc.defer_schedule(now),
        Word::Keep => s.secc.keep_schedule(now),
        Word::Wait(millis) => s.wait(Duration::from_millis(u64::from(millis))),
        Word::Reconnect => {
            if s.secc.end().is_some() {
                s.secc.handle_disconnect(now);
                s.drain();
                s.events.clear();
                s.connect(&iso15118_20::Connection::new(iso15118_20::Transport::InsecureLab, common::NOW));
            }
        }
    }
    s.drain();
}

/// What a vehicle in order sends here.
fn next(s: &Station<'_>, all: &[Request<'static>]) -> Request<'static> {
    let legal = |stage: Stage| match stage {
        Stage::SessionSetup => 0,
        Stage::AuthorizationSetup => 1,
        Stage::Authorization => 2,
        Stage::ServiceDiscovery => 3,
        Stage::ServiceDetail => 4,
        Stage::ServiceSelection => 5,
        Stage::ChargeParameters => 6,
        Stage::ScheduleExchange => 9,
        Stage::CableCheck => 10,
        Stage::PreCharge => 12,
        Stage::PowerDelivery | Stage::Standby => 13,
        Stage::WeldingDetection => 20,
        Stage::SessionStop => 21,
        Stage::FinePositioningSetup => 24,
        Stage::FinePositioning | Stage::Repositioning => 25,
        Stage::Pairing => 26,
        Stage::AlignmentCheck => 27,
        Stage::VehiclePositioning => 28,
        Stage::Connect => 29,
        Stage::Disconnect => 30,
        _ => 17,
    };
    all[legal(s.secc.stage())]
}

/// Power of an event, W, and whether anything flows.
fn power(event: &E) -> Option<Watts> {
    match event {
        E::Output(output) if !output.is_zero() => Some(output.power),
        E::AcOutput(output) if !output.active.is_zero() => Some(output.active.total()),
        E::WptOutput(power) if !power.is_zero() => Some(*power),
        _ => None,
    }
}

fn services() -> impl Strategy<Value = Service> {
    prop::sample::select(vec![
        Service::Ac,
        Service::AcBpt,
        Service::Dc,
        Service::DcBpt,
        Service::McsBpt,
        Service::Wpt,
        Service::DcAcdp,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(300)))]

    #[test]
    fn chargers_of_every_family_stay_safe(
        service in services(),
        mode in prop_oneof![Just(ControlMode::Dynamic), Just(ControlMode::Scheduled)],
        host_plans: bool,
        head_start in 0usize..20,
        words in prop::collection::vec(word(), 0..60),
    ) {
        let schedules = if host_plans { ScheduleSource::Host } else { ScheduleSource::Engine };
        let config = SeccConfig {
            schedules,
            standby: Support::Offered,
            service_renegotiation: Support::Offered,
            ..config()
        };
        with(&config, service, mode, |s| {
            let mut granted = false;
            for _ in 0..head_start {
                if matches!(s.secc.stage(), Stage::ChargeLoop) || host_plans && s.secc.stage() == Stage::ScheduleExchange {
                    break;
                }
                granted |= s.secc.stage() == Stage::Authorization;
                s.step();
                s.drain();
            }
            if s.secc.stage() == Stage::Negotiation {
                s.step();
            }
            let mut closed = s.secc.stage() == Stage::ChargeLoop;
            for word in words {
                let before = s.events.len();
                let began = matches!(word, Word::Reconnect) && s.secc.end().is_some();
                match word {
                    Word::Authorize(AuthorizationDecision::Accepted) => granted = true,
                    Word::Contactor(contactor) => closed = contactor == Contactor::Closed,
                    _ => {}
                }
                say(s, word);
                if began {
                    granted = false;
                }
                let off = s.events.iter().position(|e| *e == E::PowerOff);
                for (index, event) in s.events.iter().enumerate().skip(if began { 0 } else { before }) {
                    if let Some(power) = power(event) {
                        assert!(granted, "power without authorization after {word:?}");
                        assert!(closed || service == Service::Wpt, "power over open contactors after {word:?}");
                        assert!(s.secc.stage() == Stage::ChargeLoop, "power at {} after {word:?}", s.secc.stage());
                        assert!(off.is_none_or(|off| index < off), "power after the order to switch off");
                        assert!(power <= Watts::new(30, 3) && power >= Watts::new(-30, 3));
                        assert!(!power.is_negative() || service.direction() == Direction::Bidirectional);
                    }
                }
                let is_over = s.saw(|e| *e == E::Close) > 0;
                assert!(is_over || s.secc.poll_timeout().is_some(), "no deadline after {word:?}");
            }
            // Left alone, it comes to its end.
            for _ in 0..200 {
                let Some(next) = s.secc.poll_timeout() else { break };
                s.now = s.now.max(next);
                s.secc.handle_timeout(s.now);
                let mut out = [0; 4096];
                while s.secc.poll_transmit(s.now, &mut out).unwrap().is_some() {}
                s.drain();
            }
            assert_eq!(s.secc.poll_timeout(), None);
            assert!(s.saw(|e| *e == E::Close) > 0);
        });
    }

    #[test]
    fn damaged_frames_of_any_stream_do_no_harm(
        service in services(),
        head_start in 0usize..20,
        frames in prop::collection::vec((0usize..32, 0usize..5, 0usize..200, any::<u8>()), 1..8),
    ) {
        with(&config(), service, ControlMode::Dynamic, |s| {
            for _ in 0..head_start {
                if s.secc.stage() == Stage::ChargeLoop {
                    break;
                }
                s.step();
                s.drain();
            }
            for (which, stream, offset, bits) in frames {
                let all = requests(s);
                let stream = [Stream::Main].into_iter().chain(Stream::SIDE).nth(stream).unwrap();
                let mut frame = [0; 4096];
                let len = all[which % all.len()].encode_on(stream, &mut frame).unwrap();
                // The header stays: framing has tests of its own.
                let at = 8 + offset % (len - 8);
                frame[at] ^= bits;
                let _ = s.secc.handle_input(s.now, &frame[..len]);
                let mut out = [0; 4096];
                while s.secc.poll_transmit(s.now, &mut out).unwrap().is_some() {
                    s.drain();
                }
                s.drain();
                let is_over = s.saw(|e| *e == E::Close) > 0;
                assert!(is_over || s.secc.poll_timeout().is_some());
                if s.secc.end().is_some_and(|end| !end.is_ok()) {
                    assert!(s.saw(|e| *e == E::PowerOff) > 0);
                }
            }
        });
    }
}
