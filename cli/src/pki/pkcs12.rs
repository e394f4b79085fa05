//! A key with its chain in one file, PKCS #12, as browsers, Java and back ends take it.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey as StoredKey, PrivateKeyChain};
use v2g_pki::issue::PrivateKey;

use super::keys::Passphrase;
use crate::failure::Failure;

/// Rounds of the derivation from the passphrase.
const ROUNDS: u32 = 600_000;

/// Key, chain (leaf first) and root under a name, encrypted with AES-256.
pub(super) fn write(
    name: &str,
    key: &PrivateKey,
    chain: &[&[u8]],
    passphrase: &Passphrase,
) -> Result<Vec<u8>, Failure> {
    let failed = |error: p12_keystore::error::Error| Failure::failed(format!("PKCS #12 of {name}: {error}"));
    let pkcs8 = key.to_pkcs8();
    let stored = StoredKey::from_der(&pkcs8).map_err(failed)?;
    let certificates = chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>();
    let entry = PrivateKeyChain::new(name, stored, certificates.map_err(failed)?);
    let mut store = KeyStore::new();
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(entry));
    let writer = store.writer(passphrase.as_str());
    writer.encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write().map_err(failed)
}
