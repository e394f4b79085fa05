//! The vehicle's side of the matching.
//!
//! After every call that tells the machine something, fetch frames with [`Ev::poll_transmit`] and events with
//! [`Ev::poll_event`] until there are none, then wait for a frame, a change of the control pilot, or the time that
//! [`Ev::poll_timeout`] names. Deadlines run from the call that made a message due.

mod attempt;
mod config;
mod event;
mod receive;
mod select;
mod station;
mod transmit;
mod validation;

pub use config::{Answers, Collection, Distant, EvConfig, EvTiming, InitialKey, Potential, Unvalidated};
pub use event::{EvEvent, EvFailure, EvFault, Finding};

use core::time::Duration;

use crate::deadline::{after, earliest};
use crate::exchange::AmplitudeExchange;
use crate::key::random_network;
use crate::mme::{Sounding, ValidateReq};
use crate::modem::{Modem, ModemNews};
use crate::{
    ConfigError, Counters, DutyCycle, Entropy, Instant, LinkDown, LinkState, MacAddr, Network, PilotState,
    RunId, S2,
};
use event::Events;
use station::Stations;
use validation::Validation;

/// Copies of CM_START_ATTEN_CHAR.IND (C_EV_start_atten_char_inds).
const STARTS: u8 = 3;
/// Pause before something that failed on this side is tried again.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// A vehicle with room for `STATIONS` chargers that answer at the same time.
#[derive(Debug)]
pub struct Ev<'a, E, const STATIONS: usize = 8> {
    config: EvConfig<'a>,
    entropy: E,
    /// What the modem has or is told: a network of our own, or the charger's.
    network: Option<Network>,
    key: Key,
    modem: Modem,
    pilot: PilotState,
    duty: DutyCycle,
    s2: S2,
    phase: Phase,
    run_id: RunId,
    /// How the chargers want us to sound, as the first of them says.
    sounding: Sounding,
    /// End of all attempts, from the first one on.
    give_up_at: Option<Instant>,
    attempts: u8,
    stations: Stations<STATIONS>,
    /// A charger that was nearest in the last attempt and could not be validated.
    doubted: Option<MacAddr>,
    due: Option<Due>,
    amplitude: AmplitudeExchange<'a>,
    events: Events,
    counters: Counters,
}

/// Where a vehicle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvState {
    /// The control pilot does not allow matching.
    Idle,
    /// An attempt is under way, or the pause before one.
    Matching,
    /// It has the key and joins.
    Joining,
    /// There is a link.
    Matched,
    /// There was a link, and it will be resumed.
    Paused,
    /// All attempts failed.
    Failed,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// An attempt begins as soon as pilot and modem allow it.
    Ready,
    /// The pause between two attempts.
    Pausing {
        until: Instant,
    },
    /// Answers are awaited.
    Parameters {
        left: u8,
        copies: u8,
        copy_at: Instant,
        until: Instant,
    },
    /// Sounds and what announces them are sent.
    Sounding {
        sent: u8,
        at: Instant,
        started: Instant,
    },
    Collecting {
        until: Instant,
    },
    Choosing {
        at: Instant,
    },
    Validating(Validation),
    Matching {
        evse: MacAddr,
        left: u8,
        until: Instant,
    },
    Joining {
        evse: MacAddr,
        until: Instant,
    },
    /// `tell_at`: the host does not know yet.
    Matched {
        evse: MacAddr,
        tell_at: Option<Instant>,
    },
    Paused {
        evse: MacAddr,
    },
    /// `edge_at`: S2 is closed until then, which wakes the charger.
    Resuming {
        evse: MacAddr,
        edge_at: Option<Instant>,
        until: Instant,
    },
    Failed,
}

/// A message that is due. It is built when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Parameters,
    Start,
    Sound { remaining: u8, random: [u8; 16] },
    Validate(MacAddr, ValidateReq),
    Match(MacAddr),
}

impl<'a, E: Entropy, const STATIONS: usize> Ev<'a, E, STATIONS> {
    /// A vehicle that is not connected. Nothing happens until [`Self::start`].
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that is outside of its range.
    pub fn new(config: EvConfig<'a>, entropy: E) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            entropy,
            network: None,
            key: Key::Failed { retry_at: Instant::MAX },
            modem: Modem::new(config.modem),
            pilot: PilotState::A,
            duty: DutyCycle::Off,
            s2: S2::Open,
            phase: Phase::Idle,
            run_id: RunId([0; 8]),
            sounding: Sounding::STANDARD,
            give_up_at: None,
            attempts: 0,
            stations: Stations::EMPTY,
            doubted: None,
            due: None,
            amplitude: AmplitudeExchange::new(config.amplitude_map),
            events: Events::default(),
            counters: Counters::default(),
            config,
        })
    }

    /// Takes the modem out of whatever network it is in, if the settings say so.
    pub fn start(&mut self, now: Instant) {
        match self.config.initial_key {
            InitialKey::Leave => self.leave_network(now),
            InitialKey::Keep => self.key = Key::Set,
        }
        self.try_begin(now);
    }

    /// Where the vehicle stands.
    pub fn state(&self) -> EvState {
        match self.phase {
            Phase::Idle => EvState::Idle,
            Phase::Joining { .. } => EvState::Joining,
            Phase::Matched { .. } => EvState::Matched,
            Phase::Paused { .. } | Phase::Resuming { .. } => EvState::Paused,
            Phase::Failed => EvState::Failed,
            _ => EvState::Matching,
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

    /// The control pilot was measured.
    pub fn pilot(&mut self, now: Instant, state: PilotState, duty: DutyCycle) {
        let before = core::mem::replace(&mut self.duty, duty);
        self.pilot = state;
        match state {
            PilotState::A => self.abort(now, LinkDown::Unplugged),
            PilotState::E | PilotState::F => self.abort(now, LinkDown::Pilot),
            PilotState::B | PilotState::C | PilotState::D => match self.phase {
                Phase::Idle if duty.allows_matching() => {
                    self.give_up_at = None;
                    self.attempts = 0;
                    self.doubted = None;
                    self.phase = Phase::Ready;
                    self.try_begin(now);
                }
                Phase::Paused { evse } if before == DutyCycle::Off && duty.allows_matching() => {
                    self.resume(now, evse, None);
                }
                // Without oscillation there is no matching; a link that is there stays.
                Phase::Idle | Phase::Matched { .. } | Phase::Paused { .. } | Phase::Resuming { .. } => {}
                _ if !duty.allows_matching() => self.abort(now, LinkDown::Pilot),
                _ => {}
            },
        }
    }

    /// The host found out about the link by itself ([`crate::LinkProbe::Host`], or the first IPv6 frame).
    pub fn link(&mut self, now: Instant, state: LinkState) {
        self.news(now, ModemNews::Link(state));
    }

    /// The session above has ended (D-LINK_TERMINATE): leaves the network.
    pub fn terminate(&mut self, now: Instant) {
        self.finish(now, LinkDown::Terminated);
    }

    /// The session above has failed (D-LINK_ERROR): leaves the network and matches anew.
    pub fn error(&mut self, now: Instant) {
        if self.finish(now, LinkDown::Error) {
            self.again(now);
        }
    }

    /// The session above pauses (D-LINK_PAUSE): the network stays, and the link may go.
    pub fn pause(&mut self, _now: Instant) {
        if let Phase::Matched { evse, .. } = self.phase {
            self.phase = Phase::Paused { evse };
            self.modem.ignore_link();
            self.amplitude.stop();
        }
    }

    /// Ends a pause: wakes the charger by a toggle of the pilot. A charger ends it by X1.
    pub fn wake(&mut self, now: Instant) {
        if let Phase::Paused { evse } = self.phase {
            self.switch(S2::Closed);
            self.resume(now, evse, Some(after(now, self.config.timing.toggle_state)));
        }
    }

    fn resume(&mut self, now: Instant, evse: MacAddr, edge_at: Option<Instant>) {
        let until = after(now, self.config.timing.resume);
        self.phase = Phase::Resuming { evse, edge_at, until };
        self.modem.watch_link(now);
    }

    /// The pilot ends whatever there is.
    fn abort(&mut self, now: Instant, reason: LinkDown) {
        self.finish(now, reason);
        self.phase = Phase::Idle;
    }

    /// Leaves the network, if there is one to leave, and ends an attempt. Returns whether there was one.
    fn finish(&mut self, now: Instant, reason: LinkDown) -> bool {
        self.modem.ignore_link();
        self.amplitude.stop();
        self.due = None;
        self.stations.clear();
        self.switch(S2::Open);
        let linked = match self.phase {
            Phase::Joining { .. } | Phase::Matched { tell_at: Some(_), .. } => {
                self.events.chosen = None;
                true
            }
            Phase::Matched { .. } | Phase::Paused { .. } | Phase::Resuming { .. } => {
                self.events.link_down(reason);
                true
            }
            _ => false,
        };
        if linked {
            self.phase = Phase::Failed;
            self.leave_network(now);
        }
        linked
    }

    /// Begins anew, as after plugging in.
    fn again(&mut self, now: Instant) {
        self.give_up_at = None;
        self.attempts = 0;
        self.phase = Phase::Pausing { until: after(now, self.config.timing.rate) };
    }

    fn switch(&mut self, s2: S2) {
        if self.s2 != s2 {
            self.s2 = s2;
            self.events.s2 = Some(s2);
        }
    }

    /// Puts the modem into a network of its own.
    fn leave_network(&mut self, now: Instant) {
        if let Ok(network) = random_network(&mut self.entropy) {
            self.network = Some(network);
            self.key = Key::Setting;
            self.modem.set_key(now);
        } else {
            self.network = None;
            self.key = Key::Failed { retry_at: after(now, FAULT_PAUSE) };
            self.events.fault = Some(EvFault::NoEntropy);
        }
    }

    /// What the modem said.
    fn news(&mut self, now: Instant, news: ModemNews) {
        match (news, self.phase) {
            (ModemNews::KeySet, phase) => {
                self.key = Key::Set;
                match phase {
                    Phase::Joining { .. } => self.modem.watch_link(now),
                    _ => self.try_begin(now),
                }
            }
            (ModemNews::KeyFailed, phase) => {
                self.events.fault = Some(EvFault::Modem);
                self.key = Key::Failed { retry_at: after(now, FAULT_PAUSE) };
                if let Phase::Joining { .. } = phase {
                    self.attempt_failed(now, EvFailure::NoLink);
                }
            }
            (ModemNews::Link(LinkState::Up), Phase::Joining { evse, .. } | Phase::Resuming { evse, .. })
                if self.key == Key::Set =>
            {
                // A charger that is woken has to see the toggle, even if the link has never gone.
                let edge_at = if let Phase::Resuming { edge_at, .. } = self.phase { edge_at } else { None };
                let tell_at = after(now, self.config.timing.link_notification);
                let tell_at = Some(edge_at.map_or(tell_at, |edge| edge.max(tell_at)));
                self.phase = Phase::Matched { evse, tell_at };
                self.stations.clear();
                self.modem.watch_link(now);
            }
            (ModemNews::Link(LinkState::Down) | ModemNews::Silent, Phase::Matched { .. }) => {
                self.finish(now, LinkDown::Lost);
                self.again(now);
            }
            (ModemNews::Link(_) | ModemNews::Silent, _) => {}
        }
    }

    /// Tells the machine the time; harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.modem.is_due(now) {
            if let Some(news) = self.modem.handle_timeout(now) {
                self.news(now, news);
            }
        }
        if let Key::Failed { retry_at } = self.key
            && retry_at <= now
        {
            self.leave_network(now);
        }
        self.amplitude.handle_timeout(now, self.config.timing.amplitude_map);
        if self.phase_deadline().is_some_and(|at| at <= now) {
            self.phase_timeout(now);
        }
    }

    fn phase_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle | Phase::Ready | Phase::Paused { .. } | Phase::Failed => None,
            Phase::Validating(validation) => Some(validation.deadline()),
            Phase::Parameters { copies: 0, until, .. }
            | Phase::Pausing { until }
            | Phase::Sounding { at: until, .. }
            | Phase::Collecting { until }
            | Phase::Choosing { at: until }
            | Phase::Matching { until, .. }
            | Phase::Joining { until, .. } => Some(until),
            Phase::Parameters { copy_at, until, .. } => Some(copy_at.min(until)),
            Phase::Matched { tell_at, .. } => tell_at,
            Phase::Resuming { edge_at, until, .. } => Some(edge_at.unwrap_or(until).min(until)),
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let key = match self.key {
            Key::Failed { retry_at } if retry_at != Instant::MAX => Some(retry_at),
            _ => None,
        };
        earliest([key, self.modem.poll_timeout(), self.amplitude.poll_timeout(), self.phase_deadline()])
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<EvEvent> {
        self.events.take()
    }
}
