//! Validation by toggles of the control pilot.

use core::time::Duration;

use super::config::EvConfig;
use crate::deadline::after;
use crate::mme::{ValidateCnf, ValidateReq, ValidateResult};
use crate::{Ignored, Instant, MacAddr, S2};

/// Times that a charger which is busy with another vehicle is asked again.
const BUSY_RETRIES: u8 = 8;
/// Times that the toggles are made again because the charger had not begun to count.
const TOGGLE_RETRIES: u8 = 3;
/// A second `ready` after the toggles have begun is a late copy for so long, and then a repetition.
const READY_COPIES: Duration = Duration::from_millis(250);
/// Time that is added to that of the toggles.
const SLACK: Duration = Duration::from_millis(300);

/// A validation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validation {
    pub(super) evse: MacAddr,
    step: Step,
    /// Validations that are still to be passed, this one included.
    rounds_left: u8,
    left: u8,
    busy_left: u8,
    toggle_left: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Is the charger ready?
    Asked { until: Instant },
    /// It was busy.
    Pausing { until: Instant },
    /// Toggles are made, then the count is awaited.
    Toggling { since: Instant, toggles: u8, edges_left: u8, edge_at: Instant, until: Instant },
}

/// What came of a message or of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Wait,
    Send(ValidateReq),
    Switch(S2),
    /// The charger counted what was made.
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
        let (left, toggle_left) = (config.retries, TOGGLE_RETRIES);
        let rounds_left = config.validations;
        (Self { evse, step, rounds_left, left, busy_left: BUSY_RETRIES, toggle_left }, FIRST)
    }

    /// The charger answered. `toggles` is how many are made if it is ready.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        answer: ValidateCnf,
        toggles: u8,
        config: &EvConfig<'_>,
    ) -> Result<Progress, Ignored> {
        match (self.step, answer.result) {
            (Step::Asked { .. }, ValidateResult::Ready) if answer.toggles == 0 => {
                self.left = config.retries;
                Ok(Progress::Send(self.toggle(now, toggles, config)))
            }
            (Step::Asked { .. }, ValidateResult::NotReady) => match self.busy_left.checked_sub(1) {
                Some(left) => {
                    self.busy_left = left;
                    self.step = Step::Pausing { until: after(now, config.timing.validation_pause) };
                    Ok(Progress::Wait)
                }
                None => Ok(Progress::Busy),
            },
            (_, ValidateResult::NotRequired) => Ok(Progress::NotRequired),
            (_, ValidateResult::Failure) => Ok(Progress::Impossible),
            // Our second step was lost, and nobody counts.
            (Step::Toggling { since, toggles, .. }, ValidateResult::Ready)
                if now.saturating_sub(since) > READY_COPIES =>
            {
                let Some(left) = self.toggle_left.checked_sub(1) else { return Ok(Progress::Impossible) };
                self.toggle_left = left;
                Ok(Progress::Send(self.toggle(now, toggles, config)))
            }
            (Step::Toggling { toggles, edges_left: 0, .. }, ValidateResult::Success) => {
                if answer.toggles == toggles {
                    Ok(self.passed(now, config))
                } else if answer.toggles == 0 && self.left < config.retries {
                    // It began to count at a repetition, when the toggles were over.
                    Ok(Progress::Impossible)
                } else {
                    Ok(Progress::Wrong)
                }
            }
            (Step::Toggling { .. }, ValidateResult::Success) => Ok(Progress::Wrong),
            _ => Err(Ignored::Stale),
        }
    }

    /// The charger counted what was made. Once may be chance.
    fn passed(&mut self, now: Instant, config: &EvConfig<'_>) -> Progress {
        self.rounds_left = self.rounds_left.saturating_sub(1);
        if self.rounds_left == 0 {
            return Progress::Confirmed;
        }
        self.left = config.retries;
        self.step = Step::Asked { until: after(now, config.timing.response) };
        Progress::Send(FIRST)
    }

    /// Begins the second step.
    fn toggle(&mut self, now: Instant, toggles: u8, config: &EvConfig<'_>) -> ValidateReq {
        let time = window(toggles, config);
        self.step = Step::Toggling {
            since: now,
            toggles,
            edges_left: toggles * 2,
            // The pilot is at B. The charger shall count before the first edge.
            edge_at: after(now, SLACK / 3),
            until: after(now, time).saturating_add(config.timing.response),
        };
        second(time)
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.step {
            Step::Asked { until } | Step::Pausing { until } | Step::Toggling { edges_left: 0, until, .. } => {
                until
            }
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
            Step::Pausing { .. } => {
                self.left = config.retries;
                self.step = Step::Asked { until: response };
                Progress::Send(FIRST)
            }
            Step::Asked { until } | Step::Toggling { until, .. } => {
                let Some(left) = self.left.checked_sub(1) else { return Progress::Impossible };
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
