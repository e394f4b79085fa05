//! What both machines do once there is a link: loss, end, error, pause, waking, amplitude maps, the vendor of the modem.

mod common;

use common::{
    EV, EVSE, MODEM, OTHER, RUN, choice, entropy, frame, key_set, ms, parm_cnf, parm_req, parse, profile,
    report, start,
};
use v2g_slac::ev::{Ev, EvConfig, EvEvent, EvState};
use v2g_slac::evse::{ConnectionLoss, Evse, EvseConfig, EvseEvent, EvseState, Supply};
use v2g_slac::mme::{AmpMapCnf, AmpMapReq, AmplitudeMap, AttenCharRsp, Lumissil, Qualcomm, SlacMatchCnf};
use v2g_slac::{
    DutyCycle, EmitError, Ignored, LinkDown, LinkState, MacAddr, Mme, Network, Nmk, NoEntropy, PilotCommand,
    PilotState, Profile, StationId, Version,
};

type Entropy = fn(&mut [u8]) -> Result<(), NoEntropy>;
type Charger = Evse<'static, Entropy>;
type Vehicle = Ev<'static, Entropy>;

/// When the link is known to everybody.
const LINKED: u64 = 2000;

/// What both machines have in common here.
trait Machine {
    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError>;
    fn due(&self) -> Option<std::time::Duration>;
    fn time(&mut self, now: std::time::Duration);

    fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut out = [0; 1024];
        let mut frames = Vec::new();
        while let Some(len) = self.transmit(&mut out).unwrap() {
            frames.push(out[..len].to_vec());
        }
        frames
    }

    /// Lets time pass; what was sent meanwhile, and when.
    fn pass(&mut self, until: u64) -> Vec<(u64, &'static str)> {
        let mut all = Vec::new();
        while let Some(due) = self.due().filter(|due| *due <= ms(until)) {
            self.time(due);
            let names = self.sent().into_iter().map(|frame| parse(&frame).1.mmtype().name().unwrap());
            all.extend(names.map(|name| (due.as_millis() as u64, name)));
        }
        all
    }
}

impl Machine for Charger {
    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        self.poll_transmit(out)
    }

    fn due(&self) -> Option<std::time::Duration> {
        self.poll_timeout()
    }

    fn time(&mut self, now: std::time::Duration) {
        self.handle_timeout(now);
    }
}

impl Machine for Vehicle {
    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        self.poll_transmit(out)
    }

    fn due(&self) -> Option<std::time::Duration> {
        self.poll_timeout()
    }

    fn time(&mut self, now: std::time::Duration) {
        self.handle_timeout(now);
    }
}

fn of_charger(evse: &mut Charger) -> Vec<EvseEvent> {
    std::iter::from_fn(|| evse.poll_event()).collect()
}

fn of_vehicle(ev: &mut Vehicle) -> Vec<EvEvent> {
    std::iter::from_fn(|| ev.poll_event()).collect()
}

/// The kinds of frames that wait.
fn kinds(machine: &mut dyn Machine) -> Vec<&'static str> {
    machine.sent().iter().map(|frame| parse(frame).1.mmtype().name().unwrap()).collect()
}

fn status(host: MacAddr, link: u8) -> Vec<u8> {
    frame(host, MODEM, &Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link }))
}

/// A charger that has a link to [`EV`]. The modem is asked by the host, so that nothing is due in between.
fn charger(change: impl FnOnce(&mut EvseConfig<'static>)) -> Charger {
    let mut config = EvseConfig::new(EVSE, Profile::Lenient);
    config.modem.probe = v2g_slac::LinkProbe::Host;
    change(&mut config);
    let mut evse = Charger::new(config, entropy as Entropy).unwrap();
    evse.start(ms(0));
    evse.sent();
    evse.handle_frame(ms(1), &key_set(EVSE, 1)).unwrap();
    evse.pilot(ms(10), PilotState::B);
    evse.handle_frame(ms(100), &parm_req(RUN)).unwrap();
    evse.handle_frame(ms(120), &start(RUN)).unwrap();
    for _ in 0..10 {
        evse.handle_frame(ms(200), &profile(25)).unwrap();
    }
    evse.pass(200);
    let none = StationId::NONE;
    let response =
        AttenCharRsp { source_address: EV, run_id: RUN, source_id: none, resp_id: none, result: 0 };
    evse.handle_frame(ms(210), &frame(EVSE, EV, &Mme::AttenCharRsp(response))).unwrap();
    evse.handle_frame(ms(220), &frame(EVSE, EV, &Mme::SlacMatchReq(choice(RUN)))).unwrap();
    evse.sent();
    evse.link(ms(1000), LinkState::Up);
    evse.pass(1200);
    assert_eq!(of_charger(&mut evse).last(), Some(&EvseEvent::LinkUp { vehicle: EV }));
    evse
}

/// A vehicle that has a link to [`EVSE`].
fn vehicle(change: impl FnOnce(&mut EvConfig<'static>)) -> Vehicle {
    let mut config = EvConfig::new(EV, Profile::Lenient);
    config.modem.probe = v2g_slac::LinkProbe::Host;
    change(&mut config);
    let mut ev = Vehicle::new(config, entropy as Entropy).unwrap();
    ev.start(ms(0));
    ev.sent();
    ev.handle_frame(ms(1), &key_set(EV, 1)).unwrap();
    ev.pilot(ms(10), PilotState::B, DutyCycle::FivePercent);
    ev.sent();
    ev.handle_frame(ms(50), &parm_cnf(EVSE)).unwrap();
    ev.pass(530);
    ev.handle_frame(ms(540), &report(EVSE, 15)).unwrap();
    ev.pass(541);
    let network = Network::of(Nmk::new([9; 16]));
    let confirmation = SlacMatchCnf { request: choice(RUN), network };
    ev.handle_frame(ms(550), &frame(EV, EVSE, &Mme::SlacMatchCnf(confirmation))).unwrap();
    ev.sent();
    ev.handle_frame(ms(560), &key_set(EV, 1)).unwrap();
    ev.link(ms(1000), LinkState::Up);
    ev.pass(1200);
    assert_eq!(of_vehicle(&mut ev).last(), Some(&EvEvent::LinkUp { evse: EVSE }));
    ev
}

#[test]
fn a_session_that_ends_leaves_the_network_on_both_sides() {
    let mut evse = charger(|_| {});
    evse.terminate(ms(LINKED));
    assert_eq!(of_charger(&mut evse), [EvseEvent::LinkDown(LinkDown::Terminated)]);
    assert_eq!((kinds(&mut evse), evse.state()), (vec!["CM_SET_KEY.REQ"], EvseState::Waiting));
    // Not before the modem has the new key, and then whoever comes.
    assert_eq!(evse.handle_frame(ms(LINKED + 1), &parm_req(RUN)), Err(Ignored::NotReady));
    evse.handle_frame(ms(LINKED + 2), &key_set(EVSE, 1)).unwrap();
    evse.handle_frame(ms(LINKED + 3), &parm_req(RUN)).unwrap();

    let mut ev = vehicle(|_| {});
    ev.terminate(ms(LINKED));
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkDown(LinkDown::Terminated)]);
    assert_eq!((kinds(&mut ev), ev.state()), (vec!["CM_SET_KEY.REQ"], EvState::Failed));
    ev.handle_frame(ms(LINKED + 2), &key_set(EV, 1)).unwrap();
    assert_eq!((ev.pass(60_000), of_vehicle(&mut ev)), (vec![], vec![]));
}

#[test]
fn an_error_makes_both_start_over() {
    let mut evse = charger(|_| {});
    evse.error(ms(LINKED));
    let expected = [EvseEvent::Pilot(PilotCommand::StateE), EvseEvent::LinkDown(LinkDown::Error)];
    assert_eq!(of_charger(&mut evse), expected);
    evse.sent();
    evse.handle_frame(ms(LINKED + 2), &key_set(EVSE, 1)).unwrap();
    evse.pass(LINKED + 3999);
    assert_eq!(of_charger(&mut evse), [EvseEvent::Ready]);
    evse.pass(LINKED + 4000);
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::FivePercent)]);

    let mut ev = vehicle(|_| {});
    ev.error(ms(LINKED));
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkDown(LinkDown::Error)]);
    ev.sent();
    ev.handle_frame(ms(LINKED + 2), &key_set(EV, 1)).unwrap();
    assert_eq!(ev.pass(LINKED + 400), [(LINKED + 400, "CM_SLAC_PARM.REQ")]);
}

#[test]
fn a_pause_keeps_the_key_and_ends_by_a_toggle_or_by_x1() {
    // The vehicle wakes its charger.
    let mut evse = charger(|_| {});
    evse.pause(ms(LINKED));
    evse.link(ms(LINKED + 100), LinkState::Down);
    assert_eq!((evse.pass(60_000), of_charger(&mut evse)), (vec![], vec![]));
    assert_eq!(evse.state(), EvseState::Paused);
    evse.pilot(ms(60_000), PilotState::C);
    evse.link(ms(60_100), LinkState::Up);
    assert_eq!(of_charger(&mut evse), [], "the toggle is not over");
    evse.pilot(ms(60_300), PilotState::B);
    evse.link(ms(61_000), LinkState::Up);
    assert_eq!(evse.pass(61_200), []);
    assert_eq!(of_charger(&mut evse), [EvseEvent::LinkUp { vehicle: EV }]);
    // The charger wakes its vehicle.
    evse.pause(ms(70_000));
    evse.wake(ms(80_000));
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::Off)]);
    evse.pass(83_000);
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::FivePercent)]);
    // The link does not come back in the time for it, which begins with the oscillator.
    evse.pass(88_999);
    assert_eq!(of_charger(&mut evse), []);
    assert_eq!(evse.pass(89_000), [(89_000, "CM_SET_KEY.REQ")]);
    assert_eq!(of_charger(&mut evse), [EvseEvent::LinkDown(LinkDown::NotResumed)]);

    let mut ev = vehicle(|_| {});
    ev.pause(ms(LINKED));
    ev.link(ms(LINKED + 100), LinkState::Down);
    ev.pilot(ms(60_000), PilotState::B, DutyCycle::Off);
    assert_eq!((of_vehicle(&mut ev), ev.state()), (vec![], EvState::Paused));
    ev.pilot(ms(63_000), PilotState::B, DutyCycle::FivePercent);
    ev.link(ms(64_000), LinkState::Up);
    assert_eq!(ev.pass(64_200), []);
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkUp { evse: EVSE }]);
    ev.pause(ms(70_000));
    ev.pilot(ms(80_000), PilotState::B, DutyCycle::Off);
    ev.pilot(ms(83_000), PilotState::B, DutyCycle::FivePercent);
    assert_eq!(ev.pass(89_000), [(89_000, "CM_SET_KEY.REQ")]);
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkDown(LinkDown::NotResumed)]);
}

#[test]
fn a_lost_link_is_told_once_and_what_follows_is_a_setting() {
    let mut evse = charger(|config| config.connection_loss = ConnectionLoss::Wait);
    evse.link(ms(LINKED), LinkState::Down);
    evse.link(ms(LINKED + 1), LinkState::Down);
    assert_eq!(of_charger(&mut evse), [EvseEvent::LinkDown(LinkDown::Lost)]);
    let mut evse = charger(|_| {});
    evse.link(ms(LINKED), LinkState::Down);
    let expected = [EvseEvent::Pilot(PilotCommand::StateE), EvseEvent::LinkDown(LinkDown::Lost)];
    assert_eq!(of_charger(&mut evse), expected);

    let mut ev = vehicle(|_| {});
    ev.link(ms(LINKED), LinkState::Down);
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkDown(LinkDown::Lost)]);
    ev.sent();
    ev.handle_frame(ms(LINKED + 2), &key_set(EV, 1)).unwrap();
    assert_eq!(ev.pass(LINKED + 400), [(LINKED + 400, "CM_SLAC_PARM.REQ")]);
    // State E forbids to match, and everything there is.
    let mut ev = vehicle(|_| {});
    ev.pilot(ms(LINKED), PilotState::E, DutyCycle::Off);
    assert_eq!(of_vehicle(&mut ev), [EvEvent::LinkDown(LinkDown::Pilot)]);
    assert_eq!((kinds(&mut ev), ev.state()), (vec!["CM_SET_KEY.REQ"], EvState::Idle));
}

#[test]
fn a_modem_that_says_nothing_has_no_link() {
    let mut evse = charger(|config| config.modem.probe = v2g_slac::LinkProbe::QualcommLinkStatus);
    evse.handle_frame(ms(LINKED), &status(EVSE, 1)).unwrap();
    evse.pass(LINKED + 4999);
    assert_eq!(of_charger(&mut evse), []);
    evse.pass(LINKED + 5000);
    assert!(of_charger(&mut evse).contains(&EvseEvent::LinkDown(LinkDown::Lost)));
}

#[test]
fn the_vendor_whose_modem_answers_is_asked_from_then_on() {
    let mut evse = charger(|config| {
        config.modem.probe = v2g_slac::LinkProbe::Detect;
        config.modem.lumissil = Version::Av11;
    });
    let asked: Vec<_> = evse.pass(1500).into_iter().map(|(_, name)| name).collect();
    assert_eq!(asked, ["VS_PL_LNK_STATUS.REQ", "LMS_LINK_STATUS.REQ", "VS_PL_LNK_STATUS.REQ"]);
    let answer = frame(EVSE, MODEM, &Mme::Lumissil(Lumissil::LinkStatus { id: 0, status: 1 }));
    evse.handle_frame(ms(1501), &answer).unwrap();
    let mut asked = Vec::new();
    while let Some(due) = evse.poll_timeout().filter(|due| *due <= ms(1800)) {
        evse.handle_timeout(due);
        asked.extend(evse.sent());
    }
    assert_eq!(asked.len(), 3);
    for frame in &asked {
        assert!(matches!(parse(frame).1, Mme::Lumissil(_)));
        assert_eq!((frame[14], &frame[19..22]), (1, &[0x00, 0x16, 0xE8][..]), "in the manner of the vendor");
    }
}

#[test]
fn amplitude_maps_are_asked_for_and_answered() {
    const MAP: [u8; 4] = [0x21; 4];
    let map = || AmplitudeMap::new(8, &MAP).unwrap();
    let question = |to, from| frame(to, from, &Mme::AmpMapReq(AmpMapReq { map: map() }));
    let answer = |to, from, result| frame(to, from, &Mme::AmpMapCnf(AmpMapCnf { result }));

    // Three times at most, until it is taken.
    let mut ev = vehicle(|config| config.amplitude_map = Some(map()));
    let asked = ev.pass(LINKED);
    assert_eq!(asked, [(1400, "CM_AMP_MAP.REQ"), (1600, "CM_AMP_MAP.REQ")], "after the one at 1200");
    assert_eq!(ev.handle_frame(ms(LINKED), &answer(EV, EVSE, 0)), Err(Ignored::Stale));

    let mut evse = charger(|config| config.amplitude_map = Some(map()));
    assert_eq!(evse.handle_frame(ms(1250), &answer(EVSE, EV, 1)), Err(Ignored::Result(1)));
    assert_eq!(evse.pass(1400), [(1400, "CM_AMP_MAP.REQ")]);
    evse.handle_frame(ms(1410), &answer(EVSE, EV, 0)).unwrap();
    assert_eq!(evse.pass(LINKED), []);
    // The vehicle asks too; a stranger is not answered.
    assert_eq!(evse.handle_frame(ms(LINKED), &question(EVSE, OTHER)), Err(Ignored::InnerAddress));
    evse.handle_frame(ms(LINKED), &question(EVSE, EV)).unwrap();
    assert_eq!(evse.sent(), [answer(EV, EVSE, 0)]);
    assert_eq!(of_charger(&mut evse), [EvseEvent::AmplitudeMap { carriers: 8 }]);
}

#[test]
fn a_card_brings_the_nominal_duty_cycle_without_disturbing_a_matching() {
    let mut config = EvseConfig::new(EVSE, Profile::Strict);
    config.supply = Supply::AcDigital;
    let mut evse = Charger::new(config, entropy as Entropy).unwrap();
    evse.start(ms(0));
    evse.sent();
    evse.handle_frame(ms(1), &key_set(EVSE, 1)).unwrap();
    evse.pilot(ms(10), PilotState::B);
    of_charger(&mut evse);
    // Nobody matches: by way of E.
    evse.authorized(ms(100));
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::StateE)]);
    evse.pass(4100);
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::Nominal)]);
    // A link is there: by way of X1, and it stays.
    let mut evse = charger(|config| config.supply = Supply::AcDigital);
    evse.authorized(ms(LINKED));
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::Off)]);
    evse.pass(LINKED + 3000);
    assert_eq!(of_charger(&mut evse), [EvseEvent::Pilot(PilotCommand::Nominal)]);
    assert_eq!(evse.state(), EvseState::Matched);
}
