//! Counts what became of many runs.

use std::time::Duration;

use super::lot::Lot;
use super::scenario::{Outcome, Scenario, Variant};
use super::watch::Watch;

/// No attempt begins after 10 s (TT_matching_repetition) but the third; the last of them may still be in its longest
/// steps: questions (0.6 s), sounds and reports (1.5 s), three rounds of validation (9 s, more if frames are lost), the
/// choice (0.6 s), joining (12 s).
const GIVE_UP: Duration = Duration::from_secs(45);

/// What became of many runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) own: u64,
    pub(crate) own_at_first_go: u64,
    pub(crate) gave_up: u64,
    /// Chose another's charger while the own one had not been heard.
    pub(crate) misled: u64,
    /// Could be matched and were not, in lots where nobody was misled.
    pub(crate) unmatched: u64,
    /// The same where somebody was, and took their charger.
    pub(crate) displaced: u64,
    pub(crate) undecided: u64,
    /// Chose another's charger although the own one had reported.
    pub(crate) wrong: u64,
    /// Lots in which a vehicle took too long to give up.
    pub(crate) slow: u64,
    pub(crate) slowest_failure: Duration,
    pub(crate) slowest_link: Duration,
    pub(crate) virtual_time: Duration,
    pub(crate) frames: u64,
    forbidden: u64,
}

impl Tally {
    /// Simulates one lot. Says what went wrong in it, if anything did.
    pub(crate) fn add(&mut self, scenario: &Scenario, watch: Watch) -> Option<String> {
        let report = Lot::new(scenario.clone(), watch).run();
        let count = |outcome| report.outcomes.iter().filter(|found| **found == outcome).count() as u64;
        let (misled, wrong, undecided) =
            (count(Outcome::Misled), count(Outcome::Wrong), count(Outcome::Undecided));
        let unmatched = count(Outcome::Unmatched);
        for outcome in &report.outcomes {
            if let Outcome::Own { after, first_go } = outcome {
                self.own += 1;
                self.own_at_first_go += u64::from(*first_go);
                self.slowest_link = self.slowest_link.max(*after);
            }
        }
        self.runs += 1;
        self.virtual_time += report.time;
        self.frames += report.frames;
        self.slowest_failure = self.slowest_failure.max(report.slowest_failure);
        self.gave_up += count(Outcome::GaveUp);
        self.misled += misled;
        self.wrong += wrong;
        self.undecided += undecided;
        let slow = u64::from(report.slowest_failure > GIVE_UP);
        self.slow += slow;
        let tolerated = scenario.variant == Variant::Lenient && misled > 0;
        if tolerated {
            self.displaced += unmatched;
        } else {
            self.unmatched += unmatched;
        }
        // Only the lenient profile takes a charger unseen when the right one is silent.
        let forbidden = wrong
            + undecided
            + slow
            + if tolerated { 0 } else { unmatched }
            + if scenario.variant == Variant::Lenient { 0 } else { misled };
        self.forbidden += forbidden;
        (forbidden > 0).then(|| format!("{:?} in {scenario:?}", report.outcomes))
    }

    /// Vehicles for which something happened that must not.
    pub(crate) fn failures(&self) -> u64 {
        self.forbidden
    }
}
