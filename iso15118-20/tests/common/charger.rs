//! The vehicle's engine against a charger that says whatever the test wants.

use std::time::Duration;

use exi_codec::app_protocol::{ResponseCode as Negotiation, SupportedAppProtocolRes};
use exi_codec::iso20::ac::{
    AcChargeLoopRes, AcChargeParameterDiscoveryRes, AcCpdResEnergyTransferMode, AcCpdResMode,
    BptAcCpdResEnergyTransferMode, BptDynamicAcClResControlMode, BptScheduledAcClResControlMode,
    ClResControlMode as AcRound, DynamicAcClResControlMode, ScheduledAcClResControlMode,
};
use exi_codec::iso20::acdp::{AcdpConnectRes, MechanicalChargingDeviceStatus as Device};
use exi_codec::iso20::common_messages::{
    ChargingSchedule, DynamicSeResControlMode, Parameter, ParameterSet, ParameterValue, PowerSchedule,
    PowerScheduleEntry, ScheduleExchangeRes, ScheduleTuple, SeResControlMode, Service as Listed,
    ServiceDetailRes, ServiceDiscoveryRes, SessionSetupRes,
};
use exi_codec::iso20::common_types::{EvseNotification, EvseStatus, MessageHeader, ResponseCode};
use exi_codec::iso20::dc::{
    BptDcCpdResEnergyTransferMode, BptDynamicDcClResControlMode, BptScheduledDcClResControlMode,
    ClResControlMode as DcRound, DcChargeLoopRes, DcChargeParameterDiscoveryRes, DcCpdResEnergyTransferMode,
    DcCpdResMode, DynamicDcClResControlMode, ScheduledDcClResControlMode,
};
use exi_codec::{Amperes, Frequency, Lazy, List, RationalNumber, Str, Volts, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Needs};
use iso15118_20::message::{MessageKind as K, Request, Response, refusal};
use iso15118_20::price::Costs;
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode, Direction, Family, Service};
use iso15118_20::{
    AcLimits, AcMeasurement, Cause, Connection, Contactor, Instant, Measurement, Phases, Transport,
};
use v2gtp::{Frame, SchemaSet};

use super::{BUFFER, NOW, limits};

pub const SESSION: [u8; 8] = [3; 8];

pub fn header() -> MessageHeader<'static> {
    MessageHeader { session_id: SESSION, time_stamp: NOW, signature: None }
}

/// One parameter set that a charger offers.
#[derive(Clone, Debug)]
pub struct Set {
    pub id: u16,
    pub values: Vec<(&'static str, i32)>,
}

impl Set {
    pub fn new(id: u16, mode: ControlMode) -> Self {
        Self { id, values: vec![("Connector", 2), ("ControlMode", mode.number())] }
    }

    pub fn with(mut self, name: &'static str, value: i32) -> Self {
        self.values.retain(|(known, _)| *known != name);
        self.values.push((name, value));
        self
    }
}

pub struct Charger<'a> {
    pub evcc: Evcc<'a>,
    pub now: Instant,
    pub events: Vec<EvccEvent>,
    /// Every request so far.
    pub sent: Vec<(Stream, K)>,
    /// Services with their parameter sets, energy and value-added.
    pub services: Vec<(u16, Vec<Set>)>,
    pub renegotiation: bool,
    pub schema_id: u8,
    pub notification: Option<(EvseNotification, u16)>,
    /// What the AC charger asks for.
    pub target: Watts,
    /// What it asks for where the vehicle plans.
    pub curtailed: Option<Watts>,
    /// `AckMaxDelay`.
    pub ack_max_delay: Option<u16>,
    /// `EVSEPowerRampLimitation` over AC.
    pub ramp: Option<RationalNumber>,
    /// What rounds of the AC loop bill.
    pub costs: Option<Costs>,
    /// The code of the next answer.
    pub code: ResponseCode,
    /// Power of the schedule that is offered.
    pub schedule: Vec<(u32, Watts)>,
    /// The power tolerance that comes with it.
    pub tolerance: Option<Watts>,
    /// Whether the vehicle's host does what it is told.
    pub obeys: bool,
    pub session: [u8; 8],
    /// The family before there is a selection.
    pub family: Option<Family>,
    frame: Vec<u8>,
    stream: Stream,
}

/// One offer with a Scheduled and a Dynamic set.
pub fn both_modes(service: Service) -> (u16, Vec<Set>) {
    (service.number(), vec![Set::new(1, ControlMode::Scheduled), Set::new(2, ControlMode::Dynamic)])
}

pub const ACS: AcLimits = AcLimits {
    max_charge: Phases::Total(Watts::new(11, 3)),
    min_charge: Phases::Total(Watts::new(1400, 0)),
    discharge: Some((Phases::Total(Watts::new(7, 3)), Phases::Total(Watts::ZERO))),
};

impl<'a> Charger<'a> {
    pub fn new(buffer: &'a mut [u8; BUFFER], config: &EvccConfig<'a>) -> Self {
        let mut evcc = Evcc::new(config, buffer).unwrap();
        evcc.set_limits(limits(25, 100));
        evcc.set_ac_limits(ACS);
        evcc.set_ac_demand(Phases::Total(Watts::new(8, 3)));
        evcc.set_discharge_permit(DischargePermit::Allowed);
        evcc.set_demand(Demand {
            battery: Volts::new(380, 0),
            voltage: Volts::new(420, 0),
            current: Amperes::new(50, 0),
        });
        evcc.set_needs(Needs {
            departure_time: 3600,
            target_energy: WattHours::new(20, 3),
            max_energy: WattHours::new(40, 3),
            min_energy: WattHours::new(-5, 3),
            ..Needs::default()
        });
        let services = config.wishes.iter().map(|wish| both_modes(wish.service)).collect();
        Self {
            evcc,
            now: Instant::from_secs(1000),
            events: Vec::new(),
            sent: Vec::new(),
            services,
            renegotiation: true,
            schema_id: 1,
            notification: None,
            target: Watts::new(5, 3),
            curtailed: None,
            ack_max_delay: None,
            ramp: None,
            costs: None,
            code: ResponseCode::Ok,
            schedule: vec![(86_400, Watts::new(22, 3))],
            tolerance: None,
            obeys: true,
            session: SESSION,
            family: None,
            frame: Vec::new(),
            stream: Stream::Main,
        }
    }

    pub fn connect(&mut self) {
        self.connect_over(&Connection::new(Transport::Secured, NOW));
    }

    pub fn connect_over(&mut self, connection: &Connection) {
        self.evcc.start(self.now, connection);
        self.drain();
    }

    pub fn drain(&mut self) {
        while let Some(event) = self.evcc.poll_event() {
            self.events.push(event);
            if !self.obeys {
                continue;
            }
            match event {
                EvccEvent::PreCharge => self.measure(380, 0),
                EvccEvent::CloseContactor { .. } => self.evcc.contactor(self.now, Contactor::Closed),
                EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff => {
                    self.measure(0, 0);
                    self.evcc.ac_measurement(self.now, AcMeasurement::default());
                    self.evcc.contactor(self.now, Contactor::Open);
                }
                _ => {}
            }
        }
    }

    pub fn measure(&mut self, volts: i16, amperes: i16) {
        let measured = Measurement { voltage: Volts::new(volts, 0), current: Amperes::new(amperes, 0) };
        self.evcc.measurement(self.now, measured);
    }

    /// The next request, if one comes without time passing.
    pub fn poll(&mut self) -> Option<K> {
        self.drain();
        let mut out = [0; 8192];
        let sent = self.evcc.poll_transmit(self.now, &mut out).unwrap()?;
        self.frame = out[..sent.len].to_vec();
        self.stream = sent.stream;
        self.sent.push((sent.stream, sent.kind));
        self.drain();
        Some(sent.kind)
    }

    /// The next request, however long it takes.
    #[track_caller]
    pub fn request(&mut self) -> K {
        for _ in 0..100 {
            if let Some(kind) = self.poll() {
                return kind;
            }
            self.tick();
        }
        panic!("no request: {:?} at {:?}", self.evcc.end(), self.evcc.stage());
    }

    /// Lets the next deadline pass.
    #[track_caller]
    pub fn tick(&mut self) {
        let next = self.evcc.poll_timeout();
        let Some(next) = next else { panic!("nothing to wait for: {:?}", self.evcc.end()) };
        self.now = self.now.max(next);
        self.evcc.handle_timeout(self.now);
        self.drain();
    }

    pub fn wait(&mut self, time: Duration) {
        self.now += time;
        self.evcc.handle_timeout(self.now);
        self.drain();
    }

    fn family_set(&self) -> SchemaSet {
        if let Some(set) = self.family {
            return set.schema_set();
        }
        let family = self.evcc.selection().map_or(Family::Dc, |s| s.service.family());
        family.schema_set()
    }

    /// Looks at the last request.
    pub fn see<R>(&self, look: impl FnOnce(&Request<'_>) -> R) -> R {
        let frame = Frame::new_checked(&self.frame[..]).unwrap();
        look(&Request::decode(frame.payload_type(), self.family_set(), frame.payload()).unwrap())
    }

    pub fn reply(&mut self, response: &Response<'_>) {
        let mut out = [0; 8192];
        let len = response.encode_on(self.stream, &mut out).unwrap();
        let _ = self.evcc.handle_input(self.now, &out[..len]);
        self.drain();
    }

    /// The last request, to be answered later.
    pub fn save(&self) -> (Stream, Vec<u8>, K) {
        (self.stream, self.frame.clone(), self.sent.last().unwrap().1)
    }

    pub fn answer_saved(&mut self, (stream, _, kind): &(Stream, Vec<u8>, K)) {
        let header = MessageHeader { session_id: self.session, ..header() };
        let before = self.stream;
        self.stream = *stream;
        self.reply(&refusal(*kind, header, ResponseCode::Ok));
        self.stream = before;
    }

    /// Answers the last request as a good charger does.
    #[allow(clippy::too_many_lines, reason = "one arm for each request")]
    pub fn ok(&mut self) {
        let kind = self.sent.last().unwrap().1;
        let code = std::mem::replace(&mut self.code, ResponseCode::Ok);
        let header = MessageHeader { session_id: self.session, ..header() };
        let status = self
            .notification
            .map(|(kind, delay)| EvseStatus { evse_notification: kind, notification_max_delay: delay });
        let selection = self.evcc.selection();
        let direction = selection.map_or(Direction::ChargeOnly, |s| s.service.direction());
        let mode = selection.map_or(ControlMode::Dynamic, |s| s.parameters.control_mode);
        match kind {
            K::SupportedAppProtocolReq => {
                self.reply(&Response::SupportedAppProtocolRes(SupportedAppProtocolRes {
                    response_code: Negotiation::OkSuccessfulNegotiation,
                    schema_id: Some(self.schema_id),
                }));
            }
            K::SessionSetupReq => {
                let response_code =
                    if code == ResponseCode::Ok { ResponseCode::OkNewSessionEstablished } else { code };
                self.reply(&Response::SessionSetupRes(SessionSetupRes {
                    header,
                    response_code,
                    evse_id: Str::new("DE*V2G*E1"),
                }));
            }
            K::ServiceDiscoveryReq => {
                let listed = |extra: bool| {
                    let ids = self.services.iter().map(|(id, _)| *id).filter(move |id| (*id >= 60) == extra);
                    ids.map(|service_id| Listed { service_id, free_service: true }).collect::<Vec<_>>()
                };
                let (energy, extra) = (listed(false), listed(true));
                let response = ServiceDiscoveryRes {
                    header,
                    response_code: code,
                    service_renegotiation_supported: self.renegotiation,
                    energy_transfer_service_list: List::new(&energy),
                    vas_list: (!extra.is_empty()).then_some(List::new(&extra)),
                };
                self.reply(&Response::ServiceDiscoveryRes(response));
            }
            K::ServiceDetailReq => {
                let id = self.see(|request| match request {
                    Request::ServiceDetailReq(message) => message.service_id,
                    _ => 0,
                });
                let sets = self.services.iter().find(|(known, _)| *known == id).unwrap().1.clone();
                let values: Vec<Vec<Parameter<'_>>> = sets
                    .iter()
                    .map(|set| {
                        let parameter = |(name, value): &(&'static str, i32)| Parameter {
                            name: Str::new(name),
                            value: ParameterValue::IntValue(*value),
                        };
                        set.values.iter().map(parameter).collect()
                    })
                    .collect();
                let sets: Vec<ParameterSet<'_>> = sets
                    .iter()
                    .zip(&values)
                    .map(|(set, values)| ParameterSet {
                        parameter_set_id: set.id,
                        parameter: List::new(values),
                    })
                    .collect();
                self.reply(&Response::ServiceDetailRes(ServiceDetailRes {
                    header,
                    response_code: code,
                    service_id: id,
                    service_parameter_list: List::new(&sets),
                }));
            }
            K::AcChargeParameterDiscoveryReq => {
                let energy_transfer_mode = match direction {
                    Direction::ChargeOnly => AcCpdResMode::Ac(AcCpdResEnergyTransferMode {
                        evse_maximum_charge_power: Watts::new(22, 3),
                        evse_nominal_frequency: Frequency::new(50, 0),
                        evse_power_ramp_limitation: self.ramp,
                        ..Default::default()
                    }),
                    Direction::Bidirectional => AcCpdResMode::BptAc(BptAcCpdResEnergyTransferMode {
                        evse_maximum_charge_power: Watts::new(22, 3),
                        evse_nominal_frequency: Frequency::new(50, 0),
                        evse_power_ramp_limitation: self.ramp,
                        evse_maximum_discharge_power: Watts::new(-10, 3),
                        ..Default::default()
                    }),
                };
                self.reply(&Response::AcChargeParameterDiscoveryRes(AcChargeParameterDiscoveryRes {
                    header,
                    response_code: code,
                    energy_transfer_mode,
                }));
            }
            K::AcChargeLoopReq => {
                let target = self.target;
                let control_mode = match (direction, mode) {
                    (Direction::ChargeOnly, ControlMode::Dynamic) => {
                        AcRound::Dynamic(DynamicAcClResControlMode {
                            evse_target_active_power: target,
                            ack_max_delay: self.ack_max_delay,
                            ..Default::default()
                        })
                    }
                    (Direction::ChargeOnly, ControlMode::Scheduled) => {
                        AcRound::Scheduled(ScheduledAcClResControlMode {
                            evse_target_active_power: self.curtailed,
                            ..Default::default()
                        })
                    }
                    (Direction::Bidirectional, ControlMode::Dynamic) => {
                        AcRound::BptDynamic(BptDynamicAcClResControlMode {
                            evse_target_active_power: target,
                            ack_max_delay: self.ack_max_delay,
                            ..Default::default()
                        })
                    }
                    (Direction::Bidirectional, ControlMode::Scheduled) => {
                        AcRound::BptScheduled(BptScheduledAcClResControlMode {
                            evse_target_active_power: self.curtailed,
                            ..Default::default()
                        })
                    }
                };
                let costs = self.costs;
                let receipt = costs.as_ref().map(|costs| costs.receipt(NOW));
                self.reply(&Response::AcChargeLoopRes(AcChargeLoopRes {
                    header,
                    response_code: code,
                    evse_status: status,
                    receipt: receipt.as_ref().map(Lazy::new),
                    control_mode,
                    ..Default::default()
                }));
            }
            K::DcChargeParameterDiscoveryReq => {
                let plain = DcCpdResEnergyTransferMode {
                    evse_maximum_charge_power: Watts::new(30, 3),
                    evse_maximum_charge_current: Amperes::new(75, 0),
                    evse_maximum_voltage: Volts::new(500, 0),
                    ..Default::default()
                };
                let energy_transfer_mode = match direction {
                    Direction::ChargeOnly => DcCpdResMode::Dc(plain),
                    Direction::Bidirectional => DcCpdResMode::BptDc(BptDcCpdResEnergyTransferMode {
                        evse_maximum_charge_power: plain.evse_maximum_charge_power,
                        evse_maximum_charge_current: plain.evse_maximum_charge_current,
                        evse_maximum_voltage: plain.evse_maximum_voltage,
                        evse_maximum_discharge_power: Watts::new(30, 3),
                        evse_maximum_discharge_current: Amperes::new(75, 0),
                        ..Default::default()
                    }),
                };
                self.reply(&Response::DcChargeParameterDiscoveryRes(DcChargeParameterDiscoveryRes {
                    header,
                    response_code: code,
                    energy_transfer_mode,
                }));
            }
            K::DcChargeLoopReq => {
                let control_mode = match (direction, mode) {
                    (Direction::ChargeOnly, ControlMode::Dynamic) => {
                        DcRound::Dynamic(DynamicDcClResControlMode {
                            evse_maximum_charge_power: Watts::new(40, 3),
                            evse_maximum_charge_current: Amperes::new(60, 0),
                            evse_maximum_voltage: Volts::new(500, 0),
                            ..Default::default()
                        })
                    }
                    (Direction::ChargeOnly, ControlMode::Scheduled) => {
                        DcRound::Scheduled(ScheduledDcClResControlMode::default())
                    }
                    (Direction::Bidirectional, ControlMode::Dynamic) => {
                        DcRound::BptDynamic(BptDynamicDcClResControlMode {
                            evse_maximum_charge_power: Watts::new(20, 3),
                            evse_maximum_charge_current: Amperes::new(60, 0),
                            evse_maximum_voltage: Volts::new(500, 0),
                            ..Default::default()
                        })
                    }
                    (Direction::Bidirectional, ControlMode::Scheduled) => {
                        DcRound::BptScheduled(BptScheduledDcClResControlMode::default())
                    }
                };
                self.reply(&Response::DcChargeLoopRes(DcChargeLoopRes {
                    header,
                    response_code: code,
                    evse_status: status,
                    evse_present_voltage: Volts::new(380, 0),
                    control_mode,
                    ..Default::default()
                }));
            }
            K::ScheduleExchangeReq => self.schedules(code, false),
            kind => match refusal(kind, header, code) {
                Response::PowerDeliveryRes(message) => {
                    self.reply(&Response::PowerDeliveryRes(
                        exi_codec::iso20::common_messages::PowerDeliveryRes {
                            evse_status: status,
                            ..message
                        },
                    ));
                }
                Response::AcdpConnectRes(message) => {
                    self.reply(&Response::AcdpConnectRes(AcdpConnectRes {
                        evse_mechanical_charging_device_status: Device::EndPosition,
                        ..message
                    }));
                }
                response => self.reply(&response),
            },
        }
    }

    pub fn schedules(&mut self, code: ResponseCode, go_to_pause: bool) {
        let header = MessageHeader { session_id: self.session, ..header() };
        let entries: Vec<PowerScheduleEntry> = self
            .schedule
            .iter()
            .map(|(duration, power)| PowerScheduleEntry {
                duration: *duration,
                power: *power,
                ..Default::default()
            })
            .collect();
        let power_schedule = PowerSchedule {
            time_anchor: NOW,
            power_schedule_entries: List::new(&entries),
            power_tolerance: self.tolerance,
            ..Default::default()
        };
        let tuples = [ScheduleTuple {
            charging_schedule: ChargingSchedule { power_schedule, price_schedule: None },
            ..Default::default()
        }];
        let mode = self.evcc.selection().unwrap().parameters.control_mode;
        self.reply(&Response::ScheduleExchangeRes(ScheduleExchangeRes {
            header,
            response_code: code,
            go_to_pause: go_to_pause.then_some(true),
            control_mode: match mode {
                ControlMode::Dynamic => SeResControlMode::Dynamic(DynamicSeResControlMode::default()),
                ControlMode::Scheduled => SeResControlMode::Scheduled(List::new(&tuples)),
            },
            ..Default::default()
        }));
    }

    /// The next request, answered well.
    #[track_caller]
    pub fn pass(&mut self) -> K {
        let kind = self.request();
        self.ok();
        kind
    }

    /// Goes on well until the vehicle stands at a stage.
    #[track_caller]
    pub fn walk_to(&mut self, stage: Stage) {
        for _ in 0..200 {
            if self.evcc.stage() == stage {
                return;
            }
            self.pass();
        }
        panic!("never at {stage}");
    }

    /// Goes on well to the end.
    #[track_caller]
    pub fn finish(&mut self) -> Cause {
        self.finish_within(200)
    }

    #[track_caller]
    pub fn finish_within(&mut self, requests: usize) -> Cause {
        for _ in 0..requests {
            if let Some(end) = self.evcc.end() {
                return end.cause;
            }
            self.pass();
        }
        panic!("no end");
    }

    pub fn saw(&self, event: impl Fn(&EvccEvent) -> bool) -> usize {
        self.events.iter().filter(|seen| event(seen)).count()
    }

    /// The requests of the main stream, with repetitions counted once.
    pub fn flow(&self) -> Vec<K> {
        let mut flow: Vec<K> =
            self.sent.iter().filter(|(stream, _)| *stream == Stream::Main).map(|(_, kind)| *kind).collect();
        flow.dedup();
        flow
    }

    pub fn count(&self, kind: K) -> usize {
        self.sent.iter().filter(|(_, sent)| *sent == kind).count()
    }
}

pub fn charger<'a>(
    buffer: &'a mut [u8; BUFFER],
    config: &EvccConfig<'a>,
    test: impl FnOnce(&mut Charger<'a>),
) {
    test(&mut Charger::new(buffer, config));
}
