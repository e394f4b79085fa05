//! Keys and certificates of both ends of a session, made for the occasion or read from a folder.

mod fault;
mod foreign;
mod made;
mod material;
mod provider;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use v2g_pki::ids::Pcid;
use v2g_pki::keystore::{KeyError, KeyHandle, KeyStore, SoftwareStore};
use v2g_pki::status::Evidence;
use v2g_pki::{Anchor, Certificate, Conformance, Curves, Policy, RootKind, Time, Trust};
use v2g_tls::{Config, Credential, KeyLogFile, PathVerifier, Profile, StoreSigner};

pub(crate) use fault::CredentialFault;
pub(crate) use made::{Holds, Made};
pub(crate) use material::Material;
pub(crate) use provider::{Delivery, Provider};

use crate::failure::Failure;
use crate::runtime::unix_time;

/// Reads a folder of keys and certificates.
pub(crate) fn read(folder: &Path) -> Result<Material, Failure> {
    if foreign::recognises(folder) {
        return foreign::read(folder);
    }
    Err(Failure::usage(format!("{} is no folder of keys and certificates that is known", folder.display())))
}

/// A key store that engine and TLS share.
pub(crate) type Store = dyn KeyStore + Send;

/// A key store with everything that an end has to do with keys.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Mutex<Store>>);

impl Keys {
    pub(crate) fn new(store: impl KeyStore + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Keys of one end in the memory of the program: those of the link, and as many contracts as come.
pub(crate) type Memory = SoftwareStore<fn(&mut [u8]) -> Result<(), KeyError>, 256>;

/// An empty store in memory.
pub(crate) fn memory() -> Memory {
    fn fill(out: &mut [u8]) -> Result<(), KeyError> {
        getrandom::fill(out).map_err(|_| KeyError::NoRandomness)
    }
    SoftwareStore::new(fill)
}

/// A chain, leaf first, and the key of the leaf.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: KeyHandle,
}

impl Identity {
    pub(crate) fn leaf(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// The common name of the leaf: an identifier in every role but one.
    pub(crate) fn name(&self) -> Option<&str> {
        Certificate::parse(self.leaf()).ok()?.subject().common_name()
    }

    /// For TLS, with the OCSP response that goes with it.
    fn credential(&self, keys: &Keys, staple: Option<&Vec<u8>>) -> Result<Arc<Credential>, Failure> {
        let signer = StoreSigner::new(keys.0.clone(), self.key).map_err(Failure::failed)?;
        let credential = Credential::new(self.chain.clone(), Arc::new(signer)).map_err(Failure::failed)?;
        credential.set_staple(staple.cloned());
        Ok(Arc::new(credential))
    }
}

/// Roots, what is known of revocation, and what is asked of chains.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub(crate) roots: Vec<(RootKind, Vec<u8>)>,
    pub(crate) ocsp: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) policy: Policy,
}

impl Trusted {
    /// Hands out what a validation needs, at this moment.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&Trust<'_>) -> R) -> R {
        let anchors: Vec<Anchor<'_>> = self.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
        let ocsp: Vec<&[u8]> = self.ocsp.iter().map(Vec::as_slice).collect();
        let crls: Vec<&[u8]> = self.crls.iter().map(Vec::as_slice).collect();
        then(&Trust {
            anchors: &anchors.as_slice(),
            evidence: Evidence { ocsp: &ocsp, crls: &crls, cache: None },
            policy: self.policy,
            verifier: &Curves,
            now: now(),
        })
    }

    fn verifier(&self) -> Result<Arc<PathVerifier>, Failure> {
        let verifier = PathVerifier::new(self.roots.clone(), self.policy).map_err(Failure::failed)?;
        verifier.set_evidence(self.ocsp.clone(), self.crls.clone());
        Ok(Arc::new(verifier))
    }

    /// Whether names and profiles are those of the standard.
    pub(crate) fn is_strict(&self) -> bool {
        self.policy.conformance == Conformance::Strict
    }
}

/// The time that certificates are judged by.
pub(crate) fn now() -> Time {
    Time::from_unix(i64::try_from(unix_time()).unwrap_or(i64::MAX))
}

/// A charger's.
#[derive(Debug)]
pub(crate) struct StationCredentials {
    pub(crate) keys: Keys,
    pub(crate) secc: Identity,
    /// The OCSP response about the leaf.
    pub(crate) staple: Option<Vec<u8>>,
    pub(crate) trusted: Trusted,
    /// Who makes contracts for vehicles, if anybody does.
    pub(crate) provider: Option<Provider>,
}

/// A vehicle's.
#[derive(Debug)]
pub(crate) struct VehicleCredentials {
    pub(crate) keys: Keys,
    pub(crate) vehicle: Identity,
    pub(crate) provisioning: Option<Identity>,
    pub(crate) contracts: Vec<Identity>,
    pub(crate) trusted: Trusted,
    /// Whether the vehicle knows the time: without it, it shows contracts that have expired.
    pub(crate) has_clock: bool,
}

/// What TLS takes beside keys and certificates.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) profile: Profile,
    pub(crate) key_log: Option<Arc<KeyLogFile>>,
}

impl Link {
    fn config(&self, credential: Arc<Credential>, verifier: Arc<PathVerifier>) -> Config {
        Config {
            profile: self.profile,
            key_log: self.key_log.clone(),
            ..Config::new(vec![credential], verifier)
        }
    }
}

impl StationCredentials {
    /// The TLS server.
    pub(crate) fn tls(&self, link: &Link) -> Result<v2g_tls::Station, Failure> {
        let credential = self.secc.credential(&self.keys, self.staple.as_ref())?;
        v2g_tls::Station::new(link.config(credential, self.trusted.verifier()?)).map_err(Failure::failed)
    }
}

impl VehicleCredentials {
    /// The TLS client.
    pub(crate) fn tls(&self, link: &Link) -> Result<v2g_tls::Vehicle, Failure> {
        let credential = self.vehicle.credential(&self.keys, None)?;
        v2g_tls::Vehicle::new(link.config(credential, self.trusted.verifier()?)).map_err(Failure::failed)
    }

    /// The PCID of the provisioning certificate.
    pub(crate) fn pcid(&self) -> Option<Pcid> {
        Pcid::parse(self.provisioning.as_ref()?.name()?)
    }
}
