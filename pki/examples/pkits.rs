//! Validates every end entity of NIST PKITS: `pkits FOLDER`, the folder with `certs` and `crls`. Prints a line of
//! JSON for each. Run by `conformance/run pkits`, which knows the verdicts.
//!
//! PKITS is signed with RSA, which V2G does not have: the verifier here is for this purpose alone. Chains of V2G come
//! in order, those of PKITS are to be found: every path by issuer names is tried, and one that is valid is enough.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use num_bigint::BigUint;
use sha2::{Digest as _, Sha256};
use v2g_pki::status::Evidence;
use v2g_pki::{
    Algorithm, Anchor, Certificate, Chain, KeyInfo, Policy, Role, RootKind, Rule, SignatureInfo, Time, Trust,
    Verifier, validate,
};

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2), as all of PKITS has it but for its tests of DSA.
struct Rsa;

const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
const DIGEST_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

impl Verifier for Rsa {
    fn check_key(&self, key: &KeyInfo<'_>) -> Result<Option<Algorithm>, Rule> {
        if key.algorithm_oid() == RSA_ENCRYPTION { Ok(None) } else { Err(Rule::Algorithm) }
    }

    fn verify(
        &self,
        key: &KeyInfo<'_>,
        algorithm: &SignatureInfo<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rule> {
        if key.algorithm_oid() != RSA_ENCRYPTION || algorithm.oid() != SHA256_WITH_RSA {
            return Err(Rule::Algorithm);
        }
        let (modulus, exponent) = numbers(key.bits()).ok_or(Rule::PublicKey)?;
        let length = usize::try_from(modulus.bits().div_ceil(8)).map_err(|_| Rule::PublicKey)?;
        let digest = Sha256::digest(message);
        let mut expected = vec![0x00, 0x01];
        expected.resize(length - DIGEST_INFO.len() - digest.len() - 1, 0xFF);
        expected.push(0x00);
        expected.extend(DIGEST_INFO);
        expected.extend(digest);
        let opened = BigUint::from_bytes_be(signature).modpow(&exponent, &modulus);
        let holds = signature.len() == length && opened == BigUint::from_bytes_be(&expected);
        if holds { Ok(()) } else { Err(Rule::CertificateSignature) }
    }

    fn verify_fixed(&self, _: &KeyInfo<'_>, _: &[u8], _: &[u8]) -> Result<(), Rule> {
        Err(Rule::SignatureAlgorithm)
    }
}

/// Modulus and exponent of an RSAPublicKey.
fn numbers(der: &[u8]) -> Option<(BigUint, BigUint)> {
    fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
        let (found, rest) = der.split_first()?;
        let (length, rest) = match rest {
            [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
            [0x81, length, rest @ ..] | [length, rest @ ..] => (usize::from(*length), rest),
            [] => return None,
        };
        (*found == tag).then(|| rest.split_at_checked(length)).flatten()
    }
    let (inside, _) = element(der, 0x30)?;
    let (modulus, rest) = element(inside, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some((BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)))
}

/// All paths from `leaf` to the anchor, of at most eight certificates.
fn paths<'a>(
    path: &mut Vec<&'a [u8]>,
    pool: &[&'a [u8]],
    anchor: &Certificate<'_>,
    found: &mut Vec<Vec<&'a [u8]>>,
) {
    let Some(top) = path.last().and_then(|der| Certificate::parse(der).ok()) else {
        // What cannot be read is validated all the same, so that the rule is named.
        found.push(path.clone());
        return;
    };
    if top.issuer().matches(anchor.subject()) {
        found.push(path.clone());
    }
    if path.len() == v2g_pki::MAX_PATH {
        return;
    }
    for &der in pool {
        let issuer = Certificate::parse(der).is_ok_and(|other| other.subject().matches(top.issuer()));
        if issuer && !path.contains(&der) {
            path.push(der);
            paths(path, pool, anchor, found);
            path.pop();
        }
    }
}

fn folder(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    std::fs::read_dir(path)?
        .map(|entry| {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, std::fs::read(&path)?))
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os().nth(1).ok_or("usage: pkits FOLDER")?;
    let certificates = folder(&Path::new(&root).join("certs"))?;
    let crls = folder(&Path::new(&root).join("crls"))?;
    let anchor = certificates.get("TrustAnchorRootCertificate").ok_or("no trust anchor")?;
    let anchors = [Anchor::checked(RootKind::V2g, anchor, &Rsa)?];
    let anchor = Certificate::parse(anchor)?;
    let crls: Vec<&[u8]> = crls.values().map(Vec::as_slice).collect();
    let pool: Vec<&[u8]> = certificates
        .iter()
        .filter(|(name, _)| !name.ends_with("EE") && *name != "TrustAnchorRootCertificate")
        .map(|(_, der)| der.as_slice())
        .collect();
    let trust = Trust {
        anchors: &anchors,
        evidence: Evidence { crls: &crls, ..Evidence::default() },
        policy: Policy::default(),
        verifier: &Rsa,
        // The suite is from 2011.
        now: Time::from_date(2012, 1, 1).ok_or("a day")?,
    };
    for (name, leaf) in certificates.iter().filter(|(name, _)| name.ends_with("EE")) {
        let mut found = Vec::new();
        paths(&mut vec![leaf], &pool, &anchor, &mut found);
        let mut verdict = Err("no path".to_owned());
        for path in &found {
            let result = Chain::new(path).and_then(|chain| validate(&chain, Role::Other, &trust));
            match result {
                Ok(_) => verdict = Ok(()),
                Err(error) if verdict.is_err() => verdict = Err(error.to_string()),
                Err(_) => {}
            }
        }
        let why = verdict.clone().err().unwrap_or_default();
        println!(
            r#"{{"name": "{name}", "valid": {}, "paths": {}, "why": "{why}"}}"#,
            verdict.is_ok(),
            found.len()
        );
    }
    Ok(())
}
