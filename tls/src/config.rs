//! What both ends are made of.

use std::sync::Arc;

use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use crate::credential::Credential;
use crate::fragment::MaxFragment;
use crate::keylog::KeyLogFile;
use crate::profile::Profile;
use crate::resumption::Resumption;
use crate::verifier::Verifier;

/// What a station or a vehicle is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its chains, preferred first; the roots that the peer lists choose among them [V2G20-2379].
    pub credentials: Vec<Arc<Credential>>,
    /// Who decides about peers. The names of its roots are read once, when the station or vehicle is made.
    pub verifier: Arc<dyn Verifier>,
    /// Suites, groups and schemes.
    pub profile: Profile,
    /// Whether sessions are resumed. A vehicle keeps tickets as long as the station announces.
    pub resumption: Resumption,
    /// How long the records are that it sends.
    pub max_fragment: MaxFragment,
    /// Where the secrets of its sessions go. None, outside of debugging.
    pub key_log: Option<Arc<KeyLogFile>>,
    /// The time. Without one no handshake succeeds.
    pub time: Arc<dyn TimeProvider>,
}

impl Config {
    /// The strict profile, no resumption, full records, no key log, the clock of the system.
    pub fn new(credentials: Vec<Arc<Credential>>, verifier: Arc<dyn Verifier>) -> Self {
        Self {
            credentials,
            verifier,
            profile: Profile::default(),
            resumption: Resumption::default(),
            max_fragment: MaxFragment::default(),
            key_log: None,
            time: Arc::new(DefaultTimeProvider),
        }
    }
}
