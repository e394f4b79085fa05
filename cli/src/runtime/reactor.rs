//! The event loop: any number of connections on one thread.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::ErrorKind;
use std::time::Duration;

use iso15118_20::Instant;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use v2g_tls::Link;

use super::chance::Chance;
use super::clock::Clock;
use super::connection::{Connection, Reason, Scratch};
use super::endpoint::{Endpoint, Flow};
use super::line::Line;
use super::secure::Wire;
use crate::failure::Failure;
use crate::observe::{Figures, Observer};

/// Tokens of the intake's own sockets are below this; those of connections follow.
const FIRST: usize = 16;

/// A connection that has come.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    /// What encrypts it, if anything does.
    pub(crate) link: Option<Link>,
    /// The endpoint that it has to be given to, if not any will do; it waits until that one is free.
    pub(crate) place: Option<usize>,
}

/// Where connections come from and what becomes of them.
pub(crate) trait Intake<E> {
    /// Registers sockets of its own, with tokens below 16.
    fn register(&mut self, registry: &Registry) -> Result<(), Failure>;
    /// One of them is ready.
    fn ready(&mut self, now: Instant) -> Result<(), Failure>;
    /// A connection, if there is one.
    fn next(&mut self, now: Instant) -> Result<Option<Arrival>, Failure>;
    /// When there will be one.
    fn poll_timeout(&self) -> Option<Instant>;
    /// What watches the connection that has just been given to an endpoint.
    fn observer(&mut self, now: Instant, place: usize) -> Observer;
    /// A connection is over.
    fn left(&mut self, now: Instant, place: usize, endpoint: &E, observer: Observer, figures: &mut Figures);
    /// Whether no connection follows.
    fn is_done(&self) -> bool;
}

/// The loop with its endpoints; each serves one connection at a time.
pub(crate) struct Reactor<E> {
    clock: Clock,
    poll: Poll,
    endpoints: Vec<E>,
    connections: Vec<Option<Connection>>,
    free: VecDeque<usize>,
    /// Connections whose place is taken.
    waiting: Vec<Arrival>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    scratch: Scratch,
    seed: u64,
    figures: Figures,
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::failed(format!("the event loop failed: {error}"))
}

impl<E: Endpoint> Reactor<E> {
    /// `seed` is where the chance of faults starts.
    pub(crate) fn new(clock: Clock, endpoints: Vec<E>, seed: u64) -> Result<Self, Failure> {
        Ok(Self {
            clock,
            poll: Poll::new().map_err(|error| failed(&error))?,
            connections: endpoints.iter().map(|_| None).collect(),
            free: (0..endpoints.len()).collect(),
            endpoints,
            waiting: Vec::new(),
            timers: BinaryHeap::new(),
            scratch: Scratch::new(),
            seed,
            figures: Figures::default(),
        })
    }

    /// Serves connections until no more come and none is left. Returns what was measured.
    pub(crate) fn run(mut self, intake: &mut impl Intake<E>) -> Result<Figures, Failure> {
        intake.register(self.poll.registry())?;
        let mut events = Events::with_capacity(1024);
        loop {
            self.admit(intake)?;
            if intake.is_done() && self.waiting.is_empty() && self.free.len() == self.endpoints.len() {
                return Ok(self.figures);
            }
            self.wait(intake, &mut events)?;
            for event in &events {
                match event.token().0.checked_sub(FIRST) {
                    None => intake.ready(self.clock.now())?,
                    Some(place) => self.serve(intake, place, Reason::Ready)?,
                }
            }
            let now = self.clock.now();
            while let Some(Reverse((at, place))) = self.timers.peek().copied() {
                if at > now {
                    break;
                }
                self.timers.pop();
                // What has been looked at since has a new time.
                if let Some(connection) = self.connections[place].as_mut().filter(|c| c.wake == Some(at)) {
                    connection.wake = None;
                    self.serve(intake, place, Reason::Time)?;
                }
            }
        }
    }

    fn wait(&mut self, intake: &impl Intake<E>, events: &mut Events) -> Result<(), Failure> {
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let arrival = intake.poll_timeout().filter(|_| !self.free.is_empty());
        let until = [timer, arrival].into_iter().flatten().min();
        let timeout = until.map(|at| at.saturating_sub(self.clock.now()));
        match self.poll.poll(events, timeout.map(|timeout| timeout.min(Duration::from_mins(1)))) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    fn admit(&mut self, intake: &mut impl Intake<E>) -> Result<(), Failure> {
        while !self.free.is_empty() {
            let waiting = self.waiting.iter().position(|arrival| self.seat(arrival.place).is_some());
            let arrival = match waiting {
                Some(index) => self.waiting.swap_remove(index),
                None => match intake.next(self.clock.now())? {
                    Some(arrival) => arrival,
                    None => return Ok(()),
                },
            };
            let Some(seat) = self.seat(arrival.place) else {
                self.waiting.push(arrival);
                continue;
            };
            let Some(place) = self.free.remove(seat) else { return Ok(()) };
            let wire = arrival.link.map_or(Wire::Plain, |link| Wire::Tls(Box::new(link)));
            let now = self.clock.now();
            let line = Line::new(Chance::new(self.seed, place as u64));
            let observer = intake.observer(now, place);
            let mut connection = Connection::new(arrival.stream, wire, now, line, observer);
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(connection.stream(), Token(FIRST + place), interest)
                .map_err(|error| failed(&error))?;
            self.connections[place] = Some(connection);
            self.figures.arrived(self.endpoints.len() - self.free.len());
            self.serve(intake, place, Reason::Ready)?;
        }
        Ok(())
    }

    /// Where among the free ones the place is that is asked for, or any.
    fn seat(&self, place: Option<usize>) -> Option<usize> {
        match place {
            Some(place) => self.free.iter().position(|free| *free == place),
            None => (!self.free.is_empty()).then_some(0),
        }
    }

    fn serve(&mut self, intake: &mut impl Intake<E>, place: usize, reason: Reason) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(place).and_then(Option::as_mut) else {
            return Ok(());
        };
        let endpoint = &mut self.endpoints[place];
        let before = connection.wake;
        let flow = connection.serve(endpoint, reason, self.clock, &mut self.scratch, &mut self.figures)?;
        if flow == Flow::Close {
            if let Some(mut connection) = self.connections[place].take() {
                connection.close();
                let _ = self.poll.registry().deregister(connection.stream());
                let now = self.clock.now();
                intake.left(now, place, &self.endpoints[place], connection.observer, &mut self.figures);
            }
            self.free.push_back(place);
        } else if let Some(at) = connection.wake
            && connection.wake != before
        {
            self.timers.push(Reverse((at, place)));
        }
        Ok(())
    }
}
