//! Colours and progress: for people only, never in what another program reads.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Bold,
    Dim,
    Red,
    Yellow,
}

impl Colour {
    fn code(self) -> u8 {
        match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Yellow => 33,
        }
    }
}

impl Stream {
    /// Whether a person reads it who has not asked for plain text.
    fn is_colourful(self) -> bool {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let terminal = match self {
            Self::Output => std::io::stdout().is_terminal(),
            Self::Error => std::io::stderr().is_terminal(),
        };
        terminal && wanted && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// `text` in a colour, where colours are wanted.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        Paint::of(self).text(colour, text)
    }
}

/// Whether text is coloured, found out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Colours,
    Plain,
}

impl Paint {
    /// What is right for a stream.
    pub(crate) fn of(stream: Stream) -> Self {
        if stream.is_colourful() { Self::Colours } else { Self::Plain }
    }

    /// `text` in a colour.
    pub(crate) fn text(self, colour: Colour, text: &str) -> String {
        match self {
            Self::Colours => format!("\x1b[{}m{text}\x1b[0m", colour.code()),
            Self::Plain => text.to_owned(),
        }
    }
}

/// How far a long task has come, on one line of the terminal that disappears again.
#[derive(Debug)]
pub(crate) struct Progress {
    /// `None` where nobody looks.
    next: Option<Instant>,
    shown: bool,
    total: Option<u64>,
}

impl Progress {
    const FIRST: Duration = Duration::from_millis(500);
    const INTERVAL: Duration = Duration::from_millis(100);

    /// For a task of `total` bytes, if that is known. Only where the error stream is a terminal and the output
    /// is not: there the messages themselves show the progress.
    pub(crate) fn new(total: Option<u64>) -> Self {
        let watched = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        Self { next: watched.then(|| Instant::now() + Self::FIRST), shown: false, total }
    }

    /// So many bytes are done.
    pub(crate) fn update(&mut self, done: u64) {
        let Some(next) = self.next else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + Self::INTERVAL);
        self.shown = true;
        let megabytes = done / 1_000_000;
        match self.total.filter(|total| *total > 0) {
            Some(total) => eprint!("\r{} % of {} MB\x1b[K", done.min(total) * 100 / total, total / 1_000_000),
            None => eprint!("\r{megabytes} MB\x1b[K"),
        }
        // What cannot be shown is no reason to stop.
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
