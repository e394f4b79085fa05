//! The folder layout of the common open stacks (Josev, and what is derived from it):
//!
//! ```text
//! DIR/iso15118_20/  or  DIR/iso15118_2/
//!   certs/           v2gRootCACert oemRootCACert moRootCACert, cpoSubCA1Cert cpoSubCA2Cert seccLeafCert, the same with
//!                    oem, mo (contractLeafCert) and cps; each as .pem or .der
//!   private_keys/    seccLeaf.key oemLeaf.key contractLeaf.key cpsLeaf.key, encrypted with the passphrase in
//!                    seccLeafPassword.txt and so on
//! ```
//!
//! There is one leaf of the manufacturer's, for TLS and for provisioning; ISO 15118-20 wants two. There are neither
//! revocation lists nor OCSP responses.

use std::path::{Path, PathBuf};

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use cbc::cipher::block_padding::Pkcs7;
use md5::{Digest as _, Md5};
use sec1::der::Decode as _;
use v2g_pki::{Algorithm, Certificate, RootKind};
use zeroize::Zeroizing;

use super::material::{Holder, Key, Material, Secret};
use crate::failure::Failure;

/// Where editions are, newest first. The older name is used for -20 too.
const EDITIONS: [&str; 2] = ["iso15118_20", "iso15118_2"];

/// Whether a folder has this layout.
pub(crate) fn recognises(folder: &Path) -> bool {
    edition(folder).is_some()
}

fn edition(folder: &Path) -> Option<PathBuf> {
    let editions = EDITIONS.iter().map(|name| folder.join(name));
    editions.chain([folder.to_owned()]).find(|edition| edition.join("certs").is_dir())
}

/// Reads the roots alone.
pub(crate) fn roots(folder: &Path) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
    Layout::of(folder)?.roots()
}

/// Reads everything that is there.
pub(crate) fn read(folder: &Path) -> Result<Material, Failure> {
    let layout = Layout::of(folder)?;
    let mut material = Material { roots: layout.roots()?, ..Material::default() };
    material.secc = layout.holder("secc", "cpo")?;
    material.vehicle = layout.holder("oem", "oem")?;
    material.cps = layout.holder("cps", "cps")?;
    material.contracts.extend(layout.holder("contract", "mo")?);
    // Contract keys are delivered under P-521 alone.
    material.provisioning =
        material.vehicle.as_ref().filter(|holder| holder.deliverable().is_some()).cloned();
    Ok(material)
}

struct Layout {
    certs: PathBuf,
    keys: PathBuf,
}

impl Layout {
    fn of(folder: &Path) -> Result<Self, Failure> {
        let edition = edition(folder).ok_or_else(|| {
            Failure::usage(format!(
                "{} is no folder of keys and certificates that is known",
                folder.display()
            ))
        })?;
        Ok(Self { certs: edition.join("certs"), keys: edition.join("private_keys") })
    }

    fn roots(&self) -> Result<Vec<(RootKind, Vec<u8>)>, Failure> {
        let mut roots = Vec::new();
        for (kind, prefix) in [(RootKind::V2g, "v2g"), (RootKind::Oem, "oem"), (RootKind::Mo, "mo")] {
            roots.extend(self.certificate(&format!("{prefix}RootCACert"))?.map(|der| (kind, der)));
        }
        Ok(roots)
    }

    /// A certificate, if there is one of that name.
    fn certificate(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let (der, pem) = (self.certs.join(format!("{name}.der")), self.certs.join(format!("{name}.pem")));
        let (path, found) = if der.is_file() {
            (der.clone(), read_file(&der)?)
        } else if pem.is_file() {
            (pem.clone(), decoded(&pem, &read_text(&pem)?)?.1.to_vec())
        } else {
            return Ok(None);
        };
        Certificate::parse(&found)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(Some(found))
    }

    /// The leaf of a role below its authorities, with its key, if there is one.
    fn holder(&self, leaf: &str, authority: &str) -> Result<Option<Holder>, Failure> {
        let Some(certificate) = self.certificate(&format!("{leaf}LeafCert"))? else { return Ok(None) };
        let mut chain = vec![certificate];
        for level in [2, 1] {
            chain.extend(self.certificate(&format!("{authority}SubCA{level}Cert"))?);
        }
        let path = self.keys.join(format!("{leaf}Leaf.key"));
        let password = self.keys.join(format!("{leaf}LeafPassword.txt"));
        let password = if password.is_file() { Some(read_text(&password)?) } else { None };
        let password = password.as_deref().map(|text| text.trim());
        Ok(Some(Holder { chain, key: Key::Here(private_key(&path, password)?) }))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))
}

fn read_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))
}

/// The headers and the content of the last PEM block: parameters of a curve may stand before a key.
fn decoded<'t>(path: &Path, text: &'t str) -> Result<(Vec<&'t str>, Zeroizing<Vec<u8>>), Failure> {
    let damaged = || Failure::failed(format!("{}: the PEM is damaged", path.display()));
    let block = text.rfind("-----BEGIN ").and_then(|start| text.get(start..)).ok_or_else(damaged)?;
    let lines = || block.lines().map(str::trim);
    let headers: Vec<&str> = lines().filter(|line| line.contains(": ")).collect();
    // What encrypts in the old way stands in headers, which the PEM of today does not have.
    let plain = lines().filter(|line| !line.is_empty() && !line.contains(": "));
    let plain = Zeroizing::new(plain.flat_map(|line| [line, "\n"]).collect::<String>());
    let (_, der) = pem_rfc7468::decode_vec(plain.as_bytes()).map_err(|_| damaged())?;
    Ok((headers, Zeroizing::new(der)))
}

/// A private key in the form of OpenSSL for curves (RFC 5915), maybe encrypted in its old way.
fn private_key(path: &Path, password: Option<&str>) -> Result<Secret, Failure> {
    let failed = |why: &str| Failure::failed(format!("{}: {why}", path.display()));
    let text = read_text(path)?;
    if !text.contains("BEGIN EC PRIVATE KEY") {
        return Err(failed("not a private key as OpenSSL writes it for curves"));
    }
    let (headers, content) = decoded(path, &text)?;
    let method = headers.iter().find_map(|header| header.strip_prefix("DEK-Info: "));
    let der = match method {
        None => content,
        Some(method) => {
            let password =
                password.ok_or_else(|| failed("the key is encrypted and there is no passphrase"))?;
            decrypt(method, password, &content)
                .ok_or_else(|| failed("the passphrase is wrong, or the encryption is none that is known"))?
        }
    };
    secret(&der).ok_or_else(|| failed("not a key of a curve that V2G has"))
}

/// OpenSSL's old way: AES in CBC mode under MD5 of passphrase and salt, which is the beginning of the initial vector.
fn decrypt(method: &str, password: &str, content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (cipher, iv) = method.split_once(',')?;
    let iv: [u8; 16] = crate::input::hex(iv).ok()?.try_into().ok()?;
    let mut key = Zeroizing::new([0_u8; 32]);
    let mut last: Option<[u8; 16]> = None;
    for place in key.chunks_mut(16) {
        let mut hash = Md5::new();
        if let Some(last) = last {
            hash.update(last);
        }
        hash.update(password.as_bytes());
        hash.update(&iv[..8]);
        let digest: [u8; 16] = hash.finalize().into();
        place.copy_from_slice(&digest);
        last = Some(digest);
    }
    let mut buffer = Zeroizing::new(content.to_vec());
    let len = match cipher {
        "AES-256-CBC" => cbc::Decryptor::<aes::Aes256>::new_from_slices(key.as_ref(), &iv)
            .ok()?
            .decrypt_padded::<Pkcs7>(&mut buffer)
            .ok()?
            .len(),
        "AES-128-CBC" => cbc::Decryptor::<aes::Aes128>::new_from_slices(&key[..16], &iv)
            .ok()?
            .decrypt_padded::<Pkcs7>(&mut buffer)
            .ok()?
            .len(),
        _ => return None,
    };
    buffer.truncate(len);
    Some(buffer)
}

fn secret(der: &[u8]) -> Option<Secret> {
    let key = sec1::EcPrivateKey::from_der(der).ok()?;
    let algorithm = match key.parameters?.named_curve()?.to_string().as_str() {
        "1.2.840.10045.3.1.7" => Algorithm::P256,
        "1.3.132.0.35" => Algorithm::P521,
        _ => return None,
    };
    // Some leave leading zeros away.
    let missing = algorithm.private_len().checked_sub(key.private_key.len())?;
    let number = std::iter::repeat_n(0, missing).chain(key.private_key.iter().copied());
    Some(Secret { algorithm, number: Zeroizing::new(number.collect()) })
}

#[cfg(test)]
mod tests {
    use pem_rfc7468::LineEnding;
    use sec1::der::Encode as _;
    use sec1::der::oid::ObjectIdentifier;
    use v2g_pki::issue::{Branch, Entity, Hierarchy, Plan};
    use v2g_pki::{Edition, Policy};

    use super::*;
    use crate::credentials::{Holds, Keyring};

    /// Keys that OpenSSL made and encrypted with `12345`, and how they begin.
    const KEYS: [(&str, [u8; 4]); 2] = [
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
             DEK-Info: AES-128-CBC,968A563CD6EFDF1297397844078B5DE0\n\n\
             JYb8hWtyxOjyQHotKKQmd51oorDepg666keZDkB1PxU2qw4iLykXEFZ3rjv8Z8jU\n\
             GiMEqkcPk5itVLYWB1o72/fggbbyXHiwfyJFzepb5dpl6GOTKC8FwDyE1Y+IIw4L\n\
             KppqINWpdnRd+lV+AqFvdc1ttMcqS40Byjs/tzqxCcU=\n-----END EC PRIVATE KEY-----\n",
            [0x93, 0x81, 0xa3, 0x8f],
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
             DEK-Info: AES-256-CBC,696DDB3325AB4CE92A713ABD96164D98\n\n\
             3aN/Iw6HO9mA3wjlNMbv6gOi1zYMX0VQU5TEXyHFWdlS1lBu7zmobb+/Z6log8Fo\n\
             YLnHQL2DEkG+PbFKNfnnrA29fIbo/n99btYAxMFbFCp1IXnc9G3MbaWTs/2yfx+F\n\
             QvlNgDI65sZ2byHkC+GOThd1ZnXXKVAD1oPNz9udVCs=\n-----END EC PRIVATE KEY-----\n",
            [0xe0, 0x95, 0xb5, 0x01],
        ),
    ];

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("v2g-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn keys_that_openssl_encrypted_in_its_old_way_are_read() {
        let folder = folder("old-keys");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.key");
        for (pem, start) in KEYS {
            std::fs::write(&path, pem).unwrap();
            let key = private_key(&path, Some("12345")).unwrap();
            assert_eq!((key.algorithm, &key.number[..4]), (Algorithm::P256, &start[..]));
            assert_eq!(key.number.len(), 32);
            for (password, words) in [(Some("1234"), "passphrase is wrong"), (None, "no passphrase")] {
                let refused = private_key(&path, password).unwrap_err().to_string();
                assert!(refused.contains(words), "{refused}");
            }
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// A PKI with P-521 in this layout, keys as they are.
    fn write(hierarchy: &Hierarchy, folder: &Path) {
        let edition = folder.join("iso15118_20");
        let (certs, keys) = (edition.join("certs"), edition.join("private_keys"));
        std::fs::create_dir_all(&certs).unwrap();
        std::fs::create_dir_all(&keys).unwrap();
        let put = |name: String, entity: Entity| {
            let pem =
                pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, hierarchy.certificate(entity));
            std::fs::write(certs.join(format!("{name}Cert.pem")), pem.unwrap()).unwrap();
        };
        for (prefix, kind) in [("v2g", RootKind::V2g), ("oem", RootKind::Oem), ("mo", RootKind::Mo)] {
            put(format!("{prefix}RootCA"), Entity::Root(kind));
        }
        for (prefix, branch) in
            [("cpo", Branch::Cpo), ("oem", Branch::Oem), ("mo", Branch::Mo), ("cps", Branch::Cps)]
        {
            put(format!("{prefix}SubCA1"), Entity::Upper(branch));
            put(format!("{prefix}SubCA2"), Entity::Lower(branch));
        }
        for (name, entity) in [
            ("secc", Entity::Secc),
            ("oem", Entity::Vehicle),
            ("contract", Entity::Contract(0)),
            ("cps", Entity::Cps),
        ] {
            put(format!("{name}Leaf"), entity);
            let der = sec1::EcPrivateKey {
                private_key: hierarchy.get(entity).unwrap().key.expose(),
                parameters: Some(ObjectIdentifier::new_unwrap("1.3.132.0.35").into()),
                public_key: None,
            };
            let pem = pem_rfc7468::encode_string("EC PRIVATE KEY", LineEnding::LF, &der.to_der().unwrap());
            std::fs::write(keys.join(format!("{name}Leaf.key")), pem.unwrap()).unwrap();
        }
    }

    #[test]
    fn a_folder_has_what_each_end_needs() {
        let folder = folder("layout");
        assert!(!recognises(&folder));
        let start = crate::credentials::now().plus(-86_400);
        let hierarchy = Hierarchy::new(Plan::new([4; 32], start)).unwrap();
        write(&hierarchy, &folder);
        assert!(recognises(&folder));
        let material = read(&folder).unwrap();
        assert_eq!((material.roots.len(), material.contracts.len()), (3, 1));
        let chain = hierarchy.chain(Entity::Secc);
        assert_eq!(material.secc.as_ref().unwrap().chain, chain);
        let policy = Policy::lab(Edition::Y2022);
        let ring = Keyring::memory();
        let station = material.station(policy, &ring).unwrap();
        let vehicle = material.vehicle(policy, Holds::Contract, &ring).unwrap();
        assert!(station.provider.is_some(), "P-521 contracts can be delivered");
        assert_eq!(vehicle.vehicle.name(), Some("WMIV1234567890ABCDEX"));
        assert_eq!(vehicle.contracts.len(), 1);
        std::fs::remove_file(folder.join("iso15118_20/private_keys/seccLeaf.key")).unwrap();
        let missing = read(&folder).unwrap_err().to_string();
        assert!(missing.contains("seccLeaf.key"), "{missing}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
