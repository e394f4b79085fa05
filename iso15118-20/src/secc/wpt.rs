//! Wireless: find the vehicle, make sure that it is the right one, check the coils, transmit.

use exi_codec::iso20::common_types::{NumericId, ResponseCode};
use exi_codec::iso20::wpt::{
    WptAlignmentCheckReq, WptAlignmentCheckRes, WptChargeLoopReq, WptChargeLoopRes,
    WptChargeParameterDiscoveryReq, WptChargeParameterDiscoveryRes, WptEvResult, WptEvpcChargeDiagnostics,
    WptFinePositioningReq, WptFinePositioningRes, WptFinePositioningSetupReq, WptFinePositioningSetupRes,
    WptLfDataPackageList, WptPairingReq, WptPairingRes, WptSpcChargeDiagnostics, WptSpcPowerControlParameter,
};
use exi_codec::{Amperes, Element, Frequency, Lazy, List, Watts};
use v2gtp::Instant;

use super::engine::Core;
use super::{Detail, Pending, Reply, Secc, SeccTimer as T, VehicleStatus};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind as K, Response};
use crate::power::{WptLimits, WptPad};
use crate::sequence::{Asked, Class, Stage, Stream, class_of};
use crate::service::ControlMode;

/// What came out of an attempt to find, to pair with, or to align with a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positioning {
    /// It succeeded.
    Done,
    /// It did not: the vehicle is sent back to fine positioning with `WARNING_WPT`.
    Failed,
}

/// What is measured at a pad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadMeasurement {
    /// Power that the charger draws, W.
    pub input: Option<Watts>,
    /// Power that arrives, as far as the charger can tell, W; during the check of the alignment.
    pub transmitted: Option<Watts>,
    /// Current in the coil, A.
    pub coil_current: Option<Amperes>,
    /// Operating frequency, Hz.
    pub frequency: Option<Frequency>,
}

/// What is known of a pad and the vehicle over it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pad: WptPad,
    measured: PadMeasurement,
    diagnostics: WptSpcChargeDiagnostics,
    /// What the charger's low-frequency system sends or hears.
    signals: Option<WptLfDataPackageList>,
    /// What came out of the step that is under way.
    step: Option<Positioning>,
    aligned: bool,
    /// The code that the charger saw in pairing, and the one that the vehicle saw.
    code: Option<u32>,
    pub(super) observed: Option<u32>,
    pub(super) result: WptEvResult,
    pub(super) coil_current: Option<Amperes>,
    pub(super) declared: WptLimits,
    /// Most power as announced in the charge parameters: the loop must not exceed it.
    announced: Watts,
    vehicle_diagnostics: WptEvpcChargeDiagnostics,
    /// What the vehicle asks for.
    pub(super) wish: Watts,
    pub(super) output: Watts,
}

impl State {
    pub(super) fn forget(&mut self) {
        *self =
            Self { pad: self.pad, measured: self.measured, diagnostics: self.diagnostics, ..Self::default() };
    }

    /// Whether the field may be on: the coils are over each other, and nothing and nobody is between them.
    pub(super) fn is_clear(&self) -> bool {
        self.aligned
            && self.diagnostics == WptSpcChargeDiagnostics::SpcNoIssue
            && self.vehicle_diagnostics == WptEvpcChargeDiagnostics::EvpcNoIssue
    }

    pub(super) fn fail_step(&mut self) {
        self.step = Some(Positioning::Failed);
    }
}

impl Secc<'_> {
    /// What the pad can do from now on.
    pub fn set_wpt_pad(&mut self, pad: WptPad) {
        self.core.wpt.pad = pad;
        self.core.update_output();
    }

    /// What is measured at the pad.
    pub fn pad_measurement(&mut self, now: Instant, measured: PadMeasurement) {
        self.core.now = now;
        self.core.wpt.measured = measured;
    }

    /// What the pad finds between the coils, or wrong with itself. Anything but no issue takes the power at once;
    /// when it is gone power comes back.
    pub fn pad_diagnostics(&mut self, now: Instant, diagnostics: WptSpcChargeDiagnostics) {
        self.core.now = now;
        self.core.wpt.diagnostics = diagnostics;
        self.core.update_output();
    }

    /// What the charger's low-frequency system sends or hears, told in the next answers of fine positioning. What
    /// the vehicle's says is in the messages that [`handle_input`](Self::handle_input) returns.
    pub fn set_lf_data(&mut self, signals: Option<WptLfDataPackageList>) {
        self.core.wpt.signals = signals;
    }

    /// What came out of fine positioning.
    pub fn positioning(&mut self, now: Instant, result: Positioning) {
        self.core.now = now;
        self.core.position_step(&[Stage::FinePositioning, Stage::Repositioning], result);
    }

    /// What came out of pairing, with the code that the charger saw, if it saw one.
    pub fn pairing(&mut self, now: Instant, result: Positioning, code: Option<u32>) {
        self.core.now = now;
        self.core.wpt.code = code;
        self.core.position_step(&[Stage::Pairing], result);
    }

    /// What came out of the check of the alignment.
    pub fn alignment(&mut self, now: Instant, result: Positioning) {
        self.core.now = now;
        self.core.position_step(&[Stage::AlignmentCheck], result);
    }
}

impl Core<'_> {
    fn position_step(&mut self, stages: &[Stage], result: Positioning) {
        if stages.contains(&self.sequence.stage()) {
            self.clear(T::Positioning);
            self.wpt.step = Some(result);
        }
    }

    pub(super) fn positioning_setup(&mut self, asked: Asked, message: &WptFinePositioningSetupReq<'_>) {
        let methods = &self.config.wpt;
        let common = meet(methods.positioning, &message.ev_device_fine_positioning_method_list)
            && meet(methods.pairing, &message.ev_device_pairing_method_list)
            && meet(methods.alignment, &message.ev_device_alignment_check_method_list);
        if common {
            self.ok(asked);
        } else {
            self.refuse(asked, ResponseCode::FailedAssociationError, Refusal::Content);
        }
    }

    pub(super) fn fine_positioning(&mut self, asked: Asked, message: &WptFinePositioningReq<'_>) {
        self.take_step(asked, message.ev_result_code);
    }

    pub(super) fn pair(&mut self, asked: Asked, message: &WptPairingReq<'_>) {
        self.wpt.observed = message.observed_id_code.map(NumericId::get);
        self.take_step(asked, message.ev_result_code);
    }

    pub(super) fn alignment_check(&mut self, asked: Asked, message: &WptAlignmentCheckReq<'_>) {
        self.wpt.coil_current = message.target_coil_current;
        self.take_step(asked, message.ev_result_code);
    }

    /// One of the steps that both ends have to finish, and either can fail.
    fn take_step(&mut self, asked: Asked, result: WptEvResult) {
        use exi_codec::iso20::common_types::Processing;
        self.wpt.result = result;
        let both =
            if result == WptEvResult::EvResultFailed { Some(Positioning::Failed) } else { self.wpt.step };
        match both {
            None => {
                if !self.runs(T::Positioning) {
                    self.set(T::Positioning, self.timing().positioning);
                    self.pending.raise(Pending::POSITIONING);
                }
                self.ongoing(asked);
            }
            Some(Positioning::Failed) => {
                self.wpt.step = None;
                self.wpt.aligned = false;
                self.clear(T::Positioning);
                self.warn(asked, ResponseCode::WarningWpt);
            }
            Some(Positioning::Done) => {
                if asked.processing == Processing::Finished {
                    self.wpt.step = None;
                    self.wpt.aligned = asked.kind == K::WptAlignmentCheckReq;
                }
                self.ok(asked);
            }
        }
    }

    /// Most power of the announcement that the grid permits.
    pub(super) fn wpt_announced_power(&self) -> Watts {
        self.wpt.pad.max_power.min(self.wpt.announced).min(self.plant.permit.charge).max(Watts::ZERO)
    }

    /// What pad, vehicle, grid and plan allow now.
    pub(super) fn wpt_joint_power(&self) -> Watts {
        let planned = match self.mode() {
            Some(ControlMode::Scheduled) => self.plan.power_at(self.unix()).0,
            _ => self.plant.dispatch,
        };
        self.wpt_announced_power().min(self.wpt.declared.max_power).min(planned).max(Watts::ZERO)
    }

    pub(super) fn wpt_parameters(
        &mut self,
        stream: Stream,
        asked: Asked,
        message: &WptChargeParameterDiscoveryReq<'_>,
    ) {
        let declared = WptLimits {
            max_power: message.evpc_max_receivable_power,
            max_clearance: message.sd_max_ground_clearence,
            min_clearance: message.sd_min_ground_clearence,
            frequency: message.evpc_natural_frequency,
        };
        if !self.wpt.pad.meets(&declared) {
            let code = ResponseCode::FailedWrongChargeParameter;
            return self.refuse_on(stream, asked, code, Refusal::Content);
        }
        self.wpt.declared = declared;
        self.wpt.announced = self.wpt.pad.max_power;
        self.pending.raise(Pending::LIMITS);
        self.update_output();
        self.answer_aside(stream, asked, ResponseCode::Ok);
    }

    pub(super) fn wpt_loop(&mut self, asked: Asked, message: &WptChargeLoopReq<'_>) {
        let display = message.display_parameters.unwrap_or_default();
        self.wpt.wish = message.evpc_power_request;
        self.wpt.vehicle_diagnostics = message.evpc_charge_diagnostics;
        self.vehicle.status = VehicleStatus {
            power: Some(message.evpc_power_output),
            display,
            soc: display.present_soc,
            minimum_soc: display.minimum_soc,
            ..VehicleStatus::default()
        };
        self.pending.raise(Pending::STATUS);
        self.update_output();
        let looping = self.sequence.stage() == Stage::ChargeLoop;
        let violation = if looping { self.profile_violation(message.evpc_power_output) } else { None };
        let detail = if message.meter_info_requested { Detail::Meter } else { Detail::None };
        self.answer_round(asked, detail, violation);
    }

    pub(super) fn encode_wpt(
        &self,
        stream: Stream,
        reply: &Reply,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let (header, response_code, evse_processing) = (self.header(), reply.code, reply.processing);
        let methods = &self.config.wpt;
        let vendor = List::new(methods.vendor);
        let pad = &self.wpt.pad;
        let response = match reply.asked.kind {
            K::WptFinePositioningSetupReq => {
                Response::WptFinePositioningSetupRes(WptFinePositioningSetupRes {
                    header,
                    response_code,
                    primary_device_fine_positioning_method_list: List::new(methods.positioning),
                    primary_device_pairing_method_list: List::new(methods.pairing),
                    primary_device_alignment_check_method_list: List::new(methods.alignment),
                    natural_offset: methods.natural_offset,
                    vendor_specific_data_container: vendor,
                    lf_system_setup_data: methods.low_frequency.copied(),
                })
            }
            K::WptFinePositioningReq => Response::WptFinePositioningRes(WptFinePositioningRes {
                header,
                response_code,
                evse_processing,
                vendor_specific_data_container: vendor,
                wpt_lf_data_package_list: self.wpt.signals,
            }),
            K::WptPairingReq => {
                let others = methods.alternatives;
                let astray = class_of(response_code) == Class::Warning && !others.is_empty();
                Response::WptPairingRes(WptPairingRes {
                    header,
                    response_code,
                    evse_processing,
                    observed_id_code: self.wpt.code.and_then(NumericId::new),
                    alternative_secc_list: astray.then(|| List::new(others)),
                    vendor_specific_data_container: vendor,
                })
            }
            K::WptAlignmentCheckReq => Response::WptAlignmentCheckRes(WptAlignmentCheckRes {
                header,
                response_code,
                evse_processing,
                power_transmitted: self.wpt.measured.transmitted,
                supply_device_current: self.wpt.measured.coil_current,
                vendor_specific_data_container: vendor,
            }),
            _ => Response::WptChargeParameterDiscoveryRes(WptChargeParameterDiscoveryRes {
                header,
                response_code,
                pd_input_power_class: pad.class,
                sd_min_output_power: pad.min_power,
                sd_max_output_power: pad.max_power,
                sd_max_ground_clearance_support: pad.max_clearance,
                sd_min_ground_clearance_support: pad.min_clearance,
                pd_min_coil_current: pad.min_current,
                pd_max_coil_current: pad.max_current,
                sd_manufacturer_specific_data_container: vendor,
            }),
        };
        response.encode_on(stream, out)
    }

    pub(super) fn encode_wpt_loop(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (meter, receipt) = self.meter_info(reply);
        let most = self.wpt_joint_power();
        Response::WptChargeLoopRes(WptChargeLoopRes {
            header: self.header(),
            response_code: reply.code,
            evse_status: self.evse_status(),
            meter_info: meter.as_ref().map(Lazy::new),
            receipt: receipt.as_ref().map(Lazy::new),
            evpc_power_request: self.wpt.output,
            sd_power_input: self.wpt.measured.input,
            spc_max_output_power_limit: most,
            spc_min_output_power_limit: self.wpt.pad.min_power.min(most),
            spc_charge_diagnostics: self.wpt.diagnostics,
            spc_operating_frequency: self.wpt.measured.frequency,
            spc_power_control_parameter: self.wpt.measured.coil_current.map(|current| {
                WptSpcPowerControlParameter { spc_primary_device_coil_current_information: current }
            }),
            manufacturer_specific_data_container: List::new(&[]),
        })
        .encode(out)
    }
}

/// Whether both know one of the ways.
fn meet<'a, T: Element<'a> + PartialEq + 'a>(own: &[T], others: &List<'a, T>) -> bool {
    others.iter().any(|other| own.contains(&other))
}
