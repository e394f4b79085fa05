//! Protocols, services, value-added services, costs, traces, sizes.

mod common;

use std::cell::RefCell;

use common::NOW;
use common::script::{self, LENIENT, detail, header, offer, protocol, session_stop};
use common::station::{ALL, Station, config, ended, selection_with, with};
use exi_codec::app_protocol::{AppProtocol, ResponseCode as Negotiation};
use exi_codec::iso20::common_messages::{
    ChargingSession, ParameterValue, SelectedService, ServiceDiscoveryReq,
};
use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, NumericId, ResponseCode as C};
use exi_codec::{List, RationalNumber};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::price::{Costs, Taxes};
use iso15118_20::secc::{AnswerError, ConfigError, Meter, MeterDetail, Secc, SeccConfig, SeccEvent as E};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{
    ControlMode, Family, Fee, InternetProtocol, MobilityNeeds, Offer, Parameters, ParkingKind,
    ParkingService, Service, ValueAdded, ValueAddedOffer, ValueAddedSet,
};
use iso15118_20::{Cause, Connection, Refusal, Trace, TraceEvent, TraceRecord, Transport};

fn entry(family: Family, schema_id: u8, priority: u16) -> AppProtocol<'static> {
    AppProtocol { protocol_namespace: family.namespace().into(), ..protocol(1, 0, schema_id, priority) }
}

#[test]
fn the_family_of_the_best_protocol_is_spoken() {
    let dc = &ALL[..2];
    for (offers, protocols, expected) in [
        (ALL, vec![entry(Family::Dc, 1, 2), entry(Family::Ac, 2, 1)], Some((2, Family::Ac))),
        (ALL, vec![entry(Family::Wpt, 3, 9), entry(Family::Acdp, 4, 7)], Some((4, Family::Acdp))),
        (dc, vec![entry(Family::Dc, 1, 2), entry(Family::Ac, 2, 1)], Some((1, Family::Dc))),
        (dc, vec![entry(Family::Ac, 2, 1)], None),
    ] {
        with(&SeccConfig { offers, ..config() }, Service::Dc, ControlMode::Dynamic, |s| {
            let Response::SupportedAppProtocolRes(m) = s.ask(&offer(&protocols)) else { panic!() };
            assert_eq!(m.schema_id, expected.map(|(schema, _)| schema));
            let Some((_, family)) = expected else {
                assert_eq!(m.response_code, Negotiation::FailedNoNegotiation);
                return ended(s, Cause::NoProtocol);
            };
            s.service = offers.iter().find(|o| o.service.family() == family).unwrap().service;
            s.walk_to(Stage::ServiceDiscovery);
            let Response::ServiceDiscoveryRes(m) = s.ask(&script::discovery()) else { panic!() };
            let listed: Vec<_> =
                m.energy_transfer_service_list.iter().map(|service| service.service_id).collect();
            let own: Vec<_> =
                offers.iter().filter(|o| o.service.family() == family).map(|o| o.service.number()).collect();
            assert_eq!(listed, own);
        });
    }
}

#[test]
fn services_of_other_families_cannot_be_asked_for() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ServiceDetail);
        assert_eq!(s.code(&detail(2)), C::FailedServiceIdInvalid);
    });
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ServiceDetail);
        s.ok(&detail(1));
        assert_eq!(s.code(&script::selection(2, 2)), C::FailedNoEnergyTransferServiceSelected);
    });
}

static INTERNET: [ValueAddedSet; 2] =
    [ValueAddedSet::Internet(InternetProtocol::Http), ValueAddedSet::Internet(InternetProtocol::Https)];
static PARKING: [ValueAddedSet; 1] =
    [ValueAddedSet::Parking { id: 9, service: ParkingService::CheckOut, kind: ParkingKind::ManualInternal }];
static EXTRAS: [ValueAddedOffer<'static>; 2] = [
    ValueAddedOffer { service: ValueAdded::Internet, fee: Fee::Paid, sets: &INTERNET },
    ValueAddedOffer { service: ValueAdded::ParkingStatus, fee: Fee::Free, sets: &PARKING },
];

fn with_extras(test: impl FnOnce(&mut Station<'_>)) {
    let config = SeccConfig { value_added: &EXTRAS, ..config() };
    with(&config, Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ServiceDiscovery);
        test(s);
    });
}

#[test]
fn extras_are_listed_as_far_as_the_vehicle_supports_them() {
    for (supported, expected) in
        [(None, Some(vec![65, 66])), (Some(vec![1, 66]), Some(vec![66])), (Some(vec![1, 5]), None)]
    {
        with_extras(|s| {
            let request = Request::ServiceDiscoveryReq(ServiceDiscoveryReq {
                header: header(),
                supported_service_ids: supported.as_deref().map(List::new),
            });
            let Response::ServiceDiscoveryRes(m) = s.ask(&request) else { panic!() };
            let listed = m.vas_list.map(|list| list.iter().map(|s| s.service_id).collect::<Vec<_>>());
            assert_eq!(listed, expected);
        });
    }
}

#[test]
fn extras_are_described_and_selected() {
    with_extras(|s| {
        s.ok(&script::discovery());
        s.ok(&detail(1));
        let Response::ServiceDetailRes(m) = s.ask(&detail(65)) else { panic!() };
        assert_eq!(m.service_id, 65);
        let sets: Vec<_> = m.service_parameter_list.iter().collect();
        assert_eq!(sets.iter().map(|set| set.parameter_set_id).collect::<Vec<_>>(), [3, 4]);
        let port = sets[1].parameter.iter().find(|p| p.name == *"Port").map(|p| p.value);
        assert_eq!(port, Some(ParameterValue::IntValue(443)));
        s.ok(&detail(66));
        let extras = [
            SelectedService { service_id: 65, parameter_set_id: 4 },
            SelectedService { service_id: 66, parameter_set_id: 9 },
        ];
        s.ok(&selection_with(Service::Ac, 2, &extras));
        let expected = [Some(INTERNET[1]), Some(PARKING[0])];
        assert_eq!(s.secc.value_added(), expected);
        assert_eq!(s.saw(|e| *e == E::ValueAddedSelected(expected)), 1);
        s.walk_to(Stage::ChargeLoop);
    });
}

#[test]
fn extras_that_were_not_offered_or_described_cannot_be_selected() {
    for (service_id, parameter_set_id) in [(65, 1), (67, 1), (66, 9)] {
        with_extras(|s| {
            s.ok(&script::discovery());
            s.ok(&detail(1));
            s.ok(&detail(65));
            let extras = [SelectedService { service_id, parameter_set_id }];
            assert_eq!(s.code(&selection_with(Service::Ac, 2, &extras)), C::FailedServiceSelectionInvalid);
        });
    }
}

#[test]
fn connectors_are_named_as_configured() {
    static SETS: [Parameters; 1] = [Parameters::new(1, ControlMode::Dynamic).with_connector(3)];
    static OFFERS: [Offer<'static>; 1] = [Offer { service: Service::AcBpt, fee: Fee::Free, sets: &SETS }];
    with(&SeccConfig { offers: &OFFERS, ..config() }, Service::AcBpt, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ServiceDetail);
        let Response::ServiceDetailRes(m) = s.ask(&detail(5)) else { panic!() };
        let set = m.service_parameter_list.first().unwrap();
        let find = |name: &str| set.parameter.iter().find(|p| p.name == *name).map(|p| p.value);
        assert_eq!(find("Connector"), Some(ParameterValue::IntValue(3)));
        assert_eq!(find("GridCodeIslandingDetectionMethod"), Some(ParameterValue::IntValue(1)));
        assert_eq!(find("EVSENominalVoltage"), Some(ParameterValue::IntValue(230)));
    });
}

#[test]
fn configurations_are_checked() {
    static TWICE: [ValueAddedOffer<'static>; 2] = [EXTRAS[0], EXTRAS[0]];
    static MIXED: [ValueAddedOffer<'static>; 1] =
        [ValueAddedOffer { service: ValueAdded::Internet, fee: Fee::Free, sets: &PARKING }];
    static SETTLED: [Parameters; 1] =
        [Parameters::new(1, ControlMode::Scheduled).with_mobility_needs(MobilityNeeds::VehicleOrCharger)];
    static UNSETTLED: [Offer<'static>; 1] = [Offer { service: Service::Ac, fee: Fee::Free, sets: &SETTLED }];
    use iso15118_20::secc::{AuthorizationOffer, Support, WptMethods};
    let nobody = AuthorizationOffer { external: Support::Absent, ..AuthorizationOffer::EXTERNAL };
    let lost = WptMethods { pairing: &[], ..WptMethods::MANUAL };
    for (config, error) in [
        (SeccConfig { value_added: &TWICE, ..config() }, ConfigError::Offers),
        (SeccConfig { value_added: &MIXED, ..config() }, ConfigError::ParameterSets),
        (SeccConfig { offers: &UNSETTLED, ..config() }, ConfigError::MobilityNeeds),
        (SeccConfig { authorization: nobody, ..config() }, ConfigError::Authorization),
        (SeccConfig { wpt: lost, ..config() }, ConfigError::Positioning),
        (SeccConfig { offers: &[], ..config() }, ConfigError::Offers),
    ] {
        assert_eq!(Secc::new(&config, &mut [0; 64]).err(), Some(error));
    }
}

#[test]
fn a_receipt_has_no_more_taxes_than_the_schema() {
    assert!(Taxes::new(&[DetailedTax::default(); 10]).is_some_and(|taxes| taxes.lines().len() == 10));
    assert!(Taxes::new(&[DetailedTax::default(); 11]).is_none());
}

#[test]
fn costs_come_as_a_receipt_with_the_meter() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        let cost =
            DetailedCost { amount: RationalNumber::new(425, -2), cost_per_unit: RationalNumber::new(42, -2) };
        s.secc.set_meter(Meter { charged: 10_119, discharged: None });
        let tax = |rule, amount| DetailedTax {
            tax_rule_id: NumericId::new(rule).unwrap(),
            amount: RationalNumber::new(amount, -2),
        };
        let taxes = [tax(1, 68), tax(4, 7)];
        let costs = Costs { energy: Some(cost), taxes: Taxes::new(&taxes).unwrap(), ..Costs::default() };
        s.secc.set_costs(Some(costs));
        let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
        assert_eq!(m.meter_info.unwrap().get().charged_energy_reading_wh, 10_119);
        let receipt = m.receipt.unwrap().get();
        assert_eq!((receipt.energy_costs, receipt.occupancy_costs), (Some(cost), None));
        assert!(receipt.tax_costs.iter().eq(taxes));
        assert_eq!(Costs::from(&receipt), costs);
        // Later only where the vehicle wants it.
        let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
        assert!(m.meter_info.is_none() && m.receipt.is_none());
        let Request::AcChargeLoopReq(mut m) = s.round() else { panic!() };
        m.meter_info_requested = true;
        let Response::AcChargeLoopRes(m) = s.ask(&Request::AcChargeLoopReq(m)) else { panic!() };
        assert!(m.meter_info.is_some() && m.receipt.is_some());
        s.secc.set_meter_detail(MeterDetail { capacitive: Some(5), inductive: Some(6), status: Some(-1) });
        assert_eq!(s.secc.set_meter_signature(&[7; 65]), Err(AnswerError::Content));
        assert_eq!(s.secc.set_meter_signature(&[7; 64]), Ok(()));
        let Request::AcChargeLoopReq(mut m) = s.round() else { panic!() };
        m.meter_info_requested = true;
        let Response::AcChargeLoopRes(m) = s.ask(&Request::AcChargeLoopReq(m)) else { panic!() };
        let meter = m.meter_info.unwrap().get();
        assert_eq!(meter.meter_signature, Some(exi_codec::Bytes::new(&[7; 64])));
        // Inductive energy is for both ways only.
        let detail = (meter.capacitive_energy_reading_varh, meter.bpt_inductive_energy_reading_varh);
        assert_eq!((detail, meter.meter_status), ((Some(5), None), Some(-1)));
    });
}

thread_local! {
    static SEEN: RefCell<Vec<(TraceRecord, usize)>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn whoever_watches_sees_everything() {
    let hook = |record: &TraceRecord, user| SEEN.with_borrow_mut(|seen| seen.push((*record, user)));
    let config = SeccConfig { trace: Some(Trace { hook, user: 7 }), ..config() };
    with(&config, Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::Authorization);
        let refused = s.code(&script::discovery());
        assert_eq!(refused, C::FailedSequenceError);
        assert_eq!(s.secc.last_messages()[..2], [Some(K::ServiceDiscoveryRes), Some(K::ServiceDiscoveryReq)]);
    });
    let seen = SEEN.with_borrow(Clone::clone);
    assert!(seen.iter().all(|(_, user)| *user == 7));
    let events: Vec<_> = seen.iter().map(|(record, _)| record.event).collect();
    let cause = Cause::Refused {
        request: K::ServiceDiscoveryReq,
        code: C::FailedSequenceError,
        why: Refusal::Content,
    };
    let (stream, kind) = (Stream::Main, K::ServiceDiscoveryReq);
    assert_eq!(
        events[events.len() - 3..],
        [
            TraceEvent::Received { stream, kind, code: None },
            TraceEvent::Ended(cause),
            TraceEvent::Sent { stream, kind: K::ServiceDiscoveryRes, code: Some(C::FailedSequenceError) },
        ]
    );
    assert_eq!(events.iter().filter(|e| matches!(e, TraceEvent::Sent { .. })).count(), 4);
}

#[test]
fn causes_name_what_they_rest_on() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::SessionStop);
        s.code(&session_stop(ChargingSession::ServiceRenegotiation));
        let cause = s.secc.end().unwrap().cause;
        assert_eq!(cause.requirement(), Some("V2G20-1477"));
    });
    assert_eq!(Cause::Terminated.requirement(), None);
    assert_eq!(Cause::Timeout(iso15118_20::Timer::Sequence).requirement(), Some("V2G20-443"));
}

#[test]
fn an_engine_is_small() {
    assert!(size_of::<Secc<'_>>() <= 4096, "{}", size_of::<Secc<'_>>());
    assert!(size_of::<E>() <= 128, "{}", size_of::<E>());
}

#[test]
fn whatever_the_host_says_before_and_after_a_session_does_no_harm() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.handle_disconnect(s.now);
        s.drain();
        let count = s.events.len();
        s.secc.contactor(s.now, iso15118_20::Contactor::Closed);
        s.secc.islanded(s.now);
        s.secc.refuse_installation(s.now, iso15118_20::secc::InstallationFault::NoContract);
        s.secc.metering(s.now, iso15118_20::secc::MeteringVerdict::Valid);
        s.secc.keep_schedule(s.now);
        s.drain();
        assert_eq!(s.events.len(), count);
        assert_eq!(s.secc.poll_timeout(), None);
        s.connect(&Connection::new(Transport::Secured, NOW));
        s.walk_to(Stage::ChargeLoop);
    });
    let _ = LENIENT;
}
