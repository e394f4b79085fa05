//! The vehicle's machine against a script.

mod common;

use common::{EV, EVSE, OTHER, RUN, choice, entropy, frame, key_set, ms, parm_cnf, parse, report};
use v2g_slac::ev::{Ev, EvConfig, EvEvent, EvFailure, EvState, Finding};
use v2g_slac::mme::{SlacMatchCnf, ValidateCnf, ValidateResult};
use v2g_slac::{
    Attenuation, DutyCycle, Ignored, LinkState, MacAddr, Mme, Network, Nmk, NoEntropy, PilotState, Profile,
    S2,
};

type Entropy = fn(&mut [u8]) -> Result<(), NoEntropy>;
type Vehicle = Ev<'static, Entropy>;

fn sent(ev: &mut Vehicle) -> Vec<Vec<u8>> {
    let mut out = [0; v2g_slac::MAX_FRAME_LEN];
    let mut frames = Vec::new();
    while let Some(len) = ev.poll_transmit(&mut out).unwrap() {
        frames.push(out[..len].to_vec());
    }
    frames
}

fn names(frames: &[(u64, Vec<u8>)]) -> Vec<(u64, &'static str)> {
    frames.iter().map(|(at, frame)| (*at, parse(frame).1.mmtype().name().unwrap())).collect()
}

fn events(ev: &mut Vehicle) -> Vec<EvEvent> {
    std::iter::from_fn(|| ev.poll_event()).collect()
}

fn pass(ev: &mut Vehicle, until: u64) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(due) = ev.poll_timeout().filter(|due| *due <= ms(until)) {
        ev.handle_timeout(due);
        all.extend(sent(ev).into_iter().map(|frame| (due.as_millis() as u64, frame)));
    }
    all
}

/// A vehicle that asks for chargers at 10 ms.
fn plugged(profile: Profile) -> Vehicle {
    let mut ev = Vehicle::new(EvConfig::new(EV, profile), entropy as Entropy).unwrap();
    ev.start(ms(0));
    // First out of whatever network there was.
    assert_eq!(sent(&mut ev).len(), 1);
    ev.handle_frame(ms(1), &key_set(EV, 1)).unwrap();
    ev.pilot(ms(10), PilotState::B, DutyCycle::FivePercent);
    assert_eq!(events(&mut ev), [EvEvent::Attempt { run_id: RUN }]);
    assert_eq!(sent(&mut ev), [common::parm_req(RUN)]);
    ev
}

/// A vehicle that has sounded, for chargers at so many dB, until its choice.
fn sounded(profile: Profile, chargers: &[(MacAddr, u8)]) -> Vehicle {
    let mut ev = plugged(profile);
    for (mac, _) in chargers {
        ev.handle_frame(ms(50), &parm_cnf(*mac)).unwrap();
    }
    let frames = pass(&mut ev, 530);
    let kinds = names(&frames);
    assert_eq!(kinds[0], (211, "CM_START_ATTEN_CHAR.IND"));
    assert_eq!(kinds[3], (286, "CM_MNBC_SOUND.IND"));
    assert_eq!((kinds.len(), kinds[12]), (13, (511, "CM_MNBC_SOUND.IND")));
    let remaining: Vec<_> = frames
        .iter()
        .filter_map(|(_, frame)| match parse(frame).1 {
            Mme::MnbcSoundInd(sound) => Some(sound.remaining),
            _ => None,
        })
        .collect();
    assert_eq!(remaining, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    for (mac, decibels) in chargers {
        ev.handle_frame(ms(540), &report(*mac, *decibels)).unwrap();
        let (to, message) = (sent(&mut ev), *mac);
        assert_eq!(to, [frame(message, EV, &Mme::AttenCharRsp(common::response(RUN)))]);
    }
    ev
}

fn confirm(ev: &mut Vehicle, at: u64, from: MacAddr) -> Result<(), Ignored> {
    let mut request = choice(RUN);
    request.evse_mac = from;
    let network = Network::of(Nmk::new([9; 16]));
    ev.handle_frame(ms(at), &frame(EV, from, &Mme::SlacMatchCnf(SlacMatchCnf { request, network })))
}

#[test]
fn the_nearer_charger_is_chosen_and_its_network_joined() {
    let mut ev = sounded(Profile::Lenient, &[(OTHER, 31), (EVSE, 25)]);
    assert_eq!(names(&pass(&mut ev, 541)), [(541, "CM_SLAC_MATCH.REQ")]);
    let attenuation = Attenuation::decibels(25);
    let finding = Finding::Potential;
    assert_eq!(events(&mut ev), [EvEvent::Chosen { evse: EVSE, attenuation, finding }]);
    // Not from another, and not in another's name.
    assert_eq!(confirm(&mut ev, 545, OTHER), Err(Ignored::InnerAddress));
    confirm(&mut ev, 550, EVSE).unwrap();
    let frames = sent(&mut ev);
    let (to, Mme::SetKeyReq(key)) = parse(&frames[0]) else { panic!("{frames:?}") };
    assert_eq!((to, &key.network.nmk), (MacAddr::LOCAL_MODEM, &Nmk::new([9; 16])));
    ev.handle_frame(ms(560), &key_set(EV, 0)).unwrap();
    ev.link(ms(3000), LinkState::Up);
    pass(&mut ev, 3200);
    assert_eq!(events(&mut ev), [EvEvent::LinkUp { evse: EVSE }]);
    assert_eq!(ev.state(), EvState::Matched);
    // Unplugged: out of the network at once.
    ev.pilot(ms(4000), PilotState::A, DutyCycle::Off);
    let frames = sent(&mut ev);
    let (_, Mme::SetKeyReq(key)) = parse(&frames[0]) else { panic!("{frames:?}") };
    assert_eq!(key.network.nmk, Nmk::new([7; 16]));
    assert_eq!(ev.state(), EvState::Idle);
}

#[test]
fn a_paused_vehicle_wakes_its_charger_by_a_whole_toggle() {
    let mut ev = sounded(Profile::Lenient, &[(EVSE, 25)]);
    pass(&mut ev, 541);
    confirm(&mut ev, 550, EVSE).unwrap();
    sent(&mut ev);
    ev.handle_frame(ms(560), &key_set(EV, 0)).unwrap();
    ev.link(ms(600), LinkState::Up);
    pass(&mut ev, 1000);
    events(&mut ev);
    ev.pause(ms(2000));
    assert_eq!((ev.state(), pass(&mut ev, 20_000), events(&mut ev)), (EvState::Paused, vec![], vec![]));
    ev.wake(ms(20_000));
    assert_eq!(events(&mut ev), [EvEvent::S2(S2::Closed)]);
    // The link has never gone.
    ev.link(ms(20_001), LinkState::Up);
    pass(&mut ev, 20_299);
    assert_eq!(events(&mut ev), []);
    pass(&mut ev, 20_300);
    assert_eq!(events(&mut ev), [EvEvent::S2(S2::Open), EvEvent::LinkUp { evse: EVSE }]);
}

#[test]
fn unanswered_questions_are_repeated_and_attempts_end_in_time() {
    let mut ev = plugged(Profile::Strict);
    let asked = names(&pass(&mut ev, 30_000));
    assert_eq!(asked[..4].iter().map(|(at, _)| *at).collect::<Vec<_>>(), [210, 410, 1010, 1210]);
    assert!(asked.iter().all(|(_, name)| *name == "CM_SLAC_PARM.REQ"));
    let told = events(&mut ev);
    assert_eq!(told.last(), Some(&EvEvent::Attempt { run_id: RUN }));
    assert!(told.contains(&EvEvent::Failed(EvFailure::NoCharger)));
    assert_eq!((ev.state(), ev.poll_timeout()), (EvState::Failed, None));
    assert!(asked.last().unwrap().0 < 11_000);
}

#[test]
fn no_loss_at_all_is_not_believed() {
    let mut ev = sounded(Profile::Lenient, &[(OTHER, 0), (EVSE, 15)]);
    // First the strange one is validated; it does not answer, and the other is about as sure as before.
    let frames = pass(&mut ev, 541);
    let (to, Mme::ValidateReq(_)) = parse(&frames[0].1) else { panic!("{frames:?}") };
    assert_eq!(to, OTHER);
    let frames = pass(&mut ev, 3000);
    let kinds: Vec<_> =
        frames.iter().map(|(_, f)| (parse(f).0, parse(f).1.mmtype().name().unwrap())).collect();
    assert!(kinds.contains(&(EVSE, "CM_VALIDATE.REQ")), "{kinds:?}");
    assert!(!kinds.contains(&(OTHER, "CM_SLAC_MATCH.REQ")), "{kinds:?}");
}

fn told(from: MacAddr, toggles: u8, result: ValidateResult) -> Vec<u8> {
    frame(EV, from, &Mme::ValidateCnf(ValidateCnf { toggles, result }))
}

/// The messages of a validation that were sent: when, to whom, and their timers.
fn steps(frames: &[(u64, Vec<u8>)]) -> Vec<(u64, MacAddr, u8)> {
    let step = |(at, frame): &(u64, Vec<u8>)| match parse(frame) {
        (to, Mme::ValidateReq(message)) => Some((*at, to, message.timer)),
        _ => None,
    };
    frames.iter().filter_map(step).collect()
}

/// One round with a charger that counts right. What is random is 7: 2 of 1 to 3 toggles, pauses of 7 ms.
fn round(ev: &mut Vehicle, asked: u64, counted: u8) -> u64 {
    ev.handle_frame(ms(asked + 10), &told(EVSE, 0, ValidateResult::Ready)).unwrap();
    assert_eq!(steps(&pass(ev, asked + 100)), [(asked + 17, EVSE, 14)]);
    let mut switched = Vec::new();
    for at in (asked + 100..asked + 1500).step_by(100) {
        assert_eq!(names(&pass(ev, at)), []);
        switched.extend(events(ev));
    }
    let toggle = [EvEvent::S2(S2::Closed), EvEvent::S2(S2::Open)];
    assert_eq!(switched, [toggle, toggle].concat());
    ev.handle_frame(ms(asked + 1520), &told(EVSE, counted, ValidateResult::Success)).unwrap();
    asked + 1520
}

#[test]
fn an_indirect_charger_is_validated_by_toggles_three_times() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 15)]);
    assert_eq!(steps(&pass(&mut ev, 1500)), [(1412, EVSE, 0)]);
    let mut asked = 1412;
    for _ in 0..2 {
        let counted = round(&mut ev, asked, 2);
        assert_eq!(sent(&mut ev), Vec::<Vec<u8>>::new());
        assert_eq!(steps(&pass(&mut ev, counted + 100)), [(counted + 7, EVSE, 0)]);
        asked = counted + 7;
    }
    round(&mut ev, asked, 2);
    assert_eq!(parse(&sent(&mut ev)[0]).1, Mme::SlacMatchReq(choice(RUN)));
    let attenuation = Attenuation::decibels(15);
    let chosen = EvEvent::Chosen { evse: EVSE, attenuation, finding: Finding::Validated };
    assert_eq!(events(&mut ev), [chosen]);
}

#[test]
fn a_wrong_count_in_any_round_is_no_match() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 15)]);
    pass(&mut ev, 1412);
    let counted = round(&mut ev, 1412, 2);
    pass(&mut ev, counted + 7);
    let counted = round(&mut ev, counted + 7, 3);
    assert_eq!(sent(&mut ev), Vec::<Vec<u8>>::new());
    // Another attempt, in which it is asked anew.
    assert_eq!(names(&pass(&mut ev, counted + 400)), [(counted + 400, "CM_SLAC_PARM.REQ")]);
}

#[test]
fn toggles_that_the_charger_did_not_count_are_made_again() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 15)]);
    pass(&mut ev, 1412);
    ev.handle_frame(ms(1420), &told(EVSE, 0, ValidateResult::Ready)).unwrap();
    assert_eq!(steps(&pass(&mut ev, 1530)), [(1427, EVSE, 14)]);
    assert_eq!(events(&mut ev), [EvEvent::S2(S2::Closed)]);
    // A late copy says nothing; a repetition says that the second step was lost.
    let copy = told(EVSE, 0, ValidateResult::Ready);
    assert_eq!(ev.handle_frame(ms(1600), &copy), Err(Ignored::Stale));
    ev.handle_frame(ms(1820), &copy).unwrap();
    // S2 was open again at 1827; nothing is left to be switched later.
    assert_eq!(steps(&pass(&mut ev, 2700)), [(2620, EVSE, 0)]);
    assert_eq!(events(&mut ev), [EvEvent::S2(S2::Open)]);
    // Somebody else toggles there: it is asked again later, and the pilot rests meanwhile.
    ev.handle_frame(ms(2710), &told(EVSE, 0, ValidateResult::NotReady)).unwrap();
    assert_eq!(steps(&pass(&mut ev, 3150)), [(3110, EVSE, 0)]);
    assert_eq!(events(&mut ev), []);
}

#[test]
fn a_farther_charger_is_not_tried_while_the_nearest_is_silent() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 12), (OTHER, 17)]);
    let frames = pass(&mut ev, 60_000);
    let asked = steps(&frames);
    assert!(!asked.is_empty() && asked.iter().all(|(_, to, _)| *to == EVSE), "{asked:?}");
    assert!(events(&mut ev).contains(&EvEvent::Failed(EvFailure::NoCharger)));
}

#[test]
fn beyond_the_indirect_limit_the_strict_profile_refuses() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 25)]);
    assert_eq!(names(&pass(&mut ev, 1500)), []);
    assert_eq!(ev.state(), EvState::Matching);
    let mut lenient = sounded(Profile::Lenient, &[(EVSE, 45)]);
    assert_eq!(names(&pass(&mut lenient, 541)), [(541, "CM_SLAC_MATCH.REQ")]);
}

#[test]
fn nothing_is_sent_without_a_pilot() {
    let mut ev = plugged(Profile::Lenient);
    ev.pilot(ms(100), PilotState::E, DutyCycle::Off);
    assert_eq!(pass(&mut ev, 60_000), []);
    assert_eq!(ev.state(), EvState::Idle);
    ev.pilot(ms(60_000), PilotState::B, DutyCycle::Nominal);
    assert_eq!(sent(&mut ev), [common::parm_req(RUN)]);
}
