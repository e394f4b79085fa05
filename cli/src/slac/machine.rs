//! Either machine as a host sees it, and its events in words.

use std::time::Duration;

use serde_json::{Value as Json, json};
use v2g_slac::ev::{Ev, EvEvent};
use v2g_slac::evse::{Evse, EvseEvent};
use v2g_slac::{EmitError, Entropy, LinkDown, MacAddr, Nid, NoEntropy};

use super::pilot::{Measured, Wanted};

/// Something that happened, with its words for people and programs.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) json: Json,
}

/// An event of a machine.
#[derive(Debug)]
pub(super) struct Happening {
    pub(super) told: Told,
    pub(super) news: Option<News>,
}

/// What a host acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// There is a link to this peer.
    Up(MacAddr),
    /// There is none any more.
    Down,
    /// All attempts failed.
    Failed,
    /// Something is wanted of the pilot.
    Pilot(Wanted),
}

/// What is asked of a machine from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// The session has ended.
    Terminate,
    /// It has failed.
    Error,
    /// It pauses.
    Pause,
    /// The pause is over.
    Wake,
}

/// Randomness of the operating system.
#[derive(Debug)]
pub(super) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        use std::io::Read;
        let random = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(out));
        random.map_err(|_| NoEntropy)
    }
}

/// Either machine.
pub(super) trait Machine: Send {
    fn start(&mut self, now: Duration);
    fn pilot(&mut self, now: Duration, measured: Measured);
    fn command(&mut self, now: Duration, command: Command);
    fn handle_frame(&mut self, now: Duration, frame: &[u8]);
    fn handle_timeout(&mut self, now: Duration);
    fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError>;
    fn poll_timeout(&self) -> Option<Duration>;
    fn poll_event(&mut self) -> Option<Happening>;
    fn nid(&self) -> Option<Nid>;
}

/// What both machines have under the same name.
macro_rules! common {
    () => {
        fn start(&mut self, now: Duration) {
            Self::start(self, now);
        }

        fn command(&mut self, now: Duration, command: Command) {
            match command {
                Command::Terminate => self.terminate(now),
                Command::Error => self.error(now),
                Command::Pause => self.pause(now),
                Command::Wake => self.wake(now),
            }
        }

        fn handle_frame(&mut self, now: Duration, frame: &[u8]) {
            // What is ignored is counted by the machine and needs nothing else.
            let _ = Self::handle_frame(self, now, frame);
        }

        fn handle_timeout(&mut self, now: Duration) {
            Self::handle_timeout(self, now);
        }

        fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
            Self::poll_transmit(self, out)
        }

        fn poll_timeout(&self) -> Option<Duration> {
            Self::poll_timeout(self)
        }

        fn poll_event(&mut self) -> Option<Happening> {
            Self::poll_event(self).map(Happening::from)
        }

        fn nid(&self) -> Option<Nid> {
            Self::nid(self)
        }
    };
}

impl Machine for Evse<'_, SystemEntropy> {
    common!();

    fn pilot(&mut self, now: Duration, measured: Measured) {
        Self::pilot(self, now, measured.state);
    }
}

impl Machine for Ev<'_, SystemEntropy> {
    common!();

    fn pilot(&mut self, now: Duration, measured: Measured) {
        Self::pilot(self, now, measured.state, measured.duty);
    }
}

impl From<EvseEvent> for Happening {
    fn from(event: EvseEvent) -> Self {
        let news = match event {
            EvseEvent::Pilot(command) => Some(News::Pilot(Wanted::Drive(command))),
            EvseEvent::LinkUp { vehicle } => Some(News::Up(vehicle)),
            EvseEvent::LinkDown(_) => Some(News::Down),
            EvseEvent::Failed(_) => Some(News::Failed),
            _ => None,
        };
        let told = match event {
            EvseEvent::Pilot(command) => pilot(Wanted::Drive(command)),
            EvseEvent::Fault(reason) => fault(&reason),
            EvseEvent::Ready => {
                Told { text: "the modem has its key".to_owned(), json: json!({ "event": "ready" }) }
            }
            EvseEvent::Sounding { vehicle } => Told {
                text: format!("{vehicle} begins to sound"),
                json: json!({ "event": "sounding", "vehicle": vehicle.to_string() }),
            },
            EvseEvent::Chosen { vehicle, run_id, attenuation } => Told {
                text: format!("{vehicle} chose this charger, heard at {attenuation}"),
                json: json!({
                    "event": "chosen", "vehicle": vehicle.to_string(), "run_id": run_id.to_string(),
                    "attenuation": attenuation.to_string(),
                }),
            },
            EvseEvent::LinkUp { vehicle } => up(vehicle),
            EvseEvent::LinkDown(reason) => down(reason),
            EvseEvent::Failed(reason) => failed(&reason),
            EvseEvent::AmplitudeMap { carriers } => map(carriers),
        };
        Self { told, news }
    }
}

impl From<EvEvent> for Happening {
    fn from(event: EvEvent) -> Self {
        let news = match event {
            EvEvent::S2(s2) => Some(News::Pilot(Wanted::Switch(s2))),
            EvEvent::LinkUp { evse } => Some(News::Up(evse)),
            EvEvent::LinkDown(_) => Some(News::Down),
            EvEvent::Failed(_) => Some(News::Failed),
            _ => None,
        };
        let told = match event {
            EvEvent::S2(s2) => pilot(Wanted::Switch(s2)),
            EvEvent::Fault(reason) => fault(&reason),
            EvEvent::Attempt { run_id } => Told {
                text: format!("attempt {run_id}"),
                json: json!({ "event": "attempt", "run_id": run_id.to_string() }),
            },
            EvEvent::Chosen { evse, attenuation, finding } => Told {
                text: format!("chose {evse} at {attenuation} ({finding:?})"),
                json: json!({
                    "event": "chosen", "evse": evse.to_string(), "attenuation": attenuation.to_string(),
                    "finding": format!("{finding:?}"),
                }),
            },
            EvEvent::LinkUp { evse } => up(evse),
            EvEvent::LinkDown(reason) => down(reason),
            EvEvent::Failed(reason) => failed(&reason),
            EvEvent::AmplitudeMap { carriers } => map(carriers),
        };
        Self { told, news }
    }
}

fn pilot(wanted: Wanted) -> Told {
    let text = wanted.to_string();
    Told { json: json!({ "event": "pilot", "wanted": text }), text: format!("pilot: {text}") }
}

fn fault(reason: &dyn std::fmt::Debug) -> Told {
    Told {
        text: format!("fault: {reason:?}"),
        json: json!({ "event": "fault", "fault": format!("{reason:?}") }),
    }
}

fn up(peer: MacAddr) -> Told {
    Told { text: format!("linked to {peer}"), json: json!({ "event": "link-up", "peer": peer.to_string() }) }
}

fn down(reason: LinkDown) -> Told {
    Told {
        text: format!("no link any more: {reason:?}"),
        json: json!({ "event": "link-down", "reason": format!("{reason:?}") }),
    }
}

fn failed(reason: &dyn std::fmt::Debug) -> Told {
    Told {
        text: format!("not matched: {reason:?}"),
        json: json!({ "event": "failed", "reason": format!("{reason:?}") }),
    }
}

fn map(carriers: u16) -> Told {
    Told {
        text: format!("amplitude map of {carriers} carriers"),
        json: json!({ "event": "amplitude-map", "carriers": carriers }),
    }
}
