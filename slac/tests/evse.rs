//! The charger's machine against a script.

mod common;

use common::{
    EV, EVSE, MODEM, OTHER, RUN, choice, entropy, frame, key_set, ms, parm_req, parse, profile, response,
    start,
};
use v2g_slac::evse::{Evse, EvseConfig, EvseEvent, EvseState, MatchFailure};
use v2g_slac::mme::{Qualcomm, SlacMatchCnf, ValidateCnf, ValidateReq, ValidateResult};
use v2g_slac::{
    Attenuation, Ignored, LinkDown, MacAddr, Mme, Network, Nmk, NoEntropy, PilotCommand, PilotState, Profile,
    RunId,
};

type Entropy = fn(&mut [u8]) -> Result<(), NoEntropy>;
type Charger = Evse<'static, Entropy>;

fn sent(evse: &mut Charger) -> Vec<Vec<u8>> {
    let mut out = [0; v2g_slac::MAX_FRAME_LEN];
    let mut frames = Vec::new();
    while let Some(len) = evse.poll_transmit(&mut out).unwrap() {
        frames.push(out[..len].to_vec());
    }
    frames
}

fn events(evse: &mut Charger) -> Vec<EvseEvent> {
    std::iter::from_fn(|| evse.poll_event()).collect()
}

/// Lets time pass until `until`, and returns what was sent meanwhile.
fn pass(evse: &mut Charger, until: u64) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(due) = evse.poll_timeout().filter(|due| *due <= ms(until)) {
        evse.handle_timeout(due);
        all.extend(sent(evse).into_iter().map(|frame| (due.as_millis() as u64, frame)));
    }
    all
}

fn with(profile: Profile) -> Charger {
    let mut evse = Charger::new(EvseConfig::new(EVSE, profile), entropy as Entropy).unwrap();
    evse.start(ms(0));
    assert_eq!(events(&mut evse), [EvseEvent::Pilot(PilotCommand::FivePercent)]);
    assert_eq!(sent(&mut evse).len(), 1);
    evse.handle_frame(ms(1), &key_set(EVSE, 1)).unwrap();
    assert_eq!(events(&mut evse), [EvseEvent::Ready]);
    evse.pilot(ms(10), PilotState::B);
    evse
}

/// A charger that has reported at 200 ms.
fn reported(profile_of: Profile) -> Charger {
    let mut evse = with(profile_of);
    evse.handle_frame(ms(100), &parm_req(RUN)).unwrap();
    assert_eq!(sent(&mut evse), [common::parm_cnf(EVSE)]);
    evse.handle_frame(ms(120), &start(RUN)).unwrap();
    assert_eq!(events(&mut evse), [EvseEvent::Sounding { vehicle: EV }]);
    for _ in 0..10 {
        evse.handle_frame(ms(200), &profile(25)).unwrap();
    }
    assert_eq!(pass(&mut evse, 200), [(200, common::report(EVSE, 25))]);
    evse
}

fn respond(evse: &mut Charger, at: u64) {
    evse.handle_frame(ms(at), &frame(EVSE, EV, &Mme::AttenCharRsp(response(RUN)))).unwrap();
}

fn choose(evse: &mut Charger, at: u64) -> Result<(), Ignored> {
    evse.handle_frame(ms(at), &frame(EVSE, EV, &Mme::SlacMatchReq(choice(RUN))))
}

fn confirmation() -> Vec<u8> {
    let network = Network::of(Nmk::new([7; 16]));
    frame(EV, EVSE, &Mme::SlacMatchCnf(SlacMatchCnf { request: choice(RUN), network }))
}

#[test]
fn a_matching_from_question_to_link() {
    let mut evse = reported(Profile::Strict);
    respond(&mut evse, 210);
    choose(&mut evse, 220).unwrap();
    assert_eq!(sent(&mut evse)[0], confirmation());
    let attenuation = Attenuation::decibels(25);
    assert_eq!(events(&mut evse), [EvseEvent::Chosen { vehicle: EV, run_id: RUN, attenuation }]);
    assert_eq!(evse.state(), EvseState::Joining);
    // A repeated choice gets its answer again, and does not extend the time for the link.
    let before = evse.poll_timeout();
    choose(&mut evse, 230).unwrap();
    assert_eq!(sent(&mut evse)[0], confirmation());
    assert_eq!(evse.poll_timeout(), before);
    // Asked in the ways of both vendors in turn.
    let asked = pass(&mut evse, 420);
    let kinds: Vec<_> =
        asked.iter().map(|(at, frame)| (*at, parse(frame).1.mmtype().name().unwrap())).collect();
    assert_eq!(
        kinds,
        [(220, "VS_PL_LNK_STATUS.REQ"), (320, "LMS_LINK_STATUS.REQ"), (420, "VS_PL_LNK_STATUS.REQ")]
    );
    let up = frame(EVSE, MODEM, &Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link: 1 }));
    evse.handle_frame(ms(421), &up).unwrap();
    pass(&mut evse, 700);
    assert_eq!(events(&mut evse), [EvseEvent::LinkUp { vehicle: EV }]);
    assert_eq!(evse.handle_frame(ms(701), &parm_req(RUN)), Err(Ignored::Stale));
    // The loss is told once; a new key and a restart of the vehicle follow.
    let gone = frame(EVSE, MODEM, &Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link: 0 }));
    evse.handle_frame(ms(800), &gone).unwrap();
    assert!(evse.handle_frame(ms(801), &gone).is_err());
    let expected = [EvseEvent::Pilot(PilotCommand::StateE), EvseEvent::LinkDown(LinkDown::Lost)];
    assert_eq!(events(&mut evse), expected);
    let (to, message) = (sent(&mut evse), MacAddr::LOCAL_MODEM);
    assert!(to.iter().any(|frame| parse(frame).0 == message && matches!(parse(frame).1, Mme::SetKeyReq(_))));
}

#[test]
fn a_report_is_repeated_twice_and_then_given_up() {
    let mut evse = reported(Profile::Lenient);
    let again = common::report(EVSE, 25);
    assert_eq!(pass(&mut evse, 900), [(400, again.clone()), (600, again)]);
    assert_eq!(evse.state(), EvseState::Waiting);
    assert_eq!(choose(&mut evse, 901), Err(Ignored::UnknownRun));
}

#[test]
fn a_lost_response_costs_nothing_in_the_lenient_profile() {
    let mut lenient = reported(Profile::Lenient);
    choose(&mut lenient, 250).unwrap();
    assert_eq!(sent(&mut lenient)[0], confirmation());
    let mut strict = reported(Profile::Strict);
    assert_eq!(choose(&mut strict, 250), Err(Ignored::Stale));
}

#[test]
fn missing_sounds_end_with_the_time_for_them() {
    let mut evse = with(Profile::Strict);
    evse.handle_frame(ms(100), &parm_req(RUN)).unwrap();
    evse.handle_frame(ms(120), &start(RUN)).unwrap();
    sent(&mut evse);
    for decibels in [20, 23] {
        evse.handle_frame(ms(200), &profile(decibels)).unwrap();
    }
    let reports = pass(&mut evse, 720);
    let Some((720, frame)) = reports.first() else { panic!("{reports:?}") };
    let (_, Mme::AttenCharInd(report)) = parse(frame) else { panic!() };
    assert_eq!((report.num_sounds, report.groups.whole()), (2, Some(&[21; 58])));
}

#[test]
fn only_the_own_modem_is_believed() {
    let stranger = MacAddr([2, 0xC1, 0, 0, 0, 2]);
    let mut evse = with(Profile::Strict);
    evse.handle_frame(ms(100), &parm_req(RUN)).unwrap();
    evse.handle_frame(ms(120), &start(RUN)).unwrap();
    sent(&mut evse);
    // Another charger's modem hears the vehicle too, and its words get here.
    let mut foreign = profile(5);
    foreign[6..12].copy_from_slice(&stranger.0);
    assert_eq!(evse.handle_frame(ms(200), &foreign), Err(Ignored::Modem));
    evse.handle_frame(ms(200), &profile(25)).unwrap();
    assert_eq!(pass(&mut evse, 720).len(), 1);
    // A modem that answers no more may be replaced.
    evse.pilot(ms(1000), PilotState::A);
    assert_eq!(sent(&mut evse).len(), 1);
    pass(&mut evse, 4000);
    assert!(events(&mut evse).contains(&EvseEvent::Fault(v2g_slac::evse::Fault::Modem)));
    pass(&mut evse, 5000);
    let mut answer = key_set(EVSE, 1);
    answer[6..12].copy_from_slice(&stranger.0);
    evse.handle_frame(ms(5001), &answer).unwrap();
    assert_eq!(events(&mut evse), [EvseEvent::Ready]);
}

#[test]
fn what_contradicts_its_sender_or_session_is_ignored() {
    let mut evse = reported(Profile::Lenient);
    let refuse = |evse: &mut Charger, frame: Vec<u8>, why| {
        assert_eq!(evse.handle_frame(ms(210), &frame), Err(why));
        assert!(sent(evse).is_empty());
    };
    let of = |change: &dyn Fn(&mut v2g_slac::mme::AttenCharRsp)| {
        let mut message = response(RUN);
        change(&mut message);
        frame(EVSE, EV, &Mme::AttenCharRsp(message))
    };
    refuse(&mut evse, of(&|m| m.source_address = OTHER), Ignored::InnerAddress);
    refuse(&mut evse, of(&|m| m.run_id = RunId([1; 8])), Ignored::UnknownRun);
    refuse(&mut evse, of(&|m| m.source_id.0[3] = 1), Ignored::StationId);
    refuse(&mut evse, of(&|m| m.result = 1), Ignored::Result(1));
    refuse(&mut evse, frame(EVSE, OTHER, &Mme::SlacMatchReq(choice(RUN))), Ignored::InnerAddress);
    refuse(&mut evse, frame(OTHER, EV, &Mme::SlacMatchReq(choice(RUN))), Ignored::Destination);
    refuse(&mut evse, start(RunId([1; 8])), Ignored::UnknownRun);
    refuse(&mut evse, start(RUN), Ignored::Stale);
    refuse(&mut evse, parm_req(RUN), Ignored::Stale);
    respond(&mut evse, 220);
    choose(&mut evse, 230).unwrap();
}

#[test]
fn without_a_vehicle_at_the_cable_nobody_is_answered() {
    let mut evse = with(Profile::Lenient);
    evse.pilot(ms(50), PilotState::A);
    // A fresh key for the next one.
    assert_eq!(sent(&mut evse).len(), 1);
    assert_eq!(evse.handle_frame(ms(100), &parm_req(RUN)), Err(Ignored::Pilot));
    evse.pilot(ms(110), PilotState::B);
    assert_eq!(evse.handle_frame(ms(120), &parm_req(RUN)), Err(Ignored::NotReady));
    evse.handle_frame(ms(130), &key_set(EVSE, 1)).unwrap();
    evse.handle_frame(ms(140), &parm_req(RUN)).unwrap();
}

#[test]
fn a_silent_vehicle_is_restarted_twice() {
    let mut evse = with(Profile::Lenient);
    let mut at = 10;
    for _ in 0..2 {
        at += 45_000;
        pass(&mut evse, at);
        let expected = [EvseEvent::Pilot(PilotCommand::StateE), EvseEvent::Failed(MatchFailure::NoRequest)];
        assert_eq!(events(&mut evse), expected);
        evse.pilot(ms(at), PilotState::E);
        at += 4000;
        pass(&mut evse, at);
        assert_eq!(events(&mut evse), [EvseEvent::Pilot(PilotCommand::FivePercent)]);
        evse.pilot(ms(at), PilotState::B);
    }
    pass(&mut evse, at + 45_000);
    assert_eq!(events(&mut evse), [EvseEvent::Failed(MatchFailure::NoRequest)]);
}

fn ask(timer: u8) -> Vec<u8> {
    frame(EVSE, EV, &Mme::ValidateReq(ValidateReq { timer, result: ValidateResult::Ready }))
}

fn told(toggles: u8, result: ValidateResult) -> Vec<u8> {
    frame(EV, EVSE, &Mme::ValidateCnf(ValidateCnf { toggles, result }))
}

/// So many toggles of 600 ms, of which the first begins at `at`.
fn toggle(evse: &mut Charger, at: u64, toggles: u64) {
    for toggle in 0..toggles {
        evse.pilot(ms(at + 600 * toggle), PilotState::C);
        evse.pilot(ms(at + 600 * toggle + 300), PilotState::B);
    }
}

#[test]
fn toggles_are_counted_in_their_window_round_after_round() {
    let mut evse = reported(Profile::Strict);
    respond(&mut evse, 210);
    // Six rounds last longer than the ten seconds for a decision, and less than the next decision would.
    for round in 0..6 {
        let at = 1000 + 1600 * round;
        evse.handle_frame(ms(at), &ask(0)).unwrap();
        assert_eq!(sent(&mut evse), [told(0, ValidateResult::Ready)]);
        evse.handle_frame(ms(at + 10), &ask(14)).unwrap();
        // A late copy of the first step does not end the count.
        assert_eq!(evse.handle_frame(ms(at + 30), &ask(0)), Err(Ignored::Stale));
        toggle(&mut evse, at + 110, 2);
        assert_eq!(pass(&mut evse, at + 1510), [(at + 1510, told(2, ValidateResult::Success))]);
    }
    // The answer was lost: it comes again.
    evse.handle_frame(ms(10_600), &ask(14)).unwrap();
    assert_eq!(sent(&mut evse), [told(2, ValidateResult::Success)]);
    choose(&mut evse, 10_700).unwrap();
    assert_eq!(sent(&mut evse)[0], confirmation());
}

#[test]
fn validation_does_not_keep_a_session_for_ever() {
    let mut evse = reported(Profile::Strict);
    respond(&mut evse, 210);
    let mut at = 1000;
    while at < 60_000 && evse.handle_frame(ms(at), &ask(0)).is_ok() {
        evse.handle_frame(ms(at + 10), &ask(5)).unwrap();
        pass(&mut evse, at + 800);
        at += 800;
    }
    assert!((14_000..17_000).contains(&at), "{at}");
    pass(&mut evse, at + 1000);
    assert_eq!(evse.state(), EvseState::Waiting);
}

#[test]
fn toggles_that_the_window_cuts_off_are_nobodys() {
    // (first edge, window in 100 ms): they end too late, or begin too early.
    for (first, timer) in [(1310, 8), (950, 14)] {
        let mut evse = reported(Profile::Strict);
        respond(&mut evse, 210);
        evse.handle_frame(ms(900), &ask(0)).unwrap();
        assert_eq!(sent(&mut evse), [told(0, ValidateResult::Ready)]);
        if first < 1000 {
            evse.pilot(ms(first), PilotState::C);
        }
        evse.handle_frame(ms(1000), &ask(timer)).unwrap();
        if first < 1000 {
            // It is in the middle of a toggle.
            assert_eq!(sent(&mut evse), [told(0, ValidateResult::NotReady)]);
            continue;
        }
        evse.pilot(ms(first), PilotState::C);
        evse.pilot(ms(first + 300), PilotState::B);
        evse.pilot(ms(first + 550), PilotState::C);
        let end = 1000 + 100 * (u64::from(timer) + 1);
        assert_eq!(pass(&mut evse, end), [(end, told(0, ValidateResult::Failure))]);
    }
}

#[test]
fn nobody_is_validated_while_the_pilot_moves_for_another() {
    let mut evse = reported(Profile::Strict);
    respond(&mut evse, 210);
    toggle(&mut evse, 300, 1);
    evse.handle_frame(ms(1000), &ask(0)).unwrap();
    assert_eq!(sent(&mut evse), [told(0, ValidateResult::NotReady)]);
    evse.handle_frame(ms(1300), &ask(0)).unwrap();
    assert_eq!(sent(&mut evse), [told(0, ValidateResult::Ready)]);
    // Between the two steps it begins again.
    toggle(&mut evse, 1320, 1);
    evse.handle_frame(ms(1650), &ask(8)).unwrap();
    assert_eq!(sent(&mut evse), [told(0, ValidateResult::NotReady)]);
}

#[test]
fn a_flood_of_strangers_leaves_running_sessions_alone() {
    let mut evse = reported(Profile::Lenient);
    for index in 0..10_000_u32 {
        let [_, a, b, c] = index.to_be_bytes();
        let stranger = MacAddr([2, 0xEE, 0, a, b, c]);
        let message = Mme::SlacParmReq(v2g_slac::mme::SlacParmReq { run_id: RUN });
        let _ = evse.handle_frame(ms(201), &frame(MacAddr::BROADCAST, stranger, &message));
        assert!(sent(&mut evse).len() <= 1);
    }
    assert_eq!(evse.counters().refused, 9996);
    respond(&mut evse, 210);
    choose(&mut evse, 220).unwrap();
    assert_eq!(sent(&mut evse)[0], confirmation());
}
