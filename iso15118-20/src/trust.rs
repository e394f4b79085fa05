//! The security seam of the engines filled with `v2g-pki`: contracts checked and installed, messages signed.
//!
//! The engines ask by events, and what they ask about is the message that `handle_input` returned. These functions
//! answer. They keep nothing, allocate nothing and do not wait: signatures and keys that take their time are asked
//! for again, and a check may run wherever the host has time for it, on a copy of the message.
//!
//! | Event | Answer |
//! |---|---|
//! | [`SeccEvent::ContractWanted`](crate::secc::SeccEvent::ContractWanted) | [`ContractCheck::check`], then [`Secc::contract`](crate::secc::Secc::contract) |
//! | [`SeccEvent::InstallationWanted`](crate::secc::SeccEvent::InstallationWanted) | [`check_installation_request`], then the provider |
//! | [`SeccEvent::MeteringConfirmed`](crate::secc::SeccEvent::MeteringConfirmed) | [`AuthorizedContract::check_metering`], then [`Secc::metering`](crate::secc::Secc::metering) |
//! | [`EvccEvent::SignAuthorization`](crate::evcc::EvccEvent::SignAuthorization) and its like | [`sign`] |
//! | [`EvccEvent::InstallationReceived`](crate::evcc::EvccEvent::InstallationReceived) | [`DeliveredContract::check`], [`DeliveredContract::install`], then [`Evcc::installed`](crate::evcc::Evcc::installed) |
//!
//! What is not here is the link: whoever runs TLS tells the engines by [`Connection`](crate::Connection) that it is
//! secured, and the fingerprint of the peer's leaf, to which a paused session is bound.

mod back_end;
mod metering;
mod scheme;
mod station;
mod vehicle;

use thiserror::Error;
use v2g_pki::keystore::KeyError;

pub use back_end::BackEndAnswer;
pub use metering::ConfirmedReadings;
pub use station::{
    AuthorizedContract, CheckedContract, ContractCheck, DecidedBy, Judgement, Offline, Question,
    RefusedRequest, UnknownRoot, check_installation_request,
};
pub use vehicle::{
    DeliveredContract, DeliveryCheck, Installing, PendingSignature, Provisioning, Signing, WantedContracts,
    engine_chain, is_within, sign,
};

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// It is not trusted.
    #[error("{0}")]
    Refused(v2g_pki::Error),
    /// It is not the message that was asked about.
    #[error("not the message that was asked about")]
    OtherMessage,
    /// The key store did not do it.
    #[error("the key store: {0}")]
    Key(#[from] KeyError),
    /// Nothing is to be signed, or the time for it is over.
    #[error("nothing is to be signed")]
    NotWanted,
    /// A buffer is too small.
    #[error("a buffer is too small")]
    BufferTooSmall,
    /// The contract is none of those that were asked for.
    #[error("the contract is none of those that were asked for")]
    OtherContract,
}

impl From<v2g_pki::Error> for TrustError {
    fn from(error: v2g_pki::Error) -> Self {
        match error.rule() {
            v2g_pki::Rule::BufferTooSmall => Self::BufferTooSmall,
            _ => Self::Refused(error),
        }
    }
}
