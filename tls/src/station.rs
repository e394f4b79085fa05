//! The charging station (SECC): the TLS server.

use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, ServerConnection};
use rustls::version::TLS13;
use rustls::{KeyLog, ServerConfig};

use crate::choice::Choice;
use crate::config::Config;
use crate::error::Error;
use crate::fragment::MaxFragment;
use crate::hello::Hello;
use crate::link::{Guard, Link};
use crate::resumption::{Resumption, Tickets};
use crate::verifier::{Judge, PeerRole};

/// A charging station that accepts vehicles, each with its certificate [V2G20-1264, 2400]. One serves any number of
/// connections.
#[derive(Clone, Debug)]
pub struct Station {
    config: Arc<ServerConfig>,
    guard: Guard,
    max_fragment: MaxFragment,
}

impl Station {
    /// A station from its configuration.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn new(config: Config) -> Result<Self, Error> {
        let judge = Arc::new(Judge::new(config.verifier, PeerRole::Vehicle, config.profile));
        let guard = Guard { judge: judge.clone(), time: config.time.clone() };
        let mut tls = ServerConfig::builder_with_details(config.profile.provider(), config.time)
            .with_protocol_versions(&[&TLS13])
            .map_err(Error::Tls)?
            .with_client_cert_verifier(judge)
            .with_cert_resolver(Arc::new(Choice(config.credentials)));
        tls.max_early_data_size = 0;
        tls.send_half_rtt_data = false;
        tls.session_storage = Arc::new(NoServerSessionStorage {});
        match config.resumption {
            Resumption::Off => tls.send_tls13_tickets = 0,
            Resumption::Psk(lifetime) => {
                tls.ticketer = Arc::new(Tickets::new(lifetime));
                tls.send_tls13_tickets = 1;
            }
        }
        tls.max_fragment_size = config.max_fragment.to_rustls();
        if let Some(key_log) = config.key_log {
            tls.key_log = key_log as Arc<dyn KeyLog>;
        }
        Ok(Self { config: Arc::new(tls), guard, max_fragment: config.max_fragment })
    }

    /// A link for one connection. `hello` is what a [`HelloReader`](crate::HelloReader) read of it, if one did; its
    /// bytes go into the link first.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn link(&self, hello: Option<&Hello>) -> Result<Link, Error> {
        let connection = ServerConnection::new(self.tls(hello)).map_err(Error::Tls)?;
        Ok(Link::server(connection, self.guard.clone()))
    }

    /// The configuration for a client: with shorter records if it wants them.
    pub(crate) fn tls(&self, hello: Option<&Hello>) -> Arc<ServerConfig> {
        let wanted = hello.and_then(|hello| hello.max_fragment).filter(|wanted| *wanted < self.max_fragment);
        let Some(wanted) = wanted else { return self.config.clone() };
        let mut config = ServerConfig::clone(&self.config);
        config.max_fragment_size = wanted.to_rustls();
        Arc::new(config)
    }

    #[cfg(feature = "tokio")]
    pub(crate) const fn guard(&self) -> &Guard {
        &self.guard
    }
}
