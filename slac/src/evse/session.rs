//! One vehicle's attempt, as a charger sees it.

use core::time::Duration;

use super::config::{EvseConfig, Reporting};
use crate::attenuation::ProfileSum;
use crate::deadline::after;
use crate::mme::{Sounding, ValidateResult};
use crate::{GROUPS, Ignored, Instant, MacAddr, PilotState, RunId};

/// A session without START that is older than this gives its place to another: vehicles need less.
const PARM_PROTECTED: Duration = Duration::from_millis(250);
/// A session whose vehicle had so long to choose another charger has most likely done so.
const DECISION_PROTECTED: Duration = Duration::from_millis(2500);

/// One vehicle's attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) vehicle: MacAddr,
    pub(super) run_id: RunId,
    /// When the present stage began.
    since: Instant,
    pub(super) stage: Stage,
    /// What has to be sent.
    pub(super) reply: Option<Reply>,
    pub(super) profile: ProfileSum,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Answered; CM_START_ATTEN_CHAR.IND is to come.
    Parameters { until: Instant },
    /// Profiles are collected.
    Sounding { wanted: u8, until: Instant },
    /// All are there; the report follows.
    Reporting { at: Instant },
    /// Reported; the response is to come.
    Reported { left: u8, until: Instant },
    /// Responded; the vehicle decides.
    Deciding { until: Instant },
    /// Ready to count toggles; the second step is to come.
    ValidationReady { left: u8, repeat_at: Instant, until: Instant },
    /// Toggles are counted.
    Counting { toggles: u8, closed: Option<Instant>, ends: Instant, until: Instant },
    /// Toggles were counted; the choice is to come.
    Validated { toggles: u8, until: Instant },
}

/// A message that is due. It is built when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Parameters,
    Report,
    Validation { toggles: u8, result: ValidateResult },
}

/// What came of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    /// The session is over.
    Drop,
}

impl Session {
    pub(super) fn new(vehicle: MacAddr, run_id: RunId, now: Instant, config: &EvseConfig<'_>) -> Self {
        let mut session = Self {
            vehicle,
            run_id,
            since: now,
            stage: Stage::Parameters { until: now },
            reply: None,
            profile: ProfileSum::EMPTY,
        };
        session.restart(now, config);
        session
    }

    fn enter(&mut self, now: Instant, stage: Stage) {
        self.since = now;
        self.stage = stage;
    }

    /// CM_SLAC_PARM.REQ, also a repeated one.
    pub(super) fn restart(&mut self, now: Instant, config: &EvseConfig<'_>) {
        self.enter(now, Stage::Parameters { until: after(now, config.timing.sequence) });
        self.reply = Some(Reply::Parameters);
        self.profile = ProfileSum::EMPTY;
    }

    /// CM_START_ATTEN_CHAR.IND. Only the first of the copies counts.
    pub(super) fn start(
        &mut self,
        now: Instant,
        sounding: Sounding,
        config: &EvseConfig<'_>,
    ) -> Result<(), Ignored> {
        let Stage::Parameters { .. } = self.stage else { return Err(Ignored::Stale) };
        let until = after(now, config.timing.collection);
        self.enter(now, Stage::Sounding { wanted: sounding.num_sounds.get(), until });
        Ok(())
    }

    /// CM_ATTEN_PROFILE.IND of the own modem.
    pub(super) fn profile(
        &mut self,
        now: Instant,
        groups: &[u8; GROUPS],
        config: &EvseConfig<'_>,
    ) -> Result<(), Ignored> {
        let Stage::Sounding { wanted, .. } = self.stage else { return Err(Ignored::Stale) };
        self.profile.add(groups);
        if self.profile.count() >= wanted && config.reporting == Reporting::Complete {
            self.enter(now, Stage::Reporting { at: after(now, config.timing.report_delay) });
        }
        Ok(())
    }

    fn report(&mut self, now: Instant, left: u8, config: &EvseConfig<'_>) {
        self.reply = Some(Reply::Report);
        self.enter(now, Stage::Reported { left, until: after(now, config.timing.response) });
    }

    /// CM_ATTEN_CHAR.RSP.
    pub(super) fn responded(&mut self, now: Instant, config: &EvseConfig<'_>) -> Result<(), Ignored> {
        let Stage::Reported { .. } = self.stage else { return Err(Ignored::Stale) };
        self.reply = None;
        self.decide(now, config);
        Ok(())
    }

    fn decide(&mut self, now: Instant, config: &EvseConfig<'_>) {
        self.enter(now, Stage::Deciding { until: after(now, config.timing.decision) });
    }

    /// Whether sounds or their result are on the way.
    pub(super) fn is_measuring(&self) -> bool {
        matches!(self.stage, Stage::Sounding { .. } | Stage::Reporting { .. } | Stage::Reported { .. })
    }

    pub(super) fn is_validating(&self) -> bool {
        matches!(self.stage, Stage::ValidationReady { .. } | Stage::Counting { .. })
    }

    /// First step of a validation, also a repeated one.
    pub(super) fn validation_ready(&mut self, now: Instant, config: &EvseConfig<'_>) -> Result<(), Ignored> {
        let until = match self.stage {
            Stage::Deciding { until }
            | Stage::ValidationReady { until, .. }
            | Stage::Counting { until, .. } => until,
            Stage::Reported { .. } => after(now, config.timing.decision),
            Stage::Validated { .. } => after(now, config.timing.sequence),
            _ => return Err(Ignored::Stale),
        };
        let repeat_at = after(now, config.timing.sequence);
        self.enter(now, Stage::ValidationReady { left: config.retries, repeat_at, until });
        self.reply = Some(Reply::Validation { toggles: 0, result: ValidateResult::Ready });
        Ok(())
    }

    /// Second step of a validation, also a repeated one.
    pub(super) fn count(
        &mut self,
        now: Instant,
        timer: u8,
        pilot: PilotState,
        config: &EvseConfig<'_>,
    ) -> Result<(), Ignored> {
        match self.stage {
            Stage::ValidationReady { until, .. } => {
                let window =
                    times(Duration::from_millis(100), timer.saturating_add(1)).min(config.timing.toggles);
                let ends = after(now, window);
                self.reply = None;
                // Who is counted begins and ends at B: another vehicle's toggles are cut off by the window.
                let closed = (pilot != PilotState::B).then_some(now);
                self.enter(now, Stage::Counting { toggles: 0, closed, ends, until: until.max(ends) });
                Ok(())
            }
            // Its answer was lost.
            Stage::Validated { toggles, .. } => {
                self.reply = Some(Reply::Validation { toggles, result: ValidateResult::Success });
                Ok(())
            }
            _ => Err(Ignored::Stale),
        }
    }

    /// The vehicle gives up its validation.
    pub(super) fn abandon_validation(&mut self, now: Instant) -> Result<(), Ignored> {
        match self.stage {
            Stage::ValidationReady { until, .. } | Stage::Counting { until, .. } => {
                self.reply = None;
                self.enter(now, Stage::Deciding { until });
                Ok(())
            }
            _ => Err(Ignored::Stale),
        }
    }

    /// An edge of the control pilot.
    pub(super) fn pilot(&mut self, now: Instant, state: PilotState, config: &EvseConfig<'_>) {
        let Stage::Counting { toggles, closed, .. } = &mut self.stage else { return };
        match (state, *closed) {
            (PilotState::C | PilotState::D, None) => *closed = Some(now),
            (PilotState::B, Some(since)) => {
                *closed = None;
                if now.saturating_sub(since) >= config.timing.debounce {
                    *toggles = toggles.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// Whether the vehicle may choose now.
    pub(super) fn may_match(&self, early: super::EarlyMatch) -> bool {
        match self.stage {
            Stage::Deciding { .. } | Stage::ValidationReady { .. } | Stage::Validated { .. } => true,
            Stage::Reported { .. } => early == super::EarlyMatch::Accept,
            _ => false,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.stage {
            Stage::Reporting { at: until }
            | Stage::Parameters { until }
            | Stage::Sounding { until, .. }
            | Stage::Reported { until, .. }
            | Stage::Deciding { until }
            | Stage::Validated { until, .. } => until,
            Stage::ValidationReady { repeat_at, until, .. } => repeat_at.min(until),
            Stage::Counting { ends, .. } => ends,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &EvseConfig<'_>) -> Verdict {
        if now < self.deadline() {
            return Verdict::GoOn;
        }
        match self.stage {
            Stage::Parameters { .. } | Stage::Deciding { .. } | Stage::Validated { .. } => Verdict::Drop,
            Stage::Sounding { .. } if self.profile.count() == 0 => Verdict::Drop,
            Stage::Sounding { .. } | Stage::Reporting { .. } => {
                self.report(now, config.retries, config);
                Verdict::GoOn
            }
            Stage::Reported { left, .. } => match left.checked_sub(1) {
                Some(left) => {
                    self.report(now, left, config);
                    Verdict::GoOn
                }
                None => Verdict::Drop,
            },
            Stage::ValidationReady { until, .. } if until <= now => Verdict::Drop,
            Stage::ValidationReady { left, until, .. } => {
                match left.checked_sub(1) {
                    Some(left) => {
                        let repeat_at = after(now, config.timing.sequence);
                        self.stage = Stage::ValidationReady { left, repeat_at, until };
                        self.reply = Some(Reply::Validation { toggles: 0, result: ValidateResult::Ready });
                    }
                    None => self.enter(now, Stage::Deciding { until }),
                }
                Verdict::GoOn
            }
            Stage::Counting { toggles, closed, .. } => {
                let toggles = toggles.saturating_add(u8::from(closed.is_some()));
                // The vehicle may have to ask for the answer again before it can choose.
                let wait =
                    config.timing.sequence.saturating_add(times(config.timing.response, config.retries));
                self.reply = Some(Reply::Validation { toggles, result: ValidateResult::Success });
                self.enter(now, Stage::Validated { toggles, until: after(now, wait) });
                Verdict::GoOn
            }
        }
    }

    /// Since when another may have this place, if it may at all: the earlier, the sooner.
    pub(super) fn expendable(&self, now: Instant) -> Option<Instant> {
        let protected = match self.stage {
            Stage::Parameters { .. } => PARM_PROTECTED,
            Stage::Deciding { .. } => DECISION_PROTECTED,
            _ => return None,
        };
        (self.since.saturating_add(protected) <= now).then_some(self.since)
    }
}

/// A multiple of a time; by addition, because division of 64 bits is long on small machines.
fn times(time: Duration, count: u8) -> Duration {
    (0..count).fold(Duration::ZERO, |sum, _| after(sum, time))
}
