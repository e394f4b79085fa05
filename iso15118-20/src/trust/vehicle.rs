//! What a vehicle signs, and how it takes a contract.

use exi_codec::iso20::common_messages::Message;
use exi_codec::{Bytes, Str};
use v2g_pki::ids::{Emaid, Pcid};
use v2g_pki::keystore::{Answer, KeyError, KeyHandle, KeyKind, KeyStore, Operation, Progress, Ticket};
use v2g_pki::provision::{Aad, Unwrapping};
use v2g_pki::xmlsig::{self, SignedInfoGrammar, ToSign};
use v2g_pki::{Certificate, Time, Trust};
use v2gtp::Instant;

use super::TrustError;
use crate::evcc::{Evcc, SignatureWanted};
use crate::message::EncodeError;
use crate::security::{self, SIGNED_ID, Signed};

/// How far a signature is.
#[derive(Clone, Debug)]
#[must_use]
#[expect(clippy::large_enum_variant, reason = "there is no heap to put it on")]
pub enum Signing {
    /// The engine has it.
    Done,
    /// The key store takes its time: [`PendingSignature::poll`].
    Pending(PendingSignature),
}

/// A signature that the key store is working on.
#[derive(Clone, Debug)]
pub struct PendingSignature {
    wanted: SignatureWanted,
    to_sign: ToSign,
    ticket: Ticket,
}

/// Signs what the engine wants signed, with a key of the store. Which key that is says
/// [`Evcc::signature_wanted`]. `scratch` takes the element; 8 KiB hold any.
///
/// # Errors
/// Nothing is to be signed, or the store does not sign: the engine goes another way when its deadline passes.
pub fn sign(
    evcc: &mut Evcc<'_>,
    now: Instant,
    store: &mut dyn KeyStore,
    key: KeyHandle,
    scratch: &mut [u8],
) -> Result<Signing, TrustError> {
    let wanted = evcc.signature_wanted().ok_or(TrustError::NotWanted)?;
    let length = evcc.to_be_signed(scratch).map_err(|error| match error {
        EncodeError::BufferTooSmall { .. } => TrustError::BufferTooSmall,
        EncodeError::Value(_) => TrustError::NotWanted,
    })?;
    let fragment = scratch.get(..length.ok_or(TrustError::NotWanted)?).unwrap_or_default();
    let KeyKind::Signing(algorithm) = store.kind(key)? else { return Err(KeyError::Unsupported.into()) };
    let to_sign = ToSign::of_fragment(fragment, Str::new(SIGNED_ID), algorithm)?;
    let progress = store.start(Operation::Sign { key, message: to_sign.message() })?;
    settle(evcc, now, wanted, to_sign, &progress)
}

impl PendingSignature {
    /// Goes on. A signature that the engine does not wait for any more is thrown away.
    ///
    /// # Errors
    /// The store does not sign, or the engine has gone another way meanwhile.
    pub fn poll(
        self,
        evcc: &mut Evcc<'_>,
        now: Instant,
        store: &mut dyn KeyStore,
    ) -> Result<Signing, TrustError> {
        let progress = store.poll(self.ticket)?;
        settle(evcc, now, self.wanted, self.to_sign, &progress)
    }
}

fn settle(
    evcc: &mut Evcc<'_>,
    now: Instant,
    wanted: SignatureWanted,
    to_sign: ToSign,
    progress: &Progress,
) -> Result<Signing, TrustError> {
    let value = match *progress {
        Progress::Pending(ticket) => {
            return Ok(Signing::Pending(PendingSignature { wanted, to_sign, ticket }));
        }
        Progress::Done(Answer::Signature(value)) => value,
        Progress::Done(_) => return Err(KeyError::Unsupported.into()),
    };
    // One that comes late must not be taken for that of another contract.
    if evcc.signature_wanted() != Some(wanted) {
        return Err(TrustError::NotWanted);
    }
    let signed = Signed::of(&to_sign.finish(value)).ok_or(KeyError::Unsupported)?;
    evcc.signed(now, signed);
    Ok(Signing::Done)
}

/// Which contracts a vehicle takes.
#[derive(Clone, Copy, Debug, Default)]
pub enum WantedContracts<'w> {
    /// Any that its provider delivers.
    #[default]
    Any,
    /// These alone.
    Only(&'w [Emaid]),
}

/// How a vehicle checks what a provider delivers.
#[derive(Clone, Copy)]
pub struct DeliveryCheck<'r> {
    /// Roots, evidence about revocation, rules, and the time.
    pub trust: Trust<'r>,
    /// How providers may have written what they sign.
    pub grammar: SignedInfoGrammar,
    /// Which contracts it takes.
    pub wanted: WantedContracts<'r>,
}

/// The key under which contract keys come, and the name that they are wrapped for.
#[derive(Clone, Copy, Debug)]
pub struct Provisioning<'p> {
    /// The key of the provisioning certificate.
    pub key: KeyHandle,
    /// The PCID, which is the common name of that certificate.
    pub pcid: &'p Pcid,
    /// How it is opened.
    pub unwrapping: Unwrapping,
}

/// A contract that was delivered: signed by a provider that is trusted, its certificates sound. The key is still
/// wrapped.
#[derive(Debug)]
pub struct DeliveredContract<'m, 'c> {
    installation: xmlsig::Installation<'m, 'c>,
    emaid: Option<Emaid>,
}

/// How far the installation of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Installing {
    /// The store has the key. Give the contract to the engine with [`Evcc::set_contracts`], then call
    /// [`Evcc::installed`].
    Done(KeyHandle),
    /// The store takes its time: [`Installing::poll`].
    Pending(Ticket),
}

impl Installing {
    /// Goes on.
    ///
    /// # Errors
    /// The store refuses the key; whatever it had before is still there.
    pub fn poll(self, store: &mut dyn KeyStore) -> Result<Self, TrustError> {
        match self {
            Self::Done(_) => Ok(self),
            Self::Pending(ticket) => store.poll(ticket)?.try_into(),
        }
    }
}

impl TryFrom<Progress> for Installing {
    type Error = TrustError;

    fn try_from(progress: Progress) -> Result<Self, TrustError> {
        match progress {
            Progress::Done(Answer::Key(key)) => Ok(Self::Done(key)),
            Progress::Done(_) => Err(KeyError::Unsupported.into()),
            Progress::Pending(ticket) => Ok(Self::Pending(ticket)),
        }
    }
}

impl<'m, 'c> DeliveredContract<'m, 'c> {
    /// Checks a `CertificateInstallationRes`: the signature over the bits that arrived, the provider's chain up to a
    /// V2G root and its status, then the contract's own chain as far as it goes without its root, and whether it is
    /// wanted. The buffers take the certificates of provider and contract; 6400 bytes hold any. The second one is the
    /// contract's from now on.
    ///
    /// # Errors
    /// The contract is not taken: [`InstallationVerdict::Refused`](crate::evcc::InstallationVerdict).
    pub fn check(
        response: &'m [u8],
        check: &DeliveryCheck<'_>,
        buffers: [&'c mut [u8]; 2],
    ) -> Result<Self, TrustError> {
        let Ok(Message::CertificateInstallationRes(response)) = exi_codec::decode(response) else {
            return Err(TrustError::OtherMessage);
        };
        let installation = xmlsig::installation(&response, check.grammar, &check.trust, buffers)?;
        let emaid = installation.contract().subject().common_name().and_then(Emaid::parse);
        let wanted = match check.wanted {
            WantedContracts::Any => true,
            WantedContracts::Only(list) => emaid.is_some_and(|emaid| list.contains(&emaid)),
        };
        if wanted { Ok(Self { installation, emaid }) } else { Err(TrustError::OtherContract) }
    }

    /// Agreement, derivation, unwrapping and comparison with the certificate, in the key store. Only if all of it
    /// succeeds the new key takes the place of `replaces`.
    ///
    /// A vehicle whose certificates survive a restart had better replace nothing: it keeps the new key beside the old
    /// one, stores certificates and handle, and erases the old key then.
    ///
    /// # Errors
    /// The key does not belong to vehicle and contract, or the store does not take it. Nothing has changed then.
    pub fn install(
        &self,
        store: &mut dyn KeyStore,
        provisioning: &Provisioning<'_>,
        replaces: Option<KeyHandle>,
    ) -> Result<Installing, TrustError> {
        let aad = Aad::new(provisioning.pcid, self.installation.contract())?;
        let import = self.installation.import(provisioning.key, &aad, provisioning.unwrapping, replaces);
        store.start(Operation::ImportContract(import))?.try_into()
    }

    /// The eMAID of the contract; none where a laboratory's certificate has none.
    pub const fn emaid(&self) -> Option<&Emaid> {
        self.emaid.as_ref()
    }

    /// The contract and the certificates above it.
    pub const fn chain(&self) -> &v2g_pki::Chain<'c> {
        self.installation.chain()
    }
}

/// A chain in the terms of the engines. `subs` is memory for its certificates above the leaf. None: there are more
/// than three.
pub fn engine_chain<'a>(
    chain: &v2g_pki::Chain<'a>,
    subs: &'a mut [Bytes<'a>; 3],
) -> Option<security::Chain<'a>> {
    let (leaf, above) = chain.certificates().split_first()?;
    subs.get_mut(..above.len())?.iter_mut().zip(above).for_each(|(place, der)| *place = Bytes::new(der));
    Some(security::Chain { leaf, subs: subs.get(..above.len())? })
}

/// Whether every certificate of a chain is within its validity period: contracts that have expired are not shown.
pub fn is_within(chain: &security::Chain<'_>, now: Time) -> bool {
    let within = |der: &[u8]| {
        Certificate::parse(der).is_ok_and(|certificate| {
            let validity = certificate.validity();
            validity.not_before <= now && now <= validity.not_after
        })
    };
    within(chain.leaf) && chain.subs.iter().all(|der| der.as_slice().is_none_or(within))
}
