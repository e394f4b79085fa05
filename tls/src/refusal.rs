//! Why a peer's certificate is refused, and the alert that says so.

use std::cell::Cell;
use std::error::Error as StdError;
use std::sync::Arc;

use rustls::{CertificateError, OtherError};
use thiserror::Error;

/// Alerts that refuse a certificate (RFC 8446, 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alert {
    /// `bad_certificate`: malformed, or with a signature that does not hold.
    BadCertificate,
    /// `unsupported_certificate`: of another role or with uses that do not fit.
    UnsupportedCertificate,
    /// `certificate_revoked`.
    CertificateRevoked,
    /// `certificate_expired`, also for one that is not valid yet.
    CertificateExpired,
    /// `certificate_unknown`: anything else.
    CertificateUnknown,
    /// `unknown_ca`: no root that may certify the role.
    UnknownCa,
    /// `access_denied`: valid and not wanted.
    AccessDenied,
    /// `bad_certificate_status_response`: the staple is missing, stale or wrong.
    BadStatusResponse,
}

/// A certificate refused: the alert for the peer and the reason for us.
#[derive(Clone, Debug, Error)]
#[error("{reason}")]
pub struct Refusal {
    alert: Alert,
    #[source]
    reason: Arc<dyn StdError + Send + Sync>,
}

impl Refusal {
    /// Refuses for a reason.
    pub fn new(alert: Alert, reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { alert, reason: Arc::from(reason.into()) }
    }

    /// What the peer is told.
    pub const fn alert(&self) -> Alert {
        self.alert
    }

    /// The reason, for [`downcast_ref`](StdError#method.downcast_ref).
    pub fn reason(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.reason
    }

    /// The error from which rustls makes the alert. The reason stays aside in this thread until [`take`] fetches it:
    /// of the errors that rustls turns into precise alerts none carries one.
    pub(crate) fn raise(self) -> rustls::Error {
        let error = match self.alert {
            Alert::BadCertificate => CertificateError::BadEncoding,
            Alert::UnsupportedCertificate => CertificateError::InvalidPurpose,
            Alert::CertificateRevoked => CertificateError::Revoked,
            Alert::CertificateExpired => CertificateError::Expired,
            Alert::CertificateUnknown => CertificateError::Other(OtherError(Arc::new(self.clone()))),
            Alert::UnknownCa => CertificateError::UnknownIssuer,
            Alert::AccessDenied => CertificateError::ApplicationVerificationFailure,
            Alert::BadStatusResponse => CertificateError::InvalidOcspResponse,
        };
        LAST.set(Some(self));
        rustls::Error::InvalidCertificate(error)
    }
}

thread_local! {
    /// The refusal raised last on this thread. rustls verifies inside the call that processes what was received, on
    /// the thread of the caller, who fetches the reason as soon as that call returns.
    static LAST: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// Fetches the refusal raised on this thread, if any.
pub(crate) fn take() -> Option<Refusal> {
    LAST.take()
}
