//! Payload types: what a frame carries, and which grammar and stream that implies.

use core::fmt;

/// First of the codes that manufacturers may use freely; they reach up to 0xFFFF.
const FIRST_MANUFACTURER: u16 = 0xA000;

/// Payload type of a frame (ISO 15118-20, with the types of Amendment 1).
///
/// Every 16-bit code has exactly one representation: convert with `From<u16>` and back with `u16::from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadType {
    /// 0x8001: supportedAppProtocol, and every EXI message of DIN SPEC 70121 and ISO 15118-2.
    SapOrLegacy,
    /// 0x8002: messages of the CommonMessages schema.
    Common,
    /// 0x8003: AC charge parameters and AC charge loop.
    Ac,
    /// 0x8004: DC messages, also in MCS sessions and in the energy phase of ACDP.
    Dc,
    /// 0x8005: ACDP positioning, connecting and disconnecting.
    Acdp,
    /// 0x8006: wireless power transfer.
    Wpt,
    /// 0x8010: AC with the IEC grid-code functions of Amendment 1.
    AcDerIec,
    /// 0x8011: AC with the SAE grid-code functions of Amendment 1.
    AcDerSae,
    /// 0x8101: schedule renegotiation, beside the main stream.
    ScheduleRenegotiation,
    /// 0x8102: metering confirmation, beside the main stream.
    MeteringConfirmation,
    /// 0x8103: ACDP system status, beside the main stream.
    AcdpSystemStatus,
    /// 0x8104: vehicle check-in and check-out, beside the main stream.
    Parking,
    /// 0x9000: SDP request.
    SdpRequest,
    /// 0x9001: SDP response.
    SdpResponse,
    /// 0x9002: SDP request over a wireless link.
    SdpWirelessRequest,
    /// 0x9003: SDP response over a wireless link.
    SdpWirelessResponse,
    /// 0x9004: SDP request that names mobility service providers.
    SdpEmspRequest,
    /// 0x9005: SDP response to [`PayloadType::SdpEmspRequest`].
    SdpEmspResponse,
    /// 0xA000 to 0xFFFF: meaning agreed outside the standard.
    Manufacturer(ManufacturerCode),
    /// Every other code: no meaning yet, to be skipped.
    Reserved(ReservedCode),
}

/// Code of a manufacturer-specific payload type, 0xA000 to 0xFFFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ManufacturerCode(u16);

impl ManufacturerCode {
    /// `None` outside 0xA000 to 0xFFFF.
    pub const fn new(code: u16) -> Option<Self> {
        if code >= FIRST_MANUFACTURER { Some(Self(code)) } else { None }
    }

    /// The code on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Code of a payload type without meaning; comes out of `PayloadType::from` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReservedCode(u16);

impl ReservedCode {
    /// The code on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The schema set whose EXI grammar reads a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaSet {
    /// supportedAppProtocol; once that has selected an older protocol, the grammar of that protocol.
    AppProtocol,
    /// CommonMessages.
    CommonMessages,
    /// AC.
    Ac,
    /// DC.
    Dc,
    /// ACDP.
    Acdp,
    /// WPT.
    Wpt,
    /// AC DER IEC, Amendment 1.
    AcDerIec,
    /// AC DER SAE, Amendment 1.
    AcDerSae,
    /// CommonMessages or the set of the selected energy service: the root element has to tell.
    Mixed,
}

/// The streams that share one connection; each is strictly request, then response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The message sequence of the session.
    Main,
    /// Runs beside the main stream with timers of its own; each payload type 0x8101 to 0x8104 is one.
    Side,
}

impl PayloadType {
    /// The grammar of the payload, or `None` where it is not EXI (SDP) or not known.
    pub const fn schema_set(self) -> Option<SchemaSet> {
        Some(match self {
            Self::SapOrLegacy => SchemaSet::AppProtocol,
            Self::Common | Self::MeteringConfirmation | Self::Parking => SchemaSet::CommonMessages,
            Self::Ac => SchemaSet::Ac,
            Self::Dc => SchemaSet::Dc,
            Self::Acdp | Self::AcdpSystemStatus => SchemaSet::Acdp,
            Self::Wpt => SchemaSet::Wpt,
            Self::AcDerIec => SchemaSet::AcDerIec,
            Self::AcDerSae => SchemaSet::AcDerSae,
            Self::ScheduleRenegotiation => SchemaSet::Mixed,
            Self::SdpRequest
            | Self::SdpResponse
            | Self::SdpWirelessRequest
            | Self::SdpWirelessResponse
            | Self::SdpEmspRequest
            | Self::SdpEmspResponse
            | Self::Manufacturer(_)
            | Self::Reserved(_) => return None,
        })
    }

    /// The stream that the payload belongs to, or `None` where it travels over UDP (SDP) or is not known.
    pub const fn stream(self) -> Option<Stream> {
        match self {
            Self::ScheduleRenegotiation
            | Self::MeteringConfirmation
            | Self::AcdpSystemStatus
            | Self::Parking => Some(Stream::Side),
            _ if self.schema_set().is_some() => Some(Stream::Main),
            _ => None,
        }
    }
}

impl From<u16> for PayloadType {
    fn from(code: u16) -> Self {
        match code {
            0x8001 => Self::SapOrLegacy,
            0x8002 => Self::Common,
            0x8003 => Self::Ac,
            0x8004 => Self::Dc,
            0x8005 => Self::Acdp,
            0x8006 => Self::Wpt,
            0x8010 => Self::AcDerIec,
            0x8011 => Self::AcDerSae,
            0x8101 => Self::ScheduleRenegotiation,
            0x8102 => Self::MeteringConfirmation,
            0x8103 => Self::AcdpSystemStatus,
            0x8104 => Self::Parking,
            0x9000 => Self::SdpRequest,
            0x9001 => Self::SdpResponse,
            0x9002 => Self::SdpWirelessRequest,
            0x9003 => Self::SdpWirelessResponse,
            0x9004 => Self::SdpEmspRequest,
            0x9005 => Self::SdpEmspResponse,
            FIRST_MANUFACTURER.. => Self::Manufacturer(ManufacturerCode(code)),
            _ => Self::Reserved(ReservedCode(code)),
        }
    }
}

impl From<PayloadType> for u16 {
    fn from(payload_type: PayloadType) -> Self {
        match payload_type {
            PayloadType::SapOrLegacy => 0x8001,
            PayloadType::Common => 0x8002,
            PayloadType::Ac => 0x8003,
            PayloadType::Dc => 0x8004,
            PayloadType::Acdp => 0x8005,
            PayloadType::Wpt => 0x8006,
            PayloadType::AcDerIec => 0x8010,
            PayloadType::AcDerSae => 0x8011,
            PayloadType::ScheduleRenegotiation => 0x8101,
            PayloadType::MeteringConfirmation => 0x8102,
            PayloadType::AcdpSystemStatus => 0x8103,
            PayloadType::Parking => 0x8104,
            PayloadType::SdpRequest => 0x9000,
            PayloadType::SdpResponse => 0x9001,
            PayloadType::SdpWirelessRequest => 0x9002,
            PayloadType::SdpWirelessResponse => 0x9003,
            PayloadType::SdpEmspRequest => 0x9004,
            PayloadType::SdpEmspResponse => 0x9005,
            PayloadType::Manufacturer(code) => code.get(),
            PayloadType::Reserved(code) => code.get(),
        }
    }
}

/// The code in hexadecimal, as logs and captures show it.
impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", u16::from(*self))
    }
}
