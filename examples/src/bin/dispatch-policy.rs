//! A dispatch policy of one's own: the charger plans (Dynamic), and in each round decides anew what to do with the
//! vehicle from what the building draws and what the vehicle says of its battery.
//!
//! ```text
//! cargo run -p v2g-examples --bin dispatch-policy
//! ```

use std::error::Error;
use std::time::Duration;

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::{Volts, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Needs, Wish};
use iso15118_20::secc::{Secc, SeccConfig, SeccEvent, VehicleStatus};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{GridPermit, Settings};
use v2g_examples::{BATTERY, Host, connect, dc_limits, needs};

/// What the building draws, kW, round by round; what it may draw from the grid is 20 kW.
const BUILDING: [i16; 8] = [4, 6, 12, 19, 27, 31, 15, 5];
const GRID: i16 = 20;

/// The policy: never more than the grid leaves, a battery that pays back what is missing, and no more than a
/// crawl where the battery is nearly full. The engine applies all limits to the answer.
fn dispatch(building: i16, vehicle: &VehicleStatus) -> Watts {
    let spare = GRID - building;
    let full = vehicle.max_energy.is_some_and(|room| room < WattHours::new(1, 3));
    Watts::new(if full { spare.min(1) } else { spare }, 3)
}

struct Building {
    round: usize,
}

impl Host for Building {
    fn station(&mut self, secc: &mut Secc<'_>, _: Duration, event: SeccEvent) {
        match event {
            SeccEvent::VehicleStatus(status) => {
                if let Some(building) = BUILDING.get(self.round) {
                    secc.set_dispatch(dispatch(*building, &status));
                }
                self.round += 1;
            }
            SeccEvent::Output(output) => println!("round {}: {}", self.round, output.power),
            _ => {}
        }
    }

    fn vehicle(&mut self, evcc: &mut Evcc<'_>, now: Duration, event: EvccEvent) {
        if matches!(event, EvccEvent::StationStatus(_)) && self.round >= BUILDING.len() {
            evcc.stop(now);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sets = [Parameters::new(1, ControlMode::Dynamic)];
    let offers = [Offer { service: Service::DcBpt, fee: Fee::Free, sets: &sets }];
    let (mut for_charger, mut for_vehicle) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let config = SeccConfig::new("DE*V2G*E1", "M1", &offers, Settings::default());
    let mut secc = Secc::new(&config, &mut for_charger)?;
    secc.set_limits(dc_limits(22));
    secc.set_grid_permit(GridPermit::UNLIMITED);

    let wishes = [Wish::new(Service::DcBpt, ControlMode::Dynamic)];
    let mut evcc = Evcc::new(&EvccConfig::new("WMIV1234567890ABC", &wishes), &mut for_vehicle)?;
    evcc.set_limits(dc_limits(11));
    evcc.set_discharge_permit(DischargePermit::Allowed);
    evcc.set_demand(Demand { battery: BATTERY, voltage: Volts::new(450, 0), ..Demand::default() });
    evcc.set_needs(Needs { present_soc: Some(PercentValue::clamped(60)), ..needs() });

    let mut clock = Duration::ZERO;
    let (charger, vehicle) = connect(&mut secc, &mut evcc, &mut clock, &mut Building { round: 0 });
    for end in [charger, vehicle].into_iter().flatten() {
        println!("{end}");
        if !end.is_ok() {
            return Err(end.into());
        }
    }
    Ok(())
}
