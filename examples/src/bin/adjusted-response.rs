//! A response that is adjusted before it leaves: the frame is the caller's, so a message can be decoded, changed and
//! encoded again. This charger tells the vehicle half the discharge power in each round of the charge loop, and nothing
//! else changes.
//!
//! ```text
//! cargo run -p v2g-examples --bin adjusted-response
//! ```
//!
//! The engine does not see the change. Only make stricter what it says: what it has checked holds no more.

use std::error::Error;
use std::time::Duration;

use exi_codec::iso20::dc::ClResControlMode;
use exi_codec::{Rounding, Volts, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Wish};
use iso15118_20::message::{MessageKind, Response};
use iso15118_20::secc::{Secc, SeccConfig};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{GridPermit, Settings, Transmit};
use v2g_examples::{BATTERY, Host, connect, dc_limits, needs};
use v2gtp::{Frame, SchemaSet};

struct Adjuster {
    rounds: u32,
}

/// The frame in `frame[..len]` with the discharge power halved; the new length.
fn halve_discharge(frame: &mut [u8], len: usize) -> Option<usize> {
    // Messages are views: what is decoded borrows the bytes, so the old frame is put aside.
    let old = frame[..len].to_vec();
    let old = Frame::new_checked(&old).ok()?;
    let mut response = Response::decode(old.payload_type(), SchemaSet::Dc, old.payload()).ok()?;
    let Response::DcChargeLoopRes(message) = &mut response else { return None };
    let ClResControlMode::BptDynamic(mode) = &mut message.control_mode else { return None };
    let power = mode.evse_maximum_discharge_power.to_milli_saturating(Rounding::TowardsZero);
    mode.evse_maximum_discharge_power = Watts::from_milli(power / 2, Rounding::TowardsZero);
    response.encode(frame).ok()
}

impl Host for Adjuster {
    fn leaving(&mut self, frame: &mut [u8], sent: Transmit) -> usize {
        if sent.kind != MessageKind::DcChargeLoopRes {
            return sent.len;
        }
        halve_discharge(frame, sent.len).unwrap_or(sent.len)
    }

    fn vehicle(&mut self, evcc: &mut Evcc<'_>, now: Duration, event: EvccEvent) {
        if let EvccEvent::StationStatus(status) = event {
            let discharge = status.limits.discharge.unwrap_or_default();
            println!("the vehicle hears: at most {} out", discharge.max_power);
            self.rounds += 1;
            if self.rounds == 3 {
                evcc.stop(now);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sets = [Parameters::new(1, ControlMode::Dynamic)];
    let offers = [Offer { service: Service::DcBpt, fee: Fee::Free, sets: &sets }];
    let (mut for_charger, mut for_vehicle) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let config = SeccConfig::new("DE*V2G*E1", "M1", &offers, Settings::default());
    let mut secc = Secc::new(&config, &mut for_charger)?;
    secc.set_limits(dc_limits(20));
    secc.set_grid_permit(GridPermit::UNLIMITED);
    secc.set_dispatch(Watts::new(-4, 3));

    let wishes = [Wish::new(Service::DcBpt, ControlMode::Dynamic)];
    let mut evcc = Evcc::new(&EvccConfig::new("WMIV1234567890ABC", &wishes), &mut for_vehicle)?;
    evcc.set_limits(dc_limits(50));
    evcc.set_discharge_permit(DischargePermit::Allowed);
    evcc.set_demand(Demand { battery: BATTERY, voltage: Volts::new(450, 0), ..Demand::default() });
    evcc.set_needs(needs());

    let mut clock = Duration::ZERO;
    let (charger, vehicle) = connect(&mut secc, &mut evcc, &mut clock, &mut Adjuster { rounds: 0 });
    for end in [charger, vehicle].into_iter().flatten() {
        println!("{end}");
        if !end.is_ok() {
            return Err(end.into());
        }
    }
    Ok(())
}
