//! `c-codec`: what the codec costs through C's structs, against the same without them and against the common C codec.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use crate::Failure;
use crate::process::{build, cargo, metadata, output, text};
use crate::sizes::{self, Report};
use crate::workspace;

/// Times that the example does each.
const ROUNDS: u64 = 16;

/// Longest message that fits on a command line, hexadecimal digits.
const LONGEST: usize = 60_000;

/// Instructions of one message.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    octets: usize,
    decode: Cost,
    encode: Cost,
}

#[derive(Debug, Serialize)]
struct Cost {
    /// Through C's structs.
    c: u64,
    /// Without them.
    rust: u64,
    /// The common C codec.
    reference: u64,
}

/// Counts and reports.
pub(crate) fn run(report: Report) -> Result<(), Failure> {
    let evidence = workspace::evidence().join("vectors");
    let counts_of_c = fs::read_to_string(evidence.join("bench-reference.csv"))?;
    let reference = reference(&counts_of_c)?;
    let messages = fs::read_to_string(evidence.join("bench-messages.txt"))?;
    let programs = build(cargo().args([
        "build",
        "--profile",
        "bench",
        "--package",
        "v2g-ffi",
        "--example",
        "codec-cost",
    ]))?;
    let program = programs.into_iter().find(|(name, _)| name == "codec-cost");
    let (_, program) = program.ok_or_else(|| Failure::new("cargo built no codec-cost".into()))?;
    let counts = metadata()?["target_directory"].as_str().map(PathBuf::from).unwrap_or_default();
    let counts = counts.join("codec-cost.out");
    let mut rows = Vec::new();
    for (name, set, hex) in cases(&messages) {
        let Some(&(encode, decode)) = reference.get(name) else { continue };
        output(
            Command::new("valgrind")
                .args(["--quiet", "--tool=callgrind"])
                .arg(format!("--callgrind-out-file={}", counts.display()))
                .arg(&program)
                .args([set, hex]),
        )?;
        let counted = text(
            Command::new("callgrind_annotate").args(["--inclusive=yes", "--threshold=100"]).arg(&counts),
        )?;
        let count = |function: &str| count(&counted, function);
        rows.push(Row {
            name: name.into(),
            octets: hex.len() / 2,
            decode: Cost { c: count("c_decode")?, rust: count("rust_decode")?, reference: decode },
            encode: Cost { c: count("c_encode")?, rust: count("rust_encode")?, reference: encode },
        });
    }
    if rows.is_empty() {
        return Err(Failure::new("no benchmark message was measured".into()));
    }
    if report == Report::Json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let table = table(&rows);
    print!("{table}");
    sizes::update_readme("codec from c", &table, report)
}

/// Name, set and digits of the messages.
fn cases(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let set_of = |name: &str| {
        let start = format!("# {name} [");
        text.lines().find_map(|line| Some(line.strip_prefix(&start)?.split_once(']')?.0))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let (name, hex) = line.split_once(' ')?;
        (hex.len() <= LONGEST).then_some((name, set_of(name)?, hex))
    })
}

/// Instructions of the common C codec: encoding, decoding.
fn reference(csv: &str) -> Result<HashMap<&str, (u64, u64)>, Failure> {
    let mut rows = HashMap::new();
    for line in csv.lines().filter(|line| !line.starts_with('#') && !line.starts_with("name,")) {
        let cells: Vec<&str> = line.split(',').collect();
        let [name, _, encode, decode, ..] = cells.as_slice() else {
            return Err(Failure::new(format!("not a row of counts: {line}")));
        };
        let number = |text: &str| text.parse().map_err(|_| Failure::new(format!("not a count: {text}")));
        rows.insert(*name, (number(encode)?, number(decode)?));
    }
    Ok(rows)
}

/// Instructions of one call of a function.
fn count(annotated: &str, function: &str) -> Result<u64, Failure> {
    let is_it = |line: &&str| {
        line.contains(&format!(":{function} "))
            || line.contains(&format!("::{function} "))
            || line.contains(&format!("{function}["))
    };
    let line = annotated.lines().find(is_it);
    let digits: String = line
        .unwrap_or_default()
        .trim()
        .chars()
        .take_while(|c| *c != ' ')
        .filter(char::is_ascii_digit)
        .collect();
    let total: u64 = digits.parse().map_err(|_| Failure::new(format!("callgrind counted no {function}")))?;
    Ok(total / ROUNDS)
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| Message | Octets | Decode | Without C's structs | Common C codec | Encode | Without C's structs | Common C codec |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for Row { name, octets, decode, encode } in rows {
        let _ = writeln!(
            table,
            "| `{name}` | {octets} | {} | {} | {} | {} | {} | {} |",
            decode.c, decode.rust, decode.reference, encode.c, encode.rust, encode.reference
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{cases, count, reference};

    #[test]
    fn counts_and_messages_are_read() {
        let csv = "# c\nname,bytes,encode_instructions,decode_instructions,a,b\nM,4,787,867,55,40\n";
        assert_eq!(reference(csv).ok().and_then(|rows| rows.get("M").copied()), Some((787, 867)));
        let text = "# M [DC] 4 bytes: x\nM 80400040\n";
        assert_eq!(cases(text).collect::<Vec<_>>(), [("M", "DC", "80400040")]);
        let annotated = "  1,600 ( 0.1%)  ???:codec_cost::main::c_decode [x]\n";
        assert_eq!(count(annotated, "c_decode").ok(), Some(100));
        assert!(count(annotated, "c_encode").is_err());
    }
}
