//! Parking lots under virtual time: a few of the runs of the example `parking-lot`.

// The example has more than these tests use.
#![allow(dead_code, clippy::unchecked_time_subtraction)]

#[path = "../examples/parking-lot/simulation/mod.rs"]
mod simulation;

use simulation::{Lot, Outcome, Scenario, Tally, Variant, Watch};

fn runs() -> u64 {
    std::env::var("V2G_SLAC_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(6)
}

fn lots(variant: Variant) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..runs() {
        assert_eq!(tally.add(&Scenario::random(seed, variant), Watch::Nothing), None);
    }
    tally
}

#[test]
fn what_is_not_certain_is_validated_and_everybody_finds_its_own_charger() {
    for variant in [Variant::Strict, Variant::Careful] {
        let tally = lots(variant);
        assert_eq!((tally.failures(), tally.misled, tally.unmatched), (0, 0, 0));
        assert!(tally.own > tally.runs);
    }
}

#[test]
fn the_lenient_profile_takes_no_other_while_its_own_reports() {
    assert_eq!(lots(Variant::Lenient).failures(), 0);
}

#[test]
fn without_loss_all_are_matched_at_the_first_go() {
    for variant in Variant::ALL {
        let scenario = Scenario {
            seed: 7,
            variant,
            chargers: 6,
            vehicles: 6,
            loss: 0,
            duplication: 0,
            delay: 5,
            forgeries: 0,
            power_cycles: 0,
            mute: 0,
        };
        let report = Lot::new(scenario, Watch::Nothing).run();
        assert_eq!(report.outcomes.len(), 6);
        assert!(report.outcomes.iter().all(|o| matches!(o, Outcome::Own { first_go: true, .. })));
    }
}
