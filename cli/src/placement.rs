//! Which core a thread runs on.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the calling thread on the `place`-th of the cores that this process may use, counted round.
///
/// Two event loops that wake each other over loopback are drawn to one core, where each waits until the other's time
/// slice is over: some milliseconds, which would be measured as the other's. Where it cannot be done, all goes on
/// without it.
pub(crate) fn keep_on_core(place: usize) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    if let (Some(core), true) = (cores.get(place % cores.len().max(1)), cores.len() > 1) {
        let mut only = CpuSet::new();
        only.set(*core);
        let _ = sched_setaffinity(None, &only);
    }
}
