//! The machines of charger and vehicle on a real interface.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::{Value as Json, json};
use v2g_slac::ev::{Ev, EvConfig, EvEvent};
use v2g_slac::evse::{Evse, EvseConfig, EvseEvent, Validation};
use v2g_slac::{DutyCycle, EmitError, Entropy, MAX_FRAME_LEN, MacAddr, Nid, NoEntropy, PilotState, Profile};

use super::port::Port;
use crate::failure::Failure;
use crate::runtime::Clock;

/// Longest wait when nothing is due.
const IDLE: Duration = Duration::from_secs(1);

#[derive(Debug, ClapArgs)]
pub(crate) struct HostArgs {
    /// The interface to the modem.
    #[arg(long, value_name = "IF")]
    iface: String,
    /// End as soon as there is a link, and stay in the network.
    #[arg(long)]
    once: bool,
    /// Follow the standard to the letter, instead of what deployed peers do.
    #[arg(long)]
    strict: bool,
    /// One JSON object per event and line.
    #[arg(long)]
    json: bool,
    /// Give up after so many seconds without a link.
    #[arg(long, value_name = "S")]
    timeout: Option<u64>,
}

/// A link that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// The other end, by what it says itself.
    pub(crate) peer: MacAddr,
    /// The network of both.
    pub(crate) nid: Option<Nid>,
}

/// How a matching is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) profile: Profile,
    /// Longest wait for a link.
    pub(crate) timeout: Option<Duration>,
    pub(crate) after: After,
}

/// What follows when there is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The end: the modems keep their network.
    Return,
    /// The link is watched, and made again when it is lost.
    GoOn,
}

/// Something that happened, with its words for people and programs.
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) json: Json,
}

/// Randomness of the operating system.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        use std::io::Read;
        let random = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(out));
        random.map_err(|_| NoEntropy)
    }
}

/// Either machine, as the loop below sees it.
trait Machine {
    fn handle_frame(&mut self, now: Duration, frame: &[u8]);
    fn handle_timeout(&mut self, now: Duration);
    fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError>;
    fn poll_timeout(&self) -> Option<Duration>;
    /// Tells the next event, and breaks with the other end where it is a link.
    fn poll_event(&mut self) -> Option<(Told, Option<MacAddr>)>;
    fn nid(&self) -> Option<Nid>;
}

impl Machine for Evse<'_, SystemEntropy> {
    fn handle_frame(&mut self, now: Duration, frame: &[u8]) {
        // What is ignored is counted by the machine and needs nothing else.
        let _ = Evse::handle_frame(self, now, frame);
    }

    fn handle_timeout(&mut self, now: Duration) {
        Evse::handle_timeout(self, now);
    }

    fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        Evse::poll_transmit(self, out)
    }

    fn poll_timeout(&self) -> Option<Duration> {
        Evse::poll_timeout(self)
    }

    fn poll_event(&mut self) -> Option<(Told, Option<MacAddr>)> {
        let event = Evse::poll_event(self)?;
        let (text, json, peer) = match event {
            EvseEvent::Pilot(command) => (
                format!("pilot: {command:?}"),
                json!({ "event": "pilot", "command": format!("{command:?}") }),
                None,
            ),
            EvseEvent::Fault(fault) => (
                format!("fault: {fault:?}"),
                json!({ "event": "fault", "fault": format!("{fault:?}") }),
                None,
            ),
            EvseEvent::Ready => ("the modem has its key".to_owned(), json!({ "event": "ready" }), None),
            EvseEvent::Sounding { vehicle } => (
                format!("{vehicle} begins to sound"),
                json!({ "event": "sounding", "vehicle": vehicle.to_string() }),
                None,
            ),
            EvseEvent::Chosen { vehicle, run_id, attenuation } => (
                format!("{vehicle} chose this charger, heard at {attenuation}"),
                json!({
                    "event": "chosen", "vehicle": vehicle.to_string(), "run_id": run_id.to_string(),
                    "attenuation": attenuation.to_string(),
                }),
                None,
            ),
            EvseEvent::LinkUp { vehicle } => (
                format!("linked to {vehicle}"),
                json!({ "event": "link-up", "peer": vehicle.to_string() }),
                Some(vehicle),
            ),
            EvseEvent::LinkDown(reason) => down(reason),
            EvseEvent::Failed(reason) => failed(&reason),
            EvseEvent::AmplitudeMap { carriers } => map(carriers),
        };
        Some((Told { text, json }, peer))
    }

    fn nid(&self) -> Option<Nid> {
        Evse::nid(self)
    }
}

impl Machine for Ev<'_, SystemEntropy> {
    fn handle_frame(&mut self, now: Duration, frame: &[u8]) {
        let _ = Ev::handle_frame(self, now, frame);
    }

    fn handle_timeout(&mut self, now: Duration) {
        Ev::handle_timeout(self, now);
    }

    fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        Ev::poll_transmit(self, out)
    }

    fn poll_timeout(&self) -> Option<Duration> {
        Ev::poll_timeout(self)
    }

    fn poll_event(&mut self) -> Option<(Told, Option<MacAddr>)> {
        let event = Ev::poll_event(self)?;
        let (text, json, peer) = match event {
            EvEvent::S2(s2) => {
                (format!("S2: {s2:?}"), json!({ "event": "s2", "s2": format!("{s2:?}") }), None)
            }
            EvEvent::Fault(fault) => (
                format!("fault: {fault:?}"),
                json!({ "event": "fault", "fault": format!("{fault:?}") }),
                None,
            ),
            EvEvent::Attempt { run_id } => (
                format!("attempt {run_id}"),
                json!({ "event": "attempt", "run_id": run_id.to_string() }),
                None,
            ),
            EvEvent::Chosen { evse, attenuation, finding } => (
                format!("chose {evse} at {attenuation} ({finding:?})"),
                json!({
                    "event": "chosen", "evse": evse.to_string(), "attenuation": attenuation.to_string(),
                    "finding": format!("{finding:?}"),
                }),
                None,
            ),
            EvEvent::LinkUp { evse } => (
                format!("linked to {evse}"),
                json!({ "event": "link-up", "peer": evse.to_string() }),
                Some(evse),
            ),
            EvEvent::LinkDown(reason) => down(reason),
            EvEvent::Failed(reason) => failed(&reason),
            EvEvent::AmplitudeMap { carriers } => map(carriers),
        };
        Some((Told { text, json }, peer))
    }

    fn nid(&self) -> Option<Nid> {
        Ev::nid(self)
    }
}

fn down(reason: v2g_slac::LinkDown) -> (String, Json, Option<MacAddr>) {
    let json = json!({ "event": "link-down", "reason": format!("{reason:?}") });
    (format!("no link any more: {reason:?}"), json, None)
}

fn failed(reason: &dyn std::fmt::Debug) -> (String, Json, Option<MacAddr>) {
    let json = json!({ "event": "failed", "reason": format!("{reason:?}") });
    (format!("not matched: {reason:?}"), json, None)
}

fn map(carriers: u16) -> (String, Json, Option<MacAddr>) {
    let json = json!({ "event": "amplitude-map", "carriers": carriers });
    (format!("amplitude map of {carriers} carriers"), json, None)
}

/// Matches as a charger. The pilot is not measured: a vehicle counts as plugged in, and toggles cannot be seen.
pub(crate) fn match_evse(
    iface: &str,
    clock: &Clock,
    options: Options,
    tell: &mut dyn FnMut(Duration, &Told) -> Result<(), Failure>,
) -> Result<Match, Failure> {
    let (port, frames) = Port::homeplug(iface)?;
    let mut config = EvseConfig::new(port.mac(), options.profile);
    config.validation = Validation::NotRequired;
    let mut machine: Evse<'_, _> = Evse::new(config, SystemEntropy).map_err(Failure::failed)?;
    let now = clock.now();
    machine.start(now);
    machine.pilot(now, PilotState::B);
    run(&mut machine, port, &frames, clock, options, tell)
}

/// Matches as a vehicle. The pilot is not measured: the cable counts as plugged in, with 5 %.
pub(crate) fn match_ev(
    iface: &str,
    clock: &Clock,
    options: Options,
    tell: &mut dyn FnMut(Duration, &Told) -> Result<(), Failure>,
) -> Result<Match, Failure> {
    let (port, frames) = Port::homeplug(iface)?;
    let mut config = EvConfig::new(port.mac(), options.profile);
    config.collection = v2g_slac::ev::Collection::WholeTime;
    let mut machine: Ev<'_, _> = Ev::new(config, SystemEntropy).map_err(Failure::failed)?;
    let now = clock.now();
    machine.start(now);
    machine.pilot(now, PilotState::B, DutyCycle::FivePercent);
    run(&mut machine, port, &frames, clock, options, tell)
}

fn run(
    machine: &mut dyn Machine,
    mut port: Port,
    frames: &Receiver<Vec<u8>>,
    clock: &Clock,
    options: Options,
    tell: &mut dyn FnMut(Duration, &Told) -> Result<(), Failure>,
) -> Result<Match, Failure> {
    let give_up = options.timeout.map(|timeout| clock.now() + timeout);
    let mut linked = false;
    loop {
        if let ControlFlow::Break(peer) = drain(machine, &mut port, clock, tell)? {
            linked = true;
            if options.after == After::Return {
                return Ok(Match { peer, nid: machine.nid() });
            }
        }
        let now = clock.now();
        if !linked && give_up.is_some_and(|at| at <= now) {
            return Err(Failure::failed("no link in the time that was given")
                .advise("`v2g slac sniff` shows what is on the line"));
        }
        let due = [machine.poll_timeout(), give_up.filter(|_| !linked)].into_iter().flatten().min();
        let wait = due.map_or(IDLE, |at| at.saturating_sub(now)).min(IDLE);
        match frames.recv_timeout(wait) {
            Ok(frame) => machine.handle_frame(clock.now(), &frame),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::failed("the interface has gone")),
        }
        machine.handle_timeout(clock.now());
    }
}

fn drain(
    machine: &mut dyn Machine,
    port: &mut Port,
    clock: &Clock,
    tell: &mut dyn FnMut(Duration, &Told) -> Result<(), Failure>,
) -> Result<ControlFlow<MacAddr>, Failure> {
    let mut out = [0; MAX_FRAME_LEN];
    while let Some(len) = machine.poll_transmit(&mut out).map_err(Failure::failed)? {
        port.send(&out[..len]);
    }
    let mut peer = None;
    while let Some((told, linked)) = machine.poll_event() {
        tell(clock.now(), &told)?;
        peer = linked.or(peer);
    }
    Ok(peer.map_or(ControlFlow::Continue(()), ControlFlow::Break))
}

type Matcher = fn(
    &str,
    &Clock,
    Options,
    &mut dyn FnMut(Duration, &Told) -> Result<(), Failure>,
) -> Result<Match, Failure>;

pub(super) fn run_evse(args: &HostArgs) -> Result<(), Failure> {
    run_role(args, match_evse)
}

pub(super) fn run_ev(args: &HostArgs) -> Result<(), Failure> {
    run_role(args, match_ev)
}

fn run_role(args: &HostArgs, matcher: Matcher) -> Result<(), Failure> {
    let clock = Clock::start();
    let options = Options {
        profile: if args.strict { Profile::Strict } else { Profile::Lenient },
        timeout: args.timeout.map(Duration::from_secs),
        after: if args.once { After::Return } else { After::GoOn },
    };
    let mut tell = |at: Duration, told: &Told| {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        if args.json {
            let mut line = json!({ "time": (at.as_secs_f64() * 1e6).round() / 1e6 });
            if let (Some(line), Some(more)) = (line.as_object_mut(), told.json.as_object()) {
                line.extend(more.clone());
            }
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:>10.3}  {}", at.as_secs_f64(), told.text)?;
        }
        out.flush()?;
        Ok(())
    };
    let matched = matcher(&args.iface, &clock, options, &mut tell)?;
    let network = matched.nid.map(|nid| nid.to_string()).unwrap_or_default();
    let json = json!({ "event": "end", "peer": matched.peer.to_string(), "nid": network });
    let text = format!("in network {network} with {}", matched.peer);
    tell(clock.now(), &Told { text, json })
}
