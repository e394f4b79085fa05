//! What a charger's host hears.

use crate::{Attenuation, LinkDown, MacAddr, PilotCommand, RunId};

/// Why a vehicle was not matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchFailure {
    /// It never asked (TT_EVSE_SLAC_init).
    NoRequest,
    /// It began and did not choose this charger.
    NotChosen,
    /// It chose this charger and there was no link (TT_match_join).
    NoLink,
}

/// What goes wrong on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The modem does not take a key. It is tried again at the next occasion.
    Modem,
    /// There are no random numbers, so there is no key, and vehicles are not answered.
    NoEntropy,
}

/// What a charger's host hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvseEvent {
    /// Drive the pilot so.
    Pilot(PilotCommand),
    /// A fault.
    Fault(Fault),
    /// The modem has a fresh key; vehicles are answered from now on.
    Ready,
    /// A vehicle begins to sound. It need not be the one at this charger's cable.
    Sounding {
        /// The vehicle, by what it says itself.
        vehicle: MacAddr,
    },
    /// A vehicle chose this charger and was given the key.
    Chosen {
        /// The vehicle, by what it says itself: nothing proves it, so nothing may be authorized by it.
        vehicle: MacAddr,
        /// The vehicle's name of the attempt.
        run_id: RunId,
        /// How far away it sounded.
        attenuation: Attenuation,
    },
    /// There is a link (D-LINK_READY, up).
    LinkUp {
        /// The vehicle, by what it says itself.
        vehicle: MacAddr,
    },
    /// There is no link any more (D-LINK_READY, down).
    LinkDown(LinkDown),
    /// No vehicle was matched. It may begin again at any time.
    Failed(MatchFailure),
    /// The vehicle told how loud we may be. The values are in the frame that was handed in last.
    AmplitudeMap {
        /// Number of carriers.
        carriers: u16,
    },
}

/// Events that wait, one of each kind: the latest counts.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) pilot: Option<PilotCommand>,
    pub(super) fault: Option<Fault>,
    pub(super) ready: Option<()>,
    pub(super) down: Option<LinkDown>,
    pub(super) failed: Option<MatchFailure>,
    pub(super) sounding: Option<MacAddr>,
    pub(super) chosen: Option<(MacAddr, RunId, Attenuation)>,
    pub(super) up: Option<MacAddr>,
    pub(super) amplitude_map: Option<u16>,
}

impl Events {
    /// The most urgent one. What ended comes before what began after it.
    pub(super) fn take(&mut self) -> Option<EvseEvent> {
        if let Some(command) = self.pilot.take() {
            return Some(EvseEvent::Pilot(command));
        }
        if let Some(fault) = self.fault.take() {
            return Some(EvseEvent::Fault(fault));
        }
        if let Some(reason) = self.down.take() {
            return Some(EvseEvent::LinkDown(reason));
        }
        if let Some(reason) = self.failed.take() {
            return Some(EvseEvent::Failed(reason));
        }
        if self.ready.take().is_some() {
            return Some(EvseEvent::Ready);
        }
        if let Some(vehicle) = self.sounding.take() {
            return Some(EvseEvent::Sounding { vehicle });
        }
        if let Some((vehicle, run_id, attenuation)) = self.chosen.take() {
            return Some(EvseEvent::Chosen { vehicle, run_id, attenuation });
        }
        if let Some(vehicle) = self.up.take() {
            return Some(EvseEvent::LinkUp { vehicle });
        }
        self.amplitude_map.take().map(|carriers| EvseEvent::AmplitudeMap { carriers })
    }

    /// The link is gone: what was said of it and not heard yet is withdrawn.
    pub(super) fn link_down(&mut self, reason: LinkDown) {
        self.chosen = None;
        self.amplitude_map = None;
        // A link that the host never heard of need not end for it.
        if self.up.take().is_none() {
            self.down = Some(reason);
        }
    }
}
