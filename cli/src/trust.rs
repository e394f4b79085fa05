//! TLS, certificates and contracts, as the command line asks for them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use v2g_pkcs11::{Location, Pin, TokenStore};
use v2g_pki::{Edition, Policy};
use v2g_scenario::Scenario;
use v2g_tls::{KeyLogFile, Profile};

use crate::credentials::{
    self, CredentialFault, Holds, Keyring, Link, Made, Material, StationCredentials, VehicleCredentials,
};
use crate::failure::Failure;
use crate::pki::PassphraseArgs;
use crate::runtime::{Contracts, Decision, Trustworthy};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub(crate) struct TrustArgs {
    /// TLS 1.3 with certificates at both ends, as ISO 15118-20 demands.
    #[arg(long)]
    tls: bool,
    /// Authorize by contract (Plug & Charge); the card pays where no contract is accepted.
    #[arg(long, requires = "tls")]
    pnc: bool,
    /// The vehicle comes without a contract and fetches one.
    #[arg(long, requires = "pnc")]
    install_contract: bool,
    /// The charger decides about contracts by itself: there is no connection to a back end.
    #[arg(long, requires = "pnc")]
    offline: bool,
    /// Keys and certificates in a folder, as `v2g pki new` makes it or in the layout of common open stacks. Without it a PKI
    /// is made in memory from the seed of the scenario: everybody can make it, so it is for laboratories only.
    #[arg(long, value_name = "DIR", requires = "tls", conflicts_with = "fault")]
    pki: Option<PathBuf>,
    /// Keys are on a PKCS #11 token: the library of its maker. Without --pki they are made there, and certificates for them
    /// in memory; with it, files `key.token` name them.
    #[arg(long, value_name = "LIBRARY", requires = "tls", requires = "token", conflicts_with = "fault")]
    pkcs11: Option<PathBuf>,
    /// The label of the token.
    #[arg(long, value_name = "LABEL", requires = "pkcs11")]
    token: Option<String>,
    /// A file whose first line is the PIN of the token. The variable V2G_PIN does the same.
    #[arg(long, value_name = "FILE", requires = "pkcs11")]
    pin_file: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Let something be wrong with the certificates, and expect what has to come of it.
    #[arg(long, value_enum, value_name = "FAULT", requires = "tls")]
    fault: Option<CredentialFault>,
    /// Write the SECRETS of the TLS sessions to a file, for debugging: who has it reads and forges everything.
    #[arg(long, value_name = "FILE", requires = "tls")]
    keylog: Option<PathBuf>,
}

/// Whether certificates of laboratories count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Street,
    Laboratory,
}

impl Place {
    fn policy(self) -> Policy {
        match self {
            Self::Street => Policy::new(Edition::Y2022),
            Self::Laboratory => Policy::lab(Edition::Y2022),
        }
    }
}

impl TrustArgs {
    pub(crate) fn is_secured(&self) -> bool {
        self.tls
    }

    /// What TLS takes.
    pub(crate) fn link(&self, place: Place) -> Result<Link, Failure> {
        let profile = match place {
            Place::Street => Profile::V2g20,
            Place::Laboratory => Profile::Lab,
        };
        let key_log = self.keylog.as_ref().map(|path| {
            let opened = KeyLogFile::open(path).map(Arc::new);
            opened.map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
        });
        Ok(Link { profile, key_log: key_log.transpose()? })
    }

    fn made(&self, scenario: &Scenario, place: Place) -> Result<Made, Failure> {
        Made::new(scenario.seed, self.fault, place.policy())
    }

    fn read(&self) -> Result<Option<Material>, Failure> {
        let Some(folder) = &self.pki else { return Ok(None) };
        credentials::read(folder, self.passphrase.read()?).map(Some)
    }

    /// Where private keys are.
    pub(crate) fn keyring(&self) -> Result<Keyring, Failure> {
        let (Some(library), Some(token)) = (&self.pkcs11, &self.token) else { return Ok(Keyring::memory()) };
        let pin = match &self.pin_file {
            Some(path) => Pin::from_file(path),
            None => Pin::from_env("V2G_PIN"),
        };
        let location = Location { library: library.clone(), token: token.clone() };
        let opened = pin.and_then(|pin| TokenStore::open(&location, &pin));
        opened.map(Keyring::token).map_err(Failure::failed)
    }

    /// Whether the certificates are those of a PKI that everybody can make.
    pub(crate) fn is_made(&self) -> bool {
        self.tls && self.pki.is_none()
    }

    /// The charger's keys and certificates, if it needs any.
    pub(crate) fn station(
        &self,
        scenario: &Scenario,
        place: Place,
        ring: &Keyring,
    ) -> Result<Option<StationCredentials>, Failure> {
        match self.read()? {
            Some(material) => material.station(place.policy(), ring).map(Some),
            None if self.tls => self.made(scenario, place)?.station(ring).map(Some),
            None => Ok(None),
        }
    }

    /// The vehicle's keys and certificates, if it needs any.
    pub(crate) fn vehicle(
        &self,
        scenario: &Scenario,
        place: Place,
        ring: &Keyring,
    ) -> Result<Option<VehicleCredentials>, Failure> {
        let holds = if self.pnc && !self.install_contract { Holds::Contract } else { Holds::Nothing };
        match self.read()? {
            Some(material) => material.vehicle(place.policy(), holds, ring).map(Some),
            None if self.tls => self.made(scenario, place)?.vehicle(holds, ring).map(Some),
            None => Ok(None),
        }
    }

    /// What the charger offers with them.
    pub(crate) fn offer<'a>(&self, credentials: Option<&'a StationCredentials>) -> Option<Trustworthy<'a>> {
        let decision = if self.offline { Decision::Offline } else { Decision::BackEnd };
        credentials.map(|credentials| Trustworthy { credentials, contracts: self.pnc, decision })
    }

    /// What the vehicle does with contracts.
    pub(crate) fn contracts(&self) -> Contracts {
        match (self.pnc, self.install_contract) {
            (false, _) => Contracts::None,
            (true, false) => Contracts::Shown,
            (true, true) => Contracts::Fetched,
        }
    }

    /// What has to come of what is wrong.
    pub(crate) fn expect(&self, scenario: &mut Scenario) {
        if let Some([station, vehicle]) = self.fault.and_then(CredentialFault::outcomes) {
            scenario.expect.station = station;
            scenario.expect.vehicle = vehicle;
        }
    }
}
