//! One engine on one TCP connection that never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use iso15118_20::Instant;
use mio::net::TcpStream;
use v2g_scenario::scenario::FaultKind;
use v2g_tls::{Link, Phase};
use v2gtp::{Frame, PayloadType};

use super::clock::Clock;
use super::endpoint::{Endpoint, Flow};
use super::line::{Line, Passage};
use super::secure::{Handshaking, Wire};
use crate::failure::Failure;
use crate::observe::{Figures, Observer};

/// No connection is looked at more often than this for the sake of time, so that others get their turn.
const BREATH: Duration = Duration::from_micros(50);

/// Longest handshake: the time that the standard gives for everything up to a session.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Memory that all connections of a loop share.
#[derive(Debug)]
pub(super) struct Scratch {
    /// What came from a socket.
    input: Box<[u8]>,
    /// What was in it, where it was encrypted.
    plain: Box<[u8]>,
    /// A frame that is to be sent; certificates make it long.
    frame: Box<[u8]>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        let memory = || vec![0; 16 * 1024].into();
        Self { input: memory(), plain: memory(), frame: vec![0; 64 * 1024].into() }
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
    wire: Wire,
    /// Whether the endpoint knows of the connection, and until when it has to.
    begun: bool,
    deadline: Instant,
    line: Line,
    /// What the socket did not take yet.
    backlog: Vec<u8>,
    pub(super) observer: Observer,
    /// When it is looked at again, if nothing comes before.
    pub(super) wake: Option<Instant>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, wire: Wire, now: Instant, line: Line, observer: Observer) -> Self {
        // Without it the small frames wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        let (backlog, deadline) = (Vec::new(), now + HANDSHAKE);
        Self { stream, open: true, wire, begun: false, deadline, line, backlog, observer, wake: None }
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
    ) -> Result<Flow, Failure> {
        let Scratch { input, plain, frame } = scratch;
        if !self.begun && self.begin(endpoint, clock, input)? == Flow::Close {
            return Ok(Flow::Close);
        }
        if !self.begun {
            self.wake = Some(self.deadline);
            return Ok(Flow::Continue);
        }
        let now = clock.now();
        endpoint.tick(now, &mut self.observer);
        if endpoint.poll_timeout().is_some_and(|at| at <= now) {
            endpoint.handle_timeout(now);
        }
        let mut flow = self.settle(endpoint, clock, frame, figures);
        // What came with the end of the handshake waits in the link and not in the socket.
        let mut encrypted: &[u8] = &[];
        if flow == Flow::Continue {
            flow = self.decrypt(endpoint, clock, &mut encrypted, plain, frame, figures);
        }
        while reason == Reason::Ready && flow == Flow::Continue && self.open {
            match self.stream.read(input) {
                Ok(0) => self.disconnected(endpoint, clock.now()),
                Ok(len) => {
                    flow = if self.wire.is_plain() {
                        self.take(endpoint, clock, &input[..len], frame, figures)
                    } else {
                        self.decrypt(endpoint, clock, &mut &input[..len], plain, frame, figures)
                    };
                    // A short read means that there is no more; if more comes, the loop is told.
                    if len < input.len() {
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
        Ok(flow)
    }

    /// Gets the connection to where the endpoint begins: at once, or after a handshake.
    fn begin<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        clock: Clock,
        input: &mut [u8],
    ) -> Result<Flow, Failure> {
        if self.wire.is_plain() {
            self.begun = true;
            endpoint.start(clock.now(), None)?;
            return Ok(Flow::Continue);
        }
        match self.shake_hands(clock.now(), input) {
            Handshaking::UnderWay => {}
            Handshaking::Done(secured) => {
                let now = clock.now();
                self.begun = true;
                self.observer.secured(now, &secured);
                endpoint.start(now, Some(&secured))?;
            }
            Handshaking::Failed(why) => {
                self.observer.refused(clock.now(), why);
                self.flush_link();
                return Ok(Flow::Close);
            }
        }
        Ok(Flow::Continue)
    }

    /// Goes on with a handshake as far as it goes.
    fn shake_hands(&mut self, now: Instant, input: &mut [u8]) -> Handshaking {
        self.flush_link();
        loop {
            match self.wire.handshake() {
                Handshaking::UnderWay if now >= self.deadline => {
                    return Handshaking::Failed("no handshake in time".to_owned());
                }
                Handshaking::UnderWay => {}
                done => return done,
            }
            let mut encrypted = match self.stream.read(input) {
                Ok(0) => return Handshaking::Failed("the connection ended during the handshake".to_owned()),
                Ok(len) => &input[..len],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Handshaking::UnderWay,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Handshaking::Failed(error.to_string()),
            };
            let Wire::Tls(link) = &mut self.wire else { return Handshaking::UnderWay };
            let result = link.handle_input(&mut encrypted);
            self.flush_link();
            if let Err(error) = result {
                return Handshaking::Failed(error.to_string());
            }
        }
    }

    /// Gives the engine what is in what was read.
    fn decrypt<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        clock: Clock,
        encrypted: &mut &[u8],
        plain: &mut [u8],
        frame: &mut [u8],
        figures: &mut Figures,
    ) -> Flow {
        loop {
            let Wire::Tls(link) = &mut self.wire else { return Flow::Continue };
            let result = link.handle_input(encrypted);
            let len = link.read(plain);
            let over = link.phase() == Phase::PeerClosed;
            self.flush_link();
            if len > 0 && self.take(endpoint, clock, &plain[..len], frame, figures) == Flow::Close {
                return Flow::Close;
            }
            if let Err(error) = result {
                self.observer.trouble(clock.now(), error.to_string());
                self.disconnected(endpoint, clock.now());
                return Flow::Continue;
            }
            if len == 0 && encrypted.is_empty() {
                if over {
                    self.disconnected(endpoint, clock.now());
                }
                return Flow::Continue;
            }
        }
    }

    /// Gives the engine what was read.
    fn take<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        clock: Clock,
        mut bytes: &[u8],
        frame: &mut [u8],
        figures: &mut Figures,
    ) -> Flow {
        while !bytes.is_empty() {
            let now = clock.now();
            let received = endpoint.handle_input(now, bytes);
            bytes = &bytes[received.consumed..];
            let kind = received.kind;
            if let Some(payload_type) = received.payload_type {
                self.observer.received(now, kind, payload_type, received.payload, figures);
            }
            if let Some(kind) = kind {
                endpoint.passed(now, kind, &mut self.observer);
            }
            if self.settle(endpoint, clock, frame, figures) == Flow::Close {
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
        scratch: &mut [u8],
        figures: &mut Figures,
    ) -> Flow {
        loop {
            self.arm(endpoint, clock.now());
            let now = clock.now();
            // An engine that cannot write has ended the session and says so by an event.
            let sent = match endpoint.poll_transmit(now, scratch) {
                Ok(Some(transmit)) => {
                    let frame = &scratch[..transmit.len];
                    let (payload_type, payload) = Frame::new_checked(frame)
                        .map_or((PayloadType::SapOrLegacy, frame), |f| (f.payload_type(), f.payload()));
                    self.observer.sent(now, transmit.kind, payload_type, payload, figures);
                    endpoint.passed(now, transmit.kind, &mut self.observer);
                    self.arm(endpoint, now);
                    self.send(endpoint, now, &scratch[..transmit.len]);
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
            self.put_or_end(endpoint, now, &backlog);
        }
    }

    fn write<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant, mut bytes: &[u8]) {
        let Wire::Tls(link) = &mut self.wire else { return self.put_or_end(endpoint, now, bytes) };
        while !bytes.is_empty() {
            match link.write(bytes) {
                // The link is over, which its owner is told otherwise.
                0 if !link.wants_transmit() => break,
                len => bytes = &bytes[len..],
            }
            if put_all(&mut self.stream, link, &mut self.backlog).is_err() {
                return self.disconnected(endpoint, now);
            }
        }
    }

    fn put_or_end<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant, bytes: &[u8]) {
        if self.open && put(&mut self.stream, &mut self.backlog, bytes).is_err() {
            self.disconnected(endpoint, now);
        }
    }

    /// Sends what the link has to say by itself. That the socket is gone shows when it is read.
    fn flush_link(&mut self) {
        if let Wire::Tls(link) = &mut self.wire {
            let backlog = std::mem::take(&mut self.backlog);
            let _ = put(&mut self.stream, &mut self.backlog, &backlog)
                .and_then(|()| put_all(&mut self.stream, link, &mut self.backlog));
        }
    }

    /// The end of the connection in good order.
    pub(super) fn close(&mut self) {
        if let Wire::Tls(link) = &mut self.wire {
            link.close();
        }
        self.flush_link();
    }

    fn disconnected<E: Endpoint>(&mut self, endpoint: &mut E, now: Instant) {
        if self.open {
            self.open = false;
            let _ = self.stream.shutdown(Shutdown::Both);
            endpoint.handle_disconnect(now);
        }
    }
}

/// Writes to the socket; what it does not take waits.
fn put(stream: &mut TcpStream, backlog: &mut Vec<u8>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() && backlog.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    backlog.extend_from_slice(bytes);
    Ok(())
}

/// Writes everything that a link has for the wire.
fn put_all(stream: &mut TcpStream, link: &mut Link, backlog: &mut Vec<u8>) -> io::Result<()> {
    let mut records = [0; 4096];
    loop {
        match link.poll_transmit(&mut records) {
            0 => return Ok(()),
            len => put(stream, backlog, &records[..len])?,
        }
    }
}
