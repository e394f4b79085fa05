//! Revocation lists and OCSP responses.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use super::certificate::{Critical, ExtensionDer, signed};
use super::{PrivateKey, der};
use crate::cert::Certificate;
use crate::oid;
use crate::status::Status;
use crate::time::Time;

/// A revocation list before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlPlan {
    /// Serial numbers revoked.
    pub revoked: Vec<Vec<u8>>,
    /// When it was made.
    pub this_update: Time,
    /// Until when it counts.
    pub next_update: Time,
    /// Its number, which grows from list to list.
    pub number: u64,
}

impl CrlPlan {
    /// The list in the name of an authority, with its key.
    pub fn sign(&self, authority: &Certificate<'_>, key: &PrivateKey) -> Vec<u8> {
        self.sign_with(authority, key, &[])
    }

    /// A list that does not speak for all certificates, for tests.
    pub fn sign_partial(&self, authority: &Certificate<'_>, key: &PrivateKey, kind: Partial) -> Vec<u8> {
        let extension = match kind {
            Partial::Delta => ExtensionDer::new(&oid::DELTA_CRL_INDICATOR, Critical::Yes, &der::small(1)),
            Partial::Scope => {
                let value = der::sequence(&[&der::tlv(0x81, &[0xFF])]);
                ExtensionDer::new(&oid::ISSUING_DISTRIBUTION_POINT, Critical::Yes, &value)
            }
            Partial::Unknown => ExtensionDer::new(&oid::OCSP_NO_CHECK, Critical::Yes, &der::null()),
        };
        self.sign_with(authority, key, &[extension])
    }

    fn sign_with(&self, authority: &Certificate<'_>, key: &PrivateKey, more: &[ExtensionDer]) -> Vec<u8> {
        let algorithm = der::sequence(&[&der::oid(&key.algorithm().signature_oid())]);
        let entry = |serial: &Vec<u8>| der::sequence(&[&der::unsigned(serial), &der::time(self.this_update)]);
        let entries: Vec<u8> = self.revoked.iter().flat_map(entry).collect();
        let entries = if entries.is_empty() { entries } else { der::tlv(0x30, &entries) };
        let mut extensions = Vec::new();
        if let Some(identifier) = authority.extensions().subject_key {
            extensions.extend(ExtensionDer::authority_key(identifier).0);
        }
        extensions.extend(
            ExtensionDer::new(&oid::CRL_NUMBER, Critical::No, &der::unsigned(&self.number.to_be_bytes())).0,
        );
        extensions.extend(more.iter().flat_map(|extension| extension.0.clone()));
        let tbs = der::sequence(&[
            &der::small(1),
            &algorithm,
            authority.subject().der(),
            &der::time(self.this_update),
            &der::time(self.next_update),
            &entries,
            &der::explicit(0, &der::tlv(0x30, &extensions)),
        ]);
        signed(&tbs, &algorithm, key)
    }
}

/// Why a list does not speak for all certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// It has the difference to another list.
    Delta,
    /// It is about leaves only.
    Scope,
    /// It has a critical extension that no list has.
    Unknown,
}

/// Who signs an OCSP response.
#[derive(Clone, Copy)]
pub enum Signer<'s> {
    /// The issuer of the certificate asked about.
    Issuer(&'s PrivateKey),
    /// Whom the issuer made a responder: its certificate and key.
    Delegate(&'s [u8], &'s PrivateKey),
}

/// An OCSP response before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspPlan {
    /// Revoked or not.
    pub status: Status,
    /// When that was true.
    pub this_update: Time,
    /// Until when it counts.
    pub next_update: Option<Time>,
    /// The nonce of the request.
    pub nonce: Option<Vec<u8>>,
}

impl OcspPlan {
    /// The response about a certificate of `issuer`.
    pub fn sign(
        &self,
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
        signer: &Signer<'_>,
    ) -> Vec<u8> {
        let (name, key, certificates) = match signer {
            Signer::Issuer(key) => (issuer.subject().der().to_vec(), key, Vec::new()),
            Signer::Delegate(der, key) => {
                let name = Certificate::parse(der).map(|delegate| delegate.subject().der().to_vec());
                (name.unwrap_or_default(), key, der::explicit(0, &der::sequence(&[der])))
            }
        };
        let hash = der::sequence(&[&der::oid(&oid::SHA256), &der::null()]);
        let id = der::sequence(&[
            &hash,
            &der::octets(&Sha256::digest(certificate.issuer().der())),
            &der::octets(&Sha256::digest(issuer.key().bits())),
            &der::unsigned(certificate.serial()),
        ]);
        let status = match self.status {
            Status::Good => der::tlv(0x80, &[]),
            Status::Revoked => der::explicit(1, &der::generalized(self.this_update)),
        };
        let next = self.next_update.map(|next| der::explicit(0, &der::generalized(next)));
        let single =
            der::sequence(&[&id, &status, &der::generalized(self.this_update), &next.unwrap_or_default()]);
        let nonce = self.nonce.as_ref().map(|nonce| {
            let extension = ExtensionDer::new(&oid::OCSP_NONCE, Critical::No, &der::octets(nonce));
            der::explicit(1, &der::sequence(&[&extension.0]))
        });
        let tbs = der::sequence(&[
            &der::explicit(1, &name),
            &der::generalized(self.this_update),
            &der::sequence(&[&single]),
            &nonce.unwrap_or_default(),
        ]);
        let algorithm = der::sequence(&[&der::oid(&key.algorithm().signature_oid())]);
        let basic = der::sequence(&[&tbs, &algorithm, &der::bit_string(&key.sign(&tbs)), &certificates]);
        let bytes = der::sequence(&[&der::oid(&oid::OCSP_BASIC), &der::octets(&basic)]);
        der::sequence(&[&der::tlv(0x0A, &[0]), &der::explicit(0, &bytes)])
    }
}
