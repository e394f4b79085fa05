//! What matters in the messages of AC, of wireless transfer and of automated connection.

use exi_codec::iso20::ac::{AcCpdReqMode, AcCpdResMode, ClReqControlMode, ClResControlMode};
use iso15118_20::message::{Request, Response};

use super::{Facts, number};

pub(super) fn of_request(facts: Facts, request: &Request<'_>) -> Facts {
    match request {
        Request::AcChargeParameterDiscoveryReq(m) => match &m.energy_transfer_mode {
            AcCpdReqMode::Ac(l) => facts.add("charge_w", number(l.ev_maximum_charge_power)),
            AcCpdReqMode::BptAc(l) => facts
                .add("charge_w", number(l.ev_maximum_charge_power))
                .add("discharge_w", number(l.ev_maximum_discharge_power)),
        },
        Request::AcChargeLoopReq(m) => {
            let soc = m.display_parameters.and_then(|d| d.present_soc).map(exi_codec::Ranged::get);
            let facts = facts.maybe("soc", soc);
            match &m.control_mode {
                ClReqControlMode::Dynamic(d) => facts
                    .add("present_w", number(d.ev_present_active_power))
                    .add("charge_w", number(d.ev_maximum_charge_power)),
                ClReqControlMode::BptDynamic(d) => facts
                    .add("present_w", number(d.ev_present_active_power))
                    .add("charge_w", number(d.ev_maximum_charge_power))
                    .add("discharge_w", number(d.ev_maximum_discharge_power)),
                ClReqControlMode::Scheduled(s) => facts
                    .add("present_w", number(s.ev_present_active_power))
                    .maybe("charge_w", s.ev_maximum_charge_power.map(number)),
                ClReqControlMode::BptScheduled(s) => facts
                    .add("present_w", number(s.ev_present_active_power))
                    .maybe("charge_w", s.ev_maximum_charge_power.map(number))
                    .maybe("discharge_w", s.ev_maximum_discharge_power.map(number)),
            }
        }
        Request::WptFinePositioningSetupReq(m) => facts.processing(m.ev_processing),
        Request::WptFinePositioningReq(m) => {
            facts.processing(m.ev_processing).add("result", m.ev_result_code.as_str())
        }
        Request::WptPairingReq(m) => {
            facts.processing(m.ev_processing).add("result", m.ev_result_code.as_str())
        }
        Request::WptAlignmentCheckReq(m) => {
            facts.processing(m.ev_processing).add("result", m.ev_result_code.as_str())
        }
        Request::WptChargeParameterDiscoveryReq(m) => {
            facts.add("charge_w", number(m.evpc_max_receivable_power))
        }
        Request::WptChargeLoopReq(m) => {
            facts.add("request_w", number(m.evpc_power_request)).add("present_w", number(m.evpc_power_output))
        }
        Request::AcdpVehiclePositioningReq(m) => facts.add("moving", m.ev_mobility_status),
        Request::AcdpConnectReq(m) | Request::AcdpDisconnectReq(m) => {
            facts.add("device", m.ev_electrical_charging_device_status.as_str())
        }
        _ => facts,
    }
}

pub(super) fn of_response(facts: Facts, response: &Response<'_>) -> Facts {
    match response {
        Response::AcChargeParameterDiscoveryRes(m) => match &m.energy_transfer_mode {
            AcCpdResMode::Ac(l) => facts.add("charge_w", number(l.evse_maximum_charge_power)),
            AcCpdResMode::BptAc(l) => facts
                .add("charge_w", number(l.evse_maximum_charge_power))
                .add("discharge_w", number(l.evse_maximum_discharge_power)),
        },
        Response::AcChargeLoopRes(m) => {
            let (target, present, facts) = match &m.control_mode {
                ClResControlMode::Dynamic(d) => (
                    Some(d.evse_target_active_power),
                    d.evse_present_active_power,
                    facts.needs(d.departure_time, d.target_soc),
                ),
                ClResControlMode::BptDynamic(d) => (
                    Some(d.evse_target_active_power),
                    d.evse_present_active_power,
                    facts.needs(d.departure_time, d.target_soc),
                ),
                ClResControlMode::Scheduled(s) => {
                    (s.evse_target_active_power, s.evse_present_active_power, facts)
                }
                ClResControlMode::BptScheduled(s) => {
                    (s.evse_target_active_power, s.evse_present_active_power, facts)
                }
            };
            let meter = m.meter_info.map(|meter| meter.get());
            facts
                .maybe("target_w", target.map(number))
                .maybe("present_w", present.map(number))
                .maybe("meter_wh", meter.map(|meter| meter.charged_energy_reading_wh))
                .status(m.evse_status)
        }
        Response::WptFinePositioningRes(m) => facts.processing(m.evse_processing),
        Response::WptPairingRes(m) => facts.processing(m.evse_processing),
        Response::WptAlignmentCheckRes(m) => {
            facts.processing(m.evse_processing).maybe("transmitted_w", m.power_transmitted.map(number))
        }
        Response::WptChargeParameterDiscoveryRes(m) => facts.add("charge_w", number(m.sd_max_output_power)),
        Response::WptChargeLoopRes(m) => {
            facts.add("limit_w", number(m.spc_max_output_power_limit)).status(m.evse_status)
        }
        Response::AcdpVehiclePositioningRes(m) => facts.processing(m.evse_processing),
        Response::AcdpConnectRes(m) | Response::AcdpDisconnectRes(m) => facts
            .processing(m.evse_processing)
            .add("device", m.evse_mechanical_charging_device_status.as_str()),
        _ => facts,
    }
}
