//! The provider's end: for back ends, tools and tests.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use zeroize::Zeroizing;

use crate::crypto::{Algorithm, Scalar, Secret, XScalar};
use crate::error::Rule;
use crate::keystore::{KeyError, Random};
use crate::provision::{Aad, Kdf};

/// A contract key on its way, wrapped in `N` bytes: what goes into SignedInstallationData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<const N: usize = 94> {
    /// `DHPublicKey`, filled with zeros.
    pub ephemeral: [u8; 133],
    /// `SECP521_EncryptedPrivateKey` or `X448_EncryptedPrivateKey`.
    pub wrapped: [u8; N],
}

/// Wraps a P-521 contract key (66 bytes) for the provisioning key of a vehicle.
///
/// # Errors
/// [`KeyError::NoRandomness`], or either key is none of the curve.
pub fn wrap(
    contract: &[u8],
    provisioning: &[u8],
    aad: &Aad,
    kdf: Kdf,
    random: &mut dyn Random,
) -> Result<Delivery, KeyError> {
    let contract = Scalar::from_slice(Algorithm::P521, contract)?;
    seal(contract.expose(), provisioning, aad, kdf, random)
}

/// Wraps any 66 bytes, for tests: what is no key has to be refused too.
///
/// # Errors
/// As [`wrap`].
pub fn seal(
    plain: &[u8],
    provisioning: &[u8],
    aad: &Aad,
    kdf: Kdf,
    random: &mut dyn Random,
) -> Result<Delivery, KeyError> {
    let key = Scalar::generate(Algorithm::P521, |out| random.fill(out))?;
    let key = key.ok_or(KeyError::Unsupported)?;
    let mut ephemeral = [0; 133];
    key.public(&mut ephemeral)?;
    let wrapped = encrypt::<66, _>(plain, &key.agree(provisioning)?, aad, kdf, random)?;
    Ok(Delivery { ephemeral, wrapped })
}

/// Wraps an Ed448 contract key (57 bytes, the last one zero) for the X448 provisioning key (56 bytes) of a vehicle that
/// opens it with [`Ed448Fit::LastIsZero`](super::Ed448Fit::LastIsZero).
///
/// # Errors
/// As [`wrap`]; [`KeyError::Unsupported`] without the feature `curve448`.
pub fn wrap_x448(
    contract: &[u8],
    provisioning: &[u8],
    aad: &Aad,
    kdf: Kdf,
    random: &mut dyn Random,
) -> Result<Delivery<84>, KeyError> {
    let contract = Scalar::from_slice(Algorithm::Ed448, contract)?;
    let (last, sent) = contract.expose().split_last().ok_or(Rule::KeyRange)?;
    if *last != 0 {
        return Err(Rule::KeyRange.into());
    }
    let mut number = Zeroizing::new([0; 56]);
    random.fill(number.as_mut())?;
    let key = XScalar::from_slice(number.as_ref())?;
    let mut ephemeral = [0; 133];
    key.public(&mut ephemeral)?;
    let wrapped = encrypt::<56, _>(sent, &key.agree(provisioning)?, aad, kdf, random)?;
    Ok(Delivery { ephemeral, wrapped })
}

/// Nonce, ciphertext of `PLAIN` bytes, tag.
fn encrypt<const PLAIN: usize, const N: usize>(
    plain: &[u8],
    secret: &Secret,
    aad: &Aad,
    kdf: Kdf,
    random: &mut dyn Random,
) -> Result<[u8; N], KeyError> {
    const { assert!(N == 12 + PLAIN + 16) };
    let mut nonce = [0; 12];
    random.fill(&mut nonce)?;
    let mut text = Zeroizing::new([0; PLAIN]);
    text.copy_from_slice(plain.get(..PLAIN).ok_or(Rule::KeyRange)?);
    let tag = Aes256Gcm::new((&*kdf.derive(secret)).into())
        .encrypt_inout_detached((&nonce).into(), aad.as_bytes(), text.as_mut_slice().into())
        .map_err(|_| Rule::WrappedLength)?;
    let mut wrapped = [0; N];
    for (to, from) in wrapped.iter_mut().zip(nonce.iter().chain(text.iter()).chain(tag.iter())) {
        *to = *from;
    }
    Ok(wrapped)
}
