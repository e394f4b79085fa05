#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(any(feature = "issue", test))]
extern crate alloc;

mod anchors;
mod asn1;
mod cert;
mod chain;
mod crypto;
mod error;
pub mod ids;
#[cfg(feature = "issue")]
pub mod issue;
pub mod keystore;
mod name;
mod oid;
mod path;
mod policy;
mod profile;
pub mod provision;
pub mod status;
mod time;
pub mod trust;
pub mod xmlsig;

pub use anchors::{Anchor, Anchors, RootKind};
pub use cert::{BasicConstraints, Certificate, ExtendedKeyUsage, Extensions, KeyUsage, Purpose, Usage};
pub use chain::{Chain, MAX_PATH};
pub use crypto::{Algorithm, Curves, KeyInfo, Secret, SignatureInfo, Verifier, device};
pub use error::{Error, Rule, Subject};
pub use name::Name;
pub use path::{Trust, ValidChain, Warnings, check_unanchored, validate};
pub use policy::{Algorithms, Conformance, CrossCertificates, Edition, Policy, Revocation};
pub use profile::Role;
pub use time::{Clock, Time, Validity};
