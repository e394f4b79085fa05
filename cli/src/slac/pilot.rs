//! Drivers of the control pilot.
//!
//! Whoever drives a real pilot listens on a Unix socket and speaks lines of text: `pilot B 5` tells what is measured,
//! `drive 5` and `s2 closed` what is wanted.

use std::fmt::{self, Display};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::Sender;

use v2g_slac::{DutyCycle, PilotCommand, PilotState, S2};

use super::host::Input;
use crate::failure::Failure;

/// `--pilot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PilotChoice {
    /// There is none: the cable counts as plugged in, with 5 %, and toggles are neither made nor seen.
    AssumeConnected,
    /// A driver behind a Unix socket.
    Unix(PathBuf),
}

impl FromStr for PilotChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "assume-connected" => Ok(Self::AssumeConnected),
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            _ => Err("expected assume-connected or unix:PATH"),
        }
    }
}

impl Display for PilotChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssumeConnected => f.write_str("assume-connected"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) state: PilotState,
    pub(super) duty: DutyCycle,
}

const STATES: [PilotState; 6] =
    [PilotState::A, PilotState::B, PilotState::C, PilotState::D, PilotState::E, PilotState::F];

/// What is wanted of the pilot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// By a charger.
    Drive(PilotCommand),
    /// By a vehicle.
    Switch(S2),
}

/// A line that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown(String);

impl Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no line of a pilot: {:?}", self.0)
    }
}

impl Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duty = match self.duty {
            DutyCycle::Off => "off",
            DutyCycle::FivePercent => "5",
            DutyCycle::Nominal => "nominal",
            DutyCycle::Invalid => "invalid",
        };
        write!(f, "pilot {:?} {duty}", self.state)
    }
}

impl FromStr for Measured {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        let unknown = || Unknown(line.to_owned());
        let mut words = line.split_ascii_whitespace();
        let (Some("pilot"), Some(state), Some(duty), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(unknown());
        };
        let state = STATES.into_iter().find(|known| format!("{known:?}") == state);
        let duty = match duty {
            "off" => DutyCycle::Off,
            "5" => DutyCycle::FivePercent,
            "nominal" => DutyCycle::Nominal,
            "invalid" => DutyCycle::Invalid,
            _ => return Err(unknown()),
        };
        Ok(Self { state: state.ok_or_else(unknown)?, duty })
    }
}

impl Wanted {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Drive(PilotCommand::FivePercent), "drive 5"),
        (Self::Drive(PilotCommand::Nominal), "drive nominal"),
        (Self::Drive(PilotCommand::Off), "drive off"),
        (Self::Drive(PilotCommand::StateE), "drive E"),
        (Self::Drive(PilotCommand::StateF), "drive F"),
        (Self::Switch(S2::Open), "s2 open"),
        (Self::Switch(S2::Closed), "s2 closed"),
    ];
}

impl Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(wanted, _)| wanted == self).map_or("", |(_, line)| line))
    }
}

impl FromStr for Wanted {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        let found = Self::ALL.iter().find(|(_, known)| *known == line.trim());
        found.map(|(wanted, _)| *wanted).ok_or_else(|| Unknown(line.to_owned()))
    }
}

/// A pilot that is driven.
#[derive(Debug)]
pub(super) enum Pilot {
    Assumed,
    Unix(UnixStream),
}

impl Pilot {
    /// Connects to a driver. What it measures is an input of the host from now on.
    pub(super) fn open(choice: &PilotChoice, inputs: &Sender<Input>) -> Result<Self, Failure> {
        let PilotChoice::Unix(path) = choice else {
            let plugged = Measured { state: PilotState::B, duty: DutyCycle::FivePercent };
            let _ = inputs.send(Input::Pilot(plugged));
            return Ok(Self::Assumed);
        };
        let failed = |error: std::io::Error| {
            Failure::failed(format!("cannot reach the control pilot at {}: {error}", path.display()))
                .advise("`v2g slac modem-sim --pilots FOLDER` has simulated ones")
        };
        let stream = UnixStream::connect(path).map_err(failed)?;
        let lines = BufReader::new(stream.try_clone().map_err(failed)?);
        let inputs = inputs.clone();
        std::thread::spawn(move || {
            for line in lines.lines() {
                let Ok(line) = line else { break };
                let input =
                    line.parse().map_or_else(|unknown| Input::PilotGone(format!("{unknown}")), Input::Pilot);
                if inputs.send(input).is_err() {
                    return;
                }
            }
            let _ = inputs.send(Input::PilotGone("its driver has ended".to_owned()));
        });
        Ok(Self::Unix(stream))
    }

    /// Asks the driver for something. If it has gone, the reader finds out.
    pub(super) fn want(&mut self, wanted: Wanted) {
        if let Self::Unix(stream) = self {
            let _ = writeln!(stream, "{wanted}");
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if let Self::Unix(stream) = self {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use v2g_slac::{DutyCycle, PilotState};

    use super::{Measured, PilotChoice, Wanted};

    #[test]
    fn lines_are_read_as_they_are_written() {
        for (wanted, line) in Wanted::ALL {
            assert_eq!((wanted.to_string().as_str(), line.parse()), (line, Ok(wanted)));
        }
        let measured = Measured { state: PilotState::C, duty: DutyCycle::FivePercent };
        assert_eq!(measured.to_string(), "pilot C 5");
        assert_eq!("pilot C 5".parse(), Ok(measured));
        for wrong in ["", "pilot", "pilot C", "pilot G 5", "pilot c 5", "pilot C 6", "pilot C 5 5", "drive 5"]
        {
            assert!(wrong.parse::<Measured>().is_err(), "{wrong}");
        }
        for wrong in ["drive", "drive 6", "s2 ajar", "pilot C 5"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pilot_is_assumed_or_has_a_path() {
        for text in ["assume-connected", "unix:/run/pilot"] {
            assert_eq!(text.parse::<PilotChoice>().unwrap().to_string(), text);
        }
        for wrong in ["", "assume", "unix:", "tcp:1"] {
            assert!(wrong.parse::<PilotChoice>().is_err(), "{wrong}");
        }
    }
}
