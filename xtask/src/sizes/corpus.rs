//! The messages that the firmware measures its stack with: the committed corpus, valid or not, and the benchmark
//! messages.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Failure;
use crate::workspace;

/// The numbers of `firmware/src/bin/stack.rs`.
const DOCUMENTS: &[(&str, u8)] =
    &[("appprotocol", 0), ("common", 1), ("dc", 2), ("ac", 3), ("wpt", 4), ("acdp", 5)];
const FRAGMENTS: &[(&str, u8)] =
    &[("common", 6), ("dc", 7), ("ac", 8), ("wpt", 9), ("acdp", 10), ("xmldsig", 11)];
const BENCHMARKS: &[(&str, u8)] =
    &[("AppProtocol", 0), ("CommonMessages", 1), ("DC", 2), ("AC", 3), ("WPT", 4), ("ACDP", 5)];

#[derive(Debug, Deserialize)]
struct Vector {
    schema: String,
    fragment: bool,
    exi_hex: String,
    exi_hex_ch: Option<String>,
}

/// All messages, in the form that the firmware reads.
pub(super) fn messages() -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let folder = workspace::root().join("conformance/corpus");
    let mut files =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Failure>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "jsonl")) {
        for line in read(file)?.lines() {
            let vector: Vector = serde_json::from_str(line)?;
            let sets = if vector.fragment { FRAGMENTS } else { DOCUMENTS };
            if let Some(set) = number(sets, &vector.schema) {
                push(&mut out, set, &vector.exi_hex)?;
                vector.exi_hex_ch.map_or(Ok(()), |hex| push(&mut out, set, &hex))?;
            }
        }
    }
    let benchmarks = read(&workspace::evidence().join("vectors/bench-messages.txt"))?;
    let mut set = None;
    for line in benchmarks.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            let name = comment.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
            set = name.and_then(|(name, _)| number(BENCHMARKS, name));
        } else if let Some((name, hex)) = line.split_once(' ') {
            let set = set.ok_or_else(|| Failure::new(format!("the benchmark {name} has no set")))?;
            push(&mut out, set, hex)?;
        }
    }
    Ok(out)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn number(sets: &[(&str, u8)], name: &str) -> Option<u8> {
    sets.iter().find(|(set, _)| *set == name).map(|(_, number)| *number)
}

fn push(out: &mut Vec<u8>, set: u8, hex: &str) -> Result<(), Failure> {
    let octets = (0..hex.len() / 2)
        .map(|index| hex.get(2 * index..2 * index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| Failure::new(format!("not hexadecimal: {hex}")))?;
    out.push(set);
    out.extend_from_slice(&u32::try_from(octets.len())?.to_le_bytes());
    out.extend_from_slice(&octets);
    Ok(())
}
