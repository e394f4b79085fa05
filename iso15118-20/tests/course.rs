//! The vehicle changes its mind, or is made to: notifications, pause, standby, renegotiation.

mod common;

use std::time::Duration;

use common::charger::{Charger, both_modes};
use common::{BUFFER, NOW};
use exi_codec::iso20::common_messages::{
    ChargeProgress, ChargingSession, EvpptControlMode, PowerToleranceAcceptance,
};
use exi_codec::iso20::common_types::{EvseNotification as N, ResponseCode as C};
use exi_codec::{Amperes, Watts};
use iso15118_20::evcc::{
    EvccConfig, EvccConfigError, EvccEvent as E, NotAllowed, PauseReaction, PowerTolerance, Wish,
};
use iso15118_20::message::{MessageKind as K, Request};
use iso15118_20::security::PeerId;
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode as Mode, Service};
use iso15118_20::{Cause, Connection, Measurement, Transport};

const DC: [Wish; 1] = [Wish::new(Service::Dc, Mode::Dynamic)];
const PLANS: [Wish; 1] = [Wish::new(Service::Dc, Mode::Scheduled)];
const AC: [Wish; 1] = [Wish::new(Service::Ac, Mode::Dynamic)];

fn run(wishes: &[Wish], test: impl FnOnce(&mut Charger<'_>)) {
    with(&EvccConfig::new("EV", wishes), test);
}

fn with(config: &EvccConfig<'_>, test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, config);
    charger.connect();
    test(&mut charger);
}

fn progress(c: &Charger<'_>) -> Option<ChargeProgress> {
    c.see(|request| match request {
        Request::PowerDeliveryReq(m) => Some(m.charge_progress),
        _ => None,
    })
}

fn stop_kind(c: &Charger<'_>) -> Option<ChargingSession> {
    c.see(|request| match request {
        Request::SessionStopReq(m) => Some(m.charging_session),
        _ => None,
    })
}

/// To the last request, which is answered with OK.
fn last_stop(c: &mut Charger<'_>) -> Option<ChargingSession> {
    while c.request() != K::SessionStopReq {
        c.ok();
    }
    let kind = stop_kind(c);
    c.ok();
    kind
}

#[test]
fn terminate_is_followed_in_the_very_next_request() {
    for wishes in [DC, PLANS, AC] {
        run(&wishes, |c| {
            c.walk_to(Stage::ChargeLoop);
            c.notification = Some((N::Terminate, 0));
            c.pass();
            assert_eq!(c.poll(), Some(K::PowerDeliveryReq));
            assert_eq!(progress(c), Some(ChargeProgress::Stop));
            c.ok();
            assert_eq!(last_stop(c), Some(ChargingSession::Terminate));
            assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::Terminated));
        });
    }
}

#[test]
fn an_invitation_to_pause_is_followed_as_configured() {
    for wishes in [DC, PLANS, AC] {
        run(&wishes, |c| {
            c.walk_to(Stage::ChargeLoop);
            c.notification = Some((N::Pause, 60));
            c.pass();
            assert_eq!(c.poll(), Some(K::PowerDeliveryReq));
            assert_eq!(progress(c), Some(ChargeProgress::Stop));
            c.ok();
            assert_eq!(last_stop(c), Some(ChargingSession::Pause));
            assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::Paused));
            assert!(c.evcc.paused().is_some());
            assert_eq!(c.saw(|e| matches!(e, E::Notified(_))), 1);
        });
        let config = EvccConfig { on_pause: PauseReaction::Leave, ..EvccConfig::new("EV", &wishes) };
        with(&config, |c| {
            c.walk_to(Stage::ChargeLoop);
            c.notification = Some((N::Pause, 60));
            assert_eq!(c.finish(), Cause::Terminated);
        });
    }
}

#[test]
fn standby_waits_for_the_current_to_go_and_ends_with_power() {
    let config = EvccConfig { on_pause: PauseReaction::Standby, ..EvccConfig::new("EV", &DC) };
    with(&config, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.measure(380, 40);
        c.notification = Some((N::Pause, 60));
        c.pass();
        // Nothing is asked for any more.
        assert_eq!(c.request(), K::DcChargeLoopReq);
        c.see(|request| match request {
            Request::DcChargeLoopReq(m) => match m.control_mode {
                exi_codec::iso20::dc::ClReqControlMode::Dynamic(m) => {
                    assert!(m.ev_maximum_charge_power.is_zero());
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
        c.ok();
        c.measure(380, 0);
        assert_eq!(c.request(), K::PowerDeliveryReq);
        assert_eq!(progress(c), Some(ChargeProgress::Standby));
        c.ok();
        assert!(c.evcc.is_standby());
        assert_eq!(c.saw(|e| *e == E::Standby), 1);
        c.pass();
        c.notification = Some((N::ExitStandby, 60));
        c.pass();
        assert_eq!(c.poll(), Some(K::PowerDeliveryReq));
        assert_eq!(progress(c), Some(ChargeProgress::Start));
        c.notification = None;
        c.ok();
        assert_eq!(c.evcc.stage(), Stage::ChargeLoop);
        c.evcc.stop(c.now);
        assert_eq!(c.finish(), Cause::Terminated);
    });
}

#[test]
fn a_refused_standby_means_power_goes_on_or_a_pause() {
    run(&AC, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        c.evcc.standby(c.now).unwrap();
        assert_eq!(c.request(), K::PowerDeliveryReq);
        c.code = C::WarningStandbyNotAllowed;
        c.ok();
        assert_eq!(c.saw(|e| *e == E::StandbyRefused), 1);
        assert_eq!(c.pass(), K::AcChargeLoopReq);
        assert_eq!(c.evcc.standby(c.now), Err(NotAllowed::NotOffered));
        assert_eq!(c.evcc.stage(), Stage::ChargeLoop);
    });
    let config = EvccConfig { on_pause: PauseReaction::Standby, ..EvccConfig::new("EV", &AC) };
    with(&config, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.notification = Some((N::Pause, 60));
        c.pass();
        assert_eq!(c.request(), K::PowerDeliveryReq);
        c.code = C::WarningStandbyNotAllowed;
        c.ok();
        assert_eq!(last_stop(c), Some(ChargingSession::Pause));
    });
}

#[test]
fn only_a_vehicle_that_plans_may_pause_uninvited_and_says_zero_first() {
    run(&DC, |c| {
        assert_eq!(c.evcc.pause(c.now), Err(NotAllowed::NoService));
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.evcc.pause(c.now), Err(NotAllowed::NotInvited));
    });
    run(&PLANS, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        c.evcc.pause(c.now).unwrap();
        assert_eq!(c.poll(), Some(K::PowerDeliveryReq));
        assert_eq!(progress(c), Some(ChargeProgress::ScheduleRenegotiation));
        let zero = c.see(|request| match request {
            Request::PowerDeliveryReq(m) => {
                m.ev_power_profile.unwrap().ev_power_profile_entries.iter().all(|e| e.power.is_zero())
            }
            _ => false,
        });
        assert!(zero);
        c.ok();
        // A round behind the new profile, as chargers in the field await it.
        assert_eq!(c.request(), K::DcChargeLoopReq);
        c.ok();
        assert_eq!(c.poll(), Some(K::PowerDeliveryReq));
        assert_eq!(progress(c), Some(ChargeProgress::Stop));
        c.ok();
        assert_eq!(last_stop(c), Some(ChargingSession::Pause));
    });
    // Before power flows, the profile of 0 W goes with the stop.
    run(&PLANS, |c| {
        c.walk_to(Stage::ScheduleExchange);
        c.evcc.pause(c.now).unwrap();
        c.walk_to(Stage::PowerDelivery);
        assert_eq!(c.request(), K::PowerDeliveryReq);
        assert_eq!(progress(c), Some(ChargeProgress::Stop));
        c.ok();
        assert_eq!(last_stop(c), Some(ChargingSession::Pause));
        assert_eq!(c.saw(|e| matches!(e, E::CloseContactor { .. })), 0);
    });
}

#[test]
fn a_schedule_with_a_request_to_pause_pauses_before_power() {
    for wishes in [PLANS, DC, AC] {
        run(&wishes, |c| {
            c.walk_to(Stage::ScheduleExchange);
            assert_eq!(c.request(), K::ScheduleExchangeReq);
            c.schedules(C::Ok, true);
            assert_eq!(c.request(), K::SessionStopReq);
            assert_eq!(stop_kind(c), Some(ChargingSession::Pause));
            c.ok();
            assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::Paused));
        });
    }
}

fn pause(c: &mut Charger<'_>) {
    c.walk_to(Stage::ChargeLoop);
    c.notification = Some((N::Pause, 60));
    assert_eq!(c.finish(), Cause::Paused);
    c.notification = None;
    c.events.clear();
    c.sent.clear();
}

fn asked_id(c: &Charger<'_>) -> [u8; 8] {
    c.see(|request| request.header().unwrap().session_id)
}

#[test]
fn a_paused_session_is_resumed_with_charge_parameters() {
    for wishes in [DC, PLANS, AC] {
        run(&wishes, |c| {
            pause(c);
            let before = c.evcc.paused().unwrap();
            c.connect();
            c.pass();
            assert_eq!(c.request(), K::SessionSetupReq);
            assert_eq!(asked_id(c), c.session);
            c.code = C::OkOldSessionJoined;
            c.ok();
            assert_eq!(c.saw(|e| *e == E::SessionResumed), 1);
            assert_eq!(c.evcc.stage(), Stage::ChargeParameters);
            assert_eq!(c.evcc.selection(), Some(before));
            assert!(c.evcc.paused().is_none());
            c.walk_to(Stage::ChargeLoop);
            assert_eq!(c.count(K::AuthorizationReq), 0);
            c.evcc.stop(c.now);
            assert_eq!(c.finish(), Cause::Terminated);
        });
    }
}

#[test]
fn a_session_that_cannot_be_resumed_begins_anew() {
    run(&DC, |c| {
        pause(c);
        c.connect();
        c.pass();
        c.session = [9; 8];
        c.pass();
        assert_eq!(c.saw(|e| *e == E::SessionStarted), 1);
        assert_eq!((c.evcc.selection(), c.evcc.paused()), (None, None));
        assert_eq!(c.pass(), K::AuthorizationSetupReq);
    });
    // A charger that joins what nobody asked for.
    run(&DC, |c| {
        c.pass();
        c.code = C::OkOldSessionJoined;
        c.pass();
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::ForeignSession));
    });
    run(&DC, |c| {
        pause(c);
        c.evcc.forget_paused();
        c.connect();
        c.pass();
        c.request();
        assert_eq!(asked_id(c), [0; 8]);
    });
}

#[test]
fn another_charger_is_not_told_the_session() {
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &EvccConfig::new("EV", &DC));
    let to = |peer| Connection::new(Transport::Secured, NOW).with_peer(PeerId([peer; 64]));
    c.connect_over(&to(1));
    pause(&mut c);
    c.connect_over(&to(2));
    c.pass();
    c.request();
    assert_eq!(asked_id(&c), [0; 8]);
    assert!(c.evcc.paused().is_none());
}

#[test]
fn services_are_renegotiated_without_new_authorization() {
    for (wishes, asked) in [(DC, true), (AC, true), (DC, false), (AC, false)] {
        run(&wishes, |c| {
            c.walk_to(Stage::ChargeLoop);
            if asked {
                c.notification = Some((N::ServiceRenegotiation, 60));
                c.pass();
                c.notification = None;
            } else {
                c.evcc.renegotiate_service(c.now).unwrap();
            }
            assert_eq!(last_stop(c), Some(ChargingSession::ServiceRenegotiation));
            assert_eq!(c.evcc.stage(), Stage::ServiceDiscovery);
            assert_eq!(c.evcc.selection(), None);
            // Only the first answer counts for the next time.
            c.renegotiation = false;
            c.walk_to(Stage::ChargeLoop);
            c.evcc.renegotiate_service(c.now).unwrap();
            assert_eq!(last_stop(c), Some(ChargingSession::ServiceRenegotiation));
            assert_eq!(c.count(K::AuthorizationReq), 1);
            c.evcc.stop(c.now);
            assert_eq!(c.finish(), Cause::Terminated);
        });
    }
    run(&DC, |c| {
        c.renegotiation = false;
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.evcc.renegotiate_service(c.now), Err(NotAllowed::NotOffered));
        c.notification = Some((N::ServiceRenegotiation, 60));
        c.pass();
        assert_eq!(c.pass(), K::DcChargeLoopReq);
    });
}

#[test]
fn new_wishes_hold_from_the_next_choice_of_a_service_on() {
    static BOTH_WAYS: [Wish; 1] = [Wish::new(Service::DcBpt, Mode::Scheduled)];
    run(&DC, |c| {
        c.services = vec![both_modes(Service::Dc), both_modes(Service::DcBpt)];
        c.walk_to(Stage::ServiceDetail);
        c.evcc.set_wishes(&BOTH_WAYS).unwrap();
        assert_eq!(c.evcc.set_wishes(&[]), Err(EvccConfigError::Wishes));
        c.walk_to(Stage::ChargeLoop);
        let selected = |c: &Charger<'_>| c.evcc.selection().map(|s| (s.service, s.parameters.control_mode));
        assert_eq!(selected(c), Some((Service::Dc, Mode::Dynamic)));
        c.evcc.renegotiate_service(c.now).unwrap();
        assert_eq!(last_stop(c), Some(ChargingSession::ServiceRenegotiation));
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(selected(c), Some((Service::DcBpt, Mode::Scheduled)));
    });
}

#[test]
fn wishes_of_another_family_are_found_nowhere_in_this_session() {
    static COIL: [Wish; 1] = [Wish::new(Service::Wpt, Mode::Scheduled)];
    run(&DC, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.set_wishes(&COIL).unwrap();
        c.evcc.renegotiate_service(c.now).unwrap();
        assert_eq!(last_stop(c), Some(ChargingSession::ServiceRenegotiation));
        assert_eq!(c.request(), K::ServiceDiscoveryReq);
        c.see(|request| match request {
            Request::ServiceDiscoveryReq(m) => assert!(m.supported_service_ids.is_none()),
            other => panic!("{other:?}"),
        });
        c.ok();
        assert_eq!(c.finish(), Cause::NoService);
    });
}

#[test]
fn a_stop_wins_against_every_other_course() {
    run(&PLANS, |c| {
        c.services = vec![both_modes(Service::Dc)];
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_service(c.now).unwrap();
        c.evcc.stop(c.now);
        assert_eq!(c.evcc.pause(c.now), Err(NotAllowed::Leaving));
        assert_eq!(last_stop(c), Some(ChargingSession::Terminate));
    });
}

#[test]
fn warnings_of_the_loop_are_survived() {
    run(&PLANS, |c| {
        c.walk_to(Stage::ChargeLoop);
        for code in [C::WarningEvPowerProfileViolation, C::WarningScheduleRenegotiationFailed, C::WarningWpt]
        {
            c.code = code;
            assert_eq!(c.pass(), K::DcChargeLoopReq);
        }
        assert!(c.evcc.end().is_none());
        c.code = C::FailedEvPowerProfileViolation;
        c.pass();
        let failed = Cause::Failed { request: K::DcChargeLoopReq, code: C::FailedEvPowerProfileViolation };
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(failed));
    });
}

#[test]
fn a_refused_tolerance_is_accepted_once() {
    use PowerToleranceAcceptance as A;
    let accepted = |c: &Charger<'_>| {
        c.see(|request| match request {
            Request::PowerDeliveryReq(m) => match m.ev_power_profile.map(|p| p.control_mode) {
                Some(EvpptControlMode::Scheduled(choice)) => choice.power_tolerance_acceptance,
                _ => None,
            },
            _ => None,
        })
    };
    let config = EvccConfig { power_tolerance: PowerTolerance::Decline, ..EvccConfig::new("EV", &PLANS) };
    with(&config, |c| {
        c.tolerance = Some(Watts::new(100, 0));
        c.walk_to(Stage::PowerDelivery);
        for expected in [A::PowerToleranceNotConfirmed, A::PowerToleranceConfirmed] {
            assert_eq!(c.request(), K::PowerDeliveryReq);
            assert_eq!(accepted(c), Some(expected));
            c.code = C::WarningPowerToleranceNotConfirmed;
            c.ok();
        }
        assert_eq!(c.request(), K::SessionStopReq);
    });
    run(&PLANS, |c| {
        c.walk_to(Stage::PowerDelivery);
        c.request();
        assert_eq!(accepted(c), None);
    });
}

#[test]
fn there_is_always_something_to_wait_for() {
    // A host that ignores everything, at every request.
    for wishes in [DC, PLANS, AC] {
        for quiet_after in 0..20 {
            run(&wishes, |c| {
                for _ in 0..quiet_after {
                    if c.evcc.end().is_none() {
                        c.pass();
                    }
                }
                c.obeys = false;
                while c.evcc.end().is_none() && c.sent.len() < 400 {
                    c.pass();
                    assert!(c.evcc.end().is_some() || c.evcc.poll_timeout().is_some());
                }
                // The loop goes on; anything else has ended.
                assert!(c.evcc.end().is_some() || c.evcc.stage() == Stage::ChargeLoop);
            });
        }
    }
    // Contactors that change their mind between the report and the request.
    run(&DC, |c| {
        c.obeys = false;
        c.walk_to(Stage::PreCharge);
        c.evcc.measurement(
            c.now,
            Measurement { voltage: exi_codec::Volts::new(380, 0), current: Amperes::ZERO },
        );
        c.walk_to(Stage::PowerDelivery);
        c.evcc.contactor(c.now, iso15118_20::Contactor::Closed);
        c.evcc.contactor(c.now, iso15118_20::Contactor::Open);
        assert_eq!(c.poll(), None);
        assert!(c.evcc.poll_timeout().is_some());
        c.wait(Duration::from_secs(2));
        assert_eq!(c.finish(), Cause::ContactorFault);
    });
}
