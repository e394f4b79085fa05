//! Private keys in files: PKCS #8 in PEM, encrypted where there is a passphrase.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use pkcs8::der::Decode as _;
use pkcs8::der::oid::ObjectIdentifier;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, pkcs5::pbes2};
use sec1::EcPrivateKey;
use v2g_pki::Algorithm;
use v2g_pki::issue::PrivateKey;
use zeroize::Zeroizing;

use super::files;
use crate::failure::Failure;

/// Where the passphrase of private keys is: never on the command line, where everybody on the machine reads it.
#[derive(Clone, Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// A file whose first line is the passphrase of private keys. The variable V2G_PASSPHRASE does the same.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What private keys are encrypted with; erased when dropped.
pub(crate) struct Passphrase(Zeroizing<String>);

impl Passphrase {
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PassphraseArgs {
    /// The passphrase, if there is one.
    pub(crate) fn read(&self) -> Result<Option<Passphrase>, Failure> {
        let Some(path) = &self.passphrase_file else {
            let found = std::env::var("V2G_PASSPHRASE").ok().map(Zeroizing::new);
            return Ok(found.filter(|text| !text.is_empty()).map(Passphrase));
        };
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text =
            text.map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
        match text.lines().next().filter(|line| !line.is_empty()) {
            Some(line) => Ok(Some(Passphrase::new(line))),
            None => Err(Failure::failed(format!("{} has no passphrase", path.display()))),
        }
    }
}

const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");

/// A key as PKCS #8 in PEM; with a passphrase by PBES2: PBKDF2 with HMAC-SHA-256, 600 000 rounds, and AES-256-CBC.
pub(crate) fn to_pem(
    key: &PrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<String>, Failure> {
    let der = key.to_pkcs8();
    let Some(passphrase) = passphrase else {
        return Ok(Zeroizing::new(files::to_pem("PRIVATE KEY", &der)));
    };
    let encrypted =
        encrypt(&der, passphrase).ok_or_else(|| Failure::failed("the key cannot be encrypted"))?;
    Ok(Zeroizing::new(files::to_pem("ENCRYPTED PRIVATE KEY", &encrypted)))
}

fn encrypt(der: &[u8], passphrase: &Passphrase) -> Option<Vec<u8>> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv)).ok()?;
    let rounds = if cfg!(test) { 1000 } else { 600_000 };
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &salt, iv).ok()?;
    let key = PrivateKeyInfoRef::from_der(der).ok()?;
    let encrypted = key.encrypt_with_params(parameters, passphrase.as_str()).ok()?;
    Some(encrypted.as_bytes().to_vec())
}

/// Reads a private key: PKCS #8, encrypted or not, or the older form of OpenSSL for elliptic curves, as PEM or DER.
pub(crate) fn read(path: &Path, passphrase: Option<&Passphrase>) -> Result<PrivateKey, Failure> {
    let failed = |why: &str| Failure::failed(format!("{}: {why}", path.display()));
    let content = Zeroizing::new(files::read(path)?);
    let pem = std::str::from_utf8(&content).ok().filter(|text| text.contains("-----BEGIN "));
    let (label, der) = match pem {
        // Parameters of the curve may stand before it.
        Some(text) => {
            let start = text.match_indices("-----BEGIN ").map(|(at, _)| text.get(at..).unwrap_or_default());
            let block =
                start.into_iter().find(|rest| rest.lines().next().is_some_and(|l| l.contains("PRIVATE KEY")));
            let block = block.ok_or_else(|| failed("there is no private key in it"))?;
            if block.contains("Proc-Type:") {
                return Err(failed("the key is encrypted in the way of old versions of OpenSSL")
                    .advise("openssl pkcs8 -topk8 -in OLD -out NEW makes PKCS #8 of it"));
            }
            let (label, der) = pem_rfc7468::decode_vec(block.trim_end().as_bytes())
                .map_err(|error| failed(&format!("the PEM is damaged: {error}")))?;
            (label, Zeroizing::new(der))
        }
        None if EncryptedPrivateKeyInfoRef::from_der(&content).is_ok() => {
            ("ENCRYPTED PRIVATE KEY", content.clone())
        }
        None => ("PRIVATE KEY", content.clone()),
    };
    match label {
        "EC PRIVATE KEY" => curve_key(&der, None).ok_or_else(|| failed("it is no key of a curve of V2G")),
        "ENCRYPTED PRIVATE KEY" => {
            let passphrase = passphrase.ok_or_else(|| {
                failed("the key is encrypted")
                    .advise("give its passphrase by V2G_PASSPHRASE or --passphrase-file")
            })?;
            let info = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| failed("it is no PKCS #8"))?;
            let plain = info
                .decrypt(passphrase.as_str())
                .map_err(|_| failed("the passphrase is wrong, or the way of encryption is not supported"))?;
            info_key(plain.as_bytes()).ok_or_else(|| failed("it is no key of a curve of V2G"))
        }
        "PRIVATE KEY" => info_key(&der).ok_or_else(|| failed("it is no key of a curve of V2G")),
        other => Err(failed(&format!("{other} is not supported"))),
    }
}

/// PKCS #8 (RFC 5958, RFC 5915, RFC 8410).
fn info_key(der: &[u8]) -> Option<PrivateKey> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    if info.algorithm.oid == EC_PUBLIC_KEY {
        let curve = info.algorithm.parameters_oid().ok()?;
        return curve_key(info.private_key.as_bytes(), Some(curve));
    }
    let [0x04, 57, seed @ ..] = info.private_key.as_bytes() else { return None };
    (info.algorithm.oid == ED448).then(|| PrivateKey::from_bytes(Algorithm::Ed448, seed).ok())?
}

/// ECPrivateKey (RFC 5915); the curve stands in it or outside.
fn curve_key(der: &[u8], outside: Option<ObjectIdentifier>) -> Option<PrivateKey> {
    let key = EcPrivateKey::from_der(der).ok()?;
    let curve = key.parameters.and_then(sec1::EcParameters::named_curve).or(outside)?;
    let algorithm = match curve {
        SECP256R1 => Algorithm::P256,
        SECP384R1 => Algorithm::P384,
        SECP521R1 => Algorithm::P521,
        _ => return None,
    };
    // Some leave leading zeros away.
    let mut number = Zeroizing::new([0; 66]);
    let number = number.get_mut(..algorithm.private_len())?;
    let start = number.len().checked_sub(key.private_key.len())?;
    number.get_mut(start..)?.copy_from_slice(key.private_key);
    PrivateKey::from_bytes(algorithm, number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &PrivateKey, b: &PrivateKey) -> bool {
        a.algorithm() == b.algorithm() && a.expose() == b.expose()
    }

    #[test]
    fn keys_come_back_from_files() {
        let folder = std::env::temp_dir().join(format!("v2g-keys-{}", std::process::id()));
        let path = folder.join("key.pem");
        let passphrase = Passphrase::new("correct horse");
        for algorithm in Algorithm::ALL {
            let key = PrivateKey::from_seed(algorithm, &[3; 32], "file").expect("built in");
            for with in [None, Some(&passphrase)] {
                let pem = to_pem(&key, with).expect("encoded");
                files::write(&path, pem.as_bytes(), files::Access::Secret).expect("written");
                let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).expect("there"));
                assert_eq!(mode & 0o777, 0o600);
                assert!(same(&key, &read(&path, with).expect("read")));
                assert_eq!(pem.contains("ENCRYPTED"), with.is_some());
            }
            let refused = read(&path, None).err().expect("it is encrypted").to_string();
            assert!(refused.contains("the key is encrypted"), "{refused}");
            let refused = read(&path, Some(&Passphrase::new("wrong"))).err().expect("wrong").to_string();
            assert!(refused.contains("passphrase is wrong"), "{refused}");
        }
        fs::remove_dir_all(folder).expect("removed");
    }
}
