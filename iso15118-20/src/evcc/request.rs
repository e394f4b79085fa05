//! Requests: built and encoded in one go, where they are sent.

use exi_codec::app_protocol::{AppProtocol, SupportedAppProtocolReq};
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, Authorization, AuthorizationReq, AuthorizationSetupReq, ChargeProgress,
    ChargingSession, DynamicSeReqControlMode, EvPowerProfile, EvpptControlMode, PowerDeliveryReq,
    PowerToleranceAcceptance, ScheduleExchangeReq, ScheduledEvpptControlMode, ScheduledSeReqControlMode,
    SeReqControlMode, SelectedService, ServiceDetailReq, ServiceDiscoveryReq, ServiceSelectionReq,
    SessionSetupReq, SessionStopReq,
};
use exi_codec::iso20::common_types::{DisplayParameters, NumericId};
use exi_codec::iso20::dc::{
    DcCableCheckReq, DcChargeLoopReq, DcChargeParameterDiscoveryReq, DcPreChargeReq, DcWeldingDetectionReq,
};
use exi_codec::{List, Str};

use super::Core;
use crate::end::Cause;
use crate::message::{EncodeError, MessageKind as K, Request};
use crate::schedule::{SCHEDULE_ENTRIES, Schedule};
use crate::sequence::{Asked, Step};
use crate::service::{ControlMode, Family};

/// Identifies the one protocol that is offered.
const SCHEMA_ID: u8 = 1;

impl Core<'_> {
    pub(super) fn encode(&self, asked: Asked, out: &mut [u8]) -> Result<usize, EncodeError> {
        let header = self.header();
        let request = match asked.kind {
            K::SupportedAppProtocolReq => return encode_offer(out),
            K::SessionSetupReq => {
                Request::SessionSetupReq(SessionSetupReq { header, evcc_id: Str::new(self.config.evcc_id) })
            }
            K::AuthorizationSetupReq => Request::AuthorizationSetupReq(AuthorizationSetupReq { header }),
            K::AuthorizationReq => Request::AuthorizationReq(AuthorizationReq {
                header,
                selected_authorization_service: Authorization::Eim,
                authorization_mode: AReqAuthorizationMode::Eim,
            }),
            K::ServiceDiscoveryReq => {
                Request::ServiceDiscoveryReq(ServiceDiscoveryReq { header, supported_service_ids: None })
            }
            K::ServiceDetailReq => Request::ServiceDetailReq(ServiceDetailReq {
                header,
                service_id: self.next_unasked().map_or(0, |wish| wish.service.number()),
            }),
            K::ServiceSelectionReq => {
                let selected = self.best.map_or(SelectedService::default(), |(_, best)| SelectedService {
                    service_id: best.service.number(),
                    parameter_set_id: best.parameters.id,
                });
                Request::ServiceSelectionReq(ServiceSelectionReq {
                    header,
                    selected_energy_transfer_service: selected,
                    selected_vas_list: None,
                })
            }
            K::DcChargeParameterDiscoveryReq => {
                Request::DcChargeParameterDiscoveryReq(DcChargeParameterDiscoveryReq {
                    header,
                    energy_transfer_mode: self.charge_parameters(),
                })
            }
            K::ScheduleExchangeReq => self.schedule_exchange(),
            K::DcCableCheckReq => Request::DcCableCheckReq(DcCableCheckReq { header }),
            K::DcPreChargeReq => Request::DcPreChargeReq(DcPreChargeReq {
                header,
                ev_processing: asked.processing,
                ev_present_voltage: self.plant.measured.voltage,
                ev_target_voltage: self.plant.demand.battery,
            }),
            K::PowerDeliveryReq => return self.encode_power_delivery(asked, out),
            K::DcChargeLoopReq => Request::DcChargeLoopReq(DcChargeLoopReq {
                header,
                display_parameters: self.display(),
                meter_info_requested: false,
                ev_present_voltage: self.plant.measured.voltage,
                control_mode: self.round(),
            }),
            K::DcWeldingDetectionReq => Request::DcWeldingDetectionReq(DcWeldingDetectionReq {
                header,
                ev_processing: asked.processing,
            }),
            // The vehicle plans nothing else.
            _ => Request::SessionStopReq(SessionStopReq {
                header,
                charging_session: ChargingSession::Terminate,
                ev_termination_code: self.leaving.and_then(termination_code).map(Str::new),
                ev_termination_explanation: None,
            }),
        };
        request.encode(out)
    }

    fn mode(&self) -> ControlMode {
        self.selection.map_or(ControlMode::Dynamic, |selection| selection.parameters.control_mode)
    }

    fn schedule_exchange(&self) -> Request<'static> {
        let needs = self.plant.needs;
        let control_mode = match self.mode() {
            ControlMode::Dynamic => SeReqControlMode::Dynamic(DynamicSeReqControlMode {
                departure_time: needs.departure_time,
                minimum_soc: needs.minimum_soc,
                target_soc: needs.target_soc,
                ev_target_energy_request: needs.target_energy,
                ev_maximum_energy_request: needs.max_energy,
                ev_minimum_energy_request: needs.min_energy,
                ev_maximum_v2x_energy_request: needs.v2x_energy.filter(|_| self.may_discharge()).map(|v| v.0),
                ev_minimum_v2x_energy_request: needs.v2x_energy.filter(|_| self.may_discharge()).map(|v| v.1),
            }),
            ControlMode::Scheduled => SeReqControlMode::Scheduled(ScheduledSeReqControlMode {
                departure_time: Some(needs.departure_time),
                ev_target_energy_request: Some(needs.target_energy),
                ev_maximum_energy_request: Some(needs.max_energy),
                ev_minimum_energy_request: Some(needs.min_energy),
                ev_energy_offer: None,
            }),
        };
        Request::ScheduleExchangeReq(ScheduleExchangeReq {
            header: self.header(),
            maximum_supporting_points: exi_codec::Ranged::clamped(SCHEDULE_ENTRIES as u16),
            control_mode,
        })
    }

    fn encode_power_delivery(&self, asked: Asked, out: &mut [u8]) -> Result<usize, EncodeError> {
        // A plan within the offered schedule; where the charger plans, it is for information only.
        let now = self.calendar.at(self.now);
        let most = self.plant.limits.charge.max_power;
        let plan = match self.mode() {
            ControlMode::Scheduled => self.station.schedule.capped(most),
            ControlMode::Dynamic => Schedule::flat(now, most.min(self.station.declared.charge.max_power)),
        };
        let (entries, len) = plan.wire();
        let profile = EvPowerProfile {
            time_anchor: plan.start(),
            control_mode: match self.mode() {
                ControlMode::Dynamic => EvpptControlMode::Dynamic,
                ControlMode::Scheduled => EvpptControlMode::Scheduled(ScheduledEvpptControlMode {
                    selected_schedule_tuple_id: NumericId::new(self.station.tuple).unwrap_or(NumericId::ONE),
                    // The plan keeps to the schedule, so any tolerance will do.
                    power_tolerance_acceptance: self
                        .station
                        .tolerance
                        .then_some(PowerToleranceAcceptance::PowerToleranceConfirmed),
                }),
            },
            ev_power_profile_entries: List::new(entries.get(..len).unwrap_or_default()),
        };
        Request::PowerDeliveryReq(PowerDeliveryReq {
            header: self.header(),
            ev_processing: asked.processing,
            charge_progress: match asked.step {
                Step::Start => ChargeProgress::Start,
                _ => ChargeProgress::Stop,
            },
            ev_power_profile: (asked.step == Step::Start).then_some(profile),
            bpt_channel_selection: None,
        })
        .encode(out)
    }

    fn display(&self) -> Option<DisplayParameters> {
        let needs = self.plant.needs;
        needs.present_soc.map(|soc| DisplayParameters {
            present_soc: Some(soc),
            minimum_soc: needs.minimum_soc,
            target_soc: needs.target_soc,
            charging_complete: Some(needs.charging_complete),
            battery_energy_capacity: needs.capacity,
            ..DisplayParameters::default()
        })
    }
}

fn encode_offer(out: &mut [u8]) -> Result<usize, EncodeError> {
    let offer = [AppProtocol {
        protocol_namespace: Str::new(Family::Dc.namespace()),
        version_number_major: 1,
        version_number_minor: 0,
        schema_id: SCHEMA_ID,
        priority: exi_codec::Ranged::clamped(1),
    }];
    Request::SupportedAppProtocolReq(SupportedAppProtocolReq { app_protocol: List::new(&offer) }).encode(out)
}

/// The schema of the one protocol that is offered.
pub(super) const fn is_offered(schema_id: Option<u8>) -> bool {
    matches!(schema_id, Some(SCHEMA_ID))
}

/// Why the vehicle leaves, for the record of the charger.
const fn termination_code(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::NoService => Some("NoService"),
        Cause::NotAuthorized => Some("NotAuthorized"),
        Cause::IncompatibleLimits => Some("IncompatibleLimits"),
        Cause::InvalidResponse(_) => Some("InvalidResponse"),
        Cause::UnsafeCurrent => Some("UnsafeCurrent"),
        Cause::ContactorFault => Some("ContactorFault"),
        Cause::Timeout(_) => Some("Timeout"),
        _ => None,
    }
}
