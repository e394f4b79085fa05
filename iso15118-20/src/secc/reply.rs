//! Responses: built and encoded in one go, where they are sent.

use exi_codec::iso20::common_messages::{
    AsResAuthorizationMode, Authorization, AuthorizationRes, AuthorizationSetupRes, ChargingSchedule,
    DynamicSeResControlMode, ParameterSet, PowerDeliveryRes, PowerSchedule, ScheduleExchangeRes,
    ScheduleTuple, SeResControlMode, Service, ServiceDetailRes, ServiceDiscoveryRes, ServiceSelectionRes,
    SessionSetupRes, SessionStopRes,
};
use exi_codec::iso20::common_types::{EvseNotification, EvseStatus, MeterInfo, NumericId};
use exi_codec::iso20::dc::{
    DcCableCheckRes, DcChargeLoopRes, DcChargeParameterDiscoveryRes, DcPreChargeRes, DcWeldingDetectionRes,
};
use exi_codec::{Amperes, Lazy, List, Str, app_protocol};

use super::request::TUPLE;
use super::{Core, Detail, Reply};
use crate::message::{EncodeError, MessageKind as K, Response, refusal};
use crate::sequence::{Class, class_of};
use crate::service::{ControlMode, Direction, Fee, MAX_OFFERS, MAX_PARAMETER_SETS};

impl Core<'_> {
    pub(super) fn encode(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let header = self.header();
        let response_code = reply.code;
        let evse_processing = reply.processing;
        if let Detail::Protocol(response_code, schema_id) = reply.detail {
            let message = app_protocol::SupportedAppProtocolRes { response_code, schema_id };
            return Response::SupportedAppProtocolRes(message).encode(out);
        }
        if class_of(response_code) == Class::Failed {
            return refusal(reply.asked.kind, header, response_code).encode(out);
        }
        let response = match reply.asked.kind {
            K::SessionSetupReq => Response::SessionSetupRes(SessionSetupRes {
                header,
                response_code,
                evse_id: Str::new(self.config.evse_id),
            }),
            K::AuthorizationSetupReq => Response::AuthorizationSetupRes(AuthorizationSetupRes {
                header,
                response_code,
                authorization_services: List::new(&[Authorization::Eim]),
                certificate_installation_service: false,
                authorization_mode: AsResAuthorizationMode::Eim,
            }),
            K::AuthorizationReq => {
                Response::AuthorizationRes(AuthorizationRes { header, response_code, evse_processing })
            }
            K::ServiceDiscoveryReq => return self.encode_services(reply, out),
            K::ServiceDetailReq => return self.encode_service_detail(reply, out),
            K::ServiceSelectionReq => {
                Response::ServiceSelectionRes(ServiceSelectionRes { header, response_code })
            }
            K::DcChargeParameterDiscoveryReq => {
                Response::DcChargeParameterDiscoveryRes(DcChargeParameterDiscoveryRes {
                    header,
                    response_code,
                    energy_transfer_mode: self.charge_parameters(),
                })
            }
            K::ScheduleExchangeReq => return self.encode_schedule(reply, out),
            K::DcCableCheckReq => {
                Response::DcCableCheckRes(DcCableCheckRes { header, response_code, evse_processing })
            }
            K::DcPreChargeReq => Response::DcPreChargeRes(DcPreChargeRes {
                header,
                response_code,
                evse_present_voltage: self.measured_voltage(),
            }),
            K::PowerDeliveryReq => Response::PowerDeliveryRes(PowerDeliveryRes {
                header,
                response_code,
                evse_status: self.evse_status(),
            }),
            K::DcChargeLoopReq => return self.encode_loop(reply, out),
            K::DcWeldingDetectionReq => Response::DcWeldingDetectionRes(DcWeldingDetectionRes {
                header,
                response_code,
                evse_present_voltage: self.measured_voltage(),
            }),
            K::SessionStopReq => Response::SessionStopRes(SessionStopRes { header, response_code }),
            other => refusal(other, header, response_code),
        };
        response.encode(out)
    }

    fn encode_services(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let mut services = [Service::default(); MAX_OFFERS];
        for (place, offer) in services.iter_mut().zip(self.config.offers) {
            *place = Service { service_id: offer.service.number(), free_service: offer.fee == Fee::Free };
        }
        let count = self.config.offers.len().min(MAX_OFFERS);
        Response::ServiceDiscoveryRes(ServiceDiscoveryRes {
            header: self.header(),
            response_code: reply.code,
            service_renegotiation_supported: false,
            energy_transfer_service_list: List::new(services.get(..count).unwrap_or_default()),
            vas_list: None,
        })
        .encode(out)
    }

    fn encode_service_detail(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Detail::Offer(index) = reply.detail else {
            return refusal(reply.asked.kind, self.header(), reply.code).encode(out);
        };
        let offers = self.config.offers.get(index..=index).unwrap_or_default();
        let service = offers.first().map(|offer| offer.service);
        let offered = service.unwrap_or(crate::service::Service::Dc);
        let sets = offers.first().map(|offer| offer.sets).unwrap_or_default();

        let mut parameters = [const { None }; MAX_PARAMETER_SETS];
        for (place, set) in parameters.iter_mut().zip(sets) {
            *place = Some((set.id, set.write(offered)));
        }
        let mut list =
            [const { ParameterSet { parameter_set_id: 0, parameter: List::new(&[]) } }; MAX_PARAMETER_SETS];
        for (place, set) in list.iter_mut().zip(&parameters) {
            if let Some((id, (all, count))) = set {
                let parameter = List::new(all.get(..*count).unwrap_or_default());
                *place = ParameterSet { parameter_set_id: *id, parameter };
            }
        }
        let count = sets.len().min(MAX_PARAMETER_SETS);
        Response::ServiceDetailRes(ServiceDetailRes {
            header: self.header(),
            response_code: reply.code,
            service_id: service.map_or(0, crate::service::Service::number),
            service_parameter_list: List::new(list.get(..count).unwrap_or_default()),
        })
        .encode(out)
    }

    fn encode_schedule(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (charge, charge_len) = self.schedule.wire();
        let (discharge, discharge_len) = self.discharge_schedule.wire();
        let charging = |start, entries| ChargingSchedule {
            power_schedule: PowerSchedule {
                time_anchor: start,
                power_schedule_entries: List::new(entries),
                ..PowerSchedule::default()
            },
            price_schedule: None,
        };
        let tuples = [ScheduleTuple {
            schedule_tuple_id: NumericId::new(TUPLE).unwrap_or(NumericId::ONE),
            charging_schedule: charging(self.schedule.start(), charge.get(..charge_len).unwrap_or_default()),
            discharging_schedule: (self.direction() == Direction::Bidirectional).then(|| {
                charging(self.discharge_schedule.start(), discharge.get(..discharge_len).unwrap_or_default())
            }),
        }];
        let control_mode = match self.selection.map(|selection| selection.parameters.control_mode) {
            Some(ControlMode::Scheduled) => SeResControlMode::Scheduled(List::new(&tuples)),
            _ => SeResControlMode::Dynamic(DynamicSeResControlMode::default()),
        };
        Response::ScheduleExchangeRes(ScheduleExchangeRes {
            header: self.header(),
            response_code: reply.code,
            evse_processing: reply.processing,
            go_to_pause: None,
            control_mode,
        })
        .encode(out)
    }

    fn encode_loop(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let meter = self.plant.meter.filter(|_| matches!(reply.detail, Detail::Meter));
        let meter_info = meter.map(|meter| MeterInfo {
            meter_id: Str::new(self.config.meter_id),
            charged_energy_reading_wh: meter.charged,
            bpt_discharged_energy_reading_wh: meter
                .discharged
                .filter(|_| self.direction() == Direction::Bidirectional),
            meter_timestamp: Some(self.calendar.at(self.now)),
            ..MeterInfo::default()
        });
        let measured = self.plant.measured.unwrap_or_default();
        let limits = self.own_limits();
        let discharge = limits.discharge.unwrap_or_default();
        let (power, current) = if measured.current.is_negative() {
            (discharge.max_power, discharge.max_current)
        } else {
            (limits.charge.max_power, limits.charge.max_current)
        };
        Response::DcChargeLoopRes(DcChargeLoopRes {
            header: self.header(),
            response_code: reply.code,
            evse_status: self.evse_status(),
            meter_info: meter_info.as_ref().map(Lazy::new),
            receipt: None,
            evse_present_current: measured.current,
            evse_present_voltage: measured.voltage,
            evse_power_limit_achieved: self.output.power.abs() >= power && !self.output.is_zero(),
            evse_current_limit_achieved: measured.current.abs() >= current && current > Amperes::ZERO,
            evse_voltage_limit_achieved: measured.voltage >= limits.max_voltage,
            control_mode: self.loop_limits(),
        })
        .encode(out)
    }

    fn evse_status(&self) -> Option<EvseStatus> {
        self.notification().map(|notification_max_delay| EvseStatus {
            notification_max_delay,
            evse_notification: EvseNotification::Terminate,
        })
    }
}
