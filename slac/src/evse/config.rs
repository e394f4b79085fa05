//! Settings of a charger.

use core::time::Duration;

use crate::mme::{AmplitudeMap, Sounding};
use crate::settings::{check_number, check_time};
use crate::{ConfigError, MacAddr, ModemConfig, PilotCommand, Profile, Rounding};

/// What is charged, and whether digital communication is required for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// DC: always 5 %.
    Dc,
    /// AC that requires digital communication: 5 % until something else decides.
    AcDigital,
    /// AC that can do without: the nominal duty cycle, under which a vehicle may match too.
    AcNominal,
}

/// Whether a vehicle that does not match may charge AC by the pilot alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasicCharging {
    /// It may not: the pilot is switched off (X1) when all attempts failed.
    #[default]
    Forbidden,
    /// It may: the pilot gets its nominal duty cycle then.
    Allowed,
}

/// When E or F on the pilot is used to make a vehicle start over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// With AC at 5 %, where the standard has it.
    Ac,
    /// With DC too, which helps many vehicles.
    AcAndDc,
}

/// The state that makes a vehicle start over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartState {
    /// E, 0 V.
    #[default]
    E,
    /// F, -12 V.
    F,
}

impl RestartState {
    pub(super) const fn command(self) -> PilotCommand {
        match self {
            Self::E => PilotCommand::StateE,
            Self::F => PilotCommand::StateF,
        }
    }
}

/// What a vehicle that wants to be validated hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Its toggles are counted.
    #[default]
    Toggles,
    /// It is not required: there is one outlet only.
    NotRequired,
    /// It is not possible.
    Unsupported,
}

/// What is done with CM_START_ATTEN_CHAR.IND whose number or time is not what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignSounding {
    /// It is taken; the collection ends after our time all the same.
    Accept,
    /// It is ignored.
    Ignore,
}

/// When a charger reports what it heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporting {
    /// As soon as all sounds are there.
    Complete,
    /// At the end of the time for sounds.
    WholeTime,
}

/// What is done with CM_SLAC_MATCH.REQ of a vehicle whose CM_ATTEN_CHAR.RSP has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyMatch {
    /// It is answered: only the response can have been lost.
    Accept,
    /// It is ignored until the response to a repetition arrives.
    Ignore,
}

/// What follows the loss of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionLoss {
    /// Leave the network and make the vehicle start over by E or F.
    #[default]
    Restart,
    /// Leave the network, keep the pilot as it is and wait for the vehicle to start over.
    Wait,
}

/// Times of a charger; names of the standard in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvseTiming {
    /// Vehicle connected to its first message (TT_EVSE_SLAC_init), 20 to 50 s.
    pub init: Duration,
    /// Answer to the vehicle's next request (TT_match_sequence), 400 ms.
    pub sequence: Duration,
    /// CM_ATTEN_CHAR.IND to its response (TT_match_response), 200 ms.
    pub response: Duration,
    /// First CM_START_ATTEN_CHAR.IND to the end of the collection (TT_EVSE_match_MNBC), 600 ms.
    pub collection: Duration,
    /// Last profile to CM_ATTEN_CHAR.IND (TP_EVSE_avg_atten_calc), at most 100 ms.
    pub report_delay: Duration,
    /// Response to CM_VALIDATE.REQ or CM_SLAC_MATCH.REQ (TT_EVSE_match_session), 10 s.
    pub decision: Duration,
    /// CM_SLAC_MATCH.CNF to the link (TT_match_join), 12 s.
    pub join: Duration,
    /// Link to the word about it (TP_link_ready_notification), 0.2 to 1 s.
    pub link_notification: Duration,
    /// CM_AMP_MAP.REQ to its answer (TT_amp_map_exchange), 200 ms.
    pub amplitude_map: Duration,
    /// Longest time of counting toggles (TT_EVSE_vald_toggle), 3500 ms.
    pub toggles: Duration,
    /// How long the pilot must hold a state to count in a validation (T_vald_detect_time), at most 200 ms.
    pub debounce: Duration,
    /// How long E or F is held (T_step_EF), at least 4 s.
    pub step_ef: Duration,
    /// How long the oscillator is off (T_step_X1), at least 3 s.
    pub step_x1: Duration,
    /// End of a pause to the link (T_conn_resume), 6 s.
    pub resume: Duration,
}

/// Settings of a charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvseConfig<'a> {
    /// The own address, that of the interface to the modem.
    pub mac: MacAddr,
    /// What is charged.
    pub supply: Supply,
    /// Whether AC may go without digital communication.
    pub basic_charging: BasicCharging,
    /// When vehicles are made to start over.
    pub restart: Restart,
    /// How they are.
    pub restart_state: RestartState,
    /// How often they are (C_sequ_retry), 2.
    pub restarts: u8,
    /// Whether toggles are counted.
    pub validation: Validation,
    /// How vehicles shall sound.
    pub sounding: Sounding,
    /// What is done when they announce to sound otherwise.
    pub foreign_sounding: ForeignSounding,
    /// When it is reported what was heard of them.
    pub reporting: Reporting,
    /// What is done when they choose before they have responded.
    pub early_match: EarlyMatch,
    /// How the mean of profiles is rounded.
    pub rounding: Rounding,
    /// Added to each group, dB: compensates the receive path.
    pub offset: i8,
    /// Times that a message without an answer is repeated (C_EVSE_match_retry), 2.
    pub retries: u8,
    /// What follows the loss of a link.
    pub connection_loss: ConnectionLoss,
    /// How loud the vehicle may be, if that is to be told.
    pub amplitude_map: Option<AmplitudeMap<'a>>,
    /// The own modem.
    pub modem: ModemConfig,
    /// Times.
    pub timing: EvseTiming,
}

impl EvseTiming {
    /// The times of the standard.
    pub const STANDARD: Self = Self {
        init: Duration::from_secs(45),
        sequence: Duration::from_millis(400),
        response: Duration::from_millis(200),
        collection: Duration::from_millis(600),
        report_delay: Duration::from_millis(0),
        decision: Duration::from_secs(10),
        join: Duration::from_secs(12),
        link_notification: Duration::from_millis(200),
        amplitude_map: Duration::from_millis(200),
        toggles: Duration::from_millis(3500),
        debounce: Duration::from_millis(150),
        step_ef: Duration::from_secs(4),
        step_x1: Duration::from_secs(3),
        resume: Duration::from_secs(6),
    };
}

impl EvseConfig<'_> {
    /// DC, with the settings of a profile.
    pub const fn new(mac: MacAddr, profile: Profile) -> Self {
        let (restart, foreign_sounding, early_match) = match profile {
            Profile::Strict => (Restart::Ac, ForeignSounding::Ignore, EarlyMatch::Ignore),
            Profile::Lenient => (Restart::AcAndDc, ForeignSounding::Accept, EarlyMatch::Accept),
        };
        Self {
            mac,
            supply: Supply::Dc,
            basic_charging: BasicCharging::Forbidden,
            restart,
            restart_state: RestartState::E,
            restarts: 2,
            validation: Validation::Toggles,
            sounding: Sounding::STANDARD,
            foreign_sounding,
            reporting: Reporting::Complete,
            early_match,
            rounding: Rounding::Down,
            offset: 0,
            retries: 2,
            connection_loss: ConnectionLoss::Restart,
            amplitude_map: None,
            modem: ModemConfig::DEFAULT,
            timing: EvseTiming::STANDARD,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !self.mac.is_unicast() {
            return Err(ConfigError::Address);
        }
        let timing = &self.timing;
        check_time("TT_EVSE_SLAC_init", timing.init, (20_000, 50_000))?;
        check_time("TT_match_sequence", timing.sequence, (100, 1000))?;
        check_time("TT_match_response", timing.response, (100, 1000))?;
        check_time("TT_EVSE_match_MNBC", timing.collection, (300, 1000))?;
        check_time("TP_EVSE_avg_atten_calc", timing.report_delay, (0, 100))?;
        check_time("TT_EVSE_match_session", timing.decision, (1000, 20_000))?;
        check_time("TT_match_join", timing.join, (5000, 30_000))?;
        check_time("TP_link_ready_notification", timing.link_notification, (0, 1000))?;
        check_time("TT_amp_map_exchange", timing.amplitude_map, (100, 1000))?;
        check_time("TT_EVSE_vald_toggle", timing.toggles, (600, 3500))?;
        check_time("T_vald_detect_time", timing.debounce, (0, 200))?;
        check_time("T_step_EF", timing.step_ef, (4000, 20_000))?;
        check_time("T_step_X1", timing.step_x1, (3000, 20_000))?;
        check_time("T_conn_resume", timing.resume, (1000, 30_000))?;
        check_number("number of sounds", self.sounding.num_sounds.get(), (1, 20))?;
        check_number("C_EVSE_match_retry", self.retries, (0, 5))?;
        check_number("C_sequ_retry", self.restarts, (0, 10))?;
        self.modem.check()
    }
}
