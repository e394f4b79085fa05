//! The request and response of a wireless link (0x9002, 0x9003).

use super::{Coupling, DiagStatus, FixedId, PositioningDevices, SdpError, SdpResponse, Security, Transport};

/// Looks for the SECC of the EVSE where the vehicle stands (0x9002).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirelessRequest {
    /// Security that the vehicle asks for.
    pub security: Security,
    /// Transport that the vehicle asks for.
    pub transport: Transport,
    /// Devices by which the vehicle can be found.
    pub devices: PositioningDevices,
    /// How the vehicle wants to be coupled.
    pub coupling: Coupling,
    /// Id of the vehicle; [`FixedId::UNKNOWN_EVID`] where it has none.
    pub evid: FixedId<20>,
    /// Id of the EVSE, as far as the vehicle knows it.
    pub evse_id: FixedId<36>,
}

impl WirelessRequest {
    /// Payload length, bytes; other lengths are refused.
    pub const LEN: usize = 61;

    pub(super) fn parse(body: [u8; Self::LEN]) -> Result<Self, SdpError> {
        let [security, transport, d0, d1, coupling, ids @ ..] = body;
        let (mut evid, mut evse_id) = ([0; 20], [0; 36]);
        evid.copy_from_slice(&ids[..20]);
        evse_id.copy_from_slice(&ids[20..]);
        Ok(Self {
            security: security.try_into()?,
            transport: transport.try_into()?,
            devices: PositioningDevices::from_bits(u16::from_be_bytes([d0, d1])),
            coupling: coupling.try_into()?,
            evid: FixedId::from_bytes(evid),
            evse_id: FixedId::from_bytes(evse_id),
        })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut body = [0; Self::LEN];
        body[0] = self.security.code();
        body[1] = self.transport.code();
        body[2..4].copy_from_slice(&self.devices.bits().to_be_bytes());
        body[4] = self.coupling.code();
        body[5..25].copy_from_slice(self.evid.as_bytes());
        body[25..].copy_from_slice(self.evse_id.as_bytes());
        body
    }
}

/// Tells where an SECC serves and which EVSE the vehicle stands at (0x9003).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirelessResponse {
    /// What a wired response says.
    pub server: SdpResponse,
    /// How far the search for the EVSE is.
    pub status: DiagStatus,
    /// How the EVSE couples.
    pub coupling: Coupling,
    /// The EVSE, with [`DiagStatus::FinishedWithEvseId`].
    pub evse_id: FixedId<36>,
}

impl WirelessResponse {
    /// Payload length, bytes.
    pub const LEN: usize = 58;
    /// Payload length of senders that count two bytes of padding. It is accepted, never sent.
    pub const PADDED_LEN: usize = 60;

    pub(super) fn parse(body: [u8; Self::LEN]) -> Result<Self, SdpError> {
        let (mut server, mut evse_id) = ([0; SdpResponse::LEN], [0; 36]);
        server.copy_from_slice(&body[..20]);
        evse_id.copy_from_slice(&body[22..]);
        Ok(Self {
            server: SdpResponse::parse(server)?,
            status: body[20].try_into()?,
            coupling: body[21].try_into()?,
            evse_id: FixedId::from_bytes(evse_id),
        })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut body = [0; Self::LEN];
        body[..20].copy_from_slice(&self.server.to_bytes());
        body[20] = self.status.code();
        body[21] = self.coupling.code();
        body[22..].copy_from_slice(self.evse_id.as_bytes());
        body
    }
}
