//! Pauses and what comes back from them, standby, other services on the way.

mod common;

use common::NOW;
use common::script::{
    self, SESSION, STRICT, detail, discovery, header, power, refused, selection, session_stop, start,
    start_with,
};
use common::station::{CHALLENGE, PEER, Station, config, ended, strict, with};
use exi_codec::iso20::common_messages::{ChargeProgress, ChargingSession, SessionSetupReq};
use exi_codec::iso20::common_types::{EvseNotification, MessageHeader, ResponseCode as C};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{Isolation, SeccConfig, SeccEvent as E, Stop, Support};
use iso15118_20::security::PeerId;
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Cause, Connection, Contactor, Measurement, Refusal, Settings, Transport, UninvitedPause};

const PAUSE: ChargingSession = ChargingSession::Pause;
const NEXT: [u8; 8] = [8; 8];

fn setup(session_id: [u8; 8]) -> Request<'static> {
    let header = MessageHeader { session_id, ..header() };
    Request::SessionSetupReq(SessionSetupReq { header, evcc_id: "EV1".into() })
}

fn secured() -> Connection {
    Connection::new(Transport::Secured, NOW).with_peer(PEER)
}

/// Pauses a session that was invited to.
fn pause(s: &mut Station<'_>) {
    s.walk_to(Stage::ChargeLoop);
    s.secc.notify(s.now, EvseNotification::Pause, 60).unwrap();
    s.ok(&s.round());
    s.walk_to(Stage::SessionStop);
    s.ok(&session_stop(PAUSE));
    ended(s, Cause::Paused);
    assert_eq!(s.secc.paused(), Some(SESSION));
    s.secc.handle_disconnect(s.now);
    s.drain();
    s.events.clear();
}

/// The vehicle comes back over a new connection.
fn come_back(s: &mut Station<'_>, connection: &Connection, id: [u8; 8]) -> C {
    s.secc.start(s.now, connection, NEXT, CHALLENGE);
    s.walk_to(Stage::SessionSetup);
    s.code(&setup(id))
}

#[test]
fn a_paused_session_goes_on_with_its_service_and_fresh_checks() {
    for service in [Service::Dc, Service::AcBpt] {
        with(&strict(), service, ControlMode::Dynamic, |s| {
            pause(s);
            assert_eq!(come_back(s, &secured(), SESSION), C::OkOldSessionJoined);
            assert_eq!(s.secc.stage(), Stage::ChargeParameters);
            assert_eq!(s.secc.session_id(), SESSION);
            assert!(
                matches!(s.events.last(), Some(E::SessionResumed(selection)) if selection.service == service)
            );
            s.walk_to(Stage::ScheduleExchange);
            if service == Service::Dc {
                // Isolation is tested again.
                s.ok(&script::schedule_exchange(ControlMode::Dynamic));
                s.ok(&script::cable_check());
                assert_eq!(s.saw(|e| matches!(e, E::IsolationTest { .. })), 1);
                s.secc.isolation(s.now, Isolation::Valid);
            }
            s.walk_to(Stage::ChargeLoop);
            s.ok(&s.round());
            s.walk_to(Stage::SessionStop);
            s.ok(&session_stop(ChargingSession::Terminate));
            assert_eq!(s.secc.paused(), None);
        });
    }
}

#[test]
fn another_vehicle_or_another_session_begins_anew() {
    let other = Connection::new(Transport::Secured, NOW).with_peer(PeerId([4; 64]));
    let nobody = Connection::new(Transport::Secured, NOW);
    let lab = Connection::new(Transport::InsecureLab, NOW);
    for (connection, id) in
        [(secured(), [1; 8]), (secured(), [0; 8]), (other, SESSION), (nobody, SESSION), (lab, SESSION)]
    {
        with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
            pause(s);
            assert_eq!(come_back(s, &connection, id), C::OkNewSessionEstablished);
            assert_eq!((s.secc.session_id(), s.secc.stage()), (NEXT, Stage::AuthorizationSetup));
            assert_eq!((s.secc.paused(), s.secc.selection()), (None, None));
        });
    }
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        pause(s);
        s.secc.forget_paused();
        assert_eq!(come_back(s, &secured(), SESSION), C::OkNewSessionEstablished);
    });
}

#[test]
fn in_a_laboratory_the_name_tells_vehicles_apart() {
    for (name, code) in [("EV1", C::OkOldSessionJoined), ("EV2", C::OkNewSessionEstablished)] {
        with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
            let lab = Connection::new(Transport::InsecureLab, NOW);
            s.connect(&lab);
            pause(s);
            s.secc.start(s.now, &lab, NEXT, CHALLENGE);
            s.walk_to(Stage::SessionSetup);
            let request =
                Request::SessionSetupReq(SessionSetupReq { header: header(), evcc_id: name.into() });
            assert_eq!(s.code(&request), code);
        });
    }
}

#[test]
fn a_lost_link_is_no_pause() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.notify(s.now, EvseNotification::Pause, 60).unwrap();
        s.secc.handle_disconnect(s.now);
        ended(s, Cause::LinkLost);
        assert_eq!(come_back(s, &secured(), SESSION), C::OkNewSessionEstablished);
    });
}

#[test]
fn who_may_pause() {
    let allowed = Settings { uninvited_pause: UninvitedPause::Allow, ..STRICT };
    for (settings, mode, kilowatts, code) in [
        (STRICT, ControlMode::Dynamic, 5, C::FailedPauseNotAllowed),
        (allowed, ControlMode::Dynamic, 5, C::Ok),
        (STRICT, ControlMode::Scheduled, 5, C::FailedPauseNotAllowed),
        (STRICT, ControlMode::Scheduled, 0, C::Ok),
    ] {
        with(&SeccConfig { settings, ..config() }, Service::Ac, mode, |s| {
            s.walk_to(Stage::PowerDelivery);
            s.secc.contactor(s.now, Contactor::Closed);
            s.ok(&start(mode, kilowatts));
            s.walk_to(Stage::SessionStop);
            assert_eq!(s.code(&session_stop(PAUSE)), code);
            let cause = match code {
                C::Ok => Cause::Paused,
                code => refused(K::SessionStopReq, code, Refusal::Content),
            };
            ended(s, cause);
            assert_eq!(s.secc.paused().is_some(), code == C::Ok);
        });
    }
}

#[test]
fn nobody_pauses_while_current_flows() {
    with(&config(), Service::Dc, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::SessionStop);
        s.measure(400, 20);
        assert_eq!(s.code(&session_stop(PAUSE)), C::FailedPauseNotAllowed);
        assert_eq!(s.secc.paused(), None);
    });
}

fn standing_by() -> SeccConfig<'static> {
    SeccConfig { standby: Support::Offered, ..strict() }
}

#[test]
fn standby_keeps_contactors_and_takes_power() {
    for service in [Service::Dc, Service::Ac] {
        with(&standing_by(), service, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.ok(&s.round());
            s.measure(400, 20);
            s.measure_ac(4000);
            s.send(&power(ChargeProgress::Standby));
            assert!(s.answer().is_none());
            s.secc.measurement(s.now, Measurement::default());
            s.measure_ac(0);
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
            assert_eq!(s.secc.stage(), Stage::Standby);
            assert_eq!((s.saw(|e| *e == E::Standby), s.saw(|e| *e == E::OpenContactor)), (1, 0));
            s.ok(&s.round());
            let flows = |e: &E| match e {
                E::Output(output) => !output.is_zero(),
                E::AcOutput(output) => !output.active.is_zero(),
                _ => false,
            };
            s.events.clear();
            s.ok(&s.round());
            assert_eq!(s.saw(flows), 0);
            // The plan goes on without a new profile, and nobody closes anything again.
            s.secc.notify(s.now, EvseNotification::ExitStandby, 30).unwrap();
            s.ok(&power(ChargeProgress::Start));
            assert_eq!(s.secc.stage(), Stage::ChargeLoop);
            assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 0);
            assert_eq!(s.saw(flows), 1);
        });
    }
}

#[test]
fn standby_that_is_not_offered_changes_nothing() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code(&power(ChargeProgress::Standby)), C::WarningStandbyNotAllowed);
        assert_eq!(s.secc.stage(), Stage::ChargeLoop);
    });
    with(&standing_by(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.stop(s.now, Stop::Notify { max_delay: 10 });
        assert_eq!(s.code(&power(ChargeProgress::Standby)), C::WarningStandbyNotAllowed);
    });
}

#[test]
fn a_stop_is_heard_in_standby() {
    with(&standing_by(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&power(ChargeProgress::Standby));
        s.secc.stop(s.now, Stop::Notify { max_delay: 10 });
        let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
        assert_eq!(m.evse_status.map(|status| status.evse_notification), Some(EvseNotification::Terminate));
        assert_eq!(s.code(&power(ChargeProgress::Start)), C::FailedPowerDeliveryNotApplied);
    });
    with(&standing_by(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&power(ChargeProgress::Standby));
        s.secc.contactor(s.now, Contactor::Fault);
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
    });
}

fn renegotiating() -> SeccConfig<'static> {
    SeccConfig { service_renegotiation: Support::Offered, ..strict() }
}

const CHANGE: ChargingSession = ChargingSession::ServiceRenegotiation;

#[test]
fn another_service_needs_everything_but_authorization() {
    with(&renegotiating(), Service::Dc, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.notify(s.now, EvseNotification::ServiceRenegotiation, 60).unwrap();
        s.walk_to(Stage::SessionStop);
        s.ok(&session_stop(CHANGE));
        assert_eq!((s.secc.stage(), s.secc.end(), s.secc.selection()), (Stage::ServiceDiscovery, None, None));
        let Response::ServiceDiscoveryRes(m) = s.ask(&discovery()) else { panic!() };
        assert!(m.service_renegotiation_supported);
        s.ok(&detail(6));
        s.events.clear();
        s.ok(&selection(6, 2));
        s.service = Service::DcBpt;
        s.walk_to(Stage::CableCheck);
        s.ok(&script::cable_check());
        assert_eq!(s.saw(|e| matches!(e, E::IsolationTest { .. })), 1);
        s.secc.isolation(s.now, Isolation::Valid);
        s.walk_to(Stage::ChargeLoop);
        s.ok(&s.round());
        assert_eq!(s.saw(|e| matches!(e, E::AuthorizationWanted { .. })), 0);
    });
}

#[test]
fn details_of_the_old_service_do_not_count_for_the_new_one() {
    with(&renegotiating(), Service::Dc, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::SessionStop);
        s.ok(&session_stop(CHANGE));
        s.ok(&discovery());
        s.ok(&detail(6));
        assert_eq!(s.code(&selection(2, 2)), C::FailedServiceSelectionInvalid);
    });
}

#[test]
fn another_service_needs_the_first_announcement() {
    with(&strict(), Service::Dc, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        let refused = s.secc.notify(s.now, EvseNotification::ServiceRenegotiation, 60);
        assert_eq!(refused, Err(iso15118_20::secc::NotifyError::NotOffered));
        s.walk_to(Stage::WeldingDetection);
        assert_eq!(s.code(&session_stop(CHANGE)), C::FailedNoServiceRenegotiationSupported);
    });
    with(&renegotiating(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.stop(s.now, Stop::Notify { max_delay: 60 });
        s.walk_to(Stage::SessionStop);
        assert_eq!(s.code(&session_stop(CHANGE)), C::Failed);
    });
}

#[test]
fn after_a_pause_only_the_old_service_unless_renegotiation_was_advertised() {
    for (config, other) in [(strict(), C::FailedNoServiceRenegotiationSupported), (renegotiating(), C::Ok)] {
        with(&config, Service::Dc, ControlMode::Dynamic, |s| {
            pause(s);
            come_back(s, &secured(), SESSION);
            let Response::ServiceDiscoveryRes(m) = s.ask(&discovery()) else { panic!() };
            let services: Vec<_> =
                m.energy_transfer_service_list.iter().map(|service| service.service_id).collect();
            let Response::ServiceDetailRes(m) = s.ask(&detail(2)) else { panic!() };
            let sets: Vec<_> = m.service_parameter_list.iter().map(|set| set.parameter_set_id).collect();
            if other == C::Ok {
                assert_eq!((services, sets), (vec![2, 6, 8, 9], vec![1, 2, 3]));
                s.ok(&detail(6));
            } else {
                assert_eq!((services, sets), (vec![2], vec![2]));
            }
            assert_eq!(s.code(&selection(6, 2)), other);
        });
        with(&config, Service::Dc, ControlMode::Dynamic, |s| {
            pause(s);
            come_back(s, &secured(), SESSION);
            s.ok(&discovery());
            s.ok(&detail(2));
            s.ok(&selection(2, 2));
            s.walk_to(Stage::ChargeLoop);
        });
    }
}

#[test]
fn a_new_plan_on_the_main_stream() {
    with(&strict(), Service::Ac, ControlMode::Scheduled, |s| {
        s.walk_to(Stage::ChargeLoop);
        let renegotiate = |tuple, kilowatts| {
            let Request::PowerDeliveryReq(mut m) = start_with(ControlMode::Scheduled, tuple, kilowatts)
            else {
                panic!()
            };
            m.charge_progress = ChargeProgress::ScheduleRenegotiation;
            Request::PowerDeliveryReq(m)
        };
        s.ok(&renegotiate(1, 3));
        assert_eq!(s.secc.stage(), Stage::ChargeLoop);
        assert_eq!(s.saw(|e| *e == E::ScheduleRenegotiated), 1);
        s.ok(&s.round());
        assert_eq!(s.code(&renegotiate(2, 3)), C::FailedScheduleSelectionInvalid);
    });
}
