//! A fixed table of deadlines.

use v2gtp::Instant;

/// Deadlines, one for each of `N` timers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines<const N: usize>([Option<Instant>; N]);

impl<const N: usize> Deadlines<N> {
    pub(crate) const fn new() -> Self {
        Self([None; N])
    }

    pub(crate) fn set(&mut self, timer: usize, at: Instant) {
        if let Some(place) = self.0.get_mut(timer) {
            *place = Some(at);
        }
    }

    /// Sets a timer that does not run yet.
    pub(crate) fn start(&mut self, timer: usize, at: Instant) {
        if let Some(place @ None) = self.0.get_mut(timer) {
            *place = Some(at);
        }
    }

    pub(crate) fn clear(&mut self, timer: usize) {
        if let Some(place) = self.0.get_mut(timer) {
            *place = None;
        }
    }

    pub(crate) fn clear_all(&mut self) {
        self.0 = [None; N];
    }

    pub(crate) fn get(&self, timer: usize) -> Option<Instant> {
        self.0.get(timer).copied().flatten()
    }

    /// The deadline that comes first.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes the earliest deadline that has passed.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<usize> {
        let due = self.next().filter(|at| *at <= now)?;
        let timer = self.0.iter().position(|at| *at == Some(due))?;
        self.clear(timer);
        Some(timer)
    }
}

/// The host's calendar: message headers carry Unix time, timers do not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calendar {
    set_at: Instant,
    unix: u64,
}

impl Calendar {
    pub(crate) const fn new(now: Instant, unix_seconds: u64) -> Self {
        Self { set_at: now, unix: unix_seconds }
    }

    pub(crate) fn at(&self, now: Instant) -> u64 {
        self.unix.saturating_add(now.saturating_sub(self.set_at).as_secs())
    }
}
