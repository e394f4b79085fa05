//! `instructions`: what decoding and encoding the benchmark messages costs, against the C codec.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use serde::Serialize;

use crate::Failure;
use crate::process::{build, cargo, output, text};
use crate::workspace;

/// How to print a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// What the counts are compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Against {
    /// The goals: so many times fewer than the C codec.
    #[default]
    Goals,
    /// The committed counts: nothing may have become slower by more than one percent.
    Record,
    /// Nothing; the counts become the record.
    Nothing,
}

/// The committed counts.
const RECORD: &str = "benches/instructions.csv";

/// How much a count may exceed the record, in thousandths: what another linker or libc makes of the same code.
const SLACK: u64 = 10;

/// One message.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    decode: Cost,
    encode: Cost,
}

/// One direction.
#[derive(Debug, Serialize)]
struct Cost {
    instructions: u64,
    reference: u64,
    ratio: f64,
    goal: u32,
    met: bool,
}

impl Cost {
    fn new(instructions: u64, reference: u64, goal: u32) -> Self {
        Self {
            instructions,
            reference,
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            ratio: reference as f64 / instructions as f64,
            goal,
            met: instructions * u64::from(goal) <= reference,
        }
    }
}

/// Measures all messages. Fails if one costs more than its goal, or than the record.
pub(crate) fn run(format: Format, against: Against) -> Result<(), Failure> {
    let rows = measure()?;
    match format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&rows)?),
        Format::Table => print(&rows),
    }
    match against {
        Against::Goals => {
            let costs = rows.iter().flat_map(|row| [&row.decode, &row.encode]);
            match costs.filter(|cost| !cost.met).count() {
                0 => Ok(()),
                missed => Err(Failure::new(format!("{missed} instruction counts miss their goal"))),
            }
        }
        Against::Record => compare(&rows),
        Against::Nothing => Ok(fs::write(workspace::root().join(RECORD), record(&rows))?),
    }
}

/// The counts as a table.
fn record(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{},{},{}\n", row.name, row.decode.instructions, row.encode.instructions);
    std::iter::once("name,decode,encode\n".to_owned()).chain(rows.iter().map(line)).collect()
}

/// Compares with the record, message by message.
fn compare(rows: &[Row]) -> Result<(), Failure> {
    let record = counts(&workspace::root().join(RECORD), ["name", "decode", "encode"])?;
    let mut slower = Vec::new();
    for row in rows {
        let Some(&(decode, encode)) = record.get(&row.name) else {
            slower.push(format!("{} is not in the record", row.name));
            continue;
        };
        for (what, now, before) in
            [("decode", row.decode.instructions, decode), ("encode", row.encode.instructions, encode)]
        {
            if now * 1000 > before * (1000 + SLACK) {
                slower.push(format!("{} {what}: {now} instead of {before}", row.name));
            }
        }
    }
    if slower.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("slower than recorded: {}", slower.join("; "))))
    }
}

/// How many times fewer instructions than the C codec a message may take, decoding and encoding.
fn goals(name: &str) -> (u32, u32) {
    match name {
        "AuthorizationReq_PnC_sig" | "CertificateInstallationRes" => (40, 40),
        _ if name.contains("ChargeLoop") || name.contains("ChargeParameter") => (10, 12),
        _ if name.starts_with("ScheduleExchange") || name.starts_with("PowerDelivery") => (10, 10),
        _ => (5, 5),
    }
}

fn measure() -> Result<Vec<Row>, Failure> {
    let programs =
        build(cargo().args(["build", "--profile", "bench", "-p", "v2g-benches", "--bin", "instructions"]))?;
    let Some((_, program)) = programs.first() else {
        return Err(Failure::new("cargo built no program".into()));
    };
    let names: Vec<String> = text(&mut Command::new(program))?.lines().map(str::to_owned).collect();
    let reference = reference()?;

    let queue = Mutex::new(names.iter().enumerate());
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some((index, name)) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    let row = row(program, name, &reference);
                    if let Ok(mut rows) = rows.lock() {
                        rows.push((index, row));
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().map_err(|_| Failure::new("a measurement panicked".into()))?;
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(program: &Path, name: &str, reference: &HashMap<String, (u64, u64)>) -> Result<Row, Failure> {
    let &(decode, encode) =
        reference.get(name).ok_or_else(|| Failure::new(format!("{name} is not in the reference")))?;
    let goals = goals(name);
    Ok(Row {
        name: name.to_owned(),
        decode: Cost::new(count(program, name, "decode_and_read")?, decode, goals.0),
        encode: Cost::new(count(program, name, "encode")?, encode, goals.1),
    })
}

/// Instructions in one call of the function, by callgrind.
fn count(program: &Path, name: &str, function: &str) -> Result<u64, Failure> {
    let output = output(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(format!("--toggle-collect=v2g_benches::read::{function}*"))
            .arg(program)
            .arg(name),
    )?;
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .filter(|&count| count > 0)
        .ok_or_else(|| Failure::new(format!("callgrind counted nothing for {name}")))
}

/// Decoding and encoding costs of the C codec, by message.
fn reference() -> Result<HashMap<String, (u64, u64)>, Failure> {
    let path = workspace::evidence().join("vectors/bench-reference.csv");
    counts(&path, ["name", "decode_instructions", "encode_instructions"])
}

/// Decoding and encoding counts by message, from a table with these columns.
fn counts(path: &Path, columns: [&str; 3]) -> Result<HashMap<String, (u64, u64)>, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        let at = header.iter().position(|column| *column == name);
        at.ok_or_else(|| Failure::new(format!("{}: no column {name}", path.display())))
    };
    let columns = (column(columns[0])?, column(columns[1])?, column(columns[2])?);
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let decode = fields.get(columns.1)?.parse().ok()?;
        let encode = fields.get(columns.2)?.parse().ok()?;
        Some((fields.get(columns.0)?.to_string(), (decode, encode)))
    };
    lines.map(|line| row(line).ok_or_else(|| Failure::new(format!("{}: {line}", path.display())))).collect()
}

fn print(rows: &[Row]) {
    println!("{:36}|{:^40}|{:^40}", "instructions", "decode and read every value", "encode");
    println!(
        "{0:36}|{1:>10}{2:>11}{3:>8}{4:>6}{5:5}|{1:>10}{2:>11}{3:>8}{4:>6}",
        "", "ours", "C", "ratio", "goal", ""
    );
    for row in rows {
        print!("{:36}", row.name);
        for cost in [&row.decode, &row.encode] {
            let verdict = if cost.met { "" } else { "MISS" };
            print!(
                "|{:10}{:11}{:8.1}{:6} {verdict:4}",
                cost.instructions, cost.reference, cost.ratio, cost.goal
            );
        }
        println!();
    }
}
