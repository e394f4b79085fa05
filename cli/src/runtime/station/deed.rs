//! What a charger does because the scenario says so.

use exi_codec::iso20::common_types::EvseNotification;
use exi_codec::iso20::wpt::WptSpcChargeDiagnostics;
use iso15118_20::secc::{ParkingSpot, Stop};
use iso15118_20::{Contactor, Instant};
use v2g_scenario::scenario::{Action, FaultKind, Grid, Limits, Mobility, Power, Side, Span, StationChange};

use super::{Isolation, Observer, Station, departs_at};
use crate::runtime::plant::Converter;
use crate::runtime::script::Deed;
use crate::runtime::setup::{ac_limits, dc_limits, pad, permit};

impl Station<'_> {
    /// Tells the engine what the charger can do and is to do.
    pub(super) fn apply(&mut self) {
        let (scenario, state) = (self.scenario, &self.state);
        self.engine.set_limits(dc_limits(state.limits, Side::Station, &scenario.vehicle));
        self.engine.set_ac_limits(ac_limits(state.limits, Side::Station, scenario.phases));
        self.engine.set_wpt_pad(pad(state.limits));
        self.engine.set_grid_permit(permit(state.grid));
        self.engine.set_dispatch(state.dispatch);
        self.engine.set_ramp(state.ramp.map(Power::watts));
        self.engine.set_parking_spot(ParkingSpot {
            space: Some(1),
            device: None,
            distance: Some(self.cable.offset()),
        });
    }

    pub(super) fn perform(&mut self, now: Instant, deed: Deed<StationChange>, observer: &mut Observer) {
        match deed {
            Deed::Change(change) => self.change(now, &change, observer),
            Deed::Act(action, within) => self.act(now, action, within, observer),
            Deed::Fault(fault) => self.fail(now, fault, observer),
        }
    }

    pub(super) fn round(&mut self, now: Instant, observer: &mut Observer) {
        self.state.rounds += 1;
        while let Some(deed) = self.script.round(self.state.rounds) {
            self.perform(now, deed, observer);
        }
    }

    fn change(&mut self, now: Instant, change: &StationChange, observer: &mut Observer) {
        let state = &mut self.state;
        state.limits = change.limits.or(state.limits);
        state.grid.charge = change.grid.charge.or(state.grid.charge);
        state.grid.discharge = change.grid.discharge.or(state.grid.discharge);
        if let Some(power) = change.dispatch {
            state.dispatch = power.watts();
            observer.note(now, "dispatch", format_args!("{}", state.dispatch));
        }
        state.ramp = change.ramp.or(state.ramp);
        if let Some(mobility) = change.mobility {
            let before = state.mobility.unwrap_or_default();
            state.mobility = Some(Mobility {
                minimum: mobility.minimum.or(before.minimum),
                target: mobility.target.or(before.target),
                departure: mobility.departure.or(before.departure),
            });
            state.departs_at = departs_at(now, mobility, self.scenario.lapse).or(state.departs_at);
            observer.note(now, "mobility", format_args!("settled anew"));
        }
        if change.limits != Limits::default() || change.grid != Grid::default() {
            observer.note(now, "limits", format_args!("changed"));
        }
        self.apply();
    }

    fn act(&mut self, now: Instant, action: Action, within: Span, observer: &mut Observer) {
        observer.note(now, "station", format_args!("{}", action.name()));
        let max_delay = u16::try_from(within.duration().as_secs()).unwrap_or(u16::MAX);
        let notification = match action {
            Action::Stop => EvseNotification::Terminate,
            Action::Pause => EvseNotification::Pause,
            Action::ExitStandby => EvseNotification::ExitStandby,
            Action::RenegotiateSchedule => EvseNotification::ScheduleRenegotiation,
            Action::RenegotiateService => EvseNotification::ServiceRenegotiation,
            Action::ConfirmMetering => EvseNotification::MeteringConfirmation,
            Action::EmergencyStop => {
                // The hardware comes first.
                self.cable.convert(Converter::Off);
                return self.engine.stop(now, Stop::Emergency);
            }
            // A scenario has refused these for a station.
            Action::Standby | Action::CheckIn | Action::CheckOut => return,
        };
        if let Err(error) = self.engine.notify(now, notification, max_delay) {
            observer.note(now, "not possible", format_args!("{}: {error}", action.name()));
        }
    }

    fn fail(&mut self, now: Instant, fault: FaultKind, observer: &mut Observer) {
        match fault {
            FaultKind::Isolation => {
                observer.note(now, "fault", format_args!("isolation"));
                self.state.isolation = Isolation::Fault;
                if self.state.isolated_at.is_none() && self.engine.selection().is_some() {
                    self.engine.isolation(now, Isolation::Fault);
                }
            }
            FaultKind::Contactor => {
                observer.note(now, "fault", format_args!("contactor of the station"));
                self.state.contactor = Contactor::Fault;
                self.cable.open(Side::Station);
                self.engine.contactor(now, Contactor::Fault);
            }
            FaultKind::Islanding => {
                observer.note(now, "fault", format_args!("islanding: the grid is gone"));
                self.engine.islanded(now);
            }
            FaultKind::ForeignObject(lasting) => {
                observer.note(now, "fault", format_args!("an object between the coils"));
                self.state.clear_at = lasting.map(|lasting| now + lasting.duration());
                self.engine.pad_diagnostics(now, WptSpcChargeDiagnostics::SpcFodDetected);
            }
            FaultKind::Unplug => {
                self.cable.unplug();
                self.state.wire.push_back(fault);
            }
            _ => self.state.wire.push_back(fault),
        }
    }
}
