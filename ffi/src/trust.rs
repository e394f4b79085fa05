//! Certificates, contracts and keys.

pub mod installation;
