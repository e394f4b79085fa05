//! The command line of `v2g pki`.

use clap::{Args as ClapArgs, Subcommand};

use super::{check, issue, new, show, trust};
use crate::failure::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  v2g pki new lab                               a whole hierarchy, P-521, valid from today on
  v2g pki new lab --fault expired --fault revoked  and chains with one thing wrong each
  v2g pki check lab                             does everybody's chain keep the rules? In words
  v2g pki revoke lab DE8AA0000000006            in list and response at once
  v2g pki issue lab --role contract --name DE8AA000000012
  v2g pki show lab/secc/chain.pem lab/crl/mo-sub-ca2.crl
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
    /// Issue a certificate to somebody, for a new key or one that is elsewhere.
    Issue(issue::IssueArgs),
    /// Revoke certificates.
    Revoke(issue::RevokeArgs),
    /// Make all revocation lists anew.
    Crl(issue::CrlArgs),
    /// Make all OCSP responses anew, or a request.
    Ocsp(issue::OcspArgs),
    /// Show certificates, lists and responses.
    Show(show::ShowArgs),
    /// Keep roots in a trust store on the disk, and list them.
    Trust(trust::TrustArgs),
    /// Say whether chains keep the rules, and which rule is broken by which certificate.
    Check(check::CheckArgs),
}

/// Runs an action to its end.
pub(crate) fn run(args: &PkiArgs) -> Result<(), Failure> {
    match &args.action {
        Action::New(args) => new::run(args),
        Action::Issue(args) => issue::issue(args),
        Action::Revoke(args) => issue::revoke(args),
        Action::Crl(args) => issue::crl(args),
        Action::Ocsp(args) => issue::ocsp(args),
        Action::Show(args) => show::run(args),
        Action::Trust(args) => trust::run(args),
        Action::Check(args) => check::run(args),
    }
}
