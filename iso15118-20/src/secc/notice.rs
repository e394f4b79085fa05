//! What the charger wants of the vehicle in the loop: one slot on the wire, the most urgent first.

use core::time::Duration;

use exi_codec::iso20::common_types::{EvseNotification, EvseStatus};
use thiserror::Error;
use v2gtp::Instant;

use super::engine::Core;
use super::services::Advertised;
use super::{Secc, SeccTimer as T, Stop};
use crate::sequence::{Guard, Stage, Stream};

/// Timers of notifications, the most urgent first.
pub(super) const TIMERS: [T; 6] = [
    T::Terminate,
    T::Pause,
    T::ExitStandby,
    T::ServiceRenegotiation,
    T::ScheduleRenegotiation,
    T::MeteringConfirmation,
];

/// What notifications left behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notes {
    /// The vehicle may pause.
    pub(super) pause_invited: bool,
    /// The next round shows the meter.
    pub(super) meter_due: bool,
    /// The next round says that schedule renegotiation came to nothing.
    pub(super) renegotiation: super::side::Outcome,
    /// Rounds beyond the schedule so far.
    pub(super) violations: u8,
}

impl Notes {
    pub(super) const NONE: Self = Self {
        pause_invited: false,
        meter_due: false,
        renegotiation: super::side::Outcome::None,
        violations: 0,
    };
}

/// Why a notification cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotifyError {
    /// The session is not where the vehicle could hear of it or follow it.
    #[error("the vehicle cannot follow now")]
    NotNow,
    /// The charger did not advertise it.
    #[error("not advertised to this vehicle")]
    NotOffered,
}

impl Secc<'_> {
    /// Tells the vehicle in the next rounds of the charge loop to do something within `max_delay`
    /// seconds; [`usual_delay`](Self::usual_delay) is one.
    ///
    /// Repeating a notification does not prolong its time. After the time a vehicle that was told to terminate or
    /// to pause is switched off, and its next request refused; of what else it ignored,
    /// [`SeccEvent::Overdue`](super::SeccEvent::Overdue) tells. [`EvseNotification::Terminate`] is
    /// [`Stop::Notify`].
    ///
    /// # Errors
    /// See [`NotifyError`]. Nothing has changed.
    pub fn notify(
        &mut self,
        now: Instant,
        notification: EvseNotification,
        max_delay: u16,
    ) -> Result<(), NotifyError> {
        self.core.now = now;
        self.core.notify(notification, max_delay)
    }

    /// The usual time to follow a notification, s: [`Timing::notification`](crate::Timing::notification).
    pub fn usual_delay(&self) -> u16 {
        u16::try_from(self.core.timing().notification.as_secs()).unwrap_or(u16::MAX)
    }
}

impl Core<'_> {
    fn notify(&mut self, notification: EvseNotification, max_delay: u16) -> Result<(), NotifyError> {
        let stage = self.sequence.stage();
        let is_open = self.end.is_none() && !self.closed;
        if notification == EvseNotification::Terminate && is_open {
            self.stop(Stop::Notify { max_delay });
            return Ok(());
        }
        let heard = match notification {
            EvseNotification::ExitStandby => stage == Stage::Standby,
            EvseNotification::ScheduleRenegotiation => stage == Stage::ChargeLoop,
            _ => matches!(stage, Stage::ChargeLoop | Stage::Standby),
        };
        if !heard || !is_open || self.stopping.is_some() {
            return Err(NotifyError::NotNow);
        }
        match notification {
            EvseNotification::ServiceRenegotiation if self.services.advertised != Advertised::Yes => {
                return Err(NotifyError::NotOffered);
            }
            EvseNotification::Pause => self.notes.pause_invited = true,
            EvseNotification::MeteringConfirmation => {
                self.notes.meter_due = true;
                self.side_sequence(Stream::MeteringConfirmation, |s| s.grant(Guard::MeteringAsked));
            }
            _ => {}
        }
        let delay = Duration::from_secs(u64::from(max_delay)).saturating_add(self.grace());
        self.start_timer(timer_of(notification), delay);
        Ok(())
    }

    /// The most urgent notification and the seconds left to follow it.
    pub(super) fn evse_status(&self) -> Option<EvseStatus> {
        TIMERS.into_iter().find_map(|timer| {
            let until = self.deadline(timer)?.saturating_sub(self.grace());
            let left = until.saturating_sub(self.now).as_secs();
            Some(EvseStatus {
                notification_max_delay: u16::try_from(left).unwrap_or(u16::MAX),
                evse_notification: notification_of(timer),
            })
        })
    }

    /// The vehicle did what all these wanted, or something that makes them void.
    pub(super) fn settle_notices(&mut self, settled: &[T]) {
        for timer in settled {
            self.clear(*timer);
        }
    }

    /// Nothing depends on this one: the session goes on, and the host knows.
    pub(super) fn notice_ignored(&mut self, timer: T) {
        if timer == T::MeteringConfirmation {
            self.side_sequence(Stream::MeteringConfirmation, |s| s.revoke(Guard::MeteringAsked));
        }
        self.late(timer);
    }

    /// A delay of zero still leaves the vehicle the round that tells it and its very next request.
    pub(super) fn grace(&self) -> Duration {
        let round = self.timing().loop_sequence;
        round.saturating_add(round)
    }
}

const fn timer_of(notification: EvseNotification) -> T {
    match notification {
        EvseNotification::Terminate => T::Terminate,
        EvseNotification::Pause => T::Pause,
        EvseNotification::ExitStandby => T::ExitStandby,
        EvseNotification::ServiceRenegotiation => T::ServiceRenegotiation,
        EvseNotification::ScheduleRenegotiation => T::ScheduleRenegotiation,
        EvseNotification::MeteringConfirmation => T::MeteringConfirmation,
    }
}

const fn notification_of(timer: T) -> EvseNotification {
    match timer {
        T::Pause => EvseNotification::Pause,
        T::ExitStandby => EvseNotification::ExitStandby,
        T::ServiceRenegotiation => EvseNotification::ServiceRenegotiation,
        T::ScheduleRenegotiation => EvseNotification::ScheduleRenegotiation,
        T::MeteringConfirmation => EvseNotification::MeteringConfirmation,
        _ => EvseNotification::Terminate,
    }
}
