//! `v2g exi --batch`: questions about EXI and their answers, one JSON object per line.

use std::io::{BufRead, BufReader, BufWriter, Write};

use clap::ValueEnum;
use exi_codec::EmptyText;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::args::Exi;
use crate::engine::{self, Coding, Engine, Set};
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

pub(crate) fn run(args: &Exi) -> Result<(), Failure> {
    let engine = engine::of(args.engine);
    let mut input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(|e| Failure::failed(format!("cannot read the standard input: {e}")))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        serde_json::to_writer(&mut out, &answer(engine.as_ref(), &line)).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        // Whoever asks one question at a time waits for this answer.
        if input.buffer().is_empty() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(())
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
    let set =
        Set::from_str(&question.schema, false).map_err(|_| format!("unknown schema: {}", question.schema))?;
    let coding = if question.fragment { Coding::Fragment } else { Coding::Document };
    match question.op {
        Operation::Encode => {
            let exi =
                engine.encode(set, coding, &root()?, question.empty.into()).map_err(|e| e.to_string())?;
            Ok(Answer::Encoded { exi_hex: input::to_hex(&exi) })
        }
        Operation::Decode => {
            let digits = question.exi_hex.as_deref().ok_or("`exi_hex` is missing")?;
            let exi = if digits.is_empty() { Vec::new() } else { input::hex(digits)? };
            let decoded = engine.decode(set, coding, &exi).map_err(|e| e.to_string())?;
            Ok(Answer::Decoded { xml: decoded.root.to_xml(), consumed: decoded.consumed })
        }
        Operation::Validate | Operation::Normalise => {
            let complaint =
                engine.encode(set, coding, &root()?, question.empty.into()).err().map(|e| e.to_string());
            Ok(Answer::Validated { valid: complaint.is_none(), complaint })
        }
    }
}
