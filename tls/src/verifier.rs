//! The seam towards path validation: who decides whether a peer's chain is trusted.

use core::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use v2g_pki::Certificate;

use crate::profile::Profile;
use crate::provider::verify::verify;
use crate::refusal::{Alert, Refusal};
use crate::scheme::Scheme;

/// What a peer is, by its end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerRole {
    /// A charging station (SECC), the TLS server.
    Station,
    /// A vehicle (EVCC), the TLS client.
    Vehicle,
}

/// A chain that a peer presents, unchecked.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// What the peer must be.
    pub role: PeerRole,
    /// The leaf and what came with it, in the order it came, each as DER.
    pub chain: &'a [&'a [u8]],
    /// The OCSP response for the leaf that was stapled: from stations only, and of their chain the only one that
    /// rustls hands on. The status of the authorities between has to come from lists or from a cache.
    pub staple: Option<&'a [u8]>,
    /// The time, seconds since 1970.
    pub now: u64,
}

/// Decides about chains. [`PathVerifier`](crate::PathVerifier) is the one that `v2g-pki` stands behind; a host may have
/// its own, one that asks a back end for example.
pub trait Verifier: Debug + Send + Sync {
    /// Checks path, roots for the role, profile and revocation. The signature of the handshake is checked elsewhere.
    ///
    /// # Errors
    /// The chain is refused: with the alert for the peer and the reason.
    fn verify(&self, presented: &Presented<'_>) -> Result<(), Refusal>;

    /// The names of the roots under which a peer of that role can be verified, in DER, for the peer to choose its
    /// chain by. List none that it could not be verified under, and few: each costs bytes of the handshake.
    fn root_names(&self, role: PeerRole) -> Vec<Vec<u8>>;
}

/// A [`Verifier`] as rustls wants it, for one role.
#[derive(Debug)]
pub(crate) struct Judge {
    verifier: Arc<dyn Verifier>,
    role: PeerRole,
    profile: Profile,
    hints: Vec<DistinguishedName>,
}

impl Judge {
    pub(crate) fn new(verifier: Arc<dyn Verifier>, role: PeerRole, profile: Profile) -> Self {
        let hints = verifier.root_names(role).into_iter().map(DistinguishedName::from).collect();
        Self { verifier, role, profile, hints }
    }

    /// Also for chains of sessions that are resumed: rustls does not verify those again.
    pub(crate) fn judge<'a>(
        &self,
        chain: impl Iterator<Item = &'a CertificateDer<'a>>,
        staple: &[u8],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let chain: Vec<&[u8]> = chain.map(AsRef::as_ref).collect();
        let staple = (!staple.is_empty()).then_some(staple);
        self.verifier.verify(&Presented { role: self.role, chain: &chain, staple, now: now.as_secs() })
    }

    fn signature(
        &self,
        message: &[u8],
        cert: &[u8],
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let scheme =
            Scheme::from_rustls(signed.scheme).filter(|scheme| self.profile.schemes().contains(scheme));
        let scheme = scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let leaf = Certificate::parse(cert).map_err(|e| Refusal::new(Alert::BadCertificate, e).raise())?;
        if leaf.key().algorithm().ok().and_then(Scheme::of) != Some(scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        verify(scheme, leaf.key().bits(), message, signed.signature())
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|_| Error::InvalidCertificate(rustls::CertificateError::BadSignature))
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.profile.schemes().iter().map(|scheme| scheme.to_rustls()).collect()
    }
}

/// TLS 1.2 is compiled out of rustls here, so that nobody asks for its signatures.
fn never_1_2() -> Error {
    Error::General("TLS 1.2 is not spoken here".into())
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = core::iter::once(end_entity).chain(intermediates);
        self.judge(chain, ocsp_response, now)
            .map(|()| ServerCertVerified::assertion())
            .map_err(Refusal::raise)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(never_1_2())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        // An empty extension is malformed (RFC 8446, 4.2.4).
        (!self.hints.is_empty()).then_some(&self.hints)
    }
}

impl ClientCertVerifier for Judge {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain = core::iter::once(end_entity).chain(intermediates);
        self.judge(chain, &[], now).map(|()| ClientCertVerified::assertion()).map_err(Refusal::raise)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(never_1_2())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
