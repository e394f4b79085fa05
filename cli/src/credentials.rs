//! Keys and certificates of both ends of a session, made for the occasion or read from a folder.

mod fault;
mod folder;
mod foreign;
mod keyring;
mod made;
mod material;
mod provider;

use std::path::Path;
use std::sync::Arc;

use v2g_pki::ids::Pcid;
use v2g_pki::keystore::KeyHandle;
use v2g_pki::status::Evidence;
use v2g_pki::{Anchor, Certificate, Conformance, Curves, Policy, RootKind, Time, Trust};
use v2g_tls::{Config, Credential, KeyLogFile, PathVerifier, Profile, StoreSigner};

pub(crate) use fault::CredentialFault;
pub(crate) use keyring::{Keyring, Keys};
pub(crate) use made::{Holds, Made};
pub(crate) use material::Material;
pub(crate) use provider::{Delivery, Provider};

use crate::failure::Failure;
use crate::pki::Passphrase;
use crate::runtime::unix_time;

/// Reads a folder of keys and certificates, in whichever layout.
pub(crate) fn read(folder: &Path, passphrase: Option<Passphrase>) -> Result<Material, Failure> {
    if folder::recognises(folder) {
        folder::read(folder, passphrase)
    } else if foreign::recognises(folder) {
        foreign::read(folder)
    } else {
        Err(Failure::usage(format!(
            "{} is no folder of keys and certificates that is known",
            folder.display()
        ))
        .advise("`v2g pki new` makes one"))
    }
}

/// The roots of a folder; no key is read.
pub(crate) fn roots(folder: &Path) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
    if folder::recognises(folder) { folder::roots(folder) } else { foreign::roots(folder) }
}

/// A chain, leaf first, and the key of the leaf.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) keys: Keys,
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
    fn credential(&self, staple: Option<&Vec<u8>>) -> Result<Arc<Credential>, Failure> {
        let signer = StoreSigner::new(self.keys.0.clone(), self.key).map_err(Failure::failed)?;
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
        let credential = self.secc.credential(self.staple.as_ref())?;
        v2g_tls::Station::new(link.config(credential, self.trusted.verifier()?)).map_err(Failure::failed)
    }
}

impl VehicleCredentials {
    /// The TLS client.
    pub(crate) fn tls(&self, link: &Link) -> Result<v2g_tls::Vehicle, Failure> {
        let credential = self.vehicle.credential(None)?;
        v2g_tls::Vehicle::new(link.config(credential, self.trusted.verifier()?)).map_err(Failure::failed)
    }

    /// The PCID of the provisioning certificate.
    pub(crate) fn pcid(&self) -> Option<Pcid> {
        Pcid::parse(self.provisioning.as_ref()?.name()?)
    }
}
