//! What is counted over all sessions of a loop.

use std::time::Duration;

use iso15118_20::message::MessageKind;
use serde_json::{Map, Value, json};

use super::histogram::Histogram;
use super::millis;

/// What is counted over all sessions of a loop. Response times are kept by the response.
#[derive(Debug)]
pub(crate) struct Figures {
    kinds: Vec<Option<Histogram>>,
    messages: u64,
    rounds: u64,
    peak: usize,
}

impl Default for Figures {
    fn default() -> Self {
        Self { kinds: vec![None; MessageKind::ALL.len()], messages: 0, rounds: 0, peak: 0 }
    }
}

impl Figures {
    /// So many connections are open now.
    pub(crate) fn arrived(&mut self, open: usize) {
        self.peak = self.peak.max(open);
    }

    pub(crate) fn message(&mut self, kind: Option<MessageKind>, latency: Option<Duration>) {
        self.messages += 1;
        let Some(kind) = kind else { return };
        if is_round(kind) {
            self.rounds += 1;
        }
        if let (Some(latency), Some(place)) = (latency, self.kinds.get_mut(kind as usize)) {
            place.get_or_insert_default().record(latency);
        }
    }

    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    pub(crate) fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Most connections at once.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Response times of the charge loop, and of everything that does not wait for hardware: the response to
    /// power delivery comes when contactors have closed or the current has fallen.
    pub(crate) fn overall(&self) -> (Histogram, Histogram) {
        let (mut rounds, mut all) = (Histogram::default(), Histogram::default());
        for (kind, histogram) in self.by_kind() {
            if kind != MessageKind::PowerDeliveryRes {
                all.merge(histogram);
            }
            if is_round(kind) {
                rounds.merge(histogram);
            }
        }
        (rounds, all)
    }

    /// Response times of each response, in the order of a session.
    pub(crate) fn by_kind(&self) -> impl Iterator<Item = (MessageKind, &Histogram)> {
        let kinds = MessageKind::ALL.iter().zip(&self.kinds);
        kinds.filter_map(|(kind, histogram)| histogram.as_ref().map(|histogram| (*kind, histogram)))
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let mut map = Map::new();
        map.insert("all_but_power_delivery".to_owned(), quantiles(&self.overall().1));
        for (kind, histogram) in self.by_kind() {
            map.insert(kind.name().to_owned(), quantiles(histogram));
        }
        Value::Object(map)
    }

    /// For people: a table.
    pub(super) fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:<34} {:>8} {:>9} {:>9} {:>9} {:>9}",
            "response times, ms", "count", "p50", "p90", "p99", "max"
        )];
        let (_, all) = self.overall();
        for (name, histogram) in self
            .by_kind()
            .map(|(kind, histogram)| (kind.name(), histogram))
            .chain([("all but PowerDeliveryRes", &all)])
        {
            let [p50, p90, p99, max] = columns(histogram);
            let count = histogram.count();
            lines.push(format!("{name:<34} {count:>8} {p50:>9.2} {p90:>9.2} {p99:>9.2} {max:>9.2}"));
        }
        lines.join("\n")
    }
}

fn is_round(kind: MessageKind) -> bool {
    use MessageKind as K;
    matches!(kind, K::DcChargeLoopRes | K::AcChargeLoopRes | K::WptChargeLoopRes)
}

/// p50, p90, p99 and the longest, ms.
pub(crate) fn columns(histogram: &Histogram) -> [f64; 4] {
    let times = [histogram.permille(500), histogram.permille(900), histogram.permille(990), histogram.max()];
    times.map(|time| millis(time.unwrap_or_default()))
}

fn quantiles(histogram: &Histogram) -> Value {
    let [p50, p90, p99, max] = columns(histogram);
    json!({ "count": histogram.count(), "p50": p50, "p90": p90, "p99": p99, "max": max })
}
