//! `v2g secc`: a charging station on a real interface.

use std::io::Read;
use std::net::TcpStream;

use clap::Args as ClapArgs;
use iso15118_20::secc::{Secc, SeccConfig};
use iso15118_20::{End, Settings, Transport};

use crate::failure::Failure;
use crate::net::{Interface, Link, Server};
use crate::runtime::{
    Audience, Cable, Clock, OFFERS, Observer, Role, Side, Station, StationSettings, Summary, drive,
};
use crate::session::{BUFFER, unix_time};

#[derive(Debug, ClapArgs)]
pub(crate) struct SeccArgs {
    /// The interface to the vehicle.
    #[arg(long, value_name = "IF")]
    iface: String,
    /// End after one session.
    #[arg(long)]
    once: bool,
    /// One JSON object per message and line.
    #[arg(long)]
    json: bool,
    /// Plain TCP, which ISO 15118-20 forbids outside the laboratory.
    #[arg(long)]
    lab: bool,
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g secc --iface evse0 --lab --once     serve one vehicle and end
  v2g secc --iface evse0 --lab --json     serve vehicles, one JSON object per message

Nothing real is switched: charger and battery are simulated.";

/// Serves vehicles.
pub(crate) fn run(args: &SeccArgs) -> Result<(), Failure> {
    require_lab(args.lab)?;
    let clock = Clock::start();
    let mut server = Server::bind(Link::Interface(Interface::find(&args.iface)?))?;
    loop {
        let stream = server.accept(&clock)?;
        let observer = Observer::new(Role::Secc, Audience::json(args.json), clock.now());
        // A car that is not there always has its contactors where they should be.
        let cable = Cable::new(1.0);
        cable.close(Side::Vehicle);
        let (end, observer) = serve(stream, &clock, cable.clone(), StationSettings::default(), observer)?;
        let (charged, discharged) = cable.energy();
        let result = observer.finish(clock.now(), &Summary { end, charged, discharged });
        if args.once {
            return result;
        }
        if let Err(failure) = result {
            eprintln!("{failure}");
        }
    }
}

/// Plain TCP only on purpose.
pub(crate) fn require_lab(lab: bool) -> Result<(), Failure> {
    if lab {
        return Ok(());
    }
    Err(Failure::usage("ISO 15118-20 needs TLS, which this command does not speak yet")
        .advise("in a laboratory, --lab allows plain TCP"))
}

/// A session ID that nobody can guess.
fn session_id() -> Result<[u8; 8], Failure> {
    let mut id = [0; 8];
    let random = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut id));
    random.map_err(|error| Failure::failed(format!("no random numbers: {error}")))?;
    // Zero means no session.
    id[0] |= 1;
    Ok(id)
}

/// Serves one vehicle.
pub(crate) fn serve(
    mut stream: TcpStream,
    clock: &Clock,
    cable: Cable,
    settings: StationSettings,
    mut observer: Observer,
) -> Result<(Option<End>, Observer), Failure> {
    let mut buffer = vec![0; BUFFER];
    let config = SeccConfig {
        evse_id: "DE*V2G*E0001*1",
        meter_id: "SIMULATED-1",
        offers: OFFERS,
        settings: Settings::default(),
    };
    let mut engine = Secc::new(&config, &mut buffer).map_err(Failure::failed)?;
    engine.start(clock.now(), Transport::InsecureLab, session_id()?, unix_time());
    let mut station = Station::new(engine, cable, settings);
    let end = drive(&mut station, &mut stream, clock, &mut observer);
    Ok((end, observer))
}
