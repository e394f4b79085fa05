//! Text to a scenario, or to an error that names its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_scenario::Scenario;

fuzz_target!(|text: &str| {
    match Scenario::parse(text) {
        Ok(scenario) => {
            assert!((1..=4).contains(&scenario.services.len()));
            assert!((1..=100_000).contains(&scenario.lapse));
            assert!(scenario.vehicle.minimum <= scenario.vehicle.target);
            assert_ne!(scenario.vehicle.rounds, Some(0));
            // The same text says the same again, and what is said is no riddle.
            assert_eq!(Scenario::parse(text), Ok(scenario));
        }
        Err(error) => {
            // One more than the lines that there are: the end of the text is a place, too.
            assert!((1..=text.matches('\n').count() + 1).contains(&error.line()));
            assert!(error.column() >= 1 && !error.message().is_empty());
            assert!(error.to_string().starts_with(&format!(
                "line {}, column {}",
                error.line(),
                error.column()
            )));
        }
    }
});
