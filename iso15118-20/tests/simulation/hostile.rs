//! Messages with numbers that no sound peer sends, valid by the schema.

use exi_codec::iso20::common_types::{MessageHeader, PercentValue, Processing, ResponseCode};
use exi_codec::iso20::{ac, dc};
use exi_codec::{Quantity, Unit};
use iso15118_20::message::{Request, Response};
use iso15118_20::sequence::Stream;
use v2gtp::{Frame, SchemaSet};

use super::random::Random;

/// A value that can be spoilt.
trait Spoil {
    fn spoil(&mut self, random: &mut Random);
}

impl<U: Unit> Spoil for Quantity<U> {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(30) {
            *self = random.extreme();
        }
    }
}

impl Spoil for u32 {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(30) {
            *self = random.pick(&[0, 1, u32::MAX]);
        }
    }
}

impl Spoil for u16 {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(30) {
            *self = random.pick(&[0, 1, u16::MAX]);
        }
    }
}

impl Spoil for bool {
    fn spoil(&mut self, random: &mut Random) {
        *self ^= random.percent(20);
    }
}

impl Spoil for PercentValue {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(30) {
            *self = random.soc();
        }
    }
}

impl<T: Spoil + Default> Spoil for Option<T> {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(15) {
            *self = if self.is_some() { None } else { Some(T::default()) };
        }
        if let Some(value) = self {
            value.spoil(random);
        }
    }
}

impl Spoil for MessageHeader<'_> {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(10) {
            self.session_id = random.pick(&[[0; 8], [0xFF; 8]]);
        }
        if random.percent(20) {
            self.time_stamp = random.pick(&[0, 1, u64::MAX]);
        }
    }
}

impl Spoil for Processing {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(30) {
            *self = random.pick(Self::ALL);
        }
    }
}

impl Spoil for ResponseCode {
    fn spoil(&mut self, random: &mut Random) {
        if random.percent(40) {
            *self = random.pick(Self::ALL);
        }
    }
}

macro_rules! spoil {
    ($message:expr, $random:ident: $($field:ident)*) => {
        {
            $($message.$field.spoil($random);)*
        }
    };
}

/// The frame with other content, or none where nothing is known to spoil.
pub fn spoilt(frame: &[u8], family: SchemaSet, random: &mut Random) -> Option<Vec<u8>> {
    let frame = Frame::new_checked(frame).ok()?;
    let mut out = vec![0; 32 * 1024];
    let stream = Stream::of(frame.payload_type());
    let len = if let Ok(mut request) = Request::decode(frame.payload_type(), family, frame.payload()) {
        request_spoilt(&mut request, random);
        request.encode_on(stream, &mut out).ok()?
    } else {
        let mut response = Response::decode(frame.payload_type(), family, frame.payload()).ok()?;
        response_spoilt(&mut response, random);
        response.encode_on(stream, &mut out).ok()?
    };
    out.truncate(len);
    Some(out)
}

fn request_spoilt(request: &mut Request<'_>, random: &mut Random) {
    use exi_codec::iso20::common_messages::{ChargeProgress, ChargingSession, SeReqControlMode};
    match request {
        Request::DcChargeParameterDiscoveryReq(m) => {
            m.header.spoil(random);
            match &mut m.energy_transfer_mode {
                dc::DcCpdReqMode::Dc(m) => spoil!(m, random: ev_maximum_charge_power ev_minimum_charge_power
                    ev_maximum_charge_current ev_minimum_charge_current ev_maximum_voltage ev_minimum_voltage
                    target_soc),
                dc::DcCpdReqMode::BptDc(m) => {
                    spoil!(m, random: ev_maximum_charge_power ev_maximum_charge_current
                    ev_maximum_voltage ev_minimum_voltage ev_maximum_discharge_power ev_maximum_discharge_current
                    ev_minimum_discharge_power);
                }
            }
        }
        Request::AcChargeParameterDiscoveryReq(m) => match &mut m.energy_transfer_mode {
            ac::AcCpdReqMode::Ac(m) => spoil!(m, random: ev_maximum_charge_power ev_maximum_charge_power_l2
                ev_maximum_charge_power_l3 ev_minimum_charge_power),
            ac::AcCpdReqMode::BptAc(m) => {
                spoil!(m, random: ev_maximum_charge_power ev_maximum_charge_power_l2
                ev_maximum_charge_power_l3 ev_maximum_discharge_power ev_maximum_discharge_power_l2
                ev_maximum_discharge_power_l3 ev_minimum_charge_power);
            }
        },
        Request::DcPreChargeReq(m) => {
            spoil!(m, random: header ev_processing ev_present_voltage ev_target_voltage);
        }
        Request::DcChargeLoopReq(m) => {
            spoil!(m, random: header ev_present_voltage meter_info_requested);
            match &mut m.control_mode {
                dc::ClReqControlMode::Dynamic(m) => {
                    spoil!(m, random: departure_time ev_minimum_energy_request
                    ev_maximum_charge_power ev_maximum_charge_current ev_maximum_voltage ev_minimum_voltage);
                }
                dc::ClReqControlMode::BptDynamic(m) => spoil!(m, random: ev_minimum_energy_request
                    ev_maximum_charge_power ev_maximum_charge_current ev_maximum_voltage ev_minimum_voltage
                    ev_maximum_discharge_power ev_maximum_discharge_current ev_minimum_v2x_energy_request),
                dc::ClReqControlMode::Scheduled(m) => spoil!(m, random: ev_target_current ev_target_voltage
                    ev_maximum_charge_power ev_maximum_charge_current ev_maximum_voltage),
                dc::ClReqControlMode::BptScheduled(m) => {
                    spoil!(m, random: ev_target_current ev_target_voltage
                    ev_maximum_charge_power ev_maximum_charge_current ev_maximum_voltage
                    ev_maximum_discharge_power ev_maximum_discharge_current ev_minimum_energy_request);
                }
            }
        }
        Request::AcChargeLoopReq(m) => {
            m.header.spoil(random);
            match &mut m.control_mode {
                ac::ClReqControlMode::Dynamic(m) => spoil!(m, random: ev_maximum_charge_power
                    ev_maximum_charge_power_l2 ev_present_active_power ev_minimum_energy_request),
                ac::ClReqControlMode::BptDynamic(m) => spoil!(m, random: ev_maximum_charge_power
                    ev_maximum_charge_power_l3 ev_maximum_discharge_power ev_maximum_discharge_power_l2
                    ev_present_active_power ev_present_active_power_l2 ev_minimum_energy_request),
                ac::ClReqControlMode::Scheduled(m) => spoil!(m, random: ev_maximum_charge_power
                    ev_maximum_charge_power_l2 ev_present_active_power),
                ac::ClReqControlMode::BptScheduled(m) => spoil!(m, random: ev_maximum_charge_power
                    ev_maximum_discharge_power ev_maximum_discharge_power_l3 ev_present_active_power),
            }
        }
        Request::WptChargeParameterDiscoveryReq(m) => spoil!(m, random: evpc_max_receivable_power
            sd_max_ground_clearence sd_min_ground_clearence evpc_natural_frequency),
        Request::WptChargeLoopReq(m) => {
            spoil!(m, random: header evpc_power_request evpc_power_output);
        }
        Request::PowerDeliveryReq(m) => {
            spoil!(m, random: header ev_processing);
            if random.percent(30) {
                m.charge_progress = random.pick(ChargeProgress::ALL);
            }
            if let Some(profile) = &mut m.ev_power_profile
                && random.percent(30)
            {
                profile.time_anchor = random.pick(&[0, 1, u64::MAX, 1_700_000_000, 1_700_000_000_000_000]);
            }
        }
        Request::ScheduleExchangeReq(m) => {
            m.header.spoil(random);
            match &mut m.control_mode {
                SeReqControlMode::Dynamic(m) => spoil!(m, random: departure_time minimum_soc target_soc
                    ev_target_energy_request ev_maximum_energy_request ev_minimum_energy_request
                    ev_maximum_v2x_energy_request),
                SeReqControlMode::Scheduled(m) => spoil!(m, random: departure_time ev_target_energy_request
                    ev_maximum_energy_request ev_minimum_energy_request),
            }
        }
        Request::ServiceSelectionReq(m) => {
            spoil!(m.selected_energy_transfer_service, random: service_id parameter_set_id);
        }
        Request::ServiceDetailReq(m) => m.service_id.spoil(random),
        Request::SessionStopReq(m) if random.percent(60) => {
            m.charging_session = random.pick(ChargingSession::ALL);
        }
        Request::SessionSetupReq(m) => m.header.spoil(random),
        Request::DcCableCheckReq(m) => m.header.spoil(random),
        _ => {}
    }
}

fn response_spoilt(response: &mut Response<'_>, random: &mut Random) {
    match response {
        Response::DcChargeParameterDiscoveryRes(m) => {
            spoil!(m, random: header response_code);
            match &mut m.energy_transfer_mode {
                dc::DcCpdResMode::Dc(m) => {
                    spoil!(m, random: evse_maximum_charge_power evse_maximum_charge_current
                    evse_maximum_voltage evse_minimum_voltage);
                }
                dc::DcCpdResMode::BptDc(m) => spoil!(m, random: evse_maximum_charge_power
                    evse_maximum_charge_current evse_maximum_voltage evse_minimum_voltage
                    evse_maximum_discharge_power evse_maximum_discharge_current),
            }
        }
        Response::AcChargeParameterDiscoveryRes(m) => match &mut m.energy_transfer_mode {
            ac::AcCpdResMode::Ac(m) => {
                spoil!(m, random: evse_maximum_charge_power evse_maximum_charge_power_l2
                evse_minimum_charge_power);
            }
            ac::AcCpdResMode::BptAc(m) => spoil!(m, random: evse_maximum_charge_power
                evse_maximum_charge_power_l2 evse_maximum_discharge_power evse_maximum_discharge_power_l3),
        },
        Response::DcChargeLoopRes(m) => {
            spoil!(m, random: header evse_present_current evse_present_voltage);
            if let dc::ClResControlMode::BptDynamic(m) = &mut m.control_mode {
                spoil!(m, random: departure_time minimum_soc target_soc evse_maximum_charge_power
                    evse_maximum_discharge_power evse_maximum_discharge_current);
            }
        }
        Response::AcChargeLoopRes(m) => {
            m.header.spoil(random);
            match &mut m.control_mode {
                ac::ClResControlMode::Dynamic(m) => spoil!(m, random: departure_time minimum_soc
                    evse_target_active_power evse_target_active_power_l2 evse_target_reactive_power),
                ac::ClResControlMode::BptDynamic(m) => {
                    spoil!(m, random: departure_time minimum_soc target_soc
                    evse_target_active_power evse_target_active_power_l2 evse_target_active_power_l3);
                }
                ac::ClResControlMode::Scheduled(m) => spoil!(m, random: evse_target_active_power
                    evse_target_active_power_l2),
                ac::ClResControlMode::BptScheduled(m) => spoil!(m, random: evse_target_active_power
                    evse_target_active_power_l3),
            }
        }
        Response::WptChargeLoopRes(m) => spoil!(m, random: header evpc_power_request sd_power_input
            spc_max_output_power_limit spc_min_output_power_limit),
        Response::WptChargeParameterDiscoveryRes(m) => spoil!(m, random: sd_max_output_power
            sd_min_output_power),
        Response::AuthorizationRes(m) => spoil!(m, random: header response_code evse_processing),
        Response::ScheduleExchangeRes(m) => spoil!(m, random: header response_code evse_processing),
        Response::DcCableCheckRes(m) => spoil!(m, random: header response_code evse_processing),
        Response::DcPreChargeRes(m) => spoil!(m, random: response_code evse_present_voltage),
        Response::PowerDeliveryRes(m) => m.response_code.spoil(random),
        Response::ServiceSelectionRes(m) => m.response_code.spoil(random),
        Response::SessionSetupRes(m) => spoil!(m, random: header response_code),
        Response::SessionStopRes(m) => m.response_code.spoil(random),
        Response::AcdpConnectRes(m) => spoil!(m, random: response_code evse_processing),
        Response::WptAlignmentCheckRes(m) => spoil!(m, random: response_code evse_processing),
        Response::WptPairingRes(m) => spoil!(m, random: response_code evse_processing),
        _ => {}
    }
}
