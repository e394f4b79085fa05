//! Simulates parking lots: `parking-lot [--runs N] [--seed S] [--variant strict|careful|lenient] [--one SEED] [--plot FILE]`.
//!
//! Every run is a lot of 1 to 20 chargers and 1 to 20 vehicles; without `--variant` the settings take turns. Exit
//! status 1 if a vehicle chose another's charger although its own had reported, was not matched although it could be,
//! or did not give up in time. `--one` shows everything that happens in one run.

// Times only grow here, and the figure needs no more than a few digits.
#![allow(clippy::unchecked_time_subtraction, clippy::cast_precision_loss)]

mod plot;
mod simulation;

use std::process::ExitCode;
use std::time::Instant;

use simulation::{Scenario, Tally, Variant, Watch};

fn main() -> ExitCode {
    let (mut runs, mut seed, mut plot_file, mut one, mut only) = (1000, 1, None, None, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        match (word.as_str(), Variant::named(&value)) {
            ("--runs", _) => runs = value.parse().unwrap_or(runs),
            ("--seed", _) => seed = value.parse().unwrap_or(seed),
            ("--one", _) => one = value.parse::<u64>().ok(),
            ("--plot", _) => plot_file = Some(value),
            ("--variant", Some(variant)) => only = Some(variant),
            _ => {
                eprintln!(
                    "parking-lot [--runs N] [--seed S] [--variant strict|careful|lenient] [--one SEED] [--plot FILE]"
                );
                return ExitCode::from(2);
            }
        }
    }
    if let Some(file) = plot_file {
        return plot::write(&file, runs);
    }
    let (seeds, watch) = match one {
        Some(one) => (one..=one, Watch::Everything),
        None => (seed..=seed + runs - 1, Watch::Nothing),
    };
    let began = Instant::now();
    let mut failures = 0;
    for variant in Variant::ALL {
        let mut tally = Tally::default();
        for seed in seeds.clone().filter(|seed| only.unwrap_or(Variant::of_seed(*seed)) == variant) {
            let scenario = Scenario::random(seed, variant);
            if let Some(complaint) = tally.add(&scenario, watch) {
                println!("{complaint}");
            }
        }
        if tally.runs > 0 {
            println!("{variant:?}: {tally:#?}");
        }
        failures += tally.failures();
    }
    println!("{failures} failures, {:.0?}", began.elapsed());
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
