//! A whole PKI made in memory: the same seed and day give the same keys and certificates.

use v2g_pki::issue::{Branch, Entity, Hierarchy, Plan};
use v2g_pki::keystore::{KeyRole, public_key_info};
use v2g_pki::status::Status;
use v2g_pki::{Certificate, Policy, RootKind, Time};
use zeroize::Zeroizing;

use super::material::Secret;
use super::provider::{Deliverable, Way};
use super::{
    CredentialFault, Identity, Keyring, Provider, StationCredentials, Trusted, VehicleCredentials, now,
};
use crate::failure::Failure;

const DAY: i64 = 86_400;

/// Authorities that may revoke certificates.
const AUTHORITIES: [Entity; 11] = [
    Entity::Root(RootKind::V2g),
    Entity::Root(RootKind::Oem),
    Entity::Root(RootKind::Mo),
    Entity::Upper(Branch::Cpo),
    Entity::Upper(Branch::Oem),
    Entity::Upper(Branch::Mo),
    Entity::Upper(Branch::Cps),
    Entity::Lower(Branch::Cpo),
    Entity::Lower(Branch::Oem),
    Entity::Lower(Branch::Mo),
    Entity::Lower(Branch::Cps),
];

/// A PKI with all keys, which anybody can make who knows the seed.
pub(crate) struct Made {
    hierarchy: Hierarchy,
    fault: Option<CredentialFault>,
    seed: [u8; 32],
    policy: Policy,
    yesterday: Time,
}

fn failed(rule: v2g_pki::Rule) -> Failure {
    Failure::failed(format!("no PKI can be made: {rule}"))
}

impl Made {
    /// P-521, the profiles of the edition of 2022, valid since the beginning of yesterday.
    pub(crate) fn new(seed: u64, fault: Option<CredentialFault>, policy: Policy) -> Result<Self, Failure> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let today = now().unix().div_euclid(DAY) * DAY;
        let yesterday = Time::from_unix(today - DAY);
        let hierarchy = Hierarchy::new(Plan::new(bytes, yesterday)).map_err(failed)?;
        Ok(Self { hierarchy, fault, seed: bytes, policy, yesterday })
    }

    fn has(&self, fault: CredentialFault) -> bool {
        self.fault == Some(fault)
    }

    /// A certificate with its key, which goes into memory. A token has a key of its own, for which a certificate is made.
    fn identity(
        hierarchy: &Hierarchy,
        entity: Entity,
        role: KeyRole,
        ring: &Keyring,
    ) -> Result<Identity, Failure> {
        let nobody = || Failure::failed("nobody of that name");
        let issued = hierarchy.get(entity).ok_or_else(nobody)?;
        let mut chain: Vec<Vec<u8>> = hierarchy.chain(entity).into_iter().map(<[u8]>::to_vec).collect();
        let algorithm = issued.key.algorithm();
        let Some(key) = ring.own(&entity.label(), role, algorithm)? else {
            let secret = Secret { algorithm, number: Zeroizing::new(issued.key.expose().to_vec()) };
            let (keys, key) = ring.load(&secret, role)?;
            return Ok(Identity { chain, keys, key });
        };
        let keys = ring.keys();
        let (mut point, mut info) = ([0; 133], [0; 160]);
        let public = keys.lock().public(key, &mut point).map(<[u8]>::to_vec).map_err(Failure::failed)?;
        let info = public_key_info(algorithm, &public, &mut info).map_err(failed)?;
        let by = hierarchy.get(entity.issuer(hierarchy.plan().levels)).ok_or_else(nobody)?;
        let template = entity.template(hierarchy.plan(), &public, &by.key.public());
        let issuer = Certificate::parse(&by.certificate).map_err(Failure::failed)?;
        let certificate = template.sign(info, issuer.subject().der(), &by.key);
        chain.iter_mut().take(1).for_each(|leaf| leaf.clone_from(&certificate));
        Ok(Identity { chain, keys, key })
    }

    /// Roots of these kinds, and lists of all authorities.
    fn trusted(&self, kinds: &[RootKind], revoked: &[Entity]) -> Trusted {
        let root = |kind: &RootKind| (*kind, self.hierarchy.certificate(Entity::Root(*kind)).to_vec());
        let list = |authority: Entity| self.hierarchy.crl(authority, revoked, self.yesterday);
        Trusted {
            roots: kinds.iter().map(root).collect(),
            ocsp: Vec::new(),
            crls: AUTHORITIES.into_iter().filter_map(list).collect(),
            policy: self.policy,
        }
    }

    /// Another PKI with the same names.
    fn twin(&self) -> Result<Hierarchy, Failure> {
        let seed = self.seed.map(|octet| !octet);
        Hierarchy::new(Plan::new(seed, self.yesterday)).map_err(failed)
    }

    /// The charger, with the back end that makes contracts.
    pub(crate) fn station(&self, ring: &Keyring) -> Result<StationCredentials, Failure> {
        let mut kinds = vec![RootKind::V2g, RootKind::Oem, RootKind::Mo];
        if self.has(CredentialFault::UnknownEmsp) {
            kinds.retain(|kind| *kind != RootKind::Mo);
        }
        let mut revoked = Vec::new();
        if self.has(CredentialFault::RevokedContract) {
            revoked.push(Entity::Contract(0));
        }
        if self.has(CredentialFault::RevokedVehicle) {
            revoked.push(Entity::Vehicle);
        }
        let (secc, staple) = if self.has(CredentialFault::CrossRoot) {
            let twin = self.twin()?;
            let secc = Self::identity(&twin, Entity::Secc, KeyRole::Secc, ring)?;
            (secc, twin.ocsp(Entity::Secc, Status::Good, self.yesterday))
        } else {
            let status = if self.has(CredentialFault::RevokedSecc) { Status::Revoked } else { Status::Good };
            let secc = Self::identity(&self.hierarchy, Entity::Secc, KeyRole::Secc, ring)?;
            (secc, self.hierarchy.ocsp(Entity::Secc, status, self.yesterday))
        };
        let trusted = self.trusted(&kinds, &revoked);
        Ok(StationCredentials { secc, staple, trusted, provider: Some(self.provider()?) })
    }

    fn provider(&self) -> Result<Provider, Failure> {
        // A back end is somewhere else: its key is not on the token of the charger.
        let ring = Keyring::memory();
        let cps = Self::identity(&self.hierarchy, Entity::Cps, KeyRole::Cps, &ring)?;
        let contract = Entity::Contract(0);
        let issued = self.hierarchy.get(contract).ok_or_else(|| Failure::failed("no contract"))?;
        let contract = Deliverable {
            chain: self.hierarchy.chain(contract).into_iter().map(<[u8]>::to_vec).collect(),
            key: Zeroizing::new(issued.key.expose().to_vec()),
        };
        let way = if self.has(CredentialFault::ForgedDelivery) { Way::Forged } else { Way::Good };
        let trusted = self.trusted(&[RootKind::Oem, RootKind::V2g], &[]);
        Ok(Provider { cps, contract, trusted, way })
    }

    /// The vehicle; with a contract, unless it is to fetch one.
    pub(crate) fn vehicle(&self, contract: Holds, ring: &Keyring) -> Result<VehicleCredentials, Failure> {
        let vehicle = Self::identity(&self.hierarchy, Entity::Vehicle, KeyRole::Vehicle, ring)?;
        let provisioning =
            Self::identity(&self.hierarchy, Entity::Provisioning, KeyRole::Provisioning, ring)?;
        let mut contracts = Vec::new();
        if self.has(CredentialFault::ExpiredContract) {
            // A contract runs for two years.
            let plan = Plan::new(self.seed, self.yesterday.plus(-3 * 365 * DAY));
            let old = Hierarchy::new(plan).map_err(failed)?;
            contracts.push(Self::identity(&old, Entity::Contract(0), KeyRole::Contract, ring)?);
        } else if contract == Holds::Contract {
            contracts.push(Self::identity(&self.hierarchy, Entity::Contract(0), KeyRole::Contract, ring)?);
        }
        let trusted = self.trusted(&[RootKind::V2g], &[]);
        Ok(VehicleCredentials {
            vehicle,
            provisioning: Some(provisioning),
            contracts,
            trusted,
            has_clock: !self.has(CredentialFault::ExpiredContract),
        })
    }
}

/// Whether a vehicle comes with a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Contract,
    Nothing,
}
