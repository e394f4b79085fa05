//! A machine on a real interface with a control pilot: the loop that everything goes through.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use v2g_slac::ev::{Collection, Ev, EvConfig};
use v2g_slac::evse::{Evse, EvseConfig, Validation};
use v2g_slac::{MAX_FRAME_LEN, Profile};

use super::machine::{Command, Happening, Machine, News, SystemEntropy};
use super::modem::Side;
use super::pilot::{Measured, Pilot, PilotChoice};
use super::port::{Interest, Port};
use crate::failure::Failure;
use crate::runtime::Clock;

/// Longest wait when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// Longest time to leave a network (TP_match_leave).
const LEAVING: Duration = Duration::from_secs(1);

/// What a host waits for.
#[derive(Debug)]
pub(super) enum Input {
    /// A frame from the interface.
    Frame(Vec<u8>),
    /// The control pilot was measured.
    Pilot(Measured),
    /// There is no control pilot any more.
    PilotGone(String),
    /// Something is asked from above.
    Command(Command),
    /// The end: once the modem has been told what it has to know.
    Stop,
}

/// Where a machine lives.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) side: Side,
    pub(super) iface: &'a str,
    pub(super) pilot: &'a PilotChoice,
    pub(super) profile: Profile,
}

/// A machine with its interface and its pilot.
pub(super) struct Host {
    machine: Box<dyn Machine>,
    port: Port,
    pilot: Pilot,
    inputs: Receiver<Input>,
    clock: Clock,
    stop_at: Option<Duration>,
}

impl Host {
    /// Opens interface and pilot, and starts the machine. What is sent is an input too.
    pub(super) fn open(place: &Place<'_>, clock: Clock) -> Result<(Self, Sender<Input>), Failure> {
        let (sender, inputs) = channel();
        let port = Port::open(place.iface, Interest::HomePlug, sender.clone(), Input::Frame)?;
        let pilot = Pilot::open(place.pilot, &sender)?;
        let mut machine: Box<dyn Machine> = match place.side {
            Side::Charger => {
                let mut config = EvseConfig::new(port.mac(), place.profile);
                if *place.pilot == PilotChoice::AssumeConnected {
                    // Nobody can see toggles.
                    config.validation = Validation::NotRequired;
                }
                let machine: Evse<'_, _> = Evse::new(config, SystemEntropy).map_err(Failure::failed)?;
                Box::new(machine)
            }
            Side::Vehicle => {
                let mut config = EvConfig::new(port.mac(), place.profile);
                config.collection = Collection::WholeTime;
                let machine: Ev<'_, _> = Ev::new(config, SystemEntropy).map_err(Failure::failed)?;
                Box::new(machine)
            }
        };
        machine.start(clock.now());
        Ok((Self { machine, port, pilot, inputs, clock, stop_at: None }, sender))
    }

    pub(super) fn nid(&self) -> Option<v2g_slac::Nid> {
        self.machine.nid()
    }

    /// Sends what is due and returns what has happened; if nothing has, waits for the next input until `until` at most
    /// and takes it.
    pub(super) fn turn(&mut self, until: Option<Duration>) -> Result<Vec<Happening>, Failure> {
        let mut out = [0; MAX_FRAME_LEN];
        while let Some(len) = self.machine.poll_transmit(&mut out).map_err(Failure::failed)? {
            self.port.send(&out[..len]);
        }
        let mut happened = Vec::new();
        while let Some(happening) = self.machine.poll_event() {
            if let Some(News::Pilot(wanted)) = happening.news {
                self.pilot.want(wanted);
            }
            happened.push(happening);
        }
        if happened.is_empty() {
            self.wait(until)?;
        }
        Ok(happened)
    }

    fn wait(&mut self, until: Option<Duration>) -> Result<(), Failure> {
        let now = self.clock.now();
        let due = [self.machine.poll_timeout(), self.stop_at, until].into_iter().flatten().min();
        let wait = due.map_or(IDLE, |at| at.saturating_sub(now)).min(IDLE);
        match self.inputs.recv_timeout(wait) {
            Ok(Input::Frame(frame)) => self.machine.handle_frame(self.clock.now(), &frame),
            Ok(Input::Pilot(measured)) => self.machine.pilot(self.clock.now(), measured),
            Ok(Input::PilotGone(why)) => {
                return Err(Failure::failed(format!("there is no control pilot any more: {why}")));
            }
            Ok(Input::Command(command)) => self.machine.command(self.clock.now(), command),
            Ok(Input::Stop) => self.stop_at = Some(self.clock.now() + LEAVING),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::failed("the interface has gone")),
        }
        self.machine.handle_timeout(self.clock.now());
        Ok(())
    }

    /// Whether the end has come: it was asked for, and the machine waits for nothing more, or has done so for long.
    pub(super) fn is_over(&self) -> bool {
        self.stop_at.is_some_and(|at| at <= self.clock.now() || self.machine.poll_timeout().is_none())
    }
}
