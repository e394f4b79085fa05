//! Simulated cables: what a charger drives and a vehicle switches at their ends, and what both measure.
//!
//! Each end is a Unix socket in a folder. Who connects to a vehicle's end plugs it in, who closes the connection pulls it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use v2g_slac::{DutyCycle, PilotCommand, PilotState, S2};

use super::modem::Side;
use super::pilot::{Measured, Wanted};
use crate::failure::Failure;

/// A host that does not read for so long is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// An end that somebody is connected to, with what it wants.
#[derive(Debug)]
struct End<T> {
    stream: UnixStream,
    wants: T,
}

/// A cable.
#[derive(Debug, Default)]
struct Cable {
    charger: Option<End<PilotCommand>>,
    vehicle: Option<End<S2>>,
    told: Option<Measured>,
}

impl Cable {
    fn measured(&self) -> Measured {
        let command = self.charger.as_ref().map(|end| end.wants);
        let vehicle = self.vehicle.as_ref().map(|end| end.wants);
        measured(command, vehicle)
    }

    /// Tells both ends what they measure, if that has changed.
    fn settle(&mut self) {
        let now = self.measured();
        if self.told == Some(now) {
            return;
        }
        self.told = Some(now);
        let ends = [
            self.charger.as_mut().map(|end| &mut end.stream),
            self.vehicle.as_mut().map(|end| &mut end.stream),
        ];
        for stream in ends.into_iter().flatten() {
            // Who has gone is noticed where its lines are read.
            let _ = writeln!(stream, "{now}");
        }
    }

    fn connect(&mut self, side: Side, stream: UnixStream) {
        match side {
            Side::Charger => self.charger = Some(End { stream, wants: PilotCommand::Off }),
            Side::Vehicle => self.vehicle = Some(End { stream, wants: S2::Open }),
        }
        // The newcomer has not been told anything yet.
        self.told = None;
        self.settle();
    }

    fn take(&mut self, wanted: Wanted) {
        match (wanted, &mut self.charger, &mut self.vehicle) {
            (Wanted::Drive(command), Some(end), _) => end.wants = command,
            (Wanted::Switch(s2), _, Some(end)) => end.wants = s2,
            _ => return,
        }
        self.settle();
    }

    fn disconnect(&mut self, side: Side) {
        match side {
            Side::Charger => self.charger = None,
            Side::Vehicle => self.vehicle = None,
        }
        self.settle();
    }
}

/// What both ends measure. A charger without power drives nothing.
fn measured(charger: Option<PilotCommand>, vehicle: Option<S2>) -> Measured {
    let duty = match charger {
        Some(PilotCommand::FivePercent) => DutyCycle::FivePercent,
        Some(PilotCommand::Nominal) => DutyCycle::Nominal,
        _ => DutyCycle::Off,
    };
    let state = match (charger, vehicle) {
        (None | Some(PilotCommand::StateE), _) => PilotState::E,
        (Some(PilotCommand::StateF), _) => PilotState::F,
        (_, None) => PilotState::A,
        (_, Some(S2::Open)) => PilotState::B,
        (_, Some(S2::Closed)) => PilotState::C,
    };
    Measured { state, duty }
}

/// Lays a cable from each charger to the vehicle with the same number, with sockets by the names of both in `folder`.
pub(super) fn lay(folder: &Path, chargers: &[String], vehicles: &[String]) -> Result<(), Failure> {
    let cables: Vec<_> = chargers.iter().map(|_| Arc::new(Mutex::new(Cable::default()))).collect();
    let ends = [(Side::Charger, chargers), (Side::Vehicle, vehicles)];
    for (side, names) in ends {
        for (name, cable) in names.iter().zip(&cables) {
            let path = folder.join(name);
            if path.exists() {
                // Of a simulation that was ended.
                let _ = std::fs::remove_file(&path);
            }
            let listener = UnixListener::bind(&path)
                .map_err(|error| Failure::failed(format!("cannot listen at {}: {error}", path.display())))?;
            let cable = cable.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let Ok(stream) = stream else { return };
                    let _ = attend(side, stream, &cable);
                }
            });
        }
    }
    Ok(())
}

/// Serves an end until whoever is there leaves.
fn attend(side: Side, stream: UnixStream, cable: &Mutex<Cable>) -> std::io::Result<()> {
    let lock = || cable.lock().unwrap_or_else(PoisonError::into_inner);
    stream.set_write_timeout(Some(PATIENCE))?;
    let lines = BufReader::new(stream.try_clone()?);
    lock().connect(side, stream);
    for line in lines.lines() {
        let Ok(line) = line else { break };
        match line.parse::<Wanted>() {
            Ok(wanted) => lock().take(wanted),
            Err(unknown) => eprintln!("{unknown}"),
        }
    }
    lock().disconnect(side);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;

    use v2g_slac::{PilotCommand, PilotState, S2};

    use super::{lay, measured};

    #[test]
    fn who_drives_and_who_switches_decides_what_is_measured() {
        let state = |charger, vehicle| measured(charger, vehicle).state;
        let five = Some(PilotCommand::FivePercent);
        assert_eq!(state(None, Some(S2::Open)), PilotState::E);
        assert_eq!(state(five, None), PilotState::A);
        assert_eq!(state(five, Some(S2::Open)), PilotState::B);
        assert_eq!(state(five, Some(S2::Closed)), PilotState::C);
        assert_eq!(state(Some(PilotCommand::StateE), Some(S2::Closed)), PilotState::E);
        assert_eq!(state(Some(PilotCommand::StateF), None), PilotState::F);
    }

    #[test]
    fn both_ends_measure_what_the_other_does() {
        let folder = std::env::temp_dir().join(format!("v2g-pilots-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        lay(&folder, &["s0".into()], &["c0".into()]).unwrap();
        let connect = |name: &str| {
            let stream = UnixStream::connect(folder.join(name)).unwrap();
            (stream.try_clone().unwrap(), BufReader::new(stream).lines().map(Result::unwrap))
        };
        let (mut charger, mut charger_sees) = connect("s0");
        assert_eq!(charger_sees.next().unwrap(), "pilot A off");
        writeln!(charger, "drive 5").unwrap();
        assert_eq!(charger_sees.next().unwrap(), "pilot A 5");
        let (mut vehicle, mut vehicle_sees) = connect("c0");
        assert_eq!(
            (charger_sees.next().unwrap(), vehicle_sees.next().unwrap()),
            ("pilot B 5".into(), "pilot B 5".into())
        );
        writeln!(vehicle, "s2 closed").unwrap();
        assert_eq!(charger_sees.next().unwrap(), "pilot C 5");
        vehicle.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(charger_sees.next().unwrap(), "pilot A 5");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
