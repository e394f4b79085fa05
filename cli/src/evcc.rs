//! `v2g evcc`: a vehicle on a real interface.

use std::time::Duration;

use clap::Args as ClapArgs;
use iso15118_20::evcc::{Evcc, EvccConfig, Wish};
use iso15118_20::service::ControlMode;
use iso15118_20::{Settings, Transport};

use crate::failure::Failure;
use crate::net::{self, Interface, Link};
use crate::runtime::{
    Audience, Cable, Clock, FarEnd, ModeChoice, Observer, Role, ServiceChoice, Summary, Vehicle,
    VehicleSettings, drive,
};
use crate::secc::require_lab;
use crate::session::{BUFFER, unix_time};

#[derive(Debug, ClapArgs)]
pub(crate) struct EvccArgs {
    /// The interface to the charger.
    #[arg(long, value_name = "IF")]
    iface: String,
    /// What to charge with.
    #[arg(long, value_enum)]
    service: ServiceChoice,
    /// Who plans; without it the vehicle takes what it gets.
    #[arg(long, value_enum)]
    mode: Option<ModeChoice>,
    /// Rounds of the charge loop.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    loops: u32,
    /// One JSON object per message and line.
    #[arg(long)]
    json: bool,
    /// Plain TCP, which ISO 15118-20 forbids outside the laboratory.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g evcc --iface ev0 --service dc-bpt --lab
  v2g evcc --iface ev0 --service dc --mode scheduled --loops 50 --lab --json

Nothing real is switched: the battery is simulated.";

/// Charges once.
pub(crate) fn run(args: &EvccArgs) -> Result<(), Failure> {
    require_lab(args.lab)?;
    let clock = Clock::start();
    let link = Link::Interface(Interface::find(&args.iface)?);
    let service = args.service.service();
    let wishes = match args.mode {
        Some(mode) => vec![Wish::new(service, mode.control_mode())],
        None => vec![Wish::new(service, ControlMode::Dynamic), Wish::new(service, ControlMode::Scheduled)],
    };
    let mut observer = Observer::new(Role::Evcc, Audience::json(args.json), clock.now());
    let mut stream = net::connect(&link, &clock)?;
    let cable = Cable::new(1.0);
    let mut buffer = vec![0; BUFFER];
    let config = EvccConfig { evcc_id: "WMIV2G00000000001", wishes: &wishes, settings: Settings::default() };
    let mut engine = Evcc::new(&config, &mut buffer).map_err(Failure::failed)?;
    engine.start(clock.now(), Transport::InsecureLab, unix_time());
    let settings = VehicleSettings {
        rounds: args.loops,
        swing: args.loops.div_ceil(2),
        contactor: Duration::from_millis(60),
        far_end: FarEnd::Foreign,
    };
    let mut vehicle = Vehicle::new(engine, cable.clone(), settings);
    let end = drive(&mut vehicle, &mut stream, &clock, &mut observer);
    let (charged, discharged) = cable.energy();
    observer.finish(clock.now(), &Summary { end, charged, discharged })
}
