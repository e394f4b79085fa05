//! The streams beside the main one.

mod common;

use std::time::Duration;

use common::NOW;
use common::script::{self, SESSION, header, power, refused, schedule_exchange, start};
use common::station::{
    Station, config, device, ended, selection_with, signature, signed, strict, system_status, with,
};
use exi_codec::iso20::acdp::{
    AcdpSystemStatusReq, ErrorCode, EvTechnicalStatus, IsolationStatus, MechanicalChargingDeviceStatus as M,
};
use exi_codec::iso20::common_messages::{
    ChargeProgress, EvCheckInStatus as In, EvCheckOutStatus as Out, EvseCheckOutStatus,
    MeteringConfirmationReq, ParkingMethod, SelectedService, SignedMeteringData, VehicleCheckInReq,
    VehicleCheckOutReq,
};
use exi_codec::iso20::common_types::{EvseNotification as N, MessageHeader, MeterInfo, ResponseCode as C};
use exi_codec::{Str, Watts};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{
    AcdpStatus, Announcement, CheckIn, CheckOut, Meter, MeteringVerdict, ParkingSpot, Release, ScheduleOffer,
    ScheduleSource, SeccConfig, SeccEvent as E, SeccTimer, TupleOffer,
};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{
    ControlMode, Fee, ParkingKind, ParkingService, Service, ValueAdded, ValueAddedOffer, ValueAddedSet,
};
use iso15118_20::{Cause, Refusal};

const PLAN: Stream = Stream::ScheduleRenegotiation;
const METER: Stream = Stream::MeteringConfirmation;
const SCHEDULED: ControlMode = ControlMode::Scheduled;

/// The power delivery that ends a renegotiation.
fn delivery(mode: ControlMode, kilowatts: usize) -> Request<'static> {
    let Request::PowerDeliveryReq(mut m) = start(mode, kilowatts) else { panic!() };
    m.charge_progress = ChargeProgress::ScheduleRenegotiation;
    Request::PowerDeliveryReq(m)
}

#[test]
fn a_new_schedule_while_the_loop_goes_on() {
    for service in [Service::Ac, Service::Dc, Service::Wpt, Service::DcAcdp] {
        with(&strict(), service, SCHEDULED, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.secc.notify(s.now, N::ScheduleRenegotiation, 60).unwrap();
            s.ok(&s.round());
            assert_eq!(s.code_on(PLAN, &s.parameters()), C::Ok, "{service:?}");
            s.ok(&s.round());
            assert_eq!(s.code_on(PLAN, &schedule_exchange(SCHEDULED)), C::Ok);
            s.ok(&s.round());
            assert_eq!(s.code_on(PLAN, &delivery(SCHEDULED, 2)), C::Ok);
            assert_eq!(s.saw(|e| *e == E::ScheduleRenegotiated), 1);
            s.ok(&s.round());
            assert_eq!(s.secc.stage(), Stage::ChargeLoop);
            // And again: the stream is where it began.
            assert_eq!(s.code_on(PLAN, &s.parameters()), C::Ok);
        });
    }
}

#[test]
fn the_old_schedule_holds_until_the_new_one_is_agreed_on() {
    let config = SeccConfig { schedules: ScheduleSource::Host, ..config() };
    with(&config, Service::Dc, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&schedule_exchange(SCHEDULED));
        s.wait(Duration::from_secs(1));
        s.answer().unwrap();
        s.walk_to(Stage::ChargeLoop);
        let output = |s: &mut Station<'_>| {
            s.ok(&script::round(Service::Dc, SCHEDULED, 60));
            let last = s.events.iter().rev().find_map(|e| match e {
                E::Output(output) => Some(output.power),
                _ => None,
            });
            last.unwrap()
        };
        assert_eq!(output(s), Watts::new(25, 3));
        s.ask_on(PLAN, &s.parameters());
        s.send_on(PLAN, &schedule_exchange(SCHEDULED));
        assert!(matches!(s.events.last(), Some(E::ScheduleWanted { stream: PLAN, .. })));
        // The loop does not wait for the host.
        assert_eq!(output(s), Watts::new(25, 3));
        let entries = [exi_codec::iso20::common_messages::PowerScheduleEntry {
            duration: 7200,
            power: Watts::new(4, 3),
            power_l2: None,
            power_l3: None,
        }];
        let charge = ScheduleOffer { start: NOW, entries: &entries, ..ScheduleOffer::default() };
        let tuples = [TupleOffer { charge, discharge: None }];
        let announcement = Announcement { tuples: &tuples, ..Announcement::default() };
        let answer = s.host(|secc, now, out| {
            let sent = secc.answer_schedule(now, &announcement, out).unwrap();
            assert_eq!(sent.stream, PLAN);
            sent.len
        });
        assert_eq!(answer.kind(), K::ScheduleExchangeRes);
        assert_eq!(output(s), Watts::new(25, 3));
        assert_eq!(s.code_on(PLAN, &delivery(SCHEDULED, 4)), C::Ok);
        assert_eq!(output(s), Watts::new(4, 3));
    });
}

#[test]
fn a_renegotiation_that_comes_to_nothing_is_said_in_the_loop() {
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ask_on(PLAN, &s.parameters());
        s.secc.keep_schedule(s.now);
        assert_eq!(s.code(&s.round()), C::WarningScheduleRenegotiationFailed);
        s.ok(&s.round());
    });
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ask_on(PLAN, &s.parameters());
        s.secc.give_up_schedule(s.now);
        assert_eq!(s.code(&s.round()), C::FailedScheduleRenegotiation);
        ended(s, refused(K::AcChargeLoopReq, C::FailedScheduleRenegotiation, Refusal::Host));
    });
    // The vehicle leaves it half-way.
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ask_on(PLAN, &s.parameters());
        for _ in 0..149 {
            s.wait(Duration::from_millis(400));
            s.ok(&s.round());
        }
        s.wait(Duration::from_millis(400));
        assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Renegotiation)), 1);
        assert_eq!(s.code(&s.round()), C::WarningScheduleRenegotiationFailed);
    });
}

#[test]
fn a_renegotiation_has_its_own_order() {
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code_on(PLAN, &schedule_exchange(SCHEDULED)), C::FailedSequenceError);
        ended(s, refused(K::ScheduleExchangeReq, C::FailedSequenceError, Refusal::Content));
    });
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ask_on(PLAN, &s.parameters());
        s.ask_on(PLAN, &schedule_exchange(SCHEDULED));
        assert_eq!(s.code_on(PLAN, &delivery(SCHEDULED, 60)), C::FailedEvPowerProfileInvalid);
    });
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.ask_on(PLAN, &s.parameters());
        s.measure_ac(0);
        s.ok(&power(ChargeProgress::Stop));
        assert_eq!(s.code_on(PLAN, &schedule_exchange(SCHEDULED)), C::FailedSequenceError);
    });
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        let Request::ScheduleExchangeReq(mut m) = schedule_exchange(SCHEDULED) else { panic!() };
        m.header = MessageHeader { session_id: [0; 8], ..header() };
        assert_eq!(s.code_on(PLAN, &Request::ScheduleExchangeReq(m)), C::FailedUnknownSession);
    });
}

#[test]
fn a_second_request_on_a_side_stream_is_out_of_turn() {
    with(&strict(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.send_on(PLAN, &s.parameters());
        s.send_on(PLAN, &s.parameters());
        assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::FailedSequenceError));
        ended(s, Cause::OutOfTurn);
    });
}

fn confirmation(header: MessageHeader<'_>, session_id: [u8; 8]) -> Request<'_> {
    Request::MeteringConfirmationReq(MeteringConfirmationReq {
        header,
        signed_metering_data: SignedMeteringData {
            id: "id1".into(),
            session_id,
            meter_info: MeterInfo { meter_id: Str::new("M1"), ..MeterInfo::default() },
            ..Default::default()
        },
    })
}

fn confirm(s: &mut Station<'_>) {
    s.walk_to(Stage::ChargeLoop);
    s.ok(&s.round());
    s.secc.set_meter(Meter { charged: 1234, discharged: None });
    s.secc.notify(s.now, N::MeteringConfirmation, 60).unwrap();
    let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
    // [V2G20-1083]: the readings to be confirmed come along.
    assert_eq!(m.meter_info.unwrap().get().charged_energy_reading_wh, 1234);
    let signature = signature();
    s.send_on(METER, &confirmation(signed(&signature), SESSION));
    assert!(matches!(s.events.last(), Some(E::MeteringConfirmed { .. })));
    assert!(s.answer().is_none());
}

#[test]
fn readings_are_confirmed_beside_the_loop() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        confirm(s);
        s.ok(&s.round());
        s.secc.metering(s.now, MeteringVerdict::Valid);
        assert_eq!(s.answer().map(|m| (m.kind(), m.code())), Some((K::MeteringConfirmationRes, Some(C::Ok))));
        s.ok(&s.round());
        // Nobody asked a second time.
        let signature = signature();
        s.send_on(METER, &confirmation(signed(&signature), SESSION));
        assert_eq!(s.answer().and_then(|m| m.code()), Some(C::FailedSequenceError));
    });
}

#[test]
fn readings_with_a_wrong_signature_end_the_session() {
    let code = C::FailedMeteringSignatureNotValid;
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        confirm(s);
        s.secc.metering(s.now, MeteringVerdict::Invalid);
        assert_eq!(s.answer().and_then(|m| m.code()), Some(code));
        ended(s, refused(K::MeteringConfirmationReq, code, Refusal::Host));
    });
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        confirm(s);
        s.wait(Duration::from_secs(1));
        assert_eq!(s.answer().and_then(|m| m.code()), Some(code));
        ended(s, refused(K::MeteringConfirmationReq, code, Refusal::HostSilent));
    });
    for (sign, session) in [(false, SESSION), (true, [1; 8])] {
        with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.secc.notify(s.now, N::MeteringConfirmation, 60).unwrap();
            let signature = signature();
            let header = if sign { signed(&signature) } else { header() };
            assert_eq!(s.code_on(METER, &confirmation(header, session)), code);
        });
    }
}

#[test]
fn the_state_of_a_device_is_told_on_its_own_stream() {
    let status = Stream::AcdpSystemStatus;
    with(&strict(), Service::DcAcdp, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_acdp_status(
            s.now,
            AcdpStatus {
                ready: true,
                isolation: IsolationStatus::Safe,
                associated: true,
                ..Default::default()
            },
        );
        let technical =
            EvTechnicalStatus { ev_error_code: Some(ErrorCode::OkNoEvError), ..Default::default() };
        let request = Request::AcdpSystemStatusReq(AcdpSystemStatusReq {
            header: header(),
            ev_technical_status: technical,
        });
        let Response::AcdpSystemStatusRes(m) = s.ask_on(status, &request) else { panic!() };
        assert_eq!(m.evse_mechanical_charging_device_status, M::EndPosition);
        assert!(m.evse_ready_to_charge && m.ev_association_status && m.ev_in_charge_position);
        assert_eq!(m.evse_isolation_status, IsolationStatus::Safe);
        assert_eq!(s.saw(|e| *e == E::TechnicalStatus(technical)), 1);
        s.ok(&s.round());
        s.secc.set_acdp_status(s.now, AcdpStatus { emergency: true, ..Default::default() });
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
        let Response::AcdpSystemStatusRes(m) = s.ask_on(status, &system_status()) else { panic!() };
        assert!(m.evse_emergency_shutdown);
        assert_eq!(s.code(&s.round()), C::Failed);
    });
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code_on(status, &system_status()), C::FailedSequenceError);
    });
}

static PARKING: [ValueAddedSet; 1] =
    [ValueAddedSet::Parking { id: 4, service: ParkingService::CheckIn, kind: ParkingKind::AutoExternal }];
static EXTRAS: [ValueAddedOffer<'static>; 1] =
    [ValueAddedOffer { service: ValueAdded::ParkingStatus, fee: Fee::Free, sets: &PARKING }];

fn check_in(ev_check_in_status: In) -> Request<'static> {
    Request::VehicleCheckInReq(VehicleCheckInReq {
        header: header(),
        ev_check_in_status,
        parking_method: ParkingMethod::AutoParking,
        vehicle_frame: Some(1),
        device_offset: None,
        vehicle_travel: Some(-3),
    })
}

fn check_out(ev_check_out_status: Out) -> Request<'static> {
    Request::VehicleCheckOutReq(VehicleCheckOutReq {
        header: header(),
        ev_check_out_status,
        check_out_time: 99,
    })
}

fn park(s: &mut Station<'_>) {
    s.secc.set_parking_spot(ParkingSpot { space: Some(7), device: Some(8), distance: Some(-9) });
    for (status, next) in [(In::CheckIn, None), (In::Processing, None), (In::Completed, Some(()))] {
        let Response::VehicleCheckInRes(m) = s.ask_on(Stream::Parking, &check_in(status)) else { panic!() };
        assert_eq!((m.parking_space, m.device_location, m.target_distance), (Some(7), Some(8), Some(-9)));
        let heard = CheckIn {
            status,
            method: ParkingMethod::AutoParking,
            frame: Some(1),
            offset: None,
            travel: Some(-3),
        };
        assert_eq!(s.events.last(), Some(&E::CheckIn(heard)), "{next:?}");
    }
}

#[test]
fn a_vehicle_checks_in_and_out_where_it_selected_parking() {
    let config = SeccConfig { value_added: &EXTRAS, ..strict() };
    with(&config, Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ServiceDetail);
        s.ok(&script::detail(1));
        s.ok(&script::detail(66));
        let extras = [SelectedService { service_id: 66, parameter_set_id: 4 }];
        s.ok(&selection_with(Service::Ac, 2, &extras));
        park(s);
        s.walk_to(Stage::ChargeLoop);
        let status = |s: &mut Station<'_>, status| match s.ask_on(Stream::Parking, &check_out(status)) {
            Response::VehicleCheckOutRes(m) => m.evse_check_out_status,
            other => panic!("{other:?}"),
        };
        assert_eq!(status(s, Out::CheckOut), EvseCheckOutStatus::Scheduled);
        assert_eq!(s.events.last(), Some(&E::CheckOut(CheckOut { status: Out::CheckOut, time: 99 })));
        assert_eq!(status(s, Out::Processing), EvseCheckOutStatus::Scheduled);
        assert_eq!(status(s, Out::Completed), EvseCheckOutStatus::Scheduled);
        s.secc.set_release(Release::Completed);
        assert_eq!(status(s, Out::Completed), EvseCheckOutStatus::Completed);
        s.ok(&s.round());
        // Out is out.
        assert_eq!(s.code_on(Stream::Parking, &check_out(Out::Processing)), C::FailedSequenceError);
    });
}

#[test]
fn parking_needs_its_service_or_an_automated_connection() {
    with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(s.code_on(Stream::Parking, &check_in(In::CheckIn)), C::FailedSequenceError);
    });
    with(&strict(), Service::DcAcdp, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::VehiclePositioning);
        park(s);
        s.walk_to(Stage::ChargeLoop);
        s.secc.device(s.now, device(M::Moving));
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
    });
    with(&strict(), Service::DcAcdp, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::SessionSetup);
        assert_eq!(s.code_on(Stream::Parking, &check_in(In::CheckIn)), C::FailedSequenceError);
    });
}
