//! A PKI in a folder, as `v2g pki new` writes it and as stations and vehicles read it (`--pki DIR`).
//!
//! ```text
//! DIR/pki.json                         what was made: edition, algorithm, day
//! DIR/roots/{v2g,oem,mo,private}/*.pem the roots that are trusted, by kind; several in a file count too
//! DIR/secc/                            the station: chain.pem (leaf first, no root) and key.pem
//! DIR/vehicle/  DIR/provisioning/      the vehicle, and the certificate with which it asks for contracts
//! DIR/cps/                             the certificate provisioning service
//! DIR/contracts/EMAID/                 contracts, each with chain.pem and key.pem
//! DIR/crl/*.crl                        revocation lists
//! DIR/ocsp/LABEL.ocsp                  OCSP responses; secc.ocsp is what a station staples
//! DIR/authorities/LABEL/               cert.pem and key.pem of roots, authorities and responders; revoked.txt
//! DIR/faults/NAME/                     the same again, with one thing wrong
//! ```
//!
//! A file `key.token` in the place of `key.pem` has the label of a key on a PKCS #11 token. Certificates may be PEM or DER.
//! A station needs no more than `roots`, `secc`, `crl` and `ocsp`; a vehicle `roots`, `vehicle`, `provisioning`, `contracts`.

use std::path::{Path, PathBuf};

use v2g_pki::issue::PrivateKey;
use v2g_pki::{Role, RootKind};

use super::files;
use super::keys::{self, Passphrase};
use crate::failure::Failure;

/// The kinds of roots with the names of their folders.
pub(crate) const ROOTS: [(RootKind, &str); 4] =
    [(RootKind::V2g, "v2g"), (RootKind::Oem, "oem"), (RootKind::Mo, "mo"), (RootKind::Private, "private")];

/// The folder of a role; contracts have one each below it.
pub(crate) const fn folder(role: Role) -> &'static str {
    match role {
        Role::Secc => "secc",
        Role::Vehicle => "vehicle",
        Role::Provisioning => "provisioning",
        Role::Cps => "cps",
        Role::Contract => "contracts",
        Role::Other => "other",
    }
}

/// Where a private key is.
pub(crate) enum Key {
    /// In a file, and now in memory.
    File(PrivateKey),
    /// On a token, under this label.
    Token(String),
}

/// A chain with its key.
pub(crate) struct Holder {
    /// Leaf first, without the root.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Its key, if it is here.
    pub(crate) key: Option<Key>,
}

/// A PKI in a folder.
pub(crate) struct Folder {
    path: PathBuf,
    passphrase: Option<Passphrase>,
}

impl Folder {
    /// Opens a folder; what is in it is read when it is asked for.
    pub(crate) fn open(path: &Path, passphrase: Option<Passphrase>) -> Result<Self, Failure> {
        if path.join("roots").is_dir() {
            return Ok(Self { path: path.to_owned(), passphrase });
        }
        Err(Failure::failed(format!("{} is no PKI: there are no roots in it", path.display()))
            .advise("v2g pki new DIR makes one"))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The roots, by kind.
    pub(crate) fn roots(&self) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
        let mut roots = Vec::new();
        for (kind, name) in ROOTS {
            for path in files::listed(&self.path.join("roots").join(name), &["pem", "der", "crt", "cer"])? {
                roots.extend(files::certificates(&path)?.into_iter().map(|der| (kind, der)));
            }
        }
        Ok(roots)
    }

    /// The holder of a role other than contracts, if there is one.
    pub(crate) fn holder(&self, role: Role) -> Result<Option<Holder>, Failure> {
        let path = self.path.join(folder(role));
        if path.join("chain.pem").is_file() { self.read(&path).map(Some) } else { Ok(None) }
    }

    /// All contracts, by eMAID.
    pub(crate) fn contracts(&self) -> Result<Vec<Holder>, Failure> {
        let folder = self.path.join(folder(Role::Contract));
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::failed(format!("cannot read {}: {error}", folder.display()))),
        };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.retain(|path| path.join("chain.pem").is_file());
        paths.sort();
        paths.iter().map(|path| self.read(path)).collect()
    }

    fn read(&self, path: &Path) -> Result<Holder, Failure> {
        let chain = files::certificates(&path.join("chain.pem"))?;
        let (file, token) = (path.join("key.pem"), path.join("key.token"));
        let key = if file.is_file() {
            Some(Key::File(keys::read(&file, self.passphrase.as_ref())?))
        } else if token.is_file() {
            let label = String::from_utf8_lossy(&files::read(&token)?).trim().to_owned();
            Some(Key::Token(label))
        } else {
            None
        };
        Ok(Holder { chain, key })
    }

    /// The revocation lists.
    pub(crate) fn crls(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.structures("crl", &["crl", "der", "pem"])
    }

    /// The OCSP responses.
    pub(crate) fn ocsp(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.structures("ocsp", &["ocsp", "der"])
    }

    /// The OCSP response about the leaf of a role, which a station staples.
    pub(crate) fn staple(&self, role: Role) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.path.join("ocsp").join(format!("{}.ocsp", folder(role)));
        if path.is_file() { files::read(&path).map(Some) } else { Ok(None) }
    }

    fn structures(&self, folder: &str, endings: &[&str]) -> Result<Vec<Vec<u8>>, Failure> {
        let mut all = Vec::new();
        for path in files::listed(&self.path.join(folder), endings)? {
            all.extend(files::blocks(&path)?.into_iter().map(|block| block.der));
        }
        Ok(all)
    }
}
