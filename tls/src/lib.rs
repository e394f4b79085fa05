#![doc = include_str!("../README.md")]

#[cfg(feature = "tokio")]
mod asynchronous;
mod choice;
mod config;
mod credential;
mod error;
mod fragment;
mod hello;
mod hint;
mod keylog;
mod link;
mod path;
mod peer;
mod profile;
mod provider;
mod refusal;
mod replay;
mod resumption;
mod scheme;
mod signer;
mod station;
mod store;
mod stream;
mod vehicle;
mod verifier;

#[cfg(feature = "tokio")]
pub use asynchronous::AsyncStream;
pub use config::Config;
pub use credential::{Credential, CredentialError};
pub use error::Error;
pub use fragment::MaxFragment;
pub use hello::{Hello, HelloError, HelloReader, Offer};
pub use keylog::KeyLogFile;
pub use link::{Link, Phase};
pub use path::{AuthorityStatus, PathVerifier};
pub use peer::{Handshake, Peer};
pub use profile::Profile;
pub use refusal::{Alert, Refusal};
pub use replay::Replay;
pub use resumption::{Resumption, TicketLifetime};
/// The version of rustls in whose terms some errors and settings are given.
pub use rustls;
pub use scheme::{Scheme, SignatureForm};
pub use signer::{SignError, Signer};
pub use station::Station;
pub use store::StoreSigner;
pub use stream::{Accepted, Stream};
pub use vehicle::Vehicle;
pub use verifier::{PeerRole, Presented, Verifier};
