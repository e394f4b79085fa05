//! The command line, as `--help` shows it.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::engine::{Coding, EngineKind, Set};
use crate::{evcc, pki, secc, session, slac};

/// ISO 15118-20 on the command line: decode captures, encode messages, run charging sessions.
#[derive(Debug, Parser)]
#[command(name = "v2g", version, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 done, 1 it failed (bad message, damaged file, session that did not end well), 2 wrong use.
Colours are used on a terminal only, and never where NO_COLOR is set.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a message, a stream of messages or a whole capture in readable form.
    #[command(after_help = DECODE_EXAMPLES)]
    Decode(Decode),
    /// Turn a message in JSON or XML into EXI.
    #[command(after_help = ENCODE_EXAMPLES)]
    Encode(Encode),
    /// Answer questions about EXI, one JSON object per line.
    #[command(after_help = EXI_EXAMPLES)]
    Exi(Exi),
    /// Run a whole charging session in this process, over real sockets.
    #[command(after_help = session::EXAMPLES)]
    Session(session::Session),
    /// Be a charging station on an interface.
    #[command(after_help = secc::EXAMPLES)]
    Secc(secc::SeccArgs),
    /// Be a vehicle on an interface.
    #[command(after_help = evcc::EXAMPLES)]
    Evcc(evcc::EvccArgs),
    /// Find out which charger a cable is in, over HomePlug Green PHY.
    #[command(after_help = slac::EXAMPLES)]
    Slac(slac::SlacArgs),
    /// Make, look at and check certificates of a V2G PKI.
    #[command(after_help = pki::EXAMPLES)]
    Pki(pki::PkiArgs),
}

const DECODE_EXAMPLES: &str = "\
Examples:
  v2g decode charging.pcapng                   every V2G message of a capture
  v2g decode charging.pcap --format json       the same, one JSON object per line
  v2g decode tls.pcapng --keylog secrets.log   what TLS 1.3 hides, with certificates and what is wrong with them
  v2g decode 01fe80010000000480400040          a message with its V2GTP header
  v2g decode 80400040 --set appprotocol        bare EXI
  v2g decode 8081... --set xmldsig --fragment  the SignedInfo that a signature covers
  tcpdump -i eth0 -w - | v2g decode -          while it happens";

const ENCODE_EXAMPLES: &str = "\
Examples:
  v2g encode --set dc < message.xml > message.exi
  v2g encode --set dc --hex < message.json
  v2g decode 80400040 --set appprotocol --format xml | v2g encode --set appprotocol --hex";

const EXI_EXAMPLES: &str = "\
Questions:
  {\"op\":\"decode\",\"schema\":\"appprotocol\",\"exi_hex\":\"80400040\"}         answer: {\"xml\",\"consumed\"}
  {\"op\":\"encode\",\"schema\":\"dc\",\"fragment\":false,\"xml\":\"<dc:...\"}    answer: {\"exi_hex\"}
\"empty\" in a question to encode says how empty text is written: \"ee\" (the default) as the bare end of its
element, as Canonical EXI has it, or \"ch\" as text of length zero, as `v2g encode` and charging sessions do.
An answer that could not be given is {\"error\"}; an \"id\" in the question comes back in the answer.

Example:
  v2g exi --batch --engine grammar < questions.jsonl > answers.jsonl";

#[derive(Debug, ClapArgs)]
pub(crate) struct Decode {
    /// Hex digits, or a file: a capture (pcap, pcapng), V2GTP or EXI bytes, or hex digits. `-` or nothing reads
    /// the standard input.
    #[arg(value_name = "HEX | FILE | -")]
    pub(crate) input: Option<String>,
    /// The message set of bare EXI; behind a V2GTP header the payload type says it.
    #[arg(long, value_enum, default_value_t = SetChoice::Auto)]
    pub(crate) set: SetChoice,
    /// Bare EXI is a fragment, as signatures cover it, not a document.
    #[arg(long)]
    fragment: bool,
    /// How to print messages.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Print every event code with its bit offset and its place in the schema.
    #[arg(long)]
    explain: bool,
    /// Secrets of TLS 1.3 sessions (`SSLKEYLOGFILE`), to open what is encrypted in a capture. Those that stand in the
    /// capture itself, as blocks of pcapng or sent to UDP port 52345, are found without.
    #[arg(long, value_name = "FILE")]
    pub(crate) keylog: Option<PathBuf>,
    /// Judge the certificates in a capture by the roots of a folder of keys and certificates.
    #[arg(long, value_name = "DIR")]
    pub(crate) pki: Option<PathBuf>,
}

/// How much of the coding is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The content of messages.
    Content,
    /// Their event codes too.
    EventCodes,
}

impl Decode {
    pub(crate) fn coding(&self) -> Coding {
        coding(self.fragment)
    }

    pub(crate) fn detail(&self) -> Detail {
        if self.explain { Detail::EventCodes } else { Detail::Content }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Encode {
    /// The message set.
    #[arg(long, value_enum)]
    pub(crate) set: Set,
    /// Encode as a fragment, as signatures cover it.
    #[arg(long)]
    fragment: bool,
    /// Print hex digits instead of bytes.
    #[arg(long)]
    hex: bool,
    /// The executor of the grammar.
    #[arg(long, value_enum, default_value_t = EngineKind::Typed)]
    pub(crate) engine: EngineKind,
    /// A file with the message in XML or JSON; `-` or nothing reads the standard input.
    #[arg(value_name = "FILE | -")]
    pub(crate) input: Option<String>,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Bytes,
    Hex,
}

impl Encode {
    pub(crate) fn coding(&self) -> Coding {
        coding(self.fragment)
    }

    pub(crate) fn notation(&self) -> Notation {
        if self.hex { Notation::Hex } else { Notation::Bytes }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Exi {
    /// Answer questions from the standard input until it ends.
    #[arg(long, required_unless_present = "damage")]
    batch: bool,
    /// Damage N copies of the streams of the questions, edit a tenth as many of their documents, and compare what both executors
    /// make of each: the first difference is printed and ends it with status 1.
    #[arg(long, value_name = "N", conflicts_with_all = ["batch", "engine"])]
    pub(crate) damage: Option<u64>,
    /// Which damage: the same number, the same streams.
    #[arg(long, value_name = "N", requires = "damage", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The executor of the grammar.
    #[arg(long, value_enum, default_value_t = EngineKind::Typed)]
    pub(crate) engine: EngineKind,
}

/// `--set`, where the set may be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetChoice {
    Auto,
    Is(Set),
}

impl ValueEnum for SetChoice {
    fn value_variants<'a>() -> &'a [Self] {
        use Set::{Ac, Acdp, AppProtocol, Common, Dc, Wpt, Xmldsig};
        &[
            Self::Auto,
            Self::Is(AppProtocol),
            Self::Is(Common),
            Self::Is(Ac),
            Self::Is(Dc),
            Self::Is(Wpt),
            Self::Is(Acdp),
            Self::Is(Xmldsig),
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Auto => Some(clap::builder::PossibleValue::new("auto")),
            Self::Is(set) => set.to_possible_value(),
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per message and line.
    Json,
    /// One XML document per message.
    Xml,
    /// For people: one heading per message, its values indented.
    Table,
}

fn coding(fragment: bool) -> Coding {
    if fragment { Coding::Fragment } else { Coding::Document }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
