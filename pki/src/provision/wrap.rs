//! The provider's end: for back ends, tools and tests.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use zeroize::Zeroizing;

use crate::crypto::{Algorithm, Scalar};
use crate::error::Rule;
use crate::keystore::{KeyError, Random};
use crate::provision::{Aad, Kdf};

/// A contract key on its way: what goes into SignedInstallationData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `DHPublicKey`.
    pub ephemeral: [u8; 133],
    /// `SECP521_EncryptedPrivateKey`.
    pub wrapped: [u8; 94],
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
    let ephemeral = Scalar::generate(Algorithm::P521, |out| random.fill(out))?;
    let ephemeral = ephemeral.ok_or(KeyError::Unsupported)?;
    let key = kdf.derive(&ephemeral.agree(provisioning)?);

    let mut delivery = Delivery { ephemeral: [0; 133], wrapped: [0; 94] };
    ephemeral.public(&mut delivery.ephemeral)?;
    let mut nonce = [0; 12];
    random.fill(&mut nonce)?;
    let mut text = Zeroizing::new([0; 66]);
    text.copy_from_slice(plain.get(..66).ok_or(Rule::KeyRange)?);
    let tag = Aes256Gcm::new((&*key).into())
        .encrypt_inout_detached((&nonce).into(), aad.as_bytes(), text.as_mut_slice().into())
        .map_err(|_| Rule::WrappedLength)?;
    for (to, from) in delivery.wrapped.iter_mut().zip(nonce.iter().chain(text.iter()).chain(tag.iter())) {
        *to = *from;
    }
    Ok(delivery)
}
