//! `v2g exi`: questions about EXI, one JSON object per line, and their answers; or damage to the streams in them.

use std::io::{BufRead, BufReader, BufWriter, StdinLock, Write};

use clap::ValueEnum;
use exi_codec::EmptyText;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::args::Exi;
use crate::engine::{self, Coding, Engine, EngineKind, Sample, Set};
use crate::failure::Failure;
use crate::input;
use crate::tree::Element;

#[derive(Debug, Deserialize)]
struct Question {
    op: Operation,
    #[serde(default)]
    schema: String,
    #[serde(default)]
    fragment: bool,
    xml: Option<String>,
    exi_hex: Option<String>,
    #[serde(default)]
    empty: Empty,
}

/// How empty text is encoded; the default is that of the reference codec, which speaks this protocol too.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Empty {
    #[default]
    Ee,
    Ch,
}

impl From<Empty> for EmptyText {
    fn from(empty: Empty) -> Self {
        match empty {
            Empty::Ee => Self::AsEndElement,
            Empty::Ch => Self::AsCharacters,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Encode,
    Decode,
    Validate,
    Normalise,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Encoded {
        exi_hex: String,
    },
    Decoded {
        xml: String,
        consumed: usize,
    },
    Validated {
        valid: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        complaint: Option<String>,
    },
    Normalised {
        xml: String,
    },
    Failed {
        error: String,
    },
}

/// An answer with the `id` of its question.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Json>,
    #[serde(flatten)]
    answer: Answer,
}

impl Question {
    fn set(&self) -> Result<Set, String> {
        Set::from_str(&self.schema, false).map_err(|_| format!("unknown schema: {}", self.schema))
    }

    fn coding(&self) -> Coding {
        if self.fragment { Coding::Fragment } else { Coding::Document }
    }

    fn exi(&self) -> Result<Vec<u8>, String> {
        match self.exi_hex.as_deref().ok_or("`exi_hex` is missing")? {
            "" => Ok(Vec::new()),
            digits => input::hex(digits),
        }
    }
}

/// The lines of the standard input that are not empty.
struct Lines {
    input: BufReader<StdinLock<'static>>,
    line: Vec<u8>,
    count: u64,
}

impl Lines {
    fn new() -> Self {
        let input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
        Self { input, line: Vec::new(), count: 0 }
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            self.line.clear();
            let read = self.input.read_until(b'\n', &mut self.line);
            if read.map_err(|e| Failure::failed(format!("cannot read the standard input: {e}")))? == 0 {
                return Ok(None);
            }
            self.count += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(&self.line));
            }
        }
    }

    /// Whether the next line is yet to come.
    fn is_drained(&self) -> bool {
        self.input.buffer().is_empty()
    }
}

pub(crate) fn run(args: &Exi) -> Result<(), Failure> {
    match args.damage {
        Some(count) => damage(count, args.seed),
        None => answer_all(args.engine),
    }
}

fn answer_all(engine: EngineKind) -> Result<(), Failure> {
    let engine = engine::of(engine);
    let mut lines = Lines::new();
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Some(line) = lines.next()? {
        serde_json::to_writer(&mut out, &answer(engine.as_ref(), line)).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        // Whoever asks one question at a time waits for this answer.
        if lines.is_drained() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(())
}

fn damage(count: u64, seed: u64) -> Result<(), Failure> {
    let mut lines = Lines::new();
    let mut samples = Vec::new();
    while let Some(line) = lines.next()? {
        let sample = sample(line);
        samples.push(sample.map_err(|error| Failure::failed(format!("line {}: {error}", lines.count)))?);
    }
    if samples.is_empty() {
        let failure = Failure::usage("there are no streams on the standard input");
        return Err(failure.advise(
            "one JSON object per line: {\"op\": \"decode\", \"schema\": \"dc\", \"exi_hex\": \"80...\"}",
        ));
    }
    let tally = engine::try_damaged(&samples, count, seed)
        .map_err(|error| Failure::failed(format!("the executors disagree: {error}")))?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &tally).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn sample(line: &[u8]) -> Result<Sample, String> {
    let question: Question =
        serde_json::from_slice(line).map_err(|error| format!("not a question: {error}"))?;
    Sample::new(question.set()?, question.coding(), question.exi()?)
}

fn answer(engine: &dyn Engine, line: &[u8]) -> Line {
    let question: Json = match serde_json::from_slice(line) {
        Ok(question) => question,
        Err(error) => {
            return Line {
                id: None,
                answer: Answer::Failed { error: format!("not a JSON object: {error}") },
            };
        }
    };
    let id = question.get("id").cloned();
    let result = serde_json::from_value(question).map_err(|e| format!("not a question: {e}"));
    let answer = result.and_then(|question| reply(engine, &question));
    Line { id, answer: answer.unwrap_or_else(|error| Answer::Failed { error }) }
}

fn reply(engine: &dyn Engine, question: &Question) -> Result<Answer, String> {
    let root = || Element::from_xml(question.xml.as_deref().ok_or("`xml` is missing")?);
    if matches!(question.op, Operation::Normalise) {
        return Ok(Answer::Normalised { xml: root()?.to_xml() });
    }
    let (set, coding) = (question.set()?, question.coding());
    match question.op {
        Operation::Encode => {
            let exi =
                engine.encode(set, coding, &root()?, question.empty.into()).map_err(|e| e.to_string())?;
            Ok(Answer::Encoded { exi_hex: input::to_hex(&exi) })
        }
        Operation::Decode => {
            let decoded = engine.decode(set, coding, &question.exi()?).map_err(|e| e.to_string())?;
            Ok(Answer::Decoded { xml: decoded.root.to_xml(), consumed: decoded.consumed })
        }
        Operation::Validate | Operation::Normalise => {
            let complaint =
                engine.encode(set, coding, &root()?, question.empty.into()).err().map(|e| e.to_string());
            Ok(Answer::Validated { valid: complaint.is_none(), complaint })
        }
    }
}
