//! Vehicles that have to be brought into position: wireless power and automated connection.

mod common;

use common::BUFFER;
use common::charger::{Charger, header};
use exi_codec::iso20::acdp::{
    AcdpConnectRes, AcdpSystemStatusRes, AcdpVehiclePositioningRes, MechanicalChargingDeviceStatus as Device,
};
use exi_codec::iso20::common_messages::ChargingSession;
use exi_codec::iso20::common_types::{EvseNotification as N, Processing, ResponseCode as C};
use exi_codec::iso20::wpt::{
    AlternativeSecc, WptChargeLoopRes, WptChargeParameterDiscoveryRes, WptEvResult, WptFinePositioningMethod,
    WptFinePositioningRes, WptPairingMethod, WptPairingRes,
};
use exi_codec::{Bytes, List, Watts};
use iso15118_20::evcc::{
    CheckIn, EvccConfig, EvccConfigError, EvccEvent as E, Mobility, Wish, WptDemand, WptMethods, WptResult,
    alternatives,
};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode as Mode, Family, Service};
use iso15118_20::{Cause, Timer, WptLimits};

const WPT: [Wish; 1] = [Wish::new(Service::Wpt, Mode::Scheduled)];
const ACDP: [Wish; 1] = [Wish::new(Service::DcAcdpBpt, Mode::Dynamic)];
const OPTICAL: [WptPairingMethod; 2] = [WptPairingMethod::Optical, WptPairingMethod::ExternalConfirmation];

const VENDOR: [Bytes<'static>; 1] = [Bytes::new(&[1, 2])];

fn wpt(test: impl FnOnce(&mut Charger<'_>)) {
    let methods = WptMethods { pairing: &OPTICAL, vendor: &VENDOR, ..WptMethods::MANUAL };
    let config = EvccConfig { wpt: methods, ..EvccConfig::new("EV", &WPT) };
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &config);
    c.family = Some(Family::Wpt);
    c.evcc.set_wpt_limits(WptLimits {
        max_power: Watts::new(11, 3),
        max_clearance: 250,
        min_clearance: 100,
        ..WptLimits::default()
    });
    c.evcc.set_wpt_demand(WptDemand { power: Watts::new(9, 3), ..WptDemand::default() });
    c.connect();
    test(&mut c);
}

/// Answers well; positioning, pairing and alignment succeed.
fn wpt_pass(c: &mut Charger<'_>) -> K {
    let kind = c.request();
    match kind {
        K::WptChargeParameterDiscoveryReq => {
            c.reply(&Response::WptChargeParameterDiscoveryRes(WptChargeParameterDiscoveryRes {
                header: header(),
                sd_max_output_power: Watts::new(8, 3),
                sd_max_ground_clearance_support: 200,
                ..Default::default()
            }));
        }
        K::WptChargeLoopReq => {
            c.reply(&Response::WptChargeLoopRes(WptChargeLoopRes {
                header: header(),
                spc_max_output_power_limit: Watts::new(5, 3),
                ..Default::default()
            }));
        }
        _ => c.ok(),
    }
    match c.evcc.stage() {
        Stage::FinePositioning | Stage::Repositioning => c.evcc.positioned(c.now, WptResult::Success),
        Stage::Pairing => c.evcc.paired(c.now, WptResult::Success, Some(77)),
        Stage::AlignmentCheck => c.evcc.aligned(c.now, WptResult::Success),
        _ => {}
    }
    kind
}

fn wpt_to(c: &mut Charger<'_>, stage: Stage) {
    for _ in 0..100 {
        if c.evcc.stage() == stage {
            return;
        }
        wpt_pass(c);
    }
    panic!("never at {stage}: {:?}", c.evcc.end());
}

fn wished_power(c: &Charger<'_>) -> Watts {
    c.see(|request| match request {
        Request::WptChargeLoopReq(m) => m.evpc_power_request,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_wireless_session_from_positioning_to_the_end() {
    wpt(|c| {
        wpt_to(c, Stage::ChargeLoop);
        assert_eq!(
            c.flow(),
            [
                K::SupportedAppProtocolReq,
                K::SessionSetupReq,
                K::WptFinePositioningSetupReq,
                K::WptFinePositioningReq,
                K::WptPairingReq,
                K::AuthorizationSetupReq,
                K::AuthorizationReq,
                K::ServiceDiscoveryReq,
                K::ServiceDetailReq,
                K::ServiceSelectionReq,
                K::WptChargeParameterDiscoveryReq,
                K::WptAlignmentCheckReq,
                K::ScheduleExchangeReq,
                K::PowerDeliveryReq,
            ]
        );
        assert_eq!(c.saw(|e| matches!(e, E::Position { method: WptFinePositioningMethod::Manual, .. })), 1);
        // The charger knows only one of the ways.
        assert_eq!(c.saw(|e| matches!(e, E::Pair { method: WptPairingMethod::ExternalConfirmation, .. })), 1);
        assert_eq!(c.saw(|e| matches!(e, E::Align { .. })), 1);
        assert_eq!(c.saw(|e| matches!(e, E::WptStationLimits(_))), 1);
        // Own wish, then the pad, then the limit of the moment.
        c.request();
        assert_eq!(wished_power(c), Watts::new(8, 3));
        c.reply(&Response::WptChargeLoopRes(WptChargeLoopRes {
            header: header(),
            spc_max_output_power_limit: Watts::new(5, 3),
            ..Default::default()
        }));
        c.request();
        assert_eq!(wished_power(c), Watts::new(5, 3));
        c.evcc.stop(c.now);
        c.ok();
        assert_eq!(c.finish(), Cause::Terminated);
        assert_eq!(c.flow()[14..], [K::WptChargeLoopReq, K::PowerDeliveryReq, K::SessionStopReq]);
    });
}

#[test]
fn the_vehicle_repeats_that_it_moves_until_it_stands() {
    wpt(|c| {
        c.walk_to(Stage::FinePositioning);
        for _ in 0..3 {
            assert_eq!(c.request(), K::WptFinePositioningReq);
            c.see(|request| match request {
                Request::WptFinePositioningReq(m) => {
                    assert!(m.vendor_specific_data_container.iter().eq([Bytes::new(&[1, 2])]));
                    assert_eq!(
                        (m.ev_processing, m.ev_result_code),
                        (Processing::Ongoing, WptEvResult::EvResultUnknown)
                    );
                }
                other => panic!("{other:?}"),
            });
            c.ok();
        }
        c.evcc.positioned(c.now, WptResult::Success);
        assert_eq!(c.request(), K::WptFinePositioningReq);
        // The charger is not done yet: the same again.
        let ongoing = WptFinePositioningRes {
            header: header(),
            evse_processing: Processing::Ongoing,
            ..Default::default()
        };
        c.reply(&Response::WptFinePositioningRes(ongoing));
        assert_eq!(c.evcc.stage(), Stage::FinePositioning);
        assert_eq!(c.pass(), K::WptFinePositioningReq);
        assert_eq!(c.evcc.stage(), Stage::Pairing);
    });
}

#[test]
fn a_host_that_never_parks_does_not_hold_the_session() {
    wpt(|c| {
        assert_eq!(c.finish_within(4000), Cause::Timeout(Timer::Ongoing(K::WptFinePositioningReq)));
    });
    wpt(|c| {
        c.walk_to(Stage::FinePositioning);
        c.evcc.positioned(c.now, WptResult::Failed);
        assert_eq!(c.finish(), Cause::PositioningFailed);
    });
}

#[test]
fn chargers_nearby_are_told_of_where_pairing_fails() {
    wpt(|c| {
        wpt_to(c, Stage::Pairing);
        c.request();
        let others = [
            AlternativeSecc { ssid: Some("bay-2".into()), port: Some(61_851), ..Default::default() },
            AlternativeSecc { ip_address: Some("fe80::2".into()), ..Default::default() },
        ];
        let response = |alternative_secc_list| {
            Response::WptPairingRes(WptPairingRes {
                header: header(),
                response_code: C::WarningWpt,
                alternative_secc_list,
                ..Default::default()
            })
        };
        let mut frame = [0; 512];
        let len = response(Some(List::new(&others))).encode(&mut frame).unwrap();
        let received = c.evcc.handle_input(c.now, &frame[..len]);
        let list = alternatives(&received).expect("a list");
        assert!(list.iter().eq(others));
        c.drain();
        assert_eq!(c.saw(|e| *e == E::AlternativeStations), 1);
        assert_eq!(c.evcc.stage(), Stage::FinePositioning);
        // One without names tells nothing.
        c.evcc.positioned(c.now, WptResult::Success);
        wpt_to(c, Stage::Pairing);
        c.request();
        c.reply(&response(None));
        assert_eq!(c.saw(|e| *e == E::AlternativeStations), 1);
    });
}

#[test]
fn a_warning_leads_back_to_positioning_a_bounded_number_of_times() {
    wpt(|c| {
        wpt_to(c, Stage::Pairing);
        c.request();
        c.code = C::WarningWpt;
        c.ok();
        assert_eq!(c.evcc.stage(), Stage::FinePositioning);
        c.evcc.positioned(c.now, WptResult::Success);
        wpt_to(c, Stage::AlignmentCheck);
        c.evcc.aligned(c.now, WptResult::Success);
        c.request();
        c.code = C::WarningWpt;
        c.ok();
        assert_eq!(c.evcc.stage(), Stage::Repositioning);
        assert_eq!(c.saw(|e| matches!(e, E::Position { .. })), 3);
        for _ in 0..20 {
            if c.evcc.end().is_none() {
                c.evcc.positioned(c.now, WptResult::Success);
                if c.request() == K::WptFinePositioningReq {
                    c.code = C::WarningWpt;
                }
                c.ok();
            }
        }
        let cause = Cause::Failed { request: K::WptFinePositioningReq, code: C::WarningWpt };
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(cause));
    });
}

#[test]
fn a_vehicle_without_a_way_to_find_the_coil_is_refused() {
    let methods = WptMethods { positioning: &[], ..WptMethods::MANUAL };
    let config = EvccConfig { wpt: methods, ..EvccConfig::new("EV", &WPT) };
    let mut buffer = [0; 16];
    let evcc = iso15118_20::evcc::Evcc::new(&config, &mut buffer);
    assert_eq!(evcc.err(), Some(EvccConfigError::Methods));
}

fn acdp(test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &EvccConfig::new("EV", &ACDP));
    c.family = Some(Family::Acdp);
    c.connect();
    test(&mut c);
}

/// Answers well, after some rounds of moving.
fn acdp_pass(c: &mut Charger<'_>, moving: bool) -> K {
    let kind = c.request();
    let evse_processing = if moving { Processing::Ongoing } else { Processing::Finished };
    let connect = |place| AcdpConnectRes {
        header: header(),
        evse_processing,
        evse_mechanical_charging_device_status: if moving { Device::Moving } else { place },
        ..Default::default()
    };
    match kind {
        K::AcdpVehiclePositioningReq => {
            c.reply(&Response::AcdpVehiclePositioningRes(AcdpVehiclePositioningRes {
                header: header(),
                evse_processing,
                ev_relative_x_deviation: -40,
                ev_in_charge_position: !moving,
                ..Default::default()
            }));
        }
        K::AcdpConnectReq => c.reply(&Response::AcdpConnectRes(connect(Device::EndPosition))),
        K::AcdpDisconnectReq => c.reply(&Response::AcdpDisconnectRes(connect(Device::Home))),
        _ => c.ok(),
    }
    kind
}

fn acdp_to(c: &mut Charger<'_>, stage: Stage) {
    for round in 0..200 {
        if c.evcc.stage() == stage {
            return;
        }
        acdp_pass(c, round % 2 == 0);
    }
    panic!("never at {stage}: {:?}", c.evcc.end());
}

#[test]
fn an_automated_connection_from_positioning_to_home() {
    acdp(|c| {
        acdp_to(c, Stage::VehiclePositioning);
        c.evcc.set_mobility(Mobility::Immobilized);
        acdp_to(c, Stage::ChargeLoop);
        for _ in 0..20 {
            acdp_pass(c, false);
        }
        c.evcc.stop(c.now);
        acdp_to(c, Stage::SessionStop);
        assert_eq!(c.finish(), Cause::Terminated);
        assert_eq!(
            c.flow(),
            [
                K::SupportedAppProtocolReq,
                K::SessionSetupReq,
                K::AcdpVehiclePositioningReq,
                K::AuthorizationSetupReq,
                K::AuthorizationReq,
                K::ServiceDiscoveryReq,
                K::ServiceDetailReq,
                K::ServiceSelectionReq,
                K::DcChargeParameterDiscoveryReq,
                K::ScheduleExchangeReq,
                K::AcdpConnectReq,
                K::DcCableCheckReq,
                K::DcPreChargeReq,
                K::PowerDeliveryReq,
                K::DcChargeLoopReq,
                K::PowerDeliveryReq,
                K::DcWeldingDetectionReq,
                K::AcdpDisconnectReq,
                K::SessionStopReq,
            ]
        );
        let status = c.sent.iter().filter(|(stream, _)| *stream == Stream::AcdpSystemStatus);
        assert!(status.count() > 1);
        assert!(c.saw(|e| matches!(e, E::AcdpPosition(p) if p.deviation.0 == -40)) > 0);
        assert!(c.saw(|e| *e == E::DeviceMoves) >= 2);
    });
}

#[test]
fn half_a_contact_is_not_energised() {
    acdp(|c| {
        acdp_to(c, Stage::Connect);
        while c.request() != K::AcdpConnectReq {
            c.ok();
        }
        c.reply(&Response::AcdpConnectRes(AcdpConnectRes {
            header: header(),
            evse_mechanical_charging_device_status: Device::Moving,
            ..Default::default()
        }));
        assert_eq!(c.finish(), Cause::InvalidResponse(K::AcdpConnectRes));
        assert_eq!(c.count(K::DcCableCheckReq), 0);
    });
}

#[test]
fn an_emergency_of_the_device_stops_the_session() {
    for stage in [Stage::Connect, Stage::CableCheck, Stage::ChargeLoop] {
        acdp(|c| {
            acdp_to(c, stage);
            while c.request() != K::AcdpSystemStatusReq {
                c.ok();
            }
            c.reply(&Response::AcdpSystemStatusRes(AcdpSystemStatusRes {
                header: header(),
                evse_emergency_shutdown: true,
                ..Default::default()
            }));
            while c.evcc.end().is_none() {
                acdp_pass(c, false);
            }
            assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::StationFault));
        });
    }
}

#[test]
fn silence_of_the_device_stops_the_session() {
    acdp(|c| {
        acdp_to(c, Stage::ChargeLoop);
        while c.evcc.end().is_none() {
            if c.request() == K::AcdpSystemStatusReq {
                continue;
            }
            let kind = c.sent.last().unwrap().1;
            match kind {
                K::AcdpDisconnectReq => {
                    let response = AcdpConnectRes { header: header(), ..Default::default() };
                    c.reply(&Response::AcdpDisconnectRes(response));
                }
                _ => c.ok(),
            }
        }
        let cause = Cause::Timeout(Timer::Message(K::AcdpSystemStatusReq));
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(cause));
    });
}

#[test]
fn a_device_pauses_home_and_vehicles_may_check_in_before_everything() {
    acdp(|c| {
        acdp_to(c, Stage::VehiclePositioning);
        c.evcc.check_in(c.now, CheckIn::default()).unwrap();
        while c.request() != K::VehicleCheckInReq {
            c.ok();
        }
        c.ok();
        acdp_to(c, Stage::ChargeLoop);
        c.notification = Some((N::Pause, 60));
        acdp_to(c, Stage::SessionStop);
        while c.request() != K::SessionStopReq {
            c.ok();
        }
        c.see(|request| match request {
            Request::SessionStopReq(m) => assert_eq!(m.charging_session, ChargingSession::Pause),
            other => panic!("{other:?}"),
        });
        c.ok();
        assert!(c.evcc.paused().is_some());
        // Resumed where it stands: no positioning.
        c.notification = None;
        c.family = None;
        c.connect();
        c.pass();
        c.code = C::OkOldSessionJoined;
        c.pass();
        acdp_to(c, Stage::ChargeLoop);
    });
}
