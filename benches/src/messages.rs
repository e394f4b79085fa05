//! The benchmark messages, which stay outside the repository with the other evidence.

use std::path::PathBuf;
use std::{env, fs, io};

/// A schema set, as the benchmark file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// supportedAppProtocol.
    AppProtocol,
    /// CommonMessages.
    Common,
    /// DC.
    Dc,
    /// AC.
    Ac,
    /// WPT.
    Wpt,
    /// ACDP.
    Acdp,
}

impl Set {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "AppProtocol" => Self::AppProtocol,
            "CommonMessages" => Self::Common,
            "DC" => Self::Dc,
            "AC" => Self::Ac,
            "WPT" => Self::Wpt,
            "ACDP" => Self::Acdp,
            _ => return None,
        })
    }
}

/// A benchmark message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Name in the benchmark file.
    pub name: String,
    /// The set that the message belongs to.
    pub set: Set,
    /// The EXI stream.
    pub octets: Vec<u8>,
}

/// Reads `vectors/bench-messages.txt` in the folder that `V2G_EVIDENCE` names (default: `../shared`, next to the
/// workspace).
///
/// # Errors
/// The file is missing or is not understood. There is no measurement without messages, so nothing is skipped.
pub fn cases() -> io::Result<Vec<Case>> {
    let folder = env::var_os("V2G_EVIDENCE")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let path = folder.join("vectors/bench-messages.txt");
    let text = fs::read_to_string(&path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{}", path.display())))
}

/// A line `# name [set] …` announces the line `name hex`.
fn parse(text: &str) -> Option<Vec<Case>> {
    let mut set = None;
    let mut cases = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            set = comment.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(set, _)| set);
        } else if let Some((name, hex)) = line.split_once(' ') {
            cases.push(Case { name: name.to_owned(), set: Set::parse(set?)?, octets: octets(hex.trim())? });
        }
    }
    (!cases.is_empty()).then_some(cases)
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}
