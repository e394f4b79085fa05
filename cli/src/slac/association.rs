//! SLAC below a session: a machine on a thread of its own that finds the other end of the cable and watches the link.

use std::net::Shutdown;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clap::Args as ClapArgs;
use iso15118_20::Cause;
use mio::Waker;
use mio::net::TcpStream;
use socket2::{SockRef, Socket};
use v2g_scenario::scenario::{ProfileChoice, Side as End};
use v2g_slac::Profile;

use super::host::{Host, Input, Place};
use super::machine::{Command, Happening, News};
use super::modem::Side;
use super::pilot::PilotChoice;
use super::teller::Teller;
use crate::failure::Failure;
use crate::observe::Audience;
use crate::runtime::Clock;

/// Longest wait for the link after a pause: T_conn_resume and the rest of T_conn_resetup.
const RESUMPTION: Duration = Duration::from_secs(15);

#[derive(Debug, ClapArgs)]
pub(crate) struct SlacOptions {
    /// First find out, by SLAC, which end of the cable is whose, and watch the link from then on.
    #[arg(long)]
    slac: bool,
    /// The control pilot: assume-connected, or unix:PATH of its driver.
    #[arg(long, value_name = "PILOT", requires = "slac", default_value_t = PilotChoice::AssumeConnected)]
    pilot: PilotChoice,
}

impl SlacOptions {
    /// Whether SLAC comes first.
    pub(crate) fn is_wanted(&self) -> bool {
        self.slac
    }

    /// Starts the machine of an end, if it is wanted.
    pub(crate) fn associate(
        &self,
        end: End,
        iface: &str,
        profile: ProfileChoice,
        audience: Audience,
        clock: Clock,
    ) -> Result<Option<Association>, Failure> {
        if !self.slac {
            return Ok(None);
        }
        let side = match end {
            End::Station => Side::Charger,
            End::Vehicle => Side::Vehicle,
        };
        let profile = match profile {
            ProfileChoice::Strict => Profile::Strict,
            ProfileChoice::Lenient => Profile::Lenient,
        };
        let place = Place { side, iface, pilot: &self.pilot, profile };
        Association::start(&place, audience, clock).map(Some)
    }
}

/// How the two ends of the cable stand to each other.
#[derive(Debug)]
enum Standing {
    Apart,
    Linked,
    /// The vehicle gave up. With a pilot it may begin anew.
    GaveUp,
    /// The machine runs no more.
    Over(Failure),
}

/// What thread and session share.
#[derive(Debug)]
struct Shared {
    standing: Standing,
    /// The connection over the link: it ends with it.
    connection: Option<Socket>,
    waker: Option<Waker>,
    voice: Voice,
}

/// Whether events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Aloud,
    /// The last session is over: what follows concerns nobody.
    Silent,
}

/// A machine that runs beside a session.
#[derive(Debug)]
pub(crate) struct Association {
    inputs: Sender<Input>,
    shared: Arc<(Mutex<Shared>, Condvar)>,
    thread: JoinHandle<()>,
    side: Side,
    pilot: PilotChoice,
}

fn lock(shared: &(Mutex<Shared>, Condvar)) -> MutexGuard<'_, Shared> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Association {
    fn start(place: &Place<'_>, audience: Audience, clock: Clock) -> Result<Self, Failure> {
        let (mut host, inputs) = Host::open(place, clock)?;
        let shared = Shared { standing: Standing::Apart, connection: None, waker: None, voice: Voice::Aloud };
        let shared = Arc::new((Mutex::new(shared), Condvar::new()));
        let (ours, teller) = (shared.clone(), Teller::new(audience));
        let thread = std::thread::spawn(move || {
            let mut end = Failure::failed("SLAC was ended");
            while !host.is_over() {
                match host.turn(None) {
                    Ok(happened) => {
                        for happening in &happened {
                            hear(&ours, clock, teller, happening);
                        }
                    }
                    Err(failure) => {
                        end = failure;
                        break;
                    }
                }
            }
            change(&ours, Standing::Over(end));
        });
        Ok(Self { inputs, shared, thread, side: place.side, pilot: place.pilot.clone() })
    }

    /// Waits until there is a link, as a vehicle does before it looks for the charger in it.
    pub(crate) fn wait(&self, patience: Duration) -> Result<(), Failure> {
        let until = std::time::Instant::now() + patience;
        let mut shared = lock(&self.shared);
        loop {
            match &shared.standing {
                Standing::Linked => return Ok(()),
                Standing::Over(failure) => return Err(Failure::failed(failure)),
                // Nothing makes it begin anew.
                Standing::GaveUp if self.pilot == PilotChoice::AssumeConnected => return Err(unmatched()),
                Standing::GaveUp | Standing::Apart => {}
            }
            let left = until.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return Err(unmatched());
            }
            let waited = self.shared.1.wait_timeout(shared, left);
            shared = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether there is a link now.
    ///
    /// # Errors
    /// There never will be one.
    pub(crate) fn is_linked(&self) -> Result<bool, Failure> {
        match &lock(&self.shared).standing {
            Standing::Linked => Ok(true),
            Standing::Apart | Standing::GaveUp => Ok(false),
            Standing::Over(failure) => Err(Failure::failed(failure)),
        }
    }

    /// Wakes an event loop whenever something changes.
    pub(crate) fn wake_through(&self, waker: Waker) {
        lock(&self.shared).waker = Some(waker);
    }

    /// The link carries a connection, which ends when the link does.
    pub(crate) fn carries(&self, connection: &TcpStream) {
        let mut shared = lock(&self.shared);
        shared.connection = SockRef::from(connection).try_clone().ok();
        if !matches!(shared.standing, Standing::Linked) {
            cut(&mut shared);
        }
    }

    /// The connection is over. What has become of the session decides what becomes of the link.
    pub(crate) fn ended(&self, cause: Option<Cause>) {
        let mut shared = lock(&self.shared);
        shared.connection = None;
        let command = match (cause, self.side) {
            // Where toggles cannot be made, nothing would end the pause: the link stays as it is.
            (Some(Cause::Paused), _) if self.pilot == PilotChoice::AssumeConnected => return,
            (Some(Cause::Paused), _) => {
                shared.standing = Standing::Apart;
                Command::Pause
            }
            // A vehicle that has failed does not try again by itself.
            (Some(Cause::Terminated), _) | (_, Side::Vehicle) => Command::Terminate,
            (_, Side::Charger) => Command::Error,
        };
        drop(shared);
        self.command(command);
    }

    /// The last session is over: nothing is told any more.
    pub(crate) fn fall_silent(&self) {
        lock(&self.shared).voice = Voice::Silent;
    }

    /// A vehicle comes back after a pause.
    pub(crate) fn resume(&self) -> Result<(), Failure> {
        if self.pilot != PilotChoice::AssumeConnected {
            self.command(Command::Wake);
        }
        self.wait(RESUMPTION)
    }

    fn command(&self, command: Command) {
        // If the thread has ended, its failure has been or will be seen.
        let _ = self.inputs.send(Input::Command(command));
    }

    /// Leaves the network, unless the session pauses, and ends.
    pub(crate) fn leave(self) {
        self.fall_silent();
        if let Ok(true) = self.is_linked() {
            self.command(Command::Terminate);
        }
        let _ = self.inputs.send(Input::Stop);
        let _ = self.thread.join();
    }
}

fn unmatched() -> Failure {
    Failure::failed("no charger was found by SLAC").advise("`v2g slac sniff` shows what is on the line")
}

fn change(shared: &(Mutex<Shared>, Condvar), standing: Standing) {
    let mut state = lock(shared);
    if !matches!(standing, Standing::Linked) {
        cut(&mut state);
    }
    state.standing = standing;
    if let Some(waker) = &state.waker {
        let _ = waker.wake();
    }
    shared.1.notify_all();
}

fn cut(shared: &mut Shared) {
    if let Some(connection) = shared.connection.take() {
        let _ = connection.shutdown(Shutdown::Both);
    }
}

fn hear(shared: &(Mutex<Shared>, Condvar), clock: Clock, teller: Teller, happening: &Happening) {
    let state = lock(shared);
    if state.voice == Voice::Aloud {
        // A reader that has gone is noticed where messages are told.
        let _ = teller.tell(clock.now(), &happening.told);
    }
    drop(state);
    match happening.news {
        Some(News::Up(_)) => change(shared, Standing::Linked),
        Some(News::Down) => change(shared, Standing::Apart),
        Some(News::Failed) => change(shared, Standing::GaveUp),
        Some(News::Pilot(_)) | None => {}
    }
}
