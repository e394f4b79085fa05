//! What a vehicle's host hears.

use crate::{Attenuation, LinkDown, MacAddr, RunId, S2};

/// Why an attempt, and in the end the matching, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvFailure {
    /// No charger answered.
    NoCharger,
    /// None of those that answered reported.
    NoReport,
    /// All are too far away, or it is not clear which is the one.
    NotFound,
    /// None that might be the one could be validated.
    NotValidated,
    /// The one that was chosen does not answer.
    NoAnswer,
    /// There was no link (TT_match_join).
    NoLink,
}

/// What goes wrong on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvFault {
    /// The modem does not take a key. It is tried again.
    Modem,
    /// There are no random numbers. It is tried again.
    NoEntropy,
}

/// By what a charger was taken to be the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// By its attenuation alone (EVSE_FOUND).
    Direct,
    /// By its attenuation, because nothing spoke for another (EVSE_POTENTIALLY_FOUND, not validated).
    Potential,
    /// By toggles of the pilot that it saw.
    Validated,
    /// It is the only one, although too far (EVSE_NOT_FOUND).
    Single,
    /// It is the nearest of those that could not be validated.
    Nearest,
}

/// What a vehicle's host hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvEvent {
    /// Switch S2 on the pilot.
    S2(S2),
    /// A fault.
    Fault(EvFault),
    /// An attempt begins.
    Attempt {
        /// Its name.
        run_id: RunId,
    },
    /// A charger was chosen.
    Chosen {
        /// The charger, by what it says itself.
        evse: MacAddr,
        /// How far away it reported to be.
        attenuation: Attenuation,
        /// By what.
        finding: Finding,
    },
    /// There is a link (D-LINK_READY, up).
    LinkUp {
        /// The charger, by what it says itself.
        evse: MacAddr,
    },
    /// There is no link any more (D-LINK_READY, down).
    LinkDown(LinkDown),
    /// All attempts failed (D-LINK_READY, down); this is why the last one did. Another plug-in, E or F begins anew.
    Failed(EvFailure),
    /// The charger told how loud we may be. The values are in the frame that was handed in last.
    AmplitudeMap {
        /// Number of carriers.
        carriers: u16,
    },
}

/// Events that wait, one of each kind: the latest counts.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) s2: Option<S2>,
    pub(super) fault: Option<EvFault>,
    pub(super) down: Option<LinkDown>,
    pub(super) failed: Option<EvFailure>,
    pub(super) attempt: Option<RunId>,
    pub(super) chosen: Option<(MacAddr, Attenuation, Finding)>,
    pub(super) up: Option<MacAddr>,
    pub(super) amplitude_map: Option<u16>,
}

impl Events {
    /// The most urgent one. What ended comes before what began after it.
    pub(super) fn take(&mut self) -> Option<EvEvent> {
        if let Some(s2) = self.s2.take() {
            return Some(EvEvent::S2(s2));
        }
        if let Some(fault) = self.fault.take() {
            return Some(EvEvent::Fault(fault));
        }
        if let Some(reason) = self.down.take() {
            return Some(EvEvent::LinkDown(reason));
        }
        if let Some(reason) = self.failed.take() {
            return Some(EvEvent::Failed(reason));
        }
        if let Some(run_id) = self.attempt.take() {
            return Some(EvEvent::Attempt { run_id });
        }
        if let Some((evse, attenuation, finding)) = self.chosen.take() {
            return Some(EvEvent::Chosen { evse, attenuation, finding });
        }
        if let Some(evse) = self.up.take() {
            return Some(EvEvent::LinkUp { evse });
        }
        self.amplitude_map.take().map(|carriers| EvEvent::AmplitudeMap { carriers })
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
