//! The command line of `v2g pki`.

use clap::{Args as ClapArgs, Subcommand};

use super::{check, new};
use crate::failure::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g pki new lab                               a whole hierarchy, P-521, valid from today on
  v2g pki new lab --fault expired --fault revoked  and chains with one thing wrong each
  v2g pki check lab                             does everybody's chain keep the rules? In words
  v2g pki check lab/faults/wrong-role           which rule is broken, and by which certificate

Private keys are files that only their owner reads; V2G_PASSPHRASE or --passphrase-file encrypts them too.";

#[derive(Debug, ClapArgs)]
pub(crate) struct PkiArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a whole hierarchy: roots, authorities, station, vehicle, contracts, responders, lists.
    New(new::NewArgs),
    /// Say whether chains keep the rules, and which rule is broken by which certificate.
    Check(check::CheckArgs),
}

/// Runs an action to its end.
pub(crate) fn run(args: &PkiArgs) -> Result<(), Failure> {
    match &args.action {
        Action::New(args) => new::run(args),
        Action::Check(args) => check::run(args),
    }
}
