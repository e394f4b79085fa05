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
/// A second first step of a validation is a late copy for so long.
const COPIES: Duration = Duration::from_millis(300);
/// Rounds of validation after each of which the vehicle has its time to decide again.
const ROUNDS: u8 = 5;

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
    /// Rounds of validation that were counted.
    rounds: u8,
    /// Until when the pilot's edges are this vehicle's own, or were counted against it.
    counted_until: Instant,
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
    Counting { count: Count, closed: Option<Instant>, ends: Instant, until: Instant },
    /// Toggles were counted; the choice is to come.
    Validated { count: Count, until: Instant, decide_until: Instant },
}

/// What was seen of toggles in the time for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Whole(u8),
    /// One was cut off by the beginning or the end. Who is validated begins and ends at B: it is another vehicle's.
    Cut,
}

impl Count {
    fn reply(self) -> Reply {
        let (toggles, result) = match self {
            Self::Whole(toggles) => (toggles, ValidateResult::Success),
            Self::Cut => (0, ValidateResult::Failure),
        };
        Reply::Validation { toggles, result }
    }
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
            rounds: 0,
            counted_until: Instant::ZERO,
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

    /// Whether an edge of the pilot was counted.
    pub(super) fn has_counted(&self, edge: Instant) -> bool {
        edge <= self.counted_until
    }

    pub(super) fn is_validating(&self) -> bool {
        matches!(self.stage, Stage::ValidationReady { .. } | Stage::Counting { .. })
    }

    /// Whether the second step of a validation would begin a count.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::ValidationReady { .. })
    }

    /// First step of a validation, also a repeated one.
    pub(super) fn validation_ready(&mut self, now: Instant, config: &EvseConfig<'_>) -> Result<(), Ignored> {
        let until = match self.stage {
            // A late copy must not end the count that has begun since.
            Stage::Counting { .. } if now.saturating_sub(self.since) < COPIES => return Err(Ignored::Stale),
            Stage::Deciding { until }
            | Stage::ValidationReady { until, .. }
            | Stage::Counting { until, .. } => until,
            Stage::Validated { decide_until, .. } if self.rounds > ROUNDS => {
                (now < decide_until).then_some(decide_until).ok_or(Ignored::Stale)?
            }
            // Once may be chance: vehicles that know may validate again.
            Stage::Reported { .. } | Stage::Validated { .. } => after(now, config.timing.decision),
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
                let count = if pilot == PilotState::B { Count::Whole(0) } else { Count::Cut };
                self.enter(now, Stage::Counting { count, closed: None, ends, until: until.max(ends) });
                Ok(())
            }
            // Its answer was lost.
            Stage::Validated { count, .. } => {
                self.reply = Some(count.reply());
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
        let Stage::Counting { count, closed, .. } = &mut self.stage else { return };
        match (state, *closed) {
            (PilotState::C | PilotState::D, None) => *closed = Some(now),
            (PilotState::B, Some(since)) => {
                *closed = None;
                if let (Count::Whole(toggles), true) =
                    (count, now.saturating_sub(since) >= config.timing.debounce)
                {
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
            Stage::Counting { count, closed, ends, until } => {
                let count = if closed.is_some() { Count::Cut } else { count };
                // The vehicle may have to ask for the answer again before it can choose.
                let wait =
                    config.timing.sequence.saturating_add(times(config.timing.response, config.retries));
                self.reply = Some(count.reply());
                self.rounds = self.rounds.saturating_add(1);
                self.counted_until = ends;
                self.enter(now, Stage::Validated { count, until: after(now, wait), decide_until: until });
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
