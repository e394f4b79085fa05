//! Responses that say no: the right type, schema-valid, and without anything that could be used.

use exi_codec::iso20::common_messages::{
    Authorization, AuthorizationSetupRes, CertificateChain, CertificateInstallationRes,
    ContractCertificateChain, EncryptedPrivateKey, Parameter, ParameterSet, ParameterValue, Service,
    ServiceDetailRes, ServiceDiscoveryRes, SignedInstallationData,
};
use exi_codec::iso20::common_types::{MessageHeader, ResponseCode};
#[cfg(feature = "wpt")]
use exi_codec::iso20::wpt::{
    WptAlignmentCheckMethod, WptFinePositioningMethod, WptFinePositioningSetupRes, WptPairingMethod,
};
use exi_codec::{Bytes, List, Str, app_protocol};

use super::{MessageKind, Response};

/// A certificate that is none: one octet, which no parser takes for DER.
const NO_CERTIFICATE: Bytes<'static> = Bytes::new(&[0]);
const NO_SUB_CERTIFICATES: &[Bytes<'static>] = &[NO_CERTIFICATE];
const NO_PARAMETERS: &[Parameter<'static>] =
    &[Parameter { name: Str::new(""), value: ParameterValue::BoolValue(false) }];
const NO_PARAMETER_SETS: &[ParameterSet<'static>] =
    &[ParameterSet { parameter_set_id: 0, parameter: List::new(NO_PARAMETERS) }];
const NO_SERVICES: &[Service] = &[Service { service_id: 0, free_service: false }];

/// The response of the type that answers `request` (a response stands for its request), with `code` and values
/// that mean nothing: zero limits, no challenge, no certificate, processing finished [V2G20-736].
///
/// Every refusal encodes. A refused offer of protocols is `Failed_NoNegotiation` whatever `code` says.
pub fn refusal(request: MessageKind, header: MessageHeader<'_>, code: ResponseCode) -> Response<'_> {
    use MessageKind as K;

    macro_rules! inert {
        ($($(#[$gate:meta])? $kind:ident => $res:ident),* ; $($special:tt)*) => {
            match request.request() {
                $($(#[$gate])? K::$kind => {
                    let mut message: super::view::responses::$res = Default::default();
                    message.header = header;
                    message.response_code = code;
                    Response::$res(message)
                })*
                $($special)*
            }
        };
    }

    inert! {
        SessionSetupReq => SessionSetupRes,
        AuthorizationReq => AuthorizationRes,
        ServiceSelectionReq => ServiceSelectionRes,
        ScheduleExchangeReq => ScheduleExchangeRes,
        PowerDeliveryReq => PowerDeliveryRes,
        SessionStopReq => SessionStopRes,
        MeteringConfirmationReq => MeteringConfirmationRes,
        VehicleCheckInReq => VehicleCheckInRes,
        VehicleCheckOutReq => VehicleCheckOutRes,
        #[cfg(feature = "ac")]
        AcChargeParameterDiscoveryReq => AcChargeParameterDiscoveryRes,
        #[cfg(feature = "ac")]
        AcChargeLoopReq => AcChargeLoopRes,
        #[cfg(feature = "dc")]
        DcChargeParameterDiscoveryReq => DcChargeParameterDiscoveryRes,
        #[cfg(feature = "dc")]
        DcCableCheckReq => DcCableCheckRes,
        #[cfg(feature = "dc")]
        DcPreChargeReq => DcPreChargeRes,
        #[cfg(feature = "dc")]
        DcChargeLoopReq => DcChargeLoopRes,
        #[cfg(feature = "dc")]
        DcWeldingDetectionReq => DcWeldingDetectionRes,
        #[cfg(feature = "wpt")]
        WptFinePositioningReq => WptFinePositioningRes,
        #[cfg(feature = "wpt")]
        WptPairingReq => WptPairingRes,
        #[cfg(feature = "wpt")]
        WptChargeParameterDiscoveryReq => WptChargeParameterDiscoveryRes,
        #[cfg(feature = "wpt")]
        WptAlignmentCheckReq => WptAlignmentCheckRes,
        #[cfg(feature = "wpt")]
        WptChargeLoopReq => WptChargeLoopRes,
        #[cfg(feature = "acdp")]
        AcdpVehiclePositioningReq => AcdpVehiclePositioningRes,
        #[cfg(feature = "acdp")]
        AcdpConnectReq => AcdpConnectRes,
        #[cfg(feature = "acdp")]
        AcdpDisconnectReq => AcdpDisconnectRes,
        #[cfg(feature = "acdp")]
        AcdpSystemStatusReq => AcdpSystemStatusRes;
        K::AuthorizationSetupReq => Response::AuthorizationSetupRes(AuthorizationSetupRes {
            header,
            response_code: code,
            authorization_services: List::new(&[Authorization::Eim]),
            ..Default::default()
        }),
        K::CertificateInstallationReq => Response::CertificateInstallationRes(no_certificate(header, code)),
        K::ServiceDiscoveryReq => Response::ServiceDiscoveryRes(ServiceDiscoveryRes {
            header,
            response_code: code,
            energy_transfer_service_list: List::new(NO_SERVICES),
            ..Default::default()
        }),
        K::ServiceDetailReq => Response::ServiceDetailRes(ServiceDetailRes {
            header,
            response_code: code,
            service_parameter_list: List::new(NO_PARAMETER_SETS),
            ..Default::default()
        }),
        #[cfg(feature = "wpt")]
        K::WptFinePositioningSetupReq => Response::WptFinePositioningSetupRes(WptFinePositioningSetupRes {
            header,
            response_code: code,
            primary_device_fine_positioning_method_list: List::new(WptFinePositioningMethod::ALL.split_at(1).0),
            primary_device_pairing_method_list: List::new(WptPairingMethod::ALL.split_at(1).0),
            primary_device_alignment_check_method_list: List::new(WptAlignmentCheckMethod::ALL.split_at(1).0),
            ..Default::default()
        }),
        _ => Response::SupportedAppProtocolRes(app_protocol::SupportedAppProtocolRes {
            response_code: app_protocol::ResponseCode::FailedNoNegotiation,
            schema_id: None,
        }),
    }
}

fn no_certificate(header: MessageHeader<'_>, code: ResponseCode) -> CertificateInstallationRes<'_> {
    CertificateInstallationRes {
        header,
        response_code: code,
        cp_s_certificate_chain: CertificateChain { certificate: NO_CERTIFICATE, sub_certificates: None },
        signed_installation_data: SignedInstallationData {
            id: Str::new("none"),
            contract_certificate_chain: ContractCertificateChain {
                certificate: NO_CERTIFICATE,
                sub_certificates: List::new(NO_SUB_CERTIFICATES),
            },
            dh_public_key: Bytes::new(&[0; 133]),
            encrypted_private_key: EncryptedPrivateKey::SeCp521(Bytes::new(&[0; 94])),
            ..Default::default()
        },
        ..Default::default()
    }
}
