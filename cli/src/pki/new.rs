//! `v2g pki new`: a whole hierarchy in a folder.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use v2g_pki::issue::{
    Entity, Fault, FaultyChain, Hierarchy, IdentifierLength, Issued, Levels, Plan, PrivateKey,
};
use v2g_pki::status::{self, Evidence, Status, StatusCache};
use v2g_pki::{Anchor, Certificate, Curves, Error, Role, Rule, Time, Trust};
use zeroize::Zeroizing;

use super::files::{self, Access};
use super::keys::{self, Passphrase, PassphraseArgs};
use super::layout::Layout;
use super::manifest::{Curve, Manifest, Profiles, Wrong, day_text, now, parse_day};
use super::pkcs12;
use super::store::{ROOTS, folder};
use crate::failure::Failure;

const DAY: i64 = 86_400;
/// Everything is valid for so long already, because a fault has to lie in the past.
const AGE: i64 = 10 * DAY;

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder, which must not hold a PKI yet.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The algorithm of all keys.
    #[arg(long, value_enum, default_value_t)]
    algorithm: Curve,
    /// Whose profiles the certificates have.
    #[arg(long, value_enum, default_value_t)]
    edition: Profiles,
    /// How many contracts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    contracts: u16,
    /// One authority between root and leaf instead of two.
    #[arg(long)]
    one_level: bool,
    /// Contracts with key identifiers of 20 bytes instead of the 8 that the wrapping of their keys has room for.
    #[arg(long)]
    long_identifiers: bool,
    /// The day for which lists are made and from which faults are faults (default: today, UTC).
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    at: Option<Time>,
    /// Make all keys and numbers from a seed: the same seed and day give the same bytes. FOR TESTS: whoever knows the
    /// seed has the keys.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// A chain with one thing wrong, in DIR/faults/NAME; `all` makes every one, `list` lists them. Can be repeated.
    #[arg(long = "fault", value_name = "NAME")]
    faults: Vec<String>,
    /// The same once more as other stacks read it, in DIR/josev or DIR/everest. Keys there are encrypted with the
    /// passphrase, or with 12345, which stands in a file beside them. Can be repeated.
    #[arg(long = "layout", value_enum, value_name = "STACK")]
    layouts: Vec<Layout>,
    /// The form of leaves beside PEM: leaf.der, chain.p12 (with the root; needs a passphrase). Can be repeated.
    #[arg(long = "also", value_enum, value_name = "FORM")]
    forms: Vec<Form>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// `--also`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// The leaf as DER.
    Der,
    /// Key, chain and root as PKCS #12.
    P12,
}

pub(crate) fn run(args: &NewArgs) -> Result<(), Failure> {
    if args.faults.iter().any(|name| name == "list") {
        for fault in Fault::ALL.iter().filter(|fault| fault.exists_in(args.edition.edition())) {
            say!("{}", fault.name());
        }
        return Ok(());
    }
    if args.folder.join("pki.json").exists() || args.folder.join("roots").exists() {
        return Err(Failure::usage(format!("{} holds a PKI already", args.folder.display())));
    }
    let faults = faults(args)?;
    let passphrase = args.passphrase.read()?;
    if args.forms.contains(&Form::P12) && passphrase.is_none() {
        return Err(Failure::usage("PKCS #12 needs a passphrase: V2G_PASSPHRASE or --passphrase-file"));
    }
    let day = args.at.unwrap_or_else(|| Time::from_unix(now().unix().div_euclid(DAY) * DAY));
    let plan = Plan {
        algorithm: args.algorithm.algorithm(),
        edition: args.edition.edition(),
        contracts: args.contracts,
        identifiers: if args.long_identifiers { IdentifierLength::Twenty } else { IdentifierLength::Eight },
        levels: if args.one_level { Levels::One } else { Levels::Two },
        ..Plan::new(*seed(args.seed.as_deref())?, day.plus(-AGE))
    };
    let hierarchy = Hierarchy::new(plan.clone()).map_err(Failure::failed)?;
    let manifest = Manifest {
        edition: args.edition,
        algorithm: args.algorithm,
        day: day_text(day),
        ..Manifest::default()
    };
    let writer = Writer { hierarchy: &hierarchy, passphrase: passphrase.as_ref(), day, forms: &args.forms };
    manifest.write(&args.folder)?;
    writer.all(&args.folder)?;
    for layout in &args.layouts {
        layout.write(&hierarchy, &args.folder, passphrase.as_ref())?;
    }
    // The set of faults is made of two levels.
    if !faults.is_empty() {
        let two = Plan { levels: Levels::Two, contracts: 1, ..plan };
        let hierarchy = Hierarchy::new(two).map_err(Failure::failed)?;
        let writer = Writer { hierarchy: &hierarchy, ..writer };
        for fault in &faults {
            writer.fault(*fault, &manifest, &args.folder.join("faults").join(fault.name()))?;
        }
    }
    say!(
        "{}: {} contract{}, {} fault{}; v2g pki check {0} looks through it",
        args.folder.display(),
        args.contracts,
        if args.contracts == 1 { "" } else { "s" },
        faults.len(),
        if faults.len() == 1 { "" } else { "s" },
    );
    Ok(())
}

/// The faults that are wanted.
fn faults(args: &NewArgs) -> Result<Vec<Fault>, Failure> {
    let edition = args.edition.edition();
    let mut all = Vec::new();
    for name in &args.faults {
        if name == "all" {
            all.extend(Fault::ALL.iter().filter(|fault| fault.exists_in(edition)));
            continue;
        }
        let fault = Fault::from_name(name).ok_or_else(|| {
            Failure::usage(format!("there is no fault {name}"))
                .advise("v2g pki new DIR --fault list names them")
        })?;
        if !fault.exists_in(edition) {
            return Err(Failure::usage(format!("{name} is no fault in this edition")));
        }
        all.push(fault);
    }
    Ok(all)
}

/// What all keys follow from: chance, or a text.
fn seed(text: Option<&str>) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    match text {
        None => getrandom::fill(seed.as_mut()).map_err(|_| Failure::failed("there is no randomness"))?,
        Some(text) => {
            use sha2::Digest as _;
            *seed = sha2::Sha256::digest(text.as_bytes()).into();
        }
    }
    Ok(seed)
}

/// Writes a hierarchy, or parts of it, in the layout of [`store`](super::store).
struct Writer<'h> {
    hierarchy: &'h Hierarchy,
    passphrase: Option<&'h Passphrase>,
    day: Time,
    forms: &'h [Form],
}

impl Writer<'_> {
    fn all(&self, to: &Path) -> Result<(), Failure> {
        for (kind, name) in ROOTS {
            let der = self.hierarchy.certificate(Entity::Root(kind));
            write_root(to, name, der)?;
        }
        for (entity, issued) in self.hierarchy.all() {
            match entity {
                Entity::Secc | Entity::Vehicle | Entity::Provisioning | Entity::Cps | Entity::Contract(_) => {
                    self.holder(to, entity, issued)?;
                }
                _ => self.authority(to, entity, issued)?,
            }
            if !matches!(entity, Entity::Root(_) | Entity::TwinRoot | Entity::Responder(_))
                && let Some(response) = self.hierarchy.ocsp(entity, Status::Good, self.day)
            {
                write_response(to, &label(entity, self.hierarchy), &response)?;
            }
        }
        Ok(())
    }

    fn key(&self, to: &Path, key: &PrivateKey) -> Result<(), Failure> {
        let pem = keys::to_pem(key, self.passphrase)?;
        files::write(&to.join("key.pem"), pem.as_bytes(), Access::Secret)
    }

    fn holder(&self, to: &Path, entity: Entity, issued: &Issued) -> Result<(), Failure> {
        let to = match entity {
            Entity::Contract(_) => to.join(folder(Role::Contract)).join(name_of(&issued.certificate)),
            _ => to.join(label(entity, self.hierarchy)),
        };
        let chain = files::certificates_pem(self.hierarchy.chain(entity));
        files::write(&to.join("chain.pem"), chain.as_bytes(), Access::Public)?;
        if self.forms.contains(&Form::Der) {
            files::write(&to.join("leaf.der"), &issued.certificate, Access::Public)?;
        }
        if let Some(passphrase) = self.passphrase.filter(|_| self.forms.contains(&Form::P12)) {
            let mut chain = self.hierarchy.chain(entity);
            let root = self.hierarchy.path(entity).last().map(|top| top.issuer(self.hierarchy.plan().levels));
            chain.extend(root.map(|root| self.hierarchy.certificate(root)));
            let name = label(entity, self.hierarchy);
            let file = pkcs12::write(&name, &issued.key, &chain, passphrase)?;
            files::write(&to.join("chain.p12"), &file, Access::Secret)?;
        }
        self.key(&to, &issued.key)
    }

    fn authority(&self, to: &Path, entity: Entity, issued: &Issued) -> Result<(), Failure> {
        let label = label(entity, self.hierarchy);
        let folder = to.join("authorities").join(&label);
        let pem = files::certificates_pem([issued.certificate.as_slice()]);
        files::write(&folder.join("cert.pem"), pem.as_bytes(), Access::Public)?;
        self.key(&folder, &issued.key)?;
        if matches!(entity, Entity::Responder(_)) {
            return Ok(());
        }
        let list = self.hierarchy.crl(entity, &[], self.day);
        let list = list.ok_or_else(|| Failure::failed("no revocation list can be made"))?;
        files::write(&to.join("crl").join(format!("{label}.crl")), &list, Access::Public)
    }

    /// A chain with one thing wrong, as a PKI of its own.
    fn fault(&self, fault: Fault, manifest: &Manifest, to: &Path) -> Result<(), Failure> {
        let made = fault.chain(self.hierarchy);
        let wrong = Wrong {
            name: fault.name().to_owned(),
            role: folder(made.role).to_owned(),
            verdict: format!("{}: {}", made.subject, made.rule),
        };
        let mut also = Curve::value_variants().to_vec();
        also.retain(|curve| *curve != manifest.algorithm && made.policy.algorithms.allow(curve.algorithm()));
        Manifest { fault: Some(wrong), also, ..manifest.clone() }.write(to)?;
        for (kind, name) in ROOTS {
            for (_, der) in made.roots.iter().filter(|(of, _)| *of == kind) {
                write_root(to, name, der)?;
            }
        }
        let leaf = Entity::leaf(made.role).and_then(|leaf| self.hierarchy.get(leaf));
        let leaf = leaf.ok_or_else(|| Failure::failed("the role has no leaf"))?;
        let holder = match made.role {
            Role::Contract => to.join(folder(Role::Contract)).join(name_of(&leaf.certificate)),
            role => to.join(folder(role)),
        };
        let chain = files::certificates_pem(made.chain.iter().map(Vec::as_slice));
        files::write(&holder.join("chain.pem"), chain.as_bytes(), Access::Public)?;
        // The leaf that a leaf issued is a vehicle's.
        let key =
            if fault == Fault::LeafIssuesLeaf { self.hierarchy.get(Entity::Vehicle) } else { Some(leaf) };
        self.key(&holder, &key.unwrap_or(leaf).key)?;
        let staple = made.ocsp.iter().rposition(|response| is_about_leaf(&made, response));
        for (index, response) in made.ocsp.iter().enumerate() {
            let label = if staple == Some(index) { folder(made.role).to_owned() } else { index.to_string() };
            write_response(to, &label, response)?;
        }
        Ok(())
    }
}

fn write_root(to: &Path, name: &str, der: &[u8]) -> Result<(), Failure> {
    let path = to.join("roots").join(name).join("root.pem");
    files::write(&path, files::certificates_pem([der]).as_bytes(), Access::Public)
}

fn write_response(to: &Path, label: &str, der: &[u8]) -> Result<(), Failure> {
    files::write(&to.join("ocsp").join(format!("{label}.ocsp")), der, Access::Public)
}

/// A label for files: contracts are known by their eMAID.
pub(super) fn label(entity: Entity, hierarchy: &Hierarchy) -> String {
    match entity {
        Entity::Contract(_) => name_of(hierarchy.certificate(entity)),
        _ => entity.label(),
    }
}

/// The common name of a certificate, fit for a file.
pub(super) fn name_of(certificate: &[u8]) -> String {
    let name =
        Certificate::parse(certificate).ok().and_then(|read| read.subject().common_name().map(str::to_owned));
    let safe = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    name.unwrap_or_default().chars().map(safe).collect()
}

/// Whether an OCSP response speaks about the leaf of a chain, rightly or not.
fn is_about_leaf(made: &FaultyChain, response: &[u8]) -> bool {
    let [leaf, issuer, ..] = made.chain.as_slice() else { return false };
    let (Ok(leaf), Ok(issuer)) = (Certificate::parse(leaf), Certificate::parse(issuer)) else { return false };
    let responses = [response];
    let anchors: [Anchor<'_>; 0] = [];
    let trust = Trust {
        anchors: &anchors,
        evidence: Evidence { ocsp: &responses, ..Evidence::default() },
        policy: made.policy,
        verifier: &Curves,
        now: made.now,
    };
    let said = status::learn(&leaf, &issuer, &trust, &mut StatusCache::<1>::new());
    !matches!(said.map_err(|error: Error| error.rule()), Err(Rule::StatusUnknown))
}
