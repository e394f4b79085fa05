//! Wireless charging and automated connection: finding the vehicle, reaching it, letting go of it.

mod common;

use std::time::Duration;

use common::script::{refused, session_stop, start, welding};
use common::station::{
    Station, alignment, config, connect, device, disconnect, ended, pairing, positioning, positioning_setup,
    strict, vehicle_positioning, with, wpt_parameters, wpt_round,
};
use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus as M;
use exi_codec::iso20::common_messages::ChargingSession;
use exi_codec::iso20::common_types::{NumericId, Processing, ResponseCode as C};
use exi_codec::iso20::wpt::{
    AlternativeSecc, LfSetup, WptCoordinateXyz, WptEvResult as R, WptEvpcChargeDiagnostics,
    WptFinePositioningMethod, WptLfDataPackageList, WptLfReceiverData, WptLfSystemSetupData,
    WptSpcChargeDiagnostics as D, WptTxRxSpecData,
};
use exi_codec::{Amperes, Bytes, List, Watts};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{
    PadMeasurement, Positioning, SeccConfig, SeccEvent as E, SeccTimer, VehiclePosition, WptMethods,
};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Cause, GridPermit, Refusal};

fn wireless(test: impl FnOnce(&mut Station<'_>)) {
    with(&strict(), Service::Wpt, ControlMode::Dynamic, test);
}

fn kw(kilowatts: i16) -> Watts {
    Watts::new(kilowatts, 3)
}

fn power(s: &Station<'_>) -> Watts {
    let last = s.events.iter().rev().find_map(|e| match e {
        E::WptOutput(power) => Some(*power),
        E::PowerOff => Some(Watts::ZERO),
        _ => None,
    });
    last.unwrap_or_default()
}

#[test]
fn a_wireless_session_runs_to_its_end() {
    for mode in [ControlMode::Scheduled, ControlMode::Dynamic] {
        with(&strict(), Service::Wpt, mode, |s| {
            s.walk_to(Stage::ChargeLoop);
            s.ok(&wpt_round(4));
            assert_eq!(power(s), kw(4));
            s.ok(&wpt_round(2));
            assert_eq!(power(s), kw(2));
            s.walk_to(Stage::SessionStop);
            assert_eq!(power(s), Watts::ZERO);
            s.ok(&session_stop(ChargingSession::Terminate));
            ended(s, Cause::Terminated);
        });
    }
}

#[test]
fn each_step_waits_for_both_ends() {
    let processing = |answer: Response<'_>| match answer {
        Response::WptFinePositioningRes(m) => (m.response_code, m.evse_processing),
        Response::WptPairingRes(m) => (m.response_code, m.evse_processing),
        Response::WptAlignmentCheckRes(m) => (m.response_code, m.evse_processing),
        other => panic!("{other:?}"),
    };
    wireless(|s| {
        s.walk_to(Stage::FinePositioning);
        let ask = positioning(R::EvResultUnknown);
        assert_eq!(processing(s.ask(&ask)), (C::Ok, Processing::Ongoing));
        assert_eq!(processing(s.ask(&ask)), (C::Ok, Processing::Ongoing));
        assert_eq!(s.saw(|e| matches!(e, E::FinePositioning { .. })), 1);
        s.secc.positioning(s.now, Positioning::Done);
        let Request::WptFinePositioningReq(mut m) = ask else { panic!() };
        m.ev_processing = Processing::Ongoing;
        // The vehicle is not there yet.
        assert_eq!(processing(s.ask(&Request::WptFinePositioningReq(m))), (C::Ok, Processing::Finished));
        assert_eq!(s.secc.stage(), Stage::FinePositioning);
        assert_eq!(processing(s.ask(&ask)), (C::Ok, Processing::Finished));
        assert_eq!(s.secc.stage(), Stage::Pairing);

        let Request::WptPairingReq(mut m) = pairing(R::EvResultUnknown) else { panic!() };
        m.observed_id_code = NumericId::new(42);
        assert_eq!(processing(s.ask(&Request::WptPairingReq(m))), (C::Ok, Processing::Ongoing));
        assert_eq!(s.saw(|e| matches!(e, E::Pairing { observed: Some(42), .. })), 1);
        s.secc.pairing(s.now, Positioning::Done, Some(43));
        let Response::WptPairingRes(m) = s.ask(&Request::WptPairingReq(m)) else { panic!() };
        assert_eq!(m.observed_id_code.map(NumericId::get), Some(43));

        s.walk_to(Stage::AlignmentCheck);
        let Request::WptAlignmentCheckReq(mut m) = alignment(R::EvResultUnknown) else { panic!() };
        m.target_coil_current = Some(Amperes::new(3, 0));
        assert_eq!(processing(s.ask(&Request::WptAlignmentCheckReq(m))), (C::Ok, Processing::Ongoing));
        assert_eq!(s.saw(|e| matches!(e, E::AlignmentCheck { current: Some(_), .. })), 1);
        s.secc.pad_measurement(
            s.now,
            PadMeasurement { transmitted: Some(Watts::new(50, 0)), ..PadMeasurement::default() },
        );
        s.secc.alignment(s.now, Positioning::Done);
        let Response::WptAlignmentCheckRes(m) = s.ask(&Request::WptAlignmentCheckReq(m)) else { panic!() };
        assert_eq!(m.power_transmitted, Some(Watts::new(50, 0)));
        assert_eq!(s.secc.stage(), Stage::ScheduleExchange);
    });
}

#[test]
fn what_fails_sends_the_vehicle_back() {
    // The charger does not find it.
    wireless(|s| {
        s.walk_to(Stage::FinePositioning);
        s.ok(&positioning(R::EvResultUnknown));
        s.secc.positioning(s.now, Positioning::Failed);
        assert_eq!(s.code(&positioning(R::EvResultUnknown)), C::WarningWpt);
        assert_eq!(s.secc.stage(), Stage::FinePositioning);
        s.walk_to(Stage::Pairing);
    });
    // The vehicle gives up pairing.
    wireless(|s| {
        s.walk_to(Stage::Pairing);
        assert_eq!(s.code(&pairing(R::EvResultFailed)), C::WarningWpt);
        assert_eq!(s.secc.stage(), Stage::FinePositioning);
        s.walk_to(Stage::ChargeLoop);
    });
    // The coils have moved apart.
    wireless(|s| {
        s.walk_to(Stage::AlignmentCheck);
        s.secc.alignment(s.now, Positioning::Failed);
        assert_eq!(s.code(&alignment(R::EvResultSuccess)), C::WarningWpt);
        assert_eq!(s.secc.stage(), Stage::Repositioning);
        s.walk_to(Stage::ChargeLoop);
    });
    // Nobody says anything.
    wireless(|s| {
        s.walk_to(Stage::FinePositioning);
        s.ok(&positioning(R::EvResultUnknown));
        s.wait(Duration::from_secs(30));
        s.ok(&positioning(R::EvResultUnknown));
        s.wait(Duration::from_secs(30));
        assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Positioning)), 1);
        assert_eq!(s.code(&positioning(R::EvResultUnknown)), C::WarningWpt);
    });
}

#[test]
fn a_vehicle_gone_astray_hears_of_other_chargers() {
    static OTHERS: [AlternativeSecc<'static>; 1] =
        [AlternativeSecc { ssid: None, bssid: None, ip_address: None, port: Some(50_000) }];
    let config = SeccConfig { wpt: WptMethods { alternatives: &OTHERS, ..WptMethods::MANUAL }, ..config() };
    with(&config, Service::Wpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::Pairing);
        let Response::WptPairingRes(m) = s.ask(&pairing(R::EvResultFailed)) else { panic!() };
        assert_eq!(
            m.alternative_secc_list.and_then(|list| list.first()).and_then(|other| other.port),
            Some(50_000)
        );
    });
}

#[test]
fn what_the_host_knows_of_signals_and_vendors_is_passed_on() {
    static VENDOR: [Bytes<'static>; 1] = [Bytes::new(&[1, 2, 3])];
    static SETUP: WptLfSystemSetupData<'static> = WptLfSystemSetupData {
        setup: LfSetup::LfReceiver(WptLfReceiverData {
            number_of_receivers: 2,
            rx_spec_data: List::new(&SPEC),
        }),
    };
    static SPEC: [WptTxRxSpecData; 2] = [WptTxRxSpecData {
        tx_rx_identifier: NumericId::ONE,
        tx_rx_position: WptCoordinateXyz { coord_x: 1, coord_y: 2, coord_z: 3 },
        tx_rx_orientation: WptCoordinateXyz { coord_x: 0, coord_y: 0, coord_z: 0 },
    }; 2];
    let wpt = WptMethods { low_frequency: Some(&SETUP), vendor: &VENDOR, ..WptMethods::MANUAL };
    with(&SeccConfig { wpt, ..config() }, Service::Wpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::FinePositioningSetup);
        let Response::WptFinePositioningSetupRes(m) = s.ask(&positioning_setup()) else { panic!() };
        assert_eq!(m.lf_system_setup_data, Some(SETUP));
        assert_eq!(m.vendor_specific_data_container.first(), Some(VENDOR[0]));
        let signals = WptLfDataPackageList { num_packages: 1, ..Default::default() };
        s.secc.set_lf_data(Some(signals));
        let Response::WptFinePositioningRes(m) = s.ask(&positioning(R::EvResultUnknown)) else { panic!() };
        assert_eq!(m.wpt_lf_data_package_list, Some(signals));
        s.walk_to(Stage::ChargeLoop);
        let coil_current = Some(Amperes::new(30, 0));
        s.secc.pad_measurement(s.now, PadMeasurement { coil_current, ..PadMeasurement::default() });
        let Response::WptChargeLoopRes(m) = s.ask(&wpt_round(1)) else { panic!() };
        let current = m.spc_power_control_parameter.map(|p| p.spc_primary_device_coil_current_information);
        assert_eq!(current, coil_current);
    });
}

#[test]
fn ends_that_cannot_find_or_reach_each_other_part() {
    wireless(|s| {
        s.walk_to(Stage::FinePositioningSetup);
        let Request::WptFinePositioningSetupReq(mut m) = positioning_setup() else { panic!() };
        m.ev_device_fine_positioning_method_list = List::new(&[WptFinePositioningMethod::Lpe]);
        assert_eq!(s.code(&Request::WptFinePositioningSetupReq(m)), C::FailedAssociationError);
        ended(s, refused(K::WptFinePositioningSetupReq, C::FailedAssociationError, Refusal::Content));
    });
    wireless(|s| {
        s.walk_to(Stage::ChargeParameters);
        let Request::WptChargeParameterDiscoveryReq(mut m) = wpt_parameters(11) else { panic!() };
        m.sd_min_ground_clearence = 251;
        m.sd_max_ground_clearence = 300;
        assert_eq!(s.code(&Request::WptChargeParameterDiscoveryReq(m)), C::FailedWrongChargeParameter);
    });
}

#[test]
fn the_field_is_the_least_of_all_limits_and_off_when_something_is_in_it() {
    wireless(|s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(kw(100));
        s.ok(&wpt_round(30));
        assert_eq!(power(s), kw(11));
        s.secc.set_grid_permit(GridPermit { charge: kw(3), discharge: Watts::ZERO });
        s.drain();
        assert_eq!(power(s), kw(3));
        for found in [D::SpcFodDetected, D::SpcLopDetected, D::SpcTempOverheatDetected] {
            s.secc.pad_diagnostics(s.now, found);
            s.drain();
            assert_eq!(power(s), Watts::ZERO);
            let Response::WptChargeLoopRes(m) = s.ask(&wpt_round(30)) else { panic!() };
            assert_eq!((m.spc_charge_diagnostics, m.evpc_power_request), (found, Watts::ZERO));
            s.secc.pad_diagnostics(s.now, D::SpcNoIssue);
            s.drain();
            assert_eq!(power(s), kw(3));
        }
        let Request::WptChargeLoopReq(mut m) = wpt_round(30) else { panic!() };
        m.evpc_charge_diagnostics = WptEvpcChargeDiagnostics::EvpcTempOverheatDetected;
        s.ok(&Request::WptChargeLoopReq(m));
        assert_eq!(power(s), Watts::ZERO);
    });
    wireless(|s| {
        s.walk_to(Stage::PowerDelivery);
        s.secc.pad_diagnostics(s.now, D::SpcLopDetected);
        assert_eq!(s.code(&start(ControlMode::Dynamic, 3)), C::FailedPowerDeliveryNotApplied);
    });
}

#[test]
fn a_wireless_session_resumes_with_its_limits_and_a_fresh_check() {
    use exi_codec::iso20::common_types::EvseNotification;
    wireless(|s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.notify(s.now, EvseNotification::Pause, 60).unwrap();
        s.walk_to(Stage::SessionStop);
        s.ok(&session_stop(ChargingSession::Pause));
        let id = s.secc.paused().unwrap();
        let peer = iso15118_20::Connection::new(iso15118_20::Transport::Secured, common::NOW)
            .with_peer(common::station::PEER);
        s.secc.start(s.now, &peer, [5; 8], [6; 16]);
        s.walk_to(Stage::SessionSetup);
        let request = Request::SessionSetupReq(exi_codec::iso20::common_messages::SessionSetupReq {
            header: exi_codec::iso20::common_types::MessageHeader { session_id: id, ..Default::default() },
            evcc_id: "EV1".into(),
        });
        assert_eq!(s.code(&request), C::OkOldSessionJoined);
        s.ok(&wpt_parameters(11));
        assert_eq!(s.secc.stage(), Stage::AlignmentCheck);
        s.walk_to(Stage::ChargeLoop);
    });
}

fn automated(test: impl FnOnce(&mut Station<'_>)) {
    with(&strict(), Service::DcAcdp, ControlMode::Dynamic, test);
}

#[test]
fn a_device_comes_and_goes() {
    automated(|s| {
        s.walk_to(Stage::VehiclePositioning);
        let Response::AcdpVehiclePositioningRes(m) = s.ask(&vehicle_positioning()) else { panic!() };
        assert_eq!((m.evse_processing, m.ev_in_charge_position), (Processing::Ongoing, false));
        assert_eq!(s.saw(|e| matches!(e, E::VehiclePositioning { mobility: false, support: true, .. })), 1);
        s.secc.vehicle_position(s.now, VehiclePosition { x: 3, y: -4, reached: true, ..Default::default() });
        let Response::AcdpVehiclePositioningRes(m) = s.ask(&vehicle_positioning()) else { panic!() };
        assert_eq!((m.evse_processing, m.ev_in_charge_position), (Processing::Finished, true));
        assert_eq!((m.ev_relative_x_deviation, m.ev_relative_y_deviation), (3, -4));

        s.walk_to(Stage::Connect);
        let Response::AcdpConnectRes(m) = s.ask(&connect()) else { panic!() };
        assert_eq!(
            (m.evse_processing, m.evse_mechanical_charging_device_status),
            (Processing::Ongoing, M::Home)
        );
        s.ok(&connect());
        assert_eq!(s.saw(|e| matches!(e, E::ConnectDevice { .. })), 1);
        s.secc.device(s.now, device(M::Moving));
        s.ok(&connect());
        assert_eq!(s.secc.stage(), Stage::Connect);
        s.secc.device(s.now, device(M::EndPosition));
        s.ok(&connect());
        assert_eq!(s.secc.stage(), Stage::CableCheck);
        s.walk_to(Stage::ChargeLoop);
        s.ok(&s.round());
        s.walk_to(Stage::WeldingDetection);
        s.ok(&welding());
        s.ok(&disconnect());
        assert_eq!(s.saw(|e| matches!(e, E::DisconnectDevice { .. })), 1);
        s.secc.device(s.now, device(M::Home));
        s.ok(&disconnect());
        s.ok(&session_stop(ChargingSession::Terminate));
        ended(s, Cause::Terminated);
    });
}

#[test]
fn a_device_that_does_not_arrive_ends_the_session() {
    for (stage, request, kind) in [
        (Stage::VehiclePositioning, vehicle_positioning(), K::AcdpVehiclePositioningReq),
        (Stage::Connect, connect(), K::AcdpConnectReq),
    ] {
        automated(|s| {
            s.walk_to(stage);
            s.ok(&request);
            s.wait(Duration::from_secs(30));
            s.ok(&request);
            s.wait(Duration::from_secs(30));
            assert_eq!(s.code(&request), C::FailedAssociationError);
            ended(s, refused(kind, C::FailedAssociationError, Refusal::HostSilent));
        });
    }
}

#[test]
fn a_device_that_lets_go_stops_at_once() {
    for stage in [Stage::PreCharge, Stage::ChargeLoop] {
        automated(|s| {
            s.walk_to(stage);
            s.secc.device(s.now, device(M::Moving));
            s.drain();
            assert_eq!(s.events.last(), Some(&E::PowerOff));
        });
    }
}
