//! Whether each end follows what the other sets: set-points in time, ramps, the control pilot, schedules, directions.

mod common;

use std::time::Duration;

use common::charger::{Charger, both_modes};
use common::script::{self, refused, start};
use common::station::{Station, ac_round, config, ended, strict, with};
use common::{BUFFER, NOW, Pair, secc_config};
use exi_codec::iso20::ac::{BptScheduledAcClReqControlMode, ClReqControlMode, ClResControlMode};
use exi_codec::iso20::common_types::{DetailedCost, DetailedTax, NumericId, ResponseCode as C};
use exi_codec::{RationalNumber, Rounding, Watts};
use iso15118_20::evcc::{EvccConfig, EvccEvent as V, Wish};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::price::{Costs, Taxes};
use iso15118_20::secc::{PilotState, SeccConfig, SeccEvent as E, SeccTimer};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Fee, GeneratorMode, IslandingDetection, Offer, Parameters, Service};
use iso15118_20::{
    AcMeasurement, Cause, Contactor, GridPermit, Phases, Refusal, Schedule, ScheduleEntry, Settings, Timer,
};

fn kw(kilowatts: i16) -> Watts {
    Watts::new(kilowatts, 3)
}

fn following() -> SeccConfig<'static> {
    SeccConfig { ack_max_delay: Some(2), ..config() }
}

fn vehicle(config: &EvccConfig<'_>, test: impl FnOnce(&mut Charger<'_>)) {
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, config);
    charger.connect();
    test(&mut charger);
}

fn flows(c: &mut Charger<'_>, watts: i16) {
    let active = Phases::Total(Watts::new(watts, 0));
    c.evcc.ac_measurement(c.now, AcMeasurement { active, ..AcMeasurement::default() });
    c.drain();
}

fn orders(c: &Charger<'_>) -> Vec<Watts> {
    let order = |event: &V| match event {
        V::AcOutput(output) => Some(output.active.total()),
        _ => None,
    };
    c.events.iter().filter_map(order).collect()
}

#[test]
fn an_ac_vehicle_that_does_not_follow_in_time_is_switched_off() {
    with(&following(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.measure_ac(4000);
        s.ok(&s.round());
        // Told to fall to 1 kW, it goes on with four. Two seconds, and the round of two that told it.
        s.secc.set_dispatch(kw(1));
        s.ok(&s.round());
        s.measure_ac(4000);
        s.wait(Duration::from_millis(1900));
        s.ok(&s.round());
        assert_eq!(s.saw(|e| matches!(e, E::Overdue(_))), 0);
        s.wait(Duration::from_millis(1900));
        s.ok(&s.round());
        s.wait(Duration::from_millis(300));
        assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Acknowledge)), 1);
        assert_eq!(s.saw(|e| *e == E::PowerOff), 1);
        assert_eq!(s.code(&s.round()), C::Failed);
        ended(s, refused(K::AcChargeLoopReq, C::Failed, Refusal::Host));
    });
    with(&following(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(kw(4));
        s.measure_ac(4000);
        s.ok(&s.round());
        s.secc.set_dispatch(kw(1));
        s.ok(&s.round());
        s.wait(Duration::from_millis(1900));
        // Within the margin is there, and less than allowed is no fault.
        s.measure_ac(1400);
        s.ok(&s.round());
        for _ in 0..20 {
            s.wait(Duration::from_millis(1900));
            s.ok(&s.round());
            s.measure_ac(100);
        }
        assert_eq!(s.saw(|e| matches!(e, E::Overdue(_) | E::PowerOff)), 0);
    });
    // A charger that says nothing of it does not hold anybody to it.
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(kw(1));
        for _ in 0..20 {
            s.wait(Duration::from_millis(1900));
            s.ok(&s.round());
        }
    });
}

#[test]
fn over_dc_the_next_request_acknowledges() {
    with(&following(), Service::Dc, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        // Time for the standing of the loop is shorter than that for an acknowledgement: the loop goes on, and with it
        // every new limit is acknowledged.
        for kilowatts in [9, 8, 7, 6, 5, 4, 3, 2] {
            s.secc.set_grid_permit(GridPermit { charge: kw(kilowatts), discharge: Watts::ZERO });
            s.ok(&s.round());
            s.wait(Duration::from_millis(1900));
        }
        assert_eq!(s.saw(|e| matches!(e, E::Overdue(_))), 0);
    });
}

#[test]
fn a_vehicle_whose_converter_does_not_follow_leaves_in_good_order() {
    let wishes = [Wish::new(Service::Ac, ControlMode::Dynamic)];
    vehicle(&EvccConfig::new("EV", &wishes), |c| {
        c.ack_max_delay = Some(3);
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        flows(c, 5000);
        c.target = kw(2);
        c.pass();
        flows(c, 5000);
        for _ in 0..29 {
            c.wait(Duration::from_millis(100));
            if c.poll().is_some() {
                c.ok();
            }
        }
        assert_eq!(c.evcc.stage(), Stage::ChargeLoop, "three seconds are not over");
        c.wait(Duration::from_millis(200));
        while c.request() == K::AcChargeLoopReq {
            c.ok();
        }
        assert_eq!(c.sent.last().unwrap().1, K::PowerDeliveryReq);
        assert_eq!(orders(c).last(), Some(&Watts::ZERO));
        c.ok();
        assert_eq!(c.finish(), Cause::Timeout(Timer::Acknowledge));
    });
    vehicle(&EvccConfig::new("EV", &wishes), |c| {
        c.ack_max_delay = Some(3);
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        flows(c, 5000);
        c.target = kw(2);
        c.pass();
        flows(c, 1500);
        for _ in 0..100 {
            c.wait(Duration::from_millis(100));
            if c.poll().is_some() {
                c.ok();
            }
        }
        assert_eq!(c.evcc.end(), None);
    });
}

#[test]
fn power_starts_when_the_pilot_says_so() {
    for early in [true, false] {
        with(&strict(), Service::Ac, ControlMode::Dynamic, |s| {
            s.secc.pilot(s.now, if early { PilotState::C } else { PilotState::B });
            s.walk_to(Stage::PowerDelivery);
            s.send(&start(ControlMode::Dynamic, 5));
            assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), usize::from(early));
            s.wait(Duration::from_millis(200));
            s.secc.pilot(s.now, PilotState::D);
            s.drain();
            assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 1);
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(C::Ok));
            assert_eq!(s.saw(|e| matches!(e, E::AcOutput(output) if output.active.total() == kw(5))), 1);
        });
    }
}

#[test]
fn a_vehicle_whose_pilot_stays_behind_is_refused() {
    for (config, patience) in [(strict(), 250), (config(), 1000)] {
        with(&config, Service::Dc, ControlMode::Dynamic, |s| {
            s.secc.pilot(s.now, PilotState::B);
            s.walk_to(Stage::PowerDelivery);
            s.send(&start(ControlMode::Dynamic, 5));
            s.wait(Duration::from_millis(patience - 1));
            assert!(s.answer().is_none());
            s.wait(Duration::from_millis(1));
            let code = C::FailedPowerDeliveryNotApplied;
            assert_eq!(s.answer().and_then(|answer| answer.code()), Some(code));
            assert_eq!(s.saw(|e| *e == E::Overdue(SeccTimer::Pilot)), 1);
            assert_eq!(s.saw(|e| matches!(e, E::CloseContactor { .. })), 0);
            ended(s, refused(K::PowerDeliveryReq, code, Refusal::Content));
        });
    }
}

#[test]
fn nothing_flows_into_a_vehicle_that_took_its_wish_back() {
    with(&config(), Service::Ac, ControlMode::Dynamic, |s| {
        let last = |s: &Station<'_>| {
            s.events.iter().rev().find_map(|e| match e {
                E::AcOutput(output) => Some(output.active.total()),
                _ => None,
            })
        };
        s.secc.pilot(s.now, PilotState::C);
        s.walk_to(Stage::ChargeLoop);
        assert_eq!(last(s), Some(kw(5)));
        s.secc.pilot(s.now, PilotState::B);
        s.drain();
        assert_eq!(last(s), Some(Watts::ZERO));
        s.ok(&s.round());
        s.secc.pilot(s.now, PilotState::C);
        s.drain();
        assert_eq!(last(s), Some(kw(5)));
        // Unplugged: at once, and without a word.
        s.secc.pilot(s.now, PilotState::A);
        s.drain();
        assert_eq!(s.events.last(), Some(&E::PowerOff));
        assert_eq!(s.code(&s.round()), C::Failed);
    });
    // Over a coil there is no pilot.
    with(&config(), Service::Wpt, ControlMode::Dynamic, |s| {
        s.secc.pilot(s.now, PilotState::A);
        s.walk_to(Stage::ChargeLoop);
        s.ok(&s.round());
        assert_eq!(s.saw(|e| *e == E::PowerOff), 0);
    });
}

#[test]
fn over_dc_a_violation_is_what_is_asked_for_and_flows() {
    let settings = Settings { profile_violations: 2, ..script::LENIENT };
    with(&SeccConfig { settings, ..config() }, Service::DcBpt, ControlMode::Scheduled, |s| {
        let entries = [ScheduleEntry { duration: 3600, power: kw(6) }];
        let schedule = Some(Schedule::new(NOW, &entries));
        s.secc.set_schedule(schedule, schedule);
        s.walk_to(Stage::ChargeLoop);
        let round = |amperes| script::round(Service::DcBpt, ControlMode::Scheduled, amperes);
        // To ask for more than 6 kW is no violation: the charger gives six.
        s.measure(400, 15);
        for _ in 0..5 {
            assert_eq!(s.code(&round(60)), C::Ok);
        }
        // Nor is what the charger's converter does by itself.
        s.measure(400, 20);
        assert_eq!(s.code(&round(10)), C::Ok);
        assert_eq!(s.code(&round(30)), C::WarningEvPowerProfileViolation);
        s.measure(400, -20);
        assert_eq!(s.code(&round(30)), C::Ok);
        assert_eq!(s.code(&round(-30)), C::WarningEvPowerProfileViolation);
        assert_eq!(s.code(&round(-30)), C::WarningEvPowerProfileViolation);
        assert_eq!(s.code(&round(-30)), C::FailedEvPowerProfileViolation);
        let code = C::FailedEvPowerProfileViolation;
        ended(s, refused(K::DcChargeLoopReq, code, Refusal::Content));
    });
}

#[test]
fn a_target_of_the_one_direction_says_nothing_of_the_other() {
    with(&config(), Service::AcBpt, ControlMode::Scheduled, |s| {
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_grid_permit(GridPermit { charge: kw(4), discharge: kw(3) });
        let target = |s: &mut Station<'_>, watts, gives| {
            let Request::AcChargeLoopReq(mut m) = ac_round(Service::AcBpt, ControlMode::Scheduled, watts)
            else {
                panic!()
            };
            if gives {
                m.control_mode = ClReqControlMode::BptScheduled(BptScheduledAcClReqControlMode {
                    ev_maximum_charge_power: Some(Watts::ZERO),
                    ev_present_active_power: Watts::new(watts, 0),
                    ..Default::default()
                });
            }
            match s.ask(&Request::AcChargeLoopReq(m)) {
                Response::AcChargeLoopRes(m) => match m.control_mode {
                    ClResControlMode::BptScheduled(m) => m.evse_target_active_power,
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(target(s, 4000, false), Some(kw(4)));
        assert_eq!(target(s, 0, false), Some(kw(4)));
        // It would not charge any more: it is about to give.
        assert_eq!(target(s, 0, true), Some(kw(-3)));
        assert_eq!(target(s, -3000, false), Some(kw(-3)));
        // What a meter shows of nothing is no direction.
        assert_eq!(target(s, -40, false), Some(kw(4)));
    });
}

const AC_SETS: &[Parameters] = &[Parameters::new(1, ControlMode::Scheduled)];
const AC_OFFERS: &[Offer<'static>] = &[Offer { service: Service::AcBpt, fee: Fee::Free, sets: AC_SETS }];

fn ac_pair(test: impl FnOnce(&mut Pair<'_>)) {
    let wishes = [Wish::new(Service::AcBpt, ControlMode::Scheduled)];
    let secc = SeccConfig { offers: AC_OFFERS, ..secc_config(&script::LENIENT) };
    let mut buffers = ([0; BUFFER], [0; BUFFER]);
    let mut pair = Pair::with(&mut buffers, &secc, &EvccConfig::new("EV", &wishes));
    pair.rounds = 1000;
    test(&mut pair);
}

#[test]
fn a_curtailed_vehicle_can_turn_round_both_ways() {
    ac_pair(|pair| {
        pair.secc.set_grid_permit(GridPermit { charge: kw(4), discharge: kw(3) });
        pair.connect();
        pair.run_to_round(3);
        assert_eq!(pair.powers.last(), Some(&kw(4)));
        pair.evcc.set_ac_demand(Phases::Total(kw(-6)));
        pair.run_to_round(8);
        assert_eq!(pair.powers.last(), Some(&kw(-3)));
        pair.evcc.set_ac_demand(Phases::Total(kw(6)));
        pair.run_to_round(13);
        assert_eq!(pair.powers.last(), Some(&kw(4)));
        // On the way nothing ever exceeded what the grid permits.
        assert!(pair.powers.iter().all(|power| *power <= kw(6) && *power >= kw(-3)), "{:?}", pair.powers);
        let turns: Vec<_> =
            pair.powers.windows(2).filter(|w| w[0].is_negative() != w[1].is_negative()).collect();
        assert!(turns.iter().all(|turn| turn[0].is_zero() || turn[1].is_zero()), "{turns:?}");
    });
}

#[test]
fn a_vehicle_that_plans_keeps_to_the_ramp_of_the_charger() {
    ac_pair(|pair| {
        // Of a vehicle that can do 11 kW, at 10 kW/s.
        pair.secc.set_ramp(Some(kw(10)));
        pair.evcc.set_ac_demand(Phases::Total(Watts::ZERO));
        pair.connect();
        pair.run_to_round(2);
        pair.evcc.set_ac_demand(Phases::Total(kw(6)));
        let began = pair.now;
        while pair.powers.last() != Some(&kw(6)) {
            pair.step();
            let passed = i64::try_from(pair.now.saturating_sub(began).as_millis()).unwrap();
            let milli = |power: &Watts| power.to_milli_saturating(Rounding::Up);
            let power = pair.powers.last().map_or(0, milli) / 1000;
            assert!(power <= 10 * (passed + 110), "{power} W after {passed} ms");
            assert!(passed < 2000, "never there");
        }
        assert!(pair.now.saturating_sub(began) >= Duration::from_millis(500));
        // A limit that falls is not slowed.
        pair.evcc.set_ac_limits(iso15118_20::AcLimits {
            max_charge: Phases::Total(kw(2)),
            ..common::charger::ACS
        });
        pair.settle();
        assert_eq!(pair.powers.last(), Some(&kw(2)));
        pair.evcc.stop(pair.now);
        pair.settle();
        assert_eq!(pair.powers.last(), Some(&Watts::ZERO));
    });
}

#[test]
fn a_receipt_reaches_the_vehicle_once_for_each_change() {
    let cost = |amount| DetailedCost {
        amount: RationalNumber::new(amount, -2),
        cost_per_unit: RationalNumber::new(30, -2),
    };
    let tax = [DetailedTax { tax_rule_id: NumericId::ONE, amount: RationalNumber::new(19, -2) }];
    let costs =
        |amount| Costs { energy: Some(cost(amount)), taxes: Taxes::new(&tax).unwrap(), ..Costs::default() };
    let wishes = [Wish::new(Service::Ac, ControlMode::Dynamic)];
    vehicle(&EvccConfig::new("EV", &wishes), |c| {
        c.walk_to(Stage::ChargeLoop);
        c.pass();
        for amount in [100, 100, 120, 120] {
            c.costs = Some(costs(amount));
            c.pass();
        }
        let told: Vec<V> = c.events.iter().filter(|e| matches!(e, V::Receipt(_))).copied().collect();
        assert_eq!(told, [V::Receipt(costs(100)), V::Receipt(costs(120))]);
    });
}

#[test]
fn what_is_wished_of_a_bidirectional_converter_is_selected() {
    let wish = Wish::new(Service::AcBpt, ControlMode::Dynamic);
    for (wish, set) in [
        (wish, 2),
        (wish.with_generator(GeneratorMode::GridForming), 5),
        (wish.with_islanding(IslandingDetection::Passive), 6),
    ] {
        vehicle(&EvccConfig::new("EV", &[wish]), |c| {
            let (service, mut sets) = both_modes(Service::AcBpt);
            let plain = sets[1].clone();
            let other = |id, name, value| {
                let mut set = plain.clone().with(name, value);
                set.id = id;
                set
            };
            sets.push(other(5, "GeneratorMode", 2));
            sets.push(other(6, "GridCodeIslandingDetectionMethod", 2));
            c.services = vec![(service, sets)];
            c.walk_to(Stage::ChargeParameters);
            assert_eq!(c.evcc.selection().map(|selection| selection.parameters.id), Some(set));
        });
    }
}
