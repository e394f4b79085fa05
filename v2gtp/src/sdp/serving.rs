//! The charger's two ways to answer: over a wired link and over a wireless one.

use super::{
    Coupling, DiagStatus, FixedId, Ignored, SdpMessage, SdpResponse, Security, Transport, WirelessResponse,
};

/// Which pair of messages a [`crate::Responder`] speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serving {
    /// 0x9000 and 0x9001.
    #[default]
    Wired,
    /// 0x9002 and 0x9003, with the way in which the EVSE couples.
    Wireless(Coupling),
}

/// What an SECC knows of the place where a wirelessly connected vehicle stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Diagnosis {
    /// Nothing yet: the vehicle is told to go on asking.
    #[default]
    Ongoing,
    /// At this EVSE. An empty id says no more than [`Self::UnnamedEvse`].
    Evse(FixedId<36>),
    /// At an EVSE of this SECC whose id is not known or not told.
    UnnamedEvse,
    /// At none: no SECC serves this vehicle.
    NoSecc,
}

impl Diagnosis {
    fn fields(self) -> (DiagStatus, FixedId<36>) {
        match self {
            Self::Ongoing => (DiagStatus::Ongoing, FixedId::EMPTY),
            Self::Evse(id) if id != FixedId::EMPTY => (DiagStatus::FinishedWithEvseId, id),
            Self::Evse(_) | Self::UnnamedEvse => (DiagStatus::FinishedWithoutEvseId, FixedId::EMPTY),
            Self::NoSecc => (DiagStatus::NoSecc, FixedId::EMPTY),
        }
    }
}

impl Serving {
    /// Security and transport that a request of the served kind asks for.
    pub(super) fn wanted(self, message: SdpMessage<'_>) -> Result<(Security, Transport), Ignored> {
        match (self, message) {
            (Self::Wired, SdpMessage::Request(request)) => Ok((request.security, request.transport)),
            (Self::Wireless(_), SdpMessage::WirelessRequest(request)) => {
                Ok((request.security, request.transport))
            }
            (_, other) => Err(Ignored::UnexpectedType(other.payload_type())),
        }
    }

    pub(super) fn response(self, server: SdpResponse, diagnosis: Diagnosis) -> SdpMessage<'static> {
        match self {
            Self::Wired => SdpMessage::Response(server),
            Self::Wireless(coupling) => {
                let (status, evse_id) = diagnosis.fields();
                SdpMessage::WirelessResponse(WirelessResponse { server, status, coupling, evse_id })
            }
        }
    }
}
