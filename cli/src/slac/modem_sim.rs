//! `v2g slac modem-sim`: modems of chargers and vehicles, and the line between them.

use std::collections::{BinaryHeap, HashSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};
use v2g_slac::{Frame, GROUPS, MacAddr, MmType};

use super::modem::{Modem, Side};
use super::pilot_sim;
use super::port::{Interest, Port};
use crate::failure::Failure;
use crate::runtime::Clock;

/// Signals weaker than this do not arrive, dB.
const REACH: u8 = 60;

#[derive(Debug, ClapArgs)]
pub(crate) struct ModemSimArgs {
    /// An interface to a charger; once for each.
    #[arg(long, value_name = "IF", required = true)]
    evse: Vec<String>,
    /// An interface to a vehicle; once for each. The first vehicle is at the first charger, and so on.
    #[arg(long, value_name = "IF", required = true)]
    ev: Vec<String>,
    /// Attenuation in dB through a vehicle's own cable.
    #[arg(long, value_name = "DB", default_value_t = 12)]
    own: u8,
    /// Attenuation in dB to all other chargers.
    #[arg(long, value_name = "DB", default_value_t = 31)]
    crosstalk: u8,
    /// Attenuation between one vehicle and one charger.
    #[arg(long, value_name = "EV:EVSE=DB")]
    attenuation: Vec<Pair>,
    /// How attenuation differs between groups of carriers.
    #[arg(long, value_enum, default_value_t = Shape::Flat)]
    shape: Shape,
    /// Frames that are lost, in per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    loss: u8,
    /// Delay of each frame, ms.
    #[arg(long, value_name = "MS", default_value_t = 3)]
    delay: u64,
    /// Time from a key to the link, ms.
    #[arg(long, value_name = "MS", default_value_t = 2500)]
    join: u64,
    /// Simulate control pilots too: a socket for each interface, with its name, in this folder. Who connects to that of
    /// a vehicle plugs it in.
    #[arg(long, value_name = "FOLDER")]
    pilots: Option<PathBuf>,
}

/// `EV:EVSE=DB`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    ev: String,
    evse: String,
    decibels: u8,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "expected EV:EVSE=DB";
        let (pair, decibels) = text.split_once('=').ok_or(WRONG)?;
        let (ev, evse) = pair.split_once(':').ok_or(WRONG)?;
        Ok(Self { ev: ev.into(), evse: evse.into(), decibels: decibels.parse().map_err(|_| WRONG)? })
    }
}

/// `--shape`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// The same everywhere.
    Flat,
    /// More for higher carriers.
    Slope,
    /// Much more for a few.
    Notches,
}

impl Shape {
    fn groups(self, mean: u8) -> [u8; GROUPS] {
        let mut groups = [mean; GROUPS];
        for (index, group) in groups.iter_mut().enumerate() {
            let index = index as u8;
            *group = match self {
                Self::Flat => mean,
                // From six dB less to six dB more.
                Self::Slope => (mean + index / 5).saturating_sub(6),
                Self::Notches if index % 10 == 9 => mean.saturating_add(18),
                Self::Notches => mean.saturating_sub(2),
            };
        }
        groups
    }
}

/// A place on the line.
struct Station {
    iface: String,
    port: Port,
    modem: Modem,
    /// Whose frames came to this host from the line: its own are recognised by not being among them.
    foreign: HashSet<MacAddr>,
}

/// A frame on its way; the earliest is the greatest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Delivery(std::cmp::Reverse<(Duration, u64)>, usize, Vec<u8>);

struct Line<'a> {
    args: &'a ModemSimArgs,
    clock: Clock,
    stations: Vec<Station>,
    under_way: BinaryHeap<Delivery>,
    sequence: u64,
    chance: u64,
}

pub(super) fn run(args: &ModemSimArgs) -> Result<(), Failure> {
    let clock = Clock::start();
    let (to, frames) = channel();
    let chargers = args.evse.iter().map(|iface| (Side::Charger, iface));
    let vehicles = args.ev.iter().map(|iface| (Side::Vehicle, iface));
    let mut stations = Vec::new();
    for (index, (side, iface)) in chargers.chain(vehicles).enumerate() {
        let port = Port::open(iface, Interest::Everything, to.clone(), move |frame| (index, frame))?;
        let foreign = HashSet::new();
        stations.push(Station { iface: iface.clone(), port, modem: Modem::new(side, index as u8), foreign });
    }
    drop(to);
    if let Some(folder) = &args.pilots {
        pilot_sim::lay(folder, &args.evse, &args.ev)?;
    }
    println!("{} chargers and {} vehicles on the line", args.evse.len(), args.ev.len());
    let mut line = Line { args, clock, stations, under_way: BinaryHeap::new(), sequence: 0, chance: 1 };
    line.run(&frames)
}

impl Line<'_> {
    fn run(&mut self, frames: &Receiver<(usize, Vec<u8>)>) -> Result<(), Failure> {
        loop {
            let now = self.clock.now();
            while self.under_way.peek().is_some_and(|Delivery(at, ..)| at.0.0 <= now) {
                if let Some(Delivery(_, to, frame)) = self.under_way.pop() {
                    self.deliver(to, &frame);
                }
            }
            let next = self.under_way.peek().map(|Delivery(at, ..)| at.0.0);
            let wait = next.map_or(Duration::from_secs(1), |at| at.saturating_sub(now));
            match frames.recv_timeout(wait) {
                Ok((from, frame)) => self.take(from, &frame),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::failed("all interfaces have gone"));
                }
            }
        }
    }

    fn deliver(&mut self, to: usize, frame: &[u8]) {
        let station = &mut self.stations[to];
        if let Some(source) = source(frame) {
            station.foreign.insert(source);
        }
        station.port.send(frame);
    }

    /// A frame that a host sent.
    fn take(&mut self, from: usize, frame: &[u8]) {
        let Some(source) = source(frame) else { return };
        if self.stations[from].foreign.contains(&source) {
            return;
        }
        let now = self.clock.now();
        let Ok(view) = Frame::new_checked(frame) else { return self.carry(from, frame, now) };
        if self.stations[from].modem.is_addressed(&view) {
            let linked = (0..self.stations.len()).any(|other| self.is_linked(from, other, now));
            let join = Duration::from_millis(self.args.join);
            if let Some(answer) = self.stations[from].modem.answer(&view, linked, now, join) {
                let answered = now + Duration::from_millis(1);
                self.send(from, answered, answer);
            }
            return;
        }
        let sound = view.mmtype() == MmType::CM_MNBC_SOUND_IND;
        let at = now + Duration::from_millis(self.args.delay);
        for to in 0..self.stations.len() {
            let Some(attenuation) = self.attenuation(from, to) else { continue };
            if attenuation >= REACH || self.is_lost() {
                continue;
            }
            self.send(to, at, frame.to_vec());
            if sound && self.stations[to].modem.side == Side::Charger {
                let groups = self.args.shape.groups(attenuation);
                let profile = self.stations[to].modem.profile(view.source(), &groups);
                self.send(to, at + Duration::from_millis(1), profile);
            }
        }
    }

    /// What is no management message goes to those in the same network.
    fn carry(&mut self, from: usize, frame: &[u8], now: Duration) {
        for to in 0..self.stations.len() {
            if self.is_linked(from, to, now) {
                self.send(to, now + Duration::from_millis(1), frame.to_vec());
            }
        }
    }

    fn send(&mut self, to: usize, at: Duration, frame: Vec<u8>) {
        self.sequence += 1;
        self.under_way.push(Delivery(std::cmp::Reverse((at, self.sequence)), to, frame));
    }

    fn is_linked(&self, one: usize, other: usize, now: Duration) -> bool {
        one != other
            && self.attenuation(one, other).is_some_and(|attenuation| attenuation < REACH)
            && self.stations[one].modem.is_linked(&self.stations[other].modem, now)
    }

    /// dB between a vehicle and a charger; vehicles do not hear each other, nor do chargers.
    fn attenuation(&self, one: usize, other: usize) -> Option<u8> {
        let chargers = self.args.evse.len();
        let (evse, ev) = match (one < chargers, other < chargers) {
            (true, false) => (one, other),
            (false, true) => (other, one),
            _ => return None,
        };
        let special = self
            .args
            .attenuation
            .iter()
            .find(|pair| pair.ev == self.stations[ev].iface && pair.evse == self.stations[evse].iface);
        let usual = if ev - chargers == evse { self.args.own } else { self.args.crosstalk };
        Some(special.map_or(usual, |pair| pair.decibels))
    }

    fn is_lost(&mut self) -> bool {
        // An xorshift generator is chance enough for a line.
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % 100 < u64::from(self.args.loss)
    }
}

fn source(frame: &[u8]) -> Option<MacAddr> {
    frame.get(6..).and_then(<[u8]>::first_chunk).copied().map(MacAddr)
}

#[cfg(test)]
mod tests {
    use super::{Pair, Shape};

    #[test]
    fn a_pair_has_two_names_and_a_number() {
        let pair = Pair { ev: "c0".into(), evse: "s1".into(), decibels: 25 };
        assert_eq!("c0:s1=25".parse(), Ok(pair));
        assert!("c0:s1".parse::<Pair>().is_err());
        assert!("c0:s1=300".parse::<Pair>().is_err());
    }

    #[test]
    fn shapes_keep_about_the_mean() {
        for shape in [Shape::Flat, Shape::Slope, Shape::Notches] {
            let sum: u32 = shape.groups(20).iter().map(|group| u32::from(*group)).sum();
            assert!((18 * 58..22 * 58).contains(&sum), "{shape:?} {sum}");
        }
    }
}
