//! What a vehicle that plans makes of the schedules that it is offered.

mod common;

use common::BUFFER;
use common::NOW;
use common::charger::{Charger, header};
use exi_codec::iso20::common_messages::{
    ChargingSchedule, EvpptControlMode, PowerSchedule, PowerScheduleEntry, PriceLevelScheduleEntry,
    PriceSchedule, ScheduleExchangeRes, ScheduleTuple, SeResControlMode,
};
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{List, Watts};
use iso15118_20::evcc::{EvccConfig, Wish};
use iso15118_20::message::{Request, Response};
use iso15118_20::price::level_prices;
use iso15118_20::schedule::ProfilePolicy;
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
