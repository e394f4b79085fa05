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

#[test]
fn an_indirect_charger_is_validated_by_toggles() {
    let mut ev = sounded(Profile::Strict, &[(EVSE, 15)]);
    let frames = pass(&mut ev, 1500);
    assert_eq!(names(&frames), [(1412, "CM_VALIDATE.REQ")]);
    let told = |toggles, result| frame(EV, EVSE, &Mme::ValidateCnf(ValidateCnf { toggles, result }));
    ev.handle_frame(ms(1500), &told(0, ValidateResult::Ready)).unwrap();
    let frames: Vec<_> = sent(&mut ev);
    // Seven makes two of one to three.
    let (_, Mme::ValidateReq(second)) = parse(&frames[0]) else { panic!("{frames:?}") };
    assert_eq!(second.timer, 14);
    let mut switched = Vec::new();
    for at in (1500..3000).step_by(100) {
        pass(&mut ev, at);
        switched.extend(events(&mut ev));
    }
    let toggle = [EvEvent::S2(S2::Closed), EvEvent::S2(S2::Open)];
    assert_eq!(switched, [toggle, toggle].concat());
    ev.handle_frame(ms(3000), &told(2, ValidateResult::Success)).unwrap();
    assert_eq!(parse(&sent(&mut ev)[0]).1, Mme::SlacMatchReq(choice(RUN)));
    let attenuation = Attenuation::decibels(15);
    let chosen = EvEvent::Chosen { evse: EVSE, attenuation, finding: Finding::Validated };
    assert_eq!(events(&mut ev), [chosen]);
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
