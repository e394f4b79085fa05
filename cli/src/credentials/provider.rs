//! The back end that makes contracts for vehicles: mobility operator and certificate provisioning service in one.

use std::fmt;

use exi_codec::iso20::common_messages::{
    ContractCertificateChain, EcdhCurve, EncryptedPrivateKey, Message, SignedInstallationData,
};
use exi_codec::{Bytes, List};
use iso15118_20::secc::{EncryptedKey, Installation, InstallationFault};
use iso15118_20::security::{Chain, Signed};
use iso15118_20::trust::RefusedRequest;
use v2g_pki::Certificate;
use v2g_pki::ids::Pcid;
use v2g_pki::keystore::{Blocking as _, KeyKind};
use v2g_pki::provision::{self, Aad, Kdf};
use v2g_pki::xmlsig::{self, SignedInfoGrammar, ToSign};
use zeroize::Zeroizing;

use super::{Identity, Trusted};
use crate::failure::Failure;

/// `Id` of what the provider signs.
const ID: &str = "contract";

/// A contract that is to be delivered, with its key.
pub(crate) struct Deliverable {
    pub(crate) chain: Vec<Vec<u8>>,
    /// P-521.
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Deliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliverable").finish_non_exhaustive()
    }
}

/// The back end.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) cps: Identity,
    pub(crate) contract: Deliverable,
    /// Manufacturers, by whose word vehicles are known.
    pub(crate) trusted: Trusted,
    /// Whether something happens to what it sends.
    pub(crate) way: Way,
}

/// What becomes of a delivery on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Good,
    /// A bit of the wrapped key is flipped.
    Forged,
}

/// A contract for one vehicle, as it goes into a response.
#[derive(Debug)]
pub(crate) struct Delivery {
    contract: Vec<Vec<u8>>,
    service: Vec<Vec<u8>>,
    wrapped: provision::Delivery,
    signed: Signed,
}

impl Provider {
    /// Checks who asks, and makes a contract for them. `request` is the `CertificateInstallationReq` as it came.
    pub(crate) fn deliver(&self, request: &[u8]) -> Result<Delivery, RefusedRequest> {
        let none = RefusedRequest::from(InstallationFault::NoCertificate);
        let Ok(Message::CertificateInstallationReq(request)) = exi_codec::decode(request) else {
            return Err(none);
        };
        let mut buffer = [0; 6400];
        let grammar = SignedInfoGrammar::default();
        let (pcid, key) = self.trusted.with(|trust| {
            let verified = xmlsig::installation_request(&request, grammar, trust, &mut buffer)?;
            let chain = verified.chain();
            Ok::<_, RefusedRequest>((Pcid::parse(chain.identity()), chain.leaf().key().bits().to_vec()))
        })?;
        self.make(&pcid.ok_or(none)?, &key).map_err(|_| none)
    }

    fn make(&self, pcid: &Pcid, provisioning: &[u8]) -> Result<Delivery, Failure> {
        let contract = self.contract.chain.clone();
        let leaf = contract.first().map(Vec::as_slice).unwrap_or_default();
        let leaf = Certificate::parse(leaf).map_err(Failure::failed)?;
        let aad = Aad::new(pcid, &leaf).map_err(Failure::failed)?;
        let mut random = |out: &mut [u8]| self.cps.keys.lock().random(out);
        let mut wrapped =
            provision::wrap(&self.contract.key, provisioning, &aad, Kdf::default(), &mut random)
                .map_err(Failure::failed)?;
        let signed = self.sign(&contract, &wrapped)?;
        if self.way == Way::Forged {
            wrapped.wrapped[40] ^= 1;
        }
        Ok(Delivery { contract, service: self.cps.chain.clone(), wrapped, signed })
    }

    fn sign(&self, contract: &[Vec<u8>], wrapped: &provision::Delivery) -> Result<Signed, Failure> {
        let above = above(contract);
        let element = SignedInstallationData {
            id: ID.into(),
            contract_certificate_chain: ContractCertificateChain {
                certificate: Bytes::new(leaf(contract)),
                sub_certificates: List::new(&above),
            },
            ecdh_curve: EcdhCurve::SeCp521,
            dh_public_key: Bytes::new(&wrapped.ephemeral),
            encrypted_private_key: EncryptedPrivateKey::SeCp521(Bytes::new(&wrapped.wrapped)),
            ..SignedInstallationData::default()
        };
        let mut keys = self.cps.keys.lock();
        let kind = keys.kind(self.cps.key).map_err(Failure::failed)?;
        let KeyKind::Signing(algorithm) = kind else { return Err(Failure::failed("not a key that signs")) };
        let mut scratch = [0; 16 * 1024];
        let to_sign = ToSign::new(&element, algorithm, &mut scratch).map_err(Failure::failed)?;
        let value = keys.sign(self.cps.key, to_sign.message()).map_err(Failure::failed)?;
        Signed::of(&to_sign.finish(value))
            .ok_or_else(|| Failure::failed("no message is signed with this key"))
    }
}

impl Delivery {
    /// Calls `then` with what goes into the response.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&Installation<'_>) -> R) -> R {
        let (contract, service) = (above(&self.contract), above(&self.service));
        then(&Installation {
            provisioning: Chain { leaf: leaf(&self.service), subs: &service },
            id: ID,
            contract: Chain { leaf: leaf(&self.contract), subs: &contract },
            public_key: &self.wrapped.ephemeral,
            key: EncryptedKey::P521(&self.wrapped.wrapped),
            remaining: 0,
            signed: self.signed,
        })
    }
}

fn leaf(chain: &[Vec<u8>]) -> &[u8] {
    chain.first().map(Vec::as_slice).unwrap_or_default()
}

fn above(chain: &[Vec<u8>]) -> Vec<Bytes<'_>> {
    chain.iter().skip(1).map(|der| Bytes::new(der)).collect()
}
