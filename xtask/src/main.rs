//! Project chores: generate code, check the architecture, measure sizes and instructions.

mod ccodec;
mod check;
mod diagram;
mod firmware;
mod generate;
mod headers;
mod instructions;
mod process;
mod sizes;
mod workspace;

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::instructions::Format;

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
    /// Write the C headers in `include` from the declarations of v2g-ffi.
    Headers {
        /// Only check that those committed are what the declarations say.
        #[arg(long)]
        check: bool,
    },
    /// Check dependency arrows, builds without a standard library, and links in the documentation.
    Check,
    /// Count the instructions of every benchmark message and compare them with the C codec's.
    Instructions {
        #[command(flatten)]
        output: Output,
        /// What to compare the counts with.
        #[arg(long, value_enum, default_value_t)]
        against: instructions::Against,
    },
    /// Measure flash, message structs and stack on thumbv7em; without --json or --check, also update the README.
    Sizes {
        #[command(flatten)]
        output: Output,
        /// Only check that the table in the README is what is measured.
        #[arg(long, conflicts_with = "json")]
        check: bool,
    },
    /// Build the C firmware, run it on an emulated Cortex-M4 and measure it; without --json or --check, also update the README.
    Firmware {
        #[command(flatten)]
        output: Output,
        /// Only check that the table in the README is what is measured.
        #[arg(long, conflicts_with = "json")]
        check: bool,
    },
    /// Count the instructions of the codec through C's structs; without --json or --check, also update the README.
    CCodec {
        #[command(flatten)]
        output: Output,
        /// Only check that the table in the README is what is counted.
        #[arg(long, conflicts_with = "json")]
        check: bool,
    },
    /// Write the order of messages into the documentation, from the tables of the engines.
    Diagram {
        /// Only check that the page is what the tables say.
        #[arg(long)]
        check: bool,
    },
    /// Run everything that continuous integration runs.
    Ci,
}

#[derive(Debug, Args)]
struct Output {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Output {
    const fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Table }
    }

    const fn report(&self, check: bool) -> sizes::Report {
        match (check, self.format()) {
            (true, _) => sizes::Report::Check,
            (false, Format::Table) => sizes::Report::Write,
            (false, Format::Json) => sizes::Report::Json,
        }
    }
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
        Task::Headers { check } => {
            headers::run(if check { generate::Mode::Check } else { generate::Mode::Write })
        }
        Task::Check => check::all(),
        Task::Instructions { output, against } => instructions::run(output.format(), against),
        Task::Sizes { output, check } => sizes::run(output.report(check)),
        Task::CCodec { output, check } => ccodec::run(output.report(check)),
        Task::Firmware { output, check } => firmware::run(output.report(check)),
        Task::Diagram { check } => {
            diagram::run(if check { diagram::Mode::Check } else { diagram::Mode::Write })
        }
        Task::Ci => process::run(&mut Command::new(workspace::root().join(".ci/run"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
