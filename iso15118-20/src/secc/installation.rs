//! Installation of contract certificates: the host fetches, the engine keeps the vehicle waiting.

use exi_codec::iso20::common_messages::{
    CertificateChain, CertificateInstallationReq, CertificateInstallationRes, ContractCertificateChain,
    EcdhCurve, EncryptedPrivateKey, SignedInstallationData,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::{Bytes, List, Str};
use v2gtp::Instant;

use super::engine::Core;
use super::reply::AnswerError;
use super::state::Search;
use super::{Detail, Pending, Reply, Secc, SeccTimer as T, Slot};
use crate::end::Refusal;
use crate::message::{MessageKind, Response};
use crate::security::{Chain, MAX_ID, Signed, with_signature};
use crate::sequence::{Asked, Guard, Stream};
use crate::settings::Timing;
use crate::wire::Transmit;

/// The private key of a contract, encrypted for the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptedKey<'a> {
    /// For the curve P-521.
    P521(&'a [u8; 94]),
    /// For the curve X448.
    X448(&'a [u8; 84]),
    /// For a trusted platform module, agreed on over P-521.
    Tpm(&'a [u8; 206]),
}

/// Contract certificates for a vehicle, as the certificate provisioning service signed them.
#[derive(Clone, Copy, Debug)]
pub struct Installation<'a> {
    /// Chain of the provisioning service.
    pub provisioning: Chain<'a>,
    /// `Id` of the signed element, which the signature refers to; at most 63 bytes.
    pub id: &'a str,
    /// The contract certificate and at least one certificate that certifies it.
    pub contract: Chain<'a>,
    /// Public key that the encryption was agreed with.
    pub public_key: &'a [u8; 133],
    /// The private key of the contract.
    pub key: EncryptedKey<'a>,
    /// How many more contracts there are for this vehicle.
    pub remaining: u8,
    /// Signature of the provisioning service over the element.
    pub signed: Signed,
}

/// Why there are no certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallationFault {
    /// `WARNING_NoCertificateAvailable`.
    NoCertificate,
    /// `WARNING_NoContractMatchingPCIDFound`.
    NoContract,
    /// `WARNING_CertificateExpired`: that of the provisioning chain.
    Expired,
    /// `WARNING_CertificateNotYetValid`.
    NotYetValid,
    /// `WARNING_CertificateRevoked`.
    Revoked,
    /// `WARNING_CertificateValidationError`.
    Invalid,
    /// `WARNING_eMSPUnknown`.
    ProviderUnknown,
    /// `FAILED_SignatureError`: the session ends.
    BadSignature,
}

impl InstallationFault {
    /// The response code that says so.
    pub const fn code(self) -> ResponseCode {
        match self {
            Self::NoCertificate => ResponseCode::WarningNoCertificateAvailable,
            Self::NoContract => ResponseCode::WarningNoContractMatchingPcidFound,
            Self::Expired => ResponseCode::WarningCertificateExpired,
            Self::NotYetValid => ResponseCode::WarningCertificateNotYetValid,
            Self::Revoked => ResponseCode::WarningCertificateRevoked,
            Self::Invalid => ResponseCode::WarningCertificateValidationError,
            Self::ProviderUnknown => ResponseCode::WarningEmspUnknown,
            Self::BadSignature => ResponseCode::FailedSignatureError,
        }
    }
}

impl Secc<'_> {
    /// Answers the request for contract certificates that is open, right into `out`: nothing of it is kept. The
    /// frame counts as sent.
    ///
    /// # Errors
    /// [`AnswerError::NotAsked`]: no such request is open; the vehicle repeats it, and
    /// [`SeccEvent::InstallationOpen`](super::SeccEvent::InstallationOpen) tells when. With a buffer that is too
    /// small nothing has changed.
    pub fn answer_installation(
        &mut self,
        now: Instant,
        content: &Installation<'_>,
        out: &mut [u8],
    ) -> Result<Transmit, AnswerError> {
        self.core.now = now;
        self.core.answer_installation(content, out)
    }

    /// There are no certificates for the vehicle. Said with the answer to the request that is open, or to the next.
    pub fn refuse_installation(&mut self, now: Instant, fault: InstallationFault) {
        self.core.now = now;
        if self.core.access.search == Search::Running {
            self.core.search_failed(fault.code());
        }
    }
}

impl Core<'_> {
    pub(super) fn installation(&mut self, asked: Asked, message: &CertificateInstallationReq<'_>) {
        if message.header.signature.is_none() {
            return self.refuse(asked, ResponseCode::FailedSignatureError, Refusal::Content);
        }
        match self.access.search {
            Search::Failed(code) => self.end_search(asked, code),
            Search::Running => {
                self.pending.raise(Pending::INSTALLATION_OPEN);
                self.wait_for_certificates(asked);
            }
            Search::None => {
                self.access.search = Search::Running;
                self.set(T::Installation, Timing::before(self.timing().ongoing));
                self.pending.raise(Pending::INSTALLATION);
                self.wait_for_certificates(asked);
            }
        }
    }

    fn wait_for_certificates(&mut self, asked: Asked) {
        self.slot = Slot::Deferred(asked);
        self.set(T::Respond, self.timing().slow_respond);
    }

    fn search_failed(&mut self, code: ResponseCode) {
        self.clear(T::Installation);
        self.access.search = Search::Failed(code);
        if let Slot::Deferred(asked) = self.slot
            && asked.kind == MessageKind::CertificateInstallationReq
        {
            self.clear(T::Respond);
            self.end_search(asked, code);
        }
    }

    fn end_search(&mut self, asked: Asked, code: ResponseCode) {
        self.access.search = Search::None;
        if code == ResponseCode::FailedSignatureError {
            self.refuse(asked, code, Refusal::Host);
        } else {
            self.warn(asked, code);
        }
    }

    pub(super) fn installation_expired(&mut self) {
        self.late(T::Installation);
        self.search_failed(ResponseCode::WarningNoCertificateAvailable);
    }

    fn answer_installation(
        &mut self,
        content: &Installation<'_>,
        out: &mut [u8],
    ) -> Result<Transmit, AnswerError> {
        let asked = match self.slot {
            Slot::Deferred(asked) if asked.kind == MessageKind::CertificateInstallationReq => asked,
            _ => return Err(AnswerError::NotAsked),
        };
        let chain = |chain: &Chain<'_>| (chain.leaf.len() <= 1600, (1..=3).contains(&chain.subs.len()));
        let (contract, provisioning) = (chain(&content.contract), chain(&content.provisioning));
        let provisioning_subs = provisioning.1 || content.provisioning.subs.is_empty();
        let id = (1..=MAX_ID).contains(&content.id.len());
        if !(id && contract.0 && contract.1 && provisioning.0 && provisioning_subs) {
            return Err(AnswerError::Content);
        }
        let (ecdh_curve, encrypted_private_key) = match content.key {
            EncryptedKey::P521(key) => (EcdhCurve::SeCp521, EncryptedPrivateKey::SeCp521(Bytes::new(key))),
            EncryptedKey::X448(key) => (EcdhCurve::X448, EncryptedPrivateKey::X448(Bytes::new(key))),
            EncryptedKey::Tpm(key) => (EcdhCurve::SeCp521, EncryptedPrivateKey::Tpm(Bytes::new(key))),
        };
        let subs = content.provisioning.subs;
        let result = with_signature(&content.signed, self.header(), content.id, |header| {
            Response::CertificateInstallationRes(CertificateInstallationRes {
                header,
                response_code: ResponseCode::Ok,
                evse_processing: Processing::Finished,
                cp_s_certificate_chain: CertificateChain {
                    certificate: Bytes::new(content.provisioning.leaf),
                    sub_certificates: (!subs.is_empty()).then(|| List::new(subs)),
                },
                signed_installation_data: SignedInstallationData {
                    id: Str::new(content.id),
                    contract_certificate_chain: ContractCertificateChain {
                        certificate: Bytes::new(content.contract.leaf),
                        sub_certificates: List::new(content.contract.subs),
                    },
                    ecdh_curve,
                    dh_public_key: Bytes::new(content.public_key),
                    encrypted_private_key,
                    ..SignedInstallationData::default()
                },
                remaining_contract_certificate_chains: content.remaining,
            })
            .encode_on(Stream::Main, out)
        });
        let reply =
            Reply { asked, code: ResponseCode::Ok, processing: Processing::Finished, detail: Detail::None };
        let sent = self.encoded(Stream::Main, &reply, result).map_err(AnswerError::Encode)?;
        self.clear(T::Respond);
        self.clear(T::Installation);
        self.access.search = Search::None;
        // [V2G20-1579, V2G20-1581]: no more contracts, no more requests.
        if content.remaining == 0 {
            self.sequence.revoke(Guard::InstallationOffered);
            self.sequence.revoke(Guard::ContractExpires);
        }
        Ok(sent)
    }
}
