//! What this process takes of the machine.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;

/// Resident memory, KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    before: u64,
    pub(crate) peak: u64,
}

impl Memory {
    /// The memory of now, before sessions begin.
    pub(crate) fn now() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = field(&status, "VmRSS:")?;
        Some(Self { before: resident, peak: resident })
    }

    /// With the peak since then.
    pub(crate) fn with_peak(self) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self { peak: field(&status, "VmHWM:").unwrap_or(self.peak).max(self.before), ..self }
    }

    /// What each of so many sessions added, both ends of it if both are here.
    #[allow(clippy::cast_precision_loss, reason = "for display")]
    pub(crate) fn per_session(self, sessions: usize) -> f64 {
        let each = (self.peak - self.before) as f64 / sessions.max(1) as f64;
        (each * 10.0).round() / 10.0
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Makes room for so many open files.
pub(crate) fn allow_files(files: u64) -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    let wanted = Rlimit { current: Some(files), maximum: limit.maximum };
    setrlimit(Resource::Nofile, wanted).map_err(|_| {
        let maximum = limit.maximum.unwrap_or(u64::MAX);
        Failure::failed(format!("so many sessions need {files} open files; this user may have {maximum}"))
            .advise("`ulimit -n` and /etc/security/limits.conf raise it; or take fewer --sessions")
    })
}

#[cfg(test)]
mod tests {
    use super::{Memory, field};

    #[test]
    fn fields_of_the_status_are_found() {
        let status = "Name:\tv2g\nVmHWM:\t    1234 kB\nVmRSS:\t     999 kB\n";
        assert_eq!((field(status, "VmRSS:"), field(status, "VmHWM:")), (Some(999), Some(1234)));
        assert_eq!(field(status, "VmSwap:"), None);
        assert!((Memory { before: 100, peak: 400 }.per_session(8) - 37.5).abs() < 1e-9);
    }
}
