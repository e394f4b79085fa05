//! The delivery of ISO 15118-2: AES-128 in CBC without authentication. What was changed on its way is found out by the
//! comparison with the certificate alone.

use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherDecrypt as _, KeyInit as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{COUNTER, ContractKey, Kdf};
use crate::crypto::{Algorithm, Secret};
use crate::error::Rule;
use crate::keystore::ImportContract;

/// The session key: the first 16 bytes of SHA-256 over counter, secret and info.
fn derive(secret: &Secret) -> Zeroizing<[u8; 16]> {
    let mut hash = Sha256::new();
    hash.update(COUNTER);
    hash.update(secret.expose());
    hash.update(Kdf::INFO);
    let mut digest = Zeroizing::new([0_u8; 32]);
    let out: &mut [u8; 32] = &mut digest;
    hash.finalize_into(out.into());
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(digest.get(..16).unwrap_or_default());
    key
}

/// Opens initialization vector and two blocks.
pub(super) fn open(
    secret: &Secret,
    wrapped: &[u8; 48],
    import: &ImportContract<'_>,
) -> Result<ContractKey, Rule> {
    let cipher = Aes128::new((&*derive(secret)).into());
    let mut plain = Zeroizing::new([0_u8; 32]);
    let (before, after) = (wrapped.chunks_exact(16), wrapped.chunks_exact(16).skip(1));
    for ((to, block), previous) in plain.chunks_exact_mut(16).zip(after).zip(before) {
        to.copy_from_slice(block);
        let to: &mut [u8; 16] = to.try_into().map_err(|_| Rule::WrappedLength)?;
        cipher.decrypt_block(to.into());
        to.iter_mut().zip(previous).for_each(|(octet, mask)| *octet ^= mask);
    }
    ContractKey::belonging(Algorithm::P256, plain.as_ref(), import)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed independently from the description of the derivation.
    #[test]
    fn the_session_key_of_a_known_secret() {
        let bytes: [u8; 32] = core::array::from_fn(|index| index as u8);
        let secret = Secret::from_slice(&bytes).expect("32 bytes");
        let expected =
            [0x47, 0x7b, 0x60, 0x18, 0xce, 0xd0, 0x6f, 0x1f, 0xeb, 0xd5, 0xe7, 0xf8, 0x67, 0x63, 0xb4, 0x5d];
        assert_eq!(*derive(&secret), expected);
    }
}
