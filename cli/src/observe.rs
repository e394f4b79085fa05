//! What is seen of sessions, and for whom: timeline, trace, figures, diagnosis, and what a report is made of.

mod diagnosis;
mod figures;
mod histogram;
mod meaning;
mod observer;
mod record;
mod summary;
mod timeline;
mod trace;

use std::time::Duration;

pub(crate) use diagnosis::advice;
pub(crate) use figures::{Figures, columns};
pub(crate) use meaning::of as meaning;
pub(crate) use observer::{Observer, Sinks};
#[cfg(test)]
pub(crate) use record::Way;
pub(crate) use record::{Message, Sample, Seen, Sink};
pub(crate) use summary::{Ending, Energy, Summary};
pub(crate) use timeline::{Audience, fact};
pub(crate) use trace::Trace;

/// Milliseconds to the hundredth.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}

/// Seconds to the millionth.
pub(crate) fn micros(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}
