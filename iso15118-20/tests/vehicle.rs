//! The vehicle against a scripted charger: services, AC, DC.

mod common;

use common::BUFFER;
use common::charger::{Charger, Set, both_modes};
use exi_codec::iso20::ac::{AcCpdReqMode, ClReqControlMode as AcRound};
use exi_codec::iso20::common_messages::{
    ChargeProgress, EvAbsolutePriceSchedule, EvEnergyOffer, EvPowerSchedule, EvPowerScheduleEntry,
    EvPriceRule, EvPriceRuleStack, SeReqControlMode,
};
use exi_codec::iso20::common_types::ResponseCode;
use exi_codec::iso20::dc::ClReqControlMode as DcRound;
use exi_codec::{Amperes, List, RationalNumber, WattHours, Watts};
use iso15118_20::evcc::{
    DischargePermit, EvccConfig, EvccConfigError, EvccEvent as E, MAX_WISHES, Needs, ValueAddedWish, Wish,
};
use iso15118_20::message::{MessageKind as K, Request};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{
    BptChannel, ControlMode as Mode, InternetProtocol, ParkingKind, ParkingService, Pricing, Service,
};
use iso15118_20::{AcMeasurement, AcOutput, Cause, Phases, Trace, TraceEvent, TraceRecord};

fn run(wishes: &[Wish], test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, &EvccConfig::new("EV", wishes));
    charger.connect();
    test(&mut charger);
}

#[test]
fn the_engine_is_small() {
    assert!(size_of::<iso15118_20::evcc::Evcc<'_>>() <= 4096, "{}", size_of::<iso15118_20::evcc::Evcc<'_>>());
}

#[test]
fn all_wished_families_are_offered_and_the_answer_is_followed() {
    let wishes = [
        Wish::new(Service::DcBpt, Mode::Dynamic),
        Wish::new(Service::Ac, Mode::Dynamic),
        Wish::new(Service::Dc, Mode::Dynamic),
        Wish::new(Service::AcBpt, Mode::Scheduled),
    ];
    run(&wishes, |c| {
        assert_eq!(c.request(), K::SupportedAppProtocolReq);
        let offered = c.see(|request| match request {
            Request::SupportedAppProtocolReq(message) => message
                .app_protocol
                .iter()
                .map(|p| (p.protocol_namespace.chars().collect::<String>(), p.schema_id, p.priority.get()))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        assert_eq!(
            offered,
            [("urn:iso:std:iso:15118:-20:DC".into(), 1, 1), ("urn:iso:std:iso:15118:-20:AC".into(), 2, 2)]
        );
        c.schema_id = 2;
        c.ok();
        c.walk_to(Stage::ServiceDiscovery);
        assert_eq!(c.request(), K::ServiceDiscoveryReq);
        let ids = c.see(|request| match request {
            Request::ServiceDiscoveryReq(m) => m.supported_service_ids.unwrap().iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        assert_eq!(ids, [1, 5]);
        c.ok();
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.evcc.selection().unwrap().service, Service::Ac);
    });
    run(&wishes, |c| {
        c.schema_id = 3;
        c.pass();
        assert_eq!(c.evcc.end().map(|e| e.cause), Some(Cause::InvalidResponse(K::SupportedAppProtocolRes)));
    });
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let many = [Wish::new(Service::Dc, Mode::Dynamic); MAX_WISHES + 1];
    let der = [Wish::new(Service::AcDerIec, Mode::Dynamic)];
    for (wishes, error) in [
        (&many[..], EvccConfigError::Wishes),
        (&[], EvccConfigError::Wishes),
        (&der[..], EvccConfigError::Family),
    ] {
        let mut buffer = [0; 16];
        let evcc = iso15118_20::evcc::Evcc::new(&EvccConfig::new("EV", wishes), &mut buffer);
        assert_eq!(evcc.err(), Some(error));
    }
}

#[test]
fn a_set_is_chosen_by_all_that_the_wish_says() {
    let sets = || {
        vec![
            Set::new(10, Mode::Dynamic).with("Connector", 1),
            Set::new(11, Mode::Dynamic).with("Connector", 7),
            Set::new(12, Mode::Scheduled).with("Connector", 3),
            Set::new(13, Mode::Dynamic).with("Connector", 3),
            Set::new(14, Mode::Dynamic).with("Connector", 2).with("Pricing", 2),
        ]
    };
    let wish = Wish::new(Service::Ac, Mode::Dynamic);
    for (wish, id) in [
        (wish, 10),
        (wish.with_connector(1), 10),
        // The three-phase connector has two numbers in the field.
        (wish.with_connector(2), 13),
        (wish.with_connector(3), 13),
        (wish.with_pricing(Pricing::Levels), 14),
        (Wish::new(Service::Ac, Mode::Scheduled), 12),
    ] {
        run(&[wish], |c| {
            c.services = vec![(1, sets())];
            c.walk_to(Stage::ChargeParameters);
            assert_eq!(c.evcc.selection().map(|s| s.parameters.id), Some(id), "{wish:?}");
        });
    }
    run(&[wish.with_pricing(Pricing::Absolute)], |c| {
        c.services = vec![(1, sets())];
        assert_eq!(c.finish(), Cause::NoService);
    });
    run(&[Wish::new(Service::DcBpt, Mode::Dynamic).with_channel(BptChannel::Separated)], |c| {
        c.services =
            vec![(6, vec![Set::new(1, Mode::Dynamic), Set::new(2, Mode::Dynamic).with("BPTChannel", 2)])];
        c.walk_to(Stage::PowerDelivery);
        assert_eq!(c.evcc.selection().map(|s| s.parameters.id), Some(2));
        assert_eq!(c.request(), K::PowerDeliveryReq);
        let channel = c.see(|request| match request {
            Request::PowerDeliveryReq(m) => m.bpt_channel_selection,
            _ => None,
        });
        assert_eq!(channel, Some(exi_codec::iso20::common_messages::ChannelSelection::Charge));
    });
}

#[test]
fn value_added_services_are_selected_beside_energy() {
    let wishes = [Wish::new(Service::Dc, Mode::Dynamic)];
    let extras = [
        ValueAddedWish::Internet(InternetProtocol::Https),
        ValueAddedWish::Parking(ParkingService::CheckOut, ParkingKind::ManualInternal),
        ValueAddedWish::Internet(InternetProtocol::FtpData),
    ];
    let mut buffer = [0; BUFFER];
    let config = EvccConfig { value_added: &extras, ..EvccConfig::new("EV", &wishes) };
    let mut c = Charger::new(&mut buffer, &config);
    c.services = vec![
        both_modes(Service::Dc),
        (65, vec![Set { id: 3, values: vec![("Port", 80)] }, Set { id: 4, values: vec![("Port", 443)] }]),
        (66, vec![Set { id: 9, values: vec![("IntendedService", 2), ("ParkingStatusType", 3)] }]),
    ];
    c.connect();
    c.walk_to(Stage::ServiceSelection);
    assert_eq!(c.pass(), K::ServiceDetailReq);
    assert_eq!(c.pass(), K::ServiceDetailReq);
    assert_eq!(c.request(), K::ServiceSelectionReq);
    let selected = c.see(|request| match request {
        Request::ServiceSelectionReq(m) => {
            m.selected_vas_list.unwrap().iter().map(|s| (s.service_id, s.parameter_set_id)).collect()
        }
        _ => Vec::new(),
    });
    assert_eq!(selected, [(65, 4), (66, 9)]);
    c.ok();
    assert_eq!(c.evcc.value_added().iter().flatten().count(), 2);
}

#[test]
fn ac_goes_straight_from_schedule_to_power() {
    for (service, mode) in [
        (Service::Ac, Mode::Dynamic),
        (Service::Ac, Mode::Scheduled),
        (Service::AcBpt, Mode::Dynamic),
        (Service::AcBpt, Mode::Scheduled),
    ] {
        run(&[Wish::new(service, mode)], |c| {
            c.walk_to(Stage::ChargeLoop);
            c.pass();
            c.pass();
            c.evcc.stop(c.now);
            assert_eq!(c.finish(), Cause::Terminated);
            assert_eq!(
                c.flow(),
                [
                    K::SupportedAppProtocolReq,
                    K::SessionSetupReq,
                    K::AuthorizationSetupReq,
                    K::AuthorizationReq,
                    K::ServiceDiscoveryReq,
                    K::ServiceDetailReq,
                    K::ServiceSelectionReq,
                    K::AcChargeParameterDiscoveryReq,
                    K::ScheduleExchangeReq,
                    K::PowerDeliveryReq,
                    K::AcChargeLoopReq,
                    K::PowerDeliveryReq,
                    K::SessionStopReq,
                ]
            );
            assert_eq!(c.saw(|e| *e == E::RequestPower), 1);
            assert_eq!(c.saw(|e| matches!(e, E::OpenContactor { .. })), 1);
            assert_eq!(c.saw(|e| matches!(e, E::AcStationLimits(_))), 1);
        });
    }
}

fn outputs(c: &Charger<'_>) -> Vec<Watts> {
    let output = |e: &E| match e {
        E::AcOutput(output) => Some(output.active.total()),
        _ => None,
    };
    c.events.iter().filter_map(output).collect()
}

#[test]
fn dynamic_ac_follows_the_target_within_limits_service_and_permit() {
    run(&[Wish::new(Service::AcBpt, Mode::Dynamic)], |c| {
        c.walk_to(Stage::ChargeLoop);
        for kilowatts in [5, 30, 1, -3, -20, 4] {
            c.target = Watts::new(kilowatts, 3);
            c.pass();
        }
        let kw = |value| Watts::new(value, 3);
        // Less than the least that charges is nothing at all.
        assert_eq!(outputs(c), [kw(5), kw(11), kw(0), kw(-3), kw(-7), kw(4)]);
        c.target = Watts::new(-3, 3);
        c.pass();
        c.evcc.set_discharge_permit(DischargePermit::Forbidden);
        c.drain();
        assert_eq!(outputs(c).last(), Some(&kw(0)));
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.see(|request| match request {
            Request::AcChargeLoopReq(m) => match m.control_mode {
                AcRound::BptDynamic(m) => assert!(m.ev_maximum_discharge_power.is_zero()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
        c.ok();
        c.evcc.set_discharge_permit(DischargePermit::Allowed);
        // A battery below its minimum gives nothing.
        c.evcc.set_needs(Needs { min_energy: WattHours::new(1, 3), ..Needs::default() });
        c.pass();
        assert_eq!(outputs(c).last(), Some(&kw(0)));
        c.target = kw(6);
        c.pass();
        c.evcc.stop(c.now);
        c.drain();
        assert_eq!(
            c.events.iter().rev().find(|e| matches!(e, E::AcOutput(_))),
            Some(&E::AcOutput(AcOutput::ZERO))
        );
        assert_eq!(c.request(), K::PowerDeliveryReq);
    });
    run(&[Wish::new(Service::Ac, Mode::Dynamic)], |c| {
        c.walk_to(Stage::ChargeLoop);
        c.target = Watts::new(-5, 3);
        c.pass();
        assert_eq!(outputs(c), []);
    });
}

#[test]
fn scheduled_ac_keeps_to_the_schedule_and_corrects_violations() {
    run(&[Wish::new(Service::Ac, Mode::Scheduled)], |c| {
        c.schedule = vec![(60, Watts::new(6, 3)), (3600, Watts::new(3, 3))];
        c.walk_to(Stage::PowerDelivery);
        assert_eq!(c.request(), K::PowerDeliveryReq);
        let profile = c.see(|request| match request {
            Request::PowerDeliveryReq(m) => {
                assert_eq!(m.charge_progress, ChargeProgress::Start);
                let profile = m.ev_power_profile.unwrap();
                profile.ev_power_profile_entries.iter().map(|e| (e.duration, e.power)).collect()
            }
            _ => Vec::new(),
        });
        assert_eq!(profile, [(60, Watts::new(6, 3)), (3600, Watts::new(3, 3))]);
        c.ok();
        c.pass();
        c.code = ResponseCode::WarningEvPowerProfileViolation;
        c.pass();
        c.pass();
        c.wait(std::time::Duration::from_secs(61));
        // The charger's answer was due; the schedule moves with time.
        c.pass();
        assert_eq!(outputs(c), [Watts::new(6, 3), Watts::new(54, 2), Watts::new(6, 3), Watts::new(3, 3)]);
    });
}

#[test]
fn ac_phases_are_reported_and_limited_one_by_one() {
    run(&[Wish::new(Service::Ac, Mode::Dynamic)], |c| {
        let each = |w| Phases::Each([Watts::new(w, 0); 3]);
        c.evcc.set_ac_limits(iso15118_20::AcLimits {
            max_charge: each(3600),
            min_charge: each(1400),
            discharge: None,
        });
        c.walk_to(Stage::ChargeParameters);
        assert_eq!(c.request(), K::AcChargeParameterDiscoveryReq);
        c.see(|request| match request {
            Request::AcChargeParameterDiscoveryReq(m) => match m.energy_transfer_mode {
                AcCpdReqMode::Ac(m) => {
                    assert_eq!(m.ev_maximum_charge_power_l3, Some(Watts::new(3600, 0)));
                }
                AcCpdReqMode::BptAc(_) => panic!(),
            },
            other => panic!("{other:?}"),
        });
        c.ok();
        c.walk_to(Stage::ChargeLoop);
        c.evcc.ac_measurement(c.now, AcMeasurement { active: each(2000), ..AcMeasurement::default() });
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.see(|request| match request {
            Request::AcChargeLoopReq(m) => match m.control_mode {
                AcRound::Dynamic(m) => assert_eq!(m.ev_present_active_power_l2, Some(Watts::new(2000, 0))),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
        c.ok();
        // Energy that flows back unasked for.
        c.evcc.ac_measurement(c.now, AcMeasurement { active: each(-500), ..AcMeasurement::default() });
        assert_eq!(c.request(), K::PowerDeliveryReq);
        assert_eq!(c.saw(|e| matches!(e, E::AcOutput(_))), 2);
        c.ok();
        assert_eq!(c.finish(), Cause::UnsafeCurrent);
    });
}

#[test]
fn mcs_speaks_dc() {
    for service in [Service::Mcs, Service::McsBpt, Service::Dc, Service::DcBpt] {
        run(&[Wish::new(service, Mode::Scheduled)], |c| {
            c.walk_to(Stage::ChargeLoop);
            assert_eq!(c.evcc.selection().map(|s| s.service), Some(service));
            c.pass();
            c.evcc.stop(c.now);
            assert_eq!(c.finish(), Cause::Terminated);
            assert_eq!(
                c.flow()[7..],
                [
                    K::DcChargeParameterDiscoveryReq,
                    K::ScheduleExchangeReq,
                    K::DcCableCheckReq,
                    K::DcPreChargeReq,
                    K::PowerDeliveryReq,
                    K::DcChargeLoopReq,
                    K::PowerDeliveryReq,
                    K::DcWeldingDetectionReq,
                    K::SessionStopReq,
                ]
            );
        });
    }
}

#[test]
fn scheduled_dc_keeps_to_the_schedule() {
    run(&[Wish::new(Service::Dc, Mode::Scheduled)], |c| {
        c.schedule = vec![(3600, Watts::new(3800, 0))];
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.request(), K::DcChargeLoopReq);
        c.see(|request| match request {
            Request::DcChargeLoopReq(m) => match m.control_mode {
                DcRound::Scheduled(m) => assert_eq!(m.ev_target_current, Amperes::new(10, 0)),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
    });
}

#[test]
fn live_limits_never_go_beyond_the_declared_ones() {
    run(&[Wish::new(Service::Dc, Mode::Dynamic)], |c| {
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        let limits = c.events.iter().rev().find_map(|e| match e {
            E::StationStatus(status) => Some(status.limits.charge),
            _ => None,
        });
        let limits = limits.unwrap();
        assert_eq!((limits.max_power, limits.max_current), (Watts::new(30, 3), Amperes::new(60, 0)));
    });
}

#[test]
fn a_meter_reading_and_an_offer_of_energy_are_asked_for_and_made() {
    let rules = [EvPriceRule { energy_fee: RationalNumber::new(30, -2), power_range_start: Watts::ZERO }];
    let stacks = [EvPriceRuleStack { duration: 3600, ev_price_rule: List::new(&rules) }];
    let entries = [EvPowerScheduleEntry { duration: 3600, power: Watts::new(-5, 3) }];
    let offer = EvEnergyOffer {
        ev_power_schedule: EvPowerSchedule { time_anchor: 1, ev_power_schedule_entries: List::new(&entries) },
        ev_absolute_price_schedule: EvAbsolutePriceSchedule {
            time_anchor: 1,
            currency: "EUR".into(),
            price_algorithm: "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power".into(),
            ev_price_rule_stacks: List::new(&stacks),
        },
    };
    let wishes = [Wish::new(Service::AcBpt, Mode::Scheduled)];
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &EvccConfig::new("EV", &wishes));
    c.evcc.set_energy_offer(Some(offer));
    c.connect();
    c.walk_to(Stage::ScheduleExchange);
    assert_eq!(c.request(), K::ScheduleExchangeReq);
    c.see(|request| match request {
        Request::ScheduleExchangeReq(m) => match m.control_mode {
            SeReqControlMode::Scheduled(m) => assert_eq!(m.ev_energy_offer, Some(offer)),
            SeReqControlMode::Dynamic(_) => panic!(),
        },
        other => panic!("{other:?}"),
    });
    c.ok();
    c.walk_to(Stage::ChargeLoop);
    c.evcc.request_meter();
    for _ in 0..2 {
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.see(|request| match request {
            Request::AcChargeLoopReq(m) => assert!(m.meter_info_requested),
            other => panic!("{other:?}"),
        });
        c.ok();
    }
}

#[test]
fn a_trace_sees_everything() {
    use std::sync::Mutex;
    static SEEN: Mutex<Vec<TraceEvent>> = Mutex::new(Vec::new());
    fn hook(record: &TraceRecord, user: usize) {
        assert_eq!(user, 7);
        SEEN.lock().unwrap().push(record.event);
    }
    let wishes = [Wish::new(Service::Dc, Mode::Dynamic)];
    let mut buffer = [0; BUFFER];
    let config = EvccConfig { trace: Some(Trace { hook, user: 7 }), ..EvccConfig::new("EV", &wishes) };
    let mut c = Charger::new(&mut buffer, &config);
    c.connect();
    c.walk_to(Stage::ChargeLoop);
    c.code = ResponseCode::Failed;
    c.pass();
    let seen = SEEN.lock().unwrap();
    let loop_failed = TraceEvent::Received {
        stream: Stream::Main,
        kind: K::DcChargeLoopRes,
        code: Some(ResponseCode::Failed),
    };
    assert!(seen.contains(&loop_failed));
    let cause = Cause::Failed { request: K::DcChargeLoopReq, code: ResponseCode::Failed };
    assert_eq!(seen.last(), Some(&TraceEvent::Ended(cause)));
    assert!(seen.iter().any(|e| matches!(e, TraceEvent::EvccExpired(_))));
    assert_eq!(c.evcc.last_messages()[..2], [Some(K::DcChargeLoopRes), Some(K::DcChargeLoopReq)]);
}
