//! Peers made of plain rustls with a chosen selection of our provider: ends that are not ours.

use std::sync::Arc;

use v2g_pki::Algorithm;
use v2g_pki::issue::{Entity, Hierarchy};
use v2g_tls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use v2g_tls::rustls::client::{ClientConnection, ResolvesClientCert};
use v2g_tls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use v2g_tls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use v2g_tls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use v2g_tls::rustls::server::{ClientHello, ResolvesServerCert, ServerConnection};
use v2g_tls::rustls::sign::{CertifiedKey, Signer, SigningKey};
use v2g_tls::rustls::{
    self, CipherSuite, ClientConfig, Connection, DigitallySignedStruct, DistinguishedName, NamedGroup,
    ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedCipherSuite,
};
use v2g_tls::{Error, Profile};

use super::{ADDRESS, End, chain};

/// What a foreign end offers.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl Offer {
    /// Everything that the lab profile has.
    pub(crate) fn all() -> Self {
        let provider = Profile::Lab.provider();
        Self {
            suites: provider.cipher_suites.iter().map(SupportedCipherSuite::suite).collect(),
            groups: provider.kx_groups.iter().map(|group| group.name()).collect(),
            schemes: Profile::Lab.schemes().iter().map(|scheme| scheme.to_rustls()).collect(),
        }
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = CryptoProvider::clone(&Profile::Lab.provider());
        let all = provider.kx_groups.clone();
        let group =
            |name: &NamedGroup| all.iter().copied().find(|group| group.name() == *name).expect("a group");
        provider.kx_groups = self.groups.iter().map(group).collect();
        let all = provider.cipher_suites.clone();
        let suite =
            |id: &CipherSuite| all.iter().copied().find(|suite| suite.suite() == *id).unwrap_or(AES_128);
        provider.cipher_suites = self.suites.iter().map(suite).collect();
        Arc::new(provider)
    }
}

/// A suite by name only: nobody gets as far as to encrypt with it.
const AES_128: SupportedCipherSuite = SupportedCipherSuite::Tls13(&nothing::AES_128);

/// A peer that trusts anybody, and says what it was told to say.
pub(crate) struct Foreign(pub(crate) Connection);

impl Foreign {
    pub(crate) fn client(offer: &Offer, identity: Option<(&Hierarchy, Entity)>) -> Self {
        let config = ClientConfig::builder_with_provider(offer.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(offer.schemes.clone())))
            .with_client_cert_resolver(Arc::new(Identity(identity.map(certified))));
        let name = ServerName::IpAddress(ADDRESS.into());
        Self(ClientConnection::new(Arc::new(config), name).unwrap().into())
    }

    pub(crate) fn server(offer: &Offer, identity: (&Hierarchy, Entity)) -> Self {
        Self::serving(offer, certified(identity))
    }

    /// With the key of somebody, and any chain and staple.
    pub(crate) fn server_with(
        offer: &Offer,
        identity: (&Hierarchy, Entity),
        chain: Vec<Vec<u8>>,
        staple: Option<Vec<u8>>,
    ) -> Self {
        let mut certified = CertifiedKey::clone(&certified(identity));
        certified.cert = chain.into_iter().map(CertificateDer::from).collect();
        certified.ocsp = staple;
        Self::serving(offer, Arc::new(certified))
    }

    fn serving(offer: &Offer, certified: Arc<CertifiedKey>) -> Self {
        let config = ServerConfig::builder_with_provider(offer.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(Arc::new(Anybody(offer.schemes.clone())))
            .with_cert_resolver(Arc::new(Identity(Some(certified))));
        Self(ServerConnection::new(Arc::new(config)).unwrap().into())
    }
}

impl End for Foreign {
    fn send(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut sent).unwrap();
        }
        sent
    }

    fn receive(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            self.0.read_tls(&mut bytes).unwrap();
            self.0.process_new_packets().map_err(|e| match e {
                rustls::Error::AlertReceived(alert) => Error::Alert(alert),
                rustls::Error::PeerIncompatible(what) => Error::Incompatible(what),
                other => Error::Tls(other),
            })?;
        }
        Ok(())
    }
}

fn certified((hierarchy, entity): (&Hierarchy, Entity)) -> Arc<CertifiedKey> {
    let certificates = chain(hierarchy, entity).into_iter().map(CertificateDer::from).collect();
    let key = &hierarchy.get(entity).unwrap().key;
    let scheme = match key.algorithm() {
        Algorithm::P521 => SignatureScheme::ECDSA_NISTP521_SHA512,
        Algorithm::Ed448 => SignatureScheme::ED448,
        _ => SignatureScheme::ECDSA_NISTP256_SHA256,
    };
    let (seed, label) = (key.expose().to_vec(), key.algorithm());
    Arc::new(CertifiedKey::new(certificates, Arc::new(Plain { scheme, key: seed, algorithm: label })))
}

/// A key in the open, signing by another way than the key store.
#[derive(Clone, Debug)]
struct Plain {
    scheme: SignatureScheme,
    key: Vec<u8>,
    algorithm: Algorithm,
}

impl SigningKey for Plain {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.scheme).then(|| Box::new(self.clone()) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        if self.algorithm == Algorithm::Ed448 { SignatureAlgorithm::ED448 } else { SignatureAlgorithm::ECDSA }
    }
}

impl Signer for Plain {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        use p521::ecdsa::signature::Signer as _;
        Ok(match self.algorithm {
            Algorithm::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(&self.key).unwrap();
                let signature: p521::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&self.key).unwrap();
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            #[cfg(feature = "curve448")]
            Algorithm::Ed448 => {
                let key = ed448_goldilocks::SigningKey::try_from(self.key.as_slice()).unwrap();
                key.sign_raw(message).to_bytes().to_vec()
            }
            other => panic!("{other:?} is not built in"),
        })
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

#[derive(Debug)]
struct Identity(Option<Arc<CertifiedKey>>);

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Trusts anybody who has the key of the certificate; rustls's own way of checking that, over our algorithms.
#[derive(Debug)]
struct Anybody(Vec<SignatureScheme>);

fn algorithms() -> WebPkiSupportedAlgorithms {
    Profile::Lab.provider().signature_verification_algorithms
}

fn no_1_2() -> Result<HandshakeSignatureValid, rustls::Error> {
    Err(rustls::Error::General("no TLS 1.2".into()))
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_1_2()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_1_2()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

/// Parts of a suite that is offered and never used.
mod nothing {
    use v2g_tls::rustls::crypto::CipherSuiteCommon;
    use v2g_tls::rustls::crypto::cipher::{
        AeadKey, Iv, MessageDecrypter, MessageEncrypter, Tls13AeadAlgorithm, UnsupportedOperationError,
    };
    use v2g_tls::rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
    use v2g_tls::rustls::crypto::hmac::{Hmac, Key};
    use v2g_tls::rustls::crypto::tls13::HkdfUsingHmac;
    use v2g_tls::rustls::{CipherSuite, ConnectionTrafficSecrets, Tls13CipherSuite};

    pub(super) static AES_128: Tls13CipherSuite = Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
            hash_provider: &Nothing,
            confidentiality_limit: 1,
        },
        hkdf_provider: &HkdfUsingHmac(&Nothing),
        aead_alg: &Nothing,
        quic: None,
    };

    struct Nothing;

    impl Hash for Nothing {
        fn start(&self) -> Box<dyn Context> {
            unreachable!("the suite is never agreed on")
        }

        fn hash(&self, _: &[u8]) -> Output {
            unreachable!("the suite is never agreed on")
        }

        fn output_len(&self) -> usize {
            32
        }

        fn algorithm(&self) -> HashAlgorithm {
            HashAlgorithm::SHA256
        }
    }

    impl Hmac for Nothing {
        fn with_key(&self, _: &[u8]) -> Box<dyn Key> {
            unreachable!("the suite is never agreed on")
        }

        fn hash_output_len(&self) -> usize {
            32
        }
    }

    impl Tls13AeadAlgorithm for Nothing {
        fn encrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageEncrypter> {
            unreachable!("the suite is never agreed on")
        }

        fn decrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageDecrypter> {
            unreachable!("the suite is never agreed on")
        }

        fn key_len(&self) -> usize {
            16
        }

        fn extract_keys(
            &self,
            _: AeadKey,
            _: Iv,
        ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
            Err(UnsupportedOperationError)
        }
    }
}
