//! What can be seen of a session.

use std::time::Duration;

use iso15118_20::End;
use iso15118_20::message::MessageKind;
use v2g_scenario::scenario::Side;
use v2gtp::PayloadType;

use crate::runtime::Reading;

/// Which way a message went, as the end sees it that tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Sent,
    Received,
}

impl Way {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// Who tells of something, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Which of several sessions, from 0.
    pub(crate) session: u32,
    pub(crate) side: Side,
    /// Since the connection was made.
    pub(crate) at: Duration,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) way: Way,
    /// What it is, if it could be read.
    pub(crate) kind: Option<MessageKind>,
    pub(crate) payload_type: PayloadType,
    pub(crate) payload: &'a [u8],
    /// From the request to this response.
    pub(crate) latency: Option<Duration>,
}

impl Message<'_> {
    /// Who sent it.
    pub(crate) fn sender(&self, teller: Side) -> Side {
        match (self.way, teller) {
            (Way::Sent, side) => side,
            (Way::Received, Side::Station) => Side::Vehicle,
            (Way::Received, Side::Vehicle) => Side::Station,
        }
    }
}

/// What flows, and what may.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) reading: Reading,
    /// Power that the converter is to exchange, W. Only the charger knows.
    pub(crate) set_point: Option<f64>,
    /// Most power into the vehicle that both ends allow, W.
    pub(crate) charge_limit: f64,
    /// Most power out of it, W.
    pub(crate) discharge_limit: f64,
}

/// Where records go besides the timeline.
pub(crate) trait Sink: Send {
    fn message(&mut self, seen: Seen, message: &Message<'_>);
    fn note(&mut self, seen: Seen, name: &str, detail: &str);
    fn sample(&mut self, seen: Seen, sample: &Sample);
    fn ended(&mut self, seen: Seen, end: End);
}
