//! Why a command failed, and how that is told.

use std::fmt::{self, Display};
use std::process::ExitCode;

use crate::terminal;

/// A failure with what can be done about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    what: String,
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The thing itself failed: exit status 1.
    Failed,
    /// It was asked for in a way that makes no sense: exit status 2.
    Usage,
    /// The reader of our output has gone, which is its right.
    Finished,
}

impl Failure {
    /// The thing failed.
    pub(crate) fn failed(what: impl Display) -> Self {
        Self { kind: Kind::Failed, what: what.to_string(), advice: None }
    }

    /// It was asked for in a way that makes no sense.
    pub(crate) fn usage(what: impl Display) -> Self {
        Self { kind: Kind::Usage, what: what.to_string(), advice: None }
    }

    /// Adds what to do.
    pub(crate) fn advise(mut self, advice: impl Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }

    /// Tells the user, and the caller of the program.
    pub(crate) fn report(&self) -> ExitCode {
        if self.kind == Kind::Finished {
            return ExitCode::SUCCESS;
        }
        eprintln!("{} {self}", terminal::Stream::Error.paint(terminal::Colour::Red, "error:"));
        ExitCode::from(if self.kind == Kind::Usage { 2 } else { 1 })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

/// Writing to the standard output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let kind = if error.kind() == std::io::ErrorKind::BrokenPipe { Kind::Finished } else { Kind::Failed };
        Self { kind, what: format!("cannot write the output: {error}"), advice: None }
    }
}
