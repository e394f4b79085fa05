//! What may flow out of a charger.

use exi_codec::iso20::common_messages::{
    ChargeProgress, EvpptControlMode, SeReqControlMode, SeResControlMode,
};
use exi_codec::iso20::common_types::{PercentValue, Processing};
use exi_codec::iso20::wpt::{WptEvpcChargeDiagnostics, WptSpcChargeDiagnostics};
use exi_codec::iso20::{acdp::MechanicalChargingDeviceStatus, dc};
use exi_codec::{Quantity, Volts, WattHours, Watts};
use iso15118_20::message::{Request, Response};
use iso15118_20::secc::{Isolation, PilotState, Positioning};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode, Direction, Family, Selection};
use iso15118_20::{
    AcLimits, AcMeasurement, AcOutput, Contactor, DcLimits, GridPermit, Measurement, Output, Phases,
    PreChargeEnd, Settings, WptPad,
};

use super::limits::{
    Course, ac_round, ac_station, ac_vehicle, dc_round, dc_station, dc_vehicle, milli, total, within,
};
use super::station::Word;

/// What the host has said of the charger.
#[derive(Clone, Debug)]
pub struct Plant {
    pub dc: DcLimits,
    pub ac: AcLimits,
    pub pad: WptPad,
    pub permit: GridPermit,
    pub dispatch: Watts,
    pub contactor: Contactor,
    pub pilot: Option<PilotState>,
    pub measured_ac: Option<AcMeasurement>,
    pub isolation: Option<Isolation>,
    pub measured: Option<Measurement>,
    pub aligned: bool,
    pub connected: bool,
    pub diagnostics: WptSpcChargeDiagnostics,
}

impl Default for Plant {
    fn default() -> Self {
        Self {
            dc: DcLimits::default(),
            ac: AcLimits::default(),
            pad: WptPad::default(),
            permit: GridPermit::CHARGE_ONLY,
            dispatch: Watts::ZERO,
            contactor: Contactor::Open,
            pilot: None,
            measured_ac: None,
            isolation: None,
            measured: None,
            aligned: false,
            connected: false,
            diagnostics: WptSpcChargeDiagnostics::default(),
        }
    }
}

impl Plant {
    /// Whether the vehicle wants power, as far as a pilot says it.
    pub fn is_ready(&self, family: Family) -> bool {
        let wired = matches!(family, Family::Ac | Family::Dc);
        !wired || matches!(self.pilot, None | Some(PilotState::C | PilotState::D))
    }

    pub fn heard(&mut self, word: &Word, stage: Stage) {
        match word {
            Word::Limits(limits) => self.dc = *limits,
            Word::AcLimits(limits) => self.ac = *limits,
            Word::Pad(pad) => self.pad = *pad,
            Word::Permit(permit) => self.permit = *permit,
            Word::Dispatch(power) => self.dispatch = *power,
            Word::AcDispatch(output) => self.dispatch = output.active.total(),
            Word::Contactor(contactor) => self.contactor = *contactor,
            Word::Isolation(isolation) if self.isolation != Some(Isolation::Fault) => {
                self.isolation = Some(*isolation);
            }
            Word::Pilot(pilot) => self.pilot = Some(*pilot),
            Word::Measure(measured) => self.measured = Some(*measured),
            Word::MeasureAc(measured) => self.measured_ac = Some(*measured),
            Word::Alignment(result) if stage == Stage::AlignmentCheck => {
                self.aligned = *result == Positioning::Done;
            }
            Word::Diagnostics(diagnostics) => self.diagnostics = *diagnostics,
            Word::Device(mechanical) => {
                self.connected = *mechanical == MechanicalChargingDeviceStatus::EndPosition;
            }
            _ => {}
        }
    }
}

/// What the converter was told last.
#[derive(Clone, Copy, Debug, Default)]
pub enum Flow {
    #[default]
    Nothing,
    Dc(Output),
    Ac(AcOutput),
    Wpt(Watts),
}

impl Flow {
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Dc(output) => output.is_zero(),
            Self::Ac(output) => output.active.is_zero(),
            Self::Wpt(power) => power.is_zero(),
        }
    }
}

/// What both ends have said of power since the service was selected.
#[derive(Clone, Debug, Default)]
pub struct Power {
    pub flow: Flow,
    selection: Option<Selection>,
    dc_declared: DcLimits,
    dc_live: DcLimits,
    dc_announced: DcLimits,
    ac_declared: AcLimits,
    ac_live: AcLimits,
    ac_announced: AcLimits,
    wpt_declared: Watts,
    wpt_announced: Watts,
    wpt_wish: Watts,
    vehicle_clear: bool,
    target: Option<Volts>,
    tuples: Vec<(Course, Course)>,
    active: Option<(Course, Course)>,
    /// When limits of the schedule were last looked at, Unix time.
    looked: u64,
    soc: Option<PercentValue>,
    minimum_soc: Option<PercentValue>,
    needs_soc: Option<PercentValue>,
    min_energy: Option<WattHours>,
    /// Power that the last round of AC told a vehicle that does not plan.
    told: Option<Watts>,
}

impl Power {
    /// Whether an AC vehicle draws or gives more than it was told, by the own meter.
    pub fn is_beyond(&self, plant: &Plant, settings: &Settings) -> bool {
        let (Some(told), Some(measured)) = (self.told, plant.measured_ac) else { return false };
        let nearest = |power: Watts| i128::from(power.to_milli_saturating(exi_codec::Rounding::Nearest));
        let (told, slack) = (nearest(told), nearest(settings.profile_margin));
        let flow = nearest(measured.active.total());
        flow > told.max(0) + slack || flow < told.min(0) - slack
    }

    pub fn selected(&mut self, selection: Selection) {
        self.selection = Some(selection);
    }

    fn mode(&self) -> Option<ControlMode> {
        self.selection.map(|selection| selection.parameters.control_mode)
    }

    /// A legal request has arrived.
    pub fn requested(&mut self, stream: Stream, request: &Request<'_>) {
        match request {
            Request::DcChargeParameterDiscoveryReq(message) => {
                (_, self.dc_declared) = dc_vehicle(&message.energy_transfer_mode);
                if stream == Stream::Main {
                    self.dc_live = self.dc_declared;
                }
            }
            Request::AcChargeParameterDiscoveryReq(message) => {
                (_, self.ac_declared) = ac_vehicle(&message.energy_transfer_mode);
                if stream == Stream::Main {
                    self.ac_live = self.ac_declared;
                }
            }
            Request::WptChargeParameterDiscoveryReq(message) => {
                self.wpt_declared = message.evpc_max_receivable_power;
            }
            Request::DcPreChargeReq(message) => {
                let most = self.dc_announced.max_voltage.min(self.dc_declared.max_voltage);
                self.target = Some(message.ev_target_voltage.min(most));
            }
            Request::DcChargeLoopReq(message) => {
                let round = dc_round(&message.control_mode, &self.dc_declared);
                let display = message.display_parameters.unwrap_or_default();
                self.dc_live = round.live;
                self.status(display.present_soc, display.minimum_soc, round.min_energy);
            }
            Request::AcChargeLoopReq(message) => {
                let round = ac_round(&message.control_mode, &self.ac_declared);
                let display = message.display_parameters.unwrap_or_default();
                self.ac_live = round.live;
                self.status(display.present_soc, display.minimum_soc, round.min_energy);
            }
            Request::WptChargeLoopReq(message) => {
                self.wpt_wish = message.evpc_power_request;
                self.vehicle_clear = message.evpc_charge_diagnostics == WptEvpcChargeDiagnostics::EvpcNoIssue;
            }
            Request::ScheduleExchangeReq(message) => {
                self.needs_soc = match message.control_mode {
                    SeReqControlMode::Dynamic(needs) => needs.minimum_soc,
                    SeReqControlMode::Scheduled(_) => None,
                };
            }
            _ => {}
        }
    }

    fn status(&mut self, soc: Option<PercentValue>, least: Option<PercentValue>, energy: Option<WattHours>) {
        self.soc = soc;
        self.minimum_soc = least;
        self.min_energy = energy;
    }

    /// A request was answered without a refusal.
    pub fn settled(&mut self, unix: u64, stage: Stage, request: &Request<'_>, response: &Response<'_>) {
        match (request, response) {
            (_, Response::DcChargeParameterDiscoveryRes(message)) => {
                (_, self.dc_announced) = dc_station(&message.energy_transfer_mode);
            }
            (_, Response::AcChargeParameterDiscoveryRes(message)) => {
                (_, self.ac_announced) = ac_station(&message.energy_transfer_mode);
            }
            (_, Response::WptChargeParameterDiscoveryRes(message)) => {
                self.wpt_announced = message.sd_max_output_power;
            }
            (_, Response::ScheduleExchangeRes(message)) => {
                if let SeResControlMode::Scheduled(tuples) = message.control_mode
                    && message.evse_processing == Processing::Finished
                {
                    self.tuples = tuples
                        .iter()
                        .map(|tuple| {
                            let out = tuple.discharging_schedule;
                            let out = out.map(|out| Course::read(&out.power_schedule)).unwrap_or_default();
                            (Course::read(&tuple.charging_schedule.power_schedule), out)
                        })
                        .collect();
                }
            }
            (Request::PowerDeliveryReq(message), Response::PowerDeliveryRes(answer))
                if (answer.response_code as u8) < 5 && message.ev_processing == Processing::Finished =>
            {
                let plans = matches!(
                    message.charge_progress,
                    ChargeProgress::Start | ChargeProgress::ScheduleRenegotiation
                );
                if let Some(profile) = message.ev_power_profile
                    && let EvpptControlMode::Scheduled(choice) = profile.control_mode
                    && self.mode() == Some(ControlMode::Scheduled)
                    && plans
                {
                    let index = choice.selected_schedule_tuple_id.get() as usize;
                    let tuple = self.tuples.get(index - 1).expect("a schedule that was offered").clone();
                    let mut time = profile.time_anchor;
                    if time > 100_000_000_000 {
                        time /= 1_000_000;
                    }
                    for entry in profile.ev_power_profile_entries {
                        let power = total(Phases::read(entry.power, entry.power_l2, entry.power_l3));
                        let most = if power < 0 { &tuple.1 } else { &tuple.0 };
                        let inside = entry.duration == 0 || power.abs() <= most.at(time);
                        assert!(inside, "a profile beyond its schedule: {power} at {time}: {most:?}");
                        time += u64::from(entry.duration);
                    }
                    self.active = Some(tuple);
                }
            }
            (_, Response::AcChargeLoopRes(message)) if stage == Stage::ChargeLoop => {
                use exi_codec::iso20::ac::ClResControlMode as M;
                self.told = match &message.control_mode {
                    M::Dynamic(m) => Some(Phases::read(
                        m.evse_target_active_power,
                        m.evse_target_active_power_l2,
                        m.evse_target_active_power_l3,
                    )),
                    M::BptDynamic(m) => Some(Phases::read(
                        m.evse_target_active_power,
                        m.evse_target_active_power_l2,
                        m.evse_target_active_power_l3,
                    )),
                    _ => None,
                }
                .map(Phases::total);
            }
            (_, Response::DcChargeLoopRes(message)) if stage == Stage::ChargeLoop => {
                self.limits_kept(&message.control_mode);
            }
            _ => {}
        }
        self.looked = unix;
    }

    /// The loop must not allow more than was declared [V2G20-2654].
    fn limits_kept(&self, mode: &dc::ClResControlMode) {
        use dc::ClResControlMode as M;
        let announced = self.dc_announced;
        let (power, current, out) = match mode {
            M::Dynamic(m) => (Some(m.evse_maximum_charge_power), Some(m.evse_maximum_charge_current), None),
            M::BptDynamic(m) => (
                Some(m.evse_maximum_charge_power),
                Some(m.evse_maximum_charge_current),
                Some(m.evse_maximum_discharge_power),
            ),
            M::Scheduled(m) => (m.evse_maximum_charge_power, m.evse_maximum_charge_current, None),
            M::BptScheduled(m) => {
                (m.evse_maximum_charge_power, m.evse_maximum_charge_current, m.evse_maximum_discharge_power)
            }
        };
        assert!(power.is_none_or(|power| power <= announced.charge.max_power.max(Watts::ZERO)));
        assert!(current.is_none_or(|current| current <= announced.charge.max_current));
        let most = announced.discharge.unwrap_or_default().max_power.abs();
        assert!(out.is_none_or(|out| out.abs() <= most));
    }

    /// Whether power delivery may follow pre-charge that was not said to be finished.
    pub fn is_pre_charged_early(&self, plant: &Plant, settings: &Settings) -> bool {
        settings.pre_charge_end == PreChargeEnd::VoltageMatches && self.voltages_match(plant, settings)
    }

    fn voltages_match(&self, plant: &Plant, settings: &Settings) -> bool {
        match (self.target, plant.measured) {
            (Some(target), Some(measured)) => {
                let nearest = |v: Volts| i128::from(v.to_milli_saturating(exi_codec::Rounding::Nearest));
                (nearest(target) - nearest(measured.voltage)).abs() <= nearest(settings.voltage_tolerance)
            }
            _ => false,
        }
    }

    /// What must hold when a start of power delivery is agreed to.
    pub fn may_start(&self, plant: &Plant, settings: &Settings, family: Family, stage: Stage) {
        match family {
            Family::Dc | Family::Acdp => {
                assert_eq!(plant.isolation, Some(Isolation::Valid), "a start without isolation");
                let resumes = matches!(stage, Stage::Standby | Stage::ChargeLoop);
                assert!(resumes || self.voltages_match(plant, settings), "a start with unlike voltages");
            }
            Family::Wpt => assert!(plant.aligned, "a start over coils that are apart"),
            Family::Ac => {}
        }
        assert!(
            family == Family::Wpt || plant.contactor == Contactor::Closed,
            "a start over open contactors"
        );
        assert!(stage == Stage::ChargeLoop || plant.is_ready(family), "a start without the pilot");
        assert!(family != Family::Acdp || plant.connected, "a start without the device");
    }

    /// Everything about power that is not zero.
    pub fn check(&self, family: Family, plant: &Plant, unix: u64) {
        let selection = self.selection.expect("a service was selected");
        assert!(family == Family::Wpt || plant.contactor == Contactor::Closed, "contactors are open");
        assert!(plant.is_ready(family), "the pilot says that no power is wanted");
        let (charge, discharge) = match (self.mode(), &self.active) {
            (Some(ControlMode::Scheduled), Some((charge, discharge))) => (
                charge.at(unix).max(charge.at(self.looked)),
                discharge.at(unix).max(discharge.at(self.looked)),
            ),
            (Some(ControlMode::Scheduled), None) => (0, 0),
            _ => (i128::MAX, i128::MAX),
        };
        match self.flow {
            Flow::Nothing => {}
            Flow::Dc(output) => {
                assert_eq!(plant.isolation, Some(Isolation::Valid), "no isolation");
                assert!(family != Family::Acdp || plant.connected, "the device is not connected");
                let all = [plant.dc, self.dc_announced, self.dc_declared, self.dc_live];
                assert!(all.iter().all(|limits| output.voltage <= limits.max_voltage), "{output:?} {all:?}");
                assert_eq!(output.current.is_negative(), output.power.is_negative());
                let (schedule, grid) = if output.power.is_negative() {
                    self.discharges(selection);
                    (discharge, plant.permit.discharge)
                } else {
                    (charge, plant.permit.charge)
                };
                for limits in all {
                    let flow = if output.power.is_negative() {
                        limits.discharge.expect("discharge that an end does not know")
                    } else {
                        limits.charge
                    };
                    let (power, current) = if output.power.is_negative() {
                        (flow.max_power.abs(), flow.max_current.abs())
                    } else {
                        (flow.max_power, flow.max_current)
                    };
                    assert!(output.power.abs() <= power, "{output:?} {all:?}");
                    assert!(output.current.abs() <= current, "{output:?} {all:?}");
                }
                assert!(output.power.abs() <= grid, "{output:?} beyond the grid {grid:?}");
                assert!(milli(output.power.abs()) <= schedule, "{output:?} beyond the schedule {schedule}");
            }
            Flow::Ac(output) => {
                let out = output.active.total().is_negative();
                let all = [plant.ac, self.ac_announced, self.ac_declared, self.ac_live];
                let magnitude = output.active.map(Quantity::abs);
                for limits in all {
                    let most = if out {
                        limits.discharge.expect("discharge that an end does not know").0.map(Quantity::abs)
                    } else {
                        limits.max_charge
                    };
                    assert!(within(magnitude, most), "{output:?} {all:?}");
                }
                let (schedule, grid) = if out {
                    self.discharges(selection);
                    (discharge, plant.permit.discharge)
                } else {
                    (charge, plant.permit.charge)
                };
                assert!(within(magnitude, Phases::Total(grid)), "{output:?} beyond the grid {grid:?}");
                assert!(total(magnitude) <= schedule, "{output:?} beyond the schedule {schedule}");
            }
            Flow::Wpt(power) => {
                assert!(!power.is_negative());
                assert!(plant.aligned, "the coils are apart");
                assert!(
                    self.vehicle_clear && plant.diagnostics == WptSpcChargeDiagnostics::SpcNoIssue,
                    "something is between the coils"
                );
                for most in [plant.pad.max_power, self.wpt_announced, self.wpt_declared, self.wpt_wish] {
                    assert!(power <= most, "{power:?} beyond {most:?}");
                }
                assert!(power <= plant.permit.charge && milli(power) <= charge);
            }
        }
    }

    fn discharges(&self, selection: Selection) {
        assert_eq!(selection.service.direction(), Direction::Bidirectional, "discharge in {selection:?}");
        for least in [self.minimum_soc, self.needs_soc].into_iter().flatten() {
            assert!(self.soc.is_none_or(|soc| soc > least), "discharge at the minimum {least:?}");
        }
        assert!(
            self.min_energy.is_none_or(|energy| energy <= WattHours::ZERO),
            "discharge below the minimum"
        );
    }
}
