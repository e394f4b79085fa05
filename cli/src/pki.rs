//! `v2g pki`: certificates, keys and lists of a V2G PKI in files.

/// Prints a line; ends the function where nobody reads it any more.
macro_rules! say {
    ($($word:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($word)*)?;
    }};
}

mod authority;
mod check;
mod command;
mod files;
mod issue;
mod keys;
mod layout;
mod manifest;
mod new;
mod pkcs12;
mod show;
mod store;
mod trust;

pub(crate) use command::{EXAMPLES, PkiArgs, run};
pub(crate) use keys::{Passphrase, PassphraseArgs};
pub(crate) use store::{Folder, Holder, Key};
