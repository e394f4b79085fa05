//! Which charger is the one.

use super::config::{Distant, Potential, Unvalidated};
use super::station::{Report, Station, Verdict};
use super::validation::{Progress, Validation};
use super::{Due, Ev, EvFailure, Finding, Phase};
use crate::deadline::after;
use crate::{Entropy, Instant, MacAddr};

/// What to do with the nearest charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Match(Finding),
    Validate,
    Refuse,
}

impl<E: Entropy, const STATIONS: usize> Ev<'_, E, STATIONS> {
    /// Chooses among what is known now.
    pub(super) fn choose(&mut self, now: Instant) {
        if self.stations.reports() == 0 {
            return self.attempt_failed(now, EvFailure::NoReport);
        }
        let Some(nearest) = self.stations.nearest(Verdict::Open) else {
            return self.choose_unvalidated(now);
        };
        let mac = nearest.mac;
        match self.judge(nearest) {
            Choice::Match(finding) => self.choose_match(now, mac, finding),
            Choice::Validate => {
                let (validation, message) = Validation::start(mac, now, &self.config);
                self.phase = Phase::Validating(validation);
                self.due = Some(Due::Validate(mac, message));
            }
            // The others are farther still.
            Choice::Refuse => self.choose_unvalidated(now),
        }
    }

    fn judge(&self, station: &Station) -> Choice {
        let config = &self.config;
        let (attenuation, dubious) = match station.report {
            Report::Missing => return Choice::Refuse,
            Report::Plain(attenuation) => (attenuation, false),
            Report::Dubious(attenuation) => (attenuation, true),
        };
        let rival = self.stations.has_rival(station, config.margin);
        // A nearer one was not confirmed: something is strange.
        let tried = self.stations.iter().any(|other| other.verdict != Verdict::Open);
        if attenuation <= config.direct {
            return if dubious || rival || tried { Choice::Validate } else { Choice::Match(Finding::Direct) };
        }
        let unclear = dubious || rival || tried || self.stations.has_missing();
        if attenuation <= config.indirect {
            return match config.potential {
                Potential::ValidateDoubtful if !unclear => Choice::Match(Finding::Potential),
                Potential::ValidateDoubtful | Potential::Validate => Choice::Validate,
            };
        }
        let single = self.stations.iter().count() == 1;
        match config.distant {
            Distant::MatchSingle if single && !dubious => Choice::Match(Finding::Single),
            Distant::MatchSingle | Distant::Refuse => Choice::Refuse,
        }
    }

    /// No charger is left that might be validated.
    fn choose_unvalidated(&mut self, now: Instant) {
        let nearest = self.stations.nearest(Verdict::Unvalidated);
        let believed = nearest.filter(|station| matches!(station.report, Report::Plain(_)));
        if let (Some(station), Unvalidated::MatchNearest) = (believed, self.config.unvalidated) {
            let mac = station.mac;
            return self.choose_match(now, mac, Finding::Nearest);
        }
        let tried = self.stations.iter().any(|station| station.verdict != Verdict::Open);
        let reason = if tried { EvFailure::NotValidated } else { EvFailure::NotFound };
        self.attempt_failed(now, reason);
    }

    /// A validation has ended.
    pub(super) fn validated(&mut self, now: Instant, evse: MacAddr, progress: Progress) {
        let verdict = match (progress, self.config.unvalidated) {
            (Progress::Confirmed, _) => return self.choose_match(now, evse, Finding::Validated),
            // Its own vehicle is likely to be the other one, or ours is only too late: farther ones are no better.
            (Progress::Busy, _) => return self.attempt_failed(now, EvFailure::NotValidated),
            (Progress::Wrong, _) => Verdict::Excluded,
            (_, Unvalidated::MatchNearest) => Verdict::Unvalidated,
            // Nor are they if only frames were lost. Who hears everything does not exist, and does not count.
            (_, Unvalidated::Refuse) if self.stations.has_loss(evse) => {
                return self.attempt_failed(now, EvFailure::NotValidated);
            }
            (_, Unvalidated::Refuse) => Verdict::Excluded,
        };
        // Something may have disturbed the count: no farther one is considered before the nearest had another attempt.
        if progress == Progress::Wrong && self.doubted.replace(evse) != Some(evse) {
            return self.attempt_failed(now, EvFailure::NotValidated);
        }
        if let Some(station) = self.stations.find(evse) {
            station.verdict = verdict;
        }
        self.choose(now);
    }

    fn choose_match(&mut self, now: Instant, evse: MacAddr, finding: Finding) {
        let attenuation = self.stations.find(evse).and_then(|station| station.report.attenuation());
        let Some(attenuation) = attenuation else { return self.attempt_failed(now, EvFailure::NotFound) };
        self.events.chosen = Some((evse, attenuation, finding));
        self.due = Some(Due::Match(evse));
        let until = after(now, self.config.timing.response);
        self.phase = Phase::Matching { evse, left: self.config.retries, until };
    }
}
