//! Times, tolerances, and the points on which implementations of the standard differ.

use core::time::Duration;

use exi_codec::{Amperes, Volts, Watts};

use crate::message::MessageKind;

/// How exactly the standard is followed where deployed peers do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// To the letter.
    Strict,
    /// With the tolerances that deployed peers need. Nothing that protects people or hardware is relaxed.
    #[default]
    Lenient,
}

/// Sign of the discharge limits that are sent. Received ones are taken without their sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DischargeSign {
    /// Magnitudes, as implementers of the first edition send them.
    #[default]
    Positive,
    /// Negative numbers, as Amendment 1 has it.
    Negative,
}

/// Whether a vehicle must announce that pre-charge is finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreChargeEnd {
    /// It must.
    #[default]
    Announced,
    /// It may start power delivery as soon as the voltages match.
    VoltageMatches,
}

/// What the charger does with a pre-charge target beyond its own or the vehicle's highest voltage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreChargeTarget {
    /// It refuses.
    Refuse,
    /// It goes to the highest voltage that both have declared, and no further.
    #[default]
    Clamp,
}

/// Whether the vehicle's time for authorization runs while the customer is at the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustomerWait {
    /// `Ongoing_WaitingForCustomerInteraction` extends it to [`Timing::customer`].
    #[default]
    Extends,
    /// It runs on.
    Counts,
}

/// Unit of the time anchors that are sent. Received ones are told apart by their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnchorUnit {
    /// Seconds, as the header has them.
    #[default]
    Seconds,
    /// Microseconds, as some stacks read the standard.
    Microseconds,
}

/// What the charger says to a vehicle that pauses without an invitation and without a profile of 0 W.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UninvitedPause {
    /// `FAILED_PauseNotAllowed` [V2G20-1195].
    #[default]
    Refuse,
    /// It may.
    Allow,
}

/// What the charger says to a vehicle that does not confirm the tolerance of the schedule it selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToleranceRefusal {
    /// `WARNING_PowerToleranceNotConfirmed`: power is not delivered, the vehicle may choose again.
    #[default]
    Warn,
    /// `FAILED_PowerToleranceNotConfirmed`.
    Fail,
}

/// Times of the session, each named after what it limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Vehicle and charger: connection to session.
    pub communication_setup: Duration,
    /// Vehicle: request to response, unless one of the next two applies.
    pub message: Duration,
    /// Vehicle: request to response of `ServiceDetail` and `CertificateInstallation`.
    pub slow_message: Duration,
    /// Vehicle: request to response in the charge loop.
    pub loop_message: Duration,
    /// Vehicle: first `Ongoing` to `Finished`.
    pub ongoing: Duration,
    /// Vehicle: first cable check to its end. Charger: isolation test to its result, two seconds less.
    pub cable_check: Duration,
    /// Vehicle and charger: first pre-charge to its end.
    pub pre_charge: Duration,
    /// Vehicle: first welding detection to its end.
    pub welding: Duration,
    /// Vehicle: pause before an unfinished request is repeated.
    pub repeat_pause: Duration,
    /// Vehicle: pause between two rounds of the charge loop.
    pub loop_pause: Duration,
    /// Charger: response to the next request.
    pub sequence: Duration,
    /// Charger: response of the charge loop to the next request.
    pub loop_sequence: Duration,
    /// Charger: request for authorization to the host's decision.
    pub authorization: Duration,
    /// Vehicle: first `Ongoing_WaitingForCustomerInteraction` to the customer's act. Charger: the same, two seconds
    /// less.
    pub customer: Duration,
    /// Both: command to a contactor or a converter to its confirmation.
    pub actuation: Duration,
    /// Charger: start of power delivery to state C or D of the control pilot [V2G20-847], where the host reports it.
    pub pilot: Duration,
    /// Charger: last response to the end of the connection.
    pub linger: Duration,
    /// Charger: request to the response that the host may supply, unless the next applies. Then the charger answers
    /// by itself, or that it is not finished.
    pub respond: Duration,
    /// Charger: the same for `CertificateInstallation`.
    pub slow_respond: Duration,
    /// Both: question to the holder of keys and certificates to its answer. Then the answer is no.
    pub security: Duration,
    /// Charger: seconds that a vehicle has to follow a notification, unless the host says otherwise.
    pub notification: Duration,
    /// Charger: positioning, pairing, alignment, or a move of the connection device to its result.
    pub positioning: Duration,
}

impl Timing {
    /// The times of a profile.
    ///
    /// Lenient: two seconds instead of half a second on either side of the charge loop, because deployed peers
    /// pace it at half a second; a second instead of a quarter for the control pilot.
    pub const fn new(profile: Profile) -> Self {
        let loop_time = match profile {
            Profile::Strict => Duration::from_millis(500),
            Profile::Lenient => Duration::from_secs(2),
        };
        Self {
            communication_setup: Duration::from_secs(20),
            message: Duration::from_secs(2),
            slow_message: Duration::from_secs(5),
            loop_message: loop_time,
            ongoing: Duration::from_mins(1),
            cable_check: Duration::from_secs(40),
            pre_charge: Duration::from_secs(10),
            welding: Duration::from_mins(1),
            repeat_pause: Duration::from_millis(100),
            loop_pause: Duration::from_millis(100),
            sequence: Duration::from_mins(1),
            loop_sequence: loop_time,
            authorization: Duration::from_secs(55),
            customer: Duration::from_mins(3),
            actuation: Duration::from_millis(1400),
            pilot: match profile {
                Profile::Strict => Duration::from_millis(250),
                Profile::Lenient => Duration::from_secs(1),
            },
            linger: Duration::from_secs(5),
            respond: Duration::from_secs(1),
            slow_respond: Duration::from_secs(4),
            security: Duration::from_secs(10),
            notification: Duration::from_mins(1),
            positioning: Duration::from_mins(1),
        }
    }

    /// How long the charger waits for the next request after answering `request` while power may flow.
    ///
    /// The short time begins with the first response of the loop: after the start of power delivery the vehicle
    /// may still have contactors to close.
    pub(crate) fn sequence_after(&self, request: MessageKind) -> Duration {
        use MessageKind as K;
        if matches!(request, K::DcChargeLoopReq | K::AcChargeLoopReq | K::WptChargeLoopReq) {
            self.loop_sequence
        } else {
            self.sequence
        }
    }

    /// What the charger makes of a time of the vehicle's: it gives up two seconds earlier, to have the last word.
    pub(crate) fn before(of_vehicle: Duration) -> Duration {
        of_vehicle.saturating_sub(Duration::from_secs(2))
    }

    /// How long the vehicle repeats `request`.
    pub(crate) fn ongoing_of(&self, request: MessageKind) -> Duration {
        use MessageKind as K;
        match request {
            K::DcCableCheckReq => self.cable_check,
            K::DcPreChargeReq => self.pre_charge,
            K::DcWeldingDetectionReq => self.welding,
            _ => self.ongoing,
        }
    }

    /// How long the vehicle waits for the response to `request`.
    pub(crate) fn response_to(&self, request: MessageKind) -> Duration {
        use MessageKind as K;
        match request {
            K::ServiceDetailReq | K::CertificateInstallationReq => self.slow_message,
            K::DcChargeLoopReq | K::AcChargeLoopReq | K::WptChargeLoopReq => self.loop_message,
            _ => self.message,
        }
    }
}

/// All settings of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Times.
    pub timing: Timing,
    /// Sign of sent discharge limits.
    pub discharge_sign: DischargeSign,
    /// End of pre-charge.
    pub pre_charge_end: PreChargeEnd,
    /// Target of pre-charge.
    pub pre_charge_target: PreChargeTarget,
    /// Time for authorization.
    pub customer_wait: CustomerWait,
    /// Unit of sent time anchors.
    pub anchor_unit: AnchorUnit,
    /// Pauses that the charger did not ask for.
    pub uninvited_pause: UninvitedPause,
    /// Tolerances that the vehicle does not confirm.
    pub tolerance_refusal: ToleranceRefusal,
    /// How many rounds of the loop beyond the schedule are warned of before one is refused [V2G20-1864].
    pub profile_violations: u8,
    /// Power by which a vehicle may be above its schedule without a word, W.
    pub profile_margin: Watts,
    /// Power below which AC contactors may open, W.
    pub open_power: Watts,
    /// Largest difference of voltages at which contactors may close, V.
    pub voltage_tolerance: Volts,
    /// Current below which contactors may open, A.
    pub open_current: Amperes,
    /// Voltage below which an outlet counts as dead, V.
    pub safe_voltage: Volts,
}

impl Settings {
    /// The settings of a profile.
    pub const fn new(profile: Profile) -> Self {
        Self {
            timing: Timing::new(profile),
            discharge_sign: DischargeSign::Positive,
            pre_charge_end: match profile {
                Profile::Strict => PreChargeEnd::Announced,
                Profile::Lenient => PreChargeEnd::VoltageMatches,
            },
            pre_charge_target: match profile {
                Profile::Strict => PreChargeTarget::Refuse,
                Profile::Lenient => PreChargeTarget::Clamp,
            },
            customer_wait: match profile {
                Profile::Strict => CustomerWait::Counts,
                Profile::Lenient => CustomerWait::Extends,
            },
            anchor_unit: AnchorUnit::Seconds,
            uninvited_pause: match profile {
                Profile::Strict => UninvitedPause::Refuse,
                Profile::Lenient => UninvitedPause::Allow,
            },
            tolerance_refusal: ToleranceRefusal::Warn,
            profile_violations: match profile {
                Profile::Strict => 10,
                Profile::Lenient => 60,
            },
            profile_margin: Watts::new(500, 0),
            open_power: Watts::new(100, 0),
            voltage_tolerance: Volts::new(20, 0),
            open_current: Amperes::new(1, 0),
            safe_voltage: Volts::new(60, 0),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(Profile::default())
    }
}

/// What lies below V2GTP. Only the host knows; ISO 15118-20 is not spoken without protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS 1.3 with mutual authentication [V2G20-2356].
    Secured,
    /// Plain TCP, or TLS below 1.3: the charger agrees to nothing, the vehicle offers nothing.
    Plain,
    /// Plain TCP in a laboratory, on purpose. Anyone on the link can read and forge everything.
    InsecureLab,
}
