//! One engine on one TCP connection that never blocks.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use iso15118_20::Instant;
use mio::net::TcpStream;
use v2g_scenario::scenario::FaultKind;
use v2gtp::{Frame, PayloadType};

use super::clock::Clock;
use super::endpoint::{Endpoint, Flow};
use super::line::{Line, Passage};
use crate::observe::{Figures, Observer};

/// No connection is looked at more often than this for the sake of time, so that others get their turn.
const BREATH: Duration = Duration::from_micros(50);

/// Memory that all connections of a loop share.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) input: Box<[u8]>,
    pub(super) frame: Box<[u8]>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { input: vec![0; 16 * 1024].into(), frame: vec![0; 64 * 1024].into() }
    }
}

/// Why a connection is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its socket is ready.
    Ready,
    /// Its time has come; the socket has nothing new.
    Time,
}

/// A connection with what watches it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    open: bool,
    line: Line,
    /// What the socket did not take yet.
    backlog: Vec<u8>,
    pub(super) observer: Observer,
    /// When it is looked at again, if nothing comes before.
    pub(super) wake: Option<Instant>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, line: Line, observer: Observer) -> Self {
        // Without it the small frames wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        Self { stream, open: true, line, backlog: Vec::new(), observer, wake: None }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Does what is to be done now.
    pub(super) fn serve<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        reason: Reason,
        clock: Clock,
        scratch: &mut Scratch,
        figures: &mut Figures,
    ) -> Flow {
        let now = clock.now();
        endpoint.tick(now, &mut self.observer);
        if endpoint.poll_timeout().is_some_and(|at| at <= now) {
            endpoint.handle_timeout(now);
        }
        let mut flow = self.settle(endpoint, clock, scratch, figures);
        while reason == Reason::Ready && flow == Flow::Continue && self.open {
            let input = &mut scratch.input;
            match self.stream.read(input) {
                Ok(0) => self.disconnected(endpoint, clock.now()),
                Ok(len) => {
                    flow = self.take(endpoint, clock, len, scratch, figures);
                    // A short read means that there is no more; if more comes, the loop is told.
                    if len < scratch.input.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.disconnected(endpoint, clock.now()),
            }
        }
        self.observer.sample(clock.now(), || endpoint.sample());
        let wake =
            [endpoint.poll_timeout(), self.line.next().filter(|_| self.open)].into_iter().flatten().min();
        self.wake = wake.map(|at| at.max(clock.now() + BREATH));
        flow
    }

    /// Gives the engine what was read.
    fn take<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        clock: Clock,
        len: usize,
        scratch: &mut Scratch,
        figures: &mut Figures,
    ) -> Flow {
        let mut from = 0;
        while from < len {
            let now = clock.now();
            let received = endpoint.handle_input(now, &scratch.input[from..len]);
            from += received.consumed;
            let kind = received.kind;
            if let Some(payload_type) = received.payload_type {
                self.observer.received(now, kind, payload_type, received.payload, figures);
            }
            if let Some(kind) = kind {
                endpoint.passed(now, kind, &mut self.observer);
            }
            if self.settle(endpoint, clock, scratch, figures) == Flow::Close {
                return Flow::Close;
            }
        }
        Flow::Continue
    }

    /// Sends what is to be sent and hands out events, until there is neither.
    fn settle<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        clock: Clock,
        scratch: &mut Scratch,
        figures: &mut Figures,
    ) -> Flow {
        loop {
            self.arm(endpoint, clock.now());
            let now = clock.now();
            // An engine that cannot write has ended the session and says so by an event.
            let sent = match endpoint.poll_transmit(now, &mut scratch.frame) {
                Ok(Some(transmit)) => {
                    let frame = &scratch.frame[..transmit.len];
                    let (payload_type, payload) = Frame::new_checked(frame)
                        .map_or((PayloadType::SapOrLegacy, frame), |f| (f.payload_type(), f.payload()));
                    self.observer.sent(now, transmit.kind, payload_type, payload, figures);
                    endpoint.passed(now, transmit.kind, &mut self.observer);
                    self.arm(endpoint, now);
                    self.send(endpoint, now, &scratch.frame[..transmit.len]);
                    true
                }
                Ok(None) | Err(_) => false,
            };
            self.flush(endpoint, now);
            if endpoint.poll_events(clock.now(), &mut self.observer) == Flow::Close {
                self.arm(endpoint, now);
                return Flow::Close;
            }
            if !sent {
                return Flow::Continue;
            }
        }
    }

    fn arm<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant) {
        while let Some(fault) = endpoint.poll_fault() {
            match fault {
                FaultKind::Unplug => {
                    self.observer.note(now, "fault", format_args!("unplugged"));
                    self.disconnected(endpoint, now);
                }
                FaultKind::Garbage(bytes) => {
                    self.observer.note(now, "fault", format_args!("{bytes} bytes of garbage"));
                    self.line.arm(now, fault);
                }
                _ => self.line.arm(now, fault),
            }
        }
    }

    fn send<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant, frame: &[u8]) {
        match self.line.pass(now, frame) {
            Passage::Through => self.write(endpoint, now, frame),
            Passage::Altered(words) => self.observer.note(now, "fault", format_args!("message {words}")),
            Passage::Lost(words) => self.observer.note(now, "fault", format_args!("message lost: {words}")),
        }
    }

    fn flush<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant) {
        while let Some(bytes) = self.line.due(now) {
            self.write(endpoint, now, &bytes);
        }
        if !self.backlog.is_empty() {
            let backlog = std::mem::take(&mut self.backlog);
            self.write(endpoint, now, &backlog);
        }
    }

    fn write<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.open {
            if !self.backlog.is_empty() {
                self.backlog.extend_from_slice(bytes);
                return;
            }
            match self.stream.write(bytes) {
                Ok(0) => self.disconnected(endpoint, now),
                Ok(len) => bytes = &bytes[len..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.backlog.extend_from_slice(bytes);
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.disconnected(endpoint, now),
            }
        }
    }

    fn disconnected<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant) {
        if self.open {
            self.open = false;
            let _ = self.stream.shutdown(Shutdown::Both);
            endpoint.handle_disconnect(now);
        }
    }
}
