//! Wireless power: the vehicle finds the coil, makes sure whose it is, and takes power without contact.

use exi_codec::iso20::common_types::{NumericId, ResponseCode};
use exi_codec::iso20::wpt::{
    AlternativeSecc, WptAlignmentCheckMethod, WptAlignmentCheckReq, WptChargeLoopReq, WptChargeLoopRes,
    WptChargeParameterDiscoveryReq, WptChargeParameterDiscoveryRes, WptEvResult, WptEvpcChargeDiagnostics,
    WptEvpcPowerControlParameter, WptFinePositioningMethod, WptFinePositioningReq,
    WptFinePositioningSetupReq, WptFinePositioningSetupRes, WptLfDataPackageList, WptLfSystemSetupData,
    WptPairingMethod, WptPairingReq, WptSpcChargeDiagnostics, WptSpcPowerControlParameter,
};
use exi_codec::{Amperes, Bytes, Frequency, List, Watts};
use v2gtp::{Instant, SchemaSet};

use super::plan::until;
use super::{Core, Course, Evcc, Flags, Pending, T};
use crate::end::Cause;
use crate::message::{MessageKind as K, Request, Response};
use crate::power::{WptLimits, WptPad};
use crate::sequence::{Asked, Stage};
use crate::wire::Received;

/// How often the vehicle looks for the coil again after the charger said that it is not there.
const MAX_ATTEMPTS: u8 = 8;

/// How a vehicle can find, recognise and check a coil; 1 to 8 ways each, best first.
#[derive(Clone, Copy, Debug)]
pub struct WptMethods<'a> {
    /// How it finds the coil.
    pub positioning: &'a [WptFinePositioningMethod],
    /// How it makes sure whose coil it is.
    pub pairing: &'a [WptPairingMethod],
    /// How it checks that the coils face each other.
    pub alignment: &'a [WptAlignmentCheckMethod],
    /// `NaturalOffset`, mm.
    pub natural_offset: u16,
    /// Where its low-frequency antennas are, if it has any.
    pub low_frequency: Option<&'a WptLfSystemSetupData<'a>>,
    /// Data of the manufacturer's, at most 16 pieces; they go with every message that takes them.
    pub vendor: &'a [Bytes<'a>],
}

impl WptMethods<'_> {
    /// The driver parks, somebody confirms, and power tells.
    pub const MANUAL: WptMethods<'static> = WptMethods {
        positioning: &[WptFinePositioningMethod::Manual],
        pairing: &[WptPairingMethod::ExternalConfirmation],
        alignment: &[WptAlignmentCheckMethod::PowerCheck],
        natural_offset: 0,
        low_frequency: None,
        vendor: &[],
    };

    pub(super) fn are_valid(&self) -> bool {
        [self.positioning.len(), self.pairing.len(), self.alignment.len()].iter().all(|n| (1..=8).contains(n))
            && self.vendor.len() <= 16
    }
}

/// The result of a step that the vehicle takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WptResult {
    /// It worked.
    Success,
    /// It did not.
    Failed,
}

/// What the vehicle's coil wants and does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WptDemand {
    /// Power that is wanted, W. All limits and the schedule are applied to it.
    pub power: Watts,
    /// Power that arrives, W.
    pub output: Watts,
    /// What the vehicle finds wrong.
    pub diagnostics: WptEvpcChargeDiagnostics,
    /// Operating frequency, Hz.
    pub frequency: Option<Frequency>,
    /// Currents and voltage for a charger that controls power by them.
    pub control: Option<WptEvpcPowerControlParameter>,
}

/// What the charger's coil does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WptStatus {
    /// The request that the charger is following, W.
    pub following: Watts,
    /// Power into the coil, W.
    pub input: Option<Watts>,
    /// Most and least output power at this moment, W.
    pub limits: (Watts, Watts),
    /// What the charger finds wrong.
    pub diagnostics: WptSpcChargeDiagnostics,
    /// Operating frequency, Hz.
    pub frequency: Option<Frequency>,
    /// Current in the charger's coil, where power is controlled by it.
    pub control: Option<WptSpcPowerControlParameter>,
}

/// What was agreed on how to find the coil.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WptAgreement {
    /// How the vehicle is positioned.
    pub positioning: WptFinePositioningMethod,
    /// How vehicle and charger recognise each other.
    pub pairing: WptPairingMethod,
    /// How alignment is checked.
    pub alignment: WptAlignmentCheckMethod,
}

/// What the host knows of a wireless vehicle, and what the charger said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plant {
    pub(super) limits: WptLimits,
    pub(super) demand: WptDemand,
    pub(super) pad: WptPad,
    pub(super) status: WptStatus,
    pub(super) agreement: WptAgreement,
    pub(super) transmitted: Option<Watts>,
    result: Option<WptResult>,
    observed: Option<NumericId>,
    coil_current: Option<Amperes>,
    signals: Option<WptLfDataPackageList>,
    attempts: u8,
}

impl Plant {
    /// What holds for the vehicle, without what was said in an earlier session.
    pub(super) fn fresh(self) -> Self {
        Self { limits: self.limits, demand: self.demand, coil_current: self.coil_current, ..Self::default() }
    }
}

/// The chargers that a `WPT_PairingRes` names instead of the one that sent it (`AlternativeSECCList`), 1 to 8: what
/// [`EvccEvent::AlternativeStations`](super::EvccEvent::AlternativeStations) told of. Each says where it is found as
/// far as it is known. None if the message is another, or names none.
pub fn alternatives<'i>(received: &Received<'i>) -> Option<List<'i, AlternativeSecc<'i>>> {
    if received.kind != Some(K::WptPairingRes) {
        return None;
    }
    match Response::decode(received.payload_type?, SchemaSet::Wpt, received.payload) {
        Ok(Response::WptPairingRes(message)) => message.alternative_secc_list,
        _ => None,
    }
}

impl Evcc<'_> {
    /// What the vehicle can take over its coil.
    pub fn set_wpt_limits(&mut self, limits: WptLimits) {
        self.core.plant.wpt.limits = limits;
    }

    /// What the vehicle's coil wants and does.
    pub fn set_wpt_demand(&mut self, demand: WptDemand) {
        self.core.plant.wpt.demand = demand;
    }

    /// The vehicle stands, or cannot: the answer to [`EvccEvent::Position`](super::EvccEvent::Position).
    pub fn positioned(&mut self, now: Instant, result: WptResult) {
        self.core.now = now;
        if matches!(self.core.sequence.stage(), Stage::FinePositioning | Stage::Repositioning) {
            self.core.plant.wpt.result = Some(result);
        }
    }

    /// Vehicle and charger mean each other, or do not: the answer to [`EvccEvent::Pair`](super::EvccEvent::Pair).
    /// `observed` is the code that was seen, if the way of pairing has one; not zero.
    pub fn paired(&mut self, now: Instant, result: WptResult, observed: Option<u32>) {
        self.core.now = now;
        if self.core.sequence.stage() == Stage::Pairing {
            self.core.plant.wpt.result = Some(result);
            self.core.plant.wpt.observed = observed.and_then(NumericId::new);
        }
    }

    /// The coils face each other, or do not: the answer to [`EvccEvent::Align`](super::EvccEvent::Align).
    pub fn aligned(&mut self, now: Instant, result: WptResult) {
        self.core.now = now;
        if self.core.sequence.stage() == Stage::AlignmentCheck {
            self.core.plant.wpt.result = Some(result);
        }
    }

    /// What the low-frequency antennas receive or send, for the next requests of fine positioning.
    pub fn set_lf_data(&mut self, signals: Option<WptLfDataPackageList>) {
        self.core.plant.wpt.signals = signals;
    }

    /// Current that the charger's coil is to carry for the check of alignment, A.
    pub fn set_coil_current(&mut self, current: Option<Amperes>) {
        self.core.plant.wpt.coil_current = current;
    }
}

impl Core<'_> {
    pub(super) fn wpt_plan(&self, stage: Stage) -> Option<Asked> {
        let decided = self.plant.wpt.result.is_some();
        Some(match stage {
            Stage::FinePositioningSetup => Asked::plain(K::WptFinePositioningSetupReq),
            Stage::FinePositioning | Stage::Repositioning => until(K::WptFinePositioningReq, decided),
            Stage::Pairing => until(K::WptPairingReq, decided),
            Stage::AlignmentCheck => until(K::WptAlignmentCheckReq, decided),
            _ => return None,
        })
    }

    pub(super) fn wpt_request(&self, asked: Asked) -> Option<Request<'_>> {
        let header = self.header();
        let wpt = &self.plant.wpt;
        let ev_processing = asked.processing;
        let vendor = List::new(self.config.wpt.vendor);
        let ev_result_code = match wpt.result {
            None => WptEvResult::EvResultUnknown,
            Some(WptResult::Success) => WptEvResult::EvResultSuccess,
            Some(WptResult::Failed) => WptEvResult::EvResultFailed,
        };
        Some(match asked.kind {
            K::WptFinePositioningSetupReq => {
                let methods = &self.config.wpt;
                Request::WptFinePositioningSetupReq(WptFinePositioningSetupReq {
                    header,
                    ev_processing,
                    ev_device_fine_positioning_method_list: List::new(methods.positioning),
                    ev_device_pairing_method_list: List::new(methods.pairing),
                    ev_device_alignment_check_method_list: List::new(methods.alignment),
                    natural_offset: methods.natural_offset,
                    vendor_specific_data_container: vendor,
                    lf_system_setup_data: methods.low_frequency.copied(),
                })
            }
            K::WptFinePositioningReq => Request::WptFinePositioningReq(WptFinePositioningReq {
                header,
                ev_processing,
                ev_result_code,
                vendor_specific_data_container: vendor,
                wpt_lf_data_package_list: wpt.signals,
            }),
            K::WptPairingReq => Request::WptPairingReq(WptPairingReq {
                header,
                ev_processing,
                observed_id_code: wpt.observed,
                ev_result_code,
                vendor_specific_data_container: vendor,
            }),
            K::WptChargeParameterDiscoveryReq => {
                Request::WptChargeParameterDiscoveryReq(WptChargeParameterDiscoveryReq {
                    header,
                    evpc_max_receivable_power: wpt.limits.max_power,
                    sd_max_ground_clearence: wpt.limits.max_clearance,
                    sd_min_ground_clearence: wpt.limits.min_clearance,
                    evpc_natural_frequency: wpt.limits.frequency,
                    vendor_specific_data_container: vendor,
                    ..WptChargeParameterDiscoveryReq::default()
                })
            }
            K::WptAlignmentCheckReq => Request::WptAlignmentCheckReq(WptAlignmentCheckReq {
                header,
                ev_processing,
                target_coil_current: wpt.coil_current,
                ev_result_code,
                vendor_specific_data_container: vendor,
            }),
            K::WptChargeLoopReq => Request::WptChargeLoopReq(WptChargeLoopReq {
                header,
                display_parameters: self.display(),
                meter_info_requested: self.flags.has(Flags::METER_WANTED),
                evpc_power_request: self.wpt_power(),
                evpc_power_output: wpt.demand.output,
                evpc_charge_diagnostics: wpt.demand.diagnostics,
                evpc_operating_frequency: wpt.demand.frequency,
                evpc_power_control_parameter: wpt.demand.control,
                manufacturer_specific_data_container: vendor,
            }),
            _ => return None,
        })
    }

    /// The power to ask for: the vehicle's wish within its limits, the charger's and the schedule.
    fn wpt_power(&self) -> Watts {
        if self.course != Course::Charge || self.sequence.stage() != Stage::ChargeLoop {
            return Watts::ZERO;
        }
        let wpt = &self.plant.wpt;
        let (most, _) = wpt.status.limits;
        let power = wpt.demand.power.min(wpt.limits.max_power).min(wpt.pad.max_power).min(most);
        power.min(self.corrected(self.planned_power())).max(Watts::ZERO)
    }

    pub(super) fn wpt_content(&mut self, response: &Response<'_>) {
        match response {
            Response::WptFinePositioningSetupRes(message) => self.wpt_agreed(message),
            Response::WptFinePositioningRes(_) | Response::WptPairingRes(_) => self.step_taken(),
            Response::WptAlignmentCheckRes(message) => {
                self.plant.wpt.transmitted = message.power_transmitted;
                self.step_taken();
            }
            Response::WptChargeParameterDiscoveryRes(message) => self.wpt_pad(message),
            Response::WptChargeLoopRes(message) => self.wpt_looped(message),
            _ => {}
        }
    }

    /// The charger's ways, in the order of the vehicle's.
    fn wpt_agreed(&mut self, message: &WptFinePositioningSetupRes<'_>) {
        let methods = self.config.wpt;
        let fine = message.primary_device_fine_positioning_method_list;
        let pairing = message.primary_device_pairing_method_list;
        let alignment = message.primary_device_alignment_check_method_list;
        let agreement = (
            methods.positioning.iter().find(|own| fine.iter().any(|other| other == **own)),
            methods.pairing.iter().find(|own| pairing.iter().any(|other| other == **own)),
            methods.alignment.iter().find(|own| alignment.iter().any(|other| other == **own)),
        );
        let (Some(positioning), Some(pairing), Some(alignment)) = agreement else {
            return self.leave(Cause::IncompatibleLimits);
        };
        self.plant.wpt.agreement =
            WptAgreement { positioning: *positioning, pairing: *pairing, alignment: *alignment };
    }

    /// The vehicle has said that it failed, and the charger has nothing better to offer.
    fn step_taken(&mut self) {
        if self.plant.wpt.result == Some(WptResult::Failed) {
            self.leave(Cause::PositioningFailed);
        }
    }

    /// The coils are not over each other: the vehicle moves again, a bounded number of times.
    pub(super) fn position_lost(&mut self, asked: Asked, code: ResponseCode) {
        self.plant.wpt.result = None;
        self.plant.wpt.attempts += 1;
        if self.plant.wpt.attempts >= MAX_ATTEMPTS {
            return self.leave(Cause::Failed { request: asked.kind, code });
        }
        if matches!(self.sequence.stage(), Stage::FinePositioning | Stage::Repositioning) {
            self.pending.raise(Pending::POSITION);
            self.set(T::Ongoing, self.config.settings.timing.customer);
        }
    }

    fn wpt_pad(&mut self, message: &WptChargeParameterDiscoveryRes<'_>) {
        let pad = WptPad {
            class: message.pd_input_power_class,
            max_power: message.sd_max_output_power,
            min_power: message.sd_min_output_power,
            max_clearance: message.sd_max_ground_clearance_support,
            min_clearance: message.sd_min_ground_clearance_support,
            max_current: message.pd_max_coil_current,
            min_current: message.pd_min_coil_current,
        };
        self.plant.wpt.pad = pad;
        self.plant.wpt.status = WptStatus { limits: (pad.max_power, pad.min_power), ..WptStatus::default() };
        self.pending.raise(Pending::LIMITS);
        if !pad.meets(&self.plant.wpt.limits) {
            self.leave(Cause::IncompatibleLimits);
        }
    }

    fn wpt_looped(&mut self, message: &WptChargeLoopRes<'_>) {
        self.plant.wpt.status = WptStatus {
            following: message.evpc_power_request,
            input: message.sd_power_input,
            limits: (message.spc_max_output_power_limit, message.spc_min_output_power_limit),
            diagnostics: message.spc_charge_diagnostics,
            frequency: message.spc_operating_frequency,
            control: message.spc_power_control_parameter,
        };
        self.pending.raise(Pending::WPT_STATUS);
        self.round_done(message.evse_status, message.meter_info, message.receipt);
    }

    pub(super) fn wpt_entered(&mut self, stage: Stage, asked: Asked) {
        let event = match (stage, asked.kind) {
            (Stage::FinePositioning, K::WptFinePositioningSetupReq | K::WptPairingReq)
            | (Stage::Repositioning, K::WptAlignmentCheckReq) => Pending::POSITION,
            (Stage::Pairing, K::WptFinePositioningReq) => Pending::PAIR,
            (Stage::AlignmentCheck, K::WptChargeParameterDiscoveryReq | K::WptFinePositioningReq) => {
                Pending::ALIGN
            }
            _ => return,
        };
        self.plant.wpt.result = None;
        self.pending.raise(event);
        // Somebody has to move the vehicle, or to confirm something.
        self.set(T::Ongoing, self.config.settings.timing.customer);
    }

    pub(super) fn wpt_is_quiet(&self) -> bool {
        self.plant.wpt.demand.output <= Watts::new(100, 0)
    }
}
