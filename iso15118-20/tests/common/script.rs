//! One engine against a script: typed messages in and out.

use std::time::Duration;

use exi_codec::app_protocol::{AppProtocol, SupportedAppProtocolReq};
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, Authorization, AuthorizationReq, AuthorizationSetupReq, ChargeProgress,
    ChargingSession, DynamicSeReqControlMode, EvPowerProfile, EvpptControlMode, PowerDeliveryReq,
    PowerScheduleEntry, ScheduleExchangeReq, ScheduledEvpptControlMode, ScheduledSeReqControlMode,
    SeReqControlMode, SelectedService, ServiceDetailReq, ServiceDiscoveryReq, ServiceSelectionReq,
    SessionSetupReq, SessionStopReq,
};
use exi_codec::iso20::common_types::{MessageHeader, NumericId, Processing, ResponseCode};
use exi_codec::iso20::dc::{
    BptDcCpdReqEnergyTransferMode, BptDynamicDcClReqControlMode, BptScheduledDcClReqControlMode,
    ClReqControlMode, DcCableCheckReq, DcChargeLoopReq, DcChargeParameterDiscoveryReq,
    DcCpdReqEnergyTransferMode, DcCpdReqMode, DcPreChargeReq, DcWeldingDetectionReq,
    DynamicDcClReqControlMode, ScheduledDcClReqControlMode,
};
use exi_codec::{Amperes, List, Ranged, Volts, WattHours, Watts};
use iso15118_20::message::{MessageKind, Request, Response};
use iso15118_20::secc::{AuthorizationDecision, Isolation, Secc, SeccEvent};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{
    Cause, Connection, Contactor, GridPermit, Instant, Measurement, Output, Profile, Refusal, Settings,
    Transport,
};
use v2gtp::{Frame, SchemaSet};

use super::{BUFFER, NOW, limits, secc_config};

pub const SESSION: [u8; 8] = [7; 8];

pub fn header() -> MessageHeader<'static> {
    MessageHeader { session_id: SESSION, time_stamp: NOW, signature: None }
}

/// A charger's engine and a vehicle that says whatever the test wants.
pub struct Script<'a> {
    pub secc: Secc<'a>,
    pub now: Instant,
    pub events: Vec<SeccEvent>,
    pub service: Service,
    pub mode: ControlMode,
    out: [u8; 4096],
    len: usize,
}

impl<'a> Script<'a> {
    pub fn new(buffer: &'a mut [u8; BUFFER], settings: &Settings) -> Self {
        let mut secc = Secc::new(&secc_config(settings), buffer).unwrap();
        let now = Instant::from_secs(1000);
        secc.set_limits(limits(30, 75));
        secc.set_grid_permit(GridPermit::UNLIMITED);
        secc.set_dispatch(Watts::new(20, 3));
        secc.start(now, &Connection::new(Transport::Secured, NOW), SESSION, [9; 16]);
        Self {
            secc,
            now,
            events: Vec::new(),
            service: Service::DcBpt,
            mode: ControlMode::Dynamic,
            out: [0; 4096],
            len: 0,
        }
    }

    /// Sends a request without waiting for the answer.
    pub fn send(&mut self, request: &Request<'_>) {
        let mut frame = [0; 4096];
        let len = request.encode(&mut frame).unwrap();
        let received = self.secc.handle_input(self.now, &frame[..len]);
        assert_eq!((received.consumed, received.kind), (len, Some(request.kind())));
        self.drain();
    }

    pub fn drain(&mut self) {
        while let Some(event) = self.secc.poll_event() {
            self.events.push(event);
        }
    }

    /// The answer, if there is one yet.
    pub fn answer(&mut self) -> Option<Response<'_>> {
        self.len = self.secc.poll_transmit(self.now, &mut self.out).unwrap()?.len;
        self.drain();
        let frame = Frame::new_checked(&self.out[..self.len]).unwrap();
        Some(Response::decode(frame.payload_type(), SchemaSet::Dc, frame.payload()).unwrap())
    }

    pub fn ask(&mut self, request: &Request<'_>) -> Response<'_> {
        self.send(request);
        self.answer().expect("an answer")
    }

    /// Asks and gives the response code.
    pub fn code(&mut self, request: &Request<'_>) -> ResponseCode {
        self.ask(request).code().unwrap()
    }

    pub fn ok(&mut self, request: &Request<'_>) {
        assert!(
            matches!(self.code(request), ResponseCode::Ok | ResponseCode::OkNewSessionEstablished),
            "{request:?}"
        );
    }

    pub fn wait(&mut self, time: Duration) {
        self.now += time;
        self.secc.handle_timeout(self.now);
        self.drain();
    }

    pub fn saw(&self, event: impl Fn(&SeccEvent) -> bool) -> usize {
        self.events.iter().filter(|seen| event(seen)).count()
    }

    pub fn measure(&mut self, voltage: i16, current: i16) {
        let measured = Measurement { voltage: Volts::new(voltage, 0), current: Amperes::new(current, 0) };
        self.secc.measurement(self.now, measured);
        self.drain();
    }

    /// Walks to a stage without a fault.
    pub fn walk_to(&mut self, stage: Stage) {
        while self.secc.stage() != stage {
            match self.secc.stage() {
                Stage::Negotiation => {
                    self.ask(&offer(&[protocol(1, 0, 5, 1)]));
                }
                Stage::SessionSetup => self.ok(&session_setup()),
                Stage::AuthorizationSetup => self.ok(&authorization_setup()),
                Stage::Authorization => {
                    self.secc.authorize(self.now, AuthorizationDecision::Accepted);
                    self.ok(&authorization());
                }
                Stage::ServiceDiscovery => self.ok(&discovery()),
                Stage::ServiceDetail => self.ok(&detail(self.service.number())),
                Stage::ServiceSelection => {
                    let set = if self.mode == ControlMode::Scheduled { 1 } else { 2 };
                    self.ok(&selection(self.service.number(), set));
                }
                Stage::ChargeParameters => self.ok(&charge_parameters(self.service)),
                Stage::ScheduleExchange => self.ok(&schedule_exchange(self.mode)),
                Stage::CableCheck => {
                    self.secc.isolation(self.now, Isolation::Valid);
                    self.ok(&cable_check());
                }
                Stage::PreCharge => {
                    self.measure(400, 0);
                    self.ok(&pre_charge(400, Processing::Finished));
                }
                Stage::PowerDelivery => {
                    self.secc.contactor(self.now, Contactor::Closed);
                    self.ok(&start(self.mode, 10));
                }
                Stage::ChargeLoop => self.ok(&power(ChargeProgress::Stop)),
                Stage::WeldingDetection => self.ok(&welding()),
                other => panic!("no way from {other} to {stage}"),
            }
            self.drain();
        }
    }
}

pub fn protocol(major: u32, minor: u32, schema_id: u8, priority: u16) -> AppProtocol<'static> {
    AppProtocol {
        protocol_namespace: "urn:iso:std:iso:15118:-20:DC".into(),
        version_number_major: major,
        version_number_minor: minor,
        schema_id,
        priority: Ranged::clamped(priority),
    }
}

pub fn offer<'a>(protocols: &'a [AppProtocol<'a>]) -> Request<'a> {
    Request::SupportedAppProtocolReq(SupportedAppProtocolReq { app_protocol: List::new(protocols) })
}

pub fn session_setup() -> Request<'static> {
    Request::SessionSetupReq(SessionSetupReq { header: MessageHeader::default(), evcc_id: "EV1".into() })
}

pub fn authorization_setup() -> Request<'static> {
    Request::AuthorizationSetupReq(AuthorizationSetupReq { header: header() })
}

pub fn authorization() -> Request<'static> {
    Request::AuthorizationReq(AuthorizationReq {
        header: header(),
        selected_authorization_service: Authorization::Eim,
        authorization_mode: AReqAuthorizationMode::Eim,
    })
}

pub fn discovery() -> Request<'static> {
    Request::ServiceDiscoveryReq(ServiceDiscoveryReq { header: header(), supported_service_ids: None })
}

pub fn detail(service_id: u16) -> Request<'static> {
    Request::ServiceDetailReq(ServiceDetailReq { header: header(), service_id })
}

pub fn selection(service_id: u16, parameter_set_id: u16) -> Request<'static> {
    Request::ServiceSelectionReq(ServiceSelectionReq {
        header: header(),
        selected_energy_transfer_service: SelectedService { service_id, parameter_set_id },
        selected_vas_list: None,
    })
}

pub fn charge_parameters(service: Service) -> Request<'static> {
    let energy_transfer_mode = if service == Service::Dc {
        DcCpdReqMode::Dc(DcCpdReqEnergyTransferMode {
            ev_maximum_charge_power: Watts::new(25, 3),
            ev_maximum_charge_current: Amperes::new(100, 0),
            ev_maximum_voltage: Volts::new(450, 0),
            ev_minimum_voltage: Volts::new(200, 0),
            ..Default::default()
        })
    } else {
        DcCpdReqMode::BptDc(BptDcCpdReqEnergyTransferMode {
            ev_maximum_charge_power: Watts::new(25, 3),
            ev_maximum_charge_current: Amperes::new(100, 0),
            ev_maximum_voltage: Volts::new(450, 0),
            ev_minimum_voltage: Volts::new(200, 0),
            ev_maximum_discharge_power: Watts::new(-10, 3),
            ev_maximum_discharge_current: Amperes::new(-40, 0),
            ..Default::default()
        })
    };
    Request::DcChargeParameterDiscoveryReq(DcChargeParameterDiscoveryReq {
        header: header(),
        energy_transfer_mode,
    })
}

pub fn schedule_exchange(mode: ControlMode) -> Request<'static> {
    let control_mode = match mode {
        ControlMode::Dynamic => SeReqControlMode::Dynamic(DynamicSeReqControlMode::default()),
        ControlMode::Scheduled => SeReqControlMode::Scheduled(ScheduledSeReqControlMode::default()),
    };
    Request::ScheduleExchangeReq(ScheduleExchangeReq {
        header: header(),
        maximum_supporting_points: Ranged::clamped(12),
        control_mode,
    })
}

pub fn cable_check() -> Request<'static> {
    Request::DcCableCheckReq(DcCableCheckReq { header: header() })
}

pub fn pre_charge(voltage: i16, ev_processing: Processing) -> Request<'static> {
    Request::DcPreChargeReq(DcPreChargeReq {
        header: header(),
        ev_processing,
        ev_present_voltage: Volts::ZERO,
        ev_target_voltage: Volts::new(voltage, 0),
    })
}

/// A start whose profile wants so many kilowatts.
pub fn start(mode: ControlMode, kilowatts: usize) -> Request<'static> {
    start_with(mode, 1, kilowatts)
}

pub fn start_with(mode: ControlMode, tuple: u32, kilowatts: usize) -> Request<'static> {
    const PROFILES: [[PowerScheduleEntry; 1]; 64] = {
        let mut profiles =
            [[PowerScheduleEntry { duration: 3600, power: Watts::ZERO, power_l2: None, power_l3: None }]; 64];
        let mut kilowatts = 0;
        while kilowatts < profiles.len() {
            profiles[kilowatts][0].power = Watts::new(kilowatts as i16, 3);
            kilowatts += 1;
        }
        profiles
    };
    static ALL: [[PowerScheduleEntry; 1]; 64] = PROFILES;
    let Request::PowerDeliveryReq(request) = power(ChargeProgress::Start) else { unreachable!() };
    Request::PowerDeliveryReq(PowerDeliveryReq {
        ev_power_profile: Some(EvPowerProfile {
            time_anchor: NOW,
            control_mode: match mode {
                ControlMode::Dynamic => EvpptControlMode::Dynamic,
                ControlMode::Scheduled => EvpptControlMode::Scheduled(ScheduledEvpptControlMode {
                    selected_schedule_tuple_id: NumericId::new(tuple).unwrap(),
                    power_tolerance_acceptance: None,
                }),
            },
            ev_power_profile_entries: List::new(&ALL[kilowatts]),
        }),
        ..request
    })
}

pub fn power(charge_progress: ChargeProgress) -> Request<'static> {
    Request::PowerDeliveryReq(PowerDeliveryReq { header: header(), charge_progress, ..Default::default() })
}

/// A round of the loop with wide limits; in Scheduled it wants so many amperes.
pub fn round(service: Service, mode: ControlMode, amperes: i16) -> Request<'static> {
    let energy = WattHours::new(10, 3);
    let dynamic = BptDynamicDcClReqControlMode {
        ev_target_energy_request: energy,
        ev_maximum_energy_request: energy,
        ev_maximum_charge_power: Watts::new(300, 3),
        ev_maximum_charge_current: Amperes::new(300, 0),
        ev_maximum_voltage: Volts::new(450, 0),
        ev_minimum_voltage: Volts::new(200, 0),
        ev_maximum_discharge_power: Watts::new(300, 3),
        ev_maximum_discharge_current: Amperes::new(300, 0),
        ..Default::default()
    };
    let scheduled = BptScheduledDcClReqControlMode {
        ev_target_current: Amperes::new(amperes, 0),
        ev_target_voltage: Volts::new(420, 0),
        ..Default::default()
    };
    let control_mode = match (service, mode) {
        (Service::Dc, ControlMode::Dynamic) => ClReqControlMode::Dynamic(DynamicDcClReqControlMode {
            ev_target_energy_request: energy,
            ev_maximum_energy_request: energy,
            ev_maximum_charge_power: Watts::new(300, 3),
            ev_maximum_charge_current: Amperes::new(300, 0),
            ev_maximum_voltage: Volts::new(450, 0),
            ev_minimum_voltage: Volts::new(200, 0),
            ..Default::default()
        }),
        (Service::Dc, ControlMode::Scheduled) => ClReqControlMode::Scheduled(ScheduledDcClReqControlMode {
            ev_target_current: Amperes::new(amperes, 0),
            ev_target_voltage: Volts::new(420, 0),
            ..Default::default()
        }),
        (_, ControlMode::Dynamic) => ClReqControlMode::BptDynamic(dynamic),
        (_, ControlMode::Scheduled) => ClReqControlMode::BptScheduled(scheduled),
    };
    Request::DcChargeLoopReq(DcChargeLoopReq {
        header: header(),
        ev_present_voltage: Volts::new(400, 0),
        control_mode,
        ..Default::default()
    })
}

pub fn welding() -> Request<'static> {
    Request::DcWeldingDetectionReq(DcWeldingDetectionReq {
        header: header(),
        ev_processing: Processing::Finished,
    })
}

pub fn session_stop(charging_session: ChargingSession) -> Request<'static> {
    Request::SessionStopReq(SessionStopReq { header: header(), charging_session, ..Default::default() })
}

pub const LENIENT: Settings = Settings::new(Profile::Lenient);
pub const STRICT: Settings = Settings::new(Profile::Strict);

pub fn run(settings: &Settings, test: impl FnOnce(&mut Script<'_>)) {
    let mut buffer = [0; BUFFER];
    test(&mut Script::new(&mut buffer, settings));
}

/// The session has ended for this reason, without current.
#[track_caller]
pub fn ended(s: &mut Script<'_>, cause: Cause) {
    s.drain();
    assert_eq!(s.secc.end().map(|end| end.cause), Some(cause));
    assert!(s.saw(|e| *e == SeccEvent::PowerOff) > 0);
}

pub fn refused(request: MessageKind, code: ResponseCode, why: Refusal) -> Cause {
    Cause::Refused { request, code, why }
}

pub fn last_output(s: &Script<'_>) -> Option<Output> {
    s.events.iter().rev().find_map(|e| match e {
        SeccEvent::Output(output) => Some(*output),
        SeccEvent::PowerOff => Some(Output::ZERO),
        _ => None,
    })
}
