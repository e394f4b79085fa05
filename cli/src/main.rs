//! `v2g`: reads captures and messages of ISO 15118-20 and runs charging sessions.

mod args;
mod capture;
mod command;
mod credentials;
mod engine;
mod evcc;
mod failure;
mod fleet;
mod input;
mod memory;
mod net;
mod observe;
mod options;
mod pki;
mod placement;
mod report;
mod runtime;
mod secc;
mod session;
mod slac;
mod terminal;
mod tree;
mod trust;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match command::run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
