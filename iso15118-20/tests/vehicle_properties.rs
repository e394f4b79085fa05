//! Whatever the hosts say and whatever arrives, for every family: no panic, no power that must not be, an end.

mod common;

use std::time::Duration;

use common::{BUFFER, Pair};
use exi_codec::iso20::common_types::EvseNotification;
use exi_codec::{Amperes, Bytes, Volts, WattHours, Watts};
use iso15118_20::evcc::{
    AuthorizationPolicy, CheckIn, Contract, Demand, DischargePermit, EvccConfig, EvccEvent,
    InstallationVerdict, Mobility, Needs, PauseReaction, RenegotiationStream, ValueAddedWish, Wish,
    WptResult,
};
use iso15118_20::secc::{AuthorizationOffer, SeccConfig, Stop, Support};
use iso15118_20::security::{Chain, SignatureScheme, Signed};
use iso15118_20::service::{
    ControlMode, Direction, Fee, Offer, Parameters, ParkingKind, ParkingService, Service, ValueAdded,
    ValueAddedOffer, ValueAddedSet,
};
use iso15118_20::{AcMeasurement, Contactor, Phases, Profile, Settings, Transport};
use proptest::prelude::*;

const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];
const PARKING: &[ValueAddedOffer<'static>] = &[ValueAddedOffer {
    service: ValueAdded::ParkingStatus,
    fee: Fee::Free,
    sets: &[ValueAddedSet::Parking {
        id: 1,
        service: ParkingService::CheckIn,
        kind: ParkingKind::AutoInternal,
    }],
}];
const EXTRAS: &[ValueAddedWish] =
    &[ValueAddedWish::Parking(ParkingService::CheckIn, ParkingKind::AutoInternal)];
const SUBS: &[Bytes<'static>] = &[Bytes::new(&[4, 5])];
const CONTRACTS: &[Contract<'static>] =
    &[Contract { chain: Chain { leaf: &[1, 2, 3], subs: SUBS }, emaid: "DEABC123" }];

fn service() -> impl Strategy<Value = Service> {
    prop::sample::select(vec![
        Service::Ac,
        Service::AcBpt,
        Service::Dc,
        Service::DcBpt,
        Service::Mcs,
        Service::Wpt,
        Service::DcAcdp,
        Service::DcAcdpBpt,
    ])
}

fn mode() -> impl Strategy<Value = ControlMode> {
    prop_oneof![Just(ControlMode::Dynamic), Just(ControlMode::Scheduled)]
}

/// Something that either host may say at any time.
#[derive(Clone, Copy, Debug)]
enum Word {
    Pause,
    Standby,
    ExitStandby,
    RenegotiateService,
    RenegotiateSchedule,
    CheckIn,
    CheckedIn,
    CheckOut,
    Signed,
    Installed(bool),
    Permit(bool),
    Needs(i16),
    Demand(i16),
    AcMeasure(i16),
    Measure(i16, i16),
    Contactor(Contactor),
    Place(bool),
    Mobility(bool),
    Notify(EvseNotification, u16),
    Dispatch(i16),
    StationStop(bool),
    Stop,
    Emergency,
    Wait(u16),
    Timeout,
}

fn word() -> impl Strategy<Value = Word> {
    let contactor = prop_oneof![Just(Contactor::Open), Just(Contactor::Closed), Just(Contactor::Fault)];
    let notification = prop::sample::select(EvseNotification::ALL);
    prop_oneof![
        Just(Word::Pause),
        Just(Word::Standby),
        Just(Word::ExitStandby),
        Just(Word::RenegotiateService),
        Just(Word::RenegotiateSchedule),
        Just(Word::CheckIn),
        Just(Word::CheckedIn),
        Just(Word::CheckOut),
        Just(Word::Signed),
        any::<bool>().prop_map(Word::Installed),
        any::<bool>().prop_map(Word::Permit),
        (-20i16..20).prop_map(Word::Needs),
        (-100i16..100).prop_map(Word::Demand),
        (-30i16..30).prop_map(Word::AcMeasure),
        (0i16..600, -150i16..150).prop_map(|(v, a)| Word::Measure(v, a)),
        contactor.prop_map(Word::Contactor),
        any::<bool>().prop_map(Word::Place),
        any::<bool>().prop_map(Word::Mobility),
        (notification, 0u16..60).prop_map(|(n, d)| Word::Notify(n, d)),
        (-40i16..40).prop_map(Word::Dispatch),
        prop::bool::weighted(0.2).prop_map(Word::StationStop),
        Just(Word::Stop),
        Just(Word::Emergency),
        (0u16..3000).prop_map(Word::Wait),
        Just(Word::Timeout),
    ]
}

fn say(p: &mut Pair<'_>, word: Word) {
    let now = p.now;
    match word {
        Word::Pause => drop(p.evcc.pause(now)),
        Word::Standby => drop(p.evcc.standby(now)),
        Word::ExitStandby => drop(p.evcc.exit_standby(now)),
        Word::RenegotiateService => drop(p.evcc.renegotiate_service(now)),
        Word::RenegotiateSchedule => drop(p.evcc.renegotiate_schedule(now)),
        Word::CheckIn => drop(p.evcc.check_in(now, CheckIn::default())),
        Word::CheckedIn => drop(p.evcc.checked_in(now)),
        Word::CheckOut => drop(p.evcc.check_out(now, 1_700_000_100)),
        Word::Signed => {
            let signed = Signed::new(SignatureScheme::EcdsaP521Sha512, &[1; 64], &[2; 132]).unwrap();
            p.evcc.signed(now, signed);
        }
        Word::Installed(yes) => p
            .evcc
            .installed(now, if yes { InstallationVerdict::Accepted } else { InstallationVerdict::Refused }),
        Word::Permit(yes) => p.evcc.set_discharge_permit(if yes {
            DischargePermit::Allowed
        } else {
            DischargePermit::Forbidden
        }),
        Word::Needs(least) => p.evcc.set_needs(Needs {
            target_energy: WattHours::new(20, 3),
            min_energy: WattHours::new(least, 3),
            ..Needs::default()
        }),
        Word::Demand(amperes) => {
            p.evcc.set_ac_demand(Phases::Total(Watts::new(amperes, 2)));
            p.evcc.set_demand(Demand {
                battery: Volts::new(380, 0),
                voltage: Volts::new(420, 0),
                current: Amperes::new(amperes, 0),
            });
        }
        Word::AcMeasure(kilowatts) => {
            let active = Phases::Total(Watts::new(kilowatts, 3));
            p.evcc.ac_measurement(now, AcMeasurement { active, ..AcMeasurement::default() });
        }
        Word::Measure(volts, amperes) => p.measure(Volts::new(volts, 0), Amperes::new(amperes, 0)),
        Word::Contactor(contactor) => p.evcc.contactor(now, contactor),
        Word::Place(yes) => {
            let result = if yes { WptResult::Success } else { WptResult::Failed };
            p.evcc.positioned(now, result);
            p.evcc.paired(now, result, Some(0));
            p.evcc.aligned(now, result);
        }
        Word::Mobility(yes) => {
            p.evcc.set_mobility(if yes { Mobility::Mobile } else { Mobility::Immobilized });
        }
        Word::Notify(notification, delay) => drop(p.secc.notify(now, notification, delay)),
        Word::Dispatch(kilowatts) => p.secc.set_dispatch(Watts::new(kilowatts, 3)),
        Word::StationStop(yes) => {
            if yes {
                p.secc.stop(now, Stop::Emergency);
            }
        }
        Word::Stop => p.evcc.stop(now),
        Word::Emergency => p.evcc.emergency_stop(now),
        Word::Wait(millis) => p.wait(Duration::from_millis(u64::from(millis))),
        Word::Timeout => p.wait(Duration::from_secs(70)),
    }
    p.settle();
    assert!(
        p.evcc.end().is_some() || p.evcc.poll_timeout().is_some(),
        "nothing to wait for at {}",
        p.evcc.stage()
    );
}

/// What must hold of everything that the vehicle's converter was told.
fn safe(p: &Pair<'_>, service: Service) {
    let mut over = false;
    for event in &p.evcc_events {
        match event {
            EvccEvent::PowerOff => over = true,
            EvccEvent::SessionStarted | EvccEvent::SessionResumed => over = false,
            EvccEvent::CloseContactor { .. } | EvccEvent::RequestPower => {
                assert!(!over, "energised after the order to switch off");
            }
            EvccEvent::AcOutput(output) => {
                let power = output.active.total();
                assert!(!over || power.is_zero(), "power after the order to switch off");
                assert!(power <= Watts::new(11, 3) && power >= Watts::new(-7, 3), "{power}");
                assert!(service.direction() == Direction::Bidirectional || !power.is_negative());
            }
            _ => {}
        }
    }
}

/// Bytes that look like V2GTP often enough to get past it, on any stream.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![0x8001u16..0x8007, 0x8101u16..0x8105];
    let payload = prop::collection::vec(any::<u8>(), 0..120);
    let framed = (code, payload.clone()).prop_map(|(code, mut payload)| {
        if let Some(first) = payload.first_mut() {
            *first = 0x80;
        }
        let mut frame = vec![0x01, 0xFE];
        frame.extend(code.to_be_bytes());
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        frame
    });
    prop_oneof![payload, framed]
}

fn session(
    service: Service,
    mode: ControlMode,
    profile: Profile,
    contract: bool,
    on_pause: PauseReaction,
    test: impl FnOnce(&mut Pair<'_>),
) {
    let settings = Settings::new(profile);
    let wishes = [Wish::new(service, mode)];
    let offers = [Offer { service, fee: Fee::Paid, sets: SETS }];
    let station = SeccConfig {
        service_renegotiation: Support::Offered,
        standby: Support::Offered,
        value_added: PARKING,
        authorization: AuthorizationOffer {
            contract: if contract { Support::Offered } else { Support::Absent },
            ..AuthorizationOffer::EXTERNAL
        },
        ..SeccConfig::new("DE*V2G*E1", "M1", &offers, settings)
    };
    let vehicle = EvccConfig {
        value_added: EXTRAS,
        contracts: if contract { CONTRACTS } else { &[] },
        authorization: AuthorizationPolicy::ContractFirst,
        on_pause,
        renegotiation: RenegotiationStream::Side,
        settings,
        ..EvccConfig::new("WMIV1234567890ABCDEX", &wishes)
    };
    let mut buffers = ([0; BUFFER], [0; BUFFER]);
    let mut pair = Pair::with(&mut buffers, &station, &vehicle);
    pair.rounds = 15;
    pair.connect_over(Transport::Secured);
    test(&mut pair);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(256)))]

    #[test]
    fn hosts_may_say_anything_at_any_time(
        service in service(),
        mode in mode(),
        strict: bool,
        contract: bool,
        reaction in 0usize..3,
        words in prop::collection::vec((0usize..10, word()), 0..30),
    ) {
        let profile = if strict { Profile::Strict } else { Profile::Lenient };
        let on_pause = [PauseReaction::Pause, PauseReaction::Standby, PauseReaction::Leave][reaction];
        session(service, mode, profile, contract, on_pause, |p| {
            for (steps, word) in words {
                for _ in 0..steps {
                    p.step_message();
                }
                say(p, word);
            }
            let (secc, evcc) = p.run();
            assert!(secc.is_some() && evcc.is_some());
            assert_eq!(p.evcc_events.last(), Some(&EvccEvent::Close));
            assert!(p.evcc.poll_timeout().is_none());
            safe(p, service);
            // A vehicle that paused, or did not, goes on with the next connection.
            p.connect_over(Transport::Secured);
            let (_, evcc) = p.run();
            assert!(evcc.is_some());
            safe(p, service);
        });
    }

    #[test]
    fn damaged_frames_do_not_break_either_end(
        service in service(),
        mode in mode(),
        at in 0usize..80,
        flip in (0usize..400, 1u8..),
    ) {
        session(service, mode, Profile::Lenient, false, PauseReaction::Pause, |p| {
            p.damage = Some((at, flip.0, flip.1));
            let (secc, evcc) = p.run();
            assert!(secc.is_some() && evcc.is_some());
            safe(p, service);
        });
    }

    #[test]
    fn a_vehicle_takes_any_bytes_at_any_message(
        service in service(),
        mode in mode(),
        messages in 0usize..80,
        bytes in prop::collection::vec(hostile(), 1..6),
    ) {
        session(service, mode, Profile::Lenient, true, PauseReaction::Standby, |p| {
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
                    assert!(consumed > 0);
                    rest = &rest[consumed..];
                }
            }
            p.drain_events();
            let closed = p.evcc_events.contains(&EvccEvent::Close);
            assert!(closed || p.evcc.poll_timeout().is_some());
            let (_, evcc) = p.run();
            assert!(evcc.is_some());
            safe(p, service);
        });
    }
}
