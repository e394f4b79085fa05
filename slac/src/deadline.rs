//! Deadlines.

use core::time::Duration;

use crate::Instant;

/// So much later. One place, because arithmetic of 96 bits is long on small machines.
#[inline(never)]
pub(crate) fn after(now: Instant, time: Duration) -> Instant {
    now.saturating_add(time)
}

/// The deadline that comes first.
pub(crate) fn earliest(deadlines: impl IntoIterator<Item = Option<Instant>>) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}

/// Whether a deadline has passed.
pub(crate) fn is_due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|at| at <= now)
}
