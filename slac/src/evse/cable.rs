//! The charger's side of the control pilot: what it is to be, and when it is used to make a vehicle start over.

use core::time::Duration;

use super::config::{BasicCharging, EvseConfig, Restart, Supply};
use crate::deadline::after;
use crate::{Instant, PilotCommand, PilotState};

/// A pilot that has not changed for so long belongs to a vehicle that does not toggle.
const QUIET: Duration = Duration::from_millis(700);

/// The control pilot as it was measured last, and as it shall be.
#[derive(Debug)]
pub(super) struct Cable {
    pub(super) state: PilotState,
    /// The last change between B and C.
    toggled_at: Option<Instant>,
    drive: Drive,
    restarts: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drive {
    Steady(PilotCommand),
    /// Something is held for a while.
    Step {
        until: Instant,
        then: PilotCommand,
    },
}

impl Cable {
    pub(super) const fn new(config: &EvseConfig<'_>) -> Self {
        Self { state: PilotState::A, toggled_at: None, drive: Drive::Steady(resting(config)), restarts: 0 }
    }

    /// The cable is empty: the next vehicle finds everything as at the start.
    pub(super) fn rest(&mut self, config: &EvseConfig<'_>) -> PilotCommand {
        self.restarts = 0;
        self.drive = Drive::Steady(resting(config));
        resting(config)
    }

    /// No vehicle was matched: how to go on.
    pub(super) fn after_failure(&mut self, now: Instant, config: &EvseConfig<'_>) -> Option<PilotCommand> {
        let wanted = match (config.supply, config.restart) {
            (Supply::AcNominal, _) | (Supply::Dc, Restart::Ac) => return None,
            (Supply::AcDigital, _) | (Supply::Dc, Restart::AcAndDc) => resting(config),
        };
        if let Drive::Step { .. } = self.drive {
            return None;
        }
        if self.drive != Drive::Steady(wanted) {
            return None;
        }
        if self.restarts < config.restarts {
            self.restarts += 1;
            return Some(self.restart(now, config));
        }
        let last = match (config.supply, config.basic_charging) {
            (Supply::AcDigital, BasicCharging::Allowed) => PilotCommand::Nominal,
            (Supply::AcDigital, BasicCharging::Forbidden) => PilotCommand::Off,
            // A vehicle that begins late is still welcome.
            _ => return None,
        };
        self.drive = Drive::Steady(last);
        Some(last)
    }

    /// Makes the vehicle start over.
    pub(super) fn restart(&mut self, now: Instant, config: &EvseConfig<'_>) -> PilotCommand {
        self.drive = Drive::Step { until: after(now, config.timing.step_ef), then: resting(config) };
        config.restart_state.command()
    }

    /// A vehicle may charge without having said so: its nominal duty cycle, by way of E or F.
    pub(super) fn nominal_by_restart(&mut self, now: Instant, config: &EvseConfig<'_>) -> PilotCommand {
        let until = after(now, config.timing.step_ef);
        self.drive = Drive::Step { until, then: PilotCommand::Nominal };
        config.restart_state.command()
    }

    /// The same while a matching runs or is done: by way of X1, which does not disturb it.
    pub(super) fn nominal_by_off(&mut self, now: Instant, config: &EvseConfig<'_>) -> PilotCommand {
        let until = after(now, config.timing.step_x1);
        self.drive = Drive::Step { until, then: PilotCommand::Nominal };
        PilotCommand::Off
    }

    /// Wakes a vehicle: X1, and what was before.
    pub(super) fn wake(&mut self, now: Instant, config: &EvseConfig<'_>) -> PilotCommand {
        let then = match self.drive {
            Drive::Steady(command) => command,
            Drive::Step { then, .. } => then,
        };
        self.drive = Drive::Step { until: after(now, config.timing.step_x1), then };
        PilotCommand::Off
    }

    /// The vehicle switched S2.
    pub(super) fn toggled(&mut self, now: Instant) {
        self.toggled_at = Some(now);
    }

    /// The last edge, if the vehicle at this cable may be in the middle of its toggles.
    pub(super) fn toggling(&self, now: Instant) -> Option<Instant> {
        self.toggled_at.filter(|at| now.saturating_sub(*at) < QUIET)
    }

    /// Whether vehicles are kept from matching on purpose.
    pub(super) fn is_at_five_percent(&self) -> bool {
        self.drive == Drive::Steady(PilotCommand::FivePercent)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.drive {
            Drive::Steady(_) => None,
            Drive::Step { until, .. } => Some(until),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<PilotCommand> {
        match self.drive {
            Drive::Step { until, then } if until <= now => {
                self.drive = Drive::Steady(then);
                Some(then)
            }
            _ => None,
        }
    }
}

/// What the pilot is while nothing has happened.
const fn resting(config: &EvseConfig<'_>) -> PilotCommand {
    match config.supply {
        Supply::Dc | Supply::AcDigital => PilotCommand::FivePercent,
        Supply::AcNominal => PilotCommand::Nominal,
    }
}
