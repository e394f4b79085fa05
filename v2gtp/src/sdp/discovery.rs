//! The EVCC's side of SDP: ask until an SECC answers.

use core::net::{Ipv6Addr, SocketAddrV6};
use core::time::Duration;

use thiserror::Error;

use super::search::Outcome;
use super::{
    ALL_NODES, ConfigError, Endpoint, EndpointError, SDP_PORT, SdpError, SdpMessage, SdpResponse, Search,
    Security, Transmit, Transport, WirelessEvse,
};
use crate::{Instant, PayloadType};

/// What to do with an answer without TLS to a request for TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsDowngrade {
    /// Ignore it and keep waiting.
    #[default]
    Reject,
    /// Take it. ISO 15118-20 must not be spoken over such a connection; only older protocols may.
    Accept,
}

/// Settings of a [`Discovery`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryConfig {
    /// Kind of link, and with it the messages to speak.
    pub search: Search,
    /// Interface of the charging link as the host's sockets number it; 0 where there is only one.
    pub scope_id: u32,
    /// Security to ask for.
    pub security: Security,
    /// What to do with less security than asked for.
    pub downgrade: TlsDowngrade,
    /// Time without a final answer after which to ask again, at least [`Self::MIN_RESEND_AFTER`].
    pub resend_after: Duration,
    /// Requests to send before giving up, 1 to [`Self::MAX_REQUESTS`].
    pub max_requests: u8,
    /// How long to watch for a second, different answer after the first. Zero: not at all.
    pub conflict_window: Duration,
}

impl DiscoveryConfig {
    /// Shortest legal time between two requests.
    pub const MIN_RESEND_AFTER: Duration = Duration::from_millis(250);
    /// Largest legal number of requests.
    pub const MAX_REQUESTS: u8 = 50;
}

/// Wired, TLS, no downgrade, all 50 requests 250 ms apart, and 250 ms of watching for conflicts.
impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            search: Search::Wired,
            scope_id: 0,
            security: Security::Tls,
            downgrade: TlsDowngrade::Reject,
            resend_after: Self::MIN_RESEND_AFTER,
            max_requests: Self::MAX_REQUESTS,
            conflict_window: Duration::from_millis(250),
        }
    }
}

/// A server that an SECC announced and that may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The server.
    pub endpoint: Endpoint,
    /// Whether to speak TLS to it.
    pub security: Security,
    /// Host that the answer came from; most SECCs announce this same address.
    pub responder: Ipv6Addr,
    /// Interface to connect through.
    pub scope_id: u32,
    /// Where the vehicle stands, after a wireless search.
    pub evse: Option<WirelessEvse>,
}

impl Answer {
    /// The address to connect to.
    pub fn socket_addr(&self) -> SocketAddrV6 {
        self.endpoint.socket_addr(self.scope_id)
    }

    fn same_server(&self, other: &Self) -> bool {
        Self { responder: other.responder, ..*self } == *other
    }
}

/// What a [`Discovery`] has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoveryEvent {
    /// An SECC answered. A [`DiscoveryEvent::Conflict`] may follow within the configured window.
    Found(Answer),
    /// Two different servers were announced: the link may reach more than the own charger.
    /// Says everything that a `Found` not yet polled would have said.
    Conflict {
        /// The answer that came first.
        first: Answer,
        /// The one that differs.
        second: Answer,
    },
    /// The search is over without a server.
    Failed {
        /// Requests that were sent.
        requests: u8,
        /// Why.
        reason: SearchFailure,
    },
}

/// Why a search ended without a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SearchFailure {
    /// No valid answer to any request.
    #[error("no SECC answered")]
    NoAnswer,
    /// Wireless: after the last request the SECC was still finding out where the vehicle stands.
    #[error("the SECC did not find out in time at which EVSE the vehicle stands")]
    StillOngoing,
    /// Wireless: the answer is that no SECC serves this vehicle.
    #[error("no SECC serves this vehicle")]
    NoSecc,
}

/// Why a datagram was not taken. The search goes on regardless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Nobody is waiting for an answer (any more).
    #[error("no answer is awaited")]
    NotSearching,
    /// The datagram is no SDP message.
    #[error("malformed answer")]
    Malformed(#[source] SdpError),
    /// The message does not answer the kind of request that was sent.
    #[error("payload type {0} does not answer the request")]
    UnexpectedType(PayloadType),
    /// It came in through an interface other than the charging link.
    #[error("received on interface {0}")]
    Interface(u32),
    /// The announced server cannot be connected to.
    #[error("unusable server")]
    Endpoint(#[source] EndpointError),
    /// The announced transport is not TCP.
    #[error("transport other than TCP")]
    Transport,
    /// TLS was asked for, the answer offers none.
    #[error("answer without TLS to a request for TLS")]
    Downgrade,
    /// The answer says that it names the EVSE, and does not: the field is empty or no text.
    #[error("answer without the EVSE id that it announces")]
    EvseId,
}

/// What a [`Discovery`] has seen since it was made. The counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryCounters {
    /// Requests handed out by [`Discovery::poll_transmit`].
    pub requests: u32,
    /// Valid answers, repetitions included.
    pub answers: u32,
    /// Datagrams that were no SDP message.
    pub malformed: u32,
    /// SDP messages that were refused for what they say or where they come from.
    pub refused: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Searching { sent: u8, resend_at: Instant, so_far: SearchFailure },
    Watching { first: Answer, until: Instant },
}

/// What a valid answer means.
enum Verdict {
    Found(Answer),
    Ongoing,
    NoSecc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    None,
    Due,
}

/// Finds the SECC on the charging link.
///
/// In a wireless search an SECC may answer that it is still finding out where the vehicle stands; the
/// requests then go on in the same rhythm and within the same number.
///
/// After each call of `start`, `handle_input` or `handle_timeout`, drain `poll_transmit` and
/// `poll_event` and arm a timer for `poll_timeout`.
#[derive(Debug)]
pub struct Discovery {
    config: DiscoveryConfig,
    state: State,
    request: Request,
    event: Option<DiscoveryEvent>,
    counters: DiscoveryCounters,
}

impl Discovery {
    /// An idle machine.
    ///
    /// # Errors
    /// [`ConfigError`] where the settings leave the limits of the standard.
    pub fn new(config: DiscoveryConfig) -> Result<Self, ConfigError> {
        if config.resend_after < DiscoveryConfig::MIN_RESEND_AFTER {
            return Err(ConfigError::ResendTooSoon);
        }
        if !(1..=DiscoveryConfig::MAX_REQUESTS).contains(&config.max_requests) {
            return Err(ConfigError::RequestCount(config.max_requests));
        }
        Ok(Self {
            config,
            state: State::Idle,
            request: Request::None,
            event: None,
            counters: DiscoveryCounters::default(),
        })
    }

    /// Begins a search with the first request, dropping what went on before.
    pub fn start(&mut self, now: Instant) {
        self.event = None;
        self.ask(now, 1, SearchFailure::NoAnswer);
    }

    /// Ends a search or the watch for conflicts without an event.
    pub fn stop(&mut self) {
        self.state = State::Idle;
        self.request = Request::None;
        self.event = None;
    }

    /// Takes a UDP datagram that arrived at the socket the requests are sent from.
    ///
    /// # Errors
    /// [`Rejection`] tells why the datagram was ignored; nothing needs to be done about it.
    pub fn handle_input(
        &mut self,
        now: Instant,
        from: SocketAddrV6,
        datagram: &[u8],
    ) -> Result<(), Rejection> {
        self.expire_watch(now);
        if matches!(self.state, State::Idle) {
            return Err(Rejection::NotSearching);
        }
        let verdict = self.judge(from, datagram).inspect_err(|rejection| {
            let counter = match rejection {
                Rejection::Malformed(_) => &mut self.counters.malformed,
                _ => &mut self.counters.refused,
            };
            *counter = counter.saturating_add(1);
        })?;
        self.counters.answers = self.counters.answers.saturating_add(1);
        match (&mut self.state, verdict) {
            (State::Searching { .. }, Verdict::Found(answer)) => {
                self.request = Request::None;
                self.event = Some(DiscoveryEvent::Found(answer));
                let until = now.saturating_add(self.config.conflict_window);
                self.state = State::Watching { first: answer, until };
                self.expire_watch(now);
            }
            (State::Searching { so_far, .. }, Verdict::Ongoing) => *so_far = SearchFailure::StillOngoing,
            (State::Searching { sent, .. }, Verdict::NoSecc) => {
                let requests = *sent;
                self.fail(requests, SearchFailure::NoSecc);
            }
            (State::Watching { first, .. }, Verdict::Found(answer)) if !first.same_server(&answer) => {
                self.event = Some(DiscoveryEvent::Conflict { first: *first, second: answer });
                self.state = State::Idle;
            }
            (State::Watching { .. } | State::Idle, _) => {}
        }
        Ok(())
    }

    /// Tells the machine the time; harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire_watch(now);
        if let State::Searching { sent, resend_at, so_far } = self.state
            && now >= resend_at
        {
            if sent < self.config.max_requests {
                self.ask(now, sent + 1, so_far);
            } else {
                self.fail(sent, so_far);
            }
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Idle => None,
            State::Searching { resend_at, .. } => Some(resend_at),
            State::Watching { until, .. } => Some(until),
        }
    }

    /// The request to send now, if one is due.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.request == Request::None {
            return None;
        }
        self.request = Request::None;
        self.counters.requests = self.counters.requests.saturating_add(1);
        let destination = SocketAddrV6::new(ALL_NODES, SDP_PORT, 0, self.config.scope_id);
        Transmit::new(destination, self.config.search.request(self.config.security))
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<DiscoveryEvent> {
        self.event.take()
    }

    /// What has been seen so far.
    pub fn counters(&self) -> DiscoveryCounters {
        self.counters
    }

    fn ask(&mut self, now: Instant, sent: u8, so_far: SearchFailure) {
        self.request = Request::Due;
        let resend_at = now.saturating_add(self.config.resend_after);
        self.state = State::Searching { sent, resend_at, so_far };
    }

    fn fail(&mut self, requests: u8, reason: SearchFailure) {
        self.state = State::Idle;
        self.request = Request::None;
        self.event = Some(DiscoveryEvent::Failed { requests, reason });
    }

    fn expire_watch(&mut self, now: Instant) {
        if let State::Watching { until, .. } = self.state
            && now >= until
        {
            self.state = State::Idle;
        }
    }

    fn judge(&self, from: SocketAddrV6, datagram: &[u8]) -> Result<Verdict, Rejection> {
        let link = self.config.scope_id;
        if link != 0 && from.scope_id() != 0 && from.scope_id() != link {
            return Err(Rejection::Interface(from.scope_id()));
        }
        let message = SdpMessage::parse(datagram).map_err(Rejection::Malformed)?;
        match self.config.search.outcome(message)? {
            Outcome::Ongoing => Ok(Verdict::Ongoing),
            Outcome::NoSecc => Ok(Verdict::NoSecc),
            Outcome::Server(server, evse) => self.admit(from, server, evse).map(Verdict::Found),
        }
    }

    fn admit(
        &self,
        from: SocketAddrV6,
        server: SdpResponse,
        evse: Option<WirelessEvse>,
    ) -> Result<Answer, Rejection> {
        if server.transport != Transport::Tcp {
            return Err(Rejection::Transport);
        }
        let endpoint = Endpoint::new(server.address, server.port).map_err(Rejection::Endpoint)?;
        let security = server.security;
        if self.config.security == Security::Tls
            && security == Security::Plain
            && self.config.downgrade == TlsDowngrade::Reject
        {
            return Err(Rejection::Downgrade);
        }
        let link = self.config.scope_id;
        let scope_id = if link == 0 { from.scope_id() } else { link };
        Ok(Answer { endpoint, security, responder: *from.ip(), scope_id, evse })
    }
}
