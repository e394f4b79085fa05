//! The SECC's side of SDP: answer while there is something to connect to.

use core::net::SocketAddrV6;
use core::num::NonZeroU8;
use core::time::Duration;

use thiserror::Error;

use super::{
    ConfigError, Diagnosis, Endpoint, SdpError, SdpMessage, SdpResponse, Security, Serving, Transmit,
    Transport,
};
use crate::{Instant, PayloadType};

/// The TCP servers that listen at the SECC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// TLS only, as ISO 15118-20 wants it.
    Tls(Endpoint),
    /// Plain TCP only.
    Plain(Endpoint),
    /// Both, for vehicles of different standards.
    Both {
        /// Server that speaks TLS.
        tls: Endpoint,
        /// Server that does not.
        plain: Endpoint,
    },
}

impl Listeners {
    fn choose(self, wanted: Security, mismatch: Mismatch) -> Option<(Security, Endpoint)> {
        let (security, endpoint) = match (self, wanted) {
            (Self::Tls(tls), _) | (Self::Both { tls, .. }, Security::Tls) => (Security::Tls, tls),
            (Self::Plain(plain), _) | (Self::Both { plain, .. }, Security::Plain) => (Security::Plain, plain),
        };
        (security == wanted || mismatch == Mismatch::Offer).then_some((security, endpoint))
    }
}

/// What to do when no server has the security that a vehicle asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mismatch {
    /// Announce the server there is; the vehicle decides.
    #[default]
    Offer,
    /// Stay silent.
    Silence,
}

/// Settings of a [`Responder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponderConfig {
    /// Kind of link, and with it the messages to speak.
    pub serving: Serving,
    /// Interface of the charging link as the host's sockets number it; 0 where there is only one.
    pub scope_id: u32,
    /// What to do when the security asked for is not served.
    pub mismatch: Mismatch,
    /// Answers that may leave at once after a quiet time.
    pub burst: NonZeroU8,
    /// Average time between answers at most load, not zero.
    pub answer_interval: Duration,
}

/// Wired, offers what there is; ten answers per second, eight at once. Vehicles ask four times per second.
impl Default for ResponderConfig {
    fn default() -> Self {
        Self {
            serving: Serving::Wired,
            scope_id: 0,
            mismatch: Mismatch::Offer,
            burst: NonZeroU8::MIN.saturating_add(7),
            answer_interval: Duration::from_millis(100),
        }
    }
}

/// Why a datagram got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ignored {
    /// The link is down or no server listens.
    #[error("the link is down or no server listens")]
    Disabled,
    /// The datagram is no SDP message.
    #[error("malformed request")]
    Malformed(#[source] SdpError),
    /// The message is no request of the kind that is served.
    #[error("payload type {0} is not served")]
    UnexpectedType(PayloadType),
    /// It came in through an interface other than the charging link.
    #[error("received on interface {0}")]
    Interface(u32),
    /// The sender is no link-local host with a port, so nobody on the charging link would get the answer.
    #[error("sender cannot be answered")]
    Sender,
    /// A transport other than TCP is asked for.
    #[error("transport other than TCP")]
    Transport,
    /// The security asked for is not served, and [`Mismatch::Silence`] is set.
    #[error("the security asked for is not served")]
    Security,
    /// More requests than the rate limit lets through, or the previous answer was not fetched yet.
    #[error("too many requests")]
    RateLimited,
}

/// What a [`Responder`] has seen since it was made. The counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponderCounters {
    /// Requests that were answered.
    pub answered: u32,
    /// Datagrams that were no SDP message.
    pub malformed: u32,
    /// Requests that met [`Ignored::RateLimited`].
    pub rate_limited: u32,
    /// Datagrams ignored for any other reason.
    pub ignored: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    Up,
}

/// Answers the SDP requests of vehicles, by unicast, while the data link is up and a server listens.
///
/// It has no timers. After each `handle_input`, send what `poll_transmit` returns.
#[derive(Debug)]
pub struct Responder {
    config: ResponderConfig,
    link: Link,
    listeners: Option<Listeners>,
    diagnosis: Diagnosis,
    /// When the answers given so far would all have left at the average rate.
    paid_until: Instant,
    answer: Option<Transmit>,
    counters: ResponderCounters,
}

impl Responder {
    /// A silent machine: link down, nothing listens.
    ///
    /// # Errors
    /// [`ConfigError::RateLimit`] without a time between answers.
    pub fn new(config: ResponderConfig) -> Result<Self, ConfigError> {
        if config.answer_interval.is_zero() {
            return Err(ConfigError::RateLimit);
        }
        Ok(Self {
            config,
            link: Link::Down,
            listeners: None,
            diagnosis: Diagnosis::Ongoing,
            paid_until: Instant::ZERO,
            answer: None,
            counters: ResponderCounters::default(),
        })
    }

    /// The data link to the vehicle is established.
    pub fn link_up(&mut self) {
        self.link = Link::Up;
    }

    /// The data link is lost; an answer not fetched yet is dropped, and so is the diagnosis.
    pub fn link_down(&mut self) {
        self.link = Link::Down;
        self.diagnosis = Diagnosis::Ongoing;
        self.answer = None;
    }

    /// Servers listen from now on.
    pub fn listen(&mut self, listeners: Listeners) {
        self.listeners = Some(listeners);
    }

    /// No server listens any more; an answer not fetched yet is dropped.
    pub fn stop_listening(&mut self) {
        self.listeners = None;
        self.answer = None;
    }

    /// What to say about the vehicle's place to wireless requests from now on.
    ///
    /// An SECC with several EVSEs reads the EVID of a request with [`SdpMessage::parse`] and says what it
    /// knows of that vehicle before it hands the request in.
    pub fn diagnose(&mut self, diagnosis: Diagnosis) {
        self.diagnosis = diagnosis;
    }

    /// Takes a UDP datagram that arrived at [`crate::SDP_PORT`] and returns the security that is answered.
    ///
    /// # Errors
    /// [`Ignored`] tells why there is no answer; nothing needs to be done about it.
    pub fn handle_input(
        &mut self,
        now: Instant,
        from: SocketAddrV6,
        datagram: &[u8],
    ) -> Result<Security, Ignored> {
        let result = self.judge(from, datagram).and_then(|(security, answer)| {
            self.admit(now)?;
            self.answer = Some(answer);
            Ok(security)
        });
        let counter = match result {
            Ok(_) => &mut self.counters.answered,
            Err(Ignored::Malformed(_)) => &mut self.counters.malformed,
            Err(Ignored::RateLimited) => &mut self.counters.rate_limited,
            Err(_) => &mut self.counters.ignored,
        };
        *counter = counter.saturating_add(1);
        result
    }

    /// The answer to send now, if there is one.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.answer.take()
    }

    /// What has been seen so far.
    pub fn counters(&self) -> ResponderCounters {
        self.counters
    }

    fn judge(&self, from: SocketAddrV6, datagram: &[u8]) -> Result<(Security, Transmit), Ignored> {
        let (Link::Up, Some(listeners)) = (self.link, self.listeners) else {
            return Err(Ignored::Disabled);
        };
        let link = self.config.scope_id;
        if link != 0 && from.scope_id() != 0 && from.scope_id() != link {
            return Err(Ignored::Interface(from.scope_id()));
        }
        let message = SdpMessage::parse(datagram).map_err(Ignored::Malformed)?;
        let (wanted, transport) = self.config.serving.wanted(message)?;
        if Endpoint::new(*from.ip(), from.port()).is_err() {
            return Err(Ignored::Sender);
        }
        if transport != Transport::Tcp {
            return Err(Ignored::Transport);
        }
        let (security, server) = listeners.choose(wanted, self.config.mismatch).ok_or(Ignored::Security)?;
        let response = SdpResponse {
            address: server.address(),
            port: server.port(),
            security,
            transport: Transport::Tcp,
        };
        let message = self.config.serving.response(response, self.diagnosis);
        let answer = Transmit::new(from, message).ok_or(Ignored::Sender)?;
        Ok((security, answer))
    }

    /// Lets an answer pass as long as the ones given ahead of the average rate stay within the burst.
    fn admit(&mut self, now: Instant) -> Result<(), Ignored> {
        let ahead = self.paid_until.saturating_sub(now);
        let most = self.config.answer_interval.saturating_mul(u32::from(self.config.burst.get() - 1));
        if ahead > most || self.answer.is_some() {
            return Err(Ignored::RateLimited);
        }
        self.paid_until = self.paid_until.max(now).saturating_add(self.config.answer_interval);
        Ok(())
    }
}
