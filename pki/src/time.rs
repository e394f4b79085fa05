//! Times of certificates, and the time that is now.

use der::Tag;

use crate::asn1::{Cursor, Tlv};
use crate::error::{Error, Flaw, Rule, Subject};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// A second of Unix time.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds of Unix time.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This time and so many seconds.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The start of a day of the Gregorian calendar. None if there is no such day.
    pub const fn from_date(year: i64, month: u8, day: u8) -> Option<Self> {
        if month < 1 || month > 12 || day < 1 || day > days_in(year, month) {
            return None;
        }
        // Days since 0000-03-01, by eras of 400 years.
        let (y, m) = if month > 2 { (year, month as i64 - 3) } else { (year - 1, month as i64 + 9) };
        let era = y.div_euclid(400);
        let of_era = y.rem_euclid(400);
        let day_of_year = (153 * m + 2) / 5 + day as i64 - 1;
        let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
        Some(Self((era * 146_097 + day_of_era - 719_468) * 86_400))
    }

    /// Year, month and day.
    pub const fn date(self) -> (i64, u8, u8) {
        let days = self.0.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year + year / 4 - year / 100);
        let m = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * m + 2) / 5 + 1;
        let month = if m < 10 { m + 3 } else { m - 9 };
        (era * 400 + year + (month <= 2) as i64, month as u8, day as u8)
    }

    /// Reads a UTCTime or a GeneralizedTime in the forms of RFC 5280, 4.1.2.5.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Flaw> {
        let tlv = cursor.any()?;
        match tlv.tag {
            Tag::UtcTime => Self::parse(&tlv, 2),
            Tag::GeneralizedTime => Self::parse(&tlv, 4),
            _ => Err(tlv.flaw(Rule::Structure)),
        }
    }

    /// Reads a GeneralizedTime.
    pub(crate) fn generalized(tlv: &Tlv<'_>) -> Result<Self, Flaw> {
        if tlv.tag == Tag::GeneralizedTime { Self::parse(tlv, 4) } else { Err(tlv.flaw(Rule::Structure)) }
    }

    fn parse(tlv: &Tlv<'_>, year_digits: usize) -> Result<Self, Flaw> {
        let parsed = || {
            let (year, rest) = tlv.value.split_at_checked(year_digits)?;
            let year = digits(year)?;
            let year = match (year_digits, year) {
                (2, 0..=49) => 2000 + year,
                (2, _) => 1900 + year,
                _ => year,
            };
            let ([mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2], b"Z") = rest.split_first_chunk::<10>()? else {
                return None;
            };
            let two = |a: &u8, b: &u8| digits(&[*a, *b]);
            let day = Self::from_date(year, two(mo1, mo2)? as u8, two(d1, d2)? as u8)?;
            let (hour, minute, second) = (two(h1, h2)?, two(mi1, mi2)?, two(s1, s2)?);
            (hour < 24 && minute < 60 && second < 60).then_some(day.plus(hour * 3600 + minute * 60 + second))
        };
        parsed().ok_or(tlv.flaw(Rule::TimeFormat))
    }
}

const fn days_in(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// From when until when, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Time,
    /// The last second.
    pub not_after: Time,
}

impl Validity {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Flaw> {
        let mut times = cursor.sequence()?;
        let validity = Self { not_before: Time::read(&mut times)?, not_after: Time::read(&mut times)? };
        times.finish()?;
        Ok(validity)
    }

    /// True if `inner` starts and ends within.
    pub fn contains(&self, inner: &Self) -> bool {
        self.not_before <= inner.not_before && inner.not_after <= self.not_after
    }
}

/// A clock that can be wrong, with a floor under it: no time is earlier than one that is known to have passed.
///
/// Contracts are not accepted without a time: certificates that have expired would be valid again for whoever can
/// turn the clock back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    floor: Time,
}

impl Clock {
    /// A clock that knows that `floor` has passed: the date of the build, or the last good time before a restart.
    pub const fn new(floor: Time) -> Self {
        Self { floor }
    }

    /// A time that a trusted source gives raises the floor; whoever restarts passes on [`floor`](Self::floor).
    pub fn learn(&mut self, passed: Time) {
        self.floor = self.floor.max(passed);
    }

    /// The time that has certainly passed.
    pub const fn floor(&self) -> Time {
        self.floor
    }

    /// What the host's clock shows, if that can be true.
    ///
    /// # Errors
    /// [`Rule::NoTime`] if the host has no time or one that lies before the floor.
    pub fn now(&self, shown: Option<Time>) -> Result<Time, Error> {
        shown.filter(|&time| time >= self.floor).ok_or(Error::new(Rule::NoTime, Subject::Clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (date, unix) in [
            ((1970, 1, 1), 0),
            ((1950, 1, 1), -631_152_000),
            ((2000, 2, 29), 951_782_400),
            ((2026, 11, 27), 1_795_737_600),
            ((9999, 12, 31), 253_402_214_400),
        ] {
            let time = Time::from_date(date.0, date.1, date.2).map(Time::unix);
            assert_eq!(time, Some(unix));
            assert_eq!(Time::from_unix(unix + 5).date(), date);
        }
        assert_eq!(Time::from_date(2025, 2, 29), None);
    }

    #[test]
    fn forms_of_rfc_5280() {
        let read = |der: &[u8]| Cursor::new(der, 0).and_then(|mut cursor| Time::read(&mut cursor));
        assert_eq!(read(b"\x17\x0D700101000001Z").map(Time::unix), Ok(1));
        assert_eq!(read(b"\x18\x0F19700101000001Z").map(Time::unix), Ok(1));
        for wrong in [
            &b"\x17\x0B7001010000Z"[..],
            b"\x17\x0D701301000001Z",
            b"\x17\x0D700101240000Z",
            b"\x17\x11700101000000+0000",
            b"\x18\x1119700101000001.5Z",
        ] {
            assert!(read(wrong).is_err());
        }
    }

    #[test]
    fn a_clock_is_not_turned_back() {
        let mut clock = Clock::new(Time::from_unix(100));
        assert!(clock.now(None).is_err() && clock.now(Some(Time::from_unix(99))).is_err());
        clock.learn(Time::from_unix(200));
        clock.learn(Time::from_unix(150));
        assert!(clock.now(Some(Time::from_unix(199))).is_err());
        assert_eq!(clock.now(Some(Time::from_unix(200))), Ok(Time::from_unix(200)));
    }
}
