//! The charger against vehicles that do something else than expected.

mod common;

use std::time::Duration;

use common::limits;
use common::script::{
    LENIENT, STRICT, authorization, cable_check, charge_parameters, detail, discovery, ended, header,
    last_output, offer, protocol, refused, round, run, schedule_exchange, selection, session_setup,
    session_stop, start, welding,
};
use exi_codec::app_protocol::ResponseCode as Negotiation;
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, Authorization, AuthorizationReq, AuthorizationSetupReq, ChargingSession,
    PncAReqAuthorizationMode,
};
use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode as C};
use exi_codec::{Bytes, List, Volts};
use iso15118_20::message::{EncodeError, MessageKind as K, Request, Response};
use iso15118_20::secc::{AuthorizationDecision, SeccEvent as E};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Cause, Connection, Refusal, Timer, Transport};

#[test]
fn a_plain_link_gets_no_protocol() {
    run(&LENIENT, |s| {
        s.secc.start(s.now, &Connection::new(Transport::Plain, 0), [7; 8], [9; 16]);
        let Response::SupportedAppProtocolRes(answer) = s.ask(&offer(&[protocol(1, 0, 5, 1)])) else {
            panic!()
        };
        assert_eq!((answer.response_code, answer.schema_id), (Negotiation::FailedNoNegotiation, None));
        ended(s, Cause::NotSecured);
    });
}

#[test]
fn the_best_protocol_is_chosen_and_its_schema_echoed() {
    let foreign = exi_codec::app_protocol::AppProtocol {
        protocol_namespace: "urn:iso:std:iso:15118:-20:AC".into(),
        ..protocol(1, 0, 1, 1)
    };
    for (offers, expected) in [
        (
            vec![protocol(1, 0, 9, 3), protocol(1, 0, 8, 2), foreign],
            Some((Negotiation::OkSuccessfulNegotiation, 8)),
        ),
        (vec![protocol(1, 0, 9, 2), protocol(1, 0, 8, 2)], Some((Negotiation::OkSuccessfulNegotiation, 9))),
        (vec![protocol(1, 4, 9, 2)], Some((Negotiation::OkSuccessfulNegotiationWithMinorDeviation, 9))),
        (vec![protocol(2, 0, 9, 2), foreign], None),
    ] {
        run(&LENIENT, |s| {
            let Response::SupportedAppProtocolRes(answer) = s.ask(&offer(&offers)) else { panic!() };
            assert_eq!(answer.schema_id.map(|id| (answer.response_code, id)), expected);
            if expected.is_none() {
                ended(s, Cause::NoProtocol);
            }
        });
    }
}

#[test]
fn another_session_id_ends_the_session() {
    for session_id in [[0; 8], [8; 8]] {
        run(&LENIENT, |s| {
            s.walk_to(Stage::AuthorizationSetup);
            let header = MessageHeader { session_id, ..header() };
            let request = Request::AuthorizationSetupReq(AuthorizationSetupReq { header });
            assert_eq!(s.code(&request), C::FailedUnknownSession);
            ended(s, refused(K::AuthorizationSetupReq, C::FailedUnknownSession, Refusal::Content));
        });
    }
}

#[test]
fn requests_out_of_order_are_refused_with_their_own_response() {
    for request in
        [session_setup(), discovery(), cable_check(), welding(), round(Service::Dc, ControlMode::Dynamic, 0)]
    {
        run(&LENIENT, |s| {
            s.walk_to(Stage::Authorization);
            let answer = s.ask(&request);
            assert_eq!(
                (answer.kind(), answer.code()),
                (request.kind().response(), Some(C::FailedSequenceError))
            );
            ended(s, refused(request.kind(), C::FailedSequenceError, Refusal::Content));
            assert_eq!(s.secc.stage(), Stage::Ended);
        });
    }
}

#[test]
fn a_second_offer_of_protocols_is_out_of_order() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::SessionSetup);
        let Response::SupportedAppProtocolRes(answer) = s.ask(&offer(&[protocol(1, 0, 5, 1)])) else {
            panic!()
        };
        assert_eq!(answer.response_code, Negotiation::FailedNoNegotiation);
        ended(s, refused(K::SupportedAppProtocolReq, C::FailedSequenceError, Refusal::Content));
    });
}

#[test]
fn authorization_waits_for_the_host_and_may_be_repeated() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::Authorization);
        let processing = |answer: Response<'_>| match answer {
            Response::AuthorizationRes(m) => (m.response_code, m.evse_processing),
            other => panic!("{other:?}"),
        };
        assert_eq!(processing(s.ask(&authorization())), (C::Ok, Processing::Ongoing));
        assert_eq!(processing(s.ask(&authorization())), (C::Ok, Processing::Ongoing));
        assert_eq!(s.saw(|e| matches!(e, E::AuthorizationWanted { .. })), 1);
        s.secc.authorize(s.now, AuthorizationDecision::WaitingForCustomer);
        let waiting = (C::Ok, Processing::OngoingWaitingForCustomerInteraction);
        assert_eq!(processing(s.ask(&authorization())), waiting);
        s.secc.authorize(s.now, AuthorizationDecision::Rejected);
        let rejected = (C::WarningEimAuthorizationFailure, Processing::Finished);
        assert_eq!(processing(s.ask(&authorization())), rejected);
        assert_eq!(s.secc.stage(), Stage::Authorization);
        assert_eq!(processing(s.ask(&authorization())), (C::Ok, Processing::Ongoing));
        assert_eq!(s.saw(|e| matches!(e, E::AuthorizationWanted { .. })), 2);
        s.secc.authorize(s.now, AuthorizationDecision::Accepted);
        assert_eq!(processing(s.ask(&authorization())), (C::Ok, Processing::Finished));
        assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
    });
}

#[test]
fn a_silent_host_rejects() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::Authorization);
        s.ok(&authorization());
        s.wait(Duration::from_secs(54));
        s.ok(&authorization());
        s.wait(Duration::from_secs(2));
        assert_eq!(s.code(&authorization()), C::WarningEimAuthorizationFailure);
    });
}

#[test]
fn plug_and_charge_is_not_on_offer() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::Authorization);
        let certificates = [Bytes::new(&[0x30])];
        let chain = exi_codec::iso20::common_messages::ContractCertificateChain {
            certificate: Bytes::new(&[0x30]),
            sub_certificates: List::new(&certificates),
        };
        let request = Request::AuthorizationReq(AuthorizationReq {
            header: header(),
            selected_authorization_service: Authorization::Pnc,
            authorization_mode: AReqAuthorizationMode::Pnc(PncAReqAuthorizationMode {
                id: "id1".into(),
                contract_certificate_chain: chain,
                ..Default::default()
            }),
        });
        s.secc.authorize(s.now, AuthorizationDecision::Accepted);
        assert_eq!(s.code(&request), C::WarningAuthorizationSelectionInvalid);
        assert_eq!(s.secc.stage(), Stage::Authorization);
    });
}

#[test]
fn only_what_was_offered_can_be_selected() {
    for (asked, selected, code) in [
        (6, (6, 3), C::FailedServiceSelectionInvalid),
        (6, (2, 1), C::FailedServiceSelectionInvalid),
        (6, (1, 1), C::FailedNoEnergyTransferServiceSelected),
        (6, (99, 1), C::FailedNoEnergyTransferServiceSelected),
    ] {
        run(&LENIENT, |s| {
            s.walk_to(Stage::ServiceDetail);
            s.ok(&detail(asked));
            assert_eq!(s.code(&selection(selected.0, selected.1)), code, "{selected:?}");
        });
    }
    run(&LENIENT, |s| {
        s.walk_to(Stage::ServiceDetail);
        assert_eq!(s.code(&detail(3)), C::FailedServiceIdInvalid);
    });
}

#[test]
fn parameters_must_fit_the_selected_service_and_mode() {
    for (service, declared) in [(Service::Dc, Service::DcBpt), (Service::DcBpt, Service::Dc)] {
        run(&LENIENT, |s| {
            s.service = service;
            s.walk_to(Stage::ChargeParameters);
            assert_eq!(s.code(&charge_parameters(declared)), C::FailedWrongChargeParameter);
        });
        run(&LENIENT, |s| {
            s.service = service;
            s.walk_to(Stage::ChargeLoop);
            assert_eq!(s.code(&round(declared, ControlMode::Dynamic, 0)), C::Failed);
            ended(s, refused(K::DcChargeLoopReq, C::Failed, Refusal::Content));
        });
    }
    run(&LENIENT, |s| {
        s.walk_to(Stage::ScheduleExchange);
        assert_eq!(s.code(&schedule_exchange(ControlMode::Scheduled)), C::Failed);
    });
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code(&round(Service::DcBpt, ControlMode::Scheduled, 10)), C::Failed);
    });
}

#[test]
fn limits_that_do_not_meet_are_refused() {
    run(&LENIENT, |s| {
        let mut high = limits(30, 75);
        (high.min_voltage, high.max_voltage) = (Volts::new(600, 0), Volts::new(900, 0));
        s.secc.set_limits(high);
        s.walk_to(Stage::ChargeParameters);
        assert_eq!(s.code(&charge_parameters(Service::DcBpt)), C::FailedWrongChargeParameter);
    });
}

#[test]
fn pauses_and_renegotiations_that_were_not_offered_fail() {
    for (session, code) in [
        (ChargingSession::Pause, C::FailedPauseNotAllowed),
        (ChargingSession::ServiceRenegotiation, C::FailedNoServiceRenegotiationSupported),
    ] {
        run(&STRICT, |s| {
            s.walk_to(Stage::SessionStop);
            assert_eq!(s.code(&session_stop(session)), code);
        });
    }
}

#[test]
fn a_vehicle_may_leave_before_power_and_the_connection_lingers() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ServiceSelection);
        s.ok(&session_stop(ChargingSession::Terminate));
        ended(s, Cause::Terminated);
        assert!(s.secc.end().is_some_and(|end| end.is_ok() && end.stage == Stage::ServiceSelection));
        s.wait(Duration::from_millis(4999));
        assert_eq!(s.saw(|e| *e == E::Close), 0);
        s.wait(Duration::from_millis(1));
        assert_eq!(s.saw(|e| *e == E::Close), 1);
        assert_eq!(s.secc.poll_timeout(), None);
    });
}

#[test]
fn silence_ends_the_session() {
    for (settings, stage, time, timer) in [
        (&LENIENT, Stage::Negotiation, Duration::from_secs(18), Timer::CommunicationSetup),
        (&LENIENT, Stage::Authorization, Duration::from_mins(1), Timer::Sequence),
        (&STRICT, Stage::Authorization, Duration::from_mins(1), Timer::Sequence),
    ] {
        run(settings, |s| {
            s.walk_to(stage);
            s.wait(time.saturating_sub(Duration::from_millis(1)));
            assert_eq!(s.secc.end(), None);
            s.wait(Duration::from_millis(1));
            ended(s, Cause::Timeout(timer));
            assert_eq!(s.events.last(), Some(&E::Close));
        });
    }
    for (settings, time) in [(&STRICT, 500), (&LENIENT, 2000)] {
        run(settings, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
            s.wait(Duration::from_millis(time - 1));
            assert_eq!(s.secc.end(), None);
            s.wait(Duration::from_millis(1));
            ended(s, Cause::Timeout(Timer::Sequence));
        });
    }
}

#[test]
fn a_lost_link_means_no_current_and_no_answer() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.send(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        s.secc.handle_disconnect(s.now);
        ended(s, Cause::LinkLost);
        assert!(last_output(s).unwrap().is_zero());
        assert!(s.answer().is_none());
        assert_eq!(s.events.last(), Some(&E::Close));
    });
}

#[test]
fn what_is_no_message_ends_the_session() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.secc.handle_input(s.now, b"GET / HTTP/1.1\r\n").consumed, 16);
        s.drain();
        assert!(matches!(s.secc.end().map(|end| end.cause), Some(Cause::Framing(_))));
        assert!(last_output(s).unwrap().is_zero());
    });
    run(&LENIENT, |s| {
        s.walk_to(Stage::Authorization);
        let _ = s.secc.handle_input(s.now, &[0x01, 0xFE, 0x80, 0x02, 0, 0, 0, 2, 0x80, 0xFF]);
        s.drain();
        assert!(matches!(s.secc.end().map(|end| end.cause), Some(Cause::Undecodable(_))));
        assert_eq!(s.events.last(), Some(&E::Close));
    });
}

#[test]
fn a_second_request_before_the_answer_is_out_of_turn() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::PowerDelivery);
        s.send(&start(ControlMode::Dynamic, 10));
        s.send(&start(ControlMode::Dynamic, 10));
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedSequenceError));
        ended(s, Cause::OutOfTurn);
    });
}

#[test]
fn a_small_buffer_changes_nothing() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ServiceDiscovery);
        s.send(&discovery());
        let mut small = [0; 16];
        let Err(EncodeError::BufferTooSmall { needed }) = s.secc.poll_transmit(s.now, &mut small) else {
            panic!()
        };
        assert_eq!(s.secc.stage(), Stage::ServiceDiscovery);
        let mut exact = vec![0; needed];
        let sent = s.secc.poll_transmit(s.now, &mut exact).unwrap().unwrap();
        assert_eq!((sent.len, sent.kind), (needed, K::ServiceDiscoveryRes));
        assert_eq!(s.secc.stage(), Stage::ServiceDetail);
    });
}

#[test]
fn a_side_stream_out_of_season_is_refused_on_it() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::PowerDelivery);
        let mut frame = [0; 256];
        let len =
            start(ControlMode::Dynamic, 10).encode_on(Stream::ScheduleRenegotiation, &mut frame).unwrap();
        let received = s.secc.handle_input(s.now, &frame[..len]);
        assert_eq!((received.consumed, received.kind), (len, Some(K::PowerDeliveryReq)));
        let mut out = [0; 256];
        let sent = s.secc.poll_transmit(s.now, &mut out).unwrap().unwrap();
        assert_eq!((sent.kind, sent.stream), (K::PowerDeliveryRes, Stream::ScheduleRenegotiation));
        assert_eq!(&out[2..4], &0x8101u16.to_be_bytes());
        ended(s, refused(K::PowerDeliveryReq, C::FailedSequenceError, Refusal::Content));
    });
}

#[test]
fn messages_of_other_families_are_refused_in_kind() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        let request = Request::AcChargeLoopReq(exi_codec::iso20::ac::AcChargeLoopReq {
            header: header(),
            ..Default::default()
        });
        let answer = s.ask(&request);
        assert_eq!((answer.kind(), answer.code()), (K::AcChargeLoopRes, Some(C::FailedSequenceError)));
    });
}
