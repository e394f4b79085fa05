//! The smallest charging station: serves one vehicle over plain TCP, then ends.
//!
//! ```text
//! cargo run -p v2g-examples --bin smallest-station -- 127.0.0.1:50000
//! ```
//!
//! A real one listens on the link-local address of the charging link, answers discovery (`v2gtp::Responder`), speaks
//! TLS, and moves hardware where this one pretends.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::secc::{AuthorizationDecision, Isolation, Secc, SeccConfig, SeccEvent};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{Contactor, DcLimits, FlowLimits, GridPermit, Measurement, Settings, Transport};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:50000".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;

    let sets = [Parameters::new(1, ControlMode::Dynamic)];
    let offers = [Offer { service: Service::DcBpt, fee: Fee::Free, sets: &sets }];
    let config =
        SeccConfig { evse_id: "DE*V2G*E1", meter_id: "M1", offers: &offers, settings: Settings::default() };
    let mut memory = vec![0; 16 * 1024];
    let mut secc = Secc::new(&config, &mut memory)?;

    let flow = FlowLimits {
        max_power: Watts::new(22, 3),
        max_current: Amperes::new(60, 0),
        ..FlowLimits::default()
    };
    secc.set_limits(DcLimits {
        charge: flow,
        discharge: Some(flow),
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::new(200, 0),
    });
    secc.set_grid_permit(GridPermit::UNLIMITED);
    secc.set_dispatch(Watts::new(-5, 3)); // feed 5 kW from the vehicle to the grid

    let clock = Instant::now();
    let mut session = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut session)?;
    secc.start(clock.elapsed(), Transport::InsecureLab, session, 1_700_000_000);

    let (mut input, mut frame) = ([0; 4096], [0; 2048]);
    let (mut from, mut until) = (0, 0);
    let mut outlet = Measurement::default();
    loop {
        while let Some(sent) = secc.poll_transmit(clock.elapsed(), &mut frame)? {
            stream.write_all(&frame[..sent.len])?;
        }
        if let Some(event) = secc.poll_event() {
            let now = clock.elapsed();
            match event {
                SeccEvent::AuthorizationWanted { .. } => secc.authorize(now, AuthorizationDecision::Accepted),
                SeccEvent::IsolationTest { .. } => secc.isolation(now, Isolation::Valid),
                SeccEvent::PreCharge { voltage, .. } => outlet.voltage = voltage,
                SeccEvent::CloseContactor { .. } => secc.contactor(now, Contactor::Closed),
                SeccEvent::Output(output) => {
                    println!("converter: at most {} and {}", output.power, output.current);
                    outlet.current = if output.is_zero() { Amperes::ZERO } else { Amperes::new(-12, 0) };
                }
                SeccEvent::OpenContactor | SeccEvent::PowerOff => {
                    outlet = Measurement::default();
                    secc.contactor(now, Contactor::Open);
                }
                SeccEvent::Ended(end) if end.is_ok() => println!("ended well"),
                SeccEvent::Ended(end) => return Err(end.into()),
                SeccEvent::Close => return Ok(()),
                SeccEvent::SessionStarted
                | SeccEvent::ServiceSelected(_)
                | SeccEvent::VehicleLimits(_)
                | SeccEvent::VehicleStatus(_) => {}
            }
            secc.measurement(now, outlet);
            continue;
        }
        if from < until {
            from += secc.handle_input(clock.elapsed(), &input[from..until]).consumed;
            continue;
        }
        // Nothing left to do: sleep until bytes or the next deadline.
        let wait =
            secc.poll_timeout().map_or(Duration::from_secs(1), |at| at.saturating_sub(clock.elapsed()));
        stream.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        match stream.read(&mut input) {
            Ok(0) => secc.handle_disconnect(clock.elapsed()),
            Ok(len) => (from, until) = (0, len),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => secc.handle_disconnect(clock.elapsed()),
        }
        secc.handle_timeout(clock.elapsed());
    }
}
