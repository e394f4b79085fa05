//! The two suites of ISO 15118-20 [V2G20-2458, 2459].

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::{CipherSuite, SupportedCipherSuite, Tls13CipherSuite};

use super::aead::{AES_256_GCM, CHACHA20_POLY1305};
use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};

pub(super) const AES_256_GCM_SHA384: SupportedCipherSuite =
    SupportedCipherSuite::Tls13(&TLS13_AES_256_GCM_SHA384);
pub(super) const CHACHA20_POLY1305_SHA256: SupportedCipherSuite =
    SupportedCipherSuite::Tls13(&TLS13_CHACHA20_POLY1305_SHA256);

static TLS13_AES_256_GCM_SHA384: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_256_GCM_SHA384,
        hash_provider: &SHA384,
        // Records under one key before an attacker gains 2^-60, draft-irtf-cfrg-aead-limits, 5.1.1.
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA384),
    aead_alg: &AES_256_GCM,
    quic: None,
};

static TLS13_CHACHA20_POLY1305_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: u64::MAX,
    },
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA256),
    aead_alg: &CHACHA20_POLY1305,
    quic: None,
};
