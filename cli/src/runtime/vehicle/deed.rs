//! What a car does because the scenario says so.

use iso15118_20::evcc::{CheckIn, StationStatus};
use iso15118_20::{Contactor, Instant};
use v2g_scenario::scenario::{Action, FaultKind, Side, VehicleChange};

use super::{Obedience, Observer, Vehicle};
use crate::runtime::script::Deed;
use crate::runtime::setup::{ac_limits, dc_limits, wpt_limits};
use crate::runtime::unix_time;

/// Rounds between two readings of the charger's meter.
const METERED: u32 = 10;

impl Vehicle<'_> {
    /// Tells the engine what the car can do.
    pub(super) fn apply(&mut self) {
        let (scenario, limits) = (self.scenario, self.state.limits);
        self.engine.set_limits(dc_limits(limits, Side::Vehicle, &scenario.vehicle));
        self.engine.set_ac_limits(ac_limits(limits, Side::Vehicle, scenario.phases));
        self.engine.set_wpt_limits(wpt_limits(limits));
    }

    pub(super) fn perform(&mut self, now: Instant, deed: Deed<VehicleChange>, observer: &mut Observer) {
        match deed {
            Deed::Change(change) => self.change(now, &change, observer),
            Deed::Act(action, _) => self.act(now, action, observer),
            Deed::Fault(fault) => self.fail(now, fault, observer),
        }
    }

    fn act(&mut self, now: Instant, action: Action, observer: &mut Observer) {
        observer.note(now, "vehicle", format_args!("{}", action.name()));
        let done = match action {
            Action::Stop => {
                self.engine.stop(now);
                Ok(())
            }
            Action::EmergencyStop => {
                self.engine.emergency_stop(now);
                Ok(())
            }
            Action::Pause => self.engine.pause(now),
            Action::Standby => self.engine.standby(now),
            Action::ExitStandby => self.engine.exit_standby(now),
            Action::RenegotiateSchedule => self.engine.renegotiate_schedule(now),
            Action::RenegotiateService => self.engine.renegotiate_service(now),
            Action::CheckIn => self.engine.check_in(now, CheckIn::default()),
            Action::CheckOut => self.engine.check_out(now, unix_time() + self.left(now).as_secs()),
            // A scenario has refused it for a vehicle.
            Action::ConfirmMetering => Ok(()),
        };
        if let Err(error) = done {
            observer.note(now, "not possible", format_args!("{}: {error}", action.name()));
        }
    }

    /// The charger says where to go, and the car goes there.
    pub(super) fn park(&mut self, now: Instant) {
        // Before it has checked in there is nothing to complete.
        let _ = self.engine.checked_in(now);
    }

    fn change(&mut self, now: Instant, change: &VehicleChange, observer: &mut Observer) {
        observer.note(now, "vehicle", format_args!("limits or wishes change"));
        let state = &mut self.state;
        state.limits = change.limits.or(state.limits);
        state.demand.current = change.demand.current.or(state.demand.current);
        state.demand.power = change.demand.power.or(state.demand.power);
        state.demand.voltage = change.demand.voltage.or(state.demand.voltage);
        state.discharge = change.discharge.unwrap_or(state.discharge);
        state.target = change.target.unwrap_or(state.target);
        state.departure = change.departure.unwrap_or(state.departure);
        if let Some(service) = change.service {
            // Every service of a scenario is one that the engine speaks.
            let _ = self.engine.set_wishes(self.wishes.of(service));
        }
        self.apply();
    }

    fn fail(&mut self, now: Instant, fault: FaultKind, observer: &mut Observer) {
        match fault {
            FaultKind::Contactor => {
                observer.note(now, "fault", format_args!("contactor of the vehicle"));
                self.state.contactor = Contactor::Fault;
                self.engine.contactor(now, Contactor::Fault);
            }
            FaultKind::Converter => {
                observer.note(now, "fault", format_args!("converter of the vehicle: stuck"));
                self.state.converter = Obedience::Stuck;
            }
            FaultKind::Unplug => {
                self.cable.unplug();
                self.state.wire.push_back(fault);
            }
            _ => self.state.wire.push_back(fault),
        }
    }

    pub(super) fn round(&mut self, now: Instant, status: &StationStatus, observer: &mut Observer) {
        self.state.rounds += 1;
        self.heard(status);
        // With a reading comes what it costs.
        if self.state.rounds.is_multiple_of(METERED) {
            self.engine.request_meter();
        }
        while let Some(deed) = self.script.round(self.state.rounds) {
            self.perform(now, deed, observer);
        }
        let enough = self.scenario.vehicle.rounds.is_some_and(|rounds| self.state.rounds >= rounds);
        if (enough || self.left(now).is_zero()) && !self.state.leaving {
            self.state.leaving = true;
            observer.note(now, "vehicle", format_args!("leaves"));
            self.engine.stop(now);
        }
    }
}
