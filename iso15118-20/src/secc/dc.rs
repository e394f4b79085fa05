//! DC and MCS, over whatever cable: isolation, pre-charge, loop, welding detection.

mod limits;

use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::iso20::dc::{
    DcCableCheckRes, DcChargeLoopReq, DcChargeLoopRes, DcChargeParameterDiscoveryReq,
    DcChargeParameterDiscoveryRes, DcPreChargeReq, DcPreChargeRes, DcWeldingDetectionRes,
};
use exi_codec::{Amperes, Lazy, Rounding, Volts, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::{Detail, Isolation, Pending, Reply, Secc, SeccTimer as T, VehicleStatus};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind as K, Response};
use crate::power::{DcLimits, Measurement, Output};
use crate::sequence::{Asked, Guard, Stage, Stream};
use crate::settings::{PreChargeEnd, PreChargeTarget, Timing};

use limits::{declared, round};

/// What is known of a DC outlet and its vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) limits: DcLimits,
    pub(super) measured: Option<Measurement>,
    pub(super) isolation: Option<Isolation>,
    /// Limits as announced in the charge parameters: the loop must not exceed them [V2G20-2654].
    announced: DcLimits,
    /// The vehicle's, in the charge parameters.
    pub(super) declared: DcLimits,
    /// The vehicle's, in the last round of the loop.
    live: DcLimits,
    /// What the vehicle asks for, where it plans.
    pub(super) wish: Output,
    /// Voltage to pre-charge to.
    pub(super) pre_charge: Option<Volts>,
    pub(super) output: Output,
}

impl State {
    /// Whatever comes next needs its own checks: isolation and pre-charge are not carried over.
    pub(super) fn forget(&mut self) {
        *self = Self { limits: self.limits, measured: self.measured, ..Self::default() };
    }
}

impl Secc<'_> {
    /// What a DC charger can deliver and take from now on. In the loop only what was announced before counts.
    pub fn set_limits(&mut self, limits: DcLimits) {
        self.core.dc.limits = limits;
        self.core.update_output();
    }

    /// What is measured at the outlet. Keep it at most a loop round old while there is voltage.
    pub fn measurement(&mut self, now: Instant, measured: Measurement) {
        self.core.now = now;
        self.core.dc.measured = Some(measured);
        self.core.plant_moved();
    }

    /// Reports the isolation test, or at any later time what the monitor of the isolation says: a fault while there
    /// is voltage stops at once.
    pub fn isolation(&mut self, now: Instant, isolation: Isolation) {
        self.core.now = now;
        self.core.clear(T::Isolation);
        // A result that comes too late does not undo the failure.
        if self.core.dc.isolation != Some(Isolation::Fault) {
            self.core.dc.isolation = Some(isolation);
        }
        self.core.plant_moved();
    }
}

impl Core<'_> {
    fn measured_voltage(&self) -> Volts {
        self.dc.measured.unwrap_or_default().voltage
    }

    /// Whether the outlet has the voltage that the vehicle asked for.
    pub(super) fn dc_voltages_match(&self) -> bool {
        let tolerance = self.config.settings.voltage_tolerance;
        match (self.dc.pre_charge, self.dc.measured) {
            (Some(target), Some(measured)) => apart(target, measured.voltage) <= milli_volts(tolerance),
            _ => false,
        }
    }

    pub(super) fn update_pre_charge_guard(&mut self) {
        let tolerated = self.config.settings.pre_charge_end == PreChargeEnd::VoltageMatches;
        if tolerated && self.dc_voltages_match() {
            self.sequence.grant(Guard::PreChargeMatched);
        } else {
            self.sequence.revoke(Guard::PreChargeMatched);
        }
    }

    /// The host's dispatch as a wish: all the current there is, at the voltage that the vehicle allows.
    pub(super) fn dc_dispatched(&self) -> Output {
        let power = self.plant.dispatch;
        let current = Amperes::new(i16::MAX, 0);
        Output {
            voltage: self.dc.live.max_voltage,
            current: if power.is_negative() { current.negated() } else { current },
            power,
        }
    }

    /// Most power of the announcement that the grid permits, into and out of the vehicle.
    pub(super) fn dc_announced_power(&self) -> (Watts, Watts) {
        let limits = self.dc.announced.permitted(self.plant.permit);
        (limits.charge.max_power, limits.discharge.unwrap_or_default().max_power)
    }

    pub(super) fn dc_parameters(
        &mut self,
        stream: Stream,
        asked: Asked,
        message: &DcChargeParameterDiscoveryReq<'_>,
    ) {
        let (direction, limits) = declared(&message.energy_transfer_mode);
        let announced = self.dc.limits.directed(self.direction());
        // [V2G20-2272]
        if direction != self.direction() || !limits.meets(&announced) {
            return self.refuse_on(stream, asked, ResponseCode::FailedWrongChargeParameter, Refusal::Content);
        }
        self.dc.announced = announced;
        self.dc.declared = limits;
        if stream == Stream::Main {
            self.dc.live = limits;
        }
        self.pending.raise(Pending::LIMITS);
        self.update_output();
        self.answer_aside(stream, asked, ResponseCode::Ok);
    }

    pub(super) fn cable_check(&mut self, asked: Asked) {
        match self.dc.isolation {
            Some(Isolation::Valid) => self.ok(asked),
            Some(Isolation::Fault) => self.refuse(asked, ResponseCode::Failed, Refusal::Plant),
            None => {
                if !self.runs(T::Isolation) {
                    self.set(T::Isolation, Timing::before(self.timing().cable_check));
                    self.pending.raise(Pending::ISOLATION);
                }
                self.ongoing(asked);
            }
        }
    }

    pub(super) fn pre_charge(&mut self, asked: Asked, message: &DcPreChargeReq<'_>) {
        let wanted = message.ev_target_voltage;
        let target = wanted.min(self.dc.announced.max_voltage).min(self.dc.declared.max_voltage);
        let beyond = wanted > target && self.config.settings.pre_charge_target == PreChargeTarget::Refuse;
        if beyond || wanted.is_negative() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        if self.dc.pre_charge != Some(target) {
            self.dc.pre_charge = Some(target);
            self.start_timer(T::PreCharge, self.timing().pre_charge);
            self.pending.raise(Pending::PRE_CHARGE);
        }
        if asked.processing == Processing::Finished {
            self.clear(T::PreCharge);
        }
        self.ok(asked);
    }

    pub(super) fn dc_loop(&mut self, asked: Asked, message: &DcChargeLoopReq<'_>) {
        let round = round(&message.control_mode, &self.dc.declared);
        if round.direction != self.direction() || Some(round.mode) != self.mode() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        let display = message.display_parameters.unwrap_or_default();
        let [target_energy, max_energy, min_energy] = round.energy;
        let [max_v2x_energy, min_v2x_energy] = round.v2x;
        self.dc.live = round.live;
        self.dc.wish = round.wish;
        self.vehicle.status = VehicleStatus {
            voltage: message.ev_present_voltage,
            power: None,
            display,
            soc: display.present_soc,
            minimum_soc: display.minimum_soc,
            target_energy,
            max_energy,
            min_energy,
            max_v2x_energy,
            min_v2x_energy,
            departure_time: round.departure_time,
        };
        self.pending.raise(Pending::STATUS);
        self.update_output();
        let looping = self.sequence.stage() == Stage::ChargeLoop;
        let violation = if looping { self.dc_violation() } else { None };
        let detail = if message.meter_info_requested { Detail::Meter } else { Detail::None };
        self.answer_round(asked, detail, violation);
    }

    /// Asking for more than the schedule is no violation: the charger gives the lesser of both [V2G20-2188]. It is one
    /// where more flows as well, so that it is the vehicle that pushes or pulls.
    fn dc_violation(&mut self) -> Option<ResponseCode> {
        let measured = self.dc.measured?;
        let flow = product(measured.voltage, measured.current);
        let asked = product(measured.voltage, self.dc.wish.current);
        let same = asked.is_negative() == flow.is_negative();
        let power = if same && asked.abs() < flow.abs() { asked } else { flow };
        self.profile_violation(if same { power } else { Watts::ZERO })
    }

    pub(super) fn encode_dc(
        &self,
        stream: Stream,
        reply: &Reply,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let (header, response_code) = (self.header(), reply.code);
        let evse_present_voltage = self.measured_voltage();
        let response = match reply.asked.kind {
            K::DcChargeParameterDiscoveryReq => {
                Response::DcChargeParameterDiscoveryRes(DcChargeParameterDiscoveryRes {
                    header,
                    response_code,
                    energy_transfer_mode: self.dc_charge_parameters(),
                })
            }
            K::DcCableCheckReq => Response::DcCableCheckRes(DcCableCheckRes {
                header,
                response_code,
                evse_processing: reply.processing,
            }),
            K::DcPreChargeReq => {
                Response::DcPreChargeRes(DcPreChargeRes { header, response_code, evse_present_voltage })
            }
            _ => Response::DcWeldingDetectionRes(DcWeldingDetectionRes {
                header,
                response_code,
                evse_present_voltage,
            }),
        };
        response.encode_on(stream, out)
    }

    pub(super) fn encode_dc_loop(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (meter, receipt) = self.meter_info(reply);
        let measured = self.dc.measured.unwrap_or_default();
        let limits = self.dc_own_limits();
        let discharge = limits.discharge.unwrap_or_default();
        let (power, current) = if measured.current.is_negative() {
            (discharge.max_power, discharge.max_current)
        } else {
            (limits.charge.max_power, limits.charge.max_current)
        };
        let output = self.dc.output;
        Response::DcChargeLoopRes(DcChargeLoopRes {
            header: self.header(),
            response_code: reply.code,
            evse_status: self.evse_status(),
            meter_info: meter.as_ref().map(Lazy::new),
            receipt: receipt.as_ref().map(Lazy::new),
            evse_present_current: measured.current,
            evse_present_voltage: measured.voltage,
            evse_power_limit_achieved: output.power.abs() >= power && !output.is_zero(),
            evse_current_limit_achieved: measured.current.abs() >= current && current > Amperes::ZERO,
            evse_voltage_limit_achieved: measured.voltage >= limits.max_voltage,
            control_mode: self.dc_loop_limits(),
        })
        .encode(out)
    }
}

fn milli_volts(voltage: Volts) -> i64 {
    voltage.to_milli_saturating(Rounding::Nearest)
}

fn product(voltage: Volts, current: Amperes) -> Watts {
    let current = current.to_milli_saturating(Rounding::TowardsZero);
    let milli = i128::from(milli_volts(voltage)) * i128::from(current) / 1000;
    let most = if milli < 0 { i64::MIN } else { i64::MAX };
    Watts::from_milli(i64::try_from(milli).unwrap_or(most), Rounding::TowardsZero)
}

fn apart(a: Volts, b: Volts) -> i64 {
    milli_volts(a).saturating_sub(milli_volts(b)).saturating_abs()
}
