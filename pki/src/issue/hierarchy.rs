//! A whole hierarchy.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::PrivateKey;
use super::entity::{Branch, Entity, Levels, Plan};
use super::status::{CrlPlan, OcspPlan, Signer};
use crate::anchors::RootKind;
use crate::cert::Certificate;
use crate::error::Rule;
use crate::status::Status;
use crate::time::Time;

/// A certificate with its key.
pub struct Issued {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: PrivateKey,
}

/// All roots, authorities, leaves and responders of a plan.
pub struct Hierarchy {
    plan: Plan,
    issued: BTreeMap<Entity, Issued>,
}

impl Hierarchy {
    /// Makes everything.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] if the plan's algorithm is not built in.
    pub fn new(plan: Plan) -> Result<Self, Rule> {
        let mut hierarchy = Self { plan, issued: BTreeMap::new() };
        let roots = [RootKind::V2g, RootKind::Oem, RootKind::Mo, RootKind::Private];
        let leaves = [Entity::Secc, Entity::Vehicle, Entity::Provisioning, Entity::Cps];
        let upper = match hierarchy.plan.levels {
            Levels::One => &[][..],
            Levels::Two => &Branch::ALL,
        };
        let entities = roots.map(Entity::Root).into_iter();
        let entities = entities.chain(upper.iter().copied().map(Entity::Upper));
        let entities = entities.chain(Branch::ALL.map(Entity::Lower)).chain(leaves);
        let entities = entities.chain((0..hierarchy.plan.contracts).map(Entity::Contract));
        for entity in entities.chain(Branch::ALL.map(Entity::Responder)) {
            hierarchy.issue(entity)?;
        }
        Ok(hierarchy)
    }

    fn issue(&mut self, entity: Entity) -> Result<(), Rule> {
        let plan = &self.plan;
        let key = PrivateKey::from_seed(plan.algorithm, &plan.seed, &entity.label())?;
        let certificate = if let Some(issuer) = self.issued.get(&entity.issuer(plan.levels)) {
            let template = entity.template(plan, &key.public(), &issuer.key.public());
            let name = Certificate::parse(&issuer.certificate).map_err(|error| error.rule())?;
            template.sign(&key.public_info(), name.subject().der(), &issuer.key)
        } else {
            let template = entity.template(plan, &key.public(), &key.public());
            template.sign(&key.public_info(), &template.subject.to_der(), &key)
        };
        self.issued.insert(entity, Issued { certificate, key });
        Ok(())
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Everybody, with certificate and key.
    pub fn all(&self) -> impl Iterator<Item = (Entity, &Issued)> {
        self.issued.iter().map(|(entity, issued)| (*entity, issued))
    }

    /// Somebody's certificate and key.
    pub fn get(&self, entity: Entity) -> Option<&Issued> {
        self.issued.get(&entity)
    }

    /// Somebody's certificate.
    pub fn certificate(&self, entity: Entity) -> &[u8] {
        self.get(entity).map(|issued| issued.certificate.as_slice()).unwrap_or_default()
    }

    /// The path of somebody, without the root.
    pub fn path(&self, entity: Entity) -> Vec<Entity> {
        let mut path = Vec::new();
        let mut next = entity;
        while next != next.issuer(self.plan.levels) {
            path.push(next);
            next = next.issuer(self.plan.levels);
        }
        path
    }

    /// The chain of somebody, leaf first, without the root.
    pub fn chain(&self, entity: Entity) -> Vec<&[u8]> {
        self.path(entity).into_iter().map(|entity| self.certificate(entity)).collect()
    }

    /// A revocation list of an authority. None for who is none.
    pub fn crl(&self, authority: Entity, revoked: &[Entity], this_update: Time) -> Option<Vec<u8>> {
        let issuer = self.get(authority)?;
        let serial = |entity: &Entity| {
            Certificate::parse(self.certificate(*entity)).ok().map(|found| found.serial().to_vec())
        };
        let plan = CrlPlan {
            revoked: revoked.iter().filter_map(serial).collect(),
            this_update,
            next_update: this_update.plus(7 * 86_400),
            number: 1,
        };
        Some(plan.sign(&Certificate::parse(&issuer.certificate).ok()?, &issuer.key))
    }

    /// An OCSP response about somebody, by the responder of their issuer where there is one.
    pub fn ocsp(&self, about: Entity, status: Status, this_update: Time) -> Option<Vec<u8>> {
        let issuer = about.issuer(self.plan.levels);
        let issued = self.get(issuer)?;
        let responder = match issuer {
            Entity::Lower(branch) => self.get(Entity::Responder(branch)),
            _ => None,
        };
        let signer = match responder {
            Some(responder) => Signer::Delegate(&responder.certificate, &responder.key),
            None => Signer::Issuer(&issued.key),
        };
        let plan =
            OcspPlan { status, this_update, next_update: Some(this_update.plus(6 * 86_400)), nonce: None };
        let certificate = Certificate::parse(self.certificate(about)).ok()?;
        Some(plan.sign(&certificate, &Certificate::parse(&issued.certificate).ok()?, &signer))
    }

    /// Good OCSP responses for the whole chain of somebody.
    pub fn staples(&self, entity: Entity, this_update: Time) -> Vec<Vec<u8>> {
        let path = self.path(entity);
        path.into_iter().filter_map(|about| self.ocsp(about, Status::Good, this_update)).collect()
    }

    /// A certificate like somebody's, after `change`, by the same issuer and for the same key.
    pub(super) fn again(&self, entity: Entity, change: impl FnOnce(&mut super::Template)) -> Vec<u8> {
        self.again_by(entity, entity.issuer(self.plan.levels), change)
    }

    /// A certificate like somebody's, after `change`, by another issuer.
    pub(super) fn again_by(
        &self,
        entity: Entity,
        issuer: Entity,
        change: impl FnOnce(&mut super::Template),
    ) -> Vec<u8> {
        let (Some(own), Some(by)) = (self.get(entity), self.get(issuer)) else { return Vec::new() };
        let mut template = entity.template(&self.plan, &own.key.public(), &by.key.public());
        change(&mut template);
        let name = Certificate::parse(&by.certificate).map(|found| found.subject().der().to_vec());
        template.sign(&own.key.public_info(), &name.unwrap_or_default(), &by.key)
    }
}
