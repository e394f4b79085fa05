//! One engine on one TCP connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use iso15118_20::message::EncodeError;
use iso15118_20::{End, Instant, Received, Transmit};
use v2gtp::{Frame, PayloadType};

use super::observe::Observer;

/// How often the simulated hardware is looked at.
const TICK: Duration = Duration::from_millis(10);

/// The time since the program started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(std::time::Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.elapsed()
    }
}

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Close,
}

/// An engine with the hardware around it.
pub(crate) trait Engine {
    fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i>;
    fn handle_timeout(&mut self, now: Instant);
    fn handle_disconnect(&mut self, now: Instant);
    fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError>;
    fn poll_timeout(&self) -> Option<Instant>;
    /// Hands all events to the hardware.
    fn poll_events(&mut self, now: Instant) -> Flow;
    /// Lets the hardware move and report.
    fn tick(&mut self, now: Instant);
    fn end(&self) -> Option<End>;
}

/// Runs an engine on a connection until the engine lets go of it.
pub(crate) fn drive<E: Engine>(
    engine: &mut E,
    stream: &mut TcpStream,
    clock: &Clock,
    observer: &mut Observer,
) -> Option<End> {
    // Without it the small frames wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let mut input = [0; 8192];
    let mut next_tick = clock.now();
    let mut connected = true;
    loop {
        let now = clock.now();
        if now >= next_tick {
            engine.tick(now);
            next_tick = now + TICK;
        }
        if engine.poll_timeout().is_some_and(|at| at <= now) {
            engine.handle_timeout(now);
        }
        if connected && !drain(engine, stream, clock, observer) {
            connected = false;
            engine.handle_disconnect(clock.now());
        }
        if engine.poll_events(clock.now()) == Flow::Close {
            return engine.end();
        }
        let now = clock.now();
        let until = engine.poll_timeout().map_or(next_tick, |at| at.min(next_tick));
        let wait = until.saturating_sub(now).max(Duration::from_micros(200));
        if !connected {
            std::thread::sleep(wait);
            continue;
        }
        let _ = stream.set_read_timeout(Some(wait));
        match stream.read(&mut input) {
            Ok(0) => {
                connected = false;
                engine.handle_disconnect(clock.now());
            }
            Ok(len) => {
                let mut rest = &input[..len];
                while !rest.is_empty() {
                    let now = clock.now();
                    let received = engine.handle_input(now, rest);
                    let consumed = received.consumed;
                    if let Some(payload_type) = received.payload_type {
                        observer.received(now, payload_type, received.payload);
                    }
                    rest = &rest[consumed..];
                    if !drain(engine, stream, clock, observer) {
                        break;
                    }
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => {
                connected = false;
                engine.handle_disconnect(clock.now());
            }
        }
    }
}

/// Sends what is to be sent and hands out events; false if the connection is gone.
fn drain<E: Engine>(engine: &mut E, stream: &mut TcpStream, clock: &Clock, observer: &mut Observer) -> bool {
    let mut frame = [0; 4096];
    loop {
        let now = clock.now();
        match engine.poll_transmit(now, &mut frame) {
            Ok(Some(transmit)) => {
                let frame = &frame[..transmit.len];
                let (payload_type, payload) = Frame::new_checked(frame)
                    .map_or((PayloadType::SapOrLegacy, frame), |frame| {
                        (frame.payload_type(), frame.payload())
                    });
                observer.sent(now, payload_type, payload);
                if stream.write_all(frame).is_err() {
                    return false;
                }
            }
            // An engine that cannot write has ended the session and says so by an event.
            Ok(None) | Err(_) => return true,
        }
    }
}
