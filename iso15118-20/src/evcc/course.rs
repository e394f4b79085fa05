//! What the vehicle is after, and who may change it: the host, the charger, a fault.

use exi_codec::iso20::common_types::{EvseNotification, EvseStatus};
use thiserror::Error;
use v2gtp::Instant;

use super::{Core, Evcc, Flags, Notification, PauseReaction, Pending, T, Turn};
use crate::end::Cause;
use crate::sequence::Stage;
use crate::service::ControlMode;

/// What the vehicle is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Energy.
    Charge,
    /// The loop without power.
    Standby,
    /// Back to the choice of a service.
    Renegotiate,
    /// An end after which the session can be resumed.
    Pause,
    /// The end, and why.
    Leave(Cause),
}

impl Course {
    const fn rank(self) -> u8 {
        match self {
            Self::Charge => 0,
            Self::Standby => 1,
            Self::Renegotiate => 2,
            Self::Pause => 3,
            Self::Leave(_) => 4,
        }
    }

    /// How a session ends that is on this course.
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::Leave(cause) => cause,
            Self::Pause => Cause::Paused,
            _ => Cause::Terminated,
        }
    }

    /// Why the vehicle leaves, if it is for a fault.
    pub(super) fn fault(self) -> Option<Cause> {
        match self {
            Self::Leave(cause) if cause != Cause::Terminated => Some(cause),
            _ => None,
        }
    }

    pub(super) const fn is_leaving(self) -> bool {
        matches!(self, Self::Leave(_))
    }
}

/// Why a wish of the host's cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAllowed {
    /// There is no session, or no service was selected yet.
    #[error("there is no service selected")]
    NoService,
    /// The vehicle is on its way to something that outranks the wish.
    #[error("the vehicle is on its way out")]
    Leaving,
    /// Where the charger plans, the vehicle may pause only when asked to [V2G20-1195].
    #[error("the charger plans, and did not ask for it")]
    NotInvited,
    /// The charger does not renegotiate services.
    #[error("the charger does not renegotiate services")]
    NotOffered,
    /// Not at this stage.
    #[error("not at this stage")]
    Stage,
}

impl Evcc<'_> {
    /// Ends the session in good order: power first, then the session.
    pub fn stop(&mut self, now: Instant) {
        self.core.now = now;
        self.core.leave(Cause::Terminated);
    }

    /// Ends the session at once: no current, open contactors, connection closed.
    pub fn emergency_stop(&mut self, now: Instant) {
        self.core.now = now;
        self.core.finish(Cause::EmergencyStop);
    }

    /// Pauses the session: power first, then the connection. It can be resumed with a new one, see
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// Without an invitation only a vehicle that plans itself (Scheduled) may pause; it announces 0 W first.
    pub fn pause(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.selected()?;
        if self.core.mode() == ControlMode::Dynamic && !self.core.flags.has(Flags::INVITED) {
            return Err(NotAllowed::NotInvited);
        }
        self.core.head_for(Course::Pause)
    }

    /// Goes on with the charge loop, but without power, contactors closed. [`EvccEvent::Standby`] tells when the
    /// charger has agreed, [`EvccEvent::StandbyRefused`] that it has not.
    ///
    /// [`EvccEvent::Standby`]: super::EvccEvent::Standby
    /// [`EvccEvent::StandbyRefused`]: super::EvccEvent::StandbyRefused
    ///
    /// # Errors
    /// Only before and in the charge loop.
    pub fn standby(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.selected()?;
        if self.core.flags.has(Flags::NO_STANDBY) {
            return Err(NotAllowed::NotOffered);
        }
        self.core.stand_by(self.core.config.settings.timing.actuation)
    }

    /// Leaves standby, or takes back a wish for it: power again.
    ///
    /// # Errors
    /// The vehicle is not in standby.
    pub fn exit_standby(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.end_standby()
    }

    /// Chooses the service anew: power off first, then discovery, with the wishes of the configuration.
    /// The authorization stays.
    ///
    /// # Errors
    /// The charger did not offer it in its first answer to service discovery.
    pub fn renegotiate_service(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.selected()?;
        if !self.core.flags.has(Flags::RENEGOTIABLE) {
            return Err(NotAllowed::NotOffered);
        }
        self.core.head_for(Course::Renegotiate)
    }

    /// Whether the vehicle is in standby.
    pub fn is_standby(&self) -> bool {
        self.core.sequence.stage() == Stage::Standby
    }
}

impl Core<'_> {
    fn selected(&self) -> Result<(), NotAllowed> {
        if self.closed || self.end.is_some() || self.selection.is_none() {
            return Err(NotAllowed::NoService);
        }
        Ok(())
    }

    /// Changes the course to one that outranks it.
    pub(super) fn head_for(&mut self, course: Course) -> Result<(), NotAllowed> {
        if self.course.rank() >= course.rank() {
            return if self.course == course { Ok(()) } else { Err(NotAllowed::Leaving) };
        }
        self.course = course;
        if course.is_leaving() {
            self.cancel_security();
        }
        self.flags.clear(Flags::OVERDUE);
        self.deadlines.clear(T::Course as usize);
        self.quieten();
        self.turn_now();
        Ok(())
    }

    /// Leaves by the next request; the first reason counts.
    pub(super) fn leave(&mut self, cause: Cause) {
        if self.end.is_some() || self.closed || self.course.is_leaving() {
            return;
        }
        // Before there is a session there is nothing to say goodbye to.
        if matches!(self.sequence.stage(), Stage::Negotiation | Stage::SessionSetup) {
            self.course = Course::Leave(cause);
            return self.finish(cause);
        }
        // Nothing outranks leaving.
        let _ = self.head_for(Course::Leave(cause));
    }

    /// Leaves for a reason that replaces any other: on the way out something was found.
    pub(super) fn leave_for(&mut self, cause: Cause) {
        self.course = Course::Leave(cause);
    }

    /// The vehicle's move, without a pause, unless the charger has it.
    fn turn_now(&mut self) {
        if !matches!(self.turn, Turn::Charger(_)) {
            self.resume();
        }
    }

    fn stand_by(&mut self, patience: core::time::Duration) -> Result<(), NotAllowed> {
        self.head_for(Course::Standby)?;
        // Power may take a while to go.
        self.set(T::Course, patience);
        Ok(())
    }

    fn end_standby(&mut self) -> Result<(), NotAllowed> {
        if self.course != Course::Standby {
            return Err(NotAllowed::Stage);
        }
        self.course = Course::Charge;
        self.clear(T::Course);
        self.turn_now();
        Ok(())
    }

    /// The charger does not let the vehicle wait: on with it, or, if the charger itself wanted less, a pause.
    pub(super) fn standby_refused(&mut self) {
        self.flags.set(Flags::NO_STANDBY);
        if self.course == Course::Standby {
            self.course = Course::Charge;
            self.clear(T::Course);
            if self.flags.has(Flags::INVITED) {
                let _ = self.head_for(Course::Pause);
            }
        }
        self.pending.raise(Pending::STANDBY_REFUSED);
    }

    /// The charger wants something. What is not understood or not offered is reported and ignored.
    pub(super) fn notified(&mut self, status: Option<EvseStatus>) {
        let before = self.station.status.notification;
        let Some(status) = status else {
            self.station.status.notification = None;
            return;
        };
        let kind = status.evse_notification;
        let max_delay = status.notification_max_delay;
        self.station.status.notification = Some(Notification { kind, max_delay });
        let news = before.is_none_or(|before| before.kind != kind);
        if news {
            self.pending.raise(Pending::NOTIFIED);
        }
        match kind {
            EvseNotification::Terminate => self.leave(Cause::Terminated),
            EvseNotification::Pause => self.invited_to_pause(max_delay),
            EvseNotification::ExitStandby if news => {
                let _ = self.end_standby();
            }
            EvseNotification::ServiceRenegotiation if self.flags.has(Flags::RENEGOTIABLE) => {
                let _ = self.head_for(Course::Renegotiate);
            }
            // What has been done already is not done again while the charger still says it.
            _ if news => self.side_notified(kind, max_delay),
            _ => {}
        }
    }

    /// The schedule came with the request to pause.
    pub(super) fn asked_to_pause(&mut self) {
        self.invited_to_pause(u16::MAX);
    }

    fn invited_to_pause(&mut self, max_delay: u16) {
        self.flags.set(Flags::INVITED);
        let standby = self.config.on_pause == PauseReaction::Standby && !self.flags.has(Flags::NO_STANDBY);
        match self.config.on_pause {
            PauseReaction::Leave => self.leave(Cause::Terminated),
            PauseReaction::Standby if standby => {
                if self.course == Course::Charge {
                    let patience = core::time::Duration::from_secs(u64::from(max_delay) / 2);
                    let _ = self.stand_by(patience.min(self.config.settings.timing.actuation));
                }
            }
            PauseReaction::Standby | PauseReaction::Pause => {
                let _ = self.head_for(Course::Pause);
            }
        }
    }
}
