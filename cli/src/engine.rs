//! The two executors of the EXI grammar behind one interface: typed messages, and the interpreter.

mod agreement;
mod grammar;
mod typed;

use clap::ValueEnum;
use exi_codec::EmptyText;
use thiserror::Error;

use crate::tree::Element;
pub(crate) use agreement::{Sample, try_damaged};
pub(crate) use grammar::{Step, explain};

/// A message set; its name on the command line and in questions is that of the reference vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    #[value(name = "appprotocol")]
    AppProtocol,
    Common,
    Ac,
    Dc,
    Wpt,
    Acdp,
    Xmldsig,
}

impl Set {
    /// All sets whose documents are messages, in the order in which they are tried.
    pub(crate) const OF_MESSAGES: [Self; 6] =
        [Self::AppProtocol, Self::Common, Self::Ac, Self::Dc, Self::Wpt, Self::Acdp];

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppProtocol => "appprotocol",
            Self::Common => "common",
            Self::Ac => "ac",
            Self::Dc => "dc",
            Self::Wpt => "wpt",
            Self::Acdp => "acdp",
            Self::Xmldsig => "xmldsig",
        }
    }
}

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// A message.
    Document,
    /// An element by itself, as signatures cover it.
    Fragment,
}

/// Which executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    /// The generated code that firmware uses.
    Typed,
    /// The interpreter of the grammar as data.
    Grammar,
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) root: Element,
    /// Bytes up to the end of the document, padding included.
    pub(crate) consumed: usize,
}

/// Why a message could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct EngineError(pub(crate) String);

/// An executor.
pub(crate) trait Engine {
    /// Reads one stream from the start of `exi`; what follows it is left.
    fn decode(&self, set: Set, coding: Coding, exi: &[u8]) -> Result<Decoded, EngineError>;

    /// Writes one stream. Values of `root` may be untyped text.
    fn encode(
        &self,
        set: Set,
        coding: Coding,
        root: &Element,
        empty: EmptyText,
    ) -> Result<Vec<u8>, EngineError>;
}

/// The executor of a kind.
pub(crate) fn of(kind: EngineKind) -> Box<dyn Engine> {
    match kind {
        EngineKind::Typed => Box::new(typed::Codec),
        EngineKind::Grammar => Box::new(grammar::Interpreter),
    }
}
