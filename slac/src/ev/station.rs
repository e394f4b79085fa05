//! The chargers that a vehicle hears in one attempt.

use crate::{Attenuation, Ignored, MacAddr};

/// A charger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Station {
    pub(super) mac: MacAddr,
    pub(super) report: Report,
    /// CM_ATTEN_CHAR.RSP is due.
    pub(super) respond: Option<()>,
    pub(super) verdict: Verdict,
}

/// What a charger reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Missing,
    /// The mean of what it heard.
    Plain(Attenuation),
    /// No loss at all, or two different reports: not to be believed without validation.
    Dubious(Attenuation),
}

/// What is known of it beside its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    /// It could not be validated.
    Unvalidated,
    /// It saw other toggles.
    Excluded,
}

impl Report {
    pub(super) fn attenuation(self) -> Option<Attenuation> {
        match self {
            Self::Missing => None,
            Self::Plain(attenuation) | Self::Dubious(attenuation) => Some(attenuation),
        }
    }
}

/// A bounded set of chargers.
#[derive(Debug)]
pub(super) struct Stations<const N: usize>([Option<Station>; N]);

impl<const N: usize> Stations<N> {
    pub(super) const EMPTY: Self = Self([None; N]);

    pub(super) fn clear(&mut self) {
        *self = Self::EMPTY;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Station> {
        self.0.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Station> {
        self.0.iter_mut().flatten()
    }

    pub(super) fn find(&mut self, mac: MacAddr) -> Option<&mut Station> {
        self.iter_mut().find(|station| station.mac == mac)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// A charger answered.
    pub(super) fn answered(&mut self, mac: MacAddr) -> Result<(), Ignored> {
        if self.find(mac).is_some() {
            return Ok(());
        }
        let place = self.0.iter_mut().find(|place| place.is_none()).ok_or(Ignored::Full)?;
        *place = Some(Station { mac, report: Report::Missing, respond: None, verdict: Verdict::Open });
        Ok(())
    }

    /// A charger reported. One whose answer was lost is welcome; where there is no place, it takes that of one
    /// without a report, or of the farthest, if that is farther.
    pub(super) fn reported(&mut self, mac: MacAddr, attenuation: Attenuation) -> Result<(), Ignored> {
        let report = if attenuation == Attenuation::ZERO {
            Report::Dubious(attenuation)
        } else {
            Report::Plain(attenuation)
        };
        if let Some(station) = self.find(mac) {
            station.respond = Some(());
            station.report = match station.report {
                Report::Missing => report,
                Report::Plain(first) if first != attenuation => Report::Dubious(first),
                known => known,
            };
            return Ok(());
        }
        let rank = |place: &Option<Station>| match place {
            None => (0, Attenuation::ZERO),
            Some(Station { report, .. }) => {
                report.attenuation().map_or((1, Attenuation::ZERO), |known| (2, known))
            }
        };
        let empty_first = |rank: (u8, Attenuation)| (core::cmp::Reverse(rank.0), rank.1);
        let place = self.0.iter_mut().max_by_key(|place| empty_first(rank(place))).ok_or(Ignored::Full)?;
        if rank(place) >= (2, Attenuation::ZERO) && rank(place).1 <= attenuation {
            return Err(Ignored::Full);
        }
        *place = Some(Station { mac, report, respond: Some(()), verdict: Verdict::Open });
        Ok(())
    }

    /// Whether a charger reported that something is lost on the way, as on every cable.
    pub(super) fn has_loss(&self, mac: MacAddr) -> bool {
        let station = self.iter().find(|station| station.mac == mac);
        station.and_then(|station| station.report.attenuation()).is_some_and(|a| a != Attenuation::ZERO)
    }

    pub(super) fn all_reported(&self) -> bool {
        !self.is_empty() && !self.has_missing()
    }

    pub(super) fn has_missing(&self) -> bool {
        self.iter().any(|station| station.report == Report::Missing)
    }

    /// How many reported.
    pub(super) fn reports(&self) -> usize {
        self.iter().filter(|station| station.report != Report::Missing).count()
    }

    /// The nearest one of which `verdict` is known.
    pub(super) fn nearest(&self, verdict: Verdict) -> Option<&Station> {
        let fitting = self.iter().filter(|station| station.verdict == verdict);
        fitting
            .filter_map(|station| station.report.attenuation().map(|attenuation| (attenuation, station)))
            .min_by_key(|(attenuation, _)| *attenuation)
            .map(|(_, station)| station)
    }

    /// Whether another charger that can still be the one is about as near.
    pub(super) fn has_rival(&self, of: &Station, margin: Attenuation) -> bool {
        let Some(attenuation) = of.report.attenuation() else { return false };
        self.iter().any(|other| {
            other.mac != of.mac
                && other.verdict != Verdict::Excluded
                && other.report.attenuation().is_some_and(|a| a.abs_diff(attenuation) < margin)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Stations, Verdict};
    use crate::{Attenuation, Ignored, MacAddr};

    const fn mac(last: u8) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, last])
    }

    fn db(decibels: u8) -> Attenuation {
        Attenuation::decibels(decibels)
    }

    #[test]
    fn who_reports_takes_the_place_of_who_only_answers_or_is_farther() {
        let mut stations = Stations::<2>::EMPTY;
        assert_eq!(stations.answered(mac(1)), Ok(()));
        assert_eq!(stations.answered(mac(2)), Ok(()));
        assert_eq!(stations.answered(mac(3)), Err(Ignored::Full));
        assert_eq!(stations.reported(mac(3), db(30)), Ok(()));
        assert_eq!(stations.reported(mac(4), db(20)), Ok(()));
        assert!(stations.all_reported());
        assert_eq!(stations.reported(mac(5), db(31)), Err(Ignored::Full));
        assert_eq!(stations.reported(mac(5), db(10)), Ok(()));
        assert_eq!(stations.nearest(Verdict::Open).map(|s| s.mac), Some(mac(5)));
        assert!(stations.find(mac(3)).is_none());
    }

    #[test]
    fn a_second_opinion_and_no_loss_at_all_are_dubious() {
        let mut stations = Stations::<4>::EMPTY;
        stations.reported(mac(1), db(12)).unwrap();
        stations.reported(mac(1), db(12)).unwrap();
        assert_eq!(stations.find(mac(1)).unwrap().report, Report::Plain(db(12)));
        stations.reported(mac(1), db(5)).unwrap();
        assert_eq!(stations.find(mac(1)).unwrap().report, Report::Dubious(db(12)));
        stations.reported(mac(2), db(0)).unwrap();
        assert_eq!(stations.find(mac(2)).unwrap().report, Report::Dubious(db(0)));
    }
}
