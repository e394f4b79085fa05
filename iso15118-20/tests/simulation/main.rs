//! Both engines against each other under virtual time: random services, settings, hosts, events and faults of the
//! connection. What has to hold is judged from outside, by bytes and events.
//!
//! `SIMULATION_SEED=17 cargo test -p iso15118-20 --test simulation` tells the session of one seed.
//! `SIMULATION_RUNS=200000 cargo test --release -p iso15118-20 --test simulation` plays many; with
//! `SIMULATION_FIRST=1000` from that seed on.
//!
//! Beside it the walks ask and answer everything at every stage: all of it with `--release`, a part without.

#![allow(unreachable_pub, reason = "modules of one test")]

#[path = "../common/mod.rs"]
mod common;
mod duo;
mod hostile;
mod limits;
mod link;
mod random;
mod scenario;
mod station;
mod station_host;
mod station_output;
mod station_watch;
mod trace;
mod vehicle;
mod vehicle_host;
mod vehicle_watch;
mod walk_station;
mod walk_vehicle;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use trace::Log;
use world::{Outcome, play};

/// Sessions without a word from the environment.
const FEW: u64 = 300;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect(name))
}

#[test]
fn no_session_breaks_a_rule() {
    if let Some(seed) = number("SIMULATION_SEED") {
        let outcome = play(seed, Log::Printed);
        println!("{outcome:?}");
        return;
    }
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let runs = number("SIMULATION_RUNS").unwrap_or(FEW);
    let begin = Instant::now();
    let mut sum = Outcome::default();
    for seed in first..first + runs {
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| play(seed, Log::Silent))) {
            sum.add(&outcome);
        } else {
            eprintln!("the session of SIMULATION_SEED={seed} breaks a rule:");
            play(seed, Log::Printed);
            panic!("the session of seed {seed} is not reproducible");
        }
    }
    println!("{runs} seeds in {:.1} s: {sum:?}", begin.elapsed().as_secs_f64());
    assert!(runs < 100 || sum.good * 4 > runs, "hardly any session ends well: {sum:?}");
    assert!(runs < 100 || sum.powered > 0 && sum.fed > 0 && sum.resumed > 0, "{sum:?}");
}
