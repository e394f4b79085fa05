//! A charger of any family against a vehicle that says whatever the test wants.

use std::time::Duration;

use exi_codec::app_protocol::AppProtocol;
use exi_codec::iso20::ac::{
    AcChargeLoopReq, AcChargeParameterDiscoveryReq, AcCpdReqEnergyTransferMode, AcCpdReqMode,
    BptAcCpdReqEnergyTransferMode, BptDynamicAcClReqControlMode, BptScheduledAcClReqControlMode,
    ClReqControlMode, DynamicAcClReqControlMode, ScheduledAcClReqControlMode,
};
use exi_codec::iso20::acdp::{
    AcdpConnectReq, AcdpSystemStatusReq, AcdpVehiclePositioningReq, ElectricalChargingDeviceStatus,
    MechanicalChargingDeviceStatus,
};
use exi_codec::iso20::common_messages::{ChargeProgress, SelectedService, ServiceSelectionReq};
use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use exi_codec::iso20::wpt::{
    WptAlignmentCheckMethod, WptAlignmentCheckReq, WptChargeLoopReq, WptChargeParameterDiscoveryReq,
    WptEvResult, WptFinePositioningMethod, WptFinePositioningReq, WptFinePositioningSetupReq,
    WptPairingMethod, WptPairingReq,
};
use exi_codec::iso20::xmldsig::{Signature, SignatureValue};
use exi_codec::{Amperes, Bytes, Frequency, Lazy, List, Volts, Watts};
use iso15118_20::message::{Request, Response};
use iso15118_20::secc::{
    AuthorizationDecision, Device, Isolation, Positioning, Secc, SeccConfig, SeccEvent, VehiclePosition,
};
use iso15118_20::security::PeerId;
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{ControlMode, Direction, Family, Fee, MobilityNeeds, Offer, Parameters, Service};
use iso15118_20::{
    AcLimits, AcMeasurement, Cause, Connection, Contactor, GridPermit, Instant, Measurement, Phases,
    Transport, WptPad,
};
use v2gtp::Frame;

use super::script::{self, SESSION, header};
use super::{BUFFER, NOW, limits};

pub const CHALLENGE: [u8; 16] = [9; 16];
pub const PEER: PeerId = PeerId([3; 64]);

const SETS: &[Parameters] = &[
    Parameters::new(1, ControlMode::Scheduled),
    Parameters::new(2, ControlMode::Dynamic),
    Parameters::new(3, ControlMode::Dynamic).with_mobility_needs(MobilityNeeds::VehicleOrCharger),
];

const fn offer(service: Service) -> Offer<'static> {
    Offer { service, fee: Fee::Paid, sets: SETS }
}

/// Every service there is.
pub const ALL: &[Offer<'static>] = &[
    offer(Service::Dc),
    offer(Service::DcBpt),
    offer(Service::Ac),
    offer(Service::AcBpt),
    offer(Service::Mcs),
    offer(Service::McsBpt),
    offer(Service::Wpt),
    offer(Service::DcAcdp),
];

pub fn config() -> SeccConfig<'static> {
    SeccConfig::new("DE*V2G*E1", "M1", ALL, script::LENIENT)
}

pub fn strict() -> SeccConfig<'static> {
    SeccConfig { settings: script::STRICT, ..config() }
}

pub struct Station<'a> {
    pub secc: Secc<'a>,
    pub now: Instant,
    pub events: Vec<SeccEvent>,
    pub service: Service,
    pub mode: ControlMode,
    pub set: u16,
    out: Vec<u8>,
}

/// Runs a test against a charger over a secured link to a vehicle with a certificate.
pub fn with(
    config: &SeccConfig<'_>,
    service: Service,
    mode: ControlMode,
    test: impl FnOnce(&mut Station<'_>),
) {
    let mut buffer = [0; BUFFER];
    test(&mut Station::new(Secc::new(config, &mut buffer).unwrap(), service, mode));
}

impl<'a> Station<'a> {
    pub fn new(mut secc: Secc<'a>, service: Service, mode: ControlMode) -> Self {
        secc.set_limits(limits(30, 75));
        secc.set_ac_limits(ac_limits(22));
        secc.set_wpt_pad(pad());
        secc.set_grid_permit(GridPermit::UNLIMITED);
        secc.set_dispatch(Watts::new(5, 3));
        let set = if mode == ControlMode::Scheduled { 1 } else { 2 };
        let (now, out) = (Instant::from_secs(1000), vec![0; 16_384]);
        let mut station = Self { secc, now, events: Vec::new(), service, mode, set, out };
        station.connect(&Connection::new(Transport::Secured, NOW).with_peer(PEER));
        station
    }
}

impl Station<'_> {
    pub fn connect(&mut self, connection: &Connection) {
        self.secc.start(self.now, connection, SESSION, CHALLENGE);
    }

    pub fn send_on(&mut self, stream: Stream, request: &Request<'_>) {
        let mut frame = [0; 8192];
        let len = request.encode_on(stream, &mut frame).unwrap();
        let received = self.secc.handle_input(self.now, &frame[..len]);
        assert_eq!((received.consumed, received.kind), (len, Some(request.kind())));
        self.drain();
    }

    pub fn send(&mut self, request: &Request<'_>) {
        self.send_on(Stream::Main, request);
    }

    pub fn drain(&mut self) {
        while let Some(event) = self.secc.poll_event() {
            self.events.push(event);
        }
    }

    /// A frame that the host wrote itself, or that was fetched.
    pub fn read(&mut self, len: usize) -> Response<'_> {
        self.drain();
        let frame = Frame::new_checked(&self.out[..len]).unwrap();
        Response::decode(frame.payload_type(), self.service.family().schema_set(), frame.payload()).unwrap()
    }

    pub fn answer(&mut self) -> Option<Response<'_>> {
        let len = self.secc.poll_transmit(self.now, &mut self.out).unwrap()?.len;
        Some(self.read(len))
    }

    pub fn ask(&mut self, request: &Request<'_>) -> Response<'_> {
        self.send(request);
        self.answer().expect("an answer")
    }

    pub fn ask_on(&mut self, stream: Stream, request: &Request<'_>) -> Response<'_> {
        self.send_on(stream, request);
        self.answer().expect("an answer")
    }

    #[track_caller]
    pub fn code(&mut self, request: &Request<'_>) -> ResponseCode {
        self.ask(request).code().unwrap()
    }

    #[track_caller]
    pub fn code_on(&mut self, stream: Stream, request: &Request<'_>) -> ResponseCode {
        self.ask_on(stream, request).code().unwrap()
    }

    #[track_caller]
    pub fn ok(&mut self, request: &Request<'_>) {
        let code = self.code(request);
        assert!(
            (code as u8) < ResponseCode::WarningAuthorizationSelectionInvalid as u8,
            "{code:?}: {request:?}"
        );
    }

    /// Lets the host write the answer.
    pub fn host(&mut self, write: impl FnOnce(&mut Secc<'_>, Instant, &mut [u8]) -> usize) -> Response<'_> {
        let len = write(&mut self.secc, self.now, &mut self.out);
        self.read(len)
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

    pub fn measure_ac(&mut self, watts: i16) {
        let measured =
            AcMeasurement { active: Phases::Total(Watts::new(watts, 0)), ..AcMeasurement::default() };
        self.secc.ac_measurement(self.now, measured);
        self.drain();
    }

    pub fn round(&self) -> Request<'static> {
        match self.service.family() {
            Family::Ac => ac_round(self.service, self.mode, 4000),
            Family::Wpt => wpt_round(4),
            _ => script::round(plain(self.service), self.mode, 10),
        }
    }

    pub fn parameters(&self) -> Request<'static> {
        match self.service.family() {
            Family::Ac => ac_parameters(self.service),
            Family::Wpt => wpt_parameters(11),
            _ => script::charge_parameters(plain(self.service)),
        }
    }

    /// Walks to a stage without a fault.
    #[track_caller]
    pub fn walk_to(&mut self, stage: Stage) {
        while self.secc.stage() != stage {
            self.step();
            self.drain();
        }
    }

    /// One exchange towards the end of the session.
    #[track_caller]
    pub fn step(&mut self) {
        let now = self.now;
        match self.secc.stage() {
            Stage::Negotiation => {
                let namespace = self.service.family().namespace();
                let entry =
                    AppProtocol { protocol_namespace: namespace.into(), ..script::protocol(1, 0, 5, 1) };
                self.ask(&script::offer(&[entry]));
            }
            Stage::SessionSetup => self.ok(&script::session_setup()),
            Stage::FinePositioningSetup => self.ok(&positioning_setup()),
            Stage::FinePositioning | Stage::Repositioning => {
                self.secc.positioning(now, Positioning::Done);
                self.ok(&positioning(WptEvResult::EvResultSuccess));
            }
            Stage::Pairing => {
                self.secc.pairing(now, Positioning::Done, Some(17));
                self.ok(&pairing(WptEvResult::EvResultSuccess));
            }
            Stage::AlignmentCheck => {
                self.secc.alignment(now, Positioning::Done);
                self.ok(&alignment(WptEvResult::EvResultSuccess));
            }
            Stage::VehiclePositioning => {
                self.secc.vehicle_position(now, VehiclePosition { reached: true, ..Default::default() });
                self.ok(&vehicle_positioning());
            }
            Stage::AuthorizationSetup => self.ok(&script::authorization_setup()),
            Stage::Authorization => {
                self.secc.authorize(now, AuthorizationDecision::Accepted);
                self.ok(&script::authorization());
            }
            Stage::ServiceDiscovery => self.ok(&script::discovery()),
            Stage::ServiceDetail => self.ok(&script::detail(self.service.number())),
            Stage::ServiceSelection => self.ok(&script::selection(self.service.number(), self.set)),
            Stage::ChargeParameters => self.ok(&self.parameters()),
            Stage::ScheduleExchange => self.ok(&script::schedule_exchange(self.mode)),
            Stage::Connect => {
                self.secc.device(now, device(MechanicalChargingDeviceStatus::EndPosition));
                self.ok(&connect());
            }
            Stage::CableCheck => {
                self.secc.isolation(now, Isolation::Valid);
                self.ok(&script::cable_check());
            }
            Stage::PreCharge => {
                self.measure(400, 0);
                self.ok(&script::pre_charge(400, Processing::Finished));
            }
            Stage::PowerDelivery => {
                self.secc.contactor(now, Contactor::Closed);
                self.ok(&script::start(self.mode, 5));
            }
            Stage::ChargeLoop | Stage::Standby => {
                self.measure_ac(0);
                self.ok(&script::power(ChargeProgress::Stop));
                self.secc.contactor(now, Contactor::Open);
            }
            Stage::WeldingDetection => self.ok(&script::welding()),
            Stage::Disconnect => {
                self.secc.device(now, device(MechanicalChargingDeviceStatus::Home));
                self.ok(&disconnect());
            }
            other => panic!("no way on from {other}"),
        }
    }
}

fn plain(service: Service) -> Service {
    match service.direction() {
        Direction::ChargeOnly => Service::Dc,
        Direction::Bidirectional => Service::DcBpt,
    }
}

/// The session has ended for this reason, and everything was switched off.
#[track_caller]
pub fn ended(s: &mut Station<'_>, cause: Cause) {
    s.drain();
    assert_eq!(s.secc.end().map(|end| end.cause), Some(cause));
    assert!(s.saw(|e| *e == SeccEvent::PowerOff) > 0);
}

pub fn ac_limits(kilowatts: i16) -> AcLimits {
    let most = Phases::Total(Watts::new(kilowatts, 3));
    AcLimits {
        max_charge: most,
        min_charge: Phases::Total(Watts::new(100, 0)),
        discharge: Some((most, Phases::Total(Watts::ZERO))),
    }
}

pub fn pad() -> WptPad {
    WptPad {
        max_power: Watts::new(11, 3),
        min_power: Watts::new(100, 0),
        max_clearance: 250,
        min_clearance: 100,
        max_current: Amperes::new(50, 0),
        ..WptPad::default()
    }
}

/// 11 kW into, 7 kW out of the vehicle.
pub fn ac_parameters(service: Service) -> Request<'static> {
    let energy_transfer_mode = match service.direction() {
        Direction::ChargeOnly => AcCpdReqMode::Ac(AcCpdReqEnergyTransferMode {
            ev_maximum_charge_power: Watts::new(11, 3),
            ..Default::default()
        }),
        Direction::Bidirectional => AcCpdReqMode::BptAc(BptAcCpdReqEnergyTransferMode {
            ev_maximum_charge_power: Watts::new(11, 3),
            ev_maximum_discharge_power: Watts::new(-7, 3),
            ..Default::default()
        }),
    };
    Request::AcChargeParameterDiscoveryReq(AcChargeParameterDiscoveryReq {
        header: header(),
        energy_transfer_mode,
    })
}

/// A round in which the vehicle draws so many watts.
pub fn ac_round(service: Service, mode: ControlMode, watts: i16) -> Request<'static> {
    let wide = Watts::new(50, 3);
    let present = Watts::new(watts, 0);
    let control_mode = match (service.direction(), mode) {
        (Direction::ChargeOnly, ControlMode::Dynamic) => {
            ClReqControlMode::Dynamic(DynamicAcClReqControlMode {
                ev_maximum_charge_power: wide,
                ev_present_active_power: present,
                ..Default::default()
            })
        }
        (Direction::Bidirectional, ControlMode::Dynamic) => {
            ClReqControlMode::BptDynamic(BptDynamicAcClReqControlMode {
                ev_maximum_charge_power: wide,
                ev_maximum_discharge_power: wide,
                ev_present_active_power: present,
                ..Default::default()
            })
        }
        (Direction::ChargeOnly, ControlMode::Scheduled) => {
            ClReqControlMode::Scheduled(ScheduledAcClReqControlMode {
                ev_present_active_power: present,
                ..Default::default()
            })
        }
        (Direction::Bidirectional, ControlMode::Scheduled) => {
            ClReqControlMode::BptScheduled(BptScheduledAcClReqControlMode {
                ev_present_active_power: present,
                ..Default::default()
            })
        }
    };
    Request::AcChargeLoopReq(AcChargeLoopReq { header: header(), control_mode, ..Default::default() })
}

pub fn positioning_setup() -> Request<'static> {
    Request::WptFinePositioningSetupReq(WptFinePositioningSetupReq {
        header: header(),
        ev_device_fine_positioning_method_list: List::new(WptFinePositioningMethod::ALL),
        ev_device_pairing_method_list: List::new(WptPairingMethod::ALL),
        ev_device_alignment_check_method_list: List::new(WptAlignmentCheckMethod::ALL),
        ..Default::default()
    })
}

pub fn positioning(ev_result_code: WptEvResult) -> Request<'static> {
    Request::WptFinePositioningReq(WptFinePositioningReq {
        header: header(),
        ev_result_code,
        ..Default::default()
    })
}

pub fn pairing(ev_result_code: WptEvResult) -> Request<'static> {
    Request::WptPairingReq(WptPairingReq { header: header(), ev_result_code, ..Default::default() })
}

pub fn alignment(ev_result_code: WptEvResult) -> Request<'static> {
    Request::WptAlignmentCheckReq(WptAlignmentCheckReq {
        header: header(),
        ev_result_code,
        ..Default::default()
    })
}

pub fn wpt_parameters(kilowatts: i16) -> Request<'static> {
    Request::WptChargeParameterDiscoveryReq(WptChargeParameterDiscoveryReq {
        header: header(),
        evpc_max_receivable_power: Watts::new(kilowatts, 3),
        sd_max_ground_clearence: 200,
        sd_min_ground_clearence: 150,
        evpc_natural_frequency: Frequency::new(85, 3),
        ..Default::default()
    })
}

pub fn wpt_round(kilowatts: i16) -> Request<'static> {
    Request::WptChargeLoopReq(WptChargeLoopReq {
        header: header(),
        evpc_power_request: Watts::new(kilowatts, 3),
        evpc_power_output: Watts::new(kilowatts, 3),
        ..Default::default()
    })
}

pub fn vehicle_positioning() -> Request<'static> {
    Request::AcdpVehiclePositioningReq(AcdpVehiclePositioningReq {
        header: header(),
        ev_mobility_status: false,
        ev_positioning_support: true,
    })
}

pub fn connect() -> Request<'static> {
    Request::AcdpConnectReq(AcdpConnectReq { header: header(), ..Default::default() })
}

pub fn disconnect() -> Request<'static> {
    Request::AcdpDisconnectReq(AcdpConnectReq { header: header(), ..Default::default() })
}

pub fn system_status() -> Request<'static> {
    Request::AcdpSystemStatusReq(AcdpSystemStatusReq { header: header(), ..Default::default() })
}

pub fn device(mechanical: MechanicalChargingDeviceStatus) -> Device {
    Device { mechanical, electrical: ElectricalChargingDeviceStatus::StateB }
}

/// Selects with value-added services.
pub fn selection_with(service: Service, set: u16, extras: &[SelectedService]) -> Request<'_> {
    Request::ServiceSelectionReq(ServiceSelectionReq {
        header: header(),
        selected_energy_transfer_service: SelectedService {
            service_id: service.number(),
            parameter_set_id: set,
        },
        selected_vas_list: (!extras.is_empty()).then(|| List::new(extras)),
    })
}

/// A signature that nobody checks here.
pub fn signature() -> Signature<'static> {
    use exi_codec::iso20::xmldsig::{
        CanonicalizationMethod, DigestMethod, Reference, SignatureMethod, SignedInfo,
    };
    static REFERENCES: [Reference<'static>; 1] = [Reference {
        id: None,
        r#type: None,
        uri: None,
        transforms: None,
        digest_method: DigestMethod { algorithm: exi_codec::Str::new("d") },
        digest_value: Bytes::new(&[1; 64]),
    }];
    Signature {
        id: None,
        signed_info: SignedInfo {
            id: None,
            canonicalization_method: CanonicalizationMethod { algorithm: "c".into() },
            signature_method: SignatureMethod { algorithm: "s".into(), hmac_output_length: None },
            reference: List::new(&REFERENCES),
            ..SignedInfo::default()
        },
        signature_value: SignatureValue { id: None, value: Bytes::new(&[2; 132]) },
        key_info: None,
        object: None,
    }
}

pub fn signed<'a>(signature: &'a Signature<'a>) -> MessageHeader<'a> {
    MessageHeader { signature: Some(Lazy::new(signature)), ..header() }
}
