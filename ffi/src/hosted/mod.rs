//! What takes an operating system: TLS 1.3, and roots in files. Behind the feature `hosted`, in a header of its own.

pub mod config;
pub mod failure;
pub mod file;
mod heap;
mod key;
pub mod tls;
