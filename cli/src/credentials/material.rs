//! What is in a folder of keys and certificates, whatever its layout, and what each end takes of it.

use std::fmt;

use v2g_pki::keystore::{KeyKind, KeyRole};
use v2g_pki::{Algorithm, Policy, RootKind};
use zeroize::Zeroizing;

use super::provider::{Deliverable, Way};
use super::{Identity, Keys, Memory, Provider, StationCredentials, Trusted, VehicleCredentials, memory};
use crate::failure::Failure;

/// A private key that was read.
#[derive(Clone)]
pub(crate) struct Secret {
    pub(crate) algorithm: Algorithm,
    /// A number as long as the order of the curve.
    pub(crate) number: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A chain, leaf first, and the key of the leaf.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Secret,
}

impl Holder {
    fn identity(&self, role: KeyRole, store: &mut Memory) -> Result<Identity, Failure> {
        let mut number = self.key.number.clone();
        let key =
            store.load(KeyKind::Signing(self.key.algorithm), role, &mut number).map_err(Failure::failed)?;
        Ok(Identity { chain: self.chain.clone(), key })
    }
}

/// Everything that a folder has.
#[derive(Debug, Default)]
pub(crate) struct Material {
    pub(crate) roots: Vec<(RootKind, Vec<u8>)>,
    pub(crate) secc: Option<Holder>,
    pub(crate) vehicle: Option<Holder>,
    pub(crate) provisioning: Option<Holder>,
    pub(crate) cps: Option<Holder>,
    pub(crate) contracts: Vec<Holder>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) ocsp: Vec<Vec<u8>>,
    /// The OCSP response about the leaf of the charger.
    pub(crate) staple: Option<Vec<u8>>,
}

impl Material {
    fn trusted(&self, kinds: &[RootKind], policy: Policy) -> Trusted {
        let roots = self.roots.iter().filter(|(kind, _)| kinds.contains(kind)).cloned().collect();
        Trusted { roots, ocsp: self.ocsp.clone(), crls: self.crls.clone(), policy }
    }

    /// A charger's part. A provider is there if what it needs is: a service that signs, and a contract with a key of
    /// the one curve for which ISO 15118-20 says how keys are delivered.
    pub(crate) fn station(&self, policy: Policy) -> Result<StationCredentials, Failure> {
        let mut store = memory();
        let secc =
            self.secc.as_ref().ok_or_else(|| Failure::failed("the PKI has no charger's certificate"))?;
        let secc = secc.identity(KeyRole::Secc, &mut store)?;
        let contract = self.contracts.iter().find(|holder| holder.key.algorithm == Algorithm::P521);
        let provider = match (&self.cps, contract) {
            (Some(cps), Some(contract)) => {
                let mut store = memory();
                let cps = cps.identity(KeyRole::Cps, &mut store)?;
                let chain = contract.chain.clone();
                let contract = Deliverable { chain, key: contract.key.number.clone() };
                let trusted = self.trusted(&[RootKind::Oem, RootKind::V2g], policy);
                Some(Provider { keys: Keys::new(store), cps, contract, trusted, way: Way::Good })
            }
            _ => None,
        };
        let trusted = self.trusted(&[RootKind::V2g, RootKind::Oem, RootKind::Mo], policy);
        Ok(StationCredentials {
            keys: Keys::new(store),
            secc,
            staple: self.staple.clone(),
            trusted,
            provider,
        })
    }

    /// A vehicle's part, with all contracts that are there.
    pub(crate) fn vehicle(&self, policy: Policy) -> Result<VehicleCredentials, Failure> {
        let mut store = memory();
        let vehicle = self.vehicle.as_ref();
        let vehicle = vehicle.ok_or_else(|| Failure::failed("the PKI has no vehicle's certificate"))?;
        let vehicle = vehicle.identity(KeyRole::Vehicle, &mut store)?;
        let provisioning = self
            .provisioning
            .as_ref()
            .map(|holder| holder.identity(KeyRole::Provisioning, &mut store))
            .transpose()?;
        let contracts: Result<Vec<_>, Failure> =
            self.contracts.iter().map(|holder| holder.identity(KeyRole::Contract, &mut store)).collect();
        Ok(VehicleCredentials {
            vehicle,
            provisioning,
            contracts: contracts?,
            trusted: self.trusted(&[RootKind::V2g, RootKind::Private], policy),
            keys: Keys::new(store),
            has_clock: true,
        })
    }
}
