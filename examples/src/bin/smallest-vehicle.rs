//! The smallest vehicle: takes part in five rounds of the charge loop over plain TCP, then ends.
//!
//! ```text
//! cargo run -p v2g-examples --bin smallest-vehicle -- 127.0.0.1:50000
//! ```
//!
//! A real one finds its station by discovery (`v2gtp::Discovery`), speaks TLS, and moves contactors where this one
//! pretends.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use exi_codec::{Amperes, Volts, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Needs, Wish};
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Connection, Contactor, DcLimits, FlowLimits, Measurement, Transport};

/// Voltage of the battery.
const BATTERY: Volts = Volts::new(400, 0);

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:50000".to_owned());
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;

    let wishes = [Wish::new(Service::DcBpt, ControlMode::Dynamic)];
    let config = EvccConfig::new("WMIV1234567890ABC", &wishes);
    let mut memory = vec![0; 16 * 1024];
    let mut evcc = Evcc::new(&config, &mut memory)?;

    let flow = |kilowatts, amperes| FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        max_current: Amperes::new(amperes, 0),
        ..FlowLimits::default()
    };
    evcc.set_limits(DcLimits {
        charge: flow(50, 125),
        discharge: Some(flow(11, 30)),
        max_voltage: Volts::new(460, 0),
        min_voltage: Volts::new(300, 0),
    });
    evcc.set_discharge_permit(DischargePermit::Allowed);
    evcc.set_demand(Demand { battery: BATTERY, ..Demand::default() });
    evcc.set_needs(Needs {
        departure_time: 3600,
        target_energy: WattHours::new(10, 3),
        max_energy: WattHours::new(30, 3),
        min_energy: WattHours::new(-20, 3),
        ..Needs::default()
    });

    let clock = Instant::now();
    evcc.start(clock.elapsed(), &Connection::new(Transport::InsecureLab, 1_700_000_000));

    let (mut input, mut frame) = ([0; 4096], [0; 2048]);
    let (mut from, mut until) = (0, 0);
    let mut rounds = 0;
    loop {
        while let Some(sent) = evcc.poll_transmit(clock.elapsed(), &mut frame)? {
            stream.write_all(&frame[..sent.len])?;
        }
        if let Some(event) = evcc.poll_event() {
            let now = clock.elapsed();
            let inlet = Measurement { voltage: BATTERY, current: Amperes::ZERO };
            match event {
                EvccEvent::PreCharge => evcc.measurement(now, inlet),
                EvccEvent::CloseContactor { .. } => evcc.contactor(now, Contactor::Closed),
                EvccEvent::StationStatus(status) => {
                    println!("charger: {}, {}", status.voltage, status.current);
                    rounds += 1;
                    if rounds == 5 {
                        evcc.stop(now);
                    }
                }
                EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff => {
                    evcc.measurement(now, Measurement::default());
                    evcc.contactor(now, Contactor::Open);
                }
                EvccEvent::Ended(end) if end.is_ok() => println!("ended well"),
                EvccEvent::Ended(end) => return Err(end.into()),
                EvccEvent::Close => return Ok(()),
                _ => {}
            }
            continue;
        }
        if from < until {
            from += evcc.handle_input(clock.elapsed(), &input[from..until]).consumed;
            continue;
        }
        // Nothing left to do: sleep until bytes or the next deadline.
        let wait =
            evcc.poll_timeout().map_or(Duration::from_secs(1), |at| at.saturating_sub(clock.elapsed()));
        stream.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        match stream.read(&mut input) {
            Ok(0) => evcc.handle_disconnect(clock.elapsed()),
            Ok(len) => (from, until) = (0, len),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => evcc.handle_disconnect(clock.elapsed()),
        }
        evcc.handle_timeout(clock.elapsed());
    }
}
