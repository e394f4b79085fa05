//! The authorities of a PKI in a folder, what they issue, and what they have revoked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use v2g_pki::issue::{CrlPlan, OcspPlan, PrivateKey, Signer};
use v2g_pki::status::Status;
use v2g_pki::{Certificate, Role, Time};

use super::files::{self, Access};
use super::keys::{self, Passphrase};
use super::store::folder;
use crate::failure::Failure;

const DAY: i64 = 86_400;

/// A certificate of a PKI with its label.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) label: String,
    pub(super) der: Vec<u8>,
}

impl Known {
    pub(super) fn read(&self) -> Result<Certificate<'_>, Failure> {
        Certificate::parse(&self.der).map_err(|error| Failure::failed(format!("{}: {error}", self.label)))
    }
}

/// The authorities of a folder.
pub(super) struct Authorities<'p> {
    folder: PathBuf,
    passphrase: Option<&'p Passphrase>,
    all: Vec<Known>,
}

impl<'p> Authorities<'p> {
    pub(super) fn read(pki: &Path, passphrase: Option<&'p Passphrase>) -> Result<Self, Failure> {
        let folder = pki.join("authorities");
        let mut all = Vec::new();
        for path in subfolders(&folder)? {
            let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let der = files::certificates(&path.join("cert.pem"))?.swap_remove(0);
            all.push(Known { label, der });
        }
        if all.is_empty() {
            return Err(Failure::failed(format!(
                "{} has no authorities, so it cannot issue anything",
                pki.display()
            )));
        }
        Ok(Self { folder, passphrase, all })
    }

    /// Those that issue, not the responders.
    pub(super) fn issuers(&self) -> impl Iterator<Item = &Known> {
        self.all.iter().filter(|known| !known.label.ends_with("-ocsp"))
    }

    pub(super) fn by_label(&self, label: &str) -> Result<&Known, Failure> {
        let found = self.all.iter().find(|known| known.label == label);
        found.ok_or_else(|| Failure::failed(format!("there is no authority {label}")))
    }

    /// Who issued a certificate, by name and key identifier.
    pub(super) fn issuer_of(&self, certificate: &Certificate<'_>) -> Result<&Known, Failure> {
        let issued = |known: &&Known| {
            known.read().is_ok_and(|issuer| {
                let (wanted, has) = (certificate.extensions().authority_key, issuer.extensions().subject_key);
                certificate.issuer().matches(issuer.subject()) && (wanted.is_none() || wanted == has)
            })
        };
        self.issuers()
            .find(issued)
            .ok_or_else(|| Failure::failed("no authority here has issued the certificate"))
    }

    /// The authorities above a certificate up to, and without, the root.
    pub(super) fn above(&self, certificate: &Certificate<'_>) -> Result<Vec<&Known>, Failure> {
        let mut above: Vec<&Known> = Vec::new();
        let mut next = self.issuer_of(certificate)?;
        // Whoever certifies itself is a root; a ring of authorities is not followed for ever.
        while !next.read()?.is_self_issued() && above.len() < 8 {
            above.push(next);
            next = self.issuer_of(&next.read()?)?;
        }
        Ok(above)
    }

    pub(super) fn key(&self, label: &str) -> Result<PrivateKey, Failure> {
        keys::read(&self.folder.join(label).join("key.pem"), self.passphrase)
    }

    fn list(&self, label: &str) -> PathBuf {
        self.folder.join(label).join("revoked.txt")
    }

    /// Serial numbers that an authority has revoked.
    pub(super) fn revoked(&self, label: &str) -> Result<BTreeSet<Vec<u8>>, Failure> {
        let path = self.list(label);
        if !path.is_file() {
            return Ok(BTreeSet::new());
        }
        let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                from_hex(line)
                    .ok_or_else(|| Failure::failed(format!("{}: {line} is no number", path.display())))
            })
            .collect()
    }

    /// Revokes a certificate. False if it was revoked before.
    pub(super) fn revoke(&self, certificate: &Certificate<'_>) -> Result<bool, Failure> {
        let issuer = self.issuer_of(certificate)?;
        let mut revoked = self.revoked(&issuer.label)?;
        let new = revoked.insert(certificate.serial().to_vec());
        let text: String = revoked.iter().map(|serial| to_hex(serial) + "\n").collect();
        files::write(&self.list(&issuer.label), text.as_bytes(), Access::Public)?;
        Ok(new)
    }

    /// Writes the list of an authority anew.
    pub(super) fn write_crl(&self, issuer: &Known, now: Time, days: u16) -> Result<(), Failure> {
        let plan = CrlPlan {
            revoked: self.revoked(&issuer.label)?.into_iter().collect(),
            this_update: now,
            next_update: now.plus(i64::from(days) * DAY),
            number: u64::try_from(now.unix()).unwrap_or(0),
        };
        let list = plan.sign(&issuer.read()?, &self.key(&issuer.label)?);
        let path = self.pki().join("crl").join(format!("{}.crl", issuer.label));
        files::write(&path, &list, Access::Public)
    }

    /// Writes the OCSP response about a certificate anew, by the responder of its issuer where there is one.
    pub(super) fn write_ocsp(&self, about: &Known, now: Time) -> Result<(), Failure> {
        let certificate = about.read()?;
        let issuer = self.issuer_of(&certificate)?;
        let is_revoked = self.revoked(&issuer.label)?.contains(certificate.serial());
        let plan = OcspPlan {
            status: if is_revoked { Status::Revoked } else { Status::Good },
            this_update: now,
            next_update: Some(now.plus(6 * DAY)),
            nonce: None,
        };
        let responder = issuer.label.replace("-sub-ca2", "-ocsp");
        let delegate = self.all.iter().find(|known| known.label == responder && known.label != issuer.label);
        let key = self.key(delegate.map_or(&issuer.label, |known| &known.label))?;
        let signer = match delegate {
            Some(known) => Signer::Delegate(&known.der, &key),
            None => Signer::Issuer(&key),
        };
        let response = plan.sign(&certificate, &issuer.read()?, &signer);
        let path = self.pki().join("ocsp").join(format!("{}.ocsp", about.label));
        files::write(&path, &response, Access::Public)
    }

    fn pki(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Every certificate of the folder whose status can be asked: leaves and authorities below roots.
    pub(super) fn certified(&self) -> Result<Vec<Known>, Failure> {
        let mut all = Vec::new();
        for role in [Role::Secc, Role::Vehicle, Role::Provisioning, Role::Cps] {
            let path = self.pki().join(folder(role));
            all.extend(leaf(&path, folder(role).to_owned())?);
        }
        for path in subfolders(&self.pki().join(folder(Role::Contract)))? {
            let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            all.extend(leaf(&path, label)?);
        }
        for known in self.issuers() {
            if !known.read()?.is_self_issued() {
                all.push(known.clone());
            }
        }
        Ok(all)
    }
}

fn leaf(folder: &Path, label: String) -> Result<Option<Known>, Failure> {
    let path = folder.join("chain.pem");
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(Known { label, der: files::certificates(&path)?.swap_remove(0) }))
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::failed(format!("cannot read {}: {error}", folder.display()))),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    Ok(paths)
}

pub(super) fn to_hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect())
}
