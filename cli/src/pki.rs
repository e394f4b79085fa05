//! `v2g pki`: certificates, keys and lists of a V2G PKI in files.

mod check;
mod command;
mod files;
mod keys;
mod manifest;
mod new;
mod store;

pub(crate) use command::{EXAMPLES, PkiArgs, run};
pub(crate) use keys::{Passphrase, PassphraseArgs};
pub(crate) use store::{Folder, Holder, Key};
