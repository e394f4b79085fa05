//! How the vehicle authorizes: by contract, by whoever pays outside, or with a contract that it fetches first.

use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, AsResAuthorizationMode, Authorization, AuthorizationReq, AuthorizationSetupRes,
    CertificateInstallationReq, CertificateInstallationRes, ContractCertificateChain, Fragment,
    PncAReqAuthorizationMode, SignedCertificateChain,
};
use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Lazy, List, Str};
use v2gtp::Instant;

use super::providers::Providers;
use super::{Core, Evcc, Flags, Pending, T, Turn};
use crate::end::Cause;
use crate::message::{EncodeError, MessageKind as K, Request};
use crate::security::{Chain, SIGNED_ID, Signed};
use crate::sequence::{Asked, Guard, Stage, Stream};
use crate::settings::Transport;

/// Contracts that one vehicle can have.
pub const MAX_CONTRACTS: usize = 8;

/// A contract of the vehicle's.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'a> {
    /// The contract certificate and those that certify it, of which there is at least one.
    pub chain: Chain<'a>,
    /// The eMAID. Its first characters name the provider: contracts of providers that the charger does not list are
    /// not tried. Empty: it is tried everywhere.
    pub emaid: &'a str,
}

/// Which ways of authorization the vehicle takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizationPolicy {
    /// By contract where there is one that may hold, else outside.
    #[default]
    ContractFirst,
    /// By contract, or not at all.
    ContractOnly,
    /// Outside only.
    ExternalOnly,
}

/// When a vehicle fetches contracts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstallWhen {
    /// It has none that may hold here, or the one it has expires soon.
    #[default]
    Needed,
    /// Wherever it is offered.
    Offered,
}

/// How a vehicle fetches contracts.
#[derive(Clone, Copy, Debug)]
pub struct Installation<'a> {
    /// The provisioning certificate of the manufacturer, with those that certify it.
    pub chain: Chain<'a>,
    /// Roots that the vehicle knows, 1 to 20.
    pub roots: &'a [X509IssuerSerial<'a>],
    /// eMAIDs that are wanted first, up to 8.
    pub emaids: &'a [Str<'a>],
    /// Most contracts to fetch.
    pub max_chains: u8,
    /// When to fetch them.
    pub when: InstallWhen,
}

/// What the vehicle made of a contract that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallationVerdict {
    /// It is stored.
    Accepted,
    /// It does not hold.
    Refused,
}

/// What is to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Authorization,
    Installation,
    Metering,
}

/// What is to be signed, and with whose key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureSubject {
    /// The request for authorization, with the key of a contract.
    Authorization {
        /// The contract, by its place in the list.
        contract: usize,
    },
    /// The request for contracts, with the key of the provisioning certificate.
    Installation,
    /// Meter readings, with the key of the contract that authorized the session.
    Metering {
        /// The contract, by its place in the list; None if it was not by contract.
        contract: Option<usize>,
    },
}

/// A signature that the engine waits for. Two of them are equal only if they are the same: a signature that took too
/// long must not be delivered in answer to a later question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureWanted {
    /// What is to be signed.
    pub subject: SignatureSubject,
    number: u16,
}

/// The way that is being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    None,
    External,
    Contract(u8),
    Install,
}

/// Where authorization stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Auth {
    way: Way,
    /// The offers of the charger, some of which are withdrawn by a refusal.
    external: bool,
    contract: bool,
    install: bool,
    challenge: [u8; 16],
    /// Contracts that are not tried, or not any more, one bit each.
    barred: u8,
    /// The providers whose contracts count here.
    providers: Providers,
    /// Contracts that may still be fetched.
    installs: u8,
    /// Contracts that the charger still has.
    remaining: u8,
    /// What the host was asked to sign and has not yet.
    pub(super) subject: Option<Subject>,
    /// How many signatures it was asked for.
    asked: u16,
    /// The contract that authorized the session.
    pub(super) accepted: Option<u8>,
    pub(super) signed: Option<Signed>,
    refusal: ResponseCode,
}

impl Auth {
    pub(super) const NONE: Self = Self {
        way: Way::None,
        external: false,
        contract: false,
        install: false,
        challenge: [0; 16],
        barred: 0,
        providers: Providers::ANY,
        installs: 0,
        remaining: 0,
        subject: None,
        asked: 0,
        accepted: None,
        signed: None,
        refusal: ResponseCode::Ok,
    };

    fn wanted(&self) -> Option<SignatureWanted> {
        let subject = match (self.subject?, self.way) {
            (Subject::Authorization, Way::Contract(index)) => {
                SignatureSubject::Authorization { contract: usize::from(index) }
            }
            (Subject::Authorization, _) => return None,
            (Subject::Installation, _) => SignatureSubject::Installation,
            (Subject::Metering, _) => SignatureSubject::Metering { contract: self.accepted.map(usize::from) },
        };
        Some(SignatureWanted { subject, number: self.asked })
    }

    /// What the charger said to the last attempt, and how many contracts it has left.
    pub(super) const fn last(&self) -> (ResponseCode, u8) {
        (self.refusal, self.remaining)
    }
}

impl<'a> Evcc<'a> {
    /// The contracts of the vehicle, best first, at most [`MAX_CONTRACTS`]; in place of those of the configuration.
    /// What was refused before may be tried again; contracts of providers that the charger did not list are not. A
    /// contract that has authorized the session keeps its place.
    pub fn set_contracts(&mut self, contracts: &'a [Contract<'a>]) {
        self.core.config.contracts = contracts;
        self.core.bar_foreign_contracts();
    }

    /// The signature that the engine waits for, if it waits for one.
    pub fn signature_wanted(&self) -> Option<SignatureWanted> {
        self.core.auth.wanted()
    }

    /// Writes the EXI fragment of the element to be signed and returns its length in octets; none if nothing is.
    ///
    /// Its digest goes into the [`SignedInfo`](crate::security::encode_signed_info) that the key signs, and both
    /// into [`signed`](Self::signed).
    ///
    /// # Errors
    /// The buffer is too small; 8 KiB do for any chain.
    pub fn to_be_signed(&self, out: &mut [u8]) -> Result<Option<usize>, EncodeError> {
        let Some(subject) = self.core.auth.subject else { return Ok(None) };
        self.core.encode_subject(subject, out).map(Some)
    }

    /// Delivers the signature that was asked for. Without one before the deadline the vehicle goes another way.
    pub fn signed(&mut self, now: Instant, signed: Signed) {
        self.core.now = now;
        self.core.signed(signed);
    }

    /// Says what became of the contract that was delivered.
    pub fn installed(&mut self, now: Instant, verdict: InstallationVerdict) {
        self.core.now = now;
        if self.core.flags.has(Flags::VERDICT_DUE) {
            self.core.installed(verdict);
        }
    }
}

impl Core<'_> {
    pub(super) fn authorization_offered(&mut self, message: &AuthorizationSetupRes<'_>) {
        let offers = |wanted| message.authorization_services.iter().any(|service| service == wanted);
        let secured = self.transport == Transport::Secured;
        let wanted = self.config.authorization != AuthorizationPolicy::ExternalOnly;
        let auth = &mut self.auth;
        auth.external =
            offers(Authorization::Eim) && self.config.authorization != AuthorizationPolicy::ContractOnly;
        auth.install = message.certificate_installation_service && secured;
        if auth.install {
            self.sequence.grant(Guard::InstallationOffered);
        }
        // Without a challenge there is nothing to answer; without a secured link nobody to answer to.
        if let AsResAuthorizationMode::Pnc(block) = message.authorization_mode {
            auth.challenge = block.gen_challenge;
            auth.contract = offers(Authorization::Pnc) && secured && wanted;
            auth.providers = block.supported_providers.map_or(Providers::ANY, |list| Providers::read(&list));
        }
        self.bar_foreign_contracts();
        self.auth.installs =
            self.config.installation.map_or(0, |installation| installation.max_chains.max(1));
        let always = self.config.installation.is_some_and(|i| i.when == InstallWhen::Offered);
        if always && self.may_install() { self.begin_install() } else { self.choose_way() }
    }

    /// The next way that may work: a contract, one yet to be fetched, whoever pays outside.
    fn choose_way(&mut self) {
        self.auth.signed = None;
        let contracts = self.config.contracts.len().min(MAX_CONTRACTS);
        let usable = (0..contracts).find(|index| self.auth.barred & (1 << index) == 0);
        match usable.filter(|_| self.auth.contract) {
            Some(index) => {
                self.auth.way = Way::Contract(index as u8);
                self.ask_signature(Subject::Authorization);
            }
            None if self.auth.contract && self.may_install() => self.begin_install(),
            None if self.auth.external => self.auth.way = Way::External,
            None => {
                self.auth.way = Way::None;
                self.leave(Cause::NotAuthorized);
            }
        }
    }

    fn may_install(&self) -> bool {
        self.auth.install
            && self.auth.installs > 0
            && self.config.authorization != AuthorizationPolicy::ExternalOnly
    }

    fn begin_install(&mut self) {
        self.auth.way = Way::Install;
        self.ask_signature(Subject::Installation);
    }

    /// No more contracts are fetched: on to where the vehicle stands.
    fn end_install(&mut self) {
        self.auth.installs = 0;
        self.auth.signed = None;
        if self.sequence.stage() == Stage::Authorization {
            self.choose_way();
        } else {
            self.auth.way = Way::None;
        }
    }

    pub(super) fn ask_signature(&mut self, subject: Subject) {
        self.auth.subject = Some(subject);
        self.auth.asked = self.auth.asked.wrapping_add(1);
        self.auth.signed = None;
        self.set(T::Security, self.config.settings.timing.security);
        self.pending.raise(match subject {
            Subject::Authorization => Pending::SIGN_AUTHORIZATION,
            Subject::Installation => Pending::SIGN_INSTALLATION,
            Subject::Metering => Pending::SIGN_METERING,
        });
    }

    /// The request at a stage at which the vehicle may authorize or fetch a contract; `other` if it does neither.
    pub(super) fn authorization_plan(&self, other: Option<K>) -> Option<Asked> {
        if self.flags.has(Flags::VERDICT_DUE) {
            return None;
        }
        let kind = match self.auth.way {
            Way::Install => K::CertificateInstallationReq,
            Way::Contract(_) | Way::External if other.is_none() => K::AuthorizationReq,
            _ => return other.map(Asked::plain),
        };
        let signed = self.auth.way == Way::External || self.auth.signed.is_some();
        signed.then_some(Asked::plain(kind))
    }

    fn signed(&mut self, signed: Signed) {
        let Some(subject) = self.auth.subject.take() else { return };
        self.clear(T::Security);
        self.auth.signed = Some(signed);
        if subject == Subject::Metering {
            self.metering_signed();
        } else if matches!(self.turn, Turn::Nobody) {
            self.resume();
        }
    }

    /// Whoever holds the keys did not answer in time.
    pub(super) fn security_expired(&mut self) {
        if self.flags.has(Flags::VERDICT_DUE) {
            return self.installed(InstallationVerdict::Refused);
        }
        match self.auth.subject.take() {
            Some(Subject::Authorization) => {
                self.bar_contract();
                self.choose_way();
            }
            Some(Subject::Installation) => self.end_install(),
            Some(Subject::Metering) => self.side_failed(Stream::MeteringConfirmation),
            None => {}
        }
        if matches!(self.turn, Turn::Nobody) {
            self.resume();
        }
    }

    /// The vehicle leaves: what keys and certificates were asked for does not matter any more.
    pub(super) fn cancel_security(&mut self) {
        self.auth.subject = None;
        self.flags.clear(Flags::VERDICT_DUE);
        self.clear(T::Security);
    }

    /// Contracts of providers that the charger does not list are not tried.
    fn bar_foreign_contracts(&mut self) {
        self.auth.barred = 0;
        for (index, contract) in self.config.contracts.iter().take(MAX_CONTRACTS).enumerate() {
            if !self.auth.providers.include(contract.emaid) {
                self.auth.barred |= 1 << index;
            }
        }
    }

    fn bar_contract(&mut self) {
        if let Way::Contract(index) = self.auth.way {
            self.auth.barred |= 1 << index;
        }
    }

    /// Accepted: it may be that the contract is to be replaced soon.
    pub(super) fn authorized(&mut self, code: ResponseCode) {
        self.auth.accepted = match self.auth.way {
            Way::Contract(index) => Some(index),
            Way::External | Way::Install | Way::None => None,
        };
        self.auth.way = Way::None;
        self.auth.signed = None;
        if code == ResponseCode::OkCertificateExpiresSoon {
            self.pending.raise(Pending::CONTRACT_EXPIRES);
            if self.may_install() {
                self.sequence.grant(Guard::ContractExpires);
                self.begin_install();
            }
        }
    }

    /// Not accepted: another contract, another way, or none.
    pub(super) fn authorization_refused(&mut self, code: ResponseCode) {
        self.auth.refusal = code;
        self.pending.raise(Pending::REFUSED);
        match self.auth.way {
            Way::Contract(_) => self.bar_contract(),
            _ => self.auth.external = false,
        }
        self.choose_way();
    }

    pub(super) fn installation_refused(&mut self, code: ResponseCode) {
        self.auth.refusal = code;
        self.pending.raise(Pending::REFUSED);
        self.end_install();
    }

    pub(super) fn installation_received(&mut self, message: &CertificateInstallationRes<'_>) {
        if message.evse_processing != Processing::Finished {
            return;
        }
        self.auth.remaining = message.remaining_contract_certificate_chains;
        self.auth.installs = self.auth.installs.saturating_sub(1);
        self.flags.set(Flags::VERDICT_DUE);
        self.set(T::Security, self.config.settings.timing.security);
        self.pending.raise(Pending::INSTALLATION);
    }

    fn installed(&mut self, verdict: InstallationVerdict) {
        self.flags.clear(Flags::VERDICT_DUE);
        self.clear(T::Security);
        let more = verdict == InstallationVerdict::Accepted && self.auth.remaining > 0;
        // What is signed stays the same, so the signature does too [V2G20-1579].
        if !more || self.auth.installs == 0 {
            self.end_install();
        }
        if matches!(self.turn, Turn::Nobody) {
            self.resume();
        }
    }

    fn contract_mode(&self) -> PncAReqAuthorizationMode<'_> {
        let contract = match self.auth.way {
            Way::Contract(index) => self.config.contracts.get(usize::from(index)),
            _ => None,
        };
        PncAReqAuthorizationMode {
            id: Str::new(SIGNED_ID),
            gen_challenge: self.auth.challenge,
            contract_certificate_chain: contract.map_or(ContractCertificateChain::default(), |contract| {
                ContractCertificateChain {
                    certificate: contract.chain.leaf.into(),
                    sub_certificates: List::new(contract.chain.subs),
                }
            }),
            ..PncAReqAuthorizationMode::default()
        }
    }

    fn provisioning_chain(&self) -> SignedCertificateChain<'_> {
        let chain = self.config.installation.map(|installation| installation.chain);
        let chain = chain.unwrap_or(Chain { leaf: &[], subs: &[] });
        SignedCertificateChain {
            id: Str::new(SIGNED_ID),
            certificate: chain.leaf.into(),
            sub_certificates: (!chain.subs.is_empty()).then_some(List::new(chain.subs)),
            ..SignedCertificateChain::default()
        }
    }

    fn encode_subject(&self, subject: Subject, out: &mut [u8]) -> Result<usize, EncodeError> {
        let fragment = match subject {
            Subject::Authorization => Fragment::PncAReqAuthorizationMode(self.contract_mode()),
            Subject::Installation => Fragment::OemProvisioningCertificateChain(self.provisioning_chain()),
            Subject::Metering => Fragment::SignedMeteringData(self.metering_data()),
        };
        exi_codec::encode(&fragment, out).map_err(EncodeError::of_payload)
    }

    pub(super) fn encode_authorization(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let header = self.header();
        let external = AuthorizationReq {
            header,
            selected_authorization_service: Authorization::Eim,
            authorization_mode: AReqAuthorizationMode::Eim,
        };
        let (Way::Contract(_), Some(signed)) = (self.auth.way, self.auth.signed) else {
            return Request::AuthorizationReq(external).encode(out);
        };
        let references = signed.references();
        let signature = signed.signature(&references);
        Request::AuthorizationReq(AuthorizationReq {
            header: MessageHeader { signature: Some(Lazy::new(&signature)), ..header },
            selected_authorization_service: Authorization::Pnc,
            authorization_mode: AReqAuthorizationMode::Pnc(self.contract_mode()),
        })
        .encode(out)
    }

    pub(super) fn encode_installation(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let installation = self.config.installation;
        let signed = self.auth.signed;
        let references = signed.as_ref().map(Signed::references);
        let signature =
            signed.as_ref().zip(references.as_ref()).map(|(s, references)| s.signature(references));
        let emaids = installation.map_or(&[][..], |installation| installation.emaids);
        Request::CertificateInstallationReq(CertificateInstallationReq {
            header: MessageHeader { signature: signature.as_ref().map(Lazy::new), ..self.header() },
            oem_provisioning_certificate_chain: self.provisioning_chain(),
            list_of_root_certificate_ids: List::new(installation.map_or(&[][..], |i| i.roots)),
            maximum_contract_certificate_chains: installation.map_or(1, |i| i.max_chains.max(1)),
            prioritized_emaids: (!emaids.is_empty()).then_some(List::new(emaids)),
        })
        .encode(out)
    }
}
