//! AC, both ways, and the services that differ from DC by their number only.

mod common;

use std::time::Duration;

use common::script::{self, refused, start};
use common::station::{Station, ac_limits, ac_parameters, ac_round, config, ended, with};
use exi_codec::iso20::ac::{AcCpdReqEnergyTransferMode, AcCpdReqMode, AcCpdResMode, ClResControlMode};
use exi_codec::iso20::common_messages::ChargeProgress;
use exi_codec::iso20::common_types::{DisplayParameters, PercentValue, ResponseCode as C};
use exi_codec::{Frequency, RationalNumber, Vars, WattHours, Watts};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{SeccConfig, SeccEvent as E, Stop};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{
    AcGrid, AcLimits, AcOutput, Cause, Contactor, DischargeSign, GridPermit, Phases, Refusal, Schedule,
    ScheduleEntry, Settings,
};

fn kw(kilowatts: i16) -> Watts {
    Watts::new(kilowatts, 3)
}

fn active(s: &Station<'_>) -> Watts {
    let last = s.events.iter().rev().find_map(|e| match e {
        E::AcOutput(output) => Some(output.active.total()),
        E::PowerOff => Some(Watts::ZERO),
        _ => None,
    });
    last.unwrap_or_default()
}

#[test]
fn every_wired_service_and_mode_runs_to_its_end() {
    use Service::{Ac, AcBpt, Dc, DcBpt, Mcs, McsBpt};
    for service in [Ac, AcBpt, Dc, DcBpt, Mcs, McsBpt] {
        for mode in [ControlMode::Scheduled, ControlMode::Dynamic] {
            with(&config(), service, mode, |s| {
                s.walk_to(Stage::ChargeLoop);
                for _ in 0..3 {
                    s.ok(&s.round());
                }
                assert_eq!(s.secc.selection().map(|selection| selection.service), Some(service));
                s.walk_to(Stage::SessionStop);
                s.ok(&script::session_stop(exi_codec::iso20::common_messages::ChargingSession::Terminate));
                ended(s, Cause::Terminated);
            });
        }
    }
}

#[test]
fn an_ac_charger_says_what_it_can() {
    with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
        s.secc.set_ac_limits(AcLimits { max_charge: Phases::Each([kw(7), kw(6), kw(5)]), ..ac_limits(9) });
        s.secc.set_ac_grid(AcGrid { frequency: Frequency::new(60, 0), asymmetry: Some(kw(4)) });
        s.secc.set_ramp(Some(kw(2)));
        s.walk_to(Stage::ChargeParameters);
        let Response::AcChargeParameterDiscoveryRes(m) = s.ask(&ac_parameters(Service::AcBpt)) else {
            panic!()
        };
        let AcCpdResMode::BptAc(m) = m.energy_transfer_mode else { panic!() };
        assert_eq!(
            (m.evse_maximum_charge_power, m.evse_maximum_charge_power_l2, m.evse_maximum_charge_power_l3),
            (kw(7), Some(kw(6)), Some(kw(5)))
        );
        assert_eq!(m.evse_maximum_discharge_power, kw(9));
        assert_eq!(
            (m.evse_nominal_frequency, m.maximum_power_asymmetry),
            (Frequency::new(60, 0), Some(kw(4).number()))
        );
        // 2 kW/s are 120 kW a minute, of a vehicle that takes 11 kW.
        assert_eq!(m.evse_power_ramp_limitation, Some(RationalNumber::new(10_909, -1)));
        assert!(s.events.iter().any(|e| matches!(e, E::AcVehicleLimits(limits)
            if limits.max_charge.total() == kw(11) && limits.discharge.unwrap().0.total() == kw(7))));
    });
    let settings = Settings { discharge_sign: DischargeSign::Negative, ..script::LENIENT };
    with(&SeccConfig { settings, ..config() }, Service::AcBpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeParameters);
        let Response::AcChargeParameterDiscoveryRes(m) = s.ask(&ac_parameters(Service::AcBpt)) else {
            panic!()
        };
        let AcCpdResMode::BptAc(m) = m.energy_transfer_mode else { panic!() };
        assert_eq!(m.evse_maximum_discharge_power, kw(-22));
    });
}

#[test]
fn parameters_of_the_wrong_kind_are_refused() {
    for (service, declared) in [(Service::Ac, Service::AcBpt), (Service::AcBpt, Service::Ac)] {
        with(&config(), service, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeParameters);
            assert_eq!(s.code(&ac_parameters(declared)), C::FailedWrongChargeParameter);
        });
        with(&config(), service, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeLoop);
            assert_eq!(s.code(&ac_round(declared, ControlMode::Dynamic, 0)), C::Failed);
        });
    }
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code(&ac_round(Service::Ac, ControlMode::Scheduled, 0)), C::Failed);
    });
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        // The least that the vehicle takes is more than the most that the charger has.
        s.walk_to(Stage::ChargeParameters);
        let Request::AcChargeParameterDiscoveryReq(mut request) = ac_parameters(Service::Ac) else {
            panic!()
        };
        request.energy_transfer_mode = AcCpdReqMode::Ac(AcCpdReqEnergyTransferMode {
            ev_maximum_charge_power: kw(50),
            ev_minimum_charge_power: kw(23),
            ..Default::default()
        });
        let code = s.code(&Request::AcChargeParameterDiscoveryReq(request));
        assert_eq!(code, C::FailedWrongChargeParameter);
    });
}

#[test]
fn contactors_close_in_time_or_the_session_is_over() {
    for (report, code, why) in [
        (None, C::FailedContactorError, Refusal::HostSilent),
        (Some(Contactor::Fault), C::FailedContactorError, Refusal::Plant),
    ] {
        with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::PowerDelivery);
            s.send(&start(ControlMode::Dynamic, 5));
            assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 1);
            assert!(s.answer().is_none());
            if let Some(contactor) = report {
                s.secc.contactor(s.now, contactor);
            }
            s.wait(Duration::from_millis(1400));
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(code));
            ended(s, refused(K::PowerDeliveryReq, code, why));
        });
    }
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::PowerDelivery);
        s.send(&start(ControlMode::Dynamic, 5));
        s.wait(Duration::from_millis(1399));
        s.secc.contactor(s.now, Contactor::Closed);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
        assert_eq!(active(s), Watts::ZERO.max(kw(5)));
    });
}

#[test]
fn nothing_flows_without_authorization_contactor_and_loop() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.secc.contactor(s.now, Contactor::Closed);
        s.walk_to(Stage::PowerDelivery);
        assert_eq!(s.saw(|e| matches!(e, E::AcOutput(_))), 0);
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(active(s), kw(5));
        s.secc.contactor(s.now, Contactor::Open);
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
        assert_eq!(s.code(&s.round()), C::Failed);
    });
}

#[test]
fn the_target_is_the_least_of_all_limits() {
    with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
        let target = |s: &mut Station<'_>| match s.ask(&ac_round(Service::AcBpt, ControlMode::Dynamic, 0)) {
            Response::AcChargeLoopRes(m) => match m.control_mode {
                ClResControlMode::BptDynamic(m) => m.evse_target_active_power,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(kw(100));
        assert_eq!(target(s), kw(11));
        s.secc.set_dispatch(kw(-100));
        assert_eq!(target(s), kw(-7));
        s.secc.set_grid_permit(GridPermit { charge: kw(3), discharge: kw(2) });
        assert_eq!(target(s), kw(-2));
        s.secc.set_dispatch(kw(100));
        assert_eq!(target(s), kw(3));
        s.secc.set_grid_permit(GridPermit::CHARGE_ONLY);
        s.secc.set_dispatch(kw(-5));
        assert_eq!(target(s), Watts::ZERO);
        // Loop limits may fall, and never exceed what was announced.
        s.secc.set_grid_permit(GridPermit::UNLIMITED);
        s.secc.set_ac_limits(ac_limits(4));
        s.secc.set_dispatch(kw(9));
        assert_eq!(target(s), kw(4));
        s.secc.set_ac_limits(ac_limits(43));
        s.secc.set_dispatch(kw(40));
        assert_eq!(target(s), kw(11));
    });
}

#[test]
fn phases_reactive_power_and_frequency_reach_the_vehicle() {
    with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_ac_dispatch(AcOutput {
            active: Phases::Each([kw(1), kw(2), kw(3)]),
            reactive: Some(Phases::Total(Vars::new(500, 0))),
            frequency: Some(Frequency::new(50, 0)),
        });
        let Response::AcChargeLoopRes(m) = s.ask(&ac_round(Service::AcBpt, ControlMode::Dynamic, 0)) else {
            panic!()
        };
        assert_eq!(m.evse_target_frequency, Some(Frequency::new(50, 0)));
        let ClResControlMode::BptDynamic(m) = m.control_mode else { panic!() };
        assert_eq!(
            (m.evse_target_active_power, m.evse_target_active_power_l2, m.evse_target_active_power_l3),
            (kw(1), Some(kw(2)), Some(kw(3)))
        );
        assert_eq!(m.evse_target_reactive_power, Some(Vars::new(500, 0)));
    });
}

#[test]
fn a_battery_that_has_nothing_to_give_is_left_alone() {
    type Change = fn(&mut exi_codec::iso20::ac::AcChargeLoopReq<'_>);
    let cases: [(Change, bool); 5] = [
        (|_| {}, true),
        (
            |m| {
                m.display_parameters = Some(DisplayParameters {
                    present_soc: PercentValue::new(20),
                    minimum_soc: PercentValue::new(20),
                    ..Default::default()
                });
            },
            false,
        ),
        (|m| bpt(m).ev_minimum_energy_request = WattHours::new(1, 3), false),
        (|m| bpt(m).ev_minimum_v2x_energy_request = Some(WattHours::ZERO), false),
        (|m| bpt(m).ev_minimum_v2x_energy_request = Some(WattHours::new(-2, 3)), true),
    ];
    for (change, gives) in cases {
        with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.secc.set_dispatch(kw(-3));
            let Request::AcChargeLoopReq(mut m) = ac_round(Service::AcBpt, ControlMode::Dynamic, 0) else {
                panic!()
            };
            change(&mut m);
            s.ok(&Request::AcChargeLoopReq(m));
            assert_eq!(active(s).is_negative(), gives);
        });
    }
}

fn bpt<'m>(
    m: &'m mut exi_codec::iso20::ac::AcChargeLoopReq<'_>,
) -> &'m mut exi_codec::iso20::ac::BptDynamicAcClReqControlMode {
    match &mut m.control_mode {
        exi_codec::iso20::ac::ClReqControlMode::BptDynamic(mode) => mode,
        other => panic!("{other:?}"),
    }
}

#[test]
fn power_follows_its_ramp_and_stops_at_once() {
    for service in [Service::Ac, Service::Dc] {
        with(&config(), service, ControlMode::Dynamic, |s| {
            let output = |s: &Station<'_>| {
                let last = s.events.iter().rev().find_map(|e| match e {
                    E::AcOutput(output) => Some(output.active.total()),
                    E::Output(output) => Some(output.power),
                    _ => None,
                });
                last.unwrap_or_default()
            };
            s.secc.set_ramp(Some(kw(1)));
            s.walk_to(Stage::ChargeLoop);
            let first = output(s);
            assert!(first <= Watts::new(200, 0), "{first:?}");
            let mut last = first;
            for _ in 0..10 {
                s.wait(Duration::from_millis(100));
                let next = output(s);
                assert!(next >= last && next <= Watts::new(1300, 0), "{next:?}");
                last = next;
            }
            assert!(last >= kw(1), "{last:?}");
            // A limit that falls does not wait for the ramp.
            s.secc.set_grid_permit(GridPermit { charge: Watts::new(300, 0), discharge: Watts::ZERO });
            s.drain();
            assert_eq!(output(s), Watts::new(300, 0));
            s.secc.stop(s.now, Stop::Notify { max_delay: 10 });
            s.drain();
            assert_eq!(output(s), Watts::ZERO);
        });
    }
}

#[test]
fn islanding_stops_discharge_at_once() {
    with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(kw(-3));
        s.ok(&s.round());
        assert_eq!(active(s), kw(-3));
        s.secc.islanded(s.now);
        s.drain();
        assert_eq!(active(s), Watts::ZERO);
        let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
        let status = m.evse_status.unwrap();
        assert_eq!(status.evse_notification, exi_codec::iso20::common_types::EvseNotification::Terminate);
        assert_eq!(status.notification_max_delay, 0);
    });
    with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::PowerDelivery);
        s.send(&start(ControlMode::Dynamic, 5));
        s.secc.islanded(s.now);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedPowerDeliveryNotApplied));
    });
}

/// As many rounds are warned of as the setting says; those of a live session of a few rounds all are.
#[test]
fn a_vehicle_above_its_schedule_is_warned_and_then_refused() {
    let two = Settings { profile_violations: 2, ..script::LENIENT };
    for (settings, warnings) in [(two, 2), (script::STRICT, 10), (script::LENIENT, 60)] {
        with(&SeccConfig { settings, ..config() }, Service::Ac, ControlMode::Scheduled, |s| {
            let entries = [ScheduleEntry { duration: 3600, power: kw(6) }];
            s.secc.set_schedule(Some(Schedule::new(common::NOW, &entries)), None);
            s.walk_to(Stage::ChargeLoop);
            let draws =
                |s: &mut Station<'_>, watts| s.code(&ac_round(Service::Ac, ControlMode::Scheduled, watts));
            assert_eq!(draws(s, 6400), C::Ok);
            assert_eq!(draws(s, 6600), C::WarningEvPowerProfileViolation);
            assert_eq!(s.secc.stage(), Stage::ChargeLoop);
            assert_eq!(draws(s, 6000), C::Ok);
            for _ in 0..warnings {
                assert_eq!(draws(s, 9000), C::WarningEvPowerProfileViolation);
            }
            assert_eq!(draws(s, 9000), C::FailedEvPowerProfileViolation);
            ended(s, refused(K::AcChargeLoopReq, C::FailedEvPowerProfileViolation, Refusal::Content));
        });
    }
}

/// Both clocks count seconds, each its own.
#[test]
fn a_vehicle_has_a_second_for_a_step_of_its_schedule() {
    with(&config(), Service::Ac, ControlMode::Scheduled, |s| {
        let entries = [6, 3].map(|power| ScheduleEntry { duration: 3600, power: kw(power) });
        s.secc.set_schedule(Some(Schedule::new(common::NOW, &entries)), None);
        let begin = s.now;
        s.walk_to(Stage::ChargeLoop);
        let mut draws = |at: u64, watts| {
            s.now = begin + Duration::from_secs(at);
            s.code(&ac_round(Service::Ac, ControlMode::Scheduled, watts))
        };
        let codes = [3598, 3599, 3600, 3601, 3602].map(|at| draws(at, 6000));
        let warned = C::WarningEvPowerProfileViolation;
        assert_eq!(codes, [C::Ok, C::Ok, C::Ok, warned, warned]);
        assert_eq!(draws(3603, 3000), C::Ok);
    });
}

#[test]
fn a_planning_vehicle_hears_of_a_target_below_its_schedule() {
    with(&config(), Service::Ac, ControlMode::Scheduled, |s| {
        s.walk_to(Stage::ChargeLoop);
        let target = |s: &mut Station<'_>| match s.ask(&s.round()) {
            Response::AcChargeLoopRes(m) => match m.control_mode {
                ClResControlMode::Scheduled(m) => m.evse_target_active_power,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        // Eleven kilowatts are all that the vehicle can take.
        assert_eq!(target(s), None);
        s.secc.set_grid_permit(GridPermit { charge: kw(4), discharge: Watts::ZERO });
        assert_eq!(target(s), Some(kw(4)));
    });
}

#[test]
fn a_stop_waits_for_the_power_to_fall() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.measure_ac(4000);
        s.send(&script::power(ChargeProgress::Stop));
        assert!(s.answer().is_none());
        assert_eq!(active(s), Watts::ZERO);
        s.measure_ac(50);
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
        assert_eq!(s.saw(|e| *e == E::OpenContactor), 1);
        assert_eq!(s.secc.stage(), Stage::SessionStop);
    });
}
