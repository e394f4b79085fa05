//! TLS, certificates and contracts, as the command line asks for them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use v2g_pki::Edition;
use v2g_pki::Policy;
use v2g_scenario::Scenario;
use v2g_tls::{KeyLogFile, Profile};

use crate::credentials::{CredentialFault, Holds, Link, Made, StationCredentials, VehicleCredentials};
use crate::failure::Failure;
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
        let policy = match place {
            Place::Street => Made::strict(),
            Place::Laboratory => Policy::lab(Edition::Y2022),
        };
        Made::new(scenario.seed, self.fault, policy)
    }

    /// The charger's keys and certificates, if it needs any.
    pub(crate) fn station(
        &self,
        scenario: &Scenario,
        place: Place,
    ) -> Result<Option<StationCredentials>, Failure> {
        if self.tls { self.made(scenario, place)?.station().map(Some) } else { Ok(None) }
    }

    /// The vehicle's keys and certificates, if it needs any.
    pub(crate) fn vehicle(
        &self,
        scenario: &Scenario,
        place: Place,
    ) -> Result<Option<VehicleCredentials>, Failure> {
        let holds = if self.pnc && !self.install_contract { Holds::Contract } else { Holds::Nothing };
        if self.tls { self.made(scenario, place)?.vehicle(holds).map(Some) } else { Ok(None) }
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
