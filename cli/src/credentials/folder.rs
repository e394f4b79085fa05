//! The folder layout of `v2g pki`, as both ends need it.

use std::path::Path;

use v2g_pki::{Certificate, Role, RootKind};
use zeroize::Zeroizing;

use super::material::{Holder, Key, Material, Secret};
use crate::failure::Failure;
use crate::pki;

/// Whether a folder has this layout.
pub(crate) fn recognises(folder: &Path) -> bool {
    folder.join("roots").is_dir()
}

/// Reads everything that is there.
pub(crate) fn read(folder: &Path, passphrase: Option<pki::Passphrase>) -> Result<Material, Failure> {
    let folder = pki::Folder::open(folder, passphrase)?;
    let role = |role| folder.holder(role)?.map(holder).transpose();
    let contracts: Result<Vec<_>, Failure> = folder.contracts()?.into_iter().map(holder).collect();
    Ok(Material {
        roots: folder.roots()?,
        secc: role(Role::Secc)?,
        vehicle: role(Role::Vehicle)?,
        provisioning: role(Role::Provisioning)?,
        cps: role(Role::Cps)?,
        contracts: contracts?,
        crls: folder.crls()?,
        ocsp: folder.ocsp()?,
        staple: folder.staple(Role::Secc)?,
    })
}

/// The roots alone.
pub(crate) fn roots(folder: &Path) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
    pki::Folder::open(folder, None)?.roots()
}

fn holder(found: pki::Holder) -> Result<Holder, Failure> {
    let pki::Holder { chain, key } = found;
    let key = match key {
        Some(pki::Key::File(key)) => {
            Key::Here(Secret { algorithm: key.algorithm(), number: Zeroizing::new(key.expose().to_vec()) })
        }
        Some(pki::Key::Token(label)) => Key::Token(label),
        None => {
            return Err(Failure::failed(format!("{} has neither key.pem nor key.token", name(&chain))));
        }
    };
    Ok(Holder { chain, key })
}

/// Whose chain it is.
fn name(chain: &[Vec<u8>]) -> String {
    let leaf = chain.first().and_then(|leaf| Certificate::parse(leaf).ok());
    leaf.map_or_else(|| "a certificate".to_owned(), |leaf| leaf.subject().to_string())
}
