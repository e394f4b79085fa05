//! One attempt, from the first question to the link or to the next attempt.

use core::time::Duration;

use super::config::Collection;
use super::validation::Progress;
use super::{Due, Ev, EvFailure, EvFault, FAULT_PAUSE, Key, Phase, STARTS};
use crate::deadline::after;
use crate::{Entropy, Instant, LinkDown, RunId, S2};

/// What comes next without being waited for.
const SHORT: Duration = Duration::from_millis(1);

impl<E: Entropy, const STATIONS: usize> Ev<'_, E, STATIONS> {
    /// Begins an attempt if one is wanted, and pilot and modem allow it.
    pub(super) fn try_begin(&mut self, now: Instant) {
        let allowed = self.pilot.is_connected() && self.duty.allows_matching() && self.key == Key::Set;
        if self.phase != Phase::Ready || !allowed {
            return;
        }
        let mut run_id = [0; 8];
        if self.entropy.fill(&mut run_id).is_err() {
            self.events.fault = Some(EvFault::NoEntropy);
            self.phase = Phase::Pausing { until: after(now, FAULT_PAUSE) };
            return;
        }
        self.run_id = RunId(run_id);
        self.stations.clear();
        self.give_up_at.get_or_insert(after(now, self.config.timing.repetition));
        self.events.attempt = Some(self.run_id);
        self.ask(now, self.config.retries);
    }

    fn ask(&mut self, now: Instant, left: u8) {
        self.due = Some(Due::Parameters);
        self.phase = Phase::Parameters {
            left,
            copies: self.config.parameter_copies - 1,
            copy_at: after(now, self.config.timing.interval),
            until: after(now, self.config.timing.response),
        };
    }

    /// A charger answered, and sounding may begin.
    pub(super) fn begin_sounding(&mut self, now: Instant) {
        let at = after(now, self.config.timing.start_delay.max(SHORT));
        self.phase = Phase::Sounding { sent: 0, at, started: at };
    }

    /// Sends the next of three announcements and the sounds.
    fn sound(&mut self, now: Instant) {
        let Phase::Sounding { sent, started, .. } = self.phase else { return };
        let started = if sent == 0 { now } else { started };
        let sounds = self.sounding.num_sounds.get();
        let reports_until = started.saturating_add(self.config.timing.reports);
        self.due = Some(match sent.checked_sub(STARTS) {
            None => Due::Start,
            Some(sound) => {
                let mut random = [0; 16];
                // They need not be unpredictable: what was here before does as well.
                if self.entropy.fill(&mut random).is_err() {
                    random = [0xFF; 16];
                }
                Due::Sound { remaining: sounds.saturating_sub(sound + 1), random }
            }
        });
        if sent + 1 < STARTS + sounds {
            let at = after(now, self.config.timing.interval);
            self.phase = Phase::Sounding { sent: sent + 1, at, started };
        } else {
            self.phase = Phase::Collecting { until: reports_until };
            self.check_collected(now);
        }
    }

    /// Goes on as soon as nothing more is to come.
    pub(super) fn check_collected(&mut self, now: Instant) {
        if let Phase::Collecting { .. } = self.phase
            && self.config.collection == Collection::Reports
            && self.stations.all_reported()
        {
            // Not at once: the last sound has to leave before the choice does.
            let delay = self.config.timing.choice_delay.max(SHORT);
            self.phase = Phase::Choosing { at: after(now, delay) };
        }
    }

    pub(super) fn phase_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Idle | Phase::Ready | Phase::Paused { .. } | Phase::Failed => {}
            Phase::Pausing { .. } => {
                self.phase = Phase::Ready;
                self.try_begin(now);
            }
            Phase::Parameters { left, until, .. } if until <= now => {
                if !self.stations.is_empty() {
                    self.begin_sounding(now);
                } else if let Some(left) = left.checked_sub(1) {
                    self.ask(now, left);
                } else {
                    self.attempt_failed(now, EvFailure::NoCharger);
                }
            }
            Phase::Parameters { left, copies, until, .. } => {
                self.due = Some(Due::Parameters);
                let copy_at = after(now, self.config.timing.interval);
                self.phase = Phase::Parameters { left, copies: copies.saturating_sub(1), copy_at, until };
            }
            Phase::Sounding { .. } => self.sound(now),
            Phase::Collecting { .. } => {
                let delay = self.config.timing.choice_delay.max(SHORT);
                self.phase = Phase::Choosing { at: after(now, delay) };
            }
            Phase::Choosing { .. } => self.choose(now),
            Phase::Validating(mut validation) => {
                let progress = validation.handle_timeout(now, &self.config);
                self.phase = Phase::Validating(validation);
                self.validation_went_on(now, progress);
            }
            Phase::Matching { evse, left, .. } => match left.checked_sub(1) {
                Some(left) => {
                    self.due = Some(Due::Match(evse));
                    let until = after(now, self.config.timing.response);
                    self.phase = Phase::Matching { evse, left, until };
                }
                None => self.attempt_failed(now, EvFailure::NoAnswer),
            },
            Phase::Joining { .. } => self.attempt_failed(now, EvFailure::NoLink),
            Phase::Matched { evse, .. } => {
                self.switch(S2::Open);
                self.phase = Phase::Matched { evse, tell_at: None };
                self.events.up = Some(evse);
                self.amplitude.start(now, self.config.timing.amplitude_map, self.config.retries);
            }
            Phase::Resuming { evse, edge_at: Some(_), until } => {
                self.switch(S2::Open);
                self.phase = Phase::Resuming { evse, edge_at: None, until };
            }
            Phase::Resuming { .. } => {
                self.finish(now, LinkDown::NotResumed);
                self.again(now);
            }
        }
    }

    pub(super) fn validation_went_on(&mut self, now: Instant, progress: Progress) {
        let Phase::Validating(validation) = self.phase else { return };
        match progress {
            Progress::Wait => {}
            Progress::Send(message) => {
                // A repetition begins at state B.
                if message.timer != 0 {
                    self.switch(S2::Open);
                }
                self.due = Some(Due::Validate(validation.evse, message));
            }
            Progress::Switch(s2) => self.switch(s2),
            Progress::Confirmed
            | Progress::Wrong
            | Progress::Busy
            | Progress::NotRequired
            | Progress::Impossible => {
                self.switch(S2::Open);
                self.validated(now, validation.evse, progress);
            }
        }
    }

    /// Ends an attempt; another one follows if there is time for it.
    pub(super) fn attempt_failed(&mut self, now: Instant, reason: EvFailure) {
        self.attempts = self.attempts.saturating_add(1);
        let may_repeat =
            self.attempts < self.config.attempts || self.give_up_at.is_some_and(|until| now < until);
        self.finish(now, LinkDown::Lost);
        if may_repeat {
            self.phase = Phase::Pausing { until: after(now, self.config.timing.rate) };
        } else {
            self.phase = Phase::Failed;
            self.events.failed = Some(reason);
        }
    }
}
