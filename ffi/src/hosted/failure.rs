//! Why a link is over.

use core::mem::offset_of;
use std::string::{String, ToString as _};

use v2g_tls::Error;

use crate::border::versioned;
use crate::hosted::tls::V2G_E_TLS;
use crate::status::V2G_E_TRUST;
use crate::text::v2g_str;
use crate::trust::rule::{V2G_RULE_EMPTY, V2G_RULE_OTHER, V2G_RULE_SIGNATURE_VALUE};
use crate::trust::verify::{V2G_SUBJECT_CHAIN, V2G_SUBJECT_SIGNATURE, report, v2g_fault};

/// The peer's certificate is refused; `fault` says why.
pub const V2G_TLS_CAUSE_REFUSED: u32 = 1;
/// The peer has no certificate.
pub const V2G_TLS_CAUSE_NO_CERTIFICATE: u32 = 2;
/// The peer does not show that it has the key of its certificate.
pub const V2G_TLS_CAUSE_NO_POSSESSION: u32 = 3;
/// There is no version, suite, group or signature scheme in common.
pub const V2G_TLS_CAUSE_INCOMPATIBLE: u32 = 4;
/// The peer ended the link with an alert: it refused our certificate, for example. `alert` is its number.
pub const V2G_TLS_CAUSE_ALERT: u32 = 5;
/// The connection ended without a word: what was received last may be incomplete.
pub const V2G_TLS_CAUSE_TRUNCATED: u32 = 6;
/// Anything else against the protocol, or the own key did not sign.
pub const V2G_TLS_CAUSE_PROTOCOL: u32 = 7;

/// Why a link is over.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_tls_failure {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_TLS_CAUSE_*`.
    pub cause: u32,
    /// Number of the alert that the peer sent (RFC 8446, 6); 0: none.
    pub alert: u32,
    /// Zero.
    pub reserved: u32,
    /// The rule of trust that is violated, and by what. Of OCSP responses that which the peer stapled comes first, those of the
    /// configuration follow. Zeros where trust is not the cause; `V2G_RULE_OTHER` where none of the rules is.
    pub fault: v2g_fault,
    /// In words, English, for people. It lives until the handle is reset or freed.
    pub text: v2g_str,
}

versioned! {
    v2g_tls_failure offset_of!(v2g_tls_failure, text) + size_of::<v2g_str>();
}

/// Why a link is over, kept by its handle.
pub(super) struct Failure {
    cause: u32,
    alert: u32,
    fault: v2g_fault,
    text: String,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        let none = v2g_fault::default();
        let (cause, alert, fault) = match error {
            Error::Refused(refusal) => {
                let other = v2g_fault { rule: V2G_RULE_OTHER, ..none };
                let reason = refusal.reason().downcast_ref::<v2g_pki::Error>();
                (V2G_TLS_CAUSE_REFUSED, 0, reason.map_or(other, |reason| report(*reason)))
            }
            Error::NoCertificate => {
                let fault = v2g_fault { rule: V2G_RULE_EMPTY, subject: V2G_SUBJECT_CHAIN, ..none };
                (V2G_TLS_CAUSE_NO_CERTIFICATE, 0, fault)
            }
            Error::NoPossession => {
                let rule = V2G_RULE_SIGNATURE_VALUE;
                (V2G_TLS_CAUSE_NO_POSSESSION, 0, v2g_fault { rule, subject: V2G_SUBJECT_SIGNATURE, ..none })
            }
            Error::Incompatible(_) => (V2G_TLS_CAUSE_INCOMPATIBLE, 0, none),
            Error::Alert(alert) => (V2G_TLS_CAUSE_ALERT, u8::from(*alert).into(), none),
            Error::Truncated => (V2G_TLS_CAUSE_TRUNCATED, 0, none),
            _ => (V2G_TLS_CAUSE_PROTOCOL, 0, none),
        };
        Self { cause, alert, fault, text: error.to_string() }
    }

    pub(super) const fn status(&self) -> i32 {
        match self.cause {
            V2G_TLS_CAUSE_REFUSED | V2G_TLS_CAUSE_NO_CERTIFICATE | V2G_TLS_CAUSE_NO_POSSESSION => V2G_E_TRUST,
            _ => V2G_E_TLS,
        }
    }

    pub(super) fn to_c(&self) -> v2g_tls_failure {
        let Self { cause, alert, fault, ref text } = *self;
        v2g_tls_failure { size: 0, cause, alert, reserved: 0, fault, text: v2g_str::new(text) }
    }
}
