//! The vehicle (EVCC): the TLS client.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConfig, KeyLog};

use crate::choice::Choice;
use crate::config::Config;
use crate::error::Error;
use crate::link::{Guard, Link};
use crate::resumption::Resumption;
use crate::verifier::{Judge, PeerRole};

/// Stations whose tickets a vehicle keeps.
const STATIONS: usize = 8;

/// A vehicle that connects to stations. It always asks for the status of their certificates [V2G20-2372].
#[derive(Clone, Debug)]
pub struct Vehicle {
    config: Arc<ClientConfig>,
    guard: Guard,
}

impl Vehicle {
    /// A vehicle from its configuration.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn new(config: Config) -> Result<Self, Error> {
        let judge = Arc::new(Judge::new(config.verifier, PeerRole::Station, config.profile));
        let guard = Guard { judge: judge.clone(), time: config.time.clone() };
        let mut tls = ClientConfig::builder_with_details(config.profile.provider(), config.time)
            .with_protocol_versions(&[&TLS13])
            .map_err(Error::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(judge)
            .with_client_cert_resolver(Arc::new(Choice(config.credentials)));
        tls.enable_early_data = false;
        tls.enable_sni = false;
        tls.resumption = match config.resumption {
            Resumption::Off => rustls::client::Resumption::disabled(),
            Resumption::Psk(_) => rustls::client::Resumption::in_memory_sessions(STATIONS),
        };
        tls.max_fragment_size = config.max_fragment.to_rustls();
        if let Some(key_log) = config.key_log {
            tls.key_log = key_log as Arc<dyn KeyLog>;
        }
        Ok(Self { config: Arc::new(tls), guard })
    }

    /// A link to a station. Its address is not sent; a ticket is offered only to the address that gave it.
    ///
    /// # Errors
    /// rustls refuses the configuration, or there is no randomness.
    pub fn link(&self, station: IpAddr) -> Result<Link, Error> {
        let name = ServerName::IpAddress(station.into());
        let connection = ClientConnection::new(self.config.clone(), name).map_err(Error::Tls)?;
        Ok(Link::client(connection, self.guard.clone()))
    }

    #[cfg(feature = "tokio")]
    pub(crate) const fn guard(&self) -> &Guard {
        &self.guard
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
}
