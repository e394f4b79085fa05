//! Simulates parking lots: `parking-lot --runs N [--seed S] [--plot FILE]`.
//!
//! Every run is a lot of 1 to 20 chargers and 1 to 20 vehicles. Exit status 1 if a vehicle chose another's charger
//! although its own had reported, was not matched although it could be, or did not give up in time.

// Times only grow here, and the figure needs no more than a few digits.
#![allow(clippy::unchecked_time_subtraction, clippy::cast_precision_loss)]

mod chance;
mod forger;
mod lot;
mod modem;
mod plot;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use lot::{Scenario, Variant};
use tally::Tally;

fn main() -> ExitCode {
    let (mut runs, mut seed, mut plot_file, mut one) = (1000, 1, None, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        match word.as_str() {
            "--runs" => runs = value.parse().unwrap_or(runs),
            "--seed" => seed = value.parse().unwrap_or(seed),
            "--one" => one = value.parse().ok(),
            "--plot" => plot_file = Some(value),
            _ => {
                eprintln!("parking-lot [--runs N] [--seed S] [--one SEED] [--plot FILE]");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(file) = plot_file {
        return plot::write(&file, runs);
    }
    let seeds = one.map_or(seed..=seed + runs - 1, |one: u64| one..=one);
    let began = Instant::now();
    let mut failures = 0;
    for (remainder, variant) in Variant::ALL.into_iter().enumerate() {
        let mut tally = Tally::default();
        for seed in seeds.clone().filter(|seed| seed % 3 == remainder as u64) {
            let scenario = Scenario::random(seed, variant);
            if let Some(complaint) = tally.add(&scenario) {
                println!("{complaint}");
            }
        }
        println!("{variant:?}: {tally:#?}");
        failures += tally.failures();
    }
    println!("{failures} failures, {:.0?}", began.elapsed());
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
