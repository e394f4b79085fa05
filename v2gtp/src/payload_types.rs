//! A set of payload types, to say which of them a session uses.

use crate::PayloadType;

/// A set of payload types.
///
/// Manufacturer-specific types are in or out together. Reserved types are never in: nobody can use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes(u32);

impl PayloadTypes {
    /// No type at all.
    pub const NONE: Self = Self(0);

    /// Every type that carries EXI over TCP: supportedAppProtocol, all services, all side streams.
    pub const EXI: Self = Self::NONE
        .with(PayloadType::SapOrLegacy)
        .with(PayloadType::Common)
        .with(PayloadType::Ac)
        .with(PayloadType::Dc)
        .with(PayloadType::Acdp)
        .with(PayloadType::Wpt)
        .with(PayloadType::AcDerIec)
        .with(PayloadType::AcDerSae)
        .with(PayloadType::ScheduleRenegotiation)
        .with(PayloadType::MeteringConfirmation)
        .with(PayloadType::AcdpSystemStatus)
        .with(PayloadType::Parking);

    /// This set and `payload_type`; unchanged for a reserved type.
    #[must_use]
    pub const fn with(self, payload_type: PayloadType) -> Self {
        Self(self.0 | bit(payload_type))
    }

    /// This set without `payload_type`.
    #[must_use]
    pub const fn without(self, payload_type: PayloadType) -> Self {
        Self(self.0 & !bit(payload_type))
    }

    /// Whether `payload_type` is in.
    pub const fn contains(self, payload_type: PayloadType) -> bool {
        self.0 & bit(payload_type) != 0
    }
}

const fn bit(payload_type: PayloadType) -> u32 {
    let index = match payload_type {
        PayloadType::SapOrLegacy => 0,
        PayloadType::Common => 1,
        PayloadType::Ac => 2,
        PayloadType::Dc => 3,
        PayloadType::Acdp => 4,
        PayloadType::Wpt => 5,
        PayloadType::AcDerIec => 6,
        PayloadType::AcDerSae => 7,
        PayloadType::ScheduleRenegotiation => 8,
        PayloadType::MeteringConfirmation => 9,
        PayloadType::AcdpSystemStatus => 10,
        PayloadType::Parking => 11,
        PayloadType::SdpRequest => 12,
        PayloadType::SdpResponse => 13,
        PayloadType::SdpWirelessRequest => 14,
        PayloadType::SdpWirelessResponse => 15,
        PayloadType::SdpEmspRequest => 16,
        PayloadType::SdpEmspResponse => 17,
        PayloadType::Manufacturer(_) => 18,
        PayloadType::Reserved(_) => return 0,
    };
    1 << index
}
