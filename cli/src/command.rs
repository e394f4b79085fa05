//! One module for each command.

pub(crate) mod decode;
mod encode;
mod exi;

use crate::args::Command;
use crate::failure::Failure;
use crate::{evcc, pki, secc, session, slac};

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Decode(args) => decode::run(&args),
        Command::Encode(args) => encode::run(&args),
        Command::Exi(args) => exi::run(&args),
        Command::Session(args) => session::run(&args),
        Command::Secc(args) => secc::run(&args),
        Command::Evcc(args) => evcc::run(&args),
        Command::Slac(args) => slac::run(&args),
        Command::Pki(args) => pki::run(&args),
    }
}
