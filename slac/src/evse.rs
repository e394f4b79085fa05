//! The charger's side of the matching.
//!
//! After every call that tells the machine something, fetch frames with [`Evse::poll_transmit`] and events with
//! [`Evse::poll_event`] until there are none, then wait for a frame, an edge of the control pilot, or the time that
//! [`Evse::poll_timeout`] names. Deadlines run from the call that made a message due.

mod cable;
mod config;
mod event;
mod receive;
mod session;
mod transmit;

pub use config::{
    BasicCharging, ConnectionLoss, EarlyMatch, EvseConfig, EvseTiming, ForeignSounding, Reporting, Restart,
    RestartState, Supply, Validation,
};
pub use event::{EvseEvent, Fault, MatchFailure};

use core::time::Duration;

use crate::deadline::{after, earliest};
use crate::exchange::AmplitudeExchange;
use crate::key::random_network;
use crate::modem::{Modem, ModemNews};
use crate::{
    ConfigError, Counters, Entropy, Instant, LinkDown, LinkState, MacAddr, Network, PilotState, RunId,
};
use cable::Cable;
use event::Events;
use session::{Session, Verdict};

/// Pause before something that failed on this side is tried again.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// A charger with room for `SESSIONS` vehicles that sound at the same time (C_EVSE_match_parallel).
#[derive(Debug)]
pub struct Evse<'a, E, const SESSIONS: usize = 5> {
    config: EvseConfig<'a>,
    entropy: E,
    network: Option<Network>,
    key: Key,
    modem: Modem,
    cable: Cable,
    phase: Phase,
    sessions: [Option<Session>; SESSIONS],
    /// CM_SLAC_MATCH.CNF to this vehicle is due.
    confirm: Option<Partner>,
    amplitude: AmplitudeExchange<'a>,
    events: Events,
    counters: Counters,
}

/// Where a charger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvseState {
    /// No vehicle is connected.
    Idle,
    /// A vehicle is connected; nobody sounds.
    Waiting,
    /// At least one vehicle is in the middle of its attempt.
    Matching,
    /// A vehicle has the key and joins.
    Joining,
    /// There is a link.
    Matched,
    /// There was a link, and it will be resumed.
    Paused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// The modem has the network's key.
    Set,
    /// It is being told.
    Setting,
    /// There is no key, or the modem did not take it.
    Failed { retry_at: Instant },
}

/// The vehicle that chose this charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Partner {
    vehicle: MacAddr,
    run_id: RunId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// `until` is the end of TT_EVSE_SLAC_init, or nothing is expected any more.
    Waiting {
        until: Option<Instant>,
        asked: Asked,
    },
    Joining {
        partner: Partner,
        until: Instant,
    },
    /// `tell_at`: the host does not know yet.
    Matched {
        partner: Partner,
        tell_at: Option<Instant>,
    },
    /// `closed`: the vehicle has begun the toggle by which it ends the pause.
    Paused {
        partner: Partner,
        closed: Option<()>,
    },
    Resuming {
        partner: Partner,
        until: Instant,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    No,
    Yes,
}

impl<'a, E: Entropy, const SESSIONS: usize> Evse<'a, E, SESSIONS> {
    /// A charger without a vehicle. Nothing happens until [`Self::start`].
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that is outside of its range.
    pub fn new(config: EvseConfig<'a>, entropy: E) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            entropy,
            network: None,
            key: Key::Failed { retry_at: Instant::MAX },
            modem: Modem::new(config.modem),
            cable: Cable::new(&config),
            phase: Phase::Idle,
            sessions: [None; SESSIONS],
            confirm: None,
            amplitude: AmplitudeExchange::new(config.amplitude_map),
            events: Events::default(),
            counters: Counters::default(),
            config,
        })
    }

    /// Gives the modem its first key and the pilot its first state.
    pub fn start(&mut self, now: Instant) {
        self.events.pilot = Some(self.cable.rest(&self.config));
        self.renew_key(now);
    }

    /// Where the charger stands.
    pub fn state(&self) -> EvseState {
        match self.phase {
            Phase::Matched { .. } => EvseState::Matched,
            Phase::Paused { .. } | Phase::Resuming { .. } => EvseState::Paused,
            Phase::Joining { .. } => EvseState::Joining,
            _ if self.sessions.iter().any(Option::is_some) => EvseState::Matching,
            Phase::Waiting { .. } => EvseState::Waiting,
            Phase::Idle => EvseState::Idle,
        }
    }

    /// What has been seen so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The identifier of the network that the modem is in or will be.
    pub fn nid(&self) -> Option<crate::Nid> {
        self.network.as_ref().map(|network| network.nid)
    }

    /// The control pilot was measured. Every edge counts; repetitions do not matter.
    pub fn pilot(&mut self, now: Instant, state: PilotState) {
        let before = core::mem::replace(&mut self.cable.state, state);
        if before == state {
            return;
        }
        match state {
            PilotState::A => {
                self.end_link(LinkDown::Unplugged);
                self.forget_sessions();
                self.phase = Phase::Idle;
                self.events.pilot = Some(self.cable.rest(&self.config));
                // The modem needs its time: the key is changed before the next vehicle comes.
                self.renew_key(now);
            }
            PilotState::E | PilotState::F => {
                if self.end_link(LinkDown::Pilot) {
                    self.renew_key(now);
                }
                self.forget_sessions();
                self.phase = Phase::Idle;
            }
            PilotState::B | PilotState::C | PilotState::D if !before.is_connected() => self.wait(now),
            PilotState::B | PilotState::C | PilotState::D => self.edge(now, state),
        }
    }

    fn edge(&mut self, now: Instant, state: PilotState) {
        self.cable.toggled(now);
        for session in self.sessions.iter_mut().flatten() {
            session.pilot(now, state, &self.config);
        }
        if let Phase::Paused { partner, closed } = &mut self.phase {
            match (state, *closed) {
                (PilotState::B, Some(())) => {
                    let partner = *partner;
                    self.resume(now, partner);
                }
                (PilotState::B, None) => {}
                _ => *closed = Some(()),
            }
        }
    }

    /// Waits for a vehicle's first message.
    fn wait(&mut self, now: Instant) {
        let until = Some(after(now, self.config.timing.init));
        self.phase = Phase::Waiting { until, asked: Asked::No };
    }

    /// The host found out about the link by itself ([`crate::LinkProbe::Host`], or the first IPv6 frame).
    pub fn link(&mut self, now: Instant, state: LinkState) {
        self.news(now, ModemNews::Link(state));
    }

    /// A vehicle is authorized without digital communication, by a card for example: AC goes to its nominal duty
    /// cycle, without disturbing a matching.
    pub fn authorized(&mut self, now: Instant) {
        if self.config.supply != Supply::AcDigital || !self.cable.is_at_five_percent() {
            return;
        }
        let command = match self.state() {
            EvseState::Idle | EvseState::Waiting => self.cable.nominal_by_restart(now, &self.config),
            _ => self.cable.nominal_by_off(now, &self.config),
        };
        self.events.pilot = Some(command);
    }

    /// The session above has ended (D-LINK_TERMINATE): leaves the network.
    pub fn terminate(&mut self, now: Instant) {
        self.leave(now, LinkDown::Terminated);
    }

    /// The session above has failed (D-LINK_ERROR): leaves the network and makes the vehicle start over.
    pub fn error(&mut self, now: Instant) {
        if self.leave(now, LinkDown::Error) {
            self.restart_vehicle(now);
        }
    }

    /// The session above pauses (D-LINK_PAUSE): the network stays, and the link may go.
    pub fn pause(&mut self, _now: Instant) {
        if let Phase::Matched { partner, .. } = self.phase {
            self.phase = Phase::Paused { partner, closed: None };
            self.modem.ignore_link();
            self.amplitude.stop();
        }
    }

    /// Ends a pause: wakes the vehicle by X1. A vehicle ends it by a toggle of the pilot.
    pub fn wake(&mut self, now: Instant) {
        if let Phase::Paused { partner, .. } = self.phase {
            self.events.pilot = Some(self.cable.wake(now, &self.config));
            self.resume(now, partner);
        }
    }

    fn resume(&mut self, now: Instant, partner: Partner) {
        // The oscillator is off for a while first, if it was this side that woke.
        let from = self.cable.poll_timeout().unwrap_or(now);
        self.phase = Phase::Resuming { partner, until: from.saturating_add(self.config.timing.resume) };
        self.modem.watch_link(now);
    }

    /// Leaves the network in whatever way there is one. Returns whether there was.
    fn leave(&mut self, now: Instant, reason: LinkDown) -> bool {
        if !self.end_link(reason) {
            return false;
        }
        self.forget_sessions();
        self.phase = Phase::Waiting { until: None, asked: Asked::No };
        self.renew_key(now);
        true
    }

    /// Forgets the vehicle that chose this charger. Returns whether there was one.
    fn end_link(&mut self, reason: LinkDown) -> bool {
        self.modem.ignore_link();
        self.amplitude.stop();
        self.confirm = None;
        match self.phase {
            Phase::Idle | Phase::Waiting { .. } => return false,
            Phase::Joining { .. } | Phase::Matched { tell_at: Some(_), .. } => self.events.chosen = None,
            Phase::Matched { .. } | Phase::Paused { .. } | Phase::Resuming { .. } => {
                self.events.link_down(reason);
            }
        }
        self.phase = Phase::Idle;
        true
    }

    #[inline(never)]
    fn forget_sessions(&mut self) {
        self.sessions.iter_mut().for_each(|place| *place = None);
    }

    fn restart_vehicle(&mut self, now: Instant) {
        if self.cable.is_at_five_percent() {
            self.events.pilot = Some(self.cable.restart(now, &self.config));
        }
    }

    /// A new key; nobody knows it yet.
    fn renew_key(&mut self, now: Instant) {
        self.events.ready = None;
        if let Ok(network) = random_network(&mut self.entropy) {
            self.network = Some(network);
            self.key = Key::Setting;
            self.modem.set_key(now);
        } else {
            self.network = None;
            self.key = Key::Failed { retry_at: after(now, FAULT_PAUSE) };
            self.events.fault = Some(Fault::NoEntropy);
        }
    }

    /// What the modem said.
    fn news(&mut self, now: Instant, news: ModemNews) {
        match (news, self.phase) {
            (ModemNews::KeySet, _) => {
                self.key = Key::Set;
                self.events.ready = Some(());
            }
            (ModemNews::KeyFailed, _) => {
                self.key = Key::Failed { retry_at: after(now, FAULT_PAUSE) };
                self.events.fault = Some(Fault::Modem);
            }
            (
                ModemNews::Link(LinkState::Up),
                Phase::Joining { partner, .. } | Phase::Resuming { partner, .. },
            ) => {
                self.forget_sessions();
                let tell_at = Some(after(now, self.config.timing.link_notification));
                self.phase = Phase::Matched { partner, tell_at };
                self.modem.watch_link(now);
            }
            (ModemNews::Link(LinkState::Down) | ModemNews::Silent, Phase::Matched { .. }) => {
                self.end_link(LinkDown::Lost);
                self.renew_key(now);
                self.wait(now);
                if self.config.connection_loss == ConnectionLoss::Restart {
                    self.restart_vehicle(now);
                }
            }
            (ModemNews::Link(_) | ModemNews::Silent, _) => {}
        }
    }

    /// No vehicle was matched.
    fn fail(&mut self, now: Instant, reason: MatchFailure) {
        self.events.failed = Some(reason);
        self.phase = Phase::Waiting { until: None, asked: Asked::No };
        if let Some(command) = self.cable.after_failure(now, &self.config) {
            self.events.pilot = Some(command);
        }
    }

    /// Tells the machine the time; harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.modem.is_due(now) {
            if let Some(news) = self.modem.handle_timeout(now) {
                self.news(now, news);
            }
        }
        if let Some(command) = self.cable.handle_timeout(now) {
            self.events.pilot = Some(command);
        }
        if let Key::Failed { retry_at } = self.key
            && retry_at <= now
        {
            self.renew_key(now);
        }
        for place in &mut self.sessions {
            if place.as_mut().is_some_and(|s| s.handle_timeout(now, &self.config) == Verdict::Drop) {
                *place = None;
            }
        }
        self.amplitude.handle_timeout(now, self.config.timing.amplitude_map);
        if self.phase_deadline().is_some_and(|at| at <= now) {
            self.phase_timeout(now);
        }
    }

    fn phase_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Idle | Phase::Paused { .. } => {}
            Phase::Waiting { asked, .. } => {
                let reason =
                    if asked == Asked::Yes { MatchFailure::NotChosen } else { MatchFailure::NoRequest };
                self.fail(now, reason);
            }
            Phase::Joining { .. } => {
                self.end_link(LinkDown::Lost);
                // The vehicle has the key, and whoever listened: the next attempt gets another.
                self.renew_key(now);
                self.forget_sessions();
                self.fail(now, MatchFailure::NoLink);
            }
            Phase::Matched { partner, .. } => {
                self.phase = Phase::Matched { partner, tell_at: None };
                self.events.up = Some(partner.vehicle);
                self.amplitude.start(now, self.config.timing.amplitude_map, self.config.retries);
            }
            Phase::Resuming { .. } => {
                self.end_link(LinkDown::NotResumed);
                self.renew_key(now);
                self.wait(now);
            }
        }
    }

    fn phase_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle | Phase::Paused { .. } => None,
            // While a vehicle is in the middle of its attempt it may finish.
            Phase::Waiting { .. } if self.sessions.iter().any(Option::is_some) => None,
            Phase::Waiting { until, .. } => until,
            Phase::Joining { until, .. } | Phase::Resuming { until, .. } => Some(until),
            Phase::Matched { tell_at, .. } => tell_at,
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let key = match self.key {
            Key::Failed { retry_at } if retry_at != Instant::MAX => Some(retry_at),
            _ => None,
        };
        let sessions = self.sessions.iter().flatten().map(Session::deadline).min();
        let (modem, cable) = (self.modem.poll_timeout(), self.cable.poll_timeout());
        earliest([key, sessions, modem, cable, self.amplitude.poll_timeout(), self.phase_deadline()])
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<EvseEvent> {
        self.events.take()
    }
}
