use exi_codec::{Rounding, WattHours, Watts};
use proptest::prelude::*;

use super::std::vec::Vec;
use crate::power::GridPermit;
use crate::schedule::*;
use crate::service::Direction;

const T: u64 = 1_700_000_000;

fn kw(kw: i16) -> Watts {
    Watts::new(kw, 3)
}

fn step(after: u64, charge: i16, discharge: i16) -> GridStep {
    GridStep { from: T + after, permit: GridPermit { charge: kw(charge), discharge: kw(discharge) } }
}

fn question(departure: u32, kwh: i16) -> EnergyQuestion {
    EnergyQuestion {
        departure: Some(departure),
        energy: Some(WattHours::new(kwh, 3)),
        points: 12,
        direction: Direction::ChargeOnly,
    }
}

fn site(steps: &[GridStep]) -> Site<'_> {
    Site { grid: GridCurve::new(steps), most: GridPermit { charge: kw(22), discharge: kw(10) } }
}

fn pairs(schedule: &Schedule) -> Vec<(u32, Watts)> {
    schedule.entries().iter().map(|entry| (entry.duration, entry.power)).collect()
}

#[test]
fn three_ways_to_the_same_energy() {
    let steps = [step(0, 30, 0), step(3600, 6, 0), step(7200, 22, 0)];
    let mut offering = Offering::default();
    let offers = offering.answer(T, &site(&steps), &question(10_800, 26));
    assert_eq!(offers.tuples().count(), 3);
    let schedule = |id| pairs(offers.get(id).unwrap());
    assert_eq!(schedule(1), [(3600, kw(22)), (3600, kw(6)), (3600, kw(22))]);
    // 6 kWh in the middle, 10 on either side.
    assert_eq!(schedule(2), [(3600, kw(10)), (3600, kw(6)), (3600, kw(10))]);
    // 22 at the end, 4 in the middle.
    assert_eq!(schedule(3), [(4800, kw(0)), (2400, kw(6)), (3600, kw(22))]);
    assert_eq!(offers.get(0), None);
    assert_eq!(offers.get(4), None);
    assert!(offers.discharge().is_none());
}

#[test]
fn one_offer_where_there_is_nothing_to_choose() {
    let steps = [step(0, 11, 5)];
    let mut offering = Offering::default();
    // More than there is: all ways are the same.
    let all = *offering.answer(T, &site(&steps), &question(3600, 50));
    assert_eq!(all.tuples().count(), 1);
    // Nobody knows when it leaves.
    let open = EnergyQuestion { departure: None, direction: Direction::Bidirectional, ..question(0, 5) };
    let day = *offering.answer(T, &site(&steps), &open);
    assert_eq!((day.tuples().count(), pairs(day.get(1).unwrap())), (1, [(86_400, kw(11))].to_vec()));
    assert_eq!(pairs(day.discharge().unwrap()), [(86_400, kw(5))]);
    // Before the first step nothing may flow.
    let dark = *offering.answer(T - 100, &site(&steps), &question(200, 50));
    assert_eq!(pairs(dark.get(1).unwrap()), [(100, kw(0)), (100, kw(11))]);
    let mut spread = Offering::new([None, Some(OfferShape::Spread), None]);
    assert_eq!(spread.answer(T, &site(&steps), &open).tuples().count(), 1);
}

#[test]
fn no_offer_has_more_points_than_the_vehicle_can_handle() {
    let steps = [step(0, 20, 0), step(1800, 10, 0)];
    let mut latest = Offering::new([None, None, Some(OfferShape::Latest)]);
    let mut of = |points| {
        let asked = EnergyQuestion { points, ..question(3600, 10) };
        pairs(latest.answer(T, &site(&steps), &asked).get(1).unwrap())
    };
    assert_eq!(of(3), [(900, kw(0)), (900, kw(20)), (1800, kw(10))]);
    // The first entry cannot be split, and one entry cannot have two powers.
    assert_eq!(of(2), [(1800, kw(20)), (1800, kw(10))]);
    assert_eq!(of(1), [(3600, kw(10))]);
}

#[test]
fn a_repeated_question_gets_the_same_answer_without_work() {
    let steps = [step(0, 11, 0), step(1800, 5, 0)];
    let mut offering = Offering::default();
    let first = *offering.answer(T, &site(&steps), &question(3600, 4));
    for after in 0..=60 {
        assert_eq!(*offering.answer(T + after, &site(&steps), &question(3600, 4)), first);
    }
    assert_eq!(offering.evaluations(), 1);
    // A minute later the departure that these words mean is another one.
    assert_ne!(*offering.answer(T + 61, &site(&steps), &question(3600, 4)), first);
    assert_eq!(offering.evaluations(), 2);
    // Another question, another grid, another charger, a clock set back.
    offering.answer(T + 61, &site(&steps), &question(3600, 5));
    let cut = [steps[0], step(1800, 4, 0)];
    offering.answer(T + 61, &site(&cut), &question(3600, 5));
    offering.answer(T + 61, &Site { most: GridPermit::NOTHING, ..site(&cut) }, &question(3600, 5));
    offering.answer(T, &Site { most: GridPermit::NOTHING, ..site(&cut) }, &question(3600, 5));
    assert_eq!(offering.evaluations(), 6);
    offering.forget();
    offering.answer(T, &Site { most: GridPermit::NOTHING, ..site(&cut) }, &question(3600, 5));
    assert_eq!(offering.evaluations(), 7);
}

#[test]
fn messages_are_questions() {
    use exi_codec::iso20::common_messages::{DynamicSeReqControlMode, ScheduledSeReqControlMode};
    let scheduled = ScheduledSeReqControlMode {
        departure_time: Some(7),
        ev_maximum_energy_request: Some(WattHours::new(9, 3)),
        ..ScheduledSeReqControlMode::default()
    };
    let asked = EnergyQuestion::scheduled(&scheduled, 12, Direction::ChargeOnly);
    assert_eq!(asked, question(7, 9));
    let dynamic = DynamicSeReqControlMode {
        departure_time: 7,
        ev_target_energy_request: WattHours::new(9, 3),
        ..DynamicSeReqControlMode::default()
    };
    assert_eq!(EnergyQuestion::dynamic(&dynamic, 12, Direction::ChargeOnly), question(7, 9));
}

proptest! {
    #[test]
    fn offers_keep_to_the_permit_and_reach_the_energy(
        steps in prop::collection::vec((0u64..40, 0i16..30), 0..20),
        departure in 1u32..400,
        (joule, scale) in (1i32..4_000, prop::sample::select([1_000, 1_000_000].to_vec())),
        points in 1u16..20,
    ) {
        let mut from = 0;
        let steps: Vec<_> = steps
            .into_iter()
            .map(|(pause, power)| {
                from += pause;
                step(from, power, power)
            })
            .collect();
        let site = site(&steps);
        let energy = Energy::from_milliwatt_seconds(i128::from(joule) * scale);
        let wanted = energy.to_watt_hours(Rounding::Up);
        let asked = EnergyQuestion { energy: Some(wanted), points, ..question(departure, 0) };
        let mut offering = Offering::default();
        let offers = offering.answer(T, &site, &asked);
        let end = T + u64::from(departure);
        let sum = |schedule: &Schedule| PowerCurve::from(schedule).energy_between(T, end);
        let fastest = sum(offers.get(1).unwrap());
        for (_, schedule) in offers.tuples() {
            prop_assert!(schedule.entries().len() <= usize::from(points));
            for time in T..end {
                let most = site.grid.permit_at(time).charge.min(kw(22));
                prop_assert!(schedule.power_at(time) <= most, "{:?} at {}", schedule, time - T);
            }
            prop_assert!(schedule.power_at(end).is_zero());
            prop_assert!(sum(schedule) >= Energy::from(wanted).min(fastest));
        }
    }

    #[test]
    fn nothing_hostile_does_harm(
        steps in prop::collection::vec((any::<u64>(), any::<i16>(), any::<i8>()), 0..20),
        (now, departure, points) in (any::<u64>(), prop::option::of(any::<u32>()), any::<u16>()),
        (value, exponent) in (any::<i16>(), any::<i8>()),
    ) {
        let steps: Vec<_> = steps
            .into_iter()
            .map(|(from, value, exponent)| {
                let power = Watts::new(value, exponent);
                GridStep { from, permit: GridPermit { charge: power, discharge: power } }
            })
            .collect();
        let power = Watts::new(value, exponent);
        let site = Site { grid: GridCurve::new(&steps), most: GridPermit { charge: power, discharge: power } };
        let energy = Some(WattHours::new(value, exponent));
        let asked = EnergyQuestion { departure, energy, points, direction: Direction::Bidirectional };
        prop_assert!(Offering::default().answer(now, &site, &asked).tuples().count() > 0);
    }
}
