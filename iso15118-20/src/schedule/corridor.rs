//! Whether a plan or a measured power keeps to what was offered.

use exi_codec::Watts;

use super::PowerCurve;
use super::energy::{milliwatts, watts};

/// What a profile has to stay within: the schedules of the tuple that was selected.
///
/// ```
/// use exi_codec::Watts;
/// use iso15118_20::schedule::{Corridor, PowerCurve, Schedule};
///
/// let offered = Schedule::flat(1_000, Watts::new(11, 3));
/// let corridor = Corridor::charging(PowerCurve::from(&offered));
/// let plan = Schedule::flat(1_000, Watts::new(12, 3));
/// let violation = corridor.check(PowerCurve::from(&plan)).unwrap_err();
/// assert_eq!((violation.at, violation.allowed), (1_000, Watts::new(11, 3)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Corridor<'a> {
    /// Most power into the vehicle. Signs do not matter.
    pub charge: PowerCurve<'a>,
    /// Most power out of the vehicle. Signs do not matter: peers disagree on them. None: no discharge.
    pub discharge: Option<PowerCurve<'a>>,
    /// How far a power may exceed the schedules in either direction.
    pub slack: Watts,
}

/// The first time at which a plan leaves the corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Unix time, s.
    pub at: u64,
    /// What was planned, negative for discharge.
    pub planned: Watts,
    /// What the schedule allows in that direction, as a magnitude and without slack.
    pub allowed: Watts,
}

impl<'a> Corridor<'a> {
    /// Charging only, without slack.
    pub const fn charging(charge: PowerCurve<'a>) -> Self {
        Self { charge, discharge: None, slack: Watts::ZERO }
    }

    /// Checks a whole profile; the work is bounded by the number of entries. A violation is what
    /// `FAILED_EVPowerProfileInvalid` stands for.
    ///
    /// # Errors
    /// The first time at which the plan exceeds a schedule by more than the slack.
    pub fn check(&self, profile: PowerCurve<'_>) -> Result<(), Violation> {
        let slack = milliwatts(self.slack).max(0);
        let mut planned = profile.cursor();
        let mut charge = self.charge.cursor();
        let mut discharge = self.discharge.map(|curve| (curve, curve.cursor()));
        let (mut time, end) = (profile.start(), profile.end());
        while time < end {
            let (power, mut until) = profile.milliwatts_at(&mut planned, time);
            let (allowed, change) = match &mut discharge {
                _ if power >= 0 => self.charge.milliwatts_at(&mut charge, time),
                Some((curve, cursor)) => curve.milliwatts_at(cursor, time),
                None => (0, u64::MAX),
            };
            let allowed = allowed.abs();
            if power.abs() > allowed + slack {
                return Err(Violation { at: time, planned: watts(power), allowed: watts(allowed) });
            }
            until = until.min(change);
            time = until;
        }
        Ok(())
    }

    /// Checks one power, such as a measured one.
    ///
    /// # Errors
    /// The power exceeds the schedule by more than the slack.
    pub fn check_power(&self, at: u64, power: Watts) -> Result<(), Violation> {
        let planned = milliwatts(power);
        let curve = if planned < 0 { self.discharge } else { Some(self.charge) };
        let allowed = curve.map_or(0, |curve| milliwatts(curve.power_at(at)).abs());
        if planned.abs() > allowed + milliwatts(self.slack).max(0) {
            return Err(Violation { at, planned: power, allowed: watts(allowed) });
        }
        Ok(())
    }
}
