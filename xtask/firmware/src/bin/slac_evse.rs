//! A charger's matching machine with its frames.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::time::Duration;

use v2g_slac::evse::{Evse, EvseConfig};
use v2g_slac::{LinkState, MacAddr, NoEntropy, PilotState, Profile};

fn random(out: &mut [u8]) -> Result<(), NoEntropy> {
    if black_box(out).is_empty() { Err(NoEntropy) } else { Ok(()) }
}

#[v2g_firmware::entry]
fn main() -> ! {
    let config = EvseConfig::new(black_box(MacAddr([2; 6])), black_box(Profile::Lenient));
    let random: fn(&mut [u8]) -> Result<(), NoEntropy> = random;
    let Ok(mut evse) = Evse::<_, 5>::new(config, random) else {
        loop {
            cortex_m::asm::wfi();
        }
    };
    let mut frame = [0; v2g_slac::MAX_FRAME_LEN];
    evse.start(Duration::ZERO);
    loop {
        let now = black_box(Duration::ZERO);
        evse.pilot(now, black_box(PilotState::B));
        let _ = black_box(evse.handle_frame(now, black_box(&frame)));
        evse.handle_timeout(now);
        let _ = black_box(evse.poll_transmit(&mut frame));
        black_box(evse.poll_event());
        black_box(evse.poll_timeout());
        match black_box(0_u8) {
            0 => evse.authorized(now),
            1 => evse.terminate(now),
            2 => evse.error(now),
            3 => evse.pause(now),
            4 => evse.wake(now),
            _ => evse.link(now, LinkState::Up),
        }
    }
}
