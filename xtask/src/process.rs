//! Running other programs.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::Failure;
use crate::workspace;

/// Runs a program; what it prints stays visible.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{}: {status}", shown(command)))) }
}

/// Runs a program and returns what it prints; its errors are part of the failure.
pub(crate) fn output(command: &mut Command) -> Result<Output, Failure> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(output);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{}: {}\n{errors}", shown(command), output.status)))
}

/// [`output`], as text.
pub(crate) fn text(command: &mut Command) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&output(command)?.stdout).into_owned())
}

/// Cargo, in the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

/// Runs a build and returns the programs that came of it, by name.
pub(crate) fn build(command: &mut Command) -> Result<Vec<(String, PathBuf)>, Failure> {
    let messages = text(command.args(["--message-format", "json"]))?;
    let mut programs = Vec::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str())
        {
            programs.push((name.to_owned(), PathBuf::from(path)));
        }
    }
    Ok(programs)
}

/// What cargo knows of the workspace, without the packages of others.
pub(crate) fn metadata() -> Result<Value, Failure> {
    Ok(serde_json::from_str(&text(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?)?)
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot start `{}`: {error}", shown(command)))
}
