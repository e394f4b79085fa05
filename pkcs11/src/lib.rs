#![doc = include_str!("../README.md")]

mod curve;
mod error;
mod import;
mod object;
mod pin;
mod store;

pub use error::OpenError;
pub use import::Derivation;
pub use pin::Pin;
pub use store::{Location, TokenStore};
