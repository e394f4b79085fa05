//! The vehicle against chargers that do something else than expected, and both against a bad link.

mod common;

use std::time::Duration;

use common::{BUFFER, Pair, StationHost};
use exi_codec::iso20::common_messages::SessionSetupRes;
use exi_codec::iso20::common_types::{MessageHeader, ResponseCode};
use exi_codec::{Amperes, Volts};
use iso15118_20::evcc::{Evcc, EvccConfig, EvccEvent, Wish};
use iso15118_20::message::{MessageKind as K, Response, refusal};
use iso15118_20::secc::{AuthorizationDecision, Isolation, SeccEvent, Stop};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Cause, Connection, Contactor, Profile, Settings, Timer, Transport};

const BPT: [Wish; 1] = [Wish::new(Service::DcBpt, ControlMode::Dynamic)];
const DC: [Wish; 1] = [Wish::new(Service::Dc, ControlMode::Dynamic)];

fn pair(wishes: &[Wish], settings: &Settings, test: impl FnOnce(&mut Pair<'_>)) {
    let mut buffers = ([0; BUFFER], [0; BUFFER]);
    test(&mut Pair::new(&mut buffers, wishes, settings));
}

fn both(wishes: &[Wish], test: impl Fn(&mut Pair<'_>)) {
    for profile in [Profile::Strict, Profile::Lenient] {
        pair(wishes, &Settings::new(profile), &test);
    }
}

#[track_caller]
fn vehicle_ended(p: &Pair<'_>, cause: Cause) {
    assert_eq!(p.evcc.end().map(|end| end.cause), Some(cause));
    assert!(p.evcc_events.contains(&EvccEvent::PowerOff));
    assert_eq!(p.evcc_events.last(), Some(&EvccEvent::Close));
}

#[test]
fn a_plain_link_is_offered_nothing() {
    pair(&BPT, &Settings::default(), |p| {
        p.connect_over(Transport::Plain);
        p.settle();
        assert_eq!(p.messages, []);
        vehicle_ended(p, Cause::NotSecured);
    });
}

#[test]
fn the_first_wish_that_is_offered_wins() {
    let wishes = [
        Wish::new(Service::McsBpt, ControlMode::Dynamic),
        Wish::new(Service::Dc, ControlMode::Scheduled),
        Wish::new(Service::DcBpt, ControlMode::Dynamic),
    ];
    both(&wishes, |p| {
        p.connect();
        p.run();
        assert_eq!(p.evcc.selection().map(|s| (s.service, s.parameters.id)), Some((Service::Dc, 1)));
        assert_eq!(p.count(K::ServiceDetailReq), 2);
        vehicle_ended(p, Cause::Terminated);
    });
}

#[test]
fn a_vehicle_that_finds_no_service_leaves() {
    let wishes = [Wish::new(Service::Mcs, ControlMode::Dynamic)];
    both(&wishes, |p| {
        p.connect();
        let (secc, _) = p.run();
        vehicle_ended(p, Cause::NoService);
        assert!(secc.is_some_and(|end| end.is_ok()));
        assert_eq!(p.messages.last(), Some(&K::SessionStopRes));
    });
}

#[test]
fn a_rejected_vehicle_leaves_and_nothing_is_energised() {
    both(&BPT, |p| {
        p.station.authorization = Some(AuthorizationDecision::Rejected);
        p.connect();
        p.run();
        vehicle_ended(p, Cause::NotAuthorized);
        assert_eq!(p.count(K::ServiceDiscoveryReq), 0);
        assert!(p.outputs.iter().all(|output| output.is_zero()));
    });
}

#[test]
fn a_customer_at_the_terminal_has_more_time_with_the_lenient_profile() {
    for (profile, patient) in [(Profile::Strict, false), (Profile::Lenient, true)] {
        pair(&BPT, &Settings::new(profile), |p| {
            p.station.authorization = Some(AuthorizationDecision::WaitingForCustomer);
            p.connect();
            let until = p.now + Duration::from_secs(90);
            while p.now < until && p.evcc.end().is_none() {
                p.step();
            }
            assert_eq!(p.evcc.end().is_none(), patient);
            p.secc.authorize(p.now, AuthorizationDecision::Accepted);
            p.run();
            let cause =
                if patient { Cause::Terminated } else { Cause::Timeout(Timer::Ongoing(K::AuthorizationReq)) };
            vehicle_ended(p, cause);
        });
    }
}

#[test]
fn a_customer_who_never_comes_does_not_hold_the_session() {
    both(&BPT, |p| {
        p.station.authorization = Some(AuthorizationDecision::WaitingForCustomer);
        p.connect();
        let from = p.now;
        let (secc, evcc) = p.run();
        assert!(
            evcc.is_some_and(|end| !end.is_ok()) && secc.is_some_and(|end| end.is_ok()),
            "{secc:?} {evcc:?}"
        );
        assert!(p.now.saturating_sub(from) < Duration::from_mins(4));
    });
}

#[test]
fn hosts_that_say_nothing_do_not_hang_the_session() {
    let silent = StationHost { authorization: None, isolation: None, contactor: None, converter: false };
    let willing = common::GOOD_STATION;
    for station in [
        silent,
        StationHost { isolation: None, ..willing },
        StationHost { isolation: Some(Isolation::Fault), ..willing },
        StationHost { converter: false, ..willing },
        StationHost { contactor: None, ..willing },
        StationHost { contactor: Some(Contactor::Fault), ..willing },
    ] {
        both(&BPT, |p| {
            p.station = station;
            p.connect();
            let (secc, evcc) = p.run();
            assert!(secc.is_some() && evcc.is_some_and(|end| !end.is_ok()), "{secc:?} {evcc:?}");
            assert!(p.outputs.iter().all(|output| output.is_zero()));
            assert_eq!(p.secc_events.last(), Some(&SeccEvent::Close));
        });
    }
}

#[test]
fn a_vehicle_whose_contactors_do_not_close_leaves_before_power() {
    both(&BPT, |p| {
        p.vehicle_contactor = false;
        p.connect();
        let (secc, _) = p.run();
        vehicle_ended(p, Cause::ContactorFault);
        assert!(secc.is_some_and(|end| end.is_ok() && end.stage == Stage::PowerDelivery));
        assert_eq!(p.count(K::PowerDeliveryReq), 0);
    });
}

#[test]
fn a_vehicle_whose_contactors_do_not_open_says_so() {
    both(&BPT, |p| {
        p.connect();
        p.run_to_round(3);
        p.vehicle_contactor = false;
        p.run();
        vehicle_ended(p, Cause::ContactorFault);
        assert_eq!(p.messages.last(), Some(&K::SessionStopRes));
    });
}

#[test]
fn a_notice_to_stop_is_obeyed_in_the_next_request() {
    both(&BPT, |p| {
        p.rounds = usize::MAX;
        p.connect();
        p.run_to_round(3);
        p.secc.stop(p.now, Stop::Notify { max_delay: 0 });
        let rounds = p.rounds_done();
        let (secc, evcc) = p.run();
        assert!(secc.is_some_and(|end| end.is_ok()) && evcc.is_some_and(|end| end.is_ok()));
        assert!(p.rounds_done() <= rounds + 1);
    });
}

#[test]
fn current_against_the_agreement_makes_the_vehicle_stop() {
    for (wishes, amperes) in [(&DC, -5), (&BPT, 120)] {
        both(wishes, |p| {
            p.connect();
            p.run_to_round(3);
            p.station.converter = false;
            p.measure(Volts::new(380, 0), Amperes::new(amperes, 0));
            let requests = p.count(K::DcChargeLoopReq);
            p.settle();
            assert_eq!(p.count(K::DcChargeLoopReq), requests);
            assert_eq!(p.messages.iter().rev().find(|kind| kind.is_request()), Some(&K::PowerDeliveryReq));
            p.measure(Volts::new(380, 0), Amperes::ZERO);
            p.run();
            vehicle_ended(p, Cause::UnsafeCurrent);
        });
    }
}

#[test]
fn either_side_survives_the_silence_of_the_other_at_every_message() {
    for profile in [Profile::Strict, Profile::Lenient] {
        for mute in 0..60 {
            pair(&BPT, &Settings::new(profile), |p| {
                p.rounds = 4;
                p.connect();
                let mut steps = 0;
                while p.messages.len() < mute && steps < 500 {
                    p.step_message();
                    steps += 1;
                }
                if p.evcc.end().is_some() {
                    return;
                }
                (p.mute_secc, p.mute_evcc) = (true, true);
                let (secc, evcc) = p.run();
                for end in [secc, evcc].into_iter().flatten() {
                    assert!(matches!(end.cause, Cause::Timeout(_) | Cause::Terminated), "{mute}: {end:?}");
                }
                assert!(p.outputs.last().is_none_or(|output| output.is_zero()), "{mute}");
                assert_eq!(p.secc_events.last(), Some(&SeccEvent::Close));
                assert_eq!(p.evcc_events.last(), Some(&EvccEvent::Close));
            });
        }
    }
}

#[test]
fn a_broken_link_at_every_message_means_no_current() {
    for cut in 0..60 {
        pair(&BPT, &Settings::default(), |p| {
            p.rounds = 4;
            p.connect();
            let mut steps = 0;
            while p.messages.len() < cut && steps < 500 {
                p.step_message();
                steps += 1;
            }
            let over = p.evcc.end().is_some() || p.secc.end().is_some();
            p.secc.handle_disconnect(p.now);
            p.evcc.handle_disconnect(p.now);
            p.drain_events();
            if !over {
                assert_eq!(p.secc.end().map(|end| end.cause), Some(Cause::LinkLost), "{cut}");
                vehicle_ended(p, Cause::LinkLost);
            }
            assert!(p.outputs.last().is_none_or(|output| output.is_zero()), "{cut}");
            assert_eq!((p.secc.poll_timeout(), p.evcc.poll_timeout()), (None, None));
        });
    }
}

/// A vehicle that has asked its first question, and the answer to it.
fn answer_first(answer: &[u8]) -> Option<Cause> {
    let mut buffer = [0; BUFFER];
    let config = EvccConfig::new("EV", &BPT);
    let mut evcc = Evcc::new(&config, &mut buffer).unwrap();
    let now = Duration::from_secs(1);
    let mut out = [0; 512];
    evcc.start(now, &Connection::new(Transport::Secured, 0));
    assert_eq!(evcc.poll_transmit(now, &mut out).unwrap().map(|t| t.kind), Some(K::SupportedAppProtocolReq));
    let _ = evcc.handle_input(now, answer);
    evcc.end().map(|end| end.cause)
}

#[test]
fn answers_to_other_questions_end_the_session() {
    let mut frame = [0; 512];
    let header = MessageHeader { session_id: [1; 8], ..MessageHeader::default() };
    let response = SessionSetupRes { header, response_code: ResponseCode::Ok, evse_id: "E".into() };
    let len = Response::SessionSetupRes(response).encode(&mut frame).unwrap();
    assert_eq!(
        answer_first(&frame[..len]),
        Some(Cause::UnexpectedResponse {
            expected: K::SupportedAppProtocolRes,
            received: K::SessionSetupRes
        })
    );
    let len = refusal(K::SupportedAppProtocolReq, header, ResponseCode::Failed).encode(&mut frame).unwrap();
    assert_eq!(answer_first(&frame[..len]), Some(Cause::NoProtocol));
    assert_eq!(answer_first(&frame[..len - 1]), None);
    assert!(matches!(answer_first(b"\x01\xfe\x80\x01\0\0\0\x02\x80\xff"), Some(Cause::Undecodable(_))));
    assert!(matches!(answer_first(b"\x01\xfd"), Some(Cause::Framing(_))));
}

#[test]
fn a_failure_or_a_foreign_session_ends_the_session() {
    for (session_id, code, cause) in [
        (
            [7; 8],
            ResponseCode::Failed,
            Cause::Failed { request: K::DcChargeLoopReq, code: ResponseCode::Failed },
        ),
        ([9; 8], ResponseCode::Ok, Cause::ForeignSession),
    ] {
        both(&BPT, |p| {
            p.connect();
            p.run_to_round(2);
            while p.messages.last() != Some(&K::DcChargeLoopReq) {
                p.step_message();
            }
            let mut frame = [0; 512];
            let header = MessageHeader { session_id, ..MessageHeader::default() };
            let len = refusal(K::DcChargeLoopReq, header, code).encode(&mut frame).unwrap();
            let _ = p.evcc.handle_input(p.now, &frame[..len]);
            p.drain_events();
            vehicle_ended(p, cause);
        });
    }
}

#[test]
fn contactors_that_fail_under_current_make_the_vehicle_stop() {
    for contactor in [Contactor::Open, Contactor::Fault] {
        both(&BPT, |p| {
            p.connect();
            p.run_to_round(3);
            p.evcc.contactor(p.now, contactor);
            let requests = p.count(K::DcChargeLoopReq);
            p.run();
            assert_eq!(p.count(K::DcChargeLoopReq), requests);
            vehicle_ended(p, Cause::ContactorFault);
        });
    }
}
