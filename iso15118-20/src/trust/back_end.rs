//! What a back end says about contracts (OCPP `Authorize`).

use crate::security::{ContractFault, ContractVerdict};

/// `certificateStatus`, or where the certificate is accepted, what is said of the contract itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackEndAnswer {
    /// The vehicle may charge.
    Accepted,
    /// `SignatureError`.
    SignatureError,
    /// `CertificateExpired`.
    CertificateExpired,
    /// `CertificateRevoked`.
    CertificateRevoked,
    /// `NoCertificateAvailable`.
    NoCertificateAvailable,
    /// `CertChainError`.
    CertChainError,
    /// `ContractCancelled`; the contract is blocked, has expired or may not charge here.
    ContractCancelled,
    /// Nobody knows the contract, or its provider.
    Unknown,
}

impl BackEndAnswer {
    /// What the vehicle is told.
    pub const fn verdict(self) -> ContractVerdict {
        let fault = match self {
            Self::Accepted => return ContractVerdict::Valid,
            Self::SignatureError | Self::NoCertificateAvailable | Self::CertChainError => {
                ContractFault::Invalid
            }
            Self::CertificateExpired => ContractFault::Expired,
            Self::CertificateRevoked => ContractFault::Revoked,
            Self::ContractCancelled => ContractFault::General,
            Self::Unknown => ContractFault::ProviderUnknown,
        };
        ContractVerdict::Refused(fault)
    }
}
