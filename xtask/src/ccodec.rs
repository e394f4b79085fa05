//! `c-codec`: what the codec costs through C's structs, against the same without them and against the common C codec; and what a
//! turn of a charger's loop costs through C.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
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

/// A turn of a charger's charge loop, instructions.
#[derive(Debug, Serialize)]
struct Turn {
    c: u64,
    rust: u64,
}

/// By how much a turn may take more through C, per cent.
const TURN_GOAL: u64 = 10;

/// By how much a message may take more through C's structs, per cent.
const MESSAGE_GOAL: u64 = 5;

impl Cost {
    fn is_met(&self) -> bool {
        self.c * 100 <= self.rust * (100 + MESSAGE_GOAL)
    }
}

/// Counts and reports. Fails if a message or the turn takes more than it may.
pub(crate) fn run(report: Report) -> Result<(), Failure> {
    let evidence = workspace::evidence().join("vectors");
    let counts_of_c = fs::read_to_string(evidence.join("bench-reference.csv"))?;
    let reference = reference(&counts_of_c)?;
    let messages = fs::read_to_string(evidence.join("bench-messages.txt"))?;
    let programs = build(cargo().args(["build", "--profile", "bench", "--package", "v2g-ffi"]).args([
        "--example",
        "codec-cost",
        "--example",
        "turn-cost",
    ]))?;
    let program = |wanted: &str| {
        let found = programs.iter().find(|(name, _)| name == wanted);
        found.map(|(_, path)| path).ok_or_else(|| Failure::new(format!("cargo built no {wanted}")))
    };
    let codec = program("codec-cost")?;
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from).unwrap_or_default();
    let counts = target.join("codec-cost.out");
    let mut rows = Vec::new();
    for (name, set, hex) in cases(&messages) {
        let Some(&(encode, decode)) = reference.get(name) else { continue };
        let counted = callgrind(&counts, &[codec.as_os_str(), set.as_ref(), hex.as_ref()])?;
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
    let counted = callgrind(&counts, &[program("turn-cost")?.as_os_str()])?;
    let turn = Turn { c: count(&counted, "c_turn")?, rust: count(&counted, "rust_turn")? };
    if report == Report::Json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "messages": rows, "turn": turn }))?);
    } else {
        let table = table(&rows, &turn);
        print!("{table}");
        sizes::update_readme("codec from c", &table, report)?;
    }
    if let Some(row) = rows.iter().find(|row| !(row.decode.is_met() && row.encode.is_met())) {
        return Err(Failure::new(format!(
            "{} takes {} instructions to decode and {} to encode through C, without {} and {}",
            row.name, row.decode.c, row.encode.c, row.decode.rust, row.encode.rust
        )));
    }
    if turn.c * 100 > turn.rust * (100 + TURN_GOAL) {
        return Err(Failure::new(format!(
            "a turn through C takes {} instructions, without {}",
            turn.c, turn.rust
        )));
    }
    Ok(())
}

/// Runs a program under callgrind, and returns the instructions of its functions with those that they call.
fn callgrind(counts: &Path, program: &[&OsStr]) -> Result<String, Failure> {
    output(
        Command::new("valgrind")
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .args(program),
    )?;
    text(Command::new("callgrind_annotate").args(["--inclusive=yes", "--threshold=100"]).arg(counts))
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

fn table(rows: &[Row], turn: &Turn) -> String {
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
    let _ = writeln!(
        table,
        "\n| Turn of a charger's charge loop, DC_BPT | Through C | Through Rust |\n|---|--:|--:|\n\
         | instructions, events answered | {} | {} |",
        turn.c, turn.rust
    );
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
