//! The vehicle's two ways to search: over a wired link and over a wireless one.

use super::{
    Coupling, DiagStatus, FixedId, PositioningDevices, Rejection, SdpMessage, SdpRequest, SdpResponse,
    Security, Transport, WirelessRequest,
};

/// Which pair of messages a [`crate::Discovery`] speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// 0x9000 and 0x9001: the cable leads to one charger only.
    #[default]
    Wired,
    /// 0x9002 and 0x9003: many chargers may hear the request, so the vehicle also says who and how it is.
    Wireless(WirelessVehicle),
}

/// What a vehicle tells of itself in a wireless search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirelessVehicle {
    /// Devices by which the vehicle can be found.
    pub devices: PositioningDevices,
    /// How the vehicle wants to be coupled.
    pub coupling: Coupling,
    /// Id of the vehicle; [`FixedId::UNKNOWN_EVID`] where it has none.
    pub evid: FixedId<20>,
    /// Id of the EVSE, as far as the vehicle knows it, else [`FixedId::EMPTY`].
    pub evse_id: FixedId<36>,
}

/// The EVSE that a wireless search ended at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirelessEvse {
    /// How the EVSE couples.
    pub coupling: Coupling,
    /// Its id, where the SECC knows it.
    pub id: Option<FixedId<36>>,
}

/// What an answer says, before the server in it is checked.
pub(super) enum Outcome {
    Server(SdpResponse, Option<WirelessEvse>),
    Ongoing,
    NoSecc,
}

impl Search {
    pub(super) fn request(self, security: Security) -> SdpMessage<'static> {
        let transport = Transport::Tcp;
        match self {
            Self::Wired => SdpMessage::Request(SdpRequest { security, transport }),
            Self::Wireless(WirelessVehicle { devices, coupling, evid, evse_id }) => {
                SdpMessage::WirelessRequest(WirelessRequest {
                    security,
                    transport,
                    devices,
                    coupling,
                    evid,
                    evse_id,
                })
            }
        }
    }

    pub(super) fn outcome(self, message: SdpMessage<'_>) -> Result<Outcome, Rejection> {
        let response = match (self, message) {
            (Self::Wired, SdpMessage::Response(server)) => return Ok(Outcome::Server(server, None)),
            (Self::Wireless(_), SdpMessage::WirelessResponse(response)) => response,
            (_, other) => return Err(Rejection::UnexpectedType(other.payload_type())),
        };
        let id = match response.status {
            DiagStatus::Ongoing => return Ok(Outcome::Ongoing),
            DiagStatus::NoSecc => return Ok(Outcome::NoSecc),
            DiagStatus::FinishedWithoutEvseId => None,
            DiagStatus::FinishedWithEvseId => match response.evse_id.text() {
                None | Some("") => return Err(Rejection::EvseId),
                Some(_) => Some(response.evse_id),
            },
        };
        Ok(Outcome::Server(response.server, Some(WirelessEvse { coupling: response.coupling, id })))
    }
}
