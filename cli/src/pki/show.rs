//! `v2g pki show`: certificates, lists and responses for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use v2g_pki::status::{OcspResponse, RevocationList, Status};
use v2g_pki::{Certificate, Purpose, Time, Usage};

use super::authority::to_hex;
use super::files;
use super::manifest::day_text;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Files with certificates, revocation lists or OCSP responses, PEM or DER. What they say is shown, not verified.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &ShowArgs) -> Result<(), Failure> {
    for path in &args.files {
        for (index, block) in files::blocks(path)?.into_iter().enumerate() {
            if block.label.as_deref().is_some_and(|label| label.contains("PRIVATE KEY")) {
                say!("{}: a private key, which is not shown\n", path.display());
                continue;
            }
            let text = describe(&block.der).map_err(|why| {
                Failure::failed(format!("{}, structure {}: {why}", path.display(), index + 1))
            })?;
            say!("{text}");
        }
    }
    Ok(())
}

/// What a structure is, by whichever of the readers understands it; the reason of the likeliest if none does.
fn describe(der: &[u8]) -> Result<String, String> {
    match Certificate::parse(der) {
        Ok(read) => Ok(certificate(&read)),
        Err(why) => match (RevocationList::parse(der), OcspResponse::parse(der)) {
            (Ok(read), _) => Ok(list(&read)),
            (_, Ok(read)) => Ok(response(&read)),
            _ => Err(format!("neither certificate nor list nor response: {why}")),
        },
    }
}

fn when(time: Time) -> String {
    let second = time.unix().rem_euclid(86_400);
    format!("{} {:02}:{:02}:{:02} UTC", day_text(time), second / 3600, second / 60 % 60, second % 60)
}

const USAGES: [(Usage, &str); 9] = [
    (Usage::DigitalSignature, "digitalSignature"),
    (Usage::NonRepudiation, "nonRepudiation"),
    (Usage::KeyEncipherment, "keyEncipherment"),
    (Usage::DataEncipherment, "dataEncipherment"),
    (Usage::KeyAgreement, "keyAgreement"),
    (Usage::KeyCertSign, "keyCertSign"),
    (Usage::CrlSign, "cRLSign"),
    (Usage::EncipherOnly, "encipherOnly"),
    (Usage::DecipherOnly, "decipherOnly"),
];

const PURPOSES: [(Purpose, &str); 3] = [
    (Purpose::ServerAuth, "serverAuth"),
    (Purpose::ClientAuth, "clientAuth"),
    (Purpose::OcspSigning, "OCSPSigning"),
];

/// Names joined, with a mark for what is critical.
fn listed<'n>(names: impl Iterator<Item = &'n str>, critical: Critical) -> String {
    let names: Vec<&str> = names.collect();
    let mark = if critical == Critical::Yes { " (critical)" } else { "" };
    format!("{}{mark}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Critical {
    Yes,
    No,
}

const fn critical(marked: bool) -> Critical {
    if marked { Critical::Yes } else { Critical::No }
}

fn certificate(read: &Certificate<'_>) -> String {
    let mut text = format!("Certificate, {} bytes\n", read.der().len());
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<12} {}", value.escape_debug());
    };
    let validity = read.validity();
    line("subject", read.subject().to_string());
    line("issuer", read.issuer().to_string());
    line("serial", to_hex(read.serial()));
    line("from", when(validity.not_before));
    line("until", when(validity.not_after));
    let algorithm = read.key().algorithm();
    line("key", algorithm.map_or_else(|rule| rule.to_string(), |algorithm| format!("{algorithm:?}")));
    let signed = read.signature_algorithm().algorithm();
    line(
        "signed with",
        signed.map_or("an algorithm that V2G does not have".to_owned(), |found| format!("{found:?}")),
    );
    let extensions = read.extensions();
    if let Some(usage) = extensions.key_usage {
        let names = USAGES.iter().filter(|(one, _)| usage.allows(*one)).map(|(_, name)| *name);
        line("key usage", listed(names, critical(usage.critical)));
    }
    if let Some(usage) = extensions.extended_key_usage {
        let names = PURPOSES.iter().filter(|(one, _)| usage.allows(*one)).map(|(_, name)| *name);
        line("purpose", listed(names, critical(usage.critical)));
    }
    if let Some(constraints) = extensions.basic_constraints {
        let length = constraints.path_length.map(|length| format!(", at most {length} below"));
        let what = if constraints.authority { "yes" } else { "no" };
        let what = format!("{what}{}", length.unwrap_or_default());
        line("authority", listed([what.as_str()].into_iter(), critical(constraints.critical)));
    }
    extensions.subject_key.into_iter().for_each(|identifier| line("key id", to_hex(identifier)));
    extensions.authority_key.into_iter().for_each(|identifier| line("issuer's id", to_hex(identifier)));
    extensions.ocsp_uri.into_iter().for_each(|uri| line("OCSP", uri.to_owned()));
    if extensions.crl_distribution_points {
        line("lists", "it says where".to_owned());
    }
    text
}

fn list(read: &RevocationList<'_>) -> String {
    let mut text = "Revocation list\n".to_owned();
    let _ = writeln!(text, "  {:<12} {}", "issuer", read.issuer().to_string().escape_debug());
    let _ = writeln!(text, "  {:<12} {}", "made", when(read.this_update()));
    let _ = writeln!(text, "  {:<12} {}", "counts until", when(read.next_update()));
    let mut count = 0;
    for (serial, time) in read.revoked() {
        count += 1;
        let _ = writeln!(text, "  {:<12} {} since {}", "revoked", to_hex(serial), when(time));
    }
    if count == 0 {
        let _ = writeln!(text, "  {:<12} nothing", "revoked");
    }
    text
}

fn response(read: &OcspResponse<'_>) -> String {
    let mut text = "OCSP response\n".to_owned();
    let name = read.responder().map_or("named by its key".to_owned(), ToString::to_string);
    let _ = writeln!(text, "  {:<12} {}", "responder", name.escape_debug());
    for answer in read.answers() {
        let status = match answer.status {
            Some(Status::Good) => "good",
            Some(Status::Revoked) => "REVOKED",
            None => "unknown",
        };
        let _ = writeln!(text, "  {:<12} {}: {status}", "serial", to_hex(answer.serial));
        let until = answer.next_update.map_or("no end given".to_owned(), when);
        let _ = writeln!(text, "  {:<12} {} until {until}", "", when(answer.this_update));
    }
    text
}
