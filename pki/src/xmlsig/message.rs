//! The messages that carry signatures, each with all of its checks in their order.

use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, AuthorizationReq, CertificateInstallationReq, CertificateInstallationRes,
    MeteringConfirmationReq, PncAReqAuthorizationMode, SignedCertificateChain, SignedInstallationData,
    SignedMeteringData,
};
use subtle::ConstantTimeEq as _;

use super::{Signed, SignedInfoGrammar, Verified, verify};
use crate::cert::Certificate;
use crate::chain::Chain;
use crate::crypto::Verifier;
use crate::error::{Error, Rule, Subject};
use crate::ids::Pcid;
use crate::keystore::{Blocking, ImportContract, KeyError, KeyHandle};
use crate::path::{Trust, ValidChain, check_times, check_unanchored, validate};
use crate::profile::Role;
use crate::provision::{Aad, Envelope, Unwrapping};
use crate::time::Time;

/// The station's check of an AuthorizationReq by contract: challenge, signature, chain. `buffer` takes the
/// certificates; 6400 bytes hold any.
///
/// # Errors
/// What is refused; [`Error::authorization_code`] is the answer to the vehicle.
pub fn authorization<'m, 'c>(
    request: &AuthorizationReq<'m>,
    challenge: &[u8; 16],
    grammar: SignedInfoGrammar,
    trust: &Trust<'_>,
    buffer: &'c mut [u8],
) -> Result<Verified<'c, PncAReqAuthorizationMode<'m>>, Error> {
    let AReqAuthorizationMode::Pnc(element) = request.authorization_mode else {
        return Err(Error::new(Rule::SignatureMissing, Subject::Signature));
    };
    if !bool::from(element.gen_challenge.ct_eq(challenge)) {
        return Err(Error::new(Rule::Challenge, Subject::Signature));
    }
    let chain = Chain::contract(&element.contract_certificate_chain, buffer)?;
    let leaf = Certificate::parse(chain.leaf())?;
    let signature = request.header.signature.map(|signature| signature.get());
    let signed = verify(signature.as_ref(), element, &leaf, grammar, trust.verifier)?;
    signed.by(validate(&chain, Role::Contract, trust)?)
}

/// The provider's check of a CertificateInstallationReq: signature and chain of the provisioning certificate.
///
/// # Errors
/// What is refused; [`Error::installation_code`] is the answer to the vehicle.
pub fn installation_request<'m, 'c>(
    request: &CertificateInstallationReq<'m>,
    grammar: SignedInfoGrammar,
    trust: &Trust<'_>,
    buffer: &'c mut [u8],
) -> Result<Verified<'c, SignedCertificateChain<'m>>, Error> {
    let element = request.oem_provisioning_certificate_chain;
    let chain = Chain::provisioning(&element, buffer)?;
    let leaf = Certificate::parse(chain.leaf())?;
    let signature = request.header.signature.map(|signature| signature.get());
    let signed = verify(signature.as_ref(), element, &leaf, grammar, trust.verifier)?;
    signed.by(validate(&chain, Role::Provisioning, trust)?)
}

/// What a station itself checks of a CertificateInstallationReq before it hands it on: the signature, and that no
/// certificate of the chain has expired or is not valid yet [V2G20-1548]. Who signed it is for the provider to find
/// out, with [`installation_request`].
///
/// # Errors
/// What is refused; [`Error::installation_code`] is the answer to the vehicle.
pub fn installation_request_signature<'m, 'c>(
    request: &CertificateInstallationReq<'m>,
    grammar: SignedInfoGrammar,
    verifier: &dyn Verifier,
    now: Time,
    buffer: &'c mut [u8],
) -> Result<Signed<'c, SignedCertificateChain<'m>>, Error> {
    let element = request.oem_provisioning_certificate_chain;
    let chain = Chain::provisioning(&element, buffer)?;
    let leaf = Certificate::parse(chain.leaf())?;
    let signature = request.header.signature.map(|signature| signature.get());
    let signed = verify(signature.as_ref(), element, &leaf, grammar, verifier)?;
    check_times(&chain, now)?;
    Ok(signed)
}

/// The station's check of a MeteringConfirmationReq with the contract that was authorized.
///
/// # Errors
/// What is refused; [`Error::metering_code`] is the answer to the vehicle.
pub fn metering<'m, 'c>(
    request: &MeteringConfirmationReq<'m>,
    contract: &ValidChain<'c>,
    grammar: SignedInfoGrammar,
    trust: &Trust<'_>,
) -> Result<Verified<'c, SignedMeteringData<'m>>, Error> {
    let signature = request.header.signature.map(|signature| signature.get());
    let element = request.signed_metering_data;
    verify(signature.as_ref(), element, contract.leaf(), grammar, trust.verifier)?.by(*contract)
}

/// A contract that a provider delivered: signed by a valid provider, its certificates sound. The key is still to be
/// [stored](Self::install).
#[derive(Debug)]
pub struct Installation<'m, 'c> {
    data: Verified<'c, SignedInstallationData<'m>>,
    chain: Chain<'c>,
    contract: Certificate<'c>,
    envelope: Envelope,
}

/// The vehicle's check of a CertificateInstallationRes: signature and chain of the provider, then the contract chain,
/// as far as it goes without its root, which the vehicle need not have. The buffers take the certificates of provider
/// and contract; 6400 bytes hold any.
///
/// # Errors
/// What is refused; the vehicle discards the response and keeps its old contract.
pub fn installation<'m, 'c>(
    response: &CertificateInstallationRes<'m>,
    grammar: SignedInfoGrammar,
    trust: &Trust<'_>,
    [provider, contract]: [&'c mut [u8]; 2],
) -> Result<Installation<'m, 'c>, Error> {
    let element = response.signed_installation_data;
    let chain = Chain::provider(&response.cp_s_certificate_chain, provider)?;
    let leaf = Certificate::parse(chain.leaf())?;
    let signature = response.header.signature.map(|signature| signature.get());
    let signed = verify(signature.as_ref(), element, &leaf, grammar, trust.verifier)?;
    let data = signed.by(validate(&chain, Role::Cps, trust)?)?;
    let chain = Chain::contract(&element.contract_certificate_chain, contract)?;
    let contract = check_unanchored(&chain, Role::Contract, trust)?;
    let envelope = Envelope::read(&element)?;
    Ok(Installation { data, chain, contract, envelope })
}

impl<'m, 'c> Installation<'m, 'c> {
    /// The signed element.
    pub const fn data(&self) -> &Verified<'c, SignedInstallationData<'m>> {
        &self.data
    }

    /// The leaf of the contract, with its eMAID as common name.
    pub const fn contract(&self) -> &Certificate<'c> {
        &self.contract
    }

    /// The contract and the certificates above it, to be kept with the key.
    pub const fn chain(&self) -> &Chain<'c> {
        &self.chain
    }

    /// Opens the key and stores it in place of `replaces`. If anything is wrong with it, nothing changes.
    ///
    /// # Errors
    /// [`KeyError::Refused`] with the rule, or what the store says.
    pub fn install<S: Blocking + ?Sized>(
        &self,
        store: &mut S,
        provisioning: (KeyHandle, &Pcid),
        unwrapping: Unwrapping,
        replaces: Option<KeyHandle>,
    ) -> Result<KeyHandle, KeyError> {
        let (key, pcid) = provisioning;
        let aad = Aad::new(pcid, &self.contract).map_err(|error| KeyError::Refused(error.rule()))?;
        store.import_contract(self.import(key, &aad, unwrapping, replaces))
    }

    /// The operation that [`install`](Self::install) waits for.
    pub fn import<'o>(
        &'o self,
        provisioning: KeyHandle,
        aad: &'o Aad,
        unwrapping: Unwrapping,
        replaces: Option<KeyHandle>,
    ) -> ImportContract<'o> {
        ImportContract {
            provisioning,
            ephemeral: self.envelope.ephemeral(),
            wrapped: self.envelope.wrapped(),
            aad,
            unwrapping,
            contract: *self.contract.key(),
            replaces,
        }
    }
}
