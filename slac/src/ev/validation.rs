//! Validation by toggles of the control pilot.

use core::time::Duration;

use super::config::EvConfig;
use crate::deadline::after;
use crate::mme::{ValidateCnf, ValidateReq, ValidateResult};
use crate::{Ignored, Instant, MacAddr, S2};

/// Times that a charger which is busy with another vehicle is asked again.
const BUSY_RETRIES: u8 = 8;
/// Times that a round is begun anew because a message was lost, so that nobody counted what was made.
const LOST_RETRIES: u8 = 4;
/// A second `ready` is a late copy for so long after the first, and then a repetition.
const READY_COPIES: Duration = Duration::from_millis(300);
/// Time that is added to that of the toggles.
const SLACK: Duration = Duration::from_millis(300);

/// A validation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validation {
    pub(super) evse: MacAddr,
    step: Step,
    /// Rounds that are still to be passed, this one included.
    rounds_left: u8,
    left: u8,
    busy_left: u8,
    lost_left: u8,
    /// After this no round begins.
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is not asked before this time.
    Pausing { until: Instant },
    /// Is the charger ready?
    Asked { until: Instant },
    /// It was at `ready_at`. So many toggles will follow.
    Holding { toggles: u8, ready_at: Instant, until: Instant },
    /// Toggles are made, then the count is awaited.
    Toggling { toggles: u8, ready_at: Instant, edges_left: u8, edge_at: Instant, until: Instant },
}

/// What is left to chance in a round, so that no other vehicle does the same at the same time again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    toggles: u8,
    /// Before the charger is asked, when it has passed the round before.
    before_question: Duration,
    /// Before the toggles, when it is ready. It waits 400 ms for them (TT_match_sequence).
    before_toggles: Duration,
}

impl Draw {
    /// Of random bytes; at most `most` toggles.
    pub(super) fn of(random: [u8; 3], most: u8) -> Self {
        let [toggles, question, begin] = random;
        Self {
            toggles: 1 + toggles % most,
            before_question: Duration::from_millis(question.into()),
            before_toggles: Duration::from_millis(begin.into()),
        }
    }
}

/// What came of a message or of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Wait,
    Send(ValidateReq),
    Switch(S2),
    /// The charger counted what was made, each time.
    Confirmed,
    /// It counted something else.
    Wrong,
    /// It is always busy with another vehicle, which speaks for that one being its own.
    Busy,
    /// It says that this need not be.
    NotRequired,
    /// It cannot, or does not answer.
    Impossible,
}

const FIRST: ValidateReq = ValidateReq { timer: 0, result: ValidateResult::Ready };

impl Validation {
    pub(super) fn start(evse: MacAddr, now: Instant, config: &EvConfig<'_>) -> (Self, ValidateReq) {
        let step = Step::Asked { until: after(now, config.timing.response) };
        let (left, rounds_left) = (config.retries, config.validations);
        let until = after(now, config.timing.validation);
        let (busy_left, lost_left) = (BUSY_RETRIES, LOST_RETRIES);
        (Self { evse, step, rounds_left, left, busy_left, lost_left, until }, FIRST)
    }

    /// The charger answered. `draw` counts if another round begins or goes on.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        answer: ValidateCnf,
        draw: Draw,
        config: &EvConfig<'_>,
    ) -> Result<Progress, Ignored> {
        match (self.step, answer.result) {
            (Step::Asked { .. }, ValidateResult::Ready) if answer.toggles == 0 => {
                let until = after(now, draw.before_toggles);
                self.step = Step::Holding { toggles: draw.toggles, ready_at: now, until };
                Ok(Progress::Wait)
            }
            // Its pilot moved although nobody should: it is asked again when that is over.
            (Step::Asked { .. } | Step::Toggling { .. }, ValidateResult::NotReady) => {
                let Some(left) = self.busy_left.checked_sub(1) else { return Ok(Progress::Busy) };
                self.busy_left = left;
                self.step = Step::Pausing { until: after(now, config.timing.validation_pause) };
                Ok(Progress::Switch(S2::Open))
            }
            (_, ValidateResult::NotRequired) => Ok(Progress::NotRequired),
            // It saw toggles that cannot have been ours.
            (Step::Toggling { .. }, ValidateResult::Failure) => Ok(Progress::Wrong),
            (_, ValidateResult::Failure) => Ok(Progress::Impossible),
            // Our second step was lost, and nobody counts.
            (Step::Toggling { ready_at, .. }, ValidateResult::Ready)
                if now.saturating_sub(ready_at) > READY_COPIES =>
            {
                // It has seen them all the same, and is not ready until they are over.
                Ok(self.begin_anew(now, config.timing.validation_pause * 2))
            }
            (Step::Toggling { toggles, edges_left: 0, .. }, ValidateResult::Success) => {
                if answer.toggles == toggles {
                    Ok(self.passed(now, draw))
                } else if answer.toggles == 0 && self.left < config.retries {
                    // It began to count at a repetition, when the toggles were over.
                    Ok(self.begin_anew(now, draw.before_question))
                } else {
                    Ok(Progress::Wrong)
                }
            }
            (Step::Toggling { .. }, ValidateResult::Success) => Ok(Progress::Wrong),
            _ => Err(Ignored::Stale),
        }
    }

    /// The charger counted what was made. Once may be chance.
    fn passed(&mut self, now: Instant, draw: Draw) -> Progress {
        self.rounds_left = self.rounds_left.saturating_sub(1);
        if self.rounds_left == 0 {
            return Progress::Confirmed;
        }
        self.step = Step::Pausing { until: after(now, draw.before_question) };
        Progress::Wait
    }

    /// A message was lost, and the round is worth nothing.
    fn begin_anew(&mut self, now: Instant, pause: Duration) -> Progress {
        let Some(left) = self.lost_left.checked_sub(1) else { return Progress::Impossible };
        self.lost_left = left;
        self.step = Step::Pausing { until: after(now, pause) };
        Progress::Switch(S2::Open)
    }

    /// Begins the second step.
    fn toggle(&mut self, now: Instant, toggles: u8, ready_at: Instant, config: &EvConfig<'_>) -> ValidateReq {
        let time = window(toggles, config);
        self.left = config.retries;
        self.step = Step::Toggling {
            toggles,
            ready_at,
            edges_left: toggles * 2,
            // The pilot is at B. The charger shall count before the first edge.
            edge_at: after(now, SLACK / 3),
            until: after(now, time).saturating_add(config.timing.response),
        };
        second(time)
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.step {
            Step::Asked { until }
            | Step::Pausing { until }
            | Step::Holding { until, .. }
            | Step::Toggling { edges_left: 0, until, .. } => until,
            Step::Toggling { edge_at, .. } => edge_at,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &EvConfig<'_>) -> Progress {
        if now < self.deadline() {
            return Progress::Wait;
        }
        let response = after(now, config.timing.response);
        match &mut self.step {
            Step::Toggling { edges_left, edge_at, .. } if *edges_left > 0 => {
                let s2 = if *edges_left % 2 == 0 { S2::Closed } else { S2::Open };
                *edges_left -= 1;
                *edge_at = after(now, config.timing.toggle_state);
                Progress::Switch(s2)
            }
            Step::Pausing { .. } if self.until <= now => Progress::Impossible,
            Step::Pausing { .. } => {
                self.left = config.retries;
                self.step = Step::Asked { until: response };
                Progress::Send(FIRST)
            }
            Step::Holding { toggles, ready_at, .. } => {
                let (toggles, ready_at) = (*toggles, *ready_at);
                Progress::Send(self.toggle(now, toggles, ready_at, config))
            }
            Step::Asked { until } | Step::Toggling { until, .. } => {
                let Some(left) = self.left.checked_sub(1) else {
                    // Who has passed a round can validate: the messages were lost.
                    let passed = self.rounds_left < config.validations;
                    return if passed { self.begin_anew(now, Duration::ZERO) } else { Progress::Impossible };
                };
                self.left = left;
                *until = response;
                match self.step {
                    Step::Toggling { toggles, .. } => Progress::Send(second(window(toggles, config))),
                    _ => Progress::Send(FIRST),
                }
            }
        }
    }
}

fn second(time: Duration) -> ValidateReq {
    let hundreds = u8::try_from(time.as_millis() / 100).unwrap_or(u8::MAX);
    ValidateReq { timer: hundreds.saturating_sub(1), result: ValidateResult::Ready }
}

/// Time for so many toggles (TP_EV_vald_toggle), in whole hundreds of milliseconds between 600 and 3500.
fn window(toggles: u8, config: &EvConfig<'_>) -> Duration {
    let time = (config.timing.toggle_state * 2 * u32::from(toggles)).saturating_add(SLACK);
    let hundreds = time.as_millis().div_ceil(100).clamp(6, 35) as u64;
    Duration::from_millis(hundreds * 100)
}
