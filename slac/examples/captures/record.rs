//! Captured frames.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use v2g_slac::{Frame, MacAddr, Mme};

/// A captured frame.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) source: String,
    pub(crate) index: u64,
    pub(crate) time: Duration,
    /// The VLAN tag that the frame had, where a capture is of several lines.
    pub(crate) vlan: Option<u64>,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Map<String, Value>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame {} of {}, {}", self.index, self.source, self.name)
    }
}

impl Record {
    pub(crate) fn message(&self) -> Option<Mme<'_>> {
        Mme::parse(&self.frame()?).ok()
    }

    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        Frame::new_checked(&self.bytes).ok()
    }

    pub(crate) fn from(&self) -> Option<MacAddr> {
        self.frame().map(|frame| frame.source())
    }
}

pub(crate) fn read(path: &str) -> Result<Vec<Record>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| parse(line).ok_or_else(|| format!("not a frame: {line}").into())).collect()
}

fn parse(line: &str) -> Option<Record> {
    let value: Value = serde_json::from_str(line).ok()?;
    Some(Record {
        source: value["source"].as_str()?.to_owned(),
        index: value["index"].as_u64()?,
        time: Duration::from_secs_f64(value["time"].as_f64()?),
        vlan: value["vlan"].as_u64(),
        name: value["name"].as_str()?.to_owned(),
        bytes: unhex(value["hex"].as_str()?)?,
        fields: value["fields"].as_object()?.clone(),
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
