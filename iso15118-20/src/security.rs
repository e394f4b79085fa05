//! What passes between the engines and whoever holds keys and certificates.
//!
//! The engines know the order of things and the messages; they neither hash, sign nor verify. What has to be
//! signed is written as an EXI fragment, what has to be checked is the message that `handle_input` returned, and
//! the results come back as plain data. An operation that takes its time is no problem: every one has a deadline,
//! and what happens when it passes is safe.

mod signature;

use exi_codec::iso20::common_types::ResponseCode;
use exi_codec::{Bytes, Str};

pub(crate) use signature::{MAX_ID, with_signature};
pub use signature::{SIGNED_ID, encode_signed_info};

/// Fingerprint of the peer's leaf certificate on the secured link: SHA-512 of its DER.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PeerId(pub [u8; 64]);

impl core::fmt::Debug for PeerId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [first, second, third, ..] = self.0;
        write!(f, "PeerId({first:02x}{second:02x}{third:02x}..)")
    }
}

/// A certificate and those between it and a root, each as DER.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chain<'a> {
    /// The certificate, at most 1600 bytes.
    pub leaf: &'a [u8],
    /// The certificates that certify it, nearest first, at most 3.
    pub subs: &'a [Bytes<'a>],
}

/// Algorithms of a signature, which XML Signature names by URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed448 with SHAKE256.
    Ed448Shake256,
    /// ECDSA on P-256 with SHA-256, which ISO 15118-20 does not have and deployed peers use.
    EcdsaP256Sha256,
}

/// Longest digest, bytes.
pub const MAX_DIGEST: usize = 64;
/// Longest signature value, bytes.
pub const MAX_SIGNATURE: usize = 132;

/// The result of signing one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// With what.
    pub scheme: SignatureScheme,
    digest: [u8; MAX_DIGEST],
    digest_len: u8,
    value: [u8; MAX_SIGNATURE],
    value_len: u8,
}

impl Signed {
    /// A digest of an element's fragment and the signature over the `SignedInfo` that holds it. None if either is
    /// longer than any algorithm makes it.
    pub fn new(scheme: SignatureScheme, digest: &[u8], value: &[u8]) -> Option<Self> {
        let mut signed =
            Self { scheme, digest: [0; MAX_DIGEST], digest_len: 0, value: [0; MAX_SIGNATURE], value_len: 0 };
        signed.digest.get_mut(..digest.len())?.copy_from_slice(digest);
        signed.value.get_mut(..value.len())?.copy_from_slice(value);
        signed.digest_len = digest.len() as u8;
        signed.value_len = value.len() as u8;
        Some(signed)
    }

    /// The digest.
    pub fn digest(&self) -> &[u8] {
        self.digest.get(..usize::from(self.digest_len)).unwrap_or_default()
    }

    /// The signature value.
    pub fn value(&self) -> &[u8] {
        self.value.get(..usize::from(self.value_len)).unwrap_or_default()
    }
}

/// What came out of checking the contract of a vehicle: signature, challenge, chain, revocation, provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractVerdict {
    /// It holds.
    Valid,
    /// It holds, and not much longer [V2G20-2218].
    ExpiresSoon,
    /// The signature is wrong: the session ends with `FAILED_SignatureError`.
    BadSignature,
    /// It does not hold; the vehicle may try another contract or another way.
    Refused(ContractFault),
}

/// Why a contract does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractFault {
    /// `WARNING_CertificateExpired`.
    Expired,
    /// `WARNING_CertificateNotYetValid`.
    NotYetValid,
    /// `WARNING_CertificateRevoked`.
    Revoked,
    /// `WARNING_CertificateValidationError`.
    Invalid,
    /// `WARNING_ChallengeInvalid`.
    Challenge,
    /// `WARNING_eMSPUnknown`.
    ProviderUnknown,
    /// `WARNING_GeneralPnCAuthorizationError`: refused by the provider, or no answer in time.
    General,
}

impl ContractFault {
    /// The response code that says so.
    pub const fn code(self) -> ResponseCode {
        match self {
            Self::Expired => ResponseCode::WarningCertificateExpired,
            Self::NotYetValid => ResponseCode::WarningCertificateNotYetValid,
            Self::Revoked => ResponseCode::WarningCertificateRevoked,
            Self::Invalid => ResponseCode::WarningCertificateValidationError,
            Self::Challenge => ResponseCode::WarningChallengeInvalid,
            Self::ProviderUnknown => ResponseCode::WarningEmspUnknown,
            Self::General => ResponseCode::WarningGeneralpncAuthorizationError,
        }
    }
}

/// Whether an eMAID is one of a provider's: it begins with the provider's name, apart from case and separators. Every
/// provider's is one that is not known.
#[cfg(feature = "trust")]
pub(crate) fn is_of(emaid: &str, provider: &Str<'_>) -> bool {
    let mut emaid = plain(emaid.chars()).peekable();
    if emaid.peek().is_none() {
        return true;
    }
    let mut provider = plain(provider.chars()).peekable();
    provider.peek().is_some() && provider.all(|c| emaid.next() == Some(c))
}

/// Whether two identifiers are the same, apart from case and separators.
pub(crate) fn is_same(one: &str, other: &Str<'_>) -> bool {
    plain(one.chars()).eq(plain(other.chars()))
}

/// Without separators, in capitals.
pub(crate) fn plain(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    text.filter(|c| *c != '-' && *c != '*').map(|c| c.to_ascii_uppercase())
}
