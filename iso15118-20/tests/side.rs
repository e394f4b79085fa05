//! Side streams of the vehicle: schedule renegotiation, metering confirmation, parking.

mod common;

use std::time::Duration;

use common::BUFFER;
use common::charger::{Charger, Set, both_modes, header};
use exi_codec::iso20::common_messages::{
    ChargeProgress, EvCheckInStatus, EvCheckOutStatus, EvseCheckOutStatus, VehicleCheckOutRes,
};
use exi_codec::iso20::common_types::{EvseNotification as N, MeterInfo, ResponseCode as C};
use exi_codec::iso20::dc::{ClResControlMode, DcChargeLoopRes, DynamicDcClResControlMode};
use exi_codec::{Lazy, Volts, Watts};
use iso15118_20::Cause;
use iso15118_20::evcc::{
    CheckIn, EvccConfig, EvccEvent as E, NotAllowed, RenegotiationStream, ValueAddedWish, Wish,
};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::security::{SignatureScheme, Signed};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode as Mode, ParkingKind, ParkingService, Service};

const DC: [Wish; 1] = [Wish::new(Service::Dc, Mode::Dynamic)];
const PLANS: [Wish; 1] = [Wish::new(Service::Dc, Mode::Scheduled)];
const AC: [Wish; 1] = [Wish::new(Service::Ac, Mode::Scheduled)];
const SIDE: Stream = Stream::ScheduleRenegotiation;

fn with(config: &EvccConfig<'_>, test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, config);
    charger.connect();
    test(&mut charger);
}

fn run(wishes: &[Wish], test: impl FnOnce(&mut Charger<'_>)) {
    with(&EvccConfig::new("EV", wishes), test);
}

fn on(c: &Charger<'_>, stream: Stream) -> Vec<K> {
    c.sent.iter().filter(|(s, _)| *s == stream).map(|(_, k)| *k).collect()
}

fn planned(c: &Charger<'_>) -> Watts {
    c.evcc.schedules().0.entries()[0].power
}

#[test]
fn a_schedule_is_renegotiated_while_the_loop_goes_on() {
    for (wishes, cpd, asked) in [
        (PLANS, K::DcChargeParameterDiscoveryReq, true),
        (AC, K::AcChargeParameterDiscoveryReq, true),
        (PLANS, K::DcChargeParameterDiscoveryReq, false),
    ] {
        run(&wishes, |c| {
            c.walk_to(Stage::ChargeLoop);
            c.schedule = vec![(600, Watts::new(4, 3))];
            if asked {
                c.notification = Some((N::ScheduleRenegotiation, 60));
                c.pass();
                c.notification = None;
            } else {
                c.evcc.renegotiate_schedule(c.now).unwrap();
            }
            let before = c.evcc.schedules().0.entries().len();
            for _ in 0..8 {
                c.pass();
            }
            assert_eq!(on(c, SIDE), [cpd, K::ScheduleExchangeReq, K::PowerDeliveryReq]);
            assert!(on(c, Stream::Main).len() > 12);
            assert_eq!(before, 1);
            assert_eq!(planned(c), Watts::new(4, 3));
            assert_eq!(c.saw(|e| *e == E::Scheduled), 2);
            assert_eq!(c.evcc.stage(), Stage::ChargeLoop);
        });
    }
}

#[test]
fn the_old_schedule_stays_until_the_new_one_is_delivered() {
    run(&PLANS, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.schedule = vec![(600, Watts::new(4, 3))];
        c.evcc.renegotiate_schedule(c.now).unwrap();
        while on(c, SIDE).last() != Some(&K::PowerDeliveryReq) {
            assert_ne!(planned(c), Watts::new(4, 3));
            c.request();
            if c.sent.last() != Some(&(SIDE, K::PowerDeliveryReq)) {
                c.ok();
            }
        }
        let progress = c.see(|request| match request {
            Request::PowerDeliveryReq(m) => {
                (m.charge_progress, m.ev_power_profile.unwrap().ev_power_profile_entries.first())
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(progress.0, ChargeProgress::ScheduleRenegotiation);
        assert_eq!(progress.1.map(|e| e.power), Some(Watts::new(4, 3)));
        c.code = C::WarningScheduleRenegotiationFailed;
        c.ok();
        assert_eq!(c.saw(|e| *e == E::SideFailed(SIDE)), 1);
        assert_ne!(planned(c), Watts::new(4, 3));
        assert_eq!(c.pass(), K::DcChargeLoopReq);
    });
}

#[test]
fn a_charger_without_side_streams_gets_the_profile_on_the_main_stream() {
    run(&PLANS, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        let mut profiles = 0;
        for _ in 0..100 {
            c.request();
            // Nothing comes back from the side stream.
            if let (Stream::Main, kind) = *c.sent.last().unwrap() {
                profiles += usize::from(kind == K::PowerDeliveryReq);
                c.ok();
            }
        }
        assert_eq!((profiles, c.evcc.stage()), (1, Stage::ChargeLoop));
        c.evcc.renegotiate_schedule(c.now).unwrap();
        let side = on(c, SIDE).len();
        assert_eq!(c.pass(), K::PowerDeliveryReq);
        assert_eq!(on(c, SIDE).len(), side);
    });
    let config = EvccConfig { renegotiation: RenegotiationStream::Main, ..EvccConfig::new("EV", &PLANS) };
    with(&config, |c| {
        assert_eq!(c.evcc.renegotiate_schedule(c.now), Err(NotAllowed::Stage));
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        assert_eq!(c.pass(), K::PowerDeliveryReq);
        assert_eq!(on(c, SIDE), []);
    });
}

#[test]
fn a_stop_abandons_the_side_stream_and_late_answers_are_ignored() {
    run(&PLANS, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        while c.sent.last().unwrap().0 == Stream::Main {
            c.request();
            if c.sent.last().unwrap().0 == Stream::Main {
                c.ok();
            }
        }
        let late = c.save();
        c.evcc.stop(c.now);
        while c.evcc.stage() == Stage::ChargeLoop {
            c.pass();
        }
        c.answer_saved(&late);
        assert!(c.evcc.end().is_none());
        assert_eq!(c.finish(), Cause::Terminated);
    });
}

fn metered(c: &mut Charger<'_>, notify: bool) {
    assert_eq!(c.request(), K::DcChargeLoopReq);
    let meter = MeterInfo {
        meter_id: "M1".into(),
        charged_energy_reading_wh: 4711,
        meter_signature: Some((&[5; 64]).into()),
        ..MeterInfo::default()
    };
    c.reply(&Response::DcChargeLoopRes(DcChargeLoopRes {
        header: header(),
        evse_status: notify.then_some(exi_codec::iso20::common_types::EvseStatus {
            evse_notification: N::MeteringConfirmation,
            notification_max_delay: 5,
        }),
        meter_info: Some(Lazy::new(&meter)),
        evse_present_voltage: Volts::new(380, 0),
        control_mode: ClResControlMode::Dynamic(DynamicDcClResControlMode {
            evse_maximum_charge_power: Watts::new(10, 3),
            ..Default::default()
        }),
        ..Default::default()
    }));
}

#[test]
fn meter_readings_are_confirmed_with_a_signature() {
    run(&DC, |c| {
        c.walk_to(Stage::ChargeLoop);
        metered(c, true);
        assert_eq!(c.saw(|e| matches!(e, E::SignMetering { deadline: Some(_) })), 1);
        assert!(c.evcc.to_be_signed(&mut [0; 512]).unwrap().is_some());
        metered(c, true);
        c.evcc.signed(c.now, Signed::new(SignatureScheme::Ed448Shake256, &[1; 64], &[2; 114]).unwrap());
        assert_eq!(c.poll(), Some(K::MeteringConfirmationReq));
        c.see(|request| match request {
            Request::MeteringConfirmationReq(m) => {
                let data = m.signed_metering_data;
                assert!(m.header.signature.is_some());
                assert_eq!((data.session_id, data.meter_info.charged_energy_reading_wh), (c.session, 4711));
                assert!(data.meter_info.meter_signature.is_some());
            }
            other => panic!("{other:?}"),
        });
        c.ok();
        assert_eq!(c.saw(|e| *e == E::MeteringConfirmed), 1);
        assert_eq!(on(c, Stream::MeteringConfirmation), [K::MeteringConfirmationReq]);
        assert_eq!(c.pass(), K::DcChargeLoopReq);
        assert_eq!(c.evcc.meter_id(), Some("M1"));
    });
    // Nobody signs: the loop goes on.
    run(&DC, |c| {
        c.walk_to(Stage::ChargeLoop);
        metered(c, true);
        for _ in 0..60 {
            metered(c, true);
        }
        assert_eq!(on(c, Stream::MeteringConfirmation), []);
        assert!(c.evcc.to_be_signed(&mut []).unwrap().is_none());
    });
    run(&DC, |c| {
        c.walk_to(Stage::ChargeLoop);
        metered(c, true);
        c.evcc.signed(c.now, Signed::new(SignatureScheme::Ed448Shake256, &[1; 64], &[2; 114]).unwrap());
        c.poll();
        c.code = C::FailedMeteringSignatureNotValid;
        c.ok();
        assert!(c.evcc.end().is_some_and(|end| !end.is_ok()));
    });
}

fn parking(test: impl FnOnce(&mut Charger<'_>)) {
    let extras = [ValueAddedWish::Parking(ParkingService::CheckIn, ParkingKind::AutoInternal)];
    let config = EvccConfig { value_added: &extras, ..EvccConfig::new("EV", &DC) };
    with(&config, |c| {
        c.services = vec![
            both_modes(Service::Dc),
            (66, vec![Set { id: 1, values: vec![("IntendedService", 1), ("ParkingStatusType", 1)] }]),
        ];
        test(c);
    });
}

#[test]
fn a_parking_vehicle_checks_in_and_out() {
    parking(|c| {
        assert_eq!(c.evcc.check_in(c.now, CheckIn::default()), Err(NotAllowed::Stage));
        c.walk_to(Stage::ChargeLoop);
        c.evcc.check_in(c.now, CheckIn { travel: Some(12), ..CheckIn::default() }).unwrap();
        let mut seen = Vec::new();
        for round in 0..40 {
            if c.request() == K::VehicleCheckInReq {
                seen.push(c.see(|request| match request {
                    Request::VehicleCheckInReq(m) => (m.ev_check_in_status, m.vehicle_travel),
                    other => panic!("{other:?}"),
                }));
            }
            c.ok();
            if round == 20 {
                c.evcc.checked_in(c.now).unwrap();
            }
        }
        assert_eq!(seen.first(), Some(&(EvCheckInStatus::CheckIn, Some(12))));
        assert_eq!(seen.last(), Some(&(EvCheckInStatus::Completed, Some(12))));
        assert!(seen.contains(&(EvCheckInStatus::Processing, Some(12))));
        assert_eq!(c.saw(|e| *e == E::Parked), 1);
        assert!(c.saw(|e| matches!(e, E::ParkingGuide(_))) >= 3);

        c.evcc.check_out(c.now, 1_700_000_600).unwrap();
        let mut seen = Vec::new();
        for _ in 0..60 {
            if c.request() == K::VehicleCheckOutReq {
                seen.push(c.see(|request| match request {
                    Request::VehicleCheckOutReq(m) => (m.ev_check_out_status, m.check_out_time),
                    other => panic!("{other:?}"),
                }));
                let status = if seen.len() < 3 {
                    EvseCheckOutStatus::Scheduled
                } else {
                    EvseCheckOutStatus::Completed
                };
                c.reply(&Response::VehicleCheckOutRes(VehicleCheckOutRes {
                    header: header(),
                    evse_check_out_status: status,
                    ..Default::default()
                }));
            } else {
                c.ok();
            }
        }
        let at = 1_700_000_600;
        assert_eq!(
            seen,
            [
                (EvCheckOutStatus::CheckOut, at),
                (EvCheckOutStatus::CheckOut, at),
                (EvCheckOutStatus::CheckOut, at),
                (EvCheckOutStatus::Completed, at)
            ]
        );
        assert_eq!(c.saw(|e| *e == E::Parked), 2);
    });
    run(&DC, |c| {
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.evcc.check_in(c.now, CheckIn::default()), Err(NotAllowed::NotOffered));
        c.wait(Duration::from_millis(10));
    });
}

#[test]
fn a_charger_that_says_nothing_about_parking_is_left_alone() {
    parking(|c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.check_in(c.now, CheckIn::default()).unwrap();
        for _ in 0..60 {
            if c.request() != K::VehicleCheckInReq {
                c.ok();
            }
        }
        assert_eq!(c.saw(|e| *e == E::SideFailed(Stream::Parking)), 1);
        assert_eq!(c.count(K::VehicleCheckInReq), 1);
        assert!(c.evcc.end().is_none());
    });
}
