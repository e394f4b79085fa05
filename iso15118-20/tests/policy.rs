//! What a vehicle that plans makes of the schedules that it is offered.

mod common;

use common::BUFFER;
use common::NOW;
use common::charger::{Charger, header};
use exi_codec::iso20::common_messages::{
    ChargingSchedule, EvpptControlMode, PowerSchedule, PowerScheduleEntry, PriceLevelScheduleEntry,
    PriceRuleStack, PriceSchedule, ScheduleExchangeRes, ScheduleTuple, SeResControlMode,
};
use exi_codec::iso20::common_types::{NumericId, PercentValue};
use exi_codec::iso20::dc::ClReqControlMode;
use exi_codec::{Amperes, List, RationalNumber, Watts};
use iso15118_20::evcc::{DischargePermit, EvccConfig, EvccEvent, Wish};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::price::{PriceAlgorithm, absolute_prices, level_prices, price_rule};
use iso15118_20::schedule::{PowerCurve, ProfilePolicy};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};

/// Power for half an hour each.
fn halves(first: i16, second: i16) -> [PowerScheduleEntry; 2] {
    [first, second].map(|kilowatts| PowerScheduleEntry {
        duration: 1800,
        power: Watts::new(kilowatts, 3),
        ..PowerScheduleEntry::default()
    })
}

/// The schedule that is chosen of two, and the power that is planned for both half hours. The second schedule gives
/// more, and is dear at first.
fn planned(policy: Option<ProfilePolicy>) -> (u32, [Watts; 2]) {
    let wishes = [Wish::new(Service::Ac, ControlMode::Scheduled)];
    let config = EvccConfig { policy, ..EvccConfig::new("EV", &wishes) };
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &config);
    c.connect();
    c.evcc.set_needs(iso15118_20::evcc::Needs {
        departure_time: 3600,
        target_energy: exi_codec::WattHours::new(5, 3),
        max_energy: exi_codec::WattHours::new(9, 3),
        ..iso15118_20::evcc::Needs::default()
    });
    c.walk_to(Stage::ScheduleExchange);
    c.request();
    let (little, much) = (halves(3, 3), halves(11, 11));
    let levels = [2, 0].map(|price_level| PriceLevelScheduleEntry { duration: 1800, price_level });
    let prices = level_prices(NumericId::ONE, NOW, &levels);
    let tuple = |id, entries: &'static [PowerScheduleEntry]| ScheduleTuple {
        schedule_tuple_id: NumericId::new(id).unwrap(),
        charging_schedule: ChargingSchedule {
            power_schedule: PowerSchedule {
                time_anchor: NOW,
                power_schedule_entries: List::new(entries),
                ..PowerSchedule::default()
            },
            price_schedule: None,
        },
        discharging_schedule: None,
    };
    let mut tuples = [tuple(1, Vec::leak(little.to_vec())), tuple(2, Vec::leak(much.to_vec()))];
    for tuple in &mut tuples {
        tuple.charging_schedule.price_schedule = Some(PriceSchedule::PriceLevel(prices));
    }
    c.reply(&Response::ScheduleExchangeRes(ScheduleExchangeRes {
        header: header(),
        control_mode: SeResControlMode::Scheduled(List::new(&tuples)),
        ..ScheduleExchangeRes::default()
    }));
    c.request();
    let mut chosen = 0;
    c.see(|request| {
        let Request::PowerDeliveryReq(m) = request else { panic!("{request:?}") };
        let EvpptControlMode::Scheduled(mode) = m.ev_power_profile.unwrap().control_mode else { panic!() };
        chosen = mode.selected_schedule_tuple_id.get();
    });
    let (charge, _) = c.evcc.schedules();
    (chosen, [charge.power_at(NOW + 60), charge.power_at(NOW + 2400)])
}

#[test]
fn a_policy_decides_on_the_schedule_and_on_the_time() {
    let (none, eleven) = (Watts::ZERO, Watts::new(11, 3));
    assert_eq!(planned(None), (1, [Watts::new(3, 3); 2]));
    let (tuple, [now, later]) = planned(Some(ProfilePolicy::Earliest));
    assert_eq!((tuple, now, later), (2, eleven, none));
    let (tuple, [now, later]) = planned(Some(ProfilePolicy::Cheapest));
    assert_eq!((tuple, now, later), (2, none, eleven));
}

/// Power of the next two half hours, as it was sent, of a vehicle that may give ten kilowatt-hours of its battery: dear,
/// then cheap.
fn exchanged(
    service: Service,
    config: impl FnOnce(&mut EvccConfig<'_>),
    test: impl FnOnce(&mut Charger<'_>, Vec<Watts>),
) {
    let wishes = [Wish::new(service, ControlMode::Scheduled)];
    let mut settings = EvccConfig { policy: Some(ProfilePolicy::Cheapest), ..EvccConfig::new("EV", &wishes) };
    config(&mut settings);
    let mut buffer = [0; BUFFER];
    let mut c = Charger::new(&mut buffer, &settings);
    c.connect();
    c.evcc.set_needs(iso15118_20::evcc::Needs {
        departure_time: 3600,
        max_energy: exi_codec::WattHours::new(20, 3),
        min_energy: exi_codec::WattHours::new(-10, 3),
        v2x_energy: Some((exi_codec::WattHours::ZERO, exi_codec::WattHours::new(-10, 3))),
        ..iso15118_20::evcc::Needs::default()
    });
    c.walk_to(Stage::ScheduleExchange);
    c.request();
    let entries = halves(6, 6);
    let rules = [50, 10].map(|cents| [price_rule(Watts::ZERO, RationalNumber::new(cents, -2))]);
    let stacks =
        rules.each_ref().map(|rules| PriceRuleStack { duration: 1800, price_rule: List::new(rules) });
    let prices = absolute_prices(NumericId::ONE, NOW, ("EUR", "en"), PriceAlgorithm::Power, &stacks);
    let schedule = ChargingSchedule {
        power_schedule: PowerSchedule {
            time_anchor: NOW,
            power_schedule_entries: List::new(&entries),
            ..PowerSchedule::default()
        },
        price_schedule: Some(PriceSchedule::AbsolutePrice(prices)),
    };
    let tuples = [ScheduleTuple {
        schedule_tuple_id: NumericId::ONE,
        charging_schedule: schedule,
        discharging_schedule: Some(schedule),
    }];
    c.reply(&Response::ScheduleExchangeRes(ScheduleExchangeRes {
        header: header(),
        control_mode: SeResControlMode::Scheduled(List::new(&tuples)),
        ..ScheduleExchangeRes::default()
    }));
    while c.request() != K::PowerDeliveryReq {
        c.ok();
    }
    let sent = c.see(|request| {
        let Request::PowerDeliveryReq(m) = request else { panic!("{request:?}") };
        let curve = PowerCurve::from(&m.ev_power_profile.unwrap());
        [NOW + 60, NOW + 3500].map(|time| curve.power_at(time)).to_vec()
    });
    test(&mut c, sent);
}

#[test]
fn a_vehicle_gives_where_it_is_dear_and_takes_back_where_it_is_cheap() {
    exchanged(
        Service::AcBpt,
        |_| {},
        |c, sent| {
            assert_eq!(sent, [Watts::new(-6, 3), Watts::new(6, 3)]);
            c.ok();
            c.pass();
            c.pass();
            let orders = |c: &Charger<'_>| -> Vec<Watts> {
                let order = |event: &EvccEvent| match event {
                    EvccEvent::AcOutput(output) => Some(output.active.total()),
                    _ => None,
                };
                c.events.iter().filter_map(order).collect()
            };
            assert_eq!(orders(c), [Watts::new(-6, 3)], "whatever the host asks for");
            // The driver changes his mind: nothing leaves the battery, whatever the plan says.
            c.evcc.set_discharge_permit(DischargePermit::Forbidden);
            c.drain();
            assert!(orders(c).last().is_some_and(|power| !power.is_negative()));
        },
    );
    exchanged(
        Service::DcBpt,
        |_| {},
        |c, sent| {
            assert_eq!(sent, [Watts::new(-6, 3), Watts::new(6, 3)]);
            c.ok();
            assert_eq!(c.request(), K::DcChargeLoopReq);
            let current = c.see(|request| match request {
                Request::DcChargeLoopReq(m) => match m.control_mode {
                    ClReqControlMode::BptScheduled(m) => m.ev_target_current,
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            });
            // 6 kW at 380 V.
            assert_eq!(current, Amperes::new(-15_789, -3));
        },
    );
}

#[test]
fn a_vehicle_gives_only_where_it_may_and_means_to() {
    for (service, config) in [
        (Service::AcBpt, (|c| c.round_trip = None) as fn(&mut EvccConfig<'_>)),
        (Service::AcBpt, |c| c.policy = Some(ProfilePolicy::Earliest)),
        (Service::AcBpt, |c| c.policy = None),
        // What is lost on the way costs more than is gained.
        (Service::AcBpt, |c| c.round_trip = Some(PercentValue::clamped(19))),
        (Service::Ac, |_| {}),
    ] {
        exchanged(service, config, |_, sent| {
            assert!(sent.iter().all(|power| !power.is_negative()), "{sent:?}");
        });
    }
}
