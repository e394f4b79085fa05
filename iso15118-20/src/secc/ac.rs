//! AC: the vehicle converts, the charger says how much.

mod limits;
mod set_point;

use exi_codec::iso20::ac::{
    AcChargeLoopReq, AcChargeLoopRes, AcChargeParameterDiscoveryReq, AcChargeParameterDiscoveryRes,
};
use exi_codec::iso20::common_types::ResponseCode;
use exi_codec::{Lazy, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::{Detail, Pending, Reply, Secc, VehicleStatus};
use crate::end::Refusal;
use crate::message::{EncodeError, Response};
use crate::power::{AcGrid, AcLimits, AcMeasurement, AcOutput, Phases};
use crate::sequence::{Asked, Stream};

use limits::{declared, round};

/// What is known of an AC outlet and its vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    limits: AcLimits,
    grid: AcGrid,
    pub(super) dispatch: AcOutput,
    pub(super) measured: Option<AcMeasurement>,
    /// Limits as announced in the charge parameters: the loop must not exceed them [V2G20-2655].
    announced: AcLimits,
    /// The vehicle's, in the charge parameters.
    pub(super) declared: AcLimits,
    /// The vehicle's, in the last round of the loop.
    live: AcLimits,
    pub(super) output: AcOutput,
    /// Power that the last response of the loop set, W.
    pub(super) told: Watts,
}

impl State {
    pub(super) fn forget(&mut self) {
        *self = Self {
            limits: self.limits,
            grid: self.grid,
            dispatch: self.dispatch,
            measured: self.measured,
            ..Self::default()
        };
    }

    pub(super) fn dispatch_total(&mut self, power: Watts) {
        self.dispatch = AcOutput { active: Phases::Total(power), ..AcOutput::ZERO };
    }
}

impl Secc<'_> {
    /// What an AC outlet can deliver and take from now on. In the loop only what was announced before counts.
    pub fn set_ac_limits(&mut self, limits: AcLimits) {
        self.core.ac.limits = limits;
        self.core.update_output();
    }

    /// The grid behind the outlet.
    pub fn set_ac_grid(&mut self, grid: AcGrid) {
        self.core.ac.grid = grid;
    }

    /// What the vehicle's converter should do where the charger plans (Dynamic), phase by phase if need be. All
    /// limits are applied to the active power. [`set_dispatch`](Self::set_dispatch) says the same of a total.
    pub fn set_ac_dispatch(&mut self, dispatch: AcOutput) {
        self.core.ac.dispatch = dispatch;
        self.core.update_output();
    }

    /// What is measured at the outlet. Keep it at most a loop round old while power flows.
    pub fn ac_measurement(&mut self, now: Instant, measured: AcMeasurement) {
        self.core.now = now;
        self.core.ac.measured = Some(measured);
        self.core.plant_moved();
        self.core.watch_set_point();
    }
}

impl Core<'_> {
    /// Most power of the announcement that the grid permits, into and out of the vehicle.
    pub(super) fn ac_announced_power(&self) -> (Watts, Watts) {
        let limits = self.ac.announced.permitted(self.plant.permit);
        (limits.max_charge.total(), limits.discharge.map_or(Watts::ZERO, |(most, _)| most.total()))
    }

    pub(super) fn ac_parameters(
        &mut self,
        stream: Stream,
        asked: Asked,
        message: &AcChargeParameterDiscoveryReq<'_>,
    ) {
        let (direction, limits) = declared(&message.energy_transfer_mode);
        let announced = self.ac.limits.directed(self.direction());
        // [V2G20-2272]
        if direction != self.direction() || !limits.meets(&announced) {
            let code = ResponseCode::FailedWrongChargeParameter;
            return self.refuse_on(stream, asked, code, Refusal::Content);
        }
        self.ac.announced = announced;
        self.ac.declared = limits;
        if stream == Stream::Main {
            self.ac.live = limits;
        }
        self.pending.raise(Pending::LIMITS);
        self.update_output();
        self.answer_aside(stream, asked, ResponseCode::Ok);
    }

    pub(super) fn ac_loop(&mut self, asked: Asked, message: &AcChargeLoopReq<'_>) {
        let round = round(&message.control_mode, &self.ac.declared);
        if round.direction != self.direction() || Some(round.mode) != self.mode() {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        let display = message.display_parameters.unwrap_or_default();
        let [target_energy, max_energy, min_energy] = round.energy;
        let [max_v2x_energy, min_v2x_energy] = round.v2x;
        self.ac.live = round.live;
        self.vehicle.status = VehicleStatus {
            power: Some(round.present.total()),
            display,
            soc: display.present_soc,
            minimum_soc: display.minimum_soc,
            target_energy,
            max_energy,
            min_energy,
            max_v2x_energy,
            min_v2x_energy,
            departure_time: round.departure_time,
            ..VehicleStatus::default()
        };
        self.pending.raise(Pending::STATUS);
        self.update_output();
        self.watch_set_point();
        // The own meter is the better witness.
        let power = self.ac.measured.map_or(round.present, |measured| measured.active).total();
        let looping = self.sequence.stage() == crate::sequence::Stage::ChargeLoop;
        let violation = if looping { self.profile_violation(power) } else { None };
        let detail = if message.meter_info_requested { Detail::Meter } else { Detail::None };
        self.answer_round(asked, detail, violation);
    }

    pub(super) fn encode_ac_parameters(
        &self,
        stream: Stream,
        reply: &Reply,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        Response::AcChargeParameterDiscoveryRes(AcChargeParameterDiscoveryRes {
            header: self.header(),
            response_code: reply.code,
            energy_transfer_mode: self.ac_charge_parameters(),
        })
        .encode_on(stream, out)
    }

    pub(super) fn encode_ac_loop(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (meter, receipt) = self.meter_info(reply);
        Response::AcChargeLoopRes(AcChargeLoopRes {
            header: self.header(),
            response_code: reply.code,
            evse_status: self.evse_status(),
            meter_info: meter.as_ref().map(Lazy::new),
            receipt: receipt.as_ref().map(Lazy::new),
            evse_target_frequency: self.ac.output.frequency,
            control_mode: self.ac_targets(),
        })
        .encode(out)
    }
}
