//! What ends a link.

use std::io;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use thiserror::Error;

use crate::hello::HelloError;
use crate::refusal::{self, Refusal};

/// Why there is no link, or no longer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came first is no ClientHello.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// We do not trust the peer's certificate.
    #[error("the peer's certificate is refused: {0}")]
    Refused(Refusal),
    /// The peer has no certificate.
    #[error("the peer presents no certificate")]
    NoCertificate,
    /// The signature by which the peer shows that it has the key does not hold.
    #[error("the peer does not hold the key of its certificate")]
    NoPossession,
    /// There is no version, suite, group or signature scheme in common.
    #[error("nothing in common with the peer: {0:?}")]
    Incompatible(PeerIncompatible),
    /// The peer ended the link with an alert: it refused our certificate, for example.
    #[error("the peer ends the link: {0:?}")]
    Alert(AlertDescription),
    /// The connection ended without a word: what was received last may be incomplete.
    #[error("the connection ended without close_notify")]
    Truncated,
    /// Anything else against the protocol.
    #[error(transparent)]
    Tls(rustls::Error),
}

impl Error {
    /// Takes an error of rustls and the reason for it that our verifier left.
    pub(crate) fn from_rustls(error: rustls::Error) -> Self {
        Self::with(error, refusal::take())
    }

    /// As [`from_rustls`](Self::from_rustls), with the reason fetched before.
    pub(crate) fn with(error: rustls::Error, refusal: Option<Refusal>) -> Self {
        match (error, refusal) {
            (rustls::Error::InvalidCertificate(_), Some(refusal)) => Self::Refused(refusal),
            (rustls::Error::InvalidCertificate(CertificateError::BadSignature), None) => Self::NoPossession,
            (rustls::Error::NoCertificatesPresented, _) => Self::NoCertificate,
            (rustls::Error::PeerIncompatible(what), _) => Self::Incompatible(what),
            (rustls::Error::AlertReceived(alert), _) => Self::Alert(alert),
            (other, _) => Self::Tls(other),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(e) => e,
            Error::Truncated => Self::new(io::ErrorKind::UnexpectedEof, error),
            _ => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
