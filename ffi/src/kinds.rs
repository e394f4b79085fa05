//! Numbers for messages, stages and the other lists that C switches over. A number that was released stays.

use iso15118_20::message::MessageKind as K;
use iso15118_20::secc::SeccTimer;
use iso15118_20::sequence::{Stage, Stream};

use crate::text::v2g_str;

/// A message, stage, stream or timer that is newer than this list.
pub const V2G_KIND_OTHER: u16 = 0xFFFF;
/// Message `supportedAppProtocolReq`.
pub const V2G_MSG_SUPPORTED_APP_PROTOCOL_REQ: u16 = 1;
/// Message `supportedAppProtocolRes`.
pub const V2G_MSG_SUPPORTED_APP_PROTOCOL_RES: u16 = 2;
/// Message `SessionSetupReq`.
pub const V2G_MSG_SESSION_SETUP_REQ: u16 = 3;
/// Message `SessionSetupRes`.
pub const V2G_MSG_SESSION_SETUP_RES: u16 = 4;
/// Message `AuthorizationSetupReq`.
pub const V2G_MSG_AUTHORIZATION_SETUP_REQ: u16 = 5;
/// Message `AuthorizationSetupRes`.
pub const V2G_MSG_AUTHORIZATION_SETUP_RES: u16 = 6;
/// Message `AuthorizationReq`.
pub const V2G_MSG_AUTHORIZATION_REQ: u16 = 7;
/// Message `AuthorizationRes`.
pub const V2G_MSG_AUTHORIZATION_RES: u16 = 8;
/// Message `CertificateInstallationReq`.
pub const V2G_MSG_CERTIFICATE_INSTALLATION_REQ: u16 = 9;
/// Message `CertificateInstallationRes`.
pub const V2G_MSG_CERTIFICATE_INSTALLATION_RES: u16 = 10;
/// Message `ServiceDiscoveryReq`.
pub const V2G_MSG_SERVICE_DISCOVERY_REQ: u16 = 11;
/// Message `ServiceDiscoveryRes`.
pub const V2G_MSG_SERVICE_DISCOVERY_RES: u16 = 12;
/// Message `ServiceDetailReq`.
pub const V2G_MSG_SERVICE_DETAIL_REQ: u16 = 13;
/// Message `ServiceDetailRes`.
pub const V2G_MSG_SERVICE_DETAIL_RES: u16 = 14;
/// Message `ServiceSelectionReq`.
pub const V2G_MSG_SERVICE_SELECTION_REQ: u16 = 15;
/// Message `ServiceSelectionRes`.
pub const V2G_MSG_SERVICE_SELECTION_RES: u16 = 16;
/// Message `ScheduleExchangeReq`.
pub const V2G_MSG_SCHEDULE_EXCHANGE_REQ: u16 = 17;
/// Message `ScheduleExchangeRes`.
pub const V2G_MSG_SCHEDULE_EXCHANGE_RES: u16 = 18;
/// Message `PowerDeliveryReq`.
pub const V2G_MSG_POWER_DELIVERY_REQ: u16 = 19;
/// Message `PowerDeliveryRes`.
pub const V2G_MSG_POWER_DELIVERY_RES: u16 = 20;
/// Message `SessionStopReq`.
pub const V2G_MSG_SESSION_STOP_REQ: u16 = 21;
/// Message `SessionStopRes`.
pub const V2G_MSG_SESSION_STOP_RES: u16 = 22;
/// Message `MeteringConfirmationReq`.
pub const V2G_MSG_METERING_CONFIRMATION_REQ: u16 = 23;
/// Message `MeteringConfirmationRes`.
pub const V2G_MSG_METERING_CONFIRMATION_RES: u16 = 24;
/// Message `VehicleCheckInReq`.
pub const V2G_MSG_VEHICLE_CHECK_IN_REQ: u16 = 25;
/// Message `VehicleCheckInRes`.
pub const V2G_MSG_VEHICLE_CHECK_IN_RES: u16 = 26;
/// Message `VehicleCheckOutReq`.
pub const V2G_MSG_VEHICLE_CHECK_OUT_REQ: u16 = 27;
/// Message `VehicleCheckOutRes`.
pub const V2G_MSG_VEHICLE_CHECK_OUT_RES: u16 = 28;
/// Message `AC_ChargeParameterDiscoveryReq`.
pub const V2G_MSG_AC_CHARGE_PARAMETER_DISCOVERY_REQ: u16 = 29;
/// Message `AC_ChargeParameterDiscoveryRes`.
pub const V2G_MSG_AC_CHARGE_PARAMETER_DISCOVERY_RES: u16 = 30;
/// Message `AC_ChargeLoopReq`.
pub const V2G_MSG_AC_CHARGE_LOOP_REQ: u16 = 31;
/// Message `AC_ChargeLoopRes`.
pub const V2G_MSG_AC_CHARGE_LOOP_RES: u16 = 32;
/// Message `DC_ChargeParameterDiscoveryReq`.
pub const V2G_MSG_DC_CHARGE_PARAMETER_DISCOVERY_REQ: u16 = 33;
/// Message `DC_ChargeParameterDiscoveryRes`.
pub const V2G_MSG_DC_CHARGE_PARAMETER_DISCOVERY_RES: u16 = 34;
/// Message `DC_CableCheckReq`.
pub const V2G_MSG_DC_CABLE_CHECK_REQ: u16 = 35;
/// Message `DC_CableCheckRes`.
pub const V2G_MSG_DC_CABLE_CHECK_RES: u16 = 36;
/// Message `DC_PreChargeReq`.
pub const V2G_MSG_DC_PRE_CHARGE_REQ: u16 = 37;
/// Message `DC_PreChargeRes`.
pub const V2G_MSG_DC_PRE_CHARGE_RES: u16 = 38;
/// Message `DC_ChargeLoopReq`.
pub const V2G_MSG_DC_CHARGE_LOOP_REQ: u16 = 39;
/// Message `DC_ChargeLoopRes`.
pub const V2G_MSG_DC_CHARGE_LOOP_RES: u16 = 40;
/// Message `DC_WeldingDetectionReq`.
pub const V2G_MSG_DC_WELDING_DETECTION_REQ: u16 = 41;
/// Message `DC_WeldingDetectionRes`.
pub const V2G_MSG_DC_WELDING_DETECTION_RES: u16 = 42;
/// Message `WPT_FinePositioningSetupReq`.
pub const V2G_MSG_WPT_FINE_POSITIONING_SETUP_REQ: u16 = 43;
/// Message `WPT_FinePositioningSetupRes`.
pub const V2G_MSG_WPT_FINE_POSITIONING_SETUP_RES: u16 = 44;
/// Message `WPT_FinePositioningReq`.
pub const V2G_MSG_WPT_FINE_POSITIONING_REQ: u16 = 45;
/// Message `WPT_FinePositioningRes`.
pub const V2G_MSG_WPT_FINE_POSITIONING_RES: u16 = 46;
/// Message `WPT_PairingReq`.
pub const V2G_MSG_WPT_PAIRING_REQ: u16 = 47;
/// Message `WPT_PairingRes`.
pub const V2G_MSG_WPT_PAIRING_RES: u16 = 48;
/// Message `WPT_ChargeParameterDiscoveryReq`.
pub const V2G_MSG_WPT_CHARGE_PARAMETER_DISCOVERY_REQ: u16 = 49;
/// Message `WPT_ChargeParameterDiscoveryRes`.
pub const V2G_MSG_WPT_CHARGE_PARAMETER_DISCOVERY_RES: u16 = 50;
/// Message `WPT_AlignmentCheckReq`.
pub const V2G_MSG_WPT_ALIGNMENT_CHECK_REQ: u16 = 51;
/// Message `WPT_AlignmentCheckRes`.
pub const V2G_MSG_WPT_ALIGNMENT_CHECK_RES: u16 = 52;
/// Message `WPT_ChargeLoopReq`.
pub const V2G_MSG_WPT_CHARGE_LOOP_REQ: u16 = 53;
/// Message `WPT_ChargeLoopRes`.
pub const V2G_MSG_WPT_CHARGE_LOOP_RES: u16 = 54;
/// Message `ACDP_VehiclePositioningReq`.
pub const V2G_MSG_ACDP_VEHICLE_POSITIONING_REQ: u16 = 55;
/// Message `ACDP_VehiclePositioningRes`.
pub const V2G_MSG_ACDP_VEHICLE_POSITIONING_RES: u16 = 56;
/// Message `ACDP_ConnectReq`.
pub const V2G_MSG_ACDP_CONNECT_REQ: u16 = 57;
/// Message `ACDP_ConnectRes`.
pub const V2G_MSG_ACDP_CONNECT_RES: u16 = 58;
/// Message `ACDP_DisconnectReq`.
pub const V2G_MSG_ACDP_DISCONNECT_REQ: u16 = 59;
/// Message `ACDP_DisconnectRes`.
pub const V2G_MSG_ACDP_DISCONNECT_RES: u16 = 60;
/// Message `ACDP_SystemStatusReq`.
pub const V2G_MSG_ACDP_SYSTEM_STATUS_REQ: u16 = 61;
/// Message `ACDP_SystemStatusRes`.
pub const V2G_MSG_ACDP_SYSTEM_STATUS_RES: u16 = 62;

/// The number of a message.
pub(crate) const fn message(kind: K) -> u16 {
    match kind {
        K::SupportedAppProtocolReq => V2G_MSG_SUPPORTED_APP_PROTOCOL_REQ,
        K::SupportedAppProtocolRes => V2G_MSG_SUPPORTED_APP_PROTOCOL_RES,
        K::SessionSetupReq => V2G_MSG_SESSION_SETUP_REQ,
        K::SessionSetupRes => V2G_MSG_SESSION_SETUP_RES,
        K::AuthorizationSetupReq => V2G_MSG_AUTHORIZATION_SETUP_REQ,
        K::AuthorizationSetupRes => V2G_MSG_AUTHORIZATION_SETUP_RES,
        K::AuthorizationReq => V2G_MSG_AUTHORIZATION_REQ,
        K::AuthorizationRes => V2G_MSG_AUTHORIZATION_RES,
        K::CertificateInstallationReq => V2G_MSG_CERTIFICATE_INSTALLATION_REQ,
        K::CertificateInstallationRes => V2G_MSG_CERTIFICATE_INSTALLATION_RES,
        K::ServiceDiscoveryReq => V2G_MSG_SERVICE_DISCOVERY_REQ,
        K::ServiceDiscoveryRes => V2G_MSG_SERVICE_DISCOVERY_RES,
        K::ServiceDetailReq => V2G_MSG_SERVICE_DETAIL_REQ,
        K::ServiceDetailRes => V2G_MSG_SERVICE_DETAIL_RES,
        K::ServiceSelectionReq => V2G_MSG_SERVICE_SELECTION_REQ,
        K::ServiceSelectionRes => V2G_MSG_SERVICE_SELECTION_RES,
        K::ScheduleExchangeReq => V2G_MSG_SCHEDULE_EXCHANGE_REQ,
        K::ScheduleExchangeRes => V2G_MSG_SCHEDULE_EXCHANGE_RES,
        K::PowerDeliveryReq => V2G_MSG_POWER_DELIVERY_REQ,
        K::PowerDeliveryRes => V2G_MSG_POWER_DELIVERY_RES,
        K::SessionStopReq => V2G_MSG_SESSION_STOP_REQ,
        K::SessionStopRes => V2G_MSG_SESSION_STOP_RES,
        K::MeteringConfirmationReq => V2G_MSG_METERING_CONFIRMATION_REQ,
        K::MeteringConfirmationRes => V2G_MSG_METERING_CONFIRMATION_RES,
        K::VehicleCheckInReq => V2G_MSG_VEHICLE_CHECK_IN_REQ,
        K::VehicleCheckInRes => V2G_MSG_VEHICLE_CHECK_IN_RES,
        K::VehicleCheckOutReq => V2G_MSG_VEHICLE_CHECK_OUT_REQ,
        K::VehicleCheckOutRes => V2G_MSG_VEHICLE_CHECK_OUT_RES,
        K::AcChargeParameterDiscoveryReq => V2G_MSG_AC_CHARGE_PARAMETER_DISCOVERY_REQ,
        K::AcChargeParameterDiscoveryRes => V2G_MSG_AC_CHARGE_PARAMETER_DISCOVERY_RES,
        K::AcChargeLoopReq => V2G_MSG_AC_CHARGE_LOOP_REQ,
        K::AcChargeLoopRes => V2G_MSG_AC_CHARGE_LOOP_RES,
        K::DcChargeParameterDiscoveryReq => V2G_MSG_DC_CHARGE_PARAMETER_DISCOVERY_REQ,
        K::DcChargeParameterDiscoveryRes => V2G_MSG_DC_CHARGE_PARAMETER_DISCOVERY_RES,
        K::DcCableCheckReq => V2G_MSG_DC_CABLE_CHECK_REQ,
        K::DcCableCheckRes => V2G_MSG_DC_CABLE_CHECK_RES,
        K::DcPreChargeReq => V2G_MSG_DC_PRE_CHARGE_REQ,
        K::DcPreChargeRes => V2G_MSG_DC_PRE_CHARGE_RES,
        K::DcChargeLoopReq => V2G_MSG_DC_CHARGE_LOOP_REQ,
        K::DcChargeLoopRes => V2G_MSG_DC_CHARGE_LOOP_RES,
        K::DcWeldingDetectionReq => V2G_MSG_DC_WELDING_DETECTION_REQ,
        K::DcWeldingDetectionRes => V2G_MSG_DC_WELDING_DETECTION_RES,
        K::WptFinePositioningSetupReq => V2G_MSG_WPT_FINE_POSITIONING_SETUP_REQ,
        K::WptFinePositioningSetupRes => V2G_MSG_WPT_FINE_POSITIONING_SETUP_RES,
        K::WptFinePositioningReq => V2G_MSG_WPT_FINE_POSITIONING_REQ,
        K::WptFinePositioningRes => V2G_MSG_WPT_FINE_POSITIONING_RES,
        K::WptPairingReq => V2G_MSG_WPT_PAIRING_REQ,
        K::WptPairingRes => V2G_MSG_WPT_PAIRING_RES,
        K::WptChargeParameterDiscoveryReq => V2G_MSG_WPT_CHARGE_PARAMETER_DISCOVERY_REQ,
        K::WptChargeParameterDiscoveryRes => V2G_MSG_WPT_CHARGE_PARAMETER_DISCOVERY_RES,
        K::WptAlignmentCheckReq => V2G_MSG_WPT_ALIGNMENT_CHECK_REQ,
        K::WptAlignmentCheckRes => V2G_MSG_WPT_ALIGNMENT_CHECK_RES,
        K::WptChargeLoopReq => V2G_MSG_WPT_CHARGE_LOOP_REQ,
        K::WptChargeLoopRes => V2G_MSG_WPT_CHARGE_LOOP_RES,
        K::AcdpVehiclePositioningReq => V2G_MSG_ACDP_VEHICLE_POSITIONING_REQ,
        K::AcdpVehiclePositioningRes => V2G_MSG_ACDP_VEHICLE_POSITIONING_RES,
        K::AcdpConnectReq => V2G_MSG_ACDP_CONNECT_REQ,
        K::AcdpConnectRes => V2G_MSG_ACDP_CONNECT_RES,
        K::AcdpDisconnectReq => V2G_MSG_ACDP_DISCONNECT_REQ,
        K::AcdpDisconnectRes => V2G_MSG_ACDP_DISCONNECT_RES,
        K::AcdpSystemStatusReq => V2G_MSG_ACDP_SYSTEM_STATUS_REQ,
        K::AcdpSystemStatusRes => V2G_MSG_ACDP_SYSTEM_STATUS_RES,
        #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
        _ => V2G_KIND_OTHER,
    }
}

/// Stage: the connection is new; the offer of protocols comes first.
pub const V2G_STAGE_NEGOTIATION: u16 = 1;
/// Stage: a protocol is agreed on.
pub const V2G_STAGE_SESSION_SETUP: u16 = 2;
/// Stage: there is a wireless session; the ways to find the coil are to be agreed on.
pub const V2G_STAGE_FINE_POSITIONING_SETUP: u16 = 3;
/// Stage: the vehicle moves over the coil.
pub const V2G_STAGE_FINE_POSITIONING: u16 = 4;
/// Stage: the vehicle stands; charger and vehicle make sure that they mean each other.
pub const V2G_STAGE_PAIRING: u16 = 5;
/// Stage: there is a session with an automated connection device; the vehicle moves under it.
pub const V2G_STAGE_VEHICLE_POSITIONING: u16 = 6;
/// Stage: there is a session.
pub const V2G_STAGE_AUTHORIZATION_SETUP: u16 = 7;
/// Stage: the ways to authorize are known.
pub const V2G_STAGE_AUTHORIZATION: u16 = 8;
/// Stage: authorized.
pub const V2G_STAGE_SERVICE_DISCOVERY: u16 = 9;
/// Stage: the services are known, their parameters are not.
pub const V2G_STAGE_SERVICE_DETAIL: u16 = 10;
/// Stage: the parameters of at least one service are known.
pub const V2G_STAGE_SERVICE_SELECTION: u16 = 11;
/// Stage: a service is selected.
pub const V2G_STAGE_CHARGE_PARAMETERS: u16 = 12;
/// Stage: the limits of a wireless pair are known; the coils are to be checked.
pub const V2G_STAGE_ALIGNMENT_CHECK: u16 = 13;
/// Stage: the coils had moved apart after the vehicle was authorized.
pub const V2G_STAGE_REPOSITIONING: u16 = 14;
/// Stage: the limits of both sides are known.
pub const V2G_STAGE_SCHEDULE_EXCHANGE: u16 = 15;
/// Stage: the schedule is settled; the automated connection device moves to the vehicle.
pub const V2G_STAGE_CONNECT: u16 = 16;
/// Stage: the schedule is settled; DC is to be tested for isolation.
pub const V2G_STAGE_CABLE_CHECK: u16 = 17;
/// Stage: isolated; the voltages are to be matched.
pub const V2G_STAGE_PRE_CHARGE: u16 = 18;
/// Stage: ready for power.
pub const V2G_STAGE_POWER_DELIVERY: u16 = 19;
/// Stage: power may flow.
pub const V2G_STAGE_CHARGE_LOOP: u16 = 20;
/// Stage: the loop goes on without power.
pub const V2G_STAGE_STANDBY: u16 = 21;
/// Stage: power has stopped; the contactors are to be checked.
pub const V2G_STAGE_WELDING_DETECTION: u16 = 22;
/// Stage: power has stopped; the automated connection device moves away.
pub const V2G_STAGE_DISCONNECT: u16 = 23;
/// Stage: nothing is left to do but stop.
pub const V2G_STAGE_SESSION_STOP: u16 = 24;
/// Stage: on a side stream: nothing is under way.
pub const V2G_STAGE_QUIET: u16 = 25;
/// Stage: on the side stream of schedule renegotiation: the limits are known.
pub const V2G_STAGE_RENEGOTIATION_SCHEDULE: u16 = 26;
/// Stage: on the side stream of schedule renegotiation: the new schedule is known.
pub const V2G_STAGE_RENEGOTIATION_DELIVERY: u16 = 27;
/// Stage: on the side stream of parking: the vehicle is checking in.
pub const V2G_STAGE_CHECKING_IN: u16 = 28;
/// Stage: on the side stream of parking: the vehicle is checking out.
pub const V2G_STAGE_CHECKING_OUT: u16 = 29;
/// Stage: the session is over, for good or ill.
pub const V2G_STAGE_ENDED: u16 = 30;

/// The number of a stage.
pub(crate) const fn stage(stage: Stage) -> u16 {
    match stage {
        Stage::Negotiation => V2G_STAGE_NEGOTIATION,
        Stage::SessionSetup => V2G_STAGE_SESSION_SETUP,
        Stage::FinePositioningSetup => V2G_STAGE_FINE_POSITIONING_SETUP,
        Stage::FinePositioning => V2G_STAGE_FINE_POSITIONING,
        Stage::Pairing => V2G_STAGE_PAIRING,
        Stage::VehiclePositioning => V2G_STAGE_VEHICLE_POSITIONING,
        Stage::AuthorizationSetup => V2G_STAGE_AUTHORIZATION_SETUP,
        Stage::Authorization => V2G_STAGE_AUTHORIZATION,
        Stage::ServiceDiscovery => V2G_STAGE_SERVICE_DISCOVERY,
        Stage::ServiceDetail => V2G_STAGE_SERVICE_DETAIL,
        Stage::ServiceSelection => V2G_STAGE_SERVICE_SELECTION,
        Stage::ChargeParameters => V2G_STAGE_CHARGE_PARAMETERS,
        Stage::AlignmentCheck => V2G_STAGE_ALIGNMENT_CHECK,
        Stage::Repositioning => V2G_STAGE_REPOSITIONING,
        Stage::ScheduleExchange => V2G_STAGE_SCHEDULE_EXCHANGE,
        Stage::Connect => V2G_STAGE_CONNECT,
        Stage::CableCheck => V2G_STAGE_CABLE_CHECK,
        Stage::PreCharge => V2G_STAGE_PRE_CHARGE,
        Stage::PowerDelivery => V2G_STAGE_POWER_DELIVERY,
        Stage::ChargeLoop => V2G_STAGE_CHARGE_LOOP,
        Stage::Standby => V2G_STAGE_STANDBY,
        Stage::WeldingDetection => V2G_STAGE_WELDING_DETECTION,
        Stage::Disconnect => V2G_STAGE_DISCONNECT,
        Stage::SessionStop => V2G_STAGE_SESSION_STOP,
        Stage::Quiet => V2G_STAGE_QUIET,
        Stage::RenegotiationSchedule => V2G_STAGE_RENEGOTIATION_SCHEDULE,
        Stage::RenegotiationDelivery => V2G_STAGE_RENEGOTIATION_DELIVERY,
        Stage::CheckingIn => V2G_STAGE_CHECKING_IN,
        Stage::CheckingOut => V2G_STAGE_CHECKING_OUT,
        Stage::Ended => V2G_STAGE_ENDED,
        #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
        _ => V2G_KIND_OTHER,
    }
}

/// Stream: the session itself.
pub const V2G_STREAM_MAIN: u16 = 1;
/// Stream: a new schedule while the charge loop goes on (0x8101).
pub const V2G_STREAM_SCHEDULE_RENEGOTIATION: u16 = 2;
/// Stream: the vehicle confirms meter readings (0x8102).
pub const V2G_STREAM_METERING_CONFIRMATION: u16 = 3;
/// Stream: state of an automated connection device and its vehicle (0x8103).
pub const V2G_STREAM_ACDP_SYSTEM_STATUS: u16 = 4;
/// Stream: check-in and check-out of a parking vehicle (0x8104).
pub const V2G_STREAM_PARKING: u16 = 5;

/// The number of a stream.
pub(crate) const fn stream(stream: Stream) -> u16 {
    match stream {
        Stream::Main => V2G_STREAM_MAIN,
        Stream::ScheduleRenegotiation => V2G_STREAM_SCHEDULE_RENEGOTIATION,
        Stream::MeteringConfirmation => V2G_STREAM_METERING_CONFIRMATION,
        Stream::AcdpSystemStatus => V2G_STREAM_ACDP_SYSTEM_STATUS,
        Stream::Parking => V2G_STREAM_PARKING,
        #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
        _ => V2G_KIND_OTHER,
    }
}

/// Timer of the charger: connection to session.
pub const V2G_SECC_TIMER_SETUP: u16 = 1;
/// Timer of the charger: response to the next request.
pub const V2G_SECC_TIMER_SEQUENCE: u16 = 2;
/// Timer of the charger: wait for the word on external authorization.
pub const V2G_SECC_TIMER_AUTHORIZATION: u16 = 3;
/// Timer of the charger: wait for the word on a contract.
pub const V2G_SECC_TIMER_CONTRACT: u16 = 4;
/// Timer of the charger: wait for contract certificates, over all repetitions of the request.
pub const V2G_SECC_TIMER_INSTALLATION: u16 = 5;
/// Timer of the charger: wait for schedules, over all repetitions of the request.
pub const V2G_SECC_TIMER_SCHEDULE: u16 = 6;
/// Timer of the charger: wait of one request for what the host may supply.
pub const V2G_SECC_TIMER_RESPOND: u16 = 7;
/// Timer of the charger: the same on the side stream of schedule renegotiation.
pub const V2G_SECC_TIMER_SIDE_RESPOND: u16 = 8;
/// Timer of the charger: isolation test.
pub const V2G_SECC_TIMER_ISOLATION: u16 = 9;
/// Timer of the charger: pre-charge.
pub const V2G_SECC_TIMER_PRE_CHARGE: u16 = 10;
/// Timer of the charger: contactors, or current that has to fall.
pub const V2G_SECC_TIMER_ACTUATION: u16 = 11;
/// Timer of the charger: positioning, pairing, alignment, or a move of the connection device.
pub const V2G_SECC_TIMER_POSITIONING: u16 = 12;
/// Timer of the charger: next step of a power ramp.
pub const V2G_SECC_TIMER_RAMP: u16 = 13;
/// Timer of the charger: the vehicle was told to terminate.
pub const V2G_SECC_TIMER_TERMINATE: u16 = 14;
/// Timer of the charger: the vehicle was invited to pause.
pub const V2G_SECC_TIMER_PAUSE: u16 = 15;
/// Timer of the charger: the vehicle was told to leave standby.
pub const V2G_SECC_TIMER_EXIT_STANDBY: u16 = 16;
/// Timer of the charger: the vehicle was told to renegotiate the service.
pub const V2G_SECC_TIMER_SERVICE_RENEGOTIATION: u16 = 17;
/// Timer of the charger: the vehicle was told to renegotiate the schedule.
pub const V2G_SECC_TIMER_SCHEDULE_RENEGOTIATION: u16 = 18;
/// Timer of the charger: the vehicle was told to confirm its meter readings.
pub const V2G_SECC_TIMER_METERING_CONFIRMATION: u16 = 19;
/// Timer of the charger: response to the next request on the side stream of schedule renegotiation.
pub const V2G_SECC_TIMER_RENEGOTIATION: u16 = 20;
/// Timer of the charger: wait for the word on a signature over meter readings.
pub const V2G_SECC_TIMER_METERING: u16 = 21;
/// Timer of the charger: last response to the end of the connection.
pub const V2G_SECC_TIMER_LINGER: u16 = 22;
/// Timer of the charger: set-point to the power of the vehicle (`AckMaxDelay`).
pub const V2G_SECC_TIMER_ACKNOWLEDGE: u16 = 23;
/// Timer of the charger: state C or D of the control pilot after a start.
pub const V2G_SECC_TIMER_PILOT: u16 = 24;

/// The number of a timer of the charger.
pub(crate) const fn secc_timer(timer: SeccTimer) -> u16 {
    match timer {
        SeccTimer::Setup => V2G_SECC_TIMER_SETUP,
        SeccTimer::Sequence => V2G_SECC_TIMER_SEQUENCE,
        SeccTimer::Authorization => V2G_SECC_TIMER_AUTHORIZATION,
        SeccTimer::Contract => V2G_SECC_TIMER_CONTRACT,
        SeccTimer::Installation => V2G_SECC_TIMER_INSTALLATION,
        SeccTimer::Schedule => V2G_SECC_TIMER_SCHEDULE,
        SeccTimer::Respond => V2G_SECC_TIMER_RESPOND,
        SeccTimer::SideRespond => V2G_SECC_TIMER_SIDE_RESPOND,
        SeccTimer::Isolation => V2G_SECC_TIMER_ISOLATION,
        SeccTimer::PreCharge => V2G_SECC_TIMER_PRE_CHARGE,
        SeccTimer::Actuation => V2G_SECC_TIMER_ACTUATION,
        SeccTimer::Positioning => V2G_SECC_TIMER_POSITIONING,
        SeccTimer::Ramp => V2G_SECC_TIMER_RAMP,
        SeccTimer::Terminate => V2G_SECC_TIMER_TERMINATE,
        SeccTimer::Pause => V2G_SECC_TIMER_PAUSE,
        SeccTimer::ExitStandby => V2G_SECC_TIMER_EXIT_STANDBY,
        SeccTimer::ServiceRenegotiation => V2G_SECC_TIMER_SERVICE_RENEGOTIATION,
        SeccTimer::ScheduleRenegotiation => V2G_SECC_TIMER_SCHEDULE_RENEGOTIATION,
        SeccTimer::MeteringConfirmation => V2G_SECC_TIMER_METERING_CONFIRMATION,
        SeccTimer::Renegotiation => V2G_SECC_TIMER_RENEGOTIATION,
        SeccTimer::Metering => V2G_SECC_TIMER_METERING,
        SeccTimer::Linger => V2G_SECC_TIMER_LINGER,
        SeccTimer::Acknowledge => V2G_SECC_TIMER_ACKNOWLEDGE,
        SeccTimer::Pilot => V2G_SECC_TIMER_PILOT,
        #[allow(unreachable_patterns, reason = "engines may be newer than this list")]
        _ => V2G_KIND_OTHER,
    }
}

/// Name of a message (`V2G_MSG_*`) as the schema has it, such as "DC_ChargeLoopReq"; empty if there is none. It lives for
/// ever.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_message_name(kind: u16) -> v2g_str {
    v2g_str::new(
        K::ALL
            .iter()
            .find(|known| message(**known) == kind && kind != V2G_KIND_OTHER)
            .map_or("", |known| known.name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_names_are_found() {
        let mut numbers: std::vec::Vec<u16> = K::ALL.iter().map(|kind| message(*kind)).collect();
        numbers.dedup();
        assert_eq!(numbers, (1..=K::ALL.len() as u16).collect::<std::vec::Vec<_>>());
        let stages: std::vec::Vec<u16> = Stage::ALL.iter().map(|known| stage(*known)).collect();
        assert_eq!(stages, (1..=Stage::ALL.len() as u16).collect::<std::vec::Vec<_>>());
        // SAFETY: texts of ours.
        let name = |kind| unsafe { v2g_message_name(kind).get() };
        assert_eq!(name(V2G_MSG_DC_CHARGE_LOOP_REQ), Ok("DC_ChargeLoopReq"));
        assert_eq!(name(0), Ok(""));
    }
}
