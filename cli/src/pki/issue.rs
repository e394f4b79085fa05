//! `v2g pki issue`, `revoke`, `crl`, `ocsp`: what authorities do day by day.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use pkcs8::der::Decode as _;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use v2g_pki::issue::{Entity, Plan, PrivateKey};
use v2g_pki::{Certificate, Role, Time, Validity, status};

use super::authority::{Authorities, Known, to_hex};
use super::check::RoleChoice;
use super::files::{self, Access};
use super::keys::{self, PassphraseArgs};
use super::manifest::{Manifest, day_text, now, parse_day};
use super::new::name_of;
use super::store::folder;
use crate::failure::Failure;

const DAY: i64 = 86_400;

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// The PKI, with the keys of its authorities.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// For whom.
    #[arg(long, value_enum)]
    role: RoleChoice,
    /// The common name: SECCID, EVCCID, eMAID, PCID (default: that of `v2g pki new`).
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How many days it is valid, at most as long as its authority (default: as practised for the role).
    #[arg(long, value_name = "N")]
    days: Option<u16>,
    /// The first day (default: today, UTC).
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    at: Option<Time>,
    /// A public key in PEM whose private half is elsewhere, on a token for example. Without it a key is made.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The label of that key on its token, for whoever reads the folder.
    #[arg(long, value_name = "LABEL", requires = "public_key")]
    token: Option<String>,
    /// Replace what is there.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

const fn authority(role: Role) -> &'static str {
    match role {
        Role::Secc => "cpo-sub-ca2",
        Role::Vehicle | Role::Provisioning => "oem-sub-ca2",
        Role::Contract => "mo-sub-ca2",
        Role::Cps | Role::Other => "cps-sub-ca2",
    }
}

fn midnight() -> Time {
    Time::from_unix(now().unix().div_euclid(DAY) * DAY)
}

pub(crate) fn issue(args: &IssueArgs) -> Result<(), Failure> {
    let passphrase = args.passphrase.read()?;
    let manifest = Manifest::read(&args.folder)?;
    let authorities = Authorities::read(&args.folder, passphrase.as_ref())?;
    let role = args.role.role();
    let issuer = authorities.by_label(authority(role))?;
    let (issuer_certificate, issuer_key) = (issuer.read()?, authorities.key(&issuer.label)?);
    let entity = Entity::leaf(role).ok_or_else(|| Failure::usage("the role has no leaf"))?;

    let (key, info) = if let Some(path) = &args.public_key {
        (None, public_key(path)?)
    } else {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|_| Failure::failed("there is no randomness"))?;
        let key = PrivateKey::from_seed(issuer_key.algorithm(), &seed, "issued").map_err(Failure::failed)?;
        let info = key.public_info();
        (Some(key), info)
    };
    let bits =
        SubjectPublicKeyInfoRef::from_der(&info).map(|read| read.subject_public_key.raw_bytes().to_vec());
    let bits = bits.map_err(|_| Failure::failed("the public key cannot be read"))?;
    let mut plan = Plan::new([0; 32], args.at.unwrap_or_else(midnight));
    plan.edition = manifest.edition.edition();
    plan.algorithm = issuer_key.algorithm();
    let mut template = entity.template(&plan, &bits, &issuer_key.public());
    getrandom::fill(&mut template.serial).map_err(|_| Failure::failed("there is no randomness"))?;
    // Positive, and of full length.
    if let Some(first) = template.serial.first_mut() {
        *first = *first & 0x7F | 0x40;
    }
    template.validity = validity(args, template.validity, issuer_certificate.validity())?;
    if let Some(name) = &args.name {
        template.subject.common_name.clone_from(name);
    }
    let der = template.sign(&info, issuer_certificate.subject().der(), &issuer_key);
    let certificate = Certificate::parse(&der).map_err(Failure::failed)?;
    if certificate.key().algorithm() != Ok(issuer_key.algorithm()) {
        return Err(Failure::failed(
            "a chain has one algorithm, and the key is for another than its authority's",
        ));
    }
    let above = authorities.above(&certificate)?;
    let chain: Vec<&[u8]> =
        [der.as_slice()].into_iter().chain(above.iter().map(|known| known.der.as_slice())).collect();
    let label = if role == Role::Contract { name_of(&der) } else { folder(role).to_owned() };
    let to = match role {
        Role::Contract => args.folder.join(folder(role)).join(&label),
        _ => args.folder.join(folder(role)),
    };
    put(args, &to, &chain, key.as_ref(), passphrase.as_ref())?;
    let until = day_text(certificate.validity().not_after);
    say!("{}: {label}, serial {}, until {until}", to.display(), to_hex(certificate.serial()));
    authorities.write_ocsp(&Known { label, der: der.clone() }, plan.start)
}

/// Within that of the authority, because validity periods nest.
fn validity(args: &IssueArgs, usual: Validity, authority: Validity) -> Result<Validity, Failure> {
    let end = args.days.map_or(usual.not_after, |days| usual.not_before.plus(i64::from(days) * DAY));
    let validity = Validity { not_before: usual.not_before, not_after: end.min(authority.not_after) };
    if validity.not_before < authority.not_before || validity.not_after <= validity.not_before {
        return Err(Failure::failed("the authority is not valid in that time"));
    }
    Ok(validity)
}

fn put(
    args: &IssueArgs,
    to: &Path,
    chain: &[&[u8]],
    key: Option<&PrivateKey>,
    passphrase: Option<&keys::Passphrase>,
) -> Result<(), Failure> {
    if to.join("chain.pem").exists() && !args.replace {
        return Err(Failure::usage(format!("{} has a certificate already", to.display())).advise("--replace"));
    }
    for old in ["key.pem", "key.token"] {
        match std::fs::remove_file(to.join(old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::failed(error)),
            _ => {}
        }
    }
    if let Some(key) = key {
        files::write(&to.join("key.pem"), keys::to_pem(key, passphrase)?.as_bytes(), Access::Secret)?;
    }
    if let Some(label) = &args.token {
        files::write(&to.join("key.token"), format!("{label}\n").as_bytes(), Access::Public)?;
    }
    let pem = files::certificates_pem(chain.iter().copied());
    files::write(&to.join("chain.pem"), pem.as_bytes(), Access::Public)
}

/// A SubjectPublicKeyInfo from a file.
fn public_key(path: &Path) -> Result<Vec<u8>, Failure> {
    let block = files::blocks(path)?
        .into_iter()
        .find(|block| block.label.as_deref().is_none_or(|label| label == "PUBLIC KEY"));
    block
        .map(|block| block.der)
        .ok_or_else(|| Failure::failed(format!("{} has no public key", path.display())))
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The PKI, with the keys of its authorities.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Whose certificates: `secc`, `vehicle`, `provisioning`, `cps`, an eMAID, an authority, or a file.
    #[arg(value_name = "WHO", required = true)]
    who: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Revokes, and says so in list and response at once.
pub(crate) fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let passphrase = args.passphrase.read()?;
    let authorities = Authorities::read(&args.folder, passphrase.as_ref())?;
    for who in &args.who {
        let known = find(&authorities, who)?;
        let certificate = known.read()?;
        let issuer = authorities.issuer_of(&certificate)?;
        let new = authorities.revoke(&certificate)?;
        authorities.write_crl(issuer, now(), 7)?;
        authorities.write_ocsp(&known, now())?;
        let word = if new { "revoked" } else { "was revoked already" };
        say!("{who} {word} by {}, serial {}", issuer.label, to_hex(certificate.serial()));
    }
    Ok(())
}

/// A certificate by its label, or in a file.
fn find(authorities: &Authorities<'_>, who: &str) -> Result<Known, Failure> {
    if let Some(known) = authorities.certified()?.into_iter().find(|known| known.label == who) {
        return Ok(known);
    }
    let path = Path::new(who);
    if !path.is_file() {
        return Err(Failure::failed(format!("{who} is neither somebody in the PKI nor a file")));
    }
    let der = files::certificates(path)?.swap_remove(0);
    Ok(Known { label: name_of(&der), der })
}

#[derive(Debug, Args)]
pub(crate) struct CrlArgs {
    /// The PKI, with the keys of its authorities.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// For how many days they count.
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u16,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// All lists anew.
pub(crate) fn crl(args: &CrlArgs) -> Result<(), Failure> {
    let passphrase = args.passphrase.read()?;
    let authorities = Authorities::read(&args.folder, passphrase.as_ref())?;
    for issuer in authorities.issuers() {
        authorities.write_crl(issuer, now(), args.days)?;
        say!("{}: {} revoked", issuer.label, authorities.revoked(&issuer.label)?.len());
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct OcspArgs {
    /// The PKI, with the keys of its authorities.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Write the request about somebody to the standard output instead of making responses.
    #[arg(long, value_name = "WHO")]
    request: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// All responses anew, or a request.
pub(crate) fn ocsp(args: &OcspArgs) -> Result<(), Failure> {
    let passphrase = args.passphrase.read()?;
    let authorities = Authorities::read(&args.folder, passphrase.as_ref())?;
    if let Some(who) = &args.request {
        let known = find(&authorities, who)?;
        let certificate = known.read()?;
        let issuer = authorities.issuer_of(&certificate)?;
        let (mut nonce, mut out) = ([0; 32], [0; status::MAX_REQUEST]);
        getrandom::fill(&mut nonce).map_err(|_| Failure::failed("there is no randomness"))?;
        let request = status::request(&certificate, &issuer.read()?, Some(&nonce), &mut out);
        return Ok(std::io::stdout().write_all(request.map_err(Failure::failed)?)?);
    }
    let all = authorities.certified()?;
    for known in &all {
        authorities.write_ocsp(known, now())?;
    }
    say!("{} responses", all.len());
    Ok(())
}
