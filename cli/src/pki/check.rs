//! `v2g pki check`: which rule does a chain break, and which certificate of it?

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use v2g_pki::issue::PrivateKey;
use v2g_pki::status::Evidence;
use v2g_pki::{
    Anchor, Certificate, Chain, Conformance, Curves, Error, Policy, Revocation, Role, Subject, Time, Trust,
    validate,
};

use super::files;
use super::keys::PassphraseArgs;
use super::manifest::{Manifest, Profiles, day_text, now, parse_day};
use super::store::{Folder, Holder, Key, ROOTS, folder};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A PKI; or files with a chain, leaf first, PEM or DER, of the role in --role.
    #[arg(value_name = "DIR | FILE...", required = true)]
    what: Vec<PathBuf>,
    /// What the chain in the files is for.
    #[arg(long, value_enum, requires = "pki")]
    role: Option<RoleChoice>,
    /// The PKI whose roots and lists count for the chain in the files.
    #[arg(long, value_name = "DIR")]
    pki: Option<PathBuf>,
    /// The day on which it is checked (default: now).
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    at: Option<Time>,
    /// Whose profiles count (default: what the PKI says of itself).
    #[arg(long, value_enum)]
    edition: Option<Profiles>,
    /// The lax profiles of laboratories.
    #[arg(long)]
    lab: bool,
    /// Accept certificates of which nothing says whether they are revoked.
    #[arg(long)]
    no_status: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// `--role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    /// A station as TLS server.
    Secc,
    /// A vehicle as TLS client.
    Vehicle,
    /// A contract.
    Contract,
    /// A vehicle that asks for a contract.
    Provisioning,
    /// A certificate provisioning service.
    Cps,
}

impl RoleChoice {
    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Secc => Role::Secc,
            Self::Vehicle => Role::Vehicle,
            Self::Contract => Role::Contract,
            Self::Provisioning => Role::Provisioning,
            Self::Cps => Role::Cps,
        }
    }
}

pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let first = args.what.first().ok_or_else(|| Failure::usage("what is to be checked?"))?;
    let base = args.pki.as_ref().unwrap_or(first);
    let folder = Folder::open(base, args.passphrase.read()?)?;
    let manifest = Manifest::read(folder.path())?;
    let mut judge = Judge::new(&folder, args, &manifest)?;
    if let Some(role) = args.role {
        let mut chain = Vec::new();
        for path in &args.what {
            chain.extend(files::certificates(path)?);
        }
        let holder = Holder { chain, key: None };
        judge.chain(role.role(), &holder)?;
    } else if args.what.len() == 1 {
        judge.roots()?;
        for role in [Role::Secc, Role::Vehicle, Role::Provisioning, Role::Cps] {
            if let Some(holder) = folder.holder(role)? {
                judge.chain(role, &holder)?;
                if role == Role::Secc && folder.staple(role)?.is_none() {
                    say!("{:<14} note     there is no OCSP response that it could staple", "");
                }
            }
        }
        for holder in folder.contracts()? {
            judge.chain(Role::Contract, &holder)?;
        }
    } else {
        return Err(Failure::usage("several files are one chain: --role says of whom"));
    }
    judge.end(&manifest)
}

/// What counts, and what was found.
struct Judge {
    roots: Vec<(v2g_pki::RootKind, Vec<u8>)>,
    ocsp: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    policy: Policy,
    now: Time,
    good: usize,
    refused: Vec<String>,
}

impl Judge {
    fn new(folder: &Folder, args: &CheckArgs, manifest: &Manifest) -> Result<Self, Failure> {
        let mut policy = manifest.policy();
        if let Some(edition) = args.edition {
            policy.edition = edition.edition();
        }
        if args.lab {
            policy.conformance = Conformance::Lab;
        }
        if args.no_status {
            policy.revocation = Revocation::SoftFail;
        }
        Ok(Self {
            roots: folder.roots()?,
            ocsp: folder.ocsp()?,
            crls: folder.crls()?,
            policy,
            now: args.at.unwrap_or_else(now),
            good: 0,
            refused: Vec::new(),
        })
    }

    fn say(&mut self, who: &str, verdict: Result<String, String>) -> Result<(), Failure> {
        match verdict {
            Ok(words) => {
                self.good += 1;
                say!("{who:<14} ok       {words}");
            }
            Err(words) => {
                say!("{who:<14} REFUSED  {words}");
                self.refused.push(words);
            }
        }
        Ok(())
    }

    fn roots(&mut self) -> Result<(), Failure> {
        for (kind, der) in self.roots.clone() {
            let name = ROOTS.iter().find(|(of, _)| *of == kind).map_or("", |(_, name)| name);
            let verdict = Anchor::checked(kind, &der, &Curves)
                .map(|_| named(&der))
                .map_err(|error| format!("{}: {}", named(&der), error.rule()));
            self.say(&format!("{name} root"), verdict)?;
        }
        Ok(())
    }

    fn chain(&mut self, role: Role, holder: &Holder) -> Result<(), Failure> {
        let verdict = self.judge(role, holder);
        self.say(if role == Role::Contract { "contract" } else { folder(role) }, verdict)
    }

    fn judge(&self, role: Role, holder: &Holder) -> Result<String, String> {
        let anchors: Vec<Anchor<'_>> = self.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
        let ocsp: Vec<&[u8]> = self.ocsp.iter().map(Vec::as_slice).collect();
        let crls: Vec<&[u8]> = self.crls.iter().map(Vec::as_slice).collect();
        let trust = Trust {
            anchors: &anchors.as_slice(),
            evidence: Evidence { ocsp: &ocsp, crls: &crls, cache: None },
            policy: self.policy,
            verifier: &Curves,
            now: self.now,
        };
        let chain: Vec<&[u8]> = holder.chain.iter().map(Vec::as_slice).collect();
        let words = |error: Error| in_words(error, &holder.chain);
        let chain = Chain::new(&chain).map_err(words)?;
        let valid = validate(&chain, role, &trust).map_err(words)?;
        if let Some(Key::File(key)) = &holder.key {
            belongs(key, valid.leaf())?;
        }
        let mut said = format!("{}, until {}", valid.identity(), day_text(valid.expires()));
        let warnings = valid.warnings();
        for (holds, words) in [
            (warnings.check_character, "the check character of the identifier is wrong"),
            (warnings.long_key_identifier, "the key identifier is longer than 8 bytes"),
            (warnings.status_unknown, "nothing says whether it is revoked"),
            (valid.expires_soon(self.now), "it expires soon"),
        ] {
            if holds {
                said = format!("{said} ({words})");
            }
        }
        match &holder.key {
            Some(Key::Token(label)) => said = format!("{said}, key {label} on a token"),
            Some(Key::File(_)) => {}
            None => said = format!("{said}, no key here"),
        }
        Ok(said)
    }

    /// A folder with a fault has to show it, any other has to be right.
    fn end(&self, manifest: &Manifest) -> Result<(), Failure> {
        if let Some(fault) = &manifest.fault {
            say!("{} is said to be wrong here: {}", fault.name, fault.verdict);
        }
        match self.refused.len() {
            0 => {
                say!("{} checked, all keep the rules", self.good);
                Ok(())
            }
            refused => Err(Failure::failed(format!("{refused} of {} break a rule", refused + self.good))),
        }
    }
}

/// The rule, and the certificate that breaks it by its name.
fn in_words(error: Error, chain: &[Vec<u8>]) -> String {
    let name = match error.subject() {
        Subject::Certificate(index) => chain.get(usize::from(index)).map(|der| named(der)),
        _ => None,
    };
    match name {
        Some(name) => format!("{} ({name}): {}", error.subject(), error.rule()),
        None => error.to_string(),
    }
}

/// The common name of a certificate.
fn named(der: &[u8]) -> String {
    match Certificate::parse(der) {
        Ok(read) => format!("CN={}", read.subject().common_name().unwrap_or("?").escape_debug()),
        Err(_) => "unreadable".to_owned(),
    }
}

fn belongs(key: &PrivateKey, leaf: &Certificate<'_>) -> Result<(), String> {
    if key.public() == leaf.key().bits() { Ok(()) } else { Err("the key is not that of the leaf".to_owned()) }
}
