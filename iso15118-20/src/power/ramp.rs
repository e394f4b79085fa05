//! How fast power may change.

use core::time::Duration;

#[cfg(any(feature = "ac", feature = "dc"))]
use exi_codec::RationalNumber;
use exi_codec::{Rounding, Watts};

/// A ramp moves in steps of this length.
pub(crate) const RAMP_STEP: Duration = Duration::from_millis(100);

/// Most time that one step makes up for: who was not looked at for long does not jump.
const MOST_PASSED: Duration = Duration::from_millis(200);

/// Where a power has got to on its way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ramped {
    /// It is there.
    Arrived,
    /// It has moved, and is still under way.
    Moved(Watts),
    /// It has not moved yet.
    Waiting,
}

/// Moves `from` one power towards another, no faster than so many watts in a second.
pub(crate) fn ramped(from: Watts, to: Watts, per_second: Watts, passed: Duration) -> Ramped {
    let (start, goal) = (milli(from), milli(to));
    let passed = i64::try_from(passed.min(MOST_PASSED).as_millis()).unwrap_or(0);
    let step = milli(per_second).saturating_abs().saturating_mul(passed) / 1000;
    if goal.saturating_sub(start).saturating_abs() <= step {
        Ramped::Arrived
    } else if step == 0 {
        Ramped::Waiting
    } else {
        let next = if goal > start { start.saturating_add(step) } else { start.saturating_sub(step) };
        Ramped::Moved(Watts::from_milli(next, Rounding::TowardsZero))
    }
}

/// `EVSEPowerRampLimitation`: a ramp in W/s as %/min of the most power that a vehicle can take, or of the most that it can
/// give if that is more, so that neither direction is faster than the ramp. Zero would mean that there is none.
#[cfg(any(feature = "ac", feature = "dc"))]
pub(crate) fn limitation(per_second: Watts, vehicle: Watts) -> Option<RationalNumber> {
    let most = i128::from(milli(vehicle)).max(1);
    // %/min in thousandths: 60 seconds, 100 %.
    let share = i128::from(milli(per_second)) * 6_000_000 / most;
    let share = i64::try_from(share).unwrap_or(i64::MAX).max(1);
    (per_second > Watts::ZERO).then(|| Watts::from_milli(share, Rounding::TowardsZero).number())
}

/// The ramp in W/s that an `EVSEPowerRampLimitation` means for this power. Zero means that there is none.
#[cfg(feature = "ac")]
pub(crate) fn rate(limitation: RationalNumber, most: Watts) -> Option<Watts> {
    let share = i128::from(limitation.to_milli(Rounding::TowardsZero)?);
    let rate = share.checked_mul(i128::from(milli(most)))? / 6_000_000;
    let rate = i64::try_from(rate).unwrap_or(i64::MAX);
    (share > 0 && milli(most) > 0).then(|| Watts::from_milli(rate.max(1), Rounding::TowardsZero))
}

fn milli(power: Watts) -> i64 {
    power.to_milli_saturating(Rounding::TowardsZero)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use exi_codec::{RationalNumber, Watts};

    use super::{Ramped, limitation, ramped};

    #[test]
    fn a_step_is_never_larger_than_the_time_that_passed_allows() {
        let (ten, twenty, rate) = (Watts::new(10, 3), Watts::new(20, 3), Watts::new(5, 3));
        let step = |millis| ramped(ten, twenty, rate, Duration::from_millis(millis));
        assert_eq!(step(0), Ramped::Waiting);
        assert_eq!(step(100), Ramped::Moved(Watts::new(10_500, 0)));
        // However long nobody looked.
        assert_eq!(step(5000), Ramped::Moved(Watts::new(11, 3)));
        let down = ramped(ten, Watts::new(-10, 3), rate, Duration::from_millis(100));
        assert_eq!(down, Ramped::Moved(Watts::new(9500, 0)));
        assert_eq!(ramped(ten, Watts::new(10_500, 0), rate, Duration::from_millis(100)), Ramped::Arrived);
    }

    #[test]
    fn a_ramp_is_said_in_percent_of_the_vehicle_per_minute() {
        // 1 kW/s are 60 kW a minute: of a vehicle of 12 kW five times all it has.
        assert_eq!(limitation(Watts::new(1, 3), Watts::new(12, 3)), Some(RationalNumber::new(500, 0)));
        assert_eq!(limitation(Watts::ZERO, Watts::new(12, 3)), None);
        // Slower than can be said is still a ramp.
        assert!(!limitation(Watts::new(1, -3), Watts::new(1, 9)).unwrap().is_zero());
        // A vehicle that can do nothing is given no division by it.
        assert!(limitation(Watts::new(1, 3), Watts::ZERO).is_some());
    }

    #[cfg(feature = "ac")]
    #[test]
    fn what_the_one_end_says_the_other_understands() {
        let rate = |percent| super::rate(RationalNumber::new(percent, 0), Watts::new(12, 3));
        assert_eq!(rate(500), Some(Watts::new(1, 3)));
        assert_eq!((rate(0), rate(-5)), (None, None));
    }
}
