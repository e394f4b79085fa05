//! Reads captured frames and replays captured matchings: `captures FILE`, with one JSON object for each frame.
//!
//! Every frame must parse to the fields that are recorded with it and emit to the same bytes. For every complete
//! matching, our charger is fed the vehicle's frames and our vehicle the charger's, at the captured times; both
//! must come to the captured end. Exit status 1 if something differs, 2 if there is nothing to read.

// Times of one capture are in order, its numbers are small, and one long `match` is easiest to check.
#![allow(
    clippy::unchecked_time_subtraction,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::format_collect,
    clippy::struct_field_names
)]

mod fields;
mod record;
mod replay;

use std::collections::BTreeMap;
use std::process::ExitCode;

use record::Record;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("captures FILE");
        return ExitCode::from(2);
    };
    let records = match record::read(&path) {
        Ok(records) if !records.is_empty() => records,
        Ok(_) => {
            eprintln!("{path}: no frames");
            return ExitCode::from(2);
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let mut differences = 0;
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for record in &records {
        *names.entry(&record.name).or_default() += 1;
        if let Err(difference) = fields::check(record) {
            differences += 1;
            println!("{record}: {difference}");
        }
    }
    println!("{} frames of {} kinds, {differences} differences", records.len(), names.len());

    let runs = replay::runs(&records);
    let mut wrong = 0;
    for run in &runs {
        for (role, result) in [("charger", run.as_charger()), ("vehicle", run.as_vehicle())] {
            match result {
                Ok(remark) => println!("{run} as {role}: {remark}"),
                Err(difference) => {
                    wrong += 1;
                    println!("{run} as {role}: DIFFERENT: {difference}");
                }
            }
        }
    }
    println!("{} complete matchings replayed from both ends, {wrong} differences", runs.len());
    if differences + wrong == 0 && !runs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The frames of one capture.
fn sources(records: &[Record]) -> Vec<&str> {
    let mut sources: Vec<&str> = records.iter().map(|record| record.source.as_str()).collect();
    sources.dedup();
    sources
}
