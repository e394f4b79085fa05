//! Certificates, contracts and keys.

pub mod certificate;
pub mod contract;
pub mod contracts;
pub mod delivery;
pub mod device;
pub mod installation;
pub mod keys;
pub mod metering;
pub mod rule;
pub mod store;
pub mod verify;
