//! Whatever comes: no panic, no current that must not be, always a way to the end.

mod common;

use std::time::Duration;

use common::script::{Script, round};
use common::{BUFFER, Pair};
use exi_codec::{Amperes, Rounding, Volts, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, EvccEvent, Wish};
use iso15118_20::secc::{AuthorizationDecision, Isolation, SeccEvent, Stop};
use iso15118_20::sequence::{Stage, Table};
use iso15118_20::service::Family;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Contactor, GridPermit, Output, Profile, Settings};
use proptest::prelude::*;

fn settings() -> impl Strategy<Value = Settings> {
    prop_oneof![Just(Settings::new(Profile::Strict)), Just(Settings::new(Profile::Lenient))]
}

fn wish() -> impl Strategy<Value = Wish> {
    (
        prop_oneof![Just(Service::Dc), Just(Service::DcBpt)],
        prop_oneof![Just(ControlMode::Dynamic), Just(ControlMode::Scheduled)],
    )
        .prop_map(|(service, control_mode)| Wish::new(service, control_mode))
}

/// Bytes that look like V2GTP often enough to get past it.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..120);
    let framed = (0u16..8, payload.clone()).prop_map(|(code, mut payload)| {
        if let Some(first) = payload.first_mut() {
            *first = 0x80;
        }
        let mut frame = vec![0x01, 0xFE];
        frame.extend((0x8001 + code).to_be_bytes());
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        frame
    });
    prop_oneof![payload, framed]
}

fn stage() -> impl Strategy<Value = Stage> {
    let from = Table::of(Family::Dc).rows().map(|row| row.from);
    let stages = from.filter(|stage| !matches!(stage, Stage::SessionStop | Stage::Standby));
    prop::sample::select(stages.collect::<Vec<_>>())
}

/// Something that a host may say at any time.
#[derive(Clone, Copy, Debug)]
enum Word {
    Authorize(AuthorizationDecision),
    Isolation(Isolation),
    Contactor(Contactor),
    VehicleContactor(Contactor),
    Measure(i16, i16),
    Dispatch(i16),
    Permit(i16, i16),
    Demand(i16),
    Discharge(DischargePermit),
    Notify(u16),
    Emergency,
    VehicleStop,
    Wait(u16),
}

fn word() -> impl Strategy<Value = Word> {
    let contactor = prop_oneof![Just(Contactor::Open), Just(Contactor::Closed), Just(Contactor::Fault)];
    prop_oneof![
        prop_oneof![
            Just(AuthorizationDecision::Accepted),
            Just(AuthorizationDecision::Rejected),
            Just(AuthorizationDecision::WaitingForCustomer)
        ]
        .prop_map(Word::Authorize),
        prop_oneof![Just(Isolation::Valid), Just(Isolation::Fault)].prop_map(Word::Isolation),
        contactor.clone().prop_map(Word::Contactor),
        contactor.prop_map(Word::VehicleContactor),
        (0i16..600, -150i16..150).prop_map(|(v, a)| Word::Measure(v, a)),
        (-200i16..200).prop_map(Word::Dispatch),
        (0i16..60, 0i16..60).prop_map(|(c, d)| Word::Permit(c, d)),
        (-100i16..100).prop_map(Word::Demand),
        prop_oneof![Just(DischargePermit::Forbidden), Just(DischargePermit::Allowed)]
            .prop_map(Word::Discharge),
        (0u16..20).prop_map(Word::Notify),
        Just(Word::Emergency),
        Just(Word::VehicleStop),
        (0u16..3000).prop_map(Word::Wait),
    ]
}

fn say(p: &mut Pair<'_>, word: Word) {
    let now = p.now;
    match word {
        Word::Authorize(decision) => p.secc.authorize(now, decision),
        Word::Isolation(isolation) => p.secc.isolation(now, isolation),
        Word::Contactor(contactor) => p.secc.contactor(now, contactor),
        Word::VehicleContactor(contactor) => p.evcc.contactor(now, contactor),
        Word::Measure(volts, amperes) => p.measure(Volts::new(volts, 0), Amperes::new(amperes, 0)),
        Word::Dispatch(kilowatts) => p.secc.set_dispatch(Watts::new(kilowatts, 3)),
        Word::Permit(charge, discharge) => p.secc.set_grid_permit(GridPermit {
            charge: Watts::new(charge, 3),
            discharge: Watts::new(discharge, 3),
        }),
        Word::Demand(amperes) => p.evcc.set_demand(Demand {
            battery: Volts::new(380, 0),
            voltage: Volts::new(420, 0),
            current: Amperes::new(amperes, 0),
        }),
        Word::Discharge(permit) => p.evcc.set_discharge_permit(permit),
        Word::Notify(max_delay) => p.secc.stop(now, Stop::Notify { max_delay }),
        Word::Emergency => p.secc.stop(now, Stop::Emergency),
        Word::VehicleStop => p.evcc.stop(now),
        Word::Wait(millis) => p.wait(Duration::from_millis(u64::from(millis))),
    }
    p.settle();
}

/// What must hold of everything that the converter was told.
fn safe(p: &Pair<'_>, wish: Wish) {
    let mut over = false;
    let mut isolated = false;
    for event in &p.secc_events {
        match event {
            SeccEvent::IsolationTest { .. } => isolated = true,
            SeccEvent::PowerOff => over = true,
            SeccEvent::Output(output) if !output.is_zero() => {
                assert!(!over, "current after the order to switch off");
                assert!(isolated || p.station.isolation.is_none(), "current without a test of isolation");
                assert!(output.power <= Watts::new(25, 3) && output.power >= Watts::new(-25, 3));
                assert!(output.current <= Amperes::new(75, 0) && output.current >= Amperes::new(-75, 0));
                assert!(wish.service == Service::DcBpt || !output.power.is_negative());
                assert_eq!(output.power.is_negative(), output.current.is_negative());
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(400)))]

    #[test]
    fn a_charger_takes_any_bytes_at_any_stage(
        settings in settings(),
        stage in stage(),
        bytes in prop::collection::vec(hostile(), 1..6),
    ) {
        let mut buffer = [0; BUFFER];
        let mut s = Script::new(&mut buffer, &settings);
        s.walk_to(stage);
        for piece in bytes {
            let mut rest = &piece[..];
            while !rest.is_empty() {
                let consumed = s.secc.handle_input(s.now, rest).consumed;
                prop_assert!(consumed > 0);
                rest = &rest[consumed..];
                let _ = s.secc.poll_transmit(s.now, &mut [0; 2048]);
                s.drain();
            }
        }
        let closed = s.saw(|e| *e == SeccEvent::Close) > 0;
        prop_assert!(closed || s.secc.poll_timeout().is_some());
        if s.secc.end().is_some_and(|end| !end.is_ok()) {
            prop_assert!(s.saw(|e| *e == SeccEvent::PowerOff) > 0);
        }
    }

    #[test]
    fn a_vehicle_takes_any_bytes_at_any_message(
        settings in settings(),
        wish in wish(),
        messages in 0usize..50,
        bytes in prop::collection::vec(hostile(), 1..6),
    ) {
        let wishes = [wish];
        let mut buffers = ([0; BUFFER], [0; BUFFER]);
        let mut p = Pair::new(&mut buffers, &wishes, &settings);
        p.rounds = 5;
        p.connect();
        for _ in 0..400 {
            if p.messages.len() >= messages {
                break;
            }
            p.step_message();
        }
        for piece in bytes {
            let mut rest = &piece[..];
            while !rest.is_empty() {
                let consumed = p.evcc.handle_input(p.now, rest).consumed;
                prop_assert!(consumed > 0);
                rest = &rest[consumed..];
            }
        }
        p.drain_events();
        let closed = p.evcc_events.contains(&EvccEvent::Close);
        prop_assert!(closed || p.evcc.poll_timeout().is_some());
    }

    #[test]
    fn damaged_frames_do_not_break_either_end(
        wish in wish(),
        at in 0usize..60,
        flip in (0usize..400, 1u8..),
    ) {
        let wishes = [wish];
        let mut buffers = ([0; BUFFER], [0; BUFFER]);
        let mut p = Pair::new(&mut buffers, &wishes, &Settings::default());
        p.rounds = 5;
        p.damage = Some((at, flip.0, flip.1));
        p.connect();
        let (secc, evcc) = p.run();
        prop_assert!(secc.is_some() && evcc.is_some());
        safe(&p, wish);
        prop_assert!(p.outputs.last().is_none_or(|output| output.is_zero()));
    }

    #[test]
    fn hosts_may_say_anything_at_any_time(
        settings in settings(),
        wish in wish(),
        words in prop::collection::vec((0usize..8, word()), 0..40),
    ) {
        let wishes = [wish];
        let mut buffers = ([0; BUFFER], [0; BUFFER]);
        let mut p = Pair::new(&mut buffers, &wishes, &settings);
        p.rounds = 20;
        p.connect();
        for (steps, word) in words {
            for _ in 0..steps {
                p.step_message();
            }
            say(&mut p, word);
        }
        let (secc, evcc) = p.run();
        prop_assert!(secc.is_some() && evcc.is_some());
        prop_assert!(p.outputs.last().is_none_or(|output| output.is_zero()));
        safe(&p, wish);
    }

    #[test]
    fn output_follows_every_limit(
        dispatch in -60i16..60,
        permit in (0i16..60, 0i16..60),
        amperes in -200i16..200,
        scheduled: bool,
    ) {
        let mut buffer = [0; BUFFER];
        let mut s = Script::new(&mut buffer, &Settings::default());
        s.mode = if scheduled { ControlMode::Scheduled } else { ControlMode::Dynamic };
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_dispatch(Watts::new(dispatch, 3));
        s.secc.set_grid_permit(GridPermit { charge: Watts::new(permit.0, 3), discharge: Watts::new(permit.1, 3) });
        let mode = s.mode;
        s.ok(&round(Service::DcBpt, mode, amperes));
        let output = s.events.iter().rev().find_map(|e| match e {
            SeccEvent::Output(output) => Some(*output),
            _ => None,
        }).unwrap_or(Output::ZERO);
        let kilowatts = output.power.to_milli_saturating(Rounding::Nearest) / 1_000_000;
        // The vehicle declared 25 kW and 10 kW, the charger has 30 kW.
        prop_assert!(kilowatts <= i64::from(permit.0.min(25)) && kilowatts >= -i64::from(permit.1.min(10)));
        let wish = if scheduled { amperes } else { dispatch };
        prop_assert!(output.is_zero() || (wish < 0) == output.power.is_negative());
    }
}
