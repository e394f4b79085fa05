//! What engines are told once.

use core::time::Duration;

use iso15118_20::service::{
    BptChannel, BptParameters, ControlMode, Fee, GeneratorMode, IslandingDetection, MobilityNeeds,
    Parameters, Pricing, Service,
};
use iso15118_20::{
    AnchorUnit, CustomerWait, DischargeSign, PreChargeEnd, PreChargeTarget, Profile, Settings, Timing,
    ToleranceRefusal, UninvitedPause,
};

use crate::border::{Outcome, read, versioned};
use crate::number::v2g_number;
use crate::status::V2G_E_VALUE;

/// Service: AC, charging only.
pub const V2G_SERVICE_AC: u16 = 1;
/// Service: DC, charging only.
pub const V2G_SERVICE_DC: u16 = 2;
/// Service: wireless power transfer.
pub const V2G_SERVICE_WPT: u16 = 3;
/// Service: DC over an automated connection device, charging only.
pub const V2G_SERVICE_DC_ACDP: u16 = 4;
/// Service: AC, both directions.
pub const V2G_SERVICE_AC_BPT: u16 = 5;
/// Service: DC, both directions.
pub const V2G_SERVICE_DC_BPT: u16 = 6;
/// Service: DC over an automated connection device, both directions.
pub const V2G_SERVICE_DC_ACDP_BPT: u16 = 7;
/// Service: megawatt charging, charging only.
pub const V2G_SERVICE_MCS: u16 = 8;
/// Service: megawatt charging, both directions.
pub const V2G_SERVICE_MCS_BPT: u16 = 9;

/// Control mode: the vehicle plans, within schedules of the charger.
pub const V2G_CONTROL_SCHEDULED: u8 = 1;
/// Control mode: the charger plans, from the mobility needs of the vehicle.
pub const V2G_CONTROL_DYNAMIC: u8 = 2;

/// Mobility needs: settled by the vehicle.
pub const V2G_MOBILITY_VEHICLE: u8 = 1;
/// Mobility needs: settled by the vehicle or the charger; with dynamic control only.
pub const V2G_MOBILITY_VEHICLE_OR_CHARGER: u8 = 2;

/// Pricing: none.
pub const V2G_PRICING_NONE: u8 = 0;
/// Pricing: absolute prices.
pub const V2G_PRICING_ABSOLUTE: u8 = 1;
/// Pricing: price levels.
pub const V2G_PRICING_LEVELS: u8 = 2;

/// One parameter set of an energy transfer service. Zero stands for the usual value, where one is named.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct v2g_parameters {
    /// `ParameterSetID`, unique within the service.
    pub id: u16,
    /// `V2G_CONTROL_*`; has to be said.
    pub control_mode: u8,
    /// `V2G_MOBILITY_*`; 0: the vehicle's.
    pub mobility_needs: u8,
    /// `V2G_PRICING_*`.
    pub pricing: u8,
    /// AC: 1 single phase, 2 or 3 three phases. DC: 1 Core, 2 Extended, 3 Dual2, 4 Dual4. MCS: 1 MCS, 2 ChaoJi. 0: 2.
    pub connector: u8,
    /// Nominal voltage, phase to neutral, V, at most 500; AC only. 0: 230.
    pub nominal_voltage: u16,
    /// Where energy leaves the vehicle: 1 where it enters, 2 through contacts of its own. 0: 1.
    pub bpt_channel: u8,
    /// 1: grid-following, 2: grid-forming. 0: 1.
    pub generator_mode: u8,
    /// Detection of islands: 1 active, 2 passive; AC only. 0: 1.
    pub islanding_detection: u8,
    /// Zero.
    pub reserved: u8,
}

/// A service that a charger offers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_offer {
    /// `V2G_SERVICE_*`.
    pub service: u16,
    /// 0: free. 1: paid for.
    pub paid: u8,
    /// Parameter sets, 1 to 4.
    pub set_count: u8,
    /// Zero.
    pub reserved: u32,
    /// The parameter sets; read while the engine is made, not kept.
    pub sets: *const v2g_parameters,
}

/// Profile: with the tolerances that deployed peers need. Nothing that protects people or hardware is relaxed.
pub const V2G_PROFILE_LENIENT: u32 = 0;
/// Profile: to the letter.
pub const V2G_PROFILE_STRICT: u32 = 1;

/// Times, tolerances, and the points on which implementations of the standard differ. Every field may be zero (or none): then
/// the value of the profile holds. Times are milliseconds; who they bind stands in front.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_settings {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_PROFILE_*`.
    pub profile: u32,
    /// Both: connection to session.
    pub communication_setup_ms: u32,
    /// Vehicle: request to response.
    pub message_ms: u32,
    /// Vehicle: the same for `ServiceDetail` and `CertificateInstallation`.
    pub slow_message_ms: u32,
    /// Vehicle: the same in the charge loop.
    pub loop_message_ms: u32,
    /// Vehicle: first `Ongoing` to `Finished`.
    pub ongoing_ms: u32,
    /// Both: cable check; the charger's isolation test takes two seconds less.
    pub cable_check_ms: u32,
    /// Both: pre-charge.
    pub pre_charge_ms: u32,
    /// Vehicle: welding detection.
    pub welding_ms: u32,
    /// Vehicle: pause before an unfinished request is repeated.
    pub repeat_pause_ms: u32,
    /// Vehicle: pause between two rounds of the charge loop.
    pub loop_pause_ms: u32,
    /// Charger: response to the next request.
    pub sequence_ms: u32,
    /// Charger: the same in the charge loop.
    pub loop_sequence_ms: u32,
    /// Charger: question for authorization to its answer.
    pub authorization_ms: u32,
    /// Both: time for a customer to act.
    pub customer_ms: u32,
    /// Both: command to a contactor or a converter to its confirmation.
    pub actuation_ms: u32,
    /// Charger: last response to the end of the connection.
    pub linger_ms: u32,
    /// Charger: request to a response that the host may supply.
    pub respond_ms: u32,
    /// Charger: the same for `CertificateInstallation`.
    pub slow_respond_ms: u32,
    /// Both: question to the holder of keys and certificates to its answer.
    pub security_ms: u32,
    /// Charger: time that a vehicle has to follow a notification, unless it is said otherwise.
    pub notification_ms: u32,
    /// Charger: positioning, pairing, alignment, or a move of the connection device.
    pub positioning_ms: u32,
    /// Sign of discharge limits that are sent: 1 positive, 2 negative.
    pub discharge_sign: u8,
    /// End of pre-charge: 1 announced, 2 as soon as the voltages match.
    pub pre_charge_end: u8,
    /// Pre-charge beyond the limits: 1 refused, 2 clamped.
    pub pre_charge_target: u8,
    /// Time for a customer: 1 extends the vehicle's, 2 counts.
    pub customer_wait: u8,
    /// Unit of time anchors that are sent: 1 seconds, 2 microseconds.
    pub anchor_unit: u8,
    /// Pause without an invitation: 1 refused, 2 allowed.
    pub uninvited_pause: u8,
    /// Tolerance that the vehicle does not confirm: 1 a warning, 2 the end.
    pub tolerance_refusal: u8,
    /// Rounds beyond the schedule that are warned of before one is refused.
    pub profile_violations: u8,
    /// Power by which a vehicle may be above its schedule without a word, W.
    pub profile_margin: v2g_number,
    /// Power below which AC contactors may open, W.
    pub open_power: v2g_number,
    /// Largest difference of voltages at which contactors may close, V.
    pub voltage_tolerance: v2g_number,
    /// Current below which contactors may open, A.
    pub open_current: v2g_number,
    /// Voltage below which an outlet counts as dead, V.
    pub safe_voltage: v2g_number,
}

versioned! { v2g_settings 120; }

/// A choice that zero leaves to the profile.
fn choice<T: Copy>(place: &mut T, number: u8, choices: [T; 2]) -> Outcome {
    let [first, second] = choices;
    match number {
        0 => {}
        1 => *place = first,
        2 => *place = second,
        _ => return Err(V2G_E_VALUE),
    }
    Ok(())
}

/// A fixed set of numbers, of which zero stands for one.
pub(crate) fn numbered<T>(number: u8, usual: i32, from: impl Fn(i32) -> Option<T>) -> Outcome<T> {
    from(if number == 0 { usual } else { i32::from(number) }).ok_or(V2G_E_VALUE)
}

/// The settings behind a pointer, or those of the lenient profile if there is none.
///
/// # Safety
/// The pointer is null, or settings are behind it.
pub(crate) unsafe fn settings(pointer: *const v2g_settings) -> Outcome<Settings> {
    if pointer.is_null() {
        return Ok(Settings::new(Profile::Lenient));
    }
    // SAFETY: promised by the caller.
    let given = unsafe { read(pointer) }?;
    let mut settings = Settings::new(match given.profile {
        V2G_PROFILE_LENIENT => Profile::Lenient,
        V2G_PROFILE_STRICT => Profile::Strict,
        _ => return Err(V2G_E_VALUE),
    });
    timing(&mut settings.timing, &given);
    choice(
        &mut settings.discharge_sign,
        given.discharge_sign,
        [DischargeSign::Positive, DischargeSign::Negative],
    )?;
    choice(
        &mut settings.pre_charge_end,
        given.pre_charge_end,
        [PreChargeEnd::Announced, PreChargeEnd::VoltageMatches],
    )?;
    choice(
        &mut settings.pre_charge_target,
        given.pre_charge_target,
        [PreChargeTarget::Refuse, PreChargeTarget::Clamp],
    )?;
    choice(&mut settings.customer_wait, given.customer_wait, [CustomerWait::Extends, CustomerWait::Counts])?;
    choice(&mut settings.anchor_unit, given.anchor_unit, [AnchorUnit::Seconds, AnchorUnit::Microseconds])?;
    choice(
        &mut settings.uninvited_pause,
        given.uninvited_pause,
        [UninvitedPause::Refuse, UninvitedPause::Allow],
    )?;
    choice(
        &mut settings.tolerance_refusal,
        given.tolerance_refusal,
        [ToleranceRefusal::Warn, ToleranceRefusal::Fail],
    )?;
    if given.profile_violations != 0 {
        settings.profile_violations = given.profile_violations;
    }
    if let Some(power) = given.profile_margin.maybe() {
        settings.profile_margin = power;
    }
    if let Some(power) = given.open_power.maybe() {
        settings.open_power = power;
    }
    if let Some(voltage) = given.voltage_tolerance.maybe() {
        settings.voltage_tolerance = voltage;
    }
    if let Some(current) = given.open_current.maybe() {
        settings.open_current = current;
    }
    if let Some(voltage) = given.safe_voltage.maybe() {
        settings.safe_voltage = voltage;
    }
    Ok(settings)
}

fn timing(timing: &mut Timing, given: &v2g_settings) {
    for (place, milliseconds) in [
        (&mut timing.communication_setup, given.communication_setup_ms),
        (&mut timing.message, given.message_ms),
        (&mut timing.slow_message, given.slow_message_ms),
        (&mut timing.loop_message, given.loop_message_ms),
        (&mut timing.ongoing, given.ongoing_ms),
        (&mut timing.cable_check, given.cable_check_ms),
        (&mut timing.pre_charge, given.pre_charge_ms),
        (&mut timing.welding, given.welding_ms),
        (&mut timing.repeat_pause, given.repeat_pause_ms),
        (&mut timing.loop_pause, given.loop_pause_ms),
        (&mut timing.sequence, given.sequence_ms),
        (&mut timing.loop_sequence, given.loop_sequence_ms),
        (&mut timing.authorization, given.authorization_ms),
        (&mut timing.customer, given.customer_ms),
        (&mut timing.actuation, given.actuation_ms),
        (&mut timing.linger, given.linger_ms),
        (&mut timing.respond, given.respond_ms),
        (&mut timing.slow_respond, given.slow_respond_ms),
        (&mut timing.security, given.security_ms),
        (&mut timing.notification, given.notification_ms),
        (&mut timing.positioning, given.positioning_ms),
    ] {
        if milliseconds != 0 {
            *place = Duration::from_millis(u64::from(milliseconds));
        }
    }
}

pub(crate) fn service(number: u16) -> Outcome<Service> {
    Service::from_number(number).ok_or(V2G_E_VALUE)
}

pub(crate) const fn fee(paid: u8) -> Fee {
    if paid == 0 { Fee::Free } else { Fee::Paid }
}

impl v2g_parameters {
    pub(crate) fn get(self) -> Outcome<Parameters> {
        if self.reserved != 0 {
            return Err(V2G_E_VALUE);
        }
        Ok(Parameters {
            id: self.id,
            connector: if self.connector == 0 { 2 } else { i32::from(self.connector) },
            control_mode: ControlMode::from_number(i32::from(self.control_mode)).ok_or(V2G_E_VALUE)?,
            mobility_needs: numbered(self.mobility_needs, 1, MobilityNeeds::from_number)?,
            pricing: numbered(self.pricing, 0, Pricing::from_number)?,
            nominal_voltage: if self.nominal_voltage == 0 { 230 } else { self.nominal_voltage },
            bpt: BptParameters {
                channel: numbered(self.bpt_channel, 1, BptChannel::from_number)?,
                generator: numbered(self.generator_mode, 1, GeneratorMode::from_number)?,
                islanding: numbered(self.islanding_detection, 1, IslandingDetection::from_number)?,
            },
        })
    }
}

impl From<Parameters> for v2g_parameters {
    fn from(set: Parameters) -> Self {
        Self {
            id: set.id,
            control_mode: set.control_mode.number() as u8,
            mobility_needs: set.mobility_needs.number() as u8,
            pricing: set.pricing.number() as u8,
            connector: u8::try_from(set.connector).unwrap_or(0),
            nominal_voltage: set.nominal_voltage,
            bpt_channel: set.bpt.channel.number() as u8,
            generator_mode: set.bpt.generator.number() as u8,
            islanding_detection: set.bpt.islanding.number() as u8,
            reserved: 0,
        }
    }
}
