//! What is in a folder of keys and certificates, whatever its layout, and what each end takes of it.

use std::fmt;

use v2g_pki::keystore::KeyRole;
use v2g_pki::{Algorithm, Policy, RootKind};
use zeroize::Zeroizing;

use super::provider::{Deliverable, Way};
use super::{Holds, Identity, Keyring, Provider, StationCredentials, Trusted, VehicleCredentials};
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

/// Where the key of a certificate is.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// It was read.
    Here(Secret),
    /// On the token, under this label.
    Token(String),
}

/// A chain, leaf first, and the key of the leaf.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Key,
}

impl Holder {
    fn identity(&self, role: KeyRole, ring: &Keyring) -> Result<Identity, Failure> {
        let (keys, key) = match &self.key {
            Key::Here(secret) => ring.load(secret, role)?,
            Key::Token(label) => ring.named(label, role)?,
        };
        Ok(Identity { chain: self.chain.clone(), keys, key })
    }

    /// The key that is here, if it is of the one curve for which ISO 15118-20 says how keys are delivered.
    pub(super) fn deliverable(&self) -> Option<&Secret> {
        match &self.key {
            Key::Here(secret) if secret.algorithm == Algorithm::P521 => Some(secret),
            Key::Here(_) | Key::Token(_) => None,
        }
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

    /// A charger's part. A provider is there if what it needs is: a service that signs, and a contract whose key can be
    /// delivered.
    pub(crate) fn station(&self, policy: Policy, ring: &Keyring) -> Result<StationCredentials, Failure> {
        let secc =
            self.secc.as_ref().ok_or_else(|| Failure::failed("the PKI has no charger's certificate"))?;
        let secc = secc.identity(KeyRole::Secc, ring)?;
        let contract = self.contracts.iter().find_map(|holder| Some((holder, holder.deliverable()?)));
        let provider = match (&self.cps, contract) {
            (Some(cps), Some((contract, key))) => {
                let cps = cps.identity(KeyRole::Cps, ring)?;
                let contract = Deliverable { chain: contract.chain.clone(), key: key.number.clone() };
                let trusted = self.trusted(&[RootKind::Oem, RootKind::V2g], policy);
                Some(Provider { cps, contract, trusted, way: Way::Good })
            }
            _ => None,
        };
        let trusted = self.trusted(&[RootKind::V2g, RootKind::Oem, RootKind::Mo], policy);
        Ok(StationCredentials { secc, staple: self.staple.clone(), trusted, provider })
    }

    /// A vehicle's part, with all contracts that are there, or with none.
    pub(crate) fn vehicle(
        &self,
        policy: Policy,
        holds: Holds,
        ring: &Keyring,
    ) -> Result<VehicleCredentials, Failure> {
        let vehicle = self.vehicle.as_ref();
        let vehicle = vehicle.ok_or_else(|| Failure::failed("the PKI has no vehicle's certificate"))?;
        let vehicle = vehicle.identity(KeyRole::Vehicle, ring)?;
        let provisioning = self.provisioning.as_ref();
        let provisioning =
            provisioning.map(|holder| holder.identity(KeyRole::Provisioning, ring)).transpose()?;
        let contracts = self.contracts.iter().filter(|_| holds == Holds::Contract);
        let contracts: Result<Vec<_>, Failure> =
            contracts.map(|holder| holder.identity(KeyRole::Contract, ring)).collect();
        Ok(VehicleCredentials {
            vehicle,
            provisioning,
            contracts: contracts?,
            trusted: self.trusted(&[RootKind::V2g, RootKind::Private], policy),
            has_clock: true,
        })
    }
}
