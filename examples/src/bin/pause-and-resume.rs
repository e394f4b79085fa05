//! A session that is paused and resumed: the vehicle plans (Scheduled), pauses after some rounds, and comes back an hour
//! later over a new connection, without authorization and service discovery.
//!
//! ```text
//! cargo run -p v2g-examples --bin pause-and-resume
//! ```
//!
//! What is remembered stays in the two engines: use the same `Secc` and `Evcc` for the next connection at the same
//! outlet, or call `forget_paused` when the plug is pulled.

use std::error::Error;
use std::time::Duration;

use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::evcc::{Demand, Evcc, EvccConfig, EvccEvent, Wish};
use iso15118_20::secc::{Secc, SeccConfig, SeccEvent};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{Cause, GridPermit, Settings};
use v2g_examples::{BATTERY, Host, connect, dc_limits, needs};

/// Rounds of the charge loop on each connection.
const ROUNDS: u32 = 3;

struct Driver {
    rounds: u32,
    authorizations: u32,
}

impl Host for Driver {
    fn station(&mut self, _: &mut Secc<'_>, now: Duration, event: SeccEvent) {
        match event {
            SeccEvent::AuthorizationWanted { .. } => self.authorizations += 1,
            SeccEvent::SessionStarted => println!("{} s: a new session", now.as_secs()),
            SeccEvent::SessionResumed(selection) => {
                println!("{} s: resumed with {:?}", now.as_secs(), selection.service);
            }
            _ => {}
        }
    }

    fn vehicle(&mut self, evcc: &mut Evcc<'_>, now: Duration, event: EvccEvent) {
        if !matches!(event, EvccEvent::StationStatus(_)) {
            return;
        }
        self.rounds += 1;
        if self.rounds == ROUNDS {
            evcc.pause(now).expect("a vehicle that plans may pause");
        }
        if self.rounds == 2 * ROUNDS + 1 {
            evcc.stop(now);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sets = [Parameters::new(1, ControlMode::Scheduled)];
    let offers = [Offer { service: Service::Dc, fee: Fee::Free, sets: &sets }];
    let (mut for_charger, mut for_vehicle) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let config = SeccConfig::new("DE*V2G*E1", "M1", &offers, Settings::default());
    let mut secc = Secc::new(&config, &mut for_charger)?;
    secc.set_limits(dc_limits(22));
    secc.set_grid_permit(GridPermit::CHARGE_ONLY);
    secc.set_dispatch(Watts::new(22, 3));

    let wishes = [Wish::new(Service::Dc, ControlMode::Scheduled)];
    let mut evcc = Evcc::new(&EvccConfig::new("WMIV1234567890ABC", &wishes), &mut for_vehicle)?;
    evcc.set_limits(dc_limits(11));
    evcc.set_demand(Demand { battery: BATTERY, voltage: Volts::new(450, 0), current: Amperes::new(20, 0) });
    evcc.set_needs(needs());

    let mut clock = Duration::ZERO;
    let mut driver = Driver { rounds: 0, authorizations: 0 };
    for expected in [Cause::Paused, Cause::Terminated] {
        let (charger, vehicle) = connect(&mut secc, &mut evcc, &mut clock, &mut driver);
        for end in [charger, vehicle].into_iter().flatten() {
            println!("{end}");
            if end.cause != expected {
                return Err(end.into());
            }
        }
        clock += Duration::from_hours(1);
    }
    println!("authorized {} time", driver.authorizations);
    Ok(())
}
