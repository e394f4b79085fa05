//! Requests and responses of all sets as one type each.

#[cfg(feature = "ac")]
use exi_codec::iso20::ac;
#[cfg(feature = "acdp")]
use exi_codec::iso20::acdp;
use exi_codec::iso20::common_messages;
use exi_codec::iso20::common_types::{MessageHeader, ResponseCode};
#[cfg(feature = "dc")]
use exi_codec::iso20::dc;
#[cfg(feature = "wpt")]
use exi_codec::iso20::wpt;
use exi_codec::{Error, app_protocol, encode};

use super::{AnyMessage, MessageKind};

/// By its own type, so that an engine links the encoders of what it sends; two messages of one type tell themselves
/// apart by the enumeration of their set.
macro_rules! payload {
    (acdp $kind:ident $message:ident $out:ident) => {
        encode(&acdp::Message::$kind($message), $out)
    };
    ($set:ident $kind:ident $message:ident $out:ident) => {
        encode(&$message, $out)
    };
}

macro_rules! views {
    ($(#[$gate:meta] $set:ident { $($req:ident($req_ty:ty) $res:ident($res_ty:ty),)* })*) => {
        /// A message from the vehicle to the charger.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Request<'a> {
            /// The offer of protocols that opens every connection.
            SupportedAppProtocolReq(app_protocol::SupportedAppProtocolReq<'a>),
            $($(#[$gate] #[doc = concat!("See [`MessageKind::", stringify!($req), "`].")] $req($req_ty),)*)*
        }

        /// A message from the charger to the vehicle.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Response<'a> {
            /// The choice of a protocol.
            SupportedAppProtocolRes(app_protocol::SupportedAppProtocolRes),
            $($(#[$gate] #[doc = concat!("See [`MessageKind::", stringify!($res), "`].")] $res($res_ty),)*)*
        }

        impl<'a> Request<'a> {
            /// Which message it is.
            pub const fn kind(&self) -> MessageKind {
                match self {
                    Self::SupportedAppProtocolReq(_) => MessageKind::SupportedAppProtocolReq,
                    $($(#[$gate] Self::$req(_) => MessageKind::$req,)*)*
                }
            }

            /// The header; the offer of protocols has none.
            pub const fn header(&self) -> Option<&MessageHeader<'a>> {
                match self {
                    Self::SupportedAppProtocolReq(_) => None,
                    $($(#[$gate] Self::$req(message) => Some(&message.header),)*)*
                }
            }

            pub(super) fn encode_payload(&self, out: &mut [u8]) -> Result<usize, Error> {
                match *self {
                    Self::SupportedAppProtocolReq(message) => encode(&message, out),
                    $($(#[$gate] Self::$req(message) => payload!($set $req message out),)*)*
                }
            }
        }

        impl<'a> Response<'a> {
            /// Which message it is.
            pub const fn kind(&self) -> MessageKind {
                match self {
                    Self::SupportedAppProtocolRes(_) => MessageKind::SupportedAppProtocolRes,
                    $($(#[$gate] Self::$res(_) => MessageKind::$res,)*)*
                }
            }

            /// The header; the choice of a protocol has none.
            pub const fn header(&self) -> Option<&MessageHeader<'a>> {
                match self {
                    Self::SupportedAppProtocolRes(_) => None,
                    $($(#[$gate] Self::$res(message) => Some(&message.header),)*)*
                }
            }

            /// The response code; the choice of a protocol has codes of its own.
            pub const fn code(&self) -> Option<ResponseCode> {
                match self {
                    Self::SupportedAppProtocolRes(_) => None,
                    $($(#[$gate] Self::$res(message) => Some(message.response_code),)*)*
                }
            }

            pub(super) fn encode_payload(&self, out: &mut [u8]) -> Result<usize, Error> {
                match *self {
                    Self::SupportedAppProtocolRes(message) => encode(&message, out),
                    $($(#[$gate] Self::$res(message) => payload!($set $res message out),)*)*
                }
            }
        }

        /// The types of the responses, by the names of their kinds.
        #[allow(dead_code, reason = "refusals with lists of at least one item are built field by field")]
        pub(super) mod responses {
            $(#[$gate] use super::$set;)*
            $($(#[$gate] pub(in crate::message) type $res<'a> = $res_ty;)*)*
        }

        $(#[$gate] impl<'a> From<$set::Message<'a>> for AnyMessage<'a> {
            fn from(message: $set::Message<'a>) -> Self {
                match message {
                    $(
                        $set::Message::$req(message) => Self::Request(Request::$req(message)),
                        $set::Message::$res(message) => Self::Response(Response::$res(message)),
                    )*
                }
            }
        })*
    };
}

views! {
    #[cfg(all())]
    common_messages {
        SessionSetupReq(common_messages::SessionSetupReq<'a>)
            SessionSetupRes(common_messages::SessionSetupRes<'a>),
        AuthorizationSetupReq(common_messages::AuthorizationSetupReq<'a>)
            AuthorizationSetupRes(common_messages::AuthorizationSetupRes<'a>),
        AuthorizationReq(common_messages::AuthorizationReq<'a>)
            AuthorizationRes(common_messages::AuthorizationRes<'a>),
        CertificateInstallationReq(common_messages::CertificateInstallationReq<'a>)
            CertificateInstallationRes(common_messages::CertificateInstallationRes<'a>),
        ServiceDiscoveryReq(common_messages::ServiceDiscoveryReq<'a>)
            ServiceDiscoveryRes(common_messages::ServiceDiscoveryRes<'a>),
        ServiceDetailReq(common_messages::ServiceDetailReq<'a>)
            ServiceDetailRes(common_messages::ServiceDetailRes<'a>),
        ServiceSelectionReq(common_messages::ServiceSelectionReq<'a>)
            ServiceSelectionRes(common_messages::ServiceSelectionRes<'a>),
        ScheduleExchangeReq(common_messages::ScheduleExchangeReq<'a>)
            ScheduleExchangeRes(common_messages::ScheduleExchangeRes<'a>),
        PowerDeliveryReq(common_messages::PowerDeliveryReq<'a>)
            PowerDeliveryRes(common_messages::PowerDeliveryRes<'a>),
        SessionStopReq(common_messages::SessionStopReq<'a>)
            SessionStopRes(common_messages::SessionStopRes<'a>),
        MeteringConfirmationReq(common_messages::MeteringConfirmationReq<'a>)
            MeteringConfirmationRes(common_messages::MeteringConfirmationRes<'a>),
        VehicleCheckInReq(common_messages::VehicleCheckInReq<'a>)
            VehicleCheckInRes(common_messages::VehicleCheckInRes<'a>),
        VehicleCheckOutReq(common_messages::VehicleCheckOutReq<'a>)
            VehicleCheckOutRes(common_messages::VehicleCheckOutRes<'a>),
    }
    #[cfg(feature = "ac")]
    ac {
        AcChargeParameterDiscoveryReq(ac::AcChargeParameterDiscoveryReq<'a>)
            AcChargeParameterDiscoveryRes(ac::AcChargeParameterDiscoveryRes<'a>),
        AcChargeLoopReq(ac::AcChargeLoopReq<'a>) AcChargeLoopRes(ac::AcChargeLoopRes<'a>),
    }
    #[cfg(feature = "dc")]
    dc {
        DcChargeParameterDiscoveryReq(dc::DcChargeParameterDiscoveryReq<'a>)
            DcChargeParameterDiscoveryRes(dc::DcChargeParameterDiscoveryRes<'a>),
        DcCableCheckReq(dc::DcCableCheckReq<'a>) DcCableCheckRes(dc::DcCableCheckRes<'a>),
        DcPreChargeReq(dc::DcPreChargeReq<'a>) DcPreChargeRes(dc::DcPreChargeRes<'a>),
        DcChargeLoopReq(dc::DcChargeLoopReq<'a>) DcChargeLoopRes(dc::DcChargeLoopRes<'a>),
        DcWeldingDetectionReq(dc::DcWeldingDetectionReq<'a>)
            DcWeldingDetectionRes(dc::DcWeldingDetectionRes<'a>),
    }
    #[cfg(feature = "wpt")]
    wpt {
        WptFinePositioningSetupReq(wpt::WptFinePositioningSetupReq<'a>)
            WptFinePositioningSetupRes(wpt::WptFinePositioningSetupRes<'a>),
        WptFinePositioningReq(wpt::WptFinePositioningReq<'a>)
            WptFinePositioningRes(wpt::WptFinePositioningRes<'a>),
        WptPairingReq(wpt::WptPairingReq<'a>) WptPairingRes(wpt::WptPairingRes<'a>),
        WptChargeParameterDiscoveryReq(wpt::WptChargeParameterDiscoveryReq<'a>)
            WptChargeParameterDiscoveryRes(wpt::WptChargeParameterDiscoveryRes<'a>),
        WptAlignmentCheckReq(wpt::WptAlignmentCheckReq<'a>)
            WptAlignmentCheckRes(wpt::WptAlignmentCheckRes<'a>),
        WptChargeLoopReq(wpt::WptChargeLoopReq<'a>) WptChargeLoopRes(wpt::WptChargeLoopRes<'a>),
    }
    #[cfg(feature = "acdp")]
    acdp {
        AcdpVehiclePositioningReq(acdp::AcdpVehiclePositioningReq<'a>)
            AcdpVehiclePositioningRes(acdp::AcdpVehiclePositioningRes<'a>),
        AcdpConnectReq(acdp::AcdpConnectReq<'a>) AcdpConnectRes(acdp::AcdpConnectRes<'a>),
        AcdpDisconnectReq(acdp::AcdpConnectReq<'a>) AcdpDisconnectRes(acdp::AcdpConnectRes<'a>),
        AcdpSystemStatusReq(acdp::AcdpSystemStatusReq<'a>) AcdpSystemStatusRes(acdp::AcdpSystemStatusRes<'a>),
    }
}

impl<'a> From<app_protocol::Message<'a>> for AnyMessage<'a> {
    fn from(message: app_protocol::Message<'a>) -> Self {
        match message {
            app_protocol::Message::SupportedAppProtocolReq(message) => {
                Self::Request(Request::SupportedAppProtocolReq(message))
            }
            app_protocol::Message::SupportedAppProtocolRes(message) => {
                Self::Response(Response::SupportedAppProtocolRes(message))
            }
        }
    }
}

impl AnyMessage<'_> {
    pub(super) const fn kind(&self) -> MessageKind {
        match self {
            Self::Request(request) => request.kind(),
            Self::Response(response) => response.kind(),
        }
    }
}
