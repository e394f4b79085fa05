//! The host of a vehicle.

use exi_codec::iso20::acdp::{ElectricalChargingDeviceStatus, EvTechnicalStatus};
use exi_codec::iso20::wpt::WptEvpcChargeDiagnostics;
use exi_codec::{Amperes, Volts};
use iso15118_20::evcc::{
    CheckIn, Demand, DischargePermit, EvccEvent, InstallationVerdict, Mobility, Needs, WptDemand, WptResult,
};
use iso15118_20::service::ControlMode;
use iso15118_20::{AcMeasurement, Contactor, Measurement};

use super::duo::SERVICES;
use super::random::Random;
use super::station_host::Temper;
use super::vehicle::Word;

/// Voltage of the battery, V.
pub const BATTERY: i16 = 380;

/// What the host of a vehicle says to an event, if it says anything.
pub fn reaction(event: &EvccEvent, temper: Temper, random: &mut Random) -> Option<Word> {
    use EvccEvent as E;
    let no = random.percent(temper.contrary);
    let result = if no { WptResult::Failed } else { WptResult::Success };
    Some(match event {
        E::SignAuthorization { .. } | E::SignInstallation { .. } | E::SignMetering { .. } => Word::Sign,
        E::InstallationReceived { .. } => {
            Word::Installed(if no { InstallationVerdict::Refused } else { InstallationVerdict::Accepted })
        }
        E::CloseContactor { .. } => Word::Contactor(if no { random.contactor() } else { Contactor::Closed }),
        E::OpenContactor { .. } | E::PowerOff => {
            Word::Contactor(if no { random.contactor() } else { Contactor::Open })
        }
        E::Position { .. } => Word::Positioned(result),
        E::Pair { .. } => Word::Paired(result),
        E::Align { .. } => Word::Aligned(result),
        E::AcdpPosition(_) => Word::Mobility(Mobility::Immobilized),
        E::ParkingGuide(_) => Word::CheckedIn,
        _ => return None,
    })
}

pub fn demand(random: &mut Random) -> Demand {
    Demand { battery: Volts::new(BATTERY, 0), voltage: Volts::new(420, 0), current: random.whole(-60, 120) }
}

pub fn needs(random: &mut Random) -> Needs {
    let band = (random.energy(), random.energy());
    Needs {
        departure_time: random.below(9999) as u32,
        target_energy: random.energy(),
        max_energy: random.energy(),
        min_energy: random.energy(),
        v2x_energy: random.maybe(30, |_| band),
        present_soc: random.maybe(60, Random::soc),
        minimum_soc: random.maybe(50, Random::soc),
        target_soc: random.maybe(50, Random::soc),
        charging_complete: random.percent(5),
        capacity: random.maybe(50, |r| r.kilo(90)),
        ..Needs::default()
    }
}

pub fn wpt_demand(random: &mut Random) -> WptDemand {
    WptDemand {
        power: random.kilo(15),
        diagnostics: if random.percent(90) {
            WptEvpcChargeDiagnostics::EvpcNoIssue
        } else {
            random.pick(WptEvpcChargeDiagnostics::ALL)
        },
        ..WptDemand::default()
    }
}

/// Something that a vehicle's host may well say in a session.
pub fn likely(random: &mut Random) -> Word {
    match random.below(19) {
        0 => Word::Stop,
        1 => Word::Pause,
        2 => Word::Standby,
        3 | 4 => Word::ExitStandby,
        5 => Word::RenegotiateService,
        6 | 7 => Word::RenegotiateSchedule,
        8 => Word::Demand(demand(random)),
        9 => Word::AcDemand(random.phases(|r| r.whole(-9000, 9000))),
        10 => Word::WptDemand(wpt_demand(random)),
        11 | 12 => Word::Needs(needs(random)),
        13 | 14 => Word::Permit(random.pick(&[DischargePermit::Allowed, DischargePermit::Forbidden])),
        15 => Word::CheckIn(CheckIn { travel: random.maybe(50, |r| r.next() as i16), ..CheckIn::default() }),
        16 => Word::CheckOut(random.next()),
        17 => {
            Word::Wishes(random.pick(&SERVICES), random.pick(&[ControlMode::Scheduled, ControlMode::Dynamic]))
        }
        _ => Word::Electrical(ElectricalChargingDeviceStatus::StateC),
    }
}

/// Anything that the interface lets a host say.
pub fn anything(random: &mut Random) -> Word {
    let result = random.pick(&[WptResult::Success, WptResult::Failed]);
    match random.below(23) {
        0 => Word::Emergency,
        1 => Word::Contactor(random.contactor()),
        2 => {
            Word::Measure(Measurement { voltage: random.whole(-50, 1000), current: random.whole(-300, 300) })
        }
        3 => Word::Measure(Measurement { voltage: random.extreme(), current: random.extreme() }),
        4 => Word::MeasureAc(AcMeasurement {
            active: random.phases(Random::extreme),
            ..AcMeasurement::default()
        }),
        5 => Word::Limits(random.dc_limits()),
        6 => Word::AcLimits(random.ac_limits()),
        7 => Word::WptLimits(random.wpt_limits()),
        8 => {
            let mut limits = random.dc_limits();
            limits.charge.max_power = random.extreme();
            limits.charge.max_current = random.extreme();
            Word::Limits(limits)
        }
        9 => Word::Demand(Demand {
            battery: random.extreme(),
            voltage: random.extreme(),
            current: random.extreme(),
        }),
        10 => Word::AcDemand(random.phases(Random::extreme)),
        11 => Word::Sign,
        12 => Word::Installed(random.pick(&[InstallationVerdict::Accepted, InstallationVerdict::Refused])),
        13 => Word::Positioned(result),
        14 => Word::Paired(result),
        15 => Word::Aligned(result),
        16 => Word::Mobility(Mobility::Mobile),
        17 => Word::Technical(EvTechnicalStatus { ev_ready_to_charge: true, ..EvTechnicalStatus::default() }),
        18 => Word::CheckedIn,
        19 => Word::ForgetPaused,
        20 => {
            let mut all = needs(random);
            all.min_energy = random.extreme();
            all.target_energy = random.extreme();
            Word::Needs(all)
        }
        21 if random.percent(20) => Word::Disconnect,
        _ => likely(random),
    }
}

/// Nothing flows over a cable that carries nothing.
pub const DEAD: Measurement = Measurement { voltage: Volts::ZERO, current: Amperes::ZERO };
