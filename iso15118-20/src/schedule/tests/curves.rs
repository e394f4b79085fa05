use super::std::vec::Vec;

use exi_codec::iso20::common_messages::{EvPowerSchedule, EvPowerScheduleEntry, PowerScheduleEntry};
use exi_codec::{Rounding, WattHours, Watts};
use proptest::prelude::*;

use crate::schedule::*;

const T: u64 = 1_700_000_000;

fn entry(duration: u32, watts: i32) -> ScheduleEntry {
    ScheduleEntry { duration, power: Watts::from_integer(watts, Rounding::Nearest) }
}

fn wire(duration: u32, power: i16) -> PowerScheduleEntry {
    PowerScheduleEntry { duration, power: Watts::new(power, 3), ..PowerScheduleEntry::default() }
}

fn kw(kw: i16) -> Watts {
    Watts::new(kw, 3)
}

fn entries(most: usize) -> impl Strategy<Value = Vec<ScheduleEntry>> {
    prop::collection::vec((0u32..20, 0i32..10).prop_map(|(duration, watts)| entry(duration, watts)), 0..most)
}

#[test]
fn phases_add_up_or_stand_alone() {
    let entries = [
        PowerScheduleEntry { power_l2: Some(kw(2)), power_l3: Some(kw(3)), ..wire(60, 1) },
        PowerScheduleEntry { power_l3: Some(kw(3)), ..wire(60, 1) },
        wire(60, 9),
    ];
    let curve = PowerCurve::new(T, (&entries).into());
    let at = |lane, after| curve.lane(lane).power_at(T + after);
    assert_eq!([at(Lane::Total, 0), at(Lane::Total, 60), at(Lane::Total, 120)], [kw(6), kw(4), kw(9)]);
    assert_eq!([at(Lane::L1, 0), at(Lane::L2, 0), at(Lane::L3, 0)], [kw(1), kw(2), kw(3)]);
    assert_eq!([at(Lane::L1, 60), at(Lane::L2, 60), at(Lane::L3, 60)], [kw(1), kw(0), kw(3)]);
    assert_eq!([at(Lane::L1, 120), at(Lane::L2, 120), at(Lane::L3, 120)], [kw(3); 3]);
    assert_eq!(at(Lane::Total, 180), Watts::ZERO);
}

#[test]
fn vehicles_offer_curves_too() {
    let entries = [EvPowerScheduleEntry { duration: 3600, power: kw(-5) }];
    let offer = EvPowerSchedule { time_anchor: T * 1_000_000, ev_power_schedule_entries: (&entries).into() };
    let curve = PowerCurve::from(&offer);
    assert_eq!((curve.start(), curve.end()), (T, T + 3600));
    let energy = curve.energy_between(T, u64::MAX).milliwatt_seconds();
    assert_eq!(energy, -Energy::from(WattHours::new(5, 3)).milliwatt_seconds());
    assert_eq!(curve.peak(u64::MAX), Watts::ZERO);
}

#[test]
fn corridor_has_two_sides_and_slack() {
    let charge = Schedule::new(T, &[entry(3600, 11_000), entry(3600, 5_000)]);
    let discharge = Schedule::new(T, &[entry(7200, -3_000)]);
    let mut corridor = Corridor::charging(PowerCurve::from(&charge));
    let check = |corridor: &Corridor<'_>, entries: &[ScheduleEntry]| {
        corridor.check(PowerCurve::from(&Schedule::new(T, entries)))
    };
    assert_eq!(check(&corridor, &[entry(3600, 11_000), entry(3600, 5_000)]), Ok(()));
    let late = Violation { at: T + 3600, planned: kw(11), allowed: kw(5) };
    assert_eq!(check(&corridor, &[entry(3601, 11_000)]), Err(late));
    // After the end there is nothing.
    let after = Violation { at: T + 7200, planned: kw(1), allowed: kw(0) };
    assert_eq!(check(&corridor, &[entry(7201, 1_000)]), Err(after));
    assert!(check(&corridor, &[entry(60, -1)]).is_err());
    corridor.discharge = Some(PowerCurve::from(&discharge));
    assert_eq!(check(&corridor, &[entry(60, -3_000)]), Ok(()));
    assert!(check(&corridor, &[entry(60, 0), entry(60, -3_001)]).is_err());
    corridor.slack = Watts::new(1, 0);
    assert_eq!(check(&corridor, &[entry(60, -3_001), entry(60, 11_001)]), Ok(()));
    assert_eq!(corridor.check_power(T, Watts::new(11_001, 0)), Ok(()));
    assert!(corridor.check_power(T, Watts::new(11_002, 0)).is_err());
    assert!(corridor.check_power(T + 7200, Watts::new(2, 0)).is_err());
}

#[test]
fn too_many_entries_merge_where_it_costs_least() {
    let mut entries: Vec<_> = (0..11).map(|_| [wire(10, 1), wire(10, 9)]).collect::<Vec<_>>().concat();
    entries.insert(11, wire(10, 8));
    let schedule = Schedule::within(PowerCurve::new(T, entries[..].into()));
    assert_eq!(schedule.entries().len(), SCHEDULE_ENTRIES);
    let endless = [wire(u32::MAX, 1), wire(u32::MAX, 2)].repeat(20);
    let schedule = Schedule::within(PowerCurve::new(T, endless[..].into()));
    assert_eq!(PowerCurve::from(&schedule).end(), T + 12 * u64::from(u32::MAX));
}

#[test]
fn hostile_numbers_do_no_harm() {
    let entries = [
        PowerScheduleEntry {
            duration: u32::MAX,
            power: Watts::new(i16::MIN, 127),
            power_l2: Some(Watts::new(i16::MIN, 127)),
            power_l3: Some(Watts::new(i16::MIN, 127)),
        },
        PowerScheduleEntry { duration: u32::MAX, power: Watts::new(i16::MAX, 127), ..wire(0, 0) },
    ];
    let entries = entries.repeat(1024);
    for anchor in [0, T, u64::MAX] {
        let curve = PowerCurve::new(anchor, entries[..].into());
        let schedule = Schedule::within(curve);
        let _ =
            (curve.end(), curve.peak(u64::MAX), curve.energy_between(0, u64::MAX), curve.power_at(u64::MAX));
        let _ = Schedule::read(anchor, &entries[..].into()).intersection(&schedule);
        let corridor = Corridor {
            discharge: Some(curve),
            slack: Watts::new(i16::MIN, 127),
            ..Corridor::charging(curve)
        };
        assert_eq!(corridor.check(curve), Ok(()));
    }
}

proptest! {
    #[test]
    fn schedules_of_messages_are_never_exceeded(entries in entries(60), shift in 0u64..20) {
        let wire: Vec<_> = entries
            .iter()
            .map(|entry| PowerScheduleEntry { duration: entry.duration, power: entry.power, ..wire(0, 0) })
            .collect();
        let curve = PowerCurve::new(T, wire[..].into());
        let schedule = Schedule::within(curve);
        for time in T..curve.end() + 3 {
            prop_assert!(schedule.power_at(time) <= curve.power_at(time));
            if entries.len() <= SCHEDULE_ENTRIES {
                prop_assert_eq!(schedule.power_at(time), curve.power_at(time));
            }
        }
        prop_assert_eq!(Corridor::charging(curve).check(PowerCurve::from(&schedule)), Ok(()));
        let total: i128 = (T + shift..curve.end())
            .map(|time| i128::from(curve.power_at(time).to_milli(Rounding::Down).unwrap()))
            .sum();
        prop_assert_eq!(curve.energy_between(T + shift, u64::MAX).milliwatt_seconds(), total);
    }

    #[test]
    fn intersections_are_the_smaller_of_two(a in entries(7), b in entries(6), shift in 0u64..30) {
        let (a, b) = (Schedule::new(T, &a), Schedule::new(T - 15 + shift, &b));
        let both = a.intersection(&b);
        for time in T - 20..T + 200 {
            prop_assert_eq!(both.power_at(time), a.power_at(time).min(b.power_at(time)), "at {}", time);
        }
    }

    #[test]
    fn checks_agree_with_every_second(plan in entries(6), offer in entries(6), shift in 0u64..30) {
        let (plan, offer) = (Schedule::new(T, &plan), Schedule::new(T - 15 + shift, &offer));
        let end = PowerCurve::from(&plan).end();
        let first = (T..end).find(|&time| plan.power_at(time) > offer.power_at(time));
        let found = Corridor::charging(PowerCurve::from(&offer)).check(PowerCurve::from(&plan));
        prop_assert_eq!(found.err().map(|violation| violation.at), first);
        let wire: Vec<_> = plan
            .entries()
            .iter()
            .map(|entry| PowerScheduleEntry { duration: entry.duration, power: entry.power, ..wire(0, 0) })
            .collect();
        let wire = PowerCurve::new(T, wire[..].into());
        let found = Corridor::charging(PowerCurve::from(&offer)).check(wire);
        prop_assert_eq!(found.err().map(|violation| violation.at), first);
    }
}

#[test]
fn profiles_are_sent_as_planned() {
    use exi_codec::iso20::common_messages::EvpptControlMode;
    let plan = Schedule::new(T, &[entry(60, 0), entry(60, -500)]);
    let wire = WireEntries::from(&plan);
    let profile = wire.profile(EvpptControlMode::Dynamic);
    assert_eq!((profile.time_anchor, profile.ev_power_profile_entries.len()), (T, 2));
    assert_eq!(Schedule::within(PowerCurve::from(&profile)), plan);
}

#[test]
fn sizes_stay_small() {
    assert!(size_of::<Schedule>() <= 112);
    assert!(size_of::<Offering>() <= 4 * 112 + 96);
}
