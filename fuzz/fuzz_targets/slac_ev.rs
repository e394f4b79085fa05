//! Anything that can happen to a vehicle's matching machine.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::slac::{Input, PEER, RUN, SELF, frame, message};
use v2g_slac::ev::{Ev, EvConfig, EvEvent, EvState};
use v2g_slac::{DutyCycle, Frame, LinkState, MacAddr, Mme, ModemSource, PilotState, Profile};

/// Frames that one call can make due: a response to each charger, one of the attempt, two for the modem, two maps.
const MOST: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let first = input.byte();
    let profile = if first & 1 == 0 { Profile::Strict } else { Profile::Lenient };
    // Every attempt has the same name, so that the messages that are made up fit.
    let random = |out: &mut [u8]| {
        out.fill(RUN.0[0]);
        Ok(())
    };
    let mut config = EvConfig::new(SELF, profile);
    config.modem.source = if first & 2 == 0 { ModemSource::Any } else { ModemSource::Learned };
    config.validations = 1 + (first >> 2) % 3;
    let mut ev: Ev<'_, _, 3> = Ev::new(config, random).expect("settings of the profile");
    let mut now = Duration::ZERO;
    let mut silent = true;
    let mut chosen = None;
    ev.start(now);
    while input.has_more() {
        match input.byte() % 16 {
            0 => {
                let _ = ev.handle_frame(now, input.bytes());
            }
            1 => {
                use PilotState::{A, B, C, D, E, F};
                let state = [A, B, C, D, E, F][usize::from(input.byte() % 6)];
                silent = !state.is_connected();
                ev.pilot(now, state, DutyCycle::of_percent(input.byte() % 101));
            }
            2 => now += Duration::from_millis(u64::from(input.byte())),
            3..=5 => {
                if let Some(due) = ev.poll_timeout() {
                    now = now.max(due);
                }
            }
            6 => ev.link(now, if input.byte() & 1 == 0 { LinkState::Down } else { LinkState::Up }),
            7 => match input.byte() % 4 {
                0 => ev.terminate(now),
                1 => ev.error(now),
                2 => ev.pause(now),
                _ => ev.wake(now),
            },
            8 => {
                silent = false;
                ev.pilot(now, PilotState::B, DutyCycle::FivePercent);
            }
            _ => {
                let from = MacAddr([PEER.0[0], 0, 0, 0, 0, input.byte() % 5]);
                let kind = input.byte();
                let made = message(kind, SELF, from, &mut input);
                let joining = ev.state() == EvState::Joining;
                let _ = ev.handle_frame(now, &frame(SELF, from, &made));
                if !joining && ev.state() == EvState::Joining {
                    // Only who was chosen can give a key.
                    assert_eq!(chosen, Some(from));
                    assert!(matches!(made, Mme::SlacMatchCnf(_)));
                }
            }
        }
        // Who is late has several steps to catch up with.
        for _ in 0..8 {
            if ev.poll_timeout().is_some_and(|due| due <= now) {
                ev.handle_timeout(now);
            }
        }
        let mut out = [0; v2g_slac::MAX_FRAME_LEN];
        let mut sent = 0;
        while let Some(len) = ev.poll_transmit(&mut out).expect("the buffer is large enough") {
            let view = Frame::new_checked(&out[..len]).expect("a frame");
            assert_eq!(view.source(), SELF);
            let message = Mme::parse(&view).expect("a message");
            if matches!(message, Mme::SetKeyReq(_)) {
                assert_eq!(view.destination(), MacAddr::LOCAL_MODEM);
            }
            if view.destination() != MacAddr::LOCAL_MODEM {
                assert!(!silent, "{message:?} without a pilot");
            }
            sent += 1;
            assert!(sent <= MOST);
        }
        let mut events = 0;
        while let Some(event) = ev.poll_event() {
            if let EvEvent::Chosen { evse, .. } = event {
                chosen = Some(evse);
            }
            events += 1;
            assert!(events <= 8);
        }
        assert!(ev.poll_timeout().is_none_or(|due| due > now), "the machine wants to be woken in the past");
    }
});
