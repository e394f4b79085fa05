//! The way of a contract key into a vehicle (ISO 15118-20, 7.9.2.5).
//!
//! The provider draws an ephemeral key, agrees with the vehicle's provisioning key on a secret, derives a session key
//! from it, and encrypts the contract key with AES-256-GCM, bound to vehicle and contract. The vehicle's
//! [key store](crate::keystore) opens it in one operation, [`ImportContract`], and keeps the key only if it belongs
//! to the contract certificate.

#[cfg(feature = "p256")]
mod iso2;
#[cfg(feature = "issue")]
mod wrap;

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use exi_codec::Bytes;
use exi_codec::iso20::common_messages::{EcdhCurve, EncryptedPrivateKey, SignedInstallationData};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

#[cfg(feature = "issue")]
pub use wrap::{Delivery, seal, wrap, wrap_x448};

use crate::cert::Certificate;
use crate::crypto::{Algorithm, Scalar, Secret};
use crate::error::{Error, Rule, Subject};
use crate::ids::Pcid;
use crate::keystore::ImportContract;

/// How the session key is derived from the shared secret. Sources disagree about the order of the input; because the
/// encryption is authenticated, the wrong choice is refused and never yields a wrong key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kdf {
    /// Counter, secret, info: the single-step derivation of NIST SP 800-56A, which [V2G20-2535] names.
    #[default]
    Sp800_56a,
    /// Secret, counter, info: the order of ANSI X9.63, which one implementer has.
    X963,
}

/// How the 57 bytes of an Ed448 key come in the 56 that X448 has room for [V2G20-2501]; the standard does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ed448Fit {
    /// They do not: such keys are refused.
    #[default]
    Refused,
    /// The last byte is zero and left out: providers draw keys that end so.
    LastIsZero,
}

/// How delivered keys are opened, where sources disagree or the standard is silent. Vehicle and provider have to mean the
/// same; whatever else is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unwrapping {
    /// How the session key is derived.
    pub kdf: Kdf,
    /// How Ed448 keys come.
    pub ed448: Ed448Fit,
}

impl From<Kdf> for Unwrapping {
    fn from(kdf: Kdf) -> Self {
        Self { kdf, ..Self::default() }
    }
}

const COUNTER: [u8; 4] = [0, 0, 0, 1];

impl Kdf {
    /// AlgorithmID, PartyUInfo, PartyVInfo [V2G20-2535].
    pub const INFO: [u8; 3] = [0x01, 0x55, 0x56];

    /// What is hashed before and after the shared secret, for devices that hash it themselves. The session key is the
    /// first 32 bytes of SHA-512.
    pub const fn around_secret(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Sp800_56a => (&COUNTER, &Self::INFO),
            Self::X963 => (&[], &[0, 0, 0, 1, 0x01, 0x55, 0x56]),
        }
    }

    /// The session key: the first 32 bytes of SHA-512.
    pub(crate) fn derive(self, secret: &Secret) -> Zeroizing<[u8; 32]> {
        let (before, after) = self.around_secret();
        let mut hash = Sha512::new();
        hash.update(before);
        hash.update(secret.expose());
        hash.update(after);
        let mut digest = Zeroizing::new([0_u8; 64]);
        let out: &mut [u8; 64] = &mut digest;
        hash.finalize_into(out.into());
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(digest.get(..32).unwrap_or_default());
        key
    }
}

/// What the wrapping of a contract key is bound to: the PCID, and the key identifier of the contract leaf in
/// capital hexadecimal digits [V2G20-2492].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aad {
    bytes: [u8; 18 + 40],
    len: u8,
}

impl Aad {
    /// For a vehicle and a contract. The standard has room for an identifier of 8 bytes; one of 20 is written in
    /// full, which is unstated, and [`Warnings`](crate::Warnings) says so.
    ///
    /// # Errors
    /// [`Rule::KeyIdentifier`] if the contract has no key identifier, or a longer one.
    pub fn new(pcid: &Pcid, contract: &Certificate<'_>) -> Result<Self, Error> {
        let identifier = contract.extensions().subject_key.filter(|identifier| identifier.len() <= 20);
        let identifier = identifier.ok_or(Error::new(Rule::KeyIdentifier, Subject::Certificate(0)))?;
        let digits = identifier.iter().flat_map(|octet| [octet >> 4, octet & 15]);
        let digits = digits.map(|digit| if digit < 10 { b'0' + digit } else { b'A' + digit - 10 });
        let mut aad = Self { bytes: [0; 58], len: 0 };
        for (to, octet) in aad.bytes.iter_mut().zip(pcid.as_str().bytes().chain(digits)) {
            *to = octet;
            aad.len += 1;
        }
        Ok(aad)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A wrapped key: nonce, ciphertext, tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrapped<'w> {
    /// A P-521 key.
    Secp521(&'w [u8; 94]),
    /// An Ed448 key in 56 bytes under X448: [`Ed448Fit`].
    X448(&'w [u8; 84]),
    /// For a TPM of the vehicle: opaque here.
    Tpm(&'w [u8; 206]),
    /// A P-256 key of ISO 15118-2: initialization vector and ciphertext, not authenticated. Neither what it is bound to
    /// nor the way of derivation is a choice there.
    Iso2(&'w [u8; 48]),
}

impl<'w> Wrapped<'w> {
    /// Nonce, ciphertext and tag of a P-521 key.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] for others.
    pub fn secp521(self) -> Result<&'w [u8; 94], Rule> {
        match self {
            Self::Secp521(wrapped) => Ok(wrapped),
            Self::X448(_) | Self::Tpm(_) | Self::Iso2(_) => Err(Rule::Algorithm),
        }
    }
}

/// The delivery in a SignedInstallationData, copied out of the message.
#[derive(Clone, Debug)]
pub struct Envelope {
    curve: EcdhCurve,
    ephemeral: [u8; 133],
    kind: EnvelopeKind,
    wrapped: [u8; 206],
}

#[derive(Clone, Copy, Debug)]
enum EnvelopeKind {
    Secp521,
    X448,
    Tpm,
}

impl Envelope {
    /// Copies ephemeral key and wrapped key.
    ///
    /// # Errors
    /// [`Rule::EphemeralKey`] or [`Rule::WrappedLength`]; not for a message that was decoded. [`Rule::Curve`] if the
    /// stated curve is not that of the wrapped key.
    pub fn read(data: &SignedInstallationData<'_>) -> Result<Self, Error> {
        let failed = |rule| Error::new(rule, Subject::ContractKey);
        let mut envelope = Self {
            curve: data.ecdh_curve,
            ephemeral: [0; 133],
            kind: EnvelopeKind::Secp521,
            wrapped: [0; 206],
        };
        copy(&data.dh_public_key, &mut envelope.ephemeral).ok_or(failed(Rule::EphemeralKey))?;
        let (kind, bytes, len) = match &data.encrypted_private_key {
            EncryptedPrivateKey::SeCp521(bytes) => (EnvelopeKind::Secp521, bytes, 94),
            EncryptedPrivateKey::X448(bytes) => (EnvelopeKind::X448, bytes, 84),
            EncryptedPrivateKey::Tpm(bytes) => (EnvelopeKind::Tpm, bytes, 206),
        };
        let to = envelope.wrapped.get_mut(..len).unwrap_or_default();
        copy(bytes, to).ok_or(failed(Rule::WrappedLength))?;
        envelope.kind = kind;
        match (kind, envelope.curve) {
            (EnvelopeKind::Secp521, EcdhCurve::X448) | (EnvelopeKind::X448, EcdhCurve::SeCp521) => {
                Err(failed(Rule::Curve))
            }
            _ => Ok(envelope),
        }
    }

    /// The ephemeral public key as it came, filled to 133 bytes.
    pub const fn ephemeral(&self) -> &[u8] {
        &self.ephemeral
    }

    /// The wrapped key.
    pub fn wrapped(&self) -> Wrapped<'_> {
        match (self.kind, self.wrapped.first_chunk(), self.wrapped.first_chunk()) {
            (EnvelopeKind::Secp521, Some(wrapped), _) => Wrapped::Secp521(wrapped),
            (EnvelopeKind::X448, _, Some(wrapped)) => Wrapped::X448(wrapped),
            _ => Wrapped::Tpm(&self.wrapped),
        }
    }
}

/// Copies bytes that fill `out`.
fn copy(bytes: &Bytes<'_>, out: &mut [u8]) -> Option<()> {
    (bytes.len() == out.len()).then(|| bytes.copy_to(out)).and_then(Result::ok).map(|_| ())
}

/// The 56 bytes of an X448 key. Sources disagree whether zeros, a further byte or nothing follows: zeros may.
pub(crate) fn x448_ephemeral<'o>(import: &ImportContract<'o>) -> Result<&'o [u8], Rule> {
    match import.ephemeral.split_at_checked(56) {
        Some((key, rest)) if rest.iter().all(|octet| *octet == 0) => Ok(key),
        _ => Err(Rule::EphemeralKey),
    }
}

/// A contract key between its envelope and a key store: for implementations of [`KeyStore`](crate::keystore::KeyStore)
/// alone. It belongs to the contract. No `Debug`, no `Clone`, erased when dropped.
pub struct ContractKey(Scalar);

impl ContractKey {
    /// Opens a wrapped key with the secret that the store agreed on, and checks that it belongs to the contract.
    ///
    /// # Errors
    /// [`Rule::WrappedTag`], [`Rule::KeyRange`], [`Rule::KeyMismatch`], or [`Rule::Algorithm`] for what is opaque here
    /// or whose feature or [setting](Ed448Fit) is off.
    pub fn open(secret: &Secret, import: &ImportContract<'_>) -> Result<Self, Rule> {
        #[cfg(feature = "p256")]
        if let Wrapped::Iso2(wrapped) = import.wrapped {
            return iso2::open(secret, wrapped, import);
        }
        Self::open_with(&import.unwrapping.kdf.derive(secret), import)
    }

    /// Opens a wrapped key with the session key that the store's device derived.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(session: &[u8; 32], import: &ImportContract<'_>) -> Result<Self, Rule> {
        let mut plain = Zeroizing::new([0; 66]);
        match (import.wrapped, import.unwrapping.ed448) {
            (Wrapped::Secp521(wrapped), _) => {
                open(session, wrapped, import.aad, plain.as_mut())?;
                Self::opened(plain.as_ref(), import)
            }
            (Wrapped::X448(wrapped), Ed448Fit::LastIsZero) => {
                let (key, _) = plain.split_at_mut(57);
                let (sent, _) = key.split_at_mut(56);
                open(session, wrapped, import.aad, sent)?;
                Self::belonging(Algorithm::Ed448, key, import)
            }
            (Wrapped::X448(_) | Wrapped::Tpm(_) | Wrapped::Iso2(_), _) => Err(Rule::Algorithm),
        }
    }

    /// Checks the P-521 key that the store's device has decrypted and authenticated; whoever holds it erases it.
    ///
    /// # Errors
    /// [`Rule::KeyRange`] or [`Rule::KeyMismatch`].
    pub fn opened(plain: &[u8], import: &ImportContract<'_>) -> Result<Self, Rule> {
        if plain.first().is_none_or(|first| first & 0xFE != 0) {
            return Err(Rule::KeyRange);
        }
        Self::belonging(Algorithm::P521, plain, import)
    }

    fn belonging(algorithm: Algorithm, key: &[u8], import: &ImportContract<'_>) -> Result<Self, Rule> {
        let scalar = Scalar::from_slice(algorithm, key)?;
        if scalar.belongs_to(&import.contract) { Ok(Self(scalar)) } else { Err(Rule::KeyMismatch) }
    }

    /// The number, big-endian, to be handed to the device and not to be kept.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    pub(crate) fn into_scalar(self) -> Scalar {
        self.0
    }
}

/// Decrypts into `plain`, which is left empty if the tag is wrong.
fn open(key: &[u8; 32], wrapped: &[u8], aad: &Aad, plain: &mut [u8]) -> Result<(), Rule> {
    let (nonce, rest) = wrapped.split_first_chunk::<12>().ok_or(Rule::WrappedLength)?;
    let (ciphertext, tag) = rest.split_last_chunk::<16>().ok_or(Rule::WrappedLength)?;
    if ciphertext.len() != plain.len() {
        return Err(Rule::WrappedLength);
    }
    plain.copy_from_slice(ciphertext);
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(nonce.into(), aad.as_bytes(), plain.into(), tag.into())
        .map_err(|_| Rule::WrappedTag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed independently from the description of the derivation.
    #[test]
    fn the_session_key_of_a_known_secret() {
        let bytes: [u8; 66] = core::array::from_fn(|index| index as u8);
        let secret = Secret::from_slice(&bytes).expect("66 bytes");
        let expected = [
            0x2d, 0x11, 0xb6, 0x90, 0x4b, 0xd3, 0xf7, 0xe7, 0xdf, 0xbd, 0x35, 0x1c, 0x59, 0x1e, 0x49, 0x77,
            0x09, 0xd9, 0x37, 0x20, 0xbd, 0x0c, 0x68, 0xfa, 0xea, 0x30, 0xdd, 0x21, 0xe8, 0x73, 0x18, 0x3e,
        ];
        assert_eq!(*Kdf::Sp800_56a.derive(&secret), expected);
        assert_ne!(*Kdf::X963.derive(&secret), expected);
    }
}
