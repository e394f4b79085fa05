//! Anything that can happen to a charger's matching machine.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use v2g_fuzz::slac::{Input, PEER, SELF, frame, message};
use v2g_slac::evse::{Evse, EvseConfig, EvseState, Supply};
use v2g_slac::{Frame, LinkState, MacAddr, Mme, ModemSource, PilotState, Profile};

/// Frames that one call can make due: one for each session, a confirmation, two for the modem, two maps.
const MOST: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let first = input.byte();
    let profile = if first & 1 == 0 { Profile::Strict } else { Profile::Lenient };
    let mut config = EvseConfig::new(SELF, profile);
    config.modem.source = if first & 2 == 0 { ModemSource::Any } else { ModemSource::Learned };
    config.supply = [Supply::Dc, Supply::AcDigital, Supply::AcNominal][usize::from(input.byte() % 3)];
    let mut seed = 0;
    let random = move |out: &mut [u8]| {
        seed += 1;
        out.fill(seed);
        Ok(())
    };
    let mut evse: Evse<'_, _, 3> = Evse::new(config, random).expect("settings of the profile");
    let mut now = Duration::ZERO;
    evse.start(now);
    let mut chooser = None;
    while input.has_more() {
        let mut sender = None;
        match input.byte() % 16 {
            0 => {
                let _ = evse.handle_frame(now, input.bytes());
            }
            1 => {
                use PilotState::{A, B, C, D, E, F};
                evse.pilot(now, [A, B, C, D, E, F][usize::from(input.byte() % 6)]);
            }
            2 => now += Duration::from_millis(u64::from(input.byte())),
            3 => {
                if let Some(due) = evse.poll_timeout() {
                    now = now.max(due);
                }
            }
            4 => evse.link(now, if input.byte() & 1 == 0 { LinkState::Down } else { LinkState::Up }),
            5 => match input.byte() % 5 {
                0 => evse.authorized(now),
                1 => evse.terminate(now),
                2 => evse.error(now),
                3 => evse.pause(now),
                _ => evse.wake(now),
            },
            _ => {
                let from = MacAddr([PEER.0[0], 0, 0, 0, 0, input.byte() % 5]);
                let kind = input.byte();
                let made = message(kind, from, SELF, &mut input);
                if matches!(made, Mme::SlacMatchReq(_)) {
                    sender = Some(from);
                }
                let _ = evse.handle_frame(now, &frame(SELF, from, &made));
            }
        }
        // Who is late has several steps to catch up with.
        for _ in 0..8 {
            if evse.poll_timeout().is_some_and(|due| due <= now) {
                evse.handle_timeout(now);
            }
        }
        chooser = sender.or(chooser);
        let mut out = [0; v2g_slac::MAX_FRAME_LEN];
        let mut sent = 0;
        while let Some(len) = evse.poll_transmit(&mut out).expect("the buffer is large enough") {
            let view = Frame::new_checked(&out[..len]).expect("a frame");
            assert_eq!(view.source(), SELF);
            match Mme::parse(&view).expect("a message") {
                // The key goes to the modem and to the vehicle that chose this charger, and to nobody else.
                Mme::SetKeyReq(_) => assert_eq!(view.destination(), MacAddr::LOCAL_MODEM),
                Mme::SlacMatchCnf(_) => {
                    assert_eq!(Some(view.destination()), sender);
                    assert_eq!(evse.state(), EvseState::Joining);
                }
                _ => {}
            }
            sent += 1;
            assert!(sent <= MOST);
        }
        let mut events = 0;
        while evse.poll_event().is_some() {
            events += 1;
            assert!(events <= 9);
        }
        assert!(evse.poll_timeout().is_none_or(|due| due > now), "the machine wants to be woken in the past");
    }
});
