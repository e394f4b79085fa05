//! What a station checks.

use exi_codec::Str;
use exi_codec::iso20::common_messages::{AReqAuthorizationMode, AuthorizationReq, Message};
use exi_codec::iso20::common_types::ResponseCode;
use v2g_pki::ids::Emaid;
use v2g_pki::xmlsig::{self, SignedInfoGrammar, Verified};
use v2g_pki::{Certificate, Rule, Time, Trust, Verifier};

use super::BackEndAnswer;
use crate::secc::InstallationFault;
use crate::security::{ContractFault, ContractVerdict, is_of};

/// Bytes of the longest certificate [V2G20-1234].
const LONGEST: usize = 1600;
/// Characters of an eMAID without its check character.
const EMAID: usize = 14;

/// Who says whether a contract that holds may charge.
#[derive(Clone, Copy, Debug)]
pub enum DecidedBy<'l> {
    /// The back end.
    BackEnd(UnknownRoot),
    /// Nobody but this station: there is no connection (`ContractValidationOffline`).
    Station(Offline<'l>),
}

/// What becomes of a contract under a root that the station does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownRoot {
    /// It is refused: `WARNING_eMSPUnknown`.
    #[default]
    Refused,
    /// The back end is asked, which has more roots (`CentralContractValidationAllowed`).
    Forwarded,
}

/// Which contracts may charge where nobody can be asked. What they rest on are roots and revocation statements that
/// the station has kept.
#[derive(Clone, Copy, Debug, Default)]
pub enum Offline<'l> {
    /// None.
    #[default]
    Denied,
    /// Those of the local authorization list.
    Listed(&'l [Emaid]),
    /// Every contract that holds.
    Valid,
}

/// How a station checks contracts.
#[derive(Clone, Copy)]
pub struct ContractCheck<'r> {
    /// Roots, evidence about revocation, rules, and the time.
    pub trust: Trust<'r>,
    /// How vehicles may have written what they sign.
    pub grammar: SignedInfoGrammar,
    /// Providers whose contracts count, as announced in `SupportedProviders`. Empty: all.
    pub providers: &'r [Str<'r>],
    /// Who has the last word.
    pub decided_by: DecidedBy<'r>,
}

/// What comes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Tell the engine.
    Verdict(ContractVerdict),
    /// Ask the back end, and tell the engine what [`CheckedContract::answered`] makes of its answer.
    Ask(Question),
}

/// What the back end is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether the contract may charge. Its signature, chain and status hold.
    Authorization,
    /// Whether the chain holds at all: its root is not known here. Only signature and challenge were checked.
    Chain,
}

/// A contract after its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedContract {
    /// What is to be done now.
    pub judgement: Judgement,
    /// The contract, where its signature holds and it is not refused; the station keeps it for the meter readings
    /// that the vehicle will confirm.
    pub contract: Option<AuthorizedContract>,
    /// Why it is refused, or what the back end has to decide on; for the log.
    pub reason: Option<v2g_pki::Error>,
}

impl CheckedContract {
    const fn refused(verdict: ContractVerdict, reason: Option<v2g_pki::Error>) -> Self {
        Self { judgement: Judgement::Verdict(verdict), contract: None, reason }
    }

    /// The verdict after the back end has answered. What the station has found itself is not outweighed.
    pub fn answered(&self, answer: BackEndAnswer) -> ContractVerdict {
        match (self.judgement, answer.verdict(), self.contract) {
            (Judgement::Verdict(own), _, _) => own,
            (Judgement::Ask(_), ContractVerdict::Valid, Some(contract)) => contract.validity,
            (Judgement::Ask(_), other, _) => other,
        }
    }
}

/// A contract whose signature holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthorizedContract {
    leaf: [u8; LONGEST],
    len: u16,
    emaid: Option<Emaid>,
    /// [`ContractVerdict::Valid`] or [`ContractVerdict::ExpiresSoon`].
    validity: ContractVerdict,
}

impl AuthorizedContract {
    fn new(leaf: &[u8], emaid: Option<Emaid>, validity: ContractVerdict) -> Option<Self> {
        let mut contract = Self { leaf: [0; LONGEST], len: leaf.len() as u16, emaid, validity };
        contract.leaf.get_mut(..leaf.len())?.copy_from_slice(leaf);
        Some(contract)
    }

    /// A contract of which the host has kept the certificate (DER) since it authorized the session. None: it is longer than
    /// certificates may be.
    pub fn of_leaf(leaf: &[u8]) -> Option<Self> {
        let parsed = Certificate::parse(leaf).ok();
        let emaid = parsed.and_then(|leaf| leaf.subject().common_name().and_then(Emaid::parse));
        Self::new(leaf, emaid, ContractVerdict::Valid)
    }

    /// Its certificate, in DER.
    pub fn leaf(&self) -> &[u8] {
        self.leaf.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Its eMAID; none where the certificate of a laboratory has none.
    pub const fn emaid(&self) -> Option<&Emaid> {
        self.emaid.as_ref()
    }
}

impl core::fmt::Debug for AuthorizedContract {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AuthorizedContract").field("emaid", &self.emaid).finish_non_exhaustive()
    }
}

impl ContractCheck<'_> {
    /// Checks an `AuthorizationReq` by contract: the challenge, the signature over the bits that arrived, the chain up
    /// to a root of mobility operators or of V2G, revocation, the eMAID, the provider, and who may charge; what fails
    /// first is what the vehicle is told. `buffer` takes the certificates; 6400 bytes hold any.
    ///
    /// `challenge` is that of the session, [`Secc::challenge`](crate::secc::Secc::challenge).
    pub fn check(&self, request: &[u8], challenge: &[u8; 16], buffer: &mut [u8]) -> CheckedContract {
        let Ok(Message::AuthorizationReq(request)) = exi_codec::decode(request) else {
            return refused(ContractFault::General);
        };
        match xmlsig::authorization(&request, challenge, self.grammar, &self.trust, buffer) {
            Ok(verified) => self.decide(&verified),
            Err(error) if error.rule() == Rule::UnknownRoot && self.forwards() => CheckedContract {
                // The challenge was compared and the signature checked before the root was looked for.
                judgement: Judgement::Ask(Question::Chain),
                contract: unanchored(&request),
                reason: Some(error),
            },
            Err(error) => CheckedContract::refused(verdict(error), Some(error)),
        }
    }

    const fn forwards(&self) -> bool {
        matches!(self.decided_by, DecidedBy::BackEnd(UnknownRoot::Forwarded))
    }

    /// The contract holds. Whose is it, and may it charge?
    fn decide<T>(&self, verified: &Verified<'_, T>) -> CheckedContract {
        let chain = verified.chain();
        let emaid = Emaid::parse(chain.identity());
        let name = emaid.as_ref().map_or(chain.identity(), Emaid::as_str);
        let served = self.providers.is_empty() || self.providers.iter().any(|provider| is_of(name, provider));
        if name.is_empty() || !served {
            return refused(ContractFault::ProviderUnknown);
        }
        let validity = if chain.expires_soon(self.trust.now) {
            ContractVerdict::ExpiresSoon
        } else {
            ContractVerdict::Valid
        };
        let judgement = match self.decided_by {
            DecidedBy::BackEnd(_) => Judgement::Ask(Question::Authorization),
            DecidedBy::Station(Offline::Valid) => Judgement::Verdict(validity),
            DecidedBy::Station(Offline::Listed(list)) if is_listed(list, emaid.as_ref()) => {
                Judgement::Verdict(validity)
            }
            DecidedBy::Station(_) => return refused(ContractFault::General),
        };
        let contract = AuthorizedContract::new(chain.leaf().der(), emaid, validity);
        CheckedContract { judgement, contract, reason: None }
    }
}

const fn refused(fault: ContractFault) -> CheckedContract {
    CheckedContract::refused(ContractVerdict::Refused(fault), None)
}

/// The check character is not part of the name.
fn is_listed(list: &[Emaid], emaid: Option<&Emaid>) -> bool {
    let name = |emaid: &Emaid| emaid.as_str().as_bytes().first_chunk::<EMAID>().copied();
    emaid.is_some_and(|emaid| list.iter().any(|listed| name(listed) == name(emaid)))
}

/// The contract of a request whose chain leads to no root of this station.
fn unanchored(request: &AuthorizationReq<'_>) -> Option<AuthorizedContract> {
    let AReqAuthorizationMode::Pnc(mode) = request.authorization_mode else { return None };
    let mut leaf = [0; LONGEST];
    let leaf = mode.contract_certificate_chain.certificate.copy_to(&mut leaf).ok()?;
    let emaid = Certificate::parse(leaf).ok()?.subject().common_name().and_then(Emaid::parse);
    AuthorizedContract::new(leaf, emaid, ContractVerdict::Valid)
}

/// What the vehicle is told about a contract that is refused so.
const fn verdict(error: v2g_pki::Error) -> ContractVerdict {
    ContractVerdict::Refused(match error.authorization_code() {
        ResponseCode::FailedSignatureError => return ContractVerdict::BadSignature,
        ResponseCode::WarningChallengeInvalid => ContractFault::Challenge,
        ResponseCode::WarningCertificateExpired => ContractFault::Expired,
        ResponseCode::WarningCertificateNotYetValid => ContractFault::NotYetValid,
        ResponseCode::WarningCertificateRevoked => ContractFault::Revoked,
        ResponseCode::WarningEmspUnknown => ContractFault::ProviderUnknown,
        _ => ContractFault::Invalid,
    })
}

/// A request for contracts that is not handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRequest {
    /// What the vehicle is told: [`Secc::refuse_installation`](crate::secc::Secc::refuse_installation).
    pub fault: InstallationFault,
    /// Why; for the log. None: it is another message.
    pub reason: Option<v2g_pki::Error>,
}

impl From<InstallationFault> for RefusedRequest {
    fn from(fault: InstallationFault) -> Self {
        Self { fault, reason: None }
    }
}

impl From<v2g_pki::Error> for RefusedRequest {
    fn from(error: v2g_pki::Error) -> Self {
        let fault = match error.installation_code() {
            ResponseCode::FailedSignatureError => InstallationFault::BadSignature,
            ResponseCode::WarningCertificateExpired => InstallationFault::Expired,
            ResponseCode::WarningCertificateNotYetValid => InstallationFault::NotYetValid,
            ResponseCode::WarningCertificateRevoked => InstallationFault::Revoked,
            _ => InstallationFault::Invalid,
        };
        Self { fault, reason: Some(error) }
    }
}

/// Checks what a station checks of a `CertificateInstallationReq` before it hands it on [V2G20-1548]: the signature,
/// and the validity periods of the chain. Everything else is the provider's to check. `buffer` takes the certificates;
/// 6400 bytes hold any.
///
/// # Errors
/// It is not handed on.
pub fn check_installation_request(
    request: &[u8],
    grammar: SignedInfoGrammar,
    verifier: &dyn Verifier,
    now: Time,
    buffer: &mut [u8],
) -> Result<(), RefusedRequest> {
    let Ok(Message::CertificateInstallationReq(request)) = exi_codec::decode(request) else {
        return Err(RefusedRequest { fault: InstallationFault::NoCertificate, reason: None });
    };
    xmlsig::installation_request_signature(&request, grammar, verifier, now, buffer)?;
    Ok(())
}
