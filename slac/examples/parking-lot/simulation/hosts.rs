//! What hosts hear from their machines.

use v2g_slac::ev::{Ev, EvEvent};
use v2g_slac::evse::{Evse, EvseEvent};
use v2g_slac::{Frame, MmType, Mme};

use super::lot::{Action, Lot};
use super::place::{Node, charger_of};
use super::scenario::Outcome;

impl Lot {
    pub(super) fn vehicle_hears(&mut self, index: usize, frame: &[u8]) {
        let now = self.now;
        let vehicle = &mut self.vehicles[index];
        let own = vehicle.own_mac();
        if let Ok(view) = Frame::new_checked(frame)
            && Some(view.source()) == own
            && view.mmtype() == MmType::CM_ATTEN_CHAR_IND
            && let Ok(Mme::AttenCharInd(message)) = Mme::parse(&view)
            && message.run_id == vehicle.run_id
        {
            vehicle.own_reported = true;
        }
        if let Some(machine) = &mut vehicle.machine {
            let _ = machine.handle_frame(now, frame);
        }
    }

    pub(super) fn charger_events(&mut self, index: usize) {
        while let Some(event) = self.chargers[index].machine.as_mut().and_then(Evse::poll_event) {
            self.tell(Node::Charger(index), format_args!("{event:?}"));
            if let EvseEvent::Pilot(command) = event
                && self.chargers[index].command != command
            {
                self.chargers[index].command = command;
                self.after(5, Action::Pilot(index));
            }
        }
    }

    pub(super) fn vehicle_events(&mut self, index: usize) {
        while let Some(event) = self.vehicles[index].machine.as_mut().and_then(Ev::poll_event) {
            self.tell(Node::Vehicle(index), format_args!("{event:?}"));
            let (now, disturbed_until) = (self.now, self.disturbed_until);
            let vehicle = &mut self.vehicles[index];
            match event {
                EvEvent::S2(s2) => {
                    vehicle.s2 = s2;
                    if let Some(charger) = vehicle.charger {
                        self.after(5, Action::Pilot(charger));
                    }
                }
                EvEvent::Attempt { run_id } => {
                    vehicle.run_id = run_id;
                    vehicle.own_reported = false;
                    vehicle.failed = None;
                }
                EvEvent::Chosen { evse, .. } => {
                    if vehicle.own_mac() != Some(evse) && charger_of(evse).is_some() {
                        let wrong = if vehicle.own_reported { Outcome::Wrong } else { Outcome::Misled };
                        vehicle.outcome = Some(wrong);
                    }
                }
                EvEvent::LinkUp { evse } => vehicle.linked = charger_of(evse).map(|charger| (charger, now)),
                EvEvent::LinkDown(_) => {
                    vehicle.linked = None;
                    vehicle.ready = vehicle.ready.map(|_| now);
                }
                EvEvent::Failed(_) => {
                    vehicle.failed = Some(now);
                    vehicle.first_go = false;
                    // Time that the pilot took away, or that power was off, is not the vehicle's.
                    if let Some(ready) = vehicle.ready
                        && (ready > disturbed_until || self.scenario.power_cycles == 0)
                    {
                        self.slowest_failure = self.slowest_failure.max(now - ready);
                    }
                }
                EvEvent::Fault(_) | EvEvent::AmplitudeMap { .. } => {}
            }
        }
    }
}
