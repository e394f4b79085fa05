//! The messages by name, without their content.

use core::fmt;

use v2gtp::PayloadType;

macro_rules! kinds {
    ($($(#[$doc:meta])* $payload:ident { $($req:ident $res:ident $xml:literal,)* })*) => {
        /// Every message of ISO 15118-20, as a kind without content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum MessageKind {
            $($(
                #[doc = concat!("`", $xml, "Req`.")]
                $req,
                #[doc = concat!("`", $xml, "Res`.")]
                $res,
            )*)*
        }

        impl MessageKind {
            /// Every kind, each request right before its response.
            pub const ALL: &'static [Self] = &[$($(Self::$req, Self::$res,)*)*];

            /// Name of the XML element.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(
                        Self::$req => concat!($xml, "Req"),
                        Self::$res => concat!($xml, "Res"),
                    )*)*
                }
            }

            /// Whether the message goes from the vehicle to the charger.
            pub const fn is_request(self) -> bool {
                match self {
                    $($(Self::$req => true, Self::$res => false,)*)*
                }
            }

            /// The response to a request; a response is its own.
            #[must_use]
            pub const fn response(self) -> Self {
                match self {
                    $($(Self::$req | Self::$res => Self::$res,)*)*
                }
            }

            /// The request that a response answers; a request is its own.
            #[must_use]
            pub const fn request(self) -> Self {
                match self {
                    $($(Self::$req | Self::$res => Self::$req,)*)*
                }
            }

            /// Payload type under which the message travels on its usual stream.
            ///
            /// Schedule renegotiation sends some of these kinds on a side stream of its own.
            pub const fn payload_type(self) -> PayloadType {
                match self {
                    $($(Self::$req | Self::$res => PayloadType::$payload,)*)*
                }
            }
        }
    };
}

kinds! {
    SapOrLegacy {
        SupportedAppProtocolReq SupportedAppProtocolRes "supportedAppProtocol",
    }
    Common {
        SessionSetupReq SessionSetupRes "SessionSetup",
        AuthorizationSetupReq AuthorizationSetupRes "AuthorizationSetup",
        AuthorizationReq AuthorizationRes "Authorization",
        CertificateInstallationReq CertificateInstallationRes "CertificateInstallation",
        ServiceDiscoveryReq ServiceDiscoveryRes "ServiceDiscovery",
        ServiceDetailReq ServiceDetailRes "ServiceDetail",
        ServiceSelectionReq ServiceSelectionRes "ServiceSelection",
        ScheduleExchangeReq ScheduleExchangeRes "ScheduleExchange",
        PowerDeliveryReq PowerDeliveryRes "PowerDelivery",
        SessionStopReq SessionStopRes "SessionStop",
    }
    MeteringConfirmation {
        MeteringConfirmationReq MeteringConfirmationRes "MeteringConfirmation",
    }
    Parking {
        VehicleCheckInReq VehicleCheckInRes "VehicleCheckIn",
        VehicleCheckOutReq VehicleCheckOutRes "VehicleCheckOut",
    }
    Ac {
        AcChargeParameterDiscoveryReq AcChargeParameterDiscoveryRes "AC_ChargeParameterDiscovery",
        AcChargeLoopReq AcChargeLoopRes "AC_ChargeLoop",
    }
    Dc {
        DcChargeParameterDiscoveryReq DcChargeParameterDiscoveryRes "DC_ChargeParameterDiscovery",
        DcCableCheckReq DcCableCheckRes "DC_CableCheck",
        DcPreChargeReq DcPreChargeRes "DC_PreCharge",
        DcChargeLoopReq DcChargeLoopRes "DC_ChargeLoop",
        DcWeldingDetectionReq DcWeldingDetectionRes "DC_WeldingDetection",
    }
    Wpt {
        WptFinePositioningSetupReq WptFinePositioningSetupRes "WPT_FinePositioningSetup",
        WptFinePositioningReq WptFinePositioningRes "WPT_FinePositioning",
        WptPairingReq WptPairingRes "WPT_Pairing",
        WptChargeParameterDiscoveryReq WptChargeParameterDiscoveryRes "WPT_ChargeParameterDiscovery",
        WptAlignmentCheckReq WptAlignmentCheckRes "WPT_AlignmentCheck",
        WptChargeLoopReq WptChargeLoopRes "WPT_ChargeLoop",
    }
    Acdp {
        AcdpVehiclePositioningReq AcdpVehiclePositioningRes "ACDP_VehiclePositioning",
        AcdpConnectReq AcdpConnectRes "ACDP_Connect",
        AcdpDisconnectReq AcdpDisconnectRes "ACDP_Disconnect",
    }
    AcdpSystemStatus {
        AcdpSystemStatusReq AcdpSystemStatusRes "ACDP_SystemStatus",
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
