//! What happened, readable; silent unless a failure is told again.

use iso15118_20::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    Silent,
    Printed,
}

impl Log {
    pub fn line(self, now: Instant, who: &str, what: impl FnOnce() -> String) {
        if self == Self::Printed {
            eprintln!("{:>10.3} {who:<8} {}", now.as_secs_f64(), what());
        }
    }
}
