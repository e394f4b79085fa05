//! Where power flows: isolation, pre-charge, contactors, output, stops.

mod common;

use std::time::Duration;

use common::script::{
    LENIENT, STRICT, cable_check, ended, last_output, power, pre_charge, refused, round, run, start,
    start_with,
};
use exi_codec::iso20::common_messages::ChargeProgress;
use exi_codec::iso20::common_types::{
    DisplayParameters, EvseNotification, PercentValue, Processing, ResponseCode as C,
};
use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{Isolation, SeccEvent as E, Stop};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Contactor, GridPermit, Output, Refusal, Schedule, ScheduleEntry};

#[test]
fn a_fault_of_isolation_is_final() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::CableCheck);
        s.ok(&cable_check());
        s.secc.isolation(s.now, Isolation::Fault);
        s.secc.isolation(s.now, Isolation::Valid);
        assert_eq!(s.code(&cable_check()), C::Failed);
        ended(s, refused(K::DcCableCheckReq, C::Failed, Refusal::Plant));
    });
}

#[test]
fn an_isolation_test_without_result_counts_as_failed() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::CableCheck);
        s.ok(&cable_check());
        s.wait(Duration::from_secs(30));
        s.ok(&cable_check());
        assert_eq!(s.saw(|e| matches!(e, E::IsolationTest { .. })), 1);
        s.wait(Duration::from_secs(8));
        assert_eq!(s.code(&cable_check()), C::Failed);
    });
}

#[test]
fn pre_charge_never_leaves_the_limits() {
    run(&STRICT, |s| {
        s.walk_to(Stage::PreCharge);
        assert_eq!(s.code(&pre_charge(451, Processing::Ongoing)), C::Failed);
    });
    run(&LENIENT, |s| {
        s.walk_to(Stage::PreCharge);
        s.ok(&pre_charge(20_000, Processing::Ongoing));
        let voltage = s.events.iter().rev().find_map(|e| match e {
            E::PreCharge { voltage, .. } => Some(*voltage),
            _ => None,
        });
        assert_eq!(voltage, Some(Volts::new(450, 0)));
    });
    run(&LENIENT, |s| {
        s.walk_to(Stage::PreCharge);
        assert_eq!(s.code(&pre_charge(-1, Processing::Ongoing)), C::Failed);
    });
}

#[test]
fn a_vehicle_that_skips_the_end_of_pre_charge_needs_a_lenient_charger_and_equal_voltages() {
    for (settings, voltage, expected) in [
        (&STRICT, 400, C::FailedSequenceError),
        (&LENIENT, 400, C::Ok),
        (&LENIENT, 300, C::FailedSequenceError),
    ] {
        run(settings, |s| {
            s.walk_to(Stage::PreCharge);
            s.measure(voltage, 0);
            s.ok(&pre_charge(400, Processing::Ongoing));
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.code(&start(ControlMode::Dynamic, 10)), expected);
        });
    }
}

#[test]
fn power_delivery_waits_for_voltages_and_contactors() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::PowerDelivery);
        s.measure(300, 0);
        s.send(&start(ControlMode::Dynamic, 10));
        assert!(s.answer().is_none());
        assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 0);
        s.measure(395, 0);
        assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 1);
        s.measure(396, 0);
        assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 1);
        assert!(s.answer().is_none());
        s.secc.contactor(s.now, Contactor::Closed);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
        assert_eq!(s.secc.stage(), Stage::ChargeLoop);
    });
}

#[test]
fn power_delivery_is_refused_when_the_plant_does_not_follow() {
    for (voltage, contactor, code, why) in [
        (300, None, C::FailedPowerDeliveryNotApplied, Refusal::Plant),
        (400, None, C::FailedContactorError, Refusal::HostSilent),
        (400, Some(Contactor::Fault), C::FailedContactorError, Refusal::Plant),
    ] {
        run(&LENIENT, |s| {
            s.walk_to(Stage::PowerDelivery);
            s.measure(voltage, 0);
            s.send(&start(ControlMode::Dynamic, 10));
            if let Some(contactor) = contactor {
                s.secc.contactor(s.now, contactor);
            }
            s.wait(Duration::from_millis(1400));
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(code));
            ended(s, refused(K::PowerDeliveryReq, code, why));
        });
    }
}

#[test]
fn a_start_repeated_has_no_second_effect() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::PowerDelivery);
        s.send(&start(ControlMode::Dynamic, 10));
        s.secc.contactor(s.now, Contactor::Closed);
        assert!(s.answer().is_some());
        s.ok(&start(ControlMode::Dynamic, 10));
        assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 1);
        assert_eq!(s.secc.stage(), Stage::ChargeLoop);
    });
}

#[test]
fn a_profile_must_keep_to_the_schedule() {
    for (tuple, kilowatts, expected) in
        [(1, 12, C::Ok), (1, 13, C::FailedEvPowerProfileInvalid), (2, 12, C::FailedScheduleSelectionInvalid)]
    {
        run(&LENIENT, |s| {
            s.mode = ControlMode::Scheduled;
            let entries = [
                ScheduleEntry { duration: 1800, power: Watts::new(20, 3) },
                ScheduleEntry { duration: 1800, power: Watts::new(12, 3) },
            ];
            s.secc.set_schedule(Some(Schedule::new(common::NOW, &entries)), None);
            s.walk_to(Stage::PowerDelivery);
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.code(&start_with(ControlMode::Scheduled, tuple, kilowatts)), expected);
        });
    }
    run(&LENIENT, |s| {
        s.mode = ControlMode::Scheduled;
        s.walk_to(Stage::PowerDelivery);
        assert_eq!(s.code(&power(ChargeProgress::Start)), C::FailedEvPowerProfileInvalid);
    });
}

#[test]
fn output_is_the_least_of_all_limits() {
    // The charger has 30 kW and 75 A, the vehicle declared 25 kW and 100 A, -10 kW and -40 A.
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(Watts::new(100, 3));
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        let output = last_output(s).unwrap();
        assert_eq!(
            (output.power, output.current, output.voltage),
            (Watts::new(25, 3), Amperes::new(75, 0), Volts::new(450, 0))
        );
        s.secc.set_dispatch(Watts::new(-100, 3));
        s.drain();
        let output = last_output(s).unwrap();
        assert_eq!((output.power, output.current), (Watts::new(-10, 3), Amperes::new(-40, 0)));
        s.secc.set_grid_permit(GridPermit { charge: Watts::new(5, 3), discharge: Watts::new(3, 3) });
        s.drain();
        assert_eq!(last_output(s).unwrap().power, Watts::new(-3, 3));
        s.secc.set_grid_permit(GridPermit::CHARGE_ONLY);
        s.drain();
        assert!(last_output(s).unwrap().is_zero());
    });
}

#[test]
fn nothing_leaves_a_vehicle_that_only_charges() {
    for mode in [ControlMode::Dynamic, ControlMode::Scheduled] {
        run(&LENIENT, |s| {
            (s.service, s.mode) = (Service::Dc, mode);
            s.walk_to(Stage::ChargeLoop);
            s.secc.set_dispatch(Watts::new(-20, 3));
            s.ok(&round(Service::Dc, mode, -30));
            assert!(last_output(s).is_none_or(Output::is_zero));
        });
    }
}

#[test]
fn a_schedule_bounds_the_output_as_time_goes_by() {
    run(&LENIENT, |s| {
        s.mode = ControlMode::Scheduled;
        let entries = [
            ScheduleEntry { duration: 10, power: Watts::new(20, 3) },
            ScheduleEntry { duration: 3600, power: Watts::new(12, 3) },
        ];
        s.secc.set_schedule(Some(Schedule::new(common::NOW, &entries)), None);
        s.walk_to(Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Scheduled, 60));
        assert_eq!(last_output(s).map(|output| output.power), Some(Watts::new(20, 3)));
        for _ in 0..11 {
            s.wait(Duration::from_secs(1));
            s.ok(&round(Service::DcBpt, ControlMode::Scheduled, 60));
        }
        assert_eq!(last_output(s).map(|output| output.power), Some(Watts::new(12, 3)));
    });
}

#[test]
fn a_notice_to_stop_takes_the_current_at_once_and_counts_down() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        assert!(!last_output(s).unwrap().is_zero());
        s.secc.stop(s.now, Stop::Notify { max_delay: 10 });
        s.drain();
        assert!(last_output(s).unwrap().is_zero());
        let delay = |answer: Response<'_>| match answer {
            Response::DcChargeLoopRes(m) => {
                m.evse_status.map(|status| (status.evse_notification, status.notification_max_delay))
            }
            other => panic!("{other:?}"),
        };
        let answer = s.ask(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        assert_eq!(delay(answer), Some((EvseNotification::Terminate, 10)));
        s.wait(Duration::from_secs(1));
        let answer = s.ask(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        assert_eq!(delay(answer), Some((EvseNotification::Terminate, 9)));
        for _ in 0..13 {
            s.wait(Duration::from_secs(1));
            let code = s.code(&round(Service::DcBpt, ControlMode::Dynamic, 0));
            if code == C::Failed {
                return ended(s, refused(K::DcChargeLoopReq, C::Failed, Refusal::Host));
            }
            assert!(last_output(s).unwrap().is_zero());
        }
        panic!("the vehicle was tolerated for ever");
    });
}

#[test]
fn an_emergency_stop_does_not_wait_for_messages() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        s.secc.stop(s.now, Stop::Emergency);
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
        s.secc.set_dispatch(Watts::new(5, 3));
        assert_eq!(s.code(&round(Service::DcBpt, ControlMode::Dynamic, 0)), C::Failed);
        ended(s, refused(K::DcChargeLoopReq, C::Failed, Refusal::Host));
        assert!(last_output(s).unwrap().is_zero());
    });
}

#[test]
fn a_stop_while_contactors_close_wins() {
    for stop in [Stop::Emergency, Stop::Notify { max_delay: 60 }] {
        run(&LENIENT, |s| {
            s.walk_to(Stage::PowerDelivery);
            s.send(&start(ControlMode::Dynamic, 10));
            s.secc.stop(s.now, stop);
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedPowerDeliveryNotApplied));
            ended(s, refused(K::PowerDeliveryReq, C::FailedPowerDeliveryNotApplied, Refusal::Host));
        });
    }
}

#[test]
fn a_stop_waits_for_the_current_to_fall() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        s.measure(400, 40);
        s.send(&power(ChargeProgress::Stop));
        assert!(last_output(s).unwrap().is_zero());
        assert!(s.answer().is_none());
        s.measure(400, 1);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
        assert_eq!(s.saw(|e| *e == E::OpenContactor), 1);
    });
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
        s.measure(400, -40);
        s.send(&power(ChargeProgress::Stop));
        s.wait(Duration::from_millis(1400));
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedPowerDeliveryNotApplied));
        ended(s, refused(K::PowerDeliveryReq, C::FailedPowerDeliveryNotApplied, Refusal::HostSilent));
    });
}

#[test]
fn standby_is_refused_without_harm() {
    run(&LENIENT, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code(&power(ChargeProgress::Standby)), C::WarningStandbyNotAllowed);
        assert_eq!(s.secc.stage(), Stage::ChargeLoop);
        s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
    });
}

#[test]
fn a_fault_of_the_plant_under_voltage_stops_at_once() {
    for (contactor, isolation) in
        [(Contactor::Fault, None), (Contactor::Open, None), (Contactor::Closed, Some(Isolation::Fault))]
    {
        run(&LENIENT, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.ok(&round(Service::DcBpt, ControlMode::Dynamic, 0));
            assert!(!last_output(s).unwrap().is_zero());
            s.secc.contactor(s.now, contactor);
            if let Some(isolation) = isolation {
                s.secc.isolation(s.now, isolation);
            }
            s.drain();
            assert_eq!(s.events.last(), Some(&E::PowerOff));
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.code(&round(Service::DcBpt, ControlMode::Dynamic, 0)), C::Failed);
            ended(s, refused(K::DcChargeLoopReq, C::Failed, Refusal::Host));
        });
    }
    run(&LENIENT, |s| {
        s.walk_to(Stage::PreCharge);
        s.ok(&pre_charge(400, Processing::Ongoing));
        s.secc.isolation(s.now, Isolation::Fault);
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
        assert_eq!(s.code(&pre_charge(400, Processing::Ongoing)), C::Failed);
    });
}

#[test]
fn a_battery_at_its_minimum_is_not_discharged() {
    for (soc, discharges) in [(21, true), (20, false), (19, false)] {
        run(&LENIENT, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.secc.set_dispatch(Watts::new(-5, 3));
            let Request::DcChargeLoopReq(mut request) = round(Service::DcBpt, ControlMode::Dynamic, 0) else {
                panic!()
            };
            request.display_parameters = Some(DisplayParameters {
                present_soc: PercentValue::new(soc),
                minimum_soc: PercentValue::new(20),
                ..DisplayParameters::default()
            });
            s.ok(&Request::DcChargeLoopReq(request));
            assert_eq!(last_output(s).is_some_and(|output| output.power.is_negative()), discharges, "{soc}");
        });
    }
}
