//! Who may charge: external identification and contracts.

use exi_codec::Bytes;
use exi_codec::List;
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, AsResAuthorizationMode, Authorization, AuthorizationReq, AuthorizationSetupRes,
    PncAReqAuthorizationMode, PncAsResAuthorizationMode,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use v2gtp::Instant;

use super::engine::Core;
use super::state::{Check, Grant, Search};
use super::{AuthorizationDecision, Pending, Reply, Secc, SeccTimer as T};
use crate::end::Refusal;
use crate::message::{EncodeError, Response};
use crate::security::{ContractFault, ContractVerdict};
use crate::sequence::{Asked, Guard, Stream};
use crate::settings::Transport;

impl Secc<'_> {
    /// What came out of checking the contract that [`SeccEvent::ContractWanted`](super::SeccEvent::ContractWanted)
    /// told of. Without a check under way nothing happens.
    pub fn contract(&mut self, now: Instant, verdict: ContractVerdict) {
        self.core.now = now;
        if self.core.access.contract == Check::Running {
            self.core.clear(T::Contract);
            self.core.access.contract = Check::Done(verdict);
        }
    }
}

impl Core<'_> {
    /// Contracts need a link that nobody else reads.
    fn offers_contract(&self) -> bool {
        self.config.authorization.contract.is_offered() && self.connection.transport == Transport::Secured
    }

    fn offers_external(&self) -> bool {
        self.config.authorization.external.is_offered() || !self.offers_contract()
    }

    pub(super) fn offers_installation(&self) -> bool {
        self.config.authorization.installation.is_offered() && self.connection.transport == Transport::Secured
    }

    pub(super) fn authorization_setup(&mut self, asked: Asked) {
        self.access.search = Search::None;
        if self.offers_installation() {
            self.sequence.grant(Guard::InstallationOffered);
        }
        self.ok(asked);
    }

    /// Where both are listed, the block is that of the contract [V2G20-2567, V2G20-2568].
    pub(super) fn encode_authorization_setup(
        &self,
        reply: &Reply,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let providers = self.config.authorization.providers;
        let contract = PncAsResAuthorizationMode {
            gen_challenge: self.challenge,
            supported_providers: (!providers.is_empty()).then(|| List::new(providers)),
        };
        let (services, authorization_mode): (&[Authorization], _) =
            match (self.offers_external(), self.offers_contract()) {
                (true, true) => {
                    (&[Authorization::Eim, Authorization::Pnc], AsResAuthorizationMode::Pnc(contract))
                }
                (false, true) => (&[Authorization::Pnc], AsResAuthorizationMode::Pnc(contract)),
                (_, false) => (&[Authorization::Eim], AsResAuthorizationMode::Eim),
            };
        Response::AuthorizationSetupRes(AuthorizationSetupRes {
            header: self.header(),
            response_code: reply.code,
            authorization_services: List::new(services),
            certificate_installation_service: self.offers_installation(),
            authorization_mode,
        })
        .encode_on(Stream::Main, out)
    }

    pub(super) fn authorization(&mut self, asked: Asked, message: &AuthorizationReq<'_>) {
        match (message.selected_authorization_service, message.authorization_mode) {
            (Authorization::Eim, AReqAuthorizationMode::Eim) if self.offers_external() => {
                // A contract whose check is under way is given up with this.
                self.clear(T::Contract);
                self.access.contract = Check::None;
                self.external(asked);
            }
            (Authorization::Pnc, AReqAuthorizationMode::Pnc(contract)) if self.offers_contract() => {
                self.clear(T::Authorization);
                if message.header.signature.is_none() {
                    return self.refuse(asked, ResponseCode::FailedSignatureError, Refusal::Content);
                }
                self.by_contract(asked, &contract);
            }
            _ => self.unauthorized(asked, ResponseCode::WarningAuthorizationSelectionInvalid),
        }
    }

    fn external(&mut self, asked: Asked) {
        match self.access.external {
            Some(AuthorizationDecision::Accepted) => self.authorized(asked, ResponseCode::Ok),
            Some(AuthorizationDecision::Rejected) => {
                // The vehicle may ask again, and the host is asked again then.
                self.access.external = None;
                self.unauthorized(asked, ResponseCode::WarningEimAuthorizationFailure);
            }
            Some(AuthorizationDecision::WaitingForCustomer) => {
                if !self.runs(T::Authorization) {
                    self.set(T::Authorization, self.timing().authorization);
                }
                self.answer(asked, ResponseCode::Ok, Processing::OngoingWaitingForCustomerInteraction);
            }
            None => {
                if !self.runs(T::Authorization) {
                    self.set(T::Authorization, self.timing().authorization);
                    self.pending.raise(Pending::AUTHORIZATION);
                }
                self.ongoing(asked);
            }
        }
    }

    fn by_contract(&mut self, asked: Asked, contract: &PncAReqAuthorizationMode<'_>) {
        // [V2G20-2565]
        if contract.gen_challenge != self.challenge {
            return self.unauthorized(asked, ResponseCode::WarningChallengeInvalid);
        }
        let fingerprint = fingerprint(&contract.contract_certificate_chain.certificate);
        let same = self.access.fingerprint == fingerprint;
        match self.access.contract {
            Check::Running if same => self.ongoing(asked),
            // An unfinished request is repeated as it was [V2G20-1582]: a verdict must not hit another contract.
            Check::Running => self.refuse(asked, ResponseCode::FailedSequenceError, Refusal::Content),
            Check::Done(verdict) if same => {
                self.access.contract = Check::None;
                match verdict {
                    ContractVerdict::Valid => self.authorized(asked, ResponseCode::Ok),
                    ContractVerdict::ExpiresSoon => {
                        if self.offers_installation() {
                            self.sequence.grant(Guard::ContractExpires);
                        }
                        self.authorized(asked, ResponseCode::OkCertificateExpiresSoon);
                    }
                    ContractVerdict::BadSignature => {
                        self.refuse(asked, ResponseCode::FailedSignatureError, Refusal::Host);
                    }
                    ContractVerdict::Refused(fault) => self.unauthorized(asked, fault.code()),
                }
            }
            Check::None | Check::Done(_) => {
                self.access.contract = Check::Running;
                self.access.fingerprint = fingerprint;
                self.set(T::Contract, self.timing().security);
                self.pending.raise(Pending::CONTRACT);
                self.ongoing(asked);
            }
        }
    }

    fn authorized(&mut self, asked: Asked, code: ResponseCode) {
        self.access.grant = Grant::Granted;
        self.clear(T::Authorization);
        self.answer(asked, code, Processing::Finished);
    }

    /// Not this way; the vehicle may try another, and fetch another contract [V2G20-2221].
    fn unauthorized(&mut self, asked: Asked, code: ResponseCode) {
        if self.offers_installation() {
            self.sequence.grant(Guard::InstallationOffered);
        }
        self.warn(asked, code);
    }

    /// Nobody decided: no.
    pub(super) fn authorization_expired(&mut self, timer: T) {
        self.late(timer);
        if timer == T::Contract {
            self.access.contract = Check::Done(ContractVerdict::Refused(ContractFault::General));
        } else {
            self.access.external = Some(AuthorizationDecision::Rejected);
        }
    }
}

/// Tells certificates apart, not more: a verdict is never taken from it.
fn fingerprint(certificate: &Bytes<'_>) -> u64 {
    certificate.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}
