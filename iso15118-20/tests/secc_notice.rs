//! Notifications: one slot, the most urgent first, counted down.

mod common;

use std::time::Duration;

use common::script::{power, refused, start};
use common::station::{Station, config, ended, strict, with};
use exi_codec::iso20::common_messages::ChargeProgress;
use exi_codec::iso20::common_types::{EvseNotification as N, ResponseCode as C};
use iso15118_20::Refusal;
use iso15118_20::message::{MessageKind as K, Response};
use iso15118_20::secc::{NotifyError, SeccEvent as E, SeccTimer};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};

fn status(s: &mut Station<'_>) -> Option<(N, u16)> {
    match s.ask(&s.round()) {
        Response::AcChargeLoopRes(m) => {
            m.evse_status.map(|status| (status.evse_notification, status.notification_max_delay))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_most_urgent_is_shown_and_counts_down() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(status(s), None);
        s.secc.notify(s.now, N::ScheduleRenegotiation, 30).unwrap();
        assert_eq!(status(s), Some((N::ScheduleRenegotiation, 30)));
        s.secc.notify(s.now, N::Pause, 60).unwrap();
        assert_eq!(status(s), Some((N::Pause, 60)));
        s.wait(Duration::from_secs(1));
        // Repeating does not prolong.
        s.secc.notify(s.now, N::Pause, 60).unwrap();
        assert_eq!(status(s), Some((N::Pause, 59)));
        s.secc.notify(s.now, N::Terminate, 9).unwrap();
        assert_eq!(status(s), Some((N::Terminate, 9)));
        assert_eq!(s.secc.notify(s.now, N::MeteringConfirmation, 9), Err(NotifyError::NotNow));
        let Response::PowerDeliveryRes(m) = s.ask(&power(ChargeProgress::Stop)) else { panic!() };
        assert_eq!(m.evse_status, None);
    });
}

#[test]
fn a_pause_that_is_ignored_is_switched_off() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.notify(s.now, N::Pause, 1).unwrap();
        for _ in 0..20 {
            s.wait(Duration::from_millis(200));
            let code = s.code(&s.round());
            if code == C::Failed {
                assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Pause)), 1);
                return ended(s, refused(K::AcChargeLoopReq, C::Failed, Refusal::Host));
            }
        }
        panic!("the vehicle was tolerated for ever");
    });
}

#[test]
fn other_notifications_are_wishes() {
    for notification in [N::ScheduleRenegotiation, N::MeteringConfirmation] {
        with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.secc.notify(s.now, notification, 1).unwrap();
            for _ in 0..20 {
                s.wait(Duration::from_millis(200));
                s.ok(&s.round());
            }
            assert_eq!(s.saw(|e| matches!(e, E::Overdue(_))), 1);
            assert_eq!(status(s), None);
        });
    }
}

#[test]
fn of_two_that_run_out_at_once_both_are_told() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        for notification in [N::ScheduleRenegotiation, N::MeteringConfirmation] {
            s.secc.notify(s.now, notification, 1).unwrap();
        }
        for _ in 0..20 {
            s.now += Duration::from_millis(200);
            s.secc.handle_timeout(s.now);
            s.ok(&s.round());
        }
        let told: Vec<_> = s.events.iter().filter(|e| matches!(e, E::Overdue(_))).collect();
        let both =
            [E::Overdue(SeccTimer::ScheduleRenegotiation), E::Overdue(SeccTimer::MeteringConfirmation)];
        assert_eq!(told, both.iter().collect::<Vec<_>>());
    });
}

#[test]
fn notifications_need_somebody_who_hears_them() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::PowerDelivery);
        for notification in [N::Pause, N::ExitStandby, N::ScheduleRenegotiation, N::MeteringConfirmation] {
            assert_eq!(s.secc.notify(s.now, notification, 9), Err(NotifyError::NotNow));
        }
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.secc.notify(s.now, N::ExitStandby, 9), Err(NotifyError::NotNow));
        s.ok(&start(ControlMode::Dynamic, 5));
    });
}
