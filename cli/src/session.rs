//! `v2g session`: both ends in this process, over real sockets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args as ClapArgs;
use iso15118_20::evcc::{Evcc, EvccConfig, Wish};
use iso15118_20::{Settings, Transport};

use crate::failure::Failure;
use crate::net::{self, Link, Server};
use crate::runtime::{
    Audience, Cable, Clock, FarEnd, ModeChoice, Observer, Role, ServiceChoice, StationSettings, Summary,
    Vehicle, VehicleSettings, drive,
};
use crate::secc;

/// Simulated seconds in one second, so that a short session moves energy worth showing.
const LAPSE: f64 = 60.0;

/// Memory for a message that arrives in pieces.
pub(crate) const BUFFER: usize = 16 * 1024;

#[derive(Debug, ClapArgs)]
pub(crate) struct Session {
    /// What to charge with.
    #[arg(long, value_enum, default_value_t = ServiceChoice::DcBpt)]
    service: ServiceChoice,
    /// Who plans.
    #[arg(long, value_enum, default_value_t = ModeChoice::Dynamic)]
    mode: ModeChoice,
    /// Rounds of the charge loop.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    loops: u32,
    /// One JSON object per message and line.
    #[arg(long)]
    json: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g session                                   charge and discharge over DC, watch every message
  v2g session --service dc --mode scheduled
  v2g session --loops 100 --json | tail -n 1    figures of a longer session";

/// Seconds since 1970.
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Runs a session and shows it as the vehicle sees it.
pub(crate) fn run(args: &Session) -> Result<(), Failure> {
    let clock = Clock::start();
    let cable = Cable::new(LAPSE);
    let mut server = Server::bind(Link::loopback())?;
    let link = server.link();
    let swing = args.loops.div_ceil(2);

    let station_cable = cable.clone();
    let station = std::thread::spawn(move || -> Result<Option<iso15118_20::End>, Failure> {
        let stream = server.accept(&clock)?;
        let settings = StationSettings { swing, ..StationSettings::default() };
        let observer = Observer::new(Role::Secc, Audience::Nobody, clock.now());
        secc::serve(stream, &clock, station_cable, settings, observer).map(|(end, _)| end)
    });

    let settings = VehicleSettings {
        rounds: args.loops,
        swing,
        contactor: Duration::from_millis(60),
        far_end: FarEnd::Simulated,
    };
    let wishes = [Wish { service: args.service.service(), control_mode: args.mode.control_mode() }];
    let audience = Audience::json(args.json);
    let mut observer = Observer::new(Role::Evcc, audience, clock.now());
    let mut stream = net::connect(&link, &clock)?;
    let mut buffer = vec![0; BUFFER];
    let config = EvccConfig { evcc_id: "WMIV2G00000000001", wishes: &wishes, settings: Settings::default() };
    let mut engine = Evcc::new(&config, &mut buffer).map_err(Failure::failed)?;
    engine.start(clock.now(), Transport::InsecureLab, unix_time());
    let mut vehicle = Vehicle::new(engine, cable.clone(), settings);
    let end = drive(&mut vehicle, &mut stream, &clock, &mut observer);
    drop(stream);

    let (charged, discharged) = cable.energy();
    let station_end = station.join().map_err(|_| Failure::failed("the station's thread broke down"))??;
    // The session is as good as its worse end.
    let end = [end, station_end].into_iter().flatten().find(|end| !end.is_ok()).or(end);
    observer.finish(clock.now(), &Summary { end, charged, discharged })
}
