//! What settings of both machines have in common.

use core::time::Duration;

use thiserror::Error;

/// How exactly the standard is followed where deployed peers do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// To the letter.
    Strict,
    /// With the tolerances that deployed peers need. Nothing that binds a frame to its session is relaxed.
    #[default]
    Lenient,
}

/// A setting is outside of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The own address cannot be one.
    #[error("the own address belongs to no single station")]
    Address,
    /// A time is outside of the range that the standard gives it.
    #[error("{name} is outside of its range")]
    Time {
        /// Name of the time in the standard.
        name: &'static str,
    },
    /// A number is outside of the range that the standard gives it.
    #[error("{name} is outside of its range")]
    Number {
        /// Name of the number in the standard.
        name: &'static str,
    },
    /// The limit for a charger that is certainly found is above the one for a charger that may be found.
    #[error("the direct limit is above the indirect one")]
    Limits,
}

/// Checks a time against its range in milliseconds, both ends included.
pub(crate) fn check_time(name: &'static str, time: Duration, range: (u64, u64)) -> Result<(), ConfigError> {
    let (least, most) = (Duration::from_millis(range.0), Duration::from_millis(range.1));
    if (least..=most).contains(&time) { Ok(()) } else { Err(ConfigError::Time { name }) }
}

/// Checks a number against its range, both ends included.
pub(crate) fn check_number(name: &'static str, number: u8, range: (u8, u8)) -> Result<(), ConfigError> {
    if (range.0..=range.1).contains(&number) { Ok(()) } else { Err(ConfigError::Number { name }) }
}
