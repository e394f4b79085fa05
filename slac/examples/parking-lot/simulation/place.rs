//! Who is in the lot.

use std::fmt;
use std::time::Duration;

use v2g_slac::ev::Ev;
use v2g_slac::evse::Evse;
use v2g_slac::{MacAddr, PilotCommand, RunId, S2};

use super::chance::Chance;
use super::modem::Modem;
use super::scenario::Outcome;

/// A host, by its kind and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Charger(usize),
    Vehicle(usize),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Charger(index) => write!(f, "charger {index}"),
            Self::Vehicle(index) => write!(f, "vehicle {index}"),
        }
    }
}

pub(super) struct Charger {
    pub(super) mac: MacAddr,
    /// None while it has no power, and in one that only drives the pilot.
    pub(super) machine: Option<Evse<'static, Chance>>,
    pub(super) modem: Modem,
    pub(super) command: PilotCommand,
    /// It only drives the pilot.
    pub(super) mute: bool,
    /// The vehicle at its cable.
    pub(super) vehicle: Option<usize>,
    pub(super) wake_at: Duration,
}

impl Charger {
    pub(super) fn new(index: usize, mute: bool) -> Self {
        Self {
            mac: charger_mac(index),
            machine: None,
            modem: Modem::new(mac(0xC1, index)),
            command: PilotCommand::FivePercent,
            mute,
            vehicle: None,
            wake_at: Duration::MAX,
        }
    }
}

pub(super) struct Vehicle {
    pub(super) mac: MacAddr,
    /// None while it has no power.
    pub(super) machine: Option<Ev<'static, Chance>>,
    pub(super) modem: Modem,
    pub(super) s2: S2,
    /// The charger whose cable it takes.
    pub(super) charger: Option<usize>,
    pub(super) plugged: bool,
    /// When it was plugged in or switched on.
    pub(super) began: Duration,
    /// Since when the pilot lets it match.
    pub(super) ready: Option<Duration>,
    pub(super) failed: Option<Duration>,
    pub(super) linked: Option<(usize, Duration)>,
    pub(super) run_id: RunId,
    /// Whether its own charger's report has arrived in this attempt.
    pub(super) own_reported: bool,
    pub(super) first_go: bool,
    pub(super) outcome: Option<Outcome>,
    pub(super) wake_at: Duration,
}

impl Vehicle {
    pub(super) fn new(index: usize) -> Self {
        Self {
            mac: mac(0xE0, index),
            machine: None,
            modem: Modem::new(mac(0xE1, index)),
            s2: S2::Open,
            charger: None,
            plugged: false,
            began: Duration::ZERO,
            ready: None,
            failed: None,
            linked: None,
            run_id: RunId([0; 8]),
            own_reported: false,
            first_go: true,
            outcome: None,
            wake_at: Duration::MAX,
        }
    }

    /// The charger at its cable.
    pub(super) fn own_mac(&self) -> Option<MacAddr> {
        self.charger.map(charger_mac)
    }
}

fn mac(kind: u8, index: usize) -> MacAddr {
    MacAddr([2, kind, 0, 0, 0, index as u8])
}

pub(super) fn charger_mac(index: usize) -> MacAddr {
    mac(0xC0, index)
}

/// The charger of an address, if it is one of the lot.
pub(super) fn charger_of(mac: MacAddr) -> Option<usize> {
    (mac.0[1] == 0xC0).then_some(usize::from(mac.0[5]))
}
