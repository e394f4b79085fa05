//! When something happens.

use std::fmt;

use iso15118_20::message::MessageKind;
use serde::de::{Deserialize, Deserializer};

use super::quantity::{Span, from_text};

/// When something happens.
///
/// In a file: `"start"`, `"20 min"`, `"20 min every 1 h"`, `"round 8"`, `"round 8 every 4"`, `"DC_CableCheckReq"`,
/// `"DC_ChargeLoopReq 3"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// As soon as the ends are connected.
    Start,
    /// So long after that, in the time of the scenario.
    At {
        /// The first time.
        first: Span,
        /// And again each time so much has passed.
        every: Option<Span>,
    },
    /// When so many rounds of the charge loop are done.
    Round {
        /// The first time.
        first: u32,
        /// And again after so many more.
        every: Option<u32>,
    },
    /// When a message is sent or received.
    Message {
        /// The message.
        kind: MessageKind,
        /// The how manieth of its kind, from 1.
        nth: u32,
    },
}

const ADVICE: &str = "write \"start\", a time (\"20 min\"), a round of the charge loop (\"round 8\"), either again and \
                      again (\"round 8 every 4\"), or a message (\"DC_CableCheckReq\", \"DC_ChargeLoopReq 3\")";

impl When {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time: {ADVICE}");
        let (first, every) = match text.split_once(" every ") {
            Some((first, every)) => (first.trim(), Some(every.trim())),
            None => (text.trim(), None),
        };
        let count = |text: &str| text.trim().parse::<u32>().ok().filter(|count| *count > 0).ok_or_else(wrong);
        if let Some(first) = first.strip_prefix("round ") {
            return Ok(Self::Round { first: count(first)?, every: every.map(count).transpose()? });
        }
        if first.starts_with(|c: char| c.is_ascii_digit()) {
            let every = every.map(Span::positive).transpose()?;
            return Ok(Self::At { first: Span::not_negative(first)?, every });
        }
        if every.is_some() {
            return Err(wrong());
        }
        if first == "start" {
            return Ok(Self::Start);
        }
        let (name, nth) = first.split_once(' ').unwrap_or((first, "1"));
        let kind = MessageKind::ALL.iter().find(|kind| kind.name() == name).ok_or_else(wrong)?;
        Ok(Self::Message { kind: *kind, nth: count(nth)? })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("at the start"),
            Self::At { first, .. } => write!(f, "after {} s", first.as_f64()),
            Self::Round { first, .. } => write!(f, "in round {first}"),
            Self::Message { kind, nth: 1 } => write!(f, "at {kind}"),
            Self::Message { kind, nth } => write!(f, "at {kind} {nth}"),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a time in quotes, such as \"round 8\" or \"20 min\"", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use iso15118_20::message::MessageKind;

    use super::{Span, When};

    #[test]
    fn every_form_is_read() {
        let minutes = |minutes: i64| Span::from_thousandths(minutes * 60_000);
        for (text, when) in [
            ("start", When::Start),
            ("20 min", When::At { first: minutes(20), every: None }),
            ("0 s every 1 h", When::At { first: minutes(0), every: Some(minutes(60)) }),
            ("round 8", When::Round { first: 8, every: None }),
            ("round 8 every 4", When::Round { first: 8, every: Some(4) }),
            ("DC_CableCheckReq", When::Message { kind: MessageKind::DcCableCheckReq, nth: 1 }),
            ("DC_ChargeLoopRes 3", When::Message { kind: MessageKind::DcChargeLoopRes, nth: 3 }),
        ] {
            assert_eq!(When::parse(text), Ok(when), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "round",
            "round 0",
            "round -1",
            "20",
            "1 s every 0 s",
            "every 4",
            "NoSuchReq",
            "start every 2",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }
}
