//! The host of a charger: prompt, late, silent or contrary, as the session has it.

use std::time::Duration;

use exi_codec::iso20::acdp::MechanicalChargingDeviceStatus as Place;
use exi_codec::iso20::common_types::EvseNotification as N;
use exi_codec::iso20::wpt::WptSpcChargeDiagnostics;
use exi_codec::{Amperes, RationalNumber, Volts};
use iso15118_20::secc::{
    AcdpStatus, AuthorizationDecision, InstallationFault, Isolation, Meter, MeteringVerdict, Mobility,
    PadMeasurement, ParkingSpot, PilotState, Positioning, Release, SeccEvent, Stop, VehiclePosition,
};
use iso15118_20::security::{ContractFault, ContractVerdict};
use iso15118_20::{AcMeasurement, AcOutput, Contactor, Measurement};

use super::random::Random;
use super::station::Word;

/// How a host behaves, in percent.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    pub late: u64,
    pub silent: u64,
    pub contrary: u64,
}

impl Temper {
    pub fn of(random: &mut Random) -> Self {
        match random.below(4) {
            0 | 1 => Self { late: 5, silent: 0, contrary: 0 },
            2 => Self { late: 20, silent: 1, contrary: 3 },
            _ => Self { late: 30, silent: 6, contrary: 12 },
        }
    }

    /// How long the host takes; none if it never answers.
    pub fn delay(self, random: &mut Random) -> Option<Duration> {
        if random.percent(self.silent) {
            None
        } else if random.percent(self.late) {
            let most = random.pick(&[900, 900, 3000, 12_000]);
            Some(random.millis(200, most))
        } else {
            Some(random.millis(0, 200))
        }
    }
}

/// What the host of a charger says to an event, if it says anything.
pub fn reaction(event: &SeccEvent, temper: Temper, random: &mut Random) -> Option<Word> {
    use SeccEvent as E;
    let no = random.percent(temper.contrary);
    let done = if no { Positioning::Failed } else { Positioning::Done };
    Some(match event {
        E::AuthorizationWanted { .. } if no => Word::Authorize(
            random.pick(&[AuthorizationDecision::Rejected, AuthorizationDecision::WaitingForCustomer]),
        ),
        E::AuthorizationWanted { .. } => Word::Authorize(AuthorizationDecision::Accepted),
        E::ContractWanted { .. } => Word::Contract(if no { verdict(random) } else { ContractVerdict::Valid }),
        E::InstallationWanted { .. } if no => Word::RefuseInstallation(fault(random)),
        E::InstallationWanted { .. } | E::InstallationOpen => Word::AnswerInstallation(random.below(3) as u8),
        E::ScheduleWanted { .. } if no => Word::DeferSchedule,
        E::ScheduleWanted { .. } | E::ScheduleOpen(_) => Word::AnswerSchedule(random.next()),
        E::IsolationTest { .. } => Word::Isolation(if no { Isolation::Fault } else { Isolation::Valid }),
        E::CloseContactor { .. } => Word::Contactor(if no { random.contactor() } else { Contactor::Closed }),
        E::OpenContactor | E::PowerOff => {
            Word::Contactor(if no { random.contactor() } else { Contactor::Open })
        }
        E::FinePositioning { .. } => Word::Positioning(done),
        E::Pairing { .. } => Word::Pairing(done),
        E::AlignmentCheck { .. } => Word::Alignment(done),
        E::VehiclePositioning { .. } => {
            Word::Position(VehiclePosition { reached: !no, x: 5, y: -5, ..VehiclePosition::default() })
        }
        E::ConnectDevice { .. } => Word::Device(if no { Place::Moving } else { Place::EndPosition }),
        E::DisconnectDevice { .. } => Word::Device(if no { Place::Moving } else { Place::Home }),
        E::MeteringConfirmed { .. } => {
            Word::Metering(if no { MeteringVerdict::Invalid } else { MeteringVerdict::Valid })
        }
        E::CheckOut(_) => Word::Release(Release::Completed),
        _ => return None,
    })
}

fn verdict(random: &mut Random) -> ContractVerdict {
    random.pick(&[
        ContractVerdict::Valid,
        ContractVerdict::ExpiresSoon,
        ContractVerdict::BadSignature,
        ContractVerdict::Refused(ContractFault::Expired),
        ContractVerdict::Refused(ContractFault::General),
    ])
}

fn fault(random: &mut Random) -> InstallationFault {
    random.pick(&[
        InstallationFault::NoCertificate,
        InstallationFault::NoContract,
        InstallationFault::Revoked,
        InstallationFault::BadSignature,
    ])
}

const PILOTS: [PilotState; 6] =
    [PilotState::A, PilotState::B, PilotState::C, PilotState::D, PilotState::E, PilotState::F];

const NOTIFICATIONS: [N; 6] = [
    N::Pause,
    N::ExitStandby,
    N::Terminate,
    N::ScheduleRenegotiation,
    N::ServiceRenegotiation,
    N::MeteringConfirmation,
];

/// Something that a charger's host may well say in a session.
pub fn likely(random: &mut Random, unix: u64) -> Word {
    match random.below(22) {
        0..=2 => Word::Notify(random.pick(&NOTIFICATIONS), random.below(20) as u16),
        3 => Word::Notify(N::MeteringConfirmation, 10),
        4 => Word::Notify(N::ScheduleRenegotiation, 30),
        5 => Word::Limits(random.dc_limits()),
        6 => Word::AcLimits(random.ac_limits()),
        7 => Word::Pad(random.pad()),
        8 | 9 => Word::Permit(random.permit()),
        10..=12 => Word::Dispatch(random.power()),
        13 => Word::Ramp(random.maybe(70, |r| r.whole(0, 5000))),
        14 => Word::Schedule(random.maybe(80, |r| r.schedule(unix)), random.maybe(60, |r| r.schedule(unix))),
        15 => {
            Word::Meter(Meter { charged: random.below(99_999), discharged: random.maybe(50, Random::next) })
        }
        16 => Word::Costs(RationalNumber::new(random.next() as i16, -2)),
        17 => Word::Mobility(Mobility {
            departure_time: random.maybe(50, |r| r.next() as u32),
            minimum_soc: random.maybe(50, Random::soc),
            target_soc: random.maybe(50, Random::soc),
        }),
        18 => Word::AcDispatch(AcOutput {
            active: random.phases(|r| r.whole(-9000, 9000)),
            reactive: random.maybe(30, |r| r.phases(|r| r.whole(-900, 900))),
            frequency: None,
        }),
        19 => Word::Spot(ParkingSpot {
            space: Some(4),
            device: None,
            distance: random.maybe(50, |r| r.next() as i16),
        }),
        20 => Word::KeepSchedule,
        _ => Word::Isolation(Isolation::Valid),
    }
}

/// Anything that the interface lets a host say.
pub fn anything(random: &mut Random, unix: u64) -> Word {
    let result = random.pick(&[Positioning::Done, Positioning::Failed]);
    match random.below(37) {
        0 => Word::Authorize(random.pick(&[
            AuthorizationDecision::Accepted,
            AuthorizationDecision::Rejected,
            AuthorizationDecision::WaitingForCustomer,
        ])),
        1 => Word::Contract(verdict(random)),
        2 => Word::AnswerInstallation(random.next() as u8),
        3 => Word::RefuseInstallation(fault(random)),
        4 => Word::Isolation(random.pick(&[Isolation::Valid, Isolation::Valid, Isolation::Fault])),
        5 => Word::Contactor(random.contactor()),
        6 => {
            Word::Measure(Measurement { voltage: random.whole(-50, 1000), current: random.whole(-300, 300) })
        }
        7 => Word::Measure(Measurement { voltage: random.extreme(), current: random.extreme() }),
        8 => Word::MeasureAc(AcMeasurement {
            active: random.phases(|r| if r.percent(20) { r.extreme() } else { r.whole(-9000, 9000) }),
            ..AcMeasurement::default()
        }),
        9 => Word::Diagnostics(random.pick(WptSpcChargeDiagnostics::ALL)),
        10 => {
            let mut limits = random.dc_limits();
            limits.charge.max_power = random.extreme();
            limits.charge.max_current = random.extreme();
            limits.max_voltage = random.pick(&[Volts::new(500, 0), Volts::new(i16::MAX, 120)]);
            limits.charge.min_current = Amperes::new(-1, 0);
            Word::Limits(limits)
        }
        11 => {
            let mut limits = random.ac_limits();
            limits.max_charge = random.phases(Random::extreme);
            Word::AcLimits(limits)
        }
        12 => {
            let mut permit = random.permit();
            permit.charge = random.extreme();
            permit.discharge = random.extreme();
            Word::Permit(permit)
        }
        13 => Word::Dispatch(random.extreme()),
        14 => Word::Ramp(Some(random.extreme())),
        15 => Word::AnswerSchedule(random.next()),
        16 => Word::DeferSchedule,
        17 => Word::Stop(Stop::Notify { max_delay: random.below(30) as u16 }),
        18 => Word::Stop(Stop::Emergency),
        19 => Word::Islanded,
        20 => Word::Notify(random.pick(&NOTIFICATIONS), random.next() as u16),
        21 => Word::Positioning(result),
        22 => Word::Pairing(result),
        23 => Word::Alignment(result),
        24 => Word::Position(VehiclePosition { reached: random.percent(50), ..VehiclePosition::default() }),
        25 => Word::Device(random.pick(&[Place::Home, Place::Moving, Place::EndPosition])),
        26 => Word::Status(AcdpStatus {
            emergency: random.percent(10),
            malfunction: random.percent(10),
            utility_interrupt: random.percent(10),
            ..AcdpStatus::default()
        }),
        27 => Word::Release(random.pick(&[Release::Scheduled, Release::Completed])),
        28 => Word::Metering(random.pick(&[MeteringVerdict::Valid, MeteringVerdict::Invalid])),
        29 => Word::GiveUpSchedule,
        30 => Word::ForgetPaused,
        31 => Word::AcDispatch(AcOutput { active: random.phases(Random::extreme), ..AcOutput::ZERO }),
        32 => Word::MeasurePad(PadMeasurement {
            transmitted: random.maybe(50, Random::extreme),
            coil_current: random.maybe(50, Random::extreme),
            ..PadMeasurement::default()
        }),
        33 => Word::Pilot(random.pick(&PILOTS)),
        34 => Word::Pilot(random.pick(&[PilotState::B, PilotState::C])),
        35 if random.percent(20) => Word::Disconnect,
        _ => likely(random, unix),
    }
}
