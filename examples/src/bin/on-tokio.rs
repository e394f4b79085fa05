//! A charging station and vehicles on tokio: a task for each connection, one `select!` between bytes and deadlines.
//!
//! ```text
//! cargo run -p v2g-examples --bin on-tokio
//! ```
//!
//! The engines know nothing of tokio: the loop of an end is the same as on blocking sockets. Three vehicles charge over
//! AC at the same time.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use exi_codec::{WattHours, Watts};
use iso15118_20::evcc::{Evcc, EvccConfig, EvccEvent, Needs, Wish};
use iso15118_20::secc::{AuthorizationDecision, Secc, SeccConfig, SeccEvent};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{AcLimits, AcMeasurement, Connection, Contactor, GridPermit, Phases, Settings, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

type Failure = Box<dyn Error + Send + Sync>;

const VEHICLES: usize = 3;
const ROUNDS: u32 = 4;

const LIMITS: AcLimits = AcLimits {
    max_charge: Phases::Total(Watts::new(11, 3)),
    min_charge: Phases::Total(Watts::ZERO),
    discharge: None,
};

fn connection() -> Connection {
    Connection::new(Transport::InsecureLab, v2g_examples::UNIX_TIME)
}

/// Serves one vehicle.
async fn station(mut stream: TcpStream, clock: Instant, session: [u8; 8]) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let sets = [Parameters::new(1, ControlMode::Dynamic)];
    let offers = [Offer { service: Service::Ac, fee: Fee::Free, sets: &sets }];
    let config = SeccConfig::new("DE*V2G*E1", "M1", &offers, Settings::default());
    let mut memory = vec![0; 16 * 1024];
    let mut secc = Secc::new(&config, &mut memory)?;
    secc.set_ac_limits(LIMITS);
    secc.set_grid_permit(GridPermit::CHARGE_ONLY);
    secc.set_dispatch(Watts::new(7, 3));
    secc.ac_measurement(clock.elapsed(), AcMeasurement::default());
    secc.start(clock.elapsed(), &connection(), session, [1; 16]);

    let (mut input, mut frame) = ([0; 4096], vec![0; 4096]);
    loop {
        while let Some(sent) = secc.poll_transmit(clock.elapsed(), &mut frame)? {
            stream.write_all(&frame[..sent.len]).await?;
        }
        if let Some(event) = secc.poll_event() {
            let now = clock.elapsed();
            match event {
                SeccEvent::AuthorizationWanted { .. } => secc.authorize(now, AuthorizationDecision::Accepted),
                SeccEvent::CloseContactor { .. } => secc.contactor(now, Contactor::Closed),
                SeccEvent::AcOutput(output) => {
                    let measured = AcMeasurement { active: output.active, ..AcMeasurement::default() };
                    secc.ac_measurement(now, measured);
                }
                SeccEvent::OpenContactor | SeccEvent::PowerOff => secc.contactor(now, Contactor::Open),
                SeccEvent::Ended(end) if !end.is_ok() => return Err(end.into()),
                SeccEvent::Close => return Ok(()),
                _ => {}
            }
            continue;
        }
        let deadline = clock + secc.poll_timeout().unwrap_or(Duration::from_secs(3600));
        tokio::select! {
            read = stream.read(&mut input) => match read {
                Ok(0) | Err(_) => secc.handle_disconnect(clock.elapsed()),
                Ok(len) => {
                    let mut bytes = &input[..len];
                    while !bytes.is_empty() {
                        bytes = &bytes[secc.handle_input(clock.elapsed(), bytes).consumed..];
                        while let Some(sent) = secc.poll_transmit(clock.elapsed(), &mut frame)? {
                            stream.write_all(&frame[..sent.len]).await?;
                        }
                    }
                }
            },
            () = sleep_until(deadline) => secc.handle_timeout(clock.elapsed()),
        }
    }
}

/// Charges once.
async fn vehicle(address: SocketAddr, clock: Instant, name: String) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let wishes = [Wish::new(Service::Ac, ControlMode::Dynamic)];
    let mut memory = vec![0; 16 * 1024];
    let mut evcc = Evcc::new(&EvccConfig::new(&name, &wishes), &mut memory)?;
    evcc.set_ac_limits(LIMITS);
    evcc.set_needs(Needs {
        departure_time: 3600,
        target_energy: WattHours::new(10, 3),
        max_energy: WattHours::new(30, 3),
        ..Needs::default()
    });
    evcc.start(clock.elapsed(), &connection());

    let (mut input, mut frame) = ([0; 4096], vec![0; 4096]);
    let mut rounds = 0;
    loop {
        while let Some(sent) = evcc.poll_transmit(clock.elapsed(), &mut frame)? {
            stream.write_all(&frame[..sent.len]).await?;
        }
        if let Some(event) = evcc.poll_event() {
            let now = clock.elapsed();
            match event {
                EvccEvent::RequestPower => evcc.contactor(now, Contactor::Closed),
                EvccEvent::AcOutput(output) => {
                    println!("{name}: {}", output.active.total());
                    let measured = AcMeasurement { active: output.active, ..AcMeasurement::default() };
                    evcc.ac_measurement(now, measured);
                }
                EvccEvent::StationStatus(_) => {
                    rounds += 1;
                    if rounds == ROUNDS {
                        evcc.stop(now);
                    }
                }
                EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff => evcc.contactor(now, Contactor::Open),
                EvccEvent::Ended(end) if end.is_ok() => println!("{name}: {end}"),
                EvccEvent::Ended(end) => return Err(end.into()),
                EvccEvent::Close => return Ok(()),
                _ => {}
            }
            continue;
        }
        let deadline = clock + evcc.poll_timeout().unwrap_or(Duration::from_secs(3600));
        tokio::select! {
            read = stream.read(&mut input) => match read {
                Ok(0) | Err(_) => evcc.handle_disconnect(clock.elapsed()),
                Ok(len) => {
                    let mut bytes = &input[..len];
                    while !bytes.is_empty() {
                        bytes = &bytes[evcc.handle_input(clock.elapsed(), bytes).consumed..];
                    }
                }
            },
            () = sleep_until(deadline) => evcc.handle_timeout(clock.elapsed()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let clock = Instant::now();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=VEHICLES {
        tasks.spawn(vehicle(address, clock, format!("vehicle {number}")));
    }
    for number in 1..=VEHICLES as u64 {
        let (stream, _) = listener.accept().await?;
        // A real station takes it from a random generator.
        tasks.spawn(station(stream, clock, (number << 32 | 1).to_be_bytes()));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
