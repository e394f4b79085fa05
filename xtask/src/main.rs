//! Project chores: generate code, check the architecture, measure sizes and instructions.

mod generate;
mod workspace;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Project chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Generate the message modules and the grammar data of exi-codec from the XSDs.
    Generate {
        /// Folder with the XSDs; default: those that the reference codec fetches.
        #[arg(long)]
        schemas: Option<PathBuf>,
        /// Only check that the committed code is what the schemas generate.
        #[arg(long)]
        check: bool,
    },
    /// Compare every grammar state with the tables of the reference implementation.
    Grammars {
        /// Folder with the XSDs; default: those that the reference codec fetches.
        #[arg(long)]
        schemas: Option<PathBuf>,
    },
}

/// A chore that failed, and why.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Generate { schemas, check } => {
            let mode = if check { generate::Mode::Check } else { generate::Mode::Write };
            generate::run(schemas, mode)
        }
        Task::Grammars { schemas } => generate::compare(schemas),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
