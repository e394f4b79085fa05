//! Settings of a vehicle.

use core::time::Duration;

use crate::mme::AmplitudeMap;
use crate::settings::{check_number, check_time};
use crate::{Attenuation, ConfigError, MacAddr, ModemConfig, Profile};

/// When a vehicle that heard a charger begins to sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// When the time for answers is over, so that all chargers in reach are known.
    All,
    /// After the first answer.
    First,
}

/// How long a vehicle waits for reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Until all chargers that answered have reported.
    Reports,
    /// TT_EV_atten_results, whatever has come by then.
    WholeTime,
}

/// What is done with a charger that may be the one, but not certainly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Potential {
    /// It is validated.
    Validate,
    /// It is validated if another is about as near or has not reported, else matched.
    ValidateDoubtful,
}

/// What is done with chargers beyond the indirect limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distant {
    /// They are not the one.
    Refuse,
    /// Where there is only one charger at all, it is matched.
    MatchSingle,
}

/// What is done when the charger cannot validate, or says that it need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unvalidated {
    /// It is not matched.
    Refuse,
    /// If no other was validated, the nearest one is matched.
    MatchNearest,
}

/// What happens to the modem's network when the machine starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialKey {
    /// It is left: after a power cycle the modem may still be in one.
    #[default]
    Leave,
    /// It stays until there is another.
    Keep,
}

/// Times of a vehicle; names of the standard in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvTiming {
    /// Request to its answer (TT_match_response), 200 ms.
    pub response: Duration,
    /// Answer to the first CM_START_ATTEN_CHAR.IND (TP_match_sequence), at most 100 ms.
    pub start_delay: Duration,
    /// Between two of the sounds and what announces them (TP_EV_batch_msg_interval), 20 to 50 ms.
    pub interval: Duration,
    /// First CM_START_ATTEN_CHAR.IND to the end of waiting for reports (TT_EV_atten_results), 1200 ms.
    pub reports: Duration,
    /// End of that to the choice (TP_EV_match_session), at most 500 ms.
    pub choice_delay: Duration,
    /// Key to the link (TT_match_join), 12 s.
    pub join: Duration,
    /// Link to the word about it (TP_link_ready_notification), 0.2 to 1 s.
    pub link_notification: Duration,
    /// Failed attempt to the next one (TT_matching_rate), 400 ms.
    pub rate: Duration,
    /// First attempt to the end of all (TT_matching_repetition), at least 10 s.
    pub repetition: Duration,
    /// How long each state is held in a toggle (TP_EV_vald_state_duration), 200 to 400 ms.
    pub toggle_state: Duration,
    /// Pause before a charger that was not ready to validate is asked again.
    pub validation_pause: Duration,
    /// Longest time in which rounds of one validation begin.
    pub validation: Duration,
    /// CM_AMP_MAP.REQ to its answer (TT_amp_map_exchange), 200 ms.
    pub amplitude_map: Duration,
    /// End of a pause to the link (T_conn_resume), 6 s.
    pub resume: Duration,
}

/// Settings of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvConfig<'a> {
    /// The own address, that of the interface to the modem.
    pub mac: MacAddr,
    /// A charger as near as this is certainly the one (C_EV_match_signalattn_direct).
    pub direct: Attenuation,
    /// A charger as near as this may be the one (C_EV_match_signalattn_indirect).
    pub indirect: Attenuation,
    /// Chargers that differ by less than this are about as near as each other.
    pub margin: Attenuation,
    /// When sounding begins.
    pub answers: Answers,
    /// How long reports are waited for.
    pub collection: Collection,
    /// What is done with a charger that may be the one.
    pub potential: Potential,
    /// What is done with those that are too far.
    pub distant: Distant,
    /// What is done when validation is impossible.
    pub unvalidated: Unvalidated,
    /// What happens to the modem's network at the start.
    pub initial_key: InitialKey,
    /// Times CM_SLAC_PARM.REQ is sent in one wait for answers: 1, as the standard has it, to 3.
    pub parameter_copies: u8,
    /// Most toggles in a validation (C_EV_vald_nb_toggles), 1 to 3. How many it is each time is random.
    pub toggles: u8,
    /// Validations in a row that a charger must pass, 1 to 5, 3 if nothing else is said. In one of them the wrong
    /// charger may count another vehicle's toggles by chance.
    pub validations: u8,
    /// Times that a message without an answer is repeated (C_EV_match_retry), 2.
    pub retries: u8,
    /// Attempts that are made, even if the time for them is over (C_conn_max_match), at least 3.
    pub attempts: u8,
    /// How loud the charger may be, if that is to be told.
    pub amplitude_map: Option<AmplitudeMap<'a>>,
    /// The own modem.
    pub modem: ModemConfig,
    /// Times.
    pub timing: EvTiming,
}

impl EvTiming {
    /// The times of the standard.
    pub const STANDARD: Self = Self {
        response: Duration::from_millis(200),
        start_delay: Duration::from_millis(0),
        interval: Duration::from_millis(25),
        reports: Duration::from_millis(1200),
        choice_delay: Duration::from_millis(0),
        join: Duration::from_secs(12),
        link_notification: Duration::from_millis(200),
        rate: Duration::from_millis(400),
        repetition: Duration::from_secs(10),
        toggle_state: Duration::from_millis(300),
        validation_pause: Duration::from_millis(400),
        validation: Duration::from_secs(12),
        amplitude_map: Duration::from_millis(200),
        resume: Duration::from_secs(6),
    };
}

impl EvConfig<'_> {
    /// The settings of a profile. The strict one has the limits of the standard, 10 and 20 dB, which would refuse
    /// most chargers that are deployed; the lenient one has 20 and 40 dB.
    pub const fn new(mac: MacAddr, profile: Profile) -> Self {
        let (direct, indirect) = match profile {
            Profile::Strict => (10, 20),
            Profile::Lenient => (20, 40),
        };
        let (potential, distant, unvalidated, collection) = match profile {
            Profile::Strict => {
                (Potential::Validate, Distant::Refuse, Unvalidated::Refuse, Collection::WholeTime)
            }
            Profile::Lenient => (
                Potential::ValidateDoubtful,
                Distant::MatchSingle,
                Unvalidated::MatchNearest,
                Collection::Reports,
            ),
        };
        Self {
            mac,
            direct: Attenuation::decibels(direct),
            indirect: Attenuation::decibels(indirect),
            margin: Attenuation::decibels(3),
            answers: Answers::All,
            collection,
            potential,
            distant,
            unvalidated,
            initial_key: InitialKey::Leave,
            parameter_copies: 1,
            toggles: 3,
            validations: 3,
            retries: 2,
            attempts: 3,
            amplitude_map: None,
            modem: ModemConfig::DEFAULT,
            timing: EvTiming::STANDARD,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !self.mac.is_unicast() {
            return Err(ConfigError::Address);
        }
        if self.direct > self.indirect {
            return Err(ConfigError::Limits);
        }
        let timing = &self.timing;
        check_time("TT_match_response", timing.response, (100, 1000))?;
        check_time("TP_match_sequence", timing.start_delay, (0, 200))?;
        check_time("TP_EV_batch_msg_interval", timing.interval, (20, 50))?;
        check_time("TT_EV_atten_results", timing.reports, (600, 3000))?;
        check_time("TP_EV_match_session", timing.choice_delay, (0, 500))?;
        check_time("TT_match_join", timing.join, (5000, 30_000))?;
        check_time("TP_link_ready_notification", timing.link_notification, (0, 1000))?;
        check_time("TT_matching_rate", timing.rate, (400, 5000))?;
        check_time("TT_matching_repetition", timing.repetition, (10_000, 120_000))?;
        check_time("TP_EV_vald_state_duration", timing.toggle_state, (200, 400))?;
        check_time("pause of validation", timing.validation_pause, (200, 2000))?;
        check_time("time of validation", timing.validation, (1000, 60_000))?;
        check_time("TT_amp_map_exchange", timing.amplitude_map, (100, 1000))?;
        check_time("T_conn_resume", timing.resume, (1000, 30_000))?;
        check_number("copies of CM_SLAC_PARM.REQ", self.parameter_copies, (1, 3))?;
        check_number("C_EV_vald_nb_toggles", self.toggles, (1, 3))?;
        check_number("number of validations", self.validations, (1, 5))?;
        check_number("C_EV_match_retry", self.retries, (0, 5))?;
        check_number("C_conn_max_match", self.attempts, (3, 20))?;
        self.modem.check()
    }
}
